"""What a training changes, and where it begins."""

import numpy as np
import pytest
import torch
from helpers import SIZE

from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.state import KnownVectors


def test_known_vectors_come_with_the_state_of_their_solver_and_no_other(vectors):
    known = KnownVectors(
        np.array([4, 1]),
        np.ones((2, SIZE)),
        np.full((2, SIZE), 2.0),
        {"sum_of_squares": np.array([[3.0, 4.0], [5.0, 6.0]]), "unheard_of": None},
    )
    model = SkipGram(vectors.clone(), solver="adagrad")
    model.set_known(known)
    assert model.vectors[:, [4, 1]].tolist() == [[[1] * SIZE] * 2, [[2] * SIZE] * 2]
    others = [0, 2, 3, 5, 6]
    torch.testing.assert_close(model.vectors[:, others], vectors[:, others])
    assert list(model.solver_state) == ["sum_of_squares"]
    squares = model.solver_state["sum_of_squares"]
    assert squares[:, [4, 1]].tolist() == [[3, 4], [5, 6]]
    assert (squares[:, others] == 0.1 * SIZE).all()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_state_of_another_solver_is_left_out(solver, vectors):
    squares = {"sum_of_squares": np.ones((2, 2))}
    known = KnownVectors(slice(2, 4), *[np.ones((2, SIZE))] * 2, squares)
    model = SkipGram(vectors, solver=solver)
    model.set_known(known)
    assert (model.vectors[:, 2:4] == 1).all()
    assert model.solver_state == {}


def test_known_vectors_may_be_read_only_without_a_warning(vectors):
    known = np.ones((1, SIZE))
    known.flags.writeable = False  # as in a memory map
    model = SkipGram(vectors, solver="sgd")
    model.set_known(KnownVectors(slice(1), known, known, {}))
    assert (model.vectors[:, 0] == 1).all()


def test_vectors_are_changed_in_place(vectors):
    model = SkipGram(vectors, solver="sgd")
    ones = np.ones((1, SIZE))
    model.set_known(KnownVectors(np.array([6]), ones, ones, {}))
    assert (vectors[:, 6] == 1).all()


def test_frozen_words_are_not_trainable_and_the_others_are(vectors):
    model = SkipGram(vectors, solver="adagrad")
    assert model.trainable is None
    model.freeze(np.array([], dtype=np.int64))
    assert model.trainable is None
    model.freeze(np.array([5, 2]))
    assert model.trainable.tolist() == [1, 1, 0, 1, 1, 0, 1]
    assert model.trainable.dtype == vectors.dtype
