"""Steps of skip-gram with negative sampling, compiled: what calls `steps.c`.

They make what `torch_steps.py` makes, to rounding, on the processor and in float32. The
library is built where there was a compiler when the package was installed; it is no
module of Python's, but is called by ctypes, which lets other threads of Python run
meanwhile.
"""

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import SolverName, TrainingPlan
from sklearn_w2v._skipgram.sampler import Chunk
from sklearn_w2v._skipgram.threads import Team
from sklearn_w2v._warnings import warn

#: Requires the compiled steps where it is "1", and forbids them where it is "0": when
#: the package is built, and when it trains.
VARIABLE = "SKLEARN_W2V_COMPILED"

#: What `.build/backend.py` makes of `steps.c`.
LIBRARY = Path(__file__).with_name("_steps.so")

#: Numbers of a line of the processor's cache. Rows begin where one does.
LINE = 16

#: Shards of the rows of a matrix, for each thread: enough to share them evenly, and few
#: enough that the rows of each lie near one another; and all of them, at most.
SHARDS_A_THREAD = 4
MAX_SHARDS = 32

#: Seconds after which a thread comes back to Python, where Ctrl-C may wait for it.
SECONDS_AWAY = 0.1


class ChunkOfSteps(ctypes.Structure):
    """`Chunk` of `steps.h`, where its fields are explained."""

    _fields_ = (
        ("matrices", ctypes.c_void_p * 2),
        ("squares", ctypes.c_void_p * 2),
        ("trainable", ctypes.c_void_p),
        ("words", ctypes.c_void_p),
        ("documents", ctypes.c_void_p),
        ("noise", ctypes.c_void_p),
        ("weights_by_offset", ctypes.c_void_p),
        ("weights_within", ctypes.c_void_p),
        ("learning_rates", ctypes.c_void_p),
        ("with_loss", ctypes.c_void_p),
        ("losses", ctypes.c_void_p),
        ("pair_weights", ctypes.c_void_p),
        ("gradients", ctypes.c_void_p),
        ("crew", ctypes.c_void_p),
        ("n_parts", ctypes.c_int64),
        ("parts_a_step", ctypes.c_int64),
        ("groups_a_part", ctypes.c_int32),
        ("group_length", ctypes.c_int32),
        ("vector_size", ctypes.c_int32),
        ("row_length", ctypes.c_int32),
        ("reach", ctypes.c_int32),
        ("n_noise", ctypes.c_int32),
        ("n_shards", ctypes.c_int32),
        ("trains", ctypes.c_int32),
        ("is_crowded", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("noise_weight", ctypes.c_float),
    )


@cache
def _library() -> ctypes.CDLL | None:
    """Return the compiled steps, or None where they were not built."""
    if not LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:  # as one of another system
        warn(
            f"The compiled training cannot be loaded ({error}), and torch trains, "
            "which is slower. Install sklearn-w2v again."
        )
        return None
    chunk = ctypes.POINTER(ChunkOfSteps)
    for name, restype, *argtypes in (
        ("chunk_size", ctypes.c_int64),
        ("widest", ctypes.c_int32),
        ("gradients_length", ctypes.c_int64, chunk),
        ("workspace_length", ctypes.c_int64, chunk),
        ("crew_size", ctypes.c_int64),
        ("prepare", None, chunk),
        ("work", ctypes.c_int32, chunk, ctypes.c_void_p, ctypes.c_double),
        ("stop", None, chunk),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = restype, argtypes
    if library.chunk_size() != ctypes.sizeof(ChunkOfSteps):
        raise RuntimeError(
            f"{LIBRARY} was compiled for another release of sklearn-w2v. Install the "
            "package again."
        )
    return library


def can_train(device: torch.device, solver: SolverName) -> bool:
    """Tell whether compiled steps can train here, and may.

    Raises
    ------
    RuntimeError
        If they are required and not there.
    ValueError
        If the environment variable says neither.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "0", "1"):
        raise ValueError(
            f"{VARIABLE}={wanted!r}: 1 requires the compiled training, 0 forbids it."
        )
    if wanted == "0":
        return False
    if _library() is None:
        if wanted == "1":
            raise RuntimeError(
                f"{VARIABLE}=1 requires the compiled training, which was not built "
                "when sklearn-w2v was installed. Install it again where there is a C "
                f"compiler (gcc or clang), or unset {VARIABLE}."
            )
        return False
    return device.type == CPU.type and solver != "adam"


def empty_vectors(n_words: int, vector_size: int) -> Tensor:
    """Return memory for both matrices, (2, n_words, vector_size), in whole lines."""
    row_length = -(-vector_size // LINE) * LINE
    # What fills up the lines has to be 0.
    rows = torch.zeros(2, n_words, row_length, dtype=torch.float32, device=CPU)
    return rows[:, :, :vector_size]


class CompiledSteps:
    """Trains a model by compiled steps.

    Parameters
    ----------
    model : SkipGram
        What is trained; its vectors lie in the memory of `empty_vectors`.
    plan : TrainingPlan
        What pairs and noise words count.
    team : Team
        Who shares the work of a step. The result does not depend on how many they are.
    width : int or None
        Numbers of the processor's vectors: 4, 8 or 16; None for the widest it has.
    """

    def __init__(
        self, model: SkipGram, plan: TrainingPlan, team: Team, width: int | None = None
    ) -> None:
        library = _library()
        if library is None or model.solver == "adam":
            raise RuntimeError("There are no such compiled steps.")
        self.library, self.model, self.team = library, model, team
        self.layout = plan.layout
        weights = plan.pair_weights
        # Behind the last offset is what is read beside it, and counts nothing.
        self.weights_by_offset = np.concatenate(
            [weights[::-1], [0], weights, np.zeros(LINE)], dtype=np.float32
        )
        self.weights_within = np.concatenate(
            [[0], np.cumsum(weights)], dtype=np.float32
        )
        self.crew, self.gradients = _zeros(-(-library.crew_size() // 4)), _zeros(0)
        self.workspaces: dict[int, NDArray[np.float32]] = {}  # of each thread
        self.n_shards = _shards(team.n_threads)
        self.is_crowded = team.n_threads > joblib.cpu_count()
        self.width = library.widest() if width is None else width
        self.noise_weight = plan.negative / plan.layout.n_noise

    def train(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk, and return summed loss and weight of some of them.

        Of those with the loss, which is that before the step.
        """
        with np.errstate(over="ignore"):  # a rate may be infinite, as for torch
            rates = np.asarray(learning_rates, dtype=np.float32)
        losses, weights = self._run(
            chunk,
            learning_rates=rates,
            with_loss=np.asarray(with_loss, dtype=np.uint8),
            trains=True,
        )
        step_of_part = np.arange(chunk.n_parts) // chunk.layout.parts_a_step
        is_asked = np.asarray(with_loss, dtype=bool)[step_of_part]
        return float(losses[is_asked].sum()), float(weights[is_asked].sum())

    def loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""
        losses, weights = self._run(
            chunk,
            learning_rates=np.zeros(chunk.n_steps, dtype=np.float32),
            with_loss=np.ones(chunk.n_steps, dtype=np.uint8),
            trains=False,
        )
        return float(losses.sum()), float(weights.sum())

    def _run(
        self,
        chunk: Chunk,
        *,
        learning_rates: NDArray[np.float32],
        with_loss: NDArray[np.uint8],
        trains: bool,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Let the team work on a chunk; return loss and weight of each part."""
        if chunk.layout != self.layout:  # for which there is memory
            raise ValueError(f"{chunk.layout} is not the plan's {self.layout}")
        losses, weights = np.zeros((2, chunk.n_parts))
        steps = self._steps_of(chunk, trains)
        steps.learning_rates = _place(learning_rates)
        steps.with_loss = _place(with_loss)
        steps.losses, steps.pair_weights = _place(losses), _place(weights)
        length = self.library.gradients_length(steps)
        if length > len(self.gradients):
            self.gradients = _zeros(0)  # before there is more
            self.gradients = _zeros(length)
        steps.gradients, steps.crew = _place(self.gradients), _place(self.crew)
        self.library.prepare(steps)

        def take_part() -> None:
            workspace = _place(self._workspace(steps))
            try:
                while not self.library.work(steps, workspace, SECONDS_AWAY):
                    pass
            except BaseException:  # as Ctrl-C, for which the others have to stop
                self.library.stop(steps)
                raise

        self.team.run([take_part] * self.team.n_threads)
        return losses, weights

    def _steps_of(self, chunk: Chunk, trains: bool) -> ChunkOfSteps:
        """Return what does not differ from one call to the next, and the chunk."""
        vectors, layout = self.model.vectors, chunk.layout
        steps = ChunkOfSteps(
            words=chunk.words.data_ptr(),
            documents=chunk.documents.data_ptr(),
            noise=chunk.noise.data_ptr(),
            weights_by_offset=_place(self.weights_by_offset),
            weights_within=_place(self.weights_within),
            n_parts=chunk.n_parts,
            parts_a_step=layout.parts_a_step,
            groups_a_part=layout.groups_a_part,
            group_length=layout.group_length,
            vector_size=vectors.shape[2],
            row_length=vectors.stride(1),
            reach=chunk.reach,
            n_noise=layout.n_noise,
            n_shards=self.n_shards,
            trains=trains,
            is_crowded=self.is_crowded,
            width=self.width,
            noise_weight=self.noise_weight,
        )
        squares = self.model.solver_state.get("sum_of_squares")
        for place, matrix in enumerate(vectors):
            steps.matrices[place] = matrix.data_ptr()
            if squares is not None:
                steps.squares[place] = squares[place].data_ptr()
        if self.model.trainable is not None:
            steps.trainable = self.model.trainable.data_ptr()
        return steps

    def _workspace(self, steps: ChunkOfSteps) -> NDArray[np.float32]:
        """Return the memory of whoever is at work, which all chunks need alike."""
        worker = self.team.worker()
        if worker not in self.workspaces:
            self.workspaces[worker] = _zeros(self.library.workspace_length(steps))
        return self.workspaces[worker]


def _shards(n_threads: int) -> int:
    """Return a power of two: one shard for a thread alone, some for each of more."""
    if n_threads == 1:
        return 1
    n_shards = min(SHARDS_A_THREAD * n_threads, MAX_SHARDS)
    return int(1 << (n_shards.bit_length() - 1))


def _zeros(length: int) -> NDArray[np.float32]:
    """Return zeros that begin where a line of the cache does."""
    zeros = np.zeros(length + LINE, dtype=np.float32)
    first = -(zeros.ctypes.data // zeros.itemsize) % LINE
    return zeros[first : first + length]


def _place(array: NDArray[Any]) -> int:
    """Return where an array lies in memory."""
    return int(array.ctypes.data)
