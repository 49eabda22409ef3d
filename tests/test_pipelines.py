"""The vectorizer in a pipeline, and the document vectors that an estimator makes."""

import numpy as np
import pandas as pd
import pytest
from drawn import pca_of
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_w2v import (
    DocumentMapDisplay,
    LossCurveDisplay,
    Word2VecVectorizer,
    WordMapDisplay,
)

pytestmark = pytest.mark.usefixtures("close_figures")


@pytest.mark.parametrize(
    "last", [LogisticRegression(), KMeans(2), LinearDiscriminantAnalysis()]
)
def test_a_pipeline_that_predicts_shows_the_input_of_its_last_step(
    last, documents, labels
):
    vectorizer = Word2VecVectorizer(vector_size=8, epochs=2, random_state=0)
    pipeline = make_pipeline(vectorizer, StandardScaler(), last)
    pipeline.fit(documents, labels[:60])
    display = DocumentMapDisplay.from_estimator(pipeline, documents, method="pca")
    expected = pca_of(pipeline[:-1].transform(documents))
    np.testing.assert_allclose(display.positions, expected, atol=1e-6)


def test_any_transformer_can_be_shown(documents):
    pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(5, random_state=0))
    pipeline.fit(documents)
    expected = pca_of(pipeline.transform(documents))
    with_names = make_pipeline(TfidfVectorizer(), TruncatedSVD(5, random_state=0))
    with_names.fit(documents)[-1].set_output(transform="pandas")
    for estimator in (pipeline, FrozenEstimator(pipeline), with_names):
        display = DocumentMapDisplay.from_estimator(estimator, documents, method="pca")
        np.testing.assert_allclose(display.positions, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), r"^LogisticRegression has no transform .* best_estim"),
        (make_pipeline(LogisticRegression()), r"^Pipeline has no transform"),
        (make_pipeline(KMeans(2)), r"^Pipeline has no transform"),
        ("a text", r"^str has no transform"),
        (FunctionTransformer(csr_array),
         r"^The transform of FunctionTransformer returns a sparse .* TruncatedSVD"),
        (FunctionTransformer(np.ravel), r"FunctionTransformer must .* shape \(6,\)"),
        (FunctionTransformer(lambda X: np.array(X, str)), r"must return .* dtype <U"),
        (FunctionTransformer(lambda X: np.array(X) / 0.0), r"must return .*nan or inf"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero|invalid value:RuntimeWarning")
def test_an_estimator_without_document_vectors_raises_an_error(estimator, message):
    X = [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay.from_estimator(estimator, X)


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_the_vectorizer_of_a_pipeline_is_found(display, documents, labels, fitted):
    inner = make_pipeline(FrozenEstimator(fitted), StandardScaler()).fit(documents)
    inner = FrozenEstimator(inner)
    pipeline = make_pipeline(FunctionTransformer(), inner, LogisticRegression())
    pipeline.fit(documents, labels[:60])
    found, given = map(display.from_estimator, (pipeline, fitted))
    if display is WordMapDisplay:
        assert found.words == given.words
        np.testing.assert_array_equal(found.positions, given.positions)
    else:
        assert found.loss_curve == given.loss_curve


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_the_vectorizer_next_to_other_transformers_is_found(display, documents, fitted):
    table = pd.DataFrame({"text": documents, "length": list(map(len, documents))})
    text = ("text", make_pipeline(FrozenEstimator(fitted), StandardScaler()), "text")
    columns = ColumnTransformer([("length", StandardScaler(), ["length"]), text])
    union = FeatureUnion([("counts", TfidfVectorizer()), ("vectors", fitted)])
    for estimator in (
        columns.fit(table),
        make_pipeline(columns, StandardScaler()).fit(table),
        union,
    ):
        found, given = map(display.from_estimator, (estimator, fitted))
        assert vars(found).keys() == vars(given).keys()
        if display is WordMapDisplay:
            assert found.words == given.words
        else:
            assert found.loss_curve == given.loss_curve


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_several_vectorizers_raise_an_error_that_says_how_to_pass_one(display, fitted):
    union = FeatureUnion([("one", fitted), ("other", fitted)])
    message = r"The FeatureUnion has 2 of Word2VecVectorizer.*named_transformers_"
    with pytest.raises(ValueError, match=message):
        display.from_estimator(union)


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
@pytest.mark.parametrize(
    "estimator", [TfidfVectorizer(), make_pipeline(TfidfVectorizer()), "a text"]
)
def test_an_estimator_without_a_vectorizer_raises_an_error(display, estimator):
    name = type(estimator).__name__
    with pytest.raises(
        ValueError, match=rf"^Expected a fitted Word2VecVectorizer.*got {name}"
    ):
        display.from_estimator(estimator)


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_an_unfitted_vectorizer_raises_an_error(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(Word2VecVectorizer())
