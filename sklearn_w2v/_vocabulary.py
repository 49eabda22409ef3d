"""Tokens -> ids.

Counts tokens, decides which are words of the vocabulary, and turns every document into
the rows of its words. A corpus is two arrays: `ids`, the words of all documents one
after the other, and `offsets`, where document i is ids[offsets[i]:offsets[i + 1]].
Beside it stand word2vec's two distributions over words, made from the counts.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import repeat
from numbers import Integral
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split

#: The id of a token that is no word of the vocabulary.
UNKNOWN = -1

#: Documents whose distinct words are counted in one go.
DOCUMENTS_AT_ONCE = 4096


class Corpus(NamedTuple):
    """Documents as rows of words."""

    ids: NDArray[np.int32]  # (n_tokens,)
    offsets: NDArray[np.int64]  # (n_documents + 1,)


class WordCounts(NamedTuple):
    """How often words occur, in all documents that were learned from."""

    tokens: NDArray[np.int64]  # (n_words,)
    document_frequencies: NDArray[np.int64]  # (n_words,)
    n_documents: int

    def plus(self, before: "WordCounts", rows: NDArray[np.int64]) -> "WordCounts":
        """Add counts from before, of words that now have these rows, or none (-1)."""
        stays = rows >= 0
        tokens, frequencies = self.tokens.copy(), self.document_frequencies.copy()
        tokens[rows[stays]] += before.tokens[stays]
        frequencies[rows[stays]] += before.document_frequencies[stays]
        return WordCounts(tokens, frequencies, self.n_documents + before.n_documents)


def count_words(corpus: Corpus, n_words: int) -> WordCounts:
    """Count the words of a corpus."""
    return WordCounts(
        np.bincount(corpus.ids, minlength=n_words),
        document_frequencies(corpus, n_words),
        len(corpus.offsets) - 1,
    )


def learn_vocabulary(
    documents: Iterable[Iterable[Any]],
    *,
    known: Iterable[Any] = (),
    min_count: int,
    min_df: float,
    max_df: float,
    max_features: int | None,
) -> tuple[dict[Any, int], Corpus]:
    """Learn the vocabulary of a stream of token lists, and encode it.

    Words are sorted by falling count; words of the same count stand in the order in
    which they were first seen, which needs no order among tokens of any type. Words
    that are known already come first, in their order, however often they occur here.

    Returns
    -------
    vocabulary : dict of word -> row
    corpus : Corpus
        The documents, less the tokens that are no words of the vocabulary.
    """
    seen = defaultdict(None, {word: row for row, word in enumerate(known)})
    n_known = len(seen)
    seen.default_factory = seen.__len__  # a new token gets the next free id
    ids, offsets = array("i"), array("q", [0])
    for tokens in documents:
        ids.extend(map(seen.__getitem__, tokens))
        offsets.append(len(ids))
    corpus = Corpus(np.frombuffer(ids, np.int32), np.frombuffer(offsets, np.int64))
    if not len(ids):
        raise ValueError(
            "empty vocabulary; no document has a token. Perhaps the documents only "
            "contain stop words?"
        )

    counts = np.bincount(corpus.ids, minlength=len(seen))
    kept = counts >= min_count
    kept &= _has_document_frequency(corpus, len(seen), min_df=min_df, max_df=max_df)
    new = np.flatnonzero(kept[n_known:]) + n_known
    new = new[np.argsort(-counts[new], kind="stable")]
    rows = np.concatenate([np.arange(n_known), new])
    rows = rows[: None if max_features is None else max(max_features, n_known)]
    if not counts[rows].any():
        raise ValueError(
            f"empty vocabulary; none of the {len(seen)} distinct tokens is left after "
            f"pruning with min_count={min_count}, min_df={min_df} and max_df={max_df}. "
            f"The highest count of a token is {counts.max()}: try a lower min_count or "
            "min_df, or a higher max_df."
        )

    row_of_token = np.full(len(seen), UNKNOWN, dtype=np.int32)
    row_of_token[rows] = np.arange(len(rows), dtype=np.int32)
    tokens_seen = list(seen)
    vocabulary = {tokens_seen[token]: row for row, token in enumerate(rows.tolist())}
    return vocabulary, drop_unknown(Corpus(row_of_token[corpus.ids], corpus.offsets))


def use_vocabulary(
    documents: Iterable[Iterable[Any]],
    vocabulary: Mapping[Any, int] | Iterable[Any],
) -> tuple[dict[Any, int], Corpus]:
    """Encode a stream of token lists with a vocabulary that the user gave.

    Returns what `learn_vocabulary` does, with the vocabulary in the order of its rows.
    """
    # CountVectorizer checks a given vocabulary, and fits without a document.
    checked = CountVectorizer(vocabulary=vocabulary, lowercase=False).fit([])
    row_of_word = dict(sorted(checked.vocabulary_.items(), key=itemgetter(1)))
    corpus = drop_unknown(encode(documents, row_of_word))
    if not len(corpus.ids):
        raise ValueError(
            f"None of the {len(row_of_word)} words of `vocabulary` is in a document, "
            "so there is nothing to train on."
        )
    return row_of_word, corpus


def encode(documents: Iterable[Iterable[Any]], vocabulary: Mapping[Any, int]) -> Corpus:
    """Turn a stream of token lists into rows; UNKNOWN stands for what is no word."""
    ids, offsets = array("i"), array("q", [0])
    for tokens in documents:
        ids.extend(map(vocabulary.get, tokens, repeat(UNKNOWN)))
        offsets.append(len(ids))
    return Corpus(np.frombuffer(ids, np.int32), np.frombuffer(offsets, np.int64))


def drop_unknown(corpus: Corpus) -> Corpus:
    """Leave out the tokens that are no words; the documents all stay."""
    unknown = np.flatnonzero(corpus.ids == UNKNOWN)  # positions in ids
    if not len(unknown):
        return corpus
    n_dropped_before = np.searchsorted(unknown, corpus.offsets)  # (n_documents + 1,)
    return Corpus(corpus.ids[corpus.ids != UNKNOWN], corpus.offsets - n_dropped_before)


def coverage(corpus: Corpus) -> NDArray[np.float64]:
    """Return the share of each document's tokens that are words; 0 without tokens."""
    n_words = np.diff(drop_unknown(corpus).offsets)  # (n_documents,)
    shares: NDArray[np.float64] = n_words / np.maximum(np.diff(corpus.offsets), 1)
    return shares


def hold_out(
    corpus: Corpus, validation_fraction: float, random_state: np.random.RandomState
) -> tuple[Corpus, Corpus]:
    """Hold out a share of the documents that have words, drawn at random."""
    lengths = np.diff(corpus.offsets)  # (n_documents,)
    with_words = np.flatnonzero(lengths)
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
    rest, held_out = (np.isin(np.arange(len(lengths)), part) for part in parts)
    return _select(corpus, rest), _select(corpus, held_out)


def _select(corpus: Corpus, chosen: NDArray[np.bool_]) -> Corpus:
    lengths = np.diff(corpus.offsets)
    return Corpus(
        corpus.ids[np.repeat(chosen, lengths)],
        np.concatenate([[0], np.cumsum(lengths[chosen])]),
    )


def keep_probabilities(
    counts: NDArray[np.int64], sample: float | None
) -> NDArray[np.float64]:
    """Probability that a token survives the sub-sampling of frequent words.

    With f a word's share of the tokens, sqrt(sample / f) + sample / f, at most 1: the
    formula of the word2vec program, which differs a little from the one printed in
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
    Compositionality", section 2.3.
    """
    if not sample:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(np.sqrt(ratio) + ratio, 1.0)


def noise_probabilities(
    counts: NDArray[np.int64], ns_exponent: float
) -> NDArray[np.float64]:
    """Probability that a noise draw gives a word: count ** ns_exponent, normalised.

    The exponent 0.75 is that of Mikolov et al. (2013), section 2.2. A word that never
    occurs is never drawn.
    """
    weights = np.zeros(len(counts))
    seen = counts > 0
    # The largest count goes out of the power first, so that no exponent overflows.
    weights[seen] = (counts[seen] / counts.max()) ** ns_exponent
    return weights / weights.sum()


def document_frequencies(corpus: Corpus, n_tokens: int) -> NDArray[np.int64]:
    """Count the documents that each token stands in."""
    n_documents = len(corpus.offsets) - 1
    frequencies = np.zeros(n_tokens, dtype=np.int64)
    for first in range(0, n_documents, DOCUMENTS_AT_ONCE):
        offsets = corpus.offsets[first : first + DOCUMENTS_AT_ONCE + 1]
        ids = corpus.ids[offsets[0] : offsets[-1]]
        matrix = csr_array(
            (np.ones(len(ids), dtype=np.int8), ids, offsets - offsets[0]),
            shape=(len(offsets) - 1, n_tokens),
        )
        # By token, in the order of documents: repeats in one stand side by side.
        by_token = matrix.tocsc()
        is_first = np.diff(by_token.indices, prepend=-1) != 0  # (n_tokens in part,)
        is_first[by_token.indptr[:-1][np.diff(by_token.indptr) > 0]] = True
        n_first = np.concatenate([[0], np.cumsum(is_first)])
        frequencies += np.diff(n_first[by_token.indptr])
    return frequencies


def _has_document_frequency(
    corpus: Corpus, n_tokens: int, *, min_df: float, max_df: float
) -> NDArray[np.bool_]:
    """Tell which tokens stand in enough documents, and in not too many."""
    n_documents = len(corpus.offsets) - 1
    lowest = min_df if isinstance(min_df, Integral) else min_df * n_documents
    highest = max_df if isinstance(max_df, Integral) else max_df * n_documents
    if highest < lowest:
        raise ValueError("max_df corresponds to < documents than min_df")
    if lowest <= 1 and highest >= n_documents:
        return np.ones(n_tokens, dtype=bool)
    frequencies = document_frequencies(corpus, n_tokens)
    return (frequencies >= lowest) & (frequencies <= highest)
