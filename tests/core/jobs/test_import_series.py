"""From a published folder to a table that the other jobs take."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError
from cropmap.contract.job import Job
from cropmap.data.schemes import scheme_of
from cropmap.io.samples import write_samples
from cropmap.io.series_table import read_series_table
from cropmap.jobs.run import run_job
from cropmap.prepare.recipe import make_recipe
from cropmap.sampling.from_series import samples_from_series
from cropmap.sources.breizhcrops import BreizhCropsParams, breizhcrops
from cropmap.testing.breizhcrops import BreizhCropsOptions, write_breizhcrops


def imported(folder: Path, out: Path) -> Path:
    params = {"table": {"name": "breizhcrops", "folder": str(folder)}}
    record = run_job(Job("import_series", params, str(out)))
    return Path(record.result["run_folder"])


@pytest.mark.parametrize("shapes", [True, False])
def test_the_table_holds_what_the_folder_holds(tmp_path: Path, shapes: bool) -> None:  # noqa: FBT001
    write_breizhcrops(tmp_path / "crops", BreizhCropsOptions(parcels=30, shapes=shapes))
    folder = imported(tmp_path / "crops", tmp_path / "run")
    table, source = read_series_table(folder / "series.npz"), breizhcrops(BreizhCropsParams(str(tmp_path / "crops")))
    for name in ("values", "dates", "labels", "ids", "groups", "x", "y", "sites"):
        np.testing.assert_array_equal(getattr(table, name), getattr(source, name))
    assert (table.bands, table.crs) == (source.bands, source.crs)


def test_the_listing_counts_the_dates_of_each_series(tmp_path: Path) -> None:
    made = write_breizhcrops(tmp_path / "crops", BreizhCropsOptions(parcels=30, regions=("frh01",)))
    folder = imported(tmp_path / "crops", tmp_path / "run")
    with (folder / "series.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    parcels = [parcel for parcel in made if parcel.label]
    assert len(rows) == len(parcels)
    for parcel in parcels:
        row = rows[f"frh01/{parcel.name}"]
        assert row["class"] == parcel.label
        assert int(row["clear_dates"]) == max(int(parcel.clear.sum()), 2)
        if parcel.clear.sum() > 1:
            clear = parcel.dates[parcel.clear]
            assert (row["first"], row["last"]) == (str(clear[0]), str(clear[-1]))


def test_the_record_names_the_files_read_and_the_notes(tmp_path: Path) -> None:
    write_breizhcrops(tmp_path / "crops", BreizhCropsOptions(parcels=30, regions=("frh01",)))
    params = {"table": {"name": "breizhcrops", "folder": str(tmp_path / "crops")}}
    record = run_job(Job("import_series", params, str(tmp_path / "run")))
    assert {Path(path).name for path in record.inputs} == {"classmapping.csv", "codes.csv", "frh01.csv", "frh01.h5"}
    assert any("low quality" in warning for warning in record.result["warnings"])
    assert record.result["figures"]["series"] == 27
    assert record.result["figures"]["dates"] == ["2017-01-04", "2017-12-24"]


def test_a_job_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"table\.folder: is missing"):
        run_job(Job("import_series", {"table": "breizhcrops"}, str(tmp_path)))


def test_an_export_of_earth_engine_becomes_samples_that_a_model_learns(tmp_path: Path) -> None:
    source = Path(__file__).parents[4] / "shared/data/us_s2_cdl_2021/gee_csv_fixture"
    if not source.exists():
        pytest.skip("no us_s2_cdl_2021/gee_csv_fixture beside the project")
    table = {
        "name": "earth_engine",
        "folder": str(source),
        "files": ["CAL_*.csv"],
        "class_field": "cdl_raw",
        "dates": "dekads of 2021",
    }
    imported = run_job(Job("import_series", {"table": table}, str(tmp_path / "import")))
    assert len(imported.inputs) == 37
    assert imported.result["figures"]["classes"]["77"] == 10
    series = read_series_table(tmp_path / "import" / "series.npz")
    assert set(series.sites.tolist()) == {"CAL"}
    scheme = scheme_of("Pears = 77; Grapes = 69; Rice = 3; Almonds = 75; Alfalfa = 36; rest = Other; Other = 1")
    recipe = make_recipe("weekly_linear", {"min_clear": 2}, series.dates[0].tolist())
    samples = samples_from_series(series, recipe, scheme=scheme)
    assert samples.counts()["Pears"] == 10
    assert (set(samples.sites.tolist()), set(samples.years.tolist())) == ({"CAL"}, {2021})
    path = tmp_path / "samples.gpkg"
    write_samples(path, samples, scheme=scheme.to_text())
    with sqlite3.connect(path) as database:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda _: 0)
        database.execute("UPDATE samples SET verdict = 'drop' WHERE class = 'Pears' AND fid % 2 = 0")
    params = {"sample_set": str(path), "model": {"name": "random_forest", "trees": 10}, "folds": 2}
    trained = run_job(Job("train", params, str(tmp_path / "train")))
    kept = trained.result["figures"]["samples"]
    assert kept < len(samples)
    dropped = len(samples) - kept
    assert any(f'{dropped} samples left out by the verdict "drop".' == note for note in trained.result["warnings"])
