"""A glance sees nine windows of the site, with its masks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from cropmap.data.scenes import Asset, MaskRule, Scene, SceneSeries
from cropmap.data.site import Window
from cropmap.io import glance as module
from cropmap.io.glance import glance
from cropmap.io.rasters import grid_of
from cropmap.io.series import SeriesReader

DATE = dt.date(2023, 4, 1)


@pytest.fixture
def series(tmp_path):
    """Pixels numbered row by row, 20 x 30, with a cloud on every 50th."""
    numbers = np.arange(600, dtype=np.int32).reshape(20, 30)
    paths = []
    for name, values in (("x", numbers), ("m", (numbers % 50 == 0).astype(np.int32))):
        paths.append(str(tmp_path / f"{name}.tif"))
        with rasterio.open(
            paths[-1], "w", driver="GTiff", width=30, height=20, count=1, dtype="int32", crs="EPSG:32631",
            transform=Affine(10, 0, 500000, 0, -10, 5600000),
        ) as file:  # fmt: skip
            file.write(values[None])
    scene = Scene(DATE, {"x": Asset(paths[0])}, {"m": Asset(paths[1])})
    return SceneSeries(grid_of(paths[0]), ("x",), (scene,), {"m": MaskRule(clear_values=(0,))}, 2)


def test_a_site_smaller_than_a_window_is_seen_once_and_whole(series):
    seen = glance(series)
    np.testing.assert_array_equal(seen.values[:, 0, 0], np.arange(600))


def test_nine_windows_lie_at_the_corners_the_edges_and_the_middle(series, monkeypatch):
    monkeypatch.setattr(module, "EDGE_PIXELS", 2)
    seen = glance(series)
    firsts = [row * 30 + col for row in (0, 9, 18) for col in (0, 14, 28)]
    pixels = [first + step for first in firsts for step in (0, 1, 30, 31)]
    assert seen.values[:, 0, 0].tolist() == pixels
    with SeriesReader(series) as reader:
        whole = reader.read(Window(0, 0, 20, 30)).clear
    np.testing.assert_array_equal(seen.clear, whole[pixels])
