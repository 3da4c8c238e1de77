"""The sample file: written, edited as QGIS edits it, read again, and refused where it is none."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time

import numpy as np
import pyogrio
import pytest
import shapely

from cropmap.contract.errors import OutputError, SampleError
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.review import Review, no_review
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import read_sample_file, read_samples, write_samples
from cropmap.io.vectors import LabelOptions, read_labels

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
        sites=np.where(np.arange(count) < 3, "ARK", "CAL"),
        years=(2020 + np.arange(count) % 3).astype(np.int16),
    )


def plan_of(found, fold):
    return FoldPlan(np.array(fold, np.int8), np.arange(len(found), dtype=np.int32), found.codes, 1000.0)


def written(folder, **more):
    write_samples(folder / "s.gpkg", samples(), **more)
    return folder / "s.gpkg"


def connected(path):
    """Open a file as a program that knows GeoPackages does: its triggers call functions that it brings along."""
    database = sqlite3.connect(path, isolation_level=None)
    for name, answer in {"ST_IsEmpty": 0, "ST_MinX": 1, "ST_MaxX": 1, "ST_MinY": 1, "ST_MaxY": 1}.items():
        database.create_function(name, 1, lambda _, answer=answer: answer)
    return database


def edit(path, *statements):
    database = connected(path)
    for statement in statements:
        database.execute(*(statement if isinstance(statement, tuple) else (statement,)))
    database.close()


def header_of(path):
    with sqlite3.connect(path) as database:
        return json.loads(database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])


def with_header(path, **fields):
    edit(path, ("UPDATE gpkg_metadata SET metadata = ?", (json.dumps(header_of(path) | fields),)))
    return path


def point(x, y, *, srs=32634, flags=1, envelope=b""):
    wkb = shapely.to_wkb(shapely.points(x, y), byte_order=1)
    return b"GP\0" + bytes([flags]) + srs.to_bytes(4, "little") + envelope + wkb


# ---------------------------------------------------------------- there and back


def test_samples_come_back_as_they_were(tmp_path):
    made = samples()
    review = Review(
        np.arange(7, dtype=np.int32),
        np.array(["", "kukuruz", *[""] * 5]),
        np.array(["", "p = 0.03, žito?", *[""] * 5]),
        np.array(["keep", *[""] * 6]),
    )
    write_samples(tmp_path / "s.gpkg", made, plan_of(made, [0, 1, 2, 0, 1, 2, -1]), review, scheme="rest = Other")
    read = read_sample_file(tmp_path / "s.gpkg")
    for name in ("values", "codes", "ids", "x", "y", "groups", "days", "sites", "years"):
        np.testing.assert_array_equal(getattr(read.samples, name), getattr(made, name))
        assert getattr(read.samples, name).dtype.kind == getattr(made, name).dtype.kind
    for name in ("rank", "suggested", "why", "verdict"):
        np.testing.assert_array_equal(getattr(read.review, name), getattr(review, name))
    assert read.fold.tolist() == [0, 1, 2, 0, 1, 2, -1]
    assert (read.notes, read.scheme) == ((), "rest = Other")
    assert (read.samples.bands, read.samples.legend, read.samples.recipe, read.samples.crs) == (
        made.bands, made.legend, made.recipe, made.crs,
    )  # fmt: skip


@pytest.mark.parametrize("crs", ["", UTM, crs_wkt("EPSG:4326"), crs_wkt("+proj=sinu +R=6371007.181 +units=m")])
def test_every_coordinate_system_comes_back(tmp_path, crs):
    write_samples(tmp_path / "s.gpkg", samples(crs=crs))
    assert read_samples(tmp_path / "s.gpkg").crs == crs


def test_the_same_samples_give_the_same_bytes_whatever_the_time(tmp_path):
    write_samples(tmp_path / "a.gpkg", samples())
    began = time.time()
    while int(time.time() * 1000) == int(began * 1000):  # GDAL writes thousandths of a second
        pass
    write_samples(tmp_path / "b.gpkg", samples())
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gpkg", "b.gpkg"]


@pytest.mark.parametrize("before", [None, "2020-02-02T00:00:00Z"])
def test_gdals_date_option_stays_as_it_was(tmp_path, before):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    try:
        written(tmp_path)
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_gdal_reads_the_layer_with_its_points_series_index_and_extent(tmp_path):
    made = samples()
    write_samples(tmp_path / "s.gpkg", made, plan_of(made, np.arange(7) % 3))
    meta, _, shapes, columns = pyogrio.raw.read(tmp_path / "s.gpkg", layer="samples")
    read = dict(zip(meta["fields"], columns, strict=True))
    assert meta["crs"] == "EPSG:32634"
    assert read["id"].tolist() == made.ids.tolist()
    assert read["class"].tolist()[:2] == ["kukuruz", "šećerna repa"]
    assert read["colour"].tolist()[0] == "#ffd300"
    assert read["group"].tolist() == made.groups.tolist()
    assert read["fold"].tolist() == (np.arange(7) % 3 + 1).tolist()
    assert [np.frombuffer(cell, "<f4").tolist() for cell in read["series"]] == made.values.reshape(7, -1).tolist()
    places = np.column_stack([made.x, made.y])
    np.testing.assert_array_equal(shapely.get_coordinates(shapely.from_wkb(shapes)), places)
    info = pyogrio.read_info(tmp_path / "s.gpkg", force_total_bounds=True, force_feature_count=True)
    assert info["features"] == 7
    assert info["total_bounds"] == pytest.approx((*places.min(axis=0), *places.max(axis=0)))
    near = shapely.box(*(places[4] - 1), *(places[4] + 1)).bounds
    assert pyogrio.raw.read(tmp_path / "s.gpkg", bbox=near)[3][0].tolist() == [made.ids[4]]
    with sqlite3.connect(tmp_path / "s.gpkg") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT rtreecheck('rtree_samples_geom')").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


def test_the_file_serves_as_labels(tmp_path):
    labels = read_labels(str(written(tmp_path)), LabelOptions())
    assert labels.labels.tolist() == [samples().legend.names[code] for code in samples().codes]
    assert labels.ids.tolist() == samples().ids.tolist()
    assert labels.groups.tolist() == samples().groups.tolist()


# ---------------------------------------------------------------- edits


def test_deleted_rows_are_gone_and_edited_fields_are_taken(tmp_path):
    path = written(tmp_path)
    edit(
        path,
        "DELETE FROM samples WHERE fid = 2",
        "UPDATE samples SET class = ' šećerna repa ', site = NULL, year = NULL, fold = NULL WHERE fid = 1",
        'UPDATE samples SET "group" = NULL WHERE fid = 3',
        ("UPDATE samples SET geom = ? WHERE fid = 4", (point(450000.25, 5500000.5),)),
        ("UPDATE samples SET geom = ? WHERE fid = 5", (point(1, 2, flags=3, envelope=bytes(32)),)),
    )
    read, made = read_samples(path), samples()
    assert read.ids.tolist() == np.delete(made.ids, 1).tolist()
    np.testing.assert_array_equal(read.values, np.delete(made.values, 1, axis=0))
    assert (read.codes[0], read.sites[0], read.years[0]) == (1, "", 2023)
    assert read.groups[1] == f"#{made.ids[2]}"
    assert (read.x[2], read.y[2], read.x[3], read.y[3]) == (450000.25, 5500000.5, 1, 2)


def test_verdicts_drop_keep_and_relabel_and_say_so(tmp_path):
    made = samples()
    write_samples(tmp_path / "s.gpkg", made, plan_of(made, np.arange(7) % 3))
    edit(
        tmp_path / "s.gpkg",
        "UPDATE samples SET verdict = 'drop' WHERE fid IN (1, 3)",
        "UPDATE samples SET verdict = ' Keep' WHERE fid = 4",
        "UPDATE samples SET verdict = 'šećerna repa' WHERE fid IN (4, 5, 7)",
    )
    read = read_sample_file(tmp_path / "s.gpkg")
    kept = [1, 3, 4, 5, 6]
    assert read.samples.ids.tolist() == made.ids[kept].tolist()
    assert read.samples.codes.tolist() == [1, 1, 1, 1, 1]
    assert read.fold.tolist() == (np.array(kept) % 3).tolist()
    assert read.review.verdict.tolist() == ["", "šećerna repa", "šećerna repa", "", "šećerna repa"]
    assert read.notes == (
        '2 samples left out by the verdict "drop".',
        "2 samples given another class by their verdict: 2 kukuruz -> šećerna repa.",
    )


def test_a_class_typed_in_another_case_is_the_same_class(tmp_path):
    path = written(tmp_path)
    edit(
        path,
        "UPDATE samples SET class = 'KUKURUZ' WHERE fid = 2",
        "UPDATE samples SET verdict = ' Šećerna Repa ' WHERE fid = 4",
    )
    read = read_sample_file(path)
    made = samples()
    assert read.samples.codes[1] == made.legend.code_of("kukuruz")
    assert read.samples.codes[3] == made.legend.code_of("šećerna repa")


def test_a_row_added_by_hand_is_left_out_and_said(tmp_path):
    path = written(tmp_path)
    edit(path, ("INSERT INTO samples (geom, class) VALUES (?, 'rye')", (point(1, 2),)))
    read = read_sample_file(path)
    assert len(read.samples) == 7
    assert read.notes == (
        "1 row has no series: added by hand, left out. The sample job extracts series for new points.",
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE samples SET class = 'rye' WHERE fid > 5",
            r"2 samples have class 'rye', which the legend lacks .*5/3_4",
        ),
        ("UPDATE samples SET class = NULL WHERE fid = 1", r"1 sample has no class .*Classes: kukuruz"),
        ("UPDATE samples SET verdict = 'doubt' WHERE fid = 1", r"1 sample has the verdict 'doubt'.*\"keep\", \"drop\""),
        ("UPDATE samples SET verdict = 'drop'", "All 7 samples are left out"),
        ("UPDATE samples SET id = 'a'", "Id 'a' stands 7 times"),
        ("UPDATE samples SET id = NULL WHERE fid = 1", "no id"),
        ("UPDATE samples SET geom = NULL WHERE fid = 1", r"1 sample has no point"),
        ("UPDATE samples SET geom = x'47500001' WHERE fid = 1", r"1 sample has no point"),
        ("UPDATE samples SET fold = 'first'", "Field 'fold' holds 'first'"),
        ("UPDATE samples SET fold = 128", "Field 'fold' holds 128"),
        ("UPDATE samples SET year = -1", "Field 'year' holds -1"),
        ("UPDATE samples SET why = printf('%.*c', 2000, 'x') WHERE fid = 1", "over 1024 letters"),
        ("UPDATE samples SET why = x'00ff' WHERE fid = 1", "holds bytes"),
        (
            "UPDATE samples SET series = zeroblob(31) WHERE fid = 1",
            "1 of 7 samples hold a series that is not 4 steps x 2",
        ),
        ("UPDATE samples SET series = 'text' WHERE fid = 1", "1 of 7 samples hold a series that is not 4 steps x 2"),
        ("UPDATE samples SET series = CAST(x'0000c07f' || zeroblob(28) AS BLOB) WHERE fid = 2", "not finite"),
        ("UPDATE samples SET series = NULL", "no sample with a series"),
        ("DELETE FROM samples", "no sample with a series"),
        ("ALTER TABLE samples DROP COLUMN verdict", "has no field 'verdict'"),
        ("ALTER TABLE samples RENAME TO points", "has no layer 'samples'"),
        ("DELETE FROM gpkg_metadata", "a copy of samples that lacks .*Edit the samples.gpkg"),
        ("DROP TABLE gpkg_metadata", "a copy of samples that lacks"),
        ("UPDATE gpkg_metadata SET metadata = '{'", "damaged"),
        ("UPDATE gpkg_metadata SET metadata = '[1]'", "no samples of cropmap"),
        ("UPDATE gpkg_metadata SET metadata = x'00'", "damaged"),
        ("UPDATE gpkg_metadata SET metadata = printf('%.*c', 17000000, ' ')", "over 16 MB"),
    ],
)
def test_edits_that_mean_nothing_are_refused(tmp_path, statement, words):
    path = written(tmp_path)
    edit(path, statement)
    with pytest.raises(SampleError, match=words):
        read_samples(path)


# ---------------------------------------------------------------- other programs


def test_a_point_without_coordinates_is_told_with_its_sample(tmp_path):
    path = written(tmp_path)
    edit(path, ("UPDATE samples SET geom = ? WHERE rowid = 2", (point(np.nan, np.nan),)))
    with pytest.raises(SampleError, match=r"1 sample has no point \(first: parcel č1/3_4\)"):
        read_sample_file(path)


def test_saved_edits_of_a_program_that_has_the_file_open_are_seen(tmp_path):
    path = written(tmp_path)
    other = connected(path)
    assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    other.execute("UPDATE samples SET verdict = 'drop' WHERE fid = 1")
    assert (tmp_path / "s.gpkg-wal").stat().st_size > 0
    assert len(read_samples(path)) == 6
    other.execute("BEGIN")
    other.execute("UPDATE samples SET verdict = 'drop' WHERE fid = 2")
    assert len(read_samples(path)) == 6
    with pytest.raises(OutputError, match=r"Another program has the file open.*Remove the layer from QGIS"):
        write_samples(path, samples())
    other.execute("COMMIT")
    other.close()
    assert len(read_samples(path)) == 5


def test_a_file_left_in_write_ahead_mode_is_read_where_nothing_can_be_written(tmp_path):
    path = written(tmp_path)
    other = connected(path)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("UPDATE samples SET verdict = 'drop' WHERE fid = 1")
    other.close()
    before = sorted(tmp_path.iterdir())
    tmp_path.chmod(0o500)
    try:
        assert len(read_samples(path)) == 6
    finally:
        tmp_path.chmod(0o700)
    assert sorted(tmp_path.iterdir()) == before


def test_a_lock_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("cropmap.io.geopackage.WAIT_S", 0.05)
    path = written(tmp_path)
    other = connected(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SampleError, match=r"Another program is writing the file.*Save or close"):
        read_samples(path)
    other.close()


def test_edits_of_gdal_are_read(tmp_path):
    path = written(tmp_path)
    meta, _, shapes, columns = pyogrio.raw.read(path, layer="samples", where="fid < 3")
    named = {name: cells for name, cells in zip(meta["fields"], columns, strict=True) if name != "series"}
    pyogrio.raw.write(
        path, geometry=shapes, field_data=list(named.values()), fields=list(named), layer="samples", driver="GPKG",
        geometry_type="Point", crs="EPSG:32634", append=True,
    )  # fmt: skip
    read = read_sample_file(path)
    assert (len(read.samples), len(read.notes)) == (7, 1)


# ---------------------------------------------------------------- writing


def test_a_file_is_replaced_whole_and_a_leftover_is_no_matter(tmp_path):
    write_samples(tmp_path / "s.gpkg", samples(3))
    (tmp_path / ".s.gpkg.part.gpkg").write_bytes(b"left over")
    write_samples(tmp_path / "s.gpkg", samples(5))
    assert len(read_samples(tmp_path / "s.gpkg")) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["s.gpkg"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    path = written(tmp_path)
    before = path.read_bytes()

    def full(*_):
        message = "database or disk is full"
        raise sqlite3.OperationalError(message)

    monkeypatch.setattr("cropmap.io.geopackage._describe", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_samples(path, samples(3))
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["s.gpkg"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"The folder is not there"):
        write_samples(tmp_path / "none" / "s.gpkg", samples())


def test_a_plan_or_a_review_of_other_samples_is_refused(tmp_path):
    with pytest.raises(SampleError, match="7 samples have 3 folds"):
        write_samples(tmp_path / "s.gpkg", samples(), plan_of(samples(3), [0, 1, 2]))
    with pytest.raises(SampleError, match="7 samples have 2 reviews"):
        write_samples(tmp_path / "s.gpkg", samples(), None, no_review(2))


# ---------------------------------------------------------------- files that are none


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "s.gpkg"
    with pytest.raises(SampleError, match=r"cannot be read: No such file"):
        read_samples(path)
    with pytest.raises(SampleError, match=r"cannot be read: Is a directory"):
        read_samples(tmp_path)
    for content in (b"", b"PK\x03\x04 and so on", b"SQLite format 3\0 and so on"):
        path.write_bytes(content)
        with pytest.raises(SampleError, match=r"no GeoPackage"):
            read_samples(path)
    path.write_bytes(b"SQLite format 3\0" + bytes(4000))
    with pytest.raises(SampleError, match=r"damaged"):
        read_samples(path)


def test_a_geopackage_of_another_program_is_refused(tmp_path):
    pyogrio.raw.write(
        tmp_path / "s.gpkg", geometry=np.array([shapely.to_wkb(shapely.points(1, 2))]), field_data=[np.array([1])],
        fields=["class"], layer="samples", driver="GPKG", geometry_type="Point", crs="EPSG:4326",
    )  # fmt: skip
    with pytest.raises(SampleError, match=r"no samples of cropmap.*samples\.gpkg that the sample job wrote"):
        read_samples(tmp_path / "s.gpkg")


@pytest.mark.parametrize("version", [1, 3, "2", None])
def test_another_version_is_refused(tmp_path, version):
    with pytest.raises(SampleError, match=r"this cropmap reads 2.*extract the samples again"):
        read_samples(with_header(written(tmp_path), version=version))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"days": list(range(10**5))}, "not 100000 steps x 2 bands"),
        ({"days": []}, "not 0 steps x 2 bands"),
        ({"bands": ["red"]}, "not 4 steps x 1 bands"),
        ({"days": None}, "damaged"),
        ({"recipe": {}}, "recipe is malformed"),
        ({"legend": [{"code": 0, "name": "a", "colour": "red"}]}, "colours as #rrggbb"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path, fields, words):
    with pytest.raises(SampleError, match=words):
        read_samples(with_header(written(tmp_path), **fields))


def test_nothing_that_the_file_brings_along_is_run(tmp_path):
    path = written(tmp_path)
    edit(path, "ALTER TABLE samples RENAME TO hidden", "CREATE VIEW samples AS SELECT * FROM hidden")
    with pytest.raises(SampleError, match="has no layer 'samples' that is a table"):
        read_samples(path)
    path = written(tmp_path)
    edit(
        path,
        "ALTER TABLE samples DROP COLUMN verdict",
        "ALTER TABLE samples ADD COLUMN verdict TEXT GENERATED ALWAYS AS (hex(class)) VIRTUAL",
    )
    with pytest.raises(SampleError, match="has no field 'verdict'"):
        read_samples(path)


def test_cut_and_changed_files_are_refused_or_read_right(tmp_path):
    path = tmp_path / "s.gpkg"
    write_samples(path, samples(300))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for size in rng.integers(0, len(whole) - 1, 20).tolist():
        path.write_bytes(whole[:size])
        with pytest.raises(SampleError):
            read_samples(path)
    outcomes = set()
    for _ in range(150):
        raw = np.frombuffer(whole, np.uint8).copy()
        start = rng.integers(0, len(raw) - 64)
        raw[start : start + 64] = rng.integers(0, 256, 64)
        path.write_bytes(raw.tobytes())
        try:
            outcomes.add(read_samples(path).values.shape[1:])
        except SampleError:
            outcomes.add("refused")
    assert outcomes == {(4, 2), "refused"}
