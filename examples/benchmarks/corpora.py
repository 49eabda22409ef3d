"""Read the texts of the benchmarks: plain lines, or lines with labels."""

import lzma

import numpy as np


def open_text(path):
    """Open a text file, which may be compressed with xz."""
    opener = lzma.open if path.suffix == ".xz" else open
    return opener(path, "rt", encoding="utf-8")


def read_documents(path, max_words=float("inf")):
    """Return the lines of a file as token lists, up to `max_words` words."""
    documents, n_words = [], 0
    with open_text(path) as lines:
        for line in lines:
            documents.append(line.split())
            n_words += len(documents[-1])
            if n_words >= max_words:
                break
    return documents


def read_labeled(path):
    """Return texts and labels of a file whose lines are a label, a tab and a text."""
    with open_text(path) as lines:
        labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    # In an array of str, each text would take as much memory as the longest one.
    return np.array(texts, dtype=object), np.array(labels)
