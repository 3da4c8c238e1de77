"""What a map or a cube depends on, as one hash: it is continued, or taken as done, only where that is unchanged."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.data.applicability import SPACES
from cropmap.data.prepared import PreparedSeries
from cropmap.version import __version__

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage
    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneSeries
    from cropmap.data.season import Season


def map_fingerprint(
    package: ModelPackage, series: SceneSeries | PreparedSeries, season: Season, recipe: Recipe | None = None
) -> str:
    """Return the SHA-256 of the model, the images (by path, size and time of change), the season and the version.

    How the work is cut and shared (block size, threads) changes no pixel and does not enter.

    Args:
        package: The fitted model.
        series: The images, or the cube that was made of them.
        season: The span that is mapped.
        recipe: The package's, settled for these images; None where nothing had to be settled.
    """
    settled = (recipe or package.recipe).to_dict()
    about = {"package": _package(package), "recipe": settled, "season": dataclasses.asdict(season)}
    digest = _digest({**about, **_series(series)})
    for name, array in sorted(_arrays(package).items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def cube_fingerprint(series: SceneSeries, recipe: Recipe) -> str:
    """Return the SHA-256 of the images (by path, size and time of change), the recipe with its season and the version.

    How the work is cut and shared does not enter, as in `map_fingerprint`.
    """
    return _digest({"recipe": recipe.to_dict(), **_series(series)}).hexdigest()


def _digest(described: dict[str, Any]) -> hashlib._Hash:
    text = json.dumps({"version": __version__, **described}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode())


def _series(series: SceneSeries | PreparedSeries) -> dict[str, Any]:
    if isinstance(series, PreparedSeries):
        status = series.path.stat()
        made = (series.fingerprint, status.st_size, status.st_mtime_ns)
        return {"cube": str(series.path), "files": made}
    # What the source told the user about them changes no pixel; temperatures do so by the settled recipe alone.
    described = dataclasses.asdict(dataclasses.replace(series, notes=(), temperatures=None))
    del described["temperatures"]
    return {"series": described, "files": _files(series)}


def _package(package: ModelPackage) -> dict[str, Any]:
    return {
        "model": package.model,
        "params": dict(package.params),
        "recipe": package.recipe.to_dict(),
        "bands": package.bands,
        "legend": package.legend.to_list(),
        "temperature": package.temperature,
        "class_weights": package.class_weights,
        "shift_days": package.shift_days,
    }


def _arrays(package: ModelPackage) -> dict[str, np.ndarray[Any, Any]]:
    own = {"(days)": package.days, "(mean)": package.scaling.mean, "(deviation)": package.scaling.deviation}
    area = package.applicability
    if area is not None:
        own |= {"(centre)": area.centre, "(factors)": area.factors, "(reference)": area.reference}
        own["(threshold)"] = np.array([area.mean_distance, area.threshold, SPACES.index(area.space)])
    return {**package.arrays, **own}


def _files(series: SceneSeries) -> dict[str, tuple[int, int]]:
    assets = [asset for scene in series.scenes for asset in scene.assets]
    found = {}
    for path in {asset.path for asset in assets}:
        # What GDAL opens need not be a file: a subdataset's name, an address.
        if Path(path).is_file():
            status = Path(path).stat()
            found[path] = (status.st_size, status.st_mtime_ns)
    return found
