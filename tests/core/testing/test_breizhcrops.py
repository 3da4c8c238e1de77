"""The writer of the BreizhCrops format, looked at with h5py and csv alone."""

from __future__ import annotations

import csv

import h5py
import numpy as np
import pytest

from cropmap.testing.breizhcrops import BreizhCropsOptions, write_breizhcrops

PREFIX = "data/BreizhCrops/L2A_img/data/2017/L2A"


def rows_of(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def test_the_tree_is_as_published_and_says_that_it_is_synthetic(tmp_path):
    write_breizhcrops(tmp_path, BreizhCropsOptions(parcels=9, regions=("frh01",)))
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["2017/L2A/frh01.csv", "2017/L2A/frh01.h5", "README.txt", "classmapping.csv", "codes.csv"]
    assert "SYNTHETIC" in (tmp_path / "README.txt").read_text()
    index = rows_of(tmp_path / "2017/L2A/frh01.csv")
    assert list(index[0]) == ["", "meanQA60", "id", "CODE_CULTU", "path", "idx", "sequencelength"]
    assert list(rows_of(tmp_path / "classmapping.csv")[0]) == ["", "id", "classname", "code"]
    assert next(iter(rows_of(tmp_path / "codes.csv", ";")[0])) == "Code Culture"


def test_a_rewritten_index_has_the_other_spelling(tmp_path):
    write_breizhcrops(tmp_path, BreizhCropsOptions(parcels=9, regions=("frh01",), rewritten=True))
    index = rows_of(tmp_path / "2017/L2A/frh01.csv")
    assert {"meanCLD", "classid", "classname", "region"} <= set(index[0])
    assert "meanQA60" not in index[0]
    assert index[0]["path"].startswith("/")


def test_l2a_tables_hold_dates_numbers_and_masks(tmp_path):
    made = write_breizhcrops(tmp_path, BreizhCropsOptions(parcels=9, regions=("frh01",)))
    with h5py.File(tmp_path / "2017/L2A/frh01.h5") as file:
        for parcel in made:
            dataset = file[f"{PREFIX}/frh01/csv/{parcel.name}.csv"]
            assert (dataset.dtype, dataset.shape) == (np.float64, (len(parcel.dates), 14))
            assert (dataset.chunks, dataset.compression, len(dataset.attrs)) == (None, None, 0)
            table = dataset[()]
            days = (table[:, 0].astype(np.int64) // (86_400 * 10**9)).astype("datetime64[D]")
            np.testing.assert_array_equal(days, parcel.dates)
            np.testing.assert_allclose(table[:, 1:11] / 1e4, parcel.values, atol=1e-9)
            np.testing.assert_array_equal(table[:, 11] == 0, parcel.clear)


@pytest.mark.parametrize(("order", "cirrus", "blue"), [("raw", 1, 4), ("sorted", 10, 1)])
def test_l1c_tables_have_either_order(tmp_path, order, cirrus, blue):
    made = write_breizhcrops(tmp_path, BreizhCropsOptions(parcels=9, regions=("frh01",), level="L1C", order=order))
    with h5py.File(tmp_path / "2017/L1C/frh01.h5") as file:
        table = file[f"L1C/frh01/csv/{made[0].name}.csv"][()]
    assert table.shape[1] == 17
    assert (table[:, 16] > 1e17).all()
    assert int(np.argmin(table[:, :13].mean(axis=0))) == cirrus
    np.testing.assert_allclose(table[:, blue] / 1e4, made[0].values[:, 0], atol=1e-9)


def test_the_same_options_give_the_same_numbers(tmp_path):
    first, second = (write_breizhcrops(tmp_path / name, BreizhCropsOptions(parcels=12)) for name in "ab")
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    other = write_breizhcrops(tmp_path / "c", BreizhCropsOptions(parcels=12, seed=1))
    assert not np.array_equal(other[0].values, first[0].values)
