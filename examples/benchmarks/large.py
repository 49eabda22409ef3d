"""Time and memory of a fit on corpora of increasing size, read from a file.

    python examples/benchmarks/large.py CORPUS.txt[.xz] [--words 1e6 1e7 1e8]

A document is a line. The file is read repeatedly until there are enough words, and its
text is not kept in memory. Each fit is one epoch with the defaults, in a new process.
Memory is the anonymous memory of the process beyond that with torch imported. So pages
of the temporary file, which the system can reclaim, are not counted. `--in-memory` sets
the bytes of ids that are kept in memory, instead of 1 GiB.
"""

from multiprocessing import get_context
from pathlib import Path

from runner import benchmark, looking, open_text, progress, seconds_of

from sklearn_w2v import Word2VecVectorizer, _corpus


def lines_of(path, n_words):
    """Yield the lines of a file, repeatedly, up to `n_words` words."""
    n_read = 0
    while True:
        with open_text(path) as lines:
            for line in lines:
                yield line
                n_read += line.count(" ") + 1
                if n_read >= n_words:
                    return


def own_bytes():
    """Return the bytes of anonymous memory of this process."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("RssAnon:")[2].split()[0])


def row_of(path, n_words, in_memory):
    """Fit in this process, and return the cells of a row."""
    import torch  # noqa: F401, PLC0415, so that its memory is not counted

    _corpus.IDS_IN_MEMORY = in_memory // 4
    vectorizer = Word2VecVectorizer(epochs=1, random_state=0)
    before = own_bytes()
    with looking(own_bytes, interval=0.05) as seen:
        seconds = seconds_of(lambda: vectorizer.fit(lines_of(path, n_words)))
    numbers = vectorizer.word_counts_.sum(), len(vectorizer.vocabulary_)
    n_bytes = max(seen, default=before) - before
    return [*(f"{n:,}" for n in numbers), f"{seconds:.1f}", f"{n_bytes / 1e6:.0f}"]


def measure(options):
    """Return the table."""
    rows = []
    for n_words in options.words:
        with get_context("spawn").Pool(1) as pool:
            task = options.corpus, n_words, options.in_memory
            rows.append(pool.apply(row_of, task))
        progress(" ".join(rows[-1]))
    settings = f"one epoch, at most {options.in_memory:,} bytes of ids in memory"
    return settings, ["tokens", "words", "seconds", "MB"], rows


if __name__ == "__main__":
    words = [1e6, 1e7, 1e8]
    benchmark(measure, __doc__, "corpus", words=words, in_memory=2**30)
