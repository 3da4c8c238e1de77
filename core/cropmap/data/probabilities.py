"""Class probabilities: made bolder or more cautious without another order of the classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ModelError

if TYPE_CHECKING:
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


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not a finite number above 0.

    Raises:
        ModelError: It is not.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ModelError(f"A temperature of {temperature} tempers nothing.", fix="Give a finite number above 0.")
