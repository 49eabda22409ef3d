"""
Baskets: sequences without order
================================

This page is for people who have sets: items bought at once, tags of pictures, drugs of
patients, ingredients of recipes. It shows how rows of a table become baskets, which
items belong together, which items to recommend for a basket, and which baskets are
alike.
"""

# %%
# A shop
# ------
# The shop is simulated, so that the answers are known: ten departments with 20 items
# each. About half of a basket is from one department, a fifth from a second one, and
# the rest from anywhere. Within a department, few items sell often and many rarely. A
# name shows the department to readers. Word2vec does not look into names.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_w2v import DocumentMapDisplay, Word2VecVectorizer

departments = ["bread", "fruit", "dairy", "tea", "wine"]
departments += ["paint", "tools", "garden", "books", "toys"]
popularity = 1 / np.arange(1, 21)
popularity /= popularity.sum()
rng = np.random.RandomState(0)
rows, main_departments = [], []
for order in range(1000):
    main, second = rng.choice(departments, 2, replace=False)
    main_departments.append(main)
    for _ in range(rng.randint(3, 13)):
        drawn = [main, second, rng.choice(departments)]
        department = rng.choice(drawn, p=[0.5, 0.2, 0.3])
        rows.append((order, f"{department} {rng.choice(20, p=popularity)}"))
sales = pd.DataFrame(rows, columns=["order", "item"]).drop_duplicates()
print(sales.head(4))

# %%
# From a table to baskets
# -----------------------
# The table has a row for each item of an order. A basket is a list of items. If yours
# are sets, sort them (``sorted(basket)``): the order of a set of strings is another one
# in each process, and so are the vectors.
baskets = sales.groupby("order")["item"].agg(list)
largest = baskets.str.len().max()
print(f"{len(baskets):,} baskets, of {largest} items at most; the first one:")
print(baskets[0])

# %%
# Which items belong together
# ---------------------------
# ``analyzer=list`` takes lists of items as they are: strings, or also numbers. (It
# would split a basket that is one string into letters.) The order of items has no
# meaning. So the window is as long as the largest basket, and does not shrink: any two
# items of a basket are a pair, and all pairs have the same weight. ``sample=None``
# keeps all frequent items: the default is meant for words, and would drop many of them.
vectorizer = Word2VecVectorizer(
    analyzer=list,
    vector_size=20,
    window=largest,
    shrink_windows=False,
    min_count=1,
    sample=None,
    epochs=20,
    store_matrices=True,
    random_state=0,
)
vectors = vectorizer.fit_transform(baskets)
print([item for item, _ in vectorizer.most_similar("tea 3", topn=5)])

items = list(vectorizer.vocabulary_)
nearest, _ = vectorizer.nearest_words(items, topn=5)
same = [
    neighbor.split()[0] == item.split()[0]
    for item, neighbors in zip(items, nearest, strict=True)
    for neighbor in neighbors
]
print(f"{np.mean(same):.2f} of the five nearest items are of the same department")

# %%
# What to recommend for a basket
# ------------------------------
# This is another question, for which ``store_matrices=True`` keeps both matrices of
# word2vec. All baskets are answered in one call. ``exclude`` leaves out what they have:
# a recommendation should be new. To measure a hit rate, take an item out of each
# basket, and compare with counts, as :doc:`/gallery/sessions` does.
started = [["tea 0", "tea 5"], ["paint 1"], ["wine 2", "wine 0", "toys 7"]]
suggested, _ = vectorizer.likely_contexts(started, topn=3, exclude=started)
for basket, suggestions in zip(started, suggested, strict=True):
    print(f"{', '.join(basket):24} -> {', '.join(suggestions)}")

# %%
# Which baskets are alike
# -----------------------
# The vector of a basket is the mean of the vectors of its items. Do clusters of baskets
# match their main departments? The best index is below 1, since most items of a small
# basket may be from other departments. Counts of items are compared.
counts = CountVectorizer(analyzer=list)
methods = {
    "counts": counts.fit_transform(baskets),
    "counts, length 1": make_pipeline(counts, Normalizer()).fit_transform(baskets),
    "mean vectors": vectors,
}
for name, matrix in methods.items():
    clusters = KMeans(10, n_init=10, random_state=0).fit_predict(matrix)
    index = adjusted_rand_score(main_departments, clusters)
    print(f"adjusted Rand index {index:.2f}  {name}")

# %%
# A map of the baskets. The colors are their main departments, which the vectorizer has
# not seen.
DocumentMapDisplay.from_estimator(vectorizer, baskets, main_departments)
plt.show()

# %%
# Items of one department have similar vectors, though no basket names a department. The
# clusters of mean vectors are nearer to the departments than those of counts, since two
# baskets can be alike without a common item.
#
# What it cannot do
# -----------------
# - Items that sell everywhere, such as ``tea 0`` in a basket of paint, are likely next
#   to everything. ``most_similar`` does not prefer them.
# - It does not use prices, quantities or times, nor who buys. An item that is listed
#   twice in a basket counts twice: ``drop_duplicates`` prevents it.
# - An item that was never sold has no vector. With the default ``min_count=5``, an item
#   that was sold four times has none either.
# - Negative values of ``ns_exponent`` draw rare items as noise more often. They are
#   known to help some shops. Here, -0.5 gives 0.92 of nearest items of the same
#   department instead of 0.96, and an index of 0.55. Try it with your own data.
#
# If the order has a meaning, see :doc:`/gallery/sessions`.
