"""A demo world with known truth, written as the files that users have.

>>> from pathlib import Path
>>> site = write_site(Path("demo"), SyntheticOptions(site="vojvodina", size=256))  # doctest: +SKIP
>>> site.truth  # doctest: +SKIP
PosixPath('demo/truth.tif')

What is drawn, and from which formulas, is told in docs/synthetic.md.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.warp import transform

from cropmap.contract.errors import OutputError, ParameterError
from cropmap.contract.params import check, schema
from cropmap.contract.params import param as parameter
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA, Legend, LegendClass, legend_from_names
from cropmap.io.files import atomic_write_text
from cropmap.testing import files, weather
from cropmap.testing.history import (
    Plan,
    YearCover,
    label_raster,
    plan_rotations,
    with_background,
    year_cover,
)
from cropmap.testing.images import (
    OFFSET,
    SCALE,
    SENSORS,
    Acquisition,
    View,
    acquire,
    acquisition_dates,
    day_of_year,
    within_fields,
)
from cropmap.testing.landscape import Land, draw_land
from cropmap.testing.mixtures import PIXEL_M, Mixtures, mix
from cropmap.testing.noise import stream
from cropmap.testing.phenology import BANDS, NAMES, UNCLASSED, WATER, Crop, Variation, field_years, year_shift
from cropmap.testing.sites import SITES, SiteTraits
from cropmap.testing.survey import Survey, draw_survey
from cropmap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator


AnyT = TypeVar("AnyT", bound=np.generic)


@dataclass(frozen=True)
class SyntheticOptions:
    """What the demo world is like.

    The fields depend on site, size, seed and field scale only: other years, sensors and skies show the same land, and
    every year's crops follow one rotation.

    Raises:
        ParameterError: A value out of its bounds.
    """

    site: str = parameter("corn_belt", help="Which site.", choices=tuple(SITES))
    size: int = parameter(256, help="Pixels of 30 m along the edge of the square site.", low=16, high=8192)
    year: int = parameter(2023, help="Year of the images, the truth and the points.", low=1990, high=2100)
    seed: int = parameter(1, help="Another seed draws another land.", low=0, high=2**31 - 1)
    sensor: str = parameter("landsat8", help="landsat7 has gaps since 2003.", choices=tuple(SENSORS))
    revisit_days: int = parameter(8, help="Time between images.", unit="days", low=1, high=64)
    cloud_share: float = parameter(0.35, help="Share of the season's pixels under cloud.", low=0, high=0.95)
    points: int = parameter(400, help="Surveyed points.", low=0, high=1_000_000)
    wrong_labels: float = parameter(0.0, help="Share of surveyed points with a wrong class.", low=0, high=1)
    history_years: int = parameter(10, help="Years of label rasters before the year's own.", low=0, high=60)
    label_error: float = parameter(0.06, help="Share of wrong pixels in the label rasters.", low=0, high=0.5)
    rotation_breaks: float = parameter(0.03, help="Share of field years off their rotation.", low=0, high=0.5)
    season_shift_days: float = parameter(0.0, help="Days by which the season is later.", low=-60, high=60)
    soil_brightness: float = parameter(1.0, help="Factor on the soil's reflectance.", low=0.3, high=2)
    field_scale: float = parameter(1.0, help="Factor on the lengths of the field pattern.", low=0.2, high=3)
    variation: float = parameter(1.0, help="Differences between years, fields and plants; 0 for none.", low=0, high=3)
    noise: float = parameter(1.0, help="Noise of air and sensor; 0 for none.", low=0, high=5)
    images: bool = parameter(default=True, help="Write the images.")
    history: bool = parameter(default=True, help="Write the label rasters and each year's truth.")

    def __post_init__(self) -> None:
        problems = check(schema(SyntheticOptions), self.__dict__)
        if problems:
            raise ParameterError(problems, where="synthetic site")

    @property
    def traits(self) -> SiteTraits:
        """The site's."""
        return SITES[self.site]

    @property
    def frame(self) -> files.Frame:
        """Where the site lies."""
        return files.Frame(self.traits.epsg, self.traits.west, self.traits.north, PIXEL_M, self.size)


@dataclass(frozen=True)
class SyntheticSite:
    """What was written.

    Args:
        folder: Holds everything.
        images: Folder of the images; empty where none were asked for.
        fields: Polygons with `class`, `field_id`, `group`, `area_ha` (GeoPackage, the site's CRS).
        points: Surveyed points with `class`, `id`, `group` (GeoPackage, EPSG:4326).
        points_csv: The same as text, with `lon` and `lat`.
        truth: The year's class of every pixel, Byte; 255 on roads, houses and gardens, which have no class.
        truths: Truth of each year of the history, by year.
        history: Label rasters with errors, by year, the images' year included.
        confidence: The year's label raster's confidence, percent; None without history.
        legend: Classes of the truth; codes are those of the Cropland Data Layer.
        history_legend: Classes of the label rasters: the same and three of developed land.
        dates: Of the images, ascending.
        bands: Of each date, in the order of `SENSORS`' numbers.
    """

    folder: Path
    images: Path
    fields: Path
    points: Path
    points_csv: Path
    truth: Path
    truths: Mapping[int, Path]
    history: Mapping[int, Path]
    confidence: Path | None
    legend: Legend
    history_legend: Legend
    dates: tuple[dt.date, ...]
    bands: tuple[str, ...]


def site_legend(site: str) -> Legend:
    """Return the classes of a site's truth, in the codes of the Cropland Data Layer."""
    return _legend(SITES[site].classes)


def season_crops(options: SyntheticOptions) -> dict[int, Crop]:
    """Return every cover's mean year as asked for: the site's, moved by the year and the season's shift."""
    spread = Variation().year_days * options.variation
    days = options.season_shift_days + year_shift(options.site, options.year, spread)
    return {code: crop.moved(days) for code, crop in options.traits.crops.items()}


def write_site(folder: Path | str, options: SyntheticOptions, progress: Progress | None = None) -> SyntheticSite:
    """Draw a site and write its images, fields, survey, truth and label history.

    Args:
        folder: Written to; made where it is missing. A site of the same options that is there already is taken as it
            is; another year, sensor or site needs another folder.
        options: What the site is like.
        progress: Told of every date.

    Raises:
        OutputError: A file cannot be written, or the folder holds other images.
        Cancelled: The user stopped it; files written by then stay.
    """
    progress = progress or Progress()
    paths = _paths(Path(folder), options)
    marker, wanted = paths.folder / "site.json", json.dumps({"version": __version__, **asdict(options)}) + "\n"
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return paths
    marker.unlink(missing_ok=True)
    world = draw_world(options)
    progress.at(0.05, "Drew the land")
    _write_survey(paths, world)
    files.write_classes(paths.truth, _image(world.cover.truth, options), options.frame, paths.legend)
    if options.history:
        _write_history(paths, world, progress.part(0.05, 0.25))
    if options.images:
        _write_images(paths, world, progress.part(0.25 if options.history else 0.05, 1.0))
    atomic_write_text(marker, wanted)
    progress.at(1.0, "Wrote the demo site")
    return paths


@dataclass(frozen=True)
class World:
    """A site before it is written.

    Args:
        options: What it is like.
        land: Its parcels.
        plan: Their rotations.
        mixtures: What every pixel holds.
        covers: Of every parcel in the options' year, (parcel,), uint8.
        cover: What every pixel is in that year.
    """

    options: SyntheticOptions
    land: Land
    plan: Plan
    mixtures: Mixtures
    covers: NDArray[np.uint8]
    cover: YearCover


def draw_world(options: SyntheticOptions) -> World:
    """Draw a site's land and crops; images come from `acquisitions`."""
    land = draw_land(options.site, options.size * PIXEL_M, options.seed, options.field_scale)
    plan = plan_rotations(land, options.traits.rotations, options.rotation_breaks, options.seed)
    mixtures = mix(land, options.size)
    covers = plan.covers(options.year)
    return World(options, land, plan, mixtures, covers, year_cover(mixtures, covers))


def acquisitions(world: World, progress: Progress | None = None) -> Iterator[Acquisition]:
    """Take the images of a world, date by date."""
    options, traits = world.options, world.options.traits
    view = _view(world)
    dates = acquisition_dates(options.year, options.revisit_days, traits.path_row)
    rng = stream(options.seed, "sky", options.site, options.year, options.sensor)
    shares = weather.cloud_shares(options.cloud_share, len(dates), rng)
    for number, date in enumerate((progress or Progress()).over(dates, "Taking images")):
        day_rng = stream(options.seed, "date", options.site, options.sensor, date.toordinal())
        yield acquire(view, date, _forecast(options, date, float(shares[number]), day_rng), day_rng)


def _view(world: World) -> View:
    options = world.options
    mean = Variation()
    spread = Variation(
        *(
            value * options.variation
            for value in (mean.timing_days, mean.length_days, mean.vigour, mean.colour, mean.soil)
        )
    )
    soil = np.array(options.traits.soil) * options.soil_brightness
    years = field_years(
        with_background(world.covers),
        season_crops(options),
        (soil[0], soil[1], soil[2], soil[3], soil[4], soil[5]),
        stream(options.seed, "fields", options.site, options.year),
        spread,
    )
    later, vigour, brightness = within_fields(world.mixtures, options.variation, options.seed, options.year)
    water = _image(world.cover.majority == WATER, options)
    return View(world.mixtures, years, later, vigour, brightness, water, SENSORS[options.sensor], options.noise)


def _forecast(
    options: SyntheticOptions, date: dt.date, cloud_share: float, rng: np.random.Generator
) -> weather.Forecast:
    day = day_of_year(date)
    shift = weather.shadow_shift(weather.sun(options.traits.latitude, day), rng.uniform(700, 2200))
    snow = float(np.clip((options.traits.snow_until - day) / 15, 0, 0.8))
    cirrus = float(rng.uniform(0.1, 0.6)) if rng.random() < 0.2 else 0.0
    # "No clouds" is asked for to see the ground.
    fair = options.cloud_share > 0
    return weather.Forecast(cloud_share, snow * fair, cirrus * fair, shift, options.noise)


def _legend(codes: tuple[int, ...]) -> Legend:
    colours = {found.name: found.colour for found in legend_from_names(NAMES.values()).classes}
    # The two greens of hay and pasture have one word in the library's table of colours.
    colours |= {
        NAMES[36]: "#ffa5e2",
        NAMES[176]: "#9ccb66",
        NAMES[121]: "#ddd0d0",
        NAMES[122]: "#9b9b9b",
        NAMES[123]: "#b8b0a0",
    }
    return Legend(tuple(LegendClass(code, NAMES[code], colours[NAMES[code]]) for code in codes))


def _image(values: NDArray[AnyT], options: SyntheticOptions) -> NDArray[AnyT]:
    return values.reshape(options.size, options.size)


def _paths(folder: Path, options: SyntheticOptions) -> SyntheticSite:
    years = range(options.year - options.history_years, options.year + 1) if options.history else range(0)
    labels = folder / "labels"
    for made in (folder, *([folder / "images"] if options.images else []), *([labels] if options.history else [])):
        files.make_folder(made)
    dates = acquisition_dates(options.year, options.revisit_days, options.traits.path_row) if options.images else ()
    return SyntheticSite(
        folder=folder,
        images=folder / "images",
        fields=folder / "fields.gpkg",
        points=folder / "points.gpkg",
        points_csv=folder / "points.csv",
        truth=folder / "truth.tif",
        truths={year: labels / f"truth_{year}.tif" for year in years},
        history={year: labels / f"labels_{year}.tif" for year in years},
        confidence=labels / f"confidence_{options.year}.tif" if options.history else None,
        legend=site_legend(options.site),
        history_legend=_legend(tuple(sorted((*options.traits.classes, *UNCLASSED)))),
        dates=dates,
        bands=BANDS,
    )


def _refuse_other_images(folder: Path, wanted: set[str]) -> None:
    """Refuse a folder with images of another year or sensor: a reader would take all for one season."""
    others = sorted(path.name for path in folder.glob("*.tif") if path.name not in wanted)
    if others:
        raise OutputError(
            f"The folder holds {len(others)} other images, e.g. {others[0]}.",
            where=str(folder),
            fix="Choose another folder, or empty this one.",
        )


def _stem(options: SyntheticOptions, number: int, date: dt.date) -> str:
    """Return the start of a date's file names; two satellites take turns where one does not come as often."""
    prefixes = SENSORS[options.sensor].prefixes
    prefix = prefixes[number % len(prefixes) if options.revisit_days < 16 else 0]
    return f"{prefix}_{options.traits.path_row}_{date:%Y%m%d}"


def _image_names(options: SyntheticOptions, number: int, date: dt.date) -> list[str]:
    """Return the names of a date's files: its bands, then its quality."""
    stem = _stem(options, number, date)
    return [*(f"{stem}_SR_B{band}.tif" for band in SENSORS[options.sensor].numbers), f"{stem}_QA_PIXEL.tif"]


def _write_images(paths: SyntheticSite, world: World, progress: Progress) -> None:
    options = world.options
    names = [_image_names(options, number, date) for number, date in enumerate(paths.dates)]
    _refuse_other_images(paths.images, {name for of_date in names for name in of_date})
    profile = options.frame.profile("uint16", 0)
    quality_profile = options.frame.profile("uint16", 1)
    for of_date, taken in zip(names, acquisitions(world, progress), strict=True):
        for name, numbers in zip(of_date, taken.numbers, strict=False):
            files.write_raster(paths.images / name, numbers, profile, SCALE, OFFSET)
        files.write_raster(paths.images / of_date[-1], taken.quality, quality_profile)


def _write_history(paths: SyntheticSite, world: World, progress: Progress) -> None:
    options = world.options
    for year in progress.over(tuple(paths.history), "Writing label rasters"):
        cover = year_cover(world.mixtures, world.plan.covers(year))
        rng = stream(options.seed, "labels", options.site, year)
        labels = label_raster(cover, world.mixtures, options.label_error, options.traits.classes, rng)
        files.write_classes(paths.truths[year], _image(cover.truth, options), options.frame, paths.legend)
        files.write_classes(paths.history[year], _image(labels.codes, options), options.frame, paths.history_legend, 0)
        if year == options.year and paths.confidence is not None:
            profile = options.frame.profile("uint8", NODATA)
            files.write_raster(paths.confidence, _image(labels.confidence, options), profile)


def _write_survey(paths: SyntheticSite, world: World) -> None:
    options, land = world.options, world.land
    classed = np.flatnonzero(~np.isin(world.covers, UNCLASSED))
    files.write_vectors(
        paths.fields,
        shapely.transform(land.geometry[classed], lambda points: points + _corner(options)),
        {
            "field_id": np.array([f"F{number + 1:06d}" for number in classed], dtype=object),
            "class": _names(world.covers[classed]),
            "group": np.array([f"G{number:07d}" for number in land.group[classed]], dtype=object),
            "area_ha": np.round(land.area_m2[classed] / 1e4, 2),
        },
        options.traits.epsg,
    )
    rng = stream(options.seed, "survey", options.site, options.year)
    survey = draw_survey(world.cover, world.mixtures, options.points, options.wrong_labels, rng)
    columns = _survey_columns(survey)
    lon, lat = _lon_lat(survey, options)
    files.write_vectors(paths.points, shapely.points(lon, lat), columns, 4326)
    files.write_points_csv(paths.points_csv, {"id": columns["id"], "lon": lon, "lat": lat, "class": columns["class"],
                                              "group": columns["group"]})  # fmt: skip


def _survey_columns(survey: Survey) -> dict[str, NDArray[np.object_]]:
    return {
        "id": np.array([f"P{number + 1:05d}" for number in range(len(survey.codes))], dtype=object),
        "class": _names(survey.codes),
        "group": np.array([f"F{parcel:06d}" for parcel in survey.parcels], dtype=object),
    }


def _names(codes: NDArray[np.uint8]) -> NDArray[np.object_]:
    return np.array([NAMES[int(code)] for code in codes], dtype=object)


def _corner(options: SyntheticOptions) -> NDArray[np.float64]:
    return np.array([options.traits.west, options.traits.north - options.size * PIXEL_M])


def _lon_lat(survey: Survey, options: SyntheticOptions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = options.traits.west + survey.x
    y = options.traits.north - survey.y
    lon, lat = transform(f"EPSG:{options.traits.epsg}", "EPSG:4326", x.tolist(), y.tolist())
    return np.round(lon, 7), np.round(lat, 7)
