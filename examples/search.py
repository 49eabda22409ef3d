"""
Search by meaning
=================

For people who have many short texts, and queries whose words the texts may not share.
Which texts are nearest to a query, is this better than tf-idf, and what is missed? A
query gets a vector as any text does. Its hits have the largest cosine similarity.
"""

# %%
# The texts are passages of the docstrings of numpy, scipy and scikit-learn, which are
# split at blank lines. Short passages and lists of parameters are left out.
# :download:`texts.py <../../examples/texts.py>` loads the docstrings: save it next to
# this script.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel
from sklearn.neighbors import NearestNeighbors
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, labels, groups = load_texts("docstrings", min_documents=1)
source = {
    " ".join(passage.split()): (label, group)
    for text, label, group in zip(texts, labels, groups, strict=True)
    for passage in text.split("\n\n")
    if len(passage.split()) >= 8 and "---" not in passage
}
passages = np.array(list(source), dtype=object)  # each once
packages, objects = np.array(list(source.values())).T
print(f"{len(passages):,} passages")

# %%
# `weighting="idf"` gives rare words a larger weight, since they say more about the
# topic. A search service would fit once, and index new texts with `transform`.
vectorizer = Word2VecVectorizer(window=10, weighting="idf", norm="l2", random_state=0)
vectors = vectorizer.fit_transform(passages)
index = NearestNeighbors(n_neighbors=2, metric="cosine").fit(vectors)

# %%
# The hits of all queries are printed, also poor ones.
queries = [
    "how to deal with missing values",
    "heavy tails of a random variable",
    "draw a picture of the decision regions",
    "find the root of a function",
    "remove noise from an image",
]
distances, rows = index.kneighbors(vectorizer.transform(queries))
for query, of_query, hits in zip(queries, distances, rows, strict=True):
    print(query)
    for distance, row in zip(of_query, hits, strict=True):
        print(f"  {1 - distance:.2f}  {packages[row]}: {passages[row][:60]}")

# %%
# How good are the hits?
# ----------------------
# The beginnings of 500 passages are queries. A hit counts as good if it is from the
# same sub-package. Passages of the same class or function are no hits, since they would
# be too easy.
chosen = np.random.RandomState(0).permutation(len(passages))[:500]
own = objects[chosen][:, np.newaxis] == objects  # (n_queries, n_passages)
n_words = [3, 6, 12, 24]
tfidf = TfidfVectorizer(sublinear_tf=True)
_, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for name, method in [("word2vec", vectorizer), ("tf-idf", tfidf.fit(passages))]:
    of_passages, shares = method.transform(passages), []
    for n in n_words:
        beginnings = [" ".join(passages[row].split()[:n]) for row in chosen]
        products = linear_kernel(method.transform(beginnings), of_passages)
        similarities = np.where(own, -1, products)
        best = np.argpartition(-similarities, 5)[:, :5]
        shares.append(np.mean(packages[best] == packages[chosen][:, np.newaxis]))
    print(name, np.round(shares, 2))
    ax.plot(n_words, shares, marker="o", label=name)
ax.set(xlabel="Words in a query", xticks=n_words, ylim=(0, 0.6))
ax.set(ylabel="Share of good hits among five")
ax.legend()
plt.show()

# %%
# Here word2vec finds a few more good hits than tf-idf, and long queries find more than
# short ones.
#
# What it cannot do
# -----------------
# With queries of few words, most hits are poor. The order of words does not matter: the
# vectors of "rows of columns" and "columns of rows" are equal. For names, numbers and
# other words that must occur in a hit, use tf-idf, or add the similarities of both. For
# more than 100,000 texts, an approximate index such as hnswlib is faster than
# `NearestNeighbors`: see :ref:`how to <approximate-index>`.
