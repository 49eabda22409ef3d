"""Accuracy of document vectors beside gensim's, tf-idf and LSA, on labelled texts.

    python examples/benchmarks/documents.py NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...

A file has a label, a tab and a text on each line. A set without a test file is split
in five, stratified, and tested on each part in turn. Vectors are learned from the
training texts alone. Mean vectors go through StandardScaler and LogisticRegression;
both word2vecs get the same tokens and hyper-parameters. Figures are means over seeds,
with the spread between the seeds. Needs the `benchmark` extra.
"""

import argparse
import lzma
import warnings
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

SIZE = 100


class GensimMeans(TransformerMixin, BaseEstimator):
    """The mean of gensim's word vectors."""

    def __init__(self, epochs, average, threads, seed):
        self.epochs = epochs
        self.average = average
        self.threads = threads
        self.seed = seed

    def fit(self, X, y=None):
        """Train on the texts."""
        analyze = CountVectorizer().build_analyzer()
        model = Word2Vec(
            [analyze(text) for text in X],
            sg=1,
            vector_size=SIZE,
            epochs=self.epochs,
            workers=self.threads,
            seed=self.seed,
        )
        self.vocabulary_ = model.wv.key_to_index
        vectors = model.wv.vectors
        self.vectors_ = (vectors + model.syn1neg) / 2 if self.average else vectors
        return self

    def transform(self, X):
        """Average the vectors of each text's words."""
        counts = csr_array(CountVectorizer(vocabulary=self.vocabulary_).transform(X))
        return counts @ self.vectors_ / np.maximum(counts.sum(axis=1), 1)[:, None]


def read(path):
    """Return the texts and labels of a file."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    return np.array(texts, dtype=object), np.array(labels)


def splits(files):
    """Yield training texts and labels, and test texts and labels."""
    texts, labels = read(files[0])
    if len(files) > 1:
        yield texts, labels, *read(files[1])
        return
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(texts, labels):
        yield texts[train], labels[train], texts[test], labels[test]


def methods(options, seed):
    """Return each method's vectorizer, by its name."""
    common = {"epochs": options.epochs, "threads": options.threads, "seed": seed}
    trained = {
        "sklearn_w2v means": make_pipeline(
            Word2VecVectorizer(
                epochs=options.epochs, n_jobs=options.threads, random_state=seed
            ),
            StandardScaler(),
        ),
        "gensim means": make_pipeline(
            GensimMeans(average=False, **common), StandardScaler()
        ),
        "gensim means, both matrices": make_pipeline(
            GensimMeans(average=True, **common), StandardScaler()
        ),
    }
    if seed > 0:
        return trained
    # These hardly depend on the seed, if at all.
    return trained | {
        f"TruncatedSVD({SIZE}) of tf-idf": make_pipeline(
            TfidfVectorizer(sublinear_tf=True),
            TruncatedSVD(SIZE, random_state=seed),
            StandardScaler(),
        ),
        "tf-idf": TfidfVectorizer(sublinear_tf=True),
    }


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=TRAIN[,TEST]")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    # A classifier that stops after max_iter is part of what is compared.
    warnings.simplefilter("ignore", ConvergenceWarning)

    sets = dict(argument.split("=", 1) for argument in options.sets)
    table = {}  # method -> set -> accuracy of each seed
    for name, files in sets.items():
        paths = [Path(file) for file in files.split(",")]
        for seed in range(options.seeds):
            scores = {}
            for train, train_labels, test, test_labels in splits(paths):
                for method, vectorizer in methods(options, seed).items():
                    model = LogisticRegression(max_iter=500)
                    model.fit(vectorizer.fit_transform(train), train_labels)
                    score = model.score(vectorizer.transform(test), test_labels)
                    scores.setdefault(method, []).append(100 * score)
            for method, values in scores.items():
                cell = table.setdefault(method, {}).setdefault(name, [])
                cell.append(np.mean(values))

    print(f"accuracy in %, {options.epochs} epochs, {options.seeds} seeds\n")
    print("| |", " | ".join(sets), "| mean |")
    print("|---|" + "---|" * (len(sets) + 1))
    for method, row in table.items():
        cells = [f"{np.mean(s):.1f} (+-{np.std(s):.1f})" for s in row.values()]
        mean = np.mean([np.mean(seeds) for seeds in row.values()])
        print(f"| {method} |", " | ".join(cells), f"| {mean:.1f} |")


if __name__ == "__main__":
    main()
