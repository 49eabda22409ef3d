"""The attributes that a fit learns, and the matrices that the next one begins at."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from helpers import small

from sklearn_w2v._learned import attributes as attributes_of
from sklearn_w2v._learned import learned_from_vectors

CENTERS = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
CONTEXTS = np.array([[0, 0], [1, 1], [0.5, 0.25]], dtype=np.float32)
LEARNED = learned_from_vectors({"cat": 0, "dog": 1, "emu": 2}, CENTERS)


@pytest.mark.parametrize(
    ("kind", "embedding_matrix", "other_matrix"),
    [
        ("average", (CENTERS + CONTEXTS) / 2, CONTEXTS),
        ("center", CENTERS, CONTEXTS),
        ("context", CONTEXTS, CENTERS),
    ],
)
def test_both_matrices_of_a_fit_are_restored(kind, embedding_matrix, other_matrix):
    learned = replace(
        LEARNED,
        kind=kind,
        embedding_matrix=embedding_matrix,
        other_matrix=other_matrix,
    )
    np.testing.assert_array_equal(learned.matrices(), [CENTERS, CONTEXTS])


@pytest.mark.parametrize("kind", ["average", "center", "context"])
def test_a_single_matrix_is_used_for_both(kind):
    learned = replace(LEARNED, kind=kind)
    np.testing.assert_array_equal(learned.matrices(), [CENTERS, CENTERS])


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_attributes_are_those_of_a_fitted_vectorizer():
    fitted = small().fit(["cat dog"])
    attributes = attributes_of(LEARNED)
    unfitted = vars(small())
    assert [name for name in vars(fitted) if name not in unfitted] == list(attributes)
    assert attributes["vocabulary_"] is LEARNED.vocabulary
    assert attributes["_n_documents"] == 0


def test_learned_is_immutable():
    with pytest.raises(FrozenInstanceError):
        LEARNED.n_iter = 3
