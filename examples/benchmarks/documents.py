"""Accuracy of document vectors, gensim's, tf-idf and LSA, on labeled texts.

    python examples/benchmarks/documents.py NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...
    python examples/benchmarks/documents.py ... --few-labels

Vectors are learned only from the training texts, scaled by StandardScaler, and
classified by LogisticRegression. A data set without a test file is tested in five
stratified folds. Results are means over seeds. With `--few-labels`, vectors are still
learned from all training texts, with the first seed and the first fold. Results are
means over five draws of labels, each with the best C of a grid.
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
        documents = [*map(CountVectorizer().build_analyzer(), X)]
        model = Word2Vec(sg=1, vector_size=SIZE, workers=self.threads, seed=self.seed)
        model.build_vocab(documents)
        epochs = model.epochs
        if self.as_many_epochs:
            counts = [model.wv.get_vecattr(w, "count") for w in model.wv.key_to_index]
            epochs = auto_epochs(sum(counts))
        model.train(documents, total_examples=model.corpus_count, epochs=epochs)
        self.counter_ = CountVectorizer(vocabulary=model.wv.key_to_index)
        vectors = model.wv.vectors
        self.vectors_ = (vectors + model.syn1neg) / 2 if self.average else vectors
        return self

    def transform(self, X):
        """Average the vectors of each text's words."""
        counts = csr_array(self.counter_.transform(X))
        return counts @ self.vectors_ / np.maximum(counts.sum(axis=1), 1)[:, None]


def methods_of(seed, threads):
    """Return the vectorizers by the names of their methods."""
    ours = {"n_jobs": threads, "random_state": seed}
    gensim = {"threads": threads, "seed": seed}
    both, many = gensim | {"average": True}, {"as_many_epochs": True}
    methods = {
        'sklearn_w2v means, ``epochs="auto"``': [Word2VecVectorizer(**ours)],
        "sklearn_w2v means, five epochs": [Word2VecVectorizer(epochs=5, **ours)],
        "gensim means": [GensimMeans(**gensim)],
        "gensim means, both matrices": [GensimMeans(**both)],
        "gensim means, both matrices, as many epochs as ours": [
            GensimMeans(**both, **many)
        ],
    }
    if seed == 0:  # these depend on the seed hardly or not at all
        tfidf = TfidfVectorizer(sublinear_tf=True)
        lsa = TruncatedSVD(SIZE, random_state=seed)
        methods |= {f"TruncatedSVD({SIZE}) of tf-idf": [tfidf, lsa], "tf-idf": [tfidf]}
    return {
        name: make_pipeline(*steps, *([] if name == "tf-idf" else [StandardScaler()]))
        for name, steps in methods.items()
    }


def with_few_labels(train, train_labels, test, test_labels):
    """Return the accuracy for each number of labels, with the best C of the grid."""
    best = []
    for n_labels in N_LABELS:
        scores = np.zeros((N_DRAWS, len(C_GRID)))
        for draw in range(N_DRAWS):
            options = {"train_size": n_labels, "random_state": draw}
            numbers = np.arange(len(train_labels))
            rows, _ = train_test_split(numbers, stratify=train_labels, **options)
            some = train[rows], train_labels[rows]
            for i, C in enumerate(C_GRID):
                scores[draw, i] = accuracy(*some, test, test_labels, C=C)
        best.append(scores.mean(axis=0).max())
    return best


def accuracies_of(files, options):
    """Return the accuracies by method, as means over folds: a row for each seed."""
    found, folds, seeds = {}, list(splits(files)), range(options.seeds)
    if options.few_labels:
        folds, seeds = folds[:1], [0]
    for seed in seeds:
        for method, vectorizer in methods_of(seed, options.threads).items():
            scores = []
            for train, train_labels, test, test_labels in folds:
                vectors = vectorizer.fit_transform(train)
                held_out = vectorizer.transform(test)
                data = vectors, train_labels, held_out, test_labels
                few = options.few_labels
                scores.append(with_few_labels(*data) if few else [accuracy(*data)])
            found.setdefault(method, []).append(np.mean(scores, axis=0))
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
