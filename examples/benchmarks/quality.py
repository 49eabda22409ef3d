"""Quality of word vectors, ours and gensim's, with equal epochs.

    python examples/benchmarks/quality.py CORPUS.txt[.xz] \
        --similarity WS-353=EN-WS-353-ALL.txt MEN=EN-MEN-TR-3k.txt ... \
        --analogies questions-words.txt

A cell has two results: of the center ("input") vectors, and of the average of both
matrices, our default. Results are means over seeds, with their standard deviation;
`word_tests.py` explains the tests. Seconds are those of a fit with the vocabulary. With
`SKLEARN_W2V_COMPILED=0`, sklearn_w2v trains by torch. Needs the extra `benchmark`.
"""

from itertools import product
from time import perf_counter

import numpy as np
from gensim.models import Word2Vec
from peers import OURS
from runner import benchmark, mean, progress, read_documents
from word_tests import evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer


def fit_ours(documents, epochs, seed, threads):
    """Return our vocabulary, center vectors and averages."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        epochs=epochs,
        random_state=seed,
        n_jobs=threads,
        store_matrices=True,
    ).fit(documents)
    centers, averages = vectorizer.center_matrix_, vectorizer.embedding_matrix_
    return vectorizer.vocabulary_, centers, averages


def fit_gensim(documents, epochs, seed, threads):
    """Return gensim's vocabulary, center vectors and averages."""
    model = Word2Vec(documents, sg=1, epochs=epochs, seed=seed, workers=threads)
    centers = model.wv.vectors
    return model.wv.key_to_index, centers, (centers + model.syn1neg) / 2


FITS = {OURS: fit_ours, "gensim": fit_gensim}


def measure(options):
    """Return the table."""
    tests = read_tests(options)
    documents = read_documents(options.corpus, options.max_words)
    found = {}  # epochs and library -> seconds and results of each seed
    for seed in range(options.seeds):
        for run in product(options.epochs, options.libraries):
            epochs, library = run
            begin = perf_counter()
            fitted = FITS[library](documents, epochs, seed, options.threads)
            seconds = perf_counter() - begin
            vocabulary, *matrices = fitted
            results = [evaluate(tests, vocabulary, matrix) for matrix in matrices]
            found.setdefault(run, []).append((seconds, results))
            progress(f"seed {seed}, {epochs} epochs, {library}: {seconds:.1f} s")
    rows = []
    for (epochs, library), runs in found.items():
        seconds = [seconds for seconds, _ in runs]
        results = np.array([results for _, results in runs])  # (seeds, 2, tests)
        cells = [
            " / ".join(mean(results[:, kind, test]) for kind in (0, 1))
            for test in range(len(tests))
        ]
        rows.append([str(epochs), f"{library}, {len(runs)}", *cells, mean(seconds)])
    settings = f"center vectors / averages, {options.threads} threads"
    return settings, ["epochs", "library, seeds", *tests, "seconds"], rows


if __name__ == "__main__":
    sizes = {"seeds": 3, "threads": 2, "max_words": float("inf")}
    files = "corpus", "--similarity", "--analogies"
    benchmark(measure, __doc__, *files, epochs=[3, 5], libraries=list(FITS), **sizes)
