"""Parameters that several job kinds share.

A dataclass lists the fields of its last base first: so bases stand here in the reverse order of the forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cropmap.contract.params import param
from cropmap.data.samples import SPLITS


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
    scheme: str = param(
        "",
        kind="scheme",
        title="Class scheme",
        help="Which labels become which classes: a preset (corn_soybean_other, cdl_major, vojvodina_7, brittany_9), or "
        "entries such as: Corn = maize, 1; Other = rye; left out = mixed; rest = Other. Empty: each label is a class.",
    )
    unit: str = param(
        "pixels",
        title="A sample is",
        choices=("pixels", "parcels"),
        help="pixels: each pixel inside a polygon is a sample. parcels: each polygon is one, the mean series of its "
        "pixels; points stand for their pixel.",
    )
    inner_buffer_m: float = param(
        0.0, title="Inner buffer", help="Leave out pixels this near to a polygon's edge.", unit="m", low=0, high=1000
    )
    per_polygon: int = param(
        0, title="Pixels per polygon", help="At most this many pixels of each polygon; 0 takes all.", low=0, high=100000
    )
    total: int = param(
        0,
        title="Samples drawn",
        help="At most this many of the labelled pixels, drawn at random; 0 takes all. Parcels are always all taken.",
        low=0,
        high=10_000_000,
        advanced=True,
    )
    allocation: str = param(
        "equal",
        choices=("equal", "proportional", "random"),
        help="How the samples drawn are shared out to the classes: the same for each; by how many there are; or as "
        "chance has it.",
        advanced=True,
    )
    min_distance_m: float = param(
        0.0,
        title="Smallest distance",
        help="No two labelled pixels that are taken lie nearer to each other; 0 allows neighbours.",
        unit="m",
        low=0,
        high=100_000,
        advanced=True,
    )
    min_clear_share: float = param(
        0.5,
        title="Clear share of a parcel",
        help="A date is clear for a parcel where at least this share of its pixels is.",
        low=0,
        high=1,
        advanced=True,
    )
    fields: str = param(
        "",
        kind="vector",
        title="Field outlines",
        help="Polygons of fields: samples that stand in the same one form a group, which no fold splits.",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class SplitParams:
    """How samples are split so that no test sample has a near neighbour in training."""

    split: str = param(
        "blocks",
        choices=SPLITS,
        help="What folds keep whole: square blocks of land; groups, wherever they lie; with leave_site or leave_year "
        "each site or year in turn. stratified and random draw single samples and make the accuracy look too good. "
        "file takes the folds of the sample file.",
    )
    folds: int = param(
        5, help="Folds of the cross-validation; a site or year each where these are left out.", low=2, high=20
    )
    block_km: float = param(
        10.0,
        title="Block size",
        help="Edge of the square blocks that stay together in one fold; made smaller by itself on small sites, down to "
        "100 m. 0 takes the distance up to which the samples resemble each other.",
        unit="km",
        low=0,
        high=500,
    )
    gap_m: float = param(
        100.0,
        title="Gap",
        help="Samples nearer than this to a test sample do not train the model that it tests; 0 keeps no gap.",
        unit="m",
        low=0,
        high=100_000,
        advanced=True,
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
class JudgedParams:
    """Which map is judged."""

    class_map: str = param(kind="raster", help="Class map to be judged.")
    legend: str = param(
        "",
        help="What the map's codes mean: cdl for the Cropland Data Layer, or a legend file (JSON); the names in the "
        "map itself where empty.",
    )


@dataclass(frozen=True, kw_only=True)
class SeedParams:
    """What makes a run repeatable."""

    seed: int = param(0, help="The same seed gives the same result.", low=0, high=2**31 - 1, advanced=True)


@dataclass(frozen=True, kw_only=True)
class SiteParams:
    """Where samples come from, for sets of several sites."""

    site: str = param(
        "",
        help="Name of the study area, by which joined sample sets are told apart; where empty, that of the run folder "
        "when they are joined.",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class LabelledParams(SeedParams, SplitParams, SiteParams, LabelParams, ImagesParams):
    """What labelled series are made from."""


@dataclass(frozen=True, kw_only=True)
class ValidationParams(SeedParams):
    """What decides when a network stops."""

    validation_share: float = param(
        0.2, help="Share of the training blocks that decides when training stops.", low=0.05, high=0.5, advanced=True
    )


@dataclass(frozen=True, kw_only=True)
class FitParams(ValidationParams, SplitParams, ModelParams):
    """What a fit takes."""


@dataclass(frozen=True, kw_only=True)
class MapParams(DeviceParams):
    """How the map is computed and written."""

    confidence: bool = param(True, help="Also write the probability of the mapped class, in percent.")
    outside: bool = param(
        True,
        title="Area of applicability",
        help="Also write how far each pixel is from what the model learnt from, where the model tells.",
        advanced=True,
    )
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
