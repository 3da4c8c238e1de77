"""Reference maps: years in names, grids, number types, no data, layers."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.enums import ColorInterp

from cropmap.contract.errors import GridError, LegendError, SampleError, SourceError
from cropmap.data.site import Window
from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps, dated

CODES = np.arange(12, dtype=np.uint8).reshape(3, 4)


def write(path, codes=CODES, *, transform=None, epsg=32615, **options):
    profile = {
        "driver": "GTiff",
        "width": codes.shape[1],
        "height": codes.shape[0],
        "count": 1,
        "dtype": codes.dtype,
        "crs": f"EPSG:{epsg}" if epsg else None,
        "transform": transform or Affine(30, 0, 500_000, 0, -30, 5_000_000),
        **options,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(codes, 1)
    return str(path)


def read(maps, year):
    found = np.empty((maps.grid.height, maps.grid.width), np.uint8)
    maps.read(year, Window(0, 0, *found.shape), found)
    return found


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("2021_30m_cdls.tif", 2021),
        ("labels_1999.tif", 1999),
        ("/data/2015/cdl_2016.tif", 2016),
        ("2017=C:/maps/clip_2008-2021.tif", 2017),
        ("2016 = cdl.tif", 2016),
        ("x1234_2003_0030.tif", 2003),
    ],
)
def test_a_name_tells_its_year(name, year):
    assert list(dated([name])) == [year]


@pytest.mark.parametrize("name", ["cdl.tif", "cdl_20210101.tif", "freq_2008-2021.tif", "1949.tif", "2101=cdl.tif"])
def test_names_without_one_year_are_refused(name):
    with pytest.raises(SampleError, match=r"1 of 2 files have no year, or several.*write \"2016=path\"") as told:
        dated([name, "cdl_2020.tif"])
    assert told.value.where == name


def test_no_map_and_two_of_one_year_are_refused():
    with pytest.raises(SampleError, match="no reference map"):
        dated([])
    with pytest.raises(SampleError, match=r"Two files are of 2020\. \(a_2020.tif, b.tif\)"):
        dated(["a_2020.tif", "2020=b.tif"])


def test_the_grid_and_the_target_year(tmp_path):
    paths = [write(tmp_path / f"m_{year}.tif") for year in (2021, 2019, 2020)]
    with ReferenceMaps(ReferenceFiles(paths)) as maps:
        assert (maps.target_year, maps.years, maps.has_target) == (2021, (2019, 2020, 2021), True)
        assert (maps.grid.width, maps.grid.height) == (4, 3)
        assert np.array_equal(read(maps, 2019), CODES)
    with ReferenceMaps(ReferenceFiles(paths, target_year=2022)) as maps:
        assert (maps.target_year, maps.has_target, maps.notes) == (2022, False, ())
    with ReferenceMaps(ReferenceFiles(paths, target_year=2020)) as maps:
        assert maps.years == (2019, 2020)
        assert maps.notes == ("Maps after 2020 are not used: 2021.",)
    with pytest.raises(SampleError, match="target year is 2018; the maps begin with 2019"):
        ReferenceMaps(ReferenceFiles(paths, target_year=2018))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transform": Affine(30, 0, 500_015, 0, -30, 5_000_000)}, "upper left corner 500015, 5000000 instead"),
        ({"transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}, "pixel size 10 x 10 instead of 30 x 30"),
        ({"epsg": 32616}, "EPSG:32616 instead of EPSG:32615"),
        ({"codes": CODES[:2]}, "size 4 x 2 instead of 4 x 3 pixels"),
        ({"transform": Affine(30, 1, 500_000, 1, -30, 5_000_000)}, "rotated or not north-up"),
    ],
)
def test_another_grid_is_refused(tmp_path, options, words):
    paths = [write(tmp_path / "m_2020.tif", **options), write(tmp_path / "m_2021.tif")]
    with pytest.raises(GridError, match=words) as told:
        ReferenceMaps(ReferenceFiles(paths))
    assert told.value.where == paths[0]


def test_a_grid_of_other_pixels_is_brought_by_nearest_ones(tmp_path):
    fine = np.arange(144, dtype=np.uint8).reshape(9, 16)
    moved = Affine(10, 0, 499_980, 0, -10, 5_000_000)
    paths = [write(tmp_path / "m_2020.tif", fine, transform=moved), write(tmp_path / "m_2021.tif")]
    with ReferenceMaps(ReferenceFiles(paths, resample=True)) as maps:
        found = read(maps, 2020)
    # The middle of the first pixel lies 35 m to the right: in the fourth of those of 10 m.
    assert np.array_equal(found, fine[1::3, 3:13:3])
    assert maps.notes == ("m_2020.tif lies on another grid: brought to that of m_2021.tif by nearest pixels.",)


@pytest.mark.parametrize(
    ("epsg", "corner", "extents"),
    [
        (32615, (600_000, 5_000_000), "600000 to 600120 and 4999910 to 5000000 in EPSG:32615"),
        (32634, (500_000, 5_000_000), "500000 to 500120 and 4999910 to 5000000 in EPSG:32634"),
        (3857, (-10_000_000, 5_000_000), "-10000000 to -9999880 and 4999910 to 5000000 in EPSG:3857"),
    ],
)
def test_what_touches_the_grid_nowhere_is_refused(tmp_path, epsg, corner, extents):
    path = write(tmp_path / "m_2021.tif")
    far = write(tmp_path / "far_2021.tif", transform=Affine(30, 0, corner[0], 0, -30, corner[1]), epsg=epsg)
    words = f"it covers {extents}, the grid 500000 to 500120 and 4999910 to 5000000 in EPSG:32615"
    for files, what in (
        (ReferenceFiles([path], confidence=[far], resample=True), "Nothing of the confidence layer lies on"),
        (ReferenceFiles([path, f"2020={far}"], resample=True), "Nothing of the map of 2020 lies on"),
    ):
        with pytest.raises(GridError, match=what) as told:
            ReferenceMaps(files)
        assert words in str(told.value)
        assert told.value.where == far


def test_a_layer_across_the_other_side_of_the_world_is_found(tmp_path):
    """UTM zone 60 reaches to 180 degrees east; zone 1 begins there."""
    path = write(tmp_path / "m_2021.tif", transform=Affine(30_000, 0, 750_000, 0, -30_000, 100_000), epsg=32660)
    layer = write(tmp_path / "sure.tif", transform=Affine(30_000, 0, 166_000, 0, -30_000, 100_000), epsg=32601)
    with ReferenceMaps(ReferenceFiles([path], confidence=[layer], resample=True)) as maps:
        assert (maps.read_layer("confidence", Window(0, 0, 3, 4)) < 12).any()


@pytest.mark.parametrize("epsg", [4326, 3857])
def test_a_layer_of_the_whole_world_touches_every_grid(tmp_path, epsg):
    half = (180, 90) if epsg == 4326 else (20_000_000, 20_000_000)
    world = Affine(half[0] / 2, 0, -half[0], 0, -half[1] / 1.5, half[1])
    layer = write(tmp_path / "w.tif", transform=world, epsg=epsg)
    files = ReferenceFiles([write(tmp_path / "m_2021.tif")], confidence=[layer], resample=True)
    with ReferenceMaps(files) as maps:
        assert maps.read_layer("confidence", Window(0, 0, 3, 4)).min() < 12


def bands_of(path, colours):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=4,
        height=3,
        count=len(colours),
        dtype="uint8",
        crs="EPSG:32615",
        transform=Affine(30, 0, 500_000, 0, -30, 5_000_000),
        photometric="rgb" if ColorInterp.red in colours else "minisblack",
    ) as dataset:
        for band in range(len(colours)):
            dataset.write(CODES + band, band + 1)
        dataset.colorinterp = colours
    return str(path)


def test_pictures_are_refused_and_other_bands_told(tmp_path):
    gray, red, green, blue = ColorInterp.gray, ColorInterp.red, ColorInterp.green, ColorInterp.blue
    maps = [bands_of(tmp_path / "m_2020.tif", [gray, ColorInterp.undefined]), write(tmp_path / "m_2021.tif")]
    layer = bands_of(tmp_path / "sure.tif", [gray, ColorInterp.undefined, ColorInterp.undefined])
    with ReferenceMaps(ReferenceFiles(maps, cultivated=[layer])) as found:
        assert np.array_equal(read(found, 2020), CODES)
        assert found.notes == ("Of files with several bands the first is read: m_2020.tif, sure.tif.",)
    picture = bands_of(tmp_path / "p_2019.tif", [red, green, blue])
    for colours in ([red, green, blue], [red, green, blue, ColorInterp.alpha]):
        picture = bands_of(tmp_path / "p_2019.tif", colours)
        with pytest.raises(SourceError, match="The map of 2019 is a picture in red, green and blue") as told:
            ReferenceMaps(ReferenceFiles([picture, *maps]))
        assert told.value.where == picture


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (CODES * 9, None),
        (
            CODES / np.float32(11),
            "sure.tif holds numbers from 0 to 1 where it was looked at, not percent: min_confidence is",
        ),
        (CODES * 23, "sure.tif holds numbers from 0 to 253 where it was looked at, not percent"),
        (CODES.astype(np.float32), None),
        (np.full((3, 4), 255, np.uint8), None),
        (np.full((3, 4), np.nan, np.float32), None),
    ],
)
def test_a_confidence_that_is_no_percent_is_told(tmp_path, values, words):
    layer = write(tmp_path / "sure.tif", values)
    with ReferenceMaps(ReferenceFiles([write(tmp_path / "m_2021.tif")], confidence=[layer])) as maps:
        notes = maps.notes
    assert len(notes) == (words is not None)
    assert words is None or notes[0].startswith(words)


def test_a_large_layer_is_looked_at_in_all_its_parts(tmp_path):
    values = np.full((2000, 1500), 50, np.uint8)
    values[-100:, -100:] = 200
    path = write(tmp_path / "m_2021.tif", np.zeros(values.shape, np.uint8), tiled=True, blockxsize=256, blockysize=256)
    layer = write(tmp_path / "sure.tif", values, tiled=True, blockxsize=256, blockysize=256, nodata=50)
    with ReferenceMaps(ReferenceFiles([path], confidence=[layer])) as maps:
        assert maps.notes[0].startswith("sure.tif holds numbers from 200 to 200")


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32", "int8"])
def test_what_lies_outside_a_moved_map_is_no_data(tmp_path, dtype):
    moved = Affine(30, 0, 500_060, 0, -30, 5_000_000)
    paths = [write(tmp_path / "m_2020.tif", CODES.astype(dtype), transform=moved), write(tmp_path / "m_2021.tif")]
    with ReferenceMaps(ReferenceFiles(paths, resample=True)) as maps:
        found = read(maps, 2020)
    assert np.array_equal(found, np.hstack([np.full((3, 2), 255), CODES[:, :2]]))


def test_without_a_crs_nothing_is_moved(tmp_path):
    paths = [write(tmp_path / "m_2020.tif", epsg=None), write(tmp_path / "m_2021.tif")]
    with pytest.raises(GridError, match="Give every file its coordinate reference system first"):
        ReferenceMaps(ReferenceFiles(paths, resample=True))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_number_types_and_no_data(tmp_path, dtype):
    path = write(tmp_path / "m_2021.tif", CODES.astype(dtype), nodata=3)
    with ReferenceMaps(ReferenceFiles([path])) as maps:
        found = read(maps, 2021)
        nodata = maps.nodata(2021)
        counts = maps.counts(2021, [Window(0, 0, 2, 4), Window(2, 0, 1, 4)])
    assert np.array_equal(np.where(found == nodata, 255, found), np.where(CODES == 3, 255, CODES))
    assert counts.tolist() == [int(k < 12 and k != 3) for k in range(255)] + [1]


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (4e9, LegendError, r"outside 0\.\.254: 4000000000\."),
        (300.0, LegendError, r"The map of 2021 holds codes outside 0\.\.254: 300"),
        (-2.0, LegendError, r"outside 0\.\.254: -2"),
        (1.5, SourceError, "holds numbers that are not whole"),
    ],
)
def test_numbers_that_are_no_codes(tmp_path, value, error, words):
    codes = CODES.astype(np.float32)
    codes[1, 1] = value
    path = write(tmp_path / "m_2021.tif", codes)
    with ReferenceMaps(ReferenceFiles([path])) as maps, pytest.raises(error, match=words):
        read(maps, 2021)


def test_which_layer_belongs_to_the_year(tmp_path):
    paths = [write(tmp_path / f"m_{year}.tif") for year in (2019, 2020, 2021)]
    layers = [write(tmp_path / f"sure_{year}.tif", CODES + year % 100) for year in (2019, 2020, 2021)]
    plain = write(tmp_path / "sure.tif", CODES, nodata=5)
    whole = Window(0, 0, 3, 4)

    def layer(*confidence, target=0):
        with ReferenceMaps(ReferenceFiles(paths, confidence=confidence, target_year=target)) as maps:
            return maps.read_layer("confidence", whole), maps.notes

    assert np.array_equal(layer(*layers)[0], CODES + 21)
    assert np.array_equal(layer(*layers, target=2022)[0], CODES + 21)
    assert layer(*layers, target=2022)[1] == ("There is no confidence layer of 2022: that of 2021 stands in.",)
    assert np.array_equal(layer(*layers, target=2020)[0], CODES + 20)
    assert np.array_equal(layer(plain)[0], np.where(CODES == 5, 255, CODES))
    with pytest.raises(SampleError, match="1 of 2 files have no year"):
        layer(plain, layers[0])
    with pytest.raises(SampleError, match="confidence layers begin with 2021, after the target year 2020"):
        layer(layers[2], target=2020)
    with ReferenceMaps(ReferenceFiles(paths)) as maps:
        assert not maps.has_layer("confidence")


def test_a_damaged_block_is_told(tmp_path):
    path = tmp_path / "m_2021.tif"
    write(path, np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8), compress="deflate")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    with ReferenceMaps(ReferenceFiles([str(path)])) as maps, pytest.raises(SourceError, match="map of 2021 cannot be"):
        read(maps, 2021)
