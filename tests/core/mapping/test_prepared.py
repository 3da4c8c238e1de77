import dataclasses
import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from cropmap.contract.errors import OutputError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.site import Grid
from cropmap.io.cubes import CubePlan
from cropmap.mapping import prepared
from cropmap.mapping.prepared import CubeOptions, prepare_cube
from cropmap.prepare.recipe import make_recipe, recipe_bands, recipe_nodes

DATES = tuple(dt.date(2023, 4, 1) + dt.timedelta(days=10 * k) for k in range(8))
GRID = Grid(CRS.from_epsg(32634).to_wkt(), 4e5, 5e6, 10.0, 10.0, 300, 280)
EMPTY = (slice(0, 30), slice(0, 10))


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(1)
    profile = {"driver": "GTiff", "count": 1, "dtype": "int16", "nodata": -1, "crs": CRS.from_wkt(GRID.crs)}
    profile |= {"width": 300, "height": 280, "transform": rasterio.Affine(*GRID.transform)}
    scenes = []
    for date in DATES:
        path = folder / f"{date}.tif"
        numbers = rng.integers(0, 5000, (280, 300)).astype(np.int16)
        numbers[EMPTY] = -1
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(numbers, 1)
        scenes.append(Scene(date, {"B08": Asset(str(path), 1, 1e-4, 0.0, -1)}))
    return SceneSeries(GRID, ("B08",), tuple(scenes))


@pytest.fixture
def plan(series, tmp_path):
    recipe = make_recipe("weekly_linear", {}, DATES)
    return CubePlan(tmp_path / "out", GRID, recipe_nodes(recipe), recipe_bands(recipe, series.bands), recipe)


def nothing_was_read(monkeypatch):
    def refuse(*_args):
        raise AssertionError("an image was read")

    monkeypatch.setattr(prepared.SeriesReader, "read", refuse)


def test_the_usable_pixels_are_counted(series, plan):
    assert prepare_cube(series, plan, CubeOptions(), Progress()) == 280 * 300 - 30 * 10
    with rasterio.open(plan.path) as dataset:
        assert np.isnan(dataset.read(1)).sum() == 30 * 10


def test_block_size_and_threads_change_no_value(series, plan, tmp_path):
    other = dataclasses.replace(plan, folder=tmp_path / "other")
    prepare_cube(series, plan, CubeOptions(threads=1), Progress())
    prepare_cube(series, other, CubeOptions(block=256, threads=3), Progress())
    for path, same in ((plan.path, other.path), (plan.quality_path, other.quality_path)):
        with rasterio.open(path) as dataset, rasterio.open(same) as again:
            np.testing.assert_array_equal(dataset.read(), again.read())


def test_the_same_cube_finished_already_is_kept_without_reading_an_image(series, plan, monkeypatch):
    usable = prepare_cube(series, plan, CubeOptions(), Progress())
    before, told = plan.path.read_bytes(), []
    nothing_was_read(monkeypatch)
    again = prepare_cube(series, plan, CubeOptions(block=100), Progress(lambda *report: told.append(report)))
    assert (again, told[-1][0]) == (usable, 1.0)
    assert plan.path.read_bytes() == before


def test_a_finished_cube_of_other_images_or_another_recipe_is_refused(series, plan, monkeypatch):
    prepare_cube(series, plan, CubeOptions(), Progress())
    nothing_was_read(monkeypatch)
    recipe = make_recipe("weekly_linear", {"min_clear": 3}, DATES)
    for others, another in (
        (dataclasses.replace(series, valid_range=(0.0, 0.2)), plan),
        (series, dataclasses.replace(plan, recipe=recipe)),
    ):
        with pytest.raises(OutputError, match=r"finished cube already.*delete that cube"):
            prepare_cube(others, another, CubeOptions(), Progress())


def test_a_cancelled_cube_leaves_nothing(series, plan):
    reports = []
    progress = Progress(lambda *report: reports.append(report), cancelled=lambda: bool(reports))
    with pytest.raises(Cancelled):
        prepare_cube(series, plan, CubeOptions(block=100, threads=1), progress)
    assert list(plan.folder.iterdir()) == []
