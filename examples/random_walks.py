"""Vectors of the nodes of a graph: word2vec on random walks (DeepWalk).

A random walk goes from a node to one of its neighbors, drawn at random, and on from
there. Walks are documents, and nodes are words: nodes that are near each other get
similar vectors (Perozzi et al. 2014, "DeepWalk: Online Learning of Social
Representations"). The graph is simulated. Most of its edges are within communities, and
some nodes have many edges, most have few. A classifier finds the communities of all
nodes from the vectors and from few labels. Eigenvectors of the graph's Laplacian are
compared.
"""

# %%
import time

import numpy as np
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import eigsh
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from texts import MAX_DOCUMENTS

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# The simulation: a planted partition. Each edge has one end that is drawn from all
# nodes, and another one from the same community or, for two edges of five, from all
# nodes. Both are drawn in proportion to the weights of nodes.
N_NODES = min(3000, MAX_DOCUMENTS // 2)
N_COMMUNITIES, MEAN_DEGREE, SHARE_ANYWHERE = 20, 8, 0.4
rng = np.random.RandomState(0)
shares = np.linspace(2, 3, N_COMMUNITIES)
communities = rng.choice(N_COMMUNITIES, N_NODES, p=shares / shares.sum())
weights = 1 + rng.pareto(2.5, N_NODES)


def draw_nodes(candidates, size):
    """Draw nodes from the candidates, in proportion to their weights."""
    probabilities = weights[candidates] / weights[candidates].sum()
    return rng.choice(candidates, size, p=probabilities)


def simulate_graph():
    """Return the adjacency matrix, symmetric and without loops."""
    everywhere = np.arange(N_NODES)
    first = draw_nodes(everywhere, N_NODES * MEAN_DEGREE // 2)
    second = draw_nodes(everywhere, len(first))
    is_within = rng.random_sample(len(first)) >= SHARE_ANYWHERE
    for community in range(N_COMMUNITIES):
        ends = np.flatnonzero(is_within & (communities[first] == community))
        members = np.flatnonzero(communities == community)
        second[ends] = draw_nodes(members, len(ends))
    rows, columns = np.append(first, second), np.append(second, first)
    no_loop = rows != columns
    rows, columns = rows[no_loop], columns[no_loop]
    adjacency = coo_array((np.ones(len(rows)), (rows, columns)), (N_NODES, N_NODES))
    adjacency = adjacency.tocsr()  # which adds edges that were drawn twice
    adjacency.data[:] = 1
    return adjacency


adjacency = simulate_graph()
degrees = np.diff(adjacency.indptr)
print(f"{N_NODES:,} nodes in {N_COMMUNITIES} communities, ", end="")
print(f"{adjacency.nnz // 2:,} edges; a node has {np.median(degrees):.0f} edges in the")
print(f"median, {degrees.max()} at most; nodes without edges: {np.sum(degrees == 0)}")


# %%
# All walks take a step at once. In a matrix in CSR format, the neighbors of a node are
# consecutive entries of `indices`, and `indptr` says where they begin. Ten walks start
# at each node that has an edge.
def random_walks(adjacency, n_walks=10, length=40):
    """Return walks over the graph, one per row."""
    starts = np.tile(np.flatnonzero(degrees), n_walks)
    walks = np.empty((len(starts), length), dtype=np.intp)
    walks[:, 0] = rng.permutation(starts)
    for step in range(1, length):
        nodes = walks[:, step - 1]
        drawn = (rng.random_sample(len(nodes)) * degrees[nodes]).astype(np.intp)
        walks[:, step] = adjacency.indices[adjacency.indptr[nodes] + drawn]
    return walks


before = time.perf_counter()
walks = random_walks(adjacency)
print(f"{len(walks):,} walks of {walks.shape[1]} nodes ", end="")
print(f"({time.perf_counter() - before:.2f} s)")


# %%
# The window is DeepWalk's. A window that does not shrink counts all distances alike,
# which is better here. A graph has few nodes, and the walks pass each of them hundreds
# of times. With the learning rate that suits texts, 0.4, vectors then represent single
# edges more, and communities less: the mean cosine of two nodes with an edge between
# their communities is 0.60, and of two without an edge in the same community 0.29. With
# 0.05 it is 0.54 and 0.39.
# Nodes without edges are in no walk: `default=0` gives them a vector of zeros.
def walk_vectors(vector_size, learning_rate):
    """Return word2vec's vectors of all nodes, in the order of nodes."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vector_size=vector_size,
        window=10,
        shrink_windows=False,
        learning_rate=learning_rate,
        random_state=0,
    )
    vectorizer.fit(walks)
    return vectorizer.get_vector(range(N_NODES), default=0)


# %%
# Eigenvectors of the normalized Laplacian with the lowest eigenvalues, in which the
# communities of a planted partition are known to be. They are those of the normalized
# adjacency matrix with the largest ones. Divided by the roots of the degrees, they are
# those of the random walk, which are better here.
def spectral_vectors(n_dimensions):
    """Return eigenvectors of the graph, one row per node."""
    roots = np.sqrt(np.maximum(degrees, 1))
    scale = diags_array(1 / roots)
    normalized = scale @ adjacency @ scale
    first = np.ones(N_NODES)  # the default is drawn at random
    _, vectors = eigsh(normalized, n_dimensions, which="LA", v0=first)
    return vectors / roots[:, None]


# %%
# Which nodes have labels matters: they are drawn three times, the same ones for each
# method.
def accuracies(vectors, n_labels):
    """Return the accuracies for three draws of labels, as many in each community."""
    scores = []
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(N_NODES)
        members = [order[communities[order] == c] for c in range(N_COMMUNITIES)]
        train = np.concatenate([nodes[:n_labels] for nodes in members])
        test = np.concatenate([nodes[n_labels:] for nodes in members])
        model = LogisticRegression(max_iter=1000)
        model.fit(vectors[train], communities[train])
        scores.append(model.score(vectors[test], communities[test]))
    return scores


methods = {
    "word2vec, learning_rate=0.4": lambda: walk_vectors(64, 0.4),
    "word2vec, learning_rate=0.05": lambda: walk_vectors(64, 0.05),
    "eigenvectors": lambda: spectral_vectors(64),
    "word2vec, 20 dimensions": lambda: walk_vectors(20, 0.05),
    "eigenvectors, 20 dimensions": lambda: spectral_vectors(20),
}
print(
    "\nShare of the other nodes whose community is found, with 64 dimensions or 20, the"
)
print("number of communities, which is seldom known: mean and standard deviation")
print(f"  {'labels per community':28}{2:>9}{5:>14}{20:>14}{'seconds':>15}")
for name, method in methods.items():
    before = time.perf_counter()
    vectors = StandardScaler().fit_transform(method())
    seconds = time.perf_counter() - before
    row = f"  {name:28}"
    for n_labels in [2, 5, 20]:
        scores = accuracies(vectors, n_labels)
        row += f"{np.mean(scores):8.3f} {np.std(scores):.3f}"
    print(f"{row}{seconds:9.1f}", flush=True)
print(f"\ntook {time.perf_counter() - start:.1f} s")
