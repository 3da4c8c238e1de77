"""One page about one map or model: what it shows, what it is worth, how it was made. One file, no network."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.folds import FIGURES, fold_figures
from cropmap.assessment.page import count, figure, percent, render_page
from cropmap.assessment.pictures import CONFIDENCE_COLOURS, class_png, confidence_png
from cropmap.assessment.samples_report import LAND_APART, samples_section
from cropmap.assessment.training_report import Training, training_sections
from cropmap.data.accuracy import Accuracy
from cropmap.data.legend import NODATA
from cropmap.data.maps import ClassMap
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.data.season import Season
from cropmap.io.files import atomic_write_text
from cropmap.io.labels_raster import LabelRaster, pixel_metres
from cropmap.io.projection import length_text, scale_bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LONGEST_PICTURE = 1200  # pixels
_TIMES = "\N{MULTIPLICATION SIGN}"

CROSS_VALIDATION = (
    "Measured by spatial-block cross-validation on the training samples: the area is cut into square blocks, which are "
    "dealt to folds, and each sample is classified by a model that was fitted without the samples of its fold. The map "
    "itself comes from one model fitted on all samples."
)
_CHANCE = (
    "Measured by cross-validation over samples dealt to folds by chance{how}. Neighbours and parts of a field stand "
    "in training and test alike, so the accuracy looks better than it is on new land. The map itself comes from one "
    "model fitted on all samples."
)
_WHOLE = (
    "Measured by cross-validation: {how}, and each sample is classified by a model that was fitted without the samples "
    "of its fold. The map itself comes from one model fitted on all samples."
)
_CROSS_VALIDATIONS = {
    "blocks": ("Spatial cross-validation", CROSS_VALIDATION),
    "groups": (
        "Cross-validation by groups",
        _WHOLE.format(how="whole groups, such as fields or farms, are dealt to folds wherever they lie"),
    ),
    "leave_site": ("Cross-validation by sites", _WHOLE.format(how="each site is a fold of its own")),
    "leave_year": ("Cross-validation by years", _WHOLE.format(how="each year is a fold of its own, on the same land")),
    "stratified": ("Cross-validation by chance", _CHANCE.format(how=", each class evenly")),
    "random": ("Cross-validation by chance", _CHANCE.format(how="")),
    "file": ("Cross-validation", _WHOLE.format(how="the folds are those of the samples' file")),
}
_WHOLE_GROUPS = LAND_APART | {"groups"}  # splits that part no group

REFERENCE = "Measured by comparing the finished map with independent reference pixels. Classes are matched by name."


@dataclass(frozen=True, eq=False)
class Measured:
    """One accuracy, and how it was measured.

    Args:
        title: E.g. "Spatial cross-validation".
        how: One or two sentences for the reader: `CROSS_VALIDATION`, `REFERENCE` or other ones. Where there are folds,
            the report adds what the samples tell of their independence.
        accuracy: The counts.
        folds: The same for each fold of a cross-validation; empty elsewhere.
    """

    title: str
    how: str
    accuracy: Accuracy
    folds: tuple[Accuracy, ...] = ()


@dataclass(frozen=True)
class ClearDate:
    """One acquisition and the share of its pixels that are clear, 0..1."""

    date: dt.date
    share: float


@dataclass(frozen=True, eq=False)
class Report:
    """What a report tells. Everything but the title may be left out; its section is then missing.

    Args:
        title: Of the page.
        site: Name of the study area.
        season: Dates that the model looks at.
        class_map: The map.
        measured: Accuracies; the first one makes the headline.
        samples: The training samples: their profiles and places.
        folds: Which fold of the cross-validation tests each of `samples`.
        training: The model: how it learnt, whether its probabilities mean what they say.
        clear: Acquisitions, by date.
        settings: Job parameters, plain values, nested where need be; the seed among them.
        versions: Library name to version.
        notes: What was left out, and why.
        warnings: What the reader must know before trusting the map.
        made: When the run was started, as it shall be shown.
    """

    title: str
    site: str = ""
    season: Season | None = None
    class_map: ClassMap | None = None
    measured: tuple[Measured, ...] = ()
    samples: SampleSet | None = None
    folds: FoldPlan | None = None
    training: Training | None = None
    clear: tuple[ClearDate, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    made: str = ""


def write_report(path: Path, report: Report) -> None:
    """Write a report as one HTML file that holds its pictures and styles.

    Raises:
        OutputError: It cannot be written.
        SourceError: The map cannot be read.
    """
    atomic_write_text(path, render_report(report))


def render_report(report: Report) -> str:
    """Return a report's HTML."""
    content = {
        "report": report,
        "cards": _cards(report),
        "map": _map_section(report.class_map) if report.class_map else None,
        "measured": [_measured_section(found, report) for found in report.measured],
        "samples": samples_section(report.samples, report.folds) if report.samples is not None else None,
        "clear": _clear_section(report.clear),
        **training_sections(report.training),
        "settings": report.settings,
        "versions": report.versions,
    }
    return render_page("report.html", ["report.css"], {}, content)


# ---------------------------------------------------------------- headline


@dataclass(frozen=True)
class _Card:
    """One headline figure."""

    label: str
    value: str
    detail: str = ""


def _cards(report: Report) -> list[_Card]:
    cards = _accuracy_cards(report.measured[0]) if report.measured else []
    if report.samples is not None:
        classes = sum(1 for count in report.samples.counts().values() if count)
        cards.append(_Card("Training samples", count(len(report.samples)), f"in {classes} classes"))
    if report.class_map is not None:
        mapped = sum(report.class_map.pixels.values())
        share = percent(mapped / max(mapped + report.class_map.unmapped, 1))
        area = _hectares(report.class_map, mapped)
        cards.append(_Card("Mapped", area or f"{count(mapped)} pixels", f"{share} of the grid"))
    return cards


def _accuracy_cards(measured: Measured) -> list[_Card]:
    accuracy = measured.accuracy
    low, high = (percent(bound) for bound in accuracy.overall_interval)
    return [
        _Card("Overall accuracy", percent(accuracy.overall), f"95 % interval {low} to {high}"),
        _Card("Macro F1", figure(accuracy.macro_f1), "mean over the classes, each counts alike"),
        _Card("Kappa", figure(accuracy.kappa), "agreement beyond chance, 1 is best"),
    ]


# ---------------------------------------------------------------- map


@dataclass(frozen=True)
class _MapRow:
    """One class in the map's legend."""

    name: str
    colour: str
    pixels: int
    share: float
    area: str
    confidence: float


def _map_section(found: ClassMap) -> dict[str, Any]:
    """Return what the template shows of the map: pictures, scale bar, legend rows."""
    with LabelRaster(found.path) as raster:
        codes = raster.read_small(LONGEST_PICTURE)
    confidence = None
    if found.confidence_path is not None:
        with LabelRaster(found.confidence_path) as raster:
            confidence = raster.read_small(LONGEST_PICTURE)
    height, width = codes.shape
    return {
        "picture": class_png(codes, found.legend),
        "confidence": None if confidence is None else confidence_png(confidence),
        "ramp": ", ".join(f"{colour} {percent}%" for percent, colour in CONFIDENCE_COLOURS),
        "width": width,
        "height": height,
        # Few pixels must stay square; many are better smoothed by the browser.
        "coarse": max(width, height) < 600,
        "shrunk": width < found.grid.width,
        "scale": _scale_bar(found),
        "rows": _map_rows(found, codes, confidence),
        "outside": None if found.outside_path is None else found.outside_share,
        "unmapped": found.unmapped,
        "unmapped_share": found.unmapped / max(found.grid.width * found.grid.height, 1),
        "pixel": _pixel_text(found),
    }


def _map_rows(found: ClassMap, codes: np.ndarray[Any, Any], confidence: np.ndarray[Any, Any] | None) -> list[_MapRow]:
    mapped = max(sum(found.pixels.values()), 1)
    rows = []
    for own in found.legend.classes:
        pixels = found.pixels.get(own.code, 0)
        sure = math.nan
        if confidence is not None:
            chosen = confidence[(codes == own.code) & (confidence != NODATA)]
            sure = float(chosen.mean()) / 100 if chosen.size else math.nan
        rows.append(_MapRow(own.name, own.colour, pixels, pixels / mapped, _hectares(found, pixels), sure))
    return rows


def _hectares(found: ClassMap, pixels: int) -> str:
    size = pixel_metres(found.grid)
    if size is None:
        return ""
    area = pixels * size[0] * size[1] / 10_000
    return f"{area:,.0f} ha" if area >= 100 or area == 0 else f"{area:,.2f} ha"


def _pixel_text(found: ClassMap) -> str:
    size = pixel_metres(found.grid)
    pixels = f"{found.grid.width:,} {_TIMES} {found.grid.height:,} pixels"
    return pixels if size is None else f"{pixels} of {size[0]:.4g} {_TIMES} {size[1]:.4g} m"


def _scale_bar(found: ClassMap) -> dict[str, Any] | None:
    """Return the longest round length that fits, and the share of the picture's width that it takes."""
    size = pixel_metres(found.grid)
    if size is None:
        return None
    extent = size[0] * found.grid.width
    length = scale_bar(extent)
    return {"text": length_text(length), "share": length / extent}


# ---------------------------------------------------------------- accuracy


def cross_validation_words(method: str) -> tuple[str, str]:
    """Return a cross-validation's title and how it was done, for the reader, by the split (`FoldPlan.method`)."""
    return _CROSS_VALIDATIONS[method]


def independence(samples: SampleSet, plan: FoldPlan | None = None) -> str:
    """Say in how far samples of different folds are independent: what keeps them apart, and how near they come."""
    parts = [_group_words(samples, plan)]
    if plan is not None and plan.near is not None:
        taken = int(plan.near.any(axis=1).sum())
        parts.append(
            f"Samples nearer than {length_text(plan.gap_m)} to a test sample do not train the model that it tests "
            f"({count(taken)} of {count(len(samples))} in some fold)."
        )
    if plan is not None and math.isfinite(plan.nearest_m):
        parts.append(f"The nearest two samples of training and test are {length_text(plan.nearest_m)} apart.")
    return " ".join(part for part in parts if part)


def _group_words(samples: SampleSet, plan: FoldPlan | None) -> str:
    if plan is not None and plan.method not in _WHOLE_GROUPS:
        return ""
    known = samples.grouped
    if known.all():
        return (
            "Samples of one group (a polygon, or what the group field names) share a fold, so no sample is judged by a "
            "model that has seen the rest of its group."
        )
    who = "The samples do" if not known.any() else f"{count(int((~known).sum()))} of {count(len(known))} samples do"
    return (
        f"{who} not say which field they stand in: neighbouring points of different folds may still stand in one "
        "field, which makes the accuracy look too good."
    )


def _how(found: Measured, report: Report) -> str:
    if not found.folds or report.samples is None:
        return found.how
    return f"{found.how} {independence(report.samples, report.folds)}"


def _measured_section(found: Measured, report: Report) -> dict[str, Any]:
    from cropmap.assessment import plots  # noqa: PLC0415 - the drawing library takes a second to import

    accuracy = found.accuracy
    names = accuracy.legend.names
    colours = [own.colour for own in accuracy.legend.classes]
    return {
        "title": found.title,
        "how": _how(found, report),
        "accuracy": accuracy,
        "unmapped": int(accuracy.unmapped.sum()),
        "picture": plots.confusion_png(accuracy),
        "alt": _confusion_alt(accuracy),
        "names": names,
        "table": list(zip(names, accuracy.confusion.tolist(), accuracy.unmapped.tolist(), strict=True)),
        "classes": list(zip(colours, accuracy.by_class(), strict=True)),
        "folds": fold_figures(found.folds) if found.folds else None,
        "fold_names": [name for name, _ in FIGURES],
        "mixed": _mixed_up(accuracy),
    }


def _confusion_alt(accuracy: Accuracy) -> str:
    parts = [
        f"{found.name} {percent(found.producers)}" for found in accuracy.by_class() if math.isfinite(found.producers)
    ]
    return f"Confusion matrix. Share of each reference class that the map shows right: {', '.join(parts)}."


def _mixed_up(accuracy: Accuracy, most: int = 3) -> list[tuple[str, str, int, float]]:
    """Return the commonest mistakes: reference class, mapped class, pixels, share of the reference class."""
    wrong = accuracy.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    names, support = accuracy.legend.names, accuracy.support
    cells = [divmod(int(cell), len(names)) for cell in order]
    return [
        (names[row], names[col], int(wrong[row, col]), int(wrong[row, col]) / int(support[row]))
        for row, col in cells
        if wrong[row, col]
    ]


# ---------------------------------------------------------------- images


def _clear_section(clear: Sequence[ClearDate]) -> dict[str, Any] | None:
    from cropmap.assessment import plots  # noqa: PLC0415 - the drawing library takes a second to import

    if not clear:
        return None
    shares = [found.share for found in clear]
    low, high = min(clear, key=lambda found: found.share), max(clear, key=lambda found: found.share)
    return {
        "picture": plots.clear_png([found.date for found in clear], shares),
        "alt": f"Share of clear pixels on {len(clear)} dates, from {percent(low.share)} on {low.date} "
        f"to {percent(high.share)} on {high.date}.",
        "dates": len(clear),
        "good": sum(1 for share in shares if share >= 0.5),
    }
