"""Alignment of peaks against curves whose peaks are known, plain shifts, and a synthetic site in two years."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import needs_look, prepare, recipe_nodes, settle
from cropmap.testing.phenology import BANDS, CORN, CROPS, SOYBEAN, Parts, Variation, field_years, reflectance

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 10, 31))
SOIL = np.array([0.05, 0.07, 0.09, 0.14, 0.2, 0.17])
LEAF = np.array([0.03, 0.06, 0.03, 0.48, 0.2, 0.09])
REGION = StepUse("phenology", {})
WEEKLY = StepUse("linear", {"step_days": 7})


def step_of(name="phenology", **values):
    entry = STEPS.get(name)
    return entry.make(entry.parse(values))


def block_of(days, peaks, *, season=SEASON, width=22.0, clear=None):
    """Return pixels whose green cover is a Gaussian of the day of season, each with its peak."""
    days = np.asarray(days)
    cover = 0.05 + 0.85 * np.exp(-0.5 * ((days - np.asarray(peaks)[:, np.newaxis]) / width) ** 2)
    values = (SOIL + cover[..., np.newaxis] * (LEAF - SOIL)).astype(np.float32)
    clear = np.ones(cover.shape, bool) if clear is None else clear
    return SceneBlock(values, clear, tuple(season.date(day) for day in days), BANDS)


def clouds(pixels, dates, share=0.3, seed=0):
    return np.random.default_rng(seed).random((pixels, dates)) > share


def weekly(block, season=SEASON):
    return step_of("linear", step_days=7).apply(observe(block, season), season)


def settled(block, *uses, season=SEASON):
    return settle(Recipe("test", season, uses), block)


@pytest.mark.parametrize("index", ["evi", "gcvi", "ndvi"])
@pytest.mark.parametrize("peak", [85, 101.4, 120])
@pytest.mark.parametrize("first", [REGION, WEEKLY])
def test_a_look_finds_the_peak_of_a_gaussian(index, peak, first):
    block = block_of(np.arange(-30, 240, 5), np.full(60, peak), clear=clouds(60, 54))
    aligned = StepUse("phenology", {"index": index, "min_amplitude": 0.2})
    recipe = settled(block, *([aligned, WEEKLY] if first is REGION else [WEEKLY, aligned]))
    found = next(use for use in recipe.steps if use.name == "phenology").params
    assert abs(found["region_day"] - peak) <= 2
    assert found["target_day"] == found["region_day"]
    assert recipe_of(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_the_median_is_taken_over_pixels_with_a_peak_only():
    peaks = np.concatenate([np.full(40, 100.0), np.full(30, 110.0), np.full(30, 20.0)])  # the last outside the span
    block = block_of(np.arange(-30, 240, 5), peaks)
    flat = block.values.copy()
    flat[40:55] = flat[40:55, :1]  # bare: no amplitude
    recipe = settled(dataclasses.replace(block, values=flat), REGION, WEEKLY)
    assert abs(recipe.steps[0].params["region_day"] - 100) <= 2


def test_a_site_two_weeks_later_comes_to_equal_the_source():
    days = np.arange(-42, 260, 6)
    source, target = block_of(days, np.full(50, 100.0)), block_of(days + 14, np.full(50, 114.0))
    trained = settled(source, REGION, WEEKLY)
    moved = settle(trained, target)
    assert moved.steps[0].params["target_day"] == trained.steps[0].params["target_day"]
    assert moved.steps[0].params["region_day"] - moved.steps[0].params["target_day"] == 14
    np.testing.assert_array_equal(recipe_nodes(moved), recipe_nodes(trained))
    np.testing.assert_allclose(prepare(target, moved).values, prepare(source, trained).values, rtol=1e-6)
    np.testing.assert_array_equal(prepare(source, trained).values, weekly(source).values)  # its own shift is 0


def test_a_cloudy_site_is_recovered_within_a_step():
    days = np.arange(-42, 260, 5)
    source = block_of(days, np.full(200, 100.0), clear=clouds(200, len(days)))
    target = block_of(days, np.full(200, 114.0), clear=clouds(200, len(days), seed=1))
    moved = settle(settled(source, REGION, WEEKLY), target).steps[0].params
    assert abs(moved["region_day"] - moved["target_day"] - 14) <= 2


@pytest.mark.parametrize("shift", [-20, -7, 3, 14])
def test_moved_dates_are_resampled_as_numpy_does(shift):
    days = np.arange(-30, 240, 8)
    block = block_of(days, [90.0, 110.0], clear=clouds(2, len(days)))
    step = step_of(target_day=100, region_day=100 - shift)
    made = step_of("linear", step_days=7).apply(step.apply(observe(block, SEASON), SEASON), SEASON)
    for pixel in range(2):
        known = block.clear[pixel]
        for band in range(6):
            expected = np.interp(made.days, days[known] + shift, block.values[pixel, known, band])
            np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-6)


@pytest.mark.parametrize("shift", [-20, -7, 3, 14])
def test_moved_steps_are_interpolated_and_the_edges_held(shift):
    regular = weekly(block_of(np.arange(-30, 240, 8), [90.0, 110.0]))
    made = step_of(target_day=100, region_day=100 - shift).apply(regular, SEASON)
    np.testing.assert_array_equal(made.days, regular.days)
    for pixel in range(2):
        for band in range(6):
            expected = np.interp(regular.days, regular.days + shift, regular.values[pixel, :, band])
            np.testing.assert_allclose(made.values[pixel, :, band], expected, rtol=1e-6)


def test_a_shift_is_undone_by_its_opposite():
    series = observe(block_of(np.arange(-30, 240, 8), [90.0], clear=clouds(1, 34)), SEASON)
    there, back = step_of(target_day=90, region_day=104), step_of(target_day=104, region_day=90)
    same = back.apply(there.apply(series, SEASON), SEASON)
    np.testing.assert_array_equal(same.days, series.days)
    np.testing.assert_array_equal(same.values, series.values)
    np.testing.assert_array_equal(same.quality.clear_dates, series.quality.clear_dates)
    regular = weekly(block_of(np.arange(-30, 240, 8), [90.0, 110.0]))
    same = back.apply(there.apply(regular, SEASON), SEASON)
    np.testing.assert_array_equal(same.values[:, 2:], regular.values[:, 2:])


def test_quality_and_acquisitions_move_along():
    days = np.arange(-35, 240, 7)
    series = observe(block_of(days, [90.0]), SEASON)
    made = step_of(target_day=80, region_day=100).apply(series, SEASON)
    moved = days - 20
    np.testing.assert_array_equal(made.observed.days, moved)
    assert made.quality.clear_dates.tolist() == [((moved >= 0) & (moved <= SEASON.length_days)).sum()]


def test_corn_and_soybean_stay_apart_by_region_and_meet_by_pixel():
    peaks = np.repeat([98.0, 119.0], 40)
    block = block_of(np.arange(-30, 240, 4), peaks)
    region = prepare(block, settle(Recipe("r", SEASON, (StepUse("phenology", {"target_day": 112}), WEEKLY)), block))
    pixel = prepare(block, settled(block, WEEKLY, StepUse("phenology", {"variant": "pixel", "target_day": 112})))
    tops = {name: cube.days[cube.values[:, :, 3].argmax(axis=1)] for name, cube in (("r", region), ("p", pixel))}
    assert (tops["r"][40:] - tops["r"][:40] == 21).all()
    assert (tops["p"] == 112).all()


def test_a_pixel_moves_by_whole_steps_and_its_edges_are_held():
    regular = weekly(block_of(np.arange(-30, 240, 7), [84.0, 105.0, 98.0]))
    made = step_of(variant="pixel", target_day=98).apply(regular, SEASON)
    later, earlier = regular.values[0], regular.values[1]
    np.testing.assert_array_equal(made.values[0], np.concatenate([later[[0, 0]], later[:-2]]))
    np.testing.assert_array_equal(made.values[1], np.concatenate([earlier[1:], earlier[-1:]]))
    np.testing.assert_array_equal(made.values[2], regular.values[2])


def test_many_bands_move_together():
    regular = weekly(block_of(np.arange(-30, 240, 7), [84.0, 105.0]))
    wide = np.concatenate([regular.values, regular.values + 1, regular.values[..., :1]], axis=2)
    names = (*BANDS, *(f"b{number}" for number in range(7)))
    step = step_of(variant="pixel", target_day=98)
    made = step.apply(dataclasses.replace(regular, values=wide, bands=names), SEASON).values
    narrow = step.apply(regular, SEASON).values
    np.testing.assert_array_equal(made, np.concatenate([narrow, narrow + 1, narrow[..., :1]], axis=2))


def test_steps_apart_by_months_are_interpolated():
    block = block_of(np.arange(-30, 240, 2), [91.0])
    days = [0.0, 30.0, 61.0, 91.0, 122.0, 153.0, 183.0]
    regular = step_of("linear", days=days).apply(observe(block, SEASON), SEASON)
    made = step_of(variant="pixel", target_day=61, to_day="10-15").apply(regular, SEASON)
    expected = np.interp(np.array(days) + 30, days, regular.values[0, :, 3])
    np.testing.assert_allclose(made.values[0, :, 3], expected, rtol=1e-6)


def test_a_pixel_without_a_peak_stays_where_it_is():
    regular = weekly(block_of(np.arange(-30, 240, 7), [20.0, 84.0]))
    values = regular.values.copy()
    values[1] = values[1, :1]
    made = step_of(variant="pixel", target_day=112).apply(dataclasses.replace(regular, values=values), SEASON)
    np.testing.assert_array_equal(made.values, values)


def test_a_pixel_moves_by_the_longest_shift_at_most():
    regular = weekly(block_of(np.arange(-30, 240, 7), [84.0]))
    made = step_of(variant="pixel", target_day=140, max_shift_days=14).apply(regular, SEASON)
    np.testing.assert_array_equal(made.values[0, 2:], regular.values[0, :-2])


def test_a_pixel_never_seen_stays_nan():
    clear = np.ones((2, 39), bool)
    clear[0] = False
    regular = weekly(block_of(np.arange(-30, 240, 7), [84.0, 84.0], clear=clear))
    for values in ({"variant": "pixel", "target_day": 98}, {"target_day": 98, "region_day": 84}):
        made = step_of(**values).apply(regular, SEASON)
        assert np.isnan(made.values[0]).all()
        assert np.isfinite(made.values[1]).all()
        assert made.valid.tolist() == made.clear.all(axis=1).tolist() == [False, True]


@pytest.mark.parametrize("values", [{"variant": "pixel", "target_day": 98}, {"target_day": 98, "region_day": 84}])
def test_missing_features_are_filled_from_their_neighbours(values):
    regular = weekly(block_of(np.arange(-30, 240, 7), [84.0, 91.0]))
    holed = regular.values.copy()
    holed[:, 10, 4] = np.nan
    made = step_of(**values).apply(dataclasses.replace(regular, values=holed, holes=True), SEASON)
    filled = holed.copy()
    filled[:, 10, 4] = (holed[:, 9, 4] + holed[:, 11, 4]) / 2
    expected = step_of(**values).apply(dataclasses.replace(regular, values=filled), SEASON)
    np.testing.assert_allclose(made.values, expected.values, rtol=1e-6)


@pytest.mark.parametrize("variant", ["region", "pixel"])
def test_a_pixel_alone_gives_the_same_bytes(variant):
    block = block_of(np.arange(-30, 240, 5), np.random.default_rng(1).normal(105, 10, 70), clear=clouds(70, 54))
    aligned = StepUse("phenology", {"variant": variant, "target_day": 98})
    recipe = settled(block, *((aligned, WEEKLY) if variant == "region" else (WEEKLY, aligned)))
    together = prepare(block, recipe)
    for pixel in (0, 40, 69):
        one = SceneBlock(block.values[[pixel]], block.clear[[pixel]], block.dates, BANDS)
        np.testing.assert_array_equal(prepare(one, recipe).values[0], together.values[pixel])


def test_a_season_over_new_year_has_its_span_after_it():
    season = Season(dt.date(2022, 10, 1), dt.date(2023, 5, 31))
    block = block_of(np.arange(-20, 260, 6), np.full(40, 110.0), season=season)
    for span in (("12-15", "02-28"), ("01-02", "02-29")):
        use = StepUse("phenology", {"from_day": span[0], "to_day": span[1]})
        assert abs(settled(block, use, season=season).steps[0].params["region_day"] - 110) <= 2


def test_what_a_look_must_find():
    assert step_of().looks
    assert step_of(target_day=100, region_day=90).looks  # another site has another peak
    assert step_of(variant="pixel").looks
    assert not step_of(variant="pixel", target_day=100).looks
    assert needs_look(Recipe("test", SEASON, (REGION, WEEKLY)))


def test_a_region_stays_where_it_is_before_the_look():
    series = observe(block_of(np.arange(0, 200, 9), [80.0]), SEASON)
    for values in ({}, {"target_day": 90}, {"region_day": 90}):
        assert step_of(**values).apply(series, SEASON) is series


def test_what_cannot_be_aligned_is_refused():
    days = np.arange(-30, 240, 5)
    block = block_of(days, np.full(60, 100.0))
    cases = {
        "24 of 60 pixels": (dataclasses.replace(block, clear=block.clear & (np.arange(60) < 24)[:, np.newaxis]), {}),
        "0 of 60 pixels": (block, {"min_amplitude": 5.0}),
        "from the target, day 40": (block, {"target_day": 40}),
        "lie 0 steps": (block, {"from_day": "01-01", "to_day": "02-01"}),
    }
    for message, (given, values) in cases.items():
        with pytest.raises(RecipeError, match=message) as caught:
            settled(given, StepUse("phenology", values), WEEKLY)
        assert caught.value.fix
    with pytest.raises(RecipeError, match="need regular steps"):
        recipe_nodes(Recipe("test", SEASON, (StepUse("phenology", {"variant": "pixel"}), WEEKLY)))
    with pytest.raises(RecipeError, match="need regular steps"):
        step_of(variant="pixel", target_day=90).apply(observe(block, SEASON), SEASON)
    with pytest.raises(RecipeError, match="is not known"):
        step_of(variant="pixel").apply(weekly(block), SEASON)
    for text in ("13-01", "6-1", "W23-1", ""):
        with pytest.raises(RecipeError, match="is not a day of a year"):
            step_of(from_day=text)


def fields_of(later, seed):
    """Return a synthetic site's corn and soybean in a year that is so many days later, and which pixels are corn."""
    crops = {code: CROPS[code].moved(later) for code in (CORN, SOYBEAN)}
    rng = np.random.default_rng(seed)
    covers = rng.choice([CORN, SOYBEAN], 300).astype(np.uint8)
    years = field_years(covers, crops, tuple(SOIL), rng, Variation(timing_days=4.0, length_days=3.0))
    count = len(covers)
    parts = Parts(np.arange(count, dtype=np.int32), *(np.full(count, each, np.float32) for each in (0, 1, 1)))
    days = np.arange(-40, 260, 8)
    start = SEASON.start.timetuple().tm_yday
    values = np.stack([reflectance(years, parts, float(start + day)).T for day in days], axis=1)
    clear = rng.random(values.shape[:2]) > 0.3
    dates = tuple(SEASON.date(int(day)) for day in days)
    return SceneBlock(np.ascontiguousarray(values, np.float32), clear, dates, BANDS), covers == CORN


def test_a_later_year_of_a_synthetic_site_is_told_apart_again_once_aligned():
    (source, corn), (target, truth) = fields_of(0, 1), fields_of(18, 2)
    trained = settled(source, REGION, WEEKLY)
    aligned = settle(trained, target)
    shift = aligned.steps[0].params["region_day"] - aligned.steps[0].params["target_day"]
    assert abs(shift - 18) <= 5
    known = prepare(source, trained).values
    means = np.stack([known[corn == kind].mean(axis=0) for kind in (False, True)])
    right = []
    for recipe in (trained, aligned):
        series = prepare(target, recipe).values
        distances = ((series[:, np.newaxis] - means) ** 2).sum(axis=(2, 3))
        right.append((distances.argmin(axis=1) == truth).mean())
    assert right[1] > 0.85
    assert right[1] > right[0] + 0.1
