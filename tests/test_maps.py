"""What maps of words and of documents have in common: their figure, axes and styles."""

import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from drawn import boxes_of, colors_of, plt

from sklearn_w2v import DocumentMapDisplay, WordMapDisplay
from sklearn_w2v._displays.maps import fill_docstring

pytestmark = pytest.mark.usefixtures("close_figures")


def test_words_are_drawn_literally():
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


def test_a_map_is_drawn_in_the_given_axes(fitted):
    figure, (ax, _) = plt.subplots(1, 2)
    display = WordMapDisplay.from_estimator(fitted, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1
    assert display.plot() is display
    assert display.ax_ is not ax


def test_styles_apply_to_labels_and_markers(fitted):
    display = WordMapDisplay.from_estimator(
        fitted,
        text_kw={"size": 11, "color": "red"},
        scatter_kw={"s": 30, "c": "black"},
    )
    assert {text.get_fontsize() for text in display.texts_} == {11}
    assert {text.get_color() for text in display.texts_} == {"red"}
    assert display.scatter_.get_sizes().tolist() == [30]


def test_maps_without_classes_have_no_legend(fitted, documents):
    of_words = WordMapDisplay.from_estimator(fitted)
    of_documents = DocumentMapDisplay.from_estimator(fitted, documents[:9])
    for display in (of_words, of_documents):
        assert display.legend_ is display.colorbar_ is None
        assert set(colors_of(display)) == {"#1f77b4"}
    nothing_known = DocumentMapDisplay(positions=np.eye(2), y=[None, np.nan]).plot()
    assert nothing_known.legend_ is nothing_known.colorbar_ is None
    assert colors_of(nothing_known) == ["#cccccc"] * 2


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, sklearn_w2v; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", ["matplotlib", "textalloc"])
def test_a_map_names_the_extra_to_install_for_a_missing_library(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    display = WordMapDisplay(words=["cat"], positions=np.zeros((1, 2)))
    message = r'^WordMapDisplay.plot needs .*pip install "sklearn-w2v\[plot\]"'
    with pytest.raises(ImportError, match=message):
        display.plot()


# --- docstrings


@pytest.mark.parametrize("name", ["from_estimator", "plot"])
@pytest.mark.parametrize("display", [WordMapDisplay, DocumentMapDisplay])
def test_docstrings_describe_all_parameters_in_their_order(display, name):
    method = getattr(display, name)
    doc = inspect.getdoc(method)
    section = doc[doc.index("Parameters\n") : doc.index("Returns\n")]
    described = re.findall(r"^(\w+) : ", section, re.MULTILINE)
    parameters = inspect.signature(method).parameters
    assert described == [name for name in parameters if name != "self"]


@pytest.mark.parametrize("display", [WordMapDisplay, DocumentMapDisplay])
def test_docstrings_describe_all_attributes(display):
    described = re.findall(r"^(\w+_) : ", inspect.getdoc(display), re.MULTILINE)
    words = {"words": ["cat"]} if display is WordMapDisplay else {}
    drawn = display(positions=np.zeros((1, 2)), **words).plot()
    assert set(described) == {name for name in vars(drawn) if name.endswith("_")}


def test_a_missing_docstring_stays_missing_as_under_python_oo():
    def undocumented():
        pass

    assert fill_docstring(undocumented).__doc__ is None
