"""Features that do not tell the sites apart: domain-adversarial training."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from cropmap.contract.params import param
from cropmap.transfer import STRATEGIES
from cropmap.transfer.adversarial import Adversarial, AdversarialParams
from cropmap.transfer.base import GRADIENTS, SERIES, SOURCE
from cropmap.transfer.domains import matched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.models.neural import SeriesNetwork
    from cropmap.transfer.base import Transfer

# The published study's settings; its pull rises over so many forward passes, whatever the number of updates.
_LEGACY: dict[str, Any] = {
    "weight": 1.0,
    "batch_norm": "shared",
    "choose_by": "last",
    "begin": "new",
    "hidden": 1024,
    "discriminator_factor": 100.0,
}
_LEGACY_NETWORK = {"epochs": 10, "batch_size": 32, "schedule": "constant"}
_LEGACY_PASSES = 1000.0


@dataclass(frozen=True)
class DannParams(AdversarialParams):
    """How strongly, how told, and by what the best epoch is chosen."""

    legacy: bool = param(
        False,
        help="The settings of Long et al. 2026, as a reference: 10 epochs of which the last is kept, 32 and 32 series "
        "in one batch, a pull that rises over 1,000 batches, a discriminator of 1,024 that steps 100 times as far.",
        advanced=True,
    )


class Dann(Adversarial):
    """The discriminator is told the features."""

    params: DannParams
    updates = 0

    def inputs(self, network: SeriesNetwork, seed: int) -> int:
        """Return the number of features."""
        del seed
        return network.features

    def told(self, features: Tensor, scores: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features."""
        del scores
        return features, None

    def strength(self, done: float) -> float:
        """Return how strong the pull is; in the legacy setting by the number of batches before."""
        if not self.params.legacy:
            return super().strength(done)
        return self.params.weight * legacy_ramp(self.updates)

    def after_step(self, network: SeriesNetwork, done: float) -> None:
        """Count the updates."""
        del network, done
        self.updates += 1

    def state(self) -> dict[str, Tensor]:
        """Add the count."""
        return super().state() | {"updates": torch.tensor(self.updates)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        super().restore(state)
        self.updates = int(state["updates"])


def legacy_ramp(passes: int) -> float:
    """Return 2 / (1 + exp(-passes / 1000)) - 1, for the number of forward passes before."""
    return 2.0 / (1.0 + math.exp(-passes / _LEGACY_PASSES)) - 1.0


@STRATEGIES.register(
    "dann",
    title="Domain-adversarial training",
    params=DannParams,
    citation="Ganin et al. 2016, Journal of Machine Learning Research 17(59), arXiv:1505.07818",
    needs=(SOURCE, SERIES, GRADIENTS),
)
def dann(params: DannParams, task: Transfer) -> ModelPackage:
    """Trains a network whose features do not tell the two sites apart; for similar shares of crops, without labels.

    The network learns the source's labels, and against a second network that tries to tell from its features which
    site a series comes from. Where the shares of crops differ much it mixes classes up.

    Source: Ganin et al. 2016, arXiv:1505.07818; settings of the legacy form: Long et al. 2026,
    doi:10.1016/j.compag.2026.111646. Theirs trains by SGD with momentum, has a layer of its own before the head, and
    saw the series of its test; those are not repeated.
    """
    overrides: dict[str, Any] = {}
    if params.legacy:
        params, overrides = dataclasses.replace(params, **_LEGACY), _LEGACY_NETWORK
    return matched(params, task, lambda series: Dann(series, params), overrides)
