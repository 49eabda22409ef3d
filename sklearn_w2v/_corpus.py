"""A corpus: documents as integers, the rows of their words, and counts of the words.

This module imports no other module of the package.
"""

import errno
import os
import tempfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from inspect import CO_GENERATOR
from traceback import walk_tb
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.model_selection import train_test_split

#: The id of a token that is not in the vocabulary.
UNKNOWN = -1

#: The largest numbers of documents and of tokens in a batch. They limit the memory that
#: is used in addition to the ids.
DOCUMENTS_AT_ONCE = 8192
TOKENS_AT_ONCE = 2**19

#: The largest number of ids that are kept in memory, 1 GiB. More are written to a file,
#: IDS_AT_ONCE at a time.
IDS_IN_MEMORY = 2**28
IDS_AT_ONCE = 2**22

#: Rows of a matrix with one row per word: their indices, or a slice.
Rows = NDArray[np.int64] | slice


class Corpus(NamedTuple):
    """The ids of all documents one after the other, and where each document starts.

    Document i is ``ids[offsets[i] : offsets[i + 1]]``.
    """

    ids: NDArray[np.int32]  # (n_tokens,)
    offsets: NDArray[np.int64]  # (n_documents + 1,)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each document, (n_documents,)."""
        return np.diff(self.offsets)

    def select(self, is_selected: NDArray[np.bool_]) -> "Corpus":
        """Return some of the documents, by a value for each, as a copy."""
        lengths = self.lengths
        offsets = np.concatenate([[0], np.cumsum(lengths[is_selected])])
        return Corpus(self.ids[np.repeat(is_selected, lengths)], offsets)

    def batches(self) -> Iterator["Corpus"]:
        """Yield batches of documents; a very long document is a separate batch."""
        first, n_documents = 0, len(self.offsets) - 1
        while first < n_documents:
            fitting = self.offsets[first] + TOKENS_AT_ONCE
            last = int(np.searchsorted(self.offsets, fitting, side="right")) - 1
            last = max(first + 1, min(last, first + DOCUMENTS_AT_ONCE))
            offsets = self.offsets[first : last + 1]
            yield Corpus(self.ids[offsets[0] : offsets[-1]], offsets - offsets[0])
            first = last

    def id_slices(self) -> Iterator[NDArray[np.int32]]:
        """Yield slices of the ids; a slice can start or end within a document."""
        for begin in range(0, len(self.ids), TOKENS_AT_ONCE):
            yield self.ids[begin : begin + TOKENS_AT_ONCE]

    def checksum(self) -> int:
        """Return a number that is the same for equal ids and offsets."""
        checksum = zlib.crc32(self.offsets.data)
        for ids in self.id_slices():
            checksum = zlib.crc32(ids.data, checksum)
        return checksum

    def token_counts(
        self, n_words: int, documents: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return how often each word occurs in all documents, or in the given ones.

        All tokens must be words.
        """
        counts = np.zeros(n_words, dtype=np.int64)
        slices = self.id_slices() if documents is None else self._ids_of(documents)
        for ids in slices:  # bincount copies each to 64 bits
            counts += np.bincount(ids, minlength=n_words)
        return counts

    def count_words(self, n_words: int) -> "WordCounts":
        """Count the words; all tokens must be words."""
        tokens = self.token_counts(n_words)
        frequencies = self._document_frequencies(n_words)
        return WordCounts(tokens, frequencies, len(self.offsets) - 1)

    def drop_unknown(self) -> "Corpus":
        """Remove the tokens that are not words; keep all documents.

        This is done in place: the ids of this corpus are overwritten.
        """
        offsets = np.zeros_like(self.offsets)
        begin, n_words = 0, 0
        for ids in self.id_slices():
            end = begin + len(ids)
            is_word = ids != UNKNOWN  # (n_tokens in this slice,)
            n_words_until = n_words + np.cumsum(is_word)
            # The documents that end in this slice.
            first, last = np.searchsorted(self.offsets, [begin, end], side="right")
            offsets[first:last] = n_words_until[self.offsets[first:last] - begin - 1]
            n_words_now = int(n_words_until[-1])
            if n_words_now < end:  # otherwise, nothing has been removed so far
                self.ids[n_words:n_words_now] = ids[is_word]
            begin, n_words = end, n_words_now
        return Corpus(self.ids[:n_words], offsets)

    def coverage(self) -> NDArray[np.float64]:
        """Return the share of each document's tokens that are words; 0 without any."""
        n_words = self.drop_unknown().lengths  # (n_documents,)
        return n_words / np.maximum(self.lengths, 1)

    def _ids_of(self, documents: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        """Yield the ids of some documents, a batch of documents at a time."""
        ends = np.cumsum(self.lengths[documents])
        splits = np.flatnonzero(np.diff(ends // TOKENS_AT_ONCE)) + 1
        for batch in np.split(documents, splits):
            if not len(batch):  # there is no document
                return
            yield np.concatenate(
                [self.ids[self.offsets[i] : self.offsets[i + 1]] for i in batch]
            )

    def _document_frequencies(self, n_words: int) -> NDArray[np.int64]:
        """Return the number of documents that contain each word."""
        frequencies = np.zeros(n_words, dtype=np.int64)
        for batch in self.batches():
            if len(batch.offsets) == 2:
                occurs = np.zeros(n_words, dtype=bool)
                for ids in batch.id_slices():
                    occurs[ids] = True
                frequencies += occurs
                continue
            matrix = csr_array(
                (np.ones(len(batch.ids), dtype=np.int8), batch.ids, batch.offsets),
                shape=(len(batch.offsets) - 1, n_words),
            )
            # Sorted by word, then by document, which makes it fast to add up repeats.
            by_word = matrix.tocsc()
            by_word.sum_duplicates()
            frequencies += np.diff(by_word.indptr)
        return frequencies


class CorpusWriter:
    """Collects the ids of documents, one document at a time, in a corpus.

    Up to IDS_IN_MEMORY ids are kept in memory. More are written to a file without a
    name, which is deleted with the corpus, however the process ends. Use the writer in
    a `with` statement, which closes the file; the corpus does not need it open.

    Parameters
    ----------
    ids_in_memory : int or None
        The largest number of ids that are kept in memory, if not IDS_IN_MEMORY.
    content : str
        What the file has, for the message of an error.
    """

    def __init__(
        self, ids_in_memory: int | None = None, content: str = "4 bytes per token"
    ) -> None:
        self.ids_in_memory = IDS_IN_MEMORY if ids_in_memory is None else ids_in_memory
        self.content = content
        self.ids, self.offsets = array("i"), array("q", [0])
        self.file: IO[bytes] | None = None
        self.n_written = 0

    def __enter__(self) -> "CorpusWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if there is one."""
        if self.file is not None:
            self.file.close()

    @property
    def n_documents(self) -> int:
        """The number of documents so far."""
        return len(self.offsets) - 1

    def add(self, ids: Iterable[int]) -> None:
        """Add a document."""
        self.ids.extend(ids)
        self.offsets.append(self.n_written + len(self.ids))
        self._write_if_full()

    def add_block(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> None:
        """Add documents, whose ids are one after the other."""
        offsets = self.offsets[-1] + np.cumsum(lengths, dtype=np.int64)
        self.ids.frombytes(ids.tobytes())
        self.offsets.frombytes(offsets.tobytes())
        self._write_if_full()

    def corpus(self) -> Corpus:
        """Return all documents; the ids are writable."""
        offsets = np.frombuffer(self.offsets, np.int64)
        if self.file is None:
            return Corpus(np.frombuffer(self.ids, np.int32), offsets)
        self._write()
        # A plain array, whose base is the memory map.
        ids = np.asarray(np.memmap(self.file, np.int32, "r+"))
        return Corpus(ids, offsets)

    def _write_if_full(self) -> None:
        if len(self.ids) > (IDS_AT_ONCE if self.file else self.ids_in_memory):
            self._write()

    def _write(self) -> None:
        folder = os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()
        try:
            if self.file is None:
                # Unbuffered: after a full disk, `close` would fail to flush a buffer.
                self.file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115
            with memoryview(self.ids).cast("B") as content:
                n_done = 0
                while n_done < len(content):
                    n_done += self.file.write(content[n_done:])
        except OSError as error:
            n_bytes = 4 * (self.n_written + len(self.ids))
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            needed = "with more space" if is_full else "that exists and can be written"
            raise OSError(
                error.errno,
                f"{error.strerror}: a temporary file in {folder!r} takes "
                f"{self.content}, {n_bytes:,} bytes so far. Set the environment "
                f"variable TMPDIR or JOBLIB_TEMP_FOLDER to a folder {needed}",
            ) from error
        self.n_written += len(self.ids)
        del self.ids[:]


def corpus_of(
    documents: Iterable[Iterable[Any]], ids_of: Callable[[Iterable[Any]], Iterable[int]]
) -> Corpus:
    """Return a corpus with the ids of each document's tokens."""
    with CorpusWriter() as writer:
        for position, tokens in enumerate(documents):
            try:
                writer.add(ids_of(tokens))
            except TypeError as error:
                if not is_of_hashing(error) or _is_of_generator(error):
                    raise
                raise TypeError(
                    f"The tokens of document {position} must be hashable, for example "
                    f"strings, numbers or tuples: {error}."
                ) from error
        return writer.corpus()


def is_of_hashing(error: TypeError) -> bool:
    """Return whether an object is not hashable; lazy analyzers raise other errors."""
    return "unhashable" in str(error)


def _is_of_generator(error: TypeError) -> bool:
    """Return whether a lazy analyzer raised an error, which may use a dict as well."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return bool(frame.f_code.co_flags & CO_GENERATOR)


class WordCounts(NamedTuple):
    """How often words occur in the documents of a fit."""

    tokens: NDArray[np.int64]  # (n_words,)
    document_frequencies: NDArray[np.int64]  # (n_words,)
    n_documents: int

    def select(self, rows: NDArray[np.int64]) -> "WordCounts":
        """Return the counts of some words."""
        return WordCounts(
            self.tokens[rows], self.document_frequencies[rows], self.n_documents
        )

    def plus(self, before: "WordCounts", rows: Rows, rows_before: Rows) -> "WordCounts":
        """Return the sum with earlier counts: `rows_before` are added to `rows`."""
        tokens, frequencies = self.tokens.copy(), self.document_frequencies.copy()
        tokens[rows] += before.tokens[rows_before]
        frequencies[rows] += before.document_frequencies[rows_before]
        return WordCounts(tokens, frequencies, self.n_documents + before.n_documents)


def no_counts(n_words: int) -> WordCounts:
    """Return the counts of words in no documents."""
    return WordCounts(np.zeros(n_words, np.int64), np.zeros(n_words, np.int64), 0)


def hold_out(
    corpus: Corpus, validation_fraction: float, random_state: np.random.RandomState
) -> NDArray[np.int64]:
    """Return the indices of the documents to hold out: a share of those with words."""
    with_words = np.flatnonzero(corpus.lengths)
    try:
        _, held_out = train_test_split(
            with_words, test_size=validation_fraction, random_state=random_state
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot hold out validation_fraction={validation_fraction} "
            f"of the documents that have words (n_samples={len(with_words)}) and leave "
            "some to train on. Pass more documents, another fraction or "
            "early_stopping=False."
        ) from error
    return np.sort(held_out)
