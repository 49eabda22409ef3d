"""
Clusters of texts, with names
=============================

For people who have many texts without labels, and want to know what they are about.
Which groups are there, which words describe them, and do they agree with known classes
better than clusters of tf-idf?
"""

# %%
# Vectors are scaled to length 1, since k-means depends on their lengths, which say
# little about the topic. The classes, newsgroups or sub-packages, are only used to
# judge the clusters. :download:`texts.py <../../examples/texts.py>` loads the texts:
# save it next to this script.
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, labels, _ = load_texts(min_documents=200)
n_classes = len(set(labels))
vectorizer = Word2VecVectorizer(window=10, weighting="idf", norm="l2", random_state=0)
vectors = vectorizer.fit_transform(texts)
kmeans = KMeans(n_classes, n_init=5, random_state=0).fit(vectors)

# %%
# The center of a cluster is a vector like that of a text. The nearest frequent words
# of the centers name the clusters. They are not part of the clustering.
counts = zip(vectorizer.vocabulary_, vectorizer.word_counts_, strict=True)
frequent = [word for word, count in counts if count >= 200]
words, _ = vectorizer.nearest_words(kmeans.cluster_centers_, topn=3, among=frequent)
names = [", ".join(of_center) for of_center in words]

# %%
# The heat map shows which share of each class is in which cluster. The clusters are
# sorted so that the diagonal is dark.
table = contingency_matrix(kmeans.labels_, labels)  # (n_clusters, n_classes)
table = table / table.sum(axis=0)
_, order = linear_sum_assignment(table.T, maximize=True)  # the cluster of each class
_, ax = plt.subplots(figsize=(7, 5), layout="constrained")
image = ax.imshow(table[order], cmap="Blues", aspect="auto")
ax.set_yticks(range(n_classes), [names[cluster] for cluster in order])
ax.set_xticks(range(n_classes), np.unique(labels), rotation=45, ha="right")
ax.figure.colorbar(image, label="Share of the class", shrink=0.6)
plt.show()

# %%
# The adjusted Rand index is 1 if clusters and classes are the same, and about 0 for
# random clusters. LSA is tf-idf, reduced to as many columns.
lsa = make_pipeline(
    TfidfVectorizer(sublinear_tf=True, stop_words="english"),
    TruncatedSVD(100, random_state=0),
    Normalizer(),
)
clusters = KMeans(n_classes, n_init=5, random_state=0).fit(lsa.fit_transform(texts))
print(f"word2vec {adjusted_rand_score(labels, kmeans.labels_):.2f}")
print(f"LSA      {adjusted_rand_score(labels, clusters.labels_):.2f}")

# %%
# On docstrings, the clusters of word2vec agree better with the classes than those of
# LSA. Neither agrees well: some classes, such as parts of numpy, have the same topics.
#
# What it cannot do
# -----------------
# K-means needs the number of clusters, and finds as many in any texts. Its clusters
# depend on the random start, and need not be the classes that you have in mind: with a
# few labels, train a classifier instead (:doc:`few_labels`). :doc:`Maps <word_map>`
# show groups of texts without clustering.
