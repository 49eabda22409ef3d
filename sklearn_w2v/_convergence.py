"""Whether a training has learned anything, judged by its losses."""

import math
from collections.abc import Sequence

from sklearn.exceptions import ConvergenceWarning

from sklearn_w2v._warnings import warn

#: The least share of the loss that a training has to remove.
LEAST_FALL = 1e-3
#: The fewest epochs after which the loss should have fallen.
FEW_EPOCHS = 5
#: The highest final loss, as a multiple of the first: of fewer epochs, whose first
#: steps may be too long, and of more.
MOST_RISE = 10
MOST_RISE_OF_MANY = 1.5


def loss_of_chance(negative: int) -> float:
    """Return the loss of a pair and its noise words where all vectors are zero."""
    return (1 + negative) * math.log(2)


def warn_of_losses(losses: Sequence[float], before: float | None) -> None:
    """Warn if nothing was learned.

    `before` is the loss before the training. If it is None, losses are compared with
    that of the first epoch that has pairs.
    """
    of_pairs = [loss for loss in losses if loss]
    first, when = before, "before the training"
    if first is None:
        first = next(iter(of_pairs), 0.0)
        when = f"in epoch {losses.index(first) + 1}"
    most_rise = MOST_RISE if len(losses) < FEW_EPOCHS else MOST_RISE_OF_MANY
    n_without = len(losses) - len(of_pairs)
    if not of_pairs:
        warn(
            "No two words are next to each other, so nothing is trained, and vectors "
            "are where they started. Perhaps each document has only one word of the "
            "vocabulary (without spaces between words, `token_pattern` takes a whole "
            "sentence for one; with analyzer=list, a document is a list of tokens), or "
            "`sample` is so low that it drops nearly all words.",
            ConvergenceWarning,
        )
    elif n_without > len(losses) / 2:
        warn(
            f"In {n_without} of {len(losses)} epochs, no two words are next to each "
            "other: too few tokens survive the subsampling. Pass sample=None, or more "
            "documents.",
            ConvergenceWarning,
        )
    elif of_pairs[-1] > most_rise * first:
        warn(
            f"The final loss is {of_pairs[-1]:.3f}, and was {first:.3f} {when}. Lower "
            "learning_rate.",
            ConvergenceWarning,
        )
    elif (
        len(of_pairs) >= FEW_EPOCHS
        and max(of_pairs) - min(of_pairs) < LEAST_FALL * of_pairs[0]
    ):
        warn(
            f"The loss stays at {of_pairs[0]:.3f} in all {len(losses)} epochs: there "
            "are too few documents to learn from, or the learning rate is too low. "
            "Raise epochs or learning_rate, lower batch_size, or pass init_vectors.",
            ConvergenceWarning,
        )
