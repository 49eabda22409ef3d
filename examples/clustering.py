"""Clusters of document vectors, compared with the classes of the documents.

KMeans makes as many clusters as there are classes, without the labels. It clusters
word2vec's document vectors, and tf-idf reduced to as many columns (LSA). Two measures
compare clusters and classes: 1 means that they are the same, and random clusters have a
Rand index of about 0. If matplotlib is installed, clustering.png in the current folder
shows the documents with their classes.
"""

# %%
import time
from importlib.util import find_spec

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, v_measure_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from texts import load_texts

from sklearn_w2v import DocumentMapDisplay, Word2VecVectorizer

start = time.perf_counter()

# %%
# Vectors are scaled to length 1, since KMeans depends on their lengths, and the length
# of a mean vector says little about the topic.
texts, labels, _ = load_texts(min_documents=200)
vectorizer = Word2VecVectorizer(window=10, weighting="idf", norm="l2", random_state=0)
lsa = make_pipeline(
    TfidfVectorizer(sublinear_tf=True, stop_words="english"),
    TruncatedSVD(100, random_state=0),
    Normalizer(),
)

# %%
# KMeans depends on its random start: print mean and standard deviation of five runs.
n_classes = len(set(labels))
print(f"\n{n_classes} clusters of {len(texts):,} texts, compared with their classes")
print(f"  {'':10}{'adjusted Rand index':>22}{'V-measure':>16}{'seconds':>9}")
for name, method in [("word2vec", vectorizer), ("LSA", lsa)]:
    before = time.perf_counter()
    vectors = method.fit_transform(texts)
    seconds = time.perf_counter() - before
    rand, v_measure = [], []
    for seed in range(5):
        clusters = KMeans(n_classes, n_init=1, random_state=seed).fit_predict(vectors)
        rand.append(adjusted_rand_score(labels, clusters))
        v_measure.append(v_measure_score(labels, clusters))
    print(f"  {name:10}{np.mean(rand):15.3f} ({np.std(rand):.3f})", end="")
    print(f"{np.mean(v_measure):9.3f} ({np.std(v_measure):.3f}){seconds:8.1f}")
print("  (seconds: time of fit_transform)")

# %%
if find_spec("matplotlib"):
    chosen = np.random.RandomState(0).choice(len(texts), 600, replace=False)
    display = DocumentMapDisplay.from_estimator(
        vectorizer, texts[chosen], labels[chosen]
    )
    display.figure_.savefig("clustering.png", dpi=140, bbox_inches="tight")
    print(f"\nclustering.png: {len(chosen):,} of the texts, colored by class")
print(f"\ntook {time.perf_counter() - start:.1f} s")
