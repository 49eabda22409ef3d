r"""Files of word vectors <-> words and a matrix. numpy and the standard library only.

Reads three formats, told by their content and gzipped or not, and writes the first two:

- word2vec text: a header, the numbers of words and of dimensions; then a line for each
  word, with the word and its numbers.
- word2vec binary: the same header; then each word, a space and the bytes of its float32
  numbers. The word2vec program writes a newline after them, gensim does not.
- GloVe: the lines of word2vec text without the header.

Only b" " and b"\n" end words: tabs, no-break spaces and the like belong to them. Words
of text may have blanks inside, as in GloVe's files, but none that a number follows:
that is a line with more numbers than the others.
"""

import codecs
import glob
import gzip
import io
import os
import re
import secrets
import shutil
import sys
import zlib
from array import array
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from itertools import chain
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._warnings import warn

try:
    import fcntl
except ImportError:  # on Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]

#: Bytes that are read in one go, at most. No line is longer.
BYTES_AT_ONCE = 1 << 24

#: Bytes of a word of a binary file, and numbers of a vector, at most: what is beyond
#: them is no file of word vectors, whatever it unpacks to.
LONGEST_WORD = 1 << 16
LARGEST_VECTOR = 1 << 20

#: Blank lines of a text file, at most. Python takes a minute for 200 MB of them.
MOST_BLANK_LINES = 1 << 16

#: Numbers of vectors, at most: float32 holds their squares and sums, too.
LARGEST_NUMBER = 1e15

#: What other files begin with, and what to do with them.
OTHER_FILES = {
    b"PK\x03\x04": "a zip archive. Unpack it",
    **{b"BZh%d1AY&SY" % level: "packed by bzip2. Unpack it" for level in range(1, 10)},
    b"\xfd7zXZ": "packed by xz. Unpack it",
    b"(\xb5/\xfd": "packed by zstd. Unpack it",
    b"\xff\xfe\0\0": "text in UTF-32. Convert it to UTF-8",
    b"\xff\xfe": "text in UTF-16. Convert it to UTF-8",
    b"\xfe\xff": "text in UTF-16. Convert it to UTF-8",
    b"\xba\x16O/": (
        "a model of fastText. Load it with gensim's load_facebook_vectors, and pass "
        "what that returns as init_vectors"
    ),
    b"\x80": (
        "a pickle, perhaps of gensim. If so, load it with KeyedVectors.load, or with "
        "Word2Vec.load and .wv, and pass that as init_vectors"
    ),
    b"\x93NUMPY": "an array of numpy, which has no words",
    b"\x89HDF": "an HDF5 file, and not read here",
}


def read(
    path: str | os.PathLike[str],
    *,
    words: Container[str] | None = None,
    limit: int | None = None,
) -> tuple[list[str], NDArray[np.float32]]:
    """Read words and vectors; a bad file is a ValueError that says what is wrong.

    With `words`, only these are kept. The numbers of others are not even parsed, so
    that looking for few words in a huge file takes little time and memory. With a
    `limit`, only the first so many words are kept, and what is behind them is not read.

    Returns
    -------
    words : list of str
        In the order of the file. Where a word occurs twice, its first vector counts.
    vectors : ndarray of shape (n_words, vector_size)
    """
    path = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            if file.peek(2)[:2] != b"\x1f\x8b":  # how every gzip file begins
                return _read(file, _Kept(path, words, limit))
            with gzip.GzipFile(fileobj=file) as unzipped:
                # GzipFile's own readline is slow.
                return _read(io.BufferedReader(unzipped), _Kept(path, words, limit))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"{path!r} is a truncated or corrupt gzip file: {error}"
        raise ValueError(message) from error


def write(
    path: str | os.PathLike[str],
    words: Iterable[Any],
    vectors: NDArray[np.float32],
    *,
    binary: bool = False,
) -> None:
    """Write distinct words and their vectors, in word2vec's text or binary format.

    Both are exact, and what would not come back from the file is a ValueError. The file
    is gzipped if its name ends in ".gz". It takes its place when it is complete: until
    then, or if anything goes wrong, a file that was there stays.
    """
    path = os.fsdecode(path)
    encoded = [_encode(word) for word in words]
    vectors = np.asarray(vectors, dtype=np.float32)  # (n_words, vector_size)
    _check_vectors(encoded, vectors, binary=binary)
    if not os.path.basename(path):
        raise IsADirectoryError(f"{path!r} is the name of a folder, not of a file.")
    with _replace(os.path.realpath(path)) as file:
        stream: Any = nullcontext(file)
        if path.lower().endswith(".gz"):  # gensim goes by the name, and in this way
            # No name and time, so that the same vectors make the same file; and level
            # 6, since level 9 takes text more than twice the time to save 1%.
            stream = gzip.GzipFile("", "wb", 6, file, mtime=0)
        with stream as out:
            out.write(b"%d %d\n" % vectors.shape)
            out.writelines(_records(encoded, vectors, binary=binary))


class _Kept:
    """What is kept of a file."""

    def __init__(
        self, path: str, wanted: Container[str] | None, limit: int | None
    ) -> None:
        self.path, self.wanted, self.limit = path, wanted, limit
        self.words: dict[str, None] = {}  # a set that keeps its order
        self.numbers = array("f")  # of all words, one after the other
        self.n_repeated, self.first_repeated = 0, ""
        self.n_not_utf8, self.first_not_utf8 = 0, b""

    def add(self, word: bytes) -> bool:
        """Add a word if it is wanted and new; if so, its numbers are to be added."""
        try:
            text = word.decode()
        except UnicodeDecodeError:
            # The word2vec program cuts long words anywhere, also inside a character.
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

    def is_full(self) -> bool:
        """Return whether nothing more is to be read."""
        return len(self.words) == self.limit

    def result(self, vector_size: int) -> tuple[list[str], NDArray[np.float32]]:
        """Return what `read` does, if all numbers are finite."""
        words = list(self.words)
        not_utf8 = f"not UTF-8, as {self.first_not_utf8!r} is not"
        if self.n_not_utf8 and not words and self.wanted is None:
            raise ValueError(
                f"All words of {self.path!r} are {not_utf8}. Perhaps the file has "
                "another encoding, or another format."
            )
        vectors = np.frombuffer(self.numbers, np.float32)  # (n_words * vector_size,)
        vectors = vectors.reshape(len(words), vector_size)
        first_bad = _first_bad(vectors)
        if first_bad is not None:
            raise ValueError(
                f"The vector of {words[first_bad][:99]!r} in {self.path!r} has a "
                f"number that is nan, infinite or beyond +-{LARGEST_NUMBER:g}."
            )
        if self.n_repeated:
            warn(
                f"{self.path!r} has {self.n_repeated} vectors of words that have one "
                f"already, the first of them for {self.first_repeated!r}. The first "
                "vector of a word counts."
            )
        if self.n_not_utf8:
            warn(
                f"{self.path!r} has {self.n_not_utf8} words that are {not_utf8}. They "
                "are left out. If they are many, the file has another encoding."
            )
        return words, vectors


def _read(
    file: io.BufferedReader, kept: _Kept
) -> tuple[list[str], NDArray[np.float32]]:
    path = kept.path
    lines = iter(partial(file.readline, BYTES_AT_ONCE), b"")
    first = next(lines, b"").removeprefix(codecs.BOM_UTF8)
    if not first:
        raise ValueError(f"{path!r} is empty.")
    for begin, kind in OTHER_FILES.items():
        if first.startswith(begin):
            raise ValueError(f"{path!r} is no file of word vectors, but {kind}.")
    n_words, vector_size = None, first.rstrip().count(b" ")
    with suppress(ValueError):  # GloVe's files have no header
        n_words, vector_size = map(_whole_number, first.split())
    if n_words is not None:
        if n_words < 1 or not 1 <= vector_size <= LARGEST_VECTOR:
            raise _bad_header(path, n_words, f"with {vector_size} numbers each")
        first = next(lines, b"")
    elif vector_size > LARGEST_VECTOR:
        raise ValueError(
            f"{path!r} is no file of word vectors: its first line has {vector_size:,} "
            f"blanks, and no vector has more than {LARGEST_VECTOR:,} numbers."
        )
    elif vector_size == 1 and _are_numbers(first.split()):
        raise ValueError(
            f"{path!r} begins with {_shown(first.rstrip())}, which is no header of two "
            "whole numbers. Correct it; or if it is a word and its number, put a "
            "header above."
        )
    if _is_text(first, vector_size):
        _read_text(chain([first], lines), n_words, vector_size, kept)
    elif n_words is not None:
        first += file.read(4 * vector_size)
        if _is_writing(first, vector_size):
            line, *_ = first.splitlines()
            raise ValueError(
                f"Line 2 of {path!r} does not end in {vector_size} numbers, with a "
                f"blank between: it begins with {_shown(line)}."
            )
        _read_binary(first, file, n_words, vector_size, kept)
    else:
        raise ValueError(
            f"{path!r} is no file of word vectors: its first line is neither a header "
            "of two whole numbers nor a word and its numbers, with a blank between."
        )
    return kept.result(vector_size)


def _read_text(
    lines: Iterable[bytes], n_words: int | None, vector_size: int, kept: _Kept
) -> None:
    """Read the lines of words; `n_words` is None where there was no header."""
    n_read, n_blank, line = 0, 0, b"\n"
    for line_number, line in enumerate(lines, 1 if n_words is None else 2):
        # fastText and word2vec write a space at the end of a line. Numbers are counted
        # from there, since GloVe's files have words with spaces.
        word, *numbers = line.rstrip().rsplit(b" ", vector_size)
        if not word and not numbers:
            n_blank += 1
            if n_blank > MOST_BLANK_LINES:
                raise ValueError(f"{kept.path!r} has over {n_blank - 1:,} blank lines.")
            continue
        if n_read == n_words:
            raise _bad_header(kept.path, n_words, "but goes on after them")
        n_read += 1
        where = f"Line {line_number} of {kept.path!r}"
        if len(numbers) < vector_size:
            raise ValueError(f"{where} has {len(numbers)} of {vector_size} numbers.")
        if _ends_in_column(word):
            raise ValueError(
                f"{where} has {_shown(word)} before its last {vector_size} numbers, "
                "which is no word: it ends in white space, or in a number after it. "
                "Perhaps the line has more numbers than the first, or more than one "
                "blank or a tab between them."
            )
        if kept.add(word):
            try:
                kept.numbers.extend(_numbers(numbers))
            except ValueError as error:
                raise ValueError(
                    f"{where} does not end in {vector_size} numbers: {str(error)[:199]}"
                ) from error
            if kept.is_full():
                return
    if n_words is not None and n_read < n_words:
        raise _bad_header(kept.path, n_words, f"but ends after {n_read}")
    if not line.endswith(b"\n"):
        warn(
            f"The last line of {kept.path!r} has no end: its last number may have been "
            "cut off."
        )


def _read_binary(
    begin: bytes, file: io.BufferedReader, n_words: int, vector_size: int, kept: _Kept
) -> None:
    """Read words and the bytes of their numbers, from `begin` and then the file."""
    buffer = bytearray(begin)
    pieces = iter(partial(file.read, BYTES_AT_ONCE), b"")
    for n_read in range(n_words):
        # Whatever size the header says, no more is read ahead than one word may take.
        while (space := buffer.find(b" ", 0, LONGEST_WORD)) < 0 or (
            len(buffer) <= space + 4 * vector_size
        ):
            if space < 0 and len(buffer) >= LONGEST_WORD:
                raise _bad_header(
                    kept.path,
                    n_words,
                    f"but what follows {n_read} of them is no word: it goes on for "
                    f"{LONGEST_WORD:,} bytes",
                )
            piece = next(pieces, None)
            if piece is None:
                why = f"read as binary, as line 2 does not have {vector_size} numbers"
                raise _bad_header(kept.path, n_words, f"but ends after {n_read}; {why}")
            buffer += piece
        end = space + 1 + 4 * vector_size
        if kept.add(bytes(buffer[:space]).lstrip(b"\n")):
            kept.numbers.frombytes(buffer[space + 1 : end])
        del buffer[:end]
        if kept.is_full():
            break
    for rest in () if kept.is_full() else chain([bytes(buffer)], pieces):
        if rest.strip(b"\n"):
            raise _bad_header(kept.path, n_words, "but goes on after them")
    if sys.byteorder == "big":
        kept.numbers.byteswap()


def _is_text(line: bytes, vector_size: int) -> bool:
    """Tell whether a line is a word and its numbers."""
    # A header can have larger numbers than rsplit takes, so spaces are counted first.
    if not 1 <= vector_size <= line.count(b" "):
        return False
    numbers = line.rstrip().rsplit(b" ", vector_size)[1:]
    return len(numbers) == vector_size and _are_numbers(numbers)


def _is_writing(begin: bytes, vector_size: int) -> bool:
    """Tell whether what stands where a binary file has its first vector is text."""
    numbers = begin.partition(b" ")[2][: 4 * vector_size]
    try:
        text, _ = codecs.utf_8_decode(numbers, "strict", False)  # it may be cut short
    except UnicodeDecodeError:
        return False
    is_printable = all(letter.isprintable() or letter in "\t\r\n" for letter in text)
    # With something between columns or lines: the bytes of 0.7 are "333?".
    return is_printable and any(map(str.isspace, text))


def _shown(word: bytes) -> str:
    return repr(word[:99].decode(errors="replace"))


def _ends_in_column(word: bytes) -> bool:
    """Tell whether a word ends in white space, or in white space and a number."""
    *columns, last = re.split(rb"[ \t]", word)
    return bool(columns) and _are_numbers([last or b"0"])


def _are_numbers(texts: list[bytes]) -> bool:
    try:
        _numbers(texts)
    except ValueError:
        return False
    return True


def _numbers(texts: list[bytes]) -> list[float]:
    # For Python, 1_0 is 10.
    if b"_" in b"".join(texts):
        wrong = next(text for text in texts if b"_" in text)
        raise ValueError(f"could not convert string to float: {wrong!r}")
    return list(map(float, texts))


def _whole_number(text: bytes) -> int:
    if not text.strip(b"+-").isdigit():
        raise ValueError
    return int(text)


def _bad_header(path: str, n_words: int, but: str) -> ValueError:
    return ValueError(
        f"{path!r} says {n_words} words in its first line, {but}. Either the file is "
        "damaged or cut off, or its first line is wrong and can be corrected."
    )


def _encode(word: Any) -> bytes:
    if not isinstance(word, str):
        why = f"which has no words of type {type(word).__name__}"
    elif not word or " " in word or "\n" in word:
        why = "where a space or a newline ends a word and no word is empty"
    elif _ends_in_column(word.encode(errors="replace")):
        why = "where a tab, or a number after it, is not taken for the end of a word"
    else:
        try:
            return word.encode()
        except UnicodeEncodeError as error:
            why = f"which is UTF-8 ({error.reason})"
    raise ValueError(
        f"The word {word!r} cannot be written in word2vec's format, {why}. Replace it "
        "when tokenizing (a space by '_', for example), or keep the words as they are: "
        "pickle the vectorizer, or use to_keyed_vectors().save()."
    )


def _check_vectors(
    words: list[bytes], vectors: NDArray[np.float32], *, binary: bool
) -> None:
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size:
        message = f"{len(words)} words cannot have vectors of shape {vectors.shape}."
        raise ValueError(message)
    first_bad = _first_bad(vectors)
    if first_bad is not None:
        raise ValueError(
            f"The vector of {words[first_bad].decode()!r} has a number that is nan, "
            f"infinite or beyond +-{LARGEST_NUMBER:g}."
        )
    if not binary:
        return
    longest = max(words, key=len)
    if len(longest) >= LONGEST_WORD:
        raise ValueError(
            f"A binary file has no words of {LONGEST_WORD:,} bytes and more, as one "
            f"that begins with {_shown(longest)}. Use binary=False."
        )
    record, vector_size = next(_records(words, vectors, binary=True)), vectors.shape[1]
    line = record.partition(b"\n")[0]
    if _is_text(line, vector_size) or _is_writing(record, vector_size):
        raise ValueError(
            f"The bytes of the vector of {words[0].decode()!r} happen to be writing: a "
            "binary file would be taken for text. Use binary=False."
        )


def _first_bad(vectors: NDArray[np.float32]) -> int | None:
    """Return the first row with a number that is none or too large, if any."""
    if not vectors.size:
        return None
    # Most files are good, and this takes no memory; a nan is not less than anything.
    with np.errstate(invalid="ignore"):
        if vectors.max() <= LARGEST_NUMBER and vectors.min() >= -LARGEST_NUMBER:
            return None
        good = (np.abs(vectors) <= LARGEST_NUMBER).all(axis=1)  # (n_words,)
    return int(good.argmin())


def _records(
    words: list[bytes], vectors: NDArray[np.float32], *, binary: bool
) -> Iterator[bytes]:
    # Nine digits tell each float32 from all others.
    template = " ".join(["%.9g"] * vectors.shape[1])
    for word, vector in zip(words, vectors, strict=True):
        if binary:
            numbers = vector.astype("<f4").tobytes()
        else:
            numbers = (template % tuple(vector.tolist())).encode()
        yield b"%b %b\n" % (word, numbers)


@contextmanager
def _replace(target: str) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `target` when all has been written."""
    if os.path.exists(target) and not os.path.isfile(target):
        kind = IsADirectoryError if os.path.isdir(target) else OSError
        raise kind(f"{target!r} is not a file, and is not replaced by one.")
    folder, name = os.path.split(target)
    # What a killed process leaves behind tells by its name what it is.
    begin = os.path.join(folder, f".{name[:50]}.")  # a longer one may be too long
    _sweep(begin)
    temporary = f"{begin}{secrets.token_hex(8)}.part"
    try:
        opened = open(temporary, "xb")  # noqa: SIM115, closed below
    except OSError as error:
        error.filename = target  # no one has asked for the other
        raise
    try:
        with opened as file:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            if os.path.exists(target):
                shutil.copymode(target, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(temporary)
        raise


def _sweep(begin: str) -> None:
    """Remove what killed processes have left of files whose names begin so."""
    for left in glob.glob(f"{glob.escape(begin)}{'[0-9a-f]' * 16}.part"):
        # One that another process is writing is locked, or cannot be removed.
        with suppress(OSError):
            if fcntl:
                with open(left, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.remove(left)
