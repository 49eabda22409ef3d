"""
First steps
===========

For people who use scikit-learn and have texts, few of which have labels. What does the
package do, and is a classifier better with it than with tf-idf? The texts are posts of
20 newsgroups if they are on disk, and otherwise docstrings with their sub-packages.
:download:`texts.py <../../examples/texts.py>` loads them: save it next to this script.
"""

from importlib.util import find_spec

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, labels, groups = load_texts(min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))

# %%
# `fit` learns a vector for each word that occurs ten times or more, without labels. A
# wide window is good for topics. Words in the same contexts have similar vectors:
vectorizer = Word2VecVectorizer(window=10, min_count=10, norm="l2", random_state=0)
vectorizer.fit(texts[train])
for word in ["file", "average", "memory"]:
    nearest = vectorizer.most_similar(word, topn=5)
    print(word, "->", ", ".join(other for other, _ in nearest))

# %%
# `transform` returns the mean word vector of each text, scaled to length 1 by `norm`.
print("texts, numbers in a vector:", vectorizer.transform(texts[test]).shape)

# %%
# Suppose that only 100 texts have labels. A frozen vectorizer is not fitted again, so
# `fit` trains only the classifier. Without `FrozenEstimator`, `fit` would learn word
# vectors from the labeled texts alone. The accuracy is the mean of five draws of 100
# texts.
tfidf = TfidfVectorizer(sublinear_tf=True).fit(texts[train])
draws = [np.random.RandomState(seed).permutation(train)[:100] for seed in range(5)]
accuracy = {}
for n_labels, labeled in [("all", [train]), ("100", draws)]:
    for name, fitted in [("tf-idf", tfidf), ("word2vec", vectorizer)]:
        model = make_pipeline(FrozenEstimator(fitted), LinearSVC())
        scores = []
        for rows in labeled:
            model.fit(texts[rows], labels[rows])
            scores.append(model.score(texts[test], labels[test]))
        accuracy[f"{name}, {n_labels} labels"] = np.mean(scores)
        print(f"{name}, {n_labels} labels: {np.mean(scores):.2f}")

# %%
# With 100 labels, word2vec is better: all texts have shown it which words are similar.
if find_spec("matplotlib"):  # which the package itself does not need
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
    bars = ax.barh(list(accuracy), list(accuracy.values()))
    ax.bar_label(bars, fmt="%.2f", padding=3)
    ax.set(xlabel="Accuracy on held-out texts", xlim=(0, 1))
    plt.show()

# %%
# What it cannot do
# -----------------
# A mean ignores the order of words. It is often worse than tf-idf if all texts have
# labels or if single words decide. :doc:`Few labels <few_labels>` compares more
# methods. There, both together are better than each of them alone. :doc:`/jobs` lists
# the other pages.
