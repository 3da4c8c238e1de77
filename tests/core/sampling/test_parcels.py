"""Mean series of parcels, against loops over the pixels of hand-made rasters."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from cropmap.contract.errors import RecipeError, SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.samples import LabelFeatures
from cropmap.data.scenes import Asset, MaskRule, Scene, SceneSeries
from cropmap.io import handles
from cropmap.io import series as series_module
from cropmap.io.cube_reader import read_cube
from cropmap.io.cubes import CubePlan
from cropmap.io.rasters import grid_of
from cropmap.mapping.prepared import CubeOptions, prepare_cube
from cropmap.prepare.recipe import make_recipe, recipe_bands, recipe_nodes
from cropmap.sampling import extract as extract_module
from cropmap.sampling import parcels as module
from cropmap.sampling.extract import extract
from cropmap.sampling.parcels import TOO_FEW_PIXELS, extract_parcels, place_parcels
from cropmap.sampling.place import PlaceOptions, place

SIZE, TILE = 64, 16
DAYS = (0, 6, 13, 20, 30, 41, 55)
DATES = tuple(dt.date(2023, 4, 1) + dt.timedelta(day) for day in DAYS)
BANDS = ("red", "nir")
SCALE = 1e-4


def write(path, values):
    with rasterio.open(
        path, "w", driver="GTiff", width=SIZE, height=SIZE, count=len(values), dtype=values.dtype, tiled=True,
        blockxsize=TILE, blockysize=TILE, compress="deflate", crs="EPSG:32631",
        transform=Affine(10, 0, 5e5, 0, -10, 5.6e6),
    ) as file:  # fmt: skip
        file.write(values)
    return str(path)


def series_of(folder, numbers, clear, dates=DATES):
    """Files of stored numbers (time, band, row, column), masked where not clear (time, row, column)."""
    scenes = []
    for k, date in enumerate(dates):
        image = write(folder / f"{k}.tif", numbers[k])
        mask = write(folder / f"{k}_mask.tif", clear[k][None].astype(np.uint8))
        bands = {band: Asset(image, index, SCALE, 0.0, -9999) for index, band in enumerate(BANDS, 1)}
        scenes.append(Scene(date, bands, {"mask": Asset(mask)}))
    return SceneSeries(
        grid_of(scenes[0].bands["red"].path), BANDS, tuple(scenes), {"mask": MaskRule(clear_values=(1,))}
    )


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(1).integers(1, 9000, (len(DAYS), 2, SIZE, SIZE)).astype(np.int16)


@pytest.fixture(scope="module")
def clouds():
    """Patches of 8 x 8 pixels, a third of them clear; the first date is clear throughout."""
    clear = np.random.default_rng(2).random((len(DAYS), SIZE // 8, SIZE // 8)) < 0.4
    clear[0] = True
    return clear.repeat(8, 1).repeat(8, 2)


@pytest.fixture(scope="module")
def cloudy(tmp_path_factory, numbers, clouds):
    return series_of(tmp_path_factory.mktemp("cloudy"), numbers, clouds)


@pytest.fixture(scope="module")
def fair(tmp_path_factory, numbers):
    return series_of(tmp_path_factory.mktemp("fair"), numbers, np.ones((len(DAYS), SIZE, SIZE), bool))


@pytest.fixture(scope="module")
def recipe():
    return make_recipe("weekly_linear", {"min_clear": 1, "max_gap_days": 0}, DATES)


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """Sixteen units of storage of 16 x 16 pixels."""
    monkeypatch.setattr(series_module, "_SMALLEST_BLOCK", TILE)


def area(grid, col, row, right, bottom):
    """A polygon by pixel coordinates."""
    west, north, size = grid.west, grid.north, grid.pixel_width
    return shapely.box(west + col * size, north - bottom * size, west + right * size, north - row * size)


def features(grid, shapes, labels=None):
    ids = np.array([f"f{k}" for k in range(len(shapes))])
    labels = np.array(labels or [("a", "b")[k % 2] for k in range(len(shapes))])
    return LabelFeatures(np.array(shapes, object), labels, ids, ids, grid.crs)


# Inside one unit, over two, over all, of one pixel each, apart.
BOXES = ((1, 1, 6, 5), (10, 3, 25, 9), (5, 20, 60, 50), (40, 2, 41, 3), (62, 62, 63, 63), (30, 12, 47, 18))


def boxes(grid):
    return features(grid, [area(grid, *box) for box in BOXES])


def mean_of(numbers, clear, box, share=0.5):
    """The mean series of a box, (time, band), and its clear dates, by hand."""
    col, row, right, bottom = box
    mean, usable = np.full((len(numbers), 2), np.nan), []
    for time in range(len(numbers)):
        hit = clear[time, row:bottom, col:right]
        usable.append(hit.sum() >= max(1, share * hit.size))
        if usable[-1]:
            mean[time] = [(numbers[time, band, row:bottom, col:right][hit] * SCALE).mean() for band in range(2)]
    return mean, np.array(usable)


def interpolated(mean, usable, recipe):
    days = np.array(DAYS)[usable]
    return np.stack([np.interp(recipe_nodes(recipe), days, mean[usable, band]) for band in range(2)], axis=1)


# ---------------------------------------------------------------- placing


def test_a_polygon_is_one_sample_with_its_own_id_and_group(fair):
    shapes = [area(fair.grid, 0, 0, 3, 2), shapely.Point(500305, 5599695), area(fair.grid, 10, 10, 12, 11)]
    found = place_parcels(features(fair.grid, shapes), fair.grid)
    assert found.samples.ids.tolist() == found.samples.groups.tolist() == ["f0", "f1", "f2"]
    assert found.sample.tolist() == [0] * 6 + [1] + [2] * 2
    assert list(zip(found.rows.tolist(), found.cols.tolist(), strict=True)) == [
        *((row, col) for row in range(2) for col in range(3)),
        *((30, 30), (10, 10), (10, 11)),
    ]
    assert "Points have no parcel: each stands for its pixel." in found.samples.notes


def test_a_sample_stands_at_the_pixel_nearest_to_the_mean_of_all(fair):
    ring = area(fair.grid, 0, 0, 9, 9).difference(area(fair.grid, 1, 1, 8, 8))
    two = shapely.MultiPolygon([area(fair.grid, 20, 20, 22, 21), area(fair.grid, 30, 20, 31, 21)])
    found = place_parcels(features(fair.grid, [ring, two, area(fair.grid, 40, 40, 43, 43)]), fair.grid)
    assert np.bincount(found.sample).tolist() == [81 - 49, 3, 9]
    # The ring's mean is its hole's middle, 4 rows and columns from its sides: the first of four equals.
    assert list(zip(found.samples.rows.tolist(), found.samples.cols.tolist(), strict=True)) == [
        (0, 4),
        (20, 21),
        (41, 41),
    ]
    assert found.samples.x[2] == fair.grid.west + 415
    assert found.samples.y[2] == fair.grid.north - 415


def test_parts_of_a_multipoint_stay_apart_in_one_group(fair):
    both = shapely.MultiPoint([(500015, 5599995), (500055, 5599995)])
    found = place_parcels(features(fair.grid, [both, area(fair.grid, 9, 9, 11, 11)]), fair.grid)
    assert found.samples.ids.tolist() == ["f0/0_1", "f0/0_5", "f1"]
    assert found.samples.groups.tolist() == ["f0", "f0", "f1"]


def test_parcels_lose_the_pixels_that_they_contest_and_small_ones_have_one(fair):
    shapes = [area(fair.grid, *box) for box in ((0, 0, 4, 4), (2, 0, 6, 4), (20.6, 9.6, 20.9, 9.9), (30, 0, 39, 9))]
    found = place_parcels(features(fair.grid, shapes), fair.grid, PlaceOptions(inner_buffer_m=0))
    assert np.bincount(found.sample).tolist() == [8, 8, 1, 81]
    assert set(found.cols[found.sample == 0].tolist()) == {0, 1}
    inner = place_parcels(features(fair.grid, shapes[3:] * 2, ["a", "a"]), fair.grid, PlaceOptions(inner_buffer_m=11))
    assert np.bincount(inner.sample).tolist() == [49]
    assert "1 polygon has no pixel of its own left: left out." in inner.samples.notes


# ---------------------------------------------------------------- means


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_means_are_those_of_a_loop_over_clear_pixels(cloudy, numbers, clouds, recipe, share):
    parcels = place_parcels(boxes(cloudy.grid), cloudy.grid)
    samples, notes = extract_parcels(cloudy, parcels, recipe, share)
    assert (samples.ids.tolist(), notes) == ([f"f{k}" for k in range(len(BOXES))], ())
    for box, values in zip(BOXES, samples.values, strict=True):
        mean, usable = mean_of(numbers, clouds, box, share)
        np.testing.assert_allclose(values, interpolated(mean, usable, recipe), rtol=3e-7)
    assert (samples.bands, samples.masked, samples.crs) == (BANDS, True, cloudy.grid.crs)


def test_shares_ask_for_no_pixel_more_by_rounding(numbers, tmp_path, recipe):
    clear = np.zeros((len(DAYS), SIZE, SIZE), bool)
    clear[0] = True
    clear[3, 0, :7] = True  # 7 of 25 pixels; 0.28 x 25 is 7.000000000000001
    series = series_of(tmp_path, numbers, clear)
    parcels = place_parcels(features(series.grid, [area(series.grid, 0, 0, 25, 1)]), series.grid)
    seen = [extract_parcels(series, parcels, recipe, share)[0].values for share in (0.28, 0.281)]
    mean, usable = mean_of(numbers, clear, (0, 0, 25, 1), 0.0)
    np.testing.assert_allclose(seen[0][0], interpolated(mean, usable, recipe), rtol=3e-7)
    np.testing.assert_allclose(seen[1][0], np.tile(mean[0], (len(seen[1][0]), 1)), rtol=3e-7)


def test_without_clouds_a_linear_recipe_gives_the_mean_of_the_pixels_samples(fair, recipe):
    parcels, _ = extract_parcels(fair, place_parcels(boxes(fair.grid), fair.grid), recipe)
    pixels, _ = extract(fair, place(boxes(fair.grid), fair.grid), recipe)
    for name, values in zip(parcels.ids, parcels.values, strict=True):
        of_it = pixels.values[pixels.groups == name].astype(np.float64)
        np.testing.assert_allclose(values, of_it.mean(axis=0), rtol=3e-7)


def test_parcels_of_one_pixel_and_points_are_their_pixels_to_the_last_bit(cloudy, recipe):
    cells = np.random.default_rng(3).choice(SIZE * SIZE, 300, replace=False)
    rows, cols = np.divmod(cells, SIZE)
    shapes = [area(cloudy.grid, col, row, col + 1, row + 1) for row, col in zip(rows[:200], cols[:200], strict=True)]
    x, y = cloudy.grid.west + (cols[200:] + 0.5) * 10, cloudy.grid.north - (rows[200:] + 0.5) * 10
    given = features(cloudy.grid, [*shapes, *shapely.points(x, y)])
    parcels, _ = extract_parcels(cloudy, place_parcels(given, cloudy.grid), recipe)
    pixels, _ = extract(cloudy, place(given, cloudy.grid), recipe)
    assert parcels.values.tobytes() == pixels.values.tobytes()
    assert parcels.groups.tolist() == pixels.groups.tolist()
    np.testing.assert_array_equal([parcels.x, parcels.y], [pixels.x, pixels.y])


def test_indices_are_computed_of_the_mean(cloudy, numbers, clouds):
    own = make_recipe(
        "weekly_indices", {"features": "listed", "names": ["NDVI"], "start": "2023-04-01", "end": "2023-05-26"}, DATES
    )
    samples, _ = extract_parcels(cloudy, place_parcels(boxes(cloudy.grid), cloudy.grid), own)
    for box, values in zip(BOXES, samples.values, strict=True):
        mean, usable = mean_of(numbers, clouds, box)
        red, nir = mean[usable].T
        ndvi = np.interp(samples.days, np.array(DAYS)[usable], (nir - red) / (nir + red))
        np.testing.assert_allclose(values[:, samples.bands.index("NDVI")], ndvi, rtol=2e-5, atol=2e-6)


def test_scenes_of_one_day_are_merged_by_pixel_first(tmp_path, numbers, recipe):
    """Two scenes of a day, each over a third of the parcel and more: neither has half of it, both have."""
    numbers, dates = np.concatenate([numbers, numbers[3:4]]), (*DATES, DATES[3])
    clear = np.zeros((len(dates), SIZE, SIZE), bool)
    clear[0] = True
    clear[3, :, :4], clear[7, :, 6:] = True, True
    series = series_of(tmp_path, numbers, clear, dates)
    parcels = place_parcels(features(series.grid, [area(series.grid, 0, 0, 10, 10)]), series.grid)
    values = extract_parcels(series, parcels, recipe)[0].values[0]
    both = (clear[3] | clear[7])[:10, :10]
    mean, usable = mean_of(numbers[:7], clear[:7], (0, 0, 10, 10))
    mean[3] = [(numbers[3, band, :10, :10][both] * SCALE).mean() for band in range(2)]
    usable[3] = True
    np.testing.assert_allclose(values, interpolated(mean, usable, recipe), rtol=3e-7)


def test_dropped_parcels_are_counted_by_class(tmp_path, numbers, recipe):
    clear = np.zeros((len(DAYS), SIZE, SIZE), bool)
    clear[:, :, :32] = True
    series = series_of(tmp_path, numbers, clear)
    samples, notes = extract_parcels(series, place_parcels(boxes(series.grid), series.grid), recipe)
    # The largest has 27 of its 55 columns in sight, less than half.
    assert samples.ids.tolist() == ["f0", "f1"]
    assert notes == ("4 of 6 samples dropped, no clear date in the season: 2 of class 'a', 2 of class 'b'.",)


# ---------------------------------------------------------------- blocks, memory, threads


@pytest.fixture
def reads(monkeypatch):
    """Every block that is read of a file, as GDAL is asked: file, layer, row and column of the block."""
    found = []
    read = handles.Opened.read

    def counted(self, indexes, window):
        down = range(window.row // TILE, (window.row + window.height - 1) // TILE + 1)
        right = range(window.col // TILE, (window.col + window.width - 1) // TILE + 1)
        found.extend((self._dataset.name, index, row, col) for index in indexes for row in down for col in right)
        return read(self, indexes, window)

    monkeypatch.setattr(handles.Opened, "read", counted)
    return found


def test_each_block_is_read_once(cloudy, recipe, reads):
    parcels = place_parcels(boxes(cloudy.grid), cloudy.grid)
    extract_parcels(cloudy, parcels, recipe)
    touched = {(row // TILE, col // TILE) for row, col in zip(parcels.rows, parcels.cols, strict=True)}
    assert len(reads) == len(set(reads)) == len(touched) * len(DAYS) * (len(BANDS) + 1)
    reads.clear()
    extract(cloudy, place(boxes(cloudy.grid), cloudy.grid), recipe)
    assert len(reads) == len(set(reads)) == len(touched) * len(DAYS) * (len(BANDS) + 1)


def test_pieces_parts_and_threads_change_no_bit(cloudy, recipe, monkeypatch):
    parcels = place_parcels(boxes(cloudy.grid), cloudy.grid)
    usual = extract_parcels(cloudy, parcels, recipe)[0].values.tobytes()
    monkeypatch.setattr(series_module, "_HELD_BYTES", 50 * len(DAYS) * (4 * len(BANDS) + 1))
    monkeypatch.setattr(module, "PART", 3)
    monkeypatch.setattr(module, "_TOGETHER", 2)
    pieces = []
    gather = series_module.SeriesReader.gather
    monkeypatch.setattr(
        series_module.SeriesReader, "gather", lambda *args: pieces.extend(gather(*args)) or tuple(pieces)
    )
    for threads in (1, 4):
        pieces.clear()
        monkeypatch.setattr(extract_module, "worker_count", lambda _, threads=threads: threads)
        assert extract_parcels(cloudy, parcels, recipe)[0].values.tobytes() == usual
        assert max(map(len, pieces)) == 50
    monkeypatch.setattr(series_module, "_SMALLEST_BLOCK", 4 * TILE)
    assert extract_parcels(cloudy, parcels, recipe)[0].values.tobytes() == usual


def test_sums_that_wait_are_those_of_parcels_that_are_cut(cloudy, recipe):
    """A parcel leaves as soon as its last pixel is read: the memory does not grow with their number."""
    grid = cloudy.grid
    small = [area(grid, 4 * k % 64, 4 * (4 * k // 64), 4 * k % 64 + 4, 4 * (4 * k // 64) + 4) for k in range(256)]
    parcels = place_parcels(features(grid, small), grid)
    with series_module.SeriesReader(cloudy) as reader:
        means = module._Means(module._Scenes(reader, cloudy, recipe), parcels, 0.5)
        waiting = [
            len(means._begun) + len(means._whole) for _ in means.fill(reader.gather(parcels.rows, parcels.cols), 1)
        ]
    assert waiting == [0] * 16
    assert np.isfinite(means.values).all()


def test_progress_is_told_and_cancels(cloudy, recipe):
    told = []
    parcels = place_parcels(boxes(cloudy.grid), cloudy.grid)
    extract_parcels(cloudy, parcels, recipe, progress=Progress(lambda share, _: told.append(share)))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)
    with pytest.raises(Cancelled):
        extract_parcels(cloudy, parcels, recipe, progress=Progress(cancelled=lambda: True))


def test_pixels_outside_are_refused(cloudy, recipe):
    parcels = place_parcels(boxes(cloudy.grid), cloudy.grid)
    with pytest.raises(SampleError, match="Sample f0 is at row 64"):
        extract_parcels(cloudy, dataclasses.replace(parcels, rows=np.full(len(parcels.rows), SIZE)), recipe)


# ---------------------------------------------------------------- a cube in place of images


@pytest.fixture(scope="module")
def cube(tmp_path_factory, cloudy):
    """Prepared by a recipe that refuses pixels with fewer than three clear dates."""
    strict = make_recipe("weekly_linear", {"min_clear": 3, "max_gap_days": 0}, DATES)
    plan = CubePlan(
        tmp_path_factory.mktemp("cube"), cloudy.grid, recipe_nodes(strict), recipe_bands(strict, BANDS), strict, DATES,
        BANDS, masked=True,
    )  # fmt: skip
    prepare_cube(cloudy, plan, CubeOptions(threads=1), Progress())
    return read_cube(plan.path)


def test_of_a_cube_the_mean_of_the_usable_pixels_is_taken(cube, clouds):
    usable = clouds.sum(axis=0) >= 3
    whole, _ = extract(cube, place(features(cube.grid, [area(cube.grid, 0, 0, SIZE, SIZE)]), cube.grid), cube.recipe)
    by_pixel = dict(zip(whole.ids.tolist(), whole.values.astype(np.float64), strict=True))
    for share in (0.0, 0.5, 1.0):
        expected, dropped = {}, 0
        for number, (col, row, right, bottom) in enumerate(BOXES):
            seen = usable[row:bottom, col:right]
            if seen.sum() >= max(1, share * seen.size):
                keys = [f"f0/{row + down}_{col + across}" for down, across in np.argwhere(seen)]
                expected[f"f{number}"] = np.mean([by_pixel[key] for key in keys], axis=0)
            else:
                dropped += 1
        samples, notes = extract_parcels(cube, place_parcels(boxes(cube.grid), cube.grid), cube.recipe, share)
        assert samples.ids.tolist() == list(expected)
        np.testing.assert_allclose(samples.values, list(expected.values()), rtol=3e-7)
        assert all(TOO_FEW_PIXELS in note for note in notes)
        assert sum(int(note.split()[0]) for note in notes) == dropped


def test_a_cube_of_another_recipe_is_refused(cube, recipe):
    with pytest.raises(RecipeError, match="another recipe"):
        extract_parcels(cube, place_parcels(boxes(cube.grid), cube.grid), recipe)


def test_each_square_of_a_cube_is_read_once(cube, monkeypatch):
    from cropmap.io import cube_reader

    numbers = []
    read = cube_reader._read_square
    monkeypatch.setattr(
        cube_reader, "_read_square", lambda path, offset, planes: numbers.append(offset) or read(path, offset, planes)
    )
    parcels = place_parcels(boxes(cube.grid), cube.grid)
    extract_parcels(cube, parcels, cube.recipe)
    tile = cube.tile
    squares = {
        (row // tile, col // tile) for row, col in zip(parcels.rows.tolist(), parcels.cols.tolist(), strict=True)
    }
    assert len(numbers) == len(set(numbers)) == len(squares)
