"""Word vectors from your own texts, and a classifier on top.

Word2vec learns a vector for each word from texts without labels. Words that occur near
the same other words get similar vectors. `Word2VecVectorizer` learns them in `fit`, and
its `transform` returns the mean word vector of each text: a small dense matrix, which
any estimator accepts. It is compared with tf-idf, which has a column for each word, and
with LSA, which is tf-idf reduced to as many columns as word2vec has here. This is an
illustration, not a benchmark.
"""

# %%
import time

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# A quarter of the texts is held out. Nothing is learned from it, not even word vectors.
# All texts of a group, such as the methods of a class, are on one side of the split.
texts, labels, groups = load_texts(min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
X_train, y_train = texts[train], labels[train]
X_test, y_test = texts[test], labels[test]

# %%
# A wide window is good for topics. Words that occur fewer than ten times are left out,
# since their vectors would be poor. All other parameters have their defaults.
print(f"\n1. Learn word vectors from {len(train):,} texts, without their labels")
vectorizer = Word2VecVectorizer(window=10, min_count=10, random_state=0)
vectorizer.fit(X_train)
n_words, vector_size = vectorizer.embedding_matrix_.shape
print(
    f"   {vectorizer.word_counts_.sum():,} words, {n_words:,} different ones;", end=" "
)
print(f"each of these has a vector of {vector_size} numbers")

# %%
# Each corpus has its own list, since the interesting words differ.
words = ["matrix", "distribution", "integer", "probability", "plot", "classifier"]
if "sci.space" in labels:
    words = ["space", "game", "windows", "doctor", "government", "car"]
print("\n2. The words with the most similar vectors (1 is the same direction)")
for word in words:
    nearest = vectorizer.most_similar(word, topn=4)
    found = ", ".join(f"{other} {similarity:.2f}" for other, similarity in nearest)
    print(f"   {word:13}{found}")

# %%
# Each method has a vectorizer, which needs no labels, and a linear classifier with
# suitable scaling and penalty. The vectorizers are fitted once, on all training texts.
print("\n3. Turn each text into a vector: the mean of its words' vectors")
svd = make_pipeline(
    TfidfVectorizer(sublinear_tf=True), TruncatedSVD(vector_size, random_state=0)
)
methods = {
    "word2vec": (vectorizer, make_pipeline(StandardScaler(), LinearSVC(C=0.01))),
    "tf-idf": (TfidfVectorizer(sublinear_tf=True).fit(X_train), LinearSVC()),
    "LSA": (svd.fit(X_train), make_pipeline(Normalizer(), LinearSVC())),
}
for name, (fitted, _) in methods.items():
    n_rows, n_columns = fitted.transform(X_test).shape
    print(f"   {name:10}{n_rows:,} held-out texts, {n_columns:,} columns")

# %%
# With few labels, the accuracy depends on which texts have them. It is the mean of five
# draws, the same ones for each method.
print(f"\n4. Train classifiers for {len(set(labels))} classes, with all or 100 labels")
rng = np.random.RandomState(0)
draws = [rng.choice(len(train), 100, replace=False) for _ in range(5)]
most_frequent = max(np.mean(y_test == label) for label in set(labels))
print("   Accuracy on the held-out texts")
print(f"   {'':22}{f'{len(train):,} labels':>14}{'100 labels':>14}")
print(f"   {'most frequent class':22}{most_frequent:14.3f}")
for name, (fitted, classifier) in methods.items():
    vectors_train, vectors_test = fitted.transform(X_train), fitted.transform(X_test)
    all_labels = classifier.fit(vectors_train, y_train).score(vectors_test, y_test)
    few_labels = [
        clone(classifier)
        .fit(vectors_train[draw], y_train[draw])
        .score(vectors_test, y_test)
        for draw in draws
    ]
    print(f"   {name:22}{all_labels:14.3f}{np.mean(few_labels):14.3f}")
print(
    "   With tf-idf, only the texts with labels show which words indicate a class. The"
)
print("   other two learn from all texts which words are similar. This helps if few")
print("   texts have labels, and matters little if all have.")

# %%
# In practice, the steps are one pipeline. `fit` of a FrozenEstimator does nothing, so
# the word vectors of all texts are kept. A pipeline with the vectorizer itself would
# learn others, from the labeled texts alone.
print("\n5. In practice, use a pipeline; with few labels, freeze the vectorizer")
model = make_pipeline(FrozenEstimator(vectorizer), StandardScaler(), LinearSVC(C=0.01))
labeled = draws[0]  # the rows that have labels
scores = cross_val_score(model, X_train[labeled], y_train[labeled], cv=KFold(5))
print(f"   Accuracy in cross-validation over 100 labeled texts {scores.mean():.3f}")
accuracy = model.fit(X_train[labeled], y_train[labeled]).score(X_test, y_test)
print(f"   Accuracy on the held-out texts                      {accuracy:.3f}")
print("   If all texts have labels, one pipeline can learn everything:")
print("   make_pipeline(Word2VecVectorizer(), StandardScaler(), LinearSVC(C=0.01))")
print(f"\ntook {time.perf_counter() - start:.1f} s")
