"""The display of contributions: bars, names, numbers."""

import re
import sys

import numpy as np
import pytest
from drawn import plt
from helpers import TOPICS
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import ContributionsDisplay, explain_class, explain_document

pytestmark = pytest.mark.usefixtures("close_figures")

MINUS = "\N{MINUS SIGN}"
DOCUMENT = " ".join([*TOPICS[0], *TOPICS[1][:5], "unknown"])


@pytest.fixture(scope="module")
def model(fitted, texts, labels):
    names = np.array(["animals", "money"])[labels]
    frozen = FrozenEstimator(fitted)
    return make_pipeline(frozen, StandardScaler(), LogisticRegression()).fit(
        texts, names
    )


def display_of(contributions, intercept=0.0, label="a class", **options):
    display = ContributionsDisplay(
        contributions=contributions, intercept=intercept, label=label
    )
    return display.plot(**options)


def bars_of(display):
    """Return the name and the width of each bar, from top to bottom."""
    bottom, top = display.ax_.get_ylim()
    assert bottom > top
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    widths = [bar.get_width() for bar in display.bars_]
    return dict(zip(names, widths, strict=True))


@pytest.mark.parametrize("max_words", [1, 5, 100])
@pytest.mark.parametrize("label", ["animals", "money"])
def test_the_bars_of_a_document_add_up_to_its_score(label, max_words, model):
    display = ContributionsDisplay.from_estimator(
        model, DOCUMENT, label, max_words=max_words
    )
    contributions, intercept = explain_document(model, DOCUMENT, label)
    assert display.contributions == contributions
    assert display.intercept == intercept
    assert display.label == label
    score = model.decision_function([DOCUMENT])[0]
    score = score if label == "money" else -score
    assert sum(bars_of(display).values()) == pytest.approx(score, rel=1e-4)
    total = f"{score:.2f}".replace("-", MINUS)
    assert display.ax_.get_xlabel() == (
        f"Contribution to the score of {label} ({total} in total)"
    )


def test_the_strongest_words_are_shown_from_the_largest_to_the_smallest():
    contributions = [("a", -3.0), ("b", 0.25), ("c", 2.0), ("d", -0.5), ("e", 4.0)]
    display = display_of(contributions, 0.125, max_words=3)
    assert list(bars_of(display).items()) == [
        ("e", 4.0),
        ("c", 2.0),
        ("a", -3.0),
        ("2 other words", -0.25),
        ("intercept", 0.125),
    ]
    display = display_of(contributions, 0.125, max_words=4)
    assert list(bars_of(display))[-2:] == ["1 other word", "intercept"]
    display = display_of([(word, 1.0) for word in range(1001)], max_words=1)
    assert list(bars_of(display)) == ["0", "1,000 other words", "intercept"]
    display = display_of(contributions, 0.125, max_words=5)
    assert list(bars_of(display)) == ["e", "c", "b", "d", "a", "intercept"]


def test_the_occurrences_of_a_word_are_one_bar():
    display = display_of([("a", 1.0), ("b", 1.5), ("a", 1.0), ("a", 0.5)])
    expected = {"a (3 times)": 2.5, "b": 1.5, "intercept": 0.0}
    assert bars_of(display) == expected


def test_the_words_of_a_class_are_drawn(model, texts):
    contributions, intercept = explain_class(model, texts, "money")
    display = display_of(contributions, intercept, "money", max_words=6)
    scores = model.decision_function(texts)
    assert sum(bars_of(display).values()) == pytest.approx(scores.mean(), abs=1e-4)
    assert set(list(bars_of(display))[:6]) <= {*TOPICS[0], *TOPICS[1]}


def test_colors_show_the_sign_and_what_are_no_words():
    display = display_of([("a", 1.0), ("b", -1.0), ("c", 0.5)], 2.0, max_words=2)
    colors = [bar.get_facecolor() for bar in display.bars_]
    assert len({*colors}) == 3
    assert colors[2] == colors[3]  # the other word and the intercept


def test_numbers_are_next_to_the_bars_and_inside_the_axes():
    display = display_of([("a", 1000.25), ("b", -1.0)], -1000.0)
    numbers = [text.get_text() for text in display.ax_.texts]
    assert numbers == ["+1000.25", f"{MINUS}1.00", f"{MINUS}1000.00"]
    display.figure_.canvas.draw()
    frame = display.ax_.get_window_extent()
    for text in display.ax_.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1


def test_numbers_that_round_to_zero_have_no_sign():
    display = display_of([("a", 0.004), ("b", -0.004)], -0.0)
    assert [text.get_text() for text in display.ax_.texts] == ["0.00"] * 3
    assert display.ax_.get_xlabel().endswith("(0.00 in total)")


def test_numbers_have_the_minus_of_the_axis():
    with plt.rc_context({"axes.unicode_minus": False}):
        display = display_of([("a", -1.0)])
    assert [text.get_text() for text in display.ax_.texts] == ["-1.00", "0.00"]
    assert display.ax_.get_xlabel().endswith("(-1.00 in total)")


@pytest.mark.parametrize("label", ["animals", "sharepoint rather than " * 3])
def test_the_name_of_the_axis_is_inside_the_figure(label):
    display = display_of([("a long word of the document", 1.0)], label=label)
    display.figure_.canvas.draw()
    frame = display.figure_.get_window_extent()
    box = display.ax_.xaxis.label.get_window_extent()
    assert frame.x0 <= box.x0 < box.x1 <= frame.x1
    assert frame.y0 <= box.y0


def test_a_document_without_known_words_has_the_intercept_alone(model):
    display = ContributionsDisplay.from_estimator(model, "unknown", "money")
    score = model.decision_function(["unknown"])[0]
    assert bars_of(display) == {"intercept": pytest.approx(score, rel=1e-4)}


def test_words_and_labels_that_are_no_plain_texts_are_drawn():
    contributions = [((1, 2), 3.0), (7, 2.0), ("$x^2$", 1.0), ("\udcff", 0.5)]
    display = display_of(contributions, 0.0, label=None)
    display.figure_.canvas.draw()
    names = ["(1, 2)", "7", "$x^2$", r"\udcff", "intercept"]
    assert list(bars_of(display)) == names
    assert not any(text.get_parse_math() for text in display.ax_.get_yticklabels())
    assert "score of None (" in display.ax_.get_xlabel()


def test_words_with_equal_names_have_bars_of_their_own():
    display = display_of([(1, 2.0), ("1", 1.0)])
    assert [bar.get_width() for bar in display.bars_] == [2.0, 1.0, 0.0]
    middles = [bar.get_y() + bar.get_height() / 2 for bar in display.bars_]
    assert middles == pytest.approx([0, 1, 2])


def test_bars_are_drawn_in_the_given_axes_and_style(model):
    _, (ax, _) = plt.subplots(1, 2)
    display = ContributionsDisplay.from_estimator(
        model, DOCUMENT, "money", ax=ax, color="green", height=0.5
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert {bar.get_height() for bar in display.bars_} == {0.5}
    assert len({bar.get_facecolor() for bar in display.bars_}) == 1


def test_names_are_drawn_in_the_font_given():
    display = display_of([("a", 1.0)], font="DejaVu Serif")
    for text in [*display.ax_.get_yticklabels(), display.ax_.xaxis.label]:
        assert text.get_fontfamily() == ["DejaVu Serif", "sans-serif"]
    with pytest.raises(ValueError, match=r"^font='No Such Font' is not installed"):
        display_of([("a", 1.0)], font="No Such Font")


def test_characters_that_the_font_lacks_bring_one_warning():
    with (
        plt.rc_context({"font.family": "DejaVu Serif"}),
        pytest.warns(UserWarning, match=r"lacks 4 of their characters") as caught,
    ):
        display_of([("ⵜⵉⴼⵏ", 1.0)])
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("max_words", [0, -1, 2.0, "3", None])
def test_a_wrong_number_of_words_raises_an_error(max_words):
    message = (
        rf"^max_words must be an int of at least 1, got {re.escape(repr(max_words))}"
    )
    with pytest.raises(ValueError, match=message):
        display_of([("a", 1.0)], max_words=max_words)


def test_errors_of_explanations_arrive(model, fitted):
    with pytest.raises(ValueError, match="has no class 'sports'"):
        ContributionsDisplay.from_estimator(model, DOCUMENT, "sports")
    unfitted = make_pipeline(FrozenEstimator(fitted), LogisticRegression())
    with pytest.raises(NotFittedError):
        ContributionsDisplay.from_estimator(unfitted, DOCUMENT, "money")


@pytest.mark.parametrize("library", ["matplotlib", "textalloc"])
def test_a_missing_library_is_named(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    message = r'^ContributionsDisplay.plot needs .*pip install "sklearn-w2v\[plot\]"'
    with pytest.raises(ImportError, match=message):
        display_of([("a", 1.0)])
