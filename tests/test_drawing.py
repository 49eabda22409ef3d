"""Points, legend and labels of a map: where they are and what they look like."""

import numpy as np
import pandas as pd
import pytest
from drawn import boxes_of, colors_of, names_of, plt, to_hex

from sklearn_w2v import DocumentMapDisplay, WordMapDisplay
from sklearn_w2v._displays.drawing import warn_of_overlaps

pytestmark = pytest.mark.usefixtures("close_figures")


@pytest.fixture
def crowded():
    """A map of 100 words, most of them in the middle."""
    random = np.random.RandomState(0)
    words = ["".join(random.choice(list("aeinrst"), n % 9 + 2)) for n in range(100)]
    return WordMapDisplay(words=words, positions=random.standard_normal((100, 2)))


def map_of_classes(y):
    """A map of documents of these classes."""
    positions = np.random.RandomState(0).standard_normal((len(y), 2))
    return DocumentMapDisplay(positions=positions, y=y)


@pytest.mark.parametrize("figsize", [None, (6.4, 4.8)])
def test_labels_hardly_overlap_and_stay_within_the_axes(figsize, crowded):
    """Measured: not at all, in the figure made for them and in matplotlib's default."""
    ax = figsize and plt.figure(figsize=figsize).subplots()
    boxes = boxes_of(crowded.plot(ax))
    low = np.maximum(boxes[:, None, :2], boxes[:, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)  # (100, 100)
    assert shared.sum() - shared.trace() < 0.01 * shared.trace()
    frame = crowded.ax_.get_window_extent().extents
    assert (boxes[:, :2] >= frame[:2]).all()
    assert (boxes[:, 2:] <= frame[2:]).all()


def test_labels_are_near_their_markers_with_lines_to_them_and_cover_none(crowded):
    """Measured: 4 points away by the median, 51 at most."""
    boxes = boxes_of(crowded.plot())
    markers = crowded.ax_.transData.transform(crowded.positions)
    inside = (markers > boxes[:, None, :2]) & (markers < boxes[:, None, 2:])
    assert not inside.all(axis=2).any()
    gaps = markers - np.clip(markers, boxes[:, :2], boxes[:, 2:])
    distances = np.hypot(*gaps.T) * 72 / crowded.figure_.dpi
    assert np.median(distances) < 5
    assert distances.max() < 72
    ends = {tuple(np.round(line.get_xydata()[1], 9)) for line in crowded.ax_.lines}
    assert ends == {tuple(np.round(position, 9)) for position in crowded.positions}


def test_a_new_figure_is_larger_for_more_words():
    def width(n_words):
        positions = np.random.RandomState(0).standard_normal((n_words, 2))
        display = WordMapDisplay(words=["word"] * n_words, positions=positions)
        return display.plot().figure_.get_size_inches()[0]

    assert width(3) == plt.rcParams["figure.figsize"][0]
    assert width(400) > width(200) > 10


def test_a_new_figure_has_equal_scales_margins_and_no_numbers(crowded):
    crowded.plot().figure_.canvas.draw()
    assert crowded.ax_.margins() == (0.1, 0.1)
    (left, bottom), (right, top) = crowded.ax_.transData.transform([[0, 0], [1, 1]])
    # matplotlib leaves scales alone that differ by less than half a percent.
    assert right - left == pytest.approx(top - bottom, rel=0.006)
    for axis in (crowded.ax_.xaxis, crowded.ax_.yaxis):
        assert not any(label.get_visible() for label in axis.get_ticklabels())


def test_a_new_figure_is_wider_with_a_legend():
    def widths(y):
        display = DocumentMapDisplay(positions=np.eye(60, 2), y=y).plot()
        display.figure_.canvas.draw()
        frame = display.ax_.get_window_extent()
        return display.figure_.get_size_inches()[0], frame.width / display.figure_.dpi

    (without, frame), (with_legend, with_frame) = widths(None), widths(list(range(60)))
    assert without == plt.rcParams["figure.figsize"][0]
    assert with_legend > without
    assert with_frame == pytest.approx(frame, abs=0.2)


def test_documents_without_a_label_or_position_have_no_text():
    labels = pd.Series(["one", None, "$x$", "four"])
    positions = np.random.RandomState(0).standard_normal((4, 2))
    positions[3] = np.nan
    display = DocumentMapDisplay(positions=positions, y=list("abab"), labels=labels)
    display.plot()
    assert [text.get_text() for text in display.texts_] == ["one", "$x$"]
    boxes = boxes_of(display)
    markers = display.ax_.transData.transform(positions[[0, 2]])
    gaps = markers - np.clip(markers, boxes[:, :2], boxes[:, 2:])
    assert (np.hypot(*gaps.T) * 72 / display.figure_.dpi < 10).all()
    display.labels = None
    assert display.plot().texts_ == []


def test_axes_too_small_for_their_labels_make_a_warning(crowded):
    _, axes = plt.subplots(3, 4)
    message = (
        r"^\d\d of 100 labels overlap or leave the axes, which at 1\.1 by 1\.1 inches "
        r"are too small .*\(text_kw={'fontsize': 6}\)"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        crowded.plot(axes[1, 1])
    assert [warning.filename for warning in caught] == [__file__]
    crowded.plot(axes[1, 2], text_kw={"fontsize": 0.5})


def test_a_label_that_leaves_the_axes_makes_a_warning():
    _, axes = plt.subplots(3, 4)
    with pytest.warns(UserWarning, match="^1 of 1 labels overlap or leave the axes"):
        WordMapDisplay(words=["x" * 30], positions=np.zeros((1, 2))).plot(axes[1, 1])


def test_a_few_of_many_labels_may_overlap():
    _, ax = plt.subplots(figsize=(9, 9))
    places = [(x / 7, y / 7) for x in range(6) for y in range(7)]
    texts = [ax.text(*place, "word") for place in places]
    texts[0].set_position(places[1])  # 2 of 42
    warn_of_overlaps(texts, ax)
    with pytest.warns(UserWarning, match="^2 of 39 labels overlap"):
        warn_of_overlaps(texts[:39], ax)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([10, 9, 10], ["9", "10"]),
        ([True, False, True], ["False", "True"]),
        (np.array(["b", "a", "b"]), ["a", "b"]),
        (np.array([10, 9, 10], np.int8), ["9", "10"]),
        (pd.Series([10, 9, 10], index=[7, 8, 9]), ["9", "10"]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series(["b", "a", pd.NA], dtype="string"), ["a", "b"]),
        (["b", 10, 9], ["9", "10", "b"]),
        (["$x$", "_private", "$x"], ["$x", "$x$", "_private"]),
        ([1, "1", 1], ["1", "1"]),
    ],
)
def test_classes_are_named_literally_and_in_their_order(y, names):
    with plt.rc_context({"text.usetex": True}):
        display = map_of_classes(y).plot()
    assert names_of(display.legend_) == names
    assert display.colorbar_ is None
    display.figure_.canvas.draw()
    for text in display.legend_.get_texts():
        assert not text.get_usetex()
        assert not text.get_parse_math()


@pytest.mark.parametrize(
    "y", [[0.5, 2, np.nan], pd.Series([0.5, 2.0, None]), [1.0, 2.0, np.inf]]
)
def test_floats_have_a_color_bar_and_those_that_are_not_finite_are_gray(y):
    display = map_of_classes(y).plot()
    assert display.legend_ is None
    assert (display.colorbar_.vmin, display.colorbar_.vmax) == (y[0], 2)
    viridis = plt.get_cmap()
    ends = [to_hex(viridis(share)) for share in (0.0, 1.0)]
    assert colors_of(display) == [*ends, "#cccccc"]


def test_numbers_beyond_floats_are_classes():
    display = map_of_classes([0.5, 10**400, 0.5]).plot()
    assert display.colorbar_ is None
    assert len(names_of(display.legend_)) == 2


def looks_of(display):
    """The color and shape of each point."""
    paths = [path.vertices.tobytes() for path in display.scatter_.get_paths()]
    return list(zip(colors_of(display), paths, strict=True))


def test_more_classes_than_colors_have_other_shades_and_markers():
    y = np.arange(80) % 40
    display = map_of_classes(y).plot()
    looks = looks_of(display)
    assert looks[:40] == looks[40:]
    assert len(set(looks)) == 40
    colors, shapes = zip(*looks[:40], strict=True)
    assert [len(set(shapes[n : n + 10])) for n in (0, 10, 20, 30)] == [1] * 4
    assert len(set(shapes)) == 4
    assert len(set(colors[:30])) == 30
    assert colors[30:] == colors[:10]
    handles = display.legend_.legend_handles
    shown = [(to_hex(handle.get_color()), handle.get_marker()) for handle in handles]
    assert len(set(shown)) == 40
    assert [color for color, _ in shown] == [*colors]


def test_the_second_marker_has_lighter_colors_and_the_third_darker_ones():
    colors = ["#4080c0", "#000000"]
    with plt.rc_context({"axes.prop_cycle": plt.cycler(color=colors)}):
        display = DocumentMapDisplay(positions=np.eye(8, 2), y=list(range(8))).plot()
    light, dark = ["#a0c0e0", "#808080"], ["#264d73", "#000000"]
    assert colors_of(display) == [*colors, *light, *dark, *colors]


def test_the_smallest_of_too_many_classes_are_gray_and_counted():
    y = [*range(43), *range(1, 40)]  # 0 and those from 40 on occur once
    display = map_of_classes(y).plot()
    assert names_of(display.legend_) == [*map(str, range(40)), "3 others"]
    assert display.legend_.legend_handles[-1].get_color() == "0.8"
    is_gray = [color == "#cccccc" for color in colors_of(display)]
    assert is_gray == [name >= 40 for name in y]


def test_a_given_marker_is_used_for_all_classes():
    style = {"marker": "D", "s": 30}
    display = DocumentMapDisplay(positions=np.zeros((32, 2)), y=list(range(32)))
    display.plot(scatter_kw=style)
    assert names_of(display.legend_) == [*map(str, range(30)), "2 others"]
    assert len(set(colors_of(display))) == 31
    assert {handle.get_marker() for handle in display.legend_.legend_handles} == {"D"}
    assert len({shape for _, shape in looks_of(display)}) == 1
    assert display.scatter_.get_sizes().tolist() == [30]
    assert style == {"marker": "D", "s": 30}


def test_colors_are_those_of_matplotlibs_style():
    with plt.rc_context({"axes.prop_cycle": plt.cycler(color=["red", "lime"])}):
        display = DocumentMapDisplay(positions=np.eye(3, 2), y=["a", "b", "c"]).plot()
    red_circle, lime_circle, light_red_triangle = looks_of(display)
    assert red_circle[0] == "#ff0000"
    assert lime_circle == ("#00ff00", red_circle[1])
    assert light_red_triangle[0] == "#ff8080"
    assert light_red_triangle[1] != red_circle[1]
    with plt.rc_context({"axes.prop_cycle": plt.cycler(linestyle=["-", ":"])}):
        display.plot()
    assert len(set(looks_of(display))) == 3


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_the_legend_is_outside_the_axes_if_there_is_a_layout(layout):
    figure, (ax, neighbor) = plt.subplots(1, 2, layout=layout)
    display = map_of_classes(list("abc") * 3).plot(ax)
    figure.canvas.draw()
    legend, axes = display.legend_.get_window_extent(), ax.get_window_extent()
    assert (legend.x0 >= axes.x1) == (layout is not None)
    assert legend.x1 <= neighbor.get_window_extent().x0


@pytest.mark.parametrize("name", ["c", "color", "facecolor", "facecolors"])
def test_other_colors_than_those_of_classes_raise_an_error(name, fitted):
    with pytest.raises(ValueError, match=rf"^scatter_kw has '{name}', but colors"):
        WordMapDisplay.from_estimator(
            fitted, ["cat"], groups=["animal"], scatter_kw={name: "red"}
        )
