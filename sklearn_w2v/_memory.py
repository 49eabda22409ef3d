"""The cache of trainings that the parameter `memory` asks for.

A training is stored by the hash of its `Training`: the documents as ids, those held
out, the plan, the initial vectors, the seed, the releases and the kind of device.
"""

import os
import tempfile
from typing import Any

from sklearn.utils.validation import check_memory

from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._ranks import Ranks
from sklearn_w2v._warnings import warn


def training_memory(parameters: FitParameters, ranks: Ranks) -> Any:
    """Return an object with the joblib.Memory interface; one that may store nothing.

    Raises
    ------
    ValueError
        If the name of the folder is empty.
    """
    memory = parameters.memory
    if memory is not None and ranks.world_size > 1:
        memory = None
        warn(
            "memory stores nothing in a torch.distributed group, where each rank only "
            "has its own documents. Pass memory=None."
        )
    if isinstance(memory, str) and not memory:
        raise ValueError("memory='' is not the name of a folder. None caches nothing.")
    if memory is not None and parameters.random_state is None:
        memory = None
        warn(
            "memory stores nothing of fits with random_state=None, each of which is "
            "different. Pass an int as random_state."
        )
    if isinstance(memory, (str, os.PathLike)):
        memory = _writable_folder(os.fspath(memory))
    return check_memory(memory)


def _writable_folder(memory: str) -> str | None:
    """Return the folder, or warn and return None if nothing can be written to it."""
    # Where joblib stores results; it would stop a fit whose result it cannot store.
    folder = os.path.join(memory, "joblib", "sklearn_w2v")
    try:
        os.makedirs(folder, exist_ok=True)
        # A folder that exists may be read-only.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        warn(
            f"memory={memory!r} stores nothing, since it cannot be written to "
            f"({error.strerror}). Pass another folder."
        )
        return None
    return memory
