"""One page about doubtful labels: how many, of which classes, and what the most doubtful look like. One file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.page import render_page
from cropmap.assessment.profiles import class_profiles, ndvi_bands, shown
from cropmap.assessment.review_drawings import LEVELS, profiles_svg, suspect_svg, telling
from cropmap.contract.colours import line_colour
from cropmap.data.bands import spelled
from cropmap.data.doubts import LabelNoise
from cropmap.data.measured import measured
from cropmap.data.review import Review
from cropmap.data.samples import SampleSet
from cropmap.io.files import atomic_write_text

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from cropmap.assessment.profiles import Profiles

_FEW_CLASSES = 4  # up to which the wide ribbons are shown from the start


@dataclass(frozen=True, eq=False)
class ReviewReport:
    """What the page tells.

    Args:
        samples: The samples that were looked at.
        review: The suspects among them.
        noise: How many labels are estimated to be wrong; None where no model judged them.
        found: How many suspects each check named, by what it looks for.
        plots: How many of the suspects are drawn, the first ones.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the checks could not look at, and why.
    """

    samples: SampleSet
    review: Review
    noise: LabelNoise | None = None
    found: Mapping[str, int] = field(default_factory=dict)
    plots: int = 24
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_review(path: Path, report: ReviewReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_review(report))


def render_review(report: ReviewReport) -> str:
    """Return the page's HTML."""
    samples = report.samples
    quantities = _quantities(samples)
    profiles = [class_profiles(samples, band, LEVELS) for band in quantities]
    content = {
        "report": report,
        "suspects": len(report.review.suspects),
        "season": samples.recipe.season,
        "noise": _noise_section(report),
        "pairs": _pairs(report),
        "classes": _classes(report),
        "bands": [(number, own.quantity, profiles_svg(own)) for number, own in enumerate(profiles)],
        "few": len(profiles[0].classes) <= _FEW_CLASSES,
        "panels": _panels(report, quantities, profiles),
        "settings": report.settings,
        "versions": report.versions,
    }
    styles = ["report.css", "drawings.css", "review.css"]
    return render_page("review.html", styles, {"about": _about}, content)


# ---------------------------------------------------------------- numbers


def _noise_section(report: ReviewReport) -> dict[str, Any] | None:
    noise = report.noise
    if noise is None:
        return None
    judged = float(noise.labelled.sum())
    low, high = noise.wrong_interval
    return {"wrong": noise.wrong, "low": low, "high": high, "judged": int(judged), "share": noise.share}


def _pairs(report: ReviewReport) -> list[dict[str, Any]]:
    """Return the rows of the table of labels and what they may be instead, the largest estimates first."""
    noise, legend = report.noise, report.samples.legend
    flagged = _flagged(report)
    names = legend.names
    rows: list[dict[str, Any]] = []
    for label in names:
        for other in names:
            own: dict[str, Any] = {"label": label, "other": other, "flagged": flagged.get((label, other), 0)}
            rows.append(own | _estimate(noise, label, other))
    kept = [row for row in rows if row["label"] != row["other"] and (row["flagged"] or row["count"] >= 0.5)]
    return sorted(kept, key=lambda row: (-row["count"], -row["flagged"]))


def _estimate(noise: LabelNoise | None, label: str, other: str) -> dict[str, float]:
    if noise is None or not {label, other} <= set(noise.legend.names):
        return {"count": 0.0, "low": 0.0, "high": 0.0, "share": 0.0}
    row, col = noise.legend.names.index(label), noise.legend.names.index(other)
    count = float(noise.counts[row, col])
    return {
        "count": count,
        "low": float(noise.low[row, col]),
        "high": float(noise.high[row, col]),
        "share": count / float(noise.labelled[row]) if noise.labelled[row] else 0.0,
    }


def _flagged(report: ReviewReport) -> dict[tuple[str, str], int]:
    """Return how many suspects have each label and suggestion."""
    names = report.samples.legend.names_by_code
    found: dict[tuple[str, str], int] = {}
    for position in report.review.suspects.tolist():
        key = (names[int(report.samples.codes[position])], str(report.review.suggested[position]))
        found[key] = found.get(key, 0) + 1
    return found


def _classes(report: ReviewReport) -> list[dict[str, Any]]:
    suspected = report.review.rank > 0
    rows = []
    for own in report.samples.legend.classes:
        members = report.samples.codes == own.code
        if members.any():
            row = {"code": own.code, "name": own.name, "colour": own.colour, "line": line_colour(own.colour)}
            rows.append(row | {"samples": int(members.sum()), "suspects": int((members & suspected).sum())})
    return rows


# ---------------------------------------------------------------- drawings


def _quantities(samples: SampleSet) -> list[str]:
    """Return what is drawn: NDVI first, told by an empty name, where two bands give it; then every band."""
    bands = measured(samples)[0]
    computed = ndvi_bands(bands) is not None and "ndvi" not in map(spelled, bands)
    return ["", *bands] if computed else list(bands)


def _panels(report: ReviewReport, quantities: list[str], profiles: list[Profiles]) -> list[dict[str, Any]]:
    """Return the drawings of the first suspects, and what stands over them."""
    samples, review = report.samples, report.review
    drawn = review.suspects[: report.plots]
    if not len(drawn):
        return []
    values = [shown(samples, band)[1][drawn] for band in quantities]
    return [_panel(report, int(position), [own[k] for own in values], profiles) for k, position in enumerate(drawn)]


def _panel(
    report: ReviewReport, position: int, series: list[NDArray[np.float64]], profiles: list[Profiles]
) -> dict[str, Any]:
    samples, review = report.samples, report.review
    by_code = {own.code: own for own in samples.legend.classes}
    label, other = by_code[int(samples.codes[position])], str(review.suggested[position])
    present = {own.found.name: own.found for own in profiles[0].classes}
    second = present.get(other)
    chosen = telling(profiles, series, label.code, second.code if second else None)
    return {
        "rank": int(review.rank[position]),
        "id": str(samples.ids[position]),
        "label": label,
        "other": second,
        "why": str(review.why[position]),
        "quantity": profiles[chosen].quantity,
        "svg": suspect_svg(profiles[chosen], series[chosen], [label.code, *([second.code] if second else [])]),
    }


def _about(value: float) -> str:
    """Return an estimated number, whole from 10 on."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"
