"""The source's model as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import MODEL

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.transfer.base import Transfer


@dataclass(frozen=True)
class DirectParams:
    """It has no parameters."""


@STRATEGIES.register("direct", title="Source model as it is", params=DirectParams, needs=(MODEL,))
def direct(params: DirectParams, task: Transfer) -> ModelPackage:
    """Takes the source's model, its scaling included, as it is; nothing of the target is needed."""
    del params
    return task.source_package()
