"""A map against reference pixels: truths are counted by hand or by NumPy on the whole arrays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import rasterio
from rasterio import Affine, warp
from rasterio.crs import CRS

from cropmap.assessment.reference import ComparisonOptions, ReferenceRaster, SeenPixels, map_accuracy, seen_pixels
from cropmap.contract.errors import GridError, LegendError, SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.maps import ClassMap
from cropmap.data.samples import PlacedSamples
from cropmap.io.rasters import grid_of

MAIZE, WHEAT, SOY = ("maize", "#ffd300"), ("wheat", "#a57000"), ("soybean", "#267000")
MAP_LEGEND = Legend((LegendClass(0, *MAIZE), LegendClass(1, *WHEAT)))
HEIGHT, WIDTH = 37, 53


def _legend(**codes):
    return Legend(tuple(LegendClass(code, name, "#123456") for name, code in codes.items()))


def _write(path, codes, *, west=500_000.0, nodata=255, dtype="uint8", pixel=10.0):
    profile = {
        "driver": "GTiff",
        "width": codes.shape[1],
        "height": codes.shape[0],
        "count": 1,
        "dtype": dtype,
        "crs": "EPSG:32634",
        "transform": Affine(pixel, 0, west, 0, -pixel, 5_000_000),
        "nodata": nodata,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(codes.astype(dtype), 1)
    return path


def _map(folder, codes, legend=MAP_LEGEND):
    path = _write(folder / "map.tif", codes)
    pixels = {code: int((codes == code).sum()) for code in legend.codes}
    return ClassMap(path, None, grid_of(str(path)), legend, pixels, int((codes == 255).sum()))


def _placed(rows, cols, codes, legend=MAP_LEGEND, notes=()):
    count = len(rows)
    return PlacedSamples(
        rows=np.array(rows, np.int64),
        cols=np.array(cols, np.int64),
        codes=np.array(codes, np.uint8),
        ids=np.array([f"s{k}" for k in range(count)]),
        groups=np.array([f"g{k}" for k in range(count)]),
        x=np.zeros(count),
        y=np.zeros(count),
        legend=legend,
        notes=notes,
    )


@pytest.fixture
def codes():
    return np.random.default_rng(3).integers(0, 2, (HEIGHT, WIDTH)).astype(np.uint8)


def test_placed_pixels_are_counted_at_their_places(tmp_path, codes):
    codes[:2, :3] = [[0, 1, 1], [255, 0, 1]]
    found = map_accuracy(_map(tmp_path, codes), _placed([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], [0, 0, 1, 1, 0]))
    assert found.confusion.tolist() == [[2, 1], [0, 1]]
    assert found.unmapped.tolist() == [0, 1]
    assert found.notes == ("1 reference pixel has no class in the map and enters no figure.",)


def test_classes_are_matched_by_name_whatever_codes_and_colours_say(tmp_path, codes):
    truth = np.where(codes == 0, 40, 7)  # maize is 40 here and wheat 7: the other order
    path = _write(tmp_path / "truth.tif", truth)
    found = map_accuracy(_map(tmp_path, codes), ReferenceRaster(str(path), _legend(Maize=40, **{"  wheat ": 7})))
    assert found.overall == 1.0
    assert found.total == HEIGHT * WIDTH
    assert found.legend == MAP_LEGEND


@pytest.mark.parametrize("block", [7, 16, 1024])
def test_blocks_of_any_size_give_the_counts_of_the_whole(tmp_path, codes, block):
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, codes.shape)
    truth[rng.random(codes.shape) < 0.1] = 255
    codes[rng.random(codes.shape) < 0.1] = 255
    rows, cols = rng.integers(0, HEIGHT, 200), rng.integers(0, WIDTH, 200)
    path = _write(tmp_path / "truth.tif", truth)
    reference = ReferenceRaster(str(path), MAP_LEGEND)
    options = ComparisonOptions(SeenPixels(rows, cols), block=block)
    found = map_accuracy(_map(tmp_path, codes), reference, options)
    judged = truth != 255
    judged[rows, cols] = False
    expected = [[int((judged & (truth == t) & (codes == m)).sum()) for m in (0, 1)] for t in (0, 1)]
    assert found.confusion.tolist() == expected
    assert found.unmapped.tolist() == [int((judged & (truth == t) & (codes == 255)).sum()) for t in (0, 1)]
    left_out = int((truth[tuple(np.unique([rows, cols], axis=1))] != 255).sum())
    assert found.notes[0] == f"{left_out:,} reference pixels were left out: the model was trained there."


def test_placed_pixels_of_the_training_are_left_out_by_place_and_by_id(tmp_path, codes):
    placed = _placed([0, 5, 9], [0, 5, 9], codes[[0, 5, 9], [0, 5, 9]])
    seen = SeenPixels(np.array([5]), np.array([5]), np.array(["s2"]))
    found = map_accuracy(_map(tmp_path, codes), placed, ComparisonOptions(seen))
    assert found.total == 1
    assert "2 reference pixels were left out: the model was trained there." in found.notes


def test_training_pixels_outside_the_map_hide_no_pixel_of_it(tmp_path, codes):
    seen = SeenPixels(np.array([1, 99, -1]), np.array([-1, 0, 5]))
    found = map_accuracy(_map(tmp_path, codes), _placed([0, 0], [0, WIDTH - 1], [0, 0]), ComparisonOptions(seen))
    assert found.total == 2
    path = _write(tmp_path / "truth.tif", codes)
    whole = map_accuracy(_map(tmp_path, codes), ReferenceRaster(str(path), MAP_LEGEND), ComparisonOptions(seen))
    assert whole.total == HEIGHT * WIDTH


def test_a_reference_class_that_the_map_lacks_counts_as_errors(tmp_path, codes):
    codes[0, :4] = [0, 0, 1, 1]
    legend = _legend(wheat=1, soybean=2, maize=3, rice=4)
    found = map_accuracy(_map(tmp_path, codes), _placed([0, 0, 0, 0], [0, 1, 2, 3], [3, 2, 2, 1], legend))
    assert found.legend.names == ("maize", "wheat", "soybean")
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert found.notes == ("The map has no class 'soybean': 2 reference pixels count as errors of the map.",)


def test_a_reference_class_that_the_map_lacks_can_be_left_out(tmp_path, codes):
    codes[0, :4] = [0, 0, 1, 255]
    legend = _legend(wheat=1, soybean=2, maize=3)
    placed = _placed([0, 0, 0, 0], [0, 1, 2, 3], [3, 2, 1, 2], legend)
    found = map_accuracy(_map(tmp_path, codes), placed, ComparisonOptions(count_unknown=False))
    assert found.confusion.tolist() == [[1, 0], [0, 1]]
    assert found.notes == ("The map has no class 'soybean': 2 reference pixels were left out.",)


def test_added_classes_take_free_codes_between_those_of_the_map(tmp_path, codes):
    legend = Legend((LegendClass(1, *WHEAT), LegendClass(5, *MAIZE)))
    codes[0, :3] = [1, 5, 1]
    codes[codes == 0] = 5
    placed = _placed([0, 0, 0], [0, 1, 2], [9, 8, 7], _legend(wheat=9, maize=8, soybean=7))
    found = map_accuracy(_map(tmp_path, codes, legend), placed)
    assert [(c.code, c.name) for c in found.legend.classes] == [(0, "soybean"), (1, "wheat"), (5, "maize")]
    assert found.confusion.tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_codes_that_the_reference_legend_lacks_are_left_out_and_told(tmp_path, codes):
    truth = codes.astype(np.int32)
    truth[0, :3] = [300, -4, 9]
    truth[0, 3] = 0
    path = _write(tmp_path / "truth.tif", truth, dtype="int32", nodata=None)
    found = map_accuracy(_map(tmp_path, codes), ReferenceRaster(str(path), MAP_LEGEND))
    assert found.total == HEIGHT * WIDTH - 3
    assert found.notes == ("3 reference pixels were left out: no class in the reference's legend has their code.",)


def test_a_reference_on_another_grid_is_refused_with_the_difference(tmp_path, codes):
    path = _write(tmp_path / "truth.tif", codes, west=500_005.0)
    with pytest.raises(GridError, match=r"upper left corner 500005, 5000000 instead of 500000, 5000000.*gdalwarp"):
        map_accuracy(_map(tmp_path, codes), ReferenceRaster(str(path), MAP_LEGEND))


def test_a_reference_of_another_size_is_refused_with_the_difference(tmp_path, codes):
    path = _write(tmp_path / "truth.tif", codes[:, 1:])
    with pytest.raises(GridError, match=rf"size {WIDTH - 1} x {HEIGHT} instead of {WIDTH} x {HEIGHT} pixels"):
        map_accuracy(_map(tmp_path, codes), ReferenceRaster(str(path), MAP_LEGEND))


def test_a_pixel_outside_the_map_is_refused(tmp_path, codes):
    with pytest.raises(GridError, match=r"1 pixels lie outside .*row 37, column 0.*Place the samples"):
        map_accuracy(_map(tmp_path, codes), _placed([0, HEIGHT], [0, 0], [0, 0]))


def test_a_map_code_without_a_class_is_refused(tmp_path, codes):
    codes[0, 0] = 9
    with pytest.raises(LegendError, match=r"code 9.*legend it was written with"):
        map_accuracy(_map(tmp_path, codes), _placed([0, 1], [0, 1], [0, 0]))


def test_classes_that_differ_only_in_case_are_refused(tmp_path, codes):
    legend = _legend(Wheat=1, wheat=2)
    with pytest.raises(LegendError, match="Rename one"):
        map_accuracy(_map(tmp_path, codes), _placed([0], [0], [1], legend))


def test_no_pixel_left_is_an_error_that_says_why(tmp_path, codes):
    placed = _placed([4], [4], [0])
    seen = SeenPixels(np.array([4]), np.array([4]))
    with pytest.raises(SampleError, match=r"1 reference pixel was left out.*not trained on"):
        map_accuracy(_map(tmp_path, codes), placed, ComparisonOptions(seen))


def test_pixels_that_all_lack_a_class_in_the_map_give_no_figure(tmp_path, codes):
    codes[4, 4:6] = 255
    placed = _placed([4, 4, 7], [4, 5, 7], [0, 1, 0])
    seen = SeenPixels(np.array([7]), np.array([7]))
    message = (
        r"No reference pixel is left to compare\. \(.*map\.tif; .*1 reference pixel was left out: the model was "
        r"trained there\.; 2 reference pixels have no class in the map and enter no figure\.\) Give reference labels"
    )
    with pytest.raises(SampleError, match=message):
        map_accuracy(_map(tmp_path, codes), placed, ComparisonOptions(seen))


def test_notes_of_placing_are_carried_over(tmp_path, codes):
    found = map_accuracy(_map(tmp_path, codes), _placed([0], [0], [0], notes=("3 labels lie outside.",)))
    assert found.notes == ("3 labels lie outside.",)


def test_progress_covers_the_raster(tmp_path, codes):
    told = []
    path = _write(tmp_path / "truth.tif", codes)
    reference = ReferenceRaster(str(path), MAP_LEGEND)
    progress = Progress(lambda fraction, _: told.append(fraction))
    map_accuracy(_map(tmp_path, codes), reference, ComparisonOptions(block=20), progress)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 2 * 3 + 1


def test_seen_pixels_are_those_under_the_samples(tmp_path, codes):
    grid = _map(tmp_path, codes).grid

    @dataclasses.dataclass
    class Samples:
        x: np.ndarray
        y: np.ndarray
        crs: str

    x = np.array([500_000.0 + 25, 500_000.0 + 529.9, 499_999.0])
    y = np.array([5_000_000.0 - 5, 5_000_000.0 - 369.9, 5_000_000.0 - 5])
    found = seen_pixels(Samples(x, y, grid.crs), grid)
    assert found.rows.tolist() == [0, 36]
    assert found.cols.tolist() == [2, 52]
    lon, lat = warp.transform("EPSG:32634", "EPSG:4326", x, y)
    moved = seen_pixels(Samples(np.array(lon), np.array(lat), CRS.from_epsg(4326).to_wkt()), grid)
    assert moved.rows.tolist() == [0, 36]
    assert moved.cols.tolist() == [2, 52]
    assert not len(seen_pixels(Samples(x, y, ""), grid).rows)
