"""Samples from series that bring their own dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import LabelledSeries
from cropmap.data.scenes import SceneBlock
from cropmap.data.schemes import scheme_of
from cropmap.data.season import Season
from cropmap.io.series_table import read_series_table
from cropmap.prepare.recipe import make_recipe, settle
from cropmap.sampling.from_series import samples_from_series

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
RECIPE = Recipe(
    "linear",
    Season(dt.date(2013, 9, 1), dt.date(2013, 11, 30)),
    (StepUse("enough_clear", {"min_clear": 2, "max_gap_days": 0}), StepUse("linear", {"step_days": 10})),
)


def ramp(year, offset, length=12):
    """Dates every eight days of a year's autumn, and the day of season as a value."""
    start = np.datetime64(f"{year}-09-01")
    days = offset + 8 * np.arange(length)
    return start + days, days.astype(np.float32)


def table(years, **changes):
    made = [ramp(year, position) for position, year in enumerate(years)]
    values = np.stack([days for _, days in made])[:, :, None]
    count = len(years)
    columns = {
        "values": np.concatenate([values, -values], axis=2).astype(np.float32),
        "dates": np.stack([dates for dates, _ in made]),
        "labels": np.array(["wheat", "maize"] * count)[:count],
        "ids": np.arange(count).astype(str),
        "groups": np.arange(count).astype(str),
        "x": np.zeros(count),
        "y": np.zeros(count),
        "bands": ("up", "down"),
        "crs": "",
    }
    return LabelledSeries(**(columns | changes))


def test_each_year_becomes_days_of_the_same_season():
    samples = samples_from_series(table([2007, 2013, 2020, 2007]), RECIPE)
    assert samples.days.tolist() == list(range(0, 91, 10))
    # The value is the day: from the first date on, the line gives the step's day itself.
    for position in range(4):
        expected = np.clip(np.arange(0, 91, 10), position, position + 88)
        np.testing.assert_allclose(samples.values[position, :, 0], expected, atol=1e-4)
    assert samples.ids.tolist() == ["0", "1", "2", "3"]
    assert samples.codes.tolist() == [1, 0, 1, 0]


def test_unsorted_dates_are_put_in_order():
    plain = table([2013, 2013])
    mixed = np.random.default_rng(0).permutation(12)
    shuffled = table([2013, 2013], values=plain.values[:, mixed], dates=plain.dates[:, mixed])
    np.testing.assert_array_equal(
        samples_from_series(shuffled, RECIPE).values, samples_from_series(plain, RECIPE).values
    )


def test_a_calendar_of_many_samples_is_prepared_in_parts_without_a_trace(monkeypatch):
    whole = samples_from_series(table([2013, 2014] * 9), RECIPE)
    monkeypatch.setattr("cropmap.sampling.from_series.AT_A_TIME", 4)
    parts = samples_from_series(table([2013, 2014] * 9), RECIPE)
    np.testing.assert_array_equal(parts.values, whole.values)
    assert parts.ids.tolist() == whole.ids.tolist()


def test_bands_are_chosen_by_name_and_in_that_order():
    samples = samples_from_series(table([2013]), RECIPE, bands=("down",))
    assert samples.bands == ("down",)
    np.testing.assert_allclose(samples.values[0, :, 0], -np.clip(np.arange(0, 91, 10), 0, 88), atol=1e-4)
    with pytest.raises(SampleError, match=r"no band 'nir'.*Bands: up, down\."):
        samples_from_series(table([2013]), RECIPE, bands=("nir",))


def test_a_missing_value_is_not_clear_but_bridged():
    made = table([2013])
    values = made.values.copy()
    values[0, 5, 0] = np.nan
    samples = samples_from_series(table([2013], values=values), RECIPE)
    np.testing.assert_allclose(samples.values[0, :, 0], np.clip(np.arange(0, 91, 10), 0, 88), atol=1e-4)


def test_useless_series_are_dropped_with_a_warning():
    made = table([2013, 2013, 2013])
    values = made.values.copy()
    values[1] = np.nan
    told = []
    samples = samples_from_series(table([2013, 2013, 2013], values=values), RECIPE, progress=Progress(warn=told.append))
    assert samples.ids.tolist() == ["0", "2"]
    assert told == ["1 of 3 samples dropped, no clear date in the season: 1 of class 'maize'."]
    values[:] = np.nan
    with pytest.raises(SampleError, match=r"None of the labelled series.*Check the recipe's season"):
        samples_from_series(table([2013, 2013, 2013], values=values), RECIPE)


def test_a_given_scheme_decides_the_codes():
    scheme = scheme_of("maize = corn; rye = rye; wheat = wheat")
    assert samples_from_series(table([2013, 2013]), RECIPE, scheme=scheme).codes.tolist() == [2, 0]
    with pytest.raises(SampleError, match=r"names no class for 1 label: 'wheat'.*Add them to a class"):
        samples_from_series(table([2013, 2013]), RECIPE, scheme=scheme_of("maize = maize"))


def test_series_that_the_scheme_leaves_out_are_not_prepared():
    told = []
    scheme = scheme_of("maize = maize; rest = left out")
    samples = samples_from_series(table([2013, 2013]), RECIPE, scheme=scheme, progress=Progress(warn=told.append))
    whole = samples_from_series(table([2013, 2013]), RECIPE)
    assert samples.ids.tolist() == ["1"]
    np.testing.assert_array_equal(samples.values[0], whole.values[1])
    assert told == ["Left out: 'wheat'."]
    with pytest.raises(SampleError, match="leaves out all labels"):
        samples_from_series(table([2013, 2013]), RECIPE, scheme=scheme_of("rye = rye; rest = left out"))


@pytest.mark.parametrize(
    ("name", "start", "end", "count"),
    [
        ("sits_sinop/samples_modis_ndvi_1218.npz", "2013-09-14", "2014-08-29", 1218),
        ("cbers_w_bahia/cbers_samples_922.npz", "2018-08-29", "2019-08-13", 922),
    ],
)
def test_published_series_of_all_years_are_prepared(name, start, end, count):
    if not (DATA / name).is_file():
        pytest.skip(f"needs ../shared/data/{name}")
    season = Season(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    recipe = make_recipe("weekly_linear", {"start": start, "end": end}, [season.start, season.end])
    read = read_series_table(DATA / name)
    samples = samples_from_series(read, recipe)
    assert len(samples) == count
    for position in range(0, count, 7):
        # Years start on 13 or 14 September (day 257): the season moves by whole years, the days do not.
        own = season.moved(read.dates[position].tolist()[0].year - season.start.year)
        expected = np.interp(samples.days, own.days(read.dates[position].tolist()), read.values[position, :, 0])
        np.testing.assert_allclose(samples.values[position, :, 0], expected, atol=1e-5)


BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SUMMER = Season(dt.date(2013, 4, 22), dt.date(2013, 9, 23))


def peaks(years_days, count, seed=0):
    """Bell-shaped seasons, `count` in each of several (year, day of season of the peak, first date's offset)."""
    rng = np.random.default_rng(seed)
    leaf = np.array([0.03, 0.06, 0.03, 0.46, 0.19, 0.09]) - (soil := np.array([0.09, 0.11, 0.14, 0.22, 0.30, 0.25]))
    values, dates, own = [], [], []
    for year, peak, offset in years_days:
        season = SUMMER.moved(year - SUMMER.start.year)
        days = np.arange(-20 + offset, season.length_days + 20, 8)[:22]
        peaked = peak + rng.normal(0, 3, (count, 1))
        green = np.exp(-0.5 * ((days - peaked) / 25) ** 2)[..., np.newaxis]
        values.append(soil + leaf * green)
        dates.append(np.tile(np.datetime64(season.start) + days, (count, 1)))
        own.append(peaked[:, 0])
    total = count * len(years_days)
    made = table(
        [2013] * total, values=np.concatenate(values).astype(np.float32), dates=np.concatenate(dates), bands=BANDS
    )
    return made, np.concatenate(own)


def phenology(variant="region"):
    span = {"start": SUMMER.start.isoformat(), "end": SUMMER.end.isoformat()}
    return make_recipe("weekly_linear_phenology", {**span, "variant": variant}, [SUMMER.start, SUMMER.end])


def highest(samples):
    """Day of season of each sample's highest near infrared, between steps by a parabola."""
    nir = samples.values[..., 3].astype(float)
    top = np.clip(nir.argmax(axis=1), 1, nir.shape[1] - 2)
    before, at, after = (nir[np.arange(len(nir)), top + shift] for shift in (-1, 0, 1))
    return samples.days[top] + 7 * 0.5 * (before - after) / (before - 2 * at + after)


@pytest.mark.parametrize("count", [110, 15], ids=["each calendar by itself", "calendars of few samples by year"])
def test_each_year_is_moved_to_the_peak_of_the_largest(count):
    """Fifteen samples alone have no median peak to trust; the thirty of a year have."""
    groups = [(2013, 75, 0), (2013, 75, 3), (2014, 96, 0), (2014, 96, 5)]
    made, _ = peaks(groups, count)
    samples = samples_from_series(made, phenology())
    found = highest(samples).reshape(4, count)
    np.testing.assert_allclose(np.median(found, axis=1), 75, atol=4)
    # Within a year nothing is moved against anything else.
    plain = samples_from_series(made, make_recipe("weekly_linear", {"start": "2013-04-22", "end": "2013-09-23"}, [
        SUMMER.start, SUMMER.end
    ]))  # fmt: skip
    apart = highest(plain).reshape(4, count)
    assert np.median(apart[2]) - np.median(apart[0]) > 17
    np.testing.assert_allclose(found[2] - np.median(found[2]), apart[2] - np.median(apart[2]), atol=4)


def test_the_samples_recipe_can_be_settled_again_with_the_same_target():
    made, _ = peaks([(2013, 75, 0), (2014, 96, 0)], 40)
    samples = samples_from_series(made, phenology())
    later, _ = peaks([(2015, 100, 0)], 40, seed=1)
    season = SUMMER.moved(2)
    block = SceneBlock(later.values, np.ones((40, 22), bool), tuple(later.dates[0].tolist()), BANDS)
    again = settle(samples.recipe, block, season)
    (ours,), (theirs,) = ([u.params for u in r.steps if u.name == "phenology"] for r in (samples.recipe, again))
    assert theirs["target_day"] == ours["target_day"] > 0
    assert theirs["region_day"] - ours["region_day"] == pytest.approx(25, abs=7)


def test_raw_dates_mean_days_of_season_in_every_year():
    dates = [SUMMER.date(day) for day in range(0, 150, 16)]
    span = {"start": SUMMER.start.isoformat(), "end": SUMMER.end.isoformat()}
    recipe = make_recipe("raw", span, dates)
    made, _ = peaks([(2013, 75, 0), (2014, 75, 3)], 5)
    samples = samples_from_series(made, recipe)
    assert samples.days.tolist() == list(range(0, 150, 16))
    assert samples.bands == (*BANDS, "clear")
    assert (samples.values[..., -1] == 1).all()
    for sample in (0, 7):
        own = SUMMER.moved(made.dates[sample][0].item().year - 2013).days(made.dates[sample].tolist())
        nearest = np.abs(own - samples.days[:, np.newaxis]).argmin(axis=1)
        np.testing.assert_array_equal(samples.values[sample, :, :-1], made.values[sample, nearest])
