"""
Many texts, few labels
======================

For people who have thousands of texts, and labels for some hundred of them. From how
many labels on is tf-idf enough? And what does it cost to learn word vectors only from
the texts with labels?

The classes are the sub-packages of docstrings, or newsgroups if they are on disk. All
texts of a group, such as the methods of a class, are on one side of the split.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, KFold
from sklearn.pipeline import make_pipeline
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
# reduced to as many columns as word2vec has.
word2vec = Word2VecVectorizer(window=10, norm="l2", random_state=0)
tfidf = TfidfVectorizer(sublinear_tf=True)
lsa = make_pipeline(tfidf, TruncatedSVD(100, random_state=0), Normalizer())
vectorizers = {"word2vec": word2vec, "tf-idf": tfidf, "LSA": lsa}

# %%
# `fit` of a `FrozenEstimator` does nothing, so that only the classifier of a pipeline
# is trained. With the search inside the pipeline, documents are vectorized once, and
# each method gets the `C` that suits it. Folds are not stratified, since a class may
# have a single labeled text.
search = GridSearchCV(
    LinearSVC(), {"C": [0.1, 1, 10]}, cv=KFold(3, shuffle=True, random_state=0)
)
pipelines = {
    name: make_pipeline(FrozenEstimator(vectorizer.fit(texts[train])), search)
    for name, vectorizer in vectorizers.items()
}
# For comparison: `fit` learns these word vectors, from the labeled texts alone.
pipelines["word2vec, not frozen"] = make_pipeline(
    Word2VecVectorizer(window=10, norm="l2", random_state=0), search
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
# With 100 labels of docstrings, word2vec and LSA are better than tf-idf, since all
# training texts have shown them which words are similar. With 500, tf-idf is better.
# Word vectors of the labeled texts alone are far worse.
#
# What it cannot do
# -----------------
# Where single words decide, as for offensive texts, tf-idf is better with any number of
# labels. Which method is best depends on the texts: :doc:`/benchmarks` has the figures
# of five data sets. If a pre-trained sentence encoder for your language is fast enough,
# compare with it. :doc:`explain` shows why a text gets its class.
