"""Designs of validation samples: how many pixels to look at, of which mapped class, for errors small enough.

The population is the map's pixels; its classes are the strata. Source: Olofsson et al. 2014, Remote Sens. Environ. 148,
42-57, doi 10.1016/j.rse.2014.02.015; Cochran 1977, Sampling Techniques, 3rd ed., Wiley.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.words import listed
from cropmap.data.accuracy import Z_95
from cropmap.data.legend import LegendClass
from cropmap.sampling.allocation import Strata, allocate, check_accuracies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.maps import ClassMap

_NEAR = 1.02  # times the wanted standard error: not worth a word
_FEWEST = 2  # of a stratum, or its variance could not be estimated
METHODS = ("olofsson", "proportional", "equal", "neyman")


@dataclass(frozen=True, eq=False)
class MapStrata:
    """The mapped classes as strata; those without a pixel are none.

    Args:
        classes: (stratum,).
        sizes: Pixels of each, N, (stratum,), int64, 1 and more.
        users: User's accuracy that is expected of each, U, (stratum,), float64, above 0 and below 1.

    Raises:
        SampleError: No class, or an accuracy that is not between 0 and 1.
    """

    classes: tuple[LegendClass, ...]
    sizes: NDArray[np.int64]
    users: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not self.classes:
            raise SampleError("The map has no pixel with a class.", fix="Choose a map of classes.")
        check_accuracies(self.users, [found.name for found in self.classes])

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of the map's pixels, W, (stratum,)."""
        return np.asarray(self.sizes / self.sizes.sum())


@dataclass(frozen=True)
class DesignWishes:
    """What a design is to achieve.

    Args:
        standard_error: Of the overall accuracy, above 0.
        allocation: One of `METHODS`.
        minimum: Least pixels of a class with "olofsson": what its proportional share falls short of. Classes with
            fewer pixels give all.
        margin: Half width of the 95 % interval of each class's user's accuracy; 0 for none.
        total: Pixels in all, instead of the number that follows from the standard error; 0 for that number.
    """

    standard_error: float = 0.01
    allocation: str = "olofsson"
    minimum: int = 50
    margin: float = 0.0
    total: int = 0


@dataclass(frozen=True, eq=False)
class Design:
    """How many pixels of each stratum, and the standard errors to expect.

    Args:
        strata: The mapped classes.
        counts: Pixels to look at, n, (stratum,), int64.
        needed: What equation 13 of Olofsson et al. asks for in all.
        overall_error: Standard error of the overall accuracy.
        users_error: Standard error of each user's accuracy, (stratum,).
        area_error: Standard error of each class's share of the area, (stratum,).
        notes: What the user should know.
    """

    strata: MapStrata
    counts: NDArray[np.int64]
    needed: int
    overall_error: float
    users_error: NDArray[np.float64]
    area_error: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @property
    def chances(self) -> NDArray[np.float64]:
        """The chance of each of a stratum's pixels to be drawn, n / N, (stratum,)."""
        return np.asarray(self.counts / self.strata.sizes)


def strata_of(found: ClassMap, expected: Mapping[str, float], otherwise: float) -> MapStrata:
    """Return a map's classes as strata.

    Args:
        found: The map.
        expected: User's accuracy that is expected of a class, by its name, whatever the case of its letters.
        otherwise: The same for classes that are not named.

    Raises:
        SampleError: A name that is none of the map's, or what `MapStrata` refuses.
    """
    named = {name.strip().casefold(): value for name, value in expected.items()}
    known = {each.name.strip().casefold() for each in found.legend.classes}
    strange = [name for name in expected if name.strip().casefold() not in known]
    if strange:
        raise SampleError(
            f"The map has no class {strange[0]!r}.",
            where="accuracies",
            fix=f"Its classes: {', '.join(found.legend.names)}.",
        )
    present = tuple(each for each in found.legend.classes if found.pixels.get(each.code, 0))
    users = [named.get(each.name.strip().casefold(), otherwise) for each in present]
    sizes = [found.pixels[each.code] for each in present]
    return MapStrata(present, np.array(sizes, np.int64), np.array(users, np.float64))


def make_design(strata: MapStrata, wishes: DesignWishes) -> Design:
    """Say how many pixels of each stratum are needed, and which errors are to be expected of them.

    Raises:
        SampleError: Minima that are more than the total that was asked for.
    """
    needed = sample_size(strata, wishes.standard_error)
    least = int(np.minimum(strata.sizes, wishes.minimum if wishes.allocation == "olofsson" else _FEWEST).sum())
    total = min(wishes.total or needed, int(strata.sizes.sum()))
    counts = _allocated(strata, wishes, total if wishes.total else max(total, least))
    if wishes.margin > 0:
        counts = np.maximum(counts, margin_sizes(strata, wishes.margin))
    overall, users, area = expected_errors(strata, counts)
    notes = _notes(strata, counts, total)
    if not wishes.total and overall > wishes.standard_error * _NEAR:
        notes += _remedy(strata, wishes, overall)
    return Design(strata, counts, needed, overall, users, area, notes)


def sample_size(strata: MapStrata, standard_error: float) -> int:
    """Return the pixels needed for a standard error of the overall accuracy: (sum W S)^2 / (e^2 + sum W S^2 / N).

    S = sqrt(U (1 - U)), and N counts all pixels. It is what an optimal (Neyman) allocation needs. Source: equation 13
    of Olofsson et al. 2014, after equation 5.25 of Cochran 1977.
    """
    spread = np.sqrt(strata.users * (1 - strata.users))
    exact = float((strata.shares * spread).sum() ** 2)
    exact /= standard_error**2 + float((strata.shares * spread**2).sum()) / int(strata.sizes.sum())
    return _up(exact)


def margin_sizes(strata: MapStrata, margin: float) -> NDArray[np.int64]:
    """Return the pixels of each class that hold its user's accuracy to +- margin with 95 % confidence, (stratum,).

    n0 = z^2 U (1 - U) / margin^2, and n = n0 / (1 + (n0 - 1) / N). Source: Cochran 1977, section 4.4.
    """
    return share_sizes(strata.users, margin, strata.sizes)


def share_sizes(
    shares: NDArray[np.float64], margin: float, sizes: NDArray[np.int64], z: float = Z_95
) -> NDArray[np.int64]:
    """Return how many must be drawn of each population to estimate a share to +- margin, (population,), int64.

    Args:
        shares: What each share may be, (population,).
        margin: Half width of the interval.
        sizes: Of the populations, (population,).
        z: Normal quantile of the interval.
    """
    endless = z * z * shares * (1 - shares) / margin**2
    exact = endless / (1 + (endless - 1) / sizes)
    return np.minimum([_up(value) for value in exact.tolist()], sizes).astype(np.int64)


def expected_errors(
    strata: MapStrata, counts: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the standard errors to expect of overall accuracy, user's accuracies, (stratum,), and areas, (stratum,).

    With p(k|i) the share of reference class k in what is mapped as i, each is that of a stratified estimate of a share,
    sqrt(sum W_i^2 p (1 - p) / n_i (N_i - n_i) / (N_i - 1)): equations 5, 6 and 10 of Olofsson et al. 2014 before the
    sample is there, and with the correction for a finite population (Cochran 1977, section 5.10). p(i|i) is the
    expected user's accuracy; how the errors fall on the other classes nobody knows, and they are shared out as these
    classes share the map: p(k|i) = (1 - U_i) W_k / (1 - W_i). The areas are estimated shares of the whole map.

    Args:
        strata: The mapped classes.
        counts: Pixels drawn of each, n, (stratum,), 1 and more.
    """
    weights = strata.shares
    finite = (strata.sizes - counts) / np.maximum(strata.sizes - 1, 1)
    scale = finite / counts
    users = strata.users * (1 - strata.users) * scale
    mixed = _expected_shares(strata)
    area = (weights[:, None] ** 2 * mixed * (1 - mixed) * scale[:, None]).sum(axis=0)
    return math.sqrt(float((weights**2 * users).sum())), np.sqrt(users), np.sqrt(area)


def _expected_shares(strata: MapStrata) -> NDArray[np.float64]:
    """Return p(k|i): the expected share of reference class k in what is mapped as i, (i, k)."""
    weights, users = strata.shares, strata.users
    if len(strata) == 1:
        return users[:, None]
    found = (1 - users)[:, None] * weights[None] / (1 - weights)[:, None]
    np.fill_diagonal(found, users)
    return np.asarray(found)


def _allocated(strata: MapStrata, wishes: DesignWishes, total: int) -> NDArray[np.int64]:
    olofsson = wishes.allocation == "olofsson"
    names = [found.name for found in strata.classes]
    minimum = wishes.minimum if olofsson else _FEWEST
    method = "proportional" if olofsson else wishes.allocation
    return allocate(method, total, Strata(strata.sizes, strata.users, minimum, names=names))


def _notes(strata: MapStrata, counts: NDArray[np.int64], total: int) -> tuple[str, ...]:
    whole = [
        f"{found.name!r} ({size})"
        for found, size, count in zip(strata.classes, strata.sizes.tolist(), counts.tolist(), strict=True)
        if count == size
    ]
    notes = [f"All pixels of classes with few are taken: {listed(whole)}."] if whole else []
    if counts.sum() > total:
        notes.append(f"{counts.sum()} points instead of {total}: the minimum or the margin of each class takes more.")
    return tuple(notes)


def _remedy(strata: MapStrata, wishes: DesignWishes, expected: float) -> tuple[str, ...]:
    """Say how many points this allocation needs for the standard error that was wanted."""
    low, high = 1, int(strata.sizes.sum())
    while low < high:
        middle = (low + high) // 2
        reached = _error(strata, wishes, middle) <= wishes.standard_error
        low, high = (low, middle) if reached else (middle + 1, high)
    note = (
        f"A standard error of {expected:.4f} is to be expected, not {wishes.standard_error:g}: the number of points is "
        f"that of the best allocation. With {wishes.allocation!r} it takes {low}."
    )
    return (note,)


def _error(strata: MapStrata, wishes: DesignWishes, total: int) -> float:
    try:
        return expected_errors(strata, _allocated(strata, wishes, total))[0]
    except SampleError:  # fewer than the minima
        return math.inf


def _up(value: float) -> int:
    # A hair above a whole number is that number, not the next one.
    return max(1, math.ceil(value - 1e-9))
