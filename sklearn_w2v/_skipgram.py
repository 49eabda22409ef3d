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

word2vec draws the window of each token from 1 to `window`. Here all pairs within
`window` count, by the chance that such a draw holds them: the same in expectation, with
less left to chance, and the scores are there anyhow.

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here the T tokens of a few neighbouring blocks, a group, share K noise words: a token
whose pairs weigh p together gives each of them the weight negative * p / K, which is
again the same in expectation. Small blocks waste few scores; large groups read and
write few rows.

    centers    (G, T, d)   the same vectors, in G groups
    noise      (G, K, d)   context vectors of the noise words
    scores     (G, T, K)   centers @ noise^T
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad, softplus

SolverName = Literal["adagrad", "adam", "sgd"]

#: Tokens of a group (T), at most; and of a block (L), unless a step has fewer or its
#: windows are wider.
GROUP_LENGTH = 96
BLOCK_LENGTH = 16

#: Noise words of a group (K): for each pair that a token has on average; at least; and
#: at most.
NOISE_A_PAIR = 8
MIN_NOISE = 32
MAX_NOISE = 96

#: Documents are cut into pieces of at most this many tokens, as in the word2vec program
#: (its MAX_SENTENCE_LENGTH), so that a corpus in a single document is shuffled too.
PIECE_LENGTH = 1000

#: Tokens whose steps are prepared in one go, about: so many, or fewer where windows are
#: wide, for this many places in their windows.
CHUNK_LENGTH = 2**16
CHUNK_PLACES = 2**23

#: Entries that a word has on average in the table that noise words are drawn from; and
#: of the table, at most.
NOISE_ENTRIES = 64
MAX_NOISE_TABLE = 2**22

#: Steps of an epoch at which the loss is computed, at least.
N_LOSS_STEPS = 5

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
        if learning_rate == "auto":
            learning_rate = AUTO_LEARNING_RATE[solver]
        lengths = np.diff(offsets)
        weights = pair_weights(
            window, shrink_windows, longest=min(lengths.max(), PIECE_LENGTH)
        )
        mean_length = expected_counts.sum() / np.count_nonzero(lengths)
        layout = Layout.of(
            batch_size,
            reach=len(weights),
            n_noise=n_noise_words(weights, mean_length),
        )
        sampler = BlockSampler(
            ids,
            offsets,
            keep_probabilities,
            noise_probabilities,
            pair_weights=weights,
            negative=negative,
            layout=layout,
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

    Fifty steps an epoch, of a size that is fast. Plain gradient descent is stable only
    as long as no word collects too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 50, 32), 3072)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    # Whole groups, or whole blocks: odd lengths make slow products.
    for length in (GROUP_LENGTH, BLOCK_LENGTH, 1):
        if batch_size >= length:
            break
    return int(batch_size // length) * length


def pair_weights(
    window: int, shrink_windows: bool, *, longest: int
) -> NDArray[np.float64]:
    """Return what a pair counts, by its distance: 1, 2... as far as documents reach."""
    distance = np.arange(1, max(2, min(window + 1, longest)))
    if shrink_windows:
        return (window + 1 - distance) / window
    return np.ones(len(distance))


def n_noise_words(pair_weights: NDArray[np.float64], mean_length: float) -> int:
    """Return how many noise words a group gets, from its pairs.

    The pairs of a token are those that it has if all documents are of the mean length.
    """
    distance = np.arange(1, len(pair_weights) + 1)
    shares = np.maximum(1 - distance / mean_length, 0)  # of tokens with such a context
    n_pairs = 2 * (pair_weights * shares).sum()
    return int(np.clip(NOISE_A_PAIR * round(n_pairs), MIN_NOISE, MAX_NOISE))


class Layout(NamedTuple):
    """How the tokens of a step are cut up."""

    groups_a_step: int
    blocks_a_group: int
    block_length: int
    n_noise: int  # of a group

    @classmethod
    def of(cls, batch_size: int, *, reach: int, n_noise: int) -> "Layout":
        """Cut steps of up to `batch_size` tokens, evenly.

        Short blocks have many contexts around them for few tokens, where windows are
        wide; long ones have many scores that are no pair's.
        """
        groups_a_step = -(-batch_size // GROUP_LENGTH)
        group_length = batch_size // groups_a_step
        blocks_a_group = -(-group_length // max(BLOCK_LENGTH, reach))
        block_length = group_length // blocks_a_group
        return cls(groups_a_step, blocks_a_group, block_length, n_noise)

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
    loss_every: int,
    first_rate: float,
    last_rate: float,
) -> float:
    """Train on every document once, and return the mean loss of a pair."""
    loss, weight, n_steps, n_read = 0.0, 0.0, 0, 0
    for n_tokens, steps in sampler.epoch():
        for place, blocks in enumerate(steps):
            share_read = (n_read + n_tokens * place / len(steps)) / sampler.n_tokens
            rate = first_rate + share_read * (last_rate - first_rate)
            if n_steps % loss_every:
                model.step(blocks, rate)
            else:
                loss += model.step(blocks, rate, with_loss=True)
                weight += _total(blocks.weights)
            n_steps += 1
        n_read += n_tokens
    return loss / weight if weight else 0.0


class Blocks(NamedTuple):
    """The blocks of a step: the rows of its words in one matrix of all vectors."""

    #: Of each token's centre vector (G * T), of the context vectors of the same tokens
    #: and of `reach` around them (G * T + 2 * reach), of the noise words' (G * K).
    rows: Tensor  # (G * T + G * T + 2 * reach + G * K,) int64
    #: What the pair of a token and its context counts, by the offset between them.
    weights: Tensor  # (2 * reach + 1, B, L) float32
    noise_weights: Tensor  # (G, T, 1) float32


class BlockSampler:
    """Draws what word2vec draws: tokens that stay, windows, noise, and their order."""

    def __init__(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        keep_probabilities: NDArray[np.float64],
        noise_probabilities: NDArray[np.float64],
        *,
        pair_weights: NDArray[np.float64],
        negative: int,
        layout: Layout,
        generator: torch.Generator,
    ) -> None:
        self.ids = torch.from_numpy(ids)  # (n_tokens,) int32
        self.n_tokens, self.n_words = len(ids), len(keep_probabilities)
        self.piece_starts, self.piece_lengths = _pieces(torch.from_numpy(offsets))
        self.keep_probabilities = torch.from_numpy(keep_probabilities).float()
        self.noise_table = _noise_table(noise_probabilities, layout.n_noise)
        self.pair_weights = torch.from_numpy(pair_weights).float()  # (reach,)
        self.negative = negative
        self.layout = layout
        self.generator = generator

    def epoch(self) -> Iterator[tuple[int, list[Blocks]]]:
        """Yield all documents once in random order, as tokens read and their steps."""
        n_pieces = len(self.piece_starts)
        order = torch.randperm(n_pieces, generator=self.generator)
        n_places = 2 * len(self.pair_weights) + 1
        chunk_length = min(CHUNK_LENGTH, CHUNK_PLACES // n_places)
        for pieces in order.split(max(1, chunk_length * n_pieces // self.n_tokens)):
            tokens, lengths = self._subsample(pieces)
            yield int(self.piece_lengths[pieces].sum()), self._steps(tokens, lengths)

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

    def _steps(self, tokens: Tensor, lengths: Tensor) -> list[Blocks]:
        """Cut the tokens of documents of these lengths into steps, with noise words."""
        n, reach = len(tokens), len(self.pair_weights)
        if not n:
            return []
        T, L = self.layout.group_length, self.layout.block_length
        n_steps = -(-n // self.layout.step_length)
        G = -(-n // (n_steps * T))  # as few groups as hold all tokens, in equal steps
        n_groups = n_steps * G
        # What fills the last groups are documents of one token, which have no pairs.
        filling = n_groups * T - n
        weights, noise_weights = self._weights(pad(lengths, (0, filling), value=1))

        words = pad(tokens.long(), (reach, reach + filling))
        centers = words[reach : reach + n_groups * T]
        contexts = words.as_strided((n_steps, G * T + 2 * reach), (G * T, 1))
        rows = torch.cat(
            [
                centers.view(n_steps, G * T),
                contexts + self.n_words,
                self._noise(n_groups).view(n_steps, -1) + self.n_words,
            ],
            dim=1,
        )
        steps = zip(
            rows.unbind(),
            weights.view(len(weights), n_steps, G * T // L, L).unbind(1),
            noise_weights.view(n_steps, G, T, 1).unbind(),
            strict=True,
        )
        return [Blocks(*step) for step in steps]

    def _weights(self, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what pairs count in documents of these lengths, and noise words.

        Pairs by offset and token, (2 * reach + 1, n), and noise by token, (n,).
        """
        reach = len(self.pair_weights)
        ends = lengths.cumsum(0)
        place = torch.arange(int(ends[-1]))
        # Tokens before and behind each one in its document, as far as they matter.
        before = place - (ends - lengths).repeat_interleave(lengths)
        behind = ends.repeat_interleave(lengths) - 1 - place
        before = before.clamp_(max=reach).to(torch.int32)  # (n,)
        behind = behind.clamp_(max=reach).to(torch.int32)
        distance = torch.arange(1, reach + 1, dtype=torch.int32)[:, None]
        itself = torch.zeros(1, len(place), dtype=torch.bool)
        in_reach = torch.cat([before >= distance.flip(0), itself, behind >= distance])
        by_offset = torch.cat(
            [self.pair_weights.flip(0), torch.zeros(1), self.pair_weights]
        )
        within = pad(self.pair_weights.cumsum(0), (1, 0))  # (reach + 1,)
        of_token = within.index_select(0, before) + within.index_select(0, behind)
        return (
            in_reach * by_offset[:, None],
            of_token * (self.negative / self.layout.n_noise),
        )

    def _noise(self, n_groups: int) -> Tensor:
        """Draw the noise words of groups, (n_groups * K,).

        A group gets one from each K-th part of the table: the same distribution as
        drawn from all of it, but common words come about as often as they should.
        """
        n_parts, part_length = self.noise_table.shape
        draws = torch.randint(
            part_length, (n_groups, n_parts), generator=self.generator
        )
        draws += torch.arange(n_parts) * part_length
        return self.noise_table.flatten().index_select(0, draws.flatten()).long()


class SkipGram:
    """The two matrices, and one step of training on them.

    Parameters
    ----------
    vectors : Tensor of shape (2, n_words, vector_size)
        The centre matrix and the context matrix; changed in place.
    """

    def __init__(self, vectors: Tensor, *, solver: SolverName) -> None:
        # One matrix for both, so that a step gathers, and adds to rows, only once.
        self.rows = vectors.flatten(0, 1)  # (2 * n_words, d)
        self.solver = SOLVERS[solver](self.rows)
        self.memory: StepMemory | None = None

    def step(
        self, blocks: Blocks, learning_rate: float, *, with_loss: bool = False
    ) -> float:
        """Move both matrices against the gradient of the blocks' summed loss.

        Returns the loss before the step, or 0.0 if it is not asked for.
        """
        if self.memory is None or not self.memory.fits(blocks):
            self.memory = StepMemory(blocks, self.rows)
        m = self.memory
        torch.index_select(self.rows, 0, blocks.rows, out=m.vectors)
        m.band.copy_(blocks.weights)

        # The scores of pairs get the opposite sign: their sigmoid is then the error.
        _product(m.contexts, m.centers.mT, out=m.scores, factor=-1)
        # On some processors the product takes three times as long without this copy.
        m.noise_transposed.copy_(m.noise.mT)
        _product(m.grouped_centers, m.noise_transposed, out=m.noise_scores)
        loss = 0.0
        if with_loss:
            loss = _total(softplus(m.scores).mul_(m.weights))
            loss += _total(softplus(m.noise_scores).mul_(blocks.noise_weights))
        m.all_scores.sigmoid_()
        errors = m.scores.mul_(m.weights)
        noise_errors = m.noise_scores.mul_(blocks.noise_weights)

        _product(noise_errors, m.noise, out=m.of_grouped_centers)
        m.of_centers.baddbmm_(errors.mT, m.contexts, alpha=-1)
        _product(noise_errors.mT, m.grouped_centers, out=m.of_noise)
        _product(m.errors_in_block, m.centers, out=m.of_contexts, factor=-1)
        _product(m.errors_behind, m.centers, out=m.of_contexts_behind, factor=-1)
        m.of_last_contexts.zero_()
        for of_contexts, portion in m.overlaps:
            of_contexts.add_(portion)
        self.solver.step(blocks.rows, m.gradient, learning_rate)
        return loss


class StepMemory:
    """The matrices of a step, kept for the next one.

    Fresh memory would come from the system page by page, and making a view takes as
    long as a small product. Gradients have the names of what they are the gradient of.
    """

    def __init__(self, blocks: Blocks, matrix: Tensor) -> None:
        self.shapes = [part.shape for part in blocks]
        d, n_rows = matrix.shape[1], len(blocks.rows)
        n_offsets, B, L = blocks.weights.shape
        G, T, _ = blocks.noise_weights.shape
        n_around = n_offsets - 1
        P = L + n_around
        K = (n_rows - 2 * G * T - n_around) // G

        parts = [G * T, G * T + n_around, G * K]
        self.vectors = matrix.new_empty(n_rows, d)
        centers, contexts, noise = self.vectors.split(parts)
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

        self.gradient = matrix.new_empty(n_rows, d)
        of_centers, of_contexts, of_noise = self.gradient.split(parts)
        self.of_centers = of_centers.view(B, L, d)
        self.of_grouped_centers = of_centers.view(G, T, d)
        self.of_noise = of_noise.view(G, K, d)
        # Products cannot write to rows that overlap. The first L contexts of a block
        # are no other's first: they get theirs at once. Those behind follow, in
        # portions of at most L rows, which do not overlap either.
        self.of_contexts = of_contexts[: G * T].view(B, L, d)
        self.of_last_contexts = of_contexts[G * T :]
        self.of_contexts_behind = matrix.new_empty(B, n_around, d)
        self.overlaps = [
            (of_contexts[begin:].unfold(0, portion.shape[1], L).mT[:B], portion)
            for begin, portion in zip(
                range(L, P, L), self.of_contexts_behind.split(L, dim=1), strict=True
            )
        ]

    def fits(self, blocks: Blocks) -> bool:
        """Return whether these blocks have the shapes of those before."""
        return [part.shape for part in blocks] == self.shapes


def _product(first: Tensor, second: Tensor, *, out: Tensor, factor: float = 1) -> None:
    torch.baddbmm(out, first, second, beta=0, alpha=factor, out=out)


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
        # that is nearly random. 0.1 is the mean square of a gradient's elements.
        self.sum_of_squares = matrix.new_full((len(matrix),), 0.1 * matrix.shape[1])

    def step(self, rows: Tensor, gradient: Tensor, learning_rate: float) -> None:
        """Descend by rows, each as often as it occurs; uses the gradient up."""
        squares = torch.linalg.vector_norm(gradient, dim=1).square_()
        self.sum_of_squares.scatter_add_(0, rows, squares)
        # The learning rate over the root of the mean square.
        rates = self.sum_of_squares.index_select(0, rows).rsqrt_()
        rates *= -learning_rate * math.sqrt(gradient.shape[1])
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


def _noise_table(probabilities: NDArray[np.float64], n_parts: int) -> Tensor:
    """Return a table in which a word fills its probability's share of the entries.

    In parts of equal length, (n_parts, part_length), words in their order.
    """
    length = min(MAX_NOISE_TABLE, NOISE_ENTRIES * len(probabilities))
    length = -(-length // n_parts) * n_parts
    ends = np.rint(np.cumsum(probabilities) * length).astype(np.int64)
    words = np.arange(len(probabilities), dtype=np.int32)
    table = np.repeat(words, np.diff(ends, prepend=0))
    return torch.from_numpy(table).view(n_parts, -1)


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
