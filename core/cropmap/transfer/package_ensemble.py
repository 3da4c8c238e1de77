"""Several packages that judge together, of several sites, years or strategies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import LegendError, TransferError
from cropmap.data.class_names import canonical
from cropmap.data.package import NO_SCALING, ModelPackage
from cropmap.models.base import load_model, shape_of
from cropmap.models.ensemble import Ensemble, EnsembleParams, Member
from cropmap.prepare.blocks import recipe_differences
from cropmap.training.start import package_digest
from cropmap.transfer.classes import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.legend import Legend

_MODEL = "ensemble"


def package_ensemble(packages: Sequence[ModelPackage], names: Sequence[str] = ()) -> ModelPackage:
    """Return one package that answers the mean of several packages' probabilities.

    Each keeps its scaling, temperature, class weights and time shift. Classes are matched by what their names mean; the
    first package's codes and colours stay. A class that some packages do not know gets the mean of those that do, and
    all probabilities are then made to sum to 1.

    Args:
        packages: At least two, prepared alike: the same bands, days and recipe, seasons that begin on the same day of
            the year. Recipe and season are the first one's.
        names: What messages and the record call them; numbered where none are given.

    Raises:
        TransferError: Fewer than two, some not prepared alike, an ensemble among them, or two classes that mean the
            same.

    Source: the mean of probabilities, Lakshminarayanan et al. 2017, arXiv:1612.01474.
    """
    if len(packages) < 2:
        raise TransferError(f"{len(packages)} package cannot judge together.", fix="Give two packages or more.")
    first = packages[0]
    names = names or [f"package {number}" for number in range(1, len(packages) + 1)]
    for name, package in zip(names, packages, strict=True):
        _check(first, package, (names[0], name))
    legend = _legend(packages, names)
    members = [_member(package, legend) for package in packages]
    entries: list[Any] = [{"name": package.model, **package.params} for package in packages]
    shape = shape_of(ModelPackage(_MODEL, {}, {}, first.recipe, first.days, first.bands, legend, NO_SCALING, ""))
    ensemble = Ensemble(EnsembleParams(entries), shape, members)
    told = [_told(name, package) for name, package in zip(names, packages, strict=True)]
    return ModelPackage(
        model=_MODEL,
        params={"members": entries, "copies": 1},
        arrays=ensemble.arrays(),
        recipe=first.recipe,
        days=first.days,
        bands=first.bands,
        legend=legend,
        scaling=NO_SCALING,
        fingerprint=_fingerprint(packages),
        record={"members": told, "samples": _counts(packages, legend), **_evidence(packages)},
    )


def _check(first: ModelPackage, package: ModelPackage, names: tuple[str, str]) -> None:
    if package.model == _MODEL:
        raise TransferError(
            f"{names[1]} is an ensemble itself.", where="packages", fix="Give the packages of its members instead."
        )
    wrong = []
    for what in ("bands", "days"):
        one, other = list(getattr(first, what)), list(getattr(package, what))
        if one != other:
            wrong.append(f"its {what} are {other}, not {one}")
    wrong = wrong or recipe_differences(package.recipe, first.recipe)
    begins, here = (f"{own.recipe.season.start:%d %B}" for own in (first, package))
    if begins != here:
        wrong.append(f"its season begins on {here}, not on {begins}")
    if wrong:
        raise TransferError(
            f"{names[1]} is of series that were not prepared like those of {names[0]}: {'; '.join(wrong)}.",
            where="packages",
            fix="Train all on samples that were prepared with one recipe.",
        )


def _legend(packages: Sequence[ModelPackage], names: Sequence[str]) -> Legend:
    legend = packages[0].legend
    for name, package in zip(names, packages, strict=True):
        legend = _with_classes(legend, package, name)
    return legend


def _with_classes(legend: Legend, package: ModelPackage, name: str) -> Legend:
    try:
        return joined(legend, package.legend)
    except LegendError as error:
        raise TransferError(error.what, where=f"classes of {name}", fix=error.fix) from error


def _member(package: ModelPackage, legend: Legend) -> Member:
    column = {canonical(name): number for number, name in enumerate(legend.names)}
    columns = tuple(column[canonical(name)] for name in package.legend.names)
    return Member(
        load_model(package),
        package.scaling,
        package.temperature,
        package.class_weights,
        () if columns == tuple(range(len(legend))) else columns,
        package.shift_days,
    )


def _told(name: str, package: ModelPackage) -> dict[str, Any]:
    """Return what an ensemble's record says of a member."""
    season = package.recipe.season
    own = {"name": name, "model": package.model, "fingerprint": package.fingerprint}
    return {**package.record, **own, "season": [season.start.isoformat(), season.end.isoformat()]}


def _evidence(packages: Sequence[ModelPackage]) -> dict[str, Any]:
    """Return the spans of the bands' values over all packages, and whether one's images had a cloud mask."""
    told = [package.record.get("ranges", {}) for package in packages]
    spans = {band: [own[band] for own in told if band in own] for band in packages[0].bands}
    ranges = {band: [min(low for low, _ in own), max(high for _, high in own)] for band, own in spans.items() if own}
    return {"ranges": ranges, "masked": any(package.record.get("masked") for package in packages)}


def _counts(packages: Sequence[ModelPackage], legend: Legend) -> dict[str, int]:
    """Return how many samples of each class the packages learnt from, all together."""
    found = dict.fromkeys(legend.names, 0)
    named = {canonical(name): name for name in legend.names}
    for package in packages:
        for name, count in package.record.get("samples", {}).items():
            if canonical(name) in named:
                found[named[canonical(name)]] += int(count)
    return found


def _fingerprint(packages: Sequence[ModelPackage]) -> str:
    """Return a SHA-256 of all packages."""
    return hashlib.sha256(" ".join(map(package_digest, packages)).encode()).hexdigest()
