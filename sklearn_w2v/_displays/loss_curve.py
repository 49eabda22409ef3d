"""Display of the loss of a training by epoch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklearn_w2v._extras import check_installed
from sklearn_w2v._pipelines import vectorizer_of
from sklearn_w2v._vectorizer import Word2VecVectorizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LossCurveDisplay:
    """Loss of a training by epoch.

    Use :meth:`from_estimator` to make one from a fitted vectorizer. The parameters are
    stored as attributes.

    Parameters
    ----------
    loss_curve : list of float
        Mean training loss of each epoch.

    validation_scores : list of float or None, default=None
        Negative mean validation loss after each epoch; nan where there is none.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.

    figure_ : matplotlib Figure
        Figure with the axes.

    line_ : matplotlib Line2D
        The training loss.

    validation_line_ : matplotlib Line2D or None
        The validation loss, with a marker at the best epoch, if there is one.
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
        vectorizer: Word2VecVectorizer | Pipeline,
        *,
        ax: "Axes | None" = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> "LossCurveDisplay":
        """Draw the loss curve of a vectorizer.

        Parameters
        ----------
        vectorizer : Word2VecVectorizer, Pipeline, ColumnTransformer or FeatureUnion
            A fitted vectorizer, or a fitted Pipeline, ColumnTransformer or FeatureUnion
            that has one.
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure is made.
        name : str or None, default=None
            The name of the vectorizer in the legend.
        **kwargs : dict
            Passed to matplotlib's `Axes.plot`, which draws the training loss.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If `vectorizer` neither is nor has a Word2VecVectorizer, or if its loss
            curve is empty.

        Examples
        --------
        >>> from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, min_count=1)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog sat"] * 500)
        >>> display = LossCurveDisplay.from_estimator(vectorizer, name="two texts")
        >>> display.line_.get_label()
        'two texts'
        """
        vectorizer = vectorizer_of(vectorizer)
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
            The name of the vectorizer in the legend.
        **kwargs : dict
            Passed to matplotlib's `Axes.plot`, which draws the training loss.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the loss curve is empty, or validation scores are not as many.

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
        scores = self.validation_scores
        if scores is not None and len(scores) != len(self.loss_curve):
            raise ValueError(
                "validation_scores must have a value for each of the "
                f"{len(self.loss_curve)} epochs of loss_curve, got {len(scores)}. Pass "
                "nan for an epoch without a score."
            )
        check_installed("LossCurveDisplay.plot", "matplotlib", extra="plot")
        import matplotlib.pyplot as plt  # noqa: PLC0415
        from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

        if ax is None:
            _, ax = plt.subplots()
        ax.set(xlabel="Epoch", ylabel="Mean loss of a pair (nats)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        self.ax_, self.figure_ = ax, ax.figure
        epochs = np.arange(1, len(self.loss_curve) + 1)
        prefix = f"{name}, " if name else ""
        label = name if self.validation_scores is None else f"{prefix}training"
        style = {"label": label, "marker": "."} | kwargs
        (self.line_,) = ax.plot(epochs, self.loss_curve, **style)
        self.validation_line_ = None
        if self.validation_scores is not None:
            # All are nan if no document held out has a pair of words.
            is_scored = not np.isnan(self.validation_scores).all()
            best = int(np.nanargmax(self.validation_scores)) if is_scored else 0
            found = f"best in epoch {epochs[best]}" if is_scored else "without a score"
            (self.validation_line_,) = ax.plot(
                epochs,
                np.negative(self.validation_scores),
                color=self.line_.get_color(),
                label=f"{prefix}validation, {found}",
                linestyle="--",
                marker="o",
                markevery=[best],
            )
        if style["label"] is not None:
            ax.legend()
        return self
