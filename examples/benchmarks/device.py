"""Training speed and quality on a device, such as a GPU, and on the CPU.

    python examples/benchmarks/device.py CORPUS.txt[.xz] --device cuda \
        --similarity WS=EN-WS-353.txt ... --analogies questions-words.txt

A document is a line. Speed is words of the vocabulary before subsampling / seconds, in
one epoch of the corpus, repeated `--repeat` times on the device. It is the median of
the rounds, after a short training that is not counted. The tests are those of
`quality.py`, on the average of both matrices after `--epochs` epochs of the corpus.
`--profile` lists the operations of a step. Needs the `benchmark` extra.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from corpora import read_documents
from quality import add_tests, evaluate, read_tests
from torch.profiler import profile

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._corpus import Corpus
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._skipgram.devices import CPU, find_device
from sklearn_w2v._skipgram.library import can_train
from sklearn_w2v._skipgram.plan import extent_of, plan_training
from sklearn_w2v._skipgram.state import Execution, Initial, Training
from sklearn_w2v._skipgram.training import train
from sklearn_w2v._vocabulary import learn_vocabulary

#: Documents of the profile, and of the training that is not counted.
FEW_DOCUMENTS = 20_000


def run(corpus, word_counts, device, batch_size, *, epochs=1, seed=0, threads=2):
    """Train, and return the result and the seconds it took."""
    plan = plan_training(
        FitParameters.of(Word2VecVectorizer(batch_size=batch_size)),
        extent_of(corpus, None, len(word_counts)),
        word_counts=word_counts,
        epochs=epochs,
        decay=True,
        on_cpu=device == CPU,
        implementation="compiled" if can_train(device, "adagrad") else "torch",
    )
    initial = Initial(known=[], frozen=np.empty(0, dtype=np.int64))
    training = Training({}, device.type, corpus, None, plan, initial, seed)
    begin = time.perf_counter()
    trained = train(training, Execution(device, threads))
    return trained, time.perf_counter() - begin


def speed_of(corpus, word_counts, place, batch_size, options):
    """Return the words per second of a training."""
    # The CPU is slow: one round is enough.
    rounds = 1 if place == CPU else options.rounds
    seconds = [
        run(corpus, word_counts, place, batch_size, threads=options.threads)[1]
        for _ in range(rounds)
    ]
    return len(corpus.ids) / statistics.median(seconds)


def figures_of(vocabulary, corpus, word_counts, place, batch_size, options):
    """Return the result of each test, as a mean over seeds."""
    tests = read_tests(options)
    parameters = {"epochs": options.epochs, "threads": options.threads}
    figures = []
    for seed in range(options.seeds):
        trained, _ = run(
            corpus, word_counts, place, batch_size, seed=seed, **parameters
        )
        vectors = (trained.centers + trained.contexts) / 2
        figures.append(list(evaluate(tests, vocabulary, vectors).values()))
    return np.mean(figures, axis=0)


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeat", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--batch-sizes", type=int, nargs="+", default=[3072, 4096, 6144]
    )
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--max-words", type=float, default=float("inf"))
    parser.add_argument("--profile", action="store_true")
    add_tests(parser)
    options = parser.parse_args()

    device = find_device(options.device)
    documents = read_documents(options.corpus, options.max_words)
    vocabulary, corpus, (word_counts, *_), _ = learn_vocabulary(
        documents, FitParameters.of(Word2VecVectorizer())
    )
    offsets = corpus.offsets[:FEW_DOCUMENTS]
    few = Corpus(corpus.ids[: offsets[-1]], offsets)
    run(few, word_counts, device, options.batch_sizes[0])
    if options.profile:
        with profile() as profiler:
            run(few, word_counts, device, options.batch_sizes[0])
        print(profiler.key_averages().table("self_device_time_total", 30))
        return

    offsets = np.concatenate([[0], np.cumsum(np.tile(corpus.lengths, options.repeat))])
    large = Corpus(np.tile(corpus.ids, options.repeat), offsets)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(f"{len(large.ids):,} words, {len(vocabulary):,} of them distinct\n")
    print("| | batch_size | words/s | tests |\n|---|---|---|---|")
    for place, batch_size in [
        (CPU, options.batch_sizes[0]),
        *((device, batch_size) for batch_size in options.batch_sizes),
    ]:
        some = corpus if place == CPU else large
        speed = speed_of(some, word_counts, place, batch_size, options)
        figures = figures_of(
            vocabulary, corpus, word_counts, place, batch_size, options
        )
        shown = " ".join(f"{figure:.1f}" for figure in figures)
        where = f"{options.threads} threads" if place == CPU else name
        print(f"| {where} | {batch_size} | {speed:,.0f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
