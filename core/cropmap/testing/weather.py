"""The sky over a site: sun, clouds and their shadows, haze, snow; Landsat's quality bits and broken scan lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropmap.testing.mixtures import PIXEL_M
from cropmap.testing.noise import smooth_field

# Bits of QA_PIXEL; source: Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619.
FILL, DILATED, CIRRUS, CLOUD, SHADOW, SNOW, CLEAR, WATER_BIT = range(8)
# First of the two bits of each confidence: 1 low, 3 high.
CLOUD_CONFIDENCE, SHADOW_CONFIDENCE, SNOW_CONFIDENCE, CIRRUS_CONFIDENCE = 8, 10, 12, 14

CLOUD_COLOUR = np.array([0.60, 0.58, 0.58, 0.62, 0.44, 0.33], dtype=np.float32)
SNOW_COLOUR = np.array([0.80, 0.79, 0.77, 0.70, 0.12, 0.09], dtype=np.float32)
HAZE_COLOUR = np.array([1.0, 0.75, 0.55, 0.35, 0.20, 0.15], dtype=np.float32)
# A shadow keeps this share of the light: the sky's, which is bluer.
SHADE_LEFT = np.array([0.62, 0.55, 0.50, 0.42, 0.36, 0.34], dtype=np.float32)
# Around a cloud, this many pixels are called dilated cloud.
DILATION = 3


@dataclass(frozen=True)
class Sun:
    """Where the sun stands: height above the horizon, and azimuth clockwise from north, both in degrees."""

    elevation: float
    azimuth: float


def sun(latitude: float, day: float) -> Sun:
    """Return the sun's place at 10:30 local solar time, when Landsat passes.

    Source: Cooper (1969) for the declination; the rest is spherical trigonometry.

    Args:
        latitude: In degrees.
        day: Of the year, from 1.
    """
    declination = np.deg2rad(23.45 * np.sin(2 * np.pi * (284 + day) / 365))
    hour = np.deg2rad(15.0 * (10.5 - 12.0))
    phi = np.deg2rad(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(hour)
    return Sun(float(np.rad2deg(np.arcsin(height))), float(np.rad2deg(np.arctan2(east, north)) % 360))


def shadow_shift(place: Sun, cloud_height_m: float) -> tuple[int, int]:
    """Return by how many rows and columns a cloud's shadow lies from the cloud, seen from above."""
    metres = cloud_height_m / np.tan(np.deg2rad(max(place.elevation, 5.0)))
    azimuth = np.deg2rad(place.azimuth)
    # The shadow falls away from the sun; rows count southwards.
    return round(metres * float(np.cos(azimuth)) / PIXEL_M), round(-metres * float(np.sin(azimuth)) / PIXEL_M)


@dataclass(frozen=True)
class Sky:
    """What stands between the ground and the satellite on one date. All (row, column).

    Args:
        cloud: True under a cloud.
        shadow: True in a cloud's shadow and not under a cloud.
        dilated: True beside a cloud.
        cirrus: True under thin cirrus.
        snow: True where snow lies and can be seen.
        opacity: Of the clouds, 0..1; their thin edge goes on into `dilated`.
        shade: Depth of the shadows, 0..1.
        haze: Added to the blue band's reflectance; to the others in part.
    """

    cloud: NDArray[np.bool_]
    shadow: NDArray[np.bool_]
    dilated: NDArray[np.bool_]
    cirrus: NDArray[np.bool_]
    snow: NDArray[np.bool_]
    opacity: NDArray[np.float32]
    shade: NDArray[np.float32]
    haze: NDArray[np.float32]


@dataclass(frozen=True)
class Forecast:
    """What the sky of one date is to be like.

    Args:
        cloud_share: Of the site under cloud, 0..1.
        snow_share: Of the site under snow, 0..1.
        cirrus_share: Of the site under cirrus, 0..1.
        shift: Rows and columns from a cloud to its shadow.
        noise: Factor on the haze.
    """

    cloud_share: float
    snow_share: float
    cirrus_share: float
    shift: tuple[int, int]
    noise: float


def cloud_shares(mean: float, dates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw each date's cloud share: many clear days, some overcast ones, with this mean.

    The shares are evenly spaced quantiles of a beta distribution in random order, so that their mean is near `mean`
    also with few dates.
    """
    if mean <= 0:
        return np.zeros(dates)
    drawn = rng.beta(1.4 * mean, 1.4 * (1 - mean), 20_000)
    shares = np.quantile(drawn, (np.arange(dates) + 0.5) / dates)
    return rng.permutation(np.where(shares < 0.01, 0.0, shares))


def draw_sky(size: int, forecast: Forecast, rng: np.random.Generator) -> Sky:
    """Draw the sky of one date over a square site of `size` pixels."""
    down, right = forecast.shift
    # Lengths of small factors: others make the transform several times slower.
    canvas = (-(-(size + abs(down)) // 32) * 32, -(-(size + abs(right)) // 32) * 32)
    density = smooth_field(canvas, 45.0, rng, 2.7) + np.float32(0.25) * smooth_field(canvas, 9.0, rng, 2.4)
    row, col = max(down, 0), max(right, 0)
    above = density[row : row + size, col : col + size]
    upwind = density[row - down : row - down + size, col - right : col - right + size]
    edge = np.float32(_threshold(above, forecast.cloud_share))
    cloud = above > edge
    return Sky(
        cloud=cloud,
        shadow=(upwind > edge) & ~cloud,
        dilated=dilate(cloud, DILATION) & ~cloud,
        cirrus=_patches(size, forecast.cirrus_share, 60.0, rng),
        snow=_patches(size, forecast.snow_share, 25.0, rng) & ~cloud,
        opacity=_opacity(above, edge),
        shade=_opacity(upwind, edge),
        haze=_haze(size, forecast.noise, rng),
    )


def _threshold(field: NDArray[np.float32], share: float) -> float:
    if share <= 0:
        return float("inf")
    return float(np.quantile(field, 1 - share)) if share < 1 else float("-inf")


def _opacity(density: NDArray[np.float32], edge: np.float32) -> NDArray[np.float32]:
    """Return 0 well outside a cloud, about 0.2 at its edge, 1 well inside, by a smooth step."""
    if not np.isfinite(edge):
        return np.full(density.shape, np.float32(edge < 0), dtype=np.float32)
    x = np.clip((density - edge + np.float32(0.12)) / np.float32(0.42), 0, 1)
    step: NDArray[np.float32] = x * x * (3 - 2 * x)
    return step


def _patches(size: int, share: float, scale: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    if share <= 0:
        return np.zeros((size, size), dtype=bool)
    field = smooth_field((size, size), scale, rng)
    found: NDArray[np.bool_] = field > _threshold(field, share)
    return found


def _haze(size: int, noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
    level = rng.normal(0.0, 0.006)
    field = smooth_field((size, size), 80.0, rng) * np.float32(0.004)
    haze: NDArray[np.float32] = (field + np.float32(level)) * np.float32(noise)
    return haze


def dilate(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Widen a mask by a square of 2 * pixels + 1 pixels."""
    wide = mask.copy()
    for step in range(1, pixels + 1):
        wide[step:] |= mask[:-step]
        wide[:-step] |= mask[step:]
    both: NDArray[np.bool_] = wide.copy()
    for step in range(1, pixels + 1):
        both[:, step:] |= wide[:, :-step]
        both[:, :-step] |= wide[:, step:]
    return both


def quality_bits(
    sky: Sky, water: NDArray[np.bool_], fill: NDArray[np.bool_], *, has_cirrus: bool
) -> NDArray[np.uint16]:
    """Return QA_PIXEL, (row, column).

    Args:
        sky: What stands in the way.
        water: True on water.
        fill: True where there is no image.
        has_cirrus: The sensor sees cirrus (Landsat 8 and 9 do, Landsat 7 does not).
    """
    bits = (1 << CLOUD_CONFIDENCE) | (1 << SHADOW_CONFIDENCE) | (1 << SNOW_CONFIDENCE)
    bits |= (1 << CIRRUS_CONFIDENCE) if has_cirrus else 0
    quality = np.full(water.shape, bits, dtype=np.uint16)
    # "Clear" means neither cloud nor dilated cloud; a shadow keeps it.
    flags = [
        (sky.dilated, 1 << DILATED),
        (sky.cloud, (1 << CLOUD) | (3 << CLOUD_CONFIDENCE)),
        (sky.shadow, (1 << SHADOW) | (3 << SHADOW_CONFIDENCE)),
        (sky.snow, (1 << SNOW) | (3 << SNOW_CONFIDENCE)),
        (~(sky.cloud | sky.dilated), 1 << CLEAR),
        (water & ~sky.cloud & ~sky.snow, 1 << WATER_BIT),
    ]
    if has_cirrus:
        flags.append((sky.cirrus, (1 << CIRRUS) | (3 << CIRRUS_CONFIDENCE)))
    for where, value in flags:
        quality |= where * np.uint16(value)
    quality[fill] = 1 << FILL
    return quality


def gaps(size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw what Landsat 7 misses since its scan line corrector failed in 2003, (row, column).

    Stripes repeat every 32 rows (two scans of 16 lines) and widen from nothing at the track to 14 rows at the
    edges, which is 22 % of a scene. Here the site is as wide as the scene: real gaps hardly widen within a small site.
    """
    rows = np.arange(size)[:, None]
    cols = np.arange(size)[None, :]
    from_track = np.abs(2 * (cols + 0.5) / size - 1)
    phase = (rows + 0.16 * cols + rng.uniform(0, 32)) % 32
    found: NDArray[np.bool_] = np.abs(phase - 16) < 7 * from_track
    return found
