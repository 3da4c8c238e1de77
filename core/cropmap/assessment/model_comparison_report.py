"""One page about a comparison of models: which is best, by how much, and on which classes. One file, no network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.model_comparison import ModelComparison, calibration_figures
from cropmap.assessment.model_comparison_drawings import AccuracyRow, accuracies_svg, colours_of, curves_svg, shade
from cropmap.assessment.page import UNDEFINED, figure, flattened, render_page, seconds_text
from cropmap.assessment.paired import MACRO_F1, OVERALL, Estimate
from cropmap.assessment.report import cross_validation_words, independence
from cropmap.io.files import atomic_write_text
from cropmap.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cropmap.assessment.model_comparison import ComparedModel


@dataclass(frozen=True, eq=False)
class ModelComparisonReport:
    """What the page tells.

    Args:
        found: The comparison.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the reader must know before choosing by this.
    """

    found: ModelComparison
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_model_comparison(path: Path, report: ModelComparisonReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_model_comparison(report))


def render_model_comparison(report: ModelComparisonReport) -> str:
    """Return the page's HTML."""
    found = report.found
    titles = {own.name: _title(own) for own in found.models}
    colours = colours_of(list(titles.values()))
    points = [replace(point, model=titles[point.model]) for point in found.curve]
    rows = [_row(found, number, colours) for number in range(len(found.models))]
    title, how = cross_validation_words(found.plan.method)
    content = {
        "report": report,
        "found": found,
        "rows": rows,
        "slowest": max((row["seconds"] for row in rows), default=0.0),
        "runs": max(len(own.runs) for own in found.models),
        "tested": int(found.tested.sum()),
        "how": f"{how.split(' The map itself')[0]} {independence(found.samples, found.plan)}",
        "method": title,
        "verdict": _verdict(found),
        "drawing": accuracies_svg([row["drawn"] for row in rows]),
        "matrix": _matrix(found),
        "classes": _classes(found),
        "curve": curves_svg(points, colours) if any(point.accuracy for point in points) else "",
        "colours": colours,
        "settings": {name: _asked(value) if name == "models" else value for name, value in report.settings.items()},
        "versions": report.versions,
    }
    styles = ["report.css", "drawings.css", "model_comparison.css"]
    return render_page("model_comparison.html", styles, {"points": _points, "took": seconds_text}, content)


# ---------------------------------------------------------------- rows


def _row(found: ModelComparison, number: int, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return what the main table shows of one model; figures are means over its runs."""
    own = found.models[number]
    entry = MODELS.get(own.model)
    runs = [found.accuracy(run) for run in own.runs]
    overall = [accuracy.overall for accuracy in runs]
    folds = [found.accuracy(own.runs[0], fold).overall for fold in np.unique(found.plan.fold[found.tested]).tolist()]
    estimate = found.resampled.of(number, OVERALL)
    return {
        "name": own.name,
        "title": _title(own),
        "summary": entry.summary,
        "own": flattened(own.values),
        "colour": colours[_title(own)],
        "estimate": estimate,
        "folds_sd": float(np.std(folds, ddof=1)),
        "runs_sd": float(np.std(overall, ddof=1)) if len(overall) > 1 else math.nan,
        "macro_f1": float(np.mean([accuracy.macro_f1 for accuracy in runs])),
        "kappa": float(np.mean([accuracy.kappa for accuracy in runs])),
        "ece": float(np.mean([calibration_figures(found, run)[0] for run in own.runs])),
        "seconds": float(np.mean([run.seconds for run in own.runs])),
        "behind": None if not number else found.resampled.difference(number, 0, OVERALL),
        "drawn": AccuracyRow(_title(own), colours[_title(own)], estimate, tuple(overall)),
    }


def _title(own: ComparedModel) -> str:
    """Return what readers call a model: its title, numbered where it stands several times."""
    return f"{MODELS.get(own.model).title}{own.name.removeprefix(own.model)}"


def _verdict(found: ModelComparison) -> dict[str, Any]:
    """Return which model is best, by how much, and which others may be as good."""
    names = [_title(own) for own in found.models]
    ahead = {name: found.resampled.difference(k, 0, OVERALL) for k, name in enumerate(names) if k}
    return {
        "best": names[0],
        "accuracy": found.resampled.of(0, OVERALL),
        "macro_f1": found.resampled.of(0, MACRO_F1),
        "next": next(iter(ahead), None),
        "ahead": next(iter(ahead.values()), None),
        "alike": [name for name, own in ahead.items() if not own.certain],
    }


def _matrix(found: ModelComparison) -> list[dict[str, Any]]:
    """Return the rows of the table of pairs: how much higher the row's accuracy is than the column's."""
    everyone = range(len(found.models))
    return [
        {"name": _title(found.models[row]), "cells": [_cell(found, row, column) for column in everyone]}
        for row in everyone
    ]


def _cell(found: ModelComparison, row: int, column: int) -> dict[str, Any] | None:
    if row == column:
        return None
    apart = found.resampled.difference(column, row, OVERALL)
    test = found.pair(row, column).tests.overall
    sign = 1 if row < column else -1
    right, wrong = (test.only_second, test.only_first)[::sign]
    told = f"{right:,} right here alone, {wrong:,} right there alone; McNemar z {figure(sign * test.z)}"
    return {
        "value": apart.value,
        "certain": apart.certain,
        "title": f"95 % interval {_between(apart)}; {told}, p {_p(test.p)}, after Holm {_p(test.adjusted)}",
    }


def _classes(found: ModelComparison) -> list[dict[str, Any]]:
    """Return the rows of the table of F1 by class and model; means over the runs."""
    runs = [[found.accuracy(run).f1 for run in own.runs] for own in found.models]
    f1 = np.array([np.mean(own, axis=0) for own in runs])
    support = found.accuracy(found.models[0].runs[0]).support
    return [
        {
            "name": own.name,
            "colour": own.colour,
            "support": int(support[k]),
            "best": float(f1[:, k].max()),
            "cells": [(float(value), shade(float(value))) for value in f1[:, k]],
        }
        for k, own in enumerate(found.legend.classes)
    ]


def _asked(models: Sequence[Any]) -> Mapping[str, str]:
    """Return models as numbered rows of plain words instead of nested values."""
    plain = [{"name": own} if isinstance(own, str) else own for own in models]
    return {
        str(number): ", ".join(f"{value}" if key == "name" else f"{key} {value}" for key, value in own.items())
        for number, own in enumerate(plain, start=1)
    }


# ---------------------------------------------------------------- numbers


def _p(value: float) -> str:
    if not math.isfinite(value):
        return UNDEFINED
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _points(value: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}" if math.isfinite(value) else UNDEFINED


def _between(own: Estimate) -> str:
    return f"{_points(own.low)} to {_points(own.high)} points"
