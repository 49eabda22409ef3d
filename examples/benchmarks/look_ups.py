"""Time and memory of look-ups, compared with gensim's KeyedVectors.

    python examples/benchmarks/look_ups.py [--sizes 20000x100 49000x64 ...] [--rounds 5]

Vectors are random. Each query asks for the ten best words. The two libraries take
turns, and a figure is the median over rounds of the median time of a query. "Product"
is the product of the matrix and a vector alone, which reads the matrix once. Memory is
the most that a query allocates, by tracemalloc, to which NumPy reports. Then 10,000
queries are asked at once, each with twenty words to exclude.
"""

import argparse
import tracemalloc
from statistics import median
from time import perf_counter

import numpy as np
from gensim.models import KeyedVectors

from sklearn_w2v import Word2VecVectorizer


def vectorizer_of(words, vectors):
    """Return a vectorizer of random counts and matrices, without a training."""
    known = dict(zip(words, vectors, strict=True))
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vocabulary=words,
        vector_size=vectors.shape[1],
        init_vectors=known,
        trainable=False,
        epochs=1,
        sample=None,
        store_matrices=True,
    )
    return vectorizer.fit([words])


def milliseconds(query, n_queries):
    """Return the median time of a query."""
    times = []
    for number in range(n_queries):
        start = perf_counter()
        query(number)
        times.append(1000 * (perf_counter() - start))
    return median(times)


def megabytes(query):
    """Return the largest memory that a query allocates."""
    tracemalloc.start()
    query(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def measure(words, vectors, options):
    """Print times and memory of one size."""
    vectorizer = vectorizer_of(words, vectors)
    keyed_vectors = KeyedVectors(vectors.shape[1], count=0)
    keyed_vectors.add_vectors(words, vectors)
    queries = {
        "most_similar": lambda n: vectorizer.most_similar(words[7 * n]),
        "gensim": lambda n: keyed_vectors.most_similar(words[7 * n]),
        "product": lambda n: vectors @ vectors[7 * n],
        "most_likely_context": lambda n: vectorizer.most_likely_context(words[n]),
    }
    first = milliseconds(queries["most_similar"], 1)
    queries["gensim"](0)
    times = {name: [] for name in queries}
    for _ in range(options.rounds):
        for name, query in queries.items():
            times[name].append(milliseconds(query, options.queries))
    print("{:,} words of {} dimensions".format(*vectors.shape))
    print(f"  {'first most_similar':20}{first:8.2f} ms")
    for name, query in queries.items():
        print(f"  {name:20}{median(times[name]):8.2f} ms{megabytes(query):8.1f} MB")

    rng = np.random.default_rng(1)
    many = rng.normal(size=(options.many, vectors.shape[1])).astype(np.float32)
    excluded = rng.integers(len(words), size=(options.many, 20))
    excluded = [[words[row] for row in rows] for rows in excluded]
    start = perf_counter()
    vectorizer.nearest_words(many, exclude=excluded)
    print(f"  {options.many:,} vectors {perf_counter() - start:8.2f} s")
    start = perf_counter()
    vectorizer.likely_contexts(excluded, exclude=excluded)
    print(f"  {options.many:,} contexts{perf_counter() - start:8.2f} s", flush=True)


def main():
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", nargs="*", default=["20000x100", "49000x64", "200000x100"]
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--many", type=int, default=10_000)
    options = parser.parse_args()
    for size in options.sizes:
        n_words, vector_size = map(int, size.split("x"))
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(n_words, vector_size)).astype(np.float32)
        measure([f"w{row}" for row in range(n_words)], vectors, options)


if __name__ == "__main__":
    main()
