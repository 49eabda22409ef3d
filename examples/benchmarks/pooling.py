"""Effect of `weighting`, `n_components_removed` and `norm` on three classifiers.

    python examples/benchmarks/pooling.py NAME=TRAIN.tsv[.xz] ... [--folds 3]

A file has a label, a tab and a text on each line. Only training texts are used, in
stratified folds. Word vectors are learned once from all texts of a fold, and cached
with `memory` for the other poolings. The classifier learns from 2,000 of the texts.
Each cell is the mean accuracy over folds, with the best setting of the classifier for
the pooling and the data set.
"""

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from corpora import read_labeled
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

POOLINGS = {
    "mean": {},
    "idf": {"weighting": "idf"},
    "sif": {"weighting": "sif"},
    "1 removed": {"n_components_removed": 1},
    "l2": {"norm": "l2"},
    "idf, l2": {"weighting": "idf", "norm": "l2"},
    "sif, l2": {"weighting": "sif", "norm": "l2"},
    "1 removed, l2": {"n_components_removed": 1, "norm": "l2"},
    "sif, 1 removed, l2": {
        "weighting": "sif",
        "n_components_removed": 1,
        "norm": "l2",
    },
    "sif, 3 removed, l2": {
        "weighting": "sif",
        "n_components_removed": 3,
        "norm": "l2",
    },
}

CLASSIFIERS = {
    "logistic regression, scaled": [
        make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=200))
        for C in (0.01, 0.1, 1)
    ],
    "logistic regression": [
        LogisticRegression(C=C, max_iter=200) for C in (1, 10, 100)
    ],
    "10 nearest neighbors": [KNeighborsClassifier(10)],
    "nearest centroid": [NearestCentroid()],
}


def scores_of(texts, labels, options, folder):
    """Return the mean accuracies in %, of shape (poolings, classifiers)."""
    folds = StratifiedKFold(options.folds, shuffle=True, random_state=0)
    scores = []
    for ordered, test in folds.split(texts, labels):
        train = np.random.RandomState(0).permutation(ordered)
        labeled = slice(options.labels)
        scores.append([])
        for parameters in POOLINGS.values():
            vectorizer = Word2VecVectorizer(memory=folder, random_state=0, **parameters)
            vectors = vectorizer.fit_transform(texts[train])
            held_out = vectorizer.transform(texts[test])
            scores[-1].append(
                [
                    [
                        clone(setting)
                        .fit(vectors[labeled], labels[train][labeled])
                        .score(held_out, labels[test])
                        for setting in settings
                    ]
                    for settings in CLASSIFIERS.values()
                ]
            )
    # Classifiers have different numbers of settings, so this is no array operation.
    means = [
        [
            np.mean([fold[pooling][kind] for fold in scores], axis=0).max()
            for kind in range(len(CLASSIFIERS))
        ]
        for pooling in range(len(POOLINGS))
    ]
    return 100 * np.array(means)


def main():
    """Measure, and print a table for each classifier."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="+", metavar="NAME=TRAIN")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=2000)
    options = parser.parse_args()
    # Classifiers that stop at max_iter are part of the comparison.
    warnings.simplefilter("ignore", ConvergenceWarning)

    tables = []  # (data sets, poolings, classifiers)
    names = []
    for argument in options.sets:
        name, path = argument.split("=", 1)
        names.append(name)
        with TemporaryDirectory() as folder:
            tables.append(scores_of(*read_labeled(Path(path)), options, folder))

    for kind, classifier in enumerate(CLASSIFIERS):
        print(f"\n{classifier}\n\n| | {' | '.join(names)} | mean |")
        print("|---|" + "---|" * (len(names) + 1))
        for row, pooling in enumerate(POOLINGS):
            cells = [table[row, kind] for table in tables]
            texts = [f"{cell:.1f}" for cell in [*cells, np.mean(cells)]]
            print(f"| {pooling} | {' | '.join(texts)} |")


if __name__ == "__main__":
    main()
