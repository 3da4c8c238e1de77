"""No transfer: a model of the target's own labels, which every strategy has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.training.fit import fit
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import LABELS

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer


@dataclass(frozen=True)
class ScratchParams:
    """It has no parameters."""


@STRATEGIES.register("scratch", title="Target labels alone", params=ScratchParams, needs=(LABELS,))
def scratch(params: ScratchParams, task: Transfer) -> ModelPackage:
    """Trains a model on the target's labels and nothing else; the better the more there are."""
    del params
    return fit(task.labelled(), *task.asked, task.options, task.progress)
