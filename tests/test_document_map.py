"""The map of documents: which ones it shows, and their classes and labels."""

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from drawn import boxes_of, pca_of, tsne_of

from sklearn_w2v import DocumentMapDisplay, WordMapDisplay

pytestmark = pytest.mark.usefixtures("close_figures")


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


def test_too_many_labels_bring_a_warning(documents, fitted, monkeypatch):
    monkeypatch.setattr("sklearn_w2v._displays.document_map.MOST_LABELS", 2)
    few = [*"ab", *[None] * (len(documents) - 2)]
    DocumentMapDisplay.from_estimator(fitted, documents, labels=few)
    with pytest.warns(UserWarning, match="^3 labels are more .* Pass classes as `y`"):
        DocumentMapDisplay.from_estimator(fitted, documents, labels=[*"abc", *few[3:]])


@pytest.mark.parametrize("X", [["nowhere", ""], []])
def test_documents_without_any_known_word_raise_an_error(X, fitted):
    with pytest.raises(ValueError, match=r"^None of the \d documents has a known word"):
        DocumentMapDisplay.from_estimator(fitted, X)


def test_markers_get_smaller_with_the_number_of_documents():
    def size(n_documents):
        positions = np.random.RandomState(0).standard_normal((n_documents, 2))
        return DocumentMapDisplay(positions=positions).plot().scatter_.get_sizes()[0]

    assert size(3) == size(300) > size(1000) > size(5000) >= 1


NOON, NIGHT = datetime(2024, 5, 6, 12), datetime(2024, 5, 7)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (pl.Series([3, None, 1]), ["1", "3"]),
        (pl.Series([NOON, None, NIGHT]), [str(NOON), str(NIGHT)]),
        (pl.Series(["b", None, "a"], dtype=pl.Categorical), ["a", "b"]),
        (pd.Series([3, None, 1], dtype="Int64"), ["1", "3"]),
        (pd.Series([NOON, None, NIGHT]), [str(NOON), str(NIGHT)]),
        (pd.Categorical(["b", None, "a"]), ["a", "b"]),
        (np.array([NOON, "NaT", NIGHT], "M8[ns]"), [str(NOON), str(NIGHT)]),
        (np.array([NOON, "NaT", NIGHT], "M8[D]"), ["2024-05-06", "2024-05-07"]),
        (np.array([10**9, "NaT", 0], "m8[ns]"), ["0:00:00", "0:00:01"]),
        (np.ma.array([3, 2, 1], mask=[0, 1, 0]), ["1", "3"]),
        (np.ma.array(["b", "c", "a"], mask=[0, 1, 0]), ["a", "b"]),
        (np.ma.array([NIGHT, NOON, NOON], "M8[ns]", mask=[1, 1, 0]), [str(NOON)]),
        ([3, np.ma.masked, 1], ["1", "3"]),
        ([np.datetime64(NOON, "ns"), np.datetime64("NaT"), None], [str(NOON)]),
        (np.array(["99999", "2024", "NaT"], "M8[Y]"), ["2024-01-01", "99999"]),
    ],
)
def test_classes_of_a_column_are_those_of_its_values(y, expected):
    display = DocumentMapDisplay(positions=np.eye(3, 2), y=y).plot()
    assert display.colorbar_ is None
    assert [text.get_text() for text in display.legend_.get_texts()] == expected


def test_masked_amounts_have_no_color():
    y = np.ma.array([0.5, 0.25, 1.0], mask=[0, 1, 0])
    display = DocumentMapDisplay(positions=np.eye(3, 2), y=y).plot()
    np.testing.assert_array_equal(display.scatter_.get_array().mask, [0, 1, 0])
    assert display.colorbar_.vmin == 0.5


@pytest.mark.parametrize("value", [["a"], {"a"}, {"a": 1}, (["a"],)])
def test_classes_that_are_not_hashable_raise_an_error(value, fitted):
    message = r"^y must have hashable values, .* at position 1: unhashable type: '"
    y = np.array(["b", None], dtype=object)
    y[1] = value
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay.from_estimator(fitted, ["cat", "dog"], y)
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay(positions=np.eye(2), y=y).plot()


def test_lone_surrogates_are_drawn_as_escapes():
    names = ["caf\udce9", "b"]
    display = DocumentMapDisplay(positions=np.eye(2), y=names, labels=names).plot()
    drawn = [text.get_text() for text in display.texts_]
    in_legend = [text.get_text() for text in display.legend_.get_texts()]
    assert drawn == [r"caf\udce9", "b"]
    assert in_legend == ["b", r"caf\udce9"]
    display.figure_.canvas.draw()


@pytest.mark.parametrize("shape", [(0, 2), (2, 3), (2,)])
def test_positions_of_another_shape_raise_an_error(shape):
    message = r"^positions must have a row of two numbers for each point, and at least"
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay(positions=np.zeros(shape)).plot()
    with pytest.raises(ValueError, match=message):
        WordMapDisplay(words=["cat"] * shape[0], positions=np.zeros(shape)).plot()


def test_positions_can_be_a_list_and_all_be_missing():
    display = DocumentMapDisplay(positions=[[0, 1], [1, 0]], labels=["a", None]).plot()
    assert [text.get_text() for text in display.texts_] == ["a"]
    nowhere = np.full((2, 2), np.nan)
    assert DocumentMapDisplay(positions=nowhere, y=["a", "b"]).plot().legend_


@pytest.mark.parametrize("name", ["y", "labels"])
@pytest.mark.parametrize("values", [["a"], "ab", np.zeros((2, 1)), iter("ab"), {1, 2}])
def test_another_length_than_that_of_the_documents_raises_an_error(
    name, values, fitted
):
    message = rf"^{name} must be a list with a value for each of the 2 documents"
    with pytest.raises(ValueError, match=message):
        DocumentMapDisplay.from_estimator(fitted, ["cat", "dog"], **{name: values})
    display = DocumentMapDisplay(positions=np.eye(2), **{name: values})
    with pytest.raises(ValueError, match=message):
        display.plot()
