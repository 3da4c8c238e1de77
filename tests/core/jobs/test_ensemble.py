"""The job that joins models: what it writes, what maps are made of it, and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from cropmap.__main__ import main
from cropmap.contract.errors import PackageError, ParameterError, SourceError, TransferError
from cropmap.contract.job import Job
from cropmap.data.applicability import Applicability
from cropmap.io.packages import read_package, write_package
from cropmap.io.vectors import read_labels
from cropmap.jobs.images import recipe_for
from cropmap.jobs.run import run_job
from cropmap.jobs.train import evidence
from cropmap.models.predictor import Predictor
from cropmap.sampling.extract import extract
from cropmap.sampling.place import place
from cropmap.sources import SOURCES
from cropmap.training.fit import FitOptions, fit

if TYPE_CHECKING:
    from cropmap.data.run import RunRecord
    from cropmap.data.samples import SampleSet
    from cropmap.testing.synthetic import SyntheticSite


@pytest.fixture(scope="module")
def samples(site: SyntheticSite) -> SampleSet:
    entry = SOURCES.get("folder")
    series = entry.make(entry.parse({"path": str(site.images), "masks": ["QA_PIXEL"]}))
    recipe = recipe_for({"name": "weekly_linear", "step_days": 28, "min_clear": 3, "max_gap_days": 0}, series)
    return extract(series, place(read_labels(site.points), series.grid), recipe)[0]


@pytest.fixture(scope="module")
def models(samples: SampleSet, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A forest, a network, and a second forest in another folder under the first one's name."""
    folder = tmp_path_factory.mktemp("models")
    network = {"width": 8, "dense": 16, "epochs": 2, "batch_size": 32}
    asked = (
        ("north/model.cropmap", "random_forest", {"trees": 10}, 1),
        ("south.cropmap", "tempcnn", network, 2),
        ("west/model.cropmap", "random_forest", {"trees": 5}, 3),
    )
    for name, model, values, seed in asked:
        package = fit(samples, model, values, FitOptions(seed=seed, threads=1, device="cpu"))
        (folder / name).parent.mkdir(exist_ok=True)
        write_package(folder / name, dataclasses.replace(package, record={**package.record, **evidence(samples)}))
    return [str(folder / name) for name, *_ in asked]


def joined(out: Path, packages: list[str]) -> RunRecord:
    return run_job(Job("ensemble", {"packages": packages}, str(out)))


def test_one_package_answers_the_mean_and_its_record_names_the_members(
    models: list[str], samples: SampleSet, tmp_path: Path
) -> None:
    record = joined(tmp_path / "run", models)
    found = read_package(Path(record.result["outputs"]["package"]))
    each = [Predictor(read_package(Path(path))).probabilities(samples.values) for path in models]
    np.testing.assert_allclose(Predictor(found).probabilities(samples.values), np.mean(each, axis=0), atol=1e-6)
    assert [own["name"] for own in found.record["members"]] == ["north/model", "south", "west/model"]
    assert [own["model"] for own in found.record["members"]] == ["random_forest", "tempcnn", "random_forest"]
    assert record.result["figures"] == {"members": 3, "classes": found.record["samples"]}
    assert set(record.inputs) == set(models)
    again = joined(tmp_path / "again", models)
    one, other = (Path(own.result["outputs"]["package"]).read_bytes() for own in (record, again))
    assert one == other


def test_maps_are_made_of_it_and_images_in_other_units_are_refused(
    models: list[str], images: dict[str, Any], tmp_path: Path
) -> None:
    package = joined(tmp_path / "run", models[:2]).result["outputs"]["package"]
    made = run_job(Job("map", {"images": images, "package": package, "block": 32}, str(tmp_path / "map")))
    with rasterio.open(made.result["outputs"]["class_map"]) as crops:
        assert (crops.read(1) < 255).mean() > 0.9
    assert sum(made.result["figures"]["mapped_pixels"].values()) > 0
    scaled = {**images, "scale": 1.0}
    with pytest.raises(SourceError, match="The model was trained on"):
        run_job(Job("map", {"images": scaled, "package": package}, str(tmp_path / "other")))


def test_it_is_a_command(models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensemble", "--packages", models[0], models[2], "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "model.cropmap").is_file()
    assert main(["ensemble", "--packages", models[0], "--out", str(tmp_path / "one")]) == 2
    assert "Name two packages or more." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ((0,), "names 1 package, which cannot judge together. Name two packages or more"),
        ((0, 1, 0), "model.cropmap more than once. Name each package once"),
        ((0, "gone.cropmap", "lost.cropmap"), "gone.cropmap, .*lost.cropmap, where there is no file. Name packages"),
    ],
)
def test_what_is_no_list_of_packages_is_refused_before_any_is_read(
    models: list[str], tmp_path: Path, which: tuple[Any, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cropmap.jobs.ensemble.read_package", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(ParameterError, match=words):
        joined(tmp_path / "run", [models[own] if isinstance(own, int) else str(tmp_path / own) for own in which])


def test_packages_that_do_not_fit_together_are_named(models: list[str], tmp_path: Path) -> None:
    own = read_package(Path(models[1]))
    write_package(tmp_path / "other.cropmap", dataclasses.replace(own, bands=("x", *own.bands[1:])))
    with pytest.raises(TransferError, match=r"other is of series .* those of model: its bands are .*with one recipe"):
        joined(tmp_path / "a", [models[0], str(tmp_path / "other.cropmap")])
    whole = joined(tmp_path / "b", models[:2]).result["outputs"]["package"]
    with pytest.raises(TransferError, match=r"b/model is an ensemble itself.*packages of its members"):
        joined(tmp_path / "c", [models[0], whole])
    (tmp_path / "text.cropmap").write_text("no package", encoding="utf-8")
    with pytest.raises(PackageError, match=r"text\.cropmap"):
        joined(tmp_path / "d", [models[0], str(tmp_path / "text.cropmap")])


def test_an_area_of_applicability_that_is_lost_is_told(models: list[str], tmp_path: Path) -> None:
    own = read_package(Path(models[0]))
    one = np.ones(len(own.days) * len(own.bands), np.float32)
    area = Applicability("inputs", one, one, one[None], 1.0, 1.0, 0.0)
    write_package(tmp_path / "area.cropmap", dataclasses.replace(own, applicability=area))
    told = joined(tmp_path / "run", [models[1], str(tmp_path / "area.cropmap")]).result["warnings"]
    assert told == ["An ensemble has no area of applicability: what area tells of its own is not kept."]
