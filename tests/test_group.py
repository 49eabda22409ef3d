"""Fits of several ranks: real processes in a torch.distributed group."""

import os
import pickle
import warnings
from unittest.mock import Mock, patch

import numpy as np
import pytest
import torch
import torch.distributed as dist
from helpers import TOPICS, assert_same_fit, needs_compiled, small
from rank_processes import TEXTS, share
from recorders import Recorder, with_callbacks
from torch.distributed.distributed_c10d import _world

from sklearn_w2v import DocumentWarning, Word2VecVectorizer, _fit, _group
from sklearn_w2v._ranks import RankFailedError
from sklearn_w2v._skipgram import plan, training


def fit(rank, n_ranks=2, parameters=None, of_rank=None):
    """Fit a share, with parameters of all ranks and of some."""
    own = (of_rank or {}).get(rank, {})
    return small(**(parameters or {}) | own).fit(share(rank, n_ranks))


# --- the results of all ranks


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_all_ranks_end_with_the_same_bits_each_time(on_ranks, n_ranks):
    first, *others = on_ranks.run(n_ranks, fit, n_ranks)
    again, *_ = on_ranks.run(n_ranks, fit, n_ranks)
    for other in [*others, again]:
        assert_same_fit(first, other)


def test_the_seed_decides_the_results_of_ranks(on_ranks):
    one, _ = on_ranks.run(2, fit)
    other, _ = on_ranks.run(2, fit, 2, {"random_state": 1})
    assert (one.embedding_matrix_ != other.embedding_matrix_).any()


def test_ranks_without_a_seed_use_the_same_one(on_ranks):
    assert_same_fit(*on_ranks.run(2, fit, 2, {"random_state": None}))


def test_a_generator_as_random_state_has_to_be_the_same_on_all_ranks(on_ranks):
    def generator(seed):
        return {"random_state": np.random.RandomState(seed)}

    assert_same_fit(*on_ranks.run(2, fit, 2, generator(0)))
    results = on_ranks.run(2, fit, 2, {}, {0: generator(0), 1: generator(1)})
    assert all("random_state=" in str(error) for error in results)


def test_one_rank_in_a_group_learns_what_it_learns_without(on_ranks):
    (alone,) = on_ranks.run(1, fit, 1)
    assert_same_fit(alone, fit(0, 1))


#: The tokens of two ranks.
OF_FIRST, OF_SECOND = [list("baab"), list("ca")], [[], list("dcee"), [("a", 1)] * 2]


def fit_tokens(rank, parameters, documents=None):
    vectorizer = Word2VecVectorizer(
        analyzer=list, vector_size=2, epochs=1, random_state=0, **parameters
    )
    return vectorizer.fit(documents or (OF_SECOND if rank else OF_FIRST))


@pytest.mark.filterwarnings("ignore:The loss|In 1 of|No two words|Most documents")
@pytest.mark.parametrize(
    "parameters",
    [
        {"min_count": 1},
        {"min_count": 2},
        {"min_count": 2, "max_features": 2},
        {"min_count": 1, "min_df": 2},
        {"min_count": 1, "max_df": 0.3, "weighting": "idf"},
        {"vocabulary": ["a", "e", "never", "b"]},
    ],
)
def test_the_vocabulary_is_that_of_all_documents_one_after_the_other(
    on_ranks, parameters
):
    alone = fit_tokens(0, parameters, OF_FIRST + OF_SECOND)
    for of_rank in on_ranks.run(2, fit_tokens, parameters):
        assert list(of_rank.vocabulary_) == list(alone.vocabulary_)
        for name in ("word_counts_", "word_weights_", "n_iter_"):
            np.testing.assert_array_equal(getattr(of_rank, name), getattr(alone, name))


def learns_topics(vectorizer):
    """Whether the nearest words of each word are about its topic."""
    return all(
        {word for word, _ in vectorizer.most_similar(topic[0], topn=5)} <= set(topic)
        for topic in TOPICS
    )


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_ranks_learn_what_one_learns(on_ranks, n_ranks):
    parameters = {"epochs": 20, "vector_size": 20}
    assert learns_topics(fit(0, 1, parameters))
    assert learns_topics(on_ranks.run(n_ranks, fit, n_ranks, parameters)[0])


def fit_transform(rank):
    vectorizer = small()
    return vectorizer.fit_transform(share(rank)), vectorizer.transform(share(rank))


def test_a_rank_gets_the_vectors_of_its_own_documents(on_ranks):
    for of_fit, after in on_ranks.run(2, fit_transform):
        np.testing.assert_array_equal(of_fit, after)


def fit_unequal(rank):
    # One has few documents, and not one word that stays.
    documents = ["aardvark", "emu emu"] if rank else TEXTS
    return small(min_count=3, epochs=3).fit(documents)


@pytest.mark.filterwarnings("ignore:Most documents")
def test_a_rank_without_a_word_of_the_vocabulary_waits_for_the_others(on_ranks):
    one, other = on_ranks.run(2, fit_unequal)
    assert_same_fit(one, other)
    assert len(one.loss_curve_) == 3


def fit_with_another_default_device(rank):
    with torch.device("meta"):
        return fit(rank)


def test_the_default_device_of_torch_does_not_matter(on_ranks):
    one, _ = on_ranks.run(2, fit_with_another_default_device)
    other, _ = on_ranks.run(2, fit)
    assert_same_fit(one, other)


# --- other parameters and methods


def test_early_stopping_ends_all_ranks_at_one_epoch(on_ranks):
    parameters = {"early_stopping": True, "epochs": 40, "n_iter_no_change": 1}
    one, other = on_ranks.run(2, fit, 2, parameters)
    assert_same_fit(one, other)
    assert one.n_iter_ < 40
    assert len(one.validation_scores_) == one.n_iter_


def test_ranks_begin_at_known_vectors(on_ranks):
    known = {"cat": np.full(8, 0.25, np.float32)}
    parameters = {"init_vectors": known, "trainable": False}
    one, other = on_ranks.run(2, fit, 2, parameters)
    assert_same_fit(one, other)
    np.testing.assert_array_equal(one.get_vector("cat"), known["cat"])


def fit_twice(rank):
    vectorizer = small(warm_start=True)
    return vectorizer.fit(share(rank)).fit(share(rank) + ["ant bee ant bee"] * 5)


def test_ranks_continue_from_the_fit_before(on_ranks):
    one, other = on_ranks.run(2, fit_twice)
    assert_same_fit(one, other)
    assert one.n_iter_ == 4
    assert "ant" in one.vocabulary_


def fit_batches(rank):
    vectorizer = small()
    batches = [share(rank)[:50], ["unknown"] if rank else share(rank)[50:], ["none"]]
    for batch in batches:
        vectorizer.partial_fit(batch)
    return vectorizer


def test_ranks_train_on_batches(on_ranks):
    one, other = on_ranks.run(2, fit_batches)
    assert_same_fit(one, other)
    assert one.n_iter_ == 2
    assert one.n_unknown_ == 3
    assert one.word_counts_.sum() == 8 * 150


def fit_with_auto_epochs(rank):
    with patch.object(plan, "AUTO_TOKENS", 6 * 8 * len(TEXTS)):
        return small(epochs="auto").fit(share(rank)).n_iter_


def test_auto_epochs_depend_on_the_tokens_of_all_ranks(on_ranks):
    assert on_ranks.run(2, fit_with_auto_epochs) == [6, 6]


def fit_with_a_stop(rank):
    vectorizer = small(epochs=9)
    if rank == 1:
        vectorizer.set_callbacks(Recorder(stop_after=2))
    return vectorizer.fit(share(rank))


@with_callbacks
def test_a_callback_of_one_rank_stops_all(on_ranks):
    one, other = on_ranks.run(2, fit_with_a_stop)
    assert one.n_iter_ == other.n_iter_ == 2
    assert (one.embedding_matrix_ == other.embedding_matrix_).all()


def test_only_the_first_rank_prints_and_counts_the_words_of_all(on_ranks):
    on_ranks.run(2, fit, 2, {"verbose": 1})
    first, second = on_ranks.stderr
    assert first.count("epoch") == 2
    assert second == ""


# --- errors


def assert_all_raise(results, *parts):
    for error in results:
        assert type(error) is ValueError, error
        assert all(part in str(error) for part in parts), error


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "adam"}, "solver='adam' cannot train in a torch.distributed group"),
        ({"n_components_removed": 1}, "n_components_removed=1 cannot be learned in"),
    ],
)
def test_parameters_that_several_ranks_do_not_have_are_named(
    on_ranks, parameters, message
):
    assert_all_raise(on_ranks.run(2, fit, 2, parameters), message)


def fit_with_memory(rank, folder):
    with pytest.warns(UserWarning, match="memory stores nothing in a torch.distrib"):
        vectorizer = small(memory=folder).fit(share(rank))
    return vectorizer, list(folder.iterdir())


def test_memory_keeps_nothing_of_several_ranks(on_ranks, tmp_path):
    assert [kept for _, kept in on_ranks.run(2, fit_with_memory, tmp_path)] == [[], []]


@pytest.mark.parametrize(
    ("parameters", "first", "second"),
    [
        ({"random_state": 7}, "random_state=0", "random_state=7"),
        ({"vector_size": 9}, "vector_size=8", "vector_size=9"),
        ({"lowercase": False}, "lowercase=True", "lowercase=False"),
        ({"stop_words": ["cat"]}, "stop_words=None", "stop_words="),
        ({"tokenizer": str.split, "token_pattern": None}, "to", "token_pattern=None"),
    ],
)
def test_ranks_with_different_parameters_are_named(on_ranks, parameters, first, second):
    messages = "need the same parameters, but rank 0 has " + first, f"has {second}"
    assert_all_raise(on_ranks.run(2, fit, 2, {}, {1: parameters}), *messages)


@pytest.mark.parametrize(
    ("of_ranks", "what"),
    [
        ([{"vocabulary": words} for words in (["a", "b"], ["b", "a"])], "vocabulary"),
        ([{"vocabulary": ["cat"]}, {}], "parameters"),
        ([{}, {"vocabulary": ["cat"]}], "parameters"),
        ([{}, {"init_vectors": {"cat": np.ones(8, np.float32)}}], "initial vectors"),
    ],
)
def test_ranks_with_different_words_or_vectors_get_an_error(on_ranks, of_ranks, what):
    results = on_ranks.run(2, fit, 2, {}, dict(enumerate(of_ranks)))
    assert_all_raise(results, f"need the same {what}, but")


def test_ranks_may_differ_in_threads_and_verbosity(on_ranks):
    # An int of NumPy is the same parameter as one of Python.
    own = {
        0: {"n_jobs": 2, "window": np.int64(5)},
        1: {"verbose": 1, "n_jobs": 1, "window": 5},
    }
    one, other = on_ranks.run(2, fit, 2, {}, own)
    np.testing.assert_array_equal(one.embedding_matrix_, other.embedding_matrix_)


def fit_or_partial_fit(rank):
    vectorizer = small()
    return (vectorizer.partial_fit if rank else vectorizer.fit)(share(rank))


def test_ranks_that_call_different_methods_are_named(on_ranks):
    results = on_ranks.run(2, fit_or_partial_fit)
    assert_all_raise(results, "rank 1 has partial_fit=True")


def fit_from_own_fit(rank, fitted):
    return fitted[rank].fit(share(rank))


def test_ranks_that_continue_fits_with_different_words_raise_an_error(on_ranks):
    fitted = [
        small(warm_start=True, sample=None).fit([text])
        for text in ("cat dog", "dog cat")
    ]
    results = on_ranks.run(2, fit_from_own_fit, fitted)
    assert_all_raise(results, "rank 0 has vocabulary_=")


def fit_in_own_implementation(rank):
    with patch.dict(os.environ, {"SKLEARN_W2V_COMPILED": "0" if rank else "1"}):
        return fit(rank)


@needs_compiled
def test_ranks_with_different_implementations_raise_an_error(on_ranks):
    results = on_ranks.run(2, fit_in_own_implementation)
    message = "rank 1 has the training's implementation='torch'"
    assert_all_raise(results, message)


# --- empty shares


def fit_an_empty_share(rank, culprit, parameters, tokens=()):
    documents = [*tokens] if rank == culprit else share(rank)
    vectorizer = small(**parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = vectorizer.fit_transform(documents)
    messages = [str(w.message) for w in caught if w.category is DocumentWarning]
    return vectorizer.partial_fit(documents), vectors, messages


@pytest.mark.parametrize("culprit", [0, 1])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"vocabulary": ["cat", "stock", "dog"]},
        {"early_stopping": True, "epochs": 3},
        {"max_vocab_size": 30, "weighting": "idf"},
    ],
)
def test_a_rank_without_documents_gets_what_the_others_learn(
    on_ranks, culprit, parameters
):
    results = on_ranks.run(2, fit_an_empty_share, culprit, parameters)
    (empty, vectors, messages), (full, *_) = results[culprit], results[1 - culprit]
    assert_same_fit(empty, full)
    assert full.word_counts_.sum() > 0
    assert vectors.shape == (0, 8)
    assert messages[0].startswith(f"Rank {culprit} of a torch.distributed group has no")
    assert "iterator" in messages[0]


@pytest.mark.parametrize("documents", [["!", "?"], ["cat"]])
def test_a_rank_with_too_few_documents_gets_what_the_others_learn(on_ranks, documents):
    parameters = {"early_stopping": True, "epochs": 3}
    one, other = on_ranks.run(2, fit_an_empty_share, 1, parameters, documents)
    assert_same_fit(one[0], other[0])
    assert len(one[0].validation_scores_) >= 1


def fit_documents(rank, documents, parameters):
    return error_text(lambda: small(**parameters).fit(documents[rank]))


def error_text(task):
    try:
        task()
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("documents", "parameters", "message"),
    [
        ([[], []], {}, "empty vocabulary; there is no document"),
        ([[], ["", "!"]], {}, "empty vocabulary; none of 2 documents has a token"),
        ([[], []], {"vocabulary": ["a"]}, "None of the 1 words of `vocabulary`"),
        ([[], ["cat dog"]], {"early_stopping": True}, "early_stopping cannot hold out"),
    ],
)
def test_without_enough_documents_on_any_rank_all_get_an_error(
    on_ranks, documents, parameters, message
):
    for error in on_ranks.run(2, fit_documents, documents, parameters, timeout=10):
        assert error.startswith(message)


# --- faults


def fit_faulty(rank, n_ranks, culprit, fault):
    """Fit twice, the second time with a fault on one rank; return the error."""
    documents = share(rank, n_ranks)
    vectorizer = small(random_state=0).fit(documents)
    before = pickle.dumps(vectorizer)
    try:
        vectorizer.fit(fault(documents) if rank == culprit else documents)
    except Exception as error:
        is_as_it_was = pickle.dumps(vectorizer) == before
        # After the error, the ranks can fit again.
        vectorizer.fit(documents)
        return error, is_as_it_was, pickle.dumps(vectorizer) == before
    return None


def with_a_missing_one(documents):
    return [*documents, None]


def stop_reading(documents):
    yield documents[0]
    raise OSError("the disk is gone")


@pytest.mark.parametrize("culprit", [0, 1, 2])
@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (with_a_missing_one, ValueError, "missing"),
        (stop_reading, OSError, "the disk is gone"),
    ],
)
def test_an_error_of_one_rank_ends_the_fit_of_all(
    on_ranks, culprit, fault, kind, message
):
    results = on_ranks.run(3, fit_faulty, 3, culprit, fault)
    for rank, (error, is_as_it_was, fits_again) in enumerate(results):
        assert type(error) is (kind if rank == culprit else RankFailedError)
        assert message in str(error)
        if rank != culprit:
            assert f"rank {culprit} failed with {kind.__name__}" in str(error)
        assert is_as_it_was
        assert fits_again


def fit_one_text(rank, culprit):
    return small().fit("one text" if rank == culprit else share(rank))


def fit_without_pattern(rank, culprit):
    return fit(rank, 2, {}, {culprit: {"token_pattern": None}})


@pytest.mark.parametrize("culprit", [0, 1])
@pytest.mark.parametrize(
    ("task", "message"),
    [
        (fit_one_text, "string object received"),
        (fit_without_pattern, "token_pattern=None requires a tokenizer"),
    ],
)
def test_an_error_before_documents_are_read_ends_the_fit_of_all(
    on_ranks, culprit, task, message
):
    results = on_ranks.run(2, task, culprit, timeout=10)
    own, other = results[culprit], results[1 - culprit]
    assert type(own) is ValueError
    assert type(other) is RankFailedError
    assert f"rank {culprit} failed with ValueError: " in str(other)
    assert message in str(own)
    assert message in str(other)


def fit_without_memory(rank, culprit):
    error = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    if rank != culprit:
        return fit(rank)
    with patch.object(training.Trainer, "_train_epoch", side_effect=error):
        return fit(rank)


@pytest.mark.parametrize("culprit", [0, 1])
def test_a_memory_error_of_one_rank_is_reported_as_its_own(on_ranks, culprit):
    results = on_ranks.run(2, fit_without_memory, culprit, timeout=10)
    own, other = results[culprit], results[1 - culprit]
    assert type(own) is MemoryError
    assert type(other) is RankFailedError
    assert f"rank {culprit} failed with MemoryError: Not enough memory" in str(other)


class FailingWatcher:
    """Fails in the second call of a method."""

    def __init__(self, name):
        self.epoch_ends = lambda progress: False
        self.epoch_begins = lambda: None
        self.tokens_read = lambda n_read, n_tokens: None
        setattr(self, name, Mock(side_effect=[False, OSError("the disk is full")]))


def fit_watched(rank, culprit, method):
    train = _fit.Fit.train
    watchers = [FailingWatcher(method)] if rank == culprit else []
    with patch.object(
        _fit.Fit, "train", lambda fit, training, _: train(fit, training, watchers)
    ):
        return fit(rank, 3, {"epochs": 4})


@pytest.mark.parametrize("culprit", [0, 1])
@pytest.mark.parametrize("method", ["epoch_begins", "tokens_read", "epoch_ends"])
def test_an_error_at_any_time_of_an_epoch_ends_the_fit_of_all(
    on_ranks, culprit, method
):
    results = on_ranks.run(3, fit_watched, culprit, method, timeout=10)
    assert type(results.pop(culprit)) is OSError
    for other in results:
        assert type(other) is RankFailedError
        assert f"rank {culprit} failed with OSError: the disk is full" in str(other)


def fit_with_nccl_alone(rank):
    """Fit three times, once in vain; return how many groups there are, and timeouts."""
    timeouts = []

    def barrier(group, where):
        options = group.cpu_group._get_backend(torch.device("cpu")).options
        timeouts.append(options._timeout.seconds)
        return wait(group, where)

    wait = _group.Group.barrier
    with (
        patch.object(dist, "get_backend_config", lambda group: "cuda:nccl"),
        patch.object(_group.Group, "barrier", barrier),
    ):
        one, _, other = fit(rank), fit_one_text_in_vain(rank), fit(rank)
    assert_same_fit(one, other)
    return len(_world.pg_map), set(timeouts)


def fit_one_text_in_vain(rank):
    with pytest.raises(ValueError if rank else RankFailedError, match="string object"):
        fit_one_text(rank, culprit=1)


def test_a_group_of_gloo_next_to_nccl_ends_with_the_fit_and_has_its_timeout(on_ranks):
    expected = 1, {77}
    assert on_ranks.run(2, fit_with_nccl_alone, timeout=77) == [expected] * 2
