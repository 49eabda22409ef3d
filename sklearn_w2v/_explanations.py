"""The score of a class by a fitted pipeline, split into contributions of words."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._documents import check_one_document, token_lists_of
from sklearn_w2v._learned import Learned, learned_of
from sklearn_w2v._pipelines import steps_of, vectorizer_of
from sklearn_w2v._search import words_by_row
from sklearn_w2v._sklearn import is_linear_classifier
from sklearn_w2v._vectorizer import Word2VecVectorizer
from sklearn_w2v._vocabulary import encode

#: The largest number of classes that an error lists.
CLASSES_IN_ERROR = 30


def explain_document(
    estimator: Any, document: Any, label: Any
) -> tuple[list[tuple[Any, float]], float]:
    """Split the score of a document for a class into contributions of its words.

    The split is exact: the sum of the contributions and the intercept is the decision
    function of the class. A contribution is the product of the coefficients and the
    word's vector after the scalers, times the word's share in the document.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline of a :class:`Word2VecVectorizer` and a linear classifier, such
        as ``LogisticRegression``, ``LinearSVC``, ``RidgeClassifier``, ``SGDClassifier``
        or ``LinearDiscriminantAnalysis``. Between both there may be a
        ``StandardScaler``, ``RobustScaler``, ``MaxAbsScaler`` or ``MinMaxScaler``. The
        steps may be frozen, in pipelines of their own, or the best estimators of
        searches.
    document : str
        A raw document.
    label : object
        The class, as in ``classes_`` of the classifier.

    Returns
    -------
    contributions : list of (word, contribution)
        The tokens in the vocabulary, in the order of the document. Words with a
        positive contribution raise the score of the class.
    intercept : float
        The intercept of the classifier. If the document has no known word, its whole
        score.

    Raises
    ------
    ValueError
        If the pipeline has no vectorizer, no linear classifier, or a step between both
        whose contributions cannot be computed exactly; if there is no such class; or if
        the document is missing or not a text.
    NotFittedError
        If a step is not fitted.

    See Also
    --------
    explain_class : The words with the largest contributions in many documents.
    ContributionsDisplay : Draws the contributions as bars.
    Word2VecVectorizer.word_contributions : Contributions for coefficients that are
        passed, such as those of a regressor.

    Notes
    -----
    What a scaler subtracts is subtracted from each word vector. So after a
    ``StandardScaler`` the intercept is the score of the mean document, and words whose
    vectors are close to the mean contribute little. Without a scaler that subtracts, it
    is the score of a vector of zeros.

    The split is exact with any `weighting`, `n_components_removed` and `norm` of the
    vectorizer. In general, words share what is subtracted in proportion to their
    `word_weights_`.

    With two classes, classifiers have only the decision function of the second class.
    The score of the first class is minus that.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_w2v import Word2VecVectorizer, explain_document
    >>> texts = ["the cat chased the dog", "the bank sold the bond"] * 50
    >>> model = make_pipeline(
    ...     Word2VecVectorizer(vector_size=8, random_state=0),
    ...     StandardScaler(),
    ...     LogisticRegression(),
    ... ).fit(texts, ["animals", "money"] * 50)
    >>> text = "A cat sold it"
    >>> contributions, intercept = explain_document(model, text, "money")
    >>> [(word, contribution > 0) for word, contribution in contributions]
    [('cat', False), ('sold', True)]
    >>> score = sum(contribution for _, contribution in contributions) + intercept
    >>> bool(abs(score - model.decision_function([text])[0]) < 1e-3)
    True
    """
    score = _score_of(estimator, label)
    if not score.steps_before:  # which may take other documents
        check_one_document(score.vectorizer, document, "explain_document")
    learned = learned_of(score.vectorizer)
    corpus = score.encode([document], learned)
    if not len(corpus.ids):
        return [], score.intercept + score.offset
    words = words_by_row(learned.vocabulary, learned.embedding_matrix)[corpus.ids]
    contributions = score.contributions(corpus, learned)
    pairs = zip(words.tolist(), contributions.tolist(), strict=True)
    return list(pairs), score.intercept


def explain_class(
    estimator: Any, documents: Iterable[Any], label: Any
) -> tuple[list[tuple[Any, float]], float]:
    """Find the words of some documents that contribute most to the score of a class.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline, as in :func:`explain_document`.
    documents : iterable of str
        Raw documents. Those of the class show by which words it is recognized; those of
        another class that are predicted to be of this one show which words mislead.
    label : object
        The class, as in ``classes_`` of the classifier.

    Returns
    -------
    contributions : list of (word, contribution)
        The words of the vocabulary that occur in the documents, from the one that
        raises the score of the class most to the one that lowers it most. A
        contribution is the sum over all occurrences, divided by the number of documents
        with known words. So frequent words come first or last, even if others are
        stronger each time.
    intercept : float
        The intercept of the classifier. The sum of it and all contributions is the mean
        decision function of the documents with known words.

    Raises
    ------
    ValueError
        As in :func:`explain_document`, or if no document has a known word.
    NotFittedError
        If a step is not fitted.

    See Also
    --------
    explain_document : The contributions of the words of one document.
    ContributionsDisplay : Draws the contributions as bars.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_w2v import Word2VecVectorizer, explain_class
    >>> texts = ["cats chased dogs", "banks sold bonds"] * 50
    >>> model = make_pipeline(
    ...     Word2VecVectorizer(vector_size=8, random_state=0),
    ...     StandardScaler(),
    ...     LogisticRegression(),
    ... ).fit(texts, ["animals", "money"] * 50)
    >>> contributions, intercept = explain_class(model, texts, "animals")
    >>> sorted(word for word, _ in contributions[:3])
    ['cats', 'chased', 'dogs']
    >>> sorted(word for word, _ in contributions[-3:])
    ['banks', 'bonds', 'sold']
    """
    score = _score_of(estimator, label)
    learned = learned_of(score.vectorizer)
    corpus = score.encode(documents, learned)
    n_explained, n_words = np.count_nonzero(corpus.lengths), len(learned.vocabulary)
    if not n_explained:
        raise ValueError(
            f"None of the {len(corpus.lengths)} documents has a known word, so there "
            "are no contributions. Pass documents like those that the vectorizer was "
            "fitted on."
        )
    sums = np.zeros(n_words)
    for batch in corpus.batches():
        sums += np.bincount(batch.ids, score.contributions(batch, learned), n_words)
    occurring = np.flatnonzero(corpus.token_counts(n_words))
    rows = occurring[np.argsort(-sums[occurring], kind="stable")]
    words = words_by_row(learned.vocabulary, learned.embedding_matrix)[rows]
    means = sums[rows] / n_explained
    return list(zip(words.tolist(), means.tolist(), strict=True)), score.intercept


class ClassScore(NamedTuple):
    """The score of a class: a linear function of document vectors, and a constant."""

    steps_before: list[Any]  # the transformers of raw documents
    vectorizer: Word2VecVectorizer
    coef: NDArray[np.float64]  # (vector_size,)
    offset: float  # what scalers add, times the coefficients
    intercept: float  # of the classifier

    def encode(self, documents: Iterable[Any], learned: Learned) -> Corpus:
        """Return documents as the rows of their known words."""
        for step in self.steps_before:
            documents = step.transform(documents)
        token_lists = token_lists_of(self.vectorizer, documents)
        return encode(token_lists, learned.vocabulary).drop_unknown()

    def contributions(self, corpus: Corpus, learned: Learned) -> NDArray[np.float64]:
        """Return what each token adds to the score of its document."""
        pooling = learned.pooling(self.vectorizer.norm)
        contributions = pooling.contributions(corpus, self.coef)
        return contributions + self.offset * pooling.shares(corpus)


def _score_of(estimator: Any, label: Any) -> ClassScore:
    """Return the score of a class by a fitted pipeline."""
    vectorizer = vectorizer_of(estimator)
    steps = [step for step in steps_of(estimator) if step not in ("passthrough", None)]
    if vectorizer not in steps:
        raise ValueError(
            "The vectorizer is in a ColumnTransformer or FeatureUnion, so the score is "
            "not of the words alone. For the part of the words, pass the columns of "
            "coef_ that belong to the vectorizer, for example "
            "vectorizer.word_contributions(text, classifier.coef_[0, "
            f":{vectorizer.embedding_matrix_.shape[1]}]) if it comes first."
        )
    place = steps.index(vectorizer)
    coef, intercept = _coefficients(steps[-1], label)
    offset = 0.0
    # From the last scaler to the first: each changes what the next one gets.
    for scaler in reversed(steps[place + 1 : -1]):
        factor, added = _factor_and_offset(scaler)
        offset += float(np.sum(coef * added))
        coef = coef * factor
    return ClassScore(steps[:place], vectorizer, coef, offset, intercept)


def _coefficients(classifier: Any, label: Any) -> tuple[NDArray[np.float64], float]:
    """Return the coefficients and the intercept of a class."""
    if not is_linear_classifier(classifier):
        message = f"{type(classifier).__name__}, the last step, is not supported."
        if hasattr(classifier, "calibrated_classifiers_"):
            message += (
                " Explain its classifier before calibration: fit a pipeline that ends "
                "with it."
            )
        raise ValueError(
            f"{message} Use LogisticRegression, LinearSVC, RidgeClassifier, "
            "SGDClassifier or LinearDiscriminantAnalysis. For a linear regressor, pass "
            "its coefficients to the word_contributions of the vectorizer."
        )
    check_is_fitted(classifier)
    classes = classifier.classes_.tolist()
    if label not in classes:
        listed = ", ".join(map(repr, classes[:CLASSES_IN_ERROR]))
        if len(classes) > CLASSES_IN_ERROR:
            listed += f" and {len(classes) - CLASSES_IN_ERROR} others"
        raise ValueError(
            f"{type(classifier).__name__} has no class {label!r}. Its classes are "
            f"{listed}."
        )
    place = classes.index(label)
    coef = classifier.coef_
    coef = np.atleast_2d(coef.toarray() if issparse(coef) else coef)
    coef = coef.astype(np.float64)  # (n_classes or 1, vector_size)
    intercepts = np.broadcast_to(np.ravel(classifier.intercept_), len(coef))
    if len(coef) == 1:  # the score of the second of two classes
        sign = 1 if place else -1
        return sign * coef[0], sign * float(intercepts[0])
    return coef[place], float(intercepts[place])


def _factor_and_offset(step: Any) -> tuple[Any, Any]:
    """Return what a step multiplies vectors by, and what it adds to them then."""
    check_is_fitted(step)
    if getattr(step, "clip", False):
        raise ValueError(
            f"{type(step).__name__}(clip=True) is not linear, so the score is no sum "
            "of contributions of words. Fit it with clip=False."
        )
    factor: Any = 1.0
    offset: Any = 0.0
    if isinstance(step, StandardScaler):
        if step.with_std:
            factor = 1 / step.scale_
        if step.with_mean:
            offset = -step.mean_ * factor
    elif isinstance(step, RobustScaler):
        if step.with_scaling:
            factor = 1 / step.scale_
        if step.with_centering:
            offset = -step.center_ * factor
    elif isinstance(step, MaxAbsScaler):
        factor = 1 / step.scale_
    elif isinstance(step, MinMaxScaler):
        factor, offset = step.scale_, step.min_
    elif isinstance(step, Normalizer):
        raise ValueError(
            "Normalizer divides the vector of each document by another number. To "
            "explain scores, remove it, and pass norm='l2' to Word2VecVectorizer, "
            "which also scales vectors to length 1."
        )
    else:
        raise ValueError(
            f"{type(step).__name__}, a step between the vectorizer and the classifier, "
            "is not a scaler whose effect on contributions of words is computed. "
            "Remove it, or use StandardScaler, RobustScaler, MaxAbsScaler or "
            "MinMaxScaler."
        )
    return factor, offset
