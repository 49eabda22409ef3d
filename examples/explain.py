"""Which words a document's score is made of.

A mean of word vectors is linear in them, and so is a linear classifier: its score of a
document splits exactly into its words' contributions, for whatever weighting. Here a
classifier tells docstrings of `scipy.stats` from those of `sklearn.cluster`, and two
docstrings are printed with each word on a background that says where it pulls: red for
the one, blue for the other, the stronger the deeper (in a terminal that shows colours).
"""

# %%
import re

import numpy as np
from docstrings import load_docstrings
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_w2v import Word2VecVectorizer

CLASSES = ["scipy.stats", "sklearn.cluster"]

# %%
# Word vectors come from all docstrings, the classifier from those of two sub-packages.
texts, labels, _ = load_docstrings()
vectorizer = Word2VecVectorizer(weighting="idf", min_count=10, random_state=0).fit(
    texts
)

chosen = np.isin(labels, CLASSES)
X_train, X_test, y_train, y_test = train_test_split(
    texts[chosen], labels[chosen], test_size=0.25, random_state=0
)
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
classifier.fit(vectorizer.transform(X_train), y_train)
accuracy = classifier.score(vectorizer.transform(X_test), y_test)
print(f"accuracy on {len(X_test)} held-out docstrings: {accuracy:.3f}\n")

# %%
# The scaler is linear, too: divided by its scale, the coefficients are those of the
# document vectors themselves. What is left is the same for all documents.
scaler, linear_model = classifier
coef = linear_model.coef_[0] / scaler.scale_
of_no_words = classifier.decision_function(np.zeros((1, vectorizer.vector_size)))[0]


def show(text):
    """Print a text's score, its strongest words, and the text in colours."""
    contributions = vectorizer.word_contributions(text, coef)
    score = classifier.decision_function(vectorizer.transform([text]))[0]
    total = sum(contribution for _, contribution in contributions)
    # Exact but for the rounding of the float32 vectors.
    assert abs(of_no_words + total - score) < 1e-3 * (1 + abs(score))

    print(f"score {score:+.2f} = {of_no_words:+.2f} of no words {total:+.2f} of words")
    of_word = dict(contributions)  # a word contributes the same wherever it stands
    strongest = sorted(of_word, key=lambda word: -abs(of_word[word]))
    for word in strongest[:6]:
        print(f"  {of_word[word]:+.3f} {word}")
    print(colour(text, of_word), "\n")


def colour(text, of_word):
    """Set each known word on a background between blue (below 0) and red."""
    strongest = max(map(abs, of_word.values()))

    def background(match):
        contribution = of_word.get(match.group().lower(), 0.0)
        pale = round(255 * (1 - abs(contribution) / strongest))
        red, blue = (255, pale) if contribution > 0 else (pale, 255)
        return f"\x1b[30;48;2;{red};{pale};{blue}m{match.group()}\x1b[0m"

    return re.sub(r"\b\w\w+\b", background, text)


# %%
# One held-out docstring of each class, of a length that fits a screen: the first that
# the classifier is sure of.
print(f"blue: {linear_model.classes_[0]}, red: {linear_model.classes_[1]}\n")
for name in CLASSES:
    of_class = [
        text
        for text, label in zip(X_test, y_test, strict=True)
        if label == name and 200 < len(text) < 600
    ]
    scores = classifier.decision_function(vectorizer.transform(of_class))
    show(of_class[int(np.argmax(np.abs(scores)))].strip())
