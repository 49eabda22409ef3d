"""One fit, from documents to the attributes of the fitted vectorizer.

Documents -> tokens -> ids -> matrices: each step is a module's; here they follow one
another. Nothing is set on the vectorizer, so that a fit that fails leaves it as it was.
"""

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils.validation import check_memory

from sklearn_w2v import _vocabulary
from sklearn_w2v._callbacks import FitCallbacks
from sklearn_w2v._known_vectors import (
    Start,
    TrainingState,
    start_at_init_vectors,
    start_at_last_fit,
)
from sklearn_w2v._pooling import Pooling, common_components, word_weights
from sklearn_w2v._progress import Progress
from sklearn_w2v._vocabulary import Corpus, WordCounts

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
        corpus, n_unknown = self._learn_words(X)
        if not len(corpus.ids):  # of a batch: a first one would have raised
            callbacks.fit_ends(dict)
            return {"n_unknown_": n_unknown}, corpus
        self._look_up_known_vectors()
        progress = Progress(
            callbacks,
            lambda trained: self._attributes(trained, corpus, n_unknown),
            n_words=len(corpus.ids),
            epochs=self.epochs,
            verbose=self.vectorizer.verbose,
        )
        trained = self._train(corpus, progress)
        attributes = self._attributes(trained, corpus, n_unknown)
        callbacks.fit_ends(lambda: attributes)
        return attributes, corpus

    def _learn_words(self, X: Iterable[Any]) -> tuple[Corpus, int]:
        """Learn vocabulary and counts; return the encoded documents.

        And how many tokens `partial_fit` has skipped until now.
        """
        vectorizer, n_unknown = self.vectorizer, 0
        documents = vectorizer._iter_tokens(X)
        self.vocabulary: dict[Any, int]
        if self.partial and self.goes_on:
            self.vocabulary = vectorizer.vocabulary_
            tokens = _vocabulary.encode(documents, self.vocabulary)
            corpus = _vocabulary.drop_unknown(tokens)
            n_unknown = vectorizer.n_unknown_ + len(tokens.ids) - len(corpus.ids)
        elif vectorizer.vocabulary is None:
            self.vocabulary, corpus = _vocabulary.learn(
                documents,
                known=vectorizer.vocabulary_ if self.goes_on else (),
                **self._parameters(VOCABULARY_PARAMETERS),
            )
        else:
            self.vocabulary, corpus = _vocabulary.take(documents, vectorizer.vocabulary)

        self.counts = WordCounts.of(
            corpus, len(self.vocabulary), by_document=vectorizer.weighting == "idf"
        )
        if self.goes_on:
            before = WordCounts(
                vectorizer.word_counts_,
                vectorizer._document_frequencies,
                vectorizer._n_documents,
            )
            self.counts = self.counts.plus(before, self._rows_of_last_fit())
        return corpus, n_unknown

    def _look_up_known_vectors(self) -> None:
        """Find out at which vectors training begins, and which ones stay."""
        vectorizer = self.vectorizer
        self.starts: list[Start] = []
        self.frozen: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.init_coverage: float | None = None
        if vectorizer.init_vectors is not None:
            given = start_at_init_vectors(
                vectorizer.init_vectors, self.vocabulary, vectorizer.vector_size
            )
            self.starts.append(given)
            self.init_coverage = len(given.rows) / len(self.vocabulary)
            if not vectorizer.trainable:
                self.frozen = given.rows
        if self.goes_on:
            # Behind the others, since what a fit made of these vectors is to last.
            last_fit = start_at_last_fit(
                self._rows_of_last_fit(),
                vectorizer.embedding_matrix_,
                vectorizer._training_state,
                vectorizer.vector_size,
            )
            self.starts.append(last_fit)

    def _train(self, corpus: Corpus, progress: Progress) -> "Trained":
        """Train, or take from the memory what was trained before."""
        # Only training needs torch, which takes a second to import.
        from sklearn_w2v._training import TrainingStopped, train  # noqa: PLC0415

        vectorizer = self.vectorizer
        random_state = check_random_state(vectorizer.random_state)
        seed = random_state.randint(np.iinfo(np.int32).max)
        documents, validation = corpus, None
        if vectorizer.early_stopping and not self.partial:
            documents, validation = _vocabulary.split(
                corpus, vectorizer.validation_fraction, random_state
            )
        memory = vectorizer.memory
        if isinstance(memory, os.PathLike):
            memory = os.fspath(memory)
        # Who watches, and on how many threads it runs, changes nothing.
        cached_train = check_memory(memory).cache(
            train, ignore=["watcher", "n_threads"]
        )
        counts = self.counts.tokens
        try:
            trained: Trained = cached_train(
                documents,
                validation,
                _vocabulary.keep_probabilities(counts, vectorizer.sample),
                _vocabulary.noise_probabilities(counts, vectorizer.ns_exponent),
                starts=self.starts,
                frozen=self.frozen,
                **self._parameters(TRAINING_PARAMETERS),
                epochs=self.epochs,
                decay=not self.partial,
                seed=seed,
                n_threads=self._n_threads(),
                watcher=progress,
            )
        except TrainingStopped as stopped:
            trained = stopped.trained
        return trained

    def _attributes(
        self, trained: "Trained", corpus: Corpus, n_unknown: int
    ) -> dict[str, Any]:
        """Return the attributes of a vectorizer that has learned this."""
        vectorizer = self.vectorizer
        losses, scores = trained.losses, trained.validation_scores or None
        if self.goes_on:
            losses = vectorizer.loss_curve_ + losses
            scores = self._all_scores(scores, len(trained.losses))
        attributes = {
            "vocabulary_": self.vocabulary,
            "embedding_matrix_": self._embedding_matrix(trained),
            "word_counts_": self.counts.tokens,
            "word_weights_": word_weights(
                vectorizer.weighting, self.counts, sif_a=vectorizer.sif_a
            ),
            "common_components_": np.empty((0, vectorizer.vector_size), np.float32),
            "loss_curve_": losses,
            "validation_scores_": scores,
            "n_iter_": len(losses),
            "init_coverage_": self.init_coverage,
            "n_unknown_": n_unknown,
            "_training_state": self._training_state(trained),
            "_document_frequencies": self.counts.document_frequencies,
            "_n_documents": self.counts.n_documents,
        }
        if vectorizer.n_components_removed:
            attributes["common_components_"] = common_components(
                Pooling.of(vectorizer, attributes).means(corpus),
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
        centers, contexts = trained.centers, trained.contexts
        if self.vectorizer.vectors == "average":
            average = np.add(centers, contexts)
            average /= 2
            return average
        # A copy, since both are halves of one array.
        return (centers if self.vectorizer.vectors == "center" else contexts).copy()

    def _training_state(self, trained: "Trained") -> TrainingState | None:
        """Return what the next fit has to know to go on from here."""
        vectorizer = self.vectorizer
        if not (self.partial or vectorizer.warm_start):
            return None
        is_context = vectorizer.vectors == "context"
        other_matrix = trained.centers if is_context else trained.contexts
        return {
            "vectors": vectorizer.vectors,
            "other_matrix": other_matrix.copy(),
            "sum_of_squares": trained.sum_of_squares,
        }

    def _rows_of_last_fit(self) -> NDArray[np.int64]:
        """Return where the words of the last fit stand in the vocabulary, or -1."""
        rows = [self.vocabulary.get(word, -1) for word in self.vectorizer.vocabulary_]
        return np.array(rows, dtype=np.int64)

    def _n_threads(self) -> int | None:
        """Return the number of training threads; None leaves torch's as it is."""
        if self.vectorizer.n_jobs is None:
            return None
        # In a worker process of joblib, -1 gives the processors that are its share.
        return int(_openmp_effective_n_threads(self.vectorizer.n_jobs))

    def _parameters(self, names: Iterable[str]) -> Mapping[str, Any]:
        return {name: getattr(self.vectorizer, name) for name in names}
