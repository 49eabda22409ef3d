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
    """Return the rows of words, and scores, of each test by its name."""
    files = {name: path for name, (path,) in options.similarity}
    if options.analogies:
        files["analogies"] = options.analogies
    lines = {name: path.read_text("utf-8").lower() for name, path in files.items()}
    return {
        name: [
            line.split()
            for line in text.splitlines()
            if line.strip() and line[0] != ":"
        ]
        for name, text in lines.items()
    }


def similarity(rows, vocabulary, vectors):
    """Return the rank correlation of cosines and scores."""
    known = [row for row in rows if row[0] in vocabulary and row[1] in vocabulary]
    first, second = (vectors[[vocabulary[row[i]] for row in known]] for i in (0, 1))
    scores = [float(row[2]) for row in known]
    return 100 * spearmanr((first * second).sum(1), scores)[0]


def analogies(rows, vocabulary, vectors):
    """Return the percentage of questions that the nearest word answers."""
    frequent = {w: row for w, row in vocabulary.items() if row < N_ANALOGY_WORDS}
    known = [row for row in rows if all(word in frequent for word in row)]
    numbers = np.array([[frequent[word] for word in row] for row in known])
    vectors = vectors[:N_ANALOGY_WORDS]
    n_right = 0
    for part in np.array_split(numbers, len(numbers) // 500 + 1):
        a, b, c = (vectors[part[:, i]] for i in range(3))
        scores = (b - a + c) @ vectors.T  # (questions, words)
        np.put_along_axis(scores, part[:, :3], -np.inf, axis=1)
        n_right += (scores.argmax(1) == part[:, 3]).sum()
    return 100 * n_right / len(numbers)


def evaluate(tests, vocabulary, vectors):
    """Return the result of each test."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, 1e-9)
    return [
        (analogies if name == "analogies" else similarity)(rows, vocabulary, vectors)
        for name, rows in tests.items()
    ]
