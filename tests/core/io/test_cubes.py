import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from cropmap.contract.errors import OutputError, RecipeError
from cropmap.data.cube import Quality, RegularCube
from cropmap.data.recipe import Recipe, StepUse, recipe_of
from cropmap.data.season import Season
from cropmap.data.site import Grid
from cropmap.io.cubes import CubePlan, CubeWriter

DAYS = np.array([0, 7, 14], np.int32)
BANDS = ("B04", "B08")


@pytest.fixture
def plan(tmp_path):
    grid = Grid(CRS.from_epsg(32634).to_wkt(), 400_000.0, 5_000_000.0, 10.0, 10.0, 300, 280)
    recipe = Recipe(
        "weekly", Season(dt.date(2023, 4, 28), dt.date(2023, 5, 12)), (StepUse("linear", {"step_days": 7}),)
    )
    return CubePlan(tmp_path / "out", grid, DAYS, BANDS, recipe)


def cube_of(window, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(window.pixels, 3, 2)).astype(np.float32)
    quality = Quality(
        rng.integers(0, 20, window.pixels).astype(np.uint16), rng.integers(0, 90, window.pixels).astype(np.uint16)
    )
    return RegularCube(values, DAYS, BANDS, quality, rng.random(window.pixels) > 0.1)


def write_all(plan):
    blocks = {window: cube_of(window, seed) for seed, window in enumerate(plan.grid.windows(256))}
    with CubeWriter(plan) as writer:
        for window, cube in blocks.items():
            writer.write(window, cube)
        writer.finish()
    return blocks


def test_every_step_and_band_of_every_pixel_is_where_its_description_says(plan):
    blocks = write_all(plan)
    with rasterio.open(plan.path) as dataset:
        assert dataset.descriptions[:3] == ("2023-04-28 B04", "2023-04-28 B08", "2023-05-05 B04")
        stack = dataset.read()
    for window, cube in blocks.items():
        for step, band in np.ndindex(3, 2):
            part = stack[step * 2 + band, window.row :, window.col :][: window.height, : window.width]
            expected = np.where(cube.valid, cube.values[:, step, band], np.nan)
            np.testing.assert_array_equal(part.ravel(), expected)


def test_the_stack_is_a_tiled_float32_geotiff_on_the_grid_with_its_recipe(plan):
    write_all(plan)
    with rasterio.open(plan.path) as dataset:
        assert (dataset.count, dataset.dtypes[0], dataset.block_shapes[0]) == (6, "float32", (256, 256))
        assert np.isnan(dataset.nodata)
        assert dataset.crs == CRS.from_epsg(32634)
        assert dataset.transform.to_gdal() == (400_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)
        assert recipe_of(json.loads(dataset.tags()["CROPMAP_RECIPE"])) == plan.recipe


def test_the_quality_layers_hold_clear_dates_and_longest_gap(plan):
    blocks = write_all(plan)
    with rasterio.open(plan.quality_path) as dataset:
        assert dataset.dtypes == ("uint16", "uint16")
        assert dataset.descriptions == ("clear dates", "longest gap, days")
        found = dataset.read()
    window, cube = next(iter(blocks.items()))
    np.testing.assert_array_equal(found[0, : window.height, : window.width].ravel(), cube.quality.clear_dates)
    np.testing.assert_array_equal(found[1, : window.height, : window.width].ravel(), cube.quality.longest_gap)


def test_a_finished_cube_leaves_two_files(plan):
    write_all(plan)
    assert sorted(path.name for path in plan.folder.iterdir()) == ["cube.tif", "cube_quality.tif"]


def test_an_unfinished_cube_leaves_no_file(plan):
    with CubeWriter(plan) as writer:
        window = next(plan.grid.windows(256))
        writer.write(window, cube_of(window, 0))
        assert not plan.path.exists()
    assert list(plan.folder.iterdir()) == []


def test_missing_blocks_are_told(plan):
    with CubeWriter(plan) as writer, pytest.raises(OutputError, match="84000 pixels were not written"):
        writer.finish()


@pytest.mark.parametrize("fingerprint", ["", "0" * 64])
def test_another_finished_cube_is_never_overwritten(plan, fingerprint):
    write_all(replace(plan, fingerprint=fingerprint))
    before = plan.path.read_bytes()
    other = replace(plan, fingerprint="f" * 64 if fingerprint else "")
    with pytest.raises(OutputError, match=r"Choose another folder, or delete that cube\.$"), CubeWriter(other):
        pass
    assert plan.path.read_bytes() == before
    assert not plan.lock_path.exists()


def test_the_same_cube_finished_already_is_left_as_it_is_and_its_usable_pixels_are_known(plan):
    plan = replace(plan, fingerprint="f" * 64)
    blocks = write_all(plan)
    before = plan.path.read_bytes()
    with CubeWriter(plan) as writer:
        assert writer.finished
        assert writer.usable == sum(int(cube.valid.sum()) for cube in blocks.values())
        assert writer.finish() == plan.path
    assert plan.path.read_bytes() == before


def test_a_finished_cube_without_its_quality_is_not_taken_as_done(plan):
    plan = replace(plan, fingerprint="f" * 64)
    write_all(plan)
    plan.quality_path.unlink()
    with pytest.raises(OutputError, match="a part of it is missing"), CubeWriter(plan):
        pass


def test_a_second_writer_is_refused_while_the_first_is_at_work(plan):
    with CubeWriter(plan):
        second = CubeWriter(plan)
        with pytest.raises(OutputError, match=r"Another run is writing here.*choose another folder"), second:
            pass
        assert plan.lock_path.exists()
    assert list(plan.folder.iterdir()) == []


def test_a_block_of_another_recipe_is_refused(plan):
    with CubeWriter(replace(plan, bands=("B04", "B11"))) as writer:
        window = next(plan.grid.windows(256))
        with pytest.raises(RecipeError, match="Prepare all blocks alike"):
            writer.write(window, cube_of(window, 0))


def test_a_write_that_gdal_loses_silently_is_found(plan, monkeypatch):
    monkeypatch.setattr("rasterio.io.DatasetWriter.write", lambda *_args, **_kwargs: None)
    with pytest.raises(OutputError, match="values did not reach the disk"):
        write_all(plan)
    assert list(plan.folder.iterdir()) == []
