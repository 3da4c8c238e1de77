"""One pass over reference maps: read rows in threads, apply the rules, count, and hand the kept pixels on in order."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.data.site import Window
from cropmap.io.reference_maps import ReferenceMaps
from cropmap.sampling.history_rules import NONE, alike, grown, new_tally, paired, read_history, sift, tallied
from cropmap.sampling.trusted_counts import BIT
from cropmap.sampling.trusted_site import SiteRows
from cropmap.threads import in_order, worker_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cropmap.contract.progress import Progress
    from cropmap.io.trusted_raster import TrustedRaster

# Set where the cultivated layer says that land is: no rule, but counted apart.
CULTIVATED = 1 << 7
# What the cultivated rule asks for.
ANY, CROPS, ALL, APART = "any", "crops cultivated", "all cultivated", "crops cultivated, other not"

_ROWS_PIXELS = 1_500_000  # of the rows in work in one thread
_CHUNK_PIXELS = 6_000_000  # whose codes of all years are held at a time in one thread
_HELD_BYTES = 600 * 10**6  # of rows that wait for their neighbours, all together
_PIXEL_BYTES = 14  # of such rows: class, bits and pattern of a band and of those around it


@dataclass(frozen=True, eq=False)
class PassPlan:
    """What is read and asked for.

    Args:
        maps: Open.
        years: Years that are read, ascending.
        tables: Position of each code of each year, (year, 256), uint8; `history_rules.NONE` or STRANGE where there is
            none.
        rows: Row of the agreement table that each year's map is compared in, -1 for none, (year,).
        history: How many years make a pattern.
        rest: Position of the rest class; NONE for none.
        count: Number of classes.
        min_confidence: Percent; 0 for no such rule.
        cultivated: What the rule asks for, one of ANY, CROPS, ALL, APART.
        windows: What `alike` looks at for each bit that it decides, by bit.
        site: Which pixels lie in the site; None for no such rule.
        needed: Bits that a kept pixel needs.
        agreeing: Whether a kept pixel with a pattern must be of the class that it foretells.
        wanted: Whether each pattern may be kept, (pattern,), uint8.
    """

    maps: ReferenceMaps
    years: tuple[int, ...]
    tables: NDArray[np.uint8]
    rows: tuple[int, ...]
    history: int
    rest: int
    count: int
    min_confidence: float
    cultivated: str
    windows: dict[int, NDArray[np.int64]]
    site: SiteRows | None
    needed: int
    agreeing: bool
    wanted: NDArray[np.uint8]

    @property
    def patterns(self) -> int:
        """How many numbers patterns may have."""
        return 1 + self.count + self.count**2

    @property
    def far(self) -> int:
        """How many rows above and below a pixel the rules look."""
        return max((len(reach) - 1 for reach in self.windows.values()), default=0)


@dataclass(eq=False)
class PassCounts:
    """What a pass counts.

    Args:
        agreement: Pixels by row of the table, pattern, and what came: another class, the foretold one, none; int64.
        pixels: Pixels of each key (class + 2^8 bits + 2^16 pattern), those without a class left out.
        strange: Whether a code was met that nobody names; the pass ended there.
    """

    agreement: NDArray[np.int64]
    pixels: dict[int, int] = field(default_factory=dict)
    strange: bool = False


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some rows, all columns, before rules that look around: (row, column) each."""

    row: int
    classes: NDArray[np.uint8]
    patterns: NDArray[np.uint16]
    bits: NDArray[np.uint8]
    agreement: NDArray[np.int64]
    strange: bool


@dataclass(frozen=True, eq=False)
class _Sifted:
    rows: _Rows
    kept: NDArray[np.uint8]
    keys: NDArray[np.uint32]
    counts: NDArray[np.int64]


def run_pass(plan: PassPlan, raster: TrustedRaster, progress: Progress, *, threads: int, height: int) -> PassCounts:
    """Read everything once, count, and give the kept pixels to the raster.

    Args:
        plan: What is read and asked for.
        raster: Takes classes by position, NONE where a pixel is not kept, and patterns.
        progress: Told after each band of rows; cancels between them.
        threads: As `worker_count` takes it; fewer where their rows would take more than about 600 MB.
        height: Rows of a band; 0 for what suits the files.
    """
    bands = _bands(plan, height)
    workers = _workers(plan, bands, threads)
    tables = paired(plan.tables)
    found = PassCounts(np.zeros((max(plan.rows, default=-1) + 1, plan.patterns, 3), np.int64))

    def read(band: tuple[int, int]) -> _Rows:
        return _read(plan, tables, band)

    def sifted(three: Sequence[_Rows | None]) -> _Sifted:
        return _sifted(plan, three)

    with (
        contextlib.closing(in_order(read, bands, workers)) as loaded,
        contextlib.closing(in_order(sifted, _threes(loaded), workers)) as done,
    ):
        for one in done:
            found.strange |= one.rows.strange
            if found.strange:
                break
            found.agreement += one.rows.agreement
            for key, count in zip(one.keys.tolist(), one.counts.tolist(), strict=True):
                found.pixels[key] = found.pixels.get(key, 0) + count
            raster.add(one.kept, one.rows.patterns)
            progress.at((one.rows.row + len(one.kept)) / plan.maps.grid.height, "Reading the reference maps")
    return found


def _bands(plan: PassPlan, height: int) -> list[tuple[int, int]]:
    """Return first row and height of bands that cover the grid; none but the last is lower than the rules look."""
    grid, unit = plan.maps.grid, plan.maps.block[0]
    rows = height or max(1, round(_ROWS_PIXELS / (grid.width * unit))) * unit
    rows = max(rows, plan.far, 1)
    return [(row, min(rows, grid.height - row)) for row in range(0, grid.height, rows)]


def _workers(plan: PassPlan, bands: Sequence[tuple[int, int]], threads: int) -> int:
    held = plan.maps.grid.width * bands[0][1] * _PIXEL_BYTES
    return max(1, min(worker_count(threads), _HELD_BYTES // held))


def _threes(rows: Iterable[_Rows]) -> Iterator[Sequence[_Rows | None]]:
    """Yield each band with the one before it and the one after it."""
    padded = itertools.chain([None], rows, [None])
    before, own = next(padded), next(padded)
    for after in padded:
        yield before, own, after
        before, own = own, after


def _read(plan: PassPlan, tables: NDArray[np.uint16], band: tuple[int, int]) -> _Rows:
    row, height = band
    width = plan.maps.grid.width
    rows = _Rows(
        row,
        np.empty((height, width), np.uint8),
        np.empty((height, width), np.uint16),
        np.zeros((height, width), np.uint8),
        np.zeros((max(plan.rows, default=-1) + 1, plan.patterns, 3), np.int64),
        strange=False,
    )
    strange = False
    for window in _chunks(plan, row, height):
        strange |= _read_chunk(plan, tables, window, rows)
    if plan.site is not None:
        inside = plan.site.read(row, height)
        rows.bits[inside] |= BIT["site"]
    return _Rows(row, rows.classes, rows.patterns, rows.bits, rows.agreement, strange)


def _chunks(plan: PassPlan, row: int, height: int) -> Iterator[Window]:
    """Yield windows of a band that hold few enough pixels, of whole tiles in width."""
    width, unit = plan.maps.grid.width, plan.maps.block[1]
    step = max(1, _CHUNK_PIXELS // (height * unit)) * unit
    for col in range(0, width, step):
        yield Window(row, col, height, min(step, width - col))


def _read_chunk(plan: PassPlan, tables: NDArray[np.uint16], window: Window, rows: _Rows) -> bool:
    """Fill the columns of a window, and tell whether a code was met that nobody names."""
    shape, pixels = (window.height, window.width), window.pixels
    codes = np.empty((len(plan.years), pixels + pixels % 2), np.uint8)
    codes[:, pixels:] = NONE
    for year, one in zip(plan.years, codes, strict=True):
        plan.maps.read(year, window, one[:pixels].reshape(shape))
    follows = [year - 1 in plan.years for year in plan.years]
    years = np.column_stack([follows, plan.rows]).astype(np.int64)
    own_map = int(plan.years[-1] == plan.maps.target_year)
    columns = np.s_[:, window.col : window.col + window.width]
    whole = window.width == rows.classes.shape[1]
    classes = rows.classes if whole else np.empty(shape, np.uint8)
    patterns = rows.patterns if whole else np.empty(shape, np.uint16)
    rules = (plan.history, plan.rest, plan.count, own_map)
    found = classes.reshape(-1), patterns.reshape(-1)
    strange = read_history(codes.view(np.uint16), tables, years, rules, found, rows.agreement)
    if not whole:
        rows.classes[columns], rows.patterns[columns] = classes, patterns
    _read_layers(plan, window, rows.classes[columns], rows.bits[columns])
    return strange


def _read_layers(plan: PassPlan, window: Window, classes: NDArray[np.uint8], bits: NDArray[np.uint8]) -> None:
    """Set the bits that the confidence and the cultivated layer decide."""
    if plan.min_confidence:
        percent = plan.maps.read_layer("confidence", window)
        bits |= _bit((percent >= plan.min_confidence) & (percent <= 100), BIT["min_confidence"])
    if plan.maps.has_layer("cultivated"):
        layer = plan.maps.read_layer("cultivated", window)
        grown_on = layer == 2
        bits |= _bit(grown_on, CULTIVATED)
        if plan.cultivated == CROPS:
            grown_on = grown_on | (classes == plan.rest)
        elif plan.cultivated == APART:
            grown_on = np.where(classes == plan.rest, layer == 1, grown_on)
        bits |= _bit(grown_on, BIT["cultivated"])


def _bit(passing: NDArray[np.bool_], bit: int) -> NDArray[np.uint8]:
    return np.asarray(passing.view(np.uint8) * np.uint8(bit))


def _sifted(plan: PassPlan, three: Sequence[_Rows | None]) -> _Sifted:
    """Apply the rules that look around, count, and keep what passes all."""
    own = three[1]
    assert own is not None  # noqa: S101 - the middle one always is
    bits = own.bits
    if plan.windows:
        around = _around(three, plan.far)
        for bit, reach in plan.windows.items():
            far, same = len(reach) - 1, np.empty(own.classes.shape, np.uint8)
            alike(around[plan.far - far : len(around) - plan.far + far], reach, same)
            bits |= same * np.uint8(bit)
    kept = own.classes.copy()  # the neighbours still look at the others
    wanted = (plan.needed, int(plan.agreeing), plan.count, plan.wanted)
    tally, start = new_tally(), 0
    flat = kept.reshape(-1), bits.reshape(-1), own.patterns.reshape(-1)
    while (start := sift(*flat, wanted, tally, start)) < kept.size:
        tally = grown(tally)
    return _Sifted(own, kept, *tallied(tally))


def _around(three: Sequence[_Rows | None], far: int) -> NDArray[np.uint8]:
    """Return a band's classes with so many rows of its neighbours; NONE beyond the grid."""
    before, own, after = three
    assert own is not None  # noqa: S101 - the middle one always is
    found = np.full((len(own.classes) + 2 * far, own.classes.shape[1]), NONE, np.uint8)
    found[far : far + len(own.classes)] = own.classes
    if before is not None and far:
        found[:far] = before.classes[-far:]
    if after is not None and far:
        rows = after.classes[:far]
        found[far + len(own.classes) :][: len(rows)] = rows
    return found
