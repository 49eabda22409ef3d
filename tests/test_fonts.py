"""Fonts of labels and legend, and the warning of characters that they lack."""

import re

import numpy as np
import pytest
from drawn import plt
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager

from sklearn_w2v import DocumentMapDisplay, WordMapDisplay

pytestmark = pytest.mark.usefixtures("close_figures")


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


@pytest.mark.parametrize(
    "font", ["No Such Font", ["No Such Font", "Nor This"], [], "DejaVu Sans:bold"]
)
def test_a_font_that_is_not_installed_raises_an_error(font, fitted):
    message = rf"^font={re.escape(repr(font))} is not installed.*addfont"
    with pytest.raises(ValueError, match=message):
        WordMapDisplay.from_estimator(fitted, font=font)


@pytest.mark.parametrize(
    ("word", "n_missing", "named"),
    [
        ("x한국어", 3, "국 어 한"),
        ("中文", 2, "中 文"),
        ("カナ", 2, "カ ナ"),
        ("ไทย", 3, "ท ย ไ"),
        ("🦊", 1, "🦊"),
        ("가각간갈감갑값갓강개객갠", 12, "가 각 간 갈 감 갑 값 갓 강 개"),
    ],
)
def test_there_is_one_warning_of_characters_that_no_installed_font_has(
    word, n_missing, named, monkeypatch
):
    dejavu = [font for font in fontManager.ttflist if font.name.startswith("DejaVu")]
    monkeypatch.setattr(fontManager, "ttflist", dejavu)
    display = WordMapDisplay(words=["cat", word], positions=np.eye(2))
    message = (
        f"lacks {n_missing} of their characters, for example {named}, and draws boxes: "
        "pass as `font` an installed family that has them.$"
    )
    with (
        plt.rc_context({"font.family": "DejaVu Sans"}),
        pytest.warns(UserWarning, match=message) as caught,
    ):
        display.plot()
    assert [warning.filename for warning in caught] == [__file__]


def test_the_warning_of_missing_characters_names_an_installed_font_that_has_them():
    words = ["cat", "ⵜⵉⴼⵏ"]  # of matplotlib's own fonts, only DejaVu Sans has them
    display = WordMapDisplay(words=words, positions=np.eye(2))
    with plt.rc_context({"font.family": "DejaVu Serif"}):
        with pytest.warns(UserWarning, match="lacks 4 .* such as '.*'") as caught:
            display.plot()
        font = re.search("such as '(.*)'", str(caught[0].message))[1]
        display.plot(font=font)
        display.plot(text_kw={"family": font})
        display.plot(font=["DejaVu Serif", font])


def test_the_warning_of_missing_characters_is_also_for_the_legend():
    display = DocumentMapDisplay(positions=np.eye(2), y=["ⵜⵉⴼⵏ", "cat"])
    with (
        plt.rc_context({"font.family": "DejaVu Serif"}),
        pytest.warns(UserWarning, match="lacks 4 of"),
    ):
        display.plot()


def test_hidden_fonts_are_not_named(monkeypatch):
    has_them = findfont(FontProperties(family=["DejaVu Sans"]))
    hidden = FontEntry(name=".Hidden", fname=has_them)
    serif = [font for font in fontManager.ttflist if font.name == "DejaVu Serif"]
    monkeypatch.setattr(fontManager, "ttflist", [hidden, *serif])
    display = WordMapDisplay(words=["ⵜⵉⴼⵏ"], positions=np.eye(1, 2))
    with (
        plt.rc_context({"font.family": "DejaVu Serif"}),
        pytest.warns(UserWarning, match="an installed family that has them.$"),
    ):
        display.plot()
