import json
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

from cropmap.contract.errors import LegendError, OutputError
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.data.site import Grid, Window
from cropmap.io import maps
from cropmap.io.maps import MapPlan, MapWriter, read_map

WIDTH, HEIGHT, BLOCK = 700, 600, 256
UTM = CRS.from_epsg(32634).to_wkt()
# As the Cropland Data Layer's, on a sphere: no EPSG code.
NO_EPSG = CRS.from_proj4("+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +R=6370997 +units=m").to_wkt()
ROTATED_POLE = CRS.from_proj4(
    "+proj=ob_tran +o_proj=longlat +o_lon_p=-162 +o_lat_p=39.25 +lon_0=180 +to_meter=0.0174532925199433"
).to_wkt()
LEGEND = Legend((
    LegendClass(1, "Corn", "#ffd300"),
    LegendClass(5, "Soybean", "#267000"),
    LegendClass(24, "Winter wheat <& žito>", "#a57000"),
))  # fmt: skip
GDALINFO = shutil.which("gdalinfo")


@pytest.fixture
def plan(tmp_path):
    grid = Grid(UTM, 400_000.0, 5_000_000.0, 10.0, 10.0, WIDTH, HEIGHT)
    return MapPlan(tmp_path / "out", grid, LEGEND, tuple(grid.windows(BLOCK)), "f" * 64, checkpoint_s=0.0)


def truth(grid, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([1, 5, 24, NODATA], np.uint8), (grid.height, grid.width), p=[0.5, 0.3, 0.15, 0.05])
    confidence = np.where(codes == NODATA, NODATA, rng.integers(30, 101, codes.shape)).astype(np.uint8)
    return codes, confidence


def cut(array, window):
    return array[window.row : window.row + window.height, window.col : window.col + window.width]


def write_all(plan, **kwargs):
    codes, confidence = truth(plan.grid)
    with MapWriter(plan, **kwargs) as writer:
        for window in writer.remaining:
            writer.write(window, cut(codes, window), cut(confidence, window) if plan.confidence else None)
        return writer.finish()


def pixels(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_map_holds_the_blocks_that_were_written(plan):
    codes, confidence = truth(plan.grid)
    result = write_all(plan)
    np.testing.assert_array_equal(pixels(result.path), codes)
    np.testing.assert_array_equal(pixels(result.confidence_path), confidence)


def test_a_finished_map_leaves_nothing_but_the_map_and_its_sidecars(plan):
    write_all(plan)
    assert names_in(plan.folder) == [
        "map.qml",
        "map.tif",
        "map.tif.aux.xml",
        "map_confidence.qml",
        "map_confidence.tif",
        "map_confidence.tif.aux.xml",
    ]


def test_a_map_without_confidence_has_one_layer(plan):
    result = write_all(replace(plan, confidence=False))
    assert result.confidence_path is None
    assert names_in(plan.folder) == ["map.qml", "map.tif", "map.tif.aux.xml"]


def outside_of(plan):
    """Percent of the threshold: nothing where there is no class."""
    codes, _ = truth(plan.grid)
    drawn = np.random.default_rng(9).integers(0, 255, codes.shape).astype(np.uint8)
    return np.where(codes == NODATA, NODATA, drawn).astype(np.uint8)


def write_with_outside(plan):
    codes, confidence = truth(plan.grid)
    outside = outside_of(plan)
    with MapWriter(plan) as writer:
        for window in writer.remaining:
            writer.write(window, *(cut(layer, window) for layer in (codes, confidence, outside)))
        return writer.finish()


@pytest.mark.parametrize("confidence", [True, False])
def test_a_map_may_have_a_layer_of_what_is_outside(plan, confidence):
    plan = replace(plan, outside=True, confidence=confidence)
    result, expected = write_with_outside(plan), outside_of(plan)
    np.testing.assert_array_equal(pixels(result.outside_path), expected)
    assert result.outside_path.name == "map_outside.tif"
    assert (result.confidence_path is not None) == confidence
    outside = int(((expected > 100) & (expected != NODATA)).sum())
    assert result.outside == outside
    assert result.outside_share == outside / int((expected != NODATA).sum())
    assert read_map(result.path) == result
    assert write_with_outside(plan) == result  # finished already
    assert {"map_outside.qml", "map_outside.tif.aux.xml"} <= set(names_in(plan.folder))


def test_the_style_of_what_is_outside_parts_at_100_percent(plan):
    result = write_with_outside(replace(plan, outside=True))
    style = result.outside_path.with_suffix(".qml").read_text()
    assert 'colorRampType="DISCRETE"' in style
    assert '<item value="100" label="inside"' in style


def test_a_layer_of_an_earlier_map_that_was_deleted_goes_with_it(plan):
    result = write_with_outside(replace(plan, outside=True))
    result.path.unlink()
    again = write_all(plan)
    assert again.outside_path is None
    assert again.outside == 0
    assert not [name for name in names_in(plan.folder) if "outside" in name]


def test_a_finished_map_counts_its_pixels(plan):
    codes, _ = truth(plan.grid)
    result = write_all(plan)
    assert result.pixels == {code: int((codes == code).sum()) for code in (1, 5, 24)}
    assert result.unmapped == int((codes == NODATA).sum())


def test_a_finished_map_is_a_tiled_compressed_byte_geotiff_with_overviews(plan):
    result = write_all(plan)
    with rasterio.open(result.path) as dataset:
        assert dataset.profile["driver"] == "GTiff"
        assert dataset.dtypes == ("uint8",)
        assert dataset.nodata == NODATA
        assert dataset.block_shapes == [(256, 256)]
        assert dataset.compression.value == "DEFLATE"
        assert dataset.overviews(1) == [2, 4]
        assert dataset.transform.to_gdal() == (400_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)
        assert dataset.crs == CRS.from_epsg(32634)
    with rasterio.open(result.confidence_path) as dataset:
        assert (dataset.nodata, dataset.descriptions) == (NODATA, ("confidence, percent",))


def test_overviews_hold_codes_of_the_map_only(plan):
    result = write_all(plan)
    with rasterio.open(result.path, overview_level=0) as dataset:
        assert set(np.unique(dataset.read(1))) == {1, 5, 24, NODATA}


def test_a_map_carries_its_colours(plan):
    result = write_all(plan)
    with rasterio.open(result.path) as dataset:
        table = dataset.colormap(1)
    assert [table[code] for code in (1, 5, 24)] == [(255, 211, 0, 255), (38, 112, 0, 255), (165, 112, 0, 255)]


@pytest.mark.skipif(GDALINFO is None, reason="gdalinfo is not installed")
def test_gdal_itself_reads_names_colours_attribute_table_and_statistics(plan):
    result = write_all(plan)
    told = subprocess.run([GDALINFO, "-json", str(result.path)], capture_output=True, check=True).stdout
    fields = json.loads(told)
    band = fields["bands"][0]
    text = subprocess.run([GDALINFO, str(result.path)], capture_output=True, check=True, encoding="utf-8").stdout
    assert "24: Winter wheat <& žito>" in text
    assert (band["minimum"], band["maximum"]) == (1.0, 24.0)
    columns = {field["name"]: field["usage"] for field in fields["rat"]["fieldDefn"]}
    assert columns == {"Value": 5, "Class": 2, "Red": 6, "Green": 7, "Blue": 8, "Count": 1}
    assert [row["f"] for row in fields["rat"]["row"]] == [
        [1, "Corn", 255, 211, 0, result.pixels[1]],
        [5, "Soybean", 38, 112, 0, result.pixels[5]],
        [24, "Winter wheat <& žito>", 165, 112, 0, result.pixels[24]],
    ]


@pytest.mark.skipif(GDALINFO is None, reason="gdalinfo is not installed")
def test_the_statistics_are_those_that_gdal_computes(plan):
    result = write_all(plan)
    stored = _statistics(result.confidence_path)
    Path(f"{result.confidence_path}.aux.xml").unlink()
    assert _statistics(result.confidence_path, "-stats") == pytest.approx(stored, rel=1e-9)


def _statistics(path, *options):
    told = subprocess.run([GDALINFO, *options, "-json", str(path)], capture_output=True, check=True).stdout
    metadata = json.loads(told)["bands"][0]["metadata"][""]
    return [float(metadata[f"STATISTICS_{key}"]) for key in ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV", "VALID_PERCENT")]


@pytest.mark.parametrize("crs", [NO_EPSG, ROTATED_POLE, ""], ids=["sphere", "rotated pole", "none"])
def test_a_crs_without_epsg_code_is_kept(plan, crs):
    result = write_all(replace(plan, grid=replace(plan.grid, crs=crs)))
    for path in (result.path, result.confidence_path):
        with rasterio.open(path) as dataset:
            assert dataset.crs == (CRS.from_wkt(crs) if crs else None)


def test_a_map_smaller_than_a_tile_is_written(plan):
    grid = replace(plan.grid, width=3, height=2)
    result = write_all(replace(plan, grid=grid, windows=tuple(grid.windows(BLOCK))))
    np.testing.assert_array_equal(pixels(result.path), truth(grid)[0])


def test_blocks_may_come_in_any_order_and_across_tiles(plan):
    windows = tuple(plan.grid.windows(100))
    shuffled = tuple(windows[k] for k in np.random.default_rng(3).permutation(len(windows)))
    result = write_all(replace(plan, windows=shuffled))
    np.testing.assert_array_equal(pixels(result.path), truth(plan.grid)[0])


# ------------------------------------------------------------------------------------------------ reading


def test_reading_gives_back_what_was_written(plan):
    result = write_all(plan)
    assert read_map(result.path) == result
    assert read_map(str(result.path)) == result


def test_a_map_without_its_sidecars_still_knows_its_legend(plan):
    result = write_all(plan)
    Path(f"{result.path}.aux.xml").unlink()
    assert read_map(result.path).legend == LEGEND


def test_a_map_made_by_gdal_is_read_with_its_names_and_colours(tmp_path):
    path = tmp_path / "other.tif"
    profile = {"driver": "GTiff", "width": 3, "height": 1, "count": 1, "dtype": "uint8", "nodata": 0}
    transform = rasterio.Affine(1, 0, 10, 0, -1, 20)
    with rasterio.open(path, "w", **profile, transform=transform) as dataset:
        dataset.write(np.array([[0, 2, 2]], np.uint8), 1)
        dataset.write_colormap(1, {2: (1, 2, 3, 255)})
    categories = "<Category>none</Category><Category></Category><Category>Rye</Category>"
    Path(f"{path}.aux.xml").write_text(
        f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{categories}</CategoryNames></PAMRasterBand></PAMDataset>'
    )
    found = read_map(path)
    assert found.legend == Legend((LegendClass(2, "Rye", "#010203"),))
    assert (found.pixels, found.unmapped) == ({2: 2}, 1)


def test_a_raster_without_names_is_refused(tmp_path):
    path = tmp_path / "bare.tif"
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, transform=rasterio.Affine(1, 0, 10, 0, -1, 20)) as dataset:
        dataset.write(np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(LegendError, match="Give a map with category names"):
        read_map(path)


# ------------------------------------------------------------------------------------------------ refusals


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_map_finished_already_is_returned_and_left_as_it_is(plan):
    expected = write_all(plan)
    before = contents(plan.folder)
    with MapWriter(replace(plan, windows=tuple(plan.grid.windows(100)))) as writer:
        assert writer.remaining == ()
        assert writer.finish() == expected
    assert contents(plan.folder) == before


def test_another_finished_map_is_never_overwritten(plan):
    write_all(plan)
    before = contents(plan.folder)
    with pytest.raises(OutputError, match=r"finished map already.*Choose another folder, or delete that map\.$"):
        MapWriter(replace(plan, fingerprint="0" * 64))
    assert contents(plan.folder) == before


def test_a_finished_map_of_which_a_file_is_missing_or_damaged_is_not_taken_as_done(plan):
    result = write_all(plan)
    result.confidence_path.unlink()
    with pytest.raises(OutputError, match="a part of it is missing"):
        MapWriter(plan)
    result.path.write_bytes(result.path.read_bytes()[:5000])
    with pytest.raises(OutputError, match="delete that map"):
        MapWriter(replace(plan, confidence=False))


def test_a_finished_map_can_be_taken_without_its_confidence(plan):
    result = write_all(plan)
    with MapWriter(replace(plan, confidence=False)) as writer:
        assert writer.finish() == replace(result, confidence_path=None)


def test_what_a_run_killed_at_its_very_end_left_beside_the_finished_map_is_removed(plan, monkeypatch):
    monkeypatch.setattr("cropmap.io.partial_map.PartialMap.remove", lambda _self: None)
    expected = write_all(plan)
    monkeypatch.undo()
    assert "map.partial.json" in names_in(plan.folder)
    with MapWriter(plan) as writer:
        assert writer.finish() == expected
    assert names_in(plan.folder) == sorted(
        name for stem in ("map", "map_confidence") for name in (f"{stem}.qml", f"{stem}.tif", f"{stem}.tif.aux.xml")
    )


# ------------------------------------------------------------------------------------------------ two writers at once


def test_a_second_writer_is_refused_while_the_first_is_at_work(plan):
    with MapWriter(plan), pytest.raises(OutputError, match=r"Another run is writing here.*choose another folder"):
        MapWriter(plan)
    write_all(plan)
    assert not plan.lock_path.exists()


def test_a_refused_writer_leaves_no_lock(plan):
    write_all(plan)
    with pytest.raises(OutputError, match="finished map already"):
        MapWriter(replace(plan, fingerprint="0" * 64))
    assert not plan.lock_path.exists()


def test_a_writer_in_another_process_is_refused_too_and_its_death_lets_the_next_one_in(plan, tmp_path):
    folder = tmp_path / "out"
    command = [sys.executable, "-c", WRITE_SLOWLY, str(folder), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "42\n"]
        with pytest.raises(OutputError, match="Another run is writing here"):
            MapWriter(plan)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (folder / "map.lock").exists()
    write_all(plan)
    assert not (folder / "map.lock").exists()


def test_a_map_larger_than_the_disk_is_refused_before_any_work(plan):
    grid = replace(plan.grid, width=10**8, height=10**7)
    with pytest.raises(OutputError, match=r"needs up to .* TB; .* are free"):
        MapWriter(replace(plan, grid=grid, windows=()))
    assert names_in(plan.folder) == []


def test_missing_blocks_are_not_finished(plan):
    with MapWriter(plan) as writer, pytest.raises(OutputError, match="9 blocks are missing"):
        writer.finish()
    assert not plan.path.exists()


# ------------------------------------------------------------------------------------------------ stopping and resuming


def test_a_stopped_map_goes_on_with_the_missing_blocks_only(plan):
    codes, confidence = truth(plan.grid)
    with MapWriter(plan) as writer:
        for window in plan.windows[:4]:
            writer.write(window, cut(codes, window), cut(confidence, window))
    assert names_in(plan.folder) == ["map.partial.json", "map.partial.tif", "map_confidence.partial.tif"]
    with MapWriter(plan) as writer:
        assert writer.remaining == plan.windows[4:]
    result = write_all(plan)
    np.testing.assert_array_equal(pixels(result.path), codes)


def test_blocks_are_kept_when_the_computation_fails(plan):
    codes, confidence = truth(plan.grid)
    with pytest.raises(ZeroDivisionError), MapWriter(replace(plan, checkpoint_s=1e9)) as writer:  # noqa: PT012
        writer.write(plan.windows[0], cut(codes, plan.windows[0]), cut(confidence, plan.windows[0]))
        raise ZeroDivisionError
    with MapWriter(plan) as writer:
        assert writer.remaining == plan.windows[1:]


def test_another_fingerprint_starts_over_with_a_warning(plan):
    with MapWriter(plan) as writer:
        writer.write(plan.windows[0], *(cut(array, plan.windows[0]) for array in truth(plan.grid)))
    warnings = []
    with MapWriter(replace(plan, fingerprint="0" * 64), Progress(warn=warnings.append)) as writer:
        assert writer.remaining == plan.windows
    assert "another model, other images or other options" in warnings[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("map.partial.json", b"{", "journal cannot be read"),
        ("map.partial.json", b"[]", "journal cannot be read"),
        ("map.partial.tif", b"II*\0", "cannot be opened"),
    ],
)
def test_a_damaged_partial_map_starts_over_with_a_warning(plan, name, content, reason):
    with MapWriter(plan) as writer:
        writer.write(plan.windows[0], *(cut(array, plan.windows[0]) for array in truth(plan.grid)))
    (plan.folder / name).write_bytes(content)
    warnings = []
    result = write_all(plan, progress=Progress(warn=warnings.append))
    assert reason in warnings[0]
    np.testing.assert_array_equal(pixels(result.path), truth(plan.grid)[0])


def test_a_block_whose_pixels_changed_is_computed_again(plan):
    with MapWriter(plan) as writer:
        for window in plan.windows[:2]:
            writer.write(window, *(cut(array, window) for array in truth(plan.grid)))
    with rasterio.open(plan.folder / "map.partial.tif", "r+") as dataset:
        dataset.write(np.full((1, 1), 77, np.uint8), 1, window=rasterio.windows.Window(300, 5, 1, 1))
    warnings = []
    with MapWriter(plan, Progress(warn=warnings.append)) as writer:
        assert writer.remaining == plan.windows[1:]
    assert "1 blocks of the unfinished map map.partial.tif are damaged" in warnings[0]


def test_the_space_of_the_whole_map_is_taken_at_the_start(plan):
    with MapWriter(plan):
        pass
    status = (plan.folder / "map.partial.tif").stat()
    assert status.st_blocks * 512 >= plan.grid.width * plan.grid.height


def test_a_block_changes_no_byte_of_the_partial_file_but_its_own_tile(plan):
    with MapWriter(plan):
        pass
    before = np.fromfile(plan.folder / "map.partial.tif", np.uint8)
    with MapWriter(plan) as writer:
        writer.write(plan.windows[4], *(cut(array, plan.windows[4]) for array in truth(plan.grid)))
    after = np.fromfile(plan.folder / "map.partial.tif", np.uint8)
    changed = np.flatnonzero(before != after)
    assert np.ptp(changed) < BLOCK * BLOCK


WRITE_SLOWLY = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_maps
from cropmap.data.site import Grid
from cropmap.io.maps import MapPlan, MapWriter
grid = Grid(test_maps.UTM, 400_000.0, 5_000_000.0, 10.0, 10.0, test_maps.WIDTH, test_maps.HEIGHT)
plan = MapPlan(Path(sys.argv[1]), grid, test_maps.LEGEND, tuple(grid.windows(100)), "f" * 64, checkpoint_s=0.01)
codes, confidence = test_maps.truth(grid)
print("ready", flush=True)
with MapWriter(plan) as writer:
    print(len(writer.remaining), flush=True)
    for window in writer.remaining:
        writer.write(window, test_maps.cut(codes, window), test_maps.cut(confidence, window))
        time.sleep(0.005)
    writer.finish()
"""


@pytest.mark.slow
def test_a_map_killed_again_and_again_ends_like_one_that_was_never_stopped(plan, tmp_path):
    folder, rng = tmp_path / "killed", np.random.default_rng(11)
    remaining = []
    for kill in range(40):
        command = [sys.executable, "-c", WRITE_SLOWLY, str(folder), str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.0, 0.3) * (1 + kill // 10))
            process.send_signal(signal.SIGKILL)
            remaining += [int(line) for line in process.stdout.read().split()]
        if process.returncode == 0:
            break
        # Either it was killed before the very end, or between the renaming and the removal of the journal.
        assert process.returncode == -signal.SIGKILL
        if (folder / "map.tif").exists():
            break
    assert len(remaining) > 2
    assert remaining[0] == 42
    assert remaining == sorted(remaining, reverse=True)
    expected = write_all(replace(plan, windows=tuple(plan.grid.windows(100))))
    for name in ("map.tif", "map_confidence.tif"):
        np.testing.assert_array_equal(pixels(folder / name), pixels(expected.path.parent / name))
    assert read_map(folder / "map.tif").pixels == expected.pixels


# ------------------------------------------------------------------------------------------------ full disks


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a small file system: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder, leave=0):
    free = shutil.disk_usage(folder).free
    (folder / "filler").write_bytes(b"x" * (free - leave))


def test_a_disk_too_small_for_the_map_is_refused_before_any_work(plan, small_disk):
    fill(small_disk, leave=900_000)
    with pytest.raises(OutputError, match=r"needs up to 1\.. MB; .*Free "):
        MapWriter(replace(plan, folder=small_disk, confidence=False))


def test_a_disk_that_fills_up_while_the_map_is_begun_is_found(plan, small_disk, monkeypatch):
    monkeypatch.setattr(maps, "check_space", lambda *_args, **_kwargs: None)
    fill(small_disk, leave=300_000)
    with pytest.raises(OutputError, match=r"Writing failed.*Free some space, then run it again"):
        MapWriter(replace(plan, folder=small_disk))


@pytest.mark.parametrize("leave", [0, 20_000, 120_000])
def test_a_disk_that_fills_up_under_way_costs_no_finished_block(plan, small_disk, leave):
    plan = replace(plan, folder=small_disk, confidence=False)
    codes, _ = truth(plan.grid)
    with MapWriter(plan) as writer:
        for window in plan.windows:
            writer.write(window, cut(codes, window))
        fill(small_disk, leave)
        with pytest.raises(OutputError, match=r"Writing failed: .* are free.*Free some space.*kept"):
            writer.finish()
        (small_disk / "filler").unlink()
    assert not plan.path.exists()
    with MapWriter(plan) as writer:
        assert writer.remaining == ()
        writer.finish()
    np.testing.assert_array_equal(pixels(plan.path), codes)


def test_a_write_that_gdal_loses_silently_is_found_at_the_checkpoint(plan, monkeypatch):
    monkeypatch.setattr("rasterio.io.DatasetWriter.write", lambda *_args, **_kwargs: None)
    codes, confidence = truth(plan.grid)
    window = Window(0, 0, BLOCK, BLOCK)
    with MapWriter(plan) as writer, pytest.raises(OutputError, match=r"1 blocks did not reach the disk.*run again"):
        writer.write(window, cut(codes, window), cut(confidence, window))
    with MapWriter(plan) as writer:
        assert writer.remaining == plan.windows
