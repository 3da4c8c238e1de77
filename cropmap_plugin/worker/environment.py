"""Which Python computes, and in which environment variables. No Qt here."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "CROPMAP_PYTHON"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_STAMP = "cropmap-stamp.txt"
_WINDOWS = "win32"

# QGIS points these at its own libraries; the worker has others.
_SCRUBBED = {
    "GDAL_DATA",
    "GDAL_DRIVER_PATH",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "PIP_TARGET",
    "PIP_USER",
    "PROJ_DATA",
    "PROJ_LIB",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "QT_PLUGIN_PATH",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def clean_environment(variables: Mapping[str, str], prefix: str = sys.prefix) -> dict[str, str]:
    """Return environment variables without those that would mix QGIS's libraries into another Python.

    Args:
        variables: The variables of the QGIS process.
        prefix: Where QGIS's Python is; certificate files inside it are left out.
    """
    return {
        name: value
        for name, value in variables.items()
        if name not in _SCRUBBED and not name.startswith("DYLD_") and not _of_qgis(name, value, prefix)
    }


def worker_environment(core: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that a worker runs in: clean, with the plugin's own copy of the library.

    Args:
        core: Folder that holds the package `cropmap`.
        variables: The variables to start from; this process's where None.
    """
    cleaned = clean_environment(os.environ if variables is None else variables)
    return {**cleaned, "PYTHONPATH": str(core), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def _of_qgis(name: str, value: str, prefix: str) -> bool:
    # /usr is a prefix of the whole system there, not of QGIS alone.
    return name in _CERTIFICATES and prefix != "/usr" and value.startswith(prefix)


@dataclass(frozen=True)
class WorkerPython:
    """A Python for the worker, and who chose it: "variable", "setting" or "managed"."""

    path: Path
    origin: str


def find_python(chosen: str, managed: Path, variables: Mapping[str, str] | None = None) -> WorkerPython | None:
    """Return the Python that jobs run in: the variable's, the user's choice, or the one the plugin made; else None.

    Args:
        chosen: The user's choice, empty where there is none.
        managed: Folder of the environment that the plugin makes.
        variables: Environment variables; this process's where None.
    """
    variables = os.environ if variables is None else variables
    candidates = [
        WorkerPython(Path(variables.get(VARIABLE, "")), "variable"),
        WorkerPython(Path(chosen), "setting"),
        WorkerPython(python_of(managed), "managed"),
    ]
    return next((found for found in candidates if found.path.is_file()), None)


def python_of(venv: Path, platform: str = sys.platform) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if platform == _WINDOWS else venv / "bin" / "python3"


def interpreter_in(path: Path) -> Path:
    """Return the interpreter that a user means: the file itself, or the one in an environment's folder."""
    inside = (python_of(path), path / "bin" / "python", path / "python.exe")
    return next((found for found in inside if found.is_file()), path)


def base_pythons(platform: str = sys.platform, prefix: str = sys.base_prefix, executable: str = "") -> list[Path]:
    """Return where a Python that can make an environment may be, best first.

    Never `sys.executable`: inside QGIS that is the QGIS program itself on Windows and macOS, and any python3 of the
    PATH on Linux.

    Args:
        platform: As `sys.platform`.
        prefix: As `sys.base_prefix`.
        executable: The QGIS program, from which the application's folder follows on macOS.
    """
    home = Path(prefix)
    if platform == _WINDOWS:
        root = os.environ.get("OSGEO4W_ROOT", "")
        bundled = sorted(Path(root, "apps").glob("Python3*/python.exe"), reverse=True) if root else []
        return [home / "python.exe", home / "python3.exe", *bundled]
    names = [home / "bin" / "python3"]
    if platform == "darwin":
        app = Path(executable).parent
        return [app / "bin" / "python3", *names, Path("/opt/homebrew/bin/python3"), Path("/usr/local/bin/python3")]
    newest = [Path(f"/usr/bin/python3.{minor}") for minor in (13, 12, 11, 10)]
    return [Path("/usr/bin/python3"), *names, *newest]


def first_existing(candidates: Iterable[Path]) -> Path | None:
    """Return the first of these files that exists."""
    return next((path for path in candidates if path.is_file()), None)


def requirements_hash() -> str:
    """Return what identifies the library's needs: a made environment carries it."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def is_current(managed: Path) -> bool:
    """Return whether the environment that the plugin made was finished, for these requirements."""
    stamp = managed / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == requirements_hash()


def write_stamp(managed: Path) -> None:
    """Mark the environment that the plugin made as finished."""
    (managed / _STAMP).write_text(requirements_hash() + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Health:
    """What `cropmap check` said of a Python.

    Args:
        versions: Name to version or value: cropmap, python, torch, gpu...
        problems: What is missing or broken, as sentences; empty where jobs can run.
    """

    versions: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether jobs can run."""
        return not self.problems


def health_of(output: str, errors: str) -> Health:
    """Read what `python -m cropmap check --json` printed.

    Args:
        output: Its standard output.
        errors: Its standard error, for the case that it failed before it could answer.
    """
    for line in reversed(output.splitlines()):
        found = _json_object(line)
        if "cropmap" in found:
            problems = tuple(str(problem) for problem in found.pop("problems", []))
            return Health({name: str(value) for name, value in found.items()}, problems)
    last = (errors.strip().splitlines() or ["It printed nothing."])[-1]
    return Health(problems=(f"This Python cannot run cropmap: {last}",))


def _json_object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
