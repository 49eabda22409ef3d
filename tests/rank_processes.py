"""Processes that are the ranks of a torch.distributed group."""

import io
import multiprocessing
import tempfile
import traceback
import warnings
from contextlib import redirect_stderr
from datetime import timedelta

import numpy as np
import torch.distributed as dist
from helpers import texts_on_topics

from sklearn_w2v._ranks import RankFailedError

#: The documents of all ranks.
TEXTS = texts_on_topics(200)

#: What is said of a rank that was killed.
IS_GONE = "is gone: its process has ended, or the connection to it is broken"

#: Seconds after which a test fails if its ranks still wait for one another.
AT_MOST = 120

#: How processes are started: on some systems only "spawn" is possible. A fork server
#: imports these modules once, so that not every process has to.
METHODS = multiprocessing.get_all_start_methods()
CONTEXT = multiprocessing.get_context("forkserver" if "forkserver" in METHODS else None)
CONTEXT.set_forkserver_preload(
    [
        "hypothesis",
        "pytest",
        "sklearn.model_selection",
        "sklearn_w2v._fit",
        "sklearn_w2v._group",
        "sklearn_w2v._skipgram.training",
        "torch.distributed",
    ]
)


class RankProcesses:
    """Processes that run one task after the other, in a new group each time.

    Joining a group takes much less time than starting a process.
    """

    def __init__(self):
        self.processes = []  # and the pipe to each

    def run(self, n_ranks, task, *args, timeout=AT_MOST):
        """Run a task on `n_ranks` ranks; return what each returned or raised.

        The result of a rank that was killed is None. `stderr` has the standard error of
        each rank.
        """
        while len(self.processes) < n_ranks:
            self.processes.append(start())
        pipes = [pipe for _, pipe in self.processes[:n_ranks]]
        with tempfile.TemporaryDirectory() as folder:
            for rank, pipe in enumerate(pipes):
                pipe.send((f"{folder}/store", rank, n_ranks, timeout, task, args))
            answers = [self._answer(pipe) for pipe in pipes]
        results, self.stderr = zip(*answers, strict=True)
        print(*self.stderr, sep="\n")
        return list(results)

    def _answer(self, pipe):
        if not pipe.poll(AT_MOST):
            self.close()
            raise AssertionError("a rank hangs")
        try:
            return pipe.recv()
        except EOFError:
            return None, ""

    def close(self):
        for process, pipe in self.processes:
            process.kill()
            process.join()
            pipe.close()
        self.processes = []


def start():
    """Start a process; return it with the pipe to it."""
    our_end, its_end = CONTEXT.Pipe()
    process = CONTEXT.Process(target=serve, args=(its_end,), daemon=True)
    process.start()
    its_end.close()  # so that the pipe ends with the process
    return process, our_end


def serve(pipe):
    """Run the tasks that a pipe delivers, until it is closed."""
    np.random.seed()  # noqa: NPY002, forked processes would all draw the same
    while True:
        try:
            work = pipe.recv()
        except EOFError:
            return
        pipe.send(in_group(*work))


def in_group(store, rank, n_ranks, timeout, task, args):
    """Join a group and run a task; return its result or error, and standard error."""
    with redirect_stderr(io.StringIO()) as stderr, warnings.catch_warnings():
        warnings.simplefilter("default")
        dist.init_process_group(
            "gloo",
            init_method=f"file://{store}",
            rank=rank,
            world_size=n_ranks,
            timeout=timedelta(seconds=timeout),
        )
        dist.barrier()  # so that no rank leaves the group before all have joined it
        try:
            result = task(rank, *args)
        except Exception as error:
            traceback.print_exc()
            result = error
        dist.destroy_process_group()
    return result, stderr.getvalue()


def share(rank, n_ranks=2):
    return TEXTS[rank::n_ranks]


def error_of(exchange):
    try:
        exchange()
    except RankFailedError as error:
        return error
    return None
