from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from cropmap.contract.job import Job
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.site import Grid
from cropmap.io.glance import glance
from cropmap.jobs.images import clear_dates, files_of
from cropmap.jobs.run import run_job
from cropmap.sources.folder import FolderParams, folder

if TYPE_CHECKING:
    from pathlib import Path

    from cropmap.testing.synthetic import SyntheticSite


@pytest.mark.parametrize("name", ["{}", 'NETCDF:"{}":red', "NETCDF:{}:red"])
def test_the_file_behind_a_subdataset_is_an_input(tmp_path: Path, name: str) -> None:
    path = tmp_path / "cube.nc"
    path.write_bytes(b"")
    scene = Scene(dt.date(2023, 5, 1), {"red": Asset(name.format(path))})
    series = SceneSeries(Grid("", 0, 10, 1, 1, 10, 10), ("red",), (scene,))
    assert files_of(series) == {path}


def test_inspect_tells_which_bands_each_date_has(tmp_path: Path, site: SyntheticSite, images: dict[str, Any]) -> None:
    figures = run_job(Job("inspect", {"images": images}, str(tmp_path))).result["figures"]
    assert figures["dates"] == [date.isoformat() for date in site.dates]
    assert [scene["date"] for scene in figures["scenes"]] == figures["dates"]
    assert all(scene["bands"] == figures["bands"] for scene in figures["scenes"])
    assert figures["masks"] == {"QA_PIXEL": "bits 1 2 3 4 5"}


def test_clear_shares_equal_the_masks_share_on_a_site_smaller_than_the_glance(site: SyntheticSite) -> None:
    shares = clear_dates(glance(folder(FolderParams(path=str(site.images)))))
    assert [found.date for found in shares] == list(site.dates)
    assert all(0 <= found.share <= 1 for found in shares)
    assert 0.2 < sum(found.share for found in shares) / len(shares) < 0.9
