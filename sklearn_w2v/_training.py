"""Ids -> matrices: the epochs of word2vec's training, from start to end.

Integers go in; two float32 matrices and a loss curve come out. What a step trains on
is drawn in `_blocks.py`; what it does stands in `_skipgram.py`. These three know torch,
and no words and no scikit-learn.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._blocks import (
    BLOCK_LENGTH,
    GROUP_LENGTH,
    PIECE_LENGTH,
    BatchSampler,
    cut_step,
    noise_words_a_group,
    weights_by_distance,
)
from sklearn_w2v._known_vectors import KnownVectors
from sklearn_w2v._skipgram import (
    AUTO_LEARNING_RATE,
    AdaGrad,
    SkipGram,
    SolverName,
    exact_sum,
)

#: Documents: the ids of their words, and where each document begins and the last ends.
Documents = tuple[NDArray[np.int32], NDArray[np.int64]]

#: Steps of an epoch at which the loss is computed, at least.
N_LOSS_STEPS = 5

#: One number for each fit that is running in this process: torch's threads before it.
_threads_before_fits: list[int] = []
_fits_lock = Lock()


class Trained(NamedTuple):
    """What training ends with."""

    centers: NDArray[np.float32]  # (n_words, d)
    contexts: NDArray[np.float32]  # (n_words, d)
    sum_of_squares: NDArray[np.float32] | None  # (2, n_words): AdaGrad's accumulators
    #: The mean loss of a pair and its noise, one an epoch; 0.0 where no word has a
    #: neighbour.
    losses: list[float]
    #: Minus the mean loss of the pairs held out, one an epoch, if there are any.
    validation_scores: list[float]


class Watcher(Protocol):
    """Who is told of the epochs."""

    def epoch_begins(self) -> None:
        """Take note that an epoch begins."""

    def epoch_ends(self, trained: Trained) -> bool:
        """Take note of the result if training stopped here; return whether to stop."""


class TrainingStopped(Exception):  # noqa: N818, as StopIteration is no error either
    """Training was stopped from outside; `trained` is what it had come to.

    An exception, so that no cache takes this for what the parameters lead to.
    """

    def __init__(self, trained: Trained) -> None:
        super().__init__("Training was stopped.")
        self.trained = trained


def train(
    documents: Documents,
    validation: Documents | None,
    keep_probabilities: NDArray[np.float64],
    noise_probabilities: NDArray[np.float64],
    *,
    starts: Sequence[KnownVectors],
    frozen: NDArray[np.int64],
    vector_size: int,
    window: int,
    shrink_windows: bool,
    negative: int,
    solver: SolverName,
    learning_rate: float | Literal["auto"],
    batch_size: int | Literal["auto"],
    epochs: int,
    decay: bool,
    n_iter_no_change: int,
    tol: float,
    n_threads: int | None,
    seed: int,
    watcher: Watcher,
) -> Trained:
    """Train the centre and the context matrix on documents of ids.

    Parameters
    ----------
    documents : (ids, offsets)
        What to train on; at least one word.
    validation : (ids, offsets) or None
        Documents held out. If there are any, training stops when their loss has not
        improved by `tol` for `n_iter_no_change` epochs, and returns the matrices of
        the epoch where it was lowest.
    keep_probabilities, noise_probabilities : ndarray of shape (n_words,)
        Of surviving the sub-sampling; of being drawn as noise.
    starts : sequence of KnownVectors
        Words whose vectors are known; the others begin as in word2vec.
    frozen : ndarray of int
        The rows, in both matrices, that training leaves as they are.
    decay : bool
        Whether the learning rate falls linearly to 0 over all epochs.
    n_threads : int or None
        None leaves torch's number as it is. The result does not depend on it.
    watcher : Watcher
        Is told of each epoch, and can stop the training.

    Raises
    ------
    ValueError
        If the loss or a matrix is no longer finite.
    TrainingStopped
        If `watcher` stops it.
    """
    with _threads(n_threads):
        generator = torch.Generator().manual_seed(seed)
        counts = np.bincount(documents[0], minlength=len(keep_probabilities))
        expected_counts = counts * keep_probabilities  # after sub-sampling
        if batch_size == "auto":
            batch_size = auto_batch_size(expected_counts, solver)
        if learning_rate == "auto":
            learning_rate = AUTO_LEARNING_RATE[solver]
        weights = weights_by_distance(
            window, shrink_windows, longest=_longest(documents, validation)
        )
        n_filled = np.count_nonzero(np.diff(documents[1]))  # documents with words
        n_noise = noise_words_a_group(weights, expected_counts.sum() / n_filled)
        sampler = BatchSampler(
            *documents,
            keep_probabilities,
            noise_probabilities,
            pair_weights=weights,
            negative=negative,
            layout=cut_step(batch_size, reach=len(weights), n_noise=n_noise),
            generator=generator,
        )
        model = _initial_model(
            len(counts),
            vector_size,
            solver=solver,
            starts=starts,
            frozen=frozen,
            generator=generator,
        )
        history = History(n_iter_no_change, tol)
        steps_an_epoch = expected_counts.sum() / sampler.layout.step_length
        for epoch in range(epochs):
            watcher.epoch_begins()
            loss = _train_epoch(
                model,
                sampler,
                loss_every=max(1, int(steps_an_epoch / N_LOSS_STEPS)),
                first_rate=learning_rate * (1 - decay * epoch / epochs),
                last_rate=learning_rate * (1 - decay * (epoch + 1) / epochs),
            )
            _check_finite(torch.tensor(loss), learning_rate)
            score = None
            if validation:
                # With the same draws each time, epochs differ in their vectors alone.
                draws = torch.Generator().manual_seed(seed)
                score = _validation_score(model, sampler.of_corpus(*validation, draws))
            history.add(loss, score, model)
            stopped = watcher.epoch_ends(history.result(model))
            if stopped or history.stagnates():
                break
        _check_finite(model.vectors, learning_rate)
        trained = history.result(model)
        if stopped:
            raise TrainingStopped(trained)
        return trained


class History:
    """The losses and scores of the epochs, and the state of the best one."""

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self.n_iter_no_change, self.tol = n_iter_no_change, tol
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best: list[Tensor] = []
        self.best_score = -math.inf
        self.n_stagnant = 0

    def add(self, loss: float, score: float | None, model: SkipGram) -> None:
        """Note an epoch; copy its state if it is the best so far."""
        self.losses.append(loss)
        if score is None:
            return
        self.scores.append(score)
        if math.isnan(score):
            warnings.warn(
                "early_stopping has nothing to go by: the documents held out have no "
                "two words beside one another. Raise validation_fraction.",
                stacklevel=2,
            )
            return
        stagnates = score < self.best_score + self.tol
        self.n_stagnant = self.n_stagnant + 1 if stagnates else 0
        if not self.best:
            self.best = [tensor.clone() for tensor in _state(model)]
        elif score > self.best_score:
            for kept, tensor in zip(self.best, _state(model), strict=True):
                kept.copy_(tensor)
        self.best_score = max(score, self.best_score)

    def stagnates(self) -> bool:
        """Return whether the score has not improved for so many epochs."""
        return self.n_stagnant >= self.n_iter_no_change

    def result(self, model: SkipGram) -> Trained:
        """Return the state of the best epoch, or the model's if none was scored."""
        vectors, *squares = (tensor.numpy() for tensor in self.best or _state(model))
        centers, contexts = vectors
        sum_of_squares = squares[0] if squares else None
        return Trained(centers, contexts, sum_of_squares, self.losses, self.scores)


def _state(model: SkipGram) -> list[Tensor]:
    """Return the matrices, (2, n_words, d), and the accumulators, (2, n_words)."""
    if isinstance(model.solver, AdaGrad):
        return [model.vectors, model.solver.sum_of_squares.view(2, -1)]
    return [model.vectors]


def auto_batch_size(expected_counts: NDArray[np.float64], solver: SolverName) -> int:
    """Tokens of a step, from how often each word comes in an epoch after sub-sampling.

    Fifty steps an epoch, of a size that is fast. Plain gradient descent is stable only
    as long as no word collects too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 50, 32), 3072)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    # Whole groups, or whole blocks: odd lengths make slow products.
    for length in (GROUP_LENGTH, BLOCK_LENGTH, 1):
        if batch_size >= length:
            break
    return int(batch_size // length) * length


def _initial_model(
    n_words: int,
    vector_size: int,
    *,
    solver: SolverName,
    starts: Sequence[KnownVectors],
    frozen: NDArray[np.int64],
    generator: torch.Generator,
) -> SkipGram:
    # word2vec starts centres in +-0.5 / vector_size, and contexts at zero.
    vectors = torch.zeros(2, n_words, vector_size)
    vectors[0].uniform_(-0.5 / vector_size, 0.5 / vector_size, generator=generator)
    model = SkipGram(vectors, solver=solver)
    for start in starts:
        model.set_known(start)
    model.freeze(frozen)
    return model


def _longest(documents: Documents, validation: Documents | None) -> int:
    """Return how many words a piece of a document has at most."""
    longest = max(
        np.diff(offsets).max() for _, offsets in filter(None, (documents, validation))
    )
    return min(int(longest), PIECE_LENGTH)


def _train_epoch(
    model: SkipGram,
    sampler: BatchSampler,
    *,
    loss_every: int,
    first_rate: float,
    last_rate: float,
) -> float:
    """Train on every document once, and return the mean loss of a pair."""
    loss, weight, n_steps, n_read = 0.0, 0.0, 0, 0
    for n_tokens, steps in sampler.epoch():
        for place, batch in enumerate(steps):
            share_read = (n_read + n_tokens * place / len(steps)) / sampler.n_tokens
            rate = first_rate + share_read * (last_rate - first_rate)
            if n_steps % loss_every:
                model.step(batch, rate)
            else:
                loss += model.step(batch, rate, with_loss=True)
                weight += exact_sum(batch.weights)
            n_steps += 1
        n_read += n_tokens
    return loss / weight if weight else 0.0


def _validation_score(model: SkipGram, sampler: BatchSampler) -> float:
    """Return minus the mean loss of a pair in documents that are not trained on.

    Or nan where no word of theirs has a neighbour.
    """
    loss, weight = 0.0, 0.0
    for _, steps in sampler.epoch():
        for batch in steps:
            loss += model.loss(batch)
            weight += exact_sum(batch.weights)
    return -loss / weight if weight else math.nan


def _check_finite(values: Tensor, learning_rate: float) -> None:
    # A minimum or maximum is nan where a value is; this takes no memory of its own.
    if not torch.stack(values.aminmax()).isfinite().all():
        raise ValueError(
            "Training diverged: the loss or the vectors are no longer finite. Lower "
            f"learning_rate (here {learning_rate}) or batch_size, or use "
            "solver='adagrad'."
        )


@contextmanager
def _threads(n_threads: int | None) -> Iterator[None]:
    """Run on so many threads; torch's number is global, so it is put back after."""
    if n_threads is None:
        yield
        return
    with _fits_lock:
        _threads_before_fits.append(torch.get_num_threads())
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        # Of several fits at once the first one knows the number that each puts back.
        with _fits_lock:
            torch.set_num_threads(_threads_before_fits[0])
            _threads_before_fits.pop()
