"""The tokens of all ranks, and how often they occur."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_w2v._corpus import WordCounts, no_counts
from sklearn_w2v._ranks import Ranks

ALL_ROWS = slice(None)


class TokenTable(NamedTuple):
    """The distinct tokens of some documents, and how often they occur."""

    tokens: list[Any]
    counts: WordCounts


def gather_tables(
    ranks: Ranks, own: TokenTable, known: Iterable[Any]
) -> tuple[TokenTable, NDArray[np.int64]]:
    """Return the table of all ranks, and the positions of this rank's tokens in it.

    Known words come first. Other tokens follow in the order in which one rank would
    first see them if it read the documents of all ranks one after the other.
    """
    if ranks.world_size == 1:
        return own, np.arange(len(own.tokens))
    position_of = {word: position for position, word in enumerate(known)}
    counts = no_counts(len(position_of))
    for rank, (tokens, rank_counts) in enumerate(
        ranks.all_gather(own, "tokens and their counts")
    ):
        found = [position_of.setdefault(token, len(position_of)) for token in tokens]
        rank_positions = np.array(found, dtype=np.int64)
        rows_before = slice(len(counts.tokens))
        counts = no_counts(len(position_of)).plus(counts, rows_before, ALL_ROWS)
        counts = counts.plus(rank_counts, rank_positions, ALL_ROWS)
        if rank == ranks.rank:
            own_positions = rank_positions
    return TokenTable(list(position_of), counts), own_positions


def gather_counts(ranks: Ranks, counts: WordCounts) -> WordCounts:
    """Return the counts of the same words in the documents of all ranks."""
    total = no_counts(len(counts.tokens))
    for rank_counts in ranks.all_gather(counts, "counts of words"):
        total = total.plus(rank_counts, ALL_ROWS, ALL_ROWS)
    return total
