"""Documents -> tokens.

The only file that touches documents, for fit and transform alike: whatever can be wrong
with them is found here, and said in terms of what the user passed. How a document is
cut into tokens is scikit-learn's business: the analyzer is CountVectorizer's own.
"""

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from copy import copy
from functools import partial
from numbers import Number, Real
from typing import Any
from weakref import WeakKeyDictionary

from scipy.sparse import issparse
from sklearn.feature_extraction.text import CountVectorizer

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

#: CountVectorizer's default: words of two or more letters, digits or underscores.
WORDS = r"(?u)\b\w\w+\b"

#: The ASCII characters: themselves where they belong to words, spaces elsewhere.
WORD_CHARACTERS = re.sub(r"\W", " ", "".join(map(chr, range(128))))

#: Fewer words than this are no vocabulary of as many documents.
FEW_WORDS, MANY_DOCUMENTS = 3, 10

ONE_COLUMN = (
    "Pass one column of texts, for example df['text'] rather than df[['text']]; in a "
    "ColumnTransformer, name the column 'text' rather than ['text']."
)


def build_analyzer(**text_parameters: Any) -> Analyzer:
    """Build the function that turns one document into its tokens."""
    if text_parameters["tokenizer"] is None and text_parameters["analyzer"] == "word":
        if text_parameters["token_pattern"] is None:
            raise ValueError("token_pattern=None wants a tokenizer to take its place.")
        if text_parameters["token_pattern"] == WORDS:
            text_parameters["tokenizer"] = split_words
    for name in ("preprocessor", "strip_accents"):
        if callable(text_parameters[name]):
            text_parameters[name] = partial(_preprocess, name, text_parameters[name])
    return CountVectorizer(**text_parameters).build_analyzer()


def analyzer_of(vectorizer: Any, text_parameters: dict[str, Any]) -> Analyzer:
    """Return the analyzer of a vectorizer, built again only if parameters have changed.

    With many stop words, that takes far longer than the transform of a document.
    """
    built_from, analyzer = _analyzers.get(vectorizer, (None, None))
    if analyzer is None or built_from != text_parameters:
        analyzer = build_analyzer(**text_parameters)
        # A list of stop words can change in place.
        stop_words = copy(text_parameters["stop_words"])
        built_from = text_parameters | {"stop_words": stop_words}
        _analyzers[vectorizer] = built_from, analyzer
    return analyzer


#: The analyzers of vectorizers, and the parameters that each was built from.
_analyzers: WeakKeyDictionary[Any, tuple[dict[str, Any], Analyzer]] = (
    WeakKeyDictionary()
)


class NoTextError(ValueError):
    """A preprocessor, or what strips accents, returned something else."""


def _preprocess(name: str, preprocess: Callable[[str], Any], text: str) -> str:
    preprocessed = preprocess(text)
    if not isinstance(preprocessed, str):
        raise NoTextError(
            f"{name} has to return a text, but returned a {type(preprocessed).__name__}"
        )
    return preprocessed


def split_words(text: str) -> list[str]:
    """Return ``re.findall(WORDS, text)``, for ASCII texts in half the time."""
    if text.isascii():
        words = text.translate(WORD_CHARACTERS).split()
        return [word for word in words if len(word) > 1]
    return re.findall(WORDS, text)


class TokenLists:
    """The tokens of each document, one document at a time.

    Parameters
    ----------
    X : iterable
        The documents, read once.
    analyzer : callable
        What `build_analyzer` returned.
    takes_text : bool
        Whether a document has to be a str or bytes, as it has for scikit-learn's own
        analyzer and `input="content"`. A callable analyzer takes what it likes.
    reads_files : bool
        Whether documents are the names of files or files, and not the texts.

    Attributes
    ----------
    n_blank : int
        Documents without text, of those read until now.
    n_in_letters : int
        Texts that the analyzer has cut into letters and blanks, likewise.

    Raises
    ------
    ValueError
        If `X` is not an iterable of documents, or a document is missing or no text.
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

    def __iter__(self) -> Iterator[Iterable[Any]]:
        """Yield the tokens of each document."""
        # Of what comes by the million nothing is asked that takes long.
        usual = (str, bytes) if self.takes_text else (str, bytes, list, tuple)
        for position, document in enumerate(self.X):
            if not isinstance(document, usual):
                _check_document(document, position, self.takes_text)
            tokens = self._analyze(document, position)
            if not isinstance(tokens, list) and (
                isinstance(tokens, (str, bytes, Mapping))
                or not isinstance(tokens, Iterable)
            ):
                raise ValueError(
                    "The analyzer (or tokenizer) has to return a sequence of tokens, "
                    f"but returned a {type(tokens).__name__} for document {position}."
                )
            self._note(document, tokens)
            yield tokens

    def _analyze(self, document: Any, position: int) -> Any:
        try:
            return self.analyzer(document)
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError(
                error.encoding,
                error.object,
                error.start,
                error.end,
                f"{error.reason}; it is document {position}. Set encoding, or "
                "decode_error to 'replace' or 'ignore'",
            ) from error
        except NoTextError as error:
            raise ValueError(f"{error} for document {position}.") from None
        except TypeError as error:
            if isinstance(document, Iterable):
                raise
            raise ValueError(
                f"Document {position} is a {type(document).__name__}, which the "
                f"analyzer cannot take: {error}."
            ) from error

    def _note(self, document: Any, tokens: Iterable[Any]) -> None:
        n_tokens = len(tokens) if isinstance(tokens, (list, Sized)) else None
        if self.reads_files:
            # Of a file object nobody knows what was in it.
            is_name = isinstance(document, (str, bytes, os.PathLike))
            if n_tokens == 0 and is_name:
                self.n_blank += os.path.getsize(document) == 0
        elif not isinstance(document, (str, bytes)):
            self.n_blank += n_tokens == 0 and isinstance(document, Sized)
        elif not document.strip():
            self.n_blank += 1
        elif n_tokens == len(document) and isinstance(document, str):
            n_letters = sum(map(_is_of_words_between_blanks, document))
            self.n_in_letters += " " in document and n_letters > n_tokens / 2


def warn_of_texts(
    tokens: TokenLists, n_without_words: int, n_documents: int, n_words: int
) -> None:
    """Warn if documents were read, but hardly as they were meant to be."""
    if tokens.n_in_letters > (n_documents - tokens.n_blank) / 2:
        warn(
            f"The analyzer cuts {tokens.n_in_letters} of {n_documents} texts, which "
            "have blanks, into letters. If words are wanted, leave analyzer, tokenizer "
            "and token_pattern at their defaults, or pass lists of words.",
            DocumentWarning,
        )
    n_with_text = n_documents - tokens.n_blank
    n_lost = n_without_words - tokens.n_blank
    if n_words < FEW_WORDS and n_with_text >= MANY_DOCUMENTS:
        warn(
            f"The vocabulary of {n_with_text} documents has fewer than {FEW_WORDS} "
            f"words: {n_words}. If they have more, see what tokenizer, token_pattern "
            "or analyzer make of a document (with analyzer=list, one is a list of "
            "tokens), and whether min_count or max_features leave out too much.",
            DocumentWarning,
        )
    if n_lost > n_with_text / 2:
        warn(
            f"{n_lost} of {n_with_text} documents with text have no word of the "
            f"vocabulary, which has {n_words}. Perhaps words are too rare "
            "for min_count, min_df or the vocabulary. Where no blanks stand between "
            "words, as in Chinese, or vowel signs within them, as in Hindi and Thai, "
            "pass analyzer=list, which takes characters, or a segmenter as tokenizer, "
            "or another token_pattern.",
            DocumentWarning,
        )


def warn_of_parameters(text_parameters: Mapping[str, Any], vocabulary: Any) -> None:
    """Warn of parameters that are not used beside others, or find nothing."""
    given = [
        name
        for name in ("preprocessor", "tokenizer", "stop_words", "strip_accents")
        if text_parameters[name] is not None
    ]
    if text_parameters["token_pattern"] not in (WORDS, None):
        given.append("token_pattern")
    takes_place = {"preprocessor": "strip_accents", "tokenizer": "token_pattern"}
    if callable(text_parameters["analyzer"]):
        if given:
            unused = " and ".join(given)
            warn(f"{unused} will not be used, since analyzer is a callable.")
    else:
        for name, unused in takes_place.items():
            if name in given and unused in given:
                warn(f"{unused} will not be used, since there is a {name}.")
    if vocabulary is not None:
        whose = "words of `vocabulary`"
        warn_of_capitals(text_parameters, vocabulary, whose)


def warn_of_capitals(
    text_parameters: Mapping[str, Any],
    words: Iterable[Any],
    whose: str,
) -> None:
    """Warn of words with capitals, where no text can have them."""
    is_ours = text_parameters["analyzer"] == "word" and all(
        text_parameters[name] is None for name in ("preprocessor", "tokenizer")
    )
    if not (is_ours and text_parameters["lowercase"]):
        return
    capitals = [
        word for word in words if isinstance(word, str) and word != word.lower()
    ]
    if capitals:
        warn(
            f"{len(capitals)} {whose} have capitals, like {capitals[0]!r}, and are "
            "never found with lowercase=True. Pass lowercase=False.",
            DocumentWarning,
        )


def _check_container(X: Any, takes_text: bool) -> None:
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. Pass a "
            "list of texts."
        )
    # Iterating over a data frame or a mapping gives its column names or keys, which
    # would pass for documents.
    shape = getattr(X, "shape", (0,))
    if issparse(X) or hasattr(X, "columns") or len(shape) != 1:
        if issparse(X):
            cure = "Pass the texts themselves, not their counts."
        elif not takes_text and not hasattr(X, "columns"):
            cure = "If each row is a document, pass them as a list: X.tolist()."
        else:
            cure = ONE_COLUMN
        raise ValueError(
            "Iterable over raw text documents expected, got a "
            f"{type(X).__name__} of shape {shape}. {cure}"
        )
    if isinstance(X, Mapping):
        cure = "Pass its values: list(X.values())."
    elif isinstance(X, os.PathLike):
        cure = "To read files, pass a list of paths, and set input='filename'."
    elif isinstance(X, Iterable):
        return
    else:
        cure = f"Pass a list of texts. {ONE_COLUMN}"
    raise ValueError(
        f"Iterable over raw text documents expected, got a {type(X).__name__}. {cure}"
    )


def _check_document(document: Any, position: int, takes_text: bool) -> None:
    if is_missing(document):
        raise ValueError(
            f"Document {position} is missing ({document!r}). Replace missing documents "
            "by empty ones, for example with X.fillna('') in pandas or "
            "X.fill_null('') in polars, or drop them."
        )
    if not takes_text:
        return
    if isinstance(document, Number):
        raise ValueError(
            f"Document {position} is a number ({document!r}), not a text. {ONE_COLUMN}"
        )
    if isinstance(document, Iterable):
        raise ValueError(
            f"Document {position} is a {type(document).__name__}, not a text. If the "
            "documents are token lists already, pass a callable analyzer that returns "
            "its argument, for example analyzer=list."
        )
    raise ValueError(
        f"Document {position} is a {type(document).__name__}, not a text. {ONE_COLUMN}"
    )


def _is_of_words_between_blanks(letter: str) -> bool:
    """Tell whether a letter is of a script that puts blanks between words.

    By and large: of one with capitals, Hebrew, Arabic, Syriac, Georgian, Ethiopic or
    Korean.
    """
    return (
        letter.lower() != letter.upper()
        or "\u0590" <= letter <= "\u07ff"
        or "\u10a0" <= letter <= "\u10ff"
        or "\u1200" <= letter <= "\u137f"
        or "\uac00" <= letter <= "\ud7a3"
    )


def is_missing(document: Any) -> bool:
    return (
        document is None
        or (isinstance(document, Real) and math.isnan(document))
        or is_na_of_pandas(document)
    )


def is_na_of_pandas(value: Any) -> bool:
    """Tell NA and NaT by their names, so that pandas need not be imported."""
    return type(value).__name__ in ("NAType", "NaTType")
