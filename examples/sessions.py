"""
Sessions, clicks and logs: what comes next
==========================================

This page is for people who have ordered sequences: clicks or purchases of users, steps
of sessions, lines of a log. It shows how a table of events becomes sequences, and how
to predict for all sessions at once which items come next.
"""

# %%
# From a log to sequences
# -----------------------
# Most logs have one line for each event. The events of a user, in the order of time,
# are a sequence. Here a pause of half an hour begins a new one.
import ast
import sysconfig
from collections import Counter, defaultdict
from io import StringIO
from itertools import chain, pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit

from sklearn_w2v import Word2VecVectorizer

lines = """2026-05-01T10:00:05 ann /shoes
2026-05-01T10:00:09 bob /hats
2026-05-01T10:01:12 ann /shoes/7
2026-05-01T18:30:00 ann /cart
"""
columns = ["time", "user", "page"]
log = pd.read_csv(StringIO(lines), sep=" ", names=columns, parse_dates=["time"])
log = log.sort_values(["user", "time"])
log["is_new"] = log.groupby("user")["time"].diff() > pd.Timedelta("30min")
log["session"] = log.groupby("user")["is_new"].cumsum()
print(log.groupby(["user", "session"])["page"].agg(list))

# %%
# Sequences that every installation has
# -------------------------------------
# The rest of this page uses the source of Python's standard library. A function is a
# session, and the names that it calls are its items, in the order of the source.
library = Path(sysconfig.get_path("stdlib"))
skipped = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3"}
events = []
for path in sorted(library.rglob("*.py")):
    if skipped.intersection(path.relative_to(library).parts):
        continue
    functions = ast.walk(ast.parse(path.read_bytes()))
    for number, function in enumerate(functions):
        if isinstance(function, ast.FunctionDef):
            calls = [node.func for node in ast.walk(function) if type(node) is ast.Call]
            for call in calls:
                name = getattr(call, "attr", getattr(call, "id", None))
                place = call.end_lineno, call.end_col_offset
                events.append((str(path), number, place, name))

events = pd.DataFrame(events, columns=["file", "session", "place", "item"]).dropna()
events = events.sort_values(["file", "session", "place"])
sessions = events.groupby(["file", "session"])["item"].agg(list)
sessions = sessions[sessions.str.len() >= 3].reset_index()

split = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
rows, test_rows = next(split.split(sessions, groups=sessions["file"]))
train = sessions["item"][np.random.RandomState(0).permutation(rows)].tolist()
histories = sessions["item"][test_rows].str[:-1].tolist()
answers = sessions["item"][test_rows].str[-1].tolist()
print(f"{len(train):,} sessions with {sum(map(len, train)):,} events to learn from;")
print(f"the last event of {len(answers):,} sessions of other files is to be predicted")

# %%
# What comes next, and what is alike
# ----------------------------------
# ``analyzer=list`` takes lists of items as they are. The window is small, since the
# next event depends on the last ones. ``min_count=2`` and ``sample=None`` keep rare and
# frequent items, since both can be the answer. ``store_matrices=True`` keeps both
# matrices of word2vec, which
# :meth:`~sklearn_w2v.Word2VecVectorizer.likely_contexts` needs to find what occurs next
# to an item. :meth:`~sklearn_w2v.Word2VecVectorizer.nearest_words` answers another
# question: which items occur among the same ones, and could replace an item. It is
# asked for frequent items only.
vectorizer = Word2VecVectorizer(
    analyzer=list,
    window=2,
    min_count=2,
    sample=None,
    store_matrices=True,
    random_state=0,
).fit(train)
items = ["open", "connect", "acquire", "seek"]
frequent = list(vectorizer.vocabulary_)[:500]
next_to, _ = vectorizer.likely_contexts(items, topn=4)
alike, _ = vectorizer.nearest_words(items, topn=4, among=frequent, exclude=items)
for item, contexts, neighbors in zip(items, next_to, alike, strict=True):
    print(f"{item:8} next to it: {', '.join(contexts)}")
    print(f"{'':8} like it:    {', '.join(neighbors)}")

# %%
# All sessions at once
# --------------------
# A query is the last two items of a session that have a vector, and all sessions are
# answered in one call. A shop would also pass ``exclude=histories``, so that nobody
# gets what they have seen. Here, calls are often repeated. Counts of what followed the
# last two items, and the most frequent items, are compared.
rows = []
for size in [len(train) // 16, len(train) // 4, len(train)]:
    seen = train[:size]
    popular = [i for i, _ in Counter(chain.from_iterable(seen)).most_common(10)]
    vectorizer.fit(seen)
    queries = []
    for history in histories:
        known = [item for item in history if item in vectorizer.vocabulary_]
        queries.append(known[-2:] or popular[:1])
    by_vectors, _ = vectorizer.likely_contexts(queries, topn=10)

    after, after_two = defaultdict(Counter), defaultdict(Counter)
    for session in seen:
        for item, following in pairwise(session):
            after[item][following] += 1
        for item, following in zip(session, session[2:], strict=False):
            after_two[item][following] += 1
    by_counts = []
    for *_, second_last, last in histories:
        counts = after[last] + after_two[second_last]
        best = [item for item, _ in counts.most_common(10)]
        by_counts.append([*best, *(i for i in popular if i not in best)][:10])

    rates = [
        np.mean([answer in items for answer, items in zip(answers, found, strict=True)])
        for found in [by_vectors, by_counts, [popular] * len(answers)]
    ]
    rows.append([size, *rates])

columns = ["sessions", "vectors", "counts", "most frequent items"]
table = pd.DataFrame(rows, columns=columns).set_index("sessions")
print(table.round(3))
axes = table.plot(marker="o", logx=True, xlabel="sessions to learn from")
axes.set(ylim=(0, None), ylabel="share of answers among ten candidates")
axes.set_xticks(table.index, table.index)
axes.minorticks_off()
plt.show()

# %%
# With few sessions, vectors are better than counts, since they also use what happened
# next to similar items. With all sessions, both are equal.
#
# What it cannot do
# -----------------
# - With many events for each item, counts are better. If the counts of each item are
#   divided by their sum plus five, they reach 0.37 with all sessions. Always compare.
# - A window has items on both sides, so word2vec does not distinguish what comes before
#   an item and after it.
# - It ignores the order of earlier items, and the times between events. Models of
#   sequences, such as recurrent networks and transformers, use them.
# - An item that has fewer than ``min_count`` events has no vector, and is never
#   predicted.
#
# Sequences without an order, such as what is bought at once, have a page of their own:
# :doc:`/gallery/baskets`.
