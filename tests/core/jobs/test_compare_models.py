"""The job that compares models, on small synthetic samples."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, ParameterError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import write_samples
from cropmap.jobs import JOBS
from cropmap.jobs.run import run_job
from cropmap.models import MODELS

if TYPE_CHECKING:
    from cropmap.data.run import RunRecord

COUNT = 180
ASKED = [{"name": "random_forest", "trees": 12}, {"name": "random_forest", "trees": 1}]


@pytest.fixture(scope="module")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes, told apart by the level of one band; groups of three."""
    rng = np.random.default_rng(0)
    codes = np.array([1, 5, 9], np.uint8)[rng.integers(0, 3, COUNT)]
    values = rng.normal(0, 0.2, (COUNT, 4, 2)).astype(np.float32)
    values[:, :, 0] += np.searchsorted([1, 5, 9], codes)[:, None] * np.float32(0.2)
    samples = SampleSet(
        values=values,
        codes=codes,
        ids=np.array([f"s{k:03d}" for k in range(COUNT)]),
        x=rng.uniform(5e5, 6e5, COUNT),
        y=rng.uniform(5e6, 5.1e6, COUNT),
        groups=np.array([f"field {k // 3}" for k in range(COUNT)]),
        days=np.arange(4, dtype=np.int32) * 7,
        bands=("red", "nir"),
        legend=Legend(
            (LegendClass(1, "maize", "#ffd300"), LegendClass(5, "soya", "#267000"), LegendClass(9, "rye", "#aaaaaa"))
        ),
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs=crs_wkt("EPSG:32615"),
    )
    path = tmp_path_factory.mktemp("samples") / "samples.gpkg"
    write_samples(path, samples)
    return path


def job_of(sample_file: Path, out: Path, **changed: Any) -> Job:
    params = {"sample_set": str(sample_file), "models": ASKED, "folds": 3, "split": "groups", "gap_m": 0}
    return Job("compare_models", params | changed, str(out))


def rows_of(record: RunRecord, name: str) -> list[dict[str, str]]:
    with Path(record.result["outputs"][name]).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def outcome(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return run_job(job_of(sample_file, tmp_path_factory.mktemp("run"), seeds=2, label_counts=[3, 20]))


def test_every_model_is_judged_on_the_same_samples_and_folds(outcome: RunRecord) -> None:
    figures = outcome.result["figures"]
    assert figures["best"] == "random_forest"
    assert set(figures["overall_accuracy"]) == {"random_forest", "random_forest 2"}
    value, low, high = figures["ahead_of_next"]
    assert value > 0
    assert low < value < high
    predictions = rows_of(outcome, "predictions")
    assert [row["id"] for row in predictions] == [f"s{k:03d}" for k in range(COUNT)]
    # A field is never parted.
    assert all(len({row["fold"] for row in predictions[k : k + 3]}) == 1 for k in range(0, COUNT, 3))
    models = rows_of(outcome, "models")
    for name in figures["overall_accuracy"]:
        for number in ("1", "2"):
            whole = next(row for row in models if (row["model"], row["run"], row["fold"]) == (name, number, "all"))
            column = name if number == "1" else f"{name} run 2"
            right = np.mean([row["reference"] == row[column] for row in predictions])
            assert float(whole["overall_accuracy"]) == pytest.approx(right)
            assert float(whole["seconds"]) > 0
            for fold in ("1", "2", "3"):
                own = next(row for row in models if (row["model"], row["run"], row["fold"]) == (name, number, fold))
                inside = [row["reference"] == row[column] for row in predictions if row["fold"] == fold]
                assert float(own["overall_accuracy"]) == pytest.approx(np.mean(inside))


def test_pairs_classes_curve_and_page_are_written(outcome: RunRecord) -> None:
    pairs = rows_of(outcome, "pairs")
    assert [row["test"] for row in pairs].count("McNemar, samples of the class") == 3
    assert len(rows_of(outcome, "classes")) == 2 * 2 * 3
    curve = rows_of(outcome, "learning_curve")
    runs = [(row["model"], row["labels_per_class"], row["run"], row["training_samples"]) for row in curve]
    assert runs[:4] == [
        ("random_forest", "3", "1", "9"),
        ("random_forest", "3", "2", "9"),
        ("random_forest", "3", "mean", ""),
        ("random_forest", "3", "sd", ""),
    ]
    assert len(curve) == 2 * 2 * 4
    text = Path(outcome.result["outputs"]["report"]).read_text(encoding="utf-8")
    assert "Random forest 2" in text
    assert "Learning curves" in text
    assert not (Path(outcome.result["run_folder"]) / "checkpoints").exists()


def test_the_same_job_finds_the_same_and_another_seed_something_else(sample_file: Path, tmp_path: Path) -> None:
    first, again, other = (
        run_job(job_of(sample_file, tmp_path / name, seed=seed)) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    for name in ("predictions", "pairs"):
        one, same, different = (Path(run.result["outputs"][name]).read_bytes() for run in (first, again, other))
        assert one == same
        assert one != different


def test_a_model_that_cannot_be_fitted_is_left_out_and_told(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forest = MODELS.get("random_forest").make
    whole = forest.fit.__func__

    def fails_alone(cls: Any, params: Any, *rest: Any) -> Any:
        if params.trees == 1:
            message = "One tree is no forest."
            raise ModelError(message)
        return whole(cls, params, *rest)

    monkeypatch.setattr(forest, "fit", classmethod(fails_alone))
    record = run_job(job_of(sample_file, tmp_path / "run"))
    assert record.result["figures"]["left_out"] == {"random_forest 2": "One tree is no forest."}
    assert any("random_forest 2 is not compared: One tree" in text for text in record.result["warnings"])
    assert list(record.result["figures"]["overall_accuracy"]) == ["random_forest"]
    with pytest.raises(ModelError, match="None of the models"):
        run_job(job_of(sample_file, tmp_path / "none", models=ASKED[1:]))


def test_an_interrupted_run_goes_on_with_the_same_result(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_job(job_of(sample_file, tmp_path / "whole"))

    def stopped() -> bool:
        return any((tmp_path / "run" / "checkpoints" / "random_forest 2").rglob("*.cropmap"))

    with pytest.raises(Cancelled):
        run_job(job_of(sample_file, tmp_path / "run"), progress=Progress(cancelled=stopped))
    forest = MODELS.get("random_forest").make
    fitted: list[int] = []
    real = forest.fit.__func__

    def counted(cls: Any, params: Any, *rest: Any) -> Any:
        fitted.append(params.trees)
        return real(cls, params, *rest)

    monkeypatch.setattr(forest, "fit", classmethod(counted))
    again = run_job(job_of(sample_file, tmp_path / "run"))
    assert 12 not in fitted
    assert 1 <= len(fitted) <= 2
    for name in ("predictions", "pairs", "classes"):
        one, other = (Path(run.result["outputs"][name]).read_bytes() for run in (whole, again))
        assert one == other


def test_what_cannot_be_asked_is_refused_before_any_work(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.gpkg"
    with pytest.raises(ParameterError, match=r"2\.5 is not a whole number"):
        run_job(job_of(nowhere, tmp_path / "a", label_counts=[2.5]))
    with pytest.raises(ParameterError, match=r"models\[1\]\.trees"):
        run_job(job_of(nowhere, tmp_path / "b", models=["random_forest", {"name": "random_forest", "trees": 0}]))


def test_the_models_compared_by_default_are_registered() -> None:
    schema = JOBS.get("compare_models").catalogued().schema
    names = {model["name"] for model in schema["properties"]["models"]["default"]}
    assert names <= {entry.name for entry in MODELS.entries()}
    assert schema["required"] == ["sample_set"]


def test_a_damaged_clock_of_an_interrupted_run_costs_no_more_than_its_seconds(
    sample_file: Path, tmp_path: Path
) -> None:
    def stopped() -> bool:
        return any((tmp_path / "run" / "checkpoints" / "random_forest 2").rglob("*.cropmap"))

    with pytest.raises(Cancelled):
        run_job(job_of(sample_file, tmp_path / "run"), progress=Progress(cancelled=stopped))
    clocks = list((tmp_path / "run" / "checkpoints").rglob("seconds.txt"))
    assert clocks
    for path in clocks:
        path.write_text("a while", encoding="utf-8")
    assert (run_job(job_of(sample_file, tmp_path / "run")).result["run_folder"]) == str(tmp_path / "run")
