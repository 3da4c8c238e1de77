"""Class probabilities: made bolder or more cautious without another order of the classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def tempered(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return probabilities raised to the power 1 / temperature and made to sum to 1 again.

    For a network it is the division of its scores by the temperature. The likeliest class stays the likeliest.

    Args:
        probabilities: (n, class), 0..1; a row of NaN stays one.
        temperature: Above 1 takes confidence away, below 1 adds some; 1 returns the probabilities as they are.

    Returns:
        (n, class), float32.

    Raises:
        ModelError: The temperature is not a finite number above 0.

    Source: Guo et al. 2017, arXiv 1706.04599.
    """
    check_temperature(temperature)
    if temperature == 1:
        return probabilities
    with np.errstate(divide="ignore", over="ignore"):
        scores = np.log(probabilities.astype(np.float64))
        # Less the largest, or a low temperature would leave nothing to divide by.
        powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    found: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    # What float32 cannot tell apart any more must not become another label.
    likeliest = probabilities.argmax(axis=1)
    lost = np.flatnonzero(found.argmax(axis=1) != likeliest)
    found[lost, likeliest[lost]] = np.nextafter(found[lost].max(axis=1), np.float32(2))
    return found


def weighted(probabilities: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """Return probabilities multiplied by a weight for each class and made to sum to 1 again.

    With the weights new share / learnt share it is Bayes' rule for a place where classes are more or less common than
    where a model learnt them. A class of weight 0 is never answered; where all that a row allows has probability 0,
    the allowed classes share it by weight.

    Args:
        probabilities: (n, class), 0..1; a row of NaN stays one.
        weights: Of each class; none for all 1.

    Returns:
        (n, class), float32.

    Raises:
        ModelError: The weights are not one of each class, not finite, below 0, or all 0.

    Source: Saerens et al. 2002, doi:10.1162/089976602753284446, equation 2.4.
    """
    if not len(weights):
        return probabilities
    check_class_weights(weights, probabilities.shape[1])
    factors = np.array(weights, np.float64)
    found = probabilities * (factors / factors.max())
    total = found.sum(axis=1, keepdims=True)
    lost = total[:, 0] == 0
    found[lost], total[lost] = factors, factors.sum()
    shares: NDArray[np.float32] = (found / total).astype(np.float32)
    return shares


def check_class_weights(weights: Sequence[float], classes: int) -> None:
    """Refuse weights that are not one finite number of 0 or more for each class, some above 0.

    Raises:
        ModelError: They are not.
    """
    wrong = [weight for weight in weights if not (math.isfinite(weight) and weight >= 0)]
    if len(weights) != classes or wrong or not any(weights):
        raise ModelError(
            f"The class weights {list(weights)} do not fit {classes} classes.",
            fix="Give each class a finite weight of 0 or more, and not 0 for all.",
        )


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not a finite number above 0.

    Raises:
        ModelError: It is not.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ModelError(f"A temperature of {temperature} tempers nothing.", fix="Give a finite number above 0.")
