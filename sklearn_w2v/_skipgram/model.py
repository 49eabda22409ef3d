"""The model of skip-gram with negative sampling, which a training changes.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2. Its steps are in `torch_steps.py` and, compiled, in
`steps.c`.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._parameters import SolverName
from sklearn_w2v._skipgram.solvers import initial_state
from sklearn_w2v._skipgram.state import KnownVectors


class SkipGram:
    """The two matrices, and the solver's state of their rows.

    Parameters
    ----------
    vectors : Tensor of shape (2, n_words, vector_size)
        The center matrix and the context matrix; changed in place.
    solver : str
        The rule by which gradients change them.

    Attributes
    ----------
    solver_state : dict of Tensor
        The solver's state, which a later training continues from; each (2, n_words).
    trainable : Tensor of shape (n_words,) or None
        0 for rows that training does not change, else 1; None if there are none.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName) -> None:
        self.vectors = vectors
        self.solver = solver
        self.solver_state = initial_state(solver, vectors)
        self.trainable: Tensor | None = None

    def set_known(self, known: KnownVectors) -> None:
        """Set the vectors of some words, and the solver's state of them."""
        device = self.vectors.device
        rows: Any = known.rows
        if not isinstance(rows, slice):
            rows = _upload(rows, device)
        for i, vectors in enumerate((known.centers, known.contexts)):
            self.vectors[i][rows] = _upload(vectors, device)
        for name in self.solver_state.keys() & known.solver_state.keys():
            for i, values in enumerate(known.solver_state[name]):  # (n_known,)
                self.solver_state[name][i][rows] = _upload(values, device)

    def freeze(self, rows: NDArray[np.int64]) -> None:
        """Exclude the vectors of these words from the training."""
        if len(rows):
            self.trainable = self.vectors.new_ones(self.vectors.shape[1])
            self.trainable[_upload(rows, self.vectors.device)] = 0


def _upload(array: NDArray[Any], device: torch.device) -> Tensor:
    # torch warns about arrays that are not writable, such as memory maps.
    return torch.from_numpy(np.require(array, requirements="W")).to(device)
