"""Document vectors, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v import _pooling
from sklearn_w2v._pooling import mean_vectors
from sklearn_w2v._vocabulary import Corpus

MATRIX = np.random.RandomState(0).normal(size=(7, 3)).astype(np.float32)


def corpus_of(documents):
    offsets = np.cumsum([0, *map(len, documents)])
    ids = np.array([row for document in documents for row in document], np.int32)
    return Corpus(ids, offsets)


@given(st.lists(st.lists(st.integers(0, 6), max_size=20), max_size=20))
def test_equals_the_mean_of_a_plain_loop(documents):
    means = mean_vectors(corpus_of(documents), MATRIX)
    expected = [
        MATRIX[document].mean(axis=0, dtype=float) if document else np.zeros(3)
        for document in documents
    ]
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, np.reshape(expected, (-1, 3)), atol=1e-6)


def test_no_documents_give_no_rows():
    assert mean_vectors(corpus_of([]), MATRIX).shape == (0, 3)


def test_a_document_without_words_is_exactly_zero_without_a_warning():
    assert mean_vectors(corpus_of([[], [1], []]), MATRIX)[[0, 2]].tolist() == [
        [0, 0, 0],
        [0, 0, 0],
    ]


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_a_row_does_not_depend_on_its_batch(at_once, monkeypatch):
    documents = [[i % 7, (3 * i) % 7, 2][: i % 4] for i in range(20)]
    alone = np.vstack([mean_vectors(corpus_of([one]), MATRIX) for one in documents])
    monkeypatch.setattr(_pooling, "DOCUMENTS_AT_ONCE", at_once)
    np.testing.assert_array_equal(mean_vectors(corpus_of(documents), MATRIX), alone)
