"""The part of a report that tells of a model: what it is, how it learnt, what its probabilities are worth."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cropmap.assessment.calibration import Reliability
from cropmap.assessment.importance import Importance
from cropmap.assessment.page import count, flattened, percent, seconds_text
from cropmap.assessment.training_curves import Curve
from cropmap.contract.words import counted, listed
from cropmap.models import MODELS

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage

# What a network's arrays hold beside what gradients move: running statistics, and an ensemble's scalings.
_NOT_LEARNT = frozenset({"running_mean", "running_var", "num_batches_tracked", "mean", "deviation"})
_NAMED = 3  # bands and dates that the text beside a picture names
_PREFIXES = ("B", "kB", "MB", "GB")


@dataclass(frozen=True, eq=False)
class Calibration:
    """How well out-of-fold probabilities fit the share that is right, before and after tempering.

    Args:
        temperature: Of the model that is kept, fitted on the samples of all folds.
        before: The probabilities as the models of the folds gave them.
        after: The same, those of each fold tempered by what was fitted on the other folds.
    """

    temperature: float
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class FittedModel:
    """What the model that is kept is.

    Args:
        title: What users call this kind of model.
        summary: What it is, in a sentence.
        citation: Publication that it comes from; empty where there is none.
        params: Its parameter values, plain.
        record: What its training recorded: `training_samples`, `validation_samples`, `device`, `best_epoch`, ...
        learnt: How many numbers it has learnt.
        size: Of its package, in bytes.
        seconds: What each stage of the work took, by name.
    """

    title: str
    summary: str
    citation: str
    params: Mapping[str, Any]
    record: Mapping[str, Any]
    learnt: int
    size: int
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Training:
    """What a report tells of a training; what is None or empty is left out.

    Args:
        model: The model that is kept.
        curves: How it and those that judged it learnt.
        calibration: Whether its probabilities mean what they say.
        importance: Which bands and dates the models that judged it looked at.
        dates: Of the series' steps, (step,).
    """

    model: FittedModel | None = None
    curves: tuple[Curve, ...] = ()
    calibration: Calibration | None = None
    importance: Importance | None = None
    dates: tuple[dt.date, ...] = ()


def fitted_model(package: ModelPackage, size: int, seconds: Mapping[str, float]) -> FittedModel:
    """Return what a package's model is.

    Args:
        package: The package.
        size: Of its file, in bytes.
        seconds: What each stage of the work took, by name.
    """
    entry = MODELS.get(package.model)
    return FittedModel(
        title=entry.title,
        summary=entry.summary,
        citation=entry.citation,
        params=package.params,
        record=package.record,
        learnt=sum(array.size for name, array in package.arrays.items() if name.rpartition(".")[2] not in _NOT_LEARNT),
        size=size,
        seconds=seconds,
    )


def training_sections(found: Training | None) -> dict[str, Any]:
    """Return what the template shows of a training: `model`, `curves`, `calibration`, `importance`, each or None."""
    shown = found or Training()
    return {
        "model": _model_section(shown.model) if shown.model else None,
        "curves": _curves_section(shown.curves) if shown.curves else None,
        "calibration": _calibration_section(shown.calibration) if shown.calibration else None,
        "importance": _importance_section(shown.importance, shown.dates) if shown.importance else None,
    }


def size_text(size: int) -> str:
    """Return a number of bytes as people write it: "812 B", "1.4 MB"."""
    power = min(int(math.log10(max(size, 1)) // 3), len(_PREFIXES) - 1)
    return f"{size / 1000**power:.3g} {_PREFIXES[power]}"


def _model_section(model: FittedModel) -> dict[str, Any]:
    record = model.record
    rows = [
        ("Numbers learnt", count(model.learnt)),
        ("Size of its file", size_text(model.size)),
        ("Learnt from", counted(record["training_samples"], "sample", "samples")),
    ]
    if record.get("validation_samples"):
        rows.append(("Stopped by", f"{count(record['validation_samples'])} validation samples"))
    if record.get("best_epoch"):
        rows.append(("Kept epoch", f"{record['best_epoch']} of {len(record['epochs'])}"))
    rows.append(("Computed on", str(record["device"])))
    rows += [(name, seconds_text(seconds)) for name, seconds in model.seconds.items()]
    return {"title": model.title, "summary": model.summary, "citation": model.citation, "rows": rows,
            "params": flattened(model.params)}  # fmt: skip


def _curves_section(curves: Sequence[Curve]) -> dict[str, Any]:
    from cropmap.assessment.training_drawings import curves_png  # noqa: PLC0415 - drawing takes a second to import

    kept = [_curve_words(curve) for curve in curves if curve.kept]
    return {
        "picture": curves_png(curves),
        "alt": f"Losses, accuracy on validation samples and learning rate of {listed([own.name for own in curves])} "
        f"by epoch. {' '.join(kept)}".strip(),
        "kept": kept,
        "folds": sum(1 for curve in curves if not curve.kept),
    }


def _curve_words(curve: Curve) -> str:
    best = curve.epochs[curve.best_epoch - 1]
    return (
        f"{curve.name}: {counted(len(curve.epochs), 'epoch', 'epochs')}; the weights of epoch {curve.best_epoch} were "
        f"kept, with a validation loss of {best['validation_loss']:.3g} and {percent(best['validation_accuracy'])} of "
        "the validation samples right."
    )


def _calibration_section(found: Calibration) -> dict[str, Any]:
    from cropmap.assessment.training_drawings import reliability_png  # noqa: PLC0415 - as above

    gap = found.before.gap
    return {
        "found": found,
        "picture": reliability_png(found.before, found.after),
        "alt": f"Reliability plot. Calibration error {percent(found.before.ece)} as the model gives its probabilities, "
        f"{percent(found.after.ece)} tempered.",
        "words": f"{100 * abs(gap):.1f} points too {'high' if gap > 0 else 'low'}",
        "rows": (("Calibration error (ECE)", percent(found.before.ece), percent(found.after.ece)),
                 ("Brier score", f"{found.before.brier:.3f}", f"{found.after.brier:.3f}"),
                 ("Negative log-likelihood", f"{found.before.nll:.3f}", f"{found.after.nll:.3f}")),
    }  # fmt: skip


def _importance_section(found: Importance, dates: Sequence[dt.date]) -> dict[str, Any]:
    from cropmap.assessment.training_drawings import importance_png  # noqa: PLC0415 - as above

    bands = [found.bands[k] for k in (-found.band_drop).argsort(kind="stable")[:_NAMED]]
    steps = [dates[k].isoformat() for k in sorted((-found.step_drop).argsort(kind="stable")[:_NAMED].tolist())]
    return {
        "found": found,
        "picture": importance_png(found, dates),
        "alt": f"Heat map of what {len(found.bands)} bands on {len(dates)} dates are worth. Worth most: bands "
        f"{', '.join(bands)}; dates {', '.join(steps)}.",
        "bands": listed(bands),
        "dates": listed(steps),
        "rows": sorted(zip(found.bands, found.band_drop.tolist(), strict=True), key=lambda row: -row[1]),
    }
