"""Losses that show that nothing was learned."""

import math

import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_w2v._convergence import loss_of_chance, warn_of_losses

CHANCE = loss_of_chance(5)


def test_chance_has_one_bit_for_each_pair_and_each_noise_word():
    assert loss_of_chance(1) == 2 * math.log(2)
    assert 6 * math.log(2) == CHANCE


@pytest.mark.parametrize(
    "losses",
    [
        [4.0, 3.0],
        [4.0, 3.9, 3.8, 3.7, 3.6],
        [0.0, 4.0, 3.9, 3.8],  # an epoch without a pair
        [4.0, 0.0],  # half of the epochs
        [4.1] * 4,  # too few epochs
        [4.1] * 4 + [4.09],
        [9.0, 40.0],  # of few epochs, the first steps may be too long
    ],
)
def test_losses_that_fall_or_are_few_give_no_warning(losses):
    warn_of_losses(losses, CHANCE)


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ([0.0, 0.0], "No two words are next to each other.*`sample`"),
        ([4.0, 0.0, 0.0], r"In 2 of 3 epochs, no two words.*Pass sample=None"),
        ([4.0, 42.0], r"final loss is 42\.000, and was 4\.159.*Lower learning_rate"),
        ([4.0, 4.0, 4.0, 4.0, 6.3], r"final loss is 6\.300"),
        ([4.1] * 5, r"stays at 4\.100 in all 5 epochs.*Raise epochs or learning_rate"),
        ([4.1] * 4 + [4.0965], "stays at"),
    ],
)
def test_losses_that_teach_nothing_give_a_warning(losses, message):
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        warn_of_losses(losses, CHANCE)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ([3.0, 31.0], r"final loss is 31\.000, and was 3\.000 in epoch 1\. Lower"),
        ([0.0, 3.0, 31.0], r"final loss is 31\.000, and was 3\.000 in epoch 2\. Lower"),
    ],
)
def test_losses_are_compared_with_the_first_epoch_of_pairs_if_vectors_are_known(
    losses, message
):
    with pytest.warns(ConvergenceWarning, match=message):
        warn_of_losses(losses, None)


@pytest.mark.parametrize("losses", [[40.0, 41.0], [0.0, 3.1, 3.0, 3.0, 3.0, 2.9]])
def test_known_vectors_may_have_any_first_loss(losses):
    warn_of_losses(losses, None)
