"""The job that measures a shift, on simulated sites."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError, TransferError
from cropmap.contract.job import Job
from cropmap.io.packages import write_package
from cropmap.io.samples import read_samples, write_samples
from cropmap.io.vectors import read_labels
from cropmap.jobs.images import recipe_for
from cropmap.jobs.run import run_job
from cropmap.sampling.extract import extract
from cropmap.sampling.place import place
from cropmap.sampling.unlabelled import UNLABELLED
from cropmap.sources import SOURCES
from cropmap.testing.series import draw_series
from cropmap.testing.synthetic import SyntheticOptions
from cropmap.training.fit import fit

if TYPE_CHECKING:
    from cropmap.testing.synthetic import SyntheticSite

SOURCE = {"Corn": 90, "Soybean": 90, "Winter wheat": 60}


def options(seed: int, **knobs: Any) -> SyntheticOptions:
    return SyntheticOptions(seed=seed, size=512, **knobs)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A source, its model, the same belt again, and a site whose season is three weeks later."""
    folder = tmp_path_factory.mktemp("files")
    source = draw_series(SOURCE, options(1))
    write_samples(folder / "source.gpkg", source)
    write_package(folder / "source.cropmap", fit(source, "random_forest", {"trees": 20}))
    write_samples(folder / "alike.gpkg", draw_series(SOURCE, options(2)))
    write_samples(folder / "late.gpkg", draw_series(SOURCE, options(3, season_shift_days=21)))
    return {path.name: path for path in folder.iterdir()}


def measured(files: dict[str, Path], out: Path, target: str, **changed: Any) -> Any:
    params = {
        "sample_set": str(files["source.gpkg"]),
        "package": str(files["source.cropmap"]),
        "target_samples": str(files[target]),
    }
    return run_job(Job("shift", params | changed, str(out)))


def test_the_days_by_which_a_site_was_made_later_are_found(files: dict[str, Path], tmp_path: Path) -> None:
    alike, late = (measured(files, tmp_path / name, name) for name in ("alike.gpkg", "late.gpkg"))
    assert abs(alike.result["figures"]["lag_days"]) < 4
    assert late.result["figures"]["lag_days"] == pytest.approx(21, abs=3)
    assert alike.result["figures"]["auc"] < late.result["figures"]["auc"]
    assert (alike.result["figures"]["verdict"], late.result["figures"]["verdict"]) == ("low", "medium")
    assert late.result["figures"]["pixels"] == sum(SOURCE.values())
    assert late.result["figures"]["reasons"]
    assert late.result["figures"]["advice"][0]["strategy"]


def test_strategies_that_take_longer_than_they_may_are_not_advised(files: dict[str, Path], tmp_path: Path) -> None:
    whole = measured(files, tmp_path / "whole", "late.gpkg").result["figures"]["advice"]
    limit = sorted(own["seconds"] for own in whole)[len(whole) // 2]
    short = measured(files, tmp_path / "short", "late.gpkg", minutes=limit / 60).result["figures"]["advice"]
    assert max(own["seconds"] for own in whole) > limit
    assert short
    assert all(own["seconds"] <= limit * 1.001 for own in short)


def test_report_and_tables_are_written(files: dict[str, Path], tmp_path: Path) -> None:
    found = measured(files, tmp_path / "run", "late.gpkg").result
    page = Path(found["outputs"]["report"]).read_text(encoding="utf-8")
    assert Path(found["outputs"]["report"]).name == "shift.html"
    assert "Shift from corn_belt 1 to corn_belt 3" in page
    with Path(found["outputs"]["shift_measures"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["value"] == found["figures"]["verdict"]


def test_labels_of_the_target_are_neither_read_nor_handed_on(files: dict[str, Path], tmp_path: Path) -> None:
    late = read_samples(files["late.gpkg"])
    poisoned = dataclasses.replace(late, codes=np.full(len(late), late.codes[0], np.uint8))
    write_samples(tmp_path / "poisoned.gpkg", poisoned)
    first = measured(files, tmp_path / "a", "late.gpkg")
    other = measured(files, tmp_path / "b", "late.gpkg", target_samples=str(tmp_path / "poisoned.gpkg"))
    assert first.result["figures"] == other.result["figures"]
    handed = read_samples(other.result["outputs"]["target_series"])
    assert handed.legend == UNLABELLED
    np.testing.assert_array_equal(handed.values, late.values)


def test_series_are_drawn_from_images_as_the_sample_job_would_make_them(
    site: SyntheticSite, images: dict[str, Any], tmp_path: Path
) -> None:
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": str(site.images), "masks": ["QA_PIXEL"]}))
    recipe = recipe_for({"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}, series)
    samples, _ = extract(series, place(read_labels(site.points), series.grid), recipe)
    write_samples(tmp_path / "source.gpkg", samples)
    asked = {"sample_set": str(tmp_path / "source.gpkg"), "images": images, "pixels": 300}
    found = run_job(Job("shift", asked, str(tmp_path / "run"))).result
    drawn = read_samples(found["outputs"]["target_series"])
    assert found["figures"]["pixels"] == len(drawn) > 250
    assert drawn.bands == samples.bands
    np.testing.assert_array_equal(drawn.days, samples.days)
    # Of one site's own pixels nothing is far.
    assert found["figures"]["verdict"] == "low"
    rows = np.floor((series.grid.north - drawn.y) / series.grid.pixel_height).astype(np.int64)
    cols = np.floor((drawn.x - series.grid.west) / series.grid.pixel_width).astype(np.int64)
    assert len({*zip(rows.tolist(), cols.tolist(), strict=True)}) == len(drawn)
    again = run_job(Job("shift", asked | {"pixels": 100}, str(tmp_path / "fewer"))).result
    fewer = read_samples(again["outputs"]["target_series"])
    assert set(fewer.ids.tolist()) <= set(drawn.ids.tolist())


def test_what_cannot_be_compared_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="Nothing of the target"):
        measured(files, tmp_path / "a", "late.gpkg", target_samples="")
    with pytest.raises(ParameterError, match="sample_set"):
        measured(files, tmp_path / "b", "late.gpkg", sample_set="")
    short = read_samples(files["late.gpkg"])
    write_samples(tmp_path / "short.gpkg", dataclasses.replace(short, values=short.values[:, 1:], days=short.days[1:]))
    with pytest.raises(TransferError, match=r"not prepared like the source: they have 1\d time steps on the days"):
        measured(files, tmp_path / "c", "late.gpkg", target_samples=str(tmp_path / "short.gpkg"))
    percent = dataclasses.replace(short, values=short.values * np.float32(100))
    write_samples(tmp_path / "percent.gpkg", percent)
    with pytest.raises(TransferError, match=r"of other units: The source holds blue of"):
        measured(files, tmp_path / "e", "late.gpkg", target_samples=str(tmp_path / "percent.gpkg"))
    bands = tuple(band if band != "red" else "rouge" for band in short.bands)
    write_samples(tmp_path / "bands.gpkg", dataclasses.replace(short, bands=bands))
    with pytest.raises(TransferError, match="the band red is missing"):
        measured(files, tmp_path / "d", "late.gpkg", target_samples=str(tmp_path / "bands.gpkg"))


def test_bands_in_another_order_are_put_right(files: dict[str, Path], tmp_path: Path) -> None:
    late = read_samples(files["late.gpkg"])
    turned = dataclasses.replace(late, values=late.values[:, :, ::-1].copy(), bands=late.bands[::-1])
    write_samples(tmp_path / "turned.gpkg", turned)
    first = measured(files, tmp_path / "a", "late.gpkg")
    other = measured(files, tmp_path / "b", "late.gpkg", target_samples=str(tmp_path / "turned.gpkg"))
    assert first.result["figures"] == other.result["figures"]
