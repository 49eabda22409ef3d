"""Many texts, few labels: word vectors trained once, on texts without labels.

The vectorizer learns from all training texts and is frozen. Only the classifier learns
from the 100 to 500 documents that have labels. Tf-idf and LSA are used in the same way.
The alpha of each method is chosen by cross-validation on the labeled documents. With
few labels, word2vec and LSA are better than tf-idf, since they learn from all texts
which words are similar. With many labels, tf-idf is better. Without FrozenEstimator,
word vectors are learned from the labeled documents alone, and are far worse.
"""

# %%
import time

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# Only the large classes are used, so that most of them occur several times among 100
# labels. The held-out documents are from other functions and classes than the training
# texts.
texts, labels, groups = load_texts(min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
X_train, y_train = texts[train], labels[train]
X_test, y_test = texts[test], labels[test]
print(f"{len(train):,} training texts, {len(set(labels))} classes")

# %%
# Vectorizers and scalers need no labels, so they are fitted once, on all training
# texts. LSA is scaled to length 1, which works best for it.
vectorizers = {
    "word2vec": make_pipeline(
        Word2VecVectorizer(window=10, random_state=0), StandardScaler()
    ),
    "tf-idf": TfidfVectorizer(sublinear_tf=True),
    "LSA": make_pipeline(
        TfidfVectorizer(sublinear_tf=True),
        TruncatedSVD(100, random_state=0),
        Normalizer(),
    ),
}
for vectorizer in vectorizers.values():
    vectorizer.fit(X_train)

# %%
# `fit` of a FrozenEstimator does nothing, so that fitting a pipeline only trains its
# classifier. With the grid search inside the pipeline, documents are vectorized only
# once. The same pipeline can be passed to cross_val_score, with the labeled documents.
# RidgeClassifier is fast, and works well on tf-idf with few labels.
# Folds are not stratified, since a class may have only one labeled document.
search = GridSearchCV(
    RidgeClassifier(tol=1e-2),
    {"alpha": [1, 10, 100, 1000]},
    cv=KFold(3, shuffle=True, random_state=0),
)
pipelines = {
    name: make_pipeline(FrozenEstimator(vectorizer), search)
    for name, vectorizer in vectorizers.items()
}
# For comparison: the word vectors are learned in `fit`, from the labeled documents.
pipelines["not frozen"] = make_pipeline(
    Word2VecVectorizer(window=10, random_state=0), StandardScaler(), search
)

# %%
# The accuracy depends on which documents have labels. They are drawn three times, the
# same ones for each method.
rng = np.random.RandomState(0)
print("\nAccuracy on held-out texts: mean and standard deviation of three draws")
print(f"{'labels':>6}" + "".join(f"{name:>15}" for name in pipelines))
for n_labels in [100, 200, 500]:
    draws = [rng.choice(len(train), n_labels, replace=False) for _ in range(3)]
    row = f"{n_labels:6}"
    for pipeline in pipelines.values():
        scores = [
            pipeline.fit(X_train[draw], y_train[draw]).score(X_test, y_test)
            for draw in draws
        ]
        row += f"{np.mean(scores):9.3f} {np.std(scores):.3f}"
    print(row, flush=True)
print(f"\ntook {time.perf_counter() - start:.1f} s")
