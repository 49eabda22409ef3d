"""The attributes that a fit learns, and the matrices that the next one begins at."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from helpers import assert_same_fit, small
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_w2v import __version__
from sklearn_w2v._learned import FittedAttributes, learned_from_vectors
from sklearn_w2v._learned import attributes as attributes_of

CENTERS = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
CONTEXTS = np.array([[0, 0], [1, 1], [0.5, 0.25]], dtype=np.float32)
LEARNED = learned_from_vectors({"cat": 0, "dog": 1, "emu": 2}, CENTERS)


@pytest.mark.parametrize(
    ("kind", "embedding_matrix", "other_matrix"),
    [
        ("average", (CENTERS + CONTEXTS) / 2, CONTEXTS),
        ("center", CENTERS, CONTEXTS),
        ("context", CONTEXTS, CENTERS),
    ],
)
def test_both_matrices_of_a_fit_are_restored(kind, embedding_matrix, other_matrix):
    learned = replace(
        LEARNED,
        kind=kind,
        embedding_matrix=embedding_matrix,
        other_matrix=other_matrix,
    )
    np.testing.assert_array_equal(learned.matrices(), [CENTERS, CONTEXTS])


@pytest.mark.parametrize("kind", ["average", "center", "context"])
def test_a_single_matrix_is_used_for_both(kind):
    learned = replace(LEARNED, kind=kind)
    np.testing.assert_array_equal(learned.matrices(), [CENTERS, CENTERS])


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_attributes_are_those_of_a_fitted_vectorizer():
    fitted = small().fit(["cat dog"])
    attributes = attributes_of(LEARNED)
    unfitted = vars(small())
    assert [name for name in vars(fitted) if name not in unfitted] == list(attributes)
    assert attributes["vocabulary_"] is LEARNED.vocabulary
    assert attributes["_n_documents"] == 0


def test_learned_is_immutable():
    with pytest.raises(FrozenInstanceError):
        LEARNED.n_iter = 3


# --- stored vectorizers


def dict_of(vectorizer):
    return vars(vectorizer)


def stored_by(release, fitted, *, without=(), **changes):
    """Return a pickle of a vectorizer as another release made it."""
    state = fitted.__getstate__() | {"_sklearn_w2v_version": release} | changes
    other = small()
    vars(other).clear()
    vars(other).update(
        {name: value for name, value in state.items() if name not in without}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FittedAttributes, "__getstate__", dict_of)
        return pickle.dumps(other)


def test_a_release_loads_what_it_stored_without_a_warning(fitted):
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_same_fit(loaded, fitted)
    assert loaded.vocabulary_ == fitted.vocabulary_
    assert list(loaded.vocabulary_) == list(fitted.vocabulary_)
    assert vars(pickle.loads(pickle.dumps(small()))) == vars(small())


def test_a_pickle_of_release_0_2_0_loads_with_a_warning(fitted):
    """It has no number, and the vocabulary as a dict."""
    without = ["_sklearn_w2v_version"]
    data = stored_by("", fitted, without=without, vocabulary_=fitted.vocabulary_)
    with pytest.warns(
        InconsistentVersionWarning, match=r"stored by release 0\.2\.0 of"
    ):
        loaded = pickle.loads(data)
    assert vars(loaded).pop("_sklearn_w2v_version") == "0.2.0"
    assert_same_fit(loaded, fitted)


@pytest.mark.parametrize("release", ["0.1.0", "9.0.0"])
def test_a_pickle_of_another_release_brings_a_warning_with_both(release, fitted, texts):
    data = stored_by(release, fitted)
    message = (
        rf"^Word2VecVectorizer was stored by release {release} of sklearn_w2v, and is "
        rf"loaded by release {__version__}, whose results may differ\. Fit it again, or"
    )
    with pytest.warns(InconsistentVersionWarning, match=message) as caught:
        loaded = pickle.loads(data)
    assert [warning.filename for warning in caught] == [__file__]
    expected = fitted.transform(texts)
    np.testing.assert_array_equal(loaded.transform(texts), expected)
    # It is stored again with the release that it was fitted by.
    with pytest.warns(InconsistentVersionWarning, match=f"stored by release {release}"):
        pickle.loads(pickle.dumps(loaded))
    loaded.fit(texts)
    pickle.loads(pickle.dumps(loaded))


def test_what_a_release_did_not_store_is_named_with_the_release(fitted, texts):
    without = ["_sklearn_w2v_version", "word_weights_", "n_iter_", "norm"]
    data = stored_by("", fitted, without=without)
    with pytest.warns(InconsistentVersionWarning) as caught:
        loaded = pickle.loads(data)
    assert str(caught[0].message) == (
        "Word2VecVectorizer was stored by release 0.2.0 or earlier of sklearn_w2v, and "
        f"is loaded by release {__version__}, whose results may differ. It lacks norm, "
        "word_weights_, n_iter_. Fit it again, or load it with the release that stored "
        "it."
    )
    message = (
        r"^The vectorizer lacks word_weights_: it was stored by release 0\.2\.0 or "
        r"earlier of sklearn_w2v, and this is release .* Fit it again, or load it with"
    )
    for method in (loaded.transform, loaded.coverage, loaded.partial_fit):
        with pytest.raises(AttributeError, match=message):
            method(texts)
    # A parameter that is lacking gets its default.
    assert loaded.norm is None
    assert clone(loaded).get_params() == fitted.get_params()
    assert_same_fit(loaded.fit(texts), fitted)


def test_an_attribute_that_a_user_deleted_is_not_blamed_on_a_release(fitted):
    copied = copy.copy(fitted)
    del copied.word_counts_
    with pytest.raises(AttributeError, match="has no attribute 'word_counts_'"):
        copied.most_similar("cat")


@pytest.mark.parametrize("release", [None, "0.1.0"])
def test_skops_files_have_the_release(release, fitted, texts):
    skops = pytest.importorskip("skops.io", reason="skops is optional")
    if release is not None:
        fitted = copy.copy(fitted)
        vars(fitted)["_sklearn_w2v_version"] = release
    data = skops.dumps(fitted)
    trusted = ["sklearn_w2v._vectorizer.Word2VecVectorizer"]
    if release is None:
        loaded = skops.loads(data, trusted=trusted)
    else:
        with pytest.warns(InconsistentVersionWarning, match=release) as caught:
            loaded = skops.loads(data, trusted=trusted)
        assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_array_equal(loaded.transform(texts), fitted.transform(texts))


def test_skops_stores_tokens_of_common_types():
    skops = pytest.importorskip("skops.io", reason="skops is optional")
    documents = [[("cat", 1), 2, "dog", 2.5, b"emu", True]] * 20
    fitted = small(analyzer=list).fit(documents)
    trusted = ["sklearn_w2v._vectorizer.Word2VecVectorizer"]
    loaded = skops.loads(skops.dumps(fitted), trusted=trusted)
    assert loaded.vocabulary_ == fitted.vocabulary_
    assert list(map(type, loaded.vocabulary_)) == list(map(type, fitted.vocabulary_))
    expected = fitted.transform(documents)
    np.testing.assert_array_equal(loaded.transform(documents), expected)
