"""Tables of tokens and counts of several ranks."""

from collections import Counter
from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from thread_ranks import on_threads

from sklearn_w2v._corpus import WordCounts
from sklearn_w2v._gathering import TokenTable, gather_counts, gather_tables
from sklearn_w2v._ranks import ONE_RANK

DOCUMENTS = st.lists(st.text("abcd", max_size=6), max_size=5)


def counts_of(documents, words):
    """How often words occur in documents, which are strings of words: a plain loop."""
    tokens = Counter("".join(documents))
    frequencies = Counter("".join("".join(set(document)) for document in documents))
    return WordCounts(
        np.array([tokens[word] for word in words], dtype=np.int64),
        np.array([frequencies[word] for word in words], dtype=np.int64),
        len(documents),
    )


def table_of(documents, known):
    """The table of documents: known words first, others in the order of reading."""
    words = list(dict.fromkeys([*known, *"".join(documents)]))
    return TokenTable(words, counts_of(documents, words))


@given(
    documents=st.lists(DOCUMENTS, min_size=2, max_size=3),
    known=st.sets(st.sampled_from("xac")),
)
def test_tables_are_those_of_all_documents_one_after_the_other(documents, known):
    known = sorted(known)

    def task(ranks):
        own = table_of(documents[ranks.rank], known)
        table, positions = gather_tables(ranks, own, known)
        assert [table.tokens[position] for position in positions] == own.tokens
        return table

    expected = table_of(list(chain(*documents)), known)
    for tokens, counts in on_threads(len(documents), task):
        assert tokens == expected.tokens
        np.testing.assert_equal(counts, expected.counts)


@given(documents=st.lists(DOCUMENTS, min_size=2, max_size=3))
def test_counts_of_the_same_words_are_summed(documents):
    expected = counts_of(list(chain(*documents)), "abcd")
    for counts in on_threads(
        len(documents),
        lambda ranks: gather_counts(ranks, counts_of(documents[ranks.rank], "abcd")),
    ):
        np.testing.assert_equal(counts, expected)


def test_the_only_rank_has_its_own_table():
    own = table_of(["ab", "b"], [])
    table, positions = gather_tables(ONE_RANK, own, [])
    assert table is own
    assert positions.tolist() == [0, 1]
