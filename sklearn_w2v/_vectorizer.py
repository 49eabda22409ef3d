"""The estimator: documents -> tokens -> ids -> matrices -> document vectors."""

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sklearn_w2v._corpus import Corpus, coverage, drop_unknown
from sklearn_w2v._documents import (
    TEXT_PARAMETERS,
    TokenLists,
    analyzer_of,
    warn_of_parameters,
    warn_of_texts,
)
from sklearn_w2v._fit import memory_errors, prepare_fit
from sklearn_w2v._foreign_parameters import (
    reject_foreign_parameters,
    rejects_foreign_parameters,
)
from sklearn_w2v._known_vectors import learned_from_file
from sklearn_w2v._learned import Learned, attributes
from sklearn_w2v._pooling import Pooling
from sklearn_w2v._skipgram.state import Watcher
from sklearn_w2v._sklearn import (
    COUNT_VECTORIZER_CONSTRAINTS,
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    validate_params,
)
from sklearn_w2v._vocabulary import Encoded, encode
from sklearn_w2v._warnings import warn
from sklearn_w2v._watchers import EpochLines, FitCallbacks, ReadingLines
from sklearn_w2v._word2vec_writer import write_vectors
from sklearn_w2v._word_vectors import WordVectors


class Word2VecVectorizer(
    WordVectors,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
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
        takes two or more letters, digits or underscores, which suits languages that
        put blanks between words and no signs into them. Chinese and Japanese want a
        `tokenizer` that segments texts, or ``analyzer=list``, which takes characters;
        so does Thai. Hindi, Bengali, Tamil and their relatives have vowel signs that
        are no letters: add their script's block, as in ``r"[\w\u0900-\u097F]+"`` for
        Devanagari. Not used with a `tokenizer`.

    analyzer : {"word"} or callable, default="word"
        A callable replaces all of the above: it takes a document as it was passed, and
        returns its tokens, which may be any hashable objects that are equal to others
        of their kind. With `analyzer=list` documents are token lists. Bytes reach it as
        they are, not decoded.

    max_df : float in [0.0, 1.0] or int, default=1.0
        Leave out words that stand in more documents than this: a share of the documents
        (float), or a number of them (int). Not used with a `vocabulary`.

    min_df : float in [0.0, 1.0] or int, default=1
        Leave out words that stand in fewer documents than this, likewise.

    max_features : int or None, default=None
        Keep only so many words, the most frequent ones. Not used with a `vocabulary`.

    max_vocab_size : int or None, default=None
        Count only so many different tokens at once, at least 1, about 100 bytes each.
        When there are more, the rarest are forgotten while documents are read, by
        gensim's rule: those met fewer times than a threshold that rises by one each
        time. A warning says so. It bounds memory where a corpus has many millions of
        different tokens; `min_count` and `max_features` apply after it. Not used with a
        `vocabulary`.

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
        Noise words for each pair of a word and its context, from 1 to 1,000,000. Up to
        20 can help on small corpora.

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

    weighting : {"idf", "sif"} or None, default=None
        What a word weighs in the mean of a document: all words alike (None), or rare
        words more, by their smoothed inverse document frequency ("idf", the formula of
        :class:`~sklearn.feature_extraction.text.TfidfTransformer`) or by smooth inverse
        frequency [4]_ ("sif", `sif_a` / (`sif_a` + p) with p a word's share of the
        tokens that are words). With "idf" the sum of weighted vectors is divided by the
        sum of the weights, with "sif" by the number of words, as in [4]_: vectors are
        short. Learned in `fit`. "idf" pays on long texts, above all with neighbours and
        centroids; where frequent words tell classes apart, as in titles on a few
        topics, both lose, "sif" more.

    sif_a : float, default=1e-3
        The smoothing of ``weighting="sif"``, above 0: the lower, the less frequent
        words weigh. 1e-4 to 1e-3 suit large corpora; small ones on few topics, whose
        words all are frequent, want 0.01 to 0.1. Not used with another `weighting`.

    n_components_removed : int, default=0
        How many common directions to remove from the document vectors, at least 0 and
        less than `vector_size`. They are learned once, from the documents of `fit`, as
        in [4]_ but frozen. 1 can help nearest neighbours of short texts; 3 often take
        what tells classes apart; a linear classifier gains nothing.

    norm : {"l2"} or None, default=None
        Whether to scale document vectors to length 1, so that products are cosines.
        Pays with neighbours and centroids; makes little difference to a linear
        classifier.

    epochs : int or "auto", default="auto"
        Passes over the documents, at least 1; with `early_stopping`, at most. "auto"
        reads about five million words in all, in 5 to 20 passes: 20 up to 250,000 words
        that are in the vocabulary, 5 from a million on. More gain little. Not used by
        `partial_fit`, which makes one pass.

    solver : {"adagrad", "adam", "sgd"}, default="adagrad"
        How gradients change vectors: AdaGrad [3]_ with one accumulator for each word;
        Adam on the words that a step touches; or word2vec's plain rule. "adagrad" is
        the fastest and gave the best vectors, and is the only one that goes on with
        steps as short as those before, with `warm_start` and in `partial_fit`.

    learning_rate : float or "auto", default="auto"
        Learning rate at the start, above 0; decays linearly to 0. "auto" is 0.4 for
        "adagrad", 0.03 for "adam" and 0.025 for "sgd".

    batch_size : int or "auto", default="auto"
        Tokens of a training step, at least 1. "auto" makes about fifty steps an
        epoch, of 32 to 3072 tokens; "sgd", which diverges in large steps, gets smaller
        ones. Small steps help small corpora a little and take longer.

    early_stopping : bool, default=False
        Whether to hold documents out of the training, to stop when their loss does not
        improve any more, and to keep the vectors of the best epoch, of at most
        `epochs`. Guards against many epochs that overfit, on small corpora of short
        texts. It is the loss that is best then: a classifier on the vectors can gain
        from more epochs or from fewer, and from the falling learning rate of a fit that
        ends; where there are labels, search for `epochs`. The vocabulary is learned
        from all documents. Not used by `partial_fit`.

    validation_fraction : float, default=0.1
        Share of the documents to hold out, drawn at random, in (0, 1). Not used without
        `early_stopping`.

    n_iter_no_change : int, default=3
        Stop after so many epochs that did not improve the validation score by `tol`, at
        least 1. Not used without `early_stopping`.

    tol : float, default=1e-3
        By how much the validation score, in nats, has to improve in an epoch to count,
        at least 0. Not used without `early_stopping`.

    init_vectors : mapping, KeyedVectors, str, path or None, default=None
        Known vectors of words, of size `vector_size`: a mapping of words to vectors, a
        gensim KeyedVectors, or the path of a file in word2vec's text or binary format
        or in GloVe's, also gzipped (.gz). The words of the vocabulary that are found
        begin there, both as centres and as contexts; the rest begin as usual. Pays
        where documents are few and short: a thousand titles, say. Pass a path rather
        than a large mapping: scikit-learn prints, copies and pickles parameters, and a
        notebook that shows a vectorizer with a dict waits some 3 ms for each word.

    trainable : bool, default=True
        Whether training changes the vectors of words found in `init_vectors`. If False,
        they stay, and the vectors of the other words are learned around them.

    warm_start : bool, default=False
        Whether `fit` goes on from the vectors of the last `fit`. The words known then
        keep their rows, and new ones join behind them: those that `min_count`,
        `min_df` and `max_df` leave of the new documents, as many as `max_features` has
        room for. Counts add up. A given `vocabulary` decides words and rows, and words
        known before keep their vectors. Both matrices are kept for this, which doubles
        the size of the fitted vectorizer. From a fit without it, the next goes on with
        `embedding_matrix_` in the place of both, which costs it an epoch or two.

    memory : str, path, object with the joblib.Memory interface or None, default=None
        Caches the training, in a folder of this name or as the object does. What is
        trained again on the same words with the same parameters of the training, the
        same `random_state`, the same releases of this package and torch, and compiled
        or not (see Notes), is read from there instead: a grid over `weighting`, `norm`,
        `vectors` or the classifier behind trains once for each fold. Documents are
        tokenized and counted anew, and nothing is told to `verbose` or callbacks of
        epochs that are not run. Not used by `partial_fit`, and not with
        ``random_state=None``. What is in the folder is unpickled: trust it as you trust
        code.

    device : str, default="cpu"
        Where to train: a device of torch, such as "cpu", "cuda", "cuda:1" or "mps", or
        "auto" for the first of "cuda", "mps" and "cpu" that is there. What is learned
        is numpy's in any case, and `transform` is the processor's: what one machine
        learned on a device, another without it unpickles and uses. The same
        `random_state` gives other vectors on another kind of device. On "cuda" it gives
        others in each fit, as good as one another: sums are added there in any order,
        and what that changes in the last digits grows. "mps" is not tested.

    n_jobs : int or None, default=None
        Threads of the training, if `device` is "cpu". None and -1 mean all processors
        that are usable: those of the process and its container, or its share as a
        worker of joblib. There are never more threads than usable processors, whatever
        the number. The result is the same, bit for bit, for any of them. More threads
        pay where steps have more than 192 tokens for each (see `batch_size`), and other
        processes leave processors free; where these do not, they cost little. While a
        fit runs, torch has one thread in this process; its own number is put back
        after.

    random_state : int, RandomState instance or None, default=None
        Determines all that is drawn at random. Pass an int for the same vectors each
        time that a vectorizer is fitted anew: the same bits on one machine and install.
        Other kinds of processors round otherwise, and so do compiled and other steps
        (see Notes): there, vectors differ, but are as good.

    verbose : int, default=0
        1 prints a line for each epoch on standard error: loss, speed and time left;
        where the training runs, and whether it is compiled; and a line every five
        seconds while documents are read and in long epochs. For a
        progress bar see Notes.

    Attributes
    ----------
    vocabulary_ : dict
        The words and their rows in `embedding_matrix_`, the most frequent word first
        (or as given in `vocabulary`).

    embedding_matrix_ : ndarray of shape (n_words, vector_size), dtype=float32
        The word vectors.

    center_matrix_, context_matrix_ : ndarray of shape (n_words, vector_size)
        The centre ("input") and context ("output") vectors, float32, where they were
        kept: both by `warm_start` and `partial_fit`, and the one that `vectors` names.
        Otherwise there is no such attribute.

    word_counts_ : ndarray of shape (n_words,), dtype=int64
        How many times each word occurs in the documents of `fit`; in those of all fits
        that go on from one another.

    word_weights_ : ndarray of shape (n_words,), dtype=float32
        What each word weighs in a document's mean, by `weighting`; ones if it is None.

    common_components_ : ndarray of shape (n_components, vector_size), dtype=float32
        The directions that are removed from document vectors, orthonormal:
        `n_components_removed` of them, or fewer if the documents of `fit` span fewer.

    loss_curve_ : list of float
        Mean loss of each epoch for a pair of a word and its context, weighted as
        `shrink_windows` says, in nats: the binary cross-entropy of the pair and of its
        `negative` noise words, summed. It starts near (1 + `negative`) * log(2).
        Computed at sampled steps, before the step is taken. Of all fits that go on from
        one another.

    validation_scores_ : list of float or None
        With `early_stopping`, the score of the documents held out after each epoch:
        minus their mean loss for a pair, in nats; nan for epochs of a fit without it.
        None if there was no such fit.

    n_iter_ : int
        Epochs trained, in all fits that go on from one another; with `early_stopping`
        those after the best one, too.

    init_coverage_ : float or None
        Share of the vocabulary that was found in `init_vectors`, in [0, 1]; None
        without them.

    n_unknown_ : int
        Tokens that `partial_fit` skipped, after its first call, since they are no words
        of the vocabulary.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : Sparse vectors of weighted counts;
        better on long topical texts that all have labels.
    sklearn.decomposition.TruncatedSVD : Makes dense vectors of tf-idf vectors.

    Notes
    -----
    `fit` reads the texts once, and keeps 4 bytes for each token and about 100 for each
    document. Tokens are in memory up to 1 GiB, and beyond it in a temporary file, in
    the folder that the environment variable JOBLIB_TEMP_FOLDER or TMPDIR names; the
    file has no name and leaves nothing behind.

    On the processor, training by "adagrad" and "sgd" is compiled, where the package was
    installed with a C compiler at hand or from a wheel that has it; elsewhere torch
    makes the same steps, two to three times slower. The environment variable
    SKLEARN_W2V_COMPILED requires it ("1") or forbids it ("0"), when the package is
    built and when it trains.

    There is no `ngram_range`: scikit-learn puts all bigrams of a document after all its
    unigrams, which would fill the windows with words that do not stand there.

    With scikit-learn 1.9 or later, callbacks follow a fit:
    ``set_callbacks(sklearn.callback.ProgressBar())`` shows a bar for each fit (``pip
    install "sklearn-w2v[progress]"``). Set it on the outermost estimator, a pipeline or
    a grid search; in a grid search over pipelines the vectorizer is two levels down:
    ``ProgressBar(max_propagation_depth=2)``. A
    :class:`~sklearn.callback.ScoringMonitor` notes a score after each epoch, and a
    callback whose `on_fit_task_end` returns True stops the fit. Their interface is
    experimental.

    A fit that fails or is interrupted leaves the vectorizer as it was.

    Several processes, also of several machines, fit one vectorizer together where each
    has joined a group of :mod:`torch.distributed` and calls `fit` with its own share of
    the documents (torchrun, Ray Train and Spark's TorchDistributor start such groups).
    The vocabulary is that of all documents; each process trains on its share, and their
    matrices are merged as they go [5]_; all end with the same bits, which the seed and
    the number of processes decide. All need the same parameters, but for `n_jobs` (1
    where they share processors), `device`, of one kind, and `verbose` (the first one
    prints). Shares should have about as many tokens, since all wait for the slowest.
    `early_stopping`, callbacks, `init_vectors`, `warm_start` and `partial_fit` work as
    they do alone; `memory` keeps nothing; other solvers than "adagrad" and
    `n_components_removed` are errors. An error of one process ends the fit of all, and
    one that is gone is named; the longest that they wait for one another is the
    ``timeout`` of ``init_process_group``. A group of one process changes nothing.

    To load a vectorizer that skops stored, trust its class:
    ``skops.io.load(path, trusted=["sklearn_w2v._vectorizer.Word2VecVectorizer"])``.

    References
    ----------
    .. [1] Mikolov, T., Chen, K., Corrado, G. and Dean, J. (2013). "Efficient Estimation
       of Word Representations in Vector Space". arXiv:1301.3781.
    .. [2] Mikolov, T., Sutskever, I., Chen, K., Corrado, G. and Dean, J. (2013).
       "Distributed Representations of Words and Phrases and their Compositionality".
       arXiv:1310.4546.
    .. [3] Duchi, J., Hazan, E. and Singer, Y. (2011). "Adaptive Subgradient Methods for
       Online Learning and Stochastic Optimization". JMLR 12, 2121-2159.
    .. [4] Arora, S., Liang, Y. and Ma, T. (2017). "A Simple but Tough-to-Beat Baseline
       for Sentence Embeddings". ICLR.
    .. [5] Maleki, S. et al. (2021). "Scaling Distributed Training with Adaptive
       Summation". MLSys 3.

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
            name: COUNT_VECTORIZER_CONSTRAINTS[name]
            for name in (
                *TEXT_PARAMETERS,
                "max_df",
                "min_df",
                "max_features",
                "vocabulary",
            )
        },
        "analyzer": [StrOptions({"word"}), callable],
        "max_vocab_size": [Interval(Integral, 1, None, closed="left"), None],
        "vector_size": [Interval(Integral, 1, None, closed="left")],
        "window": [Interval(Integral, 1, None, closed="left")],
        "shrink_windows": ["boolean"],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "negative": [Interval(Integral, 1, 1_000_000, closed="both")],
        "ns_exponent": [Interval(Real, -10, 10, closed="both")],
        "sample": [Interval(Real, 0, 1, closed="both"), None],
        "vectors": [StrOptions({"average", "center", "context"})],
        "weighting": [StrOptions({"idf", "sif"}), None],
        "sif_a": [Interval(Real, 0, None, closed="neither")],
        "n_components_removed": [Interval(Integral, 0, None, closed="left")],
        "norm": [StrOptions({"l2"}), None],
        "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "solver": [StrOptions({"adagrad", "adam", "sgd"})],
        "learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "init_vectors": [
            str,
            os.PathLike,
            Mapping,
            HasMethods(["__contains__", "get_vector", "has_index_for"]),
            None,
        ],
        "trainable": ["boolean"],
        "warm_start": ["boolean"],
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "device": [str],
        "n_jobs": [
            None,
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @rejects_foreign_parameters
    def __init__(  # noqa: PLR0913, an estimator has them all
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
        max_vocab_size: int | None = None,
        vocabulary: Mapping[Any, int] | Iterable[Any] | None = None,
        vector_size: int = 100,
        window: int = 5,
        shrink_windows: bool = True,
        min_count: int = 5,
        negative: int = 5,
        ns_exponent: float = 0.75,
        sample: float | None = 1e-3,
        vectors: Literal["average", "center", "context"] = "average",
        weighting: Literal["idf", "sif"] | None = None,
        sif_a: float = 1e-3,
        n_components_removed: int = 0,
        norm: Literal["l2"] | None = None,
        epochs: int | Literal["auto"] = "auto",
        solver: Literal["adagrad", "adam", "sgd"] = "adagrad",
        learning_rate: float | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 3,
        tol: float = 1e-3,
        init_vectors: Any = None,
        trainable: bool = True,
        warm_start: bool = False,
        memory: Any = None,
        device: str = "cpu",
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
        self.max_vocab_size = max_vocab_size
        self.vocabulary = vocabulary
        self.vector_size = vector_size
        self.window = window
        self.shrink_windows = shrink_windows
        self.min_count = min_count
        self.negative = negative
        self.ns_exponent = ns_exponent
        self.sample = sample
        self.vectors = vectors
        self.weighting = weighting
        self.sif_a = sif_a
        self.n_components_removed = n_components_removed
        self.norm = norm
        self.epochs = epochs
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.init_vectors = init_vectors
        self.trainable = trainable
        self.warm_start = warm_start
        self.memory = memory
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[Any], y: Any = None) -> "Word2VecVectorizer":
        """Learn the vocabulary and the word vectors.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents: a list, an array, a Series, a generator...; read once.
        y : None
            Passed to callbacks; otherwise ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            - If `X` is not a column of documents, or has no words that `min_count`,
              `min_df` and `max_df` leave, or none of a given `vocabulary`;
            - if `init_vectors`, or with `warm_start` the last fit, are of another size,
              or a file of vectors is damaged;
            - if `early_stopping` has too few documents, or `n_components_removed` is as
              large as `vector_size`;
            - if torch has no such `device` here;
            - if processes of one group have other parameters, or such as processes
              cannot train with together;
            - if training diverges.
        RuntimeError
            If another process of the group failed, or is gone.
        TypeError
            If a token is not hashable.
        OSError
            If a document is the name of a file that cannot be read, or no room is left
            for the temporary file of a corpus of more than 268 million tokens.
        MemoryError
            If there is no memory for the matrices.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer.fit(["the cat sat", "the dog sat"] * 50).embedding_matrix_.shape
        (4, 8)
        """
        self._fit(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Iterable[Any], y: Any = None) -> "Word2VecVectorizer":
        """Train on one more batch of documents, in one pass.

        The first call learns the vocabulary, unless `vocabulary` or an earlier `fit`
        gave one; it does not grow after that. The learning rate does not decay, since
        the end is not known ("adagrad" takes ever smaller steps all the same), and
        `epochs`, `early_stopping` and `memory` are not used: pass the batches again for
        more. Weights follow the counts of all batches; common directions are those of
        this one.

        It goes on best from a `fit` with ``warm_start=True``, which keeps both
        matrices. After another `fit` it has `embedding_matrix_` in the place of both.
        Vectors from a file know no step lengths either: a low `learning_rate` keeps
        them near.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.
        y : None
            Passed to callbacks; otherwise ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            As `fit` does.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> for batch in [["the cat sat", "the dog sat"] * 50, ["the emu sat"] * 50]:
        ...     vectorizer = vectorizer.partial_fit(batch)
        >>> list(vectorizer.vocabulary_), vectorizer.n_unknown_
        (['the', 'sat', 'cat', 'dog'], 50)
        """
        self._fit(X, y, partial=True)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable[Any], y: Any = None) -> NDArray[np.float32]:
        """Learn from documents and return their vectors; tokenizes them only once.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.
        y : None
            Passed to callbacks; otherwise ignored.

        Returns
        -------
        document_vectors : ndarray of shape (n_documents, vector_size), dtype=float32
            Equal to ``fit(X).transform(X)``.

        Raises
        ------
        ValueError
            As `fit` does.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer.fit_transform(["the cat sat", "the dog sat"] * 50).shape
        (100, 8)
        """
        corpus = self._fit(X, y)
        return self._pooling(self._learned()).document_vectors(corpus)

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:
        """Return the mean word vector of each document.

        Weighted, less common directions and scaled, as `weighting`,
        `n_components_removed` and `norm` say.

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

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer = vectorizer.fit(["the cat sat", "the dog sat"] * 50)
        >>> two = vectorizer.transform(["the cat", "cat the unknown"])
        >>> bool((two[0] == two[1]).all())
        True
        """
        learned = self._learned()
        corpus = drop_unknown(self._encode(X, learned))
        return self._pooling(learned).document_vectors(corpus)

    def coverage(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return the share of each document's tokens that the vocabulary knows.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.

        Returns
        -------
        shares : ndarray of shape (n_documents,), dtype=float64
            From 0 to 1; 0 for a document without tokens.

        Raises
        ------
        ValueError
            If `X` is not a column of documents.
        NotFittedError
            If `fit` was not called before.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer().fit(["the cat sat"] * 500)
        >>> vectorizer.coverage(["the cat ran", "cat", "no one", ""])
        array([0.66666667, 1.        , 0.        , 0.        ])
        """
        return coverage(self._encode(X, self._learned()))

    def word_contributions(self, document: Any, coef: Any) -> list[tuple[Any, float]]:
        """Split a linear model's score of a document into parts of its words.

        A document vector is linear in its word vectors, but for its length with
        ``norm="l2"``, which scales all parts alike. So the score splits exactly.

        Parameters
        ----------
        document : str
            A raw document.
        coef : array-like of shape (vector_size,) or (1, vector_size)
            The coefficients of a linear model on the document vectors, of one class:
            ``classifier.coef_[0]``. With a ``StandardScaler`` between,
            ``classifier.coef_[0] / scaler.scale_``.

        Returns
        -------
        contributions : list of (word, contribution)
            The known words in the order of the document, repeats included. Their sum is
            the decision function of the document less the intercept (with a
            ``StandardScaler`` between, less the decision function of a zero vector).

        Raises
        ------
        ValueError
            If the document is missing or no text, or `coef` is of another shape.
        NotFittedError
            If `fit` was not called before.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> texts = ["the cat chased the dog", "the bank sold the bond"] * 50
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectors = vectorizer.fit_transform(texts)
        >>> classifier = LogisticRegression().fit(vectors, [0, 1] * 50)
        >>> text = "The cat sold it"
        >>> parts = vectorizer.word_contributions(text, classifier.coef_)
        >>> [word for word, contribution in parts]
        ['the', 'cat', 'sold']
        >>> score = classifier.decision_function(vectorizer.transform([text]))
        >>> in_parts = sum(contribution for word, contribution in parts)
        >>> bool(abs(in_parts + classifier.intercept_ - score) < 1e-6)
        True
        """
        learned = self._learned()
        corpus = drop_unknown(self._encode([document], learned))
        coef = np.asarray(coef, dtype=np.float64)
        if coef.shape == (1, self._n_features_out):
            coef = coef[0]
        if coef.shape != (self._n_features_out,):
            raise ValueError(
                f"coef of shape ({self._n_features_out},) expected, got {coef.shape}. "
                "Of a classifier with several classes, pass the row of one, for "
                "example coef_[0]."
            )
        contributions = self._pooling(learned).contributions(corpus.ids, coef)
        words = list(self.vocabulary_)
        return [
            (words[row], contribution)
            for row, contribution in zip(
                corpus.ids.tolist(), contributions.tolist(), strict=True
            )
        ]

    def save_word2vec_format(
        self, path: str | os.PathLike[str], binary: bool = False
    ) -> None:
        """Write the word vectors to a file in the format of the word2vec program.

        The file appears whole or not at all. The format holds words and vectors, and
        nothing else: pickle the vectorizer to keep all of it.

        Parameters
        ----------
        path : str or path
            The file; gzipped if its name ends in ".gz".
        binary : bool, default=False
            Whether to write numbers as bytes instead of text. Both are exact.

        Raises
        ------
        ValueError
            If a word is not a text that the format can hold, as one with a space.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8).fit(["the cat sat"] * 500)
        >>> with TemporaryDirectory() as folder:
        ...     vectorizer.save_word2vec_format(f"{folder}/vectors.txt")
        ...     print(Path(folder, "vectors.txt").read_text().splitlines()[0])
        3 8
        """
        check_is_fitted(self)
        write_vectors(path, self.vocabulary_, self.embedding_matrix_, binary=binary)

    @classmethod
    def from_word2vec_format(
        cls, path: str | os.PathLike[str], **params: Any
    ) -> "Word2VecVectorizer":
        """Make a vectorizer that is ready to transform out of a file of word vectors.

        Parameters
        ----------
        path : str or path
            A file in word2vec's text or binary format or in GloVe's, gzipped or not;
            which of these is seen from its content.
        **params : dict
            Parameters of the vectorizer, for example ``lowercase=False`` where the
            words of the file have capitals. Of a large file, `max_features` reads the
            first so many words (the most frequent ones in most files), and
            `vocabulary` the words that stand in it, in its order.

        Returns
        -------
        vectorizer : Word2VecVectorizer
            Fitted, with `word_counts_` of 0, since the file has none.

        Raises
        ------
        ValueError
            If the file is truncated, or not a file of word vectors, or has no word of
            `vocabulary`, or if `params` ask for another `vector_size`, or for a
            `weighting` or directions to remove, which take documents to learn.
        OSError
            If the file cannot be read.

        Examples
        --------
        In a pipeline, frozen, since `fit` would learn other vectors:

        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.frozen import FrozenEstimator
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer().fit(["the cat sat"] * 500)
        >>> with TemporaryDirectory() as folder:
        ...     vectorizer.save_word2vec_format(f"{folder}/vectors.txt.gz")
        ...     loaded = Word2VecVectorizer.from_word2vec_format(
        ...         f"{folder}/vectors.txt.gz"
        ...     )
        >>> frozen = FrozenEstimator(loaded).fit(["other documents"], None)
        >>> bool((frozen.transform(["a cat"]) == vectorizer.transform(["a cat"])).all())
        True
        """
        vectorizer = cls(**params)
        validate_params(vectorizer)
        learned = learned_from_file(path, vectorizer, params.get("vector_size"))
        if "vector_size" not in params:
            vectorizer.set_params(vector_size=learned.embedding_matrix.shape[1])
        vectorizer._set_learned(learned)
        return vectorizer

    def _fit(self, X: Iterable[Any], y: Any, *, partial: bool = False) -> Corpus:
        """Fit, and return the encoded documents."""
        before = self._continued(partial)
        token_lists = self._token_lists(X)
        from sklearn_w2v._group import all_ranks  # noqa: PLC0415, it imports torch

        with all_ranks() as ranks:
            fit = prepare_fit(self, before, partial=partial, ranks=ranks)
            is_verbose = self.verbose and ranks.rank == 0
            documents = ReadingLines().watch(token_lists) if is_verbose else token_lists
            encoded = fit.encode(documents)
            if before is None:
                self._warn_of_documents(token_lists, encoded)
            with memory_errors(len(encoded.vocabulary), fit.parameters.vector_size):
                training = fit.plan(encoded)
                epochs = training.plan.epochs if training else 1
                callbacks = FitCallbacks(
                    self,
                    X,
                    y,
                    epochs,
                    lambda trained: attributes(fit.learn(encoded, training, trained)),
                )
                lines = EpochLines(None if partial else epochs, fit.how_it_trains())
                watchers: list[Watcher] = [lines, callbacks]
                if not is_verbose:
                    watchers = [callbacks]
                trained = fit.train(training, watchers)
                learned = fit.learn(encoded, training, trained)
            callbacks.fit_ends(attributes(learned))
            ranks.barrier("the end of the fit")
        self._set_learned(learned)
        return encoded.corpus

    def _warn_of_documents(self, token_lists: TokenLists, encoded: Encoded) -> None:
        lengths = encoded.corpus.lengths
        n_without_words = len(lengths) - int(np.count_nonzero(lengths))
        warn_of_parameters(self._text_parameters(), self.vocabulary)
        n_words = len(encoded.vocabulary)
        warn_of_texts(token_lists, n_without_words, len(lengths), n_words)

    def _continued(self, partial: bool) -> Learned | None:
        """Return what the last fit learned, if this one continues it."""
        if self.__sklearn_is_fitted__() and (partial or self.warm_start):
            return self._learned()
        if self._is_from_file() and self.init_vectors is None:
            warn(
                "fit learns word vectors from scratch, and drops those of the file. To "
                "keep them, wrap the vectorizer in sklearn.frozen.FrozenEstimator; to "
                "continue from them, pass the file as init_vectors."
            )
        return None

    def _pooling(self, learned: Learned) -> Pooling:
        return Pooling(
            learned.embedding_matrix,
            learned.word_weights,
            learned.divides_by_weights,
            learned.common_components,
            self.norm,
        )

    def _encode(self, X: Iterable[Any], learned: Learned) -> Corpus:
        """Return documents as rows, with tokens that are no words."""
        return encode(self._token_lists(X), learned.vocabulary)

    def _token_lists(self, X: Iterable[Any]) -> TokenLists:
        takes_text = self.analyzer == "word" and self.input == "content"
        return TokenLists(
            X,
            analyzer_of(self, self._text_parameters()),
            takes_text=takes_text,
            reads_files=self.input != "content",
        )

    def _text_parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TEXT_PARAMETERS}

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_matrix_.shape[1])

    def set_params(self, **params: Any) -> "Word2VecVectorizer":
        """Set parameters, which the next fit goes by.

        Parameters
        ----------
        **params : dict
            Parameters by their names.

        Returns
        -------
        self : Word2VecVectorizer
            The vectorizer itself.

        Raises
        ------
        ValueError
            If there is no such parameter; those of gensim are told their names here.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> Word2VecVectorizer().set_params(vector_size=300)
        Word2VecVectorizer(vector_size=300)
        """
        reject_foreign_parameters(self, params, ValueError)
        return cast("Word2VecVectorizer", super().set_params(**params))

    def __sklearn_clone__(self) -> "Word2VecVectorizer":
        if self._is_from_file():
            warn(
                "A clone of a vectorizer from a file, as cross-validation and grid "
                "searches make them, has none of its vectors, and fit will learn "
                "others. To keep them, wrap the vectorizer in "
                "sklearn.frozen.FrozenEstimator."
            )
        return cast("Word2VecVectorizer", super().__sklearn_clone__())

    def _is_from_file(self) -> bool:
        return self.__sklearn_is_fitted__() and not self.n_iter_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags
