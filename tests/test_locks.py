"""Locks that a forked process can acquire."""

import os
from multiprocessing import get_context

import pytest

from sklearn_w2v._locks import ForkSafeLock

LOCK = ForkSafeLock()


def acquire():
    with LOCK:
        pass


def test_the_owner_of_a_lock_can_acquire_it_again():
    with LOCK:
        acquire()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_lock_is_free_in_a_forked_process():
    with LOCK:
        child = get_context("fork").Process(target=acquire, daemon=True)
        child.start()
        child.join(10)
        hangs = child.is_alive()
        child.kill()
    assert not hangs
