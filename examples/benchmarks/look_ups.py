"""Time and memory of look-ups, compared with gensim's KeyedVectors.

    python examples/benchmarks/look_ups.py [--sizes 20000x100 49000x64 ...]

Vectors are random. Each query asks for the ten best words. "Product" is the product of
the matrix and a vector alone. "First" is the first query after a fit. Many queries at
once have twenty words to exclude each. Memory is the most that a query allocates, by
tracemalloc, to which NumPy reports.
"""

import tracemalloc
from statistics import median

import numpy as np
from gensim.models import KeyedVectors
from runner import benchmark, in_turn, seconds_of

from sklearn_w2v import Word2VecVectorizer


def vectorizer_of(words, vectors):
    """Return a vectorizer whose matrices have these vectors, which are not trained."""
    return Word2VecVectorizer(
        analyzer=list,
        vocabulary=words,
        vector_size=vectors.shape[1],
        init_vectors=dict(zip(words, vectors, strict=True)),
        trainable=False,
        epochs=1,
        sample=None,
        store_matrices=True,
    ).fit([words])


def megabytes(query):
    """Return the largest memory that a query allocates."""
    tracemalloc.start()
    query(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def cells_of(words, vectors, options):
    """Return the cells of one size."""
    vectorizer = vectorizer_of(words, vectors)
    keyed_vectors = KeyedVectors(vectors.shape[1], count=0)
    keyed_vectors.add_vectors(words, vectors)
    queries = {
        "most_similar": lambda n: vectorizer.most_similar(words[7 * n]),
        "gensim": lambda n: keyed_vectors.most_similar(words[7 * n]),
        "product": lambda n: vectors @ vectors[7 * n],
        "most_likely_context": lambda n: vectorizer.most_likely_context(words[n]),
    }
    first = seconds_of(lambda: queries["most_similar"](0))
    queries["gensim"](0)
    runs = {
        name: lambda query=query: [*map(query, range(options.queries))]
        for name, query in queries.items()
    }
    seconds = in_turn(runs, options.rounds)
    times = [1000 * median(all_) / options.queries for all_ in seconds.values()]
    memory = [megabytes(queries[name]) for name in ("most_similar", "gensim")]

    rng = np.random.default_rng(1)
    many = rng.normal(size=(options.many, vectors.shape[1])).astype(np.float32)
    rows = rng.integers(len(words), size=(options.many, 20))
    excluded = [[words[row] for row in some] for some in rows]
    at_once = [
        seconds_of(lambda: vectorizer.nearest_words(many, exclude=excluded)),
        seconds_of(lambda: vectorizer.likely_contexts(excluded, exclude=excluded)),
    ]
    return [
        *(f"{one:.2f}" for one in times),
        ", ".join(f"{one:.1f} MB" for one in memory),
        f"{1000 * first:.1f}",
        *(f"{one:.2f}" for one in at_once),
    ]


def measure(options):
    """Return the table."""
    rows = []
    for size in options.sizes:
        n_words, vector_size = map(int, size.split("x"))
        vectors = np.random.default_rng(0).normal(size=(n_words, vector_size))
        words = [f"w{row}" for row in range(n_words)]
        cells = cells_of(words, vectors.astype(np.float32), options)
        rows.append([f"{n_words:,} x {vector_size}", *cells])
    settings = f"medians of {options.rounds} rounds, ms; {options.many:,} at once, s"
    header = ["words x dimensions", "most_similar", "gensim", "product"]
    header += ["most_likely_context", "memory, gensim's", "first, ms"]
    return settings, [*header, "nearest_words, s", "likely_contexts, s"], rows


if __name__ == "__main__":
    sizes = ["20000x100", "49000x64", "200000x100"]
    benchmark(measure, __doc__, rounds=5, sizes=sizes, queries=30, many=10_000)
