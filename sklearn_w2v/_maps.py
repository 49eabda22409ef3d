"""Displays in the manner of scikit-learn's: maps of words and of documents."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import normalize

from sklearn_w2v._documents import is_missing
from sklearn_w2v._map_drawing import Map
from sklearn_w2v._map_positions import positions_of
from sklearn_w2v._pipelines import document_vectors_of, vectorizer_of
from sklearn_w2v._vectorizer import Word2VecVectorizer
from sklearn_w2v._warnings import warn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.floating]

#: A map of more documents with labels than this warns of it.
MOST_LABELS = 300

#: A map chooses its words from so many times as many frequent ones.
CANDIDATES = 5


class WordMapDisplay(Map):
    """Map of words, on which words with similar vectors stand close together.

    Use :meth:`from_estimator` to make one from a fitted vectorizer. The parameters are
    stored as attributes.

    Parameters
    ----------
    words : sequence of length n_words
        The words.

    positions : ndarray of shape (n_words, 2)
        Where they stand.

    groups : sequence of length n_words or None, default=None
        The group of each word, which its colour shows and a legend names; grey where it
        is None or nan. Floats are shades, with a colour bar.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the map.

    figure_ : matplotlib Figure
        Figure with the axes.

    scatter_ : matplotlib PathCollection
        The markers of the words.

    texts_ : list of matplotlib Text
        The labels, in the order of `words`.

    legend_ : matplotlib Legend or None
        The names of the groups.

    colorbar_ : matplotlib Colorbar or None
        The shades of groups that are floats.

    See Also
    --------
    DocumentMapDisplay : Map of documents.

    Examples
    --------
    >>> from sklearn_w2v import Word2VecVectorizer, WordMapDisplay
    >>> documents = ["the cat sat on the mat", "the dog sat on the mat"] * 50
    >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0).fit(documents)
    >>> display = WordMapDisplay.from_estimator(vectorizer, ["cat", "dog", "mat"])
    >>> display.positions.shape
    (3, 2)
    >>> [text.get_text() for text in display.texts_]
    ['cat', 'dog', 'mat']
    """

    def __init__(
        self,
        *,
        words: Sequence[Hashable],
        positions: Array,
        groups: Sequence[Any] | None = None,
    ) -> None:
        self.words = words
        self.positions = positions
        self.groups = groups

    @classmethod
    def from_estimator(  # noqa: PLR0913, as other displays
        cls,
        vectorizer: Word2VecVectorizer | Pipeline,
        words: Iterable[Hashable] | None = None,
        *,
        n_words: int = 80,
        groups: Mapping[Any, Any] | Sequence[Any] | None = None,
        method: Literal["auto", "pca", "tsne"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
        font: str | Sequence[str] | None = None,
        ax: "Axes | None" = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "WordMapDisplay":
        """Draw a map of a vectorizer's words.

        Parameters
        ----------
        vectorizer : Word2VecVectorizer or Pipeline
            A fitted vectorizer, or a fitted pipeline with one among its steps.
        words : list or None, default=None
            The words to show. If None, frequent words with a meaning of their own: of
            the 5 * `n_words` most frequent ones those for which the length of the
            vector times log(2 + count) is largest, since words that stand anywhere, as
            "the" does, have short vectors. For the most frequent ones, whatever they
            are, pass ``list(vectorizer.vocabulary_)[:80]``.
        n_words : int, default=80
            How many words to show, at least 1, where `words` is None. A map of more
            than 200 is hard to read.
        groups : mapping, sequence or None, default=None
            The group of each word, such as a topic: a mapping of words to groups, or a
            sequence as long as `words`. Colours show it and a legend names it; more
            groups than colours have other markers too, and what is more than both is
            grey. So are words of which the mapping knows nothing, and those whose group
            is None or nan. Floats are shades, with a colour bar.
        method : {"auto", "pca", "tsne"}, default="auto"
            What turns word vectors, scaled to length 1, into positions. "tsne" keeps
            the nearest words close, which shows groups, but how far groups are apart
            means little; it needs 4 different vectors of 2 or more numbers. "pca" is
            the flat view that keeps most of their differences; many words crowd in the
            middle. "auto" is "tsne" where that can be, up to 2,000 words, and "pca"
            elsewhere.
        random_state : int, RandomState instance or None, default=0
            Determines what `method` draws at random.
        font : str, list of str or None, default=None
            The font of words and legend, by the name of its family, for scripts that
            matplotlib's own does not have: "Noto Sans CJK KR", for example, for Korean.
            Of a list, those that are installed, where each draws what the ones before
            it lack. The default font stands behind them all.
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure large enough for the words is made.
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.

        Returns
        -------
        display : WordMapDisplay
            The display.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            - If `vectorizer` is none, and has none among its steps;
            - if there are no words, or too few for "tsne";
            - if `groups` is of another length, or knows none of the words;
            - if no such `font` is installed.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer, WordMapDisplay
        >>> vectorizer = Word2VecVectorizer(vector_size=8, min_count=1)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog ran"] * 500)
        >>> display = WordMapDisplay.from_estimator(
        ...     vectorizer, groups={"cat": "animals", "dog": "animals", "sat": "verbs"}
        ... )
        >>> display.words
        ['the', 'cat', 'sat', 'dog', 'ran']
        >>> [text.get_text() for text in display.legend_.get_texts()]
        ['animals', 'verbs']
        """
        vectorizer = vectorizer_of(vectorizer)
        if isinstance(words, str | Mapping):
            kind = "text" if isinstance(words, str) else "mapping"
            raise ValueError(
                f"words must be a list of words, got the {kind} {words!r}. The groups "
                "of words go in as `groups`."
            )
        words = None if words is None else list(words)
        groups = _groups_of(words, groups)
        if words is None:
            words = _main_words(vectorizer, n_words)
            words += [word for word in groups or {} if word in vectorizer.vocabulary_]
        words = list(dict.fromkeys(words))  # each once
        if not words:
            raise ValueError("words is empty; there is nothing to show.")
        if groups is not None and not groups.keys() & set(words):
            raise ValueError(f"groups has none of the words, such as {words[0]!r}.")
        vectors = normalize(vectorizer.get_vector(words).astype(np.float64))
        display = cls(
            words=words,
            positions=positions_of(vectors, method, random_state),
            groups=None if groups is None else [groups.get(word) for word in words],
        )
        return display.plot(ax, font=font, text_kw=text_kw, scatter_kw=scatter_kw)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        font: str | Sequence[str] | None = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "WordMapDisplay":
        """Draw the map.

        textalloc puts each label at a free place, with a line to its marker. It does so
        for axes of the present size: after a resize, labels may overlap. A warning says
        so where they do at once, and another one where the font lacks characters.

        The legend stands beside axes whose figure has a layout that makes room for it,
        as ``plt.subplots(layout="constrained")`` has, and on the map elsewhere.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure large enough for the words is made.
        font : str, list of str or None, default=None
            The font of words and legend, by the name of its family, or several, in
            order of preference.
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.

        Returns
        -------
        display : WordMapDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `groups` is of another length, no such `font` is installed, or
            `scatter_kw` has colours although there are groups.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_w2v import WordMapDisplay
        >>> positions = np.array([[0, 0], [1, 2]])
        >>> display = WordMapDisplay(words=["cat", "dog"], positions=positions).plot()
        >>> len(display.texts_)
        2
        """
        n_words = len(self.words)
        self._draw(
            ax,
            labels=list(map(str, self.words)),
            classes=_one_each("groups", self.groups, n_words, "words"),
            font=font,
            text_kw=text_kw,
            scatter_kw={"s": 8 if self.groups is None else 16} | (scatter_kw or {}),
        )
        return self


class DocumentMapDisplay(Map):
    """Map of documents, on which documents with similar vectors stand close together.

    Use :meth:`from_estimator` to make one from a fitted vectorizer or pipeline. The
    parameters are stored as attributes.

    Parameters
    ----------
    positions : ndarray of shape (n_documents, 2)
        Where the documents stand. One with nan is not shown.

    y : array-like of shape (n_documents,) or None, default=None
        The class of each document, which its colour shows and a legend names; grey
        where it is None or nan. Floats are shades, with a colour bar.

    labels : sequence of length n_documents or None, default=None
        What stands beside each document; nothing where it is None.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the map.

    figure_ : matplotlib Figure
        Figure with the axes.

    scatter_ : matplotlib PathCollection
        The markers of the documents.

    texts_ : list of matplotlib Text
        The labels of the documents that have one and are shown, in their order.

    legend_ : matplotlib Legend or None
        The names of the classes.

    colorbar_ : matplotlib Colorbar or None
        The shades of a `y` of floats.

    See Also
    --------
    WordMapDisplay : Map of words.

    Examples
    --------
    >>> from sklearn_w2v import DocumentMapDisplay, Word2VecVectorizer
    >>> documents = ["the cat sat on the mat", "the fund sold the bond"] * 50
    >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0).fit(documents)
    >>> display = DocumentMapDisplay.from_estimator(
    ...     vectorizer, ["a cat", "the mat", "a fund"], y=["home", "home", "bank"]
    ... )
    >>> display.positions.shape
    (3, 2)
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['bank', 'home']
    """

    def __init__(
        self,
        *,
        positions: Array,
        y: ArrayLike | None = None,
        labels: Sequence[Any] | None = None,
    ) -> None:
        self.positions = positions
        self.y = y
        self.labels = labels

    @classmethod
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

        Documents without a known word, whose vectors are zero and so have no direction,
        are left out, and a warning says how many. Behind a step that centres vectors,
        as StandardScaler does, they are not zero any more, and are shown.

        Parameters
        ----------
        estimator : Word2VecVectorizer, Pipeline or other transformer
            A fitted estimator whose `transform` turns the documents into dense vectors.
            Of a pipeline that ends in a step that predicts, as a classifier does, the
            steps before it do so.
        X : iterable of length n_documents
            Raw documents, or what else `estimator` transforms.
        y : array-like of shape (n_documents,) or None, default=None
            The class of each document. Colours show it and a legend names it; more
            classes than colours have other markers too, and of what is more than both
            the smallest are grey. So are documents whose class is None or nan. Floats,
            if not all are whole numbers stored as int, are shades, with a colour bar.
        method : {"auto", "pca", "tsne"}, default="auto"
            What turns document vectors, scaled to length 1, into positions. "tsne"
            keeps the nearest documents close, which shows groups, but how far groups
            are apart means little; it needs 4 different vectors of 2 or more numbers,
            and some 20 seconds for 2,000 documents. "pca" is the flat view that keeps
            most of their differences; it is fast, and shows two or three groups at
            most. "auto" is "tsne" where that can be, up to 2,000 documents, and "pca"
            elsewhere. Documents with the same vector share a place.
        random_state : int, RandomState instance or None, default=0
            Determines what `method` draws at random.
        labels : sequence of length n_documents or None, default=None
            What stands beside each document, such as its title; nothing where it is
            None. Some dozens find room.
        font : str, list of str or None, default=None
            The font of labels and legend, by the name of its family, for scripts that
            matplotlib's own does not have: "Noto Sans CJK KR", for example, for Korean.
            Of a list, those that are installed, where each draws what the ones before
            it lack. The default font stands behind them all.
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure is made.
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.

        Returns
        -------
        display : DocumentMapDisplay
            The display.

        Raises
        ------
        ValueError
            - If `estimator` has no `transform`, or that gives no dense matrix of finite
              numbers;
            - if no document has a known word, or too few have for "tsne";
            - if `y` or `labels` is of another length;
            - if no such `font` is installed, or `scatter_kw` has colours although there
              is a `y`.

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
        ...     pipeline, ["a cat", "the mat", "a fund"], labels=["C", None, "F"]
        ... )
        >>> [text.get_text() for text in display.texts_]
        ['C', 'F']
        """
        vectors = document_vectors_of(estimator, X)
        display = cls(
            positions=np.full((len(vectors), 2), np.nan),
            y=_one_each("y", y, len(vectors), "documents"),
            labels=_one_each("labels", labels, len(vectors), "documents"),
        )
        n_labels = sum(label is not None for label in display.labels or [])
        if n_labels > MOST_LABELS:
            warn(
                f"{n_labels} labels are more than a map has room for, and take long to "
                "place. Classes go in as y; of labels, keep a few, and None elsewhere."
            )
        is_shown = vectors.any(axis=1)
        n_lost = len(vectors) - np.count_nonzero(is_shown)
        if n_lost == len(vectors):
            raise ValueError(
                f"None of the {n_lost} documents has a known word: their vectors are "
                "zero. Show documents like those that the vectorizer was fitted on."
            )
        if n_lost:
            warn(
                f"{n_lost} of {len(vectors)} documents have no known word and are left "
                "out: their vectors are zero."
            )
        shown = normalize(vectors[is_shown])
        display.positions[is_shown] = positions_of(shown, method, random_state)
        return display.plot(ax, font=font, text_kw=text_kw, scatter_kw=scatter_kw)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        font: str | Sequence[str] | None = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "DocumentMapDisplay":
        """Draw the map.

        The legend stands beside axes whose figure has a layout that makes room for it,
        as ``plt.subplots(layout="constrained")`` has, and on the map elsewhere. Labels
        are placed as on a :class:`WordMapDisplay`.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure is made.
        font : str, list of str or None, default=None
            The font of labels and legend, by the name of its family, or several, in
            order of preference.
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.

        Returns
        -------
        display : DocumentMapDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `y` or `labels` is of another length, no such `font` is installed, or
            `scatter_kw` has colours although there is a `y`.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_w2v import DocumentMapDisplay
        >>> positions = np.array([[0, 0], [1, 2]])
        >>> display = DocumentMapDisplay(positions=positions, y=[0.5, 1.5]).plot()
        >>> print(display.colorbar_.vmin, display.colorbar_.vmax)
        0.5 1.5
        """
        n_documents = len(self.positions)
        labels = _one_each("labels", self.labels, n_documents, "documents")
        size = np.clip(8000 / n_documents, 1, 20)
        self._draw(
            ax,
            labels=labels or [None] * n_documents,
            classes=_one_each("y", self.y, n_documents, "documents"),
            font=font,
            text_kw=text_kw,
            scatter_kw={"s": size} | (scatter_kw or {}),
        )
        return self


def _groups_of(words: list[Any] | None, groups: Any) -> Mapping[Any, Any] | None:
    """Return groups by their words, given as such or in the order of the words."""
    if groups is None:
        return None
    if isinstance(groups, Mapping):
        lists = [
            word for word, group in groups.items() if not isinstance(group, Hashable)
        ]
        if lists:
            raise ValueError(
                "groups must be a mapping of words to groups, got several of them for "
                f"{lists[0]!r}. Turn it round: an entry for each word."
            )
        return groups
    if words is None:
        raise ValueError(
            "groups must be a mapping of words to groups where words is None, got "
            f"{type(groups).__name__}."
        )
    one_each = _one_each("groups", groups, len(words), "words") or []
    return dict(zip(words, one_each, strict=True))


def _main_words(vectorizer: Word2VecVectorizer, n_words: int) -> list[Any]:
    """Return frequent words with a meaning of their own, the most frequent one first.

    What stands in many contexts, which pull it here and there, has a short vector for
    its frequency (Schakel and Wilson, "Measuring word significance using distributed
    representations of words", 2015): so stop words go, in any language.
    """
    if not isinstance(n_words, Integral) or n_words < 1:
        raise ValueError(f"n_words must be an int of at least 1, got {n_words!r}.")
    words, counts = list(vectorizer.vocabulary_), vectorizer.word_counts_
    rows = np.argsort(-counts, kind="stable")[: CANDIDATES * n_words]
    lengths = np.linalg.norm(vectorizer.embedding_matrix_[rows], axis=1)
    # 2, since the words of a file have no counts.
    meaning = lengths * np.log(2 + counts[rows])
    chosen = np.argsort(-meaning, kind="stable")[:n_words]
    return [words[row] for row in rows[np.sort(chosen)]]


def _one_each(name: str, values: Any, n_points: int, points: str) -> list[Any] | None:
    """Return one value for each point; None where it is missing."""
    if values is None:
        return None
    values = np.asarray(values, dtype=object)
    if values.shape != (n_points,):
        raise ValueError(
            f"{name} must be a list with a value for each of the {n_points} {points}, "
            f"got shape {values.shape}."
        )
    return [None if is_missing(value) else value for value in values.tolist()]
