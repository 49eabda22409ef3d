"""Ranks that are threads of this process; in `rank_processes.py` they are processes."""

import threading
from concurrent.futures import ThreadPoolExecutor


class ThreadRanks:
    """Ranks that are threads, and record their barriers."""

    def __init__(self, rank, values, meeting):
        self.rank, self.world_size = rank, len(values)
        self.values, self.meeting = values, meeting
        self.places = []

    def barrier(self, where):
        self.places.append(where)

    def all_gather(self, value):
        self.values[self.rank] = value
        self.meeting.wait()
        values = list(self.values)
        self.meeting.wait()
        return iter(values)

    def all_reduce(self, tensor):
        total = sum(each.clone() for each in self.all_gather(tensor))
        self.meeting.wait()
        tensor.copy_(total)

    def broadcast(self, tensor):
        first = next(self.all_gather(tensor)).clone()
        self.meeting.wait()
        tensor.copy_(first)


def on_threads(n_ranks, task):
    values, meeting = [None] * n_ranks, threading.Barrier(n_ranks, timeout=60)
    ranks = [ThreadRanks(rank, values, meeting) for rank in range(n_ranks)]
    with ThreadPoolExecutor(n_ranks) as pool:
        return list(pool.map(task, ranks))
