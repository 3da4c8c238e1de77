"""What to try while nothing was measured: the guide that was proposed from two studies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from cropmap.contract.errors import TransferError
from cropmap.transfer.advice_table import Way
from cropmap.transfer.situation import RULE, Advice, Situation
from cropmap.transfer.verdict import HIGH, LOW, MEDIUM, verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Labels of the target: fewer teach little, and from so many on the source is not needed. A forest does with fewer than
# the last number, a network wants more.
# Source: our reading of Long et al. 2026, doi:10.1016/j.compag.2026.111646, whose tables end at 8,000 labels.
SOME_FROM, SCRATCH_FROM, NETWORK_FROM = 250, 4000, 20_000
_FOREST, _NETWORK, _ENSEMBLE = "random_forest", "transformer", "ensemble"
_Named: TypeAlias = "tuple[str, dict[str, Any], str]"
_TUNED = (("fine_tune", {"preset": "head"}), ("fine_tune", {"preset": "two_stage"}))


def advise_by_rule(situation: Situation) -> tuple[Advice, ...]:
    """Return what the proposed guide says, without expected values.

    Fewer than 250 labels: with a low shift the source's model as it is, an ensemble if one can be trained; with a
    medium one several sources and years together and a moved calendar, adversarial training only if scores speak for
    it; with a high one labels are what helps. 250 to 4,000: the source's network trained on, its last layer first,
    beside a forest of the labels alone. From 4,000 on the labels alone: a forest, from 20,000 on a network.

    Raises:
        TransferError: What is at hand suits no strategy.
    """
    count = situation.count
    measures = situation.measures
    verdict = verdict_of(measures.mmd2, measures.lag_days)
    if count >= SCRATCH_FROM:
        ways, reason = _many(count)
    elif count >= SOME_FROM:
        ways, reason = _some(count)
    else:
        ways, reason = _few(situation, verdict)
    last: list[_Named] = [("direct", {}, _FOREST), ("scratch", {}, _FOREST)]
    if count or situation.domains > 1:
        last = [("pooled", {}, _FOREST), *last]
    found: dict[str, Way] = {}
    for strategy, values, model in (*ways, *last):
        way = _way(situation, strategy, values, model)
        if situation.allows(way, reads_labels=count > 0 and strategy in ("pooled", "scratch", "fine_tune")):
            found.setdefault(f"{strategy} {values}", way)
    if not found:
        raise TransferError("What is at hand suits no strategy.", fix="Give labelled samples of the source.")
    own = "No measured pairs tell of this case; this is the guide that was proposed from published figures."
    return tuple(
        Advice(way, (*reason, own) if not place else (own,), source=RULE) for place, way in enumerate(found.values())
    )


def _few(situation: Situation, verdict: str) -> tuple[Sequence[_Named], tuple[str, ...]]:
    several = situation.domains > 1
    together: list[_Named] = [("pooled", {}, _ENSEMBLE)] if several or situation.count else []
    said = f"{situation.count} labels are fewer than {SOME_FROM}, and the shift is {verdict}"
    if verdict == LOW:
        ways: list[_Named] = [("direct", {}, _ENSEMBLE), *together, ("shifted", {}, _FOREST)]
        return ways, (f"{said}: a model of the source is nearly as good as one of a few labels.",)
    if verdict == MEDIUM:
        ways = [*together, ("shifted", {}, _ENSEMBLE), ("direct", {}, _ENSEMBLE), ("dann", {}, _NETWORK)]
        return ways, (f"{said}: more sites and years and a moved calendar help; dann only if its scores are better.",)
    ways = [*together, ("shifted", {}, _ENSEMBLE), ("direct", {}, _ENSEMBLE)]
    unknown = " (not measured)" if math.isnan(situation.measures.mmd2) else ""
    fix = f"Label {SOME_FROM} samples of the target at least: nothing without labels bridges such a shift."
    return ways, (f"{said.replace(HIGH, HIGH + unknown)}.", fix)


def _some(count: int) -> tuple[Sequence[_Named], tuple[str, ...]]:
    ways = [*((strategy, values, _NETWORK) for strategy, values in _TUNED), ("scratch", {}, _FOREST)]
    reason = f"{count} labels teach the last layers of the source's network; compare with a forest of them alone."
    return ways, (reason,)


def _many(count: int) -> tuple[Sequence[_Named], tuple[str, ...]]:
    model = _FOREST if count < NETWORK_FROM else _NETWORK
    other = _NETWORK if model == _FOREST else _FOREST
    ways = [("scratch", {}, model), ("fine_tune", {"preset": "full"}, _NETWORK), ("scratch", {}, other)]
    return ways, (f"{count} labels are enough to learn from them alone; the source is hardly needed.",)


def _way(situation: Situation, strategy: str, values: dict[str, Any], model: str) -> Way:
    """Return a way with the package's model where it carries that; else with the rule's, or one that may be trained."""
    way = Way(strategy, values, model)
    if situation.carries(way):
        return Way(strategy, values, situation.package)
    if situation.models and model not in situation.models:
        return Way(strategy, values, situation.models[0])
    return way
