"""Quality of word vectors, ours and gensim's, with equal epochs.

    python examples/benchmarks/quality.py CORPUS.txt[.xz] \
        --similarity WS-353=EN-WS-353-ALL.txt MEN=EN-MEN-TR-3k.txt ... \
        --analogies questions-words.txt

A cell has two results: of the center ("input") vectors, and of the average of both
matrices, our default. Results are means over seeds, with their standard deviation;
`word_tests.py` explains the tests. Seconds are those of a fit with the vocabulary. With
`SKLEARN_W2V_COMPILED=0`, sklearn_w2v trains by torch. Needs the extra `benchmark`.
"""

import numpy as np
from gensim.models import Word2Vec
from peers import OURS
from runner import mean, parser_of, print_table, progress, read_documents, seconds_of
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


def measure(documents, tests, options):
    """Return the seconds and the results of all seeds by epochs and library.

    The results of a seed are of shape (2, tests).
    """
    found = {}
    for seed in range(options.seeds):
        for epochs in options.epochs:
            for library in options.libraries:
                fitted = []

                def fit():
                    arguments = documents, epochs, seed, options.threads  # noqa: B023
                    fitted.extend(FITS[library](*arguments))  # noqa: B023

                seconds = seconds_of(fit)
                vocabulary, *matrices = fitted
                results = [evaluate(tests, vocabulary, matrix) for matrix in matrices]
                found.setdefault((epochs, library), []).append((seconds, results))
                progress(f"seed {seed}, {epochs} epochs, {library}: {seconds:.1f} s")
    return found


def main():
    """Measure, and print the table."""
    shared = "--similarity", "--analogies", "--seeds", "--threads", "--max-words"
    parser = parser_of(__doc__, "corpus", *shared)
    parser.add_argument("--epochs", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--libraries", nargs="+", choices=FITS, default=list(FITS))
    options = parser.parse_args()

    tests = read_tests(options)
    documents = read_documents(options.corpus, options.max_words)
    rows = []
    for (epochs, library), runs in measure(documents, tests, options).items():
        seconds = [seconds for seconds, _ in runs]
        results = np.array([results for _, results in runs])  # (seeds, 2, tests)
        cells = [
            " / ".join(mean(results[:, kind, test]) for kind in (0, 1))
            for test in range(len(tests))
        ]
        rows.append([str(epochs), library, *cells, mean(seconds)])
    print_table(
        f"center vectors / averages, {options.seeds} seeds, {options.threads} threads",
        ["epochs", "library", *tests, "seconds"],
        rows,
    )


if __name__ == "__main__":
    main()
