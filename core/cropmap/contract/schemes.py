"""Class schemes as text: the one form in which they are written, edited and saved.

Entries are parted by ";" or new lines, but a line that ends with a comma goes on in the next:

    Corn #ffd300 = 1, 12, 13; Soybean = 5; Other = 61; left out = 26, 240-241; rest = Other

In front of the sign stands a class, with its colour, and its code in brackets, if they matter; behind it codes, ranges
of codes, and names. A name is put in double quotes where it holds , ; = # or brackets, or could be taken for a code or
a word of the scheme; a double quote in it is written twice.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from cropmap.contract.colours import class_colours
from cropmap.contract.errors import LegendError
from cropmap.contract.scheme_presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LEFT_OUT, REST = "left out", "rest"  # the two words that name no class
LAST_CODE = 254  # of a class in a map; 255 is no data

EXAMPLE = "Write entries like: Corn #ffd300 = 1, 12, 13; Other = 61; left out = 26; rest = Other"
CODE_FIX = f'Put it in quotes if it is a label ("{2 * LAST_CODE}"); {LAST_CODE + 1} is no data and needs no entry.'

_TOKEN = re.compile(r'"(?:[^"]|"")*"|[;\r\n]|[,=]|[^";\r\n,=]+|"')
_CODES = re.compile(r"([0-9]+)(?:\s*-\s*([0-9]+))?")
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+")  # that is no code: negative, or with a fraction
_HEAD = re.compile(r"\s*(?:\[\s*([0-9]+)\s*\]|(#\w*))")
_UNSAFE = re.compile(r'[,;="#\[\]\r\n]')


@dataclass(frozen=True)
class SchemeClass:
    """A class of a scheme: its code in rasters, its name, its colour, what it is made of, and where it stands."""

    code: int
    name: str
    colour: str
    sources: tuple[int | str, ...]
    where: str = ""


@dataclass(frozen=True)
class SchemeText:
    """What a scheme's text says; whether it makes sense is not checked here.

    Args:
        classes: In the order of the text.
        rest: Name of the class that takes every source nobody names; "left out" leaves them out, "" refuses them.
        left_out: Sources that become no class.
        left_out_where: Where they stand in the text.
    """

    classes: tuple[SchemeClass, ...]
    rest: str = ""
    left_out: tuple[int | str, ...] = ()
    left_out_where: str = ""


def read_scheme(text: str) -> SchemeText:
    """Read a preset's name, or the text form; codes and colours that it leaves open are filled in.

    Raises:
        LegendError: Neither; with the place in the text.
    """
    classes: list[tuple[str, int | None, str, tuple[int | str, ...], str]] = []
    words: dict[str, _Entry] = {}
    for entry in _entries(PRESETS.get(text.strip(), text)):
        word = " ".join("".join(entry.head).casefold().split())
        if word not in {LEFT_OUT, REST}:
            classes.append(_class(entry))
        elif word in words:
            raise LegendError(f"'{word}' stands twice in the scheme.", where=entry.where, fix="Write it once.")
        else:
            words[word] = entry
    if not classes:
        raise LegendError("The scheme names no class.", fix=f"{EXAMPLE}, or a preset: {', '.join(PRESETS)}.")
    names = [name for name, *_ in classes]
    taken = {code for _, code, *_ in classes}
    free = (code for code in count() if code not in taken)
    made = tuple(
        SchemeClass(next(free) if code is None else code, name, colour or automatic, sources, where)
        for (name, code, colour, sources, where), automatic in zip(classes, class_colours(names))
    )
    left_out = words.get(LEFT_OUT)
    return SchemeText(
        made,
        _rest(words[REST], names) if REST in words else "",
        _sources(left_out) if left_out else (),
        left_out.where if left_out else "",
    )


def write_scheme(scheme: SchemeText) -> str:
    """Return the text that `read_scheme` reads: an entry a line."""
    lines = [
        f"{_written_name(found.name)} [{found.code}] {found.colour} = {_written_sources(found.sources)}".rstrip()
        for found in scheme.classes
    ]
    if scheme.left_out:
        lines.append(f"{LEFT_OUT} = {_written_sources(scheme.left_out)}")
    if scheme.rest:
        lines.append(f"{REST} = {LEFT_OUT if scheme.rest == LEFT_OUT else _written_name(scheme.rest)}")
    return "\n".join(lines) + "\n"


def folded(name: str) -> str:
    """Return a name without what its writing does not mean: case, blanks around it, forms of the same letter."""
    return unicodedata.normalize("NFC", name.strip().casefold())


def not_a_code(code: int | str) -> str:
    """Return what is wrong with a code."""
    return f"{code} is no class code of a map; they go from 0 to {LAST_CODE}."


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class _Entry:
    """One entry of the text: what stands before the sign, what behind it, and where it stands."""

    head: list[str]
    items: list[list[str]]
    where: str


def _entries(text: str) -> Iterator[_Entry]:
    parts: list[str] = []
    line = start = 1
    for part in [*_TOKEN.findall(text), ";"]:
        if part == ";" or (part in {"\r", "\n"} and not _goes_on(parts)):
            if parts:
                yield _entry(parts, f"line {start}: {''.join(parts).strip()[:60]}")
            parts = []
        elif part.strip() or parts:
            start = start if parts else line
            parts.append(part)
        line += part.count("\n")


def _goes_on(parts: list[str]) -> bool:
    """Return whether an entry goes on in the next line: this one ends with a comma."""
    return next((part for part in reversed(parts) if part.strip()), "") == ","


def _entry(tokens: list[str], where: str) -> _Entry:
    if '"' in tokens:
        raise LegendError("A quote is not closed.", where=where, fix='Write names as "name"; a quote in one as "".')
    if tokens.count("=") != 1:
        wrong = "has no '='" if "=" not in tokens else "has more than one '='"
        raise LegendError(f"An entry {wrong}.", where=where, fix=f"{EXAMPLE}. Put a name that holds '=' in quotes.")
    sign = tokens.index("=")
    if "," in tokens[:sign]:
        raise LegendError("A comma stands before the '='.", where=where, fix="Put a name that holds it in quotes.")
    items: list[list[str]] = [[]]
    for part in tokens[sign + 1 :]:
        if part == ",":
            items.append([])
        elif part.strip():
            items[-1].append(part.strip())
    # A comma at the end, or two in a row, part nothing.
    return _Entry([part for part in tokens[:sign] if part.strip()], [item for item in items if item], where)


def _class(entry: _Entry) -> tuple[str, int | None, str, tuple[int | str, ...], str]:
    if not entry.head:
        raise LegendError("A class has no name.", where=entry.where, fix=EXAMPLE)
    first = entry.head[0].strip()
    if first.startswith('"'):
        name, tail = _unquoted(first), "".join(entry.head[1:])
    else:
        end = re.search(r"[\[#]|$", first)
        cut = end.start() if end else len(first)
        name, tail = first[:cut].strip(), first[cut:] + "".join(entry.head[1:])
    code, colour = _code_and_colour(tail, entry.where)
    return name, code, colour, _sources(entry), entry.where


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
    if _NUMBER.fullmatch(whole):
        raise LegendError(not_a_code(whole), where=where, fix=CODE_FIX)
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
    if len(digits) > 9 or int(digits) > LAST_CODE:
        raise LegendError(not_a_code(shown), where=where, fix=CODE_FIX)
    return int(digits)


def _unquoted(token: str) -> str:
    return token[1:-1].replace('""', '"')


def _rest(entry: _Entry, names: Sequence[str]) -> str:
    """Return the class that the entry names, as it is written in its own entry."""
    if len(entry.items) != 1 or len(entry.items[0]) != 1:
        raise LegendError("'rest' names one class.", where=entry.where, fix=f"{REST} = {names[0]}, or = {LEFT_OUT}.")
    written = entry.items[0][0]
    if " ".join(written.casefold().split()) == LEFT_OUT:
        return LEFT_OUT
    name = _unquoted(written) if written.startswith('"') else written
    near = [known for known in names if folded(known) == folded(name)]
    if name in names or len(near) == 1:
        return name if name in names else near[0]
    raise LegendError(
        f"The rest goes to {name!r}, which is no class of the scheme.",
        where=entry.where,
        fix=f"Add an entry for it, or choose of: {', '.join(names)}, {LEFT_OUT}.",
    )


# ---------------------------------------------------------------- writing


def _written_name(name: str) -> str:
    word = " ".join(name.casefold().split())
    return _quoted(name) if word in {LEFT_OUT, REST} or _needs_quotes(name) else name


def _written_sources(sources: Sequence[int | str]) -> str:
    """Return sources as text, runs of three codes and more as ranges."""
    written: list[str] = []
    start = 0
    while start < len(sources):
        end = _run_end(sources, start)
        first = sources[start]
        if isinstance(first, str):
            number = _CODES.fullmatch(first) or _NUMBER.fullmatch(first)
            written.append(_quoted(first) if _needs_quotes(first) or number else first)
        elif end - start > 2:
            written.append(f"{first}-{sources[end - 1]}")
        else:
            written += [str(code) for code in sources[start:end]]
        start = end
    return ", ".join(written)


def _run_end(sources: Sequence[int | str], start: int) -> int:
    """Return where the run of ascending codes that begins at `start` ends."""
    end = start + 1
    while end < len(sources) and _follows(sources[end - 1], sources[end]):
        end += 1
    return end


def _follows(code: int | str, after: int | str) -> bool:
    return isinstance(code, int) and isinstance(after, int) and after == code + 1


def _needs_quotes(name: str) -> bool:
    return bool(_UNSAFE.search(name)) or name != name.strip()


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
