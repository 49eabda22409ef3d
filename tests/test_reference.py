"""Training against references: autograd, and plain-Python loops over pairs."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_blocks import N_WORDS, sampler_of
from torch.nn.functional import logsigmoid

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._blocks import Layout
from sklearn_w2v._skipgram import SOLVERS, SkipGram
from sklearn_w2v._vocabulary import keep_probabilities, noise_probabilities

WINDOW, SIZE = 3, 5


def random_matrices(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, N_WORDS, SIZE, dtype=torch.float64, generator=generator)


def some_batch(**parameters):
    (_, (batch, *_)), *_ = sampler_of(window=WINDOW, **parameters).epoch()
    return batch


def scored_pairs(batch):
    """Yield the places in the step's rows, the label and the weight of every pair."""
    n_tokens, n_rows = batch.noise_weights.numel(), len(batch.rows)
    weights = batch.weights.flatten(1)
    n_groups, group_length, _ = batch.noise_weights.shape
    first_noise = 2 * n_tokens + 2 * WINDOW
    n_noise = (n_rows - first_noise) // n_groups
    for token in range(n_tokens):
        for offset in range(2 * WINDOW + 1):
            if weights[offset, token]:
                place = n_tokens + token + offset
                yield token, place, 1, float(weights[offset, token])
        group = token // group_length
        weight = float(batch.noise_weights.flatten()[token])
        if weight:
            for noise in range(n_noise):
                yield token, first_noise + group * n_noise + noise, 0, weight


def pair_loop(batch, matrix):
    """Loss, and gradient of every place that holds a vector, pair by pair."""
    loss = 0.0
    gradients = np.zeros((len(batch.rows), SIZE))
    for center_place, place, label, weight in scored_pairs(batch):
        center, context = (matrix[batch.rows[p]] for p in (center_place, place))
        probability = 1 / (1 + math.exp(-float(center @ context)))
        loss -= weight * math.log(probability if label else 1 - probability)
        error = weight * (probability - label)
        gradients[center_place] += error * context
        gradients[place] += error * center
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
    vectors = matrices.flatten(0, 1)
    losses = []
    for center_place, place, label, weight in scored_pairs(batch):
        center, context = (vectors[batch.rows[p]] for p in (center_place, place))
        score = center @ context
        losses.append(-weight * logsigmoid(score if label else -score))
    loss = torch.stack(losses).sum()
    loss.backward()

    moved = matrices.detach().clone()
    # A step of plain gradient descent with rate 1 subtracts the gradient.
    found = SkipGram(moved, solver="sgd").step(batch, 1.0, with_loss=True)
    torch.testing.assert_close(matrices.detach() - moved, matrices.grad)
    assert found == pytest.approx(loss.item(), rel=1e-6)


@pytest.mark.parametrize("layout", [(1, 2, 8), (2, 3, 2), (5, 1, 1)])
@pytest.mark.parametrize("loop", [adagrad, adam, sgd])
def test_a_step_equals_a_plain_loop_over_pairs(loop, layout):
    batch = some_batch(layout=Layout(*layout, n_noise=6))
    vectors = random_matrices()
    expected = vectors.flatten(0, 1).numpy().copy()
    _, gradients = pair_loop(batch, expected)
    loop(expected, batch.rows.tolist(), gradients, 0.05)

    SkipGram(vectors, solver=loop.__name__).step(batch, 0.05)
    np.testing.assert_allclose(vectors.flatten(0, 1), expected, rtol=1e-10)


def test_steps_of_other_sizes_in_between_change_nothing():
    large, small = some_batch(layout=Layout(2, 3, 2, 6)), some_batch()
    vectors, again = random_matrices(), random_matrices()
    model = SkipGram(vectors, solver="sgd")
    for batch in (large, small, large):
        model.step(batch, 0.05)
        SkipGram(again, solver="sgd").step(batch, 0.05)
    torch.testing.assert_close(vectors, again, rtol=0, atol=0)


def test_adam_equals_torchs_sparse_adam_over_several_steps():
    ours, theirs = random_matrices()[0], random_matrices()[0].clone().requires_grad_()
    solver = SOLVERS["adam"](ours)
    reference = torch.optim.SparseAdam([theirs], lr=0.01)
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        rows = torch.randint(N_WORDS, (4,), generator=generator)
        gradient = torch.randn(4, SIZE, dtype=torch.float64, generator=generator)
        theirs.grad = torch.sparse_coo_tensor(
            rows[None], gradient, theirs.shape, check_invariants=True
        )
        reference.step()
        solver.step(rows, gradient, 0.01)
    torch.testing.assert_close(ours, theirs.detach())


def test_the_loss_equals_a_plain_loop_over_pairs():
    batch = some_batch()
    vectors = random_matrices()
    expected, _ = pair_loop(batch, vectors.flatten(0, 1).numpy())
    model = SkipGram(vectors, solver="adagrad")
    assert model.loss(batch) == pytest.approx(expected, rel=1e-6)
    assert model.step(batch, 0.1, with_loss=True) == pytest.approx(expected, rel=1e-6)
    assert model.step(batch, 0.1) == 0.0


def test_the_loss_alone_changes_nothing():
    vectors = random_matrices()
    model = SkipGram(vectors, solver="adagrad")
    squares = model.solver.sum_of_squares.clone()
    model.loss(some_batch())
    torch.testing.assert_close(vectors, random_matrices(), rtol=0, atol=0)
    assert torch.equal(model.solver.sum_of_squares, squares)


def test_the_first_loss_is_that_of_vectors_that_know_nothing():
    # All scores are 0 before the first step, which here is the whole epoch.
    texts = ["one two three four five"] * 3
    vectorizer = Word2VecVectorizer(
        min_count=1, sample=None, negative=7, epochs=1, batch_size=1000
    )
    assert vectorizer.fit(texts).loss_curve_ == [pytest.approx(8 * math.log(2))]


def test_noise_follows_word2vecs_formula():
    counts = np.array([500, 40, 40, 3, 0])
    powers = [count**0.75 if count else 0 for count in counts.tolist()]
    np.testing.assert_allclose(
        noise_probabilities(counts, 0.75), np.array(powers) / sum(powers)
    )
    np.testing.assert_allclose(noise_probabilities(counts, 0), [0.25] * 4 + [0])
    np.testing.assert_allclose(
        noise_probabilities(np.array([4, 1]), -0.5), [1 / 3, 2 / 3]
    )


@pytest.mark.parametrize("ns_exponent", [-10, 10])
def test_noise_at_the_bounds_of_the_exponent_is_a_distribution(ns_exponent):
    noise = noise_probabilities(np.array([10**9, 10**6, 1]), ns_exponent)
    assert np.isfinite(noise).all()
    assert noise.sum() == pytest.approx(1)


def test_sub_sampling_follows_word2vecs_formula():
    counts = np.array([900, 90, 9, 1])
    expected = []
    for count in counts.tolist():
        # (sqrt(f / sample) + 1) * sample / f, as in word2vec.c
        share = count / 1000
        expected.append(min(1, (math.sqrt(share / 0.01) + 1) * 0.01 / share))
    np.testing.assert_allclose(keep_probabilities(counts, 0.01), expected)


@pytest.mark.parametrize("sample", [0, None, 0.0])
def test_sub_sampling_can_be_off(sample):
    assert keep_probabilities(np.array([10**9, 1]), sample).tolist() == [1, 1]


def test_hash_seeds_do_not_matter(topic_texts):
    script = f"""
from sklearn_w2v import Word2VecVectorizer
vectorizer = Word2VecVectorizer(min_count=1, epochs=1, random_state=0, vector_size=4)
print(vectorizer.fit_transform({topic_texts[0][:50]!r}).tobytes().hex())
print(list(vectorizer.vocabulary_))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
