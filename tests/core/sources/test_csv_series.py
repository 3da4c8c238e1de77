"""Series in text tables: whichever way they are written, the same series; what cannot be told is refused."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.io.vectors import LabelOptions, read_labels
from cropmap.sources.csv_dates import dates_of, rule_of
from cropmap.sources.csv_tables import CsvParams
from cropmap.sources.earth_engine import EarthEngineParams, earth_engine
from cropmap.sources.sits_csv import sits_csv

DATA = Path(__file__).parents[4] / "shared" / "data"
DATES = ("2021-04-01", "2021-04-11", "2021-04-21")
BANDS = ("B4", "B8")
CROPS = ("corn", "soy", "corn", "rice")
PLACES = [(-90.5 - k / 10, 35.25 + k / 10) for k in range(4)]
RNG = np.random.default_rng(5)
STORED = RNG.integers(100, 5000, (4, 3, 2)).astype(float)
STORED[2, 1] = 0  # unmask(0) where there was a cloud


def geo(k):
    return json.dumps({"geodesic": False, "type": "Point", "coordinates": PLACES[k]})


def write(path, head, rows):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])


def dated(folder, names=DATES, prefix="AR_", suffix="_Z0"):
    for step, name in enumerate(names):
        rows = [[k, *STORED[k, step], CROPS[k], geo(k)] for k in range(4)]
        write(folder / f"{prefix}{name}{suffix}.csv", ["system:index", *BANDS, "crop", ".geo"], rows)
    return folder


def long(folder):
    head = ["point_id", "longitude", "latitude", "label", "date", *BANDS]
    rows = [[k, *PLACES[k], CROPS[k], date, *STORED[k, step]] for step, date in enumerate(DATES) for k in range(4)]
    write(folder / "series.csv", head, rows)
    return folder


def wide(folder, column="{date}_{band}", steps=DATES):
    columns = [column.format(date=date, band=band) for date in steps for band in BANDS]
    rows = [[k, *STORED[k].ravel(), CROPS[k], geo(k)] for k in range(4)]
    write(folder / "series.csv", ["system:index", *columns, "crop", ".geo"], rows)
    return folder


def read(folder, **values):
    return earth_engine(EarthEngineParams(folder=str(folder), **values))


def check(table):
    expected = np.where(STORED == 0, np.nan, STORED * 1e-4).astype(np.float32)
    np.testing.assert_array_equal(table.values, expected)
    assert table.dates.tolist() == [[dt.date.fromisoformat(date) for date in DATES]] * 4
    assert table.labels.tolist() == list(CROPS)
    assert list(zip(table.x.tolist(), table.y.tolist(), strict=True)) == PLACES
    assert table.bands == BANDS


# ---------------------------------------------------------------- the same series in every form


def test_a_lost_table_leaves_the_others_dates_and_is_told(tmp_path):
    table = read(dated(tmp_path / "t", ("T01", "T02", "T04")), dates="dekads of 2021")
    assert table.dates[0].astype(str).tolist() == ["2021-01-01", "2021-01-11", "2021-02-01"]
    assert "Of the steps 1 to 4 there is no 3." in table.notes
    whole = read(dated(tmp_path / "u", ("T01", "T02", "T03")), dates="dekads of 2021")
    assert not any("there is no" in note for note in whole.notes)


@pytest.mark.parametrize("names", [DATES, ("20210401", "20210411", "20210421"), ("2021091", "2021101", "2021111")])
def test_a_table_a_date(tmp_path, names):
    table = read(dated(tmp_path / "t", names))
    check(table)
    assert table.sites.tolist() == ["AR"] * 4
    assert table.ids.tolist() == ["0", "1", "2", "3"]
    assert table.notes[0] == (
        "Recognised: one table a date, the date in the file's name; class in 'crop', points by 'system:index', bands "
        "B4, B8."
    )


@pytest.mark.parametrize(
    ("names", "dates"),
    [
        (("T10", "T11", "T12"), "2021-01-01, 2021-01-02"),
        (("T10", "T11", "T12"), "2021-01-01 and so on"),
        (("T36", "T37", "T38"), "dekads of 2021"),
        (("T10", "T11", "T12"), "2021"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(tmp_path, names, dates):
    with pytest.raises(SampleError, match=r"(do not say which date 'T|are not understood).*dekads of 2021"):
        read(dated(tmp_path / "t", names), dates=dates)


@pytest.mark.parametrize(
    ("names", "dates"),
    [
        (("T10", "T11", "T12"), "dekads of 2021"),
        (("1", "2", "3"), "every 10 days from 2021-04-01"),
        (("t0", "t1", "t2"), "2021-04-01, 2021-04-11 2021-04-21"),
        (("04-01", "04-11", "04-21"), "2021"),
        (("0401", "0411", "0421"), "2021"),
    ],
)
def test_numbers_and_days_without_a_year_take_a_rule(tmp_path, names, dates):
    if "-" in names[0]:
        check(read(wide(tmp_path / "t", steps=names), dates=dates))
        return
    check(read(dated(tmp_path / "t", names), dates=dates))
    check(read(wide(tmp_path / "w", "{band}_{date}", names), dates=dates))


@pytest.mark.parametrize(
    "column",
    ["{date}_{band}", "{band}_{date}", "{date}T170851_20210501T171534_T15SXS_{band}"],
)
def test_a_column_a_band_and_date(tmp_path, column):
    check(read(wide(tmp_path / "t", column, [date.replace("-", "") for date in DATES])))


def test_a_row_a_point_and_date(tmp_path):
    table = read(long(tmp_path / "t"))
    check(table)
    assert table.ids.tolist() == ["0", "1", "2", "3"]
    assert table.groups.tolist() == [f"@{lon:.6f} {lat:.6f}" for lon, lat in PLACES]
    assert table.sites.tolist() == [""] * 4


def test_the_date_may_be_in_the_index_or_in_milliseconds(tmp_path):
    rows, times = [], []
    for k in range(4):
        for step, date in enumerate(DATES):
            own = [*STORED[k, step], CROPS[k], geo(k)]
            rows.append([f"{date.replace('-', '')}T170851_T15SXS_{k}", *own])
            days = (dt.date.fromisoformat(date) - dt.date(1970, 1, 1)).days
            times.append([f"a{k}{step}", f"{days * 86_400_000 + 61_000}", *own])
    write(tmp_path / "i" / "a.csv", ["system:index", *BANDS, "crop", ".geo"], rows)
    write(tmp_path / "m" / "a.csv", ["system:index", "system:time_start", *BANDS, "crop", ".geo"], times)
    for folder in ("i", "m"):
        table = read(tmp_path / folder)
        order = np.argsort(table.y)
        np.testing.assert_array_equal(table.dates[order], np.array([DATES] * 4, "datetime64[D]"))
        np.testing.assert_array_equal(table.values[order][:, :, 0] * 1e4 > 1, STORED[:, :, 0] > 1)
        assert table.labels[order].tolist() == list(CROPS)


def test_sits_tables_with_the_points_apart(tmp_path):
    rows = [[k, date, *STORED[k, step] * 1e-4] for k in range(4) for step, date in enumerate(DATES)]
    write(tmp_path / "t" / "series.csv", ["sample_id", "Index", "NDVI", "EVI"], rows)
    points = [[k, *PLACES[k], "2021-04-01", "2021-04-21", CROPS[k]] for k in range(4)]
    write(tmp_path / "t" / "points.csv", ["id", "longitude", "latitude", "start_date", "end_date", "label"], points)
    table = sits_csv(CsvParams(folder=str(tmp_path / "t")))
    np.testing.assert_allclose(table.values, STORED * 1e-4, rtol=1e-6)
    assert (table.labels.tolist(), table.bands) == (list(CROPS), ("NDVI", "EVI"))
    assert "start_date" in table.notes[-1]


def test_series_of_unequal_length_are_padded_and_doubles_left_out(tmp_path):
    head = ["id", "lon", "lat", "label", "date", "B4", "B8"]
    rows = [
        ["a", 1, 2, "corn", "2021-04-01", 1, ""],
        ["a", 1, 2, "corn", "2021-04-01", 2, 3],
        ["a", 1, 2, "corn", "2021-05-01", 4, 5],
        ["b", 1, 3, "soy", "2021-04-03", 6, "NaN"],
        ["c", 1, 4, "", "2021-04-03", 6, 7],
    ]
    write(tmp_path / "t" / "a.csv", head, rows)
    table = sits_csv(CsvParams(folder=str(tmp_path / "t"), scales={"B8": 10}))
    assert table.ids.tolist() == ["a", "b"]
    assert table.dates.astype(str).tolist() == [["2021-04-01", "2021-05-01"], ["2021-04-03", "2021-04-03"]]
    np.testing.assert_array_equal(table.values, [[[2, 30], [4, 50]], [[6, np.nan], [np.nan, np.nan]]])
    assert table.notes[-2:] == (
        "1 observation is of a point and date that has another: the most complete one is taken.",
        "1 of 3 points has no class: left out.",
    )


def test_sets_of_tables_are_sites_and_may_differ_in_dates(tmp_path):
    dated(tmp_path / "t")
    dated(tmp_path / "t", DATES[:2], prefix="CA_")
    table = read(tmp_path / "t")
    assert table.ids.tolist() == [f"{site}_Z0/{k}" for site in ("AR", "CA") for k in range(4)]
    assert table.sites.tolist() == ["AR"] * 4 + ["CA"] * 4
    assert np.isnan(table.values[4:, 2]).all()
    assert table.notes[-1] == "CA_Z0 lacks 1 of 3 dates (first: 2021-04-21)."
    assert len(read(tmp_path / "t", files=["AR_*.csv"])) == 4


# ---------------------------------------------------------------- what cannot be told


@pytest.mark.parametrize("names", [("T01", "T02", "T03"), ("05-12", "05-22", "06-01"), ("0512", "0522", "0601")])
def test_dates_without_a_year_are_refused_and_the_way_is_told(tmp_path, names):
    with pytest.raises(SampleError, match=r"The year of '.* is not known.*\"dekads of 2021\".*\"2021\", for dates"):
        read(wide(tmp_path / "t", steps=names))
    head = ["id", "lon", "lat", "label", "date", "B4"]
    write(tmp_path / "l" / "a.csv", head, [["a", 1, 2, "corn", name, 5] for name in names])
    with pytest.raises(SampleError, match=r"The year of '.* is not known.*dekads of 2021"):
        read(tmp_path / "l")


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\n3,", "\n9,", r"different points: 2 are in one of them alone \(id 3, 9\)"),
        ("\n3,", "\n2,", r"id '2' stands 2 times"),
        ("\n3,", "\n,", r"no id in line 5"),
        ("corn", "wheat", r"Point 0 is of class 'corn' in one row and of 'wheat' in another.*line 2"),
        ("[-90.5,", "[-91.5,", r"Point 0 lies at two places"),
        ("[-90.5,", "[-190.5,", r"1 of 4 rows have no longitude and latitude \(first: line 2\)"),
        ("B8", "B9", r"holds the band B8, .* does not"),
        ("B8", "B4", r"Two columns are named 'B4'"),
        (f"{STORED[0, 1, 0]}", "many", r"'many' is no number.*line 2, column B4"),
        ("crop", "label", r"Several columns could hold the class: crop, label"),
        ("B4", "20210401_B4", r"Some columns of bands tell a date"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(tmp_path, old, new, words):
    dated(tmp_path / "t")
    change(tmp_path / "t" / "AR_2021-04-11_Z0.csv", old, new)
    with pytest.raises(SampleError, match=words):
        read(tmp_path / "t")


def test_names_that_tell_no_date_are_refused(tmp_path):
    with pytest.raises(SampleError, match=r"date of each table cannot be told from its name: AR_a_Z.csv"):
        read(dated(tmp_path / "a", ("a", "b"), suffix="_Z"))
    dated(tmp_path / "b", DATES[:2])
    dated(tmp_path / "b", ("late",))
    with pytest.raises(SampleError, match=r"The name of AR_late_Z0.csv tells no date, others do"):
        read(tmp_path / "b")
    dated(tmp_path / "c", DATES[:1])
    dated(tmp_path / "c", ("20210401",))
    with pytest.raises(SampleError, match=r"AR_2021-04-01_Z0.csv and AR_20210401_Z0.csv are of the same date"):
        read(tmp_path / "c")


def test_two_forms_in_one_folder_are_refused(tmp_path):
    dated(tmp_path / "t")
    wide(tmp_path / "t")
    with pytest.raises(SampleError, match=r"built in different ways: .*one table a date.*a column|one column a band"):
        read(tmp_path / "t")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"class_field": "species"}, r"No table has a column 'species'.*Columns: B4, B8, crop"),
        ({"id_field": "nr"}, r"There is no column 'nr'"),
        ({"bands": ["B11"]}, r"No column holds the bands B11"),
        ({"files": ["CA_*"]}, r"No file fits 'CA_\*'"),
        ({"files": ["/etc/*"]}, r"is no name in the folder"),
    ],
)
def test_parameters_that_name_nothing_are_refused(tmp_path, values, words):
    with pytest.raises(SampleError, match=words):
        read(dated(tmp_path / "t"), **values)


def test_tables_without_class_place_or_folder_are_refused(tmp_path):
    write(tmp_path / "a" / "a.csv", ["id", "lon", "lat", "date", "B4"], [["a", 1, 2, "2021-04-01", 1]] * 2)
    with pytest.raises(SampleError, match=r"No column is known to hold the class.*class_field; there are: id, lon"):
        read(tmp_path / "a")
    write(tmp_path / "b" / "a.csv", ["id", "label", "date", "B4"], [["a", "corn", "2021-04-01", 1]] * 2)
    with pytest.raises(SampleError, match=r"No table tells where the points lie"):
        read(tmp_path / "b")
    with pytest.raises(SampleError, match=r"no such folder"):
        read(tmp_path / "none")
    (tmp_path / "c").mkdir()
    with pytest.raises(SampleError, match=r"holds no CSV table"):
        read(tmp_path / "c")


def test_dates_are_read_as_written():
    texts = ["2021-04-01", "20210401T170851", "1617292800000", "1.6172928E12", "04-02", "0403"]
    dates = dates_of(texts, rule_of("2021"), "here")
    assert [str(dates[text]) for text in texts] == ["2021-04-01"] * 4 + ["2021-04-02", "2021-04-03"]
    with pytest.raises(SampleError, match=r"'spring' is no date"):
        dates_of(["spring"], rule_of(""), "here")
    with pytest.raises(SampleError, match=r"A date is missing"):
        dates_of([""], rule_of(""), "here")
    with pytest.raises(SampleError, match=r"not understood"):
        rule_of("dekads")
    assert str(dates_of(["T36"], rule_of("dekads of 2021"), "")["T36"]) == "2021-12-21"
    assert str(dates_of(["12"], rule_of("months of 2020"), "")["12"]) == "2020-12-01"


# ---------------------------------------------------------------- real files


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} beside the project")
    return path


def test_an_export_of_earth_engine_holds_what_the_published_arrays_hold():
    folder = real("us_s2_cdl_2021/gee_csv_fixture")
    table = read(folder, class_field="cdl_raw", dates="dekads of 2021")
    assert table.values.shape == (110, 36, 10)
    assert table.notes[1:] == ("Columns that are not taken: crop_label.",)
    arrays = {"ARK": "us_arkansas_2021_zone0.npz", "CAL": "us_california_2021_zone0.npz"}
    for site, name in arrays.items():
        with np.load(real(f"us_s2_cdl_2021/{name}"), allow_pickle=False) as stored:
            mine = np.flatnonzero(table.sites == site)
            apart = np.hypot(stored["lon"] - table.x[mine, None], stored["lat"] - table.y[mine, None])
            near = apart.argmin(axis=1)
            assert apart.min(axis=1).max() < 1e-6
            order = [table.bands.index(band) for band in stored["bands"].tolist()]
            found = table.values[mine][:, :, order] * 1e4
            expected = stored["X"][near].astype(float)
            # The published numbers are medians rounded to whole ones; 0 is no value in both.
            assert np.array_equal(np.isnan(found), expected == 0)
            assert np.nanmax(np.abs(found - np.where(expected == 0, np.nan, expected))) < 0.501
            assert table.labels[mine].tolist() == stored["cdl_code"][near].astype(str).tolist()
            starts = stored["date_start"].astype(str).tolist()
            assert table.dates[mine[0]].astype(str).tolist() == [start[:10] for start in starts]
    with (folder / "CAL_CDL_Z0.csv").open(encoding="utf-8") as stream:
        counts = Counter(row["cdl_raw"] for row in csv.DictReader(stream))
    assert Counter(table.labels[table.sites == "CAL"].tolist()) == counts
    assert counts["77"] == 10


def test_the_real_points_of_sits_are_labels_and_no_series(tmp_path):
    source = real("sits_sinop/samples_sinop_crop.csv")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / source.name).write_bytes(source.read_bytes())
    with pytest.raises(SampleError, match=r"points without series are labels, which the sample job takes"):
        sits_csv(CsvParams(folder=str(tmp_path / "t")))
    labels = read_labels(str(source), LabelOptions())
    with source.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert labels.labels.tolist() == [row["label"] for row in rows]
    assert labels.ids.tolist() == [row["id"] for row in rows]
