"""Ids -> the steps of a training: all that word2vec draws at random.

Tokens that survive the sub-sampling stand one after the other, and beside each one the
number of its document; a pair is two of a document that are not too far apart. Steps
cut this row of tokens into pieces, however documents lie in it:

    words      (reach + n_tokens + reach,)
    documents  (reach + n_tokens + reach,)
    noise      (n_groups, K)   noise words, which the tokens of a group share; a part is
                               a few groups, and a step a few parts, which threads share

word2vec draws the window of each token from 1 to `window`. Here all pairs within
`window` count, by the chance that such a draw holds them: the same in expectation, with
less left to chance, and the scores are there anyhow.

In word2vec each pair of a word and its context meets `negative` noise words of its own.
Here a token whose pairs weigh p together gives each of the K noise words of its group
the weight negative * p / K, which is again the same in expectation.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import PIECE_LENGTH, Layout, TrainingPlan

#: Tokens read for the steps of a chunk, about: so many, or fewer where windows are
#: wide, for this many places in their windows. Other devices want more at once, since
#: each chunk makes them wait for the processor a few times.
CHUNK_LENGTH = 2**17
CHUNK_PLACES = 2**23
DEVICE_CHUNK_LENGTH = 2**20
DEVICE_CHUNK_PLACES = 2**25

#: The document of what is before the first token and behind the last.
NO_DOCUMENT = -1


class Chunk(NamedTuple):
    """What some steps train on."""

    n_read: int  # tokens, before sub-sampling
    words: Tensor  # (reach + n_tokens + reach,) int32
    documents: Tensor  # (reach + n_tokens + reach,) int32
    noise: Tensor  # (n_groups, K) int32
    layout: Layout

    @property
    def n_tokens(self) -> int:
        """Tokens that survived, and what fills up the last part."""
        return len(self.noise) * self.layout.group_length

    @property
    def n_parts(self) -> int:
        """Parts of all steps."""
        return len(self.noise) // self.layout.groups_a_part

    @property
    def n_steps(self) -> int:
        """Steps; the last one may have fewer parts."""
        return -(-self.n_parts // self.layout.parts_a_step)

    @property
    def reach(self) -> int:
        """The distance of the farthest pair."""
        return (len(self.words) - self.n_tokens) // 2

    def steps(self, first: int, last: int) -> "Chunk":
        """Return some of the steps."""
        layout, n_around = self.layout, 2 * self.reach
        places = slice(
            first * layout.step_length,
            min(last * layout.step_length, self.n_tokens) + n_around,
        )
        groups_a_step = layout.parts_a_step * layout.groups_a_part
        return self._replace(
            words=self.words[places],
            documents=self.documents[places],
            noise=self.noise[first * groups_a_step : last * groups_a_step],
        )


class Sampler:
    """Draws what word2vec draws: tokens that stay, noise, and their order.

    Of the documents of the corpus that have these numbers.
    """

    def __init__(
        self,
        corpus: Corpus,
        documents: NDArray[np.int64],
        plan: TrainingPlan,
        noise: Noise,
        device: torch.device,
    ) -> None:
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
        self.keep_probabilities = keep_probabilities.to(device)  # (n_words,)
        self.reach, self.layout = plan.reach, plan.layout
        self.device = device
        self.noise = noise

        # Pieces of a chunk, and chunks of an epoch.
        chunk_length, chunk_places = CHUNK_LENGTH, CHUNK_PLACES
        if device.type != CPU.type:
            chunk_length, chunk_places = DEVICE_CHUNK_LENGTH, DEVICE_CHUNK_PLACES
        chunk_length = min(chunk_length, chunk_places // (2 * self.reach + 1))
        n_pieces = len(self.piece_starts)
        self.n_pieces = max(1, chunk_length * n_pieces // max(self.n_tokens, 1))
        self.n_chunks = -(-n_pieces // self.n_pieces)

    def epoch(self, generator: torch.Generator) -> Iterator[Callable[[], Chunk]]:
        """Yield what draws the chunks of an epoch: all documents in random order.

        Each chunk has a seed of its own, so that threads may draw them side by side.
        """
        if not self.n_chunks:  # as on a rank that has no words
            return
        order = torch.randperm(
            len(self.piece_starts), generator=generator, device=self.device
        )
        seeds = torch.randint(
            2**62, (self.n_chunks,), generator=generator, device=self.device
        )
        for pieces, seed in zip(
            order.split(self.n_pieces), seeds.tolist(), strict=True
        ):
            yield partial(self._draw, pieces, seed)

    def _draw(self, pieces: Tensor, seed: int) -> Chunk:
        """Draw which tokens of these pieces stay, and noise words for them."""
        generator = torch.Generator(self.device).manual_seed(seed)
        lengths = self.piece_lengths[pieces]  # (n_pieces,)
        n_read = int(lengths.sum())
        piece = self._places(len(pieces)).repeat_interleave(lengths, output_size=n_read)
        # From a token's place in this chunk to its place in `ids`.
        shifts = self.piece_starts[pieces] - (lengths.cumsum(0) - lengths)
        places = shifts.index_select(0, piece).add_(self._places(n_read))  # (n_read,)
        tokens = self.ids.index_select(0, places.to(self.ids.device)).to(self.device)
        draws = torch.rand(
            n_read, generator=generator, dtype=torch.float32, device=self.device
        )
        is_kept = draws < self.keep_probabilities.index_select(0, tokens)
        kept = is_kept.nonzero().squeeze(1)  # (n_kept,)

        # What fills up the last part are documents of one token, which have no pairs.
        n_kept, part_length = len(kept), self.layout.part_length
        n_parts = -(-n_kept // part_length)
        words = tokens.new_zeros(2 * self.reach + n_parts * part_length)
        documents = torch.full_like(words, NO_DOCUMENT)
        of_tokens = slice(self.reach, self.reach + n_kept)
        words[of_tokens] = tokens.index_select(0, kept)
        documents[of_tokens] = piece.index_select(0, kept)
        filling = slice(of_tokens.stop, len(words) - self.reach)
        n_filling = filling.stop - filling.start
        documents[filling] = self._places(n_filling) + len(pieces)
        noise = self.noise.draw(n_parts * self.layout.groups_a_part, generator)
        return Chunk(n_read, words, documents, noise, self.layout)

    def _places(self, n_places: int) -> Tensor:
        return torch.arange(n_places, device=self.device)


def _pieces(starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Cut documents into pieces of PIECE_LENGTH at most: their starts and lengths."""
    device, lengths = starts.device, ends - starts
    if not len(lengths) or lengths.max() <= PIECE_LENGTH:
        return starts[lengths > 0], lengths[lengths > 0]
    n_pieces = -(-lengths // PIECE_LENGTH)  # (n_documents,)
    documents = torch.arange(len(n_pieces), device=device)
    document = documents.repeat_interleave(n_pieces)  # (sum of n_pieces,)
    first = (n_pieces.cumsum(0) - n_pieces).repeat_interleave(n_pieces)
    place = torch.arange(len(document), device=device) - first  # in its document
    piece_starts = starts[document] + place * PIECE_LENGTH
    return piece_starts, (ends[document] - piece_starts).clamp(max=PIECE_LENGTH)


def _upload_if_it_fits(ids: Tensor, device: torch.device) -> Tensor:
    """Return the ids on the device, or as they are if they take half of what is free.

    In that case each chunk is uploaded when its turn comes.
    """
    if device.type == "cuda" and ids.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return ids
    return ids.to(device)
