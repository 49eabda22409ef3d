"""Noise words, drawn with their probabilities, however small these are.

The draws are stratified. The noise distribution, with words in their order, is split
into strata of equal probability, as many as a group has noise words, and a group gets
one word from each stratum. A word is expected as often as in independent draws, but the
actual number of a frequent word is always close to that.

Each stratum has an alias table (Walker, 1977): columns of equal probability, each of
which belongs to one word below a threshold, and to another word, its alias, from there
on.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Bits of a draw that choose between a column's word and its alias; they determine how
#: exact the probabilities are. The bits above, up to DRAW_BITS, choose the column.
THRESHOLD_BITS = 36
DRAW_BITS = 62


class Noise:
    """Draws noise words.

    Parameters
    ----------
    probabilities : ndarray of shape (n_words,)
        The probability of each word.
    n_noise : int
        The number of noise words of a group.
    device : torch.device
        The device on which they are drawn.
    """

    def __init__(
        self, probabilities: NDArray[np.float64], n_noise: int, device: torch.device
    ) -> None:
        strata = _strata(probabilities, n_noise)
        tables = [_alias_table(*stratum) for stratum in strata]
        lengths = np.array([len(thresholds) for thresholds, _ in tables])
        thresholds, choices = map(np.concatenate, zip(*tables, strict=True))
        self.thresholds = torch.from_numpy(thresholds).to(device)  # (n_columns,)
        # The word and its alias, (n_columns * 2,).
        self.choices = torch.from_numpy(choices).to(device).flatten()
        # Each (n_noise,). A stratum has a power of two of columns: bits choose one.
        self.masks = torch.from_numpy(lengths - 1).to(device)
        self.starts = torch.from_numpy(np.cumsum(lengths) - lengths).to(device)

    def draw(self, n_groups: int, generator: torch.Generator) -> Tensor:
        """Draw the noise words of groups, (n_groups, n_noise) int32."""
        shape = n_groups, len(self.starts)
        draws = torch.randint(
            2**DRAW_BITS, shape, generator=generator, device=self.starts.device
        )
        columns = (draws >> THRESHOLD_BITS).bitwise_and_(self.masks).add_(self.starts)
        columns, draws = columns.flatten(), draws.flatten()
        draws.bitwise_and_(2**THRESHOLD_BITS - 1)
        is_alias = draws >= self.thresholds.index_select(0, columns)
        columns.mul_(2).add_(is_alias)
        return self.choices.index_select(0, columns).view(shape)


def _strata(
    probabilities: NDArray[np.float64], n_strata: int
) -> list[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Split a distribution into strata of equal probability.

    Returns the words of each stratum, and their probabilities within it.
    """
    words = np.flatnonzero(probabilities).astype(np.int32)
    ends = np.cumsum(probabilities[words])
    ends *= n_strata / ends[-1]
    starts = np.concatenate([[0.0], ends[:-1]])
    strata = []
    for stratum in range(n_strata):
        first = np.searchsorted(ends, stratum, side="right")
        last = np.searchsorted(starts, stratum + 1, side="left")
        inside = np.minimum(ends[first:last], stratum + 1)
        inside -= np.maximum(starts[first:last], stratum)
        strata.append((words[first:last], inside / inside.sum()))
    return strata


def _alias_table(
    words: NDArray[np.int32], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the threshold of each column, and its word and alias.

    The number of columns is a power of two. Large words, whose probability exceeds that
    of a column, fill up the columns of small words, one large word after the other. One
    that has given away too much to fill its own column gets the next large word as the
    alias. So the sum given away before a column is filled determines its alias.
    """
    n_columns = 1 << (len(words) - 1).bit_length()
    of_column = np.zeros(n_columns)
    of_column[: len(words)] = probabilities * n_columns  # 1 fills a column
    words = np.resize(words, n_columns)
    is_large = of_column > 1
    large, small = np.flatnonzero(is_large), np.flatnonzero(~is_large)
    aliases = words.copy()
    if len(large):
        given = np.cumsum(1 - of_column[small])  # when a small column is filled
        to_give = np.cumsum(of_column[large] - 1)
        before = np.concatenate([[0.0], given[:-1]])[: len(small)]
        giver = np.searchsorted(to_give, before, side="right")
        aliases[small] = words[large[np.minimum(giver, len(large) - 1)]]
        # A large column lacks what its word gave away beyond the excess.
        filled = np.searchsorted(given, to_give[:-1], side="left")
        last = np.minimum(filled, len(given) - 1) if len(given) else filled[:0]
        of_column[large] = 1.0
        of_column[large[:-1]] = 1.0 + to_give[:-1] - given[last]
        aliases[large[:-1]] = words[large[1:]]
    thresholds = np.rint(of_column * 2.0**THRESHOLD_BITS)
    thresholds = thresholds.clip(0, 2**THRESHOLD_BITS - 1).astype(np.int64)
    return thresholds, np.stack([words, aliases], axis=1)
