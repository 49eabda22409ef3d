"""The compiled library of the training: `steps.c` and `moves.c`.

It is built when the package is installed, if there is a C compiler. It is called
through ctypes, which releases Python's global lock.
"""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._parameters import SolverName
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._warnings import warn

#: The environment variable that requires the compiled training where it is possible
#: ("1") or forbids it ("0"), when the package is built and when it trains.
VARIABLE = "SKLEARN_W2V_COMPILED"

#: The library that `.build/backend.py` compiles.
LIBRARY = Path(__file__).with_name("_steps.so")

#: Floats of a cache line of the CPU. Each row of a matrix starts at a cache line.
CACHE_LINE = 16


class ChunkOfSteps(ctypes.Structure):
    """The struct `Chunk` of `steps.h`, where the fields are explained."""

    _fields_ = (
        ("matrices", ctypes.c_void_p * 2),
        ("squares", ctypes.c_void_p * 2),
        ("trainable", ctypes.c_void_p),
        ("words", ctypes.c_void_p),
        ("sentences", ctypes.c_void_p),
        ("noise", ctypes.c_void_p),
        ("weights_by_offset", ctypes.c_void_p),
        ("weights_within", ctypes.c_void_p),
        ("learning_rates", ctypes.c_void_p),
        ("with_loss", ctypes.c_void_p),
        ("losses", ctypes.c_void_p),
        ("pair_weights", ctypes.c_void_p),
        ("gradients", ctypes.c_void_p),
        ("schedule", ctypes.c_void_p),
        ("n_parts", ctypes.c_int64),
        ("parts_per_step", ctypes.c_int64),
        ("groups_per_part", ctypes.c_int32),
        ("group_length", ctypes.c_int32),
        ("vector_size", ctypes.c_int32),
        ("row_length", ctypes.c_int32),
        ("reach", ctypes.c_int32),
        ("n_noise", ctypes.c_int32),
        ("n_shards", ctypes.c_int32),
        ("trains", ctypes.c_int32),
        ("is_oversubscribed", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("noise_weight", ctypes.c_float),
    )


class ModelOfRanks(ctypes.Structure):
    """The struct `Model` of `moves.c`, where the fields are explained."""

    _fields_ = (
        ("matrices", ctypes.c_void_p * 2),
        ("squares", ctypes.c_void_p * 2),
        ("shared_matrices", ctypes.c_void_p * 2),
        ("shared_squares", ctypes.c_void_p * 2),
        ("velocities", ctypes.c_void_p),
        ("vector_size", ctypes.c_int64),
        ("row_length", ctypes.c_int64),
        ("world_size", ctypes.c_int64),
        ("momentum", ctypes.c_float),
    )


CHUNK, MODEL = ctypes.POINTER(ChunkOfSteps), ctypes.POINTER(ModelOfRanks)
POINTER, INT32, INT64 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64

#: The functions of the library: their names, results and arguments.
FUNCTIONS = (
    ("chunk_size", INT64),
    ("simd_width", INT32),
    ("gradients_length", INT64, CHUNK),
    ("workspace_length", INT64, CHUNK),
    ("schedule_size", INT64),
    ("prepare", None, CHUNK),
    ("run_tasks", INT32, CHUNK, POINTER, ctypes.c_double),
    ("stop", None, CHUNK),
    ("model_size", INT64),
    ("take_moves", None, MODEL, POINTER, INT64, INT64, INT64),
    ("sum_moves", None, MODEL, POINTER, POINTER, POINTER, INT64),
    ("add_merged", None, MODEL, POINTER, POINTER, INT64, INT64, INT64),
)


@cache
def load_library() -> ctypes.CDLL | None:
    """Return the library, or None if it was not built."""
    if not LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:  # such as a library for another system
        warn(
            f"The compiled training cannot be loaded ({error}). torch trains instead, "
            "which is slower. Install sklearn-w2v again."
        )
        return None
    for name, restype, *argtypes in FUNCTIONS:
        function = getattr(library, name, None)
        if function is None:
            raise _of_another_release()
        function.restype, function.argtypes = restype, argtypes
    sizes = library.chunk_size(), library.model_size()
    if sizes != (ctypes.sizeof(ChunkOfSteps), ctypes.sizeof(ModelOfRanks)):
        raise _of_another_release()
    return library


def can_train(device: torch.device, solver: SolverName) -> bool:
    """Return whether the library can train on this device with this solver.

    Raises
    ------
    RuntimeError
        If the environment variable requires it and it was not built, whatever the
        device and the solver are.
    ValueError
        If the environment variable is neither 0 nor 1.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "0", "1"):
        raise ValueError(
            f"{VARIABLE}={wanted!r}: 1 requires the compiled training, 0 forbids it."
        )
    if wanted == "1" and load_library() is None:
        raise RuntimeError(
            f"{VARIABLE}=1 requires the compiled training, which was not built when "
            "sklearn-w2v was installed. Install it again where there is a C compiler "
            f"(gcc or clang), or unset {VARIABLE}."
        )
    is_there = wanted != "0" and load_library() is not None
    return is_there and device.type == CPU.type and solver != "adam"


def empty_vectors(n_words: int, vector_size: int) -> Tensor:
    """Return memory for both matrices, (2, n_words, vector_size), in cache lines."""
    row_length = -(-vector_size // CACHE_LINE) * CACHE_LINE
    # The rest of the last cache line of a row has to be 0.
    rows = torch.zeros(2, n_words, row_length, dtype=torch.float32, device=CPU)
    return rows[:, :, :vector_size]


def address(array: NDArray[Any]) -> int:
    """Return the address of an array."""
    return int(array.ctypes.data)


def _of_another_release() -> RuntimeError:
    return RuntimeError(
        f"{LIBRARY} was compiled for another release of sklearn-w2v. Install the "
        "package again."
    )
