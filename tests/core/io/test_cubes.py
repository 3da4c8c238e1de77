"""Cubes on disk, against GDAL's own reading of them and numbers of our own making."""

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.windows import Window as RasterWindow

from cropmap.contract.errors import GridError, OutputError, RecipeError, SourceError
from cropmap.contract.progress import Progress
from cropmap.data.cube import Quality, RegularCube
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.data.site import Grid, Window
from cropmap.io import cubes
from cropmap.io.cube_layout import CubeLayout
from cropmap.io.cube_reader import CubeReader, damaged_squares, read_cube
from cropmap.io.cubes import CubePlan, CubeWriter

DAYS = np.array([0, 7, 14], np.int32)
BANDS = ("B04", "B08")
HEIGHT, WIDTH = 280, 300
FINGERPRINT = "f" * 64


def plan_in(folder, tile=128, **changed):
    grid = Grid(CRS.from_epsg(32634).to_wkt(), 400_000.0, 5_000_000.0, 10.0, 10.0, WIDTH, HEIGHT)
    recipe = Recipe(
        "weekly", Season(dt.date(2023, 4, 28), dt.date(2023, 5, 12)), (StepUse("linear", {"step_days": 7}),)
    )
    dates = (dt.date(2023, 4, 27), dt.date(2023, 5, 13))
    plan = CubePlan(folder, grid, DAYS, BANDS, recipe, dates, ("red", "nir"), masked=True, fingerprint=FINGERPRINT)
    return replace(plan, tile=tile, **changed)


@pytest.fixture
def plan(tmp_path):
    return plan_in(tmp_path / "out")


def truth():
    """The whole cube: values, valid, clear dates, longest gap; all differ from pixel to pixel."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(HEIGHT, WIDTH, 3, 2)).astype(np.float32)
    shape = (HEIGHT, WIDTH)
    return (
        values,
        rng.random(shape) > 0.1,
        rng.integers(0, 20, shape).astype(np.uint16),
        rng.integers(0, 732, shape).astype(np.uint16),
    )


def cube_of(window, whole):
    inside = np.s_[window.row : window.row + window.height, window.col : window.col + window.width]
    values, valid, clear, gap = (layer[inside] for layer in whole)
    quality = Quality(clear.ravel(), gap.ravel())
    return RegularCube(values.reshape(-1, 3, 2).copy(), DAYS, BANDS, quality, valid.ravel())


def write_squares(plan, numbers=None):
    """Write squares of the truth that are missing; finish where that makes the cube whole."""
    whole, written = truth(), []
    with CubeWriter(plan) as writer:
        for number in range(writer.layout.count) if numbers is None else numbers:
            if not writer.finished and not writer.has(number):
                writer.write(number, cube_of(writer.layout.window(number), whole))
                written.append(number)
        if numbers is None:
            writer.finish()
    return written


def expected_layers():
    values, valid, clear, gap = truth()
    stack = np.where(valid[..., None, None], values, np.nan).reshape(HEIGHT, WIDTH, 6)
    return np.concatenate([np.moveaxis(stack, -1, 0), np.stack([clear, gap, valid]).astype(np.float32)])


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------------------------ what GDAL sees


@pytest.mark.parametrize("tile", [16, 48, 128, 512])
def test_every_step_and_band_of_every_pixel_is_where_its_description_says(tmp_path, tile):
    plan = plan_in(tmp_path, tile)
    write_squares(plan)
    with rasterio.open(plan.path) as dataset:
        assert dataset.descriptions[:3] == ("2023-04-28 B04", "2023-04-28 B08", "2023-05-05 B04")
        np.testing.assert_array_equal(dataset.read(), expected_layers())
        part = dataset.read(5, window=RasterWindow(100, 90, 150, 120))
    np.testing.assert_array_equal(part, expected_layers()[4, 90:210, 100:250])


def test_the_cube_is_a_tiled_float32_geotiff_on_the_grid(plan):
    write_squares(plan)
    with rasterio.open(plan.path) as dataset:
        assert (dataset.driver, dataset.count, dataset.dtypes[0]) == ("GTiff", 9, "float32")
        assert dataset.block_shapes[0] == (128, 128)
        assert np.isnan(dataset.nodata)
        assert dataset.crs == CRS.from_epsg(32634)
        assert dataset.transform.to_gdal() == (400_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)


def test_a_cube_without_a_coordinate_reference_system_is_read_back(tmp_path):
    plan = plan_in(tmp_path)
    plan = replace(plan, grid=replace(plan.grid, crs=""))
    write_squares(plan)
    assert read_cube(plan.path).grid == plan.grid


def test_the_quality_opens_by_itself(plan):
    write_squares(plan)
    with rasterio.open(plan.quality_path) as dataset:
        assert dataset.dtypes == ("uint16",) * 3
        assert dataset.descriptions == ("clear dates", "longest gap, days", "usable")
        assert dataset.crs == CRS.from_epsg(32634)
        np.testing.assert_array_equal(dataset.read(), expected_layers()[-3:])


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdalinfo is not installed")
def test_the_systems_gdal_opens_the_cube_and_finds_its_numbers(plan):
    write_squares(plan)
    command = ["gdalinfo", "-json", "-checksum", str(plan.path)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (found["size"], len(found["bands"])) == ([WIDTH, HEIGHT], 9)
    with rasterio.open(plan.path) as dataset:
        assert [band["checksum"] for band in found["bands"]] == [dataset.checksum(k + 1) for k in range(9)]


def test_a_cube_of_two_thousand_layers_keeps_all_descriptions(tmp_path):
    days = np.arange(0, 40 * 7, 7, dtype=np.int32)
    bands = tuple(f"index number {k}" for k in range(48))
    plan = plan_in(tmp_path, 16, days=days, bands=bands)
    plan = replace(plan, grid=replace(plan.grid, width=20, height=10))
    with CubeWriter(plan) as writer:
        for number in range(2):
            pixels = writer.layout.window(number).pixels
            zeros = np.zeros(pixels, np.uint16)
            values = np.full((pixels, 40, 48), number, np.float32)
            writer.write(number, RegularCube(values, days, bands, Quality(zeros, zeros), np.ones(pixels, bool)))
        writer.finish()
    with rasterio.open(plan.path) as dataset:
        assert dataset.descriptions[-5:-3] == plan.band_names[-2:]
        assert dataset.read(1920).sum() == 10 * 4
    assert read_cube(plan.path).bands == bands


# ------------------------------------------------------------------------------------------------ reading back


def test_a_finished_cube_says_what_it_was_made_of(plan):
    write_squares(plan)
    found = read_cube(plan.path)
    assert (found.grid.width, found.grid.height, found.bands, found.steps) == (WIDTH, HEIGHT, BANDS, (0, 7, 14))
    assert (found.recipe, found.dates, found.image_bands) == (plan.recipe, plan.dates, plan.image_bands)
    assert (found.masked, found.fingerprint, found.usable) == (True, FINGERPRINT, int(truth()[1].sum()))


@pytest.mark.parametrize("window", [Window(0, 0, HEIGHT, WIDTH), Window(100, 120, 60, 170), Window(279, 299, 1, 1)])
@pytest.mark.parametrize("tile", [16, 128])
def test_a_window_is_read_back_bit_by_bit(tmp_path, window, tile):
    plan = plan_in(tmp_path, tile)
    write_squares(plan)
    found, expected = CubeReader(read_cube(plan.path)).read(window), cube_of(window, truth())
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_array_equal(found.values[found.valid], expected.values[expected.valid])
    assert np.isnan(found.values[~found.valid]).all()
    np.testing.assert_array_equal(found.quality.clear_dates, expected.quality.clear_dates)
    np.testing.assert_array_equal(found.quality.longest_gap, expected.quality.longest_gap)
    assert (found.bands, found.days.tolist()) == (BANDS, DAYS.tolist())


def test_single_pixels_are_read_in_the_order_given_also_twice(plan):
    write_squares(plan)
    rng = np.random.default_rng(2)
    rows, cols = rng.integers(0, HEIGHT, 500), rng.integers(0, WIDTH, 500)
    found = CubeReader(read_cube(plan.path)).read_pixels(np.append(rows, rows[:3]), np.append(cols, cols[:3]))
    layers = np.moveaxis(expected_layers(), 0, -1)[np.append(rows, rows[:3]), np.append(cols, cols[:3])]
    np.testing.assert_array_equal(found.values.reshape(503, 6), layers[:, :6])
    np.testing.assert_array_equal(found.quality.clear_dates, layers[:, 6])
    assert len(CubeReader(read_cube(plan.path)).read_pixels([], []).valid) == 0


def test_pixels_outside_are_refused(plan):
    write_squares(plan)
    reader = CubeReader(read_cube(plan.path))
    with pytest.raises(GridError, match=r"rows|Rows 0\.\.280"):
        reader.read(Window(0, 0, HEIGHT + 1, 1))
    with pytest.raises(GridError, match="outside the cube"):
        reader.read_pixels([0], [-1])


def test_a_number_changed_on_the_disk_is_found_when_its_square_is_read(plan):
    write_squares(plan)
    found = read_cube(plan.path)
    layout = CubeLayout(plan.grid, 9)
    with plan.path.open("r+b") as file:
        file.seek(layout.offset(4) + 70_001)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    assert damaged_squares(found) == [4]
    reader = CubeReader(found)
    reader.read(Window(0, 0, 128, 128))
    with pytest.raises(SourceError, match=r"damaged.*rows 128\.\.255, columns 128\.\.255.*prepare job again"):
        reader.read(Window(120, 120, 20, 20))


def test_a_cube_cut_short_is_refused(plan):
    write_squares(plan)
    with plan.path.open("r+b") as file:
        file.truncate(plan.layout.end // 2)
    with pytest.raises(SourceError, match="cannot be read"):
        read_cube(plan.path)


def test_a_cube_that_another_program_wrote_anew_is_refused(plan, tmp_path):
    write_squares(plan)
    copy = tmp_path / "copy.tif"
    with rasterio.open(plan.path) as dataset, rasterio.open(copy, "w", **dataset.profile) as other:
        other.write(dataset.read())
        other.update_tags(**dataset.tags())
    with pytest.raises(SourceError, match="anew by another program"):
        read_cube(copy)


def test_a_raster_that_is_no_cube_is_refused(tmp_path):
    other = tmp_path / "other.tif"
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8"}
    with rasterio.open(other, "w", **profile, transform=rasterio.Affine(10, 0, 100, 0, -10, 200)) as dataset:
        dataset.write(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(SourceError, match=r"no cube of the prepare job.*folder of images"):
        read_cube(other)


# ------------------------------------------------------------------------------------------------ stopping, resuming


def test_a_finished_cube_leaves_two_files(plan):
    write_squares(plan)
    assert names_in(plan.folder) == ["cube.tif", "cube_quality.vrt"]


def test_an_unfinished_cube_is_no_raster_and_is_continued(plan):
    assert write_squares(plan, [0, 3, 5]) == [0, 3, 5]
    assert names_in(plan.folder) == ["cube.partial.json", "cube.partial.tif"]
    with pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open(plan.partial)
    assert write_squares(plan) == [1, 2, 4, 6, 7, 8]
    assert names_in(plan.folder) == ["cube.tif", "cube_quality.vrt"]
    with rasterio.open(plan.path) as dataset:
        np.testing.assert_array_equal(dataset.read(), expected_layers())
    assert read_cube(plan.path).usable == int(truth()[1].sum())


def test_a_square_damaged_in_between_is_written_again(plan):
    write_squares(plan, [0, 3, 5])
    with plan.partial.open("r+b") as file:
        file.seek(plan.layout.offset(3) + 12)
        file.write(b"damage")
    assert write_squares(plan) == [1, 2, 3, 4, 6, 7, 8]
    assert damaged_squares(read_cube(plan.path)) == []


def test_a_stop_before_any_square_is_proved_keeps_what_an_earlier_run_wrote(plan):
    write_squares(plan, [0, 3])
    with CubeWriter(plan):
        pass
    assert write_squares(plan) == [1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("why", ["fingerprint", "tile", "journal", "length"])
def test_an_unfinished_cube_that_does_not_fit_is_started_over(plan, why):
    write_squares(plan, [0, 3])
    if why == "journal":
        plan.journal.write_text("{", encoding="utf-8")
    if why == "length":
        os.truncate(plan.partial, 1000)
    plan = replace(plan, fingerprint="0" * 64) if why == "fingerprint" else plan
    plan = replace(plan, tile=64) if why == "tile" else plan
    told = []
    with CubeWriter(plan, Progress(warn=told.append)) as writer:
        assert not any(writer.has(number) for number in range(writer.layout.count))
    assert "cube.partial.tif is started over" in told[0]


def test_without_a_fingerprint_an_unfinished_cube_is_deleted(plan):
    write_squares(replace(plan, fingerprint=""), [0])
    assert names_in(plan.folder) == []


def test_missing_squares_are_told(plan):
    with CubeWriter(plan) as writer, pytest.raises(OutputError, match="9 of 9 squares were not written"):
        writer.finish()


@pytest.mark.parametrize("fingerprint", ["", "0" * 64])
def test_another_finished_cube_is_never_overwritten(plan, fingerprint):
    write_squares(replace(plan, fingerprint=fingerprint))
    before = plan.path.read_bytes()
    with pytest.raises(OutputError, match=r"Choose another folder, or delete that cube\.$"), CubeWriter(plan):
        pass
    assert plan.path.read_bytes() == before
    assert not plan.lock_path.exists()


def test_the_same_cube_finished_already_is_left_as_it_is_and_its_usable_pixels_are_known(plan):
    write_squares(plan)
    before = plan.path.read_bytes()
    plan.quality_path.unlink()
    with CubeWriter(plan) as writer:
        assert writer.finished
        assert writer.usable == int(truth()[1].sum())
        assert writer.finish() == plan.path
    assert plan.path.read_bytes() == before
    assert names_in(plan.folder) == ["cube.tif", "cube_quality.vrt"]


def test_a_damaged_finished_cube_is_not_taken_as_done(plan):
    write_squares(plan)
    with plan.path.open("r+b") as file:
        file.seek(plan.layout.offset(8))
        file.write(b"x")
    with pytest.raises(OutputError, match="or it is damaged"), CubeWriter(plan):
        pass


def test_a_second_writer_is_refused_while_the_first_is_at_work(plan):
    with CubeWriter(plan):
        second = CubeWriter(plan)
        with pytest.raises(OutputError, match=r"Another run is writing here.*choose another folder"), second:
            pass
        assert plan.lock_path.exists()
    assert not plan.lock_path.exists()


def test_a_block_of_another_recipe_is_refused(plan):
    with CubeWriter(replace(plan, bands=("B04", "B11"))) as writer, pytest.raises(RecipeError, match="blocks alike"):
        writer.write(0, cube_of(writer.layout.window(0), truth()))


def test_where_direct_writes_are_not_known_the_cube_is_the_same(plan, monkeypatch):
    monkeypatch.setattr(cubes.os, "O_DIRECT", 0, raising=False)
    write_squares(plan)
    assert damaged_squares(read_cube(plan.path)) == []
    with rasterio.open(plan.path) as dataset:
        np.testing.assert_array_equal(dataset.read(), expected_layers())


WRITE_SLOWLY = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import test_cubes as t
plan = t.plan_in(Path(sys.argv[1]), 64, checkpoint_s=0.0)
whole = t.truth()
with t.CubeWriter(plan) as writer:
    print("ready", flush=True)
    for number in range(writer.layout.count):
        if not writer.has(number):
            writer.write(number, t.cube_of(writer.layout.window(number), whole))
            time.sleep(0.005)
    writer.finish()
"""


def test_a_cube_killed_again_and_again_ends_like_one_that_was_never_stopped(tmp_path):
    folder, rng = tmp_path / "killed", np.random.default_rng(1)
    command = [sys.executable, "-c", WRITE_SLOWLY, str(folder), str(Path(__file__).parent)]
    kills = 0
    while not (folder / "cube.tif").exists():
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.2) * (1 + kills))
            process.send_signal(signal.SIGKILL)
        kills += 1
        assert kills < 30
    plan = plan_in(folder, 64)
    write_squares(plan)
    assert kills > 1
    assert names_in(folder) == ["cube.tif", "cube_quality.vrt"]
    write_squares(plan_in(tmp_path / "whole", 64))
    assert plan.path.read_bytes() == (tmp_path / "whole" / "cube.tif").read_bytes()


# ------------------------------------------------------------------------------------------------ full disks


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a small file system: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder, leave=0):
    free = shutil.disk_usage(folder).free
    (folder / "filler").write_bytes(b"x" * (free - leave))


def test_a_disk_too_small_is_refused_before_any_work(small_disk):
    fill(small_disk, leave=3_000_000)
    with (
        pytest.raises(OutputError, match=r"The cube needs up to 5\.3 MB; 3\.. MB are free"),
        CubeWriter(plan_in(small_disk)),
    ):
        pass
    assert names_in(small_disk) == ["filler"]


def test_a_disk_that_is_full_when_the_cube_is_begun_is_found(small_disk, monkeypatch):
    monkeypatch.setattr(cubes, "check_space", lambda *_args, **_kwargs: None)
    fill(small_disk, leave=3_000_000)
    with pytest.raises(OutputError, match=r"Writing failed.*Free some space"), CubeWriter(plan_in(small_disk)):
        pass
    assert names_in(small_disk) == ["filler"]


def test_a_disk_that_fills_up_under_way_costs_no_square(small_disk):
    plan = plan_in(small_disk)
    write_squares(plan, [0, 1])
    with CubeWriter(plan) as writer:
        for number in range(writer.layout.count):
            if not writer.has(number):
                writer.write(number, cube_of(writer.layout.window(number), truth()))
        fill(small_disk)
        # The squares have their place; the directory behind them has none.
        with pytest.raises(OutputError, match=r"Writing failed.*Free some space.*kept"):
            writer.finish()
        (small_disk / "filler").unlink()
    assert not plan.path.exists()
    assert write_squares(plan) == []
    with rasterio.open(plan.path) as dataset:
        np.testing.assert_array_equal(dataset.read(), expected_layers())


def test_a_disk_that_loses_what_it_promised_is_found(plan, monkeypatch):
    def refuse(*_args):
        raise OSError(28, "No space left on device")

    with CubeWriter(plan) as writer:
        monkeypatch.setattr(cubes, "_write_whole", refuse)
        with pytest.raises(OutputError, match=r"No space left on device.*kept"):
            writer.write(0, cube_of(writer.layout.window(0), truth()))
        assert not writer.has(0)
