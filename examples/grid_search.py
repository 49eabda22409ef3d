"""Tune the word vectors and the classifier together with GridSearchCV.

The vectorizer's parameters are parameters of the pipeline, so a grid search can choose
them. Most of the time is spent on the training of word vectors. `weighting`, `norm`,
`vectors` and the classifier do not affect this training: with the vectorizer's
`memory`, all candidates that differ only in these share one training for each fold. The
search runs without and with `memory`, on a part of the texts.
"""

# %%
import tempfile
import time
from collections import Counter

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# 600 texts of the eight largest classes, to keep the search short.
texts, labels, groups = load_texts()
chosen = [label for label, _ in Counter(labels).most_common(8)]
rows = np.flatnonzero(np.isin(labels, chosen))
rows = np.random.RandomState(0).choice(rows, 600, replace=False)
X, y, groups = texts[rows], labels[rows], groups[rows]
print(f"The search uses {len(X):,} of these, from {len(chosen)} classes")

# %%
# `memory` needs an int as random_state, so that a repeated training has the same
# result. All candidates of a fold have the same texts and the same parameters of the
# training here: one of them trains, and seven read its result. Few epochs keep the
# search short.
pipeline = make_pipeline(
    Word2VecVectorizer(epochs=5, random_state=0), StandardScaler(), RidgeClassifier()
)
grid = {
    "word2vecvectorizer__weighting": [None, "idf"],
    "word2vecvectorizer__norm": [None, "l2"],
    "ridgeclassifier__alpha": [10, 100],
}

# %%
# GroupKFold keeps the texts of a group in one fold. The files in the folder of `memory`
# are unpickled: use a folder to which only you can write.
candidates = int(np.prod([len(values) for values in grid.values()]))
print(f"\n{candidates} candidates in 3 folds")
scores = []
with tempfile.TemporaryDirectory() as folder:
    for memory, n_trainings in [(None, 3 * candidates), (folder, 3)]:
        pipeline.set_params(word2vecvectorizer__memory=memory)
        search = GridSearchCV(pipeline, grid, cv=GroupKFold(3), refit=False)
        before = time.perf_counter()
        search.fit(X, y, groups=groups)
        seconds = time.perf_counter() - before
        name = "with memory" if memory else "without memory"
        print(f"  {name:15}{n_trainings:3} trainings{seconds:8.1f} s")
        scores.append(search.cv_results_["mean_test_score"])
# `memory` only changes the time.
assert np.array_equal(*scores)

# %%
results = search.cv_results_
print("\nAccuracy in cross-validation, best first")
print(f"  {'weighting':11}{'norm':6}{'alpha':>5}{'accuracy':>10}{'std':>7}")
for row in np.argsort(-results["mean_test_score"], kind="stable"):
    weighting = str(results["param_word2vecvectorizer__weighting"][row])
    norm = str(results["param_word2vecvectorizer__norm"][row])
    alpha = results["param_ridgeclassifier__alpha"][row]
    mean, std = results["mean_test_score"][row], results["std_test_score"][row]
    print(f"  {weighting:11}{norm:6}{alpha:5}{mean:10.3f}{std:7.3f}")
print(f"\ntook {time.perf_counter() - start:.1f} s")
