"""A model of the speed of several machines, from the times of two processes.

    torchrun --nproc-per-node 2 examples/benchmarks/machines.py CORPUS.txt[.xz]

The table is a model, not a measurement: machines of this speed with one rank each,
whose network has 1, 10 or 100 Gbit/s and a round trip of 0.1 ms. It takes the merges
that the plan has for so many ranks, and the times of this run: of a step, and of a row
in merges. A merge sends 2 (n - 1) / n of its bytes in two exchanges. Ranks wait for
what of an exchange takes longer than the steps meanwhile. A cell has the shares of n
times the speed of one machine.
"""

import math
from dataclasses import replace

import numpy as np
from ranks import run
from runner import benchmark

from sklearn_w2v._skipgram.plan import WAITING_STEPS, first_steps, number_of_merges

#: Seconds of a round trip between two machines.
ROUND_TRIP = 1e-4

MACHINES = [2, 4, 8, 16, 64]
GIGABITS = [1, 10, 100]

#: How many times as long as that of the run the texts of the model are.
LENGTHS = [1, 60]


class Model:
    """Predicts the seconds on more machines, from a training with several ranks."""

    def __init__(self, one):
        clocks, self.plan = one.clocks, one.plan
        self.steps_of_all = one.plan.n_steps * one.ranks.world_size
        on_steps = one.seconds - clocks.merging - clocks.waits
        on_steps -= clocks.first_steps.seconds
        self.step = on_steps / one.plan.n_steps
        self.row = clocks.merging / clocks.takes.amount
        self.row_sum = clocks.sums.seconds / clocks.takes.amount
        self.bytes_of_row = clocks.exchanges.amount / 2 / clocks.takes.amount

    def plan_of(self, n_machines, length):
        """Return the plan of so many ranks for a text that is so many times as long."""
        n_steps = self.steps_of_all * length / n_machines
        return replace(
            self.plan,
            n_steps=n_steps,
            n_merges=number_of_merges(n_steps, n_machines),
            first_steps=first_steps(n_steps, n_machines),
        )

    def seconds(self, n_machines, gigabits, length):
        """Return the seconds of a training."""
        plan = self.plan_of(n_machines, length)
        seconds = (plan.first_steps + plan.n_steps) * self.step
        if n_machines == 1:
            return seconds
        # Merges begin where more of them are due than one step before.
        steps = np.minimum(np.arange(math.ceil(plan.n_steps) + 1), plan.n_steps)
        due = plan.merges_due(plan.epochs * steps / plan.n_steps)
        begins = steps[np.diff(due, prepend=0) > 0]
        stretches = np.diff(begins, append=plan.n_steps) * self.step
        n_rows = np.array([*map(plan.rows_of_merge, range(1, len(begins) + 1))])
        # The merges after the first steps and at the end of an epoch have all rows, and
        # all ranks wait for them.
        ends = np.full(1 + plan.epochs, plan.n_words)
        exchanges = self.exchange(n_rows, n_machines, gigabits)
        is_waited_for = begins < WAITING_STEPS
        waits = np.where(is_waited_for, exchanges, np.maximum(exchanges - stretches, 0))
        seconds += waits.sum() + self.exchange(ends, n_machines, gigabits).sum()
        return seconds + self.row * (n_rows.sum() + ends.sum())

    def exchange(self, n_rows, n_machines, gigabits):
        """Return the seconds until merged moves of so many rows arrive."""
        n_bytes = 2 * (n_machines - 1) / n_machines * self.bytes_of_row * n_rows
        network = n_bytes / (gigabits * 1e9 / 8) + 2 * ROUND_TRIP
        return network + self.row_sum * n_rows

    def shares(self, n_machines, length):
        """Return the shares of n times the speed of one machine, for each network."""
        alone = self.seconds(1, 1, length) / n_machines
        speeds = [alone / self.seconds(n_machines, g, length) for g in GIGABITS]
        return ", ".join(f"{100 * speed:.0f}" for speed in speeds) + "%"


def measure(options):
    """Return the table, on rank 0."""
    one = run(options, apart=False)
    if one.ranks.rank:
        return None
    model = Model(one)
    n_words = one.learned.word_counts.sum() * one.learned.n_iter
    texts = [
        f"{length * n_words:,} words, {model.seconds(1, 1, length):.0f} s on one"
        for length in LENGTHS
    ]
    rows = [[str(n), *(model.shares(n, times) for times in LENGTHS)] for n in MACHINES]
    settings = f"computed from {one.ranks.world_size} ranks: 1, 10 and 100 Gbit/s"
    return settings, ["machines", *texts], rows


if __name__ == "__main__":
    sizes = {"epochs": 3, "seed": 0, "max_words": float("inf")}
    benchmark(measure, __doc__, "corpus", **sizes)
