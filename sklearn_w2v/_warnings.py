"""Words to the user: warnings that point at a line of the user's own."""

import inspect
import warnings

#: Who may stand between the user and this package: scikit-learn wraps `fit` and calls
#: it from pipelines and searches, and joblib calls what a memory caches.
BETWEEN = ("sklearn_w2v", "sklearn", "joblib")


def warn(message: str) -> None:
    """Warn, at the line that called this package or what stands before it."""
    frame, stacklevel = inspect.currentframe(), 1  # this very line, as Python counts
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in BETWEEN:
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, stacklevel=stacklevel)
