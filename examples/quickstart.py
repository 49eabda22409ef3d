"""Word vectors from your own texts, and a classifier on top.

Trains word2vec on the docstrings of numpy, scipy and scikit-learn, looks at nearest
words, and predicts the sub-package of docstrings that no step has seen. Tf-idf, and
tf-idf reduced to the same dimension (LSA), stand beside it: with every training label
tf-idf is ahead, with few labels word vectors are ahead of both. An illustration, not a
benchmark; takes about a minute.
"""

# %%
import time

import numpy as np
from docstrings import WORD, load_docstrings
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

# %%
# The corpus. A quarter of the functions and classes, with all their docstrings, is
# held out; nothing is learned from it, the word vectors neither.
texts, labels, groups = load_docstrings()
n_words = sum(len(WORD.findall(text)) for text in texts)
print(f"{len(texts):,} documents, {n_words:,} words, {len(set(labels))} classes")

splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
X_train, y_train = texts[train], labels[train]
X_test, y_test = texts[test], labels[test]
print(f"{len(train):,} of them for training, {len(test):,} for testing")

# %%
# A wide window, since topics are wanted; more epochs than the default, since the
# corpus is small; no words that occur fewer than ten times, since these get poor
# vectors.
vectorizer = Word2VecVectorizer(window=10, epochs=10, min_count=10, random_state=0)
vectorizer.fit(X_train)

print("\nNearest words")
for word in ["matrix", "cluster", "integer", "probability", "plot", "classifier"]:
    nearest = [found for found, _ in vectorizer.most_similar(word, topn=6)]
    print(f"  {word:12}{', '.join(nearest)}")

# %%
# Each method is a vectorizer, which needs no labels, and a classifier. Rows of tf-idf
# have length 1, and small values in them: they want a weaker penalty, a larger C.
methods = {
    "word2vec": make_pipeline(
        clone(vectorizer), StandardScaler(), LogisticRegression(max_iter=1000)
    ),
    "tf-idf": make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=100, max_iter=1000)
    ),
    "LSA": make_pipeline(
        TfidfVectorizer(sublinear_tf=True),
        TruncatedSVD(100, random_state=0),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    ),
}

# %%
# With every label, `fit` is all there is to do. With 100 labels, the vectorizer still
# learns from all training texts; the classifier sees 100 of them. Which 100 matters,
# so the accuracy is the mean of five draws, the same ones for each method.
rng = np.random.RandomState(0)
draws = [rng.choice(len(train), 100, replace=False) for _ in range(5)]

print("\nAccuracy on held-out docstrings")
print(f"  {'':10}{'all labels':>12}{'100 labels':>12}{'seconds':>9}")
for name, pipeline in methods.items():
    start = time.perf_counter()
    pipeline.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    all_labels = pipeline.score(X_test, y_test)

    vectors_train = pipeline[:-1].transform(X_train)
    vectors_test = pipeline[:-1].transform(X_test)
    few_labels = []
    for draw in draws:
        classifier = clone(pipeline[-1]).fit(vectors_train[draw], y_train[draw])
        few_labels.append(classifier.score(vectors_test, y_test))
    print(f"  {name:10}{all_labels:12.3f}{np.mean(few_labels):12.3f}{seconds:9.1f}")
print("  (seconds: to fit the pipeline with all labels)")
