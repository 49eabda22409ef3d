"""Noise words: how they are drawn, against their probabilities."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array

from sklearn_w2v._skipgram import plan
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.distributions import noise_probabilities
from sklearn_w2v._skipgram.noise import THRESHOLD_BITS, Noise

DOMINANT = [400_000] + [30] * 30
COUNTS = {
    "dominant": DOMINANT,
    "dominant, last": DOMINANT[::-1],
    "two": [1, 1],
    "one": [3],
    "flat": [5] * 1000,
    "flat, a power of two": [5] * 1024,
    "flat, a million": [1] * 10**6,
    "zipf": (10**6 / np.arange(1, 10**4)).astype(np.int64),
    "zipf, a million": np.ceil(10**9 / np.arange(1, 10**6 + 1)).astype(np.int64),
    "some never occur": [0, 7, 0, 0, 3, 1, 0],
}


def shares_of(noise, n_words):
    """The probability of each word in each part, by the tables, (n_noise, n_words)."""
    n_columns = noise.masks.numpy() + 1
    part = np.repeat(np.arange(len(n_columns)), n_columns)
    below = noise.thresholds.numpy() / 2**THRESHOLD_BITS
    shares = np.stack([below, 1 - below], axis=1) / n_columns[part, None]
    places = part.repeat(2), noise.choices.numpy()
    return csr_array((shares.flatten(), places), shape=(len(n_columns), n_words))


def assert_as_promised(shares, promised, noise):
    """Words have their probabilities, as exactly as thresholds can represent them."""
    np.testing.assert_allclose(shares, promised, rtol=0, atol=1e-9)
    n_noise, n_columns = len(noise.masks), int(noise.masks.min()) + 1
    resolution = 2**-THRESHOLD_BITS / (n_noise * n_columns)
    often = promised > 1e-9
    np.testing.assert_allclose(
        shares[often], promised[often], rtol=1e-6, atol=resolution
    )


# With few columns, thresholds cannot represent all probabilities so exactly.
@pytest.mark.parametrize("n_noise", [plan.MIN_NOISE, plan.MAX_NOISE])
@pytest.mark.parametrize("ns_exponent", [-1, 0, 0.75, 1])
@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
def test_each_word_has_its_share_to_a_millionth(counts, ns_exponent, n_noise):
    promised = noise_probabilities(np.array(counts), ns_exponent)
    shares = shares_of(Noise(promised, n_noise, CPU), len(promised)).mean(axis=0)
    np.testing.assert_allclose(shares, promised, rtol=0, atol=1e-9)
    often = promised > 1e-9
    np.testing.assert_allclose(shares[often], promised[often], rtol=1e-6)


@pytest.mark.parametrize("n_noise", [1, 6, 64])
@pytest.mark.parametrize("ns_exponent", [-1, 0, 0.75, 1])
@pytest.mark.parametrize(
    "counts", [DOMINANT, DOMINANT[::-1], [10**6, 1], [1, 10**9], [5]]
)
def test_each_word_has_its_share_among_few(counts, ns_exponent, n_noise):
    promised = noise_probabilities(np.array(counts), ns_exponent)
    noise = Noise(promised, n_noise, CPU)
    assert_as_promised(shares_of(noise, len(promised)).mean(axis=0), promised, noise)


@given(
    st.lists(st.integers(0, 9) | st.integers(0, 10**12), min_size=1, max_size=200),
    st.floats(-10, 10),
    st.integers(1, 64),
)
def test_each_word_has_its_share_whatever_the_counts(counts, ns_exponent, n_noise):
    assume(any(counts))
    promised = noise_probabilities(np.array(counts), ns_exponent)
    noise = Noise(promised, n_noise, CPU)
    of_parts = shares_of(noise, len(promised)).toarray()
    assert_as_promised(of_parts.mean(0), promised, noise)
    assert not of_parts[:, np.array(counts) == 0].any()
    # Parts are of equal probability, and words in their order.
    ends = np.cumsum(promised) * n_noise / promised.sum()
    before = np.concatenate([[0], ends[:-1]])
    for part, shares in enumerate(of_parts):
        inside = np.minimum(ends, part + 1) - np.maximum(before, part)
        np.testing.assert_allclose(shares, inside.clip(0), rtol=0, atol=1e-8)


@pytest.mark.parametrize("ns_exponent", [-1, 0, 0.75, 1])
@pytest.mark.parametrize("n_noise", [1, 7, 24, 64])
def test_words_are_drawn_as_often_as_is_promised(ns_exponent, n_noise):
    counts = np.array(DOMINANT)
    promised = noise_probabilities(counts, ns_exponent)
    n_groups = 2**21 // n_noise
    drawn = Noise(promised, n_noise, CPU).draw(
        n_groups, torch.Generator().manual_seed(0)
    )
    found = drawn.flatten().bincount(minlength=len(counts)).numpy()
    if ns_exponent >= 0:  # rare words have to come
        assert found.min() > 100
    # Stratified draws vary less than those that this test is made for: a common word
    # comes nearly as often each time.
    expected = promised * drawn.numel()
    assert stats.chisquare(found, expected).pvalue > 1e-3


@pytest.mark.parametrize("ns_exponent", [0, 0.75, 1])
def test_the_rare_words_after_a_common_one_are_drawn_equally_often(ns_exponent):
    promised = noise_probabilities(np.array(DOMINANT), ns_exponent)
    drawn = Noise(promised, 24, CPU).draw(10**5, torch.Generator().manual_seed(1))
    rare = drawn.flatten().bincount(minlength=31).numpy()[1:]
    assert stats.chisquare(rare).pvalue > 1e-3


def test_words_that_never_occur_are_never_drawn():
    promised = noise_probabilities(np.array([0, 5, 0, 1, 0]), 0)
    drawn = Noise(promised, 9, CPU).draw(10**5, torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {1, 3}


def test_each_group_has_its_share_of_a_common_noise_word():
    promised = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.01])
    drawn = Noise(promised, 6, CPU).draw(1000, torch.Generator().manual_seed(0))
    assert ((drawn == 0).sum(1) == 3).all()


@pytest.mark.parametrize("n_noise", [1, 2, 24, 64])
def test_each_group_has_one_word_of_each_part(n_noise):
    promised = noise_probabilities(np.arange(1, 200), 0.75)
    noise = Noise(promised, n_noise, CPU)
    of_parts = shares_of(noise, len(promised)).toarray()
    drawn = noise.draw(1000, torch.Generator().manual_seed(0)).numpy()
    for part, words in enumerate(drawn.T):
        assert (of_parts[part, words] > 0).all()


def test_draws_of_groups_and_of_parts_are_independent():
    noise = Noise(np.full(64, 1 / 64), 4, CPU)  # 16 words a part
    drawn = noise.draw(10**5, torch.Generator().manual_seed(0)).numpy() % 16
    for first, second in [(drawn[:, 0], drawn[:, 1]), (drawn[:-1, 0], drawn[1:, 0])]:
        table = np.bincount(16 * first + second, minlength=256)
        assert stats.chisquare(table).pvalue > 1e-3


@pytest.mark.parametrize(("n_groups", "n_noise"), [(0, 24), (1, 1), (7, 24)])
def test_a_group_is_a_row_of_small_integers(n_groups, n_noise):
    noise = Noise(np.array([0.9, 0.1]), n_noise, CPU)
    drawn = noise.draw(n_groups, torch.Generator())
    assert drawn.shape == (n_groups, n_noise)
    assert drawn.dtype == torch.int32


def test_the_seed_decides():
    noise = Noise(np.full(100, 0.01), 24, CPU)
    one, same, other = (
        noise.draw(9, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_tables_are_small():
    # At the most two columns a word, and one more word for each part that it is cut by.
    for n_words, n_noise in [(1, 64), (1000, 24), (10**6, 64)]:
        noise = Noise(np.full(n_words, 1 / n_words), n_noise, CPU)
        assert len(noise.thresholds) <= 2 * (n_words + 2 * n_noise)
