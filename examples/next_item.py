"""Prediction of the next item of a sequence: which function is called next.

A function or method of an installed library (the standard library, numpy, scipy,
scikit-learn) is a session. The names that it calls, in the order of the source, are its
items, like the purchases or clicks of a customer. Given the calls so far, each method
predicts ten candidates for the next one. It is a hit if the next call is one of them.
The sessions of a quarter of the modules are held out.

`most_similar` finds items that can replace an item, which is another question.
`most_likely_context` finds items that occur near it. It needs both matrices of
word2vec, which `store_matrices=True` keeps. A window has words on both sides, so
word2vec does not distinguish what comes before and after. For comparison, calls are
also predicted from counts of what followed each call, which are about as good as asking
with the last call. Asking with the last two calls is better.
"""

# %%
import ast
import sysconfig
import time
from collections import Counter, defaultdict
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from texts import LIBRARIES, MAX_DOCUMENTS

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()


# %%
def calls_of(function):
    """Return the names that a function calls, in the order of the source."""
    called = []
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            if name:
                position = node.func.end_lineno, node.func.end_col_offset
                called.append((position, name))
    return [name for _, name in sorted(called)]


def sessions_in(folder):
    """Yield (module, calls) of a folder's functions with three calls or more."""
    skipped = {"site-packages", "dist-packages", "test", "tests", "lib2to3", "idlelib"}
    for path in sorted(folder.rglob("*.py")):
        if skipped.intersection(path.relative_to(folder).parts):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef):
                calls = calls_of(node)
                if len(calls) >= 3:
                    yield str(path), calls


def iter_sessions():
    """Yield (module, calls) of the functions of all libraries."""
    folders = [Path(sysconfig.get_path("stdlib"))]
    folders += [Path(find_spec(library).origin).parent for library in LIBRARIES]
    for folder in folders:
        yield from islice(sessions_in(folder), MAX_DOCUMENTS)


modules, sessions = zip(*iter_sessions(), strict=True)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(sessions, groups=modules))
train = [sessions[number] for number in train]
test = [sessions[number] for number in test]
n_calls = sum(map(len, train))
print("Functions of installed libraries as sessions, the names they call as items:")
print(f"{len(train):,} sessions with {n_calls:,} calls to learn from, ", end="")
print(f"{len(test):,} sessions held out")

# %%
# A small window, since the next call depends on the last ones. `sample=None` keeps all
# frequent calls, since these are to be predicted too.
vectorizer = Word2VecVectorizer(
    analyzer=list, window=2, sample=None, store_matrices=True, random_state=0
)
before = time.perf_counter()
vectorizer.fit(train)
seconds = time.perf_counter() - before
print(
    f"{len(vectorizer.vocabulary_):,} different calls have vectors ({seconds:.1f} s)\n"
)

for call in ["open", "append", "check_random_state", "lower"]:
    similar = [other for other, _ in vectorizer.most_similar(call, topn=4)]
    near = [other for other, _ in vectorizer.most_likely_context(call, topn=4)]
    print(f"  {call + ' is similar to':36}{', '.join(similar)}")
    print(f"  {'  and is called near':36}{', '.join(near)}")

# %%
# Baselines: the most frequent calls, and those that most often followed each call.
popular = [call for call, _ in Counter(c for s in train for c in s).most_common(10)]
followers = defaultdict(Counter)
for session in train:
    for call, following in pairwise(session):
        followers[call][following] += 1


def after_last(history):
    """Return what followed the last call most often, then the most frequent calls."""
    found = [call for call, _ in followers[history[-1]].most_common(10)]
    return [*found, *(call for call in popular if call not in found)][:10]


def most_similar(history):
    """Return the calls most similar to the mean of the history."""
    return [call for call, _ in vectorizer.most_similar(history, topn=10)]


def context_of_history(history):
    """Return the likely contexts of all the calls so far."""
    return [call for call, _ in vectorizer.most_likely_context(history, topn=10)]


def context_of_last_two(history):
    """Return the likely contexts of the last two calls."""
    return [call for call, _ in vectorizer.most_likely_context(history[-2:], topn=10)]


def context_of_last(history):
    """Return the likely contexts of the last call."""
    return [call for call, _ in vectorizer.most_likely_context(history[-1], topn=10)]


# %%
# A random call of each of 2,000 held-out sessions is to be predicted. Calls that are
# too rare to have a vector are left out of the history. Word2vec cannot predict them,
# so they count as misses.
rng = np.random.RandomState(0)
tasks = []
for number in rng.permutation(len(test))[:2000]:
    session = test[number]
    position = rng.randint(1, len(session))
    known = [call for call in session[:position] if call in vectorizer.vocabulary_]
    if known:
        tasks.append((known, session[position]))
share = np.mean([following in vectorizer.vocabulary_ for _, following in tasks])
repeats = np.mean([following in history for history, following in tasks])
print(f"\n{len(tasks):,} calls to predict; {share:.3f} of them have a vector, ", end="")
print(f"and {repeats:.3f} are in the history,\nwhich most_similar never returns")
print("\nShare of the next calls that are among the ten candidates")
methods = [
    ("popularity", lambda history: popular),
    ("most_similar, history", most_similar),
    ("most_likely_context, history", context_of_history),
    ("most_likely_context, last two", context_of_last_two),
    ("most_likely_context, last call", context_of_last),
    ("counts of what followed", after_last),
]
for name, method in methods:
    before = time.perf_counter()
    hits = np.mean([following in method(history) for history, following in tasks])
    milliseconds = 1000 * (time.perf_counter() - before) / len(tasks)
    print(f"  {name:32}{hits:.3f}  {milliseconds:6.2f} ms each")
print(f"\ntook {time.perf_counter() - start:.1f} s")
