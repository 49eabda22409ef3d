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


def test_auto_is_pca_if_tsne_is_impossible():
    vectors = unit_vectors(3)
    positions = positions_of(vectors, "auto", 0)
    np.testing.assert_allclose(positions, pca_of(vectors), atol=1e-6)


@pytest.fixture
def small_sample(monkeypatch):
    """A sample of 40 vectors instead of 2,000."""
    monkeypatch.setattr("sklearn_w2v._displays.positions.MOST_FOR_TSNE", 40)


@pytest.mark.usefixtures("small_sample")
def test_auto_uses_tsne_for_all_of_few_vectors_and_tsne_for_all_of_many():
    forty, expected = unit_vectors(40), tsne_of(unit_vectors(40), perplexity=13)
    np.testing.assert_array_equal(positions_of(forty, "auto", 0), expected)
    with_equal = np.vstack([forty, forty])
    expected = np.vstack([expected] * 2)
    np.testing.assert_array_equal(positions_of(with_equal, "auto", 0), expected)
    more = unit_vectors(100)
    expected = tsne_of(more, perplexity=30)
    np.testing.assert_array_equal(positions_of(more, "tsne", 0), expected)


@pytest.mark.usefixtures("small_sample")
def test_auto_uses_tsne_for_a_sample_of_many_vectors():
    vectors = unit_vectors(100)
    random = np.random.RandomState(3)
    sampled = np.sort(random.choice(100, 40, replace=False))
    expected = tsne_of(vectors[sampled], perplexity=13, random_state=random)
    positions = positions_of(vectors, "auto", 3)
    np.testing.assert_array_equal(positions[sampled], expected)
    for row in set(range(100)) - set(sampled):
        similarities = vectors[sampled] @ vectors[row]
        neighbors = expected[np.argsort(-similarities)[:10]]
        distances = np.hypot(*(neighbors - np.median(neighbors, axis=0)).T)
        central = neighbors[np.argsort(distances)[:3]]
        np.testing.assert_allclose(positions[row], central.mean(axis=0), rtol=1e-5)


@pytest.mark.usefixtures("small_sample")
def test_positions_of_many_vectors_depend_on_the_random_state_alone():
    vectors = unit_vectors(100)
    first, second, other = (positions_of(vectors, "auto", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@pytest.mark.usefixtures("small_sample")
def test_all_of_many_vectors_are_placed_in_their_groups():
    random = np.random.RandomState(0)
    groups = np.arange(300) % 3
    vectors = normalize(3 * np.eye(8)[groups] + 0.3 * random.standard_normal((300, 8)))
    positions = positions_of(vectors, "auto", 0)
    centers = np.array([positions[groups == group].mean(axis=0) for group in range(3)])
    distances = np.linalg.norm(positions[:, np.newaxis] - centers, axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), groups)


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
