"""What can be chosen: the catalogue of all registries, and checks of plain values against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cropmap.contract.catalogue import Catalogue, CatalogueEntry, named_entries, nested_problems, put_entry
from cropmap.contract.job import resolve_paths
from cropmap.jobs import JOBS
from cropmap.models import MODELS
from cropmap.prepare import RECIPES, STEPS
from cropmap.sources import SOURCES, TABLES
from cropmap.transfer import STRATEGIES
from cropmap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cropmap.contract.errors import Problem
    from cropmap.registry import Registry

REGISTRIES: Mapping[str, Registry[Any]] = {
    "jobs": JOBS,
    "sources": SOURCES,
    "tables": TABLES,
    "recipes": RECIPES,
    "steps": STEPS,
    "models": MODELS,
    "strategies": STRATEGIES,
}


def catalogue() -> Catalogue:
    """Return everything that is registered."""
    listed: dict[str, dict[str, CatalogueEntry]] = {
        name: {entry.name: entry.catalogued() for entry in registry.entries()} for name, registry in REGISTRIES.items()
    }
    return Catalogue(__version__, listed)


def problems(registry: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
    """Return everything wrong with an entry's parameter values; imports only the entries that are named."""
    return nested_problems(_schema, registry, name, values)


def absolute_paths(registry: str, name: str, values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the values with every relative path, in nested entries too, made absolute under `base`."""
    declared = _schema(registry, name)
    resolved = resolve_paths(declared, values, base)
    for key, (kind, entry, own) in named_entries(declared, values).items():
        whole = key.partition("[")[0]
        resolved.setdefault(whole, declared["properties"][whole].get("default"))
        put_entry(resolved, key, {"name": entry, **absolute_paths(kind, entry, own, base)})
    return resolved


def resolved(registry: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameter values, the defaults filled in, those of nested entries too."""
    declared = _schema(registry, name)
    defaults = {key: prop["default"] for key, prop in declared["properties"].items() if "default" in prop}
    filled = defaults | dict(values)
    for key, (kind, entry, own) in named_entries(declared, filled).items():
        put_entry(filled, key, {"name": entry, **resolved(kind, entry, own)})
    return filled


def _schema(registry: str, name: str) -> Mapping[str, Any]:
    return REGISTRIES[registry].get(name).catalogued().schema
