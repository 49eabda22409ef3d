"""Vectorizers that are written to files of word vectors, or read from them."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from helpers import small
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_w2v import Word2VecVectorizer


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["vectors.txt", "vectors.gz"])
def test_a_file_of_word_vectors_comes_back_ready_to_transform(
    name, binary, fitted, texts, tmp_path
):
    fitted.save_word2vec_format(tmp_path / name, binary=binary)
    loaded = Word2VecVectorizer.from_word2vec_format(tmp_path / name)
    assert loaded.vocabulary_ == fitted.vocabulary_
    assert loaded.vector_size == 8
    np.testing.assert_array_equal(loaded.embedding_matrix_, fitted.embedding_matrix_)
    np.testing.assert_array_equal(loaded.transform(texts), fitted.transform(texts))
    assert loaded.most_similar("cat") == fitted.most_similar("cat")
    assert loaded.get_feature_names_out().tolist() == [
        f"word2vecvectorizer{i}" for i in range(8)
    ]
    assert vars(loaded).keys() == vars(fitted).keys()
    assert loaded.n_iter_ == len(loaded.loss_curve_) == 0


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_a_loaded_vectorizer_has_the_parameters_it_is_given(tmp_path):
    small(lowercase=False).fit(["Cat dog"]).save_word2vec_format(tmp_path / "v")
    load = Word2VecVectorizer.from_word2vec_format
    loaded = load(tmp_path / "v", lowercase=False, norm="l2")
    assert np.linalg.norm(loaded.transform(["Cat"])) == pytest.approx(1)
    with pytest.raises(InvalidParameterError, match="The 'norm' parameter"):
        load(tmp_path / "v", norm="l3")
    with pytest.raises(TypeError, match="no_parameter"):
        load(tmp_path / "v", no_parameter=1)
    with pytest.raises(ValueError, match=r"vector_size=9, but the vectors of .* 8 dim"):
        load(tmp_path / "v", vector_size=9)
    for parameters in ({"weighting": "idf"}, {"n_components_removed": 1}):
        with pytest.raises(ValueError, match="are learned from documents, of which a"):
            load(tmp_path / "v", **parameters)


def test_a_fit_of_a_vectorizer_from_a_file_warns_that_its_vectors_are_lost(
    texts, tmp_path
):
    small().fit(texts).save_word2vec_format(tmp_path / "vectors")
    loaded = small().from_word2vec_format(tmp_path / "vectors", min_count=1)
    with pytest.warns(UserWarning, match="FrozenEstimator.*init_vectors") as caught:
        copy.deepcopy(loaded).fit(texts)
    assert [warning.filename for warning in caught] == [__file__]
    copy.deepcopy(loaded).partial_fit(texts)
    copy.deepcopy(loaded).set_params(warm_start=True).fit(texts)
    copy.deepcopy(loaded).set_params(init_vectors=tmp_path / "vectors").fit(texts)


def test_a_clone_of_a_vectorizer_from_a_file_warns_that_it_is_empty(texts, tmp_path):
    small().fit(texts).save_word2vec_format(tmp_path / "vectors")
    loaded = small().from_word2vec_format(tmp_path / "vectors")
    pipeline = make_pipeline(loaded, LogisticRegression())
    message = "A clone of a vectorizer from a file.* has none .*FrozenEstimator"
    with pytest.warns(UserWarning, match=message) as caught:
        cross_val_score(pipeline, texts, [0, 1] * (len(texts) // 2), cv=2)
    assert {warning.filename for warning in caught} == {__file__}
    frozen = make_pipeline(FrozenEstimator(loaded), LogisticRegression())
    cross_val_score(frozen, texts, [0, 1] * (len(texts) // 2), cv=2)
    clone(small().fit(texts))


def test_unused_parameters_bring_a_warning(texts, tmp_path):
    path = tmp_path / "vectors"
    small().fit(texts).save_word2vec_format(path)
    with pytest.warns(UserWarning, match="stop_words will not be used") as caught:
        Word2VecVectorizer.from_word2vec_format(path, analyzer=list, stop_words=["a"])
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("binary", [False, True])
def test_a_file_is_read_for_its_first_words_or_for_given_ones(binary, fitted, tmp_path):
    path = tmp_path / "vectors"
    fitted.save_word2vec_format(path, binary=binary)
    words = list(fitted.vocabulary_)
    first = Word2VecVectorizer.from_word2vec_format(path, max_features=3)
    assert list(first.vocabulary_) == words[:3]
    wanted = {words[5]: 1, "unheard": 0, words[2]: 2}
    loaded = Word2VecVectorizer.from_word2vec_format(path, vocabulary=wanted)
    assert loaded.vocabulary_ == {words[5]: 0, words[2]: 1}
    for word in loaded.vocabulary_:
        np.testing.assert_array_equal(loaded.get_vector(word), fitted.get_vector(word))
    with pytest.raises(ValueError, match="None of the 1 words of `vocabulary` is in "):
        Word2VecVectorizer.from_word2vec_format(path, vocabulary=["unheard"])


def test_words_with_capitals_in_a_file_bring_a_warning_unless_they_are_kept(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("Paris 1 2\nrome 3 4\n")
    message = "1 of the 2 words of .*vectors' have capitals, .*Pass lowercase=False"
    with pytest.warns(UserWarning, match=message) as caught:
        Word2VecVectorizer.from_word2vec_format(path)
    assert [warning.filename for warning in caught] == [__file__]
    for parameters in ({"lowercase": False}, {"analyzer": str.split}):
        Word2VecVectorizer.from_word2vec_format(path, **parameters)


#: All that a program that serves a fitted pipeline may call.
SERVE = """
import pickle, sys
path, texts = sys.argv[1], sys.argv[2:]
with open(path + ".pickle", "rb") as file:
    model = pickle.load(file)
vectorizer = model[0]
assert (model.predict(texts) == [0, 1]).all()
assert vectorizer.most_similar("cat") and vectorizer.coverage(texts).all()
vectorizer.nearest_words(["cat"]), vectorizer.most_likely_context("cat")
from sklearn_w2v import Word2VecVectorizer, explain_class, explain_document
explain_document(model, texts[0], 0), explain_class(model, texts, 0)
vectorizer.save_word2vec_format(path + ".txt")
Word2VecVectorizer.from_word2vec_format(path + ".txt").transform(texts)
sys.exit("torch" in sys.modules)
"""


def test_a_saved_pipeline_serves_without_importing_torch(texts, labels, tmp_path):
    vectorizer = small(epochs=10, store_matrices=True, sample=None)
    model = make_pipeline(vectorizer, LogisticRegression()).fit(texts, labels)
    path = tmp_path / "model"
    path.with_suffix(".pickle").write_bytes(pickle.dumps(model))
    subprocess.run([sys.executable, "-c", SERVE, path, *texts[:2]], check=True)
