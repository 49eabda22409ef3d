"""Vectors -> positions on a map, by t-SNE or PCA."""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.floating]

#: The most points of which "auto" makes a map by t-SNE: it takes some 20 seconds.
MOST_FOR_TSNE = 2000


def positions_of(
    vectors: Array,
    method: str,
    random_state: int | np.random.RandomState | None,
) -> Array:
    """Turn unit vectors into positions: (n_points, vector_size) -> (n_points, 2)."""
    if method not in ("auto", "pca", "tsne"):
        raise ValueError(f"method must be 'auto', 'pca' or 'tsne', got {method!r}.")
    if method == "pca":
        return _pca(vectors, random_state)
    # Some equal vectors among others crash t-SNE, and are no more than one point to it.
    _, first, same = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    rows = np.sort(first)
    fits_tsne = len(rows) >= 4 and vectors.shape[1] >= 2
    if method == "auto" and not (fits_tsne and len(rows) <= MOST_FOR_TSNE):
        return _pca(vectors, random_state)
    if not fits_tsne:
        raise ValueError(
            "method='tsne' needs 4 different vectors of 2 or more numbers, got "
            f"{len(rows)} of {vectors.shape[1]}. Pass method='pca'."
        )
    return _tsne(vectors[rows], random_state)[
        np.searchsorted(rows, first[same.ravel()])
    ]


def _pca(vectors: Array, random_state: int | np.random.RandomState | None) -> Array:
    # Only maps need this and t-SNE, which import a large part of scikit-learn.
    from sklearn.decomposition import PCA  # noqa: PLC0415

    n_points, vector_size = vectors.shape
    positions = np.zeros((n_points, 2))
    # Two points differ in one direction only, and a single one in none.
    n_components = min(2, n_points - 1, vector_size)
    if n_components:
        pca = PCA(n_components, random_state=random_state)
        # In float32, points of the same vector would lie a little apart.
        vectors = vectors.astype(np.float64)
        with np.errstate(invalid="ignore"):  # of points that all have one vector
            positions[:, :n_components] = pca.fit_transform(vectors)
    return positions


def _tsne(vectors: Array, random_state: int | np.random.RandomState | None) -> Array:
    from sklearn.manifold import TSNE  # noqa: PLC0415

    # TSNE looks at three times as many neighbours as the perplexity is.
    perplexity = min(30, (len(vectors) - 1) / 3)
    tsne = TSNE(
        metric="cosine", init="pca", perplexity=perplexity, random_state=random_state
    )
    # More threads than free processors make it many times slower, and never much faster
    # on as few points as a map can show.
    with threadpool_limits(1):
        return tsne.fit_transform(vectors)
