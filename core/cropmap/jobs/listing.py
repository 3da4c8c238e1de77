"""What can be chosen: the catalogue of all registries, and checks of plain values against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cropmap.contract.catalogue import Catalogue, CatalogueEntry
from cropmap.contract.errors import JobError, Problem
from cropmap.contract.job import resolve_paths
from cropmap.contract.params import check, chosen
from cropmap.jobs import JOBS
from cropmap.models import MODELS
from cropmap.prepare import RECIPES, STEPS
from cropmap.sources import SOURCES
from cropmap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cropmap.registry import Registry

REGISTRIES: Mapping[str, Registry[Any]] = {
    "jobs": JOBS,
    "sources": SOURCES,
    "recipes": RECIPES,
    "steps": STEPS,
    "models": MODELS,
}


def catalogue() -> Catalogue:
    """Return everything that is registered."""
    listed: dict[str, dict[str, CatalogueEntry]] = {
        name: {entry.name: entry.catalogued() for entry in registry.entries()} for name, registry in REGISTRIES.items()
    }
    return Catalogue(__version__, listed)


def problems(registry: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
    """Return everything wrong with an entry's parameter values; imports only the entries that are named."""
    declared = REGISTRIES[registry].get(name).catalogued().schema
    found = check(declared, values)
    wrong = {problem.parameter for problem in found}
    for key, nested in _entries(declared, values).items():
        if key not in wrong:
            found += _nested_problems(key, *nested)
    return found


def absolute_paths(registry: str, name: str, values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with every relative path, in nested entries too, made absolute under `base`."""
    declared = REGISTRIES[registry].get(name).catalogued().schema
    resolved = resolve_paths(declared, values, base)
    for key, (kind, entry, own) in _entries(declared, values).items():
        resolved[key] = {"name": entry, **absolute_paths(kind, entry, own, base)}
    return resolved


def _entries(declared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return the nested entries' registry, name and values, by parameter; malformed ones are left to `check`."""
    found = {}
    for key, prop in declared["properties"].items():
        value = values.get(key, prop.get("default"))
        named = isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("name"), str))
        if prop["x-kind"] == "entry" and named:
            found[key] = (prop["x-registry"], *chosen(value))
    return found


def _nested_problems(key: str, registry: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
    try:
        nested = problems(registry, name, values)
    except JobError as error:
        return [Problem(key, error.what, error.fix)]
    return [Problem(f"{key}.{problem.parameter}", problem.what, problem.fix) for problem in nested]
