"""One fit: documents -> tokens -> ids -> matrices, and all that is learned on the way.

Each step is a room's; here they follow one another. Nothing is changed but by what is
returned, so that a fit that fails leaves all as it was.
"""

import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from typing import Any, Literal, Protocol

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_memory

from sklearn_w2v._corpus import Corpus, Rows, hold_out
from sklearn_w2v._known_vectors import find_vectors
from sklearn_w2v._learned import Learned
from sklearn_w2v._pooling import Pooling, common_components, word_weights
from sklearn_w2v._ranks import Ranks, first_to_differ
from sklearn_w2v._skipgram.plan import (
    Extent,
    Implementation,
    TrainingParameters,
    TrainingPlan,
    auto_epochs,
    extent_of,
    plan_training,
)
from sklearn_w2v._skipgram.state import (
    Initial,
    KnownVectors,
    Trained,
    TrainingStopped,
    Watcher,
)
from sklearn_w2v._sklearn import effective_n_threads
from sklearn_w2v._version import __version__
from sklearn_w2v._vocabulary import (
    Encoded,
    encode_words,
    learn_vocabulary,
    use_vocabulary,
)
from sklearn_w2v._warnings import warn

#: The share of the loss that training has to take away, or it taught nothing.
LEAST_FALL = 1e-3
#: Of fewer epochs nobody expects much.
FEW_EPOCHS = 5
#: How many times as high as in the beginning the loss may be in the end: of few epochs,
#: which can begin with steps that are too long, and of more.
MOST_RISE = 10
MOST_RISE_OF_MANY = 1.5

#: Parameters that ranks may have of their own, or that are compared elsewhere.
PARAMETERS_OF_A_RANK = frozenset(
    ["device", "init_vectors", "memory", "n_jobs", "verbose", "vocabulary"]
)


class FitParameters(TrainingParameters, Protocol):
    """The parameters of a fit, by their names in the vectorizer."""

    max_df: float
    min_df: float
    max_features: int | None
    max_vocab_size: int | None
    min_count: int
    vocabulary: Mapping[Any, int] | Iterable[Any] | None
    vectors: Literal["average", "center", "context"]
    weighting: Literal["idf", "sif"] | None
    sif_a: float
    n_components_removed: int
    epochs: int | Literal["auto"]
    early_stopping: bool
    validation_fraction: float
    init_vectors: Any
    trainable: bool
    warm_start: bool
    memory: Any
    device: str
    n_jobs: int | None
    random_state: int | np.random.RandomState | None


class Fit:
    """A fit, which reads the documents at once and runs once.

    Parameters
    ----------
    parameters : FitParameters
        What the user has set.
    before : Learned or None
        What the fit goes on from, if it does.
    documents : iterable of iterables of hashables
        Their tokens.
    partial : bool
        Whether the documents are one of several batches, to be trained on in one pass.
    ranks : Ranks
        Who else fits, each on documents of its own.

    Attributes
    ----------
    words : Encoded
        The words of the documents; counts and unknown tokens are those of all fits, and
        of all ranks.
    n_tokens : int
        How many words there are, of all ranks.
    epochs : int
        How many there will be, at most.
    implementation : {"compiled", "torch"}
        What makes the steps of the training.
    """

    def __init__(
        self,
        parameters: FitParameters,
        before: Learned | None,
        documents: Iterable[Iterable[Any]],
        *,
        partial: bool,
        ranks: Ranks,
    ) -> None:
        # Only training needs torch, which takes a second to import.
        from sklearn_w2v._skipgram.compiled_steps import can_train  # noqa: PLC0415
        from sklearn_w2v._skipgram.devices import find_device  # noqa: PLC0415

        self.device = find_device(parameters.device)
        is_compiled = can_train(self.device, parameters.solver)
        self.implementation: Implementation = "compiled" if is_compiled else "torch"
        self.parameters = parameters
        self.before = before
        self.partial = partial
        self.ranks = ranks
        self._check_ranks()
        self.words = self._add_up(self._encode(documents))
        self.n_tokens = sum(ranks.each(len(self.words.corpus.ids)))
        self.epochs = self._epochs()

    def how_it_trains(self) -> str:
        """Return where the training runs, and by what."""
        if self.implementation == "compiled":
            return f"on {self.device}, compiled"
        return f"on {self.device}, by torch"

    def run(self, watchers: Sequence[Watcher]) -> Learned:
        """Train, and return all that is learned."""
        with _memory_errors(len(self.words.vocabulary), self.parameters.vector_size):
            return self._run(watchers)

    def _run(self, watchers: Sequence[Watcher]) -> Learned:
        if self.before is not None and not self.n_tokens:
            return self._learned_without_training(self.before)
        self.initial, self.init_coverage = self._begin()
        trained = self._train(watchers)
        is_trained = len(self.initial.frozen) < len(self.words.vocabulary)
        if is_trained and (not self.partial or self.before is None):
            # Later batches may be tiny. Known vectors can be long, and pairs far off.
            of_chance = (1 + self.parameters.negative) * math.log(2)
            first = trained.losses[0] if self.initial.known else of_chance
            _warn_of_losses(trained.losses, first)
        return self.learned_from(trained)

    def learned_from(self, trained: Trained) -> Learned:
        """Return all that the fit has learned if this is what training came to.

        Copies, since training may go on with what it shows.
        """
        parameters, words = self.parameters, self.words
        embedding_matrix, other_matrix = self._split(trained)
        losses, scores = list(trained.losses), list(trained.validation_scores) or None
        if self.before is not None:
            scores = _all_scores(self.before, scores, len(losses))
            losses = self.before.loss_curve + losses
        weights = self._word_weights()
        return Learned(
            vocabulary=words.vocabulary,
            embedding_matrix=embedding_matrix,
            word_counts=words.counts.tokens,
            word_weights=weights,
            common_components=self._common_components(embedding_matrix, weights),
            loss_curve=losses,
            validation_scores=scores,
            n_iter=len(losses),
            init_coverage=self.init_coverage,
            n_unknown=words.n_unknown,
            divides_by_weights=self._divides_by_weights,
            document_frequencies=words.counts.document_frequencies,
            n_documents=words.counts.n_documents,
            kind=parameters.vectors,
            other_matrix=other_matrix,
            solver_state={
                name: np.array(state) for name, state in trained.solver_state.items()
            },
            frozen=self.initial.frozen,
        )

    def _check_ranks(self) -> None:
        """Refuse what several ranks cannot do, and ranks that do not do the same."""
        parameters = self.parameters
        if self.ranks.world_size == 1:
            return
        if parameters.solver != "adagrad":
            raise ValueError(
                f"solver={parameters.solver!r} cannot train in a torch.distributed "
                "group, whose ranks merge the accumulators of AdaGrad too. Use "
                "solver='adagrad'."
            )
        if parameters.n_components_removed:
            raise ValueError(
                f"n_components_removed={parameters.n_components_removed} cannot be "
                "learned in a torch.distributed group, of which each rank knows its "
                "own documents alone. Use n_components_removed=0."
            )
        of_ranks = list(self.ranks.each(self._what_has_to_agree()))
        rank = first_to_differ(of_ranks)
        if rank is None:
            return
        first, other = of_ranks[0], of_ranks[rank]
        name = next(name for name in first if first[name] != other[name])
        raise ValueError(
            "All ranks of a torch.distributed group need the same parameters, but rank "
            f"0 has {name}={first[name]!r}, and rank {rank} has {name}={other[name]!r}."
        )

    def _what_has_to_agree(self) -> dict[str, Any]:
        """Return the parameters and where the fit begins, in short.

        A vocabulary is compared when it is used, and known vectors with all others when
        training begins.
        """
        values = {
            name: _in_short(value)
            for name, value in vars(self.parameters).items()
            if name not in PARAMETERS_OF_A_RANK
        }
        values |= {"device": self.device.type, "partial_fit": self.partial}
        values |= {"the training's implementation": self.implementation}
        before = self.before
        words = None if before is None else joblib.hash(list(before.vocabulary))
        return values | {"vocabulary_": words}

    def _encode(self, documents: Iterable[Iterable[Any]]) -> Encoded:
        """Turn documents into words of a vocabulary: known, given, or learned now."""
        parameters, before = self.parameters, self.before
        if self.partial and before is not None:
            return encode_words(documents, before.vocabulary, self.ranks)
        if parameters.vocabulary is not None:
            return use_vocabulary(documents, parameters.vocabulary, self.ranks)
        return learn_vocabulary(
            documents,
            known=() if before is None else before.vocabulary,
            min_count=parameters.min_count,
            min_df=parameters.min_df,
            max_df=parameters.max_df,
            max_features=parameters.max_features,
            max_vocab_size=parameters.max_vocab_size,
            ranks=self.ranks,
        )

    def _add_up(self, encoded: Encoded) -> Encoded:
        """Return the words with the counts of all fits that go on from one another."""
        if self.before is None:
            return encoded._replace(n_unknown=0)
        n_unknown = 0
        if self.partial:
            n_unknown = self.before.n_unknown + sum(self.ranks.each(encoded.n_unknown))
        rows, rows_before = self._shared_rows(self.before, encoded.vocabulary)
        counts = encoded.counts.plus(self.before.counts, rows, rows_before)
        return encoded._replace(counts=counts, n_unknown=n_unknown)

    def _epochs(self) -> int:
        if self.partial:
            return 1
        if self.parameters.epochs == "auto":
            return auto_epochs(self.n_tokens)
        return self.parameters.epochs

    def _shared_rows(
        self, before: Learned, vocabulary: Mapping[Any, int]
    ) -> tuple[Rows, Rows]:
        """Return where the words of the fit before stand now, and where they stood."""
        if self.partial or self.parameters.vocabulary is None:
            # They are all there, and come first: no need to look at each.
            return slice(len(before.vocabulary)), slice(None)
        shared = [word for word in before.vocabulary if word in vocabulary]
        rows = [vocabulary[word] for word in shared]
        rows_before = [before.vocabulary[word] for word in shared]
        return np.array(rows, dtype=np.int64), np.array(rows_before, dtype=np.int64)

    def _begin(self) -> tuple[Initial, float | None]:
        """Look up the words whose vectors are known.

        Returns where training begins, and the share of words that `init_vectors` knows.
        """
        parameters, before = self.parameters, self.before
        vocabulary = self.words.vocabulary
        known = [] if before is None else [self._known_before(before)]
        if self.partial and before is not None and before.n_iter:
            # All words were looked up in the batches before.
            return Initial(known, before.frozen), before.init_coverage
        no_rows: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        if parameters.init_vectors is None:
            return Initial(known, no_rows), None

        rows, vectors = find_vectors(
            parameters.init_vectors, vocabulary, parameters.vector_size
        )
        # Both as centres and as contexts, so that words begin at their vectors
        # whichever of the two these will be.
        given = KnownVectors(rows, vectors, vectors, solver_state={})
        init_coverage = len(rows) / len(vocabulary)
        if parameters.trainable:
            # Before the others, since what a fit made of these vectors is to last.
            return Initial([given, *known], no_rows), init_coverage
        return Initial([*known, given], frozen=rows), init_coverage

    def _known_before(self, before: Learned) -> KnownVectors:
        """Return the vectors that the words of the fit before have."""
        vector_size = self.parameters.vector_size
        known_size = before.embedding_matrix.shape[1]
        if known_size != vector_size:
            raise ValueError(
                f"vector_size={vector_size}, but the vectors of the last fit, from "
                f"which this one goes on, have {known_size} dimensions. Set "
                f"vector_size={known_size}, or fit a new vectorizer."
            )
        rows, rows_before = self._shared_rows(before, self.words.vocabulary)
        centers, contexts = (matrix[rows_before] for matrix in before.matrices())
        solver_state = {
            name: state[:, rows_before] for name, state in before.solver_state.items()
        }
        return KnownVectors(rows, centers, contexts, solver_state)

    def _train(self, watchers: Sequence[Watcher]) -> Trained:
        """Train, or take from the memory what was trained before."""
        import torch  # noqa: PLC0415, see above

        parameters, corpus, held_out = self.parameters, self.words.corpus, None
        random_state = check_random_state(parameters.random_state)
        if parameters.early_stopping and not self.partial:
            held_out = hold_out(corpus, parameters.validation_fraction, random_state)
        # Each epoch of fits that go on has draws of its own, also with an int as
        # random_state.
        n_epochs_before = 0 if self.before is None else self.before.n_iter
        *_, seed = random_state.randint(2**31 - 1, size=n_epochs_before + 1).tolist()
        seed, *_ = self.ranks.each(seed)
        extent = extent_of(corpus, held_out, len(self.words.vocabulary))
        plan = plan_training(
            parameters,
            reduce(Extent.plus, self.ranks.each(extent)),
            word_counts=self.words.counts.tokens,
            epochs=self.epochs,
            decay=not self.partial,
            on_processor=self.device.type == "cpu",
            implementation=self.implementation,
            world_size=self.ranks.world_size,
        )
        # Who watches, how many threads there are, and which device of its kind it is,
        # changes nothing.
        ignored = ["watchers", "n_threads", "device", "ranks"]
        try:
            return self._memory().cache(train, ignore=ignored)(
                # Another release, or kind of device, may come to other vectors.
                {
                    "sklearn_w2v": __version__,
                    "torch": str(torch.__version__),
                    "device": self.device.type,
                },
                corpus,
                held_out,
                plan,
                self.initial,
                seed=seed,
                device=self.device,
                n_threads=self._n_threads(),
                watchers=watchers,
                ranks=self.ranks,
            )
        except TrainingStopped as stopped:
            return stopped.trained

    def _memory(self) -> Any:
        """Return the memory as an object; one that keeps nothing if there is none."""
        memory = self.parameters.memory
        # A memory of what is never asked for again would only grow.
        if memory is None or self.partial:
            return check_memory(None)
        if self.ranks.world_size > 1:
            warn(
                "memory keeps nothing in a torch.distributed group, of which each rank "
                "knows its own documents alone. Pass memory=None."
            )
            return check_memory(None)
        if memory == "":
            raise ValueError("memory='' names no folder. None caches nothing.")
        if self.parameters.random_state is None:
            warn(
                "memory keeps nothing of fits with random_state=None, each of which is "
                "another. Pass an int as random_state."
            )
            return check_memory(None)
        if isinstance(memory, (str, os.PathLike)):
            memory = os.fspath(memory)
            # Where joblib puts what it keeps; it stops a fit that it cannot keep.
            folder = os.path.join(memory, "joblib", "sklearn_w2v")
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                warn(
                    f"memory={memory!r} keeps nothing, since it cannot be written to "
                    f"({error.strerror}). Name another folder."
                )
                memory = None
        return check_memory(memory)

    def _n_threads(self) -> int:
        """Return the number of training threads: no more than there are processors."""
        n_jobs = self.parameters.n_jobs
        n_threads = effective_n_threads(-1 if n_jobs is None else n_jobs)
        return int(min(n_threads, joblib.cpu_count()))

    def _split(
        self, trained: Trained
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return the embedding matrix, and the one to keep beside it, if any."""
        centers, contexts = trained.centers, trained.contexts
        if self.parameters.vectors == "average":
            embedding_matrix = centers + contexts
            embedding_matrix /= 2
            other = contexts
        elif self.parameters.vectors == "center":
            embedding_matrix, other = np.array(centers), contexts
        else:
            embedding_matrix, other = np.array(contexts), centers
        keeps_both = self.partial or self.parameters.warm_start
        return embedding_matrix, np.array(other) if keeps_both else None

    @property
    def _divides_by_weights(self) -> bool:
        """Whether the weighted vectors are divided by the sum of their weights."""
        return self.parameters.weighting == "idf"

    def _word_weights(self) -> NDArray[np.float32]:
        return word_weights(
            self.parameters.weighting, self.words.counts, sif_a=self.parameters.sif_a
        )

    def _common_components(
        self, embedding_matrix: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Learn the directions that the documents have in common."""
        parameters = self.parameters
        none = np.empty((0, parameters.vector_size), dtype=np.float32)
        if not parameters.n_components_removed:
            return none
        pooling = Pooling(
            embedding_matrix, weights, self._divides_by_weights, none, norm=None
        )
        return common_components(
            pooling.means(self.words.corpus),
            parameters.vector_size,
            parameters.n_components_removed,
        )

    def _learned_without_training(self, before: Learned) -> Learned:
        """Return what is learned of a batch of partial_fit without a known word."""
        counts = self.words.counts
        return replace(
            before,
            word_counts=counts.tokens,
            word_weights=self._word_weights(),
            n_unknown=self.words.n_unknown,
            divides_by_weights=self._divides_by_weights,
            document_frequencies=counts.document_frequencies,
            n_documents=counts.n_documents,
        )


def train(  # noqa: PLR0913, all that decides, for a memory to look at
    made_by: Mapping[str, str],
    corpus: Corpus,
    held_out: NDArray[np.int64] | None,
    plan: TrainingPlan,
    initial: Initial,
    *,
    seed: int,
    device: Any,
    n_threads: int,
    watchers: Sequence[Watcher],
    ranks: Ranks,
) -> Trained:
    """Train: what a memory caches, by what is at work and all that decides."""
    from sklearn_w2v._skipgram import training  # noqa: PLC0415, it imports torch

    return training.train(
        corpus,
        held_out,
        plan,
        initial,
        seed=seed,
        device=device,
        n_threads=n_threads,
        watchers=watchers,
        ranks=ranks,
    )


@contextmanager
def _memory_errors(n_words: int, vector_size: int) -> Iterator[None]:
    """Say what is too large where torch and numpy say that memory is short."""
    n_bytes = 8 * n_words * vector_size
    too_large = (
        f"No memory is left for the training of {n_words:,} words x vector_size="
        f"{vector_size}, whose two matrices alone take {n_bytes / 1e9:,.1f} GB. Raise "
        "min_count, or lower max_features or vector_size"
    )
    if n_bytes > sys.maxsize:
        raise MemoryError(f"{too_large}.")
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # The first words are those of a processor, the second of other devices.
        of_torch = ("allocate memory", "out of memory")
        if isinstance(error, RuntimeError) and not any(
            words in str(error) for words in of_torch
        ):
            raise
        reason = str(error).partition("\n")[0]
        raise MemoryError(f"{too_large} ({reason}).") from error


def _in_short(value: Any) -> Any:
    """Return a parameter as what can be sent, compared and shown."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    elif callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return joblib.hash(value)


def _warn_of_losses(losses: Sequence[float], first: float) -> None:
    """Warn if training has taught nothing; `first` is the loss before it."""
    of_pairs = [loss for loss in losses if loss]
    most_rise = MOST_RISE if len(losses) < FEW_EPOCHS else MOST_RISE_OF_MANY
    n_without = len(losses) - len(of_pairs)
    if not of_pairs:
        warn(
            "No two words stand beside one another, so that nothing is trained: "
            "vectors are where they began. Perhaps documents have one word of the "
            "vocabulary each (where no blanks stand between words, `token_pattern` "
            "takes a whole sentence for one; with analyzer=list, a document is a list "
            "of tokens), or `sample` is so low that it drops nearly all of them."
        )
    elif n_without > len(losses) / 2:
        warn(
            f"In {n_without} of {len(losses)} epochs no two words stand beside one "
            "another: so few tokens do not survive the sub-sampling. Pass sample=None, "
            "or more documents."
        )
    elif of_pairs[-1] > most_rise * first:
        warn(
            f"The loss ends at {of_pairs[-1]:.3f}, where it was {first:.3f} before the "
            "training. Lower learning_rate."
        )
    elif (
        len(of_pairs) >= FEW_EPOCHS
        and max(of_pairs) - min(of_pairs) < LEAST_FALL * of_pairs[0]
    ):
        warn(
            f"The loss stays at {of_pairs[0]:.3f} in all of {len(losses)} epochs: the "
            "documents are too few to learn from, or the learning rate is too low. "
            "Raise epochs or learning_rate, lower batch_size, or begin at "
            "init_vectors."
        )


def _all_scores(
    before: Learned, scores: list[float] | None, n_epochs: int
) -> list[float] | None:
    """Return a score for each epoch of all fits, nan where there was none."""
    if scores is None and before.validation_scores is None:
        return None
    scores_before = before.validation_scores or [math.nan] * len(before.loss_curve)
    return scores_before + (scores or [math.nan] * n_epochs)
