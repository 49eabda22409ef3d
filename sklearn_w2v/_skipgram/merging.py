"""The matrices of several ranks become one, again and again while they train.

Since they last merged, each rank has moved a row by D_r. Where each moved it in another
direction, as rare words are moved by the few documents that hold them, one process that
read all of it would have come to about the sum of these. Where all moved it to the same
place, as frequent words in many steps, the sum would be far beyond it, and their mean
is right. So the row moves by

    scale * (sum of D_r),    scale = (sum of |D_r|^2) / |sum of D_r|^2

which is 1 for moves at right angles, and 1 / n for n moves that are equal; a rank that
did not touch the row does not count. This is the idea of Maleki et al. (2021), "Scaling
Distributed Training with Adaptive Summation", for each row and all ranks at once. What
AdaGrad's accumulators grew by is summed with the square of that scale, as it is made of
squares: gradients that are scaled so would have brought the row there.

The words of a vocabulary stand by falling counts: merges of the first rows alone come
more often.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from sklearn_w2v._ranks import Ranks
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan

#: Rows of the smallest merges. Every second one has twice as many, every fourth four
#: times as many, and so on.
FEWEST_ROWS = 4096


class Merger:
    """Merges a model with those of the other ranks as an epoch goes on.

    Parameters
    ----------
    model : SkipGram
        The same on all ranks when this is made.
    plan : TrainingPlan
        Says how many merges an epoch has, which are none for a rank alone.
    ranks : Ranks
        Who else trains.
    """

    def __init__(self, model: SkipGram, plan: TrainingPlan, ranks: Ranks) -> None:
        self.model, self.plan, self.ranks = model, plan, ranks
        self.n_merges = 0  # in this epoch
        if plan.merges_an_epoch:
            self._squares_now = model.solver_state["sum_of_squares"]  # (2, n_words)
            # Where all ranks were when they last merged.
            # (2, n_words, d), without gaps between rows
            self.vectors = model.vectors.clone(memory_format=torch.contiguous_format)
            self.squares = self._squares_now.clone()  # (2, n_words)

    def stretches(self, shares: NDArray[np.float64]) -> Iterator[slice]:
        """Cut steps where merges are due, after those that begin at these shares."""
        due = np.floor(shares * self.plan.merges_an_epoch)
        ends = np.flatnonzero(np.diff(due, prepend=self.n_merges) > 0) + 1
        begin = 0
        for end in (*ends.tolist(), len(shares)):
            if begin < end:
                yield slice(begin, end)
            begin = end

    def read(self, share: float) -> None:
        """Make the merges that are due when this share of the epoch is read."""
        while self.n_merges < math.floor(share * self.plan.merges_an_epoch):
            self.n_merges += 1
            self.ranks.meet("a merge of the matrices")
            self._merge(self._n_rows())

    def epoch_ends(self) -> None:
        """Make the merges that are left, the last one of all rows."""
        self.read(1.0)
        self.n_merges = 0
        # Processors of several kinds may round in several ways.
        self.take_first("the end of an epoch")

    def take_first(self, place: str) -> None:
        """Take the model of rank 0."""
        if not self.plan.merges_an_epoch:
            return
        self.ranks.meet(place)
        # Of what is sent, numbers have to stand side by side.
        self.vectors.copy_(self.model.vectors)
        self.squares.copy_(self._squares_now)
        for tensor in (*self.vectors, *self.squares):
            self.ranks.take_first(tensor)
        self.model.vectors.copy_(self.vectors)
        self._squares_now.copy_(self.squares)

    def _n_rows(self) -> int:
        if self.n_merges == self.plan.merges_an_epoch:
            return self.plan.n_words
        largest_power = self.n_merges & -self.n_merges  # of 2 in the merge's number
        return min(FEWEST_ROWS * largest_power, self.plan.n_words)

    def _merge(self, n_rows: int) -> None:
        before, squares_before = self.vectors[:, :n_rows], self.squares[:, :n_rows]
        d = before.shape[2]
        sums = before.new_empty(2, n_rows, d + 2)
        moves = sums[:, :, :d]
        growths, lengths = sums[:, :, d], sums[:, :, d + 1]  # each (2, n_rows)
        torch.sub(self.model.vectors[:, :n_rows], before, out=moves)
        torch.sub(self._squares_now[:, :n_rows], squares_before, out=growths)
        lengths.copy_(torch.linalg.vector_norm(moves, dim=2).square_())
        self.ranks.add_up(sums)

        scales = lengths / torch.linalg.vector_norm(moves, dim=2).square_()
        # Rows that nobody moved, and those that all moved against one another.
        scales.nan_to_num_(1.0).clamp_(1 / self.ranks.world_size, 1)
        before.addcmul_(moves, scales[:, :, None])
        squares_before.addcmul_(growths, scales.square())
        self.model.vectors[:, :n_rows] = before
        self._squares_now[:, :n_rows] = squares_before
