"""One pass over reference maps: read rows in threads, apply the rules, count, and hand the kept pixels on."""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.data.site import Window
from cropmap.io.reference_maps import ReferenceMaps
from cropmap.sampling.history_rules import (
    NONE,
    WANTED,
    Found,
    add_up,
    alike,
    drop,
    grown,
    keep,
    new_tally,
    paired,
    read_history,
    tallied,
    whole_words,
)
from cropmap.sampling.trusted_counts import BIT
from cropmap.sampling.trusted_site import SiteRows
from cropmap.threads import in_order, worker_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cropmap.contract.progress import Progress

# Set where the cultivated layer says that land is: no rule, but counted apart.
CULTIVATED = 1 << 7
# What the cultivated rule asks for.
ANY, CROPS, ALL, APART = "any", "crops cultivated", "all cultivated", "crops cultivated, other not"

_ROWS_PIXELS = 1_500_000  # of the rows in work in one thread
_CHUNK_PIXELS = 6_000_000  # whose codes of all years are held at a time in one thread
_HELD_BYTES = 600 * 10**6  # of rows that wait for their neighbours, all together
_PIXEL_BYTES = 20  # of such rows: class, bits and pattern of a band and of those around it, and what is kept of it


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
        needed: Bits that a kept pixel has, besides that of a wanted pattern.
        wanted: Kinds of pattern that may be kept, a bit each.
        codes: Code of each class, (256,), uint8; NONE for none.
        drops: Whether patterns may be dropped when all is counted.
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
    wanted: int
    codes: NDArray[np.uint8]
    drops: bool

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
        pixels: Pixels of each key (class + 2^8 bits + 2^16 pattern), those without a class left out; bit
            `history_rules.WANTED` tells wanted patterns.
        strange: Whether a code was met that nobody names; the pass ended there.
    """

    agreement: NDArray[np.int64]
    pixels: dict[int, int] = field(default_factory=dict)
    strange: bool = False


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some rows, all columns, before rules that look around; class, pattern, kind and bits (row, column) each."""

    row: int
    found: Found
    agreement: NDArray[np.int64]
    strange: bool


@dataclass(frozen=True, eq=False)
class _Sifted:
    """What is counted of some rows, and what is kept of them: either way (row, column) each."""

    rows: _Rows
    kept: tuple[NDArray[np.uint8], NDArray[np.uint8] | NDArray[np.uint16]]
    keys: NDArray[np.uint32]
    counts: NDArray[np.int64]


class _Tables:
    """What the pixels are looked up in, and codes of all years that each thread fills anew."""

    def __init__(self, plan: PassPlan) -> None:
        self.classes = paired(plan.tables)
        self.codes = paired(plan.codes[None])[0]
        self.years = np.column_stack([[year - 1 in plan.years for year in plan.years], plan.rows]).astype(np.int64)
        self._held = threading.local()

    def buffer(self, years: int, pixels: int) -> NDArray[np.uint8]:
        """Return this thread's codes of all years, (year, pixel); what fills up the last word is no data."""
        size = whole_words(pixels)
        held: NDArray[np.uint8] | None = getattr(self._held, "codes", None)
        if held is None or held.shape[1] != size:
            held = self._held.codes = np.empty((years, size), np.uint8)
        held[:, pixels:] = NONE
        return held


Taker = Callable[[NDArray[np.uint8], Any], None]


def run_pass(plan: PassPlan, take: Taker, progress: Progress, *, threads: int, height: int) -> PassCounts:
    """Read everything once, count, and hand the kept pixels on, in order.

    Args:
        plan: What is read and asked for.
        take: Called with each band of rows, all columns, (row, column) each: code and kind of pattern, uint8, NONE
            where a pixel is not kept; where patterns may yet be dropped, position of the class, uint8, and pattern,
            uint16, NONE and 0 where a pixel is not kept.
        progress: Told after each band of rows; cancels between them.
        threads: As `worker_count` takes it; fewer where their rows would take more than about 600 MB.
        height: Rows of a band; 0 for what suits the files.
    """
    bands = _bands(plan, height)
    workers = _workers(plan, bands, threads)
    tables = _Tables(plan)
    found = PassCounts(np.zeros((max(plan.rows, default=-1) + 1, plan.patterns, 3), np.int64))

    def read(band: tuple[int, int]) -> _Rows:
        return _read(plan, tables, band)

    def sifted(three: Sequence[_Rows | None]) -> _Sifted:
        return _sifted(plan, tables, three)

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
            take(*one.kept)
            progress.at((one.rows.row + len(one.kept[0])) / plan.maps.grid.height, "Reading the reference maps")
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


def _read(plan: PassPlan, tables: _Tables, band: tuple[int, int]) -> _Rows:
    row, height = band
    shape = height, plan.maps.grid.width
    found = _room(shape)
    agreement = np.zeros((max(plan.rows, default=-1) + 1, plan.patterns, 3), np.int64)
    strange = False
    for window in _chunks(plan, row, height):
        columns = np.s_[:, window.col : window.col + window.width]
        own = Found(found.classes[columns], found.patterns[columns], found.kinds[columns], found.bits[columns])
        strange |= _read_chunk(plan, tables, window, own, agreement)
        _read_layers(plan, window, own.classes, own.bits)
    if plan.site is not None:
        found.bits[plan.site.read(row, height)] |= BIT["site"]
    return _Rows(row, found, agreement, strange)


def _chunks(plan: PassPlan, row: int, height: int) -> Iterator[Window]:
    """Yield windows of a band that hold few enough pixels, of whole tiles in width."""
    width, unit = plan.maps.grid.width, plan.maps.block[1]
    step = max(1, _CHUNK_PIXELS // (height * unit)) * unit
    for col in range(0, width, step):
        yield Window(row, col, height, min(step, width - col))


def _read_chunk(plan: PassPlan, tables: _Tables, window: Window, found: Found, agreement: NDArray[np.int64]) -> bool:
    """Fill the columns of a window, and tell whether a code was met that nobody names."""
    shape, pixels = (window.height, window.width), window.pixels
    codes = tables.buffer(len(plan.years), pixels)
    for year, one in zip(plan.years, codes, strict=True):
        plan.maps.read(year, window, one[:pixels].reshape(shape))
    own_map = int(plan.years[-1] == plan.maps.target_year)
    rules = (plan.history, plan.rest, plan.count, own_map, plan.wanted)
    whole = found.classes.flags.c_contiguous
    filled = found if whole else _room(shape)
    strange = read_history(codes.view(np.uint64), tables.classes, tables.years, rules, _flat(filled), agreement)
    if not whole:
        found.classes[:], found.patterns[:] = filled.classes, filled.patterns
        found.kinds[:], found.bits[:] = filled.kinds, filled.bits
    return strange


def _room(shape: tuple[int, int]) -> Found:
    """Return arrays to fill, (row, column) each."""
    return Found(
        np.empty(shape, np.uint8), np.empty(shape, np.uint16), np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    )


def _flat(found: Found) -> Found:
    """Return the same arrays, (pixel,) each."""
    return Found(found.classes.reshape(-1), found.patterns.reshape(-1), found.kinds.reshape(-1), found.bits.reshape(-1))


def _read_layers(plan: PassPlan, window: Window, classes: NDArray[np.uint8], bits: NDArray[np.uint8]) -> None:
    """Set the bits that the confidence and the cultivated layer decide."""
    if plan.min_confidence:
        percent = plan.maps.read_layer("confidence", window)
        least = percent.dtype.type(math.ceil(plan.min_confidence) if percent.dtype == np.uint8 else plan.min_confidence)
        bits |= _bit((percent >= least) & (percent <= 100), BIT["min_confidence"])
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


def _sifted(plan: PassPlan, tables: _Tables, three: Sequence[_Rows | None]) -> _Sifted:
    """Apply the rules that look around, count, and keep what passes all."""
    own = three[1]
    assert own is not None  # noqa: S101 - the middle one always is
    classes, bits = own.found.classes, own.found.bits
    if plan.windows:
        around = _around(three, plan.far)
        for bit, reach in plan.windows.items():
            far, same = len(reach) - 1, np.empty(classes.shape, np.uint8)
            alike(around[plan.far - far : len(around) - plan.far + far], reach, same)
            bits |= same * np.uint8(bit)
    flat = _flat(own.found)
    tally, start = new_tally(), 0
    while (start := add_up(flat.classes, flat.bits, flat.patterns, tally, start)) < classes.size:
        tally = grown(tally)
    return _Sifted(own, _kept(plan, tables, own.found), *tallied(tally))


def _kept(
    plan: PassPlan, tables: _Tables, found: Found
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | NDArray[np.uint16]]:
    """Return what the taker of the pass takes."""
    flat, needed = _flat(found), plan.needed | WANTED
    kept = np.empty(found.classes.shape, np.uint8)
    if plan.drops:
        patterns = np.empty(kept.shape, np.uint16)
        drop(flat, needed, kept.reshape(-1), patterns.reshape(-1))
        return kept, patterns
    kinds = np.empty(kept.shape, np.uint8)
    keep(flat, needed, tables.codes, kept.reshape(-1), kinds.reshape(-1))
    return kept, kinds


def _around(three: Sequence[_Rows | None], far: int) -> NDArray[np.uint8]:
    """Return a band's classes with so many rows of its neighbours; NONE beyond the grid."""
    before, own, after = three
    assert own is not None  # noqa: S101 - the middle one always is
    classes = own.found.classes
    found = np.full((len(classes) + 2 * far, classes.shape[1]), NONE, np.uint8)
    found[far : far + len(classes)] = classes
    if before is not None and far:
        found[:far] = before.found.classes[-far:]
    if after is not None and far:
        rows = after.found.classes[:far]
        found[far + len(classes) :][: len(rows)] = rows
    return found
