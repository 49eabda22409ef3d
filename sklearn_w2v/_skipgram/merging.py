"""Merges: rows of the matrices become the same on all ranks, many times in an epoch.

Words are sorted by falling counts, so the first rows are merged more often. The last
merge of an epoch covers all rows.

Since the last merge, rank r has moved a row by D_r. Where the ranks moved it in
different directions, as the few documents with a rare word do, one process that read
all documents would have moved it by about the sum of these. Where all moved it to the
same place, as many steps with a frequent word do, the sum would go far beyond that
place, and their mean is right. So the row moves by

    scale * (sum of D_r),    scale = (sum of |D_r|^2) / |sum of D_r|^2

which is 1 for moves at right angles, and 1 / n for n equal moves; ranks that did not
move the row do not count. This is the idea of Maleki et al. (2021), "Scaling
Distributed Training with Adaptive Summation", for each row and all ranks at once. The
growth of AdaGrad's accumulators is summed and multiplied by the square of the scale,
since they sum squares: gradients scaled like this would have moved the row as far.
"""

import math
from collections.abc import Iterator

import joblib
import numpy as np
import torch
from numpy.typing import NDArray

from sklearn_w2v._ranks import Ranks, require_equal
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan

#: Rows of the smallest merges. Every second merge has twice as many, every fourth four
#: times as many, and so on.
FEWEST_ROWS = 4096


class Merger:
    """Merges the model of a rank with those of the other ranks.

    Parameters
    ----------
    model : SkipGram
        The same on all ranks.
    plan : TrainingPlan
        The number of merges in an epoch.
    ranks : Ranks
        All ranks of the training.
    """

    def __init__(self, model: SkipGram, plan: TrainingPlan, ranks: Ranks) -> None:
        self.model, self.plan, self.ranks = model, plan, ranks
        self.n_merges = 0  # in this epoch
        self._squares_now = model.solver_state["sum_of_squares"]  # (2, n_words)
        # What all ranks had after the last merge.
        # (2, n_words, d), without gaps between rows
        self.vectors = model.vectors.clone(memory_format=torch.contiguous_format)
        self.squares = self._squares_now.clone()  # (2, n_words)

    def check_start(self) -> None:
        """Raise a ValueError if the models of the ranks differ."""
        require_equal(
            self.ranks,
            "initial vectors",
            lambda: {"hash": joblib.hash([self._to_numpy()])},
            "Pass the same init_vectors to all ranks, or let all of them continue the "
            "same fit.",
        )

    def stretches(self, shares: NDArray[np.float64]) -> Iterator[slice]:
        """Split steps where merges are due, after the steps at these shares."""
        due = np.floor(shares * self.plan.merges_per_epoch)
        ends = np.flatnonzero(np.diff(due, prepend=self.n_merges) > 0) + 1
        begin = 0
        for end in (*ends.tolist(), len(shares)):
            if begin < end:
                yield slice(begin, end)
            begin = end

    def merge_due(self, share: float) -> None:
        """Make the merges that are due when this share of the epoch has been read."""
        while self.n_merges < math.floor(share * self.plan.merges_per_epoch):
            self.n_merges += 1
            self.ranks.barrier("a merge of the matrices")
            self._merge(self._n_rows())

    def end_epoch(self) -> None:
        """Make the merges that are left, the last one of all rows."""
        self.merge_due(1.0)
        self.n_merges = 0
        # CPUs of different kinds may have rounded differently.
        self.broadcast("the end of an epoch")

    def broadcast(self, where: str) -> None:
        """Replace the model by that of rank 0."""
        self.ranks.barrier(where)
        # Collective operations need contiguous tensors.
        self.vectors.copy_(self.model.vectors)
        self.squares.copy_(self._squares_now)
        for tensor in (*self.vectors, *self.squares):
            self.ranks.broadcast(tensor)
        self.model.vectors.copy_(self.vectors)
        self._squares_now.copy_(self.squares)

    def _to_numpy(self) -> list[NDArray[np.float32]]:
        return [tensor.to(CPU).numpy() for tensor in (self.vectors, self.squares)]

    def _n_rows(self) -> int:
        if self.n_merges == self.plan.merges_per_epoch:
            return self.plan.n_words
        largest_power = self.n_merges & -self.n_merges  # of 2 that divides n_merges
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
        self.ranks.all_reduce(sums)

        scales = lengths / torch.linalg.vector_norm(moves, dim=2).square_()
        # Rows that no rank moved, and rows whose moves cancel.
        scales.nan_to_num_(1.0).clamp_(1 / self.ranks.world_size, 1)
        before.addcmul_(moves, scales[:, :, None])
        squares_before.addcmul_(growths, scales.square())
        self.model.vectors[:, :n_rows] = before
        self._squares_now[:, :n_rows] = squares_before
