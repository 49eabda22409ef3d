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

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from sklearn_w2v._skipgram.plan import SolverName
from sklearn_w2v._skipgram.sampler import Batch, Part, exact_sum
from sklearn_w2v._skipgram.solvers import SOLVERS, Rate, Solver
from sklearn_w2v._skipgram.state import KnownVectors
from sklearn_w2v._skipgram.threads import ALONE, Team


class ModelState(NamedTuple):
    """All that a model has learned; its own matrices, not copies."""

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
    team : Team
        Who shares the work of a step. The result does not depend on how many they are:
        a part of a batch is one thread's, and so are the gradients of a matrix.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName, team: Team) -> None:
        self.vectors = vectors
        self.matrices = list(vectors)  # each (n_words, d)
        self.solvers: list[Solver] = [SOLVERS[solver](one) for one in self.matrices]
        self.team = team
        self.trainable: Tensor | None = None  # (n_words,): 0 in rows that stay
        self.gradients: Gradients | None = None
        self.workspaces: dict[int, Workspace] = {}  # of each member of the team

    def set_known(self, known: KnownVectors) -> None:
        """Let words begin at known vectors, with what is known of their solver."""
        device = self.vectors.device
        rows: Tensor | slice
        if isinstance(known.rows, slice):
            rows = known.rows
        else:
            rows = _upload(known.rows, device)
        for place, vectors in enumerate((known.centers, known.contexts)):
            self.matrices[place][rows] = _upload(vectors, device)
        for place, solver in enumerate(self.solvers):
            for name in solver.state.keys() & known.solver_state.keys():
                values = known.solver_state[name][place]  # (n_known,)
                solver.state[name][rows] = _upload(values, device)

    def freeze(self, rows: NDArray[np.int64]) -> None:
        """Leave the vectors of these words as they are."""
        if len(rows):
            self.trainable = self.vectors.new_ones(self.vectors.shape[1])
            self.trainable[_upload(rows, self.vectors.device)] = 0

    def state(self) -> ModelState:
        """Return what the model has learned until now."""
        of_centers, of_contexts = (solver.state for solver in self.solvers)
        solver_state = {
            name: torch.stack([state, of_contexts[name]])
            for name, state in of_centers.items()
        }
        return ModelState(self.vectors, solver_state)

    def catch_up(self) -> None:
        """Make the steps that wait for others, if there are any."""

    def loss(self, batch: Batch) -> float:
        """Return the batch's summed loss."""
        self._prepare(batch)
        losses = [0.0] * len(batch.parts)

        def score(place: int) -> None:
            workspace = self._workspace(batch.parts[place])
            workspace.score(batch.parts[place], *self.matrices)
            losses[place] = workspace.loss()

        self.team.run([partial(score, place) for place in range(len(losses))])
        return sum(losses)

    def step(
        self, batch: Batch, learning_rate: Rate, *, with_loss: bool = False
    ) -> float:
        """Move both matrices against the gradient of the batch's summed loss.

        Returns the loss before the step, or 0.0 if it is not asked for.
        """
        gradients = self._prepare(batch)
        losses = [0.0] * len(batch.parts)

        def differentiate(place: int) -> None:
            workspace = self._workspace(batch.parts[place])
            workspace.score(batch.parts[place], *self.matrices)
            if with_loss:
                losses[place] = workspace.loss()
            workspace.differentiate(gradients.parts[place])

        def descend(place: int) -> None:
            rows = (batch.centers, batch.contexts)[place]
            of_rows = gradients.matrices[place][: len(rows)]
            if self.trainable is not None:
                of_rows *= self.trainable.index_select(0, rows)[:, None]
            self.solvers[place].step(rows, of_rows, learning_rate)

        team = self.team if len(losses) >= self.team.least_parts else ALONE
        team.run([partial(differentiate, place) for place in range(len(losses))])
        team.run([partial(descend, 0), partial(descend, 1)])
        return sum(losses)

    def _workspace(self, part: Part) -> "Workspace":
        """Return the workspace of whoever is at work."""
        worker = self.team.worker()
        if worker not in self.workspaces:
            self.workspaces[worker] = Workspace(part, self.vectors)
        return self.workspaces[worker]

    def _prepare(self, batch: Batch) -> "Gradients":
        """Return the memory for the batch's gradients: that of the last, if it fits."""
        if self.gradients is None or not self.gradients.fit(batch):
            self.gradients = Gradients(batch, self.vectors)
            self.workspaces.clear()
        return self.gradients


class Gradients:
    """The gradients of the rows of a step, kept for the next one.

    Fresh memory would come from the system page by page, and making a view takes as
    long as a small product.
    """

    def __init__(self, batch: Batch, vectors: Tensor) -> None:
        self.shapes = [tensor.shape for tensor in batch.parts[0]]
        # Of centres; and of contexts and noise words: each (P * n_rows, d).
        self.matrices = [
            vectors.new_empty(len(rows), vectors.shape[2])
            for rows in (batch.centers, batch.contexts)
        ]
        of_parts = (matrix.chunk(len(batch.parts)) for matrix in self.matrices)
        self.parts = [
            PartGradients(batch.parts[0], *pair) for pair in zip(*of_parts, strict=True)
        ]

    def fit(self, batch: Batch) -> bool:
        """Return whether there is room for the parts of this batch, of their shape."""
        shapes = [tensor.shape for tensor in batch.parts[0]]
        return len(batch.parts) <= len(self.parts) and shapes == self.shapes

    def is_filled_by(self, batch: Batch) -> bool:
        """Return whether this batch leaves no room."""
        return self.fit(batch) and len(batch.parts) == len(self.parts)


class PartGradients:
    """Views of the gradients of a part of a step.

    Parameters
    ----------
    part : Part
        One of the shape of all parts.
    of_centers, of_contexts : Tensor
        (G * T, d) and (G * T + 2 * reach + G * K, d).
    """

    def __init__(self, part: Part, of_centers: Tensor, of_contexts: Tensor) -> None:
        B, L, P, G, T, K, n_around = _sizes_of(part)
        of_noise = of_contexts[G * T + n_around :]
        of_contexts = of_contexts[: G * T + n_around]
        self.centers = of_centers.view(B, L, -1)
        self.grouped_centers = of_centers.view(G, T, -1)
        self.noise = of_noise.view(G, K, -1)
        # Products cannot write to rows that overlap. The first L contexts of a block
        # are no other's first: they get theirs at once. Those behind follow, in
        # portions of at most L rows, which do not overlap either.
        self.contexts = of_contexts[: G * T].view(B, L, -1)
        self.last_contexts = of_contexts[G * T :]
        self.behind = [
            of_contexts[begin:].unfold(0, min(L, P - begin), L).mT[:B]
            for begin in range(L, P, L)
        ]


class Workspace:
    """The matrices of one thread at work on a part, kept for the next one."""

    def __init__(self, part: Part, vectors: Tensor) -> None:
        B, L, P, G, T, K, n_around = _sizes_of(part)
        d = vectors.shape[2]
        self.center_rows = vectors.new_empty(G * T, d)
        self.context_rows = vectors.new_empty(G * T + n_around + G * K, d)
        self.centers = self.center_rows.view(B, L, d)
        self.grouped_centers = self.center_rows.view(G, T, d)
        around, noise = self.context_rows.tensor_split([G * T + n_around])
        # A block's contexts begin L rows after those of the block before: they overlap.
        self.contexts = around.unfold(0, P, L).mT  # (B, P, d)
        self.noise = noise.view(G, K, d)
        self.noise_transposed = vectors.new_empty(G, d, K)

        self.all_scores = vectors.new_empty(B * P * L + G * T * K)
        scores, noise_scores = self.all_scores.split([B * P * L, G * T * K])
        self.scores = scores.view(B, P, L)
        self.noise_scores = noise_scores.view(G, T, K)
        # Errors take the place of the scores.
        self.errors_in_block, self.errors_behind = self.scores.split([L, n_around], 1)
        # Token i of a block meets contexts i ... i + 2 * reach: a band along the
        # diagonal. The rest stays 0.
        self.weights = vectors.new_zeros(B, P, L)
        self.band = self.weights.as_strided((n_around + 1, B, L), (L, P * L, L + 1))
        self.gradients_behind = vectors.new_empty(B, n_around, d)
        self.portions_behind = self.gradients_behind.split(L, dim=1)

    def score(self, part: Part, centers: Tensor, contexts: Tensor) -> None:
        """Gather the vectors of a part from both matrices, and multiply them."""
        torch.index_select(centers, 0, part.centers, out=self.center_rows)
        torch.index_select(contexts, 0, part.contexts, out=self.context_rows)
        self.band.copy_(part.weights)
        self.noise_weights = part.noise_weights  # (G, T, 1)

        # The scores of pairs get the opposite sign: their sigmoid is then the error.
        _product(self.contexts, self.centers.mT, out=self.scores, factor=-1)
        # On some processors the product takes three times as long without this copy.
        self.noise_transposed.copy_(self.noise.mT)
        _product(self.grouped_centers, self.noise_transposed, out=self.noise_scores)

    def loss(self) -> float:
        """Return the summed loss of the part that was scored."""
        loss = exact_sum(softplus(self.scores).mul_(self.weights))
        return loss + exact_sum(softplus(self.noise_scores).mul_(self.noise_weights))

    def differentiate(self, gradients: PartGradients) -> None:
        """Write the gradients of the part that was scored; uses the scores up."""
        self.all_scores.sigmoid_()
        errors = self.scores.mul_(self.weights)
        noise_errors = self.noise_scores.mul_(self.noise_weights)
        _product(noise_errors, self.noise, out=gradients.grouped_centers)
        gradients.centers.baddbmm_(errors.mT, self.contexts, alpha=-1)
        _product(noise_errors.mT, self.grouped_centers, out=gradients.noise)
        _product(self.errors_in_block, self.centers, out=gradients.contexts, factor=-1)
        _product(self.errors_behind, self.centers, out=self.gradients_behind, factor=-1)
        gradients.last_contexts.zero_()
        for behind, portion in zip(gradients.behind, self.portions_behind, strict=True):
            behind.add_(portion)


def _sizes_of(part: Part) -> tuple[int, ...]:
    """Return B, L, P = L + 2 * reach, G, T, K and 2 * reach of a part."""
    n_offsets, B, L = part.weights.shape
    G, T, _ = part.noise_weights.shape
    n_around = n_offsets - 1
    K = (len(part.contexts) - G * T - n_around) // G
    return B, L, L + n_around, G, T, K, n_around


def _upload(array: NDArray[Any], device: torch.device) -> Tensor:
    # torch warns of arrays that are not writable, as those of a memory map may be.
    return torch.from_numpy(np.require(array, requirements="W")).to(device)


def _product(first: Tensor, second: Tensor, *, out: Tensor, factor: float = 1) -> None:
    torch.baddbmm(out, first, second, beta=0, alpha=factor, out=out)
