"""Make a recipe, say what it yields, and apply it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import RecipeError
from cropmap.data.cube import RegularCube
from cropmap.data.recipe import StepUse
from cropmap.data.season import Season
from cropmap.prepare import RECIPES, STEPS
from cropmap.prepare.observe import observe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneBlock
    from cropmap.prepare.step import SeasonParams, Step


def make_recipe(name: str, values: Mapping[str, Any], dates: Iterable[dt.date]) -> Recipe:
    """Make a registered recipe for a series.

    Args:
        name: The recipe's registered name.
        values: Its plain parameter values. Where `start` or `end` is empty, the first or last date stands in.
        dates: The series' acquisition dates.

    Raises:
        JobError: There is no such recipe.
        ParameterError: Wrong values.
        RecipeError: The season is no span, or holds fewer than two dates; the steps do not make regular dates, or
            leave some without a value.
    """
    entry = RECIPES.get(name)
    params = entry.parse(values)
    known = sorted(set(dates))
    season = _season(params, known)
    inside = [date for date in known if season.start <= date <= season.end]
    if len(inside) < 2:
        raise RecipeError(
            f"The season {season.start} .. {season.end} holds {len(inside)} of the dates; two are needed at least.",
            where=f"dates: {_listed(known)}",
            fix="Set the season's start and end to span the images, or add images.",
        )
    recipe: Recipe = entry.make(params, season, tuple(inside))
    recipe_nodes(recipe)
    return recipe


def recipe_nodes(recipe: Recipe) -> NDArray[np.int32]:
    """Return the days of season that a recipe yields, (step,), int32, ascending.

    Raises:
        RecipeError: None of its steps makes regular dates, or the last that could leaves some without a value.
    """
    return _nodes(recipe, _steps(recipe), recipe.season)


def recipe_bands(recipe: Recipe, bands: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the features that a recipe makes of these bands, in order."""
    names = tuple(bands)
    for step in _steps(recipe):
        names = step.bands(names)
    return names


def widest(recipe: Recipe, dates: int, bands: Iterable[str]) -> int:
    """Return the most numbers that a pixel takes while it is prepared: what a step is given, and what it makes of it.

    Args:
        recipe: The steps.
        dates: How many acquisitions there are.
        bands: Of the images.
    """
    nodes, names = None, tuple(bands)
    given = most = dates * len(names)
    for step in _steps(recipe):
        nodes, names = step.nodes(nodes, recipe.season), step.bands(names)
        made = (dates if nodes is None else len(nodes)) * len(names)
        most, given = max(most, given + made), made
    return most


def needs_look(recipe: Recipe) -> bool:
    """Tell whether a step of the recipe must look at the site before it can work: then `settle` it first."""
    return any(step.looks for step in _steps(recipe))


def found_anew(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    """Return the names of the parameters that a look at each site finds anew, by step."""
    return tuple(step.found for step in _steps(recipe))


def settle(recipe: Recipe, block: SceneBlock, season: Season | None = None) -> Recipe:
    """Return the recipe with the parameters that only a look at the site tells.

    Args:
        recipe: Settled before for another site, or not yet.
        block: Series of pixels spread over the site (`io.glance.glance`).
        season: Instead of the recipe's own: the span of the year that is looked at.
    """
    used = season or recipe.season
    series = observe(block, used)
    uses = []
    for use, step in zip(recipe.steps, _steps(recipe), strict=True):
        settled = step
        if step.looks:
            use = StepUse(use.name, {**use.params, **step.settle(series, used)})  # noqa: PLW2901
            (settled,) = _steps(dataclasses.replace(recipe, steps=(use,)))
        uses.append(use)
        series = settled.apply(series, used)
    return dataclasses.replace(recipe, steps=tuple(uses))


def prepare(block: SceneBlock, recipe: Recipe, season: Season | None = None) -> RegularCube:
    """Prepare the series of a set of pixels.

    Args:
        block: The series as they were read.
        recipe: The steps to take.
        season: Instead of the recipe's own: the same span of another year, for a model that was trained in this one.

    Returns:
        Every pixel of the block, in order. Pixels that the recipe refuses keep their values, but are not `valid`; those
        without any clear date in reach are NaN. One that lacks a feature on a step (an index that none of the steps
        after it could fill) is not `valid` either.

    Raises:
        RecipeError: The recipe makes no regular steps, or others in `season` than in its own.
    """
    steps = _steps(recipe)
    nodes = _nodes(recipe, steps, recipe.season)
    used = season or recipe.season
    if not np.array_equal(nodes, _nodes(recipe, steps, used)):
        raise RecipeError(
            f"The season {used.start} .. {used.end} has other steps than {recipe.season.start} .. {recipe.season.end}.",
            where=f"recipe {recipe.name!r}",
            fix=f"Use a season of {recipe.season.length_days} days.",
        )
    series = observe(block, used)
    for step in steps:
        series = step.apply(series, used)
    valid = series.valid
    if series.holes:
        valid = valid & np.isfinite(series.values).all(axis=(1, 2))
    return RegularCube(series.values, nodes, series.bands, series.quality, valid)


def _steps(recipe: Recipe) -> list[Step]:
    entries = [(STEPS.get(use.name), use.params) for use in recipe.steps]
    return [entry.make(entry.parse(values)) for entry, values in entries]


def _nodes(recipe: Recipe, steps: list[Step], season: Season) -> NDArray[np.int32]:
    nodes: NDArray[np.int32] | None = None
    for step in steps:
        nodes = step.nodes(nodes, season)
    if nodes is None:
        raise RecipeError(
            "The recipe makes no regular dates.",
            where=f"recipe {recipe.name!r}",
            fix="Add a step that does, such as linear.",
        )
    said = [(use.name, step.gaps) for use, step in zip(recipe.steps, steps, strict=True) if step.gaps is not None]
    if said and said[-1][1]:
        raise RecipeError(
            "The recipe leaves dates on which a pixel has no value, and models need one for each.",
            where=f"recipe {recipe.name!r}, step {said[-1][0]!r}",
            fix="Add a step after it that fills them: linear with step_days 0, or mask_channel.",
        )
    return nodes


def _season(params: SeasonParams, dates: list[dt.date]) -> Season:
    if not dates and not (params.start and params.end):
        raise RecipeError("There is no date to take the season from.", fix="Give its start and end as YYYY-MM-DD.")
    first, last = params.default_span(dates) if dates else (dt.date.min, dt.date.max)
    return Season(
        dt.date.fromisoformat(params.start) if params.start else first,
        dt.date.fromisoformat(params.end) if params.end else last,
    )


def _listed(dates: list[dt.date]) -> str:
    """Name the dates, the middle of a long list left out."""
    texts = [date.isoformat() for date in dates]
    if len(texts) > 12:
        texts = [*texts[:6], f"... ({len(texts) - 12} more)", *texts[-6:]]
    return ", ".join(texts) or "none"
