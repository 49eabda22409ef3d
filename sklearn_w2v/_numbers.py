"""Which numbers word vectors may have."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Largest absolute value of a number in a word vector. Squared it is 1e30, and float32
#: ends at 3.4e38: norms and dot products of vectors with up to 1e8 numbers are finite.
#: Useful vectors are far shorter; larger numbers mean a damaged file or a training that
#: diverged.
LARGEST_NUMBER = 1e15

#: What errors call the numbers that are refused.
REFUSED_NUMBERS = f"nan, infinite or beyond +-{LARGEST_NUMBER:g}"


def check_vectors(
    words: Sequence[Any], vectors: NDArray[np.float32], source: str = ""
) -> None:
    """Raise a ValueError for the first word whose vector has a refused number.

    Parameters
    ----------
    words : sequence of length n_words
    vectors : ndarray of shape (n_words, vector_size)
    source : str, default=""
        Where the vectors come from, for the message: " in init_vectors", for example.
    """
    if not vectors.size:
        return
    with np.errstate(invalid="ignore"):
        # Two reductions need no memory. Both return nan if there is one, and comparing
        # nan is False.
        if vectors.max() <= LARGEST_NUMBER and vectors.min() >= -LARGEST_NUMBER:
            return
        is_valid = (np.abs(vectors) <= LARGEST_NUMBER).all(axis=1)  # (n_words,)
    word = words[int(is_valid.argmin())]
    if isinstance(word, str):
        word = word[:99]
    raise ValueError(
        f"The vector of {word!r}{source} has a number that is {REFUSED_NUMBERS}."
    )


@contextmanager
def ignore_underflow() -> Iterator[None]:
    """Let tiny results become zero, also if the user's `numpy.seterr` forbids it.

    This is numpy's default. Products of short vectors underflow, which is no error.
    """
    with np.errstate(under="ignore"):
        yield
