"""Tables of labelled series."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import OutputError, SampleError
from cropmap.data.samples import LabelledSeries
from cropmap.io.projection import crs_wkt
from cropmap.io.series_table import read_series_table, write_series_table

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def table(**changes):
    columns = {
        "X": np.arange(24, dtype=np.float32).reshape(3, 4, 2),
        "dates_days_since_epoch": np.arange(12, dtype=np.int32).reshape(3, 4) + 16000,
        "label": np.array([" wheat", "maize", "wheat"]),
        "lon": np.array([3.0, 4.0, 3.0]),
        "lat": np.array([50.0, 51.0, 50.0]),
        "bands": np.array(["red", "nir"]),
    }
    return {name: value for name, value in (columns | changes).items() if value is not None}


def written(folder, **changes):
    np.savez(folder / "t.npz", **table(**changes))
    return folder / "t.npz"


def test_a_table_is_read(tmp_path):
    read = read_series_table(written(tmp_path))
    assert read.values.dtype == np.float32
    assert read.labels.tolist() == ["wheat", "maize", "wheat"]
    assert read.dates[0].tolist()[0] == dt.date(1970, 1, 1) + dt.timedelta(days=16000)
    assert read.ids.tolist() == ["0", "1", "2"]
    assert read.bands == ("red", "nir")


def test_samples_of_one_place_form_a_group(tmp_path):
    groups = read_series_table(written(tmp_path)).groups
    assert groups[0] == groups[2] != groups[1]


def test_own_ids_groups_and_common_dates_are_taken(tmp_path):
    path = written(
        tmp_path, id=np.array([5.0, 7.0, 9.0]), group=np.array(["a", "a", "b"]), dates_days_since_epoch=np.arange(4)
    )
    read = read_series_table(path)
    assert read.ids.tolist() == ["5", "7", "9"]
    assert read.groups.tolist() == ["a", "a", "b"]
    assert read.dates.shape == (3, 4)


def test_series_without_a_label_are_counted(tmp_path):
    read = read_series_table(written(tmp_path, label=np.array(["a", "", "a"])))
    assert read.ids.tolist() == ["0", "2"]
    assert read.notes == ("1 of 3 series has no label: left out.",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lon": None}, r"lacks lon\..*It must be an .npz with X"),
        ({"X": np.zeros((3, 4))}, r"X has shape \(3, 4\)"),
        ({"X": np.full((3, 4, 2), "a")}, "X holds <U1, not numbers"),
        ({"dates_days_since_epoch": np.zeros((3, 5), int)}, r"dates_days_since_epoch has shape \(3, 5\)"),
        ({"dates_days_since_epoch": np.full((3, 4), 10**9)}, "Give whole days since 1970-01-01"),
        ({"dates_days_since_epoch": np.zeros((3, 4))}, "dates_days_since_epoch holds float64"),
        ({"label": np.array(["a"])}, r"label has shape \(1,\) for 3 series"),
        ({"label": np.array(["", "", ""])}, "None of the 3 series has a label"),
        ({"label": np.array([None, "a", "b"], dtype=object)}, "cannot be read"),
        ({"bands": np.array(["red"])}, "1 bands"),
        ({"bands": np.array("red")}, r"bands has shape \(\)"),
        ({"id": np.array(["a", "a", "b"])}, "The id 'a' stands 2 times"),
    ],
)
def test_wrong_tables_are_told(tmp_path, changes, message):
    with pytest.raises(SampleError, match=message):
        read_series_table(written(tmp_path, **changes))


def test_foreign_files_are_told(tmp_path):
    path = tmp_path / "t.npz"
    for content in (b"hello", b"PK\x03\x04hello"):
        path.write_bytes(content)
        with pytest.raises(SampleError, match="cannot be read"):
            read_series_table(path)
    with pytest.raises(SampleError, match="cannot be read"):
        read_series_table(tmp_path / "none.npz")
    np.save(tmp_path / "t.npy", np.zeros(3))
    with pytest.raises(SampleError, match="lacks X, dates"):
        read_series_table(tmp_path / "t.npy")


def test_a_folder_is_told(tmp_path):
    with pytest.raises(SampleError, match=r"cannot be read: Is a directory"):
        read_series_table(tmp_path)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("sits_sinop/samples_modis_ndvi_1218.npz", (1218, 12, 1), 4),
        ("cbers_w_bahia/cbers_samples_922.npz", (922, 23, 6), 4),
    ],
)
def test_published_tables_are_read(name, shape, classes):
    if not (DATA / name).is_file():
        pytest.skip(f"needs ../shared/data/{name}")
    read = read_series_table(DATA / name)
    assert read.values.shape == shape
    assert len(np.unique(read.labels)) == classes


# ---------------------------------------------------------------- writing


def labelled(**changes):
    rng = np.random.default_rng(0)
    dates = np.datetime64("2017-01-03") + np.array([[0, 5, 9], [2, 2, 2]])
    columns = {
        "values": rng.random((2, 3, 2)).astype(np.float32),
        "dates": dates,
        "labels": np.array(["maïs", "wheat"]),
        "ids": np.array(["frh01/1", "frh01/2"]),
        "groups": np.array(["department frh01"] * 2),
        "x": np.array([-2.83, -2.5]),
        "y": np.array([48.46, 48.4]),
        "bands": ("red", "nir"),
        "crs": crs_wkt("EPSG:4326"),
    }
    return LabelledSeries(**(columns | changes))


def test_what_is_written_is_read_again_to_the_byte(tmp_path):
    values = labelled().values.copy()
    values[1, 1:] = np.nan
    table = labelled(values=values)
    for name in ("a.npz", "b.npz"):
        write_series_table(tmp_path / name, table)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]
    again = read_series_table(tmp_path / "a.npz")
    for name in ("values", "dates", "labels", "ids", "groups", "x", "y"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    assert (again.bands, again.crs) == (table.bands, table.crs)


def test_other_coordinates_become_longitude_and_latitude(tmp_path):
    # 500 km east is zone 30's middle meridian, 3 degrees west, and 0 m north is the equator.
    table = labelled(x=np.array([5e5, 5e5]), y=np.array([0.0, 0.0]), crs=crs_wkt("EPSG:32630"))
    write_series_table(tmp_path / "a.npz", table)
    again = read_series_table(tmp_path / "a.npz")
    np.testing.assert_allclose([again.x[0], again.y[0]], [-3.0, 0.0], atol=1e-9)


def test_missing_dates_and_folders_that_are_not_there_are_refused(tmp_path):
    dates = labelled().dates.copy()
    dates[0, 2] = "NaT"
    with pytest.raises(SampleError, match=r"1 series have dates that are missing.*Repeat a date"):
        write_series_table(tmp_path / "a.npz", labelled(dates=dates))
    with pytest.raises(OutputError, match="Writing failed"):
        write_series_table(tmp_path / "none" / "a.npz", labelled())
