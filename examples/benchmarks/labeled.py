"""Texts with labels: how they are read, split, and classified."""

import warnings

import numpy as np
from runner import open_text
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

# Classifiers that stop at max_iter are part of the comparisons.
warnings.simplefilter("ignore", ConvergenceWarning)


def read_labeled(path):
    """Return texts and labels of a file whose lines are a label, a tab and a text."""
    with open_text(path) as lines:
        labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    # In an array of str, each text would take as much memory as the longest one.
    return np.array(texts, dtype=object), np.array(labels)


def splits(files):
    """Yield the texts and labels of the training and of the test, for each fold.

    There is one fold if there is a file of test texts, and five otherwise.
    """
    texts, labels = read_labeled(files[0])
    if len(files) > 1:
        yield texts, labels, *read_labeled(files[1])
        return
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(texts, labels):
        yield texts[train], labels[train], texts[test], labels[test]


def accuracy(train, train_labels, test, test_labels, **parameters):
    """Return the accuracy of logistic regression in %."""
    model = LogisticRegression(max_iter=500, **parameters).fit(train, train_labels)
    return 100 * model.score(test, test_labels)
