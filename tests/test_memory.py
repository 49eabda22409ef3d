"""Fits that are read from a memory, and the trainings that it stores."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

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


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "memory_of",
    [
        str,
        Path,
        partial(joblib.Memory, verbose=0),
        partial(joblib.Memory, verbose=0, mmap_mode="r"),
    ],
    ids=["str", "path", "Memory", "Memory with files mapped"],
)
def test_a_memory_trains_the_same_once(memory_of, early_stopping, texts, tmp_path):
    parameters = {"epochs": "auto", "early_stopping": early_stopping}
    expected = small(**parameters).fit(texts)
    for epochs in ("auto", 20, 20):
        parameters |= {"epochs": epochs, "memory": memory_of(tmp_path)}
        fitted = small(**parameters).fit(texts)
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


def test_a_result_in_the_memory_is_not_trained_again(texts, tmp_path):
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
def test_parameters_that_training_does_not_have_train_nothing_anew(
    parameters, texts, tmp_path
):
    small(memory=tmp_path).fit(texts)
    cached = small(memory=tmp_path, **parameters).fit_transform(texts)
    assert n_cached(tmp_path) == 1
    np.testing.assert_array_equal(cached, small(**parameters).fit_transform(texts))


@pytest.mark.parametrize(
    "parameters",
    [
        {},  # other documents
        {"vector_size": 9},
        {"window": 2},
        {"shrink_windows": False},
        {"negative": 3},
        {"solver": "adam"},
        {"learning_rate": 0.1},
        {"batch_size": 50},
        {"n_iter_no_change": 9},
        {"tol": 0.5},
        {"sample": 1e-2},
        {"ns_exponent": 0.5},
        {"epochs": 3},
        {"random_state": 1},
        {"early_stopping": True},
        {"init_vectors": {"cat": [1.0] * 8}},
    ],
)
def test_other_documents_and_parameters_of_training_train_anew(
    parameters, texts, tmp_path
):
    small(memory=tmp_path).fit(texts)
    small(memory=tmp_path, **parameters).fit(texts if parameters else texts[1:])
    assert n_cached(tmp_path) == 2


@pytest.mark.parametrize("package", [_fit, torch])
def test_another_release_trains_anew(package, texts, tmp_path, monkeypatch):
    small(memory=tmp_path).fit(texts)
    monkeypatch.setattr(package, "__version__", "99")
    small(memory=tmp_path).fit(texts)
    assert n_cached(tmp_path) == 2


@needs_compiled
def test_a_memory_distinguishes_compiled_fits_from_others(texts, tmp_path, monkeypatch):
    fits = []
    for wanted in ("1", "0", "1"):
        monkeypatch.setenv("SKLEARN_W2V_COMPILED", wanted)
        fits.append(small(memory=tmp_path).fit(texts))
    assert n_cached(tmp_path) == 2
    assert_same_fit(fits[0], fits[2])


def test_a_memory_distinguishes_fits_by_their_initial_vectors(texts, tmp_path):
    known = {"cat": [1.0] * 8}
    for trainable, expected in [(True, 1), (True, 1), (False, 2)]:
        small(memory=tmp_path, init_vectors=known, trainable=trainable).fit(texts)
        assert n_cached(tmp_path) == expected


def test_batches_are_not_cached(texts, tmp_path):
    small(memory=tmp_path).partial_fit(texts).partial_fit(texts)
    assert not list(tmp_path.iterdir())


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


def test_a_memory_that_cannot_be_written_brings_a_warning(texts, tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    expected = small().fit(texts)
    for memory in (file, str(file / "below"), "/proc/nope"):
        message = "memory='.*' stores nothing, since it can.* Pass another folder"
        with pytest.warns(UserWarning, match=message):
            assert_same_fit(small(memory=memory).fit(texts), expected)
    assert file.read_text() == "no folder"


READ_ONLY = """
import os
from sklearn_w2v import Word2VecVectorizer
vectorizer = Word2VecVectorizer(vector_size=4, epochs=1, sample=None, random_state=0)
texts = ["the cat sat", "the dog sat"] * 9
vectorizer.fit(texts)  # imports all modules
if os.geteuid() == 0:  # root may write to any folder
    os.setuid(65534)
vectorizer.set_params(memory="memory").fit(texts)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no permissions")
def test_a_memory_that_exists_and_is_read_only_stores_nothing(tmp_path):
    folder = tmp_path / "memory" / "joblib" / "sklearn_w2v"
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "memory='memory' stores nothing, since it cannot be written" in done.stderr
    assert not list(folder.iterdir())


def test_a_corpus_in_a_file_has_the_same_key(texts, tmp_path, monkeypatch):
    small(memory=tmp_path / "memory").fit(texts)
    monkeypatch.setattr(_corpus, "IDS_IN_MEMORY", 0)
    small(memory=tmp_path / "memory").fit(texts)
    assert n_cached(tmp_path / "memory") == 1


def test_a_memory_without_a_seed_brings_a_warning(texts, tmp_path):
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
