"""Series of a simulated site without its images: the calendar, soil, mix of crops and noise are known.

>>> from cropmap.testing.series import draw_series
>>> from cropmap.testing.synthetic import SyntheticOptions
>>> source = draw_series({"Corn": 40, "Soybean": 40}, SyntheticOptions(seed=1))
>>> late = draw_series({"Corn": 60, "Soybean": 20}, SyntheticOptions(seed=2, season_shift_days=21))
>>> source.values.shape, late.counts()["Corn"]
((80, 18, 6), 60)

Images, clouds and mixed pixels come from `testing.synthetic`; this is for what asks for many sites in a second.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import ParameterError, Problem
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.testing.images import SENSORS, day_of_year
from cropmap.testing.mixtures import PIXEL_M
from cropmap.testing.noise import stream
from cropmap.testing.phenology import BANDS, NAMES, UNCLASSED, FieldYears, Parts, Variation, field_years, reflectance
from cropmap.testing.synthetic import SyntheticOptions, season_crops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Pixels of one field, which share its timing, vigour, colour and soil.
FIELD_PIXELS = 3
# Before the first crop is green and after the last field is ploughed: what is later or earlier stays in sight.
_FIRST, _LAST = (3, 15), (11, 20)
_CODES = {name: code for code, name in NAMES.items() if code not in UNCLASSED}
# White noise of a value, gain of a date, tint of a date and band; as `testing.images` has them.
_WHITE, _GAIN, _TINT = 0.006, 0.02, 0.012


def draw_series(counts: Mapping[str, int], options: SyntheticOptions, step_days: int = 14) -> SampleSet:
    """Draw labelled series of pure, cloudless pixels.

    Any class of `NAMES` but roads, houses and gardens grows at any site, by the site's calendar and on its soil. The
    legend is always the same, so that samples of two sites belong together.

    Args:
        counts: Samples of each class, by name.
        options: What the site is like: site, year, seed, sensor, season_shift_days, soil_brightness, variation and
            noise count; the others are for images. Another seed draws other fields of the same images: the gain of a
            date is that of a site, a year and a sensor.
        step_days: Days from one step to the next, from 15 March to 20 November of the options' year.

    Returns:
        The samples, class by class, their fields as groups, in the site's CRS; their site is its name and seed. Equal
        arguments give equal bytes on one machine.

    Raises:
        ParameterError: A class that the simulated world does not have.
    """
    strange = sorted(set(counts) - set(_CODES))
    if strange:
        problem = Problem("counts", f"There is no class {strange[0]!r}.", f"Choose of: {', '.join(sorted(_CODES))}.")
        raise ParameterError([problem], where="series")
    names = np.repeat(np.array(list(counts)), list(counts.values()))
    season = Season(dt.date(options.year, *_FIRST), dt.date(options.year, *_LAST))
    days = season.nodes(step_days)
    field = _fields(names)
    legend = legend_from_names(sorted(_CODES))
    code = {own.name: own.code for own in legend.classes}
    x, y = _places(field, options)
    ids = np.char.add(f"{options.site} {options.seed} ", np.arange(len(names)).astype(np.str_))
    return SampleSet(
        values=_values(names, field, [day_of_year(season.date(day)) for day in days.tolist()], options),
        codes=np.array([code[name] for name in names.tolist()], np.uint8),
        ids=ids,
        x=x,
        y=y,
        groups=np.char.add(f"{options.site} {options.seed} field ", field.astype(np.str_)),
        days=days,
        bands=BANDS,
        legend=legend,
        recipe=Recipe("own", season, (StepUse("linear", {"days": days.tolist()}),)),
        crs=crs_wkt(f"EPSG:{options.traits.epsg}"),
        sites=np.full(len(names), f"{options.site} {options.seed}"),
    )


def _fields(names: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return the number of each sample's field: every few samples of a class one."""
    first = np.ones(len(names), np.bool_)
    first[1:] = names[1:] != names[:-1]
    starts = np.flatnonzero(first)
    place = np.arange(len(names)) - starts[np.cumsum(first) - 1]
    return np.asarray(np.cumsum(place % FIELD_PIXELS == 0) - 1)


def _places(field: NDArray[np.intp], options: SyntheticOptions) -> tuple[NDArray[np.float64], ...]:
    """Return x and y of every sample: fields lie anywhere in the site's square, their pixels side by side."""
    rng = stream(options.seed, "series places", options.site)
    edge = options.size * PIXEL_M
    corners = rng.uniform(0, edge - FIELD_PIXELS * PIXEL_M, (int(field.max(initial=-1)) + 1, 2))
    aside = PIXEL_M * (np.arange(len(field)) % FIELD_PIXELS)
    return options.traits.west + corners[field, 0] + aside, options.traits.north - corners[field, 1]


def _values(
    names: NDArray[np.str_], field: NDArray[np.intp], days: list[int], options: SyntheticOptions
) -> NDArray[np.float32]:
    """Return reflectance, (sample, step, band), on days of year."""
    count = len(names)
    rng = stream(options.seed, "series", options.site, options.year)
    spread = options.variation
    covers = np.array([_CODES[name] for name in names.tolist()], np.uint8)[np.unique(field, return_index=True)[1]]
    later, vigour, soil = (rng.normal(size=count) * size * spread for size in (3.0, 0.08, 0.13))
    parts = Parts(
        field.astype(np.int32),
        *(own.astype(np.float32) for own in (later, np.clip(1 + vigour, 0.4, 1.25), np.exp(soil))),
    )
    years = _years(covers, options)
    values = np.stack([reflectance(years, parts, day).T for day in days], axis=1)
    air = stream(0, "series air", options.site, options.year, options.sensor)
    gain = np.array(SENSORS[options.sensor].gain) * (1 + options.noise * air.normal(0, _GAIN, (len(days), 1)))
    gain = gain * (1 + options.noise * air.normal(0, _TINT, gain.shape))
    white = rng.normal(0, _WHITE * options.noise, values.shape)
    return np.asarray(values * gain + white, np.float32)


def _years(covers: NDArray[np.uint8], options: SyntheticOptions) -> FieldYears:
    mean = Variation()
    between = (mean.timing_days, mean.length_days, mean.vigour, mean.colour, mean.soil)
    blue, green, red, nir, swir1, swir2 = (own * options.soil_brightness for own in options.traits.soil)
    return field_years(
        covers,
        season_crops(options),
        (blue, green, red, nir, swir1, swir2),
        stream(options.seed, "series fields", options.site, options.year),
        Variation(*(own * options.variation for own in between)),
    )
