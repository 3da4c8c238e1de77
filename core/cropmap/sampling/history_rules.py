"""The rules of trusted pixels as compiled loops over bytes: patterns of a history, windows, tallies.

Classes are told by their position in the legend (0, 1, ...), NONE where a pixel has none. A pattern is told by one
number of 16 bits: 0 for none; 1 + k for class k in every year; 1 + n + n j + k for two of n classes in turn, j last and
k before it. Either foretells k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cropmap.kernels import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE, STRANGE = 255, 254  # no class; a code that nobody names
# Bits of what class and pattern tell: the class is the foretold one, or none is; the pattern is a wanted one.
AGREES, WANTED = 1, 2
MOST_CLASSES = STRANGE
PATTERN_NUMBERS = 65536

_WORD = 8  # pixels that are looked up together
_CHUNK = 4096  # pixels whose state stays in the processor's nearest caches; a multiple of _WORD
_FREE = np.uint32(0xFFFFFFFF)  # of a key table; no pattern is so high
_LANES = 4  # tables that count side by side: the next sum of one number need not wait for the last


def paired(tables: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return tables that look two bytes up at a time, (year, 65536), from those of one byte, (year, 256)."""
    # Two bytes as they lie in memory, whatever the machine's order of bytes.
    bytes_of = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(65536, 2)
    return np.stack([np.ascontiguousarray(table[bytes_of]).view(np.uint16)[:, 0] for table in tables])


def whole_words(pixels: int) -> int:
    """Return how many bytes hold so many pixels in whole words of 64 bits."""
    return -(-pixels // _WORD) * _WORD


# ---------------------------------------------------------------- histories


class History(NamedTuple):
    """What the years up to one tell of some pixels, all (pixel,): a tuple, because Numba takes those.

    Args:
        last: Class in the last year, uint8.
        before: Class in the year before it, uint8.
        same: For how many years the last class has stayed, uint8.
        turns: For how many years two classes have taken turns, uint8.
        shown: Pattern, uint16; filled by `_show`.
    """

    last: NDArray[np.uint8]
    before: NDArray[np.uint8]
    same: NDArray[np.uint8]
    turns: NDArray[np.uint8]
    shown: NDArray[np.uint16]


class Found(NamedTuple):
    """What is found of some pixels, all (pixel,).

    Args:
        classes: The target year's class, which the pattern foretells where there is no map, uint8.
        patterns: The pattern before that year, uint16.
        kinds: Its kind: 0 none, 1 one class, 2 two in turn, 3 the rest class, uint8.
        bits: AGREES and WANTED, uint8.
    """

    classes: NDArray[np.uint8]
    patterns: NDArray[np.uint16]
    kinds: NDArray[np.uint8]
    bits: NDArray[np.uint8]


@kernel
def read_history(
    codes: NDArray[np.uint64],
    tables: NDArray[np.uint16],
    years: NDArray[np.int64],
    rules: tuple[int, int, int, int, int],
    found: Found,
    agreement: NDArray[np.int64],
) -> bool:
    """Find the pattern that each pixel shows, and how often such patterns foretold what came.

    Args:
        codes: Codes of each year, ascending, eight pixels a number, (year, pixel / 8), uint64.
        tables: From `paired`: positions of the codes of each year; NONE or STRANGE where there is none.
        years: Of each year: 1 if it comes right after the one before it, else 0; the row of `agreement` that counts
            what the patterns before it foretold of it, -1 for none; (year, 2), int64.
        rules: How many years make a pattern; the position of the rest class, NONE for none; the number of classes; 1 if
            the last year is the target's own map; the kinds of pattern that are wanted, a bit each.
        found: Filled.
        agreement: Pixels by row, pattern, and what came: another class, the foretold one, or none,
            (row, pattern, 3): added to.

    Returns:
        Whether a code that nobody names was met.
    """
    history = History(
        np.empty(_CHUNK, np.uint8),
        np.empty(_CHUNK, np.uint8),
        np.empty(_CHUNK, np.uint8),
        np.empty(_CHUNK, np.uint8),
        np.empty(_CHUNK, np.uint16),
    )
    buffers = np.empty(_CHUNK // _WORD, np.uint64), np.empty(_CHUNK, np.uint32)
    lanes = np.zeros((len(agreement), _LANES, 4 * agreement.shape[1]), np.uint32)
    classes, patterns, kinds, bits = found
    strange = False
    for start in range(0, len(classes), _CHUNK):
        stop = min(start + _CHUNK, len(classes))
        words = codes[:, start // _WORD : (stop + _WORD - 1) // _WORD]
        own = Found(classes[start:stop], patterns[start:stop], kinds[start:stop], bits[start:stop])
        strange |= _read_chunk(words, (tables, years, rules), history, buffers, own, lanes)
    _sum_up(lanes, agreement)
    return strange


@kernel
def _read_chunk(
    codes: NDArray[np.uint64],
    asked: tuple[NDArray[np.uint16], NDArray[np.int64], tuple[int, int, int, int, int]],
    history: History,
    buffers: tuple[NDArray[np.uint64], NDArray[np.uint32]],
    found: Found,
    lanes: NDArray[np.uint32],
) -> bool:
    """Take the years in one by one, and tell what the pixels show before the target year."""
    tables, years, (length, rest, count, own_map, wanted) = asked
    words, cases = buffers
    size, strange = len(found.classes), False
    now = words.view(np.uint8)[:size]
    for year in range(len(codes)):
        strange |= _look_up(codes[year], tables[year], words)
        if not years[year, 0]:
            history.last[:], history.before[:], history.same[:], history.turns[:] = NONE, NONE, 0, 0
        if years[year, 1] >= 0:
            _show(history, length, rest, count, history.shown[:size])
            _judge(history, now, length, cases[:size], lanes[years[year, 1]])
        if not own_map or year < len(codes) - 1:
            _advance(history, now)
    _show(history, length, rest, count, found.patterns)
    if own_map:
        found.classes[:] = now
    else:
        _foretell(history, length, found)
    _tell(history, (length, rest, wanted), found)
    return strange


@kernel
def _sum_up(lanes: NDArray[np.uint32], agreement: NDArray[np.int64]) -> None:
    for row in range(len(agreement)):
        for lane in range(_LANES):
            for place in range(4, lanes.shape[2]):
                if lanes[row, lane, place]:
                    agreement[row, place >> 2, place & 3] += lanes[row, lane, place]


@kernel
def _look_up(codes: NDArray[np.uint64], table: NDArray[np.uint16], words: NDArray[np.uint64]) -> bool:
    """Turn codes into positions, and tell whether one of them is STRANGE."""
    one, two, three, low = np.uint64(16), np.uint64(32), np.uint64(48), np.uint64(0xFFFF)
    for p in range(len(codes)):
        word = codes[p]
        turned = np.uint64(table[word & low]) | np.uint64(table[word >> one & low]) << one
        turned |= np.uint64(table[word >> two & low]) << two
        words[p] = turned | np.uint64(table[word >> three]) << three
    # A byte of `apart` is 0 where one is STRANGE; only then does taking 1 from each set a high bit that was not set.
    each, high, met = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080), np.uint64(0)
    for p in range(len(codes)):
        apart = words[p] ^ np.uint64(STRANGE) * each
        met |= (apart - each) & ~apart & high
    return bool(met != np.uint64(0))


@kernel
def _advance(history: History, now: NDArray[np.uint8]) -> None:
    """Take a year in."""
    last, before, same, turns, _ = history
    one, two, none = np.uint8(1), np.uint8(2), np.uint8(0)
    for p in range(len(now)):
        c, a = now[p], last[p]
        stays, gone = c == a, c == NONE
        begun = one if a == NONE else two
        longer = turns[p] + one
        turned = longer if c == before[p] else begun
        kept = same[p] + one
        staying = kept if stays else one
        turning = one if stays else turned
        same[p] = none if gone else staying
        turns[p] = none if gone else turning
        before[p] = a
        last[p] = c


@kernel
def _show(history: History, length: int, rest: int, count: int, shown: NDArray[np.uint16]) -> None:
    """Name the pattern of each pixel."""
    last, before, same, turns, _ = history
    for p in range(len(shown)):
        a, b = last[p], before[p]
        turning = (turns[p] >= length) & (a != rest) & (b != rest)
        pair = np.uint16(1 + count + count * np.int32(a) + np.int32(b))
        other = pair if turning else np.uint16(0)
        shown[p] = np.uint16(1 + np.int32(a)) if same[p] >= length else other


@kernel
def _foretell(history: History, length: int, found: Found) -> None:
    """Take the class that each pattern foretells; NONE where there is no pattern."""
    last, before, same, _, _ = history
    for p in range(len(found.classes)):
        next_class = last[p] if same[p] >= length else before[p]
        found.classes[p] = next_class if found.patterns[p] else np.uint8(NONE)


@kernel
def _tell(history: History, rules: tuple[int, int, int], found: Found) -> None:
    """Tell the kind of each pattern, whether it is wanted, and whether the class is the foretold one."""
    length, rest, wanted = rules
    last, before, same, turns, _ = history
    classes, _, kinds, bits = found
    none, agrees = np.uint8(0), np.uint8(AGREES)
    wanted_0, wanted_1, wanted_2, wanted_3 = (
        np.uint8((wanted & 1) * WANTED),
        np.uint8((wanted >> 1 & 1) * WANTED),
        np.uint8((wanted >> 2 & 1) * WANTED),
        np.uint8((wanted >> 3 & 1) * WANTED),
    )
    for p in range(len(classes)):
        a, b = last[p], before[p]
        stays, resting = same[p] >= length, a == rest
        turning = (turns[p] >= length) & (a != rest) & (b != rest)
        other = np.uint8(2) if turning else none
        one = np.uint8(3) if resting else np.uint8(1)
        kinds[p] = one if stays else other
        asked_other = wanted_2 if turning else wanted_0
        asked_one = wanted_3 if resting else wanted_1
        next_class = a if stays else b
        right = (next_class == classes[p]) | ((not stays) & (not turning))
        bits[p] = (asked_one if stays else asked_other) | (agrees if right else none)


@kernel
def _judge(
    history: History, now: NDArray[np.uint8], length: int, cases: NDArray[np.uint32], lanes: NDArray[np.uint32]
) -> None:
    """Count pixels by pattern and by what came."""
    last, before, same, _, shown = history
    one, two, none = np.uint8(1), np.uint8(2), np.uint8(0)
    for p in range(len(now)):
        c, a, b = now[p], last[p], before[p]
        next_class = a if same[p] >= length else b
        right = one if next_class == c else none
        case = two if c == NONE else right
        cases[p] = np.uint32(shown[p]) * np.uint32(4) + np.uint32(case)
    _count(cases, lanes)


@kernel
def _count(cases: NDArray[np.uint32], lanes: NDArray[np.uint32]) -> None:
    """Count how often each number stands, in four tables in turn, (lane, number)."""
    whole = len(cases) // _LANES * _LANES
    for p in range(0, whole, _LANES):
        lanes[0, cases[p]] += np.uint32(1)
        lanes[1, cases[p + 1]] += np.uint32(1)
        lanes[2, cases[p + 2]] += np.uint32(1)
        lanes[3, cases[p + 3]] += np.uint32(1)
    for p in range(whole, len(cases)):
        lanes[0, cases[p]] += np.uint32(1)


# ---------------------------------------------------------------- windows


@kernel
def alike(classes: NDArray[np.uint8], reach: NDArray[np.int64], found: NDArray[np.uint8]) -> None:
    """Find the pixels around which all are of their class.

    Args:
        classes: Position, with as many rows above and below as `reach` looks up and down, (row, column), uint8. Beyond
            the left and right edge lies another class.
        reach: How far to look left and right in rows of that distance, (distance + 1,), int64; it must not grow.
        found: Filled with 1 where all are alike, else 0, (row without those above and below, column), uint8. Of no
            meaning where a pixel has no class.
    """
    far, width = len(reach) - 1, classes.shape[1]
    found[:] = 1
    even = np.empty(width, np.uint8)
    for source in range(len(classes)):
        row = classes[source]
        even[:] = 1
        step = 0
        for distance in range(far, -1, -1):
            while step < reach[distance]:
                step += 1
                _narrow(row, even, min(step, width))
            for target in (source - far - distance, source - far + distance):
                if 0 <= target < len(found):
                    _both(even, row, classes[target + far], found[target])


@kernel
def _narrow(row: NDArray[np.uint8], even: NDArray[np.uint8], step: int) -> None:
    """Take out the pixels that differ from the one so many columns to the left or to the right."""
    size = len(row)
    even[:step] = 0
    even[size - step :] = 0
    left, right = row[: size - step], row[step:]
    for kept in (even[step:], even[: size - step]):
        for p in range(size - step):
            kept[p] &= np.uint8(left[p] == right[p])


@kernel
def _both(even: NDArray[np.uint8], row: NDArray[np.uint8], target: NDArray[np.uint8], found: NDArray[np.uint8]) -> None:
    """Take out the pixels whose class another row does not show all around the same column."""
    for p in range(len(row)):
        found[p] &= even[p] & np.uint8(row[p] == target[p])


# ---------------------------------------------------------------- tallies


class Tally(NamedTuple):
    """Pixels by class, rules and pattern: an open table whose size is a power of two.

    Args:
        keys: class + 2^8 rules + 2^16 pattern, (place,), uint32.
        lanes: How many there are, in four parts, (lane, place), uint32.
    """

    keys: NDArray[np.uint32]
    lanes: NDArray[np.uint32]


def new_tally(size: int = 32768) -> Tally:
    """Return an empty tally."""
    return Tally(np.full(size, _FREE), np.zeros((_LANES, size), np.uint32))


def tallied(tally: Tally) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the keys of a tally, ascending, and the pixels of each; those without a class are left out."""
    counts = tally.lanes.sum(axis=0, dtype=np.int64)
    places = np.flatnonzero((counts > 0) & (tally.keys & np.uint32(0xFF) != NONE))
    places = places[np.argsort(tally.keys[places])]
    return tally.keys[places], counts[places]


def grown(tally: Tally) -> Tally:
    """Return a tally of the same content with four times the places."""
    larger = new_tally(4 * len(tally.keys))
    for place in np.flatnonzero(tally.keys != _FREE):
        spot = int(_place(tally.keys[place], larger.keys))
        larger.keys[spot] = tally.keys[place]
        larger.lanes[:, spot] = tally.lanes[:, place]
    return larger


@kernel
def _first_place(key: np.uint32, size: int) -> np.uint32:
    """Return the place that a key would have in a table to itself (multiplicative hashing, Knuth 6.4)."""
    mixed = np.uint32(np.uint32(key) * np.uint32(2654435769))
    place: np.uint32 = np.uint32((mixed ^ mixed >> np.uint32(16)) & np.uint32(size - 1))
    return place


@kernel
def _place(key: np.uint32, keys: NDArray[np.uint32]) -> np.uint32:
    """Return the place of a key, or the free one that it should take."""
    place = _first_place(key, len(keys))
    while keys[place] != key and keys[place] != _FREE:
        place = np.uint32(place + np.uint32(1)) & np.uint32(len(keys) - 1)
    return place


@kernel
def add_up(
    classes: NDArray[np.uint8], bits: NDArray[np.uint8], patterns: NDArray[np.uint16], tally: Tally, start: int
) -> int:
    """Count pixels by class, rules and pattern.

    Args:
        classes: (pixel,), uint8; NONE for none.
        bits: The rules that each passes, (pixel,), uint8.
        patterns: (pixel,), uint16.
        tally: Added to.
        start: First pixel.

    Returns:
        The pixel before which the tally grew too full, from which to go on with a larger one; the number of pixels
        where it did not.
    """
    keys, lanes = tally
    own, places, used = np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.uint32), 0
    for key in keys:
        used += key != _FREE
    for first in range(start, len(classes), _CHUNK):
        stop = min(first + _CHUNK, len(classes))
        size = stop - first
        if 2 * (used + size) > len(keys):
            return first
        if _find(classes[first:stop], bits[first:stop], patterns[first:stop], own[:size], places[:size], keys):
            used += _enter(own[:size], places[:size], keys)
        _count(places[:size], lanes)
    return len(classes)


@kernel
def _find(
    classes: NDArray[np.uint8],
    bits: NDArray[np.uint8],
    patterns: NDArray[np.uint16],
    own: NDArray[np.uint32],
    places: NDArray[np.uint32],
    keys: NDArray[np.uint32],
) -> bool:
    """Work out keys and their first places; tell whether one of them does not lie there."""
    for p in range(len(classes)):
        low = np.uint32(classes[p]) | np.uint32(bits[p]) << np.uint32(8)
        own[p] = low | np.uint32(patterns[p]) << np.uint32(16)
    for p in range(len(classes)):
        places[p] = _first_place(own[p], len(keys))
    other = np.uint32(0)
    for p in range(len(classes)):
        other |= keys[places[p]] ^ own[p]
    return bool(other != 0)


@kernel
def _enter(own: NDArray[np.uint32], places: NDArray[np.uint32], keys: NDArray[np.uint32]) -> int:
    """Find the place of every key that is not in its first, and enter those that are new; tell how many."""
    new = 0
    for p in range(len(own)):
        if keys[places[p]] == own[p]:
            continue
        place = _place(own[p], keys)
        if keys[place] == _FREE:
            new += 1
            keys[place] = own[p]
        places[p] = place
    return new


# ---------------------------------------------------------------- what is kept


@kernel
def keep(
    found: Found, needed: int, table: NDArray[np.uint16], codes: NDArray[np.uint8], shown: NDArray[np.uint8]
) -> None:
    """Fill a raster's two bands with the pixels that pass the needed rules.

    Args:
        found: Of the pixels; `bits` hold all rules.
        needed: Bits that a kept pixel has.
        table: From `paired`: code of each class, NONE for none.
        codes: Filled with the code, NONE where a pixel is not kept, (pixel,), uint8.
        shown: Filled with the kind of its pattern, NONE where it is not kept, (pixel,), uint8.
    """
    classes, _, kinds, bits = found
    asked, none, gone = np.uint8(needed), np.uint8(0), np.uint8(NONE)
    whole = len(classes) // 2 * 2
    pairs, turned = classes[:whole].view(np.uint16), codes[:whole].view(np.uint16)
    for p in range(len(pairs)):
        turned[p] = table[pairs[p]]
    if whole < len(classes):
        codes[whole] = np.uint8(table[classes[whole] * np.uint16(257)] & np.uint16(0xFF))
    for p in range(len(classes)):
        lost = none if (bits[p] & asked == asked) & (classes[p] != gone) else gone
        codes[p] |= lost
        shown[p] = kinds[p] | lost


@kernel
def drop(found: Found, needed: int, classes: NDArray[np.uint8], patterns: NDArray[np.uint16]) -> None:
    """Take away class and pattern of the pixels that do not pass the needed rules.

    Args:
        found: Of the pixels; `bits` hold all rules.
        needed: Bits that a kept pixel has.
        classes: Filled with the class, NONE where a pixel is not kept, (pixel,), uint8.
        patterns: Filled with the pattern, 0 where it is not kept, (pixel,), uint16.
    """
    asked, none, gone = np.uint8(needed), np.uint8(0), np.uint8(NONE)
    for p in range(len(classes)):
        lost = none if found.bits[p] & asked == asked else gone
        classes[p] = found.classes[p] | lost
        patterns[p] = np.uint16(0) if lost else found.patterns[p]


@kernel
def decide(
    classes: NDArray[np.uint8],
    patterns: NDArray[np.uint16],
    codes: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    bands: NDArray[np.uint8],
) -> None:
    """Turn kept classes and patterns into a raster's two bands.

    Args:
        classes: (pixel,), uint8.
        patterns: (pixel,), uint16.
        codes: Code of each class, (256,), uint8; NONE for none.
        kinds: Kind of each pattern, (pattern,), uint8; NONE where it is dropped.
        bands: Filled: code and kind, NONE in both where one is, (2, pixel).
    """
    none = np.uint8(0)
    for p in range(len(classes)):
        code, kind = codes[classes[p]], kinds[patterns[p]]
        gone = np.uint8(NONE) if (code == NONE) | (kind == NONE) else none
        bands[0, p] = code | gone
        bands[1, p] = kind | gone
