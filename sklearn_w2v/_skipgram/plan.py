"""The plan of a training: all that is decided before anything is drawn. No torch.

Here "auto" becomes a number, and counts of words become word2vec's two distributions
over them. How the tokens of a step are used, and why, stands in `sampler.py`.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._parameters import FitParameters, SolverName
from sklearn_w2v._skipgram.distributions import (
    keep_probabilities,
    noise_probabilities,
    weights_by_distance,
)

#: What makes the steps: `compiled_steps.py` or `torch_steps.py`.
Implementation = Literal["compiled", "torch"]

#: What learning_rate="auto" stands for.
AUTO_LEARNING_RATE = {"adagrad": 0.4, "adam": 0.03, "sgd": 0.025}

#: Tokens that all epochs together read with epochs="auto", about; and how many epochs,
#: at least and at most.
AUTO_TOKENS = 5_000_000
MIN_EPOCHS = 5
MAX_EPOCHS = 20

#: Tokens of a group (T), at most; and of a block (L), unless a step has fewer or its
#: windows are wider.
GROUP_LENGTH = 64
BLOCK_LENGTH = 16

#: Tokens of a step with batch_size="auto", at most: of a processor; of other devices,
#: to which small steps are a waste.
MAX_STEP = 3072
DEVICE_MAX_STEP = 4096

#: Tokens of a step that a user asks for, at most: more than any corpus has.
MAX_BATCH = 2**40

#: Numbers in the vectors of a part's tokens, and these tokens, at most: what a thread
#: of the processor trains on at a time with torch. Smaller parts stay in a processor's
#: caches; larger ones make less work for Python, but there have to be enough for
#: several threads.
PART_NUMBERS = 76_800
PART_LENGTH = 1536

#: Tokens of a part of compiled steps, at most: the largest steps have sixteen parts, as
#: many as share evenly among 2, 4, 8 and 16 threads.
COMPILED_PART_LENGTH = 192

#: Tokens of a part, at most, for other devices: there one part is a step, unless its
#: scores and gradients would take too much memory.
DEVICE_PART_LENGTH = 2**15

#: Noise words of a group (K): for each pair that a token has on average; at least; at
#: most; and a number that K is a multiple of, since odd lengths make slow products.
NOISE_PER_PAIR = 5
MIN_NOISE = 24
MAX_NOISE = 64
NOISE_STEP = 8

#: Documents are split into sentences of at most so many tokens, as in the word2vec
#: program (its MAX_SENTENCE_LENGTH), so that a corpus of one document is shuffled too.
SENTENCE_LENGTH = 1000

#: Steps that all ranks make together from one merge to the next, about: so many, or the
#: second number over that of ranks where it is more: two can go further without harm.
STEPS_PER_MERGE = 32
STEPS_OF_FEW_RANKS = 128

#: Steps that rank 0 makes alone before all begin, at most; and as a share of all steps.
FIRST_STEPS = 200
FIRST_SHARE = 0.03

#: Steps of an epoch at which the loss is computed, at least.
N_LOSS_STEPS = 5


class Extent(NamedTuple):
    """How much there is to train on, of one rank or of all."""

    token_counts: NDArray[np.int64]  # (n_words,)
    n_documents: int  # that have words
    longest: int  # tokens of a document

    def plus(self, other: "Extent") -> "Extent":
        """Return what there is with the documents of another rank."""
        return Extent(
            self.token_counts + other.token_counts,
            self.n_documents + other.n_documents,
            max(self.longest, other.longest),
        )


def extent_of(
    corpus: Corpus, held_out: NDArray[np.int64] | None, n_words: int
) -> Extent:
    """Return how much of a corpus there is to train on, less what is held out."""
    counts = corpus.token_counts(n_words)
    n_documents = int(np.count_nonzero(corpus.lengths))
    if held_out is not None:
        counts -= corpus.token_counts(n_words, held_out)
        n_documents -= len(held_out)
    return Extent(counts, n_documents, int(corpus.lengths.max(initial=0)))


class Layout(NamedTuple):
    """How the tokens of a step are cut up."""

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
    """All that a training goes by, beside the corpus, where it begins, and a seed."""

    implementation: Implementation  # what makes the steps
    vector_size: int
    epochs: int
    solver: SolverName
    learning_rate: float  # at the start
    decay: bool  # whether the learning rate falls linearly to 0 over all epochs
    negative: int
    pair_weights: NDArray[np.float64]  # (reach,): what a pair counts, by its distance
    keep_probabilities: NDArray[np.float64]  # (n_words,): of surviving sub-sampling
    noise_probabilities: NDArray[np.float64]  # (n_words,): of a draw of noise
    layout: Layout
    loss_every: int  # steps
    merges_per_epoch: int  # of the matrices of several ranks
    first_steps: int  # that the first of several ranks makes alone
    #: With documents held out, training stops when their score has not improved by
    #: `tol` for so many epochs.
    n_iter_no_change: int
    tol: float

    @property
    def n_words(self) -> int:
        """Words of the vocabulary."""
        return len(self.keep_probabilities)

    @property
    def reach(self) -> int:
        """The distance of the farthest pair."""
        return len(self.pair_weights)

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate at the beginning of an epoch."""
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
    """Decide on all that a training goes by.

    Parameters
    ----------
    parameters : FitParameters
        What the user has set.
    extent : Extent
        How much there is to train on; at least one word.
    word_counts : ndarray of shape (n_words,)
        How often words occur in all that was ever learned from, which decides the
        distributions.
    epochs, decay : int, bool
        See TrainingPlan.
    on_cpu : bool
        Whether the training is not on another device.
    implementation : str
        What makes the steps.
    world_size : int
        How many ranks train, each on its share.
    """
    solver, batch_size = parameters.solver, parameters.batch_size
    learning_rate = parameters.learning_rate
    keep = keep_probabilities(word_counts, parameters.sample)
    # In an epoch of a rank, after sub-sampling.
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
    layout = cut_step(
        min(batch_size, MAX_BATCH),
        longest_part=longest_part,
        reach=len(pair_weights),
        n_noise=n_noise,
    )
    n_steps = n_expected / layout.step_length
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
        loss_every=max(1, int(n_steps / N_LOSS_STEPS)),
        merges_per_epoch=merges_per_epoch(n_steps, world_size),
        first_steps=first_steps(n_steps * epochs, world_size),
        n_iter_no_change=parameters.n_iter_no_change,
        tol=parameters.tol,
    )


def merges_per_epoch(n_steps: float, world_size: int) -> int:
    """Return how often ranks merge, each of which makes so many steps in an epoch."""
    if world_size == 1:
        return 0
    steps_of_all = max(STEPS_PER_MERGE, STEPS_OF_FEW_RANKS / world_size)
    return math.ceil(n_steps / max(1, steps_of_all / world_size))


def first_steps(n_steps: float, world_size: int) -> int:
    """Return how many steps rank 0 makes before all, each of which makes so many."""
    if world_size == 1:
        return 0
    return min(FIRST_STEPS, int(FIRST_SHARE * n_steps * world_size))


def auto_epochs(n_tokens: int) -> int:
    """Return how many epochs a corpus of so many tokens gets."""
    return round(min(max(AUTO_TOKENS / max(n_tokens, 1), MIN_EPOCHS), MAX_EPOCHS))


def noise_words_per_group(pair_weights: NDArray[np.float64], mean_length: float) -> int:
    """Return how many noise words a group gets, from its pairs.

    The pairs of a token are those that it has if all documents are of the mean length.
    """
    distance = np.arange(1, len(pair_weights) + 1)
    shares = np.maximum(1 - distance / mean_length, 0)  # of tokens with such a context
    n_noise = NOISE_PER_PAIR * 2 * (pair_weights * shares).sum()
    in_steps = NOISE_STEP * math.ceil(n_noise / NOISE_STEP)
    return min(max(in_steps, MIN_NOISE), MAX_NOISE)


def auto_batch_size(
    expected_counts: NDArray[np.float64],
    solver: SolverName,
    *,
    longest_part: int,
    max_step: int,
) -> int:
    """Tokens of a step, from how often each word comes in an epoch after sub-sampling.

    Fifty steps an epoch, of a size that is fast. Plain gradient descent is stable only
    as long as no word collects too many gradients in a step.
    """
    n_tokens = expected_counts.sum()
    batch_size = min(max(n_tokens / 50, 32), max_step)
    if solver == "sgd":
        batch_size = min(batch_size, 256, 8 * n_tokens / expected_counts.max())
    # Parts of equally many whole groups, or whole blocks: odd lengths are slow.
    groups_per_part = longest_part // GROUP_LENGTH
    for n_groups in range(int(batch_size // GROUP_LENGTH), 0, -1):
        if n_groups % math.ceil(n_groups / groups_per_part) == 0:
            return n_groups * GROUP_LENGTH
    length = BLOCK_LENGTH if batch_size >= BLOCK_LENGTH else 1
    return int(batch_size // length) * length


def cpu_part_length(vector_size: int) -> int:
    """Return the tokens of a processor's part with torch, at most: whole groups."""
    n_groups = max(PART_NUMBERS // vector_size // GROUP_LENGTH, 1)
    return min(n_groups * GROUP_LENGTH, PART_LENGTH)


def cut_step(batch_size: int, *, longest_part: int, reach: int, n_noise: int) -> Layout:
    """Cut steps of up to `batch_size` tokens, evenly.

    Short blocks have many contexts around them for few tokens, where windows are wide;
    long ones have many scores that are no pair's.
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
