"""Features of the two sites with the same variances and correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, SERIES, SOURCE
from cropmap.transfer.domains import Matching, MatchingParams, matched

if TYPE_CHECKING:
    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.training.adaptation import Batch
    from cropmap.transfer.base import Transfer
    from cropmap.transfer.domains import Other


@dataclass(frozen=True)
class DeepCoralParams(MatchingParams):
    """How strongly, of what, and by what the best epoch is chosen."""

    means: bool = param(True, help="Draw the means together too; the published loss leaves them apart.")


class DeepCoral(Matching):
    """The gap is that of the features' covariances."""

    params: DeepCoralParams

    def gap(self, batch: Batch, other: Other, strength: float) -> Tensor:
        """Return how far the covariances, and where asked the means, lie apart."""
        found = covariance_gap(batch.features, other.features)
        if self.params.means:
            found = found + (batch.features.mean(dim=0) - other.features.mean(dim=0)).square().mean()
        return strength * found


def covariance_gap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the squared Frobenius norm of the difference of two covariances, by 4 times the features' number squared.

    Args:
        ours: (n, feature), n at least 2.
        theirs: (m, feature), m at least 2.

    Source: Sun and Saenko 2016, arXiv:1607.01719, equation 1.
    """
    difference = _covariance(ours) - _covariance(theirs)
    return difference.square().sum() / (4 * ours.shape[1] ** 2)


def _covariance(features: Tensor) -> Tensor:
    centred = features - features.mean(dim=0)
    return centred.T @ centred / (len(features) - 1)


@STRATEGIES.register(
    "deep_coral",
    title="Deep CORAL",
    params=DeepCoralParams,
    citation="Sun and Saenko 2016, ECCV Workshops, arXiv:1607.01719",
    needs=(SOURCE, SERIES, GRADIENTS),
)
def deep_coral(params: DeepCoralParams, task: Transfer) -> ModelPackage:
    """Trains a network whose features have like means and covariances on both sites; mild, and without labels.

    Source: Sun and Saenko 2016, arXiv:1607.01719; the means are an addition.
    """
    return matched(params, task, lambda series: DeepCoral(series, params))
