"""Files of word vectors: what is read and written, and what is said of bad ones."""

import bz2
import gzip
import lzma
import os
import pickle
import re
import signal
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_w2v import _word2vec_format
from sklearn_w2v._word2vec_format import read, write

WORDS = ["the", "café", "猫"]
NUMBERS = np.array([[1, -0.5], [0.1, 1e-40], [-0.0, 1e15]])  # not all are in float32
VECTORS = NUMBERS.astype(np.float32)

BOM = b"\xef\xbb\xbf"
TEXT = "3 2\nthe 1 -0.5\ncafé 0.1 1e-40\n猫 -0 1e15\n".encode()
GLOVE = TEXT.partition(b"\n")[2]
GENSIM_BINARY, C_BINARY = (
    b"3 2\n"
    + b"".join(
        word.encode() + b" " + vector.astype("<f4").tobytes() + end
        for word, vector in zip(WORDS, VECTORS, strict=True)
    )
    for end in (b"", b"\n")
)
FILES = {
    "text": TEXT,
    "text with spaces at the ends of lines": TEXT.replace(b"\n", b" \n"),
    "text with CRLF": TEXT.replace(b"\n", b"\r\n"),
    "text with spaces and CRLF": TEXT.replace(b"\n", b" \r\n"),
    "text with empty lines at its end": TEXT + b"\n\r\n",
    "text with a BOM": BOM + TEXT,
    "GloVe": GLOVE,
    "GloVe with a BOM": BOM + GLOVE,
    "GloVe with CRLF": GLOVE.replace(b"\n", b"\r\n"),
    "binary of word2vec": C_BINARY,
    "binary of word2vec without its last newline": C_BINARY[:-1],
    "binary of gensim": GENSIM_BINARY,
}
NINE_DIGITS = "the 1 -0.5\ncafé 0.100000001 9.9999461e-41\n猫 -0 9.99999987e+14\n"
#: What is written, by whether it is binary.
WRITTEN = {False: b"3 2\n" + NINE_DIGITS.encode(), True: C_BINARY}

#: Words that end early or vanish when spaces, lines or the ends of words are seen where
#: there are none.
ODD_WORDS = [
    *("\ufefffirst", "\ufeff", "👩\u200d🚀", "no\u00a0break", "\u00a0", "\u3000"),
    *("line\u2028separator", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"),
    *("tab\tbed", "carriage\rreturn", "return\r", "\r", "\x00", "\x1f\x8b"),
    *("3", "-1.5", "nan", "inf", "b''", "#", '"', "</s>"),
]
#: Text can have these, too, though it is not written with them.
TEXT_WORDS = [*ODD_WORDS, "new york", "3 cats", ". . .", ""]
ODD_VECTORS = np.random.RandomState(0).normal(size=(99, 3)).astype(np.float32)
ODD_TABLE = ODD_WORDS, ODD_VECTORS[: len(ODD_WORDS)]

BOTH = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
NAMES = pytest.mark.parametrize("name", ["vectors", "vectors.gz"])
ZIPPED = pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])


#: The float32 below the largest number.
LARGEST = float(np.nextafter(np.float32(1e15), np.float32(0)))


def ends_in_no_column(word):
    """Tell whether a word is read as it is from a line of text."""
    last = re.split("[ \t]", word)[-1]
    if last == word:
        return True
    try:
        float(last or "0")
    except ValueError:
        return True
    return False


@st.composite
def tables(draw, no_letters=" \n", min_letters=1):
    letters = st.characters(exclude_categories=["Cs"], exclude_characters=no_letters)
    word = st.text(letters, min_size=min_letters).filter(ends_in_no_column)
    words = draw(st.lists(word, min_size=1, max_size=5, unique=True))
    finite = st.floats(-LARGEST, LARGEST, width=32)
    shape = len(words), draw(st.integers(1, 4))
    return words, draw(arrays(np.float32, shape, elements=finite))


@pytest.fixture
def file_of(tmp_path):
    """Return a function that makes a file of some bytes, and returns its path."""

    def make(content, name="vectors"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def gensim():
    return pytest.importorskip("gensim.models")


def assert_same(result, words, vectors):
    """Compare bit by bit: -0.0 and 0.0 are equal but not the same."""
    assert result[0] == words
    assert result[1].dtype == np.float32
    assert result[1].shape == vectors.shape
    assert result[1].tobytes() == vectors.tobytes()


def exactly(message):
    return rf"^{re.escape(message)}\Z"


def complaint_of(path, cause=object):
    """What is said of a bad file, less the path that it begins with or names."""
    with pytest.raises(ValueError, match=re.escape(repr(str(path)))) as caught:
        read(path)
    assert isinstance(caught.value.__cause__, cause)
    return str(caught.value).replace(repr(str(path)), "FILE")


@NAMES
@ZIPPED
@pytest.mark.parametrize("kind", FILES)
def test_content_tells_formats_and_matrices_are_writable(file_of, kind, zipped, name):
    path = file_of(gzip.compress(FILES[kind]) if zipped else FILES[kind], name)
    for same_path in (path, str(path)):
        words, matrix = read(same_path)
        assert_same((words, matrix), WORDS, VECTORS)
        assert matrix.flags.writeable
        assert matrix.flags.c_contiguous
        matrix += 1


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY, GENSIM_BINARY])
@pytest.mark.parametrize(
    ("wanted", "rows"), [({"猫": 0, "the": 1, "dog": 2}, [0, 2]), (set(), [])]
)
def test_only_wanted_words_are_kept_in_file_order(file_of, content, wanted, rows):
    expected = [WORDS[row] for row in rows]
    assert_same(read(file_of(content), words=wanted), expected, VECTORS[rows])


def test_numbers_and_repeats_of_other_words_do_not_matter(file_of):
    path = file_of(b"a 1 2\nb x y\nc nan 1\nc 5 6\nd 3 4\n")
    expected = np.array([[1, 2], [3, 4]], dtype=np.float32)
    assert_same(read(path, words={"a", "d"}), ["a", "d"], expected)


@pytest.mark.parametrize("has_header", [False, True])
@given(table=tables(no_letters="\n", min_letters=0))
@example(table=(TEXT_WORDS, ODD_VECTORS[: len(TEXT_WORDS)]))
def test_a_word_of_text_is_all_before_its_numbers(tmp_path_factory, has_header, table):
    words, vectors = table
    words = ["\ufefffirst", *words[1:]]  # has a BOM, and no space: numbers are counted
    assume(len(set(words)) == len(words))
    text = "{} {}\n".format(*vectors.shape) if has_header else ""
    for word, vector in zip(words, vectors.tolist(), strict=True):
        text += " ".join([word, *map(str, vector)]) + "\n"
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(BOM + text.encode())
    assert_same(read(path), words, vectors)


@pytest.mark.parametrize(
    "content",
    [
        b"a 1\nb 2\na 3\nb nan\nb 5\n",
        b"5 1\na 1\nb 2\na 3\nb nan\nb 5\n",
        b"5 1\na \0\0\x80?b \0\0\0@a \0\0\0\0b \xff\xff\xff\xffb \0\0\0\0",
    ],
    ids=["GloVe", "text", "binary"],
)
def test_the_first_vector_of_a_word_counts_and_one_warning_says_so(file_of, content):
    path = file_of(content)
    message = (
        f"{str(path)!r} has 3 vectors of words that have one already, the first of "
        "them for 'a'. The first vector of a word counts."
    )
    expected = np.array([[1], [2]], dtype=np.float32)
    with pytest.warns(UserWarning, match=exactly(message)) as caught:
        assert_same(read(path), ["a", "b"], expected)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    ("content", "n_left_out"),
    [
        ("3 1\na 1\ncafé 2\nb 3\n".encode("latin-1"), 1),
        (b"a 1\n\xe9 1\n\xe8 x\nb 3\n", 2),
        (b"3 1\na \0\0\x80?\xe9 \0\0\0@b \0\0@@", 1),
    ],
    ids=["text", "GloVe", "binary"],
)
def test_words_that_are_not_utf8_are_left_out_with_a_warning(
    file_of, content, n_left_out
):
    message = rf"vectors' has {n_left_out} words that are not UTF-8, as b'.*xe9' is not"
    with pytest.warns(UserWarning, match=message) as caught:
        found = read(file_of(content))
    assert_same(found, ["a", "b"], np.array([[1], [3]], dtype=np.float32))
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY, GENSIM_BINARY])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_limit_reads_the_first_words_and_no_more(file_of, content, limit):
    # What is behind them need not even be there.
    path = file_of(content if limit > 2 else content[:-3])
    assert_same(read(path, limit=limit), WORDS[:limit], VECTORS[:limit])
    assert_same(read(path, words={"café"}, limit=1), WORDS[1:2], VECTORS[1:2])


@pytest.mark.parametrize("content", [TEXT, C_BINARY, GENSIM_BINARY])
@pytest.mark.parametrize("n_bytes", range(7, 40))
def test_pieces_of_a_file_make_no_difference(file_of, monkeypatch, content, n_bytes):
    if content == TEXT:
        n_bytes += len(max(content.splitlines(), key=len))  # no line may be longer
    monkeypatch.setattr(_word2vec_format, "BYTES_AT_ONCE", n_bytes)
    assert_same(read(file_of(content)), WORDS, VECTORS)
    complaint = complaint_of(file_of(content + b"x 1 2\n"))
    assert "but goes on after them." in complaint


NO_VECTORS = (
    "FILE is no file of word vectors: its first line is neither a header of two whole "
    "numbers nor a word and its numbers, with a blank between."
)
NO_END = "but what follows {} of them is no word: it goes on for 65,536 bytes"
AS_BINARY = "read as binary, as line 2 does not have 2 numbers"
says = (
    "FILE says {} words in its first line, {}. Either the file is damaged or cut off, "
    "or its first line is wrong and can be corrected."
).format
no_numbers = (
    "Line {} of FILE does not end in 2 numbers: could not convert string to float: {!r}"
).format
not_utf8 = (
    "All words of FILE are not UTF-8, as {!r} is not. Perhaps the file has another "
    "encoding, or another format."
).format
not_finite = (
    "The vector of {!r} in FILE has a number that is nan, infinite or beyond +-1e+15."
).format
no_word = (
    "Line {} of FILE has {!r} before its last {} numbers, which is no word: it ends in "
    "white space, or in a number after it. Perhaps the line has more numbers than the "
    "first, or more than one blank or a tab between them."
).format

no_line_2 = (
    "Line 2 of FILE does not end in {1} numbers, with a blank between: it begins with "
    "{0!r}."
).format
too_many_numbers = (
    "FILE is no file of word vectors: its first line has 1,048,577 blanks, and no "
    "vector has more than 1,048,576 numbers."
)
bad_header = (
    "FILE begins with {!r}, which is no header of two whole numbers. Correct it; or if "
    "it is a word and its number, put a header above."
).format


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "FILE is empty."),
        (BOM, "FILE is empty."),
        (gzip.compress(b""), "FILE is empty."),
        (b"\x1f", NO_VECTORS),
        (b"\n", NO_VECTORS),
        (b"word\n", NO_VECTORS),
        (b"two words\n", NO_VECTORS),
        (b"# Title\n\n", NO_VECTORS),
        (b"5\n", NO_VECTORS),
        (b"0 300\n", says(0, "with 300 numbers each")),
        (b"3 0\na\nb\nc\n", says(3, "with 0 numbers each")),
        (b"-1 5\n", says(-1, "with 5 numbers each")),
        (b"3 1\na 1\nb 2\n", says(3, "but ends after 2")),
        (b"2 1\na 1\nb 2\nc 3\n", says(2, "but goes on after them")),
        (C_BINARY.replace(b"3 2", b"4 2"), says(4, f"but ends after 3; {AS_BINARY}")),
        (C_BINARY.replace(b"3 2", b"2 2"), says(2, "but goes on after them")),
        (C_BINARY + b"x", says(3, "but goes on after them")),
        (b"2 2\na 1\nb 2\n", no_line_2("a 1", 2)),
        (b"2 3\nthe 1,5 2,0 3,5\ncat 1,1 2,2 0,1\n", no_line_2("the 1,5 2,0 3,5", 3)),
        (b"2 2\nthe 1_0 2_0\ncat 1_1 2_2\n", no_line_2("the 1_0 2_0", 2)),
        (b"2 4\r\nthe 1.5 --- 2 3\r\nx 1 2 3 4\r\n", no_line_2("the 1.5 --- 2 3", 4)),
        ("1 4\nthe 1 é\n".encode(), no_line_2("the 1 é", 4)),
        (b"a " + b"1 " * 2**20 + b"1\n", too_many_numbers),
        (b"2 2\n", says(2, f"but ends after 0; {AS_BINARY}")),
        (b"a 1 2\n\nb 3\n", "Line 3 of FILE has 1 of 2 numbers."),
        (b"2 2\na 1 2\nb\n", "Line 3 of FILE has 0 of 2 numbers."),
        (b"2 2\na 1 2\nb 3 four\n", no_numbers(3, b"four")),
        (b"a 1 2\nb  3\n", no_numbers(2, b"")),
        (b"2 2\na 1 2\nb 1_0 3\n", no_numbers(3, b"1_0")),
        (b"2 2\ncat 1 2 3\ndog 0.5 -1 4\n", no_word(2, "cat 1", 2)),
        (b"2 2\ncat 2 3\ndog 0.5 -1 4\n", no_word(3, "dog 0.5", 2)),
        (b"2.0 3\ncat 1 2 3\ndog 0.5 -1 4\n", bad_header("2.0 3")),
        (BOM + b"2 1e2 \ncat 1 2 3\n", bad_header("2 1e2")),
        (b"5.0 0.5\nb 0.25\n", bad_header("5.0 0.5")),
        (b"a 1\n" + b"\n" * (2**16 + 1), "FILE has over 65,536 blank lines."),
        (b"a 1 2\nb 1 2\nc 1 2 3\n", no_word(3, "c 1", 2)),
        (b"the\t0.1 0.2 0.3\n", no_word(1, "the\t0.1", 2)),
        (b"2 2\na 1 2\nthe  1 2\n", no_word(3, "the ", 2)),
        (b"2 2\na 1 2\nthe\t 1 2\n", no_word(3, "the\t", 2)),
        (b"1 2\nat 1 1 2\n", no_word(2, "at 1", 2)),
        (b"5 300\n" + bytes(2**17), says(5, NO_END.format(0))),
        (b"2 1\na \0bcd" + b"b" * 2**17, says(2, NO_END.format(1))),
        (b"1 9999999999\na " + bytes(99), says(1, "with 9999999999 numbers each")),
        ("1 1\ncafé 1\n".encode("latin-1"), not_utf8(b"caf\xe9")),
        (C_BINARY.replace(b"3 2", b"3 1"), says(3, "but goes on after them")),
        (b"a 1 2\nb 0 nan\nc -inf 0\n", not_finite("b")),
        (b"1 2\na 0 1e39\n", not_finite("a")),
        (b"1 2\na 0 -1.1e15\n", not_finite("a")),
        (b"1 1\na \0\0\x80\x7f\n", not_finite("a")),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_its_terms(file_of, content, expected):
    assert complaint_of(file_of(content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04rest", "a zip archive. Unpack it"),
        (bz2.compress(TEXT), "packed by bzip2. Unpack it"),
        (lzma.compress(TEXT), "packed by xz. Unpack it"),
        (b"(\xb5/\xfdrest", "packed by zstd. Unpack it"),
        (TEXT.decode().encode("utf-16"), "text in UTF-16. Convert it to UTF-8"),
        (TEXT.decode().encode("utf-32"), "text in UTF-32. Convert it to UTF-8"),
        (
            b"\xfe\xff" + TEXT.decode().encode("utf-16-be"),
            "text in UTF-16. Convert",
        ),
        (struct.pack("<i", 793712314), "a model of fastText. Load it with gensim's "),
        (
            pickle.dumps(VECTORS),
            "a pickle, perhaps of gensim. If so, load it with",
        ),
        (b"\x93NUMPY\1", "an array of numpy, which has no words"),
        (b"\x89HDF\r\n", "an HDF5 file, and not read here"),
    ],
)
@ZIPPED
def test_another_kind_of_file_is_named_with_a_cure(file_of, content, expected, zipped):
    path = file_of(gzip.compress(content) if zipped else content)
    begin = f"FILE is no file of word vectors, but {expected}"
    assert complaint_of(path).startswith(begin)


def complaint_of_little_memory(path):
    tracemalloc.start()
    complaint = complaint_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * _word2vec_format.BYTES_AT_ONCE
    return complaint


@pytest.mark.parametrize(
    "header", [b"99999999999 2", b"3 99999999999", b"9" * 30 + b" 2", b"3 " + b"9" * 30]
)
@pytest.mark.parametrize("end", [b"\n", b"\n\n"])
@pytest.mark.parametrize("content", [TEXT, C_BINARY])
def test_a_header_that_lies_takes_no_memory(file_of, header, end, content):
    path = file_of(header + end + content.partition(b"\n")[2])
    complaint = complaint_of_little_memory(path)
    reasons = "but ends after", "numbers each", "Line 2 of FILE does not end in"
    assert any(reason in complaint for reason in reasons)


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
def test_a_file_that_unpacks_to_very_much_takes_no_memory(file_of, begin, filling):
    n_bytes = 20 * _word2vec_format.BYTES_AT_ONCE
    path = file_of(gzip.compress(begin + filling * n_bytes, compresslevel=1))
    complaint_of_little_memory(path)


def test_repeats_of_a_word_take_no_memory(file_of):
    path = file_of(gzip.compress(b"500001 1\n" + b"a 1\n" * 500_001, compresslevel=1))
    tracemalloc.start()
    with pytest.warns(UserWarning, match=r"has 500000 vectors of words that have one"):
        assert read(path)[0] == ["a"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_a_file_without_lines_is_not_read_whole(file_of):
    path = file_of(b"")
    os.truncate(path, 16 * _word2vec_format.BYTES_AT_ONCE)
    assert "no file of word vectors" in complaint_of_little_memory(path)


@pytest.mark.parametrize(
    ("content", "harmless"), [(TEXT, [1, 2, 4]), (C_BINARY, [1]), (GENSIM_BINARY, [])]
)
def test_a_file_is_never_cut_unnoticed(file_of, content, harmless):
    """What is left of the last number of text may be one, too: 1e15, 1e1 or 1."""
    for n_cut in range(1, len(content) + 1):
        if n_cut not in harmless:
            complaint_of(file_of(content[:-n_cut]))


@pytest.mark.parametrize("content", [TEXT, GLOVE])
@pytest.mark.parametrize("last", [b"1e15", b"1e1", b"1"])
@ZIPPED
def test_a_last_line_without_end_brings_a_warning(file_of, content, last, zipped):
    content = content.removesuffix(b"1e15\n") + last
    path = file_of(gzip.compress(content) if zipped else content)
    message = (
        f"The last line of {str(path)!r} has no end: its last number may have been cut "
        "off."
    )
    with pytest.warns(UserWarning, match=exactly(message)) as caught:
        found = read(path)
    expected = VECTORS.copy()
    expected[-1, -1] = float(last)
    assert_same(found, WORDS, expected)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY])
def test_a_gzip_file_is_never_cut_or_altered_unnoticed(file_of, content):
    zipped = gzip.compress(content)
    bad = [(zipped[:length], EOFError) for length in range(2, len(zipped))]
    bad.append((zipped[:10] + b"\xff" + zipped[11:], zlib.error))
    bad.append((zipped + b"more", gzip.BadGzipFile))
    for position in range(10, len(zipped)):  # bytes before, like the time, mean nothing
        altered = bytearray(zipped)
        altered[position] ^= 0xFF
        bad.append((altered, Exception))
    for damaged, cause in bad:
        complaint = complaint_of(file_of(damaged), cause)
        assert complaint.startswith("FILE is a truncated or corrupt gzip file: ")


def test_what_is_missing_or_a_folder_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none/vectors'$"):
        write(tmp_path / "none" / "vectors", WORDS, VECTORS)


@BOTH
@pytest.mark.parametrize("vectors", [VECTORS, NUMBERS], ids=["float32", "float64"])
@pytest.mark.parametrize("as_path", [str, Path, os.path.relpath])
def test_writing_is_to_the_letter(tmp_path, monkeypatch, binary, vectors, as_path):
    monkeypatch.chdir(tmp_path)
    write(as_path(tmp_path / "vectors"), WORDS, vectors, binary=binary)
    assert_same(read(as_path(tmp_path / "vectors")), WORDS, VECTORS)
    assert (tmp_path / "vectors").read_bytes() == WRITTEN[binary]


@BOTH
@pytest.mark.parametrize("name", ["vectors.gz", "vectors.txt.GZ"])
def test_a_name_in_gz_is_gzipped_and_has_no_time(tmp_path, binary, name):
    write(tmp_path / name, WORDS, VECTORS, binary=binary)
    content = (tmp_path / name).read_bytes()
    assert gzip.decompress(content) == WRITTEN[binary]
    assert content[3:8] == bytes(5)  # no flags, so no file name; and no time
    write(tmp_path / f"other.{name}", iter(WORDS), VECTORS, binary=binary)
    assert (tmp_path / f"other.{name}").read_bytes() == content


@BOTH
@NAMES
@given(table=tables())
@example(table=ODD_TABLE)
def test_what_is_written_is_read(tmp_path_factory, binary, name, table):
    path = tmp_path_factory.getbasetemp() / name
    try:
        write(path, *table, binary=binary)
    except ValueError as error:
        assume("happen to be writing" not in str(error))
        raise
    assert_same(read(path), *table)


@BOTH
@NAMES
@given(table=tables())
@example(table=ODD_TABLE)
def test_gensim_reads_and_writes_the_same(
    gensim, tmp_path_factory, binary, name, table
):
    path = tmp_path_factory.getbasetemp() / name
    write(path, *table, binary=binary)
    loaded = gensim.KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert_same((loaded.index_to_key, loaded.vectors), *table)
    loaded.save_word2vec_format(str(path), binary=binary)
    assert_same(read(path), *table)


@NAMES
@pytest.mark.parametrize("write_header", [False, True], ids=["GloVe", "word2vec"])
def test_words_with_spaces_are_read_from_gensim(gensim, tmp_path, write_header, name):
    words = ["york", "new york", "3 cats"]
    saved = gensim.KeyedVectors(vector_size=3)
    saved.add_vectors(words, ODD_VECTORS[:3])
    saved.save_word2vec_format(str(tmp_path / name), write_header=write_header)
    assert_same(read(tmp_path / name), words, ODD_VECTORS[:3])


def refused(word, why):
    message = (
        f"The word {word!r} cannot be written in word2vec's format, {why}. Replace it "
        "when tokenizing (a space by '_', for example), or keep the words as they are: "
        "pickle the vectorizer, or use to_keyed_vectors().save()."
    )
    return ["the", word], VECTORS[:2], message


NOT_FINITE = (
    "The vector of 'café' has a number that is nan, infinite or beyond +-1e+15."
)
COLUMN = "where a tab, or a number after it, is not taken for the end of a word"
ENDS = "where a space or a newline ends a word and no word is empty"


@BOTH
@pytest.mark.parametrize(
    ("words", "vectors", "why"),
    [
        refused(3, "which has no words of type int"),
        refused(("new", "york"), "which has no words of type tuple"),
        refused(b"york", "which has no words of type bytes"),
        refused(None, "which has no words of type NoneType"),
        *(refused(word, ENDS) for word in ("new york", " ", "york\n", "\nyork", "")),
        *(refused(word, COLUMN) for word in ("york\t", "\t", "york\t1", "a\tnan")),
        refused("\udc80", "which is UTF-8 (surrogates not allowed)"),
        *(
            (WORDS, np.array([[1, 2], [3, number], [5, 6]]), NOT_FINITE)
            for number in (np.nan, np.inf, -np.inf, 1.1e15)
        ),
        (WORDS[:2], VECTORS, "2 words cannot have vectors of shape (3, 2)."),
        (WORDS, VECTORS[:2], "3 words cannot have vectors of shape (2, 2)."),
        (WORDS, VECTORS[0], "3 words cannot have vectors of shape (2,)."),
        (WORDS, VECTORS[:, :0], "3 words cannot have vectors of shape (3, 0)."),
        ([], VECTORS[:0], "0 words cannot have vectors of shape (0, 2)."),
    ],
)
def test_what_would_not_come_back_is_not_written(tmp_path, binary, words, vectors, why):
    with pytest.raises(ValueError, match=exactly(why)):
        write(tmp_path / "vectors", words, vectors, binary=binary)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"1 23.45 ", b"1 2 x   ", b"1   \n   ", b"       1", b"\n1 2 3 4"]
)
def test_a_binary_file_that_would_be_taken_for_text_is_not_written(tmp_path, content):
    vectors = np.frombuffer(content, "<f4").reshape(1, 2)
    message = (
        "The bytes of the vector of 'a' happen to be writing: a binary file would be "
        "taken for text. Use binary=False."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        write(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert os.listdir(tmp_path) == []
    write(tmp_path / "vectors", ["a"], vectors)
    assert_same(read(tmp_path / "vectors"), ["a"], vectors)


@pytest.mark.parametrize(
    "content", [b"1 2 x  \0", b"fff?333?", b"\0" * 8, b"\n1 2 3\0\0", b" \xff1 1  1"]
)
def test_a_binary_file_that_is_no_text_is_written(tmp_path, content):
    vectors = np.frombuffer(content, "<f4").reshape(1, 2)
    write(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert_same(read(tmp_path / "vectors"), ["a"], vectors)


@NAMES
@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError, PermissionError])
@pytest.mark.parametrize("is_written", [False, True])
def test_a_file_that_cannot_be_finished_leaves_all_as_it_was(
    tmp_path, monkeypatch, name, exception, is_written
):
    def records(*args, **kwargs):
        yield b"the"
        raise exception

    if is_written:
        monkeypatch.setattr(os, "replace", Mock(side_effect=exception))
    else:
        monkeypatch.setattr(_word2vec_format, "_records", records)
    with pytest.raises(exception):
        write(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(exception):
        write(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


@BOTH
@NAMES
def test_a_file_takes_its_place_when_complete(tmp_path, monkeypatch, binary, name):
    def replace(source, target):
        assert os.path.dirname(source) == os.path.dirname(target)
        assert_same(read(source), WORDS, VECTORS)
        assert (tmp_path / name).read_bytes() == b"old"
        rename(source, target)

    rename = os.rename
    monkeypatch.setattr(os, "replace", replace)
    (tmp_path / name).write_bytes(b"old")
    write(tmp_path / name, WORDS, VECTORS, binary=binary)
    assert_same(read(tmp_path / name), WORDS, VECTORS)
    assert os.listdir(tmp_path) == [name]


def test_a_file_has_the_permissions_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "vectors", WORDS, VECTORS)
    finally:
        os.umask(before)
    assert (tmp_path / "vectors").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "vectors"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path, WORDS, VECTORS)
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_bytes() == WRITTEN[False]


@BOTH
def test_bytes_are_paths_too(tmp_path, binary):
    path = os.fsencode(tmp_path / "vectors.gz")
    write(path, WORDS, VECTORS, binary=binary)
    assert_same(read(path), WORDS, VECTORS)
    assert (tmp_path / "vectors.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_a_name_that_ends_in_a_slash_is_no_file(tmp_path):
    for path in (f"{tmp_path}/vectors/", f"{tmp_path}/", os.fsencode(tmp_path) + b"/"):
        with pytest.raises(IsADirectoryError, match="/' is the name of a folder, not "):
            write(path, WORDS, VECTORS)
    assert os.listdir(tmp_path) == []


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(
    tmp_path, monkeypatch
):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda n: calls.append("fsync") or fsync(n))
    monkeypatch.setattr(
        os, "replace", lambda *names: calls.append("replace") or replace(*names)
    )
    write(tmp_path / "vectors", WORDS, VECTORS)
    assert calls == ["fsync", "replace"]


#: Writes a file, slowly, and says so.
SLOW_WRITER = """
import sys, time
from sklearn_w2v import _word2vec_format
def records(*args, **kwargs):
    yield b"the"
    print("writing", flush=True)
    time.sleep(60)
_word2vec_format._records = records
_word2vec_format._check_vectors = lambda *args, **kwargs: None
_word2vec_format.write(sys.argv[1], ["the"], [[1.0]])
"""


def test_what_a_kill_leaves_is_named_and_swept_at_the_next_save(tmp_path):
    path = tmp_path / "vectors"
    command = [sys.executable, "-c", SLOW_WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as killed:
        killed.stdout.readline()
        (left,) = os.listdir(tmp_path)
        assert re.fullmatch(r"\.vectors\.[0-9a-f]{16}\.part", left)
        # While it is being written it stays.
        write(path, WORDS, VECTORS)
        assert sorted(os.listdir(tmp_path)) == [left, "vectors"]
        killed.send_signal(signal.SIGKILL)
    others = [".vectors.mine.part", ".vectors2.0123456789abcdef.part"]
    for other in others:
        (tmp_path / other).write_bytes(b"of another file")
    write(path, WORDS, VECTORS)
    assert sorted(os.listdir(tmp_path)) == [*others, "vectors"]


def test_a_name_may_be_as_long_as_any(tmp_path):
    path = tmp_path / ("v" * 255)
    write(path, WORDS, VECTORS)
    assert_same(read(path), WORDS, VECTORS)


def test_a_word_may_look_like_the_begin_of_another_kind_of_file(file_of):
    assert read(file_of(b"BZhang 1 2\n"))[0] == ["BZhang"]


@pytest.mark.parametrize("old", [None, b"old"], ids=["dangling", "to a file"])
def test_a_link_stays_and_its_target_is_written(tmp_path, old):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if old is not None:
        target.write_bytes(old)
    link.symlink_to(os.path.join("folder", "target"))
    write(link, WORDS, VECTORS)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert_same(read(target), WORDS, VECTORS)


def test_only_a_file_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError, match="folder' is not a file"):
        write(tmp_path / "folder", WORDS, VECTORS)
    with pytest.raises(OSError, match="pipe' is not a file, and is not replaced by"):
        write(tmp_path / "pipe", WORDS, VECTORS)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


@pytest.mark.parametrize(
    "content",
    [
        b"w 1\n" + b"z" * 400_000 + b" nan\n",
        b"w 1\n" + b"z" * 400_000 + b" 1 1\n",
        b"w 1\nv " + b"z" * 400_000 + b"\n",
        b"9" * 400_000 + b" 1\n",
        b"1 2\nw " + b"z" * 400_000 + b"\n",
        b"\t" * 400_000 + b"\n",
    ],
)
def test_what_is_said_of_a_file_is_short(file_of, content):
    assert len(complaint_of(file_of(content))) < 500


def test_a_word_that_no_binary_file_has_is_not_written_to_one(tmp_path):
    word, vectors = "x" * 2**16, np.ones((1, 2), dtype=np.float32)
    with pytest.raises(ValueError, match=r"no words of 65,536 bytes.*Use binary=False"):
        write(tmp_path / "vectors", [word], vectors, binary=True)
    write(tmp_path / "vectors", [word], vectors)
    assert read(tmp_path / "vectors")[0] == [word]
    write(tmp_path / "vectors", [word[1:]], vectors, binary=True)
    assert read(tmp_path / "vectors")[0] == [word[1:]]
