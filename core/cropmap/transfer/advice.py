"""Which strategy to try first: ranked by what was measured on pairs of sites with a shift and labels like the user's.

How it foretells, on purpose simple enough to be told in two sentences. What the best way without labels will reach is
the mean of what it reached on the measured pairs, weighted by how much their shift is like this one. How far above or
below that every way (strategy, values, model) will be, with so many labels, is the weighted mean of how far it was. How
wide the intervals are is found by leaving out one place at a time; from eight places on, how fast weights fall, too.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import TransferError
from cropmap.transfer.advice_table import MEASURES, Measures, Pair, Table, Way, shipped_table
from cropmap.transfer.advice_words import CLOSE, SAFE, Foretold, falls_of, reasons_for
from cropmap.transfer.base import learns_by_gradients
from cropmap.transfer.situation import Advice, Expected, Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Advice", "Expected", "Judged", "Judgement", "Situation", "advise", "judge_advice", "scratch_wins_from"]

# Fewer places cannot tell what another one will be like.
FEWEST_PLACES = 3
# Ways that are expected so near to each other count the same; the label-free score decides where candidates were made.
_TIE = 0.01
# Of the kernels for the best way without labels and for how far each way is from it, in standard deviations of the
# measures between the table's pairs. Fitted to few places, widths foretold those left out worse than these do.
_FEW = (1.0, 2.0)
_WIDTHS, _ENOUGH_PLACES = (math.inf, 2.0, 1.0, 0.5), 8
# Differences below these are within what measuring twice gives; a table of pairs alike must not blow them up.
_LEAST = np.array([0.05, 3.0, 0.05, 0.05, 0.05])
# Without labels nobody would notice that an adaptation harms: ways that fell further below direct transfer with the
# same model, on any measured pair, come after all others, whatever they gain elsewhere.
_LAST = -2.0
_COVERED = 0.8
_SCRATCH = "scratch"


@dataclass(frozen=True)
class Judged:
    """What came of the first advice on a pair that the table had forgotten.

    Args:
        pair: Its name.
        labels: Of the target.
        first: The way that was advised first.
        reached: Its macro F1 there, 0..1.
        best: The way that was best there.
        best_reached: Its macro F1.
        fixed: Macro F1 of the way that was best on average of the other pairs.
    """

    pair: str
    labels: int
    first: Way
    reached: float
    best: Way
    best_reached: float
    fixed: float


@dataclass(frozen=True)
class Judgement:
    """How good advice was on pairs whose places the table was made to forget.

    Args:
        judged: Each pair with each number of labels.
        within: Share of them in which the way that was advised first lay within 2 points of macro F1 of the best.
        fixed: The same, had always that way been advised which was best on average of the other pairs.
        loss: Mean macro F1 that the first advice was behind the best, 0..1.
        covered: Share of all expected values whose interval held what was measured; the aim is 0.8.
        by_labels: `within` by number of labels.
    """

    judged: tuple[Judged, ...]
    within: float
    fixed: float
    loss: float
    covered: float
    by_labels: dict[int, float]


def advise(situation: Situation, table: Table | None = None) -> tuple[Advice, ...]:
    """Return what to try, the best first; at least one.

    Args:
        situation: What is known.
        table: What was measured; None takes the one that came with the library.

    Raises:
        TransferError: There is nothing to make a model of, or none of the measured ways can be gone with what there is.
    """
    table = table or shipped_table()
    if not (situation.samples or situation.package or situation.count):
        raise TransferError(
            "There is nothing to make a model of.",
            fix="Give the source's package or samples, or label samples of the target, two of a class at least.",
        )
    found = _Fit.of(_Ground.of(table))
    foretold = found.foretell(situation.measures, situation.count)
    chosen = _possible(table, situation, np.isfinite(foretold.mid))
    if not len(chosen):
        raise TransferError("What is at hand suits no strategy.", fix="Give labelled samples of the source.")
    factors, seconds = _factors(table, situation), _seconds(table, situation, foretold.weights)
    affordable = chosen[~(seconds[chosen] > situation.seconds)]
    if not len(affordable):
        affordable = chosen[[int(np.nanargmin(seconds[chosen]))]]
    risky = found.ground.risky & (situation.count == 0)
    worth = foretold.mid * factors + np.where(risky, _LAST, 0)
    order = _ranked(worth, _information(table, situation), affordable)
    advices = []
    for place, way in enumerate(order):
        mid, half = foretold.mid[way], foretold.half[way]
        bounds = np.clip(np.array([mid - half, mid, mid + half]), 0, 1) * factors[way]
        reasons = reasons_for(table, situation, foretold, (way, float(seconds[way])), first=place == 0)
        advices.append(
            Advice(_own(table.ways[way], situation), reasons, Expected(*bounds.tolist()), float(seconds[way]))
        )
    return _distinct(advices)


def scratch_wins_from(situation: Situation, table: Table | None = None, *, label_free: bool = False) -> int | None:
    """Return the number of labels of the target from which nothing that uses the source is expected to do better.

    It is one of the numbers that the table was measured with, and holds for labels of all classes of the target.

    Args:
        situation: What is known; its labels are not looked at.
        table: What was measured; None takes the one that came with the library.
        label_free: Compare with ways alone that read no label of the target.

    Returns:
        None where it is never expected within the table, or was not measured.
    """
    table = table or shipped_table()
    classes = situation.target_classes or situation.source_classes or tuple(situation.labels)
    found = _Fit.of(_Ground.of(table))
    wins_from: int | None = None
    for count in table.label_counts:
        every = dict.fromkeys(classes, max(2, count // max(len(classes), 1)))
        asked = dataclasses.replace(situation, labels=every)
        foretold = found.foretell(situation.measures, count)
        chosen = _possible(table, asked, np.isfinite(foretold.mid))
        mids = foretold.mid * _factors(table, asked)
        alone = [way for way in chosen.tolist() if table.ways[way].strategy == _SCRATCH]
        others = [way for way in set(chosen.tolist()) - set(alone) if not (label_free and table.reads_labels[way])]
        wins = bool(alone) and mids[alone].max() >= max(mids[others], default=-math.inf)
        wins_from = (wins_from or count) if wins else None
    return wins_from


def judge_advice(table: Table, tolerance: float = CLOSE) -> Judgement:
    """Return how good advice is for places that the table does not know: each is left out in its turn.

    Args:
        table: Of at least four places: one is left out, and three are what advice rests on.
        tolerance: Macro F1 behind the best that is as good as the best.

    Raises:
        TransferError: The table has fewer places.
    """
    if _places(table.pairs) <= FEWEST_PLACES:
        raise TransferError(
            f"The table has {_places(table.pairs)} places; advice cannot be judged without one of them.",
            fix=f"Measure pairs of {FEWEST_PLACES + 1} places at least.",
        )
    ground = _Ground.of(table)
    judged: list[Judged] = []
    covered: list[NDArray[np.bool_]] = []
    for place in dict.fromkeys(pair.places for pair in table.pairs):
        rest = _Fit.of(ground.without(place))
        for number in np.flatnonzero(ground.places == place).tolist():
            for labels in ground.counts:
                if found := _case(ground, rest, (number, labels)):
                    judged.append(found[0])
                    covered.append(found[1])
    lost = np.array([own.best_reached - own.reached for own in judged])
    lost_fixed = np.array([own.best_reached - own.fixed for own in judged])
    within, counts = lost <= tolerance, np.array([own.labels for own in judged])
    return Judgement(
        judged=tuple(judged),
        within=float(within.mean()),
        fixed=float((lost_fixed <= tolerance).mean()),
        loss=float(lost.mean()),
        covered=float(np.concatenate(covered).mean()),
        by_labels={int(count): float(within[counts == count].mean()) for count in np.unique(counts)},
    )


def _case(ground: _Ground, rest: _Fit, place: tuple[int, int]) -> tuple[Judged, NDArray[np.bool_]] | None:
    """Return how a fit of other places fares on a pair, given its number and a number of labels, if it can be told.

    Returns:
        What came of the first advice, and which expected values' intervals held what was measured, (way,).
    """
    number, labels = place
    tried, reads = ground.tried[labels][number], ground.table.reads_labels
    actual = np.where(tried | ~reads, ground.scores[labels][number], np.nan)
    measures = ground.pairs[number].measures
    foretold, scores = rest.foretell(measures, labels), rest.ground.at(labels)
    plain = _mean(scores - rest.ground.anchors[:, None], np.ones(len(scores)))
    known = np.isfinite(actual) & np.isfinite(foretold.mid)
    if known.sum() < 2 or not (tried & known).any():
        return None
    chosen = np.flatnonzero(known)
    worth = foretold.mid + np.where(rest.ground.risky & (labels == 0), _LAST, 0)
    first, fixed, best = (int(chosen[own[chosen].argmax()]) for own in (worth, plain, actual))
    ways, reached = ground.table.ways, actual.tolist()
    judged = Judged(
        ground.pairs[number].name, labels, ways[first], reached[first], ways[best], reached[best], reached[fixed]
    )
    return judged, (np.abs(actual - foretold.mid) <= foretold.half)[known]


# ---------------------------------------------------------------- what is foretold


@dataclass(frozen=True, eq=False)
class _Ground:
    """Pairs of a table that predictions rest on, as arrays.

    `scores` and `tried` are (pair, way) by number of labels, 0 and all that were tried.
    """

    pairs: tuple[Pair, ...]
    table: Table
    rows: NDArray[np.intp]
    scores: dict[int, NDArray[np.float64]]
    tried: dict[int, NDArray[np.bool_]]

    @classmethod
    def of(cls, table: Table) -> _Ground:
        counts = (0, *table.label_counts)
        return cls(
            table.pairs,
            table,
            np.arange(len(table.pairs)),
            {count: table.scores(count) for count in counts},
            {count: table.measured(count) for count in counts},
        )

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(self.scores)

    @property
    def places(self) -> NDArray[np.str_]:
        return np.array([pair.places for pair in self.pairs])

    @property
    def features(self) -> NDArray[np.float64]:
        return np.array([_features(pair.measures) for pair in self.pairs]).reshape(-1, len(MEASURES))

    @cached_property
    def anchors(self) -> NDArray[np.float64]:
        """Macro F1 of the best way without labels on each pair, (pair,); where there is none, with the fewest."""
        found = np.full(len(self.pairs), np.nan)
        for scores in self.scores.values():
            best = np.where(np.isfinite(scores), scores, -np.inf).max(axis=1, initial=-np.inf)
            found = np.where(np.isnan(found) & np.isfinite(best), best, found)
        return found

    @cached_property
    def risky(self) -> NDArray[np.bool_]:
        """Whether each way that reads no label fell below direct transfer on a pair by more than is safe, (way,)."""
        return np.asarray(falls_of(self.table, self.scores[0]).max(axis=0, initial=0.0) > SAFE)

    def without(self, place: str) -> _Ground:
        kept = self.places != place
        return dataclasses.replace(
            self,
            pairs=tuple(pair for pair in self.pairs if pair.places != place),
            rows=self.rows[kept],
            scores={count: own[kept] for count, own in self.scores.items()},
            tried={count: own[kept] for count, own in self.tried.items()},
        )

    def at(self, labels: int) -> NDArray[np.float64]:
        if labels in self.scores:
            return self.scores[labels]
        return self.table.scores(labels)[self.rows]

    def distances(self, measures: Measures) -> NDArray[np.float64]:
        """Return how far the shift of each pair is from this one, (pair,): 1 is one standard deviation a measure."""
        own = self.features
        units = np.array([np.std(column[np.isfinite(column)]) if np.isfinite(column).any() else 0 for column in own.T])
        apart = (own - _features(measures)) / np.maximum(units, _LEAST)
        known = np.isfinite(apart)
        total = np.where(known, apart, 0) ** 2
        return np.asarray(np.sqrt(total.sum(axis=1) / np.maximum(known.sum(axis=1), 1)))


@dataclass(frozen=True, eq=False)
class _Fit:
    """Predictions from some pairs.

    Args:
        ground: The pairs.
        widths: Of the kernel, for how good the best way without labels is, and for how far each way is from it.
        halves: Half the width of intervals, for ways that read no labels and for ways that do.
    """

    ground: _Ground
    widths: tuple[float, float]
    halves: tuple[float, float]

    @classmethod
    def of(cls, ground: _Ground) -> _Fit:
        """Return the widths that foretell places best that were left out, and the intervals that hold them then."""
        widths = _FEW
        if _places(ground.pairs) >= _ENOUGH_PLACES:
            losses = np.array([_errors(ground, (width, width)).losses for width in _WIDTHS])
            level, gain = (_WIDTHS[place] for place in losses.argmin(axis=0).tolist())
            widths = (level, gain)
        found = _errors(ground, widths)
        return cls(ground, widths, (found.half(labelled=False), found.half(labelled=True)))

    def foretell(self, measures: Measures, labels: int) -> Foretold:
        """Return what each way is expected to reach, (way,), with what it rests on."""
        distances, scores = self.ground.distances(measures), self.ground.at(labels)
        level, weights = (_kernel(distances, width) for width in self.widths)
        mid = _level(self.ground, level) + _mean(scores - self.ground.anchors[:, None], weights)
        half = np.where(self.ground.table.reads_labels, self.halves[1], self.halves[0])
        return Foretold(mid, half, scores, weights, distances, self.ground.pairs, labels)


@dataclass(frozen=True, eq=False)
class _Errors:
    """How far measured values were from what other places foretold, (case,); `weights` count each place the same."""

    level: NDArray[np.float64]
    gain: NDArray[np.float64]
    weights: NDArray[np.float64]
    labelled: NDArray[np.bool_]

    @property
    def losses(self) -> tuple[float, float]:
        """Mean absolute errors of the level, and of the distances from it."""
        level, gain = (float(np.abs(own) @ self.weights / self.weights.sum()) for own in (self.level, self.gain))
        return level, gain

    def half(self, *, labelled: bool) -> float:
        """Return what four in five errors do not exceed, of ways that read labels or of those that do not."""
        own = self.labelled == labelled
        errors, weights = np.abs(self.level + self.gain)[own], self.weights[own]
        if not len(errors):
            return math.nan
        order = np.argsort(errors)
        share = np.cumsum(weights[order]) / weights.sum()
        return float(errors[order][min(int(np.searchsorted(share, _COVERED - 1e-9)), len(errors) - 1)])


def _errors(ground: _Ground, widths: tuple[float, float]) -> _Errors:
    parts: list[NDArray[np.float64]] = []
    for place in dict.fromkeys(ground.places.tolist()):
        rest = ground.without(place)
        own = []
        for number in np.flatnonzero(ground.places == place).tolist():
            distances = rest.distances(ground.pairs[number].measures)
            weights = [_kernel(distances, width) for width in widths]
            level = ground.anchors[number] - _level(rest, weights[0])
            for labels in ground.counts:
                expected = _mean(rest.scores[labels] - rest.anchors[:, None], weights[1])
                off = ground.scores[labels][number] - ground.anchors[number] - expected
                off = off[ground.tried[labels][number] & np.isfinite(off)]
                own.append(np.stack([np.full(len(off), level), off, np.ones(len(off)), np.full(len(off), labels > 0)]))
        found = np.concatenate(own, axis=1)
        found[2] /= max(found.shape[1], 1)
        parts.append(found)
    level_off, gain_off, shares, labelled = np.concatenate(parts, axis=1)
    return _Errors(level_off, gain_off, shares, labelled.astype(np.bool_))


def _level(ground: _Ground, weights: NDArray[np.float64]) -> float:
    """Return what the best way without labels will reach."""
    return float(weights @ ground.anchors / weights.sum())


def _mean(figures: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean over pairs, (way,); NaN for a way that was measured on fewer than half of them.

    Args:
        figures: Of each way on each pair, (pair, way); NaN where not measured.
        weights: Of the pairs, (pair,).
    """
    known = np.isfinite(figures)
    own = weights[:, None] * known
    total = own.sum(axis=0)
    found = (own * np.where(known, figures, 0)).sum(axis=0) / np.where(total > 0, total, 1)
    enough = 2 * known.sum(axis=0) >= known.any(axis=1).sum()
    return np.where(enough & (total > 0), found, np.nan)


def _kernel(distances: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the weight of each pair, (pair,): 1 of the nearest, 0..1."""
    if math.isinf(width):
        return np.ones(len(distances))
    return np.asarray(np.exp(-(distances**2 - distances.min() ** 2) / (2 * width**2)))


def _features(measures: Measures) -> NDArray[np.float64]:
    """Return the measures as shifts are compared by, (measure,): late is like early, and kernel means by their root."""
    own = measures
    return np.array([own.auc, abs(own.lag_days), math.sqrt(max(own.mmd2, 0.0)), own.mean_distance, own.share_gap])


# ---------------------------------------------------------------- what is possible, and in which order


def _possible(table: Table, situation: Situation, foretold: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the ways that can be gone, (n,); with the very models asked for where one was measured, else with like."""
    measured = sorted({way.model for way in table.ways})
    if situation.models and not set(situation.models) & set(measured):
        kind = learns_by_gradients(situation.models[0])
        like = tuple(model for model in measured if learns_by_gradients(model) == kind)
        if not like:
            return np.empty(0, np.intp)
        situation = dataclasses.replace(situation, models=like)
    allowed = [
        number
        for number in np.flatnonzero(foretold).tolist()
        if situation.allows(table.ways[number], reads_labels=bool(table.reads_labels[number] and situation.count))
    ]
    carried = [number for number in allowed if situation.carries(table.ways[number])]
    same = [number for number in carried if table.ways[number].model == situation.package]
    left_out = set(carried) - set(same) if same else set()
    return np.array([number for number in allowed if number not in left_out], np.intp)


def _factors(table: Table, situation: Situation) -> NDArray[np.float64]:
    """Return the share of the target's classes that each way's model knows, (way,): the others have an F1 of 0."""
    found = []
    for way, reads in zip(table.ways, table.reads_labels.tolist(), strict=True):
        known, missing = situation.knows(way, reads_labels=reads and situation.count > 0)
        total = len(known) + len(missing)
        found.append(len(known) / total if total else 1.0)
    return np.array(found)


def _seconds(table: Table, situation: Situation, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long each way will take, (way,): the geometric mean of the measured pairs."""
    own, before = (table.seconds(situation.count, column) for column in ("seconds", "source_seconds"))
    carried = np.array([situation.carries(way) for way in table.ways])
    total = np.maximum(own + np.where(carried, 0, before), 0.05)
    shares = weights[:, None] * np.isfinite(total)
    logs = np.where(np.isfinite(total), np.log(np.where(np.isfinite(total), total, 1)), 0)
    sums = shares.sum(axis=0)
    return np.where(sums > 0, np.exp((shares * logs).sum(axis=0) / np.where(sums > 0, sums, 1)), np.nan)


def _information(table: Table, situation: Situation) -> NDArray[np.float64]:
    """Return the label-free information of each way's candidate, (way,); NaN where none was made."""
    return np.array([situation.information.get(_own(way, situation).name, math.nan) for way in table.ways])


def _ranked(worth: NDArray[np.float64], information: NDArray[np.float64], chosen: NDArray[np.intp]) -> list[int]:
    """Return ways, the best first; of those within a point of the best that is left, the one with most information."""
    left = sorted(chosen.tolist(), key=lambda way: -worth[way])
    found = []
    while left:
        near = [way for way in left if worth[way] >= worth[left[0]] - _TIE and not math.isnan(information[way])]
        best = max(near, key=lambda way: information[way]) if len(near) > 1 else left[0]
        found.append(best)
        left.remove(best)
    return found


def _own(way: Way, situation: Situation) -> Way:
    """Return a way with the model that it is gone with here."""
    model = situation.model_for(way)
    if model == way.model and not situation.carries(way):
        return way
    return dataclasses.replace(way, model=model, model_values={})


def _distinct(advices: Sequence[Advice]) -> tuple[Advice, ...]:
    """Return advices without those that say the same of a package's model as a better one."""
    found: dict[str, Advice] = {}
    for advice in advices:
        found.setdefault(advice.way.key, advice)
    return tuple(found.values())


def _places(pairs: Sequence[Pair]) -> int:
    return len({pair.places for pair in pairs})
