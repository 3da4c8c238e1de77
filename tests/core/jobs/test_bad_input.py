"""What users do wrong gets a clear answer before the work starts, and leaves no result behind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rasterio

from cropmap.contract.errors import CropMapError, OutputError, PackageError, ParameterError, SampleError, SourceError
from cropmap.contract.job import Job
from cropmap.io.vectors import read_labels
from cropmap.jobs.run import run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.testing.synthetic import SyntheticSite


def refused(job: Job, kind: type[CropMapError]) -> CropMapError:
    """Run a job that must be refused; no map and no record may come of it."""
    with pytest.raises(kind) as caught:
        run_job(job)
    assert caught.value.fix or isinstance(caught.value, ParameterError)
    assert not (Path(job.out) / "run.json").exists()
    assert not (Path(job.out) / "class_map.tif").exists()
    return caught.value


@pytest.fixture
def copied(tmp_path: Path, site: SyntheticSite) -> Path:
    shutil.copytree(site.images, tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def rows(site: SyntheticSite) -> list[dict[str, str]]:
    with site.points_csv.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(path: Path, rows: list[dict[str, str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_wrong_parameters_are_told_all_at_once(tmp_path: Path, road: Callable[..., Job]) -> None:
    job = road(tmp_path / "run", folds=1, model={"name": "oracle"}, images={"name": "folder"}, strange=1)
    error = refused(job, ParameterError)
    assert isinstance(error, ParameterError)
    assert {problem.parameter for problem in error.problems} == {"folds", "model", "images.path", "strange"}
    assert not (tmp_path / "run").exists()


def test_a_folder_without_images(tmp_path: Path, road: Callable[..., Job]) -> None:
    (tmp_path / "empty").mkdir()
    refused(road(tmp_path / "run", images={"name": "folder", "path": str(tmp_path / "empty")}), SourceError)


def test_images_without_dates(tmp_path: Path, road: Callable[..., Job], copied: Path) -> None:
    for number, path in enumerate(sorted(copied.glob("*.tif"))):
        path.rename(copied / f"picture{'abcdefghij'[number % 10]}{'abcdefghijklmnopqrstuvwxyz'[number // 10]}.tif")
    error = refused(road(tmp_path / "run", images={"name": "folder", "path": str(copied)}), SourceError)
    assert "{date" in str(error)


def test_a_truncated_file_is_named(
    tmp_path: Path, road: Callable[..., Job], images: dict[str, Any], copied: Path
) -> None:
    broken = sorted(copied.glob("*SR_B4.tif"))[2]
    os.truncate(broken, broken.stat().st_size // 2)
    assert broken.name in str(refused(road(tmp_path / "run", images=images | {"path": str(copied)}), SourceError))


def test_a_band_missing_on_a_date_is_named(
    tmp_path: Path, road: Callable[..., Job], images: dict[str, Any], copied: Path
) -> None:
    sorted(copied.glob("*SR_B4.tif"))[2].unlink()
    assert "SR_B4" in str(refused(road(tmp_path / "run", images=images | {"path": str(copied)}), SourceError))


def test_two_grids_are_refused_with_the_difference_and_warped_on_request(
    tmp_path: Path, road: Callable[..., Job], images: dict[str, Any], copied: Path
) -> None:
    for path in sorted(copied.glob("*"))[:7]:
        with rasterio.open(path, "r+") as raster:
            raster.transform = raster.transform @ rasterio.Affine.translation(0.5, 0)
    error = refused(road(tmp_path / "run", images=images | {"path": str(copied)}), CropMapError)
    assert "upper left corner" in str(error)
    run_job(road(tmp_path / "warped", images=images | {"path": str(copied), "warp": True}))


def test_samples_outside_the_images(tmp_path: Path, road: Callable[..., Job], rows: list[dict[str, str]]) -> None:
    for row in rows:
        row["lon"] = str(float(row["lon"]) + 20)
    error = refused(road(tmp_path / "run", samples=written(tmp_path / "far.csv", rows)), SampleError)
    assert "images" in error.where


def test_samples_in_another_crs_are_reprojected(tmp_path: Path, road: Callable[..., Job], site: SyntheticSite) -> None:
    csv_run = run_job(road(tmp_path / "csv", samples=str(site.points_csv)))
    gpkg_run = run_job(road(tmp_path / "gpkg"))
    assert read_labels(site.points).crs != ""
    assert csv_run.result["figures"] == gpkg_run.result["figures"]


def test_a_class_with_one_sample(tmp_path: Path, road: Callable[..., Job], rows: list[dict[str, str]]) -> None:
    rows[0]["class"] = "Hops"
    error = refused(road(tmp_path / "run", samples=written(tmp_path / "hops.csv", rows)), SampleError)
    assert "Hops" in str(error)


def test_class_names_with_accents_and_blanks_stay_and_empty_ones_are_told(
    tmp_path: Path, road: Callable[..., Job], rows: list[dict[str, str]]
) -> None:
    rows = [
        row | {"class": {"Corn": "Кукуруз žut", "Soybean": "  Soja  "}.get(row["class"], row["class"])} for row in rows
    ]
    rows[0]["class"] = ""
    record = run_job(road(tmp_path / "run", samples=written(tmp_path / "names.csv", rows)))
    assert {"Кукуруз žut", "Soja"} <= set(record.result["figures"]["mapped_pixels"])
    assert "1 of 200 features has no class" in " ".join(record.result["warnings"])


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, site: SyntheticSite) -> Path:
    folder = tmp_path_factory.mktemp("package")
    images = {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]}
    recipe = {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}
    sampled = run_job(
        Job("sample", {"images": images, "samples": str(site.points), "recipe": recipe}, str(folder / "s"))
    )
    params = {
        "sample_set": sampled.result["outputs"]["samples"],
        "model": {"name": "random_forest", "trees": 5},
        "cross_validate": False,
    }
    return Path(run_job(Job("train", params, str(folder / "t"))).result["outputs"]["package"])


def test_a_package_of_another_band_set(tmp_path: Path, images: dict[str, Any], package: Path) -> None:
    params = {"images": images | {"bands": ["SR_B4", "SR_B5"]}, "package": str(package)}
    assert "SR_B2" in str(refused(Job("map", params, str(tmp_path / "run")), PackageError))


def test_a_package_for_another_season(tmp_path: Path, images: dict[str, Any], package: Path) -> None:
    params = {"images": images, "package": str(package), "season_start": "2019-03-01"}
    assert "2019" in str(refused(Job("map", params, str(tmp_path / "run")), CropMapError))


def test_a_package_of_a_newer_version(tmp_path: Path, images: dict[str, Any], package: Path) -> None:
    newer = rewritten(package, tmp_path / "newer.cropmap", "cropmap_package", 99)
    refused(Job("map", {"images": images, "package": str(newer)}, str(tmp_path / "run")), PackageError)


def test_a_package_with_a_path_outside_itself(tmp_path: Path, images: dict[str, Any], package: Path) -> None:
    import zipfile

    evil = tmp_path / "evil.cropmap"
    shutil.copy(package, evil)
    with zipfile.ZipFile(evil, "a") as archive:
        archive.writestr("../outside.txt", "x")
    error = refused(Job("map", {"images": images, "package": str(evil)}, str(tmp_path / "run")), PackageError)
    assert "outside" in str(error)
    assert not (tmp_path / "outside.txt").exists()


def rewritten(package: Path, target: Path, key: str, value: object) -> Path:
    """Copy a package with one key of its manifest changed."""
    import zipfile

    with zipfile.ZipFile(package) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | {key: value}).encode()
            copy.writestr(name, content)
    return target


def test_images_in_other_units_than_the_models_samples(tmp_path: Path, images: dict[str, Any], package: Path) -> None:
    params = {"images": images | {"scale": 1.0}, "package": str(package)}
    error = refused(Job("map", params, str(tmp_path / "run")), SourceError)
    assert "trained on" in error.what
    assert "scale" in error.fix


def test_images_without_the_mask_that_the_model_was_trained_with_are_told(
    tmp_path: Path, images: dict[str, Any], package: Path
) -> None:
    params = {"images": images | {"masks": ["none"]}, "package": str(package)}
    unmasked = run_job(Job("map", params, str(tmp_path / "unmasked"))).result
    masked = run_job(Job("map", params | {"images": images}, str(tmp_path / "masked"))).result
    assert any("cloud mask" in warning for warning in unmasked["warnings"])
    assert not any("cloud mask" in warning for warning in masked["warnings"])


def test_a_mistake_can_be_mended_in_the_same_folder(tmp_path: Path, road: Callable[..., Job]) -> None:
    refused(road(tmp_path / "run", samples=str(tmp_path / "nowhere.gpkg")), CropMapError)
    run_job(road(tmp_path / "run"))


def test_a_damaged_job_file_in_the_folder_is_no_crash(tmp_path: Path, road: Callable[..., Job]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "job.json").write_text("{bad", encoding="utf-8")
    (tmp_path / "run" / "samples.gpkg").write_text("", encoding="utf-8")
    refused(road(tmp_path / "run"), OutputError)


def test_an_impossible_network_is_refused_before_the_sampling(tmp_path: Path, road: Callable[..., Job]) -> None:
    refused(road(tmp_path / "run", model={"name": "transformer", "width": 33}), CropMapError)
    assert not (tmp_path / "run" / "samples.gpkg").exists()


def test_an_output_folder_that_is_not_writable(tmp_path: Path, road: Callable[..., Job]) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    refused(road(tmp_path / "file" / "run"), OutputError)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a job file"),
        ('{"cropmap_job": 9, "kind": "demo"}', "format 9"),
        ('{"cropmap_job": 1, "kind": "fly"}', "There is no 'fly'"),
        ('{"cropmap_job": 1, "kind": "demo", "params": {"size": "big"}}', "size"),
    ],
)
def test_a_wrong_job_file_ends_with_2_and_says_why(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "job.json").write_text(content, encoding="utf-8")
    command = [sys.executable, "-m", "cropmap", "run", str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
