"""The map of words: which words it shows, and their groups."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from drawn import boxes_of, colors_of, names_of, pca_of, to_hex, tsne_of

from sklearn_w2v import Word2VecVectorizer, WordMapDisplay
from sklearn_w2v._learned import learned_from_vectors

pytestmark = pytest.mark.usefixtures("close_figures")


def test_all_words_of_a_small_vocabulary_are_shown_the_most_frequent_first(texts):
    words = ["cat", "nowhere", "stock", "dog", "bond"]
    vectorizer = Word2VecVectorizer(vocabulary=words, vector_size=8, random_state=0)
    vectorizer.fit(texts)
    counts = [" ".join(texts).split().count(word) for word in words]
    by_count = [words[row] for row in np.argsort(counts)[::-1]]
    assert by_count != words
    assert WordMapDisplay.from_estimator(vectorizer).words == by_count
    vectorizer.word_counts_ = np.array([1, 2, 1, 2, 1])
    ties_by_row = ["nowhere", "dog", "cat", "stock", "bond"]
    assert WordMapDisplay.from_estimator(vectorizer).words == ties_by_row


@pytest.mark.parametrize("has_counts", [True, False])
def test_frequent_words_with_long_vectors_are_shown(has_counts):
    random = np.random.RandomState(0)
    counts = 10 + random.randint(50, size=40) if has_counts else np.zeros(40, int)
    vectors = random.standard_normal((40, 5))
    words = [f"word{row}" for row in range(40)]
    vectorizer = Word2VecVectorizer()
    vocabulary = {word: row for row, word in enumerate(words)}
    learned = learned_from_vectors(vocabulary, vectors)
    vectorizer._replace_learned(replace(learned, word_counts=counts))

    by_count = sorted(range(40), key=lambda row: -counts[row])
    meaning = {
        row: np.sqrt((vectors[row] ** 2).sum()) * np.log(2 + counts[row])
        for row in by_count[:20]  # five times as many as are shown
    }
    chosen = sorted(meaning, key=meaning.get)[-4:]
    expected = [words[row] for row in by_count if row in chosen]
    display = WordMapDisplay.from_estimator(vectorizer, n_words=4)
    assert display.words == expected
    assert display.words != [words[row] for row in by_count[:4]]


def test_another_number_of_positions_than_of_words_raises_an_error():
    display = WordMapDisplay(words=["cat", "dog"], positions=np.eye(3, 2))
    message = r"^positions must have a row for each of the 2 words, got 3 rows"
    with pytest.raises(ValueError, match=message):
        display.plot()


def test_words_that_occur_in_any_context_are_left_out():
    """Measured on five corpora: 14% English stop words among 80 words, not 59%."""
    random = np.random.RandomState(0)
    topics = [[f"t{topic}w{word}" for word in range(8)] for topic in range(12)]
    anywhere = ["the", "and", "of", "with", "is"]
    texts = [
        " ".join(np.ravel([[random.choice(anywhere), word] for word in document]))
        for topic in topics
        for document in random.choice(topic, size=(60, 10))
    ]
    vectorizer = Word2VecVectorizer(vector_size=16, epochs=5, random_state=0).fit(texts)
    assert set(list(vectorizer.vocabulary_)[:5]) == set(anywhere)
    display = WordMapDisplay.from_estimator(vectorizer, n_words=20)
    assert not set(display.words) & set(anywhere)


def test_given_words_are_shown_once_and_in_their_order(fitted):
    display = WordMapDisplay.from_estimator(fitted, ["stock", "cat", "stock", "dog"])
    assert display.words == ["stock", "cat", "dog"]
    assert [text.get_text() for text in display.texts_] == display.words


def test_positions_are_those_of_scikit_learn(fitted):
    display = WordMapDisplay.from_estimator(fitted, n_words=15, method="pca")
    vectors = [fitted.get_vector(word) for word in display.words]
    np.testing.assert_allclose(display.positions, pca_of(vectors), atol=1e-6)
    np.testing.assert_array_equal(display.scatter_.get_offsets(), display.positions)
    display = WordMapDisplay.from_estimator(fitted, n_words=15, random_state=3)
    expected = tsne_of(vectors, perplexity=14 / 3, random_state=3)
    np.testing.assert_array_equal(display.positions, expected)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_is_the_same_each_time_and_keeps_the_global_random_state(method, fitted):
    before = np.random.get_state()[1]  # noqa: NPY002
    first = WordMapDisplay.from_estimator(fitted, method=method)
    second = WordMapDisplay.from_estimator(fitted, method=method)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(first.positions, second.positions)
    np.testing.assert_array_equal(boxes_of(first), boxes_of(second))


def test_an_unknown_word_raises_an_error(fitted):
    with pytest.raises(KeyError, match="'unicorn' is not in the vocabulary"):
        WordMapDisplay.from_estimator(fitted, ["cat", "unicorn"])


GROUPS = "^groups must be a list with a value for each of the 1 words"
NO_MAPPING = "^groups must be a mapping .* if words is None, got list"
SEVERAL = "got several of them for 'a'. Pass an item for each word"
UNKNOWN = "^groups has none of the words, such as 'cat'"


@pytest.mark.parametrize(
    ("words", "arguments", "message"),
    [
        ([], {}, "^words is empty"),
        ("cat", {}, "^words must be a list of words, got 'cat'"),
        ({"cat": ["dog"]}, {}, "list of words, .* as `groups`"),
        (None, {"n_words": 0}, "^n_words must be an int of at least 1, got 0"),
        (None, {"n_words": 2.0}, r"^n_words must be an int .* got 2\.0"),
        (None, {"groups": ["a"]}, NO_MAPPING),
        (None, {"groups": {"a": ["b"]}}, SEVERAL),
        (["cat"], {"groups": ["a", "b"]}, rf"{GROUPS}, .* \(2,\)"),
        (["cat"], {"groups": "a"}, GROUPS),
        (["cat"], {"groups": {"unicorn": "a"}}, UNKNOWN),
    ],
)
def test_invalid_arguments_raise_an_error(words, arguments, message, fitted):
    with pytest.raises(ValueError, match=message):
        WordMapDisplay.from_estimator(fitted, words, **arguments)


@pytest.mark.parametrize(
    "groups",
    [
        {"cat": "animal", "stock": "money", "dog": "animal", "unshown": "other"},
        ["animal", "money", "animal", None],
        pd.Series(["animal", "money", "animal", None]),
        pd.Series(["money", "animal", "animal"], index=["stock", "cat", "dog"]),
        np.array(["animal", "money", "animal", None], dtype=object),
    ],
)
def test_groups_have_colors_and_a_legend(groups, fitted):
    words = ["cat", "stock", "dog", "bond"]
    display = WordMapDisplay.from_estimator(fitted, words, groups=groups)
    assert display.groups == ["animal", "money", "animal", None]
    blue, orange = "#1f77b4", "#ff7f0e"
    assert colors_of(display) == [blue, orange, blue, "#cccccc"]
    assert names_of(display.legend_) == ["animal", "money"]
    handles = display.legend_.legend_handles
    assert [to_hex(handle.get_color()) for handle in handles] == [blue, orange]
    assert display.plot().groups == display.groups
    assert display.colorbar_ is None


def test_words_of_groups_are_shown_in_addition_to_the_chosen_ones(fitted):
    word = list(fitted.vocabulary_)[-1]
    groups = {word: "last", "unicorn": "none"}
    display = WordMapDisplay.from_estimator(fitted, n_words=4, groups=groups)
    assert display.words[-1] == word
    assert len(display.words) in (4, 5)
    assert names_of(display.legend_) == ["last"]


def test_a_word_given_twice_has_one_group(fitted):
    words, groups = ["cat", "stock", "cat"], ["animal", "money", "animal"]
    display = WordMapDisplay.from_estimator(fitted, words, groups=groups)
    assert display.words == ["cat", "stock"]
    assert display.groups == ["animal", "money"]
