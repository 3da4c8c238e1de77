"""The job that compares recipes, on a synthetic site."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cropmap.contract.errors import ParameterError
from cropmap.contract.job import Job
from cropmap.jobs import JOBS
from cropmap.jobs.run import checked, run_job
from cropmap.prepare import RECIPES

if TYPE_CHECKING:
    from cropmap.data.run import RunRecord

RECIPES_ASKED = [
    {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0},
    {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0, "step_days": 28},
    {"name": "weekly_linear", "start": "1999-01-01", "end": "1999-12-31"},
]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def compared(images: dict[str, Any], out: Path, **changed: Any) -> RunRecord:
    params = {"images": images, "recipes": RECIPES_ASKED, "pixels": 300, "plots": 3, **changed}
    return run_job(Job("compare", params, str(out)))


@pytest.fixture(scope="module")
def outcome(site: Any, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    images = {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]}
    return compared(images, tmp_path_factory.mktemp("compare"))


def test_tables_and_report_agree(outcome: RunRecord) -> None:
    folder = Path(outcome.result["run_folder"])
    summary, dated = rows_of(folder / "summary.csv"), rows_of(folder / "compare.csv")
    assert list(dated[0]) == ["recipe", "band", "date", "n", "rmse", "bias", "mae"]
    relative = outcome.result["figures"]["relative_rmse"]
    assert [row["recipe"] for row in summary[::6]] == sorted(relative, key=relative.__getitem__)
    assert set(relative) == {"weekly_linear", "weekly_linear 2"}
    for row in summary:
        own = [other for other in dated if (other["recipe"], other["band"]) == (row["recipe"], row["band"])]
        assert sum(int(other["n"]) for other in own) == int(row["n"]) > 50
        assert 0 < float(row["answered_share"]) <= 1
        assert float(row["seconds_per_million_pixels"]) > 0
        assert 0 < float(row["rmse"]) < 0.2
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert text.count('aria-label="NDVI of row') == 3
    assert "holds 0 of the dates" in text


def test_the_record_tells_what_was_hidden_and_left_out(outcome: RunRecord) -> None:
    figures = outcome.result["figures"]
    assert figures["hidden_observations"] >= figures["common_observations"] > 0
    assert list(figures["left_out"]) == ["weekly_linear 3"]
    assert any("weekly_linear 3 is not compared" in warning for warning in outcome.result["warnings"])


def test_the_same_job_hides_and_finds_the_same(outcome: RunRecord, images: dict[str, Any], tmp_path: Path) -> None:
    again = compared(images, tmp_path / "again")
    first, second = (Path(record.result["run_folder"]) / "compare.csv" for record in (outcome, again))
    assert first.read_bytes() == second.read_bytes()
    other = compared(images, tmp_path / "other", seed=1)
    assert (Path(other.result["run_folder"]) / "compare.csv").read_bytes() != first.read_bytes()


def test_all_registered_recipes_but_the_users_own_are_compared_by_default() -> None:
    schema = JOBS.get("compare").catalogued().schema
    names = [recipe["name"] for recipe in schema["properties"]["recipes"]["default"]]
    assert set(names) == {entry.name for entry in RECIPES.entries()} - {"own"}
    assert "weekly_linear" in names
    json.dumps(schema)


def test_a_job_that_names_no_recipe_is_checked_with_the_default_ones(images: dict[str, Any], tmp_path: Path) -> None:
    job = checked(Job("compare", {"images": images}, str(tmp_path)), tmp_path)
    schema = JOBS.get("compare").catalogued().schema
    assert job.params["recipes"] == schema["properties"]["recipes"]["default"]


def test_wrong_settings_of_a_recipe_are_told_with_their_place(images: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"recipes\[1\]\.step_days: 0 is below 1"):
        compared(images, tmp_path, recipes=["weekly_linear", {"name": "weekly_linear", "step_days": 0}])
