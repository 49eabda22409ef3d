"""Words -> the vectors that are known of them: of files, mappings and gensim."""

import os
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
        words = [word for word in vocabulary if word in init_vectors]
        matrix = np.empty((len(words), vector_size), dtype=np.float32)
        for row, word in enumerate(words):
            matrix[row] = _check_vector(init_vectors[word], word, vector_size)
    rows = np.array([vocabulary[word] for word in words], dtype=np.int64)
    return rows, matrix


def _check_any_vector(init_vectors: Any, vector_size: int) -> None:
    """Find a wrong size also where no word of the vocabulary is found."""
    words = init_vectors
    if not isinstance(init_vectors, Mapping):
        words = init_vectors.index_to_key
    for word in islice(words, 1):
        _check_vector(init_vectors[word], word, vector_size)


def _check_vector(vector: Any, word: Any, vector_size: int) -> NDArray[np.float32]:
    try:
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
    if not np.isfinite(array).all():
        raise ValueError(f"The vector of {word!r} in init_vectors is not finite.")
    return array
