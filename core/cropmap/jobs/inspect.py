"""Show what the images are before anything runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.params import chosen
from cropmap.jobs import JOBS
from cropmap.jobs.params import ImagesParams
from cropmap.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.jobs.run import Run


@dataclass(frozen=True, kw_only=True)
class InspectParams(ImagesParams):
    """What `inspect` takes."""


@JOBS.register("inspect", title="Inspect images", params=InspectParams)
def inspect(params: InspectParams, run: Run) -> Mapping[str, Any]:
    """List the dates, bands, grid, scale and no-data value recognised in the images, before anything runs."""
    name, values = chosen(params.images)
    entry = SOURCES.get(name)
    # Each source lists what it finds beside its maker.
    listing = importlib.import_module(entry.make.__module__).listing
    with run.stage("Reading the images' headers", 0.0, 1.0):
        found = listing(entry.parse(values))
    run.warn(*found["warnings"], *found["problems"])
    return {"figures": found}
