"""Nearest words and analogies in the docstrings of numpy, scipy and scikit-learn.

`most_similar` finds the words whose vectors are closest to a word, or to a sum and
difference of words. A million words are little: nearest words are mostly sensible,
analogies come out right about as often as not. All that was asked is printed.
"""

# %%
import time

from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# All sub-packages, since no labels are needed here. Rare words get poor vectors, and
# would turn up among the nearest of others: those below 20 occurrences are left out.
texts, _, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)
n_tokens = vectorizer.word_counts_.sum()
print(f"{n_tokens:,} words, {len(vectorizer.vocabulary_):,} different ones")

# %%
print("\nNearest words, with cosine similarities")
words = ["rows", "median", "float64", "polynomial", "eigenvalues", "classifier"]
for word in [*words, "kmeans", "spline", "deprecated", "fourier"]:
    if word not in vectorizer.vocabulary_:  # in the docstrings of other versions
        print(f"  {word:13}is too rare")
        continue
    nearest = vectorizer.most_similar(word, topn=5)
    found = ", ".join(f"{other} {similarity:.2f}" for other, similarity in nearest)
    print(f"  {word:13}{found}")

# %%
# "minimum is to maximum as smallest is to ...": close to maximum and smallest, away
# from minimum.
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
print("\nAnalogies: a is to b as c is to ...")
print(f"  {'a':12}{'b':16}{'c':13}{'expected':14}{'rank':>4}  found")
for a, b, c, expected in analogies:
    if not {a, b, c} <= vectorizer.vocabulary_.keys():
        print(f"  {a:12}{b:16}{c:13}{expected:14}{'-':>4}  one is too rare")
        continue
    similar = vectorizer.most_similar([b, c], negative=a, topn=1000)
    ranking = [word for word, _ in similar]
    rank = ranking.index(expected) + 1 if expected in ranking else "-"
    found = ", ".join(ranking[:3])
    print(f"  {a:12}{b:16}{c:13}{expected:14}{rank:>4}  {found}")

# %%
# A vector of your own, such as that of a document, can stand for a word.
query = "density of a random variable with heavy tails"
print(f"\nWords nearest to the mean vector of {query!r}")
nearest = vectorizer.most_similar(vectorizer.transform([query])[0], topn=8)
print(" ", ", ".join(word for word, _ in nearest))
print(f"\ntook {time.perf_counter() - start:.1f} s")
