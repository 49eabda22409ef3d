"""The torch.distributed group that fits use: the default one, another one, or none.

This module does not import torch. Where torch.distributed has not been imported, there
is no group.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

#: How messages call the context in which a process fits alone.
ALONE = "`with sklearn_w2v.use_group(None):`"


@dataclass(frozen=True, eq=False)
class _Choice:
    """The group of one `with` block."""

    group: "ProcessGroup | None"


#: The choices of the `with` blocks that have not ended. The last one counts. Blocks of
#: several threads can end in any order.
_choices: list[_Choice] = []

#: The default group of the process that this one was forked from. Its connections
#: belong to that process.
_forked: "ProcessGroup | None" = None


@contextmanager
def use_group(group: "ProcessGroup | None") -> Iterator[None]:
    """Choose the torch.distributed group whose processes fit together.

    Without this context, fits use the default group, if there is one: all of its
    processes have to call `fit`. Within it, `fit`, `partial_fit` and `fit_transform` of
    this process use the given group, in all threads.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup or None
        A group that this process is a member of, as :func:`torch.distributed.new_group`
        returns it. Each of its members has to call `fit`. If None, this process fits
        alone. (Functions of torch take None as the default group. To pass that one
        here, use ``torch.distributed.group.WORLD``.)

    Raises
    ------
    ValueError
        If this process is not a member of the group.
    TypeError
        If it is not a group.

    Examples
    --------
    In a group, each process fits a vectorizer of its own:

    >>> from sklearn_w2v import Word2VecVectorizer, use_group
    >>> own_texts = ["the cat sat", "the dog sat"] * 50
    >>> with use_group(None):
    ...     vectorizer = Word2VecVectorizer(vector_size=8).fit(own_texts)

    The first two processes of a group fit one vectorizer together::

        group = torch.distributed.new_group([0, 1])  # all processes have to call this
        if torch.distributed.get_rank() < 2:
            with use_group(group):
                vectorizer = Word2VecVectorizer(vector_size=8).fit(share)
    """
    if group is not None:
        _check_membership(group)
    choice = _Choice(group)
    _choices.append(choice)
    try:
        yield
    finally:
        _choices.remove(choice)


def is_group_chosen() -> bool:
    """Return whether fits are within `use_group`."""
    return bool(_choices)


def group_of_fits() -> "ProcessGroup | None":
    """Return the group whose processes fit together; None if this one fits alone."""
    last = _choices[-1:]  # a copy, since another thread may leave its block meanwhile
    return last[0].group if last else _default_group()


def n_ranks_of(group: "ProcessGroup | None") -> int:
    """Return the number of processes of a group; 1 without one."""
    return 1 if group is None else group.size()


def is_group_of_parent() -> bool:
    """Return whether all groups are those of the process that forked this one."""
    return _forked is not None and _forked is _default_group()


def _default_group() -> "ProcessGroup | None":
    distributed = sys.modules.get("torch.distributed")
    # There is no such function where torch was built without it, or while another
    # thread imports torch.
    is_initialized = getattr(distributed, "is_initialized", None)
    if distributed is None or is_initialized is None or not is_initialized():
        return None
    return distributed.group.WORLD


def _check_membership(group: Any) -> None:
    """Raise an error if this process is not a member of a group."""
    import torch.distributed as dist  # noqa: PLC0415, a group has imported it

    if dist.is_available() and isinstance(group, dist.ProcessGroup):
        return
    if dist.is_available() and group == dist.GroupMember.NON_GROUP_MEMBER:
        raise ValueError(
            f"This process, which has the global rank {dist.get_rank()}, is not a "
            "member of the group. Only its members can fit in it."
        )
    raise TypeError(
        "use_group takes a torch.distributed group, or None to fit in this process "
        f"alone, but got {type(group).__name__}. torch.distributed.new_group(ranks) "
        "makes a group of some ranks."
    )


def _note_fork() -> None:
    global _forked  # noqa: PLW0603
    _forked = _default_group()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
