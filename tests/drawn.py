"""Measures of a drawing, for tests of the displays; skips them without matplotlib."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
pytest.importorskip("textalloc", reason="maps need textalloc")
from matplotlib.colors import to_hex  # noqa: E402, where matplotlib is

plt.switch_backend("Agg")


def boxes_of(display):
    """Return (left, bottom, right, top) of each label in pixels."""
    display.figure_.canvas.draw()
    return np.array([text.get_window_extent().extents for text in display.texts_])


def pca_of(vectors):
    """scikit-learn's positions of unit vectors, computed in float64."""
    unit_vectors = normalize(vectors).astype(np.float64)
    return PCA(2, random_state=0).fit_transform(unit_vectors)


def tsne_of(vectors, perplexity, random_state=0):
    """scikit-learn's positions of unit vectors, computed in one thread."""
    tsne = TSNE(
        metric="cosine", init="pca", perplexity=perplexity, random_state=random_state
    )
    with threadpool_limits(1):
        return tsne.fit_transform(normalize(vectors))


def names_of(legend):
    return [text.get_text() for text in legend.get_texts()]


def colors_of(display):
    """Return the color of each point in hexadecimal."""
    display.figure_.canvas.draw()
    return [to_hex(color) for color in display.scatter_.get_facecolor()]
