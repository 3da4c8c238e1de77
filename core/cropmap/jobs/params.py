"""Parameters that several job kinds share.

A dataclass lists the fields of its last base first: so bases stand here in the reverse order of the forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cropmap.contract.params import param


@dataclass(frozen=True, kw_only=True)
class ImagesParams:
    """Where the images come from."""

    images: Any = param(kind="entry", registry="sources", help="The season's images.")


@dataclass(frozen=True, kw_only=True)
class RecipeParams:
    """How series are prepared."""

    recipe: Any = param(
        "weekly_linear", kind="entry", registry="recipes", help="How cloudy, irregular series become regular ones."
    )


@dataclass(frozen=True, kw_only=True)
class CsvParams:
    """Where the coordinates of a CSV are."""

    x_field: str = param(
        "",
        title="X column",
        help="Column of a CSV that holds x or longitude; found by itself where obvious.",
        advanced=True,
    )
    y_field: str = param("", title="Y column", help="Column of a CSV that holds y or latitude.", advanced=True)


@dataclass(frozen=True, kw_only=True)
class LabelParams(CsvParams):
    """Where labels come from."""

    samples: str = param(
        kind="file",
        help="Labelled points or polygons (any vector format, or CSV with coordinates), or a table of labelled series "
        "(.npz).",
    )
    class_field: str = param("", help="Field that holds the class; found by itself where its name is obvious.")
    layer: str = param("", help="Layer of the samples file, where it holds several.", advanced=True)
    id_field: str = param("", help="Field that identifies each sample; numbered where empty.", advanced=True)
    group_field: str = param(
        "",
        help="Field of the farm or parcel that several samples share, which no fold splits; found by itself where its "
        "name is obvious, none leaves each sample alone.",
        advanced=True,
    )
    samples_crs: str = param(
        "",
        title="Samples' CRS",
        help="Coordinate system where the samples file names none, e.g. EPSG:4326.",
        advanced=True,
    )
    legend: str = param(
        "",
        kind="file",
        help="Legend file (JSON) with codes, names and colours; made from the labels where empty.",
        advanced=True,
    )
    other_class: str = param(
        "",
        help="Class of the legend that takes all labels which the legend lacks; they are refused where empty.",
        advanced=True,
    )
    inner_buffer_m: float = param(
        0.0, title="Inner buffer", help="Leave out pixels this near to a polygon's edge.", unit="m", low=0, high=1000
    )
    per_polygon: int = param(
        0, title="Pixels per polygon", help="At most this many pixels of each polygon; 0 takes all.", low=0, high=100000
    )


@dataclass(frozen=True, kw_only=True)
class SplitParams:
    """How samples are split so that no test sample has a near neighbour in training."""

    folds: int = param(5, help="Folds of the spatial cross-validation.", low=2, high=20)
    block_km: float = param(
        10.0,
        title="Block size",
        help="Edge of the square blocks that stay together in one fold; made smaller by itself on small sites, down to "
        "100 m.",
        unit="km",
        low=0.01,
        high=500,
    )


@dataclass(frozen=True, kw_only=True)
class DeviceParams:
    """What computes."""

    device: str = param(
        "auto",
        choices=("auto", "cpu", "cuda"),
        help="What computes neural models; auto takes a GPU where there is one.",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class ModelParams(DeviceParams):
    """Which model is fitted, and on what."""

    model: Any = param("random_forest", kind="entry", registry="models", help="The classifier of pixel series.")


@dataclass(frozen=True, kw_only=True)
class SeedParams:
    """What makes a run repeatable."""

    seed: int = param(0, help="The same seed gives the same result.", low=0, high=2**31 - 1, advanced=True)


@dataclass(frozen=True, kw_only=True)
class LabelledParams(SeedParams, SplitParams, LabelParams):
    """What labelled series are made from."""


@dataclass(frozen=True, kw_only=True)
class FitParams(SeedParams, SplitParams, ModelParams):
    """What a fit takes."""

    validation_share: float = param(
        0.2, help="Share of the training blocks that decides when training stops.", low=0.05, high=0.5, advanced=True
    )


@dataclass(frozen=True, kw_only=True)
class MapParams(DeviceParams):
    """How the map is computed and written."""

    confidence: bool = param(True, help="Also write the probability of the mapped class, in percent.")
    threads: int = param(0, help="Blocks computed at a time; 0 takes all cores.", low=0, high=256, advanced=True)
    block: int = param(
        0,
        title="Block size",
        help="Edge of the blocks; 0 follows the images' own tiles.",
        unit="pixels",
        low=0,
        high=4096,
        advanced=True,
    )
