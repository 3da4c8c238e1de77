"""Two years of one place, the second cool with more of the early crop: a model in thermal time alone maps it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from cropmap.contract.errors import RecipeError
from cropmap.contract.job import Job
from cropmap.contract.params import chosen
from cropmap.io.packages import read_package
from cropmap.jobs.run import run_job
from cropmap.mapping.fingerprint import map_fingerprint
from cropmap.prepare.look import settled_for
from cropmap.sources import SOURCES

SIDE, MORE_EARLY = 24, 18
BANDS = ("red", "nir")
PEAKS = {"Early": 1150.0, "Late": 1600.0}  # degree-days since 1 January
SEASON = {"start": "2022-04-10", "end": "2022-09-27"}


def weather(year: int, middle: float) -> list[tuple[dt.date, float, float]]:
    """Return date, lowest and highest of each day of a year."""
    dates = [dt.date(year, 1, 1) + dt.timedelta(days=day) for day in range(365)]
    means = [middle + 12 * np.cos(2 * np.pi * (day - 195) / 365) for day in range(365)]
    return [(date, mean - 6, mean + 6) for date, mean in zip(dates, means, strict=True)]


def write_year(folder: Path, year: int, middle: float, early: int = SIDE // 2) -> dict[str, Any]:
    """Write a year's images and temperatures; `early` columns at the left bear the early crop."""
    folder.mkdir()
    rng = np.random.default_rng(year)
    days = weather(year, middle)
    sums = np.cumsum([max((min(high, 30) + max(low, 0)) / 2, 0) for _, low, high in days])
    peaks = np.repeat(list(PEAKS.values()), [early, SIDE - early]) + rng.normal(0, 25, (SIDE, SIDE))
    soil, leaf = np.array([0.16, 0.22]), np.array([0.03, 0.48])
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 2, "dtype": "float32", "crs": "EPSG:32633"}
    for day in range(60, 330, 6):
        cover = 0.85 * np.exp(-0.5 * ((sums[day] - peaks) / 280) ** 2)
        values = soil + cover[..., np.newaxis] * (leaf - soil) + rng.normal(0, 0.01, (SIDE, SIDE, 2))
        name, transform = f"{days[day][0]}.tif", Affine(30, 0, 500000, 0, -30, 5000000)
        with rasterio.open(folder / name, "w", transform=transform, **profile) as raster:
            raster.write(np.moveaxis(values, -1, 0).astype(np.float32))
            raster.descriptions = BANDS
    rows = [f"{date},{low:.2f},{high:.2f}" for date, low, high in days]
    table = folder.with_suffix(".csv")
    table.write_text("\n".join(["date,tmin,tmax", *rows]), "utf-8")
    return {"name": "folder", "path": str(folder), "masks": ["none"], "temperatures": str(table)}


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("years")
    return write_year(folder / "warm", 2022, 12.0), write_year(folder / "cool", 2023, 8.5, MORE_EARLY)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = ["x,y,class"]
    for row in range(0, SIDE, 2):
        for col in range(0, SIDE, 2):
            name = list(PEAKS)[col >= SIDE // 2]
            rows.append(f"{500000 + 30 * col + 15},{5000000 - 30 * row - 15},{name}")
    path = tmp_path_factory.mktemp("points") / "points.csv"
    path.write_text("\n".join(rows), "utf-8")
    return str(path)


def done(kind: str, out: Path, **params: Any) -> dict[str, Any]:
    return dict(run_job(Job(kind, params, str(out))).result)


def trained(out: Path, images: dict[str, Any], points: str, recipe: dict[str, Any]) -> str:
    sampled = done(
        "sample", out / "sample", images=images, samples=points, samples_crs="EPSG:32633", recipe=recipe, folds=2
    )
    forest = {"name": "random_forest", "trees": 30}
    fitted = done("train", out / "train", sample_set=sampled["outputs"]["samples"], model=forest, folds=2)
    return str(fitted["outputs"]["package"])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, years: tuple[dict[str, Any], dict[str, Any]], points: str) -> str:
    """A model of the warm year in thermal time."""
    return trained(tmp_path_factory.mktemp("thermal"), years[0], points, {"name": "weekly_linear_thermal", **SEASON})


def right(path: str, package: str, early: int) -> float:
    """Return the share of the site that a map names right."""
    codes = {found.name: found.code for found in read_package(package).legend.classes}
    with rasterio.open(path) as raster:
        found = raster.read(1)
    return float((found == np.repeat([codes[name] for name in PEAKS], [early, SIDE - early])).mean())


@pytest.mark.parametrize(
    ("recipe", "low", "high"),
    [
        ({"name": "weekly_linear"}, 0.0, 0.5),
        ({"name": "weekly_linear_phenology", "index": "ndvi"}, 0.0, 0.5),  # the median peak is that of another crop
        ({"name": "weekly_linear_thermal"}, 0.97, 1.0),
    ],
    ids=["calendar", "peaks", "thermal"],
)
def test_a_model_of_a_warm_year_maps_a_cool_one_in_thermal_time_only(
    tmp_path: Path,
    years: tuple[dict[str, Any], dict[str, Any]],
    points: str,
    recipe: dict[str, Any],
    low: float,
    high: float,
) -> None:
    package = trained(tmp_path, years[0], points, {**recipe, **SEASON})
    warm, cool = (
        done("map", tmp_path / name, images=images, package=package) for name, images in zip("ab", years, strict=True)
    )
    assert right(warm["outputs"]["class_map"], package, SIDE // 2) > 0.97
    assert low <= right(cool["outputs"]["class_map"], package, MORE_EARLY) <= high


def test_the_temperatures_are_an_input_of_the_run_and_their_change_makes_another_map(
    package: str, years: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    model = read_package(package)
    assert "warm.csv" in (Path(package).parents[1] / "sample" / "run.json").read_text("utf-8")
    name, values = chosen(years[1])
    series = SOURCES.get(name).make(SOURCES.get(name).parse(values))
    season = model.recipe.season.nearest(series.dates)

    def print_of(temperatures: Any) -> str:
        given = replace(series, temperatures=temperatures)
        return map_fingerprint(model, given, season, settled_for(model.recipe, given, season))

    known = series.temperatures
    warmer = replace(known, high=tuple(high + 1 for high in known.high))
    assert print_of(known) == print_of(replace(known, path="elsewhere.csv")) != print_of(warmer)
    # Where no step asks for them they change nothing.
    without = replace(series, temperatures=None)
    assert map_fingerprint(model, series, season) == map_fingerprint(model, without, season)


def test_a_map_without_temperatures_is_refused_before_it_is_begun(
    tmp_path: Path, package: str, years: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    with pytest.raises(RecipeError, match="no temperatures are known"):
        done("map", tmp_path / "map", images={**years[1], "temperatures": ""}, package=package)


def test_a_cube_in_thermal_time_stands_for_its_images(
    tmp_path: Path, package: str, years: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    warm = next(step.params for step in read_package(package).recipe.steps if step.name == "thermal_time")
    kept = {key: warm[key] for key in ("degree_days", "start_sum")}
    recipe = {"name": "weekly_linear_thermal", "start": "2023-04-10", "end": "2023-09-27", **kept}
    cube = done("prepare", tmp_path / "prepare", images=years[1], recipe=recipe)["outputs"]["cube"]
    direct = done("map", tmp_path / "direct", images=years[1], package=package)
    by_cube = done("map", tmp_path / "by_cube", images={"name": "prepared", "path": cube}, package=package)
    with rasterio.open(direct["outputs"]["class_map"]) as one, rasterio.open(by_cube["outputs"]["class_map"]) as other:
        np.testing.assert_array_equal(one.read(1), other.read(1))


def test_a_comparison_of_recipes_leaves_thermal_time_out_and_says_why(
    tmp_path: Path, years: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    recipes = ["weekly_linear", {"name": "weekly_linear_thermal", **SEASON}]
    found = done("compare", tmp_path / "run", images=years[0], recipes=recipes, pixels=100)["figures"]
    assert list(found["relative_rmse"]) == ["weekly_linear"]
    assert "degree-days" in found["left_out"]["weekly_linear_thermal"]
