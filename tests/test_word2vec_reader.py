"""Reading files of word vectors, and errors and warnings about bad ones."""

import bz2
import gzip
import lzma
import os
import pickle
import re
import struct
import tracemalloc
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import assume, example, given
from word2vec_files import (
    C_BINARY,
    GENSIM_BINARY,
    ODD_VECTORS,
    ODD_WORDS,
    VECTORS,
    WORDS,
    assert_same,
    exactly,
    tables,
)

from sklearn_w2v import _word2vec_reader
from sklearn_w2v._word2vec_reader import read_vectors

BOM = b"\xef\xbb\xbf"
TEXT = "3 2\nthe 1 -0.5\ncafé 0.1 1e-40\n猫 -0 1e15\n".encode()
GLOVE = TEXT.partition(b"\n")[2]
FILES = {
    "text": TEXT,
    "text with spaces at the ends of lines": TEXT.replace(b"\n", b" \n"),
    "text with CRLF": TEXT.replace(b"\n", b"\r\n"),
    "text with spaces and CRLF": TEXT.replace(b"\n", b" \r\n"),
    "text with empty lines at its end": TEXT + b"\n\r\n",
    "text with as many empty lines as it may have": TEXT + b"\n" * 2**16,
    "text with a BOM": BOM + TEXT,
    "GloVe": GLOVE,
    "GloVe with a BOM": BOM + GLOVE,
    "GloVe with CRLF": GLOVE.replace(b"\n", b"\r\n"),
    "binary of word2vec": C_BINARY,
    "binary of word2vec without its last newline": C_BINARY[:-1],
    "binary of gensim": GENSIM_BINARY,
}
#: Words that can be read from text, though they cannot be written.
TEXT_WORDS = [*ODD_WORDS, "new york", "3 cats", ". . .", ""]

ALL_FORMATS = pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY, GENSIM_BINARY])
NAMES = pytest.mark.parametrize("name", ["vectors", "vectors.gz"])
ZIPPED = pytest.mark.parametrize("compress", [bytes, gzip.compress])


@pytest.fixture
def file_of(tmp_path):
    """Return a function that writes a file of some bytes, and returns its path."""

    def write(content, name="vectors"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def error_of(path, cause=object):
    """Return the message for a bad file, with FILE in place of the path."""
    with pytest.raises(ValueError, match=re.escape(repr(str(path)))) as caught:
        read_vectors(path)
    assert isinstance(caught.value.__cause__, cause)
    return str(caught.value).replace(repr(str(path)), "FILE")


# --- what is read


@NAMES
@ZIPPED
@pytest.mark.parametrize("kind", FILES)
def test_the_format_is_recognized_by_the_content(file_of, kind, compress, name):
    path = file_of(compress(FILES[kind]), name)
    for same_path in (path, str(path)):
        words, matrix = read_vectors(same_path)
        assert_same((words, matrix), WORDS, VECTORS)
        assert matrix.flags.writeable
        assert matrix.flags.c_contiguous
        matrix += 1


@ALL_FORMATS
@pytest.mark.parametrize(
    ("wanted", "rows"), [({"猫": 0, "the": 1, "dog": 2}, [0, 2]), (set(), [])]
)
def test_only_wanted_words_are_kept_in_file_order(file_of, content, wanted, rows):
    expected = [WORDS[row] for row in rows]
    assert_same(read_vectors(file_of(content), words=wanted), expected, VECTORS[rows])


def test_vectors_of_words_that_are_not_wanted_are_not_checked(file_of):
    path = file_of(b"a 1 2\nb x y\nc nan 1\nc 5 6\nd 3 4\n")
    expected = np.array([[1, 2], [3, 4]], dtype=np.float32)
    assert_same(read_vectors(path, words={"a", "d"}), ["a", "d"], expected)


@pytest.mark.parametrize("has_header", [False, True])
@given(table=tables(excluded="\n", min_size=0))
@example(table=(TEXT_WORDS, ODD_VECTORS[: len(TEXT_WORDS)]))
def test_all_before_the_numbers_of_a_line_is_its_word(
    tmp_path_factory, has_header, table
):
    words, vectors = table
    # The first word begins with a BOM, and has no space, since without a header
    # the spaces of the first line are counted.
    words = ["\ufefffirst", *words[1:]]
    assume(len(set(words)) == len(words))
    text = "{} {}\n".format(*vectors.shape) if has_header else ""
    for word, vector in zip(words, vectors.tolist(), strict=True):
        text += " ".join([word, *map(str, vector)]) + "\n"
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(BOM + text.encode())
    assert_same(read_vectors(path), words, vectors)


@NAMES
@pytest.mark.parametrize("write_header", [False, True], ids=["GloVe", "word2vec"])
def test_words_with_spaces_are_read_from_files_of_gensim(
    gensim, tmp_path, write_header, name
):
    words = ["york", "new york", "3 cats"]
    saved = gensim.KeyedVectors(vector_size=3)
    saved.add_vectors(words, ODD_VECTORS[:3])
    saved.save_word2vec_format(str(tmp_path / name), write_header=write_header)
    assert_same(read_vectors(tmp_path / name), words, ODD_VECTORS[:3])


@pytest.mark.parametrize(
    "content",
    [
        b"a 1\nb 2\na 3\nb nan\nb 5\n",
        b"5 1\na 1\nb 2\na 3\nb nan\nb 5\n",
        b"5 1\na \0\0\x80?b \0\0\0@a \0\0\0\0b \xff\xff\xff\xffb \0\0\0\0",
    ],
    ids=["GloVe", "text", "binary"],
)
def test_the_first_vector_of_a_word_is_used_with_one_warning(file_of, content):
    path = file_of(content)
    message = (
        f"{str(path)!r} has 3 vectors for words that already have one, the first of "
        "them for 'a'. The first vector of each word is used."
    )
    expected = np.array([[1], [2]], dtype=np.float32)
    with pytest.warns(UserWarning, match=exactly(message)) as caught:
        assert_same(read_vectors(path), ["a", "b"], expected)
    assert [warning.filename for warning in caught] == [__file__]


def test_the_first_repeated_word_may_be_empty(file_of):
    with pytest.warns(UserWarning, match="the first of them for ''"):
        read_vectors(file_of(b"4 1\n 1\na 2\n 3\na 4\n"))


@pytest.mark.parametrize(
    ("content", "n_skipped"),
    [
        ("3 1\na 1\ncafé 2\nb 3\n".encode("latin-1"), 1),
        (b"a 1\n\xe9 1\n\xe8 x\nb 3\n", 2),
        (b"3 1\na \0\0\x80?\xe9 \0\0\0@b \0\0@@", 1),
    ],
    ids=["text", "GloVe", "binary"],
)
def test_words_that_are_not_utf8_are_skipped_with_a_warning(
    file_of, content, n_skipped
):
    message = rf"vectors' has {n_skipped} words that are not UTF-8, as b'.*xe9' is not"
    with pytest.warns(UserWarning, match=message) as caught:
        found = read_vectors(file_of(content))
    assert_same(found, ["a", "b"], np.array([[1], [3]], dtype=np.float32))
    assert [warning.filename for warning in caught] == [__file__]


@ALL_FORMATS
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_nothing_is_read_after_the_limit(file_of, content, limit):
    path = file_of(content if limit > 2 else content[:-3])
    assert_same(read_vectors(path, limit=limit), WORDS[:limit], VECTORS[:limit])
    assert_same(read_vectors(path, words={"café"}, limit=1), WORDS[1:2], VECTORS[1:2])


@pytest.mark.parametrize("content", [TEXT, C_BINARY, GENSIM_BINARY])
@pytest.mark.parametrize("n_bytes", range(7, 40))
def test_the_size_of_chunks_makes_no_difference(file_of, monkeypatch, content, n_bytes):
    if content == TEXT:
        n_bytes += len(max(content.splitlines(), key=len))  # no line may be longer
    monkeypatch.setattr(_word2vec_reader, "CHUNK_BYTES", n_bytes)
    assert_same(read_vectors(file_of(content)), WORDS, VECTORS)
    error = error_of(file_of(content + b"x 1 2\n"))
    assert "but the file continues after them." in error


def test_a_word_may_begin_like_a_file_of_another_kind(file_of):
    assert read_vectors(file_of(b"BZhang 1 2\n"))[0] == ["BZhang"]


# --- what is refused, and how


NO_VECTORS = (
    "FILE is not a file of word vectors: its first line is neither a header of two "
    "whole numbers nor a word and up to 1,048,576 numbers, separated by spaces."
)
NO_WORD = "but what follows {} of them is not a word, which has at most 65,535 bytes"
AS_BINARY = "It was read as binary, since line 2 does not have 2 numbers"
CONTINUES = "but the file continues after them"
bad_header = (
    "The first line of FILE announces {} words, {}. The file is damaged or truncated, "
    "or its first line is wrong and can be corrected."
).format
no_header = (
    "FILE begins with {!r}, which is not a header of two whole numbers. Correct it; "
    "or, if it is a word and its number, insert a header before it."
).format
too_few_numbers = (
    "Line 3 of FILE has {} of 2 numbers. If it is the last line, the file is probably "
    "truncated."
).format
no_numbers = "Line {} of FILE does not end in 2 numbers: {!r} is not one.".format
not_utf8 = (
    "All words of FILE are not UTF-8, as {!r} is not. Perhaps the file has another "
    "encoding, or another format."
).format
not_finite = (
    "The vector of {!r} in FILE has a number that is nan, infinite or beyond +-1e+15."
).format
no_word = (
    "Line {} of FILE has {!r} before its last {} numbers, which is not a word: it ends "
    "in white space, or in a number after white space. The line may have more numbers "
    "than the first, or a tab or several spaces between them."
).format
no_line_2 = (
    "Line 2 of FILE does not end in {1} numbers, separated by spaces: it begins with "
    "{0!r}."
).format


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "FILE is empty."),
        (BOM, "FILE is empty."),
        (gzip.compress(b"", mtime=0), "FILE is empty."),
        # the first line
        (b"\x1f", NO_VECTORS),
        (b"\n", NO_VECTORS),
        (b"word\n", NO_VECTORS),
        (b"two words\n", NO_VECTORS),
        (b"# Title\n\n", NO_VECTORS),
        (b"5\n", NO_VECTORS),
        (b"a " + b"1 " * 2**20 + b"1\n", NO_VECTORS),
        (b"2.0 3\ncat 1 2 3\ndog 0.5 -1 4\n", no_header("2.0 3")),
        (BOM + b"2 1e2 \ncat 1 2 3\n", no_header("2 1e2")),
        (b"5.0 0.5\nb 0.25\n", no_header("5.0 0.5")),
        (b"0 300\n", bad_header(0, "with 300 numbers each")),
        (b"3 0\na\nb\nc\n", bad_header(3, "with 0 numbers each")),
        (b"-1 5\n", bad_header(-1, "with 5 numbers each")),
        (
            b"1 9999999999\na " + bytes(99),
            bad_header(1, "with 9999999999 numbers each"),
        ),
        # the number of words
        (b"3 1\na 1\nb 2\n", bad_header(3, "but the file ends after 2")),
        (b"2 1\na 1\nb 2\nc 3\n", bad_header(2, CONTINUES)),
        (b"2 2\n", bad_header(2, f"but the file ends after 0. {AS_BINARY}")),
        (
            C_BINARY.replace(b"3 2", b"4 2"),
            bad_header(4, f"but the file ends after 3. {AS_BINARY}"),
        ),
        (C_BINARY.replace(b"3 2", b"2 2"), bad_header(2, CONTINUES)),
        (C_BINARY.replace(b"3 2", b"3 1"), bad_header(3, CONTINUES)),
        (C_BINARY + b"x", bad_header(3, CONTINUES)),
        # the number of numbers
        (b"2 2\na 1\nb 2\n", no_line_2("a 1", 2)),
        (b"2 3\nthe 1,5 2,0 3,5\ncat 1,1 2,2 0,1\n", no_line_2("the 1,5 2,0 3,5", 3)),
        (b"2 2\nthe 1_0 2_0\ncat 1_1 2_2\n", no_line_2("the 1_0 2_0", 2)),
        (b"2 4\r\nthe 1.5 --- 2 3\r\nx 1 2 3 4\r\n", no_line_2("the 1.5 --- 2 3", 4)),
        ("1 4\nthe 1 é\n".encode(), no_line_2("the 1 é", 4)),
        (b"2 2\nthe\t1\t2\ncat\t3\t4\n", no_line_2("the\t1\t2", 2)),
        (b"1 3\nthe\t1 2\t3\n", no_line_2("the\t1 2\t3", 3)),
        (b"a 1 2\n\nb 3\n", too_few_numbers(1)),
        (b"2 2\na 1 2\nb\n", too_few_numbers(0)),
        (b"2 2\na 1 2\nb 3 four\n", no_numbers(3, "four")),
        (b"a 1 2\nb  3\n", no_numbers(2, "")),
        (b"2 2\na 1 2\nb 1_0 3\n", no_numbers(3, "1_0")),
        # words
        (b"2 2\ncat 1 2 3\ndog 0.5 -1 4\n", no_word(2, "cat 1", 2)),
        (b"2 2\ncat 2 3\ndog 0.5 -1 4\n", no_word(3, "dog 0.5", 2)),
        (b"a 1 2\nb 1 2\nc 1 2 3\n", no_word(3, "c 1", 2)),
        (b"the\t0.1 0.2 0.3\n", no_word(1, "the\t0.1", 2)),
        (b"2 2\na 1 2\nthe  1 2\n", no_word(3, "the ", 2)),
        (b"2 2\na 1 2\nthe\t 1 2\n", no_word(3, "the\t", 2)),
        (b"1 2\nat 1 1 2\n", no_word(2, "at 1", 2)),
        (b"5 300\n" + bytes(2**17), bad_header(5, NO_WORD.format(0))),
        (b"2 1\na \0bcd" + b"b" * 2**17, bad_header(2, NO_WORD.format(1))),
        ("1 1\ncafé 1\n".encode("latin-1"), not_utf8(b"caf\xe9")),
        (b"a 1\n" + b"\n" * (2**16 + 1), "FILE has over 65,536 blank lines."),
        # numbers
        (b"a 1 2\nb 0 nan\nc -inf 0\n", not_finite("b")),
        (b"1 2\na 0 1e39\n", not_finite("a")),
        (b"1 2\na 0 -1.1e15\n", not_finite("a")),
        (b"1 1\na \0\0\x80\x7f\n", not_finite("a")),
    ],
)
def test_the_error_for_a_bad_file_names_the_fault(file_of, content, expected):
    assert error_of(file_of(content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04rest", "a zip archive. Unpack it"),
        (bz2.compress(TEXT), "packed by bzip2. Unpack it"),
        (lzma.compress(TEXT), "packed by xz. Unpack it"),
        (b"(\xb5/\xfdrest", "packed by zstd. Unpack it"),
        (TEXT.decode().encode("utf-16"), "text in UTF-16. Convert it to UTF-8"),
        (TEXT.decode().encode("utf-32"), "text in UTF-32. Convert it to UTF-8"),
        (b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), "text in UTF-16. Convert"),
        (struct.pack("<i", 793712314), "a fastText model. Load it with gensim's "),
        (pickle.dumps(VECTORS), "a pickle, perhaps of gensim. If so, load it with"),
        (b"\x93NUMPY\1", "a numpy array, which has no words"),
        (b"\x89HDF\r\n", "an HDF5 file, which is not supported"),
    ],
)
@ZIPPED
def test_the_error_for_another_kind_of_file_names_it(
    file_of, content, expected, compress
):
    error = error_of(file_of(compress(content)))
    assert error.startswith(f"FILE is not a file of word vectors, but {expected}")


@pytest.mark.parametrize(
    "content",
    [
        b"w 1\n" + b"z" * 400_000 + b" nan\n",
        b"w 1\n" + b"z" * 400_000 + b" 1 1\n",
        b"w 1\nv " + b"z" * 400_000 + b"\n",
        b"9" * 400_000 + b" 1\n",
        b"9" * 4_000 + b" 1\n",
        b"1 2\nw " + b"z" * 400_000 + b"\n",
        b"\t" * 400_000 + b"\n",
    ],
)
def test_errors_are_short(file_of, content):
    assert len(error_of(file_of(content))) < 500


@pytest.mark.parametrize(
    ("content", "harmless"), [(TEXT, [1, 2, 4]), (C_BINARY, [1]), (GENSIM_BINARY, [])]
)
def test_a_truncated_file_is_an_error(file_of, content, harmless):
    """What is left of the last number of text may be one, too: 1e15, 1e1 or 1."""
    for n_cut in range(1, len(content) + 1):
        if n_cut not in harmless:
            error_of(file_of(content[:-n_cut]))


@pytest.mark.parametrize("content", [TEXT, GLOVE])
@pytest.mark.parametrize("last", [b"1e15", b"1e1", b"1"])
@ZIPPED
def test_a_last_line_without_newline_is_a_warning(file_of, content, last, compress):
    path = file_of(compress(content.removesuffix(b"1e15\n") + last))
    message = (
        f"The last line of {str(path)!r} does not end in a newline: its last number "
        "may be truncated."
    )
    with pytest.warns(UserWarning, match=exactly(message)) as caught:
        found = read_vectors(path)
    expected = VECTORS.copy()
    expected[-1, -1] = float(last)
    assert_same(found, WORDS, expected)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY])
def test_a_gzip_file_that_is_truncated_or_altered_is_an_error(file_of, content):
    zipped = gzip.compress(content)
    bad = [(zipped[:length], EOFError) for length in range(2, len(zipped))]
    bad.append((zipped[:10] + b"\xff" + zipped[11:], zlib.error))
    bad.append((zipped + b"more", gzip.BadGzipFile))
    for position in range(10, len(zipped)):  # bytes before, like the time, mean nothing
        altered = bytearray(zipped)
        altered[position] ^= 0xFF
        bad.append((altered, Exception))
    for damaged, cause in bad:
        error = error_of(file_of(damaged), cause)
        assert error.startswith("FILE is a truncated or corrupt gzip file: ")


def test_a_missing_file_or_a_folder_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_vectors(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        read_vectors(tmp_path)


# --- the memory that bad files take


@contextmanager
def memory_below(n_bytes):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < n_bytes
    finally:
        tracemalloc.stop()


LITTLE = 4 * _word2vec_reader.CHUNK_BYTES


@pytest.mark.parametrize(
    "header", [b"99999999999 2", b"3 99999999999", b"9" * 30 + b" 2", b"3 " + b"9" * 30]
)
@pytest.mark.parametrize("end", [b"\n", b"\n\n"])
@pytest.mark.parametrize("content", [TEXT, C_BINARY])
def test_huge_numbers_in_the_header_take_no_memory(file_of, header, end, content):
    path = file_of(header + end + content.partition(b"\n")[2])
    with memory_below(LITTLE):
        error = error_of(path)
    reasons = "file ends after", "numbers each", "Line 2 of FILE does not end in"
    assert any(reason in error for reason in reasons)


@pytest.mark.parametrize(
    ("begin", "filling"),
    [
        (b"5 300\n", b"\0"),
        (b"5 300\n", b"a"),
        (b"1 9999999999\na ", b"\0"),
        (b"1 1048576\na ", b"\0"),
        (b"", b"a"),
        (b"2 1\na 1\n", b"b"),
    ],
)
def test_a_small_file_that_unpacks_to_a_huge_one_takes_no_memory(
    file_of, begin, filling
):
    n_bytes = 20 * _word2vec_reader.CHUNK_BYTES
    path = file_of(gzip.compress(begin + filling * n_bytes, compresslevel=1))
    with memory_below(LITTLE):
        error_of(path)


def test_repeated_words_take_no_memory(file_of):
    path = file_of(gzip.compress(b"500001 1\n" + b"a 1\n" * 500_001, compresslevel=1))
    message = r"has 500000 vectors for words that already have one"
    with memory_below(1e6), pytest.warns(UserWarning, match=message):
        assert read_vectors(path)[0] == ["a"]


def test_a_file_without_lines_is_not_read_whole(file_of):
    path = file_of(b"")
    os.truncate(path, 16 * _word2vec_reader.CHUNK_BYTES)
    with memory_below(LITTLE):
        error = error_of(path)
    assert "not a file of word vectors" in error
