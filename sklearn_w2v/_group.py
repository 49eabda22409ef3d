"""Several ranks: a torch.distributed group, of which all processes call `fit`.

Before anything is exchanged, all ranks meet: each tells rank 0 where it is, or that it
failed, and rank 0 tells all of them. So an error of one ends the fit of all, and rank 0
knows who is missing, which a collective operation does not.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from sklearn_w2v._ranks import ALONE, RankFailed, Ranks, Value

#: How long a sum of matrices may take, once all ranks have met for it.
PATIENCE = timedelta(minutes=2)

#: Bytes of what a rank says when it meets the others.
MESSAGE_LENGTH = 1024


@contextmanager
def all_ranks() -> Iterator[Ranks]:
    """Give the ranks of the group, if there is one; an error of one is told to all."""
    is_in_group = dist.is_available() and dist.is_initialized()
    if not is_in_group or dist.get_world_size() == 1:
        yield ALONE
        return
    group = Group()
    try:
        yield group
    except RankFailed:  # which all know of
        raise
    except Exception as error:
        with suppress(RankFailed):  # here it is this error that counts
            group.fail(error)
        raise


class Group:
    """The ranks of torch.distributed's default group."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.world_size = dist.get_world_size()
        backends = dist.get_backend_config()
        self.is_on_devices = "nccl" in backends
        # nccl passes on nothing that is in the processor's memory.
        self.of_processors = None
        if "gloo" not in backends:
            self.of_processors = dist.new_group(backend="gloo")

    def meet(self, place: str) -> None:
        """Wait until all ranks are at this place; raise if one of them failed."""
        self._meet(f"is at {place}")

    def fail(self, error: Exception) -> None:
        """Tell all ranks, when they meet, of an error that ended one's own fit."""
        self._meet(f"failed with {type(error).__name__}: {error}")

    def each(self, value: Value) -> Iterator[Value]:
        """Yield the values of all ranks in their order, to all of them."""
        self.meet("an exchange of values")
        for rank in range(self.world_size):
            values = [value]
            with self._told_of_lost_ones():
                dist.broadcast_object_list(values, src=rank, group=self.of_processors)
            yield values[0]

    def add_up(self, tensor: Tensor) -> None:
        """Replace a tensor by the sum of those of all ranks, with the same bits."""
        group = self._group_of(tensor)
        with self._told_of_lost_ones():
            dist.all_reduce(tensor, group=group, async_op=True).wait(PATIENCE)

    def take_first(self, tensor: Tensor) -> None:
        """Replace a tensor by that of rank 0."""
        group = self._group_of(tensor)
        with self._told_of_lost_ones():
            dist.broadcast(tensor, src=0, group=group, async_op=True).wait(PATIENCE)

    def _group_of(self, tensor: Tensor) -> dist.ProcessGroup | None:
        return None if tensor.is_cuda and self.is_on_devices else self.of_processors

    @contextmanager
    def _told_of_lost_ones(self) -> Iterator[None]:
        """Find out who is gone where a collective operation says that one is."""
        try:
            yield
        except RuntimeError as error:
            self.fail(error)  # which raises what all ranks are told
            raise

    def _meet(self, message: str) -> None:
        """Tell rank 0, and raise what it tells."""
        tell = self._tell_first if self.rank else self._hear_all
        verdict = tell(message)
        if verdict:
            raise RankFailed(verdict)

    def _tell_first(self, message: str) -> str:
        try:
            dist.send(_to_tensor(message), 0, group=self.of_processors)
            return self._receive(0)
        except RuntimeError as error:
            return (
                f"The fit has ended on rank {self.rank}: rank 0, or one that it waits "
                f"for, is gone, or too late ({_first_line(error)})."
            )

    def _hear_all(self, message: str) -> str:
        messages, gone = {0: message}, {}
        for rank in range(1, self.world_size):
            try:
                messages[rank] = self._receive(rank)
            except RuntimeError as error:
                gone[rank] = f"is gone, or too late ({_first_line(error)})"
        verdict = _verdict(messages, gone)
        for rank in messages.keys() - {0}:
            with suppress(RuntimeError):  # who went since then needs no answer
                dist.send(_to_tensor(verdict), rank, group=self.of_processors)
        return verdict

    def _receive(self, rank: int) -> str:
        message = torch.zeros(MESSAGE_LENGTH, dtype=torch.uint8, device="cpu")
        dist.recv(message, rank, group=self.of_processors)
        return message.numpy().tobytes().rstrip(b"\0").decode(errors="ignore")


def _verdict(messages: dict[int, str], gone: dict[int, str]) -> str:
    """Return what all ranks are told: nothing if they are all at one place."""
    is_one_place = len(set(messages.values())) == 1 and messages[0].startswith("is at")
    if is_one_place and not gone:
        return ""
    failed = {r: text for r, text in messages.items() if text.startswith("failed")}
    if gone or failed:
        told = sorted((gone | failed).items())
        what = "; ".join(f"rank {rank} {text}" for rank, text in told)
        return f"The fit of all ranks has ended: {what}"
    what = "; ".join(f"rank {rank} {text}" for rank, text in sorted(messages.items()))
    return f"All ranks of a torch.distributed group have to do the same, but {what}"


def _to_tensor(message: str) -> Tensor:
    content = message.encode()[:MESSAGE_LENGTH].ljust(MESSAGE_LENGTH, b"\0")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _first_line(error: Exception) -> str:
    # Less the place in gloo's source, in brackets.
    line = str(error).partition("\n")[0]
    return re.sub(r"^\[\S+\] ", "", line).removesuffix(".")
