"""What counts as one word, several words or vectors."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_w2v._queries import as_list, is_one_word, known_rows, row_of

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
