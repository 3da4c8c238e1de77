"""Sample sets on disk."""

from __future__ import annotations

import datetime as dt
import json
import zipfile

import numpy as np
import pyogrio
import pytest
import shapely

from cropmap.contract.errors import OutputError, SampleError
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import read_samples, write_sample_layer, write_samples

UTM = crs_wkt("EPSG:32634")


def samples(count=7, crs=UTM):
    rng = np.random.default_rng(3)
    names = np.array([f"parcel č{k}/3_4" for k in range(count)])
    return SampleSet(
        values=rng.normal(size=(count, 4, 2)).astype(np.float32),
        codes=(np.arange(count) % 2).astype(np.uint8),
        ids=names,
        x=rng.uniform(4e5, 5e5, count),
        y=rng.uniform(5e6, 6e6, count),
        groups=np.array([f"farm {k // 2}" for k in range(count)]),
        days=np.arange(0, 28, 7, dtype=np.int32),
        bands=("red", "nir"),
        legend=legend_from_names(["kukuruz", "šećerna repa"]),
        recipe=Recipe(
            "weekly_linear", Season(dt.date(2023, 4, 1), dt.date(2023, 4, 22)), (StepUse("linear", {"s": 7}),)
        ),
        crs=crs,
    )


def rewritten(path, **arrays):
    """Write the file again with some of its arrays exchanged."""
    with np.load(path, allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files}
    np.savez(path, **(kept | arrays))
    return path


def header_of(path):
    with np.load(path, allow_pickle=False) as stored:
        return json.loads(stored["header"].tobytes())


def with_header(path, **fields):
    text = json.dumps(header_of(path) | fields).encode()
    return rewritten(path, header=np.frombuffer(text, dtype=np.uint8))


def test_samples_come_back_as_they_were(tmp_path):
    written = samples()
    write_samples(tmp_path / "s.npz", written)
    read = read_samples(tmp_path / "s.npz")
    for name in ("values", "codes", "ids", "x", "y", "groups", "days"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert getattr(read, name).dtype.kind == getattr(written, name).dtype.kind
    assert (read.bands, read.legend, read.recipe, read.crs) == (
        written.bands, written.legend, written.recipe, written.crs,
    )  # fmt: skip


def test_the_same_samples_give_the_same_bytes(tmp_path):
    write_samples(tmp_path / "a.npz", samples())
    write_samples(tmp_path / "b.npz", samples())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_the_same_samples_give_the_same_layer_to_the_byte_whatever_the_time(tmp_path):
    import time

    write_sample_layer(tmp_path / "a.gpkg", samples())
    began = time.time()
    while int(time.time() * 1000) == int(began * 1000):  # GDAL writes thousandths of a second
        pass
    write_sample_layer(tmp_path / "b.gpkg", samples())
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


@pytest.mark.parametrize("before", [None, "2020-02-02T00:00:00Z"])
def test_a_layer_leaves_gdals_date_option_as_it_was(tmp_path, before):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    try:
        write_sample_layer(tmp_path / "a.gpkg", samples())
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_a_path_keeps_its_own_ending(tmp_path):
    write_samples(tmp_path / "samples.v1", samples())
    assert len(read_samples(tmp_path / "samples.v1")) == 7


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be written.*Check the folder"):
        write_samples(tmp_path / "none" / "s.npz", samples())
    with pytest.raises(OutputError, match=r"cannot be written.*Check the folder"):
        write_sample_layer(tmp_path / "none" / "s.gpkg", samples())


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "s.npz"
    with pytest.raises(SampleError, match="no sample file, or is damaged"):
        read_samples(path)
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(SampleError, match="no sample file, or is damaged"):
        read_samples(path)
    np.savez(path, X=np.zeros(3))
    with pytest.raises(SampleError, match="no sample file, or is damaged"):
        read_samples(path)
    np.savez(path, header=np.frombuffer(b"[1]", dtype=np.uint8))
    with pytest.raises(SampleError, match="no sample file of cropmap"):
        read_samples(path)


def test_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with pytest.raises(SampleError, match=r"version 2; this cropmap reads 1.*extract the samples again"):
        read_samples(with_header(path, version=2))


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("values", np.zeros((7, 4, 3), np.float32)),
        ("values", np.zeros((7, 4, 2), np.float64)),
        ("codes", np.zeros(6, np.uint8)),
        ("ids", np.arange(7)),
        ("ids", np.full(7, "x" * 2000)),
        ("x", np.zeros(7, np.float32)),
        ("days", np.zeros(4, np.int64)),
    ],
)
def test_an_array_that_the_header_does_not_declare_is_refused(tmp_path, name, array):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with pytest.raises(SampleError, match=f"Array {name} is"):
        read_samples(rewritten(path, **{name: array}))


def test_pickled_objects_are_never_opened(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with pytest.raises(SampleError):
        read_samples(rewritten(path, ids=np.array([{"a": 1}] * 7, dtype=object)))


def test_absurd_sizes_are_refused_before_reading(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with pytest.raises(SampleError, match="declares 1000000000000 samples"):
        read_samples(with_header(path, samples=10**12))
    with pytest.raises(SampleError, match="declares 0 samples"):
        read_samples(with_header(path, samples=0))


def test_contents_that_contradict_each_other_are_refused(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with pytest.raises(SampleError, match="Code 9 has no class"):
        read_samples(rewritten(path, codes=np.full(7, 9, np.uint8)))
    with pytest.raises(SampleError, match="colours as #rrggbb"):
        read_samples(with_header(path, legend=[{"code": 0, "name": "a", "colour": "red"}]))


def test_a_cut_file_is_refused(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(SampleError, match="damaged"):
        read_samples(path)


def test_a_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "s.npz"
    write_samples(path, samples())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("values.npy").header_offset
    raw = bytearray(path.read_bytes())
    raw[start + 300] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(SampleError, match="damaged"):
        read_samples(path)


def test_the_layer_shows_id_class_colour_and_fold(tmp_path):
    written = samples()
    fold = (np.arange(7) % 3).astype(np.int8)
    for _ in range(2):  # the second replaces the first
        write_sample_layer(tmp_path / "s.gpkg", written, fold)
    meta, _, shapes, columns = pyogrio.raw.read(tmp_path / "s.gpkg", layer="samples")
    read = dict(zip(meta["fields"], columns, strict=True))
    assert meta["crs"] == "EPSG:32634"
    assert read["id"].tolist() == written.ids.tolist()
    assert read["class"].tolist() == written.codes.tolist()
    assert read["name"].tolist()[:2] == ["kukuruz", "šećerna repa"]
    assert read["colour"].tolist()[0] == "#ffd300"
    assert read["group"].tolist() == written.groups.tolist()
    assert read["fold"].tolist() == (fold + 1).tolist()
    np.testing.assert_array_equal(
        shapely.get_coordinates(shapely.from_wkb(shapes)), np.column_stack([written.x, written.y])
    )
    assert [path.name for path in tmp_path.iterdir()] == ["s.gpkg"]


def test_a_layer_without_folds_or_crs_is_written(tmp_path):
    write_sample_layer(tmp_path / "s.gpkg", samples(crs=""))
    meta, _, _, columns = pyogrio.raw.read(tmp_path / "s.gpkg")
    assert set(columns[list(meta["fields"]).index("fold")].tolist()) == {0}
