"""What the neural models share: parameters of their training, and prediction in evaluation mode."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from cropmap.contract.errors import ModelError
from cropmap.contract.params import Span, param
from cropmap.models.base import BALANCE, SeriesClassifier, SeriesShape, check_arrays
from cropmap.models.memory import Rows, keep_freed_memory, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

NeuralT = TypeVar("NeuralT", bound="NeuralClassifier")

DEVICES = ("auto", "cpu", "cuda")

# Rows predicted at a time. On a CPU the activations of 64 rows stay in the cache (1,024 take 1.5 times as long at full
# width, 4,096 more than twice); a GPU wants many.
CPU_BATCH, GPU_BATCH = 64, 8192


@dataclass(frozen=True, kw_only=True)
class NeuralParams:
    """How a neural model is trained; part of every neural model's parameters."""

    epochs: int = param(50, help="Most passes over the training samples.", low=1, high=10_000)
    batch_size: int = param(128, help="Samples of one step.", low=2, high=1_000_000, search=(32, 64, 128, 256))
    learning_rate: float = param(1e-3, help="Largest step size.", low=1e-8, high=1.0, search=Span(1e-4, 1e-2, log=True))
    schedule: str = param(
        "cosine",
        choices=("cosine", "plateau", "constant"),
        help="cosine: the step size rises over the first tenth of the epochs and then falls to nearly nothing. "
        "plateau: it is cut by ten when the validation loss has not fallen for half of patience. constant: it stays.",
        advanced=True,
    )
    optimizer: str = param(
        "adamw",
        choices=("adamw", "adam"),
        help="adamw takes the weight decay off the weights; adam adds it to the gradients, as both source studies do.",
        advanced=True,
    )
    weight_decay: float = param(
        0.0,
        help="How strongly weights are pulled to 0.",
        low=0.0,
        high=1.0,
        advanced=True,
        search=Span(1e-6, 1e-1, log=True),
    )
    patience: int = param(
        20,
        help="Stop after so many epochs without a lower validation loss.",
        unit="epochs",
        low=2,
        high=10_000,
        advanced=True,
    )
    clip_norm: float = param(
        0.0, help="Gradients longer than this are shortened to it; 0 leaves them.", low=0.0, high=1e6, advanced=True
    )
    label_smoothing: float = param(
        0.0, help="Share of each label that is spread over all classes.", low=0.0, high=0.9, advanced=True
    )
    balance: str = param(
        "none",
        title="Rare classes",
        choices=tuple(BALANCE),
        help="weights: errors of rare classes count more. root_weights: the same, less strongly. sampling: rare "
        "classes are shown more often. One of these is enough.",
        advanced=True,
    )
    scaling: str = param(
        "per_band",
        choices=("per_band", "per_band_and_step", "none"),
        help="per_band: one mean and deviation a band, so that the season's shape stays (Long et al. 2026). "
        "per_band_and_step: one for each date too (Antonijevic et al. 2023). none: values as they are.",
        advanced=True,
    )
    mixed_precision: bool = param(
        False,
        help="Multiply in 16 bits where the device does so faster; last digits differ.",
        advanced=True,
    )
    shift_days: float = param(
        0.0,
        title="Time shift",
        help="While training, each series is moved by up to so many days, earlier or later.",
        unit="days",
        low=0.0,
        high=60.0,
        advanced=True,
    )
    jitter: float = param(
        0.0,
        title="Band jitter",
        help="While training, each band of a series is moved by a random amount of this deviation, in deviations of "
        "the band.",
        low=0.0,
        high=2.0,
        advanced=True,
    )
    missing: float = param(
        0.0,
        title="Missing dates",
        help="While training, up to this share of each series' steps is hidden, as clouds would.",
        low=0.0,
        high=0.9,
        advanced=True,
    )


class SeriesNetwork(nn.Module):
    """A network in two parts, so that transfer can keep one and replace the other.

    Args:
        features: Length of what `encode` returns for one series.
        shape: What the network is made for.
    """

    def __init__(self, features: int, shape: SeriesShape) -> None:
        super().__init__()
        self.features = features
        self.mask = shape.mask
        self.head = nn.Linear(features, shape.classes)

    def seen(self, values: Tensor) -> Tensor | None:
        """Return True at the steps of scaled values that were seen, (n, step); None where no band tells it.

        A series without any such step counts as seen throughout, so that means and attention stay finite.
        """
        if self.mask is None:
            return None
        known = values[:, :, self.mask] > 0.5
        return known | ~known.any(dim=1, keepdim=True)

    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of the parts that make the features, block by block, from the series on; not the head.

        Members of lists and sequences stand one by one. A block begins with a part that multiplies by weights; what
        only normalises or drops belongs to the block before. Networks with parts side by side name theirs themselves.
        """
        found: list[list[str]] = [[]]
        begun = False
        for name, weights in self._parts():
            multiplies = any(weight.ndim > 1 for weight in weights)
            if multiplies and begun:
                found.append([])
            begun = begun or multiplies
            found[-1].append(name)
        return tuple(tuple(block) for block in found if block)

    def stages(self) -> tuple[str, ...]:
        """Return the names of the parts that make the features, from the series on; not the head."""
        return tuple(name for block in self.blocks() for name in block)

    def _parts(self) -> Iterator[tuple[str, list[nn.Parameter]]]:
        for name, weight in self.named_parameters(recurse=False):
            yield name, [weight]
        for name, part in self.named_children():
            if isinstance(part, (nn.ModuleList, nn.Sequential)):
                yield from ((f"{name}.{number}", list(own.parameters())) for number, own in part.named_children())
            elif name != "head":
                yield name, list(part.parameters())

    @abstractmethod
    def encode(self, values: Tensor) -> Tensor:
        """Return features, (n, feature), of scaled values, (n, step, band)."""

    def forward(self, values: Tensor) -> Tensor:
        """Return class scores before the softmax, (n, class)."""
        scores: Tensor = self.head(self.encode(values))
        return scores


class NeuralClassifier(SeriesClassifier):
    """A model whose network is trained by gradients in `cropmap.training.loop`.

    Args:
        params: The parameters that its registry entry declares.
        shape: The sizes that it is made for.
        network: Its network, with its weights.
    """

    params: NeuralParams

    def __init__(self, params: NeuralParams, shape: SeriesShape, network: SeriesNetwork) -> None:
        super().__init__(params, shape)
        keep_freed_memory()
        self.network = network.eval()
        self._rows = prediction_rows(self._device.type)

    @classmethod
    @abstractmethod
    def build(cls, params: Any, shape: SeriesShape) -> SeriesNetwork:
        """Return a network with first weights, drawn from PyTorch's generator."""

    @classmethod
    def untrained(cls: type[NeuralT], params: NeuralParams, shape: SeriesShape) -> NeuralT:
        """Return the model with first weights; seed it with `cropmap.seeds.torch_seed`."""
        return cls(params, shape, cls.build(params, shape))

    @classmethod
    def from_arrays(
        cls: type[NeuralT], params: NeuralParams, shape: SeriesShape, arrays: Mapping[str, NDArray[np.generic]]
    ) -> NeuralT:
        """Make the model again from its weights."""
        with torch.device("meta"):  # sizes alone: a damaged package must not ask for all of the memory
            expected = cls.build(params, shape).state_dict()
        check_arrays(arrays, {name: tuple(tensor.shape) for name, tensor in expected.items()})
        with torch.random.fork_rng(devices=[]):  # the first weights are overwritten; leave no trace of drawing them
            network = cls.build(params, shape)
        # A copy: a tensor must not share memory with an array that others may change.
        network.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in expected})
        return cls(params, shape, network)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the weights by name."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.network.state_dict().items()}

    def to(self: NeuralT, device: str) -> NeuralT:
        """Move the network to a device, "auto", "cpu" or "cuda", and return the model.

        Raises:
            ModelError: A GPU was asked for and PyTorch sees none, or the name is unknown.
        """
        self.network.to(resolve_device(device))
        self._rows = prediction_rows(self._device.type)
        return self

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features, (n, feature), of scaled and finite values, (n, step, band)."""
        return self._in_batches(values, self.network.features, probabilities=False)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), of features, (n, feature)."""
        with torch.inference_mode():
            rows = torch.from_numpy(np.array(features, np.float32))
            scores = self.network.head(rows.to(self._device))
            found: NDArray[np.float32] = torch.softmax(scores, dim=1).cpu().numpy()
        return found

    def predict_proba(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return class probabilities, (n, class), in evaluation mode: no dropout, no influence of other rows."""
        return self._in_batches(values, self.shape.classes, probabilities=True)

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _in_batches(self, values: NDArray[np.float32], width: int, *, probabilities: bool) -> NDArray[np.float32]:
        found = np.empty((len(values), width), np.float32)

        def predict(size: int) -> None:
            for span in spans(len(values), size):
                rows = np.array(values[span], np.float32)
                encoded = self.network.encode(torch.from_numpy(rows).to(self._device))
                result = torch.softmax(self.network.head(encoded), dim=1) if probabilities else encoded
                found[span] = result.cpu().numpy()

        with torch.inference_mode():
            self._rows.within(predict)
        return found


def prediction_rows(device: str) -> Rows:
    """Return how many rows are predicted at a time on a device, "cpu" or "cuda"."""
    return Rows(CPU_BATCH if device == "cpu" else GPU_BATCH, "Prediction")


def resolve_device(device: str) -> str:
    """Return "cpu" or "cuda" for what was asked.

    Raises:
        ModelError: A GPU was asked for and PyTorch sees none, or the name is unknown.
    """
    if device not in DEVICES:
        raise ModelError(f"There is no device {device!r}.", fix=f"Choose one of {', '.join(DEVICES)}.")
    seen = torch.cuda.is_available()
    if device == "cuda" and not seen:
        raise ModelError(
            "A GPU was asked for, but PyTorch sees none.",
            where=f"PyTorch {torch.__version__}",
            fix='Choose device "auto" or "cpu", or install PyTorch with CUDA and its driver.',
        )
    return "cuda" if seen and device != "cpu" else "cpu"


def device_name(device: str) -> str:
    """Return "cpu", or the GPU's name."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"
