"""The plan of a training: all that is decided before the first step. No torch.

"auto" becomes a number, and word counts become word2vec's two distributions.
`sampler.py` explains how the tokens of a step are used.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._parameters import FitParameters, Implementation, SolverName
from sklearn_w2v._ranks import ONE_RANK, Ranks
from sklearn_w2v._skipgram.distributions import (
    keep_probabilities,
    noise_probabilities,
    weights_by_distance,
)

#: The learning rate for learning_rate="auto".
AUTO_LEARNING_RATE = {"adagrad": 0.4, "adam": 0.03, "sgd": 0.025}

#: With epochs="auto", all epochs together read about AUTO_TOKENS tokens, in at least
#: MIN_EPOCHS and at most MAX_EPOCHS epochs.
AUTO_TOKENS = 5_000_000
MIN_EPOCHS = 5
MAX_EPOCHS = 20

#: Tokens of a group (T), at most, and of a block (L), unless a step has fewer or its
#: windows are wider.
GROUP_LENGTH = 64
BLOCK_LENGTH = 16

#: Tokens of a step with batch_size="auto", at most: on the CPU, and on other devices,
#: which small steps do not keep busy.
MAX_STEP = 3072
DEVICE_MAX_STEP = 4096

#: Tokens of a step with any `batch_size`, at most: more than any corpus has.
MAX_BATCH = 2**40

#: Numbers in the vectors of a part's tokens, and tokens of a part, at most, with torch
#: on the CPU. Small parts stay in the CPU's caches. Large parts have less overhead in
#: Python, but there have to be enough parts for several threads.
PART_NUMBERS = 76_800
PART_LENGTH = 1536

#: Tokens of a part of compiled steps, at most. The largest automatic steps have 16
#: parts, which 2, 4, 8 and 16 threads share evenly.
COMPILED_PART_LENGTH = 192

#: Tokens of a part on other devices, at most: a step is one part there, unless its
#: scores and gradients take too much memory.
DEVICE_PART_LENGTH = 2**15

#: Noise words of a group (K): NOISE_PER_PAIR for each pair of an average token, at
#: least MIN_NOISE, at most MAX_NOISE. K is a multiple of NOISE_MULTIPLE, since products
#: of odd lengths are slow.
NOISE_PER_PAIR = 5
MIN_NOISE = 24
MAX_NOISE = 64
NOISE_MULTIPLE = 8

#: Tokens of a sentence, at most, as in the word2vec program (its MAX_SENTENCE_LENGTH).
#: Documents are split into sentences so that a corpus of one document is shuffled too.
SENTENCE_LENGTH = 1000

#: Ranks make MERGES * sqrt(steps of all ranks) merges, and at most as many as a rank
#: makes steps. n ranks that are fewer than MANY_RANKS need fewer merges,
#: (n / MANY_RANKS)**1.25 times as many.
MERGES = 1.75
MANY_RANKS = 8

#: The most frequent words, whose rows are in each merge.
WORDS_OF_EACH_MERGE = 4096

#: The share of its last merged move by which a row moves again in a merge.
MOMENTUM = 0.3

#: Steps of a rank in which it waits for each merge. At first, moves are so large that
#: it costs accuracy to train on without those of other ranks.
WAITING_STEPS = 64

#: Steps that rank 0 makes before the other ranks start, at most, and as a share of all
#: steps.
FIRST_STEPS = 50
FIRST_SHARE = 0.03

#: Steps per epoch at which the loss is computed, at least.
N_LOSS_STEPS = 5


class Extent(NamedTuple):
    """How much there is to train on, on one rank or on all."""

    token_counts: NDArray[np.int64]  # (n_words,)
    n_documents: int  # with at least one word
    longest: int  # tokens of the longest document, also of those held out

    def plus(self, other: "Extent") -> "Extent":
        """Return the extent together with that of another rank."""
        return Extent(
            self.token_counts + other.token_counts,
            self.n_documents + other.n_documents,
            max(self.longest, other.longest),
        )


def extent_of(
    corpus: Corpus,
    held_out: NDArray[np.int64] | None,
    n_words: int,
    ranks: Ranks = ONE_RANK,
) -> Extent:
    """Return the extent of the documents of all ranks that are not held out."""
    counts = corpus.token_counts(n_words)
    n_documents = int(np.count_nonzero(corpus.lengths))
    if held_out is not None:
        counts -= corpus.token_counts(n_words, held_out)
        n_documents -= len(held_out)
    own = Extent(counts, n_documents, int(corpus.lengths.max(initial=0)))
    return reduce(Extent.plus, ranks.all_gather(own, "numbers of documents"))


class Layout(NamedTuple):
    """How the tokens of a step are split."""

    parts_per_step: int
    groups_per_part: int
    blocks_per_group: int
    block_length: int
    n_noise: int  # of a group

    @property
    def group_length(self) -> int:
        """Tokens of a group."""
        return self.blocks_per_group * self.block_length

    @property
    def part_length(self) -> int:
        """Tokens of a part."""
        return self.groups_per_part * self.group_length

    @property
    def step_length(self) -> int:
        """Tokens of a step."""
        return self.parts_per_step * self.part_length


@dataclass(frozen=True, eq=False)
class TrainingPlan:
    """All that decides a training except the corpus, the initial vectors and a seed."""

    implementation: Implementation
    vector_size: int
    epochs: int
    solver: SolverName
    learning_rate: float  # at the start
    decay: bool  # whether the learning rate falls linearly to 0 over all epochs
    negative: int
    pair_weights: NDArray[np.float64]  # (reach,): by the distance of a pair
    keep_probabilities: NDArray[np.float64]  # (n_words,): of subsampling
    noise_probabilities: NDArray[np.float64]  # (n_words,)
    layout: Layout
    loss_every: int  # in steps
    n_steps: float  # of a rank in all epochs, as expected
    n_merges: int  # in all epochs, in addition to one at the end of each; or 0
    fewest_rows: int  # of a merge
    waiting_epochs: float  # in which ranks wait for each merge
    first_steps: int  # steps that rank 0 makes first; 0 for one rank
    #: With documents held out, training stops when their score has not improved by
    #: `tol` for `n_iter_no_change` epochs.
    n_iter_no_change: int
    tol: float

    @property
    def n_words(self) -> int:
        """The number of words in the vocabulary."""
        return len(self.keep_probabilities)

    @property
    def reach(self) -> int:
        """The distance of the farthest pair."""
        return len(self.pair_weights)

    @property
    def weights_by_offset(self) -> NDArray[np.float64]:
        """Weights of pairs by the offset of the context, (2 * reach + 1,)."""
        return np.concatenate([self.pair_weights[::-1], [0], self.pair_weights])

    def merges_due(self, epochs_read: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many merges are due when so many epochs have been read.

        They become rarer, as moves become smaller.
        """
        shares = epochs_read / self.epochs
        n_due = np.minimum(self.n_merges * np.sqrt(shares), self.n_steps * shares)
        return n_due.astype(np.int64)

    def rows_of_merge(self, number: int) -> int:
        """Return how many rows are in the merge of this number, from 1.

        Every second merge has twice as many, every fourth four times, and so on.
        """
        largest_power = number & -number  # of 2 that divides the number
        return min(self.fewest_rows * largest_power, self.n_words)

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate at the start of an epoch."""
        return self.learning_rate * (1 - self.decay * epoch / self.epochs)


def plan_training(
    parameters: FitParameters,
    extent: Extent,
    *,
    word_counts: NDArray[np.int64],
    epochs: int,
    decay: bool,
    on_cpu: bool,
    implementation: Implementation,
    world_size: int = 1,
) -> TrainingPlan:
    """Return the plan of a training.

    Parameters
    ----------
    parameters : FitParameters
        The parameters of the user.
    extent : Extent
        How much there is to train on, on all ranks; at least one word.
    word_counts : ndarray of shape (n_words,)
        The counts of words in all documents, also those of earlier fits. They decide
        the distributions.
    epochs, decay : int, bool
        As in `TrainingPlan`.
    on_cpu : bool
        Whether the training runs on the CPU.
    implementation : {"compiled", "torch"}
        The implementation of the steps.
    world_size : int
        The number of ranks, each of which trains on its own documents.
    """
    solver, batch_size = parameters.solver, parameters.batch_size
    learning_rate = parameters.learning_rate
    keep = keep_probabilities(word_counts, parameters.sample)
    # In an epoch of one rank, after subsampling.
    expected_counts = extent.token_counts * keep / world_size
    if learning_rate == "auto":
        learning_rate = AUTO_LEARNING_RATE[solver]
    longest_part, max_step = DEVICE_PART_LENGTH, DEVICE_MAX_STEP
    if implementation == "compiled":
        longest_part, max_step = COMPILED_PART_LENGTH, MAX_STEP
    elif on_cpu:
        longest_part, max_step = cpu_part_length(parameters.vector_size), MAX_STEP
    if batch_size == "auto":
        batch_size = auto_batch_size(
            expected_counts, solver, longest_part=longest_part, max_step=max_step
        )

    pair_weights = weights_by_distance(
        parameters.window,
        parameters.shrink_windows,
        longest=min(extent.longest, SENTENCE_LENGTH),
    )
    n_expected = expected_counts.sum()
    mean_length = n_expected * world_size / extent.n_documents
    n_noise = noise_words_per_group(pair_weights, mean_length)
    layout = split_step(
        min(batch_size, MAX_BATCH),
        longest_part=longest_part,
        reach=len(pair_weights),
        n_noise=n_noise,
    )
    steps_per_epoch = n_expected / layout.step_length
    n_steps = steps_per_epoch * epochs
    return TrainingPlan(
        implementation=implementation,
        vector_size=parameters.vector_size,
        epochs=epochs,
        solver=solver,
        learning_rate=learning_rate,
        decay=decay,
        negative=parameters.negative,
        pair_weights=pair_weights,
        keep_probabilities=keep,
        noise_probabilities=noise_probabilities(word_counts, parameters.ns_exponent),
        layout=layout,
        loss_every=max(1, int(steps_per_epoch / N_LOSS_STEPS)),
        n_steps=n_steps,
        n_merges=number_of_merges(n_steps, world_size),
        fewest_rows=rows_of_frequent_words(word_counts),
        waiting_epochs=WAITING_STEPS / max(steps_per_epoch, 1),
        first_steps=first_steps(n_steps, world_size),
        n_iter_no_change=parameters.n_iter_no_change,
        tol=parameters.tol,
    )


def number_of_merges(n_steps: float, world_size: int) -> int:
    """Return the merges of a training in which each rank makes `n_steps` steps."""
    if world_size == 1:
        return 0
    share = min(world_size / MANY_RANKS, 1) ** 1.25
    return math.ceil(share * MERGES * math.sqrt(n_steps * world_size))


def rows_of_frequent_words(word_counts: NDArray[np.int64]) -> int:
    """Return how many rows have the WORDS_OF_EACH_MERGE most frequent words.

    They are the first rows, unless words are in an order of the user's.
    """
    n_words = min(WORDS_OF_EACH_MERGE, len(word_counts))
    least = np.partition(word_counts, -n_words)[-n_words]
    (more_frequent,) = np.nonzero(word_counts > least)
    return max(n_words, int(more_frequent.max(initial=-1)) + 1)


def first_steps(n_steps: float, world_size: int) -> int:
    """Return how many steps rank 0 makes first, if each rank makes `n_steps` later."""
    if world_size == 1:
        return 0
    return min(FIRST_STEPS, int(FIRST_SHARE * n_steps * world_size))


def auto_epochs(n_tokens: int) -> int:
    """Return the number of epochs for epochs="auto"."""
    return round(min(max(AUTO_TOKENS / max(n_tokens, 1), MIN_EPOCHS), MAX_EPOCHS))


def noise_words_per_group(pair_weights: NDArray[np.float64], mean_length: float) -> int:
    """Return the number of noise words of a group, from the weights of its pairs.

    All documents are assumed to have the mean length.
    """
    distance = np.arange(1, len(pair_weights) + 1)
    shares = np.maximum(1 - distance / mean_length, 0)  # of tokens with such a context
    n_noise = NOISE_PER_PAIR * 2 * (pair_weights * shares).sum()
    multiple = NOISE_MULTIPLE * math.ceil(n_noise / NOISE_MULTIPLE)
    return min(max(multiple, MIN_NOISE), MAX_NOISE)


def auto_batch_size(
    expected_counts: NDArray[np.float64],
    solver: SolverName,
    *,
    longest_part: int,
    max_step: int,
) -> int:
    """Return the tokens of a step, from the expected counts of words in an epoch.

    An epoch has about fifty steps, within bounds in which steps are fast. Plain
    gradient descent is stable only if no word has too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 50, 32), max_step)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    # Parts of equally many whole groups, or else whole blocks: odd lengths are slow.
    groups_per_part = longest_part // GROUP_LENGTH
    for n_groups in range(int(batch_size // GROUP_LENGTH), 0, -1):
        if n_groups % math.ceil(n_groups / groups_per_part) == 0:
            return n_groups * GROUP_LENGTH
    length = BLOCK_LENGTH if batch_size >= BLOCK_LENGTH else 1
    return int(batch_size // length) * length


def cpu_part_length(vector_size: int) -> int:
    """Return the tokens of a part with torch on the CPU, at most: whole groups."""
    n_groups = max(PART_NUMBERS // vector_size // GROUP_LENGTH, 1)
    return min(n_groups * GROUP_LENGTH, PART_LENGTH)


def split_step(
    batch_size: int, *, longest_part: int, reach: int, n_noise: int
) -> Layout:
    """Split a step of at most `batch_size` tokens evenly.

    Blocks that are short compared with the windows have many contexts for few tokens.
    Long blocks have many scores that belong to no pair.
    """
    parts_per_step = -(-batch_size // longest_part)
    part_length = batch_size // parts_per_step
    groups_per_part = -(-part_length // GROUP_LENGTH)
    group_length = part_length // groups_per_part
    blocks_per_group = -(-group_length // max(BLOCK_LENGTH, reach))
    block_length = group_length // blocks_per_group
    return Layout(
        parts_per_step, groups_per_part, blocks_per_group, block_length, n_noise
    )
