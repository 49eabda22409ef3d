"""
Graphs: vectors of nodes from random walks
==========================================

This page is for people who have a graph: users and their friends, pages and links,
proteins that interact. It turns a table of edges into vectors of nodes (DeepWalk), and
answers which community a node is in, if few nodes have labels.
"""

# %%
# A graph
# -------
# The graph is simulated, so that the answer is known: 3,000 nodes in 20 communities.
# Three fifths of the edges are within communities, and the others can be anywhere. Some
# nodes have many edges, and most have few.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import eigsh
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

N_NODES = 3000
rng = np.random.RandomState(0)
communities = rng.randint(20, size=N_NODES)
weights = 1 + rng.pareto(2.5, N_NODES)
first, second = rng.choice(N_NODES, (2, 150_000), p=weights / weights.sum())
is_within = communities[first] == communities[second]
is_edge = is_within | (rng.random_sample(len(first)) < 1 / 30)
edges = pd.DataFrame({"from": first[is_edge], "to": second[is_edge]})
edges = edges[edges["from"] != edges["to"]].drop_duplicates()
within = communities[edges["from"]] == communities[edges["to"]]
print(f"{len(edges):,} edges, {within.mean():.2f} of them within communities")

# %%
# From edges to walks
# -------------------
# A random walk goes from a node to one of its neighbors, which is drawn at random, and
# on from there. Ten walks of 40 nodes start at each node that has an edge. In a matrix
# in CSR format, the neighbors of a node are consecutive entries of ``indices``, and
# ``indptr`` has their first places. All walks take a step at once.
# (``pandas.factorize`` turns names of nodes into numbers.)
places = edges["from"].to_numpy(), edges["to"].to_numpy()
adjacency = coo_array((np.ones(len(edges)), places), (N_NODES, N_NODES)).tocsr()
adjacency = ((adjacency + adjacency.T) > 0).astype(float)  # symmetric, without weights
degrees = np.diff(adjacency.indptr)

starts = np.tile(np.flatnonzero(degrees), 10)
walks = np.empty((len(starts), 40), dtype=np.intp)
walks[:, 0] = starts
for step in range(1, walks.shape[1]):
    nodes = walks[:, step - 1]
    drawn = (rng.random_sample(len(nodes)) * degrees[nodes]).astype(np.intp)
    walks[:, step] = adjacency.indices[adjacency.indptr[nodes] + drawn]
print(f"{len(walks):,} walks; {np.sum(degrees == 0)} nodes have no edge")


# %%
# From walks to vectors
# ---------------------
# Walks are documents, and nodes are words. :meth:`~sklearn_w2v.Word2VecVectorizer.fit`
# takes the rows of a 2-D array of integers. Within the window, all distances count
# alike. The walks pass each node hundreds of times. With the learning rate that suits
# texts, 0.4, vectors then represent single edges more, and communities less. A lower
# one is better here. ``default=0`` gives nodes that are in no walk a vector of zeros.
def walk_vectors(vector_size, learning_rate):
    """Return the vectors of all nodes by word2vec."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vector_size=vector_size,
        window=10,
        shrink_windows=False,
        learning_rate=learning_rate,
        random_state=0,
    )
    return vectorizer.fit(walks).get_vector(range(N_NODES), default=0)


# %%
# For comparison, the eigenvectors of the graph's normalized Laplacian with the lowest
# eigenvalues. They are those of the normalized adjacency matrix with the largest ones.
def spectral_vectors(n_dimensions):
    """Return eigenvectors of the graph, a row for each node."""
    roots = np.sqrt(np.maximum(degrees, 1))
    scale = diags_array(1 / roots)
    first = np.ones(N_NODES)  # the default is drawn at random
    _, vectors = eigsh(scale @ adjacency @ scale, n_dimensions, which="LA", v0=first)
    return vectors / roots[:, None]


# %%
# Which community a node is in
# ----------------------------
# A classifier learns from 2, 5 or 20 labels for each community. They are drawn three
# times, the same ones for each method, and accuracies are averaged.
def accuracy(vectors, n_labels):
    """Return the mean accuracy for the nodes without labels."""
    scores = []
    for seed in range(3):
        order = pd.Series(communities).sample(frac=1, random_state=seed)
        is_train = order.groupby(order).cumcount() < n_labels
        train, test = order.index[is_train], order.index[~is_train]
        model = LogisticRegression(max_iter=1000)
        model.fit(vectors[train], communities[train])
        scores.append(model.score(vectors[test], communities[test]))
    return np.mean(scores)


methods = {
    "word2vec, learning_rate=0.4, 64 dimensions": walk_vectors(64, 0.4),
    "word2vec, learning_rate=0.05, 64 dimensions": walk_vectors(64, 0.05),
    "eigenvectors, 64 dimensions": spectral_vectors(64),
    "word2vec, learning_rate=0.05, 20 dimensions": walk_vectors(20, 0.05),
    "eigenvectors, 20 dimensions": spectral_vectors(20),
}
table = pd.DataFrame(index=pd.Index([2, 5, 20], name="labels of each community"))
for name, vectors in methods.items():
    scaled = StandardScaler().fit_transform(vectors)
    table[name] = [accuracy(scaled, n_labels) for n_labels in table.index]
print(table.T.round(2))
axes = table.plot(marker="o", logx=True, ylabel="accuracy of the other nodes")
axes.set_xticks(table.index, table.index)
axes.minorticks_off()
axes.legend(fontsize="small")
plt.show()

# %%
# With few labels, the lower learning rate matters most. With 64 dimensions, word2vec is
# better than eigenvectors with 2 and 5 labels, and about as good with 20. Eigenvectors
# of 20 dimensions are the best here: as many as communities, a number that is seldom
# known.
#
# What it cannot do
# -----------------
# - It is not always better than eigenvectors, which take less time on a graph of this
#   size. Compare both.
# - These walks ignore weights and directions of edges, and attributes of nodes. For
#   other walks, such as those of node2vec, change how neighbors are drawn.
# - A new node has no vector until it is in walks and a fit has seen them. With
#   ``warm_start=True``, ``fit`` on new walks adds it, and continues with the others.
# - All walks are in memory here. For a large graph, pass a generator of walks to
#   ``fit``, which reads them once: :doc:`/large_corpora`.
#
# The method is that of Perozzi, B., Al-Rfou, R. and Skiena, S. (2014). "DeepWalk:
# Online Learning of Social Representations". KDD.
