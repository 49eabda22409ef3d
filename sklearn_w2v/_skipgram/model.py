"""The model of skip-gram with negative sampling, and a step of its training.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2. The pairs of a batch (see `sampler.py`) are trained all
at once, by small matrix products and without autograd:

    centers    (B, L, d)   centre vectors of the tokens of B blocks
    contexts   (B, P, d)   P = L + 2 * reach context vectors: those of the block and its
                           surroundings, as far as a window can reach
    scores     (B, P, L)   contexts @ centers^T; most belong to no pair and get weight
                           0, which is cheaper than picking out the others

    centers    (G, T, d)   the same vectors, in G groups
    noise      (G, K, d)   context vectors of the noise words
    scores     (G, T, K)   centers @ noise^T
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from sklearn_w2v._skipgram.plan import SolverName
from sklearn_w2v._skipgram.sampler import Batch
from sklearn_w2v._skipgram.solvers import SOLVERS, Solver
from sklearn_w2v._skipgram.state import KnownVectors


class ModelState(NamedTuple):
    """All that a model has learned; the model's own tensors, not copies."""

    vectors: Tensor  # (2, n_words, d): the centre matrix and the context matrix
    solver_state: dict[str, Tensor]  # each (2, n_words)


class SkipGram:
    """The two matrices, and one step of training on them.

    Parameters
    ----------
    vectors : Tensor of shape (2, n_words, vector_size)
        The centre matrix and the context matrix; changed in place.
    solver : str
        How gradients change them.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName) -> None:
        self.vectors = vectors
        # One matrix for both, so that a step gathers, and adds to rows, only once.
        self.rows = vectors.flatten(0, 1)  # (2 * n_words, d)
        self.solver: Solver = SOLVERS[solver](self.rows)
        self.workspace: Workspace | None = None
        self.trainable: Tensor | None = None  # (2 * n_words,): 0 in rows that stay

    def set_known(self, known: KnownVectors) -> None:
        """Let words begin at known vectors, with what is known of their solver."""
        centers, contexts = self.vectors.numpy()
        centers[known.rows], contexts[known.rows] = known.centers, known.contexts
        for name, state in self.state().solver_state.items():
            if name in known.solver_state:
                state.numpy()[:, known.rows] = known.solver_state[name]

    def freeze(self, rows: NDArray[np.int64]) -> None:
        """Leave the vectors of these words as they are."""
        if len(rows):
            trainable = self.rows.new_ones(2, self.vectors.shape[1])
            trainable[:, torch.from_numpy(rows)] = 0
            self.trainable = trainable.flatten()

    def state(self) -> ModelState:
        """Return what the model has learned until now."""
        solver_state = {
            name: tensor.view(2, -1) for name, tensor in self.solver.state.items()
        }
        return ModelState(self.vectors, solver_state)

    def loss(self, batch: Batch) -> float:
        """Return the batch's summed loss."""
        return self._loss(self._score(batch), batch)

    def step(
        self, batch: Batch, learning_rate: float, *, with_loss: bool = False
    ) -> float:
        """Move both matrices against the gradient of the batch's summed loss.

        Returns the loss before the step, or 0.0 if it is not asked for.
        """
        work = self._score(batch)
        loss = self._loss(work, batch) if with_loss else 0.0
        work.all_scores.sigmoid_()
        errors = work.scores.mul_(work.weights)
        noise_errors = work.noise_scores.mul_(batch.noise_weights)

        _product(noise_errors, work.noise, out=work.grouped_center_gradients)
        work.center_gradients.baddbmm_(errors.mT, work.contexts, alpha=-1)
        _product(noise_errors.mT, work.grouped_centers, out=work.noise_gradients)
        _product(
            work.errors_in_block, work.centers, out=work.context_gradients, factor=-1
        )
        _product(work.errors_behind, work.centers, out=work.gradients_behind, factor=-1)
        work.last_context_gradients.zero_()
        for context_gradients, portion in work.overlaps:
            context_gradients.add_(portion)
        if self.trainable is not None:
            work.gradients.mul_(self.trainable.index_select(0, batch.rows)[:, None])
        self.solver.step(batch.rows, work.gradients, learning_rate)
        return loss

    def _score(self, batch: Batch) -> "Workspace":
        """Gather the batch's vectors and multiply them."""
        if self.workspace is None or not self.workspace.fits(batch):
            self.workspace = Workspace(batch, self.rows)
        work = self.workspace
        torch.index_select(self.rows, 0, batch.rows, out=work.vectors)
        work.band.copy_(batch.weights)

        # The scores of pairs get the opposite sign: their sigmoid is then the error.
        _product(work.contexts, work.centers.mT, out=work.scores, factor=-1)
        # On some processors the product takes three times as long without this copy.
        work.noise_transposed.copy_(work.noise.mT)
        _product(work.grouped_centers, work.noise_transposed, out=work.noise_scores)
        return work

    @staticmethod
    def _loss(work: "Workspace", batch: Batch) -> float:
        loss = exact_sum(softplus(work.scores).mul_(work.weights))
        noise_loss = softplus(work.noise_scores).mul_(batch.noise_weights)
        return loss + exact_sum(noise_loss)


class Workspace:
    """The matrices of a step, kept for the next one.

    Fresh memory would come from the system page by page, and making a view takes as
    long as a small product.
    """

    def __init__(self, batch: Batch, matrix: Tensor) -> None:
        self.shapes = [part.shape for part in batch]
        d, n_rows = matrix.shape[1], len(batch.rows)
        n_offsets, B, L = batch.weights.shape
        G, T, _ = batch.noise_weights.shape
        n_around = n_offsets - 1
        P, K = L + n_around, batch.parts[2] // G

        self.vectors = matrix.new_empty(n_rows, d)
        centers, contexts, noise = self.vectors.split(batch.parts)
        self.centers = centers.view(B, L, d)
        self.grouped_centers = centers.view(G, T, d)
        # A block's contexts begin L rows after those of the block before: they overlap.
        self.contexts = contexts.unfold(0, P, L).mT  # (B, P, d)
        self.noise = noise.view(G, K, d)
        self.noise_transposed = matrix.new_empty(G, d, K)

        self.all_scores = matrix.new_empty(B * P * L + G * T * K)
        scores, noise_scores = self.all_scores.split([B * P * L, G * T * K])
        self.scores = scores.view(B, P, L)
        self.noise_scores = noise_scores.view(G, T, K)
        # Errors take the place of the scores.
        self.errors_in_block, self.errors_behind = self.scores.split([L, n_around], 1)
        # Token i of a block meets contexts i ... i + 2 * reach: a band along the
        # diagonal. The rest stays 0.
        self.weights = matrix.new_zeros(B, P, L)
        self.band = self.weights.as_strided((n_offsets, B, L), (L, P * L, L + 1))

        self.gradients = matrix.new_empty(n_rows, d)
        of_centers, of_contexts, of_noise = self.gradients.split(batch.parts)
        self.center_gradients = of_centers.view(B, L, d)
        self.grouped_center_gradients = of_centers.view(G, T, d)
        self.noise_gradients = of_noise.view(G, K, d)
        # Products cannot write to rows that overlap. The first L contexts of a block
        # are no other's first: they get theirs at once. Those behind follow, in
        # portions of at most L rows, which do not overlap either.
        self.context_gradients = of_contexts[: G * T].view(B, L, d)
        self.last_context_gradients = of_contexts[G * T :]
        self.gradients_behind = matrix.new_empty(B, n_around, d)
        self.overlaps = [
            (of_contexts[begin:].unfold(0, portion.shape[1], L).mT[:B], portion)
            for begin, portion in zip(
                range(L, P, L), self.gradients_behind.split(L, dim=1), strict=True
            )
        ]

    def fits(self, batch: Batch) -> bool:
        """Return whether this batch has the shapes of the one before."""
        return [part.shape for part in batch] == self.shapes


def exact_sum(losses: Tensor) -> float:
    """Sum in float64, by numpy: the last bits of torch's sum depend on its threads."""
    return float(losses.numpy().sum(dtype=np.float64))


def _product(first: Tensor, second: Tensor, *, out: Tensor, factor: float = 1) -> None:
    torch.baddbmm(out, first, second, beta=0, alpha=factor, out=out)
