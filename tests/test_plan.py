"""The plan of a training: steps, and what "auto" becomes."""

import math

import numpy as np
import pytest
from helpers import DOCUMENTS, N_WORDS, corpus_and_held_out, plan_of
from hypothesis import given
from hypothesis import strategies as st

from sklearn_w2v._skipgram import plan as plans
from sklearn_w2v._skipgram.plan import (
    auto_batch_size,
    auto_epochs,
    cpu_part_length,
    extent_of,
    keep_probabilities,
    noise_probabilities,
    noise_words_per_group,
    split_step,
    weights_by_distance,
)


@pytest.mark.parametrize(
    ("n_tokens", "expected"),
    [
        (0, 20),
        (1, 20),
        (250_000, 20),
        (260_000, 19),
        (500_000, 10),
        (750_000, 7),
        (1_000_000, 5),
        (10**10, 5),
    ],
)
def test_auto_epochs_read_five_million_tokens_in_5_to_20_passes(n_tokens, expected):
    assert auto_epochs(n_tokens) == expected


@pytest.mark.parametrize(
    ("documents", "held_out", "reach"),
    [
        (DOCUMENTS, None, 49),
        ([[0, 1, 2]], None, 2),
        ([[0, 1, 2]], [[0, 1, 2, 3, 4]], 4),
        ([[0] * 5000], None, plans.SENTENCE_LENGTH - 1),
    ],
)
def test_windows_reach_no_farther_than_documents(documents, held_out, reach):
    assert plan_of(documents, held_out, window=10**9).reach == reach


@pytest.mark.parametrize(
    ("window", "mean_length", "expected"),
    [(1, 2.0, 24), (5, 1e9, 32), (5, 7.0, 24), (10, 1e9, 56), (50, 1e9, 64)],
)
def test_groups_have_more_noise_words_where_tokens_have_more_pairs(
    window, mean_length, expected
):
    weights = weights_by_distance(window, shrink_windows=True, longest=1000)
    assert noise_words_per_group(weights, mean_length) == expected


def test_negative_is_the_weight_of_noise_words_and_not_their_number():
    few, many = (plan_of([[0, 1, 2, 3]] * 10, negative=n) for n in (1, 20))
    assert few.layout == many.layout
    assert (few.negative, many.negative) == (1, 20)


def automatic(counts, solver, vector_size=100):
    longest = cpu_part_length(vector_size)
    return auto_batch_size(counts, solver, longest_part=longest, max_step=3072)


def cut(batch_size, longest_part, *, reach):
    return split_step(batch_size, longest_part=longest_part, reach=reach, n_noise=8)


@pytest.mark.parametrize(
    ("n_tokens", "expected"), [(10, 32), (50_000, 896), (10**8, 3072)]
)
def test_automatic_steps_make_fifty_an_epoch_within_bounds(n_tokens, expected):
    counts = np.full(10, n_tokens / 10)
    assert automatic(counts, "adagrad") == expected
    assert automatic(counts, "adam") == expected


@pytest.mark.parametrize(
    ("counts", "expected"), [([1e6] * 1000, 256), ([5e3] * 9, 64), ([1e6], 8)]
)
def test_automatic_steps_of_sgd_hold_few_repeats_of_a_word(counts, expected):
    assert automatic(np.array(counts), "sgd") == expected


@given(st.integers(32, 10**6), st.sampled_from([1, 50, 100, 300, 2000]))
def test_automatic_steps_are_cut_into_whole_groups_or_blocks(n_tokens, vector_size):
    counts = np.full(10, n_tokens / 10)
    batch_size = automatic(counts, "adagrad", vector_size)
    layout = cut(batch_size, cpu_part_length(vector_size), reach=5)
    assert layout.step_length == batch_size
    assert layout.block_length % 16 == 0
    assert batch_size > 0.8 * min(max(n_tokens / 50, 32), 3072) - 64


@pytest.mark.parametrize(
    ("vector_size", "longest"), [(1, 1536), (50, 1536), (100, 768), (300, 256)]
)
def test_parts_are_shorter_where_vectors_are_longer(vector_size, longest):
    assert cpu_part_length(vector_size) == longest
    assert cpu_part_length(10**6) == cpu_part_length(1000) == plans.GROUP_LENGTH


@given(
    st.integers(1, 10**5),
    st.sampled_from(
        [plans.COMPILED_PART_LENGTH, *map(cpu_part_length, [1, 100, 1000])]
    ),
    st.integers(1, 999),
)
def test_steps_hold_as_many_tokens_as_asked_or_a_few_less(batch_size, longest, reach):
    layout = cut(batch_size, longest, reach=reach)
    # Each part, group and block loses less than one token to even cutting.
    n_groups = layout.parts_per_step * layout.groups_per_part
    losses = layout.parts_per_step + n_groups * (1 + layout.blocks_per_group)
    assert batch_size - losses < layout.step_length <= batch_size
    assert 1 <= layout.block_length <= layout.group_length <= plans.GROUP_LENGTH
    assert layout.part_length <= longest
    assert layout.block_length <= max(plans.BLOCK_LENGTH, reach)


@pytest.mark.parametrize("vector_size", [1, 100, 300])
@pytest.mark.parametrize("batch_size", ["auto", 1, 100, 255, 256, 257, 10**6])
def test_compiled_parts_are_short_whatever_the_vectors(batch_size, vector_size):
    layout = plan_of(
        [[0, 1, 2, 3]] * 10**5,
        batch_size=batch_size,
        vector_size=vector_size,
        implementation="compiled",
    ).layout
    step_length = plans.MAX_STEP if batch_size == "auto" else batch_size
    n_parts = math.ceil(step_length / plans.COMPILED_PART_LENGTH)
    assert layout.parts_per_step == n_parts
    assert layout.part_length <= plans.COMPILED_PART_LENGTH


@pytest.mark.parametrize("n_documents", [10, 1000, 10**5])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_both_implementations_make_steps_of_about_the_same_tokens(solver, n_documents):
    compiled, torchs = (
        plan_of(
            [[0, 1, 2, 3]] * n_documents, solver=solver, implementation=implementation
        )
        for implementation in ("compiled", "torch")
    )
    assert compiled.layout.step_length == pytest.approx(
        torchs.layout.step_length, rel=0.2
    )
    assert (compiled.implementation, torchs.implementation) == ("compiled", "torch")
    # Nothing else differs.
    for name in vars(compiled).keys() - {"layout", "implementation", "loss_every"}:
        np.testing.assert_equal(vars(compiled)[name], vars(torchs)[name])


def test_other_devices_have_large_parts():
    documents = [[0, 1, 2, 3]] * 10**5
    layout = plan_of(documents, on_cpu=False).layout
    assert layout.step_length == plans.DEVICE_MAX_STEP
    assert layout.parts_per_step == 1


@pytest.mark.parametrize(("reach", "length"), [(2, 16), (10, 16), (40, 32), (999, 64)])
def test_blocks_are_longer_where_windows_are_wide(reach, length):
    assert cut(3072, cpu_part_length(100), reach=reach).block_length == length


@pytest.mark.parametrize(
    ("solver", "rate"), [("adagrad", 0.4), ("adam", 0.03), ("sgd", 0.025)]
)
def test_an_automatic_learning_rate_is_the_solvers(solver, rate):
    assert plan_of(solver=solver).learning_rate == rate
    assert plan_of(solver=solver, learning_rate=0.7).learning_rate == 0.7


@pytest.mark.parametrize(("decay", "rates"), [(True, [1, 0.5, 0]), (False, [1, 1, 1])])
def test_the_learning_rate_falls_to_zero_or_stays(decay, rates):
    plan = plan_of(learning_rate=0.2, epochs=2, decay=decay)
    assert [plan.learning_rate_at(epoch) for epoch in range(3)] == pytest.approx(
        [0.2 * rate for rate in rates]
    )


def test_the_loss_is_computed_at_some_steps_of_each_epoch():
    plan = plan_of(DOCUMENTS * 1000, batch_size=96)
    n_steps = sum(map(len, DOCUMENTS)) * 1000 / plan.layout.step_length
    assert n_steps / plan.loss_every == pytest.approx(plans.N_LOSS_STEPS, rel=0.02)
    assert plan_of().loss_every == 1
    # Of 7 steps all are needed for 5 losses.
    assert plan_of(batch_size=8).loss_every == 1


def test_ranks_that_share_documents_have_the_steps_of_one_with_its_share():
    documents = [[0, 1, 2, 3] * 4] * 500
    alone = plan_of(documents, window=5)
    shared = plan_of(documents * 2, window=5, epochs=3, world_size=2)
    assert shared.layout == alone.layout
    assert shared.loss_every == alone.loss_every
    assert shared.n_steps == 3 * 8000 / shared.layout.step_length
    assert shared.n_merges == plans.number_of_merges(shared.n_steps, 2)
    # Of all steps of both ranks.
    assert shared.first_steps == int(plans.FIRST_SHARE * shared.n_steps * 2) > 0


def test_a_step_has_a_number_of_tokens_that_fits_in_64_bits():
    assert plan_of(batch_size=10**30).layout.step_length <= plans.MAX_BATCH


def test_counts_of_all_documents_decide_the_distributions():
    plan = plan_of(sample=1e-2, ns_exponent=0.5)
    counts = np.bincount(np.concatenate(DOCUMENTS).astype(int), minlength=N_WORDS)
    np.testing.assert_array_equal(
        plan.keep_probabilities, keep_probabilities(counts, 1e-2)
    )
    np.testing.assert_array_equal(
        plan.noise_probabilities, noise_probabilities(counts, 0.5)
    )


def test_a_rank_alone_has_no_merges_and_no_first_steps():
    plan = plan_of(DOCUMENTS * 1000)
    assert plan.n_merges == plan.first_steps == 0


@pytest.mark.parametrize(
    ("world_size", "expected"), [(2, 31), (4, 74), (8, 175), (64, 175)]
)
def test_merges_grow_with_the_root_of_all_steps_and_the_number_of_few_ranks(
    world_size, expected
):
    n_steps = 10_000 / world_size
    assert plans.number_of_merges(n_steps, world_size) == expected
    assert plans.number_of_merges(4 * n_steps, world_size) == pytest.approx(
        2 * expected, abs=2
    )


def test_merges_become_rarer_in_the_course_of_a_training():
    plan = plan_of(n_merges=100, n_steps=1000, epochs=4)
    epochs_read = np.array([0, 0.04, 1, 2.25, 4])
    assert plan.merges_due(epochs_read).tolist() == [0, 10, 50, 75, 100]


def test_a_rank_makes_at_least_a_step_between_merges():
    plan = plan_of(n_merges=1000, n_steps=10, epochs=1)
    assert plan.merges_due(np.array([0.09, 0.11, 0.95, 1])).tolist() == [0, 1, 9, 10]


def test_every_second_merge_has_twice_as_many_rows_and_so_on():
    plan = plan_of(fewest_rows=2)
    n_rows = [plan.rows_of_merge(number) for number in range(1, 9)]
    assert n_rows == [2, 4, 2, N_WORDS, 2, 4, 2, N_WORDS]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([9, 8, 7, 6, 5], 3),
        ([5, 5, 5, 5, 5], 3),
        ([5, 6, 7, 8, 9], 5),
        ([9, 1, 1, 8, 1, 1], 4),
        ([1, 1], 2),
    ],
)
def test_each_merge_has_the_rows_of_the_most_frequent_words(
    counts, expected, monkeypatch
):
    monkeypatch.setattr(plans, "WORDS_OF_EACH_MERGE", 3)
    assert plans.rows_of_frequent_words(np.array(counts)) == expected


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_a_rank_waits_for_merges_in_its_first_steps(world_size):
    plan = plan_of(DOCUMENTS * 100, world_size=world_size, epochs=2)
    n_waiting = plan.waiting_epochs / plan.epochs * plan.n_steps
    assert n_waiting == pytest.approx(plans.WAITING_STEPS)


def test_the_first_steps_are_few_and_a_small_share():
    assert plans.first_steps(1e6, world_size=2) == plans.FIRST_STEPS
    assert plans.first_steps(100, world_size=4) == 12
    assert plans.first_steps(1, world_size=2) == 0


def test_ranks_share_the_steps_of_an_epoch():
    alone, shared = plan_of(), plan_of(world_size=2)
    assert shared.layout.step_length == pytest.approx(
        alone.layout.step_length / 2, abs=16
    )


def test_the_extent_of_all_is_that_of_their_documents_together():
    documents = [*DOCUMENTS, [3] * 30]
    one = extent_of(*corpus_and_held_out(documents[:2], None), N_WORDS)
    other = extent_of(*corpus_and_held_out(documents[2:], [[0, 1]]), N_WORDS)
    together = extent_of(*corpus_and_held_out(documents, None), N_WORDS)
    for of_both, expected in zip(one.plus(other), together, strict=True):
        np.testing.assert_array_equal(of_both, expected)


def test_no_documents_have_no_extent():
    extent = extent_of(*corpus_and_held_out([[]], None), N_WORDS)
    assert extent.token_counts.tolist() == [0] * N_WORDS
    assert extent[1:] == (0, 0)
