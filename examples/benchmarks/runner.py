"""The runner of the benchmarks: options, texts, rounds in alternation, and one table.

Each script of this folder measures one thing and prints one table. The page
"Benchmarks" of the guide has these tables, and the command and the machine of each.
"""

import argparse
import lzma
import platform
import re
import sys
import threading
import time
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import joblib
import numpy as np


def named_files(argument):
    """Return the name and the files of an argument such as NAME=FILE,FILE."""
    name, _, files = argument.partition("=")
    return name, [Path(file) for file in files.split(",")]


#: What several scripts read.
LABELED = {"nargs": "+", "metavar": "NAME=TRAIN.tsv[.xz][,TEST.tsv[.xz]]"}
FILES = {
    "corpus": {"type": Path, "help": "a document on each line; may end in .xz"},
    "sets": LABELED | {"type": named_files, "help": "lines of a label, a tab, a text"},
    "--similarity": {"nargs": "*", "type": named_files, "default": []},
    "--analogies": {"type": Path},
}

#: The settings of a training, which are also the defaults of the peers.
SETTINGS = {"vector_size": 100, "window": 5, "negative": 5}

#: Distributions whose releases are printed if they are installed.
LIBRARIES = ["scikit-learn", "torch", "gensim", "fasttext-wheel", "pyspark"]


def benchmark(measure, docstring, *files, **defaults):
    """Read the options, call `measure` with them, and print the table it returns.

    `files` are keys of FILES, and `defaults` the other options with their defaults.
    `measure` returns the settings of the table, its header and its rows, all as
    strings, or None on ranks that print nothing.
    """
    parser = argparse.ArgumentParser(
        description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in files:
        parser.add_argument(name, **FILES[name])
    for name, default in defaults.items():
        how = {"type": type(default), "default": default}
        if isinstance(default, bool):
            how = {"action": "store_true"}
        elif isinstance(default, list):
            how |= {"type": type(default[0]), "nargs": "+"}
        parser.add_argument("--" + name.replace("_", "-"), **how)
    table = measure(parser.parse_args())
    if table:
        print_table(*table)


# --- texts


def open_text(path):
    """Open a text file, which may be compressed with xz."""
    opener = lzma.open if path.suffix == ".xz" else open
    return opener(path, "rt", encoding="utf-8")


def read_documents(path, max_words=float("inf")):
    """Return the lines of a file as lists of tokens, up to `max_words` tokens."""
    documents, n_words = [], 0
    with open_text(path) as lines:
        for line in lines:
            documents.append(line.split())
            n_words += len(documents[-1])
            if n_words >= max_words:
                break
    return documents


# --- rounds


def progress(text):
    """Print what a long benchmark does, apart from its table."""
    print(text, file=sys.stderr, flush=True)


def seconds_of(run):
    """Return the seconds of a call."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def in_turn(runs, rounds):
    """Return the seconds of each round, by the names of the runs, which take turns.

    The speed of a machine changes within minutes, so only runs next to one another can
    be compared.
    """
    seconds = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(seconds_of(run))
            progress(f"{name}: {seconds[name][-1]:.3f} s")
    return seconds


@contextmanager
def looking(look, interval):
    """Call `look` in a thread at intervals of seconds; yield a list of its results."""
    results, is_over = [], threading.Event()

    def run():
        while not is_over.wait(interval):
            results.append(look())

    thread = threading.Thread(target=run)
    thread.start()
    yield results
    is_over.set()
    thread.join()


def ratio(seconds, others):
    """Return the median of the rounds' ratios, and their range."""
    ratios = [one / other for one, other in zip(seconds, others, strict=True)]
    return f"{median(ratios):.2f}; {min(ratios):.2f} to {max(ratios):.2f}"


def mean(values):
    """Return the mean of the results of seeds, and their standard deviation."""
    deviation = f" ±{np.std(values):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{deviation}"


# --- the table


def print_machine():
    """Print the name of the CPU, its usable cores, and the releases of libraries."""
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", path.read_text() if path.exists() else "")
    releases = []
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            releases.append(f"{name} {version(name)}")
    name = found[1] if found else platform.machine()
    print(f"{name}, {joblib.cpu_count()} cores; {', '.join(releases)}\n")


def print_table(settings, header, rows):
    """Print the settings, the machine, and a table in reStructuredText."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    cells = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    print(settings)
    print_machine()
    print("\n".join([rule, cells[0], rule, *cells[1:], rule]), flush=True)
