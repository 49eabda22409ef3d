"""
Tune word vectors and classifier together
=========================================

For people who have a pipeline that works, and want to know which parameters to change.
How does a grid search choose parameters of both steps, and how long does it take?
"""

# %%
# 600 texts of the eight largest classes keep the search short. All of them have labels,
# so that the vectorizer learns from the same texts as the classifier. For few labels
# and many unlabeled texts, see the end of this page.
# :download:`texts.py <../../examples/texts.py>` loads the texts: save it next to this
# script.
import tempfile
import time
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, labels, groups = load_texts()
largest = [label for label, _ in Counter(labels).most_common(8)]
rows = np.flatnonzero(np.isin(labels, largest))
rows = np.random.RandomState(0).permutation(rows)[:600]
X, y, groups_of_rows = texts[rows], labels[rows], groups[rows]

# %%
# The parameters of a step are named after it. `weighting`, `norm` and those of the
# classifier do not change the training of word vectors, which takes most of the time.
pipeline = Pipeline(
    [
        ("words", Word2VecVectorizer(epochs=10, random_state=0)),
        ("scaler", StandardScaler()),
        ("classifier", RidgeClassifier()),
    ]
)
grid = {
    "words__weighting": [None, "idf"],
    "words__norm": [None, "l2"],
    "classifier__alpha": [10, 100],
}

# %%
# With `memory`, the candidates of a fold share one training. It needs an int as
# `random_state`, so that a repeated training has the same result. The files in its
# folder are unpickled: use a folder to which only you can write. `GroupKFold` keeps the
# texts of a group in one fold.
with tempfile.TemporaryDirectory() as folder:
    for memory in [None, folder]:
        pipeline.set_params(words__memory=memory)
        search = GridSearchCV(pipeline, grid, cv=GroupKFold(3), refit=False)
        start = time.perf_counter()
        search.fit(X, y, groups=groups_of_rows)
        seconds = time.perf_counter() - start
        print(f"{'with' if memory else 'without'} memory: {seconds:.1f} s")
print("best:", search.best_params_)

# %%
# The scores are the same with and without `memory`. The lines are the standard
# deviations over three folds: small differences between candidates may be chance.
results = search.cv_results_
order = np.argsort(results["mean_test_score"], kind="stable")
names = [
    ", ".join(f"{name.split('__')[1]}={value}" for name, value in candidate.items())
    for candidate in results["params"]
]
_, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.errorbar(
    results["mean_test_score"][order],
    [names[number] for number in order],
    xerr=results["std_test_score"][order],
    fmt="o",
)
ax.set(xlabel="Accuracy in cross-validation")
plt.show()

# %%
# Few labels
# ----------
# The search above fits word vectors to the labeled texts of a fold. With few labels,
# these are too few. Fit each candidate to all texts, also the unlabeled ones, and
# freeze it. Here only 300 of the texts have labels. The candidates differ in `epochs`:
labeled = rows[:300]
all_epochs = [2, 5, 10, 20]
candidates = [
    FrozenEstimator(Word2VecVectorizer(epochs=epochs, random_state=0).fit(texts))
    for epochs in all_epochs
]
pipeline.set_params(words__memory=None, classifier__alpha=100)
search = GridSearchCV(pipeline, {"words": candidates}, cv=GroupKFold(5))
search.fit(texts[labeled], labels[labeled], groups=groups[labeled])
for epochs, score in zip(
    all_epochs, search.cv_results_["mean_test_score"], strict=True
):
    print(f"{epochs:2} epochs, fitted to all texts: {score:.2f}")

search = GridSearchCV(pipeline, {"words__epochs": [20]}, cv=GroupKFold(5))
search.fit(texts[labeled], labels[labeled], groups=groups[labeled])
print(f"20 epochs, fitted to the labeled texts of each fold: {search.best_score_:.2f}")

# %%
# What it cannot do
# -----------------
# With few labels, do not tune parameters of the vectorizer as in the first search. Use
# frozen candidates, and see :doc:`few_labels`. The texts of a frozen candidate include
# those of all folds, but it has not seen their labels.
#
# `memory` saves nothing for parameters of the training, such as `window`, `min_count`,
# `vector_size` and `epochs`: each combination is trained. The best of many candidates
# is a bit too good: measure its accuracy on texts that were not used in the search.
# :doc:`/parameters` says what to tune first.
