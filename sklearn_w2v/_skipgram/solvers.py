"""How gradients change vectors in torch: AdaGrad, Adam, and word2vec's plain rule.

A solver takes the gradients of rows of a matrix, a row as often as it was used, and
moves the rows.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from sklearn_w2v._parameters import SolverName

#: A tensor where a step is recorded, to be played at other rates.
Rate = float | Tensor


class Solver(Protocol):
    """How gradients change the rows of a matrix."""

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Descend by rows, each as often as it occurs; may use the gradient up."""


class AdaGrad:
    """AdaGrad (Duchi et al., 2011) with one accumulator for a row.

    Frequent words collect the gradients of hundreds of pairs in one step; their
    accumulators grow accordingly, where a fixed step length would diverge.
    """

    def __init__(self, matrix: Tensor, *, sum_of_squares: Tensor) -> None:
        self.matrix = matrix
        self.sum_of_squares = sum_of_squares  # (n_rows of the matrix,)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Descend by rows, each as often as it occurs; uses the gradient up."""
        squares = torch.linalg.vector_norm(gradient, dim=1).square_()
        self.sum_of_squares.scatter_add_(0, rows, squares)
        # The learning rate over the root of the mean square.
        rates = self.sum_of_squares.index_select(0, rows).rsqrt_()
        rates *= -learning_rate * math.sqrt(gradient.shape[1])
        _add_to_rows(self.matrix, rows, gradient.mul_(rates.unsqueeze(1)))


class Adam:
    """Adam (Kingma and Ba, 2015) on the rows that a step touches, and no others."""

    DECAY_1, DECAY_2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        self.n_steps = 0
        self.mean = torch.zeros_like(matrix)
        self.mean_of_squares = torch.zeros_like(matrix)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Descend by rows, the gradients of equal rows summed."""
        touched, place = rows.unique(return_inverse=True)  # (n_touched,), (n_rows,)
        summed = gradient.new_zeros(len(touched), gradient.shape[1])
        _add_to_rows(summed, place, gradient)

        self.n_steps += 1
        mean = self.mean[touched].lerp_(summed, 1 - self.DECAY_1)
        squares = self.mean_of_squares[touched].lerp_(summed.square(), 1 - self.DECAY_2)
        self.mean[touched], self.mean_of_squares[touched] = mean, squares
        # The step length with both corrections of the bias towards the zero start.
        rate = learning_rate / (1 - self.DECAY_1**self.n_steps)
        scale = (squares / (1 - self.DECAY_2**self.n_steps)).sqrt_().add_(self.EPSILON)
        self.matrix[touched] -= rate * mean / scale


class SGD:
    """word2vec's own rule: the learning rate times the gradient of each pair."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: Rate) -> None:
        """Descend by rows, each as often as it occurs; uses the gradient up."""
        _add_to_rows(self.matrix, rows, gradient.mul_(-learning_rate))


SOLVERS: dict[SolverName, type[AdaGrad] | type[Adam] | type[SGD]] = {
    "adagrad": AdaGrad,
    "adam": Adam,
    "sgd": SGD,
}


def initial_state(solver: SolverName, vectors: Tensor) -> dict[str, Tensor]:
    """Return what a training that goes on needs of a solver, as it is in the beginning.

    By the names that the solver has for it, each (2, n_words). Adam's means are not
    among it: a training that goes on begins them anew.
    """
    if solver != "adagrad":
        return {}
    shape, vector_size = vectors.shape[:2], vectors.shape[2]
    # From 0 the first step of a rare word would have full length in a direction that is
    # nearly random. 0.1 is the mean square of a gradient's elements.
    return {"sum_of_squares": vectors.new_full(shape, 0.1 * vector_size)}


def _add_to_rows(matrix: Tensor, rows: Tensor, values: Tensor) -> None:
    """Add values (n_rows, d) to rows of a matrix, those of equal rows summed."""
    # The expanded index takes torch's path that sorts the rows: the fastest of its ways
    # to do this, and with the same bits on any number of threads.
    matrix.scatter_add_(0, rows.unsqueeze(1).expand_as(values), values)
