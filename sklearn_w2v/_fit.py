"""One fit, step by step: encode the documents, plan the training, train, learn."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sklearn_w2v._convergence import loss_of_chance, warn_of_losses
from sklearn_w2v._corpus import Corpus, Rows, hold_out
from sklearn_w2v._known_vectors import find_vectors
from sklearn_w2v._learned import Learned
from sklearn_w2v._memory import training_memory
from sklearn_w2v._parameters import FitParameters, Implementation
from sklearn_w2v._pooling import common_components, word_weights
from sklearn_w2v._ranks import RankFailedError, Ranks, check_parameters
from sklearn_w2v._skipgram.plan import auto_epochs, extent_of, plan_training
from sklearn_w2v._skipgram.state import (
    Execution,
    Initial,
    KnownVectors,
    Trained,
    Training,
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
from sklearn_w2v._warnings import DocumentWarning, warn

if TYPE_CHECKING:
    import torch

NO_ROWS: NDArray[np.int64] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Fit:
    """A fit: `encode`, `plan`, `train` and `learn`, in this order.

    Each step takes what the earlier ones returned, and none changes the vectorizer, so
    that a fit that fails leaves it as it was.
    """

    parameters: FitParameters
    before: Learned | None  # what the last fit learned, if this one continues it
    partial: bool  # whether documents are one of several batches, read in one epoch
    ranks: Ranks
    device: "torch.device"
    implementation: Implementation

    def how_it_trains(self) -> str:
        """Return where the training runs, and in which implementation."""
        how = "compiled" if self.implementation == "compiled" else "by torch"
        return f"on {self.device}, {how}"

    def encode(self, documents: Iterable[Iterable[Any]]) -> Encoded:
        """Read documents of tokens; return them as rows of the vocabulary.

        The counts are those of all ranks, and of all fits that continue one another.
        Unknown tokens are only counted in batches after the first.
        """
        encoded, before = self._encode_new(documents), self.before
        if before is None:
            if not len(encoded.corpus.lengths):  # otherwise, all ranks have none
                own = self.ranks.names[self.ranks.rank].capitalize()
                warn(
                    f"{own} of a torch.distributed group has no document, so only "
                    "other ranks train. Perhaps an iterator was already consumed.",
                    DocumentWarning,
                )
            return encoded._replace(n_unknown=0)
        n_unknown = 0
        if self.partial:
            n_unknown_now = self.ranks.all_gather(encoded.n_unknown, "unknown tokens")
            n_unknown = before.n_unknown + sum(n_unknown_now)
        rows, rows_before = self._shared_rows(before, encoded.vocabulary)
        counts = encoded.counts.plus(before.counts, rows, rows_before)
        return encoded._replace(counts=counts, n_unknown=n_unknown)

    def plan(self, encoded: Encoded) -> Training | None:
        """Decide all that the training depends on.

        Returns None for a batch without a word of the vocabulary.
        """
        import torch  # noqa: PLC0415, only fits need it: it takes a second to import

        n_tokens = self._n_tokens_of_all(encoded.corpus)
        if not n_tokens:
            return None
        parameters, corpus, held_out = self.parameters, encoded.corpus, None
        initial = self._initial(encoded.vocabulary)
        random_state = check_random_state(parameters.random_state)
        if parameters.early_stopping and not self.partial:
            held_out = self._hold_out(corpus, random_state)
        # Each epoch of continued fits needs different draws, also if random_state is
        # an int.
        n_epochs_before = 0 if self.before is None else self.before.n_iter
        # Only the last draw is used. There may have been many epochs, and a list of all
        # draws takes five times as much memory as the array.
        seeds = random_state.randint(2**31 - 1, size=n_epochs_before + 1)
        seed, *_ = self.ranks.all_gather(int(seeds[-1]), "seed")
        epochs = 1 if self.partial else parameters.epochs
        if epochs == "auto":
            epochs = auto_epochs(n_tokens)
        plan = plan_training(
            parameters,
            extent_of(corpus, held_out, len(encoded.vocabulary), self.ranks),
            word_counts=encoded.counts.tokens,
            epochs=epochs,
            decay=not self.partial,
            on_cpu=self.device.type == "cpu",
            implementation=self.implementation,
            world_size=self.ranks.world_size,
        )
        return Training(
            releases={"sklearn_w2v": __version__, "torch": str(torch.__version__)},
            device_type=self.device.type,
            corpus=corpus,
            held_out=held_out,
            plan=plan,
            initial=initial,
            seed=seed,
        )

    def train(
        self, training: Training | None, watchers: Sequence[Watcher]
    ) -> Trained | None:
        """Train, or read the result from the memory; warn if nothing was learned."""
        from sklearn_w2v._skipgram.training import train  # noqa: PLC0415, see above

        if training is None:
            return None
        n_threads = _n_threads(self.parameters.n_jobs)
        execution = Execution(self.device, n_threads, watchers, self.ranks)
        run = train
        if not self.partial:  # a batch is not trained again
            memory = training_memory(self.parameters, self.ranks)
            run = memory.cache(train, ignore=["execution"])
        try:
            trained = run(training, execution)
        except TrainingStopped as stopped:
            trained = stopped.trained
        self._warn_of_losses(training, trained)
        return trained

    def learn(
        self, encoded: Encoded, training: Training | None, trained: Trained | None
    ) -> Learned:
        """Return all that the fit has learned, in new memory."""
        parameters, counts = self.parameters, encoded.counts
        weights = word_weights(parameters.weighting, counts, sif_a=parameters.sif_a)
        counted: dict[str, Any] = {
            "word_counts": counts.tokens,
            "document_frequencies": counts.document_frequencies,
            "n_documents": counts.n_documents,
            "n_unknown": encoded.n_unknown,
            "word_weights": weights,
            "divides_by_weights": parameters.weighting == "idf",
        }
        if training is None or trained is None:  # a batch without a word
            assert self.before is not None
            return replace(self.before, **counted)
        embedding_matrix, other_matrix = self._split(trained)
        losses, scores = self._all_epochs(trained)
        solver_state = {n: np.array(state) for n, state in trained.solver_state.items()}
        vector_size, n_removed = parameters.vector_size, parameters.n_components_removed
        learned = Learned(
            **counted,
            vocabulary=encoded.vocabulary,
            embedding_matrix=embedding_matrix,
            common_components=np.empty((0, vector_size), dtype=np.float32),
            loss_curve=losses,
            validation_scores=scores,
            n_iter=len(losses),
            init_coverage=training.initial.coverage,
            kind=parameters.vectors,
            other_matrix=other_matrix,
            solver_state=solver_state,
            frozen=training.initial.frozen,
        )
        if not n_removed:
            return learned
        means = learned.pooling(norm=None).means(encoded.corpus)
        components = common_components(means, vector_size, n_removed)
        return replace(learned, common_components=components)

    def _encode_new(self, documents: Iterable[Iterable[Any]]) -> Encoded:
        """Encode documents with the last vocabulary, the one given, or a new one."""
        parameters, before = self.parameters, self.before
        if self.partial and before is not None:
            return encode_words(documents, before.vocabulary, self.ranks)
        if parameters.vocabulary is not None:
            return use_vocabulary(documents, parameters.vocabulary, self.ranks)
        known = () if before is None else before.vocabulary
        return learn_vocabulary(documents, parameters, known, self.ranks)

    def _n_tokens_of_all(self, corpus: Corpus) -> int:
        """Return the number of tokens of all ranks; warn if all have the same ones."""
        n_ranks = self.ranks.world_size
        own = len(corpus.ids), corpus.checksum() if n_ranks > 1 else 0
        of_ranks = list(self.ranks.all_gather(own, "tokens left"))
        n_tokens = sum(n_tokens for n_tokens, _ in of_ranks)
        if n_ranks > 1 and n_tokens and len(set(of_ranks)) == 1:
            warn(
                f"All {n_ranks} ranks of a torch.distributed group have passed the "
                f"same documents, so that each document counts {n_ranks} times. Pass "
                "each rank its share, for example itertools.islice(texts, rank, None, "
                "world_size).",
                DocumentWarning,
            )
        return n_tokens

    def _hold_out(
        self, corpus: Corpus, random_state: np.random.RandomState
    ) -> NDArray[np.int64]:
        """Return the documents to hold out; none if only other ranks have enough."""
        held_out, error = NO_ROWS, None
        try:
            fraction = self.parameters.validation_fraction
            held_out = hold_out(corpus, fraction, random_state)
        except ValueError as too_few:
            error = too_few
        n_held_out = sum(self.ranks.all_gather(len(held_out), "documents held out"))
        if error and not n_held_out:
            raise error
        return held_out

    def _shared_rows(
        self, before: Learned, vocabulary: Mapping[Any, int]
    ) -> tuple[Rows, Rows]:
        """Return the rows of the last fit's words, in both vocabularies."""
        if self.partial or self.parameters.vocabulary is None:
            # The vocabulary begins with all of them.
            return slice(len(before.vocabulary)), slice(None)
        shared = [word for word in before.vocabulary if word in vocabulary]
        rows = [vocabulary[word] for word in shared]
        rows_before = [before.vocabulary[word] for word in shared]
        return np.array(rows, dtype=np.int64), np.array(rows_before, dtype=np.int64)

    def _initial(self, vocabulary: Mapping[Any, int]) -> Initial:
        """Look up the words whose vectors are known."""
        parameters, before = self.parameters, self.before
        known = [] if before is None else [self._known_before(before, vocabulary)]
        if self.partial and before is not None and before.n_iter:
            # An earlier call gave all words their vectors, from init_vectors if it had
            # them.
            if parameters.init_vectors is not None and before.init_coverage is None:
                warn(
                    "init_vectors are not used: an earlier fit or partial_fit without "
                    "them gave the words their vectors, which partial_fit continues "
                    "from. Pass init_vectors to the first call."
                )
            return Initial(known, before.frozen, before.init_coverage)
        if parameters.init_vectors is None:
            return Initial(known, NO_ROWS)

        rows, vectors = find_vectors(
            parameters.init_vectors, vocabulary, parameters.vector_size
        )
        # Both as centers and as contexts, so that words start at their vectors for any
        # value of `vectors`.
        given = KnownVectors(rows, vectors, vectors, solver_state={})
        coverage = len(rows) / len(vocabulary)
        if parameters.trainable:
            # Before the others, so that the vectors of the last fit win.
            return Initial([given, *known], NO_ROWS, coverage)
        return Initial([*known, given], rows, coverage)

    def _known_before(
        self, before: Learned, vocabulary: Mapping[Any, int]
    ) -> KnownVectors:
        """Return the vectors that words have after the last fit."""
        vector_size = self.parameters.vector_size
        known_size = before.embedding_matrix.shape[1]
        if known_size != vector_size:
            raise ValueError(
                f"vector_size={vector_size}, but the vectors of the last fit, which "
                f"this one continues, have {known_size} dimensions. Set "
                f"vector_size={known_size}, or fit a new vectorizer."
            )
        rows, rows_before = self._shared_rows(before, vocabulary)
        centers, contexts = (matrix[rows_before] for matrix in before.matrices())
        solver_state = {
            name: state[:, rows_before] for name, state in before.solver_state.items()
        }
        return KnownVectors(rows, centers, contexts, solver_state)

    def _warn_of_losses(self, training: Training, trained: Trained) -> None:
        is_all_frozen = len(training.initial.frozen) == training.plan.n_words
        is_later_batch = self.partial and self.before is not None  # which may be tiny
        if is_all_frozen or is_later_batch:
            return
        # Known vectors can be long, and the first loss far from that of chance.
        is_known = bool(training.initial.known)
        of_chance = loss_of_chance(self.parameters.negative)
        warn_of_losses(trained.losses, None if is_known else of_chance)

    def _split(
        self, trained: Trained
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return copies: the embedding matrix, and the other one if it is kept."""
        centers, contexts = trained.centers, trained.contexts
        if self.parameters.vectors == "average":
            embedding_matrix = centers + contexts
            embedding_matrix /= 2
            other = contexts
        elif self.parameters.vectors == "center":
            embedding_matrix, other = np.array(centers), contexts
        else:
            embedding_matrix, other = np.array(contexts), centers
        parameters = self.parameters
        keeps_both = self.partial or parameters.warm_start or parameters.store_matrices
        return embedding_matrix, np.array(other) if keeps_both else None

    def _all_epochs(self, trained: Trained) -> tuple[list[float], list[float] | None]:
        """Return losses and scores of all fits; scores are nan where there was none."""
        losses, scores = list(trained.losses), list(trained.validation_scores)
        before = self.before
        if before is None:
            return losses, scores or None
        all_losses = before.loss_curve + losses
        if not scores and before.validation_scores is None:
            return all_losses, None
        scores_before = before.validation_scores or [math.nan] * len(before.loss_curve)
        return all_losses, scores_before + (scores or [math.nan] * len(losses))


def prepare_fit(
    vectorizer: Any, before: Learned | None, *, partial: bool, ranks: Ranks
) -> Fit:
    """Return the fit of a vectorizer, whose parameters have been validated.

    Raises
    ------
    ValueError
        If parameters contradict one another, if the device is not there, or if the
        ranks cannot fit together.
    """
    from sklearn_w2v._skipgram.devices import find_device  # noqa: PLC0415
    from sklearn_w2v._skipgram.library import can_train  # noqa: PLC0415

    parameters = FitParameters.of(vectorizer)
    device = find_device(parameters.device)
    is_compiled = can_train(device, parameters.solver)
    implementation: Implementation = "compiled" if is_compiled else "torch"
    shared = {
        "device": device.type,  # its number may differ
        "partial_fit": partial,
        "the training's implementation": implementation,
        "vocabulary_": None if before is None else before.vocabulary,
        # Its words are compared later.
        "vocabulary": None if parameters.vocabulary is None else "given",
    }
    check_parameters(ranks, vectorizer.get_params(deep=False), shared)
    return Fit(parameters, before, partial, ranks, device, implementation)


def _n_threads(n_jobs: int | None) -> int:
    """Return the number of training threads, at most one for each usable CPU."""
    n_threads = effective_n_threads(-1 if n_jobs is None else n_jobs)
    return int(min(n_threads, joblib.cpu_count()))


@contextmanager
def memory_errors(n_words: int, vector_size: int) -> Iterator[None]:
    """Turn errors of torch and numpy about memory into one that names the cure."""
    n_bytes = 8 * n_words * vector_size
    too_large = (
        f"Not enough memory to train {n_words:,} words x vector_size={vector_size}, "
        f"whose two matrices alone take {n_bytes / 1e9:,.1f} GB. Raise min_count, or "
        "lower max_features or vector_size"
    )
    if n_bytes > sys.maxsize:
        raise MemoryError(f"{too_large}.")
    try:
        yield
    except RankFailedError:  # whose message may be that of another rank's memory
        raise
    except (MemoryError, RuntimeError) as error:
        # The first is torch's message on the CPU, the second that on other devices.
        of_torch = ("allocate memory", "out of memory")
        if isinstance(error, RuntimeError) and not any(
            words in str(error) for words in of_torch
        ):
            raise
        if _is_of_callback(error):
            raise
        reason = str(error).partition("\n")[0]
        in_brackets = f" ({reason})" if reason else ""
        raise MemoryError(f"{too_large}{in_brackets}.") from error


def _is_of_callback(error: Exception) -> bool:
    """Return whether an error was raised while scikit-learn called a callback."""
    return any(
        frame.f_globals.get("__name__", "").startswith("sklearn.callback")
        for frame, _ in walk_tb(error.__traceback__)
    )
