"""The words with the highest scores."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sklearn_w2v import _search
from sklearn_w2v._search import (
    GROUP_SIZE,
    highest,
    products,
    search,
    vector_lengths,
)


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=2, max_dims=2, max_side=300),
        elements=st.sampled_from([-np.inf, -1, 0, 0.25, 0.5, 1]),
        fill=st.sampled_from([0, 1]),
    ),
    st.data(),
)
def test_highest_is_a_stable_sort(scores, data):
    n = data.draw(st.integers(0, scores.shape[1]))
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    np.testing.assert_array_equal(highest(scores, n), expected)


@pytest.mark.parametrize("n", [1, 10, 100])
def test_highest_of_many_different_scores_is_a_stable_sort(n):
    scores = np.random.default_rng(0).normal(size=(7, 50 * GROUP_SIZE + 5))
    scores = scores.astype(np.float32).round(2)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    np.testing.assert_array_equal(highest(scores, n), expected)


@pytest.mark.parametrize("scores_at_once", [1, 50, 2**22])
@pytest.mark.parametrize("searched", [None, np.array([1, 3, 4, 9])])
def test_search_in_blocks_is_a_plain_loop(scores_at_once, searched, monkeypatch):
    monkeypatch.setattr(_search, "SCORES_AT_ONCE", scores_at_once)
    monkeypatch.setattr(_search, "SMALLEST_BLOCK", 2)
    rng = np.random.default_rng(0)
    words = np.array([f"w{row}" for row in range(10)], dtype=object)
    scores = rng.normal(size=(7, 10)).astype(np.float32)
    excluded = [rng.choice(10, size, replace=False) for size in range(7)]
    rows = np.arange(10) if searched is None else searched
    found = search(
        lambda block: scores[block][:, rows], words, searched, excluded, topn=6
    )

    assert found.words.shape == (7, min(6, len(rows)))
    for query in range(7):
        left = sorted(set(rows) - set(excluded[query]), key=lambda r: -scores[query, r])
        left = left[:6]
        n_missing = found.words.shape[1] - len(left)
        assert found.words[query].tolist() == [
            *(f"w{row}" for row in left),
            *[None] * n_missing,
        ]
        np.testing.assert_array_equal(
            found.scores[query], [*scores[query, left], *[np.nan] * n_missing]
        )


def test_search_of_no_query_and_of_no_word_has_empty_arrays():
    words = np.array(["a", "b"], dtype=object)
    none = search(lambda block: np.empty((0, 2), np.float32), words, None, [], topn=5)
    assert none.words.shape == none.scores.shape == (0, 2)
    rows = np.empty(0, dtype=np.intp)
    none = search(lambda block: np.empty((1, 0), np.float32), words, rows, [rows], 5)
    assert none.words.shape == none.scores.shape == (1, 0)


class Queries:
    """Counts the products that are computed at the same time."""

    n_running = n_at_most = 0

    def __matmul__(self, matrix):
        self.n_running += 1
        self.n_at_most = max(self.n_at_most, self.n_running)
        time.sleep(0.01)
        self.n_running -= 1
        return matrix


def test_products_of_several_threads_are_computed_one_at_a_time():
    queries = Queries()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(products, [queries] * 8, np.eye(8)))
    assert queries.n_at_most == 1


def test_lengths_of_very_short_and_long_vectors_are_those_of_float64():
    vectors = np.array([[3e-25, 4e-25], [3e14, 4e14], [0, 0]], dtype=np.float32)
    np.testing.assert_allclose(vector_lengths(vectors), [5e-25, 5e14, 1], rtol=1e-6)
