"""The source's model, with the target's series standardised by their own mean and deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.training.scaling import rescaled
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, MODEL, SERIES

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer


@dataclass(frozen=True)
class TargetStatisticsParams:
    """It has no parameters."""


@STRATEGIES.register(
    "target_statistics",
    title="Source model, target's scaling",
    params=TargetStatisticsParams,
    citation="Antonijevic et al. 2023, who standardise each of two regions by itself",
    needs=(MODEL, SERIES, GRADIENTS),
)
def target_statistics(params: TargetStatisticsParams, task: Transfer) -> ModelPackage:
    """Takes the source's network and standardises the target's series by their own mean and deviation.

    Where light or sensor differ and the crops' shares hardly do; where these differ too, it harms.
    """
    del params
    package = task.source_package()
    moved = shifted(task.series, package.days, package.shift_days, mask_position(package.bands))
    return rescaled(package, moved)
