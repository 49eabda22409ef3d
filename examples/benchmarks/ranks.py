"""Several ranks: speed, bytes sent, quality, and a model of more machines.

    for n in 1 2 4; do
        torchrun --nproc-per-node $n examples/benchmarks/ranks.py CORPUS.txt[.xz] \
            --similarity WS-353=EN-WS-353-ALL.txt ... --analogies questions-words.txt
    done

Each rank trains with one thread on its share of the lines. Seconds are those of the
training of rank 0, and words/s those of all ranks together. "merges" is the time that
the training thread computes in merges, and "waits" the time that it waits for them.
"sums" is the time in which another thread sums, and "exchanges" that in which moves are
sent, while the training mostly goes on. With `--apart`, ranks merge
only at the end of an epoch, which shows the speed of concurrent processes. With more
ranks than cores, only the quality is meaningful. `network.py` runs this script between
hosts with a slow network.

The last lines are a model, not a measurement: machines of this speed with one rank
each, whose network has the given speed and a round trip of 0.1 ms. It takes the merges
that so many ranks make, and the times of this run: of a step, and of a row in merges. A
merge sends 2 (n - 1) / n of its bytes in two exchanges. Ranks wait for what of an
exchange takes longer than the steps meanwhile. The model is meant for the run with 2
ranks.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch.distributed as dist
from corpora import read_documents
from quality import add_tests, evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import Fit
from sklearn_w2v._group import Group
from sklearn_w2v._skipgram.compiled_moves import CompiledMoves
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.plan import (
    WAITING_STEPS,
    TrainingPlan,
    first_steps,
    number_of_merges,
)
from sklearn_w2v._skipgram.training import Trainer

#: Seconds of a round trip between two machines of the model.
ROUND_TRIP = 1e-4


class Clock:
    """Sums the seconds of a function's calls, and an amount of their arguments."""

    def __init__(self, owner, name, amount_of=lambda _: 0):
        self.function, self.amount_of = getattr(owner, name), amount_of
        self.seconds, self.n_calls, self.amount = 0.0, 0, 0
        setattr(owner, name, self.timed())

    def timed(self):
        """Return the function with the clock around it."""

        def call(*args, **kwargs):
            begin = time.perf_counter()
            result = self.function(*args, **kwargs)
            self.seconds += time.perf_counter() - begin
            self.n_calls += 1
            self.amount += self.amount_of(args)
            return result

        return call


class Clocks:
    """Measure where the time of a training goes, on this rank."""

    def __init__(self):
        self.training = Clock(Fit, "train")
        self.first_steps = Clock(Trainer, "_make_first_steps")
        self.takes = Clock(CompiledMoves, "take", lambda args: args[1])  # rows
        self.adds = Clock(CompiledMoves, "add")
        self.sums = Clock(CompiledMoves, "sum")
        self.ends = Clock(Merger, "_end")
        self.exchanges = Clock(Group, "all_to_all", lambda args: args[2].nbytes)

    def describe(self, n_words, world_size):
        """Return the figures of this rank in words; `n_words` are those of all."""
        seconds, sent = self.training.seconds, self.exchanges.amount / 1e6
        sent *= (world_size - 1) / world_size
        return (
            f"{world_size} ranks: {seconds:.2f} s, {n_words / seconds:,.0f} words/s; "
            f"{self.takes.n_calls} merges, {self.merging:.2f} s, waits "
            f"{self.waits:.2f} s, sums {self.sums.seconds:.2f} s, exchanges "
            f"{self.exchanges.seconds:.2f} s, first steps "
            f"{self.first_steps.seconds:.2f} s; sent {sent:.0f} MB"
        )

    @property
    def merging(self):
        """Seconds in which the training thread takes and adds moves."""
        return self.takes.seconds + self.adds.seconds

    @property
    def waits(self):
        """Seconds in which the training thread waits for merges."""
        return self.ends.seconds - self.adds.seconds


class Model:
    """Predicts the seconds of a training on more machines, from the times of this one.

    Parameters
    ----------
    clocks : Clocks
        The times of this rank.
    training : TrainingPlan
        What the ranks of this run did.
    world_size : int
        Their number.
    """

    def __init__(self, clocks, training, world_size):
        self.training, self.steps_of_all = training, training.n_steps * world_size
        on_steps = clocks.training.seconds - clocks.merging - clocks.waits
        on_steps -= clocks.first_steps.seconds
        self.step = on_steps / training.n_steps
        self.row = clocks.merging / clocks.takes.amount
        self.row_sum = clocks.sums.seconds / clocks.takes.amount
        self.bytes_of_row = clocks.exchanges.amount / 2 / clocks.takes.amount

    def seconds(self, n_machines, gigabits, n_times=1):
        """Return the seconds for a text that is `n_times` as long."""
        n_steps = self.steps_of_all * n_times / n_machines
        n_merges = min(number_of_merges(n_steps, n_machines), int(n_steps))
        seconds = first_steps(n_steps, n_machines) * self.step + n_steps * self.step
        if n_machines == 1:
            return seconds
        shares = self.shares_of_merges(n_merges, n_steps)
        stretches = np.diff(shares, append=1.0) * n_steps * self.step
        n_rows = np.array([*map(self.training.rows_of_merge, range(1, n_merges + 1))])
        # The merges after the first steps and at the end of an epoch have all rows, and
        # all ranks wait for them.
        ends = np.full(1 + self.training.epochs, self.training.n_words)
        exchanges = self.exchange(n_rows, n_machines, gigabits)
        is_waited_for = shares * n_steps < WAITING_STEPS
        waits = np.where(is_waited_for, exchanges, np.maximum(exchanges - stretches, 0))
        seconds += waits.sum() + self.exchange(ends, n_machines, gigabits).sum()
        return seconds + self.row * (n_rows.sum() + ends.sum())

    def exchange(self, n_rows, n_machines, gigabits):
        """Return the seconds until merged moves arrive."""
        n_bytes = 2 * (n_machines - 1) / n_machines * self.bytes_of_row * n_rows
        network = n_bytes / (gigabits * 1e9 / 8) + 2 * ROUND_TRIP
        return network + self.row_sum * n_rows

    def shares_of_merges(self, n_merges, n_steps):
        """Return the shares of a training after which merges begin."""
        numbers = np.arange(1, n_merges + 1)
        return np.minimum(np.maximum((numbers / n_merges) ** 2, numbers / n_steps), 1.0)

    def show(self):
        """Print the efficiency of several numbers of machines."""
        for n_times in (1, 60):
            alone = self.seconds(1, 1, n_times)
            print(f"a text {n_times} times as long, {alone:.0f} s on one machine:")
            for n_machines in (2, 4, 8, 16, 64):
                speeds = [
                    alone / self.seconds(n_machines, gigabits, n_times) / n_machines
                    for gigabits in (1, 10, 100)
                ]
                print(
                    f"  {n_machines} machines, 1, 10 and 100 Gbit/s:",
                    ", ".join(f"{speed:.0%}" for speed in speeds),
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
        TrainingPlan.merges_due = lambda plan, epochs_read: 0 * epochs_read.astype(int)

    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    clocks, plans = Clocks(), []
    Fit.train = noting_plans(Fit.train, plans)
    documents = read_documents(options.corpus, options.max_words)[rank::world_size]
    vectorizer = Word2VecVectorizer(
        analyzer=list, epochs=options.epochs, random_state=options.seed, n_jobs=1
    ).fit(documents)
    dist.destroy_process_group()
    if rank:
        return
    n_words = vectorizer.word_counts_.sum() * vectorizer.n_iter_
    print(clocks.describe(n_words, world_size))
    figures = evaluate(
        read_tests(options), vectorizer.vocabulary_, vectorizer.embedding_matrix_
    )
    print(", ".join(f"{name} {figure:.1f}" for name, figure in figures.items()))
    if world_size > 1 and not options.apart:
        Model(clocks, *plans, world_size).show()


def noting_plans(train, plans):
    """Return `Fit.train`, which also appends the plan of a training to a list."""

    def call(fit, training, watchers):
        plans.append(training.plan)
        return train(fit, training, watchers)

    return call


if __name__ == "__main__":
    main()
