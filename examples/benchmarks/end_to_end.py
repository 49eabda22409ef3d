"""Time from raw texts to vectors; gensim and TfidfVectorizer as peers.

    python examples/benchmarks/end_to_end.py TEXTS.tsv[.xz] [--epochs 5]

A document is a line, without a label and a tab at its start. A fit includes
tokenization; gensim gets the tokens of CountVectorizer's analyzer. Needs an otherwise
idle machine. `large.py` measures memory.
"""

from statistics import median

from gensim.models import Word2Vec
from peers import OURS
from runner import benchmark, in_turn, open_text, ratio
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_w2v import Word2VecVectorizer

SHORT_TEXT = ["how to sort a list of dictionaries by a value in python"]
N_CALLS = 300


def runs_of(texts, options):
    """Return what is measured, by library and column."""
    threads, epochs = options.threads, options.epochs
    ours = Word2VecVectorizer(epochs=epochs, n_jobs=threads, random_state=0)
    tfidf = TfidfVectorizer()

    def fit_gensim():
        analyze = CountVectorizer().build_analyzer()
        sentences = [analyze(text) for text in texts]
        Word2Vec(sentences, sg=1, epochs=epochs, workers=threads, seed=0)

    def short(vectorizer):
        for _ in range(N_CALLS):
            vectorizer.transform(SHORT_TEXT)

    return {
        ("gensim", "fit"): fit_gensim,
        ("TfidfVectorizer", "fit"): lambda: tfidf.fit(texts),
        (OURS, "fit"): lambda: ours.fit(texts),
        ("TfidfVectorizer", "transform"): lambda: tfidf.transform(texts),
        (OURS, "transform"): lambda: ours.transform(texts),
        ("TfidfVectorizer", "short"): lambda: short(tfidf),
        (OURS, "short"): lambda: short(ours),
    }


def measure(options):
    """Return the table."""
    with open_text(options.corpus) as lines:
        texts = [line.rpartition("\t")[2] for line in lines]
    Word2VecVectorizer(epochs=1).fit(texts[:100])  # imports torch
    seconds = in_turn(runs_of(texts, options), options.rounds)

    shown = {
        "fit": lambda one: f"{one:.2f}",
        "transform": lambda one: f"{len(texts) / one:,.0f}",
        "short": lambda one: f"{1000 * one / N_CALLS:.3f}",
    }
    rows = []
    for library in ("gensim", "TfidfVectorizer", OURS):
        rows.append([library])
        for column, show in shown.items():
            cell = "-"
            if (library, column) in seconds:
                times = seconds[library, column]
                cell = f"{show(median(times))} ({ratio(times, seconds[OURS, column])})"
            rows[-1].append(cell)
    settings = (
        f"{len(texts):,} texts, {options.epochs} epochs, {options.threads} threads, "
        f"medians of {options.rounds} rounds (times faster sklearn_w2v is)"
    )
    header = ["library", "fit, s", "transform, texts/s", "one short text, ms"]
    return settings, header, rows


if __name__ == "__main__":
    benchmark(measure, __doc__, "corpus", rounds=3, epochs=5, threads=2)
