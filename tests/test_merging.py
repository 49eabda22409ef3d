"""The merged model of several ranks, against formulas in numpy.

Ranks are threads here; in `test_group.py` they are processes.
"""

import numpy as np
import pytest
import torch
from helpers import plan_of
from hypothesis import given
from hypothesis import strategies as st
from thread_ranks import on_threads

from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram import merging
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.model import SkipGram


def merger_of(ranks, before, squares_before, n_merges=1, padding=0):
    """A merger of a model that begins with these vectors and accumulators."""
    _, n_words, size = before.shape
    plan = plan_of(
        [[0, 0]], n_words=n_words, vector_size=size, merges_per_epoch=n_merges
    )
    vectors = torch.zeros(2, n_words, size + padding)[:, :, :size]
    vectors.copy_(torch.from_numpy(before))
    model = SkipGram(vectors, solver="adagrad")
    model.solver_state["sum_of_squares"].copy_(torch.from_numpy(squares_before))
    return Merger(model, plan, ranks)


def state_of(merger):
    squares = merger.model.solver_state["sum_of_squares"]
    return merger.model.vectors.numpy().copy(), squares.numpy().copy()


def merged(before, squares_before, moves, growths, padding=0):
    """The vectors and accumulators of ranks after these moves and growths."""

    def task(ranks):
        merger = merger_of(ranks, before, squares_before, padding=padding)
        merger.model.vectors += torch.from_numpy(moves[ranks.rank])
        squares = merger.model.solver_state["sum_of_squares"]
        squares += torch.from_numpy(growths[ranks.rank])
        merger.merge_due(1.0)
        return state_of(merger)

    first, *others = on_threads(len(moves), task)
    for other in others:
        for one, two in zip(first, other, strict=True):
            np.testing.assert_array_equal(one, two)
    return first


def random_case(seed, n_ranks, n_words=9, vector_size=4):
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(2, n_words, vector_size)).astype(np.float32)
    squares = rng.uniform(0.4, 9, size=(2, n_words)).astype(np.float32)
    moves = rng.normal(size=(n_ranks, *before.shape)).astype(np.float32)
    growths = rng.uniform(0, 9, size=(n_ranks, 2, n_words)).astype(np.float32)
    touched = rng.random((n_ranks, 2, n_words)) < 0.6
    return before, squares, moves * touched[..., None], growths * touched


@given(seed=st.integers(0, 2**32), n_ranks=st.integers(2, 5))
def test_rows_move_by_the_scaled_sum_of_all_moves(seed, n_ranks):
    before, squares, moves, growths = random_case(seed, n_ranks)
    vectors, sums_of_squares = merged(before, squares, moves, growths)
    for place, row in np.ndindex(2, before.shape[1]):
        of_ranks = moves[:, place, row].astype(float)  # (n_ranks, d)
        total = of_ranks.sum(0)
        scale = 1.0
        if total.any():
            scale = min(1, max(1 / n_ranks, (of_ranks**2).sum() / (total**2).sum()))
        np.testing.assert_allclose(
            vectors[place, row], before[place, row] + scale * total, atol=1e-4
        )
        expected = squares[place, row] + scale**2 * growths[:, place, row].sum()
        np.testing.assert_allclose(sums_of_squares[place, row], expected, rtol=1e-4)


def test_moves_at_right_angles_are_summed_and_equal_ones_averaged():
    before, squares = np.zeros((2, 2, 3), np.float32), np.ones((2, 2), np.float32)
    moves = np.zeros((3, 2, 2, 3), np.float32)
    moves[:, 0, 0] = np.diag([1, 2, 3])  # orthogonal moves of each rank
    moves[:, 0, 1] = [1, 2, 3]  # equal moves
    moves[1, 1, 0] = [4, 5, 6]  # a move of one rank
    moves[0, 1, 1], moves[1, 1, 1] = [2, 0, 0], [-2, 0, 0]  # opposite moves
    growths = np.full((3, 2, 2), 3, np.float32)
    vectors, sums_of_squares = merged(before, squares, moves, growths)
    np.testing.assert_allclose(vectors[0], [[1, 2, 3], [1, 2, 3]], rtol=1e-6)
    np.testing.assert_allclose(vectors[1], [[4, 5, 6], [0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(sums_of_squares, [[10, 2], [10, 10]], rtol=1e-6)


def test_frequent_rows_are_merged_more_often(monkeypatch):
    monkeypatch.setattr(merging, "FEWEST_ROWS", 2)
    n_rows, n_words = [], 11

    def note(self, n):
        n_rows.append(n)

    monkeypatch.setattr(Merger, "_merge", note)
    before, squares, *_ = random_case(0, 1, n_words)
    merger = merger_of(ONE_RANK, before, squares, n_merges=10)
    for share in (0.05, 0.1, 0.55, 0.55):
        merger.merge_due(share)
    assert n_rows == [2, 4, 2, 8, 2]
    merger.end_epoch()
    assert n_rows == [2, 4, 2, 8, 2, 4, 2, 11, 2, 11]
    merger.merge_due(0.1)  # the next epoch begins anew
    assert n_rows[10:] == [2]


@given(
    st.lists(st.integers(0, 20), max_size=9),
    st.integers(0, 12),
    st.integers(1, 100),
)
def test_steps_are_cut_where_merges_are_due(chunk_lengths, n_merges, n_more):
    # By step, the share of the epoch that is read when it begins.
    n_steps = sum(chunk_lengths)
    shares = np.arange(n_steps) / (n_steps + n_more)
    before, squares, *_ = random_case(0, 1)
    due_after, found = [], []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Merger, "_merge", lambda merger, n_rows: None)
        one_by_one = merger_of(ONE_RANK, before, squares, n_merges)
        for step, share in enumerate(shares.tolist()):
            n_before = one_by_one.n_merges
            one_by_one.merge_due(share)
            due_after += [step] * (one_by_one.n_merges - n_before)

        merger, begin = merger_of(ONE_RANK, before, squares, n_merges), 0
        for length in chunk_lengths:
            of_chunk = shares[begin : begin + length]
            stretches, end = list(merger.stretches(of_chunk)), 0
            for stretch in stretches:
                assert stretch.start == end < stretch.stop  # all steps, in order
                end, n_before = stretch.stop, merger.n_merges
                merger.merge_due(of_chunk[end - 1])
                n_now = merger.n_merges - n_before
                assert n_now or stretch is stretches[-1]  # only merges cut
                found += [begin + end - 1] * n_now
            assert end == length
            begin += length
    assert found == due_after


def test_rows_that_are_not_merged_yet_differ_between_ranks(monkeypatch):
    monkeypatch.setattr(merging, "FEWEST_ROWS", 2)
    before, squares, moves, _ = random_case(0, 2)

    def task(ranks):
        merger = merger_of(ranks, before, squares, n_merges=4)
        merger.model.vectors += torch.from_numpy(moves[ranks.rank])
        merger.merge_due(0.25)
        return state_of(merger)[0]

    one, two = on_threads(2, task)
    np.testing.assert_array_equal(one[:, :2], two[:, :2])
    np.testing.assert_array_equal(one[:, 2:], (before + moves[0])[:, 2:])
    np.testing.assert_array_equal(two[:, 2:], (before + moves[1])[:, 2:])


@pytest.mark.parametrize("padding", [0, 12])
def test_all_ranks_take_the_model_of_the_first(padding):
    cases = [random_case(seed, 1) for seed in range(3)]

    def task(ranks):
        before, squares, *_ = cases[ranks.rank]
        merger = merger_of(ranks, before, squares, padding=padding)
        merger.broadcast("here")
        assert ranks.places == ["here"]
        # The next merge compares with this model.
        merger.merge_due(1.0)
        return state_of(merger)

    for vectors, squares in on_threads(3, task):
        np.testing.assert_array_equal(vectors, cases[0][0])
        np.testing.assert_array_equal(squares, cases[0][1])


def test_models_that_differ_are_refused_on_all_ranks():
    def task(ranks):
        before, squares, *_ = random_case(ranks.rank // 2, 1)
        with pytest.raises(ValueError, match="need the same initial vectors, but rank"):
            merger_of(ranks, before, squares).check_start()
        return ranks.rank

    assert on_threads(3, task) == [0, 1, 2]


def test_accumulators_that_differ_are_refused_on_all_ranks():
    def task(ranks):
        before, squares, *_ = random_case(0, 1)
        merger = merger_of(ranks, before, squares + ranks.rank)
        with pytest.raises(ValueError, match="let all of them continue the same fit"):
            merger.check_start()
        return ranks.rank

    assert on_threads(2, task) == [0, 1]


def test_rows_may_have_padding_in_memory():
    case = random_case(0, 2)
    for one, two in zip(merged(*case), merged(*case, padding=12), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("size", [1e-30, 1e14])
def test_moves_of_any_size_are_merged(size):
    before, squares = np.zeros((2, 1, 3), np.float32), np.ones((2, 1), np.float32)
    moves = np.full((2, 2, 1, 3), size, np.float32)
    vectors, _ = merged(before, squares, moves, np.zeros((2, 2, 1), np.float32))
    # The squares of the shortest moves are 0, so that the moves are summed.
    expected = size if size > 1 else 2 * size
    np.testing.assert_allclose(vectors, expected, rtol=1e-5)
