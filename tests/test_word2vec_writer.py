"""Writing files of word vectors, and what cannot be written."""

import gzip
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import assume, example, given
from word2vec_files import (
    C_BINARY,
    NUMBERS,
    ODD_VECTORS,
    ODD_WORDS,
    VECTORS,
    WORDS,
    assert_same,
    exactly,
    tables,
)

from sklearn_w2v import _word2vec_writer
from sklearn_w2v._word2vec_reader import read_vectors
from sklearn_w2v._word2vec_writer import write_vectors

NINE_DIGITS = "the 1 -0.5\ncafé 0.100000001 9.9999461e-41\n猫 -0 9.99999987e+14\n"
#: What is written, by whether it is binary.
WRITTEN = {False: b"3 2\n" + NINE_DIGITS.encode(), True: C_BINARY}
ODD_TABLE = ODD_WORDS, ODD_VECTORS[: len(ODD_WORDS)]

BOTH = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
NAMES = pytest.mark.parametrize("name", ["vectors", "vectors.gz"])


# --- what is written


@BOTH
@pytest.mark.parametrize("vectors", [VECTORS, NUMBERS], ids=["float32", "float64"])
@pytest.mark.parametrize("as_path", [str, Path, os.path.relpath, os.fsencode])
def test_bytes_of_a_file(tmp_path, monkeypatch, binary, vectors, as_path):
    monkeypatch.chdir(tmp_path)
    path = as_path(tmp_path / "vectors")
    write_vectors(path, WORDS, vectors, binary=binary)
    assert_same(read_vectors(path), WORDS, VECTORS)
    assert (tmp_path / "vectors").read_bytes() == WRITTEN[binary]


@BOTH
@pytest.mark.parametrize("name", ["vectors.gz", "vectors.txt.GZ"])
@pytest.mark.parametrize("as_path", [Path, os.fsencode])
def test_a_name_in_gz_is_gzipped_and_has_no_time(tmp_path, binary, name, as_path):
    write_vectors(as_path(tmp_path / name), WORDS, VECTORS, binary=binary)
    content = (tmp_path / name).read_bytes()
    assert gzip.decompress(content) == WRITTEN[binary]
    assert content[3:8] == bytes(5)  # no flags, so no file name; and no time
    write_vectors(tmp_path / f"other.{name}", iter(WORDS), VECTORS, binary=binary)
    assert (tmp_path / f"other.{name}").read_bytes() == content


def write_unless_it_looks_like_text(path, table, binary):
    """Write vectors; skip the rare ones whose bytes are text, which is refused."""
    try:
        write_vectors(path, *table, binary=binary)
    except ValueError as error:
        assume("happen to be text" not in str(error))
        raise


@BOTH
@NAMES
@given(table=tables())
@example(table=ODD_TABLE)
def test_reading_returns_what_was_written(tmp_path_factory, binary, name, table):
    path = tmp_path_factory.getbasetemp() / name
    write_unless_it_looks_like_text(path, table, binary)
    assert_same(read_vectors(path), *table)


@BOTH
@NAMES
@given(table=tables())
@example(table=ODD_TABLE)
def test_gensim_reads_and_writes_the_same(
    gensim, tmp_path_factory, binary, name, table
):
    path = tmp_path_factory.getbasetemp() / name
    write_unless_it_looks_like_text(path, table, binary)
    loaded = gensim.KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert_same((loaded.index_to_key, loaded.vectors), *table)
    loaded.save_word2vec_format(str(path), binary=binary)
    assert_same(read_vectors(path), *table)


# --- what is refused


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
COLUMN = "where words do not end in a tab, or in a number after a tab"
ENDS = "where a space or a newline ends a word and words are not empty"


@BOTH
@pytest.mark.parametrize(
    ("words", "vectors", "message"),
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
def test_words_and_vectors_that_the_format_cannot_hold_are_an_error(
    tmp_path, binary, words, vectors, message
):
    with pytest.raises(ValueError, match=exactly(message)):
        write_vectors(tmp_path / "vectors", words, vectors, binary=binary)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"1 23.45 ", b"1 2 x   ", b"1   \n   ", b"       1", b"\n1 2 3 4"]
)
def test_a_binary_file_that_would_be_read_as_text_is_an_error(tmp_path, content):
    vectors = np.frombuffer(content, "<f4").reshape(1, 2)
    message = (
        "The bytes of the vector of 'a' happen to be text, and the binary file would "
        "be read as text. Use binary=False."
    )
    with pytest.raises(ValueError, match=exactly(message)):
        write_vectors(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert os.listdir(tmp_path) == []
    write_vectors(tmp_path / "vectors", ["a"], vectors)
    assert_same(read_vectors(tmp_path / "vectors"), ["a"], vectors)


@pytest.mark.parametrize(
    "content", [b"1 2 x  \0", b"fff?333?", b"\0" * 8, b"\n1 2 3\0\0", b" \xff1 1  1"]
)
def test_a_binary_file_that_resembles_text_is_written(tmp_path, content):
    vectors = np.frombuffer(content, "<f4").reshape(1, 2)
    write_vectors(tmp_path / "vectors", ["a"], vectors, binary=True)
    assert_same(read_vectors(tmp_path / "vectors"), ["a"], vectors)


def test_a_word_that_is_too_long_for_binary_files_can_be_written_as_text(tmp_path):
    path = tmp_path / "vectors"
    word, vectors = "x" * 2**16, np.ones((1, 2), dtype=np.float32)
    message = r"no words of more than 65,535 bytes.*Use binary=False"
    with pytest.raises(ValueError, match=message):
        write_vectors(path, [word], vectors, binary=True)
    write_vectors(path, [word], vectors)
    assert read_vectors(path)[0] == [word]
    write_vectors(path, [word[1:]], vectors, binary=True)
    assert read_vectors(path)[0] == [word[1:]]


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none/vectors'$"):
        write_vectors(tmp_path / "none" / "vectors", WORDS, VECTORS)


def test_a_name_that_ends_in_a_slash_is_an_error(tmp_path):
    for path in (f"{tmp_path}/vectors/", f"{tmp_path}/", os.fsencode(tmp_path) + b"/"):
        with pytest.raises(IsADirectoryError, match="/' is the name of a folder, not "):
            write_vectors(path, WORDS, VECTORS)
    assert os.listdir(tmp_path) == []


def test_a_folder_or_pipe_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError, match="folder' is not a file"):
        write_vectors(tmp_path / "folder", WORDS, VECTORS)
    with pytest.raises(OSError, match="pipe' is not a file, and is not replaced by"):
        write_vectors(tmp_path / "pipe", WORDS, VECTORS)
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


# --- how a file is replaced


@NAMES
@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError, PermissionError])
@pytest.mark.parametrize("is_written", [False, True])
def test_an_error_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch, name, exception, is_written
):
    def records(*args, **kwargs):
        yield b"the"
        raise exception

    if is_written:
        monkeypatch.setattr(os, "replace", Mock(side_effect=exception))
    else:
        monkeypatch.setattr(_word2vec_writer, "_records", records)
    with pytest.raises(exception):
        write_vectors(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(exception):
        write_vectors(tmp_path / name, WORDS, VECTORS)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


@BOTH
@NAMES
def test_a_file_is_replaced_when_the_new_one_is_complete(
    tmp_path, monkeypatch, binary, name
):
    def replace(source, target):
        assert os.path.dirname(source) == os.path.dirname(target)
        assert_same(read_vectors(source), WORDS, VECTORS)
        assert (tmp_path / name).read_bytes() == b"old"
        rename(source, target)

    rename = os.rename
    monkeypatch.setattr(os, "replace", replace)
    (tmp_path / name).write_bytes(b"old")
    write_vectors(tmp_path / name, WORDS, VECTORS, binary=binary)
    assert_same(read_vectors(tmp_path / name), WORDS, VECTORS)
    assert os.listdir(tmp_path) == [name]


def test_a_file_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    calls = Mock()
    calls.fsync.side_effect, calls.replace.side_effect = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", calls.fsync)
    monkeypatch.setattr(os, "replace", calls.replace)
    write_vectors(tmp_path / "vectors", WORDS, VECTORS)
    assert [name for name, *_ in calls.mock_calls] == ["fsync", "replace"]


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_vectors(tmp_path / "vectors", WORDS, VECTORS)
    finally:
        os.umask(before)
    assert (tmp_path / "vectors").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "vectors"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_vectors(path, WORDS, VECTORS)
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_bytes() == WRITTEN[False]


@pytest.mark.parametrize("old", [None, b"old"], ids=["dangling", "to a file"])
def test_a_link_stays_and_its_target_is_written(tmp_path, old):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if old is not None:
        target.write_bytes(old)
    link.symlink_to(os.path.join("folder", "target"))
    write_vectors(link, WORDS, VECTORS)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert_same(read_vectors(target), WORDS, VECTORS)


def test_a_name_may_have_255_bytes(tmp_path):
    for name in ("v" * 255, "🚀" * 63):
        write_vectors(tmp_path / name, WORDS, VECTORS)
        assert_same(read_vectors(tmp_path / name), WORDS, VECTORS)


#: Writes a file slowly, and prints a line when it has begun.
SLOW_WRITER = """
import sys, time
from sklearn_w2v import _word2vec_writer
def records(*args, **kwargs):
    yield b"the"
    print("writing", flush=True)
    time.sleep(60)
_word2vec_writer._records = records
_word2vec_writer.write_vectors(sys.argv[1], ["the"], [[1.0]])
"""


def test_the_next_write_removes_the_file_of_a_killed_process(tmp_path):
    path = tmp_path / "vectors"
    command = [sys.executable, "-c", SLOW_WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as killed:
        killed.stdout.readline()
        (left,) = os.listdir(tmp_path)
        assert re.fullmatch(r"\.vectors\.[0-9a-f]{16}\.part", left)
        # It stays as long as it is being written.
        write_vectors(path, WORDS, VECTORS)
        assert sorted(os.listdir(tmp_path)) == [left, "vectors"]
        killed.send_signal(signal.SIGKILL)
    others = [".vectors.mine.part", ".vectors2.0123456789abcdef.part"]
    for other in others:
        (tmp_path / other).write_bytes(b"of another file")
    write_vectors(path, WORDS, VECTORS)
    assert sorted(os.listdir(tmp_path)) == [*others, "vectors"]
