"""What the plugin remembers between sessions, and where it keeps what it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.PyQt.QtCore import QStandardPaths

from .worker.environment import WorkerPython, find_python

if TYPE_CHECKING:
    from collections.abc import Iterable

_PYTHON = "cropmap/python"
_RUNS = "cropmap/runs_folder"
_PACKAGES = "cropmap/packages"
_TORCH_INDEX = "cropmap/torch_index"


def managed_environment() -> Path:
    """Return the folder of the environment that the plugin makes: in the user's data, away from the QGIS profile."""
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    base = Path(data) if data else Path(QgsApplication.qgisSettingsDirPath())
    return base / "cropmap" / "worker"


def chosen_python() -> str:
    """Return the Python that the user pointed at; empty where none."""
    return str(QgsSettings().value(_PYTHON, "") or "")


def choose_python(path: str) -> None:
    """Remember the Python that the user pointed at; an empty path forgets it."""
    QgsSettings().setValue(_PYTHON, path)


def worker_python() -> WorkerPython | None:
    """Return the Python that jobs run in, or None where there is none yet."""
    return find_python(chosen_python(), managed_environment())


def torch_index() -> str:
    """Return the package index for PyTorch alone; empty for the usual one."""
    return str(QgsSettings().value(_TORCH_INDEX, "") or "")


def choose_torch_index(address: str) -> None:
    """Remember the package index for PyTorch alone."""
    QgsSettings().setValue(_TORCH_INDEX, address)


def runs_folder() -> Path:
    """Return the folder that run folders are made in: the last one used, else beside the project, else at home."""
    remembered = str(QgsSettings().value(_RUNS, "") or "")
    if remembered:
        return Path(remembered)
    project = QgsProject.instance().homePath()
    return (Path(project) if project else Path.home()) / "cropmap_runs"


def choose_runs_folder(path: Path) -> None:
    """Remember the folder that run folders are made in."""
    QgsSettings().setValue(_RUNS, str(path))


def added_packages() -> list[Path]:
    """Return the model packages that the user added to the list of models, beside those of the runs."""
    try:
        listed = json.loads(str(QgsSettings().value(_PACKAGES, "[]") or "[]"))
    except ValueError:
        return []
    return [Path(path) for path in listed if isinstance(path, str)] if isinstance(listed, list) else []


def keep_packages(paths: Iterable[Path]) -> None:
    """Remember the model packages that the user added."""
    QgsSettings().setValue(_PACKAGES, json.dumps([str(path) for path in dict.fromkeys(paths)]))
