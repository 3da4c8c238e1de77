"""What the files of usual sensors hold: their bands' roles, scales, fill numbers, ranges and masks, as data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cropmap.contract.errors import SourceError
from cropmap.sources.files import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cropmap.sources.folder import FolderParams
    from cropmap.sources.layers import Layer

# Crops reflect 0 to 1. Atmospheric correction is specified to 0.005 + 5 % of the value (Vermote and Kotchenova 2008,
# doi:10.1029/2007JD009662); two to four times that is let pass, and what lies beyond is cloud, glint or a failure.
REFLECTANCE = (-0.02, 1.1)


@dataclass(frozen=True)
class SensorBand:
    """A band of a product.

    Args:
        role: Its name in the series; one of `data.bands.ROLES` where it has one.
        names: Its names in files, without regard to case; the product's own comes first.
        nodata: Its fill number, where it is not the sensor's.
    """

    role: str
    names: tuple[str, ...]
    nodata: float | None = None


@dataclass(frozen=True)
class Sensor:
    """A product.

    Args:
        title: What it is.
        product: Says in paths and band descriptions that a file is of this product, as a regular expression.
        bands: Its bands, in the order of a series.
        scale: Factor from stored numbers to physical values.
        offset: Added after scaling.
        nodata: Fill number.
        valid_range: Lowest and highest physical value that is believed.
        masks: Its mask layers, as a user would write them.
        variants: What names the resolution or variant of a band in file names, as a regular expression; of several
            the finest is taken, and of equally fine ones the variant that sorts first.
    """

    title: str
    product: str
    bands: tuple[SensorBand, ...]
    scale: float
    offset: float
    nodata: float
    valid_range: tuple[float, float]
    masks: tuple[str, ...]
    variants: str = ""


_COMMON = {"nir": ("nir", "nir08"), "swir1": ("swir1", "swir16"), "swir2": ("swir2", "swir22")}
_OLI = {"coastal": 1, "blue": 2, "green": 3, "red": 4, "nir": 5, "swir1": 6, "swir2": 7}
_TM = {"blue": 1, "green": 2, "red": 3, "nir": 4, "swir1": 5, "swir2": 7}
_MSI = {"coastal": 1, "blue": 2, "green": 3, "red": 4, "rededge1": 5, "rededge2": 6, "rededge3": 7}


def _numbered(role: str, number: int, *more: str) -> SensorBand:
    plain = (f"B{number:02d}", f"B{number}")
    return SensorBand(role, tuple(dict.fromkeys((*more, *plain, *_COMMON.get(role, (role,))))))


def _landsat(numbers: dict[str, int]) -> tuple[SensorBand, ...]:
    return tuple(_numbered(role, number, f"SR_B{number}") for role, number in numbers.items())


def _sentinel(*infrared: SensorBand) -> tuple[SensorBand, ...]:
    visible = tuple(_numbered(role, number) for role, number in _MSI.items())
    return (*visible, *infrared, _numbered("swir1", 11), _numbered("swir2", 12))


_INFRARED = (SensorBand("nir", ("B08", "B8", "nir")), SensorBand("nir_narrow", ("B8A", "nir08", "nir_narrow")))


SENSORS: dict[str, Sensor] = {
    # USGS LSDS-1619, Landsat 8-9 Collection 2 Level 2 Science Product Guide.
    "landsat_8_9": Sensor(
        title="Landsat 8 and 9, Collection 2 Level 2",
        product=r"L[COT]0[89]_",
        bands=_landsat(_OLI),
        scale=2.75e-5,
        offset=-0.2,
        nodata=0,
        valid_range=REFLECTANCE,
        masks=("QA_PIXEL", "QA_RADSAT"),
    ),
    # USGS LSDS-1618, Landsat 4-7 Collection 2 Level 2 Science Product Guide.
    "landsat_4_7": Sensor(
        title="Landsat 4 to 7, Collection 2 Level 2",
        product=r"L[TE]0[457]_",
        bands=_landsat(_TM),
        scale=2.75e-5,
        offset=-0.2,
        nodata=0,
        valid_range=REFLECTANCE,
        masks=("QA_PIXEL", "QA_RADSAT"),
    ),
    # ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD); the offset since processing baseline 04.00.
    "sentinel_2_l2a": Sensor(
        title="Sentinel-2 Level 2A of ESA",
        product=r"_MSIL2A_",
        bands=_sentinel(*_INFRARED),
        scale=1e-4,
        offset=0.0,
        nodata=0,
        valid_range=REFLECTANCE,
        masks=("SCL", "CLM", "CLP"),
        variants=r"_?(?:10|20|60)m(?![0-9A-Za-z])",
    ),
    # NASA, HLS Product User Guide 2.0 (doi:10.5067/HLS/HLSL30.002).
    "hls_l30": Sensor(
        title="HLS L30: Landsat 8 and 9, harmonised",
        product=r"HLS\.?L30",
        bands=_landsat(_OLI),
        scale=1e-4,
        offset=0.0,
        nodata=-9999,
        valid_range=REFLECTANCE,
        masks=("Fmask",),
    ),
    # The same (doi:10.5067/HLS/HLSS30.002). HLS adjusts B8A, not the broader B08, to Landsat's near infrared.
    "hls_s30": Sensor(
        title="HLS S30: Sentinel-2, harmonised",
        product=r"HLS\.?S30",
        bands=_sentinel(SensorBand("nir", ("B8A", "nir08")), SensorBand("nir_broad", ("B08", "B8", "nir_broad"))),
        scale=1e-4,
        offset=0.0,
        nodata=-9999,
        valid_range=REFLECTANCE,
        masks=("Fmask",),
    ),
    # CNES and CESBIO, MAJA and Theia Sentinel-2 Level 2A product format.
    "maja_sentinel_2": Sensor(
        title="Sentinel-2 of MAJA (Theia, Sen2Agri)",
        product=r"SENTINEL2[A-D]_",
        bands=_sentinel(*_INFRARED),
        scale=1e-4,
        offset=0.0,
        nodata=-10000,
        valid_range=REFLECTANCE,
        masks=("CLM", "CLD", "EDG", "SAT", "MG2"),
        variants=r"_?(?:FRE|SRE)(?![0-9A-Za-z])|_?R[12](?![0-9A-Za-z])",
    ),
    # NASA, MODIS Vegetation Index User's Guide, Collection 6.1 (doi:10.5067/MODIS/MOD13Q1.061).
    "mod13q1": Sensor(
        title="MODIS MOD13Q1 and MYD13Q1, 16-day vegetation indices",
        product=r"M[OY]D13",
        bands=(
            SensorBand("NDVI", ("NDVI",)),
            SensorBand("EVI", ("EVI",)),
            SensorBand("blue", ("blue_reflectance", "blue", "sur_refl_b03"), -1000),
            SensorBand("red", ("red_reflectance", "red", "sur_refl_b01"), -1000),
            SensorBand("nir", ("NIR_reflectance", "nir", "sur_refl_b02"), -1000),
            # Band 7, 2105 to 2155 nm.
            SensorBand("swir2", ("MIR_reflectance", "mir", "sur_refl_b07"), -1000),
        ),
        scale=1e-4,
        offset=0.0,
        nodata=-3000,
        valid_range=(-0.2, 1.0),
        masks=("pixel_reliability", "SummaryQA"),
    ),
}
# Level 1 of the same satellites: top of the atmosphere, other scales.
_LEVEL_1 = re.compile(r"L[A-Z]\d\d_L1[A-Z]{2}_|_MSIL1C_", re.IGNORECASE)

_BASELINE = re.compile(r"_N(\d\d)\d\d_")
_OFFSET_SINCE = dt.date(2022, 1, 25)  # Processing baseline 04.00 becomes operational.
_BOA_OFFSET = -1000


def as_sensor(layers: Sequence[Layer], params: FolderParams) -> tuple[list[Layer], list[str]]:
    """Name a sensor's bands by their roles, and leave out what is not of it.

    Args:
        layers: What the folder holds.
        params: Which sensor, and where the folder is.

    Returns:
        The layers, and notes for the user.

    Raises:
        SourceError: The folder holds no band of the sensor.
    """
    if not params.sensor:
        return list(layers), []
    sensor = SENSORS[params.sensor]
    given = Path(params.path).expanduser()
    root = str(given if given.is_dir() else given.parent)
    products = [_product(layer, root) for layer in layers]
    own = [layer for layer, product in zip(layers, products, strict=True) if product in ("", params.sensor)]
    others = dict.fromkeys(
        _shown(layer, root)
        for layer, product in zip(layers, products, strict=True)
        if product not in ("", params.sensor)
    )
    named = [_named(layer, sensor) for layer in own]
    if not any(layer.file_band for layer in named):
        found = list(dict.fromkeys(layer.band for layer in layers))
        raise SourceError(
            f"The folder holds no band of {sensor.title}: {', '.join(found)}"
            f"{'; its files are of another product' if others else ''}.",
            where=params.path,
            fix=f"Looked for {', '.join(band.names[0] for band in sensor.bands)}. Choose another sensor, or none.",
        )
    notes = []
    if others:
        notes.append(f"{len(others)} files are not of {sensor.title} and are left out: {some(list(others))}.")
    return _finest(named, sensor) if sensor.variants else named, notes


def _product(layer: Layer, root: str) -> str:
    """Return the sensor that a path or a band's description names; empty where it names none."""
    text = f"{_shown(layer, root)} {layer.number.name}"
    if _LEVEL_1.search(text):
        return "level 1"
    named = [name for name, sensor in SENSORS.items() if re.search(sensor.product, text, re.IGNORECASE)]
    return named[0] if named else ""


def _shown(layer: Layer, root: str) -> str:
    return layer.info.path.replace(root, "").lstrip("/\\")


def _named(layer: Layer, sensor: Sensor) -> Layer:
    band = next((band for band in sensor.bands if _is(layer.band, band.names)), None)
    return layer if band is None else dataclasses.replace(layer, band=band.role, file_band=layer.band)


def _is(name: str, names: Sequence[str]) -> bool:
    """Tell whether a band has one of the names, with other words or a resolution around it; ST_B6 is no B6."""
    form = rf"(?!.*(?:\b|_)(?:ST|TOA)_)(?:.*[_\-. ])?(?:{'|'.join(names)})(?:_(?:10|20|60)m)?"
    return re.fullmatch(form, name, re.IGNORECASE) is not None


def _finest(layers: Iterable[Layer], sensor: Sensor) -> list[Layer]:
    """Keep one layer of each band of an acquisition: the finest, and of equally fine ones the first variant."""
    best: dict[tuple[dt.date, str, str, str], Layer] = {}
    for layer in layers:
        rest = re.sub(sensor.variants, "", layer.rest, flags=re.IGNORECASE)
        variants = "".join(re.findall(sensor.variants, layer.rest, flags=re.IGNORECASE))
        key = (layer.date, rest, layer.band, "" if variants else f"{layer.info.path} {layer.number.index}")
        rival = best.get(key)
        if rival is None or _rank(layer) < _rank(rival):
            best[key] = layer
    return [dataclasses.replace(layer, rest=key[1]) for key, layer in best.items()]


def _rank(layer: Layer) -> tuple[float, str]:
    return layer.info.grid.pixel_width, layer.rest


def numbers_of(layer: Layer, params: FolderParams) -> tuple[float, float, float | None]:
    """Return scale, offset and no-data number of a band: the user's, else the file's own, else the sensor's.

    The user's scale comes with the user's offset.
    """
    number = layer.number
    scale, offset, nodata = number.scale, number.offset, number.nodata
    if layer.file_band:
        scale, offset, usual = _sensor_numbers(layer, params)
        nodata = usual if nodata is None else nodata
    if params.scale:
        scale, offset = params.scale, params.offset
    elif params.offset:
        offset = params.offset
    return scale, offset, float(params.nodata) if params.nodata else nodata


def _sensor_numbers(layer: Layer, params: FolderParams) -> tuple[float, float, float]:
    sensor, number = SENSORS[params.sensor], layer.number
    band = next(band for band in sensor.bands if band.role == layer.band)
    nodata = sensor.nodata if band.nodata is None else band.nodata
    said = (number.scale, number.offset) != (1.0, 0.0)
    scale, offset = (number.scale, number.offset) if said else (sensor.scale, sensor.offset)
    if params.sensor == "sentinel_2_l2a" and (params.boa_offset != "auto" or not offset):
        offset = _boa_offset(layer, params.boa_offset) * scale
    return scale, offset, nodata


def _boa_offset(layer: Layer, choice: str) -> int:
    """Return BOA_ADD_OFFSET: as the user says, or by the processing baseline in the path, or else by the date."""
    if choice != "auto":
        return _BOA_OFFSET if choice == "yes" else 0
    baselines = _BASELINE.findall(layer.info.path)
    has = int(baselines[-1]) >= 4 if baselines else layer.date >= _OFFSET_SINCE
    return _BOA_OFFSET if has else 0


def sensor_notes(layers: Sequence[Layer], params: FolderParams) -> list[str]:
    """Tell what was decided about the numbers of a sensor's bands, and what looks wrong."""
    named = [layer for layer in layers if layer.file_band]
    if not named:
        return []
    notes = []
    plain = [layer for layer in named if (layer.number.scale, layer.number.offset) == (1.0, 0.0)]
    floats = list(dict.fromkeys(layer.band for layer in plain if layer.number.dtype.startswith("float")))
    if floats and not params.scale:
        scale = SENSORS[params.sensor].scale
        notes.append(
            f"{some(floats)} are stored as floating-point numbers and may be scaled already; they are multiplied by "
            f"{scale:g}. If they are reflectances, give the scale 1."
        )
    if params.sensor == "sentinel_2_l2a" and params.boa_offset == "auto" and not params.scale:
        notes += _offset_notes([layer for layer in named if not layer.number.offset])
    return notes


def _offset_notes(layers: Sequence[Layer]) -> list[str]:
    """Say on how many dates Sentinel-2's offset is taken off, and by what sign."""
    dates = {layer.date for layer in layers}
    with_it = {layer.date for layer in layers if _boa_offset(layer, "auto")}
    if not with_it:
        return []
    guessed = not all(_BASELINE.search(layer.info.path) for layer in layers)
    how = "by the date: give boa_offset no if they are harmonised already" if guessed else "by the processing baseline"
    return [f"Sentinel-2's offset of {_BOA_OFFSET} is applied on {len(with_it)} of {len(dates)} dates, {how}."]
