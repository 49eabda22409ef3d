"""A few threads that share the parts of a step, and sleep while they wait.

torch's own threads meet in each operation, some twenty times a step, and spin until the
last has come: where another process takes a processor, all wait for the one that does
not run. And what they cut up can have other last bits than what they do not. Here torch
runs on one thread. Ours take whole parts, which are the same however many threads there
are, and meet twice a step. Python's lock is no hindrance: torch's operations let it go,
and so do compiled steps, among which threads meet without Python.
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

#: Threads for which one makes what the next tasks are about.
THREADS_A_MAKER = 4

#: One number for each fit that is running in this process: torch's threads before it.
_threads_before_fits: list[int] = []
_fits_lock = Lock()


class Team:
    """The calling thread and its helpers.

    Parameters
    ----------
    helpers : ThreadPoolExecutor or None
        The helpers; None for a team of one.
    n_helpers : int
        How many they are.
    """

    #: Parts of a step that are worth meeting for.
    least_parts = 2

    def __init__(self, helpers: ThreadPoolExecutor | None, n_helpers: int) -> None:
        self.helpers = helpers
        self.n_threads = 1 + n_helpers

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do all tasks, in any order and side by side; return when they are done."""
        left = deque(tasks)  # its popleft is safe among threads
        helping = []
        if self.helpers is not None:
            n_helping = min(self.n_threads, len(tasks)) - 1
            helping = [self.helpers.submit(_do, left) for _ in range(n_helping)]
        try:
            _do(left)
        finally:
            left.clear()  # after an error there is nothing left to do
            # Nobody waits for a helper that has not begun, but is busy elsewhere.
            running = [future for future in helping if not future.cancel()]
            errors = [future.exception() for future in running]
        for error in filter(None, errors):
            raise error

    def worker(self) -> int:
        """Return a number of whoever is asking, which no other member has."""
        return get_ident()

    def ahead(self, makers: Iterator[Callable[[], Item]]) -> Iterator[Item]:
        """Yield what each maker makes; helpers make the next ones meanwhile."""
        if self.helpers is None:
            yield from (make() for make in makers)
            return
        following: deque[tuple[Callable[[], Item], Future[Item]]] = deque()
        n_ahead = 1 + self.n_threads // THREADS_A_MAKER
        try:
            while True:
                for make in islice(makers, 1 + n_ahead - len(following)):
                    following.append((make, self.helpers.submit(make)))
                if not following:
                    return
                make, future = following.popleft()
                # If all helpers are busy elsewhere, nobody waits for one.
                yield make() if future.cancel() else future.result()
        finally:
            for _, future in following:
                future.cancel()


#: Who does what is too little to share.
ALONE = Team(None, 0)


def _do(tasks: deque[Callable[[], None]]) -> None:
    while tasks:
        try:
            task = tasks.popleft()
        except IndexError:  # another thread was faster
            return
        task()


@contextmanager
def team_of(n_threads: int) -> Iterator[Team]:
    """Gather a team of so many threads, and let torch run on one thread meanwhile.

    torch's number is global, so it is put back after. The helpers end with the fit: no
    thread is left behind that a forked process would lack.
    """
    is_noted = False
    try:
        with _fits_lock:
            _threads_before_fits.append(torch.get_num_threads())
            is_noted = True
            torch.set_num_threads(1)
        if n_threads == 1:
            yield ALONE
        else:
            # Each thread has a number of its own, for OpenMP and so for products.
            with ThreadPoolExecutor(
                n_threads - 1, "sklearn_w2v", torch.set_num_threads, (1,)
            ) as helpers:
                yield Team(helpers, n_threads - 1)
    finally:
        # Of several fits at once the first one knows the number that each puts back.
        if is_noted:
            with _fits_lock:
                torch.set_num_threads(_threads_before_fits[0])
                _threads_before_fits.pop()
