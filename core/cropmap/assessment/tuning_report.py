"""One page about a search for hyper-parameters: what was tried, what was best, and what it is worth. One file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.page import render_page
from cropmap.assessment.paired import McNemar
from cropmap.assessment.tuning_drawings import Scale, scale_of, scatter_svg
from cropmap.data.accuracy import Accuracy
from cropmap.data.season import Season
from cropmap.io.files import atomic_write_text
from cropmap.training.trials import COMPLETE, MACRO_F1, OVERALL, STATES, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cropmap.io.tables import Cell

_OBJECTIVE = {MACRO_F1: "macro F1", OVERALL: "overall accuracy"}


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What the search's result is worth on samples that it has not seen.

    Args:
        defaults: Of the model as it was before the search.
        best: With the best values.
        test: McNemar's: the defaults are the first, the best values the second.
    """

    defaults: Accuracy
    best: Accuracy
    test: McNemar


@dataclass(frozen=True, eq=False)
class TuningReport:
    """What the page tells.

    Args:
        season: Of the samples.
        model: Title of the model.
        found: The search's result.
        held_out: What it is worth.
        samples: How many the search saw.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the user should know.
    """

    season: Season
    model: str
    found: SearchResult
    held_out: HeldOut
    samples: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_tuning(path: Path, report: TuningReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_tuning(report))


def render_tuning(report: TuningReport) -> str:
    """Return the page's HTML."""
    found = report.found
    drawn = found.trials
    names = list(found.trials[0].values)
    numbers = [trial.number + 1 for trial in drawn]
    content = {
        "report": report,
        "best": found.best,
        "first": found.trials[0],
        "names": names,
        "measure": _OBJECTIVE[found.objective],
        "states": {state: sum(trial.state == state for trial in found.trials) for state in STATES},
        "by_number": scatter_svg(drawn, numbers, Scale(tuple(numbers)), "Score by trial", (1090, 280)),
        "by_parameter": [
            (name, scatter_svg(drawn, own, scale_of(own), f"Score by {name}"))
            for name in names
            for own in [[trial.values[name] for trial in drawn]]
        ],
        "minutes": sum(trial.seconds for trial in found.trials) / 60,
        "rows": sorted(found.trials, key=lambda trial: -trial.score if trial.state == COMPLETE else 0.0),
        "settings": report.settings,
        "versions": report.versions,
    }
    styles = ["report.css", "drawings.css", "tuning.css"]
    return render_page("tuning.html", styles, {"value": _value}, content)


def trial_rows(found: SearchResult) -> Iterator[Sequence[Cell]]:
    """Yield the trials as rows, header first: number from 1, state, score, seconds, the folds' scores, the values."""
    names = list(found.trials[0].values)
    folds = len(found.trials[0].folds)
    numbered = [f"fold_{number + 1}" for number in range(folds)]
    yield ("trial", "state", "score", "seconds", *numbered, *names, "why")
    for trial in found.trials:
        judged: list[Cell] = [*trial.folds, *[""] * (folds - len(trial.folds))]
        values = [_cell(trial.values[name]) for name in names]
        yield (trial.number + 1, trial.state, trial.score, round(trial.seconds, 3), *judged, *values, trial.why)


def _cell(value: Any) -> Cell:
    return str(value).lower() if isinstance(value, bool) else value


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
