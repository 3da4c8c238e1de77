"""Several sample sets, of several sites or years, joined to one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import LegendError, SampleError, SourceError
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.data.ranges import band_ranges, check_units
from cropmap.data.samples import PLACE_GROUP, SampleSet
from cropmap.io.projection import crs_wkt, reproject_points
from cropmap.prepare.recipe import found_anew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.recipe import Recipe


def merge_samples(sets: Sequence[SampleSet], names: Sequence[str]) -> SampleSet:
    """Join sample sets that were prepared alike.

    Classes are matched by what their names mean ("corn" and "maize" are one); the first set's name, code and colour
    stay, new classes get the next free codes. Ids and groups are prefixed by the site, ids by the year too where one
    site comes several times: a field that has the same group in two years of a site stays one group. Coordinates of
    different reference systems are moved to longitude and latitude. The recipe is the first set's; parameters that a
    look at each site finds may differ.

    Args:
        sets: At least two.
        names: Site of each set; "" keeps the sites that the set's samples bear.

    Returns:
        The samples of all sets, in order.

    Raises:
        SampleError: Fewer than two sets, no site or one site and year twice, other features, steps or recipe, values of
            other units, or a set without a coordinate reference system among others that have one.
        LegendError: The classes of all sets do not fit in one legend.
    """
    if len(sets) < 2 or len(sets) != len(names):
        raise SampleError(f"{len(sets)} sample sets have {len(names)} names.", fix="Give two sets or more, named each.")
    sites = [_sites(own, name, place) for place, (own, name) in enumerate(zip(sets, names, strict=True), start=1)]
    for own, site in zip(sets[1:], sites[1:], strict=True):
        _check_alike(sets[0], own, site)
    prefixes = _prefixes(sets, sites)
    legend, lookups = _joined_legend([own.legend for own in sets])
    crs, places = _places(sets)
    first = sets[0]
    return SampleSet(
        values=np.concatenate([own.values for own in sets]),
        codes=np.concatenate([lookup[own.codes] for own, lookup in zip(sets, lookups, strict=True)]),
        ids=np.concatenate([_joined(prefix, own.ids) for own, prefix in zip(sets, prefixes, strict=True)]),
        x=np.concatenate([place[:, 0] for place in places]),
        y=np.concatenate([place[:, 1] for place in places]),
        groups=np.concatenate(
            [_groups(own, site, prefix) for own, site, prefix in zip(sets, sites, prefixes, strict=True)]
        ),
        days=first.days,
        bands=first.bands,
        legend=legend,
        recipe=first.recipe,
        crs=crs,
        masked=any(own.masked for own in sets),
        sites=np.concatenate(sites),
        years=np.concatenate([own.years for own in sets]),
    )


# ---------------------------------------------------------------- names


def _sites(own: SampleSet, name: str, place: int) -> NDArray[np.str_]:
    if name:
        return np.full(len(own), name)
    if (own.sites == "").any():
        raise SampleError(
            f"Set {place} does not say which site its samples lie in.", fix="Name the site of every sample set."
        )
    return own.sites


def _prefixes(sets: Sequence[SampleSet], sites: list[NDArray[np.str_]]) -> list[NDArray[np.str_]]:
    """Return what each sample's id is prefixed by: its site, and its year where the site comes in several sets."""
    held = [set(zip(site.tolist(), own.years.tolist(), strict=True)) for own, site in zip(sets, sites, strict=True)]
    twice = [key for key, count in Counter(key for keys in held for key in keys).items() if count > 1]
    if twice:
        site, year = twice[0]
        raise SampleError(
            f"Site {site!r} of {year} comes in two sets.",
            where=f"site {site}",
            fix="Name the sites apart (site of the sample job), or give each set once.",
        )
    often = Counter(site for keys in held for site in {site for site, _ in keys})
    prefixes = []
    for own, site in zip(sets, sites, strict=True):
        several = np.isin(site, [name for name, count in often.items() if count > 1])
        with_year = np.char.add(np.char.add(site, " "), own.years.astype(str))
        prefixes.append(np.where(several, with_year, site))
    return prefixes


def _joined(prefix: NDArray[np.str_], names: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.asarray(np.char.add(np.char.add(prefix, "/"), names))


def _groups(own: SampleSet, site: NDArray[np.str_], prefix: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the groups under their site; what stands alone, or shares but a place, must still be known as such."""
    _, group, counts = np.unique(own.groups, return_inverse=True, return_counts=True)
    alone = (counts[group] == 1) & ~own.grouped & ~np.char.startswith(own.groups, PLACE_GROUP)
    # The same point in another year of its site shares its place.
    lone = np.where(site == prefix, _joined(site, own.ids), np.char.add(PLACE_GROUP, _joined(site, own.ids)))
    place = np.char.add(PLACE_GROUP, _joined(site, np.char.lstrip(own.groups, PLACE_GROUP)))
    placed = np.char.startswith(own.groups, PLACE_GROUP)
    return np.select([alone, placed], [lone, place], _joined(site, own.groups))


# ---------------------------------------------------------------- what must be alike


def _check_alike(first: SampleSet, own: SampleSet, site: NDArray[np.str_]) -> None:
    where = f"site {site[0]}"
    told: list[tuple[str, Any, Any]] = [
        ("features", ", ".join(first.bands), ", ".join(own.bands)),
        ("days of season", _days(first), _days(own)),
        ("start of season", f"{first.recipe.season.start:%d %B}", f"{own.recipe.season.start:%d %B}"),
        ("steps", _steps(first.recipe), _steps(own.recipe)),
    ]
    for what, wanted, found in told:
        if wanted != found:
            raise SampleError(
                f"The sample sets differ in their {what}: {_short(wanted)}, and {_short(found)}.",
                where=where,
                fix="Sample all sites with one recipe and the same season of their years: give its start and end; left "
                "empty they are the first and last date of each site's images.",
            )
    try:
        check_units(
            band_ranges(first.values, first.bands), band_ranges(own.values, own.bands), what="The first set holds"
        )
    except SourceError as error:
        raise SampleError(
            "The sample sets' values are of other units: " + error.what.replace("the images hold", "this set holds"),
            where=f"{where}, {error.where}",
            fix="Sample it again with the images' scale and offset.",
        ) from error


def _days(own: SampleSet) -> str:
    days = own.days.tolist()
    shown = days if len(days) <= 12 else [*days[:3], "...", *days[-2:]]
    return f"{len(days)} steps ({', '.join(map(str, shown))})"


def _steps(recipe: Recipe) -> list[dict[str, Any]]:
    """Return the steps with their parameters, without those that a look at each site finds anew."""
    return [
        {"name": step.name, **{key: value for key, value in step.params.items() if key not in found}}
        for step, found in zip(recipe.steps, found_anew(recipe), strict=True)
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


# ---------------------------------------------------------------- classes


def _joined_legend(legends: list[Legend]) -> tuple[Legend, list[NDArray[np.uint8]]]:
    """Return one legend of all classes, and the new code of each set's old ones, (256,)."""
    classes = list(legends[0].classes)
    code_of = {canonical(found.name): found.code for found in reversed(classes)}
    lookups = []
    for legend in legends:
        lookup = np.full(256, NODATA, np.uint8)
        for found in legend.classes:
            meaning = canonical(found.name)
            if legend is legends[0]:
                lookup[found.code] = found.code
                continue
            if meaning not in code_of:
                code_of[meaning] = _free_code(classes)
                classes.append(LegendClass(code_of[meaning], found.name, found.colour))
            lookup[found.code] = code_of[meaning]
        lookups.append(lookup)
    return Legend(tuple(classes)), lookups


def _free_code(classes: list[LegendClass]) -> int:
    taken = {found.code for found in classes}
    free = [code for code in range(NODATA) if code not in taken]
    if not free:
        raise LegendError(
            f"The sample sets name over {NODATA} classes together.",
            fix="Give them one class scheme with fewer classes.",
        )
    return next((code for code in free if code > max(taken)), free[0])


# ---------------------------------------------------------------- places


def _places(sets: Sequence[SampleSet]) -> tuple[str, list[NDArray[np.float64]]]:
    """Return one CRS and the samples' coordinates in it, (sample, 2) each."""
    points = [np.column_stack([own.x, own.y]) for own in sets]
    systems = {own.crs for own in sets}
    if len(systems) == 1:
        return sets[0].crs, points
    if "" in systems:
        raise SampleError(
            "Some of the sample sets have no coordinate reference system, others have one.",
            fix="Give every sample set its own.",
        )
    target = crs_wkt("EPSG:4326")
    return target, [reproject_points(own, found.crs, target) for own, found in zip(points, sets, strict=True)]
