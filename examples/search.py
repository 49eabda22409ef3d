"""Search by meaning in about 20,000 passages, by the nearest document vectors.

A query gets a vector like any text. Its hits are the passages with the smallest cosine
distance, which need not share a word with the query. `NearestNeighbors` compares the
query with all passages. `weighting="idf"` gives rare words a larger weight, since they
say more about the topic of a query than frequent ones. All queries are printed, also
those with poor hits.
"""

# %%
import time

import numpy as np
from sklearn.neighbors import NearestNeighbors
from texts import WORD, load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# Texts are split at blank lines into passages. Passages of fewer than eight words are
# left out; numbers do not count as words.
texts, labels, _ = load_texts(min_documents=1)
passages = {
    " ".join(part.split()): label  # a dict drops duplicates
    for text, label in zip(texts, labels, strict=True)
    for part in text.split("\n\n")
    if sum(word.isalpha() for word in WORD.findall(part)) >= 8
}
passages, passage_labels = list(passages), list(passages.values())
if len(passages) > 20_000:
    chosen = np.random.RandomState(0).choice(len(passages), 20_000, replace=False)
    passages = [passages[number] for number in chosen]
    passage_labels = [passage_labels[number] for number in chosen]

# %%
# The word vectors are learned from the same passages. A search engine would learn them
# once, and index new texts with `transform`.
before = time.perf_counter()
vectorizer = Word2VecVectorizer(weighting="idf", norm="l2", random_state=0)
vectorizer.fit(passages)
fitted = time.perf_counter()
vectors = vectorizer.transform(passages)
index = NearestNeighbors(n_neighbors=3, metric="cosine").fit(vectors)
indexed = time.perf_counter()
print(
    f"\n{len(passages):,} passages: {fitted - before:.1f} s to fit, ",
    end="",
)
size = vectors.nbytes / 1e6
print(f"{indexed - fitted:.1f} s to transform and index {size:.0f} MB of vectors")

# %%
queries = [
    "how to deal with missing values",
    "heavy tails of a random variable",
    "draw a picture of the decision regions",
    "find the root of a function",
    "remove noise from an image",
]
if "sci.space" in labels:
    queries = [
        "rockets that bring people to the moon",
        "how much does a used motorcycle cost",
        "my doctor says the pain is harmless",
        "the goalie saved the game",
        "the computer does not start after installing a new disk",
    ]

seconds = []
for query in queries:
    before = time.perf_counter()
    distances, rows = index.kneighbors(vectorizer.transform([query]))
    seconds.append(time.perf_counter() - before)
    print(f"\n{query!r}")
    for distance, row in zip(distances[0], rows[0], strict=True):
        shown = (
            passages[row] if len(passages[row]) < 100 else passages[row][:97] + "..."
        )
        print(f"  {1 - distance:.2f}  {passage_labels[row]}\n        {shown}")
print(f"\n{1000 * np.median(seconds):.1f} ms for a query with its vector (median)")
print(f"took {time.perf_counter() - start:.1f} s")
