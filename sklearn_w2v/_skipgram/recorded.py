"""Steps on a CUDA device that are recorded once, and replayed on other batches.

A step is some forty small operations. The CPU takes longer to launch them one by one
than the device takes to run them; a recording of several steps (a CUDA graph) is
launched at once.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain

import torch
from torch import Tensor

from sklearn_w2v._skipgram.devices import CPU
from sklearn_w2v._skipgram.model import SkipGram
from sklearn_w2v._skipgram.plan import TrainingPlan
from sklearn_w2v._skipgram.sampler import Chunk
from sklearn_w2v._skipgram.solvers import Rate
from sklearn_w2v._skipgram.torch_steps import Batch, Gradients, Part, TorchSteps

#: Steps of a recording. Steps that are left over are replayed one by one.
STEPS_PER_RECORDING = 8


class Streams:
    """Two streams of a CUDA device, which run two tasks concurrently.

    A step consists of small operations, none of which occupies the whole device.
    """

    least_parts = 1

    def __init__(self, device: torch.device) -> None:
        self.streams = _two_streams(device)

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Launch all tasks; later launches wait for them."""
        current = torch.cuda.current_stream(self.streams[0].device)
        for stream in self.streams:
            stream.wait_stream(current)
        for i, task in enumerate(tasks):
            with torch.cuda.stream(self.streams[i % 2]):
                task()
        for stream in self.streams:
            current.wait_stream(stream)

    def current(self) -> int:
        """Return a number that identifies the current stream."""
        return torch.cuda.current_stream(self.streams[0].device).cuda_stream


@cache
def _two_streams(device: torch.device) -> list[torch.cuda.Stream]:
    # The same streams for each fit, since torch keeps some megabytes for each stream on
    # which a product was computed.
    return [torch.cuda.Stream(device) for _ in range(2)]


class RecordedSteps(TorchSteps):
    """Steps that are replayed from a recording where the loss is not needed.

    All operations of a step need the same shapes each time, which Adam's do not have.
    """

    def __init__(self, model: SkipGram, plan: TrainingPlan, streams: Streams) -> None:
        super().__init__(model, plan, streams)
        self.recordings: dict[int, Recording] = {}  # by their number of steps
        self.pending: list[tuple[Batch, Rate]] = []  # steps for the next recording

    def train_chunk(
        self, chunk: Chunk, learning_rates: Sequence[float], with_loss: Sequence[bool]
    ) -> tuple[float, float]:
        """Make the steps of a chunk; return summed loss and weight, if requested."""
        sums = super().train_chunk(chunk, learning_rates, with_loss)
        self._replay_each()
        return sums

    def step(
        self, batch: Batch, learning_rate: Rate, *, with_loss: bool = False
    ) -> float:
        """Make a step, at once or with some of the following ones."""
        is_full = self.gradients is not None and self.gradients.is_filled_by(batch)
        if with_loss or not is_full:
            self._replay_each()
            return super().step(batch, learning_rate, with_loss=with_loss)
        self.pending.append((batch, learning_rate))
        if len(self.pending) == STEPS_PER_RECORDING:
            self._replay(self.pending)
            self.pending = []
        return 0.0

    def _replay_each(self) -> None:
        for step in self.pending:
            self._replay([step])
        self.pending = []

    def _replay(self, steps: Sequence[tuple[Batch, Rate]]) -> None:
        batches, rates = zip(*steps, strict=True)
        recording = self.recordings.get(len(steps))
        if recording is None or recording.gradients is not self.gradients:
            recording = Recording(super().step, batches, self._prepare(batches[0]))
            self.recordings[len(steps)] = recording
        recording.replay(batches, rates)


class Recording:
    """Some steps on batches in fixed memory, into which other batches are copied."""

    def __init__(
        self,
        step: Callable[[Batch, Tensor], float],
        batches: Sequence[Batch],
        gradients: Gradients,
    ) -> None:
        self.gradients = gradients  # whose memory the recording uses
        self.tensors = [torch.cat(alike) for alike in _alike(batches)]
        self.rates = self.tensors[-1].new_zeros(len(batches))
        own = zip(*(tensor.chunk(len(batches)) for tensor in self.tensors), strict=True)
        self.graph = torch.cuda.CUDAGraph()
        # Another thread may use the device meanwhile, for a merge of ranks.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            for tensors, rate in zip(own, self.rates.unbind(), strict=True):
                step(_batch_of(tensors), rate)

    def replay(self, batches: Sequence[Batch], rates: Sequence[Rate]) -> None:
        """Make the steps on other batches."""
        for own, others in zip(self.tensors, _alike(batches), strict=True):
            torch.cat(others, out=own)
        self.rates.copy_(torch.tensor(rates, dtype=torch.float32, device=CPU))
        self.graph.replay()


def _alike(batches: Sequence[Batch]) -> list[tuple[Tensor, ...]]:
    """Return what batches are made of, each kind of tensor of all batches together."""
    return list(zip(*map(_tensors_of, batches), strict=True))


def _tensors_of(batch: Batch) -> list[Tensor]:
    """Return the tensors that a batch is made of, as `_batch_of` takes them."""
    weights = [(part.weights, part.noise_weights) for part in batch.parts]
    return [batch.centers, batch.contexts, *chain.from_iterable(weights)]


def _batch_of(tensors: Sequence[Tensor]) -> Batch:
    """Return the batch that is made of these tensors."""
    centers, contexts, *weights = tensors
    n_parts = len(weights) // 2
    rows = centers.chunk(n_parts), contexts.chunk(n_parts)
    parts = map(Part, *rows, weights[::2], weights[1::2])
    return Batch(centers, contexts, list(parts))
