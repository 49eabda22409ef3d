"""Fits that stop, go on, begin at known vectors, or are read from a cache."""

import copy
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
import threading
from unittest.mock import Mock

import joblib
import numpy as np
import pytest
import torch
from helpers import TOPICS, assert_same_fit, needs_compiled, small
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_w2v import Word2VecVectorizer, _corpus, _fit
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram import plan


def n_cached(folder):
    """How many trainings a memory holds."""
    return len(list(folder.rglob("output.pkl")))


class TokenCounter:
    """Watches a training, and notes how many tokens it reads in an epoch."""

    def epoch_begins(self):
        pass

    def tokens_read(self, n_read, n_tokens):
        pass

    def epoch_ends(self, progress):
        self.n_tokens = progress.n_tokens
        return False


def n_trained_on(vectorizer, token_lists, before=None, counter=None):
    """How many tokens a fit trains on in an epoch, and what it learns."""
    counter = counter or TokenCounter()
    fit = prepare_fit(vectorizer, before, partial=False, ranks=ONE_RANK)
    encoded = fit.encode(token_lists)
    training = fit.plan(encoded)
    trained = fit.train(training, [counter])
    return counter.n_tokens, fit.learn(encoded, training, trained)


# --- epochs


def test_auto_epochs_go_by_the_words_that_are_read(texts, monkeypatch):
    # 400 texts of 8 words, half of them known.
    monkeypatch.setattr(plan, "AUTO_TOKENS", 1600 * 12)
    fitted = small(epochs="auto", vocabulary=TOPICS[0]).fit(texts)
    assert fitted.n_iter_ == 12
    assert_same_fit(fitted, small(epochs=12, vocabulary=TOPICS[0]).fit(texts))


def test_auto_epochs_are_many_for_few_words_and_a_pass_for_a_batch(texts):
    assert Word2VecVectorizer().epochs == "auto"
    fitted = small(epochs="auto").fit(texts)
    assert fitted.n_iter_ == 20
    assert fitted.partial_fit(texts).n_iter_ == 21


def test_auto_epochs_of_a_warm_start_go_by_the_new_documents(texts, monkeypatch):
    monkeypatch.setattr(plan, "AUTO_TOKENS", 3200 * 6)
    fitted = small(epochs="auto", warm_start=True).fit(texts)
    assert fitted.n_iter_ == 6
    assert fitted.fit(texts[:200]).n_iter_ == 6 + 12


def test_auto_epochs_end_with_early_stopping(texts):
    parameters = {"early_stopping": True, "n_iter_no_change": 1, "tol": 10}
    assert small(epochs="auto", **parameters).fit(texts).n_iter_ == 2


def test_auto_epochs_and_their_number_are_cached_as_one(texts, tmp_path):
    small(epochs="auto", memory=tmp_path).fit(texts)
    small(epochs=20, memory=tmp_path).fit(texts)
    assert n_cached(tmp_path) == 1


# --- memory


@pytest.mark.parametrize(
    "memory_of",
    [
        str,
        lambda path: path,
        lambda path: joblib.Memory(path, verbose=0),
        lambda path: joblib.Memory(path, verbose=0, mmap_mode="r"),
    ],
    ids=["str", "path", "Memory", "Memory with files mapped"],
)
def test_a_memory_trains_the_same_once(memory_of, texts, tmp_path):
    expected = small().fit(texts)
    for _ in range(2):
        fitted = small(memory=memory_of(tmp_path)).fit(texts)
        assert n_cached(tmp_path) == 1
        assert_same_fit(fitted, expected)
    values = [*vars(fitted).values(), *fitted._solver_state.values()]
    assert not any(isinstance(value, np.memmap) for value in values)


def test_what_is_read_from_the_memory_is_not_trained(texts, tmp_path):
    small(memory=tmp_path).fit(texts)
    (cached,) = tmp_path.rglob("output.pkl")
    trained = joblib.load(cached)
    joblib.dump(trained._replace(losses=[7.0, 6.0]), cached)
    assert small(memory=tmp_path).fit(texts).loss_curve_ == [7.0, 6.0]


@pytest.mark.parametrize(
    "parameters",
    [
        {"vectors": "center"},
        {"weighting": "idf"},
        {"n_components_removed": 1},
        {"norm": "l2"},
        {"n_jobs": 1},
        {"verbose": 1},
    ],
)
def test_what_training_does_not_know_trains_nothing_anew(parameters, texts, tmp_path):
    small(memory=tmp_path).fit(texts)
    cached = small(memory=tmp_path, **parameters).fit_transform(texts)
    assert n_cached(tmp_path) == 1
    np.testing.assert_array_equal(cached, small(**parameters).fit_transform(texts))


#: Other values of what training knows.
OTHER = {
    "vector_size": 9,
    "window": 2,
    "shrink_windows": False,
    "negative": 3,
    "solver": "adam",
    "learning_rate": 0.1,
    "batch_size": 50,
    "n_iter_no_change": 9,
    "tol": 0.5,
    "sample": 1e-2,
    "ns_exponent": 0.5,
    "epochs": 3,
    "random_state": 1,
    "early_stopping": True,
    "init_vectors": {"cat": [1.0] * 8},
}


@pytest.mark.parametrize("parameters", [{name: OTHER[name]} for name in OTHER])
def test_what_training_knows_trains_anew(parameters, texts, tmp_path):
    small(memory=tmp_path).fit(texts)
    small(memory=tmp_path, **parameters).fit(texts)
    assert n_cached(tmp_path) == 2


def test_other_documents_train_anew(texts, tmp_path):
    small(memory=tmp_path).fit(texts)
    small(memory=tmp_path).fit(texts[1:])
    assert n_cached(tmp_path) == 2


@pytest.mark.parametrize("package", [_fit, torch])
def test_another_release_trains_anew(package, texts, tmp_path, monkeypatch):
    small(memory=tmp_path).fit(texts)
    monkeypatch.setattr(package, "__version__", "99")
    small(memory=tmp_path).fit(texts)
    assert n_cached(tmp_path) == 2


@needs_compiled
def test_a_memory_knows_compiled_fits_and_others_apart(texts, tmp_path, monkeypatch):
    fits = []
    for wanted in ("1", "0", "1"):
        monkeypatch.setenv("SKLEARN_W2V_COMPILED", wanted)
        fits.append(small(memory=tmp_path).fit(texts))
    assert n_cached(tmp_path) == 2
    assert_same_fit(fits[0], fits[2])


def test_vectors_that_words_begin_at_are_known_to_the_memory(texts, tmp_path):
    known = {"cat": [1.0] * 8}
    for trainable, expected in [(True, 1), (True, 1), (False, 2)]:
        small(memory=tmp_path, init_vectors=known, trainable=trainable).fit(texts)
        assert n_cached(tmp_path) == expected


def test_what_nobody_could_read_again_is_not_cached(texts, tmp_path):
    small(memory=tmp_path).partial_fit(texts).partial_fit(texts)
    assert not list(tmp_path.iterdir())


def test_early_stopping_comes_from_the_memory_as_it_was(texts, tmp_path):
    first, second = (
        small(memory=tmp_path, early_stopping=True).fit(texts) for _ in range(2)
    )
    assert n_cached(tmp_path) == 1
    assert_same_fit(first, second)


def test_a_grid_over_pooling_and_classifier_trains_once_a_fold(texts, labels, tmp_path):
    pipeline = make_pipeline(
        small(epochs=1, memory=str(tmp_path)), LogisticRegression()
    )
    grid = {
        "word2vecvectorizer__weighting": [None, "idf", "sif"],
        "word2vecvectorizer__norm": [None, "l2"],
    }
    search = GridSearchCV(pipeline, grid, cv=KFold(3), refit=False, error_score="raise")
    search.fit(texts, labels)
    assert len(search.cv_results_["params"]) == 6
    assert n_cached(tmp_path) == 3


# --- early stopping


def test_early_stopping_keeps_the_best_epoch_and_its_scores(texts):
    fitted = small(early_stopping=True, epochs=100, n_iter_no_change=2).fit(texts)
    scores = fitted.validation_scores_
    assert fitted.n_iter_ == len(scores) == len(fitted.loss_curve_) < 100
    assert all(isinstance(score, float) for score in scores)


def test_early_stopping_trains_on_the_documents_that_are_not_held_out(texts):
    tokens = [text.split() for text in texts]
    assert n_trained_on(small(), tokens)[0] == 400 * 8
    vectorizer = small(early_stopping=True, validation_fraction=0.25)
    assert n_trained_on(vectorizer, tokens)[0] == 300 * 8


def test_early_stopping_learns_words_from_all_documents(texts):
    expected = small().fit(texts)
    fitted = small(early_stopping=True).fit(texts)
    assert fitted.vocabulary_ == expected.vocabulary_
    assert fitted.word_counts_.tolist() == expected.word_counts_.tolist()


@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
@pytest.mark.filterwarnings("ignore:The vocabulary of")
def test_early_stopping_holds_out_no_documents_without_known_words():
    texts = ["cat dog"] * 5 + ["unknown"] * 100
    fitted = small(vocabulary=["cat", "dog"], sample=0, early_stopping=True).fit(texts)
    assert np.isfinite(fitted.validation_scores_).all()


def test_early_stopping_is_repeatable(texts):
    first, second = (small(early_stopping=True).fit(texts) for _ in range(2))
    assert_same_fit(first, second)


def test_early_stopping_of_one_document_names_its_parameters():
    with pytest.raises(ValueError, match=r"validation_fraction=0.1 .*n_samples=1"):
        small(early_stopping=True).fit(["some words"])


# --- known vectors


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_init_vectors_are_where_words_begin(vectors, texts):
    known = {"cat": np.arange(1, 9), "dog": np.ones(8), "unseen": np.ones(8)}
    fitted = small(vectors=vectors, init_vectors=known, learning_rate=1e-20).fit(texts)
    assert fitted.get_vector("cat").tolist() == list(range(1, 9))
    assert fitted.get_vector("dog").tolist() == [1] * 8
    assert np.abs(fitted.get_vector("bank")).max() < 1 / 8
    assert fitted.init_coverage_ == 2 / len(fitted.vocabulary_)


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_init_vectors_that_are_not_trainable_stay(vectors, texts):
    known = {"cat": np.arange(8), "dog": np.ones(8)}
    fixed = small(vectors=vectors, init_vectors=known, trainable=False).fit(texts)
    assert fixed.get_vector("cat").tolist() == list(range(8))
    assert fixed.get_vector("dog").tolist() == [1] * 8
    trained = small(vectors=vectors, init_vectors=known).fit(texts)
    assert (trained.get_vector("dog") != 1).all()
    assert (trained.get_vector("bank") != fixed.get_vector("bank")).any()


def test_init_vectors_of_another_size_leave_no_fit(texts):
    vectorizer = small(init_vectors={"cat": [1, 2]})
    message = r"of shape \(2,\) for 'cat', but vector_size=8"
    with pytest.raises(ValueError, match=message):
        vectorizer.fit(texts)
    assert not hasattr(vectorizer, "vocabulary_")


def test_init_vectors_come_from_a_file_of_another_vectorizer(texts, tmp_path):
    first = small().fit(texts)
    first.save_word2vec_format(tmp_path / "vectors.gz")
    fitted = small(init_vectors=tmp_path / "vectors.gz", trainable=False).fit(texts)
    assert fitted.init_coverage_ == 1
    np.testing.assert_array_equal(fitted.embedding_matrix_, first.embedding_matrix_)


def test_a_file_of_vectors_is_read_once_for_all_batches(texts, tmp_path, monkeypatch):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3 4 5 6 7 8\n")
    vectorizer = small(init_vectors=path, trainable=False).partial_fit(texts)
    path.unlink()
    vectorizer.partial_fit(texts)
    assert vectorizer.get_vector("cat").tolist() == list(range(1, 9))
    assert vectorizer.init_coverage_ == 1 / len(vectorizer.vocabulary_)


@pytest.mark.parametrize("init_vectors", [[1], ["cat"], b"path", np.ones((3, 8))])
def test_init_vectors_are_no_sequence(init_vectors, texts):
    message = "^The 'init_vectors' parameter of Word2VecVectorizer must be"
    with pytest.raises(InvalidParameterError, match=message):
        small(init_vectors=init_vectors).fit(texts)


# --- going on


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_a_warm_start_goes_on_from_the_last_matrices(vectors, texts):
    vectorizer = small(vectors=vectors, warm_start=True).fit(texts)
    before = vectorizer.embedding_matrix_
    vectorizer.set_params(learning_rate=1e-20).fit(texts)
    np.testing.assert_allclose(vectorizer.embedding_matrix_, before, atol=1e-6)
    assert vectorizer.n_iter_ == len(vectorizer.loss_curve_) == 4


def test_a_warm_start_learns_more(texts):
    vectorizer = small(warm_start=True)
    losses = [vectorizer.fit(texts).loss_curve_[-1] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_without_a_warm_start_a_second_fit_begins_anew(texts):
    once, twice = small().fit(texts), small().fit(texts).fit(texts)
    assert_same_fit(once, twice)


def test_a_warm_start_of_an_unfitted_vectorizer_is_a_fit(texts):
    assert_same_fit(small(warm_start=True).fit(texts), small().fit(texts))


def test_a_vocabulary_grows_behind_the_words_known_before(texts):
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


def test_words_that_do_not_come_again_keep_their_vectors(texts):
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


def test_a_fit_goes_on_from_one_that_was_no_warm_start(texts):
    vectorizer = small().fit(texts)
    before = vectorizer.embedding_matrix_
    vectorizer.set_params(warm_start=True, learning_rate=1e-20).fit(texts)
    np.testing.assert_allclose(vectorizer.embedding_matrix_, before, atol=1e-6)


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


def test_a_fit_that_goes_on_holds_out_the_same_documents():
    # The number of tokens left tells which documents were held out.
    tokens = [["word"] * 2**i for i in range(12)]
    n_first, learned = n_trained_on(small(early_stopping=True), tokens)
    n_second, _ = n_trained_on(small(early_stopping=True), tokens, before=learned)
    assert n_first == n_second < 2**12 - 1


def test_frozen_words_are_at_their_vectors_in_a_warm_start_too(texts):
    vectorizer = small(warm_start=True).fit(texts)
    vectorizer.set_params(init_vectors={"cat": np.ones(8)}, trainable=False).fit(texts)
    assert vectorizer.get_vector("cat").tolist() == [1] * 8


def test_weights_learned_are_those_used_whatever_is_set_later(texts):
    for weighting in ("idf", "sif", None):
        vectorizer = small(weighting=weighting).fit(texts)
        expected = vectorizer.transform(texts)
        for later in ("idf", "sif", None):
            found = vectorizer.set_params(weighting=later).transform(texts)
            np.testing.assert_array_equal(found, expected)


def test_a_stored_vectorizer_goes_on_as_the_one_in_memory(texts):
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
    batch, whole = (
        small(vectors="context", epochs=3),
        small(vectors="context", epochs=1),
    )
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
def test_documents_without_known_words_count_however_batches_are_cut():
    texts = ["cat dog", *["unknown"] * 50, "cat"]
    one, several = (small(weighting="idf", vocabulary=["cat"]) for _ in range(2))
    one.partial_fit(texts[:1]).partial_fit(texts[1:])
    several.partial_fit(texts[:1]).partial_fit(texts[1:51]).partial_fit(texts[51:])
    assert one._n_documents == several._n_documents == 52
    np.testing.assert_array_equal(one.word_weights_, several.word_weights_)


@pytest.mark.parametrize("weighting", ["idf", "sif"])
def test_weights_of_a_file_that_has_met_no_word_are_finite(weighting, tmp_path):
    (tmp_path / "vectors").write_text("cat 1 2\n")
    vectorizer = Word2VecVectorizer.from_word2vec_format(tmp_path / "vectors")
    vectorizer.set_params(weighting=weighting).partial_fit(["unknown"])
    assert np.isfinite(vectorizer.transform(["cat"])).all()


@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
@pytest.mark.filterwarnings("ignore:The vocabulary of")
def test_partial_fit_uses_a_given_vocabulary(texts):
    vectorizer = small(vocabulary=["dog", "cat"]).partial_fit(texts)
    assert vectorizer.vocabulary_ == {"dog": 0, "cat": 1}


def test_partial_fit_goes_on_from_a_fit_and_from_a_file(texts, tmp_path):
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


def test_the_first_batch_needs_words():
    with pytest.raises(ValueError, match="empty vocabulary"):
        small().partial_fit([""])


def test_partial_fit_does_not_stop_early(texts):
    vectorizer = small(early_stopping=True).partial_fit(texts).partial_fit(texts)
    assert vectorizer.validation_scores_ is None
    assert vectorizer.n_iter_ == 2


def test_scores_stand_beside_the_losses_of_all_fits(texts):
    vectorizer = small(warm_start=True).fit(texts)
    assert vectorizer.validation_scores_ is None
    vectorizer.set_params(early_stopping=True).fit(texts).partial_fit(texts)
    scores = vectorizer.validation_scores_
    assert np.isnan(scores).tolist() == [True, True, False, False, True]
    assert len(vectorizer.loss_curve_) == vectorizer.n_iter_ == 5


def test_partial_fit_transforms_as_its_parameters_say(texts):
    vectorizer = small(weighting="idf", n_components_removed=1, norm="l2")
    vectorizer.partial_fit(texts[:200]).partial_fit(texts[200:])
    vectors = vectorizer.transform(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    products = vectors @ vectorizer.common_components_.T
    np.testing.assert_allclose(products, 0, atol=1e-5)
    assert vectorizer._n_documents == 400


# --- being interrupted, and what is kept


class Interrupted:
    """A stream that is interrupted as soon as something is written to it."""

    def write(self, text):
        raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
@pytest.mark.parametrize("fitted_before", [False, True])
def test_an_interrupt_leaves_the_vectorizer_as_it_was(
    method, fitted_before, texts, monkeypatch
):
    vectorizer = small(warm_start=True, weighting="idf")
    if fitted_before:
        vectorizer.fit(texts)
    vectorizer.set_params(verbose=1)
    before = pickle.dumps(vectorizer)
    monkeypatch.setattr(sys, "stderr", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        getattr(vectorizer, method)([*texts, "new words"] * 2)
    assert pickle.dumps(vectorizer) == before


def test_the_state_to_go_on_from_is_kept_only_where_it_is_asked_for(texts):
    sizes = {
        name: len(pickle.dumps(vectorizer))
        for name, vectorizer in {
            "plain": small(vector_size=300).fit(texts),
            "warm": small(vector_size=300, warm_start=True).fit(texts),
            "partial": small(vector_size=300).partial_fit(texts),
            "cold again": small(vector_size=300).partial_fit(texts).fit(texts),
        }.items()
    }
    matrix = 4 * 300 * 19
    assert sizes["plain"] == sizes["cold again"] < matrix + 10_000
    assert matrix + 10_000 < sizes["warm"] < 2 * matrix + 10_000
    assert sizes["partial"] < 2 * matrix + 10_000


def test_a_fit_needs_no_more_than_an_iterator(texts):
    for parameters in ({"early_stopping": True}, {"warm_start": True}):
        vectorizers = [small(**parameters).fit(X) for X in (texts, iter(texts))]
        assert_same_fit(*vectorizers)


def test_an_error_while_documents_are_read_leaves_no_fit(texts):
    vectorizer = small(warm_start=True)
    with pytest.raises(ValueError, match=re.escape("Document 400 is missing (None)")):
        vectorizer.fit([*texts, None])
    assert not hasattr(vectorizer, "vocabulary_")


def test_hash_seeds_do_not_matter(texts):
    script = f"""
from sklearn_w2v import Word2VecVectorizer
vectorizer = Word2VecVectorizer(min_count=1, epochs=1, random_state=0, vector_size=4)
print(vectorizer.fit_transform({texts[:50]!r}).tobytes().hex())
print(list(vectorizer.vocabulary_))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


# --- threads and processes


def test_there_are_never_more_threads_than_processors(texts):
    class ThreadCounter(TokenCounter):
        n_threads = 0

        def epoch_ends(self, progress):
            self.n_threads = max(self.n_threads, threading.active_count())
            return super().epoch_ends(progress)

    counter, before = ThreadCounter(), threading.active_count()
    tokens = [text.split() for text in texts] * 20
    n_trained_on(small(n_jobs=5000), tokens, counter=counter)
    assert counter.n_threads - before < joblib.cpu_count()
    assert threading.active_count() == before


FORK = """
import multiprocessing, os, sys, torch
from sklearn_w2v import Word2VecVectorizer
texts = ["the cat sat on the mat", "the dog sat on the mat"] * 500
def fit(queue=None):
    vectorizer = Word2VecVectorizer(vector_size=20, random_state=0, n_jobs=2)
    data = vectorizer.fit(texts).embedding_matrix_.tobytes()
    return data if queue is None else queue.put(data)
if __name__ == "__main__":
    torch.set_num_threads(4)
    torch.ones(2000, 2000) @ torch.ones(2000, 2000)  # torch's own threads start
    expected = fit()
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    child = context.Process(target=fit, args=(queue,))
    child.start()
    try:
        assert queue.get(timeout=60) == expected
    finally:
        child.kill()
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_child_process_fits_after_its_parent_has(method, tmp_path):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} on this system")
    # A file, which children that do not fork can import.
    script = tmp_path / "script.py"
    script.write_text(FORK)
    subprocess.run([sys.executable, script, method], check=True, timeout=90)


def test_a_memory_that_cannot_be_written_says_that_it_keeps_nothing(texts, tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    expected = small().fit(texts)
    for memory in (file, str(file / "below"), "/proc/nope"):
        with pytest.warns(
            UserWarning, match="memory='.*' stores nothing, since it can"
        ):
            assert_same_fit(small(memory=memory).fit(texts), expected)
    assert file.read_text() == "no folder"


# --- corpora that go on in a file


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"min_count": 3, "max_df": 0.5},
        {"early_stopping": True, "n_components_removed": 1},
        {"vocabulary": ["cat", "dog", "bank"], "weighting": "sif"},
    ],
)
def test_a_corpus_in_a_file_gives_the_same_fit(parameters, texts, monkeypatch):
    expected = small(**parameters).fit(texts).partial_fit(texts[:50])
    expected_vectors = expected.transform(texts)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    monkeypatch.setattr(_corpus, "IDS_AT_ONCE", 50)
    fitted = small(**parameters)
    vectors = fitted.fit_transform(iter(texts))
    np.testing.assert_array_equal(vectors, fitted.transform(texts))
    assert_same_fit(fitted.partial_fit(texts[:50]), expected)
    np.testing.assert_array_equal(fitted.transform(texts), expected_vectors)


def test_a_memory_does_not_mind_where_a_corpus_is(texts, tmp_path, monkeypatch):
    small(memory=tmp_path / "memory").fit(texts)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    small(memory=tmp_path / "memory").fit(texts)
    assert n_cached(tmp_path / "memory") == 1


def test_a_fit_without_room_for_its_file_changes_nothing(texts, tmp_path, monkeypatch):
    vectorizer = small().fit(texts)
    before = copy.deepcopy(vectorizer.__dict__)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "none"))
    for method in (vectorizer.fit, vectorizer.partial_fit, vectorizer.fit_transform):
        with pytest.raises(OSError, match="TMPDIR or JOBLIB_TEMP_FOLDER"):
            method(texts)
    np.testing.assert_equal(vectorizer.__dict__, before)


# --- memory that is too short


@pytest.mark.parametrize("vector_size", [2**55, 10**18, 10**30])
def test_short_memory_is_told_of_by_what_is_too_large(vector_size, texts):
    message = r"to train \d+ words x vector_size=\d+, .* GB\. Raise min_count, or"
    with pytest.raises(MemoryError, match=message):
        small(vector_size=vector_size).fit(texts)


@pytest.mark.parametrize(
    "place", ["_skipgram.training.train", "_fit.Learned", "_fit.word_weights"]
)
def test_short_memory_of_numpy_is_told_of_likewise(place, texts, monkeypatch):
    vectorizer = small().fit(texts)
    before = copy.deepcopy(vectorizer.__dict__)
    error = MemoryError("Unable to allocate 8.00 EiB for an array")
    monkeypatch.setattr(f"sklearn_w2v.{place}", Mock(side_effect=error))
    message = (
        r"Not enough memory to train \d+ words x vector_size=8, whose two "
        r".*\(Unable to allocate 8\.00 EiB"
    )
    with pytest.raises(MemoryError, match=message):
        vectorizer.fit(texts)
    np.testing.assert_equal(vectorizer.__dict__, before)


def test_another_error_of_torch_is_not_taken_for_short_memory(texts, monkeypatch):
    error = RuntimeError("of another kind")
    monkeypatch.setattr("sklearn_w2v._skipgram.training.train", Mock(side_effect=error))
    with pytest.raises(RuntimeError, match="of another kind"):
        small().fit(texts)


# --- what is said of a fit that teaches nothing


@pytest.mark.parametrize(
    ("documents", "parameters"),
    [
        (["cat", "dog", "cat"], {}),
        (["cat dog"] * 9, {"sample": 1e-9}),
        ([["the cat sat"], ["the dog sat"]], {"analyzer": list}),
    ],
)
def test_a_fit_without_pairs_says_so_with_both_causes(documents, parameters):
    message = "No two words are next to each other.*analyzer=list.*`sample`"
    with pytest.warns(UserWarning, match=message) as caught:
        small(**parameters).fit(documents)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_later_batch_without_pairs_says_nothing(texts):
    vectorizer = small().partial_fit(texts)
    vectorizer.partial_fit(["cat"]).partial_fit(["cat"])


def test_a_fit_whose_loss_stays_says_so():
    with pytest.warns(UserWarning, match=r"The loss stays at 4\.1\d\d in all 5"):
        small(epochs=5, learning_rate=1e-6, sample=None).fit(
            ["the cat sat", "the dog sat"]
        )


@pytest.mark.parametrize(
    "parameters",
    [{"learning_rate": 10, "solver": "adam"}, {"learning_rate": 99, "epochs": 5}],
)
def test_a_fit_whose_loss_rises_says_so(parameters, texts):
    message = r"The final loss is \d+\.\d+, and was 4\.159 before the training"
    with pytest.warns(UserWarning, match=message):
        small(**parameters).fit(texts)


def test_a_fit_with_hardly_an_epoch_that_has_pairs_says_so():
    texts = ["the cat sat on the mat", "the dog ran", "a bird flew away"]
    message = r"In 1\d of 20 epochs, no two words are .*Pass sample=None"
    with pytest.warns(UserWarning, match=message):
        small(epochs="auto").fit(texts)
    small(epochs="auto", sample=None).fit(texts)


@pytest.mark.parametrize("length", [0.0, 99.0])
def test_a_fit_of_frozen_words_alone_says_nothing_of_its_loss(length, texts):
    words = {word for text in texts for word in text.split()}
    vectors = {word: np.full(8, length) for word in words}
    small(init_vectors=vectors, trainable=False, epochs=5).fit(texts)


def test_a_memory_without_a_seed_says_that_it_keeps_nothing(texts, tmp_path):
    message = "memory stores nothing of fits with random_state=None"
    with pytest.warns(UserWarning, match=message):
        small(memory=tmp_path, random_state=None).fit(texts)
    assert n_cached(tmp_path) == 0


def test_a_memory_without_a_name_is_no_folder(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for random_state in (0, None):
        with pytest.raises(ValueError, match="memory='' is not the name"):
            small(memory="", random_state=random_state).fit(texts)
    assert os.listdir(tmp_path) == []
