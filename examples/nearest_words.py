"""Nearest words and analogies in the docstrings of numpy, scipy and scikit-learn.

`most_similar` finds the words whose vectors are closest to a word, or to a sum and
difference of words. A million words are a small corpus: nearest words mostly make
sense, but only about half of the analogies are right. All queries are printed, also
those with poor answers.
"""

# %%
import time

from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# All sub-packages are used, since no labels are needed here. Words that occur fewer
# than 20 times are left out. Their vectors are poor, but would be the nearest of other
# words.
texts, _, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)
n_tokens = vectorizer.word_counts_.sum()
print(f"{n_tokens:,} words, {len(vectorizer.vocabulary_):,} different ones")

# %%
print("\nNearest words, with cosine similarities")
words = ["rows", "median", "float64", "polynomial", "eigenvalues", "classifier"]
for word in [*words, "kmeans", "spline", "deprecated", "fourier"]:
    if word not in vectorizer.vocabulary_:  # depends on the versions of the libraries
        print(f"  {word:13}is too rare")
        continue
    nearest = vectorizer.most_similar(word, topn=5)
    found = ", ".join(f"{other} {similarity:.2f}" for other, similarity in nearest)
    print(f"  {word:13}{found}")

# %%
# "minimum is to maximum as smallest is to ...": the answer should have a vector near
# maximum - minimum + smallest.
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
        print(f"  {a:12}{b:16}{c:13}{expected:14}{'-':>4}  a word is too rare")
        continue
    similar = vectorizer.most_similar([b, c], negative=a, topn=1000)
    ranking = [word for word, _ in similar]
    rank = ranking.index(expected) + 1 if expected in ranking else "-"
    found = ", ".join(ranking[:3])
    print(f"  {a:12}{b:16}{c:13}{expected:14}{rank:>4}  {found}")

# %%
# Instead of a word, any vector can be passed, such as that of a document.
query = "density of a random variable with heavy tails"
print(f"\nWords nearest to the mean vector of {query!r}")
nearest = vectorizer.most_similar(vectorizer.transform([query])[0], topn=8)
print(" ", ", ".join(word for word, _ in nearest))
print(f"\ntook {time.perf_counter() - start:.1f} s")
