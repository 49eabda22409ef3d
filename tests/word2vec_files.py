"""Files of word vectors, which the tests of the reader and of the writer share."""

import re

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

WORDS = ["the", "café", "猫"]
#: Not all of these are float32: those of VECTORS are.
NUMBERS = np.array([[1, -0.5], [0.1, 1e-40], [-0.0, 1e15]])
VECTORS = NUMBERS.astype(np.float32)
#: The bytes of binary files by gensim and by the word2vec program.
GENSIM_BINARY, C_BINARY = (
    b"3 2\n"
    + b"".join(
        word.encode() + b" " + vector.astype("<f4").tobytes() + end
        for word, vector in zip(WORDS, VECTORS, strict=True)
    )
    for end in (b"", b"\n")
)

#: Words that would be truncated or dropped if other white space than b" " and b"\n"
#: were taken for the end of a word or line.
ODD_WORDS = [
    *("\ufefffirst", "\ufeff", "👩\u200d🚀", "no\u00a0break", "\u00a0", "\u3000"),
    *("line\u2028separator", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"),
    *("tab\tbed", "carriage\rreturn", "return\r", "\r", "\x00", "\x1f\x8b"),
    *("3", "-1.5", "nan", "inf", "b''", "#", '"', "</s>"),
]
ODD_VECTORS = np.random.RandomState(0).normal(size=(99, 3)).astype(np.float32)

#: The largest float32 below 1e15.
LARGEST = float(np.nextafter(np.float32(1e15), np.float32(0)))


@st.composite
def tables(draw, excluded=" \n", min_size=1):
    """Draw words that files can hold, and their vectors."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=excluded)
    word = st.text(characters, min_size=min_size).filter(does_not_end_in_column)
    words = draw(st.lists(word, min_size=1, max_size=5, unique=True))
    numbers = st.floats(-LARGEST, LARGEST, width=32)
    shape = len(words), draw(st.integers(1, 4))
    return words, draw(arrays(np.float32, shape, elements=numbers))


def does_not_end_in_column(word):
    last = re.split("[ \t]", word)[-1]
    if last == word:
        return True
    try:
        float(last or "0")
    except ValueError:
        return True
    return False


def assert_same(result, words, vectors):
    """Compare words, and vectors bit by bit: -0.0 and 0.0 are equal but differ."""
    assert result[0] == words
    assert result[1].dtype == np.float32
    assert result[1].shape == vectors.shape
    assert result[1].tobytes() == vectors.tobytes()


def exactly(message):
    """Return a regular expression that matches this message and no other."""
    return rf"^{re.escape(message)}\Z"
