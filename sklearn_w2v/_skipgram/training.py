"""The epochs of a training, from its beginning to its end.

What a step trains on is drawn in `sampler.py`; how it is made stands in
`torch_steps.py`, and once more, compiled, in `steps.c`.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._ranks import ALONE, Ranks, first_to_differ
from sklearn_w2v._skipgram.compiled_steps import CompiledSteps, empty_vectors
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.noise import Noise
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.recorded import RecordedSteps, Streams
from sklearn_w2v._skipgram.sampler import Chunk, Sampler
from sklearn_w2v._skipgram.state import Initial, Trained, TrainingStopped, Watcher
from sklearn_w2v._skipgram.threads import Team, team_of
from sklearn_w2v._skipgram.torch_steps import TorchSteps
from sklearn_w2v._warnings import warn
from sklearn_w2v._word2vec_format import LARGEST_NUMBER

#: Rows of the matrices that are looked at in one go.
ROWS_AT_ONCE = 8192


class Steps(Protocol):
    """Makes the steps of a training."""

    team: Team  # who shares the work

    def train(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk, and return summed loss and weight of some of them.

        Of those with the loss, which is that before the step.
        """

    def loss(self, chunk: Chunk) -> tuple[float, float]:
        """Return summed loss and weight of the pairs of a chunk."""


class ModelState(NamedTuple):
    """All that a model has learned."""

    vectors: Tensor  # (2, n_words, d): the centre matrix and the context matrix
    solver_state: dict[str, Tensor]  # each (2, n_words)


def train(
    corpus: Corpus,
    held_out: NDArray[np.int64] | None,
    plan: TrainingPlan,
    initial: Initial,
    *,
    seed: int,
    device: torch.device,
    n_threads: int,
    watchers: Sequence[Watcher],
    ranks: Ranks = ALONE,
) -> Trained:
    """Train the centre and the context matrix on a corpus.

    Parameters
    ----------
    corpus : Corpus
        What to train on; at least one word.
    held_out : ndarray or None
        The numbers of documents held out. If there are any, training stops when their
        loss improves no more, and returns the matrices of the epoch of the lowest.
    plan : TrainingPlan
        What to go by.
    initial : Initial
        Where words begin whose vectors are known; others begin as in word2vec.
    seed : int
        Determines all that is drawn.
    device : torch.device
        Where to train. One of another kind adds in another order, and draws other
        numbers from the same seed.
    n_threads : int
        Of the processor, if that is the device. The result does not depend on it.
    watchers : sequence of Watcher
        Are told of each epoch; any of them can stop the training.
    ranks : Ranks
        Who else trains, each on a corpus of its own. All return the same.

    Raises
    ------
    ValueError
        If the loss or a matrix has numbers that are nan, infinite or huge.
    TrainingStopped
        If a watcher stops it.
    """
    n_threads = n_threads if device.type == CPU.type else 1
    with team_of(n_threads) as team, _current(device):
        generator = torch.Generator(device).manual_seed(seed)
        noise = Noise(plan.noise_probabilities, plan.layout.n_noise, device)
        documents, held_out_sampler = np.arange(len(corpus.lengths)), None
        if held_out is not None:
            documents = np.delete(documents, held_out)
            held_out_sampler = Sampler(corpus, held_out, plan, noise, device)
        sampler = Sampler(corpus, documents, plan, noise, device)
        model = _initial_model(plan, initial, generator)
        steps = _steps_of(model, plan, team)
        if ranks.rank:  # the first rank draws what it would draw alone
            generator.manual_seed(seed + ranks.rank)
        _check_same_start(model, ranks)
        merger = Merger(model, plan, ranks)
        if not any(known.solver_state for known in initial.known):
            _make_first_steps(merger, steps, sampler, generator)
        n_tokens = sum(ranks.each(sampler.n_tokens))
        history = History(plan, n_tokens)
        # Of all epochs, so that the first chunks of one are drawn during the last.
        chunks = team.ahead(
            chain.from_iterable(sampler.epoch(generator) for _ in range(plan.epochs))
        )
        for epoch in range(plan.epochs):
            for watcher in watchers:
                watcher.epoch_begins()
            loss = _train_epoch(
                merger, steps, sampler, chunks, epoch, n_tokens, watchers
            )
            _check_numbers([torch.tensor(loss, device=CPU)], plan.learning_rate)
            score = None
            if held_out_sampler:
                # With the same draws each time, epochs differ in their vectors alone.
                draws = torch.Generator(device).manual_seed(seed)
                score = _validation_score(steps, held_out_sampler, draws, ranks)
            state = ModelState(model.vectors, model.solver_state)
            history.add(loss, score, state)
            trained = history.result(state)
            # All are told, whatever one of them answers.
            answers = [watcher.epoch_ends(trained) for watcher in watchers]
            answers = [any(answers) for answers in ranks.each(answers)]
            if any(answers) or history.stagnates():
                break
        rows = model.vectors.flatten(0, 1)  # (2 * n_words, d), in the same memory
        _check_numbers(rows.split(ROWS_AT_ONCE), plan.learning_rate)
        if any(answers):
            raise TrainingStopped(trained)
        return trained


class History:
    """The losses and scores of the epochs, and the state of the best one."""

    def __init__(self, plan: TrainingPlan, n_tokens: int) -> None:
        self.n_iter_no_change, self.tol = plan.n_iter_no_change, plan.tol
        self.n_tokens = n_tokens
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best: ModelState | None = None
        self.best_score = -math.inf
        self.n_stagnant = 0

    def add(self, loss: float, score: float | None, state: ModelState) -> None:
        """Note an epoch; copy its state if it is the best so far."""
        self.losses.append(loss)
        if score is None:
            return
        self.scores.append(score)
        if math.isnan(score):
            if len(self.scores) == 1:  # it is the same in each epoch
                warn(
                    "early_stopping has nothing to go by, and all epochs are trained: "
                    "the documents held out have no two words beside one another, or "
                    "`sample` drops them. Raise validation_fraction or sample."
                )
            return
        stagnates = score < self.best_score + self.tol
        self.n_stagnant = self.n_stagnant + 1 if stagnates else 0
        if self.best is None or score > self.best_score:
            self._keep(state)
        self.best_score = max(score, self.best_score)

    def stagnates(self) -> bool:
        """Return whether the score has not improved for so many epochs."""
        return self.n_stagnant >= self.n_iter_no_change

    def result(self, state: ModelState) -> Trained:
        """Return the state of the best epoch, or the model's if none was scored."""
        vectors, solver_state = self.best or state
        centers, contexts = _to_numpy(vectors)
        return Trained(
            centers,
            contexts,
            {name: _to_numpy(tensor) for name, tensor in solver_state.items()},
            self.losses,
            self.scores,
            self.n_tokens,
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
    """Return an array: of the processor's tensors the same memory, else a copy."""
    if tensor.is_cuda:
        # To pages that stay where they are a device copies ten times as fast.
        pinned = torch.empty_like(tensor, device=CPU, pin_memory=True)
        tensor = pinned.copy_(tensor)
    return tensor.to(CPU).numpy()


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
        # word2vec starts centres in +-0.5 / vector_size, and contexts at zero.
        half = 0.5 / plan.vector_size
        vectors[0].uniform_(-half, half, generator=generator)
        vectors[1].zero_()
    model = SkipGram(vectors, solver=plan.solver)
    for known in initial.known:
        model.set_known(known)
    model.freeze(initial.frozen)
    return model


def _steps_of(model: SkipGram, plan: TrainingPlan, team: Team) -> Steps:
    """Return what makes the steps of this plan."""
    if plan.implementation == "compiled":
        return CompiledSteps(model, plan, team)
    device = model.vectors.device
    if device.type != "cuda":
        return TorchSteps(model, plan, team)
    # Steps of Adam have other shapes each time.
    kind = TorchSteps if plan.solver == "adam" else RecordedSteps
    return kind(model, plan, Streams(device))


def _make_first_steps(
    merger: Merger, steps: Steps, sampler: Sampler, generator: torch.Generator
) -> None:
    """Let rank 0 make some steps, and all ranks go on from what it comes to.

    From vectors of no length, the first gradients are all alike, and far too long
    together.
    """
    plan = merger.plan
    n_left = 0 if merger.ranks.rank else plan.first_steps
    for draw in sampler.epoch(generator):
        if not n_left:
            break
        chunk = draw()
        n = min(n_left, chunk.n_steps)
        steps.train(chunk.steps(0, n), [plan.learning_rate] * n, [False] * n)
        n_left -= n
    merger.take_first("the end of the first steps")


def _train_epoch(
    merger: Merger,
    steps: Steps,
    sampler: Sampler,
    chunks: Iterator[Chunk],
    epoch: int,
    n_tokens: int,
    watchers: Sequence[Watcher],
) -> float:
    """Train on every document once, and return the mean loss of a pair.

    Of all ranks, whose documents have `n_tokens` together. The sampler's chunks are
    those of this epoch and the next ones.
    """
    plan = merger.plan
    first_rate, last_rate = map(plan.learning_rate_at, (epoch, epoch + 1))
    loss, weight, n_steps, n_read = 0.0, 0.0, 0, 0
    for chunk in islice(chunks, sampler.n_chunks):
        place = np.arange(chunk.n_steps)
        # What is read of the epoch when a step begins, each (n_steps,).
        n_read_until = n_read + chunk.n_read * place / max(chunk.n_steps, 1)
        shares_read = n_read_until / sampler.n_tokens
        rates = first_rate + shares_read * (last_rate - first_rate)
        with_loss = (n_steps + place) % plan.loss_every == 0
        for some in merger.stretches(shares_read):
            of_some = steps.train(
                chunk.steps(some.start, some.stop),
                rates[some].tolist(),
                with_loss[some].tolist(),
            )
            loss, weight = loss + of_some[0], weight + of_some[1]
            merger.read(float(shares_read[some.stop - 1]))
        n_steps += chunk.n_steps
        n_read += chunk.n_read
        for watcher in watchers:
            # The others will not be far from it.
            watcher.tokens_read(n_read * n_tokens // sampler.n_tokens, n_tokens)
    merger.epoch_ends()
    return _mean(loss, weight, merger.ranks)


def _check_same_start(model: SkipGram, ranks: Ranks) -> None:
    """Refuse ranks that would begin at other vectors."""
    if ranks.world_size == 1:
        return
    start = joblib.hash(
        [
            tensor.to(CPU).numpy()
            for tensor in (model.vectors, *model.solver_state.values())
        ]
    )
    rank = first_to_differ(list(ranks.each(start)))
    if rank is not None:
        raise ValueError(
            f"Rank {rank} would begin at other vectors than rank 0. Pass the same "
            "init_vectors to all ranks of a torch.distributed group, or let all go on "
            "from the same fit."
        )


def _validation_score(
    steps: Steps, sampler: Sampler, generator: torch.Generator, ranks: Ranks
) -> float:
    """Return minus the mean loss of a pair in documents that are not trained on.

    Or nan where no word of theirs has a neighbour.
    """
    loss, weight = 0.0, 0.0
    for chunk in steps.team.ahead(sampler.epoch(generator)):
        of_chunk = steps.loss(chunk)
        loss, weight = loss + of_chunk[0], weight + of_chunk[1]
    return -_mean(loss, weight, ranks) or math.nan


def _mean(loss: float, weight: float, ranks: Ranks) -> float:
    """Return the mean loss of the pairs of all ranks; 0.0 where there are none."""
    losses, weights = zip(*ranks.each((loss, weight)), strict=True)
    return sum(losses) / sum(weights) if any(weights) else 0.0


def _current(device: torch.device) -> AbstractContextManager[Any]:
    """Make a CUDA device the one that streams and recordings are of."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _check_numbers(values: Sequence[Tensor], learning_rate: float) -> None:
    # A minimum or maximum is nan where a value is; this takes hardly any memory.
    extremes = [torch.stack(some.aminmax()) for some in values]
    if not (torch.stack(extremes).abs() <= LARGEST_NUMBER).all():
        raise ValueError(
            "Training diverged: the loss or the vectors have numbers that are nan, "
            f"infinite or beyond +-{LARGEST_NUMBER:g}. Lower learning_rate (here "
            f"{learning_rate}) or batch_size, use solver='adagrad', or begin at "
            "shorter init_vectors, if there are any."
        )
