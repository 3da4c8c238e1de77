"""Look for labels that are likely wrong, and prepare the samples for a person's review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.assessment.profile_file import profiles_json
from cropmap.assessment.review_report import ReviewReport, write_review
from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import chosen, param, to_dict
from cropmap.data.doubts import Doubts, LabelNoise
from cropmap.io.files import atomic_write_text
from cropmap.io.samples import write_samples
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.params import FitParams
from cropmap.jobs.run import versions
from cropmap.jobs.sample import read_and_split
from cropmap.jobs.train import SampleSetParams, check_model, fit_options
from cropmap.sampling.confident import SELECTIONS, ConfidentOptions, find_label_errors
from cropmap.sampling.duplicates import find_duplicates
from cropmap.sampling.folds import check_training
from cropmap.sampling.outliers import OutlierOptions, find_outliers
from cropmap.sampling.review import ranked
from cropmap.training.fit import cross_validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cropmap.contract.progress import Progress
    from cropmap.data.review import Review
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.io.tables import Cell
    from cropmap.jobs.run import Run

HEADER = ("rank", "id", "class", "suggested", "site", "year", "x", "y", "why")


@dataclass(frozen=True, kw_only=True)
class ChecksParams:
    """Which checks look for doubtful labels."""

    label_errors: bool = param(
        default=True, help="Labels that models which had not seen them contradict (confident learning)."
    )
    selection: str = param(
        "noise_rate",
        choices=SELECTIONS,
        help="Which of them are suspects: noise_rate names as many as are estimated for each two classes, both only "
        "those that are also least sure of their own label.",
        advanced=True,
    )
    outliers: bool = param(default=True, help="Series that are unlike the others of their class.")
    outlier_level: float = param(
        0.05, help="Share of false alarms accepted among the outliers of a class.", low=0.0001, high=0.5, advanced=True
    )
    duplicates: bool = param(default=True, help="Samples with the same series, or at the same place in one season.")
    most: int = param(0, title="Most suspects", help="At most this many suspects; 0 keeps all.", low=0, high=1_000_000)
    plots: int = param(24, help="How many of the suspects the report draws.", low=0, high=500, advanced=True)


@dataclass(frozen=True, kw_only=True)
class ReviewParams(ChecksParams, FitParams, SampleSetParams):
    """What `review` takes."""


@dataclass(frozen=True, eq=False)
class _Found:
    """What the checks found: suspects by what they look for, the most telling check first."""

    checks: Mapping[str, Doubts]
    noise: LabelNoise | None


@JOBS.register("review", title="Find doubtful labels", params=ReviewParams)
def review(params: ReviewParams, run: Run) -> Mapping[str, Any]:
    """Rank the samples whose labels are doubtful, for a person to review; none is removed or changed."""
    _check(params)
    held, plan = read_and_split(params.sample_set, params, params.seed, run)
    samples = held.samples
    with run.stage("Looking for doubtful labels", 0.0, 0.9) as progress:
        found = _look(samples, plan, params, run, progress)
    for check in found.checks.values():
        run.warn(*check.notes)
    judged = ranked(len(samples), list(found.checks.values()), params.most)
    with run.stage("Writing", 0.9, 1.0):
        write_samples(run.output("samples", "samples.gpkg"), samples, plan, judged, scheme=held.scheme)
        atomic_write_text(run.output("suspects", "suspects.csv"), csv_text(suspect_rows(samples, judged)))
        atomic_write_text(run.output("profiles", "profiles.json"), profiles_json(samples))
        report = ReviewReport(
            samples=samples,
            review=judged,
            noise=found.noise,
            found={name: len(check) for name, check in found.checks.items()},
            plots=params.plots,
            settings=to_dict(params),
            versions=versions(),
            warnings=tuple(run.warnings),
        )
        write_review(run.output("report", "report.html"), report)
    return {"figures": _figures(samples, judged, found)}


def suspect_rows(samples: SampleSet, judged: Review) -> Iterator[Sequence[Cell]]:
    """Yield the suspects as rows, header first, the most doubtful first."""
    yield HEADER
    names = samples.legend.names_by_code
    for position in judged.suspects.tolist():
        yield (
            int(judged.rank[position]),
            str(samples.ids[position]),
            names[int(samples.codes[position])],
            str(judged.suggested[position]),
            str(samples.sites[position]),
            int(samples.years[position]),
            float(samples.x[position]),
            float(samples.y[position]),
            str(judged.why[position]),
        )


def _check(params: ReviewParams) -> None:
    if not (params.label_errors or params.outliers or params.duplicates):
        wrong = Problem("label_errors", "is off, and so are outliers and duplicates.", "Switch a check on.")
        raise ParameterError([wrong], where="review")
    if params.label_errors:
        check_model(params)


def _look(samples: SampleSet, plan: FoldPlan, params: ReviewParams, run: Run, progress: Progress) -> _Found:
    checks: dict[str, Doubts] = {}
    noise, repeated = None, None
    if params.duplicates:
        checks["Contradicted by a duplicate"], repeated = find_duplicates(samples)
    if params.label_errors:
        name, values = chosen(params.model)
        check_training(plan, samples.legend)
        judged = cross_validate(samples, plan, name, values, fit_options(params), progress)
        run.warn(*judged.notes)
        run.device = str(next(iter(judged.records.values()))["device"])
        errors = find_label_errors(samples, judged, ConfidentOptions(params.selection, seed=params.seed), plan.units)
        noise, checks["Contradicted by models"] = errors.noise, errors.doubts
    if params.outliers:
        checks["Unlike their class"] = find_outliers(samples, OutlierOptions(params.outlier_level)).doubts
    if repeated is not None:
        checks["Repeat another sample"] = repeated
    return _Found(checks, noise)


def _figures(samples: SampleSet, judged: Review, found: _Found) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "samples": len(samples),
        "suspects": len(judged.suspects),
        "by_check": {name: len(check) for name, check in found.checks.items()},
    }
    if found.noise is not None:
        low, high = found.noise.wrong_interval
        figures |= {"estimated_wrong": found.noise.wrong, "estimated_wrong_low": low, "estimated_wrong_high": high}
    return figures
