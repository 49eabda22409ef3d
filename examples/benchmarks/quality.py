"""Quality and training time of word vectors, ours and gensim's, at equal epochs.

    python examples/benchmarks/quality.py CORPUS.txt[.xz] \
        --similarity WS-353=EN-WS-353-ALL.txt MEN=EN-MEN-TR-3k.txt ... \
        --analogies questions-words.txt

A similarity file has two words and a human score on each line. The result is Spearman's
rank correlation of scores and cosines x 100, over the pairs in the vocabulary. For
analogies it is the percentage of correct answers (3CosAdd) among the 30,000 most
frequent words. The table has means over seeds and their standard deviation. Seconds
include the vocabulary. gensim has two rows: its input vectors, which are our "center",
and the average of both its matrices, which is our "average", the default. Needs the
`benchmark` extra.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from corpora import read_documents
from gensim.models import Word2Vec
from scipy.stats import spearmanr

from sklearn_w2v import Word2VecVectorizer

OURS = "sklearn_w2v"
INPUT, AVERAGE = "gensim, input vectors", "gensim, average"

#: Number of the most frequent words that analogies are taken from.
N_ANALOGY_WORDS = 30_000


def read_similarity(path):
    """Return the pairs of words and their scores."""
    rows = [line.split()[:3] for line in path.read_text("utf-8").splitlines()]
    return [(first.lower(), second.lower(), float(s)) for first, second, s in rows]


def read_analogies(path):
    """Return the questions, four words each."""
    lines = path.read_text("utf-8").lower().splitlines()
    return [line.split() for line in lines if not line.startswith(":")]


def unit(vectors):
    """Scale rows to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def similarity(pairs, vocabulary, vectors):
    """Return the rank correlation of cosines and scores."""
    known = [p for p in pairs if p[0] in vocabulary and p[1] in vocabulary]
    first, second = (vectors[[vocabulary[p[i]] for p in known]] for i in (0, 1))
    scores = [score for *_, score in known]
    return 100 * spearmanr((first * second).sum(1), scores)[0]


def analogies(questions, vocabulary, vectors):
    """Return the percentage of questions that the nearest word answers."""
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


def evaluate(tests, vocabulary, vectors):
    """Return the result of each test."""
    vectors = unit(vectors)
    figures = {
        name: similarity(pairs, vocabulary, vectors)
        for name, pairs in tests["similarity"].items()
    }
    if tests["analogies"]:
        figures["analogies"] = analogies(tests["analogies"], vocabulary, vectors)
    return figures


def add_tests(parser):
    """Add the options for the files of tests to a parser."""
    parser.add_argument("--similarity", nargs="*", default=[], metavar="NAME=FILE")
    parser.add_argument("--analogies", type=Path)


def read_tests(options):
    """Return the tests in the files of these options."""
    files = dict(argument.split("=", 1) for argument in options.similarity)
    return {
        "similarity": {n: read_similarity(Path(file)) for n, file in files.items()},
        "analogies": options.analogies and read_analogies(options.analogies),
    }


def train_ours(documents, epochs, seed, options):
    """Return the vocabulary, our vectors by kind, and the seconds of one `fit`."""
    kinds = {}
    for vectors in options.vectors:
        vectorizer = Word2VecVectorizer(
            analyzer=list,
            epochs=epochs,
            vectors=vectors,
            random_state=seed,
            n_jobs=options.threads,
        )
        begin = time.perf_counter()
        vectorizer.fit(documents)
        seconds = time.perf_counter() - begin
        kinds[f"{OURS}, {vectors}"] = vectorizer.embedding_matrix_
    return vectorizer.vocabulary_, kinds, seconds


def train_gensim(documents, epochs, seed, options):
    """Return the vocabulary, gensim's two kinds of vectors, and the seconds."""
    begin = time.perf_counter()
    model = Word2Vec(documents, sg=1, epochs=epochs, seed=seed, workers=options.threads)
    seconds = time.perf_counter() - begin
    vectors = model.wv.vectors
    kinds = {INPUT: vectors, AVERAGE: (vectors + model.syn1neg) / 2}
    return model.wv.key_to_index, kinds, seconds


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    add_tests(parser)
    parser.add_argument("--epochs", type=int, nargs="*", default=[3, 5])
    parser.add_argument("--our-epochs", type=int, nargs="*", default=[2, 4])
    parser.add_argument("--vectors", nargs="+", default=["average", "center"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    tests = read_tests(options)
    documents = read_documents(options.corpus)
    runs = [(train_gensim, epochs) for epochs in options.epochs]
    runs += [(train_ours, epochs) for epochs in options.epochs + options.our_epochs]
    table = {}  # (epochs, method) -> a dict of seconds and results for each seed
    for seed in range(options.seeds):
        for train, epochs in sorted(runs, key=lambda run: run[1]):
            vocabulary, kinds, seconds = train(documents, epochs, seed, options)
            for method, vectors in kinds.items():
                row = {"seconds": seconds, **evaluate(tests, vocabulary, vectors)}
                table.setdefault((epochs, method), []).append(row)
                print(f"# seed {seed}, {epochs} epochs, {method}: {row}", flush=True)

    names = list(next(iter(table.values()))[0])
    print(f"\n{options.seeds} seeds, {options.threads} threads\n")
    print("| epochs | |", " | ".join(names), "|")
    print("|---|---|" + "---|" * len(names))
    for (epochs, method), rows in sorted(table.items()):
        cells = [[row[name] for row in rows] for name in names]
        text = " | ".join(f"{np.mean(c):.1f} (+-{np.std(c):.1f})" for c in cells)
        print(f"| {epochs} | {method} | {text} |")


if __name__ == "__main__":
    main()
