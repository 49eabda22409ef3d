"""The ranks of a fit: processes that train together, each on a share of documents.

Most fits have one rank. Several ranks are those of a torch.distributed group, see
`_group.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

import joblib
import numpy as np

Value = TypeVar("Value")

#: Parameters that may differ between ranks, or that are compared elsewhere.
PARAMETERS_NOT_COMPARED = {"init_vectors", "memory", "n_jobs", "verbose"}


class Ranks(Protocol):
    """All ranks, as seen by one of them. All have to make the same calls in order.

    `all_to_all` may run in another thread. The thread that started it must then make no
    calls until it has the result, which it takes within `naming_lost_ranks`.
    """

    rank: int  # of this process, from 0
    world_size: int  # the number of ranks
    names: Sequence[str]  # of all ranks, for messages

    def barrier(self, where: str) -> None:
        """Wait until all ranks get here; raise an error if one of them failed."""

    def all_gather(self, value: Value, what: str) -> Iterator[Value]:
        """Yield the values of all ranks, in the order of ranks, on each of them.

        All ranks have to consume all values. `what` names them in errors.
        """

    def all_to_all(self, received: Any, sent: Any) -> None:
        """Send sent[r] to each rank r; write what rank r sent to received[r]."""

    def naming_lost_ranks(self) -> AbstractContextManager[None]:
        """Raise an error that names the lost rank if a connection breaks."""


class RankFailedError(RuntimeError):
    """The fit has ended on all ranks.

    Another rank failed, cannot be reached, or makes other calls.
    """


class OneRank:
    """The only rank of a fit outside of a group."""

    rank = 0
    world_size = 1
    names: Sequence[str] = ("rank 0",)

    def barrier(self, where: str) -> None:
        """Return at once."""

    def all_gather(self, value: Value, what: str) -> Iterator[Value]:
        """Yield the value."""
        yield value

    def all_to_all(self, received: Any, sent: Any) -> None:
        """Copy what is sent."""
        received[:] = sent

    def naming_lost_ranks(self) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()


ONE_RANK = OneRank()


def require_equal(
    ranks: Ranks, what: str, values: Callable[[], Mapping[str, Any]], cure: str
) -> None:
    """Raise a ValueError that names a value which a rank does not share with rank 0.

    `values` is called only where there are several ranks.
    """
    if ranks.world_size == 1:
        return
    first, *others = ranks.all_gather(values(), what)
    for rank, other in enumerate(others, 1):
        for name, value in first.items():
            if other[name] != value:
                raise ValueError(
                    f"All ranks of a torch.distributed group need the same {what}, but "
                    f"{ranks.names[0]} has {name}={value!r}, and {ranks.names[rank]} "
                    f"has {name}={other[name]!r}. {cure}"
                )


def check_parameters(
    ranks: Ranks, parameters: Mapping[str, Any], shared: Mapping[str, Any]
) -> None:
    """Refuse parameters that several ranks cannot have, or do not share.

    `shared` has other values that all ranks need, also instead of parameters.
    """
    if ranks.world_size == 1:
        return
    if parameters["solver"] != "adagrad":
        raise ValueError(
            f"solver={parameters['solver']!r} cannot train in a torch.distributed "
            "group, whose ranks merge the accumulators of AdaGrad too. Use "
            "solver='adagrad'."
        )
    if parameters["n_components_removed"]:
        raise ValueError(
            f"n_components_removed={parameters['n_components_removed']} cannot be "
            "learned in a torch.distributed group, where each rank only has its "
            "own documents. Use n_components_removed=0."
        )
    values = {
        name: _comparable(value)
        for name, value in {**parameters, **shared}.items()
        if name not in PARAMETERS_NOT_COMPARED
    }
    require_equal(ranks, "parameters", lambda: values, "Pass the same to all.")


def _comparable(value: Any) -> Any:
    """Return a parameter as a value that can be sent, compared and shown."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    elif callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return joblib.hash(value)
