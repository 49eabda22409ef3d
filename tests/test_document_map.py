"""The map of documents: which ones it shows, and their classes and labels."""

import numpy as np
import pandas as pd
import pytest
from drawn import boxes_of, pca_of, tsne_of

from sklearn_w2v import DocumentMapDisplay

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
