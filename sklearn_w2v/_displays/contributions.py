"""Display of the contributions of words to the score of a class."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from sklearn_w2v._displays.maps import fill_docstring
from sklearn_w2v._explanations import explain_document
from sklearn_w2v._extras import check_installed
from sklearn_w2v._queries import check_n_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The name of a bar, and its width.
Bar = tuple[Any, float]


class ContributionsDisplay:
    """Contributions of words to the score of a class, as horizontal bars.

    Use :meth:`from_estimator` to make one for a document. For the words of a class,
    pass what :func:`explain_class` returns. The parameters are stored as attributes.

    Parameters
    ----------
    contributions : list of (word, contribution)
        Words, or the tokens of a document, and what each adds to the score.

    intercept : float
        What is added to the sum of the contributions.

    label : object
        The class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.

    figure_ : matplotlib Figure
        Figure with the axes.

    bars_ : matplotlib BarContainer
        The bars, from top to bottom. The sum of their widths is the score.

    See Also
    --------
    explain_document : The contributions of the words of one document.
    explain_class : The words with the largest contributions in many documents.
    """

    def __init__(
        self,
        *,
        contributions: Sequence[tuple[Hashable, float]],
        intercept: float,
        label: Any,
    ) -> None:
        self.contributions = contributions
        self.intercept = intercept
        self.label = label

    @classmethod
    @fill_docstring
    def from_estimator(
        cls,
        estimator: Any,
        document: Any,
        label: Any,
        *,
        max_words: int = 15,
        font: str | Sequence[str] | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> "ContributionsDisplay":
        """Draw the contributions of a document's words to the score of a class.

        Parameters
        ----------
        estimator : Pipeline
            A fitted pipeline of a vectorizer and a linear classifier, as in
            :func:`explain_document`.
        document : str
            A raw document.
        label : object
            The class, as in ``classes_`` of the classifier.
        max_words : int, default=15
            The largest number of words with a bar of their own, at least 1.
        {font}
        {ax}
        **kwargs : dict
            Passed to matplotlib's `Axes.barh`, which draws the bars.

        Returns
        -------
        display : ContributionsDisplay
            The display.

        Raises
        ------
        ValueError
            If :func:`explain_document` or :meth:`plot` raises one.
        NotFittedError
            If a step of the pipeline is not fitted.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn_w2v import ContributionsDisplay, Word2VecVectorizer
        >>> texts = ["the cat chased the dog", "the bank sold the bond"] * 50
        >>> model = make_pipeline(
        ...     Word2VecVectorizer(vector_size=8, random_state=0), LogisticRegression()
        ... ).fit(texts, ["animals", "money"] * 50)
        >>> display = ContributionsDisplay.from_estimator(
        ...     model, "a cat sold a cat", "animals"
        ... )
        >>> [text.get_text() for text in display.ax_.get_yticklabels()]
        ['cat (2 times)', 'sold', 'intercept']
        """
        contributions, intercept = explain_document(estimator, document, label)
        display = cls(contributions=contributions, intercept=intercept, label=label)
        return display.plot(ax, max_words=max_words, font=font, **kwargs)

    @fill_docstring
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        max_words: int = 15,
        font: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> "ContributionsDisplay":
        """Draw the contributions.

        Each word has one bar, the sum over its occurrences. The words with the largest
        contributions, positive or negative, are shown, from the one that raises the
        score most to the one that lowers it most. Gray bars follow: one for all other
        words together, and one for the intercept. So all bars add up to the score.

        Parameters
        ----------
        {ax}
        max_words : int, default=15
            The largest number of words with a bar of their own, at least 1.
        {font}
        **kwargs : dict
            Passed to matplotlib's `Axes.barh`, which draws the bars.

        Returns
        -------
        display : ContributionsDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `max_words` is not an int of at least 1, or if no such `font` is
            installed.

        Examples
        --------
        >>> from sklearn_w2v import ContributionsDisplay
        >>> display = ContributionsDisplay(
        ...     contributions=[("cat", 1.5), ("sold", -0.25)],
        ...     intercept=0.5,
        ...     label="animals",
        ... ).plot()
        >>> display.ax_.get_xlabel()
        'Contribution to the score of animals (1.75 in total)'
        """
        max_words = check_n_words("max_words", max_words)
        check_installed(
            "ContributionsDisplay.plot", "matplotlib", "textalloc", extra="plot"
        )
        # Not at the top, since they import matplotlib.
        import matplotlib.pyplot as plt  # noqa: PLC0415

        from sklearn_w2v._displays import drawing, fonts  # noqa: PLC0415

        text_style: dict[str, Any] = {"fontfamily": fonts.families_of(font)}
        text_style |= drawing.PLAIN_TEXT
        of_words, others = self._bars(max_words)
        bars = of_words + others
        names = [drawing.text_of(name) for name, _ in bars]
        widths = [width for _, width in bars]
        colors = ["C0" if width > 0 else "C1" for _, width in of_words]
        colors += [drawing.GRAY] * len(others)
        if ax is None:
            height = 0.8 + 0.25 * len(bars)
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        # At numbers, since matplotlib would join the bars of equal names.
        places = range(len(bars))
        style: dict[str, Any] = {"color": colors} | kwargs
        self.bars_ = ax.barh(places, widths, **style)
        numbers = [drawing.number_of(width, "+") for width in widths]
        ax.bar_label(self.bars_, numbers, padding=2, fontsize=8)
        ax.margins(x=0.15)  # space for these numbers
        ax.axvline(0, color="0.3", linewidth=0.8)
        ax.set_yticks(places, names, **text_style)
        ax.invert_yaxis()  # the first bar is at the top
        label, total = drawing.text_of(self.label), drawing.number_of(sum(widths))
        ax.set_xlabel(
            f"Contribution to the score of {label} ({total} in total)",
            wrap=True,  # names of classes can be long
            **text_style,
        )
        fonts.warn_of_missing_characters([*ax.get_yticklabels(), ax.xaxis.label])
        return self

    def _bars(self, max_words: int) -> tuple[list[Bar], list[Bar]]:
        """Return the bars of the words shown, and those of all others."""
        sums: dict[Hashable, float] = defaultdict(float)
        for word, contribution in self.contributions:
            sums[word] += contribution
        times = Counter(word for word, _ in self.contributions)
        strongest = sorted(sums, key=lambda word: -abs(sums[word]))
        shown, hidden = strongest[:max_words], strongest[max_words:]
        of_words: list[Bar] = [
            (f"{word} ({times[word]} times)" if times[word] > 1 else word, sums[word])
            for word in sorted(shown, key=lambda word: -sums[word])
        ]
        others: list[Bar] = [("intercept", self.intercept)]
        if hidden:
            name = f"{len(hidden):,} other word{'s' if len(hidden) > 1 else ''}"
            others.insert(0, (name, sum(sums[word] for word in hidden)))
        return of_words, others
