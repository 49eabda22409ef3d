"""Maps of words and of documents, and the loss curve of the training.

The displays work like those of scikit-learn. The plots are saved as word_map.png,
document_map.png and loss_curve.png in the current folder. Needs the extra `plot`.
"""

# %%
import time
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from texts import load_texts

from sklearn_w2v import (
    DocumentMapDisplay,
    LossCurveDisplay,
    Word2VecVectorizer,
    WordMapDisplay,
)

start = time.perf_counter()

# %%
texts, labels, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)

# %%
# Ten words, and the six nearest words of each. t-SNE does not use the groups, but puts
# their words close together. Without a list of words, the map shows frequent ones
# that have a specific meaning.
topics = ["classifier", "clustering", "distribution", "eigenvalues", "float64"]
topics += ["fourier", "kernel", "median", "optimization", "polynomial"]
groups = {topic: topic for topic in topics}
for topic in topics:
    for word, _ in vectorizer.most_similar(topic, topn=6):
        groups.setdefault(word, topic)

_, ax = plt.subplots(figsize=(9, 5.5), layout="constrained")
display = WordMapDisplay.from_estimator(vectorizer, list(groups), groups=groups, ax=ax)
display.figure_.savefig("word_map.png", dpi=120)
print(f"word_map.png: {len(display.words)} words: ten, and those near them")

# %%
# Documents of ten classes. The classes do not affect the positions.
largest = [label for label, _ in Counter(labels).most_common(10)]
rows = np.flatnonzero(np.isin(labels, largest))
rows = np.random.RandomState(0).choice(rows, min(1000, len(rows)), replace=False)
_, ax = plt.subplots(figsize=(9, 5.5), layout="constrained")
display = DocumentMapDisplay.from_estimator(
    vectorizer, texts[rows], labels[rows], ax=ax
)
display.figure_.savefig("document_map.png", dpi=120)
print(f"document_map.png: {len(rows):,} documents of ten classes")

# %%
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
display = LossCurveDisplay.from_estimator(vectorizer, ax=ax)
display.figure_.savefig("loss_curve.png", dpi=120)
first, last = vectorizer.loss_curve_[0], vectorizer.loss_curve_[-1]
print(f"loss_curve.png: from {first:.2f} to {last:.2f} in {vectorizer.n_iter_} epochs")
print(f"\ntook {time.perf_counter() - start:.1f} s")
