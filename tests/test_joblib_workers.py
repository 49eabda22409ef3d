"""Fits in the worker processes and threads of a rank, which joblib starts."""

import copy
import multiprocessing
import pickle
from threading import Event, Thread

import joblib
import numpy as np
import pandas as pd
import pytest
import torch.distributed as dist
from helpers import assert_same_fit, small
from joblib.externals.loky import get_reusable_executor
from rank_processes import CONTEXT, TEXTS, share
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline

from sklearn_w2v import use_group

METHODS = ["fit", "partial_fit", "fit_transform"]
LABELS = np.arange(len(TEXTS)) % 2

IN_WORKER = "RuntimeError: This fit is in a worker process of a rank of a torch."


def error_text(task):
    try:
        task()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def assert_refused(error):
    assert error is not None
    assert error.startswith(IN_WORKER)
    assert "Pass n_jobs=1" in error
    assert "within `with sklearn_w2v.use_group(None):`" in error


# --- worker processes


def with_workers(rank, backend, task):
    """Run a task in the first rank, which starts worker processes."""
    if rank:  # it would take as long, and nothing may be sent to it
        return None
    process = multiprocessing.current_process()
    process._config["daemon"] = False  # a daemon may not have children
    try:
        with joblib.parallel_config(backend=backend, n_jobs=2):
            return task()
    finally:
        process._config["daemon"] = True
        if backend == "loky":
            get_reusable_executor().shutdown(wait=True)


def by_worker(task, *args):
    """Return what a task returns in a worker."""
    # Two tasks, since joblib starts no worker for one.
    return joblib.Parallel()(joblib.delayed(task)(*args) for _ in range(2))[0]


def errors_in_worker(vectorizer):
    """Return the error of each way to fit a vectorizer."""
    ways = {name: getattr(vectorizer, name) for name in METHODS}
    ways["clone"] = clone(make_pipeline(vectorizer)).fit
    ways["copy"] = copy.deepcopy(vectorizer).fit
    ways["copy of a copy"] = copy.copy(copy.copy(vectorizer)).fit
    return {name: error_text(lambda f=fit: f(TEXTS)) for name, fit in ways.items()}


def fit_alone(vectorizer):
    with use_group(None):
        return vectorizer.fit(TEXTS)


def fit_in_own_group(vectorizer):
    """Fit in a group that the worker itself has joined."""
    store = dist.HashStore()
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        return vectorizer.fit(TEXTS)
    finally:
        dist.destroy_process_group()


def attributes_of(vectorizer):
    return vars(vectorizer), vectorizer.get_params()


def union_of(first, second):
    return FeatureUnion([("a", first), ("b", second)], n_jobs=2)


def results_of_workers():
    """Let the same workers refuse and fit."""
    results = {
        "errors": by_worker(errors_in_worker, small()),
        "attributes": by_worker(attributes_of, small()),
        "alone in the worker": by_worker(fit_alone, small()),
        "in a group of the worker": by_worker(fit_in_own_group, small()),
    }
    union = union_of(small(), make_pipeline(small(window=2)))
    with use_group(None):
        results["vectors"] = union.fit_transform(TEXTS)
    # joblib ends the workers after an error.
    union = union_of(small(), small())
    results["error of a union"] = error_text(lambda: union.fit(TEXTS))
    return results


@pytest.fixture(scope="module")
def of_loky(on_ranks):
    """What happens in the workers that joblib starts by default."""
    return on_ranks.run(2, with_workers, "loky", results_of_workers)[0]


def test_workers_of_a_rank_refuse_to_fit(of_loky):
    for error in [*of_loky["errors"].values(), of_loky["error of a union"]]:
        assert_refused(error)


def test_vectorizers_in_workers_have_no_other_attributes(of_loky):
    assert of_loky["attributes"] == attributes_of(small())


def test_workers_fit_where_a_rank_is_to_fit_alone(of_loky):
    expected = union_of(small(), small(window=2)).set_params(n_jobs=None)
    np.testing.assert_array_equal(of_loky["vectors"], expected.fit_transform(TEXTS))
    assert_same_fit(of_loky["alone in the worker"], small().fit(TEXTS))


def test_workers_fit_in_a_group_of_their_own(of_loky):
    assert_same_fit(of_loky["in a group of the worker"], small().fit(TEXTS))


def fit_columns():
    columns = [("a", small(), "text"), ("b", small(), "text")]
    ColumnTransformer(columns, n_jobs=2).fit(pd.DataFrame({"text": TEXTS}))


def search():
    model = make_pipeline(small(), LogisticRegression())
    search = GridSearchCV(model, {"word2vecvectorizer__window": [1, 2]}, cv=2)
    search.set_params(n_jobs=2, error_score="raise").fit(TEXTS, LABELS)


def validate():
    model = make_pipeline(small(), LogisticRegression())
    cross_val_score(model, TEXTS, LABELS, cv=2, n_jobs=2, error_score="raise")


def fit_in_part():
    with use_group(dist.group.WORLD):
        union_of(small(), small()).fit(TEXTS)


def results_of_forked_workers():
    tasks = [fit_columns, search, validate, fit_in_part]
    errors = {task.__name__: error_text(task) for task in tasks}
    errors |= by_worker(errors_in_worker, small())
    with use_group(None):
        vectors = union_of(small(), small(window=2)).fit_transform(TEXTS)
    return errors, by_worker(fit_alone, small()), vectors


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
def test_forked_workers_refuse_to_fit_unless_alone(on_ranks):
    task = results_of_forked_workers
    errors, alone, vectors = on_ranks.run(2, with_workers, "multiprocessing", task)[0]
    for error in errors.values():
        assert_refused(error)
    assert_same_fit(alone, small().fit(TEXTS))
    expected = union_of(small(), small(window=2)).set_params(n_jobs=None)
    np.testing.assert_array_equal(vectors, expected.fit_transform(TEXTS))


def fit_with_one_job(rank):
    union = union_of(small(), make_pipeline(small(window=2))).set_params(n_jobs=1)
    model = make_pipeline(small(), LogisticRegression())
    labels = LABELS[: len(share(rank))]
    cross_val_score(model, share(rank), labels, cv=2, error_score="raise", n_jobs=1)
    return union.fit(share(rank)).transform(TEXTS)


def test_ranks_fit_together_with_one_job(on_ranks):
    one, other = on_ranks.run(2, fit_with_one_job, timeout=10)
    np.testing.assert_array_equal(one, other)


# --- pickles that a rank has made


def pickles_of(rank):
    fitted = small().fit(share(rank))
    contents = pickle.dumps(small()), pickle.dumps(fitted)
    return contents, joblib.hash(fitted)


def fit_loaded(content, pipe):
    pipe.send(pickle.loads(content).fit(TEXTS))


def test_pickles_of_a_rank_fit_in_other_processes(on_ranks):
    (of_new, of_fitted), _ = on_ranks.run(2, pickles_of)[0]
    expected = small().fit(TEXTS)
    assert_same_fit(pickle.loads(of_new).fit(TEXTS), expected)
    assert_same_fit(pickle.loads(of_fitted).fit(TEXTS), expected)
    # A child of a process that is not the rank.
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=fit_loaded, args=(of_new, theirs))
    process.start()
    theirs.close()  # so that there is an error if the process ends
    assert_same_fit(ours.recv(), expected)
    process.join()


def test_pickles_and_hashes_of_fitted_vectorizers_are_the_same_on_all_ranks(on_ranks):
    one, other = on_ranks.run(2, pickles_of)
    assert one[0][1] == other[0][1]
    assert one[1] == other[1]


def fit_what_was_pickled(rank):
    loaded = pickle.loads(pickle.dumps(small()))
    return loaded.fit(share(rank)), copy.copy(clone(small())).fit(share(rank))


def test_copies_in_a_rank_fit_with_the_others(on_ranks):
    (one, other), same = on_ranks.run(2, fit_what_was_pickled)
    assert_same_fit(one, other)
    assert_same_fit(one, same[0])


# --- threads


def fit_in_two_threads(rank):
    """Start a second fit while the first one waits; return its error, and the first."""
    is_reading, may_end, fitted = Event(), Event(), []

    def documents():
        is_reading.set()
        may_end.wait()
        yield from share(rank)

    thread = Thread(target=lambda: fitted.append(small().fit(documents())))
    thread.start()
    is_reading.wait()
    errors = [
        error_text(lambda m=method: getattr(small(), m)(share(rank)))
        for method in METHODS
    ]
    with use_group(None):
        alone = small().fit(share(rank))
    may_end.set()
    thread.join()
    return errors, fitted[0], alone


def fit_together(rank):
    return small().fit(share(rank))


def test_a_second_fit_in_a_thread_is_refused_and_the_first_goes_on(on_ranks):
    expected, _ = on_ranks.run(2, fit_together)
    results = on_ranks.run(2, fit_in_two_threads, timeout=10)
    for rank, (errors, first, alone) in enumerate(results):
        for error in errors:
            assert error.startswith(
                "RuntimeError: Another thread of this process already fits in a torch."
            )
            assert "joblib's threading backend starts such threads" in error
            assert "n_jobs=1" in error
            assert "use_group(None)" in error
        assert_same_fit(first, expected)
        assert_same_fit(alone, small().fit(share(rank)))


def fit_union_in_threads(rank):
    with joblib.parallel_config(backend="threading"), use_group(None):
        union = FeatureUnion([("a", small()), ("b", small())], n_jobs=2)
        union.fit(share(rank))
    return union.transformer_list[1][1]


def test_threads_of_a_rank_fit_alone_at_the_same_time(on_ranks):
    for rank, result in enumerate(on_ranks.run(2, fit_union_in_threads, timeout=10)):
        assert_same_fit(result, small().fit(share(rank)))


def fit_within_a_fit(rank):
    """Fit while another fit of the same thread reads its documents."""
    inner = []

    def documents():
        inner.append(small().fit(share(rank)))
        yield from share(rank)

    return small().fit(documents()), inner[0]


def test_a_fit_within_a_fit_of_one_thread_is_no_second_one(on_ranks):
    for outer, inner in on_ranks.run(2, fit_within_a_fit, timeout=10):
        assert_same_fit(outer, inner)


def fit_again_after_an_error(rank):
    error = error_text(lambda: small().fit([None]))
    return error, small().fit(share(rank))


def test_a_fit_that_failed_does_not_keep_others_from_fitting(on_ranks):
    expected, _ = on_ranks.run(2, fit_together)
    for error, fitted in on_ranks.run(2, fit_again_after_an_error, timeout=10):
        assert "missing" in error
        assert_same_fit(fitted, expected)
