"""
Why does a text get its class?
==============================

For people who have a text classifier, and have to say which words a decision depends
on. A document vector is a mean of word vectors. So the score of a class by a linear
classifier is exactly a sum of contributions of words, and an intercept.
"""

# %%
# The texts are docstrings of numpy, scipy and scikit-learn, loaded by
# :download:`texts.py <../../examples/texts.py>` (save it next to this script). The
# classes are their sub-packages. A quarter is held out.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from texts import load_texts

from sklearn_w2v import (
    ContributionsDisplay,
    Word2VecVectorizer,
    explain_class,
    explain_document,
)

texts, labels, groups = load_texts("docstrings", min_documents=200)
splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(texts, labels, groups))
pipeline = make_pipeline(
    Word2VecVectorizer(weighting="idf", min_count=10, random_state=0),
    StandardScaler(),
    LogisticRegression(C=0.01),
)
pipeline.fit(texts[train], labels[train])
print(f"Accuracy: {pipeline.score(texts[test], labels[test]):.2f}")

# %%
# One text
# --------
# Each class has a score, and the class with the highest score is predicted. With
# `LinearSVC` and `RidgeClassifier`, all scores may be negative: compare the best with
# the second best.
text = """Fit a model to the samples by least squares, and return its coefficients. Test
the hypothesis that a coefficient is zero. The p-value of the statistic is computed from
the distribution under the null hypothesis."""
scores = pipeline.decision_function([text])[0]
for number in np.argsort(-scores)[:3]:
    print(f"{pipeline.classes_[number]:22}{scores[number]:6.2f}")

# %%
# The bars add up to the score. Blue words raise it, and orange words lower it. To store
# the figure, use ``display.figure_.savefig("why.png")``.
display = ContributionsDisplay.from_estimator(pipeline, text, "scipy.stats")

# %%
# `explain_document` returns the numbers, in the order of the text.
stats, intercept = explain_document(pipeline, text, "scipy.stats")
print(intercept, *stats[:4], sep="\n")

# %%
# Why this class and not that one?
# --------------------------------
# The same words contribute differently to the score of another class. The
# differences of the contributions add up to the margin between both classes.
linear, other_intercept = explain_document(pipeline, text, "sklearn.linear_model")
differences = [
    (word, of_stats - of_linear)
    for (word, of_stats), (_, of_linear) in zip(stats, linear, strict=True)
]
ContributionsDisplay(
    contributions=differences,
    intercept=intercept - other_intercept,
    label="stats, not linear_model",
).plot()

# %%
# For a classifier that is not in a pipeline, pass the difference of two rows of its
# coefficients: ``vectorizer.word_contributions(text, coef[a] - coef[b])``. After a
# `StandardScaler`, divide it by `scale_`. The scaler's mean is then not part of it.

# %%
# A class
# -------
# `explain_class` averages the contributions over many texts. The held-out texts of a
# class show by which words it is recognized.
of_class = texts[test][labels[test] == "scipy.signal"]
contributions, intercept = explain_class(pipeline, of_class, "scipy.signal")
ContributionsDisplay(
    contributions=contributions, intercept=intercept, label="scipy.signal"
).plot()
plt.show()

# %%
# Texts of other classes that are predicted to be of this one show which words mislead.
others = texts[test][labels[test] != "scipy.signal"]
wrong = others[pipeline.predict(others) == "scipy.signal"]
misleading, _ = explain_class(pipeline, wrong, "scipy.signal")
print(len(wrong), "texts:", ", ".join(word for word, _ in misleading[:8]))

# %%
# What it cannot do
# -----------------
# The classifier must be linear, and only scalers may be between it and the vectorizer.
# Each occurrence of a word in a text contributes the same, whatever words are next to
# it. The contributions say what the model computes, and not whether it is right.
