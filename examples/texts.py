"""The texts of the other examples: newsgroups, or docstrings of installed libraries.

`load_texts` returns posts of 20 newsgroups if scikit-learn's `fetch_20newsgroups` has
downloaded them before. Otherwise it returns texts that every installation has: the
docstrings of the modules, classes, methods and functions of numpy, scipy and
scikit-learn. Their labels are their sub-packages, such as "scipy.stats". The source
files are parsed, not imported. Results on docstrings depend slightly on the versions of
the three libraries.
"""

import ast
import inspect
import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_20newsgroups

WORD = re.compile(r"\b\w\w+\b")
N_POSTS = 7000  # of 11,314, so that each example takes less than a minute
LIBRARIES = ["numpy", "scipy", "sklearn"]

# Tests, copies of other projects, and modules that newer Pythons do not have.
SKIPPED_FOLDERS = {"tests", "externals", "_external", "_lib", "distutils"}

# Text that contains the name of the sub-package: dotted names, link targets, fields.
GIVEAWAYS = re.compile(
    r"(?i)\b(?:numpy|np|scipy|sklearn|scikit-learn)\b(?:\.\w+)*|<[^<>\s]+>`|%\(\w+\)s"
)


def load_texts(corpus="auto", min_documents=20):
    """Load texts with labels, and print which texts they are.

    Parameters
    ----------
    corpus : {"auto", "newsgroups", "docstrings"}, default="auto"
        Which texts to load. "auto" loads newsgroups if they are on disk, and docstrings
        otherwise. Nothing is downloaded.
    min_documents : int, default=20
        Leave out classes with fewer documents.

    Returns
    -------
    texts : ndarray of str objects
        The documents, each with five words or more.
    labels : ndarray of str
        The newsgroup, or the sub-package, of each document.
    groups : ndarray of str
        The group of each document. A split should not divide a group: the methods of a
        class are too similar, for example. The group of a docstring is its function,
        class or module. Each post is a group.
    """
    rows = None
    if corpus != "docstrings":
        try:
            rows = list(iter_posts())
            print(f"Texts: {len(rows):,} posts of 20 newsgroups")
        except OSError:
            if corpus == "newsgroups":
                raise
    if rows is None:
        rows = [(label, group, text) for label, group, _, text in iter_docstrings()]
        print(f"Texts: {len(rows):,} docstrings of numpy, scipy and scikit-learn")
    n_documents = Counter(label for label, _, _ in rows)
    rows = [row for row in rows if n_documents[row[0]] >= min_documents]
    labels, groups, texts = zip(*rows, strict=True)
    return np.array(texts, dtype=object), np.array(labels), np.array(groups)


def iter_posts():
    """Yield (label, group, text) of the first posts of scikit-learn's newsgroups.

    They are shuffled posts of the training part, with five words or more. Headers,
    signatures and quotes are removed, since they would reveal the newsgroup.
    """
    posts = fetch_20newsgroups(
        remove=("headers", "footers", "quotes"), download_if_missing=False
    )
    rows = zip(posts.data[:N_POSTS], posts.target[:N_POSTS], strict=True)
    for number, (text, target) in enumerate(rows):
        if len(WORD.findall(text)) >= 5:
            yield posts.target_names[target], f"post {number}", text


def iter_docstrings():
    """Yield (label, group, kind, text) of every docstring with five words or more.

    The kind is "module", "class", "method" or "function". Equal texts
    are yielded only once.
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


def clean(docstring):
    """Remove the code of the examples, and the names of the sub-package."""
    lines = docstring.splitlines()
    prose = [line for line in lines if not line.lstrip().startswith((">>>", "..."))]
    return GIVEAWAYS.sub(" ", "\n".join(prose))
