"""Speed of training: gensim, fastText, Spark ML and a PyTorch loop as peers.

    python examples/benchmarks/train.py CORPUS.txt[.xz] [--max-words 1.5e6]

All train skip-gram with negative sampling on the same words, with the same settings and
number of threads. fastText and Spark take part if they (and Java) are installed. Speed
is words of the vocabulary before subsampling x epochs / seconds, without the time to
build the vocabulary. Needs an otherwise idle machine.
"""

import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import peers
from peers import OURS
from runner import SETTINGS, benchmark, in_turn, progress, ratio, read_documents

#: Peers that build the vocabulary in each run. That takes as long as a run without an
#: epoch.
WITH_VOCABULARY = {"fastText": peers.fasttext, "Spark ML": peers.spark}


def runs_of(documents, path, options):
    """Return the trainings by name, and the words of an epoch of ours and the loop."""
    ours, n_words = peers.ours(documents, options)
    by_torch, _ = peers.ours(documents, options, by_torch=True)
    loop, n_loop_words = peers.pytorch_loop(documents, options)
    runs = {
        OURS: ours,
        f"{OURS}, by torch": by_torch,
        "gensim, corpus_file": peers.gensim(options, corpus_file=str(path)),
        "gensim, list": peers.gensim(options, corpus_iterable=documents),
        "PyTorch loop": loop,
    }
    for name, prepare in WITH_VOCABULARY.items():
        try:
            run = prepare(path, options)
        except ImportError as error:
            progress(f"{name} is not measured: {error}")
            continue
        runs[name] = partial(run, options.epochs)
        runs[f"{name}, vocabulary"] = partial(run, 0)
    return runs, n_words, n_loop_words


def measure(options):
    """Return the table."""
    documents = read_documents(options.corpus, options.max_words)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "corpus.txt")
        path.write_text("\n".join(map(" ".join, documents)), encoding="utf-8")
        runs, n_words, n_loop_words = runs_of(documents, path, options)
        for run in list(runs.values())[:2]:  # so that the first round is not slower
            run()
        seconds = in_turn(runs, options.rounds)
    for name in WITH_VOCABULARY.keys() & runs.keys():
        parts = seconds.pop(f"{name}, vocabulary")
        pairs = zip(seconds[name], parts, strict=True)
        seconds[name] = [whole - part for whole, part in pairs]
    n_words *= options.epochs
    of_loop = [n_words / n_loop_words * one for one in seconds["PyTorch loop"]]
    seconds["PyTorch loop"] = of_loop

    setting = f"d={options.vector_size} w={options.window} k={options.negative}"
    rows = [
        [name, f"{n_words / median(times):,.0f} ({ratio(times, seconds[OURS])})"]
        for name, times in seconds.items()
    ]
    settings = (
        f"{n_words:,} words, {options.epochs} epoch(s), {options.threads} thread(s), "
        f"medians of {options.rounds} rounds; PyTorch loop on {n_loop_words:,} words"
    )
    header = ["library", f"words/s, {setting} (times faster sklearn_w2v is)"]
    return settings, header, rows


if __name__ == "__main__":
    sizes = SETTINGS | {"max_words": float("inf")}
    benchmark(measure, __doc__, "corpus", rounds=3, epochs=1, threads=2, **sizes)
