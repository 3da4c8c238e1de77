"""BreizhCrops: what is read is what was written, and each trap of the format is seen."""

from __future__ import annotations

import datetime as dt

import h5py
import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.io.breizhcrops_files import L1C_CSV, L1C_SORTED, L2A, column_order
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.sampling.from_series import samples_from_series
from cropmap.sources.breizhcrops import ROLES, BreizhCropsParams, breizhcrops
from cropmap.testing.breizhcrops import BreizhCropsOptions, write_breizhcrops

RECIPE = Recipe("linear", Season(dt.date(2017, 2, 1), dt.date(2017, 11, 1)), (StepUse("linear", {"step_days": 7}),))
REGIONS = ("frh01", "frh02")


def written(tmp_path, **options):
    made = write_breizhcrops(tmp_path, BreizhCropsOptions(**options))
    return {f"{parcel.region}/{parcel.name}": parcel for parcel in made}


def read(tmp_path, **params):
    return breizhcrops(BreizhCropsParams(folder=str(tmp_path), **params))


def observed(table, position):
    """Dates and values of the observations of a series."""
    there = np.isfinite(table.values[position]).any(axis=1)
    return table.dates[position, there], table.values[position, there]


def assert_as_written(table, truth):
    """Every series is the parcel's own; what is cloudy is NaN, unless the parcel has fewer than two clear dates."""
    assert table.bands == ROLES
    for position, name in enumerate(table.ids.tolist()):
        parcel = truth[name]
        dates, values = observed(table, position)
        assert table.labels[position] == parcel.label
        kept = np.isin(parcel.dates, dates)
        if parcel.clear.sum() >= 2:
            np.testing.assert_array_equal(kept, parcel.clear)
        else:
            assert kept.sum() == 2
            assert kept[parcel.clear].all()
        np.testing.assert_array_equal(dates, parcel.dates[kept])
        np.testing.assert_allclose(values, parcel.values[kept], rtol=1e-6)


def test_what_is_read_is_what_was_written(tmp_path):
    truth = written(tmp_path)
    table = read(tmp_path)
    assert sorted(table.ids.tolist()) == sorted(name for name, parcel in truth.items() if parcel.label)
    assert len(table) == 120 - 12
    assert_as_written(table, truth)


VARIANTS = {
    "rewritten index": {"rewritten": True},
    "stale keys": {"stale_keys": True},
    "both": {"rewritten": True, "stale_keys": True},
    "nested": {"nested": True},
    "L1C as the raw CSV": {"level": "L1C", "order": "raw"},
    "L1C by number": {"level": "L1C", "order": "sorted"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_spelling_and_column_order_gives_the_same_series(tmp_path, variant):
    written(tmp_path / "plain")
    truth = written(tmp_path / "other", **VARIANTS[variant])
    level = VARIANTS[variant].get("level", "L2A")
    plain, other = read(tmp_path / "plain"), read(tmp_path / "other", level=level)
    assert_as_written(other, truth)
    for name in ("values", "dates", "labels", "ids", "groups"):
        np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))


def test_all_dates_of_the_file_stay_so_that_parcels_share_them(tmp_path):
    truth = written(tmp_path)
    table = read(tmp_path)
    for position, name in enumerate(table.ids.tolist()):
        dates = truth[name].dates
        np.testing.assert_array_equal(table.dates[position, : len(dates)], dates)
        assert (table.dates[position, len(dates) :] == dates[-1]).all()
        assert np.isnan(table.values[position, len(dates) :]).all()
    assert len(np.unique(table.dates, axis=0)) == 3


def test_the_notes_say_what_was_found_and_left_out(tmp_path):
    written(tmp_path, stale_keys=True)
    notes = "\n".join(read(tmp_path).notes)
    assert "frh01: 6 of 60 parcels have one of 1 codes without a class: left out (most: 6 SNE (Culture SNE" in notes
    assert "frh01: 54 parcels were found by the name of their file" in notes
    assert "the published file 987,259,904" in notes
    assert "frh01 has no shapefile: its parcels stand in the middle of department frh01" in notes


@pytest.mark.parametrize(("order", "words"), [("raw", "of the raw CSV files"), ("sorted", "by band number")])
def test_the_column_order_of_l1c_is_told(tmp_path, order, words):
    written(tmp_path, level="L1C", order=order, regions=("frh03",))
    notes = read(tmp_path, level="L1C").notes
    assert f"frh03.h5: the columns stand in the order {words}, as the darkest one (B10) shows." in notes


# ---------------------------------------------------------------- column order


def invented_rows(order, **changed):
    """Rows of numbers as level 1C has them: the published means of each band by name, cirrus darkest."""
    means = dict(
        zip(L1C_CSV, [3254, 288, 2729, 1857, 2999, 2743, 2750, 2992, 3702, 4056, 3914, 4290, 1698], strict=False)
    )
    means |= {"QA10": 0, "QA20": 0, "QA60": 512, "doa": 1.49e18, "CLD": 0, "EDG": 0, "SAT": 0, **changed}
    rng = np.random.default_rng(1)
    return np.stack([means[name] * rng.uniform(0.7, 1.3, 200) for name in order], axis=1)


@pytest.mark.parametrize("order", [L1C_CSV, L1C_SORTED])
def test_published_means_tell_the_order(order):
    assert column_order(invented_rows(order), "L1C", "here") == order


@pytest.mark.parametrize(
    ("table", "level", "words"),
    [
        (invented_rows(L1C_CSV, B10=1500), "L1C", "neither order has B10 plainly there"),
        (invented_rows(L1C_CSV, B11=100), "L1C", r"The darkest column is 2 .*neither order"),
        (invented_rows(L1C_CSV)[:5], "L1C", "Only 5 rows"),
        (invented_rows(L1C_CSV, doa=5), "L1C", "Dates stand in column none, not in 16"),
        (invented_rows(L2A)[:, ::-1], "L2A", "Dates stand in column 13, not in 0"),
        (np.empty((0, 14)), "L2A", "column none"),
    ],
)
def test_contents_that_do_not_tell_are_refused(table, level, words):
    with pytest.raises(SampleError, match=words):
        column_order(table, level, "here")


# ---------------------------------------------------------------- clouds


def changed_file(tmp_path, change, level="L2A"):
    """Write one region and change the table of its first parcel that has a class."""
    truth = written(tmp_path, regions=("frh01",), parcels=30, hidden=0.0, level=level)
    with h5py.File(tmp_path / "2017" / level / "frh01.h5", "r+") as file:
        key = "data/BreizhCrops/L2A_img/data/2017/L2A" if level == "L2A" else "L1C"
        dataset = file[f"{key}/frh01/csv/1000000.csv"]
        table = dataset[()]
        dataset[...] = change(table)
    return truth


def missing_rows(table, truth):
    """Rows of the first parcel that are not in its series."""
    dates, _ = observed(table, 0)
    return np.flatnonzero(~np.isin(truth["frh01/1000000"].dates, dates)).tolist()


def put(rows, column, value):
    def change(table):
        table[rows, L2A.index(column)] = value
        return table

    return change


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("CLD", 0.01),
        ("EDG", 1),
        ("SAT", 0.5),
        ("CLD", np.nan),
        ("B4", -10000),
        ("B8", np.nan),
        ("B2", 16001),
        ("B12", 0),
    ],
)
def test_each_part_of_the_cloud_rule_takes_a_date_away(tmp_path, column, value):
    truth = changed_file(tmp_path, put([3, 8], column, value))
    assert missing_rows(read(tmp_path), truth) == [3, 8]


def test_the_most_cloud_that_counts_as_clear_is_a_choice(tmp_path):
    truth = changed_file(tmp_path, put([3, 8], "CLD", [0.1, 0.3]))
    assert missing_rows(read(tmp_path, cld_max=0.2), truth) == [8]


def test_a_parcel_that_is_never_clear_keeps_its_least_cloudy_dates_and_is_named(tmp_path):
    def cloudy(table):
        table[:, L2A.index("CLD")] = 0.9
        table[[5, 9, 20], L2A.index("CLD")] = [0.2, 0.1, 0.05]
        table[20, L2A.index("B3")] = -10000
        return table

    truth = changed_file(tmp_path, cloudy)
    table = read(tmp_path)
    np.testing.assert_array_equal(observed(table, 0)[0], truth["frh01/1000000"].dates[[5, 9]])
    note = next(note for note in table.notes if "low quality" in note)
    # Every seventh parcel of the invented ones has one clear date; of the four, all have a class.
    assert note.startswith("5 of 27 parcels have fewer than 2 clear dates")
    assert "frh01/1000000, " in note


def test_a_parcel_of_which_nothing_was_measured_stays_and_is_named(tmp_path):
    changed_file(tmp_path, put(slice(None), "B5", np.nan))
    table = read(tmp_path)
    assert np.isnan(table.values[0]).all()
    assert "frh01/1000000, " in next(note for note in table.notes if "low quality" in note)


def test_rows_without_a_date_are_none_and_other_years_are_told(tmp_path):
    def dateless(table):
        table[0, 0] = np.nan
        table[1, 0] -= 3 * 366 * 86_400e9
        table[2, 0] = np.inf
        return table

    truth = changed_file(tmp_path, dateless)
    table = read(tmp_path)
    # Row 1 has moved to another year.
    assert missing_rows(table, truth) == [0, 1, 2]
    assert len(observed(table, 0)[0]) == len(truth["frh01/1000000"].dates) - 2
    assert "1 of 27 parcels have dates outside 2017." in table.notes


# ---------------------------------------------------------------- which parcels, and where


def test_parcels_per_class_are_drawn_by_seed(tmp_path):
    written(tmp_path)
    tables = [read(tmp_path, most_per_class=3, seed=seed) for seed in (0, 0, 1)]
    assert {name: int((tables[0].labels == name).sum()) for name in set(tables[0].labels.tolist())} == dict.fromkeys(
        ["barley", "corn", "permanent meadows", "rapeseed", "temporary meadows", "wheat"], 3
    )
    assert tables[0].ids.tolist() == tables[1].ids.tolist() != tables[2].ids.tolist()


def test_classes_and_regions_are_chosen_by_name(tmp_path):
    written(tmp_path)
    table = read(tmp_path, regions=["frh02"], classes=["Corn"])
    assert set(table.labels.tolist()) == {"corn"}
    assert {name.partition("/")[0] for name in table.ids.tolist()} == {"frh02"}


def test_parcels_of_an_island_and_its_department_are_taken_once(tmp_path):
    written(tmp_path, regions=("belle-ile",), seed=1)
    # The island's parcels are a part of frh04.
    text = (tmp_path / "2017" / "L2A" / "belle-ile.csv").read_text()
    (tmp_path / "2017" / "L2A" / "frh04.csv").write_text(text)
    (tmp_path / "2017" / "L2A" / "frh04.h5").write_bytes((tmp_path / "2017" / "L2A" / "belle-ile.h5").read_bytes())
    table = read(tmp_path)
    assert len(table) == len(set(table.ids.tolist())) == 54
    assert {name.partition("/")[0] for name in table.ids.tolist()} == {"frh04"}
    assert "belle-ile: 54 parcels stand twice: the first one is taken." in table.notes


def test_the_shapefile_gives_places_and_each_parcel_is_a_group(tmp_path):
    truth = written(tmp_path, shapes=True)
    table = read(tmp_path)
    np.testing.assert_allclose(table.x, [truth[name].place[0] for name in table.ids.tolist()], atol=1e-9)
    np.testing.assert_allclose(table.y, [truth[name].place[1] for name in table.ids.tolist()], atol=1e-9)
    assert len(set(table.groups.tolist())) == len(table)
    samples = samples_from_series(table, RECIPE)
    assert samples.grouped.all()
    plan = fold_samples(samples, FoldOptions(folds=3), np.random.default_rng(0))
    assert plan.folds == 3


def test_without_places_a_split_keeps_departments_whole(tmp_path):
    written(tmp_path)
    samples = samples_from_series(read(tmp_path), RECIPE)
    plan = fold_samples(samples, FoldOptions(folds=2), np.random.default_rng(0))
    departments = np.array([name.partition("/")[0] for name in samples.ids.tolist()])
    for number in range(2):
        assert len(set(departments[plan.fold == number].tolist())) == 1
    with pytest.raises(SampleError, match="too few for 3 folds"):
        fold_samples(samples, FoldOptions(folds=3), np.random.default_rng(0))


def test_each_file_read_is_told(tmp_path):
    written(tmp_path, shapes=True, regions=("frh01",))
    opened = []
    breizhcrops(BreizhCropsParams(folder=str(tmp_path)), None, opened.append)
    names = ["classmapping.csv", "codes.csv", "frh01.csv", "frh01.h5", "frh01.shp"]
    assert sorted(path.name for path in opened) == names


# ---------------------------------------------------------------- what is refused


def test_a_folder_that_is_none_is_told_what_it_should_hold(tmp_path):
    with pytest.raises(SampleError, match=r"no region of 2017, level L2A.*2017/L2A/frh01\.csv"):
        read(tmp_path)
    written(tmp_path, regions=("frh01",))
    (tmp_path / "2017" / "L2A" / "frh01.h5").unlink()
    with pytest.raises(SampleError, match=r"no frh01\.h5"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"regions": ["../etc"]}, r"'\.\./etc' is no region.*Known: frh01"),
        ({"classes": ["soya"]}, "no class 'soya'.*barley"),
        ({"year": 2018}, "no region of 2018"),
        ({"level": "L1C"}, "no region of 2017, level L1C"),
    ],
)
def test_what_is_not_there_is_refused_by_name(tmp_path, params, words):
    written(tmp_path, regions=("frh01",), parcels=9)
    with pytest.raises(SampleError, match=words):
        read(tmp_path, **params)


def test_an_index_without_a_column_is_refused(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9)
    (tmp_path / "2017" / "L2A" / "frh01.csv").write_text("id,CODE_CULTU\n1,MIS\n")
    with pytest.raises(SampleError, match="lacks the column sequencelength"):
        read(tmp_path)


def test_a_file_of_another_level_is_refused(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9, level="L1C")
    (tmp_path / "2017" / "L1C").rename(tmp_path / "2017" / "L2A")
    with pytest.raises(SampleError, match=r"has shape \(36, 17\).*Check the level"):
        read(tmp_path)


def test_data_in_other_files_are_not_followed(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9)
    path = tmp_path / "2017" / "L2A" / "frh01.h5"
    path.rename(tmp_path / "elsewhere.h5")
    key = "data/BreizhCrops/L2A_img/data/2017/L2A/frh01/csv/1000000.csv"
    with h5py.File(path, "w") as file:
        file[key] = h5py.ExternalLink(str(tmp_path / "elsewhere.h5"), key)
    with pytest.raises(SampleError, match="lies in another file"):
        read(tmp_path)


def test_a_dataset_without_a_shape_is_refused(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9)
    key = "data/BreizhCrops/L2A_img/data/2017/L2A/frh01/csv/1000000.csv"
    with h5py.File(tmp_path / "2017" / "L2A" / "frh01.h5", "r+") as file:
        del file[key]
        file[key] = h5py.Empty("f8")
    with pytest.raises(SampleError, match=r"has shape \(\)"):
        read(tmp_path)


def test_a_damaged_type_of_numbers_is_told_as_damage(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9)
    path = tmp_path / "2017" / "L2A" / "frh01.h5"
    intact = path.read_bytes()
    # A message of type "64 bit float" as HDF5 writes it: version and class, three bytes of flags, the size.
    number = bytes.fromhex("11203f0008000000")
    assert number in intact
    path.write_bytes(intact.replace(number, number[:4] + bytes([131, 0, 0, 0])))
    with pytest.raises(SampleError, match="The file is damaged"):
        read(tmp_path)


def test_a_damaged_file_is_told_as_one(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=9)
    (tmp_path / "2017" / "L2A" / "frh01.h5").write_bytes(b"no HDF5")
    with pytest.raises(SampleError, match="no HDF5 file, or is damaged"):
        read(tmp_path)


def test_parcels_missing_in_the_file_are_counted(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=20)
    with h5py.File(tmp_path / "2017" / "L2A" / "frh01.h5", "r+") as file:
        del file["data/BreizhCrops/L2A_img/data/2017/L2A/frh01/csv/1000002.csv"]
    table = read(tmp_path)
    assert "frh01/1000002" not in table.ids.tolist()
    assert "frh01: 1 of 18 parcels have no rows in the HDF5 file: left out." in table.notes


def test_an_index_entry_without_dates_is_counted(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=20)
    path = tmp_path / "2017" / "L2A" / "frh01.csv"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ",0"
    path.write_text("\n".join(lines))
    table = read(tmp_path)
    assert len(table) == 17
    assert "frh01: 1 of 20 parcels have no date: left out." in table.notes


def test_without_a_class_table_the_published_classes_are_taken(tmp_path):
    written(tmp_path, regions=("frh01",), parcels=20)
    with_table = read(tmp_path)
    (tmp_path / "classmapping.csv").unlink()
    without = read(tmp_path)
    np.testing.assert_array_equal(without.labels, with_table.labels)
    assert "The folder has no classmapping.csv: the nine published classes are taken." in without.notes


def test_many_chunks_give_what_one_gives(tmp_path, monkeypatch):
    written(tmp_path)
    whole = read(tmp_path)
    monkeypatch.setattr("cropmap.sources.breizhcrops._CHUNK", 7)
    parts = read(tmp_path)
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(parts.dates, whole.dates)
