"""Lines on standard error and callbacks during a fit."""

import json
import os
import re
import sys

import numpy as np
import pytest
from helpers import needs_compiled, output_of, small
from recorders import Recorder, with_callbacks
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_w2v import _watchers
from sklearn_w2v._skipgram.state import Progress
from sklearn_w2v._watchers import EpochLines

try:
    from sklearn.callback import ProgressBar, ScoringMonitor
except ImportError:
    ProgressBar = ScoringMonitor = None


# --- lines


def test_nothing_is_printed_unless_asked(texts, capfd):
    small(early_stopping=True).fit(texts).partial_fit(texts)
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_a_line_for_each_epoch_on_standard_error(texts, capfd):
    small(verbose=1).fit(texts)
    out, err = capfd.readouterr()
    assert out == ""
    how, first, second = err.split("\n")[:-1]
    assert how.startswith("[Word2VecVectorizer] training 19 words on cpu, ")
    pattern = (
        r"\[Word2VecVectorizer\] epoch {}/2: loss \d\.\d{{4}}, [\d,]+ words/s, {} left"
    )
    assert re.fullmatch(pattern.format(1, r"\d+:\d\d:\d\d"), first)
    assert re.fullmatch(pattern.format(2, "0:00:00"), second)


def test_verbose_prints_validation_scores(texts, capfd):
    fitted = small(verbose=1, early_stopping=True).fit(texts)
    _, *lines = capfd.readouterr().err.splitlines()
    for line, score in zip(lines, fitted.validation_scores_, strict=True):
        assert f", validation score {score:.4f}, " in line


def test_verbose_of_partial_fit_prints_a_batch_and_no_time_left(texts, capfd):
    small(verbose=1).partial_fit(texts)
    _, line = capfd.readouterr().err.splitlines()
    pattern = r"\[Word2VecVectorizer\] batch: loss \d\.\d{4}, [\d,]+ words/s"
    assert re.fullmatch(pattern, line)


@pytest.mark.parametrize(
    ("parameters", "compiled", "expected"),
    [
        pytest.param({}, "1", "on cpu, compiled", marks=needs_compiled),
        pytest.param({"solver": "adam"}, "1", "on cpu, by torch", marks=needs_compiled),
        ({}, "0", "on cpu, by torch"),
    ],
)
def test_verbose_prints_first_the_device_and_the_implementation(
    parameters, compiled, expected, texts, capfd, monkeypatch
):
    monkeypatch.setenv("SKLEARN_W2V_COMPILED", compiled)
    small(verbose=1, **parameters).fit(texts)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == f"[Word2VecVectorizer] training 19 words {expected}"
    assert not any("training" in line for line in lines[1:])


class Clock:
    """A clock that advances by some seconds at each call."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def perf_counter(self):
        self.now += self.step
        return self.now


def test_verbose_prints_every_few_seconds_how_many_documents_are_read(
    texts, capfd, monkeypatch
):
    monkeypatch.setattr(_watchers, "time", Clock(0.02))
    small(verbose=1).fit(texts)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].endswith("] 251 documents read, 2,008 tokens, 400 tokens/s")
    # Reading takes 8 seconds. The last line has all documents.
    assert f"] {len(texts):,} documents read, " in lines[1]
    assert sum("documents read" in line for line in lines) == 2


def test_verbose_prints_every_few_seconds_the_share_of_an_epoch(capsys, monkeypatch):
    clock = Clock(2.0)
    monkeypatch.setattr(_watchers, "time", clock)
    lines = EpochLines(4, "on a device")
    lines.epoch_begins()
    for n_read in (100, 200, 300, 400, 500, 600):
        lines.tokens_read(n_read, 1000)
    lines.epoch_ends(Progress([2.5], [], 1000, trained=None))
    lines.epoch_begins()
    clock.now += 10
    lines.tokens_read(500, 1000)
    assert [line[21:] for line in capsys.readouterr().err.splitlines()] == [
        "training on a device",
        "epoch 1/4: 30% read, 38 words/s, 0:01:39 left",
        "epoch 1/4: 60% read, 38 words/s, 0:01:31 left",
        "epoch 1/4: loss 2.5000, 56 words/s, 0:00:54 left",
        "epoch 2/4: 50% read, 47 words/s, 0:00:53 left",
    ]


def test_verbose_prints_the_number_of_epochs_that_auto_is(texts, capfd):
    small(verbose=1, epochs="auto").fit(texts)
    _, *lines = capfd.readouterr().err.splitlines()
    assert [line.split()[2] for line in lines] == [f"{i}/20:" for i in range(1, 21)]


@pytest.mark.parametrize(
    ("n_done", "seconds", "expected"),
    [
        (1, 10.0, "epoch 1/4: loss 2.5000, 1,000 words/s, 0:00:30 left"),
        (2, 10.0, "epoch 2/4: loss 2.2500, 2,000 words/s, 0:00:10 left"),
        (3, 9000.0, "epoch 3/4: loss 2.0000, 3 words/s, 0:50:00 left"),
    ],
)
def test_speed_and_time_left_are_means_over_the_epochs_done(
    n_done, seconds, expected, monkeypatch, capsys
):
    # What comes before the first epoch does not count.
    lines = EpochLines(4, "on a device")
    monkeypatch.setattr(_watchers.time, "perf_counter", lambda: 100.0)
    lines.epoch_begins()
    monkeypatch.setattr(_watchers.time, "perf_counter", lambda: 100.0 + seconds)
    lines.epoch_begins()
    losses = [2.5, 2.25, 2.0][:n_done]
    assert not lines.epoch_ends(Progress(losses, [], 10_000, trained=None))
    _, line = capsys.readouterr().err.splitlines()
    assert line == f"[Word2VecVectorizer] {expected}"


# --- callbacks


@with_callbacks
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_a_callback_is_called_for_the_fit_and_its_epochs(method, texts, labels):
    recorder = Recorder()
    vectorizer = small(epochs=3).set_callbacks(recorder)
    getattr(vectorizer, method)(texts, labels)
    n_epochs = 1 if method == "partial_fit" else 3
    assert recorder.events == [
        "setup",
        "fit 0 begins",
        *(f"epoch {i} {what}" for i in range(n_epochs) for what in ("begins", "ends")),
        "fit 0 ends",
        "teardown",
    ]
    assert all(X is texts and y is labels for X, y in recorder.data)


@with_callbacks
@pytest.mark.parametrize(
    ("method", "epochs", "expected"),
    [("fit", 3, 3), ("fit", "auto", 20), ("partial_fit", "auto", 1)],
)
def test_a_callback_gets_the_number_of_epochs_at_the_beginning(
    method, epochs, expected, texts
):
    recorder = Recorder()
    getattr(small(epochs=epochs).set_callbacks(recorder), method)(texts)
    assert recorder.max_subtasks == [expected] + [0] * expected


@with_callbacks
def test_callbacks_do_not_get_an_iterator_that_is_used_up(texts):
    recorder = Recorder()
    small(epochs=3).set_callbacks(recorder).fit(iter(texts))
    assert recorder.data == [(None, None)] * 4


@with_callbacks
@pytest.mark.parametrize(
    "parameters",
    [{}, {"weighting": "idf", "n_components_removed": 1}, {"vectors": "center"}],
)
def test_each_epoch_has_an_estimator_as_if_the_fit_had_stopped_there(parameters, texts):
    recorder = Recorder()
    fitted = small(epochs=3, **parameters).set_callbacks(recorder).fit(texts)
    assert [estimator.n_iter_ for estimator in recorder.fitted] == [1, 2, 3, 3]
    assert [len(estimator.loss_curve_) for estimator in recorder.fitted] == [1, 2, 3, 3]
    vectors = [estimator.transform(texts) for estimator in recorder.fitted]
    assert (vectors[0] != vectors[1]).any()
    np.testing.assert_array_equal(vectors[2], fitted.transform(texts))
    np.testing.assert_array_equal(vectors[3], fitted.transform(texts))
    stopped = small(epochs=3, **parameters).set_callbacks(Recorder(stop_after=1))
    np.testing.assert_array_equal(stopped.fit(texts).transform(texts), vectors[0])


@with_callbacks
def test_a_callback_can_stop_the_fit(texts):
    recorder = Recorder(stop_after=2)
    fitted = small(epochs=50).set_callbacks(recorder).fit(texts)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 2
    assert recorder.events[-2:] == ["fit 0 ends", "teardown"]
    assert np.isfinite(fitted.transform(texts)).all()


@with_callbacks
def test_a_fit_that_a_callback_stopped_is_not_cached(texts, tmp_path):
    stops = small(epochs=3, memory=tmp_path).set_callbacks(Recorder(stop_after=1))
    assert stops.fit(texts).n_iter_ == 1
    assert small(epochs=3, memory=tmp_path).fit(texts).n_iter_ == 3
    assert stops.fit(texts).n_iter_ == 3


@with_callbacks
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("of a callback")])
def test_an_error_in_a_callback_leaves_the_vectorizer_as_it_was(error, texts):
    vectorizer = small().fit(texts)
    before = {**vars(vectorizer)}
    recorder = Recorder(stop_after=2, error=error)
    vectorizer.set_callbacks(recorder)
    with pytest.raises(type(error)):
        vectorizer.fit(["some other words"] * 99)
    vectorizer.set_callbacks()
    assert vars(vectorizer) == before
    assert recorder.events[-1] == "teardown"


@with_callbacks
def test_a_callback_gets_the_best_epoch_that_is_kept(texts):
    recorder = Recorder()
    vectorizer = small(early_stopping=True, epochs=20).set_callbacks(recorder)
    fitted = vectorizer.fit(texts)
    best = int(np.argmax(fitted.validation_scores_))
    np.testing.assert_array_equal(
        recorder.fitted[best].embedding_matrix_, fitted.embedding_matrix_
    )
    assert best < fitted.n_iter_ - 1


@with_callbacks
def test_a_batch_without_known_words_is_a_fit_without_epochs(texts):
    recorder = Recorder()
    vectorizer = small().fit(texts).set_callbacks(recorder)
    vectorizer.partial_fit(["unknown words"])
    assert recorder.events == ["setup", "fit 0 begins", "fit 0 ends", "teardown"]
    assert recorder.fitted[0].n_unknown_ == 2


@with_callbacks
def test_callbacks_do_not_change_the_result(texts):
    watched = small(epochs=3).set_callbacks(Recorder()).fit_transform(texts)
    np.testing.assert_array_equal(watched, small(epochs=3).fit_transform(texts))


def score(estimator, X, y):
    return float(estimator.transform(X).std())


@with_callbacks
def test_the_scoring_monitor_records_a_score_after_each_epoch(texts, labels):
    monitor = ScoringMonitor(scoring={"spread": score})
    fitted = small(epochs=3).set_callbacks(monitor).fit(texts, labels)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in log] == [0, 1, 2]
    assert len({row["spread"] for row in log}) == 3
    assert log[-1]["spread"] == score(fitted, texts, labels)


@with_callbacks
def test_the_scoring_monitor_works_in_a_grid_search(texts, labels):
    monitor = ScoringMonitor(scoring={"spread": score})
    vectorizer = small(epochs=3).set_callbacks(monitor)
    pipeline = make_pipeline(vectorizer, LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [1, 10]}, cv=2)
    search.fit(texts, labels)
    rows = monitor.get_logs(select="most_recent").data
    assert [row["task_name"] for row in rows].count("epoch") == (2 * 2 + 1) * 3


BARS = """
import sys
from sklearn.callback import ProgressBar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn_w2v import Word2VecVectorizer
texts, labels = ["the cat sat", "the bond fell"] * 50, [0, 1] * 50
vectorizer = Word2VecVectorizer(vector_size=4, epochs=3, sample=None, verbose=0)
model = {
    "alone": vectorizer,
    "pipeline": make_pipeline(vectorizer, LogisticRegression()),
    "grid": GridSearchCV(
        make_pipeline(vectorizer, LogisticRegression()),
        {"logisticregression__C": [1, 10]},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ),
}[sys.argv[1]]
model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(texts, labels)
"""


@with_callbacks
@pytest.mark.parametrize(
    ("model", "n_fits"), [("alone", 1), ("pipeline", 1), ("grid", 5)]
)
def test_the_progress_bar_shows_one_bar_for_each_fit(model, n_fits):
    pytest.importorskip("rich", reason="rich is optional")
    command = sys.executable, "-W", "error", "-c", BARS, model
    # So many columns that no line is cut short.
    lines = output_of(*command, env=os.environ | {"COLUMNS": "200"}).splitlines()
    bars = [line for line in lines if "Word2VecVectorizer" in line]
    assert len(bars) == n_fits, lines
    assert all("100%" in bar for bar in bars)


WITHOUT_CALLBACKS = """
import json, sys
# scikit-learn's own estimators import the module as a matter of course.
import sklearn.feature_extraction.text, sklearn.model_selection, sklearn.pipeline
module = sys.modules.get("sklearn.callback")
sys.modules["sklearn.callback"] = None
from sklearn_w2v import Word2VecVectorizer
sys.modules["sklearn.callback"] = module
vectorizer = Word2VecVectorizer(
    vector_size=8, epochs=3, min_count=1, random_state=0, early_stopping=True
)
assert not hasattr(vectorizer, "set_callbacks")
texts = json.load(sys.stdin)
print(vectorizer.fit_transform(texts).tobytes().hex())
vectorizer.partial_fit(texts)
"""


def test_before_scikit_learn_1_9_a_fit_is_the_same(texts):
    found = output_of(sys.executable, "-c", WITHOUT_CALLBACKS, input=json.dumps(texts))
    expected = small(epochs=3, early_stopping=True).fit_transform(texts)
    assert found.strip() == expected.tobytes().hex()
