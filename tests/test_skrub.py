"""The vectorizer as a transformer of columns in skrub."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_w2v import Word2VecVectorizer

skrub = pytest.importorskip("skrub", reason="skrub is optional")

VECTORIZER = Word2VecVectorizer(vector_size=4, epochs=2, random_state=0)
NAMES = [f"word2vecvectorizer{number}" for number in range(4)]


@pytest.fixture(params=[pd.DataFrame, pl.DataFrame])
def make_table(request):
    """A function that makes a table of texts and numbers."""

    def make(texts):
        return request.param({"text": texts, "number": np.arange(len(texts))})

    return make


@pytest.mark.parametrize(
    "transformer",
    [
        skrub.ApplyToCols(VECTORIZER, cols="text"),
        skrub.TableVectorizer(high_cardinality=VECTORIZER),
        skrub.TableVectorizer(specific_transformers=[(VECTORIZER, ["text"])]),
    ],
)
def test_a_column_of_texts_becomes_named_columns(transformer, make_table, texts):
    table, expected = make_table(texts), VECTORIZER.fit(texts).transform(texts)
    for result in (transformer.fit_transform(table), transformer.transform(table)):
        assert isinstance(result, type(table))
        assert [*result.columns] == [*NAMES, "number"]
        vectors = result[NAMES].to_numpy()
        np.testing.assert_array_equal(vectors, expected)
        assert vectors.dtype == np.float32
    assert [*transformer.get_feature_names_out()] == [*NAMES, "number"]


def test_columns_are_vectorized_separately_also_in_processes(texts):
    table = pd.DataFrame({"title": texts, "body": texts[::-1]})
    transformer = skrub.ApplyToCols(make_pipeline(VECTORIZER, TruncatedSVD(2)))
    transformer.set_params(rename_columns="text_{}", n_jobs=2)
    assert transformer.fit_transform(table).shape == (len(texts), 4)
    first, second = transformer.transformers_.values()
    assert first[0].vocabulary_.keys() == second[0].vocabulary_.keys()
    assert first[0] is not second[0]


def test_a_pipeline_predicts_from_a_table(make_table, texts, labels):
    table = make_table(texts)
    vectorizer = skrub.TableVectorizer(high_cardinality=VECTORIZER)
    model = make_pipeline(vectorizer, LogisticRegression(max_iter=1000))
    assert model.fit(table, labels).score(table, labels) > 0.9


def test_missing_texts_raise_an_error_that_names_the_column(make_table, texts):
    table = make_table([*texts[:-1], None])
    message = rf"^Document {len(texts) - 1} is missing .*X.fillna\(''\)"
    for transformer in (
        skrub.ApplyToCols(VECTORIZER, cols="text"),
        skrub.TableVectorizer(high_cardinality=VECTORIZER),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            transformer.fit(table)
        if hasattr(caught.value, "__notes__"):  # of Python 3.11
            assert "on column 'text'" in caught.value.__notes__[0]


def test_empty_texts_have_vectors_of_zeros_with_specific_transformers(
    make_table, texts
):
    """With `high_cardinality`, skrub makes missing values of them first."""
    table = make_table([*texts[:-1], ""])
    specific = skrub.TableVectorizer(specific_transformers=[(VECTORIZER, ["text"])])
    vectors = specific.fit_transform(table)[NAMES].to_numpy()
    np.testing.assert_array_equal(vectors[-1], 0)
    with pytest.raises(ValueError, match=f"^Document {len(texts) - 1} is missing"):
        skrub.TableVectorizer(high_cardinality=VECTORIZER).fit(table)
