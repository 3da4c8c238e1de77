"""What a network may learn beside its labels: the places in the training loop that a transfer strategy fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from cropmap.models.neural import NeuralParams, SeriesNetwork


class Batch(NamedTuple):
    """One batch of labelled series on its way through the network.

    Args:
        values: Scaled series as the network saw them, (n, step, band).
        columns: Column of each one's class, (n,).
        features: What the network made of them, with gradients, (n, feature).
        scores: Before the softmax, with gradients, (n, class), float32.
        done: Share of all updates that were done before, 0..1.
    """

    values: Tensor
    columns: Tensor
    features: Tensor
    scores: Tensor
    done: float


class Adaptation:
    """What is asked of a network beside the loss over its labels; as it stands, nothing.

    One instance serves one training. Strategies override what they need. Random choices are drawn from generators of
    its own that `begin` seeds and `state` tells, so that a training goes on from its checkpoint with the same result.
    """

    # By what the step size is multiplied for the adaptation's own weights.
    factor = 1.0
    # Whether the last epoch is kept, whatever its losses.
    last = False

    def describe(self) -> dict[str, Any]:
        """Return all that the result depends on as plain JSON values: parameters, a hash of the series used."""
        return {}

    def begin(self, network: SeriesNetwork, params: NeuralParams, device: str, seed: int) -> None:
        """Make what is needed: modules, generators, series on the device. Called once, before the optimizer is made."""

    def parameters(self) -> Sequence[nn.Parameter]:
        """Return the adaptation's own weights, trained together with the network's."""
        return ()

    def encode(self, network: SeriesNetwork, values: Tensor) -> Tensor:
        """Return features, (n, feature), of a batch of labelled series, (n, step, band), while the network learns."""
        return network.encode(values)

    def loss(self, network: SeriesNetwork, batch: Batch) -> Tensor:
        """Return what is added to the mean loss over a batch's labels."""
        del network
        return batch.features.new_zeros(())

    def after_step(self, network: SeriesNetwork, done: float) -> None:
        """Do what follows an update, such as averaging weights; `done` is the share of all updates."""

    def score(self, network: SeriesNetwork) -> float:
        """Return what is added to the validation loss when the best epoch is chosen; in evaluation mode."""
        del network
        return 0.0

    def kept(self, network: SeriesNetwork) -> dict[str, Tensor]:
        """Return the weights that the model keeps of this epoch, by the names of the network's state."""
        return network.state_dict()

    def state(self) -> dict[str, Tensor]:
        """Return everything of its own that the rest of the training depends on, by name."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` returned; called after `begin`."""
