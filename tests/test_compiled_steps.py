"""Whether there are compiled steps, and what is said where there are none."""

import ctypes

import pytest
import torch
from helpers import chunks_of, needs_compiled, plan_of

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram import compiled_steps
from sklearn_w2v._skipgram.compiled_steps import (
    VARIABLE,
    ChunkOfSteps,
    CompiledSteps,
    can_train,
    empty_vectors,
)
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.threads import ONE_THREAD
from sklearn_w2v._skipgram.torch_steps import TorchSteps


def model_of(plan):
    """A model that compiled steps can train."""
    vectors = empty_vectors(plan.n_words, plan.vector_size)
    return SkipGram(vectors, solver=plan.solver)


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.setattr(compiled_steps, "_library", lambda: None)


@needs_compiled
@pytest.mark.parametrize("wanted", [None, "", "1"])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_compiled_steps_train_on_the_processor(wanted, solver, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    if wanted is not None:
        monkeypatch.setenv(VARIABLE, wanted)
    assert can_train(CPU, solver)


@needs_compiled
@pytest.mark.parametrize("wanted", ["", "1"])
def test_compiled_steps_are_not_there_for_adam_and_other_devices(wanted, monkeypatch):
    monkeypatch.setenv(VARIABLE, wanted)
    assert not can_train(CPU, "adam")
    for device in ("cuda", "mps", "meta"):
        assert not can_train(torch.device(device), "adagrad")


@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_compiled_steps_can_be_forbidden(solver, monkeypatch):
    monkeypatch.setenv(VARIABLE, "0")
    assert not can_train(CPU, solver)


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("wanted", [None, "", "0"])
def test_without_compiled_steps_torch_trains(wanted, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    if wanted is not None:
        monkeypatch.setenv(VARIABLE, wanted)
    assert not can_train(CPU, "adagrad")


@pytest.mark.usefixtures("no_library")
def test_compiled_steps_that_are_required_and_not_there_are_an_error(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    message = f"^{VARIABLE}=1 requires .* C compiler .* or unset {VARIABLE}"
    with pytest.raises(RuntimeError, match=message):
        can_train(CPU, "adagrad")


@pytest.mark.usefixtures("no_library")
def test_compiled_steps_that_are_not_there_make_none():
    with pytest.raises(RuntimeError, match="The compiled steps were not built, or"):
        CompiledSteps(model_of(plan_of()), plan_of(), ONE_THREAD)


@needs_compiled
def test_adam_has_no_compiled_steps():
    plan = plan_of(solver="adam")
    with pytest.raises(RuntimeError, match="The compiled steps were not built, or"):
        CompiledSteps(model_of(plan), plan, ONE_THREAD)


@needs_compiled
def test_chunks_of_another_layout_are_refused():
    plan = plan_of()
    chunk, *_ = chunks_of(plan)
    other = chunk.layout._replace(groups_per_part=chunk.layout.groups_per_part + 1)
    steps = CompiledSteps(model_of(plan), plan, ONE_THREAD)
    with pytest.raises(ValueError, match="but the plan has"):
        steps.chunk_loss(chunk._replace(layout=other))


@pytest.fixture
def library_file(tmp_path, monkeypatch):
    """Where the library is looked for, anew."""
    monkeypatch.setattr(compiled_steps, "LIBRARY", tmp_path / "_steps.so")
    monkeypatch.setattr(compiled_steps, "_library", compiled_steps._library.__wrapped__)
    monkeypatch.delenv(VARIABLE, raising=False)
    return compiled_steps.LIBRARY


def test_without_a_library_torch_trains(library_file):
    assert not can_train(CPU, "adagrad")


def test_a_library_that_cannot_be_loaded_is_told_of_and_torch_trains(library_file):
    library_file.write_text("of another system")
    message = r"cannot be loaded \(.*_steps.so.*torch trains.*Install sklearn-w2v again"
    with pytest.warns(UserWarning, match=message):
        assert not can_train(CPU, "adagrad")


@needs_compiled
def test_a_library_of_another_release_is_an_error(monkeypatch):
    class OneFieldMore(ctypes.Structure):
        _fields_ = (*ChunkOfSteps._fields_, ("one_more", ctypes.c_int64))

    monkeypatch.setattr(compiled_steps, "ChunkOfSteps", OneFieldMore)
    message = r"_steps.so was compiled for another release.* Install the package again"
    with pytest.raises(RuntimeError, match=message):
        compiled_steps._library.__wrapped__()


def test_the_variable_says_yes_or_no(monkeypatch):
    monkeypatch.setenv(VARIABLE, "maybe")
    with pytest.raises(ValueError, match=f"^{VARIABLE}='maybe': 1 requires .* 0 forb"):
        can_train(CPU, "adagrad")


@needs_compiled
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_a_fit_is_compiled_unless_that_is_forbidden(solver, texts, monkeypatch):
    chosen = []
    for wanted in ("1", "0"):
        monkeypatch.setenv(VARIABLE, wanted)
        with monkeypatch.context() as patch:
            for kind in (CompiledSteps, TorchSteps):
                train_chunk = kind.train_chunk

                def note(self, *arguments, train_chunk=train_chunk):
                    chosen.append(type(self))
                    return train_chunk(self, *arguments)

                patch.setattr(kind, "train_chunk", note)
            Word2VecVectorizer(solver=solver, epochs=1, min_count=1).fit(texts)
    assert chosen == [CompiledSteps, TorchSteps]


@needs_compiled
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_compiled_fits_learn_what_fits_of_torch_learn(solver, texts, monkeypatch):
    losses = []
    for wanted in ("1", "0"):
        monkeypatch.setenv(VARIABLE, wanted)
        vectorizer = Word2VecVectorizer(
            solver=solver, epochs=10, batch_size=128, min_count=1, random_state=0
        )
        losses.append(vectorizer.fit(texts).loss_curve_)
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
