"""Documents -> tokens.

The only file that touches documents, for fit and transform alike: whatever can be wrong
with them is found here, and said in terms of what the user passed. How a document is
cut into tokens is scikit-learn's business: the analyzer is CountVectorizer's own.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Number, Real
from typing import Any

from scipy.sparse import issparse
from sklearn.feature_extraction.text import CountVectorizer

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

ONE_COLUMN = (
    "Pass one column of texts, for example df['text'] rather than df[['text']]; in a "
    "ColumnTransformer, name the column 'text' rather than ['text']."
)


def build_analyzer(**text_parameters: Any) -> Analyzer:
    """Build the function that turns one document into its tokens."""
    if text_parameters["tokenizer"] is None and (
        text_parameters["token_pattern"] == WORDS
    ):
        text_parameters["tokenizer"] = split_words
    return CountVectorizer(**text_parameters).build_analyzer()


def split_words(text: str) -> list[str]:
    """Return ``re.findall(WORDS, text)``, for ASCII texts in half the time."""
    if text.isascii():
        words = text.translate(WORD_CHARACTERS).split()
        return [word for word in words if len(word) > 1]
    return re.findall(WORDS, text)


def iter_tokens(
    X: Iterable[Any], analyzer: Analyzer, *, takes_text: bool
) -> Iterator[Iterable[Any]]:
    """Yield the tokens of each document, holding one document at a time.

    Parameters
    ----------
    X : iterable
        The documents, read once.
    analyzer : callable
        What `build_analyzer` returned.
    takes_text : bool
        Whether a document has to be a str or bytes, as it has for scikit-learn's own
        analyzer and `input="content"`. A callable analyzer takes what it likes.

    Raises
    ------
    ValueError
        If `X` is not an iterable of documents, or a document is missing or no text.
    """
    _check_container(X)
    for position, document in enumerate(X):
        if not (takes_text and isinstance(document, (str, bytes))):
            _check_document(document, position, takes_text)
        tokens = analyzer(document)
        if isinstance(tokens, (str, bytes)):
            raise ValueError(
                "The analyzer (or tokenizer) has to return a sequence of tokens, but "
                f"returned a {type(tokens).__name__} for document {position}."
            )
        yield tokens


def _check_container(X: Any) -> None:
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "Iterable over raw text documents expected, string object received."
        )
    # Iterating over a data frame or a mapping gives its column names or keys, which
    # would pass for documents.
    if issparse(X) or hasattr(X, "columns") or len(getattr(X, "shape", (0,))) != 1:
        shape = getattr(X, "shape", None)
        raise ValueError(
            "Iterable over raw text documents expected, got a "
            f"{type(X).__name__} of shape {shape}. {ONE_COLUMN}"
        )
    if isinstance(X, Mapping) or not isinstance(X, Iterable):
        raise ValueError(
            "Iterable over raw text documents expected, got a "
            f"{type(X).__name__}. Pass a list of texts. {ONE_COLUMN}"
        )


def _check_document(document: Any, position: int, takes_text: bool) -> None:
    if _is_missing(document):
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


def _is_missing(document: Any) -> bool:
    # pandas' NA and NaT are told by name, so that pandas need not be imported.
    return (
        document is None
        or (isinstance(document, Real) and math.isnan(document))
        or type(document).__name__ in ("NAType", "NaTType")
    )
