"""Training speed; gensim, fastText, Spark ML and a plain PyTorch loop as peers.

    python examples/benchmarks/train.py CORPUS.txt[.xz] [--rounds 3] [--threads 2]
    python examples/benchmarks/train.py CORPUS.txt[.xz] --scale --max-words 1e6

A document is a line. All peers train skip-gram with negative sampling in this process,
in turn, with the same hyper-parameters and number of threads. sklearn_w2v trains twice,
with compiled steps and with torch. Speed is words of the vocabulary before subsampling
x epochs / seconds, the median of the rounds, without the time to build the vocabulary.
Ratios are medians of the rounds' ratios. Spark is a peer if pyspark and Java are
installed; it has hierarchical softmax instead of noise words, and no subsampling.
`--scale` changes one setting at a time, for sklearn_w2v and gensim only. Needs the
`benchmark` extra, an otherwise idle machine, and disk space for the corpus as text.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from corpora import read_documents
from gensim.models import Word2Vec
from torch import nn
from torch.nn.functional import logsigmoid

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.distributions import noise_probabilities
from sklearn_w2v._skipgram.state import Execution
from sklearn_w2v._skipgram.training import train
from sklearn_w2v._vocabulary import learn_vocabulary

try:
    import fasttext
except ImportError:  # not every Python has a wheel
    fasttext = None
try:
    from pyspark.ml.feature import Word2Vec as SparkWord2Vec
    from pyspark.sql import SparkSession, functions
except ImportError:  # not every machine has Java
    SparkSession = None

OURS, OURS_BY_TORCH = "sklearn_w2v", "sklearn_w2v, by torch"
GENSIM_FILE, GENSIM_LIST = "gensim, corpus_file", "gensim, list"

#: Words that the PyTorch loop is timed on, since all would take hours.
LOOP_WORDS = 20_000

#: The settings that `--scale` changes, one at a time.
SCALES = {
    "vector_size": [50, 100, 200, 300],
    "window": [2, 5, 10],
    "negative": [5, 10, 20],
    "max_features": [5_000, 20_000, None],
    "threads": [1, 2],
}


def prepare_ours(documents, options, implementation="compiled"):
    """Return our training as a function, its plan, and the words of an epoch."""
    vectorizer = Word2VecVectorizer(
        vector_size=options.vector_size,
        window=options.window,
        negative=options.negative,
        sample=options.sample,
        min_count=options.min_count,
        max_features=options.max_features,
        epochs=options.epochs,
        random_state=0,
    )
    fit = prepare_fit(vectorizer, None, partial=False, ranks=ONE_RANK)
    fit = replace(fit, implementation=implementation)
    training = fit.plan(fit.encode(documents))

    def run():
        train(training, Execution(CPU, options.threads))

    return run, training.plan, len(training.corpus.ids)


def prepare_gensim(corpus, options):
    """Return gensim's training as a function; `corpus` is a keyword argument of it."""
    model = Word2Vec(
        sg=1,
        vector_size=options.vector_size,
        window=options.window,
        negative=options.negative,
        sample=options.sample,
        min_count=options.min_count,
        max_final_vocab=options.max_features,
        workers=options.threads,
        seed=0,
    )
    model.build_vocab(**corpus)

    def run():
        model.init_weights()
        model.train(
            **corpus,
            total_examples=model.corpus_count,
            total_words=model.corpus_total_words,
            epochs=options.epochs,
        )

    return run


def prepare_fasttext(plain, options):
    """Return fastText's training as a function, which includes the vocabulary."""

    def run(epochs=options.epochs):
        fasttext.train_unsupervised(
            str(plain),
            model="skipgram",
            maxn=0,
            dim=options.vector_size,
            ws=options.window,
            neg=options.negative,
            t=options.sample,
            minCount=options.min_count,
            epoch=epochs,
            thread=options.threads,
            verbose=0,
        )

    return run


def prepare_spark(plain, options):
    """Return Spark's training as a function, which includes the vocabulary."""
    session = (
        SparkSession.builder.master(f"local[{options.threads}]")
        .config("spark.driver.memory", "8g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    lines = session.read.text(str(plain)).repartition(options.threads)
    documents = lines.select(functions.split("value", " ").alias("words")).cache()
    documents.count()  # so that no run has to read the file

    def run(epochs=options.epochs):
        SparkWord2Vec(
            inputCol="words",
            vectorSize=options.vector_size,
            windowSize=options.window,
            minCount=options.min_count,
            maxIter=epochs,
            numPartitions=options.threads,
            seed=0,
        ).fit(documents)

    return run


def prepare_loop(documents, options):
    """Return a PyTorch loop as in tutorials, on few words, and their number.

    It has batches of pairs, two `nn.Embedding`, autograd and Adam.
    """
    vocabulary, corpus, counts, _ = learn_vocabulary(
        documents, FitParameters.of(Word2VecVectorizer(min_count=1))
    )
    ids = torch.from_numpy(corpus.ids[:LOOP_WORDS]).long()
    noise = torch.from_numpy(noise_probabilities(counts.tokens, 0.75))
    pairs = torch.tensor(
        [
            (position, position + offset)
            for position in range(len(ids))
            for offset in range(-options.window, options.window + 1)
            if offset and 0 <= position + offset < len(ids)
        ]
    )

    def run():
        centers = nn.Embedding(len(vocabulary), options.vector_size)
        contexts = nn.Embedding(len(vocabulary), options.vector_size)
        optimizer = torch.optim.Adam([*centers.parameters(), *contexts.parameters()])
        for batch in ids[pairs[torch.randperm(len(pairs))]].split(1024):
            negatives = noise.multinomial(
                len(batch) * options.negative, replacement=True
            ).view(len(batch), options.negative)
            center = centers(batch[:, 0])[:, None]  # (pairs, 1, d)
            positive = (center * contexts(batch[:, 1])[:, None]).sum(2)
            negative = (center * contexts(negatives)).sum(2)  # (pairs, negative)
            loss = -logsigmoid(positive).mean() - logsigmoid(-negative).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run, len(ids)


def in_turn(runs, rounds):
    """Return the seconds of each round by name; the runs take turns."""
    seconds = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def ratios(seconds, name):
    """Return how many times faster sklearn_w2v is, in each round."""
    pairs = zip(seconds[name], seconds[OURS], strict=True)
    return [theirs / ours for theirs, ours in pairs]


def compare(documents, plain, options):
    """Measure all peers with one setting, and print a table."""
    ours, _, n_words = prepare_ours(documents, options)
    by_torch, *_ = prepare_ours(documents, options, "torch")
    loop, n_loop_words = prepare_loop(documents, options)
    runs = {
        OURS_BY_TORCH: by_torch,
        GENSIM_FILE: prepare_gensim({"corpus_file": str(plain)}, options),
        GENSIM_LIST: prepare_gensim({"corpus_iterable": documents}, options),
        "PyTorch loop": loop,
        OURS: ours,
    }
    # These include the vocabulary, which is the time of a run without epochs.
    whole_runs = {}
    if fasttext:
        whole_runs["fastText"] = prepare_fasttext(plain, options)
    if SparkSession:
        whole_runs["Spark ML"] = prepare_spark(plain, options)
    for name, run in whole_runs.items():
        runs[name] = run
        runs[f"{name}, vocabulary"] = partial(run, epochs=0)
    for run in (ours, by_torch):  # so that the first round is not slower
        run()
    seconds = in_turn(runs, options.rounds)
    for name in whole_runs:
        parts = seconds.pop(f"{name}, vocabulary")
        pairs = zip(seconds[name], parts, strict=True)
        seconds[name] = [whole - part for whole, part in pairs]
    share = n_words * options.epochs / n_loop_words
    seconds["PyTorch loop"] = [share * second for second in seconds["PyTorch loop"]]

    print(
        f"{n_words:,} words, d={options.vector_size} w={options.window} "
        f"k={options.negative} sample={options.sample:g}, {options.epochs} epoch(s), "
        f"{options.threads} thread(s), median of {options.rounds} rounds; the PyTorch "
        f"loop on {n_loop_words:,} words\n"
    )
    print("| | words/s | sklearn_w2v, times faster | range of rounds |")
    print("|---|---|---|---|")
    for name, times in seconds.items():
        speed = n_words * options.epochs / statistics.median(times)
        found = ratios(seconds, name)
        spread = f"{min(found):.1f} to {max(found):.1f}"
        print(f"| {name} | {speed:,.0f} | {statistics.median(found):.1f} | {spread} |")


def scale(documents, options):
    """Measure sklearn_w2v and gensim with one setting changed at a time."""
    sizes = [1e6, 4e6, 16e6]
    settings = [("words", size) for size in sizes if size <= options.max_words]
    settings += [(name, value) for name, values in SCALES.items() for value in values]
    print("| setting | sklearn_w2v, words/s | gensim, words/s | times faster |")
    print("|---|---|---|---|")
    for name, value in settings:
        changed = argparse.Namespace(**vars(options))
        n_words = value if name == "words" else 1e6
        if name != "words":
            setattr(changed, name, value)
        some, n_read = [], 0
        for document in documents:
            some.append(document)
            n_read += len(document)
            if n_read >= n_words:
                break
        ours, _, n_known = prepare_ours(some, changed)
        gensim = prepare_gensim({"corpus_iterable": some}, changed)
        seconds = in_turn({GENSIM_LIST: gensim, OURS: ours}, changed.rounds)
        speeds = {
            name: n_known * changed.epochs / statistics.median(times)
            for name, times in seconds.items()
        }
        ratio = statistics.median(ratios(seconds, GENSIM_LIST))
        shown = f"{value:,.0f}" if value else "all"
        print(
            f"| {name} {shown} | {speeds[OURS]:,.0f} | {speeds[GENSIM_LIST]:,.0f} | "
            f"{ratio:.1f} |",
            flush=True,
        )


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-words", type=float, default=float("inf"))
    parser.add_argument("--max-features", type=int)
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--scale", action="store_true")
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    if options.scale:
        scale(documents, options)
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "corpus.txt")
        plain.write_text("\n".join(map(" ".join, documents)), encoding="utf-8")
        compare(documents, plain, options)


if __name__ == "__main__":
    main()
