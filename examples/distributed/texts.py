"""Texts, a vectorizer and a timer for the scripts that serve a vectorizer."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sklearn_w2v import Word2VecVectorizer

#: Number of texts to learn from, and of repetitions of all texts to transform.
N_LEARNED, N_TIMES = 5_000, 20


def read_texts():
    """Return the lines of the file that the command names, repeated."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    return lines * N_TIMES


def fit_on(texts):
    """Return a vectorizer that is fitted on the first texts."""
    return Word2VecVectorizer(random_state=0).fit(texts[:N_LEARNED])


@contextmanager
def timed(what, n_texts):
    """Print the texts per second of the `with` block."""
    begin = time.perf_counter()
    yield
    seconds = time.perf_counter() - begin
    speed = n_texts / seconds
    print(f"{what}: {n_texts:,} texts in {seconds:.1f} s, {speed:,.0f} per second")


def check(vectors, texts, vectorizer):
    """Check that the first vectors equal those of a plain `transform`."""
    np.testing.assert_array_equal(
        np.stack(vectors[:1000]), vectorizer.transform(texts[:1000])
    )
