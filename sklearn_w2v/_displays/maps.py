"""What maps of words and of documents have in common."""

import inspect
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._documents import is_missing
from sklearn_w2v._extras import check_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Display = TypeVar("Display", bound="MapDisplay")
Documented = TypeVar("Documented")

#: Texts that replace lines such as ``{ax}`` in docstrings.
SHARED = {
    "method": """
        method : {"auto", "pca", "tsne"}, default="auto"
            How vectors, scaled to length 1, become positions. "tsne" keeps the nearest
            ones close together, which shows groups, but distances between groups mean
            little. It needs at least 4 different vectors of at least 2 numbers, and
            takes some 10 seconds for 2,000 of them, and two minutes for 20,000. "pca"
            shows the two directions of the largest variance. It is fast, but shows two
            or three groups at most, and many points crowd in the middle. "auto" is
            "tsne" for up to 2,000 different vectors, and "pca" if there are too few for
            "tsne". Of more than 2,000 vectors, a random sample of 2,000 gets positions
            by "tsne". Each other vector is then placed between the three most central
            of its ten nearest vectors in the sample, which takes a second for 20,000.
            Groups of which only a few vectors are in the sample may not be visible.
            Points with equal vectors share a position.
        """,
    "random_state": """
        random_state : int, RandomState instance or None, default=0
            Determines the random numbers that `method` uses, also for the sample.
        """,
    "font": """
        font : str, list of str or None, default=None
            The font family of labels and legend, for scripts that matplotlib's default
            font lacks: "Noto Sans CJK KR", for example, for Korean. In a list, each
            family draws the characters that those before it lack, and families that are
            not installed are skipped. The default font draws what all of them lack.
        """,
    "ax": """
        ax : matplotlib Axes or None, default=None
            Axes to draw in. If None, a figure large enough for the labels is made.
        """,
    "text_kw": """
        text_kw : dict or None, default=None
            Passed to matplotlib's `Axes.text`, which draws the labels.
        """,
    "scatter_kw": """
        scatter_kw : dict or None, default=None
            Passed to matplotlib's `Axes.scatter`, which draws the markers.
        """,
    "map_attributes": """
        ax_ : matplotlib Axes
            Axes with the map.

        figure_ : matplotlib Figure
            Figure with the axes.

        scatter_ : matplotlib PathCollection
            The markers of all points.

        texts_ : list of matplotlib Text
            The labels that are drawn, in the order of their points.

        legend_ : matplotlib Legend or None
            The names of the groups or classes.

        colorbar_ : matplotlib Colorbar or None
            The color scale, if groups or classes are floats.
        """,
}


def fill_docstring(documented: Documented) -> Documented:
    """Replace each line such as ``{ax}`` in a docstring by the shared text."""
    if documented.__doc__ is not None:  # as it is under ``python -OO``
        documented.__doc__ = re.sub(
            r"^{(\w+)}$",
            lambda line: inspect.cleandoc(SHARED[line[1]]),
            inspect.cleandoc(documented.__doc__),
            flags=re.MULTILINE,
        )
    return documented


class MapDisplay(ABC):
    """What maps of words and of documents have in common."""

    positions: NDArray[np.floating]
    ax_: Any

    @abstractmethod
    def _points(self) -> tuple[list[Any], list[Any] | None, float]:
        """Return the label and class of each point, and the size of the markers."""

    @fill_docstring
    def plot(
        self: Display,
        ax: "Axes | None" = None,
        *,
        font: str | Sequence[str] | None = None,
        text_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> Display:
        """Draw the map.

        Each group of words or class of documents has a color, and its name is in the
        legend. If there are more of them than colors, they have lighter or darker
        colors and different markers. If there are still too many, the smallest ones are
        gray. So are points without a group or class. Groups or classes that are
        numbers, not all of them of type int, are shown by a color scale instead. The
        legend is outside the axes if their figure has a layout engine, as
        ``plt.subplots(layout="constrained")`` makes one, and inside them otherwise.

        textalloc places each label where it covers nothing, with a line to its marker.
        It does so for the present size of the axes: labels may overlap after a resize.
        There is a warning if they overlap at once, or if their font lacks characters.

        Parameters
        ----------
        {ax}
        {font}
        {text_kw}
        {scatter_kw}

        Returns
        -------
        display : WordMapDisplay or DocumentMapDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `positions` is empty or has another shape than (n_points, 2), if groups,
            classes or labels are not as many as points, if a group or class is not
            hashable, if no such `font` is installed, or if `scatter_kw` has a color
            although groups or classes have.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_w2v import WordMapDisplay
        >>> positions = np.array([[0, 0], [1, 2]])
        >>> display = WordMapDisplay(words=["cat", "dog"], positions=positions).plot()
        >>> len(display.texts_)
        2
        """
        caller = f"{type(self).__name__}.plot"
        check_installed(caller, "matplotlib", "textalloc", extra="plot")
        # Not at the top, since they import matplotlib.
        from sklearn_w2v._displays import drawing, fonts  # noqa: PLC0415

        positions = np.asarray(self.positions)
        if not positions.size or positions.ndim != 2 or positions.shape[1] != 2:
            raise ValueError(
                "positions must have a row of two numbers for each point, and at least "
                f"one row, got shape {positions.shape}."
            )
        labels, classes, marker_size = self._points()
        if len(labels) != len(positions):
            raise ValueError(
                f"positions must have a row for each of the {len(labels)} words, got "
                f"{len(positions)} rows."
            )
        marker_style = {"s": marker_size} | (scatter_kw or {})
        text_style = {"fontfamily": fonts.families_of(font)} | drawing.PLAIN_TEXT
        is_labeled = np.array([label is not None for label in labels])
        is_labeled &= np.isfinite(positions).all(axis=1)
        labels = [drawing.text_of(labels[row]) for row in np.flatnonzero(is_labeled)]
        self.ax_ = drawing.new_axes(len(labels)) if ax is None else ax
        self.figure_ = self.ax_.figure
        # The numbers on the axes would mean nothing.
        self.ax_.tick_params(
            left=False, bottom=False, labelleft=False, labelbottom=False
        )
        if labels:
            self.ax_.margins(0.1)  # space for the labels of the outermost points
        with warnings.catch_warnings():
            # matplotlib warns of each character; one warning is enough.
            warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
            self.scatter_, self.colorbar_, looks = drawing.draw_points(
                self.ax_, positions, classes, marker_style
            )
            # The legend is drawn first, since labels must not cover it.
            self.legend_ = drawing.draw_legend(self.ax_, looks, text_style)
            if ax is None and self.legend_:
                inches = self.legend_.get_window_extent().width / self.figure_.dpi
                self.figure_.set_figwidth(self.figure_.get_figwidth() + inches)
            self.texts_ = drawing.draw_labels(
                self.scatter_, positions[is_labeled], labels, text_style, text_kw or {}
            )
        in_legend = self.legend_.get_texts() if self.legend_ else []
        fonts.warn_of_missing_characters([*self.texts_, *in_legend])
        drawing.warn_of_overlaps(self.texts_, self.ax_)
        return self


def one_for_each(
    name: str, values: Any, n_points: int, points: str
) -> list[Any] | None:
    """Return a list with a value for each point, and None for missing ones."""
    if values is None:
        return None
    array = np.asarray(_python_values(values), dtype=object)
    if array.shape != (n_points,):
        raise ValueError(
            f"{name} must be a list with a value for each of the {n_points} {points}, "
            f"got shape {array.shape}."
        )
    return [None if is_missing(value) else value for value in array.tolist()]


def class_of_each(
    name: str, values: Any, n_points: int, points: str
) -> list[Any] | None:
    """Return `one_for_each`, for values that are counted."""
    classes = one_for_each(name, values, n_points, points)
    for position, value in enumerate(classes or []):
        try:
            hash(value)
        except TypeError as error:
            raise ValueError(
                f"{name} must have hashable values, such as strings or numbers, got "
                f"{value!r} at position {position}: {error}."
            ) from error
    return classes


def _python_values(values: Any) -> Any:
    """Return the values of a column as Python's own, with None for missing ones.

    numpy itself would turn integers with a null into floats, times into numbers of
    nanoseconds, and masked values into what is behind the mask.
    """
    for method in ("to_pylist", "to_list"):  # of pyarrow; of polars and pandas
        if hasattr(values, method):
            return getattr(values, method)()
    is_special = isinstance(values, np.ndarray) and (
        isinstance(values, np.ma.MaskedArray) or values.dtype.kind in "mM"
    )
    if isinstance(values, (list, tuple)) or (is_special and values.ndim == 1):
        return [_python_value(value) for value in values]
    return values


def _python_value(value: Any) -> Any:
    if value is np.ma.masked:
        return None
    if not isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    unit, _ = np.datetime_data(value.dtype)
    if unit in ("ns", "ps", "fs", "as"):  # Python's times have microseconds
        value = value.astype(f"{value.dtype.kind}8[us]")
    converted = value.item()
    # Python has no year after 9999, and no duration of months.
    return str(value) if isinstance(converted, int) else converted
