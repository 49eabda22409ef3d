"""Values derived from arrays, which are kept as long as the arrays exist."""

import os
import weakref
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, TypeVar

from numpy.typing import NDArray

T = TypeVar("T")

#: The values derived from each array, by the id of the array.
_values: dict[int, dict[Hashable, Any]] = {}

_lock = RLock()


def _renew_lock() -> None:
    """Replace the lock in a child process, where its owner may not exist."""
    global _lock  # noqa: PLW0603
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def derived(array: NDArray[Any], name: Hashable, compute: Callable[[], T]) -> T:
    """Return `compute()`; compute it only once as long as `array` exists.

    The values are not attributes of a vectorizer, so that pickles do not have them. A
    fit makes new arrays, and the values of the old ones are dropped with these.
    """
    key = id(array)
    with _lock:
        if key not in _values:
            # First, in case of a fork in between: another array can get the same id.
            weakref.finalize(array, _values.pop, key, None).atexit = False
            _values[key] = {}
        values = _values[key]
        if name not in values:
            values[name] = compute()
        value: T = values[name]
    return value
