"""Time and memory from raw texts to vectors; gensim and TfidfVectorizer as peers.

    python examples/benchmarks/end_to_end.py TEXTS.tsv[.xz] [--epochs 5]
    python examples/benchmarks/end_to_end.py CORPUS.txt[.xz] --memory

A document is a line, without a label and a tab at its start. `fit` includes
tokenization; gensim gets the tokens of CountVectorizer's analyzer. All peers run in
turn in this process, and figures are medians of the rounds. `--memory` measures the
peak memory of `fit` instead, in a new process for each peer, beyond the memory after
imports. Texts are then read from the file one by one if the peer can do so. Needs the
`benchmark` extra and an otherwise idle machine.
"""

import argparse
import resource
import statistics
import time
from multiprocessing import get_context
from pathlib import Path

from corpora import open_text
from gensim.models import Word2Vec
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from train import OURS, ratios

from sklearn_w2v import Word2VecVectorizer

GENSIM = "gensim"
TFIDF = "TfidfVectorizer"

SHORT_DOCUMENT = "how to sort a list of dictionaries by a value in python"
N_CALLS = 300


class Texts:
    """The texts of a file, which is read again in each iteration."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        """Yield the texts."""
        with open_text(self.path) as lines:
            for line in lines:
                yield line.rpartition("\t")[2]


def fit_ours(texts, options):
    """Fit on raw texts."""
    return Word2VecVectorizer(
        epochs=options.epochs, n_jobs=options.threads, random_state=0
    ).fit(texts)


def fit_gensim(texts, options):
    """Tokenize raw texts, and train."""
    analyze = CountVectorizer().build_analyzer()
    sentences = [analyze(text) for text in texts]
    return Word2Vec(
        sentences, sg=1, epochs=options.epochs, workers=options.threads, seed=0
    )


def fit_tfidf(texts, options):
    """Fit on raw texts."""
    return TfidfVectorizer().fit(texts)


FITS = {GENSIM: fit_gensim, TFIDF: fit_tfidf, OURS: fit_ours}


def seconds_of(function, *arguments):
    """Return the seconds of a call, and its result."""
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def latency(vectorizer):
    """Return the median seconds of a `transform` of one short document."""
    return statistics.median(
        seconds_of(vectorizer.transform, [SHORT_DOCUMENT])[0] for _ in range(N_CALLS)
    )


def compare(options):
    """Measure times, and print a table."""
    texts = list(Texts(options.texts))
    # So that imports are not measured.
    Word2VecVectorizer(min_count=1, epochs=1).fit(["some words"])
    fits, transforms, latencies = ({name: [] for name in FITS} for _ in range(3))
    for _ in range(options.rounds):
        for name, fit in FITS.items():
            seconds, fitted = seconds_of(fit, texts, options)
            fits[name].append(seconds)
            if name != GENSIM:
                transforms[name].append(seconds_of(fitted.transform, texts)[0])
                latencies[name].append(latency(fitted))

    n_texts = len(texts)
    print(f"{n_texts:,} texts, {options.epochs} epochs, {options.threads} threads\n")
    print("| | fit, s | transform, texts/s | one short text, ms |")
    print("|---|---|---|---|")
    for name in FITS:
        cells = [f"{statistics.median(fits[name]):.2f}", "", ""]
        if name != GENSIM:
            cells[1] = f"{n_texts / statistics.median(transforms[name]):,.0f}"
            cells[2] = f"{1000 * statistics.median(latencies[name]):.3f}"
        print(f"| {name} |", " | ".join(cells), "|")
    print(
        f"\nsklearn_w2v, times faster: fit {ratio(fits, GENSIM)} than {GENSIM}; "
        f"transform {ratio(transforms, TFIDF)}, one text {ratio(latencies, TFIDF)} "
        f"than {TFIDF}"
    )


def ratio(seconds, name):
    """Return the median of the rounds' ratios, and their range."""
    found = ratios(seconds, name)
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def peak_memory(name, options):
    """Return the bytes of a fit's peak beyond imports, and the budget, if any."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fitted = FITS[name](Texts(options.texts), options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    budget = None
    if name == OURS:
        n_tokens = int(fitted.word_counts_.sum())
        budget = 4 * n_tokens + 16 * fitted.embedding_matrix_.size + 150e6
    return 1024 * peak, budget


def compare_memory(options):
    """Measure peak memory, and print a table."""
    print("| | peak of fit, MB |")
    print("|---|---|")
    for name in FITS:
        with get_context("spawn").Pool(1) as pool:
            peak, budget = pool.apply(peak_memory, (name, options))
        print(f"| {name} | {peak / 1e6:,.0f} |", flush=True)
        if budget:
            print(f"\n4 bytes x tokens + 16 x matrix + 150 MB: {budget / 1e6:,.0f} MB")


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    if options.memory:
        compare_memory(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
