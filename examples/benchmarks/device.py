"""Speed of training and quality on a device, such as a GPU, and on the CPU.

    python examples/benchmarks/device.py CORPUS.txt[.xz] --device cuda \
        --similarity WS=EN-WS-353.txt ... --analogies questions-words.txt

A document is a line. Speed is words of the vocabulary before subsampling / seconds, in
one epoch of the corpus, repeated `--repeat` times on the device. It is the median of
the rounds, after a short training that is not counted. The tests are those of
`word_tests.py`, on the averages after `--epochs` epochs of the corpus, as means over
seeds. Needs the extra `benchmark`.
"""

from dataclasses import replace
from statistics import median

import numpy as np
import torch
from runner import parser_of, print_table, read_documents, seconds_of
from word_tests import evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._corpus import Corpus
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram.state import Execution
from sklearn_w2v._skipgram.training import train

#: Documents of the training that is not counted.
FEW_DOCUMENTS = 20_000


def speed_of(documents, vectorizer, repeat, options):
    """Return the words per second of an epoch of the corpus, repeated."""
    fit = prepare_fit(vectorizer, None, partial=False, ranks=ONE_RANK)
    execution = Execution(fit.device, options.threads)
    encoded = fit.encode(documents)
    corpus = encoded.corpus
    offsets = corpus.offsets[:FEW_DOCUMENTS]
    few = Corpus(corpus.ids[: offsets[-1]], offsets)
    offsets = np.concatenate([[0], np.cumsum(np.tile(corpus.lengths, repeat))])
    large = Corpus(np.tile(corpus.ids, repeat), offsets)
    training = fit.plan(encoded._replace(corpus=large))
    train(replace(training, corpus=few), execution)
    # The CPU is slow: one round is enough.
    rounds = 1 if fit.device.type == "cpu" else options.rounds
    seconds = [seconds_of(lambda: train(training, execution)) for _ in range(rounds)]
    return len(large.ids) / median(seconds)


def results_of(documents, vectorizer, tests):
    """Return the results of the tests after a fit."""
    vectorizer.fit(documents)
    return evaluate(tests, vectorizer.vocabulary_, vectorizer.embedding_matrix_)


def main():
    """Measure, and print the table."""
    shared = "--similarity", "--analogies", "--rounds", "--seeds", "--threads"
    parser = parser_of(
        __doc__, "corpus", "--max-words", "--epochs", *shared, epochs=3, seeds=2
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeat", type=int, default=6)
    sizes = [3072, 4096, 6144]
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=sizes)
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    tests = read_tests(options)
    name = options.device
    if name.startswith("cuda"):
        name = torch.cuda.get_device_name(name)
    places = [("cpu", f"{options.threads} threads", options.batch_sizes[0], 1)]
    for size in options.batch_sizes:
        places.append((options.device, name, size, options.repeat))
    rows = []
    for device, shown, batch_size, repeat in places:
        vectorizer = Word2VecVectorizer(
            analyzer=list,
            device=device,
            batch_size=batch_size,
            epochs=1,
            n_jobs=options.threads,
        )
        speed = speed_of(documents, vectorizer, repeat, options)
        vectorizer.set_params(epochs=options.epochs)
        results = [
            results_of(documents, vectorizer.set_params(random_state=seed), tests)
            for seed in range(options.seeds)
        ]
        means = " ".join(f"{mean:.1f}" for mean in np.mean(results, axis=0))
        rows.append([shown, str(batch_size), f"{speed:,.0f}", means])
    print_table(
        f"tests ({', '.join(tests)}) after {options.epochs} epochs, {options.seeds} "
        "seeds",
        ["device", "batch_size", "words/s", "tests"],
        rows,
    )


if __name__ == "__main__":
    main()
