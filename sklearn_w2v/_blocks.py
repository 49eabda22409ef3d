"""Ids -> the blocks of training steps: all that word2vec draws at random.

Pairs are never formed. Tokens that survive the sub-sampling are cut into blocks of L;
the pairs of a block are trained all at once, and most of its places belong to no pair:

    centers    (B, L)   the tokens of B blocks
    contexts   (B, P)   P = L + 2 * reach: those of the block and its surroundings, as
                        far as a window can reach
    noise      (G, K)   noise words, which the T tokens of a group share; a group is a
                        few neighbouring blocks

word2vec draws the window of each token from 1 to `window`. Here all pairs within
`window` count, by the chance that such a draw holds them: the same in expectation, with
less left to chance, and the scores are there anyhow.

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here a token whose pairs weigh p together gives each of the K noise words of its group
the weight negative * p / K, which is again the same in expectation. Small blocks waste
few scores; large groups read and write few rows.
"""

from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

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


class Batch(NamedTuple):
    """The blocks of a step: the rows of its words in one matrix of all vectors."""

    #: Of each token's centre vector (G * T), of the context vectors of the same tokens
    #: and of `reach` around them (G * T + 2 * reach), of the noise words' (G * K).
    rows: Tensor  # (G * T + G * T + 2 * reach + G * K,) int64
    #: What the pair of a token and its context counts, by the offset between them.
    weights: Tensor  # (2 * reach + 1, B, L) float32
    noise_weights: Tensor  # (G, T, 1) float32


class Layout(NamedTuple):
    """How the tokens of a step are cut up."""

    groups_a_step: int
    blocks_a_group: int
    block_length: int
    n_noise: int  # of a group

    @property
    def group_length(self) -> int:
        """Tokens of a group."""
        return self.blocks_a_group * self.block_length

    @property
    def step_length(self) -> int:
        """Tokens of a step."""
        return self.groups_a_step * self.group_length


def cut_step(batch_size: int, *, reach: int, n_noise: int) -> Layout:
    """Cut steps of up to `batch_size` tokens, evenly.

    Short blocks have many contexts around them for few tokens, where windows are
    wide; long ones have many scores that are no pair's.
    """
    groups_a_step = -(-batch_size // GROUP_LENGTH)
    group_length = batch_size // groups_a_step
    blocks_a_group = -(-group_length // max(BLOCK_LENGTH, reach))
    block_length = group_length // blocks_a_group
    return Layout(groups_a_step, blocks_a_group, block_length, n_noise)


class BatchSampler:
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
        self._read(ids, offsets)
        self.n_words = len(keep_probabilities)
        self.keep_probabilities = torch.from_numpy(keep_probabilities).float()
        self.noise_table = _noise_table(noise_probabilities, layout.n_noise)
        self.pair_weights = torch.from_numpy(pair_weights).float()  # (reach,)
        self.negative = negative
        self.layout = layout
        self.generator = generator

    def _read(self, ids: NDArray[np.int32], offsets: NDArray[np.int64]) -> None:
        self.ids = torch.from_numpy(ids)  # (n_tokens,) int32
        self.n_tokens = len(ids)
        self.piece_starts, self.piece_lengths = _pieces(torch.from_numpy(offsets))

    def of_corpus(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        generator: torch.Generator,
    ) -> "BatchSampler":
        """Return a sampler that draws from other documents in the same way."""
        other = copy(self)
        other._read(ids, offsets)
        other.generator = generator
        return other

    def epoch(self) -> Iterator[tuple[int, list[Batch]]]:
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

    def _steps(self, tokens: Tensor, lengths: Tensor) -> list[Batch]:
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
        return [Batch(*step) for step in steps]

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


def weights_by_distance(
    window: int, shrink_windows: bool, *, longest: int
) -> NDArray[np.float64]:
    """Return what a pair counts, by its distance: 1, 2... as far as documents reach."""
    distance = np.arange(1, max(2, min(window + 1, longest)))
    if shrink_windows:
        return (window + 1 - distance) / window
    return np.ones(len(distance))


def noise_words_a_group(pair_weights: NDArray[np.float64], mean_length: float) -> int:
    """Return how many noise words a group gets, from its pairs.

    The pairs of a token are those that it has if all documents are of the mean length.
    """
    distance = np.arange(1, len(pair_weights) + 1)
    shares = np.maximum(1 - distance / mean_length, 0)  # of tokens with such a context
    n_pairs = 2 * (pair_weights * shares).sum()
    return int(np.clip(NOISE_A_PAIR * round(n_pairs), MIN_NOISE, MAX_NOISE))


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
