"""The ranks of a fit, and values that they have to share."""

import pytest
from thread_ranks import on_threads

from sklearn_w2v._ranks import ONE_RANK, require_equal


def test_the_only_rank_exchanges_values_with_itself():
    ONE_RANK.barrier("here")
    assert (ONE_RANK.rank, ONE_RANK.world_size) == (0, 1)
    assert list(ONE_RANK.all_gather([1, 2], "numbers")) == [[1, 2]]
    received = [0, 0]
    ONE_RANK.all_to_all(received, [1, 2])
    assert received == [1, 2]
    with ONE_RANK.naming_lost_ranks():
        pass


def test_the_only_rank_has_nothing_to_compare():
    require_equal(ONE_RANK, "parameters", pytest.fail, "")


@pytest.mark.parametrize("culprit", [1, 2])
def test_values_that_differ_are_named_on_all_ranks(culprit):
    def task(ranks):
        values = {"window": 5, "sample": 0.1 if ranks.rank == culprit else None}
        with pytest.raises(ValueError, match="need the same parameters, but") as raised:
            require_equal(ranks, "parameters", lambda: values, "Pass the same.")
        return str(raised.value)

    expected = f"rank 0 has sample=None, and rank {culprit} has sample=0.1. Pass the"
    for message in on_threads(3, task):
        assert expected in message


def test_values_that_are_equal_are_accepted():
    on_threads(3, lambda ranks: require_equal(ranks, "x", lambda: {"a": [1]}, ""))
