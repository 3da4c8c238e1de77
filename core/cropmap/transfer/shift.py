"""How far a target lies from a source, measured without a label of the target."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError, TransferError
from cropmap.contract.words import counted, listed
from cropmap.data.class_names import canonical
from cropmap.data.greenness import greenness
from cropmap.data.package import ModelPackage, mask_position
from cropmap.data.recipe import Recipe
from cropmap.data.season import Season
from cropmap.models.predictor import Predictor
from cropmap.transfer.calendar_shift import CalendarShift, ShiftParams, find_shift
from cropmap.transfer.classes import codes_in
from cropmap.transfer.distances import (
    adjusted,
    domain_auc,
    effect_sizes,
    ks_distances,
    ks_exact_p,
    ks_p,
    mmd_test,
    total_variation,
)
from cropmap.transfer.lags import Lag, lag_of, mean_curves
from cropmap.transfer.priors import EM, estimate_shares
from cropmap.transfer.verdict import reasons_of, verdict_of

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.samples import SampleSet

ALL = "all"
# Fewer series of a crop give no steady mean curve.
_FEWEST_OF_A_CROP = 30
_FEWEST_SERIES = 10
_LARGE_DOUBT = 0.2


@dataclass(frozen=True, eq=False)
class Prepared:
    """How series were prepared, as far as two sites may differ.

    Args:
        bands: Feature names, in order.
        days: Day of season of each step, (step,).
        recipe: Season and steps; None where they are not known.
        masked: Whether a cloud mask told which observations are clear; None where it is not known.
    """

    bands: tuple[str, ...]
    days: NDArray[np.int32]
    recipe: Recipe | None = None
    masked: bool | None = None


@dataclass(frozen=True, eq=False)
class MeasureOptions:
    """How a shift is measured.

    Args:
        most_series: Drawn from each side where it has more, for distributions, curves and shares.
        most_rows: Likewise for the classifier of sites.
        most_points: Likewise for the discrepancy of kernel means.
        permutations: Of the test of that discrepancy.
        folds: Of the classifier.
        device: That the package's model predicts on.
        probabilities: Of the source's samples, (sample, class) in the package's columns, by models that had not learnt
            from them (`OutOfFold.probabilities`); None takes what the package itself says of them.
        prepared: How the target's series were prepared; None takes them to be prepared like the source's.
    """

    most_series: int = 10_000
    most_rows: int = 3_000
    most_points: int = 1_000
    permutations: int = 200
    folds: int = 5
    device: str = "cpu"
    probabilities: NDArray[np.float32] | None = None
    prepared: Prepared | None = None


@dataclass(frozen=True, eq=False)
class CurveDistance:
    """How far the mean curves of two sites are from each other, band by band.

    Args:
        source: Mean of the source's series, (step, band); NaN where none has a value.
        target: Mean of the target's, likewise.
        distance: D of the values of the two curves, whatever their dates, (band,), with a sign (`ks_distances`).
        p: Exact, (band,), as if the steps' means were independent.

    Source: Antonijević et al. 2023, doi:10.1186/s40537-023-00735-2, the test beside the mean curves of each band.
    """

    source: NDArray[np.float64]
    target: NDArray[np.float64]
    distance: NDArray[np.float64]
    p: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PixelDistance:
    """How far the values of two sites are from each other on each date, band by band.

    Args:
        distance: D of the series' values, (step, band), with a sign (`ks_distances`).
        p: Adjusted over all cells (`adjusted`), as if series were independent; with many it is always near 0.
        effect: Difference of the means in pooled standard deviations, (step, band).
        within: Mean absolute D of two halves of the source, parted by units: what is no shift at all.
    """

    distance: NDArray[np.float64]
    p: NDArray[np.float64]
    effect: NDArray[np.float64]
    within: float

    @property
    def mean(self) -> float:
        """Mean absolute D over all cells that have one."""
        return float(np.nanmean(np.abs(self.distance)))


@dataclass(frozen=True, eq=False)
class ShareGap:
    """How much the classes' shares differ.

    Args:
        names: The package's classes.
        source: Their shares among the source's samples, (class,).
        target: Shares that the model answers for the target's series, their season moved as fits it best, (class,).
        estimated: The same, corrected as if each class looked alike at both sites (`estimate_shares`, "em").
        gap: Total variation between source and target: 0 where the shares are equal, 1 where no class is shared.
        doubt: Total variation between the answers and the corrected shares; large where classes do not look alike.
    """

    names: tuple[str, ...]
    source: NDArray[np.float64]
    target: NDArray[np.float64]
    estimated: NDArray[np.float64]
    gap: float
    doubt: float


@dataclass(frozen=True, eq=False)
class Shift:
    """What was measured, and what it amounts to.

    Args:
        verdict: "low", "medium" or "high".
        reasons: Why, in plain sentences with the numbers.
        bands: Names of the bands compared.
        days: Day of season of each step, (step,).
        season: Of the source.
        curves: Mean curves.
        pixels: Distributions on each date.
        mmd2: Unbiased squared discrepancy of kernel means of standardised series; about 0 where nothing differs.
        mmd_p: How likely so large a one is by chance, whole units changing sides.
        auc: How well a classifier parts the sites on units that it has not seen.
        index: What calendars were read from.
        lags: Of the calendar: all series first, then crops.
        lag_days: What the verdict takes: the median of the crops' lags, or the lag of all series; NaN where none is
            known.
        model_shift: How the target's season would have to be moved for the model's answers to be the best; None without
            a package.
        shares: Class shares; None without a package.
        differences: What was prepared in another way.
        source_count: Series of the source that were looked at, and how many there are.
        target_count: Likewise of the target.
        unit_counts: Units of the source and of the target among those looked at.
        notes: What a reader should know of the measures.
    """

    verdict: str
    reasons: tuple[str, ...]
    bands: tuple[str, ...]
    days: NDArray[np.int32]
    season: Season
    curves: CurveDistance
    pixels: PixelDistance
    mmd2: float
    mmd_p: float
    auc: float
    index: str
    lags: tuple[Lag, ...]
    lag_days: float
    model_shift: CalendarShift | None
    shares: ShareGap | None
    differences: tuple[str, ...]
    source_count: tuple[int, int]
    target_count: tuple[int, int]
    unit_counts: tuple[int, int]
    notes: tuple[str, ...] = ()

    def date(self, step: int) -> dt.date:
        """Return the date of a step in the source's season."""
        return self.season.date(int(self.days[step]))


@dataclass(frozen=True, eq=False)
class _Side:
    """Series of one site that are looked at: as models see them, as values of the land, and what they belong to."""

    values: NDArray[np.float32]
    land: NDArray[np.float32]
    units: NDArray[Any]
    chosen: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Answers:
    """What a package says of the two sides: probabilities, the target's with its season moved as fits it best."""

    package: ModelPackage
    shift: CalendarShift
    source: NDArray[np.float32]
    target: NDArray[np.float32]


def measure_shift(
    source: SampleSet,
    series: NDArray[np.float32],
    units: tuple[NDArray[Any], NDArray[Any]],
    package: ModelPackage | None = None,
    seed: int = 0,
    options: MeasureOptions | None = None,
) -> Shift:
    """Measure how far a target lies from a source; no label of the target is read.

    Args:
        source: Labelled series of the source.
        series: Series of the target, prepared alike, (n, step, band), finite, drawn whatever their class.
        units: What each sample of the source and each series of the target belongs to, (sample,) and (n,): blocks of
            land or fields, whose series are alike. Tests and intervals count units.
        package: The source's model, which tells class shares and the calendar of each crop; None does without.
        seed: Of every draw.
        options: How much is looked at.

    Raises:
        TransferError: The target has other bands, steps or days than the source or the package.
        SampleError: Too few series or units of a side, or series that are not finite.
    """
    asked = options or MeasureOptions()
    _check(source, series, units, package, asked)
    rng = np.random.default_rng(seed)
    sides = (
        _side(source.values, source.bands, units[0], asked.most_series, rng),
        _side(series, source.bands, units[1], asked.most_series, rng),
    )
    mask = mask_position(source.bands)
    bands = tuple(band for place, band in enumerate(source.bands) if place != mask)
    answers = _answers(package, sides, seed, asked) if package else None
    index, lags = _lags(source, sides, bands, answers, rng)
    mmd, mmd_p = _discrepancy(sides, asked, rng)
    few = [_some(side, asked.most_rows, rng) for side in sides]
    features, numbers = _features(few, rng)
    shares = _shares(source, sides[0], answers) if answers else None
    differences = () if asked.prepared is None else differences_of(source, asked.prepared)
    measured = Shift(
        verdict="",
        reasons=(),
        bands=bands,
        days=source.days,
        season=source.recipe.season,
        curves=_curves(sides),
        pixels=_pixels(sides, rng),
        mmd2=mmd,
        mmd_p=mmd_p,
        auc=domain_auc(features, numbers, rng, asked.folds),
        index=index,
        lags=lags,
        lag_days=_decided(lags),
        model_shift=answers.shift if answers else None,
        shares=shares,
        differences=differences,
        source_count=(len(sides[0].values), len(source)),
        target_count=(len(sides[1].values), len(series)),
        unit_counts=(len(np.unique(sides[0].units)), len(np.unique(sides[1].units))),
        notes=_notes(source, series, sides, shares),
    )
    found = verdict_of(measured.mmd2, measured.lag_days)
    return dataclasses.replace(measured, verdict=found, reasons=reasons_of(measured))


def differences_of(source: SampleSet, target: Prepared) -> tuple[str, ...]:
    """Return in what the target's series were prepared in another way than the source's samples, in plain sentences."""
    found = []
    missing, more = (
        [band for band in one if band not in other]
        for one, other in ((source.bands, target.bands), (target.bands, source.bands))
    )
    if missing:
        found.append(f"The target lacks the bands {listed(missing)}.")
    if more:
        found.append(f"The target has the bands {listed(more)} besides.")
    if not missing and not more and source.bands != target.bands:
        found.append(f"The target's bands stand in another order: {listed(list(target.bands))}.")
    if source.days.tolist() != target.days.tolist():
        found.append(
            f"The source has {counted(len(source.days), 'step', 'steps')} on the days {_span(source.days)} of the "
            f"season, the target {len(target.days)} on the days {_span(target.days)}."
        )
    if target.masked is not None and target.masked != source.masked:
        with_mask = ("target", "source") if target.masked else ("source", "target")
        found.append(f"A cloud mask cleaned the {with_mask[0]}'s images, and none the {with_mask[1]}'s.")
    return (*found, *(_recipe_differences(source.recipe, target.recipe) if target.recipe else ()))


def _recipe_differences(one: Recipe, other: Recipe) -> list[str]:
    found = []
    if [(step.name, dict(step.params)) for step in one.steps] != [(s.name, dict(s.params)) for s in other.steps]:
        found.append(
            f"The series were prepared by other steps or settings: {one.name} ({_steps(one)}) at the source, "
            f"{other.name} ({_steps(other)}) at the target."
        )
    first, second = one.season.start, other.season.start
    # To the nearest year: the same season of another year begins on the same day of the year, or one beside it.
    apart = (second.timetuple().tm_yday - first.timetuple().tm_yday + 182) % 365 - 182
    if abs(apart) > 1:
        found.append(
            f"The target's season begins {counted(abs(apart), 'day', 'days')} {'later' if apart > 0 else 'earlier'} in "
            "the year; lags below count from each season's start."
        )
    if first.year != second.year:
        found.append(f"The source's season begins in {first.year}, the target's in {second.year}.")
    return found


def _steps(recipe: Recipe) -> str:
    return ", ".join(step.name for step in recipe.steps) or "no steps"


def _span(days: NDArray[np.int32]) -> str:
    return f"{days[0]} to {days[-1]}" if len(days) else "none"


# ---------------------------------------------------------------- what is looked at


def _check(
    source: SampleSet,
    series: NDArray[np.float32],
    units: tuple[NDArray[Any], NDArray[Any]],
    package: ModelPackage | None,
    asked: MeasureOptions,
) -> None:
    _check_prepared(source, series, package, asked)
    broken = int((~np.isfinite(series).all(axis=(1, 2))).sum())
    if broken:
        raise SampleError(
            f"{broken} of {len(series)} series of the target have values that are not finite.", fix="Leave them out."
        )
    for where, count, own in (("source", len(source), units[0]), ("target", len(series), units[1])):
        if count < _FEWEST_SERIES:
            raise SampleError(
                f"{counted(count, 'series does', 'series do')} not tell how a site looks.",
                where=where,
                fix=f"Give {_FEWEST_SERIES} at least, better some thousand.",
            )
        if len(own) != count:
            raise SampleError(f"{count} series have {len(own)} units.", where=where, fix="Give each series one.")
        if len(np.unique(own)) < 2:
            raise SampleError(
                "All series stand in one unit; a classifier cannot be tested on another.",
                where=where,
                fix="Give smaller units, such as blocks of land of 10 km.",
            )
    if asked.probabilities is not None and package is not None:
        wanted = (len(source), len(package.legend))
        if asked.probabilities.shape != wanted:
            raise SampleError(
                f"The source's probabilities have shape {asked.probabilities.shape}, not {wanted}.",
                fix="Give those of a cross-validation of the source's samples, in the package's columns.",
            )


def _check_prepared(
    source: SampleSet, series: NDArray[np.float32], package: ModelPackage | None, asked: MeasureOptions
) -> None:
    target = asked.prepared
    if target and (target.bands != source.bands or target.days.tolist() != source.days.tolist()):
        raise TransferError(
            " ".join(differences_of(source, dataclasses.replace(target, recipe=None, masked=None))),
            fix="Prepare both sites with one recipe and the same bands: other series cannot be compared.",
        )
    if series.ndim != 3 or series.shape[1:] != source.values.shape[1:]:
        raise TransferError(
            f"The target's series have shape {series.shape}, not (n, {len(source.days)}, {len(source.bands)}).",
            fix="Prepare them with the source's recipe and bands.",
        )
    if package:
        Predictor(package).check(source.bands, source.days)


def _side(
    values: NDArray[np.float32], bands: tuple[str, ...], units: NDArray[Any], most: int, rng: np.random.Generator
) -> _Side:
    chosen = np.sort(rng.permutation(len(values))[:most])
    own = values[chosen]
    mask = mask_position(bands)
    land = own
    if mask is not None:
        land = np.delete(np.where(own[:, :, [mask]] > 0, own, np.float32(np.nan)), mask, axis=2)
    return _Side(own, land, np.asarray(units)[chosen], chosen)


def _some(side: _Side, most: int, rng: np.random.Generator) -> _Side:
    chosen = np.sort(rng.permutation(len(side.values))[:most])
    return _Side(side.values[chosen], side.land[chosen], side.units[chosen], side.chosen[chosen])


def _features(
    sides: list[_Side], rng: np.random.Generator
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], tuple[NDArray[Any], NDArray[Any]]]:
    """Return both sides' series standardised together, (n, step x band), with straight lines over what was not seen.

    Each series also loses the steps that one of the other side misses, drawn by lot: how often images are cloudy is
    then the same on both sides, and no measure of the land.
    """
    first = len(sides[0].land)
    series = np.concatenate([side.land for side in sides]).astype(np.float64)
    hidden: NDArray[np.bool_] = np.logical_not(np.isfinite(series).any(axis=2))
    if hidden.any():
        others = np.r_[rng.integers(first, len(series), first), rng.integers(0, first, len(series) - first)]
        more = hidden | hidden[others]
        series[np.where(more.all(axis=1, keepdims=True), hidden, more)] = np.nan
    for place in np.flatnonzero(~np.isfinite(series).all(axis=(1, 2))):
        series[place] = _bridged(series[place])
    rows = series.reshape(len(series), -1)
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    rows[~known] = 0.0
    rows -= rows.sum(axis=0) / count
    rows[~known] = 0.0
    deviation = np.sqrt((rows**2).sum(axis=0) / count)
    rows /= np.where(deviation > 0, deviation, 1.0)
    return (rows[:first], rows[first:]), (sides[0].units, sides[1].units)


def _bridged(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one series, (step, band), with straight lines over its gaps; where nothing was seen it stays NaN."""
    steps = np.arange(len(series))
    found: NDArray[np.float64] = series.copy()
    for band in range(series.shape[1]):
        known = np.isfinite(series[:, band])
        if known.any():
            found[:, band] = np.interp(steps, steps[known], series[known, band])
    return found


# ---------------------------------------------------------------- measures


def _curves(sides: tuple[_Side, _Side]) -> CurveDistance:
    source, target = (mean_curves(side.land) for side in sides)
    both = np.isfinite(source) & np.isfinite(target)
    distance = ks_distances(np.where(both, source, np.nan), np.where(both, target, np.nan))
    p = [ks_exact_p(own, n) if n else math.nan for own, n in zip(distance.tolist(), both.sum(axis=0), strict=True)]
    return CurveDistance(source, target, distance, np.array(p))


def _pixels(sides: tuple[_Side, _Side], rng: np.random.Generator) -> PixelDistance:
    one, other = (side.land for side in sides)
    distance = ks_distances(one, other)
    p = ks_p(distance, len(one), len(other))
    _, numbers = np.unique(sides[0].units, return_inverse=True)
    half = (rng.permutation(int(numbers.max()) + 1) % 2 == 0)[numbers]
    within = float(np.nanmean(np.abs(ks_distances(one[half], one[~half]))))
    return PixelDistance(distance, adjusted(p), effect_sizes(one, other), within)


def _discrepancy(sides: tuple[_Side, _Side], asked: MeasureOptions, rng: np.random.Generator) -> tuple[float, float]:
    features, units = _features([_some(side, asked.most_points, rng) for side in sides], rng)
    found, p, _ = mmd_test(features, units, rng, asked.permutations)
    return found, p


def _answers(package: ModelPackage, sides: tuple[_Side, _Side], seed: int, asked: MeasureOptions) -> _Answers:
    predictor = Predictor(package, asked.device)
    target = sides[1].values
    shift = find_shift(package, target, ShiftParams(), seed, asked.device)
    given = asked.probabilities
    # The package's own days move another site; the source's season is that of the model.
    here = predictor.moved(0.0).probabilities(sides[0].values) if given is None else given[sides[0].chosen]
    return _Answers(package, shift, here, predictor.moved(shift.days).probabilities(target))


def _lags(
    source: SampleSet,
    sides: tuple[_Side, _Side],
    bands: tuple[str, ...],
    answers: _Answers | None,
    rng: np.random.Generator,
) -> tuple[str, tuple[Lag, ...]]:
    """Return what calendars are read from, and the lags of all series and of each crop that both sides have."""
    (index, one), (_, other) = (greenness(bands, side.land) for side in sides)
    lags = [lag_of(ALL, (one, other), (sides[0].units, sides[1].units), source.days, rng)]
    if answers is None:
        return index, tuple(lags)
    codes, likeliest = codes_in(answers.package, source.legend), answers.target.argmax(axis=1)
    for column, name in enumerate(answers.package.legend.names):
        mine, theirs = source.codes[sides[0].chosen] == codes[column], likeliest == column
        if min(int(mine.sum()), int(theirs.sum())) < _FEWEST_OF_A_CROP:
            continue
        units = (sides[0].units[mine], sides[1].units[theirs])
        lags.append(lag_of(name, (one[mine], other[theirs]), units, source.days, rng))
    return index, tuple(lags)


def _decided(lags: tuple[Lag, ...]) -> float:
    """Return the lag of the verdict: the median of the crops'; a mixture of crops has no calendar of its own."""
    crops = [lag.days for lag in lags[1:] if canonical(lag.name) != "other" and math.isfinite(lag.days)]
    return float(np.median(crops)) if crops else lags[0].days


def _shares(source: SampleSet, side: _Side, answers: _Answers) -> ShareGap:
    codes = codes_in(answers.package, source.legend).tolist()
    places = {code: column for column, code in enumerate(codes)}
    columns = np.array([places.get(code, -1) for code in source.codes[side.chosen].tolist()], np.intp)
    count = len(codes)
    learnt = np.bincount(columns[columns >= 0], minlength=count) / max(int((columns >= 0).sum()), 1)
    # The answers make the gap: on 14 real pairs of sites they were 0.14 from the true shares, corrected ones 0.43 to
    # 0.49, those of the source 0.25 (docs/transfer.md).
    answered = np.bincount(answers.target.argmax(axis=1), minlength=count) / len(answers.target)
    estimated = estimate_shares(answers.source, columns, answers.target, EM)
    apart = total_variation(learnt, answered), total_variation(answered, estimated)
    return ShareGap(answers.package.legend.names, learnt, answered, estimated, *apart)


# ---------------------------------------------------------------- words


def _notes(
    source: SampleSet, series: NDArray[np.float32], sides: tuple[_Side, _Side], shares: ShareGap | None
) -> tuple[str, ...]:
    found = []
    for where, used, there in (("source", sides[0], len(source)), ("target", sides[1], len(series))):
        if len(used.values) < there:
            found.append(f"{len(used.values):,} of the {where}'s {there:,} series were drawn by lot and looked at.")
    if shares and shares.doubt >= _LARGE_DOUBT:
        found.append(
            f"The target's shares as the model answers them and as they are corrected for its mistakes lie "
            f"{shares.doubt:.2f} apart (total variation): the classes do not look alike at the two sites. "
            "Take neither as sure, and let some labels judge a model that is corrected by estimated shares."
        )
    fewest = min(len(np.unique(side.units)) for side in sides)
    if fewest < 2 * MeasureOptions().folds:
        found.append(f"One side has {fewest} units of land only: the AUC, p values and intervals are rough.")
    return tuple(found)
