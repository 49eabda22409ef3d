"""Tokens -> ids: decides which tokens are words, and replaces words by their rows."""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from copy import copy
from itertools import islice, repeat
from numbers import Integral
from operator import itemgetter
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v._corpus import (
    TOKENS_AT_ONCE,
    UNKNOWN,
    Corpus,
    CorpusWriter,
    WordCounts,
    count_words,
    drop_unknown,
)
from sklearn_w2v._documents import is_na_of_pandas
from sklearn_w2v._gathering import TokenTable, gather_counts, gather_tables
from sklearn_w2v._ranks import ONE_RANK, Ranks, require_equal
from sklearn_w2v._warnings import DocumentWarning, warn


class Encoded(NamedTuple):
    """Documents in the words of a vocabulary."""

    vocabulary: dict[Any, int]  # word -> row, in the order of rows
    corpus: Corpus  # less the tokens that are no words
    counts: WordCounts  # of the words in the corpus
    n_unknown: int  # tokens that are no words


class TokenIds(dict[Any, int]):
    """The ids of tokens: a token that is new gets the next free one.

    Parameters
    ----------
    known : iterable of hashables
        Tokens that come first.
    max_vocab_size : int or None
        How many tokens there may be. When there are more, the rarest are forgotten, by
        gensim's rule: those that were met fewer times than a threshold, which rises by
        one each time. What comes again gets another id, and is counted anew.
    """

    def __init__(self, known: Iterable[Any], max_vocab_size: int | None) -> None:
        super().__init__((word, row) for row, word in enumerate(known))
        self.n_known = self.n_ids = len(self)
        self.max_vocab_size = max_vocab_size
        self.threshold = 1
        self.pending = array("i")  # ids that are not counted yet
        self.counts = np.zeros(0, dtype=np.int64)  # (n_ids when last counted,)

    def __missing__(self, token: Any) -> int:
        self[token] = self.n_ids
        self.n_ids += 1
        return self.n_ids - 1

    def ids_of(self, tokens: Iterable[Any]) -> Iterable[int]:
        """Return the ids of a document's tokens."""
        ids = map(self.__getitem__, tokens)
        if self.max_vocab_size is None:
            return ids
        document = array("i", ids)
        self.pending.extend(document)
        if len(self) > max(self.max_vocab_size, self.n_known):
            self._forget()
        elif len(self.pending) > TOKENS_AT_ONCE:
            self._count()
        return document

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all tokens that are not forgotten, in their order."""
        return np.fromiter(self.values(), np.int64, len(self))

    def warn_if_any_are_forgotten(self) -> None:
        """Warn if words may be missing."""
        n_forgotten = self.n_ids - len(self)
        if n_forgotten:
            warn(
                f"max_vocab_size={self.max_vocab_size}: {n_forgotten} times a token "
                "was forgotten while documents were read, since there were more. Each "
                f"was met fewer than {self.threshold - 1} times by then: rare words, "
                "and such as come late, may be missing, or be counted too low.",
                DocumentWarning,
            )

    def _count(self) -> None:
        counts = np.bincount(self.pending, minlength=self.n_ids)
        counts[: len(self.counts)] += self.counts
        self.counts = counts
        del self.pending[:]

    def _forget(self) -> None:
        self._count()
        counts = self.counts.tolist()
        rare = [
            token
            for token, token_id in islice(self.items(), self.n_known, None)
            if counts[token_id] < self.threshold
        ]
        for token in rare:
            del self[token]
        self.threshold += 1


def learn_vocabulary(
    documents: Iterable[Iterable[Any]],
    *,
    known: Collection[Any] = (),
    min_count: int,
    min_df: float,
    max_df: float,
    max_features: int | None,
    max_vocab_size: int | None,
    ranks: Ranks = ONE_RANK,
) -> Encoded:
    """Learn the vocabulary of a stream of token lists, and encode it.

    The vocabulary and its counts are those of all ranks, as if their documents were
    read one after the other.
    Words are sorted by falling count; words of the same count stand in the order in
    which they were first seen, which needs no order among tokens of any type. Words
    that are known already come first, in their order, however often they occur here.
    """
    seen = TokenIds(known, max_vocab_size)
    n_known = len(seen)
    tokens_seen = _write(documents, seen.ids_of)
    if not len(tokens_seen.ids):
        n_documents = len(tokens_seen.lengths)
        why = (
            f"none of {n_documents} documents has a token. Perhaps they are empty, or "
            "token_pattern finds no word in them (by default it takes two or more "
            "letters or digits), or stop_words takes all?"
            if n_documents
            else "there is no document. Perhaps an iterator was read before?"
        )
        raise ValueError(f"empty vocabulary; {why}")

    _check_tokens(islice(seen.items(), n_known, None), tokens_seen)
    seen.warn_if_any_are_forgotten()
    own_ids, own_counts = seen.ids(), count_words(tokens_seen, seen.n_ids)
    own = TokenTable(list(seen), own_counts.select(own_ids))
    (words, counts), positions = gather_tables(ranks, own, known)
    kept = counts.tokens >= min_count
    kept &= _has_document_frequency(counts, min_df=min_df, max_df=max_df)
    new = np.flatnonzero(kept[n_known:]) + n_known
    new = new[np.argsort(-counts.tokens[new], kind="stable")]
    rows = np.concatenate([np.arange(n_known), new])
    rows = rows[: None if max_features is None else max(max_features, n_known)]
    if not counts.tokens[rows].any():
        forgetting = ""
        if max_vocab_size is not None:
            forgetting = f", and with max_vocab_size={max_vocab_size}"
        n_distinct = max(seen.n_ids, len(words))
        highest = max(own_counts.tokens.max(), counts.tokens.max(initial=0))
        raise ValueError(
            f"empty vocabulary; none of the {n_distinct} distinct tokens is left after "
            f"pruning with min_count={min_count}, min_df={min_df} and max_df={max_df}"
            f"{forgetting}. The highest count of a token is {highest}: try a lower "
            "min_count or min_df, or a higher max_df."
        )

    row_of_word = np.full(len(words), UNKNOWN, dtype=np.int32)
    row_of_word[rows] = np.arange(len(rows), dtype=np.int32)
    row_of_token = np.full(seen.n_ids, UNKNOWN, dtype=np.int32)
    row_of_token[own_ids] = row_of_word[positions]
    vocabulary = {words[word]: row for row, word in enumerate(rows.tolist())}
    for piece in tokens_seen.id_slices():
        piece[:] = row_of_token[piece]  # in the same memory
    corpus = drop_unknown(tokens_seen)
    n_unknown = len(tokens_seen.ids) - len(corpus.ids)
    return Encoded(vocabulary, corpus, counts.select(rows), n_unknown)


def use_vocabulary(
    documents: Iterable[Iterable[Any]],
    vocabulary: Mapping[Any, int] | Iterable[Any],
    ranks: Ranks = ONE_RANK,
) -> Encoded:
    """Encode a stream of token lists with a vocabulary that the user gave."""
    row_of_word = check_vocabulary(vocabulary)
    encoded = encode_words(documents, row_of_word, ranks)
    if not encoded.counts.tokens.any():
        raise ValueError(
            f"None of the {len(row_of_word)} words of `vocabulary` is in a document, "
            "so there is nothing to train on."
        )
    return encoded


def check_vocabulary(
    vocabulary: Mapping[Any, int] | Iterable[Any],
) -> dict[Any, int]:
    """Return what the user gave as words and rows, in the order of rows."""
    if isinstance(vocabulary, Mapping):
        if not all(isinstance(row, Integral) for row in vocabulary.values()):
            raise ValueError("The rows of `vocabulary` have to be whole numbers.")
    elif not isinstance(vocabulary, Set):  # which CountVectorizer sorts
        vocabulary = list(vocabulary)
    missing = [word for word in vocabulary if any(map(_is_missing, _parts(word)))]
    if missing:
        raise ValueError(f"`vocabulary` has a word that is missing ({missing[0]!r}).")
    # CountVectorizer checks a given vocabulary, and fits without a document.
    try:
        checked = CountVectorizer(vocabulary=vocabulary, lowercase=False).fit([])
    except TypeError as error:
        raise TypeError(
            f"The words of `vocabulary` cannot be looked up ({error}). They have to be "
            "hashable: texts, numbers or tuples, for example."
        ) from error
    return dict(sorted(checked.vocabulary_.items(), key=itemgetter(1)))


def encode_words(
    documents: Iterable[Iterable[Any]],
    vocabulary: dict[Any, int],
    ranks: Ranks = ONE_RANK,
) -> Encoded:
    """Encode a stream of token lists with a vocabulary, and count its words.

    Counts are those of all ranks.
    """
    tokens = encode(documents, vocabulary)
    corpus = drop_unknown(tokens)
    n_unknown = len(tokens.ids) - len(corpus.ids)
    counts = count_words(corpus, len(vocabulary))
    require_equal(
        ranks,
        "vocabulary",
        lambda: {"vocabulary": _fingerprint(vocabulary)},
        "The order of words counts.",
    )
    counts = gather_counts(ranks, counts)
    return Encoded(vocabulary, corpus, counts, n_unknown)


def encode(documents: Iterable[Iterable[Any]], vocabulary: Mapping[Any, int]) -> Corpus:
    """Turn a stream of token lists into rows; UNKNOWN stands for what is no word."""
    return _write(
        documents, lambda tokens: map(vocabulary.get, tokens, repeat(UNKNOWN))
    )


def _fingerprint(vocabulary: dict[Any, int]) -> str:
    return f"{len(vocabulary)} words of hash {joblib.hash(list(vocabulary))}"


def _has_document_frequency(
    counts: WordCounts, *, min_df: float, max_df: float
) -> NDArray[np.bool_]:
    """Tell which tokens stand in enough documents, and in not too many."""
    n_documents, frequencies = counts.n_documents, counts.document_frequencies
    lowest = min_df if isinstance(min_df, Integral) else min_df * n_documents
    highest = max_df if isinstance(max_df, Integral) else max_df * n_documents
    if highest < lowest:
        raise ValueError("max_df corresponds to < documents than min_df")
    return (frequencies >= lowest) & (frequencies <= highest)


def _write(
    documents: Iterable[Iterable[Any]],
    ids_of: Callable[[Iterable[Any]], Iterable[int]],
) -> Corpus:
    """Return the corpus of what each document's tokens are to be."""
    with CorpusWriter() as writer:
        for position, tokens in enumerate(documents):
            try:
                writer.add(ids_of(tokens))
            except TypeError as error:
                raise TypeError(
                    f"The tokens of document {position} cannot be looked up ({error}). "
                    "Tokens have to be hashable: texts, numbers or tuples, for example."
                ) from error
        return writer.corpus()


def _check_tokens(tokens: Iterable[tuple[Any, int]], corpus: Corpus) -> None:
    """Refuse tokens, which come with their ids, that would be found nowhere again."""
    kinds: dict[type, Any] = {}
    for token, token_id in tokens:
        if isinstance(token, str):
            continue
        parts = list(_parts(token))
        kinds.update((type(part), part) for part in parts)
        if any(map(_is_missing, parts)):
            place = int(np.flatnonzero(corpus.ids == token_id)[0])
            document = int(np.searchsorted(corpus.offsets, place, side="right")) - 1
            raise ValueError(
                f"Document {document} has a token that is missing ({token!r}). Leave "
                "missing tokens out."
            )
    for kind, part in kinds.items():
        if not _equals_a_copy(part):
            raise ValueError(
                f"Tokens of type {kind.__module__}.{kind.__qualname__} are equal only "
                "to themselves, so that no word would be found again. Let the analyzer "
                "return their texts: [str(token) for token in document], for example."
            )


def _parts(token: Any) -> Iterator[Any]:
    """Yield what a token is made of: itself, or the parts of a tuple or a set."""
    if isinstance(token, (tuple, frozenset)):
        for part in token:
            yield from _parts(part)
    else:
        yield token


def _is_missing(token: Any) -> bool:
    # As nan, which is the only number that is not itself.
    return token is None or is_na_of_pandas(token) or bool(token != token)  # noqa: PLR0124


def _equals_a_copy(token: Any) -> bool:
    try:
        return bool(copy(token) == token)
    except (TypeError, NotImplementedError):  # as a token of spaCy, which has none
        return False
