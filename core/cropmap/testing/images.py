"""What a satellite sees of a site on each date: reflectance of mixed pixels under a sky, as Landsat numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.testing import weather
from cropmap.testing.mixtures import Mixtures
from cropmap.testing.noise import smooth_field, stream
from cropmap.testing.phenology import BANDS, FieldYears, Parts, reflectance

if TYPE_CHECKING:
    from collections.abc import Iterator


# Landsat Collection 2 Level 2; source: LSDS-1619.
SCALE, OFFSET = 0.0000275, -0.2
# Rows that are computed at a time.
STRIP = 256


@dataclass(frozen=True)
class Sensor:
    """A satellite instrument.

    Args:
        prefixes: First part of its file names; several where satellites take turns.
        numbers: Band number of blue, green, red, nir, swir1, swir2.
        gain: Factor on reflectance by band against Landsat 8, for its wider bands (illustrative).
        has_cirrus: It sees thin cirrus.
        has_gaps: Its scan line corrector has failed.
    """

    prefixes: tuple[str, ...]
    numbers: tuple[int, int, int, int, int, int]
    gain: tuple[float, float, float, float, float, float]
    has_cirrus: bool
    has_gaps: bool


SENSORS: dict[str, Sensor] = {
    "landsat8": Sensor(
        ("LC08", "LC09"), (2, 3, 4, 5, 6, 7), gain=(1.0, 1.0, 1.0, 1.0, 1.0, 1.0), has_cirrus=True, has_gaps=False
    ),
    "landsat7": Sensor(
        ("LE07",), (1, 2, 3, 4, 5, 7), gain=(1.02, 1.03, 1.03, 0.96, 0.98, 0.99), has_cirrus=False, has_gaps=True
    ),
}


@dataclass(frozen=True)
class View:
    """What does not change between the dates.

    Args:
        mixtures: The pixels' parts.
        years: The parcels' season; row 0 is the land between parcels.
        later: Days by which plants of a pixel are late in their parcel, (pixel,), float32.
        vigour: Factor on their green cover, (pixel,), float32.
        brightness: Factor on the ground's reflectance, (pixel,), float32.
        water: True on water, (row, column).
        sensor: The instrument.
        noise: Factor on the sensor's and the air's noise.
    """

    mixtures: Mixtures
    years: FieldYears
    later: NDArray[np.float32]
    vigour: NDArray[np.float32]
    brightness: NDArray[np.float32]
    water: NDArray[np.bool_]
    sensor: Sensor
    noise: float

    def ground(self, day: float, rows: slice) -> NDArray[np.float32]:
        """Return the reflectance of some rows without sky and noise, (band, row, column)."""
        size = self.mixtures.size
        first = self.mixtures.first[rows.start * size : rows.stop * size + 1]
        parts = slice(int(first[0]), int(first[-1]))
        pixel = self.mixtures.pixel[parts]
        seen = reflectance(
            self.years,
            Parts(self.mixtures.parcel[parts], self.later[pixel], self.vigour[pixel], self.brightness[pixel]),
            day,
        )
        seen *= self.mixtures.share[parts]
        summed = np.add.reduceat(seen, first[:-1] - first[0], axis=1)
        return summed.reshape(len(BANDS), rows.stop - rows.start, size)


def within_fields(mixtures: Mixtures, variation: float, seed: int, year: int) -> tuple[NDArray[np.float32], ...]:
    """Draw how plants and ground differ within fields: days late, vigour, brightness, each (pixel,), float32."""
    shape = (mixtures.size, mixtures.size)
    # The soil is the same every year, the plants are not.
    soil = smooth_field(shape, 9.0, stream(seed, "soil"), 2.4)
    wet = smooth_field(shape, 12.0, stream(seed, "plants", year), 2.4)
    patchy = smooth_field(shape, 4.0, stream(seed, "patches", year), 2.0)
    later = 3.0 * variation * wet
    vigour = np.clip(1 + variation * (0.07 * patchy - 0.04 * soil), 0.4, 1.25)
    brightness = np.exp(0.13 * variation * soil)
    return tuple(np.ascontiguousarray(field.ravel(), dtype=np.float32) for field in (later, vigour, brightness))


@dataclass(frozen=True)
class Acquisition:
    """One date's files as numbers.

    Args:
        date: Of the acquisition.
        numbers: Reflectance as stored, (band, row, column), uint16; 0 where there is no image.
        quality: QA_PIXEL, (row, column), uint16.
        sky: What stood in the way.
    """

    date: dt.date
    numbers: NDArray[np.uint16]
    quality: NDArray[np.uint16]
    sky: weather.Sky


def acquisition_dates(year: int, revisit_days: int, path_row: str) -> tuple[dt.date, ...]:
    """Return a track's dates from 11 March to 27 October."""
    first = dt.date(year, 3, 11) + dt.timedelta(days=stream(0, "track", path_row).integers(0, 6).item())
    last = dt.date(year, 10, 27)
    return tuple(first + dt.timedelta(days=day) for day in range(0, (last - first).days + 1, revisit_days))


def day_of_year(date: dt.date) -> int:
    """Return 1 on the first of January."""
    return date.timetuple().tm_yday


def acquire(view: View, date: dt.date, forecast: weather.Forecast, rng: np.random.Generator) -> Acquisition:
    """Take the image of one date."""
    size = view.mixtures.size
    sky = weather.draw_sky(size, forecast, rng)
    fill = weather.gaps(size, rng) if view.sensor.has_gaps else np.zeros((size, size), dtype=bool)
    level = 1 + view.noise * rng.normal(0, 0.02)
    tint = 1 + view.noise * rng.normal(0, 0.012, len(BANDS))
    gain = (np.array(view.sensor.gain) * level * tint).astype(np.float32)[:, None, None]
    numbers = np.empty((len(BANDS), size, size), dtype=np.uint16)
    for rows in _strips(size):
        seen = _through_sky(view.ground(day_of_year(date), rows) * gain, sky, rows)
        spread = np.float32(0.006 * view.noise)
        seen += spread * rng.standard_normal(seen.shape, dtype=np.float32)
        numbers[:, rows] = stored(seen)
    numbers[:, fill] = 0
    quality = weather.quality_bits(sky, view.water, fill, has_cirrus=view.sensor.has_cirrus)
    return Acquisition(date, numbers, quality, sky)


def stored(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return reflectance as Landsat stores it; 0 is kept for "no image"."""
    numbers = np.rint((values - np.float32(OFFSET)) / np.float32(SCALE))
    kept: NDArray[np.uint16] = np.clip(numbers, 1, 65_455).astype(np.uint16)
    return kept


def _through_sky(ground: NDArray[np.float32], sky: weather.Sky, rows: slice) -> NDArray[np.float32]:
    bands = (slice(None), None, None)
    seen = np.where(sky.snow[rows], weather.SNOW_COLOUR[bands], ground) if sky.snow.any() else ground
    if sky.opacity.any():
        seen *= 1 - sky.shade[rows] * (1 - weather.SHADE_LEFT[bands])
        seen += sky.opacity[rows] * (weather.CLOUD_COLOUR[bands] - seen)
    if sky.cirrus.any():
        seen += np.float32(0.03) * sky.cirrus[rows]
    seen += sky.haze[rows] * weather.HAZE_COLOUR[bands]
    return seen


def _strips(size: int) -> Iterator[slice]:
    for row in range(0, size, STRIP):
        yield slice(row, min(row + STRIP, size))
