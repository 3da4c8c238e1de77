"""One page about a comparison of recipes: who guesses best, when, and what it looks like. One file, no network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.page import UNDEFINED, flattened, render_page
from cropmap.assessment.profiles import quantity_of
from cropmap.assessment.reconstruction import Comparison
from cropmap.assessment.reconstruction_drawings import heat_svg, pixel_svg, ramp_css, title_of
from cropmap.io.files import atomic_write_text
from cropmap.prepare import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

# Told apart by people who see colours differently, the first eight after Okabe and Ito; then round again.
_COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7b3294", "#4d4d4d"),
    *("#a6611a", "#1b7837", "#e7298a", "#666fbd"),
)


@dataclass(frozen=True, eq=False)
class ComparisonReport:
    """What the page tells.

    Args:
        found: The comparison.
        masked: A cloud mask told which observations are clear.
        settings: Job parameters, plain values.
        versions: Library name to version.
    """

    found: Comparison
    masked: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def write_comparison(path: Path, report: ComparisonReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_comparison(report))


def render_comparison(report: ComparisonReport) -> str:
    """Return the page's HTML."""
    found = report.found
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(len(found.trials))]
    rows = [_row(found, number, colour) for number, colour in enumerate(colours)]
    heat, worst = heat_svg(found)
    block = found.sampled.block
    content = {
        "report": report,
        "found": found,
        "rows": rows,
        "best": rows[0] if rows and rows[0]["compared"] else None,
        "widest": max((row["relative"] for row in rows if math.isfinite(row["relative"])), default=1.0),
        "apart": [row for row in rows if not row["compared"]],
        "best_by_band": [_smallest(rows, band) for band in range(len(found.bands))],
        "heat": heat,
        "worst": worst,
        "ramp": ramp_css(),
        "quantity": quantity_of(block.bands, np.zeros(len(block.bands)))[0],
        "panels": [_panel(found, position, colours) for position in range(len(found.drawn))],
        "settings": {name: _asked(value) if name == "recipes" else value for name, value in report.settings.items()},
        "versions": report.versions,
    }
    styles = ["report.css", "drawings.css"]
    return render_page("reconstruction.html", styles, {"figure": _figure, "signed": _signed}, content)


def _row(found: Comparison, number: int, colour: str) -> dict[str, Any]:
    """Return what the tables show of one recipe."""
    trial = found.trials[number]
    return {
        "number": number,
        "name": trial.asked.name,
        "title": title_of(trial),
        "summary": RECIPES.get(trial.asked.recipe).summary,
        "own": flattened(trial.asked.values),
        "colour": colour,
        "relative": found.relative(trial),
        "errors": [found.errors(trial, band) for band in range(len(found.bands))],
        "answered": float(trial.answered.mean()),
        "compared": found.compared(trial),
        "seconds": trial.seconds_per_million,
    }


def _asked(recipes: Any) -> Any:
    """Return recipes as numbered rows of plain words instead of nested values."""
    if not isinstance(recipes, (list, tuple)) or not all(isinstance(recipe, Mapping) for recipe in recipes):
        return recipes
    return {
        str(number): ", ".join(f"{value}" if key == "name" else f"{key} {value}" for key, value in recipe.items())
        for number, recipe in enumerate(recipes, start=1)
    }


def _smallest(rows: list[dict[str, Any]], band: int) -> float:
    """Return the smallest RMSE of a band among the recipes that are judged by the same observations."""
    known = [row["errors"][band].rmse for row in rows if row["compared"]]
    return min((value for value in known if math.isfinite(value)), default=math.nan)


def _panel(found: Comparison, position: int, colours: list[str]) -> dict[str, Any]:
    """Return the drawing of one pixel, and what stands over it."""
    pixel = int(found.drawn[position])
    clear = found.sampled.block.clear[pixel]
    return {
        "row": int(found.sampled.rows[pixel]),
        "col": int(found.sampled.cols[pixel]),
        "seen": int(clear.sum()),
        "dates": len(clear),
        "hidden": int((found.hidden.pixels == pixel).sum()),
        "silent": sum(1 for trial in found.trials if not np.isfinite(trial.curve.values[position]).any()),
        "svg": pixel_svg(found, position, colours),
    }


def _figure(value: float) -> str:
    """Return a number to three digits, never in powers of ten."""
    if not math.isfinite(value):
        return UNDEFINED
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5f}" if abs(value) < 0.001 else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"+{_figure(value)}" if value > 0 else _figure(value)
