"""From irregular, cloudy series to regular ones: one file a step, one file a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.registry import Registry

if TYPE_CHECKING:
    from cropmap.data.recipe import Recipe
    from cropmap.prepare.step import Step

STEPS: Registry[Step] = Registry("steps", "cropmap.prepare")
RECIPES: Registry[Recipe] = Registry("recipes", "cropmap.prepare")
