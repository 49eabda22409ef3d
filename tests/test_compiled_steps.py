"""Whether compiled steps train, and the errors and warnings if they cannot."""

import ctypes
from unittest.mock import Mock

import pytest
import torch
from helpers import chunks_of, needs_compiled, plan_of, small

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


@pytest.fixture(params=[None, "", "0", "1"])
def wanted(request, monkeypatch):
    """The value of the environment variable, if it is set."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if request.param is not None:
        monkeypatch.setenv(VARIABLE, request.param)
    return request.param


@needs_compiled
def test_compiled_steps_train_on_the_cpu_without_adam_unless_forbidden(wanted):
    for solver in ("adagrad", "sgd"):
        assert can_train(CPU, solver) == (wanted != "0")
        for device in ("cuda", "mps", "meta"):
            assert not can_train(torch.device(device), solver)
    assert not can_train(CPU, "adam")


@pytest.mark.usefixtures("no_library")
def test_without_compiled_steps_torch_trains_unless_they_are_required(wanted):
    if wanted != "1":
        assert not can_train(CPU, "adagrad")
        return
    message = f"^{VARIABLE}=1 requires .* C compiler .* or unset {VARIABLE}"
    with pytest.raises(RuntimeError, match=message):
        can_train(CPU, "adagrad")


@pytest.mark.parametrize("solver", ["adagrad", "adam"])
def test_compiled_steps_need_a_library_and_another_solver_than_adam(solver, request):
    if solver != "adam":
        request.getfixturevalue("no_library")
    plan = plan_of(solver=solver)
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


def test_a_missing_library_and_one_that_cannot_be_loaded_let_torch_train(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(compiled_steps, "LIBRARY", tmp_path / "_steps.so")
    monkeypatch.setattr(compiled_steps, "_library", compiled_steps._library.__wrapped__)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not can_train(CPU, "adagrad")
    compiled_steps.LIBRARY.write_text("of another system")
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


def test_other_values_of_the_variable_are_an_error(monkeypatch):
    monkeypatch.setenv(VARIABLE, "maybe")
    with pytest.raises(ValueError, match=f"^{VARIABLE}='maybe': 1 requires .* 0 forb"):
        can_train(CPU, "adagrad")


@needs_compiled
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
@pytest.mark.parametrize(("wanted", "kind"), [("1", CompiledSteps), ("0", TorchSteps)])
def test_a_fit_is_compiled_unless_that_is_forbidden(
    wanted, kind, solver, texts, monkeypatch
):
    monkeypatch.setenv(VARIABLE, wanted)
    monkeypatch.setattr(kind, "train_chunk", Mock(side_effect=ArithmeticError))
    with pytest.raises(ArithmeticError):
        small(solver=solver).fit(texts)


@needs_compiled
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_compiled_fits_learn_what_fits_of_torch_learn(solver, texts, monkeypatch):
    losses = []
    for wanted in ("1", "0"):
        monkeypatch.setenv(VARIABLE, wanted)
        vectorizer = small(solver=solver, vector_size=100, epochs=10, batch_size=128)
        losses.append(vectorizer.fit(texts).loss_curve_)
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
