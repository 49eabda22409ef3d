"""word2vec's distributions over words, and the weights of pairs."""

import math

import numpy as np
import pytest

from sklearn_w2v._skipgram.distributions import (
    keep_probabilities,
    noise_probabilities,
    weights_by_distance,
)


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
    # A word of a given vocabulary may not occur.
    assert keep_probabilities(np.array([0, 900]), 0.01)[0] == 1


@pytest.mark.parametrize("sample", [0, None, 0.0])
def test_sub_sampling_can_be_off(sample):
    assert keep_probabilities(np.array([10**9, 1]), sample).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("window", "shrink_windows", "longest", "expected"),
    [
        (1, True, 9, [1]),
        (4, True, 9, [1, 0.75, 0.5, 0.25]),
        (4, True, 3, [1, 0.75]),
        (10**30, True, 3, [1, 1]),
        (10**9, False, 3, [1, 1]),
        (5, True, 1, [1]),
    ],
)
def test_pairs_count_by_their_distance(window, shrink_windows, longest, expected):
    weights = weights_by_distance(window, shrink_windows, longest=longest)
    np.testing.assert_allclose(weights, expected)
