"""Measure how far a target lies from a source, without a label of the target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.assessment.shift_report import ShiftReport, shift_tables, write_shift
from cropmap.contract.errors import TransferError
from cropmap.contract.params import param, to_dict
from cropmap.io.files import atomic_write_text
from cropmap.io.samples import write_samples
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.advising import AdviceParams, advised, situation_of
from cropmap.jobs.candidates import Given
from cropmap.jobs.params import DeviceParams, SeedParams
from cropmap.jobs.run import versions
from cropmap.jobs.sites import (
    TARGET_SERIES,
    DrawParams,
    SourcePackageParams,
    TargetImagesParams,
    draw_target,
    read_like,
    read_source,
)
from cropmap.sampling.unlabelled import land_units, without_labels
from cropmap.training.fit import FitOptions
from cropmap.transfer.shift import MeasureOptions, Prepared, Shift, measure_shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import SampleSet
    from cropmap.jobs.run import Run
    from cropmap.jobs.sites import Source
    from cropmap.transfer.situation import Situation

_NAMED_SITES = 3  # more make no title


@dataclass(frozen=True, kw_only=True)
class StandInParams(TargetImagesParams):
    """Series that stand for the target."""

    target_samples: str = param(
        "",
        kind="file",
        help="Sample file (samples.gpkg) whose series stand for the target instead of its images; their labels are not "
        "read.",
    )


@dataclass(frozen=True, kw_only=True)
class SourceSamplesParams(SourcePackageParams):
    """The source."""

    sample_set: str = param(
        kind="file", title="Source's samples", help="Sample file (samples.gpkg) of the source site."
    )


@dataclass(frozen=True, kw_only=True)
class ShiftParams(AdviceParams, SeedParams, DeviceParams, DrawParams, StandInParams, SourceSamplesParams):
    """What `shift` takes."""


@JOBS.register("shift", title="Measure the shift", params=ShiftParams)
def shift(params: ShiftParams, run: Run) -> Mapping[str, Any]:
    """Measure how different a target site looks from the source, without a label of the target."""
    if not (params.images or params.target_samples):
        raise TransferError(
            "Nothing of the target is given.",
            where="images, target_samples",
            fix="Give the target's images, or a sample file whose series stand for it.",
        )
    source = read_source(params.sample_set, params.package, run)
    with run.stage("Reading the target", 0.0, 0.4) as progress:
        target = _target(params, source, run, progress)
    write_samples(run.output("target_series", TARGET_SERIES), target)
    with run.stage("Measuring", 0.4, 0.98):
        found = measured(source, target, params.seed, params.device)
    write_shift_tables(found, run)
    names = site_names(source, target)
    report = ShiftReport(*names, found, to_dict(params), versions(), tuple(run.warnings))
    write_shift(run.output("report", "shift.html"), report)
    advice = [own.to_dict() for own in advised(_situation(source, target, found, params.seconds))]
    return {"figures": {**shift_figures(found), "pixels": len(target), "advice": advice}}


def measured(source: Source, target: SampleSet, seed: int, device: str) -> Shift:
    """Return how far series of the target lie from the source's samples.

    Raises:
        TransferError: There are no samples of the source, or they are prepared otherwise.
        SampleError: Too few series or pieces of land of one side.
    """
    if source.samples is None:
        raise TransferError(
            "The shift is measured between series; of the source there is a model alone.",
            where="sample_set",
            fix="Give the source's samples.",
        )
    units = land_units(source.samples), land_units(target)
    prepared = Prepared(target.bands, target.days, target.recipe, target.masked)
    options = MeasureOptions(device=device, prepared=prepared)
    return measure_shift(source.samples, target.values, units, source.package, seed, options)


def shift_figures(found: Shift) -> dict[str, Any]:
    """Return a shift's headline figures; None where one is not known."""
    return {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "auc": _rounded(found.auc),
        "lag_days": _rounded(found.lag_days),
        "share_gap": _rounded(found.shares.gap) if found.shares else None,
        "mean_distance": _rounded(found.pixels.mean),
        "mmd2": _rounded(found.mmd2),
    }


def write_shift_tables(found: Shift, run: Run) -> None:
    """Write all that a page about the shift shows as CSV."""
    for name, rows in shift_tables(found).items():
        atomic_write_text(run.output(name, f"{name}.csv"), csv_text(rows))


def site_names(source: Source, target: SampleSet) -> tuple[str, str]:
    """Return what the two sites are called: as their samples say, with the year where both are one site."""
    one, other = (_site(samples) for samples in (source.samples, target))
    if one and one == other:
        one, other = f"{one} {source.recipe.season.start.year}", f"{other} {target.recipe.season.start.year}"
    return ("Source", "Target") if one == other else (one or "Source", other or "Target")


def _site(samples: SampleSet | None) -> str:
    names = sorted({str(name) for name in samples.sites.tolist()} - {""}) if samples is not None else []
    return ", ".join(names) if len(names) <= _NAMED_SITES else ""


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _situation(source: Source, target: SampleSet, found: Shift, seconds: float) -> Situation:
    """Return what is known of a transfer after a shift was measured: nothing of the target's labels."""
    given = Given(source.samples, source.package, None, target, target.legend, (), FitOptions())
    return situation_of(given, found, seconds)


def _target(params: ShiftParams, source: Source, run: Run, progress: Progress) -> SampleSet:
    if not params.target_samples:
        return draw_target(params.images, params, params.seed, source, (run, progress))
    if params.images:
        run.warn("The series of the target's sample file are measured; its images are not read.")
    found, _ = read_like(params.target_samples, source, "target's samples", run, strict=False)
    return without_labels(found)
