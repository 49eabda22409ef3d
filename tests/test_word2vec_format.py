"""Files of word vectors: what is read and written, and what is said of bad ones."""

import gzip
import os
import re
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_w2v import _word2vec_format
from sklearn_w2v._word2vec_format import read, write

WORDS = ["the", "café", "猫"]
VECTORS = np.array([[1, -0.5], [0.1, 1e-40], [-0.0, 3e38]], dtype=np.float32)

TEXT = "3 2\nthe 1 -0.5\ncafé 0.1 1e-40\n猫 -0 3e38\n".encode()
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
    "text with a BOM": b"\xef\xbb\xbf" + TEXT,
    "GloVe": GLOVE,
    "GloVe with a BOM": b"\xef\xbb\xbf" + GLOVE,
    "GloVe with CRLF": GLOVE.replace(b"\n", b"\r\n"),
    "binary of word2vec": C_BINARY,
    "binary of gensim": GENSIM_BINARY,
}

#: Words that end early or vanish when spaces, lines or the ends of words are seen where
#: there are none.
ODD_WORDS = [
    "\ufefffirst",
    "\ufeff",
    "👩\u200d🚀",
    "no\u00a0break",
    "\u00a0",
    "line\u2028separator",
    "\u2029",
    "\u3000",
    "tab\tbed",
    "\t",
    "\r",
    "carriage\rreturn",
    "return\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\x1c",
    "\x00",
    "\x1f\x8b",
    "3",
    "-1.5",
    "nan",
    "inf",
    "b''",
    "#",
    '"',
    "</s>",
]
ODD_VECTORS = np.random.RandomState(0).normal(size=(len(ODD_WORDS), 3))
ODD_VECTORS = ODD_VECTORS.astype(np.float32)

BOTH = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
NAMES = pytest.mark.parametrize("name", ["vectors", "vectors.gz"])


@pytest.fixture
def file_of(tmp_path):
    """Return a function that makes a file of some bytes, and returns its path."""

    def make(content, name="vectors"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def gensim_vectors():
    return pytest.importorskip(
        "gensim.models", reason="gensim is an optional dependency"
    ).KeyedVectors


def assert_same(result, words, vectors):
    """Compare bit by bit: -0.0 and 0.0 are equal but not the same."""
    assert result[0] == words
    assert result[1].dtype == np.float32
    assert result[1].shape == vectors.shape
    assert result[1].tobytes() == vectors.tobytes()


def complaint_of(path):
    """What is said of a bad file, less the path that it begins with or names."""
    with pytest.raises(ValueError, match=re.escape(repr(str(path)))) as caught:
        read(path)
    return str(caught.value).replace(repr(str(path)), "FILE")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("kind", FILES)
def test_every_format_is_told_by_its_content(file_of, kind, zipped):
    content = gzip.compress(FILES[kind]) if zipped else FILES[kind]
    assert_same(read(file_of(content)), WORDS, VECTORS)


def test_gzip_is_told_by_the_content_rather_than_the_name(file_of):
    assert_same(read(file_of(TEXT, "vectors.gz")), WORDS, VECTORS)


def test_a_path_is_a_str_or_a_path(file_of):
    path = file_of(TEXT)
    assert_same(read(str(path)), WORDS, VECTORS)


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY])
def test_the_matrix_can_be_written_to(file_of, content):
    matrix = read(file_of(content))[1]
    assert matrix.flags.writeable
    assert matrix.flags.c_contiguous
    matrix += 1
    assert_same(read(file_of(content)), WORDS, VECTORS)


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY, GENSIM_BINARY])
def test_only_wanted_words_are_kept_in_the_order_of_the_file(file_of, content):
    wanted = {"猫": 0, "the": 1, "dog": 2}
    assert_same(read(file_of(content), words=wanted), ["the", "猫"], VECTORS[[0, 2]])


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY])
def test_where_no_word_is_wanted_the_vector_size_is_still_known(file_of, content):
    words, matrix = read(file_of(content), words=set())
    assert (words, matrix.shape) == ([], (0, 2))


def test_numbers_of_other_words_are_not_parsed(file_of):
    path = file_of(b"a 1 2\nb x y\nc nan 1\nd 3 4\n")
    expected = np.array([[1, 2], [3, 4]], dtype=np.float32)
    assert_same(read(path, words={"a", "d"}), ["a", "d"], expected)


@pytest.mark.parametrize("header", [b"", b"4 2\n"])
def test_words_of_text_may_have_spaces(file_of, header):
    path = file_of(header + b"the 1 2\n. . . 3 4\nat 1 5 6\n 7 8\n")
    expected = np.arange(1, 9, dtype=np.float32).reshape(4, 2)
    assert_same(read(path), ["the", ". . .", "at 1", ""], expected)


def test_a_bom_is_dropped_at_the_beginning_alone(file_of):
    bom = b"\xef\xbb\xbf"
    for header in (b"", b"2 1\n"):
        content = bom + header + bom + b"a 1\n" + bom + b"b 2\n"
        expected = np.array([[1], [2]], dtype=np.float32)
        assert_same(read(file_of(content)), ["\ufeffa", "\ufeffb"], expected)


def test_odd_words_are_read_from_glove(file_of):
    lines = [f"{word} {number}\n" for number, word in enumerate(["first", *ODD_WORDS])]
    words, matrix = read(file_of("".join(lines).encode()))
    assert words == ["first", *ODD_WORDS]
    assert matrix[:, 0].tolist() == list(range(len(words)))


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
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
        assert_same(read(path), ["a", "b"], expected)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_repeated_word_that_is_not_wanted_brings_no_warning(file_of):
    expected = np.array([[2]], dtype=np.float32)
    assert_same(read(file_of(b"a 1\nb 2\na 3\n"), words={"b"}), ["b"], expected)


@pytest.mark.parametrize("content", [TEXT, C_BINARY, GENSIM_BINARY])
@pytest.mark.parametrize("n_bytes", range(7, 40))
def test_the_pieces_of_a_file_make_no_difference(
    file_of, monkeypatch, content, n_bytes
):
    if content == TEXT:
        n_bytes += len(max(content.splitlines(), key=len))  # no line may be longer
    monkeypatch.setattr(_word2vec_format, "BYTES_AT_ONCE", n_bytes)
    assert_same(read(file_of(content)), WORDS, VECTORS)
    complaint = complaint_of(file_of(content + b"x 1 2\n"))
    assert complaint.endswith("but goes on after them.")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "FILE is empty."),
        (b"\xef\xbb\xbf", "FILE is empty."),
        (gzip.compress(b""), "FILE is empty."),
        (
            b"0 300\n",
            "FILE says 0 words in its first line, with 300 numbers each.",
        ),
        (
            b"3 0\na\nb\nc\n",
            "FILE says 3 words in its first line, with 0 numbers each.",
        ),
        (
            b"-1 5\n",
            "FILE says -1 words in its first line, with 5 numbers each.",
        ),
        (
            b"3 1\na 1\nb 2\n",
            "FILE says 3 words in its first line, but ends after 2.",
        ),
        (
            b"2 1\na 1\nb 2\nc 3\n",
            "FILE says 2 words in its first line, but goes on after them.",
        ),
        (
            C_BINARY.replace(b"3 2", b"4 2"),
            "FILE says 4 words in its first line, but ends after 3; read as binary, as "
            "line 2 does not have 2 numbers.",
        ),
        (
            C_BINARY.replace(b"3 2", b"2 2"),
            "FILE says 2 words in its first line, but goes on after them.",
        ),
        (
            C_BINARY + b"x",
            "FILE says 3 words in its first line, but goes on after them.",
        ),
        (
            b"2 2\na 1\nb 2\n",
            "FILE says 2 words in its first line, but ends after 0; read as binary, as "
            "line 2 does not have 2 numbers.",
        ),
        (
            b"2 2\n",
            "FILE says 2 words in its first line, but ends after 0; read as binary, as "
            "line 2 does not have 2 numbers.",
        ),
        (
            b"a 1 2\n\nb 3\n",
            "Line 3 of FILE has 1 of 2 numbers.",
        ),
        (
            b"2 2\na 1 2\nb\n",
            "Line 3 of FILE has 0 of 2 numbers.",
        ),
        (
            b"2 2\na 1 2\nb 3 four\n",
            "Line 3 of FILE does not end in 2 numbers: could not convert string to "
            "float: b'four'",
        ),
        (
            b"a 1 2\nb  3\n",
            "Line 2 of FILE does not end in 2 numbers: could not convert string to "
            "float: b''",
        ),
        (
            "1 1\ncafé 1\n".encode("latin-1"),
            r"FILE has a word that is not UTF-8, b'caf\xe9'. Perhaps the file has "
            "another encoding, or another format.",
        ),
        (
            C_BINARY.replace(b"3 2", b"3 1"),
            r"FILE has a word that is not UTF-8, b'\x00\x00\x00\xbf\ncaf\xc3\xa9'. "
            "Perhaps the file has another encoding, or another format.",
        ),
        (
            b"a 1 2\nb 0 nan\nc -inf 0\n",
            "The vector of 'b' in FILE has a number that is nan, infinite or too large "
            "for float32.",
        ),
        (
            b"1 2\na 0 1e39\n",
            "The vector of 'a' in FILE has a number that is nan, infinite or too large "
            "for float32.",
        ),
        (
            b"1 1\na \0\0\x80\x7f\n",
            "The vector of 'a' in FILE has a number that is nan, infinite or too large "
            "for float32.",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_its_terms(file_of, content, expected):
    assert complaint_of(file_of(content)) == expected


@pytest.mark.parametrize(
    "content",
    [b"\n", b"word\n", b"two words\n", b"\x80\x04\x95 pickle", b"# Title\n\n", b"5\n"],
)
def test_what_holds_no_word_vectors_is_told_so(file_of, content):
    assert complaint_of(file_of(content)) == (
        "FILE is no file of word vectors: its first line is neither a header of two "
        "whole numbers nor a word and its numbers."
    )


@pytest.mark.parametrize(
    "header",
    [b"99999999999 2\n", b"3 99999999999\n", b"9" * 30 + b" 2\n", b"3 " + b"9" * 30],
)
@pytest.mark.parametrize("content", [TEXT, C_BINARY])
def test_a_header_that_lies_takes_no_memory(file_of, header, content):
    path = file_of(header + b"\n" + content.partition(b"\n")[2])
    tracemalloc.start()
    complaint = complaint_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "but ends after" in complaint
    assert peak < 4 * _word2vec_format.BYTES_AT_ONCE


def test_a_file_without_lines_is_not_read_whole(file_of):
    path = file_of(b"")
    os.truncate(path, 16 * _word2vec_format.BYTES_AT_ONCE)
    tracemalloc.start()
    complaint = complaint_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "no file of word vectors" in complaint
    assert peak < 4 * _word2vec_format.BYTES_AT_ONCE


@pytest.mark.parametrize("content", [C_BINARY, GENSIM_BINARY])
def test_a_binary_file_is_never_cut_unnoticed(file_of, content):
    for length in range(len(content)):
        path = file_of(content[:length])
        if content[length:] == b"\n":
            assert_same(read(path), WORDS, VECTORS)
        else:
            complaint_of(path)


def test_a_text_file_is_never_cut_unnoticed(file_of):
    last_number = TEXT.rindex(b" ") + 1
    for length in range(last_number + 1):
        complaint_of(file_of(TEXT[:length]))
    complaint_of(file_of(TEXT[:last_number] + b"3e"))
    # What is left of the last number may be one, too.
    for content in (b"3", b"3e3", b"3e38"):
        path = file_of(TEXT[:last_number] + content)
        with pytest.warns(UserWarning, match=r"' has no end: its last number may have"):
            matrix = read(path)[1]
        assert matrix.ravel()[:-1].tolist() == VECTORS.ravel()[:-1].tolist()
        assert matrix[-1, -1] == np.float32(content)


@pytest.mark.parametrize("content", [TEXT, GLOVE])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_last_line_without_a_newline_is_read_with_a_warning(file_of, content, zipped):
    content = content.removesuffix(b"\n")
    path = file_of(gzip.compress(content) if zipped else content)
    with pytest.warns(UserWarning, match="The last line of .* has no end") as caught:
        found = read(path)
    assert_same(found, WORDS, VECTORS)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("content", [TEXT, GLOVE, C_BINARY])
def test_a_gzip_file_is_never_cut_unnoticed(file_of, content):
    zipped = gzip.compress(content)
    for length in range(2, len(zipped)):
        complaint = complaint_of(file_of(zipped[:length]))
        assert complaint.startswith("FILE is a truncated or corrupt gzip file: ")
    for length in range(2):
        complaint_of(file_of(zipped[:length]))


@pytest.mark.parametrize("content", [TEXT, C_BINARY])
def test_a_gzip_file_is_never_altered_unnoticed(file_of, content):
    zipped = gzip.compress(content)
    header = 10  # bytes; some of them, like the time, mean nothing here
    for position in range(header, len(zipped)):
        altered = bytearray(zipped)
        altered[position] ^= 0xFF
        complaint_of(file_of(altered))


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda zipped: zipped[:-3], EOFError),
        (lambda zipped: zipped[:10] + b"\xff" + zipped[11:], zlib.error),
        (lambda zipped: zipped + b"more", gzip.BadGzipFile),
    ],
    ids=["cut", "altered", "longer"],
)
def test_a_bad_gzip_file_keeps_the_cause(file_of, damage, cause):
    path = file_of(damage(gzip.compress(TEXT)))
    with pytest.raises(ValueError, match="truncated or corrupt gzip file") as caught:
        read(path)
    assert isinstance(caught.value.__cause__, cause)


def test_a_missing_file_and_a_folder_are_pythons_own_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


def test_text_is_written_to_the_letter(tmp_path):
    write(tmp_path / "vectors", WORDS, VECTORS)
    assert (tmp_path / "vectors").read_bytes() == (
        "3 2\nthe 1 -0.5\ncafé 0.100000001 9.9999461e-41\n猫 -0 3.00000001e+38\n"
    ).encode()


def test_binary_is_written_like_the_c_programs(tmp_path):
    write(str(tmp_path / "vectors"), WORDS, VECTORS, binary=True)
    assert (tmp_path / "vectors").read_bytes() == C_BINARY


@BOTH
def test_vectors_are_written_as_float32(tmp_path, binary):
    vectors = np.array([[0.1, 1 / 3]])
    write(tmp_path / "vectors", ["a"], vectors, binary=binary)
    write(tmp_path / "float32", ["a"], vectors.astype(np.float32), binary=binary)
    content = (tmp_path / "vectors").read_bytes()
    assert content == (tmp_path / "float32").read_bytes()


@BOTH
@pytest.mark.parametrize("name", ["vectors.gz", "vectors.txt.GZ"])
def test_a_name_in_gz_is_gzipped_and_has_no_time(tmp_path, binary, name):
    write(tmp_path / "plain", WORDS, VECTORS, binary=binary)
    write(tmp_path / name, WORDS, VECTORS, binary=binary)
    content = (tmp_path / name).read_bytes()
    assert gzip.decompress(content) == (tmp_path / "plain").read_bytes()
    assert content[3:8] == bytes(5)  # no flags, so no file name; and no time
    write(tmp_path / f"other.{name}", iter(WORDS), VECTORS, binary=binary)
    assert (tmp_path / f"other.{name}").read_bytes() == content


@BOTH
@NAMES
def test_what_is_written_is_read(tmp_path, binary, name):
    write(tmp_path / name, ODD_WORDS, ODD_VECTORS, binary=binary)
    assert_same(read(tmp_path / name), ODD_WORDS, ODD_VECTORS)


WILD_WORDS = st.lists(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters=" \n"), min_size=1
    ),
    min_size=1,
    max_size=5,
    unique=True,
)
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


@BOTH
@given(words=WILD_WORDS, vector_size=st.integers(1, 4), data=st.data())
def test_wild_words_and_vectors_come_back(
    tmp_path_factory, binary, words, vector_size, data
):
    shape = (len(words), vector_size)
    vectors = data.draw(arrays(np.float32, shape, elements=FINITE))
    path = tmp_path_factory.getbasetemp() / "wild"
    try:
        write(path, words, vectors, binary=binary)
    except ValueError as error:
        assume("happen to be numbers in writing" not in str(error))
        raise
    assert_same(read(path), words, vectors)


@BOTH
@given(words=WILD_WORDS, data=st.data())
def test_gensim_reads_wild_words_and_vectors(
    gensim_vectors, tmp_path_factory, binary, words, data
):
    vectors = data.draw(arrays(np.float32, (len(words), 2), elements=FINITE))
    path = tmp_path_factory.getbasetemp() / "wild"
    write(path, words, vectors, binary=binary)
    loaded = gensim_vectors.load_word2vec_format(str(path), binary=binary)
    assert_same((loaded.index_to_key, loaded.vectors), words, vectors)


@BOTH
@NAMES
def test_gensim_reads_what_is_written(gensim_vectors, tmp_path, binary, name):
    path = tmp_path / name
    write(path, ODD_WORDS, ODD_VECTORS, binary=binary)
    loaded = gensim_vectors.load_word2vec_format(str(path), binary=binary)
    assert_same((loaded.index_to_key, loaded.vectors), ODD_WORDS, ODD_VECTORS)


@BOTH
@NAMES
def test_what_gensim_writes_is_read(gensim_vectors, tmp_path, binary, name):
    saved = gensim_vectors(vector_size=3)
    saved.add_vectors(ODD_WORDS, ODD_VECTORS)
    saved.save_word2vec_format(str(tmp_path / name), binary=binary)
    assert_same(read(tmp_path / name), ODD_WORDS, ODD_VECTORS)


@NAMES
@pytest.mark.parametrize("write_header", [False, True], ids=["GloVe", "word2vec"])
def test_words_with_spaces_are_read_from_gensims_text(
    gensim_vectors, tmp_path, write_header, name
):
    words = ["york", "new york", " ", "1 2 3"]
    saved = gensim_vectors(vector_size=3)
    saved.add_vectors(words, ODD_VECTORS[:4])
    saved.save_word2vec_format(str(tmp_path / name), write_header=write_header)
    assert_same(read(tmp_path / name), words, ODD_VECTORS[:4])


@BOTH
@pytest.mark.parametrize(
    ("word", "why"),
    [
        (3, "which has no words of type int"),
        (("new", "york"), "which has no words of type tuple"),
        (b"york", "which has no words of type bytes"),
        (None, "which has no words of type NoneType"),
        ("new york", "where a space or a newline ends a word and no word is empty"),
        (" ", "where a space or a newline ends a word and no word is empty"),
        ("york\n", "where a space or a newline ends a word and no word is empty"),
        ("\nyork", "where a space or a newline ends a word and no word is empty"),
        ("", "where a space or a newline ends a word and no word is empty"),
        ("\udc80", "which is UTF-8 (surrogates not allowed)"),
    ],
)
def test_a_word_that_would_not_come_back_is_named_with_its_cure(
    tmp_path, binary, word, why
):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        write(tmp_path / "vectors", ["the", word], VECTORS[:2], binary=binary)
    assert str(caught.value) == (
        f"The word {word!r} cannot be written in word2vec's format, {why}. Replace it "
        "when tokenizing (a space by '_', for example), or keep the words as they are: "
        "pickle the vectorizer, or use to_keyed_vectors().save()."
    )
    assert os.listdir(tmp_path) == []


@BOTH
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_named(tmp_path, binary, number):
    vectors = VECTORS.copy()
    vectors[1, 1] = number
    expected = r"^The vector of 'café' has a number that is not finite\.$"
    with pytest.raises(ValueError, match=expected):
        write(tmp_path / "vectors", WORDS, vectors, binary=binary)
    assert os.listdir(tmp_path) == []


@BOTH
@pytest.mark.parametrize(
    ("words", "vectors"),
    [
        (WORDS[:2], VECTORS),
        (WORDS, VECTORS[:2]),
        (WORDS, VECTORS[0]),
        (WORDS, VECTORS[:, :0]),
        ([], VECTORS[:0]),
    ],
)
def test_words_without_vectors_are_an_error(tmp_path, binary, words, vectors):
    expected = f"{len(words)} words cannot have vectors of shape {vectors.shape}."
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        write(tmp_path / "vectors", words, vectors, binary=binary)
    assert os.listdir(tmp_path) == []


def test_a_binary_file_that_would_be_read_as_text_is_not_written(tmp_path):
    vectors = np.frombuffer(b"1 23.45 ", "<f4").reshape(1, 2)
    expected = (
        "The bytes of the vector of 'a' happen to be numbers in writing, so that a "
        "binary file would be read as text. Use binary=False."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        write(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert os.listdir(tmp_path) == []
    write(tmp_path / "vectors", ["a"], vectors)
    assert_same(read(tmp_path / "vectors"), ["a"], vectors)


@pytest.mark.parametrize(
    "content", [b"1 2    x", b"1   \n   ", b"       1", b"\n1 2 3 4"]
)
def test_a_binary_file_that_is_no_text_is_written(tmp_path, content):
    vectors = np.frombuffer(content, "<f4").reshape(1, 2)
    write(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert_same(read(tmp_path / "vectors"), ["a"], vectors)


@NAMES
@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError])
def test_a_file_that_cannot_be_finished_leaves_all_as_it_was(
    tmp_path, monkeypatch, name, exception
):
    def records(*args, **kwargs):
        yield b"the"
        raise exception

    monkeypatch.setattr(_word2vec_format, "_records", records)
    with pytest.raises(exception):
        write(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(exception):
        write(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


def test_a_file_that_cannot_take_its_place_leaves_no_trace(tmp_path, monkeypatch):
    def replace(source, target):
        raise PermissionError

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError):
        write(tmp_path / "vectors", WORDS, VECTORS)
    assert os.listdir(tmp_path) == []


@BOTH
@NAMES
def test_a_file_takes_the_place_of_another_when_it_is_complete(
    tmp_path, monkeypatch, binary, name
):
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


def test_a_file_is_written_into_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("vectors", WORDS, VECTORS)
    assert_same(read("vectors"), WORDS, VECTORS)


def test_only_a_file_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError, match="folder' is not a file"):
        write(tmp_path / "folder", WORDS, VECTORS)
    with pytest.raises(OSError, match="pipe' is not a file, and is not replaced by"):
        write(tmp_path / "pipe", WORDS, VECTORS)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


def test_a_missing_folder_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none" / "vectors", WORDS, VECTORS)
