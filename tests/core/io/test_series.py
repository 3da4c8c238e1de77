"""Reading a series: the same numbers as the files hold, in the order promised."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from scipy import ndimage

from cropmap.contract.errors import GridError, SourceError
from cropmap.data.scenes import Asset, MaskRule, Scene, SceneSeries
from cropmap.data.site import Window
from cropmap.io import series as series_module
from cropmap.io.rasters import grid_of
from cropmap.io.series import SeriesReader

DATES = [dt.date(2023, 4, 1), dt.date(2023, 4, 9), dt.date(2023, 4, 17)]
HEIGHT, WIDTH = 40, 50


def write(path, values, origin=(500000, 5600000), pixel=10, crs="EPSG:32631", **more):
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[2], height=values.shape[1], count=len(values), dtype=values.dtype,
        crs=crs, transform=Affine(pixel, 0, origin[0], 0, -pixel, origin[1]), **more,
    ) as file:  # fmt: skip
        file.write(values)
    return str(path)


@pytest.fixture
def truth():
    """(time, band, row, column), int16, with no-data numbers."""
    values = np.random.default_rng(5).integers(0, 10000, (3, 2, HEIGHT, WIDTH), dtype="int16")
    values[1, 0, 3, 4] = -9999
    return values


@pytest.fixture
def files(tmp_path, truth):
    """One file a date and band, tiles of 16 pixels."""
    return [
        [
            write(tmp_path / f"{t}_{b}.tif", truth[t, b][None], tiled=True, blockxsize=16, blockysize=16)
            for b in range(2)
        ]
        for t in range(3)
    ]


def series_of(files, **more):
    scenes = tuple(
        Scene(DATES[t], {name: Asset(files[t][b], 1, 1e-4, 0.0, -9999) for b, name in enumerate(("red", "nir"))})
        for t in range(3)
    )
    return SceneSeries(grid_of(files[0][0]), ("red", "nir"), scenes, **more)


def expected(truth, window):
    part = truth[:, :, window.row : window.row + window.height, window.col : window.col + window.width]
    values = np.where(part == -9999, np.nan, part * 1e-4).astype(np.float32)
    return values.reshape(3, 2, -1).transpose(2, 0, 1)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_window_holds_the_files_numbers_pixel_by_pixel(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("w")
    truth = np.random.default_rng(5).integers(0, 10000, (3, 2, HEIGHT, WIDTH), dtype="int16")
    truth[1, 0, 3, 4] = -9999
    files = [[write(folder / f"{t}_{b}.tif", truth[t, b][None]) for b in range(2)] for t in range(3)]
    row, col = data.draw(st.integers(0, HEIGHT - 1)), data.draw(st.integers(0, WIDTH - 1))
    window = Window(row, col, data.draw(st.integers(1, HEIGHT - row)), data.draw(st.integers(1, WIDTH - col)))
    with SeriesReader(series_of(files)) as reader:
        block = reader.read(window)
    np.testing.assert_array_equal(block.values, expected(truth, window))
    np.testing.assert_array_equal(block.clear, np.isfinite(block.values).all(axis=2))


def test_values_are_contiguous_and_pixel_major(files, truth):
    with SeriesReader(series_of(files)) as reader:
        block = reader.read(Window(0, 0, HEIGHT, WIDTH))
    assert block.values.flags.c_contiguous
    assert block.values.shape == (HEIGHT * WIDTH, 3, 2)
    assert block.values[WIDTH + 2, 2, 1] == np.float32(truth[2, 1, 1, 2] * 1e-4)


def test_single_pixels_come_in_the_order_asked_even_twice(files, truth):
    rng = np.random.default_rng(2)
    rows, cols = rng.integers(0, HEIGHT, 60), rng.integers(0, WIDTH, 60)
    rows[7], cols[7] = rows[3], cols[3]
    with SeriesReader(series_of(files)) as reader:
        block = reader.read_pixels(rows, cols)
    whole = expected(truth, Window(0, 0, HEIGHT, WIDTH))
    np.testing.assert_array_equal(block.values, whole[rows * WIDTH + cols])


def test_each_block_of_the_files_is_touched_once_for_single_pixels(files, monkeypatch):
    monkeypatch.setattr(series_module, "_SMALLEST_BLOCK", 16)
    read, windows = SeriesReader._fill, []
    monkeypatch.setattr(SeriesReader, "_fill", lambda self, w, target: (windows.append(w), read(self, w, target))[1])
    rng = np.random.default_rng(3)
    with SeriesReader(series_of(files)) as reader:
        reader.read_pixels(rng.integers(0, HEIGHT, 200), rng.integers(0, WIDTH, 200))
    blocks = [(w.row // 16, w.col // 16) for w in windows]
    assert len(blocks) == len(set(blocks)) == 3 * 4
    assert all((w.row + w.height - 1) // 16 == w.row // 16 for w in windows)


def test_parts_of_gathered_pixels_are_the_pixels_and_each_block_is_read_once(files, truth, monkeypatch):
    monkeypatch.setattr(series_module, "_SMALLEST_BLOCK", 16)
    read, asked = SeriesReader._planes, []
    monkeypatch.setattr(SeriesReader, "_planes", lambda self, *what: asked.append(what) or read(self, *what))
    cells = np.random.default_rng(3).permutation(HEIGHT * WIDTH)[:900]
    rows, cols = np.divmod(cells, WIDTH)
    values, clear = np.empty((900, 3, 2), np.float32), np.empty((900, 3), bool)
    with SeriesReader(series_of(files)) as reader:
        units = reader.gather(rows, cols)
        assert not asked
        for members in units:
            sizes = []
            for part, block in reader.read_pixel_parts(rows[members], cols[members], 40):
                values[members[part]], clear[members[part]] = block.values, block.clear
                sizes.append(len(block.values))
            assert sizes[:-1] == [40] * (len(sizes) - 1)
            assert sum(sizes) == len(members)
    np.testing.assert_array_equal(values, expected(truth, Window(0, 0, HEIGHT, WIDTH))[cells])
    np.testing.assert_array_equal(clear, np.isfinite(values).all(axis=2))
    blocks = [(layers.path, window.row // 16, window.col // 16) for layers, window in asked]
    assert len(blocks) == len(set(blocks)) == len(units) * 6 == 3 * 4 * 6
    assert all((w.row + w.height - 1) // 16 == w.row // 16 for _, w in asked)
    assert all((w.col + w.width - 1) // 16 == w.col // 16 for _, w in asked)


def test_units_of_many_pixels_are_gathered_in_pieces_row_by_row(files, monkeypatch):
    monkeypatch.setattr(series_module, "_HELD_BYTES", 100 * 3 * (4 * 2 + 1))
    cells = np.random.default_rng(3).permutation(HEIGHT * WIDTH)
    rows, cols = np.divmod(cells, WIDTH)
    with SeriesReader(series_of(files)) as reader:
        pieces = reader.gather(rows, cols)
        assert reader.gather([], []) == ()
        with pytest.raises(GridError, match="reach outside"):
            reader.gather([0], [WIDTH])
    assert [len(piece) for piece in pieces] == [100] * 20
    np.testing.assert_array_equal(cells[np.concatenate(pieces)], np.arange(HEIGHT * WIDTH))


def test_no_pixel_at_all_gives_an_empty_block(files):
    with SeriesReader(series_of(files)) as reader:
        assert reader.read_pixels([], []).values.shape == (0, 3, 2)


@pytest.mark.parametrize("window", [Window(-1, 0, 5, 5), Window(0, 48, 5, 5), Window(36, 0, 5, 5)])
def test_a_window_outside_the_grid_is_refused(files, window):
    with SeriesReader(series_of(files)) as reader, pytest.raises(GridError, match="inside the grid"):
        reader.read(window)


def test_a_value_out_of_the_valid_range_is_kept_but_not_clear(files, truth):
    with SeriesReader(series_of(files, valid_range=(0.2, 0.8))) as reader:
        block = reader.read(Window(0, 0, HEIGHT, WIDTH))
    values = expected(truth, Window(0, 0, HEIGHT, WIDTH)).astype(float)
    stored = np.where(np.isnan(values), -1, np.round(values * 1e4))
    np.testing.assert_array_equal(block.clear, ((stored >= 2000) & (stored <= 8000)).all(axis=2))
    assert np.isfinite(block.values).sum() == np.isfinite(values).sum()


def test_infinite_numbers_are_no_values(tmp_path):
    values = np.array([[[1.0, np.inf, -np.inf, np.nan]]], np.float32)
    path = write(tmp_path / "a.tif", values)
    series = SceneSeries(grid_of(path), ("x",), (Scene(DATES[0], {"x": Asset(path)}),))
    with SeriesReader(series) as reader:
        block = reader.read(Window(0, 0, 1, 4))
    np.testing.assert_array_equal(block.values[:, 0, 0], np.float32([1, np.nan, np.nan, np.nan]))
    assert block.clear[:, 0].tolist() == [True, False, False, False]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_every_number_type_is_read(tmp_path, dtype):
    values = np.array([[[0, 1, 100]]], dtype)
    path = write(tmp_path / "a.tif", values)
    series = SceneSeries(grid_of(path), ("x",), (Scene(DATES[0], {"x": Asset(path, 1, 2.0, 3.0, 1)}),))
    with SeriesReader(series) as reader:
        block = reader.read(Window(0, 0, 1, 3))
    np.testing.assert_array_equal(block.values[:, 0, 0], np.float32([3, np.nan, 203]))


def test_a_time_major_file_is_read_in_the_series_order(tmp_path, truth):
    order = [(t, b) for b in (1, 0) for t in (2, 0, 1)]
    path = write(tmp_path / "all.tif", np.stack([truth[t, b] for t, b in order]))
    scenes = tuple(
        Scene(DATES[t], {n: Asset(path, order.index((t, b)) + 1, 1e-4, 0, -9999) for b, n in enumerate(("red", "nir"))})
        for t in range(3)
    )
    with SeriesReader(SceneSeries(grid_of(path), ("red", "nir"), scenes)) as reader:
        block = reader.read(Window(2, 3, 20, 30))
    np.testing.assert_array_equal(block.values, expected(truth, Window(2, 3, 20, 30)))


def test_a_file_larger_than_the_read_bound_is_read_in_parts(tmp_path, truth, monkeypatch):
    monkeypatch.setattr(series_module, "_READ_BYTES", 2 * 8 * HEIGHT * WIDTH)
    test_a_time_major_file_is_read_in_the_series_order(tmp_path, truth)


def test_threads_share_a_reader(files, truth):
    windows = [Window(r, 0, 4, WIDTH) for r in range(0, HEIGHT, 4)]
    got = {}
    with SeriesReader(series_of(files), open_files=7) as reader:
        work = [
            threading.Thread(target=lambda k=k: got.update({w: reader.read(w) for w in windows[k::4]}))
            for k in range(4)
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    for window in windows:
        np.testing.assert_array_equal(got[window].values, expected(truth, window))


def test_no_more_files_than_allowed_are_kept_open(files):
    with SeriesReader(series_of(files), open_files=4) as reader:
        reader.read(Window(0, 0, 4, 4))
        reader.read(Window(4, 0, 4, 4))
        assert len(reader._handles._kept) == 4


def test_a_reader_outside_its_context_says_so(files):
    with pytest.raises(SourceError, match="as a context"):
        SeriesReader(series_of(files)).read(Window(0, 0, 1, 1))


def test_a_damaged_block_names_file_and_window(tmp_path):
    values = np.random.default_rng(1).integers(0, 9999, (1, 64, 64), dtype="int16")
    path = write(tmp_path / "bad.tif", values, tiled=True, blockxsize=16, blockysize=16, compress="deflate")
    series = SceneSeries(grid_of(path), ("x",), (Scene(DATES[0], {"x": Asset(path)}),))
    content = bytearray((tmp_path / "bad.tif").read_bytes())
    with rasterio.open(path) as file:
        offset = int(file.get_tag_item("BLOCK_OFFSET_1_2", "TIFF", bidx=1))
    content[offset : offset + 100] = b"\xff" * 100
    (tmp_path / "bad.tif").write_bytes(content)
    with SeriesReader(series) as reader:
        reader.read(Window(0, 0, 16, 16))
        with pytest.raises(SourceError, match=r"bad\.tif, rows 32\.\.47, columns 16\.\.31"):
            reader.read(Window(32, 16, 16, 16))


def test_a_file_on_another_grid_is_refused_while_reading(files, tmp_path, truth):
    write(tmp_path / "1_1.tif", truth[1, 1][None], origin=(500005, 5600000))
    with SeriesReader(series_of(files)) as reader, pytest.raises(GridError, match=r"upper left corner 500005"):
        reader.read(Window(0, 0, 4, 4))


# ---------------------------------------------------------------- masks


def masked(path, mask, rule, **more):
    scene = Scene(DATES[0], {"x": Asset(path)}, {"m": Asset(mask)})
    return SceneSeries(grid_of(path), ("x",), (scene,), {"m": rule}, **more)


def clear_of(series):
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width)).clear[:, 0].tolist()


def test_mask_values_and_bits_decide_what_is_clear(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((1, 1, 5), np.float32))
    mask = write(tmp_path / "m.tif", np.array([[[21824, 22280, 1, 54596, 30048]]], np.uint16))
    # Landsat Collection 2: 21824 is clear land, 22280 cloud, 1 fill, 54596 cirrus, 30048 snow.
    landsat = MaskRule(bad_bits=(0, 1, 2, 3, 4, 5))
    assert clear_of(masked(path, mask, landsat)) == [True, False, False, False, False]
    assert clear_of(masked(path, mask, MaskRule(clear_values=(1, 22280)))) == [False, True, True, False, False]


def test_a_pixel_is_clear_if_every_mask_says_so(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((1, 1, 4), np.float32))
    classes = write(tmp_path / "scl.tif", np.array([[[4, 4, 9, 9]]], np.uint8))
    share = write(tmp_path / "clp.tif", np.array([[[10, 103, 10, 255]]], np.uint8))
    scene = Scene(DATES[0], {"x": Asset(path)}, {"SCL": Asset(classes), "CLP": Asset(share)})
    rules = {"SCL": MaskRule(clear_values=(4,)), "CLP": MaskRule(most=102)}
    assert clear_of(SceneSeries(grid_of(path), ("x",), (scene,), rules)) == [True, False, False, False]


def test_a_series_whose_mask_misses_a_date_is_refused():
    scene, grid = Scene(DATES[0], {"x": Asset("x.tif")}), series_module.Grid("", 0, 0, 1, 1, 1, 1)
    with pytest.raises(SourceError, match=r"m is missing on 2023-04-01"):
        SceneSeries(grid, ("x",), (scene,), {"m": MaskRule()})


# ---------------------------------------------------------------- widening


@pytest.fixture
def clouds(tmp_path):
    """(series maker, cloud, fill): clouds of 8 and fill of 255 that cross the borders of files' tiles."""
    numbers = np.where(np.random.default_rng(8).random((2, HEIGHT, WIDTH)) < 0.01, 8, 0).astype(np.uint8)
    numbers[:, :, 20:23] = 255
    image = write(tmp_path / "x.tif", np.ones((2, HEIGHT, WIDTH), np.int16), tiled=True, blockxsize=16, blockysize=16)
    flags = write(tmp_path / "m.tif", numbers, tiled=True, blockxsize=16, blockysize=16)
    rule = MaskRule(clear_values=(0,), fill_values=(255,))

    def series(far, **more):
        scenes = tuple(Scene(DATES[t], {"x": Asset(image, t + 1)}, {"m": Asset(flags, t + 1)}) for t in range(2))
        return SceneSeries(grid_of(image), ("x",), scenes, {"m": dataclasses.replace(rule, **more)}, far)

    return series, numbers == 8, numbers == 255


def disc(far):
    down, right = np.mgrid[-far : far + 1, -far : far + 1]
    return down**2 + right**2 <= far**2


@pytest.mark.parametrize("far", [0, 1, 2, 5, 12])
def test_clouds_are_widened_by_a_disc_and_fill_is_not(clouds, far):
    series, cloud, fill = clouds
    truth = np.stack([~(ndimage.binary_dilation(cloud[t], disc(far)) | fill[t]).ravel() for t in range(2)], axis=1)
    with SeriesReader(series(far)) as reader:
        np.testing.assert_array_equal(reader.read(Window(0, 0, HEIGHT, WIDTH)).clear, truth)


def test_flags_that_are_exact_are_not_widened(clouds):
    series, cloud, fill = clouds
    with SeriesReader(series(5, grows=False)) as reader:
        got = reader.read(Window(0, 0, HEIGHT, WIDTH)).clear
    np.testing.assert_array_equal(got, ~(cloud | fill).reshape(2, -1).T)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_widening_leaves_no_trace_of_blocks_or_of_single_reads(clouds, data):
    far = data.draw(st.sampled_from([1, 3, 20]))
    row, col = data.draw(st.integers(0, HEIGHT - 1)), data.draw(st.integers(0, WIDTH - 1))
    window = Window(row, col, data.draw(st.integers(1, HEIGHT - row)), data.draw(st.integers(1, WIDTH - col)))
    rows, cols = np.mgrid[row : row + window.height, col : col + window.width]
    with SeriesReader(clouds[0](far)) as reader:
        whole = reader.read(Window(0, 0, HEIGHT, WIDTH)).clear.reshape(HEIGHT, WIDTH, 2)[rows, cols].reshape(-1, 2)
        np.testing.assert_array_equal(reader.read(window).clear, whole)
        np.testing.assert_array_equal(reader.read_pixels(rows.ravel(), cols.ravel()).clear, whole)


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_parts_of_a_window_are_what_a_read_of_each_gives(tmp_path, dtype):
    rng = np.random.default_rng(4)
    numbers = rng.integers(-5, 100, (3, 20, 30)).astype(dtype)
    path = write(tmp_path / "x.tif", numbers, nodata=-1)
    mask = write(tmp_path / "m.tif", rng.integers(0, 2, (1, 20, 30)).astype(np.uint8))
    bands = {name: Asset(path, index, scale=0.1, nodata=-1) for index, name in enumerate("abc", start=1)}
    scenes = tuple(Scene(date, bands, {"m": Asset(mask)}) for date in DATES)
    rules = {"m": MaskRule(clear_values=(0,))}
    series = SceneSeries(grid_of(path), ("a", "b", "c"), scenes, rules, valid_range=(0.0, 9.0), mask_dilate=1)
    window = Window(2, 3, 17, 22)
    parts = [Window(2, 3, 5, 5), Window(10, 20, 9, 5), Window(2, 3, 17, 22), Window(18, 24, 1, 1)]
    with SeriesReader(series) as reader:
        for part, made in zip(parts, reader.read_parts(window, parts), strict=True):
            alone = reader.read(part)
            np.testing.assert_array_equal(made.values, alone.values)
            np.testing.assert_array_equal(made.clear, alone.clear)
            assert made.dates == alone.dates
        assert list(reader.read_parts(window, [])) == []
        with pytest.raises(GridError):
            next(reader.read_parts(Window(0, 0, 21, 2), [Window(0, 0, 1, 1)]))


def test_a_coarse_mask_is_widened_by_pixels_of_the_series(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((1, 12, 12), np.float32))
    mask = write(tmp_path / "m.tif", np.pad(np.array([[[8]]], np.uint8), ((0, 0), (2, 3), (2, 3))), pixel=20)
    clear = np.array(clear_of(masked(path, mask, MaskRule(clear_values=(0,)), mask_dilate=1))).reshape(12, 12)
    cloud = np.zeros((12, 12), bool)
    cloud[4:6, 4:6] = True
    np.testing.assert_array_equal(clear, ~ndimage.binary_dilation(cloud))


def test_a_files_own_mask_is_respected(tmp_path):
    path = write(tmp_path / "x.tif", np.full((2, 1, 3), 7, np.int16))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.write_mask(np.array([[True, False, True]]))
    series = SceneSeries(grid_of(path), ("a", "b"), (Scene(DATES[0], {"a": Asset(path, 1), "b": Asset(path, 2)}),))
    with SeriesReader(series) as reader:
        block = reader.read(Window(0, 0, 1, 3))
    np.testing.assert_array_equal(block.values[:, 0], np.float32([[7, 7], [np.nan, np.nan], [7, 7]]))
    assert block.clear[:, 0].tolist() == [True, False, True]


# ---------------------------------------------------------------- warping


@pytest.mark.parametrize("warp", [False, True])
def test_a_coarser_mask_is_read_at_the_nearest_pixel(tmp_path, warp):
    path = write(tmp_path / "x.tif", np.ones((1, 4, 4), np.float32))
    mask = write(tmp_path / "m.tif", np.array([[[4, 8], [9, 5]]], np.uint8), pixel=20)
    clear = np.array(clear_of(masked(path, mask, MaskRule(clear_values=(4, 5)), warp=warp))).reshape(4, 4)
    np.testing.assert_array_equal(clear, np.kron([[1, 0], [0, 1]], np.ones((2, 2))).astype(bool))


@pytest.mark.parametrize(
    ("pixel", "origin"), [(20, (499985, 5600015)), (7, (499999, 5600003)), (33, (499970, 5600001))]
)
def test_a_mask_on_any_grid_that_covers_is_read_where_pixel_centres_lie_in_every_window(tmp_path, pixel, origin):
    path = write(tmp_path / "x.tif", np.ones((1, 30, 40), np.float32))
    side = 700 // pixel
    classes = np.random.default_rng(3).integers(0, 4, (side, side), dtype=np.uint8)
    mask = write(tmp_path / "m.tif", classes[None], origin=origin, pixel=pixel)
    x, y = 500000 + 10 * (np.arange(40) + 0.5), 5600000 - 10 * (np.arange(30) + 0.5)
    truth = classes[((origin[1] - y) // pixel).astype(int)][:, ((x - origin[0]) // pixel).astype(int)] > 1
    series = masked(path, mask, MaskRule(bad_values=(0, 1)))
    with SeriesReader(series) as reader:
        for size in (30, 7):
            for window in series.grid.windows(size):
                got = reader.read(window).clear.reshape(window.height, window.width)
                rows, cols = slice(window.row, window.row + window.height), slice(window.col, window.col + window.width)
                np.testing.assert_array_equal(got, truth[rows, cols])


def test_a_mask_that_does_not_cover_is_refused_without_warp(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((1, 4, 4), np.float32))
    mask = write(tmp_path / "m.tif", np.zeros((1, 2, 1), np.uint8), pixel=20)
    with pytest.raises(GridError, match="another grid"):
        clear_of(masked(path, mask, MaskRule(clear_values=(0,))))
    clear = np.array(clear_of(masked(path, mask, MaskRule(clear_values=(0,)), warp=True))).reshape(4, 4)
    np.testing.assert_array_equal(clear, np.tile([True, True, False, False], (4, 1)))


def test_what_a_warped_file_does_not_cover_is_neither_a_value_nor_clear(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((1, 2, 4), np.int16))
    other = write(tmp_path / "y.tif", np.full((1, 2, 4), 7, np.int16), origin=(500020, 5600000))
    mask = write(tmp_path / "m.tif", np.zeros((1, 2, 4), np.uint8), origin=(500020, 5600000))
    scene = Scene(DATES[0], {"x": Asset(other)}, {"m": Asset(mask)})
    series = SceneSeries(grid_of(path), ("x",), (scene,), {"m": MaskRule(bad_bits=(0,))}, warp=True)
    with SeriesReader(series) as reader:
        block = reader.read(Window(0, 0, 2, 4))
    row = block.values[:, 0, 0].reshape(2, 4)[0]
    np.testing.assert_array_equal(row, np.float32([np.nan, np.nan, 7, 7]))
    assert block.clear.reshape(2, 4)[0].tolist() == [False, False, True, True]


def test_bilinear_warping_reproduces_a_plane(tmp_path):
    """A linear surface is what bilinear interpolation gives back exactly, away from the border."""
    rows, cols = np.mgrid[0:40, 0:40]
    coarse = (100 + 2 * cols + 3 * rows).astype(np.float32)[None]
    path = write(tmp_path / "x.tif", np.ones((1, 60, 60), np.float32), origin=(500050, 5599950), pixel=5)
    other = write(tmp_path / "y.tif", coarse)
    series = SceneSeries(grid_of(path), ("y",), (Scene(DATES[0], {"y": Asset(other, scale=2.0)}),), warp=True)
    with SeriesReader(series) as reader:
        got = reader.read(Window(0, 0, 60, 60)).values.reshape(60, 60)
    r, c = np.mgrid[0:60, 0:60]
    col, row = 5 + (c + 0.5) / 2 - 0.5, 5 + (r + 0.5) / 2 - 0.5
    np.testing.assert_allclose(got, 2 * (100 + 2 * col + 3 * row), rtol=1e-5)


# ---------------------------------------------------------------- block sizes


@pytest.mark.parametrize(
    ("shapes", "size", "unit"),
    [
        ([(256, 256)], 256, (256, 256)),
        ([(512, 512), (512, 512)], 512, (512, 512)),
        ([(128, 128)], 256, (256, 256)),
        ([(1024, 1024)], 1024, (1024, 1024)),
        ([(1, 5000)], 512, (256, 5000)),
        ([(4000, 5000)], 512, (4000, 5000)),
        ([(256, 256), (512, 512)], 512, (512, 512)),
    ],
)
def test_blocks_are_multiples_of_tiles(shapes, size, unit):
    grid = series_module.Grid("", 0, 0, 1, 1, 5000, 4000)
    assert series_module._block_size(shapes, grid) == size
    assert series_module._point_unit(shapes, grid) == unit
