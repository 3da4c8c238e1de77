"""What this machine and its libraries can do."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from cropmap.version import __version__

_NEEDED = {
    "numpy": "numpy",
    "numba": "numba",
    "rasterio": "rasterio",
    "pyogrio": "pyogrio",
    "shapely": "shapely",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "safetensors": "safetensors",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
}


def environment() -> dict[str, Any]:
    """Return versions, GPU, memory and disk, and `problems`: what is missing or broken, as sentences."""
    found: dict[str, Any] = {"cropmap": __version__, "python": platform.python_version()}
    problems: list[str] = []
    for module, package in _NEEDED.items():
        wrong = _import_problem(module)
        if wrong:
            problems.append(f"{package} cannot be imported: {wrong}")
        else:
            found[package] = metadata.version(package)
    found["gdal"] = _gdal()
    found["gpu"] = _gpu()
    found["cores"] = os.cpu_count()
    found["memory_gb"] = _memory_gb()
    found["disk_free_gb"] = round(shutil.disk_usage(Path.cwd()).free / 1e9, 1)
    return {**found, "problems": problems}


def _import_problem(module: str) -> str:
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a library file that is missing or built for another machine
        return str(error)
    return ""


def _gdal() -> str:
    try:
        return str(importlib.import_module("rasterio").__gdal_version__)
    except (ImportError, OSError):
        return "none"


def _gpu() -> str:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError):
        return "none"
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "none"


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return None
