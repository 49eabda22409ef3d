"""Warnings about documents and text parameters."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import small
from rank_processes import TEXTS, share

from sklearn_w2v._documents import (
    DEFAULT_TOKEN_PATTERN,
    TokenLists,
    warn_of_parameters,
    warn_of_texts,
)
from sklearn_w2v._warnings import DocumentWarning


def read(X, analyzer=str.split):
    tokens = TokenLists(X, analyzer, takes_text=False)
    assert len(list(tokens)) == len(X)
    return tokens


def test_documents_without_text_are_counted():
    assert read(["", " \t", "a b"]).n_blank == 2
    assert read([b"", b" ", b"a"], bytes.split).n_blank == 2
    assert read([[], ["a"], ()], list).n_blank == 2
    arrays = [np.array([]), np.array(["a", "b"]), np.array(["a"])]
    assert read(arrays, lambda document: document).n_blank == 1


def test_texts_in_letters_are_counted_if_spaces_separate_their_words():
    assert read(["the cat", "猫が好き", "a", ["a", " "], ""], list).n_in_letters == 1
    chinese = ["苹果手机 全新上市", "iPhone 手机评测 很好啊啊"]
    assert read(chinese, list).n_in_letters == 0
    assert read(["the cat", "a b"]).n_in_letters == 0


def warnings_of(warn, *arguments, category=DocumentWarning):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn(*arguments)
    assert all(warning.category is category for warning in caught)
    return [str(warning.message) for warning in caught]


def warnings_of_texts(X, n_without_words, analyzer=str.split, n_words=3):
    tokens = read(X, analyzer)
    return warnings_of(warn_of_texts, tokens, n_without_words, len(X), n_words)


def test_texts_without_words_bring_a_warning_if_they_are_most():
    texts = ["a", "b", "c", "", ""]
    assert warnings_of_texts(texts, 2) == []
    assert warnings_of_texts(texts, 3) == []  # one of three with text
    (message,) = warnings_of_texts(texts, 4)
    assert message.startswith("2 of 3 documents with text have no word of the vocabul")
    for cure in ("min_count", "token_pattern", "analyzer=list", "tokenizer"):
        assert cure in message
    assert warnings_of_texts(["", ""], 2) == []


@pytest.mark.parametrize("analyzer", [str.split, lambda text: iter(text.split())])
def test_empty_texts_do_not_count_for_lists_and_iterators_of_tokens(analyzer):
    assert warnings_of_texts(["a", "", " ", "b"], 2, analyzer) == []
    (message,) = warnings_of_texts(["a", "!", "?", ""], 3, analyzer)
    assert message.startswith("2 of 3 documents with text")


@pytest.mark.parametrize("name_of", [str, Path, os.fsencode])
def test_files_without_a_token_may_be_empty_and_bring_no_warning(name_of, tmp_path):
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.write_text("")
    full.write_text("the cat sat on the mat")
    names = [name_of(empty)] * 20 + [name_of(full)] * 15
    small(input="filename", sample=None).fit(names)


def test_a_vocabulary_of_one_or_two_words_brings_a_warning():
    (message,) = warnings_of_texts(["a"] * 10, 1, n_words=2)
    assert message.startswith("The vocabulary of 10 documents has fewer than 3 words: ")
    assert warnings_of_texts(["a"] * 9, 0, n_words=2) == []


def test_texts_in_letters_bring_a_warning_if_they_are_most():
    texts = ["a cat", "a dog", "猫"]
    korean, arabic = ["나는 학교에", "그는 밥을"], ["ذهب الولد", "إلى المدرسة"]
    for letters in (korean, arabic, ["ילד הלך"] * 2):
        (message,) = warnings_of_texts(letters, 0, list)
        assert "leave analyzer, tokenizer and token_pattern at their def" in message
    for letters in (["今天 天气", "很 好"], ["ไป โรงเรียน"], ["मैं घर"]):
        assert warnings_of_texts(letters, 0, list) == []
    (message,) = warnings_of_texts(texts, 0, list)
    assert message.startswith("The analyzer splits 2 of 3 texts, which have space")
    assert warnings_of_texts(texts[1:] * 2, 0, list) == []


@pytest.mark.parametrize(
    "texts",
    [
        ["item48", "item7", "item48"],
        ["user_7", "sku-12", "p:3"],
        ["item2980 item909", "item48"],
        ["a1 b2 c3 d4", "a1 c3"],
        ["12 34 56", "7 8"],
        ["B00EX4YQ0 B0012", "X7 Y8"],
    ],
)
def test_ids_in_letters_bring_a_warning(texts):
    (message,) = warnings_of_texts(texts, 0, list)
    assert message.startswith(f"The analyzer splits {len(texts)} of {len(texts)} texts")
    assert message.endswith("pass a list of the items of each session.")
    assert warnings_of_texts(texts, 0, str.split) == []
    assert warnings_of_texts([text.split() for text in texts], 0, list) == []


@pytest.mark.parametrize(
    "texts",
    [
        ["ACGTAC", "GATTACA"],  # DNA
        ["MKVLAAGIV", "MSTNPKPQR"],  # proteins
        ["CC(=O)Oc1ccccc1C(=O)O", "c1ccccc1", "C6H12O6"],  # molecules
        ["0110101", "1110"],
        ["iPhone 15 手机评测", "2024年 12月"],
        ["ไปโรงเรียน", "猫が好き", "今天天气"],
    ],
)
def test_sequences_of_characters_bring_no_warning(texts):
    assert warnings_of_texts(texts, 0, list) == []


def test_ids_in_letters_bring_a_warning_of_a_fit():
    with pytest.warns(DocumentWarning, match="are ids such as 'item48', into single"):
        small(analyzer=list, sample=None).fit(["item48", "item7"] * 20)


@pytest.mark.parametrize("of", [set, frozenset])
@pytest.mark.parametrize("analyzer", [list, tuple, lambda document: document])
def test_sets_bring_a_warning_since_their_order_is_not_repeatable(of, analyzer):
    documents = [of(["ant", "bee", "cat"]), of(["dog", "emu", 3]), of(["ant"])]
    (message,) = warnings_of_texts([*documents, ["ant", "bee"]], 0, analyzer)
    assert message.startswith("2 of 4 documents are sets, whose order differs from pro")
    for word in ("random_state", "window", "sorted(document)"):
        assert word in message


def test_sets_that_are_sorted_or_of_integers_bring_no_warning():
    names = [{f"name{number}" for number in range(first, 30)} for first in range(9)]
    assert warnings_of_texts(names, 0, sorted) == []
    assert warnings_of_texts([{1, 2, 3}, {np.int64(7), 9}], 0, list) == []
    keys = [dict.fromkeys(["ant", "bee"]), {"ant": 1, "cat": 2}.keys()]
    assert warnings_of_texts(keys, 0, list) == []


def test_sets_bring_a_warning_of_a_fit():
    with pytest.warns(DocumentWarning, match="20 of 20 documents are sets") as caught:
        small(analyzer=list, sample=None).fit([{"ant", "bee", "cat"}] * 20)
    assert [warning.filename for warning in caught] == [__file__]


PARAMETERS = {
    "lowercase": True,
    "preprocessor": None,
    "tokenizer": None,
    "stop_words": None,
    "strip_accents": None,
    "token_pattern": DEFAULT_TOKEN_PATTERN,
    "analyzer": "word",
}


BY_ANALYZER = "will not be used, since analyzer is a callable."
OF_ACCENTS = "strip_accents will not be used, since preprocessor is given."
OF_PATTERN = "token_pattern will not be used, since tokenizer is given."
ACCENTS = {"preprocessor": str.lower, "strip_accents": "ascii"}
PATTERN = {"tokenizer": str.split, "token_pattern": "a"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"analyzer": list, "stop_words": "english"}, [f"stop_words {BY_ANALYZER}"]),
        ({"analyzer": list} | PATTERN, [f"tokenizer and token_pattern {BY_ANALYZER}"]),
        ({"analyzer": list, "preprocessor": str}, [f"preprocessor {BY_ANALYZER}"]),
        ({"analyzer": list, "strip_accents": str}, [f"strip_accents {BY_ANALYZER}"]),
        (ACCENTS, [OF_ACCENTS]),
        (PATTERN, [OF_PATTERN]),
        (ACCENTS | PATTERN, [OF_ACCENTS, OF_PATTERN]),
        ({"tokenizer": str.split}, []),
        ({"tokenizer": str.split, "token_pattern": None}, []),
        ({"tokenizer": str.split, "stop_words": "english"}, []),
        ({"analyzer": list, "lowercase": True}, []),
        ({"analyzer": list, "token_pattern": None}, []),
    ],
)
def test_each_parameter_without_an_effect_brings_a_warning(parameters, expected):
    arguments = warn_of_parameters, PARAMETERS | parameters, None
    assert warnings_of(*arguments, category=UserWarning) == expected


@pytest.mark.parametrize(
    ("parameters", "vocabulary", "whose"),
    [
        ({}, ["a", "Paris", "B"], "2 words of `vocabulary` have capitals, such as 'P"),
        ({}, {"Paris": 0}, "1 words of `vocabulary`"),
        ({}, ["paris"], None),
        ({}, [("Paris", 1), 3], None),
        ({"analyzer": list}, ["Paris"], None),
        ({"lowercase": False}, ["Paris"], None),
        ({"preprocessor": str.upper}, ["Paris"], None),
        ({"tokenizer": str.split}, ["<NUM>"], None),
    ],
)
def test_words_with_capitals_bring_a_warning_if_texts_are_lowercased(
    parameters, vocabulary, whose
):
    found = warnings_of(warn_of_parameters, PARAMETERS | parameters, vocabulary)
    assert len(found) == (whose is not None)
    for message in found:
        assert message.startswith(whose)
        assert message.endswith("with lowercase=True. Pass lowercase=False.")


# --- the same documents on all ranks


def warnings_of_ranks(rank, method, batches):
    """Return the warnings of each call, with the batches of this rank."""
    vectorizer, messages = small(), []
    for batch in batches[rank]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(vectorizer, method)(text for text in batch)
        messages.append([str(each.message) for each in caught])
    return messages


def warning_of_the_same(n_ranks):
    return (
        f"All {n_ranks} ranks of a torch.distributed group have passed the same "
        f"documents, so that each document counts {n_ranks} times. Pass each rank its "
        "share, for example itertools.islice(texts, rank, None, world_size)."
    )


@pytest.mark.parametrize("n_ranks", [2, 3])
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_ranks_that_pass_the_same_documents_warn_once_a_call(on_ranks, method, n_ranks):
    batches = [[TEXTS, TEXTS[:50]]] * n_ranks
    expected = [[warning_of_the_same(n_ranks)]] * 2
    for messages in on_ranks.run(n_ranks, warnings_of_ranks, method, batches):
        assert messages == expected


def test_each_batch_is_compared(on_ranks):
    batches = [[share(0), TEXTS, share(0)], [share(1), TEXTS, share(1)]]
    expected = [[], [warning_of_the_same(2)], []]
    for messages in on_ranks.run(2, warnings_of_ranks, "partial_fit", batches):
        assert messages == expected


CATS, EMUS = ["cat dog cat dog"] * 20, ["emu ant emu ant"] * 20


@pytest.mark.parametrize(
    "batches",
    [
        [[CATS], [EMUS]],  # of the same lengths
        [[["cat dog", "cat dog"] * 20], [["cat dog cat", "dog"] * 20]],
        [[TEXTS], [TEXTS], [TEXTS[:-1]]],
        [[CATS, ["unknown"]], [EMUS, ["unknown"]]],
        [[CATS, []], [EMUS, []]],
    ],
)
def test_ranks_with_other_documents_do_not_warn(on_ranks, batches):
    results = on_ranks.run(len(batches), warnings_of_ranks, "partial_fit", batches)
    for messages in results:
        assert "passed the same documents" not in str(messages)
