"""How gradients change rows, against torch's own optimizers and plain formulas."""

import numpy as np
import pytest
import torch
from helpers import N_WORDS, SIZE, random_vectors

from sklearn_w2v._skipgram.solvers import SOLVERS, initial_state


def some_rows(seed=1):
    """Rows with repeats, and their gradients."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(N_WORDS, (4,), generator=generator)
    return rows, torch.randn(4, SIZE, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize(
    ("solver", "theirs"), [("adam", torch.optim.SparseAdam), ("sgd", torch.optim.SGD)]
)
def test_adam_and_sgd_equal_torchs_over_several_steps(solver, theirs):
    ours = random_vectors()[0]
    expected = ours.clone().requires_grad_()
    solver, reference = SOLVERS[solver](ours), theirs([expected], lr=0.01)
    for seed in range(5):
        rows, gradient = some_rows(seed)
        expected.grad = torch.sparse_coo_tensor(
            rows[None], gradient, ours.shape, check_invariants=True
        )
        reference.step()
        solver.step(rows, gradient, 0.01)
    torch.testing.assert_close(ours, expected.detach())


def test_adagrad_sums_the_mean_squares_of_a_rows_gradients():
    matrix, squares = random_vectors()[0], np.linspace(0.1, 1, N_WORDS)
    expected = matrix.numpy().copy()
    sum_of_squares = SIZE * torch.from_numpy(squares)
    solver = SOLVERS["adagrad"](matrix, sum_of_squares=sum_of_squares)
    for seed in range(3):
        rows, gradient = some_rows(seed)
        for row, part in zip(rows.tolist(), gradient.numpy(), strict=True):
            squares[row] += np.mean(part**2)
        for row, part in zip(rows.tolist(), gradient.numpy(), strict=True):
            expected[row] -= 0.3 * part / np.sqrt(squares[row])
        solver.step(rows, gradient.clone(), 0.3)
    np.testing.assert_allclose(matrix, expected)
    # In place, where a training that goes on finds it.
    np.testing.assert_allclose(sum_of_squares, SIZE * squares)


@pytest.mark.parametrize("solver", SOLVERS)
def test_state_is_a_number_for_each_row_of_both_matrices(solver, vectors):
    state = initial_state(solver, vectors)
    assert list(state) == (["sum_of_squares"] if solver == "adagrad" else [])
    for tensor in state.values():
        assert tensor.dtype == vectors.dtype
        np.testing.assert_allclose(tensor, np.full((2, N_WORDS), 0.1 * SIZE))
    of_centers = {name: tensor[0] for name, tensor in state.items()}
    SOLVERS[solver](vectors[0], **of_centers).step(*some_rows(), 0.1)
