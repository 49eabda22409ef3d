"""Display of documents on a map."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import normalize

from sklearn_w2v._displays.maps import (
    MapDisplay,
    class_of_each,
    fill_docstring,
    one_for_each,
)
from sklearn_w2v._displays.positions import positions_of
from sklearn_w2v._pipelines import document_vectors_of
from sklearn_w2v._sklearn import default_settings
from sklearn_w2v._warnings import warn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: There is a warning for more labels than this.
MOST_LABELS = 300


@fill_docstring
class DocumentMapDisplay(MapDisplay):
    """Map of documents, on which documents with similar vectors are close together.

    Use :meth:`from_estimator` to make one from a fitted vectorizer or pipeline. The
    parameters are stored as attributes.

    Parameters
    ----------
    positions : ndarray of shape (n_documents, 2)
        The positions of the documents on the map. One with nan is not shown.

    y : array-like of shape (n_documents,) or None, default=None
        The class of each document, hashable; None, nan or masked if it has none.

    labels : sequence of length n_documents or None, default=None
        The text next to each document, or None for no text.

    Attributes
    ----------
    {map_attributes}

    See Also
    --------
    WordMapDisplay : Map of words.
    """

    def __init__(
        self,
        *,
        positions: NDArray[np.floating],
        y: ArrayLike | None = None,
        labels: Sequence[Any] | None = None,
    ) -> None:
        self.positions = positions
        self.y = y
        self.labels = labels

    @classmethod
    @fill_docstring
    def from_estimator(  # noqa: PLR0913, as other displays
        cls,
        estimator: Any,
        X: Iterable[Any],
        y: ArrayLike | None = None,
        *,
        method: Literal["auto", "pca", "tsne"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
        labels: Sequence[Any] | None = None,
        font: str | Sequence[str] | None = None,
        ax: "Axes | None" = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "DocumentMapDisplay":
        """Draw a map of documents.

        Documents without a known word have a vector of zeros, which has no direction.
        They are left out, and a warning says how many. After a step that centers
        vectors, such as StandardScaler, they are not zeros any more, and are shown.

        Parameters
        ----------
        estimator : Word2VecVectorizer, Pipeline or other transformer
            A fitted estimator whose `transform` turns documents into dense vectors. In
            a pipeline whose last step predicts, as a classifier does, the steps before
            it do so.
        X : iterable of length n_documents
            Raw documents, or other input that `estimator` transforms.
        y : array-like of shape (n_documents,) or None, default=None
            The class of each document, hashable; None, nan or masked if it has none.
            See :meth:`plot` for how classes are shown.
        {method}
        {random_state}
        labels : sequence of length n_documents or None, default=None
            The text next to each document, such as its title, or None for no text.
            A map has space for some dozens.
        {font}
        {ax}
        {text_kw}
        {scatter_kw}

        Returns
        -------
        display : DocumentMapDisplay
            The display.

        Raises
        ------
        ValueError
            If `estimator` has no `transform` that returns a dense matrix of finite
            numbers, if no documents or too few for "tsne" have a known word, if `y` or
            `labels` has another length, or if :meth:`plot` raises one.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn_w2v import DocumentMapDisplay, Word2VecVectorizer
        >>> documents = ["the cat sat on the mat", "the fund sold the bond"] * 50
        >>> pipeline = make_pipeline(
        ...     Word2VecVectorizer(vector_size=8, random_state=0), LogisticRegression()
        ... )
        >>> pipeline = pipeline.fit(documents, ["home", "bank"] * 50)
        >>> display = DocumentMapDisplay.from_estimator(
        ...     pipeline, ["a cat", "the mat", "a fund"], ["home", "home", "bank"]
        ... )
        >>> [text.get_text() for text in display.legend_.get_texts()]
        ['bank', 'home']
        """
        vectors = document_vectors_of(estimator, X)
        display = cls(
            positions=np.full((len(vectors), 2), np.nan),
            y=class_of_each("y", y, len(vectors), "documents"),
            labels=one_for_each("labels", labels, len(vectors), "documents"),
        )
        n_labels = sum(label is not None for label in display.labels or [])
        if n_labels > MOST_LABELS:
            warn(
                f"{n_labels} labels are more than a map has space for, and take long "
                "to place. Pass classes as `y`, and labels for few documents, with "
                "None for the others."
            )
        is_shown = vectors.any(axis=1)
        n_left_out = len(vectors) - np.count_nonzero(is_shown)
        if n_left_out == len(vectors):
            raise ValueError(
                f"None of the {n_left_out} documents has a known word: their vectors "
                "are zero. Pass documents like those that the vectorizer was fitted on."
            )
        if n_left_out:
            warn(
                f"{n_left_out} of {len(vectors)} documents have no known word and are "
                "left out: their vectors are zero."
            )
        with default_settings():
            shown = normalize(vectors[is_shown])
            display.positions[is_shown] = positions_of(shown, method, random_state)
        return display.plot(ax, font=font, text_kw=text_kw, scatter_kw=scatter_kw)

    def _points(self) -> tuple[list[Any], list[Any] | None, float]:
        n_documents = len(self.positions)
        labels = one_for_each("labels", self.labels, n_documents, "documents")
        classes = class_of_each("y", self.y, n_documents, "documents")
        size = float(np.clip(8000 / n_documents, 1, 20))
        return labels or [None] * n_documents, classes, size
