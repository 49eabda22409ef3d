"""Steps of skip-gram with negative sampling, by torch's operations.

All pairs of a batch are trained at once, by small matrix products and without autograd.
No list of pairs is made. Tokens are cut into B blocks of L tokens:

    centers    (B, L, d)   center vectors of the tokens
    contexts   (B, P, d)   P = L + 2 * reach context vectors: of the tokens of the block
                           and of `reach` tokens on either side
    scores     (B, P, L)   contexts @ centers^T; those that belong to no pair get weight
                           0, which is cheaper than selecting the others

    centers    (G, T, d)   the same center vectors, in G groups of T tokens
    noise      (G, K, d)   context vectors of the noise words
    scores     (G, T, K)   centers @ noise^T

Small blocks compute few scores in vain; large groups read and write few rows.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import softplus

from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.sampler import Chunk
from sklearn_w2v._skipgram.solvers import SOLVERS, Rate, Solver
from sklearn_w2v._skipgram.threads import ONE_THREAD


class Workers(Protocol):
    """Runs the tasks of a step: threads, or streams of a CUDA device."""

    least_parts: int  # the fewest parts of a step for which synchronizing pays

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks, in any order and concurrently."""

    def current(self) -> int:
        """Return a number that identifies the worker that runs this."""


class Part(NamedTuple):
    """A part of a batch, which one thread trains on at a time."""

    #: Rows of the center matrix: of each token.
    centers: Tensor  # (G * T,) int64
    #: Rows of the context matrix: of the same tokens and of `reach` tokens on either
    #: side, then of the noise words.
    contexts: Tensor  # (G * T + 2 * reach + G * K,) int64
    #: The weight of the pair of a token and its context, by the offset between them.
    weights: Tensor  # (2 * reach + 1, B, L) float32
    noise_weights: Tensor  # (G, T, 1) float32


class Batch(NamedTuple):
    """The tokens of a step, in parts of the same shape."""

    centers: Tensor  # (n_parts * G * T,): of all parts, one after the other
    contexts: Tensor  # (n_parts * (G * T + 2 * reach + G * K),)
    parts: list[Part]

    @property
    def weight(self) -> float:
        """The summed weight of all pairs."""
        return sum(_exact_sum(part.weights) for part in self.parts)


class TorchSteps:
    """Trains a model by torch's operations, on any device.

    Parameters
    ----------
    model : SkipGram
        The model, which is changed in place.
    plan : TrainingPlan
        The weights of pairs and of noise words.
    workers : Workers
        The workers that share a step. The result does not depend on their number: each
        part of a batch, and each matrix, is the task of one worker.
    """

    def __init__(self, model: SkipGram, plan: TrainingPlan, workers: Workers) -> None:
        self.model, self.plan, self.workers = model, plan, workers
        self.matrices = list(model.vectors)  # each (n_words, d)
        solver, states = SOLVERS[model.solver], model.solver_state.items()
        self.solvers: list[Solver] = [
            solver(matrix, **{name: state[i] for name, state in states})
            for i, matrix in enumerate(self.matrices)
        ]
        weights = torch.from_numpy(plan.weights_by_offset).float()
        # (2 * reach + 1, 1)
        self.weights_by_offset = weights.to(model.vectors.device)[:, None]
        self.gradients: Gradients | None = None
        self.workspaces: dict[int, Workspace] = {}  # of each worker

    def train_chunk(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk; return summed loss and weight, if requested."""
        loss = weight = 0.0
        steps = zip(self.batches(chunk), learning_rates, with_loss, strict=True)
        for batch, learning_rate, is_asked in steps:
            of_step = self.step(batch, learning_rate, with_loss=is_asked)
            if is_asked:
                loss += of_step
                weight += batch.weight
        return loss, weight

    def chunk_loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""
        loss = weight = 0.0
        for batch in self.batches(chunk):
            loss += self.batch_loss(batch)
            weight += batch.weight
        return loss, weight

    def batches(self, chunk: Chunk) -> Iterator[Batch]:
        """Split a chunk into the batches of its steps."""
        layout, reach, n_parts = chunk.layout, chunk.reach, chunk.n_parts
        if not n_parts:
            return
        G, T = layout.groups_per_part, layout.group_length
        L, GT = layout.block_length, layout.part_length
        # Each (2 * reach + 1, n_tokens), by the offset of the context.
        sentences = chunk.sentences.unfold(0, n_parts * GT, 1)
        weights = (sentences == sentences[reach]) * self.weights_by_offset
        noise_weights = weights.sum(0).mul_(self.plan.negative / layout.n_noise)
        words = chunk.words.long()
        centers = words[reach : reach + n_parts * GT].view(n_parts, GT)
        around = words.as_strided((n_parts, GT + 2 * reach), (GT, 1))
        noise = chunk.noise.long().view(n_parts, -1)
        contexts = torch.cat([around, noise], dim=1)
        parts = map(
            Part,
            centers.unbind(),
            contexts.unbind(),
            weights.view(len(weights), n_parts, GT // L, L).unbind(1),
            noise_weights.view(n_parts, G, T, 1).unbind(),
        )
        # Full steps, and a last one of the parts that are left.
        P = layout.parts_per_step
        steps = zip(
            centers.flatten().split(P * GT),
            contexts.flatten().split(P * contexts.shape[1]),
            strict=True,
        )
        for rows in steps:
            yield Batch(*rows, list(islice(parts, P)))

    def batch_loss(self, batch: Batch) -> float:
        """Return the batch's summed loss."""
        self._prepare(batch)
        losses = [0.0] * len(batch.parts)

        def score(i: int) -> None:
            losses[i] = self._scored(batch.parts[i]).loss()

        self.workers.run([partial(score, i) for i in range(len(losses))])
        return sum(losses)

    def step(
        self, batch: Batch, learning_rate: Rate, *, with_loss: bool = False
    ) -> float:
        """Move both matrices against the gradient of the batch's summed loss.

        Returns the loss before the step, or 0.0 if it is not requested.
        """
        gradients = self._prepare(batch)
        losses = [0.0] * len(batch.parts)

        def differentiate(i: int) -> None:
            workspace = self._scored(batch.parts[i])
            if with_loss:
                losses[i] = workspace.loss()
            workspace.differentiate(gradients.parts[i])

        def descend(i: int) -> None:
            rows = (batch.centers, batch.contexts)[i]
            row_gradients = gradients.matrices[i][: len(rows)]
            if self.model.trainable is not None:
                row_gradients *= self.model.trainable.index_select(0, rows)[:, None]
            self.solvers[i].step(rows, row_gradients, learning_rate)

        is_shared = len(losses) >= self.workers.least_parts
        run = self.workers.run if is_shared else ONE_THREAD.run
        run([partial(differentiate, i) for i in range(len(losses))])
        run([partial(descend, 0), partial(descend, 1)])
        return sum(losses)

    def _scored(self, part: Part) -> "Workspace":
        """Return the workspace of the worker that runs this, with a part's scores."""
        worker = self.workers.current()
        if worker not in self.workspaces:
            self.workspaces[worker] = Workspace(part, self.model.vectors)
        workspace = self.workspaces[worker]
        workspace.score(part, *self.matrices)
        return workspace

    def _prepare(self, batch: Batch) -> "Gradients":
        """Return memory for the batch's gradients: that of the last one if it fits."""
        if self.gradients is None or not self.gradients.has_room_for(batch):
            self.gradients = Gradients(batch, self.model.vectors)
            self.workspaces.clear()
        return self.gradients


class Gradients:
    """The gradients of the rows of a step, in memory that the next step uses again.

    The system allocates new memory page by page, and making a view takes as long as a
    small product.
    """

    def __init__(self, batch: Batch, vectors: Tensor) -> None:
        self.shapes = [tensor.shape for tensor in batch.parts[0]]
        # For centers, and for contexts and noise words; each (n_rows of all parts, d).
        self.matrices = [
            vectors.new_empty(len(rows), vectors.shape[2])
            for rows in (batch.centers, batch.contexts)
        ]
        of_parts = (matrix.chunk(len(batch.parts)) for matrix in self.matrices)
        self.parts = [
            PartGradients(batch.parts[0], *pair) for pair in zip(*of_parts, strict=True)
        ]

    def has_room_for(self, batch: Batch) -> bool:
        """Return whether the parts of this batch fit, and have the same shape."""
        shapes = [tensor.shape for tensor in batch.parts[0]]
        return len(batch.parts) <= len(self.parts) and shapes == self.shapes

    def is_filled_by(self, batch: Batch) -> bool:
        """Return whether this batch uses all of the memory."""
        return self.has_room_for(batch) and len(batch.parts) == len(self.parts)


class PartGradients:
    """Views of the gradients of a part of a step.

    Parameters
    ----------
    part : Part
        Any part: all have the same shape.
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
        # Products cannot write to rows that overlap. The first L contexts of each block
        # do not overlap those of the next one: a product writes them. The contexts
        # after them are added in portions of at most L rows, which do not overlap.
        self.contexts = of_contexts[: G * T].view(B, L, -1)
        self.last_contexts = of_contexts[G * T :]
        self.later_contexts = [
            of_contexts[begin:].unfold(0, min(L, P - begin), L).mT[:B]
            for begin in range(L, P, L)
        ]


class Workspace:
    """The matrices that one worker needs for a part, used again for the next one."""

    def __init__(self, part: Part, vectors: Tensor) -> None:
        B, L, P, G, T, K, n_around = _sizes_of(part)
        d = vectors.shape[2]
        self.center_rows = vectors.new_empty(G * T, d)
        self.context_rows = vectors.new_empty(G * T + n_around + G * K, d)
        self.centers = self.center_rows.view(B, L, d)
        self.grouped_centers = self.center_rows.view(G, T, d)
        around, noise = self.context_rows.tensor_split([G * T + n_around])
        # The contexts of a block begin L rows after those of the last: they overlap.
        self.contexts = around.unfold(0, P, L).mT  # (B, P, d)
        self.noise = noise.view(G, K, d)
        self.noise_transposed = vectors.new_empty(G, d, K)

        self.all_scores = vectors.new_empty(B * P * L + G * T * K)
        scores, noise_scores = self.all_scores.split([B * P * L, G * T * K])
        self.scores = scores.view(B, P, L)
        self.noise_scores = noise_scores.view(G, T, K)
        # Errors overwrite the scores.
        self.errors_in_block, self.later_errors = self.scores.split([L, n_around], 1)
        # Token i of a block pairs with contexts i ... i + 2 * reach: a band along the
        # diagonal. The other weights stay 0.
        self.weights = vectors.new_zeros(B, P, L)
        self.band = self.weights.as_strided((n_around + 1, B, L), (L, P * L, L + 1))
        self.later_gradients = vectors.new_empty(B, n_around, d)
        self.later_portions = self.later_gradients.split(L, dim=1)

    def score(self, part: Part, centers: Tensor, contexts: Tensor) -> None:
        """Gather the vectors of a part from both matrices, and multiply them."""
        torch.index_select(centers, 0, part.centers, out=self.center_rows)
        torch.index_select(contexts, 0, part.contexts, out=self.context_rows)
        self.band.copy_(part.weights)
        self.noise_weights = part.noise_weights  # (G, T, 1)

        # With the opposite sign, the sigmoid of a pair's score is its error.
        _product(self.contexts, self.centers.mT, out=self.scores, factor=-1)
        # On some CPUs the product takes three times as long without this copy.
        self.noise_transposed.copy_(self.noise.mT)
        _product(self.grouped_centers, self.noise_transposed, out=self.noise_scores)

    def loss(self) -> float:
        """Return the summed loss of the part that was scored."""
        loss = _exact_sum(softplus(self.scores).mul_(self.weights))
        return loss + _exact_sum(softplus(self.noise_scores).mul_(self.noise_weights))

    def differentiate(self, gradients: PartGradients) -> None:
        """Write the gradients of the part that was scored; overwrites the scores."""
        self.all_scores.sigmoid_()
        errors = self.scores.mul_(self.weights)
        noise_errors = self.noise_scores.mul_(self.noise_weights)
        _product(noise_errors, self.noise, out=gradients.grouped_centers)
        gradients.centers.baddbmm_(errors.mT, self.contexts, alpha=-1)
        _product(noise_errors.mT, self.grouped_centers, out=gradients.noise)
        _product(self.errors_in_block, self.centers, out=gradients.contexts, factor=-1)
        _product(self.later_errors, self.centers, out=self.later_gradients, factor=-1)
        gradients.last_contexts.zero_()
        for later, portion in zip(
            gradients.later_contexts, self.later_portions, strict=True
        ):
            later.add_(portion)


def _sizes_of(part: Part) -> tuple[int, ...]:
    """Return B, L, P = L + 2 * reach, G, T, K and 2 * reach of a part."""
    n_offsets, B, L = part.weights.shape
    G, T, _ = part.noise_weights.shape
    n_around = n_offsets - 1
    K = (len(part.contexts) - G * T - n_around) // G
    return B, L, L + n_around, G, T, K, n_around


def _exact_sum(values: Tensor) -> float:
    """Sum in float64: of millions of small numbers float32 keeps few digits."""
    # On the CPU, since some devices have no float64.
    return float(values.to(CPU).sum(dtype=torch.float64))


def _product(first: Tensor, second: Tensor, *, out: Tensor, factor: float = 1) -> None:
    torch.baddbmm(out, first, second, beta=0, alpha=factor, out=out)
