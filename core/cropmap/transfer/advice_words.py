"""Why a strategy is advised, in plain sentences made of what was measured."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.words import counted, listed
from cropmap.transfer import STRATEGIES
from cropmap.transfer.advice_table import Pair
from cropmap.transfer.base import MODEL, SOURCE

if TYPE_CHECKING:
    from cropmap.transfer.advice_table import Table
    from cropmap.transfer.situation import Situation

# Of macro F1: what is called as good as the best.
CLOSE = 0.02
# Of macro F1: by so much a way without labels may fall below direct transfer on a pair.
SAFE = 0.01
# Pairs that weigh at least so much beside the one most alike are called alike.
_ALIKE = 0.5
# Distance of two shifts, in standard deviations of the measures between pairs, beyond which they are not alike.
_FAR = 2.0
# By how many times more or fewer labels than any that were measured may be foretold without a warning.
_NEAR = 2
_BOTH, _ALONE = "that use what both sites know", "that learn from the target's labels alone"
_NONE = "that read no label of the target"


@dataclass(frozen=True, eq=False)
class Foretold:
    """What each way is expected to reach, and what that rests on.

    Args:
        mid: Expected macro F1, (way,), 0..1; NaN where too few pairs tell.
        half: Half the width of the interval, (way,).
        scores: Measured macro F1, (pair, way).
        weights: Of the pairs, (pair,); 1 of the one most alike.
        distances: Of the pairs' shifts from this one, (pair,).
        pairs: Those measured.
        labels: Of the target.
    """

    mid: NDArray[np.float64]
    half: NDArray[np.float64]
    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    distances: NDArray[np.float64]
    pairs: tuple[Pair, ...]
    labels: int


def reasons_for(
    table: Table, situation: Situation, foretold: Foretold, place: tuple[int, float], *, first: bool
) -> tuple[str, ...]:
    """Return the reasons of one way.

    Args:
        table: What was measured.
        situation: What is known.
        foretold: What is expected of all ways.
        place: Number of the way, and its seconds.
        first: Whether it is advised first: then what holds for all of them is told too.
    """
    way, seconds = place
    reads = bool(table.reads_labels[way] and situation.count)
    said = [_record(foretold, way), *_gains(table, foretold, way), *_risk(table, foretold, way)]
    if first:
        said += [*_families(table, foretold), *_limits(table, situation, foretold)]
    said += _classes(situation.knows(table.ways[way], reads_labels=reads)[1])
    model = situation.model_for(table.ways[way])
    if table.ways[way].model != model:
        said.append(f"It was measured with the model {table.ways[way].model}, of the kind of {model}.")
    if seconds > situation.seconds:
        said.append(f"It takes about {seconds:.0f} s, more than the {situation.seconds:.0f} s that it may.")
    return tuple(said)


def _record(foretold: Foretold, way: int) -> str:
    chosen = _alike(foretold) & np.isfinite(foretold.scores[:, way])
    if not chosen.any():
        chosen = np.isfinite(foretold.scores[:, way])
    behind = np.nanmax(foretold.scores[chosen], axis=1) - foretold.scores[chosen, way]
    close = int((behind <= CLOSE).sum())
    names = listed([pair.name for pair, own in zip(foretold.pairs, chosen, strict=True) if own], 4)
    return (
        f"{_at(foretold.labels)} it was within {100 * CLOSE:.0f} points of macro F1 of the best on {close} of "
        f"{_pairs(foretold, int(chosen.sum()))} ({names}), {100 * behind.mean():.1f} behind on average."
    )


def _gains(table: Table, foretold: Foretold, way: int) -> list[str]:
    """Return how far the way was above the same model as it is, and above the same model of the labels alone."""
    found = []
    own = table.ways[way]
    for strategy, said in (
        ("direct", "the source's model as it is"),
        ("scratch", "the same model of the labels alone"),
    ):
        others = [
            number for number, other in enumerate(table.ways) if other.strategy == strategy and other.model == own.model
        ]
        if own.strategy == strategy or not others:
            continue
        gain = foretold.scores[:, way] - foretold.scores[:, others[0]]
        gain = gain[_alike(foretold) & np.isfinite(gain)]
        if len(gain):
            points = round(100 * float(gain.mean()), 1)
            how = f"{abs(points)} points {'above' if points > 0 else 'below'}" if points else "as good as"
            found.append(f"It was {how} {said} there.")
    return found


def falls_of(table: Table, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each way that reads no label fell below direct transfer with the same model, (pair, way).

    Args:
        table: What was measured.
        scores: Without labels, (pair, way).

    Returns:
        Macro F1, 0 where it did not fall or is not known.
    """
    direct = {way.model: number for number, way in enumerate(table.ways) if way.strategy == "direct"}
    found = np.zeros_like(scores)
    for number, way in enumerate(table.ways):
        if way.model in direct and not table.reads_labels[number]:
            found[:, number] = np.nan_to_num(scores[:, direct[way.model]] - scores[:, number])
    return np.maximum(found, 0)


def _risk(table: Table, foretold: Foretold, way: int) -> list[str]:
    """Return what a way without labels may cost, which nobody would notice there."""
    if foretold.labels or table.ways[way].strategy == "direct":
        return []
    falls = falls_of(table, foretold.scores)[:, way]
    worst = int(falls.argmax())
    if falls[worst] <= SAFE:
        return [f"On no measured pair did it fall more than {100 * SAFE:.0f} point below the source's model as it is."]
    return [
        f"On {foretold.pairs[worst].name} it fell {100 * falls[worst]:.1f} points below the source's model as it is."
    ]


def _families(table: Table, foretold: Foretold) -> list[str]:
    if not foretold.labels:
        return []
    kinds = []
    for way, reads in zip(table.ways, table.reads_labels.tolist(), strict=True):
        uses_source = not {MODEL, SOURCE}.isdisjoint(STRATEGIES.get(way.strategy).needs)
        kinds.append(_NONE if not reads else _BOTH if uses_source else _ALONE)
    rows = foretold.scores[_alike(foretold) & np.isfinite(foretold.scores).any(axis=1)]
    best, times = Counter(kinds[int(np.nanargmax(row))] for row in rows).most_common(1)[0]
    return [f"{_at(foretold.labels)} strategies {best} were best on {times} of {_pairs(foretold, len(rows))}."]


def _limits(table: Table, situation: Situation, foretold: Foretold) -> list[str]:
    """Return where the table knows little of a case like this."""
    found = []
    counts = table.label_counts
    if foretold.labels and counts and not counts[0] / _NEAR <= foretold.labels <= counts[-1] * _NEAR:
        found.append(
            f"{counts[0]} to {counts[-1]} labels were measured; for {foretold.labels} the figures are a guess."
        )
    if all(map(math.isnan, vars(situation.measures).values())):
        found.append("The shift was not measured: all pairs count alike. Measure it for better advice.")
    elif foretold.distances.min() > _FAR:
        found.append(
            f"No measured pair has a shift like this one: the nearest, "
            f"{foretold.pairs[int(foretold.distances.argmin())].name}, is {foretold.distances.min():.1f} standard "
            "deviations away. Trust the order little."
        )
    rare = [name for name, number in situation.labels.items() if 0 < number < 2]
    if rare:
        found.append(f"{listed(rare)} {'has' if len(rare) == 1 else 'have'} a single label and cannot be learnt.")
    return found


def _classes(missing: set[str]) -> list[str]:
    if not missing:
        return []
    return [f"Its model would not know {listed(sorted(missing))}: what is expected is lower by that share of classes."]


def _at(labels: int) -> str:
    return f"At {counted(labels, 'label', 'labels')}" if labels else "Without labels of the target"


def _pairs(foretold: Foretold, count: int) -> str:
    what = "measured" if _alike(foretold).all() else "measured pairs most like this one"
    if what == "measured":
        return counted(count, "measured pair", "measured pairs")
    return f"{count} {what}" if count > 1 else "the one measured pair most like this one"


def _alike(foretold: Foretold) -> NDArray[np.bool_]:
    return np.asarray(foretold.weights >= _ALIKE)
