"""Who watches a fit: lines on standard error, and scikit-learn's callbacks."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from sklearn_w2v._learned import Learned
from sklearn_w2v._skipgram.state import Trained


class EpochLines:
    """Prints a line for each epoch.

    Parameters
    ----------
    epochs : int
        The number of epochs, at most.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.begin = math.nan

    def epoch_begins(self) -> None:
        """Take the time of the first epoch's begin."""
        if math.isnan(self.begin):
            self.begin = time.perf_counter()

    def epoch_ends(self, trained: Trained) -> bool:
        """Print a line; stop nothing."""
        # Whole lines, so that a log file and a notebook show what a terminal shows.
        n_done = len(trained.losses)
        seconds = (time.perf_counter() - self.begin) / n_done  # of an epoch
        parts = [f"loss {trained.losses[-1]:.4f}"]
        if trained.validation_scores:
            parts.append(f"validation score {trained.validation_scores[-1]:.4f}")
        parts.append(f"{trained.n_tokens / seconds:,.0f} words/s")
        left = timedelta(seconds=round(seconds * (self.epochs - n_done)))
        print(
            f"[Word2VecVectorizer] epoch {n_done}/{self.epochs}: "
            f"{', '.join(parts)}, {left} left",
            file=sys.stderr,
            flush=True,
        )
        return False


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
