"""What is drawn for the steps of training, against plain loops."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import torch
from helpers import DOCUMENTS, N_WORDS, all_of, corpus_of, plan_of

from sklearn_w2v._skipgram import sampler as samplers
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.sampler import BatchSampler, NoiseTable


def batches_of(documents=DOCUMENTS, *, seed=0, layout=(2, 1, 2, 8, 6), **settings):
    """The chunks of an epoch: the tokens read, and the batches."""
    plan = plan_of(documents, layout=Layout(*layout), **settings)
    sampler = BatchSampler(*all_of(documents), plan, NoiseTable(plan, CPU))
    return list(sampler.epoch(torch.Generator().manual_seed(seed)))


def parts_of(chunks):
    """Yield of each part the words: of tokens, around them, and of noise; and weights.

    Weights are those of pairs, by offset and token, and of noise, by token.
    """
    for part in (
        part for _, batches in chunks for one in batches for part in one.parts
    ):
        n_around = len(part.centers) + len(part.weights) - 1
        around, noise = part.contexts.tensor_split([n_around])
        noise = noise.view(len(part.noise_weights), -1)  # (G, K)
        yield part.centers, around, noise, part.weights.flatten(1), part.noise_weights


def pairs_of(chunks):
    """What the pairs of every (word, context word) count in one epoch."""
    pairs = Counter()
    for centers, around, _, weights, _ in parts_of(chunks):
        for offset, token in weights.nonzero().tolist():
            pair = int(centers[token]), int(around[token + offset])
            pairs[pair] += weights[offset, token].item()
    return pairs


@pytest.mark.parametrize(
    "layout", [(1, 1, 1, 1), (2, 2, 3, 2), (3, 1, 2, 8), (1, 3, 1, 32)]
)
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
    chunks = batches_of(
        window=window, layout=(*layout, 6), shrink_windows=shrink_windows
    )
    assert pairs_of(chunks) == pytest.approx(expected)


def test_a_window_wider_than_any_document_costs_no_more(monkeypatch):
    monkeypatch.setattr(samplers, "CHUNK_PLACES", 500)
    wide = batches_of(window=10**9, shrink_windows=False)
    assert len(wide) > 1
    assert pairs_of(wide) == pairs_of(batches_of(window=100, shrink_windows=False))


def test_pairs_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    expected = pairs_of(batches_of(shrink_windows=False))
    monkeypatch.setattr(samplers, "CHUNK_LENGTH", 7)
    chunks = batches_of(shrink_windows=False)
    assert len(chunks) > 1
    assert pairs_of(chunks) == expected


def test_long_documents_are_cut_into_pieces(monkeypatch):
    monkeypatch.setattr(samplers, "PIECE_LENGTH", 4)
    document = [0, 1, 2, 3, 4, 5, 6, 0, 1]
    cut = [[0, 1, 2, 3], [4, 5, 6, 0], [1]]
    assert pairs_of(batches_of([document], shrink_windows=False)) == pairs_of(
        batches_of(cut, shrink_windows=False)
    )


def test_tokens_survive_with_their_probability():
    keep = np.linspace(0.1, 1, N_WORDS)
    chunks = batches_of([list(range(N_WORDS))] * 5000, keep_probabilities=keep)
    centers = torch.cat([centers for centers, *_ in parts_of(chunks)])
    shares = centers.bincount(minlength=N_WORDS) / 5000
    # The last step is filled up with word 0.
    np.testing.assert_allclose(shares[1:], keep[1:], atol=0.03)


def noise_of(chunks):
    """The noise words of an epoch, a row for each group."""
    return torch.cat([noise for _, _, noise, _, _ in parts_of(chunks)])


def test_noise_is_drawn_with_its_probability():
    noise = np.array([0, 0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    drawn = noise_of(batches_of([[0] * 900] * 40, noise_probabilities=noise))
    shares = drawn.flatten().bincount(minlength=N_WORDS) / drawn.numel()
    assert shares[0] == 0
    np.testing.assert_allclose(shares, noise, atol=0.01)


def test_each_group_has_its_share_of_a_common_noise_word():
    noise = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.01])
    drawn = noise_of(batches_of(noise_probabilities=noise))
    assert ((drawn == 0).sum(1) == 3).all()  # of 6


def test_noise_weighs_as_many_words_a_pair_as_asked():
    for _, _, _, weights, noise_weights in parts_of(batches_of(negative=7)):
        torch.testing.assert_close(noise_weights.flatten() * 6, 7.0 * weights.sum(0))


def test_each_epoch_reads_every_token_in_an_order_of_its_own():
    documents = [[i % N_WORDS] * 3 for i in range(60)]
    plan = plan_of(documents, layout=Layout(1, 1, 2, 8, 6))
    sampler = BatchSampler(*all_of(documents), plan, NoiseTable(plan, CPU))
    generator, orders = torch.Generator().manual_seed(0), []
    for _ in range(2):
        chunks = list(sampler.epoch(generator))
        assert [n_tokens for n_tokens, _ in chunks] == [180]
        centers = torch.cat([centers for centers, *_ in parts_of(chunks)])[:180]
        np.testing.assert_array_equal(
            centers.bincount(), np.bincount(corpus_of(documents).ids)
        )
        orders.append(centers)
    assert not torch.equal(*orders)


def test_frequent_words_do_not_overflow_the_noise_table():
    noise = np.array([1 - 6e-9] + [1e-9] * 6)
    plan = plan_of(noise_probabilities=noise, layout=Layout(1, 1, 2, 8, 6))
    table = NoiseTable(plan, CPU).words
    assert table.shape == (6, -(-7 * 64 // 6))
    assert (table == 0).all()


@pytest.mark.parametrize(("n_words", "length"), [(7, 7 * 64), (10**5, 2**22)])
def test_the_noise_table_grows_with_the_vocabulary_up_to_a_bound(n_words, length):
    plan = plan_of(
        n_words=n_words,
        noise_probabilities=np.full(n_words, 1 / n_words),
        layout=Layout(1, 1, 2, 8, 6),
    )
    table = NoiseTable(plan, CPU).words
    assert table.shape == (6, -(-length // 6))
    assert len(table.unique()) == n_words


@pytest.mark.parametrize("parts_a_step", [1, 2, 3, 100])
def test_steps_have_as_many_parts_as_asked_but_the_last(parts_a_step):
    ((_, batches),) = batches_of(DOCUMENTS * 9, layout=(parts_a_step, 1, 2, 8, 6))
    n_parts = [len(batch.parts) for batch in batches]
    for batch in batches:
        centers = torch.cat([part.centers for part in batch.parts])
        contexts = torch.cat([part.contexts for part in batch.parts])
        assert torch.equal(batch.centers, centers)
        assert torch.equal(batch.contexts, contexts)
    n_expected = -(-len(corpus_of(DOCUMENTS * 9).ids) // 16)
    assert sum(n_parts) == n_expected
    *full, last = n_parts
    assert set(full) <= {parts_a_step}
    assert 1 <= last <= parts_a_step
