"""Which jobs, sources, steps, recipes, models and strategies exist, with their parameters, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.errors import JobError, Problem
from cropmap.contract.params import check, chosen, is_none

if TYPE_CHECKING:
    from pathlib import Path


SchemaOf = Callable[[str, str], Mapping[str, Any]]


def nested_problems(schema_of: SchemaOf, registry: str, name: str, values: Mapping[str, Any]) -> list[Problem]:
    """Return everything wrong with an entry's parameter values, those of the entries it names included.

    Args:
        schema_of: Gives the schema of a registry's entry, or raises JobError where there is none of that name.
        registry: Registry of the entry.
        name: Its name.
        values: Plain parameter values.
    """
    declared = schema_of(registry, name)
    problems = check(declared, values)
    wrong = {problem.parameter for problem in problems}
    for key, (kind, entry, own) in named_entries(declared, values).items():
        if key.partition("[")[0] in wrong:
            continue
        try:
            found = nested_problems(schema_of, kind, entry, own)
        except JobError as error:
            problems.append(Problem(key, error.what, error.fix))
        else:
            problems += [Problem(f"{key}.{nested.parameter}", nested.what, nested.fix) for nested in found]
    return problems


def named_entries(declared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return registry, name and own values of the entries that parameter values, or their defaults, name.

    Returns:
        By parameter; those of a list are "steps[0]", "steps[1]", ...
    """
    found = {}
    for key, prop in declared["properties"].items():
        value = values.get(key, prop.get("default"))
        if is_none(prop, value):
            continue
        if prop["x-kind"] == "entry":
            listed = {key: value}
        elif prop["x-kind"] == "entries" and isinstance(value, (list, tuple)):
            listed = {f"{key}[{place}]": item for place, item in enumerate(value)}
        else:
            continue
        for place, item in listed.items():
            if isinstance(item, str) or (isinstance(item, Mapping) and "name" in item):
                found[place] = (prop["x-registry"], *chosen(item))
    return found


def put_entry(values: dict[str, Any], key: str, entry: Mapping[str, Any]) -> None:
    """Replace the entry that `named_entries` calls `key`; lists are copied, never changed in place."""
    name, _, place = key.rstrip("]").partition("[")
    if not place:
        values[name] = dict(entry)
        return
    listed = list(values[name])
    listed[int(place)] = dict(entry)
    values[name] = listed


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
        return nested_problems(lambda kind, entry: self.entry(kind, entry).schema, registry, name, values)

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
