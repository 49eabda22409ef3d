"""Fixtures that several test modules use, and hypothesis's profiles."""

import numpy as np
import pytest
from helpers import TOPICS, needs_compiled
from hypothesis import settings

from sklearn_w2v import Word2VecVectorizer

# Tests that take seconds run a quarter of these examples.
settings.register_profile("suite", max_examples=100, deadline=None)
settings.load_profile("suite")
#: For --hypothesis-profile: .ci/run uses "gate"; the others take minutes or hours.
settings.register_profile("gate", max_examples=400, deadline=None)
settings.register_profile("minutes", max_examples=4_000, deadline=None)
settings.register_profile("long", max_examples=200_000, deadline=None)

#: Eight sentences like those of word2vec tutorials, twenty times: 31 different words.
TUTORIAL_SENTENCES = [
    "the quick brown fox jumps over the lazy dog",
    "the dog barks at the moon",
    "the fox runs through the forest",
    "a quick rabbit hops over the fence",
    "the lazy cat sleeps all day",
    "the moon shines over the forest",
    "foxes and dogs are animals",
    "brown bears live in the forest",
] * 20


@pytest.fixture(scope="session")
def tutorial_sentences():
    return TUTORIAL_SENTENCES


@pytest.fixture(
    scope="session", params=["torch", pytest.param("compiled", marks=needs_compiled)]
)
def implementation(request):
    """The implementation of the steps of a training."""
    return request.param


@pytest.fixture(scope="session")
def labels():
    """The topics of `texts`."""
    return np.arange(400) % 2


@pytest.fixture(scope="session")
def texts(labels):
    """400 short texts on two topics."""
    random = np.random.RandomState(0)
    return [" ".join(random.choice(TOPICS[label], size=8)) for label in labels]


@pytest.fixture(scope="session")
def topic_texts(texts, labels):
    """The fixtures `texts` and `labels`."""
    return texts, labels


@pytest.fixture(scope="session")
def topic_vectorizer(texts):
    """A vectorizer fitted on `texts`."""
    return Word2VecVectorizer(vector_size=8, epochs=5, random_state=0).fit(texts)


@pytest.fixture(scope="session")
def documents(texts):
    """The first 60 of `texts`."""
    return texts[:60]


@pytest.fixture
def close_figures():
    """Close matplotlib's figures after a test."""
    plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
    yield
    plt.close("all")
