"""What a fit tells of itself while it runs: lines on standard error, and callbacks."""

import math
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sklearn_w2v._callbacks import FitCallbacks

if TYPE_CHECKING:  # it imports torch
    from sklearn_w2v._training import Trained


class Progress:
    """Watches a training.

    Parameters
    ----------
    callbacks : FitCallbacks
        Told of each epoch.
    fitted_attributes : callable
        Makes the attributes of the fitted estimator out of a `Trained`.
    n_words : int
        Words trained on in an epoch.
    epochs : int
        The number of epochs, at most.
    verbose : int
        Whether to print a line for each epoch.
    """

    def __init__(
        self,
        callbacks: FitCallbacks,
        fitted_attributes: "Callable[[Trained], dict[str, Any]]",
        *,
        n_words: int,
        epochs: int,
        verbose: int,
    ) -> None:
        self.callbacks = callbacks
        self.fitted_attributes = fitted_attributes
        self.n_words, self.epochs, self.verbose = n_words, epochs, verbose
        self.begin = math.nan

    def epoch_begins(self) -> None:
        """Take note that an epoch begins."""
        if math.isnan(self.begin):
            self.begin = time.perf_counter()
        self.callbacks.epoch_begins()

    def epoch_ends(self, trained: "Trained") -> bool:
        """Take note of the result if training stopped here; return whether to stop."""
        if self.verbose:
            self._print_line(trained)
        return self.callbacks.epoch_ends(lambda: self.fitted_attributes(trained))

    def _print_line(self, trained: "Trained") -> None:
        # Whole lines, so that a log file and a notebook show what a terminal shows.
        n_done = len(trained.losses)
        seconds = (time.perf_counter() - self.begin) / n_done  # of an epoch
        parts = [f"loss {trained.losses[-1]:.4f}"]
        if trained.validation_scores:
            parts.append(f"validation score {trained.validation_scores[-1]:.4f}")
        parts.append(f"{self.n_words / seconds:,.0f} words/s")
        left = timedelta(seconds=round(seconds * (self.epochs - n_done)))
        print(
            f"[Word2VecVectorizer] epoch {n_done}/{self.epochs}: "
            f"{', '.join(parts)}, {left} left",
            file=sys.stderr,
            flush=True,
        )
