"""What a training needs, what it returns, and what it reports meanwhile. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import Corpus, Rows
from sklearn_w2v._ranks import ONE_RANK, Ranks
from sklearn_w2v._skipgram.plan import TrainingPlan

if TYPE_CHECKING:
    import torch


class KnownVectors(NamedTuple):
    """Words that start at known vectors, where others start at random ones."""

    rows: Rows  # of n_known words
    centers: NDArray[np.float32]  # (n_known, d)
    contexts: NDArray[np.float32]  # (n_known, d)
    #: The solver's state after an earlier training, by its names.
    solver_state: dict[str, NDArray[np.float32]]  # each (2, n_known)


class Initial(NamedTuple):
    """Where a training starts."""

    known: Sequence[KnownVectors]  # where two have the same word, the last one counts
    frozen: NDArray[np.int64]  # rows of both matrices that training does not change
    coverage: float | None = None  # share of words found in init_vectors, if any


@dataclass(frozen=True, eq=False)
class Training:
    """All that decides what a training returns: what a cache has to compare."""

    releases: dict[str, str]  # of the libraries that train
    device_type: str  # other kinds of devices round and draw differently
    corpus: Corpus  # at least one word
    held_out: NDArray[np.int64] | None  # indices of the documents held out, if any
    plan: TrainingPlan
    initial: Initial
    seed: int  # determines all draws


@dataclass(frozen=True, eq=False)
class Execution:
    """Where a training runs, what it reports to, and the other ranks.

    A cache does not compare it: trainings of several ranks are not cached, and one that
    a watcher stops is not stored.
    """

    device: "torch.device"
    n_threads: int  # of the CPU, if that is the device
    watchers: Sequence["Watcher"] = ()
    ranks: Ranks = ONE_RANK  # each rank trains on its own corpus


class Trained(NamedTuple):
    """What a training returns."""

    centers: NDArray[np.float32]  # (n_words, d)
    contexts: NDArray[np.float32]  # (n_words, d)
    #: The solver's state, for a training that continues this one, by its names.
    solver_state: dict[str, NDArray[np.float32]]  # each (2, n_words)
    #: The mean loss of a pair and its noise words, one for each epoch; 0.0 if there is
    #: no pair.
    losses: list[float]
    #: Minus the mean loss of the pairs held out, one for each epoch, if there are any.
    validation_scores: list[float]


class Progress(NamedTuple):
    """How far a training is at the end of an epoch."""

    losses: list[float]  # as in `Trained`
    validation_scores: list[float]
    n_tokens: int  # read in each epoch, on all ranks
    #: Returns what the training would return if it stopped now. It copies the matrices
    #: of a device to the CPU.
    trained: Callable[[], Trained]


class Watcher(Protocol):
    """Follows the epochs of a training."""

    def epoch_begins(self) -> None:
        """Take note that an epoch begins."""

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Take note of how many tokens of an epoch have been read."""

    def epoch_ends(self, progress: Progress) -> bool:
        """Take note that an epoch ends; return whether to stop."""


class TrainingStopped(Exception):  # noqa: N818, not an error, like StopIteration
    """A watcher stopped the training; `trained` is what it returns.

    An exception, so that no cache stores it as the result of the plan.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__("Training was stopped.")
        self.trained = trained
