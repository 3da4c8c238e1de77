"""Features of the two sites with the same distribution, class by class, by a kernel distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from cropmap.contract.params import param
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, SERIES, SOURCE
from cropmap.transfer.domains import Matching, MatchingParams, matched
from cropmap.transfer.kernels import class_kernel_gap

if TYPE_CHECKING:
    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.training.adaptation import Batch
    from cropmap.transfer.base import Transfer
    from cropmap.transfer.domains import Other


@dataclass(frozen=True)
class ClassMmdParams(MatchingParams):
    """How strongly, and by what the best epoch is chosen."""

    weight: float = param(
        0.2,
        title="Pull",
        help="How strongly the classes of the two sites are drawn together, beside the loss over the source's labels; "
        "strong, it mixes up classes that are guessed wrongly.",
        low=0.0,
        high=1000.0,
    )


class ClassMmd(Matching):
    """The gap is the kernel distance between the sites within each class."""

    def gap(self, batch: Batch, other: Other, strength: float) -> Tensor:
        """Return it; the target's classes are the network's own probabilities, without gradient."""
        classes = other.scores.shape[1]
        labels = functional.one_hot(batch.columns, classes).to(other.scores.dtype)
        guessed = torch.softmax(other.scores.detach(), dim=1)
        return strength * class_kernel_gap((batch.features, other.features), (labels, guessed))


@STRATEGIES.register(
    "class_mmd",
    title="Kernel distance of the sites by class",
    params=ClassMmdParams,
    citation="Zhu et al. 2021, IEEE Transactions on Neural Networks and Learning Systems 32(4), "
    "doi:10.1109/TNNLS.2020.2988928",
    needs=(SOURCE, SERIES, GRADIENTS),
)
def class_mmd(params: ClassMmdParams, task: Transfer) -> ModelPackage:
    """Trains a network whose features of a class are alike on both sites, by guessed classes; no labels of the target.

    Other shares of crops disturb it less than they disturb a distance of all features.

    Source: Zhu et al. 2021, doi:10.1109/TNNLS.2020.2988928.
    """
    return matched(params, task, lambda series: ClassMmd(series, params))
