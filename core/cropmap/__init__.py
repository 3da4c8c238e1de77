"""Crop maps from satellite image time series: prepare, train, map, assess.

The names below are the library's public face. Each is imported when it is first used, so `import cropmap` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cropmap.version import __version__

if TYPE_CHECKING:
    from cropmap.assessment.reference import ReferenceRaster, map_accuracy
    from cropmap.contract.errors import CropMapError
    from cropmap.contract.job import Job, read_job
    from cropmap.contract.progress import Cancelled, Progress
    from cropmap.data.accuracy import Accuracy, accuracy_of
    from cropmap.data.legend import Legend
    from cropmap.data.maps import ClassMap
    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.schemes import ClassScheme, scheme_of
    from cropmap.data.season import Season
    from cropmap.io.maps import read_map
    from cropmap.io.packages import read_package, write_package
    from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps
    from cropmap.io.samples import read_sample_file, read_samples, write_samples
    from cropmap.io.series import SeriesReader
    from cropmap.io.vectors import LabelOptions, read_labels
    from cropmap.jobs.run import run_job
    from cropmap.mapping.predict import MapOptions, map_series
    from cropmap.models.predictor import Predictor
    from cropmap.prepare.recipe import make_recipe, prepare
    from cropmap.sampling.allocation import Strata, allocate
    from cropmap.sampling.confident import ConfidentOptions, find_label_errors
    from cropmap.sampling.draw import DrawOptions, draw_pixels
    from cropmap.sampling.duplicates import find_duplicates
    from cropmap.sampling.extract import extract
    from cropmap.sampling.folds import FoldOptions, fold_samples, nested_folds, stored_folds
    from cropmap.sampling.merge import merge_samples
    from cropmap.sampling.outliers import OutlierOptions, find_outliers
    from cropmap.sampling.parcels import extract_parcels, place_parcels
    from cropmap.sampling.place import PlaceOptions, place
    from cropmap.sampling.splits import leakage
    from cropmap.sampling.trusted import TrustOptions, TrustRules, select_trusted
    from cropmap.sampling.variogram import resemblance
    from cropmap.sources.folder import FolderParams, folder
    from cropmap.testing.synthetic import SyntheticOptions, write_site
    from cropmap.training.fit import FitOptions, check_fit, cross_validate, fit

_HOMES = {
    "assessment.reference": ("ReferenceRaster", "map_accuracy"),
    "contract.errors": ("CropMapError",),
    "contract.job": ("Job", "read_job"),
    "contract.progress": ("Cancelled", "Progress"),
    "data.accuracy": ("Accuracy", "accuracy_of"),
    "data.legend": ("Legend",),
    "data.maps": ("ClassMap",),
    "data.package": ("ModelPackage",),
    "data.samples": ("FoldPlan", "SampleSet"),
    "data.scenes": ("SceneSeries",),
    "data.schemes": ("ClassScheme", "scheme_of"),
    "data.season": ("Season",),
    "io.maps": ("read_map",),
    "io.packages": ("read_package", "write_package"),
    "io.reference_maps": ("ReferenceFiles", "ReferenceMaps"),
    "io.samples": ("read_sample_file", "read_samples", "write_samples"),
    "io.series": ("SeriesReader",),
    "io.vectors": ("LabelOptions", "read_labels"),
    "jobs.run": ("run_job",),
    "mapping.predict": ("MapOptions", "map_series"),
    "models.predictor": ("Predictor",),
    "prepare.recipe": ("make_recipe", "prepare"),
    "sampling.allocation": ("Strata", "allocate"),
    "sampling.confident": ("ConfidentOptions", "find_label_errors"),
    "sampling.draw": ("DrawOptions", "draw_pixels"),
    "sampling.duplicates": ("find_duplicates",),
    "sampling.extract": ("extract",),
    "sampling.folds": ("FoldOptions", "fold_samples", "nested_folds", "stored_folds"),
    "sampling.merge": ("merge_samples",),
    "sampling.outliers": ("OutlierOptions", "find_outliers"),
    "sampling.parcels": ("extract_parcels", "place_parcels"),
    "sampling.place": ("PlaceOptions", "place"),
    "sampling.splits": ("leakage",),
    "sampling.trusted": ("TrustOptions", "TrustRules", "select_trusted"),
    "sampling.variogram": ("resemblance",),
    "sources.folder": ("FolderParams", "folder"),
    "testing.synthetic": ("SyntheticOptions", "write_site"),
    "training.fit": ("FitOptions", "check_fit", "cross_validate", "fit"),
}
_HOME_OF = {name: f"cropmap.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: PLE0604 - the names are texts
    "__version__",
    *sorted(_HOME_OF),
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        message = f"module 'cropmap' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
