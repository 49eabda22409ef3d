"""The words and vectors that users pass to look-ups -> rows and vectors."""

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Vocabulary = Mapping[Any, int]

#: Types of truth values in NumPy, pandas, pyarrow, polars and torch.
MASKS = ("bool", "boolean", "bool[pyarrow]", "torch.bool")

#: The number of words that hints about a vocabulary look at. Users may catch the errors
#: of many unknown words.
WORDS_OF_HINTS = 100


def is_one_word(query: Any, vocabulary: Vocabulary) -> bool:
    """Return whether a query is one word, and not several words or vectors.

    A tuple is a word if the vocabulary has it, or has none of its elements.

    Raises
    ------
    TypeError
        If the query is a set, whose words have no order, or another container whose
        elements are no words.
    """
    if _is_in(query, vocabulary):
        return True
    _check_container(query)
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
    if _is_one_element(query):
        return True
    return isinstance(query, (str, bytes)) or not isinstance(query, Iterable)


def as_list(queries: Any, vocabulary: Vocabulary) -> list[Any]:
    """Return the words and vectors of a query; a vector is a 1-D array.

    An array of floats is a vector, or one vector per row, unless all numbers in it are
    words: an array of integers has words. Masked elements are no words.
    """
    if queries is None:
        return []
    if are_vectors(queries, vocabulary):
        return list(queries) if queries.ndim > 1 else [queries]
    if is_one_word(queries, vocabulary):
        return [queries]
    if isinstance(queries, np.ma.MaskedArray) and queries.ndim == 1:
        queries = queries.compressed()
    return list(queries)


def are_vectors(queries: Any, vocabulary: Vocabulary) -> bool:
    """Return whether a query is an array that can only be one or several vectors."""
    if not isinstance(queries, np.ndarray) or queries.dtype.kind not in "fc":
        return False
    # Several zeros are more likely the vector of a document without words than a word.
    is_zero = queries.size > 1 and not np.any(queries)
    return queries.ndim > 0 and (
        queries.ndim > 1
        or is_zero
        or not all(number in vocabulary for number in queries.tolist())
    )


def row_of(
    word: Any,
    vocabulary: Vocabulary,
    default: int | None = None,
    where: str | None = None,
) -> int:
    """Return the row of a word.

    Raises
    ------
    KeyError
        If the word is not in the vocabulary, and there is no default. The message says
        where among many words it is.
    TypeError
        If it is not hashable.
    """
    try:
        return vocabulary[_key(word)]
    except KeyError:
        if default is not None:
            return default
        message = f"{word!r} is not in the vocabulary"
        hint = _hint(word, vocabulary)
        if where is not None:
            message = f"{where}: {message}"
            hint = hint or "; leave unknown words out (word in vectorizer.vocabulary_)"
        raise KeyError(f"{message}{hint}") from None
    except TypeError as error:
        if isinstance(word, np.ndarray):
            raise TypeError(
                f"Expected words, got an array of shape {word.shape} as one of them. "
                "Pass several vectors as the rows of one array of floats, and words as "
                "one list."
            ) from None
        raise TypeError(
            f"Expected a word or a numpy array of floats, got {word!r}: {error}."
        ) from None


def rows_of(
    words: Iterable[Any], vocabulary: Vocabulary, where: str | None = None
) -> NDArray[np.intp]:
    """Return the rows of several words; errors say where they are."""
    rows = [row_of(word, vocabulary, where=where) for word in words]
    return np.array(rows, dtype=np.intp)


def rows_of_queries(queries: Iterable[Any], vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the rows of queries that are one word each; errors have their numbers."""
    rows = [
        row_of(word, vocabulary, where=f"query {number}")
        for number, word in enumerate(queries)
    ]
    return np.array(rows, dtype=np.intp)


def check_n_words(name: str, n_words: Any) -> int:
    """Return the number of words to find or to show as an int of Python."""
    if not isinstance(n_words, Integral) or n_words < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {n_words!r}.")
    return int(n_words)


def known_rows(words: Any, vocabulary: Vocabulary) -> NDArray[np.intp]:
    """Return the rows of those of one or several words that are in the vocabulary."""
    if words is None:
        words = []
    elif not isinstance(words, (set, frozenset)) and is_one_word(words, vocabulary):
        words = [words]
    rows = [vocabulary[_key(word)] for word in words if _is_in(word, vocabulary)]
    return np.array(rows, dtype=np.intp)


def check_vectors(vectors: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return vectors, which must be of a shape, real and finite.

    Raises
    ------
    ValueError
        If they are not.
    """
    if vectors.shape != shape:
        cure = "Pass vectors such as get_vector and transform return."
        if vectors.ndim < len(shape):
            cure = "Pass one vector as vector[np.newaxis]."
        raise ValueError(
            f"Expected an array of shape {shape}, got shape {vectors.shape}. {cure}"
        )
    if (
        vectors.dtype.kind != "f"
        or np.ma.is_masked(vectors)
        or not np.isfinite(vectors).all()
    ):
        raise ValueError(
            "Expected vectors of finite floats, got NaN, infinity, masked elements or "
            f"dtype={vectors.dtype}."
        )
    return np.asarray(vectors)


def _hint(word: Any, vocabulary: Vocabulary) -> str:
    """Return why a word is probably not in the vocabulary, to follow the message."""
    if isinstance(word, str) and word.lower() in vocabulary:
        return f", but {word.lower()!r} is: texts are lowercased"
    if _may_be_of_vector(word):
        return "; pass a vector as a numpy array of floats"
    if _is_weighted(word, vocabulary):
        return (
            f", but {word[0]!r} is: words cannot have weights; pass a weighted sum of "
            "vectors as a numpy array of floats"
        )
    words = list(islice(vocabulary, WORDS_OF_HINTS))
    kinds = {type(known).__name__ for known in words}
    are_texts = {isinstance(known, str) for known in words}
    if len(kinds) == 1 and are_texts != {isinstance(word, str)}:
        return f", whose words are of type {kinds.pop()}, not {type(word).__name__}"
    is_longer = isinstance(word, str) and len(word) > 1
    if is_longer and all(isinstance(each, str) and len(each) == 1 for each in words):
        return (
            ", whose words are single characters: documents were probably split into "
            "letters; with analyzer=list, each document is a list of words"
        )
    return ""


def _is_weighted(word: Any, vocabulary: Vocabulary) -> bool:
    """Return whether a word is a word of the vocabulary with a weight, as in gensim."""
    return (
        isinstance(word, tuple)
        and len(word) == 2
        and isinstance(word[1], Real)
        and _is_in(word[0], vocabulary)
    )


def _may_be_of_vector(word: Any) -> bool:
    """Return whether a word is an array, also one of torch, or a number like 0.5."""
    if isinstance(word, Real):
        return not isinstance(word, Integral) and not math.isnan(word)
    return hasattr(word, "__array__") and not isinstance(word, np.generic)


def _key(word: Any) -> Any:
    """Return a word as the vocabulary has it; None, which is no word, if masked."""
    if _is_one_element(word):
        return None if word is np.ma.masked else word.item()
    return word


def _is_one_element(word: Any) -> bool:
    """Return whether a word is an array of NumPy, torch or JAX without dimensions."""
    if isinstance(word, (str, int, np.generic)):
        return False
    return getattr(word, "ndim", None) == 0 and hasattr(word, "item")


def _check_container(words: Any) -> None:
    """Raise a TypeError if the elements of a container are not the words in it."""
    kind = type(words).__name__
    if hasattr(words, "columns"):  # its elements are names or columns
        cure = "Pass one column, or an array: to_numpy()."
    elif kind.endswith("GroupBy"):
        cure = "Pass a list of words for each group: agg(list) in pandas."
    elif issparse(words):
        cure = "Pass lists of words."
    elif _is_mask(words):
        kind = "mask of truth values"
        cure = "Pass the words that it selects."
    else:
        return
    raise TypeError(f"Expected words or vectors, got a {kind}. {cure}")


def _is_mask(words: Any) -> bool:
    """Return whether a container of one of these libraries has truth values."""
    dtype = getattr(words, "dtype", None)
    return bool(getattr(words, "shape", ())) and str(dtype).lower() in MASKS


def _is_in(query: Any, vocabulary: Vocabulary) -> bool:
    try:
        return _key(query) in vocabulary
    except TypeError:  # it is not hashable
        return False
