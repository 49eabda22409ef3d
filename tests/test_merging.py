"""When ranks merge, and that they end with one model.

Ranks are threads here; in `test_group.py` they are processes.
"""

import time
from concurrent.futures import Future
from contextlib import contextmanager
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from helpers import needs_compiled, plan_of
from hypothesis import given
from hypothesis import strategies as st
from thread_ranks import on_threads

from sklearn_w2v._ranks import ONE_RANK, OneRank, RankFailedError
from sklearn_w2v._skipgram import merging
from sklearn_w2v._skipgram.library import empty_vectors
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.threads import ONE_THREAD

kinds = pytest.mark.parametrize(
    "implementation", ["torch", pytest.param("compiled", marks=needs_compiled)]
)


def merger_of(ranks, *, n_words=9, size=4, seed=0, implementation="torch", **schedule):
    """A merger of a random model; a merge is due after each step but the first."""
    defaults = {
        "epochs": 1,
        "n_steps": 4,
        "n_merges": 1000,
        "fewest_rows": 4096,
        "waiting_epochs": 0.0,
    }
    plan = plan_of(
        [[0, 0]],
        n_words=n_words,
        vector_size=size,
        implementation=implementation,
        **(defaults | schedule),
    )
    generator = torch.Generator().manual_seed(seed)
    vectors = empty_vectors(n_words, size)
    vectors.copy_(torch.randn(2, n_words, size, generator=generator))
    return Merger(SkipGram(vectors, solver="adagrad"), plan, ranks, ONE_THREAD)


def step(merger, *, seed):
    """Change the model as a step does."""
    generator = torch.Generator().manual_seed(seed)
    model = merger.model
    model.vectors += 0.1 * torch.randn(model.vectors.shape, generator=generator)
    growths = torch.rand(model.vectors.shape[:2], generator=generator)
    model.solver_state["sum_of_squares"] += growths


def state_of(merger):
    squares = merger.model.solver_state["sum_of_squares"]
    return merger.model.vectors.numpy().copy(), squares.numpy().copy()


def assert_same(states):
    first, *others = states
    for other in others:
        for one, two in zip(first, other, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.fixture
def begun(monkeypatch):
    """The numbers of rows of all merges that begin, none of which is made."""
    n_rows = []
    monkeypatch.setattr(
        Merger, "_begin", lambda m: n_rows.append(m.next_n_rows.popleft())
    )
    return n_rows


# --- when merges are due


def test_frequent_rows_are_merged_more_often(begun):
    merger = merger_of(ONE_RANK, n_words=11, n_steps=10, epochs=2, fewest_rows=2)
    with merger.epoch(0):
        for epochs_read in (0.3, 0.4, 0.7, 0.7):
            merger.merge_due(epochs_read)
        assert begun == [2, 4, 2]
    assert begun == [2, 4, 2, 8, 2, 11]
    with merger.epoch(1):
        merger.merge_due(1.3)
    assert begun[6:] == [4, 2, 11, 2, 4, 11]


@pytest.mark.parametrize(
    ("n_ranks", "expected"), [(2, [4, 6, 4, 10]), (3, [3, 6, 3, 10])]
)
def test_merges_have_as_many_rows_for_each_rank(begun, n_ranks, expected):
    # Otherwise a row of a larger merge would be among those of a smaller one.
    ranks = Mock(world_size=n_ranks, rank=0)
    merger = merger_of(ranks, n_words=10, fewest_rows=3)
    with merger.epoch(0):
        merger.merge_due(0.75)
    assert begun[:3] == expected[:3]
    assert begun[-1] == expected[-1]


def test_an_epoch_without_merges_ends_with_one(begun):
    merger = merger_of(ONE_RANK, n_merges=0)
    with merger.epoch(0):
        merger.merge_due(0.5)
    assert begun == [9]


@given(
    st.lists(st.integers(0, 20), max_size=9),
    st.integers(0, 60),
    st.integers(1, 100),
)
def test_steps_are_cut_where_merges_are_due(chunk_lengths, n_merges, n_more):
    n_steps = sum(chunk_lengths)
    # By step, how much of the epoch is read when it begins.
    epochs_read = np.arange(n_steps) / (n_steps + n_more)
    due_after, found = [], []
    schedule = {"n_merges": n_merges, "n_steps": n_steps + n_more}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Merger, "_begin", lambda m: m.next_n_rows.popleft())
        one_by_one = merger_of(ONE_RANK, **schedule)
        with one_by_one.epoch(0):
            for number, position in enumerate(epochs_read):
                n_before = one_by_one.n_begun
                one_by_one.merge_due(position)
                due_after += [number] * (one_by_one.n_begun - n_before)

        merger, begin = merger_of(ONE_RANK, **schedule), 0
        with merger.epoch(0):
            for length in chunk_lengths:
                of_chunk = epochs_read[begin : begin + length]
                stretches, end = list(merger.stretches(of_chunk)), 0
                for stretch in stretches:
                    assert stretch.start == end < stretch.stop  # all steps, in order
                    end, n_before = stretch.stop, merger.n_begun
                    merger.merge_due(of_chunk[end - 1])
                    n_now = merger.n_begun - n_before
                    assert n_now or stretch is stretches[-1]  # only merges cut
                    found += [begin + end - 1] * n_now
                assert end == length
                begin += length
    assert found == due_after


@given(st.lists(st.lists(st.floats(0, 1), max_size=6), min_size=2, max_size=4))
def test_ranks_with_other_numbers_of_steps_make_the_same_merges(positions):
    n_rows = []
    for of_rank in positions:
        with pytest.MonkeyPatch.context() as monkeypatch:
            begun = []
            monkeypatch.setattr(
                Merger,
                "_begin",
                lambda m, begun=begun: begun.append(m.next_n_rows.popleft()),
            )
            merger = merger_of(ONE_RANK, n_words=10_000, n_steps=7, epochs=2)
            for epoch in range(2):
                with merger.epoch(epoch):
                    for epochs_read in sorted(of_rank):
                        merger.merge_due(epoch + epochs_read)
            n_rows.append(begun)
    assert all(begun == n_rows[0] for begun in n_rows)
    assert n_rows[0][-1] == 10_000


# --- what merges do


@kinds
@pytest.mark.parametrize("n_ranks", [2, 3])
def test_ranks_end_each_epoch_with_the_same_bits(implementation, n_ranks):
    def task(ranks):
        merger = merger_of(ranks, epochs=2, implementation=implementation)
        states = []
        for epoch in range(2):
            with merger.epoch(epoch):
                for i in range(4):
                    step(merger, seed=10 * i + ranks.rank)
                    merger.merge_due(epoch + i / 4)
            states.append(np.concatenate([a.ravel() for a in state_of(merger)]))
        return states

    results = on_threads(n_ranks, task)
    assert_same(results)
    assert (results[0][0] != results[0][1]).any()


def test_results_do_not_depend_on_how_long_merges_and_steps_take():
    def task(ranks, seconds):
        exchange = ranks.all_to_all

        def slow_exchange(received, sent):
            time.sleep(seconds if ranks.rank else 0)
            exchange(received, sent)

        ranks.all_to_all = slow_exchange
        merger = merger_of(ranks, fewest_rows=2)
        with merger.epoch(0):
            for i in range(4):
                time.sleep(0 if ranks.rank else seconds)
                step(merger, seed=10 * i + ranks.rank)
                merger.merge_due(i / 4)
        return state_of(merger)

    results = [on_threads(2, lambda ranks, s=s: task(ranks, s)) for s in (0, 0.01)]
    assert_same([*results[0], *results[1]])


def test_a_merge_is_added_when_the_next_one_begins():
    def task(ranks):
        merger = merger_of(ranks)
        with merger.epoch(0):
            step(merger, seed=ranks.rank)
            own, _ = state_of(merger)
            merger.merge_due(0.25)
            merger.pending.merged.result()
            np.testing.assert_array_equal(state_of(merger)[0], own)
            merger.merge_due(0.5)
            assert (state_of(merger)[0] != own).any()
            return merger.moves.shared_vectors.numpy().copy(), own

    (one, own), (other, _) = on_threads(2, task)
    np.testing.assert_array_equal(one, other)
    assert (one != own).any()


def test_at_first_ranks_wait_for_merges():
    def task(ranks):
        merger = merger_of(ranks, waiting_epochs=0.4)
        with merger.epoch(0):
            step(merger, seed=ranks.rank)
            merger.merge_due(0.25)
            assert merger.pending is None
            state = state_of(merger)
            merger.merge_due(0.5)
            assert merger.pending is not None
            return state

    one, other = on_threads(2, task)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)  # but for what is sent later


def test_rows_that_are_not_merged_yet_differ_between_ranks():
    def task(ranks):
        merger = merger_of(ranks, waiting_epochs=1.0, fewest_rows=2)
        with merger.epoch(0):
            step(merger, seed=ranks.rank)
            own, _ = state_of(merger)
            merger.merge_due(0.25)
            return own, state_of(merger)[0]

    for own, merged in on_threads(2, task):
        assert (own[:, :2] != merged[:, :2]).all()
        np.testing.assert_array_equal(own[:, 2:], merged[:, 2:])


# --- the start


@kinds
def test_all_ranks_continue_from_steps_of_one(implementation):
    def task(ranks):
        merger = merger_of(ranks, implementation=implementation)
        with merger.merges([9]):
            if not ranks.rank:
                step(merger, seed=1)
        records = torch.full((3, 3, 2, 5), torch.nan, dtype=torch.bfloat16)
        merger.moves.take(9, records)
        assert not records.any()
        return state_of(merger)

    states = on_threads(3, task)
    assert_same(states)
    alone = merger_of(ONE_RANK)
    step(alone, seed=1)
    for one, two in zip(states[0], state_of(alone), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-2)  # but for rounding


def test_models_that_differ_are_refused_on_all_ranks():
    def task(ranks):
        with pytest.raises(ValueError, match="need the same initial vectors, but rank"):
            merger_of(ranks, seed=ranks.rank // 2).check_start()
        return ranks.rank

    assert on_threads(3, task) == [0, 1, 2]


def test_accumulators_that_differ_are_refused_on_all_ranks():
    def task(ranks):
        merger = merger_of(ranks)
        merger.moves.shared_squares += ranks.rank
        with pytest.raises(ValueError, match="let all of them continue the same fit"):
            merger.check_start()
        return ranks.rank

    assert on_threads(2, task) == [0, 1]


# --- ranks that fail


def fail_in_epoch(ranks, culprit, n_steps):
    """Train an epoch, in which one rank fails; return the errors of ranks."""

    def barrier(where):
        raise RankFailedError(where)

    merger = merger_of(ranks)
    ranks.barrier = barrier
    try:
        with merger.epoch(0):
            for i in range(4):
                if ranks.rank == culprit and i == n_steps:
                    raise OSError("the disk is gone")
                step(merger, seed=i)
                merger.merge_due(i / 4)
    except (OSError, RankFailedError) as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("culprit", [0, 1, 2])
@pytest.mark.parametrize("n_steps", [0, 1, 2, 3])
def test_other_ranks_ask_a_rank_that_fails_for_its_error(culprit, n_steps):
    results = on_threads(3, lambda ranks: fail_in_epoch(ranks, culprit, n_steps))
    assert results.pop(culprit) == (OSError, "the disk is gone")
    assert results == [(RankFailedError, "a merge of the matrices")] * 2


@pytest.mark.parametrize("culprit", [0, 1])
def test_other_ranks_hear_of_a_sum_that_fails(culprit):
    def task(ranks):
        merger = merger_of(ranks)
        if ranks.rank == culprit:
            merger.moves.sum = Mock(side_effect=MemoryError("too large"))
        ranks.barrier = Mock(side_effect=RankFailedError)
        with merger.epoch(0):
            merger.merge_due(0.25)
            merger.merge_due(0.5)

    def error_of_task(ranks):
        with pytest.raises((MemoryError, RankFailedError)) as raised:
            task(ranks)
        return raised.type

    errors = on_threads(2, error_of_task)
    assert errors.pop(culprit) is MemoryError
    assert errors == [RankFailedError]


def test_a_training_that_diverges_merges_until_the_epoch_ends():
    def task(ranks):
        merger = merger_of(ranks)
        with merger.epoch(0):
            for i in range(4):
                merger.model.vectors.fill_(float("nan"))
                merger.merge_due(i / 4)
        return set(ranks.places), np.isnan(state_of(merger)[0]).all()

    assert on_threads(2, task) == [({"a merge of the matrices"}, True)] * 2


def test_an_error_of_all_ranks_is_not_sent_to_them_again(monkeypatch):
    merger, sent = merger_of(ONE_RANK), []
    monkeypatch.setattr(Merger, "_send", lambda *args: sent.append(args))

    def fail():
        with merger.epoch(0):
            raise RankFailedError("gone")

    with pytest.raises(RankFailedError):
        fail()
    assert sent == []


def test_lost_ranks_are_named_where_a_merge_is_added(monkeypatch):
    @contextmanager
    def naming_lost_ranks(_):
        with pytest.raises(RuntimeError, match="Connection closed"):
            yield
        raise RankFailedError("rank 1 is gone")

    monkeypatch.setattr(OneRank, "naming_lost_ranks", naming_lost_ranks)
    merger, future = merger_of(ONE_RANK), Future()
    future.set_exception(RuntimeError("Connection closed by peer"))
    merger.pending = merging.Merge(1, torch.zeros(1), future)
    with pytest.raises(RankFailedError, match="rank 1 is gone"):
        merger._end()
