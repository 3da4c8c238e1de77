"""One page about strategies that carry a model to a target: which is best, and whether it beats doing without."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.model_comparison_drawings import colours_of, shade
from cropmap.assessment.page import UNDEFINED, figure, flattened, render_page, seconds_text
from cropmap.assessment.paired import MACRO_F1, OVERALL, Estimate
from cropmap.assessment.report import cross_validation_words, independence
from cropmap.assessment.transfer_drawings import Reached, reached_svg
from cropmap.assessment.transfer_outcome import BASELINES, DIRECT, SCRATCH, Outcome
from cropmap.contract.words import counted, listed
from cropmap.io.files import atomic_write_text
from cropmap.models import MODELS
from cropmap.transfer.scores import HIGHER_IS_BETTER, SCORES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cropmap.assessment.transfer_outcome import Advised, Candidate

# Fewer pieces of land, drawn anew, do not tell what others would be like.
_FEW_UNITS = 10
_OVER = {DIRECT: "the source's model as it is", SCRATCH: "the target's labels alone"}
_SCORE_WORDS = {
    "accuracy": ("Weighted accuracy", "of source samples like the target's; higher"),
    "risk": ("Weighted risk", "cross-entropy of the same; lower"),
    "dev": ("DEV", "risk weighted by the model's features; lower"),
    "entropy": ("Entropy", "a sure model is right; lower"),
    "information": ("Information", "sure, and of all classes; higher"),
    "density": ("Density", "answers form tight groups; higher"),
}


@dataclass(frozen=True, eq=False)
class TransferReport:
    """What the page tells.

    Args:
        source: What the source is called.
        target: What the target is called.
        found: What came of the strategies.
        settings: Job parameters, plain values.
        versions: Library name to version.
        warnings: What the user should know.
    """

    source: str
    target: str
    found: Outcome
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def write_transfer(path: Path, report: TransferReport) -> None:
    """Write the page as one HTML file with its drawings and styles inside.

    Raises:
        OutputError: It cannot be written.
    """
    atomic_write_text(path, render_transfer(report))


def render_transfer(report: TransferReport) -> str:
    """Return the page's HTML."""
    found, judged = report.found, report.found.comparison
    rows = _rows(found)
    content = {
        "report": report,
        "found": found,
        "judged": judged,
        "rows": rows,
        "judged_rows": [row for row in rows if math.isfinite(row["macro_f1"].value)],
        "cards": _cards(found),
        "how": _how(found),
        "cautions": _cautions(found),
        "drawing": _drawing(found) if judged else "",
        "over": [_OVER[name] for name in _baselines(found)],
        "masked": any(math.isfinite(own.masked_share) and own.masked for own in found.candidates),
        "scores": [dict(zip(("title", "trusts"), _SCORE_WORDS[name], strict=True)) for name in _scored(found)],
        "classes": _classes(found),
        "classes_words": _classes_words(found),
        "settings": {name: _asked(value) for name, value in report.settings.items()},
        "versions": report.versions,
    }
    filters: dict[str, Callable[..., Any]] = {"took": seconds_text, "known": _known, "said": _said}
    styles = ["report.css", "drawings.css", "model_comparison.css", "shift.css", "transfer.css"]
    return render_page("transfer.html", styles, filters, content)


# ---------------------------------------------------------------- words


def _cards(found: Outcome) -> list[dict[str, str]]:
    best = found.candidates[0]
    rows = []
    if found.comparison is not None:
        own = found.figure(best.name, MACRO_F1)
        between = f", 95 % interval {figure(own.low)} to {figure(own.high)}" if _known(own) else ""
        rows.append(("Best", figure(own.value), f"{best.title}; macro F1{between}"))
        for name in _baselines(found):
            over = found.over(best.name, name, MACRO_F1)
            value = _signed(over.value) if over else "0"
            told = f"macro F1; 95 % interval {_signed(over.low)} to {_signed(over.high)}" if over else "it is the best"
            rows.append((f"Over {_OVER[name]}", value, told))
    else:
        rows.append(("Models made", str(len(found.candidates)), "no label of the target judges them"))
    if found.shift is not None:
        rows.append(("Shift", found.shift.verdict, "between the two sites, measured without labels"))
    share = next((own.masked_share for own in found.candidates if own.strategy == DIRECT), math.nan)
    if found.match.source_only and math.isfinite(share) and found.classes_known:
        told = f"of the target's series would go to {listed(found.match.source_only, 3)}, which it does not have"
        rows.append(("Masked", f"{share:.1%}", told))
    return [dict(zip(("label", "value", "detail"), row, strict=True)) for row in rows]


def _how(found: Outcome) -> str:
    if found.comparison is None:
        return (
            "The target has no labels: nothing here is an accuracy. The scores below tell how sure and how consistent "
            "each model's answers are; a hundred labels of the target tell more. What is called the best is the "
            "strategy that was asked for, or advised, first."
        )
    plan, samples = found.comparison.plan, found.comparison.samples
    _, how = cross_validation_words(plan.method)
    units = counted(found.comparison.resampled.units, "unit", "units")
    return (
        f"{how.split(' The map itself')[0]} {independence(samples, plan)} Every strategy was given the labels of the "
        "other folds and series of the target that do not stand on the tested land, and was judged on the same "
        f"samples. Intervals come from drawing the split's {units} anew, the same draws for all. The packages were "
        "then made of everything."
    )


def _cautions(found: Outcome) -> list[str]:
    said = [f"{out.name}: {out.why}" for out in found.left_out]
    best = found.candidates[0]
    for name in _baselines(found):
        over = found.over(best.name, name, MACRO_F1)
        if over is not None and not over.certain:
            said.append(
                f"{best.title} leads, but {_OVER[name]} may do as well on other land of this kind: the interval of the "
                f"difference, {_signed(over.low)} to {_signed(over.high)}, holds 0."
            )
    units = found.comparison.resampled.units if found.comparison is not None else _FEW_UNITS
    if units < _FEW_UNITS:
        said.append(f"The labels stand on {counted(units, 'unit', 'units')} of land only: intervals say little.")
    if found.match.target_only:
        said.append(
            f"The source does not know {listed(found.match.target_only)}: only strategies that learn from the target's "
            "labels can answer "
            f"{'it' if len(found.match.target_only) == 1 else 'them'}."
        )
    return said


def _classes_words(found: Outcome) -> str:
    if not found.classes_known:
        return (
            "Nothing tells which of these classes the target has: models answer all of them. Name them (classes) where "
            "you know."
        )
    if not found.match.source_only:
        return "Classes were matched by what their names mean, whatever their codes; none is masked."
    return (
        "Classes were matched by what their names mean, whatever their codes. Those of the source alone are masked: "
        "their probability goes to the others. Name them (classes) where the target has them after all."
    )


def _said(own: Advised) -> str:
    values = ", ".join(f"{key} {value}" for key, value in flattened(own.values))
    return ", ".join(text for text in (_model_title(own.model), values) if text)


# ---------------------------------------------------------------- rows


def _rows(found: Outcome) -> list[dict[str, Any]]:
    best = {name: _best(found, name) for name in _scored(found)}
    return [
        {
            "title": own.title,
            "told": _told(own),
            "added": own.added,
            "macro_f1": found.figure(own.name, MACRO_F1),
            "overall": found.figure(own.name, OVERALL),
            "over": [_over(found, own.name, other) for other in _baselines(found)],
            "masked_share": own.masked_share,
            "seconds": own.seconds,
            "scores": [
                {"value": own.scores.get(name, math.nan), "best": own.scores.get(name) == best[name]}
                for name in _scored(found)
            ],
        }
        for own in found.candidates
    ]


def _told(own: Candidate) -> str:
    values = [f"{key} {value}" for key, value in flattened(own.values)]
    return ", ".join([f"{own.name}.cropmap", _model_title(own.model), *values])


def _over(found: Outcome, name: str, other: str) -> dict[str, Any] | None:
    over, test = found.over(name, other, MACRO_F1), found.test(name, other)
    if over is None or test is None:
        return None
    between = f"{_signed(over.low)} to {_signed(over.high)}" if _known(over) else ""
    p = test.adjusted
    said = "" if not math.isfinite(p) else "p below 0.001" if p < 0.001 else f"p {p:.3f}"
    return {"text": _signed(over.value), "between": between, "certain": over.certain, "p": said}


def _baselines(found: Outcome) -> list[str]:
    judged = {own.name for own in found.comparison.models} if found.comparison else set()
    return [name for name in BASELINES if name in judged]


def _scored(found: Outcome) -> list[str]:
    return [name for name in SCORES if any(name in own.scores for own in found.candidates)]


def _best(found: Outcome, name: str) -> float:
    """Return the best value of a score; NaN where all are the same."""
    values = [own.scores[name] for own in found.candidates if name in own.scores]
    if len(set(values)) == 1:
        return math.nan
    return max(values) if name in HIGHER_IS_BETTER else min(values)


def _drawing(found: Outcome) -> str:
    colours = colours_of([own.name for own in found.candidates])
    rows = [Reached(own.title, found.figure(own.name, MACRO_F1), colours[own.name]) for own in found.candidates]
    lines = {_OVER[name]: found.figure(name, MACRO_F1).value for name in _baselines(found)}
    return reached_svg(rows, lines, "Macro F1")


def _classes(found: Outcome) -> list[dict[str, Any]]:
    """Return the rows of the table of F1 by class and strategy, in the strategies' order."""
    judged = found.comparison
    if judged is None:
        return []
    by_name = {own.name: judged.accuracy(own.runs[0]) for own in judged.models}
    ordered = [by_name[own.name] for own in found.candidates if own.name in by_name]
    f1 = np.array([own.f1 for own in ordered])
    support = ordered[0].support
    return [
        {
            "name": own.name,
            "colour": own.colour,
            "support": int(support[k]),
            "best": float(np.nanmax(f1[:, k])) if np.isfinite(f1[:, k]).any() else math.nan,
            "cells": [(float(value), shade(float(value))) for value in f1[:, k]],
        }
        for k, own in enumerate(judged.legend.classes)
    ]


# ---------------------------------------------------------------- numbers


def _asked(value: Any) -> Any:
    """Return a list of entries as numbered rows of plain words."""
    if not isinstance(value, list) or not any(isinstance(own, Mapping) for own in value):
        return value
    plain = [{"name": own} if isinstance(own, str) else own for own in value]
    return {
        str(number): ", ".join(f"{item}" if key == "name" else f"{key} {item}" for key, item in own.items())
        for number, own in enumerate(plain, start=1)
    }


def _model_title(name: str) -> str:
    return MODELS.get(name).title if name else ""


def _known(own: Estimate) -> bool:
    return math.isfinite(own.low)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else UNDEFINED
