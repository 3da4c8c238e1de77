from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cropmap.contract.job import Job
from cropmap.testing.synthetic import SyntheticOptions, SyntheticSite, write_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> SyntheticSite:
    options = SyntheticOptions(size=96, points=200, revisit_days=16, history=False, seed=3)
    return write_site(tmp_path_factory.mktemp("site"), options)


@pytest.fixture
def images(site: SyntheticSite) -> dict[str, Any]:
    return {"name": "folder", "path": str(site.images), "masks": ["QA_PIXEL"]}


@pytest.fixture
def recipe() -> dict[str, Any]:
    return {"name": "weekly_linear", "min_clear": 3, "max_gap_days": 0}


@pytest.fixture
def road(site: SyntheticSite, images: dict[str, Any], recipe: dict[str, Any]) -> Callable[..., Job]:
    """A small job of the whole road; keywords change its parameters."""

    def job(out: Path, **changed: Any) -> Job:
        params = {
            "images": images,
            "samples": str(site.points),
            "recipe": recipe,
            "model": {"name": "random_forest", "trees": 20},
            "folds": 3,
            "block": 32,
        }
        return Job("classify", params | changed, str(out))

    return job
