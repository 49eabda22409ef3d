"""Positions on a map, compared with those of scikit-learn."""

import numpy as np
import pytest
from drawn import pca_of, tsne_of
from sklearn.preprocessing import normalize

from sklearn_w2v._displays.positions import positions_of


def unit_vectors(n_points, vector_size=8):
    random = np.random.RandomState(0)
    return normalize(random.standard_normal((n_points, vector_size)))


@pytest.mark.parametrize("n_points", [3, 15, 60])
def test_pca_positions_are_those_of_scikit_learn(n_points):
    vectors = unit_vectors(n_points).astype(np.float32)
    positions = positions_of(vectors, "pca", 0)
    np.testing.assert_allclose(positions, pca_of(vectors), atol=1e-6)


@pytest.mark.parametrize("method", ["auto", "tsne"])
@pytest.mark.parametrize(("n_points", "perplexity"), [(4, 1), (13, 4), (100, 30)])
def test_tsne_positions_are_those_of_scikit_learn(n_points, perplexity, method):
    vectors = unit_vectors(n_points)
    expected = tsne_of(vectors, perplexity, random_state=3)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(positions_of(vectors, method, 3), expected)


def test_auto_is_pca_if_tsne_is_impossible_or_takes_long(monkeypatch):
    monkeypatch.setattr("sklearn_w2v._displays.positions.MOST_FOR_TSNE", 4)
    for n_points in (3, 5):
        vectors = unit_vectors(n_points)
        positions = positions_of(vectors, "auto", 0)
        np.testing.assert_allclose(positions, pca_of(vectors), atol=1e-6)
    four = unit_vectors(4)
    expected = tsne_of(four, perplexity=1)
    np.testing.assert_array_equal(positions_of(four, "auto", 0), expected)
    with_equal = np.vstack([four, four])
    assert (positions_of(with_equal, "auto", 0) == np.vstack([expected] * 2)).all()


def test_positions_are_zero_in_dimensions_that_points_lack():
    np.testing.assert_array_equal(positions_of(unit_vectors(1), "auto", 0), [[0, 0]])
    two = positions_of(unit_vectors(2), "auto", 0)
    assert two[0, 0] == pytest.approx(-two[1, 0])
    assert two[0, 0] != 0
    np.testing.assert_array_equal(two[:, 1], 0)
    line = positions_of(unit_vectors(9, vector_size=1), "auto", 0)
    np.testing.assert_array_equal(line[:, 1], 0)


@pytest.mark.parametrize("n_different", [1, 3])
def test_equal_vectors_share_a_position(n_different):
    """TSNE crashes the process on some such vectors."""
    vectors = np.tile(unit_vectors(n_different).astype(np.float32), (20, 1))
    positions = positions_of(vectors, "auto", 0)
    assert np.isfinite(positions).all()
    np.testing.assert_allclose(
        positions[n_different:], positions[:-n_different], atol=1e-6
    )


def test_tsne_gets_each_of_equal_vectors_once():
    vectors = unit_vectors(9)
    expected = tsne_of(vectors, perplexity=8 / 3)
    positions = positions_of(np.vstack([vectors, vectors[3:7]]), "tsne", 0)
    np.testing.assert_array_equal(positions, np.vstack([expected, expected[3:7]]))


@pytest.mark.parametrize(
    ("shape", "method", "message"),
    [
        ((9, 8), "umap", "^method must be 'auto', 'pca' or 'tsne', got 'umap'"),
        ((3, 8), "tsne", r"^method='tsne' needs at least 4 .* got 3 of 8\. .*'pca'"),
        ((9, 1), "tsne", r"at least 2 numbers, got \d of 1\."),
    ],
)
def test_impossible_methods_raise_an_error(shape, method, message):
    with pytest.raises(ValueError, match=message):
        positions_of(unit_vectors(*shape), method, 0)
