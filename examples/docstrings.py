"""A labelled corpus that every installation has: docstrings.

The other examples import `load_docstrings` from here, so that they need no download.
A document is the docstring of a module, class, method or function of numpy, scipy or
scikit-learn; its label is the sub-package it comes from, such as "scipy.stats". The
sources are parsed, not imported. The numbers that the examples print change a little
with the installed versions of the three libraries.
"""

import ast
import inspect
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np

LIBRARIES = ["numpy", "scipy", "sklearn"]

# Tests, code copied from other projects, and what newer Python versions do not have.
SKIPPED_FOLDERS = {"tests", "externals", "_external", "_lib", "distutils"}

# What names the sub-package outright: dotted names, link targets, template fields.
GIVEAWAYS = re.compile(
    r"(?i)\b(?:numpy|np|scipy|sklearn|scikit-learn)\b(?:\.\w+)*|<[^<>\s]+>`|%\(\w+\)s"
)
WORD = re.compile(r"\b\w\w+\b")


def clean(docstring):
    """Drop the code lines of the examples, and what names the sub-package."""
    lines = docstring.splitlines()
    prose = [line for line in lines if not line.lstrip().startswith((">>>", "..."))]
    return GIVEAWAYS.sub(" ", "\n".join(prose))


def parse_file(path, module):
    """Yield (group, kind, docstring) of the objects in one source file.

    The group is the module, or the function or class at its top level: the methods
    of a class are in the group of the class.
    """
    to_do = [(ast.parse(path.read_text(encoding="utf-8")), module, "module")]
    while to_do:
        node, group, kind = to_do.pop()
        docstring = ast.get_docstring(node)
        if docstring:
            yield group, kind, docstring
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                child_group = f"{module}.{child.name}" if kind == "module" else group
                child_kind = "function"
                if isinstance(child, ast.ClassDef):
                    child_kind = "class"
                elif kind == "class":
                    child_kind = "method"
                to_do.append((child, child_group, child_kind))
            elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Call):
                # numpy and scipy.special document compiled functions in calls of
                # add_newdoc: the name comes first, the docstring last.
                function = child.value.func
                strings = [
                    node.value
                    for node in ast.walk(child)
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                ]
                if getattr(function, "id", "") == "add_newdoc" and len(strings) > 1:
                    name = ".".join(strings[:-1])
                    yield f"{module}.{name}", "function", inspect.cleandoc(strings[-1])


def iter_docstrings():
    """Yield (label, group, kind, text) of every docstring with five words or more.

    The kind is "module", "class", "method" or "function". A text that occurs more
    than once is given once.
    """
    seen = set()
    for library in LIBRARIES:
        folder = Path(find_spec(library).origin).parent
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            if len(parts) < 3 or SKIPPED_FOLDERS.intersection(parts):
                continue
            label = ".".join(parts[:2])
            for group, kind, docstring in parse_file(path, ".".join(parts)):
                text = clean(docstring)
                if text not in seen and len(WORD.findall(text)) >= 5:
                    seen.add(text)
                    yield label, group, kind, text


def load_docstrings(min_documents=20):
    """Load the corpus.

    Parameters
    ----------
    min_documents : int, default=20
        Leave out sub-packages with fewer documents.

    Returns
    -------
    texts : ndarray of str objects
        The documents.
    labels : ndarray of str
        The sub-package of each document.
    groups : ndarray of str
        The function, class or module of each document. Split by groups: the methods
        of a class resemble one another too much to stand on both sides of a split.
    """
    rows = list(iter_docstrings())
    n_documents = Counter(label for label, _, _, _ in rows)
    rows = [row for row in rows if n_documents[row[0]] >= min_documents]
    labels, groups, _, texts = zip(*rows, strict=True)
    return np.array(texts, dtype=object), np.array(labels), np.array(groups)


if __name__ == "__main__":
    texts, labels, groups = load_docstrings()
    n_words = [len(WORD.findall(text)) for text in texts]
    print(f"{len(texts):,} documents of {len(set(groups)):,} objects, ", end="")
    print(f"{sum(n_words):,} words, {len(set(labels))} sub-packages")
    print(f"\n{'sub-package':24}documents      words")
    for label in sorted(set(labels)):
        rows = labels == label
        print(f"{label:24}{rows.sum():9,}{np.array(n_words)[rows].sum():11,}")
