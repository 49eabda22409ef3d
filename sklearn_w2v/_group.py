"""Several ranks: a torch.distributed group, all of whose processes call `fit`.

All ranks pass a barrier before they exchange values: each sends rank 0 the name of the
barrier or its own error, and rank 0 sends the verdict to all of them. So an error of
one rank ends the fit of all ranks immediately, with its message, and the message names
a rank that is gone. Merges of the matrices pass no barrier, unless a rank has sent nan
or has lost a connection. torch's `monitored_barrier` names the ranks that are
missing, but only after the whole timeout, only on rank 0, and without the error that
stopped them. `all_gather_object` keeps the values of all ranks in memory at once. Here,
these are tables of all tokens, so `all_gather` yields them one after the other.
"""

import pickle
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from threading import Thread
from typing import Any, cast
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import distributed_c10d

from sklearn_w2v._group_choice import ALONE, group_of_fits, n_ranks_of
from sklearn_w2v._locks import ForkSafeLock
from sklearn_w2v._ranks import ONE_RANK, RankFailedError, Ranks, Value
from sklearn_w2v._warnings import WarningAfter

#: How often a rank that waits looks whether another one has lost a connection. The
#: backend only notices what happens to connections that an operation still waits for.
LOOK_EVERY = timedelta(seconds=1)

#: Seconds after which a rank warns that others have not yet called `fit`.
WARN_AFTER = 60.0

#: Bytes of the first message that a rank sends at a barrier; a longer text continues in
#: a second one. The first LENGTH_BYTES are the length of the text.
MESSAGE_LENGTH = 1024
LENGTH_BYTES = 8

#: How the messages begin that a rank sends at a barrier.
AT, FAILED, LOST = "is at", "failed with", "lost"

EACH_HAS_TO_FIT = "Each rank of a torch.distributed group has to call fit."
FIT_ALONE = f"To fit in one process alone, call fit within {ALONE}."

#: The thread of this process that fits in a group has it: what several threads send
#: would be mixed up.
_lock = ForkSafeLock()


@contextmanager
def all_ranks() -> Iterator[Ranks]:
    """Return the ranks of the group that fits use, if there is one.

    An error in the `with` block is sent to all ranks, which raise it too.
    """
    of_fits = group_of_fits()
    if n_ranks_of(of_fits) == 1:
        yield ONE_RANK
        return
    with _only_fit_of_process():
        group = Group(of_fits)
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


@contextmanager
def _only_fit_of_process() -> Iterator[None]:
    """Raise a RuntimeError while another thread fits in a group."""
    if not _lock.try_acquire():
        raise RuntimeError(
            "Another thread of this process already fits in a torch.distributed group, "
            "in which one fit has to follow the other. joblib's threading backend "
            "starts such threads for n_jobs=2, for example in a FeatureUnion. Pass "
            f"n_jobs=1 to what started them, or call it within {ALONE}, so that each "
            "rank fits alone."
        )
    try:
        yield
    finally:
        _lock.release()


class Group:
    """The ranks of a torch.distributed group, of the default one if none is given."""

    def __init__(self, group: dist.ProcessGroup | None = None) -> None:
        self.group = dist.group.WORLD if group is None else group
        self.rank = dist.get_rank(self.group)
        self.world_size = dist.get_world_size(self.group)
        # Torch's functions take ranks of the default group, also with another one.
        self.global_ranks = dist.get_process_group_ranks(self.group)
        self.names: Sequence[str] = [
            f"rank {rank}" if rank == of_all else f"rank {rank} (global rank {of_all})"
            for rank, of_all in enumerate(self.global_ranks)
        ]
        self.n_barriers = 0
        backends = dist.get_backend_config(self.group)
        # nccl sends nothing that is in the memory of the CPU.
        self.cpu_group = self.group if "gloo" in backends else self._new_gloo_group()
        self.timeout = _timeout_of(self.cpu_group, "cpu")
        # After the first barrier, a group with connections of its own.
        self.for_messages: Any = self.cpu_group
        # A rank that loses the connection to another one adds the key `lost` here.
        self.store: Any = distributed_c10d._get_default_store()  # noqa: SLF001
        name = cast("dist.ProcessGroup", self.group).group_name
        self.lost = f"sklearn_w2v: a rank of group {name} is lost"
        self.asking: Thread | None = None  # asks the store

    def _new_gloo_group(self) -> dist.ProcessGroup:
        """Return a new group of the same ranks that sends what the CPU has."""
        if self.group is not dist.group.WORLD:
            # All processes would have to create a group of some of them, and only the
            # members of this one fit. With `use_local_synchronization`, torch gives
            # groups names that are not always new, nor the same on all members.
            raise ValueError(
                f"A group of {dist.get_backend(self.group)} alone sends nothing that "
                "is in the memory of the CPU, as a fit has to. Create it by "
                "torch.distributed.new_group(ranks, backend='cpu:gloo,cuda:nccl')."
            )
        is_nccl = "nccl" in dist.get_backend_config(self.group)
        timeout = _timeout_of(self.group, "cuda") if is_nccl else None
        return dist.new_group(timeout=timeout, backend="gloo")

    def close(self) -> None:
        """Free what the group has in addition to torch's."""
        self.for_messages = None
        if self.cpu_group is not self.group:
            dist.destroy_process_group(self.cpu_group)

    def barrier(self, where: str) -> None:
        """Wait until all ranks get here; raise an error if one of them failed."""
        self.n_barriers += 1
        # The number finds ranks that make the same calls, but not equally many.
        self._exchange(f"{AT} {where}, which is exchange {self.n_barriers} of its fit")
        if self.n_barriers == 1:
            with self.naming_lost_ranks():
                self.for_messages = self._new_connections()

    def _new_connections(self) -> Any:
        """Return a group of the same ranks with other connections.

        A collective operation that fails may leave half of a tensor on the connection
        to a rank that is not lost. gloo reads no message after it.
        """
        if self.rank == 0:
            name = f"sklearn_w2v: {uuid4().hex}"
            for rank in range(1, self.world_size):
                self._send(name, rank)
        else:
            name = self._receive(0)
        store = distributed_c10d.PrefixStore(name, self.store)
        return distributed_c10d.ProcessGroupGloo(
            store, self.rank, self.world_size, timeout=self.timeout
        )

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

    def all_to_all(self, received: Tensor, sent: Tensor) -> None:
        """Send sent[r] to each rank r; write what rank r sent to received[r]."""
        on_cpu = received.cpu()
        # As bytes, since not all releases of torch send all types.
        as_bytes = on_cpu.view(torch.uint8), sent.cpu().view(torch.uint8)
        self._wait(
            dist.all_to_all_single(*as_bytes, group=self.cpu_group, async_op=True)
        )
        received.copy_(on_cpu)

    def _broadcast_bytes(self, content: bytes, rank: int) -> memoryview:
        """Return the content that this rank has on all ranks."""
        length = torch.tensor([len(content)], device="cpu")
        with self.naming_lost_ranks():
            self._broadcast(length, rank)
            received = (
                torch.frombuffer(bytearray(content), dtype=torch.uint8)
                if rank == self.rank
                else torch.empty(int(length), dtype=torch.uint8, device="cpu")
            )
            self._broadcast(received, rank)
        return received.numpy().data

    def _broadcast(self, tensor: Tensor, rank: int) -> None:
        source, group = self.global_ranks[rank], self.cpu_group
        self._wait(dist.broadcast(tensor, source, group=group, async_op=True))

    def _wait(self, work: Any) -> None:
        """Wait for a collective operation, unless another rank has lost a rank."""
        begin = time.monotonic()
        while not work.is_completed():
            with suppress(RuntimeError):  # it takes longer, or it has failed
                work.wait(LOOK_EVERY)
            if not work.is_completed() and self._has_another_rank_lost_one():
                raise RuntimeError("Another rank has lost the connection to a rank.")
        try:
            work.wait()  # which raises the error of an operation that has failed
        except RuntimeError as error:
            # The first rank whose time is out closes its connections to the others.
            if time.monotonic() - begin > 0.9 * self.timeout.total_seconds():
                raise RuntimeError("timed out") from error
            raise

    def _has_another_rank_lost_one(self) -> bool:
        return bool(self._ask_store("check", [self.lost]))

    def _ask_store(self, method: str, *arguments: Any) -> Any:
        """Return the store's answer; None if it gives none for some time.

        Its methods may wait for ever if the process that has the store is stopped.
        """
        answers = []

        def ask() -> None:
            with suppress(RuntimeError):  # the process that has the store is gone
                answers.append(getattr(self.store, method)(*arguments))

        if self.asking is None or not self.asking.is_alive():
            self.asking = Thread(target=ask, daemon=True)
            self.asking.start()
            self.asking.join(LOOK_EVERY.total_seconds())
        return answers[0] if answers else None

    @contextmanager
    def naming_lost_ranks(self) -> Iterator[None]:
        """Find out which rank is gone when a collective operation fails."""
        try:
            yield
        except RuntimeError as error:
            if not _is_of_connection(error):
                self.fail(error)  # which raises the verdict of rank 0
            if _is_late(error):  # after which the backend has closed all connections
                own = self.names[self.rank]
                raise RankFailedError(
                    f"The fit has ended on {own}: another rank {_why_lost(error)}"
                ) from error
            self._ask_store("set", self.lost, "")
            self._exchange(f"{LOST} the connection to another rank")
            raise

    def _exchange(self, message: str) -> None:
        """Send a message to rank 0, and raise its verdict, if that is an error."""
        verdict = self._report(message) if self.rank else self._judge(message)
        if verdict:
            raise RankFailedError(verdict)

    def _report(self, message: str) -> str:
        """Send a message to rank 0, and return its verdict."""
        first, own = self.names[0], self.names[self.rank]
        first_or_other = f"{first}, or a rank that it waits for,"
        try:
            with self._warning_of_wait(first_or_other):
                self._send(message, 0)
                return self._receive(0)
        except RuntimeError as error:
            which = first_or_other if _is_late(error) else first
            ended = f"The fit has ended on {own}: {which} {_why_lost(error)}"
            return ended + self._if_late(error)

    def _judge(self, message: str) -> str:
        """Receive the messages of all ranks; send them a verdict, and return it."""
        messages, gone, hint = {0: message}, {}, ""
        for rank in range(1, self.world_size):
            try:
                with self._warning_of_wait(self.names[rank]):
                    messages[rank] = self._receive(rank)
            except RuntimeError as error:
                gone[rank] = _why_lost(error)
                hint = hint or self._if_late(error)
        verdict = _verdict(messages, gone, self.names) + hint
        if not verdict and self._is_first_exchange():
            # An earlier group of these ranks may have added it.
            self._ask_store("delete_key", self.lost)
        for rank in messages.keys() - {0}:
            with suppress(RuntimeError):  # a rank that has gone since needs no verdict
                self._send(verdict, rank)
        return verdict

    def _warning_of_wait(self, who: str) -> AbstractContextManager[None]:
        """Return a context that warns of a rank that may not call `fit` at all."""
        if not self._is_first_exchange():
            return nullcontext()
        return WarningAfter(
            WARN_AFTER,
            f"For {WARN_AFTER:g} seconds, fit has waited for {who} to call fit too. "
            f"{EACH_HAS_TO_FIT} {FIT_ALONE}",
        )

    def _is_first_exchange(self) -> bool:
        # A rank may fail before its first barrier.
        return self.n_barriers <= 1

    def _if_late(self, error: RuntimeError) -> str:
        """Return what may be wrong if a rank is too late; "" if it is not."""
        if _is_late(error) and self._is_first_exchange():
            return f". {EACH_HAS_TO_FIT} {FIT_ALONE}"
        return ""

    def _send(self, text: str, rank: int) -> None:
        # Texts can have lone surrogates.
        content = text.encode(errors="surrogatepass")
        n_first = MESSAGE_LENGTH - LENGTH_BYTES
        first = len(content).to_bytes(LENGTH_BYTES, "little") + content[:n_first]
        parts = [first.ljust(MESSAGE_LENGTH, b"\0"), content[n_first:]]
        for part in filter(None, parts):
            tensor = torch.frombuffer(bytearray(part), dtype=torch.uint8)
            self.for_messages.send([tensor], rank, 0).wait()

    def _receive(self, rank: int) -> str:
        first = self._receive_bytes(MESSAGE_LENGTH, rank)
        length = int.from_bytes(first[:LENGTH_BYTES], "little")
        content = first[LENGTH_BYTES:][:length]
        if len(content) < length:
            content += self._receive_bytes(length - len(content), rank)
        return content.decode(errors="surrogatepass")

    def _receive_bytes(self, n_bytes: int, rank: int) -> bytes:
        tensor = torch.zeros(n_bytes, dtype=torch.uint8, device="cpu")
        self.for_messages.recv([tensor], rank, 0).wait()
        return tensor.numpy().tobytes()


def _timeout_of(group: Any, device: str) -> timedelta:
    """Return the timeout of a group, which torch does not show publicly."""
    backend = group._get_backend(torch.device(device))  # noqa: SLF001
    return cast("timedelta", backend.options._timeout)  # noqa: SLF001


def _verdict(
    messages: dict[int, str], gone: dict[int, str], names: Sequence[str]
) -> str:
    """Return the error of all ranks; "" if they are all at the same barrier."""
    is_same = len(set(messages.values())) == 1 and messages[0].startswith(AT)
    if is_same and not gone:
        return ""
    failed = {r: text for r, text in messages.items() if text.startswith(FAILED)}
    lost = {r: text for r, text in messages.items() if text.startswith(LOST)}
    # The cause first: other ranks may only have failed or lost a connection after it.
    causes = [_listed(texts, names) for texts in (gone, failed) if texts]
    if causes or lost:
        listed = "; ".join(causes) or _listed(lost, names)
        return f"The fit of all ranks has ended: {listed}"
    return (
        "All ranks of a torch.distributed group have to make the same calls, but "
        f"{_listed(messages, names)}"
    )


def _listed(messages: dict[int, str], names: Sequence[str]) -> str:
    return "; ".join(f"{names[rank]} {messages[rank]}" for rank in sorted(messages))


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
            "torch.distributed.init_process_group or new_group)"
        )
    return "is gone: its process has ended, or the connection to it is broken"
