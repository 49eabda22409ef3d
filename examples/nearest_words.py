"""
Nearest words and analogies
===========================

For people who want to know which words are used alike in their texts: for synonyms,
keywords or spellings. What do the vectors of a million words of text contain, and where
are they wrong?
"""

# %%
# The texts are docstrings of numpy, scipy and scikit-learn, loaded by
# :download:`texts.py <../../examples/texts.py>` (save it next to this script). Words
# that occur fewer than 20 times are left out: their vectors are poor, but would be
# nearest to other words.
import matplotlib.pyplot as plt
from sklearn.metrics.pairwise import cosine_similarity
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

texts, _, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)
n_words = len(vectorizer.vocabulary_)
print(f"{vectorizer.word_counts_.sum():,} words, {n_words:,} different ones")

# %%
# `most_similar` returns the nearest words of one word, with cosine similarities.
for word, similarity in vectorizer.most_similar("eigenvalues", topn=5):
    print(f"{word:15}{similarity:.2f}")

# %%
# `nearest_words` finds those of many words at once. Not all are synonyms: words are
# near each other if they occur near the same other words.
queries = ["rows", "median", "float64", "polynomial", "classifier", "kmeans", "spline"]
queries = [word for word in queries if word in vectorizer.vocabulary_]
words, similarities = vectorizer.nearest_words(queries, topn=5)
for query, nearest in zip(queries, words, strict=True):
    print(f"{query:15}{', '.join(nearest)}")

# %%
# The similarities of some words with each other show groups:
shown = ["mean", "median", "variance", "float32", "float64", "int64"]
shown += ["eigenvalues", "matrix", "symmetric", "classifier", "regressor", "fourier"]
shown += ["fft", "dft", "spline", "knots"]
cosines = cosine_similarity(vectorizer.get_vector(shown))
_, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
image = ax.imshow(cosines, vmin=0, vmax=1, cmap="Blues")
ax.set_xticks(range(len(shown)), shown, rotation=90)
ax.set_yticks(range(len(shown)), shown)
ax.figure.colorbar(image, label="Cosine similarity")
plt.show()

# %%
# Analogies
# ---------
# "minimum is to maximum as smallest is to ...": the answer should be near the sum of
# maximum and smallest, less minimum. So few texts give about half of the answers. All
# are printed.
analogies = [
    ("minimum", "maximum", "smallest", "largest"),
    ("rows", "columns", "row", "column"),
    ("float64", "float32", "complex128", "complex64"),
    ("classifier", "classification", "regressor", "regression"),
    ("eigenvalue", "eigenvalues", "eigenvector", "eigenvectors"),
    ("lower", "upper", "left", "right"),
    ("maximize", "maximum", "minimize", "minimum"),
    ("row", "rows", "feature", "features"),
    ("integer", "integers", "float", "floats"),
    ("forward", "backward", "fft", "ifft"),
]
for one, other, query, expected in analogies:
    asked = {one, other, query}
    if asked <= vectorizer.vocabulary_.keys():  # often enough in the texts
        best = vectorizer.most_similar([other, query], negative=one, topn=3)
        found = ", ".join(word for word, _ in best)
        print(f"{one} - {other}, {query} - {expected}?  {found}")

# %%
# A vector can be passed in place of a word, such as that of a text:
text = "density of a random variable with heavy tails"
nearest = vectorizer.most_similar(vectorizer.transform([text])[0], topn=6)
print(", ".join(word for word, _ in nearest))

# %%
# What it cannot do
# -----------------
# A word has one vector, even if it has several meanings. Words of opposite meanings,
# such as "minimum" and "maximum", are near each other, since they occur in the same
# contexts. Rare words need more texts, or known vectors: :doc:`/known_vectors`. With
# more than 100,000 words, an approximate index is faster: :ref:`how to
# <approximate-index>`.
