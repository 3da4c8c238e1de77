"""Every kind of recipe goes the whole way: images and points to samples, a forest, a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from cropmap.contract.errors import RecipeError
from cropmap.contract.job import Job
from cropmap.io.packages import read_package, write_package
from cropmap.io.samples import read_samples
from cropmap.jobs.run import run_job
from cropmap.training.fit import fit

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from cropmap.data.legend import Legend
    from cropmap.testing.synthetic import SyntheticSite

BANDS = ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7")
OWN = [
    {"name": "enough_clear", "min_clear": 3, "max_gap_days": 0},
    {"name": "native_dates", "days": list(range(20, 330, 16)), "tolerance_days": 8},
    {"name": "mask_channel"},
]
RECIPES = {
    "raw": ({"min_clear": 3}, (*BANDS, "clear")),
    "raw_whittaker": ({"min_clear": 3, "keep_mask": True}, (*BANDS, "seen")),
    "linear_monthly": ({"min_clear": 3, "max_gap_days": 0}, BANDS),
    "weekly_linear_whittaker": ({"min_clear": 3, "max_gap_days": 0, "choose": "site"}, BANDS),
    "weekly_linear_phenology": ({"min_clear": 3, "max_gap_days": 0}, BANDS),
    "own": ({"steps": OWN}, (*BANDS, "clear")),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_goes_from_images_to_a_map(
    tmp_path: Path, site: SyntheticSite, images: dict[str, Any], name: str
) -> None:
    def run(kind: str, **params: Any) -> dict[str, Any]:
        return dict(run_job(Job(kind, params, str(tmp_path / kind))).result)

    values, bands = RECIPES[name]
    recipe = {"name": name, **values}
    sampled = run("sample", images=images, samples=str(site.points), recipe=recipe, folds=3)
    samples = read_samples(sampled["outputs"]["samples"])
    assert samples.recipe.name == name
    assert samples.bands == bands
    assert len(samples) > 150
    package = fit(samples, "random_forest", {"trees": 20})
    path = write_package(tmp_path / "model.cropmap", package)
    mapped = run("map", images=images, package=str(path), block=48)
    assert mapped["figures"]["unmapped_pixels"] < 0.1 * 96 * 96
    found = named(mapped["outputs"]["class_map"], package.legend)
    truth = named(site.truth, site.legend)
    assert (found == truth)[(found != "") & (truth != "")].mean() > 0.7


def named(path: Path | str, legend: Legend) -> NDArray[np.str_]:
    """Return the class name of each pixel of a class raster; empty where there is none."""
    names = np.full(256, "", dtype="<U40")
    names[list(legend.codes)] = legend.names
    with rasterio.open(path) as raster:
        return np.asarray(names[raster.read(1)])


def test_own_steps_that_leave_gaps_are_refused_before_the_images_are_read(
    tmp_path: Path, site: SyntheticSite, images: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError

    for reader in ("read", "read_parts", "read_pixels", "read_pixel_parts"):
        monkeypatch.setattr(f"cropmap.io.series.SeriesReader.{reader}", read)
    recipe = {"name": "own", "steps": OWN[:-1]}
    params = {"images": images, "samples": str(site.points), "recipe": recipe}
    with pytest.raises(RecipeError, match="no value"):
        run_job(Job("sample", params, str(tmp_path / "run")))


def test_the_demo_takes_a_recipe(tmp_path: Path) -> None:
    params = {
        "size": 64,
        "points": 150,
        "model": {"name": "random_forest", "trees": 5},
        "recipe": {"name": "raw", "min_clear": 2},
    }
    record = run_job(Job("demo", params, str(tmp_path / "demo")))
    assert read_package(record.result["outputs"]["package"]).recipe.name == "raw"
    assert record.result["figures"]["truth_overall_accuracy"] > 0.6
