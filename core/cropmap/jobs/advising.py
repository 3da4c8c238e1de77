"""What the jobs of transfer ask the advice, and what they do with its answer."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.assessment.transfer_outcome import RANKING, Advised
from cropmap.contract.errors import TransferError
from cropmap.contract.params import param
from cropmap.jobs.candidates import Way
from cropmap.training.sides import occurring
from cropmap.transfer import STRATEGIES
from cropmap.transfer.advice import Situation, advise
from cropmap.transfer.advice_table import Measures
from cropmap.transfer.advice_table import Way as TableWay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.assessment.transfer_outcome import Candidate
    from cropmap.jobs.candidates import Given
    from cropmap.transfer.shift import Shift

# Ways that are run where nobody chose any, and that are listed.
_RUN, _LISTED = 3, 8
_PLAIN = {False: ("direct",), True: ("direct", "pooled", "scratch")}


@dataclass(frozen=True, kw_only=True)
class AdviceParams:
    """What the advice has to keep to."""

    minutes: float = param(
        0.0,
        title="Time for a strategy",
        help="Strategies that took longer on measured pairs of sites, on one core, are not advised; 0: any time will "
        "do. Strategies that you choose run however long they take.",
        unit="minutes",
        low=0.0,
        high=100_000,
        advanced=True,
    )

    @property
    def seconds(self) -> float:
        """Return that time in seconds; infinite where any will do."""
        return 60 * self.minutes or math.inf


def situation_of(given: Given, shift: Shift | None, seconds: float = math.inf) -> Situation:
    """Return what is known before anything is trained.

    Args:
        given: What the user gave.
        shift: How far the sites lie apart; None where that was not measured.
        seconds: That a strategy may take on one core.
    """
    source, target = given.source, given.target
    legend = occurring(source) if source is not None else given.legend
    if given.package is not None:
        legend = given.package.legend
    return Situation(
        labels={} if target is None else {name: count for name, count in target.counts().items() if count},
        measures=Measures() if shift is None else Measures.of(shift),
        source_classes=legend.names,
        target_classes=given.classes or (occurring(target).names if target is not None else ()),
        samples=source is not None,
        package="" if given.package is None else given.package.model,
        series=given.series is not None or target is not None,
        seconds=seconds,
    )


def after_scoring(situation: Situation, candidates: Sequence[Candidate]) -> Situation:
    """Return a situation that also holds what candidates' label-free scores say, where they have any."""
    found = {
        TableWay(own.strategy, own.values, own.model).name: own.scores[RANKING]
        for own in candidates
        if RANKING in own.scores
    }
    return dataclasses.replace(situation, information=found)


def advised(situation: Situation) -> tuple[Advised, ...]:
    """Return what is advised, the best first; nothing where there is nothing to make a model of."""
    try:
        found = advise(situation)
    except TransferError:
        return ()
    return tuple(
        Advised(
            title=STRATEGIES.get(own.strategy).title,
            strategy=own.strategy,
            values=own.values,
            model=own.model,
            reasons=own.reasons,
            expected=(own.expected.low, own.expected.mid, own.expected.high),
            seconds=own.seconds if math.isfinite(own.seconds) else None,
        )
        for own in found[:_LISTED]
    )


def ways_to_run(situation: Situation, model: tuple[str, Mapping[str, Any]], *, labels: bool) -> list[Way]:
    """Return what is run where nobody chose: what the advice puts first for the model that is asked for.

    Args:
        situation: What is known.
        model: Name and parameter values of the model that is trained on samples; an empty name is the package's.
        labels: Whether the target has labels.
    """
    name, values = model
    kept = dataclasses.replace(situation, models=(name or situation.package,))
    strategies: dict[str, Mapping[str, Any]] = {}
    try:
        for own in advise(kept):
            strategies.setdefault(own.strategy, own.values)
    except TransferError:
        strategies = {strategy: {} for strategy in _PLAIN[labels]}
    return [Way(strategy, strategy, own, name, values) for strategy, own in list(strategies.items())[:_RUN]]
