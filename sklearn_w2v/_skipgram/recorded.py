"""Steps of a CUDA device that are recorded once, and played again on other batches.

A step is some forty small operations. To launch them one by one takes the processor
longer than the device takes to do them; a recording of several steps (a CUDA graph) is
launched at once.
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.sampler import Chunk
from sklearn_w2v._skipgram.solvers import Rate
from sklearn_w2v._skipgram.threads import Team
from sklearn_w2v._skipgram.torch_steps import Batch, Gradients, Part, TorchSteps

#: Steps of a recording. Those that are left over are played one by one.
STEPS_AT_ONCE = 8


class Streams(Team):
    """Two streams of a CUDA device, which do two tasks side by side.

    Neither fills the device: what a step makes it do is many small things.
    """

    least_parts = 1

    def __init__(self, device: torch.device) -> None:
        super().__init__(None, 0)
        self.streams = _two_streams(device)

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Do all tasks; whatever is launched after this waits for them."""
        here = torch.cuda.current_stream(self.streams[0].device)
        for stream in self.streams:
            stream.wait_stream(here)
        for place, task in enumerate(tasks):
            with torch.cuda.stream(self.streams[place % 2]):
                task()
        for stream in self.streams:
            here.wait_stream(stream)

    def worker(self) -> int:
        """Return the number of the stream at work."""
        return torch.cuda.current_stream(self.streams[0].device).cuda_stream


@cache
def _two_streams(device: torch.device) -> list[torch.cuda.Stream]:
    # The same ones for each fit, since torch keeps some megabytes for each stream that
    # ever made a product.
    return [torch.cuda.Stream(device) for _ in range(2)]


class RecordedSteps(TorchSteps):
    """Steps that are played from a recording where nobody asks for the loss.

    All operations of a step have to have the same shapes each time, which those of Adam
    have not.
    """

    def __init__(self, model: SkipGram, plan: TrainingPlan, team: Team) -> None:
        super().__init__(model, plan, team)
        self.recordings: dict[int, Recording] = {}  # by their number of steps

    def train(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk, and return summed loss and weight of some of them.

        Of those with the loss, which is that before the step.
        """
        loss = weight = 0.0
        pending: list[tuple[Batch, Rate]] = []
        steps = zip(self.batches(chunk), learning_rates, with_loss, strict=True)
        for batch, learning_rate, is_asked in steps:
            gradients = self.gradients
            is_full = gradients is not None and gradients.is_filled_by(batch)
            if not is_asked and is_full:
                pending.append((batch, learning_rate))
                if len(pending) == STEPS_AT_ONCE:
                    self._play(pending)
                    pending = []
                continue
            self._play_each(pending)
            pending = []
            of_step = self.step(batch, learning_rate, with_loss=is_asked)
            if is_asked:
                loss += of_step
                weight += batch.weight
        self._play_each(pending)
        return loss, weight

    def _play_each(self, steps: Sequence[tuple[Batch, Rate]]) -> None:
        for step in steps:
            self._play([step])

    def _play(self, steps: Sequence[tuple[Batch, Rate]]) -> None:
        batches, rates = zip(*steps, strict=True)
        recording = self.recordings.get(len(steps))
        if recording is None or recording.gradients is not self.gradients:
            recording = Recording(self.step, batches, self._prepare(batches[0]))
            self.recordings[len(steps)] = recording
        recording.play(batches, rates)


class Recording:
    """Some steps on batches of its own, into which others are copied."""

    def __init__(
        self,
        step: Callable[[Batch, Tensor], float],
        batches: Sequence[Batch],
        gradients: Gradients,
    ) -> None:
        self.gradients = gradients  # in whose memory the recording works
        self.tensors = [torch.cat(alike) for alike in _alike(batches)]
        self.rates = self.tensors[-1].new_zeros(len(batches))
        own = zip(*(tensor.chunk(len(batches)) for tensor in self.tensors), strict=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for tensors, rate in zip(own, self.rates.unbind(), strict=True):
                step(_batch_of(tensors), rate)

    def play(self, batches: Sequence[Batch], rates: Sequence[Rate]) -> None:
        """Make steps on as many batches."""
        for own, others in zip(self.tensors, _alike(batches), strict=True):
            torch.cat(others, out=own)
        self.rates.copy_(torch.tensor(rates, dtype=torch.float32, device=CPU))
        self.graph.replay()


def _alike(batches: Sequence[Batch]) -> list[list[Tensor]]:
    """Return what batches are made of, each kind of tensor of all batches together."""
    rows = [(batch.centers, batch.contexts) for batch in batches]
    pairs = [
        [
            tensor
            for part in batch.parts
            for tensor in (part.weights, part.noise_weights)
        ]
        for batch in batches
    ]
    tensors = (
        [*of_rows, *of_pairs] for of_rows, of_pairs in zip(rows, pairs, strict=True)
    )
    return list(map(list, zip(*tensors, strict=True)))


def _batch_of(tensors: Sequence[Tensor]) -> Batch:
    """Return the batch that is made of these tensors."""
    centers, contexts, *weights = tensors
    n_parts = len(weights) // 2
    parts = map(
        Part,
        centers.chunk(n_parts),
        contexts.chunk(n_parts),
        weights[::2],
        weights[1::2],
    )
    return Batch(centers, contexts, list(parts))
