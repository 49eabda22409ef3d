"""Ranks whose processes are killed or stopped: the others end, and say so."""

import os
import pickle
import random
import signal
import threading
import time
from unittest.mock import Mock, patch

import pytest
from helpers import small
from rank_processes import IS_GONE, error_of, share

from sklearn_w2v import _group
from sklearn_w2v._skipgram import training


def fit_until_killed(rank, n_ranks, culprit, place):
    from sklearn_w2v._skipgram.merging import Merger  # noqa: PLC0415, in the child

    vectorizer = small(epochs=50)
    if rank == culprit:
        # A merge calls all_to_all twice.
        name, n_calls = place
        kill_in(Merger if name == "merge_due" else _group.Group, name, n_calls)
    error = error_of(lambda: vectorizer.fit(share(rank, n_ranks)))
    return error, hasattr(vectorizer, "vocabulary_")


def kill_in(kind, name, n_calls):
    """Let the n-th call of a method end the process."""
    method, calls = getattr(kind, name), []

    def call(*args):
        calls.append(None)
        if len(calls) == n_calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*args)

    setattr(kind, name, call)


def assert_named(results, culprit):
    """Check that the other ranks name the one that was killed, and are unchanged."""
    assert results.pop(culprit) is None
    for error, is_changed in results:
        assert str(error).endswith(f" ended: rank {culprit} {IS_GONE}") or (
            culprit == 0 and f": rank 0 {IS_GONE}" in str(error)
        )
        assert not is_changed


@pytest.mark.parametrize("culprit", [0, 1, 2])
@pytest.mark.parametrize(
    "place",
    [("merge_due", 10), ("all_to_all", 9), ("all_to_all", 10), ("all_to_all", 1)],
)
def test_a_rank_that_is_killed_is_named_by_the_others(on_new_ranks, culprit, place):
    assert_named(on_new_ranks.run(3, fit_until_killed, 3, culprit, place), culprit)


def fit_until_killed_some_time(rank, culprit, seconds):
    """Fit twice, the second time in vain: a process ends while all of them train."""
    vectorizer = small().fit(share(rank, 3))
    before = pickle.dumps(vectorizer)
    kill = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    train = training.Trainer.train

    def train_until_killed(trainer):
        if rank == culprit:
            kill.start()
        return train(trainer)

    with patch.object(training.Trainer, "train", train_until_killed):
        vectorizer.set_params(epochs=10**6)
        error = error_of(lambda: vectorizer.fit(share(rank, 3)))
    vectorizer.set_params(epochs=2)
    return error, pickle.dumps(vectorizer) != before


@pytest.mark.gate
@pytest.mark.parametrize("culprit", [0, 1, 2])
@pytest.mark.parametrize("number", range(20))
def test_a_rank_that_is_killed_at_any_moment_is_named(on_new_ranks, culprit, number):
    seconds = random.Random(number).uniform(0, 0.5)
    results = on_new_ranks.run(3, fit_until_killed_some_time, culprit, seconds)
    assert_named(results, culprit)


def fit_until_stopped(rank, n_ranks):
    """Fit; rank 1 stops for some time, which is longer than the timeout."""
    train = training.Trainer.train

    def train_late(trainer):
        if rank == 1:
            time.sleep(6)
        return train(trainer)

    with patch.object(training.Trainer, "train", train_late):
        return error_of(lambda: small(epochs=50).fit(share(rank, n_ranks)))


def test_a_rank_that_is_late_in_training_is_not_taken_for_one_that_is_gone(
    on_new_ranks,
):
    errors = on_new_ranks.run(3, fit_until_stopped, 3, timeout=3)
    for rank in (0, 2):
        assert str(errors[rank]).startswith(
            f"The fit has ended on rank {rank}: another rank is too late (if it is"
        )


def fit_after_another_group(rank):
    """Fit in a group whose store knows of a lost rank, with a slow rank."""
    group = _group.Group()
    group.store.set(group.lost, "")
    train = training.Trainer.train

    def train_slowly(trainer):
        time.sleep(2.5 * rank)
        return train(trainer)

    with patch.object(training.Trainer, "train", train_slowly):
        return list(small().fit(share(rank)).vocabulary_)


def test_a_rank_that_was_lost_in_another_group_is_not_lost_in_this_one(on_ranks):
    one, other = on_ranks.run(2, fit_after_another_group)
    assert one == other
    assert "cat" in one


def wait_for_a_stopped_store(rank):
    group = _group.Group()
    group.store = Mock(check=lambda _: time.sleep(30))
    begin = time.monotonic()
    assert not group._has_another_rank_lost_one()
    assert not group._has_another_rank_lost_one()  # one thread is asking already
    return time.monotonic() - begin


def test_a_store_that_does_not_answer_is_not_waited_for(on_ranks):
    for seconds in on_ranks.run(2, wait_for_a_stopped_store):
        assert seconds < 10
