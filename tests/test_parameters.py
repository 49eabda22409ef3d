"""The parameters of a fit, as they are taken from a vectorizer."""

from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import numpy as np
import pytest
from helpers import assert_same_fit, small

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._documents import TEXT_PARAMETERS
from sklearn_w2v._parameters import FitParameters


def test_each_parameter_of_the_vectorizer_is_of_the_fit_or_of_documents():
    of_fit = {field.name for field in fields(FitParameters)}
    others = {*TEXT_PARAMETERS, "norm", "verbose"}
    assert of_fit | others == Word2VecVectorizer().get_params().keys()
    assert not of_fit & others


@pytest.mark.parametrize("of", [np.int8, np.uint64, Fraction, int])
def test_numbers_become_pythons_own(of):
    parameters = FitParameters.of(small(window=of(3), sample=of(1), epochs=of(2)))
    assert (
        type(parameters.window)
        is type(parameters.epochs)
        is (float if of is Fraction else int)
    )
    assert parameters.shrink_windows is True
    assert parameters.max_features is None


def test_fewer_directions_than_dimensions_can_be_removed():
    FitParameters.of(small(n_components_removed=7))
    with pytest.raises(ValueError, match=r"n_components_removed=8 leaves.*size=8\."):
        FitParameters.of(small(n_components_removed=np.int8(8)))


@pytest.mark.parametrize("name", ["Word2Vec", "FastText", "Doc2Vec"])
def test_a_model_of_gensim_is_refused_for_its_vectors(name, gensim, texts):
    model = getattr(gensim, name)(vector_size=8, min_count=1)
    message = f"init_vectors is a gensim model, .*{name}.* init_vectors=model.wv"
    with pytest.raises(ValueError, match=message):
        small(init_vectors=model).fit(texts)


def test_other_init_vectors_are_refused_without_a_word_of_models(texts):
    with pytest.raises(ValueError, match="'init_vectors' parameter of") as raised:
        small(init_vectors=3).fit(texts)
    assert "build_vocab" not in str(raised.value)


@pytest.mark.parametrize(
    "unused",
    [
        {"trainable": False},
        {"sif_a": 0.5},
        {"tol": 0.5},
        {"validation_fraction": 0.5},
        {"n_iter_no_change": 1},
    ],
    ids=str,
)
def test_parameters_that_others_do_not_use_change_nothing_and_bring_no_warning(
    unused, texts
):
    assert_same_fit(small(**unused).fit(texts), small().fit(texts))


def test_parameters_are_immutable():
    with pytest.raises(FrozenInstanceError):
        FitParameters.of(small()).window = 3
