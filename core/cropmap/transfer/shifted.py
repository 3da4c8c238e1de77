"""The source's model, and the target's season brought to the source's calendar."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import MODEL, SERIES
from cropmap.transfer.calendar_shift import ShiftParams, find_shift

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer


@dataclass(frozen=True)
class ShiftedParams(ShiftParams):
    """How the shift is looked for."""


@STRATEGIES.register(
    "shifted",
    title="Source model, calendar shifted",
    params=ShiftedParams,
    citation="Nyborg et al. 2022, doi:10.1016/j.isprsjprs.2022.04.018, its first step",
    needs=(MODEL, SERIES),
)
def shifted(params: ShiftedParams, task: Transfer) -> ModelPackage:
    """Takes the source's model as it is and moves the target's series by the days at which its answers fit best.

    For a target whose crops grow earlier or later as a whole; any model, no labels.

    Source: Nyborg et al. 2022, arXiv:2111.02682: the estimate of the shift, without the training that follows it.
    """
    package = task.source_package()
    found = find_shift(package, task.series, params, task.options.seed, task.options.device)
    record = {**package.record, "calendar_shift": found.to_dict()}
    return dataclasses.replace(package, shift_days=found.days, record=record)
