"""The train job: what it writes, in which order, and what a cancelled one leaves."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cropmap.contract.errors import OutputError, ParameterError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.io.packages import read_package
from cropmap.io.samples import read_sample_file
from cropmap.jobs.run import run_job
from cropmap.jobs.train import calibration_of
from cropmap.models.predictor import Predictor
from cropmap.training.fit import OutOfFold

if TYPE_CHECKING:
    from cropmap.data.run import RunRecord
    from cropmap.testing.synthetic import SyntheticSite

NETWORK = {"name": "transformer", "width": 16, "heads": 2, "feed_forward": 16, "epochs": 2}
FOREST = {"name": "random_forest", "trees": 10}


@pytest.fixture(scope="module")
def sample_set(tmp_path_factory: pytest.TempPathFactory, site: SyntheticSite) -> str:
    images = {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]}
    recipe = {"name": "weekly_linear", "step_days": 28, "min_clear": 3, "max_gap_days": 0}
    job = Job("sample", {"images": images, "samples": str(site.points), "recipe": recipe, "folds": 3})
    folder = tmp_path_factory.mktemp("sampled") / "run"
    return str(run_job(Job(job.kind, job.params, str(folder))).result["outputs"]["samples"])


def job(sample_set: str, out: Path, **changed: Any) -> Job:
    params = {"sample_set": sample_set, "model": NETWORK, "folds": 3, "device": "cpu"}
    return Job("train", params | changed, str(out))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, sample_set: str) -> RunRecord:
    return run_job(job(sample_set, tmp_path_factory.mktemp("trained") / "run", importance=True))


def rows_of(record: RunRecord, name: str) -> list[dict[str, str]]:
    with Path(record.result["outputs"][name]).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report without its pictures, which take longer than the rest of a small job."""

    def write(path: Path, _report: object) -> None:
        path.write_text("", encoding="utf-8")

    monkeypatch.setattr("cropmap.jobs.train.write_report", write)


def stopped(asked: Job, message: str) -> list[str]:
    """Run a job, cancel it at the first message that begins so, and return its warnings."""
    seen: list[str] = []
    told: list[str] = []
    progress = Progress(
        lambda _fraction, text: seen.append(text),
        cancelled=lambda: any(text.startswith(message) for text in seen),
        warn=told.append,
    )
    with pytest.raises(Cancelled):
        run_job(asked, progress=progress)
    return told


def test_a_network_leaves_every_table_and_no_checkpoint(trained: RunRecord) -> None:
    folder = Path(trained.result["run_folder"])
    tables = {"accuracy", "confusion", "folds", "split", "profiles", "curves", "calibration", "importance"}
    assert set(trained.result["outputs"]) == {"package", "report"} | tables
    assert {path.name for path in folder.iterdir()} == {
        "job.json",
        "run.json",
        "model.cropmap",
        "report.html",
        *(f"{name}.csv" for name in tables),
    }


def test_the_area_of_applicability_is_kept_where_it_is_asked_for(
    sample_set: str, tmp_path: Path, undrawn: None
) -> None:
    del undrawn
    found = run_job(job(sample_set, tmp_path / "run", model=FOREST, applicability=True, cross_validate=False))
    package = read_package(Path(found.result["outputs"]["package"]))
    assert package.applicability is not None
    samples = read_sample_file(Path(sample_set)).samples
    outside = Predictor(package).outside(samples.values)
    assert (outside > 100).mean() < 0.1
    assert (Predictor(package).outside(samples.values + 1) > 100).all()


def test_the_curves_are_those_of_the_model_and_of_each_fold(trained: RunRecord) -> None:
    rows = rows_of(trained, "curves")
    assert [(row["curve"], row["epoch"]) for row in rows] == [
        (name, epoch) for name in ("Model", "Fold 1", "Fold 2", "Fold 3") for epoch in ("1", "2")
    ]
    package = read_package(Path(trained.result["outputs"]["package"]))
    assert float(rows[1]["validation_loss"]) == package.record["epochs"][1]["validation_loss"]


def test_the_package_carries_the_temperature_and_the_figures(trained: RunRecord) -> None:
    package = read_package(Path(trained.result["outputs"]["package"]))
    tempered = [row for row in rows_of(trained, "calibration") if row["probabilities"] == "tempered"]
    assert package.temperature == float(tempered[0]["temperature"]) != 1
    figures = trained.result["figures"]
    found = package.record["cross_validation"]
    assert {name: found[name] for name in ("overall_accuracy", "macro_f1", "kappa")} == {
        name: figures[name] for name in ("overall_accuracy", "macro_f1", "kappa")
    }


def test_the_split_table_agrees_with_the_accuracy(trained: RunRecord, sample_set: str) -> None:
    rows = rows_of(trained, "split")
    held = read_sample_file(Path(sample_set))
    assert [row["id"] for row in rows] == held.samples.ids.tolist()
    right = np.mean([row["class"] == row["predicted"] for row in rows])
    assert right == pytest.approx(trained.result["figures"]["overall_accuracy"])
    by_fold = {row["fold"]: float(row["overall accuracy"]) for row in rows_of(trained, "folds")[:3]}
    for fold, accuracy in by_fold.items():
        own = [row["class"] == row["predicted"] for row in rows if row["fold"] == fold]
        assert np.mean(own) == pytest.approx(accuracy)


def test_importance_has_a_row_for_each_band_each_date_and_each_pair(trained: RunRecord) -> None:
    package = read_package(Path(trained.result["outputs"]["package"]))
    bands, steps = len(package.bands), len(package.days)
    assert len(rows_of(trained, "importance")) == bands + steps + bands * steps


def test_the_report_of_a_network_shows_all_of_it(trained: RunRecord) -> None:
    text = Path(trained.result["outputs"]["report"]).read_text(encoding="utf-8")
    for title in ("The model", "How it learnt", "Whether its confidence", "Which bands and dates", "Training samples"):
        assert f"<h2>{title}" in text


def test_a_forest_has_no_curves_and_without_cross_validation_nothing_is_measured(
    tmp_path: Path, sample_set: str
) -> None:
    record = run_job(job(sample_set, tmp_path / "run", model=FOREST, cross_validate=False))
    assert set(record.result["outputs"]) == {"package", "report", "split", "profiles"}
    text = Path(record.result["outputs"]["report"]).read_text(encoding="utf-8")
    assert "<h2>The model" in text
    for title in ("How it learnt", "Whether its confidence", "Which bands and dates", "Accuracy"):
        assert f"<h2>{title}" not in text
    assert read_package(Path(record.result["outputs"]["package"])).temperature == 1


@pytest.mark.usefixtures("undrawn")
def test_tempering_is_switched_off_by_a_parameter_and_leaves_the_classes_as_they_are(
    tmp_path: Path, sample_set: str
) -> None:
    outputs = [
        run_job(job(sample_set, tmp_path / str(on), model=NETWORK, calibrate=on)).result["outputs"]
        for on in (False, True)
    ]
    assert ["calibration" in found for found in outputs] == [False, True]
    plain, tempered = (read_package(Path(found["package"])) for found in outputs)
    assert plain.temperature == 1 != tempered.temperature
    values = read_sample_file(Path(sample_set)).samples.values
    assert Predictor(plain).codes(values).tobytes() == Predictor(tempered).codes(values).tobytes()


def test_importance_without_cross_validation_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Switch cross_validate on"):
        run_job(job(str(tmp_path / "none.gpkg"), tmp_path / "run", importance=True, cross_validate=False))


@pytest.mark.usefixtures("undrawn")
def test_whoever_cancels_the_training_keeps_the_best_so_far_and_goes_on_with_the_same_result(
    tmp_path: Path, sample_set: str, trained: RunRecord
) -> None:
    asked = job(sample_set, tmp_path / "run")
    told = stopped(asked, "Epoch 2")
    kept = tmp_path / "run" / "model_so_far.cropmap"
    assert any(str(kept) in text for text in told)
    package = read_package(kept)
    assert set(package.record["ranges"]) == set(package.bands)
    record = run_job(asked)
    assert not kept.exists()
    for name in ("model.cropmap", "split.csv", "curves.csv"):
        assert record.outputs[name] == trained.outputs[name], name


@pytest.mark.usefixtures("undrawn")
def test_whoever_cancels_the_cross_validation_keeps_the_whole_model(
    tmp_path: Path, sample_set: str, trained: RunRecord
) -> None:
    asked = job(sample_set, tmp_path / "run")
    told = stopped(asked, "Cross-validating")
    assert any("The model itself is whole" in text for text in told)
    package, judged = (
        read_package(folder / "model.cropmap") for folder in (tmp_path / "run", Path(trained.result["run_folder"]))
    )
    for name, array in judged.arrays.items():
        np.testing.assert_array_equal(package.arrays[name], array)
    assert package.record["cross_validation"] == {}
    assert run_job(asked).outputs["model.cropmap"] == trained.outputs["model.cropmap"]


def test_a_disk_too_full_for_the_best_so_far_does_not_turn_a_cancel_into_an_error(
    tmp_path: Path, sample_set: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _package: object) -> Path:
        message = "No space left on device."
        raise OutputError(message, where=str(path))

    monkeypatch.setattr("cropmap.jobs.train.write_package", full)
    told = stopped(job(sample_set, tmp_path / "run"), "Epoch 2")
    assert any("could not be kept: No space left" in text for text in told)


def test_samples_of_a_class_that_their_fold_never_saw_do_not_spoil_the_temperature():
    rng = np.random.default_rng(0)
    count, legend = 600, Legend(tuple(LegendClass(code, f"class {code}", "#112233") for code in (1, 2, 3)))
    codes = np.array([1, 2], np.uint8)[rng.integers(0, 2, count)]
    right = rng.random(count) < 0.8
    shares = np.where(right == (codes == 1), 0.8, 0.2).astype(np.float32)
    probabilities = np.stack([shares, 1 - shares, np.zeros(count, np.float32)], axis=1)
    fold = (np.arange(count) % 2).astype(np.int8)
    plain = _out_of_fold(probabilities, fold, legend, {0: (1, 2), 1: (1, 2)})
    # A fifth of fold 0 is of a class that lies there alone: its model gives it no chance.
    lone = codes.copy()
    lone[(fold == 0) & (rng.random(count) < 0.2)] = 3
    spoilt = _out_of_fold(probabilities, fold, legend, {0: (1, 2), 1: (1, 2, 3)})
    assert spoilt.taught(lone).tolist() == (lone != 3).tolist()
    found = calibration_of(SimpleNamespace(codes=lone), spoilt)
    assert found.temperature == pytest.approx(calibration_of(SimpleNamespace(codes=codes), plain).temperature, abs=0.15)
    assert found.before.counts.sum() == (lone != 3).sum()


def test_a_temperature_that_does_no_good_is_not_kept():
    count, legend = 200, Legend(tuple(LegendClass(code, f"class {code}", "#112233") for code in (1, 2)))
    fold = (np.arange(count) % 2).astype(np.int8)
    # Fold 0 is always right with a confidence of 0.7, fold 1 is wrong in half: each misleads the other.
    probabilities = np.tile(np.array([0.7, 0.3], np.float32), (count, 1))
    codes = np.where((fold == 0) | (np.arange(count) % 4 == 1), 1, 2).astype(np.uint8)
    found = calibration_of(
        SimpleNamespace(codes=codes), _out_of_fold(probabilities, fold, legend, {0: (1, 2), 1: (1, 2)})
    )
    assert found.after.nll > found.before.nll
    assert found.temperature == 1


def _out_of_fold(probabilities, fold, legend, seen):
    records = {number: {"samples": {f"class {code}": 9 for code in own}} for number, own in seen.items()}
    return OutOfFold(
        np.asarray(legend.codes, np.uint8)[probabilities.argmax(1)], probabilities, fold, legend, records, ()
    )
