"""Steps of training, by torch and compiled, against plain loops and one another."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from helpers import (
    DOCUMENTS,
    N_WORDS,
    SIZE,
    chunks_of,
    pairs_of,
    plan_and_chunk,
    plan_of,
    random_vectors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps
from sklearn_w2v._skipgram.distributions import weights_by_distance
from sklearn_w2v._skipgram.library import empty_vectors, load_library
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.threads import ONE_THREAD, thread_pool
from sklearn_w2v._skipgram.torch_steps import TorchSteps

#: How exactly vectors of length about 1 have to agree.
TOLERANCES = {
    torch.float64: {"rtol": 1e-10, "atol": 0},
    torch.float32: {"rtol": 1e-5, "atol": 1e-6},
}


def width(numbers):
    """A case of the compiled steps, with vectors of so many numbers."""
    library = load_library()
    reason = ""
    if library is None:
        reason = "the compiled steps were not built"
    elif numbers > library.simd_width():
        reason = f"this CPU has no vectors of {numbers} numbers"
    skip = pytest.mark.skipif(bool(reason), reason=reason)
    return pytest.param(numbers, marks=skip, id=f"compiled-{numbers}")


WIDTHS = [width(4), width(8), width(16)]


@pytest.fixture(params=[pytest.param(None, id="torch"), *WIDTHS])
def begin(request):
    """Return a function that returns a model and its steps."""

    def begin(plan, vectors, threads=ONE_THREAD):
        if request.param is None:
            model = SkipGram(vectors.double().clone(), solver=plan.solver)
            return model, TorchSteps(model, plan, threads)
        model = SkipGram(empty_vectors(*vectors.shape[1:]), solver=plan.solver)
        model.vectors.copy_(vectors)
        return model, CompiledSteps(model, plan, threads, request.param)

    return begin


def assert_equal_to(expected, tensor):
    """A tensor holds these numbers, as exactly as its type can."""
    torch.testing.assert_close(
        tensor, torch.as_tensor(expected).to(tensor.dtype), **TOLERANCES[tensor.dtype]
    )


class Loop:
    """Training as it is meant, pair by pair."""

    def __init__(self, plan, vectors):
        self.plan = plan
        self.vectors = vectors.numpy().copy()
        self.squares = np.full(self.vectors.shape[:2], 0.1 * self.vectors.shape[2])
        self.frozen = ()

    def scored(self, chunk):
        """Yield the center, the context, the label and the weight of every pair.

        A center and a context are tuples that begin with a row. All pairs with the same
        tuple share one gradient: those of a token for its center, those of a part for a
        context, and those of a group for a noise word.
        """
        words, layout = chunk.words.tolist(), chunk.layout
        for token, context, weight in pairs_of(chunk, self.plan.pair_weights):
            place = token - chunk.reach
            center = words[token], token
            part = place // layout.part_length
            yield center, (words[context], part, context), 1, weight
            group = place // layout.group_length
            noise_weight = weight * self.plan.negative / layout.n_noise
            for k, word in enumerate(chunk.noise[group].tolist()):
                yield center, (word, group, k, "noise"), 0, noise_weight

    def gradients(self, chunk):
        """The loss, the weight of all pairs, and the gradients of both matrices."""
        loss = total = 0.0
        gradients = [defaultdict(float) for _ in range(2)]
        for center, context, label, weight in self.scored(chunk):
            vectors = self.vectors[0][center[0]], self.vectors[1][context[0]]
            score = float(vectors[0] @ vectors[1])
            probability = 1 / (1 + math.exp(-score))
            loss -= weight * math.log(probability if label else 1 - probability)
            total += weight * label
            error = weight * (probability - label)
            gradients[0][center] += error * vectors[1]
            gradients[1][context] += error * vectors[0]
        return loss, total, gradients

    def step(self, chunk, rate):
        loss, total, gradients = self.gradients(chunk)
        for matrix, squares, of_matrix in zip(
            self.vectors, self.squares, gradients, strict=True
        ):
            moving = [
                (row, gradient)
                for (row, *_), gradient in of_matrix.items()
                if row not in self.frozen
            ]
            for row, gradient in moving:
                squares[row] += np.sum(gradient**2)
            for row, gradient in moving:
                length = 1.0
                if self.plan.solver == "adagrad":
                    length = 1 / math.sqrt(squares[row] / len(gradient))
                matrix[row] -= rate * length * gradient
        return loss, total


LAYOUTS = pytest.mark.parametrize(
    "layout",
    [
        (1, 1, 2, 8, 6),
        (4, 1, 2, 8, 6),
        (1, 2, 3, 2, 6),
        (3, 2, 3, 2, 6),
        (2, 5, 1, 1, 6),
        (1, 1, 1, 64, 24),
        (2, 1, 2, 20, 3),
        (100, 1, 2, 8, 6),  # more parts than there are
    ],
)


@LAYOUTS
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_steps_equal_a_plain_loop_over_pairs(begin, solver, layout, vectors):
    plan, chunk = plan_and_chunk(layout, solver=solver)
    model, steps = begin(plan, vectors)
    loop = Loop(plan, vectors)
    rates = [0.05 / (1 + step) for step in range(chunk.n_steps)]
    for step, rate in enumerate(rates):
        loop.step(chunk.steps(step, step + 1), rate)
    assert steps.train_chunk(chunk, rates, [False] * chunk.n_steps) == (0.0, 0.0)
    assert_equal_to(loop.vectors, model.vectors)
    if solver == "adagrad":
        assert_equal_to(loop.squares, model.solver_state["sum_of_squares"])


@LAYOUTS
def test_gradients_equal_a_plain_loop_over_pairs(begin, layout, vectors):
    plan, chunk = plan_and_chunk(layout, solver="sgd")
    chunk = chunk.steps(0, 1)
    _, _, gradients = Loop(plan, vectors).gradients(chunk)
    expected = np.zeros(vectors.shape)
    for matrix, of_matrix in zip(expected, gradients, strict=True):
        for (row, *_), gradient in of_matrix.items():
            matrix[row] += gradient
    model, steps = begin(plan, vectors)
    # A step of plain gradient descent with rate 1 subtracts the gradient.
    steps.train_chunk(chunk, [1.0], [False])
    moved = model.vectors.double()
    tolerance = {"rtol": 1e-9, "atol": 1e-12}
    if model.vectors.dtype == torch.float32:
        tolerance = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(vectors - moved, expected, **tolerance)


@LAYOUTS
def test_the_loss_equals_a_plain_loop_over_pairs(begin, layout, vectors):
    plan, chunk = plan_and_chunk(layout)
    loss, weight, _ = Loop(plan, vectors).gradients(chunk)
    _, steps = begin(plan, vectors)
    assert steps.chunk_loss(chunk) == pytest.approx((loss, weight), rel=1e-6)


def test_the_loss_of_steps_is_that_before_each_step_that_has_it(begin, vectors):
    plan, chunk = plan_and_chunk((1, 1, 1, 4, 6))
    n_steps = chunk.n_steps
    with_loss = [step % 3 == 1 for step in range(n_steps)]
    loop = Loop(plan, vectors)
    expected = np.zeros(2)
    for step, has_loss in enumerate(with_loss):
        expected += np.array(loop.step(chunk.steps(step, step + 1), 0.1)) * has_loss
    _, steps = begin(plan, vectors)
    found = steps.train_chunk(chunk, [0.1] * n_steps, with_loss)
    assert found == pytest.approx(tuple(expected), rel=1e-6)


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_asking_for_the_loss_changes_no_bit(begin, solver, vectors):
    plan, chunk = plan_and_chunk(solver=solver)
    n_steps, results = chunk.n_steps, []
    for has_loss in (False, True):
        model, steps = begin(plan, vectors)
        loss, _ = steps.train_chunk(chunk, [0.1] * n_steps, [has_loss] * n_steps)
        assert bool(loss) == has_loss
        results.append(model.vectors)
    assert torch.equal(*results)


def test_the_loss_alone_changes_nothing(begin, vectors):
    plan, chunk = plan_and_chunk()
    model, steps = begin(plan, vectors)
    before = model.vectors.clone()
    squares = model.solver_state["sum_of_squares"].clone()
    for _ in range(2):
        steps.chunk_loss(chunk)
    assert torch.equal(model.vectors, before)
    assert torch.equal(model.solver_state["sum_of_squares"], squares)


def test_the_loss_of_zero_vectors_is_one_bit_for_each_score(begin):
    plan, chunk = plan_and_chunk(negative=7)
    _, steps = begin(plan, torch.zeros(2, N_WORDS, SIZE))
    loss, weight = steps.chunk_loss(chunk)
    assert loss / weight == pytest.approx(8 * math.log(2), rel=1e-6)


def test_the_first_loss_of_a_fit_is_that_of_zero_vectors():
    # All scores are 0 before the first step, which here is the whole epoch.
    texts = ["one two three four five"] * 3
    vectorizer = Word2VecVectorizer(
        min_count=1, sample=None, negative=7, epochs=1, batch_size=1000
    )
    assert vectorizer.fit(texts).loss_curve_ == [pytest.approx(8 * math.log(2))]


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_frozen_rows_stay_and_others_move_as_if_they_were_free(begin, solver, vectors):
    plan, chunk = plan_and_chunk(solver=solver)
    frozen, n_steps = [0, 3], chunk.n_steps
    loop = Loop(plan, vectors)
    loop.frozen = frozen
    model, steps = begin(plan, vectors)
    model.freeze(np.array(frozen))
    before = model.vectors.clone()
    for step in range(n_steps):
        loop.step(chunk.steps(step, step + 1), 0.1)
    steps.train_chunk(chunk, [0.1] * n_steps, [False] * n_steps)
    assert_equal_to(loop.vectors, model.vectors)
    assert torch.equal(model.vectors[:, frozen], before[:, frozen])
    if solver == "adagrad":
        assert_equal_to(loop.squares, model.solver_state["sum_of_squares"])


def test_steps_of_other_sizes_in_between_change_nothing(begin, vectors):
    plan, chunk = plan_and_chunk((4, 2, 3, 2, 6), solver="sgd")
    assert chunk.n_parts % 4  # the last step has fewer parts
    n_steps = chunk.n_steps
    model, steps = begin(plan, vectors)
    order = [n_steps - 1, 0, n_steps - 1, *range(n_steps)]
    for step in order:
        steps.train_chunk(chunk.steps(step, step + 1), [0.05], [False])
    again = begin(plan, vectors)[0]
    for step in order:
        fresh, steps = begin(plan, again.vectors)
        steps.train_chunk(chunk.steps(step, step + 1), [0.05], [False])
        again = fresh
    assert torch.equal(model.vectors, again.vectors)


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_a_whole_chunk_has_the_same_bits_as_its_steps_one_by_one(
    begin, solver, vectors
):
    plan, chunk = plan_and_chunk((2, 1, 1, 8, 6), solver=solver)
    rates = np.linspace(0.1, 0.01, chunk.n_steps)
    whole, steps = begin(plan, vectors)
    steps.train_chunk(chunk, rates, [False] * chunk.n_steps)
    single, steps = begin(plan, vectors)
    for step, rate in enumerate(rates):
        steps.train_chunk(chunk.steps(step, step + 1), [rate], [False])
    assert torch.equal(whole.vectors, single.vectors)


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_a_chunk_without_tokens_does_nothing(begin, solver, vectors):
    plan, chunk = plan_and_chunk(solver=solver, keep_probabilities=np.zeros(N_WORDS))
    assert chunk.n_steps == 0
    model, steps = begin(plan, vectors)
    before = model.vectors.clone()
    assert steps.train_chunk(chunk, [], []) == (0.0, 0.0)
    assert steps.chunk_loss(chunk) == (0.0, 0.0)
    assert torch.equal(model.vectors, before)


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_documents_of_one_token_train_nothing(begin, solver, vectors):
    documents = [[word] for word in range(N_WORDS)] * 5
    plan, chunk = plan_and_chunk(documents=documents, solver=solver)
    model, steps = begin(plan, vectors)
    before = model.vectors.clone()
    n_steps = chunk.n_steps
    assert steps.train_chunk(chunk, [0.5] * n_steps, [True] * n_steps) == (0.0, 0.0)
    assert torch.equal(model.vectors, before)
    for state in model.solver_state.values():
        assert (state == torch.tensor(0.1 * SIZE, dtype=state.dtype)).all()


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_scores_of_any_size_have_a_loss_and_gradients(begin, solver):
    # Vectors of length 100 that are parallel or opposite: scores of 10,000 and -10,000.
    signs = torch.tensor([1.0, -1, 1, -1, 1, 1, -1])
    vectors = (signs[:, None] * 100 / SIZE**0.5).expand(2, N_WORDS, SIZE)
    plan, chunk = plan_and_chunk(solver=solver)
    # log(1 + exp(score)) is the score or 0.
    loss = sum(
        weight * 1e4 * (label == (signs[center] * signs[context] < 0).item())
        for (center, _), (context, *_), label, weight in Loop(plan, vectors).scored(
            chunk
        )
    )
    model, steps = begin(plan, vectors)
    found, _ = steps.chunk_loss(chunk)
    assert found == pytest.approx(loss, rel=1e-5)
    reference = SkipGram(vectors.double().clone(), solver=solver)
    for each in (steps, TorchSteps(reference, plan, ONE_THREAD)):
        each.train_chunk(chunk, [0.1] * chunk.n_steps, [True] * chunk.n_steps)
    assert torch.isfinite(model.vectors).all()
    torch.testing.assert_close(
        model.vectors.double(), reference.vectors, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
@pytest.mark.parametrize("layout", [(1, 1, 1, 8, 6), (3, 1, 1, 8, 6), (16, 1, 1, 4, 6)])
def test_any_number_of_threads_gives_the_same_bits(begin, layout, solver, vectors):
    plan, chunk = plan_and_chunk(layout, DOCUMENTS * 3, solver=solver)
    n_steps, results = chunk.n_steps, []
    with_loss = [step % 2 == 0 for step in range(n_steps)]
    for n_threads in (1, 2, 3, 5, 8, 16):
        with thread_pool(n_threads) as threads:
            model, steps = begin(plan, vectors, threads)
            loss = steps.train_chunk(chunk, [0.1] * n_steps, with_loss)
            results.append((loss, steps.chunk_loss(chunk), model))
    expected_loss, expected_after, expected = results[0]
    for loss, after, model in results[1:]:
        assert (loss, after) == (expected_loss, expected_after)
        assert torch.equal(model.vectors, expected.vectors)
        for name, state in model.solver_state.items():
            assert torch.equal(state, expected.solver_state[name])


# --- compiled steps against torch's


@st.composite
def trainings(draw):
    """A plan, a chunk, vectors, frozen words, and whether each step has the loss."""
    n_words = draw(st.integers(1, 60))
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, 50), min_size=1, max_size=12))
    documents = [random.randint(n_words, size=length).tolist() for length in lengths]
    layout = Layout(
        parts_per_step=draw(st.integers(1, 5)),
        groups_per_part=draw(st.integers(1, 4)),
        blocks_per_group=draw(st.integers(1, 4)),
        block_length=draw(st.integers(1, 20)),
        n_noise=draw(st.sampled_from([1, 6]) | st.integers(8, 64)),
    )
    size = draw(st.integers(1, 20) | st.sampled_from([100, 300]))
    reach = draw(st.integers(1, 30))
    plan = plan_of(
        documents,
        n_words=n_words,
        vector_size=size,
        layout=layout,
        # Of windows that may be wider than any document.
        pair_weights=weights_by_distance(reach, draw(st.booleans()), longest=1000),
        negative=draw(st.integers(1, 20)),
        solver=draw(st.sampled_from(["adagrad", "sgd"])),
        ns_exponent=draw(st.sampled_from([0, 0.75])),
        keep_probabilities=np.full(n_words, draw(st.sampled_from([1, 0.5]))),
    )
    (chunk,) = chunks_of(plan, documents, seed=random.randint(100))
    vectors = random_vectors(n_words, size, seed=random.randint(100)).float()
    frozen = np.flatnonzero(random.rand(n_words) < draw(st.sampled_from([0, 0.3, 1])))
    with_loss = random.rand(chunk.n_steps) < draw(st.sampled_from([0, 0.5, 1]))
    return plan, chunk, vectors, frozen, with_loss


# A sum over thousands of pairs and noise words keeps 4 of the 7 digits of float32. If
# large summands nearly cancel, it is exact to as many digits of theirs.
@pytest.mark.parametrize("numbers", WIDTHS)
@settings(max_examples=settings().max_examples // 4)
@given(training=trainings(), n_threads=st.sampled_from([1, 2, 3, 5, 8, 16]))
def test_compiled_steps_are_those_of_torch(training, n_threads, numbers):
    plan, chunk, vectors, frozen, with_loss = training
    rates = np.linspace(0.1, 0.05, chunk.n_steps)

    def begin(memory):
        model = SkipGram(memory, solver=plan.solver)
        model.vectors.copy_(vectors)
        model.freeze(frozen)
        return model

    expected = begin(vectors.double())
    found, in_one_go = (
        begin(empty_vectors(plan.n_words, plan.vector_size)) for _ in range(2)
    )
    of_torch = TorchSteps(expected, plan, ONE_THREAD)
    compiled = CompiledSteps(found, plan, ONE_THREAD, numbers)
    results = [(0.0, 0.0)]
    for step, (rate, has_loss) in enumerate(zip(rates, with_loss, strict=True)):
        # Where learning rates are high, small differences grow from step to step.
        expected.vectors.copy_(found.vectors)
        for name, state in found.solver_state.items():
            expected.solver_state[name].copy_(state)
        of_step = chunk.steps(step, step + 1)
        assert compiled.chunk_loss(of_step) == pytest.approx(
            of_torch.chunk_loss(of_step), rel=1e-5
        )
        results.append(compiled.train_chunk(of_step, [rate], [has_loss]))
        loss = of_torch.train_chunk(of_step, [rate], [has_loss])
        assert results[-1] == pytest.approx(loss, rel=1e-5)
        # Where the summands of a gradient nearly cancel, few of its digits are exact.
        largest = max(1.0, expected.vectors.abs().max().item())
        close = {"rtol": 1e-4, "atol": 1e-5 * largest}
        torch.testing.assert_close(found.vectors.double(), expected.vectors, **close)
        for name, state in expected.solver_state.items():
            torch.testing.assert_close(
                found.solver_state[name].double(), state, **close
            )
        if largest > 10:  # plain gradient descent may diverge
            break

    assert torch.equal(found.vectors[:, frozen], vectors[:, frozen])
    n_steps = len(results) - 1
    with thread_pool(n_threads) as threads:
        steps = CompiledSteps(in_one_go, plan, threads, numbers)
        loss = steps.train_chunk(
            chunk.steps(0, n_steps), rates[:n_steps], with_loss[:n_steps]
        )
    assert loss == pytest.approx(tuple(np.sum(results, axis=0)))
    assert torch.equal(in_one_go.vectors, found.vectors)
    for name, state in found.solver_state.items():
        assert torch.equal(in_one_go.solver_state[name], state)
    # The padding of the rows in memory stays 0.
    memory = found.vectors
    whole = memory.as_strided((memory.untyped_storage().nbytes() // 4,), (1,))
    assert whole.count_nonzero() == memory.count_nonzero()
