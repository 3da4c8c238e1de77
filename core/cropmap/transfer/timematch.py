"""Self-training across calendars: a network learns the target's season from its own sure answers."""

from __future__ import annotations

import copy
import dataclasses
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from cropmap.contract.params import param, to_dict
from cropmap.data.calendar import shifted
from cropmap.data.package import mask_position
from cropmap.models.base import shape_of
from cropmap.models.memory import spans
from cropmap.models.neural import CPU_BATCH, GPU_BATCH
from cropmap.training.adaptation import Adaptation, Batch
from cropmap.training.augment import Augmentation
from cropmap.training.fit import fit
from cropmap.training.sides import occurring
from cropmap.training.start import Start
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import GRADIENTS, MODEL, SERIES, SOURCE
from cropmap.transfer.calendar_shift import find_shift, score_of
from cropmap.transfer.classes import weights_in
from cropmap.transfer.domains import DomainNorms, TargetFeed, series_digest, unsureness
from cropmap.transfer.self_taught import SelfTaughtParams, log_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from cropmap.data.package import ModelPackage
    from cropmap.models.neural import NeuralParams, SeriesNetwork
    from cropmap.transfer.base import Transfer

# Days between the shifts that are tried for the teacher at the end of each epoch.
_STEP = 3
# Series on which the teacher's shift, and an epoch, are judged.
_JUDGED = 1000
# Where in the stream of a seed's draws the changes of the target's series begin: apart from those of the source's.
_STREAM = 0x5EED_0B02


@dataclass(frozen=True)
class TimeMatchParams(SelfTaughtParams):
    """How the network goes from the source's calendar to the target's."""

    epochs: int = param(20, help="Passes over the source's samples.", low=1, high=10_000)
    sure: float = param(
        0.9,
        title="Sure from",
        help="Probability from which the teacher's answer to a series counts as its label.",
        low=0.0,
        high=1.0,
    )
    weight: float = param(
        2.0, help="How strongly the target's series count, beside the source's labels.", low=0.0, high=1000.0
    )
    memory: float = param(
        0.99,
        help="Share of itself that the teacher keeps at each update; the rest it takes from the network that learns. "
        "0.9999 in the study, which made 10,000 updates.",
        low=0.0,
        high=1.0,
        advanced=True,
    )
    batch_norm: str = param(
        "shared",
        title="Batch normalisation",
        choices=("shared", "apart"),
        help="shared: one set of statistics for both sites, which go through the network by themselves. apart: the "
        "target has its own, as in the study; where its mix of crops differs, that costs accuracy. Networks without "
        "batch normalisation do not care.",
        advanced=True,
    )


@STRATEGIES.register(
    "timematch",
    title="TimeMatch",
    params=TimeMatchParams,
    citation="Nyborg et al. 2022, doi:10.1016/j.isprsjprs.2022.04.018",
    needs=(MODEL, SOURCE, SERIES, GRADIENTS),
)
def timematch(params: TimeMatchParams, task: Transfer) -> ModelPackage:
    """Moves the source's season to the target's calendar and lets the network learn there from its own sure answers.

    For a target whose crops grow earlier or later, and look a little different besides; no labels of the target. Its
    classes must be the source's: join those that only one site has to one class first, or accuracy is lost.

    The shift of the calendar is found first (`calendar_shift.find_shift`). The source's samples, moved by it, teach
    the labels. A second network, the teacher, is a running mean of the one that learns; it sees the target's series
    moved back, by a shift that is found anew each epoch, and its sure answers are labels of the series that are not
    moved. Where the model changes its series at random while it learns (`shift_days`, `missing`, `jitter`), it changes
    those as well, and the teacher sees them unchanged. Classes that the package weighs the teacher weighs too, so that
    one of weight 0 is never taught. The epoch that is kept has the lowest sum of the loss over the source's validation
    samples, moved too, and how unsure the network is of the target.

    Source: Nyborg et al. 2022, arXiv:2111.02682. Ours: the criterion of the shift that holds in all epochs is
    `how`, small shifts are not taken, and the sites share the statistics of batch normalisation unless asked.
    """
    package = task.source_package()
    source, options = task.taught(), task.options
    found = find_shift(package, task.series, params, options.seed, options.device)
    moved = shifted(source.values, source.days, -found.days, mask_position(source.bands))
    adaptation = SelfTraining(task.series, package, params, found.days, weights_in(package, occurring(source)))
    start = Start(package=package, keep_head=True, adaptation=adaptation)
    values = {**package.params, "epochs": params.epochs, "learning_rate": params.step_size(package)}

    def weighed(made: ModelPackage) -> ModelPackage:
        return dataclasses.replace(made, class_weights=weights_in(package, made.legend))

    keep = options.keep
    hand_on = (lambda made: keep(weighed(made))) if keep else None
    made = fit(
        dataclasses.replace(source, values=moved),
        package.model,
        values,
        dataclasses.replace(options, start=start, keep=hand_on),
        task.progress,
    )
    record = {**made.record, "calendar_shift": found.to_dict(), "teacher_shift_days": adaptation.by}
    return dataclasses.replace(weighed(made), record=record)


class SelfTraining(Adaptation):
    """A teacher's sure answers to the target's series as labels for the network that learns.

    Args:
        series: Of the target, not scaled, (n, step, band).
        package: The source's model, whose scaling counts.
        params: Of the strategy.
        by: Days that the teacher's series are moved by at first.
        weights: Of each class of the network, by which its answers are multiplied; none for all 1.
    """

    def __init__(
        self,
        series: NDArray[np.float32],
        package: ModelPackage,
        params: TimeMatchParams,
        by: float,
        weights: Sequence[float] = (),
    ) -> None:
        self.series, self.scaling, self.params = series, package.scaling, params
        self.days, self.mask, self.shape = package.days, mask_position(package.bands), shape_of(package)
        self.first = self.by = float(by)
        self.weights = tuple(weights)
        self.epochs, self.epoch = 1, 0

    def describe(self) -> dict[str, Any]:
        """Return the parameters, the first shift and a hash of the series."""
        return {"params": to_dict(self.params), "by": self.first, "series": series_digest(self.series)}

    def begin(self, network: SeriesNetwork, params: NeuralParams, device: str, seed: int) -> None:
        """Make the teacher, a copy of the network as it begins, and put the series on the device."""
        self.device, self.epochs, self.epoch, self.by = device, params.epochs, 0, self.first
        self.log_weights = log_weights(self.weights).to(device)
        self.feed = TargetFeed(self.scaling.apply(self.series), device, seed)
        self.augmentation = Augmentation(params, self.shape, seed ^ _STREAM, device)
        self.norms = DomainNorms(network) if self.params.batch_norm == "apart" else None
        self.teacher = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self.moved = self._scaled(self.by)
        self._judged = self.feed.draw(min(_JUDGED, len(self.feed)))

    def loss(self, network: SeriesNetwork, batch: Batch) -> Tensor:
        """Return the mean loss over as many series of the target; those that the teacher is not sure of count 0."""
        chosen = self.feed.draw(len(batch.columns))
        with torch.no_grad():
            told = self.teacher(self.moved.index_select(0, chosen)).float()
            answers = torch.softmax(told + self.log_weights, dim=1)
        sureness, labels = answers.max(dim=1)
        with self._as_target():
            scores = network(self.augmentation(self.feed.values.index_select(0, chosen))).float()
        losses = functional.cross_entropy(scores, labels, reduction="none")
        return self.params.weight * (losses * (sureness >= self.params.sure)).mean()

    def after_step(self, network: SeriesNetwork, done: float) -> None:
        """Draw the teacher nearer to the network, and in each new epoch find its shift anew."""
        with torch.no_grad():
            theirs = self.kept(network)
            for name, own in self.teacher.state_dict().items():
                if own.is_floating_point():
                    own.lerp_(theirs[name], 1 - self.params.memory)
                else:
                    own.copy_(theirs[name])
        epoch = int(done * self.epochs + 1e-6)
        if epoch > self.epoch:
            self.epoch = epoch
            self._find_shift()

    def score(self, network: SeriesNetwork) -> float:
        """Return how unsure the network is of the target's series, where one answer for all does not count as sure."""
        with self._as_target():
            return unsureness(self._answers(network, self.feed.values.index_select(0, self._judged)), "information")

    def kept(self, network: SeriesNetwork) -> dict[str, Tensor]:
        """Return the network's weights, with the target's statistics where it has its own."""
        return {**network.state_dict(), **({} if self.norms is None else self.norms.tensors)}

    def state(self) -> dict[str, Tensor]:
        """Return the teacher, its shift, the target's statistics, and how far the draws are."""
        found = {f"teacher.{name}": tensor for name, tensor in self.teacher.state_dict().items()}
        if self.norms is not None:
            found |= {f"norms.{name}": tensor for name, tensor in self.norms.tensors.items()}
        at = {"by": torch.tensor(self.by, dtype=torch.float64), "epoch": torch.tensor(self.epoch)}
        return found | at | self.feed.state() | {"augmentation": self.augmentation.generator.get_state()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        self.teacher.load_state_dict(_under("teacher.", state))
        if self.norms is not None:
            self.norms.restore(_under("norms.", state))
        self.feed.restore(state)
        self.augmentation.generator.set_state(state["augmentation"])
        self.epoch, self.by = int(state["epoch"]), float(state["by"])
        self.moved = self._scaled(self.by)

    def _as_target(self) -> AbstractContextManager[None]:
        return nullcontext() if self.norms is None else self.norms.target()

    def _find_shift(self) -> None:
        """Move the teacher's series as it now answers best: from the first shift on its way to none."""
        if not self.first:
            return
        rows = self._judged.cpu().numpy()
        tried = np.unique([*np.arange(0, abs(self.first), _STEP), abs(self.first)]) * np.sign(self.first) + 0.0
        scores = []
        for by in tried.tolist():
            answers = self._answers(self.teacher, self._scaled(by, rows))
            scores.append(score_of(answers.cpu().numpy()))
        by = float(tried[int(np.argmax(scores))])
        if by != self.by:
            self.by, self.moved = by, self._scaled(by)

    def _answers(self, network: nn.Module, values: Tensor) -> Tensor:
        with torch.no_grad():
            size = CPU_BATCH if self.device == "cpu" else GPU_BATCH
            scores = [network(values[span]).float() for span in spans(len(values), size)]
        return torch.softmax(torch.cat(scores) + self.log_weights, dim=1)

    def _scaled(self, by: float, rows: NDArray[np.int64] | None = None) -> Tensor:
        """Return the target's series, moved by so many days and scaled, on the device."""
        series = self.series if rows is None else self.series[rows]
        values = self.scaling.apply(shifted(series, self.days, by, self.mask))
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self.device)


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
