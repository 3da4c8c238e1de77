"""The one loop that trains networks: seeded, stopped by full validation passes, cancellable, with a record."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cropmap.contract.errors import ModelError, SampleError
from cropmap.contract.progress import Cancelled
from cropmap.models.base import BALANCE
from cropmap.models.memory import Rows, out_of_memory, spans
from cropmap.models.neural import CPU_BATCH, GPU_BATCH, NeuralClassifier, device_name, resolve_device
from cropmap.seeds import set_torch_state, torch_seed, torch_state, torch_threads
from cropmap.training.adaptation import Adaptation, Batch
from cropmap.training.augment import Augmentation
from cropmap.training.checkpoints import Checkpoint, State
from cropmap.training.feeding import Feed, Resident, class_weights
from cropmap.training.schedules import optimizer_of, part_of, step_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.contract.progress import Progress
    from cropmap.models.neural import SeriesNetwork

NeuralT = TypeVar("NeuralT", bound=NeuralClassifier)

# Numbers up to which features that stay the same are kept for the whole training: 1 GiB.
_MOST_FEATURES = 2**28
# Progress reports of one epoch; cancellation is asked for at every batch.
_REPORTS = 20
_NETWORK, _BEST, _OPTIMIZER, _GLOBAL, _ADAPTATION = "network.", "best.", "optimizer.", "random.", "adaptation."


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
        seed: Of first weights, order of samples, dropout and augmentation.
        device: "auto" takes a GPU where PyTorch sees one.
        threads: CPU threads; 0 leaves PyTorch's choice. Another number may change the last digits.
        checkpoint: Where the training's state is kept, and what it goes on from; None keeps nothing.
        keep: Given the best so far where the user cancels after at least one epoch.
        frozen: Parts of the network that stay as they are, bit for bit, in evaluation mode: beginnings of the names of
            its modules and weights, such as "embed" or "layers.0".
        factors: By what the step size is multiplied for parts of the network; the first beginning that fits counts.
        adaptation: What the network learns beside the labels; None for nothing.
        labels_count: Whether the loss over the labels counts; where not, the adaptation alone tells what is learnt.
    """

    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint: Checkpoint | None = None
    keep: Callable[[Trained[Any]], None] | None = None
    frozen: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    adaptation: Adaptation | None = None
    labels_count: bool = True


@dataclass(frozen=True)
class Trained(Generic[NeuralT]):
    """A trained model, on the CPU, with the evidence.

    Args:
        model: With the weights of the best epoch.
        best_epoch: From 1; the one with the lowest validation loss.
        epochs: One entry an epoch: training loss (in training mode), validation loss and accuracy, learning rate.
        device: What computed it.
        cancelled: The user stopped it after the last of these epochs.
    """

    model: NeuralT
    best_epoch: int
    epochs: tuple[dict[str, float], ...]
    device: str
    cancelled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as plain JSON values."""
        found = {
            "best_epoch": self.best_epoch,
            "validation_loss": self.epochs[self.best_epoch - 1]["validation_loss"],
            "validation_accuracy": self.epochs[self.best_epoch - 1]["validation_accuracy"],
            "epochs": list(self.epochs),
            "device": self.device,
        }
        return found | ({"cancelled_after_epoch": len(self.epochs)} if self.cancelled else {})


def train(
    make: Callable[[], NeuralT], training: Part, validation: Part, options: LoopOptions, progress: Progress
) -> Trained[NeuralT]:
    """Train a network until its validation loss has not fallen for a while; keep the best weights.

    How is told by the model's parameters (`NeuralParams`). On a CPU the same seed and number of threads give the same
    weights, byte for byte, also where the training was interrupted and went on from its checkpoint.

    Args:
        make: Returns the model to start from: untrained, or another site's; its network is trained in place.
        training: What is learnt from.
        validation: What decides when to stop; never learnt from, never changed at random.
        options: Seed, device, threads, checkpoint.
        progress: Asked for cancellation at every batch; its curve gets a point an epoch.

    Raises:
        SampleError: A value is not finite.
        ModelError: The device is missing, memory does not suffice for a single sample, or the loss is not finite any
            more.
        Cancelled: The user stopped it; the checkpoint is written, and the best so far given to `options.keep`.
    """
    device = resolve_device(options.device)
    with torch_threads(options.threads), torch_seed(options.seed, cuda=device == "cuda"):
        sides = _resident(training, device), _resident(validation, device)
        run = _Run(make(), sides, options, device, progress)
        try:
            run.until_stopped()
        except Cancelled:
            run.keep_what_is_done()
            raise
        return run.result()


def _resident(part: Part, device: str) -> Resident:
    if not np.isfinite(part.values).all():
        raise SampleError("A scaled value is not finite.", fix="Leave out series with gaps or with values that large.")
    try:
        values = torch.from_numpy(np.ascontiguousarray(part.values, np.float32)).to(device)
        return Resident(values, torch.from_numpy(part.columns.astype(np.int64)).to(device))
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        raise ModelError(
            f"Memory ran out: the {len(part.columns)} samples do not fit.",
            where=device_name(device),
            fix="Take fewer samples, or the device cpu.",
        ) from error


class _Run(Generic[NeuralT]):
    """One training and its state: weights, optimizer, generators, and the record of the epochs."""

    def __init__(
        self,
        model: NeuralT,
        sides: tuple[Resident, Resident],
        options: LoopOptions,
        device: str,
        progress: Progress,
    ) -> None:
        self.model, self.options, self.device, self.progress = model, options, device, progress
        self.params, self.network = model.params, model.network.to(device)
        self.frozen = freeze(self.network, options.frozen)
        check_parts(self.network, tuple(options.factors))
        self.encoded = self._features_stay(sides)
        training, self.validation = self._features(sides) if self.encoded else sides
        balance = self.params.balance
        self.feed = Feed(training, self.params.batch_size, options.seed, balanced=balance == "sampling")
        self.augmentation = Augmentation(self.params, model.shape, options.seed, device)
        power = 0.0 if balance == "sampling" else BALANCE[balance]
        self.weights = class_weights(training.columns, model.shape.classes, power) if power else None
        self.adaptation = options.adaptation or Adaptation()
        self.adaptation.begin(self.network, self.params, device, options.seed)
        own = (tuple(self.adaptation.parameters()), self.adaptation.factor)
        self.optimizer = optimizer_of(self.network, self.params, options.factors, own)
        self.half = self.params.mixed_precision and _has_bfloat16(device, progress.warn)
        self.rows = _training_rows(self.network, self.params.batch_size, progress.warn)
        self.validation_rows = Rows(CPU_BATCH if device == "cpu" else GPU_BATCH, "Validation", progress.warn)
        self.epochs: list[dict[str, float]] = []
        self.best = _copied(self.adaptation.kept(self.network))

    def _features_stay(self, sides: tuple[Resident, Resident]) -> bool:
        """Return whether each series has the same features in every epoch, and they fit into memory."""
        still = all(part_of(stage, self.options.frozen) is not None for stage in self.network.stages())
        changed = self.params.shift_days or self.params.missing or self.params.jitter or self.options.adaptation
        return still and not changed and sum(map(len, sides)) * self.network.features <= _MOST_FEATURES

    def _features(self, sides: tuple[Resident, Resident]) -> tuple[Resident, Resident]:
        """Return features, computed once, in place of the series; the head alone is left to compute."""
        rows = Rows(CPU_BATCH if self.device == "cpu" else GPU_BATCH, "Features", self.progress.warn)
        self.network.eval()
        with torch.no_grad():
            training, validation = (
                Resident(rows.within(partial(_features, self.network, side.values)), side.columns) for side in sides
            )
        return training, validation

    # ------------------------------------------------------------ from epoch to epoch

    def until_stopped(self) -> None:
        """Go on from the checkpoint, if any, until the epochs or the patience are used up."""
        self._resume()
        while len(self.epochs) < self.params.epochs and len(self.epochs) - self.best_epoch < self.params.patience:
            self._epoch()
            if self.options.checkpoint:
                self.options.checkpoint.take(self._state())
        self.progress.at(1.0, f"Stopped after epoch {len(self.epochs)}; the best was {self.best_epoch}")

    @property
    def best_epoch(self) -> int:
        """From 1, the first with the lowest validation loss, or the last where an adaptation asks; 0 before any."""
        losses = self._losses()
        if self.adaptation.last:
            return len(losses)
        return 1 + int(np.argmin(losses)) if losses else 0

    def result(self, *, cancelled: bool = False) -> Trained[NeuralT]:
        """Return the model with the best weights, on the CPU; the checkpoint of a training that is done goes."""
        self.network.load_state_dict(self.best)
        self.model.to("cpu").network.eval()
        if self.options.checkpoint and not cancelled:
            self.options.checkpoint.remove()
        return Trained(self.model, self.best_epoch, tuple(self.epochs), device_name(self.device), cancelled)

    def keep_what_is_done(self) -> None:
        """After a cancel: write the state of the last whole epoch, and hand on the best one."""
        if self.options.checkpoint:
            self.options.checkpoint.write()
        if self.epochs and self.options.keep:
            self.options.keep(self.result(cancelled=True))

    def _losses(self) -> list[float]:
        """Return what is to be as low as possible, of each epoch."""
        return [epoch["validation_loss"] + epoch.get("adaptation_score", 0.0) for epoch in self.epochs]

    def _epoch(self) -> None:
        done, message = len(self.epochs), f"Epoch {len(self.epochs) + 1}"
        if done:
            message += f", validation loss {self.epochs[-1]['validation_loss']:.4f}"
        sizes = step_sizes(self.params, len(self.feed), self._losses())
        share = self.progress.part(done / self.params.epochs, (done + 1) / self.params.epochs)
        loss = self._learn(sizes, share, message)
        validation_loss, accuracy, score = self._validate()
        for name, value in (("training", loss), ("validation", validation_loss + score)):
            if not math.isfinite(value):
                raise ModelError(
                    f"The {name} loss became {value}.",
                    where=message,
                    fix="Lower the learning rate, or set clip_norm to 1.",
                )
        self.epochs.append(
            {
                "training_loss": loss,
                "validation_loss": validation_loss,
                "validation_accuracy": accuracy,
                "learning_rate": float(sizes[0]),
            }
            | ({"adaptation_score": score} if self.options.adaptation else {})
        )
        if self.best_epoch == len(self.epochs):
            self.best = _copied(self.adaptation.kept(self.network))
        self.progress.point({"epoch": len(self.epochs), **self.epochs[-1]})

    # ------------------------------------------------------------ one epoch

    def _learn(self, sizes: NDArray[np.float64], progress: Progress, message: str) -> float:
        """Take one step for every batch; return the mean loss."""
        self._learning_mode()
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        often = max(1, len(self.feed) // _REPORTS)
        for number, (values, columns) in enumerate(self.feed):
            if number % often == 0:
                progress.at(number / len(self.feed), message)
            progress.check()
            done = (len(self.epochs) + number / len(self.feed)) / self.params.epochs
            compute = partial(self._gradients, self.augmentation(values), columns, done)
            for group in self.optimizer.param_groups:
                group["lr"] = float(sizes[number]) * group["factor"]
            total += self.rows.within(compute)
            if self.params.clip_norm:
                torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.params.clip_norm)
            self.optimizer.step()
            self.adaptation.after_step(self.network, done)
        return float(total) / len(self.feed.samples)

    def _learning_mode(self) -> None:
        self.network.train()
        for module in self.frozen:
            module.eval()

    def _gradients(self, values: Tensor, columns: Tensor, done: float, size: int) -> Tensor:
        """Leave the gradients of a batch's mean loss, computed so many rows at a time; return the sum of the losses."""
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for span in spans(len(columns), size):
            with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
                features = values[span] if self.encoded else self.adaptation.encode(self.network, values[span])
                scores = self.network.head(features).float()
                batch = Batch(values[span], columns[span], features, scores, done)
                loss = self.adaptation.loss(self.network, batch) * len(scores)
            if self.options.labels_count:
                loss = loss + self._loss(scores, columns[span], self.params.label_smoothing)
            torch.autograd.backward(loss / len(columns))
            total += loss.detach()
        return total

    def _validate(self) -> tuple[float, float, float]:
        """Return mean loss and accuracy over every validation sample, and the adaptation's score; evaluation mode."""
        self.network.eval()
        with torch.inference_mode():
            scores = self.validation_rows.within(self._scores)
            loss = float(self._loss(scores, self.validation.columns, 0.0)) / len(self.validation)
            accuracy = float((scores.argmax(dim=1) == self.validation.columns).double().mean())
            return loss, accuracy, self.adaptation.score(self.network)

    def _scores(self, size: int) -> Tensor:
        values, way = self.validation.values, self.network.head if self.encoded else self.network
        return torch.cat([way(values[span]) for span in spans(len(values), size)])

    def _loss(self, scores: Tensor, columns: Tensor, smoothing: float) -> Tensor:
        """Return the sum of the samples' cross-entropies, each with the weight of its class."""
        losses = functional.cross_entropy(scores, columns, label_smoothing=smoothing, reduction="none")
        return losses.sum() if self.weights is None else (losses * self.weights[columns]).sum()

    # ------------------------------------------------------------ checkpoint

    def _state(self) -> State:
        found = {_NETWORK + name: tensor for name, tensor in self.network.state_dict().items()}
        found |= {_BEST + name: tensor for name, tensor in self.best.items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            found |= {f"{_OPTIMIZER}{number}.{name}": tensor for name, tensor in moments.items()}
        found |= {_GLOBAL + name: state for name, state in torch_state(cuda=self.device == "cuda").items()}
        found |= {_ADAPTATION + name: tensor for name, tensor in self.adaptation.state().items()}
        found |= {"order": self.feed.generator.get_state(), "augmentation": self.augmentation.generator.get_state()}
        return State(_copied(found), {"epochs": copy.deepcopy(self.epochs)})

    def _resume(self) -> None:
        state = self.options.checkpoint.read() if self.options.checkpoint else None
        if state is None:
            return
        self.epochs = list(state.figures["epochs"])
        self.network.load_state_dict(_under(_NETWORK, state))
        self.best = {name: tensor.to(self.device) for name, tensor in _under(_BEST, state).items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(_OPTIMIZER, state).items():
            place, _, moment = name.partition(".")
            moments.setdefault(int(place), {})[moment] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.feed.generator.set_state(state.tensors["order"])
        self.augmentation.generator.set_state(state.tensors["augmentation"])
        self.adaptation.restore(_under(_ADAPTATION, state))
        set_torch_state(_under(_GLOBAL, state))
        for number, epoch in enumerate(self.epochs):
            self.progress.point({"epoch": number + 1, **epoch})


def freeze(network: nn.Module, frozen: Sequence[str]) -> tuple[nn.Module, ...]:
    """Keep parts of a network from learning; return the modules that stay in evaluation mode for it.

    Args:
        network: Changed in place: every weight learns but those of the frozen parts.
        frozen: Beginnings of the names of modules and weights.

    Raises:
        ModelError: No part has such a name, or nothing is left that learns.
    """
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(part_of(name, frozen) is None)
    modules = {name: module for name, module in network.named_modules() if part_of(name, frozen) is not None}
    check_parts(network, frozen)
    if frozen and not any(parameter.requires_grad for parameter in network.parameters()):
        raise ModelError("All of the network is frozen; nothing is left that learns.", fix="Leave out the head.")
    return tuple(modules.values())


def check_parts(network: nn.Module, parts: Sequence[str]) -> None:
    """Refuse beginnings of names that no module and no weight of a network has.

    Raises:
        ModelError: There is one.
    """
    known = [name for name, _ in (*network.named_modules(), *network.named_parameters())]
    for part in parts:
        if not any(part_of(name, (part,)) for name in known):
            raise ModelError(f"The network has no part {part!r}.", fix="Name a module or a weight of it.")


def _features(network: SeriesNetwork, values: Tensor, size: int) -> Tensor:
    return torch.cat([network.encode(values[span]) for span in spans(len(values), size)])


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def _under(prefix: str, state: State) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in state.tensors.items() if name.startswith(prefix)}


def _training_rows(network: nn.Module, batch_size: int, warn: Callable[[str], None]) -> Rows:
    """Return how many rows of a batch go through at a time: all, until memory runs out.

    Gradients of the pieces add up to the batch's own, but batch normalisation then sees the pieces alone, two samples
    at least.
    """
    normalised = any(isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) for module in network.modules())
    note = " Batch normalisation sees these alone." if normalised else ""
    return Rows(batch_size, "Training", lambda message: warn(message + note), least=2 if normalised else 1)


def _has_bfloat16(device: str, warn: Callable[[str], None]) -> bool:
    """Return whether a device multiplies faster in 16 bits; the user is told where not."""
    if device == "cuda":
        found = bool(torch.cuda.is_bf16_supported(including_emulation=False))
    else:
        able = torch.cpu.get_capabilities()
        found = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    if not found:
        warn(f"{device_name(device)} has no fast 16-bit arithmetic (bfloat16): the training runs in full precision.")
    return found
