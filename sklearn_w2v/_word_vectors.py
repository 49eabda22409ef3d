"""What a fitted vectorizer says of single words: their vectors, and which are near."""

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._extras import check_installed
from sklearn_w2v._learned import FittedAttributes
from sklearn_w2v._pooling import unit
from sklearn_w2v._skipgram.distributions import (
    keep_probabilities,
    noise_probabilities,
)


class WordVectors(FittedAttributes):
    """The methods of a vectorizer that are about words, and not documents."""

    ns_exponent: float
    sample: float | None

    def get_vector(self, word: Any) -> NDArray[np.float32]:
        """Return the vector of a word, or of several.

        Parameters
        ----------
        word : str or list of str
            A word of the vocabulary, or a list, array or Series of them.

        Returns
        -------
        vector : ndarray of shape (vector_size,) or (n_words, vector_size), \
dtype=float32
            A copy of the word's row of `embedding_matrix_`; of several words a matrix
            with a row for each.

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
        """Return how similar two words are: the cosine of their vectors.

        Parameters
        ----------
        a, b : str or ndarray of shape (vector_size,)
            A word of the vocabulary, or a vector.

        Returns
        -------
        similarity : float
            From -1 to 1; 0 where a vector is zero.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If a vector is of another size.

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
        """Find the words closest to some words or vectors, and away from others.

        Parameters
        ----------
        positive : str, ndarray of shape (vector_size,), list of these, or None, \
default=None
            What the words should be close to.
        negative : str, ndarray of shape (vector_size,), list of these, or None, \
default=None
            What the words should be away from: ``most_similar(["king", "woman"],
            negative="man")`` asks for the word that is to woman as king is to man.
        topn : int, default=10
            How many words to return, at least 1.

        Returns
        -------
        similar : list of (word, similarity)
            The closest words first, by cosine similarity to the mean of the queries'
            unit vectors; never a query word itself.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        ValueError
            If there is no word or vector, a vector is of another size, or `topn` is
            less than 1.

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
        """Find the words that are most likely to stand within `window` of others.

        What is similar to a word can stand in its place; this is what stands beside it,
        which in texts is mostly common words. In sequences with an order, such as
        purchases, clicks or calls, it is a guess of the next item. gensim has it as
        `predict_output_word`.

        It takes both matrices: fit with ``warm_start=True``, which keeps them.

        Parameters
        ----------
        words : str or list of str
            Words of the vocabulary: of an ordered sequence the last one, or the last
            few. Their centre vectors are averaged.
        topn : int, default=10
            How many words to return, at least 1.

        Returns
        -------
        contexts : list of (word, probability)
            The most likely first. The words that were asked for can be among them.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        AttributeError
            If one of the matrices was not kept.
        TypeError
            If there is a vector among the words.
        ValueError
            If there is no word, or `topn` is less than 1.

        Notes
        -----
        The product of a centre and a context vector approaches log(P(context | word) /
        P(context as noise)) less a constant [1]_. So the probability is proportional to
        the noise distribution, counts ** `ns_exponent`, times the exponential of the
        product; and to the inverse of the share of the context's tokens that `sample`
        kept. gensim leaves both out, and so prefers rare words.

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
                "most_likely_context takes both matrices of word2vec, and one was "
                "kept. Fit with warm_start=True, which keeps both."
            )
        queries = _as_list(words, self.vocabulary_)
        if any(isinstance(query, np.ndarray) for query in queries):
            raise TypeError("most_likely_context takes words, and no vectors.")
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
        """The centre ("input") vectors of the words, where they were kept."""
        return self._kept_matrix("center")

    @property
    def context_matrix_(self) -> NDArray[np.float32]:
        """The context ("output") vectors of the words, where they were kept."""
        return self._kept_matrix("context")

    def to_keyed_vectors(self) -> Any:
        """Return the word vectors as a gensim KeyedVectors, with the words' counts.

        Returns
        -------
        keyed_vectors : gensim.models.KeyedVectors
            With copies of the vectors. Needs ``pip install "sklearn-w2v[gensim]"``.

        Raises
        ------
        ImportError
            If gensim is not installed.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8).fit(["the cat sat"] * 500)
        >>> vectorizer.to_keyed_vectors().index_to_key
        ['the', 'cat', 'sat']
        """
        check_is_fitted(self)
        check_installed("to_keyed_vectors", "gensim", extra="gensim")
        from gensim.models import KeyedVectors  # noqa: PLC0415, it is optional

        keyed_vectors = KeyedVectors(self.embedding_matrix_.shape[1])
        keyed_vectors.add_vectors(list(self.vocabulary_), self.embedding_matrix_)
        for word, count in zip(self.vocabulary_, self.word_counts_, strict=True):
            keyed_vectors.set_vecattr(word, "count", int(count))
        return keyed_vectors

    def _kept_matrix(self, kind: str) -> NDArray[np.float32]:
        learned = self._learned()
        if learned.other_matrix is None and learned.kind != kind:
            raise AttributeError(
                f"{kind}_matrix_ was not kept. fit with warm_start=True keeps both "
                f"matrices; with vectors={kind!r}, embedding_matrix_ is this one."
            )
        return learned.centers(slice(None)) if kind == "center" else learned.contexts()

    def _best(self, scores: NDArray[Any], n: int) -> list[tuple[Any, float]]:
        """Return the words of the highest scores, and these."""
        rows = np.argsort(-scores, kind="stable")[:n].tolist()
        words = list(self.vocabulary_)
        return [(words[row], float(scores[row])) for row in rows]

    def _vector(self, query: Any) -> NDArray[Any]:
        """Return the vector of a word, or the vector that it is."""
        if isinstance(query, np.ndarray):
            return self._check_vector(query)
        return self.embedding_matrix_[self._row(query)]

    def _row(self, word: Hashable) -> int:
        try:
            return self.vocabulary_[word]
        except KeyError:
            message = f"{word!r} is not in the vocabulary"
            if isinstance(word, str) and word.lower() in self.vocabulary_:
                message += f", but {word.lower()!r} is: texts are lower-cased"
            elif isinstance(word, tuple) and any(
                part in self.vocabulary_ for part in word
            ):
                message += "; several words go in as a list"
            elif hasattr(word, "__array__") or (
                isinstance(word, Real) and not isinstance(word, Integral)
            ):
                message += "; a vector goes in as an array of numpy"
            raise KeyError(message) from None
        except TypeError as error:
            raise TypeError(
                f"A word or an array of numbers expected, got {word!r}: {error}."
            ) from None

    def _check_vector(self, vector: NDArray[Any]) -> NDArray[Any]:
        shape = self.embedding_matrix_.shape[1:]
        if vector.shape != shape:
            raise ValueError(
                f"A vector of shape {shape} expected, got shape "
                f"{vector.shape}. Several vectors go in as a list of them."
            )
        if vector.dtype.kind not in "fiu" or not np.isfinite(vector).all():
            raise ValueError(
                "A vector of finite real numbers expected, got nan, inf or "
                f"dtype={vector.dtype}."
            )
        return vector


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
