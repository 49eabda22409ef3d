"""Vectorizers that a rank of a group sends to worker processes, as joblib does.

A worker is outside of the group, so a fit there would train on the documents of its
rank alone, in silence. A pickle that a rank makes of a vectorizer has the id of the
rank's process. Only a child of a process with that id takes notice of it: others that
load the pickle fit as usual.

Fitted vectorizers are not marked. So their pickles, and their hashes by joblib, are the
same on all ranks. Searches, cross-validation, ColumnTransformer and FeatureUnion send
workers vectorizers that are not fitted. (With `memory`, a pipeline finds what it stored
by the hash of such a vectorizer. In a group, only the same process finds it again.)
"""

import multiprocessing
import os
from typing import Any
from weakref import WeakSet

from sklearn_w2v._group_choice import (
    ALONE,
    group_of_fits,
    is_group_chosen,
    is_group_of_parent,
    n_ranks_of,
)

#: The name, in a pickle, of the id of the process that made it.
RANK_PROCESS = "_rank_process"

#: The vectorizers that the parent of this process has sent, which is a rank of a group.
_of_parent: WeakSet[Any] = WeakSet()


def mark(vectorizer: Any) -> dict[str, int | None]:
    """Return what a pickle of a vectorizer has in addition to the vectorizer."""
    if vectorizer in _of_parent:  # so that copies in a worker are marked, too
        return {RANK_PROCESS: _parent_process()}
    is_of_rank = n_ranks_of(group_of_fits()) > 1
    return {RANK_PROCESS: os.getpid()} if is_of_rank else {}


def notice_mark(vectorizer: Any, rank_process: int | None) -> None:
    """Remember a vectorizer if the process that pickled it has started this one."""
    if rank_process is not None and rank_process == _parent_process():
        _of_parent.add(vectorizer)


def copy_mark(vectorizer: Any, clone: Any) -> None:
    """Mark the clone of a vectorizer that is marked."""
    if vectorizer in _of_parent:
        _of_parent.add(clone)


def check_not_in_worker(vectorizer: Any) -> None:
    """Raise a RuntimeError in a worker process of a rank, where `fit` has no group."""
    group = group_of_fits()
    is_left_out = vectorizer in _of_parent and group is None and not is_group_chosen()
    if is_left_out or (n_ranks_of(group) > 1 and is_group_of_parent()):
        raise RuntimeError(
            "This fit is in a worker process of a rank of a torch.distributed group, "
            "such as joblib starts for n_jobs=2. A worker is outside of the group, and "
            "would train on the documents of its rank alone. Pass n_jobs=1 to the "
            "FeatureUnion, ColumnTransformer, search or cross-validation that started "
            f"it, so that all ranks fit together, or call it within {ALONE}, so that "
            "each rank fits alone."
        )


def _parent_process() -> int | None:
    """Return the id of the process that started this one, by Python's own means."""
    # os.getppid() may be the id of a fork server, or of the container's first process,
    # which is the same in each container.
    parent = multiprocessing.parent_process()
    return None if parent is None else parent.pid
