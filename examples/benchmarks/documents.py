"""Accuracy of document vectors, gensim's, tf-idf and LSA, on labeled texts.

    python examples/benchmarks/documents.py NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...

A file has a label, a tab and a text on each line. A data set without a test file is
tested in five stratified folds. Vectors are learned only from the training texts.
gensim and sklearn_w2v get the same tokens and use their defaults; gensim is also run
with as many epochs as sklearn_w2v. Vectors are scaled by StandardScaler, and classified
by LogisticRegression.

The first table is with all labels: means over seeds, and their standard deviation. The
second is with few labels: means over five draws of labels, with the first seed and the
first fold. Each cell has the best C of a grid for its method, data set and number of
labels. Needs the `benchmark` extra.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
from corpora import read_labeled
from gensim.models import Word2Vec
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram.plan import auto_epochs

SIZE = 100
N_LABELS = [100, 500, 2000]
N_DRAWS = 5
C_GRID = [0.001, 0.01, 0.1, 1, 10, 100]


class GensimMeans(TransformerMixin, BaseEstimator):
    """Document vectors as means of gensim's word vectors."""

    def __init__(self, average, threads, seed, as_many_epochs=False):
        self.average = average
        self.threads = threads
        self.seed = seed
        self.as_many_epochs = as_many_epochs

    def fit(self, X, y=None):
        """Train on texts."""
        analyze = CountVectorizer().build_analyzer()
        documents = [analyze(text) for text in X]
        model = Word2Vec(sg=1, vector_size=SIZE, workers=self.threads, seed=self.seed)
        model.build_vocab(documents)
        epochs = model.epochs
        if self.as_many_epochs:
            words = model.wv.index_to_key
            n_tokens = sum(model.wv.get_vecattr(word, "count") for word in words)
            epochs = auto_epochs(n_tokens)
        model.train(documents, total_examples=model.corpus_count, epochs=epochs)
        self.vocabulary_ = model.wv.key_to_index
        vectors = model.wv.vectors
        self.vectors_ = (vectors + model.syn1neg) / 2 if self.average else vectors
        return self

    def transform(self, X):
        """Average the vectors of each text's words."""
        counts = csr_array(CountVectorizer(vocabulary=self.vocabulary_).transform(X))
        return counts @ self.vectors_ / np.maximum(counts.sum(axis=1), 1)[:, None]


def splits(files):
    """Yield the texts and labels of the training and of the test, for each fold."""
    texts, labels = read_labeled(files[0])
    if len(files) > 1:
        yield texts, labels, *read_labeled(files[1])
        return
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(texts, labels):
        yield texts[train], labels[train], texts[test], labels[test]


def methods(options, seed):
    """Return the vectorizers by the names of their methods."""
    common = {"threads": options.threads, "seed": seed}
    trained = {
        "sklearn_w2v means": make_pipeline(
            Word2VecVectorizer(n_jobs=options.threads, random_state=seed),
            StandardScaler(),
        ),
        "gensim means": make_pipeline(
            GensimMeans(average=False, **common), StandardScaler()
        ),
        "gensim means, both matrices": make_pipeline(
            GensimMeans(average=True, **common), StandardScaler()
        ),
        "gensim means, both matrices, as many epochs": make_pipeline(
            GensimMeans(average=True, as_many_epochs=True, **common), StandardScaler()
        ),
    }
    if seed > 0:
        return trained
    # These depend on the seed hardly or not at all.
    return trained | {
        f"TruncatedSVD({SIZE}) of tf-idf": make_pipeline(
            TfidfVectorizer(sublinear_tf=True),
            TruncatedSVD(SIZE, random_state=seed),
            StandardScaler(),
        ),
        "tf-idf": TfidfVectorizer(sublinear_tf=True),
    }


def accuracy(train, train_labels, test, test_labels, **parameters):
    """Return the accuracy in %."""
    model = LogisticRegression(max_iter=500, **parameters).fit(train, train_labels)
    return 100 * model.score(test, test_labels)


def few_labels(train, train_labels, test, test_labels):
    """Return the accuracy for each number of labels, with the best C of the grid."""
    found = {}
    for n_labels in N_LABELS:
        scores = np.zeros((N_DRAWS, len(C_GRID)))
        for draw in range(N_DRAWS):
            rows, _ = train_test_split(
                np.arange(len(train_labels)),
                train_size=n_labels,
                stratify=train_labels,
                random_state=draw,
            )
            some = train[rows], train_labels[rows]
            for i, C in enumerate(C_GRID):
                scores[draw, i] = accuracy(*some, test, test_labels, C=C)
        found[n_labels] = scores.mean(axis=0).max()
    return found


def measure(sets, options):
    """Return method -> data set -> accuracies of seeds; the same with few labels."""
    every, few = {}, {}
    for name, files in sets.items():
        paths = [Path(file) for file in files.split(",")]
        for seed in range(options.seeds):
            scores = {}
            for train, train_labels, test, test_labels in splits(paths):
                for method, vectorizer in methods(options, seed).items():
                    data = (
                        vectorizer.fit_transform(train),
                        train_labels,
                        vectorizer.transform(test),
                        test_labels,
                    )
                    first = seed == 0 and method not in scores
                    scores.setdefault(method, []).append(accuracy(*data))
                    if first:
                        few.setdefault(method, {})[name] = few_labels(*data)
            for method, values in scores.items():
                cell = every.setdefault(method, {}).setdefault(name, [])
                cell.append(np.mean(values))
    return every, few


def print_table(header, rows):
    """Print a table; each method has its cells and their mean."""
    print("| |", " | ".join(header), "| mean |")
    print("|---|" + "---|" * (len(header) + 1))
    for method, (cells, mean) in rows.items():
        print(f"| {method} |", " | ".join(cells), f"| {mean} |")


def main():
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=TRAIN[,TEST]")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    # Classifiers that stop at max_iter are part of the comparison.
    warnings.simplefilter("ignore", ConvergenceWarning)

    sets = dict(argument.split("=", 1) for argument in options.sets)
    every, few = measure(sets, options)

    print(f"accuracy in %, {options.seeds} seeds\n")
    rows = {}
    for method, row in every.items():
        cells = [f"{np.mean(s):.1f} (+-{np.std(s):.1f})" for s in row.values()]
        rows[method] = cells, f"{np.mean([np.mean(s) for s in row.values()]):.1f}"
    print_table(sets, rows)

    print(f"\nwith {' / '.join(map(str, N_LABELS))} labels, mean of {N_DRAWS} draws\n")
    rows = {}
    for method, row in few.items():
        figures = np.array([[cell[n] for n in N_LABELS] for cell in row.values()])
        *cells, mean = (
            " / ".join(f"{figure:.1f}" for figure in figures_of_one)
            for figures_of_one in [*figures, figures.mean(axis=0)]
        )
        rows[method] = cells, mean
    print_table(sets, rows)


if __name__ == "__main__":
    main()
