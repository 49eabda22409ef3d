"""How gradients change rows, against torch's own optimizers and plain formulas."""

import numpy as np
import pytest
import torch
from helpers import N_WORDS

from sklearn_w2v._skipgram.solvers import SOLVERS, initial_state

SIZE = 5


def some_rows(seed=1):
    """Rows with repeats, and their gradients."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(N_WORDS, (4,), generator=generator)
    return rows, torch.randn(4, SIZE, dtype=torch.float64, generator=generator)


def random_matrix():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N_WORDS, SIZE, dtype=torch.float64, generator=generator)


def test_adam_equals_torchs_sparse_adam_over_several_steps():
    ours, theirs = random_matrix(), random_matrix().requires_grad_()
    solver = SOLVERS["adam"](ours)
    reference = torch.optim.SparseAdam([theirs], lr=0.01)
    for seed in range(5):
        rows, gradient = some_rows(seed)
        theirs.grad = torch.sparse_coo_tensor(
            rows[None], gradient, theirs.shape, check_invariants=True
        )
        reference.step()
        solver.step(rows, gradient, 0.01)
    torch.testing.assert_close(ours, theirs.detach())


def test_sgd_equals_torchs_over_several_steps():
    ours, theirs = random_matrix(), random_matrix().requires_grad_()
    solver, reference = SOLVERS["sgd"](ours), torch.optim.SGD([theirs], lr=0.01)
    for seed in range(5):
        rows, gradient = some_rows(seed)
        theirs.grad = torch.zeros_like(theirs).index_add_(0, rows, gradient)
        reference.step()
        solver.step(rows, gradient, 0.01)
    torch.testing.assert_close(ours, theirs.detach())


def test_adagrad_sums_the_mean_squares_of_a_rows_gradients():
    matrix, squares = random_matrix(), np.linspace(0.1, 1, N_WORDS)
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
def test_state_is_a_number_for_each_row_of_both_matrices(solver):
    vectors = torch.stack([random_matrix()] * 2)
    state = initial_state(solver, vectors)
    assert list(state) == (["sum_of_squares"] if solver == "adagrad" else [])
    for tensor in state.values():
        assert tensor.dtype == vectors.dtype
        np.testing.assert_allclose(tensor, np.full((2, N_WORDS), 0.1 * SIZE))
    of_centers = {name: tensor[0] for name, tensor in state.items()}
    SOLVERS[solver](vectors[0], **of_centers).step(*some_rows(), 0.1)
