"""Parameters of other libraries, for which errors name the equivalent here."""

import inspect
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar, cast

Init = TypeVar("Init", bound=Callable[..., None])

#: How similar a parameter has to be to a name that a user has misspelled, in [0, 1].
SIMILARITY = 0.8

N_GRAMS = (
    "scikit-learn appends n-grams to the words of a document, where they have no "
    "neighbors; join the words of phrases in a preprocessor or tokenizer"
)

#: Parameters of gensim, fastText, Spark ML and scikit-learn's vectorizers, and their
#: equivalents.
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
    "t": "use sample",
    "loss": "only negative sampling is used, as with fastText's loss='ns'",
    "windowSize": "use window",
    "maxIter": "use epochs",
    "stepSize": "use learning_rate",
    "numPartitions": "use n_jobs",
    "comment": "leave it out",
    "min_alpha": "the learning rate decays to 0",
    "compute_loss": "losses are always computed: see loss_curve_",
    "callbacks": "use set_callbacks, with scikit-learn 1.9 or later",
    "trim_rule": "pass the words to keep as vocabulary",
    "sorted_vocab": "the most frequent words come first, unless vocabulary is given",
    "batch_words": "use batch_size for the tokens of a training step",
    "null_word": "it is only used by paragraph vectors",
    "hashfxn": "use random_state, which determines the initial vectors",
    "minn": "words are not split into subwords",
    "maxn": "words are not split into subwords",
    "bucket": "words are not split into subwords",
    "wordNgrams": N_GRAMS,
    "pretrainedVectors": "use init_vectors",
    "ngram_range": N_GRAMS,
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
    owner: Any,
    parameters: Iterable[str],
    accepted: Collection[str],
    error: type[Exception],
) -> None:
    """Raise an error if there are parameters of other libraries, or misspelled ones."""
    cures = {}
    for name in sorted(set(parameters).difference(accepted)):
        similar = get_close_matches(name, accepted, n=1, cutoff=SIMILARITY)
        if name in FOREIGN_PARAMETERS:
            cures[name] = FOREIGN_PARAMETERS[name]
        elif similar:
            cures[name] = f"did you mean {similar[0]}?"
    if cures:
        listed = ", ".join(f"{name!r} ({cure})" for name, cure in cures.items())
        raise error(f"{type(owner).__name__} has no parameter {listed}.")


def rejects_foreign_parameters(init: Init) -> Init:
    """Decorate an `__init__` to reject parameters of other libraries, and documents."""
    accepted = inspect.signature(init).parameters.keys() - {"self"}

    @wraps(init)
    def checked_init(self: Any, *args: Any, **parameters: Any) -> None:
        if args:
            raise TypeError(
                f"{type(self).__name__} takes parameters by name only, such as "
                f"vector_size=100, got a {type(args[0]).__name__} without a name. Pass "
                "documents to fit."
            )
        reject_foreign_parameters(self, parameters, accepted, TypeError)
        init(self, **parameters)

    return cast(Init, checked_init)
