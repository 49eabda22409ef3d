"""`use_group`: fits of one process alone, or of a part of the default group."""

import sys
from contextlib import ExitStack, suppress
from threading import Thread
from unittest.mock import patch

import pytest
import torch.distributed as dist
from helpers import assert_same_fit, output_of, small
from rank_processes import IS_GONE, error_of, share

from sklearn_w2v import _group, use_group
from sklearn_w2v._group_choice import group_of_fits, is_group_chosen
from sklearn_w2v._ranks import RankFailedError

METHODS = ["fit", "partial_fit", "fit_transform"]


def fitted(method, documents, **parameters):
    vectorizer = small(**parameters)
    getattr(vectorizer, method)(documents)
    return vectorizer


# --- the group of fits


def fit_alone(rank, method):
    if rank == 1:
        return fit_in(None, rank, method)
    return None  # the other one does not have to fit


def fit_in(group, rank, method="fit", n_ranks=2, **parameters):
    with use_group(group):
        return fitted(method, share(rank, n_ranks), **parameters)


@pytest.mark.parametrize("method", METHODS)
def test_one_process_of_a_group_fits_alone(on_ranks, method):
    _, alone = on_ranks.run(2, fit_alone, method, timeout=10)
    assert_same_fit(alone, fitted(method, share(1)))


def fit_in_part(rank, method):
    """Fit in a part of the group, whose first process is not the first of all."""
    part = dist.new_group([1, 2])
    return fit_in(part, rank - 1, method) if rank else fit_in(None, rank, method)


@pytest.mark.parametrize("method", METHODS)
def test_a_part_of_a_group_fits_together(on_ranks, method):
    alone, *part = on_ranks.run(3, fit_in_part, method, timeout=10)
    assert_same_fit(alone, fitted(method, share(0)))
    expected = on_ranks.run(2, fit_in_default, method)
    for one, other in zip(part, expected, strict=True):
        assert_same_fit(one, other)


def fit_in_default(rank, method="fit"):
    return fitted(method, share(rank))


def fit_in_two_parts(rank):
    parts = [dist.new_group(ranks) for ranks in ([0, 2], [1, 3])]
    return fit_in(parts[rank % 2], rank // 2)


def test_two_parts_of_a_group_fit_at_the_same_time(on_ranks):
    expected, _ = on_ranks.run(2, fit_in_default)
    for result in on_ranks.run(4, fit_in_two_parts, timeout=10):
        assert_same_fit(result, expected)


def fit_in_groups_of_one_or_all(rank):
    own = [dist.new_group([each]) for each in range(2)][rank]
    with use_group(None):
        together = fit_in(dist.group.WORLD, rank)
    return fit_in(own, rank), together


def test_a_group_can_have_one_process_or_all(on_ranks):
    results = on_ranks.run(2, fit_in_groups_of_one_or_all, timeout=10)
    expected, _ = on_ranks.run(2, fit_in_default)
    for rank, (alone, together) in enumerate(results):
        assert_same_fit(alone, fitted("fit", share(rank)))
        assert_same_fit(together, expected)


def groups_in_blocks(rank):
    """Return whether the right group counts, at several places."""
    world = dist.group.WORLD
    found = [group_of_fits() is world]
    with use_group(None):
        with use_group(world):
            with suppress(KeyError), use_group(None):
                found.append(group_of_fits() is None)
                raise KeyError
            found.append(group_of_fits() is world)
        found.append(group_of_fits() is None)
    return [*found, group_of_fits() is world]


def test_the_innermost_block_counts_until_it_ends(on_ranks):
    assert on_ranks.run(1, groups_in_blocks) == [[True] * 5]


def groups_in_blocks_of_threads(rank):
    """Enter two blocks, and leave them in the same order."""
    world, blocks = dist.group.WORLD, []
    for group in (None, world):
        block = ExitStack()
        thread = Thread(target=block.enter_context, args=(use_group(group),))
        thread.start()
        thread.join()
        blocks.append(block)
    with use_group(None):
        blocks[0].close()
        found = [group_of_fits() is None]
    found.append(group_of_fits() is world and is_group_chosen())
    blocks[1].close()
    return [*found, group_of_fits() is world and not is_group_chosen()]


def test_blocks_of_threads_can_end_in_any_order(on_ranks):
    assert on_ranks.run(1, groups_in_blocks_of_threads) == [[True] * 3]


def test_use_group_does_not_import_torch():
    code = (
        "import sys, pickle, sklearn_w2v\n"
        "with sklearn_w2v.use_group(None):\n"
        "    pickle.dumps(sklearn_w2v.Word2VecVectorizer())\n"
        "print('torch' in sys.modules)"
    )
    assert output_of(sys.executable, "-c", code) == "False\n"


# --- errors


def use_group_of_others(rank):
    part = dist.new_group([1])
    with use_group(part):
        return "is a member"


def test_a_process_that_is_not_a_member_gets_an_error(on_ranks):
    error, result = on_ranks.run(2, use_group_of_others)
    assert type(error) is ValueError
    assert str(error) == (
        "This process, which has the global rank 0, is not a member of the group. Only "
        "its members can fit in it."
    )
    assert result == "is a member"


@pytest.mark.parametrize("group", [[0, 1], "gloo", 0])
def test_what_is_not_a_group_is_refused(group):
    message = (
        "takes a torch.distributed group.* but got "
        rf"{type(group).__name__}\. torch\.distributed\.new_group\(ranks\) makes"
    )
    with pytest.raises(TypeError, match=message), use_group(group):
        pass


def fit_with_error(rank, task):
    part = dist.new_group([1, 2])
    if not rank:
        return None
    with use_group(part):
        try:
            return task(rank)
        except (ValueError, RankFailedError) as error:
            return str(error)


def fit_with_own_size(rank):
    return small(vector_size=6 + rank).fit(share(rank))


def fit_faulty(rank):
    return small().fit([None] if rank == 2 else share(rank))


def barrier_of_some(rank):
    group = _group.Group(group_of_fits())
    return error_of(lambda: group.barrier("a" if rank == 1 else "b"))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            fit_with_own_size,
            "rank 0 (global rank 1) has vector_size=7, and rank 1 (global rank 2) has "
            "vector_size=8",
        ),
        (fit_faulty, "ended: rank 1 (global rank 2) failed with ValueError: "),
        (
            barrier_of_some,
            "rank 0 (global rank 1) is at a, which is exchange 1 of its fit; rank 1 "
            "(global rank 2) is at b",
        ),
    ],
)
def test_errors_in_a_part_name_ranks_of_the_part_and_of_all(on_ranks, task, message):
    _, *errors = on_ranks.run(3, fit_with_error, task, timeout=10)
    assert message in str(errors[0])
    if task is not fit_faulty:
        assert message in str(errors[1])


def fit_without_documents(rank):
    part = dist.new_group([1, 2])
    if rank:
        with use_group(part):
            small().fit(share(0) if rank == 1 else [])


def test_an_empty_share_in_a_part_names_ranks_of_the_part_and_of_all(on_ranks):
    on_ranks.run(3, fit_without_documents, timeout=10)
    assert "Rank 1 (global rank 2) of a torch.distributed group" in on_ranks.stderr[2]


def fit_without_the_other(rank):
    part = dist.new_group([0, 2])
    if rank:
        return None
    with use_group(part):
        return error_of(lambda: small().fit(share(0)))


def test_a_part_whose_process_does_not_fit_names_it(on_ranks):
    error, *_ = on_ranks.run(3, fit_without_the_other, timeout=10)
    message = f"The fit of all ranks has ended: rank 1 (global rank 2) {IS_GONE}"
    assert str(error) == message or "rank 1 (global rank 2) is too late" in str(error)


def fit_in_part_of_nccl(rank):
    part = dist.new_group([0, 1])
    with patch.object(dist, "get_backend_config", lambda group: "cuda:nccl"):
        return fit_in(part, rank)


def test_a_part_without_gloo_is_refused_with_the_cure(on_ranks):
    for error in on_ranks.run(2, fit_in_part_of_nccl, timeout=10):
        assert type(error) is ValueError
        cure = "torch.distributed.new_group(ranks, backend='cpu:gloo,cuda:nccl')"
        assert f"Create it by {cure}" in str(error)


def fit_in_two_backends(rank):
    return fit_in(dist.new_group([0, 1], backend="cpu:gloo"), rank)


def test_a_part_with_a_backend_of_each_device_fits(on_ranks):
    expected, _ = on_ranks.run(2, fit_in_default)
    for result in on_ranks.run(2, fit_in_two_backends, timeout=10):
        assert_same_fit(result, expected)
