"""What is a number, a word and a record in files of word vectors."""

import pytest

from sklearn_w2v._word2vec_format import (
    MAX_VECTOR_SIZE,
    ends_in_column,
    excerpt,
    is_number,
    is_text_record,
    looks_like_text,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in (b"1", b"-.5", b"1e15", b"nan", b"-inf", b"1\r")),
        *((text, False) for text in (b"", b"one", b"1,5", b"1_0", b"1 2", b"\xff")),
    ],
)
def test_numbers_are_those_of_python_without_underscores(text, expected):
    assert is_number(text) is expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *((word, False) for word in (b"", b"cat", b"3", b"new york", b"3 cats", b"\r")),
        *((word, True) for word in (b"cat ", b"cat\t", b"cat 1", b"cat\tnan", b" ")),
    ],
)
def test_a_word_ends_in_a_column_after_a_space_or_tab(word, expected):
    assert ends_in_column(word) is expected


@pytest.mark.parametrize(
    ("line", "vector_size", "expected"),
    [
        (b"cat 1 2\n", 2, True),
        (b"new york 1 2 \r\n", 2, True),
        (b"cat 1 2\n", 3, False),
        (b"cat 1 x\n", 2, False),
        (b"cat\n", 0, False),
        (b"a" + b" 1" * (MAX_VECTOR_SIZE + 1), MAX_VECTOR_SIZE + 1, False),
    ],
)
def test_a_text_record_ends_in_numbers(line, vector_size, expected):
    assert is_text_record(line, vector_size) is expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        *(
            (numbers, True)
            for numbers in (b"1 23.45 ", b"\n1 2 3 4", "1  猫猫".encode())
        ),
        *((numbers, False) for numbers in (b"fff?333?", b"1 2 x  \0", b" \xff1 1  1")),
    ],
)
def test_text_is_printable_and_has_white_space(numbers, expected):
    assert looks_like_text(b"cat " + numbers, 2) is expected


def test_an_excerpt_is_short_and_printable():
    assert excerpt(b"caf\xe9") == "'caf\ufffd'"
    assert excerpt(b"x" * 200) == repr("x" * 99)
