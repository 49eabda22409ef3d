"""The methods of a fitted vectorizer about words: their vectors and neighbors."""

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._learned import FittedAttributes
from sklearn_w2v._pooling import unit
from sklearn_w2v._skipgram.distributions import keep_probabilities, noise_probabilities


class WordVectors(FittedAttributes):
    """The methods of a vectorizer that are about words instead of documents."""

    ns_exponent: float
    sample: float | None

    def get_vector(self, word: Any) -> NDArray[np.float32]:
        """Return the vector of a word, or the vectors of several words.

        Parameters
        ----------
        word : str or list of str
            A word of the vocabulary, or a list, array or Series of them.

        Returns
        -------
        vector : ndarray of shape (vector_size,) or (n_words, vector_size), \
dtype=float32
            A copy of the word's row of `embedding_matrix_`. For several words, a matrix
            with one row per word.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer = vectorizer.fit(["the cat sat"] * 500)
        >>> vectorizer.get_vector("cat").shape
        (8,)
        >>> vectorizer.get_vector(["cat", "sat"]).shape
        (2, 8)
        """
        check_is_fitted(self)
        if not isinstance(word, Hashable):
            rows = np.array([self._row(each) for each in word], dtype=np.intp)
            return self.embedding_matrix_[rows]
        return self.embedding_matrix_[self._row(word)].copy()

    def similarity(self, a: Any, b: Any) -> float:
        """Return the cosine similarity of the vectors of two words.

        Parameters
        ----------
        a, b : str or ndarray of shape (vector_size,)
            A word of the vocabulary, or a vector.

        Returns
        -------
        similarity : float
            Between -1 and 1; 0 if a vector is zero.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If a vector has another size, or numbers that are not finite.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> texts = ["cat dog cat dog", "bond fund bond fund"] * 100
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0).fit(texts)
        >>> vectorizer.similarity("cat", "dog") > vectorizer.similarity("cat", "fund")
        True
        """
        check_is_fitted(self)
        return float(unit(self._vector(a)) @ unit(self._vector(b)))

    def most_similar(
        self, positive: Any = None, negative: Any = None, topn: int = 10
    ) -> list[tuple[Any, float]]:
        """Find the words similar to some words or vectors, and dissimilar to others.

        Parameters
        ----------
        positive : str, ndarray of shape (vector_size,), list of these, or None, \
default=None
            Words or vectors that the results should be similar to.
        negative : str, ndarray of shape (vector_size,), list of these, or None, \
default=None
            Words or vectors that the results should not be similar to.
            ``most_similar(["king", "woman"], negative="man")`` finds the word that is
            to woman as king is to man.
        topn : int, default=10
            The number of words to return, at least 1.

        Returns
        -------
        similar : list of (word, similarity)
            The most similar words first. The similarity is the cosine similarity to the
            sum of the unit vectors of `positive` minus those of `negative`. Words of
            the query are never returned.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If no word or vector is passed, if a vector has another size or numbers that
            are not finite, or if `topn` is less than 1.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> texts = ["cat dog cat dog", "bond fund bond fund"] * 100
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0).fit(texts)
        >>> [word for word, similarity in vectorizer.most_similar("cat", topn=1)]
        ['dog']
        """
        check_is_fitted(self)
        _check_topn(topn)
        queries = [(query, 1.0) for query in _as_list(positive, self.vocabulary_)]
        queries += [(query, -1.0) for query in _as_list(negative, self.vocabulary_)]
        if not queries:
            raise ValueError("most_similar needs at least one word or vector.")

        direction = np.zeros(self.embedding_matrix_.shape[1])
        query_rows = []
        for query, sign in queries:
            direction += sign * unit(self._vector(query))
            if not isinstance(query, np.ndarray):
                query_rows.append(self._row(query))

        similarities = unit(self.embedding_matrix_) @ unit(direction)
        similarities[query_rows] = -np.inf
        n_found = min(topn, len(similarities) - len(set(query_rows)))
        return self._best(similarities, n_found)

    def most_likely_context(
        self, words: Any, topn: int = 10
    ) -> list[tuple[Any, float]]:
        """Find the words that are most likely to occur within `window` of some words.

        Similar words can replace a word; this method returns the words that occur next
        to it, which in texts are mostly common words. In ordered sequences, such as
        purchases, clicks or calls, it predicts the next item. gensim's method is
        `predict_output_word`.

        The method needs both matrices: fit with ``warm_start=True``, which keeps them.

        Parameters
        ----------
        words : str or list of str
            Words of the vocabulary; in an ordered sequence, the last one or the last
            few. Their center vectors are averaged.
        topn : int, default=10
            The number of words to return, at least 1.

        Returns
        -------
        contexts : list of (word, probability)
            The most likely words first. They can include words of the query.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        AttributeError
            If one of the matrices was not kept.
        TypeError
            If a vector is passed.
        ValueError
            If no word is passed, or if `topn` is less than 1.

        Notes
        -----
        The product of a center vector and a context vector approaches
        log(P(context | word) / P(context as noise)) minus a constant [1]_. So the
        probability is proportional to the exponential of the product, times the noise
        distribution, counts ** `ns_exponent`, divided by the share of the context's
        tokens that `sample` kept. gensim omits both factors, and so prefers rare words.

        References
        ----------
        .. [1] Levy, O. and Goldberg, Y. (2014). "Neural Word Embedding as Implicit
           Matrix Factorization". NeurIPS 27.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> purchases = [["bread", "butter", "jam"], ["paint", "brush", "tape"]] * 200
        >>> vectorizer = Word2VecVectorizer(
        ...     analyzer=list, vector_size=8, window=1, warm_start=True, random_state=0
        ... ).fit(purchases)
        >>> next_ones = vectorizer.most_likely_context("paint", topn=2)
        >>> [item for item, probability in next_ones][0]
        'brush'
        """
        _check_topn(topn)
        learned = self._learned()
        if learned.other_matrix is None:
            raise AttributeError(
                "most_likely_context needs both matrices of word2vec, but only one was "
                "kept. Fit with warm_start=True, which keeps both."
            )
        queries = _as_list(words, self.vocabulary_)
        if any(isinstance(query, np.ndarray) for query in queries):
            raise TypeError("most_likely_context takes words, not vectors.")
        rows = [self._row(word) for word in queries]
        if not rows:
            raise ValueError("most_likely_context needs at least one word.")
        counts = self.word_counts_
        priors = noise_probabilities(counts, self.ns_exponent)  # (n_words,)
        seen = np.flatnonzero(counts)
        products = learned.contexts() @ learned.centers(rows).mean(axis=0)  # (n_words,)
        kept = keep_probabilities(counts, self.sample)[seen]
        probabilities = np.zeros(len(counts))
        probabilities[seen] = softmax(
            products[seen] + np.log(priors[seen]) - np.log(kept)
        )
        return self._best(probabilities, topn)

    @property
    def center_matrix_(self) -> NDArray[np.float32]:
        """The center ("input") vectors of the words, if they were kept."""
        return self._kept_matrix("center")

    @property
    def context_matrix_(self) -> NDArray[np.float32]:
        """The context ("output") vectors of the words, if they were kept."""
        return self._kept_matrix("context")

    def _kept_matrix(self, kind: str) -> NDArray[np.float32]:
        learned = self._learned()
        if learned.other_matrix is None and learned.kind != kind:
            raise AttributeError(
                f"{kind}_matrix_ was not kept. Fit with warm_start=True to keep both "
                f"matrices, or with vectors={kind!r} to keep it as embedding_matrix_."
            )
        return learned.centers(slice(None)) if kind == "center" else learned.contexts()

    def _best(self, scores: NDArray[Any], n: int) -> list[tuple[Any, float]]:
        """Return the `n` words with the highest scores, and their scores."""
        rows = np.argsort(-scores, kind="stable")[:n].tolist()
        words = list(self.vocabulary_)
        return [(words[row], float(scores[row])) for row in rows]

    def _vector(self, query: Any) -> NDArray[Any]:
        """Return the vector of a word; a vector is checked and returned."""
        if not isinstance(query, np.ndarray):
            return self.embedding_matrix_[self._row(query)]
        shape = self.embedding_matrix_.shape[1:]
        if query.shape != shape:
            raise ValueError(
                f"Expected a vector of shape {shape}, got shape {query.shape}. Pass "
                "several vectors as a list."
            )
        if query.dtype.kind not in "fiu" or not np.isfinite(query).all():
            raise ValueError(
                "Expected a vector of finite real numbers, got NaN, infinity or "
                f"dtype={query.dtype}."
            )
        return query

    def _row(self, word: Hashable) -> int:
        try:
            return self.vocabulary_[word]
        except KeyError:
            message = f"{word!r} is not in the vocabulary"
            if isinstance(word, str) and word.lower() in self.vocabulary_:
                message += f", but {word.lower()!r} is: texts are lowercased"
            elif isinstance(word, tuple) and any(
                element in self.vocabulary_ for element in word
            ):
                message += "; pass several words as a list"
            elif hasattr(word, "__array__") or (
                isinstance(word, Real) and not isinstance(word, Integral)
            ):
                message += "; pass a vector as a numpy array"
            raise KeyError(message) from None
        except TypeError as error:
            raise TypeError(
                f"Expected a word or a numpy array, got {word!r}: {error}."
            ) from None


def _check_topn(topn: Any) -> None:
    if not isinstance(topn, Integral) or topn < 1:
        raise ValueError(f"topn must be an int of at least 1, got {topn!r}.")


def _as_list(queries: Any, vocabulary: Mapping[Any, int]) -> list[Any]:
    """Return one query, several, or none, as a list."""
    if queries is None:
        return []
    if isinstance(queries, tuple):
        is_list = queries not in vocabulary and any(
            isinstance(query, np.ndarray) or query in vocabulary for query in queries
        )
        return list(queries) if is_list else [queries]
    return queries if isinstance(queries, list) else [queries]
