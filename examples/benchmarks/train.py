"""Training speed beside gensim, on a corpus with one document a line.

    python examples/benchmarks/train.py CORPUS.txt[.xz] [--rounds 3] [--threads 2]

All peers train skip-gram with negative sampling with the same hyper-parameters and
number of threads in this one process, in turn, from a vocabulary built beforehand.
Speed is in-vocabulary words before sub-sampling x epochs / seconds, the median of the
rounds; ratios are medians of the ratios of each round. Needs the `benchmark` extra, an
otherwise idle machine, and disk space for the corpus as plain text.
"""

import argparse
import lzma
import statistics
import tempfile
import time
from pathlib import Path

import torch
from gensim.models import Word2Vec

from sklearn_w2v import _vocabulary
from sklearn_w2v._skipgram import train

OURS = "sklearn_w2v"


def read_documents(path, max_words):
    """Return the documents as token lists, up to so many words."""
    opener = lzma.open if path.suffix == ".xz" else open
    documents, n_words = [], 0
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            documents.append(line.split())
            n_words += len(documents[-1])
            if n_words >= max_words:
                break
    return documents


def prepare_ours(documents, options):
    """Return our training as a function, and the words that one epoch reads."""
    _, counts, corpus = _vocabulary.learn(
        documents, min_count=options.min_count, min_df=1, max_df=1.0, max_features=None
    )
    keep = _vocabulary.keep_probabilities(counts, options.sample)
    noise = _vocabulary.noise_probabilities(counts, 0.75)

    def run():
        train(
            corpus.ids,
            corpus.offsets,
            keep,
            noise,
            vector_size=options.vector_size,
            window=options.window,
            shrink_windows=True,
            negative=options.negative,
            solver="adagrad",
            learning_rate="auto",
            batch_size="auto",
            epochs=options.epochs,
            n_threads=options.threads,
            seed=0,
            on_epoch_end=lambda loss: None,
        )

    return run, len(corpus.ids)


def prepare_gensim(corpus, options):
    """Return gensim's training as a function; `corpus` is one of its two arguments."""
    model = Word2Vec(
        sg=1,
        vector_size=options.vector_size,
        window=options.window,
        negative=options.negative,
        sample=options.sample,
        min_count=options.min_count,
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


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-words", type=float, default=float("inf"))
    parser.add_argument("--vector-size", type=int, default=100)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negative", type=int, default=5)
    parser.add_argument("--sample", type=float, default=1e-3)
    parser.add_argument("--min-count", type=int, default=5)
    options = parser.parse_args()

    documents = read_documents(options.corpus, options.max_words)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "corpus.txt")
        plain.write_text("\n".join(map(" ".join, documents)), encoding="utf-8")
        ours, n_words = prepare_ours(documents, options)
        runs = {
            "gensim, corpus_file": prepare_gensim({"corpus_file": str(plain)}, options),
            "gensim, list": prepare_gensim({"corpus_iterable": documents}, options),
            OURS: ours,
        }
        # Once in full, so that nobody pays for first touches.
        torch.set_num_threads(options.threads)
        ours()
        seconds = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, run in runs.items():
                begin = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - begin)

    print(
        f"{n_words:,} words, d={options.vector_size} w={options.window} "
        f"k={options.negative} sample={options.sample:g}, {options.epochs} epoch(s), "
        f"{options.threads} thread(s), median of {options.rounds} rounds\n"
    )
    print("| | words/s | sklearn_w2v is faster by | of the rounds |")
    print("|---|---|---|---|")
    for name, times in seconds.items():
        speed = n_words * options.epochs / statistics.median(times)
        ratios = [t / o for t, o in zip(times, seconds[OURS], strict=True)]
        spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
        print(f"| {name} | {speed:,.0f} | {statistics.median(ratios):.1f} | {spread} |")


if __name__ == "__main__":
    main()
