"""Document vectors, against plain loops."""

import threading

import numpy as np
import pytest
from helpers import corpus_of
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_w2v import _corpus
from sklearn_w2v._corpus import WordCounts
from sklearn_w2v._pooling import Pooling, common_components, unit, word_weights
from sklearn_w2v._vocabulary import encode

MATRIX = np.random.RandomState(0).normal(size=(7, 3)).astype(np.float32)
WEIGHTS = np.array([1, 0.5, 2, 0.1, 3, 1, 0.25], dtype=np.float32)
NO_COMPONENTS = np.empty((0, 3), dtype=np.float32)
#: Two orthonormal directions.
COMPONENTS = np.linalg.qr(MATRIX[:3])[0][:2].astype(np.float32)
DOCUMENTS = st.lists(st.lists(st.integers(0, 6), max_size=20), max_size=20)


def pooling(
    weights=None, *, divides_by_weights=False, components=NO_COMPONENTS, norm=None
):
    if weights is None:
        weights = np.ones(7, dtype=np.float32)
    return Pooling(MATRIX, weights, divides_by_weights, components, norm)


#: One of each kind, and all at once.
POOLINGS = {
    "mean": pooling(),
    "idf": pooling(WEIGHTS, divides_by_weights=True),
    "sif": pooling(WEIGHTS),
    "removed": pooling(components=COMPONENTS),
    "l2": pooling(norm="l2"),
    "all": pooling(
        WEIGHTS, divides_by_weights=True, components=COMPONENTS[:1], norm="l2"
    ),
    "sif, removed": pooling(WEIGHTS, components=COMPONENTS[:1]),
}


def loop(pooling, documents):
    vectors = []
    for document in documents:
        weights = pooling.word_weights[document].astype(float)
        divisor = weights.sum() if pooling.divides_by_weights else len(document)
        vector = weights @ MATRIX[document].astype(float) / max(divisor, 1e-9)
        for component in pooling.common_components.astype(float):
            vector = vector - (vector @ component) * component
        if pooling.norm == "l2" and vector.any():
            vector = vector / np.sqrt(vector @ vector)
        vectors.append(vector)
    return np.reshape(vectors, (-1, 3))


@pytest.mark.parametrize("name", POOLINGS)
@given(documents=DOCUMENTS)
def test_equals_a_plain_loop(name, documents):
    vectors = POOLINGS[name].document_vectors(corpus_of(documents))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, loop(POOLINGS[name], documents), atol=2e-5)


@pytest.mark.parametrize("name", POOLINGS)
def test_no_documents_give_no_rows(name):
    assert POOLINGS[name].document_vectors(corpus_of([])).shape == (0, 3)


@pytest.mark.parametrize("name", POOLINGS)
def test_a_document_without_words_is_exactly_zero_without_a_warning(name):
    vectors = POOLINGS[name].document_vectors(corpus_of([[], [1], []]))
    assert vectors[[0, 2]].tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_a_row_does_not_depend_on_its_batch(name, at_once, monkeypatch):
    documents = [[i % 7, (3 * i) % 7, 2][: i % 4] for i in range(20)]
    vectors_of = POOLINGS[name].document_vectors
    alone = np.vstack([vectors_of(corpus_of([one])) for one in documents])
    monkeypatch.setattr(_corpus, "DOCUMENTS_AT_ONCE", at_once)
    np.testing.assert_array_equal(vectors_of(corpus_of(documents)), alone)


@pytest.mark.parametrize("vector_size", [9, 100, 300])
def test_a_long_row_does_not_depend_on_its_batch(vector_size):
    matrix = random_vectors(7, vector_size)
    components = common_components([matrix], vector_size, 2)
    everything = Pooling(matrix, WEIGHTS, True, components, "l2")
    documents = [[i % 7, (3 * i) % 7, 2][: i % 4] for i in range(20)]
    together = everything.document_vectors(corpus_of(documents))
    for document, vector in zip(documents, together, strict=True):
        (alone,) = everything.document_vectors(corpus_of([document]))
        np.testing.assert_array_equal(alone, vector)


def test_a_document_in_a_removed_direction_is_zero_whatever_the_norm():
    only = MATRIX[[4]] / np.linalg.norm(MATRIX[4])
    removed = pooling(components=only, norm="l2")
    corpus = corpus_of([[4], [4, 4]])
    assert not removed.document_vectors(corpus).any()
    assert removed.contributions(corpus, np.ones(3)).tolist() == [0, 0, 0]


def nearly_removed(share):
    """Return words whose vectors are a direction, except for such a share of them."""
    random = np.random.RandomState(0)
    directions = np.linalg.qr(random.standard_normal((3, 3)))[0]
    rests = random.standard_normal((7, 1)) * directions[1]
    lengths = random.uniform(0.5, 2, size=(7, 1))
    matrix = (lengths * directions[0] + share * rests).astype(np.float32)
    return matrix, directions[:1].astype(np.float32)


@pytest.mark.parametrize("norm", [None, "l2"])
@pytest.mark.parametrize("divides_by_weights", [True, False])
@pytest.mark.parametrize("share", [1e-2, 1e-3, 1e-4, 3e-5])
def test_the_rest_of_a_nearly_removed_document_is_exact(
    share, divides_by_weights, norm, monkeypatch
):
    matrix, components = nearly_removed(share)
    removed = Pooling(matrix, WEIGHTS, divides_by_weights, components, norm)
    documents = [[row, (3 * row) % 7, 2, 5][: 1 + row % 4] for row in range(7)] + [[]]
    monkeypatch.setattr(f"{__name__}.MATRIX", matrix)
    expected = loop(removed, documents)
    # More of some documents is left, which are not computed again.
    tolerance = 2e-4 if share >= 1e-3 else 2e-6
    for at_once in (2, 100):
        monkeypatch.setattr(_corpus, "DOCUMENTS_AT_ONCE", at_once)
        vectors = removed.document_vectors(corpus_of(documents))
        error = np.linalg.norm(vectors - expected, axis=1)
        assert (error <= tolerance * np.linalg.norm(expected, axis=1)).all()
    coef = np.array([2.0, -1.0, 0.5])
    for document, vector in zip(documents, vectors, strict=True):
        parts = removed.contributions(corpus_of([document]), coef)
        length = float(np.linalg.norm(vector))
        assert parts.sum() == pytest.approx(vector @ coef, abs=tolerance * length)


@pytest.mark.parametrize("name", POOLINGS)
@given(documents=DOCUMENTS)
def test_contributions_add_up_to_the_product_with_the_vector(name, documents):
    coef, corpus = np.array([2.0, -1.0, 0.5]), corpus_of(documents)
    contributions = POOLINGS[name].contributions(corpus, coef)
    assert contributions.shape == corpus.ids.shape
    sums = [some.sum() for some in np.split(contributions, corpus.offsets[1:])]
    products = POOLINGS[name].document_vectors(corpus) @ coef
    np.testing.assert_allclose(sums[: len(documents)], products, atol=1e-4)


def test_contributions_are_proportional_to_weights():
    same = POOLINGS["idf"]._replace(embedding_matrix=np.ones((7, 3), np.float32))
    ids = np.array([1, 2, 2, 4], np.int32)
    contributions = same.contributions(corpus_of([ids.tolist()]), np.ones(3))
    np.testing.assert_allclose(contributions, 3 * WEIGHTS[ids] / WEIGHTS[ids].sum())


@pytest.mark.parametrize("name", POOLINGS)
def test_a_document_without_words_has_no_contributions(name):
    assert POOLINGS[name].contributions(corpus_of([[]]), np.ones(3)).size == 0


def test_idf_weights_are_tfidf_vectorizers():
    texts = ["one two", "two three three", "two", ""]
    theirs = TfidfVectorizer().fit(texts)
    corpus = encode([text.split() for text in texts], theirs.vocabulary_)
    counts = corpus.count_words(3)
    weights = word_weights("idf", counts, sif_a=1)
    np.testing.assert_allclose(weights, theirs.idf_, rtol=1e-6)


def test_sif_weights_are_those_of_the_paper():
    counts = WordCounts(np.array([90, 9, 1, 0]), np.array([1, 1, 1, 0]), 1)
    weights = word_weights("sif", counts, sif_a=0.01)
    np.testing.assert_allclose(
        weights, [0.01 / 0.91, 0.01 / 0.1, 0.01 / 0.02, 1], rtol=1e-6
    )


def test_without_a_weighting_all_words_weigh_the_same():
    counts = WordCounts(np.array([90, 9]), np.array([1, 1]), 1)
    assert word_weights(None, counts, sif_a=1).tolist() == [1, 1]


def random_vectors(n_rows, vector_size):
    random = np.random.RandomState(0)
    scales = np.linspace(3, 1, vector_size)
    return (random.normal(size=(n_rows, vector_size)) * scales + 1).astype(np.float32)


@pytest.mark.parametrize("n_components", [1, 3])
def test_common_components_are_the_first_singular_vectors(n_components):
    vectors = random_vectors(500, 8)
    components = common_components([vectors], 8, n_components)
    theirs = TruncatedSVD(n_components, algorithm="arpack", random_state=0)
    theirs.fit(vectors)
    assert components.dtype == np.float32
    assert components.flags.c_contiguous
    products = np.abs(components @ theirs.components_.T)
    np.testing.assert_allclose(products, np.eye(n_components), atol=1e-5)


def test_common_components_do_not_depend_on_parts():
    vectors = random_vectors(50, 8)
    expected = common_components([vectors], 8, 2)
    parts = np.array_split(vectors, 7)
    np.testing.assert_allclose(common_components(parts, 8, 2), expected, atol=1e-6)


@pytest.mark.parametrize("length", [1e-25, 1e15])
def test_common_components_do_not_depend_on_the_length_of_vectors(length):
    # float32 has no squares of such short vectors.
    vectors = random_vectors(50, 8)
    expected = common_components([vectors], 8, 2)
    components = common_components([vectors * np.float32(length)], 8, 2)
    np.testing.assert_allclose(np.abs(components @ expected.T), np.eye(2), atol=1e-5)


def test_there_are_no_more_common_components_than_dimensions_spanned():
    one_direction = np.outer([1, 2, 0, -1], [3, 4, 0, 0]).astype(np.float32)
    components = common_components([one_direction], 4, 3)
    np.testing.assert_allclose(np.abs(components), [[0.6, 0.8, 0, 0]], atol=1e-6)
    assert common_components([np.zeros((5, 4), np.float32)], 4, 2).shape == (0, 4)


def test_common_components_do_not_depend_on_the_number_of_threads():
    vectors = random_vectors(20_000, 100)
    with threadpool_limits(1):
        expected = common_components([vectors], 100, 3)
    with threadpool_limits(2):
        np.testing.assert_array_equal(common_components([vectors], 100, 3), expected)


def test_common_components_in_several_threads_restore_the_number_of_threads():
    def n_threads():
        return [library["num_threads"] for library in threadpool_info()]

    before = n_threads()
    parts = [random_vectors(1000, 50)] * 20
    threads = [
        threading.Thread(target=common_components, args=(parts, 50, 2))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert n_threads() == before


def test_unit_vectors_are_those_of_scikit_learn():
    vectors = np.vstack([MATRIX, np.zeros((1, 3), np.float32)])
    np.testing.assert_allclose(unit(vectors), normalize(vectors), rtol=1e-6)
    assert unit(vectors).dtype == np.float32
