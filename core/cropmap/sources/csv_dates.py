"""Dates as tables of series write them: in full, by number (T01), or without a year."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.errors import SampleError
from cropmap.contract.words import listed
from cropmap.sources.patterns import find_date

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE_HELP = (
    'Give dates, e.g. "dekads of 2021" (the 1st, 11th and 21st of each month), "months of 2021", "every 16 days from '
    '2021-01-01", "2021-01-01, 2021-01-17, ..." in order; or the year alone, "2021", for dates such as 05-12.'
)

_YEAR = re.compile(r"(19[7-9]\d|20\d\d)")
_OF_YEAR = re.compile(r"(dekads|months) of (19[7-9]\d|20\d\d)", re.IGNORECASE)
_EVERY = re.compile(r"every (\d{1,3}) days? from (\d{4}-\d\d-\d\d)", re.IGNORECASE)
_MONTH_DAY = re.compile(r"(0?[1-9]|1[0-2])[-/._](0?[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_NUMBERED = re.compile(r"[A-Za-z]{0,12}_?(\d{1,3})")
_MILLISECONDS = re.compile(r"\d{11,13}(?:\.\d*)?|\d(?:\.\d+)?[eE]\+?1[12]")  # since 1970, as Earth Engine counts time


@dataclass(frozen=True)
class DateRule:
    """What turns texts without a whole date into dates.

    Args:
        text: As the user wrote it, for messages.
        year: Year of dates that lack one; 0 where unknown.
        numbered: Date of the n-th step, from 0; None for a number beyond the last; no function where unknown.
    """

    text: str = ""
    year: int = 0
    numbered: Callable[[int], dt.date | None] | None = None


def rule_of(text: str) -> DateRule:
    """Read a rule: one of the forms of `RULE_HELP`, or nothing.

    Raises:
        SampleError: It is none of them.
    """
    plain = " ".join(text.split())
    if not plain:
        return DateRule()
    if _YEAR.fullmatch(plain):
        return DateRule(plain, int(plain))
    numbered = _of_year(plain) or _every(plain) or _listed(plain)
    if numbered is None:
        raise SampleError(f"The dates {text!r} are not understood.", where="dates", fix=RULE_HELP)
    return DateRule(plain, 0, numbered)


def _of_year(text: str) -> Callable[[int], dt.date | None] | None:
    match = _OF_YEAR.fullmatch(text)
    if match is None:
        return None
    year, days = int(match[2]), (1, 11, 21) if match[1].casefold() == "dekads" else (1,)

    def step(number: int) -> dt.date | None:
        month, part = divmod(number, len(days))
        return dt.date(year, month + 1, days[part]) if month < 12 else None

    return step


def _every(text: str) -> Callable[[int], dt.date | None] | None:
    match = _EVERY.fullmatch(text)
    if match is None or not int(match[1]):
        return None
    try:
        first = dt.date.fromisoformat(match[2])
    except ValueError:
        return None
    return lambda number: first + number * dt.timedelta(days=int(match[1]))


def _listed(text: str) -> Callable[[int], dt.date | None] | None:
    try:
        dates = [dt.date.fromisoformat(part) for part in re.split(r"[,;\s]+", text) if part]
    except ValueError:
        return None
    if dates != sorted(set(dates)):
        return None
    return lambda number: dates[number] if number < len(dates) else None


def is_step(text: str) -> bool:
    """Tell whether a text may be a step: a month and day, or a number with letters before it (T01)."""
    return bool(_MONTH_DAY.fullmatch(text) or _NUMBERED.fullmatch(text))


def dates_of(texts: Sequence[str], rule: DateRule, where: str) -> dict[str, dt.date]:
    """Return the date that each text means.

    Args:
        texts: Whole dates (2021-04-01, 20210401T170851, ..., milliseconds since 1970), dates without a year, or
            numbers of steps, which count from 0 if one of them is 0, else from 1.
        rule: What the two latter mean.
        where: Where they stand, for messages.

    Raises:
        SampleError: A text is no date, or the rule that it needs is missing or does not fit.
    """
    wanted = list(dict.fromkeys(texts))
    found = {text: _whole(text) for text in wanted}
    lacking = [text for text in wanted if found[text] is None]
    steps = [
        int(match[1]) for text in lacking if (match := _NUMBERED.fullmatch(text)) and _month_day(text, rule) is None
    ]
    first = 0 if 0 in steps else 1
    result = {}
    for text in wanted:
        date = found[text] or _month_day(text, rule) or _numbered(text, rule, first)
        if date is None:
            raise _no_date(text, lacking, rule, where)
        result[text] = date
    return result


def skipped_notes(texts: Sequence[str]) -> list[str]:
    """Return which numbers of steps lack among texts that are all such numbers (T01, T02, T04): a lost file."""
    matches = [_NUMBERED.fullmatch(text.strip()) for text in texts]
    numbers = {int(match[1]) for match in matches if match}
    if not matches or not all(matches) or len(numbers) < 2:
        return []
    lost = sorted(set(range(min(numbers), max(numbers))) - numbers)
    if not lost:
        return []
    return [f"Of the steps {min(numbers)} to {max(numbers)} there is no {listed([str(number) for number in lost])}."]


def _whole(text: str) -> dt.date | None:
    plain = text.strip()
    if _MILLISECONDS.fullmatch(plain):
        try:
            return (dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=float(plain))).date()
        except OverflowError:
            return None
    found = find_date(plain)
    return found.date if found else None


def _month_day(text: str, rule: DateRule) -> dt.date | None:
    match = _MONTH_DAY.fullmatch(text.strip())
    if match is None or not rule.year:
        return None
    try:
        return dt.date(rule.year, int(match[1] or match[3]), int(match[2] or match[4]))
    except ValueError:
        return None


def _numbered(text: str, rule: DateRule, first: int) -> dt.date | None:
    match = _NUMBERED.fullmatch(text.strip())
    return rule.numbered(int(match[1]) - first) if match and rule.numbered and int(match[1]) >= first else None


def _no_date(text: str, lacking: Sequence[str], rule: DateRule, where: str) -> SampleError:
    shown = f"{lacking[0]!r}" if len(lacking) == 1 else f"{lacking[0]!r} ... {lacking[-1]!r}"
    if not text.strip():
        return SampleError("A date is missing.", where=where, fix="Fill it, or delete the row.")
    if not is_step(text.strip()):
        return SampleError(f"{text!r} is no date.", where=where, fix="Write dates as 2021-04-01.")
    if rule.text:
        what = f"The dates {rule.text!r} do not say which date {text!r} is."
        return SampleError(what, where=where, fix=RULE_HELP)
    return SampleError(f"The year of {shown} is not known.", where=where, fix=RULE_HELP)
