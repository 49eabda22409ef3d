"""
Many texts, few labels
======================

For people who have thousands of unlabeled texts, and labels for a few hundred of them
(semi-supervised learning). From how many labels on is tf-idf enough? Do both together
help? And what does it cost to learn word vectors only from the texts with labels?

The classes are the sub-packages of docstrings, or newsgroups if they are on disk. All
texts of a group, such as the methods of a class, are on one side of the split.
:download:`texts.py <../../examples/texts.py>` loads them; save it next to this script.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, labels, groups = load_texts(min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
print(f"{len(train):,} training texts, {len(set(labels))} classes")

# %%
# Vectorizers need no labels, so they learn from all training texts. LSA is tf-idf,
# reduced to as many columns as word2vec has. The last one has the columns of both.
parameters = {"window": 10, "norm": "l2", "random_state": 0}
word2vec = FrozenEstimator(Word2VecVectorizer(**parameters).fit(texts[train]))
tfidf = FrozenEstimator(TfidfVectorizer(sublinear_tf=True).fit(texts[train]))
lsa = make_pipeline(tfidf, TruncatedSVD(100, random_state=0), Normalizer())
vectorizers = {
    "word2vec": word2vec,
    "tf-idf": tfidf,
    "LSA": FrozenEstimator(lsa.fit(texts[train])),
    "word2vec and tf-idf": make_union(word2vec, tfidf),
}

# %%
# `fit` of a `FrozenEstimator` does nothing, so that only the classifier of a pipeline
# is trained. Without it, `fit` would learn word vectors from the labeled texts alone:
# the last pipeline shows what this costs. In a table, the labeled texts are the rows
# ``labeled = table["team"].notna()``: fit the vectorizer to ``table["text"]``, and the
# pipeline to ``table["text"][labeled], table["team"][labeled]``.
pipelines = {
    name: make_pipeline(vectorizer, LinearSVC())
    for name, vectorizer in vectorizers.items()
}
pipelines["word2vec, not frozen"] = make_pipeline(
    Word2VecVectorizer(**parameters), LinearSVC()
)

# %%
# The accuracy depends on which texts have labels. They are drawn three times, the same
# ones for each method.
sizes = [100, 200, 500]
rng = np.random.RandomState(0)
draws = [[rng.permutation(train)[:size] for _ in range(3)] for size in sizes]
_, ax = plt.subplots(layout="constrained")
for name, pipeline in pipelines.items():
    means, deviations = [], []
    for of_size in draws:
        scores = []
        for rows in of_size:
            pipeline.fit(texts[rows], labels[rows])
            scores.append(pipeline.score(texts[test], labels[test]))
        means.append(np.mean(scores))
        deviations.append(np.std(scores))
    print(f"{name:21}", *np.round(means, 2))
    ax.errorbar(sizes, means, deviations, capsize=3, label=name)
ax.set(xlabel="Texts with labels", ylabel="Accuracy on held-out texts", xticks=sizes)
ax.legend()
plt.show()

# %%
# On docstrings, both together are best with any of these numbers of labels. Word2vec
# alone is better than tf-idf with 100 and 200 labels, since all training texts have
# shown it which words are similar. tf-idf is better with 500: the two lines cross
# between 200 and 500. Word vectors of the labeled texts alone are far worse.
#
# Short texts
# -----------
# Titles or tickets of about ten words need fewer epochs, rare words, and no stop words:
# ``Word2VecVectorizer(epochs=5, min_count=2, stop_words="english")``, with `window` and
# `norm` as above. This is the accuracy on titles of StackOverflow of 20 classes. Some
# of 17,000 titles have labels, and 3,000 others are predicted:
#
# ========================================= ==== ==== ==== =====
# labels                                    100  200  500  1,000
# ========================================= ==== ==== ==== =====
# word2vec with the parameters above        0.62 0.72 0.77 0.79
# word2vec with the parameters for titles   0.68 0.77 0.80 0.82
# tf-idf with ``stop_words="english"``      0.64 0.76 0.80 0.82
# the last two together                     0.72 0.82 0.84 0.85
# ========================================= ==== ==== ==== =====
#
# To search for `epochs`, freeze the candidates: see :doc:`grid_search`.
#
# Which predictions are in doubt?
# -------------------------------
# Those with a small margin between the scores of the best two classes. Of the half of
# the texts with the larger margins, far more predictions are right. On the titles, with
# 200 labels and both together, 98% of them are right, and 66% of the others.
rows = draws[1][0]  # 200 labels
model = pipelines["word2vec and tf-idf"].fit(texts[rows], labels[rows])
second, best = np.sort(model.decision_function(texts[test]))[:, -2:].T
is_sure = best - second >= np.median(best - second)
is_right = model.predict(texts[test]) == labels[test]
print(f"larger margin: {is_right[is_sure].mean():.2f}")
print(f"smaller margin: {is_right[~is_sure].mean():.2f}")

# %%
# What it cannot do
# -----------------
# Where single words decide, as for offensive texts, tf-idf is better than word2vec with
# any number of labels. Which method is best depends on the texts: :doc:`/benchmarks`
# has the figures of five data sets. If a pre-trained sentence encoder for your language
# is fast enough, compare with it. :doc:`The page of explanations <explain>` shows why a
# text gets its class, with word2vec alone.
