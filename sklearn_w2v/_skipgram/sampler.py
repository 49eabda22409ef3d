"""The random draws of word2vec: from the ids of a corpus to chunks of steps.

The tokens that survive the subsampling follow one another, each with the index of its
sentence. A pair is two tokens of a sentence that are at most `reach` tokens apart.
Steps are equal slices of these tokens, wherever sentences start and end:

    words      (reach + n_tokens + reach,)
    sentences  (reach + n_tokens + reach,)
    noise      (n_groups, K)   noise words, shared by the tokens of a group

A step consists of parts, and a part of groups.

word2vec draws the window of each token from 1 to `window`. Here the weight of a pair is
the probability that such a window contains it. The expectation is the same, the
variance is lower, and the scores are computed anyway.

In word2vec, each pair of a word and its context has its own `negative` noise words.
Here, a token whose pairs have the summed weight p gives each of the K noise words of
its group the weight negative * p / K. The expectation is the same again, except that
word2vec skips a noise word that is the context word itself.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import SENTENCE_LENGTH, Layout, TrainingPlan

#: Tokens that are read for a chunk, about; fewer if windows are wide, so that a chunk
#: has at most CHUNK_PAIRS pairs. Other devices get larger chunks, since they wait for
#: the CPU a few times per chunk.
CHUNK_LENGTH = 2**17
CHUNK_PAIRS = 2**23
DEVICE_CHUNK_LENGTH = 2**20
DEVICE_CHUNK_PAIRS = 2**25

#: The sentence of the positions before the first token and after the last one.
NO_SENTENCE = -1


class Chunk(NamedTuple):
    """The tokens and noise words of some steps."""

    n_read: int  # tokens, before subsampling
    words: Tensor  # (reach + n_tokens + reach,) int32
    sentences: Tensor  # (reach + n_tokens + reach,) int32
    noise: Tensor  # (n_groups, K) int32
    layout: Layout

    @property
    def n_tokens(self) -> int:
        """The number of tokens that survived, with the padding of the last part."""
        return len(self.noise) * self.layout.group_length

    @property
    def n_parts(self) -> int:
        """The number of parts of all steps."""
        return len(self.noise) // self.layout.groups_per_part

    @property
    def n_steps(self) -> int:
        """The number of steps; the last one may have fewer parts."""
        return -(-self.n_parts // self.layout.parts_per_step)

    @property
    def reach(self) -> int:
        """The distance of the farthest pair."""
        return (len(self.words) - self.n_tokens) // 2

    def steps(self, first: int, last: int) -> "Chunk":
        """Return the steps from `first` to `last - 1`."""
        layout = self.layout
        end = min(last * layout.step_length, self.n_tokens) + 2 * self.reach
        tokens = slice(first * layout.step_length, end)
        groups_per_step = layout.parts_per_step * layout.groups_per_part
        return self._replace(
            words=self.words[tokens],
            sentences=self.sentences[tokens],
            noise=self.noise[first * groups_per_step : last * groups_per_step],
        )


class Sampler:
    """Draws the order of sentences, the tokens that survive, and noise words.

    Parameters
    ----------
    corpus : Corpus
        All documents.
    documents : ndarray of shape (n_documents,)
        The indices of the documents to draw from.
    plan : TrainingPlan
        The distributions, and the layout of steps.
    noise : Noise
        Draws the noise words.
    device : torch.device
        The device on which to draw.
    ids : Tensor or None
        The ids of all documents, if another sampler of the corpus has uploaded them.
    """

    def __init__(
        self,
        corpus: Corpus,
        documents: NDArray[np.int64],
        plan: TrainingPlan,
        noise: Noise,
        device: torch.device,
        ids: Tensor | None = None,
    ) -> None:
        if ids is None:
            ids = _upload_if_it_fits(torch.from_numpy(corpus.ids), device)
        self.ids = ids  # (n_tokens,)
        starts = torch.from_numpy(corpus.offsets[:-1][documents]).to(device)
        ends = torch.from_numpy(corpus.offsets[1:][documents]).to(device)
        self.sentence_starts, self.sentence_lengths = _sentences(starts, ends)
        self.n_tokens = int(corpus.lengths[documents].sum())
        keep_probabilities = torch.from_numpy(plan.keep_probabilities).float()
        self.keep_probabilities = keep_probabilities.to(device)  # (n_words,)
        self.reach, self.layout = plan.reach, plan.layout
        self.device = device
        self.noise = noise

        # Sentences per chunk, and chunks per epoch.
        chunk_length, chunk_pairs = CHUNK_LENGTH, CHUNK_PAIRS
        if device.type != CPU.type:
            chunk_length, chunk_pairs = DEVICE_CHUNK_LENGTH, DEVICE_CHUNK_PAIRS
        chunk_length = min(chunk_length, chunk_pairs // (2 * self.reach + 1))
        n_sentences = len(self.sentence_starts)
        n_in_chunk = chunk_length * n_sentences // max(self.n_tokens, 1)
        self.sentences_per_chunk = max(1, n_in_chunk)
        self.n_chunks = -(-n_sentences // self.sentences_per_chunk)

    def epoch(self, generator: torch.Generator) -> list[Callable[[], Chunk]]:
        """Return functions that draw the chunks of an epoch, sentences in random order.

        Each chunk has its own seed, so that threads can draw chunks concurrently.
        """
        if not self.n_chunks:  # as on a rank without words
            return []
        order = torch.randperm(
            len(self.sentence_starts), generator=generator, device=self.device
        )
        seeds = torch.randint(
            2**62, (self.n_chunks,), generator=generator, device=self.device
        )
        chunks = zip(order.split(self.sentences_per_chunk), seeds.tolist(), strict=True)
        return [partial(self._draw, sentences, seed) for sentences, seed in chunks]

    def _draw(self, sentences: Tensor, seed: int) -> Chunk:
        """Draw the tokens of these sentences that survive, and their noise words."""
        generator = torch.Generator(self.device).manual_seed(seed)
        lengths = self.sentence_lengths[sentences]  # (n_sentences,)
        n_read = int(lengths.sum())
        sentence = self._range(len(sentences)).repeat_interleave(
            lengths, output_size=n_read
        )
        # From positions of tokens in this chunk to positions in `ids`.
        shifts = self.sentence_starts[sentences] - (lengths.cumsum(0) - lengths)
        positions = shifts.index_select(0, sentence).add_(self._range(n_read))
        tokens = self.ids.index_select(0, positions.to(self.ids.device))  # (n_read,)
        tokens = tokens.to(self.device)
        draws = torch.rand(
            n_read, generator=generator, dtype=torch.float32, device=self.device
        )
        is_kept = draws < self.keep_probabilities.index_select(0, tokens)
        kept = is_kept.nonzero().squeeze(1)  # (n_kept,)

        # The last part is padded with sentences of one token, which have no pairs.
        n_kept, part_length = len(kept), self.layout.part_length
        n_parts = -(-n_kept // part_length)
        words = tokens.new_zeros(2 * self.reach + n_parts * part_length)
        sentence_of = torch.full_like(words, NO_SENTENCE)
        survived = slice(self.reach, self.reach + n_kept)
        words[survived] = tokens.index_select(0, kept)
        sentence_of[survived] = sentence.index_select(0, kept)
        padding = slice(survived.stop, len(words) - self.reach)
        n_padding = padding.stop - padding.start
        sentence_of[padding] = self._range(n_padding) + len(sentences)
        noise = self.noise.draw(n_parts * self.layout.groups_per_part, generator)
        return Chunk(n_read, words, sentence_of, noise, self.layout)

    def _range(self, n: int) -> Tensor:
        return torch.arange(n, device=self.device)


def _sentences(starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Split documents into sentences; return their starts and lengths."""
    device, lengths = starts.device, ends - starts
    if not len(lengths) or lengths.max() <= SENTENCE_LENGTH:
        return starts[lengths > 0], lengths[lengths > 0]
    n_sentences = -(-lengths // SENTENCE_LENGTH)  # (n_documents,)
    documents = torch.arange(len(n_sentences), device=device)
    document = documents.repeat_interleave(n_sentences)  # (sum of n_sentences,)
    first = (n_sentences.cumsum(0) - n_sentences).repeat_interleave(n_sentences)
    number = torch.arange(len(document), device=device) - first  # in its document
    sentence_starts = starts[document] + number * SENTENCE_LENGTH
    lengths = (ends[document] - sentence_starts).clamp(max=SENTENCE_LENGTH)
    return sentence_starts, lengths


def _upload_if_it_fits(ids: Tensor, device: torch.device) -> Tensor:
    """Return the ids on the device, or on the CPU if they need half its free memory.

    In that case the tokens of each chunk are uploaded when it is drawn.
    """
    if device.type == "cuda" and ids.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return ids
    return ids.to(device)
