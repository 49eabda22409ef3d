"""The epochs of a training, from its beginning to its end.

What a step trains on is drawn in `sampler.py`; what it does stands in `model.py`.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_w2v._corpus import Corpus
from sklearn_w2v._ranks import ALONE, Ranks, first_to_differ
from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.merging import Merger
from sklearn_w2v._skipgram.model import ModelState, SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.recorded import RecordedSkipGram, Streams
from sklearn_w2v._skipgram.sampler import BatchSampler, NoiseTable
from sklearn_w2v._skipgram.state import Initial, Trained, TrainingStopped, Watcher
from sklearn_w2v._skipgram.threads import Team, team_of
from sklearn_w2v._warnings import warn
from sklearn_w2v._word2vec_format import LARGEST_NUMBER


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
        noise = NoiseTable(plan, device)
        documents, held_out_sampler = np.arange(len(corpus.lengths)), None
        if held_out is not None:
            documents = np.delete(documents, held_out)
            held_out_sampler = BatchSampler(corpus, held_out, plan, noise)
        sampler = BatchSampler(corpus, documents, plan, noise)
        model = _initial_model(plan, initial, generator, team)
        if ranks.rank:  # the first rank draws what it would draw alone
            generator.manual_seed(seed + ranks.rank)
        _check_same_start(model, ranks)
        merger = Merger(model, plan, ranks)
        if not any(known.solver_state for known in initial.known):
            _make_first_steps(merger, sampler, generator)
        n_tokens = sum(ranks.each(sampler.n_tokens))
        history = History(plan, n_tokens)
        for epoch in range(plan.epochs):
            for watcher in watchers:
                watcher.epoch_begins()
            loss = _train_epoch(merger, sampler, epoch, generator, n_tokens, watchers)
            _check_numbers(torch.tensor(loss, device=CPU), plan.learning_rate)
            score = None
            if held_out_sampler:
                # With the same draws each time, epochs differ in their vectors alone.
                draws = torch.Generator(device).manual_seed(seed)
                score = _validation_score(model, held_out_sampler, draws, ranks)
            history.add(loss, score, model.state())
            trained = history.result(model.state())
            # All are told, whatever one of them answers.
            answers = [watcher.epoch_ends(trained) for watcher in watchers]
            answers = [any(answers) for answers in ranks.each(answers)]
            if any(answers) or history.stagnates():
                break
        _check_numbers(model.vectors, plan.learning_rate)
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
    plan: TrainingPlan, initial: Initial, generator: torch.Generator, team: Team
) -> SkipGram:
    shape = 2, plan.n_words, plan.vector_size
    device = generator.device
    vectors = torch.empty(shape, dtype=torch.float32, device=device)
    is_known = np.zeros(plan.n_words, dtype=bool)
    for known in initial.known:
        is_known[known.rows] = True
    if not is_known.all():
        # word2vec starts centres in +-0.5 / vector_size, and contexts at zero.
        half = 0.5 / plan.vector_size
        vectors[0].uniform_(-half, half, generator=generator)
        vectors[1].zero_()
    kind = SkipGram
    if device.type == "cuda":
        team = Streams(device)
        # Steps of Adam have other shapes each time.
        kind = SkipGram if plan.solver == "adam" else RecordedSkipGram
    model = kind(vectors, solver=plan.solver, team=team)
    for known in initial.known:
        model.set_known(known)
    model.freeze(initial.frozen)
    return model


def _make_first_steps(
    merger: Merger, sampler: BatchSampler, generator: torch.Generator
) -> None:
    """Let rank 0 make some steps, and all ranks go on from what it comes to.

    From vectors of no length, the first gradients are all alike, and far too long
    together.
    """
    plan = merger.plan
    if plan.first_steps and merger.ranks.rank == 0:
        batches = chain.from_iterable(
            batches for _, batches in sampler.epoch(generator)
        )
        for batch in islice(batches, plan.first_steps):
            merger.model.step(batch, plan.learning_rate)
    merger.take_first("the end of the first steps")


def _train_epoch(
    merger: Merger,
    sampler: BatchSampler,
    epoch: int,
    generator: torch.Generator,
    n_tokens: int,
    watchers: Sequence[Watcher],
) -> float:
    """Train on every document once, and return the mean loss of a pair.

    Of all ranks, whose documents have `n_tokens` together.
    """
    model, plan = merger.model, merger.plan
    first_rate, last_rate = map(plan.learning_rate_at, (epoch, epoch + 1))
    loss, weight, n_steps, n_read = 0.0, 0.0, 0, 0
    for n_in_chunk, batches in model.team.ahead(sampler.epoch(generator)):
        for place, batch in enumerate(batches):
            share_read = (n_read + n_in_chunk * place / len(batches)) / sampler.n_tokens
            rate = first_rate + share_read * (last_rate - first_rate)
            if n_steps % plan.loss_every:
                model.step(batch, rate)
            else:
                loss += model.step(batch, rate, with_loss=True)
                weight += batch.weight
            n_steps += 1
            merger.read(share_read)
        n_read += n_in_chunk
        for watcher in watchers:
            # The others will not be far from it.
            watcher.tokens_read(n_read * n_tokens // sampler.n_tokens, n_tokens)
    merger.epoch_ends()
    return _mean(loss, weight, merger.ranks)


def _check_same_start(model: SkipGram, ranks: Ranks) -> None:
    """Refuse ranks that would begin at other vectors."""
    if ranks.world_size == 1:
        return
    vectors, solver_state = model.state()
    start = joblib.hash(
        [tensor.to(CPU).numpy() for tensor in (vectors, *solver_state.values())]
    )
    rank = first_to_differ(list(ranks.each(start)))
    if rank is not None:
        raise ValueError(
            f"Rank {rank} would begin at other vectors than rank 0. Pass the same "
            "init_vectors to all ranks of a torch.distributed group, or let all go on "
            "from the same fit."
        )


def _validation_score(
    model: SkipGram, sampler: BatchSampler, generator: torch.Generator, ranks: Ranks
) -> float:
    """Return minus the mean loss of a pair in documents that are not trained on.

    Or nan where no word of theirs has a neighbour.
    """
    loss, weight = 0.0, 0.0
    for _, batches in model.team.ahead(sampler.epoch(generator)):
        for batch in batches:
            loss += model.loss(batch)
            weight += batch.weight
    return -_mean(loss, weight, ranks) or math.nan


def _mean(loss: float, weight: float, ranks: Ranks) -> float:
    """Return the mean loss of the pairs of all ranks; 0.0 where there are none."""
    losses, weights = zip(*ranks.each((loss, weight)), strict=True)
    return sum(losses) / sum(weights) if any(weights) else 0.0


def _current(device: torch.device) -> AbstractContextManager[Any]:
    """Make a CUDA device the one that streams and recordings are of."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _check_numbers(values: Tensor, learning_rate: float) -> None:
    # A minimum or maximum is nan where a value is; this takes no memory of its own.
    if not (torch.stack(values.aminmax()).abs() <= LARGEST_NUMBER).all():
        raise ValueError(
            "Training diverged: the loss or the vectors have numbers that are nan, "
            f"infinite or beyond +-{LARGEST_NUMBER:g}. Lower learning_rate (here "
            f"{learning_rate}) or batch_size, use solver='adagrad', or begin at "
            "shorter init_vectors, if there are any."
        )
