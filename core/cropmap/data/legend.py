"""Class codes, names and colours."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NODATA = 255  # of every class map and label array


@dataclass(frozen=True)
class LegendClass:
    """One class: its code in rasters (0..254), its name as given, its colour as #rrggbb."""

    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Legend:
    """The classes of a map, by ascending code.

    Raises:
        LegendError: No class, a code twice or outside 0..254, a name twice or empty, a malformed colour.
    """

    classes: tuple[LegendClass, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise LegendError("A legend needs at least one class.", fix="Give samples with class labels.")
        for found in self.classes:
            _check_class(found)
        for what in ("code", "name"):
            twice = [key for key, count in Counter(getattr(c, what) for c in self.classes).items() if count > 1]
            if twice:
                raise LegendError(f"The {what} {twice[0]!r} stands twice in the legend.", fix="Make each one unique.")
        object.__setattr__(self, "classes", tuple(sorted(self.classes, key=lambda c: c.code)))

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def codes(self) -> tuple[int, ...]:
        """Class codes, ascending."""
        return tuple(found.code for found in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, by ascending code."""
        return tuple(found.name for found in self.classes)

    @property
    def names_by_code(self) -> dict[int, str]:
        """Class names, by code."""
        return {found.code: found.name for found in self.classes}

    def code_of(self, name: str) -> int:
        """Return the code of a class name.

        Raises:
            LegendError: There is no such class.
        """
        for found in self.classes:
            if found.name == name:
                return found.code
        raise LegendError(f"There is no class {name!r}.", fix=f"Known: {', '.join(self.names)}.")

    def to_list(self) -> list[dict[str, Any]]:
        """Return the classes as plain values."""
        return [{"code": c.code, "name": c.name, "colour": c.colour} for c in self.classes]


def legend_of(entries: Iterable[Mapping[str, Any]]) -> Legend:
    """Build a legend from plain values: {"code", "name", "colour"} each."""
    try:
        return Legend(tuple(LegendClass(_whole(e["code"]), str(e["name"]), str(e["colour"])) for e in entries))
    except (KeyError, TypeError, ValueError) as error:
        raise LegendError(
            f"A legend entry is malformed: {error}.", fix="Each needs code, name and colour (#rrggbb)."
        ) from error


def _whole(code: Any) -> int:
    if int(code) != float(code):
        message = f"code {code!r} is not whole"
        raise ValueError(message)
    return int(code)


def legend_from_names(names: Iterable[str]) -> Legend:
    """Build a legend from class names as users wrote them: sorted, codes from 0, familiar colours where known."""
    ordered = sorted(set(names))
    chosen = zip(ordered, class_colours(ordered), strict=True)
    return Legend(tuple(LegendClass(code, name, colour) for code, (name, colour) in enumerate(chosen)))


def _check_class(found: LegendClass) -> None:
    if not 0 <= found.code < NODATA:
        raise LegendError(
            f"Class {found.name!r} has code {found.code}; codes go from 0 to {NODATA - 1}.",
            fix="Choose another code; at most 255 classes fit.",
        )
    if not found.name.strip():
        raise LegendError(f"Class {found.code} has no name.", fix="Name it, or remove its samples.")
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", found.colour):
        raise LegendError(
            f"Class {found.name!r} has colour {found.colour!r}.", fix="Write colours as #rrggbb, e.g. #ffd300."
        )
