"""Let recipes that depend on the site look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.data.prepared import PreparedSeries
from cropmap.io.glance import glance
from cropmap.prepare.recipe import needs_look, settle

if TYPE_CHECKING:
    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season


def settled_for(recipe: Recipe, series: SceneSeries | PreparedSeries, season: Season | None = None) -> Recipe:
    """Return the recipe with what a glance at the images tells; most recipes need none and come back as they are.

    Args:
        recipe: Settled before for another site or year, or not yet.
        series: The images that it will prepare; the same images always give the same recipe. Nothing is settled for a
            cube: its own recipe was, for the images that it was made of.
        season: Instead of the recipe's own: the span that will be prepared.

    Raises:
        SourceError: An image cannot be read.
    """
    if isinstance(series, PreparedSeries) or not needs_look(recipe):
        return recipe
    return settle(recipe, glance(series), season)
