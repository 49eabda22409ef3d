"""The ids of tokens while documents are read; rare tokens can be forgotten meanwhile.

Forgotten tokens and their ids take no more memory. Since a forgotten token can occur
again and become a word, its first occurrences must be found again at the end. So the
ids of tokens are numbers from 0 without gaps at any time, and each time that tokens are
forgotten, these tokens and their ids are written down, to a file if they are many. At
the end, the ids of the documents are replaced by rows from the last document to the
first: before a point where tokens were forgotten, ids had the meaning that was written
down there.
"""

import pickle
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, islice, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import (
    IDS_AT_ONCE,
    TOKENS_AT_ONCE,
    UNKNOWN,
    Corpus,
    CorpusWriter,
    WordCounts,
    no_counts,
)
from sklearn_w2v._warnings import DocumentWarning, warn

#: Ids, and the tokens that had them.
Piece = tuple[NDArray[np.int32], list[Any]]

#: The largest number of tokens in a piece, which limits the memory to pickle it.
TOKENS_IN_PIECE = 10_000

#: Types of tokens that equal their pickled copies.
COMMON_TYPES = {str, bytes, int}


class TokenIds(dict[Any, int]):
    """The ids of tokens; a new token gets the next id.

    Use it in a `with` statement, which closes the file of forgotten tokens.

    Parameters
    ----------
    known : iterable of hashables
        Tokens that get the first ids, and are never forgotten.
    max_vocab_size : int or None
        The largest number of tokens that are not known. When there are more, rare ones
        are forgotten by gensim's rule: those seen fewer times than a threshold, which
        rises by one each time. A forgotten token that occurs again gets a new id, and a
        new count. The ids of the other tokens become those without gaps again.
    """

    def __init__(self, known: Iterable[Any], max_vocab_size: int | None) -> None:
        super().__init__((word, row) for row, word in enumerate(known))
        self.n_known = len(self)
        self.max_vocab_size = max_vocab_size
        self.threshold = 1
        self.n_tokens = 0  # in all documents so far
        self.n_forgotten = 0  # a token that returns can be forgotten again
        self.highest_forgotten = 0  # the highest count of a forgotten token
        self.forgotten = ForgottenTokens()
        # The ids of documents that are not counted yet.
        self.pending, self.offsets = array("i"), array("q", [0])
        self.counts = no_counts(self.n_known)

    def __enter__(self) -> "TokenIds":
        return self

    def __exit__(self, *error: object) -> None:
        self.forgotten.writer.close()

    def __missing__(self, token: Any) -> int:
        token_id = self[token] = len(self)
        return token_id

    def ids_of(self, tokens: Iterable[Any]) -> Iterable[int]:
        """Return the ids of a document's tokens, until tokens are forgotten."""
        ids = map(self.__getitem__, tokens)
        if self.max_vocab_size is None:
            return ids
        document = array("i", ids)
        self.n_tokens += len(document)
        self.pending.extend(document)
        self.offsets.append(len(self.pending))
        if len(self) - self.n_known > self.max_vocab_size:
            self._forget()
        elif len(self.pending) > TOKENS_AT_ONCE:
            self._count()
        return document

    def counts_in(self, corpus: Corpus) -> WordCounts:
        """Return how often each token occurs in all documents, the tokens in order.

        Occurrences of a token before it was forgotten do not count.
        """
        if self.max_vocab_size is None:
            return corpus.count_words(len(self))
        self._count()
        return self.counts

    def replace_ids(
        self,
        corpus: Corpus,
        row_of_id: NDArray[np.int32],
        row_of_token: Mapping[Any, int],
    ) -> None:
        """Replace the ids of all documents by rows, in place.

        `row_of_id` has the rows of the tokens in order, and `row_of_token` those of
        tokens that were forgotten. All that it lacks become UNKNOWN.
        """
        end = len(corpus.ids)
        for pruning in self.forgotten.from_last_to_first():
            _replace(corpus.ids[pruning.n_tokens : end], row_of_id)
            end = pruning.n_tokens
            before = np.full(pruning.n_ids, UNKNOWN, dtype=np.int32)
            is_kept = np.ones(pruning.n_ids, dtype=bool)
            for ids, tokens in pruning.pieces:
                is_kept[ids] = False
                before[ids] = list(map(row_of_token.get, tokens, repeat(UNKNOWN)))
            before[is_kept] = row_of_id[: np.count_nonzero(is_kept)]
            row_of_id = before
        _replace(corpus.ids[:end], row_of_id)

    def warn_if_forgotten(self) -> None:
        """Warn if tokens were forgotten, so that words may be missing."""
        if self.n_forgotten:
            warn(
                f"max_vocab_size={self.max_vocab_size}: {self.n_forgotten} times a "
                "token was forgotten while documents were read, since there were more. "
                f"It had been seen fewer than {self.threshold - 1} times by then. "
                "Words that are rare or occur late may be missing, or their counts too "
                "low.",
                DocumentWarning,
            )

    def _count(self) -> None:
        pending = Corpus(
            np.array(self.pending, dtype=np.int32), np.array(self.offsets, np.int64)
        )
        rows_before = slice(len(self.counts.tokens))
        counts = pending.count_words(len(self))
        self.counts = counts.plus(self.counts, rows_before, slice(None))
        del self.pending[:], self.offsets[1:]

    def _forget(self) -> None:
        self._count()
        is_kept = self.counts.tokens >= self.threshold
        is_kept[: self.n_known] = True
        self.threshold += 1
        ids = np.flatnonzero(~is_kept)
        if not len(ids):
            return
        self.n_forgotten += len(ids)
        highest = int(self.counts.tokens[ids].max())
        self.highest_forgotten = max(self.highest_forgotten, highest)
        self.forgotten.add(self.n_tokens, len(self), ids, _some(self, ~is_kept))
        # Each survivor has occurred as often as tokens have been forgotten so far, so
        # all new dicts together take linear time, up to a logarithm.
        kept = list(_some(self, is_kept))
        self.clear()
        self.update(zip(kept, range(len(kept)), strict=True))
        self.counts = self.counts.select(np.flatnonzero(is_kept))


class Pruning(NamedTuple):
    """A point between two documents where tokens were forgotten."""

    n_tokens: int  # in the documents before
    n_ids: int  # before
    pieces: Iterator[Piece]  # the tokens that were forgotten


class ForgottenTokens:
    """The tokens that were forgotten, and where.

    They are pickled, and written to a file from 16 MiB on. A token that does not equal
    its pickled copy stays in memory as it is.
    """

    def __init__(self) -> None:
        self.writer = CorpusWriter(
            IDS_AT_ONCE, "the tokens that max_vocab_size has forgotten"
        )
        # Of each pruning.
        self.n_tokens, self.n_ids = array("q"), array("q")
        self.pieces_until = array("q", [0])
        self.in_memory: dict[int, Piece] = {}

    def add(
        self, n_tokens: int, n_ids: int, ids: NDArray[np.int64], tokens: Iterable[Any]
    ) -> None:
        """Add tokens with these ids, of `n_ids`, forgotten after `n_tokens`."""
        tokens = iter(tokens)
        for begin in range(0, len(ids), TOKENS_IN_PIECE):
            piece = ids[begin : begin + TOKENS_IN_PIECE].astype(np.int32)
            self._add_piece(piece, list(islice(tokens, len(piece))))
        self.n_tokens.append(n_tokens)
        self.n_ids.append(n_ids)
        self.pieces_until.append(self.writer.n_documents)

    def from_last_to_first(self) -> Iterator[Pruning]:
        """Yield all prunings, the last one first."""
        pickled = self.writer.corpus()
        for i in reversed(range(len(self.n_tokens))):
            pieces = range(self.pieces_until[i], self.pieces_until[i + 1])
            yield Pruning(
                self.n_tokens[i], self.n_ids[i], self._pieces(pickled, pieces)
            )

    def _add_piece(self, ids: NDArray[np.int32], tokens: list[Any]) -> None:
        equals_copy = np.array(list(map(_equals_pickled_copy, tokens)))
        if not equals_copy.all():
            in_memory = list(_some(tokens, ~equals_copy))
            self.in_memory[self.writer.n_documents] = ids[~equals_copy], in_memory
            ids, tokens = ids[equals_copy], list(_some(tokens, equals_copy))
        content = pickle.dumps((ids, tokens), pickle.HIGHEST_PROTOCOL)
        integers = np.frombuffer(content + bytes(-len(content) % 4), np.int32)
        self.writer.add_block(integers, np.array([len(integers)]))

    def _pieces(self, pickled: Corpus, numbers: range) -> Iterator[Piece]:
        for i in numbers:
            begin, end = pickled.offsets[i : i + 2]
            yield pickle.loads(pickled.ids[begin:end].tobytes())
            if i in self.in_memory:
                yield self.in_memory[i]


def _equals_pickled_copy(token: Any) -> bool:
    """Return whether a pickled copy of a token finds it in a dict."""
    if type(token) in COMMON_TYPES:
        return True
    try:
        return pickle.loads(pickle.dumps(token)) in {token}
    except Exception:  # whatever the methods of the token raise
        return False


def _some(tokens: Iterable[Any], which: NDArray[np.bool_]) -> Iterator[Any]:
    return compress(tokens, which.tolist())


def _replace(ids: NDArray[np.int32], row_of_id: NDArray[np.int32]) -> None:
    for begin in range(0, len(ids), TOKENS_AT_ONCE):
        piece = ids[begin : begin + TOKENS_AT_ONCE]
        piece[:] = row_of_id[piece]
