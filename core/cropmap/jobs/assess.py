"""Compare a map with reference labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.assessment.reference import ComparisonOptions, ReferenceRaster, SeenPixels, map_accuracy, seen_pixels
from cropmap.assessment.report import REFERENCE, Measured, Report, write_report
from cropmap.contract.errors import SourceError
from cropmap.contract.params import param, to_dict
from cropmap.io.legends import chosen_legend
from cropmap.io.maps import read_map
from cropmap.io.rasters import opened
from cropmap.io.samples import read_samples
from cropmap.io.tables import write_accuracy, write_confusion
from cropmap.io.vectors import LabelOptions, read_labels
from cropmap.jobs import JOBS
from cropmap.jobs.params import CsvParams, JudgedParams
from cropmap.jobs.run import versions
from cropmap.jobs.train import headline
from cropmap.sampling.place import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.maps import ClassMap
    from cropmap.data.samples import PlacedSamples
    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class AssessParams(CsvParams, JudgedParams):
    """What `assess` takes."""

    reference: str = param(
        kind="file",
        help="Labelled points or polygons that the model has not seen, or a class raster on the map's grid.",
    )
    class_field: str = param("", help="Field that holds the class; found by itself where its name is obvious.")
    layer: str = param("", help="Layer of the reference file, where it holds several.", advanced=True)
    reference_crs: str = param(
        "", title="Reference's CRS", help="Coordinate system where the file names none, e.g. EPSG:4326.", advanced=True
    )
    exclude: str = param(
        "",
        kind="file",
        help="Sample file (samples.gpkg) of the training; its pixels are left out of the comparison.",
        advanced=True,
    )


@JOBS.register("assess", title="Assess map", params=AssessParams)
def assess(params: AssessParams, run: Run) -> Mapping[str, Any]:
    """Compare a map with reference labels that its model has not seen: confusion matrix, accuracies, report."""
    found = read_map(Path(params.class_map), chosen_legend(params.legend))
    run.inputs |= {Path(params.class_map), Path(params.reference), Path(params.legend)}
    seen = SeenPixels()
    if params.exclude:
        run.inputs.add(Path(params.exclude))
        seen = seen_pixels(read_samples(Path(params.exclude)), found.grid)
    with run.stage("Comparing", 0.0, 0.9) as progress:
        accuracy = map_accuracy(found, _reference(params, found, run), ComparisonOptions(seen=seen), progress)
    run.warn(*accuracy.notes)
    write_accuracy(run.output("accuracy", "accuracy.csv"), accuracy)
    write_confusion(run.output("confusion", "confusion.csv"), accuracy)
    report = Report(
        title="Map assessment",
        class_map=found,
        measured=(Measured("Independent reference", REFERENCE, accuracy),),
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
    write_report(run.output("report", "report.html"), report)
    return {"figures": {"reference_pixels": accuracy.total, **headline(accuracy)}}


def _is_raster(path: str) -> bool:
    try:
        with opened(path):
            return True
    except SourceError:
        return False


def _reference(params: AssessParams, found: ClassMap, run: Run) -> PlacedSamples | ReferenceRaster:
    if _is_raster(params.reference):
        return ReferenceRaster(params.reference)
    options = LabelOptions(
        class_field=params.class_field,
        layer=params.layer,
        x_field=params.x_field,
        y_field=params.y_field,
        crs=params.reference_crs,
    )
    placed = place(read_labels(params.reference, options), found.grid)
    run.warn(*placed.notes)
    return placed
