"""Look-ups of words: vectors, similar words, likely contexts."""

import re
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from helpers import small

from sklearn_w2v import Word2VecVectorizer


@pytest.mark.usefixtures("gensim")
def test_keyed_vectors_have_words_vectors_and_counts(fitted):
    keyed_vectors = fitted.to_keyed_vectors()
    assert keyed_vectors.key_to_index == fitted.vocabulary_
    np.testing.assert_array_equal(keyed_vectors.vectors, fitted.embedding_matrix_)
    counts = [keyed_vectors.get_vecattr(word, "count") for word in fitted.vocabulary_]
    assert counts == fitted.word_counts_.tolist()
    ours = fitted.most_similar("cat", topn=3)
    theirs = keyed_vectors.most_similar("cat", topn=3)
    assert [word for word, _ in theirs] == [word for word, _ in ours]
    keyed_vectors.vectors[:] = 0
    assert fitted.embedding_matrix_.any()


def test_keyed_vectors_without_gensim_name_the_pip_command(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim", None)
    message = re.escape('needs gensim: pip install "sklearn-w2v[gensim]"')
    with pytest.raises(ImportError, match=message):
        fitted.to_keyed_vectors()


def test_get_vector_is_a_copy_of_the_words_row(fitted):
    vector = fitted.get_vector("cat")
    row = fitted.embedding_matrix_[fitted.vocabulary_["cat"]]
    np.testing.assert_array_equal(vector, row)
    vector[:] = 0
    assert row.any()


def test_most_similar_is_the_cosine_of_a_plain_loop(fitted):
    def unit(word):
        return fitted.get_vector(word) / np.linalg.norm(fitted.get_vector(word))

    direction = unit("cat") + unit("stock") - unit("bond")
    direction /= np.linalg.norm(direction)
    expected = sorted(
        (
            (word, float(unit(word) @ direction))
            for word in fitted.vocabulary_
            if word not in ("cat", "stock", "bond")
        ),
        key=lambda pair: -pair[1],
    )
    found = fitted.most_similar(["cat", "stock"], negative="bond", topn=100)
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose(
        [similarity for _, similarity in found],
        [similarity for _, similarity in expected],
        rtol=1e-5,
    )


@pytest.mark.parametrize("topn", [1, 3, 100])
def test_most_similar_returns_topn_other_words(topn, fitted):
    found = fitted.most_similar("cat", topn=topn)
    assert len(found) == min(topn, len(fitted.vocabulary_) - 1)
    assert "cat" not in dict(found)
    assert fitted.most_similar(["cat", "cat"], topn=topn) == found


def test_of_equally_similar_words_the_first_in_the_vocabulary_comes_first(fitted):
    words = [word for word, _ in fitted.most_similar(np.zeros(8), topn=100)]
    assert words == list(fitted.vocabulary_)


def test_most_similar_takes_vectors(fitted):
    vector = fitted.get_vector("cat")
    assert fitted.most_similar(vector)[0] == ("cat", pytest.approx(1))
    # The vector of "cat" does not exclude the word "cat" from the result.
    mixed = dict(fitted.most_similar([vector, "dog"], topn=100))
    cat, dog = (row / np.linalg.norm(row) for row in (vector, fitted.get_vector("dog")))
    expected = float(cat @ (cat + dog) / np.linalg.norm(cat + dog))
    assert mixed.pop("cat") == pytest.approx(expected, rel=1e-5)
    by_words = dict(fitted.most_similar(["cat", "dog"], topn=100))
    assert mixed == pytest.approx(by_words, rel=1e-5)


def test_most_similar_takes_words_that_are_no_text():
    baskets = [[1, 2, 3], [1, 2], [(4, 5), 6]] * 20
    fitted = small(analyzer=list).fit(baskets)
    assert fitted.most_similar(1, topn=1)[0][0] in fitted.vocabulary_


def test_most_similar_takes_negative_words_alone(fitted):
    away = fitted.most_similar(negative="cat", topn=100)
    near = fitted.most_similar("cat", topn=100)
    assert [word for word, _ in away] == [word for word, _ in near][::-1]


@pytest.mark.parametrize("topn", [0, -1, 2.5, None])
def test_most_similar_refuses_a_bad_topn(topn, fitted):
    with pytest.raises(ValueError, match="topn must be an int of at least 1"):
        fitted.most_similar("cat", topn=topn)


def test_most_similar_of_a_zero_vector_is_no_division_by_zero(fitted):
    found = fitted.most_similar(np.zeros(8), topn=2)
    assert [similarity for _, similarity in found] == [0, 0]


def test_most_similar_takes_a_tuple_that_is_a_word():
    # One of its elements is a word too.
    documents = [[("new", "york"), ("los", "angeles"), "x", "new"]] * 99
    fitted = small(analyzer=list).fit(documents)
    expected = fitted.most_similar([("new", "york")])
    assert fitted.most_similar(("new", "york")) == expected
    assert fitted.most_similar(("x", ("new", "york"))) == fitted.most_similar(
        ["x", ("new", "york")]
    )


UNKNOWN = "'unicorn' is not in the vocabulary"
ANOTHER_CASE = "'Cat' is not in the vocabulary, but 'cat' "
SIZE = r"Expected an array of shape \(8,\), got shape \(3,\)"
NO_WORD = r"Expected a word or a numpy array of floats, got \["


@pytest.mark.parametrize(
    ("method", "arguments", "error", "message"),
    [
        ("get_vector", ["unicorn"], KeyError, UNKNOWN),
        ("get_vector", [["cat", "unicorn"]], KeyError, UNKNOWN),
        ("get_vector", ["Cat"], KeyError, ANOTHER_CASE),
        ("most_similar", ["unicorn"], KeyError, UNKNOWN),
        ("most_similar", ["Cat"], KeyError, ANOTHER_CASE),
        ("most_similar", [[]], ValueError, "needs at least one word or vector"),
        ("most_similar", [None], ValueError, "needs at least one word or vector"),
        ("most_similar", [[0.1, 0.2]], KeyError, "pass a vector as a numpy array"),
        ("most_similar", [torch.ones(8)], KeyError, "pass a vector as a numpy array"),
        ("most_similar", [np.ones(3)], ValueError, SIZE),
        ("most_similar", [np.full(8, np.nan)], ValueError, "of finite floats, got NaN"),
        ("most_similar", [np.ones(8, complex)], ValueError, "or dtype=complex128"),
        ("most_similar", [np.ones(8, object)], KeyError, "1 is not in the voca"),
        ("most_similar", [np.ones(8, int)], KeyError, "1.* is not in the vocabulary"),
        ("most_similar", [[np.ones(8, int)]], ValueError, "or dtype=int64"),
        (
            "most_similar",
            [{"cat", "dog"}],
            TypeError,
            "a set, which has no order. Pass",
        ),
        ("most_similar", [np.ones(8, bool)], TypeError, "got a mask of truth values"),
        ("most_similar", [[["cat", "dog"]]], TypeError, NO_WORD),
        ("similarity", ["cat", "unicorn"], KeyError, UNKNOWN),
        ("similarity", [["cat"], "dog"], TypeError, NO_WORD),
        ("similarity", ["cat", np.ones(3)], ValueError, SIZE),
    ],
)
def test_an_error_for_a_query_names_what_is_allowed(
    method, arguments, error, message, fitted
):
    with pytest.raises(error, match=message):
        getattr(fitted, method)(*arguments)


def test_words_that_are_tuples_and_numbers_are_named_as_such():
    fitted = small(analyzer=list, sample=None).fit([[("new", "york"), ("a", "b")]] * 9)
    with pytest.raises(KeyError, match=r"\('old', 'york'\) is not in the vocabulary"):
        fitted.most_similar(("old", "york"))
    fitted = small(analyzer=list, sample=None).fit([[1, 2, 3]] * 9)
    with pytest.raises(KeyError, match=r"99 is not in the vocabulary'?$"):
        fitted.get_vector(99)


def test_get_vector_of_several_words_has_a_row_for_each(fitted):
    expected = [fitted.get_vector("cat"), fitted.get_vector("dog")]
    words = ["cat", "dog"]
    for several in (words, np.array(words), pd.Series(words), pl.Series(words)):
        np.testing.assert_array_equal(fitted.get_vector(several), expected)
    assert fitted.get_vector([]).shape == (0, 8)
    np.testing.assert_array_equal(
        fitted.get_vector(fitted.vocabulary_), fitted.embedding_matrix_
    )


@pytest.mark.parametrize("default", [0, np.arange(8), np.arange(8, dtype=np.float32)])
def test_get_vector_fills_the_rows_of_unknown_words(default, fitted):
    vectors = fitted.get_vector(["unicorn", "cat", "emu"], default=default)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[1], fitted.get_vector("cat"))
    for row in (0, 2):
        np.testing.assert_array_equal(vectors[row], np.broadcast_to(default, 8))
    np.testing.assert_array_equal(
        fitted.get_vector("unicorn", default=default), vectors[0]
    )
    with pytest.raises(ValueError, match=r"array of shape \(8,\), got shape \(3,\)"):
        fitted.get_vector(["cat"], default=np.ones(3))


def test_get_vector_of_a_range_has_the_rows_of_a_graph_in_the_order_of_nodes():
    fitted = small(analyzer=list).fit([[4, 2, 0, 2]] * 9)
    vectors = fitted.get_vector(range(5), default=0)
    assert vectors.any(axis=1).tolist() == [True, False, True, False, True]
    np.testing.assert_array_equal(vectors[4], fitted.get_vector(4))


def test_get_vector_takes_words_that_are_numpys():
    fitted = small(analyzer=list).fit([np.arange(4)] * 20)
    np.testing.assert_array_equal(fitted.get_vector(np.int64(3)), fitted.get_vector(3))
    np.testing.assert_array_equal(
        fitted.get_vector(np.arange(2)), fitted.get_vector([0, 1])
    )


def test_similarity_is_the_one_that_most_similar_gives(fitted):
    for word, similarity in fitted.most_similar("cat", topn=3):
        assert fitted.similarity("cat", word) == pytest.approx(similarity, rel=1e-5)
        vector = fitted.get_vector(word)
        assert fitted.similarity(vector, "cat") == pytest.approx(similarity, rel=1e-5)
    assert fitted.similarity("cat", "cat") == pytest.approx(1)
    assert fitted.similarity("cat", np.zeros(8)) == 0


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_both_matrices_are_reachable_where_they_were_kept(vectors, texts):
    kept = small(vectors=vectors, store_matrices=True).fit(texts)
    of_centers = small(vectors="center").fit(texts)
    of_contexts = small(vectors="context").fit(texts)
    # Centers that are computed from an average differ in their last bit.
    np.testing.assert_allclose(
        kept.center_matrix_, of_centers.embedding_matrix_, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(kept.context_matrix_, of_contexts.embedding_matrix_)


@pytest.mark.parametrize(
    ("vectors", "kept"),
    [("average", []), ("center", ["center"]), ("context", ["context"])],
)
def test_the_error_for_a_matrix_that_was_not_kept_names_the_parameter(
    vectors, kept, texts
):
    fitted = small(vectors=vectors).fit(texts)
    for kind in ("center", "context"):
        if kind in kept:
            matrix = getattr(fitted, f"{kind}_matrix_")
            np.testing.assert_array_equal(matrix, fitted.embedding_matrix_)
        else:
            assert not hasattr(fitted, f"{kind}_matrix_")
            message = (
                f"{kind}_matrix_ was not kept. Fit with store_matrices=True to keep"
            )
            with pytest.raises(AttributeError, match=message):
                getattr(fitted, f"{kind}_matrix_")


@pytest.mark.parametrize("sample", [None, 0.02])
@pytest.mark.parametrize("ns_exponent", [0.75, 0, -0.5])
def test_most_likely_context_gives_the_probabilities_of_the_documents(
    sample, ns_exponent
):
    n_items = 8
    rng = np.random.default_rng(0)
    joint = rng.gamma(0.5, size=(n_items, n_items))
    drawn = rng.choice(joint.size, 10_000, p=(joint / joint.sum()).ravel())
    pairs = np.stack(np.unravel_index(drawn, joint.shape), axis=1).tolist()
    counts = np.zeros_like(joint)
    for first, second in pairs:
        counts[first, second] += 1
        counts[second, first] += 1
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vector_size=16,
        sample=sample,
        ns_exponent=ns_exponent,
        epochs=40,
        store_matrices=True,
        random_state=0,
    ).fit(pairs)

    found = np.zeros_like(joint)
    for item in range(n_items):
        contexts = vectorizer.most_likely_context(item, topn=n_items)
        probabilities = [probability for _, probability in contexts]
        assert probabilities == sorted(probabilities, reverse=True)
        for context, probability in contexts:
            found[item, context] = probability
    expected = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_most_likely_context_of_several_words_averages_their_centers(texts):
    fitted = small(store_matrices=True, sample=None).fit(texts)
    contexts = dict(fitted.most_likely_context(["cat", "dog"], topn=100))
    rows = [fitted.vocabulary_[word] for word in ("cat", "dog")]
    center = fitted.center_matrix_[rows].mean(axis=0)
    weights = fitted.word_counts_**0.75 * np.exp(fitted.context_matrix_ @ center)
    expected = weights / weights.sum()
    assert list(contexts.values()) == pytest.approx(sorted(expected)[::-1], rel=1e-4)
    assert contexts["cat"] == pytest.approx(expected[rows[0]], rel=1e-4)


def test_most_likely_context_never_is_a_word_that_did_not_occur():
    vectorizer = small(
        vocabulary=["cat", "emu", "dog"], store_matrices=True, sample=None
    )
    contexts = vectorizer.fit(["cat dog"] * 50).most_likely_context("emu", topn=3)
    assert contexts[-1] == ("emu", 0.0)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (np.ones(8), TypeError, "takes words, not vectors"),
        ([], ValueError, "most_likely_context needs at least one word"),
        (None, ValueError, "most_likely_context needs at least one word"),
    ],
)
def test_most_likely_context_needs_words(words, error, message, texts):
    fitted = small(store_matrices=True).fit(texts)
    with pytest.raises(error, match=message):
        fitted.most_likely_context(words)


def test_the_error_of_most_likely_context_names_the_parameter(fitted, texts, tmp_path):
    fitted.save_word2vec_format(tmp_path / "vectors.txt")
    loaded = Word2VecVectorizer.from_word2vec_format(tmp_path / "vectors.txt")
    of_centers = small(vectors="center").fit(texts)
    for vectorizer in (fitted, loaded, of_centers):
        with pytest.raises(AttributeError, match="Fit with store_matrices=True, which"):
            vectorizer.most_likely_context("cat")


@pytest.mark.filterwarnings("ignore:sample=0.001 dropped 97%")
def test_rare_items_have_their_probabilities_next_to_a_dominant_one():
    # As in clicks: one page occurs 400,000 times, and thirty others thirty times each.
    random = np.random.RandomState(0)
    sessions = [["home"] * 20 for _ in range(20_000)]
    for item in range(30):
        for session, place in random.randint([20_000, 20], size=(30, 2)):
            sessions[session][place] = item
    vectorizer = Word2VecVectorizer(analyzer=list, store_matrices=True, random_state=0)
    likely = vectorizer.fit(sessions).most_likely_context("home", topn=31)
    assert likely[0][0] == "home"
    for _, probability in likely[1:]:
        assert 0.2 < probability / (30 / 400_000) < 3
