"""word2vec's distributions over words, and the weights of pairs. No torch."""

import numpy as np
from numpy.typing import NDArray


def keep_probabilities(
    counts: NDArray[np.int64], sample: float | None
) -> NDArray[np.float64]:
    """Return the probability that a token survives the subsampling of frequent words.

    It is sqrt(sample / f) + sample / f, at most 1, where f is the word's share of the
    tokens. This is the formula of the word2vec program. It differs slightly from the
    one in Mikolov et al. (2013), "Distributed Representations of Words and Phrases and
    their Compositionality", section 2.3.
    """
    if not sample:
        return np.ones(len(counts))
    ratio = sample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(np.sqrt(ratio) + ratio, 1.0)


def noise_probabilities(
    counts: NDArray[np.int64], ns_exponent: float
) -> NDArray[np.float64]:
    """Return the probability of each noise word: count ** ns_exponent, normalized.

    The exponent 0.75 is that of Mikolov et al. (2013), section 2.2. A word that never
    occurs is never drawn.
    """
    weights = np.zeros(len(counts))
    seen = counts > 0
    # Dividing by the largest count first avoids overflow for any exponent.
    weights[seen] = (counts[seen] / counts.max()) ** ns_exponent
    return weights / weights.sum()


def weights_by_distance(
    window: int, shrink_windows: bool, *, longest: int
) -> NDArray[np.float64]:
    """Return the weights of pairs at distances 1, 2, ... as far as documents reach."""
    distance = np.arange(1, max(2, min(window + 1, longest)))
    if shrink_windows:
        widest = np.float64(window)  # an int may be too large for numpy
        return (widest + 1 - distance) / widest
    return np.ones(len(distance))
