"""Draws docs/images/prepare/NAME.png for every registered step and recipe: what it makes of one pixel's season.

Of a maize field whose true curve is known, seen through clouds every eight days. A new step or recipe appears by
itself; `SHOWN` may give it other values than the defaults, `FIRST` a step that has to come before it.

Usage: step_pictures.py [NAME ...]
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import dates as mdates
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cropmap.data.cube import CLEAR_BAND, PixelSeries
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import RECIPES, STEPS
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, needs_look, settle
from cropmap.prepare.seen_channel import SEEN_BAND
from cropmap.testing.phenology import BANDS, CORN, CROPS, logistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cropmap.registry import Entry

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "prepare"
SEASON = Season(dt.date(2023, 4, 22), dt.date(2023, 9, 23))
DAYS = np.arange(-40, SEASON.length_days + 41)
SOIL = (0.09, 0.11, 0.14, 0.22, 0.30, 0.25)
PIXELS, CLOUDY, NOISE = 60, 0.45, 0.035

WEEKLY = StepUse("linear", {})
SHOWN: dict[str, dict[str, Any]] = {
    "native_dates": {"days": list(range(0, SEASON.length_days + 1, 16)), "tolerance_days": 4},
    "phenology": {"target_day": 80},
    "weekly_linear_phenology": {"target_day": 80},
    "whittaker": {"smoothing": 200, "step_days": 7},
    "indices": {"features": "listed", "names": ["NDVI"]},
    "own": {
        "steps": [
            {"name": "composite", "interval_days": 14},
            {"name": "linear", "step_days": 0},
            {"name": "whittaker", "smoothing": 2},
        ]
    },
    "raw_whittaker": {"keep_mask": True},
}
FIRST = {"savitzky_golay": WEEKLY, "seen_channel": WEEKLY}
REMARKS = {
    "phenology": "the site's median peak moved to the dashed day",
    "weekly_linear_phenology": "the site's median peak moved to the dashed day",
    "own": "here: median of 14 days, gaps filled linearly, smoothed",
}

INK, MUTED, LINE = "#1f2937", "#6b7280", "#e5e7eb"
TRUTH, MADE, BRIDGED = "#86c79a", "#2563eb", "#93b4f5"


@dataclass(frozen=True)
class Drawn:
    """What one picture shows of one pixel: a feature's true, seen and made values."""

    feature: str
    truth: tuple[NDArray[Any], NDArray[Any]]
    seen: PixelSeries
    made: PixelSeries


def world() -> tuple[SceneBlock, SceneBlock]:
    """Return a site's pixels as they were seen, and as they were, daily; the first pixel is the one drawn."""
    rng = np.random.default_rng(11)
    later = rng.normal(0, 5, (PIXELS, 1))
    later[0] = 0
    truth = reflectance(DAYS[np.newaxis] - later)
    times = np.flatnonzero((DAYS - DAYS[0]) % 8 == 3)
    clear = rng.random((PIXELS, len(times))) >= CLOUDY
    seen = truth[:, times] * (1 + rng.normal(0, NOISE, (PIXELS, len(times), len(BANDS))))
    clouds = rng.uniform(0.25, 0.7, (*clear.shape, 1)) + np.zeros(len(BANDS))
    shadows = truth[:, times] * 0.35 + 0.03
    hidden = np.where(rng.random((*clear.shape, 1)) < 0.7, clouds, shadows)
    seen[~clear] = hidden[~clear]
    every, those = (tuple(SEASON.date(day) for day in days) for days in (DAYS, DAYS[times]))
    whole = np.ones(truth.shape[:2], bool)
    return SceneBlock(seen.astype(np.float32), clear, those, BANDS), SceneBlock(truth, whole, every, BANDS)


def reflectance(days: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return maize's reflectance by day of season, (pixel, day, band), float32."""
    crop = CROPS[CORN]
    day = (days + (SEASON.start - dt.date(SEASON.start.year, 1, 1)).days + 1).astype(np.float32)
    up = logistic((day - np.float32(crop.green_up)) / np.float32(crop.up_days))
    down = logistic((day - np.float32(crop.browning)) / np.float32(crop.down_days))
    green = (crop.base + (crop.peak - crop.base) * (up - down))[..., np.newaxis]
    return (np.array(SOIL) * (1 - green) + np.array(crop.leaf) * green).astype(np.float32)


def recipe_of(entry: Entry[Any], block: SceneBlock) -> Recipe:
    """Return the recipe that a picture shows; of a step, that step with what has to come before it."""
    values = SHOWN.get(entry.name, {})
    if entry in RECIPES.entries():
        span = {"start": SEASON.start.isoformat(), "end": SEASON.end.isoformat()}
        recipe = make_recipe(entry.name, {**span, **values}, block.dates)
    else:
        before = (FIRST[entry.name],) if entry.name in FIRST else ()
        recipe = Recipe(entry.name, SEASON, (*before, StepUse(entry.name, values)))
    return settle(recipe, block) if needs_look(recipe) else recipe


def applied(recipe: Recipe, block: SceneBlock, only: str = "") -> PixelSeries:
    """Return what a recipe, or its uses of one step alone, make of a block."""
    series = observe(block, SEASON)
    for use in recipe.steps:
        if only in {"", use.name}:
            entry = STEPS.get(use.name)
            series = entry.make(entry.parse(use.params)).apply(series, SEASON)
    return series


def drawn(entry: Entry[Any], block: SceneBlock, truth: SceneBlock) -> Drawn:
    """Choose what a picture shows: the near infrared, or the vegetation index where one is made."""
    recipe = recipe_of(entry, block)
    made = applied(recipe, block)
    feature = next((band for band in ("NDVI", "ndvi", "nir") if band in made.bands), made.bands[0])
    real, seen = applied(recipe, truth, "indices"), applied(recipe, block, "indices")
    return Drawn(feature, (real.days, real.values[0, :, real.bands.index(feature)]), seen, made)


def picture(entry: Entry[Any], shown: Drawn, path: Path) -> None:
    """Draw it."""
    figure = Figure(figsize=(9, 3.6), dpi=100, layout="constrained")
    told = [band for band in (CLEAR_BAND, SEEN_BAND) if band in shown.made.bands]
    above, *below = figure.subplots(
        1 + len(told), 1, sharex=True, height_ratios=(9, 1)[: 1 + len(told)], squeeze=False
    )[:, 0]
    above.axvspan(*mdates.date2num([SEASON.start, SEASON.end]), color="#f8fafc", zorder=0)
    draw_values(above, shown)
    remark = f"  ({REMARKS[entry.name]})" if entry.name in REMARKS else ""
    if "target_day" in SHOWN.get(entry.name, {}):
        above.axvline(when([SHOWN[entry.name]["target_day"]])[0], color=MADE, linewidth=1, linestyle="--", zorder=1)
    above.set_title(f"{entry.title}{remark}", loc="left", fontsize=11, color=INK)
    for axes, band in zip(below, told, strict=True):
        draw_mask(axes, shown.made, band)
    figure.savefig(path)


def support_picture(entry: Entry[Any], path: Path) -> None:
    """Draw, in place of one pixel's values, which of several pixels are accepted: theirs alone is what it changes."""
    rng = np.random.default_rng(5)
    dates = tuple(SEASON.date(day) for day in range(-30, SEASON.length_days + 31, 8))
    clear = rng.random((9, len(dates))) < np.linspace(0.7, 0.12, 9)[:, np.newaxis]
    clear[4, 7:17] = False
    block = SceneBlock(np.zeros((9, len(dates), len(BANDS)), np.float32), clear, dates, BANDS)
    made = applied(recipe_of(entry, block), block)
    figure = Figure(figsize=(9, 3.6), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.axvspan(*mdates.date2num([SEASON.start, SEASON.end]), color="#f8fafc", zorder=0)
    inside = (made.days >= 0) & (made.days <= SEASON.length_days)
    for row in range(9):
        colour, word = (MADE, "valid") if made.valid[row] else ("#dc2626", "refused")
        stops = np.unique([0, *made.days[clear[row] & inside], SEASON.length_days])
        longest = int(np.diff(stops).argmax())
        axes.plot(when(stops[longest : longest + 2]), [row, row], color=colour, linewidth=5, alpha=0.25, zorder=1)
        for days, own in ((clear[row] & inside, colour), (clear[row] & ~inside, "#9ca3af")):
            axes.plot(when(made.days[days]), np.full(days.sum(), row), "o", color=own, markersize=5.5)
        told = f"{made.quality.clear_dates[row]} clear, {made.quality.longest_gap[row]} days: {word}"
        axes.text(when([SEASON.length_days + 36])[0], row, told, fontsize=8, color=colour, va="center")
    axes.set_yticks(range(9), [f"pixel {row + 1}" for row in range(9)])
    axes.set_ylim(8.6, -0.6)
    axes.set_xlim(*mdates.date2num([SEASON.date(-34), SEASON.date(SEASON.length_days + 95)]))
    axes.set_title(
        f"{entry.title}  (clear dates, and the longest gap inside the season)", loc="left", fontsize=11, color=INK
    )
    dress(axes)
    figure.savefig(path)


def draw_values(axes: Axes, shown: Drawn) -> None:
    """Draw the true curve, what was seen, and what is made of it."""
    seen, made = shown.seen, shown.made
    axes.plot(when(shown.truth[0]), shown.truth[1], color=TRUTH, linewidth=4, alpha=0.8, label="true", zorder=1)
    values = seen.values[0, :, seen.bands.index(shown.feature)]
    clear = seen.clear[0]
    axes.plot(
        when(seen.days[~clear]), values[~clear], "x", color="#9ca3af", markersize=6, label="cloud or shadow", zorder=2
    )
    axes.plot(when(seen.days[clear]), values[clear], "o", color=INK, markersize=5.5, label="clear", zorder=3)
    found = made.values[0, :, made.bands.index(shown.feature)]
    usable = made.clear[0] & np.isfinite(found)
    gapless = usable.all() and CLEAR_BAND not in made.bands
    look = {"markersize": 4} if gapless else {"linestyle": "none", "markersize": 9, "fillstyle": "none"}
    axes.plot(when(made.days[usable]), found[usable], marker="s", color=MADE, label="made", zorder=4, **look)
    axes.set_ylabel("NIR reflectance" if shown.feature == "nir" else shown.feature.upper(), fontsize=9, color=MUTED)
    lowest = 0.08 if shown.feature == "nir" else -0.08
    axes.set_ylim(min(lowest, float(found[usable].min()) - 0.03), max(0.6, float(shown.truth[1].max()) + 0.1))
    axes.set_xlim(*mdates.date2num([SEASON.date(-34), SEASON.date(SEASON.length_days + 34)]))
    axes.legend(ncols=4, fontsize=8, frameon=False, loc="upper right", labelcolor=MUTED, borderaxespad=0.2)
    dress(axes)


def draw_mask(axes: Axes, made: PixelSeries, band: str) -> None:
    """Draw the band that says what was seen."""
    mask = made.values[0, :, made.bands.index(band)] > 0
    for value, colour in ((True, MADE), (False, "#d1d5db")):
        days = made.days[mask == value]
        axes.plot(when(days), np.zeros(len(days)), "s", color=colour, markersize=6)
    axes.set_yticks([0], [f"band “{band}”"])
    dress(axes)
    axes.spines["left"].set_visible(False)


def dress(axes: Axes) -> None:
    """Quiet what is not data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9ca3af")
    axes.tick_params(labelsize=8, colors=MUTED, length=3)
    axes.grid(axis="y", color=LINE, linewidth=0.7, zorder=0)
    axes.xaxis.set_major_locator(mdates.MonthLocator(bymonth=range(4, 11)))
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%b"))


def when(days: NDArray[Any]) -> NDArray[Any]:
    """Return days of season as the drawing library's dates."""
    return mdates.date2num(SEASON.start) + np.asarray(days, float)


def main(names: list[str]) -> None:
    """Draw those named, or all."""
    OUT.mkdir(parents=True, exist_ok=True)
    block, truth = world()
    for entry in (*STEPS.entries(), *RECIPES.entries()):
        if not names or entry.name in names:
            path = OUT / f"{entry.name}.png"
            if entry.name == "enough_clear":
                support_picture(entry, path)
            else:
                picture(entry, drawn(entry, block, truth), path)
            print(f"{path.relative_to(OUT.parents[2])}  {path.stat().st_size // 1024} kB")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
