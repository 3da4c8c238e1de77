"""How many samples each class gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError

METHODS = ("equal", "proportional", "random", "neyman", "power")
POWER = 0.5  # half way between each class's own accuracy and the overall one

_SAME = 1e-9  # of a sample: what rounding of floating-point numbers can take away


@dataclass(frozen=True)
class Strata:
    """The classes that samples are shared out to.

    Args:
        sizes: How many there are to draw from, (class,), int64, 0 and more.
        accuracies: User's accuracy that is expected of each class, (class,), between 0 and 1; None where all are alike.
            "neyman" and "power" heed them.
        minimum: Each class gets at least so many, or all it has.
        power: Bankier's exponent, 0..1, of "power".
        names: Class names for messages, (class,); numbers where empty.

    Raises:
        SampleError: Accuracies that are not between 0 and 1, or not one a class.
    """

    sizes: NDArray[np.int64]
    accuracies: NDArray[np.float64] | None = None
    minimum: int = 0
    power: float = POWER
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.accuracies is None:
            return
        if len(self.accuracies) != len(self.sizes):
            raise SampleError(
                f"{len(self.sizes)} classes have {len(self.accuracies)} expected accuracies.", fix="Give one of each."
            )
        check_accuracies(self.accuracies, self.names or [str(place) for place in range(len(self.sizes))])


def check_accuracies(accuracies: NDArray[np.float64], names: Sequence[str]) -> None:
    """Refuse expected user's accuracies, (class,), that are not between 0 and 1.

    Raises:
        SampleError: One is not.
    """
    wrong = np.flatnonzero(~((accuracies > 0) & (accuracies < 1)))
    if len(wrong):
        raise SampleError(
            f"A user's accuracy of {accuracies[wrong[0]]:g} is expected; it must lie between 0 and 1.",
            where=f"class {names[wrong[0]]}",
            fix="Give a share, e.g. 0.9; no class is known to be all right or all wrong.",
        )


def allocate(method: str, total: int, strata: Strata, rng: np.random.Generator | None = None) -> NDArray[np.int64]:
    """Share a number of samples out to classes.

    With N the size of a class, p its expected user's accuracy and S = sqrt(p (1 - p)), a class gets in proportion to

    - "equal": 1;
    - "proportional": N;
    - "neyman": N S, which estimates the overall accuracy best (Neyman 1934, J. R. Stat. Soc. 97, 558-625);
    - "power": (N p)^q S / p, which makes the sum of ((N p)^q S / (p sqrt(n)))^2 least: at q = 0 that of the squared
      relative errors of the classes' own accuracies, at q = 1 that of the total, Neyman's (Bankier 1988, Am. Stat. 42,
      174-177);
    - "random": what falls to it when `total` are drawn from all without heed of their classes.

    No class gets more than it has: what it cannot take goes to the others in the same proportion, which for "neyman" is
    the best there is within these bounds. Fractions are rounded by largest remainder, ties to the first class.

    Args:
        method: One of `METHODS`.
        total: How many in all; where there are fewer, all are taken.
        strata: The classes.
        rng: Draws for "random"; seeded with 0 where None. A larger total goes on where a smaller one stopped, as long
            as neither is more than half of all there are.

    Returns:
        (class,), int64; the sum is `total`, or the sum of all sizes where that is less.

    Raises:
        SampleError: The minima are more than the total, or a minimum is asked for with "random".
    """
    sizes = strata.sizes.astype(np.int64)
    if total >= sizes.sum():
        return sizes
    if method == "random":
        return _random(total, strata, rng or np.random.default_rng(0))
    least = np.minimum(strata.minimum, sizes)
    if least.sum() > total:
        raise SampleError(
            f"{total} samples cannot give each class {strata.minimum}: that takes {least.sum()}.",
            fix="Ask for more samples, or for a smaller minimum of each class.",
        )
    return _rounded(_bounded(_weights(method, strata), least, sizes, total), total)


def _weights(method: str, strata: Strata) -> NDArray[np.float64]:
    sizes = strata.sizes.astype(np.float64)
    expected = np.full(len(sizes), 0.5) if strata.accuracies is None else strata.accuracies
    deviation = np.sqrt(expected * (1 - expected))
    found = {
        "equal": np.ones(len(sizes)),
        "proportional": sizes,
        "neyman": sizes * deviation,
        "power": (sizes * expected) ** strata.power * deviation / expected,
    }[method]
    return np.asarray(np.where(sizes > 0, found, 0.0))


def _bounded(
    weights: NDArray[np.float64], least: NDArray[np.int64], most: NDArray[np.int64], total: int
) -> NDArray[np.float64]:
    """Return the shares clip(c w, least, most) whose sum is the total, with c solved for.

    The sum grows with c along straight lines between the factors at which a class meets a bound.
    """
    open_ = weights > 0
    bounds = np.concatenate([least[open_] / weights[open_], most[open_] / weights[open_]])
    factors = np.unique(np.concatenate([[0.0], bounds]))
    sums = np.array([np.clip(factor * weights, least, most).sum() for factor in factors])
    factor = np.interp(total, sums, factors)
    return np.asarray(np.clip(factor * weights, least, most), np.float64)


def _rounded(shares: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    whole = np.floor(shares + _SAME).astype(np.int64)
    order = np.argsort(-np.round(shares - whole, 9), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _random(total: int, strata: Strata, rng: np.random.Generator) -> NDArray[np.int64]:
    if strata.minimum:
        raise SampleError(
            f"A random draw cannot promise {strata.minimum} samples of each class.",
            fix="Choose another allocation, or no minimum.",
        )
    ends = np.cumsum(strata.sizes)
    everything = int(ends[-1])
    if total > everything // 2:
        return np.asarray(strata.sizes - _counts(everything - total, ends, rng))
    return _counts(total, ends, rng)


def _counts(wanted: int, ends: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Count by class the first `wanted` different ones of an endless draw."""
    drawn = np.empty(0, np.int64)
    while len(drawn) < wanted:
        more = np.concatenate([drawn, rng.integers(0, ends[-1], size=wanted)])
        _, first = np.unique(more, return_index=True)
        drawn = more[np.sort(first)]
    return np.bincount(np.searchsorted(ends, drawn[:wanted], side="right"), minlength=len(ends)).astype(np.int64)
