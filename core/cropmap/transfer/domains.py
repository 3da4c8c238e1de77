"""What strategies share that learn from two sites at once: labelled series of the source, bare series of the target."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from cropmap.contract.errors import TransferError
from cropmap.contract.params import param, to_dict
from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.models import MODELS
from cropmap.models.memory import spans
from cropmap.models.neural import CPU_BATCH, GPU_BATCH
from cropmap.seeds import derived_seed
from cropmap.training.adaptation import Adaptation, Batch
from cropmap.training.fit import fit_once
from cropmap.training.scaling import NONE, fit_scaling
from cropmap.training.sides import drawn_validation, occurring
from cropmap.training.start import Start
from cropmap.transfer.classes import weights_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage, Scaling
    from cropmap.models.neural import NeuralParams, SeriesNetwork
    from cropmap.training.fit import FitOptions
    from cropmap.transfer.base import Transfer

# Where in the stream of a seed's draws these begin: apart from the source's order and augmentation.
_STREAM = 0x5EED_0B01
# Series of the target on which an epoch is judged: more would cost time and tell the same.
_JUDGED = 4096
# How steeply the pull of the target rises.
# Source: Ganin et al. 2016, Journal of Machine Learning Research 17(59), section 5.2.2.
_STEEPNESS = 10.0


class TargetFeed:
    """Series of the target, without labels, that stay on the device, some at a time.

    They come in passes: in each pass each series once, in an order that depends on the seed and the pass alone.

    Args:
        values: Scaled series, (n, step, band), float32.
        device: Where they stay.
        seed: Of the order.
    """

    def __init__(self, values: NDArray[np.float32], device: str, seed: int) -> None:
        self.values = torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)
        self.drawn, self._seed = 0, seed
        self._pass, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.values)

    def draw(self, count: int) -> Tensor:
        """Return positions of the next series, (count,), int64, on the device; any count, also more than there are."""
        parts = []
        while count > 0:
            number, place = divmod(self.drawn, len(self))
            part = self._ordered(number)[place : place + count]
            parts.append(part)
            self.drawn += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def next(self, count: int) -> Tensor:
        """Return the next series, (count, step, band)."""
        return self.values.index_select(0, self.draw(count))

    def state(self) -> dict[str, Tensor]:
        """Return what the next draws depend on."""
        return {"drawn": torch.tensor(self.drawn)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from what `state` returned."""
        self.drawn = int(state["drawn"])

    def _ordered(self, number: int) -> Tensor:
        if number != self._pass:
            seed = np.random.SeedSequence(self._seed ^ _STREAM, spawn_key=(number,)).generate_state(1)[0]
            generator = torch.Generator().manual_seed(int(seed))
            order = torch.randperm(len(self), generator=generator)
            self._pass, self._order = number, order.to(self.values.device)
        return self._order


class DomainNorms:
    """Running statistics of batch normalisation for a second site, beside those in the network.

    Args:
        network: Where it begins with statistics of its own, these are the second site's first ones too.
    """

    _BUFFERS = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(self, network: nn.Module) -> None:
        self._places = [
            (f"{name}.{buffer}", module, buffer)
            for name, module in network.named_modules()
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) and module.track_running_stats
            for buffer in self._BUFFERS
        ]
        self.tensors = {name: getattr(module, buffer).clone() for name, module, buffer in self._places}

    @contextmanager
    def target(self) -> Iterator[None]:
        """Let the network read and write the second site's statistics inside a block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take statistics over, by the names of the network's state."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])

    def _swap(self) -> None:
        for name, module, buffer in self._places:
            own = getattr(module, buffer)
            setattr(module, buffer, self.tensors[name])
            self.tensors[name] = own


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reversed_gradient(values: Tensor, strength: float) -> Tensor:
    """Return the values as they are; what flows back through them is multiplied by -strength.

    Source: Ganin et al. 2016, Journal of Machine Learning Research 17(59), the gradient reversal layer.
    """
    found: Tensor = _Reversal.apply(values, strength)  # type: ignore[no-untyped-call]
    return found


def ramp(done: float) -> float:
    """Return 2 / (1 + exp(-10 done)) - 1: from 0 to nearly 1, for the share of all updates that is done.

    Source: Ganin et al. 2016, Journal of Machine Learning Research 17(59), section 5.2.2.
    """
    return 2.0 / (1.0 + math.exp(-_STEEPNESS * done)) - 1.0


def unsureness(probabilities: Tensor, how: str) -> float:
    """Return how unsure a model is of series without labels, in nats; the lower the better.

    Args:
        probabilities: (n, class), each row of sum 1.
        how: "entropy": the mean entropy of the rows. "information": of it the entropy of the mean row is taken off, so
            that to answer one class for everything is no way to be sure; then it lies between -ln(classes) and 0.

    Source of "information": Shi and Sha 2012, arXiv:1206.6438: what the answers tell of the series, its sign changed.
    """
    each = _entropy(probabilities).mean()
    if how == "information":
        each = each - _entropy(probabilities.mean(dim=0))
    return float(each)


def _entropy(probabilities: Tensor) -> Tensor:
    found: Tensor = torch.special.entr(probabilities.double()).sum(dim=-1)
    return found


# ---------------------------------------------------------------- two sites drawn together


@dataclass(frozen=True)
class MatchingParams:
    """What all strategies have in common that draw features of two sites together."""

    weight: float = param(
        1.0,
        title="Pull",
        help="How strongly the two sites are drawn together, beside the loss over the source's labels; 0: not at all.",
        low=0.0,
        high=1000.0,
    )
    target_scaling: str = param(
        "source",
        choices=("source", "own"),
        help="source: the target's series are standardised by the source's means and deviations. own: by their own, "
        "which takes off what light or sensor do to all classes alike, but harms where the mix of crops differs.",
    )
    batch_norm: str = param(
        "apart",
        title="Batch normalisation",
        choices=("apart", "shared"),
        help="apart: each site goes through the network by itself and has its own statistics; the model keeps the "
        "target's. shared: both go through in one batch. Networks without batch normalisation do not care.",
        advanced=True,
    )
    choose_by: str = param(
        "information",
        title="Best epoch",
        choices=("information", "entropy", "source", "last"),
        help="What is lowest in the epoch that is kept: the loss over the source's validation samples and how unsure "
        "the model is of the target (information, where one class for everything does not count as sure; or the plain "
        "entropy), or that loss alone (source). last: the last epoch, whatever the losses.",
        advanced=True,
    )
    begin: str = param(
        "package",
        choices=("package", "new"),
        help="package: the training begins with the source's model where one is given. new: with first weights.",
        advanced=True,
    )
    starts: int = param(
        1,
        title="Trainings",
        help="Trainings that differ by chance alone (order, dropout, first weights). Kept is the one whose best epoch "
        "is best by the same measure, without a label of the target.",
        low=1,
        high=100,
        advanced=True,
    )


class Other(NamedTuple):
    """What the network makes of a batch of the target.

    Args:
        features: With gradients, (n, feature), float32.
        scores: Before the softmax, with gradients, (n, class), float32.
    """

    features: Tensor
    scores: Tensor


class Matching(Adaptation):
    """Beside the labels of the source, features of source and target that are to look alike.

    Random changes of series (`shift_days`, `missing`, `jitter`) are the source's alone.

    Args:
        series: Scaled series of the target, (n, step, band), float32.
        params: Of the strategy.
    """

    def __init__(self, series: NDArray[np.float32], params: MatchingParams) -> None:
        self.series, self.params = series, params
        self.last = params.choose_by == "last"
        self.device = "cpu"

    @abstractmethod
    def gap(self, batch: Batch, other: Other, strength: float) -> Tensor:
        """Return what is added to the loss; its pull on the network is proportional to `strength`."""

    def strength(self, done: float) -> float:
        """Return how strong the pull is once this share of all updates is done."""
        return self.params.weight * ramp(done)

    def describe(self) -> dict[str, Any]:
        """Return the parameters and a hash of the series."""
        return {"params": to_dict(self.params), "series": series_digest(self.series)}

    def begin(self, network: SeriesNetwork, params: NeuralParams, device: str, seed: int) -> None:
        """Put the series on the device; choose those on which epochs are judged."""
        del params
        self.device = device
        self.feed = TargetFeed(self.series, device, seed)
        norms = DomainNorms(network)
        # Without batch normalisation one batch of both gives what two give, and is quicker.
        self.norms = norms if norms.tensors and self.params.batch_norm == "apart" else None
        self._judged = self.feed.next(min(_JUDGED, len(self.feed)))
        self._features: Tensor | None = None

    def encode(self, network: SeriesNetwork, values: Tensor) -> Tensor:
        """Return features of the source's series; where the sites share a batch, the target's are made with them."""
        if self.norms is not None:
            return network.encode(values)
        features = network.encode(torch.cat((values, self.feed.next(len(values)))))
        self._features = features[len(values) :]
        return features[: len(values)]

    def loss(self, network: SeriesNetwork, batch: Batch) -> Tensor:
        """Return the gap between as many series of either site."""
        features = self._of_target(network, len(batch.values))
        scores = network.head(features)
        with torch.autocast(self.device, enabled=False):  # sums of squares want all digits
            own = batch._replace(features=batch.features.float())
            return self.gap(own, Other(features.float(), scores.float()), self.strength(batch.done))

    def score(self, network: SeriesNetwork) -> float:
        """Return how unsure the network is of the target, where that chooses the epoch; no label is read."""
        if self.params.choose_by in ("source", "last"):
            return 0.0
        size = GPU_BATCH if self.device == "cuda" else CPU_BATCH
        with self._as_target():
            scores = [network(self._judged[span]).float() for span in spans(len(self._judged), size)]
        return unsureness(torch.softmax(torch.cat(scores), dim=1), self.params.choose_by)

    def kept(self, network: SeriesNetwork) -> dict[str, Tensor]:
        """Return the network's weights with the target's statistics."""
        return {**network.state_dict(), **({} if self.norms is None else self.norms.tensors)}

    def state(self) -> dict[str, Tensor]:
        """Return how far the draws are, and the target's statistics."""
        norms = {} if self.norms is None else self.norms.tensors
        return self.feed.state() | {f"norms.{name}": tensor for name, tensor in norms.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        self.feed.restore(state)
        if self.norms is not None:
            self.norms.restore({name.removeprefix("norms."): tensor for name, tensor in state.items()})

    def _of_target(self, network: SeriesNetwork, count: int) -> Tensor:
        if self.norms is None:
            if self._features is None:
                message = "the target's features are asked for before the source's"
                raise RuntimeError(message)
            found, self._features = self._features, None
            return found
        with self.norms.target():
            return network.encode(self.feed.next(count))

    @contextmanager
    def _as_target(self) -> Iterator[None]:
        if self.norms is None:
            yield
        else:
            with self.norms.target():
                yield


def series_digest(values: NDArray[np.float32]) -> str:
    """Return a SHA-256 of series."""
    digest = hashlib.sha256(np.array(values.shape, "<i8").tobytes())
    digest.update(np.ascontiguousarray(values, "<f4").data)
    return digest.hexdigest()


def matched(
    params: MatchingParams,
    task: Transfer,
    make: Callable[[NDArray[np.float32]], Matching],
    overrides: Mapping[str, Any] | None = None,
) -> ModelPackage:
    """Return a network that learnt from the source's labels while an adaptation saw the target's series.

    The scaling is the source's: the package's where the training begins with it, else fitted on the source's training
    samples. A package that the training begins with also says by how many days the target is moved, and which classes
    weigh how much. The samples that validate are the source's too; the target's series are learnt from, all of them,
    and must not be those of a test.

    Args:
        params: Of the strategy.
        task: With labelled samples of the source and series of the target.
        make: Makes the adaptation of scaled series of the target.
        overrides: Parameter values of the network that the strategy fixes.

    Raises:
        CropMapError: As `training.fit.fit`.
    """
    samples, (model, asked) = task.taught(), task.asked
    values = {**asked, **(overrides or {})}
    warm = task.package if params.begin == "package" and task.package and task.package.model == model else None
    columns = np.searchsorted(occurring(samples).codes, samples.codes)
    options, progress = task.options, task.progress
    held = drawn_validation(samples, columns, options.validation_share, options.seed, progress)
    how = MODELS.get(model).parse(values).scaling
    scaling = fit_scaling(samples.values[~held], samples.bands, how) if warm is None else warm.scaling
    by = 0.0 if warm is None else warm.shift_days
    series = shifted(task.series, samples.days, by, mask_position(samples.bands))
    theirs = scaling if params.target_scaling == "source" else _own_scaling(series, samples.bands, how)

    def with_theirs(package: ModelPackage) -> ModelPackage:
        weights = () if warm is None else weights_in(warm, package.legend)
        return dataclasses.replace(package, scaling=theirs, shift_days=by, class_weights=weights)

    scaled, keep = theirs.apply(series), options.keep
    options = dataclasses.replace(options, keep=(lambda package: keep(with_theirs(package))) if keep else None)

    def trained(number: int) -> ModelPackage:
        start = Start(package=warm, keep_head=True, scaling=scaling, adaptation=make(scaled))
        own, part = dataclasses.replace(options, start=start), progress
        if params.starts > 1:
            own = _of_start(own, number)
            part = progress.part(number / params.starts, (number + 1) / params.starts).curve(f"{number + 1}")
        return fit_once(samples, model, values, own, part, held)

    found = [trained(number) for number in range(params.starts)]
    sums = [_lowest(package) for package in found]
    best = found[sums.index(min(sums))]
    return with_theirs(dataclasses.replace(best, record={**best.record, "starts": sums}))


def _of_start(options: FitOptions, number: int) -> FitOptions:
    """Return the options of one of several trainings; the first one has the seed given."""
    seed = derived_seed(options.seed, number) if number else options.seed
    folder = options.checkpoints and options.checkpoints / f"start_{number + 1}"
    return dataclasses.replace(options, seed=seed, checkpoints=folder)


def _lowest(package: ModelPackage) -> float:
    """Return what was lowest in the epoch that a training kept."""
    kept = package.record["epochs"][package.record["best_epoch"] - 1]
    return float(kept["validation_loss"] + kept["adaptation_score"])


def _own_scaling(series: NDArray[np.float32], bands: tuple[str, ...], how: str) -> Scaling:
    if how == NONE:
        raise TransferError(
            "The model takes values as they are: the target has no scaling of its own.",
            where="target_scaling",
            fix="Choose target_scaling source, or a network whose scaling is per_band or per_band_and_step.",
        )
    return fit_scaling(series, bands, how)
