"""Weekly linear series in thermal time: a step is a sum of warmth."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.data.recipe import Recipe, StepUse
from cropmap.prepare import RECIPES
from cropmap.prepare.thermal_time import WarmthParams
from cropmap.prepare.weekly_linear import WeeklyLinearParams, enough, resampled

if TYPE_CHECKING:
    import datetime as dt

    from cropmap.data.season import Season


@dataclass(frozen=True)
class WeeklyLinearThermalParams(WarmthParams, WeeklyLinearParams):
    """What `weekly_linear` takes, and how warmth is counted."""


@RECIPES.register(
    "weekly_linear_thermal",
    title="Weekly, linear, in thermal time",
    params=WeeklyLinearThermalParams,
    citation="Nyborg et al. 2022, arXiv:2203.09175; Turkoglu et al. 2025, arXiv:2506.12885 (steps ours)",
)
def weekly_linear_thermal(params: WeeklyLinearThermalParams, season: Season, dates: tuple[dt.date, ...]) -> Recipe:
    """Interpolate linearly at regular sums of degree-days instead of regular dates.

    It needs the site's daily temperatures. Days, weeks and gaps are then such of thermal time.
    """
    del dates
    asked = {field.name: getattr(params, field.name) for field in dataclasses.fields(WarmthParams)}
    warm = StepUse("thermal_time", asked)
    return Recipe("weekly_linear_thermal", season, (warm, enough(params), resampled(params)))
