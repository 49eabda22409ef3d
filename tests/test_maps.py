"""The displays: positions, labels, lines, and what they say to wrong arguments."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, normalize
from threadpoolctl import threadpool_limits

from sklearn_w2v import (
    DocumentMapDisplay,
    LossCurveDisplay,
    Word2VecVectorizer,
    WordMapDisplay,
)
from sklearn_w2v._map_drawing import _warn_of_overlaps

plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
from matplotlib.colors import to_hex  # noqa: E402, where matplotlib is
from matplotlib.font_manager import (  # noqa: E402
    FontEntry,
    FontProperties,
    findfont,
    fontManager,
)

plt.switch_backend("Agg")
pytest.importorskip("textalloc", reason="the map of words needs textalloc")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted(topic_texts):
    texts, _ = topic_texts
    return Word2VecVectorizer(vector_size=8, epochs=5, random_state=0).fit(texts)


@pytest.fixture
def crowded():
    """A map of 100 words, most of them in the middle."""
    random = np.random.RandomState(0)
    words = ["".join(random.choice(list("aeinrst"), n % 9 + 2)) for n in range(100)]
    return WordMapDisplay(words=words, positions=random.standard_normal((100, 2)))


def boxes_of(display):
    """Return (left, bottom, right, top) of each label in pixels."""
    display.figure_.canvas.draw()
    return np.array([text.get_window_extent().extents for text in display.texts_])


def pca_of(vectors):
    """scikit-learn's positions of unit vectors, in float64 as a map's."""
    unit_vectors = normalize(vectors).astype(np.float64)
    return PCA(2, random_state=0).fit_transform(unit_vectors)


def tsne_of(vectors, perplexity, random_state=0):
    """scikit-learn's positions of unit vectors, on one thread as a map's."""
    tsne = TSNE(
        metric="cosine", init="pca", perplexity=perplexity, random_state=random_state
    )
    with threadpool_limits(1):
        return tsne.fit_transform(normalize(vectors))


def names_of(legend):
    return [text.get_text() for text in legend.get_texts()]


def colors_of(display):
    """The colour of each point, as text."""
    display.figure_.canvas.draw()
    return [to_hex(color) for color in display.scatter_.get_facecolor()]


# --- which words, and where


def test_all_words_of_a_small_vocabulary_are_shown_the_most_frequent_first(topic_texts):
    texts, _ = topic_texts
    words = ["cat", "nowhere", "stock", "dog", "bond"]
    vectorizer = Word2VecVectorizer(vocabulary=words, vector_size=8, random_state=0)
    vectorizer.fit(texts)
    counts = [" ".join(texts).split().count(word) for word in words]
    by_count = [words[row] for row in np.argsort(counts)[::-1]]
    assert by_count != words
    assert WordMapDisplay.from_estimator(vectorizer).words == by_count
    vectorizer.word_counts_ = np.array([1, 2, 1, 2, 1])
    ties_by_row = ["nowhere", "dog", "cat", "stock", "bond"]
    assert WordMapDisplay.from_estimator(vectorizer).words == ties_by_row


@pytest.mark.parametrize("has_counts", [True, False])
def test_frequent_words_with_long_vectors_are_shown(has_counts):
    random = np.random.RandomState(0)
    counts = 10 + random.randint(50, size=40) if has_counts else np.zeros(40, int)
    vectors = random.standard_normal((40, 5))
    words = [f"word{row}" for row in range(40)]
    vectorizer = Word2VecVectorizer()
    vectorizer.vocabulary_ = {word: row for row, word in enumerate(words)}
    vectorizer.word_counts_ = counts
    vectorizer.embedding_matrix_ = vectors

    by_count = sorted(range(40), key=lambda row: -counts[row])
    meaning = {
        row: np.sqrt((vectors[row] ** 2).sum()) * np.log(2 + counts[row])
        for row in by_count[:20]  # five times as many as are shown
    }
    chosen = sorted(meaning, key=meaning.get)[-4:]
    expected = [words[row] for row in by_count if row in chosen]
    display = WordMapDisplay.from_estimator(vectorizer, n_words=4)
    assert display.words == expected
    assert display.words != [words[row] for row in by_count[:4]]


def test_words_that_stand_anywhere_are_left_out():
    """Measured on five corpora: 14% English stop words among 80 words, not 59%."""
    random = np.random.RandomState(0)
    topics = [[f"t{topic}w{word}" for word in range(8)] for topic in range(12)]
    anywhere = ["the", "and", "of", "with", "is"]
    texts = [
        " ".join(np.ravel([[random.choice(anywhere), word] for word in document]))
        for topic in topics
        for document in random.choice(topic, size=(60, 10))
    ]
    vectorizer = Word2VecVectorizer(vector_size=16, epochs=5, random_state=0).fit(texts)
    assert set(list(vectorizer.vocabulary_)[:5]) == set(anywhere)
    display = WordMapDisplay.from_estimator(vectorizer, n_words=20)
    assert not set(display.words) & set(anywhere)


def test_given_words_are_shown_in_their_order_and_once(fitted):
    display = WordMapDisplay.from_estimator(fitted, ["stock", "cat", "stock", "dog"])
    assert display.words == ["stock", "cat", "dog"]
    assert [text.get_text() for text in display.texts_] == display.words


def test_pca_positions_are_those_of_scikit_learn(fitted):
    display = WordMapDisplay.from_estimator(fitted, n_words=15, method="pca")
    expected = pca_of([fitted.get_vector(word) for word in display.words])
    np.testing.assert_allclose(display.positions, expected, atol=1e-6)
    np.testing.assert_array_equal(display.scatter_.get_offsets(), display.positions)


@pytest.mark.parametrize("method", ["auto", "tsne"])
@pytest.mark.parametrize(("n_words", "perplexity"), [(4, 1), (13, 4)])
def test_tsne_positions_are_those_of_scikit_learn(n_words, perplexity, method, fitted):
    display = WordMapDisplay.from_estimator(
        fitted, n_words=n_words, method=method, random_state=3
    )
    vectors = [fitted.get_vector(word) for word in display.words]
    expected = tsne_of(vectors, perplexity, random_state=3)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(display.positions, expected)


def test_a_map_is_by_pca_where_tsne_cannot_be_or_takes_long(fitted, monkeypatch):
    three = WordMapDisplay.from_estimator(fitted, ["cat", "dog", "stock"])
    expected = pca_of([fitted.get_vector(word) for word in three.words])
    np.testing.assert_allclose(three.positions, expected, atol=1e-6)
    monkeypatch.setattr("sklearn_w2v._map_positions.MOST_FOR_TSNE", 4)
    five = WordMapDisplay.from_estimator(fitted, n_words=5)
    expected = pca_of([fitted.get_vector(word) for word in five.words])
    np.testing.assert_allclose(five.positions, expected, atol=1e-6)
    four = WordMapDisplay.from_estimator(fitted, n_words=4)
    expected = tsne_of([fitted.get_vector(word) for word in four.words], perplexity=1)
    np.testing.assert_array_equal(four.positions, expected)


def test_dimensions_that_are_missing_are_zero(fitted):
    one = WordMapDisplay.from_estimator(fitted, ["cat"]).positions
    np.testing.assert_array_equal(one, [[0, 0]])
    two = WordMapDisplay.from_estimator(fitted, ["cat", "stock"]).positions
    assert two[0, 0] == pytest.approx(-two[1, 0])
    assert two[0, 0] != 0
    np.testing.assert_array_equal(two[:, 1], 0)


def test_vectors_of_one_number_lie_on_a_line_and_are_refused_by_tsne(topic_texts):
    flat = Word2VecVectorizer(vector_size=1, random_state=0).fit(topic_texts[0])
    positions = WordMapDisplay.from_estimator(flat).positions
    np.testing.assert_array_equal(positions[:, 1], 0)
    with pytest.raises(ValueError, match=r"vectors of 2 or more .* got \d+ of 1\."):
        WordMapDisplay.from_estimator(flat, method="tsne")


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_is_the_same_each_time_and_leaves_the_global_random_state(method, fitted):
    before = np.random.get_state()[1]  # noqa: NPY002
    first = WordMapDisplay.from_estimator(fitted, method=method)
    second = WordMapDisplay.from_estimator(fitted, method=method)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(boxes_of(first), boxes_of(second))


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


def test_labels_stay_at_their_markers_with_lines_to_them_and_cover_none(crowded):
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


def test_a_figure_grows_with_its_words():
    def width(n_words):
        positions = np.random.RandomState(0).standard_normal((n_words, 2))
        display = WordMapDisplay(words=["word"] * n_words, positions=positions)
        return display.plot().figure_.get_size_inches()[0]

    assert width(3) == plt.rcParams["figure.figsize"][0]
    assert width(400) > width(200) > 10


def test_a_figure_of_its_own_has_equal_scales_room_for_labels_and_no_numbers(crowded):
    crowded.plot().figure_.canvas.draw()
    assert crowded.ax_.margins() == (0.1, 0.1)
    (left, bottom), (right, top) = crowded.ax_.transData.transform([[0, 0], [1, 1]])
    # matplotlib leaves scales alone that differ by less than half a percent.
    assert right - left == pytest.approx(top - bottom, rel=0.006)
    for axis in (crowded.ax_.xaxis, crowded.ax_.yaxis):
        assert not any(label.get_visible() for label in axis.get_ticklabels())


def test_words_are_drawn_as_they_are():
    words = ["$x$", "$x", "_private", r"\alpha", "a^b", "%", "", "x" * 30, 3, ("a",)]
    words.append("two\nlines")
    positions = np.random.RandomState(0).standard_normal((len(words), 2))
    with plt.rc_context({"text.usetex": True}):
        display = WordMapDisplay(words=words, positions=positions).plot()
    boxes = boxes_of(display)
    assert np.isfinite(boxes).all()
    assert [text.get_text() for text in display.texts_] == list(map(str, words))
    assert not any(text.get_usetex() for text in display.texts_)
    literal, broken_formula = (boxes[i, 2] - boxes[i, 0] for i in (0, 1))
    assert literal > broken_formula


def test_a_map_is_drawn_in_the_axes_given(fitted):
    figure, (ax, _) = plt.subplots(1, 2)
    display = WordMapDisplay.from_estimator(fitted, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    assert display.plot() is display
    assert display.ax_ is not ax


def test_styles_reach_labels_and_markers(fitted):
    display = WordMapDisplay.from_estimator(
        fitted, text_kw={"size": 11, "color": "red"}, scatter_kw={"s": 30, "c": "black"}
    )
    assert {text.get_fontsize() for text in display.texts_} == {11}
    assert {text.get_color() for text in display.texts_} == {"red"}
    assert display.scatter_.get_sizes().tolist() == [30]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"words": ["cat", "unicorn"]}, KeyError, "'unicorn' is not in the vocabulary"),
        ({"words": []}, ValueError, "^words is empty"),
        ({"words": "cat"}, ValueError, "^words must be a list of words, got .* 'cat'"),
        ({"words": {"cat": ["dog"]}}, ValueError, "got the mapping .* as `groups`"),
        ({"n_words": 0}, ValueError, "^n_words must be an int of at least 1, got 0"),
        ({"n_words": 2.0}, ValueError, "^n_words must be an int .* got 2.0"),
        (
            {"method": "umap"},
            ValueError,
            "^method must be 'auto', 'pca' or 'tsne', got 'umap'",
        ),
        (
            {"method": "tsne", "n_words": 3},
            ValueError,
            r"^method='tsne' needs 4 .* got 3 of 8\. Pass method='pca'",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message, fitted):
    with pytest.raises(error, match=message):
        WordMapDisplay.from_estimator(fitted, **arguments)


# --- colours, legend, labels


@pytest.mark.parametrize(
    "groups",
    [
        {"cat": "animal", "stock": "money", "dog": "animal", "unshown": "other"},
        ["animal", "money", "animal", None],
        pd.Series(["animal", "money", "animal", None]),
        np.array(["animal", "money", "animal", None], dtype=object),
    ],
)
def test_words_have_the_colours_of_their_groups_and_a_legend(groups, fitted):
    words = ["cat", "stock", "dog", "bond"]
    display = WordMapDisplay.from_estimator(fitted, words, groups=groups)
    assert display.groups == ["animal", "money", "animal", None]
    blue, orange = "#1f77b4", "#ff7f0e"
    assert colors_of(display) == [blue, orange, blue, "#cccccc"]
    assert names_of(display.legend_) == ["animal", "money"]
    handles = display.legend_.legend_handles
    assert [to_hex(handle.get_color()) for handle in handles] == [blue, orange]
    assert display.plot().groups == display.groups
    assert display.colorbar_ is None


def test_words_of_groups_join_the_ones_that_are_shown_anyway(fitted):
    word = list(fitted.vocabulary_)[-1]
    groups = {word: "last", "unicorn": "none"}
    display = WordMapDisplay.from_estimator(fitted, n_words=4, groups=groups)
    assert display.words[-1] == word
    assert len(display.words) in (4, 5)
    assert names_of(display.legend_) == ["last"]


def test_several_words_for_a_group_are_told_to_turn_round(fitted):
    message = "got several of them for 'animals'. Turn it round: an entry for each word"
    with pytest.raises(ValueError, match=message):
        WordMapDisplay.from_estimator(fitted, groups={"animals": ["cat", "dog"]})


def test_a_word_given_twice_has_one_group(fitted):
    words, groups = ["cat", "stock", "cat"], ["animal", "money", "animal"]
    display = WordMapDisplay.from_estimator(fitted, words, groups=groups)
    assert display.words == ["cat", "stock"]
    assert display.groups == ["animal", "money"]


def test_maps_without_classes_have_no_legend(fitted, topic_texts):
    words = WordMapDisplay.from_estimator(fitted)
    documents = DocumentMapDisplay.from_estimator(fitted, topic_texts[0][:9])
    for display in (words, documents):
        assert display.legend_ is display.colorbar_ is None
        assert set(colors_of(display)) == {"#1f77b4"}
    nothing_known = DocumentMapDisplay(positions=np.eye(2), y=[None, np.nan]).plot()
    assert nothing_known.legend_ is nothing_known.colorbar_ is None
    assert colors_of(nothing_known) == ["#cccccc"] * 2


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
def test_classes_are_named_in_their_order_and_as_they_are(y, names):
    positions = np.random.RandomState(0).standard_normal((3, 2))
    display = DocumentMapDisplay(positions=positions, y=y)
    with plt.rc_context({"text.usetex": True}):
        display.plot()
    assert names_of(display.legend_) == names
    assert display.colorbar_ is None
    display.figure_.canvas.draw()
    for text in display.legend_.get_texts():
        assert not text.get_usetex()
        assert not text.get_parse_math()


@pytest.mark.parametrize("y", [[0.5, 2, np.nan], pd.Series([0.5, 2.0, None])])
def test_floats_are_shades_with_a_colour_bar_and_grey_where_they_are_missing(y):
    positions = np.random.RandomState(0).standard_normal((3, 2))
    display = DocumentMapDisplay(positions=positions, y=y).plot()
    assert display.legend_ is None
    assert (display.colorbar_.vmin, display.colorbar_.vmax) == (0.5, 2)
    viridis = plt.get_cmap()
    ends = [to_hex(viridis(share)) for share in (0.0, 1.0)]
    assert colors_of(display) == [*ends, "#cccccc"]


def test_whole_floats_are_shades_too_and_infinity_is_missing():
    display = DocumentMapDisplay(positions=np.eye(3, 2), y=[1.0, 2.0, np.inf]).plot()
    assert (display.colorbar_.vmin, display.colorbar_.vmax) == (1, 2)
    assert colors_of(display)[2] == "#cccccc"


def looks_of(display):
    """The colour and shape of each point."""
    paths = [path.vertices.tobytes() for path in display.scatter_.get_paths()]
    return list(zip(colors_of(display), paths, strict=True))


def test_more_classes_than_colours_have_other_markers():
    y = np.arange(80) % 40
    positions = np.random.RandomState(0).standard_normal((80, 2))
    display = DocumentMapDisplay(positions=positions, y=y).plot()
    looks = looks_of(display)
    assert looks[:40] == looks[40:]
    assert len(set(looks)) == 40
    assert len({color for color, _ in looks}) == 10
    handles = display.legend_.legend_handles
    shown = [(to_hex(handle.get_color()), handle.get_marker()) for handle in handles]
    assert len(set(shown)) == 40
    assert [color for color, _ in shown] == [color for color, _ in looks[:40]]


def test_the_smallest_of_too_many_classes_are_grey_and_counted():
    y = [*range(43), *range(1, 40)]  # 0 and those from 40 on occur once
    positions = np.random.RandomState(0).standard_normal((len(y), 2))
    display = DocumentMapDisplay(positions=positions, y=y).plot()
    assert names_of(display.legend_) == [*map(str, range(40)), "3 others"]
    assert display.legend_.legend_handles[-1].get_color() == "0.8"
    is_grey = [color == "#cccccc" for color in colors_of(display)]
    assert is_grey == [name >= 40 for name in y]


def test_with_a_marker_of_ones_own_there_are_as_many_classes_as_colours():
    style = {"marker": "D", "s": 30}
    display = DocumentMapDisplay(positions=np.zeros((12, 2)), y=list("abcdefghijkl"))
    display.plot(scatter_kw=style)
    assert names_of(display.legend_) == [*"abcdefghij", "2 others"]
    assert {handle.get_marker() for handle in display.legend_.legend_handles} == {"D"}
    assert len({shape for _, shape in looks_of(display)}) == 1
    assert display.scatter_.get_sizes().tolist() == [30]
    assert style == {"marker": "D", "s": 30}


def test_colours_are_those_of_the_users_style():
    with plt.rc_context({"axes.prop_cycle": plt.cycler(color=["red", "lime"])}):
        display = DocumentMapDisplay(positions=np.eye(3, 2), y=["a", "b", "c"]).plot()
    red_circle, lime_circle, red_triangle = looks_of(display)
    assert red_circle[0] == red_triangle[0] == "#ff0000"
    assert lime_circle == ("#00ff00", red_circle[1])
    assert red_triangle[1] != red_circle[1]
    with plt.rc_context({"axes.prop_cycle": plt.cycler(linestyle=["-", ":"])}):
        display.plot()
    assert len(set(looks_of(display))) == 3


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_the_legend_stands_beside_axes_where_a_layout_makes_room(layout):
    figure, (ax, neighbour) = plt.subplots(1, 2, layout=layout)
    positions = np.random.RandomState(0).standard_normal((9, 2))
    display = DocumentMapDisplay(positions=positions, y=list("abc") * 3).plot(ax)
    figure.canvas.draw()
    legend, axes = display.legend_.get_window_extent(), ax.get_window_extent()
    assert (legend.x0 >= axes.x1) == (layout is not None)
    assert legend.x1 <= neighbour.get_window_extent().x0


def test_a_figure_of_its_own_grows_by_its_legend():
    def widths(y):
        display = DocumentMapDisplay(positions=np.eye(60, 2), y=y).plot()
        display.figure_.canvas.draw()
        frame = display.ax_.get_window_extent()
        return display.figure_.get_size_inches()[0], frame.width / display.figure_.dpi

    (without, bare), (with_legend, beside) = widths(None), widths(list(range(60)))
    assert without == plt.rcParams["figure.figsize"][0]
    assert with_legend > without
    assert beside == pytest.approx(bare, abs=0.2)


@pytest.mark.parametrize("name", ["c", "color", "facecolor", "facecolors"])
def test_colours_of_two_kinds_are_refused(name, fitted):
    with pytest.raises(ValueError, match=rf"^scatter_kw has '{name}', but colours"):
        WordMapDisplay.from_estimator(
            fitted, ["cat"], groups=["animal"], scatter_kw={name: "red"}
        )


def test_labels_of_documents_are_drawn_where_there_are_any():
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


# --- maps of documents


@pytest.fixture(scope="module")
def documents(topic_texts):
    return topic_texts[0][:60]


def test_document_positions_are_those_of_scikit_learn(documents, fitted):
    vectors = fitted.transform(documents)
    display = DocumentMapDisplay.from_estimator(fitted, documents, method="pca")
    np.testing.assert_allclose(display.positions, pca_of(vectors), atol=1e-6)
    np.testing.assert_array_equal(display.scatter_.get_offsets(), display.positions)
    expected = tsne_of(vectors, perplexity=59 / 3)
    for method in ("auto", "tsne"):
        display = DocumentMapDisplay.from_estimator(fitted, documents, method=method)
        np.testing.assert_array_equal(display.positions, expected)


def test_documents_can_be_a_generator_or_a_series(documents, fitted):
    y = np.arange(60) % 3
    expected = DocumentMapDisplay.from_estimator(fitted, documents, y).positions
    for X in ((text for text in documents), pd.Series(documents)):
        display = DocumentMapDisplay.from_estimator(fitted, X, y)
        np.testing.assert_array_equal(display.positions, expected)


@pytest.mark.parametrize(
    "last", [LogisticRegression(), KMeans(2), LinearDiscriminantAnalysis()]
)
def test_a_pipeline_that_predicts_shows_what_goes_into_its_last_step(
    last, documents, labels
):
    vectorizer = Word2VecVectorizer(vector_size=8, epochs=2, random_state=0)
    pipeline = make_pipeline(vectorizer, StandardScaler(), last)
    pipeline.fit(documents, labels[:60])
    display = DocumentMapDisplay.from_estimator(pipeline, documents, method="pca")
    expected = pca_of(pipeline[:-1].transform(documents))
    np.testing.assert_allclose(display.positions, expected, atol=1e-6)


def test_whatever_transforms_is_shown(documents):
    pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(5, random_state=0))
    pipeline.fit(documents)
    expected = pca_of(pipeline.transform(documents))
    with_names = make_pipeline(TfidfVectorizer(), TruncatedSVD(5, random_state=0))
    with_names.fit(documents)[-1].set_output(transform="pandas")
    for estimator in (pipeline, FrozenEstimator(pipeline), with_names):
        display = DocumentMapDisplay.from_estimator(estimator, documents, method="pca")
        np.testing.assert_allclose(display.positions, expected, atol=1e-6)


def test_documents_without_known_words_are_left_out_with_a_warning(documents, fitted):
    texts = ["nowhere", *documents[:9], ""]
    y = ["lost", *"abc" * 3, "lost"]
    message = r"^2 of 11 documents have no known word and are left out"
    with pytest.warns(UserWarning, match=message) as caught:
        display = DocumentMapDisplay.from_estimator(fitted, texts, y, labels=y)
    assert [warning.filename for warning in caught] == [__file__]
    assert np.isnan(display.positions[[0, 10]]).all()
    expected = tsne_of(fitted.transform(documents[:9]), perplexity=8 / 3)
    np.testing.assert_array_equal(display.positions[1:10], expected)
    assert [text.get_text() for text in display.texts_] == [*"abc" * 3]
    low, high = display.ax_.get_xlim()
    assert low < expected[:, 0].min() < expected[:, 0].max() < high
    boxes = boxes_of(display)
    frame = display.ax_.get_window_extent().extents
    assert (boxes[:, :2] >= frame[:2]).all()
    assert (boxes[:, 2:] <= frame[2:]).all()


def test_more_labels_than_a_map_has_room_for_are_told(documents, fitted, monkeypatch):
    monkeypatch.setattr("sklearn_w2v._maps.MOST_LABELS", 2)
    few = [*"ab", *[None] * (len(documents) - 2)]
    DocumentMapDisplay.from_estimator(fitted, documents, labels=few)
    with pytest.warns(UserWarning, match="^3 labels are more .* Classes go in as y"):
        DocumentMapDisplay.from_estimator(fitted, documents, labels=[*"abc", *few[3:]])


@pytest.mark.parametrize("X", [["nowhere", ""], []])
def test_documents_that_all_have_no_known_word_are_refused(X, fitted):
    with pytest.raises(ValueError, match=r"^None of the \d documents has a known word"):
        DocumentMapDisplay.from_estimator(fitted, X)


@pytest.mark.parametrize("X", [["cat dog"] * 60, ["cat", "dog", "stock"] * 20])
def test_equal_documents_share_a_place(X, fitted):
    """t-SNE alone crashes the process on some of them."""
    display = DocumentMapDisplay.from_estimator(fitted, X)
    assert np.isfinite(display.positions).all()
    n_different = len(set(X))
    np.testing.assert_allclose(
        display.positions[n_different:], display.positions[:-n_different], atol=1e-6
    )


def test_tsne_sees_each_of_the_equal_documents_once(documents, fitted):
    display = DocumentMapDisplay.from_estimator(fitted, documents[:9] + documents[3:7])
    expected = tsne_of(fitted.transform(documents[:9]), perplexity=8 / 3)
    np.testing.assert_array_equal(display.positions[:9], expected)
    np.testing.assert_array_equal(display.positions[9:], expected[3:7])


def test_markers_get_smaller_with_the_number_of_documents():
    def size(n_documents):
        positions = np.random.RandomState(0).standard_normal((n_documents, 2))
        return DocumentMapDisplay(positions=positions).plot().scatter_.get_sizes()[0]

    assert size(3) == size(300) > size(1000) > size(5000) >= 1


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), r"^LogisticRegression has no transform .* best_estim"),
        (make_pipeline(LogisticRegression()), r"^Pipeline has no transform"),
        ("a text", r"^str has no transform"),
        (FunctionTransformer(csr_array), r"^The transform of FunctionTransformer gives"
         r" a sparse matrix.* TruncatedSVD"),
        (FunctionTransformer(np.ravel), r"FunctionTransformer must .* shape \(6,\)"),
        (FunctionTransformer(lambda X: np.array(X, str)), r"must give .* dtype <U"),
        (FunctionTransformer(lambda X: np.array(X) / 0.0), r"must give .*nan or inf"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:divide by zero|invalid value:RuntimeWarning")
def test_what_makes_no_document_vectors_is_refused(estimator, message):
    X = [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay.from_estimator(estimator, X)


@pytest.mark.parametrize("name", ["y", "labels"])
@pytest.mark.parametrize("values", [["a"], "ab", np.zeros((2, 1)), iter("ab"), {1, 2}])
def test_what_is_not_parallel_to_the_documents_is_refused(name, values, fitted):
    message = rf"^{name} must be a list with a value for each of the 2 documents"
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay.from_estimator(fitted, ["cat", "dog"], **{name: values})
    display = DocumentMapDisplay(positions=np.eye(2), **{name: values})
    with pytest.raises(ValueError, match=message):
        display.plot()


# --- which vectorizer


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_the_vectorizer_of_a_pipeline_is_found(display, documents, labels, fitted):
    inner = make_pipeline(FrozenEstimator(fitted), StandardScaler()).fit(documents)
    inner = FrozenEstimator(inner)
    pipeline = make_pipeline(FunctionTransformer(), inner, LogisticRegression())
    pipeline.fit(documents, labels[:60])
    found, given = map(display.from_estimator, (pipeline, fitted))
    if display is WordMapDisplay:
        assert found.words == given.words
        np.testing.assert_array_equal(found.positions, given.positions)
    else:
        assert found.loss_curve == given.loss_curve


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
@pytest.mark.parametrize(
    "estimator", [TfidfVectorizer(), make_pipeline(TfidfVectorizer()), "a text"]
)
def test_what_has_no_vectorizer_is_refused(display, estimator):
    name = type(estimator).__name__
    with pytest.raises(ValueError, match=rf"^A fitted Word2VecVectorizer.*got {name}"):
        display.from_estimator(estimator)


# --- fonts, and too little room


def test_labels_and_legend_are_drawn_in_the_font_given(fitted):
    display = WordMapDisplay.from_estimator(
        fitted, ["cat", "dog"], groups=["a", "b"], font="DejaVu Serif"
    )
    for text in [*display.texts_, *display.legend_.get_texts()]:
        assert text.get_fontfamily() == ["DejaVu Serif", "sans-serif"]
    several = ["No Such Font", "DejaVu Sans Mono", "serif"]
    display = DocumentMapDisplay(positions=np.eye(2), y=[1, 2], labels=["a", "b"])
    display.plot(font=several)
    for text in [*display.texts_, *display.legend_.get_texts()]:
        assert text.get_fontfamily() == ["DejaVu Sans Mono", "serif", "sans-serif"]


@pytest.mark.parametrize("font", ["No Such Font", ["No Such Font", "Nor This"], []])
def test_a_font_that_is_not_installed_is_refused(font, fitted):
    message = rf"^font={re.escape(repr(font))} is not installed.*addfont"
    with pytest.raises(ValueError, match=message):
        WordMapDisplay.from_estimator(fitted, font=font)


@pytest.mark.parametrize(
    ("word", "character", "noto"),
    [
        ("x한국어", "국", "Noto Sans CJK KR"),
        ("〇中", "中", "Noto Sans CJK SC"),
        ("カナ", "カ", "Noto Sans CJK JP"),
        ("ไทย", "ท", "Noto Sans Thai"),
        ("🦊", "🦊", "Noto Emoji"),
    ],
)
def test_characters_without_a_font_are_told_once_with_a_font_to_install(
    word, character, noto, monkeypatch
):
    dejavu = [font for font in fontManager.ttflist if font.name.startswith("DejaVu")]
    monkeypatch.setattr(fontManager, "ttflist", dejavu)
    display = WordMapDisplay(words=["cat", word], positions=np.eye(2))
    message = rf"lacks \d of .* '{character}' in '{word}'.*\. Install.* font='{noto}'"
    with (
        plt.rc_context({"font.family": "DejaVu Sans"}),
        pytest.warns(UserWarning, match=message) as caught,
    ):
        display.plot()
    assert [warning.filename for warning in caught] == [__file__]


def test_characters_that_another_font_has_are_told_with_its_name():
    words = ["cat", "ⵜⵉⴼⵏ"]  # which of matplotlib's own fonts DejaVu Sans alone has
    display = WordMapDisplay(words=words, positions=np.eye(2))
    with plt.rc_context({"font.family": "DejaVu Serif"}):
        with pytest.warns(UserWarning, match=r"lacks 4 .* Pass font=") as caught:
            display.plot()
        font = re.search("font='(.*)'", str(caught[0].message))[1]
        display.plot(font=font)
        display.plot(text_kw={"family": font})


def test_characters_of_the_legend_count_too():
    display = DocumentMapDisplay(positions=np.eye(2), y=["ⵜⵉⴼⵏ", "cat"])
    with (
        plt.rc_context({"font.family": "DejaVu Serif"}),
        pytest.warns(UserWarning, match="lacks 4 of"),
    ):
        display.plot()


def test_fonts_that_are_hidden_are_not_named(monkeypatch):
    has_them = findfont(FontProperties(family=["DejaVu Sans"]))
    hidden = FontEntry(name=".Hidden", fname=has_them)
    serif = [font for font in fontManager.ttflist if font.name == "DejaVu Serif"]
    monkeypatch.setattr(fontManager, "ttflist", [hidden, *serif])
    display = WordMapDisplay(words=["ⵜⵉⴼⵏ"], positions=np.eye(1, 2))
    with (
        plt.rc_context({"font.family": "DejaVu Serif"}),
        pytest.warns(UserWarning, match="Install one .* font='Noto Sans Tifinagh'"),
    ):
        display.plot()


def test_axes_too_small_for_the_labels_are_told_with_their_size(crowded):
    _, axes = plt.subplots(3, 4)
    message = (
        r"^\d\d of 100 labels overlap or leave the axes, which at 1\.1 by 1\.1 inches "
        r"are too small .*\(text_kw={'fontsize': 6}\)"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        crowded.plot(axes[1, 1])
    assert [warning.filename for warning in caught] == [__file__]
    crowded.plot(axes[1, 2], text_kw={"fontsize": 0.5})


def test_a_label_that_leaves_the_axes_is_told():
    _, axes = plt.subplots(3, 4)
    with pytest.warns(UserWarning, match="^1 of 1 labels overlap or leave the axes"):
        WordMapDisplay(words=["x" * 30], positions=np.zeros((1, 2))).plot(axes[1, 1])


def test_a_few_labels_that_overlap_among_many_are_not_told():
    _, ax = plt.subplots(figsize=(9, 9))
    places = [(x / 7, y / 7) for x in range(6) for y in range(7)]
    texts = [ax.text(*place, "word") for place in places]
    texts[0].set_position(places[1])  # 2 of 42
    _warn_of_overlaps(texts, ax)
    with pytest.warns(UserWarning, match="^2 of 39 labels overlap"):
        _warn_of_overlaps(texts[:39], ax)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"groups": ["a", "b"]},
            "^groups must be a mapping .* where words is None, got list",
        ),
        (
            {"words": ["cat"], "groups": ["a", "b"]},
            r"^groups must be a list with a value for each of the 1 words, .* \(2,\)",
        ),
        (
            {"words": ["cat"], "groups": "a"},
            "^groups must be a list with a value for each of the 1 words",
        ),
        (
            {"words": ["cat"], "groups": {"unicorn": "a"}},
            "^groups has none of the words, such as 'cat'",
        ),
    ],
)
def test_wrong_groups_are_named(arguments, message, fitted):
    with pytest.raises(ValueError, match=message):
        WordMapDisplay.from_estimator(fitted, **arguments)


# --- wrong arguments, and what is not installed


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_an_unfitted_vectorizer_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(Word2VecVectorizer())


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, sklearn_w2v; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def needs(display):
    """Expect that an error names what is needed, and the remedy."""
    message = rf'^{display.__name__}.plot needs .*pip install "sklearn-w2v\[plot\]"'
    return pytest.raises(ImportError, match=message)


@pytest.mark.parametrize("missing", ["matplotlib", "textalloc"])
def test_a_map_without_a_library_names_the_remedy(missing, fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with needs(WordMapDisplay):
        WordMapDisplay.from_estimator(fitted)


def test_a_loss_curve_needs_matplotlib_alone(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "textalloc", None)
    assert LossCurveDisplay.from_estimator(fitted).line_
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with needs(LossCurveDisplay):
        LossCurveDisplay.from_estimator(fitted)
