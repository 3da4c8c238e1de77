"""Model packages as their manifests tell: one small member of a zip file is read, and nothing is unpacked."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cropmap.contract.errors import OutputError, PackageError

from ..house import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX = ".cropmap"
# What a run calls its package: the whole model, and before that the best one so far.
WHOLE, SO_FAR = "model" + SUFFIX, "model_so_far" + SUFFIX
CUT_OFF = "cutoff_"  # and a date: what a run that looks at how early crops are told apart calls each of its models
MANY = "packages"  # the folder of a run that gives several
FIGURES = ("overall_accuracy", "macro_f1", "kappa")

_MANIFEST, _REPORTS = "manifest.json", ("report.html", "transfer.html")
_LIMIT = 16 * 2**20
_RUNS_LIMIT = 1000  # files looked at in a folder of runs
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


@dataclass(frozen=True)
class Package:
    """What is known of a model package without opening its weights.

    Args:
        path: The file.
        modified: When it was written, local time.
        size: Bytes.
        model: The model's registered name.
        params: Its settings.
        recipe: Name of the recipe that its series were prepared by.
        season: First and last day, ISO; empty where the manifest holds none.
        steps: Steps of a series.
        bands: Names of the bands.
        classes: Name and colour of each class.
        samples: Samples by class.
        figures: Cross-validated overall accuracy, macro F1 and kappa, 0..1; those that were measured.
    """

    path: Path
    modified: dt.datetime
    size: int
    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    season: tuple[str, ...] = ()
    steps: int = 0
    bands: tuple[str, ...] = ()
    classes: tuple[tuple[str, str], ...] = ()
    samples: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called: the file's name, or its run's where every run calls its file so."""
        run = self._run.name
        if self.path.name == SO_FAR or self.path.name.startswith(CUT_OFF) or self._run != self.path.parent:
            return f"{run} ({self.path.stem})"
        return run if self.path.name == WHOLE and run else self.path.stem

    @property
    def _run(self) -> Path:
        """The folder of its run."""
        folder = self.path.parent
        return folder.parent if folder.name == MANY else folder

    @property
    def total(self) -> int:
        """How many samples it was trained and validated on."""
        return sum(self.samples.values())

    @property
    def report(self) -> Path | None:
        """The report of its run, where there is one."""
        reports = (self._run / name for name in _REPORTS)
        return next((found for found in reports if found.is_file()), None)


def packages_in(folder: Path, added: Iterable[Path] = ()) -> list[Path]:
    """Return the packages in a folder of runs and those added by hand that are still there, without repeats."""
    places = (f"*{SUFFIX}", f"*/*{SUFFIX}", f"*/{MANY}/*{SUFFIX}")
    found = [path for place in places for path in sorted(folder.glob(place))] if folder.is_dir() else []
    listed = [*found[:_RUNS_LIMIT], *added]
    return [path for path in dict.fromkeys(listed) if path.is_file()]


def read_summary(path: Path) -> Package:
    """Return what a package's manifest tells.

    Raises:
        PackageError: The file is missing, no model package, or damaged.
    """
    try:
        about = path.stat()
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(_MANIFEST)
            if info.file_size > _LIMIT:
                raise _refused(path, f"its {_MANIFEST} is too large")
            with archive.open(info) as member:
                content = member.read(_LIMIT + 1)  # whatever the zip's table of contents claims
    except KeyError as error:
        raise _refused(path, f"it holds no {_MANIFEST}") from error
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise _refused(path, str(error)) from error
    modified = dt.datetime.fromtimestamp(about.st_mtime).astimezone()
    return _summary(path, _manifest(path, content), modified, about.st_size)


def _manifest(path: Path, content: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(content.decode(), parse_constant=_no_number) if len(content) <= _LIMIT else None
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"{_MANIFEST} is not JSON") from error
    if not isinstance(fields, dict) or "cropmap_package" not in fields:
        raise _refused(path, f"{_MANIFEST} is not that of a model package")
    return fields


def _summary(path: Path, fields: Mapping[str, Any], modified: dt.datetime, size: int) -> Package:
    recipe, record = _table(fields, "recipe"), _table(fields, "record")
    samples = {str(name): n for name, n in _table(record, "samples").items() if isinstance(n, int)}
    figures = _table(record, "cross_validation")
    measured = {name: figures[name] for name in FIGURES if _is_number(figures.get(name))}
    classes = [found for found in _list(fields, "legend") if isinstance(found, dict)]
    return Package(
        path=path,
        modified=modified,
        size=size,
        model=str(fields.get("model", "")),
        params=_table(fields, "params"),
        recipe=str(recipe.get("name", "")),
        season=tuple(str(day) for day in _list(recipe, "season")[:2]),
        steps=len(_list(fields, "days")),
        bands=tuple(str(band) for band in _list(fields, "bands")),
        classes=tuple((str(found.get("name", "")), str(found.get("colour", ""))) for found in classes),
        samples=samples,
        figures={name: float(value) for name, value in measured.items()},
    )


def _table(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    found = fields.get(name)
    return found if isinstance(found, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _no_number(text: str) -> NoReturn:
    message = f"{text} is no number"
    raise ValueError(message)


def _refused(path: Path, why: str) -> PackageError:
    text = tr("This is no whole model package: {why}.").format(why=why)
    return PackageError(text, where=str(path), fix=tr("Choose another file."))


# ---------------------------------------------------------------- files


def renamed(path: Path, name: str) -> Path:
    """Give a package's file another name, and return its path.

    Args:
        path: The file.
        name: The new name, with or without the ending.

    Raises:
        OutputError: The name cannot be a file's, is taken, or the folder cannot be written to.
    """
    stem = name.strip().removesuffix(SUFFIX)
    if not stem or stem.startswith(".") or stem.endswith(".") or _FORBIDDEN.search(stem):
        text = tr("{name} cannot be the name of a file.").format(name=repr(name))
        raise OutputError(text, where=str(path), fix=tr("Use letters, digits, spaces, - and _."))
    target = path.with_name(stem + SUFFIX)
    if target == path:
        return path
    if target.exists() and not target.samefile(path):  # a change of case alone names the same file on Windows
        text = tr("There is a file of that name already.")
        raise OutputError(text, where=str(target), fix=tr("Choose another name."))
    try:
        return path.rename(target)
    except OSError as error:
        raise _unwritable(path, error) from error


def copied(path: Path, target: Path) -> Path:
    """Copy a package's file, and return the copy's path.

    Raises:
        OutputError: The copy cannot be written, or would replace the package itself.
    """
    target = target if target.suffix == SUFFIX else target.with_name(target.name + SUFFIX)
    try:
        shutil.copyfile(path, target)
    except OSError as error:  # the same file is one too
        raise _unwritable(target, error) from error
    return target


def deleted(path: Path) -> None:
    """Delete a package's file; one that is gone already is no error.

    Raises:
        OutputError: It cannot be deleted.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutputError:
    text = tr("The file cannot be changed: {why}.").format(why=error.strerror or error)
    return OutputError(text, where=str(path), fix=tr("Close what uses it, or choose another folder."))
