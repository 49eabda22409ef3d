"""Fits with random parameters and documents, and damaged files.

Some in the suite; as many as you have time for with

    python -m pytest tests/test_fuzz.py --hypothesis-profile=long
"""

import copy
import gzip
import math
import warnings

import numpy as np
import pytest
from helpers import assert_same_fit
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import config_context

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._numbers import LARGEST_NUMBER
from sklearn_w2v._word2vec_reader import read_vectors
from sklearn_w2v._word2vec_writer import write_vectors

#: Texts of few words, of odd characters, of none.
TEXT = st.one_of(
    st.lists(st.sampled_from(["cat", "dog", "Emu", "猫", "x", "a"]), max_size=30).map(
        " ".join
    ),
    st.text(max_size=30),
)
#: Tokens of several types, and documents of them.
TOKENS = st.lists(
    st.sampled_from(["cat", "dog", 3, -1, 2.5, ("new", "york"), b"x", (), True]),
    max_size=30,
)


def words_of(record):
    """Return the words of a record lazily; None has none."""
    return iter([] if record is None else record["title"].split())


class Odd:
    """A token that is equal by value, but whose copies have other hashes."""

    def __eq__(self, other):
        return isinstance(other, Odd)

    __hash__ = object.__hash__


ODD_TOKENS = st.sampled_from(["cat", "dog", Odd(), ("new", Odd()), None])
DOCUMENTS = st.one_of(
    st.tuples(st.just("word"), st.lists(TEXT, max_size=12)),
    st.tuples(st.just(list), st.lists(TOKENS, max_size=12)),
    st.tuples(
        st.just(words_of),
        st.lists(st.none() | st.fixed_dictionaries({"title": TEXT}), max_size=12),
    ),
    st.tuples(st.just(list), st.lists(st.lists(ODD_TOKENS), max_size=12)),
    # As many as steps of several parts need.
    st.tuples(st.just(list), TOKENS.map(lambda tokens: [tokens] * 150)),
)

PARAMETERS = st.fixed_dictionaries(
    {
        "min_count": st.sampled_from([1, 1, 1, 2, 10**9]),
        "vector_size": st.sampled_from([1, 2, 7, 16, 100]),
        "random_state": st.integers(0, 2**32 - 1),
    },
    optional={
        "lowercase": st.booleans(),
        "max_df": st.sampled_from([0.0, 0.5, 1.0, 1, 10**30]),
        "min_df": st.sampled_from([0.0, 0.5, 1, 10**30]),
        "max_features": st.sampled_from([1, 2, 10**30, None]),
        "max_vocab_size": st.sampled_from([1, 2, 10**30, None]),
        "vocabulary": st.sampled_from([["cat", "dog"], {"cat": 0, ("new", "york"): 1}]),
        "window": st.sampled_from([1, 2, 20, 10**30, np.uint8(255)]),
        "shrink_windows": st.booleans(),
        "negative": st.sampled_from([1, 20, 10**6, np.int8(127)]),
        "ns_exponent": st.sampled_from([-10, -0.5, 0, 0.75, 10.0]),
        "sample": st.sampled_from([None, 0, 1e-300, 1e-3, 1.0]),
        "vectors": st.sampled_from(["average", "center", "context"]),
        "weighting": st.sampled_from([None, "idf", "sif"]),
        "sif_a": st.sampled_from([1e-300, 1e-3, 1e300]),
        "n_components_removed": st.sampled_from([0, 1, np.uint8(3)]),
        "norm": st.sampled_from([None, "l2"]),
        "epochs": st.sampled_from(["auto", 1, 2, np.uint8(3)]),
        "solver": st.sampled_from(["adagrad", "adam", "sgd"]),
        "learning_rate": st.sampled_from(["auto", 1e-300, 0.1, 100, 1e300]),
        "batch_size": st.sampled_from(["auto", 1, 7, 1000, 10**30, np.uint64(64)]),
        "early_stopping": st.booleans(),
        "validation_fraction": st.sampled_from([1e-9, 0.1, 0.5, 0.999]),
        "n_iter_no_change": st.sampled_from([1, 10**30]),
        "tol": st.sampled_from([0, 1e-3, 1e300]),
        "store_matrices": st.booleans(),
        "warm_start": st.booleans(),
        "trainable": st.booleans(),
        "init_vectors": st.sampled_from([None, {}, {"cat": None}]),
        "n_jobs": st.sampled_from([None, 1, 2, -1, -5, 5000]),
    },
)

#: Global settings of scikit-learn that change nothing.
SETTINGS = st.sampled_from(
    [
        {},
        {"assume_finite": True},
        {"enable_metadata_routing": True},
        {"print_changed_only": False},
    ]
)

#: The errors that a fit may raise: see its docstring.
DOCUMENTED = (ValueError, MemoryError)


def fit(vectorizer, X, method):
    """Fit, and return whether it was done; if not, nothing has changed."""
    before = copy.deepcopy(vectorizer.__dict__)
    with warnings.catch_warnings():
        # Warnings for users. Those of numpy and torch stay errors.
        warnings.simplefilter("ignore", UserWarning)
        try:
            getattr(vectorizer, method)(X)
            return True
        except DOCUMENTED as error:
            message = str(error)
    assert message
    np.testing.assert_equal(vectorizer.__dict__, before)
    return False


def check_look_ups(fitted):
    """Check that look-ups of one query and of many have the same scores."""
    words = list(fitted.vocabulary_)[:3]
    methods = [(fitted.nearest_words, fitted.most_similar)]
    if hasattr(fitted, "center_matrix_") and hasattr(fitted, "context_matrix_"):
        methods.append((fitted.likely_contexts, fitted.most_likely_context))
    for of_many, of_one in methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            _, scores = of_many(words, topn=4)
            for word, some in zip(words, scores, strict=True):
                expected = [score for _, score in of_one([word], topn=4)]
                found = some[~np.isnan(some)]
                assert (np.abs(found) <= 1).all()
                np.testing.assert_allclose(found, expected, atol=1e-5)


@settings(max_examples=settings().max_examples // 4)
@given(DOCUMENTS, PARAMETERS, SETTINGS, st.sampled_from(["fit", "partial_fit"]))
def test_a_fit_keeps_its_promises(documents, parameters, global_settings, method):
    analyzer, X = documents
    if parameters.get("init_vectors"):
        vector = np.arange(parameters["vector_size"], dtype=float)
        parameters["init_vectors"] = {"cat": vector, 3: -vector}
    given_X, given_parameters = copy.deepcopy((X, parameters))
    fitted = Word2VecVectorizer(analyzer=analyzer, **parameters)
    if not fit(fitted, X, method):
        return
    vectors = fitted.transform(X)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(X), parameters["vector_size"])
    for value in (vectors, fitted.embedding_matrix_, fitted.word_weights_):
        assert np.isfinite(value).all()
    if fitted.norm == "l2":
        lengths = np.linalg.norm(vectors.astype(float), axis=1)
        np.testing.assert_allclose(lengths[vectors.any(axis=1)], 1, rtol=1e-5)
    assert all(map(math.isfinite, fitted.loss_curve_))

    for document, vector in zip(X[:20], vectors, strict=False):
        np.testing.assert_array_equal(fitted.transform([document]), [vector])
    for n_jobs in (1, 2):
        again = Word2VecVectorizer(analyzer=analyzer, **parameters | {"n_jobs": n_jobs})
        with config_context(**global_settings):
            assert fit(again, X, method)
        assert_same_fit(again, fitted)
    check_look_ups(fitted)
    if method == "fit":
        again = Word2VecVectorizer(analyzer=analyzer, **parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            np.testing.assert_array_equal(again.fit_transform(X), vectors)
    np.testing.assert_equal(X, given_X)
    np.testing.assert_equal(parameters, given_parameters)
    now = fitted.get_params(deep=False)
    np.testing.assert_equal({name: now[name] for name in parameters}, parameters)

    # Going on from there, if it is done, keeps the promises too.
    if fit(fitted, X[::-1], "partial_fit"):
        assert np.isfinite(fitted.transform(X)).all()


WORDS = ["the", "café", "猫", "new\tyork", "x"]
VECTORS = np.random.RandomState(0).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Good files of each format, as bytes: those of TEXT_FILES are text."""
    path = tmp_path_factory.mktemp("files") / "vectors"
    contents = []
    for binary in (False, True):
        write_vectors(path, WORDS, VECTORS, binary=binary)
        contents.append(path.read_bytes())
    glove = contents[0].partition(b"\n")[2]
    return [*contents, glove, *map(gzip.compress, contents)]


TEXT_FILES = (0, 2, 3)

BYTES = [*rb" |1|-|_|e9|nan|99999".split(b"|"), b"\n", b"\t", b"\0", b"\xff"]
#: Kinds of damage, their places, and bytes that they insert.
DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["cut", "flip", "insert", "repeat", "replace"]),
        st.integers(0, 10**6),
        st.sampled_from(BYTES),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content, damage):
    """Return a file's content after some accidents."""
    for kind, number, some in damage:
        place = number % (len(content) + 1)
        head, tail = content[:place], content[place:]
        if kind == "cut":
            content = head
        elif kind == "flip" and tail:
            content = head + bytes([tail[0] ^ (1 + number % 255)]) + tail[1:]
        elif kind == "insert":
            content = head + some + tail
        elif kind == "repeat":
            content = head + tail[:20] + tail
        else:
            content = head + some + tail[len(some) :]
    return content


@given(which=st.integers(0, 4), damage=DAMAGE)
def test_a_damaged_file_is_read_or_refused(files, tmp_path_factory, which, damage):
    content = damaged(files[which], damage)
    assume(content != files[which])
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    complaint = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            words, vectors = read_vectors(path)
        except ValueError as error:
            complaint = str(error)
    if complaint is not None:
        assert repr(str(path)) in complaint
        return
    assert len(words) == len(set(words)) == len(vectors) > 0
    assert np.abs(vectors).max() <= LARGEST_NUMBER
    if which in TEXT_FILES:  # in binary files a blank alone ends a word
        assert words == [word.rstrip(" \t") for word in words]
    some = set(words[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found, matrix = read_vectors(path, words=some)
    assert found == words[1:]
    assert matrix.tobytes() == vectors[1:].tobytes()
