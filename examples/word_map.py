"""
Maps of words and of documents
==============================

For people who want to see what a vectorizer has learned before they use it. Which words
and which texts are close together, and did the training last long enough?

The displays work like those of scikit-learn. They need the extra `plot`. The texts are
docstrings, loaded by :download:`texts.py <../../examples/texts.py>`: save it next to
this script. For sequences such as sessions, the maps are the same: pass the fitted
vectorizer, and the items in place of words.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from texts import load_texts

from sklearn_w2v import (
    DocumentMapDisplay,
    LossCurveDisplay,
    Word2VecVectorizer,
    WordMapDisplay,
)

texts, labels, _ = load_texts("docstrings", min_documents=1)
vectorizer = Word2VecVectorizer(epochs=10, min_count=20, random_state=0)
vectorizer.fit(texts)

# %%
# Words
# -----
# Ten words, and the six nearest words of each. The positions do not depend on the
# groups: words of a group are close together since their vectors are similar. Without a
# list of words, the map shows frequent ones that have a specific meaning.
topics = ["classifier", "clustering", "distribution", "eigenvalues", "float64"]
topics += ["fourier", "kernel", "median", "optimization", "polynomial"]
groups = {topic: topic for topic in topics}
nearest, _ = vectorizer.nearest_words(topics, topn=6)
for topic, words in zip(topics, nearest, strict=True):
    for word in words:
        groups.setdefault(word, topic)

_, ax = plt.subplots(figsize=(7.5, 5.5), layout="constrained")
WordMapDisplay.from_estimator(vectorizer, list(groups), groups=groups, ax=ax)

# %%
# Documents
# ---------
# A thousand documents of ten classes. The positions do not depend on the classes.
names, counts = np.unique(labels, return_counts=True)
largest = names[np.argsort(-counts)[:10]]
rows = np.flatnonzero(np.isin(labels, largest))
rows = np.random.RandomState(0).permutation(rows)[:1000]

_, ax = plt.subplots(figsize=(7.5, 5), layout="constrained")
DocumentMapDisplay.from_estimator(vectorizer, texts[rows], labels[rows], ax=ax)

# %%
# The training
# ------------
# The loss falls fast in the first epochs. If the curve still falls at its end, more
# epochs may help. `early_stopping` adds the loss of documents that are held out.
_, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
LossCurveDisplay.from_estimator(vectorizer, ax=ax)
plt.show()

# %%
# What it cannot do
# -----------------
# Maps by t-SNE show which points are near each other. Distances between groups, and
# their sizes and shapes, mean little: do not measure anything on a map. More than 200
# words are hard to read. Above 2,000 documents, a random sample is placed first, and
# small groups may not be visible. To find groups, see :doc:`clustering`.
