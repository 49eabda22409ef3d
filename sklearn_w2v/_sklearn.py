"""What scikit-learn keeps for itself, imported here and nowhere else.

Private, but what its own template for projects uses, and stable since release 1.6; and
callbacks, which are experimental in 1.9 and absent before it: there, what stands for
them does nothing.
"""

from typing import Any

from sklearn.base import BaseEstimator, _fit_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils._param_validation import Interval as _Interval

__all__ = [
    "COUNT_VECTORIZER_CONSTRAINTS",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "effective_n_threads",
    "fit_context",
    "validate_params",
]

#: What each parameter of CountVectorizer may be.
COUNT_VECTORIZER_CONSTRAINTS = CountVectorizer._parameter_constraints

#: What wraps a method that fits: it checks parameters, and takes callbacks down.
fit_context = _fit_context
#: What `n_jobs` means here; in a worker of joblib, -1 is its share of processors.
effective_n_threads = _openmp_effective_n_threads


class Interval(_Interval):
    """Takes fractions too, and nothing that is too large for a float."""

    def __contains__(self, value: Any) -> bool:
        try:
            number = float(value)  # numpy's isnan, which is asked, takes no fraction
        except OverflowError:
            return False
        return bool(super().__contains__(number))


def validate_params(estimator: BaseEstimator) -> None:
    """Check an estimator's parameters, which otherwise happens when it is fitted."""
    estimator._validate_params()


try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class _NoContext:
        """Stands for the context of a task that no callback is told of."""

        def subcontext(self, **parameters: Any) -> "_NoContext":
            return self

        def call_on_fit_task_begin(self, **arguments: Any) -> "_NoContext":
            return self

        def call_on_fit_task_end(self, **arguments: Any) -> bool:
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for scikit-learn's mixin; without its public `set_callbacks`."""

        def _init_callback_context(self, **parameters: Any) -> _NoContext:
            return _NoContext()
