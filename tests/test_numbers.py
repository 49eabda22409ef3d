"""Which numbers word vectors may have."""

import numpy as np
import pytest

from sklearn_w2v._numbers import LARGEST_NUMBER, check_vectors


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (3, 2)])
@pytest.mark.parametrize("number", [0, LARGEST_NUMBER, -LARGEST_NUMBER])
def test_finite_numbers_up_to_the_limit_are_valid(shape, number):
    check_vectors(["a", "b", "c"], np.full(shape, number, dtype=np.float32))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1.1e15, -1.1e15])
def test_the_first_word_with_another_number_is_named(number):
    vectors = np.zeros((4, 2), dtype=np.float32)
    vectors[1, 1] = vectors[3, 0] = number
    message = r"^The vector of 'b' in a file has a number that is nan, infinite or beyo"
    with pytest.raises(ValueError, match=message):
        check_vectors(["a", "b", "c", "d"], vectors, " in a file")


@pytest.mark.parametrize("word", [3, ("new", "york"), b"york", "x" * 10**6])
def test_words_of_any_type_and_length_are_named_in_short(word):
    with pytest.raises(ValueError, match="The vector of ") as caught:
        check_vectors([word], np.full((1, 2), np.nan, dtype=np.float32))
    assert repr(word)[:99] in str(caught.value)
    assert len(str(caught.value)) < 200


def test_float32_holds_the_sum_of_many_squares_of_the_largest_number():
    square = np.float32(LARGEST_NUMBER) ** 2
    assert np.isfinite(square * np.float32(1e8))
