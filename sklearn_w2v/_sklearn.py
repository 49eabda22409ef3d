"""The private parts of scikit-learn that this package uses, all in this module.

scikit-learn's own project template uses them too, and they are stable since release
1.6. Callbacks are experimental in 1.9. Earlier releases get a mixin without effect.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, _fit_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import _param_validation
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

#: Constraints of parameters.
HasMethods = _param_validation.HasMethods
#: A constraint that messages do not name.
Hidden = _param_validation.Hidden
StrOptions = _param_validation.StrOptions
#: The constraints of CountVectorizer's parameters.
COUNT_VECTORIZER_CONSTRAINTS = CountVectorizer._parameter_constraints

#: Decorates methods that fit: validates parameters and tears callbacks down.
fit_context = _fit_context
#: Converts `n_jobs` to a number of threads; in a joblib worker, -1 means its share.
effective_n_threads = _openmp_effective_n_threads


class Interval(_param_validation.Interval):
    """An interval that can contain fractions, but no number too large for a float."""

    def __contains__(self, value: Any) -> bool:
        try:
            number = float(value)  # the base class calls isnan, which rejects fractions
        except OverflowError:
            return False
        return bool(super().__contains__(number))


class TorchDevice(_param_validation.HasMethods):
    """A torch.device, which is recognized without importing torch."""

    def __init__(self) -> None:
        super().__init__([])

    def is_satisfied_by(self, value: Any) -> bool:
        kind = type(value)
        return (kind.__module__, kind.__name__) == ("torch", "device")

    def __str__(self) -> str:
        return "a torch.device"


def is_linear_classifier(estimator: Any) -> bool:
    """Return whether the decision function of a classifier is linear, by `coef_`."""
    # Importing the package does not import linear models.
    from sklearn.linear_model._base import LinearClassifierMixin  # noqa: PLC0415

    return isinstance(estimator, LinearClassifierMixin)


@contextmanager
def default_settings() -> Iterator[None]:
    """Give scikit-learn's and numpy's defaults to the estimators that are used inside.

    The user's global settings are for the user's own estimators: under
    ``set_config(transform_output="pandas")``, for example, PCA returns a data frame.
    """
    with (
        config_context(
            assume_finite=False,
            array_api_dispatch=False,
            transform_output="default",
            enable_metadata_routing=False,
        ),
        np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"),
    ):
        yield


def validate_params(estimator: BaseEstimator) -> None:
    """Validate an estimator's parameters, as `fit_context` does."""
    estimator._validate_params()


try:
    from sklearn.callback import CallbackSupportMixin as _CallbackSupportMixin
except ImportError:

    class _NoContext:
        """A context without callbacks."""

        def subcontext(self, **parameters: Any) -> "_NoContext":
            return self

        def call_on_fit_task_begin(self, **arguments: Any) -> "_NoContext":
            return self

        def call_on_fit_task_end(self, **arguments: Any) -> bool:
            return False

    class _CallbackSupportMixin:  # type: ignore[no-redef]
        """Replaces scikit-learn's mixin, without its public `set_callbacks`."""

        def _init_callback_context(self, **parameters: Any) -> _NoContext:
            return _NoContext()


#: The class of estimators whose fits call callbacks.
CallbackSupportMixin = _CallbackSupportMixin


def init_callback_context(estimator: Any, *, max_subtasks: int) -> Any:
    """Return the context in which a fit calls the callbacks of an estimator."""
    return estimator._init_callback_context(max_subtasks=max_subtasks)
