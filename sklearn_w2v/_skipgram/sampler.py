"""Ids -> the batches of training steps: all that word2vec draws at random.

Pairs are never formed. Tokens that survive the sub-sampling are cut into blocks of L;
the pairs of a block are trained all at once, and most of its places belong to no pair:

    centers    (B, L)   the tokens of B blocks
    contexts   (B, P)   P = L + 2 * reach: those of the block and its surroundings, as
                        far as a window can reach
    noise      (G, K)   noise words, which the T tokens of a group share; a group is a
                        few neighbouring blocks, a part a few groups, and a step a few
                        parts, which threads share

word2vec draws the window of each token from 1 to `window`. Here all pairs within
`window` count, by the chance that such a draw holds them: the same in expectation, with
less left to chance, and the scores are there anyhow.

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here a token whose pairs weigh p together gives each of the K noise words of its group
the weight negative * p / K, which is again the same in expectation. Small blocks waste
few scores; large groups read and write few rows.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.plan import PIECE_LENGTH, TrainingPlan

#: Tokens whose steps are prepared in one go, about: so many, or fewer where windows are
#: wide, for this many places in their windows. Other devices want more at once, since
#: each chunk makes them wait for the processor a few times.
CHUNK_LENGTH = 2**16
CHUNK_PLACES = 2**23
DEVICE_CHUNK_LENGTH = 2**20
DEVICE_CHUNK_PLACES = 2**25

#: Entries that a word has on average in the table that noise words are drawn from; and
#: of the table, at most.
NOISE_ENTRIES = 64
MAX_NOISE_TABLE = 2**22


class Part(NamedTuple):
    """A part of a batch: what one thread trains on at a time."""

    #: Rows of the centre matrix: of each token.
    centers: Tensor  # (G * T,) int64
    #: Rows of the context matrix: of the same tokens and of `reach` around them, then
    #: of the noise words.
    contexts: Tensor  # (G * T + 2 * reach + G * K,) int64
    #: What the pair of a token and its context counts, by the offset between them.
    weights: Tensor  # (2 * reach + 1, B, L) float32
    noise_weights: Tensor  # (G, T, 1) float32


class Batch(NamedTuple):
    """What a step trains on, in P parts of one shape."""

    centers: Tensor  # (P * G * T,): those of all parts, one after the other
    contexts: Tensor  # (P * (G * T + 2 * reach + G * K),)
    parts: list[Part]

    @property
    def weight(self) -> float:
        """What all pairs count together."""
        return sum(exact_sum(part.weights) for part in self.parts)


def exact_sum(values: Tensor) -> float:
    """Sum in float64: of millions of small numbers float32 keeps few digits."""
    # By the processor, since some devices have no float64.
    return float(values.to(CPU).sum(dtype=torch.float64))


class BatchSampler:
    """Draws what word2vec draws: tokens that stay, windows, noise, and their order.

    Of the documents of the corpus that have these numbers.
    """

    def __init__(
        self,
        corpus: Corpus,
        documents: NDArray[np.int64],
        plan: TrainingPlan,
        noise: "NoiseTable",
    ) -> None:
        device = noise.words.device
        self.ids = _upload_if_it_fits(
            torch.from_numpy(corpus.ids), device
        )  # (n_tokens,)
        self.piece_starts, self.piece_lengths = _pieces(
            *(
                torch.from_numpy(places[documents]).to(device)
                for places in (corpus.offsets[:-1], corpus.offsets[1:])
            )
        )
        self.n_tokens = int(corpus.lengths[documents].sum())
        keep_probabilities = torch.from_numpy(plan.keep_probabilities).float()
        pair_weights = torch.from_numpy(plan.pair_weights).float()
        self.keep_probabilities = keep_probabilities.to(device)  # (n_words,)
        self.pair_weights = pair_weights.to(device)  # (reach,)
        self.device = device
        self.negative = plan.negative
        self.layout = plan.layout
        self.noise = noise

    def epoch(self, generator: torch.Generator) -> Iterator[tuple[int, list[Batch]]]:
        """Yield all documents once in random order, as tokens read and their steps."""
        n_pieces = len(self.piece_starts)
        if not n_pieces:  # as on a rank that has no words
            return
        order = torch.randperm(n_pieces, generator=generator, device=self.device)
        n_places = 2 * len(self.pair_weights) + 1
        chunk_length = min(CHUNK_LENGTH, CHUNK_PLACES // n_places)
        if self.device.type != CPU.type:
            chunk_length = min(DEVICE_CHUNK_LENGTH, DEVICE_CHUNK_PLACES // n_places)
        for pieces in order.split(max(1, chunk_length * n_pieces // self.n_tokens)):
            n_read = int(self.piece_lengths[pieces].sum())
            tokens, lengths = self._subsample(pieces, n_read, generator)
            yield n_read, self._batches(tokens, lengths, generator)

    def _subsample(
        self, pieces: Tensor, n_read: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw which tokens stay; return them, and how many do in each piece."""
        lengths = self.piece_lengths[pieces]  # (n_pieces,)
        # From a token's place in this chunk to its place in `ids`.
        shifts = self.piece_starts[pieces] - (lengths.cumsum(0) - lengths)
        shifts = shifts.repeat_interleave(lengths, output_size=n_read)
        places = _places(n_read, self.device) + shifts  # (n_read,)
        tokens = self.ids.index_select(0, places.to(self.ids.device)).to(self.device)
        draws = torch.rand(
            n_read, generator=generator, dtype=torch.float32, device=self.device
        )
        kept = draws < self.keep_probabilities.index_select(0, tokens)
        n_kept_until = pad(kept.cumsum(0), (1, 0))  # (n_read + 1,)
        ends = pad(lengths.cumsum(0), (1, 0))
        return tokens[kept], n_kept_until[ends].diff()

    def _batches(
        self, tokens: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> list[Batch]:
        """Cut the tokens of documents of these lengths into steps, with noise words."""
        n, reach = len(tokens), len(self.pair_weights)
        if not n:
            return []
        G, T = self.layout.groups_a_part, self.layout.group_length
        L, GT = self.layout.block_length, self.layout.part_length
        n_parts = -(-n // GT)
        # What fills the last part are documents of one token, which have no pairs.
        filling = n_parts * GT - n
        weights, noise_weights = self._weights(pad(lengths, (0, filling), value=1))

        words = pad(tokens.long(), (reach, reach + filling))
        centers = words[reach : reach + n_parts * GT].view(n_parts, GT)
        around = words.as_strided((n_parts, GT + 2 * reach), (GT, 1))
        noise = self.noise.draw(n_parts * G, generator).view(n_parts, -1)
        contexts = torch.cat([around, noise], dim=1)
        parts = map(
            Part,
            centers.unbind(),
            contexts.unbind(),
            weights.view(len(weights), n_parts, GT // L, L).unbind(1),
            noise_weights.view(n_parts, G, T, 1).unbind(),
        )
        # Full steps and a rest: as many parts as threads can share evenly.
        P = self.layout.parts_a_step
        steps = zip(
            centers.flatten().split(P * GT),
            contexts.flatten().split(P * contexts.shape[1]),
            strict=True,
        )
        return [Batch(*rows, list(islice(parts, P))) for rows in steps]

    def _weights(self, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what pairs count in documents of these lengths, and noise words.

        Pairs by offset and token, (2 * reach + 1, n), and noise by token, (n,).
        """
        reach = len(self.pair_weights)
        ends = lengths.cumsum(0)
        n = int(ends[-1])
        place = _places(n, self.device)
        # Tokens before and behind each one in its document, as far as they matter.
        starts = (ends - lengths).repeat_interleave(lengths, output_size=n)
        before = place - starts
        behind = ends.repeat_interleave(lengths, output_size=n) - 1 - place
        before = before.clamp_(max=reach).to(torch.int32)  # (n,)
        behind = behind.clamp_(max=reach).to(torch.int32)
        distance = (_places(reach, self.device) + 1).to(torch.int32)[:, None]
        itself = torch.zeros(1, n, dtype=torch.bool, device=self.device)
        in_reach = torch.cat([before >= distance.flip(0), itself, behind >= distance])
        of_itself = self.pair_weights.new_zeros(1)
        by_offset = torch.cat([self.pair_weights.flip(0), of_itself, self.pair_weights])
        within = pad(self.pair_weights.cumsum(0), (1, 0))  # (reach + 1,)
        of_token = within.index_select(0, before) + within.index_select(0, behind)
        return (
            in_reach * by_offset[:, None],
            of_token * (self.negative / self.layout.n_noise),
        )


class NoiseTable:
    """A table to draw noise words from: each fills its probability's share of it.

    In parts of equal length, (n_parts, part_length), words in their order. A group gets
    one word from each part: the same distribution as drawn from all of the table, but
    common words come about as often as they should.
    """

    def __init__(self, plan: TrainingPlan, device: torch.device) -> None:
        n_parts = plan.layout.n_noise
        length = min(MAX_NOISE_TABLE, NOISE_ENTRIES * plan.n_words)
        length = -(-length // n_parts) * n_parts
        ends = np.rint(np.cumsum(plan.noise_probabilities) * length).astype(np.int64)
        words = np.arange(plan.n_words, dtype=np.int32)
        table = np.repeat(words, np.diff(ends, prepend=0))
        self.words = torch.from_numpy(table).to(device).view(n_parts, -1)

    def draw(self, n_groups: int, generator: torch.Generator) -> Tensor:
        """Draw the noise words of groups, (n_groups * n_parts,)."""
        n_parts, part_length = self.words.shape
        device = self.words.device
        draws = torch.randint(
            part_length, (n_groups, n_parts), generator=generator, device=device
        )
        draws += _places(n_parts, device) * part_length
        return self.words.flatten().index_select(0, draws.flatten()).long()


def _pieces(starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Cut documents into pieces of PIECE_LENGTH at most: their starts and lengths."""
    device, lengths = starts.device, ends - starts
    if not len(lengths) or lengths.max() <= PIECE_LENGTH:
        return starts[lengths > 0], lengths[lengths > 0]
    n_pieces = -(-lengths // PIECE_LENGTH)  # (n_documents,)
    document = _places(len(n_pieces), device).repeat_interleave(n_pieces)
    first = (n_pieces.cumsum(0) - n_pieces).repeat_interleave(n_pieces)
    place = _places(len(document), device) - first  # in its document
    piece_starts = starts[document] + place * PIECE_LENGTH
    return piece_starts, (ends[document] - piece_starts).clamp(max=PIECE_LENGTH)


def _upload_if_it_fits(ids: Tensor, device: torch.device) -> Tensor:
    """Return the ids on the device, or as they are if they take half of what is free.

    In that case each chunk is uploaded when its turn comes.
    """
    if device.type == "cuda" and ids.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return ids
    return ids.to(device)


def _places(n_places: int, device: torch.device) -> Tensor:
    return torch.arange(n_places, device=device)
