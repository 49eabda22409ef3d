"""Fits that are read from a memory, and what it keeps."""

import os

import joblib
import numpy as np
import pytest
import torch
from helpers import assert_same_fit, needs_compiled, small
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from sklearn_w2v import _corpus, _fit


def n_cached(folder):
    """How many trainings a memory holds."""
    return len(list(folder.rglob("output.pkl")))


def test_auto_epochs_and_their_number_are_cached_as_one(texts, tmp_path):
    small(epochs="auto", memory=tmp_path).fit(texts)
    small(epochs=20, memory=tmp_path).fit(texts)
    assert n_cached(tmp_path) == 1


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


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_what_a_fit_reads_from_mapped_files_is_copied(vectors, texts, tmp_path):
    memory = joblib.Memory(tmp_path, verbose=0, mmap_mode="r")
    for _ in range(2):
        fitted = small(memory=memory, vectors=vectors, warm_start=True).fit(texts)
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


def test_a_memory_that_cannot_be_written_says_that_it_keeps_nothing(texts, tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    expected = small().fit(texts)
    for memory in (file, str(file / "below"), "/proc/nope"):
        with pytest.warns(
            UserWarning, match="memory='.*' stores nothing.*Pass another folder"
        ):
            assert_same_fit(small(memory=memory).fit(texts), expected)
    assert file.read_text() == "no folder"


def test_a_memory_does_not_mind_where_a_corpus_is(texts, tmp_path, monkeypatch):
    small(memory=tmp_path / "memory").fit(texts)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    small(memory=tmp_path / "memory").fit(texts)
    assert n_cached(tmp_path / "memory") == 1


def test_a_memory_without_a_seed_says_that_it_keeps_nothing(texts, tmp_path):
    message = "stores nothing of fits with random_state=None.* Pass an int as random_st"
    with pytest.warns(UserWarning, match=message):
        small(memory=tmp_path, random_state=None).fit(texts)
    assert n_cached(tmp_path) == 0


def test_a_memory_without_a_name_is_no_folder(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for random_state in (0, None):
        with pytest.raises(ValueError, match="memory='' is not the name"):
            small(memory="", random_state=random_state).fit(texts)
    assert os.listdir(tmp_path) == []
