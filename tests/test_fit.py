"""Fits: epochs, early stopping, known vectors, errors, threads and memory."""

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
from helpers import TOPICS, assert_same_fit, small
from recorders import Recorder, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_w2v import Word2VecVectorizer, _corpus
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram import plan


class TokenCounter:
    """Watches a training, and counts the tokens of an epoch."""

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


# --- known vectors


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_words_begin_at_init_vectors(vectors, texts):
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


def test_a_fit_that_continues_another_holds_out_the_same_documents():
    # The number of the other tokens shows which documents were held out.
    tokens = [["word"] * 2**i for i in range(12)]
    n_first, learned = n_trained_on(small(early_stopping=True), tokens)
    n_second, _ = n_trained_on(small(early_stopping=True), tokens, before=learned)
    assert n_first == n_second < 2**12 - 1


# --- interrupts, errors, and the attributes that are kept


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


def test_the_state_to_continue_from_is_kept_only_if_a_parameter_asks_for_it(texts):
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


@pytest.mark.parametrize(
    ("parameters", "n_documents", "message"),
    [
        ({"warm_start": True}, 401, r"Document 400 is missing \(None\)"),
        ({"early_stopping": True}, 1, r"validation_fraction=0\.1 .*n_samples=1"),
        ({"n_components_removed": 8}, 400, "=8 leaves nothing of vectors"),
        ({"init_vectors": {"cat": [1, 2]}}, 400, r"of shape \(2,\) for 'cat', but"),
        ({"solver": "sgd", "learning_rate": 1e30}, 400, "Lower learning_rate"),
    ],
)
def test_an_error_leaves_the_vectorizer_as_it_was(
    parameters, n_documents, message, texts
):
    for vectorizer in (small(), small().fit(texts)):
        before = copy.deepcopy(vars(vectorizer.set_params(sample=None, **parameters)))
        with pytest.raises(ValueError, match=message):
            vectorizer.fit([*texts, None][:n_documents])
        np.testing.assert_equal(vars(vectorizer), before)


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


def test_there_are_never_more_threads_than_cpus(texts):
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


def test_ranks_on_different_kinds_of_devices_raise_an_error():
    ranks = Mock(world_size=2, names=["rank 0", "rank 1"])
    ranks.all_gather = lambda values, what: iter([values, values | {"device": "cuda"}])
    message = "rank 0 has device='cpu', and rank 1 has device='cuda'"
    with pytest.raises(ValueError, match=message):
        # Numbers of devices may differ.
        prepare_fit(small(device="cpu:0"), None, partial=False, ranks=ranks)


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


def test_a_fit_that_cannot_write_its_file_changes_nothing(texts, tmp_path, monkeypatch):
    vectorizer = small().fit(texts)
    before = copy.deepcopy(vectorizer.__dict__)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "none"))
    for method in (vectorizer.fit, vectorizer.partial_fit, vectorizer.fit_transform):
        with pytest.raises(OSError, match="TMPDIR or JOBLIB_TEMP_FOLDER"):
            method(texts)
    np.testing.assert_equal(vectorizer.__dict__, before)


# --- too little memory


@pytest.mark.parametrize("vector_size", [2**55, 10**18, 10**30])
def test_too_little_memory_is_an_error_that_names_the_size(vector_size, texts):
    message = r"to train \d+ words x vector_size=\d+, .* GB\. Raise min_count, or"
    with pytest.raises(MemoryError, match=message):
        small(vector_size=vector_size).fit(texts)


@pytest.mark.parametrize(
    "place", ["_skipgram.training.train", "_fit.Learned", "_fit.word_weights"]
)
def test_too_little_memory_in_numpy_is_the_same_error(place, texts, monkeypatch):
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


@pytest.mark.parametrize(
    "reason",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
    ],
)
def test_short_memory_of_torch_is_an_error_that_names_the_cure(
    reason, texts, monkeypatch
):
    error = RuntimeError(f"{reason}\nand more")
    monkeypatch.setattr("sklearn_w2v._skipgram.training.train", Mock(side_effect=error))
    message = re.escape(f"lower max_features or vector_size ({reason}).")
    with pytest.raises(MemoryError, match=message):
        small().fit(texts)


def test_short_memory_without_a_reason_ends_the_message_with_the_cure(
    texts, monkeypatch
):
    monkeypatch.setattr(
        "sklearn_w2v._skipgram.training.train", Mock(side_effect=MemoryError)
    )
    with pytest.raises(MemoryError, match=r"or lower max_features or vector_size\.$"):
        small().fit(texts)


@with_callbacks
@pytest.mark.parametrize(
    "error", [MemoryError("of a callback"), RuntimeError("out of memory")]
)
def test_short_memory_of_a_callback_is_its_own_error(error, texts):
    vectorizer = small().set_callbacks(Recorder(stop_after=1, error=error))
    with pytest.raises(type(error), match=f"^{error}$") as caught:
        vectorizer.fit(texts)
    assert caught.value is error


def test_another_error_of_torch_is_not_taken_for_short_memory(texts, monkeypatch):
    error = RuntimeError("of another kind")
    monkeypatch.setattr("sklearn_w2v._skipgram.training.train", Mock(side_effect=error))
    with pytest.raises(RuntimeError, match="of another kind"):
        small().fit(texts)


# --- warnings of a fit that learns nothing


@pytest.mark.parametrize(
    ("documents", "parameters"),
    [
        (["cat", "dog", "cat"], {}),
        (["cat dog"] * 9, {"sample": 1e-9}),
        ([["the cat sat"], ["the dog sat"]], {"analyzer": list}),
    ],
)
def test_a_fit_without_pairs_warns_of_both_causes(documents, parameters):
    message = "No two words are next to each other.*analyzer=list.*`sample`"
    with pytest.warns(UserWarning, match=message) as caught:
        small(**parameters).fit(documents)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_later_batch_without_pairs_brings_no_warning(texts):
    vectorizer = small().partial_fit(texts)
    vectorizer.partial_fit(["cat"]).partial_fit(["cat"])


def test_a_high_loss_of_long_init_vectors_gives_no_warning(texts):
    known = {word: np.full(8, 3.0) for topic in TOPICS for word in topic}
    fitted = small(init_vectors=known, learning_rate=1e-3).fit(texts)
    assert fitted.loss_curve_[-1] > 100


def test_a_warm_start_without_pairs_gives_a_warning(texts):
    vectorizer = small(warm_start=True).fit(texts)
    with pytest.warns(ConvergenceWarning, match="No two words are next to each other"):
        vectorizer.fit(["cat", "dog"])


def test_a_fit_without_pairs_that_is_stopped_gives_a_warning():
    class Stopping(TokenCounter):
        def epoch_ends(self, progress):
            super().epoch_ends(progress)
            return True

    with pytest.warns(ConvergenceWarning, match="No two words are next to each other"):
        _, learned = n_trained_on(small(), [["cat"], ["dog"]], counter=Stopping())
    assert learned.n_iter == 1


LOSS_RISES = r"The final loss is \d+\.\d+, and was 4\.159 before the training"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate": 1e-6, "epochs": 5}, r"The loss stays at 4\.1\d\d in all 5"),
        ({"learning_rate": 10, "solver": "adam"}, LOSS_RISES),
        ({"learning_rate": 99, "epochs": 5}, LOSS_RISES),
    ],
)
def test_a_fit_whose_loss_does_not_fall_brings_a_warning(parameters, message, texts):
    with pytest.warns(UserWarning, match=message):
        small(**parameters).fit(texts)


def test_a_fit_with_few_epochs_that_have_pairs_brings_a_warning():
    texts = ["the cat sat on the mat", "the dog ran", "a bird flew away"]
    message = r"In 1\d of 20 epochs, no two words are .*Pass sample=None"
    with pytest.warns(UserWarning, match=message):
        small(epochs="auto").fit(texts)
    small(epochs="auto", sample=None).fit(texts)


def test_known_vectors_without_pairs_in_the_first_epoch_give_no_warning():
    known = {"cat": np.ones(8), "dog": np.ones(8)}
    fitted = small(epochs=6, sample=0.15, init_vectors=known, random_state=16).fit(
        ["cat dog"] * 3
    )
    assert fitted.loss_curve_[0] == 0 < fitted.loss_curve_[-1]


@pytest.mark.parametrize("length", [0.0, 99.0])
def test_the_loss_of_frozen_words_brings_no_warning(length, texts):
    words = {word for text in texts for word in text.split()}
    vectors = {word: np.full(8, length) for word in words}
    small(init_vectors=vectors, trainable=False, epochs=5).fit(texts)
