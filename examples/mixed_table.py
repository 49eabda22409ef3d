"""Text as one of several columns of a table, in a ColumnTransformer.

Each row has a docstring, its kind (function, class...) and its number of lines. The
classifier predicts the library of the docstring. The text column is passed as "text",
not as ["text"]: the vectorizer takes a column of documents, not a table with one
column. Needs pandas.
"""

# %%
import time

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from texts import iter_docstrings, limited

from sklearn_w2v import Word2VecVectorizer

start = time.perf_counter()

# %%
# The texts do not contain the names of the three libraries.
rows = limited(iter_docstrings())
table = pd.DataFrame(rows, columns=["label", "group", "kind", "text"])
table["n_lines"] = table["text"].str.count("\n") + 1
table["library"] = table["label"].str.split(".").str[0]
print(f"Docstrings of three libraries: four of {len(table):,} rows")
preview = table[["library", "kind", "n_lines", "text"]].sample(4, random_state=0)
preview["text"] = preview["text"].str.split().str[:6].str.join(" ") + "..."
print(preview.to_string(index=False))

splitter = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(splitter.split(table, groups=table["group"]))
train, test = table.iloc[train], table.iloc[test]

# %%
# One transformer for each column. They are used separately and together.
vectors = make_pipeline(Word2VecVectorizer(random_state=0), StandardScaler())
text = (vectors, "text")
kind = (OneHotEncoder(sparse_output=False), ["kind"])
n_lines = (StandardScaler(), ["n_lines"])

# %%
most_frequent = train["library"].mode()[0]
print("\nAccuracy on held-out rows")
print(f"  {'most frequent library':23}{(test['library'] == most_frequent).mean():.3f}")
for name, transformers in [
    ("kind, n_lines", [kind, n_lines]),
    ("text", [text]),
    ("text, kind, n_lines", [text, kind, n_lines]),
]:
    pipeline = make_pipeline(
        make_column_transformer(*transformers), LogisticRegression(max_iter=1000)
    )
    pipeline.set_output(transform="pandas").fit(train, train["library"])
    print(f"  {name:23}{pipeline.score(test, test['library']):.3f}")

# %%
# With pandas output, the name of a feature begins with the name of its transformer.
features = pipeline[:-1].transform(test)
print(f"\n{features.shape[1]} features; five of them for two rows")
print(features.iloc[:2, [0, 1, -3, -2, -1]].round(2).T.to_string(header=False))
print(f"\ntook {time.perf_counter() - start:.1f} s")
