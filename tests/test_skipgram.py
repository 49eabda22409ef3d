"""What the sampler draws, and how training behaves around its steps."""

import re
import threading
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v import _skipgram
from sklearn_w2v._skipgram import (
    SOLVERS,
    BlockSampler,
    Layout,
    SkipGram,
    auto_batch_size,
    n_noise_words,
    pair_weights,
    train,
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
    longest = min(int(np.diff(offsets).max()), _skipgram.PIECE_LENGTH)
    defaults = {
        "keep_probabilities": np.ones(N_WORDS),
        "noise_probabilities": np.full(N_WORDS, 1 / N_WORDS),
        "layout": Layout(1, 2, 8, n_noise=6),
        "pair_weights": pair_weights(window, shrink_windows, longest=longest),
        "negative": 5,
    }
    generator = torch.Generator().manual_seed(seed)
    return BlockSampler(ids, offsets, **(defaults | parameters), generator=generator)


def rows_of(blocks):
    """The words of a step: of each token, around the tokens, and of the noise."""
    n_around = len(blocks.weights) - 1
    n_tokens = blocks.noise_weights.numel()
    parts = [n_tokens, n_tokens + n_around]
    centers, contexts, noise = blocks.rows.split(
        [*parts, len(blocks.rows) - sum(parts)]
    )
    return centers, contexts - N_WORDS, noise - N_WORDS


def train_on(documents=DOCUMENTS, **parameters):
    defaults = {
        "keep_probabilities": np.ones(N_WORDS),
        "noise_probabilities": np.full(N_WORDS, 1 / N_WORDS),
        "vector_size": 5,
        "window": 3,
        "shrink_windows": True,
        "negative": 5,
        "solver": "adagrad",
        "learning_rate": "auto",
        "batch_size": "auto",
        "epochs": 3,
        "n_threads": None,
        "seed": 0,
        "on_epoch_end": lambda loss: None,
    }
    return train(*flat(documents), **(defaults | parameters))


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
    monkeypatch.setattr(_skipgram, "CHUNK_PLACES", 500)
    wide = sampler_of(window=10**9, shrink_windows=False)
    assert len(wide.pair_weights) == max(map(len, DOCUMENTS)) - 1
    assert len(list(wide.epoch())) > 1
    assert pairs_of(wide) == pairs_of(sampler_of(window=100, shrink_windows=False))


def test_pairs_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    expected = pairs_of(sampler_of(shrink_windows=False))
    monkeypatch.setattr(_skipgram, "CHUNK_LENGTH", 7)
    sampler = sampler_of(shrink_windows=False)
    assert len(list(sampler.epoch())) > 1
    assert pairs_of(sampler) == expected


def test_long_documents_are_cut_into_pieces(monkeypatch):
    monkeypatch.setattr(_skipgram, "PIECE_LENGTH", 4)
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


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("parameters", [{}, {"vector_size": 100, "batch_size": 300}])
def test_one_and_two_threads_give_the_same_bits(solver, parameters):
    documents = DOCUMENTS * 40
    one = train_on(documents, solver=solver, n_threads=1, **parameters)
    two = train_on(documents, solver=solver, n_threads=2, **parameters)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("vector_size", "window"), [(1, 5), (50, 2), (100, 5), (300, 10)]
)
def test_large_steps_give_the_same_bits_on_any_number_of_threads(vector_size, window):
    random = np.random.RandomState(0)
    documents = [(random.zipf(1.3, size=200) % 5000).tolist() for _ in range(60)]
    words = 5000
    results = [
        train_on(
            documents,
            keep_probabilities=np.ones(words),
            noise_probabilities=np.full(words, 1 / words),
            vector_size=vector_size,
            window=window,
            batch_size=3072,
            epochs=1,
            n_threads=n_threads,
        )
        for n_threads in (1, 2, 3)
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result[0], results[0][0])
        np.testing.assert_array_equal(result[1], results[0][1])
        assert result[2] == results[0][2]


def test_the_seed_decides():
    first, again, other = train_on(seed=1), train_on(seed=1), train_on(seed=2)
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[0] != other[0]).any()


@pytest.mark.parametrize("n_threads", [None, 1, 2, 3])
@pytest.mark.parametrize("diverges", [False, True])
def test_global_state_of_torch_and_numpy_is_left_alone(n_threads, diverges):
    def global_state():
        _, numpy_state, *_ = np.random.get_state()  # noqa: NPY002, it must not change
        return torch.get_num_threads(), torch.get_rng_state().tolist(), *numpy_state

    before = global_state()
    if diverges:
        with pytest.raises(ValueError, match="diverged"):
            train_on(n_threads=n_threads, learning_rate=1e30, solver="sgd")
    else:
        train_on(n_threads=n_threads)
    assert global_state() == before


def test_fits_at_the_same_time_put_the_number_of_threads_back():
    before = torch.get_num_threads()
    first_runs, second_ended = threading.Event(), threading.Event()

    def first_fit(loss):
        first_runs.set()
        assert second_ended.wait(30)

    def second_fit(loss):
        assert first_runs.wait(30)

    first = threading.Thread(
        target=train_on, kwargs={"n_threads": 1, "on_epoch_end": first_fit}
    )
    first.start()
    first_runs.wait(30)
    train_on(n_threads=3, on_epoch_end=second_fit)
    second_ended.set()
    first.join()
    assert torch.get_num_threads() == before
    assert not _skipgram._threads_before_fits


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_fit_that_diverges_is_an_error_that_names_the_learning_rate(solver):
    message = re.escape("Lower learning_rate (here 1e+30)")
    with pytest.raises(ValueError, match=message):
        train_on(solver=solver, learning_rate=1e30)


def test_matrices_that_diverge_in_the_last_step_are_an_error(monkeypatch):
    def last_step(self, blocks, learning_rate, *, with_loss=False):
        self.rows[-1, 0] = torch.inf
        return 0.0

    monkeypatch.setattr(SkipGram, "step", last_step)
    with pytest.raises(ValueError, match="no longer finite"):
        train_on(epochs=1)


def test_documents_of_one_token_have_no_loss_and_train_nothing():
    centers, contexts, losses = train_on([[1], [2], [3]])
    assert losses == [0.0, 0.0, 0.0]
    assert not contexts.any()
    assert np.isfinite(centers).all()


def test_an_epoch_may_lose_all_its_tokens_to_sub_sampling():
    _, _, losses = train_on([[1, 2]], keep_probabilities=np.full(N_WORDS, 1e-9))
    assert losses == [0.0, 0.0, 0.0]


def test_the_loss_of_each_epoch_is_reported():
    reported = []
    _, _, losses = train_on(on_epoch_end=reported.append)
    assert reported == losses
    assert len(losses) == 3


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_words", [2, 31])
def test_every_solver_learns_at_its_default_rate(solver, n_words):
    # Word 2i stands beside 2i + 1 and no other; few words make many repeats in a step,
    # which is where plain gradient descent is at its least stable.
    documents = [
        [2 * (i % (n_words // 2)), 2 * (i % (n_words // 2)) + 1] * 4
        for i in range(2000)
    ]
    _, _, losses = train_on(
        documents,
        keep_probabilities=np.ones(n_words),
        noise_probabilities=np.full(n_words, 1 / n_words),
        solver=solver,
        vector_size=20,
        epochs=5,
    )
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("n_tokens", "expected"), [(10, 32), (50_000, 960), (10**8, 3072)]
)
def test_automatic_steps_make_fifty_an_epoch_within_bounds(n_tokens, expected):
    counts = np.full(10, n_tokens / 10)
    assert auto_batch_size(counts, "adagrad") == expected
    assert auto_batch_size(counts, "adam") == expected


@given(st.integers(1, 10**5), st.integers(1, 999))
def test_steps_hold_as_many_tokens_as_asked_or_a_few_less(batch_size, reach):
    layout = Layout.of(batch_size, reach=reach, n_noise=8)
    # Each group, and each of its blocks, loses less than one token to even cutting.
    losses = layout.groups_a_step * layout.blocks_a_group
    assert batch_size - losses - layout.groups_a_step < layout.step_length <= batch_size
    assert 1 <= layout.block_length <= layout.group_length <= _skipgram.GROUP_LENGTH
    assert layout.block_length <= max(_skipgram.BLOCK_LENGTH, reach)


@pytest.mark.parametrize(("reach", "length"), [(2, 16), (10, 16), (40, 32), (999, 96)])
def test_blocks_are_longer_where_windows_are_wide(reach, length):
    assert Layout.of(3072, reach=reach, n_noise=8).block_length == length


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
    weights = pair_weights(window, shrink_windows, longest=longest)
    np.testing.assert_allclose(weights, expected)


@pytest.mark.parametrize(
    ("window", "mean_length", "expected"),
    [(1, 2.0, 32), (5, 1e9, 48), (5, 10.0, 40), (10, 1e9, 88), (50, 1e9, 96)],
)
def test_groups_have_more_noise_words_where_tokens_have_more_pairs(
    window, mean_length, expected
):
    weights = pair_weights(window, shrink_windows=True, longest=1000)
    assert n_noise_words(weights, mean_length) == expected


@pytest.mark.parametrize(
    ("counts", "expected"), [([1e6] * 1000, 192), ([5e3] * 9, 64), ([1e6], 8)]
)
def test_automatic_steps_of_sgd_hold_few_repeats_of_a_word(counts, expected):
    assert auto_batch_size(np.array(counts), "sgd") == expected


def test_frequent_words_do_not_overflow_the_noise_table():
    noise = np.array([1 - 6e-9] + [1e-9] * 6)
    table = sampler_of(noise_probabilities=noise).noise_table
    assert table.shape == (6, -(-7 * 64 // 6))
    assert (table == 0).all()


@pytest.mark.parametrize(("n_words", "length"), [(7, 7 * 64), (10**5, 2**22)])
def test_the_noise_table_grows_with_the_vocabulary_up_to_a_bound(n_words, length):
    table = _skipgram._noise_table(np.full(n_words, 1 / n_words), n_parts=6)
    assert table.shape == (6, -(-length // 6))
    assert len(table.unique()) == n_words
