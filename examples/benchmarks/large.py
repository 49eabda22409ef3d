"""Time and memory of a fit on corpora of increasing size, read from a file.

    python examples/benchmarks/large.py CORPUS.txt[.xz] [--words 1e6 1e7 1e8]

A document is a line. The file is read repeatedly until there are enough words, and its
text is not kept in memory. Each fit is one epoch with the defaults, in a new process.
Memory is the anonymous memory of the process beyond its imports. So pages of the
temporary file, which the system can reclaim, are not counted. `--in-memory` sets the
bytes of ids that are kept in memory, instead of 1 GiB.
"""

import argparse
import multiprocessing
import threading
import time
from pathlib import Path

from corpora import open_text

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


def watch(peak, stop):
    """Record the peak memory until `stop` is set."""
    while not stop.wait(0.05):
        peak.append(max(own_bytes(), peak.pop()))


def measure(path, n_words, options, results):
    """Fit, and put the measurements into a queue."""
    import torch  # noqa: F401, PLC0415, so that its memory is not counted

    if options.in_memory:
        _corpus.IDS_IN_MEMORY = options.in_memory // 4
    vectorizer = Word2VecVectorizer(epochs=1, random_state=0)
    peak, stop = [own_bytes()], threading.Event()
    before = peak[0]
    watcher = threading.Thread(target=watch, args=(peak, stop))
    watcher.start()
    begin = time.perf_counter()
    vectorizer.fit(lines_of(path, n_words))
    seconds = time.perf_counter() - begin
    stop.set()
    watcher.join()
    n_tokens = int(vectorizer.word_counts_.sum())
    check = float(vectorizer.embedding_matrix_.sum())
    n_words = len(vectorizer.vocabulary_)
    results.put((n_tokens, n_words, seconds, peak[0] - before, check))


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--words", type=float, nargs="+", default=[1e6, 1e7, 1e8])
    parser.add_argument("--in-memory", type=int)
    options = parser.parse_args()
    print(
        "| tokens | words | seconds | MB | sum of the vectors |\n|---|---|---|---|---|"
    )
    spawn = multiprocessing.get_context("spawn")
    for n_words in options.words:
        results = spawn.Queue()
        process = spawn.Process(
            target=measure, args=(options.corpus, n_words, options, results)
        )
        process.start()
        n_tokens, n_different, seconds, n_bytes, check = results.get()
        process.join()
        print(
            f"| {n_tokens:,} | {n_different:,} | {seconds:.1f} | {n_bytes / 1e6:.0f} | "
            f"{check:.6f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
