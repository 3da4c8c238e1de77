"""The job that finds doubtful labels: from a sample file to one that a person can review."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError
from cropmap.contract.job import Job
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.projection import crs_wkt
from cropmap.io.samples import read_sample_file, read_samples, write_samples
from cropmap.jobs.run import run_job
from cropmap.training.fit import FitOptions, fit

LEGEND = Legend(
    (LegendClass(1, "Corn", "#ffd300"), LegendClass(5, "Soy", "#267000"), LegendClass(24, "Wheat", "#a57000"))
)
MODEL = {"name": "random_forest", "trees": 30}
WRONG = np.array([3, 40, 77, 100, 131])


@pytest.fixture(scope="module")
def samples():
    """180 samples of three classes; the labels of WRONG are wrong, 0 and 1 share a series, 10 repeats 13."""
    rng = np.random.default_rng(0)
    truth = np.arange(180) % 3
    values = 0.2 * truth[:, None, None] + rng.normal(0.3, 0.05, (180, 6, 3))
    values[1], values[13] = values[0], values[10]
    codes = np.array(LEGEND.codes)[truth]
    codes[13] = codes[10]
    codes[WRONG] = np.array(LEGEND.codes)[(truth[WRONG] + 1) % 3]
    return SampleSet(
        values=values.astype(np.float32),
        codes=codes.astype(np.uint8),
        ids=np.array([f"P{k:04d}" for k in range(180)]),
        x=500_000 + rng.uniform(0, 20_000, 180),
        y=4_500_000 + rng.uniform(0, 20_000, 180),
        groups=np.array([f"#P{k:04d}" for k in range(180)]),
        days=np.arange(0, 180, 30, dtype=np.int32),
        bands=("red", "nir", "swir1"),
        legend=LEGEND,
        recipe=Recipe("weekly_linear", Season(dt.date(2023, 4, 1), dt.date(2023, 10, 31)), ()),
        crs=crs_wkt("EPSG:32634"),
    )


@pytest.fixture(scope="module")
def done(samples, tmp_path_factory):
    """The run folder of a review, beside the file that it read."""
    folder = tmp_path_factory.mktemp("review")
    write_samples(folder / "given.gpkg", samples)
    params = {"sample_set": str(folder / "given.gpkg"), "model": MODEL, "block_km": 4.0, "folds": 4}
    record = run_job(Job("review", params, str(folder / "run")))
    return folder, record


def suspects(folder):
    with (folder / "run" / "suspects.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_wrong_labels_are_found_with_the_class_that_they_should_have(done):
    rows = {row["id"]: row for row in suspects(done[0])}
    for position in WRONG.tolist():
        right = LEGEND.names[position % 3]
        assert rows[f"P{position:04d}"]["suggested"] == right
    why = " ".join(rows[f"P{position:04d}"]["why"] for position in WRONG.tolist())
    assert "a model that had not seen it says" in why
    assert "series unlike its class" in why


def test_contradicting_duplicates_rank_first_and_repeating_ones_last(done):
    rows = suspects(done[0])
    assert [row["rank"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert [row["id"] for row in rows[:2]] == ["P0000", "P0001"]
    assert rows[0]["why"].startswith("the same series as P0001, which is labelled Soy")
    assert rows[-1]["id"] == "P0013"
    assert "the same series as P0010, with the same label" in rows[-1]["why"]


def test_the_file_holds_all_samples_with_their_review(done, samples):
    held = read_sample_file(done[0] / "run" / "samples.gpkg")
    np.testing.assert_array_equal(held.samples.values, samples.values)
    np.testing.assert_array_equal(held.samples.codes, samples.codes)
    assert held.samples.ids.tolist() == samples.ids.tolist()
    rows = suspects(done[0])
    ranked = held.review.rank > 0
    assert ranked.sum() == len(rows) == done[1].result["figures"]["suspects"]
    for row in rows:
        position = int(row["id"][1:])
        assert held.review.rank[position] == int(row["rank"])
        assert held.review.suggested[position] == row["suggested"]
        assert held.review.why[position] == row["why"]
    assert set(held.review.verdict.tolist()) == {""}
    assert (held.fold >= 0).all()


def test_training_on_the_reviewed_file_gives_the_same_model(done):
    folder = done[0]
    before, after = (read_samples(path) for path in (folder / "given.gpkg", folder / "run" / "samples.gpkg"))
    packages = [fit(held, "random_forest", {"trees": 20}, FitOptions(5, device="cpu")) for held in (before, after)]
    assert packages[0].fingerprint == packages[1].fingerprint
    for name, array in packages[0].arrays.items():
        np.testing.assert_array_equal(array, packages[1].arrays[name])


def test_verdicts_are_carried_out_when_the_file_is_reviewed_again(done, samples, tmp_path):
    held = read_sample_file(done[0] / "run" / "samples.gpkg")
    verdict = held.review.verdict.astype("<U8")
    verdict[0], verdict[3] = "drop", LEGEND.names[0]
    path = tmp_path / "decided.gpkg"
    write_samples(path, held.samples, review=dataclasses.replace(held.review, verdict=verdict))
    params = {"sample_set": str(path), "label_errors": False, "folds": 3, "block_km": 4.0}
    record = run_job(Job("review", params, str(tmp_path / "run")))
    again = read_samples(tmp_path / "run" / "samples.gpkg")
    assert len(again) == len(samples) - 1
    assert again.codes[again.ids.tolist().index("P0003")] == LEGEND.codes[0]
    assert record.result["warnings"]


def test_the_report_is_written_and_the_most_suspects_is_kept_to(done, tmp_path):
    assert "Doubtful labels" in (done[0] / "run" / "report.html").read_text(encoding="utf-8")
    params = {"sample_set": str(done[0] / "given.gpkg"), "label_errors": False, "most": 2, "folds": 3, "block_km": 4.0}
    record = run_job(Job("review", params, str(tmp_path / "few")))
    assert record.result["figures"]["suspects"] == 2
    assert "estimated_wrong" not in record.result["figures"]


def test_the_profiles_of_every_band_are_written(done, samples):
    found = json.loads((done[0] / "run" / "profiles.json").read_text(encoding="utf-8"))
    assert found["dates"][:2] == ["2023-04-01", "2023-05-01"]
    assert found["bands"] == list(samples.bands)
    assert list(found["classes"]) == list(LEGEND.names)
    for own in LEGEND.classes:
        values, course = samples.values[samples.codes == own.code], found["classes"][own.name]
        assert (course["colour"], course["samples"]) == (own.colour, len(values))
        for level in (5, 25, 50, 75, 95):
            expected = np.percentile(values.astype(np.float64), level, axis=0)
            np.testing.assert_allclose(course["quantiles"][str(level)], expected, rtol=1e-5)


def test_a_review_without_checks_is_refused(done, tmp_path):
    params = {"sample_set": str(done[0] / "given.gpkg"), "label_errors": False, "outliers": False, "duplicates": False}
    with pytest.raises(ParameterError, match="Switch a check on"):
        run_job(Job("review", params, str(tmp_path / "none")))
