"""Warnings, which point at the user's own line."""

import inspect
import warnings
from collections.abc import Sequence
from threading import Timer
from types import FrameType

from sklearn.exceptions import InconsistentVersionWarning

#: Packages that may be between the user's line and this package: scikit-learn wraps
#: `fit` and calls it from pipelines and searches, joblib calls what it caches, and both
#: joblib and skops load files.
BETWEEN = ("sklearn_w2v", "sklearn", "joblib", "skops")


class DocumentWarning(UserWarning):
    """Documents were probably not read as intended.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_w2v import DocumentWarning
    >>> warnings.simplefilter("ignore", DocumentWarning)
    """


class ReleaseWarning(InconsistentVersionWarning):
    """A stored vectorizer is of another release than the one that loads it.

    Filters of scikit-learn's warning of this kind apply to it too.
    """

    def __init__(
        self, name: str, stored_by: str, release: str, lacking: Sequence[str]
    ) -> None:
        super().__init__(
            estimator_name=name,
            current_sklearn_version=release,
            original_sklearn_version=stored_by,
        )
        lacks = f" It lacks {', '.join(lacking)}." if lacking else ""
        self.message = (
            f"{name} was stored by release {stored_by} of sklearn_w2v, and is loaded "
            f"by release {release}, whose results may differ.{lacks} Fit it again, or "
            "load it with the release that stored it."
        )

    def __str__(self) -> str:
        return self.message


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called this package, or a package between."""
    frame, stacklevel = inspect.currentframe(), 1  # this function, as Python counts
    while frame and _is_between(frame):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)


class WarningAfter:
    """Warns like `warn` while a `with` block goes on, after some seconds."""

    def __init__(self, seconds: float, message: str) -> None:
        frame = inspect.currentframe()
        while frame and frame.f_back and _is_between(frame):
            frame = frame.f_back
        assert frame is not None
        place = frame.f_code.co_filename, frame.f_lineno
        warning = message, UserWarning, *place
        self.timer = Timer(seconds, warnings.warn_explicit, warning)
        self.timer.daemon = True  # so that it does not delay the end of the process

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *error: object) -> None:
        self.timer.cancel()


def _is_between(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").split(".")[0] in BETWEEN
