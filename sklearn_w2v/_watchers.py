"""Watchers of a fit: lines on standard error and scikit-learn's callbacks."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from datetime import timedelta
from typing import Any

from sklearn_w2v._skipgram.state import Progress, Trained
from sklearn_w2v._sklearn import init_callback_context

#: Seconds between lines while documents are read and in long epochs.
SECONDS_PER_LINE = 5


def print_reading(token_lists: Iterable[Any]) -> Iterator[Any]:
    """Yield token lists; print every few seconds, and at last, how many were read."""
    n_documents = n_tokens = 0
    begin = last = time.perf_counter()

    def print_line(now: float) -> None:
        _print(
            f"{n_documents:,} documents read, {n_tokens:,} tokens, "
            f"{n_tokens / (now - begin):,.0f} tokens/s"
        )

    for tokens in token_lists:
        yield tokens
        n_documents += 1
        n_tokens += len(tokens) if isinstance(tokens, Sized) else 0
        now = time.perf_counter()
        if now > last + SECONDS_PER_LINE:
            print_line(now)
            last = now
    if last > begin:  # lines have been printed
        print_line(time.perf_counter())


class EpochLines:
    """Prints a line after each epoch, and every few seconds in a long one.

    Parameters
    ----------
    epochs : int or None
        The largest number of epochs; None in `partial_fit`, where the number of batches
        is not known.
    how : str
        Where and how the training runs, for the first line.
    """

    def __init__(self, epochs: int | None, how: str) -> None:
        self.epochs, self.how = epochs, how
        self.n_done = 0
        self.begin = self.last = math.nan

    def epoch_begins(self) -> None:
        """Print how the training runs and start the clock, in the first epoch."""
        if math.isnan(self.begin):
            _print(f"training {self.how}")
            self.begin = self.last = time.perf_counter()

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Print a line if the last one is some seconds old."""
        if time.perf_counter() > self.last + SECONDS_PER_LINE:
            share = n_read / n_tokens
            self._print_line([f"{share:.0%} read"], self.n_done + share, n_tokens)

    def epoch_ends(self, progress: Progress) -> bool:
        """Print a line; never stop the fit."""
        self.n_done = len(progress.losses)
        parts = [f"loss {progress.losses[-1]:.4f}"]
        if progress.validation_scores:
            parts.append(f"validation score {progress.validation_scores[-1]:.4f}")
        self._print_line(parts, self.n_done, progress.n_tokens)
        return False

    def _print_line(self, parts: list[str], n_done: float, n_tokens: int) -> None:
        self.last = time.perf_counter()
        seconds = (self.last - self.begin) / n_done  # per epoch
        parts.append(f"{n_tokens / seconds:,.0f} words/s")
        what = "batch"
        if self.epochs is not None:
            what = f"epoch {math.ceil(n_done)}/{self.epochs}"
            left = timedelta(seconds=round(seconds * (self.epochs - n_done)))
            parts.append(f"{left} left")
        _print(f"{what}: {', '.join(parts)}")


def _print(text: str) -> None:
    # Whole lines look the same in terminals, log files and notebooks.
    print(f"[Word2VecVectorizer] {text}", file=sys.stderr, flush=True)


class FitCallbacks:
    """Calls the callbacks of an estimator in a fit and in each of its epochs.

    Parameters
    ----------
    estimator : Word2VecVectorizer
        The estimator. Its fit is decorated with scikit-learn's `fit_context`, which
        tears callbacks down at the end.
    X, y : iterable and array-like
        The documents, and the labels that were passed with them.
    epochs : int
        The largest number of epochs.
    attributes_of : callable
        Takes a `Trained` and returns the estimator's fitted attributes.
    """

    def __init__(
        self,
        estimator: Any,
        X: Iterable[Any],
        y: Any,
        epochs: int,
        attributes_of: Callable[[Trained], dict[str, Any]],
    ) -> None:
        self.context = init_callback_context(estimator, max_subtasks=epochs)
        self.attributes_of = attributes_of
        # An iterator is used up, so callbacks get no documents.
        documents = None if isinstance(X, Iterator) else X
        self.arguments = {"estimator": estimator, "X": documents, "y": y}
        self.context.call_on_fit_task_begin(**self.arguments)

    def epoch_begins(self) -> None:
        """Call the callbacks at the beginning of an epoch."""
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(**self.arguments)

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Do nothing: callbacks are called for whole epochs."""

    def epoch_ends(self, progress: Progress) -> bool:
        """Call the callbacks at the end of an epoch; return whether to stop."""

        # Called only if a callback needs the fitted estimator: it makes copies.
        def fitted_attributes() -> dict[str, Any]:
            return self.attributes_of(progress.trained())

        stops = self.epoch_context.call_on_fit_task_end(
            **self.arguments, reconstruction_attributes=fitted_attributes
        )
        return bool(stops)

    def fit_ends(self, attributes: dict[str, Any]) -> None:
        """Call the callbacks at the end of the fit."""
        self.context.call_on_fit_task_end(
            **self.arguments, reconstruction_attributes=attributes
        )
