"""Scores of all words for some queries -> the words with the highest scores."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._derived import derived
from sklearn_w2v._locks import ForkSafeLock
from sklearn_w2v._pooling import lengths_of

#: Scores that are computed at once, unless it takes more for SMALLEST_BLOCK queries.
SCORES_AT_ONCE = 2**22

#: A block of fewer queries would read the matrix too often.
SMALLEST_BLOCK = 16

#: Rows of a matrix that are converted to float64 at once.
ROWS_AT_ONCE = 8192

#: Columns in a group; see `highest`.
GROUP_SIZE = 64

Scores = NDArray[np.float32]

_product_lock = ForkSafeLock()


class Best(NamedTuple):
    """The words with the highest scores for each query."""

    words: NDArray[Any]  # (n_queries, n_best), of objects; None where there is none
    scores: Scores  # (n_queries, n_best), nan where there is no word


def search(
    score: Callable[[slice], Scores],
    words: NDArray[Any],
    searched: NDArray[np.intp] | None,
    excluded: Sequence[NDArray[np.intp]],
    topn: int,
) -> Best:
    """Find the best words for each query.

    Parameters
    ----------
    score : callable
        Returns the scores of the searched words for a slice of the queries, as a new
        array of shape (n_queries in slice, n_searched).
    words : ndarray of shape (n_words,), dtype=object
    searched : ndarray of shape (n_searched,) or None
        The rows of the words to search, ascending. None for all words.
    excluded : sequence of length n_queries
        For each query, the rows of words that are not returned.
    topn : int
        The number of words for each query.
    """
    if searched is not None:
        words, excluded = words[searched], _columns(excluded, searched, len(words))
    n_queries, n_best = len(excluded), min(topn, len(words))
    columns = np.empty((n_queries, n_best), dtype=np.intp)
    scores = np.empty((n_queries, n_best), dtype=np.float32)
    block_size = max(SMALLEST_BLOCK, SCORES_AT_ONCE // max(len(words), 1))
    for first in range(0, n_queries, block_size):
        block = slice(first, min(first + block_size, n_queries))
        with np.errstate(under="ignore"):
            block_scores = score(block)  # (n_block, n_searched)
        for query, columns_of_query in enumerate(excluded[block]):
            block_scores[query, columns_of_query] = -np.inf
        columns[block] = highest(block_scores, n_best)
        scores[block] = np.take_along_axis(block_scores, columns[block], axis=1)
    best_words = words[columns]
    is_excluded = np.isneginf(scores)
    best_words[is_excluded], scores[is_excluded] = None, np.nan
    return Best(best_words, scores)


def _columns(
    rows_of_queries: Sequence[NDArray[np.intp]],
    searched: NDArray[np.intp],
    n_words: int,
) -> list[NDArray[np.intp]]:
    """Return the columns of rows in the scores of the searched words."""
    column = np.full(n_words, -1, dtype=np.intp)  # (n_words,)
    column[searched] = np.arange(len(searched))
    columns = [column[rows] for rows in rows_of_queries]
    return [some[some >= 0] for some in columns]


def highest(scores: Scores, n: int) -> NDArray[np.intp]:
    """Return the columns of the `n` highest scores of each row, highest first.

    Equal scores are in the order of their columns.
    """
    n_rows, n_columns = scores.shape
    if not n:
        return np.empty((n_rows, 0), dtype=np.intp)
    n_groups = n_columns // GROUP_SIZE
    maxima = scores
    if n_groups >= n:
        # The n-th highest maximum of groups is at most the n-th highest score, and few
        # scores are higher. This is faster than a partition of all scores.
        grouped = scores[:, : n_groups * GROUP_SIZE]
        # A group has every n_groups-th column, so that whole rows are compared.
        maxima = grouped.reshape(n_rows, GROUP_SIZE, n_groups).max(axis=1)
    place = maxima.shape[1] - n
    thresholds = np.partition(maxima, place, axis=1)[:, place]  # (n_rows,)
    is_candidate = scores >= thresholds[:, None]
    # np.nonzero of a matrix is many times slower.
    rows, columns = np.divmod(np.flatnonzero(is_candidate), n_columns)
    order = np.lexsort((columns, -scores[rows, columns], rows))
    n_before = np.searchsorted(rows, np.arange(n_rows))  # (n_rows,)
    found: NDArray[np.intp] = columns[order][n_before[:, None] + np.arange(n)]
    return found


def products(queries: Scores, matrix: NDArray[np.float32]) -> Scores:
    """Return the product of each query with each row of a matrix.

    The BLAS divides a product among threads. Those of several products at once hinder
    one another, so there is one at a time.
    """
    with _product_lock:
        scores: Scores = queries @ matrix.T  # (n_queries, n_rows)
    return scores


def words_by_row(vocabulary: dict[Any, int], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return the words of a vocabulary, of which `matrix` has the rows, as an array."""

    def compute() -> tuple[dict[Any, int], NDArray[Any]]:
        words = np.fromiter(vocabulary, dtype=object, count=len(vocabulary))
        # The vocabulary is kept, so that no other one can get its id.
        return vocabulary, words

    return derived(matrix, ("words", id(vocabulary)), compute)[1]


def vector_lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the length of each vector; 1 for a zero vector, so that 0 / 1 is 0."""
    return derived(vectors, "lengths", lambda: _lengths(vectors))


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.empty(len(vectors), dtype=np.float32)
    for first in range(0, len(vectors), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        with np.errstate(under="ignore"):
            lengths[rows] = lengths_of(vectors[rows])
    lengths[lengths == 0] = 1
    return lengths
