"""From placed pixels to samples, with a reader that makes its values from the pixel's place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

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
from cropmap.sampling.extract import NO_DATE, NOT_ENOUGH, NOT_FINITE, extract

SEASON = Season(dt.date(2023, 4, 1), dt.date(2023, 4, 15))
RECIPE = Recipe("fake", SEASON, ())
DATES = tuple(dt.date(2023, 4, 1 + 7 * k) for k in range(3))
SERIES = SceneSeries(
    Grid("", 0.0, 100.0, 1.0, 1.0, 100, 100), ("red",), tuple(Scene(date, {"red": Asset("x")}) for date in DATES)
)


class FakeReader:
    """A pixel's value is 1000 row + column; row 1 has no clear date, row 2 too few, row 3 comes out as NaN."""

    reads: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012 - looked at by the tests
    pixel_bytes, part_bytes = 4 * len(DATES), 1000
    bands = ("red",)

    def __init__(self, series, recipe):
        self.series, self.days = series, recipe.season.nodes(7)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def gather(self, rows, cols):
        """Units of 10 x 10 pixels."""
        units = rows // 10 * 10 + cols // 10
        return tuple(np.flatnonzero(units == unit) for unit in np.unique(units))

    def pixel_parts(self, rows, cols):
        self.reads.append((rows, cols))
        for part in (slice(0, len(rows) // 2), slice(len(rows) // 2, len(rows))):
            yield part, self.cube(rows[part], cols[part])

    def cube(self, rows, cols):
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


def test_each_unit_of_storage_is_read_once_and_the_share_done_is_told():
    rows, cols = np.indices((20, 20)).reshape(2, -1) + 10
    told = []
    extract(SERIES, placed(rows, cols), RECIPE, Progress(lambda share, _: told.append(share)))
    assert sorted({(int(row[0]) // 10, int(col[0]) // 10) for row, col in FakeReader.reads}) == [
        *((1, 1), (1, 2), (2, 1), (2, 2)),
    ]
    assert len(FakeReader.reads) == 4
    assert told == [0, 0.25, 0.5, 0.75, 1]


def test_the_number_of_threads_changes_nothing(monkeypatch):
    rows, cols = np.random.default_rng(0).permuted(np.indices((30, 30)).reshape(2, -1), axis=1)
    made = []
    for threads in (1, 5):
        monkeypatch.setattr(module, "worker_count", lambda _, threads=threads: threads)
        samples, notes = extract(SERIES, placed(rows, cols), RECIPE)
        made.append((samples.values.tobytes(), samples.ids.tolist(), notes))
    assert made[0] == made[1]


def test_few_threads_read_where_each_would_hold_much(monkeypatch):
    monkeypatch.setattr(module, "worker_count", lambda _: 8)
    assert [module.readers(size) for size in (1, 10**8, 3 * 10**8, 10**10)] == [8, 8, 2, 1]


def test_cancel_stops_between_units(monkeypatch):
    monkeypatch.setattr(module, "worker_count", lambda _: 1)
    rows, cols = np.indices((100, 100)).reshape(2, -1)
    with pytest.raises(Cancelled):
        extract(SERIES, placed(rows, cols), RECIPE, Progress(cancelled=lambda: len(FakeReader.reads) >= 2))
    assert len(FakeReader.reads) <= 4  # of 100


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
