"""The model of skip-gram with negative sampling: what a training changes.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2. How a step changes it stands in `torch_steps.py`, and
once more, compiled, in `steps.c`.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._skipgram.plan import SolverName
from sklearn_w2v._skipgram.solvers import initial_state
from sklearn_w2v._skipgram.state import KnownVectors


class SkipGram:
    """The two matrices, and what a solver knows of their rows.

    Parameters
    ----------
    vectors : Tensor of shape (2, n_words, vector_size)
        The centre matrix and the context matrix; changed in place.
    solver : str
        How gradients will change them.

    Attributes
    ----------
    solver_state : dict of Tensor
        What a training that goes on needs of the solver, each (2, n_words).
    trainable : Tensor of shape (n_words,) or None
        0 in the rows that stay as they are, and else 1; None if there are no such rows.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName) -> None:
        self.vectors = vectors
        self.solver = solver
        self.solver_state = initial_state(solver, vectors)
        self.trainable: Tensor | None = None

    def set_known(self, known: KnownVectors) -> None:
        """Let words begin at known vectors, with what is known of their solver."""
        device = self.vectors.device
        rows: Tensor | slice
        if isinstance(known.rows, slice):
            rows = known.rows
        else:
            rows = _upload(known.rows, device)
        for place, vectors in enumerate((known.centers, known.contexts)):
            self.vectors[place][rows] = _upload(vectors, device)
        for name in self.solver_state.keys() & known.solver_state.keys():
            for place, values in enumerate(known.solver_state[name]):  # (n_known,)
                self.solver_state[name][place][rows] = _upload(values, device)

    def freeze(self, rows: NDArray[np.int64]) -> None:
        """Leave the vectors of these words as they are."""
        if len(rows):
            self.trainable = self.vectors.new_ones(self.vectors.shape[1])
            self.trainable[_upload(rows, self.vectors.device)] = 0


def _upload(array: NDArray[Any], device: torch.device) -> Tensor:
    # torch warns of arrays that are not writable, as those of a memory map may be.
    return torch.from_numpy(np.require(array, requirements="W")).to(device)
