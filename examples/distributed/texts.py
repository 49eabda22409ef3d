"""What the recipes of this folder share: texts, a vectorizer, and how a run went."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from sklearn_w2v import Word2VecVectorizer

#: Texts to learn from, and times that all texts are taken, for there to be something.
N_LEARNED, N_TIMES = 5_000, 20


def read_texts():
    """Return the lines of the file that the command names, several times over."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    return lines * N_TIMES


def fit_on(texts):
    """Return a vectorizer that has learned from the first texts."""
    return Word2VecVectorizer(random_state=0).fit(texts[:N_LEARNED])


@contextmanager
def timed(what, n_texts):
    """Print how many texts a second went through."""
    begin = time.perf_counter()
    yield
    seconds = time.perf_counter() - begin
    speed = n_texts / seconds
    print(f"{what}: {n_texts:,} texts in {seconds:.1f} s, {speed:,.0f} a second")


def check(vectors, texts, vectorizer):
    """Make sure that some vectors are those that a plain `transform` gives."""
    np.testing.assert_array_equal(
        np.stack(vectors[:1000]), vectorizer.transform(texts[:1000])
    )
