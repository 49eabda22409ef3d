"""Compiled steps: where they train, and what they refuse."""

from unittest.mock import Mock

import pytest
from helpers import chunks_of, needs_compiled, plan_of, small

from sklearn_w2v._skipgram import compiled_steps
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps
from sklearn_w2v._skipgram.library import VARIABLE, empty_vectors
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.threads import ONE_THREAD
from sklearn_w2v._skipgram.torch_steps import TorchSteps


def model_of(plan):
    """A model that compiled steps can train."""
    vectors = empty_vectors(plan.n_words, plan.vector_size)
    return SkipGram(vectors, solver=plan.solver)


@pytest.mark.parametrize("solver", ["adagrad", "adam"])
def test_compiled_steps_need_a_library_and_another_solver_than_adam(
    solver, monkeypatch
):
    if solver != "adam":
        monkeypatch.setattr(compiled_steps, "load_library", lambda: None)
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
