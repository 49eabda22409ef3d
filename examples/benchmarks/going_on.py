"""Effect of initial vectors, batches and early stopping on the accuracy.

    python examples/benchmarks/going_on.py CORPUS.txt[.xz] \
        NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...

The initial vectors are trained on the first six million words of the corpus. Without a
test file, the first of five folds is held out. Vectors are scaled by StandardScaler,
and classified by LogisticRegression. A cell is the accuracy in %, and in brackets the
epochs trained.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from labeled import accuracy, splits
from runner import benchmark, progress, read_documents
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

N_FEW = 1000
N_BATCHES = 10


def fit(texts, **parameters):
    """Return a fitted vectorizer."""
    return Word2VecVectorizer(random_state=0, **parameters).fit(texts)


def fit_in_batches(texts, n_passes):
    """Return a vectorizer that was trained on the texts in batches."""
    vectorizer = Word2VecVectorizer(random_state=0)
    for _ in range(n_passes):
        for begin in range(N_BATCHES):
            vectorizer.partial_fit(texts[begin::N_BATCHES])
    return vectorizer


def fits_of(few, train, known):
    """Yield the ways to fit: a name, the texts, and the fitted vectorizer."""
    frozen = {"init_vectors": known, "trainable": False}
    for name, texts in ((f"{N_FEW:,} texts", few), ("all texts", train)):
        yield name, texts, fit(texts)
        yield f"{name}, ``init_vectors``", texts, fit(texts, init_vectors=known)
        with_frozen = f"{name}, ``init_vectors``, ``trainable=False``"
        yield with_frozen, texts, fit(texts, **frozen)
    for n_passes, times in (1, ""), (5, " five times"):
        yield f"``epochs={n_passes}``", train, fit(train, epochs=n_passes)
        name = f"``partial_fit``, ten batches{times}"
        yield name, train, fit_in_batches(train, n_passes)
    yield "``epochs=40``", train, fit(train, epochs=40)
    name = "``epochs=40, early_stopping=True``"
    yield name, train, fit(train, epochs=40, early_stopping=True)


def cells_of(files, known):
    """Return the cells of a data set by the ways to fit."""
    train, train_labels, test, test_labels = next(splits(files))
    some = np.random.RandomState(0).permutation(len(train))[:N_FEW]
    few, few_labels = train[some], train_labels[some]
    cells = {}
    for name, texts, vectorizer in fits_of(few, train, known):
        labels = few_labels if texts is few else train_labels
        vectors = vectorizer.transform(texts)
        scaler = StandardScaler().fit(vectors)
        held_out = scaler.transform(vectorizer.transform(test))
        score = accuracy(scaler.transform(vectors), labels, held_out, test_labels)
        cells[name] = f"{score:.1f} ({vectorizer.n_iter_})"
        progress(f"{name}: {cells[name]}")
    return cells


def measure(options):
    """Return the table."""
    with TemporaryDirectory() as folder:
        known = Path(folder, "vectors.bin")
        documents = read_documents(options.corpus, options.max_words)
        fit(documents, analyzer=list).save_word2vec_format(known)
        columns = [cells_of(files, known) for _, files in options.sets]
    header = ["word vectors of", *(name for name, _ in options.sets)]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    return "accuracy in % (epochs)", header, rows


if __name__ == "__main__":
    benchmark(measure, __doc__, "corpus", "sets", max_words=6e6)
