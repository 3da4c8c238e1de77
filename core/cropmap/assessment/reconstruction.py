"""How well each recipe guesses observations that it was not shown.

Reconstruction error at clear dates is not classification accuracy: a recipe that smooths noise away may guess single
observations worse and classify better. It tells how well a recipe bridges gaps like those between clear dates.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.assessment.hidden import Hidden, Sampled, hide
from cropmap.contract.errors import CropMapError, RecipeError
from cropmap.contract.progress import Progress
from cropmap.data.cube import CLEAR_BAND, RegularCube
from cropmap.data.recipe import Recipe
from cropmap.data.scenes import SceneBlock
from cropmap.data.season import Season
from cropmap.prepare import RECIPES
from cropmap.prepare.recipe import make_recipe, needs_look, prepare, recipe_bands, settle

if TYPE_CHECKING:
    from collections.abc import Sequence


# A recipe that answers less than this share of the hidden observations does not narrow what the others are judged by.
COMMON_SHARE = 0.5

NATIVE = "it keeps the images' own dates and fills none, so it has no value where an observation is hidden"
REFUSED = "it refuses every pixel that has a hidden observation, for too few clear dates or too long a gap"
OTHER_FEATURES = "none of its features is a band of the images"
OWN_CALENDAR = "it counts in degree-days, so a hidden date has no day of its own in its series"
OWN_SHIFTS = "it moves each pixel's dates by days of their own, so a hidden date has no place in its series"


@dataclass(frozen=True)
class Asked:
    """A recipe to compare: what it is called in the comparison, its registered name, its own parameter values."""

    name: str
    recipe: str
    values: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """A prepared series of the pixels that are drawn, in time as it was observed.

    Args:
        dates: Date of each step, (step,).
        values: (pixel, step, band of the images), float64; NaN where there is no value.
    """

    dates: tuple[dt.date, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trial:
    """One recipe's guesses.

    Args:
        asked: The recipe as it was asked for.
        title: What users call it.
        recipe: As it was made and settled.
        estimates: Its value at each hidden observation, (observation, band), float64; NaN where it gives none.
        seconds_per_million: Time to prepare a million pixels, on one thread.
        curve: Its series of the pixels that are drawn.
    """

    asked: Asked
    title: str
    recipe: Recipe
    estimates: NDArray[np.float64]
    seconds_per_million: float
    curve: Curve

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Where it gives a value in every band that it has, (observation,)."""
        known = np.isfinite(self.estimates)
        has = known.any(axis=0)
        return np.asarray(known[:, has].all(axis=1) & has.any())


@dataclass(frozen=True)
class LeftOut:
    """A recipe that cannot be compared, and why."""

    name: str
    title: str
    why: str


@dataclass(frozen=True)
class Errors:
    """Errors of a set of guesses: how many, root mean square, mean signed (guess - observed), mean absolute."""

    n: int
    rmse: float
    bias: float
    mae: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came of it.

    Args:
        sampled: The pixels, hidden observations included.
        hidden: What was hidden.
        trials: The recipes, best first.
        left_out: Those that could not be compared.
        common: Hidden observations that all recipes answer which answer at least half of them, (observation,).
        drawn: Positions of the pixels that are drawn.
        season: Span from which observations were hidden.
    """

    sampled: Sampled
    hidden: Hidden
    trials: tuple[Trial, ...]
    left_out: tuple[LeftOut, ...]
    common: NDArray[np.bool_]
    drawn: NDArray[np.intp]
    season: Season

    @property
    def bands(self) -> tuple[str, ...]:
        """The images' bands."""
        return self.sampled.block.bands

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation of the common observations by band, (band,): what guessing their mean would err by."""
        values = self.hidden.values[self.common]
        return values.std(axis=0) if len(values) else np.full(len(self.bands), np.nan)

    def judged(self, trial: Trial) -> NDArray[np.bool_]:
        """Return the observations that a recipe is judged by: the common ones, or else its own, (observation,)."""
        return self.common if self.compared(trial) else trial.answered

    def compared(self, trial: Trial) -> bool:
        """Whether the recipe answers enough to be judged by the common observations."""
        return float(trial.answered.mean()) >= COMMON_SHARE

    def errors(self, trial: Trial, band: int, where: NDArray[np.bool_] | None = None) -> Errors:
        """Return a recipe's errors in one band.

        Args:
            trial: The recipe.
            band: Position of the band.
            where: Count only these of the observations that it is judged by, (observation,).
        """
        chosen = self.judged(trial) if where is None else self.judged(trial) & where
        return _errors(trial.estimates[chosen, band] - self.hidden.values[chosen, band])

    def relative(self, trial: Trial, where: NDArray[np.bool_] | None = None) -> float:
        """Return the mean over the bands of RMSE / spread; 1 is as bad as the mean of all observations."""
        shares = [
            self.errors(trial, band, where).rmse / spread for band, spread in enumerate(self.spread.tolist()) if spread
        ]
        known = [share for share in shares if np.isfinite(share)]
        return float(np.mean(known)) if known else float("nan")


@dataclass(frozen=True)
class ComparisonOptions:
    """How recipes are compared.

    Args:
        share: Part of the clear observations that is hidden.
        plots: How many pixels are drawn.
        seed: Draws what is hidden and drawn.
    """

    share: float = 0.1
    plots: int = 12
    seed: int = 0


def compare_recipes(
    sampled: Sampled, asked: Sequence[Asked], options: ComparisonOptions, progress: Progress | None = None
) -> Comparison:
    """Hide clear observations, prepare the rest with each recipe, and look at what it gives in their place.

    A recipe's value on a day between two of its steps is interpolated linearly between them; before its first step and
    after its last one, and for pixels that it refuses, it has none.

    Args:
        sampled: The pixels.
        asked: The recipes.
        options: How.
        progress: Told of the recipes.

    Raises:
        RecipeError: No recipe can be compared, or there is nothing to hide.
    """
    progress = progress or Progress()
    made, left_out = _made(asked, sampled.block)
    if not made:
        raise RecipeError(
            "None of the recipes can be compared on these images.",
            where="; ".join(f"{out.name}: {out.why}" for out in left_out),
            fix="Choose other recipes, or images with the bands that they need.",
        )
    season = Season(min(recipe.season.start for _, recipe in made), max(recipe.season.end for _, recipe in made))
    rng = np.random.default_rng(options.seed)
    hidden = hide(sampled.block, season, options.share, rng)
    if not len(hidden):
        raise RecipeError(
            "No pixel has enough clear dates to hide one.",
            where=f"{len(sampled.rows)} pixels, {season.start} .. {season.end}",
            fix="Take more pixels, a larger share, or look at the mask.",
        )
    candidates = np.unique(hidden.pixels)
    drawn = np.sort(rng.choice(candidates, min(options.plots, len(candidates)), replace=False))
    shown = _without(sampled.block, hidden)
    tried = [_tried(ask, recipe, shown, hidden, drawn) for ask, recipe in progress.over(made, "Comparing recipes")]
    left_out += [out for out in tried if isinstance(out, LeftOut)]
    kept = tuple(trial for trial in tried if isinstance(trial, Trial))
    return _ranked(Comparison(sampled, hidden, kept, tuple(left_out), _common(kept, hidden), drawn, season))


def _made(asked: Sequence[Asked], block: SceneBlock) -> tuple[list[tuple[Asked, Recipe]], list[LeftOut]]:
    """Make the recipes for the series; say why where one cannot be."""
    made, left_out = [], []
    for ask in asked:
        title = RECIPES.get(ask.recipe).title
        try:
            recipe = make_recipe(ask.recipe, ask.values, block.dates)
        except CropMapError as error:
            left_out.append(LeftOut(ask.name, title, str(error)))
            continue
        if any(use.name == "phenology" and use.params.get("variant") == "pixel" for use in recipe.steps):
            left_out.append(LeftOut(ask.name, title, OWN_SHIFTS))
        elif any(use.name == "thermal_time" for use in recipe.steps):
            left_out.append(LeftOut(ask.name, title, OWN_CALENDAR))
        else:
            made.append((ask, recipe))
    return made, left_out


def _without(block: SceneBlock, hidden: Hidden) -> SceneBlock:
    """Return the series without the hidden observations: not clear, and their values gone."""
    values, clear = block.values.copy(), block.clear.copy()
    values[hidden.pixels, hidden.times] = np.nan
    clear[hidden.pixels, hidden.times] = False
    return SceneBlock(values, clear, block.dates, block.bands)


def _tried(ask: Asked, recipe: Recipe, shown: SceneBlock, hidden: Hidden, drawn: NDArray[np.intp]) -> Trial | LeftOut:
    title = RECIPES.get(ask.recipe).title
    try:
        trial = _trial(ask, recipe, shown, hidden, drawn)
    except CropMapError as error:
        return LeftOut(ask.name, title, str(error))
    if trial.answered.any():
        return trial
    native = CLEAR_BAND in recipe_bands(recipe, shown.bands)
    return LeftOut(ask.name, title, NATIVE if native else REFUSED)


def _trial(ask: Asked, recipe: Recipe, shown: SceneBlock, hidden: Hidden, drawn: NDArray[np.intp]) -> Trial:
    if needs_look(recipe):
        recipe = settle(recipe, shown)
    prepare(shown, recipe)  # what is compiled on first use is not what is timed
    began = time.perf_counter()
    cube = prepare(shown, recipe)
    seconds = time.perf_counter() - began
    shift = _shift(recipe)
    usable = _usable(cube)
    bands = _positions(cube, shown.bands)
    if (bands < 0).all():
        raise RecipeError(OTHER_FEATURES)
    days = recipe.season.days(shown.dates)[hidden.times] + shift
    estimates = _at(_Series(cube, usable, bands), hidden.pixels, days)
    values = np.where(usable[drawn, :, np.newaxis], _taken(cube.values[drawn], bands), np.nan)
    dates = tuple(recipe.season.date(day - shift) for day in cube.days.tolist())
    per_million = seconds / max(len(shown.values), 1) * 1e6
    return Trial(ask, RECIPES.get(ask.recipe).title, recipe, estimates, per_million, Curve(dates, values))


def _shift(recipe: Recipe) -> int:
    """Return by how many days a recipe moves the dates of the whole site."""
    moved = 0
    for use in recipe.steps:
        target, own = int(use.params.get("target_day", -1)), int(use.params.get("region_day", -1))
        if use.name == "phenology" and target >= 0 and own >= 0:
            moved += target - own
    return moved


def _usable(cube: RegularCube) -> NDArray[np.bool_]:
    """Return where a cube says something, (pixel, step): not in refused pixels, nor where it was filled."""
    usable = np.repeat(cube.valid[:, np.newaxis], len(cube.days), axis=1)
    if CLEAR_BAND in cube.bands:
        usable &= cube.values[:, :, cube.bands.index(CLEAR_BAND)] == 1
    return usable


def _positions(cube: RegularCube, bands: tuple[str, ...]) -> NDArray[np.intp]:
    """Return where each band of the images stands in a cube, (band,); -1 for one that it lacks."""
    return np.array([cube.bands.index(band) if band in cube.bands else -1 for band in bands], np.intp)


def _taken(values: NDArray[np.float32], bands: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the images' bands of a cube's values, (..., band), float64; NaN for one that it lacks."""
    taken = values[..., bands].astype(np.float64)
    taken[..., bands < 0] = np.nan
    return taken


@dataclass(frozen=True, eq=False)
class _Series:
    """A cube, where it says something, and where its bands stand."""

    cube: RegularCube
    usable: NDArray[np.bool_]
    bands: NDArray[np.intp]


def _at(series: _Series, pixels: NDArray[np.intp], days: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return a cube's values of pixels on days of season, linear between steps, (observation, band); NaN outside."""
    nodes = series.cube.days
    right = np.clip(np.searchsorted(nodes, days), 0, len(nodes) - 1)
    left = np.where(nodes[right] == days, right, np.maximum(right - 1, 0))
    inside = (nodes[left] <= days) & (days <= nodes[right])
    known = inside & series.usable[pixels, left] & series.usable[pixels, right]
    weight = ((days - nodes[left]) / np.maximum(nodes[right] - nodes[left], 1))[:, np.newaxis]
    before, after = (_taken(series.cube.values[pixels, side], series.bands) for side in (left, right))
    return np.where(known[:, np.newaxis], before + weight * (after - before), np.nan)


def _common(trials: Sequence[Trial], hidden: Hidden) -> NDArray[np.bool_]:
    answers = [trial.answered for trial in trials if trial.answered.mean() >= COMMON_SHARE]
    return np.logical_and.reduce(answers) if answers else np.zeros(len(hidden), np.bool_)


def _ranked(found: Comparison) -> Comparison:
    """Put the best first; what is judged by observations of its own comes last."""
    order = sorted(found.trials, key=lambda trial: (not found.compared(trial), found.relative(trial)))
    return dataclasses.replace(found, trials=tuple(order))


def _errors(differences: NDArray[np.float64]) -> Errors:
    known = differences[np.isfinite(differences)]
    if not len(known):
        return Errors(0, float("nan"), float("nan"), float("nan"))
    return Errors(len(known), float(np.sqrt(np.mean(known**2))), float(np.mean(known)), float(np.mean(np.abs(known))))


# ---------------------------------------------------------------- tables

BY_DATE_HEADER = ("recipe", "band", "date", "n", "rmse", "bias", "mae")
SUMMARY_HEADER = (
    *("recipe", "band", "n", "rmse", "bias", "mae", "relative_rmse", "answered_share", "same_observations"),
    "seconds_per_million_pixels",
)


def by_date_rows(found: Comparison) -> list[tuple[str | int | float, ...]]:
    """Return each recipe's errors by band and date, header first; dates on which nothing was hidden have no row."""
    dates = found.sampled.block.dates
    times = np.unique(found.hidden.times).tolist()
    rows: list[tuple[str | int | float, ...]] = [BY_DATE_HEADER]
    for trial in found.trials:
        for band, name in enumerate(found.bands):
            for position in times:
                own = found.errors(trial, band, found.hidden.times == position)
                if own.n:
                    rows.append(
                        (trial.asked.name, name, dates[position].isoformat(), own.n, own.rmse, own.bias, own.mae)
                    )
    return rows


def summary_rows(found: Comparison) -> list[tuple[str | int | float, ...]]:
    """Return each recipe's errors by band, header first, best recipe first.

    `relative_rmse` is RMSE over the standard deviation of the observations, `answered_share` the part of all hidden
    observations that the recipe gives a value for, and `same_observations` is 1 where the errors are of the
    observations that all recipes with a 1 are judged by.
    """
    rows: list[tuple[str | int | float, ...]] = [SUMMARY_HEADER]
    for trial in found.trials:
        for band, (name, spread) in enumerate(zip(found.bands, found.spread.tolist(), strict=True)):
            own = found.errors(trial, band)
            relative = own.rmse / spread if spread > 0 else float("nan")
            judged = (float(trial.answered.mean()), int(found.compared(trial)), trial.seconds_per_million)
            rows.append((trial.asked.name, name, own.n, own.rmse, own.bias, own.mae, relative, *judged))
    return rows
