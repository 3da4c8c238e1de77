"""Samples from labelled series that bring their own dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA
from cropmap.data.recipe import Recipe
from cropmap.data.samples import LabelledSeries, SampleSet
from cropmap.data.scenes import SceneBlock
from cropmap.data.schemes import ClassScheme, scheme_of_names
from cropmap.data.season import Season
from cropmap.prepare.recipe import needs_look, prepare, settle
from cropmap.sampling.extract import dropped_notes, reasons
from cropmap.sampling.place import scheme_notes

if TYPE_CHECKING:
    from collections.abc import Sequence


# A look at a place and year takes as many samples as this, and no more than that, spread evenly over the table.
LOOK_AT_LEAST, LOOK_AT_MOST = 100, 4096
AT_A_TIME = 4096  # samples prepared together


def samples_from_series(
    table: LabelledSeries,
    recipe: Recipe,
    bands: Sequence[str] = (),
    *,
    scheme: ClassScheme | None = None,
    progress: Progress | None = None,
) -> SampleSet:
    """Prepare labelled series of any years as samples of one season.

    The recipe's season is moved to the year in which it holds most of a sample's dates, so that a crop year of 2007 and
    one of 2014 become the same days of season. Every finite value counts as clear.

    A recipe that looks at its site, as one that aligns peaks does, looks at each place and year by itself: samples that
    share all their dates are taken for one, and where fewer than 100 do, all such of a year. It is settled first on the
    largest of these; so what all share, such as the day that peaks are moved to, comes from there. That recipe is the
    samples' own, which a later map settles again for its site.

    Args:
        table: The series.
        recipe: How they are prepared.
        bands: Which bands, in this order; all where empty.
        scheme: Which labels become which classes; each label is a class of its own where None.
        progress: Told of dropped samples as warnings.

    Raises:
        SampleError: A band is missing, the scheme does not name a label or keeps none, or no series is usable.
    """
    progress = progress or Progress()
    chosen = _band_positions(table, bands)
    scheme = scheme or scheme_of_names(table.labels.tolist())
    table, codes, notes = _coded(table, scheme)
    calendars = _calendars(table, chosen, recipe)
    settled = _settled(recipe, calendars)
    cubes = [
        prepare(calendar.block(), own, calendar.season)
        for calendar, own in progress.over(list(zip(calendars, settled.each, strict=True)), "Preparing labelled series")
    ]
    order = np.concatenate([calendar.members for calendar in calendars])
    back = np.argsort(order)
    why = np.concatenate([reasons(cube) for cube in cubes])[back]
    notes = (*table.notes, *notes, *dropped_notes(codes, why, scheme.legend))
    for note in notes:
        progress.warn(note)
    kept = why == ""
    if not kept.any():
        raise SampleError(
            "None of the labelled series can be prepared.",
            where="; ".join(notes),
            fix="Check the recipe's season against the series' dates, or accept fewer clear dates.",
        )
    return SampleSet(
        values=np.ascontiguousarray(np.concatenate([cube.values for cube in cubes])[back][kept]),
        codes=codes[kept],
        ids=table.ids[kept],
        x=table.x[kept],
        y=table.y[kept],
        groups=table.groups[kept],
        days=cubes[0].days,
        bands=cubes[0].bands,
        legend=scheme.legend,
        recipe=settled.shared,
        crs=table.crs,
        sites=table.sites[kept],
        years=np.repeat(
            np.array([calendar.season.start.year for calendar in calendars], np.int16),
            [len(calendar.members) for calendar in calendars],
        )[back][kept],
    )


def _band_positions(table: LabelledSeries, bands: Sequence[str]) -> list[int]:
    missing = [band for band in bands if band not in table.bands]
    if missing:
        raise SampleError(
            f"The series have no band {missing[0]!r}.", where=table.where, fix=f"Bands: {', '.join(table.bands)}."
        )
    return [table.bands.index(band) for band in bands or table.bands]


def _coded(table: LabelledSeries, scheme: ClassScheme) -> tuple[LabelledSeries, NDArray[np.uint8], tuple[str, ...]]:
    """Return the series that the scheme keeps, their codes, and what it did."""
    try:
        codes = scheme.codes_of(table.labels)
    except SampleError as error:
        raise SampleError(error.what, where=table.where, fix=error.fix) from error
    kept = codes != NODATA
    notes = tuple(scheme_notes(scheme, table.labels.tolist()))
    if not kept.any():
        raise SampleError(
            "The scheme leaves out all labels.",
            where="; ".join((table.where, *notes)),
            fix="Name them under a class of the scheme.",
        )
    if kept.all():
        return table, codes, notes
    by_sample = ("values", "dates", "labels", "ids", "groups", "x", "y", "sites")
    return replace(table, **{name: getattr(table, name)[kept] for name in by_sample}), codes[kept], notes


@dataclass(frozen=True)
class _Calendar:
    """Samples that share all their dates, at most 4,096 of them: what is prepared at a time.

    Args:
        table: All series.
        bands: Positions of the bands used.
        members: Which samples, (member,).
        season: The recipe's season, in their year.
        sharing: How many samples share the dates, those of other parts included.
    """

    table: LabelledSeries
    bands: list[int]
    members: NDArray[np.intp]
    season: Season
    sharing: int

    def block(self) -> SceneBlock:
        """Return the members' series by date."""
        found = self.table.dates[self.members[0]]
        times = np.argsort(found, kind="stable")
        values = np.ascontiguousarray(self.table.values[self.members][:, times][:, :, self.bands])
        clear = np.asarray(np.isfinite(values).all(axis=2))
        return SceneBlock(values, clear, tuple(found[times].tolist()), self.names)

    @property
    def dates(self) -> bytes:
        """The dates, to tell calendars apart."""
        return bytes(self.table.dates[self.members[0]].tobytes())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands used."""
        return tuple(self.table.bands[band] for band in self.bands)


@dataclass(frozen=True)
class _Settled:
    """What all samples share of a recipe, and what each calendar's samples are prepared by."""

    shared: Recipe
    each: list[Recipe]


def _calendars(table: LabelledSeries, bands: list[int], recipe: Recipe) -> list[_Calendar]:
    found, owner = np.unique(table.dates, axis=0, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(owner.ravel()[order])) + 1)
    return [
        _Calendar(table, bands, mine[start : start + AT_A_TIME], recipe.season.nearest(dates.tolist()), len(mine))
        for mine, dates in zip(members, found, strict=True)
        for start in range(0, len(mine), AT_A_TIME)
    ]


def _settled(recipe: Recipe, calendars: list[_Calendar]) -> _Settled:
    """Settle the recipe for each place and year, if it must look at all."""
    if not needs_look(recipe):
        return _Settled(recipe, [recipe] * len(calendars))
    # What a calendar is looked at with: by itself, or with the others of its year.
    places = [calendar.dates if calendar.sharing >= LOOK_AT_LEAST else calendar.season.start for calendar in calendars]
    together: dict[object, list[_Calendar]] = {place: [] for place in places}
    for place, calendar in zip(places, calendars, strict=True):
        together[place].append(calendar)
    largest = max(together.values(), key=lambda mine: sum(len(calendar.members) for calendar in mine))
    shared = settle(recipe, _merged(largest), largest[0].season)
    own = {place: settle(shared, _merged(mine), mine[0].season) for place, mine in together.items()}
    return _Settled(shared, [own[place] for place in places])


def _merged(calendars: list[_Calendar]) -> SceneBlock:
    """Return series of all calendars' samples on all their dates, not clear where a sample has no such date."""
    table, bands = calendars[0].table, calendars[0].bands
    members = np.sort(np.concatenate([calendar.members for calendar in calendars]))
    members = members[:: -(-len(members) // LOOK_AT_MOST)]
    own = table.dates[members]
    dates = np.unique(own)
    values = np.full((len(members), len(dates), len(bands)), np.nan, np.float32)
    for time in range(own.shape[1]):
        series = table.values[members, time][:, bands]
        seen = np.flatnonzero(np.isfinite(series).all(axis=1))
        values[seen, np.searchsorted(dates, own[seen, time])] = series[seen]
    clear = np.asarray(np.isfinite(values[..., 0]))
    return SceneBlock(values, clear, tuple(dates.tolist()), calendars[0].names)
