"""What the rules of trusted pixels leave of each class, in any combination; and how often patterns foretold right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.accuracy import Interval, wilson_interval
from cropmap.data.legend import Legend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Names of the numbers of a pattern, in the raster's second band and in counts.
PATTERNS = ("none", "monocrop", "rotation", "stable_other")
NO_PATTERN, MONOCROP, ROTATION, STABLE_OTHER = range(4)
# The rules that are bits, the lowest first.
RULES = ("agreement", "min_agreement", "min_confidence", "cultivated", "homogeneous", "edge_m", "site")
BIT = {name: 1 << place for place, name in enumerate(RULES)}
ALL_BITS = (1 << len(RULES)) - 1
# The patterns together are a rule too: the first.
PATTERN_RULE = "pattern"


@dataclass(frozen=True)
class Yield:
    """What is left of each class after a rule.

    Args:
        rule: The rule, in words; "all" before the first.
        pixels: Pixels of each class, by the legend's order, (class,), int64.
    """

    rule: str
    pixels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RuleCounts:
    """Pixels by class, pattern, and the rules that they pass; from it follows what any choice of rules leaves.

    Args:
        counts: (class by the legend's order, pattern, bits), int64. Bit `BIT[rule]` is set where a pixel passes that
            rule; for a rule that was not evaluated it is set everywhere.
        legend: The classes.
        rules: The evaluated rules of `RULES`, with what they ask for in words, in the order of a funnel.
        switched: Those of them that are in effect.
        patterns: Numbers of the patterns that are wanted; empty where a pixel needs none.

    Raises:
        SampleError: Counts of another shape.
    """

    counts: NDArray[np.int64]
    legend: Legend
    rules: dict[str, str]
    switched: tuple[str, ...]
    patterns: tuple[int, ...]

    def __post_init__(self) -> None:
        shape = (len(self.legend), len(PATTERNS), ALL_BITS + 1)
        if self.counts.shape != shape:
            raise SampleError(f"The counts have shape {self.counts.shape}, not {shape}.")

    def left(self, rules: Iterable[str] | None = None, patterns: Collection[int] | None = None) -> NDArray[np.int64]:
        """Return the pixels of each class that pass all of some rules, (class,).

        Args:
            rules: Of `RULES`; None for those in effect.
            patterns: Numbers of the patterns that are wanted, empty for any or none; None for those in effect.
        """
        needed = sum(BIT[name] for name in set(self.switched if rules is None else rules))
        wanted = self.patterns if patterns is None else patterns
        passing = (np.arange(ALL_BITS + 1) & needed) == needed
        chosen = self.counts[:, sorted(wanted) or list(range(len(PATTERNS)))]
        found: NDArray[np.int64] = chosen[:, :, passing].sum(axis=(1, 2))
        return found

    def remaining(self) -> tuple[Yield, ...]:
        """Return what is left of each class before the first rule and after each in effect, in order: a funnel."""
        steps = self._steps()
        return (
            Yield("all", self.left((), ())),
            *(Yield(self.words(name), self._with(steps[: place + 1])) for place, name in enumerate(steps)),
        )

    def alone(self) -> tuple[Yield, ...]:
        """Return what each rule in effect would leave of each class were it the only one."""
        return tuple(Yield(self.words(name), self._with((name,))) for name in self._steps())

    def without(self) -> tuple[Yield, ...]:
        """Return what all rules in effect but each one would leave of each class."""
        steps = self._steps()
        return tuple(Yield(self.words(name), self._with([s for s in steps if s != name])) for name in steps)

    def emptied_by(self, code: int) -> str:
        """Say which rule took the last pixels of a class, and without which some would be left; empty where some are.

        Args:
            code: Of the class.
        """
        place = self.legend.codes.index(code)
        name, funnel = self.legend.names[place], self.remaining()
        if funnel[-1].pixels[place]:
            return ""
        if not funnel[0].pixels[place]:
            return f"No pixel of class {name!r} is in the maps."
        last = next(step for step in range(len(funnel)) if not funnel[step].pixels[place])
        text = (
            f"No pixel of class {name!r} is left: rule {funnel[last].rule!r} took the last "
            f"{funnel[last - 1].pixels[place]:,} of {funnel[0].pixels[place]:,}"
        )
        spared = [(int(each.pixels[place]), each.rule) for each in self.without() if each.pixels[place]]
        if spared:
            most, rule = max(spared)
            text += f"; without rule {rule!r} {most:,} would be left"
        return text + "."

    def words(self, rule: str) -> str:
        """Return a rule with what it asks for, e.g. "min_confidence 90"."""
        if rule == PATTERN_RULE:
            return " or ".join(PATTERNS[number] for number in self.patterns)
        return self.rules[rule]

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values: counts as [class code, pattern, bits, pixels], zeros left out."""
        places = np.argwhere(self.counts)
        listed = [[self.legend.codes[c], int(p), int(b), int(self.counts[c, p, b])] for c, p, b in places.tolist()]
        return {
            "legend": self.legend.to_list(),
            "patterns": list(PATTERNS),
            "bits": dict(BIT),
            "rules": dict(self.rules),
            "switched": list(self.switched),
            "wanted": list(self.patterns),
            "counts": listed,
        }

    def _steps(self) -> list[str]:
        """Return the rules in effect in the order of a funnel."""
        first = [PATTERN_RULE] if self.patterns else []
        return [*first, *(name for name in self.rules if name in self.switched)]

    def _with(self, steps: Collection[str]) -> NDArray[np.int64]:
        return self.left(
            [name for name in steps if name != PATTERN_RULE], self.patterns if PATTERN_RULE in steps else ()
        )


@dataclass(frozen=True)
class PatternAgreement:
    """How often a pattern foretold the class of a year that has a map.

    Args:
        pattern: Its number in `PATTERNS`.
        classes: Names of its classes: one, or two as they take turns, the foretold one last.
        year: The year foretold.
        pixels: Pixels that showed the pattern before it and have a class in it.
        agreeing: Those whose class is the foretold one.
        held_out: Whether the year lies before the target year; what the target year's own map shows drops no pattern.
        dropped: Whether the pattern is dropped, because it agrees too rarely over all held-out years.
    """

    pattern: int
    classes: tuple[str, ...]
    year: int
    pixels: int
    agreeing: int
    held_out: bool
    dropped: bool

    @property
    def share(self) -> float:
        """Share of the pixels that agree, 0..1; NaN without pixels."""
        return self.agreeing / self.pixels if self.pixels else math.nan

    @property
    def interval(self) -> Interval:
        """Wilson 95 % interval of the share, as if pixels were independent draws; neighbours are not."""
        return wilson_interval(self.agreeing, self.pixels)

    @property
    def name(self) -> str:
        """The pattern in words, e.g. "rotation Corn, Soybean": Soybean is foretold."""
        return f"{PATTERNS[self.pattern]} {', '.join(self.classes)}"

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values."""
        low, high = self.interval
        return {
            "pattern": PATTERNS[self.pattern],
            "classes": list(self.classes),
            "year": self.year,
            "pixels": self.pixels,
            "agreeing": self.agreeing,
            "share": self.share,
            "low": low,
            "high": high,
            "held_out": self.held_out,
            "dropped": self.dropped,
        }
