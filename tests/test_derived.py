"""Values that are computed once for an array."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from threading import Barrier, Event

import numpy as np
import pytest

from sklearn_w2v import _derived
from sklearn_w2v._derived import derived


def test_a_value_is_computed_once_for_each_array_and_name():
    calls = []

    def compute(value):
        calls.append(value)
        return value

    one, other = np.zeros(3), np.zeros(3)
    for _ in range(2):
        assert derived(one, "length", lambda: compute(1)) == 1
        assert derived(one, ("prior", 0.5), lambda: compute(2)) == 2
        assert derived(other, "length", lambda: compute(3)) == 3
    assert calls == [1, 2, 3]


def test_threads_that_ask_at_once_compute_it_once():
    array, calls, start = np.zeros(3), [], Barrier(8)

    def compute():
        calls.append(None)
        return object()

    def ask(_):
        start.wait()
        return derived(array, "value", compute)

    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(ask, range(8)))
    assert len(calls) == len(set(map(id, values))) == 1


def test_values_are_dropped_with_their_array():
    array = np.zeros(3)
    key = id(array)
    derived(array, "value", lambda: 1)
    assert key in _derived._values
    del array
    gc.collect()
    assert key not in _derived._values


def test_a_failure_is_not_kept():
    array = np.zeros(3)
    with pytest.raises(ZeroDivisionError):
        derived(array, "value", lambda: 1 / 0)
    assert derived(array, "value", lambda: 1) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_another_thread_computes_does_not_hang():
    array, other = np.zeros(3), np.zeros(3)
    computes, may_end = Event(), Event()

    def compute():
        computes.set()
        return may_end.wait(60)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(derived, array, "slow", compute)
        computes.wait()
        child = get_context("fork").Process(
            target=derived, args=(other, "fast", lambda: 1), daemon=True
        )
        child.start()
        child.join(10)
        hangs = child.is_alive()
        child.kill()
        may_end.set()
    assert not hangs
