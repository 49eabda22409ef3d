"""The estimator together with scikit-learn's checks and other estimators."""

import pickle
import sys

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from helpers import output_of, small
from numeric_adapter import NumericWord2VecVectorizer
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

#: Checks that scikit-learn runs only on its own estimators, in addition to the public
#: ones.
INTERNAL_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_inplace_ensure_writeable",
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


def numeric(**parameters):
    defaults = {"vector_size": 4, "epochs": 2, "min_count": 1, "sample": None}
    return NumericWord2VecVectorizer(**(defaults | parameters))


#: Settings whose parts may disturb one another.
COMBINATIONS = [
    {},
    {"solver": "adam", "weighting": "idf", "norm": "l2"},
    {"solver": "sgd", "vectors": "center", "weighting": "sif"},
    {"n_components_removed": 1, "norm": "l2", "weighting": "sif"},
    {"early_stopping": True, "validation_fraction": 0.4, "epochs": 5},
    {"warm_start": True, "vectors": "context", "n_components_removed": 2},
    {"init_vectors": {"c0v0": [0.5] * 4}, "trainable": False, "warm_start": True},
]


EVERYTHING = COMBINATIONS[3] | COMBINATIONS[4] | COMBINATIONS[6] | {"warm_start": False}


@parametrize_with_checks([small()])
def test_public_checks(estimator, check):
    check(estimator)


def expected_failures(vectorizer):
    """The checks that fit one estimator several times, and want the same each time."""
    if not vectorizer.warm_start:
        return {}
    checks = ["check_pipeline_consistency"]
    if vectorizer.vectors != "context":
        # Context vectors begin at 0, and stay there in documents of one word.
        checks += ["check_transformer_data_not_an_array", "check_transformer_general"]
    return dict.fromkeys(checks, "with warm_start=True, a second fit goes on")


# Documents of one word have no pairs to score.
@pytest.mark.filterwarnings("ignore:early_stopping has no score")
@pytest.mark.filterwarnings("ignore:init_vectors has none")
@parametrize_with_checks(
    [numeric(**parameters) for parameters in COMBINATIONS],
    expected_failed_checks=expected_failures,
)
def test_public_checks_through_numbers(estimator, check):
    check(estimator)


def test_numbers_do_let_the_public_checks_run():
    checks = list(estimator_checks.estimator_checks_generator(numeric()))
    assert len(checks) >= 43  # 46 in scikit-learn 1.9; releases differ by a few


# Some fit on a data frame and transform an array, or the reverse, and validation warns.
@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:X has feature names, but:UserWarning")
@pytest.mark.filterwarnings("ignore:init_vectors has none")
@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything"])
@pytest.mark.parametrize("name", INTERNAL_CHECKS)
def test_internal_checks_through_numbers(name, parameters):
    vectorizer = numeric(**parameters)
    getattr(estimator_checks, name)("NumericWord2VecVectorizer", vectorizer)


def test_classifies_in_a_pipeline(texts, labels):
    model = make_pipeline(small(epochs=5), StandardScaler(), LogisticRegression())
    assert model.fit(texts[:300], labels[:300]).score(texts[300:], labels[300:]) > 0.95


def test_grid_search_tunes_it_with_the_classifier(texts, labels):
    model = make_pipeline(small(), LogisticRegression())
    grid = {"word2vecvectorizer__window": [2, 5], "logisticregression__C": [0.1, 10]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(texts, labels)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.9


def test_cross_val_score_is_repeatable(texts, labels):
    model = make_pipeline(small(), LogisticRegression())
    first = cross_val_score(model, texts, labels, cv=3)
    np.testing.assert_array_equal(first, cross_val_score(model, texts, labels, cv=3))


def test_takes_one_column_in_a_column_transformer(texts):
    frame = pd.DataFrame({"text": texts, "size": np.arange(400.0)})
    transformer = ColumnTransformer(
        [("vectors", small(), "text"), ("size", StandardScaler(), ["size"])]
    )
    assert transformer.fit_transform(frame).shape == (400, 9)
    names = transformer.get_feature_names_out()
    assert names[0] == "vectors__word2vecvectorizer0"
    assert names[-1] == "size__size"


def test_an_error_of_a_column_transformer_with_a_list_of_columns_names_the_cure():
    frame = pd.DataFrame({"text": ["some words"]})
    transformer = ColumnTransformer([("vectors", small(), ["text"])])
    with pytest.raises(ValueError, match=r"name the column 'text' rather than"):
        transformer.fit(frame)


def test_works_next_to_tfidf_in_a_feature_union(texts, labels):
    lsa = make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0))
    union = FeatureUnion([("means", small()), ("lsa", lsa)])
    assert union.fit_transform(texts, labels).shape == (400, 11)


def test_a_tfidf_configuration_moves_over_by_changing_the_class_name(texts):
    text_parameters = {
        "strip_accents": "unicode",
        "lowercase": False,
        "stop_words": ["cat"],
        "token_pattern": r"\w+",
        "max_df": 0.9,
        "min_df": 2,
        "max_features": 15,
    }
    ours = small(**text_parameters).fit(texts)
    theirs = TfidfVectorizer(**text_parameters).fit(texts)
    assert set(ours.vocabulary_) == set(theirs.vocabulary_)


def test_clone_after_fit_is_not_fitted_and_fits_the_same(texts):
    fitted = small().fit(texts)
    copy = clone(fitted)
    with pytest.raises(NotFittedError):
        copy.transform(texts)
    np.testing.assert_array_equal(
        copy.fit(texts).embedding_matrix_, fitted.embedding_matrix_
    )


@pytest.mark.parametrize("library", [pickle, joblib])
def test_a_stored_vectorizer_transforms_without_torch(library, fitted, texts, tmp_path):
    path = tmp_path / "fitted"
    with path.open("wb") as file:
        library.dump(fitted, file)
    script = f"""
import sys, joblib, pickle
fitted = {library.__name__}.load(open({str(path)!r}, "rb"))
print(fitted.transform({texts[:5]!r}).tobytes().hex())
assert fitted.most_similar("cat", topn=1)
assert "torch" not in sys.modules, "torch was imported"
"""
    found = output_of(sys.executable, "-c", script)
    assert bytes.fromhex(found) == fitted.transform(texts[:5]).tobytes()


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
@pytest.mark.parametrize("weighting", [None, "idf"])
def test_a_pickle_holds_the_matrix_once_and_no_texts(weighting, vectors, texts):
    parameters = {"weighting": weighting, "n_components_removed": 1, "norm": "l2"}
    fitted = small(vector_size=300, vectors=vectors, **parameters)
    data = pickle.dumps(fitted.fit(texts))
    assert len(data) < fitted.embedding_matrix_.nbytes + 10_000
    assert texts[0].encode() not in data


@pytest.mark.parametrize("method", ["transform", "fit_transform"])
def test_pandas_output_keeps_the_index_of_a_series(method, texts):
    texts = pd.Series(texts, index=[f"row{i}" for i in range(400)])
    vectorizer = small().set_output(transform="pandas").fit(texts)
    frame = getattr(vectorizer, method)(texts)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.index) == list(texts.index)
    assert list(frame.columns) == list(vectorizer.get_feature_names_out())
    assert set(frame.dtypes) == {np.dtype(np.float32)}


def test_pandas_output_of_a_list_has_a_plain_index(texts):
    frame = small().set_output(transform="pandas").fit_transform(texts)
    assert list(frame.index) == list(range(400))


def test_polars_output(texts):
    frame = small().set_output(transform="polars").fit_transform(pl.Series(texts))
    assert isinstance(frame, pl.DataFrame)
    assert frame.shape == (400, 8)


def test_feature_names_are_those_of_scikit_learn(texts):
    names = small().fit(texts).get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == [f"word2vecvectorizer{i}" for i in range(8)]


def test_tags_declare_that_it_takes_text():
    tags = sklearn.utils.get_tags(small())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == []


def test_it_has_no_number_of_features(texts):
    assert not hasattr(small().fit(texts), "n_features_in_")


def test_routing_asks_for_no_metadata(texts, labels):
    with sklearn.config_context(enable_metadata_routing=True):
        make_pipeline(small(), LogisticRegression()).fit(texts, labels)
        assert not small().get_metadata_routing().fit.requests


def test_repr_and_html_show_the_parameters_that_were_set():
    assert repr(small(window=3)).startswith("Word2VecVectorizer(epochs=2, min_count=1")
    html = small(window=3)._repr_html_()
    assert "window" in html


def test_html_has_no_broken_link(texts):
    for vectorizer in (small(), small().fit(texts)):
        assert "href" not in vectorizer._repr_html_()


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"weighting": "idf", "n_components_removed": 1, "norm": "l2"},
        {"warm_start": True, "vectors": "context"},
        {"early_stopping": True, "vocabulary": ["cat", "dog", "paw"], "sample": None},
        {"init_vectors": {"cat": [1.0] * 8}},
    ],
)
@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
def test_skops_stores_it_with_the_types_that_it_trusts(parameters, texts):
    skops = pytest.importorskip("skops.io", reason="skops is optional")
    fitted = small(**parameters).fit(texts)
    data = skops.dumps(fitted)
    # All but the class itself, which no list of skops can know.
    own_type = "sklearn_w2v._vectorizer.Word2VecVectorizer"
    assert skops.get_untrusted_types(data=data) == [own_type]
    loaded = skops.loads(data, trusted=[own_type])
    np.testing.assert_array_equal(loaded.transform(texts), fitted.transform(texts))
    assert loaded.most_similar("cat") == fitted.most_similar("cat")
    loaded.partial_fit(texts)
    assert loaded.n_iter_ == fitted.n_iter_ + 1
