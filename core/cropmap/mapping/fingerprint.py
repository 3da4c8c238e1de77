"""What a map depends on, as one hash: an unfinished map is continued only where nothing of it has changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.version import __version__

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season


def map_fingerprint(package: ModelPackage, series: SceneSeries, season: Season) -> str:
    """Return the SHA-256 of the model, the images (by path, size and time of change), the season and the version.

    How the work is cut and shared (block size, threads) changes no pixel and does not enter.
    """
    digest = hashlib.sha256()
    described = {
        "version": __version__,
        "package": _package(package),
        "series": dataclasses.asdict(series),
        "files": _files(series),
        "season": dataclasses.asdict(season),
    }
    digest.update(json.dumps(described, sort_keys=True, default=str).encode())
    for name, array in sorted(_arrays(package).items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _package(package: ModelPackage) -> dict[str, Any]:
    return {
        "model": package.model,
        "params": dict(package.params),
        "recipe": package.recipe.to_dict(),
        "bands": package.bands,
        "legend": package.legend.to_list(),
    }


def _arrays(package: ModelPackage) -> dict[str, np.ndarray[Any, Any]]:
    own = {"(days)": package.days, "(mean)": package.scaling.mean, "(deviation)": package.scaling.deviation}
    return {**package.arrays, **own}


def _files(series: SceneSeries) -> dict[str, tuple[int, int]]:
    assets = [asset for scene in series.scenes for asset in (*scene.bands.values(), scene.mask) if asset is not None]
    found = {}
    for path in {asset.path for asset in assets}:
        # What GDAL opens need not be a file: a subdataset's name, an address.
        if Path(path).is_file():
            status = Path(path).stat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return found
