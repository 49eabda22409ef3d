"""Pipelines: the vectorizer among their steps, and what comes before a prediction."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._vectorizer import Word2VecVectorizer


def vectorizer_of(estimator: Any) -> Word2VecVectorizer:
    """Return the fitted vectorizer that an estimator is, or has among its steps."""
    for step in _steps(estimator):
        if isinstance(step, Word2VecVectorizer):
            check_is_fitted(step)
            return step
    raise ValueError(
        "A fitted Word2VecVectorizer, or a Pipeline with one among its steps, is "
        f"expected, got {type(estimator).__name__}."
    )


def _steps(estimator: Any) -> Iterator[Any]:
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _steps(step)
    elif isinstance(estimator, FrozenEstimator):
        yield from _steps(estimator.estimator)
    else:
        yield estimator


def document_vectors_of(estimator: Any, X: Iterable[Any]) -> NDArray[Any]:
    """Transform documents, by the steps before one that predicts.

    Raises a ValueError where that gives no dense matrix of finite numbers.
    """
    name = type(estimator).__name__
    if isinstance(estimator, Pipeline) and hasattr(estimator[-1], "predict"):
        estimator = estimator[:-1] if len(estimator) > 1 else None
    if not hasattr(estimator, "transform"):
        raise ValueError(
            f"{name} has no transform that makes document vectors. Pass a fitted "
            "Word2VecVectorizer or a fitted Pipeline with one; of a search, its "
            "best_estimator_."
        )
    vectors = estimator.transform(X)
    if issparse(vectors):
        raise ValueError(
            f"The transform of {name} gives a sparse matrix, not dense vectors. For a "
            "map of counts or tf-idf, put a TruncatedSVD behind them."
        )
    vectors = np.asarray(vectors)
    is_matrix = vectors.ndim == 2 and vectors.dtype.kind in "fiu"
    if not is_matrix or not np.isfinite(vectors).all():
        raise ValueError(
            f"The transform of {name} must give a matrix of finite numbers with a row "
            f"for each document, got shape {vectors.shape} and dtype {vectors.dtype}"
            f"{', with nan or inf' if is_matrix else ''}."
        )
    return vectors
