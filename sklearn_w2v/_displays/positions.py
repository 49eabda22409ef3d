"""Vectors -> positions on a map, by t-SNE or PCA."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

Array = NDArray[np.floating]

#: With more different vectors, "auto" uses t-SNE for a sample of so many. t-SNE takes
#: 10 seconds for them.
MOST_FOR_TSNE = 2000

#: A vector outside the sample is placed by so many nearest ones in the sample, at the
#: mean position of the most central ones. The mean of all would often lie between two
#: groups, where none of them is.
N_NEIGHBORS, N_CENTRAL = 10, 3


def positions_of(
    vectors: Array, method: str, random_state: int | np.random.RandomState | None
) -> Array:
    """Turn unit vectors into positions: (n_points, vector_size) -> (n_points, 2)."""
    if method not in ("auto", "pca", "tsne"):
        raise ValueError(f"method must be 'auto', 'pca' or 'tsne', got {method!r}.")
    if method == "pca":
        return _pca(vectors, random_state)
    # t-SNE crashes on some sets of equal vectors, so it gets each vector once.
    _, first, same = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    rows = np.sort(first)
    can_use_tsne = len(rows) >= 4 and vectors.shape[1] >= 2
    if method == "auto" and not can_use_tsne:
        return _pca(vectors, random_state)
    if not can_use_tsne:
        raise ValueError(
            "method='tsne' needs at least 4 different vectors of at least 2 numbers, "
            f"got {len(rows)} of {vectors.shape[1]}. Pass method='pca'."
        )
    is_large = len(rows) > MOST_FOR_TSNE
    place = _tsne_of_sample if method == "auto" and is_large else _tsne
    positions = place(vectors[rows], random_state)
    return positions[np.searchsorted(rows, first[same.ravel()])]


def _pca(vectors: Array, random_state: int | np.random.RandomState | None) -> Array:
    # Not at the top, since importing PCA and t-SNE takes long.
    from sklearn.decomposition import PCA  # noqa: PLC0415

    n_points, vector_size = vectors.shape
    positions = np.zeros((n_points, 2))
    # n points differ in at most n - 1 directions.
    n_components = min(2, n_points - 1, vector_size)
    if n_components:
        pca = PCA(n_components, random_state=random_state)
        # In float32, equal vectors would get slightly different positions.
        vectors = vectors.astype(np.float64)
        with np.errstate(invalid="ignore"):  # 0 / 0 where all vectors are equal
            positions[:, :n_components] = pca.fit_transform(vectors)
    return positions


def _tsne(vectors: Array, random_state: int | np.random.RandomState | None) -> Array:
    from sklearn.manifold import TSNE  # noqa: PLC0415

    # TSNE looks at three times as many neighbors as the perplexity, which needs to be
    # fewer than there are vectors.
    perplexity = min(30, (len(vectors) - 1) / 3)
    tsne = TSNE(
        metric="cosine", init="pca", perplexity=perplexity, random_state=random_state
    )
    # With more threads than idle CPUs, t-SNE is many times slower. For the few points
    # of a map, more threads are hardly faster.
    with threadpool_limits(1):
        return tsne.fit_transform(vectors)


def _tsne_of_sample(
    vectors: Array, random_state: int | np.random.RandomState | None
) -> Array:
    """Use t-SNE for a random sample, and place the other vectors by their neighbors."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    random = check_random_state(random_state)
    is_sampled = np.zeros(len(vectors), dtype=bool)
    is_sampled[random.choice(len(vectors), MOST_FOR_TSNE, replace=False)] = True
    sample = vectors[is_sampled]
    positions = np.empty((len(vectors), 2))
    positions[is_sampled] = _tsne(sample, random)
    search = NearestNeighbors(n_neighbors=N_NEIGHBORS).fit(sample)
    with threadpool_limits(1):
        neighbors = search.kneighbors(vectors[~is_sampled], return_distance=False)
    positions[~is_sampled] = _most_central(positions[is_sampled][neighbors])
    return positions


def _most_central(positions: Array) -> Array:
    """Return the mean of the positions of each row that are closest to their median."""
    medians = np.median(positions, axis=1, keepdims=True)
    # (n_rows, n_neighbors, 2) -> (n_rows, n_neighbors)
    distances = np.linalg.norm(positions - medians, axis=2)
    central = np.argsort(distances, axis=1, kind="stable")[:, :N_CENTRAL]
    return np.take_along_axis(positions, central[:, :, np.newaxis], axis=1).mean(axis=1)
