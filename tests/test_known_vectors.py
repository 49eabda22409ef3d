"""Words whose vectors are known: in mappings, files and gensim's KeyedVectors."""

import gzip

import numpy as np
import pytest

from sklearn_w2v._known_vectors import find_vectors

VOCABULARY = {"cat": 0, "dog": 1, "emu": 2}
VECTORS = {"emu": [1.0, 2.0], "cat": [3.0, 4.0], "gnu": [5.0, 6.0]}


def assert_found(found, expected_rows):
    """The rows of cat and emu, in this order, and their vectors."""
    rows, vectors = found
    assert rows.tolist() == expected_rows
    assert vectors.dtype == np.float32
    words = list(VOCABULARY)
    assert vectors.tolist() == [VECTORS[words[row]] for row in expected_rows]


def test_a_mapping_gives_the_words_that_it_has():
    assert_found(find_vectors(VECTORS, VOCABULARY, 2), [0, 2])


@pytest.mark.parametrize("vectors", [{}, {"gnu": [1, 2]}])
def test_a_mapping_without_a_known_word_gives_none_and_a_warning(vectors):
    message = "init_vectors has none of the 3 words, the first of which is 'cat'"
    with pytest.warns(UserWarning, match=message):
        rows, matrix = find_vectors(vectors, VOCABULARY, 2)
    assert rows.tolist() == []
    assert matrix.shape == (0, 2)


def test_keyed_vectors_give_the_words_that_they_have(gensim):
    keyed_vectors = gensim.KeyedVectors(2)
    keyed_vectors.add_vectors(list(VECTORS), list(map(np.array, VECTORS.values())))
    assert_found(find_vectors(keyed_vectors, VOCABULARY, 2), [0, 2])


def test_a_number_that_is_no_word_is_no_row_of_keyed_vectors(gensim):
    keyed_vectors = gensim.KeyedVectors(2)
    keyed_vectors.add_vectors([2, "a", ("b", "c")], np.arange(6.0).reshape(3, 2))
    vocabulary = {1: 0, 0: 1, 2: 2, ("b", "c"): 3, np.int64(3): 4}
    rows, vectors = find_vectors(keyed_vectors, vocabulary, 2)
    assert rows.tolist() == [2, 3]
    assert vectors.tolist() == [[0, 1], [4, 5]]


def test_objects_with_the_methods_of_keyed_vectors_are_accepted():
    class Alike:
        key_to_index, get_vector = VECTORS, staticmethod(VECTORS.get)

        def __contains__(self, word):
            return word in VECTORS

    assert_found(find_vectors(Alike(), VOCABULARY, 2), [0, 2])


def test_fasttext_makes_vectors_of_words_that_it_was_not_trained_on(gensim):
    model = gensim.FastText([["cat", "dog"]], vector_size=2, min_count=1, bucket=9)
    rows, vectors = find_vectors(model.wv, {"cat": 0, "cats": 1, 5: 2}, 2)
    assert rows.tolist() == [0, 1]
    expected = [model.wv.get_vector(word).tolist() for word in ("cat", "cats")]
    assert vectors.tolist() == expected


@pytest.mark.parametrize("header", [b"", b"3 2\n"], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_a_file_gives_the_words_that_it_has(header, compress, as_path, tmp_path):
    lines = [
        f"{word} {vector[0]} {vector[1]}\n".encode() for word, vector in VECTORS.items()
    ]
    path = tmp_path / "vectors"
    path.write_bytes(compress(header + b"".join(lines)))
    assert_found(find_vectors(as_path(path), VOCABULARY, 2), [2, 0])


def test_a_file_with_vectors_of_another_size_is_an_error(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3\n")
    message = r"vectors\.txt' have 3 dimensions, but vector_size=2"
    with pytest.raises(ValueError, match=message):
        find_vectors(path, VOCABULARY, 2)


SHAPE = r"^init_vectors has a vector of shape \(.*\) for '{}', but vector_size=2"
NUMBER = "^The vector of 'dog' in init_vectors has a number that is nan, infinite or "
NO_ARRAY = "^The vector of '{}' in init_vectors is not an array of numbers: "


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        *(({"dog": x}, SHAPE.format("dog")) for x in ([1, 2, 3], 1.0, [[1, 2]], [])),
        ({"gnu": [1, 2, 3]}, SHAPE.format("gnu")),  # which is not in the vocabulary
        *(
            (others | {"dog": [1, value]}, NUMBER)
            for value in (np.nan, np.inf, -np.inf, 3e38, -1.1e15, 1e300)
            for others in ({}, {"gnu": [1, 2], "cat": [3, 4]})
        ),
        ({"dog": ["one", "two"]}, NO_ARRAY.format("dog")),
        ({"cat": np.array([1j, 2])}, f"{NO_ARRAY.format('cat')}.*complex"),
        ({"dog": [10**400, 2]}, NO_ARRAY.format("dog")),
    ],
)
def test_an_error_for_a_vector_names_its_word(vectors, message):
    with pytest.raises(ValueError, match=message):
        find_vectors(vectors, VOCABULARY, 2)
