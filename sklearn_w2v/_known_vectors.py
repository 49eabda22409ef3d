"""Words -> known vectors: from a file, a mapping or a KeyedVectors of gensim."""

import os
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._documents import text_parameters_of, warn_of_parameters
from sklearn_w2v._learned import Learned, learned_from_vectors
from sklearn_w2v._numbers import check_vectors
from sklearn_w2v._vocabulary import check_vocabulary
from sklearn_w2v._warnings import warn
from sklearn_w2v._word2vec_reader import read_vectors


def find_vectors(
    init_vectors: Any, vocabulary: Mapping[Any, int], vector_size: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Look up the words of a vocabulary in a file, a mapping or a KeyedVectors.

    Returns
    -------
    rows : ndarray of shape (n_found,)
        The rows in the vocabulary of the words that are found.
    vectors : ndarray of shape (n_found, vector_size)
        Their vectors.
    """
    if isinstance(init_vectors, (str, os.PathLike)):
        words, matrix = read_vectors(init_vectors, words=vocabulary)
        if matrix.shape[1] != vector_size:
            raise ValueError(
                f"The vectors of init_vectors={os.fspath(init_vectors)!r} have "
                f"{matrix.shape[1]} dimensions, but vector_size={vector_size}."
            )
    else:
        words, matrix = _look_up(init_vectors, vocabulary, vector_size)
    if not words:
        first = next(iter(vocabulary))
        warn(
            f"init_vectors has none of the {len(vocabulary)} words, the first of which "
            f"is {first!r}, so it is not used. Perhaps its words have capitals (pass "
            "lowercase=False), or are split differently (pass a tokenizer)."
        )
    rows = np.array([vocabulary[word] for word in words], dtype=np.int64)
    return rows, matrix


def learned_from_file(
    path: str | os.PathLike[str], parameters: Any, vector_size: int | None
) -> Learned:
    """Return what a vectorizer made from a file of word vectors has learned.

    Parameters
    ----------
    path : str or path
    parameters : Any
        Its attributes are the parameters of the vectorizer.
    vector_size : int or None
        The size that the vectors have to have, if it was given.
    """
    vocabulary = parameters.vocabulary
    wanted = None if vocabulary is None else check_vocabulary(vocabulary)
    words, matrix = read_vectors(path, words=wanted, limit=parameters.max_features)
    if vector_size is not None and vector_size != matrix.shape[1]:
        raise ValueError(
            f"vector_size={vector_size}, but the vectors of {os.fspath(path)!r} have "
            f"{matrix.shape[1]} dimensions."
        )
    if parameters.weighting is not None or parameters.n_components_removed:
        raise ValueError(
            "weighting and n_components_removed are learned from documents, of which a "
            "file of word vectors has none. Pass it as init_vectors, and fit."
        )
    if wanted is not None:
        if not words:
            raise ValueError(
                f"None of the {len(wanted)} words of `vocabulary` is in "
                f"{os.fspath(path)!r}."
            )
        order = sorted(range(len(words)), key=lambda row: wanted[words[row]])
        words, matrix = [words[row] for row in order], matrix[order]
    whose = f"of the {len(words)} words of {os.fspath(path)!r}"
    warn_of_parameters(text_parameters_of(parameters), words, whose)
    return learned_from_vectors({word: row for row, word in enumerate(words)}, matrix)


def _look_up(
    init_vectors: Any, vocabulary: Mapping[Any, int], vector_size: int
) -> tuple[list[Any], NDArray[np.float32]]:
    """Return the words that a mapping or a KeyedVectors has, and their vectors."""
    if isinstance(init_vectors, Mapping):
        known, vector_of = init_vectors, init_vectors.__getitem__
    else:  # its [] would take a tuple for a list of words
        known, vector_of = init_vectors.key_to_index, init_vectors.get_vector
    for word in islice(known, 1):  # a wrong size is an error without words too
        vector = _to_vector(vector_of(word), word, vector_size)
        check_vectors([word], vector[np.newaxis], " in init_vectors")
    # gensim takes an int that is not a word for a row number, so only strings are
    # looked up in init_vectors itself. Models of fastText have vectors of strings that
    # they were not trained on.
    words = [
        word
        for word in vocabulary
        if word in known or (isinstance(word, str) and word in init_vectors)
    ]
    matrix = np.empty((len(words), vector_size), dtype=np.float32)
    for row, word in enumerate(words):
        matrix[row] = _to_vector(vector_of(word), word, vector_size)
    check_vectors(words, matrix, " in init_vectors")
    return words, matrix


def _to_vector(vector: Any, word: Any, vector_size: int) -> NDArray[np.float32]:
    try:
        if np.iscomplexobj(vector):
            raise TypeError("it is complex")
        with np.errstate(over="ignore"):  # check_vectors finds what is too large
            array = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"The vector of {word!r} in init_vectors is not an array of numbers: "
            f"{error}"
        ) from error
    if array.shape != (vector_size,):
        raise ValueError(
            f"init_vectors has a vector of shape {array.shape} for {word!r}, but "
            f"vector_size={vector_size}."
        )
    return array
