"""What is drawn for the steps of training, against plain loops."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v import _blocks
from sklearn_w2v._blocks import (
    BatchSampler,
    Layout,
    cut_step,
    noise_words_a_group,
    weights_by_distance,
)

DOCUMENTS = [[0, 1, 2, 3, 4, 5], [], [6], [1, 1], [5, 4, 3, 2, 1, 0, 6, 6, 0, 1] * 5]
N_WORDS = 7


def flat(documents):
    ids = np.array([row for document in documents for row in document], np.int32)
    return ids, np.cumsum([0, *map(len, documents)])


def sampler_of(
    documents=DOCUMENTS, *, window=3, shrink_windows=True, seed=0, **parameters
):
    ids, offsets = flat(documents)
    longest = min(int(np.diff(offsets).max()), _blocks.PIECE_LENGTH)
    defaults = {
        "keep_probabilities": np.ones(N_WORDS),
        "noise_probabilities": np.full(N_WORDS, 1 / N_WORDS),
        "layout": Layout(1, 2, 8, n_noise=6),
        "pair_weights": weights_by_distance(window, shrink_windows, longest=longest),
        "negative": 5,
    }
    generator = torch.Generator().manual_seed(seed)
    return BatchSampler(ids, offsets, **(defaults | parameters), generator=generator)


def rows_of(blocks):
    """The words of a step: of each token, around the tokens, and of the noise."""
    n_around = len(blocks.weights) - 1
    n_tokens = blocks.noise_weights.numel()
    parts = [n_tokens, n_tokens + n_around]
    centers, contexts, noise = blocks.rows.split(
        [*parts, len(blocks.rows) - sum(parts)]
    )
    return centers, contexts - N_WORDS, noise - N_WORDS


def pairs_of(sampler):
    """What the pairs of every (word, context word) count in one epoch."""
    pairs = Counter()
    for _, steps in sampler.epoch():
        for blocks in steps:
            centers, contexts, _ = rows_of(blocks)
            weights = blocks.weights.flatten(1)
            for offset, token in weights.nonzero().tolist():
                pair = int(centers[token]), int(contexts[token + offset])
                pairs[pair] += weights[offset, token].item()
    return pairs


@pytest.mark.parametrize("layout", [(1, 1, 1), (2, 3, 2), (1, 2, 8), (3, 1, 32)])
@pytest.mark.parametrize("window", [1, 3, 10])
@pytest.mark.parametrize("shrink_windows", [False, True])
def test_pairs_are_those_of_a_plain_loop(window, layout, shrink_windows):
    expected = Counter()
    for document in DOCUMENTS:
        for place, other in permutations(range(len(document)), 2):
            distance = abs(place - other)
            if distance <= window:
                # Of word2vec's windows, from 1 to `window`, so many are wide enough.
                share = sum(distance <= radius for radius in range(1, window + 1))
                weight = share / window if shrink_windows else 1
                expected[document[place], document[other]] += weight
    sampler = sampler_of(
        window=window, layout=Layout(*layout, 6), shrink_windows=shrink_windows
    )
    assert pairs_of(sampler) == pytest.approx(expected)


def test_a_window_wider_than_any_document_costs_no_more(monkeypatch):
    monkeypatch.setattr(_blocks, "CHUNK_PLACES", 500)
    wide = sampler_of(window=10**9, shrink_windows=False)
    assert len(wide.pair_weights) == max(map(len, DOCUMENTS)) - 1
    assert len(list(wide.epoch())) > 1
    assert pairs_of(wide) == pairs_of(sampler_of(window=100, shrink_windows=False))


def test_pairs_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    expected = pairs_of(sampler_of(shrink_windows=False))
    monkeypatch.setattr(_blocks, "CHUNK_LENGTH", 7)
    sampler = sampler_of(shrink_windows=False)
    assert len(list(sampler.epoch())) > 1
    assert pairs_of(sampler) == expected


def test_long_documents_are_cut_into_pieces(monkeypatch):
    monkeypatch.setattr(_blocks, "PIECE_LENGTH", 4)
    document = [0, 1, 2, 3, 4, 5, 6, 0, 1]
    cut = [[0, 1, 2, 3], [4, 5, 6, 0], [1]]
    assert pairs_of(sampler_of([document], shrink_windows=False)) == pairs_of(
        sampler_of(cut, shrink_windows=False)
    )


def test_tokens_survive_with_their_probability():
    keep = np.linspace(0.1, 1, N_WORDS)
    sampler = sampler_of([list(range(N_WORDS))] * 5000, keep_probabilities=keep)
    kept = torch.zeros(N_WORDS, dtype=torch.int64)
    for pieces in torch.arange(5000).split(500):
        tokens, lengths = sampler._subsample(pieces)
        assert len(tokens) == lengths.sum()
        kept += tokens.bincount(minlength=N_WORDS)
    np.testing.assert_allclose(kept / 5000, keep, atol=0.03)


def noise_of(sampler):
    """The noise words of an epoch, a row for each group."""
    steps = [blocks for _, steps in sampler.epoch() for blocks in steps]
    groups = [rows_of(blocks)[2] for blocks in steps]
    return torch.cat(groups).view(-1, sampler.layout.n_noise)


def test_noise_is_drawn_with_its_probability():
    noise = np.array([0, 0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    drawn = noise_of(sampler_of([[0] * 900] * 40, noise_probabilities=noise))
    shares = drawn.flatten().bincount(minlength=N_WORDS) / drawn.numel()
    assert shares[0] == 0
    np.testing.assert_allclose(shares, noise, atol=0.01)


def test_each_group_has_its_share_of_a_common_noise_word():
    noise = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.01])
    drawn = noise_of(sampler_of(noise_probabilities=noise))
    assert ((drawn == 0).sum(1) == 3).all()  # of 6


def test_noise_weighs_as_many_words_a_pair_as_asked():
    ((_, steps),) = sampler_of(negative=7).epoch()
    for blocks in steps:
        _, _, noise = rows_of(blocks)
        n_noise = len(noise) / len(blocks.noise_weights)  # of a group
        torch.testing.assert_close(
            blocks.noise_weights.flatten() * n_noise,
            7.0 * blocks.weights.sum(0).flatten(),
        )


def test_each_epoch_reads_every_token_in_an_order_of_its_own():
    documents = [[i % N_WORDS] * 3 for i in range(60)]
    sampler = sampler_of(documents)
    orders = []
    for _ in range(2):
        chunks = list(sampler.epoch())
        assert [n_tokens for n_tokens, _ in chunks] == [180]
        steps = [blocks for _, steps in chunks for blocks in steps]
        orders.append(torch.cat([rows_of(blocks)[0] for blocks in steps])[:180])
        assert torch.equal(
            orders[-1].bincount(), torch.from_numpy(flat(documents)[0]).bincount()
        )
    assert not torch.equal(*orders)


@given(st.integers(1, 10**5), st.integers(1, 999))
def test_steps_hold_as_many_tokens_as_asked_or_a_few_less(batch_size, reach):
    layout = cut_step(batch_size, reach=reach, n_noise=8)
    # Each group, and each of its blocks, loses less than one token to even cutting.
    losses = layout.groups_a_step * layout.blocks_a_group
    assert batch_size - losses - layout.groups_a_step < layout.step_length <= batch_size
    assert 1 <= layout.block_length <= layout.group_length <= _blocks.GROUP_LENGTH
    assert layout.block_length <= max(_blocks.BLOCK_LENGTH, reach)


@pytest.mark.parametrize(("reach", "length"), [(2, 16), (10, 16), (40, 32), (999, 96)])
def test_blocks_are_longer_where_windows_are_wide(reach, length):
    assert cut_step(3072, reach=reach, n_noise=8).block_length == length


@pytest.mark.parametrize(
    ("window", "shrink_windows", "longest", "expected"),
    [
        (1, True, 9, [1]),
        (4, True, 9, [1, 0.75, 0.5, 0.25]),
        (4, True, 3, [1, 0.75]),
        (10**9, False, 3, [1, 1]),
        (5, True, 1, [1]),
    ],
)
def test_pairs_count_by_their_distance(window, shrink_windows, longest, expected):
    weights = weights_by_distance(window, shrink_windows, longest=longest)
    np.testing.assert_allclose(weights, expected)


@pytest.mark.parametrize(
    ("window", "mean_length", "expected"),
    [(1, 2.0, 32), (5, 1e9, 48), (5, 10.0, 40), (10, 1e9, 88), (50, 1e9, 96)],
)
def test_groups_have_more_noise_words_where_tokens_have_more_pairs(
    window, mean_length, expected
):
    weights = weights_by_distance(window, shrink_windows=True, longest=1000)
    assert noise_words_a_group(weights, mean_length) == expected


def test_frequent_words_do_not_overflow_the_noise_table():
    noise = np.array([1 - 6e-9] + [1e-9] * 6)
    table = sampler_of(noise_probabilities=noise).noise_table
    assert table.shape == (6, -(-7 * 64 // 6))
    assert (table == 0).all()


@pytest.mark.parametrize(("n_words", "length"), [(7, 7 * 64), (10**5, 2**22)])
def test_the_noise_table_grows_with_the_vocabulary_up_to_a_bound(n_words, length):
    table = _blocks._noise_table(np.full(n_words, 1 / n_words), n_parts=6)
    assert table.shape == (6, -(-length // 6))
    assert len(table.unique()) == n_words
