"""The moves of a rank: how far the rows of its model are from what all ranks share.

A record is the move of a row and the growth of its accumulator. It is sent as bfloat16.
What rounding leaves stays in the row, and is sent in its next merge (Seide et al.,
2014, "1-Bit Stochastic Gradient Descent and its Application to Data-Parallel
Distributed Training of Speech DNNs"). Records are in tensors of shape

    (world_size, n_each, 2, vector_size + 1)

where row r of the centers and the contexts is at [r % world_size, r // world_size]. So
the row is summed by rank r % world_size, for all ranks. Since only one rank computes
the sum, all ranks add the same bits, also if their CPUs round differently.

`merging.py` has the formulas.
"""

import torch
from torch import Tensor

from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import MOMENTUM


class TorchMoves:
    """The moves of a rank, by torch.

    Parameters
    ----------
    model : SkipGram
        The model of the rank.
    world_size : int
        The number of ranks.
    """

    def __init__(self, model: SkipGram, world_size: int) -> None:
        self.vectors = model.vectors  # (2, n_words, d)
        self.squares = model.solver_state["sum_of_squares"]  # (2, n_words)
        self.world_size = world_size
        self.shared_vectors = self.vectors.clone()
        self.shared_squares = self.squares.clone()
        _, n_words, d = self.vectors.shape
        n_each = -(-n_words // world_size)
        # The last merged moves of the rows that this rank sums, before rounding.
        self.velocities = self.vectors.new_zeros(n_each, 2, d)

    def take(self, n_rows: int, records: Tensor) -> None:
        """Write the moves of the first rows."""
        n_each, d = records.shape[1], self.vectors.shape[2]
        by_row = records.new_zeros(2, n_each * self.world_size, d + 1)
        rows = slice(n_rows)
        by_row[:, rows, :d] = self.vectors[:, rows] - self.shared_vectors[:, rows]
        growths = self.squares[:, rows] - self.shared_squares[:, rows]
        # Rounded down, so that what is sent is never more than the growth.
        by_row[:, rows, d] = (growths.view(torch.int32) & -0x10000).view(torch.float32)
        by_place = by_row.view(2, n_each, self.world_size, d + 1)
        records.copy_(by_place.permute(2, 1, 0, 3))

    def sum(self, received: Tensor, merged: Tensor) -> None:
        """Merge what all ranks moved the rows of this rank, by rank."""
        numbers = received.float()  # (world_size, n_each, 2, d + 1)
        moves, growths = numbers[..., :-1], numbers[..., -1]
        sums = moves.sum(0)  # (n_each, 2, d)
        scales = moves.square().sum((0, 3)) / sums.square().sum(2)  # (n_each, 2)
        # Also for rows that no rank moved, and rows whose moves cancel.
        scales = scales.nan_to_num_(1.0).clamp_(1 / self.world_size, 1)
        velocities = self.velocities[: len(sums)]
        velocities.mul_(MOMENTUM).addcmul_(sums, scales[:, :, None])
        merged[..., :-1] = velocities  # merged is (n_each, 2, d + 1)
        merged[..., -1] = growths.sum(0) * scales.square()

    def add(self, merged: Tensor, moves: Tensor, n_rows: int) -> None:
        """Add merged moves to the first rows, instead of the rank's own moves."""
        of_all = _by_row(merged)[:, :n_rows].float()  # (2, n_rows, d + 1)
        change = of_all - _by_row(moves)[:, :n_rows].float()
        rows = slice(n_rows)
        self.vectors[:, rows] += change[..., :-1]
        self.shared_vectors[:, rows] += of_all[..., :-1]
        self.squares[:, rows] += change[..., -1]
        self.shared_squares[:, rows] += of_all[..., -1]


def _by_row(by_rank: Tensor) -> Tensor:
    """Return records in the order of rows, (2, world_size * n_each, d + 1)."""
    return by_rank.permute(2, 1, 0, 3).flatten(1, 2)
