"""Accuracy of document vectors, gensim's, tf-idf and LSA, on labeled texts.

    python examples/benchmarks/documents.py NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...
    python examples/benchmarks/documents.py ... --few-labels

A data set without a test file is tested in five stratified folds. Vectors are learned
only from the training texts. gensim and sklearn_w2v get the same tokens and use their
defaults; gensim is also run with as many epochs as sklearn_w2v. Vectors are scaled by
StandardScaler, and classified by LogisticRegression.

Without `--few-labels`, all training texts have labels. Results are means over seeds,
and their standard deviation. With it, vectors are still learned from all training
texts, with the first seed and the first fold. Results are means over five draws of
labels, each with the best C of a grid. Needs the extra `benchmark`.
"""

import numpy as np
from gensim.models import Word2Vec
from labeled import accuracy, splits
from runner import benchmark, mean, progress
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import train_test_split
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

    def __init__(self, threads, seed, average=False, as_many_epochs=False):
        self.threads = threads
        self.seed = seed
        self.average = average
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


def methods_of(seed, threads):
    """Return the vectorizers by the names of their methods."""
    ours = {"n_jobs": threads, "random_state": seed}
    gensim = {"threads": threads, "seed": seed}
    both = gensim | {"average": True}
    means = {
        'sklearn_w2v means, ``epochs="auto"``': Word2VecVectorizer(**ours),
        "sklearn_w2v means, five epochs": Word2VecVectorizer(epochs=5, **ours),
        "gensim means": GensimMeans(**gensim),
        "gensim means, both matrices": GensimMeans(**both),
        "gensim means, both matrices, as many epochs as ours": GensimMeans(
            **both, as_many_epochs=True
        ),
    }
    methods = {
        name: make_pipeline(one, StandardScaler()) for name, one in means.items()
    }
    if seed > 0:
        return methods
    # These depend on the seed hardly or not at all.
    return methods | {
        f"TruncatedSVD({SIZE}) of tf-idf": make_pipeline(
            TfidfVectorizer(sublinear_tf=True),
            TruncatedSVD(SIZE, random_state=seed),
            StandardScaler(),
        ),
        "tf-idf": TfidfVectorizer(sublinear_tf=True),
    }


def with_few_labels(train, train_labels, test, test_labels):
    """Return the accuracy for each number of labels, with the best C of the grid."""
    best = []
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
        best.append(scores.mean(axis=0).max())
    return best


def with_all_labels(*data):
    """Return the accuracy in a list."""
    return [accuracy(*data)]


def accuracies_of(files, options):
    """Return the accuracies by method, as means over folds: a row for each seed."""
    evaluate = with_few_labels if options.few_labels else with_all_labels
    folds = list(splits(files))[: 1 if options.few_labels else None]
    found = {}
    for seed in range(1 if options.few_labels else options.seeds):
        for method, vectorizer in methods_of(seed, options.threads).items():
            accuracies = [
                evaluate(
                    vectorizer.fit_transform(train),
                    train_labels,
                    vectorizer.transform(test),
                    test_labels,
                )
                for train, train_labels, test, test_labels in folds
            ]
            found.setdefault(method, []).append(np.mean(accuracies, axis=0))
            progress(f"seed {seed}, {method}: {found[method][-1]}")
    return found


def measure(options):
    """Return the table."""
    columns = [accuracies_of(files, options) for _, files in options.sets]
    rows = []
    for method in columns[0]:
        cells = [np.array(column[method]) for column in columns]  # (seeds, numbers)
        cells.append(np.mean(cells, axis=0))
        rows.append([method, *(" / ".join(map(mean, cell.T)) for cell in cells)])
    settings = f"accuracy in %, {options.seeds} seed(s)"
    if options.few_labels:
        numbers = " / ".join(map(str, N_LABELS))
        settings = f"accuracy in % with {numbers} labels, means of {N_DRAWS} draws"
    return settings, ["method", *(name for name, _ in options.sets), "mean"], rows


if __name__ == "__main__":
    benchmark(measure, __doc__, "sets", seeds=3, threads=2, few_labels=False)
