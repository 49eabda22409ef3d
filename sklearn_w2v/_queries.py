"""The words and vectors that users pass to look-ups -> rows and vectors."""

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vocabulary = Mapping[Any, int]


def is_one_word(query: Any, vocabulary: Vocabulary) -> bool:
    """Return whether a query is one word, and not several words or vectors.

    A tuple is a word if the vocabulary has it, or has none of its elements.

    Raises
    ------
    TypeError
        If the query is a set, whose words have no order.
    """
    if _is_in(query, vocabulary):
        return True
    if isinstance(query, (set, frozenset)):
        raise TypeError(
            f"Expected a word or several words in order, got a {type(query).__name__}, "
            "which has no order. Pass a list."
        )
    if isinstance(query, tuple):
        return bool(query) and not any(
            isinstance(element, np.ndarray) or _is_in(element, vocabulary)
            for element in query
        )
    if isinstance(query, np.ndarray) and not query.ndim:
        return True
    return isinstance(query, (str, bytes)) or not isinstance(query, Iterable)


def as_list(queries: Any, vocabulary: Vocabulary) -> list[Any]:
    """Return the words and vectors of a query; a vector is a 1-D array.

    An array of floats is a vector, or one vector per row, unless all numbers in it are
    words: an array of integers has words.
    """
    if queries is None:
        return []
    if are_vectors(queries, vocabulary):
        return list(queries) if queries.ndim > 1 else [queries]
    if is_one_word(queries, vocabulary):
        return [queries]
    return list(queries)


def are_vectors(queries: Any, vocabulary: Vocabulary) -> bool:
    """Return whether a query is an array that can only be one or several vectors."""
    if not isinstance(queries, np.ndarray) or queries.dtype.kind not in "fc":
        return False
    return queries.ndim > 0 and not all(number in vocabulary for number in queries.flat)


def row_of(word: Any, vocabulary: Vocabulary) -> int:
    """Return the row of a word.

    Raises
    ------
    KeyError
        If the word is not in the vocabulary.
    TypeError
        If it is not hashable.
    """
    if isinstance(word, np.ndarray) and not word.ndim:
        word = word.item()
    try:
        return vocabulary[word]
    except KeyError:
        message = f"{word!r} is not in the vocabulary"
        if isinstance(word, str) and word.lower() in vocabulary:
            message += f", but {word.lower()!r} is: texts are lowercased"
        elif hasattr(word, "__array__") or (
            isinstance(word, Real) and not isinstance(word, Integral)
        ):
            message += "; pass a vector as a numpy array of floats"
        raise KeyError(message) from None
    except TypeError as error:
        raise TypeError(
            f"Expected a word or a numpy array of floats, got {word!r}: {error}."
        ) from None


def rows_of(words: Iterable[Any], vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the rows of several words."""
    return np.array([row_of(word, vocabulary) for word in words], dtype=np.intp)


def known_rows(words: Any, vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the rows of those of one or several words that are in the vocabulary."""
    if words is None:
        words = []
    elif not isinstance(words, (set, frozenset)) and is_one_word(words, vocabulary):
        words = [words]
    rows = [vocabulary[word] for word in words if _is_in(word, vocabulary)]
    return np.array(rows, dtype=np.intp)


def check_vectors(vectors: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return vectors, which must be of a shape, real and finite.

    Raises
    ------
    ValueError
        If they are not.
    """
    if vectors.shape != shape:
        raise ValueError(
            f"Expected an array of shape {shape}, got shape {vectors.shape}."
        )
    if vectors.dtype.kind != "f" or not np.isfinite(vectors).all():
        raise ValueError(
            "Expected vectors of finite floats, got NaN, infinity or "
            f"dtype={vectors.dtype}."
        )
    return vectors


def _is_in(query: Any, vocabulary: Vocabulary) -> bool:
    try:
        return query in vocabulary
    except TypeError:  # it is not hashable
        return False
