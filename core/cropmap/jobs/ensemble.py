"""Join models of several sites, years or kinds to one that answers their mean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import ParameterError, Problem
from cropmap.contract.params import param
from cropmap.contract.words import counted, listed
from cropmap.io.packages import read_package, write_package
from cropmap.jobs import JOBS
from cropmap.transfer.package_ensemble import package_ensemble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cropmap.jobs.run import Run

_PACKAGE = "model.cropmap"


@dataclass(frozen=True, kw_only=True)
class EnsembleJobParams:
    """What `ensemble` takes."""

    packages: list[str] = param(
        kind="packages",
        title="Models",
        help="Two or more model packages (.cropmap) whose samples were prepared by one recipe. Codes and colours are "
        "those of the first one's classes.",
    )


@JOBS.register(
    "ensemble",
    title="Join models to an ensemble",
    params=EnsembleJobParams,
    citation="Lakshminarayanan et al. 2017, arXiv:1612.01474",
)
def ensemble(params: EnsembleJobParams, run: Run) -> Mapping[str, Any]:
    """Join models of several sites, years or kinds to one model, which answers the mean of their probabilities."""
    paths = [Path(text) for text in params.packages]
    _check(paths)
    run.inputs |= set(paths)
    with run.stage("Reading", 0.0, 0.7) as progress:
        packages = [read_package(path) for path in progress.over(paths, "Reading models")]
    names = _names(paths)
    with run.stage("Joining", 0.7, 1.0):
        joined = package_ensemble(packages, names)
        areas = [name for name, package in zip(names, packages, strict=True) if package.applicability is not None]
        if areas:
            run.warn(f"An ensemble has no area of applicability: what {listed(areas)} tells of its own is not kept.")
        write_package(run.output("package", _PACKAGE), joined)
    return {"figures": {"members": len(packages), "classes": joined.record["samples"]}}


def _check(paths: Sequence[Path]) -> None:
    """Refuse what is no list of several files, all of it at once, before any is read."""
    found = []
    if len(paths) < 2:
        what = f"names {counted(len(paths), 'package', 'packages')}, which cannot judge together."
        found.append(Problem("packages", what, "Name two packages or more."))
    twice = [str(path) for path, times in Counter(path.resolve() for path in paths).items() if times > 1]
    if twice:
        found.append(Problem("packages", f"names {listed(twice)} more than once.", "Name each package once."))
    missing = list(dict.fromkeys(str(path) for path in paths if not path.is_file()))
    if missing:
        what = f"names {listed(missing)}, where there is no file."
        found.append(Problem("packages", what, "Name packages (.cropmap) that the train or transfer job wrote."))
    if found:
        raise ParameterError(found, where="ensemble")


def _names(paths: Sequence[Path]) -> list[str]:
    """Return what the packages are called: their files' names, after their folders' where these are alike."""
    stems = [path.stem for path in paths]
    return [f"{path.parent.name}/{path.stem}" if stems.count(path.stem) > 1 else path.stem for path in paths]
