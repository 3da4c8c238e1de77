from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rasterio

from cropmap.contract.errors import OutputError
from cropmap.contract.events import strict
from cropmap.contract.job import Job, read_job
from cropmap.contract.progress import Cancelled, Progress
from cropmap.io.files import FileLock, sha256_of
from cropmap.jobs.run import run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from cropmap.data.run import RunRecord
    from cropmap.testing.synthetic import SyntheticSite

MakeJob = "Callable[..., Job]"
WORKER = [sys.executable, "-m", "cropmap", "run"]


def pixels(path: Path | str) -> bytes:
    with rasterio.open(path) as raster:
        return bytes(raster.read(1).tobytes())


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, site: SyntheticSite) -> RunRecord:
    params = {
        "images": {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]},
        "samples": str(site.points),
        "recipe": {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0},
        "model": {"name": "random_forest", "trees": 20},
        "folds": 3,
        "block": 32,
    }
    return run_job(Job("classify", params, str(tmp_path_factory.mktemp("runs") / "finished")))


def test_the_demo_maps_most_pixels_right(tmp_path: Path) -> None:
    params = {"size": 96, "points": 300, "model": {"name": "random_forest", "trees": 30}}
    figures = run_job(Job("demo", params, str(tmp_path / "demo"))).result["figures"]
    assert figures["truth_overall_accuracy"] > 0.8
    assert 0.6 < figures["overall_accuracy"] < 1


def test_the_demo_resumes_with_the_site_that_it_made(tmp_path: Path) -> None:
    job = Job("demo", {"size": 64, "points": 150, "model": {"name": "random_forest", "trees": 5}}, str(tmp_path))
    seen: list[str] = []
    progress = Progress(lambda _fraction, message: seen.append(message), cancelled=lambda: "Cross-validating" in seen)
    with pytest.raises(Cancelled):
        run_job(job, progress=progress)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "site").rglob("*.tif")}
    run_job(job)
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_the_road_tells_what_is_unlike_the_samples(
    tmp_path: Path, road: Callable[..., Job], finished: RunRecord
) -> None:
    found = run_job(road(tmp_path / "run", applicability=True)).result
    assert pixels(found["outputs"]["class_map"]) == pixels(finished.result["outputs"]["class_map"])
    with rasterio.open(found["outputs"]["outside"]) as raster:
        layer = raster.read(1)
    share = float((layer[layer != 255] > 100).mean())
    assert found["figures"]["outside_share"] == pytest.approx(share)
    assert share < 0.2
    assert "outside_share" not in finished.result["figures"]


def test_the_record_is_strict_json_with_nested_defaults(finished: RunRecord) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (Path(finished.result["run_folder"]) / "run.json").read_text(encoding="utf-8")
    params = json.loads(text, parse_constant=refuse)["params"]
    assert params["model"]["min_leaf"] == 1
    assert params["recipe"]["step_days"] == 7
    assert params["images"]["warp"] is False


def test_a_finished_run_lists_outputs_that_exist_with_their_hashes(finished: RunRecord) -> None:
    folder = Path(finished.result["run_folder"])
    written = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(strict(finished.to_dict())))
    expected = {
        "samples",
        "scheme",
        "accuracy",
        "confusion",
        "folds",
        "split",
        "profiles",
        "calibration",
        "package",
        "class_map",
        "confidence",
        "report",
    }
    assert set(finished.result["outputs"]) == expected
    for name, digest in finished.outputs.items():
        assert sha256_of(folder / name) == digest


def test_the_record_holds_every_parameter_and_the_inputs_hashes(finished: RunRecord, site: SyntheticSite) -> None:
    assert finished.params["seed"] == 0
    assert finished.params["folds"] == 3
    assert finished.inputs[str(site.points)] == sha256_of(site.points)
    assert len(finished.inputs) == 1 + len(list(site.images.glob("*.tif")))
    assert {"python", "numpy", "torch", "cropmap"} <= set(finished.versions)


def test_the_command_line_and_python_give_the_same_bytes(
    tmp_path: Path, finished: RunRecord, road: Callable[..., Job]
) -> None:
    road(tmp_path / "again").write(tmp_path / "job.json")
    done = subprocess.run([*WORKER, str(tmp_path / "job.json")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "again" / "run.json").read_text(encoding="utf-8"))
    same = {
        "class_map.tif",
        "class_map_confidence.tif",
        "model.cropmap",
        "samples.gpkg",
        "accuracy.csv",
        "confusion.csv",
        "folds.csv",
        "split.csv",
        "profiles.csv",
        "calibration.csv",
    }
    for name in same:
        assert record["outputs"][name] == finished.outputs[name], name


def test_the_single_steps_make_the_same_map_as_the_whole_road(
    tmp_path: Path, finished: RunRecord, site: SyntheticSite, images: dict[str, Any], recipe: dict[str, Any]
) -> None:
    def run(kind: str, **params: Any) -> dict[str, Any]:
        return dict(run_job(Job(kind, params, str(tmp_path / kind))).result)

    sampled = run("sample", images=images, samples=str(site.points), recipe=recipe, folds=3)
    trained = run(
        "train",
        sample_set=sampled["outputs"]["samples"],
        model={"name": "random_forest", "trees": 20},
        folds=3,
        cross_validate=False,
    )
    mapped = run("map", images=images, package=trained["outputs"]["package"], block=32)
    assert pixels(mapped["outputs"]["class_map"]) == pixels(finished.result["outputs"]["class_map"])
    assessed = run("assess", class_map=mapped["outputs"]["class_map"], reference=str(site.truth))
    assert 0.7 < assessed["figures"]["overall_accuracy"] <= 1


def test_training_pixels_are_left_out_of_an_assessment(
    tmp_path: Path, finished: RunRecord, site: SyntheticSite
) -> None:
    outputs = finished.result["outputs"]
    params = {"class_map": outputs["class_map"], "reference": str(site.truth), "exclude": outputs["samples"]}
    record = run_job(Job("assess", params, str(tmp_path / "assess")))
    whole = run_job(Job("assess", params | {"exclude": ""}, str(tmp_path / "whole")))
    left_out = whole.result["figures"]["reference_pixels"] - record.result["figures"]["reference_pixels"]
    assert left_out == finished.result["figures"]["samples"]


def test_prepared_cubes_read_back_as_a_series(tmp_path: Path, images: dict[str, Any], recipe: dict[str, Any]) -> None:
    prepared = run_job(Job("prepare", {"images": images, "recipe": recipe}, str(tmp_path / "prepare"))).result
    listed = run_job(
        Job("inspect", {"images": {"name": "prepared", "path": prepared["outputs"]["cube"]}}, str(tmp_path / "look"))
    )
    assert len(listed.result["figures"]["dates"]) == prepared["figures"]["steps"]
    assert listed.result["figures"]["bands"] == prepared["figures"]["bands"]


def test_a_cancelled_run_resumes_without_computing_finished_blocks_again(
    tmp_path: Path, finished: RunRecord, road: Callable[..., Job]
) -> None:
    seen: list[str] = []

    def listen(_fraction: float, message: str) -> None:
        seen.append(message)

    job = road(tmp_path / "run")
    with pytest.raises(Cancelled):
        run_job(job, progress=Progress(listen, cancelled=lambda: "4 of 9 blocks" in seen))
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "class_map.tif").exists()
    seen.clear()
    record = run_job(job, progress=Progress(listen))
    assert "0 of 9 blocks" not in seen
    assert pixels(record.result["outputs"]["class_map"]) == pixels(finished.result["outputs"]["class_map"])


def test_a_killed_worker_leaves_no_map_and_its_job_can_be_run_again(
    tmp_path: Path, finished: RunRecord, road: Callable[..., Job]
) -> None:
    road(tmp_path / "run", block=8).write(tmp_path / "job.json")
    command = [*WORKER, str(tmp_path / "job.json"), "--events"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if "of 144 blocks" in line and "0 of 144" not in line:
                worker.send_signal(signal.SIGKILL)
                break
    assert worker.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "class_map.tif").exists()
    assert not (tmp_path / "run" / "run.json").exists()
    record = run_job(read_job(tmp_path / "job.json"))
    assert pixels(record.result["outputs"]["class_map"]) == pixels(finished.result["outputs"]["class_map"])


def test_a_worker_whose_supervisor_is_gone_stops(tmp_path: Path, road: Callable[..., Job]) -> None:
    road(tmp_path / "run", model={"name": "random_forest", "trees": 5000}).write(tmp_path / "job.json")
    command = [*WORKER, str(tmp_path / "job.json"), "--events"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as worker:  # type: ignore[call-overload]
        worker.stdout.readline()
        began = time.monotonic()
        worker.stdin.close()
        assert worker.wait(timeout=60) == 3
    assert time.monotonic() - began < 60


def test_two_runs_in_one_folder_at_once_are_refused(tmp_path: Path, road: Callable[..., Job]) -> None:
    lock = FileLock(tmp_path / "run.lock")
    try:
        with pytest.raises(OutputError, match="Another run is writing here"):
            run_job(road(tmp_path))
    finally:
        lock.release()
    run_job(road(tmp_path))
    assert not (tmp_path / "run.lock").exists()


def test_a_run_stopped_after_its_map_goes_on(tmp_path: Path, finished: RunRecord, road: Callable[..., Job]) -> None:
    run_job(road(tmp_path / "run"))
    (tmp_path / "run" / "run.json").unlink()
    record = run_job(road(tmp_path / "run"))
    assert record.outputs["class_map.tif"] == finished.outputs["class_map.tif"]


def test_every_warning_stands_in_the_record(tmp_path: Path, road: Callable[..., Job]) -> None:
    told: list[str] = []
    record = run_job(road(tmp_path / "run"), progress=Progress(warn=told.append))
    assert record.result["warnings"] == told
    assert told


def test_a_folder_with_a_finished_run_is_refused(finished: RunRecord, road: Callable[..., Job]) -> None:
    with pytest.raises(OutputError, match="Choose another folder"):
        run_job(road(Path(finished.result["run_folder"])))


def test_a_folder_with_another_jobs_unfinished_run_is_refused(tmp_path: Path, road: Callable[..., Job]) -> None:
    seen: list[str] = []
    progress = Progress(lambda _fraction, message: seen.append(message), cancelled=lambda: "Cross-validating" in seen)
    with pytest.raises(Cancelled):
        run_job(road(tmp_path), progress=progress)
    with pytest.raises(OutputError, match="another job"):
        run_job(road(tmp_path, seed=1))


def test_a_run_goes_on_with_other_threads_and_blocks(tmp_path: Path, road: Callable[..., Job]) -> None:
    seen: list[str] = []
    progress = Progress(lambda _fraction, message: seen.append(message), cancelled=lambda: "Cross-validating" in seen)
    with pytest.raises(Cancelled):
        run_job(road(tmp_path, threads=1), progress=progress)
    assert run_job(road(tmp_path, threads=2, block=32)).result["outputs"]["class_map"]


def test_the_transformer_goes_the_same_road(tmp_path: Path, road: Callable[..., Job]) -> None:
    small = {"name": "transformer", "width": 32, "heads": 2, "epochs": 2}
    record = run_job(road(tmp_path / "run", model=small))
    assert record.device == "cpu"
    assert Path(record.result["outputs"]["class_map"]).exists()
