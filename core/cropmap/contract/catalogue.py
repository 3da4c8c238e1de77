"""Which jobs, sources, steps, recipes, models and strategies exist, with their parameters, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import JobError, Problem
from cropmap.contract.params import check, chosen

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CatalogueEntry:
    """One registered thing: its name, what users read of it, and the schema of its parameters."""

    name: str
    title: str
    summary: str
    citation: str
    schema: dict[str, Any]
    needs: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of every parameter that has one."""
        properties = self.schema["properties"].items()
        return {name: prop["default"] for name, prop in properties if "default" in prop}


@dataclass(frozen=True)
class Catalogue:
    """All registries of one version of the library."""

    version: str
    registries: Mapping[str, Mapping[str, CatalogueEntry]]

    def entries(self, registry: str) -> tuple[CatalogueEntry, ...]:
        """Return a registry's entries in their order."""
        return tuple(self.registries[registry].values())

    def entry(self, registry: str, name: str) -> CatalogueEntry:
        """Return one entry.

        Raises:
            JobError: There is none of that name.
        """
        known = self.registries[registry]
        if name not in known:
            raise JobError(f"There is no {name!r} in {registry}.", fix=f"Known: {', '.join(known)}.")
        return known[name]

    def problems(self, registry: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
        """Return everything wrong with an entry's parameter values, nested entries included."""
        declared = self.entry(registry, name).schema
        problems = check(declared, values)
        wrong = {problem.parameter for problem in problems}
        for key, prop in declared["properties"].items():
            value = values.get(key)
            if prop["x-kind"] == "entry" and value is not None and key not in wrong:
                problems += self._nested_problems(key, prop["x-registry"], value)
        return problems

    def _nested_problems(self, key: str, registry: str, value: Any) -> list[Problem]:
        name, values = chosen(value)
        if name not in self.registries[registry]:
            known = ", ".join(self.registries[registry])
            return [Problem(key, f"There is no {name!r} in {registry}.", f"Known: {known}.")]
        return [
            Problem(f"{key}.{problem.parameter}", problem.what, problem.fix)
            for problem in self.problems(registry, name, values)
        ]

    def to_json(self) -> str:
        """Return the catalogue's file text."""
        registries = {
            registry: [
                {
                    "name": entry.name,
                    "title": entry.title,
                    "summary": entry.summary,
                    "citation": entry.citation,
                    "needs": list(entry.needs),
                    "schema": entry.schema,
                }
                for entry in entries.values()
            ]
            for registry, entries in self.registries.items()
        }
        return json.dumps({"version": self.version, "registries": registries}, indent=1, ensure_ascii=False) + "\n"


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue file."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    registries = {
        registry: {entry["name"]: CatalogueEntry(**{**entry, "needs": tuple(entry["needs"])}) for entry in entries}
        for registry, entries in fields["registries"].items()
    }
    return Catalogue(version=fields["version"], registries=registries)
