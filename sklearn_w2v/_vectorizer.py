"""The estimator: documents -> tokens -> ids -> matrices -> document vectors."""

import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import Tags, check_random_state
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v import _vocabulary
from sklearn_w2v._documents import TEXT_PARAMETERS, build_analyzer, iter_tokens
from sklearn_w2v._pooling import mean_vectors
from sklearn_w2v._vocabulary import Corpus

#: The parameters that decide which tokens become words, less `min_count`.
VOCABULARY_PARAMETERS = ("max_df", "min_df", "max_features")


class Word2VecVectorizer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Convert raw documents to the mean of their word vectors.

    `fit` trains word2vec (skip-gram with negative sampling) [1]_ [2]_ on the documents;
    `transform` turns a document into the mean vector of its words. The estimator stands
    where a :class:`~sklearn.feature_extraction.text.TfidfVectorizer` stands, and takes
    the same text parameters. It pays where few documents of many have labels, where
    documents are short, where a small dense matrix is wanted, and for sequences that
    are not text.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        Whether a document is a text (str or bytes), the name of a file to read, or a
        file object to read.

    encoding : str, default="utf-8"
        Encoding of documents that are bytes or files.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that `encoding` cannot decode.

    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        How to remove accents, if at all: fast and for letters with a direct ASCII
        equivalent ("ascii"), or for any letter ("unicode").

    lowercase : bool, default=True
        Whether to convert documents to lower case before they are tokenized.

    preprocessor : callable or None, default=None
        Replaces lower-casing and the stripping of accents: takes a text, returns one.

    tokenizer : callable or None, default=None
        Replaces `token_pattern`: takes a text, returns a list of tokens.

    stop_words : {"english"}, list of str or None, default=None
        Tokens to leave out. `sample` and `max_df` often make this unnecessary.

    token_pattern : str or None, default=r"(?u)\b\w\w+\b"
        Regular expression of a token; if it has a group, that is the token. The default
        takes two or more letters, digits or underscores. Not used with a `tokenizer`.

    analyzer : {"word"} or callable, default="word"
        A callable replaces all of the above: it takes a document as it was passed, and
        returns its tokens, which may be any hashable objects. With `analyzer=list`
        documents are token lists.

    max_df : float in [0.0, 1.0] or int, default=1.0
        Leave out words that stand in more documents than this: a share of the documents
        (float), or a number of them (int). Not used with a `vocabulary`.

    min_df : float in [0.0, 1.0] or int, default=1
        Leave out words that stand in fewer documents than this, likewise.

    max_features : int or None, default=None
        Keep only so many words, the most frequent ones. Not used with a `vocabulary`.

    vocabulary : mapping, iterable or None, default=None
        The words to use, as a mapping of words to rows 0, 1, 2... or as an iterable of
        words. If None, it is learned from the documents.

    vector_size : int, default=100
        Dimension of the word and document vectors, at least 1. More pays on large
        corpora; training time grows in proportion.

    window : int, default=5
        Largest distance between a word and its context, at least 1. Wide windows (10)
        bring out topics and help long texts, narrow ones (2) bring out what words can
        stand for each other.

    shrink_windows : bool, default=True
        Whether near words count more: a pair at a distance counts as much as the share
        of word2vec's windows, drawn from 1 to `window`, that hold it. If False, all
        pairs in the window count alike.

    min_count : int, default=5
        Leave out words that occur fewer times than this in all documents, at least 1.
        Rare words get poor vectors, which clutter `most_similar`; small corpora want 2
        or 1 all the same. Not used with a `vocabulary`.

    negative : int, default=5
        Noise words for each pair of a word and its context, at least 1. Up to 20 can
        help on small corpora.

    ns_exponent : float, default=0.75
        Noise words are drawn in proportion to count ** `ns_exponent`, in [-10, 10]: 1
        follows the counts, 0 draws all words alike, and negative values, which can help
        on baskets and clicks, prefer rare ones.

    sample : float or None, default=1e-3
        Threshold of the sub-sampling of frequent words, as a share of all tokens, in
        [0, 1]. Lower values drop more of the frequent words and so train faster. 0 and
        None turn it off.

    vectors : {"average", "center", "context"}, default="average"
        What a word's vector is: its centre vector ("input" vector in word2vec), its
        context vector, or the average of both.

    epochs : int, default=5
        Passes over the documents, at least 1. Small corpora can want 10 or 20; many
        more overfit on tiny ones.

    solver : {"adagrad", "adam", "sgd"}, default="adagrad"
        How gradients change vectors: AdaGrad [3]_ with one accumulator for each word;
        Adam on the words that a step touches; or word2vec's plain rule. "adagrad" is
        the fastest and gave the best vectors.

    learning_rate : float or "auto", default="auto"
        Learning rate at the start, above 0; decays linearly to 0. "auto" is 0.4 for
        "adagrad", 0.03 for "adam" and 0.025 for "sgd".

    batch_size : int or "auto", default="auto"
        Tokens of a training step, at least 1. "auto" makes about fifty steps an
        epoch, of 32 to 3072 tokens; "sgd", which diverges in large steps, gets smaller
        ones. Small steps help small corpora a little and take longer.

    n_jobs : int or None, default=None
        Threads of the training. None means torch's current number, -1 all processors.
        The result is the same, bit for bit, for any number. More than one thread pays
        only where no other process wants the same processors.

    random_state : int, RandomState instance or None, default=None
        Determines all that is drawn at random. Pass an int for the same vectors in each
        call of `fit`.

    verbose : int, default=0
        1 prints a line for each epoch on standard error.

    Attributes
    ----------
    vocabulary_ : dict
        The words and their rows in `embedding_matrix_`, the most frequent word first
        (or as given in `vocabulary`).

    embedding_matrix_ : ndarray of shape (n_words, vector_size), dtype=float32
        The word vectors.

    word_counts_ : ndarray of shape (n_words,), dtype=int64
        How many times each word occurs in the documents of `fit`.

    loss_curve_ : list of float
        Mean loss of each epoch for a pair of a word and its context, weighted as
        `shrink_windows` says, in nats: the binary cross-entropy of the pair and of its
        `negative` noise words, summed. It starts near (1 + `negative`) * log(2).
        Computed at sampled steps, before the step is taken.

    n_iter_ : int
        Epochs trained.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : Sparse vectors of weighted counts;
        better on long topical texts that all have labels.
    sklearn.decomposition.TruncatedSVD : Makes dense vectors of tf-idf vectors.

    Notes
    -----
    `fit` holds 4 bytes for each token; the texts themselves are read once and not kept.
    There is no `ngram_range`: scikit-learn puts all bigrams of a document after all its
    unigrams, which would fill the windows with words that do not stand there.

    References
    ----------
    .. [1] Mikolov, T., Chen, K., Corrado, G. and Dean, J. (2013). "Efficient Estimation
       of Word Representations in Vector Space". arXiv:1301.3781.
    .. [2] Mikolov, T., Sutskever, I., Chen, K., Corrado, G. and Dean, J. (2013).
       "Distributed Representations of Words and Phrases and their Compositionality".
       arXiv:1310.4546.
    .. [3] Duchi, J., Hazan, E. and Singer, Y. (2011). "Adaptive Subgradient Methods for
       Online Learning and Stochastic Optimization". JMLR 12, 2121-2159.

    Examples
    --------
    >>> from sklearn_w2v import Word2VecVectorizer
    >>> documents = ["the cat sat on the mat", "the dog sat on the mat"] * 50
    >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
    >>> vectorizer.fit_transform(documents).shape
    (100, 8)
    >>> list(vectorizer.vocabulary_)
    ['the', 'sat', 'on', 'mat', 'cat', 'dog']
    >>> vectorizer.transform(["no word of this one was seen"])
    array([[0., 0., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    >>> len(vectorizer.most_similar("cat", topn=3))
    3
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{
            name: CountVectorizer._parameter_constraints[name]
            for name in (*TEXT_PARAMETERS, *VOCABULARY_PARAMETERS, "vocabulary")
        },
        "analyzer": [StrOptions({"word"}), callable],
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "shrink_windows": ["boolean"],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "negative": [Interval(Integral, 1, None, closed="left")],
        "ns_exponent": [Interval(Real, -10, 10, closed="both")],
        "sample": [Interval(Real, 0, 1, closed="both"), None],
        "vectors": [StrOptions({"average", "center", "context"})],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "solver": [StrOptions({"adagrad", "adam", "sgd"})],
        "learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "n_jobs": [
            None,
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        input: Literal["content", "filename", "file"] = "content",
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Literal["ascii", "unicode"] | Callable[[str], str] | None = None,
        lowercase: bool = True,
        preprocessor: Callable[[str], str] | None = None,
        tokenizer: Callable[[str], list[Any]] | None = None,
        stop_words: Literal["english"] | list[str] | None = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        analyzer: Literal["word"] | Callable[[Any], Iterable[Any]] = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Mapping[Any, int] | Iterable[Any] | None = None,
        vector_size: int = 100,
        window: int = 5,
        shrink_windows: bool = True,
        min_count: int = 5,
        negative: int = 5,
        ns_exponent: float = 0.75,
        sample: float | None = 1e-3,
        vectors: Literal["average", "center", "context"] = "average",
        epochs: int = 5,
        solver: Literal["adagrad", "adam", "sgd"] = "adagrad",
        learning_rate: float | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.max_features = max_features
        self.vocabulary = vocabulary
        self.vector_size = vector_size
        self.window = window
        self.shrink_windows = shrink_windows
        self.min_count = min_count
        self.negative = negative
        self.ns_exponent = ns_exponent
        self.sample = sample
        self.vectors = vectors
        self.epochs = epochs
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: Any = None) -> "Word2VecVectorizer":
        """Learn the vocabulary and the word vectors.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents: a list, an array, a Series, a generator...; read once.
        y : None
            Ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            If `X` is not a column of documents, has no words that `min_count`, `min_df`
            and `max_df` leave, or if training diverges.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable[Any], y: Any = None) -> NDArray[np.float32]:
        """Learn from documents and return their vectors; tokenizes them only once.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.
        y : None
            Ignored.

        Returns
        -------
        document_vectors : ndarray of shape (n_documents, vector_size), dtype=float32
            Equal to ``fit(X).transform(X)``.
        """
        return mean_vectors(self._fit(X), self.embedding_matrix_)

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:
        """Return the mean word vector of each document.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.

        Returns
        -------
        document_vectors : ndarray of shape (n_documents, vector_size), dtype=float32
            The mean over the words of a document that are in the vocabulary, repeats
            included; zero for a document that has none.

        Raises
        ------
        ValueError
            If `X` is not a column of documents.
        NotFittedError
            If `fit` was not called before.
        """
        check_is_fitted(self)
        corpus = _vocabulary.encode(self._iter_tokens(X), self.vocabulary_)
        return mean_vectors(corpus, self.embedding_matrix_)

    def get_vector(self, word: Hashable) -> NDArray[np.float32]:
        """Return the vector of a word.

        Parameters
        ----------
        word : str
            A word of the vocabulary.

        Returns
        -------
        vector : ndarray of shape (vector_size,), dtype=float32
            A copy of the word's row of `embedding_matrix_`.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        """
        check_is_fitted(self)
        return self.embedding_matrix_[self._row(word)].copy()

    def most_similar(
        self, positive: Any, negative: Any = None, topn: int = 10
    ) -> list[tuple[Any, float]]:
        """Find the words closest to some words or vectors, and away from others.

        Parameters
        ----------
        positive : str, ndarray of shape (vector_size,), or list of these
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
        """
        check_is_fitted(self)
        if not isinstance(topn, Integral) or topn < 1:
            raise ValueError(f"topn must be an int of at least 1, got {topn!r}.")
        queries = [(query, 1.0) for query in _as_list(positive)]
        queries += [(query, -1.0) for query in _as_list(negative)]
        if not queries:
            raise ValueError("most_similar needs at least one word or vector.")

        direction = np.zeros(self._n_features_out)
        query_rows = []
        for query, sign in queries:
            if isinstance(query, np.ndarray):
                vector = self._check_vector(query)
            else:
                query_rows.append(self._row(query))
                vector = self.embedding_matrix_[query_rows[-1]]
            direction += sign * _unit(vector)

        similarities = _unit(self.embedding_matrix_) @ _unit(direction)
        similarities[query_rows] = -np.inf
        n_found = min(topn, len(similarities) - len(set(query_rows)))
        rows = np.argsort(-similarities, kind="stable")[:n_found].tolist()
        words = list(self.vocabulary_)
        return [(words[row], float(similarities[row])) for row in rows]

    def _fit(self, X: Iterable[Any]) -> Corpus:
        """Fit, and return the encoded documents."""
        # Only training needs torch, which takes a second to import.
        from sklearn_w2v._skipgram import train  # noqa: PLC0415

        vocabulary, word_counts, corpus = self._encode_corpus(X)
        centers, contexts, losses = train(
            corpus.ids,
            corpus.offsets,
            _vocabulary.keep_probabilities(word_counts, self.sample),
            _vocabulary.noise_probabilities(word_counts, self.ns_exponent),
            vector_size=self.vector_size,
            window=self.window,
            shrink_windows=self.shrink_windows,
            negative=self.negative,
            solver=self.solver,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            n_threads=self._n_threads(),
            seed=check_random_state(self.random_state).randint(np.iinfo(np.int32).max),
            on_epoch_end=self._report_on(corpus),
        )
        # Together and last, so that a fit that fails leaves the estimator as it was.
        self.vocabulary_ = vocabulary
        self.word_counts_ = word_counts
        self.embedding_matrix_: NDArray[np.float32]
        if self.vectors == "average":
            self.embedding_matrix_ = np.add(centers, contexts)
            self.embedding_matrix_ /= 2
        else:
            # A copy, since both are halves of one array.
            chosen = centers if self.vectors == "center" else contexts
            self.embedding_matrix_ = chosen.copy()
        self.loss_curve_ = losses
        self.n_iter_ = len(losses)
        return corpus

    def _encode_corpus(
        self, X: Iterable[Any]
    ) -> tuple[dict[Any, int], NDArray[np.int64], Corpus]:
        """Return the vocabulary, its counts, and the documents as rows of it."""
        documents = self._iter_tokens(X)
        if self.vocabulary is None:
            return _vocabulary.learn(
                documents,
                min_count=self.min_count,
                **{name: getattr(self, name) for name in VOCABULARY_PARAMETERS},
            )
        return _vocabulary.count(documents, self.vocabulary)

    def _iter_tokens(self, X: Iterable[Any]) -> Iterator[Iterable[Any]]:
        text_parameters = {name: getattr(self, name) for name in TEXT_PARAMETERS}
        return iter_tokens(
            X,
            build_analyzer(**text_parameters),
            takes_text=self.analyzer == "word" and self.input == "content",
        )

    def _report_on(self, corpus: Corpus) -> Callable[[float], None]:
        """Return what is called with the loss at the end of each epoch."""
        n_done = 0
        begin = time.perf_counter()

        def report(loss: float) -> None:
            nonlocal n_done
            n_done += 1
            speed = n_done * len(corpus.ids) / (time.perf_counter() - begin)
            if self.verbose:
                print(
                    f"[Word2VecVectorizer] epoch {n_done}/{self.epochs}: "
                    f"loss {loss:.4f}, {speed:,.0f} words/s",
                    file=sys.stderr,
                )

        return report

    def _n_threads(self) -> int | None:
        """Return the number of training threads; None leaves torch's as it is."""
        if self.n_jobs is None:
            return None
        # In a worker process of joblib, -1 gives the processors that are its share.
        return int(_openmp_effective_n_threads(self.n_jobs))

    def _row(self, word: Hashable) -> int:
        try:
            return self.vocabulary_[word]
        except KeyError:
            raise KeyError(f"{word!r} is not in the vocabulary") from None

    def _check_vector(self, vector: NDArray[Any]) -> NDArray[Any]:
        if vector.shape != (self._n_features_out,):
            raise ValueError(
                f"A vector of shape ({self._n_features_out},) expected, got shape "
                f"{vector.shape}."
            )
        return vector

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_matrix_.shape[1])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _as_list(queries: Any) -> list[Any]:
    """Return one query, several, or none, as a list."""
    if queries is None:
        return []
    return list(queries) if isinstance(queries, (list, tuple)) else [queries]


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Scale vectors to length 1; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)
