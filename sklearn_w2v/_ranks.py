"""The ranks of a fit: processes that train together, each on a share of the documents.

Most fits have one. Several are those of a torch.distributed group, see `_group.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

Value = TypeVar("Value")


class Ranks(Protocol):
    """All ranks, as one of them sees them. All have to make the same calls in turn."""

    rank: int  # one's own, from 0
    world_size: int  # how many they are

    def meet(self, place: str) -> None:
        """Wait until all ranks are at this place; raise if one of them failed."""

    def each(self, value: Value) -> Iterator[Value]:
        """Yield the values of all ranks in their order, to all of them."""

    def add_up(self, tensor: Any) -> None:
        """Replace a tensor by the sum of those of all ranks, with the same bits."""

    def take_first(self, tensor: Any) -> None:
        """Replace a tensor by that of rank 0."""


class RankFailed(RuntimeError):  # noqa: N818, it says what happened
    """Another rank failed, or cannot be reached; all ranks have ended their fit."""


class Alone:
    """The one rank of a fit without a group."""

    rank = 0
    world_size = 1

    def meet(self, place: str) -> None:
        """There is nobody to wait for."""

    def each(self, value: Value) -> Iterator[Value]:
        """Yield the value."""
        yield value

    def add_up(self, tensor: Any) -> None:
        """Leave the sum of one as it is."""

    def take_first(self, tensor: Any) -> None:
        """Leave the tensor of the first rank as it is."""


ALONE = Alone()


def first_to_differ(values: Sequence[Any]) -> int | None:
    """Return the first rank whose value is not that of rank 0, if there is one."""
    others = (rank for rank, value in enumerate(values) if value != values[0])
    return next(others, None)
