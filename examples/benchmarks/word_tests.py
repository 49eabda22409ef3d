"""Tests of word vectors: the similarity of pairs of words, and analogies.

The result of a test of similarity is Spearman's rank correlation of human scores and
cosines x 100, over the pairs in the vocabulary. That of analogies is the percentage of
correct answers (3CosAdd) among the 30,000 most frequent words.
"""

import numpy as np
from scipy.stats import spearmanr

#: Number of the most frequent words that analogies are taken from.
N_ANALOGY_WORDS = 30_000


def read_tests(options):
    """Return the tests by their names: functions of a vocabulary and unit vectors."""
    tests = {}
    for name, (path,) in options.similarity:
        rows = [line.split()[:3] for line in path.read_text("utf-8").splitlines()]
        tests[name] = similarity([(a.lower(), b.lower(), float(s)) for a, b, s in rows])
    if options.analogies:
        lines = options.analogies.read_text("utf-8").lower().splitlines()
        questions = [line.split() for line in lines if not line.startswith(":")]
        tests["analogies"] = analogies(questions)
    return tests


def similarity(pairs):
    """Return a test from pairs of words with their scores."""

    def test(vocabulary, vectors):
        known = [p for p in pairs if p[0] in vocabulary and p[1] in vocabulary]
        first, second = (vectors[[vocabulary[p[i]] for p in known]] for i in (0, 1))
        scores = [score for *_, score in known]
        return 100 * spearmanr((first * second).sum(1), scores)[0]

    return test


def analogies(questions):
    """Return a test from questions of four words each."""

    def test(vocabulary, vectors):
        frequent = {w: row for w, row in vocabulary.items() if row < N_ANALOGY_WORDS}
        known = [q for q in questions if all(word in frequent for word in q)]
        rows = np.array([[frequent[word] for word in question] for question in known])
        vectors = vectors[:N_ANALOGY_WORDS]
        n_right = 0
        for part in np.array_split(rows, len(rows) // 500 + 1):
            a, b, c = (vectors[part[:, i]] for i in range(3))
            scores = (b - a + c) @ vectors.T  # (questions, words)
            np.put_along_axis(scores, part[:, :3], -np.inf, axis=1)
            n_right += (scores.argmax(1) == part[:, 3]).sum()
        return 100 * n_right / len(rows)

    return test


def evaluate(tests, vocabulary, vectors):
    """Return the result of each test."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, 1e-9)
    return [test(vocabulary, vectors) for test in tests.values()]
