"""Class schemes: which classes of a map or a survey become which classes of the samples."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import LegendError, SampleError
from cropmap.contract.schemes import (
    CODE_FIX,
    LEFT_OUT,
    SchemeClass,
    SchemeText,
    folded,
    not_a_code,
    read_scheme,
    write_scheme,
)
from cropmap.contract.words import LISTED, counted, listed
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, LegendClass, legend_from_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

# Names of classes that stand for no observation, in the legends of maps.
_NO_DATA_NAMES = frozenset({"background", "no data", "nodata", "clouds/no data", "unclassified"})


@dataclass(frozen=True, eq=False)
class SchemeLookup:
    """From the codes of a map to the codes of a scheme's classes.

    Args:
        target: Class code of each source code, (256,), uint8; 255 where it is left out, and for no data.
        known: Whether the source code may occur, (256,), bool.
    """

    target: NDArray[np.uint8]
    known: NDArray[np.bool_]

    def check(self, counts: NDArray[np.int64], where: str = "") -> None:
        """Refuse a map that holds codes which nobody names.

        Args:
            counts: Pixels of each source code, (256,).
            where: The map, for the message.

        Raises:
            LegendError: Some count of a code that is not known is above 0; all such are listed with their counts.
        """
        strange = np.flatnonzero((np.asarray(counts) > 0) & ~self.known)
        if len(strange):
            told = listed([f"{code} ({int(counts[code])} pixels)" for code in strange])
            raise LegendError(
                f"The map holds codes without an entry in its legend and the scheme: {told}.",
                where=where,
                fix="Name them in the scheme, under a class or under 'left out', or give a 'rest' class and the map's "
                "legend.",
            )

    def apply(self, codes: NDArray[np.integer], where: str = "") -> NDArray[np.uint8]:
        """Return the class of each source code, any shape, uint8; 255 is left out or no data.

        Raises:
            LegendError: A code that is not known, or outside 0..255.
        """
        found = np.asarray(codes)
        if found.size and (found.min() < 0 or found.max() > NODATA):
            raise LegendError(
                f"The map holds codes from {found.min()} to {found.max()}; codes go from 0 to {NODATA - 1}.",
                where=where,
                fix="Give a map of classes with codes up to 254.",
            )
        self.check(np.bincount(found.ravel(), minlength=NODATA + 1), where)
        return np.asarray(self.target[found])


@dataclass(frozen=True)
class ClassScheme:
    """Target classes, and the source classes that each is made of.

    Args:
        legend: The target classes.
        sources: What each class of the legend, by ascending code, is made of: codes of a map (int, 0..254) and names.
        rest: Name of the class that takes every source nobody names; "" refuses such sources, "left out" leaves them
            out.
        left_out: Sources that become no class.

    Raises:
        LegendError: A source that is named twice, a code outside 0..254, a class without sources that is not `rest`, a
            `rest` that is no class, or a class that is called "left out".
    """

    legend: Legend
    sources: tuple[tuple[int | str, ...], ...]
    rest: str = ""
    left_out: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.legend):
            raise LegendError(
                f"{len(self.legend)} classes have {len(self.sources)} lists of sources.", fix="Give one of each."
            )
        _check_sources([*self.sources, self.left_out])
        for found, sources in zip(self.legend.classes, self.sources, strict=True):
            _check_class(found.name, sources, self.rest)
        if self.rest and self.rest != LEFT_OUT and self.rest not in self.legend.names:
            raise LegendError(
                f"The rest goes to {self.rest!r}, which is no class of the scheme.",
                fix=f"Add a class {self.rest!r}, or choose of: {', '.join(self.legend.names)}, {LEFT_OUT}.",
            )

    def lookup(self, source_legend: Legend | None) -> SchemeLookup:
        """Return what becomes of each code of a map.

        A code is found by itself, else by its name in the map's legend: exactly, then without regard to case, then by
        what crop it means. Codes whose name tells that nothing was observed ("Background", "Clouds/No Data"), and 0
        where there is no legend, are no data unless the scheme names them.

        Args:
            source_legend: What the map's codes mean; None where nobody tells. Then the scheme must name codes.

        Raises:
            LegendError: The scheme puts a code into one class and its name into another, a name fits two classes, or
                the scheme holds names only and there is no legend.
        """
        if source_legend is None and not any(isinstance(source, int) for source in self._targets):
            raise LegendError(
                "The scheme names its sources by their names, and the map tells no names of its codes.",
                fix="Write the map's codes in the scheme, or give the map's legend.",
            )
        rest = self._rest_code
        # Without a legend every code may be of the rest; with one, only those that the legend names.
        target = np.full(NODATA + 1, NODATA if rest is None or source_legend else rest, np.uint8)
        known = np.full(NODATA + 1, rest is not None and source_legend is None)
        target[[0, NODATA]] = NODATA
        known[[0, NODATA]] = source_legend is None, True
        for source, code in self._targets.items():
            if isinstance(source, int):
                target[source], known[source] = code, True
        for found in source_legend.classes if source_legend else ():
            own = self._code_of_class(found)
            if own is not None:
                target[found.code], known[found.code] = own, True
        return SchemeLookup(target, known)

    def codes_of(self, labels: Sequence[str] | NDArray[np.str_]) -> NDArray[np.uint8]:
        """Return the class code of each text label, (label,), uint8; 255 is left out.

        A label is looked for among the sources, then among the names of the classes themselves: exactly, then as a code
        written out, without regard to case, by what crop it means.

        Args:
            labels: (label,), text.

        Raises:
            SampleError: Labels that the scheme does not name, all of them, while there is no rest; or a label that fits
                two classes.
        """
        names = [str(label) for label in labels]
        found = {name: self._code_of_label(name) for name in dict.fromkeys(names)}
        strange = sorted(name for name, code in found.items() if code is None)
        if strange and self._rest_code is None:
            told = [*map(self._with_near_miss, strange[:LISTED]), *strange[LISTED:]]
            raise SampleError(
                f"The scheme names no class for {counted(len(strange), 'label', 'labels')}: {listed(told)}.",
                fix="Add them to a class or to 'left out', or name a 'rest' class that takes all others.",
            )
        rest = self._rest_code
        return np.array([rest if found[name] is None else found[name] for name in names], dtype=np.uint8)

    def taken_as_rest(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the labels, each once and sorted, that nobody names and `rest` takes."""
        return tuple(sorted(name for name in {str(label) for label in labels} if self._code_of_label(name) is None))

    def unmatched(self, source_legend: Legend) -> tuple[str, ...]:
        """Return the names among the sources that no class of a map's legend bears, in order."""
        names = [found.name for found in source_legend.classes]
        there = {*names, *map(folded, names), *map(canonical, names)}
        sources = [name for name in self._targets if isinstance(name, str)]
        return tuple(name for name in sources if not there & {name, folded(name), canonical(name)})

    def to_text(self) -> str:
        """Return the scheme as the text that `scheme_of` reads: an entry a line."""
        classes = tuple(
            SchemeClass(found.code, found.name, found.colour, sources)
            for found, sources in zip(self.legend.classes, self.sources, strict=True)
        )
        return write_scheme(SchemeText(classes, self.rest, self.left_out))

    # ---------------------------------------------------------------- finding a source

    @cached_property
    def _targets(self) -> dict[int | str, int]:
        """Class code of each source; 255 of those left out."""
        named = zip(self.legend.codes, self.sources, strict=True)
        found = {source: code for code, sources in named for source in sources}
        return found | dict.fromkeys(self.left_out, NODATA)

    @cached_property
    def _rest_code(self) -> int | None:
        if not self.rest:
            return None
        return NODATA if self.rest == LEFT_OUT else self.legend.code_of(self.rest)

    @cached_property
    def _ways(self) -> list[tuple[dict[str, set[int]], bool]]:
        """The ways to find a name, in order: codes by folded or canonical name, and whether it is the canonical one."""
        sources = {source: code for source, code in self._targets.items() if isinstance(source, str)}
        classes = dict(zip(self.legend.names, self.legend.codes, strict=True))
        ways = []
        for names in (sources, classes):
            for by_meaning in (False, True):
                way: dict[str, set[int]] = {}
                for name, code in names.items():
                    way.setdefault(canonical(name) if by_meaning else folded(name), set()).add(code)
                ways.append((way, by_meaning))
        return ways

    def _code_of_label(self, label: str) -> int | None:
        if label in self._targets:
            return self._targets[label]
        if re.fullmatch(r"0|[1-9][0-9]{0,2}", label) and int(label) in self._targets:
            return self._targets[int(label)]
        return self._code_of_name(label)

    def _code_of_name(self, name: str) -> int | None:
        if name in self._targets:
            return self._targets[name]
        for way, by_meaning in self._ways:
            codes = way.get(canonical(name) if by_meaning else folded(name), set())
            if len(codes) > 1:
                listed = " and ".join(sorted(map(self._named, codes)))
                raise SampleError(f"{name!r} fits {listed}.", fix=f"Write {name!r} in the scheme, under one of them.")
            if codes:
                return next(iter(codes))
        return None

    def _code_of_class(self, found: LegendClass) -> int | None:
        """Return the target of a map's class; None where nobody names it and there is no rest."""
        try:
            by_name = self._code_of_name(found.name)
        except SampleError as error:
            raise LegendError(error.what, where=f"code {found.code} of the map", fix=error.fix) from error
        by_code = self._targets.get(found.code)
        if None not in (by_code, by_name) and by_code != by_name:
            raise LegendError(
                f"The scheme puts code {found.code} under {self._named(by_code)}, and {found.name!r}, which the map's "
                f"legend calls it, under {self._named(by_name)}.",
                fix="Use a scheme that is made for this map, or write the map's own codes.",
            )
        if by_code is not None or by_name is not None:
            return by_code if by_code is not None else by_name
        return NODATA if folded(found.name) in _NO_DATA_NAMES else self._rest_code

    def _named(self, code: int | None) -> str:
        names = self.legend.names_by_code
        return f"{names[code]!r}" if code in names else f"'{LEFT_OUT}'"

    def _with_near_miss(self, label: str) -> str:
        known = {folded(name): name for name in (*self._targets, *self.legend.names) if isinstance(name, str)}
        near = difflib.get_close_matches(folded(label)[:100], list(known), n=1)
        return f"{label!r} (near {known[near[0]]!r})" if near else f"{label!r}"


def scheme_of(text: str) -> ClassScheme:
    """Build a scheme from a preset's name, or from the text form (`contract.schemes`).

    Raises:
        LegendError: Neither; with the place in the text.
    """
    found = read_scheme(text)
    _check_text(found)
    classes = sorted(found.classes, key=lambda one: one.code)
    legend = Legend(tuple(LegendClass(one.code, one.name, one.colour) for one in classes))
    return ClassScheme(legend, tuple(one.sources for one in classes), found.rest, found.left_out)


def scheme_of_names(names: Iterable[str]) -> ClassScheme:
    """Build the scheme under which each name is a class of its own: codes from 0, sorted by name.

    Raises:
        LegendError: No name, one that is blank or "left out", or more than 255.
    """
    return own_scheme(legend_from_names(names))


def map_scheme(legend: Legend, codes: Collection[int]) -> ClassScheme:
    """Build the scheme under which each class that a map holds is one, but for those that stand for no observation.

    Args:
        legend: The map's.
        codes: Which of them the map holds.

    Raises:
        LegendError: The legend names none of them.
    """
    held = tuple(found for found in legend.classes if found.code in codes and folded(found.name) not in _NO_DATA_NAMES)
    if not held:
        raise LegendError(
            "The maps hold no class that their legend names.", fix="Give the maps' own legend, or a scheme of codes."
        )
    return own_scheme(Legend(held))


def own_scheme(legend: Legend) -> ClassScheme:
    """Build the scheme under which each class of a legend is made of the labels that bear its name."""
    return ClassScheme(legend, tuple((name,) for name in legend.names))


# ---------------------------------------------------------------- checks


def _check_sources(listed: Sequence[Sequence[int | str]], places: Sequence[str] = ()) -> None:
    """Refuse sources that stand twice, and such as are no sources; `places` are where each list stands."""
    seen: dict[int | str, int] = {}
    for number, sources in enumerate(listed):
        where = places[number] if places else ""
        for source in sources:
            _check_source(source, where)
            if source in seen:
                what = f"code {source}" if isinstance(source, int) else f"{source!r}"
                both = dict.fromkeys([places[seen[source]], where] if places else ())
                raise LegendError(
                    f"The scheme names {what} twice.", where=" and ".join(both), fix="Leave it in one place."
                )
            seen[source] = number


def _check_source(source: int | str, where: str) -> None:
    if isinstance(source, int) and not 0 <= source < NODATA:
        raise LegendError(not_a_code(source), where=where, fix=CODE_FIX)
    if isinstance(source, str) and not source.strip():
        raise LegendError("A source has an empty name.", where=where, fix="Remove it.")


def _check_class(name: str, sources: Sequence[int | str], rest: str, where: str = "") -> None:
    if name.casefold() == LEFT_OUT:
        raise LegendError(
            f"No class can be called {name!r}: that stands for what is left out.", where=where, fix="Rename it."
        )
    if not sources and name != rest:
        raise LegendError(
            f"Class {name!r} is made of nothing.",
            where=where,
            fix=f"Write its codes or names behind the sign: {name} = {name}.",
        )


def _check_text(found: SchemeText) -> None:
    """Refuse what the constructors would, with the place in the text."""
    places = [one.where for one in found.classes]
    for one in found.classes:
        _check_class(one.name, one.sources, found.rest, one.where)
        try:
            Legend((LegendClass(one.code, one.name, one.colour),))
        except LegendError as error:
            raise LegendError(error.what, where=one.where, fix=error.fix) from error
    for what, given in (("name", [one.name for one in found.classes]), ("code", [one.code for one in found.classes])):
        twice = [key for key, times in Counter[int | str](given).items() if times > 1]
        if twice:
            both = " and ".join(place for place, key in zip(places, given, strict=True) if key == twice[0])
            raise LegendError(f"Two classes have the {what} {twice[0]!r}.", where=both, fix="Make each one unique.")
    _check_sources([*(one.sources for one in found.classes), found.left_out], [*places, found.left_out_where])
