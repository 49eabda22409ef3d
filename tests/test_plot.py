"""The displays: positions, labels, lines, and what they say to wrong arguments."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer, WordMapDisplay

plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
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


def unit_vectors(vectorizer, words):
    return normalize([vectorizer.get_vector(word) for word in words])


def test_the_most_frequent_words_are_shown(topic_texts):
    texts, _ = topic_texts
    words = ["cat", "nowhere", "stock", "dog", "bond"]
    vectorizer = Word2VecVectorizer(vocabulary=words, vector_size=8, random_state=0)
    vectorizer.fit(texts)
    counts = [" ".join(texts).split().count(word) for word in words]
    by_count = [words[row] for row in np.argsort(counts)[::-1]]
    assert by_count != words
    assert WordMapDisplay.from_estimator(vectorizer).words == by_count
    assert WordMapDisplay.from_estimator(vectorizer, n_words=3).words == by_count[:3]
    vectorizer.word_counts_ = np.array([1, 2, 1, 2, 1])
    ties_by_row = ["nowhere", "dog", "cat", "stock", "bond"]
    assert WordMapDisplay.from_estimator(vectorizer).words == ties_by_row


def test_given_words_are_shown_in_their_order_and_once(fitted):
    display = WordMapDisplay.from_estimator(fitted, ["stock", "cat", "stock", "dog"])
    assert display.words == ["stock", "cat", "dog"]
    assert [text.get_text() for text in display.texts_] == display.words


def test_pca_positions_are_those_of_scikit_learn(fitted):
    display = WordMapDisplay.from_estimator(fitted, n_words=15)
    expected = PCA(2).fit_transform(unit_vectors(fitted, display.words))
    np.testing.assert_allclose(display.positions, expected, atol=1e-6)
    np.testing.assert_array_equal(display.scatter_.get_offsets(), display.positions)


@pytest.mark.parametrize(("n_words", "perplexity"), [(4, 1), (13, 4)])
def test_tsne_positions_are_those_of_scikit_learn(n_words, perplexity, fitted):
    display = WordMapDisplay.from_estimator(
        fitted, n_words=n_words, method="tsne", random_state=3
    )
    tsne = TSNE(metric="cosine", init="pca", perplexity=perplexity, random_state=3)
    with threadpool_limits(1):
        expected = tsne.fit_transform(unit_vectors(fitted, display.words))
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(display.positions, expected)


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
    with pytest.raises(ValueError, match=r"needs .* a vector_size of 2 or more"):
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


def test_a_figure_of_its_own_has_equal_scales_and_no_numbers(crowded):
    crowded.plot().figure_.canvas.draw()
    (left, bottom), (right, top) = crowded.ax_.transData.transform([[0, 0], [1, 1]])
    # matplotlib leaves scales alone that differ by less than half a percent.
    assert right - left == pytest.approx(top - bottom, rel=0.006)
    for axis in (crowded.ax_.xaxis, crowded.ax_.yaxis):
        assert not any(label.get_visible() for label in axis.get_ticklabels())


def test_words_are_drawn_as_they_are():
    words = ["$x$", "$x", "_private", r"\alpha", "a^b", "%", "", "x" * 300, 3, ("a",)]
    positions = np.random.RandomState(0).standard_normal((len(words), 2))
    with plt.rc_context({"text.usetex": True}):
        display = WordMapDisplay(words=words, positions=positions).plot()
    boxes = boxes_of(display)
    assert np.isfinite(boxes).all()
    assert [text.get_text() for text in display.texts_] == list(map(str, words))
    assert not any(text.get_usetex() for text in display.texts_)
    literal, broken_formula = (boxes[i, 2] - boxes[i, 0] for i in (0, 1))
    assert literal > broken_formula
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        WordMapDisplay(words=["🦊"], positions=np.zeros((1, 2))).plot()


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
        ({"n_words": 0}, ValueError, "^n_words must be an int of at least 1, got 0"),
        ({"n_words": 2.0}, ValueError, "^n_words must be an int .* got 2.0"),
        ({"method": "umap"}, ValueError, "^method must be 'pca' or 'tsne', got 'umap'"),
        (
            {"method": "tsne", "n_words": 3},
            ValueError,
            "^method='tsne' needs 4 words .* got 3 words and a vector_size of 8",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message, fitted):
    with pytest.raises(error, match=message):
        WordMapDisplay.from_estimator(fitted, **arguments)


@pytest.mark.parametrize("display", [WordMapDisplay, LossCurveDisplay])
def test_an_unfitted_vectorizer_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(Word2VecVectorizer())


def test_the_loss_curve_is_drawn_by_epoch(fitted):
    assert fitted.validation_scores_ is None
    display = LossCurveDisplay.from_estimator(fitted)
    assert display.line_.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert display.line_.get_ydata().tolist() == fitted.loss_curve_
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Mean loss of a pair (nats)"
    assert display.validation_line_ is None
    assert display.ax_.get_legend() is None


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 10, 200])
def test_ticks_are_whole_epochs(n_epochs):
    ticks = LossCurveDisplay(loss_curve=[2.0] * n_epochs).plot().ax_.get_xticks()
    assert (ticks == ticks.astype(int)).all()
    assert ((ticks >= 1) & (ticks <= n_epochs)).any()


def test_validation_loss_is_a_second_line_with_its_best_epoch(fitted, monkeypatch):
    scores = [np.nan, -2.5, -2.25, -2.5, -2.75]
    monkeypatch.setattr(fitted, "validation_scores_", scores)
    display = LossCurveDisplay.from_estimator(fitted)
    line = display.validation_line_
    np.testing.assert_equal(line.get_ydata(), [np.nan, 2.5, 2.25, 2.5, 2.75])
    assert line.get_markevery() == [2]
    assert line.get_color() == display.line_.get_color()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation, best in epoch 3"]


def test_named_curves_share_the_axes_given(fitted):
    _, (ax, _) = plt.subplots(1, 2)
    first = LossCurveDisplay.from_estimator(fitted, ax=ax, name="first", color="red")
    scored = LossCurveDisplay(loss_curve=[2.0, 1.0], validation_scores=[-2.0, -1.5])
    scored.plot(ax, name="second")
    assert first.ax_ is scored.ax_ is ax
    assert first.figure_ is ax.figure
    assert first.line_.get_color() == "red"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    expected = ["first", "second, training", "second, validation, best in epoch 2"]
    assert labels == expected


def test_an_empty_loss_curve_is_refused(fitted, monkeypatch):
    monkeypatch.setattr(fitted, "loss_curve_", [])
    with pytest.raises(ValueError, match=r"^The loss curve is empty: .* not trained"):
        LossCurveDisplay.from_estimator(fitted)


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
