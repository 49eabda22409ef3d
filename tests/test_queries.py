"""What counts as one word, several words or vectors."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array

from sklearn_w2v._queries import (
    as_list,
    is_one_word,
    known_rows,
    row_of,
    rows_of,
    rows_of_queries,
)

TEXT = {"cat": 0, "dog": 1, "emu": 2}
IDS = {7: 0, 8: 1, 9: 2}
TUPLES = {("new", "york"): 0, "york": 1, "x": 2}


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        pd.Index,
        pl.Series,
        iter,
        dict.fromkeys,
        lambda words: dict.fromkeys(words).keys(),
        lambda words: np.array(words, dtype=object),
        lambda words: pd.Series(words, index=words[::-1]),
    ],
)
@pytest.mark.parametrize(
    ("vocabulary", "words"), [(TEXT, ["dog", "cat"]), (IDS, [9, 7])]
)
def test_words_are_taken_in_order_from_every_container(container, vocabulary, words):
    assert not is_one_word(container(words), vocabulary)
    assert as_list(container(words), vocabulary) == words


@pytest.mark.parametrize(
    ("query", "vocabulary"),
    [
        ("cat", TEXT),
        ("unicorn", TEXT),
        (b"cat", TEXT),
        (np.str_("cat"), TEXT),
        (np.int64(7), IDS),
        (np.array(7), IDS),
        (1.5, IDS),
        (("new", "york"), TUPLES),
        (("old", "town"), TUPLES),
        (frozenset(["a", "b"]), {frozenset(["a", "b"]): 0}),
    ],
)
def test_one_word_is_one_word(query, vocabulary):
    assert is_one_word(query, vocabulary)
    assert as_list(query, vocabulary) == [query]


def test_a_tuple_of_words_is_several_words():
    assert as_list(("x", ("new", "york")), TUPLES) == ["x", ("new", "york")]
    assert as_list((), TEXT) == []
    assert as_list(range(7, 9), IDS) == [7, 8]


@pytest.mark.parametrize("words", [{"cat"}, frozenset(["cat", "dog"])])
def test_a_set_is_refused_since_it_has_no_order(words):
    with pytest.raises(TypeError, match="which has no order"):
        as_list(words, TEXT)


@pytest.mark.parametrize(
    ("container", "cure"),
    [
        (pd.DataFrame({7: [8, 9]}), "to_numpy()"),
        (pl.DataFrame({"7": [8, 9]}), "to_numpy()"),
        (pd.DataFrame({"user": [1, 1], 7: [8, 9]}).groupby("user")[7], "agg(list)"),
        (csr_array(np.eye(3)), "Pass lists of words"),
        (np.array([True, False]), "Pass the words that it selects"),
        (pd.Series([True, False]), "Pass the words that it selects"),
        (pd.Series([True, None], dtype="boolean"), "Pass the words that it selects"),
        (torch.tensor([True, False]), "Pass the words that it selects"),
        (pl.Series([True, False]), "Pass the words that it selects"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_containers_whose_elements_are_no_words_are_refused(container, cure):
    vocabulary = {0: 0, 1: 1, 7: 2, "7": 3}
    for read in (as_list, is_one_word, known_rows):
        with pytest.raises(TypeError, match=re.escape(cure)):
            read(container, vocabulary)


def test_masked_elements_are_no_words():
    vocabulary = {0: 0, 7: 1}
    masked = np.ma.masked_equal([7, -1, 0], -1)
    assert as_list(masked, vocabulary) == [7, 0]
    assert known_rows(masked, vocabulary).tolist() == [1, 0]
    assert row_of(masked[1], vocabulary, -1) == -1
    with pytest.raises(KeyError, match="masked is not in the vocabulary"):
        row_of(masked[1], vocabulary)


def test_zeros_are_vectors_even_if_zero_is_a_word():
    """Documents without known words have zero vectors."""
    for zeros in (np.zeros(8), np.zeros((1, 8)), np.zeros((3, 8))):
        vectors = as_list(zeros, {0: 0})
        np.testing.assert_array_equal(vectors, np.atleast_2d(zeros))
    assert as_list(np.zeros(1), {0: 0}) == [0]


def test_an_array_of_integers_has_words_and_one_of_floats_is_a_vector():
    assert as_list(np.array([8, 7]), IDS) == [8, 7]
    assert as_list(np.array([], dtype=float), IDS) == []
    (vector,) = as_list(np.array([8.0, 0.5]), IDS)
    np.testing.assert_array_equal(vector, [8, 0.5])
    first, second = as_list(np.eye(2), IDS)
    np.testing.assert_array_equal([first, second], np.eye(2))


def test_floats_that_are_all_words_are_words():
    # As pandas makes of integers in a column with a missing value.
    assert as_list(pd.Series([9, None, 8]).dropna().to_numpy(), IDS) == [9, 8]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (None, []),
        ("dog", [1]),
        ("unicorn", []),
        (["unicorn", "emu", [], "cat"], [2, 0]),
        ({"emu"}, [2]),
        (frozenset(["emu"]), [2]),
        (np.array("emu"), [2]),
        ([np.array("emu")], [2]),
    ],
)
def test_known_rows_leaves_out_unknown_words(words, rows):
    assert known_rows(words, TEXT).tolist() == rows


@pytest.mark.parametrize("word", [np.array("emu"), np.str_("emu"), "emu"])
def test_row_of_takes_words_of_numpy(word):
    assert row_of(word, TEXT) == 2


@pytest.mark.parametrize("number", [0.5, np.float32(2)])
def test_a_number_that_is_no_word_says_how_to_pass_a_vector(number):
    with pytest.raises(KeyError, match="pass a vector as a numpy array of floats"):
        row_of(number, TEXT)


@pytest.mark.parametrize("word", [np.str_("unicorn"), np.int64(3), np.bytes_(b"cat")])
def test_a_word_that_is_no_number_is_not_taken_for_a_vector(word):
    with pytest.raises(KeyError) as raised:
        row_of(word, TEXT)
    assert "vector" not in str(raised.value)


def test_integers_of_torch_are_words():
    ids = torch.tensor([[9, 7], [8, 3]])
    assert is_one_word(ids[0, 0], IDS)
    assert not is_one_word(ids[0], IDS)
    assert row_of(ids[0, 0], IDS, -1) == 2
    assert rows_of(as_list(ids[0], IDS), IDS).tolist() == [2, 0]
    assert [known_rows(row, IDS).tolist() for row in ids] == [[2, 0], [1]]


def test_a_missing_word_is_not_taken_for_a_vector():
    with pytest.raises(KeyError) as raised:
        row_of(float("nan"), TEXT)
    assert "vector" not in str(raised.value)


def test_vectors_of_torch_say_how_to_pass_a_vector():
    vectors = torch.full((2, 8), 0.5)
    for word in (vectors[0], vectors[0, 0]):
        with pytest.raises(KeyError, match="pass a vector as a numpy array of floats"):
            row_of(word, IDS)


LETTERS = {"a": 0, "c": 1}


@pytest.mark.parametrize(
    ("word", "vocabulary", "hint"),
    [
        ("7", IDS, "whose words are of type int, not str"),
        (7, TEXT, "whose words are of type str, not int"),
        (b"cat", TEXT, "whose words are of type str, not bytes"),
        (("old", "town"), TEXT, "whose words are of type str, not tuple"),
        (("cat", 2.0), TEXT, "but 'cat' is: words cannot have weights; pass a weighte"),
        (("cat", -1), TEXT, "words cannot have weights"),
        ("cat", LETTERS, "documents were probably split into letters; with analyzer"),
    ],
)
def test_a_hint_says_why_a_word_is_not_in_the_vocabulary(word, vocabulary, hint):
    with pytest.raises(KeyError, match=re.escape(hint)) as raised:
        row_of(word, vocabulary, where="query 3")
    (message,) = raised.value.args
    assert message.startswith(f"query 3: {word!r} is not in the vocabulary, ")
    assert "leave unknown words out" not in message


@pytest.mark.parametrize(
    ("word", "vocabulary"),
    [("unicorn", TEXT), (99, IDS), (np.int64(99), IDS), ("b", LETTERS), ("y", TUPLES)],
)
def test_a_word_like_those_of_the_vocabulary_brings_no_hint(word, vocabulary):
    with pytest.raises(KeyError) as raised:
        row_of(word, vocabulary)
    assert raised.value.args == (f"{word!r} is not in the vocabulary",)


def test_an_unknown_word_of_many_is_found_by_its_number():
    cure = "leave unknown words out (word in vectorizer.vocabulary_)"
    message = f"query 2: 'nope' is not in the vocabulary; {cure}"
    for read in (
        lambda: rows_of_queries(["cat", "dog", "nope", "other"], TEXT),
        lambda: rows_of(["cat", "nope"], TEXT, "query 2"),
    ):
        with pytest.raises(KeyError) as raised:
            read()
        assert raised.value.args == (message,)
