"""What is asked: a job kind with its parameters, as a JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cropmap.contract.errors import JobError
from cropmap.contract.params import INPUT_PATH_LISTS, INPUT_PATHS, OUTPUT_PATHS

FORMAT = 1

# GDAL's drivers and URLs ("NETCDF:a.nc:x", "https://..."); one letter is a drive of Windows.
_GDAL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+]+:|/vsi")
# What QGIS puts behind a file: "a.gpkg|layername=fields".
_LAYER = re.compile(r"\|\w+=")
_DATED = re.compile(r"\s*(\d{4})\s*=\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Job:
    """A job kind, its parameters as plain values, and the run folder that its results go to."""

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    out: str = ""

    def to_json(self) -> str:
        """Return the job file's text."""
        fields = {"cropmap_job": FORMAT, "kind": self.kind, "out": self.out, "params": self.params}
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the job file."""
        path.write_text(self.to_json(), encoding="utf-8")


def read_job(path: Path | str) -> Job:
    """Read a job file.

    Raises:
        JobError: The file is missing, not JSON, or not a job of a format known here.
    """
    path = Path(path)
    try:
        # Some editors on Windows begin a file with a byte order mark.
        fields = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise JobError(f"The job file cannot be read: {error.strerror}.", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise JobError(f"The job file is not JSON: {error}.", where=str(path)) from error
    return job_of(fields, where=str(path))


def job_of(fields: Any, where: str = "") -> Job:
    """Build a job from a job file's decoded content."""
    if not isinstance(fields, Mapping) or "cropmap_job" not in fields:
        raise JobError(
            "This is not a job file.",
            where=where,
            fix='It must hold {"cropmap_job": 1, "kind": ..., "params": {...}}.',
        )
    if fields["cropmap_job"] != FORMAT:
        raise JobError(
            f"The job file has format {fields['cropmap_job']!r}; this version reads {FORMAT}.",
            where=where,
            fix="Write it again with this version of cropmap.",
        )
    unknown = sorted(set(fields) - {"cropmap_job", "kind", "out", "params"})
    if unknown:
        raise JobError(f"The job file has unknown keys: {', '.join(unknown)}.", where=where, fix="Remove them.")
    kind, params, out = fields.get("kind"), fields.get("params", {}), fields.get("out", "")
    if not isinstance(kind, str) or not isinstance(params, Mapping) or not isinstance(out, str):
        raise JobError("kind and out must be text and params a table.", where=where, fix="Correct them.")
    return Job(kind=kind, params=dict(params), out=out)


def resolve_paths(declared: Mapping[str, Any], values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with every relative path made absolute under `base`, the job file's folder.

    Inputs that only GDAL understands, such as "NETCDF:a.nc:x", URLs and "/vsizip/...", are left as they are.

    Args:
        declared: The parameters' schema.
        values: Plain parameter values.
        base: Folder that relative paths start from.
    """
    resolved = dict(values)
    for name, prop in declared["properties"].items():
        if name in values:
            resolved[name] = _resolved(prop["x-kind"], values[name], base)
    return resolved


def _resolved(kind: str, value: Any, base: Path) -> Any:
    """Return a parameter's paths made absolute; what is no path of a file is left as it is, for the check to judge."""
    if kind in INPUT_PATH_LISTS and isinstance(value, (list, tuple)):
        return [_resolved_item(item, base) if kind == "rasters" else _resolved("package", item, base) for item in value]
    if not isinstance(value, str) or not value:
        return value
    named = kind in OUTPUT_PATHS or (kind in INPUT_PATHS and not _GDAL_NAME.match(value))
    return _absolute(value, base) if named else value


def _resolved_item(item: Any, base: Path) -> Any:
    """Return a raster's path made absolute; a year may stand before it, as in "2016=labels.tif"."""
    dated = _DATED.match(item) if isinstance(item, str) else None
    return f"{dated[1]}={_resolved('raster', dated[2], base)}" if dated else _resolved("raster", item, base)


def _absolute(value: str, base: Path) -> str:
    layer = _LAYER.search(value)
    end = layer.start() if layer else len(value)
    return str((base / _at_home(value[:end])).resolve()) + value[end:]


def _at_home(value: str) -> Path:
    # Only a lone tilde means the home folder: "~$draft.csv" is a file's name.
    return Path(value).expanduser() if value[1:2] in {"", "/", "\\"} else Path(value)
