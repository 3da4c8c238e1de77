"""One page about how early in the season crops are told apart. One file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.early_season import CutOff, FirstDate
from cropmap.assessment.early_season_drawings import curves_svg
from cropmap.assessment.page import render_page
from cropmap.contract.colours import line_colour
from cropmap.data.season import Season
from cropmap.io.files import atomic_write_text

if TYPE_CHECKING:
    from pathlib import Path

_FEW_CLASSES = 4  # up to which the intervals are shown from the start


@dataclass(frozen=True, eq=False)
class EarlySeasonReport:
    """What the page tells.

    Args:
        season: The whole season.
        recipe: Name of the recipe.
        model: Title or name of the model.
        cut_offs: By ascending date, at least one.
        first: From when on each class is told well enough, in the order of the classes.
        threshold: What well enough is, an F1.
        left_out: Cut-offs that could not be judged, and why.
        samples: How many samples all cut-offs share.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the user should know.
    """

    season: Season
    recipe: str
    model: str
    cut_offs: tuple[CutOff, ...]
    first: tuple[FirstDate, ...]
    threshold: float
    left_out: Mapping[dt.date, str] = field(default_factory=dict)
    samples: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_early_season(path: Path, report: EarlySeasonReport) -> None:
    """Write the page as one HTML file with its drawing and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_early_season(report))


def render_early_season(report: EarlySeasonReport) -> str:
    """Return the page's HTML."""
    classes = report.cut_offs[0].accuracy.legend.classes
    reached = [row for row in report.first if row.date]
    content = {
        "report": report,
        "classes": [
            {"code": own.code, "name": own.name, "line": line_colour(own.colour), "support": row.support}
            for own, row in zip(classes, report.cut_offs[-1].accuracy.by_class(), strict=True)
        ],
        "last": report.cut_offs[-1],
        "reached": reached,
        "earliest": min(reached, key=lambda row: row.date or report.season.end, default=None),
        "drawing": curves_svg(report.cut_offs, report.first, [own.colour for own in classes], report.threshold),
        "few": len(classes) <= _FEW_CLASSES,
        "settings": report.settings,
        "versions": report.versions,
    }
    styles = ["report.css", "drawings.css", "early_season.css"]
    return render_page("early_season.html", styles, {"day": _day}, content)


def _day(date: dt.date | None) -> str:
    return "not reached" if date is None else f"{date.day} {date:%B %Y}"
