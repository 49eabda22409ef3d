"""Documents that are the rows of an array of integers."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers import assert_same_fit, small
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sklearn_w2v import _corpus, _documents, _vocabulary
from sklearn_w2v._documents import TokenArray, is_token_array
from sklearn_w2v._vocabulary import _distinct

INTEGERS = [np.int8, np.uint8, np.int32, np.int64, np.uint64]


@pytest.fixture
def walks():
    return np.random.default_rng(0).integers(30, size=(300, 10))


def as_lists(X):
    return [row.compressed().tolist() for row in np.ma.asarray(X)]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_a_fit_of_an_array_is_that_of_its_rows_as_lists(dtype, walks):
    by_array = small(analyzer=list, weighting="idf").fit(walks.astype(dtype))
    by_lists = small(analyzer=list, weighting="idf").fit(walks.tolist())
    assert_same_fit(by_array, by_lists)
    assert list(by_array.vocabulary_) == list(by_lists.vocabulary_)
    np.testing.assert_array_equal(
        by_array.transform(walks), by_lists.transform(walks.tolist())
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_vocab_size": 20},
        {"verbose": 1},
        {"vocabulary": list(range(5, 25))},
        {"min_count": 95},
        {"analyzer": tuple},
        {"analyzer": lambda walk: walk[::2]},
    ],
)
@pytest.mark.filterwarnings("ignore:max_vocab_size=20")
def test_every_way_to_read_takes_arrays(parameters, walks):
    parameters = {"analyzer": list, **parameters}
    by_array = small(**parameters).fit(walks)
    by_lists = small(**parameters).fit(list(walks))
    np.testing.assert_array_equal(
        by_array.embedding_matrix_, by_lists.embedding_matrix_
    )
    assert by_array.vocabulary_ == by_lists.vocabulary_


def test_batches_can_be_arrays(walks):
    by_array, by_lists = small(analyzer=list), small(analyzer=list)
    for batch in (walks[:100], walks[100:] + 3):
        by_array.partial_fit(batch)
        by_lists.partial_fit(batch.tolist())
    assert_same_fit(by_array, by_lists)


def test_masked_elements_are_no_tokens(walks):
    lengths = np.random.default_rng(1).integers(11, size=300)
    padded = np.where(np.arange(10) < lengths[:, None], walks, -1)
    sessions = [
        walk[:length].tolist() for walk, length in zip(walks, lengths, strict=True)
    ]
    by_array = small(analyzer=list).fit(np.ma.masked_equal(padded, -1))
    assert_same_fit(by_array, small(analyzer=list).fit(sessions))
    assert -1 not in by_array.vocabulary_


@given(
    arrays(st.sampled_from(INTEGERS), array_shapes(min_dims=1, max_dims=1, max_side=99))
)
def test_distinct_tokens_are_those_of_numpy(tokens):
    expected = np.unique(tokens, return_index=True, return_inverse=True)
    for found, array in zip(_distinct(tokens), expected, strict=True):
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("tokens_at_once", [1, 25, 2**19])
def test_blocks_and_rows_have_the_same_tokens(tokens_at_once, walks, monkeypatch):
    monkeypatch.setattr(_documents, "TOKENS_AT_ONCE", tokens_at_once)
    X = np.ma.masked_less(walks[:20], 8)
    X.mask[3] = True
    documents = TokenArray(X)
    assert list(documents) == as_lists(X)
    assert documents.n_blank == 1
    tokens, lengths = map(np.concatenate, zip(*documents.blocks(), strict=True))
    assert tokens.tolist() == X.compressed().tolist()
    assert lengths.tolist() == [len(row) for row in as_lists(X)]


def test_ids_beyond_memory_go_to_a_file(walks, monkeypatch):
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 100)
    monkeypatch.setattr(_corpus, "IDS_AT_ONCE", 100)
    monkeypatch.setattr(_documents, "TOKENS_AT_ONCE", 70)
    vocabulary = {item: item for item in range(30)}
    corpus = _vocabulary.encode(TokenArray(walks), vocabulary)
    np.testing.assert_array_equal(corpus.ids, walks.ravel())
    np.testing.assert_array_equal(corpus.lengths, 10)


@pytest.mark.parametrize(
    "X", [np.ones((3, 1), int), np.ones((3, 2)), np.ones(3, int), [[1, 2]]]
)
def test_other_containers_are_read_document_by_document(X):
    assert not is_token_array(X)


def test_an_array_without_rows_has_no_documents():
    with pytest.raises(ValueError, match="there is no document"):
        small(analyzer=list).fit(np.empty((0, 5), dtype=int))
    fitted = small(analyzer=list, sample=None).fit([[1, 2, 3]] * 9)
    assert fitted.transform(np.empty((0, 5), dtype=int)).shape == (0, 8)


@pytest.mark.parametrize(
    ("X", "cure"),
    [
        (np.ones((3, 1), int), "Pass its column: X.ravel()"),
        (np.ones((3, 2)), "pass an array of integers"),
        (pd.DataFrame(np.ones((3, 2), int)), "pass X.to_numpy(), an array of integers"),
        (pd.DataFrame(np.ones((3, 1), int)), "Pass one column"),
        (np.ones(3, int), "If X is one document, pass [X]"),
    ],
)
def test_an_error_says_how_rows_are_passed(X, cure):
    with pytest.raises(ValueError, match=re.escape(cure)):
        small(analyzer=list).fit(X)


def test_an_error_for_a_table_names_the_column_first():
    table = pd.DataFrame({"name": ["a", "b"], "items": [[1, 2], [3]]})
    message = (
        r"of shape \(2, 2\)\. If a column has the documents: .*df\['text'\].*to_numpy"
    )
    with pytest.raises(ValueError, match=message):
        small(analyzer=list).fit(table)
