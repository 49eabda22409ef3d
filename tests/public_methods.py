"""What the public methods return, to compare it under different settings."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
from helpers import small, texts_on_topics
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_w2v import (
    DocumentMapDisplay,
    LossCurveDisplay,
    Word2VecVectorizer,
    WordMapDisplay,
)

TEXTS = texts_on_topics(60)


def results_of_public_methods():
    """Call all public methods that compute; return arrays and lists by name."""
    fitted = _everything().fit(TEXTS)
    return _results_of_fits(fitted) | _look_ups(fitted) | _displays(fitted)


def _results_of_fits(fitted):
    partial = small(vectors="context").partial_fit(TEXTS).partial_fit(TEXTS)
    with tempfile.TemporaryDirectory() as folder:
        cached = small(memory=folder, solver="adam").fit(TEXTS)
        path = Path(folder) / "vectors.txt"
        fitted.save_word2vec_format(path)
        from_file = Word2VecVectorizer.from_word2vec_format(path)
    known = small(init_vectors=from_file.to_keyed_vectors(), trainable=False)
    steps = make_pipeline(clone(fitted))
    return {
        "fit_transform": np.asarray(_everything().fit_transform(TEXTS)),
        "transform": np.asarray(fitted.transform(TEXTS)),
        "transform in a pipeline": np.asarray(steps.fit(TEXTS).transform(TEXTS)),
        "transform after pickle": np.asarray(
            pickle.loads(pickle.dumps(fitted)).transform(TEXTS)
        ),
        "transform after a file": np.asarray(from_file.transform(TEXTS)),
        "transform no documents": np.asarray(fitted.transform([])),
        "partial_fit": partial.embedding_matrix_,
        "memory": cached.embedding_matrix_,
        "warm_start": small(warm_start=True).fit(TEXTS).fit(TEXTS).embedding_matrix_,
        "init_vectors": known.fit(TEXTS).embedding_matrix_,
        "feature names": fitted.get_feature_names_out().tolist(),
    }


def _look_ups(fitted):
    vectors = np.ascontiguousarray(fitted.transform(TEXTS))
    return {
        "coverage": fitted.coverage(["cat", "nowhere"]),
        "word_contributions": fitted.word_contributions(TEXTS[0], np.full(8, 1e-30)),
        "get_vector": fitted.get_vector(["cat", "dog"]),
        "similarity": fitted.similarity("cat", "dog"),
        "most_similar": fitted.most_similar("cat"),
        "nearest_words": [best.tolist() for best in fitted.nearest_words(vectors)],
        "likely_contexts": [best.tolist() for best in fitted.likely_contexts(["cat"])],
        "most_likely_context": fitted.most_likely_context(["cat"]),
        "matrices": [fitted.center_matrix_, fitted.context_matrix_],
    }


def _displays(fitted):
    found = {}
    for method in ("pca", "tsne"):
        words = WordMapDisplay.from_estimator(fitted, method=method)
        documents = DocumentMapDisplay.from_estimator(fitted, TEXTS, method=method)
        found[f"map of words by {method}"] = words.positions
        found[f"map of documents by {method}"] = documents.positions
    curve = LossCurveDisplay.from_estimator(fitted)
    found["loss curve"] = curve.validation_line_.get_ydata()
    return found


def _everything():
    """A vectorizer whose parameters use most parts of the package.

    Half of its words have vectors so short that products with them underflow.
    """
    words = sorted({word for text in TEXTS for word in text.split()})[::2]
    scales = np.logspace(-44, 0, num=len(words))
    known = np.random.RandomState(0).standard_normal((len(words), 8)) * scales[:, None]
    with np.errstate(under="ignore"):
        known = known.astype(np.float32)
    return small(
        init_vectors=dict(zip(words, known, strict=True)),
        trainable=False,
        epochs=4,
        early_stopping=True,
        n_components_removed=1,
        norm="l2",
        weighting="sif",
        sample=None,
        store_matrices=True,
    )
