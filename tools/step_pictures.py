"""Draws docs/images/prepare/NAME.png for every registered step and recipe: what it makes of one pixel's season.

Of a maize field whose true curve is known, seen through clouds every five days. A new step or recipe appears by
itself; `SHOWN` may give it other values than the defaults, `FIRST` a step that has to come before it.

Usage: step_pictures.py [NAME ...]
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import dates as mdates
from matplotlib.figure import Figure

from cropmap.data.cube import CLEAR_BAND, PixelSeries
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.data.temperatures import Temperatures
from cropmap.prepare import RECIPES, STEPS
from cropmap.prepare.enough_clear import EnoughClearParams
from cropmap.prepare.observe import observe
from cropmap.prepare.recipe import make_recipe, needs_look, settle
from cropmap.prepare.seen_channel import SEEN_BAND
from cropmap.testing.phenology import BANDS, CORN, CROPS, logistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.registry import Entry

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "prepare"
SEASON = Season(dt.date(2023, 4, 22), dt.date(2023, 9, 23))
DAYS = np.arange(-40, SEASON.length_days + 41)
SOIL = (0.09, 0.11, 0.14, 0.22, 0.30, 0.25)
PIXELS, CLOUDY, NOISE = 60, 0.55, 0.06

WEEKLY = StepUse("linear", {})
# What a model of a warm year keeps: its year's mean was 11.5 degrees C, that of the one drawn is 8.5.
WARMER_YEAR = {"degree_days": 20.23, "start_sum": 619.67}
COOL_YEAR, SWING = 8.5, 12.0
SHOWN: dict[str, dict[str, Any]] = {
    "native_dates": {"days": list(range(12, SEASON.length_days + 1, 16)), "tolerance_days": 4},
    "phenology": {"target_day": 80},
    "weekly_linear_phenology": {"target_day": 80},
    "thermal_time": WARMER_YEAR,
    "weekly_linear_thermal": WARMER_YEAR,
    "whittaker": {"smoothing": 200, "step_days": 7},
    "indices": {"features": "listed", "names": ["NDVI", "EVI", "NDI"], "keep_bands": False},
    "own": {
        "steps": [
            {"name": "composite", "interval_days": 14},
            {"name": "linear", "step_days": 0},
            {"name": "whittaker", "smoothing": 0.2},
        ]
    },
    "raw_whittaker": {"keep_mask": True},
}
FIRST = {"savitzky_golay": WEEKLY, "seen_channel": WEEKLY}
REMARKS = {
    "phenology": "the site's median peak, dotted, is moved to the target day, dashed",
    "weekly_linear_phenology": "the site's median peak, dotted, is moved to the target day, dashed",
    "thermal_time": "a cool year, in the thermal time of a warm one",
    "weekly_linear_thermal": "a cool year, in the thermal time of a warm one",
    "own": "here: medians of 14 days, gaps filled linearly, smoothed",
    "cut_off": "what comes after the season is not taken; earlier dates stay as they are",
    "composite": "medians of 16 days, each at its interval's middle; empty where nothing was clear",
    "native_dates": "here: every 16 days, dotted, the nearest image within 4 days, if clear",
    "mask_channel": "0 where not clear, and a band that says so",
    "raw": "the season's images; 0 where not clear, and a band that says so",
    "savitzky_golay": "a moving parabola over 7 weekly steps",
    "harmonic": "two harmonics of the year, through all clear dates",
    "indices": "on the images' own dates; three of many",
    "linear_monthly": "at the 15th of each month",
}

INK, MUTED, LINE, CLOUD = "#1f2937", "#6b7280", "#e5e7eb", "#9ca3af"
TRUTH, MADE, BEFORE = "#86c79a", "#2563eb", "#f59e0b"
HUES = (MADE, "#b45309", "#7e22ce")
MARGINS = {"left": 0.095, "right": 0.985, "top": 0.92, "bottom": 0.17}
LEGEND = {"fontsize": 8.5, "frameon": False, "labelcolor": MUTED, "borderaxespad": 0.3}
LIMITS = {"nir": (-0.03, 0.68), "NDVI": (-0.3, 1.0)}
SMOOTHERS = ("savitzky_golay", "weekly_linear_whittaker")


@dataclass(frozen=True)
class Drawn:
    """What one picture shows of one pixel.

    Args:
        features: Drawn of the bands made; the first is the one that `seen` and `before` are drawn of.
        truth: The true series.
        seen: The observations.
        made: What the recipe makes of them.
        before: What the steps before the last one make, where that tells what the last one does.
        marks: Days of season of dotted lines, and of dashed ones.
        moved: Days that each day of the true series is moved by, or all are.
    """

    features: tuple[str, ...]
    truth: PixelSeries
    seen: PixelSeries
    made: PixelSeries
    before: PixelSeries | None
    marks: tuple[Sequence[float], Sequence[float]]
    moved: int | np.ndarray[Any, np.dtype[np.int32]]


def world() -> tuple[SceneBlock, SceneBlock]:
    """Return a site's pixels as they were seen, and as they were, daily; the first pixel is the one drawn."""
    rng = np.random.default_rng(11)
    later = rng.normal(0, 5, (PIXELS, 1))
    later[0] = 0
    truth = reflectance(DAYS[np.newaxis] - later)
    times = np.flatnonzero((DAYS - DAYS[0]) % 5 == 3)
    clear = rng.random((PIXELS, len(times))) >= CLOUDY
    seen = truth[:, times] * (1 + rng.normal(0, NOISE, (PIXELS, len(times), len(BANDS))))
    clouds = rng.uniform(0.25, 0.62, (*clear.shape, 1)) * np.linspace(1.06, 0.94, len(BANDS))
    shadows = truth[:, times] * 0.35 + 0.03
    hidden = np.where(rng.random((*clear.shape, 1)) < 0.7, clouds, shadows)
    seen[~clear] = hidden[~clear]
    every, those = (tuple(SEASON.date(day) for day in days) for days in (DAYS, DAYS[times]))
    whole = np.ones(truth.shape[:2], bool)
    warmth = cool_year()
    block = SceneBlock(seen.astype(np.float32), clear, those, BANDS, warmth)
    return block, SceneBlock(truth, whole, every, BANDS, warmth)


def cool_year() -> Temperatures:
    """Return a year's temperatures, hottest in the middle of July."""
    days = np.arange(365)
    means = COOL_YEAR + SWING * np.cos(2 * np.pi * (days - 195) / 365.25)
    return Temperatures(dt.date(SEASON.start.year, 1, 1), tuple((means - 6).tolist()), tuple((means + 6).tolist()))


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
    features = tuple(SHOWN["indices"]["names"]) if entry.name == "indices" else ("NDVI",)
    if features[0] not in made.bands:
        features = ("nir",)
    real, seen = applied(recipe, truth, "indices"), applied(recipe, block, "indices")
    earlier = dataclasses.replace(recipe, steps=recipe.steps[:-1])
    before = applied(earlier, block) if entry.name in SMOOTHERS else None
    values = {key: value for use in recipe.steps for key, value in use.params.items()}
    if "region_day" in values:
        old, new = values["region_day"], values["target_day"]
        return Drawn(features, real, seen, made, before, ((old,), (new,)), new - old)
    if "calendar" in values:
        warm = recipe_of(entry, truth).steps[0].params
        there = np.interp(real.days, warm["first_day"] + np.arange(len(warm["calendar"])), warm["calendar"])
        return Drawn(features, real, seen, made, before, ((), ()), there.astype(np.int32) - real.days)
    marks: dict[str, Sequence[float]] = {
        "composite": range(0, SEASON.length_days + 1, 16),
        "native_dates": SHOWN["native_dates"]["days"],
    }
    return Drawn(features, real, seen, made, before, (marks.get(entry.name, ()), ()), 0)


def picture(entry: Entry[Any], shown: Drawn, path: Path) -> None:
    """Draw it."""
    figure = Figure(figsize=(9, 3.8), dpi=100)
    told = [band for band in (CLEAR_BAND, SEEN_BAND) if band in shown.made.bands]
    rows = {"height_ratios": (8, 1)[: 1 + len(told)], "hspace": 0.1, **MARGINS}
    above, *below = figure.subplots(1 + len(told), 1, sharex=True, squeeze=False, gridspec_kw=rows)[:, 0]
    frame(above, entry)
    for days, style in zip(shown.marks, (":", "--"), strict=True):
        for day in when(np.array(days)):
            above.axvline(day, color=CLOUD, linewidth=1, linestyle=style, zorder=1)
    draw_values(above, shown)
    for axes, band in zip(below, told, strict=True):
        draw_mask(axes, shown.made, band)
    figure.legend(*above.get_legend_handles_labels(), loc="lower center", ncols=6, **LEGEND)
    figure.savefig(path)


def frame(axes: Axes, entry: Entry[Any], remark: str = "") -> None:
    """Write what is drawn above it, and shade the season."""
    axes.set_title(entry.title, loc="left", fontsize=11, color=INK)
    axes.set_title(remark or REMARKS.get(entry.name, ""), loc="right", fontsize=9, color=MUTED)
    span = mdates.date2num([SEASON.start, SEASON.end])
    axes.axvspan(*span, color="#f3f6fa", zorder=0)
    axes.set_xlim(*mdates.date2num([SEASON.date(-34), SEASON.date(SEASON.length_days + 34)]))
    at = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
    axes.annotate("season", (span[0], 1), (4, -4), fontsize=8, color=CLOUD, **at)


def support_picture(entry: Entry[Any], path: Path) -> None:
    """Draw, in place of one pixel's values, which of several pixels are accepted: theirs alone is what it changes."""
    rng = np.random.default_rng(5)
    dates = tuple(SEASON.date(day) for day in range(-30, SEASON.length_days + 31, 8))
    clear = rng.random((9, len(dates))) < np.linspace(0.7, 0.12, 9)[:, np.newaxis]
    clear[4, 7:17] = False
    block = SceneBlock(np.zeros((9, len(dates), len(BANDS)), np.float32), clear, dates, BANDS)
    made = applied(recipe_of(entry, block), block)
    figure = Figure(figsize=(9, 3.8), dpi=100)
    axes = figure.subplots(gridspec_kw={**MARGINS, "right": 0.775, "bottom": 0.14})
    needs = EnoughClearParams()
    frame(axes, entry, f"at least {needs.min_clear} clear dates, no gap longer than {needs.max_gap_days} days")
    inside = (made.days >= 0) & (made.days <= SEASON.length_days)
    for row in range(9):
        colour, word = (MADE, "valid") if made.valid[row] else ("#dc2626", "refused")
        stops = np.unique([0, *made.days[clear[row] & inside], SEASON.length_days])
        longest = int(np.diff(stops).argmax())
        axes.plot(when(stops[longest : longest + 2]), [row, row], color=colour, linewidth=5, alpha=0.25, zorder=1)
        for days, own in ((clear[row] & inside, colour), (clear[row] & ~inside, CLOUD)):
            axes.plot(when(made.days[days]), np.full(days.sum(), row), "o", color=own, markersize=5.5)
        told = f"{made.quality.clear_dates[row]} clear, gap {made.quality.longest_gap[row]} days: {word}"
        axes.text(1.01, row, told, fontsize=8, color=colour, va="center", transform=axes.get_yaxis_transform())
    axes.set_yticks(range(9), [f"pixel {row + 1}" for row in range(9)])
    axes.set_ylim(8.6, -1.3)
    dress(axes)
    figure.savefig(path)


def draw_values(axes: Axes, shown: Drawn) -> None:
    """Draw the true curve, what was seen, and what is made of it."""
    first = shown.features[0]
    for feature in shown.features:
        real = of(shown.truth, feature)
        whole = {"color": TRUTH, "zorder": 1, "label": "true" if feature == first else None}
        axes.plot(when(shown.truth.days), real, linewidth=4, alpha=0.8, **whole)
        if np.any(shown.moved):
            days = when(shown.truth.days + shown.moved)
            axes.plot(days, real, color=TRUTH, linewidth=2, linestyle=(0, (3, 2)), label="true, moved", zorder=1)
    draw_seen(axes, shown)
    if shown.before is not None:
        days = when(shown.before.days)
        axes.plot(days, of(shown.before, first), color=BEFORE, linewidth=1.4, label="before this step", zorder=3)
    for feature, colour in zip(shown.features, HUES, strict=False):
        draw_made(axes, shown, feature, colour)
    axes.set_ylabel("NIR reflectance" if first == "nir" else first.upper(), fontsize=9, color=MUTED)
    axes.set_ylim(*LIMITS[first])
    if len(shown.features) > 1:
        axes.set_ylabel("index", fontsize=9, color=MUTED)
    dress(axes)


def draw_seen(axes: Axes, shown: Drawn) -> None:
    """Draw the observations, and by how much their dates are moved."""
    seen, clear = shown.seen, shown.seen.clear[0]
    values = of(seen, shown.features[0])
    axes.plot(when(seen.days[~clear]), values[~clear], "x", color=CLOUD, label="cloud or shadow", zorder=2)
    axes.plot(when(seen.days[clear]), values[clear], "o", color=INK, markersize=5.5, label="clear", zorder=3)
    if np.any(shown.moved) and shown.made.native:
        days = seen.days[clear]
        moves = np.interp(days, shown.truth.days, np.broadcast_to(shown.moved, shown.truth.days.shape))
        for day, move, value in zip(when(days), moves, values[clear], strict=True):
            arrow = {"arrowstyle": "->", "color": "#c4cad3", "shrinkA": 4, "shrinkB": 6}
            axes.annotate("", (day + move, value), (day, value), arrowprops=arrow, zorder=2)


def draw_made(axes: Axes, shown: Drawn, feature: str, colour: str) -> None:
    """Draw what is made: a line where each date has a value, squares alone where it may not."""
    made, found = shown.made, of(shown.made, feature)
    usable = made.clear[0] & np.isfinite(found)
    gapless = usable.all() and CLEAR_BAND not in made.bands
    look = {"markersize": 4} if gapless else {"linestyle": "none", "markersize": 9, "fillstyle": "none"}
    label = "made" if len(shown.features) == 1 else f"{feature} made"
    axes.plot(when(made.days[usable]), found[usable], marker="s", color=colour, label=label, zorder=4, **look)


def of(series: PixelSeries, feature: str) -> NDArray[np.float32]:
    """Return the drawn pixel's values of a feature, (time,)."""
    return series.values[0, :, series.bands.index(feature)]


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
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
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
