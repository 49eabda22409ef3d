"""Warnings, which point at the user's own line."""

import inspect
import warnings

#: Packages that may be between the user's line and this package: scikit-learn wraps
#: `fit` and calls it from pipelines and searches, and joblib calls what it caches.
BETWEEN = ("sklearn_w2v", "sklearn", "joblib")


class DocumentWarning(UserWarning):
    """Documents were probably not read as intended.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_w2v import DocumentWarning
    >>> warnings.simplefilter("ignore", DocumentWarning)
    """


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called this package, or a package between."""
    frame, stacklevel = inspect.currentframe(), 1  # this function, as Python counts
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in BETWEEN:
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)
