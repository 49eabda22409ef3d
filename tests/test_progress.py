"""What a fit prints while it runs."""

import re

import pytest

from sklearn_w2v import Word2VecVectorizer, _progress
from sklearn_w2v._progress import Progress
from sklearn_w2v._training import Trained


def small(**parameters):
    defaults = {"vector_size": 8, "epochs": 2, "min_count": 1, "random_state": 0}
    return Word2VecVectorizer(**(defaults | parameters))


def test_nothing_is_printed_unless_asked(topic_texts, capfd):
    small(early_stopping=True).fit(topic_texts[0]).partial_fit(topic_texts[0])
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_a_line_for_each_epoch_on_standard_error(topic_texts, capfd):
    small(verbose=1).fit(topic_texts[0])
    out, err = capfd.readouterr()
    assert out == ""
    first, second = err.split("\n")[:-1]
    pattern = (
        r"\[Word2VecVectorizer\] epoch {}/2: loss \d\.\d{{4}}, [\d,]+ words/s, {} left"
    )
    assert re.fullmatch(pattern.format(1, r"\d+:\d\d:\d\d"), first)
    assert re.fullmatch(pattern.format(2, "0:00:00"), second)


def test_verbose_says_how_held_out_documents_fare(topic_texts, capfd):
    fitted = small(verbose=1, early_stopping=True).fit(topic_texts[0])
    lines = capfd.readouterr().err.splitlines()
    for line, score in zip(lines, fitted.validation_scores_, strict=True):
        assert f", validation score {score:.4f}, " in line


def test_verbose_of_partial_fit_counts_one_epoch(topic_texts, capfd):
    small(verbose=1).partial_fit(topic_texts[0])
    assert "epoch 1/1: loss" in capfd.readouterr().err


class Nobody:
    def epoch_begins(self):
        pass

    def epoch_ends(self, fitted_attributes):
        return False


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
    progress = Progress(Nobody(), dict, n_words=10_000, epochs=4, verbose=1)
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: 100.0)
    progress.epoch_begins()
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: 100.0 + seconds)
    progress.epoch_begins()
    losses = [2.5, 2.25, 2.0][:n_done]
    progress.epoch_ends(Trained(None, None, None, losses, []))
    assert capsys.readouterr().err == f"[Word2VecVectorizer] {expected}\n"
