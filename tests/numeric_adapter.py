"""Documents made of numbers, so that scikit-learn's checks run on the real estimator.

scikit-learn skips nearly all its checks for estimators that take text. This mixin comes
before the real class. It validates a numeric matrix as estimators do, and turns each
row into a document: the row [0.2, 3.1] becomes "c0v0 c1v3".
"""

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from sklearn_w2v import Word2VecVectorizer


class NumericDocumentsMixin:
    def fit(self, X, y=None):
        return super().fit(self._documents(X, reset=True), y)

    def fit_transform(self, X, y=None):
        return super().fit_transform(self._documents(X, reset=True), y)

    def partial_fit(self, X, y=None):
        reset = not hasattr(self, "vocabulary_")
        return super().partial_fit(self._documents(X, reset=reset), y)

    def transform(self, X):
        return super().transform(self._documents(X, reset=False))

    def _documents(self, X, *, reset):
        # Methods call one another, and then pass documents.
        if isinstance(X, pd.Series) and isinstance(X.iloc[0], str):
            return X
        index = getattr(X, "index", None)
        X = validate_data(self, X, reset=reset)
        documents = [
            " ".join(
                f"c{column}v{'m' if value < 0 else ''}{abs(value):.0f}"
                for column, value in enumerate(row)
            )
            for row in np.asarray(X, dtype=float)
        ]
        # A list has an `index` too, which is a method.
        return pd.Series(documents, index=None if callable(index) else index)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        tags.input_tags.two_d_array = True
        return tags


class NumericWord2VecVectorizer(NumericDocumentsMixin, Word2VecVectorizer):
    pass
