"""The one loop that trains networks: seeded, stopped by full validation passes, cancellable, with a record."""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cropmap.contract.errors import ModelError
from cropmap.models.neural import CPU_BATCH, GPU_BATCH, NeuralClassifier, device_name, resolve_device
from cropmap.seeds import torch_seed, torch_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.contract.progress import Progress
    from cropmap.models.neural import NeuralParams, SeriesNetwork

NeuralT = TypeVar("NeuralT", bound=NeuralClassifier)

# Progress reports of one epoch; cancellation is asked for at every batch.
_REPORTS = 20


@dataclass(frozen=True)
class Part:
    """Scaled samples of one side of a split.

    Args:
        values: (sample, step, band), float32, finite.
        columns: Column of each sample's class in the probabilities, (sample,).
    """

    values: NDArray[np.float32]
    columns: NDArray[np.intp]


@dataclass(frozen=True)
class LoopOptions:
    """Where and how repeatably a network is trained.

    Args:
        seed: Of first weights, order of samples and dropout.
        device: "auto" takes a GPU where PyTorch sees one.
        threads: CPU threads; 0 leaves PyTorch's choice. Another number may change the last digits.
    """

    seed: int = 0
    device: str = "auto"
    threads: int = 0


@dataclass(frozen=True)
class Trained(Generic[NeuralT]):
    """A trained model, on the CPU, with the evidence.

    Args:
        model: With the weights of the best epoch.
        best_epoch: From 1; the one with the lowest validation loss.
        epochs: One entry an epoch: training loss (in training mode), validation loss and accuracy, learning rate.
        device: What computed it.
    """

    model: NeuralT
    best_epoch: int
    epochs: tuple[dict[str, float], ...]
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain JSON values."""
        return {
            "best_epoch": self.best_epoch,
            "validation_loss": self.epochs[self.best_epoch - 1]["validation_loss"],
            "validation_accuracy": self.epochs[self.best_epoch - 1]["validation_accuracy"],
            "epochs": list(self.epochs),
            "device": self.device,
        }


def train(
    make: Callable[[], NeuralT], training: Part, validation: Part, options: LoopOptions, progress: Progress
) -> Trained[NeuralT]:
    """Train a network with AdamW until its validation loss has not fallen for a while; keep the best weights.

    On a CPU the same seed and number of threads give the same weights, byte for byte.

    Args:
        make: Returns the model to start from: untrained, or another site's; its network is trained in place.
        training: What is learnt from.
        validation: What decides when to stop; never learnt from.
        options: Seed, device, threads.
        progress: Asked for cancellation at every batch.

    Raises:
        ModelError: The device is missing, or the loss is not finite any more.
    """
    device = resolve_device(options.device)
    with torch_threads(options.threads), torch_seed(options.seed, cuda=device == "cuda"):
        model = make()
        run = _Run(model.network.to(device), model.params, options.seed)
        epochs, best = run.until_stopped(_resident(training, device), _resident(validation, device), progress)
        model.network.load_state_dict(best)
        model.to("cpu").network.eval()
    best_epoch = 1 + int(np.argmin([epoch["validation_loss"] for epoch in epochs]))
    return Trained(model, best_epoch, tuple(epochs), device_name(device))


@dataclass(frozen=True)
class _Tensors:
    values: Tensor
    columns: Tensor

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True)
class _Epoch:
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float


def _resident(part: Part, device: str) -> _Tensors:
    """Return a part's tensors on the device for the whole training: far quicker than loading sample by sample."""
    values = torch.from_numpy(np.array(part.values, np.float32)).to(device)
    return _Tensors(values, torch.from_numpy(part.columns.astype(np.int64)).to(device))


class _Run:
    """The state of one training."""

    def __init__(self, network: SeriesNetwork, params: NeuralParams, seed: int) -> None:
        self.network, self.params = network, params
        # The order of the samples does not depend on how often dropout drew.
        self.order = torch.Generator().manual_seed(seed)
        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            trainable, lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
        )
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=0.1, patience=params.patience // 2
        )

    def until_stopped(
        self, training: _Tensors, validation: _Tensors, progress: Progress
    ) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
        """Return what was recorded of every epoch, and the weights with the lowest validation loss."""
        epochs: list[_Epoch] = []
        best, best_loss, best_at = copy.deepcopy(self.network.state_dict()), math.inf, 0
        for number in range(self.params.epochs):
            message = f"Epoch {number + 1}" + (f", validation loss {epochs[-1].validation_loss:.4f}" if epochs else "")
            share = progress.part(number / self.params.epochs, (number + 1) / self.params.epochs)
            epochs.append(self._epoch(training, validation, share, message))
            if epochs[-1].validation_loss < best_loss:
                best, best_loss, best_at = copy.deepcopy(self.network.state_dict()), epochs[-1].validation_loss, number
            elif number - best_at >= self.params.patience:
                break
        progress.at(1.0, f"Stopped after epoch {len(epochs)}; the best was {best_at + 1}")
        return [asdict(epoch) for epoch in epochs], best

    def _epoch(self, training: _Tensors, validation: _Tensors, progress: Progress, message: str) -> _Epoch:
        rate = float(self.optimizer.param_groups[0]["lr"])
        loss = self._learn(training, progress, message)
        validation_loss, accuracy = self._validate(validation)
        for name, value in (("training", loss), ("validation", validation_loss)):
            if not math.isfinite(value):
                raise ModelError(
                    f"The {name} loss became {value}.",
                    where=message,
                    fix="Lower the learning rate, or set clip_norm to 1.",
                )
        self.scheduler.step(validation_loss)
        return _Epoch(loss, validation_loss, accuracy, rate)

    def _learn(self, training: _Tensors, progress: Progress, message: str) -> float:
        """Take one step for every batch; return the mean loss."""
        self.network.train()
        total = torch.zeros((), dtype=torch.float64)
        order = torch.randperm(len(training), generator=self.order).to(training.columns.device)
        batches = torch.split(order, self.params.batch_size)
        for number, batch in enumerate(batches):
            if number % max(1, len(batches) // _REPORTS) == 0:
                progress.at(number / len(batches), message)
            progress.check()
            loss = functional.cross_entropy(self.network(training.values[batch]), training.columns[batch])
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            if self.params.clip_norm:
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.params.clip_norm)
            self.optimizer.step()
            total = total.to(loss.device) + loss.detach() * len(batch)
        return float(total) / len(training)

    def _validate(self, validation: _Tensors) -> tuple[float, float]:
        """Return the mean loss and the accuracy over every validation sample, in evaluation mode."""
        self.network.eval()
        size = CPU_BATCH if validation.values.device.type == "cpu" else GPU_BATCH
        loss, correct = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(validation), size):
                scores = self.network(validation.values[start : start + size])
                columns = validation.columns[start : start + size]
                loss += float(functional.cross_entropy(scores, columns, reduction="sum"))
                correct += int((scores.argmax(dim=1) == columns).sum())
        return loss / len(validation), correct / len(validation)
