"""Where training begins when vectors are known."""

import gzip

import numpy as np
import pytest

from sklearn_w2v._known_vectors import start_at_init_vectors, start_at_last_fit

VOCABULARY = {"cat": 0, "dog": 1, "emu": 2}
VECTORS = {"emu": [1.0, 2.0], "cat": [3.0, 4.0], "gnu": [5.0, 6.0]}


def assert_found(start, rows):
    """The rows of cat and emu, in some order, begin at their vectors."""
    assert start.rows.tolist() == rows
    expected = [VECTORS[list(VOCABULARY)[row]] for row in rows]
    assert start.vectors.dtype == np.float32
    np.testing.assert_array_equal(start.vectors, [expected, expected])
    assert start.sum_of_squares is None


def test_a_mapping_gives_the_words_that_it_has():
    assert_found(start_at_init_vectors(VECTORS, VOCABULARY, 2), [0, 2])


def test_a_mapping_without_a_known_word_gives_none():
    start = start_at_init_vectors({"gnu": [1, 2]}, VOCABULARY, 2)
    assert start.rows.tolist() == []
    assert start.vectors.shape == (2, 0, 2)


def test_keyed_vectors_give_the_words_that_they_have():
    gensim = pytest.importorskip("gensim.models", reason="gensim is optional")
    keyed_vectors = gensim.KeyedVectors(2)
    keyed_vectors.add_vectors(list(VECTORS), list(map(np.array, VECTORS.values())))
    assert_found(start_at_init_vectors(keyed_vectors, VOCABULARY, 2), [0, 2])


@pytest.mark.parametrize("header", [b"", b"3 2\n"], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_a_file_gives_the_words_that_it_has(header, compress, as_path, tmp_path):
    lines = [
        f"{word} {vector[0]} {vector[1]}\n".encode() for word, vector in VECTORS.items()
    ]
    path = tmp_path / "vectors"
    path.write_bytes(compress(header + b"".join(lines)))
    assert_found(start_at_init_vectors(as_path(path), VOCABULARY, 2), [2, 0])


def test_a_file_with_vectors_of_another_size_is_an_error(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3\n")
    message = r"vectors\.txt' have 3 dimensions, but vector_size=2"
    with pytest.raises(ValueError, match=message):
        start_at_init_vectors(path, VOCABULARY, 2)


@pytest.mark.parametrize("vector", [[1, 2, 3], 1.0, [[1, 2]], []])
def test_a_vector_of_another_shape_is_an_error_that_names_the_word(vector):
    message = r"init_vectors has a vector of shape \(.*\) for 'dog', but vector_size=2"
    with pytest.raises(ValueError, match=message):
        start_at_init_vectors({"dog": vector}, VOCABULARY, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_an_error_that_names_the_word(value):
    with pytest.raises(ValueError, match="The vector of 'dog' in init_vectors is not"):
        start_at_init_vectors({"dog": [1, value]}, VOCABULARY, 2)


def test_a_vector_that_is_no_numbers_is_an_error_that_names_the_word():
    with pytest.raises(ValueError, match="The vector of 'dog' in init_vectors is no"):
        start_at_init_vectors({"dog": ["one", "two"]}, VOCABULARY, 2)


CENTERS = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
CONTEXTS = np.array([[0, 0], [1, 1], [0.5, 0.25]], dtype=np.float32)
SQUARES = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)


@pytest.mark.parametrize(
    ("vectors", "embedding_matrix", "other_matrix"),
    [
        ("average", (CENTERS + CONTEXTS) / 2, CONTEXTS),
        ("center", CENTERS, CONTEXTS),
        ("context", CONTEXTS, CENTERS),
    ],
)
def test_both_matrices_of_the_last_fit_come_back(
    vectors, embedding_matrix, other_matrix
):
    state = {
        "vectors": vectors,
        "other_matrix": other_matrix,
        "sum_of_squares": SQUARES,
        "frozen": np.array([]),
    }
    # The second word is left out, and the others change places.
    rows = np.array([4, -1, 0])
    start = start_at_last_fit(rows, embedding_matrix, state, 2)
    assert start.rows.tolist() == [4, 0]
    np.testing.assert_array_equal(start.vectors[0], CENTERS[[0, 2]])
    np.testing.assert_array_equal(start.vectors[1], CONTEXTS[[0, 2]])
    np.testing.assert_array_equal(start.sum_of_squares, SQUARES[:, [0, 2]])


def test_a_solver_without_accumulators_leaves_none():
    state = {"vectors": "center", "other_matrix": CONTEXTS, "sum_of_squares": None}
    assert start_at_last_fit(np.arange(3), CENTERS, state, 2).sum_of_squares is None


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_without_the_other_matrix_steps_stay_as_short_as_they_were(vectors):
    state = {"vectors": vectors, "other_matrix": None, "sum_of_squares": SQUARES}
    start = start_at_last_fit(np.arange(3), CENTERS, state, 2)
    np.testing.assert_array_equal(start.vectors, [CENTERS, CENTERS])
    np.testing.assert_array_equal(start.sum_of_squares, SQUARES)


def test_a_wrong_size_is_an_error_where_no_word_is_found_too():
    with pytest.raises(ValueError, match=r"of shape \(3,\) for 'gnu', but vector_siz"):
        start_at_init_vectors({"gnu": [1, 2, 3]}, VOCABULARY, 2)


def test_an_empty_mapping_gives_none():
    assert len(start_at_init_vectors({}, VOCABULARY, 2).rows) == 0


def test_without_a_state_both_matrices_begin_at_the_embedding_matrix():
    start = start_at_last_fit(np.arange(3), CENTERS, None, 2)
    np.testing.assert_array_equal(start.vectors, [CENTERS, CENTERS])
    assert start.sum_of_squares is None


def test_another_vector_size_than_that_of_the_last_fit_is_an_error():
    message = "vector_size=3, but the vectors of the last fit, .* have 2 dimensions"
    with pytest.raises(ValueError, match=message):
        start_at_last_fit(np.arange(3), CENTERS, None, 3)
