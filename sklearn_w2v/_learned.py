"""The result of a fit, which the next fit and `transform` start from."""

import inspect
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._corpus import WordCounts
from sklearn_w2v._joblib_workers import RANK_PROCESS, mark, notice_mark
from sklearn_w2v._pooling import Pooling
from sklearn_w2v._version import __version__
from sklearn_w2v._warnings import ReleaseWarning, warn

#: The name of the release in a stored vectorizer. A vectorizer has this attribute only
#: if another release stored it, until its next fit.
RELEASE = "_sklearn_w2v_version"

#: The last release that did not store its number.
LAST_WITHOUT_NUMBER = "0.2.0"


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """What a fit has learned: the fitted attributes of a vectorizer.

    A vectorizer has an attribute for each field, such as ``word_counts_`` for
    `word_counts`, so that every kind of pickle only stores common types. The vectorizer
    documents those that are public. The defaults are those of vectors from a file.
    """

    vocabulary: dict[Any, int]
    embedding_matrix: NDArray[np.float32]
    word_counts: NDArray[np.int64]
    word_weights: NDArray[np.float32]
    common_components: NDArray[np.float32]
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] | None = None
    n_iter: int = 0
    init_coverage: float | None = None
    n_unknown: int = 0

    #: Whether a document's weighted vectors are divided by the sum of their weights.
    divides_by_weights: bool = False
    document_frequencies: NDArray[np.int64]  # (n_words,)
    n_documents: int = 0
    #: Which vectors the embedding matrix holds.
    kind: Literal["average", "center", "context"] = "average"
    #: The other matrix: the context matrix, unless `kind` is "context". It is as large,
    #: so it is kept only if it is needed.
    other_matrix: NDArray[np.float32] | None = None  # (n_words, d)
    #: State of the solver by name, from which a later fit continues.
    solver_state: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    frozen: NDArray[np.int64]  # rows that training does not change

    @property
    def counts(self) -> WordCounts:
        """Counts of the words in the documents of all fits."""
        return WordCounts(self.word_counts, self.document_frequencies, self.n_documents)

    def pooling(self, norm: Literal["l2"] | None) -> Pooling:
        """Return how the vectors of documents are computed."""
        return Pooling(
            self.embedding_matrix,
            self.word_weights,
            self.divides_by_weights,
            self.common_components,
            norm,
        )

    def matrices(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the center and the context matrix, each (n_words, d).

        If only the embedding matrix was kept, it is used as both.
        """
        return self.centers(slice(None)), self.contexts()

    def centers(self, rows: Any) -> NDArray[np.float32]:
        """Return some rows of the center matrix, computed from the others if needed."""
        embeddings = self.embedding_matrix[rows]
        if self.other_matrix is None or self.kind == "center":
            return embeddings
        others = self.other_matrix[rows]
        # The sum was rounded, so the error is about the last bit of the larger of both
        # numbers: a center of 1e-8 is lost next to a context of 1. Only a third matrix
        # would keep it.
        return 2 * embeddings - others if self.kind == "average" else others

    def contexts(self) -> NDArray[np.float32]:
        """Return the context matrix."""
        if self.other_matrix is None or self.kind == "context":
            return self.embedding_matrix
        return self.other_matrix


class FittedAttributes:
    """The fitted attributes of a vectorizer, without its parameters."""

    vocabulary_: dict[Any, int]
    embedding_matrix_: NDArray[np.float32]
    word_counts_: NDArray[np.int64]

    def _set_learned(self, learned: Learned) -> None:
        """Set the fitted attributes, one after the other."""
        self.vocabulary_ = learned.vocabulary
        self.embedding_matrix_ = learned.embedding_matrix
        self.word_counts_ = learned.word_counts
        self.word_weights_ = learned.word_weights
        self.common_components_ = learned.common_components
        self.loss_curve_ = learned.loss_curve
        self.validation_scores_ = learned.validation_scores
        self.n_iter_ = learned.n_iter
        self.init_coverage_ = learned.init_coverage
        self.n_unknown_ = learned.n_unknown
        self._divides_by_weights = learned.divides_by_weights
        self._document_frequencies = learned.document_frequencies
        self._n_documents = learned.n_documents
        self._kind = learned.kind
        self._other_matrix = learned.other_matrix
        self._solver_state = learned.solver_state
        self._frozen = learned.frozen

    def _replace_learned(self, learned: Learned) -> None:
        """Set all fitted attributes at once.

        Python runs no other thread and handles no Ctrl-C in an update of a dict.
        """
        vars(self).update(attributes(learned))
        vars(self).pop(RELEASE, None)

    def _learned(self) -> Learned:
        """Return what the last fit has learned.

        A method calls this once, so that its whole answer is of one fit, even if
        another thread fits the vectorizer meanwhile.
        """
        check_is_fitted(self)
        fitted = FittedAttributes()
        vars(fitted).update(vars(self))  # at once, as in _replace_learned
        try:
            return fitted._as_learned()
        except AttributeError as error:
            stored_by = vars(fitted).get(RELEASE)
            if stored_by is None:
                raise
            raise AttributeError(
                f"The vectorizer lacks {error.name}: it was stored by release "
                f"{stored_by} of sklearn_w2v, and this is release {__version__}. Fit "
                "it again, or load it with the release that stored it."
            ) from error

    def _as_learned(self) -> Learned:
        return Learned(
            vocabulary=self.vocabulary_,
            embedding_matrix=self.embedding_matrix_,
            word_counts=self.word_counts_,
            word_weights=self.word_weights_,
            common_components=self.common_components_,
            loss_curve=self.loss_curve_,
            validation_scores=self.validation_scores_,
            n_iter=self.n_iter_,
            init_coverage=self.init_coverage_,
            n_unknown=self.n_unknown_,
            divides_by_weights=self._divides_by_weights,
            document_frequencies=self._document_frequencies,
            n_documents=self._n_documents,
            kind=self._kind,
            other_matrix=self._other_matrix,
            solver_state=self._solver_state,
            frozen=self._frozen,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "vocabulary_")

    def __getstate__(self) -> dict[str, Any]:
        state = {RELEASE: __version__, **vars(self)}
        if "vocabulary_" in state:
            # The words in the order of their rows, since skops stores no dict whose
            # keys are tuples.
            state["vocabulary_"] = list(state["vocabulary_"])
            return state
        return state | mark(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        notice_mark(self, state.pop(RANK_PROCESS, None))
        words = state.get("vocabulary_")
        if isinstance(words, list):  # release 0.2.0 stored a dict
            state["vocabulary_"] = {word: row for row, word in enumerate(words)}
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if name not in state and parameter.default is not inspect.Parameter.empty
        }
        lacking = [*defaults, *_lacking_attributes(state)]
        stored_by = state.pop(RELEASE, None)
        if stored_by is None:
            earlier = " or earlier" if lacking else ""
            stored_by = f"{LAST_WITHOUT_NUMBER}{earlier}"
        vars(self).update(defaults | state)
        if lacking or stored_by != __version__:
            vars(self)[RELEASE] = stored_by
            name = type(self).__name__
            warn(ReleaseWarning(name, stored_by, __version__, lacking))


def attributes(learned: Learned) -> dict[str, Any]:
    """Return the fitted attributes of a vectorizer by name."""
    fitted = FittedAttributes()
    fitted._set_learned(learned)  # noqa: SLF001, of this module
    return vars(fitted)


def learned_of(fitted: FittedAttributes) -> Learned:
    """Return what the last fit of a vectorizer has learned."""
    return fitted._learned()  # noqa: SLF001, of this module


def learned_from_vectors(
    vocabulary: dict[Any, int], embedding_matrix: NDArray[np.float32]
) -> Learned:
    """Return the state of a vectorizer that has only word vectors."""
    n_words, vector_size = embedding_matrix.shape
    return Learned(
        vocabulary=vocabulary,
        embedding_matrix=embedding_matrix,
        word_counts=np.zeros(n_words, dtype=np.int64),
        word_weights=np.ones(n_words, dtype=np.float32),
        common_components=np.empty((0, vector_size), dtype=np.float32),
        document_frequencies=np.zeros(n_words, dtype=np.int64),
        frozen=np.empty(0, dtype=np.int64),
    )


def _lacking_attributes(state: dict[str, Any]) -> list[str]:
    """Return the fitted attributes that a stored vectorizer lacks, if it is fitted."""
    if "vocabulary_" not in state:
        return []
    nothing = learned_from_vectors({}, np.empty((0, 1), dtype=np.float32))
    return [name for name in attributes(nothing) if name not in state]
