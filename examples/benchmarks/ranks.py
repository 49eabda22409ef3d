"""Several ranks: speed, bytes sent, and quality.

    torchrun --nproc-per-node 2 examples/benchmarks/ranks.py CORPUS.txt[.xz] \
        --similarity WS-353=EN-WS-353-ALL.txt ... --analogies questions-words.txt

Each rank trains with one thread on its share of the lines. Seconds are those of the
training of rank 0, and words/s those of all ranks together. "merging" is the time that
the training thread computes in merges, and "waits" the time that it waits for them.
With `--apart`, ranks merge only at the end of an epoch, which shows the speed of
concurrent processes. With more ranks than cores, only the quality is meaningful.
`network.py` runs this script between hosts with a slow network, and `machines.py`
predicts the speed of more machines from the same times.
"""

import time
from dataclasses import replace
from types import SimpleNamespace

import torch.distributed as dist
from runner import benchmark, read_documents
from word_tests import evaluate, read_tests

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._fit import prepare_fit
from sklearn_w2v._group import Group, all_ranks
from sklearn_w2v._skipgram.compiled_moves import CompiledMoves
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.training import Trainer


class Clock:
    """Sums the seconds of a method's calls, and an amount of their arguments."""

    def __init__(self, owner, name, amount_of=lambda _: 0):
        self.seconds, self.n_calls, self.amount = 0.0, 0, 0
        function = getattr(owner, name)

        def timed(*args, **kwargs):
            begin = time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds += time.perf_counter() - begin
            self.n_calls += 1
            self.amount += amount_of(args)
            return result

        setattr(owner, name, timed)


class Clocks:
    """Measure where the time of a training goes, on this rank."""

    def __init__(self):
        self.first_steps = Clock(Trainer, "_make_first_steps")
        self.takes = Clock(CompiledMoves, "take", lambda args: args[1])  # rows
        self.adds = Clock(CompiledMoves, "add")
        self.sums = Clock(CompiledMoves, "sum")
        self.ends = Clock(Merger, "_end")
        self.exchanges = Clock(Group, "all_to_all", lambda args: args[2].nbytes)

    @property
    def merging(self):
        """Seconds in which the training thread takes and adds moves."""
        return self.takes.seconds + self.adds.seconds

    @property
    def waits(self):
        """Seconds in which the training thread waits for merges."""
        return self.ends.seconds - self.adds.seconds


def run(options, apart):
    """Train on this rank's share of the documents, and measure.

    Ranks that train apart merge only at the end of an epoch.
    """
    dist.init_process_group("gloo")
    with all_ranks() as ranks:
        documents = read_documents(options.corpus, options.max_words)
        vectorizer = Word2VecVectorizer(
            analyzer=list, epochs=options.epochs, random_state=options.seed, n_jobs=1
        )
        fit = prepare_fit(vectorizer, None, partial=False, ranks=ranks)
        encoded = fit.encode(documents[ranks.rank :: ranks.world_size])
        training = fit.plan(encoded)
        if apart:
            training = replace(training, plan=replace(training.plan, n_merges=0))
        clocks = Clocks()
        begin = time.perf_counter()
        trained = fit.train(training, [])
        seconds = time.perf_counter() - begin
        learned = fit.learn(encoded, training, trained)
        ranks.barrier("the end of the benchmark")
    dist.destroy_process_group()
    return SimpleNamespace(
        clocks=clocks, plan=training.plan, seconds=seconds, learned=learned, ranks=ranks
    )


def measure(options):
    """Return the table, on rank 0."""
    one = run(options, options.apart)
    if one.ranks.rank:
        return None
    clocks, learned, n_ranks = one.clocks, one.learned, one.ranks.world_size
    n_words = learned.word_counts.sum() * learned.n_iter
    n_bytes = clocks.exchanges.amount * (n_ranks - 1) / n_ranks
    figures = {
        "processes": f"{n_ranks}, apart" if options.apart else str(n_ranks),
        "seconds": f"{one.seconds:.2f}",
        "words/s": f"{n_words / one.seconds:,.0f}",
        "merges": str(clocks.takes.n_calls),
        "sent by each, MB": f"{n_bytes / 1e6:.0f}",
        "merging, s": f"{clocks.merging:.2f}",
        "waits, s": f"{clocks.waits:.2f}",
    }
    tests = read_tests(options)
    results = evaluate(tests, learned.vocabulary, learned.embedding_matrix)
    figures |= {name: f"{one:.1f}" for name, one in zip(tests, results, strict=True)}
    settings = f"{n_ranks} ranks: {n_words:,} words in {options.epochs} epochs"
    return settings, list(figures), [list(figures.values())]


if __name__ == "__main__":
    files = "corpus", "--similarity", "--analogies"
    sizes = {"epochs": 3, "seed": 0, "max_words": float("inf")}
    benchmark(measure, __doc__, *files, **sizes, apart=False)
