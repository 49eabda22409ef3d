"""Reading what the benchmarks measure on: plain lines, or lines with a label."""

import lzma

import numpy as np


def open_text(path):
    """Open a text file, compressed by xz or not."""
    opener = lzma.open if path.suffix == ".xz" else open
    return opener(path, "rt", encoding="utf-8")


def read_documents(path, max_words=float("inf")):
    """Return the lines of a file as token lists, up to so many words."""
    documents, n_words = [], 0
    with open_text(path) as lines:
        for line in lines:
            documents.append(line.split())
            n_words += len(documents[-1])
            if n_words >= max_words:
                break
    return documents


def read_labelled(path):
    """Return the texts and the labels of a file with a label, a tab, a text a line."""
    with open_text(path) as lines:
        labels, texts = zip(*(line.split("\t", 1) for line in lines), strict=True)
    # Objects: an array of str would give each text the room of the longest.
    return np.array(texts, dtype=object), np.array(labels)
