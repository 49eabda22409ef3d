"""Compiled steps of skip-gram with negative sampling: the interface to `steps.c`.

They run on the CPU in float32, and equal those of `torch_steps.py` up to rounding.
"""

from collections.abc import Sequence

import joblib
import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._skipgram.library import (
    CACHE_LINE,
    ChunkOfSteps,
    address,
    load_library,
)
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.sampler import Chunk
from sklearn_w2v._skipgram.threads import ThreadPool

#: Shards of a matrix, for each thread and at most: enough to share them evenly, and few
#: enough that the rows of a shard are close to one another in memory.
SHARDS_PER_THREAD = 4
MAX_SHARDS = 32

#: Seconds after which a thread returns to Python, which handles Ctrl-C.
SECONDS_PER_CALL = 0.1


class CompiledSteps:
    """Trains a model by compiled steps.

    Parameters
    ----------
    model : SkipGram
        The model, which is changed in place. Its vectors are in memory from
        `empty_vectors`.
    plan : TrainingPlan
        The weights of pairs and of noise words.
    threads : ThreadPool
        The threads that share a step. The result does not depend on their number.
    width : int or None
        The width of SIMD vectors in floats: 4, 8 or 16; None for the CPU's widest.
    """

    def __init__(
        self,
        model: SkipGram,
        plan: TrainingPlan,
        threads: ThreadPool,
        width: int | None = None,
    ) -> None:
        library = load_library()
        if library is None or model.solver == "adam":
            raise RuntimeError(
                "The compiled steps were not built, or cannot train with Adam."
            )
        self.library, self.model, self.threads = library, model, threads
        self.layout = plan.layout
        # SIMD vectors read beyond the last offset, where the weights are 0.
        by_offset = np.append(plan.weights_by_offset, np.zeros(CACHE_LINE))
        self.weights_by_offset = by_offset.astype(np.float32)
        within = np.append(0, np.cumsum(plan.pair_weights))
        self.weights_within = within.astype(np.float32)
        self.schedule = _zeros(-(-library.schedule_size() // 4))
        self.gradients = _zeros(0)
        self.workspaces: dict[int, NDArray[np.float32]] = {}  # of each thread
        self.n_shards = shards_for(threads.n_threads)
        self.is_oversubscribed = threads.n_threads > joblib.cpu_count()
        self.width = library.simd_width() if width is None else width
        self.noise_weight = plan.negative / plan.layout.n_noise

    def train_chunk(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk; return summed loss and weight, where asked for."""
        losses, weights = self._run(chunk, learning_rates, with_loss, trains=True)
        step_of_part = np.arange(chunk.n_parts) // chunk.layout.parts_per_step
        is_asked = np.asarray(with_loss, dtype=bool)[step_of_part]
        return float(losses[is_asked].sum()), float(weights[is_asked].sum())

    def chunk_loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""
        n_steps = chunk.n_steps
        rates, with_loss = [0.0] * n_steps, [True] * n_steps
        losses, weights = self._run(chunk, rates, with_loss, trains=False)
        return float(losses.sum()), float(weights.sum())

    def _run(
        self,
        chunk: Chunk,
        learning_rates: Sequence[float],
        with_loss: Sequence[bool],
        *,
        trains: bool,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run the steps of a chunk; return the loss and the weight of each part."""
        if chunk.layout != self.layout:  # for which the workspaces are allocated
            raise ValueError(
                f"The chunk has {chunk.layout}, but the plan has {self.layout}."
            )
        with np.errstate(over="ignore"):  # a rate may be infinite, as with torch
            rates = np.asarray(learning_rates, dtype=np.float32)
        is_asked = np.asarray(with_loss, dtype=np.uint8)
        losses, weights = np.zeros((2, chunk.n_parts))
        steps = self._steps_of(chunk, trains)
        steps.learning_rates, steps.with_loss = address(rates), address(is_asked)
        steps.losses, steps.pair_weights = address(losses), address(weights)
        length = self.library.gradients_length(steps)
        if length > len(self.gradients):
            self.gradients = _zeros(0)  # frees the memory before more is allocated
            self.gradients = _zeros(length)
        steps.gradients = address(self.gradients)
        steps.schedule = address(self.schedule)
        self.library.prepare(steps)

        def run_tasks() -> None:
            workspace = address(self._workspace(steps))
            try:
                while not self.library.run_tasks(steps, workspace, SECONDS_PER_CALL):
                    pass
            except BaseException:  # such as Ctrl-C, which has to stop all threads
                self.library.stop(steps)
                raise

        self.threads.run([run_tasks] * self.threads.n_threads)
        return losses, weights

    def _steps_of(self, chunk: Chunk, trains: bool) -> ChunkOfSteps:
        """Return the steps of a chunk, without the arrays of one call."""
        vectors, layout = self.model.vectors, chunk.layout
        steps = ChunkOfSteps(
            words=chunk.words.data_ptr(),
            sentences=chunk.sentences.data_ptr(),
            noise=chunk.noise.data_ptr(),
            weights_by_offset=address(self.weights_by_offset),
            weights_within=address(self.weights_within),
            n_parts=chunk.n_parts,
            parts_per_step=layout.parts_per_step,
            groups_per_part=layout.groups_per_part,
            group_length=layout.group_length,
            vector_size=vectors.shape[2],
            row_length=vectors.stride(1),
            reach=chunk.reach,
            n_noise=layout.n_noise,
            n_shards=self.n_shards,
            trains=trains,
            is_oversubscribed=self.is_oversubscribed,
            width=self.width,
            noise_weight=self.noise_weight,
        )
        squares = self.model.solver_state.get("sum_of_squares")
        for i, matrix in enumerate(vectors):
            steps.matrices[i] = matrix.data_ptr()
            if squares is not None:
                steps.squares[i] = squares[i].data_ptr()
        if self.model.trainable is not None:
            steps.trainable = self.model.trainable.data_ptr()
        return steps

    def _workspace(self, steps: ChunkOfSteps) -> NDArray[np.float32]:
        """Return the workspace of the calling thread, which all chunks share."""
        worker = self.threads.current()
        if worker not in self.workspaces:
            self.workspaces[worker] = _zeros(self.library.workspace_length(steps))
        return self.workspaces[worker]


def shards_for(n_threads: int) -> int:
    """Return the number of shards of a matrix: a power of two, 1 for one thread."""
    if n_threads == 1:
        return 1
    n_shards = min(SHARDS_PER_THREAD * n_threads, MAX_SHARDS)
    return int(1 << (n_shards.bit_length() - 1))


def _zeros(length: int) -> NDArray[np.float32]:
    """Return zeros that start at a cache line."""
    zeros = np.zeros(length + CACHE_LINE, dtype=np.float32)
    first = -(zeros.ctypes.data // zeros.itemsize) % CACHE_LINE
    return zeros[first : first + length]
