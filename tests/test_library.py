"""Whether the compiled library trains, and the errors and warnings if it cannot."""

import ctypes

import pytest
import torch
from helpers import needs_compiled

from sklearn_w2v._skipgram import library
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.library import (
    VARIABLE,
    ChunkOfSteps,
    ModelOfRanks,
    can_train,
)


@pytest.fixture
def no_library(monkeypatch):
    monkeypatch.setattr(library, "load_library", lambda: None)


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


def test_a_missing_library_and_one_that_cannot_be_loaded_let_torch_train(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "_steps.so")
    monkeypatch.setattr(library, "load_library", library.load_library.__wrapped__)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not can_train(CPU, "adagrad")
    library.LIBRARY.write_text("of another system")
    message = r"cannot be loaded \(.*_steps.so.*torch trains.*Install sklearn-w2v again"
    with pytest.warns(UserWarning, match=message):
        assert not can_train(CPU, "adagrad")


@needs_compiled
@pytest.mark.parametrize("struct", [ChunkOfSteps, ModelOfRanks])
def test_a_library_with_other_structs_is_an_error(struct, monkeypatch):
    class OneFieldMore(ctypes.Structure):
        _fields_ = (*struct._fields_, ("one_more", ctypes.c_int64))

    monkeypatch.setattr(library, struct.__name__, OneFieldMore)
    message = r"_steps.so was compiled for another release.* Install the package again"
    with pytest.raises(RuntimeError, match=message):
        library.load_library.__wrapped__()


@needs_compiled
def test_a_library_without_a_function_is_an_error(monkeypatch):
    functions = (*library.FUNCTIONS, ("function_of_tomorrow", None))
    monkeypatch.setattr(library, "FUNCTIONS", functions)
    with pytest.raises(RuntimeError, match="was compiled for another release"):
        library.load_library.__wrapped__()


def test_other_values_of_the_variable_are_an_error(monkeypatch):
    monkeypatch.setenv(VARIABLE, "maybe")
    with pytest.raises(ValueError, match=f"^{VARIABLE}='maybe': 1 requires .* 0 forb"):
        can_train(CPU, "adagrad")
