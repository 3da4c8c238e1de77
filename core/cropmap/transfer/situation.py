"""What is known of a transfer before it is begun, and what is advised."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cropmap.data.class_names import canonical
from cropmap.training.sides import MIN_SAMPLES
from cropmap.transfer import STRATEGIES
from cropmap.transfer.advice_table import Measures, Way
from cropmap.transfer.base import GRADIENTS, LABELS, MODEL, SERIES, SOURCE, learns_by_gradients


@dataclass(frozen=True, eq=False)
class Situation:
    """What is known of a transfer.

    Args:
        labels: Labelled samples of the target, by class; empty: there are none.
        measures: How far the target lies from the source (`Measures.of` a measured shift); NaN where not known.
        source_classes: Classes of the source's samples, or of its package.
        target_classes: Classes that the target has, where somebody knows; empty: those of the source and of the labels.
        samples: Whether labelled samples of the source are at hand.
        package: Registered name of the model of the source's package; empty: there is none.
        series: Whether series of the target without labels are at hand.
        models: Models that may be trained; empty: all that were measured.
        seconds: That the training may take on one core; infinite: as many as it needs.
        information: What the answers of candidates tell of the target's series (`scores.Scores.information`, in nats),
            by `Advice.name`, where candidates were trained already.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    measures: Measures = field(default_factory=Measures)
    source_classes: tuple[str, ...] = ()
    target_classes: tuple[str, ...] = ()
    samples: bool = False
    package: str = ""
    series: bool = False
    models: tuple[str, ...] = ()
    seconds: float = math.inf
    information: Mapping[str, float] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Labelled samples of the target that can be learnt from: those of classes that have two."""
        return sum(number for number in self.labels.values() if number >= MIN_SAMPLES)

    def knows(self, way: Way, *, reads_labels: bool) -> tuple[set[str], set[str]]:
        """Return the target's classes that a way's model knows, and those that it does not, by canonical name."""
        source = set(map(canonical, self.source_classes))
        taught = {canonical(name) for name, number in self.labels.items() if number >= MIN_SAMPLES}
        wanted = set(map(canonical, self.target_classes)) or source | taught
        known = taught if reads_labels else source
        if reads_labels and SOURCE in _needs(way):
            known = source | taught
        return wanted & known, wanted - known

    def allows(self, way: Way, *, reads_labels: bool) -> bool:
        """Return whether a way can be gone with what is at hand; of the models of a package's kind, any will do."""
        needs = {*_needs(way), *([LABELS] if reads_labels else [])}
        if not all(self._having(need) for need in needs - {GRADIENTS}):
            return False
        carries = self.carries(way)
        if GRADIENTS in needs and not learns_by_gradients(self.package if carries else way.model):
            return False
        if carries:
            return learns_by_gradients(way.model) == learns_by_gradients(self.package)
        return not self.models or way.model in self.models

    def carries(self, way: Way) -> bool:
        """Return whether a way begins with the model of the package."""
        return bool(self.package) and not {MODEL, GRADIENTS}.isdisjoint(_needs(way))

    def model_for(self, way: Way) -> str:
        """Return the model that a way is gone with here: the package's, or one that may be trained."""
        if self.carries(way):
            return self.package
        return way.model if not self.models or way.model in self.models else self.models[0]

    def _having(self, need: str) -> bool:
        return {
            MODEL: self.samples or bool(self.package),
            SOURCE: self.samples,
            SERIES: self.series,
            LABELS: self.count > 0,
        }[need]


@dataclass(frozen=True)
class Expected:
    """Macro F1 that is expected at the target, 0..1.

    Args:
        low: Four cases in five that were foretold without their site lay no further off than from here to `high`.
        mid: What is expected.
        high: The other end.
    """

    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class Advice:
    """One way to a model for the target.

    Args:
        way: Strategy, its parameter values, and the model to carry or to train.
        reasons: Why, in plain sentences with the numbers measured; the first advice's tell what holds for all, too.
        expected: Macro F1 at the target.
        seconds: That the training takes on one core of the machine that measured; NaN where that is not known.
    """

    way: Way
    reasons: tuple[str, ...]
    expected: Expected
    seconds: float = math.nan

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.way.name

    @property
    def strategy(self) -> str:
        """Return its registered name."""
        return self.way.strategy

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the strategy's parameter values."""
        return self.way.values

    @property
    def model(self) -> str:
        """Return the registered name of the model."""
        return self.way.model

    @property
    def model_values(self) -> Mapping[str, Any]:
        """Return the model's parameter values."""
        return self.way.model_values


def _needs(way: Way) -> tuple[str, ...]:
    return STRATEGIES.get(way.strategy).needs
