"""The draws for the steps of a training, against plain loops."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, permutations

import numpy as np
import pytest
import torch
from helpers import (
    DOCUMENTS,
    N_WORDS,
    all_of,
    chunks_of,
    corpus_of,
    draws_of,
    pairs_of,
    plan_of,
)
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v._skipgram import sampler as samplers
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.sampler import Sampler

LAYOUT = Layout(2, 1, 2, 8, 6)


def plan_and_chunks(documents=DOCUMENTS, *, layout=LAYOUT, **settings):
    plan = plan_of(documents, layout=layout, **settings)
    return plan, chunks_of(plan, documents)


def words_of(chunk):
    """The words of a chunk's tokens, without the words around them."""
    return chunk.words[chunk.reach : chunk.reach + chunk.n_tokens]


def word_pairs(plan, chunks):
    """The total weight of every (word, context word) in one epoch."""
    pairs = Counter()
    for chunk in chunks:
        words = chunk.words.tolist()
        for token, context, weight in pairs_of(chunk, plan.pair_weights):
            pairs[words[token], words[context]] += weight
    return pairs


def assert_same_chunk(one, other):
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


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
    found = word_pairs(
        *plan_and_chunks(
            window=window, layout=Layout(*layout, 6), shrink_windows=shrink_windows
        )
    )
    assert found == pytest.approx(expected)


def test_a_window_wider_than_any_document_costs_no_more(monkeypatch):
    monkeypatch.setattr(samplers, "CHUNK_PAIRS", 500)
    plan, wide = plan_and_chunks(window=10**9, shrink_windows=False)
    assert len(wide) > 1
    assert word_pairs(plan, wide) == word_pairs(
        *plan_and_chunks(window=100, shrink_windows=False)
    )


def test_pairs_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    expected = word_pairs(*plan_and_chunks(shrink_windows=False))
    monkeypatch.setattr(samplers, "CHUNK_LENGTH", 7)
    plan, chunks = plan_and_chunks(shrink_windows=False)
    assert len(chunks) > 1
    assert word_pairs(plan, chunks) == expected


def test_long_documents_are_cut_into_pieces(monkeypatch):
    monkeypatch.setattr(samplers, "SENTENCE_LENGTH", 4)
    document = [0, 1, 2, 3, 4, 5, 6, 0, 1]
    cut = [[0, 1, 2, 3], [4, 5, 6, 0], [1]]
    assert word_pairs(*plan_and_chunks([document], shrink_windows=False)) == word_pairs(
        *plan_and_chunks(cut, shrink_windows=False)
    )


def test_words_around_a_dropped_word_become_closer():
    keep = np.array([1, 0, 1, 1, 1, 1, 1])
    plan, chunks = plan_and_chunks([[0, 1, 1, 2]], window=1, keep_probabilities=keep)
    assert [chunk.n_read for chunk in chunks] == [4]
    assert word_pairs(plan, chunks) == {(0, 2): 1, (2, 0): 1}


def test_tokens_survive_with_their_probability():
    keep = np.linspace(0.1, 1, N_WORDS)
    _, chunks = plan_and_chunks([list(range(N_WORDS))] * 5000, keep_probabilities=keep)
    words = torch.cat([words_of(chunk) for chunk in chunks])
    shares = words.bincount(minlength=N_WORDS) / 5000
    # The last part is filled up with word 0.
    np.testing.assert_allclose(shares[1:], keep[1:], atol=0.03)


def test_padding_of_the_last_part_has_no_pairs():
    plan, (chunk,) = plan_and_chunks([[1, 1, 1]] * 3, layout=Layout(1, 2, 3, 4, 6))
    assert chunk.n_tokens == 24
    places = {
        place for pair in pairs_of(chunk, plan.pair_weights) for place in pair[:2]
    }
    assert places == set(range(plan.reach, plan.reach + 9))


def test_an_epoch_may_lose_all_its_tokens():
    _, (chunk,) = plan_and_chunks(keep_probabilities=np.zeros(N_WORDS))
    assert chunk.n_read == sum(map(len, DOCUMENTS))
    assert chunk.n_tokens == chunk.n_parts == chunk.n_steps == len(chunk.noise) == 0


def test_no_documents_have_no_chunks():
    plan = plan_of()
    noise = Noise(plan.noise_probabilities, plan.layout.n_noise, CPU)
    no_documents = np.array([], dtype=np.int64)
    sampler = Sampler(corpus_of(DOCUMENTS), no_documents, plan, noise, CPU)
    assert list(sampler.epoch(torch.Generator())) == []


def test_each_epoch_reads_every_token_in_an_order_of_its_own():
    documents = [[i % N_WORDS] * 3 for i in range(60)]
    plan = plan_of(documents, layout=Layout(1, 1, 2, 8, 6))
    noise = Noise(plan.noise_probabilities, 6, CPU)
    sampler = Sampler(*all_of(documents), plan, noise, CPU)
    generator, orders = torch.Generator().manual_seed(0), []
    for _ in range(2):
        (chunk,) = (draw() for draw in sampler.epoch(generator))
        assert chunk.n_read == 180
        words = words_of(chunk)[:180]
        np.testing.assert_array_equal(
            words.bincount(), np.bincount(corpus_of(documents).ids)
        )
        orders.append(words)
    assert not torch.equal(*orders)


def test_noise_is_drawn_with_its_probability():
    noise = np.array([0, 0.5, 0.2, 0.1, 0.1, 0.06, 0.04])
    _, chunks = plan_and_chunks([[0] * 900] * 40, noise_probabilities=noise)
    drawn = torch.cat([chunk.noise for chunk in chunks])
    shares = drawn.flatten().bincount(minlength=N_WORDS) / drawn.numel()
    assert shares[0] == 0
    np.testing.assert_allclose(shares, noise, atol=0.01)


@pytest.mark.parametrize("parts_per_step", [1, 2, 3, 100])
def test_steps_have_as_many_parts_as_asked_but_the_last(parts_per_step):
    layout = Layout(parts_per_step, 1, 2, 8, 6)
    _, (chunk,) = plan_and_chunks(DOCUMENTS * 9, layout=layout)
    n_parts = [chunk.steps(i, i + 1).n_parts for i in range(chunk.n_steps)]
    assert sum(n_parts) == -(-len(corpus_of(DOCUMENTS * 9).ids) // 16)
    assert sum(n_parts) == chunk.n_parts
    *full, last = n_parts
    assert set(full) <= {parts_per_step}
    assert 1 <= last <= parts_per_step


@given(
    st.builds(
        Layout,
        st.integers(1, 9),
        st.integers(1, 3),
        *[st.integers(1, 5)] * 2,
        st.just(6),
    ),
    st.integers(1, 60),
    st.lists(st.integers(0, 999)),
)
def test_all_steps_together_are_the_chunk(layout, window, places):
    plan, (chunk,) = plan_and_chunks(layout=layout, window=window)
    bounds = sorted({0, chunk.n_steps, *(place % chunk.n_steps for place in places)})
    cut = [chunk.steps(*ends) for ends in pairwise(bounds)]
    assert [steps.n_steps for steps in cut] == np.diff(bounds).tolist()
    assert sum(steps.n_tokens for steps in cut) == chunk.n_tokens
    assert sum(steps.n_parts for steps in cut) == chunk.n_parts
    torch.testing.assert_close(torch.cat([steps.noise for steps in cut]), chunk.noise)
    begin = 0
    for steps in cut:
        assert (steps.reach, steps.layout) == (plan.reach, layout)
        end = begin + steps.n_tokens + 2 * plan.reach
        torch.testing.assert_close(steps.words, chunk.words[begin:end])
        torch.testing.assert_close(steps.sentences, chunk.sentences[begin:end])
        begin += steps.n_tokens
    # With their surroundings they have all pairs.
    assert word_pairs(plan, cut) == pytest.approx(word_pairs(plan, [chunk]))


def test_nothing_is_around_the_first_token_and_the_last():
    plan, (chunk,) = plan_and_chunks()
    around = torch.cat([chunk.sentences[: plan.reach], chunk.sentences[-plan.reach :]])
    assert set(around.tolist()) == {samplers.NO_SENTENCE}
    assert samplers.NO_SENTENCE not in chunk.sentences[plan.reach : -plan.reach]


def test_chunks_are_the_same_in_any_order_and_from_several_threads(monkeypatch):
    monkeypatch.setattr(samplers, "CHUNK_LENGTH", 9)
    documents = DOCUMENTS * 5
    plan = plan_of(documents, layout=LAYOUT, keep_probabilities=np.full(N_WORDS, 0.6))
    draws = draws_of(plan, documents)
    expected = [draw() for draw in draws]
    assert len(expected) > 5
    with ThreadPoolExecutor(4) as pool:
        side_by_side = list(pool.map(lambda draw: draw(), draws))
    backwards = [draw() for draw in reversed(draws)]
    for chunk, *others in zip(expected, side_by_side, backwards[::-1], strict=True):
        for other in others:
            assert_same_chunk(chunk, other)


def test_chunks_are_drawn_independently(monkeypatch):
    monkeypatch.setattr(samplers, "CHUNK_LENGTH", 64)
    _, chunks = plan_and_chunks(
        [[0] * 64] * 9, noise_probabilities=np.full(N_WORDS, 1 / N_WORDS)
    )
    noise = {tuple(chunk.noise.flatten().tolist()) for chunk in chunks}
    assert len(noise) == len(chunks) == 9


def test_the_seed_decides():
    plan = plan_of(layout=LAYOUT)
    (one,), (same,), (other,) = (chunks_of(plan, seed=seed) for seed in (1, 1, 2))
    assert_same_chunk(one, same)
    assert not torch.equal(one.noise, other.noise)
    assert not torch.equal(one.words, other.words)


def test_words_documents_and_noise_are_small_integers():
    plan, (chunk,) = plan_and_chunks()
    assert {chunk.words.dtype, chunk.sentences.dtype, chunk.noise.dtype} == {
        torch.int32
    }
    n_places = chunk.n_tokens + 2 * plan.reach
    assert len(chunk.words) == len(chunk.sentences) == n_places
    assert chunk.noise.shape == (chunk.n_tokens // 16, 6)
