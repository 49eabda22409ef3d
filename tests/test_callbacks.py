"""scikit-learn's callbacks, and fits without them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_w2v import Word2VecVectorizer

try:
    from sklearn.callback import ProgressBar, ScoringMonitor
except ImportError:
    ProgressBar = ScoringMonitor = None

with_callbacks = pytest.mark.skipif(
    ScoringMonitor is None, reason="callbacks come with scikit-learn 1.9"
)


def small(**parameters):
    defaults = {"vector_size": 8, "epochs": 3, "min_count": 1, "random_state": 0}
    return Word2VecVectorizer(**(defaults | parameters))


class Recorder:
    """Notes what it is told, and can stop or interrupt the fit after some epochs."""

    def __init__(self, stop_after=None, error=None):
        self.stop_after, self.error = stop_after, error
        self.events, self.data, self.fitted = [], [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"{context.task_name} {context.task_id} begins")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, fitted_estimator=None
    ):
        self.events.append(f"{context.task_name} {context.task_id} ends")
        self.data.append((X, y))
        self.fitted.append(fitted_estimator)
        if context.task_name == "epoch" and context.task_id + 1 == self.stop_after:
            if self.error is not None:
                raise self.error
            return True
        return False


@with_callbacks
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_a_callback_is_told_of_the_fit_and_its_epochs(method, topic_texts):
    texts, labels = topic_texts
    recorder = Recorder()
    getattr(small().set_callbacks(recorder), method)(texts, labels)
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
def test_an_iterator_that_is_used_up_is_not_shown_to_callbacks(topic_texts):
    recorder = Recorder()
    small().set_callbacks(recorder).fit(iter(topic_texts[0]))
    assert recorder.data == [(None, None)] * 4


@with_callbacks
@pytest.mark.parametrize(
    "parameters",
    [{}, {"weighting": "idf", "n_components_removed": 1}, {"vectors": "center"}],
)
def test_each_epoch_shows_an_estimator_as_if_the_fit_had_stopped_there(
    parameters, topic_texts
):
    texts, _ = topic_texts
    recorder = Recorder()
    fitted = small(**parameters).set_callbacks(recorder).fit(texts)
    assert [estimator.n_iter_ for estimator in recorder.fitted] == [1, 2, 3, 3]
    assert [len(estimator.loss_curve_) for estimator in recorder.fitted] == [1, 2, 3, 3]
    vectors = [estimator.transform(texts) for estimator in recorder.fitted]
    assert (vectors[0] != vectors[1]).any()
    np.testing.assert_array_equal(vectors[2], fitted.transform(texts))
    np.testing.assert_array_equal(vectors[3], fitted.transform(texts))
    stopped = small(**parameters).set_callbacks(Recorder(stop_after=1)).fit(texts)
    np.testing.assert_array_equal(stopped.transform(texts), vectors[0])


@with_callbacks
def test_a_callback_can_stop_the_fit(topic_texts):
    texts, _ = topic_texts
    recorder = Recorder(stop_after=2)
    fitted = small(epochs=50).set_callbacks(recorder).fit(texts)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 2
    assert recorder.events[-2:] == ["fit 0 ends", "teardown"]
    assert np.isfinite(fitted.transform(texts)).all()


@with_callbacks
def test_a_fit_that_a_callback_stopped_is_not_cached(topic_texts, tmp_path):
    texts, _ = topic_texts
    stopped = small(memory=tmp_path).set_callbacks(Recorder(stop_after=1)).fit(texts)
    assert stopped.n_iter_ == 1
    whole = small(memory=tmp_path).fit(texts)
    assert whole.n_iter_ == 3
    cached = small(memory=tmp_path).set_callbacks(Recorder(stop_after=1)).fit(texts)
    assert cached.n_iter_ == 3


@with_callbacks
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("of a callback")])
def test_an_error_in_a_callback_leaves_the_vectorizer_as_it_was(error, topic_texts):
    texts, _ = topic_texts
    vectorizer = small().fit(texts)
    before = {**vars(vectorizer)}
    recorder = Recorder(stop_after=2, error=error)
    vectorizer.set_callbacks(recorder)
    with pytest.raises(type(error)):
        vectorizer.fit(["other words"] * 99)
    vectorizer.set_callbacks()
    assert vars(vectorizer) == before
    assert recorder.events[-1] == "teardown"


@with_callbacks
def test_a_callback_sees_the_best_epoch_that_is_kept(topic_texts):
    texts, _ = topic_texts
    recorder = Recorder()
    vectorizer = small(early_stopping=True, epochs=20).set_callbacks(recorder)
    fitted = vectorizer.fit(texts)
    best = int(np.argmax(fitted.validation_scores_))
    np.testing.assert_array_equal(
        recorder.fitted[best].embedding_matrix_, fitted.embedding_matrix_
    )
    assert best < fitted.n_iter_ - 1


@with_callbacks
def test_a_batch_without_known_words_is_a_fit_without_epochs(topic_texts):
    recorder = Recorder()
    vectorizer = small().fit(topic_texts[0]).set_callbacks(recorder)
    vectorizer.partial_fit(["unknown words"])
    assert recorder.events == ["setup", "fit 0 begins", "fit 0 ends", "teardown"]
    assert recorder.fitted[0].n_unknown_ == 2


@with_callbacks
def test_callbacks_do_not_change_the_result(topic_texts):
    texts, _ = topic_texts
    watched = small().set_callbacks(Recorder()).fit_transform(texts)
    np.testing.assert_array_equal(watched, small().fit_transform(texts))


def score(estimator, X, y):
    return float(estimator.transform(X).std())


@with_callbacks
def test_the_scoring_monitor_notes_a_score_after_each_epoch(topic_texts):
    texts, labels = topic_texts
    monitor = ScoringMonitor(scoring={"spread": score})
    fitted = small().set_callbacks(monitor).fit(texts, labels)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in log] == [0, 1, 2]
    assert len({row["spread"] for row in log}) == 3
    assert log[-1]["spread"] == score(fitted, texts, labels)


@with_callbacks
def test_the_scoring_monitor_works_in_a_grid_search(topic_texts):
    texts, labels = topic_texts
    monitor = ScoringMonitor(scoring={"spread": score})
    pipeline = make_pipeline(small().set_callbacks(monitor), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [1, 10]}, cv=2)
    search.fit(texts, labels)
    rows = [
        row
        for row in monitor.get_logs(select="most_recent").data
        if row["task_name"] == "epoch"
    ]
    assert len(rows) == (2 * 2 + 1) * 3


BARS = """
import sys
from sklearn.callback import ProgressBar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn_w2v import Word2VecVectorizer
texts, labels = ["the cat sat", "the bond fell"] * 50, [0, 1] * 50
vectorizer = Word2VecVectorizer(vector_size=4, epochs=3, verbose=0)
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
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARS, model],
        env=os.environ | {"COLUMNS": "200"},  # so that no line is cut short
        capture_output=True,
        text=True,
        check=True,
    )
    bars = [line for line in done.stdout.splitlines() if "Word2VecVectorizer" in line]
    assert len(bars) == n_fits, done.stdout
    assert all("100%" in bar for bar in bars)


WITHOUT_CALLBACKS = """
import json, sys
# scikit-learn's own estimators import the module as a matter of course.
import sklearn.feature_extraction.text, sklearn.model_selection
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


def test_before_scikit_learn_1_9_a_fit_is_the_same(topic_texts):
    texts, _ = topic_texts
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CALLBACKS],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = small(early_stopping=True).fit_transform(texts)
    assert done.stdout.strip() == expected.tobytes().hex()
