"""Look-ups of many queries at once, and by many threads."""

import contextlib
import json
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from helpers import small
from sklearn.neighbors import NearestNeighbors

from sklearn_w2v import Word2VecVectorizer


@pytest.fixture(scope="module")
def fitted(texts):
    return small(epochs=10, sample=None, store_matrices=True).fit(texts)


@pytest.fixture(scope="module")
def shop():
    """A vectorizer of items that are integers of NumPy."""
    rng = np.random.default_rng(0)
    sessions = [rng.integers(20, size=8) for _ in range(200)]
    return small(analyzer=list, sample=None, store_matrices=True).fit(sessions)


def test_nearest_words_of_vectors_are_those_of_nearest_neighbors(fitted, texts):
    vectors = fitted.transform(texts[:50])
    index = NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute")
    index.fit(fitted.embedding_matrix_)
    distances, rows = index.kneighbors(vectors)
    words, similarities = fitted.nearest_words(vectors, topn=7)
    names = np.array(list(fitted.vocabulary_), dtype=object)
    np.testing.assert_allclose(similarities, 1 - distances, atol=1e-6)
    # Similarities that are equal in float32 can change places.
    is_clear = (np.diff(distances, axis=1) > 1e-6).all(axis=1)
    assert is_clear.sum() > 40
    np.testing.assert_array_equal(words[is_clear], names[rows][is_clear])


def test_nearest_words_of_words_are_those_of_most_similar(fitted):
    queries = ["cat", "stock", "cat"]
    words, similarities = fitted.nearest_words(queries, topn=4)
    for query, some, cosines in zip(queries, words, similarities, strict=True):
        found = fitted.most_similar(query, topn=4)
        assert some.tolist() == [word for word, _ in found]
        np.testing.assert_allclose(cosines, [cosine for _, cosine in found], rtol=1e-5)


def test_likely_contexts_are_those_of_most_likely_context(fitted):
    queries = ["cat", ["dog", "cat"], ("bond",)]
    words, probabilities = fitted.likely_contexts(queries, topn=100)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    for query, some, chances in zip(queries, words, probabilities, strict=True):
        found = fitted.most_likely_context(query, topn=100)
        assert some.tolist() == [word for word, _ in found]
        np.testing.assert_allclose(chances, [p for _, p in found], rtol=1e-5)


@pytest.mark.parametrize("method", ["nearest_words", "likely_contexts"])
def test_words_to_exclude_and_to_search_are_as_if_filtered_afterwards(method, shop):
    look_up = getattr(shop, method)
    queries, among = [3, 11, 4], [1, 3, 4, 5, 11]
    exclude = [5, [4, "unknown", 1], {11}]
    all_words, all_scores = look_up(queries, topn=100)
    words, scores = look_up(queries, topn=4, among=among, exclude=exclude)
    assert words.shape == scores.shape == (3, 4)
    for query in range(3):
        left_out = {5} if query == 0 else exclude[query]
        expected = [
            (word, score)
            for word, score in zip(all_words[query], all_scores[query], strict=True)
            if word in among and word not in left_out
        ][:4]
        found = [
            (word, score)
            for word, score in zip(words[query], scores[query], strict=True)
            if word is not None
        ]
        assert [word for word, _ in found] == [word for word, _ in expected]
        np.testing.assert_allclose(
            [score for _, score in found], [score for _, score in expected], rtol=1e-5
        )
    np.testing.assert_array_equal(np.isnan(scores), np.equal(words, None))


def test_an_array_of_ids_has_one_query_each_and_rows_of_ids_have_several(shop):
    ids = np.array([3, 11, 4])
    words, _ = shop.nearest_words(ids, topn=2)
    assert words.tolist() == shop.nearest_words(pd.Series(ids), topn=2)[0].tolist()
    contexts, _ = shop.likely_contexts(np.array([[3, 11], [4, 5]]), topn=2)
    assert contexts.tolist() == shop.likely_contexts([[3, 11], [4, 5]], 2)[0].tolist()


def test_look_ups_take_padded_rows(shop):
    rows = np.ma.masked_equal([[3, -1], [4, 5]], -1)
    lists = [[3], [4, 5]]
    contexts, _ = shop.likely_contexts(rows, topn=3, exclude=rows)
    assert (
        contexts.tolist() == shop.likely_contexts(lists, 3, exclude=lists)[0].tolist()
    )
    assert shop.most_likely_context(rows[0]) == shop.most_likely_context([3])
    vectors = shop.get_vector(rows[0], default=0)
    np.testing.assert_array_equal(vectors, [shop.get_vector(3), np.zeros(8)])


def test_a_document_without_words_is_a_zero_vector_also_if_zero_is_a_word(shop):
    vectors = shop.transform([["unknown"]])
    words, similarities = shop.nearest_words(vectors, topn=3)
    np.testing.assert_array_equal(similarities, 0)
    assert shop.most_similar(vectors[0], topn=3) == [(word, 0) for word in words[0]]


def test_an_array_of_one_word_is_not_found_for_itself(shop):
    assert shop.most_similar(np.array(3)) == shop.most_similar(3)


@pytest.mark.parametrize("topn", [np.int8(3), np.uint64(3), True])
def test_topn_can_be_an_integer_of_every_type(topn, shop):
    assert shop.most_similar(3, topn) == shop.most_similar(3, int(topn))
    words, _ = shop.likely_contexts([3], topn)
    assert words.shape == (1, topn)


def test_ten_ids_are_no_vector_of_ten_dimensions():
    sessions = [list(range(12))] * 50
    fitted = small(analyzer=list, vector_size=10).fit(sessions)
    ids = np.arange(10)
    assert fitted.most_similar(ids) == fitted.most_similar(list(range(10)))


def test_words_of_numpy_come_back_as_those_of_python(shop):
    assert all(type(word) is int for word in shop.vocabulary_)
    json.dumps(shop.most_similar(3))
    json.dumps(shop.most_likely_context(3))
    json.dumps(shop.nearest_words([3])[0].tolist())
    given = small(analyzer=list, vocabulary=np.arange(20)).fit([np.arange(20)] * 9)
    json.dumps(given.most_similar(3))
    nested = small(analyzer=list).fit([[(np.int64(1), "a"), np.str_("b"), 2]] * 50)
    assert [type(word) for word in nested.vocabulary_] == [tuple, str, int]
    json.dumps(nested.most_similar("b"))


@pytest.mark.parametrize("scale", [1e-20, 1, 1e3])
def test_similarities_never_leave_minus_one_to_one(scale):
    known = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
    known = {f"w{row // 2}_{row % 2}": known[row // 2] * scale for row in range(400)}
    fitted = small(init_vectors=known, trainable=False).fit([" ".join(known)] * 3)
    for words in ([f"w{row}_0" for row in range(200)], fitted.embedding_matrix_):
        _, similarities = fitted.nearest_words(words, topn=400)
        assert np.nanmax(np.abs(similarities)) <= 1
        assert np.nanmax(similarities) > 1 - 1e-6
    assert max(fitted.similarity(f"w{i}_0", f"w{i}_1") for i in range(200)) <= 1
    assert max(fitted.most_similar(f"w{i}_0")[0][1] for i in range(200)) <= 1


@pytest.mark.parametrize(
    ("look_up", "error", "message"),
    [
        (lambda v: v.nearest_words("cat"), TypeError, "many queries: pass a list"),
        (lambda v: v.nearest_words({"cat"}), TypeError, "a set, which has no order"),
        (
            lambda v: v.nearest_words(["cat", "unicorn"]),
            KeyError,
            "query 1: 'unicorn' is not in the vocabulary; leave unknown words out",
        ),
        (lambda v: v.nearest_words(["cat"], topn=0), ValueError, "topn must be an int"),
        (
            lambda v: v.nearest_words(np.zeros(8)),
            ValueError,
            "array of shape (8, 8), got shape (8,). Pass one vector as vector[np.",
        ),
        (
            lambda v: v.nearest_words(np.zeros((2, 3))),
            ValueError,
            "array of shape (2, 8), got shape (2, 3). Pass vectors such as get_vec",
        ),
        (
            lambda v: v.nearest_words(np.full((2, 8), np.inf)),
            ValueError,
            "vectors of finite floats",
        ),
        (
            lambda v: v.nearest_words(["cat"], among=["unicorn"]),
            KeyError,
            "among: 'unicorn' is not in the vocabulary; leave unknown words out",
        ),
        (
            lambda v: v.nearest_words(["cat"], exclude=["dog", "emu"]),
            ValueError,
            "exclude must have one entry for each of the 1 queries, got 2",
        ),
        (
            lambda v: v.nearest_words([np.ones(8)]),
            TypeError,
            "Pass several vectors as the rows of one array of floats",
        ),
        (
            lambda v: v.nearest_words(np.ma.masked_equal(np.eye(2, 8), 0)),
            ValueError,
            "masked elements",
        ),
        (
            lambda v: v.nearest_words(["cat"], among="dog"),
            TypeError,
            "among takes several words: pass a list, not a str",
        ),
        (
            lambda v: v.nearest_words(["cat", "dog", "paw"], exclude="cat"),
            TypeError,
            "exclude takes the word or words of each query",
        ),
        (
            lambda v: v.nearest_words(["cat"], exclude={0: "dog"}),
            TypeError,
            "pass a list, not a dict",
        ),
        (
            lambda v: v.nearest_words(["cat"], exclude={"dog"}),
            TypeError,
            "a set, which has no order",
        ),
        (lambda v: v.likely_contexts("cat"), TypeError, "use most_likely_context"),
        (
            lambda v: v.likely_contexts(["cat", []]),
            ValueError,
            "at least one word in each query, and query 1 has none",
        ),
        (
            lambda v: v.likely_contexts(["cat", ["dog", "unicorn"]]),
            KeyError,
            "query 1: 'unicorn' is not in the vocabulary; leave unknown words out",
        ),
        (lambda v: v.likely_contexts(np.ones((1, 8))), TypeError, "not vectors"),
    ],
)
def test_errors_say_what_many_queries_are(look_up, error, message, fitted):
    with pytest.raises(error, match=re.escape(message)):
        look_up(fitted)


def test_likely_contexts_say_what_keeps_the_matrices(texts):
    message = "likely_contexts needs both matrices.*Fit with store_matrices=True"
    with pytest.raises(AttributeError, match=message):
        small().fit(texts).likely_contexts(["cat"])


@pytest.mark.parametrize(
    ("sample", "n_items", "warns"), [(1e-3, 10, True), (1e-3, 1000, False), (0, 10, 0)]
)
def test_subsampling_that_drops_most_tokens_is_warned_of(sample, n_items, warns):
    sessions = np.random.default_rng(0).integers(n_items, size=(1000, 10))
    fitted = small(analyzer=list, sample=sample, store_matrices=True).fit(sessions)
    expected = contextlib.nullcontext()
    if warns:
        message = "sample=0.001 dropped 89% of the tokens.*Fit with sample=None"
        expected = pytest.warns(UserWarning, match=message)
    for look_up in (fitted.most_likely_context, lambda w: fitted.likely_contexts([w])):
        with expected:
            look_up(3)


def test_storing_the_matrices_changes_nothing_else(texts, fitted):
    plain = small(epochs=10, sample=None).fit(texts)
    np.testing.assert_array_equal(plain.embedding_matrix_, fitted.embedding_matrix_)
    again = small(epochs=10, sample=None, store_matrices=True).fit(texts).fit(texts)
    np.testing.assert_array_equal(again.embedding_matrix_, fitted.embedding_matrix_)


def test_a_look_up_takes_little_memory_and_none_of_it_is_pickled():
    n_words, vector_size = 20_000, 64
    vectors = np.random.default_rng(0).normal(size=(n_words, vector_size))
    known = {f"w{row}": vector for row, vector in enumerate(vectors)}
    fitted = Word2VecVectorizer(
        vocabulary=list(known), init_vectors=known, vector_size=vector_size, sample=None
    ).fit(["w1 w2 w3"] * 20)
    attributes = set(vars(fitted))
    fitted.most_similar("w7")
    tracemalloc.start()
    fitted.most_similar("w7")
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < fitted.embedding_matrix_.nbytes / 10
    assert set(vars(fitted)) == attributes


def test_fit_transform_is_of_its_own_fit_if_another_one_ends_meanwhile(texts):
    class Served(Word2VecVectorizer):
        def _replace_learned(self, learned):
            super()._replace_learned(learned)
            super()._replace_learned(other)  # of another thread

    other = small(vector_size=3, max_features=5).fit(texts)._learned()
    vectors = Served(**small().get_params()).fit_transform(texts)
    np.testing.assert_array_equal(vectors, small().fit_transform(texts))


def test_answers_during_a_fit_are_those_of_one_fit(texts):
    """Two fits with other words, sizes and vectors alternate while threads look up."""
    animals = [text for text in texts if "cat" in text or "dog" in text]
    fits = [
        small(vocabulary=["cat", "dog", "paw"], sample=None, store_matrices=True),
        small(vector_size=12, sample=None, store_matrices=True),
    ]
    learned = [vectorizer.fit(animals)._learned() for vectorizer in fits]

    def answers(vectorizer):
        vectors, _ = vectorizer.nearest_words(["cat", "dog"], topn=2)
        return (
            vectorizer.most_similar("cat", topn=3),
            vectorizer.most_likely_context("cat", topn=3),
            vectorizer.transform(animals[:2]).tolist(),
            vectorizer.get_vector(["dog", "cat"]).tolist(),
            vectorizer.coverage(animals[:2]).tolist(),
            vectors.tolist(),
        )

    expected = list(zip(*map(answers, fits), strict=True))
    served, is_served = small(sample=None), True

    def fit_again():
        for number in range(3000):
            served._replace_learned(learned[number % 2])

    def look_up(_):
        wrong = []
        while is_served:
            wrong += [
                answer
                for answer, allowed in zip(answers(served), expected, strict=True)
                if answer not in allowed
            ]
        return wrong

    served._replace_learned(learned[0])
    with ThreadPoolExecutor(4) as pool:
        clients = pool.map(look_up, range(3))
        pool.submit(fit_again).result()
        is_served = False
        assert list(clients) == [[], [], []]


def test_words_of_a_new_vocabulary_are_those_that_are_returned(shop):
    renamed = deepcopy(shop)
    renamed.most_similar(3)
    names = {f"item {word}": row for word, row in shop.vocabulary_.items()}
    renamed.vocabulary_ = names
    assert [word for word, _ in renamed.most_similar("item 3")] == [
        f"item {word}" for word, _ in shop.most_similar(3)
    ]
