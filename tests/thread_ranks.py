"""Ranks that are threads of this process; `rank_processes.py` has real processes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import torch


class ThreadRanks:
    """Ranks that are threads, and record their barriers."""

    def __init__(self, rank, values, all_ready):
        self.rank, self.world_size = rank, len(values)
        self.values, self.all_ready = values, all_ready
        self.names = [f"rank {each}" for each in range(len(values))]
        self.places = []

    def barrier(self, where):
        self.places.append(where)

    def all_gather(self, value, what="values"):
        self.values[self.rank] = value
        self.all_ready.wait()
        values = list(self.values)
        self.all_ready.wait()
        return iter(values)

    def all_to_all(self, received, sent):
        own = torch.stack([of_rank[self.rank] for of_rank in self.all_gather(sent)])
        self.all_ready.wait()
        received.copy_(own)

    def naming_lost_ranks(self):
        return nullcontext()


def on_threads(n_ranks, task):
    values, all_ready = [None] * n_ranks, threading.Barrier(n_ranks, timeout=60)
    ranks = [ThreadRanks(rank, values, all_ready) for rank in range(n_ranks)]
    with ThreadPoolExecutor(n_ranks) as pool:
        return list(pool.map(task, ranks))
