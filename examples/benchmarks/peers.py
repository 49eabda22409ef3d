"""Trainings of sklearn_w2v and its peers, as functions without arguments.

All train skip-gram with the same settings and the same number of threads.
"""

from dataclasses import replace
from functools import partial

import torch
from gensim.models import Word2Vec
from torch import nn
from torch.nn.functional import logsigmoid

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram.distributions import noise_probabilities
from sklearn_w2v._skipgram.state import Execution
from sklearn_w2v._skipgram.training import train

OURS = "sklearn_w2v"

#: word2vec's defaults, which are also those of sklearn_w2v and gensim.
SAMPLE, MIN_COUNT = 1e-3, 5

#: Words that the PyTorch loop trains on, since all would take hours.
LOOP_WORDS = 20_000


def prepare(documents, options, by_torch=False, **parameters):
    """Return our training of a plan, and where it runs: what `train` takes."""
    vectorizer = Word2VecVectorizer(
        analyzer=list,
        vector_size=options.vector_size,
        window=options.window,
        negative=options.negative,
        random_state=0,
        **parameters,
    )
    fit = prepare_fit(vectorizer, None, partial=False, ranks=ONE_RANK)
    if by_torch:
        fit = replace(fit, implementation="torch")
    training = fit.plan(fit.encode(documents))
    return training, Execution(fit.device, options.threads)


def ours(documents, options, by_torch=False):
    """Return our training, and the words of an epoch."""
    training, execution = prepare(documents, options, by_torch, epochs=options.epochs)
    return lambda: train(training, execution), len(training.corpus.ids)


def gensim(options, **corpus):
    """Return gensim's training on a `corpus_iterable` or a `corpus_file`."""
    settings = {"vector_size": options.vector_size, "window": options.window}
    settings |= {"negative": options.negative, "workers": options.threads}
    model = Word2Vec(sg=1, sample=SAMPLE, min_count=MIN_COUNT, seed=0, **settings)
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


def fasttext(path, options):
    """Return fastText's training on a file, which takes the number of epochs.

    The training also reads the vocabulary.
    """
    import fasttext  # noqa: PLC0415, not every Python has it

    settings = {"dim": options.vector_size, "ws": options.window}
    settings |= {"neg": options.negative, "thread": options.threads}
    settings |= {"t": SAMPLE, "minCount": MIN_COUNT, "maxn": 0, "verbose": 0}
    train_on = partial(fasttext.train_unsupervised, str(path), "skipgram", **settings)
    return lambda epochs: train_on(epoch=epochs)


def spark(path, options):
    """Return Spark's training on a file, which takes the number of epochs.

    The training also reads the vocabulary. It has hierarchical softmax instead of noise
    words, and no subsampling.
    """
    from pyspark.ml.feature import Word2Vec as SparkWord2Vec  # noqa: PLC0415, optional
    from pyspark.sql import SparkSession, functions  # noqa: PLC0415

    builder = SparkSession.builder.master(f"local[{options.threads}]")
    builder = builder.config("spark.driver.memory", "8g")
    builder = builder.config("spark.ui.enabled", "false")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    lines = session.read.text(str(path)).repartition(options.threads)
    documents = lines.select(functions.split("value", " ").alias("words")).cache()
    documents.count()  # so that no run has to read the file
    settings = {"vectorSize": options.vector_size, "windowSize": options.window}
    settings |= {"numPartitions": options.threads, "minCount": MIN_COUNT, "seed": 0}
    model = SparkWord2Vec(inputCol="words", **settings)
    return lambda epochs: model.setMaxIter(epochs).fit(documents)


def pytorch_loop(documents, options):
    """Return a training loop as in tutorials of PyTorch, and the words it reads.

    It has batches of pairs, two `nn.Embedding`, autograd and Adam.
    """
    training, _ = prepare(documents, options, min_count=1)
    ids = torch.from_numpy(training.corpus.ids[:LOOP_WORDS]).long()
    n_words = training.plan.n_words
    counts = training.corpus.token_counts(n_words)
    noise = torch.from_numpy(noise_probabilities(counts, 0.75))
    offsets = torch.arange(-options.window, options.window + 1)
    first, second = torch.cartesian_prod(torch.arange(len(ids)), offsets).T
    second = first + second
    is_pair = (first != second) & (second >= 0) & (second < len(ids))
    pairs = torch.stack([first[is_pair], second[is_pair]], dim=1)

    def run():
        centers = nn.Embedding(n_words, options.vector_size)
        contexts = nn.Embedding(n_words, options.vector_size)
        optimizer = torch.optim.Adam([*centers.parameters(), *contexts.parameters()])
        for batch in ids[pairs[torch.randperm(len(pairs))]].split(1024):
            n_noise = len(batch) * options.negative
            negatives = noise.multinomial(n_noise, True).view(len(batch), -1)
            center = centers(batch[:, 0])[:, None]  # (pairs, 1, d)
            positive = (center * contexts(batch[:, 1])[:, None]).sum(2)
            negative = (center * contexts(negatives)).sum(2)  # (pairs, negative)
            loss = -logsigmoid(positive).mean() - logsigmoid(-negative).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run, len(ids)
