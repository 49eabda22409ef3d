"""The display of the loss: lines, names, ticks."""

import sys

import numpy as np
import pytest
from helpers import small
from sklearn.exceptions import ConvergenceWarning

from sklearn_w2v import LossCurveDisplay

plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
plt.switch_backend("Agg")


pytestmark = pytest.mark.usefixtures("close_figures")


def test_the_loss_curve_is_drawn_by_epoch(fitted):
    assert fitted.validation_scores_ is None
    display = LossCurveDisplay.from_estimator(fitted)
    assert display.line_.get_xdata().tolist() == list(range(1, 11))
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
    scores = [np.nan, -2.5, -2.25, -2.5, -2.75, *[-3] * 5]
    monkeypatch.setattr(fitted, "validation_scores_", scores)
    display = LossCurveDisplay.from_estimator(fitted)
    line = display.validation_line_
    np.testing.assert_equal(line.get_ydata(), [-score for score in scores])
    assert line.get_markevery() == [2]
    assert line.get_color() == display.line_.get_color()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation, best in epoch 3"]


def test_scores_that_are_all_nan_have_no_best_epoch():
    display = LossCurveDisplay(loss_curve=[2.0, 1.0], validation_scores=[np.nan] * 2)
    display.plot()
    assert np.isnan(display.validation_line_.get_ydata()).all()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation, without a score"]


def test_a_fit_whose_held_out_documents_have_no_pairs_is_drawn():
    vectorizer = small(early_stopping=True, validation_fraction=0.5)
    with pytest.warns(ConvergenceWarning):
        vectorizer.fit(["cat", "dog", "emu"] * 10)
    assert LossCurveDisplay.from_estimator(vectorizer).validation_line_


def test_another_number_of_scores_than_of_losses_raises_an_error():
    display = LossCurveDisplay(loss_curve=[2.0, 1.0], validation_scores=[-2.0])
    message = r"^validation_scores must have a value for each of the 2 epochs .* got 1"
    with pytest.raises(ValueError, match=message):
        display.plot()


def test_named_curves_share_the_given_axes(fitted):
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


def test_an_empty_loss_curve_raises_an_error(fitted, monkeypatch):
    monkeypatch.setattr(fitted, "loss_curve_", [])
    with pytest.raises(ValueError, match=r"^The loss curve is empty: .* not trained"):
        LossCurveDisplay.from_estimator(fitted)


def test_a_loss_curve_needs_matplotlib_alone(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "textalloc", None)
    assert LossCurveDisplay.from_estimator(fitted).line_
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = r'^LossCurveDisplay.plot needs .*pip install "sklearn-w2v\[plot\]"'
    with pytest.raises(ImportError, match=message):
        LossCurveDisplay.from_estimator(fitted)
