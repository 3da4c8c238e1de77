"""Real series: what recipes make of clouds, snow and missing months that nobody simulated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import h5py
import numpy as np
import pytest

from cropmap.data.scenes import SceneBlock
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.prepare.recipe import make_recipe, prepare
from cropmap.sources.folder import FolderParams, folder

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
ANY_GAP = {"min_clear": 1, "max_gap_days": 0}
SNOW = 4  # the Arkansas dekad in which fields lie under snow
EMPTY = 3  # and the one in which nothing was seen


def at_hand(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} beside the project")
    return path


def made(block, name, values):
    recipe = make_recipe(name, values, block.dates)
    return recipe, prepare(block, recipe)


def days_of(recipe, block):
    return recipe.season.days(block.dates)


@pytest.fixture(scope="module")
def po_delta():
    params = FolderParams(path=str(at_hand("sen2rts_ndvi_scl")), scale=1e-4, masks=["SCL clear 4 5 6 7"])
    series = folder(params)
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width))


@pytest.fixture(scope="module")
def spain():
    with h5py.File(at_hand("fusets_s2_field/raw_s2_ndvi_field.nc")) as file:
        dates = tuple((np.datetime64("1990-01-01") + file["t"][()].astype(int)).astype("datetime64[D]").tolist())
        red, nir, classes = (file[name][()].reshape(len(dates), -1).T for name in ("B04", "B08", "SCL"))
    clear = np.isin(classes, (4, 5, 6, 7)) & np.isfinite(red) & np.isfinite(nir)
    return SceneBlock((np.stack([red, nir], axis=-1) / 1e4).astype(np.float32), clear, dates, ("red", "nir"))


@pytest.fixture(scope="module")
def arkansas():
    with np.load(at_hand("us_s2_cdl_2021/us_arkansas_2021_zone0.npz")) as file:
        numbers, missing = file["X"].astype(np.float32) / 1e4, file["missing"]
        bands, starts = file["bands"].tolist(), file["date_start"].tolist()
    red, nir = numbers[..., bands.index("B04")], numbers[..., bands.index("B08")]
    total = red + nir
    ndvi = np.divide(nir - red, total, out=np.zeros_like(total), where=total > 0)
    dates = tuple(dt.date.fromisoformat(start) + dt.timedelta(days=4) for start in starts)
    return SceneBlock(np.stack([red, nir, ndvi], axis=-1), ~missing, dates, ("red", "nir", "NDVI"))


@pytest.fixture(scope="module")
def belgium():
    with h5py.File(at_hand("worldcereal_belgium/worldcereal_preprocessed_inputs.nc")) as file:
        first = (np.datetime64("1990-01-01") + file["t"][()].astype(int)).astype("datetime64[D]").tolist()
        stored = [file[name][()].reshape(len(first), -1).T for name in ("S2-L2A-B04", "S2-L2A-B08")]
    numbers = np.stack(stored, axis=-1).astype(np.int64) & 0xFFFF
    dates = tuple(date.replace(day=15) for date in first)
    return SceneBlock((numbers / 1e4).astype(np.float32), (numbers != 0xFFFF).all(axis=-1), dates, ("red", "nir"))


@pytest.fixture
def snowy(arkansas):
    """Pixels whose red reflectance was above 0.6 in mid-February: with that dekad, and without."""
    some = np.flatnonzero(arkansas.clear[:, SNOW] & (arkansas.values[:, SNOW, 0] > 0.6))
    block = SceneBlock(arkansas.values[some], arkansas.clear[some], arkansas.dates, arkansas.bands)
    clear = block.clear.copy()
    clear[:, SNOW] = False
    return block, SceneBlock(block.values, clear, block.dates, block.bands)


# ---------------------------------------------------------------- the range of what was seen


def room_outside(block, cube):
    """Return how far values leave the range of each pixel's clear observations, as a share of that range."""
    seen = np.where(block.clear[..., np.newaxis], block.values, np.nan)
    some = block.clear.any(axis=1)
    low, high = np.nanmin(seen[some], axis=1), np.nanmax(seen[some], axis=1)
    below, above = low - cube.values[some].min(axis=1), cube.values[some].max(axis=1) - high
    return np.maximum(below, above) / (high - low)


@pytest.mark.parametrize("site", ["po_delta", "spain", "belgium"])
@pytest.mark.parametrize("name", ["weekly_linear", "linear_monthly"])
def test_lines_never_leave_the_range_of_the_clear_observations(request, site, name):
    block = request.getfixturevalue(site)
    _, cube = made(block, name, ANY_GAP)
    assert room_outside(block, cube).max() <= 1e-6


@pytest.mark.parametrize("site", ["po_delta", "spain", "belgium"])
def test_composites_filled_by_lines_never_leave_it_either(request, site):
    block = request.getfixturevalue(site)
    steps = [{"name": "composite", "interval_days": 16}, {"name": "linear", "step_days": 0}]
    _, cube = made(block, "own", {"steps": steps})
    assert room_outside(block, cube).max() <= 1e-6


@pytest.mark.parametrize(("site", "usual", "most"), [("po_delta", 0.1, 0.25), ("spain", 0.1, 0.25)])
@pytest.mark.parametrize("name", ["weekly_linear_whittaker", "weekly_whittaker"])
def test_smooth_curves_leave_it_by_a_part_of_it_only(request, site, usual, most, name):
    block = request.getfixturevalue(site)
    _, cube = made(block, name, ANY_GAP)
    outside = room_outside(block, cube)
    assert np.median(outside) <= usual
    assert outside.max() <= most


# ---------------------------------------------------------------- gaps


def test_two_missing_months_are_bridged_by_a_straight_line(belgium):
    assert [date.month for date, seen in zip(belgium.dates, belgium.clear.any(axis=0), strict=True) if not seen] == [
        12,
        1,
    ]
    recipe, cube = made(belgium, "weekly_linear", ANY_GAP)
    days = days_of(recipe, belgium)
    whole = belgium.clear[:, [0, 3]].all(axis=1)
    assert whole.mean() > 0.99
    inside = (cube.days >= days[0]) & (cube.days <= days[3])
    assert inside.sum() >= 12
    for pixel in np.flatnonzero(whole)[::97]:
        seen = belgium.clear[pixel]
        for band in range(2):
            line = np.interp(cube.days, days[seen], belgium.values[pixel, seen, band].astype(np.float64))
            np.testing.assert_allclose(cube.values[pixel, :, band], line, rtol=1e-6, atol=1e-7)
            between = np.interp(cube.days[inside], days[[0, 3]], belgium.values[pixel, [0, 3], band])
            np.testing.assert_allclose(cube.values[pixel, inside, band], between, rtol=1e-6, atol=1e-7)


def test_pixels_with_the_months_missing_are_refused_by_default(belgium):
    _, cube = made(belgium, "weekly_linear", {})
    assert not cube.valid.any()
    assert (cube.quality.longest_gap >= 92).all()
    assert np.isfinite(cube.values).all()


def test_a_dekad_that_no_pixel_has_is_bridged(arkansas):
    assert not arkansas.clear[:, EMPTY].any()
    recipe, cube = made(arkansas, "own", {"steps": [{"name": "linear", "days": list(range(4, 360, 10))}]})
    assert np.isfinite(cube.values).all()
    days = days_of(recipe, arkansas)
    at = int(np.argmin(np.abs(cube.days - days[EMPTY])))
    for pixel in range(0, len(arkansas.values), 211):
        seen = arkansas.clear[pixel]
        line = np.interp(cube.days[at], days[seen], arkansas.values[pixel, seen, 2].astype(np.float64))
        assert cube.values[pixel, at, 2] == pytest.approx(line, abs=1e-6)


def test_what_a_pixel_lacks_longest_is_told_and_judged_by(arkansas):
    recipe, cube = made(arkansas, "weekly_linear", {"max_gap_days": 40})
    days = days_of(recipe, arkansas)
    longest = [np.diff([0, *days[seen], recipe.season.length_days]).max() for seen in arkansas.clear]
    np.testing.assert_array_equal(cube.quality.longest_gap, longest)
    np.testing.assert_array_equal(cube.valid, np.array(longest) <= 40)
    assert 0.1 < cube.valid.mean() < 0.9


# ---------------------------------------------------------------- snow that counts as clear


def influence(snowy, robust):
    """Return the largest change of each pixel's red, near infrared and NDVI that the snowy dekad makes."""
    with_it, without = (made(block, "weekly_whittaker", {**ANY_GAP, "robust": robust})[1].values for block in snowy)
    return np.abs(with_it - without).max(axis=1)


def test_snow_changes_ndvi_less_where_what_lies_below_the_curve_is_mistrusted(snowy):
    assert len(snowy[0].values) == 149
    plain, upper = influence(snowy, "none")[:, 2], influence(snowy, "upper")[:, 2]
    assert np.median(plain) > 0.2
    assert np.median(upper) < 0.7 * np.median(plain)


def test_snow_brightens_bands_so_only_mistrust_on_both_sides_helps_them(snowy):
    plain, upper, both = (influence(snowy, robust)[:, :2] for robust in ("none", "upper", "bisquare"))
    assert (np.median(plain, axis=0) > 0.5).all()
    assert (np.median(upper, axis=0) > np.median(plain, axis=0)).all()
    assert (np.median(both, axis=0) < 0.1 * np.median(plain, axis=0)).all()


# ---------------------------------------------------------------- never seen


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weekly_linear", {}),
        ("weekly_linear_whittaker", {}),
        ("weekly_whittaker", {"robust": "upper"}),
        ("raw_whittaker", {}),
        ("linear_monthly", {}),
        ("own", {"steps": [{"name": "harmonic", "step_days": 7}]}),
    ],
)
def test_pixels_without_a_clear_date_are_nan_and_not_valid(spain, name, values):
    never = ~spain.clear.any(axis=1)
    assert never.sum() == 870
    _, cube = made(spain, name, values)
    assert np.isnan(cube.values[never]).all()
    assert not cube.valid[never].any()
    assert (cube.quality.clear_dates[never] == 0).all()
    assert np.isfinite(cube.values[cube.valid]).all()
