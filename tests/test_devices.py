"""Where a training runs. What needs a device that is not here is skipped, visibly."""

import pickle

import numpy as np
import pytest
import torch
from helpers import all_of, plan_of, small
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_w2v import Word2VecVectorizer
from sklearn_w2v._skipgram import recorded as recordings
from sklearn_w2v._skipgram.devices import find_device
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import Layout
from sklearn_w2v._skipgram.recorded import RecordedSkipGram, Streams
from sklearn_w2v._skipgram.sampler import Batch, BatchSampler, NoiseTable, Part
from sklearn_w2v._skipgram.state import KnownVectors
from sklearn_w2v._skipgram.threads import ALONE

N_WORDS, SIZE = 50, 8

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no CUDA device here"
)
CUDA = pytest.param("cuda", marks=needs_cuda)


def batches(n_steps, *, parts_a_step=1):
    """Steps of two groups a part, made by the processor."""
    random = np.random.RandomState(0)
    documents = [random.randint(N_WORDS, size=9).tolist() for _ in range(99)]
    plan = plan_of(
        documents, n_words=N_WORDS, window=3, layout=Layout(parts_a_step, 2, 2, 8, 6)
    )
    cpu = torch.device("cpu")
    sampler = BatchSampler(*all_of(documents), plan, NoiseTable(plan, cpu))
    ((_, steps),) = sampler.epoch(torch.Generator().manual_seed(0))
    return steps[:n_steps]


def to_device(batch, device):
    parts = [Part(*(tensor.to(device) for tensor in part)) for part in batch.parts]
    return Batch(batch.centers.to(device), batch.contexts.to(device), parts)


def model_on(device, solver, kind=SkipGram):
    """A model with words that are known and words that stay."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(2, N_WORDS, SIZE, generator=generator)
    model = kind(vectors.to(device), solver=solver, team=ALONE)
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
def test_the_processor_is_always_there(name):
    assert find_device(name).type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize(
    ("mps", "cuda", "expected"),
    [(False, False, "cpu"), (True, False, "mps"), (True, True, "cuda")],
)
def test_auto_takes_the_first_that_is_there(mps, cuda, expected, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert find_device("auto") == torch.device(expected)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:99", "xpu", "meta", "privateuseone"])
def test_a_device_that_is_not_there_is_an_error_that_says_what_is(name):
    message = rf"^device='{name}' cannot be used: .*\. Here torch has cpu.*'auto' takes"
    with pytest.raises(ValueError, match=message):
        find_device(name)


def test_a_gpu_is_told_the_name_that_torch_has_for_it():
    with pytest.raises(ValueError, match=r"^device='gpu' .*: torch calls it 'cuda'"):
        find_device("gpu")


def test_a_device_that_is_not_there_stops_a_fit_before_a_document_is_read():
    documents = iter(["a document"])
    vectorizer = Word2VecVectorizer(device="cuda:99")
    for fit in (vectorizer.fit, vectorizer.partial_fit, vectorizer.fit_transform):
        with pytest.raises(ValueError, match="device='cuda:99' cannot be used"):
            fit(documents)
    assert next(documents) == "a document"


# --- steps


@pytest.mark.parametrize("parts_a_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_nothing_of_a_step_is_left_with_the_processor(solver, parts_a_step):
    # On "meta", which has shapes and no numbers, a tensor of another device is an
    # error. Adam asks which rows are equal, of which it knows nothing.
    (batch,) = batches(1, parts_a_step=parts_a_step)
    model = model_on("meta", solver)
    model.step(to_device(batch, "meta"), 0.1)
    assert {state.device.type for state in model.state().solver_state.values()} <= {
        "meta"
    }


@needs_cuda
@pytest.mark.parametrize("parts_a_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_cuda_makes_the_steps_of_the_processor(solver, parts_a_step):
    models = model_on("cpu", solver), model_on("cuda", solver)
    for batch in batches(4, parts_a_step=parts_a_step):
        expected, found = (
            model.step(to_device(batch, model.vectors.device), 0.01, with_loss=True)
            for model in models
        )
        assert found == pytest.approx(expected, rel=1e-4)
        assert models[1].loss(to_device(batch, "cuda")) > 0
    torch.testing.assert_close(models[1].vectors.cpu(), models[0].vectors)


@needs_cuda
@pytest.mark.parametrize("parts_a_step", [1, 3])
@pytest.mark.parametrize("solver", ["adagrad", "sgd"])
def test_a_recording_makes_the_same_steps(solver, parts_a_step, monkeypatch):
    plain = model_on("cuda", solver)
    recorded = model_on("cuda", solver, RecordedSkipGram)
    recorded.team = Streams(torch.device("cuda"))
    monkeypatch.setattr(recordings, "STEPS_AT_ONCE", 4)
    steps = batches(9, parts_a_step=parts_a_step)
    small = batches(1, parts_a_step=1)
    for place, batch in enumerate([*steps, *small, *steps[::-1]]):
        for model in (plain, recorded):
            rate = 0.01 / (1 + place)
            model.step(to_device(batch, "cuda"), rate, with_loss=place % 8 == 0)
    recorded.state()
    assert recorded.recordings.keys() == {1, 4}
    torch.testing.assert_close(recorded.vectors, plain.vectors)


# --- fits


@pytest.mark.parametrize("device", ["cpu", "auto", CUDA])
@pytest.mark.parametrize("solver", ["adagrad", "adam", "sgd"])
def test_a_fit_learns_on_any_device_and_is_numpys(device, solver, texts):
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
def test_fits_go_on_and_begin_at_known_vectors_on_any_device(device, texts):
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
def test_short_memory_of_a_device_is_told_of_by_what_is_too_large(texts):
    with pytest.raises(MemoryError, match=r"the training of \d+ words x vector_size="):
        small(device="cuda", vector_size=2**36).fit(texts)


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_a_search_fits_on_any_device(device, texts):
    model = make_pipeline(small(device=device), LogisticRegression())
    grid = {"word2vecvectorizer__window": [1, 2]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(texts, [0, 1] * (len(texts) // 2))
    assert search.best_estimator_.get_params()["word2vecvectorizer__device"] == device


@needs_cuda
def test_a_memory_knows_kinds_of_devices_apart(texts, tmp_path):
    losses = [
        small(device=device, memory=tmp_path).fit(texts).loss_curve_
        for device in ("cpu", "cuda", "cuda:0")
    ]
    assert losses[0] != losses[1] == losses[2]
