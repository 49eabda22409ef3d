"""Sequences that are not text: shopping baskets of item numbers.

A simulated shop has 200 items in 10 departments. A basket draws most of its items from
one department, some from a second one, and a few from the whole shop; within a
department, few items sell often and many rarely. Word2vec does not use the
departments, but items that are bought together get similar vectors.
"""

# %%
import time

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from texts import MAX_DOCUMENTS

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# The simulation. Items are numbered at random: a number does not show the department.
N_DEPARTMENTS, N_ITEMS = 10, 20
N_BASKETS = min(1000, MAX_DOCUMENTS // 5)
rng = np.random.RandomState(0)
departments = rng.permutation(np.repeat(np.arange(N_DEPARTMENTS), N_ITEMS))
popularity = 1 / np.arange(1, N_ITEMS + 1)
popularity /= popularity.sum()

baskets, main_departments = [], []
for _ in range(N_BASKETS):
    main, second = rng.choice(N_DEPARTMENTS, 2, replace=False)
    basket = set()
    for _ in range(rng.randint(3, 13)):
        department = rng.choice(
            [main, second, rng.randint(N_DEPARTMENTS)], p=[0.5, 0.2, 0.3]
        )
        items = np.flatnonzero(departments == department)
        basket.add(int(rng.choice(items, p=popularity)))
    baskets.append(sorted(basket))
    main_departments.append(main)

sizes = [len(basket) for basket in baskets]
print(f"{len(baskets):,} baskets of {min(sizes)} to {max(sizes)} items")

# %%
# A basket is a list of tokens, and tokens may be numbers: `analyzer=list` does not
# change them. The order of items has no meaning. So the window is as long as the
# largest basket, and does not shrink: any two items of a basket are a pair, and all
# pairs have the same weight. `sample=None` keeps all frequent items. The default is
# meant for words, and would treat each of the 200 items as frequent.
# Negative values of ns_exponent draw rare items as noise more often than frequent
# ones. Others found them better for baskets and clicks; here the default is better.
count = CountVectorizer(analyzer=list)
vectorizers = {"counts": count, "counts, length 1": make_pipeline(count, Normalizer())}
for ns_exponent in [0.75, 0, -0.5]:
    vectorizers[f"word2vec, ns_exponent={ns_exponent}"] = Word2VecVectorizer(
        analyzer=list,
        vector_size=20,
        window=max(sizes),
        shrink_windows=False,
        min_count=1,
        sample=None,
        epochs=20,
        ns_exponent=ns_exponent,
        random_state=0,
    )

# %%
# Do clusters of basket vectors match the main departments? Most items of a small basket
# may be from other departments, so an index of 1 is impossible.
print("\nAdjusted Rand index of KMeans clusters and main departments")
for name, vectorizer in vectorizers.items():
    vectors = vectorizer.fit_transform(baskets)
    clusters = KMeans(N_DEPARTMENTS, n_init=10, random_state=0).fit_predict(vectors)
    print(f"  {name:28}{adjusted_rand_score(main_departments, clusters):.3f}")

# %%
# Items have vectors too: how many of the five nearest are from the same department?
chance = (N_ITEMS - 1) / (N_DEPARTMENTS * N_ITEMS - 1)
print("\nShare of the five nearest items that are from the same department")
print(f"  {'chance':28}{chance:.3f}")
for name, vectorizer in vectorizers.items():
    if isinstance(vectorizer, Word2VecVectorizer):
        same = [
            departments[other] == departments[item]
            for item in vectorizer.vocabulary_
            for other, _ in vectorizer.most_similar(item, topn=5)
        ]
        print(f"  {name:28}{np.mean(same):.3f}")
print(f"\ntook {time.perf_counter() - start:.1f} s")
