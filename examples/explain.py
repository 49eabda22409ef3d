"""Which words a class's score of a document is made of, and which speak for a class.

A mean of word vectors is linear in them, and so is a linear classifier: its score of a
document splits exactly into its words' contributions, for whatever weighting. One text
is printed with each word on a background that says where it pulls: red for the class,
blue away from it, the stronger the deeper (in a terminal that shows colours).
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
def coef_of(pipeline, name):
    """Return the coefficients of a class on the document vectors, by its name.

    The pipeline is a fitted vectorizer, scaler and linear classifier. The scaler is
    linear, too: the coefficients are those of the classifier divided by its scale.
    """
    _, scaler, classifier = pipeline
    row = list(classifier.classes_).index(name)
    if len(classifier.classes_) == 2:  # one row, which is for the second class
        coef = classifier.coef_[0] if row == 1 else -classifier.coef_[0]
    else:
        coef = classifier.coef_[row]
    return coef / scaler.scale_


def score_of(classifier, vectors, name):
    """Return a class's scores of document vectors, by a scaler and a classifier."""
    scores = classifier.decision_function(vectors)
    row = list(classifier.classes_).index(name)
    if scores.ndim == 1:
        return scores if row == 1 else -scores
    return scores[:, row]


def explain(pipeline, document, name):
    """Split a class's score of a document into words, by the name of the class.

    Returns the score of no words at all, which is the same for each document, and the
    known words with their contributions, in the order of the document. All of these
    add up to the score.
    """
    vectorizer, classifier = pipeline[0], pipeline[1:]
    contributions = vectorizer.word_contributions(document, coef_of(pipeline, name))
    no_words = np.zeros((1, vectorizer.vector_size))
    return score_of(classifier, no_words, name)[0], contributions


def words_for(pipeline, documents, name):
    """Sum each word's contributions to a class's scores over documents."""
    coef = coef_of(pipeline, name)
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
# A class's own documents show which words its score lives on.
print("\nWords that speak most for a class, summed over its held-out texts")
for name in sorted(set(labels)):
    of_class = texts[test][labels[test] == name]
    totals = words_for(pipeline, of_class, name)
    strongest = ", ".join(word for word, _ in totals.most_common(7))
    print(f"  {name:26}{strongest}")


# %%
def show(pipeline, text, name):
    """Print a class's score of a text, its strongest words, and the text in colours."""
    of_no_words, contributions = explain(pipeline, text, name)
    total = sum(contribution for _, contribution in contributions)
    score = score_of(pipeline, [text], name)[0]
    # Exact but for the rounding of the float32 vectors.
    assert abs(of_no_words + total - score) < 1e-3 * (1 + abs(score))

    print(f"score {score:+.2f} = {of_no_words:+.2f} of no words {total:+.2f} of words")
    of_word = dict(contributions)  # a word contributes the same wherever it stands
    strongest = sorted(of_word, key=lambda word: -abs(of_word[word]))
    for word in strongest[:6]:
        print(f"  {of_word[word]:+.3f} {word}")
    print(colour(text, of_word))


def colour(text, of_word):
    """Set each known word on a background between blue (below 0) and red."""
    strongest = max(map(abs, of_word.values()))

    def background(match):
        contribution = of_word.get(match.group().lower(), 0.0)
        pale = round(255 * (1 - abs(contribution) / strongest))
        red, blue = (255, pale) if contribution > 0 else (pale, 255)
        return f"\x1b[30;48;2;{red};{pale};{blue}m{match.group()}\x1b[0m"

    return re.sub(r"\b\w\w+\b", background, text)


def surest(pipeline, name):
    """Return the held-out text of a class that has the highest score for it.

    Of a length that fits a screen.
    """
    of_class = texts[test][labels[test] == name]
    of_class = [text for text in of_class if 150 < len(text) < 500]
    scores = score_of(pipeline, of_class, name)
    return of_class[int(np.argmax(scores))].strip()


# %%
# Of many classes, each has a score of its own. With two, there is one score, for the
# second class; for the first one its sign is turned.
first, second = "scipy.stats", "sklearn.linear_model"
if "sci.space" in labels:
    first, second = "sci.space", "sci.med"

print(f"\nScore of {first} among all classes (red: for it, blue: against it)")
text = surest(pipeline, first)
show(pipeline, text, first)

# %%
# The word vectors stay, so only the scaler and the classifier are fitted anew.
two = train[np.isin(labels[train], [first, second])]
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
classifier.fit(vectorizer.transform(texts[two]), labels[two])
pipeline_of_two = make_pipeline(vectorizer, *classifier)
print(f"\nThe same text: score of {first} against {second}")
show(pipeline_of_two, text, first)
print(f"\ntook {time.perf_counter() - start:.1f} s")
