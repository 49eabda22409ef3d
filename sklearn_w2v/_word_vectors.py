"""The methods of a fitted vectorizer about words: their vectors and neighbors."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_w2v._corpus import UNKNOWN
from sklearn_w2v._derived import derived
from sklearn_w2v._learned import FittedAttributes, Learned
from sklearn_w2v._pooling import unit
from sklearn_w2v._queries import (
    are_vectors,
    as_list,
    check_n_words,
    check_vectors,
    is_one_word,
    known_rows,
    row_of,
    rows_of,
    rows_of_queries,
)
from sklearn_w2v._search import (
    Best,
    Scores,
    products,
    search,
    vector_lengths,
    words_by_row,
)
from sklearn_w2v._skipgram.distributions import (
    keep_probabilities,
    noise_probabilities,
)
from sklearn_w2v._warnings import warn

#: Context words are warned of if subsampling kept less than this share of the tokens.
#: Texts keep more.
SMALLEST_SHARE_KEPT = 0.5

NO_ROWS: NDArray[np.intp] = np.empty(0, dtype=np.intp)


class WordVectors(FittedAttributes):
    """The methods of a vectorizer that are about words instead of documents."""

    ns_exponent: float
    sample: float | None

    def get_vector(
        self, word: Any, default: ArrayLike | None = None
    ) -> NDArray[np.float32]:
        """Return the vector of a word, or the vectors of several words.

        Parameters
        ----------
        word : str or iterable of str
            A word of the vocabulary, or several words in order: a list, tuple, array,
            Series, Index or range, for example.
        default : float, array-like of shape (vector_size,) or None, default=None
            Vector of words that are not in the vocabulary. If None, such words are an
            error. ``get_vector(range(n_nodes), default=0)`` has the vectors of all
            nodes of a graph, in the order of nodes. Masked elements of an array get
            `default`, too.

        Returns
        -------
        vector : ndarray of shape (vector_size,) or (n_words, vector_size), \
dtype=float32
            A copy of the word's row of `embedding_matrix_`. For several words, a matrix
            with one row per word.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary and there is no `default`.
        TypeError
            If a set is passed, which has no order, or a DataFrame or another container
            whose elements are not words.
        ValueError
            If `default` has another shape.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer = vectorizer.fit(["the cat sat"] * 500)
        >>> vectorizer.get_vector("cat").shape
        (8,)
        >>> vectorizer.get_vector(["cat", "emu"], default=0)[1]
        array([0., 0., 0., 0., 0., 0., 0., 0.], dtype=float32)
        """
        learned = self._learned()
        vocabulary, matrix = learned.vocabulary, learned.embedding_matrix
        is_one = is_one_word(word, vocabulary)
        words = [word] if is_one else list(word)
        if default is None:
            vectors = matrix[rows_of(words, vocabulary)]  # (n_words, d), a copy
        else:
            if np.shape(default) not in ((), matrix.shape[1:]):
                raise ValueError(
                    f"default must be a number or an array of shape {matrix.shape[1:]},"
                    f" got shape {np.shape(default)}."
                )
            rows = np.array(
                [row_of(each, vocabulary, UNKNOWN) for each in words], dtype=np.intp
            )
            vectors = np.empty((len(rows), matrix.shape[1]), dtype=np.float32)
            vectors[:] = default
            vectors[rows >= 0] = matrix[rows[rows >= 0]]
        return vectors[0] if is_one else vectors

    def similarity(self, a: Any, b: Any) -> float:
        """Return the cosine similarity of the vectors of two words.

        Parameters
        ----------
        a, b : str or ndarray of shape (vector_size,)
            A word of the vocabulary, or a vector of floats.

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
        learned = self._learned()
        cosine = _unit_vector(a, learned) @ _unit_vector(b, learned)
        return float(np.clip(cosine, -1, 1))  # rounding can exceed 1

    def most_similar(
        self, positive: Any = None, negative: Any = None, topn: int = 10
    ) -> list[tuple[Any, float]]:
        """Find the words similar to some words or vectors, and dissimilar to others.

        Parameters
        ----------
        positive : str, ndarray of shape (vector_size,), iterable of these, or None, \
default=None
            Words or vectors that the results should be similar to. An array of integers
            or strings has words. An array of floats is a vector, or one vector per row,
            unless it has one dimension and all its numbers are words. Masked elements
            are left out.
        negative : str, ndarray of shape (vector_size,), iterable of these, or None, \
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
            sum of the unit vectors of `positive` minus those of `negative`, in [-1, 1].
            Words of the query are never returned. To leave out other words, use
            :meth:`nearest_words` with `exclude` or `among`.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError
            If a set is passed, which has no order, or a DataFrame or another container
            whose elements are not words or vectors.
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
        topn = check_n_words("topn", topn)
        learned = self._learned()
        added = as_list(positive, learned.vocabulary)
        subtracted = as_list(negative, learned.vocabulary)
        if not added and not subtracted:
            raise ValueError("most_similar needs at least one word or vector.")
        direction = np.zeros(learned.embedding_matrix.shape[1])
        for query in added:
            direction += _unit_vector(query, learned)
        for query in subtracted:
            direction -= _unit_vector(query, learned)
        words = [query for query in added + subtracted if not _is_vector(query)]
        own = rows_of(words, learned.vocabulary)
        return _pairs(_nearest(learned, direction[None], [own], topn))

    def nearest_words(
        self,
        queries: Any,
        topn: int = 10,
        *,
        among: Iterable[Any] | None = None,
        exclude: Iterable[Any] | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Find the words similar to each of many words or vectors.

        This is `most_similar` for many queries at once, at the speed of a matrix
        product: for all words, or for document vectors from `transform`. It finds the
        same as :class:`~sklearn.neighbors.NearestNeighbors` with ``metric="cosine"`` on
        `embedding_matrix_`, but returns words and similarities.

        Parameters
        ----------
        queries : iterable of str, or ndarray of shape (n_queries, vector_size)
            Words of the vocabulary, or an array of floats with one vector per row. Each
            word is a query: for the words similar to several words together, use
            `most_similar`.
        topn : int, default=10
            The number of words to return for each query, at least 1.
        among : iterable of str or None, default=None
            Words of the vocabulary to search. If None, all words are searched.
        exclude : iterable of length n_queries or None, default=None
            One entry for each query: the word or words not to return, such as what a
            user has bought. Unknown words are ignored. A query that is a word is never
            returned for itself. To leave words out of all answers, use `among`.

        Returns
        -------
        words : ndarray of shape (n_queries, n_best), dtype=object
            The most similar words first; None if there are fewer words than `topn`.
            n_best is `topn`, or the number of words that are searched if it is lower.
        similarities : ndarray of shape (n_queries, n_best), dtype=float32
            Their cosine similarities, in [-1, 1]; nan if the word is None.

        Raises
        ------
        KeyError
            If a word of `queries` or `among` is not in the vocabulary.
        TypeError
            If `queries`, `among` or `exclude` is one word or a DataFrame, or if
            `queries` or `exclude` is a set.
        ValueError
            If vectors have another size or numbers that are not finite, if `topn` is
            less than 1, or if `exclude` has another length.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> texts = ["cat dog cat dog", "bond fund bond fund"] * 100
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0).fit(texts)
        >>> words, similarities = vectorizer.nearest_words(["cat", "fund"], topn=1)
        >>> words.tolist()
        [['dog'], ['bond']]
        """
        topn = check_n_words("topn", topn)
        learned = self._learned()
        vocabulary = learned.vocabulary
        if are_vectors(queries, vocabulary):
            vector_size = learned.embedding_matrix.shape[1]
            directions = check_vectors(queries, (len(queries), vector_size))
            own = [NO_ROWS] * len(directions)
        else:
            words = _several(queries, learned, "nearest_words", "most_similar")
            rows = rows_of_queries(words, vocabulary)
            directions, own = learned.embedding_matrix[rows], list(rows[:, None])
        excluded = _excluded(exclude, own, learned)
        best = _nearest(learned, directions, excluded, topn, among)
        return best.words, best.scores

    def most_likely_context(
        self, words: Any, topn: int = 10
    ) -> list[tuple[Any, float]]:
        """Find the words that are most likely to occur within `window` of some words.

        Similar words can replace a word; this method returns the words that occur next
        to it, which in texts are mostly common words. In ordered sequences, such as
        purchases, clicks or calls, it predicts the next item. gensim's method is
        `predict_output_word`.

        The method needs both matrices: fit with ``store_matrices=True``. For sequences
        of few distinct items, add ``sample=None``: subsampling drops most of their
        tokens, and pairs reach farther than `window`.

        Parameters
        ----------
        words : str or iterable of str
            Words of the vocabulary; in an ordered sequence, the last one or the last
            few. Their center vectors are averaged.
        topn : int, default=10
            The number of words to return, at least 1.

        Returns
        -------
        contexts : list of (word, probability)
            The most likely words first. They can include words of the query. To leave
            these or other words out, use :meth:`likely_contexts` with `exclude`.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        AttributeError
            If one of the matrices was not kept.
        TypeError
            If a vector, a set or a DataFrame is passed.
        ValueError
            If no word is passed, or if `topn` is less than 1.

        Warns
        -----
        UserWarning
            If `sample` dropped more than half of the tokens.

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
        ...     analyzer=list,
        ...     vector_size=8,
        ...     sample=None,
        ...     store_matrices=True,
        ...     random_state=0,
        ... ).fit(purchases)
        >>> next_ones = vectorizer.most_likely_context("paint", topn=2)
        >>> [item for item, probability in next_ones][0]
        'brush'
        """
        topn = check_n_words("topn", topn)
        learned = self._learned()
        rows = _context_rows(words, learned, "most_likely_context")
        if not len(rows):
            raise ValueError("most_likely_context needs at least one word.")
        return _pairs(self._likely(learned, [rows], [NO_ROWS], topn))

    def likely_contexts(
        self,
        queries: Any,
        topn: int = 10,
        *,
        among: Iterable[Any] | None = None,
        exclude: Iterable[Any] | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Find the words that are most likely to occur near the words of each query.

        This is `most_likely_context` for many queries at once, such as the next items
        of all users.

        Parameters
        ----------
        queries : iterable of str, or of iterables of str
            Each query is a word of the vocabulary or several, such as the last items of
            a user. One session of several items is ``[session]``: in ``session``, each
            item would be a query. The center vectors of several words are averaged.
            Masked elements of an array are left out.
        topn : int, default=10
            The number of words to return for each query, at least 1.
        among : iterable of str or None, default=None
            Words of the vocabulary to return. If None, all words can be returned. The
            probabilities do not depend on it.
        exclude : iterable of length n_queries or None, default=None
            One entry for each query: the word or words not to return, such as what a
            user has bought. Unknown words are ignored. To leave words out of all
            answers, use `among`.

        Returns
        -------
        words : ndarray of shape (n_queries, n_best), dtype=object
            The most likely words first; None if there are fewer words than `topn`.
            n_best is `topn`, or the number of words in `among` if it is lower.
        probabilities : ndarray of shape (n_queries, n_best), dtype=float32
            Their probabilities, in [0, 1]; nan if the word is None.

        Raises
        ------
        KeyError
            If a word of `queries` or `among` is not in the vocabulary.
        AttributeError
            If one of the matrices was not kept.
        TypeError
            If `queries` has vectors, if `queries`, `among` or `exclude` is one word or
            a DataFrame, or if `queries` or `exclude` is a set.
        ValueError
            If a query has no word, if `topn` is less than 1, or if `exclude` has
            another length.

        Warns
        -----
        UserWarning
            If `sample` dropped more than half of the tokens.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> purchases = [["bread", "butter", "jam"], ["paint", "brush", "tape"]] * 200
        >>> vectorizer = Word2VecVectorizer(
        ...     analyzer=list,
        ...     vector_size=8,
        ...     sample=None,
        ...     store_matrices=True,
        ...     random_state=0,
        ... ).fit(purchases)
        >>> bought = [["paint", "brush"], ["bread", "jam"]]
        >>> words, probabilities = vectorizer.likely_contexts(
        ...     bought, topn=1, exclude=bought
        ... )
        >>> words.tolist()
        [['tape'], ['butter']]
        """
        topn = check_n_words("topn", topn)
        learned = self._learned()
        several = _several(queries, learned, "likely_contexts", "most_likely_context")
        rows = [
            _context_rows(query, learned, "likely_contexts", f"query {number}")
            for number, query in enumerate(several)
        ]
        is_empty = [not len(some) for some in rows]
        if any(is_empty):
            raise ValueError(
                "likely_contexts needs at least one word in each query, and query "
                f"{is_empty.index(True)} has none."
            )
        excluded = _excluded(exclude, [NO_ROWS] * len(rows), learned)
        best = self._likely(learned, rows, excluded, topn, among)
        return best.words, best.scores

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
                f"{kind}_matrix_ was not kept. Fit with store_matrices=True to keep "
                f"both, or with vectors={kind!r} to keep it as embedding_matrix_."
            )
        return learned.centers(slice(None)) if kind == "center" else learned.contexts()

    def _likely(
        self,
        learned: Learned,
        queries: list[NDArray[np.intp]],
        excluded: list[NDArray[np.intp]],
        topn: int,
        among: Iterable[Any] | None = None,
    ) -> Best:
        """Find the likely contexts of queries, each of which is some rows of words."""
        counts, ns_exponent, sample = learned.word_counts, self.ns_exponent, self.sample
        _warn_of_subsampling(counts, sample)
        log_priors = derived(
            counts,
            ("log priors", ns_exponent, sample),
            lambda: _log_priors(counts, ns_exponent, sample),
        )
        contexts, searched = learned.contexts(), _searched(among, learned)

        def score(block: slice) -> Scores:
            centers = np.stack(
                [learned.centers(rows).mean(axis=0) for rows in queries[block]]
            )  # (n_block, d)
            # The softmax over all words, in place.
            scores = products(centers, contexts)  # (n_block, n_words)
            scores += log_priors
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=1, keepdims=True)
            return scores if searched is None else scores[:, searched]

        words = words_by_row(learned.vocabulary, learned.embedding_matrix)
        return search(score, words, searched, excluded, topn)


def _is_vector(query: Any) -> bool:
    return isinstance(query, np.ndarray) and query.ndim > 0


def _unit_vector(query: Any, learned: Learned) -> NDArray[Any]:
    """Return the vector of a word, or a vector that was passed, at length 1."""
    matrix = learned.embedding_matrix
    if _is_vector(query):
        return unit(check_vectors(query, matrix.shape[1:]))
    return unit(matrix[row_of(query, learned.vocabulary)])


def _nearest(
    learned: Learned,
    directions: NDArray[Any],
    excluded: list[NDArray[np.intp]],
    topn: int,
    among: Iterable[Any] | None = None,
) -> Best:
    """Find the words whose vectors have the highest cosine with each direction."""
    matrix, searched = learned.embedding_matrix, _searched(among, learned)
    lengths = vector_lengths(matrix)
    if searched is not None:
        matrix, lengths = matrix[searched], lengths[searched]

    def score(block: slice) -> Scores:
        units = unit(directions[block]).astype(np.float32)  # (n_block, d)
        scores = products(units, matrix)  # (n_block, n_searched)
        scores /= lengths
        return np.clip(scores, -1, 1, out=scores)  # rounding can exceed 1

    words = words_by_row(learned.vocabulary, learned.embedding_matrix)
    return search(score, words, searched, excluded, topn)


def _warn_of_subsampling(counts: NDArray[np.int64], sample: float | None) -> None:
    kept = derived(
        counts,
        ("share of tokens kept", sample),
        lambda: float(
            np.average(
                keep_probabilities(counts, sample), weights=np.maximum(counts, 1)
            )
        ),
    )
    if kept < SMALLEST_SHARE_KEPT:
        warn(
            f"sample={sample} dropped {1 - kept:.0%} of the tokens before training, "
            "since a few words are most of them. So pairs reach farther than `window`, "
            "and contexts are less certain. Fit with sample=None."
        )


def _log_priors(
    counts: NDArray[np.int64], ns_exponent: float, sample: float | None
) -> NDArray[np.float32]:
    """Return what to add to the product of a context; -inf if it never occurred."""
    priors = noise_probabilities(counts, ns_exponent)  # (n_words,)
    with np.errstate(divide="ignore"):
        log_priors = np.log(priors) - np.log(keep_probabilities(counts, sample))
    return log_priors.astype(np.float32)


def _context_rows(
    words: Any, learned: Learned, caller: str, where: str | None = None
) -> NDArray[np.intp]:
    """Return the rows of the words whose contexts are searched."""
    if learned.other_matrix is None:
        raise AttributeError(
            f"{caller} needs both matrices of word2vec, but only one was kept. Fit "
            "with store_matrices=True, which keeps both."
        )
    queries = as_list(words, learned.vocabulary)
    if any(map(_is_vector, queries)):
        raise TypeError(f"{caller} takes words, not vectors.")
    return rows_of(queries, learned.vocabulary, where)


def _several(queries: Any, learned: Learned, caller: str, for_one: str) -> list[Any]:
    """Return queries as a list, each of which is answered separately."""
    if is_one_word(queries, learned.vocabulary):
        raise TypeError(
            f"{caller} takes many queries: pass a list of them. For one query, use "
            f"{for_one}."
        )
    return list(queries)


def _searched(among: Iterable[Any] | None, learned: Learned) -> NDArray[np.intp] | None:
    """Return the rows of the words to search, in ascending order; None for all."""
    if among is None:
        return None
    if not isinstance(among, (set, frozenset, tuple)) and is_one_word(
        among, learned.vocabulary
    ):
        kind = type(among).__name__
        raise TypeError(f"among takes several words: pass a list, not a {kind}.")
    return np.unique(rows_of(among, learned.vocabulary, "among"))


def _excluded(
    exclude: Iterable[Any] | None, own: list[NDArray[np.intp]], learned: Learned
) -> list[NDArray[np.intp]]:
    """Return for each query the rows to exclude: its own and those of `exclude`."""
    if exclude is None:
        return own
    if isinstance(exclude, Mapping) or (
        not isinstance(exclude, tuple) and is_one_word(exclude, learned.vocabulary)
    ):
        raise TypeError(
            "exclude takes the word or words of each query, in the order of queries: "
            f"pass a list, not a {type(exclude).__name__}."
        )
    given = [known_rows(words, learned.vocabulary) for words in exclude]
    if len(given) != len(own):
        raise ValueError(
            f"exclude must have one entry for each of the {len(own)} queries, got "
            f"{len(given)}."
        )
    return [np.concatenate(rows) for rows in zip(own, given, strict=True)]


def _pairs(best: Best) -> list[tuple[Any, float]]:
    """Return the best words of the only query, with their scores."""
    found = ~np.isnan(best.scores[0])
    words, scores = best.words[0][found], best.scores[0][found]
    return list(zip(words.tolist(), scores.tolist(), strict=True))
