"""Read files of word vectors."""

import codecs
import gzip
import io
import os
import re
import sys
import zlib
from array import array
from collections.abc import Container, Iterable, Iterator
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._numbers import check_vectors
from sklearn_w2v._warnings import warn
from sklearn_w2v._word2vec_format import (
    MAX_VECTOR_SIZE,
    MAX_WORD_BYTES,
    ends_in_column,
    excerpt,
    has_other_separators,
    is_number,
    is_text_record,
    looks_like_text,
)

#: Bytes that are read at once. Longer lines are cut.
CHUNK_BYTES = 1 << 24

#: Largest number of blank lines in a text file. Python takes a minute for 200 MB.
MAX_BLANK_LINES = 1 << 16

#: The number of words and the size of vectors. `int` accepts 1_0, and no more than 4300
#: digits.
HEADER = re.compile(rb"\s*([+-]?\d{1,99})\s+([+-]?\d{1,99})\s*")

#: How other kinds of files begin, and what to do with them.
OTHER_FILES = {
    b"PK\x03\x04": "a zip archive. Unpack it",
    **{b"BZh%d1AY&SY" % level: "packed by bzip2. Unpack it" for level in range(1, 10)},
    b"\xfd7zXZ": "packed by xz. Unpack it",
    b"(\xb5/\xfd": "packed by zstd. Unpack it",
    b"\xff\xfe\0\0": "text in UTF-32. Convert it to UTF-8",
    b"\xff\xfe": "text in UTF-16. Convert it to UTF-8",
    b"\xfe\xff": "text in UTF-16. Convert it to UTF-8",
    b"\xba\x16O/": (
        "a fastText model. Load it with gensim's load_facebook_vectors, and pass the "
        "result as init_vectors"
    ),
    b"\x80": (
        "a pickle, perhaps of gensim. If so, load it with KeyedVectors.load, or with "
        "Word2Vec.load and .wv, and pass that as init_vectors"
    ),
    b"\x93NUMPY": "a numpy array, which has no words",
    b"\x89HDF": "an HDF5 file, which is not supported",
}


def read_vectors(
    path: str | os.PathLike[str],
    *,
    words: Container[str] | None = None,
    limit: int | None = None,
) -> tuple[list[str], NDArray[np.float32]]:
    """Read words and vectors; raise a ValueError if the file is not as it should be.

    The format and whether the file is gzipped are recognized by the content.

    With `words`, only these are kept. The numbers of other words are not parsed, so
    that looking up a few words in a huge file takes little time and memory. With
    `limit`, reading stops after so many words that are kept.

    Returns
    -------
    words : list of str
        In the order of the file. If a word occurs twice, its first vector is used.
    vectors : ndarray of shape (n_words, vector_size)
    """
    path = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            stream = file
            if file.peek(2)[:2] == b"\x1f\x8b":  # the first bytes of any gzip file
                # Buffered, since GzipFile.readline is slow.
                stream = io.BufferedReader(gzip.GzipFile(fileobj=file))
            return _Reader(stream, path, words, limit).read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path!r} is a truncated or corrupt gzip file: {error}"
        ) from error


class _Reader:
    """Reads one file, and holds the words and numbers that are kept of it."""

    def __init__(
        self,
        file: io.BufferedReader,
        path: str,
        wanted: Container[str] | None,
        limit: int | None,
    ) -> None:
        self.file, self.path, self.wanted, self.limit = file, path, wanted, limit
        self.n_words: int | None = None  # by the header; None for GloVe's files
        self.vector_size = 0
        self.words: dict[str, None] = {}  # a set that keeps its order
        self.numbers = array("f")  # the vectors of all words, one after the other
        self.n_repeated, self.first_repeated = 0, ""
        self.n_not_utf8, self.first_not_utf8 = 0, b""

    def read(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return what `read_vectors` does."""
        lines = iter(partial(self.file.readline, CHUNK_BYTES), b"")
        first = next(lines, b"").removeprefix(codecs.BOM_UTF8)
        self._read_first_line(first)
        if self.n_words is not None:
            first = next(lines, b"")
        if is_text_record(first, self.vector_size):
            self._read_text(chain([first], lines))
        elif self.n_words is not None:
            self._read_binary(first, self.n_words)
        else:
            raise ValueError(
                f"{self.path!r} is not a file of word vectors: its first line is "
                "neither a header of two whole numbers nor a word and up to "
                f"{MAX_VECTOR_SIZE:,} numbers, separated by spaces."
            )
        return self._result()

    def _read_first_line(self, line: bytes) -> None:
        """Set `n_words` and `vector_size`; raise an error for other kinds of files."""
        if not line:
            raise ValueError(f"{self.path!r} is empty.")
        for begin, kind in OTHER_FILES.items():
            if line.startswith(begin):
                raise ValueError(
                    f"{self.path!r} is not a file of word vectors, but {kind}."
                )
        if header := HEADER.fullmatch(line):
            self.n_words, self.vector_size = map(int, header.groups())
            if self.n_words < 1 or not 1 <= self.vector_size <= MAX_VECTOR_SIZE:
                raise self._header_error(f"with {self.vector_size} numbers each")
            return
        self.vector_size = line.rstrip().count(b" ")
        if self.vector_size == 1 and all(map(is_number, line.split())):
            raise ValueError(
                f"{self.path!r} begins with {excerpt(line.rstrip())}, which is not a "
                "header of two whole numbers. Correct it; or, if it is a word and its "
                "number, insert a header before it."
            )

    def _read_text(self, lines: Iterable[bytes]) -> None:
        """Read lines, the first of which is the first after the header."""
        n_read, n_blank, line = 0, 0, b""
        for line_number, line in enumerate(lines, 1 if self.n_words is None else 2):
            # fastText and word2vec end lines with a space. The numbers are counted from
            # the end of the line, since words of GloVe's files may have spaces.
            word, *numbers = line.rstrip().rsplit(b" ", self.vector_size)
            if not word and not numbers:
                n_blank += 1
                if n_blank > MAX_BLANK_LINES:
                    raise ValueError(
                        f"{self.path!r} has over {MAX_BLANK_LINES:,} blank lines."
                    )
                continue
            if n_read == self.n_words:
                raise self._header_error("but the file continues after them")
            n_read += 1
            self._add_line(line_number, word, numbers)
            if len(self.words) == self.limit:
                return
        if self.n_words is not None and n_read < self.n_words:
            raise self._header_error(f"but the file ends after {n_read}")
        if not line.endswith(b"\n"):
            warn(
                f"The last line of {self.path!r} does not end in a newline: its last "
                "number may be truncated."
            )

    def _add_line(self, line_number: int, word: bytes, numbers: list[bytes]) -> None:
        """Add the word of a line, unless it is to be skipped, and its numbers."""
        where = f"Line {line_number} of {self.path!r}"
        size = self.vector_size
        if len(numbers) < size:
            raise ValueError(
                f"{where} has {len(numbers)} of {size} numbers. If it is the last "
                "line, the file is probably truncated."
            )
        if ends_in_column(word):
            raise ValueError(
                f"{where} has {excerpt(word)} before its last {size} numbers, which is "
                "not a word: it ends in white space, or in a number after white space. "
                "The line may have more numbers than the first, or a tab or several "
                "spaces between them."
            )
        if not self._add_word(word):
            return
        try:
            if b"_" in b"".join(numbers):  # see is_number
                raise ValueError
            self.numbers.extend(map(float, numbers))
        except ValueError:
            wrong = next(text for text in numbers if not is_number(text))
            raise ValueError(
                f"{where} does not end in {size} numbers: {excerpt(wrong)} is not one."
            ) from None

    def _read_binary(self, begin: bytes, n_words: int) -> None:
        """Read records from `begin`, and then from the file."""
        n_bytes = 4 * self.vector_size
        buffer = bytearray(begin)
        buffer += self.file.read(n_bytes)
        is_text = has_other_separators(begin, self.vector_size)
        if is_text or looks_like_text(buffer, self.vector_size):
            line, *_ = buffer.splitlines()
            raise ValueError(
                f"Line 2 of {self.path!r} does not end in {self.vector_size} numbers, "
                f"separated by spaces: it begins with {excerpt(line)}."
            )
        chunks = iter(partial(self.file.read, CHUNK_BYTES), b"")
        for n_read in range(n_words):
            space = self._fill(buffer, chunks, n_read)
            end = space + 1 + n_bytes
            if self._add_word(bytes(buffer[:space]).lstrip(b"\n")):
                self.numbers.frombytes(buffer[space + 1 : end])
            del buffer[:end]
            if len(self.words) == self.limit:
                break
        else:
            for rest in chain([bytes(buffer)], chunks):
                if rest.strip(b"\n"):
                    raise self._header_error("but the file continues after them")
        if sys.byteorder == "big":
            self.numbers.byteswap()

    def _fill(self, buffer: bytearray, chunks: Iterator[bytes], n_read: int) -> int:
        """Read on until there is a whole record, and return where its word ends."""
        while True:
            space = buffer.find(b" ", 0, MAX_WORD_BYTES + 1)
            if space >= 0 and len(buffer) > space + 4 * self.vector_size:
                return space
            if space < 0 and len(buffer) > MAX_WORD_BYTES:
                raise self._header_error(
                    f"but what follows {n_read} of them is not a word, which has at "
                    f"most {MAX_WORD_BYTES:,} bytes"
                )
            chunk = next(chunks, None)
            if chunk is None:
                raise self._header_error(
                    f"but the file ends after {n_read}. It was read as binary, since "
                    f"line 2 does not have {self.vector_size} numbers"
                )
            buffer += chunk

    def _add_word(self, word: bytes) -> bool:
        """Add a word if it is wanted and new; return whether it was added."""
        try:
            text = word.decode()
        except UnicodeDecodeError:
            # The word2vec program truncates long words, also within a character.
            self.first_not_utf8 = self.first_not_utf8 or word[:99]
            self.n_not_utf8 += 1
            return False
        if self.wanted is not None and text not in self.wanted:
            return False
        if text in self.words:
            self.first_repeated = self.first_repeated if self.n_repeated else text
            self.n_repeated += 1
            return False
        self.words[text] = None
        return True

    def _result(self) -> tuple[list[str], NDArray[np.float32]]:
        words = list(self.words)
        not_utf8 = f"not UTF-8, as {self.first_not_utf8!r} is not"
        if self.n_not_utf8 and not words and self.wanted is None:
            raise ValueError(
                f"All words of {self.path!r} are {not_utf8}. Perhaps the file has "
                "another encoding, or another format."
            )
        vectors = np.frombuffer(self.numbers, np.float32)  # (n_words * vector_size,)
        vectors = vectors.reshape(len(words), self.vector_size)
        check_vectors(words, vectors, f" in {self.path!r}")
        if self.n_repeated:
            warn(
                f"{self.path!r} has {self.n_repeated} vectors for words that already "
                f"have one, the first of them for {self.first_repeated!r}. The first "
                "vector of each word is used."
            )
        if self.n_not_utf8:
            warn(
                f"{self.path!r} has {self.n_not_utf8} words that are {not_utf8}. They "
                "are skipped. If there are many, the file has another encoding."
            )
        return words, vectors

    def _header_error(self, problem: str) -> ValueError:
        return ValueError(
            f"The first line of {self.path!r} announces {self.n_words} words, "
            f"{problem}. The file is damaged or truncated, or its first line is wrong "
            "and can be corrected."
        )
