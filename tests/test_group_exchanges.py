"""What ranks say to one another arrives, and what is not expected is an error."""

import os
import signal
import time
import warnings
from unittest.mock import patch

import pytest
from helpers import small
from rank_processes import IS_GONE, TEXTS, error_of, share

from sklearn_w2v import _group
from sklearn_w2v._ranks import RankFailedError

TEXTS_OF_ERRORS = [
    "caf\udce9",
    "",
    "\0a\0\n\0",
    "\ud800" * 500,
    *("é" * n + "x" for n in (495, 500, 505, 507, 508, 511, 512, 100_000)),
]


def fail_at_a_barrier(rank, culprit):
    """Fail with each text; return what this rank receives."""
    received = []
    for text in TEXTS_OF_ERRORS:
        group, error = _group.Group(), ValueError(text)
        fails = rank == culprit
        received.append(
            error_of(lambda g=group, e=error: g.fail(e))
            if fails
            else error_of(lambda g=group: g.barrier("a place"))
        )
    return list(map(str, received))


def fail_without_the_connections_of_the_group(rank):
    group = _group.Group()
    group.barrier("the beginning")
    group.cpu_group = "of no use"
    fails = rank == 1
    return str(
        error_of(lambda: group.fail(ValueError("odd")) if fails else group.barrier(""))
    )


def test_errors_need_no_connection_that_a_failed_operation_may_block(on_ranks):
    for error in on_ranks.run(2, fail_without_the_connections_of_the_group):
        assert error.endswith("rank 1 failed with ValueError: odd")


@pytest.mark.parametrize("culprit", [0, 1])
def test_any_text_of_an_error_arrives(on_ranks, culprit):
    beginning = f"The fit of all ranks has ended: rank {culprit} failed with ValueError"
    expected = [f"{beginning}: {text}" for text in TEXTS_OF_ERRORS]
    for received in on_ranks.run(2, fail_at_a_barrier, culprit, timeout=10):
        assert received == expected


class SilentError(Exception):
    def __str__(self):
        raise KeyError(self)


def fit_with_error(rank, culprit, error):
    def documents():
        yield TEXTS[0]
        raise error

    try:
        small().fit(documents() if rank == culprit else share(rank))
    except Exception as caught:
        # After the error, the ranks can fit together.
        fitted = small().fit(share(rank))
        text = str(caught) if isinstance(caught, RankFailedError) else ""
        return type(caught), text, list(fitted.vocabulary_)
    return None


@pytest.mark.parametrize("culprit", [0, 1])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("caf\udce9"), "failed with OSError: caf\udce9"),
        (SilentError(), "failed with SilentError: (its message cannot be shown)"),
    ],
)
def test_an_odd_error_of_one_rank_ends_the_fit_of_all(
    on_ranks, culprit, error, message
):
    results = on_ranks.run(2, fit_with_error, culprit, error, timeout=10)
    own, other = results[culprit], results[1 - culprit]
    assert own[0] is type(error)
    assert other[0] is RankFailedError
    assert other[1] == f"The fit of all ranks has ended: rank {culprit} {message}"
    assert own[2] == other[2]


class Unpicklable:
    """Cannot be sent, or not be received."""

    def __init__(self, sends):
        self.sends = sends

    def __reduce__(self):
        if not self.sends:
            raise TypeError("cannot be sent")
        return int, ("cannot be received",)


def gather(rank, culprit, sends):
    """Exchange values, one of which is faulty, and meet again."""

    def exchange():
        with _group.all_ranks() as ranks:
            value = Unpicklable(sends) if rank == culprit else rank
            list(ranks.all_gather(value, "values"))
            ranks.barrier("a place")

    try:
        exchange()
    except Exception as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_a_value_that_cannot_be_sent_ends_the_fit_of_all(on_ranks, culprit):
    results = on_ranks.run(3, gather, culprit, False, timeout=10)
    assert results.pop(culprit) == (TypeError, "cannot be sent")
    message = f"ended: rank {culprit} failed with TypeError: cannot be sent"
    for kind, text in results:
        assert kind is RankFailedError
        assert text.endswith(message)


@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_a_value_that_cannot_be_received_ends_the_fit_of_all(on_ranks, culprit):
    results = on_ranks.run(3, gather, culprit, True, timeout=10)
    kind, text = results.pop(culprit)
    assert kind is RankFailedError
    assert "failed with ValueError: invalid literal for int()" in text
    for kind, _ in results:
        assert kind is ValueError


def exchange_out_of_step(rank):
    group = _group.Group()
    if rank == 1:
        group.n_barriers = 1
    return error_of(lambda: list(group.all_gather(rank, "values")))


def test_ranks_that_are_out_of_step_get_an_error(on_ranks):
    at = "is at an exchange of values, which is exchange"
    for error in on_ranks.run(2, exchange_out_of_step, timeout=10):
        assert str(error).endswith(
            f"same calls, but rank 0 {at} 1 of its fit; rank 1 {at} 2 of its fit"
        )


# --- ranks that do not come

NAMES = [f"rank {rank}" for rank in range(4)]


def test_a_rank_that_is_gone_is_named_first_and_its_consequences_are_not():
    messages = {0: "lost the connection", 1: "failed with OSError: x", 3: "is at a"}
    message = _group._verdict(messages, {2: "is gone"}, NAMES)
    assert message.endswith("ended: rank 2 is gone; rank 1 failed with OSError: x")
    message = _group._verdict({0: "lost a", 1: "is at a"}, {}, NAMES)
    assert message.endswith(": rank 0 lost a")


def test_the_error_names_the_places_of_ranks_that_are_at_different_ones():
    assert _group._verdict({0: "is at a merge", 1: "is at a merge"}, {}, NAMES) == ""
    message = _group._verdict({0: "is at a merge", 1: "is at a gather"}, {}, NAMES)
    assert message.endswith(
        "to make the same calls, but rank 0 is at a merge; rank 1 is at a gather"
    )


IS_LATE = (
    "is too late (if it is only slow, pass a longer timeout to "
    "torch.distributed.init_process_group or new_group)"
)
HAS_TO_FIT = (
    "Each rank of a torch.distributed group has to call fit. To fit in one process "
    "alone, call fit within `with sklearn_w2v.use_group(None):`."
)


def meet_late(rank):
    group = _group.Group()
    group.barrier("the first place")
    if rank == 1:
        time.sleep(4)
    return error_of(lambda: group.barrier("a place" + "!" * 2000))


def test_a_rank_that_comes_too_late_is_named(on_ranks):
    first, _ = on_ranks.run(2, meet_late, timeout=3)
    assert str(first) == f"The fit of all ranks has ended: rank 1 {IS_LATE}"


def fit_while_another_does_not(rank, missing):
    """Return the error and the warnings of a rank that fits without another one."""
    if rank == missing:
        time.sleep(4)
        return None
    with (
        patch.object(_group, "WARN_AFTER", 0.5),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        error = error_of(lambda: small().fit(share(rank)))
    return str(error), [(str(each.message), each.filename) for each in caught]


@pytest.mark.parametrize(
    ("missing", "ended", "who"),
    [
        (1, "The fit of all ranks has ended", "rank 1"),
        (0, "The fit has ended on rank 1", "rank 0, or a rank that it waits for,"),
    ],
)
def test_a_rank_that_does_not_fit_is_named_and_each_has_to(
    on_ranks, missing, ended, who
):
    results = on_ranks.run(2, fit_while_another_does_not, missing, timeout=3)
    error, caught = results[1 - missing]
    assert error == f"{ended}: {who} {IS_LATE}. {HAS_TO_FIT}"
    waited = f"For 0.5 seconds, fit has waited for {who} to call fit too. {HAS_TO_FIT}"
    assert caught == [(waited, __file__)]


def fit_slowly(rank):
    def documents():
        if rank:
            time.sleep(1)
        yield from share(rank)

    with (
        patch.object(_group, "WARN_AFTER", 0.5),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        small().fit(documents())
    return [str(each.message) for each in caught]


def test_a_rank_that_reads_documents_for_long_brings_no_warning(on_ranks):
    assert on_ranks.run(2, fit_slowly) == [[], []]


def exchange_until_killed(rank):
    group = _group.Group()
    if rank:
        group._broadcast_bytes = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    return error_of(lambda: list(group.all_gather("a value", "values")))


def test_a_rank_that_is_killed_in_an_exchange_is_named(on_new_ranks):
    error, _ = on_new_ranks.run(2, exchange_until_killed)
    assert str(error) == f"The fit of all ranks has ended: rank 1 {IS_GONE}"
