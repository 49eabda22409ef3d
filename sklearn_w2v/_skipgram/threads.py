"""The threads of a training: they share the parts of a step, and sleep while they wait.

torch's own threads synchronize in each operation, some twenty times a step, and spin
until the last one arrives. If another process takes a core, all of them wait for the
thread that does not run. They also split sums differently on different numbers of
threads, which changes the last bits. So torch runs on one thread here. These threads
take whole parts, which are the same on any number of threads, and synchronize twice a
step. They run concurrently, since torch's operations release Python's global lock. The
compiled steps release it too, and their threads synchronize without Python.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from threading import Lock, get_ident
from typing import TypeVar

import torch

Item = TypeVar("Item")

#: Threads for each item that is made in advance by `prefetch`, after the first one.
THREADS_PER_ITEM = 4

#: torch's number of threads before each fit that is running in this process.
_threads_before_fits: list[int] = []
_fits_lock = Lock()


class ThreadPool:
    """The calling thread and some threads that help it.

    Parameters
    ----------
    executor : ThreadPoolExecutor or None
        The other threads; None if there are none.
    n_threads : int
        The number of all threads.
    """

    #: The fewest parts of a step for which synchronizing pays.
    least_parts = 2

    def __init__(self, executor: ThreadPoolExecutor | None, n_threads: int) -> None:
        self.executor = executor
        self.n_threads = n_threads

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks, in any order and concurrently; return when all are done."""
        left = deque(tasks)  # its popleft is thread-safe
        helping = []
        if self.executor is not None:
            n_helping = min(self.n_threads, len(tasks)) - 1
            helping = [self.executor.submit(_run, left) for _ in range(n_helping)]
        try:
            _run(left)
        finally:
            left.clear()  # after an error nothing is left to do
            # Threads that are busy elsewhere and have not begun are not needed.
            running = [future for future in helping if not future.cancel()]
            errors = [future.exception() for future in running]
        for error in filter(None, errors):
            raise error

    def current(self) -> int:
        """Return a number that identifies the calling thread."""
        return get_ident()

    def prefetch(self, makers: Iterator[Callable[[], Item]]) -> Iterator[Item]:
        """Yield what each maker returns; other threads make the next ones meanwhile."""
        if self.executor is None:
            yield from (make() for make in makers)
            return
        following: deque[tuple[Callable[[], Item], Future[Item]]] = deque()
        n_following = 1 + self.n_threads // THREADS_PER_ITEM
        try:
            while True:
                for make in islice(makers, 1 + n_following - len(following)):
                    following.append((make, self.executor.submit(make)))
                if not following:
                    return
                make, future = following.popleft()
                # If no thread has begun it, this one does not wait for them.
                yield make() if future.cancel() else future.result()
        finally:
            for _, future in following:
                future.cancel()


#: Runs tasks that are too small to share.
ONE_THREAD = ThreadPool(None, 1)


def _run(tasks: deque[Callable[[], None]]) -> None:
    while tasks:
        try:
            task = tasks.popleft()
        except IndexError:  # another thread was faster
            return
        task()


@contextmanager
def thread_pool(n_threads: int) -> Iterator[ThreadPool]:
    """Return a pool of threads, and let torch run on one thread meanwhile.

    torch's number of threads is global, so it is restored at the end. The threads of
    the pool end too, since a process that is forked later would not have them.
    """
    is_noted = False
    try:
        with _fits_lock:
            _threads_before_fits.append(torch.get_num_threads())
            is_noted = True
            torch.set_num_threads(1)
        if n_threads == 1:
            yield ONE_THREAD
        else:
            # OpenMP, and so torch's products, has a number of threads for each thread.
            with ThreadPoolExecutor(
                n_threads - 1, "sklearn_w2v", torch.set_num_threads, (1,)
            ) as executor:
                yield ThreadPool(executor, n_threads)
    finally:
        # Of several concurrent fits, only the first one has the number to restore.
        if is_noted:
            with _fits_lock:
                torch.set_num_threads(_threads_before_fits[0])
                _threads_before_fits.pop()
