"""Time of the phases of a step on one core, and a model of more cores.

    python examples/benchmarks/step.py CORPUS.txt[.xz]

To split the time of a step between its two phases, a second thread looks every tenth of
a millisecond which phase runs. The cost of a barrier of two threads is measured on
steps with next to no work. The products of a step are timed at the speed of a large
product.

More cores are a model, not a measurement: cores of this speed, tasks shared as evenly
as possible, a barrier after each phase, and chunks drawn by all threads.
"""

import math
import statistics

import numpy as np
import torch
from peers import prepare
from runner import SETTINGS, benchmark, looking, read_documents, seconds_of

from sklearn_w2v._skipgram.compiled_steps import shards_for
from sklearn_w2v._skipgram.threads import thread_pool
from sklearn_w2v._skipgram.training import Trainer

SECONDS_PER_LOOK = 1e-4
N_ROUNDS = 5
CORES = [1, 2, 4, 8, 16]


def peak_flops():
    """Return the floating-point operations per second of a large product."""
    matrix = torch.rand(1024, 1024)
    return 2 * 1024**3 / min(seconds_of(lambda: matrix @ matrix) for _ in range(50))


def median_of(run):
    """Return the median seconds of several calls, after one that is not counted."""
    run()
    return statistics.median(seconds_of(run) for _ in range(N_ROUNDS))


def share_of_descent(steps, train):
    """Return the share of the training time that is the second phase of steps."""
    schedule = steps.schedule[:2].view(np.int64)  # begins with the number of the phase
    with looking(lambda: int(schedule[0]) >> 32 & 1, SECONDS_PER_LOOK) as phases:
        train()
    return sum(phases) / max(len(phases), 1)


def seconds_of_barrier(documents, options):
    """Return the seconds of a barrier of two threads, from steps of one token."""
    training, execution = prepare(documents, options, epochs=1, batch_size=1)
    seconds = []
    for n_threads in (1, 2):
        with thread_pool(n_threads) as threads:
            trainer = Trainer(training, execution, threads)
            draw, *_ = trainer.sampler.epoch(trainer.generator)
            chunk = draw().steps(0, 10_000)
            zeros = [0.0] * chunk.n_steps
            train = trainer.steps.train_chunk
            seconds.append(median_of(lambda: train(chunk, zeros, zeros)))  # noqa: B023
    return max(seconds[1] - seconds[0], 0.0) / (2 * chunk.n_steps)


def seconds_of_phases(training, execution):
    """Return the seconds of drawing, of both phases and of a call, and the chunk."""
    with thread_pool(1) as threads:
        trainer = Trainer(training, execution, threads)
        steps, (draw, *_) = trainer.steps, trainer.sampler.epoch(trainer.generator)
        chunk = draw()
        rates = [training.plan.learning_rate] * chunk.n_steps
        asked = [False] * chunk.n_steps

        def train():
            steps.train_chunk(chunk, rates, asked)

        seconds = median_of(train)
        descent = seconds * share_of_descent(steps, train)
        nothing = chunk.steps(0, 0)
        call = median_of(lambda: steps.train_chunk(nothing, [], []))
        return (median_of(draw), seconds - descent, descent, call), chunk


def column_of(n_cores, seconds, chunk, barrier, plan):
    """Return the cells of a number of cores; `seconds` are those of one core."""
    drawing, gradients, descent, call = seconds
    n_parts, n_shards = plan.layout.parts_per_step, 2 * shards_for(n_cores)
    times = [
        drawing / n_cores,
        gradients * math.ceil(n_parts / n_cores) / n_parts,
        descent * math.ceil(n_shards / n_cores) / n_shards,
        2 * chunk.n_steps * barrier * (n_cores > 1),
        call,
    ]
    cells = [f"{1e9 * time / chunk.n_read:,.1f}" for time in times]
    speed = f"{chunk.n_read / sum(times):,.0f}"
    return [*cells, speed, f"{sum(seconds) / sum(times):.1f}"]


def measure(options):
    """Return the table."""
    documents = read_documents(options.corpus, options.max_words)
    training, execution = prepare(documents, options, epochs=1)
    seconds, chunk = seconds_of_phases(training, execution)
    barrier = seconds_of_barrier(documents[:2000], options)

    # A token has a score with each word in reach and with each noise word. A score is
    # one product of two vectors, and its gradients are two more.
    plan = training.plan
    n_scores = 2 * plan.reach + plan.layout.n_noise
    products = 3 * 2 * n_scores * plan.vector_size / peak_flops() * chunk.n_tokens
    names = ["drawing", "gradients", "descent", "barriers", "call"]
    names += ["words/s", "times one core"]
    columns = [column_of(n, seconds, chunk, barrier, plan) for n in CORES]
    settings = (
        f"ns per word read, d={options.vector_size} w={options.window}; more than one "
        f"core is computed; a barrier of two threads takes {1e6 * barrier:.2f} us; the "
        f"products of the gradients would take {1e9 * products / chunk.n_read:,.1f} ns"
    )
    header = ["part", "1 core", *(f"{n} cores" for n in CORES[1:])]
    return settings, header, list(zip(names, *columns, strict=True))


if __name__ == "__main__":
    sizes = SETTINGS | {"max_words": 2e6, "threads": 1}
    benchmark(measure, __doc__, "corpus", **sizes)
