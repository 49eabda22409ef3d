"""Fixtures that several test modules use, and hypothesis's profiles."""

from contextlib import closing

import numpy as np
import pytest
import rank_processes
from helpers import needs_compiled, random_vectors, small, texts_on_topics
from hypothesis import settings

# Tests that take seconds run a quarter of these examples.
settings.register_profile("suite", max_examples=100, deadline=None)
settings.load_profile("suite")
#: For --hypothesis-profile: .ci/run uses "gate"; the others take minutes or hours.
settings.register_profile("gate", max_examples=400, deadline=None)
settings.register_profile("minutes", max_examples=4_000, deadline=None)
settings.register_profile("long", max_examples=200_000, deadline=None)


@pytest.fixture(scope="session")
def tutorial_sentences():
    """Eight sentences as in tutorials of word2vec, twenty times each: 31 words."""
    return [
        "the quick brown fox jumps over the lazy dog",
        "the dog barks at the moon",
        "the fox runs through the forest",
        "a quick rabbit hops over the fence",
        "the lazy cat sleeps all day",
        "the moon shines over the forest",
        "foxes and dogs are animals",
        "brown bears live in the forest",
    ] * 20


@pytest.fixture(
    scope="session", params=["torch", pytest.param("compiled", marks=needs_compiled)]
)
def implementation(request):
    """The implementation of the steps of a training."""
    return request.param


@pytest.fixture(scope="session")
def labels():
    """The topic of each of `texts`."""
    return np.arange(400) % 2


@pytest.fixture(scope="session")
def texts():
    """400 short texts on two topics."""
    return texts_on_topics(400)


@pytest.fixture(scope="session")
def fitted(texts):
    """A vectorizer fitted on `texts`, which tests leave as it is."""
    return small(epochs=10).fit(texts)


@pytest.fixture(scope="session")
def documents(texts):
    """The first 60 of `texts`."""
    return texts[:60]


@pytest.fixture(scope="session")
def gensim():
    """The module of gensim's models."""
    return pytest.importorskip("gensim.models", reason="gensim is optional")


@pytest.fixture
def vectors():
    """Both matrices of a model."""
    return random_vectors()


@pytest.fixture(scope="module")
def on_ranks():
    """Run tasks on ranks."""
    with closing(rank_processes.RankProcesses()) as processes:
        yield processes


@pytest.fixture
def on_new_ranks():
    """Run a task on ranks that no other test uses, since it kills one."""
    with closing(rank_processes.RankProcesses()) as processes:
        yield processes


@pytest.fixture
def close_figures():
    """Close matplotlib's figures after a test."""
    plt = pytest.importorskip("matplotlib.pyplot", reason="displays need matplotlib")
    yield
    plt.close("all")
