"""Tokens to ids, against plain loops."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v import _vocabulary
from sklearn_w2v._vocabulary import Corpus, count, encode, learn

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=12)
NO_PRUNING = {"min_count": 1, "min_df": 1, "max_df": 1.0, "max_features": None}


def learn_all(documents, **parameters):
    return learn(documents, **(NO_PRUNING | parameters))


def words_of(corpus, vocabulary):
    words = list(vocabulary)
    return [
        [words[row] for row in corpus.ids[begin:end]]
        for begin, end in zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
    ]


@given(
    documents=DOCUMENTS,
    min_count=st.integers(1, 4),
    min_df=st.integers(1, 3) | st.floats(0, 0.5),
    max_df=st.integers(3, 12) | st.floats(0.5, 1),
    max_features=st.none() | st.integers(1, 6),
)
def test_learns_what_a_plain_loop_learns(
    documents, min_count, min_df, max_df, max_features
):
    counts = Counter(token for tokens in documents for token in tokens)
    frequencies = Counter(token for tokens in documents for token in set(tokens))
    lowest = min_df if isinstance(min_df, int) else min_df * len(documents)
    highest = max_df if isinstance(max_df, int) else max_df * len(documents)
    expected = [
        token
        for token, n in counts.most_common()
        if n >= min_count and lowest <= frequencies[token] <= highest
    ][:max_features]

    parameters = {
        "min_count": min_count,
        "min_df": min_df,
        "max_df": max_df,
        "max_features": max_features,
    }
    if not counts or not expected or highest < lowest:
        with pytest.raises(ValueError, match=r"empty vocabulary|max_df corresponds"):
            learn(documents, **parameters)
        return

    vocabulary, word_counts, corpus = learn(documents, **parameters)
    assert list(vocabulary) == expected
    assert list(vocabulary.values()) == list(range(len(expected)))
    assert word_counts.tolist() == [counts[word] for word in expected]
    assert words_of(corpus, vocabulary) == [
        [token for token in tokens if token in vocabulary] for tokens in documents
    ]


@given(documents=DOCUMENTS)
def test_document_frequencies_are_count_vectorizers(documents):
    theirs = CountVectorizer(analyzer=list, min_df=2, max_df=0.8)
    try:
        theirs.fit(documents)
    except ValueError:
        with pytest.raises(ValueError, match=r"empty vocabulary|max_df corresponds"):
            learn_all(documents, min_df=2, max_df=0.8)
        return
    vocabulary, _, _ = learn_all(documents, min_df=2, max_df=0.8)
    assert set(vocabulary) == set(theirs.vocabulary_)


def test_document_frequencies_of_many_documents(monkeypatch):
    monkeypatch.setattr(_vocabulary, "DOCUMENTS_AT_ONCE", 3)
    documents = [["a"], [], ["a", "b"], ["b"], ["a"], [], [], ["c", "a"]]
    vocabulary, _, _ = learn_all(documents, min_df=2, max_df=3)
    assert list(vocabulary) == ["b"]


def test_words_of_equal_count_stand_as_first_seen():
    vocabulary, _, _ = learn_all([["z", "a"], ["m", "z", "a"]])
    assert list(vocabulary) == ["z", "a", "m"]


def test_tokens_may_be_anything_hashable():
    vocabulary, _, corpus = learn_all([[1, ("a", 2)], [None, 1]])
    assert vocabulary == {1: 0, ("a", 2): 1, None: 2}
    assert corpus.ids.tolist() == [0, 1, 2, 0]


def test_a_token_takes_four_bytes():
    _, _, corpus = learn_all([["a", "b"]] * 10)
    assert corpus.ids.dtype == np.int32


@pytest.mark.parametrize("documents", [[], [[]], [[], []]])
def test_no_token_at_all_is_an_empty_vocabulary(documents):
    with pytest.raises(ValueError, match=r"^empty vocabulary; no document has a token"):
        learn_all(documents)


def test_everything_pruned_names_the_parameters_and_the_highest_count():
    message = (
        "^empty vocabulary; none of the 2 distinct tokens is left after pruning with "
        "min_count=9, min_df=1 and max_df=1.0. The highest count of a token is 3"
    )
    with pytest.raises(ValueError, match=message):
        learn_all([["a", "a", "b", "a"]], min_count=9)


def test_contradicting_document_frequencies_are_scikit_learns_error():
    with pytest.raises(ValueError, match="max_df corresponds to < documents than"):
        learn_all([["a"]] * 10, min_df=5, max_df=0.1)


@given(documents=DOCUMENTS)
def test_encode_leaves_out_unknown_tokens_and_keeps_documents(documents):
    vocabulary = {"a": 0, "c": 1, "h": 2}
    corpus = encode(documents, vocabulary)
    assert corpus.ids.dtype == np.int32
    assert words_of(corpus, vocabulary) == [
        [token for token in tokens if token in vocabulary] for tokens in documents
    ]


def test_a_given_list_of_words_keeps_its_order():
    vocabulary, counts, corpus = count([["a", "b", "x", "b"]], ["z", "b", "a"])
    assert vocabulary == {"z": 0, "b": 1, "a": 2}
    assert counts.tolist() == [0, 2, 1]
    assert corpus.ids.tolist() == [2, 1, 1]


def test_a_given_mapping_keeps_its_rows_and_is_listed_by_them():
    vocabulary, counts, _ = count([["a", "b", "b"]], {"a": 1, "b": 0})
    assert list(vocabulary.items()) == [("b", 0), ("a", 1)]
    assert counts.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], "empty vocabulary passed to fit"),
        (["a", "a"], "Duplicate term in vocabulary: 'a'"),
        ({"a": 0, "b": 0}, "Vocabulary contains repeated indices"),
        ({"a": 0, "b": 2}, "Vocabulary of size 2 doesn't contain index 1"),
    ],
)
def test_a_bad_vocabulary_is_scikit_learns_own_error(vocabulary, message):
    with pytest.raises(ValueError, match=message):
        count([["a"]], vocabulary)


def test_a_vocabulary_that_no_document_uses_is_an_error():
    with pytest.raises(ValueError, match="None of the 2 words of `vocabulary` is in"):
        count([["a"], []], ["x", "y"])


def test_dropping_unknown_tokens_of_a_full_corpus_copies_nothing():
    corpus = Corpus(np.array([0, 1], np.int32), np.array([0, 2]))
    assert _vocabulary.drop_unknown(corpus) is corpus
