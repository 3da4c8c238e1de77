"""Planes of files become pixel series: against plain NumPy, on every layout of columns and every type of number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropmap.io.spread import spread

CBERS = Path(__file__).parents[4] / "shared" / "data" / "cbers_w_bahia" / "cube_500x500"
ALL = (-np.inf, np.inf)


def by_numpy(planes, places, numbers, limits, shape):
    """Do it layer by layer, as the docs say it."""
    values = np.full(shape[:2], -7, np.float32)
    clear = np.ones((shape[0], shape[2]), bool)
    for plane, (column, time), (scale, offset, nodata) in zip(planes, places, numbers, strict=True):
        stored = plane.astype(np.float64)
        value = stored * scale + offset
        value[(stored == nodata) | ~np.isfinite(value)] = np.nan
        values[:, column] = value
        clear[:, time] &= (value >= limits[0]) & (value <= limits[1])
    return values, clear


def check(planes, places, numbers, limits, shape):
    values, clear = np.full(shape[:2], -7, np.float32), np.ones((shape[0], shape[2]), bool)
    spread(
        planes, np.asarray(places, np.int64), np.asarray(numbers, np.float64), np.array(limits, float), values, clear
    )
    expected, usable = by_numpy(planes, places, numbers, limits, shape)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(clear, usable)
    return values, clear


def by_date(dates, bands):
    return [(time * bands + band, time) for time in range(dates) for band in range(bands)]


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "float16", "float64"])
def test_every_type_of_number_is_scaled_as_numpy_scales_it(kind):
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 120, (12, 300)).astype(kind)
    numbers = [(0.0001 * (1 + layer), -0.1, 7 if layer % 2 else np.nan) for layer in range(12)]
    check(planes, by_date(4, 3), numbers, (-0.09, 0.02), (300, 12, 4))


@pytest.mark.parametrize("pixels", [1, 7, 8, 9, 255, 256, 257, 1024, 1030])
@pytest.mark.parametrize("layers", [1, 7, 8, 9, 30])
def test_any_number_of_pixels_and_layers_is_turned_whole(pixels, layers):
    planes = np.random.default_rng(1).integers(-9999, 9999, (layers, pixels)).astype(np.int16)
    check(planes, by_date(layers, 1), [(0.5, 1.0, -9999)] * layers, (-4000, 4000), (pixels, layers, layers))


@pytest.mark.parametrize("order", ["by band", "backwards", "at random", "few columns of many"])
def test_layers_may_come_in_any_order(order):
    rng = np.random.default_rng(2)
    dates, bands = 9, 4
    places = by_date(dates, bands)
    places = {
        "by band": [place for band in range(bands) for place in places[band::bands]],
        "backwards": places[::-1],
        "at random": [places[k] for k in rng.permutation(len(places))],
        "few columns of many": places[5:21] + places[30:33],
    }[order]
    planes = rng.integers(0, 9999, (len(places), 520)).astype(np.uint16)
    check(planes, places, [(1e-4, 0.0, 17)] * len(places), ALL, (520, dates * bands, dates))


def test_what_is_no_number_no_value_or_out_of_range_is_not_clear():
    planes = np.array([[1, np.nan, np.inf, -np.inf, 5, 2, 3, 4]])
    values, clear = check(planes, [(0, 0)], [(10.0, 0.0, 5)], (15, 30), (8, 1, 1))
    assert clear[:, 0].tolist() == [False] * 5 + [True, True, False]
    assert np.isnan(values[1:5, 0]).all()
    _, clear = check(planes, [(0, 0)], [(10.0, 0.0, 5)], ALL, (8, 1, 1))
    assert clear[:, 0].tolist() == [True] + [False] * 4 + [True] * 3


def test_a_value_that_float32_cannot_hold_is_none():
    values, clear = np.zeros((2, 1), np.float32), np.ones((2, 1), bool)
    spread(np.array([[1e39, 1.0]]), np.array([[0, 0]]), np.array([[1.0, 0.0, np.nan]]), np.array(ALL), values, clear)
    assert np.isnan(values[0, 0])
    assert clear[:, 0].tolist() == [False, True]


def test_one_bad_band_makes_its_date_unclear_and_no_other():
    planes = np.full((6, 20), 100, np.int16)
    planes[3, 11] = 32767
    _, clear = check(planes, by_date(3, 2), [(0.01, 0.0, -32768)] * 6, (0, 2), (20, 6, 3))
    assert np.argwhere(~clear).tolist() == [[11, 1]]


def test_what_was_not_clear_before_stays_so():
    clear = np.zeros((5, 1), bool)
    spread(
        np.ones((1, 5), np.int16), np.array([[0, 0]]), np.ones((1, 3)) * 2, np.array(ALL), np.empty((5, 1), "f4"), clear
    )
    assert not clear.any()


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_no_layer_and_no_pixel_change_nothing(shape):
    values, clear = np.full((shape[1], 3), 9, np.float32), np.ones((shape[1], 3), bool)
    places = np.array(by_date(3, 1), np.int64)[: shape[0]]
    spread(np.empty(shape, np.int16), places, np.ones((shape[0], 3)), np.array(ALL), values, clear)
    assert (values == 9).all()
    assert clear.all()


def test_planes_that_are_a_part_of_larger_ones_are_read_rightly():
    whole = np.random.default_rng(3).integers(0, 999, (8, 900)).astype(np.int16)
    check(whole[:, 100:700:2], by_date(8, 1), [(1.0, 0.0, np.nan)] * 8, ALL, (300, 8, 8))


@pytest.mark.skipif(not CBERS.is_dir(), reason="the CBERS cube of Bahia is not beside the project")
def test_outliers_of_a_real_index_are_not_clear():
    import rasterio

    paths = sorted(CBERS.glob("*_EVI.tif"))
    planes = []
    for path in paths:
        with rasterio.open(path) as file:
            planes.append(file.read(1).ravel())
    stored = np.stack(planes)
    assert (np.abs(stored.astype(int)) > 30_000).any()
    numbers = [(1e-4, 0.0, np.nan)] * len(paths)
    values, clear = check(stored, by_date(len(paths), 1), numbers, (-1, 1), (stored.shape[1], len(paths), len(paths)))
    assert np.abs(values[clear]).max() <= 1
    assert not clear.all()
