"""Training against references: autograd, and plain-Python loops over pairs."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_skipgram import N_WORDS, sampler_of
from torch.nn.functional import logsigmoid

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram import SOLVERS, SkipGram
from sklearn_w2v._vocabulary import keep_probabilities, noise_probabilities

WINDOW, SIZE = 3, 5


def random_matrices(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, N_WORDS, SIZE, dtype=torch.float64, generator=generator)


def some_blocks(**parameters):
    (_, blocks), *_ = sampler_of(window=WINDOW, **parameters).epoch()
    return blocks


def scored_pairs(blocks):
    """Yield the two places, the label and the weight of every pair."""
    length = blocks.centers.shape[1] // blocks.contexts.shape[1]
    for group, token in np.ndindex(*blocks.centers.shape):
        block, place = divmod(token, length)
        for offset in range(2 * WINDOW + 1):
            if blocks.in_window[offset, group, token]:
                yield (group, token), (group, block, place + offset), 1, 1.0
        weight = float(blocks.noise_weights[group, token])
        if weight:
            for noise in range(blocks.noise.shape[1]):
                yield (group, token), (group, noise), 0, weight


def rows_of(blocks, label):
    return blocks.contexts if label else blocks.noise


def pair_loop(blocks, centers, contexts):
    """Loss, and gradient of every place that holds a vector, pair by pair."""
    loss = 0.0
    of_centers = np.zeros((*blocks.centers.shape, SIZE))
    of_contexts = [np.zeros((*rows_of(blocks, label).shape, SIZE)) for label in (0, 1)]
    for center_place, place, label, weight in scored_pairs(blocks):
        center = centers[int(blocks.centers[center_place])]
        context = contexts[int(rows_of(blocks, label)[place])]
        probability = 1 / (1 + math.exp(-float(center @ context)))
        loss -= weight * math.log(probability if label else 1 - probability)
        error = weight * (probability - label)
        of_centers[center_place] += error * context
        of_contexts[label][place] += error * center
    of_contexts = [gradient.reshape(-1, SIZE) for gradient in reversed(of_contexts)]
    return loss, of_centers.reshape(-1, SIZE), np.concatenate(of_contexts)


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
    blocks = some_blocks()
    vectors = random_matrices().requires_grad_()
    losses = []
    for center_place, place, label, weight in scored_pairs(blocks):
        center = vectors[0, blocks.centers[center_place]]
        score = center @ vectors[1, rows_of(blocks, label)[place]]
        losses.append(-weight * logsigmoid(score if label else -score))
    loss = torch.stack(losses).sum()
    loss.backward()

    moved = vectors.detach().clone()
    # A step of plain gradient descent with rate 1 subtracts the gradient.
    found = SkipGram(moved, solver="sgd").step(blocks, 1.0, with_loss=True)
    torch.testing.assert_close(vectors.detach() - moved, vectors.grad)
    assert found == pytest.approx(loss.item(), rel=1e-6)


@pytest.mark.parametrize("loop", [adagrad, adam, sgd])
def test_a_step_equals_a_plain_loop_over_pairs(loop):
    blocks = some_blocks()
    vectors = random_matrices()
    expected = vectors.numpy().copy()
    _, *all_gradients = pair_loop(blocks, *expected)
    context_rows = torch.cat([blocks.contexts.flatten(), blocks.noise.flatten()])
    all_rows = blocks.centers.flatten().tolist(), context_rows.tolist()
    for matrix, rows, gradients in zip(expected, all_rows, all_gradients, strict=True):
        loop(matrix, rows, gradients, 0.05)

    SkipGram(vectors, solver=loop.__name__).step(blocks, 0.05)
    np.testing.assert_allclose(vectors, expected, rtol=1e-10)


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
    blocks = some_blocks()
    vectors = random_matrices()
    expected, _, _ = pair_loop(blocks, *vectors.numpy())
    model = SkipGram(vectors, solver="adagrad")
    assert model.step(blocks, 0.1, with_loss=True) == pytest.approx(expected, rel=1e-6)
    assert model.step(blocks, 0.1) == 0.0


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
