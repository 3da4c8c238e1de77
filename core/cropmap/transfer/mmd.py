"""Features of the two sites with the same distribution, by a kernel distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, SERIES, SOURCE
from cropmap.transfer.domains import Matching, MatchingParams, matched
from cropmap.transfer.kernels import kernel_gap

if TYPE_CHECKING:
    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.training.adaptation import Batch
    from cropmap.transfer.base import Transfer
    from cropmap.transfer.domains import Other


@dataclass(frozen=True)
class MmdParams(MatchingParams):
    """How strongly, and by what the best epoch is chosen."""


class Mmd(Matching):
    """The gap is the squared maximum mean discrepancy of the features."""

    def gap(self, batch: Batch, other: Other, strength: float) -> Tensor:
        """Return it."""
        return strength * kernel_gap(batch.features, other.features)


@STRATEGIES.register(
    "mmd",
    title="Kernel distance of the sites",
    params=MmdParams,
    citation="Long et al. 2015, International Conference on Machine Learning, arXiv:1502.02791",
    needs=(SOURCE, SERIES, GRADIENTS),
)
def mmd(params: MmdParams, task: Transfer) -> ModelPackage:
    """Trains a network whose features are spread alike on both sites; for similar shares of crops, without labels.

    Source: Long, Cao, Wang and Jordan 2015, arXiv:1502.02791, on the features before the head; five kernels of equal
    weight, whose widths follow the mean distance of the batch.
    """
    return matched(params, task, lambda series: Mmd(series, params))
