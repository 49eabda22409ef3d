"""Tokens -> ids: decides which tokens are words, and replaces words by their rows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from itertools import repeat
from numbers import Integral
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v._corpus import (
    UNKNOWN,
    Corpus,
    CorpusWriter,
    WordCounts,
    count_words,
    drop_unknown,
)
from sklearn_w2v._documents import is_na_of_pandas


class Encoded(NamedTuple):
    """Documents in the words of a vocabulary."""

    vocabulary: dict[Any, int]  # word -> row, in the order of rows
    corpus: Corpus  # less the tokens that are no words
    counts: WordCounts  # of the words in the corpus
    n_unknown: int  # tokens that are no words


def learn_vocabulary(
    documents: Iterable[Iterable[Any]],
    *,
    known: Iterable[Any] = (),
    min_count: int,
    min_df: float,
    max_df: float,
    max_features: int | None,
) -> Encoded:
    """Learn the vocabulary of a stream of token lists, and encode it.

    Words are sorted by falling count; words of the same count stand in the order in
    which they were first seen, which needs no order among tokens of any type. Words
    that are known already come first, in their order, however often they occur here.
    """
    seen = defaultdict(None, {word: row for row, word in enumerate(known)})
    n_known = len(seen)
    seen.default_factory = seen.__len__  # a new token gets the next free id
    tokens_seen = _write(documents, lambda tokens: map(seen.__getitem__, tokens))
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

    _check_tokens(list(seen)[n_known:], tokens_seen, n_known)
    counts = count_words(tokens_seen, len(seen))
    kept = counts.tokens >= min_count
    kept &= _has_document_frequency(counts, min_df=min_df, max_df=max_df)
    new = np.flatnonzero(kept[n_known:]) + n_known
    new = new[np.argsort(-counts.tokens[new], kind="stable")]
    rows = np.concatenate([np.arange(n_known), new])
    rows = rows[: None if max_features is None else max(max_features, n_known)]
    if not counts.tokens[rows].any():
        raise ValueError(
            f"empty vocabulary; none of the {len(seen)} distinct tokens is left after "
            f"pruning with min_count={min_count}, min_df={min_df} and max_df={max_df}. "
            f"The highest count of a token is {counts.tokens.max()}: try a lower "
            "min_count or min_df, or a higher max_df."
        )

    row_of_token = np.full(len(seen), UNKNOWN, dtype=np.int32)
    row_of_token[rows] = np.arange(len(rows), dtype=np.int32)
    words = list(seen)
    vocabulary = {words[token]: row for row, token in enumerate(rows.tolist())}
    for piece in tokens_seen.pieces():
        piece[:] = row_of_token[piece]  # in the same memory
    corpus = drop_unknown(tokens_seen)
    n_unknown = len(tokens_seen.ids) - len(corpus.ids)
    return Encoded(vocabulary, corpus, counts.select(rows), n_unknown)


def use_vocabulary(
    documents: Iterable[Iterable[Any]],
    vocabulary: Mapping[Any, int] | Iterable[Any],
) -> Encoded:
    """Encode a stream of token lists with a vocabulary that the user gave."""
    row_of_word = check_vocabulary(vocabulary)
    encoded = encode_words(documents, row_of_word)
    if not len(encoded.corpus.ids):
        raise ValueError(
            f"None of the {len(row_of_word)} words of `vocabulary` is in a document, "
            "so there is nothing to train on."
        )
    return encoded


def check_vocabulary(
    vocabulary: Mapping[Any, int] | Iterable[Any],
) -> dict[Any, int]:
    """Return what the user gave as words and rows, in the order of rows."""
    # CountVectorizer checks a given vocabulary, and fits without a document.
    checked = CountVectorizer(vocabulary=vocabulary, lowercase=False).fit([])
    return dict(sorted(checked.vocabulary_.items(), key=itemgetter(1)))


def encode_words(
    documents: Iterable[Iterable[Any]], vocabulary: dict[Any, int]
) -> Encoded:
    """Encode a stream of token lists with a vocabulary, and count its words."""
    tokens = encode(documents, vocabulary)
    corpus = drop_unknown(tokens)
    n_unknown = len(tokens.ids) - len(corpus.ids)
    return Encoded(vocabulary, corpus, count_words(corpus, len(vocabulary)), n_unknown)


def encode(documents: Iterable[Iterable[Any]], vocabulary: Mapping[Any, int]) -> Corpus:
    """Turn a stream of token lists into rows; UNKNOWN stands for what is no word."""
    return _write(
        documents, lambda tokens: map(vocabulary.get, tokens, repeat(UNKNOWN))
    )


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


def _check_tokens(tokens: list[Any], corpus: Corpus, first_id: int) -> None:
    """Refuse tokens that would be found nowhere again."""
    kinds: dict[type, Any] = {}
    for token_id, token in enumerate(tokens, first_id):
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
