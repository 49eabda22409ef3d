"""Speed of training and quality on a device, such as a GPU, and on the CPU.

    python examples/benchmarks/device.py CORPUS.txt[.xz] --device cuda \
        --similarity WS=EN-WS-353.txt ... --analogies questions-words.txt

Speed is words of the vocabulary before subsampling / seconds, in one epoch of the
corpus, which is repeated `--repeat` times on the device. It is the median of the
rounds, after one that is not counted. The tests are those of `word_tests.py`, on the
averages after `--epochs` epochs of the corpus, as means over seeds. Needs the extra
`benchmark`.
"""

from statistics import median

import numpy as np
import torch
from peers import prepare
from runner import SETTINGS, benchmark, read_documents, seconds_of
from word_tests import evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram.training import train


def speed_of(documents, options, **parameters):
    """Return the words per second of an epoch, after one that is not counted."""
    training, execution = prepare(documents, options, epochs=1, **parameters)
    train(training, execution)
    seconds = [
        seconds_of(lambda: train(training, execution)) for _ in range(options.rounds)
    ]
    return len(training.corpus.ids) / median(seconds)


def results_of(documents, tests, options, **parameters):
    """Return the results of the tests after fits, as means over seeds."""
    results = []
    for seed in range(options.seeds):
        vectorizer = Word2VecVectorizer(
            analyzer=list, epochs=options.epochs, random_state=seed, **parameters
        ).fit(documents)
        vectors = vectorizer.embedding_matrix_
        results.append(evaluate(tests, vectorizer.vocabulary_, vectors))
    return " ".join(f"{mean:.1f}" for mean in np.mean(results, axis=0))


def measure(options):
    """Return the table."""
    documents = read_documents(options.corpus, options.max_words)
    tests, name = read_tests(options), options.device
    if name.startswith("cuda"):
        name = torch.cuda.get_device_name(name)
    sizes = options.batch_sizes
    places = [("cpu", f"{options.threads} threads", sizes[0], 1)]
    places += [(options.device, name, size, options.repeat) for size in sizes]
    rows = []
    for device, shown, batch_size, repeat in places:
        parameters = {"device": device, "batch_size": batch_size}
        speed = speed_of(documents * repeat, options, **parameters)
        results = results_of(documents, tests, options, **parameters)
        rows.append([shown, str(batch_size), f"{speed:,.0f}", results])
    settings = (
        f"tests ({', '.join(tests)}) after {options.epochs} epochs, {options.seeds} "
        "seeds"
    )
    return settings, ["device", "batch_size", "words/s", "tests"], rows


if __name__ == "__main__":
    sizes = {"batch_sizes": [3072, 4096, 6144], "max_words": float("inf")} | SETTINGS
    times = {"rounds": 3, "seeds": 3, "threads": 2, "epochs": 3, "repeat": 6}
    files = "corpus", "--similarity", "--analogies"
    benchmark(measure, __doc__, *files, device="cuda", **times, **sizes)
