"""What documents may be, and what is said of what they may not be."""

import io
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v._documents import WORDS, build_analyzer, iter_tokens, split_words

TEXTS = ["one two", "two three three", ""]
TOKENS = [["one", "two"], ["two", "three", "three"], []]


def tokens_of(X, **text_parameters):
    """What a vectorizer with these parameters reads."""
    parameters = {
        name: value
        for name, value in CountVectorizer(**text_parameters).get_params().items()
        if name not in ("binary", "dtype", "ngram_range")
        and not name.startswith(("max", "min", "vocab"))
    }
    takes_text = parameters["analyzer"] == "word" and parameters["input"] == "content"
    return list(iter_tokens(X, build_analyzer(**parameters), takes_text=takes_text))


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        lambda texts: (text for text in texts),
        lambda texts: np.array(texts, dtype=object),
        np.array,
        pd.Series,
        lambda texts: pd.Series(texts, index=[7, 7, 9]),
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pd.Series(texts, dtype="string"),
        pl.Series,
        lambda texts: [text.encode() for text in texts],
        lambda texts: dict.fromkeys(texts).keys(),
    ],
    ids=[
        "list",
        "tuple",
        "iterator",
        "generator",
        "object array",
        "str array",
        "pandas",
        "pandas with an index",
        "pandas category",
        "pandas string",
        "polars",
        "bytes",
        "dict keys",
    ],
)
def test_every_column_of_texts_reads_the_same(container):
    assert tokens_of(container(TEXTS)) == TOKENS


def test_documents_are_read_one_at_a_time():
    read = []

    def documents():
        for text in TEXTS:
            read.append(text)
            yield text

    stream = iter_tokens(documents(), str.split, takes_text=True)
    next(stream)
    assert read == TEXTS[:1]


def test_an_empty_column_has_no_tokens():
    assert tokens_of([]) == []


@pytest.mark.parametrize("document", ["a text", b"a text"])
def test_a_single_text_is_no_column(document):
    with pytest.raises(
        ValueError, match=r"^Iterable over raw text documents expected, st"
    ):
        tokens_of(document)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"text": TEXTS}),
        pl.DataFrame({"text": TEXTS}),
        np.array([TEXTS]),
        np.array([[text] for text in TEXTS], dtype=object),
        np.array("a text"),
        np.zeros((2, 2)),
        scipy.sparse.csr_matrix((2, 2)),
        scipy.sparse.csr_array((2, 2)),
    ],
    ids=lambda table: f"{type(table).__module__}.{type(table).__name__}",
)
def test_a_table_is_told_to_pass_one_column(table):
    with pytest.raises(ValueError, match=r"got a .* of shape \(.*df\['text'\] rather"):
        tokens_of(table)


@pytest.mark.parametrize("X", [None, 3, 2.5, {"text": TEXTS}, object()])
def test_what_is_no_column_is_told_to_pass_one(X):
    with pytest.raises(ValueError, match="Pass a list of texts"):
        tokens_of(X)


@pytest.mark.parametrize("numbers", [[1, 2], [0.5], np.arange(3), pd.Series([1.5])])
def test_numbers_are_told_to_pass_a_column_of_texts(numbers):
    with pytest.raises(ValueError, match=r"Document 0 is a number .*df\['text'\]"):
        tokens_of(numbers)


@pytest.mark.parametrize(
    "missing", [None, np.nan, float("nan"), np.float32("nan"), pd.NA, pd.NaT], ids=repr
)
@pytest.mark.parametrize("analyzer", ["word", str.split])
def test_a_missing_document_is_named_with_its_cure(missing, analyzer):
    expected = f"Document 1 is missing ({missing!r}). Replace missing documents"
    with pytest.raises(ValueError, match=re.escape(expected)):
        tokens_of(["a text", missing], analyzer=analyzer)


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["a text", None]),
        pd.Series(["a text", None], dtype="string"),
        pd.Series(["a text", None], dtype="category"),
        pl.Series(["a text", None]),
        np.array(["a text", np.nan], dtype=object),
    ],
    ids=["pandas", "pandas string", "pandas category", "polars", "array"],
)
def test_a_missing_document_of_a_series_is_named(series):
    with pytest.raises(ValueError, match=r"Document 1 is missing .*fillna\(''\)"):
        tokens_of(series)


@pytest.mark.parametrize("document", [["two", "words"], ("two",), np.array(["two"])])
def test_token_lists_are_told_of_the_analyzer(document):
    with pytest.raises(ValueError, match=r"pass a callable analyzer .* analyzer=list"):
        tokens_of([document])


def test_an_object_that_is_no_text_is_named():
    with pytest.raises(ValueError, match="Document 0 is a object, not a text"):
        tokens_of([object()])


def test_a_callable_analyzer_takes_any_documents():
    assert tokens_of([["two", "words"], ("x",), [1, 2]], analyzer=list) == [
        ["two", "words"],
        ["x"],
        [1, 2],
    ]


@pytest.mark.parametrize(
    "parameters", [{"analyzer": str.lower}, {"tokenizer": str.lower}], ids=str
)
def test_an_analyzer_that_returns_a_text_is_an_error(parameters):
    # Its characters would pass for words.
    with pytest.raises(ValueError, match="sequence of tokens, but returned a str"):
        tokens_of(["A text"], **parameters)


def test_a_tokenizer_brings_no_warning_about_token_pattern():
    assert tokens_of(["a-b"], tokenizer=lambda text: text.split("-")) == [["a", "b"]]


def test_files_are_read_by_name_and_by_object(tmp_path):
    path = tmp_path / "document.txt"
    path.write_text("one two", encoding="utf-8")
    assert tokens_of([str(path), path], input="filename") == [TOKENS[0]] * 2
    assert tokens_of([io.BytesIO(b"one two")], input="file") == [TOKENS[0]]


def test_a_missing_file_is_scikit_learns_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        tokens_of([tmp_path / "none.txt"], input="filename")


def test_bytes_that_cannot_be_decoded_are_scikit_learns_own_error():
    with pytest.raises(UnicodeDecodeError):
        tokens_of([b"caf\xe9"])
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
        {"lowercase": False, "strip_accents": "unicode"},
        {"stop_words": "english"},
    ],
    ids=str,
)
def test_text_parameters_mean_what_they_mean_in_count_vectorizer(parameters):
    texts = [
        "The Café at Zürich: a dog's life, 1999; x_1",
        "A caf\xe9, the CAF\xc9 & a_b c-d 12 3.45\ttab\x1fsplit",
        "plain, ASCII: o k",
    ]
    analyzer = CountVectorizer(**parameters).build_analyzer()
    assert tokens_of(texts, **parameters) == [analyzer(text) for text in texts]


def test_words_are_those_of_count_vectorizers_default_pattern():
    assert CountVectorizer().token_pattern == WORDS


@given(st.one_of(st.text(), st.text(st.characters(max_codepoint=127))))
def test_words_are_split_as_the_pattern_finds_them(text):
    assert split_words(text) == re.findall(WORDS, text)
