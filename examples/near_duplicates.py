"""Texts that are nearly the same, and the effect of `min_count`.

If the vectors of two texts have a cosine near 1, the texts contain nearly the same
words about equally often. A table shows how many words such pairs share. Two kinds of
differences do not change the vectors: the order of words, and words that occur fewer
than `min_count` times, which have no vectors. So check the pairs that are found, and
use `min_count=1` if each word matters.
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
# At most 5,000 texts of twenty words or more: short ones are often similar by chance.
texts, _, _ = load_texts(min_documents=1)
texts = np.array([text for text in texts if len(WORD.findall(text)) >= 20], object)
if len(texts) > 5000:
    texts = texts[np.random.RandomState(0).permutation(len(texts))[:5000]]
words_of = [set(WORD.findall(text.lower())) for text in texts]


def nearest(vectorizer):
    """Return the cosine of each text with the nearest other one, and its index."""
    neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
    distances, others = neighbors.fit(vectorizer.transform(texts)).kneighbors()
    return 1 - distances[:, 0], others[:, 0]


def jaccard(one, other):
    """Return the Jaccard similarity of the sets of words of two texts."""
    return len(words_of[one] & words_of[other]) / len(words_of[one] | words_of[other])


# %%
# Five epochs are enough for this.
vectorizer = Word2VecVectorizer(min_count=1, epochs=5, random_state=0)
vectorizer.fit(texts)
cosines, others = nearest(vectorizer)
shares = np.array([jaccard(one, other) for one, other in enumerate(others)])
print(f"\nCosines of {len(texts):,} of these texts with the nearest other text")
print("  cosine            texts   share of words in both (median of pairs)")
edges = [0, 0.9, 0.95, 0.98, 0.99, 0.999, np.inf]
for low, high in pairwise(edges):
    found = (cosines >= low) & (cosines < high)
    median = f"{np.median(shares[found]):.2f}" if found.any() else "-"
    span = f"{low} to {high}" if high < 1 else f"{low} or more"
    print(f"  {span:15}{found.sum():8,}{median:>10}")

# %%
# Some pairs with nearly the same words, and their differences.
print("\nPairs with a cosine of 0.99 to 0.999, and words that only one of the two has")
found = np.flatnonzero((cosines >= 0.99) & (cosines < 0.999)).tolist()
pairs = {tuple(sorted((one, int(others[one])))): cosines[one] for one in found}
for (one, other), cosine in list(pairs.items())[:4]:
    beginnings = [" ".join(texts[number].split())[:70] for number in (one, other)]
    missing = sorted(words_of[one] ^ words_of[other])
    print(f"  {cosine:.4f}  {beginnings[0]}\n          {beginnings[1]}")
    print(f"          {len(missing)} words, such as {', '.join(missing[:6])}")

# %%
# If a word without a vector is replaced by another one, the vector stays the same.
print("\nEffect of min_count: texts with the same vector as a text with other words")
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
two = [f"{text} zyzzyva", f"{text} quokka"]  # words that are in no text
first, second = vectorizer.transform(two)
print(f"\nThe vectors of these two texts are equal: {np.array_equal(first, second)}")
print(f"  {two[0]}\n  {two[1]}")
print(f"\ntook {time.perf_counter() - start:.1f} s")
