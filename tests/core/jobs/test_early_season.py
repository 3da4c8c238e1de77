"""How early in the season: classes that differ only after a known date, told apart only after it."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from cropmap.contract.errors import JobError, RecipeError, SampleError
from cropmap.contract.job import Job
from cropmap.data.accuracy import accuracy_of
from cropmap.io.packages import read_package
from cropmap.io.samples import read_samples
from cropmap.jobs.run import run_job
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.training.fit import FitOptions, cross_validate

SIZE, STEP_M = 48, 30.0
DATES = tuple(dt.date(2023, 4, 1) + dt.timedelta(days=10 * k) for k in range(16))  # to 29 August
SWITCH = dt.date(2023, 6, 25)  # rye and oat are the same on images before it; the next image is of 30 June
LAST_SAME, FIRST_OTHER = dt.date(2023, 6, 20), dt.date(2023, 6, 30)
RECIPE = {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}
MODEL = {"name": "random_forest", "trees": 12}


@pytest.fixture(scope="module")
def land(tmp_path_factory):
    """A folder of images and a CSV of points: water is unlike the others always, rye and oat differ after SWITCH."""
    folder = tmp_path_factory.mktemp("land")
    rng = np.random.default_rng(7)
    classes = rng.integers(0, 3, (SIZE, SIZE))
    transform = Affine(STEP_M, 0, 500_000, 0, -STEP_M, 5_000_000)
    (folder / "images").mkdir()
    for number, date in enumerate(DATES):
        hidden = rng.random((SIZE, SIZE)) < 0.15
        if number in (0, len(DATES) - 1):
            hidden[:] = False
        for band in ("red", "nir"):
            values = rng.normal(0.3, 0.03, (SIZE, SIZE)) - 0.25 * (classes == 0)
            if date >= SWITCH and band == "nir":
                values += 0.3 * (classes == 2)
            values[hidden] = np.nan
            path = folder / "images" / f"{band}_{date:%Y%m%d}.tif"
            profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 1, "dtype": "float32"}
            with rasterio.open(path, "w", **profile, crs="EPSG:32634", transform=transform, nodata=np.nan) as file:
                file.write(values.astype(np.float32), 1)
    rows, cols = (axis.ravel() for axis in np.meshgrid(np.arange(1, SIZE, 3), np.arange(1, SIZE, 3), indexing="ij"))
    with (folder / "points.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "x", "y", "crop"])
        for row, col in zip(rows.tolist(), cols.tolist(), strict=True):
            x, y = 500_000 + STEP_M * (col + 0.5), 5_000_000 - STEP_M * (row + 0.5)
            writer.writerow([f"p{row}_{col}", x, y, ("water", "rye", "oat")[classes[row, col]]])
    return SimpleNamespace(folder=folder, images=str(folder / "images"), points=str(folder / "points.csv"))


def asked(land, **changed):
    params = {
        "images": {"name": "folder", "path": land.images},
        "samples": land.points,
        "samples_crs": "EPSG:32634",
        "class_field": "crop",
        "recipe": RECIPE,
        "model": MODEL,
        "folds": 3,
        "block_km": 0.3,
        "gap_m": 0.0,
        "first_cutoff": "2023-05-28",
        "every_days": 14,
    }
    return params | changed


@pytest.fixture(scope="module")
def done(land, tmp_path_factory):
    out = tmp_path_factory.mktemp("early") / "run"
    return SimpleNamespace(record=run_job(Job("early_season", asked(land), str(out))), out=out)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_curve_is_at_chance_before_the_classes_differ_and_passes_after(done):
    rows = rows_of(done.out / "early_season.csv")
    dates = sorted({row["cut_off"] for row in rows})
    assert dates == [*(str(dt.date(2023, 5, 28) + dt.timedelta(days=14 * k)) for k in range(7)), "2023-08-29"]
    for row in rows:
        seen = [date for date in DATES if str(date) <= row["cut_off"]]
        assert int(row["images"]) == len(seen)
        f1 = float(row["f1"])
        if row["class"] == "water":
            assert f1 > 0.95
        elif seen[-1] < SWITCH:
            assert 0.35 < f1 < 0.65
        elif seen[-1] > FIRST_OTHER:
            assert f1 > 0.95
        assert float(row["f1_low_95"]) <= f1 <= float(row["f1_high_95"])


def test_the_first_dates_are_those_from_which_the_curve_stays_above_the_threshold(done):
    curve = {}
    for row in rows_of(done.out / "early_season.csv"):
        curve.setdefault(row["class"], []).append((row["cut_off"], float(row["f1"])))
    told = {row["class"]: row["first_date"] for row in rows_of(done.out / "first_dates.csv")}
    for name, course in curve.items():
        stays = [date for k, (date, _) in enumerate(course) if all(f1 >= 0.8 for _, f1 in course[k:])]
        assert told[name] == stays[0]
    assert told["water"] == "2023-05-28"
    # The cut-off of 25 June saw the image of 20 June last, that of 9 July those of 30 June and after.
    assert told["rye"] in ("2023-07-09", "2023-07-23")
    assert done.record.result["figures"]["first_dates"] == told


def test_a_cut_off_right_before_the_change_sees_nothing_of_it_where_a_cut_series_does(land, tmp_path):
    """At 28 June the next image, of 30 June, tells the classes apart; interpolation between the two leaks it."""
    cut = dt.date(2023, 6, 28)
    record = run_job(Job("early_season", asked(land, first_cutoff=str(cut), every_days=100), str(tmp_path / "honest")))
    honest = {row["class"]: float(row["f1"]) for row in rows_of(tmp_path / "honest" / "early_season.csv")[:3]}
    whole = asked(land, recipe={**RECIPE, "step_days": 4})
    for name in ("model", "first_cutoff", "every_days"):
        whole.pop(name)
    run_job(Job("sample", whole, str(tmp_path / "sampled")))
    samples = read_samples(tmp_path / "sampled" / "samples.gpkg")
    steps = samples.days <= (cut - samples.recipe.season.start).days
    leaky = type(samples)(**{**vars(samples), "values": samples.values[:, steps], "days": samples.days[steps]})
    plan = fold_samples(leaky, FoldOptions(3, 300.0, samples.crs, gap_m=0.0), np.random.default_rng(0))
    judged = cross_validate(leaky, plan, "random_forest", {"trees": 12}, FitOptions(0, threads=1))
    found = dict(
        zip(samples.legend.names, accuracy_of(leaky.codes, judged.codes, judged.legend).f1.tolist(), strict=True)
    )
    for name in ("rye", "oat"):
        assert honest[name] < 0.65
        assert found[name] > 0.85
    assert record.result["figures"]["cut_offs"] == 2


def test_a_map_with_a_cut_off_package_uses_no_later_image(land, done, tmp_path):
    package = done.out / "cutoff_2023-06-25.cropmap"
    assert read_package(package).record["cut_off"] == "2023-06-25"
    assert read_package(package).recipe.season.end == dt.date(2023, 6, 25)
    early = tmp_path / "early"
    early.mkdir()
    for date in (date for date in DATES if date <= dt.date(2023, 6, 25)):
        for band in ("red", "nir"):
            shutil.copy(f"{land.images}/{band}_{date:%Y%m%d}.tif", early)
    maps = []
    for name, images in (("all", land.images), ("early", str(early))):
        params = {"images": {"name": "folder", "path": images}, "package": str(package), "threads": 1}
        run_job(Job("map", params, str(tmp_path / name)))
        with rasterio.open(tmp_path / name / "class_map.tif") as file:
            maps.append(file.read(1))
    np.testing.assert_array_equal(*maps)
    assert (maps[0] != 255).mean() > 0.9


def test_the_page_and_the_figures_tell_what_was_done(done):
    page = (done.out / "report.html").read_text(encoding="utf-8")
    assert "How early in the season" in page
    assert "9 July 2023" in page or "23 July 2023" in page
    assert "<script" not in page
    figures = done.record.result["figures"]
    assert figures["cut_offs"] == 8
    assert figures["samples"] <= 256
    assert len(list(done.out.glob("cutoff_*.cropmap"))) == 8


def test_cut_offs_too_short_for_the_recipe_are_left_out_with_the_reason(land, tmp_path):
    params = asked(land, recipe="linear_monthly", first_cutoff="2023-04-13", every_days=60)
    stale = tmp_path / "run" / "cutoff_2023-04-13.cropmap"  # of an interrupted run with other labels
    stale.parent.mkdir()
    stale.touch()
    record = run_job(Job("early_season", params, str(tmp_path / "run")))
    assert not stale.exists()
    left_out = record.result["figures"]["left_out"]
    assert list(left_out) == ["2023-04-13"]
    assert "holds no 15th" in left_out["2023-04-13"]
    assert any("2023-04-13 is left out" in warning for warning in record.result["warnings"])


def test_parcels_and_tables_are_cut_off_too(land, tmp_path):
    params = asked(land, unit="parcels", first_cutoff="2023-06-25", every_days=100)
    run_job(Job("early_season", params, str(tmp_path / "parcels")))
    points = run_job(Job("early_season", params | {"unit": "pixels"}, str(tmp_path / "points")))
    # Points have no parcel: each stands for its pixel, and the curves are the same.
    curves = [(tmp_path / name / "early_season.csv").read_bytes() for name in ("parcels", "points")]
    assert curves[0] == curves[1]
    assert points.result["figures"]["cut_offs"] == 2

    table = tmp_path / "table.npz"
    rng = np.random.default_rng(1)
    label = np.arange(90) % 2
    values = rng.normal(0.3, 0.03, (90, len(DATES), 2)).astype(np.float32)
    late = np.array([date >= SWITCH for date in DATES])
    values[:, :, 0] += 0.3 * label[:, None] * late
    days = np.array([(date - dt.date(1970, 1, 1)).days for date in DATES])
    lon, lat = 21 + rng.uniform(0, 0.02, 90), 45 + rng.uniform(0, 0.02, 90)
    np.savez(
        table,
        X=values,
        dates_days_since_epoch=days,
        label=np.array(["rye", "oat"])[label],
        lon=lon,
        lat=lat,
        bands=np.array(["red", "nir"]),
    )
    params |= {"samples": str(table), "unit": "pixels", "class_field": "", "samples_crs": "", "every_days": 20}
    run_job(Job("early_season", params, str(tmp_path / "table")))
    rows = rows_of(tmp_path / "table" / "early_season.csv")
    assert all(float(row["f1"]) < 0.75 for row in rows if row["cut_off"] == "2023-06-25")
    assert all(float(row["f1"]) > 0.95 for row in rows if row["cut_off"] > "2023-07-10")


def test_what_cannot_be_judged_is_refused(land, tmp_path):
    # Before the labels are looked at, which are missing, and the images are read.
    params = asked(land, first_cutoff="2024-01-01", samples=str(tmp_path / "none.csv"))
    with pytest.raises(RecipeError, match="does not lie inside the season"):
        run_job(Job("early_season", params, str(tmp_path / "late")))
    strict = {"name": "weekly_linear", "min_clear": 12, "max_gap_days": 0}
    params = asked(land, recipe=strict, first_cutoff="2023-06-01", every_days=365)
    with pytest.raises(SampleError, match=r"No cut-off before.*2023-06-01"):
        run_job(Job("early_season", params, str(tmp_path / "few")))


def test_a_prepared_cube_is_refused(land, tmp_path):
    images = {"name": "folder", "path": land.images}
    run_job(Job("prepare", {"images": images, "recipe": RECIPE}, str(tmp_path / "cube")))
    cube = {"name": "prepared", "path": str(tmp_path / "cube" / "cube.tif")}
    with pytest.raises(JobError, match="the images themselves"):
        run_job(Job("early_season", asked(land, images=cube), str(tmp_path / "run")))
