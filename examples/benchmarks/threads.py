"""Speed of several threads, on an idle machine and next to busy processes.

    python examples/benchmarks/threads.py CORPUS.txt[.xz] [--threads 1 2]

Trains with each number of threads, and gensim with as many workers as the last number,
while no, one and two other processes keep a core busy. Two cores are enough.
"""

import argparse
import subprocess
import sys
from contextlib import contextmanager
from statistics import median

import peers
from runner import SETTINGS, benchmark, in_turn, ratio, read_documents


@contextmanager
def busy(n_processes):
    """Keep a core busy with each of `n_processes` processes."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(n_processes)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(options):
    """Return the table."""
    documents = read_documents(options.corpus, options.max_words)
    runs = {}
    for n_threads in options.threads:
        alone = argparse.Namespace(**vars(options) | {"threads": n_threads})
        runs[f"{n_threads} threads"], n_words = peers.ours(documents, alone)
    gensim = peers.gensim(alone, corpus_iterable=documents)
    runs[f"gensim, {n_threads} workers"] = gensim
    for run in runs.values():  # so that the first round is not slower
        run()

    rows = []
    for n_busy in range(3):
        with busy(n_busy):
            seconds = in_turn(runs, options.rounds)
        first, *_ = seconds.values()
        rows.append([str(n_busy)])
        for times in seconds.values():
            speed = n_words * options.epochs / median(times)
            rows[-1].append(f"{speed:,.0f} ({ratio(first, times)})")
    settings = (
        f"{n_words:,} words; words/s (times as fast as {options.threads[0]} thread(s): "
        f"the median of {options.rounds} rounds, and their range)"
    )
    return settings, ["other busy processes", *runs], rows


if __name__ == "__main__":
    sizes = SETTINGS | {"max_words": 1e6}
    benchmark(measure, __doc__, "corpus", rounds=3, epochs=1, threads=[1, 2], **sizes)
