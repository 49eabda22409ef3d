"""Fits that continue another one: warm starts, and batches of partial_fit."""

import pickle

import numpy as np
import pytest
from helpers import assert_same_fit, small

from sklearn_w2v import Word2VecVectorizer

# --- warm starts


@pytest.mark.parametrize("warm_before", [False, True])
@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_a_warm_start_continues_from_the_last_matrices(vectors, warm_before, texts):
    vectorizer = small(vectors=vectors, warm_start=warm_before).fit(texts)
    before = vectorizer.embedding_matrix_
    vectorizer.set_params(warm_start=True, learning_rate=1e-20).fit(texts)
    np.testing.assert_allclose(vectorizer.embedding_matrix_, before, atol=1e-6)
    assert vectorizer.n_iter_ == len(vectorizer.loss_curve_) == 4


def test_a_warm_start_learns_more(texts):
    vectorizer = small(warm_start=True)
    losses = [vectorizer.fit(texts).loss_curve_[-1] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_without_a_warm_start_a_second_fit_is_the_same(texts):
    once, twice = small().fit(texts), small().fit(texts).fit(texts)
    assert_same_fit(once, twice)


def test_a_warm_start_of_an_unfitted_vectorizer_is_a_fit(texts):
    assert_same_fit(small(warm_start=True).fit(texts), small().fit(texts))


def test_new_words_come_after_those_known_before(texts):
    vectorizer = small(warm_start=True, min_count=2).fit(texts)
    before = dict(vectorizer.vocabulary_)
    counts = dict(zip(before, vectorizer.word_counts_.tolist(), strict=True))
    vectorizer.fit(["new cat new", "newer cat", "once", "newer new"])
    assert list(vectorizer.vocabulary_) == [*before, "new", "newer"]
    assert list(vectorizer.vocabulary_.values()) == list(range(len(before) + 2))
    assert vectorizer.embedding_matrix_.shape == (len(before) + 2, 8)
    assert vectorizer.word_counts_.tolist() == [
        count + 2 * (word == "cat") for word, count in counts.items()
    ] + [3, 2]


def test_words_that_do_not_occur_again_keep_their_vectors(texts):
    # Noise words are drawn by all counts, so that only rows never drawn stay.
    vectorizer = small(warm_start=True, ns_exponent=10).fit(["rare word", *texts])
    before = vectorizer.get_vector("rare")
    vectorizer.fit(["new cat new dog"] * 20)
    np.testing.assert_allclose(vectorizer.get_vector("rare"), before, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
def test_a_warm_start_follows_a_given_vocabulary_by_its_words(texts):
    vectorizer = small(warm_start=True, vocabulary=["cat", "dog", "paw"]).fit(texts)
    before = {word: vectorizer.get_vector(word) for word in vectorizer.vocabulary_}
    counts = vectorizer.word_counts_
    vectorizer.set_params(vocabulary=["tail", "dog", "cat"], learning_rate=1e-20)
    vectorizer.fit(texts)
    assert vectorizer.vocabulary_ == {"tail": 0, "dog": 1, "cat": 2}
    for word in ("cat", "dog"):
        np.testing.assert_allclose(vectorizer.get_vector(word), before[word], atol=1e-6)
    assert vectorizer.word_counts_[1:].tolist() == [2 * counts[1], 2 * counts[0]]


def test_a_warm_start_cannot_change_the_size(texts):
    vectorizer = small(warm_start=True).fit(texts)
    before = vectorizer.transform(texts)
    with pytest.raises(ValueError, match="vector_size=9, but the vectors of the last"):
        vectorizer.set_params(vector_size=9).fit(texts)
    np.testing.assert_array_equal(vectorizer.transform(texts), before)


def test_a_warm_start_may_change_kind_and_solver(texts):
    vectorizer = small(warm_start=True, solver="adam").fit(texts)
    for parameters in ({"vectors": "center"}, {"solver": "adagrad"}, {"solver": "sgd"}):
        vectorizer.set_params(**parameters).fit(texts)
    assert vectorizer.n_iter_ == 8
    assert np.isfinite(vectorizer.embedding_matrix_).all()


def test_partial_fit_after_a_fit_keeps_steps_short(texts):
    fitted = small(epochs=10).fit(texts)
    before = fitted.embedding_matrix_
    anew = small(epochs=10).fit(texts)
    anew._solver_state = {}
    moves = [
        np.linalg.norm(vectorizer.partial_fit(texts[:50]).embedding_matrix_ - before)
        for vectorizer in (fitted, anew)
    ]
    assert moves[0] < 0.7 * moves[1]


def test_each_pass_over_a_batch_has_draws_of_its_own(texts):
    # Nothing moves, so that the losses of the same draws would be the same.
    known = {word: np.full(8, 0.3 * i) for i, word in enumerate(["cat", "dog", "paw"])}
    vectorizer = small(init_vectors=known, learning_rate=1e-20, warm_start=True)
    for _ in range(2):
        vectorizer.partial_fit(texts)
    vectorizer.set_params(epochs=1).fit(texts)
    assert len(set(vectorizer.loss_curve_)) == 3


def test_frozen_words_are_at_their_vectors_in_a_warm_start_too(texts):
    vectorizer = small(warm_start=True).fit(texts)
    vectorizer.set_params(init_vectors={"cat": np.ones(8)}, trainable=False).fit(texts)
    assert vectorizer.get_vector("cat").tolist() == [1] * 8


def test_transform_uses_the_weights_that_were_learned(texts):
    for weighting in ("idf", "sif", None):
        vectorizer = small(weighting=weighting).fit(texts)
        expected = vectorizer.transform(texts)
        for later in ("idf", "sif", None):
            found = vectorizer.set_params(weighting=later).transform(texts)
            np.testing.assert_array_equal(found, expected)


def test_a_stored_vectorizer_continues_as_the_one_in_memory(texts):
    vectorizer = small(warm_start=True).fit(texts)
    stored = pickle.loads(pickle.dumps(vectorizer))
    assert_same_fit(vectorizer.fit(texts), stored.fit(texts))


def test_a_warm_start_takes_init_vectors_for_new_words_only(texts):
    vectorizer = small(warm_start=True).fit(texts)
    before = vectorizer.get_vector("cat")
    known = {"cat": np.ones(8), "new": np.ones(8)}
    vectorizer.set_params(init_vectors=known, learning_rate=1e-20)
    vectorizer.fit(["cat new"] * 9)
    np.testing.assert_allclose(vectorizer.get_vector("cat"), before, atol=1e-6)
    np.testing.assert_allclose(vectorizer.get_vector("new"), 1, atol=1e-6)


@pytest.mark.parametrize("weighting", ["idf", "sif"])
@pytest.mark.parametrize("at_first", ["idf", None])
def test_weights_are_those_of_all_documents(weighting, at_first, texts):
    whole = small(weighting=weighting).fit(texts)
    parts = small(weighting=at_first, warm_start=True).fit(texts[:100])
    parts.set_params(weighting=weighting).fit(texts[100:])
    rows = [parts.vocabulary_[word] for word in whole.vocabulary_]
    np.testing.assert_allclose(
        parts.word_weights_[rows], whole.word_weights_, rtol=1e-6
    )


# --- partial_fit


def test_partial_fit_trains_on_batches_with_the_vocabulary_of_the_first(texts):
    vectorizer = small()
    for begin in range(0, 400, 100):
        assert vectorizer.partial_fit(texts[begin : begin + 100]) is vectorizer
    assert vectorizer.n_iter_ == len(vectorizer.loss_curve_) == 4
    assert vectorizer.loss_curve_[-1] < vectorizer.loss_curve_[0]
    expected = small().fit(texts[:100])
    assert vectorizer.vocabulary_ == expected.vocabulary_
    tokens = " ".join(texts).split()
    assert vectorizer.word_counts_.tolist() == [
        tokens.count(word) for word in vectorizer.vocabulary_
    ]


def test_partial_fit_is_one_pass_at_a_rate_that_does_not_decay(texts):
    # With the same draws, what decays moves less far; context vectors begin at 0.
    batch, whole = (small(vectors="context", epochs=epochs) for epochs in (3, 1))
    lengths = [
        np.linalg.norm(vectorizer.embedding_matrix_)
        for vectorizer in (batch.partial_fit(texts), whole.fit(texts))
    ]
    assert batch.n_iter_ == 1
    assert lengths[0] > 1.1 * lengths[1]


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_unknown_tokens_of_later_batches_are_counted_and_skipped(texts):
    vectorizer = small(min_count=2).partial_fit([*texts, "once"])
    assert vectorizer.n_unknown_ == 0
    vectorizer.partial_fit(["cat new", "new newer dog"])
    assert vectorizer.n_unknown_ == 3
    before = vectorizer.embedding_matrix_
    vectorizer.partial_fit(["nothing known", "", "new"])
    assert vectorizer.n_unknown_ == 6
    assert vectorizer.embedding_matrix_ is before
    assert vectorizer.n_iter_ == 2
    assert vectorizer.fit(texts).n_unknown_ == 0


@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
@pytest.mark.filterwarnings("ignore:No two words are next to each other")
@pytest.mark.filterwarnings("ignore:The vocabulary of")
def test_documents_without_known_words_count_in_batches_of_any_size():
    texts = ["cat dog", *["unknown"] * 50, "cat"]
    one, several = (small(weighting="idf", vocabulary=["cat"]) for _ in range(2))
    one.partial_fit(texts[:1]).partial_fit(texts[1:])
    several.partial_fit(texts[:1]).partial_fit(texts[1:51]).partial_fit(texts[51:])
    assert one._n_documents == several._n_documents == 52
    np.testing.assert_array_equal(one.word_weights_, several.word_weights_)


@pytest.mark.parametrize("weighting", ["idf", "sif", None])
def test_a_batch_without_known_words_takes_a_new_weighting(weighting, texts):
    expected = small(weighting=weighting).partial_fit(texts).partial_fit(["unknown"])
    vectorizer = small(weighting="sif" if weighting == "idf" else "idf")
    vectorizer.partial_fit(texts)
    vectorizer.set_params(weighting=weighting).partial_fit(["unknown"])
    assert_same_fit(vectorizer, expected)
    np.testing.assert_array_equal(
        vectorizer.transform(texts), expected.transform(texts)
    )


@pytest.mark.parametrize("weighting", ["idf", "sif"])
def test_weights_are_finite_if_no_word_of_a_file_has_occurred(weighting, tmp_path):
    (tmp_path / "vectors").write_text("cat 1 2\n")
    vectorizer = Word2VecVectorizer.from_word2vec_format(tmp_path / "vectors")
    vectorizer.set_params(weighting=weighting).partial_fit(["unknown"])
    assert np.isfinite(vectorizer.transform(["cat"])).all()


def test_partial_fit_continues_from_a_fit_and_from_a_file(texts, tmp_path):
    fitted = small().fit(texts)
    fitted.save_word2vec_format(tmp_path / "vectors")
    loaded = Word2VecVectorizer.from_word2vec_format(tmp_path / "vectors")
    for vectorizer in (fitted, loaded):
        before = vectorizer.embedding_matrix_
        vectorizer.set_params(learning_rate=1e-20).partial_fit(texts)
        np.testing.assert_allclose(vectorizer.embedding_matrix_, before, atol=1e-6)
    assert fitted.n_iter_ == 3
    assert loaded.n_iter_ == 1
    assert loaded.word_counts_.sum() == len(" ".join(texts).split())


def test_the_first_batch_after_a_file_looks_up_init_vectors(texts, tmp_path):
    (tmp_path / "vectors").write_text("cat 1 2\ndog 3 4\n")
    vectorizer = Word2VecVectorizer.from_word2vec_format(tmp_path / "vectors")
    vectorizer.set_params(init_vectors={"cat": np.array([5, 6])}, trainable=False)
    for _ in range(2):
        vectorizer.partial_fit(texts)
        assert vectorizer.init_coverage_ == 0.5
        assert vectorizer.get_vector("cat").tolist() == [5, 6]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_init_vectors_that_come_after_the_first_call_are_not_used(method, texts):
    first, other = (getattr(small(), method)(texts) for _ in range(2))
    first.set_params(init_vectors={"cat": np.ones(8)})
    with pytest.warns(UserWarning, match="^init_vectors are not used: an earlier"):
        first.partial_fit(texts)
    assert_same_fit(first, other.partial_fit(texts))


def test_init_vectors_that_the_first_call_looked_up_give_no_warning(texts):
    for known in ({"cat": np.ones(8)}, {"cat": np.ones(8), "unseen": np.ones(8)}):
        vectorizer = small(init_vectors=known).fit(texts).partial_fit(texts)
        vectorizer.partial_fit(["unknown words"]).partial_fit(texts)
        assert vectorizer.init_coverage_ == 1 / len(vectorizer.vocabulary_)


def test_partial_fit_does_not_stop_early(texts):
    vectorizer = small(early_stopping=True).partial_fit(texts).partial_fit(texts)
    assert vectorizer.validation_scores_ is None
    assert vectorizer.n_iter_ == 2


def test_all_fits_have_scores_next_to_their_losses(texts):
    vectorizer = small(warm_start=True).fit(texts)
    assert vectorizer.validation_scores_ is None
    vectorizer.set_params(early_stopping=True).fit(texts).partial_fit(texts)
    scores = vectorizer.validation_scores_
    assert np.isnan(scores).tolist() == [True, True, False, False, True]
    assert len(vectorizer.loss_curve_) == vectorizer.n_iter_ == 5


def test_partial_fit_learns_weights_and_common_components(texts):
    vectorizer = small(weighting="idf", n_components_removed=1, norm="l2")
    vectorizer.partial_fit(texts[:200]).partial_fit(texts[200:])
    vectors = vectorizer.transform(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    products = vectors @ vectorizer.common_components_.T
    np.testing.assert_allclose(products, 0, atol=1e-5)
    assert vectorizer._n_documents == 400
