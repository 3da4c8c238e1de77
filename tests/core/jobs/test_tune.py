"""The job that searches for hyper-parameters and judges what it found on samples that it held out."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.errors import JobError, ModelError, SampleError
from cropmap.contract.job import Job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.accuracy import accuracy_of
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import read_sample_file, write_samples
from cropmap.jobs.run import run_job
from cropmap.models.predictor import Predictor
from cropmap.sampling.folds import FoldOptions, fold_samples
from cropmap.training import search as searching
from cropmap.training.fit import FitOptions, fit

LEGEND = Legend((LegendClass(1, "Corn", "#ffd300"), LegendClass(5, "Soy", "#267000")))
MODEL = {"name": "random_forest", "trees": 10}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Samples whose label is the sign of one weak feature among many, a tenth of them wrong."""
    rng = np.random.default_rng(0)
    truth = rng.random(240) < 0.5
    values = rng.normal(0, 1, (240, 5, 3))
    values[:, 2, 1] += np.where(truth, 1.2, -1.2)
    truth ^= rng.random(240) < 0.1
    samples = SampleSet(
        values=values.astype(np.float32),
        codes=np.where(truth, 5, 1).astype(np.uint8),
        ids=np.array([f"P{k:04d}" for k in range(240)]),
        x=500_000 + rng.uniform(0, 20_000, 240),
        y=4_500_000 + rng.uniform(0, 20_000, 240),
        groups=np.array([f"#P{k:04d}" for k in range(240)]),
        days=np.arange(0, 150, 30, dtype=np.int32),
        bands=("red", "nir", "swir1"),
        legend=LEGEND,
        recipe=Recipe("weekly_linear", Season(dt.date(2023, 4, 1), dt.date(2023, 10, 31)), ()),
        crs=crs_wkt("EPSG:32634"),
    )
    path = tmp_path_factory.mktemp("samples") / "samples.gpkg"
    write_samples(path, samples)
    return path


def asked(given, **changed):
    params = {
        "sample_set": str(given),
        "model": MODEL,
        "block_km": 4.0,
        "folds": 4,
        "trials": 6,
        "objective": "overall",
    }
    return params | {"minutes": 60.0} | changed


@pytest.fixture(scope="module")
def done(given, tmp_path_factory):
    out = tmp_path_factory.mktemp("tune") / "run"
    return out, run_job(Job("tune", asked(given), str(out)))


def trials_of(out):
    with (out / "trials.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_trials_and_the_best_model_are_written(done):
    out, record = done
    rows = trials_of(out)
    assert [row["trial"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert (rows[0]["features_per_split"], rows[0]["min_leaf"]) == ("8", "1")
    complete = [row for row in rows if row["state"] == "complete"]
    best = max(complete, key=lambda row: float(row["score"]))
    entry = json.loads((out / "model.json").read_text(encoding="utf-8"))
    assert (entry["name"], entry["trees"]) == ("random_forest", 10)
    assert entry["min_leaf"] == int(best["min_leaf"])
    assert record.result["figures"]["search_score"] == pytest.approx(float(best["score"]))
    assert record.result["figures"]["best"]["features_per_split"] == int(best["features_per_split"])
    assert not (out / "journal.jsonl").exists()


def test_the_search_never_sees_the_samples_that_judge_it(given, tmp_path, monkeypatch):
    seen = []
    whole = searching.cross_validate

    def watched(samples, plan, *rest, **named):
        seen.append((samples, plan))
        return whole(samples, plan, *rest, **named)

    monkeypatch.setattr(searching, "cross_validate", watched)
    run_job(Job("tune", asked(given, trials=1), str(tmp_path / "run")))
    samples, inner = seen[0]
    options = FoldOptions(4, 4000.0, samples.crs, "blocks", 100.0)
    outer = fold_samples(samples, options, np.random.default_rng([0, 1]))
    held = outer.fold == 0
    assert held.sum() > 30
    assert (inner.fold[held] == -1).all()
    assert not set(inner.units[inner.fold >= 0].tolist()) & set(outer.units[held].tolist())
    assert (inner.fold >= 0).sum() == outer.train_mask(0).sum()


def test_the_held_out_figures_are_those_of_models_of_the_other_folds(given, done):
    out, record = done
    samples = read_sample_file(given).samples
    options = FoldOptions(4, 4000.0, samples.crs, "blocks", 100.0)
    outer = fold_samples(samples, options, np.random.default_rng([0, 1]))
    entry = json.loads((out / "model.json").read_text(encoding="utf-8"))
    figures = record.result["figures"]
    for told, values in (("held_out", entry), ("held_out_of_defaults", MODEL)):
        own = {name: value for name, value in values.items() if name != "name"}
        package = fit(samples.subset(outer.train_mask(0)), "random_forest", own, FitOptions(0, device="cpu"))
        codes = Predictor(package).codes(samples.values[outer.fold == 0])
        expected = accuracy_of(samples.codes[outer.fold == 0], codes, LEGEND)
        assert figures[told]["overall_accuracy"] == pytest.approx(expected.overall)
        assert figures[told]["macro_f1"] == pytest.approx(expected.macro_f1)


def test_the_same_job_gives_the_same_trials(given, done, tmp_path):
    run_job(Job("tune", asked(given), str(tmp_path / "run")))
    first, again = ([{**row, "seconds": ""} for row in trials_of(out)] for out in (done[0], tmp_path / "run"))
    assert first == again


def test_what_was_found_is_kept_when_the_user_cancels_and_gone_on_with(given, done, tmp_path):
    class Stop:
        """Cancels once three trials are done."""

        trials = 0

        def point(self, curve, _figures):
            self.trials += curve == "Search"

    stop = Stop()
    progress = Progress(point=stop.point, cancelled=lambda: stop.trials >= 3)
    with pytest.raises(Cancelled):
        run_job(Job("tune", asked(given), str(tmp_path / "run")), progress=progress)
    kept = trials_of(tmp_path / "run")
    assert 3 <= len(kept) < 6
    assert json.loads((tmp_path / "run" / "model.json").read_text(encoding="utf-8"))["name"] == "random_forest"
    run_job(Job("tune", asked(given), str(tmp_path / "run")))
    rows = trials_of(tmp_path / "run")
    assert rows[: len(kept)] == kept
    assert [{**row, "seconds": ""} for row in rows] == [{**row, "seconds": ""} for row in trials_of(done[0])]


def test_the_page_is_whole_and_needs_nothing(done):
    page = (done[0] / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == page.count("</svg>") == 1 + 2 + (page.count("<figcaption>") - 2)
    assert "Believe the held-out figures" in page


def test_what_cannot_be_searched_is_refused(given, tmp_path):
    fixed = {"name": "random_forest", "trees": 10, "features_per_split": 4, "min_leaf": 2}
    with pytest.raises(JobError, match="Nothing is left"):
        run_job(Job("tune", asked(given, model={**fixed, **everything(fixed)}), str(tmp_path / "all")))
    with pytest.raises(JobError, match="'ensemble'"):  # before any samples are read
        run_job(Job("tune", asked(tmp_path / "none.gpkg", model="ensemble"), str(tmp_path / "ensemble")))
    with pytest.raises(ModelError, match="CUDA"):
        run_job(Job("tune", asked(given, model="transformer", device="cuda"), str(tmp_path / "cuda")))


def test_too_few_units_beside_the_fold_that_judges_call_for_more_folds(given, tmp_path):
    held = read_sample_file(given)
    path = tmp_path / "two_fields.gpkg"
    write_samples(path, dataclasses.replace(held.samples, groups=np.where(held.samples.x < 510_000, "west", "east")))
    params = asked(path, split="groups", folds=2, gap_m=0.0)
    with pytest.raises(SampleError, match=r"form 1 unit; two are needed.*more folds"):
        run_job(Job("tune", params, str(tmp_path / "run")))


def everything(fixed):
    """The defaults of what a search would still try."""
    from cropmap.models import MODELS

    entry = MODELS.get("random_forest")
    space = searching.search_space(entry.params, fixed)
    return {name: entry.catalogued().defaults[name] for name in space}
