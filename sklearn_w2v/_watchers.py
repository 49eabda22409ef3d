"""Who watches a fit: lines on standard error, and scikit-learn's callbacks."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from datetime import timedelta
from typing import Any

from sklearn_w2v._learned import Learned
from sklearn_w2v._skipgram.state import Trained

#: Seconds after which there is another line, if an epoch or the reading takes longer.
SECONDS_A_LINE = 5


class ReadingLines:
    """Prints how far documents are read, every few seconds."""

    def watch(self, token_lists: Iterable[Any]) -> Iterator[Any]:
        """Yield the token lists."""
        n_tokens = 0
        begin = last = time.perf_counter()
        for n_documents, tokens in enumerate(token_lists, 1):
            yield tokens
            n_tokens += len(tokens) if isinstance(tokens, Sized) else 0
            now = time.perf_counter()
            if now > last + SECONDS_A_LINE:
                _print(
                    f"{n_documents:,} documents read, {n_tokens:,} tokens, "
                    f"{n_tokens / (now - begin):,.0f} tokens/s"
                )
                last = now


class EpochLines:
    """Prints a line for each epoch, and every few seconds in a long one.

    Parameters
    ----------
    epochs : int or None
        The number of epochs, at most; None for a batch of `partial_fit`, of which
        nobody knows how many will follow.
    how : str
        How they are trained, for the first line.
    """

    def __init__(self, epochs: int | None, how: str) -> None:
        self.epochs, self.how = epochs, how
        self.n_done = 0
        self.begin = self.last = math.nan

    def epoch_begins(self) -> None:
        """Take the time of the first epoch's begin, and say how epochs are trained."""
        if math.isnan(self.begin):
            _print(f"training {self.how}")
            self.begin = self.last = time.perf_counter()

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Print a line, if the last one was a while ago."""
        if time.perf_counter() > self.last + SECONDS_A_LINE:
            share = n_read / n_tokens
            self._print_line([f"{share:.0%} read"], self.n_done + share, n_tokens)

    def epoch_ends(self, trained: Trained) -> bool:
        """Print a line; stop nothing."""
        self.n_done = len(trained.losses)
        parts = [f"loss {trained.losses[-1]:.4f}"]
        if trained.validation_scores:
            parts.append(f"validation score {trained.validation_scores[-1]:.4f}")
        self._print_line(parts, self.n_done, trained.n_tokens)
        return False

    def _print_line(self, parts: list[str], n_done: float, n_tokens: int) -> None:
        self.last = time.perf_counter()
        seconds = (self.last - self.begin) / n_done  # of an epoch
        parts.append(f"{n_tokens / seconds:,.0f} words/s")
        what = "batch"
        if self.epochs is not None:
            what = f"epoch {math.ceil(n_done)}/{self.epochs}"
            left = timedelta(seconds=round(seconds * (self.epochs - n_done)))
            parts.append(f"{left} left")
        _print(f"{what}: {', '.join(parts)}")


def _print(text: str) -> None:
    # Whole lines, so that a log file and a notebook show what a terminal shows.
    print(f"[Word2VecVectorizer] {text}", file=sys.stderr, flush=True)


class FitCallbacks:
    """Tells the callbacks of an estimator of its fit, an epoch at a time.

    Parameters
    ----------
    estimator : Word2VecVectorizer
        The estimator; its fit method has to be one of scikit-learn's `_fit_context`,
        which takes the callbacks down at the end.
    context : sklearn.callback.CallbackContext
        The fit's own, made by the estimator.
    X, y : iterable and array-like
        The documents, and what was passed with them.
    learned_from : callable
        What the fit has learned, from a `Trained`.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        X: Iterable[Any],
        y: Any,
        learned_from: Callable[[Trained], Learned],
    ) -> None:
        self.context = context
        self.learned_from = learned_from
        # An iterator has nothing left to show.
        shown = None if isinstance(X, Iterator) else X
        self.shown = {"estimator": estimator, "X": shown, "y": y}
        context.call_on_fit_task_begin(**self.shown)

    def epoch_begins(self) -> None:
        """Tell of an epoch's begin."""
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(**self.shown)

    def tokens_read(self, n_read: int, n_tokens: int) -> None:
        """Tell nothing: callbacks are told of whole epochs."""

    def epoch_ends(self, trained: Trained) -> bool:
        """Tell of an epoch's end; return whether a callback wants to stop."""
        return bool(
            self.epoch_context.call_on_fit_task_end(
                **self.shown,
                # Called if a callback asks for the fitted estimator: it takes copies.
                reconstruction_attributes=lambda: self.learned_from(
                    trained
                ).attributes(),
            )
        )

    def fit_ends(self, learned: Learned) -> None:
        """Tell of the fit's end."""
        self.context.call_on_fit_task_end(
            **self.shown, reconstruction_attributes=learned.attributes()
        )
