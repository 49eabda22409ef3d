"""Vectorizers that are written to files of word vectors, or made of them."""

import pickle

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


@pytest.fixture(scope="module")
def fitted(texts):
    return small(epochs=10).fit(texts)


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


def test_a_truncated_file_of_word_vectors_is_an_error_that_names_it(fitted, tmp_path):
    path = tmp_path / "vectors.txt"
    fitted.save_word2vec_format(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"vectors\.txt"):
        Word2VecVectorizer.from_word2vec_format(path)


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_words_that_are_no_text_cannot_be_written(tmp_path):
    fitted = small(analyzer=list).fit([[1, 2], [2, (3, 4)]])
    with pytest.raises(ValueError, match="2"):
        fitted.save_word2vec_format(tmp_path / "vectors.txt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_and_writes_the_same_files(binary, fitted, tmp_path):
    keyedvectors = pytest.importorskip(
        "gensim.models.keyedvectors", reason="gensim is optional"
    )
    fitted.save_word2vec_format(tmp_path / "ours", binary=binary)
    theirs = keyedvectors.KeyedVectors.load_word2vec_format(
        tmp_path / "ours", binary=binary
    )
    assert theirs.key_to_index == fitted.vocabulary_
    np.testing.assert_array_equal(theirs.vectors, fitted.embedding_matrix_)
    theirs.save_word2vec_format(tmp_path / "theirs", binary=binary)
    loaded = Word2VecVectorizer.from_word2vec_format(tmp_path / "theirs")
    assert loaded.vocabulary_ == fitted.vocabulary_
    np.testing.assert_array_equal(loaded.embedding_matrix_, fitted.embedding_matrix_)


def test_a_fit_from_a_file_says_that_the_file_is_dropped(texts, tmp_path):
    small().fit(texts).save_word2vec_format(tmp_path / "vectors")
    loaded = small().from_word2vec_format(tmp_path / "vectors", min_count=1)
    with pytest.warns(UserWarning, match="FrozenEstimator.*init_vectors") as caught:
        clone_fitted(loaded).fit(texts)
    assert [warning.filename for warning in caught] == [__file__]
    clone_fitted(loaded).partial_fit(texts)
    clone_fitted(loaded).set_params(warm_start=True).fit(texts)
    clone_fitted(loaded).set_params(init_vectors=tmp_path / "vectors").fit(texts)


def clone_fitted(vectorizer):
    return pickle.loads(pickle.dumps(vectorizer))


def test_a_clone_says_that_it_has_nothing_of_a_file(texts, tmp_path):
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


def test_a_file_says_which_parameters_do_nothing(texts, tmp_path):
    path = tmp_path / "vectors"
    small().fit(texts).save_word2vec_format(path)
    with pytest.warns(UserWarning, match="stop_words will not be used") as caught:
        Word2VecVectorizer.from_word2vec_format(path, analyzer=list, stop_words=["a"])
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("binary", [False, True])
def test_a_file_is_read_for_so_many_words_or_for_those_wanted(binary, fitted, tmp_path):
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


def test_a_file_with_capitals_says_so_unless_they_are_kept(tmp_path):
    path = tmp_path / "vectors"
    path.write_text("Paris 1 2\nrome 3 4\n")
    message = "1 of the 2 words of .*vectors' have capitals, .*Pass lowercase=False"
    with pytest.warns(UserWarning, match=message) as caught:
        Word2VecVectorizer.from_word2vec_format(path)
    assert [warning.filename for warning in caught] == [__file__]
    for parameters in ({"lowercase": False}, {"analyzer": str.split}):
        Word2VecVectorizer.from_word2vec_format(path, **parameters)
