"""What benchmarks/transfer.py measured, as the tables and the figures of docs/transfer_results.md.

    python benchmarks/transfer_tables.py [--page docs/transfer_results.md] [--figures docs/images]

The page's words up to its first table are kept; all that follows is written anew.

Intervals are of 95 %: blocks of 10 km of the target's land are drawn anew, the same for both models that are compared
and for all seeds, whose tests overlap.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from harness import say, table
from matplotlib.figure import Figure
from transfer import LEAST, PLACES, RESULTS, blocks, halves, lines, sides_of, table_of, unpacked

from cropmap.transfer.advice import Judged, Judgement, Situation, advise, judge_advice
from cropmap.transfer.advice_words import CLOSE
from cropmap.transfer.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cropmap.data.samples import SampleSet
    from cropmap.transfer.advice_table import Measures, Table

Line: TypeAlias = Mapping[str, Any]
REAL = tuple(pair for pair in PLACES if "belt" not in pair and "landsat" not in pair)
DRAWS, JUDGED = 2000, 250
# Chosen after the real pairs were seen.
CHOSEN = "fine_tune preset balanced, tempcnn"
FIRST_TABLE = "## "
# Curves of the figure: name in the results, name in the legend, colour, line.
CURVES = (
    ("direct, random_forest", "direct, forest", "#9ca3af", "--"),
    ("direct, tempcnn", "direct, network", "#6b7280", "-."),
    ("scratch, random_forest", "labels alone, forest", "#b45309", "--"),
    ("scratch, tempcnn", "labels alone, network", "#f59e0b", "-"),
    ("pooled, tempcnn", "source and labels, network", "#7e22ce", "-"),
    ("fine_tune preset head, tempcnn", "last layer tuned", "#86c79a", "-"),
    ("fine_tune preset full, tempcnn", "whole network tuned", "#2563eb", "-"),
)
INK, MUTED, GRID = "#1f2937", "#6b7280", "#e5e7eb"


def main() -> None:
    """Print the tables, or write them; draw the figures where a folder is given."""
    given = _arguments()
    held = lines(given.results)
    results = {pair: Results(pair, own) for pair, own in _by_pair(held).items()}
    named = {pair: results[pair] for pair in PLACES if pair in results}
    measured = table_of(held)
    judgement = judge_advice(measured)
    keys = {title: pair for pair, (title, _) in PLACES.items()}
    found = {pair: sides_of(pair, given.folder) for pair in named if pair in REAL}
    sides = {pair: own.target for pair, own in found.items() if own is not None}
    shifts = {keys[pair.name]: pair.measures for pair in measured.pairs}
    text = "\n\n".join((*_shift_part(named, shifts), *_page(named, (judgement, measured), sides, results)))
    if given.page:
        before = given.page.read_text(encoding="utf-8").split(FIRST_TABLE, 1)[0]
        given.page.write_text(before + text + "\n", encoding="utf-8")
    else:
        say(text)
    if given.figures:
        _draw_curves(named).savefig(given.figures / "transfer_results.png", dpi=110)
        knobs = {pair: own for pair, own in results.items() if pair not in PLACES}
        _draw_knobs(knobs).savefig(given.figures / "transfer_knobs.png", dpi=110)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, help="page whose tables are written anew; printed where left out")
    parser.add_argument("--figures", type=Path, help="folder of the figures; none are drawn where left out")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    return parser.parse_args()


def _by_pair(held: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in held:
        if "case" in line:
            found[line["pair"]].append(line)
    return found


# ---------------------------------------------------------------- what one pair holds


@dataclass(frozen=True, eq=False)
class Results:
    """All lines of a pair."""

    pair: str
    held: Sequence[Line]

    @cached_property
    def cells(self) -> dict[tuple[str, int], list[Line]]:
        """Lines of all seeds by way and number of labels, seeds ascending."""
        found: dict[tuple[str, int], list[Line]] = defaultdict(list)
        for line in sorted(self.held, key=lambda line: int(line["seed"])):
            found[line["way"], line["labels"]].append(line)
        return found

    @property
    def counts(self) -> list[int]:
        """Numbers of labels that were tried, without 0."""
        return sorted({labels for _, labels in self.cells} - {0})

    def ways(self, *, labels: bool) -> list[str]:
        """Return the ways that read labels, or those that read none."""
        return list(dict.fromkeys(way for way, count in self.cells if bool(count) == labels))

    def mean(self, way: str, labels: int, key: str = "macro_f1") -> float:
        """Return the mean over the seeds; NaN where not measured."""
        own = self.cells.get((way, labels), [])
        return statistics.fmean(line[key] for line in own) if own else math.nan

    def cell(self, way: str, labels: int, key: str = "macro_f1") -> str:
        """Return mean and standard deviation over the seeds as text."""
        values = [line[key] for line in self.cells.get((way, labels), [])]
        if not values:
            return ""
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        return f"{statistics.fmean(values):.3f}{spread}"

    def best(self, ways: Sequence[str], labels: int) -> str:
        """Return the way with the highest mean macro F1."""
        return max(ways, key=lambda way: -math.inf if math.isnan(self.mean(way, labels)) else self.mean(way, labels))


def at_labels(results: Results, way: str, labels: int) -> int:
    """Return under which number of labels a way's lines stand: 0 where it reads none."""
    return labels if (way, labels) in results.cells else 0


# ---------------------------------------------------------------- intervals


def gain(target: SampleSet, first: Sequence[Line], second: Sequence[Line]) -> tuple[float, float, float]:
    """Return how much more macro F1 the first has than the second, points, and the ends of the interval."""
    others = {line["seed"]: line for line in second}
    shared = [line for line in first if line["seed"] in others]
    land = blocks(target)
    rng = np.random.default_rng(0)
    weights = rng.multinomial(land.max() + 1, np.full(land.max() + 1, 1 / (land.max() + 1)), DRAWS)
    # The first row is the land as it is.
    weights = np.concatenate([np.ones((1, weights.shape[1]), np.int64), weights])
    gains = []
    for line in shared:
        _, tested = halves(target, line["seed"])
        reference, units = target.codes[tested], land[tested]
        scores = [
            _macro_f1(weights, _confusions(reference, unpacked(own["codes"], reference), units, weights.shape[1]))
            for own in (line, others[line["seed"]])
        ]
        gains.append(scores[0] - scores[1])
    found = 100 * np.mean(gains, axis=0)
    low, high = np.nanquantile(found[1:], [0.025, 0.975])
    return float(found[0]), float(low), float(high)


def _confusions(
    reference: NDArray[np.uint8], said: NDArray[np.uint8], units: NDArray[np.intp], count: int
) -> NDArray[np.float64]:
    """Return the confusion of each block, (block, class, class)."""
    codes = np.unique([*reference, *said])
    size = len(codes)
    rows, columns = np.searchsorted(codes, reference), np.searchsorted(codes, said)
    flat = (units * size + rows) * size + columns
    return np.bincount(flat, minlength=count * size * size).reshape(count, size, size).astype(np.float64)


def _macro_f1(weights: NDArray[np.int64], confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean F1 of the classes that the whole test has enough samples of, for each draw of blocks, (draw,)."""
    summed = np.tensordot(weights, confusions, axes=1)
    judged = confusions.sum(axis=(0, 2)) >= LEAST
    right = np.diagonal(summed, axis1=1, axis2=2)
    total = summed.sum(axis=1) + summed.sum(axis=2)
    with np.errstate(invalid="ignore"):
        f1 = np.where(total > 0, 2 * right / total, np.nan)[:, judged]
    known = np.isfinite(f1)
    return np.asarray(np.where(known, f1, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _said(found: tuple[float, float, float]) -> str:
    mid, low, high = found
    return f"{mid:+.1f} ({low:+.1f} to {high:+.1f})"


# ---------------------------------------------------------------- tables


def _page(
    named: Mapping[str, Results],
    advice: tuple[Judgement, Table],
    targets: Mapping[str, SampleSet],
    every: Mapping[str, Results],
) -> Iterator[str]:
    judgement, measured = advice
    yield "## With labels: the advice beside direct transfer and labels alone"
    yield _table_of_advice(named, judgement, targets, labels=True)
    yield f"## One strategy for all: {CHOSEN.split(',', maxsplit=1)[0]}"
    yield _table_of_one(named, targets)
    yield "## Without labels: the advice beside direct transfer"
    yield _table_of_advice(named, judgement, targets, labels=False)
    yield "## How often advice was right"
    yield from _judgement(judgement)
    yield _careful(named, measured)
    yield "## What each way gains on average"
    yield _means(named)
    knobs = [own for pair, own in every.items() if pair not in PLACES]
    if knobs:
        yield "## One shift at a time"
        yield "![Macro F1 over the size of one shift](images/transfer_knobs.png)"
        yield _knob_table(knobs)
    for pair, own in named.items():
        yield f"## {_title(pair)}"
        yield from _pair(own, targets.get(pair))


def _shift_part(named: Mapping[str, Results], shifts: Mapping[str, Measures]) -> Iterator[str]:
    """Yield how large each shift is, and what it costs a model that nothing adapts, the smallest first."""
    yield "## Shift and loss"
    rows = []
    for pair in sorted(named, key=lambda pair: shifts[pair].mmd2):
        own, results = shifts[pair], named[pair]
        taught = [cell for cell in results.cells if cell[1]]
        top = max(taught, key=lambda cell: results.mean(*cell))
        direct = [results.mean(way, 0) for way in _of("direct", results)]
        lag = "" if math.isnan(own.lag_days) else f"{own.lag_days:+g}"
        figures = (f"{own.mmd2:.3f}", f"{own.mean_distance:.2f}", f"{own.auc:.2f}", lag, f"{own.share_gap:.2f}")
        loss = 100 * (results.mean(*top) - max(direct))
        rows.append((_title(pair), verdict_of(own.mmd2, own.lag_days), *figures, f"{max(direct):.3f}", f"{loss:.1f}"))
    head = ("pair", "verdict", "MMD²", "mean D", "AUC", "lag, days", "gap of shares", "best direct, macro F1")
    yield table((*head, "points below the best with labels"), rows)


def _title(pair: str) -> str:
    return PLACES[pair][0] if pair in PLACES else pair.replace("_", " ")


def _table_of_advice(
    named: Mapping[str, Results], judgement: Judgement, targets: Mapping[str, SampleSet], *, labels: bool
) -> str:
    rows = []
    for own in judgement.judged:
        pair = next(pair for pair in named if _title(pair) == own.pair)
        results = named[pair]
        if own.labels != (_most_like(results) if labels else 0):
            continue
        baselines = {"direct": results.best(_of("direct", results), 0)}
        if labels:
            baselines["labels alone"] = results.best(_of("scratch", results), own.labels)
        else:
            baselines["direct, same model"] = f"direct, {own.first.model}"
        rows.append((own.pair, str(own.labels), *_beside(own, results, baselines, targets.get(pair))))
    what = ("best direct", "labels alone" if labels else "direct, same model")
    head = ("pair", "labels", "advised first", "macro F1", "best way there", *(f"points over {name}" for name in what))
    return table(head, rows)


def _table_of_one(named: Mapping[str, Results], targets: Mapping[str, SampleSet]) -> str:
    """Return how one strategy fares with 250 labels, or the most there are, beside direct transfer and labels alone."""
    rows = []
    for pair, results in named.items():
        labels = _most_like(results)
        first = results.cells.get((CHOSEN, labels))
        if not first:
            continue
        gains = []
        for strategy, count in (("direct", 0), ("scratch", labels)):
            other = results.cells[results.best(_of(strategy, results), count), count]
            target = targets.get(pair)
            plain = f"{100 * (_mean(first) - _mean(other)):+.1f}"
            gains.append(plain if target is None else _said(gain(target, first, other)))
        rows.append((_title(pair), str(labels), results.cell(CHOSEN, labels), *gains))
    return table(("pair", "labels", "macro F1", "points over best direct", "points over labels alone"), rows)


def _most_like(results: Results) -> int:
    """Return the number of labels that is judged: 250, or the most there are."""
    return max((count for count in results.counts if count <= JUDGED), default=0)


def _of(strategy: str, results: Results) -> list[str]:
    return list(dict.fromkeys(way for way, _ in results.cells if way.split(",")[0].split(" ")[0] == strategy))


def _beside(own: Judged, results: Results, baselines: Mapping[str, str], target: SampleSet | None) -> Iterator[str]:
    first = results.cells[own.first.name, at_labels(results, own.first.name, own.labels)]
    yield own.first.name
    yield results.cell(own.first.name, at_labels(results, own.first.name, own.labels))
    yield f"{own.best.name} {own.best_reached:.3f}"
    for way in baselines.values():
        other = results.cells[way, at_labels(results, way, own.labels)]
        if target is None:
            yield f"{100 * (_mean(first) - _mean(other)):+.1f}"
        else:
            yield _said(gain(target, first, other))


def _mean(own: Sequence[Line]) -> float:
    return statistics.fmean(line["macro_f1"] for line in own)


def _judgement(judgement: Judgement) -> Iterator[str]:
    parts = {"all but 0": [own for own in judgement.judged if own.labels]}
    parts |= {str(count): [own for own in judgement.judged if own.labels == count] for count in judgement.by_labels}
    rows = []
    for name, cases in parts.items():
        shares = (
            statistics.fmean(own.best_reached - getattr(own, which) <= CLOSE for own in cases)
            for which in ("reached", "fixed")
        )
        rows.append((name, str(len(cases)), *(f"{share:.0%}" for share in shares)))
    yield (
        f"Within 2 points of the best way in {judgement.within:.0%} of {len(judgement.judged)} cases, each judged "
        f"without its place; the way that is best on average elsewhere: {judgement.fixed:.0%}. The first advice was "
        f"{100 * judgement.loss:.1f} points behind the best on average. Intervals held {judgement.covered:.0%} of what "
        "was measured (aim: 80 %)."
    )
    yield table(("labels", "cases", "within 2 points", "best on average elsewhere"), rows)


def _careful(named: Mapping[str, Results], measured: Table) -> str:
    """Return how the advice without labels fares on the pairs that its table knows."""
    gains = []
    for results in named.values():
        own = next(pair.measures for pair in measured.pairs if pair.name == _title(results.pair))
        known = Situation(measures=own, samples=True, series=True, source_classes=("crop",))
        tried = [advice.way for advice in advise(known, measured) if (advice.name, 0) in results.cells]
        gains.append(results.mean(tried[0].name, 0) - results.mean(f"direct, {tried[0].model}", 0))
    return (
        f"Without labels, on these pairs themselves, the first advice is {100 * statistics.fmean(gains):+.1f} points "
        f"over direct transfer with the same model on average, {100 * min(gains):+.1f} at worst."
    )


def _means(named: Mapping[str, Results]) -> str:
    """Return the mean gain of every way over direct transfer with the same model, over pairs, and the worst pair."""
    gains: dict[tuple[str, int], list[float]] = defaultdict(list)
    for results in named.values():
        for way, labels in results.cells:
            direct = f"direct, {way.rsplit(', ', 1)[1]}"
            if labels in (0, 50, JUDGED) and way != direct and (direct, 0) in results.cells:
                gains[way, labels].append(100 * (results.mean(way, labels) - results.mean(direct, 0)))
    rows = [
        (way, str(labels), str(len(own)), f"{statistics.fmean(own):+.1f}", f"{min(own):+.1f}", f"{max(own):+.1f}")
        for (way, labels), own in sorted(gains.items(), key=lambda item: (item[0][1], -statistics.fmean(item[1])))
    ]
    return table(("way", "labels", "pairs", "points over direct, mean", "worst pair", "best pair"), rows)


def _pair(results: Results, target: SampleSet | None) -> Iterator[str]:
    direct = results.best(_of("direct", results), 0)
    rows = []
    for way in results.ways(labels=False):
        over = ""
        if way != direct and target is not None:
            over = _said(gain(target, results.cells[way, 0], results.cells[direct, 0]))
        elif way != direct:
            over = f"{100 * (results.mean(way, 0) - results.mean(direct, 0)):+.1f}"
        rows.append((way, results.cell(way, 0, "overall"), results.cell(way, 0), over))
    yield table(("without labels", "OA", "macro F1", f"points over {direct}"), rows)
    counts = results.counts
    taught = [(way, *(results.cell(way, count) for count in counts)) for way in results.ways(labels=True)]
    yield table(("macro F1, labels:", *map(str, counts)), taught)


# ---------------------------------------------------------------- knobs


def _knob(pair: str) -> tuple[str, float]:
    """Return the knob's name and its place, of a pair's name such as "lag 14"."""
    name, value = pair.rsplit("_", 1)
    return name, float(value)


def _knob_table(knobs: Sequence[Results]) -> str:
    ways = list(dict.fromkeys(way for own in knobs for way, _ in own.cells))
    rows = [
        (_title(own.pair), *(own.cell(way, at_labels(own, way, JUDGED)) for way in ways))
        for own in sorted(knobs, key=lambda own: _knob(own.pair))
    ]
    return table(("macro F1", *ways), rows)


# ---------------------------------------------------------------- figures


def _draw_curves(named: Mapping[str, Results]) -> Figure:
    """Return a small diagram for each pair: macro F1 over labels, a band of one standard deviation over seeds."""
    columns = 3
    rows = math.ceil(len(named) / columns)
    figure = Figure(figsize=(11, 2.7 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, (pair, results) in enumerate(named.items()):
        _frame(axes[place], _title(pair))
        for way, name, colour, style in CURVES:
            _curve(axes[place], results, way, (name, colour, style))
        ticks = results.counts
        axes[place].set_xscale("log")
        axes[place].set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes[place].minorticks_off()
        axes[place].set_xlabel("labels of the target", fontsize=8, color=MUTED)
    for left in axes[len(named) :]:
        left.set_axis_off()
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9, labelcolor=INK)
    figure.supylabel("macro F1 on land of the target that nothing saw", fontsize=9, color=MUTED)
    return figure


def _curve(axes: Axes, results: Results, way: str, drawn: tuple[str, str, str]) -> None:
    name, colour, style = drawn
    if (way, 0) in results.cells:
        axes.axhline(results.mean(way, 0), color=colour, linestyle=style, linewidth=1.2, label=name)
        return
    counts = [count for count in results.counts if (way, count) in results.cells]
    values = [[line["macro_f1"] for line in results.cells[way, count]] for count in counts]
    mids = [statistics.fmean(own) for own in values]
    spread = [statistics.stdev(own) if len(own) > 1 else 0.0 for own in values]
    axes.plot(counts, mids, color=colour, linestyle=style, linewidth=1.6, marker="o", markersize=3, label=name)
    low, high = ([mid + sign * own for mid, own in zip(mids, spread, strict=True)] for sign in (-1, 1))
    axes.fill_between(counts, low, high, color=colour, alpha=0.12, linewidth=0)


def _frame(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=MUTED, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


KNOBS: Mapping[str, str] = {
    "lag": "days by which the target's season is later",
    "soil": "brightness of the target's soil, times the source's",
    "corn": "share of corn at the target, percent",
}
KNOB_CURVES = (
    ("direct, random_forest", "direct, forest", "#9ca3af", "--"),
    ("direct, tempcnn", "direct, network", "#6b7280", "-"),
    ("shifted, tempcnn", "calendar shifted", "#2563eb", "-"),
    ("known_shares shares as at the target, tempcnn", "true shares given", "#b45309", "-"),
    ("target_statistics, tempcnn", "target's scaling", "#f59e0b", "-"),
    ("adabn, tempcnn", "AdaBN", "#7e22ce", "-"),
    ("timematch, tempcnn", "TimeMatch", "#86c79a", "-"),
    ("scratch, random_forest", f"{JUDGED} labels alone, forest", "#dc2626", ":"),
)


def _draw_knobs(knobs: Mapping[str, Results]) -> Figure:
    """Return a diagram for each knob: macro F1 over how far it is turned."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    for axes, (knob, said) in zip(figure.subplots(1, len(KNOBS)), KNOBS.items(), strict=True):
        _frame(axes, said)
        own = sorted((_knob(pair)[1], results) for pair, results in knobs.items() if _knob(pair)[0] == knob)
        for way, name, colour, style in KNOB_CURVES:
            values = [results.mean(way, at_labels(results, way, JUDGED)) for _, results in own]
            axes.plot([place for place, _ in own], values, style, color=colour, marker="o", markersize=3, label=name)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9, labelcolor=INK)
    figure.supylabel("macro F1", fontsize=9, color=MUTED)
    return figure


if __name__ == "__main__":
    main()
