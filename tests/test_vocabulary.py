"""Tokens to ids, against plain loops."""

import math
import tracemalloc
from collections import Counter
from itertools import cycle, islice

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sklearn_w2v import Word2VecVectorizer, _corpus
from sklearn_w2v._corpus import UNKNOWN
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._vocabulary import (
    encode,
    encode_words,
    learn_vocabulary,
    use_vocabulary,
)

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=12)


def learn(documents, known=(), **parameters):
    vectorizer = Word2VecVectorizer(**({"min_count": 1} | parameters))
    return learn_vocabulary(documents, FitParameters.of(vectorizer), known)


def assert_encoded(encoded, documents, words):
    """Documents are encoded in these words, and counted."""
    assert list(encoded.vocabulary.items()) == [
        (word, row) for row, word in enumerate(words)
    ]
    tokens = [token for document in documents for token in document]
    assert encoded.corpus.ids.dtype == np.int32  # 4 bytes a token
    assert [words[row] for row in encoded.corpus.ids] == [
        token for token in tokens if token in words
    ]
    assert encoded.corpus.lengths.tolist() == [
        sum(token in words for token in document) for document in documents
    ]
    assert encoded.counts.tokens.tolist() == [tokens.count(word) for word in words]
    assert encoded.counts.document_frequencies.tolist() == [
        sum(word in document for document in documents) for word in words
    ]
    assert encoded.counts.n_documents == len(documents)
    assert encoded.n_unknown == len(tokens) - len(encoded.corpus.ids)


@given(
    documents=DOCUMENTS,
    known=st.just([]) | st.lists(st.sampled_from("adxy"), unique=True),
    min_count=st.integers(1, 4),
    min_df=st.integers(1, 3) | st.floats(0, 0.5),
    max_df=st.integers(3, 12) | st.floats(0.5, 1),
    max_features=st.none() | st.integers(1, 6),
)
@example(
    documents=[["a", "b"]],
    known=["a", "d"],
    min_count=1,
    min_df=1,
    max_df=3,
    max_features=1,
)
def test_learns_what_a_plain_loop_learns(
    documents, known, min_count, min_df, max_df, max_features
):
    counts = Counter(token for tokens in documents for token in tokens)
    frequencies = Counter(token for tokens in documents for token in set(tokens))
    lowest = min_df if isinstance(min_df, int) else min_df * len(documents)
    highest = max_df if isinstance(max_df, int) else max_df * len(documents)
    words = known + [
        token
        for token, n in counts.most_common()
        if n >= min_count
        and lowest <= frequencies[token] <= highest
        and token not in known
    ]
    if max_features is not None:
        words = words[: max(max_features, len(known))]

    def learn_it():
        return learn(
            documents,
            known=known,
            min_count=min_count,
            min_df=min_df,
            max_df=max_df,
            max_features=max_features,
        )

    if highest < lowest or not any(counts[word] for word in words):
        with pytest.raises(ValueError, match=r"empty vocabulary|max_df corresponds"):
            learn_it()
    else:
        assert_encoded(learn_it(), documents, words)


def test_tokens_may_be_anything_hashable():
    encoded = learn([[1, ("a", 2)], [b"x", 1]])
    assert encoded.vocabulary == {1: 0, ("a", 2): 1, b"x": 2}
    assert encoded.corpus.ids.tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("documents", [[], [[]], [[], []], iter([])])
def test_no_token_at_all_is_an_empty_vocabulary(documents):
    with pytest.raises(ValueError, match=r"^empty vocabulary; (none of|there is)"):
        learn(documents)


def test_everything_pruned_names_the_parameters_and_the_highest_count():
    message = (
        "^empty vocabulary; none of the 2 distinct tokens is left after pruning with "
        "min_count=9, min_df=1 and max_df=1.0. The highest count of a token is 3"
    )
    with pytest.raises(ValueError, match=message):
        learn([["a", "a", "b", "a"]], min_count=9)


def test_known_words_that_use_up_max_features_are_named():
    message = (
        r"^empty vocabulary; the 2 known words use up max_features=2, and none of them "
        r"is in the documents\. Raise max_features to learn up to 3 new words\."
    )
    with pytest.raises(ValueError, match=message):
        learn([["a", "b", "c"]], known=["x", "y"], max_features=2)
    with pytest.raises(ValueError, match="try a lower min_count"):
        learn([["a", "b", "c"]], known=["x", "y"], max_features=2, min_count=2)


def test_contradicting_document_frequencies_are_scikit_learns_error():
    with pytest.raises(ValueError, match="max_df corresponds to < documents than"):
        learn([["a"]] * 10, min_df=5, max_df=0.1)


@given(documents=DOCUMENTS)
def test_tokens_become_rows_or_unknown(documents):
    vocabulary = {"a": 0, "c": 1, "h": 2}
    corpus = encode(documents, vocabulary)
    assert corpus.ids.tolist() == [
        vocabulary.get(token, UNKNOWN) for tokens in documents for token in tokens
    ]
    assert corpus.lengths.tolist() == list(map(len, documents))
    assert_encoded(encode_words(documents, vocabulary), documents, list("ach"))


@pytest.mark.parametrize("vocabulary", [["z", "b", "a"], {"a": 2, "z": 0, "b": 1}])
def test_a_given_vocabulary_keeps_its_rows_and_is_listed_by_them(vocabulary):
    documents = [["a", "b", "x", "b"], []]
    assert_encoded(use_vocabulary(documents, vocabulary), documents, ["z", "b", "a"])


@pytest.mark.parametrize(
    ("vocabulary", "error", "message"),
    [
        # as in scikit-learn
        ([], ValueError, "empty vocabulary passed to fit"),
        (["a", "a"], ValueError, "Duplicate term in vocabulary: 'a'"),
        ({"a": 0, "b": 0}, ValueError, "Vocabulary contains repeated indices"),
        ({"a": 0, "b": 2}, ValueError, "Vocabulary of size 2 doesn't contain index 1"),
        # of this package
        ({"a": 0.0, "b": 1.0}, ValueError, "The rows of `vocabulary` must be integers"),
        ({1, "a"}, TypeError, "^'<' not supported between"),
        ([["a"]], TypeError, r"words of `vocabulary` must be hashable, .*unhashable"),
        (["a", math.nan], ValueError, r"`vocabulary` has a missing value .*: nan\."),
        (["a", None], ValueError, r"`vocabulary` has a missing value .*: None\."),
        (["x", "y"], ValueError, "None of the 2 words of `vocabulary` is in"),
    ],
)
def test_a_bad_vocabulary_raises_an_error(vocabulary, error, message):
    with pytest.raises(error, match=message):
        use_vocabulary([["a"], []], vocabulary)


def test_a_vocabulary_may_be_an_iterator():
    assert use_vocabulary([["a"]], iter(["b", "a"])).vocabulary == {"b": 0, "a": 1}


@pytest.mark.parametrize("missing", [math.nan, np.float32("nan"), pd.NA, pd.NaT, None])
def test_a_missing_token_is_refused_by_its_document(missing):
    message = r"Document 2 has a missing value as a token: .*[Nn][aAo].*\. Remove miss"
    with pytest.raises(ValueError, match=message):
        learn([["a", 1.5], [], ["a", missing], [missing]])
    with pytest.raises(ValueError, match=message):
        learn([["a", 1.5], [], [missing, "a"]])
    with pytest.raises(ValueError, match=message):
        learn([["a", ("a", "b")], [], ["a", ("a", (missing,))]])


class Token:
    """Equal only to itself, as a token of spaCy is."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


class UncopiedToken(Token):
    """Refuses to be copied, as a token of spaCy does."""

    def __copy__(self):
        raise NotImplementedError


class Value(Token):
    """Equal to others with the same text."""

    def __eq__(self, other):
        return self.text == other.text

    def __hash__(self):
        return hash(self.text)


def test_tokens_that_are_equal_to_themselves_alone_are_refused():
    documents = [list(map(Token, text)) for text in ("ab", "bc")]
    message = r"Tokens of type .*Token are equal only .*\[str\(token\) for token in doc"
    with pytest.raises(ValueError, match=message):
        learn(documents)
    with pytest.raises(ValueError, match=r"Token are equal only"):
        learn([["a", UncopiedToken("b")]])
    with pytest.raises(ValueError, match=r"builtins\.object are equal only"):
        learn([["a", object()]])
    with pytest.raises(ValueError, match=r"Token are equal only"):
        learn([["a", ("b", "c"), ("b", Token("c"))]])
    with pytest.raises(ValueError, match=r"torch\.Tensor are equal by value"):
        learn(torch.tensor([[1, 2], [2, 1]]))
    documents = [list(map(Value, text)) for text in ("ab", "bc")]
    assert [str(word) for word in learn(documents).vocabulary] == ["b", "a", "c"]


class HashedByIdentity(Token):
    """Equal by value, but each copy has another hash."""

    def __eq__(self, other):
        return self.text == other.text

    __hash__ = object.__hash__


class ArrowScalar(Value):
    """Equal only to its own kind, as a scalar of pyarrow is."""

    def __eq__(self, other):
        return isinstance(other, ArrowScalar) and super().__eq__(other)

    __hash__ = Value.__hash__

    def as_py(self):
        return self.text


NEVER_FOUND = {
    "torch": (torch.tensor([1, 2]), r"torch\.Tensor are equal by value, but.*tolist"),
    "rows": (torch.ones(2, 2), r"torch\.Tensor are equal only.*by tolist\(\)"),
    "pyarrow": (map(ArrowScalar, "ab"), r"ArrowScalar differ from Python.*by as_py"),
    "hash": (map(HashedByIdentity, "ab"), r"their hashes are not.*str\(token\)"),
    "identity": (map(Token, "ab"), "are equal only to themselves"),
    "nested": ([("a", Token("a"))], "Token are equal only to themselves"),
}


@pytest.mark.parametrize(("tokens", "message"), NEVER_FOUND.values(), ids=NEVER_FOUND)
def test_tokens_that_are_never_found_again_are_refused_with_a_cure(tokens, message):
    tokens = list(tokens)
    message = f"^Tokens of type .*{message}"
    for documents in ([tokens], [["a"], tokens]):
        with pytest.raises(ValueError, match=message):
            learn(documents, min_count=2)
    # Those that are forgotten, as far as they come first.
    with pytest.raises(ValueError, match=message):
        learn(iter([iter(tokens)]), max_vocab_size=1)
    assert encode([tokens], {"a": 0}).ids.tolist() == [UNKNOWN] * len(tokens)
    with pytest.raises(ValueError, match=message.replace("Tokens", "Words of .*")):
        use_vocabulary([["a"]], tokens)


def test_tokens_of_many_types_are_words():
    tokens = ["1", 1, (1,), 1.5, b"1", (), ("a", (1,)), frozenset([1]), "1.5"]
    assert list(learn([tokens]).vocabulary) == tokens


def test_five_million_tokens_of_one_document_take_four_bytes_each():
    n_tokens = 5_000_000
    tokens = islice(cycle([f"word{i}" for i in range(1000)] + ["rare"]), n_tokens)
    tracemalloc.start()
    encoded = learn([tokens], min_df=1, min_count=n_tokens // 1001 + 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < len(encoded.corpus.ids) < n_tokens
    # A growing array has room for an eighth more, and a part of it is read at once.
    assert peak < 4.5 * n_tokens + 32 * _corpus.TOKENS_AT_ONCE


@pytest.mark.parametrize("documents", [[["a"], [["b"]]], [["a"], ["b", {}]]])
def test_tokens_that_cannot_be_looked_up_are_named(documents):
    message = r"tokens of document 1 must be hashable, for example str.*: unhashable"
    for read in (learn, lambda documents: encode(documents, {"a": 0})):
        with pytest.raises(TypeError, match=message):
            read(documents)


def test_what_a_lazy_analyzer_cannot_hash_itself_is_no_token():
    def documents():
        yield ({}[token] for token in [[]])

    for read in (learn, lambda documents: encode(documents, {"a": 0})):
        with pytest.raises(
            TypeError, match=r"^(unhashable|cannot use 'list' as a dict)"
        ):
            read(documents())


@pytest.mark.parametrize("max_vocab_size", [None, 9])
def test_another_type_error_of_a_lazy_analyzer_is_raised_as_it_is(max_vocab_size):
    def documents():
        yield (len(token) for token in [1])

    message = r"^object of type 'int' has no len\(\)$"
    with pytest.raises(TypeError, match=message):
        learn(documents(), max_vocab_size=max_vocab_size)
    with pytest.raises(TypeError, match=message):
        encode(documents(), {"a": 0})
