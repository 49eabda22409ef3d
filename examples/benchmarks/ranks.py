"""Several ranks: speed, bytes sent, quality, and a model of more machines.

    for n in 1 2 4; do
        torchrun --nproc-per-node $n examples/benchmarks/ranks.py CORPUS.txt[.xz] \
            --similarity WS-353=EN-WS-353-ALL.txt ... --analogies questions-words.txt
    done

Each rank trains with one thread on its share of the lines. Seconds are those of the
training; words/s are those of all ranks together. "busy" is the time that a rank
computes in merges, "sums" the time of the sums over all ranks, and "waits" the time at
barriers, where all ranks wait for the slowest. With `--apart`, ranks merge only at the
end of an epoch, which shows the speed of concurrent processes. With more ranks than
cores, only the quality is meaningful.

The last lines are a model, not a measurement: machines of this speed with one rank
each, and a network of the given speed. The steps of one rank are shared by all. Each
merge costs the time that is "busy" here, the transfer of 2 (n - 1) / n of its bytes, as
in a ring, and 2 (n - 1) times 50 microseconds of latency. Run it with 2 ranks.
"""

import argparse
import time
from pathlib import Path

import torch.distributed as dist
from corpora import read_documents
from quality import add_tests, evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import Fit
from sklearn_w2v._group import Group
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.plan import merges_per_epoch

#: Seconds of latency of a message between two machines.
LATENCY = 50e-6


class Clock:
    """Sums the seconds of a function's calls, and the bytes of their last arguments."""

    def __init__(self, owner, name):
        self.function = getattr(owner, name)
        self.seconds, self.n_calls, self.n_bytes = 0.0, 0, 0
        setattr(owner, name, self.timed())

    def timed(self):
        """Return the function with the clock around it."""

        def call(*args, **kwargs):
            begin = time.perf_counter()
            result = self.function(*args, **kwargs)
            self.seconds += time.perf_counter() - begin
            self.n_calls += 1
            self.n_bytes += getattr(args[-1], "nbytes", 0)
            return result

        return call


def expect(clocks, world_size):
    """Print the efficiency that the model predicts for more machines."""
    training, merges, sums, waits = clocks.values()
    # Steps of one rank that does not wait for others.
    steps = (training.seconds - merges.seconds - waits.seconds) * world_size
    busy = merges.seconds - sums.seconds
    n_merges = merges_per_epoch(1e6 / world_size, world_size)
    for n_machines in (8, 16, 64):
        more = merges_per_epoch(1e6 / n_machines, n_machines) / n_merges
        for gigabits in (10, 100):
            hops = 2 * (n_machines - 1)
            network = hops / n_machines * sums.n_bytes / (gigabits * 1e9 / 8)
            network += hops * LATENCY * sums.n_calls
            seconds = steps / n_machines + more * (busy + network)
            efficiency = steps / n_machines / seconds
            print(
                f"{n_machines} machines, {gigabits} Gbit/s: {efficiency:.0%} of "
                f"{n_machines} times the speed of one"
            )


def main():
    """Measure, and print the results on rank 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    add_tests(parser)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-words", type=float, default=float("inf"))
    parser.add_argument("--apart", action="store_true")
    options = parser.parse_args()
    if options.apart:
        Merger.merge_due = lambda merger, share: None

    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    clocks = {
        "train": Clock(Fit, "train"),
        "merge": Clock(Merger, "_merge"),
        "sum": Clock(Group, "all_reduce"),
        "wait": Clock(Group, "barrier"),
    }
    documents = read_documents(options.corpus, options.max_words)[rank::world_size]
    vectorizer = Word2VecVectorizer(
        analyzer=list, epochs=options.epochs, random_state=options.seed, n_jobs=1
    ).fit(documents)
    dist.destroy_process_group()
    if rank:
        return
    training, merges, sums, waits = clocks.values()
    n_words = vectorizer.word_counts_.sum() * vectorizer.n_iter_
    figures = evaluate(
        read_tests(options), vectorizer.vocabulary_, vectorizer.embedding_matrix_
    )
    megabytes = sums.n_bytes / 1e6
    sent = megabytes * 2 * (world_size - 1) / world_size
    print(
        f"{world_size} ranks: {training.seconds:.1f} s, "
        f"{n_words / training.seconds:,.0f} words/s; {sums.n_calls} merges of "
        f"{megabytes / max(sums.n_calls, 1):.1f} MB, busy "
        f"{merges.seconds - sums.seconds:.1f} s, sums {sums.seconds:.1f} s, waits "
        f"{waits.seconds:.1f} s; "
        f"a rank sends {sent / training.seconds:.0f} MB/s;",
        ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items()),
    )
    if sums.n_calls:
        expect(clocks, world_size)


if __name__ == "__main__":
    main()
