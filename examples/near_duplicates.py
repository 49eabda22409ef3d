"""
Texts that are nearly the same
==============================

For people who have to find copies with small changes, such as edited articles or forms
that were filled in twice. How similar are the vectors of texts that share most words,
and which changes can they not show?
"""

# %%
# At most 5,000 texts of twenty words or more are used. Short ones are often similar by
# chance. :download:`texts.py <../../examples/texts.py>` loads the texts: save it next
# to this script.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors
from texts import WORD, load_texts

from sklearn_w2v import Word2VecVectorizer

texts, _, _ = load_texts(min_documents=1)
texts = np.array([text for text in texts if len(WORD.findall(text)) >= 20], object)
texts = np.random.RandomState(0).permutation(texts)[:5000]

# %%
# `min_count=1`: each word matters. Five epochs are enough for this. The nearest other
# text of each text is found by the cosine of their vectors.
vectorizer = Word2VecVectorizer(min_count=1, epochs=5, random_state=0)
vectors = vectorizer.fit_transform(texts)
neighbors = NearestNeighbors(n_neighbors=1, metric="cosine").fit(vectors)
distances, others = neighbors.kneighbors()  # without the text itself
cosines, others = 1 - distances[:, 0], others[:, 0]
for low in [0.9, 0.95, 0.99, 0.999]:
    print(f"{(cosines >= low).sum():5,} texts have a neighbor at {low} or more")

# %%
# The texts of a pair share a part of their words. From a cosine of about 0.99 on, most
# pairs share nearly all of them.
words_of = [set(WORD.findall(text.lower())) for text in texts]
shares = np.array(
    [
        len(words_of[one] & words_of[other]) / len(words_of[one] | words_of[other])
        for one, other in enumerate(others)
    ]
)
_, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
ax.scatter(1 - cosines, shares, s=4, alpha=0.4, linewidths=0)
ax.set(xscale="log", xlim=(0.5, 1e-4), ylim=(0, 1.02))
ax.set_xticks([0.3, 0.1, 0.05, 0.01, 1e-3, 1e-4], [0.7, 0.9, 0.95, 0.99, 0.999, 0.9999])
ax.set(xlabel="Cosine with the nearest text", ylabel="Share of words in both")
plt.show()

# %%
# Three pairs, and the words that only one of the two texts has:
is_first = np.arange(len(texts)) < others
found = np.flatnonzero((cosines >= 0.99) & (cosines < 0.999) & is_first)
for one in found[:3]:
    print(f"{cosines[one]:.3f}", *sorted(words_of[one] ^ words_of[others[one]])[:6])
    for number in (one, others[one]):
        print("     ", " ".join(texts[number].split())[:74])

# %%
# Words without a vector make no difference. With `min_count=5`, the default, these are
# also all words that occur fewer than five times. So a name or a number may be
# replaced, and the vectors are still equal:
two_texts = [f"{texts[0]} zyzzyva", f"{texts[0]} quokka"]  # words that no text has
first, second = vectorizer.transform(two_texts)
print("equal vectors:", np.array_equal(first, second))
print("share of known tokens:", vectorizer.coverage(two_texts).round(2))

# %%
# What it cannot do
# -----------------
# Equal vectors are no proof of equal texts: the order of words does not matter, and
# unknown words are ignored. Compare the words of the pairs that are found. For exact
# copies, compare hashes instead. To compare each text with all others takes time that
# grows with the square of their number: for more than 100,000, use an approximate index
# (:ref:`how to <approximate-index>`).
