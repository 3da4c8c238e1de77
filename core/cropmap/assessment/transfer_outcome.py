"""What came of strategies that carry a model to a target: candidates, how they were judged, tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.model_comparison import LeftOut, ModelComparison
from cropmap.assessment.paired import KAPPA, MACRO_F1, OVERALL, Estimate, McNemar
from cropmap.transfer.classes import ClassMatch
from cropmap.transfer.scores import SCORES
from cropmap.transfer.shift import Shift

if TYPE_CHECKING:
    from cropmap.io.tables import Cell

# The two that every strategy has to beat.
DIRECT, SCRATCH = "direct", "scratch"
BASELINES = (DIRECT, SCRATCH)
# Of the label-free scores the one that stands for all where there is room for one: it asks nothing of the source.
RANKING = "information"
_UNKNOWN = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A strategy that was run, and the package that it made.

    Args:
        name: What it is called here: the strategy's name, numbered where it stands several times.
        strategy: Registered name.
        values: Its own parameter values.
        title: What people call it, numbered likewise.
        model: Registered name of its package's model.
        seconds: What the package took, without what all strategies share.
        masked: Classes of the source that its package knows and does not answer.
        masked_share: Share of the target's series that it would have given to them; NaN where none tells.
        scores: Label-free scores by name (`transfer.scores.SCORES`), as far as they are known.
        added: Nobody asked for it; it is there to compare with.
    """

    name: str
    strategy: str
    values: Mapping[str, Any]
    title: str
    model: str
    seconds: float
    masked: tuple[str, ...] = ()
    masked_share: float = math.nan
    scores: Mapping[str, float] = field(default_factory=dict)
    added: bool = False


@dataclass(frozen=True)
class Advised:
    """A strategy that was advised before any label judged it.

    Args:
        title: What people call it.
        strategy: Registered name.
        values: Its own parameter values.
        model: Registered name of the model.
        reasons: Why, in plain sentences.
        expected: The macro F1 expected: lower end, middle, upper end.
        seconds: That it takes; None where that is not known.
    """

    title: str
    strategy: str
    values: Mapping[str, Any]
    model: str
    reasons: tuple[str, ...]
    expected: tuple[float, float, float]
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        found: dict[str, Any] = {"strategy": self.strategy, "values": dict(self.values), "model": self.model}
        found |= {"reasons": list(self.reasons), "expected": [round(value, 4) for value in self.expected]}
        if self.seconds is not None:
            found["seconds"] = round(self.seconds, 1)
        return found


@dataclass(frozen=True, eq=False)
class Outcome:
    """Strategies side by side, the best first.

    Args:
        candidates: What was run; by macro F1 where labels of the target judged, else in the order asked for.
        match: Classes of both sites.
        classes_known: Whether something tells which classes the target has; if not, none is masked.
        labels: Labelled samples of the target.
        series: Series of the target without labels that strategies were given.
        comparison: All of them judged on the same folds of the target's labels; None without labels.
        overlap: Whether the weighted label-free scores rest on enough samples; None where there are none.
        shift: How far the sites lie apart; None where that was not measured.
        left_out: Strategies that could not be run, and why.
        advised: What was advised; empty where nothing was asked.
    """

    candidates: tuple[Candidate, ...]
    match: ClassMatch
    classes_known: bool
    labels: int
    series: int
    comparison: ModelComparison | None = None
    overlap: bool | None = None
    shift: Shift | None = None
    left_out: tuple[LeftOut, ...] = ()
    advised: tuple[Advised, ...] = ()

    def figure(self, name: str, measure: str) -> Estimate:
        """Return a candidate's judged figure with its interval; NaN where it was not judged."""
        place = self._place(name)
        return _UNKNOWN if self.comparison is None or place is None else self.comparison.resampled.of(place, measure)

    def over(self, name: str, other: str, measure: str) -> Estimate | None:
        """Return how much higher a candidate's figure is than another's; None where one of them was not judged."""
        places = self._place(name), self._place(other)
        if self.comparison is None or places[0] is None or places[1] is None or name == other:
            return None
        return self.comparison.resampled.difference(places[1], places[0], measure)

    def test(self, name: str, other: str) -> McNemar | None:
        """Return McNemar's test of two candidates, signed so that z above 0 is in favour of `name`; None as `over`."""
        places = self._place(name), self._place(other)
        if self.comparison is None or places[0] is None or places[1] is None or name == other:
            return None
        pair = self.comparison.pair(places[0], places[1])
        found = pair.tests.overall
        if pair.model == places[0]:
            return found
        return McNemar(found.name, found.only_first, found.only_second, found.adjusted)

    def _place(self, name: str) -> int | None:
        models = self.comparison.models if self.comparison else ()
        return next((place for place, own in enumerate(models) if own.name == name), None)


def ranked(candidates: list[Candidate], comparison: ModelComparison | None) -> tuple[Candidate, ...]:
    """Return candidates by macro F1, the best first and those that were not judged last; as they are without any."""
    if comparison is None:
        return tuple(candidates)
    f1 = {own.name: comparison.resampled.of(place, MACRO_F1).value for place, own in enumerate(comparison.models)}
    return tuple(sorted(candidates, key=lambda own: -f1.get(own.name, -math.inf)))


def strategy_rows(found: Outcome) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: each candidate, its judged figures, its label-free scores."""
    header: list[str] = ["name", "strategy", "values", "model", "seconds", "masked_classes", "masked_share"]
    for measure in (OVERALL, MACRO_F1, KAPPA):
        stem = measure.replace(" ", "_").lower()
        header += [stem, f"{stem}_low_95", f"{stem}_high_95"]
    for other in BASELINES:
        header += [f"macro_f1_over_{other}", f"over_{other}_low_95", f"over_{other}_high_95", f"p_holm_{other}"]
    return [(*header, *SCORES), *(_strategy_row(found, own) for own in found.candidates)]


def class_match_rows(found: Outcome) -> list[tuple[Cell, ...]]:
    """Return rows of a table, header first: each class and which site has it."""
    parts = (("both", found.match.shared), ("source", found.match.source_only), ("target", found.match.target_only))
    return [("class", "site"), *((name, where) for where, names in parts for name in names)]


def outcome_figures(found: Outcome) -> dict[str, Any]:
    """Return the headline figures of a transfer as plain values; what is not known is left out."""
    direct = next((own for own in found.candidates if own.strategy == DIRECT), found.candidates[0])
    figures: dict[str, Any] = {
        "best": found.candidates[0].name,
        "strategies": {own.name: _own_figures(found, own) for own in found.candidates},
        "target_samples": found.labels,
        "target_series": found.series,
        "classes": {
            "shared": list(found.match.shared),
            "source_only": list(found.match.source_only),
            "target_only": list(found.match.target_only),
        },
        "left_out": {out.name: out.why for out in found.left_out},
        "advice": [own.to_dict() for own in found.advised],
    }
    return figures | _known({"open_set_share": direct.masked_share})


def _own_figures(found: Outcome, own: Candidate) -> dict[str, Any]:
    overall, macro_f1 = (found.figure(own.name, measure).value for measure in (OVERALL, MACRO_F1))
    figures: dict[str, Any] = {"model": own.model, "seconds": own.seconds}
    figures |= _known({"overall_accuracy": overall, "macro_f1": macro_f1, "masked_share": own.masked_share})
    for other in BASELINES:
        over = found.over(own.name, other, MACRO_F1)
        if over is not None:
            figures[f"over_{other}"] = [round(value, 4) if math.isfinite(value) else None for value in _three(over)]
    if own.scores:
        figures |= {"scores": _known(own.scores), **_known({"score": own.scores.get(RANKING, math.nan)})}
    return figures


def _known(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items() if math.isfinite(value)}


def _strategy_row(found: Outcome, own: Candidate) -> tuple[Cell, ...]:
    row: list[Cell] = [own.name, own.strategy, json.dumps(own.values, sort_keys=True), own.model, own.seconds]
    row += ["; ".join(own.masked), own.masked_share]
    for measure in (OVERALL, MACRO_F1, KAPPA):
        row += _three(found.figure(own.name, measure))
    for other in BASELINES:
        test = found.test(own.name, other)
        row += [*_three(found.over(own.name, other, MACRO_F1) or _UNKNOWN), test.adjusted if test else math.nan]
    return (*row, *(own.scores.get(name, math.nan) for name in SCORES))


def _three(own: Estimate) -> tuple[float, float, float]:
    return own.value, own.low, own.high
