"""The score of a class by a fitted pipeline, split into contributions of words."""

import numpy as np
import pandas as pd
import pytest
from helpers import TOPICS, small
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC

from sklearn_w2v import explain_class, explain_document

WORDS = [word for topic in TOPICS for word in topic]
DOCUMENTS = ["cat dog stock unknown cat", "cash", "Cash fur FUR", "", "unknown"]

#: Parameters of the vectorizer that decide how documents are pooled.
POOLINGS = [
    {},
    {"weighting": "idf"},
    {"weighting": "sif", "n_components_removed": 1},
    {"norm": "l2"},
    {"weighting": "idf", "n_components_removed": 2, "norm": "l2"},
]

SCALERS = {
    "no scaler": [],
    "passthrough": ["passthrough"],
    "standard": [StandardScaler()],
    "without mean": [StandardScaler(with_mean=False)],
    "without std": [StandardScaler(with_std=False)],
    "neither": [StandardScaler(with_mean=False, with_std=False)],
    "max abs": [MaxAbsScaler()],
    "min max": [MinMaxScaler((-2, 3))],
    "robust": [RobustScaler()],
    "robust, without center": [RobustScaler(with_centering=False)],
    "robust, without scale": [RobustScaler(with_scaling=False)],
    "several": [MinMaxScaler(), StandardScaler(), "passthrough", MaxAbsScaler()],
}

CLASSIFIERS = [
    LogisticRegression(),
    LogisticRegression(fit_intercept=False),
    LinearSVC(),
    RidgeClassifier(),
    RidgeClassifier(fit_intercept=False),
    RidgeClassifierCV(),
    SGDClassifier(random_state=0),
    Perceptron(),
    LinearDiscriminantAnalysis(),
]


@pytest.fixture(scope="module", params=[2, 3])
def names(request, texts):
    """The names of two or three classes, one for each of `texts`."""
    random = np.random.RandomState(0)
    names = np.array(["animals", "money", "noise"])[np.arange(len(texts)) % 2]
    if request.param == 3:
        names[random.permutation(len(texts))[:100]] = "noise"
    return names


@pytest.fixture(scope="module")
def vectorizers(texts):
    """A fitted vectorizer with each way of pooling, frozen."""
    return [FrozenEstimator(small(**pooling).fit(texts)) for pooling in POOLINGS]


def decision_functions(model, documents, label):
    """Return the scores of a class, by scikit-learn."""
    scores = model.decision_function(documents)
    place = model.classes_.tolist().index(label)
    if scores.ndim == 1:
        return scores if place else -scores
    return scores[:, place]


def assert_explains(model, documents, label):
    """Check the contributions against the decision function of a pipeline."""
    expected = decision_functions(model, documents, label)
    tolerance = {"rtol": 1e-4, "atol": 1e-4 * (1 + np.abs(expected).max())}
    has_words, scores = [], []
    for document in documents:
        contributions, intercept = explain_document(model, document, label)
        words = [word for word in document.lower().split() if word in WORDS]
        assert [word for word, _ in contributions] == words
        has_words.append(bool(words))
        scores.append(sum(contribution for _, contribution in contributions))
        scores[-1] += intercept
    np.testing.assert_allclose(scores, expected, **tolerance)
    if any(has_words):
        contributions, intercept = explain_class(model, documents, label)
        mean = sum(contribution for _, contribution in contributions) + intercept
        np.testing.assert_allclose(mean, expected[has_words].mean(), **tolerance)


# --- exact scores


@pytest.mark.parametrize("scaler", SCALERS)
def test_contributions_and_intercept_are_the_score_after_any_scaler(
    scaler, vectorizers, texts, names
):
    for vectorizer in vectorizers:
        model = make_pipeline(vectorizer, *SCALERS[scaler], RidgeClassifier())
        model.fit(texts, names)
        for label in set(names):
            assert_explains(model, DOCUMENTS + texts[:5], label)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
def test_contributions_and_intercept_are_the_score_of_any_linear_classifier(
    classifier, vectorizers, texts, names
):
    for vectorizer in vectorizers[::2]:
        model = make_pipeline(vectorizer, StandardScaler(), classifier)
        model.fit(texts, names)
        for label in set(names):
            assert_explains(model, DOCUMENTS + texts[:5], label)


@settings(max_examples=25)
@given(documents=st.lists(st.lists(st.sampled_from([*WORDS, "unknown"])), min_size=1))
def test_any_documents_are_explained(documents, vectorizers, texts, names):
    for vectorizer in vectorizers[::2]:
        model = make_pipeline(vectorizer, StandardScaler(), RidgeClassifier())
        model.fit(texts[:50], names[:50])
        assert_explains(model, [" ".join(words) for words in documents], "money")


def test_the_scores_of_two_classes_have_opposite_signs(vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], StandardScaler(), LogisticRegression())
    model.fit(texts, labels)
    first, of_first = explain_document(model, texts[0], 0)
    second, of_second = explain_document(model, texts[0], 1)
    assert of_first == -of_second
    assert first == [(word, -contribution) for word, contribution in second]


def test_the_intercept_is_that_of_the_classifier(vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], StandardScaler(), LogisticRegression())
    model.fit(texts, labels)
    for intercept in (
        explain_document(model, texts[0], 1)[1],
        explain_class(model, texts, 1)[1],
    ):
        assert intercept == model[-1].intercept_[0]


def test_what_a_scaler_subtracts_is_subtracted_from_word_vectors(texts, labels):
    vectorizer = small(weighting="idf").fit(texts)
    model = make_pipeline(vectorizer, StandardScaler(), LogisticRegression())
    model.fit(texts, labels)
    words = ["cat", "cash", "cat"]
    weights = vectorizer.word_weights_[[vectorizer.vocabulary_[word] for word in words]]
    scaled = model[1].transform(vectorizer.get_vector(words))
    expected = scaled @ model[-1].coef_[0] * weights / weights.sum()
    contributions, _ = explain_document(model, " ".join(words), 1)
    found = [contribution for _, contribution in contributions]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_sparse_coefficients_are_explained(vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], LogisticRegression(C=0.01))
    model.fit(texts, labels)
    expected = explain_document(model, texts[0], 1)
    model[-1].sparsify()
    assert explain_document(model, texts[0], 1) == expected


def test_output_as_a_data_frame_is_explained_without_a_warning(texts, labels):
    model = make_pipeline(small(), StandardScaler(), LogisticRegression())
    model.set_output(transform="pandas").fit(texts, labels)
    assert_explains(model, texts[:5], 1)


# --- where the vectorizer and the classifier are


def test_nested_and_frozen_steps_and_searches_are_explained(texts, labels):
    vectorizer = small().fit(texts)
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2)
    plain = make_pipeline(vectorizer, StandardScaler(), search).fit(texts, labels)
    expected = explain_document(plain, texts[0], 1), explain_class(plain, texts, 1)
    frozen = FrozenEstimator(vectorizer)
    features = make_pipeline(frozen, StandardScaler())
    of_all = GridSearchCV(
        make_pipeline(frozen, StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [plain[-1].best_params_["C"]]},
        cv=2,
    )
    for model in [
        make_pipeline(features, search),
        make_pipeline(FrozenEstimator(features.fit(texts)), search),
        make_pipeline(frozen, make_pipeline(StandardScaler(), search)),
        of_all,
    ]:
        model.fit(texts, labels)
        np.testing.assert_equal(explain_document(model, texts[0], 1), expected[0])
        np.testing.assert_equal(explain_class(model, texts, 1), expected[1])


def test_steps_before_the_vectorizer_change_the_document(vectorizers, texts, labels):
    first_lines = FunctionTransformer(lambda X: [text.split("\n")[0] for text in X])
    model = make_pipeline(first_lines, vectorizers[0], StandardScaler(), LinearSVC())
    model.fit(texts, labels)
    contributions, intercept = explain_document(model, "cat dog\nstock", 1)
    assert [word for word, _ in contributions] == ["cat", "dog"]
    assert explain_document(model[1:], "cat dog", 1) == (contributions, intercept)
    of_class = explain_class(model[1:], ["cat dog"], 1)
    assert explain_class(model, ["cat dog\nstock"], 1) == of_class


# --- the words of a class


def test_the_words_of_a_class_are_sorted_by_their_mean_contribution(
    vectorizers, texts, names
):
    for vectorizer in vectorizers:
        model = make_pipeline(vectorizer, StandardScaler(), LogisticRegression())
        model.fit(texts, names)
        documents = [*texts[:7], "cat cat unknown"]
        sums = dict.fromkeys(" ".join(documents).replace("unknown", "").split(), 0)
        for document in documents:
            for word, contribution in explain_document(model, document, "money")[0]:
                sums[word] += contribution
        found, _ = explain_class(model, documents, "money")
        means = [contribution for _, contribution in found]
        assert means == sorted(means, reverse=True)
        assert len(found) == len(sums)
        for word, mean in found:
            assert mean == pytest.approx(sums[word] / len(documents))


def test_words_that_indicate_a_class_come_first(texts, labels):
    vectorizer = small(epochs=20)
    model = make_pipeline(vectorizer, StandardScaler(), LogisticRegression())
    found, _ = explain_class(model.fit(texts, labels), texts, 1)
    assert {word for word, _ in found[: len(TOPICS[1])]} == set(TOPICS[1])


@pytest.mark.parametrize("container", [iter, np.array, pd.Series, tuple])
def test_documents_can_be_in_any_container(container, vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], LogisticRegression()).fit(texts, labels)
    expected = explain_class(model, texts, 1)
    assert explain_class(model, container(texts), 1) == expected


def test_tokens_can_be_any_objects(labels):
    baskets = [[1, 2, (3, 4)], [5, "six", 7]] * 200
    model = make_pipeline(small(analyzer=list), StandardScaler(), LogisticRegression())
    model.fit(baskets, labels)
    contributions, _ = explain_document(model, [1, (3, 4), "six", 8], 0)
    assert [token for token, _ in contributions] == [1, (3, 4), "six"]
    found, _ = explain_class(model, baskets, 0)
    assert {token for token, _ in found[:3]} == {1, 2, (3, 4)}


# --- errors


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([Normalizer(), LogisticRegression()],
         r"^Normalizer divides .* norm='l2' to Word2VecVectorizer"),
        ([MinMaxScaler(clip=True), LogisticRegression()],
         r"^MinMaxScaler\(clip=True\) is not linear, .* clip=False"),
        ([PCA(2), LogisticRegression()],
         r"^PCA, a step between .* use StandardScaler, RobustScaler, MaxAbs"),
        ([QuantileTransformer(n_quantiles=9), LinearSVC()], r"^QuantileTransformer, "),
        ([GaussianNB()], r"^GaussianNB, the last step, is not .* Use LogisticRegr"),
        ([SVC(kernel="linear")],
         r"^SVC, the last step, is not supported\. Use .* LinearSVC"),
        ([CalibratedClassifierCV(LinearSVC(), cv=2)],
         r"^CalibratedClassifierCV, the .* Explain its classifier before calibration"),
        ([Ridge()], r"^Ridge, the last step, .* regressor, .* word_contributions"),
        ([StandardScaler()], r"^StandardScaler, the last step, is not"),
        ([], r"^Word2VecVectorizer, the last step, is not"),
    ],
)  # fmt: skip
def test_a_step_that_is_not_linear_is_named(steps, message, vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], *steps).fit(texts, labels)
    with pytest.raises(ValueError, match=message):
        explain_document(model, texts[0], 1)
    with pytest.raises(ValueError, match=message):
        explain_class(model, texts, 1)


@pytest.mark.parametrize("label", ["sports", 0, ["money"], None])
def test_an_unknown_class_lists_the_classes(label, vectorizers, texts, names):
    model = make_pipeline(vectorizers[0], LogisticRegression()).fit(texts, names)
    classes = ", ".join(map(repr, sorted(set(names.tolist()))))
    with pytest.raises(ValueError, match=r"^LogisticRegression has no class") as error:
        explain_document(model, texts[0], label)
    assert str(error.value).endswith(f"no class {label!r}. Its classes are {classes}.")


def test_an_unknown_class_of_many_lists_some_of_them(vectorizers, texts):
    model = make_pipeline(vectorizers[0], RidgeClassifier())
    model.fit(texts, np.arange(len(texts)))
    with pytest.raises(ValueError, match="28, 29 and 370 others"):
        explain_document(model, texts[0], -1)


def test_an_estimator_without_a_vectorizer_raises_an_error(texts, labels):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, labels)
    with pytest.raises(ValueError, match="Expected a fitted Word2VecVectorizer"):
        explain_document(model, texts[0], 1)


def test_a_vectorizer_next_to_other_transformers_is_refused(texts, labels):
    columns = FeatureUnion([("words", small()), ("counts", TfidfVectorizer())])
    model = make_pipeline(columns, LogisticRegression()).fit(texts, labels)
    with pytest.raises(ValueError, match="in a ColumnTransformer or FeatureUnion, so"):
        explain_document(model, texts[0], labels[0])
    cure = r"word_contributions\(text, classifier\.coef_\[0, :8\]\) if it comes first"
    with pytest.raises(ValueError, match=cure):
        explain_class(model, texts, labels[0])
    vectorizer = columns.transformer_list[0][1]
    message = r"If it also has other features, .* for example coef_\[0, :8\]\."
    with pytest.raises(ValueError, match=message):
        vectorizer.word_contributions(texts[0], model[-1].coef_)
    assert vectorizer.word_contributions(texts[0], model[-1].coef_[0, :8])


def test_steps_that_are_not_fitted_are_named(vectorizers, texts):
    for model in [
        make_pipeline(small(), LogisticRegression()),
        make_pipeline(vectorizers[0], LogisticRegression()),
        make_pipeline(
            vectorizers[0],
            StandardScaler(),
            LogisticRegression().fit(np.eye(8), range(8)),
        ),
    ]:
        with pytest.raises(NotFittedError, match=r"This (Word|Logistic|Standard)"):
            explain_document(model, texts[0], 1)


def test_documents_that_cannot_be_read_are_named(vectorizers, texts, labels):
    model = make_pipeline(vectorizers[0], LogisticRegression()).fit(texts, labels)
    with pytest.raises(ValueError, match="Document 0 is missing"):
        explain_document(model, None, 1)
    for several in (texts[:1], np.array(texts), (texts[0],)):
        kind = type(several).__name__
        message = f" takes one document: pass a text, not a {kind} of texts"
        with pytest.raises(ValueError, match=f"^explain_document{message}"):
            explain_document(model, several, 1)
        with pytest.raises(ValueError, match=f"^word_contributions{message}"):
            model[0].word_contributions(several, np.ones(8))
    with pytest.raises(ValueError, match="Document 1 is missing"):
        explain_class(model, ["cat", None], 1)
    with pytest.raises(ValueError, match="Pass one column of texts"):
        explain_class(model, pd.DataFrame({"text": texts}), 1)
    with pytest.raises(ValueError, match="Pass a list: of texts"):
        explain_class(model, texts[0], 1)
    with pytest.raises(ValueError, match="None of the 2 documents has a known word"):
        explain_class(model, ["unknown", ""], 1)
    with pytest.raises(ValueError, match="None of the 0 documents has a known word"):
        explain_class(model, [], 1)
