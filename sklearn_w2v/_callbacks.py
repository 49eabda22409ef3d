"""scikit-learn's callbacks around the epochs of a fit.

They are experimental in scikit-learn 1.9, and absent before it: there, what stands for
them does nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["CallbackSupportMixin", "FitCallbacks"]

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for scikit-learn's mixin, which comes with version 1.9."""


class FitCallbacks:
    """Tells the callbacks of an estimator of its fit, an epoch at a time.

    Parameters
    ----------
    estimator : Word2VecVectorizer
        The estimator; its fit method has to be one of scikit-learn's `_fit_context`,
        which takes the callbacks down at the end.
    X, y : iterable and array-like
        The documents, and what was passed with them.
    epochs : int
        The number of epochs, at most.
    """

    def __init__(self, estimator: Any, X: Iterable[Any], y: Any, epochs: int) -> None:
        self.estimator = estimator
        # An iterator has nothing left to show.
        self.data = {"X": None if isinstance(X, Iterator) else X, "y": y}
        self.fit_context: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self.fit_context = estimator._init_callback_context(max_subtasks=epochs)
            self._begin(self.fit_context)

    def epoch_begins(self) -> None:
        """Tell of an epoch's begin."""
        if self.fit_context is not None:
            self.epoch_context = self.fit_context.subcontext(task_name="epoch")
            self._begin(self.epoch_context)

    def epoch_ends(self, fitted_attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell of an epoch's end; return whether a callback wants to stop."""
        if self.fit_context is None:
            return False
        return self._end(self.epoch_context, fitted_attributes)

    def fit_ends(self, fitted_attributes: Callable[[], dict[str, Any]]) -> None:
        """Tell of the fit's end."""
        if self.fit_context is not None:
            self._end(self.fit_context, fitted_attributes)

    def _begin(self, context: Any) -> None:
        context.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def _end(
        self, context: Any, fitted_attributes: Callable[[], dict[str, Any]]
    ) -> bool:
        return bool(
            context.call_on_fit_task_end(
                estimator=self.estimator,
                **self.data,
                reconstruction_attributes=fitted_attributes,
            )
        )
