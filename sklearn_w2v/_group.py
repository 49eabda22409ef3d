"""Several ranks: a torch.distributed group, all of whose processes call `fit`.

All ranks pass a barrier before they exchange values or tensors: each sends rank 0 the
name of the barrier or its own error, and rank 0 sends the verdict to all of them. So an
error of one rank ends the fit of all ranks immediately, with its message, and the
message names a rank that is gone. torch's `monitored_barrier` names the ranks that are
missing, but only after the whole timeout, only on rank 0, and without the error that
stopped them. `all_gather_object` keeps the values of all ranks in memory at once. Here,
these are tables of all tokens, so `all_gather` yields them one after the other.
"""

import pickle
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

#: Bytes of the first message that a rank sends at a barrier; a longer text continues in
#: a second one. The first LENGTH_BYTES are the length of the text.
MESSAGE_LENGTH = 1024
LENGTH_BYTES = 8

#: How the messages begin that a rank sends at a barrier.
AT, FAILED, LOST = "is at", "failed with", "lost"


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
        self.n_barriers = 0
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
        self.n_barriers += 1
        # The number finds ranks that make the same calls, but not equally many.
        self._exchange(f"{AT} {where}, which is exchange {self.n_barriers} of its fit")

    def fail(self, error: Exception) -> None:
        """Send all ranks the error of this rank, at their next barrier; raise it."""
        self._exchange(f"{FAILED} {type(error).__name__}: {_text_of(error)}")

    def all_gather(self, value: Value, what: str) -> Iterator[Value]:
        """Yield the values of all ranks, in the order of ranks, on each of them."""
        # A value that cannot be pickled is an error before the barrier, so that no
        # other rank waits for it.
        content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self.barrier(f"an exchange of {what}")
        remaining = iter(range(self.world_size))
        try:
            for rank in remaining:
                received = self._broadcast_bytes(content, rank)
                if rank == self.rank:
                    content = b""  # which frees its memory
                    yield value
                else:
                    yield pickle.loads(received)
        except RankFailedError:
            raise
        except (Exception, GeneratorExit):
            # The other ranks only learn of an error here at their next barrier.
            for rank in remaining:
                self._broadcast_bytes(content, rank)
            raise

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

    def _broadcast_bytes(self, content: bytes, rank: int) -> memoryview:
        """Return the content that this rank has on all ranks."""
        length = torch.tensor([len(content)], device="cpu")
        with self._naming_lost_ranks():
            dist.broadcast(length, src=rank, group=self.cpu_group)
            received = (
                torch.frombuffer(bytearray(content), dtype=torch.uint8)
                if rank == self.rank
                else torch.empty(int(length), dtype=torch.uint8, device="cpu")
            )
            dist.broadcast(received, src=rank, group=self.cpu_group)
        return received.numpy().data

    def _group_of(self, tensor: Tensor) -> dist.ProcessGroup | None:
        return None if tensor.is_cuda and self.is_on_devices else self.cpu_group

    @contextmanager
    def _naming_lost_ranks(self) -> Iterator[None]:
        """Find out which rank is gone when a collective operation fails."""
        try:
            yield
        except RuntimeError as error:
            if not _is_of_connection(error):
                self.fail(error)  # which raises the verdict of rank 0
            self._exchange(f"{LOST} the connection to another rank, or waited too long")
            raise

    def _exchange(self, message: str) -> None:
        """Send a message to rank 0, and raise its verdict, if that is an error."""
        verdict = self._report(message) if self.rank else self._judge(message)
        if verdict:
            raise RankFailedError(verdict)

    def _report(self, message: str) -> str:
        """Send a message to rank 0, and return its verdict."""
        try:
            self._send(message, 0)
            return self._receive(0)
        except RuntimeError as error:
            which = "rank 0"
            if _is_late(error):
                which = "rank 0, or a rank that it waits for,"
            return f"The fit has ended on rank {self.rank}: {which} {_why_lost(error)}"

    def _judge(self, message: str) -> str:
        """Receive the messages of all ranks; send them a verdict, and return it."""
        messages, gone = {0: message}, {}
        for rank in range(1, self.world_size):
            try:
                messages[rank] = self._receive(rank)
            except RuntimeError as error:
                gone[rank] = _why_lost(error)
        verdict = _verdict(messages, gone)
        for rank in messages.keys() - {0}:
            with suppress(RuntimeError):  # a rank that has gone since needs no verdict
                self._send(verdict, rank)
        return verdict

    def _send(self, text: str, rank: int) -> None:
        # Texts can have lone surrogates.
        content = text.encode(errors="surrogatepass")
        n_first = MESSAGE_LENGTH - LENGTH_BYTES
        first = len(content).to_bytes(LENGTH_BYTES, "little") + content[:n_first]
        parts = [first.ljust(MESSAGE_LENGTH, b"\0"), content[n_first:]]
        for part in filter(None, parts):
            tensor = torch.frombuffer(bytearray(part), dtype=torch.uint8)
            dist.send(tensor, rank, group=self.cpu_group)

    def _receive(self, rank: int) -> str:
        first = self._receive_bytes(MESSAGE_LENGTH, rank)
        length = int.from_bytes(first[:LENGTH_BYTES], "little")
        content = first[LENGTH_BYTES:][:length]
        if len(content) < length:
            content += self._receive_bytes(length - len(content), rank)
        return content.decode(errors="surrogatepass")

    def _receive_bytes(self, n_bytes: int, rank: int) -> bytes:
        tensor = torch.zeros(n_bytes, dtype=torch.uint8, device="cpu")
        dist.recv(tensor, rank, group=self.cpu_group)
        return tensor.numpy().tobytes()


def _timeout_of_nccl() -> timedelta:
    """Return the timeout of the default group, which torch does not show publicly."""
    world: Any = dist.group.WORLD
    backend = world._get_backend(torch.device("cuda"))  # noqa: SLF001
    return cast("timedelta", backend.options._timeout)  # noqa: SLF001


def _verdict(messages: dict[int, str], gone: dict[int, str]) -> str:
    """Return the error of all ranks; "" if they are all at the same barrier."""
    is_same = len(set(messages.values())) == 1 and messages[0].startswith(AT)
    if is_same and not gone:
        return ""
    failed = {r: text for r, text in messages.items() if text.startswith(FAILED)}
    lost = {r: text for r, text in messages.items() if text.startswith(LOST)}
    # The cause first: other ranks may only have failed or lost a connection after it.
    causes = [_listed(texts) for texts in (gone, failed) if texts]
    if causes or lost:
        return f"The fit of all ranks has ended: {'; '.join(causes) or _listed(lost)}"
    return (
        "All ranks of a torch.distributed group have to make the same calls, but "
        f"{_listed(messages)}"
    )


def _listed(messages: dict[int, str]) -> str:
    return "; ".join(f"rank {rank} {text}" for rank, text in sorted(messages.items()))


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # of the error's own method
        return "(its message cannot be shown)"


def _is_late(error: RuntimeError) -> bool:
    return re.search("timed? ?out", str(error), re.IGNORECASE) is not None


def _is_of_connection(error: RuntimeError) -> bool:
    """Return whether an error is about the connection to another rank."""
    is_named = re.search("gloo|nccl|connection", str(error), re.IGNORECASE) is not None
    return is_named or _is_late(error)


def _why_lost(error: RuntimeError) -> str:
    """Return what has happened to a rank that cannot be reached."""
    if _is_late(error):
        return (
            "is too late (if it is only slow, pass a longer timeout to "
            "torch.distributed.init_process_group)"
        )
    return "is gone: its process has ended, or the connection to it is broken"
