from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cropmap.contract.errors import GridError
from cropmap.data.site import Grid, Window
from cropmap.io.projection import crs_wkt
from cropmap.sampling.pixel_ids import mixed, pixel_ids, pixel_keys, text_keys

UTM, WGS = crs_wkt("EPSG:32615"), crs_wkt("EPSG:4326")
LANDSAT = Grid(UTM, 304_785.0, 5_040_315.0, 30.0, 30.0, 90, 70)
DEGREES = Grid(WGS, -93.7521, -0.0031, 0.00026949458523585647, 0.00026949458523585647, 90, 70)
SENTINEL = Grid(UTM, 600_000.0, 4_900_020.0, 10.0, 10.0, 90, 70)


def all_pixels(grid):
    return np.divmod(np.arange(grid.height * grid.width), grid.width)


def test_an_id_names_the_pixels_centre():
    assert pixel_ids(LANDSAT, np.array([0, 2]), np.array([0, 1])).tolist() == [
        "E304800N5040300@32615",
        "E304830N5040240@32615",
    ]
    assert pixel_ids(SENTINEL, np.array([0]), np.array([0])).tolist() == ["E600005N4900015@32615"]
    half = dataclasses.replace(LANDSAT, west=304_785.5)
    assert pixel_ids(half, np.array([0]), np.array([0])).tolist() == ["E304800.5N5040300@32615"]
    lon, lat = pixel_ids(DEGREES, np.array([0]), np.array([0]))[0].removesuffix("@4326")[1:].split("N")
    assert float(lon) == pytest.approx(-93.7521 + 0.00013474729, abs=1e-6)
    assert float(lat) == pytest.approx(-0.0031 - 0.00013474729, abs=1e-6)


def test_a_crs_without_a_code_has_a_tag_of_its_own():
    first, other = (
        crs_wkt(f"+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0={lon} +datum=WGS84 +units=m") for lon in (-96, -90)
    )
    tags = [
        pixel_ids(dataclasses.replace(LANDSAT, crs=wkt), np.array([0]), np.array([0]))[0].partition("@")[2]
        for wkt in (first, other)
    ]
    assert tags[0] != tags[1]
    assert all(len(tag) == 8 and int(tag, 16) >= 0 for tag in tags)


def test_without_a_crs_there_is_no_id():
    with pytest.raises(GridError, match="no coordinate reference system"):
        pixel_ids(dataclasses.replace(LANDSAT, crs=""), np.array([0]), np.array([0]))


@pytest.mark.parametrize("grid", [LANDSAT, DEGREES, SENTINEL, dataclasses.replace(LANDSAT, west=304_795.3)])
def test_a_pixel_bears_one_id_and_one_key_in_every_clip(grid):
    rows, cols = all_pixels(grid)
    ids, keys = pixel_ids(grid, rows, cols), pixel_keys(grid, rows, cols, 5)
    assert len(set(ids.tolist())) == len(set(keys.tolist())) == len(rows)
    clip = grid.subset(Window(13, 29, 40, 50))
    # As another program would write the corner: with noise in the last digits.
    clip = dataclasses.replace(clip, west=clip.west * (1 + 2e-16), north=clip.north + 1e-10)
    own_rows, own_cols = all_pixels(clip)
    where = (own_rows + 13) * grid.width + own_cols + 29
    assert (pixel_ids(clip, own_rows, own_cols) == ids[where]).all()
    assert (pixel_keys(clip, own_rows, own_cols, 5) == keys[where]).all()


def test_the_mixing_step_is_splitmix64():
    # First three words of the published generator (https://prng.di.unimi.it/splitmix64.c) from the state 1234567.
    golden = 0x9E3779B97F4A7C15
    states = [(1234567 + step * golden) % 2**64 for step in range(3)]
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mixed(np.array(states, np.uint64)).tolist() == expected


def test_a_key_is_the_documented_one():
    def m(word: int) -> int:
        return int(mixed(np.array([word % 2**64], np.uint64))[0])

    # Column and row from the CRS's origin, in whole pixels: 304785 / 30 = 10159.5, -5040315 / 30 = -168010.5.
    expected = m(m(m(7) + 10159 + 3) - 168011 + 2)
    assert int(pixel_keys(LANDSAT, np.array([2]), np.array([3]), 7)[0]) == expected


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_keys_are_uniform_and_neighbours_know_nothing_of_each_other(seed):
    keys = pixel_keys(LANDSAT, *all_pixels(LANDSAT), seed) / 2.0**64
    assert stats.kstest(keys, "uniform").pvalue > 1e-3
    lots = keys.reshape(70, 90)
    for first, other in ((lots[:, 1:], lots[:, :-1]), (lots[1:], lots[:-1])):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(first.size)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=20), st.integers(0, 2**31 - 1))
def test_a_text_has_its_key_whatever_stands_beside_it(texts, seed):
    together = text_keys(np.array(texts, dtype=object), seed)
    assert [int(text_keys([text], seed)[0]) for text in texts] == together.tolist()
    assert together.dtype == np.uint64
