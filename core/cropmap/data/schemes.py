"""Class schemes: which classes of a map or a survey become which classes of the samples."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError, SampleError
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, LegendClass, legend_from_names
from cropmap.data.scheme_presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LEFT_OUT, REST = "left out", "rest"  # the two words that name no class

# Names of classes that stand for no observation, in the legends of maps.
_NO_DATA_NAMES = frozenset({"background", "no data", "nodata", "clouds/no data", "unclassified"})
_EXAMPLE = "Write entries like: Corn #ffd300 = 1, 12, 13; Other = 61; left out = 26; rest = Other"
_LISTED = 20  # labels named in a message


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
            listed = ", ".join(f"{code} ({int(counts[code])} pixels)" for code in strange[:_LISTED])
            raise LegendError(
                f"The map holds codes that neither its legend nor the scheme names: {listed}"
                f"{', ...' if len(strange) > _LISTED else ''}.",
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
        target[[0, NODATA]], known[NODATA] = NODATA, True
        for source, code in self._targets.items():
            if isinstance(source, int):
                target[source], known[source] = code, True
        for found in source_legend.classes if source_legend else ():
            code = self._code_of_class(found)
            if code is not None:
                target[found.code], known[found.code] = code, True
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
            raise SampleError(
                f"The scheme names no class for {len(strange)} {'label' if len(strange) == 1 else 'labels'}: "
                f"{', '.join(map(self._with_near_miss, strange[:_LISTED]))}{', ...' if len(strange) > _LISTED else ''}.",
                fix="Add them to a class or to 'left out', or name a 'rest' class that takes all others.",
            )
        rest = self._rest_code
        return np.array([rest if found[name] is None else found[name] for name in names], dtype=np.uint8)

    def taken_as_rest(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the labels, each once and sorted, that nobody names and `rest` takes."""
        return tuple(sorted(name for name in {str(label) for label in labels} if self._code_of_label(name) is None))

    def to_text(self) -> str:
        """Return the scheme as the text that `scheme_of` reads: an entry a line."""
        lines = [
            f"{_written_name(found.name)} [{found.code}] {found.colour} = {_written_sources(sources)}".rstrip()
            for found, sources in zip(self.legend.classes, self.sources, strict=True)
        ]
        if self.left_out:
            lines.append(f"{LEFT_OUT} = {_written_sources(self.left_out)}")
        if self.rest:
            lines.append(f"{REST} = {LEFT_OUT if self.rest == LEFT_OUT else _written_name(self.rest)}")
        return "\n".join(lines) + "\n"

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
                    way.setdefault(canonical(name) if by_meaning else _folded(name), set()).add(code)
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
            codes = way.get(canonical(name) if by_meaning else _folded(name), set())
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
        return NODATA if _folded(found.name) in _NO_DATA_NAMES else self._rest_code

    def _named(self, code: int | None) -> str:
        names = dict(zip(self.legend.codes, self.legend.names, strict=True))
        return f"{names[code]!r}" if code in names else f"'{LEFT_OUT}'"

    def _with_near_miss(self, label: str) -> str:
        known = {_folded(name): name for name in (*self._targets, *self.legend.names) if isinstance(name, str)}
        near = difflib.get_close_matches(_folded(label)[:100], list(known), n=1)
        return f"{label!r} (near {known[near[0]]!r})" if near else f"{label!r}"


def scheme_of(text: str) -> ClassScheme:
    """Build a scheme from a preset's name, or from the text form.

    Entries are parted by ";" or new lines: `Corn #ffd300 = 1, 12, 13; Soybean = 5; Other = 61; left out = 26, 240-241;
    rest = Other`. In front of the sign stands a class, with its colour and its code in brackets if they matter; behind
    it codes, ranges of codes, and names. A name is put in double quotes where it holds , ; = # or brackets, or could be
    taken for a code or a word of the scheme; a double quote in it is written twice.

    Raises:
        LegendError: Neither; with the place in the text.
    """
    if text.strip() in PRESETS:
        text = PRESETS[text.strip()]
    found = _Parts([], {})
    for entry in _entries(text):
        _add_entry(found, entry)
    if not found.classes:
        raise LegendError("The scheme names no class.", fix=f"{_EXAMPLE}, or a preset: {', '.join(PRESETS)}.")
    return _made(found)


def scheme_of_names(names: Iterable[str]) -> ClassScheme:
    """Build the scheme under which each name is a class of its own: codes from 0, sorted by name.

    Raises:
        LegendError: No name, one that is blank or "left out", or more than 255.
    """
    return own_scheme(legend_from_names(names))


def own_scheme(legend: Legend) -> ClassScheme:
    """Build the scheme under which each class of a legend is made of the labels that bear its name."""
    return ClassScheme(legend, tuple((name,) for name in legend.names))


# ---------------------------------------------------------------- checks


def _check_sources(listed: Sequence[Sequence[int | str]]) -> None:
    named = Counter(source for sources in listed for source in sources)
    for source, times in named.items():
        if isinstance(source, int) and not 0 <= source < NODATA:
            raise LegendError(_not_a_code(source), fix=_CODE_FIX)
        if isinstance(source, str) and not source.strip():
            raise LegendError("A source has an empty name.", fix="Remove it.")
        if times > 1:
            what = f"code {source}" if isinstance(source, int) else f"{source!r}"
            raise LegendError(f"The scheme names {what} {times} times.", fix="Leave it under one class.")


def _check_class(name: str, sources: Sequence[int | str], rest: str) -> None:
    if name.casefold() == LEFT_OUT:
        raise LegendError(f"No class can be called {name!r}: that stands for sources left out.", fix="Rename it.")
    if not sources and name != rest:
        raise LegendError(
            f"Class {name!r} is made of nothing.", fix=f"Write its codes or names behind the sign: {name} = {name}."
        )


def _not_a_code(code: int | str) -> str:
    return f"{code} is no class code of a map; they go from 0 to {NODATA - 1}."


_CODE_FIX = f'Put it in quotes if it is a label ("{2 * NODATA}"); {NODATA} is no data and needs no entry.'


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().casefold())


# ---------------------------------------------------------------- the text form

_TOKEN = re.compile(r'"(?:[^"]|"")*"|[;\r\n]|[,=]|[^";\r\n,=]+|"')
_CODES = re.compile(r"([0-9]+)(?:\s*-\s*([0-9]+))?")
_HEAD = re.compile(r"\s*(?:\[\s*([0-9]+)\s*\]|(#\w*))")
_UNSAFE = re.compile(r'[,;="#\[\]\r\n]')


@dataclass(frozen=True)
class _Entry:
    """One entry of the text: what stands before the sign, what behind it, and where it stands."""

    head: list[str]
    items: list[list[str]]
    where: str


@dataclass(frozen=True)
class _Read:
    """A class as it was read; no code and no colour where none was written."""

    name: str
    code: int | None
    colour: str
    sources: tuple[int | str, ...]
    where: str


@dataclass(frozen=True)
class _Parts:
    """What was read so far: the classes, and the entries of the two words that name none."""

    classes: list[_Read]
    words: dict[str, _Entry]


def _entries(text: str) -> Iterator[_Entry]:
    tokens: list[str] = []
    line = start = 1
    for token in [*_TOKEN.findall(text), "\n"]:
        if token in {";", "\r", "\n"}:
            if any(part.strip() for part in tokens):
                yield _entry(tokens, f"line {start}: {''.join(tokens).strip()[:60]}")
            tokens = []
        elif token.strip() or tokens:
            start = line if not tokens else start
            tokens.append(token)
        line += token.count("\n")


def _entry(tokens: list[str], where: str) -> _Entry:
    if '"' in tokens:
        raise LegendError("A quote is not closed.", where=where, fix='Write names as "name"; a quote in one as "".')
    if tokens.count("=") != 1:
        wrong = "has no '='" if "=" not in tokens else "has more than one '='"
        raise LegendError(f"An entry {wrong}.", where=where, fix=f"{_EXAMPLE}. Put a name that holds '=' in quotes.")
    sign = tokens.index("=")
    if "," in tokens[:sign]:
        raise LegendError("A comma stands before the '='.", where=where, fix="Put a name that holds it in quotes.")
    items: list[list[str]] = [[]]
    for token in tokens[sign + 1 :]:
        if token == ",":
            items.append([])
        elif token.strip():
            items[-1].append(token.strip())
    # A comma at the end, or two in a row, part nothing.
    return _Entry([part for part in tokens[:sign] if part.strip()], [item for item in items if item], where)


def _add_entry(found: _Parts, entry: _Entry) -> None:
    word = "".join(entry.head).strip().casefold()
    word = " ".join(word.split())
    if word not in {LEFT_OUT, REST}:
        found.classes.append(_class(entry))
    elif word in found.words:
        raise LegendError(f"'{word}' stands twice in the scheme.", where=entry.where, fix="Write it once.")
    else:
        found.words[word] = entry


def _class(entry: _Entry) -> _Read:
    if not entry.head:
        raise LegendError("A class has no name.", where=entry.where, fix=_EXAMPLE)
    first = entry.head[0].strip()
    if first.startswith('"'):
        name, tail = _unquoted(first), "".join(entry.head[1:])
    else:
        end = re.search(r"[\[#]|$", first)
        cut = end.start() if end else len(first)
        name, tail = first[:cut].strip(), first[cut:] + "".join(entry.head[1:])
    code, colour = _code_and_colour(tail, entry.where)
    return _Read(name, code, colour, _sources(entry), entry.where)


def _code_and_colour(tail: str, where: str) -> tuple[int | None, str]:
    codes, colours, rest = [], [], tail.strip()
    while rest:
        found = _HEAD.match(rest)
        if not found or not (found[1] or found[2]):
            raise LegendError(
                f"{rest!r} is neither a code nor a colour.", where=where, fix="Write them as: Corn [1] #ffd300 = ..."
            )
        if found[1]:
            codes.append(found[1])
        else:
            colours.append(found[2])
        rest = rest[found.end() :].strip()
    if len(codes) > 1 or len(colours) > 1:
        raise LegendError("A class has two codes or two colours.", where=where, fix="Leave one.")
    code = _code(codes[0], where) if codes else None
    return code, colours[0] if colours else ""


def _sources(entry: _Entry) -> tuple[int | str, ...]:
    return tuple(source for item in entry.items for source in _source(item, entry.where))


def _source(parts: list[str], where: str) -> Iterable[int | str]:
    whole = " ".join(parts)
    if len(parts) > 1:
        raise LegendError(f"{whole!r} is half in quotes.", where=where, fix="Put the whole name in quotes.")
    if whole.startswith('"'):
        return [_unquoted(whole)]
    codes = _CODES.fullmatch(whole)
    if codes:
        return _code_range(codes, where)
    if "#" in whole:
        raise LegendError(
            f"{whole!r} holds a '#'.", where=where, fix="Put a name that holds it in quotes; colours stand before '='."
        )
    return [whole]


def _code_range(codes: re.Match[str], where: str) -> Iterable[int]:
    first = _code(codes[1], where)
    last = _code(codes[2], where) if codes[2] else first
    if last < first:
        raise LegendError(f"The range {codes[0]} runs backwards.", where=where, fix=f"Write {last}-{first}.")
    return range(first, last + 1)


def _code(digits: str, where: str) -> int:
    shown = digits if len(digits) <= 20 else f"{digits[:20]}..."
    if len(digits) > 9 or int(digits) >= NODATA:
        raise LegendError(_not_a_code(shown), where=where, fix=_CODE_FIX)
    return int(digits)


def _unquoted(token: str) -> str:
    return token[1:-1].replace('""', '"')


def _made(found: _Parts) -> ClassScheme:
    """Put the parts together: codes and colours where none are written, the rest, what is left out."""
    free = iter(set(range(NODATA + 1 + len(found.classes))) - {read.code for read in found.classes})
    codes = [next(free) if read.code is None else read.code for read in found.classes]
    automatic = class_colours([read.name for read in found.classes])
    classes = [
        LegendClass(code, read.name, read.colour or colour)
        for code, read, colour in zip(codes, found.classes, automatic, strict=True)
    ]
    by_code = sorted(zip(codes, found.classes, strict=True), key=lambda pair: pair[0])
    rest = _rest(found.words.get(REST), [read.name for read in found.classes])
    left_out = _sources(found.words[LEFT_OUT]) if LEFT_OUT in found.words else ()
    try:
        return ClassScheme(Legend(tuple(classes)), tuple(read.sources for _, read in by_code), rest, left_out)
    except LegendError as error:
        raise LegendError(error.what, where=_place(error.what, found), fix=error.fix) from error
