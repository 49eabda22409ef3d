"""Tokens to ids, against plain loops."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_w2v import _vocabulary
from sklearn_w2v._vocabulary import (
    Corpus,
    WordCounts,
    count_words,
    coverage,
    drop_unknown,
    encode,
    hold_out,
    learn_vocabulary,
    use_vocabulary,
)

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=12)
NO_PRUNING = {"min_count": 1, "min_df": 1, "max_df": 1.0, "max_features": None}


def learn_all(documents, **parameters):
    return learn_vocabulary(documents, **(NO_PRUNING | parameters))


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
            learn_vocabulary(documents, **parameters)
        return

    vocabulary, corpus = learn_vocabulary(documents, **parameters)
    assert list(vocabulary) == expected
    assert list(vocabulary.values()) == list(range(len(expected)))
    assert np.bincount(corpus.ids).tolist() == [counts[word] for word in expected]
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
    vocabulary, _ = learn_all(documents, min_df=2, max_df=0.8)
    assert set(vocabulary) == set(theirs.vocabulary_)


def test_document_frequencies_of_many_documents(monkeypatch):
    monkeypatch.setattr(_vocabulary, "DOCUMENTS_AT_ONCE", 3)
    documents = [["a"], [], ["a", "b"], ["b"], ["a"], [], [], ["c", "a"]]
    vocabulary, _ = learn_all(documents, min_df=2, max_df=3)
    assert list(vocabulary) == ["b"]


def test_words_of_equal_count_stand_as_first_seen():
    vocabulary, _ = learn_all([["z", "a"], ["m", "z", "a"]])
    assert list(vocabulary) == ["z", "a", "m"]


def test_tokens_may_be_anything_hashable():
    vocabulary, corpus = learn_all([[1, ("a", 2)], [None, 1]])
    assert vocabulary == {1: 0, ("a", 2): 1, None: 2}
    assert corpus.ids.tolist() == [0, 1, 2, 0]


def test_a_token_takes_four_bytes():
    _, corpus = learn_all([["a", "b"]] * 10)
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
def test_unknown_tokens_are_dropped_and_documents_stay(documents):
    vocabulary = {"a": 0, "c": 1, "h": 2}
    tokens = encode(documents, vocabulary)
    assert np.diff(tokens.offsets).tolist() == [len(tokens) for tokens in documents]
    corpus = drop_unknown(tokens)
    assert corpus.ids.dtype == np.int32
    assert words_of(corpus, vocabulary) == [
        [token for token in tokens if token in vocabulary] for tokens in documents
    ]


def test_a_given_list_of_words_keeps_its_order():
    vocabulary, corpus = use_vocabulary([["a", "b", "x", "b"]], ["z", "b", "a"])
    assert vocabulary == {"z": 0, "b": 1, "a": 2}
    assert corpus.ids.tolist() == [2, 1, 1]


def test_a_given_mapping_keeps_its_rows_and_is_listed_by_them():
    vocabulary, corpus = use_vocabulary([["a", "b", "b"]], {"a": 1, "b": 0})
    assert list(vocabulary.items()) == [("b", 0), ("a", 1)]
    assert corpus.ids.tolist() == [1, 0, 0]


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
        use_vocabulary([["a"]], vocabulary)


def test_a_vocabulary_that_no_document_uses_is_an_error():
    with pytest.raises(ValueError, match="None of the 2 words of `vocabulary` is in"):
        use_vocabulary([["a"], []], ["x", "y"])


def test_dropping_unknown_tokens_of_a_full_corpus_copies_nothing():
    corpus = Corpus(np.array([0, 1], np.int32), np.array([0, 2]))
    assert _vocabulary.drop_unknown(corpus) is corpus


@given(documents=DOCUMENTS, known=st.lists(st.sampled_from("adxy"), unique=True))
def test_known_words_keep_their_rows_and_new_ones_join(documents, known):
    counts = Counter(token for tokens in documents for token in tokens)
    new = [token for token, n in counts.most_common() if n >= 2 and token not in known][
        : max(0, 3 - len(known))
    ]
    if not any(counts[word] for word in [*known, *new]):
        with pytest.raises(ValueError, match="empty vocabulary"):
            learn_all(documents, known=known, min_count=2, max_features=3)
        return
    vocabulary, corpus = learn_all(documents, known=known, min_count=2, max_features=3)
    assert list(vocabulary.items()) == [
        (word, row) for row, word in enumerate([*known, *new])
    ]
    assert words_of(corpus, vocabulary) == [
        [token for token in tokens if token in vocabulary] for tokens in documents
    ]


@given(documents=DOCUMENTS)
def test_words_are_counted_by_token_and_by_document(documents):
    vocabulary = {letter: row for row, letter in enumerate("abcdefgh")}
    corpus = encode(documents, vocabulary)
    counts = count_words(corpus, 8)
    assert counts.tokens.tolist() == [
        sum(tokens.count(word) for tokens in documents) for word in vocabulary
    ]
    assert counts.document_frequencies.tolist() == [
        sum(word in tokens for tokens in documents) for word in vocabulary
    ]
    assert counts.n_documents == len(documents)


def test_counts_of_two_fits_add_up_by_word():
    before = WordCounts(np.array([5, 6, 7]), np.array([1, 2, 3]), 10)
    now = WordCounts(np.array([10, 20]), np.array([4, 5]), 6)
    # The words of before are the second, none and the first of now.
    both = now.plus(before, np.array([1, -1, 0]))
    assert both.tokens.tolist() == [17, 25]
    assert both.document_frequencies.tolist() == [7, 6]
    assert both.n_documents == 16
    assert now.tokens.tolist() == [10, 20]


@given(documents=DOCUMENTS)
def test_coverage_is_the_share_of_known_tokens(documents):
    shares = coverage(encode(documents, {"a": 0, "b": 1}))
    assert shares.tolist() == [
        sum(token in "ab" for token in tokens) / max(len(tokens), 1)
        for tokens in documents
    ]


def test_a_split_holds_out_whole_documents_that_have_words():
    documents = [[str(i)] * (i % 3) for i in range(30)]
    vocabulary = {str(i): i for i in range(30)}
    corpus = encode(documents, vocabulary)
    rest, held_out = hold_out(corpus, 0.3, np.random.RandomState(0))
    parts = words_of(rest, vocabulary), words_of(held_out, vocabulary)
    assert [len(part) for part in parts] == [14, 6]
    assert sorted(parts[0] + parts[1]) == sorted(filter(None, documents))
    again = hold_out(corpus, 0.3, np.random.RandomState(0))
    assert again[1].ids.tolist() == held_out.ids.tolist()
    other = hold_out(corpus, 0.3, np.random.RandomState(1))
    assert other[1].ids.tolist() != held_out.ids.tolist()


@pytest.mark.parametrize(
    ("documents", "fraction"), [([["a"]], 0.1), ([["a"], []], 0.5)]
)
def test_a_split_of_one_document_names_the_parameters(documents, fraction):
    corpus = encode(documents, {"a": 0})
    message = (
        rf"validation_fraction={fraction} .* \(n_samples=1\) .* early_stopping=Fal"
    )
    with pytest.raises(ValueError, match=message):
        hold_out(corpus, fraction, np.random.RandomState(0))
