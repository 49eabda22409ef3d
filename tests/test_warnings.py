"""Warnings point at a line of the user."""

import warnings

import pytest
from helpers import small
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_w2v._warnings import warn

#: One word a text, so that a fit warns that there are no pairs.
TEXTS = ["cat", "dog"] * 9
LABELS = [0, 1] * 9


@pytest.mark.parametrize(
    "fit",
    [
        lambda memory: small().fit(TEXTS),
        lambda memory: small().partial_fit(TEXTS),
        lambda memory: small().fit_transform(TEXTS),
        lambda memory: small(memory=memory).fit(TEXTS),
        lambda memory: make_pipeline(small(), LogisticRegression()).fit(TEXTS, LABELS),
        lambda memory: cross_val_score(
            make_pipeline(small(), LogisticRegression()), TEXTS, LABELS, cv=2
        ),
        lambda memory: warn("a word"),
    ],
)
def test_a_warning_points_at_the_line_that_called_the_package(fit, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(tmp_path)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("names", [{}, {"__name__": "sklearn_extra.text"}], ids=str)
def test_a_warning_points_at_code_of_no_module_and_of_other_packages(names):
    code = compile("warn('a word')", "<other code>", "exec")
    with pytest.warns(UserWarning, match="a word") as caught:
        exec(code, names | {"warn": warn})
    assert [warning.filename for warning in caught] == ["<other code>"]
