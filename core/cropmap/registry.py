"""One registry for everything that can be chosen by name: sources, steps, models, jobs.

An entry lives in a module of the registry's package. The module that bears the entry's name is imported when that entry
is asked for; all modules only when all entries are. So a forest never waits for the import of PyTorch.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cropmap.contract.catalogue import CatalogueEntry
from cropmap.contract.errors import JobError
from cropmap.contract.params import parse, schema

T = TypeVar("T")
MakerT = TypeVar("MakerT", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A registered maker with the parameters it takes and what users read of it."""

    name: str
    title: str
    summary: str
    citation: str
    params: type
    needs: tuple[str, ...]
    make: Callable[..., T]

    def parse(self, values: Mapping[str, Any]) -> Any:
        """Build the entry's parameters from plain values."""
        return parse(self.params, values)

    def catalogued(self) -> CatalogueEntry:
        """Return the entry as the catalogue lists it."""
        return CatalogueEntry(self.name, self.title, self.summary, self.citation, schema(self.params), self.needs)


class Registry(Generic[T]):
    """Named makers of one kind of thing.

    Args:
        kind: What users call the collection: "models".
        package: Package whose modules register the entries.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, Entry[T]] = {}

    def register(
        self, name: str, *, title: str, params: type, citation: str = "", needs: tuple[str, ...] = ()
    ) -> Callable[[MakerT], MakerT]:
        """Decorate the maker of an entry; the first paragraph of its docstring is the summary that users read.

        Args:
            name: The entry's name, and by preference its module's.
            title: What forms show.
            params: Dataclass of its parameters; the maker's first argument.
            citation: Publication that the method comes from.
            needs: What it cannot work without, e.g. "gradients".
        """

        def keep(make: MakerT) -> MakerT:
            if name in self._entries:
                message = f"{self.kind} has two entries named {name!r}"
                raise ValueError(message)
            summary = " ".join((make.__doc__ or "").split("\n\n")[0].split())
            self._entries[name] = Entry(name, title, summary, citation, params, needs, make)
            return make

        return keep

    def get(self, name: str) -> Entry[T]:
        """Return the entry of that name.

        Raises:
            JobError: There is none; the message lists the names there are.
        """
        if name not in self._entries:
            self._import(name)
        if name not in self._entries:
            known = ", ".join(entry.name for entry in self.entries())
            raise JobError(f"There is no {name!r} in {self.kind}.", fix=f"Known: {known}.")
        return self._entries[name]

    def entries(self) -> tuple[Entry[T], ...]:
        """Return all entries, by name."""
        for module in self._modules():
            importlib.import_module(f"{self._package}.{module}")
        return tuple(self._entries[name] for name in sorted(self._entries))

    def _import(self, name: str) -> None:
        if name in self._modules():
            importlib.import_module(f"{self._package}.{name}")
        else:
            self.entries()

    def _modules(self) -> list[str]:
        package = importlib.import_module(self._package)
        return [module.name for module in pkgutil.iter_modules(package.__path__)]
