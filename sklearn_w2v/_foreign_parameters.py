"""Parameters of other libraries, for which errors name the equivalent here."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

Init = TypeVar("Init", bound=Callable[..., None])

#: Parameters of gensim, fastText and scikit-learn's vectorizers, and their equivalents.
FOREIGN_PARAMETERS = {
    "size": "use vector_size",
    "dim": "use vector_size",
    "ws": "use window",
    "neg": "use negative",
    "iter": "use epochs",
    "epoch": "use epochs",
    "alpha": "use learning_rate",
    "lr": "use learning_rate",
    "workers": "use n_jobs",
    "thread": "use n_jobs",
    "seed": "use random_state",
    "sg": "only skip-gram is trained, as with gensim's sg=1",
    "hs": "only negative sampling is used, as with gensim's hs=0",
    "cbow_mean": "only skip-gram is trained, not CBOW",
    "max_final_vocab": "use max_features",
    "limit": "use max_features",
    "sentences": "pass documents to fit",
    "corpus_file": "pass documents to fit",
    "ngram_range": (
        "scikit-learn appends n-grams to the words of a document, where they have no "
        "neighbors; join the words of phrases in a preprocessor or tokenizer"
    ),
    "use_idf": "use weighting='idf'",
    "smooth_idf": "weighting='idf' is always smooth",
    "sublinear_tf": "each occurrence of a word counts",
    "binary": (
        "each occurrence of a word counts; whether a file of vectors is binary is "
        "detected"
    ),
    "dtype": "vectors are float32",
}


def reject_foreign_parameters(
    owner: Any, parameters: Iterable[str], error: type[Exception]
) -> None:
    """Raise an error if there are parameters of other libraries."""
    foreign = sorted(FOREIGN_PARAMETERS.keys() & set(parameters))
    if foreign:
        listed = ", ".join(f"{name!r} ({FOREIGN_PARAMETERS[name]})" for name in foreign)
        raise error(f"{type(owner).__name__} has no parameter {listed}.")


def rejects_foreign_parameters(init: Init) -> Init:
    """Decorate an `__init__` to reject parameters of other libraries."""

    @wraps(init)
    def checked_init(self: Any, *args: Any, **parameters: Any) -> None:
        reject_foreign_parameters(self, parameters, TypeError)
        init(self, *args, **parameters)

    return cast(Init, checked_init)
