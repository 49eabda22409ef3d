"""The estimator: parameters, attributes, document vectors, warnings."""

import inspect
import re
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from gensim.models import Word2Vec
from helpers import TOPICS, assert_same_fit, small
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_w2v import Word2VecVectorizer, _documents, _extras
from sklearn_w2v._documents import build_analyzer
from sklearn_w2v._foreign_parameters import FOREIGN_PARAMETERS


@pytest.mark.parametrize("solver", [{}, {"solver": "adam", "learning_rate": 0.01}])
def test_the_tutorials_corpus(solver, tutorial_sentences):
    def fit(vectors):
        return Word2VecVectorizer(
            tokenizer=str.split,
            vector_size=50,
            window=2,
            min_count=2,
            negative=5,
            epochs=10,
            vectors=vectors,
            random_state=0,
            **solver,
        ).fit(tutorial_sentences)

    fitted = fit("average")
    assert len(fitted.vocabulary_) == 31
    assert fitted.embedding_matrix_.shape == (31, 50)
    assert fitted.embedding_matrix_.dtype == np.float32
    trained = [fit(vectors).embedding_matrix_ for vectors in ("center", "context")]
    np.testing.assert_array_equal(fitted.embedding_matrix_, sum(trained) / 2)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 10
    # 7 steps an epoch leave noise in a single value; thirds of the curve have less.
    thirds = [np.mean(part) for part in np.array_split(fitted.loss_curve_, 3)]
    assert thirds[0] > thirds[1] > thirds[2]
    similar = [word for word, _ in fitted.most_similar("dog")]
    assert len(similar) == 10
    assert "dog" not in similar


def test_fitted_attributes(tutorial_sentences):
    fitted = small().fit(tutorial_sentences)
    words = list(fitted.vocabulary_)
    assert words[0] == "the"
    assert list(fitted.vocabulary_.values()) == list(range(len(words)))
    tokens = " ".join(tutorial_sentences).split()
    assert fitted.word_counts_.tolist() == [tokens.count(word) for word in words]
    assert sorted(fitted.word_counts_, reverse=True) == fitted.word_counts_.tolist()
    assert all(isinstance(loss, float) for loss in fitted.loss_curve_)
    assert fitted.word_weights_.tolist() == [1] * len(words)
    assert fitted.common_components_.shape == (0, 8)
    assert fitted.validation_scores_ is None
    assert fitted.init_coverage_ is None
    assert fitted.n_unknown_ == 0


@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_every_attribute_is_documented():
    attributes = Word2VecVectorizer.__doc__.partition("    Attributes\n")[2]
    documented = re.findall(r"^    (\w+_(?:, \w+_)*) :", attributes, re.M)
    public = [name for name in vars(small().fit(["a word"])) if name.endswith("_")]
    # Properties, which come and go with the parameters.
    public.insert(2, "center_matrix_, context_matrix_")
    assert documented == public


def test_words_of_a_topic_are_close(fitted):
    for topic in TOPICS:
        for word in topic:
            similar = fitted.most_similar(word, topn=len(topic) - 1)
            assert {word, *dict(similar)} == set(topic)


@pytest.mark.parametrize(
    "method", ["fit", "fit_transform", "partial_fit", "transform", "coverage"]
)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a text", "^Iterable over raw text documents expected, string object receiv"),
        (["a text", None], "^Document 1 is missing"),
    ],
)
def test_each_method_checks_the_documents(method, X, message, fitted):
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(X)


def test_documents_without_a_known_word_are_zero(fitted):
    assert not fitted.transform(["", "unknown words", "a"]).any()
    assert fitted.transform([]).shape == (0, 8)


@pytest.mark.parametrize(
    "texts", [["word"], ["word", "word"], ["word other"], ["one", "two", "three"]]
)
@pytest.mark.filterwarnings("ignore:No two words are next to each other")
def test_the_smallest_corpora_fit(texts):
    vectors = small().fit_transform(texts)
    assert vectors.shape == (len(texts), 8)
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("texts", [[], [""], ["a", "I"]])
def test_documents_without_tokens_are_an_empty_vocabulary(texts, method):
    with pytest.raises(ValueError, match=r"^empty vocabulary; (none of|there is)"):
        getattr(small(), method)(texts)


@pytest.mark.filterwarnings("ignore:.* documents with text have no word")
@pytest.mark.filterwarnings("ignore:No two words are next to each other")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_given_vocabulary_decides_words_and_rows(method, texts):
    vectorizer = small(vocabulary=["dog", "nowhere", "cat"], min_count=50)
    fitted = getattr(vectorizer, method)(texts)
    assert fitted.vocabulary_ == {"dog": 0, "nowhere": 1, "cat": 2}
    assert fitted.word_counts_[1] == 0
    assert np.isfinite(fitted.embedding_matrix_).all()


def test_token_lists_fit_with_a_callable_analyzer(texts):
    expected = small().fit_transform(texts)
    tokens = [text.split() for text in texts]
    np.testing.assert_array_equal(small(analyzer=list).fit_transform(tokens), expected)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("transform", [["text"]]),
        ("coverage", [["text"]]),
        ("word_contributions", ["text", [1] * 8]),
        ("get_feature_names_out", []),
        ("get_vector", ["word"]),
        ("most_similar", ["word"]),
        ("similarity", ["word", "other"]),
        ("most_likely_context", ["word"]),
        ("__getattribute__", ["center_matrix_"]),
        ("to_keyed_vectors", []),
        ("save_word2vec_format", ["path"]),
    ],
)
def test_a_vectorizer_that_is_not_fitted_raises_an_error(method, arguments):
    with pytest.raises(NotFittedError):
        getattr(small(), method)(*arguments)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("input", ["file name", 1]),
        ("encoding", [None]),
        ("decode_error", ["raise"]),
        ("strip_accents", ["utf"]),
        ("lowercase", ["yes"]),
        ("preprocessor", ["lower"]),
        ("tokenizer", ["split"]),
        ("stop_words", ["german"]),
        ("token_pattern", [3]),
        ("analyzer", ["char", "char_wb", None]),
        ("max_df", [1.5, 0, -1]),
        ("min_df", [-0.1, 0, 2.0]),
        ("max_features", [0, 2.0]),
        ("vocabulary", [3]),
        ("vector_size", [0, -1, 10.0]),
        ("window", [0, 2.5, "5"]),
        ("shrink_windows", [2, "no"]),
        ("min_count", [0, 0.5]),
        ("negative", [0, -5, 5.0]),
        ("ns_exponent", [11, -11, np.nan, None]),
        ("sample", [-1e-3, 1.1, np.nan, "off"]),
        ("vectors", ["mean", None]),
        ("weighting", ["tfidf", True]),
        ("sif_a", [0, -1e-3, None]),
        ("n_components_removed", [-1, 1.0, None]),
        ("norm", ["l1", "max"]),
        ("epochs", [0, 1.5, None, "all"]),
        ("solver", ["lbfgs", None]),
        ("learning_rate", [0, -1, np.inf, np.nan, "constant"]),
        ("batch_size", [0, 10.0, "full"]),
        ("early_stopping", [1, "yes", None]),
        ("validation_fraction", [0, 1, 1.0, -0.1]),
        ("n_iter_no_change", [0, 2.5, None]),
        ("tol", [-1e-3, np.nan, None]),
        ("init_vectors", [3, Word2VecVectorizer()]),
        ("trainable", [2, None]),
        ("store_matrices", [2, None]),
        ("warm_start", [2, None]),
        ("memory", [3, {}]),
        ("device", [None, 0]),
        ("max_vocab_size", [0, 2.5, "all"]),
        ("n_jobs", [0, 1.5, "all"]),
        ("random_state", ["seed", -1]),
        ("verbose", [-1, "yes"]),
    ],
)
def test_bad_parameters_are_named_at_fit(name, values):
    for value in values:
        for method in ("fit", "fit_transform", "partial_fit"):
            vectorizer = Word2VecVectorizer(**{name: value})
            message = f"^The '{name}' parameter of Word2VecVectorizer must be"
            with pytest.raises(InvalidParameterError, match=message):
                getattr(vectorizer, method)(["some words"] * 9)


def test_every_parameter_is_tested_for_bad_values():
    marks = test_bad_parameters_are_named_at_fit.pytestmark
    tested = [name for name, _ in marks[0].args[1]]
    assert sorted(tested) == sorted(Word2VecVectorizer().get_params())


def test_every_parameter_is_documented_in_order_with_its_default():
    documented = re.findall(
        r"^    (\w+) : .*default=(.*)$", Word2VecVectorizer.__doc__, re.M
    )
    for (name, text), (expected, default) in zip(
        documented, Word2VecVectorizer().__dict__.items(), strict=True
    ):
        assert name == expected
        assert text.strip('r"') == str(default) or float(text) == default


def test_random_state_decides(texts):
    first = small(random_state=1).fit_transform(texts)
    np.testing.assert_array_equal(first, small(random_state=1).fit_transform(texts))
    assert (first != small(random_state=2).fit_transform(texts)).any()
    generator = np.random.RandomState(0)
    drawn = [small(random_state=generator).fit_transform(texts) for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()


def test_parameters_of_training_reach_it(texts):
    expected = small().fit_transform(texts)
    for parameters in [
        {"window": 2},
        {"shrink_windows": False},
        {"negative": 2},
        {"ns_exponent": 0.0},
        {"sample": 1e-2},
        {"vectors": "center"},
        {"solver": "adam"},
        {"learning_rate": 0.1},
        {"batch_size": 50},
    ]:
        assert (small(**parameters).fit_transform(texts) != expected).any(), parameters


@pytest.mark.parametrize("sample", [0, 1])
def test_the_bounds_of_sample_keep_all_tokens(sample, texts):
    expected = small(sample=None).fit_transform(texts)
    np.testing.assert_array_equal(small(sample=sample).fit_transform(texts), expected)


@pytest.mark.parametrize("vectors", ["average", "center", "context"])
def test_no_memory_but_the_matrix_is_kept(vectors, texts):
    vectorizer = Word2VecVectorizer(vectors=vectors, epochs=1).fit(texts)
    assert vectorizer.embedding_matrix_.base is None


def test_importing_the_package_does_not_import_torch():
    script = "import sys, sklearn_w2v; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_a_fit_without_torch_says_how_to_install_it(method, monkeypatch, fitted, texts):
    monkeypatch.setitem(sys.modules, "torch", None)
    message = "need torch: pip install torch. Loading .* transform .* do not need it"
    with pytest.raises(ModuleNotFoundError, match=message):
        getattr(small(), method)(texts)
    assert fitted.transform(texts[:1]).shape == (1, 8)


def test_a_module_that_torch_lacks_is_named(monkeypatch, texts):
    def import_of_a_broken_torch(name):
        raise ModuleNotFoundError("No module named 'sympy'", name="sympy")

    monkeypatch.setattr(_extras, "import_module", import_of_a_broken_torch)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'sympy'$"):
        small().fit(texts)


@pytest.mark.parametrize("weighting", [None, "idf", "sif"])
@pytest.mark.parametrize("n_components_removed", [0, 2])
@pytest.mark.parametrize("norm", [None, "l2"])
def test_fit_transform_equals_fit_and_transform(
    weighting, n_components_removed, norm, texts
):
    texts = ["", "unknown", *texts]
    vectorizer = small(
        weighting=weighting, n_components_removed=n_components_removed, norm=norm
    )
    expected = vectorizer.fit_transform(texts)
    np.testing.assert_array_equal(vectorizer.fit(texts).transform(texts), expected)


def test_weights_are_those_of_tfidf_and_of_the_paper(texts):
    idf = small(weighting="idf").fit(texts)
    theirs = TfidfVectorizer(vocabulary=idf.vocabulary_).fit(texts)
    np.testing.assert_allclose(idf.word_weights_, theirs.idf_, rtol=1e-6)
    sif = small(weighting="sif", sif_a=0.01).fit(texts)
    shares = sif.word_counts_ / sif.word_counts_.sum()
    np.testing.assert_allclose(sif.word_weights_, 0.01 / (0.01 + shares), rtol=1e-6)


@pytest.mark.parametrize("weighting", [None, "idf"])
def test_a_document_is_the_weighted_mean_of_its_known_words(weighting, texts):
    fitted = small(weighting=weighting).fit(texts)
    words = ["cat", "dog", "cat"]
    rows = [fitted.vocabulary_[word] for word in words]
    expected = np.average(
        fitted.embedding_matrix_[rows], axis=0, weights=fitted.word_weights_[rows]
    )
    found = fitted.transform(["cat dog unknown cat"])[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_common_directions_are_removed_and_frozen(texts):
    vectorizer = small(n_components_removed=2).fit(texts)
    components = vectorizer.common_components_
    np.testing.assert_allclose(components @ components.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(vectorizer.transform(texts) @ components.T, 0, atol=1e-6)
    plain = small().fit_transform(texts)
    np.testing.assert_allclose(
        vectorizer.transform(texts),
        plain - plain @ components.T @ components,
        atol=1e-6,
    )
    before = components.copy()
    vectorizer.transform(texts[:3])
    np.testing.assert_array_equal(vectorizer.common_components_, before)


def test_coverage_is_the_share_of_known_tokens(fitted):
    texts = ["cat dog", "cat unknown", "no one knows these", "", "a"]
    shares = fitted.coverage(texts)
    assert shares.dtype == np.float64
    assert shares.tolist() == [1, 0.5, 0, 0, 0]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"weighting": "idf"},
        {"weighting": "sif", "n_components_removed": 1},
        {"norm": "l2"},
        {"weighting": "idf", "n_components_removed": 2, "norm": "l2"},
    ],
)
def test_contributions_add_up_to_the_decision_function(parameters, texts, labels):
    vectorizer = small(**parameters)
    scaler, classifier = StandardScaler(), LogisticRegression()
    vectors = scaler.fit_transform(vectorizer.fit_transform(texts))
    classifier.fit(vectors, labels)
    coef = classifier.coef_[0] / scaler.scale_
    of_zero = classifier.decision_function(scaler.transform(np.zeros((1, 8))))
    for text in ["cat dog stock unknown cat", *texts[:5], "", "unknown"]:
        parts = vectorizer.word_contributions(text, coef)
        assert [word for word, _ in parts] == [
            word for word in text.split() if word != "unknown"
        ]
        scores = classifier.decision_function(
            scaler.transform(vectorizer.transform([text]))
        )
        total = sum(contribution for _, contribution in parts)
        assert total == pytest.approx((scores - of_zero)[0], abs=1e-4)


def test_contributions_take_coefficients_as_classifiers_have_them(fitted):
    coef = np.arange(8.0)
    expected = fitted.word_contributions("cat dog", coef)
    assert all(isinstance(contribution, float) for _, contribution in expected)
    assert fitted.word_contributions("cat dog", coef[None]) == expected
    assert fitted.word_contributions("cat dog", coef.tolist()) == expected


@pytest.mark.parametrize("shape", [(3,), (8, 1), (3, 8)])
def test_contributions_refuse_coefficients_of_another_shape(shape, fitted):
    message = re.escape(f"coef of shape (8,) expected, got {shape}. For a classifier w")
    with pytest.raises(ValueError, match=message):
        fitted.word_contributions("cat dog", np.ones(shape))


def test_contributions_name_a_missing_document(fitted):
    with pytest.raises(ValueError, match="Document 0 is missing"):
        fitted.word_contributions(None, np.ones(8))


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("workers", 2, "n_jobs"),
        ("seed", 0, "random_state"),
        ("alpha", 0.1, "learning_rate"),
        ("size", 100, "vector_size"),
        ("limit", 1000, "max_features"),
        ("sg", 1, "skip-gram"),
        ("lr", 0.1, "learning_rate"),
        ("binary", True, "is detected"),
        ("ngram_range", (1, 2), "tokenizer"),
        ("min_alpha", 0.0001, "decays to 0"),
        ("compute_loss", True, "loss_curve_"),
        ("callbacks", (), "set_callbacks"),
        ("trim_rule", None, "as vocabulary"),
        ("sorted_vocab", 1, "most frequent words come first"),
        ("batch_words", 10000, "batch_size"),
        ("null_word", 0, "paragraph vectors"),
        ("hashfxn", hash, "random_state"),
        ("minn", 3, "subwords"),
        ("maxn", 6, "subwords"),
        ("bucket", 10, "subwords"),
        ("wordNgrams", 2, "tokenizer"),
        ("pretrainedVectors", "vectors.vec", "init_vectors"),
        ("stopwords", "english", "did you mean stop_words\\?"),
        ("negativ", 5, "did you mean negative\\?"),
        ("vectorsize", 50, "did you mean vector_size\\?"),
        ("minCount", 1, "did you mean min_count\\?"),
        ("vectorSize", 50, "did you mean vector_size\\?"),
        ("windowSize", 5, "use window"),
        ("loss", "hs", "negative sampling"),
    ],
)
def test_errors_translate_parameters_of_other_libraries(name, value, cure):
    message = f"Word2VecVectorizer has no parameter '{name}' \\(.*{cure}"
    with pytest.raises(TypeError, match=message):
        Word2VecVectorizer(**{name: value})
    with pytest.raises(ValueError, match=message):
        make_pipeline(Word2VecVectorizer()).set_params(
            **{f"word2vecvectorizer__{name}": value}
        )


def test_no_parameter_of_the_vectorizer_is_one_of_another_library():
    assert FOREIGN_PARAMETERS.keys().isdisjoint(Word2VecVectorizer().get_params())


def test_all_parameters_of_gensim_are_accepted_or_translated():
    of_gensim = inspect.signature(Word2Vec).parameters.keys()
    known = FOREIGN_PARAMETERS.keys() | Word2VecVectorizer().get_params()
    assert of_gensim <= known


def test_documents_are_not_taken_for_parameters():
    message = "takes parameters by name only, .* got a list .* Pass documents to fit"
    with pytest.raises(TypeError, match=message):
        Word2VecVectorizer([["cat", "dog"]], vector_size=100)


def test_parameters_of_no_library_are_pythons_and_scikit_learns_errors():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Word2VecVectorizer(colour="red")
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        Word2VecVectorizer().set_params(colour="red")


def test_a_subclass_may_have_such_a_parameter(texts):
    class Seeded(Word2VecVectorizer):
        def __init__(self, seed=0):
            super().__init__(min_count=1, vector_size=4, random_state=seed)
            self.seed = seed

    assert Seeded().set_params(seed=3).fit(texts).n_iter_ == 20


@pytest.mark.parametrize("of", [np.uint8, np.int8, np.uint64, np.float32, Fraction])
def test_numbers_of_other_types_are_numbers(of, texts):
    parameters = {
        "window": 3,
        "negative": 5,
        "epochs": 3,
        "vector_size": 100,
        "n_components_removed": 2,
        "batch_size": 64,
        "min_count": 2,
        "max_features": 15,
        "max_df": 127,
        "n_jobs": 1,
    }
    if of in (np.float32, Fraction):
        parameters = {"sample": 0.125, "learning_rate": 0.5, "tol": 0.5}
    expected = small(**parameters).fit(texts)
    fitted = small(**{name: of(value) for name, value in parameters.items()}).fit(texts)
    assert_same_fit(fitted, expected)


def test_the_analyzer_is_built_once_until_its_parameters_change(texts, monkeypatch):
    built = []

    def build(**parameters):
        built.append(parameters)
        return build_analyzer(**parameters)

    monkeypatch.setattr(_documents, "build_analyzer", build)
    stop_words = ["dog"]
    fitted = small(stop_words=stop_words).fit(texts)
    for _ in range(3):
        fitted.transform(["a cat"])
    assert len(built) == 1
    assert fitted.transform(["cat"]).any()
    stop_words.append("cat")
    assert not fitted.transform(["cat"]).any()
    assert len(built) == 2
    fitted.set_params(lowercase=False).transform(["Cat"])
    assert len(built) == 3


# --- warnings about texts and parameters


def test_a_fit_warns_of_texts_without_words_and_transform_does_not(texts):
    odd = [f"word{i} other{i}" for i in range(500)]
    message = "500 of 900 documents with text have no word of the vocabulary"
    for method in ("fit", "partial_fit"):
        vectorizer = small(min_count=5)
        with pytest.warns(UserWarning, match=message) as caught:
            getattr(vectorizer, method)(texts + odd)
        assert [warning.filename for warning in caught] == [__file__]
        vectorizer.partial_fit(odd)
        assert not vectorizer.transform(odd).any()


@pytest.mark.parametrize(
    ("analyzer", "stop_words", "message"),
    [
        (list, None, "The analyzer splits 400 of 400 texts, which have spaces"),
        (str.split, "english", "stop_words will not be used"),
    ],
)
def test_a_fit_warns_of_letters_and_of_unused_parameters(
    analyzer, stop_words, message, texts
):
    with pytest.warns(UserWarning, match=message) as caught:
        small(analyzer=analyzer, stop_words=stop_words).fit(texts)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("learning_rate", {}),
        ("window", {}),
        ("tol", {"early_stopping": True}),
        ("sif_a", {"weighting": "sif"}),
        ("vector_size", {}),
        ("negative", {}),
    ],
)
@pytest.mark.parametrize("number", [10**400, Fraction(10**400)])
def test_numbers_beyond_all_floats_are_bad_values(name, parameters, number, texts):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
        small(**parameters | {name: number}).fit(texts)


@pytest.mark.parametrize("length", [1e-30, 1e-25, 1.0])
@pytest.mark.parametrize("n_components_removed", [0, 1])
def test_short_vectors_are_pooled_as_long_ones(length, n_components_removed, texts):
    random = np.random.RandomState(0)
    words = sorted({word for text in texts for word in text.split()})
    vectors = dict(zip(words, random.normal(size=(len(words), 8)), strict=True))
    expected, fitted = (
        small(
            init_vectors={word: size * vectors[word] for word in words},
            trainable=False,
            n_components_removed=n_components_removed,
            norm="l2",
            lowercase=False,
        ).fit(texts)
        for size in (1.0, length)
    )
    np.testing.assert_allclose(
        fitted.transform(texts), expected.transform(texts), atol=1e-5
    )
    parts = fitted.word_contributions(texts[0], np.ones(8))
    assert sum(part for _, part in parts) == pytest.approx(
        fitted.transform(texts[:1]).sum(), abs=1e-5
    )
