"""Ids -> matrices: skip-gram with negative sampling (Mikolov et al., 2013).

The only file that knows torch. It knows no words and no scikit-learn: integers go in,
two float32 matrices and a loss curve come out.

Pairs are never formed. Kept tokens are cut into blocks of L, and the pairs of a block
are trained all at once, by three small matrix products and without autograd:

    centers   (B, L, d)   centre vectors of the tokens of B blocks
    contexts  (B, M, d)   M = L + 2 * reach + K context vectors: those of the block and
                          its surroundings as far as a window can reach, then those of
                          K noise words that its tokens share
    scores    (B, M, L)   contexts @ centers^T; most belong to no pair and get weight 0,
                          which is cheaper than picking out the others

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here a token that has p pairs gives each of its block's K noise words the weight
negative * p / K, which is the same in expectation.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Literal

import numpy as np

# torch's threads wait for one another by spinning, by default for so long that on a
# busy machine they take the processor from the very thread they wait for. GNU's OpenMP
# reads this once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad, softplus

SolverName = Literal["adagrad", "adam", "sgd"]

#: Tokens of a block (L) and noise words of a block (K).
BLOCK_LENGTH = 32
N_NOISE = 32

#: Documents are cut into pieces of at most this many tokens, as in the word2vec program
#: (its MAX_SENTENCE_LENGTH), so that a corpus in a single document is shuffled too.
PIECE_LENGTH = 1000

#: Tokens whose windows and noise are drawn in one go, about: so many, or fewer where
#: windows are wide, for this many places in their windows.
CHUNK_LENGTH = 2**17
CHUNK_PLACES = 2**24

#: Entries of the table that noise words are drawn from.
NOISE_TABLE_LENGTH = 2**22

#: Steps of an epoch at which the loss is computed, at least.
N_LOSS_STEPS = 32

#: One number for each fit that is running in this process: torch's threads before it.
_threads_before_fits: list[int] = []
_fits_lock = Lock()


def train(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    keep_probabilities: NDArray[np.float64],
    noise_probabilities: NDArray[np.float64],
    *,
    vector_size: int,
    window: int,
    shrink_windows: bool,
    negative: int,
    solver: SolverName,
    learning_rate: float | Literal["auto"],
    batch_size: int | Literal["auto"],
    epochs: int,
    n_threads: int | None,
    seed: int,
    on_epoch_end: Callable[[float], None],
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[float]]:
    """Train the centre and the context matrix on documents of ids.

    Parameters
    ----------
    ids : ndarray of shape (n_tokens,)
        The documents, one after the other.
    offsets : ndarray of shape (n_documents + 1,)
        Where each document begins in `ids`, and the last one ends.
    keep_probabilities, noise_probabilities : ndarray of shape (n_words,)
        Of surviving the sub-sampling; of being drawn as noise.
    n_threads : int or None
        None leaves torch's number as it is. The result does not depend on it.
    on_epoch_end : callable
        Called with the loss of each epoch.

    Returns
    -------
    centers, contexts : ndarray of shape (n_words, vector_size)
    losses : list of float
        The mean loss of a pair and its noise, one an epoch; 0.0 where no word has a
        neighbour.

    Raises
    ------
    ValueError
        If the loss or a matrix is no longer finite.
    """
    with _threads(n_threads):
        generator = torch.Generator().manual_seed(seed)
        counts = np.bincount(ids, minlength=len(keep_probabilities))
        expected_counts = counts * keep_probabilities  # after sub-sampling
        if batch_size == "auto":
            batch_size = auto_batch_size(expected_counts, solver)
        blocks_a_step = -(-batch_size // BLOCK_LENGTH)
        block_length = batch_size // blocks_a_step
        if learning_rate == "auto":
            learning_rate = AUTO_LEARNING_RATE[solver]
        sampler = BlockSampler(
            ids,
            offsets,
            keep_probabilities,
            noise_probabilities,
            block_length=block_length,
            window=window,
            shrink_windows=shrink_windows,
            negative=negative,
            generator=generator,
        )
        # word2vec starts centres in +-0.5 / vector_size, and contexts at zero.
        shape = (len(keep_probabilities), vector_size)
        centers = torch.rand(shape, generator=generator).sub_(0.5).div_(vector_size)
        contexts = torch.zeros(shape)
        model = SkipGram(centers, contexts, solver=solver)

        steps_an_epoch = expected_counts.sum() / (blocks_a_step * block_length)
        losses = []
        for epoch in range(epochs):
            loss = _train_epoch(
                model,
                sampler,
                blocks_a_step=blocks_a_step,
                loss_every=max(1, int(steps_an_epoch / N_LOSS_STEPS)),
                # Linear decay to 0 over all epochs.
                first_rate=learning_rate * (1 - epoch / epochs),
                last_rate=learning_rate * (1 - (epoch + 1) / epochs),
            )
            _check_finite(torch.tensor(loss), learning_rate)
            losses.append(loss)
            on_epoch_end(loss)
        for matrix in (centers, contexts):
            _check_finite(matrix, learning_rate)
        return centers.numpy(), contexts.numpy(), losses


def auto_batch_size(expected_counts: NDArray[np.float64], solver: SolverName) -> int:
    """Tokens of a step, from how often each word comes in an epoch after sub-sampling.

    A hundred steps an epoch, of a size that is fast. Plain gradient descent is stable
    only as long as no word collects too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 100, BLOCK_LENGTH), 3072)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    n_blocks = int(batch_size) // BLOCK_LENGTH
    return n_blocks * BLOCK_LENGTH or int(batch_size)


def _train_epoch(
    model: "SkipGram",
    sampler: "BlockSampler",
    *,
    blocks_a_step: int,
    loss_every: int,
    first_rate: float,
    last_rate: float,
) -> float:
    """Train on every document once, and return the mean loss of a pair."""
    loss, n_pairs, n_steps, n_read = 0.0, 0, 0, 0
    for n_tokens, blocks in sampler.epoch():
        n_blocks = len(blocks.centers)
        for first in range(0, n_blocks, blocks_a_step):
            step = blocks.part(first, first + blocks_a_step)
            if n_steps % loss_every == 0:
                loss += model.loss(step)
                n_pairs += int(step.in_window.sum())
            share_read = (n_read + n_tokens * first / n_blocks) / sampler.n_tokens
            model.step(step, first_rate + share_read * (last_rate - first_rate))
            n_steps += 1
        n_read += n_tokens
    return loss / max(n_pairs, 1)


@dataclass
class Blocks:
    """Blocks of L kept tokens, and all that is drawn at random about them."""

    centers: Tensor  # (n_blocks, L) int64, rows of the centre matrix
    contexts: Tensor  # (n_blocks, M) int64, rows of the context matrix
    in_window: Tensor  # (n_blocks, L, 2 * reach + 1) bool, by offset from the token
    noise_weights: Tensor  # (n_blocks, L) float32

    def part(self, first: int, last: int) -> "Blocks":
        """Return some of the blocks."""
        return Blocks(
            self.centers[first:last],
            self.contexts[first:last],
            self.in_window[first:last],
            self.noise_weights[first:last],
        )


class BlockSampler:
    """Draws what word2vec draws: tokens that stay, windows, noise, and their order."""

    def __init__(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        keep_probabilities: NDArray[np.float64],
        noise_probabilities: NDArray[np.float64],
        *,
        block_length: int,
        window: int,
        shrink_windows: bool,
        negative: int,
        generator: torch.Generator,
    ) -> None:
        self.ids = torch.from_numpy(ids)  # (n_tokens,) int32
        self.n_tokens = len(ids)
        self.piece_starts, self.piece_lengths = _pieces(torch.from_numpy(offsets))
        self.keep_probabilities = torch.from_numpy(keep_probabilities).float()
        self.noise_table = _noise_table(noise_probabilities)
        self.block_length = block_length
        self.window = window
        # No token sees further than this, however wide the window.
        self.reach = max(1, min(window, int(self.piece_lengths.max()) - 1))
        self.shrink_windows = shrink_windows
        self.negative = negative
        self.generator = generator

    def epoch(self) -> Iterator[tuple[int, Blocks]]:
        """Yield all documents once in random order, as tokens read and their blocks."""
        n_pieces = len(self.piece_starts)
        order = torch.randperm(n_pieces, generator=self.generator)
        chunk_length = min(CHUNK_LENGTH, CHUNK_PLACES // (2 * self.reach + 1))
        for pieces in order.split(max(1, chunk_length * n_pieces // self.n_tokens)):
            tokens, lengths = self._subsample(pieces)
            yield int(self.piece_lengths[pieces].sum()), self._blocks(tokens, lengths)

    def _subsample(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Draw which tokens stay; return them, and how many do in each piece."""
        lengths = self.piece_lengths[pieces]  # (n_pieces,)
        # From a token's place in this chunk to its place in `ids`.
        shifts = self.piece_starts[pieces] - (lengths.cumsum(0) - lengths)
        places = torch.arange(int(lengths.sum())) + shifts.repeat_interleave(lengths)
        tokens = self.ids.index_select(0, places)  # (n_tokens in the chunk,) int32
        kept = torch.rand(len(tokens), generator=self.generator) < (
            self.keep_probabilities.index_select(0, tokens)
        )
        piece = torch.arange(len(pieces)).repeat_interleave(lengths)
        return tokens[kept], piece[kept].bincount(minlength=len(pieces))

    def _blocks(self, tokens: Tensor, lengths: Tensor) -> Blocks:
        """Cut tokens into blocks, and draw their windows and noise."""
        n, w, L = len(tokens), self.reach, self.block_length
        n_blocks = -(-n // L)
        filling = n_blocks * L - n  # tokens without a window, so without weight

        # How far each token sees: no further than its window, nor than its document.
        ends = lengths.cumsum(0)
        place = torch.arange(n)
        left = place - (ends - lengths).repeat_interleave(lengths)
        right = ends.repeat_interleave(lengths) - 1 - place
        radius = self._radii(n)
        left = pad(torch.minimum(left, radius), (0, filling)).to(torch.int32)
        right = pad(torch.minimum(right, radius), (0, filling)).to(torch.int32)
        offset = torch.arange(-w, w + 1, dtype=torch.int32)
        in_window = (  # (n_blocks * L, 2w + 1)
            (offset >= -left[:, None]) & (offset <= right[:, None]) & (offset != 0)
        )

        rows = pad(tokens.long(), (w, w + filling))  # (w + n_blocks * L + w,)
        surroundings = rows.as_strided((n_blocks, L + 2 * w), (L, 1))
        draws = torch.randint(
            len(self.noise_table), (n_blocks, N_NOISE), generator=self.generator
        )
        return Blocks(
            centers=rows[w : w + n_blocks * L].view(n_blocks, L),
            contexts=torch.cat([surroundings, self.noise_table[draws].long()], dim=1),
            in_window=in_window.view(n_blocks, L, 2 * w + 1),
            noise_weights=((left + right) * (self.negative / N_NOISE)).view(-1, L),
        )

    def _radii(self, n: int) -> Tensor:
        if not self.shrink_windows:
            return torch.full((n,), self.window)
        return torch.randint(1, self.window + 1, (n,), generator=self.generator)


class SkipGram:
    """The two matrices, and one step of training on them.

    Parameters
    ----------
    centers, contexts : Tensor of shape (n_words, vector_size)
        Changed in place.
    """

    def __init__(
        self, centers: Tensor, contexts: Tensor, *, solver: SolverName
    ) -> None:
        self.centers = centers
        self.contexts = contexts
        self.center_solver = SOLVERS[solver](centers)
        self.context_solver = SOLVERS[solver](contexts)

    def step(self, blocks: Blocks, learning_rate: float) -> None:
        """Move both matrices against the gradient of the blocks' summed loss."""
        center, context, weights = self._gather(blocks)
        center_gradient, context_gradient = gradients(center, context, weights)
        self.center_solver.step(
            blocks.centers.reshape(-1), center_gradient.flatten(0, 1), learning_rate
        )
        self.context_solver.step(
            blocks.contexts.reshape(-1), context_gradient.flatten(0, 1), learning_rate
        )

    def loss(self, blocks: Blocks) -> float:
        """Return the binary cross-entropy of the blocks' pairs and noise, summed."""
        center, context, weights = self._gather(blocks)
        logits = torch.bmm(context, center.transpose(1, 2))  # (B, M, L)
        logits[:, :-N_NOISE].neg_()
        losses = softplus(logits).mul_(weights)
        # Summed by numpy: the last bits of torch's sum depend on its threads.
        return float(losses.numpy().sum(dtype=np.float64))

    def _gather(self, blocks: Blocks) -> tuple[Tensor, Tensor, Tensor]:
        """Return the blocks' vectors, and the weights of their scores."""
        (B, L), M = blocks.centers.shape, blocks.contexts.shape[1]
        center = self.centers.index_select(0, blocks.centers.reshape(-1))
        context = self.contexts.index_select(0, blocks.contexts.reshape(-1))
        weights = center.new_zeros(B, M, L)
        # Token i meets context rows i ... i + 2 * reach: a band along the diagonal.
        band = weights.as_strided(blocks.in_window.shape, (M * L, L + 1, L))
        band.copy_(blocks.in_window)
        weights[:, M - N_NOISE :] = blocks.noise_weights[:, None]
        return center.view(B, L, -1), context.view(B, M, -1), weights


def gradients(
    center: Tensor, context: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of the weighted binary cross-entropy of all scores of some blocks.

    Parameters
    ----------
    center : Tensor of shape (B, L, d)
    context : Tensor of shape (B, M, d)
        The last N_NOISE rows of a block are noise, with label 0; the others have 1.
    weights : Tensor of shape (B, M, L)

    Returns
    -------
    center_gradient : Tensor of shape (B, L, d)
    context_gradient : Tensor of shape (B, M, d)
    """
    # With the transpose written out this product takes a third of the time.
    errors = torch.bmm(context, center.transpose(1, 2).contiguous())  # (B, M, L)
    errors.sigmoid_()
    errors[:, :-N_NOISE].sub_(1)
    errors.mul_(weights)
    return torch.bmm(errors.transpose(1, 2), context), torch.bmm(errors, center)


class AdaGrad:
    """AdaGrad (Duchi et al., 2011) with one accumulator for a row.

    Frequent words collect the gradients of hundreds of pairs in one step; their
    accumulators grow accordingly, where a fixed step length would diverge.
    """

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        # From 0 the first step of a rare word would have full length in a direction
        # that is nearly random.
        self.sum_of_squares = matrix.new_full((len(matrix),), 0.1)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Descend by rows, each as often as it occurs; uses the gradient up."""
        mean_squares = torch.linalg.vector_norm(gradient, dim=1).square_()
        mean_squares /= gradient.shape[1]
        self.sum_of_squares.scatter_add_(0, rows, mean_squares)
        rates = self.sum_of_squares.index_select(0, rows).rsqrt_().mul_(-learning_rate)
        _add_to_rows(self.matrix, rows, gradient.mul_(rates[:, None]))


class Adam:
    """Adam (Kingma and Ba, 2015) on the rows that a step touches, and no others."""

    DECAY_1, DECAY_2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        self.n_steps = 0
        self.mean = torch.zeros_like(matrix)
        self.mean_of_squares = torch.zeros_like(matrix)

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Descend by rows, the gradients of equal rows summed."""
        touched, place = rows.unique(return_inverse=True)  # (n_touched,), (n_rows,)
        total = gradient.new_zeros(len(touched), gradient.shape[1])
        _add_to_rows(total, place, gradient)

        self.n_steps += 1
        mean = self.mean[touched].lerp_(total, 1 - self.DECAY_1)
        squares = self.mean_of_squares[touched].lerp_(total.square(), 1 - self.DECAY_2)
        self.mean[touched], self.mean_of_squares[touched] = mean, squares
        # The step length with both corrections of the bias towards the zero start.
        rate = learning_rate / (1 - self.DECAY_1**self.n_steps)
        scale = (squares / (1 - self.DECAY_2**self.n_steps)).sqrt_().add_(self.EPSILON)
        self.matrix[touched] -= rate * mean / scale


class SGD:
    """word2vec's own rule: the learning rate times the gradient of each pair."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Descend by rows, each as often as it occurs; uses the gradient up."""
        _add_to_rows(self.matrix, rows, gradient.mul_(-learning_rate))


SOLVERS: dict[str, type[AdaGrad] | type[Adam] | type[SGD]] = {
    "adagrad": AdaGrad,
    "adam": Adam,
    "sgd": SGD,
}

#: What learning_rate="auto" stands for.
AUTO_LEARNING_RATE = {"adagrad": 0.4, "adam": 0.03, "sgd": 0.025}


def _add_to_rows(matrix: Tensor, rows: Tensor, values: Tensor) -> None:
    """Add values (n_rows, d) to rows of a matrix, those of equal rows summed."""
    # The expanded index takes torch's path that sorts the rows: the fastest of its ways
    # to do this, and with the same bits on any number of threads.
    matrix.scatter_add_(0, rows[:, None].expand_as(values), values)


def _pieces(offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Cut documents into pieces of PIECE_LENGTH at most: their starts and lengths."""
    n_pieces = -(-offsets.diff() // PIECE_LENGTH)  # (n_documents,)
    document = torch.arange(len(n_pieces)).repeat_interleave(n_pieces)
    first = (n_pieces.cumsum(0) - n_pieces).repeat_interleave(n_pieces)
    starts = offsets[document] + (torch.arange(len(document)) - first) * PIECE_LENGTH
    return starts, (offsets[document + 1] - starts).clamp(max=PIECE_LENGTH)


def _noise_table(probabilities: NDArray[np.float64]) -> Tensor:
    """Return a table in which a word fills its probability's share of the entries."""
    ends = np.rint(np.cumsum(probabilities) * NOISE_TABLE_LENGTH).astype(np.int64)
    words = np.arange(len(probabilities), dtype=np.int32)
    return torch.from_numpy(np.repeat(words, np.diff(ends, prepend=0)))


def _check_finite(values: Tensor, learning_rate: float) -> None:
    if not values.isfinite().all():
        raise ValueError(
            "Training diverged: the loss or the vectors are no longer finite. Lower "
            f"learning_rate (here {learning_rate}) or batch_size, or use "
            "solver='adagrad'."
        )


@contextmanager
def _threads(n_threads: int | None) -> Iterator[None]:
    """Run on so many threads; torch's number is global, so it is put back after."""
    if n_threads is None:
        yield
        return
    with _fits_lock:
        _threads_before_fits.append(torch.get_num_threads())
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        # Of several fits at once the first one knows the number that each puts back.
        with _fits_lock:
            torch.set_num_threads(_threads_before_fits[0])
            _threads_before_fits.pop()
