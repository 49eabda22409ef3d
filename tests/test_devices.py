"""Where a training runs. Tests that need a missing device are skipped."""

import pickle

import numpy as np
import pytest
import torch
from helpers import assert_same_fit, chunks_of, plan_of, small
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram import recorded as recordings
from sklearn_w2v._skipgram.devices import find_device
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.recorded import RecordedSteps, Streams
from sklearn_w2v._skipgram.state import KnownVectors
from sklearn_w2v._skipgram.threads import ONE_THREAD
from sklearn_w2v._skipgram.torch_steps import TorchSteps

N_WORDS, SIZE = 50, 8
TENSORS = ["words", "sentences", "noise"]

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no CUDA device here"
)
CUDA = pytest.param("cuda", marks=needs_cuda)


def plan_and_chunk(parts_per_step, solver="adagrad"):
    """Steps of two groups a part, drawn on the CPU."""
    random = np.random.RandomState(0)
    documents = [random.randint(N_WORDS, size=9).tolist() for _ in range(99)]
    plan = plan_of(
        documents,
        n_words=N_WORDS,
        window=3,
        solver=solver,
        layout=Layout(parts_per_step, 2, 2, 8, 6),
    )
    (chunk,) = chunks_of(plan, documents)
    return plan, chunk


def to_device(chunk, device):
    tensors = {name: getattr(chunk, name).to(device) for name in TENSORS}
    return chunk._replace(**tensors)


def model_on(device, solver):
    """A model with known words and frozen words."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(2, N_WORDS, SIZE, generator=generator)
    model = SkipGram(vectors.to(device), solver=solver)
    known = np.ones((2, SIZE), dtype=np.float32)
    states = {"sum_of_squares": np.full((2, 2), 3, dtype=np.float32)}
    model.set_known(KnownVectors(np.array([4, 1]), known, known, states))
    first = {"sum_of_squares": np.full((2, 3), 5, dtype=np.float32)}
    model.set_known(KnownVectors(slice(1), known[:1], known[:1], {}))
    model.set_known(KnownVectors(slice(7, 10), *[known[[0, 0, 0]]] * 2, first))
    model.freeze(np.array([2, 3]))
    return model


# --- names


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_there_is_always_a_device(name):
    assert find_device(name).type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize(
    ("mps", "cuda", "expected"),
    [(False, False, "cpu"), (True, False, "mps"), (True, True, "cuda")],
)
def test_auto_is_the_first_available_device(mps, cuda, expected, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert find_device("auto") == torch.device(expected)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gpu", "torch calls it 'cuda'"),
        *((name, "") for name in ("", "cuda:99", "xpu", "meta", "privateuseone")),
    ],
)
def test_the_error_for_a_missing_device_names_the_available_ones(name, reason):
    reason = f"^device='{name}' cannot be used: {reason}"
    message = rf"{reason}.*\. Available: cpu.*'auto' uses"
    with pytest.raises(ValueError, match=message):
        find_device(name)


def test_a_device_of_torch_is_that_of_its_name(texts):
    fitted = small(device=torch.device("cpu")).fit(texts)
    assert_same_fit(fitted, small(device="cpu").fit(texts))
    with pytest.raises(ValueError, match="device='cuda:99' cannot be used"):
        small(device=torch.device("cuda:99")).fit(texts)
    with pytest.raises(ValueError, match=r"'str' or a torch\.device\. Got 0 instead"):
        small(device=0).fit(texts)


def test_a_missing_device_stops_a_fit_before_a_document_is_read():
    documents = iter(["a document"])
    vectorizer = Word2VecVectorizer(device="cuda:99")
    for fit in (vectorizer.fit, vectorizer.partial_fit, vectorizer.fit_transform):
        with pytest.raises(ValueError, match="device='cuda:99' cannot be used"):
            fit(documents)
    assert next(documents) == "a document"


# --- steps


@pytest.mark.parametrize("parts_per_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_no_tensor_of_a_step_stays_on_the_cpu(solver, parts_per_step):
    # On "meta", which has shapes and no numbers, a tensor of another device is an
    # error. Adam needs numbers, since it compares rows.
    plan, chunk = plan_and_chunk(parts_per_step, solver)
    model = model_on("meta", solver)
    n_steps = chunk.n_steps
    steps = TorchSteps(model, plan, ONE_THREAD)
    steps.train_chunk(to_device(chunk, "meta"), [0.1] * n_steps, [False] * n_steps)
    assert {state.device.type for state in model.solver_state.values()} <= {"meta"}


@needs_cuda
@pytest.mark.parametrize("parts_per_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_cuda_makes_the_steps_of_the_cpu(solver, parts_per_step):
    plan, chunk = plan_and_chunk(parts_per_step, solver)
    of_cpu, of_cuda = (
        TorchSteps(model_on(device, solver), plan, ONE_THREAD)
        for device in ("cpu", "cuda")
    )
    for step in range(4):
        here = chunk.steps(step, step + 1)
        there = to_device(here, "cuda")
        expected = of_cpu.train_chunk(here, [0.01], [True])
        found = of_cuda.train_chunk(there, [0.01], [True])
        assert found == pytest.approx(expected, rel=1e-4)
        assert of_cuda.chunk_loss(there) == pytest.approx(
            of_cpu.chunk_loss(here), rel=1e-4
        )
    torch.testing.assert_close(of_cuda.model.vectors.cpu(), of_cpu.model.vectors)


@needs_cuda
@pytest.mark.parametrize("parts_per_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_a_recording_makes_the_same_steps(solver, parts_per_step, monkeypatch):
    monkeypatch.setattr(recordings, "STEPS_PER_RECORDING", 4)
    plan, chunk = plan_and_chunk(parts_per_step, solver)
    plain = TorchSteps(model_on("cuda", solver), plan, ONE_THREAD)
    streams = Streams(torch.device("cuda"))
    recorded = RecordedSteps(model_on("cuda", solver), plan, streams)
    n_made = 0
    # All full steps, the first of them in reverse, and one of a single part in between.
    _, of_single_parts = plan_and_chunk(1, solver)
    single = of_single_parts.steps(0, 1)
    backwards = [chunk.steps(step, step + 1) for step in reversed(range(9))]
    for each in (chunk.steps(0, 9), single, *backwards, chunk.steps(0, 9)):
        places = n_made + np.arange(each.n_steps)
        rates, with_loss = 0.01 / (1 + places), places % 8 == 0
        expected, found = (
            steps.train_chunk(to_device(each, "cuda"), rates, with_loss)
            for steps in (plain, recorded)
        )
        assert found == pytest.approx(expected, rel=1e-4)
        n_made += each.n_steps
    assert recorded.recordings.keys() == {1, 4}
    torch.testing.assert_close(recorded.model.vectors, plain.model.vectors)


@pytest.fixture
def recordings_without_a_device(monkeypatch):
    """A list of how many steps each replay has; it makes them without a CUDA graph."""
    played = []

    class Recording:
        def __init__(self, step, batches, gradients):
            self.step, self.gradients = step, gradients

        def replay(self, batches, rates):
            # A recording writes to the gradients that it was made with.
            assert self.step.__self__.gradients is self.gradients
            played.append(len(batches))
            for batch, rate in zip(batches, rates, strict=True):
                self.step(batch, rate)

    monkeypatch.setattr(recordings, "STEPS_PER_RECORDING", 4)
    monkeypatch.setattr(recordings, "Recording", Recording)
    return played


@pytest.mark.parametrize(
    ("loss_every", "expected"),
    [(1, []), (3, [1] * 6), (7, [4, 1, 1, 1]), (100, [4, 4])],
)
def test_full_steps_are_replayed_together_up_to_one_with_the_loss(
    loss_every, expected, recordings_without_a_device
):
    plan, chunk = plan_and_chunk(3)
    n_steps = chunk.n_steps
    assert chunk.n_parts % 3  # the last step is not full
    rates = [0.1 / (1 + step) for step in range(n_steps)]
    with_loss = [step % loss_every == 0 for step in range(n_steps)]
    recorded = RecordedSteps(model_on("cpu", "adagrad"), plan, ONE_THREAD)
    plain = TorchSteps(model_on("cpu", "adagrad"), plan, ONE_THREAD)
    found = recorded.train_chunk(chunk, rates, with_loss)
    assert found == plain.train_chunk(chunk, rates, with_loss)
    assert torch.equal(recorded.model.vectors, plain.model.vectors)
    assert recordings_without_a_device == expected


def test_other_gradients_need_another_recording(recordings_without_a_device):
    plan, chunk = plan_and_chunk(3)
    _, of_single_parts = plan_and_chunk(1)
    recorded = RecordedSteps(model_on("cpu", "adagrad"), plan, ONE_THREAD)
    plain = TorchSteps(model_on("cpu", "adagrad"), plan, ONE_THREAD)
    for steps in (recorded, plain):
        for each in (of_single_parts.steps(0, 3), chunk.steps(0, 3)):
            steps.train_chunk(each, [0.1] * 3, [False] * 3)
    # The first step of each is made at once: it needs more memory than there is.
    assert recordings_without_a_device == [1] * 4
    assert torch.equal(recorded.model.vectors, plain.model.vectors)


def test_a_batch_is_restored_from_its_tensors():
    plan, chunk = plan_and_chunk(3)
    steps = TorchSteps(model_on("cpu", "adagrad"), plan, ONE_THREAD)
    batch = next(steps.batches(chunk))
    (alike,) = zip(*recordings._alike([batch]), strict=True)
    restored = recordings._batch_of(alike)
    assert torch.equal(restored.centers, batch.centers)
    assert torch.equal(restored.contexts, batch.contexts)
    for part, expected in zip(restored.parts, batch.parts, strict=True):
        assert all(map(torch.equal, part, expected))


# --- fits


@pytest.mark.parametrize("device", ["cpu", "auto", CUDA])
@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_a_fit_learns_on_any_device_and_has_numpy_arrays(device, solver, texts):
    parameters = {"solver": solver, "epochs": 10, "early_stopping": True}
    vectorizer = small(device=device, **parameters).fit(texts)
    expected = small(**parameters).fit(texts)
    # Other draws from the same seed, but of the same text.
    assert vectorizer.loss_curve_[-1] == pytest.approx(
        expected.loss_curve_[-1], rel=0.1
    )
    for name, value in vectorizer.__dict__.items():
        assert not isinstance(value, torch.Tensor), name
    loaded = pickle.loads(pickle.dumps(vectorizer))
    np.testing.assert_array_equal(loaded.transform(texts), vectorizer.transform(texts))


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_fits_continue_and_begin_at_known_vectors_on_any_device(device, texts):
    known = {"cat": np.full(8, 0.5), "dog": np.full(8, -0.5)}
    vectorizer = small(
        device=device, warm_start=True, init_vectors=known, trainable=False
    )
    vectorizer.fit(texts).fit(texts).partial_fit(texts)
    np.testing.assert_array_equal(vectorizer.get_vector("cat"), np.full(8, 0.5))
    assert vectorizer.n_iter_ > 2


@needs_cuda
def test_ids_that_do_not_fit_go_to_the_device_in_portions(texts, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 0))
    vectorizer = small(device="cuda", epochs=10).fit(texts)
    assert vectorizer.loss_curve_[-1] < vectorizer.loss_curve_[0]


@needs_cuda
def test_too_little_memory_on_a_device_is_an_error_that_names_the_size(texts):
    with pytest.raises(MemoryError, match=r"to train \d+ words x vector_size="):
        small(device="cuda", vector_size=2**36).fit(texts)


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_a_search_fits_on_any_device(device, texts):
    model = make_pipeline(small(device=device), LogisticRegression())
    grid = {"word2vecvectorizer__window": [1, 2]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(texts, [0, 1] * (len(texts) // 2))
    assert search.best_estimator_.get_params()["word2vecvectorizer__device"] == device


@needs_cuda
def test_a_memory_distinguishes_kinds_of_devices(texts, tmp_path):
    losses = [
        small(device=device, memory=tmp_path).fit(texts).loss_curve_
        for device in ("cpu", "cuda", "cuda:0")
    ]
    assert losses[0] != losses[1] == losses[2]
