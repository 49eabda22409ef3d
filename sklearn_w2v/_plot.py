"""Displays in the manner of scikit-learn's: a map of words, and the training's loss.

matplotlib is imported only where something is drawn: all else does without it.
"""

from collections.abc import Hashable, Iterable, Sequence
from importlib import import_module
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from sklearn_w2v._vectorizer import Word2VecVectorizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.floating]

#: How far from its marker a label may stand, as shares of the figure; and the free
#: space around it.
DISTANCES: dict[str, Any] = {
    "min_distance": 0.006,
    "max_distance": 0.2,
    "margin": 0.002,
}


class WordMapDisplay:
    """Map of words, on which words with similar vectors stand close together.

    Use :meth:`from_estimator` to make one from a fitted vectorizer. The parameters are
    stored as attributes.

    Parameters
    ----------
    words : sequence of length n_words
        The words.

    positions : ndarray of shape (n_words, 2)
        Where they stand.

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

    def __init__(self, *, words: Sequence[Hashable], positions: Array) -> None:
        self.words = words
        self.positions = positions

    @classmethod
    def from_estimator(
        cls,
        vectorizer: Word2VecVectorizer,
        words: Iterable[Hashable] | None = None,
        *,
        n_words: int = 200,
        method: Literal["pca", "tsne"] = "pca",
        random_state: int | np.random.RandomState | None = 0,
        ax: "Axes | None" = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "WordMapDisplay":
        """Draw a map of a vectorizer's words.

        Parameters
        ----------
        vectorizer : Word2VecVectorizer
            A fitted vectorizer.
        words : list or None, default=None
            The words to show. If None, the most frequent ones.
        n_words : int, default=200
            How many of the most frequent words to show, at least 1. Not used with
            `words`.
        method : {"pca", "tsne"}, default="pca"
            What turns word vectors, scaled to length 1, into positions. "pca" is the
            flat view that keeps most of their differences. "tsne" keeps the nearest
            words close, which shows groups, but how far groups are apart means little;
            it needs 4 words and a `vector_size` of 2 or more.
        random_state : int, RandomState instance or None, default=0
            Determines what `method` draws at random.
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
            If there are no words, or too few for "tsne".

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer, WordMapDisplay
        >>> vectorizer = Word2VecVectorizer(vector_size=8, min_count=1)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog sat"] * 500)
        >>> display = WordMapDisplay.from_estimator(vectorizer, n_words=2)
        >>> display.words
        ['the', 'sat']
        """
        check_is_fitted(vectorizer)
        if isinstance(words, str):
            raise ValueError(f"words must be a list of words, got the text {words!r}.")
        if words is None:
            words = _most_frequent(vectorizer, n_words)
        words = list(dict.fromkeys(words))  # each once
        if not words:
            raise ValueError("words is empty; there is nothing to show.")
        vectors = normalize([vectorizer.get_vector(word) for word in words])
        positions = _positions(vectors, method, random_state)
        display = cls(words=words, positions=positions)
        return display.plot(ax, text_kw=text_kw, scatter_kw=scatter_kw)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> "WordMapDisplay":
        """Draw the map.

        textalloc puts each label at a free place, with a line to its marker. It does so
        for axes of the present size: after a resize, labels may overlap.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure large enough for the words is made.
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.

        Returns
        -------
        display : WordMapDisplay
            The display itself.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_w2v import WordMapDisplay
        >>> positions = np.array([[0, 0], [1, 2]])
        >>> display = WordMapDisplay(words=["cat", "dog"], positions=positions).plot()
        >>> len(display.texts_)
        2
        """
        _check_installed("WordMapDisplay.plot", "matplotlib", "textalloc")
        import matplotlib.pyplot as plt  # noqa: PLC0415
        import textalloc  # noqa: PLC0415
        from matplotlib.cbook import normalize_kwargs  # noqa: PLC0415
        from matplotlib.text import Text  # noqa: PLC0415

        if ax is None:
            width = max(6.4, 0.8 * len(self.words) ** 0.5)
            _, ax = plt.subplots(figsize=(width, 0.8 * width), layout="constrained")
            ax.set_aspect("equal", adjustable="datalim")
        # The numbers on the axes would mean nothing.
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        ax.margins(0.1)  # room for the labels of the outermost words
        self.ax_ = ax
        self.figure_ = ax.figure
        self.scatter_ = ax.scatter(*self.positions.T, **{"s": 8} | (scatter_kw or {}))
        style = {
            "fontsize": 8,
            "color": "black",
            # Words are drawn as they are: "$x$" is no formula.
            "parse_math": False,
            "usetex": False,
            # Labels end up inside the axes, which need not make room for them.
            "in_layout": False,
            **normalize_kwargs(text_kw or {}, Text),
        }
        x, y = self.positions.T
        _, _, self.texts_, _ = textalloc.allocate(
            ax,
            x,
            y,
            [str(word) for word in self.words],
            x_scatter=x,
            y_scatter=y,
            scatter_plot=self.scatter_,
            textsize=style.pop("fontsize"),
            textcolor=[style.pop("color")] * len(self.words),
            linecolor="0.6",
            linewidth=0.6,
            nbr_candidates=400,
            **DISTANCES,
            **style,
        )
        return self


class LossCurveDisplay:
    """Loss of the training by epoch.

    Use :meth:`from_estimator` to make one from a fitted vectorizer. The parameters are
    stored as attributes.

    Parameters
    ----------
    loss_curve : list of float
        Mean training loss of each epoch.

    validation_scores : list of float or None, default=None
        Minus the mean validation loss after each epoch; nan where there is none.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.

    figure_ : matplotlib Figure
        Figure with the axes.

    line_ : matplotlib Line2D
        The training loss.

    validation_line_ : matplotlib Line2D or None
        The validation loss, with a marker at the best epoch.

    Examples
    --------
    >>> from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer
    >>> documents = ["the cat sat on the mat", "the dog sat on the mat"] * 50
    >>> vectorizer = Word2VecVectorizer(epochs=5, random_state=0).fit(documents)
    >>> display = LossCurveDisplay.from_estimator(vectorizer)
    >>> display.line_.get_xdata()
    array([1, 2, 3, 4, 5])
    """

    def __init__(
        self,
        *,
        loss_curve: Sequence[float],
        validation_scores: Sequence[float] | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores

    @classmethod
    def from_estimator(
        cls,
        vectorizer: Word2VecVectorizer,
        *,
        ax: "Axes | None" = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> "LossCurveDisplay":
        """Draw the loss curve of a vectorizer.

        Parameters
        ----------
        vectorizer : Word2VecVectorizer
            A fitted vectorizer.
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure is made.
        name : str or None, default=None
            What the legend calls the vectorizer.
        **kwargs : dict
            Passed to matplotlib's `Axes.plot`, which draws the training loss.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If the loss curve is empty.

        Examples
        --------
        >>> from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, min_count=1)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog sat"] * 500)
        >>> display = LossCurveDisplay.from_estimator(vectorizer, name="two texts")
        >>> display.line_.get_label()
        'two texts'
        """
        check_is_fitted(vectorizer)
        display = cls(
            loss_curve=vectorizer.loss_curve_,
            validation_scores=vectorizer.validation_scores_,
        )
        return display.plot(ax, name=name, **kwargs)

    def plot(
        self, ax: "Axes | None" = None, *, name: str | None = None, **kwargs: Any
    ) -> "LossCurveDisplay":
        """Draw the loss curve.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure is made.
        name : str or None, default=None
            What the legend calls the vectorizer.
        **kwargs : dict
            Passed to matplotlib's `Axes.plot`, which draws the training loss.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Examples
        --------
        >>> from sklearn_w2v import LossCurveDisplay
        >>> display = LossCurveDisplay(loss_curve=[3.0, 2.5]).plot()
        >>> display.ax_.get_xlabel()
        'Epoch'
        """
        if not len(self.loss_curve):
            raise ValueError(
                "The loss curve is empty: a vectorizer that was loaded, not trained, "
                "has none."
            )
        _check_installed("LossCurveDisplay.plot", "matplotlib")
        import matplotlib.pyplot as plt  # noqa: PLC0415
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

        if ax is None:
            _, ax = plt.subplots()
        ax.set(xlabel="Epoch", ylabel="Mean loss of a pair (nats)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        self.ax_ = ax
        self.figure_ = ax.figure
        self.validation_line_ = None
        epochs = np.arange(1, len(self.loss_curve) + 1)
        prefix = f"{name}, " if name else ""
        label = name if self.validation_scores is None else f"{prefix}training"
        style = {"label": label, "marker": "."} | kwargs
        (self.line_,) = ax.plot(epochs, self.loss_curve, **style)
        if self.validation_scores is not None:
            best = int(np.nanargmax(self.validation_scores))
            (self.validation_line_,) = ax.plot(
                epochs,
                np.negative(self.validation_scores),
                color=self.line_.get_color(),
                label=f"{prefix}validation, best in epoch {epochs[best]}",
                linestyle="--",
                marker="o",
                markevery=[best],
            )
        if style["label"] is not None:
            ax.legend()
        return self


def _check_installed(caller: str, *libraries: str) -> None:
    try:
        for library in libraries:
            import_module(library)
    except ImportError as error:
        raise ImportError(
            f'{caller} needs {" and ".join(libraries)}: pip install "sklearn-w2v[plot]"'
        ) from error


def _most_frequent(vectorizer: Word2VecVectorizer, n_words: int) -> list[Any]:
    if not isinstance(n_words, Integral) or n_words < 1:
        raise ValueError(f"n_words must be an int of at least 1, got {n_words!r}.")
    words = list(vectorizer.vocabulary_)
    rows = np.argsort(-vectorizer.word_counts_, kind="stable")[:n_words]
    return [words[row] for row in rows]


def _positions(
    vectors: Array,
    method: str,
    random_state: int | np.random.RandomState | None,
) -> Array:
    """Turn unit vectors into positions: (n_words, vector_size) -> (n_words, 2)."""
    # Only maps need these, which import a large part of scikit-learn.
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.manifold import TSNE  # noqa: PLC0415

    n_words, vector_size = vectors.shape
    if method == "pca":
        positions = np.zeros((n_words, 2))
        # Two words differ in one direction only, and a single one in none.
        n_components = min(2, n_words - 1, vector_size)
        if n_components:
            pca = PCA(n_components, random_state=random_state)
            with np.errstate(invalid="ignore"):  # of words that all have one vector
                positions[:, :n_components] = pca.fit_transform(vectors)
        return positions
    if method != "tsne":
        raise ValueError(f"method must be 'pca' or 'tsne', got {method!r}.")
    if n_words < 4 or vector_size < 2:
        raise ValueError(
            "method='tsne' needs 4 words and a vector_size of 2 or more, got "
            f"{n_words} words and a vector_size of {vector_size}."
        )
    # TSNE looks at three times as many neighbours as the perplexity is.
    perplexity = min(30, (n_words - 1) / 3)
    tsne = TSNE(
        metric="cosine", init="pca", perplexity=perplexity, random_state=random_state
    )
    # More threads than free processors make it many times slower, and never much faster
    # on as few words as a map can show.
    with threadpool_limits(1):
        return tsne.fit_transform(vectors)
