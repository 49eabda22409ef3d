"""Tune the word vectors and the classifier together with GridSearchCV.

The parameters of word2vec are parameters of the pipeline, so a grid search chooses them
for the task at hand. `memory` keeps the fitted vectorizers, so that the candidates that
differ only in the classifier's C share one training. Uses a part of the corpus.
"""

# %%
import tempfile
import time

import numpy as np
from docstrings import load_docstrings
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

# %%
# Eight classes of the corpus, to keep the search short.
texts, labels, groups = load_docstrings()
chosen = [
    "numpy.ma",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.spatial",
    "sklearn.cluster",
    "sklearn.decomposition",
    "sklearn.metrics",
    "sklearn.preprocessing",
]
rows = np.isin(labels, chosen)
X, y, groups = texts[rows], labels[rows], groups[rows]
print(f"{len(X):,} documents, {len(chosen)} classes")

# %%
# random_state makes every candidate start from the same random numbers; n_jobs=1 keeps
# the two worker processes at one thread each.
pipeline = make_pipeline(
    Word2VecVectorizer(random_state=0, n_jobs=1),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
grid = {
    "word2vecvectorizer__window": [2, 10],
    "word2vecvectorizer__epochs": [5, 20],
    "logisticregression__C": [0.1, 1],
}

# %%
# GroupKFold keeps the docstrings of one class together in a fold.
start = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    search = GridSearchCV(
        pipeline.set_params(memory=folder), grid, cv=GroupKFold(3), n_jobs=2
    )
    search.fit(X, y, groups=groups)
seconds = time.perf_counter() - start

# %%
results = search.cv_results_
print(f"\n{len(results['params'])} candidates, best first ({seconds:.0f} seconds)")
print(f"{'window':>6}{'epochs':>8}{'C':>6}{'accuracy':>10}{'std':>7}")
for row in np.argsort(-results["mean_test_score"], kind="stable"):
    window = results["param_word2vecvectorizer__window"][row]
    epochs = results["param_word2vecvectorizer__epochs"][row]
    C = results["param_logisticregression__C"][row]
    mean, std = results["mean_test_score"][row], results["std_test_score"][row]
    print(f"{window:6}{epochs:8}{C:6}{mean:10.3f}{std:7.3f}")
