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

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts

from sklearn_w2v import Word2VecVectorizer, explain_class, explain_document

start = time.perf_counter()

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
print("\nLargest contributions to the score of a class: means over its held-out texts")
for name in sorted(set(labels)):
    of_class = texts[test][labels[test] == name]
    contributions, _ = explain_class(pipeline, of_class, name)
    print(f"  {name:26}{', '.join(word for word, _ in contributions[:7])}")


# %%
def show(pipeline, text, name):
    """Print a text's score, the largest contributions to it, and the text in color."""
    contributions, intercept = explain_document(pipeline, text, name)
    total = sum(contribution for _, contribution in contributions)
    print(f"score {intercept + total:+.2f} = ", end="")
    print(f"{intercept:+.2f} (intercept) {total:+.2f} (words)")
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


# %%
# The held-out text of a class that has the highest score for it, among those that fit
# on a screen.
first, second = "scipy.stats", "sklearn.linear_model"
if "sci.space" in labels:
    first, second = "sci.space", "sci.med"
of_class = texts[test][labels[test] == first]
of_class = [text for text in of_class if 150 < len(text) < 500]
scores = pipeline.decision_function(of_class)  # a column for each class
text = of_class[np.argmax(scores[:, pipeline.classes_ == first])].strip()

print(f"\nScore of {first} among all classes (red raises it, blue lowers it)")
show(pipeline, text, first)

# %%
# With many classes, each class has its own score. With two classes, the score of one is
# minus that of the other. Only the scaler and the classifier are fitted again: the word
# vectors are frozen.
two = train[np.isin(labels[train], [first, second])]
pipeline_of_two = make_pipeline(
    FrozenEstimator(vectorizer), StandardScaler(), LogisticRegression(C=0.01)
)
pipeline_of_two.fit(texts[two], labels[two])
print(f"\nThe same text: score of {first} against {second}")
show(pipeline_of_two, text, first)
print(f"\ntook {time.perf_counter() - start:.1f} s")
