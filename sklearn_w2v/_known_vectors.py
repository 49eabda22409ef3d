"""Known vectors -> where training begins.

Words can have vectors before a fit: from files, mappings and gensim (`init_vectors`),
or from the last fit (`warm_start`, `partial_fit`). numpy only.
"""

import os
from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v import _word2vec_format


class KnownVectors(NamedTuple):
    """Where training begins for some words."""

    rows: NDArray[np.int64]  # (n_known,)
    vectors: NDArray[np.float32]  # (2, n_known, d): centre and context vectors
    sum_of_squares: NDArray[np.float32] | None  # (2, n_known): AdaGrad's accumulators


class TrainingState(TypedDict):
    """What a fit that goes on needs beside the embedding matrix.

    A dict, which all kinds of pickles know.
    """

    vectors: Literal["average", "center", "context"]  # what the embedding matrix holds
    #: The matrix that it does not hold; the context matrix if it holds the average.
    #: Kept only where it was asked for, since it is as large.
    other_matrix: NDArray[np.float32] | None  # (n_words, d)
    sum_of_squares: NDArray[np.float32] | None  # (2, n_words)
    frozen: NDArray[np.int64]  # rows that training leaves as they are


def start_at_init_vectors(
    init_vectors: Any, vocabulary: Mapping[Any, int], vector_size: int
) -> KnownVectors:
    """Look up the words of a vocabulary in a file, a mapping or a KeyedVectors.

    A word found begins with this vector as its centre and as its context vector, so
    that it starts there whichever of them becomes its vector.
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
    return KnownVectors(rows, np.broadcast_to(matrix, (2, *matrix.shape)), None)


def start_at_last_fit(
    rows_before: NDArray[np.int64],
    embedding_matrix: NDArray[np.float32],
    state: TrainingState | None,
    vector_size: int,
) -> KnownVectors:
    """Go on from the matrices of a fit, whose words now have the rows `rows_before`.

    A row of -1 is that of a word which is left out. Where one matrix is all that is
    known, centres and contexts both begin there; the accumulators, if they are known,
    keep the steps as short as they were.
    """
    if embedding_matrix.shape[1] != vector_size:
        raise ValueError(
            f"vector_size={vector_size}, but the vectors of the last fit, from which "
            f"this one goes on, have {embedding_matrix.shape[1]} dimensions. Set "
            f"vector_size={embedding_matrix.shape[1]}, or fit a new vectorizer."
        )
    centers = contexts = embedding_matrix
    sum_of_squares = None
    if state is not None:
        sum_of_squares = state["sum_of_squares"]
        other_matrix = state["other_matrix"]
        if other_matrix is not None and state["vectors"] == "average":
            centers, contexts = 2 * embedding_matrix - other_matrix, other_matrix
        elif other_matrix is not None and state["vectors"] == "center":
            contexts = other_matrix
        elif other_matrix is not None:
            centers = other_matrix
    stays = rows_before >= 0
    return KnownVectors(
        rows_before[stays],
        np.stack([centers[stays], contexts[stays]]),  # (2, n_known, d)
        None if sum_of_squares is None else sum_of_squares[:, stays],
    )


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
