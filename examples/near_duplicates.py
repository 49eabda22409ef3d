"""Texts that are nearly the same, and texts that only seem to be.

Two texts whose vectors have a cosine near 1 use nearly the same words, about as often;
where such pairs begin is seen by the words that they share. Two kinds of difference do
not show at all: the order of the words, and words that occur fewer than `min_count`
times, which have no vectors. So what is found is worth a second look, and `min_count=1`
is the setting where each word counts.
"""

# %%
import time
from itertools import pairwise

import numpy as np
from sklearn.neighbors import NearestNeighbors
from texts import WORD, load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# A part of the texts, of twenty words or more: short ones are often alike by chance.
texts, _, _ = load_texts(min_documents=1)
texts = np.array([text for text in texts if len(WORD.findall(text)) >= 20], object)
if len(texts) > 5000:
    texts = texts[np.random.RandomState(0).permutation(len(texts))[:5000]]
words_of = [set(WORD.findall(text.lower())) for text in texts]


def nearest(vectorizer):
    """Return the cosine of each text and the one nearest to it, and its number."""
    neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
    distances, others = neighbors.fit(vectorizer.transform(texts)).kneighbors()
    return 1 - distances[:, 0], others[:, 0]


def shared(one, other):
    """Return the share of two texts' different words that both have."""
    return len(words_of[one] & words_of[other]) / len(words_of[one] | words_of[other])


# %%
# Five epochs are enough to see it.
vectorizer = Word2VecVectorizer(min_count=1, epochs=5, random_state=0)
vectorizer.fit(texts)
cosines, others = nearest(vectorizer)
shares = np.array([shared(one, other) for one, other in enumerate(others)])
print(f"\n{len(texts):,} of these; the cosine with the nearest other text")
print("  cosine            texts   shared words (median of the pairs)")
edges = [0, 0.9, 0.95, 0.98, 0.99, 0.999, np.inf]
for low, high in pairwise(edges):
    found = (cosines >= low) & (cosines < high)
    median = f"{np.median(shares[found]):.2f}" if found.any() else "-"
    span = f"{low} to {high}" if high < 1 else f"{low} or more"
    print(f"  {span:15}{found.sum():8,}{median:>10}")

# %%
# Some pairs of nearly the same words, and what tells them apart.
print("\nPairs with a cosine of 0.99 to 0.999, and words that one of the two lacks")
found = np.flatnonzero((cosines >= 0.99) & (cosines < 0.999)).tolist()
pairs = {tuple(sorted((one, int(others[one])))): cosines[one] for one in found}
for (one, other), cosine in list(pairs.items())[:4]:
    beginnings = [" ".join(texts[number].split())[:70] for number in (one, other)]
    missing = sorted(words_of[one] ^ words_of[other])
    print(f"  {cosine:.4f}  {beginnings[0]}\n          {beginnings[1]}")
    print(f"          {len(missing)} words, such as {', '.join(missing[:6])}")

# %%
# With a word replaced by another that is too rare for a vector, a text keeps its own.
print("\nWhat min_count does: texts that have the vector of a text of other words")
print("  min_count   words with vectors   known tokens   such texts")
for min_count in [1, 2, 5, 20]:
    vectorizer = Word2VecVectorizer(min_count=min_count, epochs=1, random_state=0)
    vectorizer.fit(texts)
    cosines, others = nearest(vectorizer)
    n_same = sum(
        cosine > 1 - 1e-6 and words_of[one] != words_of[other]
        for one, (cosine, other) in enumerate(zip(cosines, others, strict=True))
    )
    known = vectorizer.coverage(texts).mean()
    print(f"  {min_count:9}{len(vectorizer.vocabulary_):21,}{known:15.3f}{n_same:13,}")

text = " ".join(texts[0].split()[:10])
two = [f"{text} zyzzyva", f"{text} quokka"]  # words that no text has
first, second = vectorizer.transform(two)
print(f"\nThe vectors of these two are equal: {np.array_equal(first, second)}")
print(f"  {two[0]}\n  {two[1]}")
print(f"\ntook {time.perf_counter() - start:.1f} s")
