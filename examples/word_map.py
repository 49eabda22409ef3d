"""A map of words, and the loss of the training, as pictures.

`WordMapDisplay` and `LossCurveDisplay` work like the displays of scikit-learn. Saves
word_map.png and loss_curve.png into the current folder. Needs the extra `plot`.
"""

# %%
import time

import matplotlib.pyplot as plt
from texts import load_texts

from sklearn_w2v import LossCurveDisplay, Word2VecVectorizer, WordMapDisplay

start = time.perf_counter()

# %%
texts, _, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)

# %%
# Ten words, and the nearest eight of each in its colour. t-SNE, which knows nothing of
# the ten, puts them in groups. Without a list of words, the most frequent are shown.
topics = ["classifier", "clustering", "distribution", "eigenvalues", "float64"]
topics += ["fourier", "kernel", "median", "optimization", "polynomial"]
color_of = {topic: f"C{number}" for number, topic in enumerate(topics)}
for topic in topics:
    for word, _ in vectorizer.most_similar(topic, topn=8):
        color_of.setdefault(word, color_of[topic])

_, ax = plt.subplots(figsize=(8, 5.5), layout="constrained")
display = WordMapDisplay.from_estimator(
    vectorizer,
    list(color_of),
    method="tsne",
    ax=ax,
    scatter_kw={"color": list(color_of.values())},
)
display.figure_.savefig("word_map.png", dpi=140)
print(f"word_map.png: {len(display.words)} words")

# %%
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
display = LossCurveDisplay.from_estimator(vectorizer, ax=ax)
display.figure_.savefig("loss_curve.png", dpi=140)
first, last = vectorizer.loss_curve_[0], vectorizer.loss_curve_[-1]
print(f"loss_curve.png: from {first:.2f} to {last:.2f} in {vectorizer.n_iter_} epochs")
print(f"\ntook {time.perf_counter() - start:.1f} s")
