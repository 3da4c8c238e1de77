"""Spectral indices, computed on the dates that the series has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.contract.params import param
from cropmap.data.bands import how_to_say, roles_of
from cropmap.kernels import fused_kernel
from cropmap.prepare import STEPS
from cropmap.prepare.index_formulas import FEATURE_SETS, FORMULAS, PAPER_BANDS, SHEET, Formula, weights
from cropmap.prepare.spyndex_indices import CatalogueIndex, compute, look_up
from cropmap.prepare.step import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from cropmap.data.cube import PixelSeries
    from cropmap.data.season import Season

POSSIBLE, LISTED = "possible", "listed"
CHOICES = (POSSIBLE, *FEATURE_SETS, LISTED)
FEATURES_HELP = (
    "possible: those of the sheet's ten bands and 38 indices that the images' bands allow. bands, paper38 (10 + 28), "
    "full48 (10 + 38), unique42 (10 + 32 that differ): sets of Antonijević et al.; long6: six bands and six indices of "
    "Long et al.; each needs all of its bands. listed: the indices that you name."
)
NAMES_HELP = (
    "With listed: cropmap's own indices, or any of the Awesome Spectral Indices catalogue where spyndex is installed."
)
ROLES_HELP = 'Bands whose names do not tell what they are, each as "role=band": "red=B4".'

TINY = 1e-6  # a denominator closer to 0 gives no value
TILE = 64  # dates computed side by side
CHUNK = 1 << 16  # dates that the catalogue's formulas take at a time


@dataclass(frozen=True)
class IndicesParams:
    """Which indices, and which bands beside them."""

    features: str = param(POSSIBLE, choices=CHOICES, help=FEATURES_HELP)
    names: list[str] = param([], kind="texts", help=NAMES_HELP)
    keep_bands: bool = param(
        default=True,
        help="Put the bands before the indices: those of the set; with listed, all that there are.",
    )
    roles: list[str] = param([], kind="texts", title="Band roles", help=ROLES_HELP, advanced=True)


class Indices(Step):
    """Makes other features of the same dates."""

    def __init__(self, params: IndicesParams) -> None:
        self.params = params

    def bands(self, bands: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the bands that are kept, then those of the indices.

        Raises:
            RecipeError: A band that is needed is not known, or two features would have one name.
        """
        return _plan(self.params, bands).names(bands)

    def apply(self, series: PixelSeries, season: Season) -> PixelSeries:
        """Return the features on the series' own dates; NaN, on a clear date too, where a formula has no value."""
        del season
        plan = _plan(self.params, series.bands)
        pixels, dates, bands = series.values.shape
        values = series.values.reshape(pixels * dates, bands)
        made = np.empty((len(values), len(plan.kept) + len(plan.indices)), np.float32)
        missing = np.zeros(len(values), np.bool_)
        _compute(values, made, missing, plan.program())
        for start in range(0, len(values) if plan.catalogued else 0, CHUNK):
            rows = slice(start, start + CHUNK)
            _add_catalogued(plan, values[rows], made[rows], missing[rows])
        return dataclasses.replace(
            series,
            values=made.reshape(pixels, dates, made.shape[1]),
            bands=plan.names(series.bands),
            holes=series.holes or bool((missing & series.clear.reshape(-1)).any()),
        )


@STEPS.register(
    "indices",
    title="Spectral indices",
    params=IndicesParams,
    citation="Antonijević et al. 2023; Long et al. 2026; Montero et al. 2023",
)
def indices(params: IndicesParams) -> Step:
    """Compute spectral indices on each date, before or after resampling.

    Where a denominator vanishes the index is missing on that date, and resampling fills it from its neighbours.

    Raises:
        RecipeError: Names without `listed`, or `listed` without names.
    """
    if bool(params.names) != (params.features == LISTED):
        raise RecipeError(
            f"The names {', '.join(params.names) or '(none)'} do not go with the features {params.features!r}.",
            where="names",
            fix='Choose features "listed" and name the indices, or leave the names out.',
        )
    return Indices(params)


class Program(NamedTuple):
    """Formulas as arrays; a tuple, because Numba takes those.

    Roles are numbered by their column; one more stands for the number 1. Sums are runs of terms: of index i the top are
    those from `bounds[2 i]` on, the bottom those from `bounds[2 i + 1]` on, up to `bounds[2 i + 2]`.

    Args:
        kept: Position of each band that is kept, (kept,).
        columns: Position of each role's band, (role,).
        factors: Of each term, (term,), float64.
        terms: Role of each term, (term,).
        bounds: Where sums begin, (2 index + 1,).
        times: Role that each ratio is multiplied by, (index,).
        targets: Feature that each index becomes, (index,).
        limits: Offset, lowest and highest value of each index, (index, 3), float64.
    """

    kept: NDArray[np.intp]
    columns: NDArray[np.intp]
    factors: NDArray[np.float64]
    terms: NDArray[np.intp]
    bounds: NDArray[np.intp]
    times: NDArray[np.intp]
    targets: NDArray[np.intp]
    limits: NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """What is made of a series' bands.

    Args:
        kept: Position of each band that is kept.
        indices: In the order of the features, behind the bands.
        roles: Role to position among the bands.
    """

    kept: tuple[int, ...]
    indices: tuple[Formula | CatalogueIndex, ...]
    roles: Mapping[str, int]

    @property
    def catalogued(self) -> list[tuple[int, CatalogueIndex]]:
        """The indices that spyndex computes, each with its feature's number."""
        numbered = enumerate(self.indices, len(self.kept))
        return [(number, index) for number, index in numbered if isinstance(index, CatalogueIndex)]

    def names(self, bands: Sequence[str]) -> tuple[str, ...]:
        """Return the features' names."""
        return (*(bands[place] for place in self.kept), *(index.name for index in self.indices))

    def program(self) -> Program:
        """Return the formulas that are our own as arrays."""
        numbered = enumerate(self.indices, len(self.kept))
        own = [(number, index) for number, index in numbered if isinstance(index, Formula)]
        used = sorted({role for _, formula in own for role in formula.roles})
        column = {role: place for place, role in enumerate([*used, ""])}  # the last stands for the number 1
        sums = [weights(text) for _, formula in own for text in (formula.top, formula.bottom)]
        return Program(
            kept=np.array(self.kept, np.intp),
            columns=np.array([self.roles[role] for role in used], np.intp),
            factors=np.array([factor for each in sums for factor in each.values()], np.float64),
            terms=np.array([column[role] for each in sums for role in each], np.intp),
            bounds=np.cumsum([0, *(len(each) for each in sums)], dtype=np.intp),
            times=np.array([column[formula.times] for _, formula in own], np.intp),
            targets=np.array([number for number, _ in own], np.intp),
            limits=np.array([(formula.offset, *formula.clip) for _, formula in own], np.float64).reshape(-1, 3),
        )


def _plan(params: IndicesParams, bands: tuple[str, ...]) -> Plan:
    """Work out what is made of the bands, or say why it cannot be."""
    roles = roles_of(bands, params.roles)
    if params.features == LISTED:
        kept: Iterable[int] = range(len(bands))
        made: tuple[Formula | CatalogueIndex, ...] = tuple(
            FORMULAS.get(name) or look_up(name, FORMULAS) for name in params.names
        )
        _require(made, (), roles, bands)
    elif params.features == POSSIBLE:
        kept = [roles[role] for role in PAPER_BANDS if role in roles]
        made = tuple(formula for formula in SHEET if formula.roles <= roles.keys())
    else:
        chosen = FEATURE_SETS[params.features]
        made = chosen.formulas
        _require(made, chosen.roles, roles, bands)
        kept = [roles[role] for role in chosen.roles]
    plan = Plan(tuple(kept) if params.keep_bands else (), made, roles)
    _check_names(plan.names(bands), bands)
    return plan


def _require(
    made: Iterable[Formula | CatalogueIndex], kept: Iterable[str], roles: Mapping[str, int], bands: Sequence[str]
) -> None:
    """Refuse what needs roles that no band plays."""
    wanted = {role for index in made for role in index.roles} | set(kept)
    missing = sorted(wanted - roles.keys())
    if not missing:
        return
    possible = [formula.name for formula in FORMULAS.values() if formula.roles <= roles.keys()]
    impossible = [index.name for index in made if not index.roles <= roles.keys()]
    raise RecipeError(
        f"No band is known to be {', '.join(missing)}: {_listed(impossible)} cannot be made.",
        where=f"bands: {', '.join(bands)}",
        fix=f'{how_to_say(missing)} Or choose features "possible", or "listed" with names of those that can be made: '
        f"{_listed(possible)}.",
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"


def _check_names(names: Sequence[str], bands: Sequence[str]) -> None:
    """Refuse no feature at all, and two of one name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise RecipeError(
            f"The features {', '.join(twice)} come twice." if twice else "There would be no feature at all.",
            where=f"bands: {', '.join(bands)}",
            fix="Name each index once, and set keep_bands to false where a band has an index's name."
            if twice
            else "Keep the bands, choose features with indices, or say by roles which band is which.",
        )


def _add_catalogued(
    plan: Plan, values: NDArray[np.float32], made: NDArray[np.float32], missing: NDArray[np.bool_]
) -> None:
    """Fill in the catalogue's indices of some dates."""
    numbered = plan.catalogued
    used = sorted({role for _, index in numbered for role in index.roles})
    columns = {role: values[:, plan.roles[role]].astype(np.float64) for role in used}
    for (number, _), column in zip(numbered, compute([index for _, index in numbered], columns), strict=True):
        made[:, number] = column
        missing |= np.isnan(column)


@fused_kernel
def _compute(
    values: NDArray[np.float32], made: NDArray[np.float32], missing: NDArray[np.bool_], program: Program
) -> None:
    """Fill in the bands kept and our own indices of every date, and which dates lack one.

    Args:
        values: (date, band), reflectances 0..1.
        made: (date, feature).
        missing: (date,).
        program: The formulas.

    Dates are taken by tiles, role by role, so that each term of a sum is one run over a tile, in whole vectors. All of
    a tile is always computed: a date gives the same bytes wherever it stands.
    """
    roles, count = len(program.columns), len(program.targets)
    tile, ready = np.ones((roles + 1, TILE)), np.empty((count, TILE), np.float32)
    sums, lacking = np.empty((2, TILE)), np.empty(TILE)
    for start in range(0, len(values), TILE):
        filled = min(TILE, len(values) - start)
        for lane in range(filled):
            for role in range(roles):
                tile[role, lane] = values[start + lane, program.columns[role]]
        lacking[:] = 0
        for index in range(count):
            _add_up(tile, program, 2 * index, sums[0])
            _add_up(tile, program, 2 * index + 1, sums[1])
            _divide(sums, tile[program.times[index]], program.limits[index], (ready[index], lacking))
        for lane in range(filled):
            row = start + lane
            for place in range(len(program.kept)):
                made[row, place] = values[row, program.kept[place]]
            for index in range(count):
                made[row, program.targets[index]] = ready[index, lane]
            missing[row] = np.isnan(lacking[lane])


@fused_kernel
def _add_up(tile: NDArray[np.float64], program: Program, number: int, total: NDArray[np.float64]) -> None:
    """Fill in one sum of roles, for every date of a tile."""
    total[:] = 0
    for term in range(program.bounds[number], program.bounds[number + 1]):
        factor, column = program.factors[term], tile[program.terms[term]]
        for lane in range(TILE):
            total[lane] += factor * column[lane]


@fused_kernel
def _divide(
    sums: NDArray[np.float64],
    times: NDArray[np.float64],
    limits: NDArray[np.float64],
    result: tuple[NDArray[np.float32], NDArray[np.float64]],
) -> None:
    """Fill in one index, from its top and bottom, for every date of a tile; make NaN of `lacking` where it is NaN."""
    ready, lacking = result
    offset, low, high = limits[0], limits[1], limits[2]
    for lane in range(TILE):
        top, bottom, factor = sums[0, lane], sums[1, lane], times[lane]
        value = factor * top / bottom + offset
        value = low if value < low else value  # noqa: FURB136 - `max` would take NaN for low
        value = high if value > high else value  # noqa: FURB136
        value = np.nan if abs(bottom) < TINY or abs(factor) < TINY else value
        ready[lane] = value
        lacking[lane] += 0 * value
