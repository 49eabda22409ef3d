"""Adam, which only the torch steps have, and steps whose layouts alternate."""

import numpy as np
import pytest
import torch
from helpers import pairs_of, plan_and_chunk
from torch.nn.functional import logsigmoid

from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.threads import ONE_THREAD
from sklearn_w2v._skipgram.torch_steps import TorchSteps


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


@pytest.mark.parametrize(
    "layout",
    [
        (1, 1, 2, 8, 6),
        (4, 1, 2, 8, 6),
        *[(n, 2, 3, 2, 6) for n in (1, 3)],
        (2, 5, 1, 1, 6),
    ],
)
def test_the_first_step_of_adam_uses_the_summed_gradient_of_a_row(layout, vectors):
    plan, chunk = plan_and_chunk(layout, solver="adam")
    chunk = chunk.steps(0, 1)
    moved = vectors.clone()
    loss_by_autograd(plan, chunk, vectors.requires_grad_()).backward()
    # Both moments, corrected for their bias, are the gradient's.
    gradient = vectors.grad.numpy()
    expected = vectors.detach().numpy() - 0.05 * gradient / (np.abs(gradient) + 1e-8)
    steps_of(plan, moved).train_chunk(chunk, [0.05], [False])
    np.testing.assert_allclose(moved, expected, rtol=1e-10)


def test_steps_of_adam_use_the_moments_of_those_before(vectors):
    plan, chunk = plan_and_chunk((2, 1, 1, 4, 6), solver="adam")
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


@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_steps_of_another_layout_in_between_change_nothing(solver, vectors):
    plan, large = plan_and_chunk((4, 2, 3, 2, 6), solver=solver)
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
