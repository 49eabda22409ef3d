"""A corpus of integers: the documents as rows of words, and how often words occur.

The ground that all other rooms stand on.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.model_selection import train_test_split

#: The id of a token that is no word of the vocabulary.
UNKNOWN = -1

#: Documents whose distinct words are counted in one go.
DOCUMENTS_AT_ONCE = 4096

#: Rows of a matrix of words: their numbers, or a run of them.
Rows = NDArray[np.int64] | slice


class Corpus(NamedTuple):
    """The words of all documents one after the other, and where each document begins.

    Document i is ``ids[offsets[i] : offsets[i + 1]]``.
    """

    ids: NDArray[np.int32]  # (n_tokens,)
    offsets: NDArray[np.int64]  # (n_documents + 1,)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each document, (n_documents,)."""
        return np.diff(self.offsets)


class WordCounts(NamedTuple):
    """How often words occur, in all documents that were learned from."""

    tokens: NDArray[np.int64]  # (n_words,)
    document_frequencies: NDArray[np.int64]  # (n_words,)
    n_documents: int

    def select(self, rows: NDArray[np.int64]) -> "WordCounts":
        """Return the counts of these words alone."""
        return WordCounts(
            self.tokens[rows], self.document_frequencies[rows], self.n_documents
        )

    def plus(self, before: "WordCounts", rows: Rows, rows_before: Rows) -> "WordCounts":
        """Add counts from before: those of `rows_before`, to `rows` of now."""
        tokens, frequencies = self.tokens.copy(), self.document_frequencies.copy()
        tokens[rows] += before.tokens[rows_before]
        frequencies[rows] += before.document_frequencies[rows_before]
        return WordCounts(tokens, frequencies, self.n_documents + before.n_documents)


def count_words(corpus: Corpus, n_words: int) -> WordCounts:
    """Count the words of a corpus in which all tokens are words."""
    return WordCounts(
        np.bincount(corpus.ids, minlength=n_words),
        _document_frequencies(corpus, n_words),
        len(corpus.offsets) - 1,
    )


def drop_unknown(corpus: Corpus) -> Corpus:
    """Leave out the tokens that are no words; the documents all stay."""
    unknown = np.flatnonzero(corpus.ids == UNKNOWN)  # positions in ids
    if not len(unknown):
        return corpus
    n_dropped_before = np.searchsorted(unknown, corpus.offsets)  # (n_documents + 1,)
    return Corpus(corpus.ids[corpus.ids != UNKNOWN], corpus.offsets - n_dropped_before)


def coverage(corpus: Corpus) -> NDArray[np.float64]:
    """Return the share of each document's tokens that are words; 0 without tokens."""
    n_words = drop_unknown(corpus).lengths  # (n_documents,)
    shares: NDArray[np.float64] = n_words / np.maximum(corpus.lengths, 1)
    return shares


def hold_out(
    corpus: Corpus, validation_fraction: float, random_state: np.random.RandomState
) -> tuple[Corpus, Corpus]:
    """Return the documents to train on, and a share of those with words, held out."""
    with_words = np.flatnonzero(corpus.lengths)
    try:
        parts = train_test_split(
            with_words, test_size=validation_fraction, random_state=random_state
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot hold out validation_fraction={validation_fraction} "
            f"of the documents that have words (n_samples={len(with_words)}) and leave "
            "some to train on. Pass more documents, another fraction, or "
            "early_stopping=False."
        ) from error
    places = np.arange(len(corpus.lengths))
    rest, held_out = (_select(corpus, np.isin(places, part)) for part in parts)
    return rest, held_out


def _select(corpus: Corpus, chosen: NDArray[np.bool_]) -> Corpus:
    return Corpus(
        corpus.ids[np.repeat(chosen, corpus.lengths)],
        np.concatenate([[0], np.cumsum(corpus.lengths[chosen])]),
    )


def _document_frequencies(corpus: Corpus, n_words: int) -> NDArray[np.int64]:
    """Count the documents that each word stands in."""
    n_documents = len(corpus.offsets) - 1
    frequencies = np.zeros(n_words, dtype=np.int64)
    for first in range(0, n_documents, DOCUMENTS_AT_ONCE):
        offsets = corpus.offsets[first : first + DOCUMENTS_AT_ONCE + 1]
        ids = corpus.ids[offsets[0] : offsets[-1]]
        matrix = csr_array(
            (np.ones(len(ids), dtype=np.int8), ids, offsets - offsets[0]),
            shape=(len(offsets) - 1, n_words),
        )
        # By word, in the order of documents: repeats in one stand side by side.
        by_word = matrix.tocsc()
        is_first = np.diff(by_word.indices, prepend=-1) != 0  # (n_tokens in part,)
        is_first[by_word.indptr[:-1][np.diff(by_word.indptr) > 0]] = True
        n_first = np.concatenate([[0], np.cumsum(is_first)])
        frequencies += np.diff(n_first[by_word.indptr])
    return frequencies
