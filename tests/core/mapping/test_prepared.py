import dataclasses
import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from cropmap.contract.errors import OutputError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.site import Grid, Window
from cropmap.io.cube_reader import CubeReader, read_cube
from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.io.series import SeriesReader
from cropmap.mapping.prepared import CubeOptions, prepare_cube
from cropmap.prepare.recipe import make_recipe, prepare, recipe_bands, recipe_nodes

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

    for reader in ("read", "read_parts", "read_pixels"):
        monkeypatch.setattr(SeriesReader, reader, refuse)


def test_the_usable_pixels_are_counted(series, plan):
    assert prepare_cube(series, plan, CubeOptions(), Progress()) == 280 * 300 - 30 * 10
    with rasterio.open(plan.path) as dataset:
        assert np.isnan(dataset.read(1)).sum() == 30 * 10


@pytest.mark.parametrize(("block", "threads"), [(0, 2), (100, 3), (256, 1), (4096, 4)])
def test_block_size_and_threads_change_no_byte(series, plan, tmp_path, block, threads):
    other = dataclasses.replace(plan, folder=tmp_path / "other")
    prepare_cube(series, plan, CubeOptions(threads=1), Progress())
    prepare_cube(series, other, CubeOptions(block=block, threads=threads), Progress())
    assert plan.path.read_bytes() == other.path.read_bytes()


def test_the_cube_holds_what_the_whole_image_prepared_at_once_gives(series, plan):
    prepare_cube(series, plan, CubeOptions(), Progress())
    whole = Window(0, 0, GRID.height, GRID.width)
    with SeriesReader(series) as reader:
        expected = prepare(reader.read(whole), plan.recipe)
    found = CubeReader(read_cube(plan.path)).read(whole)
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_array_equal(found.values[found.valid], expected.values[expected.valid])
    np.testing.assert_array_equal(found.quality.clear_dates, expected.quality.clear_dates)
    np.testing.assert_array_equal(found.quality.longest_gap, expected.quality.longest_gap)


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


def test_a_cancelled_cube_is_continued_with_the_missing_squares_only(series, plan, tmp_path, monkeypatch):
    told = []
    progress = Progress(lambda *report: told.append(report), cancelled=lambda: len(told) == 2)
    with pytest.raises(Cancelled):
        prepare_cube(series, plan, CubeOptions(block=128, threads=1), progress)
    assert not plan.path.exists()
    written, original = [], CubeWriter.write

    def counted(self, number, cube):
        written.append(number)
        original(self, number, cube)

    monkeypatch.setattr(CubeWriter, "write", counted)
    usable = prepare_cube(series, plan, CubeOptions(block=4096), Progress())
    assert 0 < len(written) <= 9 - 2
    other = dataclasses.replace(plan, folder=tmp_path / "other")
    assert prepare_cube(series, other, CubeOptions(), Progress()) == usable
    assert plan.path.read_bytes() == other.path.read_bytes()
