"""What the rules of trusted pixels leave of each class, in any combination: sums of counts, without Qt."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

# The steps that are no rule: before all of them, and the patterns together.
ALL, PATTERN = "all", "pattern"
ON, OFF, CHANGED = "on", "off", "changed"

# While the target year's map confirms each pixel, patterns are not judged by the years before.
_CONFIRMED, _LEAST = "agreement", "min_agreement"
# Parameters of a rule that is not called like its one parameter.
_SETTINGS = {"site": ("site", "site_buffer_m")}


@dataclass(frozen=True)
class Step:
    """What is left of each class, by the order of the classes, after a rule that is on."""

    rule: str
    left: tuple[int, ...]


@dataclass(frozen=True)
class TrustCounts:
    """Pixels by class, pattern, and the rules that they pass.

    Args:
        classes: Names of the classes.
        colours: Their colours, #rrggbb.
        patterns: Names by the number of the pattern; the first is that of pixels without one.
        rules: Names of the rules that were looked at, in the order of the table.
        bits: The bit of each rule.
        counts: (position of the class, pattern, bits of the rules passed, pixels) each.
    """

    classes: tuple[str, ...]
    colours: tuple[str, ...]
    patterns: tuple[str, ...]
    rules: tuple[str, ...]
    bits: dict[str, int]
    counts: tuple[tuple[int, int, int, int], ...]

    @property
    def switches(self) -> tuple[str, ...]:
        """What can be switched: the patterns, then the rules."""
        return (*self.patterns[1:], *self.rules)

    def of_pattern(self, pattern: str) -> tuple[int, ...]:
        """Return the pixels of each class that have a pattern."""
        return self._sum({self.patterns.index(pattern)}, 0)

    def left(self, on: Collection[str]) -> tuple[int, ...]:
        """Return the pixels of each class that pass all rules that are on, and have one of the patterns that are.

        Where no pattern is on, pixels need none.
        """
        numbers = {number for number, name in enumerate(self.patterns) if number and name in on}
        return self._sum(numbers, sum(self.bits[name] for name in self.rules if name in on))

    def funnel(self, on: Collection[str]) -> list[Step]:
        """Return what is left before the rules, after the patterns, and after each rule that is on."""
        wanted = [name for name in self.patterns[1:] if name in on]
        steps = [Step(ALL, self.left(()))]
        if wanted:
            steps.append(Step(PATTERN, self.left(wanted)))
        so_far = list(wanted)
        for rule in self.rules:
            if rule in on:
                so_far.append(rule)
                steps.append(Step(rule, self.left(so_far)))
        return steps

    def emptied(self, on: Collection[str]) -> dict[str, tuple[str, int]]:
        """Return the classes of which nothing is left, with the step that took the last pixels and how many it took.

        Classes that are in no map are no matter of the rules; they are not among them.
        """
        steps = self.funnel(on)
        found = {}
        for place, name in enumerate(self.classes):
            taken = [(a.left[place], b.rule) for a, b in zip(steps, steps[1:]) if a.left[place] and not b.left[place]]
            if taken:
                found[name] = (taken[0][1], taken[0][0])
        return found

    def without(self, on: Collection[str], rule: str) -> tuple[int, ...]:
        """Return what would be left of each class in the end if a rule, or the patterns, were switched off."""
        off = set(self.patterns) if rule == PATTERN else {rule}
        return self.left(set(on) - off)

    def _sum(self, patterns: Collection[int], needed: int) -> tuple[int, ...]:
        pixels = [0] * len(self.classes)
        for place, pattern, bits, count in self.counts:
            if bits & needed == needed and (not patterns or pattern in patterns):
                pixels[place] += count
        return tuple(pixels)


NOTHING = TrustCounts((), (), ("none",), (), {}, ())


def read_counts(path: Path) -> TrustCounts:
    """Read the counts that the job wrote (counts.json)."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    legend = fields["legend"]
    position = {entry["code"]: place for place, entry in enumerate(legend)}
    return TrustCounts(
        classes=tuple(entry["name"] for entry in legend),
        colours=tuple(entry["colour"] for entry in legend),
        patterns=tuple(fields["patterns"]),
        rules=tuple(fields["rules"]),
        bits=fields["bits"],
        counts=tuple((position[code], pattern, bits, count) for code, pattern, bits, count in fields["counts"]),
    )


# ---------------------------------------------------------------- rules and their parameters


def settings_of(rule: str) -> tuple[str, ...]:
    """Return the parameters that set a rule."""
    return _SETTINGS.get(rule, (rule,))


def off_value(prop: Mapping[str, Any]) -> Any:
    """Return the value of a parameter that switches its rule off."""
    kind = prop["x-kind"]
    if kind == "choice":
        return prop["enum"][0]
    return {"boolean": False, "integer": 0, "number": 0.0}.get(kind, "")


@dataclass(frozen=True)
class Asked:
    """The parameters that pixels were counted with, against those of now.

    Args:
        properties: The parameters that the counts depend on, with their schema.
        then: Values when they were counted; defaults may be missing.
        now: Values now.
    """

    properties: Mapping[str, Mapping[str, Any]]
    then: Mapping[str, Any]
    now: Mapping[str, Any]

    def states(self, counts: TrustCounts) -> dict[str, str]:
        """Return of each switch whether it is on, off, or set to something that was not counted."""
        return {name: self._state(name) for name in counts.switches}

    def changed(self, counts: TrustCounts) -> tuple[str, ...]:
        """Return the parameters whose change no sum of the counts can follow."""
        followed = {
            parameter
            for name, state in self.states(counts).items()
            if state != CHANGED
            for parameter in settings_of(name)
        }
        found = tuple(name for name in self.properties if name not in followed and self._differs(name))
        return (*found, _LEAST) if self._is_judged_anew(counts) and _LEAST not in found else found

    def _is_judged_anew(self, counts: TrustCounts) -> bool:
        """Whether patterns are dropped by how often they foretold right only now: nothing confirms each pixel."""
        confirmed = _CONFIRMED in counts.rules and _LEAST not in counts.rules
        return confirmed and self._state(_CONFIRMED) == OFF and _LEAST in self.properties and self._is_set(_LEAST)

    def _is_set(self, name: str) -> bool:
        return bool(self._value(name, self.now) != off_value(self.properties[name]))

    def switch(self, rule: str, *, on: bool) -> dict[str, Any]:
        """Return the values that switch a rule off, or back to what it was when it was counted."""
        names = settings_of(rule)
        if not on:
            return {name: off_value(self.properties[name]) for name in names}
        return {name: self._is_switch(name) or self._value(name, self.then) for name in names}

    def _state(self, rule: str) -> str:
        names = settings_of(rule)
        if all(self._value(name, self.now) == off_value(self.properties[name]) for name in names):
            return OFF
        same = all(self._is_switch(name) or not self._differs(name) for name in names)
        return ON if same else CHANGED

    def _is_switch(self, name: str) -> bool:
        return bool(self.properties[name]["x-kind"] == "boolean")

    def _differs(self, name: str) -> bool:
        return bool(self._value(name, self.then) != self._value(name, self.now))

    def _value(self, name: str, values: Mapping[str, Any]) -> Any:
        return values.get(name, self.properties[name].get("default"))


# ---------------------------------------------------------------- agreement


@dataclass(frozen=True)
class Agreement:
    """How often a pattern foretold the class of the held-out years, all of them together."""

    pattern: str
    classes: str
    years: tuple[int, ...]
    pixels: int
    agreeing: int
    dropped: bool

    @property
    def share(self) -> float:
        """Share of the pixels that agree, 0..1."""
        return self.agreeing / self.pixels


def read_agreement(path: Path) -> list[Agreement]:
    """Read how often each pattern foretold right (agreement.csv); only held-out years count."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["held_out"] == "1" and int(row["pixels"])]
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        grouped.setdefault((row["pattern"], row["classes"]), []).append(row)
    return [_pooled(*key, listed) for key, listed in grouped.items()]


def _pooled(pattern: str, classes: str, rows: Sequence[Mapping[str, str]]) -> Agreement:
    return Agreement(
        pattern,
        classes,
        tuple(int(row["year"]) for row in rows),
        sum(int(row["pixels"]) for row in rows),
        sum(int(row["agreeing"]) for row in rows),
        any(row["dropped"] == "1" for row in rows),
    )
