"""Documents -> tokens.

No other module reads documents, in fit or in transform. So all errors in them are found
here, and reported in terms of what the user passed. The analyzer that splits a document
into tokens is CountVectorizer's own.
"""

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from copy import copy
from functools import partial
from numbers import Integral, Number, Real
from typing import Any, TypeGuard
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v._corpus import DOCUMENTS_AT_ONCE, TOKENS_AT_ONCE
from sklearn_w2v._warnings import DocumentWarning, warn

Analyzer = Callable[[Any], Iterable[Any]]

#: The parameters that CountVectorizer's analyzer is built from.
TEXT_PARAMETERS = (
    "input",
    "encoding",
    "decode_error",
    "strip_accents",
    "lowercase",
    "preprocessor",
    "tokenizer",
    "stop_words",
    "token_pattern",
    "analyzer",
)

#: CountVectorizer's default: tokens of two or more letters, digits or underscores.
DEFAULT_TOKEN_PATTERN = r"(?u)\b\w\w+\b"

#: A translation table of the ASCII characters: those of tokens stay, others are spaces.
ASCII_TABLE = re.sub(r"\W", " ", "".join(map(chr, range(128))))

#: An id such as "item48" or "user_7". Sequences of letters, such as DNA, have no
#: digits, and formulas, such as "C6H12O6", go on after the first number.
ID = re.compile(r"[A-Za-z]+[-_:]?[0-9]+")

#: A vocabulary of fewer than FEW_WORDS is suspicious for MANY_DOCUMENTS or more.
FEW_WORDS, MANY_DOCUMENTS = 3, 10

ONE_COLUMN = (
    "Pass one column of texts, for example df['text'] rather than df[['text']]; in a "
    "ColumnTransformer, name the column 'text' rather than ['text']."
)


def build_analyzer(**parameters: Any) -> Analyzer:
    """Build the function that turns one document into its tokens."""
    if callable(parameters["analyzer"]):
        return CountVectorizer(**parameters).build_analyzer()
    if parameters["tokenizer"] is None and parameters["token_pattern"] is None:
        raise ValueError("token_pattern=None requires a tokenizer to replace it.")
    names = [n for n in ("preprocessor", "strip_accents") if callable(parameters[n])]
    tokenizer = parameters["tokenizer"]
    if tokenizer is None:  # then token_pattern needs strings
        for name in names:
            parameters[name] = partial(_preprocess, name, parameters[name])
    elif names or parameters["stop_words"] is not None:
        # The preprocessor replaces strip_accents.
        prepared_by = names[0] if names else None
        parameters["tokenizer"] = partial(_tokenize, prepared_by, tokenizer)
    if parameters["token_pattern"] == DEFAULT_TOKEN_PATTERN and tokenizer is None:
        parameters["tokenizer"] = split_words
    return CountVectorizer(**parameters).build_analyzer()


def first_callable(text_parameters: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """Return the user's callable that takes a document before anything else does.

    It may take any object. None if documents must be texts.
    """
    for name in ("analyzer", "preprocessor"):
        if callable(text_parameters[name]):
            return text_parameters[name]
    if text_parameters["lowercase"]:
        return None
    strip_accents = text_parameters["strip_accents"]
    if callable(strip_accents):
        return strip_accents
    return None if strip_accents else text_parameters["tokenizer"]


def analyzer_of(vectorizer: Any, text_parameters: dict[str, Any]) -> Analyzer:
    """Return the analyzer of a vectorizer; rebuild it only if parameters have changed.

    With many stop words, building takes far longer than transforming a document.
    """
    built_from, analyzer = _analyzers.get(vectorizer, (None, None))
    is_built = built_from is not None and all(
        _is_same(built_from[name], text_parameters[name]) for name in text_parameters
    )
    if analyzer is None or not is_built:
        analyzer = build_analyzer(**text_parameters)
        # A list of stop words can change in place.
        stop_words = copy(text_parameters["stop_words"])
        built_from = text_parameters | {"stop_words": stop_words}
        _analyzers[vectorizer] = built_from, analyzer
    return analyzer


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values of a parameter are the same."""
    if callable(one) or callable(other):  # whose == may return an array, for example
        return one is other
    return bool(one == other)


#: The analyzers of vectorizers, and the parameters that each was built from.
_analyzers: WeakKeyDictionary[Any, tuple[dict[str, Any], Analyzer]] = (
    WeakKeyDictionary()
)


def text_parameters_of(vectorizer: Any) -> dict[str, Any]:
    """Return the parameters of a vectorizer that its analyzer is built from."""
    return {name: getattr(vectorizer, name) for name in TEXT_PARAMETERS}


class NoTextError(ValueError):
    """A callable `preprocessor` or `strip_accents` did not return a string."""


class NoTokensError(ValueError):
    """A callable `tokenizer` did not return tokens."""


def _preprocess(name: str, preprocess: Callable[[Any], Any], document: Any) -> str:
    preprocessed = preprocess(document)
    if not isinstance(preprocessed, str):
        raise _no_text(name, preprocessed)
    return preprocessed


def _tokenize(name: str | None, tokenizer: Analyzer, text: Any) -> Iterable[Any]:
    """Return the tokens of a text, which a callable of this name may have prepared.

    The tokenizer of a user may take other objects than strings.
    """
    try:
        tokens = tokenizer(text)
    except (TypeError, AttributeError):
        if name is None or not is_missing(text):
            raise
        raise _no_text(name, text) from None
    # stop_words would be removed from the characters of a string, for example.
    if not isinstance(tokens, list) and not _are_tokens(tokens):
        raise _no_tokens(tokens)
    return tokens


def _no_text(name: str, returned: Any) -> NoTextError:
    return NoTextError(
        f"{name} must return a string, but returned {type(returned).__name__}"
    )


def _no_tokens(returned: Any) -> NoTokensError:
    return NoTokensError(
        "The analyzer (or tokenizer) must return a sequence of tokens, but returned "
        f"{type(returned).__name__}"
    )


def _are_tokens(tokens: Any) -> bool:
    return isinstance(tokens, Iterable) and not isinstance(
        tokens, (str, bytes, Mapping)
    )


def split_words(text: str) -> list[str]:
    """Return what DEFAULT_TOKEN_PATTERN finds, for ASCII texts in half the time."""
    if text.isascii():
        tokens = text.translate(ASCII_TABLE).split()
        return [token for token in tokens if len(token) > 1]
    return re.findall(DEFAULT_TOKEN_PATTERN, text)


class TokenLists:
    """The tokens of each document, one document at a time.

    Parameters
    ----------
    X : iterable
        The documents, read once.
    analyzer : callable
        A function returned by `build_analyzer`.
    takes_text : bool
        Whether a document must be a str or bytes. A callable of the user's that takes
        documents first may take anything, also None: see `first_callable`.
    reads_files : bool
        Whether documents are file names or file objects instead of texts.

    Attributes
    ----------
    n_blank : int
        Documents read so far that have no text.
    n_in_letters : int
        Texts read so far that have spaces between words, or are ids, but that the
        analyzer has split into single characters.
    n_sets, n_sets_as_they_are : int
        Sets of two or more objects read so far that are not all integers, and how many
        of them the analyzer has left in the order of the set.

    Raises
    ------
    ValueError
        If `X` is not an iterable of documents, if a document is missing or is not
        text, or if the analyzer does not return tokens.
    """

    def __init__(
        self,
        X: Iterable[Any],
        analyzer: Analyzer,
        *,
        takes_text: bool,
        reads_files: bool = False,
    ) -> None:
        _check_container(X, takes_text)
        self.X, self.analyzer, self.takes_text = X, analyzer, takes_text
        self.reads_files = reads_files
        self.n_blank = self.n_in_letters = 0
        self.n_sets = self.n_sets_as_they_are = 0

    def __iter__(self) -> Iterator[Iterable[Any]]:
        """Yield the tokens of each document."""
        # These types need no check, which would take long for millions of documents.
        is_checked = self.takes_text or self.reads_files
        valid = (str, bytes) if is_checked else object
        documents = _python_values(self.X) if _is_of_pyarrow(self.X) else self.X
        for position, document in enumerate(documents):
            if not isinstance(document, valid):
                _check_document(document, position, self.takes_text)
            tokens = self._analyze(document, position)
            if not isinstance(tokens, list) and not _are_tokens(tokens):
                raise ValueError(f"{_no_tokens(tokens)} for document {position}.")
            self._count(document, tokens)
            yield tokens

    def _analyze(self, document: Any, position: int) -> Any:
        try:
            tokens = self.analyzer(document)
            is_lazy = not isinstance(tokens, list) and isinstance(tokens, Iterator)
            # A lazy analyzer fails on a missing document when its tokens are asked for.
            return list(tokens) if is_lazy and is_missing(document) else tokens
        except UnicodeDecodeError as error:
            if not (self.reads_files or isinstance(document, bytes)):
                raise  # by a callable of the user's
            raise UnicodeDecodeError(
                error.encoding,
                error.object,
                error.start,
                error.end,
                f"{error.reason} in document {position}. Set encoding, or "
                "decode_error to 'replace' or 'ignore'",
            ) from error
        except (NoTextError, NoTokensError) as error:
            raise ValueError(f"{error} for document {position}.") from None
        except Exception as error:
            if is_missing(document):
                raise _missing_error(document, position) from error
            is_of_type = isinstance(error, (TypeError, AttributeError))
            if not is_of_type or isinstance(document, (str, bytes)):
                raise
            raise ValueError(
                f"The analyzer failed on document {position}, which is of type "
                f"{type(document).__name__}: {error}. If X is one document, pass [X]."
            ) from error

    def _count(self, document: Any, tokens: Iterable[Any]) -> None:
        """Count a document that is blank or has been split into characters."""
        n_tokens = len(tokens) if isinstance(tokens, (list, Sized)) else None
        if self.reads_files:
            # What a file object contained is not known.
            is_name = isinstance(document, (str, bytes, os.PathLike))
            if n_tokens == 0 and is_name:
                self.n_blank += os.path.getsize(document) == 0
        elif not isinstance(document, (str, bytes)):
            self.n_blank += n_tokens == 0 and isinstance(document, Sized)
            if isinstance(document, (set, frozenset)) and n_tokens is not None:
                self._count_set(document, tokens)
        elif not document.strip():
            self.n_blank += 1
        elif n_tokens == len(document) and isinstance(document, str):
            self.n_in_letters += _has_words_or_is_id(document)

    def _count_set(
        self, document: set[Any] | frozenset[Any], tokens: Iterable[Any]
    ) -> None:
        """Count a document that is a set whose order may differ between processes."""
        # The hashes of integers are the same in all processes.
        are_integers = all(isinstance(each, Integral) for each in document)
        if len(document) > 1 and not are_integers:
            self.n_sets += 1
            self.n_sets_as_they_are += list(tokens) == list(document)


class TokenArray:
    """Documents that are the rows of an array of integers, such as random walks.

    It is iterated like `TokenLists`. `blocks` yields many documents at once.

    Parameters
    ----------
    X : ndarray or MaskedArray of shape (n_documents, n_tokens), of an integer dtype
        Masked elements are not tokens.
    """

    n_in_letters = n_sets = n_sets_as_they_are = 0

    def __init__(self, X: NDArray[np.integer[Any]]) -> None:
        self.X = X
        self.n_blank = 0

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the tokens of each document."""
        for tokens, lengths in self.blocks():
            for document in np.split(tokens, np.cumsum(lengths)[:-1]):
                yield document.tolist()

    def blocks(self) -> Iterator[tuple[NDArray[np.integer[Any]], NDArray[np.int64]]]:
        """Yield the tokens of some documents, and the length of each document."""
        n_rows = max(1, TOKENS_AT_ONCE // max(self.X.shape[1], 1))
        for first in range(0, len(self.X), n_rows):
            block = self.X[first : first + n_rows]
            is_token = ~np.ma.getmaskarray(block)
            lengths = is_token.sum(axis=1)
            self.n_blank += int(np.count_nonzero(lengths == 0))
            yield np.ma.getdata(block)[is_token], lengths


def _is_of_pyarrow(X: Any) -> bool:
    """Return whether X is an Array or a ChunkedArray of pyarrow, not a Table."""
    # By its methods, so that pyarrow need not be imported.
    return hasattr(X, "to_pylist") and hasattr(X, "slice") and not hasattr(X, "columns")


def _python_values(X: Any) -> Iterator[Any]:
    """Yield the values of a pyarrow array; its scalars equal only one another."""
    for first in range(0, len(X), DOCUMENTS_AT_ONCE):
        yield from X.slice(first, DOCUMENTS_AT_ONCE).to_pylist()


def is_token_array(X: Any) -> TypeGuard[NDArray[np.integer[Any]]]:
    """Return whether X is a matrix of integers, more than one in each row."""
    return (
        isinstance(X, np.ndarray)
        and X.ndim == 2
        and X.shape[1] > 1
        and X.dtype.kind in "iu"
    )


def token_lists_of(vectorizer: Any, X: Iterable[Any]) -> TokenLists | TokenArray:
    """Return the tokens of documents, as the parameters of a vectorizer ask for."""
    reads_files = vectorizer.input != "content"
    text_parameters = text_parameters_of(vectorizer)
    if vectorizer.analyzer is list and not reads_files and is_token_array(X):
        return TokenArray(X)
    return TokenLists(
        X,
        analyzer_of(vectorizer, text_parameters),
        takes_text=first_callable(text_parameters) is None and not reads_files,
        reads_files=reads_files,
    )


def check_one_document(vectorizer: Any, document: Any, caller: str) -> None:
    """Raise a ValueError if several texts are passed to a function that takes one."""
    takes_text = first_callable(text_parameters_of(vectorizer)) is None
    is_text = isinstance(document, (str, bytes)) or vectorizer.input != "content"
    if takes_text and not is_text and isinstance(document, Iterable):
        raise ValueError(
            f"{caller} takes one document: pass a text, not a "
            f"{type(document).__name__} of texts."
        )


def warn_of_documents(
    vectorizer: Any,
    token_lists: TokenLists | TokenArray,
    lengths: NDArray[np.int64],
    n_words: int,
) -> None:
    """Warn if documents of these numbers of words were not read as intended."""
    warn_of_parameters(text_parameters_of(vectorizer), vectorizer.vocabulary)
    n_without_words = int(np.count_nonzero(lengths == 0))
    warn_of_texts(token_lists, n_without_words, len(lengths), n_words)


def warn_of_texts(
    tokens: TokenLists | TokenArray,
    n_without_words: int,
    n_documents: int,
    n_words: int,
) -> None:
    """Warn if the analyzer or the vocabulary does not suit the documents."""
    if tokens.n_in_letters > (n_documents - tokens.n_blank) / 2:
        warn(
            f"The analyzer splits {tokens.n_in_letters} of {n_documents} texts, which "
            "have spaces between words or are ids such as 'item48', into single "
            "characters. To train on words, leave analyzer, tokenizer and "
            "token_pattern at their defaults, or pass lists of words. To train on "
            "items, pass a list of the items of each session.",
            DocumentWarning,
        )
    # An analyzer such as `sorted` leaves hardly all sets in the order that they have.
    if tokens.n_sets and tokens.n_sets == tokens.n_sets_as_they_are:
        warn(
            f"{tokens.n_sets} of {n_documents} documents are sets, whose order differs "
            "from process to process. So the same random_state does not give the same "
            "vectors again, and distances within `window` have no meaning. Pass lists, "
            "for example sorted(document) for each document.",
            DocumentWarning,
        )
    n_with_text = n_documents - tokens.n_blank
    n_lost = n_without_words - tokens.n_blank
    if n_words < FEW_WORDS and n_with_text >= MANY_DOCUMENTS:
        warn(
            f"The vocabulary of {n_with_text} documents has fewer than {FEW_WORDS} "
            f"words: {n_words}. If they have more, check what tokens the tokenizer, "
            "token_pattern or analyzer returns (with analyzer=list, a document is a "
            "list of tokens), and whether min_count or max_features removes too many.",
            DocumentWarning,
        )
    if n_lost > n_with_text / 2:
        warn(
            f"{n_lost} of {n_with_text} documents with text have no word of the "
            f"vocabulary, which has {n_words} words. Perhaps their words are too rare "
            "for min_count or min_df, or not in `vocabulary`. For languages without "
            "spaces between words, such as Chinese, or with vowel signs within words, "
            "such as Hindi and Thai, pass analyzer=list, which takes characters as "
            "tokens, or a segmenter as tokenizer, or another token_pattern.",
            DocumentWarning,
        )


def warn_of_parameters(
    text_parameters: Mapping[str, Any],
    words: Iterable[Any] | None,
    whose: str = "words of `vocabulary`",
) -> None:
    """Warn about parameters that others override, and words that never match."""
    optional = ("preprocessor", "tokenizer", "stop_words", "strip_accents")
    given = [name for name in optional if text_parameters[name] is not None]
    if text_parameters["token_pattern"] not in (DEFAULT_TOKEN_PATTERN, None):
        given.append("token_pattern")
    overrides = {"preprocessor": "strip_accents", "tokenizer": "token_pattern"}
    if callable(text_parameters["analyzer"]):
        if given:
            unused = " and ".join(given)
            warn(f"{unused} will not be used, since analyzer is a callable.")
    else:
        for name, unused in overrides.items():
            if name in given and unused in given:
                warn(f"{unused} will not be used, since {name} is given.")
    if words is not None:
        _warn_of_capitals(text_parameters, words, whose)


def _warn_of_capitals(
    text_parameters: Mapping[str, Any], words: Iterable[Any], whose: str
) -> None:
    """Warn about words with capitals, if all texts are lowercased."""
    is_default = not callable(text_parameters["analyzer"]) and all(
        text_parameters[name] is None for name in ("preprocessor", "tokenizer")
    )
    if not (is_default and text_parameters["lowercase"]):
        return
    capitals = [
        word for word in words if isinstance(word, str) and word != word.lower()
    ]
    if capitals:
        warn(
            f"{len(capitals)} {whose} have capitals, such as {capitals[0]!r}, and "
            "never match a token with lowercase=True. Pass lowercase=False.",
            DocumentWarning,
        )


def _check_container(X: Any, takes_text: bool) -> None:
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. Pass a "
            "list: of texts, or of names of files with input='filename'. To read a "
            "text from each line of a file, open it and pass the open file."
        )
    if not takes_text and is_token_array(X):
        return
    lazy_table = _cure_of_lazy_table(X)
    shape = None if lazy_table else getattr(X, "shape", None)
    cure = lazy_table or _cure_of_table(X, shape, takes_text) or _cure_of_container(X)
    if cure is None:
        return
    got = type(X).__name__
    if shape is not None:
        got = f"{got} of shape {shape}"
    raise ValueError(f"Iterable over raw text documents expected, got {got}. {cure}")


def _cure_of_table(X: Any, shape: Any, takes_text: bool) -> str | None:
    """Return what to pass instead of a table; None for others."""
    # Iterating over a data frame yields column names, which would be mistaken for
    # documents.
    if issparse(X):
        return "Pass the texts themselves, not their counts."
    if hasattr(X, "columns"):
        if takes_text or shape is None or shape[1:] == (1,):
            return ONE_COLUMN
        return (
            f"If a column has the documents: {ONE_COLUMN} If each row is a document "
            "of integers, pass X.to_numpy(), an array of integers, with analyzer=list."
        )
    if shape is None or len(shape) == 1:
        return None
    return _cure_of_array(shape, takes_text)


def _cure_of_array(shape: tuple[int, ...], takes_text: bool) -> str:
    """Return what to pass instead of an array that is not one-dimensional."""
    if shape[1:] == (1,):
        return (
            "Pass its column: X.ravel(); after another step of a Pipeline, put "
            "FunctionTransformer(np.ravel) between them; in a ColumnTransformer, "
            "name the column 0 rather than [0]."
        )
    if takes_text:
        return ONE_COLUMN
    return (
        "If each row is a document, pass an array of integers that has two or more "
        "columns, with analyzer=list, or the rows as a list: X.tolist()."
    )


def _cure_of_container(X: Any) -> str | None:
    """Return what to pass instead of an object that does not contain documents."""
    if isinstance(X, Mapping):  # iterating yields its keys
        return "Pass its values: list(X.values())."
    if type(X).__name__.endswith("GroupBy"):  # of pandas and polars
        return (
            "Pass a list of tokens for each group, with analyzer=list: X.agg(list) of "
            "one column of a pandas groupby."
        )
    if isinstance(X, os.PathLike):
        return "To read files, pass a list of paths, and set input='filename'."
    return None if isinstance(X, Iterable) else _cure_without_iteration(X)


def _cure_without_iteration(X: Any) -> str:
    """Return what to pass instead of an object that cannot be iterated."""
    if hasattr(X, "__aiter__"):
        return "Collect its documents in a list: [document async for document in X]."
    if hasattr(X, "__await__"):
        return "Await it, and pass the result."
    if callable(X):
        return "Call it, and pass what it returns: X()."
    return f"Pass a list of texts. {ONE_COLUMN}"


def _cure_of_lazy_table(X: Any) -> str | None:
    """Return how to get a column of a table that is not computed yet; None for others.

    Its attributes are those of its class: asking polars for the names of columns warns,
    and a pandas table has its columns for attributes.
    """
    if hasattr(type(X), "columns"):
        for method in ("toPandas", "compute", "collect"):  # Spark, Dask, polars
            if hasattr(type(X), method):
                return f"Pass one column of the computed table: X.{method}()['text']."
    return None


def _check_document(document: Any, position: int, takes_text: bool) -> None:
    if is_missing(document):
        raise _missing_error(document, position)
    if not takes_text:
        return
    if isinstance(document, Number):
        raise ValueError(
            f"Document {position} is a number ({document!r}), not a text. {ONE_COLUMN} "
            "If the numbers are the texts, pass preprocessor=str."
        )
    cure = ONE_COLUMN
    if isinstance(document, os.PathLike):
        cure = "To read files, set input='filename'."
    elif hasattr(document, "as_py"):  # a scalar of pyarrow
        cure = "Pass the pyarrow array itself, or Python's own values: X.to_pylist()."
    elif isinstance(document, io.IOBase):
        cure = (
            "To read a text from each line of a file, pass the open file itself, not a "
            "list of it. If each file is a text, set input='file'."
        )
    elif isinstance(document, Mapping):
        cure = (
            "Pass a callable preprocessor that returns the text of a document, for "
            "example one that returns document['text']."
        )
    elif isinstance(document, Iterable):
        cure = (
            "If the documents are lists of tokens, pass a callable analyzer that "
            "returns its argument, for example analyzer=list."
        )
    raise ValueError(
        f"Document {position} is of type {type(document).__name__}, not a text. {cure}"
    )


def _missing_error(document: Any, position: int) -> ValueError:
    return ValueError(
        f"Document {position} is missing ({document!r}). Replace missing documents "
        "with empty ones, for example with X.fillna('') in pandas or "
        "X.fill_null('') in polars, or drop them."
    )


def _has_words_or_is_id(text: str) -> bool:
    """Return whether a text is probably not meant to be split into characters."""
    if " " not in text:
        return ID.fullmatch(text) is not None
    # Other scripts than ASCII have numbers among words without spaces between them.
    is_of_word = str.isalnum if text.isascii() else _is_of_spaced_script
    return sum(map(is_of_word, text)) > len(text) / 2


def _is_of_spaced_script(letter: str) -> bool:
    """Return whether a letter is of a script with spaces between words.

    Roughly, these are scripts with capitals, Hebrew, Arabic, Syriac, Georgian, Ethiopic
    and Korean.
    """
    return (
        letter.lower() != letter.upper()
        or "\u0590" <= letter <= "\u07ff"
        or "\u10a0" <= letter <= "\u10ff"
        or "\u1200" <= letter <= "\u137f"
        or "\uac00" <= letter <= "\ud7a3"
    )


def is_missing(document: Any) -> bool:
    """Return whether a document is None, NaN, or pandas' NA or NaT."""
    return (
        document is None
        # Only NaN differs from itself. math.isnan fails on integers beyond floats.
        or (isinstance(document, Real) and bool(document != document))  # noqa: PLR0124
        or is_na_of_pandas(document)
    )


def is_na_of_pandas(value: Any) -> bool:
    """Return whether a value is pandas' NA or NaT."""
    # By the name of its type, so that pandas need not be imported.
    return type(value).__name__ in ("NAType", "NaTType")
