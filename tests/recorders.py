"""A callback that records its calls."""

from importlib.util import find_spec

import pytest

with_callbacks = pytest.mark.skipif(
    find_spec("sklearn.callback") is None, reason="callbacks come with scikit-learn 1.9"
)


class Recorder:
    """Records its calls, and can stop or interrupt the fit after some epochs."""

    def __init__(self, stop_after=None, error=None):
        self.stop_after, self.error = stop_after, error
        self.events, self.data, self.fitted = [], [], []
        self.max_subtasks = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"{context.task_name} {context.task_id} begins")
        self.max_subtasks.append(context.max_subtasks)

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
