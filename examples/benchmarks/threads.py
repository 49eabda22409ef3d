"""Speed of several threads, on an idle machine and next to busy processes.

    python examples/benchmarks/threads.py CORPUS.txt[.xz] [--rounds 3] [--threads 1 2]

Trains with each number of threads in turn, and gensim with as many workers as the last
number, while no, one and two other processes keep a core busy. Prints words per second
and the ratio to the first number of threads, as medians of the rounds. Two cores are
enough. Needs the `benchmark` extra.
"""

import argparse
import multiprocessing
import statistics
from contextlib import contextmanager
from pathlib import Path

from corpora import read_documents
from train import in_turn, prepare_gensim, prepare_ours


def count():
    """Keep a core busy."""
    while True:
        pass


@contextmanager
def busy(n_processes):
    """Keep a core busy with each of `n_processes` processes."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, daemon=True) for _ in range(n_processes)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--max-words", type=float, default=2e6)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.set_defaults(min_count=5, max_features=None, sample=1e-3)
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    runs = {}
    for n_threads in options.threads:
        alone = argparse.Namespace(**{**vars(options), "threads": n_threads})
        runs[n_threads], _, n_words = prepare_ours(documents, alone)
    gensim = f"gensim, {n_threads}"
    runs[gensim] = prepare_gensim({"corpus_iterable": documents}, alone)
    for run in runs.values():
        run()

    print("| busy processes | threads | words/s | times as fast |")
    print("|---|---|---|---|")
    for n_busy in range(3):
        with busy(n_busy):
            seconds = in_turn(runs, options.rounds)
        first = seconds[options.threads[0]]
        for name, times in seconds.items():
            speed = n_words * options.epochs / statistics.median(times)
            ratios = [a / b for a, b in zip(first, times, strict=True)]
            print(
                f"| {n_busy} | {name} | {speed:,.0f} | "
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to "
                f"{max(ratios):.2f}) |"
            )


if __name__ == "__main__":
    main()
