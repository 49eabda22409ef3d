"""Effect of initial vectors, batches and early stopping on classification accuracy.

    python examples/benchmarks/going_on.py CORPUS.txt[.xz] \
        NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]] ...

The initial vectors are trained on the first six million words of the corpus. A file of
texts has a label, a tab and a text on each line. Without a test file, the first of five
folds is held out. Vectors are scaled by StandardScaler, and classified by
LogisticRegression. Prints the accuracy in %, and the epochs trained.
"""

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from corpora import read_documents
from documents import accuracy, splits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

CORPUS_WORDS = 6e6
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


def measure(files, known):
    """Return the accuracy and the epochs of each way to fit."""
    train, train_labels, test, test_labels = next(splits(files))
    some = np.random.RandomState(0).permutation(len(train))[:N_FEW]
    few, few_labels = train[some], train_labels[some]
    all_ways = {
        "defaults": {},
        "init_vectors": {"init_vectors": known},
        "init_vectors, not trainable": {"init_vectors": known, "trainable": False},
    }
    found = {}

    def note(name, vectorizer, texts, labels):
        scaler = StandardScaler().fit(vectorizer.transform(texts))
        vectors, held_out = (
            scaler.transform(vectorizer.transform(X)) for X in (texts, test)
        )
        found[name] = (
            accuracy(vectors, labels, held_out, test_labels),
            vectorizer.n_iter_,
        )

    for name, parameters in all_ways.items():
        note(f"{N_FEW:,} texts, {name}", fit(few, **parameters), few, few_labels)
    for name, parameters in all_ways.items():
        note(f"all texts, {name}", fit(train, **parameters), train, train_labels)
    for n_passes in (1, 5):
        one = fit_in_batches(train, n_passes)
        name = f"partial_fit, {N_BATCHES} batches, {n_passes} times"
        note(name, one, train, train_labels)
        note(f"epochs={n_passes}", fit(train, epochs=n_passes), train, train_labels)
    for early_stopping in (True, False):
        one = fit(train, epochs=40, early_stopping=early_stopping)
        name = f"epochs=40, early_stopping={early_stopping}"
        note(name, one, train, train_labels)
    return found


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("sets", nargs="+", metavar="NAME=TRAIN[,TEST]")
    options = parser.parse_args()
    # Classifiers that stop at max_iter are part of the comparison.
    warnings.simplefilter("ignore", ConvergenceWarning)

    sets = dict(argument.split("=", 1) for argument in options.sets)
    columns = {}
    with TemporaryDirectory() as folder:
        known = Path(folder, "vectors.bin")
        documents = read_documents(options.corpus, CORPUS_WORDS)
        fit(documents, analyzer=list).save_word2vec_format(known)
        for name, files in sets.items():
            columns[name] = measure([Path(file) for file in files.split(",")], known)

    print("| accuracy in % (epochs) |", " | ".join(columns), "|")
    print("|---|" + "---|" * len(columns))
    for method in next(iter(columns.values())):
        cells = (
            f"{score:.1f} ({epochs})"
            for score, epochs in (column[method] for column in columns.values())
        )
        print(f"| {method} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
