"""Trusted pixels: those whose class many years of reference maps agree on.

Source: Zhang, Di, Lin, Guo 2019, Extracting trusted pixels from historical Cropland Data Layer using crop rotation
patterns, Agro-Geoinformatics; as used by Long et al. 2026.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import LegendError, ParameterError, Problem, SampleError
from cropmap.contract.params import param
from cropmap.contract.progress import Progress
from cropmap.contract.words import counted
from cropmap.data.legend import Legend
from cropmap.data.site import Grid, Window
from cropmap.io.site_polygons import read_site
from cropmap.io.trusted_raster import HeldRows, TrustedRaster
from cropmap.sampling.history_rules import AGREES, MOST_CLASSES, NONE, PATTERN_NUMBERS, STRANGE, WANTED, decide
from cropmap.sampling.trusted_counts import (
    ALL_BITS,
    BIT,
    MONOCROP,
    NO_PATTERN,
    PATTERNS,
    ROTATION,
    RULES,
    STABLE_OTHER,
    PatternAgreement,
    RuleCounts,
)
from cropmap.sampling.trusted_pass import ALL, ANY, APART, CROPS, CULTIVATED, PassCounts, PassPlan, Taker, run_pass
from cropmap.sampling.trusted_site import SiteRows, metres_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.schemes import ClassScheme, SchemeLookup
    from cropmap.io.reference_maps import ReferenceMaps

_READING = 0.9  # share of the progress
_LEAST_HISTORY = 3  # years that make a pattern


@dataclass(frozen=True, kw_only=True)
class TrustRules:
    """Which pixels are trusted.

    Raises:
        ParameterError: An even side of the homogeneous window.
    """

    history_years: int = param(
        7,
        help="Years before the target year that make a pattern; a map of each is needed.",
        low=_LEAST_HISTORY,
        high=50,
    )
    monocrop: bool = param(default=True, help="Keep pixels that were one crop in all those years.")
    rotation: bool = param(default=True, help="Keep pixels on which two crops took turns in all those years.")
    stable_other: bool = param(
        default=True, title="Stable other", help="Keep pixels that were of the rest class in all those years."
    )
    agreement: bool = param(
        default=True,
        help="Keep pixels with a pattern only if the target year's map shows the class that the pattern foretells.",
    )
    min_agreement: float = param(
        95.0,
        title="Least agreement",
        help="Drop patterns that foretold the class of earlier years less often; 0 for none. Where agreement with the "
        "target year's map is asked for, that map decides by pixel, and no pattern is dropped.",
        unit="%",
        low=0,
        high=100,
    )
    min_confidence: float = param(
        90.0, title="Least confidence", help="Of the confidence layer; 0 for any.", unit="%", low=0, high=100
    )
    cultivated: str = param(
        CROPS,
        help="Where the cultivated layer must say so: nowhere, under crops, everywhere, or under crops and nothing "
        "else.",
        choices=(ANY, CROPS, ALL, APART),
    )
    homogeneous: int = param(
        3,
        title="Homogeneous window",
        help="Side of the window around a pixel in which all are of its class: 3, 5, ...; 0 for none.",
        unit="pixels",
        low=0,
        high=99,
    )
    edge_m: float = param(
        0.0,
        title="Distance to another class",
        help="From a pixel's centre to the nearest one of another class, at least; 0 for any.",
        unit="m",
        low=0,
        high=5000,
    )
    site: str = param("", kind="vector", help="Polygons of the study area; all of the maps where empty.")
    site_buffer_m: float = param(
        0.0,
        title="Buffer inside the site",
        help="Leave out pixels nearer to the site's edge, or to that of the maps where no site is given.",
        unit="m",
        low=0,
        high=100_000,
    )

    def __post_init__(self) -> None:
        if self.homogeneous and not self.homogeneous % 2:
            raise ParameterError(
                [Problem("homogeneous", f"a window of {self.homogeneous} pixels has no middle.", "Give 3, 5, 7, or 0.")]
            )

    @property
    def patterns(self) -> tuple[int, ...]:
        """Numbers of the patterns that are kept; empty where a pixel needs none."""
        switches = ((MONOCROP, self.monocrop), (ROTATION, self.rotation), (STABLE_OTHER, self.stable_other))
        return tuple(number for number, switched in switches if switched)


@dataclass(frozen=True)
class TrustOptions:
    """Where the raster goes, and how it is computed.

    Args:
        path: The raster.
        legend: What the maps' codes mean; None where nobody tells, and the scheme names codes.
        threads: Rows in work at a time; 0 for as many as cores, at most 8.
        height: Rows of a band; 0 for what suits the files. The result does not depend on either.
    """

    path: Path | str
    legend: Legend | None = None
    threads: int = 0
    height: int = 0


@dataclass(frozen=True)
class TrustedPixels:
    """A raster of trusted pixels, and how it came about.

    Args:
        path: Band 1: class code; band 2: number of the pattern in `trusted_counts.PATTERNS`. Both 255 where a pixel is
            not kept.
        grid: Its grid.
        legend: Its classes.
        target_year: The year whose classes they are.
        in_season: No map of that year was given: the classes are what the patterns foretell.
        counts: Pixels by class, pattern and rules.
        agreement: How often each pattern foretold right, by pattern and year.
        other_cultivated: Of the kept pixels that were of the rest class in all years, those that the cultivated layer
            says are cultivated; None without a layer.
        notes: What the user should know.
    """

    path: Path
    grid: Grid
    legend: Legend
    target_year: int
    in_season: bool
    counts: RuleCounts
    agreement: tuple[PatternAgreement, ...]
    other_cultivated: int | None
    notes: tuple[str, ...]


def select_trusted(
    maps: ReferenceMaps,
    scheme: ClassScheme,
    rules: TrustRules,
    options: TrustOptions,
    progress: Progress | None = None,
) -> TrustedPixels:
    """Find the pixels of the target year whose class can be trusted, and write them as a raster.

    A pixel's class is that of the target year's map. Where no map of that year is given (in season), it is what the
    pixel's pattern of the years before foretells, and pixels without a pattern have none.

    Patterns over `history_years` years: one class k, not the rest class, in all of them foretells k; two such classes
    in turn without a break foretell the next; the rest class in all of them foretells itself. A year without a class
    breaks each. Each map is read once.

    Args:
        maps: Open.
        scheme: What the maps' codes become; its `rest` is the rest class.
        rules: Which pixels are kept.
        options: Where the raster goes.
        progress: Told after each band of rows; cancels between them, and nothing is left then.

    Raises:
        SampleError: A year of the history has no map, or nothing of the site is left.
        LegendError: A map holds codes that neither legend nor scheme name, or the scheme has more than 254 classes.
        GridError: A rule in metres on maps without a coordinate reference system; it names the newest.
        SourceError: A map that cannot be read.
        OutputError: The raster cannot be written.
    """
    progress = progress or Progress()
    lookup = scheme.lookup(options.legend)
    work = _Work(maps, scheme, rules, lookup)
    path = Path(options.path)
    with TrustedRaster(path, maps.grid, scheme.legend, PATTERNS) as raster:
        result = _held(work, raster, options, progress) if work.plan.drops else _direct(work, raster, options, progress)
        raster.finish(result.pixels())
    return TrustedPixels(
        path=path,
        grid=maps.grid,
        legend=scheme.legend,
        target_year=maps.target_year,
        in_season=not maps.has_target,
        counts=result.counts(),
        agreement=result.agreement(),
        other_cultivated=result.other_cultivated(),
        notes=(*maps.notes, *work.notes, *result.notes()),
    )


def _direct(work: _Work, raster: TrustedRaster, options: TrustOptions, progress: Progress) -> _Result:
    """Write the kept pixels as they are found."""
    return _Result(work, _passed(work, raster.add, options, progress))


def _held(work: _Work, raster: TrustedRaster, options: TrustOptions, progress: Progress) -> _Result:
    """Hold the kept pixels back until it is known which patterns are dropped."""
    with HeldRows(raster.path, work.maps.grid) as held:
        result = _Result(work, _passed(work, held.add, options, progress.part(0.0, _READING)))
        writing, row = progress.part(_READING, 1.0), 0
        for classes, patterns in held.blocks():
            raster.add(*result.bands(classes, patterns))
            row += len(classes)
            writing.at(row / work.maps.grid.height, "Writing the trusted pixels")
    return result


def _passed(work: _Work, take: Taker, options: TrustOptions, progress: Progress) -> PassCounts:
    found = run_pass(work.plan, take, progress, threads=options.threads, height=options.height)
    if found.strange:
        work.refuse_strange()
    return found


class _Work:
    """What is asked, as the pass takes it."""

    def __init__(self, maps: ReferenceMaps, scheme: ClassScheme, rules: TrustRules, lookup: SchemeLookup) -> None:
        self.maps, self.scheme, self.rules, self.lookup = maps, scheme, rules, lookup
        self.notes: list[str] = []
        self.count = len(scheme.legend)
        if self.count > MOST_CLASSES:
            raise LegendError(
                f"The scheme has {self.count} classes; trusted pixels take at most {MOST_CLASSES}.",
                fix="Put some classes together.",
            )
        self._check_history()
        if rules.edge_m or rules.site_buffer_m:
            metres_of(maps.grid, maps.path(maps.years[-1]))  # refused before anything is read
        self.tested = tuple(year for year in maps.years if year < maps.target_year and self._has_history(year))
        self.rest = scheme.legend.names.index(scheme.rest) if scheme.rest in scheme.legend.names else NONE
        self.words = self._words()
        self.plan = self._plan()

    @property
    def held_out(self) -> bool:
        """Whether patterns are judged on years before the target year."""
        return bool(self.tested)

    @property
    def drops(self) -> bool:
        """Whether patterns may be dropped: only where no map of the target year confirms each pixel."""
        return bool(self.rules.min_agreement) and not (self.maps.has_target and self.rules.agreement)

    @property
    def switched(self) -> tuple[str, ...]:
        """The evaluated rules that are in effect: all but an agreement that is switched off."""
        return tuple(name for name in self.words if name != "agreement" or self.rules.agreement)

    def refuse_strange(self) -> None:
        """Refuse the maps that hold codes which nobody names, with the pixels of each."""
        grid, rows = self.maps.grid, self.maps.block[0]
        height = max(1, 4_000_000 // (grid.width * rows)) * rows
        windows = [Window(row, 0, min(height, grid.height - row), grid.width) for row in range(0, grid.height, height)]
        for year in self.plan.years:
            self.lookup.check(self.maps.counts(year, windows), self.maps.path(year))

    def _has_history(self, year: int) -> bool:
        return all(year - back in self.maps.years for back in range(1, self.rules.history_years + 1))

    def _check_history(self) -> None:
        target, length = self.maps.target_year, self.rules.history_years
        missing = [year for year in range(target - length, target) if year not in self.maps.years]
        if missing:
            whole = next(back for back in range(length) if target - back - 1 in missing)
            ways = f"or set history_years to {whole} or fewer" if whole >= _LEAST_HISTORY else "or another target year"
            raise SampleError(
                f"There is no map of {', '.join(map(str, missing))}: the patterns before {target} need all of "
                f"{target - length} to {target - 1}. The maps given reach back {counted(whole, 'year', 'years')} "
                "without a gap.",
                fix=f"Give those maps, {ways}.",
            )

    def _words(self) -> dict[str, str]:
        """Return the rules that are evaluated, with what they ask for; note those that lack their layer."""
        rules = self.rules
        asked = {
            "agreement": "agreement" if self.maps.has_target else "",
            "min_agreement": f"min_agreement {rules.min_agreement:g} %" if self.drops else "",
            "min_confidence": f"min_confidence {rules.min_confidence:g} %" if rules.min_confidence else "",
            "cultivated": f"cultivated: {rules.cultivated}" if rules.cultivated != ANY else "",
            "homogeneous": f"homogeneous {rules.homogeneous} x {rules.homogeneous}" if rules.homogeneous > 1 else "",
            "edge_m": f"edge_m {rules.edge_m:g} m" if rules.edge_m else "",
            "site": _site_words(rules),
        }
        if asked["min_agreement"] and not self.held_out:
            asked["min_agreement"] = ""
            self.notes.append(
                f"No year before {self.maps.target_year} has {rules.history_years} maps before it: no pattern can be "
                "judged on held-out years, and min_agreement drops none."
            )
        layers = {"min_confidence": "confidence", "cultivated": "cultivated"}
        lacking = [name for name, kind in layers.items() if asked[name] and not self.maps.has_layer(kind)]
        if lacking:
            asked |= dict.fromkeys(lacking, "")
            kinds, rules_off = " and no ".join(layers[name] for name in lacking), " and ".join(lacking)
            off = f"the rule {rules_off} is" if len(lacking) == 1 else f"the rules {rules_off} are"
            self.notes.append(f"No {kinds} layer is given: {off} off.")
        return {name: asked[name] for name in RULES if asked[name]}

    def _plan(self) -> PassPlan:
        rules, maps = self.rules, self.maps
        ends = (*self.tested, maps.target_year)
        reached = {year - back for year in ends for back in range(rules.history_years + 1)}
        years = tuple(year for year in maps.years if year in reached)
        codes = np.full(256, NONE, np.uint8)
        codes[: self.count] = self.scheme.legend.codes
        bits = ("agreement", "min_confidence", "cultivated", "homogeneous", "edge_m", "site")
        return PassPlan(
            maps=maps,
            years=years,
            tables=np.stack([self._table(year) for year in years]),
            rows=tuple(self.tested.index(year) if year in self.tested else -1 for year in years),
            history=rules.history_years,
            rest=self.rest,
            count=self.count,
            min_confidence=rules.min_confidence if "min_confidence" in self.words else 0.0,
            cultivated=rules.cultivated,
            windows=self._windows(),
            site=self._site() if "site" in self.words else None,
            needed=sum(BIT[name] for name in bits if name in self.switched),
            wanted=sum(1 << kind for kind in rules.patterns or range(len(PATTERNS))),
            codes=codes,
            drops="min_agreement" in self.words,
        )

    def kinds(self) -> NDArray[np.uint8]:
        """Return the kind of each pattern number, (pattern,), uint8."""
        found = np.full(PATTERN_NUMBERS, ROTATION, np.uint8)
        found[0] = NO_PATTERN
        found[1 : 1 + self.count] = MONOCROP
        if self.rest != NONE:
            found[1 + self.rest] = STABLE_OTHER
        return found

    def _table(self, year: int) -> NDArray[np.uint8]:
        """Return the position of each code of a year's map, (256,), uint8."""
        position = np.full(256, NONE, np.uint8)
        position[list(self.scheme.legend.codes)] = np.arange(self.count)
        found = position[self.lookup.target]
        found[~self.lookup.known] = STRANGE
        found[self.maps.nodata(year)] = NONE
        return found

    def _windows(self) -> dict[int, NDArray[np.int64]]:
        found = {}
        if "homogeneous" in self.words:
            half = self.rules.homogeneous // 2
            found[BIT["homogeneous"]] = np.full(half + 1, half, np.int64)
        if "edge_m" in self.words:
            found[BIT["edge_m"]] = disc(self.rules.edge_m, *metres_of(self.maps.grid))
        return found

    def _site(self) -> SiteRows:
        outline = read_site(self.rules.site, self.maps.grid.crs) if self.rules.site else None
        return SiteRows(self.maps.grid, outline, self.rules.site_buffer_m, self.rules.site)


class _Result:
    """What a pass found, and what follows."""

    def __init__(self, work: _Work, found: PassCounts) -> None:
        self._work, self._found = work, found
        keys = np.array(list(found.pixels), np.int64)
        self._pixels = np.array(list(found.pixels.values()), np.int64)
        self._classes, self._bits, self._patterns = keys & 0xFF, keys >> 8 & 0xFF, keys >> 16
        self._dropped = self._too_rare()
        self._kinds = work.kinds()

    def bands(
        self, classes: NDArray[np.uint8], patterns: NDArray[np.uint16]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return codes and kinds of pattern of kept classes and patterns; NONE where the pattern is dropped."""
        kinds = np.where(self._dropped, np.uint8(NONE), self._kinds)
        bands = np.empty((2, classes.size), np.uint8)
        decide(classes.reshape(-1), patterns.reshape(-1), self._work.plan.codes, kinds, bands)
        return bands[0].reshape(classes.shape), bands[1].reshape(classes.shape)

    def pixels(self) -> NDArray[np.int64]:
        """Return how many pixels of the raster have each code, (256,)."""
        work = self._work
        left = np.zeros(256, np.int64)
        left[list(work.scheme.legend.codes)] = self.counts().left()
        left[NONE] = work.maps.grid.width * work.maps.grid.height - left.sum()
        return left

    def counts(self) -> RuleCounts:
        """Return the pixels by class, pattern and rules."""
        work = self._work
        found = np.zeros((work.count, len(PATTERNS), ALL_BITS + 1), np.int64)
        np.add.at(found, (self._classes, self._kinds[self._patterns], self._all_bits()), self._pixels)
        return RuleCounts(found, work.scheme.legend, work.words, work.switched, work.rules.patterns)

    def agreement(self) -> tuple[PatternAgreement, ...]:
        """Return how often each pattern foretold right, by pattern, then by year."""
        table = self._found.agreement[:, :, :2]
        rows = [
            self._row(pattern, self._work.tested[row], counts, held_out=True)
            for pattern in np.flatnonzero(table.any(axis=(0, 2))).tolist()
            for row, counts in enumerate(table[:, pattern])
            if counts.any()
        ]
        if self._work.maps.has_target:
            rows += self._of_target()
        return tuple(sorted(rows, key=lambda row: (row.pattern, row.classes, row.year)))

    def other_cultivated(self) -> int | None:
        """Return how many of the kept pixels of the pattern "stable other" are cultivated; None without a layer."""
        work = self._work
        if not work.maps.has_layer("cultivated"):
            return None
        needed = sum(BIT[name] for name in work.switched)
        kept = (self._all_bits() & needed) == needed
        kept &= self._bits & WANTED > 0
        kept &= (self._kinds[self._patterns] == STABLE_OTHER) & (self._bits & CULTIVATED > 0)
        return int(self._pixels[kept].sum())

    def notes(self) -> tuple[str, ...]:
        """Say which patterns are dropped."""
        dropped = sorted({row.name for row in self.agreement() if row.dropped})
        if not dropped:
            return ()
        least = f"{self._work.rules.min_agreement:g} %"
        return (f"Dropped, because they foretold held-out years less often than {least}: {'; '.join(dropped)}.",)

    def _all_bits(self) -> NDArray[np.int64]:
        """Return the bits of each key, with those that class and pattern decide, and those of rules not evaluated."""
        found = self._bits & (ALL_BITS - BIT["min_agreement"])  # whose place WANTED takes
        found = found | ~self._dropped[self._patterns] * BIT["min_agreement"]
        return np.asarray(found | sum(BIT[name] for name in RULES if name not in self._work.words), np.int64)

    def _too_rare(self) -> NDArray[np.bool_]:
        """Return the patterns that agree too rarely over all held-out years, (pattern,)."""
        dropped = np.zeros(PATTERN_NUMBERS, np.bool_)
        if "min_agreement" in self._work.words:
            other, right = self._found.agreement[:, :, :2].sum(axis=0).T
            share = self._work.rules.min_agreement / 100
            dropped[: len(right)] = (right + other > 0) & (right < share * (right + other))
        return dropped

    def _of_target(self) -> list[PatternAgreement]:
        rows = []
        agreeing = self._bits & AGREES > 0
        for pattern in np.unique(self._patterns[self._patterns > 0]).tolist():
            own = self._patterns == pattern
            right = int(self._pixels[own & agreeing].sum())
            counts = np.array([int(self._pixels[own].sum()) - right, right])
            rows.append(self._row(pattern, self._work.maps.target_year, counts, held_out=False))
        return rows

    def _row(self, pattern: int, year: int, counts: NDArray[np.int64], *, held_out: bool) -> PatternAgreement:
        return PatternAgreement(
            pattern=int(self._kinds[pattern]),
            classes=self._classes_of(pattern),
            year=year,
            pixels=int(counts.sum()),
            agreeing=int(counts[1]),
            held_out=held_out,
            dropped=bool(self._dropped[pattern]),
        )

    def _classes_of(self, pattern: int) -> tuple[str, ...]:
        names, count = self._work.scheme.legend.names, self._work.count
        if pattern <= count:
            return (names[pattern - 1],)
        last, following = divmod(pattern - 1 - count, count)
        return names[last], names[following]


def disc(radius_m: float, across_m: float, down_m: float) -> NDArray[np.int64]:
    """Return how far to look left and right, by distance in rows, for pixels whose centres are nearer than a radius.

    Args:
        radius_m: In metres, above 0.
        across_m: A pixel's width in metres.
        down_m: Its height.
    """
    rows = math.ceil(radius_m / down_m) + 1
    columns = np.arange(math.ceil(radius_m / across_m) + 2)
    found = []
    for row in range(rows + 1):
        near = (columns * across_m) ** 2 + (row * down_m) ** 2 < radius_m**2
        if not near.any():
            break
        found.append(int(near.sum()) - 1)
    return np.array(found, np.int64)


def _site_words(rules: TrustRules) -> str:
    words: Sequence[str] = [
        *(["site"] if rules.site else []),
        *([f"site_buffer_m {rules.site_buffer_m:g} m"] if rules.site_buffer_m else []),
    ]
    return ", ".join(words)
