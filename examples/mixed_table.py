"""
Text as one of several columns
==============================

For people who have a table with a column of texts next to categories and numbers. How
does one model use all of them, and does the text help?
"""

# %%
# Each row is a docstring of numpy, scipy or scikit-learn, with its kind and its number
# of lines. The texts do not contain the names of the libraries, which are the classes.
# :download:`texts.py <../../examples/texts.py>` loads the docstrings: save it next to
# this script.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from texts import iter_docstrings

from sklearn_w2v import Word2VecVectorizer

table = pd.DataFrame(iter_docstrings(), columns=["package", "group", "kind", "text"])
table["n_lines"] = table["text"].str.count("\n") + 1
table["library"] = table["package"].str.split(".").str[0]
beginnings = table["text"].str[:40]
shown = table[["library", "kind", "n_lines"]].assign(text=beginnings)
print(shown.sample(5, random_state=0).to_string())

splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(table, groups=table["group"]))
train, test = table.iloc[train], table.iloc[test]

# %%
# One transformer for each column. The column of texts is named "text", not ["text"]:
# the vectorizer takes a column of documents, and not a table with one column.
vectors = make_pipeline(Word2VecVectorizer(random_state=0), StandardScaler())
text = (vectors, "text")
kind = (OneHotEncoder(sparse_output=False), ["kind"])
n_lines = (StandardScaler(), ["n_lines"])

# %%
# The columns are used separately and together.
accuracy = {"most frequent library": test["library"].value_counts(normalize=True).max()}
for name, transformers in [
    ("kind, n_lines", [kind, n_lines]),
    ("text", [text]),
    ("text, kind, n_lines", [text, kind, n_lines]),
]:
    columns = make_column_transformer(*transformers)
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    model.set_output(transform="pandas").fit(train, train["library"])
    accuracy[name] = model.score(test, test["library"])
_, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
bars = ax.barh(list(accuracy), list(accuracy.values()))
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.invert_yaxis()
ax.set(xlabel="Accuracy on held-out rows", xlim=(0, 1))
plt.show()

# %%
# Most of the information is in the text. With pandas output, the name of a feature
# begins with the name of its transformer.
print(model[:-1].transform(test).iloc[:2, [0, 1, -3, -2, -1]].round(2).T)

# %%
# What it cannot do
# -----------------
# The vectorizer learns from the rows with labels alone. If few rows have them, fit it
# to the texts of all rows first, and name ``(FrozenEstimator(vectorizer), "text")`` in
# the transformers: :doc:`few_labels`.
#
# A vectorizer takes a single column. For several columns of texts, add a vectorizer for
# each, or join the texts first. Missing texts are errors: replace them by "". skrub's
# `TableVectorizer` chooses the transformers of the other columns:
# ``TableVectorizer(specific_transformers=[(vectorizer, ["text"])])``.
