"""The compiled moves of a rank: the interface to `moves.c`.

They equal those of `moves.py`, bit for bit where nothing is summed.
"""

from functools import partial

from torch import Tensor

from sklearn_w2v._skipgram.library import ModelOfRanks, empty_vectors, load_library
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import MOMENTUM
from sklearn_w2v._skipgram.threads import ThreadPool

#: Rows for each thread, at least: fewer are not worth starting one.
ROWS_PER_THREAD = 1024


class CompiledMoves:
    """Takes, sums and adds the moves of rows, as `TorchMoves` does.

    Parameters
    ----------
    model : SkipGram
        The model of the rank. Its vectors are in memory from `empty_vectors`.
    world_size : int
        The number of ranks.
    threads : ThreadPool
        The threads that share the rows.
    """

    def __init__(self, model: SkipGram, world_size: int, threads: ThreadPool) -> None:
        library = load_library()
        if library is None:
            raise RuntimeError("The compiled moves were not built.")
        self.library, self.world_size, self.threads = library, world_size, threads
        self.vectors = model.vectors  # (2, n_words, d)
        self.squares = model.solver_state["sum_of_squares"]  # (2, n_words)
        _, n_words, self.d = self.vectors.shape
        self.shared_vectors = empty_vectors(n_words, self.d).copy_(self.vectors)
        self.shared_squares = self.squares.clone()
        n_each = -(-n_words // world_size)
        self.velocities = self.vectors.new_zeros(n_each, 2, self.d)
        self.sums = self.vectors.new_empty(2, self.d)
        self.struct = ModelOfRanks(
            velocities=self.velocities.data_ptr(),
            vector_size=self.d,
            row_length=self.vectors.stride(1),
            world_size=world_size,
            momentum=MOMENTUM,
        )
        for i in (0, 1):
            self.struct.matrices[i] = self.vectors[i].data_ptr()
            self.struct.squares[i] = self.squares[i].data_ptr()
            self.struct.shared_matrices[i] = self.shared_vectors[i].data_ptr()
            self.struct.shared_squares[i] = self.shared_squares[i].data_ptr()

    def take(self, n_rows: int, records: Tensor) -> None:
        """Write the moves of the first rows."""
        n_each = records.shape[1]
        if n_rows < n_each * self.world_size:
            records.zero_()
        take = partial(self.library.take_moves, self.struct, records.data_ptr(), n_each)
        self._share(take, n_rows)

    def sum(self, received: Tensor, merged: Tensor) -> None:
        """Merge what all ranks moved the rows of this rank, by rank."""
        pointers = received.data_ptr(), merged.data_ptr(), self.sums.data_ptr()
        self.library.sum_moves(self.struct, *pointers, len(merged))

    def add(self, merged: Tensor, moves: Tensor, n_rows: int) -> None:
        """Add merged moves to the first rows, instead of the rank's own moves."""
        pointers = merged.data_ptr(), moves.data_ptr()
        n_each = merged.shape[1]
        add = partial(self.library.add_merged, self.struct, *pointers, n_each)
        self._share(add, n_rows)

    def _share(self, function: "partial[None]", n_rows: int) -> None:
        """Call a function for all rows, on several threads."""
        n_calls = min(self.threads.n_threads, -(-n_rows // ROWS_PER_THREAD))
        ends = [n_rows * i // n_calls for i in range(n_calls + 1)]
        self.threads.run([partial(function, *ends[i : i + 2]) for i in range(n_calls)])
