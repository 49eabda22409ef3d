"""Documents, plans and comparisons that several test modules use."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._corpus import Corpus
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._skipgram import library
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import Layout, extent_of, plan_training
from sklearn_w2v._skipgram.sampler import Sampler

needs_compiled = pytest.mark.skipif(
    library.load_library() is None, reason="the compiled steps were not built"
)

DOCUMENTS = [[0, 1, 2, 3, 4, 5], [], [6], [1, 1], [5, 4, 3, 2, 1, 0, 6, 6, 0, 1] * 5]
N_WORDS, SIZE = 7, 5  # of words, and of their vectors

#: The words of the two topics of the fixture `texts`.
TOPICS = [
    ["cat", "dog", "puppy", "kitten", "tail", "whisker", "paw", "bark", "meow", "fur"],
    ["stock", "bond", "market", "share", "broker", "trade", "profit", "bank", "cash"],
]


def small(**parameters):
    defaults = {"vector_size": 8, "epochs": 2, "min_count": 1, "random_state": 0}
    return Word2VecVectorizer(**(defaults | parameters))


def texts_on_topics(n_texts):
    """Texts of eight words each, by turns on the first topic and the second."""
    random = np.random.RandomState(0)
    return [" ".join(random.choice(TOPICS[i % 2], size=8)) for i in range(n_texts)]


def assert_same_fit(one, other):
    """Check that two vectorizers have learned the same, bit for bit."""
    assert vars(one).keys() == vars(other).keys()
    for name in vars(one):
        if name.endswith("_"):
            np.testing.assert_equal(getattr(one, name), getattr(other, name))


def output_of(*command, **options):
    """Run a program, and return what it prints."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def corpus_of(documents):
    ids = np.array([row for document in documents for row in document], np.int32)
    return Corpus(ids, np.cumsum([0, *map(len, documents)]))


def corpus_and_held_out(documents, held_out):
    """Return a corpus, and the numbers of its held-out documents, if any."""
    if held_out is None:
        return corpus_of(documents), None
    n_documents = len(documents) + len(held_out)
    return corpus_of([*documents, *held_out]), np.arange(len(documents), n_documents)


def all_of(documents):
    """Return a corpus, and the numbers of all its documents."""
    return corpus_of(documents), np.arange(len(documents))


def plan_of(documents=DOCUMENTS, held_out=None, *, n_words=N_WORDS, **settings):
    """Return the plan of a training.

    Settings are parameters of the vectorizer, or fields of the plan.
    """
    parameters = {
        "vector_size": SIZE,
        "window": 3,
        "ns_exponent": 0,  # all words are drawn equally often
        "sample": None,
        "n_iter_no_change": 2,
        "tol": 0.0,
    }
    schedule = {
        "on_cpu": settings.pop("on_cpu", True),
        "implementation": settings.pop("implementation", "torch"),
        "epochs": settings.pop("epochs", 3),
        "decay": settings.pop("decay", True),
        "world_size": settings.pop("world_size", 1),
    }
    names = Word2VecVectorizer().get_params().keys() & settings.keys()
    parameters |= {name: settings.pop(name) for name in names}
    plan = plan_training(
        FitParameters.of(Word2VecVectorizer(**parameters)),
        extent_of(*corpus_and_held_out(documents, held_out), n_words),
        word_counts=np.bincount(corpus_of(documents).ids, minlength=n_words),
        **schedule,
    )
    return replace(plan, **settings)


def draws_of(plan, documents=DOCUMENTS, *, seed=0):
    """Return the functions that draw the chunks of an epoch."""
    noise = Noise(plan.noise_probabilities, plan.layout.n_noise, CPU)
    sampler = Sampler(*all_of(documents), plan, noise, CPU)
    return list(sampler.epoch(torch.Generator().manual_seed(seed)))


def chunks_of(plan, documents=DOCUMENTS, *, seed=0):
    """Return the chunks of an epoch."""
    return [draw() for draw in draws_of(plan, documents, seed=seed)]


def plan_and_chunk(layout=(3, 1, 2, 8, 6), documents=DOCUMENTS, **settings):
    """A plan of such a layout, and an epoch that is a single chunk."""
    # float32 holds each weight of these windows exactly, and `negative` / K.
    settings = {"window": 4, "negative": 3} | settings
    plan = plan_of(documents, layout=Layout(*layout), **settings)
    (chunk,) = chunks_of(plan, documents)
    return plan, chunk


def random_vectors(n_words=N_WORDS, size=SIZE, *, seed=0):
    """Both matrices in float64; the scores of pairs are about 1."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, n_words, size, dtype=torch.float64, generator=generator)
    return vectors / size**0.25


def pairs_of(chunk, pair_weights):
    """Yield the positions of each pair of a chunk and its weight, by a plain loop."""
    sentences, reach = chunk.sentences.tolist(), len(pair_weights)
    for token in range(reach, reach + chunk.n_tokens):
        for context in range(token - reach, token + reach + 1):
            if context != token and sentences[context] == sentences[token]:
                yield token, context, pair_weights[abs(token - context) - 1]
