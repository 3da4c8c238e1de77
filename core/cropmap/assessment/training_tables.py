"""What a training's report shows as rows of tables, header first, for CSV."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cropmap.assessment.calibration import RELIABILITY_HEADER, reliability_rows
from cropmap.assessment.folds import FIGURES, fold_figures
from cropmap.assessment.profiles import class_profiles, quantity_of, step_dates
from cropmap.assessment.training_curves import CURVE_FIGURES
from cropmap.data.legend import NODATA
from cropmap.data.measured import measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.assessment.training_curves import Curve
    from cropmap.assessment.training_report import Calibration
    from cropmap.data.accuracy import Accuracy
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.io.tables import Cell
    from cropmap.training.fit import OutOfFold

Row = tuple["Cell", ...]


def fold_rows(folds: Sequence[Accuracy]) -> list[Row]:
    """Return each fold's figures, from fold 1, then their mean and standard deviation (n - 1)."""
    found = fold_figures(folds)
    rows: list[Row] = [("fold", "samples", *(name for name, _ in FIGURES))]
    rows += [(k + 1, found.samples[k], *figures) for k, figures in enumerate(found.folds)]
    return [*rows, ("mean", "", *found.mean), ("SD", "", *found.deviation)]


def curve_rows(curves: Sequence[Curve]) -> list[Row]:
    """Return every epoch of every curve; `kept` is 1 at the epoch whose weights were kept."""
    rows: list[Row] = [("curve", "epoch", *CURVE_FIGURES, "kept")]
    for curve in curves:
        for number, epoch in enumerate(curve.epochs, start=1):
            figures = (epoch.get(name, math.nan) for name in CURVE_FIGURES)
            rows.append((curve.name, number, *figures, int(number == curve.best_epoch)))
    return rows


def calibration_rows(found: Calibration) -> list[Row]:
    """Return confidence against accuracy before and after tempering: all samples in one row, then the bins."""
    rows: list[Row] = [("probabilities", "temperature", *RELIABILITY_HEADER, "calibration_error")]
    for name, temperature, own in (("as given", 1.0, found.before), ("tempered", found.temperature, found.after)):
        bins = reliability_rows(own)[1:]
        known = own.counts > 0
        sure, right = (float((part[known] * own.counts[known]).sum()) / int(own.counts.sum())
                       for part in (own.confidence, own.accuracy))  # fmt: skip
        rows.append((name, temperature, 0.0, 1.0, int(own.counts.sum()), sure, right, own.ece))
        rows += [(name, temperature, *cells, "") for cells in bins]
    return rows


def profile_rows(samples: SampleSet) -> Iterator[Row]:
    """Yield each class's mean and 10 and 90 % quantiles of every band on every date, after NDVI where it follows."""
    yield "class", "code", "samples", "band", "date", "mean", "low_10", "high_90"
    bands, values = measured(samples)
    quantity = quantity_of(bands, values)[0]
    for band in bands if quantity in bands else ("", *bands):
        found = class_profiles(samples, band)
        for own in found.classes:
            courses = zip(step_dates(samples), own.mean.tolist(), own.low.tolist(), own.high.tolist(), strict=True)
            for date, *figures in courses:
                yield own.found.name, own.found.code, own.samples, found.quantity, date.isoformat(), *figures


def split_rows(samples: SampleSet, plan: FoldPlan, found: OutOfFold | None = None) -> Iterator[Row]:
    """Yield each sample with its fold, from 1, and its unit, which no split parts.

    Where it was cross-validated, also the class that a model that had not seen its fold gave it, and how probable that
    model found it; empty for samples of no fold.
    """
    yield "id", "class", "fold", "unit", "predicted", "confidence"
    names = samples.legend.names_by_code
    folds, units = plan.fold.tolist(), plan.units.tolist()
    said = [("", math.nan)] * len(samples) if found is None else _said(found, names)
    for k, (name, confidence) in enumerate(said):
        fold = folds[k] + 1 if folds[k] >= 0 else ""
        yield str(samples.ids[k]), names[int(samples.codes[k])], fold, units[k], name, confidence


def _said(found: OutOfFold, names: dict[int, str]) -> list[tuple[str, float]]:
    most = found.probabilities.max(axis=1)
    return [
        (names[code] if code != NODATA else "", confidence)
        for code, confidence in zip(found.codes.tolist(), most.tolist(), strict=True)
    ]
