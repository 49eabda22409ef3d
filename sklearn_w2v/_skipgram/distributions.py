"""word2vec's distributions over words, and the weights of pairs. No torch."""

import numpy as np
from numpy.typing import NDArray


def keep_probabilities(
    counts: NDArray[np.int64], sample: float | None
) -> NDArray[np.float64]:
    """Probability that a token survives the sub-sampling of frequent words.

    With f a word's share of the tokens, sqrt(sample / f) + sample / f, at most 1: the
    formula of the word2vec program, which differs a little from the one printed in
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
    Compositionality", section 2.3.
    """
    if not sample:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(np.sqrt(ratio) + ratio, 1.0)


def noise_probabilities(
    counts: NDArray[np.int64], ns_exponent: float
) -> NDArray[np.float64]:
    """Probability that a noise draw gives a word: count ** ns_exponent, normalised.

    The exponent 0.75 is that of Mikolov et al. (2013), section 2.2. A word that never
    occurs is never drawn.
    """
    weights = np.zeros(len(counts))
    seen = counts > 0
    # The largest count goes out of the power first, so that no exponent overflows.
    weights[seen] = (counts[seen] / counts.max()) ** ns_exponent
    return weights / weights.sum()


def weights_by_distance(
    window: int, shrink_windows: bool, *, longest: int
) -> NDArray[np.float64]:
    """Return what a pair counts, by its distance: 1, 2... as far as documents reach."""
    distance = np.arange(1, max(2, min(window + 1, longest)))
    if shrink_windows:
        widest = np.float64(window)  # an int may be too large for numpy
        return (widest + 1 - distance) / widest
    return np.ones(len(distance))
