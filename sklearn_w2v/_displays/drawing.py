"""Draw a map: its points, legend and labels. Needs matplotlib and textalloc."""

from collections import Counter
from numbers import Integral, Real
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import textalloc
from matplotlib.cbook import normalize_kwargs
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.text import Text
from matplotlib.ticker import Formatter
from numpy.typing import NDArray

from sklearn_w2v._warnings import warn

Array = NDArray[np.floating]

#: The marker and color of a class.
Look = tuple[Any, Any]
NamedLook = tuple[str, Look]

#: The first classes have the first marker, until each color is used; and so on.
MARKERS = "o^sX"

#: The shapes of small markers look alike. So the colors of the second and third marker
#: are lighter and darker: they are mixed with this share of another color.
SHADES = [("white", 0.0), ("white", 0.5), ("black", 0.4), ("white", 0.0)]

#: The color of points without a class, and of the smallest of too many classes.
GRAY = "0.8"

#: Names are not formulas, even if they contain a "$".
PLAIN_TEXT = {"parse_math": False, "usetex": False}

#: The most names in a column of the legend.
LEGEND_ROWS = 22


def new_axes(n_labels: int) -> Any:
    """Make a figure that is large enough for the labels."""
    width = max(6.4, 0.8 * n_labels**0.5)
    _, ax = plt.subplots(figsize=(width, 0.8 * width), layout="constrained")
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def text_of(value: Any) -> str:
    """Return a value as a text that matplotlib can draw."""
    # Lone surrogates, as in file names that are not UTF-8, are written as escapes.
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def number_of(amount: float, sign: str = "") -> str:
    """Return a number with two decimals, and a minus like that of the axis.

    `sign` is that of format strings: "+" also marks numbers above zero.
    """
    text = f"{amount:{sign}.2f}"
    return Formatter.fix_minus(text) if float(text) else "0.00"


def draw_points(
    ax: Any, positions: Array, classes: list[Any] | None, style: dict[str, Any]
) -> tuple[Any, Any, list[NamedLook]]:
    """Return the markers, the color bar and the looks that the legend explains."""
    if classes is None:
        return ax.scatter(*positions.T, **style), None, []
    if twice := {"c", "color", "facecolor", "facecolors"} & style.keys():
        raise ValueError(
            f"scatter_kw has {min(twice)!r}, but colors show the classes. Leave out "
            "one of them."
        )
    if not _are_amounts(classes):
        scatter, looks = _draw_classes(ax, positions, classes, style)
        return scatter, None, looks
    amounts = np.array(classes, dtype=float)  # None becomes nan
    scatter = ax.scatter(*positions.T, c=amounts, plotnonfinite=True, **style)
    scatter.set_cmap(scatter.get_cmap().with_extremes(bad=GRAY))
    return scatter, ax.figure.colorbar(scatter, ax=ax), []


def _are_amounts(classes: list[Any]) -> bool:
    """Return True for floats, which are amounts, and False for names and ints."""
    given = [value for value in classes if value is not None]
    are_numbers = all(isinstance(value, Real) for value in given)
    try:
        list(map(float, given if are_numbers else []))
    except OverflowError:  # of an int beyond all floats
        return False
    return are_numbers and not all(isinstance(value, Integral) for value in given)


def _draw_classes(
    ax: Any, positions: Array, classes: list[Any], style: dict[str, Any]
) -> tuple[Any, list[NamedLook]]:
    # A given marker has a look for each of the different shades.
    markers = [style["marker"]] * 3 if "marker" in style else list(MARKERS)
    colors = plt.rcParams["axes.prop_cycle"].by_key().get("color", ["C0"])
    shades = zip(markers, SHADES, strict=False)
    all_looks = [
        (marker, _mixed(color, *shade)) for marker, shade in shades for color in colors
    ]
    looks, n_others = _looks_of(classes, all_looks)
    other = (markers[0], GRAY)
    drawn = [looks.get(name, other) for name in classes]
    style = style | {"marker": markers[0], "color": [color for _, color in drawn]}
    scatter = ax.scatter(*positions.T, **style)
    paths = {}
    for marker in markers:
        shape = MarkerStyle(marker)
        paths[marker] = shape.get_path().transformed(shape.get_transform())
    scatter.set_paths([paths[marker] for marker, _ in drawn])
    named = [(text_of(name), look) for name, look in looks.items()]
    return scatter, named + ([(f"{n_others} others", other)] if n_others else [])


def _mixed(color: Any, other: str, share: float) -> tuple[float, ...]:
    """Return the color in which `other` has a share."""
    pairs = zip(to_rgb(color), to_rgb(other), strict=True)
    return tuple((1 - share) * amount + share * mixed_in for amount, mixed_in in pairs)


def _looks_of(classes: list[Any], looks: list[Look]) -> tuple[dict[Any, Look], int]:
    """Give each of the largest classes a look, and count the others."""
    counts = Counter(name for name in classes if name is not None)
    largest = [name for name, _ in counts.most_common(len(looks))]
    numbers = sorted(name for name in largest if isinstance(name, Real))
    names = sorted((name for name in largest if not isinstance(name, Real)), key=str)
    return dict(zip(numbers + names, looks, strict=False)), len(counts) - len(largest)


def draw_legend(ax: Any, looks: list[NamedLook], text_style: dict[str, Any]) -> Any:
    """Draw a legend, outside the axes if their figure has a layout engine."""
    if not looks:
        return None
    place: dict[str, Any] = {}
    if ax.figure.get_layout_engine() is not None:
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    legend = ax.legend(
        [
            Line2D([], [], linestyle="", marker=marker, color=color, markersize=5)
            for _, (marker, color) in looks
        ],
        [""] * len(looks),
        ncols=-(-len(looks) // LEGEND_ROWS),
        fontsize=8,
        handletextpad=0.1,
        columnspacing=0.6,
        labelspacing=0.4,
        **place,
    )
    # Not as labels, since a legend leaves out those that begin with "_".
    for text, (name, _) in zip(legend.get_texts(), looks, strict=True):
        text.set(text=name, **text_style)
    return legend


def draw_labels(
    scatter: Any,
    positions: Array,
    labels: list[str],
    text_style: dict[str, Any],
    text_kw: dict[str, Any],
) -> list[Any]:
    """Draw labels where they cover nothing, with lines to their markers."""
    if not labels:
        return []
    # textalloc keeps labels inside the axes: the layout does not need space for them.
    style: dict[str, Any] = {"fontsize": 8, "color": "black", "in_layout": False}
    style |= text_style | normalize_kwargs(text_kw, Text)
    x, y = positions.T
    _, _, texts, _ = textalloc.allocate(
        scatter.axes,
        x,
        y,
        labels,
        scatter_plot=scatter,
        textsize=style.pop("fontsize"),
        textcolor=[style.pop("color")] * len(labels),
        linecolor="0.6",
        linewidth=0.6,
        # Distances are shares of the figure.
        min_distance=0.006,
        max_distance=0.2,
        margin=0.002,
        nbr_candidates=400,
        **style,
    )
    return texts


def warn_of_overlaps(texts: list[Text], ax: Any) -> None:
    """Warn of labels of which a quarter or more is covered or outside the axes."""
    if not texts:
        return
    boxes = np.array([text.get_window_extent().extents for text in texts])
    frame = np.asarray(ax.get_window_extent().extents)
    areas = _shared_areas(boxes, boxes)  # (n_labels, n_labels)
    own = areas.diagonal()
    outside = own - _shared_areas(boxes, frame[np.newaxis])[:, 0]
    n_bad = np.count_nonzero(areas.sum(axis=1) - own + outside > own / 4)
    if n_bad > len(texts) / 20:  # a few among many do not make a map unreadable
        width, height = (frame[2:] - frame[:2]) / ax.figure.dpi
        warn(
            f"{n_bad} of {len(texts)} labels overlap or leave the axes, which at "
            f"{width:.1f} by {height:.1f} inches are too small for them. Show fewer or "
            "smaller labels (text_kw={'fontsize': 6}), or draw in larger axes."
        )


def _shared_areas(boxes: Array, others: Array) -> Array:
    low = np.maximum(boxes[:, np.newaxis, :2], others[:, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[:, 2:])
    return np.clip(high - low, 0, None).prod(axis=2)
