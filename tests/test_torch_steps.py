"""What the steps of torch have for themselves: their batches, and Adam."""

import numpy as np
import pytest
import torch
from helpers import DOCUMENTS, N_WORDS, chunks_of, pairs_of, plan_of
from torch.nn.functional import logsigmoid

from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.threads import ONE_THREAD
from sklearn_w2v._skipgram.torch_steps import TorchSteps

SIZE = 5

LAYOUTS = pytest.mark.parametrize(
    "layout", [(1, 1, 2, 8), (4, 1, 2, 8), (1, 2, 3, 2), (3, 2, 3, 2), (2, 5, 1, 1)]
)


def plan_and_chunk(layout=(3, 1, 2, 8), documents=DOCUMENTS, **settings):
    # Each of these weights float32 holds exactly, and so `negative` / K.
    settings = {"window": 4, "negative": 3} | settings
    plan = plan_of(documents, layout=Layout(*layout, 6), **settings)
    (chunk,) = chunks_of(plan, documents)
    return plan, chunk


@pytest.fixture
def vectors():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, N_WORDS, SIZE, dtype=torch.float64, generator=generator)


def steps_of(plan, vectors):
    return TorchSteps(SkipGram(vectors, solver=plan.solver), plan, ONE_THREAD)


def loss_by_autograd(plan, chunk, vectors):
    words, losses = chunk.words.long(), []
    for token, context, weight in pairs_of(chunk, plan.pair_weights):
        center = vectors[0][words[token]]
        group = (token - chunk.reach) // chunk.layout.group_length
        noise = vectors[1][chunk.noise[group].long()]
        losses.append(-weight * logsigmoid(center @ vectors[1][words[context]]))
        of_noise = -logsigmoid(-(noise @ center)).sum()
        losses.append(weight * plan.negative / len(noise) * of_noise)
    return torch.stack(losses).sum()


@LAYOUTS
def test_gradients_equal_autograd(layout, vectors):
    plan, chunk = plan_and_chunk(layout, solver="sgd")
    chunk = chunk.steps(0, 1)
    moved = vectors.clone()
    loss = loss_by_autograd(plan, chunk, vectors.requires_grad_())
    loss.backward()
    # A step of plain gradient descent with rate 1 subtracts the gradient.
    found, _ = steps_of(plan, moved).train_chunk(chunk, [1.0], [True])
    torch.testing.assert_close(vectors.detach() - moved, vectors.grad)
    assert found == pytest.approx(loss.item(), rel=1e-6)


@LAYOUTS
def test_the_first_step_of_adam_goes_by_the_summed_gradient_of_a_row(layout, vectors):
    plan, chunk = plan_and_chunk(layout, solver="adam")
    chunk = chunk.steps(0, 1)
    moved = vectors.clone()
    loss_by_autograd(plan, chunk, vectors.requires_grad_()).backward()
    # Both moments, corrected for their bias, are the gradient's.
    gradient = vectors.grad.numpy()
    expected = vectors.detach().numpy() - 0.05 * gradient / (np.abs(gradient) + 1e-8)
    steps_of(plan, moved).train_chunk(chunk, [0.05], [False])
    np.testing.assert_allclose(moved, expected, rtol=1e-10)


def test_steps_of_adam_know_those_before(vectors):
    plan, chunk = plan_and_chunk((2, 1, 1, 4), solver="adam")
    expected = vectors.clone()
    mean, squares = torch.zeros_like(vectors), torch.zeros_like(vectors)
    for step in range(chunk.n_steps):
        some = chunk.steps(step, step + 1)
        moving = expected.clone().requires_grad_()
        loss_by_autograd(plan, some, moving).backward()
        rows = tuple(touched_rows(some))
        gradient = moving.grad[rows]
        mean[rows] = 0.9 * mean[rows] + 0.1 * gradient
        squares[rows] = 0.999 * squares[rows] + 0.001 * gradient**2
        # Kingma and Ba (2015), algorithm 1, for the rows of this step alone.
        of_mean, of_squares = 1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)
        scale = (squares[rows] / of_squares).sqrt() + 1e-8
        expected[rows] -= 0.01 * mean[rows] / of_mean / scale
    n_steps = chunk.n_steps
    steps_of(plan, vectors).train_chunk(chunk, [0.01] * n_steps, [False] * n_steps)
    torch.testing.assert_close(vectors, expected, rtol=1e-10, atol=1e-12)


def touched_rows(chunk):
    """The rows of both matrices that a step has gradients for, (2, n_touched)."""
    tokens = chunk.words[chunk.reach : chunk.reach + chunk.n_tokens].unique()
    contexts = torch.cat([chunk.words, chunk.noise.flatten()]).unique()
    matrix = torch.tensor([0, 1]).repeat_interleave(
        torch.tensor([len(tokens), len(contexts)])
    )
    return torch.stack([matrix, torch.cat([tokens, contexts])]).long()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_frozen_rows_stay(solver, vectors):
    plan, chunk = plan_and_chunk(solver=solver)
    steps, before = steps_of(plan, vectors), vectors.clone()
    steps.model.freeze(np.array([0, 3]))
    steps.train_chunk(chunk, [0.1] * chunk.n_steps, [False] * chunk.n_steps)
    assert torch.equal(vectors[:, [0, 3]], before[:, [0, 3]])
    assert (vectors[:, 1] != before[:, 1]).all()


@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_steps_of_another_layout_in_between_change_nothing(solver, vectors):
    plan, large = plan_and_chunk((4, 2, 3, 2), solver=solver)
    _, small = plan_and_chunk(solver=solver)
    large, small = large.steps(0, 1), small.steps(0, 1)
    again = vectors.clone()
    kept, fresh = steps_of(plan, vectors), steps_of(plan, again)
    for chunk in (large, small, large):
        kept.train_chunk(chunk, [0.05], [False])
        fresh.gradients = None
        fresh.workspaces.clear()
        fresh.train_chunk(chunk, [0.05], [False])
    torch.testing.assert_close(vectors, again, rtol=0, atol=0)


@pytest.mark.parametrize("parts_per_step", [1, 2, 3, 100])
def test_batches_are_the_steps_of_a_chunk(parts_per_step, vectors):
    plan, chunk = plan_and_chunk((parts_per_step, 1, 2, 8), DOCUMENTS * 9)
    batches = list(steps_of(plan, vectors).batches(chunk))
    assert len(batches) == chunk.n_steps
    for step, batch in enumerate(batches):
        of_step = chunk.steps(step, step + 1)
        assert len(batch.parts) == of_step.n_parts
        tokens = of_step.words[plan.reach : plan.reach + of_step.n_tokens].long()
        assert torch.equal(batch.centers, tokens)
        centers = torch.cat([part.centers for part in batch.parts])
        contexts = torch.cat([part.contexts for part in batch.parts])
        assert torch.equal(batch.centers, centers)
        assert torch.equal(batch.contexts, contexts)
        pairs = pairs_of(of_step, plan.pair_weights)
        assert batch.weight == pytest.approx(sum(weight for *_, weight in pairs))


@LAYOUTS
def test_contexts_of_a_part_are_its_surroundings_and_noise(layout, vectors):
    plan, chunk = plan_and_chunk(layout)
    length, n_groups = chunk.layout.part_length, chunk.layout.groups_per_part
    batches = steps_of(plan, vectors).batches(chunk)
    parts = [part for batch in batches for part in batch.parts]
    for place, part in enumerate(parts):
        begin = place * length
        around = chunk.words[begin : begin + length + 2 * plan.reach]
        noise = chunk.noise[place * n_groups :][:n_groups].flatten()
        assert torch.equal(part.contexts, torch.cat([around, noise]).long())


def test_noise_weighs_as_many_words_a_pair_as_asked(vectors):
    plan, chunk = plan_and_chunk(negative=7)
    for batch in steps_of(plan, vectors).batches(chunk):
        for part in batch.parts:
            pairs = part.weights.flatten(1).sum(0)
            torch.testing.assert_close(part.noise_weights.flatten() * 6, 7.0 * pairs)


def test_a_step_returns_its_loss_where_it_is_asked_for(vectors):
    plan, chunk = plan_and_chunk()
    steps = steps_of(plan, vectors)
    batch, *_ = steps.batches(chunk)
    expected = steps.batch_loss(batch)
    assert expected > 0
    assert steps.step(batch, 0.1, with_loss=True) == pytest.approx(expected, rel=1e-12)
    assert steps.step(batch, 0.1) == 0.0
