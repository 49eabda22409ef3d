"""Write files of word vectors."""

import glob
import gzip
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._numbers import check_vectors
from sklearn_w2v._word2vec_format import (
    MAX_WORD_BYTES,
    ends_in_column,
    excerpt,
    is_text_record,
    looks_like_text,
)

try:
    import fcntl
except ImportError:  # on Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]


def write_vectors(
    path: str | os.PathLike[str],
    words: Iterable[Any],
    vectors: NDArray[np.float32],
    *,
    binary: bool = False,
) -> None:
    """Write distinct words and their vectors, in word2vec's text or binary format.

    Both formats are exact. Words and vectors that they cannot represent raise a
    ValueError. The file is gzipped if its name ends in ".gz". It is renamed to `path`
    when it is complete: after an earlier error, an existing file is unchanged.
    """
    path = os.fsdecode(path)
    words = list(words)
    encoded = [_encode(word) for word in words]
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(words) or not vectors.size:
        raise ValueError(
            f"{len(words)} words cannot have vectors of shape {vectors.shape}."
        )
    check_vectors(words, vectors)
    if binary:
        _check_binary(encoded, vectors)
    if not os.path.basename(path):
        raise IsADirectoryError(f"{path!r} is the name of a folder, not of a file.")
    with _replace(os.path.realpath(path)) as file:
        stream: Any = nullcontext(file)
        if path.lower().endswith(".gz"):  # as gensim decides, too
            # Without name and time, the same vectors make the same file. Level 9 takes
            # more than twice the time of level 6 on text, to save 1%.
            stream = gzip.GzipFile("", "wb", 6, file, mtime=0)
        with stream as out:
            out.write(b"%d %d\n" % vectors.shape)
            out.writelines(_records(encoded, vectors, binary=binary))


def _encode(word: Any) -> bytes:
    if not isinstance(word, str):
        why = f"which has no words of type {type(word).__name__}"
    elif not word or " " in word or "\n" in word:
        why = "where a space or a newline ends a word and words are not empty"
    elif ends_in_column(word.encode(errors="replace")):
        why = "where words do not end in a tab, or in a number after a tab"
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


def _check_binary(words: list[bytes], vectors: NDArray[np.float32]) -> None:
    """Raise a ValueError if a binary file would not be read as it was written."""
    longest = max(words, key=len)
    if len(longest) > MAX_WORD_BYTES:
        raise ValueError(
            f"A binary file has no words of more than {MAX_WORD_BYTES:,} bytes, as the "
            f"one that begins with {excerpt(longest)}. Use binary=False."
        )
    vector_size = vectors.shape[1]
    record = next(_records(words, vectors, binary=True))
    line = record.partition(b"\n")[0]
    if is_text_record(line, vector_size) or looks_like_text(record, vector_size):
        raise ValueError(
            f"The bytes of the vector of {words[0].decode()!r} happen to be text, and "
            "the binary file would be read as text. Use binary=False."
        )


def _records(
    words: list[bytes], vectors: NDArray[np.float32], *, binary: bool
) -> Iterator[bytes]:
    # Nine digits distinguish all float32 numbers.
    template = " ".join(["%.9g"] * vectors.shape[1])
    for word, vector in zip(words, vectors, strict=True):
        if binary:
            numbers = vector.astype("<f4").tobytes()
        else:
            numbers = (template % tuple(vector.tolist())).encode()
        yield b"%b %b\n" % (word, numbers)


@contextmanager
def _replace(target: str) -> Iterator[IO[bytes]]:
    """Open a temporary file that is renamed to `target` when it has been written."""
    if os.path.exists(target) and not os.path.isfile(target):
        kind = IsADirectoryError if os.path.isdir(target) else OSError
        raise kind(f"{target!r} is not a file, and is not replaced by one.")
    folder, name = os.path.split(target)
    # Names have at most 255 bytes, and characters at most 4.
    prefix = os.path.join(folder, f".{name[:50]}.")
    _remove_abandoned(prefix)
    temporary = f"{prefix}{secrets.token_hex(8)}.part"
    try:
        opened = open(temporary, "xb")  # noqa: SIM115, closed below
    except OSError as error:
        error.filename = target  # not the name of the temporary file
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


def _remove_abandoned(prefix: str) -> None:
    """Remove the temporary files of processes that were killed."""
    for path in glob.glob(f"{glob.escape(prefix)}{'[0-9a-f]' * 16}.part"):
        # A file that another process is writing is locked, or cannot be removed.
        with suppress(OSError):
            if fcntl:
                with open(path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.remove(path)
