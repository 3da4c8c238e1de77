"""From placed pixels to samples, with a reader that makes its values from the pixel's place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.cube import Quality, RegularCube
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import PlacedSamples
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.season import Season
from cropmap.data.site import Grid
from cropmap.sampling import extract as module
from cropmap.sampling.extract import NO_DATE, NOT_ENOUGH, NOT_FINITE, chunks_of, extract

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 4, 15))
RECIPE = Recipe("fake", SEASON, ())
DATES = tuple(dt.date(2023, 4, 1 + 7 * k) for k in range(3))
SERIES = SceneSeries(
    Grid("", 0.0, 100.0, 1.0, 1.0, 100, 100), ("red",), tuple(Scene(date, {"red": Asset("x")}) for date in DATES)
)


class FakeReader:
    """A pixel's value is 1000 row + column; row 1 has no clear date, row 2 too few, row 3 comes out as NaN."""

    reads: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012 - looked at by the tests
    block_size = 10
    series_bytes = 4 * len(DATES)
    bands = ("red",)

    def __init__(self, series, recipe):
        self.series, self.days = series, recipe.season.nodes(7)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read_pixels(self, rows, cols):
        self.reads.append((rows, cols))
        values = np.repeat((1000.0 * rows + cols).astype(np.float32)[:, None, None], len(DATES), axis=1)
        values[(rows == 1) | (rows == 3)] = np.nan
        clear = np.where(rows == 1, 0, np.where(rows == 2, 1, 3)).astype(np.uint16)
        return RegularCube(values, self.days, self.bands, Quality(clear, clear), (rows != 1) & (rows != 2))


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    monkeypatch.setattr(module, "PreparedReader", FakeReader)
    monkeypatch.setattr(FakeReader, "reads", [])


def placed(rows, cols, codes=None):
    rows, cols = np.array(rows), np.array(cols)
    ids = np.array([f"s{k}" for k in range(len(rows))])
    codes = np.zeros(len(rows), np.uint8) if codes is None else np.array(codes, np.uint8)
    return PlacedSamples(rows, cols, codes, ids, ids, cols + 0.5, 100 - rows - 0.5, legend_from_names(["a", "b"]))


def test_each_sample_gets_its_own_pixels_series_in_the_given_order():
    rows, cols = np.random.default_rng(0).permuted(np.indices((20, 20)).reshape(2, -1), axis=1) + 10
    samples, notes = extract(SERIES, placed(rows, cols, np.arange(400) % 2), RECIPE, Progress())
    np.testing.assert_array_equal(samples.values[:, :, 0], np.repeat((1000 * rows + cols)[:, None], 3, axis=1))
    assert samples.ids.tolist() == [f"s{k}" for k in range(400)]
    assert samples.codes.tolist() == [0, 1] * 200
    assert (samples.bands, samples.days.tolist(), samples.crs, notes) == (("red",), [0, 7, 14], "", ())


def test_dropped_samples_are_counted_by_reason_and_class():
    samples, notes = extract(
        SERIES, placed([1, 2, 3, 4, 1, 1], [0, 0, 0, 0, 1, 2], [0, 1, 0, 1, 0, 1]), RECIPE, Progress()
    )
    assert samples.ids.tolist() == ["s3"]
    assert sorted(notes) == [
        f"1 of 6 samples dropped, {NOT_ENOUGH}: 1 of class 'b'.",
        f"1 of 6 samples dropped, {NOT_FINITE}: 1 of class 'a'.",
        f"3 of 6 samples dropped, {NO_DATE}: 2 of class 'a', 1 of class 'b'.",
    ]


def test_no_usable_series_is_an_error_that_says_why():
    with pytest.raises(SampleError, match=r"None of the samples.*2 of 2 samples dropped, no clear date.*cloud mask"):
        extract(SERIES, placed([1, 1], [0, 1]), RECIPE, Progress())


def test_a_pixel_outside_the_images_is_refused():
    with pytest.raises(SampleError, match=r"Sample s1 is at row 100, column 3.*Place the labels"):
        extract(SERIES, placed([5, 100], [3, 3]), RECIPE, Progress())


def test_memory_is_bounded_by_reading_in_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 4 * 3 * 25)
    rows, cols = np.indices((20, 20)).reshape(2, -1) + 10
    samples, _ = extract(SERIES, placed(rows, cols), RECIPE, Progress())
    assert len(samples) == 400
    assert max(len(read) for read, _ in FakeReader.reads) == 25


def test_cancel_stops_between_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 4 * 3 * 100)
    rows, cols = np.indices((20, 20)).reshape(2, -1) + 10
    with pytest.raises(Cancelled):
        extract(SERIES, placed(rows, cols), RECIPE, Progress(cancelled=lambda: len(FakeReader.reads) == 2))
    assert len(FakeReader.reads) == 2


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80, unique=True),
    st.integers(1, 15),
    st.integers(1, 30),
)
def test_chunks_hold_each_pixel_once_and_part_no_block_that_fits(pixels, block, most):
    rows, cols = np.array(pixels).T
    chunks = chunks_of(rows, cols, block, most)
    assert sorted(np.concatenate(chunks).tolist()) == list(range(len(pixels)))
    assert max(map(len, chunks)) <= most
    touched: dict[tuple[int, int], set[int]] = {}
    sizes: dict[tuple[int, int], int] = {}
    for number, chunk in enumerate(chunks):
        for pixel in chunk:
            key = (int(rows[pixel] // block), int(cols[pixel] // block))
            touched.setdefault(key, set()).add(number)
            sizes[key] = sizes.get(key, 0) + 1
    assert all(len(touched[key]) == 1 for key, size in sizes.items() if size <= most)


# ---------------------------------------------------------------- real data, nothing faked


def test_sinop_series_agree_with_the_published_table(monkeypatch):
    rasterio = pytest.importorskip("rasterio")
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "sits_sinop"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/sits_sinop")
    from cropmap.io.rasters import grid_of
    from cropmap.io.vectors import read_labels
    from cropmap.prepare import blocks, recipe
    from cropmap.sampling.place import place

    monkeypatch.setattr(module, "PreparedReader", blocks.PreparedReader)
    paths = sorted(folder.glob("*.jp2"), key=lambda path: path.stem[-10:])
    scenes = tuple(
        Scene(dt.date.fromisoformat(path.stem[-10:]), {"NDVI": Asset(str(path), scale=1e-4)}) for path in paths
    )
    images = SceneSeries(grid_of(str(paths[0])), ("NDVI",), scenes)
    labels = place(read_labels(folder / "samples_sinop_crop.csv"), images.grid)
    chosen = recipe.make_recipe("weekly_linear", {}, images.dates)
    samples, notes = extract(images, labels, chosen, Progress())
    assert (len(samples), notes) == (18, ())
    assert samples.values.shape[1:] == (len(recipe.recipe_nodes(chosen)), 1)
    # The first step is the first image's own date: its value is the file's.
    with rasterio.open(paths[0]) as first:
        numbers = first.read(1)[labels.rows, labels.cols]
    np.testing.assert_allclose(samples.values[:, 0, 0], numbers * 1e-4, atol=1e-6)
