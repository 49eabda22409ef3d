"""Merges: rows of the matrices become the same on all ranks, many times in a training.

Rows of frequent words are merged more often. The last merge of an epoch has all rows.

Since the last merge, rank r has moved a row by D_r. If the ranks moved it in different
directions, as is usual for a rare word, one process that read all documents would have
moved it by about the sum of the D_r. If all moved it towards the same place, as is
usual for a frequent word, the sum would overshoot, and their mean is right. So the row
moves by

    M = scale * (sum of D_r) + MOMENTUM * (M of the last merge)

    scale = (sum of |D_r|^2) / |sum of D_r|^2,    at most 1

where the scale is 1 for moves at right angles, and 1 / n for n equal moves; ranks that
did not move the row do not count. Maleki et al. (2021), "Scaling Distributed Training
with Adaptive Summation", interpolate between the sum and the mean likewise, for two
gradients at a time and each layer. Here, one factor serves all ranks, for each row.

Rows that all ranks move in one direction progress slowly when moves are averaged. The
momentum of merged moves makes up for that (Chen and Huo, 2016, "Scalable Training of
Deep Learning Machines by Incremental Block Training with Intra-Block Parallel
Optimization and Blockwise Model-Update Filtering").

The growth of AdaGrad's accumulators is summed and multiplied by the square of the
scale, since they sum squares of gradients.

While moves are sent and summed, the ranks train on. They add the merged moves when the
next merge begins, in place of their own moves (Shen et al., 2019, "Faster Distributed
Deep Net Training: Computation and Communication Decoupled Stochastic Gradient
Descent"). So a merge is added after a certain step, and not after a certain time, and
the same seed gives the same result. In the first steps, and at the end of an epoch,
ranks wait for each merge.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import NamedTuple, Protocol

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._ranks import RankFailedError, Ranks, require_equal
from sklearn_w2v._skipgram.compiled_moves import CompiledMoves
from sklearn_w2v._skipgram.devices import CPU, wait_for_device
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.moves import TorchMoves
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.threads import ThreadPool


class Moves(Protocol):
    """Takes, sums and adds the moves of the rows of a rank; see `moves.py`."""

    #: The model with the moves that all ranks have added: the same bits on all of them.
    shared_vectors: Tensor  # (2, n_words, d)
    shared_squares: Tensor  # (2, n_words)

    def take(self, n_rows: int, records: Tensor) -> None:
        """Write the moves of the first rows."""

    def sum(self, received: Tensor, merged: Tensor) -> None:
        """Merge the moves of the rows that this rank sums."""

    def add(self, merged: Tensor, moves: Tensor, n_rows: int) -> None:
        """Add merged moves to the first rows, instead of the rank's own moves."""


class Merge(NamedTuple):
    """A merge whose moves are being sent and summed."""

    n_rows: int
    moves: Tensor  # of this rank, (world_size, n_each, 2, d + 1)
    merged: "Future[Tensor]"  # moves of all ranks, of the same shape


class Merger:
    """Merges the model of a rank with those of the other ranks.

    Parameters
    ----------
    model : SkipGram
        The same on all ranks.
    plan : TrainingPlan
        When merges are due, and the implementation.
    ranks : Ranks
        All ranks of the training.
    threads : ThreadPool
        The threads of the training, which do not wait for other ranks.
    """

    def __init__(
        self, model: SkipGram, plan: TrainingPlan, ranks: Ranks, threads: ThreadPool
    ) -> None:
        self.model, self.plan, self.ranks = model, plan, ranks
        self.squares = model.solver_state["sum_of_squares"]  # (2, n_words)
        self.moves: Moves = (
            CompiledMoves(model, ranks.world_size, threads)
            if plan.implementation == "compiled"
            else TorchMoves(model, ranks.world_size)
        )
        self.n_begun = 0  # merges, without those at the end of an epoch
        self.next_n_rows: deque[int] = deque()  # of the next merges
        self.pending: Merge | None = None
        # Memory for moves to send, for what is received, and for merged moves to send:
        # new memory for each merge would take longer than the rest of it.
        n_each = -(-plan.n_words // ranks.world_size)
        shape = 3, ranks.world_size * n_each * 2 * (plan.vector_size + 1)
        self.memory = model.vectors.new_empty(shape, dtype=torch.bfloat16)

    def check_start(self) -> None:
        """Raise a ValueError if the models of the ranks differ."""
        state = self.moves.shared_vectors, self.moves.shared_squares
        require_equal(
            self.ranks,
            "initial vectors",
            lambda: {"hash": joblib.hash([t.to(CPU).numpy() for t in state])},
            "Pass the same init_vectors to all ranks, or let all of them continue the "
            "same fit.",
        )

    @contextmanager
    def epoch(self, epoch: int) -> Iterator[None]:
        """Merge in the course of an epoch, and let all ranks end it with one model."""
        _, n_due = self.plan.merges_due(np.array([epoch, epoch + 1]))
        numbers = range(self.n_begun + 1, int(n_due) + 1)
        with self.merges([*map(self._n_rows, numbers), self.plan.n_words]):
            yield
        self.n_begun = int(n_due)

    @contextmanager
    def merges(self, n_rows: Iterable[int]) -> Iterator[None]:
        """Make merges of so many rows, the last one of all, in the block or at its end.

        A rank that fails in the block lets the others know in the next merge.
        """
        self.next_n_rows = deque(n_rows)
        try:
            yield
            while self.next_n_rows:
                self._begin()
            self._end()
        except RankFailedError:
            raise
        except Exception:
            self._fail()
            raise
        # What rounding has left of the moves is not the same on all ranks.
        self.model.vectors.copy_(self.moves.shared_vectors)
        self.squares.copy_(self.moves.shared_squares)

    def stretches(self, epochs_read: NDArray[np.float64]) -> Iterator[slice]:
        """Split steps where merges are due, after the steps at these positions."""
        due = self.plan.merges_due(epochs_read)
        ends = np.flatnonzero(np.diff(due, prepend=self.n_begun) > 0) + 1
        begin = 0
        for end in (*ends.tolist(), len(due)):
            if begin < end:
                yield slice(begin, end)
            begin = end

    def merge_due(self, epochs_read: float) -> None:
        """Begin the merges that are due when so many epochs have been read."""
        (n_due,) = self.plan.merges_due(np.array([epochs_read]))
        while self.n_begun < n_due:
            self.n_begun += 1
            self._begin()
            if epochs_read < self.plan.waiting_epochs:
                self._end()

    def _n_rows(self, number: int) -> int:
        """Return the rows of a merge: a multiple of the number of ranks, or all."""
        n_ranks = self.ranks.world_size
        n_rows = -(-self.plan.rows_of_merge(number) // n_ranks) * n_ranks
        return min(n_rows, self.plan.n_words)

    def _begin(self) -> None:
        """Add the pending merge, if there is one, and begin the next one."""
        self._end()
        moves = self._records(0, self.next_n_rows[0])
        self.moves.take(self.next_n_rows[0], moves)
        self.pending = self._send(moves)

    def _records(self, which: int, n_rows: int) -> Tensor:
        """Return memory for records of the first rows."""
        world_size = self.ranks.world_size
        shape = world_size, -(-n_rows // world_size), 2, self.plan.vector_size + 1
        return self.memory[which, : math.prod(shape)].view(shape)

    def _send(self, moves: Tensor) -> Merge:
        """Send the moves of the next merge."""
        wait_for_device(moves.device)
        merge = Merge(self.next_n_rows.popleft(), moves, Future())
        # A daemon, since an interrupt ends the training while it waits for other ranks.
        Thread(target=self._exchange, args=(merge,), daemon=True).start()
        return merge

    def _exchange(self, merge: Merge) -> None:
        """Set the merged moves of a merge, in a thread of its own."""
        try:
            _prepare_thread(merge.moves.device)
            merge.merged.set_result(self._merged(merge))
        except Exception as error:
            merge.merged.set_exception(error)

    def _merged(self, merge: Merge) -> Tensor:
        """Return the merged moves of the rows, each of which one rank has summed."""
        received, to_all = (self._records(which, merge.n_rows) for which in (1, 2))
        self.ranks.all_to_all(received, merge.moves)
        try:
            self.moves.sum(received, to_all[0])
        except Exception:
            to_all[0].fill_(math.nan)  # so that the other ranks hear of it
            raise
        finally:
            to_all[1:] = to_all[0]
            self.ranks.all_to_all(received, to_all)
        wait_for_device(received.device)
        return received

    def _end(self) -> None:
        """Wait for the pending merge, if there is one, and add it."""
        if self.pending is None:
            return
        n_rows, moves, future = self.pending
        with self.ranks.naming_lost_ranks():
            merged = future.result()
        self.pending = None
        if merged[:, 0, 0, 0].isnan().any():  # the first row that each rank has summed
            # Another rank has failed, unless the training has diverged.
            self.ranks.barrier("a merge of the matrices")
        self.moves.add(merged, moves, n_rows)

    def _fail(self) -> None:
        """Send moves that are nan in the next merge, unless all ranks hear of it."""
        # An exchange has to end before the next one.
        hear_of_it = self.pending is not None and self.pending.merged.exception()
        if self.next_n_rows and not hear_of_it:
            nan = self._records(0, self.next_n_rows[0]).fill_(math.nan)
            self._send(nan).merged.exception()  # waits for the other ranks


def _prepare_thread(device: torch.device) -> None:
    """Let a new thread compute as the calling one does."""
    torch.set_num_threads(1)
    if device.type == "cuda":
        torch.cuda.set_device(device)
