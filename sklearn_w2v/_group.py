"""Several ranks: a torch.distributed group, all of whose processes call `fit`.

All ranks pass a barrier before they exchange values or tensors: each sends rank 0 the
name of the barrier or its own error, and rank 0 sends the verdict to all of them. So an
error of one rank ends the fit of all ranks immediately, with its message, and the
message names a rank that is gone. torch's `monitored_barrier` names the ranks that are
missing, but only after the whole timeout, only on rank 0, and without the error that
stopped them. `all_gather_object` keeps the values of all ranks in memory at once. Here,
these are tables of all tokens, so `all_gather` yields them one after the other.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor

from sklearn_w2v._ranks import ONE_RANK, RankFailedError, Ranks, Value

#: How long the sum or the broadcast of a tensor may take, once all ranks have passed
#: its barrier. The timeout of the group also covers the wait for a slow rank, so it is
#: long, and a rank that is lost during the operation has to be found earlier.
TIMEOUT = timedelta(minutes=2)

#: Bytes of the message that a rank sends at a barrier.
MESSAGE_LENGTH = 1024


@contextmanager
def all_ranks() -> Iterator[Ranks]:
    """Return the ranks of the default group, if there is one.

    An error in the `with` block is sent to all ranks, which raise it too.
    """
    is_in_group = dist.is_available() and dist.is_initialized()
    if not is_in_group or dist.get_world_size() == 1:
        yield ONE_RANK
        return
    group = Group()
    try:
        yield group
    except RankFailedError:  # which all ranks have received
        raise
    except Exception as error:
        with suppress(RankFailedError):  # this rank raises its own error
            group.fail(error)
        raise
    finally:
        group.close()


class Group:
    """The ranks of torch.distributed's default group."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.world_size = dist.get_world_size()
        backends = dist.get_backend_config()
        self.is_on_devices = "nccl" in backends
        # nccl sends nothing that is in the memory of the CPU.
        self.cpu_group = None
        if "gloo" not in backends:
            timeout = _timeout_of_nccl() if self.is_on_devices else None
            self.cpu_group = dist.new_group(timeout=timeout, backend="gloo")

    def close(self) -> None:
        """Free what the group has in addition to the default group."""
        if self.cpu_group is not None:
            dist.destroy_process_group(self.cpu_group)

    def barrier(self, where: str) -> None:
        """Wait until all ranks get here; raise an error if one of them failed."""
        self._exchange(f"is at {where}")

    def fail(self, error: Exception) -> None:
        """Send all ranks the error of this rank, at their next barrier; raise it."""
        self._exchange(f"failed with {type(error).__name__}: {error}")

    def all_gather(self, value: Value) -> Iterator[Value]:
        """Yield the values of all ranks, in the order of ranks, on each of them."""
        self.barrier("an exchange of values")
        for rank in range(self.world_size):
            values = [value]
            with self._naming_lost_ranks():
                dist.broadcast_object_list(values, src=rank, group=self.cpu_group)
            yield values[0]

    def all_reduce(self, tensor: Tensor) -> None:
        """Replace a tensor by the sum over all ranks, with the same bits on each."""
        group = self._group_of(tensor)
        with self._naming_lost_ranks():
            dist.all_reduce(tensor, group=group, async_op=True).wait(TIMEOUT)

    def broadcast(self, tensor: Tensor) -> None:
        """Replace a tensor by that of rank 0."""
        group = self._group_of(tensor)
        with self._naming_lost_ranks():
            dist.broadcast(tensor, src=0, group=group, async_op=True).wait(TIMEOUT)

    def _group_of(self, tensor: Tensor) -> dist.ProcessGroup | None:
        return None if tensor.is_cuda and self.is_on_devices else self.cpu_group

    @contextmanager
    def _naming_lost_ranks(self) -> Iterator[None]:
        """Find out which rank is gone when a collective operation fails."""
        try:
            yield
        except RuntimeError as error:
            self.fail(error)  # which raises the verdict of rank 0
            raise

    def _exchange(self, message: str) -> None:
        """Send a message to rank 0, and raise its verdict, if that is an error."""
        verdict = self._report(message) if self.rank else self._judge(message)
        if verdict:
            raise RankFailedError(verdict)

    def _report(self, message: str) -> str:
        """Send a message to rank 0, and return its verdict."""
        try:
            dist.send(_to_tensor(message), 0, group=self.cpu_group)
            return self._receive(0)
        except RuntimeError as error:
            return (
                f"The fit has ended on rank {self.rank}: rank 0, or a rank that it "
                f"waits for, is gone, or too late ({_first_line(error)})."
            )

    def _judge(self, message: str) -> str:
        """Receive the messages of all ranks; send them a verdict, and return it."""
        messages, gone = {0: message}, {}
        for rank in range(1, self.world_size):
            try:
                messages[rank] = self._receive(rank)
            except RuntimeError as error:
                gone[rank] = f"is gone, or too late ({_first_line(error)})"
        verdict = _verdict(messages, gone)
        for rank in messages.keys() - {0}:
            with suppress(RuntimeError):  # a rank that has gone since needs no verdict
                dist.send(_to_tensor(verdict), rank, group=self.cpu_group)
        return verdict

    def _receive(self, rank: int) -> str:
        message = torch.zeros(MESSAGE_LENGTH, dtype=torch.uint8, device="cpu")
        dist.recv(message, rank, group=self.cpu_group)
        return message.numpy().tobytes().rstrip(b"\0").decode(errors="ignore")


def _timeout_of_nccl() -> timedelta:
    """Return the timeout of the default group, which torch does not show publicly."""
    world: Any = dist.group.WORLD
    backend = world._get_backend(torch.device("cuda"))  # noqa: SLF001
    return cast("timedelta", backend.options._timeout)  # noqa: SLF001


def _verdict(messages: dict[int, str], gone: dict[int, str]) -> str:
    """Return the error of all ranks; "" if they are all at the same barrier."""
    is_same = len(set(messages.values())) == 1 and messages[0].startswith("is at")
    if is_same and not gone:
        return ""
    failed = {r: text for r, text in messages.items() if text.startswith("failed")}
    if gone or failed:
        return f"The fit of all ranks has ended: {_listed(gone | failed)}"
    return (
        "All ranks of a torch.distributed group have to make the same calls, but "
        f"{_listed(messages)}"
    )


def _listed(messages: dict[int, str]) -> str:
    return "; ".join(f"rank {rank} {text}" for rank, text in sorted(messages.items()))


def _to_tensor(message: str) -> Tensor:
    content = message.encode()[:MESSAGE_LENGTH].ljust(MESSAGE_LENGTH, b"\0")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _first_line(error: Exception) -> str:
    # gloo's messages begin with a line of its source in brackets.
    line = str(error).partition("\n")[0]
    return re.sub(r"^\[\S+\] ", "", line).removesuffix(".")
