"""How far samples resemble each other: variograms of their series and of their classes."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.io.projection import length_text
from cropmap.sampling.blocks import BLOCK_M, FIELD_M
from cropmap.sampling.near import arc, metric_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cropmap.data.samples import SampleSet

MOST_SAMPLES = 5000
COMPONENTS = 3
BINS = 20
_LEAST_PAIRS = 30  # of a bin; Journel and Huijbregts 1978
_SHUFFLES = 199
_MOST_PAIRS = 100_000
_ROWS = 256  # of the table of pairs at a time
# Structure that makes up less of the variance than this tells nothing of the samples' independence.
_LEAST_STRUCTURE = 0.05
# From this share of the sill on, two samples count as independent: an exponential never reaches it.
_PRACTICAL = 0.95


@dataclass(frozen=True)
class Variogram:
    """Half the mean squared difference of two samples by their distance, and the model fitted to it.

    Args:
        lags_m: Mean distance of each bin's pairs, in metres, (bin,).
        values: Empirical semivariance, summed over the variables, (bin,).
        pairs: Number of pairs, (bin,).
        model: "exponential" or "spherical".
        nugget: Semivariance at distance 0.
        sill: Semivariance of independent samples.
        range_m: Distance at which the model reaches 95 % of its way to the sill (exponential) or the sill itself
            (spherical), in metres; NaN where no resemblance is found.
        goodness: Share of the weighted variation over the bins that the model explains, 0 .. 1.
        bounded: Whether the range lies within the distances looked at; else resemblance reaches at least so far.
    """

    lags_m: NDArray[np.float64]
    values: NDArray[np.float64]
    pairs: NDArray[np.int64]
    model: str = "exponential"
    nugget: float = math.nan
    sill: float = math.nan
    range_m: float = math.nan
    goodness: float = 0.0
    bounded: bool = True

    @property
    def found(self) -> bool:
        """Whether near samples resemble each other more than far ones do."""
        return math.isfinite(self.range_m)


@dataclass(frozen=True)
class Resemblance:
    """How far the samples of a set resemble each other.

    Args:
        series: Of the series' leading components, without the differences between the classes' means.
        classes: Of the classes: half the chance that two samples are of different classes, at most.
    """

    series: Variogram
    classes: Variogram

    @property
    def range_m(self) -> float:
        """The larger of both ranges, in metres; NaN where neither shows any."""
        found = [part.range_m for part in (self.series, self.classes) if part.found]
        return max(found, default=math.nan)

    @property
    def text(self) -> str:
        """The range in words."""
        if not math.isfinite(self.range_m):
            return "No resemblance of neighbours is found among the samples."
        far = max((part for part in (self.series, self.classes) if part.found), key=lambda part: part.range_m)
        reach = "up to" if far.bounded else "at least up to"
        return f"The samples resemble each other {reach} {length_text(far.range_m)}."


def resemblance(samples: SampleSet, rng: np.random.Generator) -> Resemblance:
    """Estimate how far samples of one site and year resemble each other.

    A test is too easy where a test sample resembles its neighbour in training in a way that its class alone does not
    explain (same soil, weather, farmer), or shares the neighbour's class more often than chance has it (same field).
    So two variograms are looked at: one of the first three principal components of the standardised series after the
    mean of each class and site and year is taken off, and one of the classes. The first is estimated robustly.

    Args:
        samples: At most 5,000 of them, drawn by `rng`, are looked at.
        rng: Draws them.
    """
    if len(samples) > MOST_SAMPLES:
        samples = samples.subset(np.sort(rng.choice(len(samples), MOST_SAMPLES, replace=False)))
    points = metric_points(samples.x, samples.y, samples.crs)
    _, part = np.unique(np.column_stack([samples.sites, samples.years.astype(str)]), axis=0, return_inverse=True)
    part = np.asarray(part).ravel()
    indicator = (samples.codes[:, None] == np.unique(samples.codes)).astype(np.float64)
    series = variogram(points, _components(samples, part), rng, part=part)
    return Resemblance(series, variogram(points, indicator, rng, part=part, robust=False))


def suggested_block_m(found: Resemblance) -> float:
    """Return an edge of blocks, in metres, to two digits: the range, but at least 1 km; 10 km where none is found.

    Blocks as large as the range leave few pairs of training and test sample within it (Roberts et al. 2017, Ecography
    40, 913-929; Valavi et al. 2019, Methods in Ecology and Evolution 10, 225-232).
    """
    if not math.isfinite(found.range_m):
        return BLOCK_M
    wanted = max(found.range_m, 2.5 * FIELD_M)
    digit = 10.0 ** (math.floor(math.log10(wanted)) - 1)
    return math.ceil(wanted / digit - 1e-9) * digit


def block_note(found: Resemblance, block_m: float) -> str:
    """Say whether blocks are as large as the distance up to which the samples resemble each other."""
    if not math.isfinite(found.range_m):
        return f"{found.text} Blocks of {length_text(block_m)} are not judged by it."
    if block_m >= 0.8 * found.range_m:
        return f"{found.text} Blocks of {length_text(block_m)} are large enough."
    return (
        f"{found.text} Blocks of {length_text(block_m)} are smaller, so the measured accuracy may be too high; blocks "
        f"of {length_text(suggested_block_m(found))} would be right."
    )


def variogram(
    points: NDArray[np.float64],
    values: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    part: NDArray[np.intp] | None = None,
    robust: bool = True,
) -> Variogram:
    """Estimate a variogram over bins of growing width, and fit a model with a nugget to it.

    The model is the better one of an exponential and a spherical one, by least squares weighted by pairs over squared
    distance, which suits bins that grow with distance. A range is told only where structure makes up 5 % of the sill or
    more and the pairs within half of it differ less than in any of 199 shuffles of the samples over their places.

    Args:
        points: As `metric_points` gives them, (sample, 2 or 3).
        values: (sample, variable); the variograms of the variables are summed.
        rng: Draws pairs and shuffles.
        part: Only pairs of one part (site, year) count, (sample,).
        robust: The estimator of the fourth power of the mean root difference, else the mean of squares.

    Source: Cressie and Hawkins 1980, Mathematical Geology 12, 115-125; Matheron 1963, Economic Geology 58, 1246-1266;
        weights after Pebesma 2004, Computers & Geosciences 30, 683-691.
    """
    part = np.zeros(len(points), np.intp) if part is None else part
    empirical = _empirical(points, np.asarray(values, np.float64), part, robust=robust)
    if len(empirical.lags_m) < 4 or not empirical.values.any():
        return empirical
    fitted = _fitted(empirical)
    structure = 1 - fitted.nugget / fitted.sill if fitted.sill > 0 else 0.0
    reach = fitted.range_m / 2
    if structure < _LEAST_STRUCTURE or not _nearer_alike(points, values, part, reach, rng):
        return dataclasses.replace(fitted, range_m=math.nan)
    return dataclasses.replace(
        fitted, range_m=arc(points, fitted.range_m), bounded=bool(fitted.range_m <= empirical.lags_m[-1])
    )


# ---------------------------------------------------------------- what varies


def _components(samples: SampleSet, part: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the leading components of the samples' differences from the mean of their class, (sample, component)."""
    rows = samples.values.reshape(len(samples), -1).astype(np.float64)
    _, own = np.unique(np.column_stack([part, samples.codes]), axis=0, return_inverse=True)
    own = np.asarray(own).ravel()
    sums = np.zeros((int(own.max()) + 1, rows.shape[1]))
    np.add.at(sums, own, rows)
    rows = rows - (sums / np.bincount(own)[:, None])[own]
    spread = rows.std(axis=0)
    rows = rows[:, spread > 0] / spread[spread > 0]
    if not rows.shape[1]:
        return np.zeros((len(samples), 1))
    _, vectors = np.linalg.eigh(rows.T @ rows)
    return np.asarray(rows @ vectors[:, : -COMPONENTS - 1 : -1])


# ---------------------------------------------------------------- the estimate


def _empirical(
    points: NDArray[np.float64], values: NDArray[np.float64], part: NDArray[np.intp], *, robust: bool
) -> Variogram:
    edges = _bin_edges(points, part)
    count, distance = np.zeros(BINS, np.int64), np.zeros(BINS)
    power = np.zeros((values.shape[1], BINS))
    for first, second, apart in _pairs(points, part, edges[-1]):
        place = np.searchsorted(edges, apart, side="left") - 1
        place = np.maximum(place, 0)
        count += np.bincount(place, minlength=BINS)
        distance += np.bincount(place, apart, BINS)
        for variable, column in enumerate(values.T):
            differs = np.abs(column[first] - column[second])
            power[variable] += np.bincount(place, np.sqrt(differs) if robust else differs**2, BINS)
    used = count >= _LEAST_PAIRS
    pairs, mean = count[used], power[:, used] / count[used]
    fourth = mean**4 / (2 * (0.457 + 0.494 / pairs + 0.045 / pairs**2))
    semivariance = fourth if robust else mean / 2
    return Variogram(distance[used] / pairs, semivariance.sum(axis=0), pairs)


def _bin_edges(points: NDArray[np.float64], part: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return edges of bins of equal ratio, (bin + 1,), from the nearest neighbours up to half of the widest part."""
    from scipy.spatial import KDTree

    widest, apart = 0.0, [np.empty(0)]
    for number in np.unique(part):
        own = points[part == number]
        widest = max(widest, float(np.linalg.norm(np.ptp(own, axis=0))))
        if len(own) > 1:
            apart.append(KDTree(own).query(own, k=2)[0][:, 1])
    neighbours = np.concatenate(apart)
    neighbours = neighbours[neighbours > 0]
    if not len(neighbours) or not widest:
        return np.geomspace(1.0, 2.0, BINS + 1)
    low = min(float(np.quantile(neighbours, 0.1)), widest / 4)
    return np.geomspace(low, widest / 2, BINS + 1)


def _pairs(
    points: NDArray[np.float64], part: NDArray[np.intp], limit: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Yield all pairs of one part up to a distance, some rows of the table of pairs at a time."""
    for start in range(0, len(points), _ROWS):
        own, others = points[start : start + _ROWS], points[start:]
        squared = np.zeros((len(own), len(others)))
        for axis in range(points.shape[1]):
            squared += np.subtract.outer(own[:, axis], others[:, axis]) ** 2
        counted = squared <= limit**2
        counted &= part[start : start + _ROWS, None] == part[start:]
        counted &= np.arange(len(own))[:, None] < np.arange(len(others))
        first, second = np.nonzero(counted)
        yield first + start, second + start, np.sqrt(squared[counted])


# ---------------------------------------------------------------- the model


def _exponential(lags: NDArray[np.float64], range_m: float) -> NDArray[np.float64]:
    return 1 - np.exp(math.log(1 - _PRACTICAL) * lags / range_m)


def _spherical(lags: NDArray[np.float64], range_m: float) -> NDArray[np.float64]:
    share = np.minimum(lags / range_m, 1.0)
    return 1.5 * share - 0.5 * share**3


_SHAPES = {"exponential": _exponential, "spherical": _spherical}


def _fitted(found: Variogram) -> Variogram:
    """Return the variogram with the best model: every range of a fine grid, nugget and sill in closed form."""
    weights = found.pairs / found.lags_m**2
    weights = weights / weights.sum()
    constant = float(weights @ found.values)
    flat = float(weights @ (found.values - constant) ** 2)
    best = (math.inf, "exponential", math.nan, 0.0, 0.0)
    for model, shape in _SHAPES.items():
        for reach in np.geomspace(found.lags_m[0], 2 * found.lags_m[-1], 200).tolist():
            curve = shape(found.lags_m, reach)
            nugget, rise = _line(curve, found.values, weights)
            left = float(weights @ (nugget + rise * curve - found.values) ** 2)
            best = min(best, (left, model, reach, nugget, rise))
    left, model, reach, nugget, rise = best
    goodness = 1 - left / flat if flat else 0.0
    return dataclasses.replace(
        found, model=model, nugget=nugget, sill=nugget + rise, range_m=reach, goodness=max(goodness, 0.0)
    )


def _line(curve: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return nugget and rise, neither below 0, with the least weighted squares; weights sum up to 1."""
    centre, level = float(weights @ curve), float(weights @ values)
    spread = float(weights @ (curve - centre) ** 2)
    rise = float(weights @ ((curve - centre) * (values - level))) / spread if spread else 0.0
    if rise <= 0:
        return level, 0.0
    nugget = level - rise * centre
    if nugget >= 0:
        return nugget, rise
    return 0.0, float(weights @ (curve * values)) / float(weights @ curve**2)


def _nearer_alike(
    points: NDArray[np.float64],
    values: NDArray[np.float64],
    part: NDArray[np.intp],
    reach: float,
    rng: np.random.Generator,
) -> bool:
    """Whether pairs up to a distance differ less than in every shuffle of the samples within their parts."""
    pairs = _near_pairs(points, reach)
    pairs = pairs[part[pairs[:, 0]] == part[pairs[:, 1]]]
    if len(pairs) < _LEAST_PAIRS:
        return False
    found = _difference(values, pairs)
    order = np.argsort(part, kind="stable")
    for _ in range(_SHUFFLES):
        drawn = rng.permutation(len(points))
        shuffled = np.empty(len(points), np.intp)
        # A random order first and a stable sort by part after it: each part's samples change places among themselves.
        shuffled[order] = drawn[np.argsort(part[drawn], kind="stable")]
        if _difference(values[shuffled], pairs) <= found:
            return False
    return True


def _near_pairs(points: NDArray[np.float64], reach: float) -> NDArray[np.intp]:
    """Return pairs up to a distance, (pair, 2); up to a shorter one where they are too many."""
    from scipy.spatial import KDTree

    tree = KDTree(points)
    while tree.count_neighbors(tree, reach) - len(points) > 2 * _MOST_PAIRS and reach > 0:
        reach /= 2
    return np.asarray(tree.query_pairs(reach, output_type="ndarray"))


def _difference(values: NDArray[np.float64], pairs: NDArray[np.intp]) -> float:
    return float(((values[pairs[:, 0]] - values[pairs[:, 1]]) ** 2).sum())
