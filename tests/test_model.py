"""Training against references: autograd, and plain-Python loops over pairs."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from helpers import DOCUMENTS, N_WORDS, all_of, plan_of
from torch.nn.functional import logsigmoid

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.sampler import BatchSampler, NoiseTable
from sklearn_w2v._skipgram.state import KnownVectors
from sklearn_w2v._skipgram.threads import ALONE

WINDOW, SIZE = 3, 5


def random_matrices(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, N_WORDS, SIZE, dtype=torch.float64, generator=generator)


def some_batch(*layout):
    """The first step of an epoch, in three parts unless a layout is given."""
    plan = plan_of(window=WINDOW, layout=Layout(*(layout or (3, 1, 2, 8)), 6))
    sampler = BatchSampler(*all_of(DOCUMENTS), plan, NoiseTable(plan, CPU))
    ((_, (batch, *_)),) = sampler.epoch(torch.Generator().manual_seed(0))
    return batch


def model_of(vectors, solver):
    return SkipGram(vectors, solver=solver, team=ALONE)


def scored_pairs(batch):
    """Yield the places, the label and the weight of every pair.

    Places are those of centres, and of contexts and noise, in the step's flat rows.
    """
    n_tokens, n_rows = len(batch.parts[0].centers), len(batch.parts[0].contexts)
    n_around = n_tokens + 2 * WINDOW
    for (place, part), token in product(enumerate(batch.parts), range(n_tokens)):
        n_groups, group_length, _ = part.noise_weights.shape
        n_noise = (n_rows - n_around) // n_groups
        center = place * n_tokens + token
        for offset, weight in enumerate(part.weights.flatten(1)[:, token]):
            if weight:
                yield center, place * n_rows + token + offset, 1, float(weight)
        weight = float(part.noise_weights.flatten()[token])
        first = place * n_rows + n_around + token // group_length * n_noise
        if weight:
            for noise in range(first, first + n_noise):
                yield center, noise, 0, weight


def pair_loop(batch, matrices):
    """Loss, and gradient of every place that holds a vector, pair by pair."""
    loss = 0.0
    rows = batch.centers, batch.contexts
    gradients = [np.zeros((len(places), SIZE)) for places in rows]
    for center_place, place, label, weight in scored_pairs(batch):
        center = matrices[0][rows[0][center_place]]
        context = matrices[1][rows[1][place]]
        probability = 1 / (1 + math.exp(-float(center @ context)))
        loss -= weight * math.log(probability if label else 1 - probability)
        error = weight * (probability - label)
        gradients[0][center_place] += error * context
        gradients[1][place] += error * center
    return loss, gradients


def adagrad(matrix, rows, place_gradients, rate):
    squares = np.full(len(matrix), 0.1)
    for row, gradient in zip(rows, place_gradients, strict=True):
        squares[row] += np.mean(gradient**2)
    for row, gradient in zip(rows, place_gradients, strict=True):
        matrix[row] -= rate * gradient / math.sqrt(squares[row])


def sgd(matrix, rows, place_gradients, rate):
    for row, gradient in zip(rows, place_gradients, strict=True):
        matrix[row] -= rate * gradient


def adam(matrix, rows, place_gradients, rate):
    totals = np.zeros_like(matrix)
    np.add.at(totals, rows, place_gradients)
    for row in set(rows):
        # In the first step both moments, corrected for their bias, are the gradient's.
        matrix[row] -= rate * totals[row] / (np.sqrt(totals[row] ** 2) + 1e-8)


def test_gradients_equal_autograd():
    batch = some_batch()
    matrices = random_matrices().requires_grad_()
    rows = batch.centers, batch.contexts
    losses = []
    for center_place, place, label, weight in scored_pairs(batch):
        score = matrices[0][rows[0][center_place]] @ matrices[1][rows[1][place]]
        losses.append(-weight * logsigmoid(score if label else -score))
    loss = torch.stack(losses).sum()
    loss.backward()

    moved = matrices.detach().clone()
    # A step of plain gradient descent with rate 1 subtracts the gradient.
    found = model_of(moved, "sgd").step(batch, 1.0, with_loss=True)
    torch.testing.assert_close(matrices.detach() - moved, matrices.grad)
    assert found == pytest.approx(loss.item(), rel=1e-6)


@pytest.mark.parametrize(
    "layout", [(1, 1, 2, 8), (4, 1, 2, 8), (1, 2, 3, 2), (3, 2, 3, 2), (2, 5, 1, 1)]
)
@pytest.mark.parametrize("loop", [adagrad, adam, sgd])
def test_a_step_equals_a_plain_loop_over_pairs(loop, layout):
    batch = some_batch(*layout)
    vectors = random_matrices()
    expected = vectors.numpy().copy()
    _, gradients = pair_loop(batch, expected)
    for matrix, rows, gradient in zip(expected, batch[:2], gradients, strict=True):
        loop(matrix, rows.tolist(), gradient, 0.05)

    model_of(vectors, loop.__name__).step(batch, 0.05)
    np.testing.assert_allclose(vectors, expected, rtol=1e-10)


def test_steps_of_other_sizes_in_between_change_nothing():
    large, small = some_batch(4, 2, 3, 2), some_batch()
    vectors, again = random_matrices(), random_matrices()
    model = model_of(vectors, "sgd")
    for batch in (large, small, large):
        model.step(batch, 0.05)
        model_of(again, "sgd").step(batch, 0.05)
    torch.testing.assert_close(vectors, again, rtol=0, atol=0)


def test_the_loss_equals_a_plain_loop_over_pairs():
    batch = some_batch()
    vectors = random_matrices()
    expected, _ = pair_loop(batch, vectors.numpy())
    model = model_of(vectors, "adagrad")
    assert model.loss(batch) == pytest.approx(expected, rel=1e-6)
    assert model.step(batch, 0.1, with_loss=True) == pytest.approx(expected, rel=1e-6)
    assert model.step(batch, 0.1) == 0.0


def test_the_loss_alone_changes_nothing():
    vectors = random_matrices()
    model = model_of(vectors, "adagrad")
    squares = model.state().solver_state["sum_of_squares"].clone()
    model.loss(some_batch())
    torch.testing.assert_close(vectors, random_matrices(), rtol=0, atol=0)
    assert torch.equal(model.state().solver_state["sum_of_squares"], squares)


def test_the_first_loss_is_that_of_vectors_that_know_nothing():
    # All scores are 0 before the first step, which here is the whole epoch.
    texts = ["one two three four five"] * 3
    vectorizer = Word2VecVectorizer(
        min_count=1, sample=None, negative=7, epochs=1, batch_size=1000
    )
    assert vectorizer.fit(texts).loss_curve_ == [pytest.approx(8 * math.log(2))]


def test_known_vectors_come_with_the_state_of_their_solver_and_no_other():
    known = KnownVectors(
        np.array([4, 1]),
        np.ones((2, SIZE)),
        np.full((2, SIZE), 2.0),
        {"sum_of_squares": np.array([[3.0, 4.0], [5.0, 6.0]]), "unheard_of": None},
    )
    model = model_of(random_matrices(), "adagrad")
    model.set_known(known)
    vectors, solver_state = model.state()
    assert vectors[:, [4, 1]].tolist() == [[[1] * SIZE] * 2, [[2] * SIZE] * 2]
    others = [0, 2, 3, 5, 6]
    torch.testing.assert_close(vectors[:, others], random_matrices()[:, others])
    squares = solver_state["sum_of_squares"]
    assert squares[:, [4, 1]].tolist() == [[3, 4], [5, 6]]
    assert (squares[:, others] == 0.1 * SIZE).all()
