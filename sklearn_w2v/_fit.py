"""One fit, from documents to the attributes of the fitted vectorizer.

Documents -> tokens -> ids -> matrices: each step is a module's; here they follow one
another. Nothing is set on the vectorizer, so that a fit that fails leaves it as it was.
"""

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils.validation import check_memory

from sklearn_w2v import _vocabulary
from sklearn_w2v._callbacks import FitCallbacks
from sklearn_w2v._known_vectors import (
    KnownVectors,
    TrainingState,
    start_at_init_vectors,
    start_at_last_fit,
)
from sklearn_w2v._pooling import Pooling, common_components, word_weights
from sklearn_w2v._progress import Progress
from sklearn_w2v._vocabulary import Corpus, WordCounts, count_words

if TYPE_CHECKING:  # importing these costs a second, or goes in a circle
    from sklearn_w2v._training import Trained
    from sklearn_w2v._vectorizer import Word2VecVectorizer

#: The parameters that decide which tokens become words.
VOCABULARY_PARAMETERS = ("min_count", "max_df", "min_df", "max_features")

#: The parameters that training takes as they are.
TRAINING_PARAMETERS = (
    "vector_size",
    "window",
    "shrink_windows",
    "negative",
    "solver",
    "learning_rate",
    "batch_size",
    "n_iter_no_change",
    "tol",
)


class Words(NamedTuple):
    """What is learned of words, and the documents made of them."""

    vocabulary: dict[Any, int]
    counts: WordCounts  # in all documents of fits that go on from one another
    corpus: Corpus
    n_unknown: int  # tokens that partial_fit has skipped until now


class Beginning(NamedTuple):
    """Where training begins."""

    starts: list[KnownVectors]
    frozen: NDArray[np.int64]  # rows that training leaves as they are
    init_coverage: float | None


class Fit:
    """A fit of a vectorizer.

    Parameters
    ----------
    vectorizer : Word2VecVectorizer
        Its parameters, and what it has learned before if the fit goes on from there.
    partial : bool
        Whether the documents are one of several batches, to be read in one pass.
    """

    def __init__(self, vectorizer: "Word2VecVectorizer", *, partial: bool) -> None:
        self.vectorizer = vectorizer
        self.partial = partial
        self.epochs = 1 if partial else vectorizer.epochs
        self.goes_on = vectorizer.__sklearn_is_fitted__() and (
            partial or vectorizer.warm_start
        )

    def run(self, X: Iterable[Any], y: Any) -> tuple[dict[str, Any], Corpus]:
        """Return the attributes of the fitted vectorizer, and the documents' words."""
        callbacks = FitCallbacks(self.vectorizer, X, y, self.epochs)
        words = self._learn_words(X)
        if len(words.corpus.ids):
            attributes = self._train(words, callbacks)
        else:  # a batch of partial_fit without a known word
            attributes = self._word_attributes(words)
        callbacks.fit_ends(lambda: attributes)
        return attributes, words.corpus

    def _learn_words(self, X: Iterable[Any]) -> Words:
        """Learn vocabulary and counts, and encode the documents."""
        vectorizer, n_unknown = self.vectorizer, 0
        documents = vectorizer._iter_tokens(X)
        if self.partial and self.goes_on:
            vocabulary = vectorizer.vocabulary_
            tokens = _vocabulary.encode(documents, vocabulary)
            corpus = _vocabulary.drop_unknown(tokens)
            n_unknown = vectorizer.n_unknown_ + len(tokens.ids) - len(corpus.ids)
        elif vectorizer.vocabulary is None:
            vocabulary, corpus = _vocabulary.learn_vocabulary(
                documents,
                known=vectorizer.vocabulary_ if self.goes_on else (),
                **self._parameters(VOCABULARY_PARAMETERS),
            )
        else:
            vocabulary, corpus = _vocabulary.use_vocabulary(
                documents, vectorizer.vocabulary
            )

        counts = count_words(corpus, len(vocabulary))
        if self.goes_on:
            before = WordCounts(
                vectorizer.word_counts_,
                vectorizer._document_frequencies,
                vectorizer._n_documents,
            )
            counts = counts.plus(before, self._rows_of_last_fit(vocabulary))
        return Words(vocabulary, counts, corpus, n_unknown)

    def _train(self, words: Words, callbacks: FitCallbacks) -> dict[str, Any]:
        """Train, or take from the memory what was trained before.

        Returns the attributes of the fitted vectorizer.
        """
        # Only training needs torch, which takes a second to import.
        import torch  # noqa: PLC0415

        from sklearn_w2v import __version__  # noqa: PLC0415, not set before
        from sklearn_w2v._training import TrainingStopped  # noqa: PLC0415

        vectorizer = self.vectorizer
        random_state = check_random_state(vectorizer.random_state)
        documents, validation = words.corpus, None
        if vectorizer.early_stopping and not self.partial:
            documents, validation = _vocabulary.hold_out(
                words.corpus, vectorizer.validation_fraction, random_state
            )
        # Each epoch of fits that go on has draws of its own, also with an int as
        # random_state.
        n_epochs_before = vectorizer.n_iter_ if self.goes_on else 0
        *_, seed = random_state.randint(2**31 - 1, size=n_epochs_before + 1).tolist()

        beginning = self._beginning(words.vocabulary)

        def attributes_of(trained: "Trained") -> dict[str, Any]:
            return self._attributes(words, beginning, trained)

        progress = Progress(
            callbacks,
            attributes_of,
            n_words=len(documents.ids),
            epochs=self.epochs,
            verbose=vectorizer.verbose,
        )
        counts = words.counts.tokens
        try:
            trained = self._cached_train()(
                # Another release may come to other vectors.
                {"sklearn_w2v": __version__, "torch": str(torch.__version__)},
                documents=documents,
                validation=validation,
                keep_probabilities=_vocabulary.keep_probabilities(
                    counts, vectorizer.sample
                ),
                noise_probabilities=_vocabulary.noise_probabilities(
                    counts, vectorizer.ns_exponent
                ),
                starts=beginning.starts,
                frozen=beginning.frozen,
                **self._parameters(TRAINING_PARAMETERS),
                epochs=self.epochs,
                decay=not self.partial,
                seed=seed,
                n_threads=self._n_threads(),
                watcher=progress,
            )
        except TrainingStopped as stopped:
            trained = stopped.trained
        return attributes_of(trained)

    def _cached_train(self) -> Any:
        """Return `train` behind the memory; alone where it would never be read."""
        memory = self.vectorizer.memory
        if self.partial or self.vectorizer.random_state is None:
            memory = None
        elif isinstance(memory, os.PathLike):
            memory = os.fspath(memory)
        # Who watches, and on how many threads it runs, changes nothing.
        return check_memory(memory).cache(train, ignore=["watcher", "n_threads"])

    def _beginning(self, vocabulary: Mapping[Any, int]) -> Beginning:
        """Look up the words whose vectors are known."""
        vectorizer = self.vectorizer
        starts: list[KnownVectors] = []
        frozen: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        init_coverage = None
        state = vectorizer._training_state if self.goes_on else None
        if self.goes_on:
            last_fit = start_at_last_fit(
                self._rows_of_last_fit(vocabulary),
                vectorizer.embedding_matrix_,
                state,
                vectorizer.vector_size,
            )
            starts.append(last_fit)
        if self.partial and state is not None:
            # All words were looked up in the batches before.
            frozen, init_coverage = state["frozen"], vectorizer.init_coverage_
        elif vectorizer.init_vectors is not None:
            given = start_at_init_vectors(
                vectorizer.init_vectors, vocabulary, vectorizer.vector_size
            )
            init_coverage = len(given.rows) / len(vocabulary)
            if vectorizer.trainable:
                # Before the other, since what a fit made of these vectors is to last.
                starts.insert(0, given)
            else:
                starts.append(given)
                frozen = given.rows
        return Beginning(starts, frozen, init_coverage)

    def _word_attributes(self, words: Words) -> dict[str, Any]:
        """Return the attributes that documents change without training."""
        vectorizer = self.vectorizer
        return {
            "vocabulary_": words.vocabulary,
            "word_counts_": words.counts.tokens,
            "word_weights_": word_weights(
                vectorizer.weighting, words.counts, sif_a=vectorizer.sif_a
            ),
            "n_unknown_": words.n_unknown,
            "_divides_by_weights": vectorizer.weighting == "idf",
            "_document_frequencies": words.counts.document_frequencies,
            "_n_documents": words.counts.n_documents,
        }

    def _attributes(
        self, words: Words, beginning: Beginning, trained: "Trained"
    ) -> dict[str, Any]:
        """Return all attributes of a vectorizer that has learned this.

        Copies, since training may go on with what it shows.
        """
        vectorizer = self.vectorizer
        losses, scores = list(trained.losses), list(trained.validation_scores) or None
        if self.goes_on:
            scores = self._all_scores(scores, len(losses))
            losses = vectorizer.loss_curve_ + losses
        attributes = attributes_of_vectors(
            words.vocabulary, self._embedding_matrix(trained)
        )
        attributes |= self._word_attributes(words)
        attributes |= {
            "loss_curve_": losses,
            "validation_scores_": scores,
            "n_iter_": len(losses),
            "init_coverage_": beginning.init_coverage,
            "_training_state": self._training_state(trained, beginning.frozen),
        }
        if vectorizer.n_components_removed:
            attributes["common_components_"] = common_components(
                Pooling.of(attributes, norm=None).means(words.corpus),
                vectorizer.vector_size,
                vectorizer.n_components_removed,
            )
        return attributes

    def _all_scores(
        self, scores: list[float] | None, n_epochs: int
    ) -> list[float] | None:
        """Return a score for each epoch of all fits, nan where there was none."""
        before = self.vectorizer.validation_scores_
        if scores is None and before is None:
            return None
        n_before = len(self.vectorizer.loss_curve_)
        return (before or [math.nan] * n_before) + (scores or [math.nan] * n_epochs)

    def _embedding_matrix(self, trained: "Trained") -> NDArray[np.float32]:
        if self.vectorizer.vectors == "average":
            average = np.array(trained.centers)
            average += trained.contexts
            average /= 2
            return average
        is_center = self.vectorizer.vectors == "center"
        return np.array(trained.centers if is_center else trained.contexts)

    def _training_state(
        self, trained: "Trained", frozen: NDArray[np.int64]
    ) -> TrainingState:
        """Return what the next fit has to know to go on from here."""
        vectorizer = self.vectorizer
        other_matrix = None
        if self.partial or vectorizer.warm_start:
            is_context = vectorizer.vectors == "context"
            other_matrix = np.array(trained.centers if is_context else trained.contexts)
        squares = trained.sum_of_squares
        return {
            "vectors": vectorizer.vectors,
            "other_matrix": other_matrix,
            "sum_of_squares": None if squares is None else np.array(squares),
            "frozen": frozen,
        }

    def _rows_of_last_fit(self, vocabulary: Mapping[Any, int]) -> NDArray[np.int64]:
        """Return where the words of the last fit stand in a vocabulary, or -1."""
        rows = [vocabulary.get(word, -1) for word in self.vectorizer.vocabulary_]
        return np.array(rows, dtype=np.int64)

    def _n_threads(self) -> int | None:
        """Return the number of training threads; None leaves torch's as it is."""
        if self.vectorizer.n_jobs is None:
            return None
        # In a worker process of joblib, -1 gives the processors that are its share.
        return int(_openmp_effective_n_threads(self.vectorizer.n_jobs))

    def _parameters(self, names: Iterable[str]) -> Mapping[str, Any]:
        return {name: getattr(self.vectorizer, name) for name in names}


def attributes_of_vectors(
    vocabulary: dict[Any, int], embedding_matrix: NDArray[np.float32]
) -> dict[str, Any]:
    """Return all attributes of a vectorizer that knows vectors and nothing else."""
    n_words, vector_size = embedding_matrix.shape
    return {
        "vocabulary_": vocabulary,
        "embedding_matrix_": embedding_matrix,
        "word_counts_": np.zeros(n_words, dtype=np.int64),
        "word_weights_": np.ones(n_words, dtype=np.float32),
        "common_components_": np.empty((0, vector_size), dtype=np.float32),
        "loss_curve_": [],
        "validation_scores_": None,
        "n_iter_": 0,
        "init_coverage_": None,
        "n_unknown_": 0,
        "_divides_by_weights": False,
        "_training_state": None,
        "_document_frequencies": np.zeros(n_words, dtype=np.int64),
        "_n_documents": 0,
    }


def train(
    releases: Mapping[str, str],
    *,
    n_threads: int | None,
    watcher: Progress,
    **parameters: Any,
) -> "Trained":
    """Train: what a memory caches, by the releases at work and the parameters."""
    from sklearn_w2v import _training  # noqa: PLC0415, it imports torch

    return _training.train(**parameters, n_threads=n_threads, watcher=watcher)
