import datetime as dt

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from cropmap.contract.errors import SourceError
from cropmap.data.cube import Quality, RegularCube
from cropmap.data.recipe import Recipe, StepUse
from cropmap.data.season import Season
from cropmap.data.site import Grid
from cropmap.io.cubes import CubePlan, CubeWriter
from cropmap.sources import SOURCES
from cropmap.sources.folder import FolderParams
from cropmap.sources.folder import listing as folder_listing
from cropmap.sources.prepared import PreparedParams, listing

RECIPE = Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 4, 15)), (StepUse("linear", {"step_days": 7}),))
DAYS = np.array([0, 7, 14], np.int32)


@pytest.fixture
def folder(tmp_path):
    grid = Grid(CRS.from_epsg(32634).to_wkt(), 4e5, 5e6, 10.0, 10.0, 20, 10)
    plan = CubePlan(tmp_path, grid, DAYS, ("red",), RECIPE, (RECIPE.season.start,), ("red", "nir"), fingerprint="f")
    zeros = np.zeros(200, np.uint16)
    with CubeWriter(plan) as writer:
        values = np.ones((200, 3, 1), np.float32)
        writer.write(0, RegularCube(values, DAYS, ("red",), Quality(zeros, zeros), np.ones(200, bool)))
        writer.finish()
    return tmp_path


def opened(**values):
    entry = SOURCES.get("prepared")
    return entry.make(entry.parse(values))


def test_the_file_and_its_folder_name_the_same_cube(folder):
    assert opened(path=str(folder)) == opened(path=str(folder / "cube.tif"), check=True)
    assert opened(path=str(folder)).recipe == RECIPE


def test_the_listing_names_steps_bands_and_recipe(folder):
    found = listing(PreparedParams(path=str(folder)))
    assert found["dates"] == ["2023-04-01", "2023-04-08", "2023-04-15"]
    assert (found["bands"], found["recipe"]["name"], found["problems"]) == (["red"], "weekly", [])
    assert found["grid"]["bounds"] == [4e5, 5e6 - 100, 4e5 + 200, 5e6]


def test_damage_is_found_before_any_work_where_that_is_asked(folder):
    with (folder / "cube.tif").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    opened(path=str(folder))
    with pytest.raises(SourceError, match=r"1 of the cube's 1 squares are damaged, the first at row 0, column 0"):
        opened(path=str(folder), check=True)


def test_a_folder_without_a_cube_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"no prepared cube.*cube\.tif that a prepare job wrote"):
        opened(path=str(tmp_path))


def test_an_unfinished_cube_is_refused(tmp_path):
    (tmp_path / "cube.partial.tif").write_bytes(b"")
    with pytest.raises(SourceError, match=r"not finished.*Run its prepare job again"):
        opened(path=str(tmp_path))


def test_a_cube_taken_as_a_folder_of_images_is_refused_and_its_own_source_named(folder):
    make = SOURCES.get("folder").make
    for path in (folder, folder / "cube.tif", folder.parent):
        for take in (make, folder_listing):
            with pytest.raises(SourceError, match=r"cube that a prepare job wrote.*--images prepared .*/cube\.tif"):
                take(FolderParams(path=str(path)))


def test_images_whose_bands_are_called_like_a_cubes_are_images(folder):
    with rasterio.open(folder / "cube.tif") as cube:
        profile, values, names = cube.profile, cube.read(), cube.descriptions
    (folder / "images").mkdir()
    with rasterio.open(folder / "images" / "plain.tif", "w", **profile) as plain:
        plain.write(values)
        plain.descriptions = names
    asked = FolderParams(path=str(folder / "images"), band_names=["red"], first_date="2023-04-01", step_days=7)
    assert len(SOURCES.get("folder").make(asked).dates) == 6
