from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cropmap.__main__ import main
from cropmap.contract.job import read_job
from cropmap.jobs.run import checked
from cropmap.testing.synthetic import SyntheticOptions, write_site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    options = SyntheticOptions(size=32, points=20, revisit_days=32, history=False)
    return str(write_site(tmp_path_factory.mktemp("site"), options).images)


def test_a_job_kind_is_a_subcommand(tmp_path: Path, images: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--images", images, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Done in ")
    assert str(tmp_path / "run") in told.out
    assert "SR_B2" in told.out


def test_a_job_file_can_be_written_without_running_it(tmp_path: Path, images: str) -> None:
    command = ["prepare", "--images", images, "--recipe.step-days", "10", "--out", str(tmp_path / "run")]
    assert main([*command, "--write-job", str(tmp_path / "job.json")]) == 0
    job = read_job(tmp_path / "job.json")
    assert job.params["recipe"] == {"name": "weekly_linear", "step_days": 10}
    assert not (tmp_path / "run").exists()
    assert main(["run", str(tmp_path / "job.json")]) == 0
    assert (tmp_path / "run" / "cube.tif").exists()


def test_relative_paths_start_from_the_job_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "job.json").write_text(
        '{"cropmap_job": 1, "kind": "inspect", "out": "run", "params": {"images": {"name": "folder", "path": "in"}}}',
        encoding="utf-8",
    )
    monkeypatch.chdir("/")
    job = checked(read_job(tmp_path / "job.json"), tmp_path)
    assert job.out == str(tmp_path / "run")
    assert job.params["images"]["path"] == str(tmp_path / "in")


def test_mistakes_end_with_2_and_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--images", str(tmp_path / "nowhere"), "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "Error: " in told
    assert "What to do: " in told


def test_wrong_options_are_listed_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["demo", "--size", "1", "--points", "2", "--model.trees", "0", "--out", str(tmp_path / "run")]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert [name for name in ("size", "points", "model.trees") if name in told] == ["size", "points", "model.trees"]


def test_without_a_command_the_help_lists_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    told = capsys.readouterr().out
    listed = {line.split()[0] for line in told.splitlines() if line.startswith("    ")}
    assert {"run", "catalogue", "check", "classify", "demo", "map"} <= listed


def test_the_catalogue_can_be_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "--out", str(tmp_path / "catalogue.json")]) == 0
    assert main(["catalogue"]) == 0
    assert capsys.readouterr().out == (tmp_path / "catalogue.json").read_text(encoding="utf-8")


def test_check_names_versions_and_finds_no_problem_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    assert {"cropmap", "python", "torch", "gpu", "gdal", "cores", "memory_gb", "disk_free_gb"} <= set(found)
    assert main(["check"]) == 0
    assert "problems       none" in capsys.readouterr().out
