"""Dates and bands in the names of files and of bands: recognised, or by a template that the user gives."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.errors import SourceError
from cropmap.data.bands import ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATE_HELP = (
    "Give a pattern, e.g. {band}_{date:%Y%m%d}.tif: {date} is any date known here, {date:...} one in strptime's "
    "letters, {band} the band, {*} anything; / goes into sub-folders."
)

_YEAR, _MONTH, _DAY = r"(?:19[7-9]\d|20\d\d)", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
# The forms of a date, each with its strptime text; digits may not touch it, so that a tile number is no date.
_FORMS = (
    (rf"(?<!\d){_YEAR}-{_MONTH}-{_DAY}(?!\d)", "%Y-%m-%d"),
    (rf"(?<!\d){_YEAR}_{_MONTH}_{_DAY}(?!\d)", "%Y_%m_%d"),
    (rf"(?<!\d){_YEAR}\.{_MONTH}\.{_DAY}(?!\d)", "%Y.%m.%d"),
    (rf"(?<!\d){_YEAR}{_MONTH}{_DAY}(?!\d)", "%Y%m%d"),
    (rf"(?<!\d){_YEAR}[0-3]\d\d(?!\d)", "%Y%j"),
    # Landsat before Collection 1: sensor, path and row, then year and day of year, without a separator.
    (rf"(?<=L[COTEM]\d\d{{6}}){_YEAR}[0-3]\d\d(?=[A-Z])", "%Y%j"),
)
_ANY_DATE = "|".join(form.replace(r"(?<!\d)", "").replace(r"(?!\d)", "") for form, _ in _FORMS[:5])
_DIRECTIVES = {
    "Y": r"\d{4}",
    "y": r"\d\d",
    "m": r"\d\d",
    "d": r"\d\d",
    "j": r"\d{3}",
    "b": r"[A-Za-z]{3}",
    "B": r"[A-Za-z]+",
    "H": r"\d\d",
    "M": r"\d\d",
    "S": r"\d\d",
    "%": "%",
}

_BAND_WORDS = (
    r"(?:SR|ST|TOA)_B\d{1,2}A?|QA_PIXEL|QA_RADSAT|SR_QA_AEROSOL|SR_CLOUD_QA|ST_QA|QA60|FMASK|SCL|CLM|CLP|CLD|"
    r"MSK_[A-Z_]+|(?:EDG|SAT|MG2)(?=_R[12])|PIXEL_RELIABILITY|VI_QUALITY|SUMMARYQA|DETAILEDQA|"
    r"(?:RED|NIR|BLUE|MIR)_REFLECTANCE|SUR_REFL_B\d\d|"
    r"B\d{1,2}A?|BAND_?\d{1,2}|COASTAL|BLUE|GREEN|RED|RED_?EDGE_?\d?|NIR(?:08|09|_?\d)?|SWIR_?(?:16|22|\d)?|CIRRUS|PAN|"
    r"VV|VH|HH|HV|NDVI|EVI2?|SAVI|MSAVI|NDWI|NDMI|MNDWI|NBR|NDRE|LAI|FAPAR|LSWI|GNDVI|BSI|MSI"
)
_SEPARATORS = r"[_\-. ]"
_KNOWN_BAND = re.compile(rf"(?:(?<=^)|(?<={_SEPARATORS}))(?:{_BAND_WORDS})(?=$|{_SEPARATORS})", re.IGNORECASE)
_QUALITY_BAND = re.compile(
    r"(?:.*_)?(?:QA_PIXEL|QA_RADSAT|SR_QA_AEROSOL|SR_CLOUD_QA|ST_QA|QA60|FMASK|SCL|CLM|CLP|CLD|MSK_[A-Z_]+|EDG|SAT|MG2|"
    r"PIXEL_RELIABILITY|VI_QUALITY|SUMMARYQA|DETAILEDQA)",
    re.IGNORECASE,
)
_CUT = "\0"


@dataclass(frozen=True)
class FoundDate:
    """A date in a text: where it stands, and its strptime form."""

    date: dt.date
    start: int
    end: int
    form: str


@dataclass(frozen=True)
class Named:
    """What a file's name says.

    Args:
        date: Its (first) date; None where it holds none.
        band: Its band; empty where it names none.
        rest: What is left without date and band: the same for all files of one acquisition.
        shown: The name as a template.
    """

    date: dt.date | None
    band: str
    rest: str
    shown: str


def find_date(text: str) -> FoundDate | None:
    """Return the leftmost date in a text: the acquisition, in names that also hold an end or a processing date."""
    found = [hit for form, directive in _FORMS for hit in _hits(form, directive, text)]
    return min(found, key=lambda hit: hit.start, default=None)


def _hits(form: str, directive: str, text: str) -> list[FoundDate]:
    hits = []
    for match in re.finditer(form, text):
        date = _parsed(match[0], directive)
        if date is not None:
            hits.append(FoundDate(date, match.start(), match.end(), directive))
    return hits


def _parsed(text: str, directive: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, directive).date()
    except ValueError:
        return None


def is_quality_band(name: str) -> bool:
    """Tell whether a band of this name holds quality flags instead of measurements."""
    return bool(_QUALITY_BAND.fullmatch(name))


def is_band_name(name: str) -> bool:
    """Tell whether a name is one by which bands or indices are known: B4, SR_B4, nir, NDVI, ...; quality is none."""
    known = _KNOWN_BAND.fullmatch(name) or name.casefold() in ROLES
    return bool(known) and not is_quality_band(name)


def split_description(text: str) -> tuple[dt.date | None, str]:
    """Split a band's description into date and band, e.g. "2023-04-22 red", "20230422_B4", "B4_20230422".

    What follows a leading date is the band. Elsewhere ("20230422T170849_20230422T171821_T15TVH_B4") it is a known band
    at the end, or else what follows the date, or, if nothing does, what precedes it. Without a date all is the band.
    """
    found = find_date(text)
    if found is None:
        return None, text
    before, after = text[: found.start], re.sub(r"^T\d\d(:?\d\d){1,2}Z?", "", text[found.end :])
    after = after.strip("_-. :")
    known = [hit for hit in _KNOWN_BAND.finditer(after) if hit.end() == len(after)]
    if known and (before or find_date(after)):
        return found.date, known[-1][0]
    return found.date, after or before.strip("_-. :")


class Template:
    """A pattern of file names, relative to the folder.

    Args:
        pattern: Literal text with {band}, {date}, {date:%Y%m%d} and {*} (or *) in it. Case does not matter; the file
            extension may be left out.

    Raises:
        SourceError: An unknown field, or two dates.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern.strip().lstrip("/")
        self.in_subfolders = "/" in self.pattern
        self._form = ""
        self._expression = re.compile(self._compiled(), re.IGNORECASE)

    def _compiled(self) -> str:
        parts, seen = [], set[str]()
        for piece in re.split(r"(\{[^{}]*\}|\*)", self.pattern):
            name = piece.strip("{}").split(":")[0] if piece.startswith("{") else piece
            parts.append(self._part(piece, name, seen))
            seen.add(name)
        return "".join(parts) + r"(?P<extension>\.[A-Za-z0-9]+)?"

    def _part(self, piece: str, name: str, seen: set[str]) -> str:
        if name == "*":
            return r"([^/]*?)"
        if not piece.startswith("{"):
            return re.escape(piece)
        if name == "band":
            return r"(?P=band)" if "band" in seen else r"(?P<band>[^/]+?)"
        if name != "date" or "date" in seen:
            what = "holds two dates" if name == "date" else f"has an unknown field {piece}"
            raise SourceError(f"The pattern {self.pattern!r} {what}.", fix=TEMPLATE_HELP)
        self._form = piece[1:-1].partition(":")[2]
        return f"(?P<date>{_directives(self._form, self.pattern) if self._form else _ANY_DATE})"

    def match(self, name: str) -> Named | None:
        """Return what a relative path says, or None where it does not fit."""
        match = self._expression.fullmatch(name)
        if match is None:
            return None
        parts = match.groupdict()
        date = None
        if parts.get("date"):
            date = _parsed(parts["date"], self._form) if self._form else _any_date(parts["date"])
            if date is None:
                return None
        named = self._expression.groupindex.values()
        rest = "|".join(text or "" for place, text in enumerate(match.groups(), 1) if place not in named)
        return Named(date, parts.get("band") or "", rest, self.pattern)


def _any_date(text: str) -> dt.date | None:
    found = find_date(text)
    return found.date if found else None


def _directives(form: str, pattern: str) -> str:
    def expression(match: re.Match[str]) -> str:
        if match[1] not in _DIRECTIVES:
            known = ", ".join(f"%{letter}" for letter in _DIRECTIVES)
            raise SourceError(f"The date form in {pattern!r} holds {match[0]}.", fix=f"Known: {known}.")
        return _DIRECTIVES[match[1]]

    pieces = re.split(r"(%.)", form)
    return "".join(re.sub(r"%(.)", expression, piece) if piece[:1] == "%" else re.escape(piece) for piece in pieces)


def recognise(names: Sequence[str]) -> list[Named]:
    """Recognise date and band in relative paths without a template.

    The date is the first one in the file's name, or else in its folders. The band is a word known as one (B4, SR_B4,
    nir, NDVI, SCL, ...), or else the one part of the names in which files of the same date differ.

    Args:
        names: Paths relative to the folder, with extensions.
    """
    cuts = [_cut_date(name) for name in names]
    found: dict[int, Named] = {}
    # Files without a date are named apart, so that a stray one does not hide what the others have in common.
    for dated in (True, False):
        places = [place for place, (date, _) in enumerate(cuts) if (date is not None) is dated]
        stems = [cuts[place][1] for place in places]
        bands = _bands_in(stems, [cuts[place][0] for place in places])
        found |= {place: _named(*cuts[place], band) for place, band in zip(places, bands, strict=True)}
    return [found[place] for place in range(len(names))]


def common_pattern(shown: Sequence[str]) -> str:
    """Return one template for several: {*} where they differ; the first where they are built differently."""
    parts = [re.findall(r"\{[^}]*\}|[_\-. ]|[^_\-. {]+", text) for text in shown]
    if len({len(part) for part in parts}) != 1:
        return shown[0]
    pieces = [words[0] if len(set(words)) == 1 else "{*}" for words in zip(*parts, strict=True)]
    return re.sub(r"\{\*\}(?:[_\-. ]?\{\*\})+", "{*}", "".join(pieces))


def _bands_in(stems: Sequence[str], dates: Sequence[FoundDate | None]) -> list[tuple[int, int]]:
    """Return where the band stands in each stem; (0, 0) where there is none."""
    known = [list(_KNOWN_BAND.finditer(stem)) for stem in stems]
    if not all(known):
        differing = _differing_parts(stems, [found.date if found else None for found in dates])
        if differing:
            return differing
    return [hits[-1].span() if hits else (0, 0) for hits in known]


def _cut_date(name: str) -> tuple[FoundDate | None, str]:
    """Return a path's date, and its file stem with the date cut out."""
    folders, _, file = name.rpartition("/")
    stem = file.rpartition(".")[0] or file
    found = find_date(stem)
    if found:
        return found, stem[: found.start] + _CUT + stem[found.end :]
    return find_date(folders), stem


def _differing_parts(stems: Sequence[str], dates: Sequence[dt.date | None]) -> list[tuple[int, int]]:
    """Return where the one part stands in which stems of the same date differ; nothing if there is no such part."""
    parts = [list(re.finditer(r"[^_\-. ]+", stem)) for stem in stems]
    if len({len(part) for part in parts}) != 1:
        return []
    words: defaultdict[tuple[dt.date | None, int], set[str]] = defaultdict(set)
    for date, part in zip(dates, parts, strict=True):
        for position, match in enumerate(part):
            words[date, position].add(match[0])
    differing = {position for (_, position), found in words.items() if len(found) > 1 and not _all_numbers(found)}
    if len(differing) != 1:
        return []
    (position,) = differing
    return [part[position].span() for part in parts]


def _all_numbers(words: set[str]) -> bool:
    """Tell whether the words are times, orbits or tile numbers instead of band names."""
    return all(re.fullmatch(r"T?\d+", word) for word in words)


def _named(found: FoundDate | None, stem: str, band: tuple[int, int]) -> Named:
    start, end = band
    shown = stem[:start] + "{band}" + stem[end:] if end else stem
    date = f"{{date:{found.form}}}" if found else ""
    rest = stem[:start] + stem[end:]
    return Named(found.date if found else None, stem[start:end], rest, shown.replace(_CUT, date))
