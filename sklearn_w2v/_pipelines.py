"""The vectorizer in a pipeline, and the document vectors that an estimator makes."""

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
    """Return the fitted vectorizer that an estimator is or contains.

    Raises a ValueError if there is none, or more than one.
    """
    vectorizers = list(_vectorizers_in(estimator))
    name = type(estimator).__name__
    if len(vectorizers) > 1:
        raise ValueError(
            f"The {name} has {len(vectorizers)} of Word2VecVectorizer. Pass one of "
            "them, for example pipeline[0].named_transformers_['title']."
        )
    for vectorizer in vectorizers:
        check_is_fitted(vectorizer)
        return vectorizer
    raise ValueError(
        "Expected a fitted Word2VecVectorizer, or a fitted Pipeline, ColumnTransformer "
        f"or FeatureUnion that has one, got {name} without one."
    )


def steps_of(estimator: Any) -> Iterator[Any]:
    """Yield the steps of a pipeline, also of those within it, frozen or found best."""
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from steps_of(step)
    elif isinstance(estimator, FrozenEstimator):
        yield from steps_of(estimator.estimator)
    elif hasattr(estimator, "best_estimator_"):  # a fitted search
        yield from steps_of(estimator.best_estimator_)
    else:
        yield estimator


def _vectorizers_in(estimator: Any) -> Iterator[Word2VecVectorizer]:
    """Yield the vectorizers among the steps, also side by side with others."""
    for step in steps_of(estimator):
        if isinstance(step, Word2VecVectorizer):
            yield step
        # A ColumnTransformer that is fitted, and a FeatureUnion.
        for names in ("transformers_", "transformer_list"):
            for _, transformer, *_ in getattr(step, names, []):
                yield from _vectorizers_in(transformer)


def document_vectors_of(estimator: Any, X: Iterable[Any]) -> NDArray[Any]:
    """Transform documents; in a pipeline that predicts, without its last step.

    Raises a ValueError if the result is not a dense matrix of finite numbers.
    """
    name = type(estimator).__name__
    if isinstance(estimator, Pipeline) and hasattr(estimator[-1], "predict"):
        estimator = estimator[:-1] if len(estimator) > 1 else None
    if not hasattr(estimator, "transform"):
        raise ValueError(
            f"{name} has no transform that makes document vectors. Pass a fitted "
            "Word2VecVectorizer, a fitted Pipeline that has one among its steps, or "
            "the best_estimator_ of a search."
        )
    vectors = estimator.transform(X)
    if issparse(vectors):
        raise ValueError(
            f"The transform of {name} returns a sparse matrix, not dense vectors. For "
            "a map of counts or tf-idf, add a TruncatedSVD to the pipeline."
        )
    vectors = np.asarray(vectors)
    is_matrix = vectors.ndim == 2 and vectors.dtype.kind in "fiu"
    if not is_matrix or not np.isfinite(vectors).all():
        raise ValueError(
            f"The transform of {name} must return a matrix of finite numbers with a "
            f"row for each document, got shape {vectors.shape} and dtype "
            f"{vectors.dtype}{', with nan or inf' if is_matrix else ''}."
        )
    return vectors
