"""The moves of ranks: what is sent, merged and added, against formulas in numpy."""

import numpy as np
import pytest
import torch
from helpers import needs_compiled
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v._skipgram import compiled_moves
from sklearn_w2v._skipgram.compiled_moves import CompiledMoves
from sklearn_w2v._skipgram.library import empty_vectors
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.moves import TorchMoves
from sklearn_w2v._skipgram.plan import MOMENTUM
from sklearn_w2v._skipgram.threads import ONE_THREAD, thread_pool

#: The relative error of a number in bfloat16, at most.
ROUNDING = 2**-8

kinds = pytest.mark.parametrize(
    "kind", ["torch", pytest.param("compiled", marks=needs_compiled)]
)


def model_of(n_words=7, size=5, *, seed=0):
    """A model with random vectors, in memory for the compiled steps."""
    generator = torch.Generator().manual_seed(seed)
    vectors = empty_vectors(n_words, size)
    vectors.copy_(torch.randn(2, n_words, size, generator=generator))
    return SkipGram(vectors, solver="adagrad")


def moves_of(kind, model, world_size=2, threads=ONE_THREAD):
    if kind == "torch":
        return TorchMoves(model, world_size)
    return CompiledMoves(model, world_size, threads)


def move(model, *, seed=1, size=0.1):
    """Move the rows of a model, and let its accumulators grow; return both."""
    generator = torch.Generator().manual_seed(seed)
    vectors = size * torch.randn(model.vectors.shape, generator=generator)
    growths = size * torch.rand(model.vectors.shape[:2], generator=generator)
    model.vectors += vectors
    model.solver_state["sum_of_squares"] += growths
    return vectors, growths


def take(moves, n_rows):
    """The records of the first rows."""
    d = moves.vectors.shape[2]
    shape = moves.world_size, -(-n_rows // moves.world_size), 2, d + 1
    records = torch.full(shape, torch.nan, dtype=torch.bfloat16)
    moves.take(n_rows, records)
    return records


def summed(moves, received):
    """The merged records of the rows that a rank sums."""
    merged = torch.full_like(received[0], torch.nan)
    moves.sum(received, merged)
    return merged


def state_of(model, moves):
    """Copies of all that moves change."""
    squares = model.solver_state["sum_of_squares"]
    shared = moves.shared_vectors, moves.shared_squares
    return [t.clone() for t in (model.vectors, squares, *shared, moves.velocities)]


def received_of(n_ranks, n_each, size=5, *, seed=0):
    """Random records of several ranks, some of which are zero."""
    rng = np.random.default_rng(seed)
    records = rng.normal(size=(n_ranks, n_each, 2, size + 1)).astype(np.float32)
    records *= rng.random((n_ranks, n_each, 2, 1)) < 0.7
    records[..., -1] = np.abs(records[..., -1])
    return torch.from_numpy(records).bfloat16()


@kinds
@pytest.mark.parametrize("n_rows", [1, 4, 7])
@pytest.mark.parametrize("world_size", [2, 3])
def test_a_row_is_in_the_records_of_the_rank_that_sums_it(kind, n_rows, world_size):
    model = model_of()
    moves = moves_of(kind, model, world_size)
    vectors, growths = move(model)
    records = take(moves, n_rows).float()
    assert records.shape == (world_size, -(-n_rows // world_size), 2, 6)
    for row, matrix in np.ndindex(n_rows, 2):
        record = records[row % world_size, row // world_size, matrix]
        torch.testing.assert_close(
            record[:-1], vectors[matrix, row], rtol=ROUNDING, atol=1e-6
        )
        torch.testing.assert_close(
            record[-1], growths[matrix, row], rtol=2 * ROUNDING, atol=1e-5
        )
    # Places that no row has are zero.
    assert records.any(3).sum() == 2 * n_rows


@kinds
def test_growths_are_rounded_down_and_moves_to_the_nearest_number(kind):
    model = model_of(1, 1)
    moves = moves_of(kind, model)
    model.vectors.zero_()
    moves.shared_vectors.zero_()
    model.vectors[0, 0], model.vectors[1, 0] = 1 + 0.7 * 2**-7, -(1 + 0.3 * 2**-7)
    moves.shared_squares.zero_()
    model.solver_state["sum_of_squares"][:, 0] = 1 + 0.9 * 2**-7
    ((centers, contexts),) = take(moves, 1)[0].float().tolist()
    assert centers == [1 + 2**-7, 1]
    assert contexts == [-1, 1]


@kinds
@pytest.mark.parametrize("number", [float("nan"), float("inf"), 3.4e38])
def test_the_largest_floats_are_sent_as_infinity_and_nan_as_nan(kind, number):
    model = model_of(1, 1)
    moves = moves_of(kind, model)
    moves.shared_vectors.zero_()
    model.vectors[0, 0] = number
    expected = number if np.isnan(number) else float("inf")
    sent = take(moves, 1)[0, 0, 0, 0].item()
    assert sent == pytest.approx(expected, nan_ok=True)


@kinds
@given(seed=st.integers(0, 2**32), n_ranks=st.integers(2, 5))
def test_rows_move_by_the_scaled_sum_of_all_moves(kind, seed, n_ranks):
    moves = moves_of(kind, model_of(4 * n_ranks), n_ranks)
    last = np.zeros((4, 2, 5))
    for n_each in (4, 3):
        received = received_of(n_ranks, n_each, seed=seed + n_each)
        merged = summed(moves, received).float().numpy()
        for place, matrix in np.ndindex(n_each, 2):
            records = received[:, place, matrix].double().numpy()
            of_ranks, total = records[:, :-1], records[:, :-1].sum(0)
            scale = 1.0
            if total.any():
                scale = (of_ranks**2).sum() / (total**2).sum()
                scale = min(1, max(1 / n_ranks, scale))
            expected = scale * total + MOMENTUM * last[place, matrix]
            last[place, matrix] = expected
            np.testing.assert_allclose(
                merged[place, matrix, :-1], expected, rtol=ROUNDING, atol=1e-4
            )
            np.testing.assert_allclose(
                merged[place, matrix, -1],
                scale**2 * records[:, -1].sum(),
                rtol=ROUNDING,
                atol=1e-4,
            )


@kinds
def test_moves_at_right_angles_are_summed_and_equal_ones_averaged(kind):
    records = torch.zeros(3, 2, 2, 4)
    records[:, 0, 0, :3] = torch.diag(torch.tensor([1.0, 2, 3]))  # orthogonal
    records[:, 0, 1, :3] = torch.tensor([1.0, 2, 3])  # equal
    records[1, 1, 0, :3] = torch.tensor([4.0, 5, 6])  # of one rank
    records[0, 1, 1, 0], records[1, 1, 1, 0] = 2, -2  # opposite
    records[..., 3] = 3
    moves = moves_of(kind, model_of(6, 3), 3)
    merged = summed(moves, records.bfloat16()).float()
    assert merged[..., :3].tolist() == [[[1, 2, 3]] * 2, [[4, 5, 6], [0, 0, 0]]]
    assert merged[..., 3].tolist() == [[9, 1], [9, 9]]


@kinds
@pytest.mark.parametrize("size", [1e-30, 1e14])
def test_moves_of_any_size_are_merged(kind, size):
    merged = summed(
        moves_of(kind, model_of()), torch.full((2, 1, 2, 6), size).bfloat16()
    )
    # The squares of the shortest moves are 0, so that the moves are summed.
    expected = size if size > 1 else 2 * size
    np.testing.assert_allclose(merged[..., :-1].float(), expected, rtol=ROUNDING)


@kinds
def test_moves_that_are_nan_are_merged_to_nan(kind):
    received = received_of(3, 2)
    received[1] = float("nan")
    assert summed(moves_of(kind, model_of(), 3), received).isnan().all()


@kinds
def test_merged_moves_are_added_in_place_of_the_own_ones(kind):
    model = model_of()
    moves = moves_of(kind, model)
    move(model)
    own = take(moves, 5)
    move(model, seed=2)  # while the moves are sent
    vectors, squares, shared_vectors, shared_squares, _ = state_of(model, moves)
    moves.add(2 * own, own, 5)

    by_row = own.float().permute(2, 1, 0, 3).flatten(1, 2)[:, :5]
    vectors[:, :5] += by_row[..., :-1]
    squares[:, :5] += by_row[..., -1]
    shared_vectors[:, :5] += 2 * by_row[..., :-1]
    shared_squares[:, :5] += 2 * by_row[..., -1]
    expected = vectors, squares, shared_vectors, shared_squares
    for one, other in zip(expected, state_of(model, moves), strict=False):
        assert one.equal(other)


@kinds
def test_what_rounding_leaves_is_sent_later(kind):
    model = model_of()
    moves = moves_of(kind, model)
    start, *_ = state_of(model, moves)
    vectors, _ = move(model)
    sent = torch.zeros(2, 4, 2, 6)
    for _ in range(4):
        own = take(moves, 7)
        sent += own.float()
        moves.add(own, own, 7)  # as if other ranks had not moved
    by_row = sent.permute(2, 1, 0, 3).flatten(1, 2)[:, :7]
    torch.testing.assert_close(by_row[..., :-1], vectors, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(moves.shared_vectors, start + vectors)


@kinds
def test_accumulators_fall_below_the_shared_ones_by_rounding_at_most(kind):
    model = model_of(50)
    moves = moves_of(kind, model, 50)
    squares = model.solver_state["sum_of_squares"]
    for seed in range(20):
        move(model, seed=seed, size=10.0 ** (seed % 7))
        own = take(moves, 50)
        merged = own + received_of(50, 1, seed=seed).abs()
        moves.add(merged, own, 50)
        assert (squares >= moves.shared_squares * (1 - 1e-6)).all()


@needs_compiled
@given(
    seed=st.integers(0, 2**32),
    n_words=st.integers(1, 40),
    size=st.integers(1, 40),
    world_size=st.integers(2, 5),
    n_threads=st.integers(1, 3),
    data=st.data(),
)
def test_compiled_moves_are_those_of_torch(
    seed, n_words, size, world_size, n_threads, data
):
    n_rows = data.draw(st.integers(1, n_words))
    results = []
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        thread_pool(n_threads) as threads,
    ):
        monkeypatch.setattr(compiled_moves, "ROWS_PER_THREAD", 4)
        for kind in ("torch", "compiled"):
            model = model_of(n_words, size, seed=seed)
            moves = moves_of(kind, model, world_size, threads)
            move(model, seed=seed + 1)
            own = take(moves, n_rows)
            received = received_of(world_size, own.shape[1], size, seed=seed)
            merged = summed(moves, received)
            results.append([own, merged, model, moves])
        (own, merged, *_), (compiled_own, compiled_merged, *_) = results
        assert own.equal(compiled_own)
        torch.testing.assert_close(
            merged.float(), compiled_merged.float(), rtol=2 * ROUNDING, atol=1e-6
        )
        # Sums are rounded in another order, so both add those of torch.
        to_add = torch.stack([merged] * world_size)
        for *_, moves in results:
            moves.velocities.zero_()
            moves.add(to_add, own, n_rows)
        states = [state_of(model, moves) for _, _, model, moves in results]
        for one, other in zip(*states, strict=True):
            assert one.equal(other)


def test_compiled_moves_need_the_library(monkeypatch):
    monkeypatch.setattr(compiled_moves, "load_library", lambda: None)
    with pytest.raises(RuntimeError, match="The compiled moves were not built"):
        CompiledMoves(model_of(), 2, ONE_THREAD)
