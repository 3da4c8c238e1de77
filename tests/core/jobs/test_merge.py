"""Sample sets of two sites joined, and models tested on the site, or on the file's folds, that they have not seen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.contract.job import Job
from cropmap.data.samples import FoldPlan
from cropmap.data.schemes import scheme_of
from cropmap.io.samples import read_sample_file, read_samples, write_samples
from cropmap.jobs.run import run_job
from tests.core.sampling.test_merge import UTM34, sample_set

FOREST = {"name": "random_forest", "trees": 10}


def runs(folder, **plans):
    """Two folders as the sample job leaves them: site A in one UTM zone, site B in another."""
    for name, crs, seed in (("A", "", 0), ("B", UTM34, 1)):
        samples = sample_set(["rye", "wheat"], count=60, seed=seed, **({"crs": crs} if crs else {}))
        values = samples.values + samples.codes[:, None, None].astype(np.float32)
        (folder / name).mkdir()
        write_samples(folder / name / "samples.gpkg", dataclasses.replace(samples, values=values), plans.get(name))
    return folder


def done(out, kind, **params):
    return run_job(Job(kind, params, str(out)))


def test_two_runs_are_joined_and_each_site_is_left_out_in_turn(tmp_path):
    record = done(tmp_path / "joined", "merge", folder=str(runs(tmp_path)))
    assert record.result["figures"] == {
        "samples": 120,
        "classes": {"rye": 60, "wheat": 60},
        "sites": {"A": 60, "B": 60},
    }
    samples = read_samples(tmp_path / "joined" / "samples.gpkg")
    assert samples.ids[0] == "A/p0"
    kept = scheme_of(read_sample_file(tmp_path / "joined" / "samples.gpkg").scheme)
    assert kept.legend == samples.legend
    trained = done(
        tmp_path / "model",
        "train",
        sample_set=str(tmp_path / "joined" / "samples.gpkg"),
        model=FOREST,
        split="leave_site",
    )
    assert trained.result["figures"]["overall_accuracy"] > 0.9
    assert any("1 site A (60), 2 site B (60)" in note for note in trained.result["warnings"])
    page = (tmp_path / "model" / "report.html").read_text()
    assert "Cross-validation by sites" in page
    assert "each site is a fold of its own" in page


def test_the_file_s_folds_test_every_model_on_the_same_samples(tmp_path):
    samples = sample_set(["rye", "wheat"], count=60)
    fold = (np.arange(60) // 3 % 4).astype(np.int8)
    path = tmp_path / "samples.gpkg"
    write_samples(path, samples, FoldPlan(fold, fold.astype(np.int32), samples.codes, 1000.0))
    assert np.array_equal(read_sample_file(path).fold, fold)
    record = done(tmp_path / "m", "train", sample_set=str(path), model=FOREST, split="file", gap_m=0)
    page = (tmp_path / "m" / "report.html").read_text()
    assert "the folds are those of the samples" in page
    assert "Fold 4" in page
    assert "Fold 5" not in page
    assert record.result["figures"]["samples"] == 60


def test_a_folder_with_one_sample_file_is_refused(tmp_path):
    runs(tmp_path)
    (tmp_path / "B" / "samples.gpkg").unlink()
    with pytest.raises(SampleError, match="1 sample file is there; two or more can be joined"):
        done(tmp_path / "joined", "merge", folder=str(tmp_path))


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(SampleError, match="There is no such folder\\."):
        done(tmp_path / "a", "merge", folder=str(tmp_path / "none"))
    (tmp_path / "file.gpkg").write_bytes(b"")
    with pytest.raises(SampleError, match="no such folder, but a file"):
        done(tmp_path / "b", "merge", folder=str(tmp_path / "file.gpkg"))
