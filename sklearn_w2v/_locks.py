"""Locks that a forked process can acquire."""

import os
from threading import RLock


class ForkSafeLock:
    """A lock that is free in a forked process, where its owner may not exist."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def try_acquire(self) -> bool:
        """Acquire the lock unless another thread has it; return whether it did."""
        return self._lock.acquire(blocking=False)

    def release(self) -> None:
        """Release the lock, which this thread has acquired."""
        self._lock.release()
