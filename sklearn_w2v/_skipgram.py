"""Ids -> matrices: skip-gram with negative sampling (Mikolov et al., 2013).

The only file that knows torch. It knows no words and no scikit-learn: integers go in,
two float32 matrices and a loss curve come out.

Pairs are never formed. Kept tokens are cut into blocks of L, and the pairs of a block
are trained all at once, by small matrix products and without autograd:

    centers    (B, L, d)   centre vectors of the tokens of B blocks
    contexts   (B, P, d)   P = L + 2 * reach context vectors: those of the block and its
                           surroundings, as far as a window can reach
    scores     (B, P, L)   contexts @ centers^T; most belong to no pair and get weight
                           0, which is cheaper than picking out the others

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here the T tokens of a few neighbouring blocks, a group, share K noise words: a token
that has p pairs gives each of them the weight negative * p / K, which is the same in
expectation. Small blocks waste few scores; large groups read and write few rows.

    centers    (G, T, d)   the same vectors, in G groups
    noise      (G, K, d)   context vectors of the noise words
    scores     (G, T, K)   centers @ noise^T
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Literal, NamedTuple

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

#: Tokens of a group (T), at most; of a block (L), if a step has so many and the window
#: is not wide; and noise words of a group (K).
GROUP_LENGTH = 96
MIN_BLOCK_LENGTH = 16
N_NOISE = 48

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
N_LOSS_STEPS = 10

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
        layout = Layout.of(batch_size, window)
        if learning_rate == "auto":
            learning_rate = AUTO_LEARNING_RATE[solver]
        sampler = BlockSampler(
            ids,
            offsets,
            keep_probabilities,
            noise_probabilities,
            layout=layout,
            window=window,
            shrink_windows=shrink_windows,
            negative=negative,
            generator=generator,
        )
        # word2vec starts centres in +-0.5 / vector_size, and contexts at zero.
        vectors = torch.zeros(2, len(keep_probabilities), vector_size)
        vectors[0].uniform_(-0.5 / vector_size, 0.5 / vector_size, generator=generator)
        model = SkipGram(vectors, solver=solver)

        steps_an_epoch = expected_counts.sum() / layout.step_length
        losses = []
        for epoch in range(epochs):
            loss = _train_epoch(
                model,
                sampler,
                groups_a_step=layout.groups_a_step,
                loss_every=max(1, int(steps_an_epoch / N_LOSS_STEPS)),
                # Linear decay to 0 over all epochs.
                first_rate=learning_rate * (1 - epoch / epochs),
                last_rate=learning_rate * (1 - (epoch + 1) / epochs),
            )
            _check_finite(torch.tensor(loss), learning_rate)
            losses.append(loss)
            on_epoch_end(loss)
        _check_finite(vectors, learning_rate)
        centers, contexts = vectors.numpy()
        return centers, contexts, losses


def auto_batch_size(expected_counts: NDArray[np.float64], solver: SolverName) -> int:
    """Tokens of a step, from how often each word comes in an epoch after sub-sampling.

    A hundred steps an epoch, of a size that is fast. Plain gradient descent is stable
    only as long as no word collects too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 100, 32), 3072)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    # Whole groups, or whole blocks: odd lengths make slow products.
    for length in (GROUP_LENGTH, MIN_BLOCK_LENGTH, 1):
        if batch_size >= length:
            break
    return int(batch_size // length) * length


class Layout(NamedTuple):
    """How the tokens of a step are cut up."""

    groups_a_step: int
    blocks_a_group: int
    block_length: int

    @classmethod
    def of(cls, batch_size: int, window: int) -> "Layout":
        """Cut steps of up to `batch_size` tokens, evenly.

        Long blocks have many scores that are no pair's, short ones have many
        surroundings for few tokens, the more so the wider the window.
        """
        groups_a_step = -(-batch_size // GROUP_LENGTH)
        group_length = batch_size // groups_a_step
        blocks_a_group = -(-group_length // max(MIN_BLOCK_LENGTH, 3 * window))
        return cls(groups_a_step, blocks_a_group, group_length // blocks_a_group)

    @property
    def group_length(self) -> int:
        """Tokens of a group."""
        return self.blocks_a_group * self.block_length

    @property
    def step_length(self) -> int:
        """Tokens of a step."""
        return self.groups_a_step * self.group_length


def _train_epoch(
    model: "SkipGram",
    sampler: "BlockSampler",
    *,
    groups_a_step: int,
    loss_every: int,
    first_rate: float,
    last_rate: float,
) -> float:
    """Train on every document once, and return the mean loss of a pair."""
    loss, n_pairs, n_steps, n_read = 0.0, 0, 0, 0
    for n_tokens, blocks in sampler.epoch():
        n_groups = len(blocks.centers)
        for first in range(0, n_groups, groups_a_step):
            step = blocks.part(first, first + groups_a_step)
            share_read = (n_read + n_tokens * first / n_groups) / sampler.n_tokens
            rate = first_rate + share_read * (last_rate - first_rate)
            if n_steps % loss_every:
                model.step(step, rate)
            else:
                loss += model.step(step, rate, with_loss=True)
                n_pairs += int(step.in_window.sum())
            n_steps += 1
        n_read += n_tokens
    return loss / max(n_pairs, 1)


class Blocks(NamedTuple):
    """Blocks of kept tokens in groups, and all that is drawn at random about them."""

    centers: Tensor  # (G, T) int64
    contexts: Tensor  # (G, T / L, P) int64
    noise: Tensor  # (G, K) int64
    noise_weights: Tensor  # (G, T) float32
    in_window: Tensor  # (2 * reach + 1, G, T) bool, by offset from the token

    def part(self, first: int, last: int) -> "Blocks":
        """Return some of the groups."""
        return Blocks(
            self.centers[first:last],
            self.contexts[first:last],
            self.noise[first:last],
            self.noise_weights[first:last],
            self.in_window[:, first:last],
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
        layout: Layout,
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
        self.layout = layout
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
        n_kept_until = pad(kept.cumsum(0), (1, 0))  # (n_tokens in the chunk + 1,)
        ends = pad(lengths.cumsum(0), (1, 0))
        return tokens[kept], n_kept_until[ends].diff()

    def _blocks(self, tokens: Tensor, lengths: Tensor) -> Blocks:
        """Cut tokens into groups of blocks, and draw their windows and noise."""
        n, w = len(tokens), self.reach
        L, T = self.layout.block_length, self.layout.group_length
        n_groups = -(-n // T)
        filling = n_groups * T - n  # tokens without a window, so without weight

        # How far each token sees: no further than its window, nor than its document.
        ends = lengths.cumsum(0)
        place = torch.arange(n)
        left = place - (ends - lengths).repeat_interleave(lengths)
        right = ends.repeat_interleave(lengths) - 1 - place
        radius = self._radii(n)
        left = pad(torch.minimum(left, radius), (0, filling)).to(torch.int32)
        right = pad(torch.minimum(right, radius), (0, filling)).to(torch.int32)
        distance = torch.arange(1, w + 1, dtype=torch.int32)[:, None]
        itself = torch.zeros(1, len(left), dtype=torch.bool)
        in_window = torch.cat([left >= distance.flip(0), itself, right >= distance])

        rows = pad(tokens.long(), (w, w + filling))  # (w + n_groups * T + w,)
        draws = torch.randint(
            len(self.noise_table), (n_groups * N_NOISE,), generator=self.generator
        )
        return Blocks(
            centers=rows[w : w + n_groups * T].view(n_groups, T),
            contexts=rows.as_strided((n_groups, T // L, L + 2 * w), (T, L, 1)),
            noise=self.noise_table.index_select(0, draws).long().view(-1, N_NOISE),
            noise_weights=((left + right) * (self.negative / N_NOISE)).view(-1, T),
            in_window=in_window.view(2 * w + 1, n_groups, T),
        )

    def _radii(self, n: int) -> Tensor:
        if not self.shrink_windows:
            return torch.full((n,), self.window)
        return torch.randint(1, self.window + 1, (n,), generator=self.generator)


class SkipGram:
    """The two matrices, and one step of training on them.

    Parameters
    ----------
    vectors : Tensor of shape (2, n_words, vector_size)
        The centre matrix and the context matrix; changed in place.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName) -> None:
        self.n_words = vectors.shape[1]
        # One matrix for both, so that a step gathers, and adds to rows, only once.
        self.rows = vectors.flatten(0, 1)  # (2 * n_words, d)
        self.solver = SOLVERS[solver](self.rows)

    def step(
        self, blocks: Blocks, learning_rate: float, *, with_loss: bool = False
    ) -> float:
        """Move both matrices against the gradient of the blocks' summed loss.

        Returns the loss before the step, or 0.0 if it is not asked for.
        """
        (G, T), K = blocks.centers.shape, blocks.noise.shape[1]
        blocks_a_group, P = blocks.contexts.shape[1:]
        B = G * blocks_a_group
        rows = torch.cat(
            [
                blocks.centers.flatten(),
                blocks.contexts.flatten() + self.n_words,
                blocks.noise.flatten() + self.n_words,
            ]
        )
        vectors = self.rows.index_select(0, rows)  # (G * T + B * P + G * K, d)
        center, context, noise = vectors.split([G * T, B * P, G * K])
        center, in_groups = center.view(B, G * T // B, -1), center.view(G, T, -1)
        context, noise = context.view(B, P, -1), noise.view(G, K, -1)

        # With the transposes written out these products take a third of the time.
        scores = torch.bmm(context, center.mT.contiguous())  # (B, P, L)
        noise_scores = torch.bmm(in_groups, noise.mT.contiguous())  # (G, T, K)
        weights = _band(blocks.in_window, scores)
        noise_weights = blocks.noise_weights[:, :, None]
        loss = 0.0
        if with_loss:
            loss = _total(softplus(-scores).mul_(weights))
            loss += _total(softplus(noise_scores).mul_(noise_weights))
        # The gradients of the scores, whose labels are 1, and 0 for noise.
        errors = scores.sigmoid_().sub_(1).mul_(weights)
        noise_errors = noise_scores.sigmoid_().mul_(noise_weights)

        gradient = torch.empty_like(vectors)
        of_center, of_context, of_noise = gradient.split([G * T, B * P, G * K])
        torch.bmm(noise_errors, noise, out=of_center.view_as(in_groups))
        of_center.view_as(center).baddbmm_(errors.mT, context)
        torch.bmm(errors, center, out=of_context.view_as(context))
        torch.bmm(noise_errors.mT, in_groups, out=of_noise.view_as(noise))
        self.solver.step(rows, gradient, learning_rate)
        return loss


def _band(in_window: Tensor, scores: Tensor) -> Tensor:
    """Return what each score counts, (B, P, L): 1 for a pair, 0 for others."""
    B, P, L = scores.shape
    weights = torch.zeros_like(scores)
    # Token i meets contexts i ... i + 2 * reach: a band along the diagonal.
    weights.as_strided((len(in_window), B, L), (L, P * L, L + 1)).copy_(
        in_window.view(len(in_window), B, L)
    )
    return weights


def _total(losses: Tensor) -> float:
    # By numpy: the last bits of torch's sum depend on its threads.
    return float(losses.numpy().sum(dtype=np.float64))


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
    # A minimum or maximum is nan where a value is; this takes no memory of its own.
    if not torch.stack(values.aminmax()).isfinite().all():
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
