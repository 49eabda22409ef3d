"""The epochs of a training: their results, their losses, and global state."""

import copy
import math
import re
import signal
import threading
import time
from functools import partial
from unittest.mock import MagicMock, Mock, patch

import numpy as np
import pytest
import torch
from helpers import (
    DOCUMENTS,
    N_WORDS,
    corpus_and_held_out,
    draws_of,
    needs_compiled,
    plan_of,
)
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from thread_ranks import on_threads

from sklearn_w2v._ranks import ONE_RANK
from sklearn_w2v._skipgram import sampler
from sklearn_w2v._skipgram import training as training_module
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.solvers import SOLVERS
from sklearn_w2v._skipgram.state import (
    Execution,
    Initial,
    KnownVectors,
    Training,
    TrainingStopped,
)
from sklearn_w2v._skipgram.training import Trainer, train

COMPILED_SGD = pytest.param("compiled", "sgd", marks=needs_compiled)
EACH_SOLVER = pytest.mark.parametrize(
    ("implementation", "solver"),
    [
        pytest.param("compiled", "adagrad", marks=needs_compiled),
        COMPILED_SGD,
        *(("torch", solver) for solver in SOLVERS),
    ],
)


class Watched:
    """Records the results of epochs, and stops after a number of them."""

    def __init__(self, stop_after=math.inf, at_end=lambda progress: None):
        self.stop_after, self.at_end = stop_after, at_end
        self.n_begun, self.read, self.results = 0, [], []

    def epoch_begins(self):
        self.n_begun += 1

    def tokens_read(self, n_read, n_tokens):
        self.read.append((n_read, n_tokens))

    def epoch_ends(self, progress):
        self.at_end(progress)
        trained = progress.trained()
        self.results.append(
            trained._replace(
                centers=trained.centers.copy(),
                contexts=trained.contexts.copy(),
                solver_state=copy.deepcopy(trained.solver_state),
                losses=list(trained.losses),
                validation_scores=list(trained.validation_scores),
            )
        )
        return len(self.results) >= self.stop_after


@pytest.fixture
def train_on(implementation):
    """Return a function that trains by each implementation."""
    return partial(train_by, implementation)


def train_by(
    implementation,
    documents=DOCUMENTS,
    held_out=None,
    *,
    known=(),
    frozen=(),
    seed=0,
    device=CPU,
    n_threads=1,
    watcher=None,
    **settings,
):
    watchers = [watcher or Watched(), *settings.pop("other_watchers", ())]
    ranks = settings.pop("ranks", ONE_RANK)
    settings |= {"world_size": ranks.world_size}
    settings |= {"on_cpu": device == CPU, "implementation": implementation}
    training = Training(
        {},
        device.type,
        *corpus_and_held_out(documents, held_out),
        plan_of(documents, held_out, **settings),
        Initial(known, np.array(frozen, dtype=np.int64)),
        seed,
    )
    return train(training, Execution(device, n_threads, watchers, ranks))


def assert_equal(first, second):
    """Every bit of what training ends with is the same."""
    np.testing.assert_equal(first._asdict(), second._asdict())


@st.composite
def fits(draw):
    """Corpora and settings of many shapes."""
    n_words = draw(st.sampled_from([2, 7, 500]))
    random = np.random.RandomState(draw(st.integers(0, 99)))
    lengths = random.poisson(draw(st.sampled_from([2, 30, 300])), size=30) + 1
    documents = [(random.zipf(1.3, n) % n_words).tolist() for n in lengths]
    return documents, {
        "n_words": n_words,
        "vector_size": draw(st.sampled_from([1, 3, 16, 50, 100])),
        "window": draw(st.integers(1, 12)),
        "solver": draw(st.sampled_from(list(SOLVERS))),
        "batch_size": draw(st.just("auto") | st.integers(1, 5000)),
        "sample": draw(st.sampled_from([None, 1e-2])),
        "held_out": draw(st.sampled_from([None, documents[:3]])),
        "learning_rate": 1e-3,
        "epochs": 2,
    }


# If few tokens are left, documents that are held out may have no pair.
@pytest.mark.filterwarnings("ignore:early_stopping has no score")
# A quarter of what a profile has, since one fit here is ten.
@settings(max_examples=settings().max_examples // 4)
@given(fit=fits())
def test_any_number_of_threads_gives_the_same_bits(fit, implementation):
    documents, parameters = fit
    assume((implementation, parameters["solver"]) != ("compiled", "adam"))
    try:
        expected = train_by(implementation, documents, n_threads=1, **parameters)
    except ValueError:  # plain gradient descent may diverge
        reject()
    for n_threads in (2, 3, 5, 8, 16):
        assert_equal(
            train_by(implementation, documents, n_threads=n_threads, **parameters),
            expected,
        )


@pytest.mark.parametrize(
    ("vector_size", "window"), [(1, 5), (50, 2), (100, 5), (300, 10)]
)
def test_large_steps_give_the_same_bits_on_any_number_of_threads(
    vector_size, window, train_on
):
    random = np.random.RandomState(0)
    documents = [(random.zipf(1.3, size=200) % 5000).tolist() for _ in range(60)]
    parameters = {"n_words": 5000, "vector_size": vector_size, "window": window}
    results = [
        train_on(documents, batch_size=3072, epochs=1, n_threads=n, **parameters)
        for n in (1, 2, 3, 5, 8, 16)
    ]
    for result in results[1:]:
        assert_equal(result, results[0])


# They add in different orders, so that rounding errors grow from step to step.
@needs_compiled
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
@pytest.mark.parametrize("held_out", [None, [[0, 1, 2, 3], [5, 4, 3]]])
def test_both_implementations_learn_the_same_from_the_same_draws(solver, held_out):
    parameters = {"solver": solver, "held_out": held_out, "batch_size": 16}
    compiled, of_torch = (
        train_by(implementation, **parameters)._asdict()
        for implementation in ("compiled", "torch")
    )
    for name, expected in of_torch.items():
        if name == "solver_state":
            assert compiled[name].keys() == expected.keys()
            for state, values in expected.items():
                np.testing.assert_allclose(compiled[name][state], values, rtol=1e-5)
        else:
            np.testing.assert_allclose(
                compiled[name], expected, rtol=1e-5, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@needs_compiled
def test_an_interrupt_ends_compiled_steps_at_once_and_leaves_no_thread(
    n_threads, monkeypatch, request
):
    monkeypatch.setattr(sampler, "CHUNK_PAIRS", 2**30)
    # A shell starts commands in the background with SIGINT ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, handler))

    class Interrupting(Watched):
        def epoch_begins(self):
            self.timer = threading.Timer(0.5, self.interrupt)
            self.timer.start()

        def interrupt(self):
            self.interrupted = time.monotonic()
            signal.raise_signal(signal.SIGINT)

        def tokens_read(self, n_read, n_tokens):
            self.timer.join()  # where the chunk took less
            super().tokens_read(n_read, n_tokens)

    watcher = Interrupting()
    before = threading.active_count(), torch.get_num_threads()
    # A chunk that takes many seconds.
    documents = [list(range(1000))] * 130
    parameters = {"n_words": 1000, "vector_size": 2000, "window": 100, "epochs": 1}
    with pytest.raises(KeyboardInterrupt):
        train_by(
            "compiled", documents, watcher=watcher, n_threads=n_threads, **parameters
        )
    assert time.monotonic() - watcher.interrupted < 2
    assert watcher.read == []
    watcher.timer.join()
    assert (threading.active_count(), torch.get_num_threads()) == before


def test_a_training_of_one_rank_merges_nothing(train_on, monkeypatch):
    monkeypatch.setattr(training_module, "Merger", None)
    assert train_on().losses


def test_the_seed_decides(train_on):
    first, again, other = train_on(seed=1), train_on(seed=1), train_on(seed=2)
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[0] != other[0]).any()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("diverges", [False, True])
def test_global_state_of_torch_and_numpy_is_left_alone(n_threads, diverges, train_on):
    def global_state():
        _, numpy_state, *_ = np.random.get_state()  # noqa: NPY002, it must not change
        return torch.get_num_threads(), torch.get_rng_state().tolist(), *numpy_state

    before = global_state()
    if diverges:
        with pytest.raises(ValueError, match="diverged"):
            train_on(n_threads=n_threads, learning_rate=1e30, solver="sgd")
    else:
        train_on(n_threads=n_threads)
    assert global_state() == before


@pytest.mark.parametrize(
    ("implementation", "solver"),
    [COMPILED_SGD, ("torch", "sgd"), ("torch", "adam")],
)
def test_a_fit_that_diverges_is_an_error_that_names_the_learning_rate(solver, train_on):
    message = re.escape("Lower learning_rate (here 1e+30)")
    with pytest.raises(ValueError, match=message):
        train_on(solver=solver, learning_rate=1e30)


def test_matrices_that_diverge_in_the_last_step_are_an_error(train_on):
    # The loss is that before the only step, and finite. What float32 still holds, but
    # not its squares, is no vector either.
    message = r"the vectors have numbers that are nan, infinite or beyond \+-1e\+15"
    for learning_rate in (1e39, 1e22):
        parameters = {"learning_rate": learning_rate, "epochs": 1, "batch_size": 1000}
        with pytest.raises(ValueError, match=message):
            train_on(solver="sgd", **parameters)
    train_on(solver="sgd", **parameters | {"learning_rate": 1e10})


@pytest.mark.parametrize("matrix", ["centers", "contexts"])
def test_each_row_of_both_matrices_is_checked(matrix, train_on, monkeypatch):
    # A word that does not occur stays where it starts.
    monkeypatch.setattr(training_module, "ROWS_AT_ONCE", 4)
    huge = np.full((1, 5), 1e16, dtype=np.float32)
    start = known([6], 1.0)._replace(**{matrix: huge})
    with pytest.raises(ValueError, match="Training diverged"):
        train_on([[0, 1, 2, 3, 4, 5]], known=[start])


@pytest.mark.parametrize(
    ("documents", "keep"),
    [([[1], [2], [3]], 1), ([[1, 2]], 1e-9)],
    ids=["documents of one token", "all tokens lost to subsampling"],
)
def test_epochs_without_pairs_have_no_loss_and_train_nothing(documents, keep, train_on):
    trained = train_on(documents, keep_probabilities=np.full(N_WORDS, keep))
    assert trained.losses == [0.0, 0.0, 0.0]
    assert not trained.contexts.any()
    assert np.isfinite(trained.centers).all()


def test_a_watcher_is_called_for_each_epoch(train_on):
    watched = Watched()
    trained = train_on(watcher=watched)
    assert watched.n_begun == len(watched.results) == 3
    for epoch, result in enumerate(watched.results):
        assert result.losses == trained.losses[: epoch + 1]
    np.testing.assert_array_equal(watched.results[-1].centers, trained.centers)
    assert (watched.results[0].centers != trained.centers).any()


def test_a_watcher_can_stop_training(train_on):
    watched = Watched(stop_after=2)
    with pytest.raises(TrainingStopped) as stopped:
        train_on(epochs=9, watcher=watched)
    assert watched.n_begun == 2
    assert_equal(stopped.value.trained, watched.results[-1])


def test_all_watchers_are_called_for_the_epoch_in_which_one_stops(train_on):
    other = Watched()
    with pytest.raises(TrainingStopped):
        train_on(watcher=Watched(stop_after=1), other_watchers=[other])
    assert other.n_begun == len(other.results) == 1


def test_watchers_of_each_rank_get_the_number_of_tokens_of_all():
    n_tokens = 2 * sum(map(len, DOCUMENTS))

    def at_end(progress):
        assert progress.n_tokens == n_tokens

    def task(ranks):
        watched = Watched(at_end=at_end)
        train_by("torch", watcher=watched, ranks=ranks)
        return watched.read

    assert on_threads(2, task) == [[(n_tokens, n_tokens)] * 3] * 2


def test_each_rank_has_draws_of_its_own(monkeypatch):
    seeds, epoch = set(), sampler.Sampler.epoch

    def noted_epoch(self, generator):
        seeds.add(generator.initial_seed())
        return epoch(self, generator)

    monkeypatch.setattr(sampler.Sampler, "epoch", noted_epoch)
    on_threads(2, lambda ranks: train_by("torch", seed=5, ranks=ranks))
    assert seeds == {5, 6}


class RecordedSteps:
    """Records the arguments of steps, and makes none."""

    def __init__(self):
        self.rates, self.with_loss = [], []

    def train_chunk(self, chunk, learning_rates, with_loss):
        assert len(learning_rates) == len(with_loss) == chunk.n_steps
        self.rates += learning_rates
        self.with_loss += with_loss
        return 0.0, 0.0


@pytest.fixture
def documents_of_a_chunk(monkeypatch):
    """Four documents, each of which is a chunk of seven steps of four tokens."""
    monkeypatch.setattr(sampler, "CHUNK_LENGTH", 28)
    return [list(range(7)) * 4] * 4


def test_rates_and_losses_depend_on_the_step_of_an_epoch_not_of_a_chunk(
    documents_of_a_chunk, monkeypatch
):
    steps = RecordedSteps()
    monkeypatch.setattr(training_module, "_steps_of", lambda *_: steps)
    parameters = {"batch_size": 4, "learning_rate": 1.0, "epochs": 2, "loss_every": 3}
    train_by("torch", documents_of_a_chunk, **parameters)
    assert steps.with_loss == [step % 3 == 0 for step in range(28)] * 2
    np.testing.assert_allclose(steps.rates, 1 - np.arange(56) / 56)


@pytest.mark.parametrize("n_planned", [3, 9])
@pytest.mark.parametrize("rank", [0, 1])
def test_rank_0_makes_as_many_first_steps_as_planned(
    rank, n_planned, documents_of_a_chunk
):
    plan = plan_of(documents_of_a_chunk, batch_size=4, first_steps=n_planned)
    trainer = MagicMock(plan=plan, ranks=Mock(rank=rank), steps=RecordedSteps())
    Trainer._make_first_steps(trainer, draws_of(plan, documents_of_a_chunk))
    assert len(trainer.steps.rates) == (0 if rank else n_planned)
    trainer.merger.merges.assert_called_once_with([plan.n_words])


def test_without_decay_the_learning_rate_stays(train_on):
    # The first epoch of many has nearly the full rate, with decay or without.
    many = Watched(stop_after=1)
    with pytest.raises(TrainingStopped):
        train_on(epochs=10**9, watcher=many)
    alone = train_on(epochs=1, decay=False)
    np.testing.assert_allclose(alone.centers, many.results[0].centers, rtol=1e-5)
    assert np.abs(train_on(epochs=1).centers - alone.centers).max() > 1e-3


def known(rows, value, **solver_state):
    vectors = np.full((len(rows), 5), value, dtype=np.float32)
    return KnownVectors(np.array(rows), vectors, vectors, solver_state)


@pytest.mark.parametrize("continues", [False, True])
def test_ranks_that_continue_a_training_make_no_first_steps(continues, monkeypatch):
    first_steps = Mock()
    monkeypatch.setattr(Trainer, "_make_first_steps", first_steps)
    squares = np.ones((2, 1), dtype=np.float32)
    start = known([1], 0.5, **({"sum_of_squares": squares} if continues else {}))
    on_threads(2, lambda ranks: train_by("torch", known=[start], ranks=ranks))
    assert first_steps.call_count == (0 if continues else 2)


def test_known_vectors_are_where_training_begins(train_on):
    both = [known([1, 2], 0.5), known([2, 4], -0.25)]
    trained = train_on(known=both, learning_rate=1e-20)
    expected = train_on(learning_rate=1e-20)
    for matrix, other in [
        (trained.centers, expected.centers),
        (trained.contexts, expected.contexts),
    ]:
        assert matrix[1].tolist() == [0.5] * 5
        assert matrix[2].tolist() == matrix[4].tolist() == [-0.25] * 5  # the later
        rest = [0, 3, 5, 6]
        np.testing.assert_allclose(matrix[rest], other[rest], atol=1e-15)


@EACH_SOLVER
def test_frozen_rows_stay_and_the_others_learn_around_them(solver, train_on):
    trained = train_on(known=[known([1, 2], 0.5)], frozen=[2], solver=solver)
    for matrix in (trained.centers, trained.contexts):
        assert matrix[2].tolist() == [0.5] * 5
        assert (matrix[1] != 0.5).all()
    free = train_on(known=[known([1, 2], 0.5)], solver=solver)
    assert (free.centers[0] != trained.centers[0]).any()


def test_accumulators_of_the_last_fit_shorten_steps(train_on):
    squares = np.full((2, 1), 1e12, dtype=np.float32)
    trained = train_on(known=[known([1], 0.5, sum_of_squares=squares)])
    np.testing.assert_allclose(trained.centers[1], 0.5, atol=1e-4)
    squares = trained.solver_state["sum_of_squares"]
    assert (squares[:, 1] >= 1e12).all()
    assert (squares[:, 0] < 1e6).all()


def test_a_fit_in_two_halves_without_decay_equals_one(train_on):
    # The draws of the second half are those of a new seed, so nothing is drawn here:
    # two words, of which each is the only context and half of the noise of the other.
    documents = [[0, 1]] * 6
    settings = {"n_words": 2, "batch_size": 16, "decay": False}
    whole = train_on(documents, epochs=4, **settings)
    half = train_on(documents, epochs=2, **settings)
    begin = KnownVectors(slice(None), half.centers, half.contexts, half.solver_state)
    rest = train_on(documents, epochs=2, known=[begin], **settings)
    np.testing.assert_allclose(rest.centers, whole.centers, rtol=1e-4)
    assert half.losses + rest.losses == pytest.approx(whole.losses, rel=1e-5)


HELD_OUT = [[0, 1, 2, 3], [5, 4, 3]]


def test_held_out_documents_upload_no_ids_of_their_own(train_on):
    upload = Mock(side_effect=sampler._upload_if_it_fits)
    with patch.object(sampler, "_upload_if_it_fits", upload):
        train_on(held_out=HELD_OUT)
    upload.assert_called_once()


def test_held_out_documents_are_scored_by_their_loss_before_each_step(train_on):
    # Before the first step all scores are 0; a tiny rate leaves them there.
    trained = train_on(held_out=HELD_OUT, learning_rate=1e-20, negative=4, tol=1)
    assert trained.validation_scores == pytest.approx([-5 * math.log(2)] * 3)


def test_scores_of_the_same_vectors_are_the_same(train_on):
    frozen = np.arange(N_WORDS)
    trained = train_on(known=[known(frozen, 0.3)], frozen=frozen, held_out=HELD_OUT)
    first, *rest = trained.validation_scores
    assert rest == [first] * len(rest)


def test_training_stops_when_scores_stagnate(train_on):
    parameters = {"held_out": HELD_OUT, "epochs": 50, "tol": 1e9}
    for n_iter_no_change in (1, 4):
        trained = train_on(n_iter_no_change=n_iter_no_change, **parameters)
        # The first epoch is always better than none.
        assert len(trained.validation_scores) == 1 + n_iter_no_change


def test_scores_stagnate_if_none_improves_on_the_best_by_tol():
    model = Mock(vectors=torch.zeros(2, N_WORDS, 5), solver_state={})
    history = training_module.History(plan_of(n_iter_no_change=2, tol=0.5), model)
    stagnates = []
    for score in (-9.0, -8.5, -8.375, -7.875, -8.625, -8.0):
        history.add(1.0, score)
        stagnates.append(history.stagnates())
    assert stagnates == [False] * 5 + [True]


def test_the_matrices_of_the_best_epoch_are_kept(train_on):
    watched = Watched()
    # Training documents do not have these pairs: the more it learns, the worse.
    trained = train_on(
        [[0, 1] * 20, [2, 3] * 20] * 10,
        held_out=[[0, 2], [1, 3]] * 10,
        epochs=8,
        n_iter_no_change=8,
        watcher=watched,
    )
    scores = trained.validation_scores
    best = int(np.argmax(scores))
    assert best < 7
    assert len(scores) == len(trained.losses) == 8
    np.testing.assert_array_equal(trained.centers, watched.results[best].centers)
    np.testing.assert_array_equal(trained.contexts, watched.results[best].contexts)
    np.testing.assert_equal(trained.solver_state, watched.results[best].solver_state)


@pytest.mark.filterwarnings("always")
def test_held_out_documents_without_pairs_have_no_score_and_stop_nothing(train_on):
    message = r"and all epochs are trained.*next to each other, or `sample` drops them"
    with pytest.warns(UserWarning, match=message) as caught:
        trained = train_on(held_out=[[1], [2]], epochs=9, n_iter_no_change=2)
    assert len(caught) == 1
    assert np.isnan(trained.validation_scores).all()
    assert len(trained.losses) == 9
    np.testing.assert_array_equal(trained.centers, train_on(epochs=9).centers)


@EACH_SOLVER
@pytest.mark.parametrize("n_words", [2, 31])
def test_every_solver_learns_at_its_default_rate(solver, n_words, train_on):
    # Word 2i is only next to 2i + 1. Few words make many repeats in a step, where plain
    # gradient descent is least stable.
    n_paired = n_words - n_words % 2
    documents = [[2 * i % n_paired, 2 * i % n_paired + 1] * 4 for i in range(2000)]
    parameters = {"n_words": n_words, "solver": solver, "vector_size": 20, "epochs": 5}
    losses = train_on(documents, **parameters).losses
    assert losses[-1] < losses[0]


@EACH_SOLVER
def test_torchs_defaults_of_type_and_device_change_nothing(solver, train_on):
    parameters = {"solver": solver, "held_out": HELD_OUT}
    expected = train_on(**parameters)
    for dtype in (torch.float64, torch.bfloat16):
        torch.set_default_dtype(dtype)
        try:
            assert_equal(train_on(**parameters), expected)
            assert torch.get_default_dtype() == dtype
        finally:
            torch.set_default_dtype(torch.float32)
    torch.set_default_device("meta")
    try:
        for n_threads in (1, 2):
            assert_equal(train_on(n_threads=n_threads, **parameters), expected)
    finally:
        torch.set_default_device(None)
