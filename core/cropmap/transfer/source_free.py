"""A network brought to the target by its own answers there, where nothing of the source travels but its model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from cropmap.contract.errors import SampleError
from cropmap.contract.params import param, to_dict
from cropmap.data.applicability import of_inputs
from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.models.base import load_model
from cropmap.models.memory import spans
from cropmap.models.neural import CPU_BATCH, GPU_BATCH, NeuralClassifier
from cropmap.models.predictor import Predictor
from cropmap.training.adaptation import Adaptation, Batch
from cropmap.training.checkpoints import Checkpoint
from cropmap.training.fit import library_versions
from cropmap.training.loop import LoopOptions, Part, train
from cropmap.training.start import package_digest
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, MODEL, SERIES
from cropmap.transfer.calendar_shift import FEWEST, find_shift, score_of
from cropmap.transfer.domains import series_digest
from cropmap.transfer.self_taught import SelfTaughtParams, log_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from cropmap.data.package import ModelPackage
    from cropmap.models.neural import NeuralParams, SeriesNetwork
    from cropmap.transfer.base import Transfer

# A class that the source's model answers for this share of the series, and the new one for less than a tenth as many,
# has collapsed.
_COMMON, _LEFT = 0.02, 0.1
# Share of the series whose answers are followed and not learnt from.
_FOLLOWED = 0.1


@dataclass(frozen=True)
class SourceFreeParams(SelfTaughtParams):
    """How the network adapts itself."""

    epochs: int = param(15, help="Passes over the target's series.", low=1, high=10_000)
    weight: float = param(
        0.3,
        title="Own labels",
        help="How strongly the class of the nearest centre of features counts as the label of a series; 0: not at all.",
        low=0.0,
        high=100.0,
    )
    calendar: bool = param(
        default=False,
        title="Move the season first",
        help="Find the shift of the calendar first, and move the series by it.",
    )


@STRATEGIES.register(
    "source_free",
    title="Source-free adaptation",
    params=SourceFreeParams,
    citation="Liang et al. 2020, arXiv:2002.08546",
    needs=(MODEL, SERIES, GRADIENTS),
)
def source_free(params: SourceFreeParams, task: Transfer) -> ModelPackage:
    """Lets the source's network adapt to the target's series by making its answers sure and its classes all used.

    For a target whose source samples may not travel, where light, sensor or season differ moderately and the mix of
    crops does not differ much; no labels of the target. Its classes must be the source's, or accuracy is lost. Where
    the answers collapse, the source's model is kept.

    The head stays as it is, bit for bit; what makes the features learns. The loss is the mean entropy of the answers,
    less the entropy of their mean, plus the cross-entropy with the class whose centre of features is nearest; the
    centres are found anew each epoch. Answers are weighed as the package weighs its classes; one of weight 0 has no
    part in the loss. The last epoch counts. The answer is not taken, and the record says why, where a
    common class vanishes or the answers tell less of the series than before.

    Source: Liang et al. 2020, arXiv:2002.08546. Ours: any head is kept, the step sizes are the network's own, a share
    of them, and the guard against collapse.

    Raises:
        SampleError: Fewer than ten series of the target.
    """
    if len(task.series) < FEWEST:
        raise SampleError(
            f"{len(task.series)} series of the target are nothing to learn from.", fix=f"Give {FEWEST} at least."
        )
    package = task.source_package()
    about: dict[str, Any] = {}
    if params.calendar:
        found = find_shift(package, task.series, params, task.options.seed, task.options.device)
        package = dataclasses.replace(package, shift_days=found.days)
        about["calendar_shift"] = found.to_dict()
    before = Predictor(package, task.options.device).probabilities(task.series)
    made, evidence = _adapted(package, before, params, task)
    after = Predictor(made, task.options.device).probabilities(task.series)
    why = collapse(before, after, package.legend.names)
    about |= {
        "changed_answers": float((before.argmax(axis=1) != after.argmax(axis=1)).mean()),
        "adapted": not why,
        "not_adapted_because": why,
    }
    if why:
        task.progress.warn(f"{why} The source's model is kept.")
        return dataclasses.replace(package, record={**package.record, **about})
    return dataclasses.replace(made, temperature=1.0, record={**package.record, **evidence, **about})


def collapse(before: NDArray[np.float32], after: NDArray[np.float32], names: tuple[str, ...]) -> str:
    """Return why answers are not better than those before, in a sentence; empty where nothing speaks against them.

    Args:
        before: Of the source's model, (n, class).
        after: Of the adapted model, (n, class).
        names: Of the classes.
    """
    shares = [np.bincount(found.argmax(axis=1), minlength=len(names)) / len(found) for found in (before, after)]
    lost = (shares[0] >= _COMMON) & (shares[1] < _LEFT * shares[0])
    if lost.any():
        first = int(np.flatnonzero(lost)[0])
        return f"The class {names[first]!r} went from {shares[0][first]:.1%} of the series to {shares[1][first]:.1%}."
    told = [score_of(found) for found in (before, after)]
    if told[1] < told[0]:
        return f"The answers tell less of the series than before: {told[1]:.3f} instead of {told[0]:.3f} nats."
    return ""


def _adapted(
    package: ModelPackage, before: NDArray[np.float32], params: SourceFreeParams, task: Transfer
) -> tuple[ModelPackage, dict[str, Any]]:
    """Return the package with weights that went on learning from the target's series, and the evidence."""
    options = task.options
    size = params.step_size(package)
    values = {**package.params, "epochs": params.epochs, "learning_rate": size, "balance": "none"}
    moved = shifted(task.series, package.days, package.shift_days, mask_position(package.bands))
    scaled, columns = package.scaling.apply(moved), before.argmax(axis=1)
    followed = np.random.default_rng(options.seed).random(len(scaled)) < _FOLLOWED
    followed[:1], followed[1:3] = True, False
    parts = [Part(scaled[chosen], columns[chosen]) for chosen in (~followed, followed)]
    adaptation = OwnAnswers(parts[0].values, params, package.class_weights)
    checkpoint = None
    if options.checkpoints is not None:
        own = f"{options.seed} {options.device} {options.threads} {library_versions()}"
        asked = f"{package_digest(package)} {series_digest(task.series)} {to_dict(params)} {own}"
        checkpoint = Checkpoint(options.checkpoints / "source_free.checkpoint", asked, task.progress.warn)
    loop = LoopOptions(
        seed=options.seed,
        device=options.device,
        threads=options.threads,
        checkpoint=checkpoint,
        frozen=("head",),
        adaptation=adaptation,
        labels_count=False,
    )
    trained = train(lambda: _model(package, values), parts[0], parts[1], loop, task.progress.curve("Model"))
    # The parameters stay those of the source's training: they tell which shares its probabilities assume.
    area = of_inputs(package.applicability)
    return dataclasses.replace(package, arrays=trained.model.arrays(), applicability=area), trained.to_dict()


def _model(package: ModelPackage, values: Mapping[str, Any]) -> NeuralClassifier:
    model = load_model(dataclasses.replace(package, params=values))
    if not isinstance(model, NeuralClassifier):
        message = f"{type(model).__name__} is not neural"
        raise TypeError(message)
    return model


class OwnAnswers(Adaptation):
    """Answers that are to be sure, of all classes, and those of the nearest centre of features.

    Args:
        series: Scaled series of the target, (n, step, band), float32: those that are learnt from.
        params: Of the strategy.
        weights: Of each class, by which the answers are multiplied; none for all 1.
    """

    last = True

    def __init__(self, series: NDArray[np.float32], params: SourceFreeParams, weights: Sequence[float] = ()) -> None:
        self.series, self.params, self.weights = series, params, tuple(weights)
        self.epochs, self.epoch = 1, 0

    def describe(self) -> dict[str, Any]:
        """Return the parameters and a hash of the series."""
        return {"params": to_dict(self.params), "series": series_digest(self.series)}

    def begin(self, network: SeriesNetwork, params: NeuralParams, device: str, seed: int) -> None:
        """Put the series on the device and find the first centres."""
        del seed
        self.device, self.epochs, self.epoch = device, params.epochs, 0
        self.values = torch.from_numpy(np.ascontiguousarray(self.series, np.float32)).to(device)
        self._find_centres(network)

    def loss(self, network: SeriesNetwork, batch: Batch) -> Tensor:
        """Return the loss of a batch of the target's own series; the column of a label is not read."""
        del network
        rows = torch.log_softmax(self._weighed(batch.scores.float()), dim=1)
        unsure = -(rows.exp() * rows).sum(dim=1).mean()
        mean = rows.exp().mean(dim=0)
        alike = (mean * torch.log(mean.clamp_min(1e-12))).sum()
        if not self.params.weight:
            return unsure + alike
        labels = nearest(batch.features.detach().float(), self.centres)
        return unsure + alike + self.params.weight * functional.nll_loss(rows, labels)

    def after_step(self, network: SeriesNetwork, done: float) -> None:
        """In each new epoch find the centres anew."""
        epoch = int(done * self.epochs + 1e-6)
        if epoch > self.epoch:
            self.epoch = epoch
            self._find_centres(network)

    def state(self) -> dict[str, Tensor]:
        """Return the centres."""
        return {"centres": self.centres, "epoch": torch.tensor(self.epoch)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        self.centres, self.epoch = state["centres"].to(self.device), int(state["epoch"])

    def _weighed(self, scores: Tensor) -> Tensor:
        """Return the scores of the classes whose weight is above 0, (n, class), which the softmax then weighs."""
        if not self.weights:
            return scores
        # Left out, not hidden: the loss and the centres of a class of probability 0 are no numbers.
        answered = torch.tensor([column for column, weight in enumerate(self.weights) if weight], device=scores.device)
        return scores.index_select(1, answered) + log_weights(self.weights).to(scores.device)[answered]

    def _find_centres(self, network: SeriesNetwork) -> None:
        learning = [module for module in network.modules() if module.training]
        network.eval()
        with torch.no_grad():
            size = CPU_BATCH if self.device == "cpu" else GPU_BATCH
            features = torch.cat([network.encode(self.values[span]) for span in spans(len(self.values), size)]).float()
            answers = torch.softmax(self._weighed(network.head(features).float()), dim=1)
        for module in learning:
            module.training = True
        self.centres = centres_of(features, answers)


def centres_of(features: Tensor, answers: Tensor) -> Tensor:
    """Return the centre of each class's features, (class, feature).

    First each series counts for a class by its probability; then the nearest centre's members alone count. A class
    without a member keeps its first centre.

    Args:
        features: (n, feature).
        answers: Probabilities, (n, class).
    """
    soft = (answers.T @ features) / answers.sum(dim=0)[:, None].clamp_min(1e-8)
    members = functional.one_hot(nearest(features, soft), answers.shape[1]).to(features.dtype)
    counts = members.sum(dim=0)[:, None]
    return torch.where(counts > 0, (members.T @ features) / counts.clamp_min(1), soft)


def nearest(features: Tensor, centres: Tensor) -> Tensor:
    """Return the class whose centre has the smallest angle with each series' features, (n,)."""
    return (functional.normalize(features, dim=1) @ functional.normalize(centres, dim=1).T).argmax(dim=1)
