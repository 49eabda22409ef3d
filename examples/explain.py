"""The contribution of each word to a document's score, and the top words of a class.

A document vector is a mean of word vectors, so the score of a linear classifier is
exactly a sum of contributions of words, with any `weighting`. One text is printed with
a background color for each word (in a terminal that shows colors): red words raise the
score of the class, and blue words lower it. The stronger the color, the larger is the
contribution.
"""

# %%
import re
import time
from collections import Counter

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()


# %%
def class_coef(pipeline, name):
    """Return the coefficients of the class `name` for document vectors.

    The pipeline has a vectorizer, a StandardScaler and a linear classifier. The scaler
    is linear too, so the classifier's coefficients are divided by its scale.
    """
    _, scaler, classifier = pipeline
    row = list(classifier.classes_).index(name)
    if len(classifier.classes_) == 2:  # one row, which is for the second class
        coef = classifier.coef_[0] if row == 1 else -classifier.coef_[0]
    else:
        coef = classifier.coef_[row]
    return coef / scaler.scale_


def class_scores(model, X, name):
    """Return the scores of the class `name` for documents, or for their vectors."""
    scores = model.decision_function(X)
    row = list(model.classes_).index(name)
    if scores.ndim == 1:
        return scores if row == 1 else -scores
    return scores[:, row]


def explain(pipeline, document, name):
    """Split a document's score for the class `name` into contributions of its words.

    Returns the intercept, which is the score of a zero vector, and the known words with
    their contributions, in the order of the document. The sum of all is the score.
    """
    vectorizer, classifier = pipeline[0], pipeline[1:]
    contributions = vectorizer.word_contributions(document, class_coef(pipeline, name))
    zeros = np.zeros((1, vectorizer.vector_size))
    return class_scores(classifier, zeros, name)[0], contributions


def sum_contributions(pipeline, documents, name):
    """Sum each word's contributions to the scores of the class `name`."""
    coef = class_coef(pipeline, name)
    totals = Counter()
    for document in documents:
        for word, contribution in pipeline[0].word_contributions(document, coef):
            totals[word] += contribution
    return totals


# %%
texts, labels, groups = load_texts(min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
vectorizer = Word2VecVectorizer(weighting="idf", min_count=10, random_state=0)
pipeline = make_pipeline(vectorizer, StandardScaler(), LogisticRegression(C=0.01))
pipeline.fit(texts[train], labels[train])
accuracy = pipeline.score(texts[test], labels[test])
print(f"\n{len(set(labels))} classes, accuracy on held-out texts: {accuracy:.3f}")

# %%
# The documents of a class show which words contribute most to its score.
print("\nLargest contributions to the score of a class, summed over its held-out texts")
for name in sorted(set(labels)):
    of_class = texts[test][labels[test] == name]
    totals = sum_contributions(pipeline, of_class, name)
    strongest = ", ".join(word for word, _ in totals.most_common(7))
    print(f"  {name:26}{strongest}")


# %%
def show(pipeline, text, name):
    """Print a text's score, the largest contributions to it, and the text in color."""
    intercept, contributions = explain(pipeline, text, name)
    total = sum(contribution for _, contribution in contributions)
    score = class_scores(pipeline, [text], name)[0]
    # Equal except for the rounding of the float32 vectors.
    assert abs(intercept + total - score) < 1e-3 * (1 + abs(score))

    print(f"score {score:+.2f} = {intercept:+.2f} (intercept) {total:+.2f} (words)")
    of_word = dict(contributions)  # each occurrence of a word contributes the same
    strongest = sorted(of_word, key=lambda word: -abs(of_word[word]))
    for word in strongest[:6]:
        print(f"  {of_word[word]:+.3f} {word}")
    print(highlight(text, of_word))


def highlight(text, of_word):
    """Give each known word a background from blue (negative) to red (positive)."""
    strongest = max(map(abs, of_word.values()))

    def background(match):
        contribution = of_word.get(match.group().lower(), 0.0)
        pale = round(255 * (1 - abs(contribution) / strongest))
        red, blue = (255, pale) if contribution > 0 else (pale, 255)
        return f"\x1b[30;48;2;{red};{pale};{blue}m{match.group()}\x1b[0m"

    return re.sub(r"\b\w\w+\b", background, text)


def highest_scored(pipeline, name):
    """Return the held-out text of the class `name` that has the highest score for it.

    Only texts that fit on a screen are considered.
    """
    of_class = texts[test][labels[test] == name]
    of_class = [text for text in of_class if 150 < len(text) < 500]
    scores = class_scores(pipeline, of_class, name)
    return of_class[int(np.argmax(scores))].strip()


# %%
# With many classes, each class has its own score. With two classes there is only one
# score, that of the second class. The score of the first class is its negative.
first, second = "scipy.stats", "sklearn.linear_model"
if "sci.space" in labels:
    first, second = "sci.space", "sci.med"

print(f"\nScore of {first} among all classes (red raises it, blue lowers it)")
text = highest_scored(pipeline, first)
show(pipeline, text, first)

# %%
# Only the scaler and the classifier are fitted again, with the same word vectors.
two = train[np.isin(labels[train], [first, second])]
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
classifier.fit(vectorizer.transform(texts[two]), labels[two])
pipeline_of_two = make_pipeline(vectorizer, *classifier)
print(f"\nThe same text: score of {first} against {second}")
show(pipeline_of_two, text, first)
print(f"\ntook {time.perf_counter() - start:.1f} s")
