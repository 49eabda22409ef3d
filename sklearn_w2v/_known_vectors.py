"""Words -> the vectors that are known of them: of files, mappings and gensim."""

import os
import warnings
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v import _word2vec_format


def find_vectors(
    init_vectors: Any, vocabulary: Mapping[Any, int], vector_size: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Look up the words of a vocabulary in a file, a mapping or a KeyedVectors.

    Returns
    -------
    rows : ndarray of shape (n_found,)
        Where the words that are found stand in the vocabulary.
    vectors : ndarray of shape (n_found, vector_size)
        Their vectors.
    """
    if isinstance(init_vectors, (str, os.PathLike)):
        words, matrix = _word2vec_format.read(init_vectors, words=vocabulary)
        if matrix.shape[1] != vector_size:
            raise ValueError(
                f"The vectors of init_vectors={os.fspath(init_vectors)!r} have "
                f"{matrix.shape[1]} dimensions, but vector_size={vector_size}."
            )
    else:
        _check_any_vector(init_vectors, vector_size)
        words = [word for word in vocabulary if _knows(init_vectors, word)]
        matrix = np.empty((len(words), vector_size), dtype=np.float32)
        for row, word in enumerate(words):
            vector = _vector_of(init_vectors, word)
            matrix[row] = _check_vector(vector, word, vector_size)
    if not words:
        first = next(iter(vocabulary))
        warnings.warn(
            f"init_vectors knows none of the {len(vocabulary)} words, the first of "
            f"which is {first!r}: all begin as usual. Perhaps its words have capitals "
            "(lowercase=False), or are cut otherwise (tokenizer)?",
            stacklevel=7,  # whoever called fit, which scikit-learn wraps
        )
    rows = np.array([vocabulary[word] for word in words], dtype=np.int64)
    return rows, matrix


def _knows(init_vectors: Any, word: Any) -> bool:
    if isinstance(init_vectors, Mapping):
        return word in init_vectors
    # For gensim an int that is no word is the number of a row. Of texts, the models of
    # fastText make vectors of words that they have not met.
    return word in init_vectors.key_to_index or (
        isinstance(word, str) and word in init_vectors
    )


def _vector_of(init_vectors: Any, word: Any) -> Any:
    if isinstance(init_vectors, Mapping):
        return init_vectors[word]
    return init_vectors.get_vector(word)  # of a tuple, [] would give a vector a part


def _check_any_vector(init_vectors: Any, vector_size: int) -> None:
    """Find a wrong size also where no word of the vocabulary is found."""
    words = init_vectors
    if not isinstance(init_vectors, Mapping):
        words = init_vectors.index_to_key
    for word in islice(words, 1):
        _check_vector(_vector_of(init_vectors, word), word, vector_size)


def _check_vector(vector: Any, word: Any, vector_size: int) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # what is too large is found below
            array = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The vector of {word!r} in init_vectors is no array of numbers: {error}"
        ) from error
    if array.shape != (vector_size,):
        raise ValueError(
            f"init_vectors has a vector of shape {array.shape} for {word!r}, but "
            f"vector_size={vector_size}."
        )
    if not (np.abs(array) <= _word2vec_format.LARGEST_NUMBER).all():
        raise ValueError(
            f"The vector of {word!r} in init_vectors has a number that is nan, "
            f"infinite or beyond +-{_word2vec_format.LARGEST_NUMBER:g}."
        )
    return array
