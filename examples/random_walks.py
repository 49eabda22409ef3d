"""
Graphs: vectors of nodes from random walks
==========================================

This page is for people who have a graph: users and their friends, pages and links,
proteins that interact. It turns a table of edges into vectors of nodes (DeepWalk, node
embeddings), finds similar nodes, draws a map of them, and answers which community a
node is in, if few nodes have labels.
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

from sklearn_w2v import DocumentMapDisplay, Word2VecVectorizer

rng = np.random.RandomState(0)
communities = pd.Series(
    rng.randint(20, size=3000), index=[f"n{i}" for i in range(3000)]
)
weights = 1 + rng.pareto(2.5, 3000)
ends = rng.choice(communities.index, (150_000, 2), p=weights / weights.sum())
edges = pd.DataFrame(ends, columns=["source", "target"])
source, target = (communities[edges[end]].to_numpy() for end in edges)
edges = edges[(source == target) | (rng.random_sample(len(edges)) < 1 / 30)]
edges = edges[edges["source"] != edges["target"]].drop_duplicates()
print(edges.head(3))

# %%
# From edges to walks
# -------------------
# ``pandas.factorize`` turns the names of nodes into numbers, for both columns at once.
# In a matrix in CSR format, the neighbors of a node are consecutive entries of
# ``indices``, and ``indptr`` has their first places. The sum with the transpose ignores
# directions. Leave it out to follow them.
codes, names = pd.factorize(np.r_[edges["source"], edges["target"]])
names = pd.Index(names)
source, target = codes.reshape(2, -1)
shape = len(names), len(names)
adjacency = coo_array((np.ones(len(edges)), (source, target)), shape).tocsr()
adjacency = ((adjacency + adjacency.T) > 0).astype(float)

# %%
# A random walk goes from a node to one of its neighbors, which is drawn at random, and
# on from there. Ten walks of 40 nodes start at each node. All walks take a step at
# once. In a directed graph, a walk ends at a node that no edge leaves. The rest of its
# row is -1, which the mask leaves out.
degrees = np.diff(adjacency.indptr)
starts = np.tile(np.arange(len(names)), 10)
walks = np.full((len(starts), 40), -1)
walks[:, 0] = starts
for step in range(1, walks.shape[1]):
    nodes = walks[:, step - 1]
    goes_on = (nodes >= 0) & (degrees[nodes] > 0)
    nodes = nodes[goes_on]
    drawn = (rng.random_sample(len(nodes)) * degrees[nodes]).astype(np.intp)
    walks[goes_on, step] = adjacency.indices[adjacency.indptr[nodes] + drawn]
walks = np.ma.masked_equal(walks, -1)
print(f"{len(walks):,} walks, {walks.count() / len(names):.0f} visits of each node")


# %%
# From walks to vectors
# ---------------------
# Walks are documents, and nodes are words. :meth:`~sklearn_w2v.Word2VecVectorizer.fit`
# takes the rows of a 2-D array of integers. (Lists of names work, too, but take
# longer.) Within the window, all distances count alike. Rows of ``embedding_matrix_``
# are in the order of counts, so get the vectors of nodes by ``get_vector``.
def fit(**parameters):
    """Return a vectorizer of nodes."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vector_size=64,
        window=10,
        shrink_windows=False,
        sample=None,
        random_state=0,
        **parameters,
    )
    return vectorizer.fit(walks)


vectorizer = fit(learning_rate=0.1, epochs=1)
vectors = vectorizer.get_vector(range(len(names)))  # row i is the node names[i]

# %%
# Similar nodes
# -------------
# Is a similar node one of the same community, or one with a common edge? The learning
# rate and the number of epochs decide it together. The defaults, 0.4 and here 5 epochs,
# suit texts. With them, vectors represent single edges more, and communities less. The
# shares of the ten nearest nodes show it.
print(f"n7 of community {communities['n7']} is similar to")
for node, cosine in vectorizer.most_similar(names.get_loc("n7"), topn=4):
    print(f"{cosine:.2f}  {names[node]:5} of community {communities[names[node]]}")

labels = communities[names].to_numpy()
settings = {"0.1, 1 epoch": vectorizer, "0.4, 5 epochs": fit()}
for name, fitted in settings.items():
    nearest = fitted.nearest_words(range(len(names)), topn=10)[0].astype(int)
    same = np.mean(labels[nearest] == labels[:, None])
    adjacent = adjacency[np.repeat(np.arange(len(names)), 10), nearest.ravel()].mean()
    print(f"{name}: same community {same:.2f}, common edge {adjacent:.2f}")

# %%
# A map of the nodes of eight communities. The colors are the communities, which the
# vectorizer has not seen.
shown = np.flatnonzero(labels < 8)
documents = [[node] for node in shown]
DocumentMapDisplay.from_estimator(vectorizer, documents, labels[shown])
plt.show()


# %%
# Which community a node is in
# ----------------------------
# A classifier learns from 2, 5 or 20 labels for each community. They are drawn three
# times, the same ones for each method, and accuracies are averaged. For comparison:
# eigenvectors of the normalized adjacency matrix with the largest eigenvalues.
def eigenvectors(n_dimensions):
    """Return eigenvectors of the graph, a row for each node."""
    roots = np.sqrt(degrees)
    scale = diags_array(1 / roots)
    first = np.ones(len(names))  # the default is drawn at random
    _, vectors = eigsh(scale @ adjacency @ scale, n_dimensions, which="LA", v0=first)
    return vectors / roots[:, None]


def accuracy(vectors, n_labels):
    """Return the mean accuracy for the nodes without labels."""
    scores = []
    for seed in range(3):
        order = pd.Series(labels).sample(frac=1, random_state=seed)
        is_train = order.groupby(order).cumcount() < n_labels
        train, test = order.index[is_train], order.index[~is_train]
        model = LogisticRegression(max_iter=1000)
        model.fit(vectors[train], labels[train])
        scores.append(model.score(vectors[test], labels[test]))
    return np.mean(scores)


methods = {
    f"word2vec, {name}": fitted.get_vector(range(len(names)))
    for name, fitted in settings.items()
}
methods["eigenvectors, 64 dimensions"] = eigenvectors(64)
methods["eigenvectors, 20 dimensions"] = eigenvectors(20)
table = pd.DataFrame(index=pd.Index([2, 5, 20], name="labels of each community"))
for name, vectors in methods.items():
    scaled = StandardScaler().fit_transform(vectors)
    table[name] = [accuracy(scaled, n_labels) for n_labels in table.index]
print(table.T.round(2))

# %%
# With few labels, the lower rate and the single epoch matter most. They also take a
# fifth of the time. Compared with eigenvectors of 64 dimensions, word2vec is better
# with 2 labels, equal with 5 and worse with 20. Eigenvectors of 20 dimensions are the
# best here: as many as communities, a number that is seldom known.
#
# How to choose the rate and the epochs
# -------------------------------------
# Both have to be chosen together, since a low rate needs many visits of each node, and
# many visits at a high rate turn communities into single edges. In trials on two
# simulated graphs, ``learning_rate`` times the square root of the visits, in all
# epochs, was best for communities near 2, which is 0.1 for 400 visits: :ref:`results
# for other rates <learning-rate-nodes>`. Cross-validation cannot choose it with a few
# labels: the score changes more from one draw of labels to the next than between
# settings. If a similar node should be a neighbor, keep the defaults.
#
# What it cannot do
# -----------------
# - It is not always better than eigenvectors, which take little time on a graph of this
#   size. Compare both.
# - Edges are not walks: with edges as documents, a node would only get its neighbors as
#   contexts, and one with fewer than ``min_count=5`` edges would have no vector.
# - These walks ignore weights of edges and attributes of nodes. For other walks, such
#   as those of node2vec, change how neighbors are drawn.
# - A window has nodes on both sides, even if walks follow directions.
# - A new node has no vector until it is in walks and a fit has seen them. With
#   ``warm_start=True``, ``fit`` on new walks adds it, and continues with the others.
# - All walks are in memory here. For a large graph, pass a generator of walks to
#   ``fit``, which reads them once: :doc:`/large_corpora`.
#
# The method is that of Perozzi, B., Al-Rfou, R. and Skiena, S. (2014). "DeepWalk:
# Online Learning of Social Representations". KDD.
