"""Tokens -> ids: choose the tokens that are words, and replace them by their rows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from copy import copy
from itertools import chain, islice, repeat
from numbers import Integral
from operator import itemgetter
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v._corpus import (
    UNKNOWN,
    Corpus,
    CorpusWriter,
    WordCounts,
    corpus_of,
    is_of_hashing,
)
from sklearn_w2v._documents import TokenArray, is_na_of_pandas
from sklearn_w2v._gathering import TokenTable, gather_counts, gather_tables
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._ranks import ONE_RANK, Ranks, require_equal
from sklearn_w2v._token_ids import TokenIds

#: The number of tokens of each type that are checked.
N_CHECKED = 8

#: What messages call tokens and words, and how their cure begins.
OF_TOKENS = "Tokens", "Let the analyzer return"
OF_VOCABULARY = "Words of `vocabulary`", "Pass"

#: The tokens of each document.
Documents = Iterable[Iterable[Any]]


class Encoded(NamedTuple):
    """Documents that are encoded with a vocabulary."""

    vocabulary: dict[Any, int]  # word -> row, in the order of rows
    corpus: Corpus  # without tokens that are not words
    counts: WordCounts  # of the words in the documents
    n_unknown: int  # tokens that are not words


def learn_vocabulary(
    documents: Documents,
    parameters: FitParameters,
    known: Collection[Any] = (),
    ranks: Ranks = ONE_RANK,
) -> Encoded:
    """Learn the vocabulary of a stream of token lists, and encode them with it.

    The vocabulary and its counts are those of all ranks, as if one rank read their
    documents one after the other.

    Words are sorted by falling count. Words with the same count keep the order in which
    they were first seen, since tokens of different types cannot be compared. Known
    words come first, in their order, however often they occur in these documents.
    """
    with TokenIds(known, parameters.max_vocab_size) as seen:
        if parameters.max_vocab_size is not None:
            # Counts between documents, so not in blocks.
            documents = _with_first_checked(documents)
        corpus = _encoded(documents, seen.ids_of)
        _check_any_token(corpus, ranks)
        _check_tokens(seen, corpus)
        seen.warn_if_forgotten()
        own = TokenTable(list(seen), seen.counts_in(corpus))
        (words, counts), positions = gather_tables(ranks, own, known)
        rows = _rows_of_words(counts, parameters, len(known))
        if not counts.tokens[rows].any():
            raise ValueError(_all_pruned(seen, counts, parameters))
        vocabulary = {
            _python_value(words[word]): row for row, word in enumerate(rows.tolist())
        }
        row_of_word = np.full(len(words), UNKNOWN, dtype=np.int32)
        row_of_word[rows] = np.arange(len(rows), dtype=np.int32)
        seen.replace_ids(corpus, row_of_word[positions], vocabulary)
    without_unknown = corpus.drop_unknown()
    n_unknown = len(corpus.ids) - len(without_unknown.ids)
    return Encoded(vocabulary, without_unknown, counts.select(rows), n_unknown)


def _rows_of_words(
    counts: WordCounts, parameters: FitParameters, n_known: int
) -> NDArray[np.int64]:
    """Return the tokens that are words, by their places among `counts`.

    Known words come first, then the others by falling count.
    """
    max_features = parameters.max_features
    kept = _are_frequent(counts, parameters)
    new = np.flatnonzero(kept[n_known:]) + n_known
    new = new[np.argsort(-counts.tokens[new], kind="stable")]
    rows = np.concatenate([np.arange(n_known), new])
    return rows[: None if max_features is None else max(max_features, n_known)]


def _all_pruned(seen: TokenIds, counts: WordCounts, parameters: FitParameters) -> str:
    """Return the message of an error that no token is a word."""
    n_known = seen.n_known
    n_new = int(np.count_nonzero(_are_frequent(counts, parameters)[n_known:]))
    if n_new:  # max_features left none of them
        return (
            f"empty vocabulary; the {n_known} known words use up max_features="
            f"{parameters.max_features}, and none of them is in the documents. Raise "
            f"max_features to learn up to {n_new} new words."
        )
    forgetting = ""
    if parameters.max_vocab_size is not None:
        forgetting = f", and with max_vocab_size={parameters.max_vocab_size}"
    which = f"none of the {len(counts.tokens)} distinct tokens"
    if seen.n_forgotten:  # how many were distinct is not known
        which = "no token"
    highest = max(seen.highest_forgotten, counts.tokens.max(initial=0))
    return (
        f"empty vocabulary; {which} is left after pruning with "
        f"min_count={parameters.min_count}, min_df={parameters.min_df} and "
        f"max_df={parameters.max_df}{forgetting}. "
        f"The highest count of a token is {highest}: try a lower min_count or "
        "min_df, or a higher max_df."
    )


def _check_any_token(corpus: Corpus, ranks: Ranks) -> None:
    """Raise a ValueError if no document of any rank has a token."""
    own = len(corpus.ids), len(corpus.lengths)
    n_tokens, n_documents = np.sum(
        [*ranks.all_gather(own, "numbers of tokens")], axis=0
    )
    if n_tokens:
        return
    why = (
        f"none of {n_documents} documents has a token. Perhaps they are empty, or "
        "token_pattern matches nothing in them (by default, it matches two or more "
        "letters or digits), or stop_words removes all tokens."
        if n_documents
        else "there is no document. Perhaps an iterator was already consumed."
    )
    raise ValueError(f"empty vocabulary; {why}")


def use_vocabulary(
    documents: Documents,
    vocabulary: Mapping[Any, int] | Iterable[Any],
    ranks: Ranks = ONE_RANK,
) -> Encoded:
    """Encode a stream of token lists with the vocabulary that the user passed."""
    row_of_word = check_vocabulary(vocabulary)
    encoded = encode_words(documents, row_of_word, ranks)
    if not encoded.counts.tokens.any():
        raise ValueError(
            f"None of the {len(row_of_word)} words of `vocabulary` is in any document, "
            "so there is nothing to train on."
        )
    return encoded


def check_vocabulary(vocabulary: Mapping[Any, int] | Iterable[Any]) -> dict[Any, int]:
    """Check the vocabulary that the user passed; return words and rows, by rows."""
    if isinstance(vocabulary, Mapping):
        if not all(isinstance(row, Integral) for row in vocabulary.values()):
            raise ValueError("The rows of `vocabulary` must be integers.")
    elif not isinstance(vocabulary, Set):  # sets are sorted by CountVectorizer
        vocabulary = list(vocabulary)
    missing = [word for word in vocabulary if any(map(_is_missing, _elements(word)))]
    if missing:
        raise ValueError(f"`vocabulary` has a missing value as a word: {missing[0]!r}.")
    words = filter(_is_hashable, vocabulary)
    _check_found_again(islice(words, N_CHECKED), *OF_VOCABULARY)
    # CountVectorizer checks a vocabulary that is passed, and needs no documents then.
    try:
        checked = CountVectorizer(vocabulary=vocabulary, lowercase=False).fit([])
    except TypeError as error:
        if not is_of_hashing(error):
            raise
        raise TypeError(
            "The words of `vocabulary` must be hashable, for example strings, numbers "
            f"or tuples: {error}."
        ) from error
    by_row = sorted(checked.vocabulary_.items(), key=itemgetter(1))
    return {_python_value(word): row for word, row in by_row}


def encode_words(
    documents: Documents, vocabulary: dict[Any, int], ranks: Ranks = ONE_RANK
) -> Encoded:
    """Encode a stream of token lists with a vocabulary, and count its words.

    The counts are those of all ranks.
    """
    tokens = encode(documents, vocabulary)
    corpus = tokens.drop_unknown()
    n_unknown = len(tokens.ids) - len(corpus.ids)
    counts = corpus.count_words(len(vocabulary))
    require_equal(
        ranks,
        "vocabulary",
        lambda: {"vocabulary": _fingerprint(vocabulary)},
        "The order of words matters.",
    )
    counts = gather_counts(ranks, counts)
    return Encoded(vocabulary, corpus, counts, n_unknown)


def encode(documents: Documents, vocabulary: Mapping[Any, int]) -> Corpus:
    """Replace tokens by their rows, and those that are not words by UNKNOWN."""
    return _encoded(
        documents, lambda tokens: map(vocabulary.get, tokens, repeat(UNKNOWN))
    )


def _fingerprint(vocabulary: dict[Any, int]) -> str:
    return f"{len(vocabulary)} words of hash {joblib.hash(list(vocabulary))}"


def _are_frequent(counts: WordCounts, parameters: FitParameters) -> NDArray[np.bool_]:
    """Return which tokens pass `min_count`, `min_df` and `max_df`."""
    n_documents, frequencies = counts.n_documents, counts.document_frequencies
    min_df, max_df = parameters.min_df, parameters.max_df
    lowest = min_df if isinstance(min_df, Integral) else min_df * n_documents
    highest = max_df if isinstance(max_df, Integral) else max_df * n_documents
    if highest < lowest:
        raise ValueError("max_df corresponds to < documents than min_df")
    is_frequent = counts.tokens >= parameters.min_count
    return is_frequent & (frequencies >= lowest) & (frequencies <= highest)


def _encoded(
    documents: Documents, ids_of: Callable[[Iterable[Any]], Iterable[int]]
) -> Corpus:
    """Return a corpus with the ids of each document's tokens."""
    if not isinstance(documents, TokenArray):
        return corpus_of(documents, ids_of)
    with CorpusWriter() as writer:
        for integers, lengths in documents.blocks():
            writer.add_block(_ids_of_integers(integers, ids_of), lengths)
        return writer.corpus()


def _ids_of_integers(
    tokens: NDArray[np.integer[Any]], ids_of: Callable[[Iterable[Any]], Iterable[int]]
) -> NDArray[np.int32]:
    """Return the ids of tokens; ask for each distinct token only once."""
    if not len(tokens):
        return np.empty(0, dtype=np.int32)
    distinct, first, inverse = _distinct(tokens)
    order = np.argsort(first)  # in which they are first seen
    ids = np.empty(len(distinct), dtype=np.int32)
    ids[order] = np.fromiter(ids_of(distinct[order].tolist()), np.int32, len(order))
    return ids[inverse]


def _distinct(
    tokens: NDArray[np.integer[Any]],
) -> tuple[NDArray[np.integer[Any]], NDArray[np.intp], NDArray[np.intp]]:
    """Return the distinct tokens, their first positions, and the index of each token.

    This is np.unique without sorting, if the tokens are in a small range.
    """
    lowest, highest = int(tokens.min()), int(tokens.max())
    n_values = highest - lowest + 1
    if n_values > 4 * len(tokens) or highest > np.iinfo(np.int64).max:
        return np.unique(tokens, return_index=True, return_inverse=True)
    values = tokens.astype(np.int64) - lowest  # (n_tokens,)
    first = np.full(n_values, -1, dtype=np.intp)
    # NumPy keeps the last of several assignments to one index: the first position.
    first[values[::-1]] = np.arange(len(tokens))[::-1]
    occurs = first >= 0
    inverse = (np.cumsum(occurs) - 1)[values]
    return np.flatnonzero(occurs) + lowest, first[occurs], inverse


def _with_first_checked(documents: Documents) -> Documents:
    """Return the documents; refuse tokens of the first that are never found again.

    With `max_vocab_size` they are forgotten, all of them, before `_check_tokens`.
    """
    stream = iter(documents)
    for tokens in islice(stream, 1):
        rest = iter(tokens)
        first = list(islice(rest, N_CHECKED))
        objects = [token for token in first if not isinstance(token, str)]
        if objects:
            _check_found_again(filter(_is_hashable, objects), *OF_TOKENS)
        return chain([chain(first, rest)], stream)
    return ()


def _check_tokens(seen: TokenIds, corpus: Corpus) -> None:
    """Raise a ValueError if a token that is not known can never match again.

    The ids of the documents are replaced if a token is missing.
    """
    elements_by_type: dict[type, list[Any]] = {}
    for token in islice(seen, seen.n_known, None):
        if isinstance(token, str):
            continue
        elements = list(_elements(token))
        for element in elements:
            some = elements_by_type.setdefault(type(element), [])
            if len(some) < N_CHECKED:
                some.append(element)
        if any(map(_is_missing, elements)):
            rows = np.full(len(seen), UNKNOWN, dtype=np.int32)
            rows[seen[token]] = 0
            seen.replace_ids(corpus, rows, {token: 0})
            position = int(np.flatnonzero(corpus.ids != UNKNOWN)[0])
            document = int(np.searchsorted(corpus.offsets, position, side="right")) - 1
            raise ValueError(
                f"Document {document} has a missing value as a token: {token!r}. "
                "Remove missing tokens."
            )
    for some in elements_by_type.values():
        _check_found_again(some, *OF_TOKENS)


def _check_found_again(tokens: Iterable[Any], what: str, action: str) -> None:
    """Raise a ValueError if a dict does not find hashable tokens by equal ones."""
    elements = [element for token in tokens for element in _elements(token)]
    for element in elements:
        if isinstance(element, str):
            continue
        reason = _why_not_found(element)
        if reason is None or _is_missing(element):
            continue
        name = f"{type(element).__module__}.{type(element).__qualname__}"
        cure = "strings, for example [str(token) for token in document]"
        for method in ("as_py", "tolist"):
            if hasattr(element, method):
                cure = f"Python's own values, for example by {method}()"
        raise ValueError(
            f"{what} of type {name} {reason}, so no word would be found again. "
            f"{action} {cure}."
        )


def _why_not_found(token: Any) -> str | None:
    """Return why a dict does not find a token by one that is equal; None if it does."""
    try:
        other = copy(token)
        if not bool(other == token):
            return "are equal only to themselves"
        if hash(other) != hash(token):
            return "are equal by value, but their hashes are not"
    except Exception:  # spaCy's tokens cannot be copied, for example
        return "are equal only to themselves"
    # Scalars of pyarrow are equal only to one another.
    if hasattr(token, "as_py") and token.as_py() != token:
        return "differ from Python's own values"
    return None


def _is_hashable(token: Any) -> bool:
    try:
        hash(token)
    except TypeError:
        return False
    return True


def _python_value(word: Any) -> Any:
    """Return a scalar of NumPy as Python's own, which json can write."""
    if type(word) is tuple:
        return tuple(map(_python_value, word))
    if isinstance(word, np.generic):
        value = word.item()
        # Only if tokens of NumPy's type find it in a dict.
        if hash(value) == hash(word) and value == word:
            return value
    return word


def _elements(token: Any) -> Iterator[Any]:
    """Yield the elements of a tuple or frozenset, also of nested ones, or the token."""
    if isinstance(token, (tuple, frozenset)):
        for element in token:
            yield from _elements(element)
    else:
        yield token


def _is_missing(token: Any) -> bool:
    if token is None or is_na_of_pandas(token):
        return True
    try:
        # NaN is the only number that differs from itself.
        return bool(token != token)  # noqa: PLR0124
    except Exception:  # of tensors, for example
        return False
