"""Several packages that judge together, of several sites, years or strategies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import LegendError, TransferError
from cropmap.data.class_names import canonical
from cropmap.data.package import NO_SCALING, ModelPackage
from cropmap.models.base import load_model, shape_of
from cropmap.models.ensemble import Ensemble, EnsembleParams, Member
from cropmap.training.start import package_digest
from cropmap.transfer.classes import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cropmap.data.legend import Legend

_MODEL = "ensemble"


def package_ensemble(packages: Sequence[ModelPackage]) -> ModelPackage:
    """Return one package that answers the mean of several packages' probabilities.

    Each keeps its scaling, temperature, class weights and time shift. Classes are matched by what their names mean; the
    first package's codes and colours stay. A class that some packages do not know gets the mean of those that do, and
    all probabilities are then made to sum to 1.

    Args:
        packages: At least two, of the same bands and days. Recipe and season are the first one's.

    Raises:
        TransferError: Fewer than two, other bands or days, an ensemble among them, or two classes that mean the same.

    Source: the mean of probabilities, Lakshminarayanan et al. 2017, arXiv:1612.01474.
    """
    if len(packages) < 2:
        raise TransferError(f"{len(packages)} package cannot judge together.", fix="Give two packages or more.")
    first = packages[0]
    for package in packages:
        _check(first, package)
    legend = _legend(packages)
    members = [_member(package, legend) for package in packages]
    entries: list[Any] = [{"name": package.model, **package.params} for package in packages]
    shape = shape_of(ModelPackage(_MODEL, {}, {}, first.recipe, first.days, first.bands, legend, NO_SCALING, ""))
    ensemble = Ensemble(EnsembleParams(entries), shape, members)
    told = [{"model": package.model, "fingerprint": package.fingerprint, **package.record} for package in packages]
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
        record={"members": told, "samples": _counts(packages, legend)},
    )


def _check(first: ModelPackage, package: ModelPackage) -> None:
    for what in ("bands", "days"):
        one, other = list(getattr(first, what)), list(getattr(package, what))
        if one != other:
            raise TransferError(
                f"One package has the {what} {one}, another {other}.",
                where=what,
                fix="Train all on samples that were prepared with one recipe.",
            )
    if package.model == _MODEL:
        raise TransferError(
            "An ensemble is among the packages.", where="packages", fix="Give the packages of its members instead."
        )


def _legend(packages: Sequence[ModelPackage]) -> Legend:
    try:
        legend = packages[0].legend
        for package in packages[1:]:
            legend = joined(legend, package.legend)
    except LegendError as error:
        raise TransferError(error.what, where="legend", fix=error.fix) from error
    return legend


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
