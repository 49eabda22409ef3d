"""The validated parameters of a fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np

SolverName = Literal["adagrad", "adam", "sgd"]

#: The implementation of the steps: `compiled_steps.py` or `torch_steps.py`.
Implementation = Literal["compiled", "torch"]


@dataclass(frozen=True, eq=False)
class FitParameters:
    """The parameters of a vectorizer that a fit depends on.

    The docstring of the vectorizer has their meanings, defaults and ranges.
    """

    # The vocabulary.
    max_df: float
    min_df: float
    max_features: int | None
    max_vocab_size: int | None
    vocabulary: Mapping[Any, int] | Iterable[Any] | None
    min_count: int

    # The training.
    vector_size: int
    window: int
    shrink_windows: bool
    negative: int
    ns_exponent: float
    sample: float | None
    epochs: int | Literal["auto"]
    solver: SolverName
    learning_rate: float | Literal["auto"]
    batch_size: int | Literal["auto"]
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    init_vectors: Any
    trainable: bool
    random_state: int | np.random.RandomState | None

    # The result.
    vectors: Literal["average", "center", "context"]
    weighting: Literal["idf", "sif"] | None
    sif_a: float
    n_components_removed: int
    store_matrices: bool
    warm_start: bool

    # Where and how the training runs.
    memory: Any
    device: str
    n_jobs: int | None

    @classmethod
    def of(cls, vectorizer: Any) -> "FitParameters":
        """Return the parameters of a vectorizer that has validated them.

        Raises
        ------
        ValueError
            If parameters contradict one another.
        """
        values = {
            field.name: _python_number(getattr(vectorizer, field.name))
            for field in fields(cls)
        }
        values["device"] = str(values["device"])  # of a torch.device, its name
        parameters = cls(**values)
        if hasattr(parameters.init_vectors, "build_vocab"):
            raise ValueError(
                f"init_vectors is a gensim model, {type(parameters.init_vectors)}. "
                "Pass its word vectors: init_vectors=model.wv."
            )
        if parameters.n_components_removed >= parameters.vector_size:
            raise ValueError(
                f"n_components_removed={parameters.n_components_removed} leaves "
                f"nothing of vectors of vector_size={parameters.vector_size}."
            )
        return parameters


def _python_number(value: Any) -> Any:
    """Return a number as an int or a float, since NumPy's small integers overflow."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value
