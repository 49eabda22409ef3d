"""Effect of `weighting`, `n_components_removed` and `norm` on classifiers.

    python examples/benchmarks/pooling.py NAME=TRAIN.tsv[.xz] ... [--folds 3]

Only training texts are used, in stratified folds. Word vectors are learned once from
all texts of a fold, and cached with `memory` for the other poolings. The classifier
learns from 2,000 of the texts. Each cell is the mean accuracy over folds, with the best
setting of the classifier for the pooling and the data set.
"""

from itertools import product
from tempfile import TemporaryDirectory

import numpy as np
from labeled import read_labeled
from runner import benchmark, progress
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

IDF, SIF = {"weighting": "idf"}, {"weighting": "sif"}
L2, ONE, THREE = (
    {"norm": "l2"},
    {"n_components_removed": 1},
    {"n_components_removed": 3},
)
POOLINGS = [{}, IDF, SIF, ONE, L2, IDF | L2, SIF | L2, ONE | L2]
POOLINGS += [SIF | ONE | L2, SIF | THREE | L2]


def logistic(C):
    """Return a logistic regression."""
    return LogisticRegression(C=C, max_iter=200)


CLASSIFIERS = {
    "logistic regression, scaled": [
        make_pipeline(StandardScaler(), logistic(C)) for C in (0.01, 0.1, 1)
    ],
    "logistic regression": [logistic(C) for C in (1, 10, 100)],
    "10 nearest neighbors": [KNeighborsClassifier(10)],
    "nearest centroid": [NearestCentroid()],
}


def name_of(pooling):
    """Return the parameters of a pooling as code."""
    code = ", ".join(f"{name}={value!r}" for name, value in pooling.items())
    code = code.replace("'", '"')
    return f"``{code}``" if code else "plain mean"


def scores_of(texts, labels, options, folder):
    """Return the accuracy of each setting in each fold, by pooling and classifier."""
    folds = StratifiedKFold(options.folds, shuffle=True, random_state=0)
    scores = {}
    for ordered, test in folds.split(texts, labels):
        train = np.random.RandomState(0).permutation(ordered)
        some = slice(options.labels)
        for pooling in POOLINGS:
            vectorizer = Word2VecVectorizer(memory=folder, random_state=0, **pooling)
            vectors = vectorizer.fit_transform(texts[train])
            held_out = vectorizer.transform(texts[test])
            for classifier, settings in CLASSIFIERS.items():
                fitted = [
                    clone(setting).fit(vectors[some], labels[train][some])
                    for setting in settings
                ]
                row = scores.setdefault((classifier, name_of(pooling)), [])
                row.append([model.score(held_out, labels[test]) for model in fitted])
    return scores


def measure(options):
    """Return the table."""
    columns = []
    for name, (path, *_) in options.sets:
        progress(name)
        with TemporaryDirectory() as folder:
            scores = scores_of(*read_labeled(path), options, folder)
        best = {row: 100 * np.mean(all_, axis=0).max() for row, all_ in scores.items()}
        columns.append(best)
    rows = []
    for classifier, pooling in product(CLASSIFIERS, map(name_of, POOLINGS)):
        cells = [column[classifier, pooling] for column in columns]
        shown = [f"{cell:.1f}" for cell in [*cells, np.mean(cells)]]
        rows.append([classifier, pooling, *shown])
    names = [name for name, _ in options.sets]
    settings = f"accuracy in % with {options.labels} labels, {options.folds} folds"
    return settings, ["classifier", "document vectors", *names, "mean"], rows


if __name__ == "__main__":
    benchmark(measure, __doc__, "sets", folds=3, labels=2000)
