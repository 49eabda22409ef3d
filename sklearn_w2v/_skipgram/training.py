"""A training from its first epoch to its last.

`sampler.py` draws the chunks that steps train on; `torch_steps.py` and, compiled,
`steps.c` make the steps.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from sklearn_w2v._numbers import LARGEST_NUMBER, REFUSED_NUMBERS
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.library import empty_vectors
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
        """Make the steps of a chunk; return summed loss and weight, if requested.

        The sums are over the steps with `with_loss`. The loss is that before each step.
        """

    def chunk_loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""


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
    device = execution.device
    n_threads = execution.n_threads if device.type == CPU.type else 1
    with thread_pool(n_threads) as threads, _current(device):
        return Trainer(training, execution, threads).train()


class Trainer:
    """Trains one model: makes its steps, draws their chunks, and merges ranks."""

    def __init__(
        self, training: Training, execution: Execution, threads: ThreadPool
    ) -> None:
        self.plan, self.seed, self.threads = training.plan, training.seed, threads
        self.ranks, self.watchers = execution.ranks, execution.watchers
        self.generator = torch.Generator(execution.device).manual_seed(self.seed)
        self.sampler, self.held_out_sampler = _samplers(training, execution.device)
        self.model = _initial_model(self.plan, training.initial, self.generator)
        self.steps = _steps_of(self.model, self.plan, threads)
        self.merger = None
        if self.ranks.world_size > 1:
            self.merger = Merger(self.model, self.plan, self.ranks, threads)
            self.merger.check_start()
        if self.ranks.rank:  # rank 0 draws the same as without a group
            self.generator.manual_seed(self.seed + self.ranks.rank)
        if not any(known.solver_state for known in training.initial.known):
            self._make_first_steps(self.sampler.epoch(self.generator))
        # Tokens of an epoch on all ranks.
        self.n_tokens = sum(
            self.ranks.all_gather(self.sampler.n_tokens, "tokens of an epoch")
        )

    def train(self) -> Trained:
        """Train until the last epoch, or until the score or a watcher stops it."""
        sampler, history = self.sampler, History(self.plan, self.model)
        # All epochs at once, so that chunks of the next epoch are drawn in advance.
        epochs = (sampler.epoch(self.generator) for _ in range(self.plan.epochs))
        chunks = self.threads.prefetch(chain.from_iterable(epochs))
        for epoch in range(self.plan.epochs):
            with self.merger.epoch(epoch) if self.merger else nullcontext():
                for watcher in self.watchers:
                    watcher.epoch_begins()
                sums = self._train_epoch(epoch, islice(chunks, sampler.n_chunks))
            loss = self._mean(sums)
            self._check_numbers([torch.tensor(loss, device=CPU)])
            history.add(loss, self._validation_score())
            progress = Progress(
                history.losses, history.scores, self.n_tokens, history.trained
            )
            # All watchers are called, even if an earlier one stops the training.
            answers = [watcher.epoch_ends(progress) for watcher in self.watchers]
            n_stops = sum(self.ranks.all_gather(sum(answers), "answers of watchers"))
            if n_stops or history.stagnates():
                break
        rows = self.model.vectors.flatten(0, 1)  # (2 * n_words, d), in the same memory
        self._check_numbers(rows.split(ROWS_AT_ONCE))
        if n_stops:
            raise TrainingStopped(history.trained())
        return history.trained()

    def _make_first_steps(self, chunks: Sequence[Callable[[], Chunk]]) -> None:
        """Let rank 0 make some steps, and all ranks continue from its model.

        While vectors are still short, the gradients of all ranks point in the same
        direction, so that many ranks get no farther than one.
        """
        n_left = 0 if self.ranks.rank else self.plan.first_steps
        all_rows = [self.plan.n_words]
        with self.merger.merges(all_rows) if self.merger else nullcontext():
            for draw in chunks:
                if not n_left:
                    break
                chunk = draw()
                n = min(n_left, chunk.n_steps)
                rates = [self.plan.learning_rate] * n
                self.steps.train_chunk(chunk.steps(0, n), rates, [False] * n)
                n_left -= n

    def _train_epoch(self, epoch: int, chunks: Iterator[Chunk]) -> NDArray[np.float64]:
        """Train on the chunks of an epoch; return the loss and weight of its pairs."""
        plan, merger, n_own = self.plan, self.merger, self.sampler.n_tokens
        first_rate, last_rate = map(plan.learning_rate_at, (epoch, epoch + 1))
        sums, n_steps, n_read = np.zeros(2), 0, 0
        for chunk in chunks:
            numbers = np.arange(chunk.n_steps)
            # The share of the epoch read before each step, (n_steps,).
            n_read_before = n_read + chunk.n_read * numbers / max(chunk.n_steps, 1)
            shares = n_read_before / n_own
            rates = first_rate + shares * (last_rate - first_rate)
            with_loss = (n_steps + numbers) % plan.loss_every == 0
            all_steps = [slice(0, len(shares))]
            for stretch in merger.stretches(epoch + shares) if merger else all_steps:
                sums += self.steps.train_chunk(
                    chunk.steps(stretch.start, stretch.stop),
                    rates[stretch].tolist(),
                    with_loss[stretch].tolist(),
                )
                if merger:
                    merger.merge_due(epoch + shares[stretch.stop - 1])
            n_steps += chunk.n_steps
            n_read += chunk.n_read
            for watcher in self.watchers:  # as if all ranks read equally fast
                watcher.tokens_read(n_read * self.n_tokens // n_own, self.n_tokens)
        return sums

    def _validation_score(self) -> float | None:
        """Return minus the mean loss of a pair that is held out; nan if there is none.

        None if no documents are held out.
        """
        if self.held_out_sampler is None:
            return None
        # With the same draws each time, only the vectors differ between epochs.
        draws = torch.Generator(self.generator.device).manual_seed(self.seed)
        chunks = self.threads.prefetch(iter(self.held_out_sampler.epoch(draws)))
        sums = np.zeros(2)
        for chunk in chunks:
            sums += self.steps.chunk_loss(chunk)
        return -self._mean(sums) or math.nan

    def _mean(self, sums: NDArray[np.float64]) -> float:
        """Return the mean loss of a pair from the loss and weight on this rank.

        The mean is that of all ranks, and 0.0 if there are no pairs.
        """
        of_ranks = self.ranks.all_gather(sums, "losses")
        loss, weight = np.sum([*of_ranks], axis=0).tolist()
        return loss / weight if weight else 0.0

    def _check_numbers(self, values: Sequence[Tensor]) -> None:
        # A minimum or maximum is nan where a value is; this takes hardly any memory.
        extremes = [torch.stack(some.aminmax()) for some in values]
        if not (torch.stack(extremes).abs() <= LARGEST_NUMBER).all():
            raise ValueError(
                "Training diverged: the loss or the vectors have numbers that are "
                f"{REFUSED_NUMBERS}. Lower learning_rate (here "
                f"{self.plan.learning_rate}) or batch_size, use solver='adagrad', or "
                "start at shorter init_vectors, if there are any."
            )


class History:
    """The losses and scores of the epochs, and the state of the best one."""

    def __init__(self, plan: TrainingPlan, model: SkipGram) -> None:
        self.n_iter_no_change, self.tol = plan.n_iter_no_change, plan.tol
        self.state = {"vectors": model.vectors, **model.solver_state}
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best: dict[str, Tensor] | None = None
        self.best_score = -math.inf
        self.n_stagnant = 0

    def add(self, loss: float, score: float | None) -> None:
        """Add an epoch; copy the state of the model if it is the best so far."""
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
            self._keep()
        self.best_score = max(score, self.best_score)

    def stagnates(self) -> bool:
        """Return whether the score has not improved for `n_iter_no_change` epochs."""
        return self.n_stagnant >= self.n_iter_no_change

    def trained(self) -> Trained:
        """Return the state of the best epoch, or the last one if none has a score."""
        state = self.best or self.state
        arrays = {name: _to_numpy(tensor) for name, tensor in state.items()}
        centers, contexts = arrays.pop("vectors")
        return Trained(centers, contexts, arrays, self.losses, self.scores)

    def _keep(self) -> None:
        if self.best is None:  # memory that later epochs use again
            self.best = {n: torch.empty_like(t) for n, t in self.state.items()}
        for name, tensor in self.state.items():
            self.best[name].copy_(tensor)


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
    sampler_of = partial(Sampler, corpus, plan=plan, noise=noise, device=device)
    if held_out is None:
        return sampler_of(documents), None
    sampler = sampler_of(np.delete(documents, held_out))
    return sampler, sampler_of(held_out, ids=sampler.ids)


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


def _current(device: torch.device) -> AbstractContextManager[Any]:
    """Make a CUDA device the current one, on which streams and graphs are created."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
