"""Words -> the vectors that are known of them: of files, mappings and gensim."""

import os
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v import _word2vec_format
from sklearn_w2v._warnings import warn


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
        if isinstance(init_vectors, Mapping):
            known, vector_of = init_vectors, init_vectors.__getitem__
        else:  # whose [] would give a vector to each part of a tuple
            known, vector_of = init_vectors.key_to_index, init_vectors.get_vector
        for word in islice(known, 1):  # a wrong size is found whatever the vocabulary
            _check_vector(vector_of(word), word, vector_size)
        # For gensim an int that is no word is the number of a row. Of texts, the models
        # of fastText make vectors of words that they have not met.
        words = [
            word
            for word in vocabulary
            if word in known or (isinstance(word, str) and word in init_vectors)
        ]
        matrix = np.empty((len(words), vector_size), dtype=np.float32)
        for row, word in enumerate(words):
            matrix[row] = _check_vector(vector_of(word), word, vector_size)
    if not words:
        first = next(iter(vocabulary))
        warn(
            f"init_vectors knows none of the {len(vocabulary)} words, the first of "
            f"which is {first!r}: all begin as usual. Perhaps its words have capitals "
            "(lowercase=False), or are cut otherwise (tokenizer)?"
        )
    rows = np.array([vocabulary[word] for word in words], dtype=np.int64)
    return rows, matrix


def _check_vector(vector: Any, word: Any, vector_size: int) -> NDArray[np.float32]:
    try:
        if np.iscomplexobj(vector):
            raise TypeError("it is complex")
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
