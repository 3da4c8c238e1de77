"""What strategies reached on pairs of sites: the measured table that advice rests on."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import TransferError

if TYPE_CHECKING:
    from cropmap.transfer.shift import Shift

MEASURES = ("auc", "lag_days", "mmd2", "mean_distance", "share_gap")
_COLUMNS = (
    *("pair", "places", *MEASURES, "strategy", "values", "model", "model_values", "labels"),
    *("overall", "macro_f1", "spread", "runs", "seconds", "source_seconds"),
)
_SHIPPED = "advice.csv"
# Below that the slope of the fewest labels measured is not followed any further: nothing learns from fewer.
_FEWEST_LABELS = 2


@dataclass(frozen=True)
class Measures:
    """How far a target lies from a source (`shift.measure_shift`); NaN where it was not measured.

    Args:
        auc: How well a classifier parts the sites.
        lag_days: By which the target's season is later.
        mmd2: Squared discrepancy of kernel means.
        mean_distance: Mean absolute Kolmogorov-Smirnov D over bands and dates.
        share_gap: Total variation between the classes' shares.
    """

    auc: float = math.nan
    lag_days: float = math.nan
    mmd2: float = math.nan
    mean_distance: float = math.nan
    share_gap: float = math.nan

    @classmethod
    def of(cls, shift: Shift) -> Measures:
        """Return the figures of a measured shift."""
        gap = math.nan if shift.shares is None else float(shift.shares.gap)
        return cls(float(shift.auc), float(shift.lag_days), float(shift.mmd2), shift.pixels.mean, gap)


@dataclass(frozen=True)
class Pair:
    """A source and a target.

    Args:
        name: Of the pair.
        places: What land it is of; pairs of the same are left out together where advice is judged.
        measures: Its shift.
    """

    name: str
    places: str
    measures: Measures


@dataclass(frozen=True)
class Way:
    """A strategy with its parameter values, and the model that it carries or trains."""

    strategy: str
    values: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    model_values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what people call it: "fine_tune preset head, tempcnn"."""
        said = " ".join(f"{key} {value}" for key, value in self.values.items())
        return f"{self.strategy}{' ' + said if said else ''}, {self.model}"

    @property
    def key(self) -> str:
        """Return what tells it from every other."""
        return json.dumps([self.strategy, self.values, self.model, self.model_values], sort_keys=True)


@dataclass(frozen=True)
class Row:
    """What one way reached on one pair with one number of labels, over several draws.

    Args:
        pair: Source and target.
        way: What was done.
        labels: Labelled samples of the target; 0: the way reads none.
        overall: Mean overall accuracy on land of the target that the way did not see, 0..1.
        macro_f1: Mean of the classes' F1 there, 0..1.
        spread: Standard deviation of `macro_f1` between draws; NaN of one draw.
        runs: Draws of test, labels and seed.
        seconds: Of the strategy, on one core.
        source_seconds: Of the training of the source's model; 0 where the way needs none.
    """

    pair: Pair
    way: Way
    labels: int
    overall: float
    macro_f1: float
    spread: float
    runs: int
    seconds: float
    source_seconds: float


@dataclass(frozen=True, eq=False)
class Table:
    """Measured rows."""

    rows: tuple[Row, ...]

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, in the order of the rows."""
        return tuple({row.pair.name: row.pair for row in self.rows}.values())

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All ways, in the order of the rows."""
        return tuple({row.way.key: row.way for row in self.rows}.values())

    @cached_property
    def label_counts(self) -> tuple[int, ...]:
        """Numbers of labels that were tried, ascending, without 0."""
        return tuple(sorted({row.labels for row in self.rows if row.labels}))

    @cached_property
    def reads_labels(self) -> NDArray[np.bool_]:
        """Whether each way was tried with labels of the target, (way,)."""
        return np.array([any(cell) for cell in self._cells_by_way], np.bool_)

    def scores(self, labels: int) -> NDArray[np.float64]:
        """Return the macro F1 of each way on each pair with so many labels, (pair, way), 0..1; NaN: not measured.

        Over the logarithm of the number of labels, values are made not to fall (the nearest curve that does not, by
        least squares), and lie on straight lines between numbers that were tried. Beyond the largest the last value
        holds; below the smallest the first line goes on downwards.
        """
        return self._read("score", labels)

    def seconds(self, labels: int, column: str = "seconds") -> NDArray[np.float64]:
        """Return the seconds of each way on each pair with so many labels, (pair, way); NaN: not measured."""
        return self._read(column, labels)

    def measured(self, labels: int) -> NDArray[np.bool_]:
        """Return which way was tried on which pair with just so many labels, (pair, way)."""
        wanted = [[labels in cell for cell in row] for row in self._cells]
        return np.array(wanted, np.bool_).reshape(len(self.pairs), len(self.ways))

    @cached_property
    def _cells(self) -> list[list[dict[int, Row]]]:
        pairs = {pair.name: number for number, pair in enumerate(self.pairs)}
        ways = {way.key: number for number, way in enumerate(self.ways)}
        cells: list[list[dict[int, Row]]] = [[{} for _ in ways] for _ in pairs]
        for row in self.rows:
            cells[pairs[row.pair.name]][ways[row.way.key]][row.labels] = row
        return cells

    @cached_property
    def _cells_by_way(self) -> list[set[int]]:
        return [set().union(*(cells[way] for cells in self._cells)) for way in range(len(self.ways))]

    @cached_property
    def _curves(self) -> dict[str, list[list[_Curve]]]:
        names = ("score", "seconds", "source_seconds")
        return {name: [[_curve(cell, name) for cell in cells] for cells in self._cells] for name in names}

    def _read(self, what: str, labels: int) -> NDArray[np.float64]:
        found = [[curve.at(labels) for curve in curves] for curves in self._curves[what]]
        return np.array(found, np.float64).reshape(len(self.pairs), len(self.ways))


@dataclass(frozen=True, eq=False)
class _Curve:
    """Values over the logarithm of numbers of labels; `without` is the value without labels, NaN where there is none.

    One that has no other value reads no labels: it holds for any number of them.
    """

    without: float
    logs: NDArray[np.float64]
    values: NDArray[np.float64]
    falls: bool

    def at(self, labels: int) -> float:
        if labels < _FEWEST_LABELS or not len(self.values):
            return self.without
        place = math.log(labels)
        if self.falls and place < self.logs[0] and len(self.logs) > 1:
            slope = (self.values[1] - self.values[0]) / (self.logs[1] - self.logs[0])
            return max(0.0, float(self.values[0] + slope * (place - self.logs[0])))
        return float(np.interp(place, self.logs, self.values))


def _curve(cell: Mapping[int, Row], what: str) -> _Curve:
    name = "macro_f1" if what == "score" else what
    rows = [cell[labels] for labels in sorted(cell) if labels]
    without = getattr(cell[0], name) if 0 in cell else math.nan
    values = np.array([getattr(row, name) for row in rows], np.float64)
    if what == "score":
        values = rising(values, np.array([row.runs for row in rows], np.float64))
    return _Curve(without, np.log([row.labels for row in rows]), values, falls=what == "score")


def rising(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values that never fall and lie nearest to the given ones, by weighted least squares, (n,).

    Source: Barlow et al. 1972, Statistical inference under order restrictions (pooling of neighbours that fall).
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, first, few), (other, second, more) = pools[-2:]
            pools[-2:] = [((one * first + other * second) / (first + second), first + second, few + more)]
    return np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools]).astype(np.float64)


# ---------------------------------------------------------------- text


def table_text(table: Table) -> str:
    """Return a table as CSV; a pair's measures stand in its first row alone, what is not known is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    told: set[str] = set()
    for row in table.rows:
        cells: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS[11:]}
        cells |= {"pair": row.pair.name, "labels": row.labels, "strategy": row.way.strategy, "model": row.way.model}
        cells |= {"values": json.dumps(dict(row.way.values)), "model_values": json.dumps(dict(row.way.model_values))}
        if row.pair.name not in told:
            told.add(row.pair.name)
            cells |= {"places": row.pair.places, **vars(row.pair.measures)}
        writer.writerow({name: _cell(value) for name, value in cells.items()})
    return stream.getvalue()


def read_table(text: str) -> Table:
    """Return the table of a CSV that `table_text` wrote.

    Raises:
        TransferError: A column is missing, or a number is none.
    """
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise _damaged(f"It lacks the columns {', '.join(missing)}.", "the table of advice")
    pairs: dict[str, Pair] = {}
    try:
        return Table(tuple([_row(line, pairs) for line in reader]))
    except (TypeError, ValueError) as error:
        raise _damaged(str(error), f"the table of advice, line {reader.line_num}") from error


@cache
def shipped_table() -> Table:
    """Return the table that came with the library: what benchmarks/transfer.py measured."""
    return read_table(files(__package__).joinpath(_SHIPPED).read_text(encoding="utf-8"))


def _row(line: Mapping[str, str], pairs: dict[str, Pair]) -> Row:
    name = line["pair"]
    if name not in pairs:
        measures = Measures(**{measure: _number(line[measure]) for measure in MEASURES})
        pairs[name] = Pair(name, line["places"] or name, measures)
    return Row(
        pair=pairs[name],
        way=Way(line["strategy"], json.loads(line["values"]), line["model"], json.loads(line["model_values"])),
        labels=int(line["labels"]),
        overall=_number(line["overall"]),
        macro_f1=float(line["macro_f1"]),
        spread=_number(line["spread"]),
        runs=int(line["runs"]),
        seconds=_number(line["seconds"]),
        source_seconds=_number(line["source_seconds"]),
    )


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.4g}"


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _damaged(what: str, where: str) -> TransferError:
    return TransferError(what, where=where, fix="Write the table anew with benchmarks/transfer.py --table.")
