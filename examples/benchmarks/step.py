"""Time of the phases of a training step, and a model of more cores.

    python examples/benchmarks/step.py CORPUS.txt[.xz]

Measures the time to draw a chunk of compiled steps and to train on it, on one thread.
To split it between the two phases of a step, a second thread looks every tenth of a
millisecond which phase runs. The cost of a barrier of two threads is measured on steps
with next to no work. For comparison, the table has the time that the products of a step
would take at the speed of a large matrix product.

The last lines are a model, not a measurement: cores of this speed, tasks shared as
evenly as possible, a barrier after each phase, and chunks drawn by all threads.
"""

import argparse
import math
import statistics
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from corpora import read_documents

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps, shards_for
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.library import empty_vectors
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.sampler import Sampler
from sklearn_w2v._skipgram.threads import thread_pool

SECONDS_PER_LOOK = 1e-4
N_ROUNDS = 5


def peak_flops():
    """Return the floating-point operations per second of a large product."""
    matrix, seconds = torch.rand(1024, 1024), []
    for _ in range(50):
        begin = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - begin)
    return 2 * 1024**3 / min(seconds)


def prepare(documents, options, **parameters):
    """Return a plan, a model, and a function that draws the first chunk."""
    vectorizer = Word2VecVectorizer(
        vector_size=options.vector_size, window=options.window, epochs=1, **parameters
    )
    fit = prepare_fit(vectorizer, None, partial=False, ranks=ONE_RANK)
    training = fit.plan(fit.encode(documents))
    plan, corpus = training.plan, training.corpus
    noise = Noise(plan.noise_probabilities, plan.layout.n_noise, CPU)
    sampler = Sampler(corpus, np.arange(len(corpus.lengths)), plan, noise, CPU)
    vectors = empty_vectors(plan.n_words, plan.vector_size)
    vectors[0].uniform_(-0.5 / plan.vector_size, 0.5 / plan.vector_size)
    draw, *_ = sampler.epoch(torch.Generator().manual_seed(0))
    return plan, SkipGram(vectors, solver=plan.solver), draw


def seconds_of(function):
    """Return the median seconds of several calls, after one that is not counted."""
    function()
    seconds = []
    for _ in range(N_ROUNDS):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def share_of_descent(steps, train):
    """Return the share of the training time that is the second phase of steps."""
    is_over, looks = threading.Event(), []
    schedule = steps.schedule[:2].view(np.int64)  # begins with the number of the phase

    def look():
        while not is_over.wait(SECONDS_PER_LOOK):
            looks.append(int(schedule[0]) >> 32 & 1)

    sampler = threading.Thread(target=look)
    sampler.start()
    train()
    is_over.set()
    sampler.join()
    return sum(looks) / max(len(looks), 1)


def seconds_of_barrier(documents, options):
    """Return the seconds of a barrier of two threads, from steps of one token."""
    plan, model, draw = prepare(documents, options, batch_size=1)
    chunk = draw().steps(0, 10_000)
    seconds = []
    for n_threads in (1, 2):
        with thread_pool(n_threads) as threads:
            steps = CompiledSteps(model, plan, threads)
            nothing = [0.0] * chunk.n_steps
            train = partial(steps.train_chunk, chunk, nothing, nothing)
            seconds.append(seconds_of(train))
    return max(seconds[1] - seconds[0], 0.0) / (2 * chunk.n_steps)


def main():
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--max-words", type=float, default=2e6)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    plan, model, draw = prepare(documents, options, negative=options.negative)
    chunk = draw()
    rates, asked = [plan.learning_rate] * chunk.n_steps, [False] * chunk.n_steps
    with thread_pool(1) as threads:
        steps = CompiledSteps(model, plan, threads)
        steps.train_chunk(chunk, rates, asked)
        drawing = seconds_of(draw)
        training = seconds_of(lambda: steps.train_chunk(chunk, rates, asked))
        descent = share_of_descent(
            steps, lambda: steps.train_chunk(chunk, rates, asked)
        )
        nothing = chunk.steps(0, 0)
        calling = seconds_of(lambda: steps.train_chunk(nothing, [], []))
    barrier = seconds_of_barrier(documents[:2000], options)

    # A token has a score with each word in reach and with each noise word. A score is
    # one product of two vectors, and its gradients are two more.
    n_scores = 2 * plan.reach + plan.layout.n_noise
    products = 3 * 2 * n_scores * plan.vector_size / peak_flops() * chunk.n_tokens
    print("| of a chunk, on one thread | ns per word read |")
    print("|---|---|")
    for name, seconds in {
        "drawing": drawing,
        "gradients": training * (1 - descent),
        "the products of these, at the speed of a large one": products,
        "descent": training * descent,
        "the call": calling,
    }.items():
        print(f"| {name} | {1e9 * seconds / chunk.n_read:,.1f} |")
    print(f"\nA barrier of two threads takes {1e6 * barrier:.2f} us.\n")

    n_parts = plan.layout.parts_per_step
    print("| cores | words/s, computed | times one core |")
    print("|---|---|---|")
    alone = chunk.n_read / (drawing + training + calling)
    for n in (1, 2, 4, 8, 16):
        n_shards = 2 * shards_for(n)  # of both matrices
        gradients = training * (1 - descent) * math.ceil(n_parts / n) / n_parts
        descends = training * descent * math.ceil(n_shards / n) / n_shards
        barriers = 2 * chunk.n_steps * barrier * (n > 1)
        speed = chunk.n_read / (drawing / n + gradients + descends + barriers + calling)
        print(f"| {n} | {speed:,.0f} | {speed / alone:.1f} |")


if __name__ == "__main__":
    main()
