"""All that a fit has learned: what the next fit, and every transform, goes by."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._corpus import WordCounts

#: Marks what a vectorizer keeps, and does not show.
PRIVATE = {"is_private": True}


@dataclass(frozen=True, eq=False)
class Learned:
    """What a fit has learned, in the words of the vectorizer's attributes.

    A vectorizer keeps each field as an attribute of its own, so that all kinds of
    pickles know the types: `word_counts` as ``word_counts_``, which its docstring
    explains, and those that it does not show as ``_n_documents``.
    """

    vocabulary: dict[Any, int]
    embedding_matrix: NDArray[np.float32]
    word_counts: NDArray[np.int64]
    word_weights: NDArray[np.float32]
    common_components: NDArray[np.float32]
    loss_curve: list[float]
    validation_scores: list[float] | None
    n_iter: int
    init_coverage: float | None
    n_unknown: int

    #: Whether a document's weighted vectors are divided by the sum of their weights.
    divides_by_weights: bool = field(metadata=PRIVATE)
    document_frequencies: NDArray[np.int64] = field(metadata=PRIVATE)  # (n_words,)
    n_documents: int = field(metadata=PRIVATE)
    #: What the embedding matrix holds.
    kind: Literal["average", "center", "context"] = field(metadata=PRIVATE)
    #: The matrix that it does not hold; the context matrix if it holds the average.
    #: Kept only where it was asked for, since it is as large.
    other_matrix: NDArray[np.float32] | None = field(metadata=PRIVATE)  # (n_words, d)
    #: What the solver needs to go on, by its names.
    solver_state: dict[str, NDArray[np.float32]] = field(metadata=PRIVATE)
    frozen: NDArray[np.int64] = field(metadata=PRIVATE)  # rows that training leaves

    @classmethod
    def of(cls, vectorizer: Any) -> "Learned":
        """Return what a vectorizer has learned."""
        check_is_fitted(vectorizer)
        return cls(*[getattr(vectorizer, name) for name in cls.attribute_names()])

    @classmethod
    def attribute_names(cls) -> list[str]:
        """Return the names of the vectorizer's attributes, in the order of fields."""
        return [
            f"_{field.name}" if field.metadata == PRIVATE else f"{field.name}_"
            for field in fields(cls)
        ]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of a vectorizer that has learned this."""
        values = (getattr(self, field.name) for field in fields(self))
        return dict(zip(self.attribute_names(), values, strict=True))

    @property
    def counts(self) -> WordCounts:
        """How often words occur, in all documents that were learned from."""
        return WordCounts(self.word_counts, self.document_frequencies, self.n_documents)

    def matrices(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the centre and the context matrix, each (n_words, d).

        Where the embedding matrix is all that was kept, it stands for both.
        """
        return self.centers(slice(None)), self.contexts()

    def centers(self, rows: Any) -> NDArray[np.float32]:
        """Return some rows of the centre matrix: an average takes work to undo."""
        embeddings = self.embedding_matrix[rows]
        if self.other_matrix is None or self.kind == "center":
            return embeddings
        others = self.other_matrix[rows]
        # Centres come back but for their last bit: a third matrix would keep it.
        return 2 * embeddings - others if self.kind == "average" else others

    def contexts(self) -> NDArray[np.float32]:
        """Return the context matrix."""
        if self.other_matrix is None or self.kind == "context":
            return self.embedding_matrix
        return self.other_matrix


def learned_from_vectors(
    vocabulary: dict[Any, int], embedding_matrix: NDArray[np.float32]
) -> Learned:
    """Return what is known where vectors are known, and nothing else."""
    n_words, vector_size = embedding_matrix.shape
    return Learned(
        vocabulary=vocabulary,
        embedding_matrix=embedding_matrix,
        word_counts=np.zeros(n_words, dtype=np.int64),
        word_weights=np.ones(n_words, dtype=np.float32),
        common_components=np.empty((0, vector_size), dtype=np.float32),
        loss_curve=[],
        validation_scores=None,
        n_iter=0,
        init_coverage=None,
        n_unknown=0,
        divides_by_weights=False,
        document_frequencies=np.zeros(n_words, dtype=np.int64),
        n_documents=0,
        kind="average",
        other_matrix=None,
        solver_state={},
        frozen=np.empty(0, dtype=np.int64),
    )
