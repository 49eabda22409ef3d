"""Values derived from arrays, which are kept as long as the arrays exist."""

import weakref
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from numpy.typing import NDArray

from sklearn_w2v._locks import ForkSafeLock

T = TypeVar("T")

#: The values derived from each array, by the id of the array.
_values: dict[int, dict[Hashable, Any]] = {}

_lock = ForkSafeLock()


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
