"""Comparing recipes: exact where the truth is a straight line, and against a plain loop where it is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cropmap.assessment.hidden import Sampled, draw_pixels, hide, sampled_of
from cropmap.assessment.reconstruction import (
    NATIVE,
    OWN_SHIFTS,
    Asked,
    ComparisonOptions,
    by_date_rows,
    compare_recipes,
    summary_rows,
)
from cropmap.assessment.reconstruction_report import ComparisonReport, render_comparison
from cropmap.contract.errors import RecipeError
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.data.site import Grid

START = dt.date(2021, 3, 1)
SEASON = Season(START, START + dt.timedelta(days=196))
DAYS = np.arange(0, 197, 7)
LINEAR = Asked("linear", "weekly_linear", {"min_clear": 1, "max_gap_days": 0})
FORTNIGHT = Asked("fortnight", "weekly_linear", {"min_clear": 1, "max_gap_days": 0, "step_days": 14})
FIVE = Asked("five", "weekly_linear", {"min_clear": 1, "max_gap_days": 0, "step_days": 5})


def scene(values, *, clouds=0.3, seed=0, days=DAYS, bands=("red", "nir")):
    """Pixels with random clouds; the first and the last date are clear for all."""
    values = np.asarray(values, np.float32)
    clear = np.random.default_rng(seed).random(values.shape[:2]) >= clouds
    clear[:, [0, -1]] = True
    dates = tuple(START + dt.timedelta(days=int(day)) for day in days)
    block = SceneBlock(np.where(clear[..., None], values, 9.0).astype(np.float32), clear, dates, bands)
    return Sampled(block, np.arange(len(values)), np.arange(len(values)) + 5)


def straight(pixels=80, sigma=0.0, seed=0, days=DAYS):
    """Lines in time, each pixel and band with its own slope, and white noise on them."""
    rng = np.random.default_rng(seed)
    slope, level = rng.normal(0, 3e-4, (pixels, 1, 2)), rng.uniform(0.2, 0.6, (pixels, 1, 2))
    return level + slope * days[None, :, None] + rng.normal(0, sigma, (pixels, len(days), 2))


# ---------------------------------------------------------------- truths


def test_straight_lines_are_guessed_exactly_by_every_linear_recipe():
    found = compare_recipes(scene(straight()), [LINEAR, FORTNIGHT, FIVE], ComparisonOptions(share=0.3))
    assert {trial.asked.name for trial in found.trials} == {"linear", "fortnight", "five"}
    for trial in found.trials:
        for band in range(2):
            errors = found.errors(trial, band)
            assert errors.n > 300
            # The last step of "five" is day 195: nothing is said of day 196, and nothing else is lost.
            assert errors.rmse < 2e-7
            assert abs(errors.bias) < 1e-7


def test_with_noise_the_error_is_that_of_a_plain_loop_and_no_less_than_the_noise():
    sigma = 0.02
    sampled = scene(straight(pixels=400, sigma=sigma))
    found = compare_recipes(sampled, [FORTNIGHT], ComparisonOptions(share=0.2, seed=3))
    hidden, block = found.hidden, sampled.block
    left = block.clear.copy()
    left[hidden.pixels, hidden.times] = False
    nodes = np.arange(0, 197, 14)
    for band in range(2):
        differences = []
        for pixel, time in zip(hidden.pixels, hidden.times, strict=True):
            at_nodes = np.interp(nodes, DAYS[left[pixel]], block.values[pixel, left[pixel], band])
            guess = np.interp(DAYS[time], nodes, at_nodes)
            differences.append(guess - block.values[pixel, time, band])
        errors = found.errors(found.trials[0], band)
        assert errors.n == len(differences)
        assert errors.rmse == pytest.approx(math.sqrt(np.mean(np.square(differences))), rel=1e-5)
        assert errors.bias == pytest.approx(np.mean(differences), abs=1e-6)
        assert errors.mae == pytest.approx(np.mean(np.abs(differences)), rel=1e-5)
        assert sigma < errors.rmse < 2 * sigma


def test_a_constant_offset_shows_as_bias_by_date():
    values = straight()
    bumped = 20
    values[:, bumped] += 0.1
    found = compare_recipes(scene(values, clouds=0.0), [LINEAR], ComparisonOptions(share=0.1))
    date = (START + dt.timedelta(days=int(DAYS[bumped]))).isoformat()
    rows = {(row[1], row[2]): row for row in by_date_rows(found)[1:]}
    for band in ("red", "nir"):
        _, _, _, n, rmse, bias, mae = rows[band, date]
        assert n == (found.hidden.times == bumped).sum() > 0
        assert bias == pytest.approx(-0.1, abs=1e-6)
        assert rmse == pytest.approx(0.1, abs=1e-6)
        assert mae == pytest.approx(0.1, abs=1e-6)
    # On dates far from it nothing is wrong.
    assert rows["red", (START + dt.timedelta(days=int(DAYS[5]))).isoformat()][4] < 1e-6


def test_relative_error_is_one_for_what_always_gives_the_mean():
    found = compare_recipes(scene(straight(sigma=0.05)), [LINEAR], ComparisonOptions())
    values = found.hidden.values[found.common]
    (trial,) = found.trials
    mean = dataclasses.replace(trial, estimates=np.broadcast_to(values.mean(axis=0), trial.estimates.shape))
    assert found.relative(mean) == pytest.approx(1.0)


# ---------------------------------------------------------------- hiding


def counted(block, season):
    """Clear observations inside the season, of pixels that have one between their first and last clear date."""
    inside = np.array([season.start <= date <= season.end for date in block.dates])
    total = 0
    for clear in block.clear:
        first, last = np.flatnonzero(clear)[[0, -1]]
        middle = [time for time in np.flatnonzero(clear & inside) if first < time < last]
        total += int((clear & inside).sum()) if middle else 0
    return total


@pytest.mark.parametrize("share", [0.01, 0.1, 0.15, 0.5])
@pytest.mark.parametrize("clouds", [0.1, 0.8])
def test_the_share_hidden_is_exact(share, clouds):
    block = scene(straight(), clouds=clouds, seed=5).block
    hidden = hide(block, SEASON, share, np.random.default_rng(1))
    assert hidden.clear == counted(block, SEASON)
    assert len(hidden) == math.floor(share * hidden.clear + 0.5)


def test_of_each_pixel_about_the_share_is_hidden_and_never_an_end():
    block = scene(straight(), clouds=0.4, seed=2).block
    hidden = hide(block, SEASON, 0.2, np.random.default_rng(0))
    for pixel in range(80):
        times = hidden.times[hidden.pixels == pixel]
        clear = np.flatnonzero(block.clear[pixel])
        assert abs(len(times) - 0.2 * len(clear)) <= 1
        assert set(times.tolist()) <= set(clear[1:-1].tolist())


def test_only_clear_dates_inside_the_season_are_hidden_and_the_rest_remains():
    block = scene(straight(), clouds=0.4).block
    season = Season(START + dt.timedelta(days=50), START + dt.timedelta(days=100))
    hidden = hide(block, season, 0.5, np.random.default_rng(0))
    assert block.clear[hidden.pixels, hidden.times].all()
    assert ((DAYS[hidden.times] >= 50) & (DAYS[hidden.times] <= 100)).all()
    left = block.clear.copy()
    left[hidden.pixels, hidden.times] = False
    assert (left.sum(axis=1) >= 2).all()


def test_pixels_with_two_clear_dates_keep_both():
    block = scene(straight(), clouds=1.1).block
    assert len(hide(block, SEASON, 0.5, np.random.default_rng(0))) == 0
    with pytest.raises(RecipeError, match="No pixel has enough clear dates"):
        compare_recipes(scene(straight(), clouds=1.1), [LINEAR], ComparisonOptions())


def test_the_same_seed_hides_the_same_whatever_is_compared():
    sampled = scene(straight())
    one = compare_recipes(sampled, [LINEAR], ComparisonOptions(seed=4))
    two = compare_recipes(sampled, [FIVE, FORTNIGHT], ComparisonOptions(seed=4))
    other = compare_recipes(sampled, [LINEAR], ComparisonOptions(seed=5))
    np.testing.assert_array_equal(one.hidden.pixels, two.hidden.pixels)
    np.testing.assert_array_equal(one.hidden.times, two.hidden.times)
    np.testing.assert_array_equal(one.drawn, two.drawn)
    assert not np.array_equal(one.hidden.times, other.hidden.times)


def test_recipes_see_nothing_of_what_is_hidden():
    sampled = scene(straight(sigma=0.05))
    plain = compare_recipes(sampled, [LINEAR, FIVE], ComparisonOptions())
    values = sampled.block.values.copy()
    values[plain.hidden.pixels, plain.hidden.times] = 1e6
    block = SceneBlock(values, sampled.block.clear, sampled.block.dates, sampled.block.bands)
    spoiled = compare_recipes(Sampled(block, sampled.rows, sampled.cols), [LINEAR, FIVE], ComparisonOptions())
    for name in ("linear", "five"):
        one, other = (next(t for t in found.trials if t.asked.name == name) for found in (plain, spoiled))
        np.testing.assert_array_equal(one.estimates, other.estimates)


def test_scenes_of_one_day_are_one_observation():
    sampled = scene(straight(pixels=10))
    block = sampled.block
    twice = SceneBlock(
        np.repeat(block.values, 2, axis=1),
        np.repeat(block.clear, 2, axis=1),
        tuple(date for date in block.dates for _ in range(2)),
        block.bands,
    )
    merged = sampled_of(twice, sampled.rows, sampled.cols).block
    assert merged.dates == block.dates
    np.testing.assert_array_equal(merged.clear, block.clear)
    np.testing.assert_array_equal(merged.values[merged.clear], block.values[block.clear])


def test_pixels_that_are_never_clear_are_left_out():
    sampled = scene(straight(pixels=10))
    clear = sampled.block.clear.copy()
    clear[3] = False
    block = SceneBlock(sampled.block.values, clear, sampled.block.dates, sampled.block.bands)
    assert sampled_of(block, sampled.rows, sampled.cols).rows.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]


# ---------------------------------------------------------------- who answers what


def test_all_are_judged_by_what_all_answer():
    # "strict" refuses the cloudier pixels.
    strict = Asked("strict", "weekly_linear", {"min_clear": 18, "max_gap_days": 0})
    found = compare_recipes(scene(straight(sigma=0.01)), [LINEAR, strict], ComparisonOptions())
    shares = {trial.asked.name: float(trial.answered.mean()) for trial in found.trials}
    assert shares["linear"] == 1.0
    assert 0.5 < shares["strict"] < 1.0
    assert {found.errors(trial, 0).n for trial in found.trials} == {int(found.common.sum())}
    assert int(found.common.sum()) == round(shares["strict"] * len(found.hidden))


def test_a_recipe_that_answers_little_narrows_nothing_and_comes_last():
    few = Asked("few", "weekly_linear", {"min_clear": 20, "max_gap_days": 0})
    found = compare_recipes(scene(straight(sigma=0.01)), [few, LINEAR], ComparisonOptions())
    assert [trial.asked.name for trial in found.trials] == ["linear", "few"]
    assert 0 < found.trials[1].answered.mean() < 0.5
    assert found.common.all()
    assert found.errors(found.trials[1], 0).n == found.trials[1].answered.sum()
    last = {row[0]: row[8] for row in summary_rows(found)[1:]}
    assert last == {"linear": 1, "few": 0}


def test_a_season_that_is_shorter_answers_less():
    late = Asked("late", "weekly_linear", {**LINEAR.values, "start": "2021-04-05"})
    found = compare_recipes(scene(straight()), [LINEAR, late], ComparisonOptions(share=0.3))
    (trial,) = [trial for trial in found.trials if trial.asked.name == "late"]
    np.testing.assert_array_equal(trial.answered, DAYS[found.hidden.times] >= 35)


def test_recipes_that_cannot_be_compared_are_left_out_with_the_reason():
    strict = Asked("all", "weekly_linear", {"min_clear": 300, "max_gap_days": 0})
    past = Asked("past", "weekly_linear", {"start": "1999-01-01", "end": "1999-12-31"})
    raw = Asked("raw", "raw", {})
    found = compare_recipes(scene(straight()), [LINEAR, strict, past, raw], ComparisonOptions())
    why = {out.name: out.why for out in found.left_out}
    assert [trial.asked.name for trial in found.trials] == ["linear"]
    assert "refuses every pixel" in why["all"]
    assert "holds 0 of the dates" in why["past"]
    assert why["raw"] == NATIVE
    with pytest.raises(RecipeError, match=r"None of the recipes.*past: The season"):
        compare_recipes(scene(straight()), [past], ComparisonOptions())


def test_a_smooth_curve_on_native_dates_is_judged_on_them():
    # A straight line is what a second-order smoother leaves as it is.
    found = compare_recipes(scene(straight()), [Asked("curve", "raw_whittaker", {})], ComparisonOptions())
    (trial,) = found.trials
    assert trial.answered.all()
    assert max(found.errors(trial, band).rmse for band in range(2)) < 1e-4


def test_a_recipe_that_moves_the_dates_is_judged_on_the_moved_ones():
    days = np.arange(0, 197, 7)
    curve = 0.3 + 0.2 * np.exp(-(((days - 110) / 40) ** 2))
    values = np.stack([0.4 - 0.5 * curve, curve], axis=1)[None] + np.zeros((60, 1, 1))
    own = {"min_clear": 1, "max_gap_days": 0}
    moved = Asked("moved", "weekly_linear_phenology", {**own, "index": "ndvi", "target_day": 124})
    pixel = Asked("pixel", "weekly_linear_phenology", {**own, "index": "ndvi", "variant": "pixel"})
    found = compare_recipes(scene(values, clouds=0.1), [LINEAR, moved, pixel], ComparisonOptions())
    errors = {trial.asked.name: found.errors(trial, 1).rmse for trial in found.trials}
    assert errors["moved"] == pytest.approx(errors["linear"], rel=0.25)
    assert {out.name: out.why for out in found.left_out} == {"pixel": OWN_SHIFTS}


# ---------------------------------------------------------------- which pixels


@pytest.mark.parametrize(
    ("height", "width", "count", "expected"),
    [(57, 56, 2000, 2000), (7, 25, 2000, 175), (1, 1, 5, 1), (3, 400, 7, 7), (5000, 5000, 300, 300)],
)
def test_pixels_are_drawn_once_each_from_all_over(height, width, count, expected):
    grid = Grid("", 0, 0, 10, 10, width, height)
    rows, cols = draw_pixels(grid, count, np.random.default_rng(0))
    assert len(rows) == expected == len(set(zip(rows.tolist(), cols.tolist(), strict=True)))
    assert rows.min() >= 0
    assert rows.max() < height
    assert cols.min() >= 0
    assert cols.max() < width


def test_a_large_site_is_read_in_few_places():
    rows, cols = draw_pixels(Grid("", 0, 0, 10, 10, 10980, 10980), 2000, np.random.default_rng(0))
    cells = {(row // 1830, col // 1830) for row, col in zip(rows.tolist(), cols.tolist(), strict=True)}
    assert len(cells) == 36
    for down, right in cells:
        own = (rows // 1830 == down) & (cols // 1830 == right)
        assert np.ptp(rows[own]) < 64
        assert np.ptp(cols[own]) < 64


# ---------------------------------------------------------------- the page

VOID = {"meta", "input", "line", "path", "rect", "circle"}


class Page(HTMLParser):
    """Collects tags and words, and checks that tags close in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def page_of(found, **more):
    text = render_comparison(ComparisonReport(found, **more))
    return text, Page(text)


@pytest.mark.parametrize("plots", [1, 5])
def test_the_page_draws_each_pixel_with_each_recipe_and_each_observation(plots):
    sampled = scene(straight(sigma=0.05))
    found = compare_recipes(sampled, [LINEAR, FIVE], ComparisonOptions(plots=plots))
    _, page = page_of(found)
    drawings = [tag for tag, own in page.tags if tag == "svg" and own.get("aria-label", "").startswith("NDVI of row")]
    assert len(drawings) == plots == len(found.drawn)
    classes = [own.get("class", "") for _, own in page.tags]
    legend = 1  # the key to the marks shows one of each
    assert classes.count("line r0") == classes.count("line r1") == plots
    own = np.isin(found.hidden.pixels, found.drawn)
    assert classes.count("hidden") == own.sum() + legend
    assert classes.count("seen") == sampled.block.clear[found.drawn].sum() - own.sum() + legend
    assert classes.count("cloud") == (~sampled.block.clear[found.drawn]).sum() + legend
    for pixel in found.drawn.tolist():
        assert f"Row {pixel}, column {pixel + 5}" in "".join(page.words)


def test_the_page_loads_nothing_and_runs_nothing():
    found = compare_recipes(scene(straight()), [LINEAR], ComparisonOptions())
    text, page = page_of(found)
    assert not re.search(r"https?:|<script|url\(|@import", text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object"})
    assert "Reconstruction error is not classification accuracy" in "".join(page.words)


def test_names_of_bands_and_recipes_are_text_and_no_markup():
    nasty = '<b onload="x">&'
    found = compare_recipes(
        scene(straight(), bands=(nasty, "other")),
        [dataclasses.replace(LINEAR, name=nasty), FIVE],
        ComparisonOptions(),
    )
    text, page = page_of(found, settings={nasty: nasty})
    assert nasty not in text
    assert nasty in "".join(page.words)


def test_the_same_recipe_compared_twice_has_two_names_on_the_page():
    twice = [Asked(name, LINEAR.recipe, LINEAR.values) for name in ("weekly_linear", "weekly_linear 2")]
    recipes = [{"name": "weekly_linear"}, {"name": "weekly_linear", "min_clear": 1}]
    words = page_of(compare_recipes(scene(straight()), twice, ComparisonOptions()), settings={"recipes": recipes})[
        1
    ].words
    for title in ("Weekly, linear", "Weekly, linear 2"):
        assert sum(word.strip() == title for word in words) >= 4  # in the ranking, by band, by date, over the pixels
    assert "weekly_linear, min_clear 1" in words


def test_the_page_names_what_was_left_out_and_warns_without_a_mask():
    past = Asked("past", "weekly_linear", {"start": "1999-01-01", "end": "1999-12-31"})
    found = compare_recipes(scene(straight()), [LINEAR, past], ComparisonOptions())
    words = "".join(page_of(found, masked=False)[1].words)
    assert "holds 0 of the dates" in words
    assert "The images have no cloud mask" in words
    assert "The images have no cloud mask" not in "".join(page_of(found)[1].words)


@pytest.mark.parametrize("bands", [("a",), ("a", "b")])
def test_a_constant_scene_makes_a_page_too(bands):
    values = np.full((20, len(DAYS), len(bands)), 0.3)
    found = compare_recipes(scene(values, bands=bands), [LINEAR], ComparisonOptions())
    assert found.errors(found.trials[0], 0).rmse < 1e-7
    assert math.isnan(found.relative(found.trials[0]))
    page_of(found)


def test_the_tables_hold_what_the_comparison_says():
    found = compare_recipes(scene(straight(sigma=0.02)), [LINEAR, FORTNIGHT], ComparisonOptions())
    head, *rows = summary_rows(found)
    assert head[:4] == ("recipe", "band", "n", "rmse")
    assert [row[:2] for row in rows] == [(trial.asked.name, band) for trial in found.trials for band in ("red", "nir")]
    for row in rows:
        dated = [other for other in by_date_rows(found)[1:] if other[:2] == row[:2]]
        weights = np.array([other[3] for other in dated])
        assert weights.sum() == row[2]
        squares = np.array([other[4] ** 2 for other in dated])
        assert math.sqrt((weights * squares).sum() / weights.sum()) == pytest.approx(row[3])


# ---------------------------------------------------------------- real series

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def test_real_fields_are_bridged_better_than_by_their_mean():
    path = DATA / "fusets_s2_field" / "raw_s2_ndvi_field.nc"
    if not path.is_file():
        pytest.skip("needs ../shared/data/fusets_s2_field")
    import h5py

    with h5py.File(path) as file:
        days = file["t"][()].astype(int)
        dates = tuple((np.datetime64("1990-01-01") + days).astype("datetime64[D]").tolist())
        values = np.stack([file[name][()].reshape(len(days), -1).T for name in ("B04", "B08")], axis=-1) / 1e4
        clear = np.isin(file["SCL"][()].reshape(len(days), -1).T, [4, 5]) & np.isfinite(values).all(axis=-1)
    block = SceneBlock(values.astype(np.float32), clear, dates, ("red", "nir"))
    some = np.arange(0, len(values), 5)
    sampled = sampled_of(SceneBlock(block.values[some], clear[some], dates, block.bands), some // 56, some % 56)
    found = compare_recipes(
        sampled,
        [Asked("weekly_linear", "weekly_linear", {}), Asked("linear_monthly", "linear_monthly", {})],
        ComparisonOptions(),
    )
    relative = {trial.asked.name: found.relative(trial) for trial in found.trials}
    assert relative["weekly_linear"] < relative["linear_monthly"] < 0.7
