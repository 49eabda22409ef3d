"""Where a training begins, what it comes to, and who is told. No torch."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import Rows


class KnownVectors(NamedTuple):
    """Words that begin at known vectors, where others begin at random ones."""

    rows: Rows  # of n_known words
    centers: NDArray[np.float32]  # (n_known, d)
    contexts: NDArray[np.float32]  # (n_known, d)
    #: What the solver kept of a training before, by its names.
    solver_state: dict[str, NDArray[np.float32]]  # each (2, n_known)


class Initial(NamedTuple):
    """Where a training begins."""

    known: Sequence[KnownVectors]  # where they share a word, the last one counts
    frozen: NDArray[np.int64]  # rows, in both matrices, that training leaves alone


class Trained(NamedTuple):
    """What a training has come to."""

    centers: NDArray[np.float32]  # (n_words, d)
    contexts: NDArray[np.float32]  # (n_words, d)
    #: What a training that goes on needs of the solver, by its names.
    solver_state: dict[str, NDArray[np.float32]]  # each (2, n_words)
    #: The mean loss of a pair and its noise, one an epoch; 0.0 where no word has a
    #: neighbour.
    losses: list[float]
    #: Minus the mean loss of the pairs held out, one an epoch, if there are any.
    validation_scores: list[float]
    n_tokens: int  # read in an epoch


class Watcher(Protocol):
    """Who is told of the epochs."""

    def epoch_begins(self) -> None:
        """Take note that an epoch begins."""

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Take note that so many of an epoch's tokens are read."""

    def epoch_ends(self, trained: Trained) -> bool:
        """Take note of the result if training stopped here; return whether to stop."""


class TrainingStopped(Exception):  # noqa: N818, as StopIteration is no error either
    """Training was stopped from outside; `trained` is what it had come to.

    An exception, so that no cache takes this for what the plan leads to.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__("Training was stopped.")
        self.trained = trained
