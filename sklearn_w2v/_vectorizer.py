"""The estimator: documents -> tokens -> ids -> matrices -> document vectors."""

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._documents import (
    TEXT_PARAMETERS,
    check_one_document,
    token_lists_of,
    warn_of_documents,
)
from sklearn_w2v._extras import check_torch
from sklearn_w2v._fit import memory_errors, prepare_fit
from sklearn_w2v._foreign_parameters import (
    reject_foreign_parameters,
    rejects_foreign_parameters,
)
from sklearn_w2v._joblib_workers import check_not_in_worker, copy_mark
from sklearn_w2v._learned import Learned, attributes
from sklearn_w2v._search import words_by_row
from sklearn_w2v._skipgram.state import Trained, Watcher
from sklearn_w2v._sklearn import (
    COUNT_VECTORIZER_CONSTRAINTS,
    CallbackSupportMixin,
    HasMethods,
    Hidden,
    Interval,
    StrOptions,
    TorchDevice,
    fit_context,
)
from sklearn_w2v._vector_files import VectorFiles
from sklearn_w2v._vocabulary import encode
from sklearn_w2v._warnings import warn
from sklearn_w2v._watchers import EpochLines, FitCallbacks, print_reading
from sklearn_w2v._word_vectors import WordVectors

#: The parameters whose constraints are those of CountVectorizer.
SHARED_PARAMETERS = (*TEXT_PARAMETERS, "max_df", "min_df", "max_features", "vocabulary")

AUTO = StrOptions({"auto"})
POSITIVE_INT = Interval(Integral, 1, None, closed="left")
KEYED_VECTORS = HasMethods(["__contains__", "get_vector", "has_index_for"])
#: FitParameters refuses them with a cure.
GENSIM_MODEL = Hidden(HasMethods(["build_vocab", "train"]))


class Word2VecVectorizer(
    WordVectors,
    VectorFiles,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    r"""Convert a collection of raw documents to a matrix of mean word vectors.

    `fit` trains word2vec (skip-gram with negative sampling) [1]_ [2]_ on the documents.
    `transform` returns the mean vector of the words of each document. The estimator can
    replace a :class:`~sklearn.feature_extraction.text.TfidfVectorizer` and takes its
    text parameters except those of n-grams. It is most useful if few of many documents
    have labels or texts are short, for small dense matrices, and for sequences that are
    not text.

    If few documents have labels, fit the vectorizer on all documents, and put it into
    the pipeline as a :class:`~sklearn.frozen.FrozenEstimator`: see Examples. Otherwise
    `fit` of the pipeline learns word vectors from the labeled documents alone.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        Whether documents are texts (str or bytes), names of files, or file objects.

    encoding : str, default="utf-8"
        Encoding of documents that are bytes or files.

    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do with bytes that `encoding` cannot decode.

    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        How to remove accents. "ascii" is fast and handles only characters that have a
        direct ASCII equivalent; "unicode" handles all characters.

    lowercase : bool, default=True
        Whether to convert documents to lowercase before tokenizing.

    preprocessor : callable or None, default=None
        Replaces `strip_accents` and `lowercase`: takes a document, after files are read
        and bytes decoded, and returns a text. Documents can be any objects that it
        takes, such as records with ``preprocessor=lambda record: record["title"]``.

    tokenizer : callable or None, default=None
        Replaces `token_pattern`: takes a text and returns a list of tokens. It takes
        what a `preprocessor` returns, and the documents themselves with
        ``lowercase=False`` and without `preprocessor` and `strip_accents`: any objects.

    stop_words : {"english"}, list of str or None, default=None
        Tokens to leave out. `max_df` leaves out words of too many documents. `sample`
        is no substitute: it drops frequent words from training, but not from document
        vectors, where `weighting` can give them less weight.

    token_pattern : str or None, default=r"(?u)\b\w\w+\b"
        Regular expression of a token. If it has a capturing group, the group is the
        token. The default matches two or more letters, digits or underscores. Languages
        without spaces between words (Chinese, Japanese, Thai) need a `tokenizer` that
        segments texts, or ``analyzer=list`` for characters. Hindi, Bengali, Tamil and
        related languages have vowel signs that are not letters: add their script's
        block, as ``r"[\w\u0900-\u097F]+"`` does for Devanagari. Not used with a
        `tokenizer`.

    analyzer : {"word"} or callable, default="word"
        A callable replaces all parameters above except `input`, `encoding` and
        `decode_error`: it takes a document, after files are read and bytes decoded, and
        returns its tokens. Tokens can be any objects whose equality and hash are by
        value: not tensors, and not scalars of pyarrow.
        With ``analyzer=list``, documents can be lists of tokens, or the rows of a 2-D
        array of integers, which is read fastest. Mask the padding of shorter rows, as
        in ``np.ma.masked_equal(X, -1)``.

    max_df : float in [0.0, 1.0] or int, default=1.0
        Ignore words that occur in more documents than this: a proportion of the
        documents (float) or a number of documents (int). Not used with a `vocabulary`.

    min_df : float in [0.0, 1.0] or int, default=1
        Ignore words that occur in fewer documents than this; otherwise like `max_df`.

    max_features : int or None, default=None
        Keep only this many words, the most frequent ones. Not used with a `vocabulary`.

    max_vocab_size : int or None, default=None
        Largest number of distinct tokens to count at once, at least 1, of about 100
        bytes each. It limits memory if a corpus has many millions of distinct tokens:
        the rarest are forgotten while documents are read, with a warning, as in gensim.
        `min_count` and `max_features` apply afterwards. Not used with a `vocabulary`.

    vocabulary : mapping, iterable or None, default=None
        The words to use: a mapping of words to rows 0, 1, 2..., or an iterable of
        words. If None, the vocabulary is learned from the documents.

    vector_size : int, default=100
        Dimension of the word and document vectors, at least 1. Large corpora benefit
        from more dimensions. Training time grows in proportion.

    window : int, default=5
        Largest distance between a word and a context word, at least 1. Wide windows
        (10) capture topics and help on long texts; narrow windows (2) capture which
        words can replace each other.

    shrink_windows : bool, default=True
        Whether closer pairs count more. If True, a pair at distance d has the weight
        ``(window + 1 - d) / window``: the proportion of word2vec's windows, drawn from
        1 to `window`, that include it. If False, all pairs have weight 1.

    min_count : int, default=5
        Ignore words that occur fewer times than this in all documents, at least 1. Rare
        words get poor vectors, which clutter the results of `most_similar`. Small
        corpora need 2 or 1 nevertheless. Not used with a `vocabulary`.

    negative : int, default=5
        Number of noise words for each pair of a word and a context word, from 1 to
        1,000,000. Up to 20 can help on small corpora. Pairs share the noise words that
        are drawn, and this is their weight, so it does not change the time of a fit.

    ns_exponent : float, default=0.75
        Exponent of the noise distribution, in [-10, 10]: words are drawn in proportion
        to ``count ** ns_exponent``. 1 follows the counts, and 0 draws all words equally
        often. Negative values prefer rare words, which can help on baskets and clicks.

    sample : float or None, default=1e-3
        Threshold for the subsampling of frequent words, as a proportion of all tokens,
        in [0, 1]. Lower values drop more of the frequent words, so training is faster.
        0 and None turn it off.

    vectors : {"average", "center", "context"}, default="average"
        Vector of a word: its center vector ("input" vector in word2vec), its context
        vector, or the average of both.

    weighting : {"idf", "sif"} or None, default=None
        Weights of the words in the mean of a document, learned in `fit`. None weights
        all words equally. The others weight rare words more: by the smoothed inverse
        document frequency of :class:`~sklearn.feature_extraction.text.TfidfTransformer`
        ("idf"), or by the smooth inverse frequency [4]_ ``sif_a / (sif_a + p)``, with p
        the word's proportion of all tokens that are words ("sif"). "idf" helps on long
        texts, above all with nearest neighbors and centroids. Where frequent words
        distinguish the classes, as in titles on a few topics, both do harm, "sif" more.

    sif_a : float, default=1e-3
        Smoothing of ``weighting="sif"``, above 0. Lower values give frequent words less
        weight. 1e-4 to 1e-3 suit large corpora, and 0.01 to 0.1 small corpora on few
        topics. Only used with ``weighting="sif"``.

    n_components_removed : int, default=0
        Number of common directions to remove from the document vectors [4]_, at least 0
        and less than `vector_size`. They are computed from the documents of `fit`. 1
        can help nearest neighbors of short texts. 3 often remove what distinguishes the
        classes. Linear classifiers do not benefit.

    norm : {"l2"} or None, default=None
        Whether to scale document vectors to length 1, so that dot products are cosines.
        This helps with neighbors and centroids, and hardly affects linear classifiers.

    epochs : int or "auto", default="auto"
        Number of passes over the documents, at least 1; the maximum with
        `early_stopping`. "auto" reads about five million tokens of the vocabulary, in 5
        to 20 passes: 20 over up to 250,000 tokens, 5 over a million or more. More
        passes gain little. Short texts on few topics, such as titles, need only 5. Not
        used by `partial_fit`, which makes one pass.

    solver : {"adagrad", "adam", "sgd"}, default="adagrad"
        How gradients change vectors: AdaGrad [3]_ with one accumulator per word, Adam
        on the words of each step, or word2vec's plain gradient descent. "adagrad" is
        the fastest and gave the best vectors. Only "adagrad" keeps its step lengths
        when a fit continues another, by `warm_start` or `partial_fit`.

    learning_rate : float or "auto", default="auto"
        Initial learning rate, above 0. It decays linearly to 0. "auto" is 0.4 for
        "adagrad", 0.03 for "adam" and 0.025 for "sgd". With "adagrad", lower rates
        favor broad groups over details. They suit node vectors from random walks if
        similar nodes should be of one community: 0.1 for about 400 visits of each node
        in all epochs. Keep "auto" for similar words, next items and long texts.

    batch_size : int or "auto", default="auto"
        Number of tokens in a training step, at least 1. "auto" takes a fiftieth of the
        tokens of an epoch, from 32 to 3072 (4096 on a GPU); "sgd" gets smaller steps,
        since it diverges in large ones. Small steps help small corpora a little, but
        take longer.

    early_stopping : bool, default=False
        Whether to hold out documents, stop when their loss no longer improves, and keep
        the vectors of the best epoch. `epochs` is the maximum. This prevents
        overfitting in many epochs on small corpora of short texts. If there are labels,
        search for `epochs` instead: the lowest loss is not always best for a
        classifier. The vocabulary is learned from all documents. Not used by
        `partial_fit`.

    validation_fraction : float, default=0.1
        Proportion of the documents to hold out, drawn at random, in (0, 1). Only used
        with `early_stopping`.

    n_iter_no_change : int, default=3
        Stop after this many consecutive epochs that do not improve the validation score
        by `tol`, at least 1. Only used with `early_stopping`.

    tol : float, default=1e-3
        Smallest improvement of the validation score that counts, in nats, at least 0.
        Only used with `early_stopping`.

    init_vectors : mapping, KeyedVectors, str, path or None, default=None
        Known word vectors, of size `vector_size`: a mapping of words to vectors, a
        gensim KeyedVectors, or the path of a file in word2vec's text or binary format
        or in GloVe's format, also gzipped. Words of the vocabulary that are found start
        at these vectors in both matrices; other words start as usual. This helps if
        documents are few and short, such as a thousand titles. Pass a path instead of a
        large mapping, since scikit-learn prints, copies and pickles parameters.

    trainable : bool, default=True
        Whether training changes the vectors of words found in `init_vectors`. If False,
        they stay fixed, and the vectors of other words are learned around them. Not
        used without `init_vectors`.

    store_matrices : bool, default=False
        Whether to keep both matrices of word2vec, `center_matrix_` and
        `context_matrix_`, which `most_likely_context` and `likely_contexts` need. This
        doubles the size of the vectorizer. `warm_start` and `partial_fit` always keep
        them.

    warm_start : bool, default=False
        Whether `fit` continues from the vectors of the last `fit`. Known words keep
        their rows. New words that pass `min_count`, `min_df` and `max_df` in the new
        documents come after them, up to `max_features` in all. Counts are added up. A
        given `vocabulary` decides words and rows, and known words keep their vectors.
        Both matrices are kept, as with `store_matrices`.

    memory : str, path, object with the joblib.Memory interface or None, default=None
        Cache of the training: the name of a folder, or the object. A training is read
        from the cache if it would be the same: words, parameters of the training,
        `random_state`, releases and implementation. So a grid search over `weighting`,
        `norm`, `vectors` or a later classifier trains once per fold. Documents are
        still tokenized and counted. Not used by `partial_fit` or with
        ``random_state=None``. Files are unpickled: trust the folder as you trust code.

    device : str or torch.device, default="cpu"
        Where to train: a device of torch or its name, such as "cpu", "cuda", "cuda:1"
        or "mps", or "auto" for the first of "cuda", "mps" and "cpu" that is available.
        `transform` always runs on the CPU. Different kinds of device give different
        vectors for the same `random_state`, and on "cuda" each fit does, of the same
        quality. "mps" is not tested.

    n_jobs : int or None, default=None
        Number of training threads if `device` is "cpu". None and -1 mean all usable
        CPUs: those of the process and its container, or its share as a joblib worker.
        There are never more threads than usable CPUs. Any number gives the same result,
        bit for bit. During a fit torch has one thread in this process; its number is
        restored afterwards.

    random_state : int, RandomState instance or None, default=None
        Determines all random draws. Pass an int for the same vectors in each new fit,
        bit for bit on one machine and installation. Other CPUs and other steps
        (compiled or not, see Notes) round differently: vectors differ, but are as good.

    verbose : int, default=0
        1 prints on standard error where the training runs, and whether it is compiled;
        the loss, speed and time left after each epoch; and every five seconds the
        progress of long epochs and of reading documents.

    Attributes
    ----------
    vocabulary_ : dict
        Mapping of words to rows of `embedding_matrix_`, the most frequent word first
        (or as given in `vocabulary`).

    embedding_matrix_ : ndarray of shape (n_words, vector_size), dtype=float32
        The word vectors. To change them, assign a new array: look-ups keep the lengths
        of the vectors as long as the array exists.

    center_matrix_, context_matrix_ : ndarray of shape (n_words, vector_size)
        The center ("input") and context ("output") vectors, float32. Both exist with
        `store_matrices` or `warm_start`, or after `partial_fit`. Otherwise only the one
        that `vectors` names exists.

    word_counts_ : ndarray of shape (n_words,), dtype=int64
        Number of occurrences of each word, in all fits that continue one another.

    word_weights_ : ndarray of shape (n_words,), dtype=float32
        Weight of each word in the mean of a document; ones if `weighting` is None.

    common_components_ : ndarray of shape (n_components, vector_size), dtype=float32
        Orthonormal directions that are removed from document vectors:
        `n_components_removed` of them, or fewer if the documents of `fit` span fewer.

    loss_curve_ : list of float
        Mean loss per pair in each epoch, in nats, weighted as in `shrink_windows`: the
        sum of the binary cross-entropies of the pair and of its `negative` noise words.
        Before the first step it is (1 + `negative`) * log(2). It is computed at sampled
        steps, before the step is taken. It covers all fits that continue one another.

    validation_scores_ : list of float or None
        Score of the held-out documents after each epoch: minus their mean loss per
        pair, in nats. nan for epochs without `early_stopping`; None if no fit had it.

    n_iter_ : int
        Number of epochs in all fits that continue one another; with `early_stopping`
        including those after the best one.

    init_coverage_ : float or None
        Share of the vocabulary found in `init_vectors`, in [0, 1]; None without them.

    n_unknown_ : int
        Number of unknown tokens that `partial_fit` skipped, after its first call.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : Sparse vectors of weighted counts;
        better on long topical texts that all have labels.
    sklearn.decomposition.TruncatedSVD : Makes dense vectors of tf-idf vectors.

    Notes
    -----
    The project's guide has more: the algorithm and its formulas, a page for each job
    (few labels, sequences, graphs, serving, large corpora, several machines), and which
    parameters to tune.

    `fit` reads the documents once. It keeps 4 bytes per token and about 100 bytes per
    document. If tokens take more than 1 GiB, all of them are in a temporary file, in
    the folder that the environment variable JOBLIB_TEMP_FOLDER or TMPDIR names.

    On the CPU, "adagrad" and "sgd" train in compiled steps if the package was installed
    where there is a C compiler, or from a wheel with them. Otherwise torch trains, two
    to three times slower. The environment variable SKLEARN_W2V_COMPILED requires the
    compiled steps ("1") or forbids them ("0"), at build and training time. "adam" and
    other devices train by torch also with "1".

    There is no `ngram_range`: scikit-learn appends all bigrams of a document to its
    unigrams, so windows would have words that are not next to each other in the text.

    A fit that fails or is interrupted leaves the vectorizer unchanged. Several threads
    can call `transform` and look-ups of one vectorizer, also while another thread fits
    it: each call answers with the last fit or with the new one. Two fits of one
    vectorizer at the same time, and `set_params` meanwhile, are not safe.

    In a group of :mod:`torch.distributed`, such as torchrun, Ray Train and Spark's
    TorchDistributor start, each process calls `fit` with its share of the documents,
    and all train one vectorizer [5]_ [6]_. All end with the same bits, which depend on
    the seed and the number of processes. All need the same parameters, except `n_jobs`,
    `device` and `verbose`. `memory` stores nothing, and solvers other than "adagrad"
    and `n_components_removed` are errors. Within :func:`use_group`, a process fits
    alone, or in another group.

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
    .. [6] Shen, S. et al. (2019). "Faster Distributed Deep Net Training: Computation
       and Communication Decoupled Stochastic Gradient Descent". IJCAI.

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

    If few documents have labels, only the classifier learns from them:

    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> model = make_pipeline(
    ...     FrozenEstimator(vectorizer), StandardScaler(), LogisticRegression()
    ... )
    >>> labeled, labels = documents[:4], ["cat", "dog", "cat", "dog"]
    >>> model.fit(labeled, labels).predict(["a dog on a mat"])
    array(['dog'], dtype='<U3')

    A small corpus needs its rare words. Wide windows capture topics, and vectors of
    length 1 suit nearest neighbors:

    >>> small = Word2VecVectorizer(
    ...     min_count=1, window=10, norm="l2", vector_size=8, random_state=0
    ... )
    >>> (small.fit_transform(documents[:2] * 20) ** 2).sum(axis=1)[:2].round(3)
    array([1., 1.], dtype=float32)

    Documents can be sequences of items. `sample` is made for words: None keeps all
    occurrences of items, which are often few and frequent:

    >>> baskets = [["bread", "butter", "jam"], ["paint", "brush", "tape"]] * 100
    >>> items = Word2VecVectorizer(
    ...     analyzer=list, sample=None, vector_size=8, random_state=0
    ... ).fit(baskets)
    >>> sorted(item for item, _ in items.most_similar("paint", topn=2))
    ['brush', 'tape']
    """

    # skrub passes a column instead of a data frame to transformers that have this.
    __single_column_transformer__ = True

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: COUNT_VECTORIZER_CONSTRAINTS[name] for name in SHARED_PARAMETERS},
        "analyzer": [StrOptions({"word"}), callable],
        "max_vocab_size": [POSITIVE_INT, None],
        "vector_size": [POSITIVE_INT],
        "window": [POSITIVE_INT],
        "shrink_windows": ["boolean"],
        "min_count": [POSITIVE_INT],
        "negative": [Interval(Integral, 1, 1_000_000, closed="both")],
        "ns_exponent": [Interval(Real, -10, 10, closed="both")],
        "sample": [Interval(Real, 0, 1, closed="both"), None],
        "vectors": [StrOptions({"average", "center", "context"})],
        "weighting": [StrOptions({"idf", "sif"}), None],
        "sif_a": [Interval(Real, 0, None, closed="neither")],
        "n_components_removed": [Interval(Integral, 0, None, closed="left")],
        "norm": [StrOptions({"l2"}), None],
        "epochs": [AUTO, POSITIVE_INT],
        "solver": [StrOptions({"adagrad", "adam", "sgd"})],
        "learning_rate": [AUTO, Interval(Real, 0, None, closed="neither")],
        "batch_size": [AUTO, POSITIVE_INT],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [POSITIVE_INT],
        "tol": [Interval(Real, 0, None, closed="left")],
        "init_vectors": [str, os.PathLike, Mapping, KEYED_VECTORS, GENSIM_MODEL, None],
        "trainable": ["boolean"],
        "store_matrices": ["boolean"],
        "warm_start": ["boolean"],
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "device": [str, TorchDevice()],
        "n_jobs": [None, Interval(Integral, None, -1, closed="right"), POSITIVE_INT],
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
        preprocessor: Callable[[Any], Any] | None = None,
        tokenizer: Callable[[Any], Iterable[Any]] | None = None,
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
        store_matrices: bool = False,
        warm_start: bool = False,
        memory: Any = None,
        device: Any = "cpu",
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
        self.store_matrices = store_matrices
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
            Raw documents, read once: a list, Series, generator, or an array of NumPy or
            pyarrow, for example.
        y : None
            Passed to callbacks; otherwise ignored.

        Returns
        -------
        self : Word2VecVectorizer
            The fitted vectorizer.

        Raises
        ------
        ValueError
            - If `X` is not a column of documents, or has no word that `min_count`,
              `min_df` and `max_df` leave, or none of a given `vocabulary`;
            - if `init_vectors`, or the last fit with `warm_start`, have another size,
              or a file of vectors is damaged;
            - if there are too few documents for `early_stopping`, or
              `n_components_removed` is not less than `vector_size`;
            - if torch has no such `device` on this machine;
            - if the processes of a group have different or unsupported parameters;
            - if training diverges.
        RuntimeError
            - If another process of the group failed, was lost or did not call `fit`;
            - in a group, if another thread already fits, or in a worker process that
              joblib started: see :func:`use_group`;
            - if compiled steps are required but were not built.
        TypeError
            If a token is not hashable.
        ModuleNotFoundError
            If torch is not installed.
        OSError
            If a file cannot be read, or there is no space for the temporary file of a
            corpus of more than 268 million tokens, or of tokens that `max_vocab_size`
            forgot.
        MemoryError
            If there is not enough memory for the matrices.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If nothing was learned, or the loss rose, or `early_stopping` has no score.
        sklearn_w2v.DocumentWarning
            If texts were probably not read as intended, documents are sets, whose order
            is not repeatable, words of `vocabulary` have capitals under
            ``lowercase=True``, or `max_vocab_size` forgot tokens, or if all processes
            of a group have passed the same documents.
        UserWarning
            In other cases, such as parameters that are not used, a `memory` that stores
            nothing, `init_vectors` without any of the words, a `fit` that drops the
            vectors of a file, or another process of the group that has not called `fit`
            for a minute.

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
        """Train on one batch of documents, in one pass.

        The first call learns the vocabulary, unless `vocabulary` or an earlier `fit`
        gave it; later calls add no words. The first call looks up `init_vectors`; later
        calls, and calls after a `fit`, do not use them. The learning rate does not
        decay, since the number of batches is not known, but the steps of "adagrad"
        become shorter. `epochs`, `early_stopping` and `memory` are not used: for more
        epochs, pass the batches again. Word weights are those of all batches, common
        directions those of the last batch.

        To continue a `fit`, give it ``store_matrices=True`` or ``warm_start=True``,
        which keep both matrices: otherwise both start at `embedding_matrix_`. Vectors
        from a file come without step lengths, so use a low `learning_rate` to change
        them little.

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
        ValueError, RuntimeError
            As in `fit`.

        Warns
        -----
        UserWarning
            As in `fit`. Documents and losses are checked in the first call only. That
            all processes of a group pass the same documents is noticed in each call.

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
        """Fit to documents and return their vectors; tokenize them only once.

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
        ValueError, RuntimeError
            As in `fit`.

        Warns
        -----
        UserWarning
            As in `fit`.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer(vector_size=8, random_state=0)
        >>> vectorizer.fit_transform(["the cat sat", "the dog sat"] * 50).shape
        (100, 8)
        """
        learned, corpus = self._fit(X, y)
        return learned.pooling(self.norm).document_vectors(corpus)

    def transform(self, X: Iterable[Any]) -> NDArray[np.float32]:
        """Return the mean word vector of each document.

        `weighting`, `n_components_removed` and `norm` change the plain mean.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.

        Returns
        -------
        document_vectors : ndarray of shape (n_documents, vector_size), dtype=float32
            The mean over the tokens of a document that are in the vocabulary; zeros for
            a document without any.

        Raises
        ------
        ValueError
            If `X` is not a column of documents.
        NotFittedError
            If the vectorizer is not fitted.

        Warns
        -----
        UserWarning
            If `stop_words` are inconsistent with the tokenization.

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
        corpus = self._encode(X, learned).drop_unknown()
        return learned.pooling(self.norm).document_vectors(corpus)

    def coverage(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Return the proportion of each document's tokens in the vocabulary.

        Parameters
        ----------
        X : iterable of length n_documents
            Raw documents.

        Returns
        -------
        proportions : ndarray of shape (n_documents,), dtype=float64
            In [0, 1]; 0 for a document without tokens.

        Raises
        ------
        ValueError
            If `X` is not a column of documents.
        NotFittedError
            If the vectorizer is not fitted.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> vectorizer = Word2VecVectorizer().fit(["the cat sat"] * 500)
        >>> vectorizer.coverage(["the cat ran", "cat", "no one", ""])
        array([0.66666667, 1.        , 0.        , 0.        ])
        """
        return self._encode(X, self._learned()).coverage()

    def word_contributions(self, document: Any, coef: Any) -> list[tuple[Any, float]]:
        """Split a linear model's score of a document into contributions of its words.

        The split is exact: a document vector is linear in its word vectors, except that
        ``norm="l2"`` divides all contributions by the same length.

        Parameters
        ----------
        document : str
            A raw document.
        coef : array-like of shape (vector_size,) or (1, vector_size)
            Coefficients of one class of a linear model on document vectors:
            ``classifier.coef_[0]``, or ``classifier.coef_[0] / scaler.scale_`` if there
            is a ``StandardScaler`` before it. For a classifier in a fitted pipeline,
            :func:`explain_document` is simpler, and also uses the mean of the scaler.

        Returns
        -------
        contributions : list of (word, contribution)
            The tokens in the vocabulary, in the order of the document. The sum of
            contributions is the decision function of the document minus the intercept
            (after a ``StandardScaler``, minus the decision function of a zero vector).

        Raises
        ------
        ValueError
            If the document is missing or not a text, unless a callable takes it, or if
            `coef` has another shape.
        NotFittedError
            If the vectorizer is not fitted.

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
        check_one_document(self, document, "word_contributions")
        corpus = self._encode([document], learned).drop_unknown()
        coef = np.asarray(coef, dtype=np.float64)
        vector_size = learned.embedding_matrix.shape[1]
        if coef.shape == (1, vector_size):
            coef = coef[0]
        if coef.shape != (vector_size,):
            raise ValueError(
                f"coef of shape ({vector_size},) expected, got {coef.shape}. "
                "For a classifier with several classes, pass the row of one class, for "
                "example coef_[0]. If it also has other features, pass the columns of "
                f"the vectorizer, for example coef_[0, :{vector_size}]."
            )
        contributions = learned.pooling(self.norm).contributions(corpus, coef)
        words = words_by_row(learned.vocabulary, learned.embedding_matrix)
        in_document = words[corpus.ids].tolist()
        return list(zip(in_document, contributions.tolist(), strict=True))

    def _fit(
        self, X: Iterable[Any], y: Any, *, partial: bool = False
    ) -> tuple[Learned, Corpus]:
        """Fit; return what was learned, and the encoded documents."""
        check_torch()
        from sklearn_w2v._group import all_ranks  # noqa: PLC0415, it imports torch

        check_not_in_worker(self)
        with all_ranks() as ranks:
            before = self._continued(partial)
            token_lists = token_lists_of(self, X)
            fit = prepare_fit(self, before, partial=partial, ranks=ranks)
            is_verbose = self.verbose and ranks.rank == 0
            documents = print_reading(token_lists) if is_verbose else token_lists
            encoded = fit.encode(documents)
            n_words = len(encoded.vocabulary)
            if before is None:
                warn_of_documents(self, token_lists, encoded.corpus.lengths, n_words)
            with memory_errors(n_words, fit.parameters.vector_size):
                training = fit.plan(encoded)
                epochs = training.plan.epochs if training else 1

                def attributes_of(trained: Trained) -> dict[str, Any]:
                    return attributes(fit.learn(encoded, training, trained))

                callbacks = FitCallbacks(self, X, y, epochs, attributes_of)
                watchers: list[Watcher] = [callbacks]
                if is_verbose:
                    how = f"{n_words:,} words {fit.how_it_trains()}"
                    watchers.insert(0, EpochLines(None if partial else epochs, how))
                trained = fit.train(training, watchers)
                learned = fit.learn(encoded, training, trained)
            callbacks.fit_ends(attributes(learned))
            ranks.barrier("the end of the fit")
        self._replace_learned(learned)
        return learned, encoded.corpus

    def _continued(self, partial: bool) -> Learned | None:
        """Return what the last fit learned, if this one continues it."""
        if self.__sklearn_is_fitted__() and (partial or self.warm_start):
            return self._learned()
        if self._is_from_file() and self.init_vectors is None:
            warn(
                "fit learns word vectors from scratch, and drops those of the file. To "
                "keep them, wrap the vectorizer in sklearn.frozen.FrozenEstimator; to "
                "start at them, pass the file as init_vectors."
            )
        return None

    def _encode(self, X: Iterable[Any], learned: Learned) -> Corpus:
        """Return documents as rows of words, and UNKNOWN for other tokens."""
        return encode(token_lists_of(self, X), learned.vocabulary)

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_matrix_.shape[1])

    def set_params(self, **params: Any) -> "Word2VecVectorizer":
        """Set the parameters of the vectorizer.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : Word2VecVectorizer
            The vectorizer itself.

        Raises
        ------
        ValueError
            If there is no such parameter. For one of gensim it names the equivalent,
            and for a misspelled one what it is probably meant to be.

        Examples
        --------
        >>> from sklearn_w2v import Word2VecVectorizer
        >>> Word2VecVectorizer().set_params(vector_size=300)
        Word2VecVectorizer(vector_size=300)
        """
        reject_foreign_parameters(self, params, self.get_params(), ValueError)
        return super().set_params(**params)

    def __sklearn_clone__(self) -> "Word2VecVectorizer":
        if self._is_from_file():
            warn(
                "A clone of a vectorizer from a file has none of its vectors, and fit "
                "will learn new ones. Cross-validation and grid searches make clones. "
                "To keep the vectors, wrap the vectorizer in "
                "sklearn.frozen.FrozenEstimator."
            )
        clone = super().__sklearn_clone__()
        copy_mark(self, clone)
        return clone

    def _is_from_file(self) -> bool:
        # A vectorizer that an old release stored may lack n_iter_.
        return self.__sklearn_is_fitted__() and vars(self).get("n_iter_") == 0

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags
