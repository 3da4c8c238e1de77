"""The source's network, with the figures of its batch normalisation taken from the target."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.data.applicability import of_inputs
from cropmap.data.calendar import shifted
from cropmap.models.base import load_model, shape_of
from cropmap.models.memory import spans
from cropmap.models.neural import GPU_BATCH, NeuralClassifier
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, MODEL, SERIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from cropmap.contract.progress import Progress
    from cropmap.data.package import ModelPackage
    from cropmap.models.neural import SeriesNetwork
    from cropmap.transfer.base import Transfer

# Rows at a time on a CPU: the figures are sums over all series, so this changes speed alone.
_CPU_ROWS = 256


@dataclass(frozen=True)
class AdaBNParams:
    """How many series are looked at."""

    most: int = param(
        10_000,
        title="Most series",
        help="Figures are taken over so many series of the target, drawn at random where there are more.",
        low=2,
        high=10_000_000,
        advanced=True,
    )


@STRATEGIES.register(
    "adabn",
    title="Batch statistics of the target",
    params=AdaBNParams,
    citation="Li et al. 2016, Revisiting batch normalization for practical domain adaptation, arXiv:1603.04779",
    needs=(MODEL, SERIES, GRADIENTS),
)
def adabn(params: AdaBNParams, task: Transfer) -> ModelPackage:
    """Takes the source's network and replaces the figures of its batch normalisation by the target's, without labels.

    For networks that have such layers, and targets with a like mix of crops.

    Layer by layer, in the order in which series pass them: each layer's figures are those of all series, as they come
    out of the layers before it, which have the target's figures already. Weights stay as they are, and so does the
    scaling of the source.

    Raises:
        TransferError: The network has no batch normalisation.
    """
    package = task.source_package(task.progress.part(0, 0.8))
    model = load_model(package)
    if not isinstance(model, NeuralClassifier) or not norms(model.network):
        raise TransferError(
            f"The network {package.model} has no batch normalisation whose figures could be replaced.",
            where=f"model {package.model}",
            fix="Choose a network that has some, such as tempcnn or inception_time, or another strategy.",
        )
    rng = np.random.default_rng(task.options.seed)
    few = len(task.series) <= params.most
    chosen = task.series if few else task.series[np.sort(rng.permutation(len(task.series))[: params.most])]
    moved = shifted(chosen, package.days, package.shift_days, shape_of(package).mask)
    model = model.to(task.options.device)
    renormalise(model.network, package.scaling.apply(moved), task.progress.part(0.8, 1))
    record = {**package.record, "normalised_on": len(chosen)}
    # Features change with the figures; those of the training series are known no more.
    area = of_inputs(package.applicability)
    return dataclasses.replace(package, arrays=model.arrays(), record=record, applicability=area)


def norms(network: nn.Module) -> list[_BatchNorm]:
    """Return the layers of batch normalisation that keep figures."""
    return [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]


def renormalise(network: SeriesNetwork, values: NDArray[np.float32], progress: Progress) -> None:
    """Set every layer of batch normalisation to mean and variance of what reaches it.

    The variance is the unbiased one, as PyTorch keeps it. In evaluation mode throughout.

    Args:
        network: On any device; its figures are changed.
        values: Scaled series, (n, step, band), two or more.
        progress: Told how far it is; it cancels.
    """
    network.eval()
    layers = _in_order(network, values[:2])
    for number, layer in enumerate(layers):
        count, mean, variance = _figures(network, layer, values)
        if count > 1 and layer.running_mean is not None and layer.running_var is not None:
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(variance * (count / (count - 1)))
        progress.at((number + 1) / len(layers))


def _in_order(network: SeriesNetwork, values: NDArray[np.float32]) -> list[_BatchNorm]:
    """Return the layers in the order in which series reach them first; those that none reaches are left out."""
    found: list[_BatchNorm] = []

    def note(layer: nn.Module, _: Any) -> None:
        if isinstance(layer, _BatchNorm) and layer not in found:
            found.append(layer)

    _watched(network, norms(network), note, values)
    return found


def _figures(network: SeriesNetwork, layer: _BatchNorm, values: NDArray[np.float32]) -> tuple[int, Tensor, Tensor]:
    """Return how many values a channel of a layer gets, their mean and their variance, float64."""
    counts, sums, squares = [0], [], []

    def add(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        reached = given[0].double().transpose(0, 1).flatten(1)
        counts.append(reached.shape[1])
        sums.append(reached.mean(dim=1))
        squares.append(reached.var(dim=1, correction=0))

    _watched(network, [layer], add, values)
    # From the figures of the pieces: sums of squares would lose the small variance of a large mean.
    weights = torch.tensor(counts[1:], dtype=torch.float64, device=sums[0].device) / sum(counts)
    means = torch.stack(sums)
    mean = weights @ means
    return sum(counts), mean, weights @ (torch.stack(squares) + (means - mean) ** 2)


def _watched(
    network: SeriesNetwork,
    layers: list[_BatchNorm],
    look: Callable[[nn.Module, tuple[Any, ...]], None],
    values: NDArray[np.float32],
) -> None:
    """Send series through a network while a function sees what reaches some layers."""
    device = next(network.parameters()).device
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        with torch.inference_mode():
            for span in spans(len(values), _CPU_ROWS if device.type == "cpu" else GPU_BATCH):
                network(torch.from_numpy(np.array(values[span])).to(device))
    finally:
        for hook in hooks:
            hook.remove()
