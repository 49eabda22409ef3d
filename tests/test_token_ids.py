"""Tokens that are forgotten while documents are read, against loops and gensim."""

import errno
import math
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pytest
from helpers import small
from hypothesis import assume, example, given
from hypothesis import strategies as st
from thread_ranks import on_threads

from sklearn_w2v import Word2VecVectorizer, _corpus, _token_ids
from sklearn_w2v._parameters import FitParameters
from sklearn_w2v._vocabulary import encode, learn_vocabulary

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=12)


def learn(documents, known=(), **parameters):
    vectorizer = Word2VecVectorizer(**({"min_count": 1} | parameters))
    return learn_vocabulary(documents, FitParameters.of(vectorizer), known)


def assert_all_occurrences(corpus, documents, vocabulary):
    """The words of all documents are encoded, also before they were forgotten."""
    expected = encode(documents, vocabulary).drop_unknown()
    np.testing.assert_array_equal(corpus.ids, expected.ids)
    np.testing.assert_array_equal(corpus.offsets, expected.offsets)


# --- the rule


def forgetful_counts(documents, max_vocab_size):
    """What gensim counts: see `scan_vocab` and `prune_vocab` of its release 4.

    The number of documents with a token is counted by the same rule.
    """
    counts, frequencies, threshold = Counter(), Counter(), 1
    for document in documents:
        counts.update(document)
        frequencies.update(set(document))
        if len(counts) > max_vocab_size:
            counts = Counter({t: n for t, n in counts.items() if n >= threshold})
            frequencies = Counter({t: frequencies[t] for t in counts})
            threshold += 1
    return counts, frequencies


@pytest.mark.filterwarnings("ignore:max_vocab_size")
@given(documents=DOCUMENTS, max_vocab_size=st.integers(1, 8), at_once=st.integers(0, 9))
def test_the_rarest_tokens_are_forgotten_by_gensims_rule(
    documents, max_vocab_size, at_once
):
    counts, frequencies = forgetful_counts(documents, max_vocab_size)
    assume(counts)
    with (
        patch.object(_token_ids, "TOKENS_AT_ONCE", max(at_once, 1)),
        patch.object(_token_ids, "TOKENS_IN_PIECE", at_once // 3 + 1),
    ):
        encoded = learn(documents, max_vocab_size=max_vocab_size)
    words = list(encoded.vocabulary)
    assert dict(zip(words, encoded.counts.tokens.tolist(), strict=True)) == counts
    assert encoded.counts.document_frequencies.tolist() == [
        frequencies[word] for word in words
    ]
    assert encoded.counts.n_documents == len(documents)
    n_words = sum(token in counts for document in documents for token in document)
    assert encoded.n_unknown == sum(map(len, documents)) - n_words
    assert_all_occurrences(encoded.corpus, documents, encoded.vocabulary)


def test_gensim_forgets_the_same_tokens(gensim):
    random = np.random.RandomState(0)
    documents = [[f"w{i}" for i in random.zipf(1.5, size=20)] for _ in range(300)]
    model = gensim.Word2Vec(min_count=1, max_vocab_size=100)
    model.build_vocab(documents)
    with pytest.warns(UserWarning, match="max_vocab_size=100: .* times a token was"):
        encoded = learn(documents, max_vocab_size=100)
    found = dict(zip(encoded.vocabulary, encoded.counts.tokens.tolist(), strict=True))
    assert found == {
        word: model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key
    }


def test_a_vocabulary_that_is_all_forgotten_names_the_parameter():
    message = (
        r"^empty vocabulary; no token is left after pruning .* max_df=1\.0, and with "
        r"max_vocab_size=1\. The highest count of a token is 1:"
    )
    with (
        pytest.warns(UserWarning, match="max_vocab_size=1: 3 times"),
        pytest.raises(ValueError, match=message),
    ):
        learn([["a"], ["b"], ["c"]], max_vocab_size=1)


@pytest.mark.filterwarnings("ignore:max_vocab_size")
@given(
    documents=DOCUMENTS,
    known=st.lists(st.sampled_from("abxy"), unique=True, min_size=1),
    max_vocab_size=st.integers(1, 4),
)
@example([["a"], ["b"], ["c"], ["d"]] * 3, ["x", "a"], 1)
def test_known_words_are_not_forgotten(documents, known, max_vocab_size):
    tokens = [token for document in documents for token in document]
    assume(set(known) & set(tokens))
    encoded = learn(documents, known=known, max_vocab_size=max_vocab_size)
    assert list(encoded.vocabulary)[: len(known)] == known
    assert encoded.counts.tokens[: len(known)].tolist() == list(
        map(tokens.count, known)
    )
    assert_all_occurrences(encoded.corpus, documents, encoded.vocabulary)


@pytest.mark.parametrize("n_known", [3, 4, 50])
def test_as_many_new_words_are_counted_however_many_are_known(n_known):
    known = [f"known{i}" for i in range(n_known)]
    documents = [["known0", "a", "b"], ["c", "known1", "d", "a"], ["b"]]
    encoded = learn(documents, known=known, max_vocab_size=4)
    assert list(encoded.vocabulary) == [*known, "a", "b", "c", "d"]
    assert encoded.counts.tokens.tolist() == [1, 1] + [0] * (n_known - 2) + [2, 2, 1, 1]


def test_no_word_of_a_small_vocabulary_is_forgotten():
    documents = [["a", "b"], ["b", "c"]]
    encoded = learn(documents, max_vocab_size=3)
    assert encoded.vocabulary == {"b": 0, "a": 1, "c": 2}
    assert_all_occurrences(encoded.corpus, documents, encoded.vocabulary)


# --- the occurrences of a word before it was forgotten


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("parameters", [{}, {"weighting": "idf", "norm": "l2"}])
def test_fit_transform_returns_what_transform_returns(parameters):
    random = np.random.RandomState(0)
    documents = [[f"w{i}" for i in random.zipf(1.3, size=9)] for _ in range(500)]
    vectorizer = small(analyzer=list, max_vocab_size=60, **parameters)
    vectors = vectorizer.fit_transform(documents)
    np.testing.assert_array_equal(vectors, vectorizer.transform(documents))
    fitted = small(analyzer=list, max_vocab_size=60, **parameters).fit(documents)
    np.testing.assert_array_equal(vectors, fitted.transform(documents))
    n_words = sum(token in fitted.vocabulary_ for each in documents for token in each)
    assert fitted.word_counts_.sum() < n_words


@dataclass(frozen=True)
class Item:
    number: int


class OneOfAKind:
    """Equals only itself, and so its copies, but not those of pickle."""

    def __copy__(self):
        return self


def local_function():
    return None


KINDS = [
    "cat",
    "caf\udce9\0",
    np.str_("dog"),
    b"bytes",
    1,
    2.5,
    np.int64(7),
    ("new", ("york", 2**70)),
    frozenset([1, "a"]),
    Item(3),
    OneOfAKind(),
    (OneOfAKind(), 1),
    lambda: None,  # which cannot be pickled
    local_function,
]


@pytest.mark.filterwarnings("ignore:max_vocab_size")
@pytest.mark.parametrize("word", KINDS, ids=range(len(KINDS)))
def test_tokens_of_every_kind_are_found_again(word):
    documents = [["z", word], [f"w{i}" for i in range(9)], ["z", "x"], [word] * 9]
    encoded = learn(documents, max_vocab_size=3)
    assert encoded.vocabulary[word] == 0
    assert encoded.counts.tokens[0] == 9
    assert_all_occurrences(encoded.corpus, documents, encoded.vocabulary)
    assert np.count_nonzero(encoded.corpus.ids == 0) == 10


@pytest.mark.filterwarnings("ignore:max_vocab_size")
@pytest.mark.parametrize("missing", [None, math.nan, ("a", math.nan)])
def test_a_missing_token_is_refused_by_its_first_document(missing):
    documents = [["a"], ["b", missing], ["c", "d"], ["e"], [missing] * 9]
    message = "Document 1 has a missing value as a token"
    with pytest.raises(ValueError, match=message):
        learn(documents, max_vocab_size=2)


@pytest.mark.filterwarnings("ignore:max_vocab_size")
@given(documents=st.lists(DOCUMENTS, min_size=2, max_size=3))
def test_a_word_that_one_rank_forgot_is_found_again(documents):
    parameters = FitParameters.of(Word2VecVectorizer(min_count=1, max_vocab_size=2))
    assume(all(map(any, documents)))
    assume(any(forgetful_counts(own, 2)[0] for own in documents))

    def task(ranks):
        return learn_vocabulary(documents[ranks.rank], parameters, ranks=ranks)

    for own, encoded in zip(documents, on_threads(len(documents), task), strict=True):
        assert_all_occurrences(encoded.corpus, own, encoded.vocabulary)


# --- memory


def documents_of(n_tokens):
    """Documents of ten tokens, all different, and of two frequent ones."""
    for first in range(0, n_tokens, 10):
        yield [f"w{i}" for i in range(first, first + 10)] + ["cat", "dog"]


@pytest.fixture
def in_a_file(tmp_path, monkeypatch):
    """Let forgotten tokens be written to a file, in a folder that is returned."""
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    monkeypatch.setattr(_token_ids, "IDS_AT_ONCE", 0)
    monkeypatch.setattr(_corpus, "IDS_AT_ONCE", 0)
    return tmp_path


@pytest.mark.filterwarnings("ignore:max_vocab_size")
def test_forgotten_tokens_take_no_memory(in_a_file):
    n_tokens = 100_000
    with (
        patch.object(_token_ids, "TOKENS_AT_ONCE", 1000),
        patch.object(_corpus, "TOKENS_AT_ONCE", 1000),
    ):
        tracemalloc.start()
        encoded = learn(documents_of(n_tokens), max_vocab_size=100)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert encoded.counts.tokens[:2].tolist() == [n_tokens // 10] * 2
    # 4 bytes per token and 16 per document, while arrays grow; the rest is constant.
    assert peak < 8 * n_tokens + 500_000
    assert list(in_a_file.iterdir()) == []


@pytest.mark.filterwarnings("ignore:max_vocab_size")
def test_ids_are_used_again():
    token_ids = _token_ids.TokenIds((), max_vocab_size=10)
    for document in documents_of(10_000):
        assert max(token_ids.ids_of(document)) < 40
    assert list(token_ids.values()) == list(range(len(token_ids)))


@pytest.mark.filterwarnings("ignore:max_vocab_size")
def test_forgotten_tokens_are_found_again_in_a_file(in_a_file):
    documents = [["a", "b"], *documents_of(500), ["b"] * 99, ["a"] * 99]
    encoded = learn(documents, max_vocab_size=20)
    assert {"a", "b"} <= encoded.vocabulary.keys()
    assert_all_occurrences(encoded.corpus, documents, encoded.vocabulary)


def test_a_full_disk_names_the_folder_and_the_cure(in_a_file):
    message = rf"in '{in_a_file}' takes the tokens that max_vocab_size has forgotten, "
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        patch.object(_corpus.tempfile, "TemporaryFile", side_effect=full),
        pytest.raises(OSError, match=message),
    ):
        learn(documents_of(500), max_vocab_size=20)
