import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.data.site import Grid
from cropmap.mapping.blocks import WORK_BYTES, block_windows, plan_work


def series_bytes(dates, bands, steps, features):
    """What a pixel takes as read and as prepared."""
    return 4 * dates * bands + dates + 4 * steps * features


def grid_of(width, height):
    return Grid("", 0.0, 0.0, 1.0, 1.0, width, height)


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(1, 1500),
    height=st.integers(1, 1500),
    tile=st.sampled_from([64, 256, 512]),
    pixel_bytes=st.integers(10, 20_000),
    workers=st.integers(1, 9),
)
def test_blocks_cover_each_pixel_once(width, height, tile, pixel_bytes, workers):
    covered = np.zeros((height, width), np.int32)
    for window in block_windows(grid_of(width, height), tile, pixel_bytes, workers):
        covered[window.row : window.row + window.height, window.col : window.col + window.width] += 1
    assert (covered == 1).all()


@settings(deadline=None)
@given(
    tile=st.sampled_from([16, 256, 512, 1024]),
    dates=st.integers(1, 400),
    bands=st.integers(1, 15),
    steps=st.integers(1, 100),
    side=st.sampled_from([0, 0, 100, 900]),
    threads=st.integers(1, 64),
)
def test_blocks_in_work_take_700_mb_together_whatever_the_series_and_the_threads(
    tile, dates, bands, steps, side, threads
):
    pixel_bytes = series_bytes(dates, bands, steps, bands)
    work = plan_work(grid_of(3000, 3000), tile, pixel_bytes, side=side, threads=threads)
    largest = max(window.pixels for window in work.windows) * pixel_bytes
    assert 1 <= work.workers <= threads
    assert work.workers * largest <= WORK_BYTES or (work.workers == 1 and side)


@pytest.mark.parametrize(
    ("tile", "threads", "block", "workers"),
    [
        (512, 1, (512, 512), 1),  # 346 MB
        (512, 2, (512, 512), 2),
        (512, 4, (256, 512), 4),  # half a tile each: 173 MB
        (512, 8, (256, 512), 4),
        (256, 8, (256, 256), 8),  # 86 MB
        (1024, 2, (147, 1024), 2),  # 1.4 GB a tile
    ],
)
def test_more_threads_get_smaller_blocks_and_then_are_fewer(tile, threads, block, workers):
    work = plan_work(grid_of(4096, 4096), tile, series_bytes(23, 6, 31, 6), threads=threads)
    assert (work.windows[0].height, work.windows[0].width) == block
    assert work.workers == workers


def test_a_tile_is_cut_into_bands_of_one_height():
    windows = block_windows(grid_of(512, 512), 512, 4000, 2)
    assert max(window.height for window in windows) - min(window.height for window in windows) <= len(windows)


def test_blocks_of_several_tiles_begin_on_tile_borders():
    windows = block_windows(grid_of(3000, 3000), 256, series_bytes(23, 6, 31, 6), 2)
    assert {(window.row % 256, window.col % 256) for window in windows} == {(0, 0)}
    assert windows[0].width == 256


def test_a_short_series_is_read_in_larger_squares():
    assert block_windows(grid_of(3000, 3000), 256, 40, 8)[0].width == 512


def test_a_tile_too_large_for_the_bound_is_cut_into_rows_that_follow_each_other():
    windows = block_windows(grid_of(2048, 1024), 1024, series_bytes(46, 6, 36, 6), 2)
    rows = [window.row for window in windows if window.col == 0]
    assert windows[0].width == 1024
    assert windows[0].height < 256
    assert [window.col for window in windows] == sorted(window.col for window in windows)
    assert rows == sorted(rows)


def test_the_users_block_size_is_taken_as_given():
    assert {window.width for window in plan_work(grid_of(200, 200), 512, 10**6, side=100).windows} == {100}


@pytest.mark.parametrize(("side", "tile", "pixel_bytes"), [(0, 400, 100), (0, 512, 9000), (100, 512, 100), (0, 64, 4)])
def test_blocks_begin_at_multiples_where_that_is_asked(side, tile, pixel_bytes):
    grid = grid_of(1500, 1300)
    windows = plan_work(grid, tile, pixel_bytes, side=side, threads=2, multiple=128).windows
    assert all(window.row % 128 == window.col % 128 == 0 for window in windows)
    assert sum(window.pixels for window in windows) == 1500 * 1300


def test_workers_are_as_many_as_their_parts_leave_room_for():
    work = plan_work(grid_of(4096, 4096), 256, 4, threads=8)
    assert [work.bounded(size).workers for size in (1, 50_000_000, 10**12)] == [8, 6, 1]
    assert work.bounded(10**12).windows == work.windows
