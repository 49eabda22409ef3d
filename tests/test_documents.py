"""What documents may be, and the errors about others."""

import io
import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from helpers import small
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v import _documents
from sklearn_w2v._documents import (
    DEFAULT_TOKEN_PATTERN,
    TokenLists,
    build_analyzer,
    first_callable,
    split_words,
)

TEXTS = ["one two", "two three three", ""]
TOKENS = [["one", "two"], ["two", "three", "three"], []]


def tokens_of(X, **text_parameters):
    """The tokens that a vectorizer with these parameters reads."""
    parameters = {
        name: value
        for name, value in CountVectorizer(**text_parameters).get_params().items()
        if name not in ("binary", "dtype", "ngram_range")
        and not name.startswith(("max", "min", "vocab"))
    }
    reads_files = parameters["input"] != "content"
    takes_text = first_callable(parameters) is None and not reads_files
    analyzer = build_analyzer(**parameters)
    lists = TokenLists(X, analyzer, takes_text=takes_text, reads_files=reads_files)
    return list(map(list, lists))


COLUMNS = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda texts: (text for text in texts),
    "object array": lambda texts: np.array(texts, dtype=object),
    "str array": np.array,
    "pandas": pd.Series,
    "pandas with an index": lambda texts: pd.Series(texts, index=[7, 7, 9]),
    "pandas category": lambda texts: pd.Series(texts, dtype="category"),
    "pandas string": lambda texts: pd.Series(texts, dtype="string"),
    "polars": pl.Series,
    "bytes": lambda texts: [text.encode() for text in texts],
    "dict keys": lambda texts: dict.fromkeys(texts).keys(),
}


@pytest.mark.parametrize("container", COLUMNS.values(), ids=COLUMNS)
def test_every_column_of_texts_reads_the_same(container):
    assert tokens_of(container(TEXTS)) == TOKENS


def test_documents_are_read_one_at_a_time():
    read = []

    def documents():
        for text in TEXTS:
            read.append(text)
            yield text

    stream = iter(TokenLists(documents(), str.split, takes_text=True))
    next(stream)
    assert read == TEXTS[:1]


class ArrowArray:
    """An Array of pyarrow, whose scalars are equal only to one another."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __iter__(self):
        return (object() for _ in self.values)

    def slice(self, offset, length):
        return ArrowArray(self.values[offset : offset + length])

    def to_pylist(self):
        assert len(self.values) <= 2
        return self.values


def test_arrays_of_pyarrow_are_read_as_python_values_in_batches(monkeypatch):
    monkeypatch.setattr(_documents, "DOCUMENTS_AT_ONCE", 2)
    assert tokens_of(ArrowArray(TEXTS)) == TOKENS
    assert tokens_of(ArrowArray(TOKENS), analyzer=list) == TOKENS
    with pytest.raises(ValueError, match="Document 2 is missing"):
        tokens_of(ArrowArray(["a", "b", None]))


def test_a_scalar_of_pyarrow_as_a_document_is_named_with_its_cure():
    class Scalar:
        def as_py(self):
            return "a text"

    message = r"Document 0 is of type Scalar, .* Python's own values: X\.to_pylist\(\)"
    with pytest.raises(ValueError, match=message):
        tokens_of([Scalar()])


def test_an_empty_column_has_no_tokens():
    assert tokens_of([]) == []


def texts_of_a_function():
    yield from TEXTS


async def texts_to_await():
    for text in TEXTS:
        yield text


class SparkTable:
    """Its columns need a computation, as those of Spark and Dask do."""

    columns = property(lambda table: pytest.fail("asked for the columns"))

    def toPandas(self):  # noqa: N802
        """Return a pandas table."""


def test_a_table_that_is_not_computed_is_not_asked_for_its_columns():
    with pytest.raises(
        ValueError, match=r"got SparkTable\..*: X\.toPandas\(\)\['text'"
    ):
        tokens_of(SparkTable())


ONE_TEXT = (
    "^Iterable over raw text documents expected, str.*Pass a list: of texts, or of "
    "names of files with input='filename'.* pass the open file"
)
A_TABLE = r"got .* of shape \(.*df\['text'\] rather"
NUMBERS = r"Document 0 is a number .*df\['text'\]"
TOKENS_OF_A_DOCUMENT = "pass a callable analyzer .* analyzer=list"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        *((text, ONE_TEXT) for text in ("a text", b"a text")),
        (pd.DataFrame({"text": TEXTS}), A_TABLE),
        (pl.DataFrame({"text": TEXTS}), A_TABLE),
        (np.array([TEXTS]), A_TABLE),
        (np.array([[text] for text in TEXTS], dtype=object), r"X\.ravel\(\).*Pipeline"),
        (pl.LazyFrame({"text": TEXTS}), r"got LazyFrame\..*: X\.collect\(\)\['text'\]"),
        (texts_of_a_function, r"got function\. Call it, .* returns: X\(\)\."),
        (texts_to_await(), r"got async_generator\. .*document async for document in X"),
        (np.array("a text"), A_TABLE),
        (np.zeros((2, 2)), A_TABLE),
        (scipy.sparse.csr_matrix((2, 2)), "Pass the texts themselves, not their coun"),
        ({"one": "a text"}, r"Pass its values: list\(X.values\(\)\)"),
        *((X, "set input='filename'") for X in (Path("f.txt"), [Path("f.txt")])),
        (
            [{"title": "a"}],
            r"Document 0 is of type dict.*preprocessor.*document\['text'\]",
        ),
        *((X, "Pass a list of texts") for X in (None, 3, 2.5, object())),
        *((X, NUMBERS) for X in ([1, 2], [0.5], np.arange(3), pd.Series([1.5]))),
        ([10**400], "Document 0 is a number .*preprocessor=str"),
        ([["two", "words"]], TOKENS_OF_A_DOCUMENT),
        ([("two",)], TOKENS_OF_A_DOCUMENT),
        ([np.array(["two"])], TOKENS_OF_A_DOCUMENT),
        ([object()], "Document 0 is of type object, not a text"),
        ([io.StringIO("a\nb\n")], "pass the open file itself.* set input='file'"),
        (
            pd.DataFrame({"user": [1, 1], "item": [7, 8]}).groupby("user")["item"],
            r"Pass a list of tokens for each group, with analyzer=list: X.agg\(list\)",
        ),
        (
            pl.DataFrame({"user": [1, 1], "item": [7, 8]}).group_by("user"),
            "Pass a list of tokens for each group",
        ),
    ],
)
def test_an_error_for_another_type_than_a_column_of_texts_names_the_cure(X, message):
    with pytest.raises(ValueError, match=message):
        tokens_of(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (scipy.sparse.csr_array((2, 2)), "Pass the texts themselves, not their counts"),
        (np.array([["a", "b"], ["c", "d"]]), r"or the rows as a list: X.tolist\(\)"),
        (np.array([["a"], ["b"]]), r"X\.ravel\(\)"),
        (pl.LazyFrame({"text": TEXTS}), r"got LazyFrame\..*X\.collect"),
        (pd.DataFrame({"text": TEXTS}), r"df\['text'\] rather than df\[\['text'\]\]"),
    ],
)
def test_an_error_for_a_table_instead_of_token_lists_names_the_cure(X, message):
    with pytest.raises(ValueError, match=message):
        tokens_of(X, analyzer=list)


@pytest.mark.parametrize(
    "missing", [None, np.nan, float("nan"), np.float32("nan"), pd.NA, pd.NaT], ids=repr
)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"analyzer": str.split},
        {"analyzer": lambda text: (letter for letter in text)},
        {"preprocessor": lambda text: text.lower()},
        {"preprocessor": lambda record: record["title"]},
        {"lowercase": False, "tokenizer": list},
        {"lowercase": False, "tokenizer": list, "stop_words": ["a"]},
        {"lowercase": False, "strip_accents": str.lower},
        {"lowercase": False, "strip_accents": "ascii", "tokenizer": str.split},
        {"input": "filename", "analyzer": str},
        {"input": "file", "preprocessor": str},
    ],
)
def test_a_missing_document_is_named_with_its_cure(missing, parameters):
    expected = f"Document 0 is missing ({missing!r}). Replace missing documents"
    with pytest.raises(ValueError, match=re.escape(expected)):
        tokens_of([missing], **parameters)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT], ids=repr)
@pytest.mark.parametrize("kind", ["analyzer", "preprocessor", "tokenizer"])
def test_a_callable_may_handle_missing_documents(kind, missing):
    def handle(document):
        text = "missing" if document is missing else document
        return text if kind == "preprocessor" else iter(text.split())

    documents = ["one two", missing]
    tokens = tokens_of(documents, lowercase=False, **{kind: handle})
    assert tokens == [["one", "two"], ["missing"]]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["a text", None]),
        pd.Series(["a text", None], dtype="string"),
        pd.Series(["a text", None], dtype="category"),
        pl.Series(["a text", None]),
        np.array(["a text", np.nan], dtype=object),
    ],
)
def test_a_missing_document_of_a_series_is_named(series):
    with pytest.raises(ValueError, match=r"Document 1 is missing .*fillna\(''\)"):
        tokens_of(series)


def test_a_callable_analyzer_takes_any_documents():
    documents = [["two", "words"], ("x",), [1, 2]]
    assert tokens_of(documents, analyzer=list) == list(map(list, documents))


@pytest.mark.parametrize("kind", ["analyzer", "tokenizer"])
@pytest.mark.parametrize("stop_words", [None, ["a"]])
@pytest.mark.parametrize("returned", ["a text", b"a text", {"a": 1}, None, 3], ids=repr)
def test_an_analyzer_that_returns_no_tokens_is_an_error(kind, stop_words, returned):
    # The characters of a text and the keys of a mapping would pass for words.
    name = type(returned).__name__
    message = f"sequence of tokens, but returned {name} for document 0"
    with pytest.raises(ValueError, match=message):
        tokens_of(["A text"], stop_words=stop_words, **{kind: lambda text: returned})


def test_files_are_read_by_name_and_by_object(tmp_path):
    path = tmp_path / "document.txt"
    path.write_text("one two", encoding="utf-8")
    assert tokens_of([str(path), path], input="filename") == [TOKENS[0]] * 2
    assert tokens_of([io.BytesIO(b"one two")], input="file") == [TOKENS[0]]


def test_a_missing_file_is_scikit_learns_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        tokens_of([tmp_path / "none.txt"], input="filename")


@pytest.mark.parametrize("returned", [None, ["a"], b"a"], ids=repr)
def test_callables_that_prepare_texts_have_to_return_texts(returned):
    name = type(returned).__name__
    for kind in ("preprocessor", "strip_accents"):
        message = f"{kind} must return a string, but returned {name} for document 1"
        with pytest.raises(ValueError, match=message):
            tokens_of(["a", "b"], **{kind: lambda x: "a" if x == "a" else returned})


@pytest.mark.parametrize("preprocessor", [str.lower, lambda text: text.lower()])
def test_a_document_that_the_preprocessor_cannot_take_is_named(preprocessor):
    message = "The analyzer failed on document 1, which is of type list: .*'lower'"
    with pytest.raises(ValueError, match=message):
        tokens_of(["a", ["a"]], preprocessor=preprocessor)


@pytest.mark.parametrize("missing", [None, float("nan")], ids=repr)
@pytest.mark.parametrize("kind", ["preprocessor", "strip_accents"])
@pytest.mark.parametrize("tokenizer", [str.split, lambda text: text.split()])
def test_a_tokenizer_that_gets_no_text_names_what_prepared_it(kind, missing, tokenizer):
    name = type(missing).__name__
    message = f"{kind} must return a string, but returned {name} for document 0"
    with pytest.raises(ValueError, match=message):
        tokens_of(["a"], tokenizer=tokenizer, **{kind: lambda text: missing})


def test_an_error_of_a_callable_about_bytes_is_raised_as_it_is():
    def decode(document):
        return b"caf\xe9".decode()

    with pytest.raises(UnicodeDecodeError) as raised:
        tokens_of(["a.txt"], preprocessor=decode)
    assert raised.value.reason == "unexpected end of data"


@pytest.mark.parametrize("document", [3, 2.5, 10**400, Path("file.txt")], ids=type)
def test_a_document_that_the_analyzer_cannot_take_is_named(document):
    message = r"The analyzer failed on document 1, .* of type \w+: .*not iterable"
    with pytest.raises(ValueError, match=message):
        tokens_of([["a"], document], analyzer=list)


def test_a_type_error_within_the_analyzer_is_raised_unchanged():
    with pytest.raises(TypeError, match="can only concatenate str"):
        tokens_of(["a"], analyzer=lambda document: document + 1)


def test_files_without_words_are_not_blank():
    tokens = TokenLists([io.BytesIO(b"x")], lambda file: [], takes_text=False)
    assert list(tokens) == [[]]
    assert tokens.n_blank == 0


def test_bytes_that_cannot_be_decoded_are_named_with_a_cure():
    with pytest.raises(UnicodeDecodeError, match=r"document 1\. Set encoding, or"):
        tokens_of([b"a", b"caf\xe9"])
    assert tokens_of([b"caf\xe9"], encoding="latin-1") == [["café"]]
    assert tokens_of([b"caf\xe9"], decode_error="ignore") == [["caf"]]


def test_a_pattern_with_two_groups_is_scikit_learns_own_error():
    with pytest.raises(ValueError, match="More than 1 capturing group"):
        tokens_of(TEXTS, token_pattern="(a)(b)")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"lowercase": False},
        {"strip_accents": "ascii"},
        {"strip_accents": "unicode", "stop_words": "english"},
        {"token_pattern": r"\w+"},
        {"preprocessor": str.upper},
        {"token_pattern": r"(?u)\b\w+\b"},
        {"token_pattern": None, "tokenizer": str.split},
        {"tokenizer": lambda text: text.split("-")},
        {"lowercase": False, "strip_accents": "unicode"},
        {"stop_words": "english"},
    ],
)
def test_text_parameters_mean_what_they_mean_in_count_vectorizer(parameters):
    texts = [
        "The Café at Zürich: a dog's life, 1999; x_1",
        "A caf\xe9, the CAF\xc9 & a_b c-d 12 3.45\ttab\x1fsplit",
        "plain, ASCII: o k",
    ]
    analyzer = CountVectorizer(**parameters).build_analyzer()
    assert tokens_of(texts, **parameters) == [analyzer(text) for text in texts]


def title_of(record):
    return record["title"]


def same(document):
    return document


def tokens_without_none(document):
    return [] if document is None else document


#: Documents that are no texts, and callables that take them.
MOVED = {
    "records": ([{"title": "One two"}, {"title": ""}], title_of),
    "numbers": ([12, 3.5, 10**400, True], str),
    "token lists": ([["One", "two"], [], ["x"]], same),
    "tuples": ([("One", 2, ("a", "b"))], list),
    "None": ([["One"], None], tokens_without_none),
    "bytes": ([b"One two", b"three"], str.split),
    "texts": (["One two", "Th\xe9 the"], same),
    "sets": ([{"One"}, frozenset({"two"})], sorted),
    "objects": ([range(3), np.arange(2)], list),
}
CHOICES = {
    "lowercase": [True, False],
    "strip_accents": [None, "unicode", same],
    "preprocessor": [None, "user"],
    "tokenizer": [None, "user", same, str.split],
    "analyzer": ["word", "user", same],
    "token_pattern": [DEFAULT_TOKEN_PATTERN, r"\w+"],
    "stop_words": [None, ["two"]],
}


@pytest.mark.filterwarnings("ignore:Your stop_words may be inconsistent")
@pytest.mark.parametrize("kind", [*MOVED, "paths"])
def test_what_count_vectorizer_reads_with_a_callable_is_read_the_same(kind, tmp_path):
    """All combinations; what is refused here are strings and mappings for tokens."""
    path = tmp_path / "document.txt"
    path.write_text("One two", encoding="utf-8")
    documents, users = {**MOVED, "paths": ([path], Path.read_text)}[kind]
    n_read = 0
    for choice in product(*CHOICES.values()):
        parameters = dict(zip(CHOICES, choice, strict=True))
        parameters |= {n: users for n, value in parameters.items() if value == "user"}
        analyzer = CountVectorizer(**parameters).build_analyzer()
        with_stop_words = CountVectorizer(**parameters | {"stop_words": None})
        try:
            returned = list(map(with_stop_words.build_analyzer(), documents))
            expected = [list(analyzer(document)) for document in documents]
        except (TypeError, AttributeError):
            continue
        if any(isinstance(tokens, (str, bytes, dict)) for tokens in returned):
            with pytest.raises(ValueError, match="must return a sequence of tokens"):
                tokens_of(documents, **parameters)
        else:
            assert tokens_of(documents, **parameters) == expected, parameters
            n_read += 1
    assert n_read > 10


def test_words_are_those_of_count_vectorizers_default_pattern():
    assert CountVectorizer().token_pattern == DEFAULT_TOKEN_PATTERN


@given(st.one_of(st.text(), st.text(st.characters(max_codepoint=127))))
def test_words_are_split_as_the_pattern_finds_them(text):
    assert split_words(text) == re.findall(DEFAULT_TOKEN_PATTERN, text)


def test_no_token_pattern_requires_a_tokenizer():
    with pytest.raises(ValueError, match="token_pattern=None requires a tokenizer"):
        tokens_of(["a"], token_pattern=None)


class ElementwiseEqual:
    """A callable that compares to an array, as one with numpy's operators does."""

    def __init__(self, function):
        self.function = function

    def __call__(self, value):
        return self.function(value)

    def __eq__(self, other):
        return np.array([True, False])

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("analyzer", str.split),
        ("tokenizer", str.split),
        ("preprocessor", str.upper),
        ("strip_accents", str.lower),
    ],
)
def test_a_callable_may_compare_to_an_array(name, function, texts):
    parameter = {"token_pattern": None} if name == "tokenizer" else {}
    expected = small(**parameter, **{name: function}).fit(texts)
    wrapped = small(**parameter, **{name: ElementwiseEqual(function)}).fit(texts)
    assert wrapped.vocabulary_ == expected.vocabulary_
    np.testing.assert_array_equal(wrapped.transform(texts), expected.transform(texts))
    for _ in range(2):
        wrapped.set_params(**{name: ElementwiseEqual(function)})
        found = wrapped.transform(texts)
        np.testing.assert_array_equal(found, expected.transform(texts))
    empty = "" if name in ("preprocessor", "strip_accents") else []
    wrapped.set_params(**{name: ElementwiseEqual(lambda text: empty)})
    assert not wrapped.transform(texts).any()
