"""A map: points in their colours, a legend, and labels at free places.

matplotlib is imported only where something is drawn: all else does without it.
"""

import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import product
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._extras import check_installed
from sklearn_w2v._warnings import warn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

Array = NDArray[np.floating]

#: How far from its marker a label may stand, as shares of the figure; and the free
#: space around it.
DISTANCES: dict[str, Any] = {
    "min_distance": 0.006,
    "max_distance": 0.2,
    "margin": 0.002,
}

#: What tells classes apart, besides colours.
MARKERS = "o^sX"

#: The colour of points without a class, or with one that is too small for the legend.
NO_CLASS = "0.8"

#: Names are drawn as they are: "$x$" is no formula.
AS_IT_IS = {"parse_math": False, "usetex": False}

#: Rows of a legend's column, and the spaces in it, in font sizes.
LEGEND_ROWS = 22

LEGEND_SPACES = {"handletextpad": 0.1, "columnspacing": 0.6, "labelspacing": 0.4}

#: The scripts that share a font of Noto's, and what it is called after.
NOTO_CJK = {"HANGUL": "KR", "HIRAGANA": "JP", "KATAKANA": "JP", "CJK": "SC"}


class Map:
    """What the maps have in common: points, their colours, and labels beside them."""

    positions: Array
    ax_: Any
    figure_: Any
    scatter_: Any
    texts_: list[Any]
    legend_: Any
    colorbar_: Any

    def _draw(
        self,
        ax: "Axes | None",
        *,
        labels: list[Any],
        classes: list[Any] | None,
        font: str | Sequence[str] | None,
        text_kw: dict[str, Any] | None,
        scatter_kw: dict[str, Any],
    ) -> None:
        check_installed(
            f"{type(self).__name__}.plot", "matplotlib", "textalloc", extra="plot"
        )
        import matplotlib.pyplot as plt  # noqa: PLC0415

        families = None if font is None else _families(font)
        is_shown = np.isfinite(self.positions).all(axis=1)
        is_labelled = is_shown & np.array([label is not None for label in labels])
        makes_figure = ax is None
        if ax is None:
            width = max(6.4, 0.8 * is_labelled.sum() ** 0.5)
            _, ax = plt.subplots(figsize=(width, 0.8 * width), layout="constrained")
            ax.set_aspect("equal", adjustable="datalim")
        # The numbers on the axes would mean nothing.
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        if is_labelled.any():
            ax.margins(0.1)  # room for the labels of the outermost points
        self.ax_, self.figure_ = ax, ax.figure
        with warnings.catch_warnings():
            # One warning of ours stands for one of each character.
            warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
            # The legend comes first, since it leaves the labels less room.
            self._draw_points(classes, families, scatter_kw)
            if makes_figure and self.legend_:
                width += self.legend_.get_window_extent().width / self.figure_.dpi
                self.figure_.set_figwidth(width)
            self._draw_labels(labels, is_labelled, families, text_kw or {})
        in_legend = self.legend_.get_texts() if self.legend_ else []
        _warn_of_characters([*self.texts_, *in_legend])
        _warn_of_overlaps(self.texts_, ax)

    def _draw_points(
        self,
        classes: list[Any] | None,
        families: list[str] | None,
        scatter_kw: dict[str, Any],
    ) -> None:
        self.legend_ = self.colorbar_ = None
        if classes is None:
            self.scatter_ = self.ax_.scatter(*self.positions.T, **scatter_kw)
            return
        for name in ("c", "color", "facecolor", "facecolors"):
            if name in scatter_kw:
                raise ValueError(
                    f"scatter_kw has {name!r}, but colours show the classes. Leave out "
                    "the one or the other."
                )
        if _are_amounts(classes):
            amounts = np.array(classes, dtype=float)  # None becomes nan
            colors = {"c": amounts, "plotnonfinite": True}
            self.scatter_ = self.ax_.scatter(*self.positions.T, **colors, **scatter_kw)
            shades = self.scatter_.get_cmap()
            self.scatter_.set_cmap(shades.with_extremes(bad=NO_CLASS))
            self.colorbar_ = self.figure_.colorbar(self.scatter_, ax=self.ax_)
        else:
            self._draw_classes(classes, families, scatter_kw)

    def _draw_classes(
        self,
        classes: list[Any],
        families: list[str] | None,
        scatter_kw: dict[str, Any],
    ) -> None:
        import matplotlib.pyplot as plt  # noqa: PLC0415
        from matplotlib.markers import MarkerStyle  # noqa: PLC0415

        markers = [scatter_kw["marker"]] if "marker" in scatter_kw else list(MARKERS)
        colors = plt.rcParams["axes.prop_cycle"].by_key().get("color", ["C0"])
        looks, n_others = _looks(classes, list(product(markers, colors)))
        drawn = [looks.get(name, (markers[0], NO_CLASS)) for name in classes]
        style = {"color": [color for _, color in drawn], "marker": markers[0]}
        self.scatter_ = self.ax_.scatter(*self.positions.T, **(scatter_kw | style))
        shapes = {marker: MarkerStyle(marker) for marker in markers}
        paths = {
            marker: shape.get_path().transformed(shape.get_transform())
            for marker, shape in shapes.items()
        }
        self.scatter_.set_paths([paths[marker] for marker, _ in drawn])
        entries = [(str(name), look) for name, look in looks.items()]
        if n_others:
            entries.append((f"{n_others} others", (markers[0], NO_CLASS)))
        if entries:
            self._draw_legend(entries, families)

    def _draw_legend(
        self, entries: list[tuple[str, tuple[Any, Any]]], families: list[str] | None
    ) -> None:
        from matplotlib.lines import Line2D  # noqa: PLC0415

        # Where a layout makes room, the legend stands beside the map.
        beside = self.figure_.get_layout_engine() is not None
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)} if beside else {}
        self.legend_ = self.ax_.legend(
            [
                Line2D([], [], linestyle="", marker=marker, color=color, markersize=5)
                for _, (marker, color) in entries
            ],
            [""] * len(entries),
            ncols=-(-len(entries) // LEGEND_ROWS),
            prop={"size": 8} | ({"family": families} if families else {}),
            **LEGEND_SPACES,
            **place,
        )
        # Set afterwards: a legend leaves out a label that begins with "_".
        for text, (name, _) in zip(self.legend_.get_texts(), entries, strict=True):
            text.set(text=name, **AS_IT_IS)

    def _draw_labels(
        self,
        labels: list[Any],
        is_labelled: NDArray[np.bool_],
        families: list[str] | None,
        text_kw: dict[str, Any],
    ) -> None:
        import textalloc  # noqa: PLC0415
        from matplotlib.cbook import normalize_kwargs  # noqa: PLC0415
        from matplotlib.text import Text  # noqa: PLC0415

        rows = np.flatnonzero(is_labelled)
        self.texts_ = []
        if not len(rows):
            return
        style = {
            "fontsize": 8,
            "color": "black",
            **AS_IT_IS,
            # Labels end up inside the axes, which need not make room for them.
            "in_layout": False,
            **({"fontfamily": families} if families else {}),
            **normalize_kwargs(text_kw, Text),
        }
        x, y = self.positions[rows].T
        _, _, self.texts_, _ = textalloc.allocate(
            self.ax_,
            x,
            y,
            [str(labels[row]) for row in rows],
            scatter_plot=self.scatter_,
            textsize=style.pop("fontsize"),
            textcolor=[style.pop("color")] * len(rows),
            linecolor="0.6",
            linewidth=0.6,
            nbr_candidates=400,
            **DISTANCES,
            **style,
        )


def _are_amounts(classes: list[Any]) -> bool:
    """Tell floats, which are more or less of something, from names and numbers."""
    given = [value for value in classes if value is not None]
    are_numbers = all(isinstance(value, Real) for value in given)
    return are_numbers and not all(isinstance(value, Integral) for value in given)


def _looks(
    classes: list[Any], looks: list[tuple[Any, Any]]
) -> tuple[dict[Any, tuple[Any, Any]], int]:
    """Give each of the largest classes a look, and count the others."""
    counts = Counter(name for name in classes if name is not None)
    largest = [name for name, _ in counts.most_common(len(looks))]
    # Numbers in their order, names in theirs.
    is_name = {name: not isinstance(name, Real) for name in largest}
    largest.sort(key=lambda name: (is_name[name], str(name) if is_name[name] else name))
    return dict(zip(largest, looks, strict=False)), len(counts) - len(largest)


def _families(font: str | Sequence[str]) -> list[str]:
    """Return the families that are installed, and behind them the default."""
    from matplotlib.font_manager import FontProperties, findfont  # noqa: PLC0415

    found = []
    for family in [font] if isinstance(font, str) else font:
        try:
            # A list, since a text would be read as a pattern, with "-" and ":".
            findfont(FontProperties(family=[family]), fallback_to_default=False)
        except ValueError:
            continue
        found.append(family)
    if not found:
        raise ValueError(
            f"font={font!r} is not installed. matplotlib.font_manager.get_font_names() "
            "lists what is; matplotlib.font_manager.fontManager.addfont(path) adds the "
            "font in a file."
        )
    return [*found, *FontProperties().get_family()]


def _warn_of_characters(texts: "list[Text]") -> None:
    """Warn of characters that a text's fonts lack, and name a font that has them."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    fonts = {text.get_fontproperties() for text in texts}
    known = {properties: _characters_of(properties) for properties in fonts}
    lacking = {
        character: text.get_text()
        for text in texts
        for character in set(text.get_text()) - known[text.get_fontproperties()]
        if character.isprintable()
    }
    if not lacking:
        return
    example = min(lacking, key=lambda character: (not character.isalpha(), character))
    fitting = (
        f"Pass font={font.name!r}, which has them."
        for font in sorted(fontManager.ttflist, key=lambda font: font.name)
        # A point begins the names of those that macOS keeps for itself.
        if font.name[0] != "." and lacking.keys() <= _characters_in(font.fname)
    )
    install = f"Install one that has them, and pass its name: font={_noto(example)!r}, "
    warn(
        f"The font of the labels lacks {len(lacking)} of their characters, such as "
        f"{example!r} in {lacking[example]!r}, and draws boxes. "
        + next(fitting, f"{install}for example.")
    )


def _characters_of(properties: "FontProperties") -> set[str]:
    """Return what the fonts have that some properties stand for."""
    from matplotlib.font_manager import findfont  # noqa: PLC0415

    characters = set()
    for family in properties.get_family():
        of_family = properties.copy()
        of_family.set_family(family)
        characters |= _characters_in(findfont(of_family))
    return characters


def _characters_in(file: Any) -> set[str]:
    from matplotlib.font_manager import get_font  # noqa: PLC0415

    return set(map(chr, get_font(file).get_charmap()))


def _noto(character: str) -> str:
    """Return the name of a free font that has a character."""
    script = unicodedata.name(character, "").partition(" ")[0]
    if script in NOTO_CJK:
        return f"Noto Sans CJK {NOTO_CJK[script]}"
    return f"Noto Sans {script.title()}" if character.isalpha() else "Noto Emoji"


def _warn_of_overlaps(texts: "list[Text]", ax: Any) -> None:
    """Warn of labels of which a quarter or more is covered, or out of the axes."""
    if not texts:
        return
    boxes = np.array([text.get_window_extent().extents for text in texts])
    frame = np.asarray(ax.get_window_extent().extents)
    areas = _shared_areas(boxes, boxes)  # (n_labels, n_labels)
    own = areas.diagonal()
    outside = own - _shared_areas(boxes, frame[np.newaxis])[:, 0]
    n_bad = np.count_nonzero(areas.sum(axis=1) - own + outside > own / 4)
    if n_bad > len(texts) / 20:  # a few among many can be read all the same
        width, height = (frame[2:] - frame[:2]) / ax.figure.dpi
        warn(
            f"{n_bad} of {len(texts)} labels overlap or leave the axes, which at "
            f"{width:.1f} by {height:.1f} inches are too small for them. Show fewer or "
            "smaller ones (text_kw={'fontsize': 6}), or draw in larger axes."
        )


def _shared_areas(boxes: Array, others: Array) -> Array:
    low = np.maximum(boxes[:, np.newaxis, :2], others[:, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[:, 2:])
    return np.clip(high - low, 0, None).prod(axis=2)
