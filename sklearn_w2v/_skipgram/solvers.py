"""The solvers of the torch steps: AdaGrad, Adam, and plain gradient descent.

A solver moves the rows of a matrix by their gradients. A row that was used several
times has several gradients.
"""

import math

import torch
from torch import Tensor

from sklearn_w2v._parameters import SolverName

#: A tensor if a step is recorded, so that it can be replayed at other rates.
Rate = float | Tensor


class AdaGrad:
    """AdaGrad (Duchi et al., 2011) with one accumulator per row.

    A frequent word has the gradients of hundreds of pairs in one step. Its accumulator
    grows accordingly; with a fixed learning rate the vector would diverge.
    """

    def __init__(self, matrix: Tensor, *, sum_of_squares: Tensor) -> None:
        self.matrix = matrix
        self.sum_of_squares = sum_of_squares  # (n_rows of the matrix,)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Move rows by their gradients; overwrites the gradients."""
        squares = torch.linalg.vector_norm(gradient, dim=1).square_()
        self.sum_of_squares.scatter_add_(0, rows, squares)
        # The learning rate over the root of the mean square.
        rates = self.sum_of_squares.index_select(0, rows).rsqrt_()
        rates *= -learning_rate * math.sqrt(gradient.shape[1])
        _add_to_rows(self.matrix, rows, gradient.mul_(rates.unsqueeze(1)))


class Adam:
    """Adam (Kingma and Ba, 2015) on only the rows that a step uses."""

    DECAY_1, DECAY_2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        self.n_steps = 0
        self.mean = torch.zeros_like(matrix)
        self.mean_of_squares = torch.zeros_like(matrix)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Move rows by their gradients, summed for each row."""
        used, inverse = rows.unique(return_inverse=True)  # (n_used,), (n_rows,)
        summed = gradient.new_zeros(len(used), gradient.shape[1])
        _add_to_rows(summed, inverse, gradient)

        self.n_steps += 1
        mean = self.mean[used].lerp_(summed, 1 - self.DECAY_1)
        squares = self.mean_of_squares[used].lerp_(summed.square(), 1 - self.DECAY_2)
        self.mean[used], self.mean_of_squares[used] = mean, squares
        # Both means start at zero; the divisions correct the bias.
        rate = learning_rate / (1 - self.DECAY_1**self.n_steps)
        scale = (squares / (1 - self.DECAY_2**self.n_steps)).sqrt_().add_(self.EPSILON)
        self.matrix[used] -= rate * mean / scale


class SGD:
    """Plain gradient descent, as in the word2vec program."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Move rows by their gradients; overwrites the gradients."""
        _add_to_rows(self.matrix, rows, gradient.mul_(-learning_rate))


Solver = AdaGrad | Adam | SGD

SOLVERS: dict[SolverName, type[Solver]] = {"adagrad": AdaGrad, "adam": Adam, "sgd": SGD}


def initial_state(solver: SolverName, vectors: Tensor) -> dict[str, Tensor]:
    """Return the initial state of a solver that a later training continues from.

    The tensors are named like the arguments of the solver; each is (2, n_words). Adam's
    means are not among them: each training starts them at zero.
    """
    if solver != "adagrad":
        return {}
    shape, vector_size = vectors.shape[:2], vectors.shape[2]
    # From 0, the first step of a rare word would have full length in a nearly random
    # direction. 0.1 is the mean square of a gradient's elements.
    return {"sum_of_squares": vectors.new_full(shape, 0.1 * vector_size)}


def _add_to_rows(matrix: Tensor, rows: Tensor, values: Tensor) -> None:
    """Add values (n_rows, d) to rows of a matrix; a row may occur several times."""
    # For an expanded index torch sorts the rows. This is its fastest method, and the
    # result has the same bits on any number of threads.
    matrix.scatter_add_(0, rows.unsqueeze(1).expand_as(values), values)
