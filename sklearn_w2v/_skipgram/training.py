"""A training from its first epoch to its last.

`sampler.py` draws the chunks that steps train on; `torch_steps.py` and, compiled,
`steps.c` make the steps.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from sklearn_w2v._numbers import LARGEST_NUMBER, REFUSED_NUMBERS
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps, empty_vectors
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.recorded import RecordedSteps, Streams
from sklearn_w2v._skipgram.sampler import Chunk, Sampler
from sklearn_w2v._skipgram.state import (
    Execution,
    Initial,
    Progress,
    Trained,
    Training,
    TrainingStopped,
    Watcher,
)
from sklearn_w2v._skipgram.threads import ThreadPool, thread_pool
from sklearn_w2v._skipgram.torch_steps import TorchSteps
from sklearn_w2v._warnings import warn

#: Rows of the matrices that are checked at once.
ROWS_AT_ONCE = 8192


class Steps(Protocol):
    """Makes the steps of a training."""

    def train_chunk(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk; return summed loss and weight, where asked for.

        The loss is that before each step.
        """

    def chunk_loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""


class ModelState(NamedTuple):
    """All that a model has learned."""

    vectors: Tensor  # (2, n_words, d): the center matrix and the context matrix
    solver_state: dict[str, Tensor]  # each (2, n_words)


def train(training: Training, execution: Execution) -> Trained:
    """Train the center and the context matrix.

    With documents held out, training stops when their loss does not improve any more,
    and returns the matrices of the epoch with the lowest loss. All ranks return the
    same.

    Raises
    ------
    ValueError
        If the loss or a matrix has numbers that are nan, infinite or huge, or if ranks
        start at different vectors.
    TrainingStopped
        If a watcher stops it.
    """
    plan, device, ranks = training.plan, execution.device, execution.ranks
    n_threads = execution.n_threads if device.type == CPU.type else 1
    with thread_pool(n_threads) as threads, _current(device):
        generator = torch.Generator(device).manual_seed(training.seed)
        sampler, held_out_sampler = _samplers(training, device)
        model = _initial_model(plan, training.initial, generator)
        steps = _steps_of(model, plan, threads)
        merger = None
        if ranks.world_size > 1:
            merger = Merger(model, plan, ranks)
            merger.check_start()
        if ranks.rank:  # rank 0 draws the same as without a group
            generator.manual_seed(training.seed + ranks.rank)
        if not any(known.solver_state for known in training.initial.known):
            first_chunks = sampler.epoch(generator)
            if merger:
                _make_first_steps(merger, steps, first_chunks)
        (n_tokens,) = _sum([sampler.n_tokens], merger)
        history = History(plan)
        # Of all epochs, so that the first chunks of one are drawn during the last.
        chunks = threads.prefetch(
            chain.from_iterable(sampler.epoch(generator) for _ in range(plan.epochs))
        )
        for epoch in range(plan.epochs):
            for watcher in execution.watchers:
                watcher.epoch_begins()
            epoch_chunks = islice(chunks, sampler.n_chunks)
            reports = Reports(execution.watchers, sampler.n_tokens, n_tokens)
            loss = _train_epoch(plan, steps, epoch_chunks, epoch, merger, reports)
            _check_numbers([torch.tensor(loss, device=CPU)], plan.learning_rate)
            score = None
            if held_out_sampler:
                # With the same draws each time, epochs differ in their vectors alone.
                draws = torch.Generator(device).manual_seed(training.seed)
                held_out = threads.prefetch(iter(held_out_sampler.epoch(draws)))
                score = _validation_score(steps, held_out, merger)
            state = ModelState(model.vectors, model.solver_state)
            history.add(loss, score, state)
            progress = history.progress(n_tokens, state)
            # All watchers are told, whatever one of them answers.
            answers = [watcher.epoch_ends(progress) for watcher in execution.watchers]
            (n_stops,) = _sum([sum(answers)], merger)
            if n_stops or history.stagnates():
                break
        rows = model.vectors.flatten(0, 1)  # (2 * n_words, d), in the same memory
        _check_numbers(rows.split(ROWS_AT_ONCE), plan.learning_rate)
        trained = progress.trained()
    if n_stops:
        raise TrainingStopped(trained)
    return trained


class History:
    """The losses and scores of the epochs, and the state of the best one."""

    def __init__(self, plan: TrainingPlan) -> None:
        self.n_iter_no_change, self.tol = plan.n_iter_no_change, plan.tol
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best: ModelState | None = None
        self.best_score = -math.inf
        self.n_stagnant = 0

    def add(self, loss: float, score: float | None, state: ModelState) -> None:
        """Add an epoch; copy its state if it is the best so far."""
        self.losses.append(loss)
        if score is None:
            return
        self.scores.append(score)
        if math.isnan(score):
            if len(self.scores) == 1:  # it is the same in each epoch
                warn(
                    "early_stopping has no score, and all epochs are trained: the "
                    "documents held out have no two words next to each other, or "
                    "`sample` drops them. Raise validation_fraction or sample.",
                    ConvergenceWarning,
                )
            return
        stagnates = score < self.best_score + self.tol
        self.n_stagnant = self.n_stagnant + 1 if stagnates else 0
        if self.best is None or score > self.best_score:
            self._keep(state)
        self.best_score = max(score, self.best_score)

    def stagnates(self) -> bool:
        """Return whether the score has not improved for `n_iter_no_change` epochs."""
        return self.n_stagnant >= self.n_iter_no_change

    def progress(self, n_tokens: int, state: ModelState) -> Progress:
        """Return what watchers are told at the end of an epoch."""
        return Progress(
            self.losses, self.scores, n_tokens, partial(self._trained, state)
        )

    def _trained(self, state: ModelState) -> Trained:
        """Return the state of the best epoch, or the last one if none has a score."""
        vectors, solver_state = self.best or state
        centers, contexts = _to_numpy(vectors)
        return Trained(
            centers,
            contexts,
            {name: _to_numpy(tensor) for name, tensor in solver_state.items()},
            self.losses,
            self.scores,
        )

    def _keep(self, state: ModelState) -> None:
        if self.best is None:  # memory that later epochs use again
            solver_state = {
                n: torch.empty_like(t) for n, t in state.solver_state.items()
            }
            self.best = ModelState(torch.empty_like(state.vectors), solver_state)
        self.best.vectors.copy_(state.vectors)
        for name, tensor in state.solver_state.items():
            self.best.solver_state[name].copy_(tensor)


def _to_numpy(tensor: Tensor) -> NDArray[np.float32]:
    """Return an array: of a tensor on the CPU the same memory, else a copy."""
    if tensor.is_cuda:
        # A device copies to pinned memory ten times as fast.
        pinned = torch.empty_like(tensor, device=CPU, pin_memory=True)
        tensor = pinned.copy_(tensor)
    return tensor.to(CPU).numpy()


def _samplers(
    training: Training, device: torch.device
) -> tuple[Sampler, Sampler | None]:
    """Return the samplers of the documents to train on, and of those held out."""
    corpus, held_out, plan = training.corpus, training.held_out, training.plan
    noise = Noise(plan.noise_probabilities, plan.layout.n_noise, device)
    documents = np.arange(len(corpus.lengths))
    if held_out is None:
        return Sampler(corpus, documents, plan, noise, device), None
    documents = np.delete(documents, held_out)
    sampler = Sampler(corpus, documents, plan, noise, device)
    return sampler, Sampler(corpus, held_out, plan, noise, device, sampler.ids)


def _initial_model(
    plan: TrainingPlan, initial: Initial, generator: torch.Generator
) -> SkipGram:
    if plan.implementation == "compiled":
        vectors = empty_vectors(plan.n_words, plan.vector_size)
    else:
        shape = 2, plan.n_words, plan.vector_size
        vectors = torch.empty(shape, dtype=torch.float32, device=generator.device)
    is_known = np.zeros(plan.n_words, dtype=bool)
    for known in initial.known:
        is_known[known.rows] = True
    if not is_known.all():
        # word2vec starts centers in +-0.5 / vector_size, and contexts at zero.
        half = 0.5 / plan.vector_size
        vectors[0].uniform_(-half, half, generator=generator)
        vectors[1].zero_()
    model = SkipGram(vectors, solver=plan.solver)
    for known in initial.known:
        model.set_known(known)
    model.freeze(initial.frozen)
    return model


def _steps_of(model: SkipGram, plan: TrainingPlan, threads: ThreadPool) -> Steps:
    """Return the implementation of steps for this plan and this device."""
    if plan.implementation == "compiled":
        return CompiledSteps(model, plan, threads)
    device = model.vectors.device
    if device.type != "cuda":
        return TorchSteps(model, plan, threads)
    # Steps of Adam have other shapes each time, and cannot be recorded.
    kind = TorchSteps if plan.solver == "adam" else RecordedSteps
    return kind(model, plan, Streams(device))


def _make_first_steps(
    merger: Merger, steps: Steps, chunks: Sequence[Callable[[], Chunk]]
) -> None:
    """Let rank 0 make some steps, and all ranks continue from its model.

    While vectors are still short, the gradients of all ranks point in the same
    direction, and their sum is far too long.
    """
    plan = merger.plan
    n_left = 0 if merger.ranks.rank else plan.first_steps
    for draw in chunks:
        if not n_left:
            break
        chunk = draw()
        n = min(n_left, chunk.n_steps)
        steps.train_chunk(chunk.steps(0, n), [plan.learning_rate] * n, [False] * n)
        n_left -= n
    merger.broadcast("the end of the first steps")


class Reports(NamedTuple):
    """Reports to watchers how much of an epoch has been read."""

    watchers: Sequence[Watcher]
    n_own: int  # tokens of an epoch on this rank
    n_tokens: int  # on all ranks, which read about equally fast

    def read(self, n_read: int) -> None:
        """Report that this rank has read so many tokens."""
        for watcher in self.watchers:
            watcher.tokens_read(n_read * self.n_tokens // self.n_own, self.n_tokens)


def _train_epoch(
    plan: TrainingPlan,
    steps: Steps,
    chunks: Iterator[Chunk],
    epoch: int,
    merger: Merger | None,
    reports: Reports,
) -> float:
    """Train on the chunks of an epoch, and return the mean loss of a pair."""
    first_rate, last_rate = map(plan.learning_rate_at, (epoch, epoch + 1))
    loss, weight, n_steps, n_read = 0.0, 0.0, 0, 0
    for chunk in chunks:
        numbers = np.arange(chunk.n_steps)
        # The share of the epoch read before each step, (n_steps,).
        n_read_before = n_read + chunk.n_read * numbers / max(chunk.n_steps, 1)
        shares = n_read_before / reports.n_own
        rates = first_rate + shares * (last_rate - first_rate)
        with_loss = (n_steps + numbers) % plan.loss_every == 0
        for stretch in merger.stretches(shares) if merger else [slice(0, len(shares))]:
            sums = steps.train_chunk(
                chunk.steps(stretch.start, stretch.stop),
                rates[stretch].tolist(),
                with_loss[stretch].tolist(),
            )
            loss, weight = loss + sums[0], weight + sums[1]
            if merger:
                merger.merge_due(float(shares[stretch.stop - 1]))
        n_steps += chunk.n_steps
        n_read += chunk.n_read
        reports.read(n_read)
    if merger:
        merger.end_epoch()
    return _mean(loss, weight, merger)


def _validation_score(
    steps: Steps, chunks: Iterator[Chunk], merger: Merger | None
) -> float:
    """Return minus the mean loss of a pair that is held out; nan if there is none."""
    loss, weight = 0.0, 0.0
    for chunk in chunks:
        sums = steps.chunk_loss(chunk)
        loss, weight = loss + sums[0], weight + sums[1]
    return -_mean(loss, weight, merger) or math.nan


def _mean(loss: float, weight: float, merger: Merger | None) -> float:
    """Return the mean loss of the pairs of all ranks; 0.0 if there are none."""
    loss, weight = _sum([loss, weight], merger)
    return loss / weight if weight else 0.0


def _sum(values: list[Any], merger: Merger | None) -> list[Any]:
    """Return the sums over all ranks, if there are several."""
    return merger.sum(values) if merger else values


def _current(device: torch.device) -> AbstractContextManager[Any]:
    """Make a CUDA device the current one, on which streams and graphs are created."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _check_numbers(values: Sequence[Tensor], learning_rate: float) -> None:
    # A minimum or maximum is nan where a value is; this takes hardly any memory.
    extremes = [torch.stack(some.aminmax()) for some in values]
    if not (torch.stack(extremes).abs() <= LARGEST_NUMBER).all():
        raise ValueError(
            "Training diverged: the loss or the vectors have numbers that are "
            f"{REFUSED_NUMBERS}. Lower learning_rate (here {learning_rate}) or "
            "batch_size, use solver='adagrad', or start at shorter init_vectors, if "
            "there are any."
        )
