"""Corpora of integers and their counts, against plain loops."""

import tracemalloc
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from helpers import corpus_of
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v import _corpus
from sklearn_w2v._corpus import UNKNOWN, Corpus, CorpusWriter, WordCounts, hold_out

ROWS = st.lists(st.lists(st.integers(0, 4), max_size=12), max_size=12)
ROWS_OR_UNKNOWN = st.lists(st.lists(st.integers(UNKNOWN, 3), max_size=12), max_size=12)


def documents_of(corpus):
    return [part.tolist() for part in np.split(corpus.ids, corpus.offsets[1:-1])]


def known(document):
    return [row for row in document if row != UNKNOWN]


@contextmanager
def at_once(n_documents, n_tokens):
    """Let fewer documents and tokens be looked at in one go."""
    with (
        patch.object(_corpus, "DOCUMENTS_AT_ONCE", n_documents),
        patch.object(_corpus, "TOKENS_AT_ONCE", n_tokens),
    ):
        yield


@given(one=ROWS, other=ROWS, n_tokens=st.integers(1, 30))
def test_checksums_are_the_same_for_the_same_documents(one, other, n_tokens):
    checksum = corpus_of(one).checksum()
    with at_once(1, n_tokens):
        assert corpus_of(one).checksum() == checksum
        assert (corpus_of(other).checksum() == checksum) == (one == other)


@given(documents=ROWS, n_documents=st.integers(1, 12), n_tokens=st.integers(1, 30))
def test_parts_are_the_corpus_and_are_short(documents, n_documents, n_tokens):
    with at_once(n_documents, n_tokens):
        parts = list(corpus_of(documents).batches())
        pieces = list(corpus_of(documents).id_slices())
    assert [document for part in parts for document in documents_of(part)] == documents
    for part in parts:
        lengths = part.lengths.tolist()
        assert 1 <= len(lengths) <= n_documents
        assert sum(lengths) <= n_tokens or len(lengths) == 1
    assert np.concatenate([[], *pieces]).tolist() == corpus_of(documents).ids.tolist()
    assert all(1 <= len(piece) <= n_tokens for piece in pieces)


@given(documents=ROWS, n_documents=st.integers(1, 12), n_tokens=st.integers(1, 30))
def test_words_are_counted_by_token_and_by_document(documents, n_documents, n_tokens):
    with at_once(n_documents, n_tokens):
        counts = corpus_of(documents).count_words(6)
    assert counts.tokens.tolist() == [
        sum(document.count(row) for document in documents) for row in range(6)
    ]
    assert counts.document_frequencies.tolist() == [
        sum(row in document for document in documents) for row in range(6)
    ]
    assert counts.n_documents == len(documents)


@given(documents=ROWS, data=st.data(), n_tokens=st.integers(1, 30))
def test_words_of_some_documents_are_counted(documents, data, n_tokens):
    numbers = st.integers(0, max(len(documents) - 1, 0))
    some = data.draw(st.sets(numbers, max_size=len(documents)))
    with at_once(100, n_tokens):
        counts = corpus_of(documents).token_counts(5, np.array(sorted(some), np.int64))
    expected = Counter(row for i in some for row in documents[i])
    assert counts.tolist() == [expected[row] for row in range(5)]


@given(documents=ROWS_OR_UNKNOWN.filter(len), n_tokens=st.integers(1, 30))
def test_unknown_tokens_are_dropped_and_documents_stay(documents, n_tokens):
    with at_once(100, n_tokens):
        corpus = corpus_of(documents).drop_unknown()
    assert corpus.ids.dtype == np.int32
    assert documents_of(corpus) == list(map(known, documents))
    assert corpus.lengths.tolist() == [len(known(document)) for document in documents]


@pytest.mark.parametrize("ids", [[0, 1], [0, UNKNOWN, 1], [UNKNOWN]])
def test_unknown_tokens_are_dropped_in_the_memory_of_the_corpus(ids):
    corpus = Corpus(np.array(ids, np.int32), np.array([0, len(ids)]))
    kept = corpus.drop_unknown().ids
    assert kept.base is corpus.ids


@given(
    documents=ROWS_OR_UNKNOWN.filter(len),
    in_memory=st.integers(0, 40),
    more=st.integers(0, 40),
    n_tokens=st.integers(1, 30),
)
def test_a_corpus_that_continues_in_a_file_is_the_same(
    documents, in_memory, more, n_tokens
):
    with (
        patch.object(_corpus, "IDS_IN_MEMORY", in_memory),
        patch.object(_corpus, "IDS_AT_ONCE", more),
        at_once(100, n_tokens),
    ):
        with CorpusWriter() as writer:
            for document in documents:
                writer.add(document)
            corpus = writer.corpus()
        assert type(corpus.ids) is np.ndarray
        assert documents_of(corpus) == documents
        assert documents_of(corpus.drop_unknown()) == list(map(known, documents))


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch):
    """Where what does not fit into no memory at all goes on."""
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    return tmp_path


def test_the_file_of_a_corpus_has_no_name_and_cannot_remain(temporary_folder):
    with CorpusWriter() as writer:
        writer.add([1, 2, 3])
        assert list(temporary_folder.iterdir()) == []
        corpus = writer.corpus()
    assert list(temporary_folder.iterdir()) == []
    assert corpus.ids.tolist() == [1, 2, 3]


def test_a_full_disk_names_the_folder_and_the_cure(temporary_folder, monkeypatch):
    message = rf"No space left.*{temporary_folder}' takes 4 bytes.*, 28 bytes .*TMPDIR"
    message += ".*to a folder with more space"
    monkeypatch.setattr(_corpus, "IDS_AT_ONCE", 3)
    with CorpusWriter() as writer:
        writer.add([1, 2, 3])
        writer.file.close()
        full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115, as above
        writer.file = full
        with pytest.raises(OSError, match=message):
            writer.add([1, 2, 3, 4])


def test_a_folder_that_is_not_there_is_named(temporary_folder, monkeypatch):
    folder = str(temporary_folder / "none")
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", folder)
    message = (
        f"a temporary file in '{folder}' take.*TEMP_FOLDER to a folder that exists"
    )
    with pytest.raises(FileNotFoundError, match=message):
        CorpusWriter().add([1, 2, 3])


@given(documents=ROWS_OR_UNKNOWN)
def test_coverage_is_the_share_of_known_tokens(documents):
    assert corpus_of(documents).coverage().tolist() == [
        len(known(document)) / max(len(document), 1) for document in documents
    ]


BEFORE = WordCounts(np.array([5, 6, 7]), np.array([1, 2, 3]), 10)
NOW = WordCounts(np.array([10, 20]), np.array([4, 5]), 6)


@pytest.mark.parametrize(
    ("rows", "rows_before", "tokens", "frequencies"),
    [
        (np.array([1, 0]), np.array([0, 2]), [17, 25], [7, 6]),
        (slice(2), slice(2), [15, 26], [5, 7]),
    ],
)
def test_counts_of_two_fits_add_up_by_word(rows, rows_before, tokens, frequencies):
    both = NOW.plus(BEFORE, rows, rows_before)
    assert both.tokens.tolist() == tokens
    assert both.document_frequencies.tolist() == frequencies
    assert both.n_documents == 16
    assert NOW.tokens.tolist() == [10, 20]


@given(st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=12), st.booleans())))
def test_some_documents_are_selected(documents_and_whether):
    corpus = corpus_of([document for document, _ in documents_and_whether])
    is_selected = np.array([is_in for _, is_in in documents_and_whether], dtype=bool)
    selected = corpus.select(is_selected)
    expected = [document for document, is_in in documents_and_whether if is_in]
    assert len(selected.offsets) == len(expected) + 1
    assert documents_of(selected) == (expected or [[]])


def test_counts_of_some_words_are_selected_by_their_rows():
    some = BEFORE.select(np.array([2, 0]))
    assert some.tokens.tolist() == [7, 5]
    assert some.document_frequencies.tolist() == [3, 1]
    assert some.n_documents == 10


def test_whole_documents_that_have_words_are_held_out():
    documents = [[i] * (i % 3) for i in range(30)]
    corpus = corpus_of(documents)
    held_out, again, other = (
        hold_out(corpus, 0.3, np.random.RandomState(seed)).tolist()
        for seed in (0, 0, 1)
    )
    assert len(set(held_out)) == 6  # of 20
    assert all(documents[i] for i in held_out)
    assert held_out == again == sorted(held_out) != other


@pytest.mark.parametrize(("documents", "fraction"), [([[0]], 0.1), ([[0], []], 0.5)])
def test_holding_out_one_document_names_the_parameters(documents, fraction):
    message = (
        rf"validation_fraction={fraction} .* \(n_samples=1\) .* early_stopping=Fal"
    )
    with pytest.raises(ValueError, match=message):
        hold_out(corpus_of(documents), fraction, np.random.RandomState(0))


@pytest.mark.parametrize("length", [25, 2_500, 2_000_000])
def test_counting_takes_no_more_memory_for_more_tokens(length):
    n_tokens = 2_000_000
    ids = np.arange(n_tokens, dtype=np.int32) % 1000
    ids[::10] = UNKNOWN
    corpus = Corpus(ids, np.arange(0, n_tokens + 1, length))
    tracemalloc.start()
    known = corpus.drop_unknown()
    known.count_words(1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 * _corpus.TOKENS_AT_ONCE + 16 * len(corpus.offsets)
