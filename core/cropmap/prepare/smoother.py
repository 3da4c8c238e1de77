"""Whittaker's smoother, order 2, for many pixels at once: a band matrix a pixel, 32 of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from cropmap.kernels import fused_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NumberT = TypeVar("NumberT", np.float32, np.float64, np.int64)

# Pixels of a tile, worked on side by side, each in a lane: LLVM makes vectors of them. All loops over lanes have this
# fixed length, so a pixel meets the same instructions wherever it stands.
TILE = 32
_TILE = np.uintp(TILE)
# Bands that share a pass over the factors, and the room they need.
GROUP = 6
# One row of scratch a grid node: the weight, the factor's four parts, the bands; then an odd number of cache lines, so
# that neighbouring rows never meet in the same cache set. All in one array: the compiler sees that nothing overlaps.
_WEIGHT, _PIVOT, _INVERSE = np.uintp(0), np.uintp(TILE), np.uintp(2 * TILE)
_FIRST, _SECOND, _BANDS = np.uintp(3 * TILE), np.uintp(4 * TILE), np.uintp(5 * TILE)
_ROW = np.uintp((5 + GROUP) * TILE + 8)
# Two rows of zeros before the first node and after the last one spare the loops their edges.
MARGIN = 2


class Grid(NamedTuple):
    """The equally spaced nodes that a smooth series is solved on; a tuple, because Numba takes those.

    Args:
        size: How many nodes there are.
        places: The node of each date, (time,), uintp, each later than the one before.
        nodes: The node at or before each day wanted, (step,), uintp.
        shares: How far each day wanted lies towards the node after it, 0 to 1, (step,), float64.
        between: Whether any lies between nodes.
    """

    size: int
    places: NDArray[np.uintp]
    nodes: NDArray[np.uintp]
    shares: NDArray[np.float64]
    between: bool


def own_grid(count: int) -> Grid:
    """Return the grid of a series whose dates are equally spaced: they are the nodes, and the days wanted too."""
    places = np.arange(count, dtype=np.uintp)
    return Grid(count, places, places, np.zeros(count), between=False)


def day_grid(days: NDArray[np.int32], wanted: NDArray[np.int32], spacing: int) -> Grid:
    """Return a grid that spans two sets of days.

    Args:
        days: Of the dates, (time,), ascending; at least one. Two of them may share the node nearest to both (the later
            of equals): then merge those, there is a place for each.
        wanted: Days on which the result is wanted, (step,), ascending.
        spacing: Days from node to node; with 1, dates and days wanted lie on nodes.
    """
    start = min(int(days[0]), int(wanted[0])) if len(wanted) else int(days[0])
    stop = max(int(days[-1]), int(wanted[-1])) if len(wanted) else int(days[-1])
    places = (days - start + spacing // 2) // spacing
    nodes, past = np.divmod(wanted - start, spacing)
    size = int(max(places[-1], -(-(stop - start) // spacing))) + 1
    return Grid(size, places.astype(np.uintp), nodes.astype(np.uintp), past / spacing, bool(past.any()))


def smooth(
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
    smoothing: NDArray[np.float64],
    grid: Grid,
    *,
    hold: NDArray[np.bool_] | None = None,
    dtype: type[np.floating] = np.float32,
) -> NDArray[np.floating]:
    """Return the series z that minimises sum w (y - z)^2 + lambda sum (z[i] - 2 z[i + 1] + z[i + 2])^2.

    Args:
        values: y, (pixel, date, band), float32, C-contiguous; where the weight is 0 they may be anything.
        weights: w, (pixel, date, 1) for all bands or (pixel, date, band), float64, C-contiguous, 0 or above.
        smoothing: lambda, (pixel, 1) or (pixel, band) as the weights have it, float64, above 0.
        grid: Where the dates lie among the nodes i, and where the result is wanted.
        hold: Dates of which the first and the last are the ends of the curve, (pixel, date, 1 or band), bool: beyond
            them the value there is held, where the minimiser goes straight on however far. None holds nothing.
        dtype: Of the result.

    Returns:
        (pixel, step, band): the minimiser at the days wanted, linear between nodes. With one weighted date it is
        constant, with two the straight line through them, with none NaN. Solved in float64 by L D L'.

    Source: Eilers 2003, doi 10.1021/ac034173t.
    """
    made = np.empty((len(values), len(grid.nodes), values.shape[2]), dtype)
    whole = len(values) // TILE * TILE
    rest = np.empty((TILE, *made.shape[1:]), dtype)
    ends = tiled(values[whole:])
    spans = _spans(hold, grid)
    for column, first, group in _groups(weights.shape[2], values.shape[2]):
        held = np.ascontiguousarray(spans[:, min(column, spans.shape[1] - 1)])
        own, price = np.ascontiguousarray(weights[..., column]), np.ascontiguousarray(smoothing[:, column])
        _smooth(values[:whole], own[:whole], price[:whole], (grid, held[:whole]), (first, group), made[:whole])
        if whole < len(values):
            _smooth(ends, tiled(own[whole:]), tiled(price[whole:]), (grid, tiled(held[whole:])), (first, group), rest)
    made[whole:] = rest[: len(values) - whole]
    return made


def _spans(hold: NDArray[np.bool_] | None, grid: Grid) -> NDArray[np.int64]:
    """Return each curve's first and last node, (pixel, column, 2); without pixels where no curve has an end."""
    if hold is None or (len(grid.places) == grid.size and hold[:, [0, -1]].all()):
        return np.empty((0, 1, 2), np.int64)
    places = grid.places.astype(np.int64)
    first, last = places[hold.argmax(axis=1)], places[len(places) - 1 - hold[:, ::-1].argmax(axis=1)]
    seen = hold.any(axis=1)
    return np.stack([np.where(seen, first, 0), np.where(seen, last, grid.size - 1)], axis=2)


def trade_offs(
    values: NDArray[np.float32], weights: NDArray[np.float64], tried: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each series' misfit and roughness at every lambda tried, both (pixel, band, lambda), float64.

    Args:
        values: As `smooth` takes them.
        weights: As `smooth` takes them.
        tried: The lambdas, (lambda,).
        grid: Where the dates lie among the nodes.

    Returns:
        sum w (y - z)^2 and sum (z[i] - 2 z[i + 1] + z[i + 2])^2 of the smooth series z.
    """
    made = np.empty((-(-len(values) // TILE) * TILE, values.shape[2], len(tried), 2))
    whole = len(values) // TILE * TILE
    ends = tiled(values[whole:])
    for column, first, group in _groups(weights.shape[2], values.shape[2]):
        own = np.ascontiguousarray(weights[..., column])
        _try_each(values[:whole], own[:whole], tried, grid, (first, group), made[:whole])
        if whole < len(values):
            _try_each(ends, tiled(own[whole:]), tried, grid, (first, group), made[whole:])
    return made[: len(values), ..., 0], made[: len(values), ..., 1]


def _groups(columns: int, bands: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """List the column of the weights, the first band, and a tuple as long as the group, for bands solved together.

    The length of a tuple is a constant to the compiler, so it unrolls the loops over bands: twice as fast.
    """
    for column in range(columns):
        first, stop = (0, bands) if columns == 1 else (column, column + 1)
        for band in range(first, stop, GROUP):
            yield column, band, (0,) * min(GROUP, stop - band)


def tiled(array: NDArray[NumberT], pixels: int = TILE) -> NDArray[NumberT]:
    """Return a whole tile: the pixels given, fewer than it holds, and the last of them again and again."""
    return np.take(array, np.minimum(np.arange(pixels), len(array) - 1), axis=0) if len(array) else array


@fused_kernel
def _smooth(
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
    smoothing: NDArray[np.float64],
    where: tuple[Grid, NDArray[np.int64]],
    bands: tuple[int, tuple[int, ...]],
    made: NDArray[np.floating],
) -> None:
    """Fill in some bands (the first one, and a tuple as long as their number) of whole tiles.

    `where` is the grid, and each pixel's first and last node beyond which values are held, (pixel, 2), or none.
    """
    grid, spans = where
    scratch = np.zeros((grid.size + 2 * MARGIN) * _ROW)
    counts = np.empty(TILE, np.int64)
    for start in range(0, len(values), TILE):
        tile = values[start : start + TILE]
        few = _load_weights(weights[start : start + TILE], grid, scratch, counts)
        _factor(scratch, smoothing[start : start + TILE], grid.size)
        _load(tile, bands, grid, scratch)
        _substitute(scratch, bands[1], grid.size)
        if few:
            _draw_lines(tile, bands, grid, scratch, counts)
        if len(spans):
            _hold(scratch, bands[1], grid.size, spans[start : start + TILE])
        if grid.between:
            _store_between(made[start : start + TILE], bands, grid, scratch)
        else:
            _store(made[start : start + TILE], bands, grid, scratch)


@fused_kernel
def _try_each(
    values: NDArray[np.float32],
    weights: NDArray[np.float64],
    tried: NDArray[np.float64],
    grid: Grid,
    bands: tuple[int, tuple[int, ...]],
    made: NDArray[np.float64],
) -> None:
    """Fill in misfit and roughness of some bands of whole tiles, (pixel, band, lambda, 2)."""
    scratch = np.zeros((grid.size + 2 * MARGIN) * _ROW)
    smoothing, sums = np.empty(TILE), np.empty(TILE)
    counts = np.empty(TILE, np.int64)
    for start in range(0, len(values), TILE):
        tile = values[start : start + TILE]
        _load_weights(weights[start : start + TILE], grid, scratch, counts)
        for number in range(len(tried)):
            smoothing[:] = tried[number]
            _factor(scratch, smoothing, grid.size)
            _load(tile, bands, grid, scratch)
            _substitute(scratch, bands[1], grid.size)
            for place in range(len(bands[1])):
                _misfit(tile, (bands[0], place), grid, scratch, sums)
                made[start : start + TILE, bands[0] + place, number, 0] = sums
                _roughness(scratch, place, grid.size, sums)
                made[start : start + TILE, bands[0] + place, number, 1] = sums


@fused_kernel
def even_factors(size: int, smoothing: float) -> NDArray[np.float64]:
    """Return 1 / pivot and the two diagonals below L's own for weights of 1, (node and margin, 3)."""
    scratch = np.zeros((size + 2 * MARGIN) * _ROW)
    factors = np.zeros((size + 2 * MARGIN + 1, 3))
    for row in range(MARGIN, size + MARGIN):
        scratch[np.uintp(row) * _ROW : np.uintp(row) * _ROW + _TILE] = 1.0
    _factor(scratch, np.full(TILE, smoothing), size)
    for row in range(MARGIN, size + MARGIN):
        base = np.uintp(row) * _ROW
        factors[row, 0], factors[row, 1] = scratch[base + _INVERSE], scratch[base + _FIRST]
        factors[row, 2] = scratch[base + _SECOND]
    return factors


@fused_kernel
def _load_weights(
    weights: NDArray[np.float64],
    grid: Grid,
    scratch: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> bool:
    """Put a tile's weights on the grid, count each lane's, and say whether one has fewer than three."""
    if len(grid.places) < grid.size:
        for row in range(MARGIN, grid.size + MARGIN):
            base = np.uintp(row) * _ROW
            for lane in range(TILE):
                scratch[base + np.uintp(lane)] = 0.0
    counts[:] = 0
    for time in range(len(grid.places)):
        base = (grid.places[time] + np.uintp(MARGIN)) * _ROW
        for lane in range(TILE):
            weight = weights[lane, time]
            scratch[base + np.uintp(lane)] = weight
            counts[lane] += weight > 0
    return bool(np.min(counts) < 3)


@fused_kernel
def _factor(scratch: NDArray[np.float64], smoothing: NDArray[np.float64], size: int) -> None:
    """Factor W + lambda D'D = L P L' in every lane; L has ones on its diagonal and two diagonals below.

    A row of D'D is 1, -4, 6, -4, 1 away from the edges.
    """
    for node in range(size):
        rises, bends, falls = node + 2 < size, 0 < node < size - 1, node > 1
        middle = 1.0 * rises + 4.0 * bends + 1.0 * falls
        beside = -2.0 * rises - 2.0 * (node > 0 and node + 1 < size)
        beyond = 1.0 * rises
        base = np.uintp(node + MARGIN) * _ROW
        for lane in range(TILE):
            here = base + np.uintp(lane)
            before = here - _ROW
            earlier = before - _ROW
            first, second, farther = scratch[before + _FIRST], scratch[before + _SECOND], scratch[earlier + _SECOND]
            carried = scratch[before + _PIVOT] * first
            pivot = (
                scratch[here + _WEIGHT]
                + smoothing[lane] * middle
                - first * carried
                - farther * farther * scratch[earlier + _PIVOT]
            )
            inverse = 1 / pivot
            scratch[here + _PIVOT] = pivot
            scratch[here + _INVERSE] = inverse
            scratch[here + _FIRST] = (smoothing[lane] * beside - carried * second) * inverse
            scratch[here + _SECOND] = smoothing[lane] * beyond * inverse


@fused_kernel
def _load(
    tile: NDArray[np.float32], bands: tuple[int, tuple[int, ...]], grid: Grid, scratch: NDArray[np.float64]
) -> None:
    """Put weight x value of some bands of a tile on the grid; 0 where nothing weighs."""
    start, count = bands[0], len(bands[1])
    if len(grid.places) < grid.size:
        for row in range(MARGIN, grid.size + MARGIN):
            base = np.uintp(row) * _ROW + _BANDS
            for place in range(count * TILE):
                scratch[base + np.uintp(place)] = 0.0
    flat = tile.reshape(tile.size)
    width = np.uintp(tile.shape[2])
    stride = np.uintp(tile.shape[1]) * width
    for time in range(len(grid.places)):
        base = (grid.places[time] + np.uintp(MARGIN)) * _ROW
        for band in range(count):
            into = base + _BANDS + np.uintp(band) * _TILE
            source = np.uintp(time) * width + np.uintp(start + band)
            for lane in range(TILE):
                weight = scratch[base + np.uintp(lane)]
                value = flat[np.uintp(lane) * stride + source]
                scratch[into + np.uintp(lane)] = weight * value if weight > 0 else 0.0


@fused_kernel
def _substitute(scratch: NDArray[np.float64], group: tuple[int, ...], size: int) -> None:
    """Solve for a group of bands of a tile in place, forwards and back."""
    for node in range(size):
        base = np.uintp(node + MARGIN) * _ROW
        for band in range(len(group)):
            into = base + _BANDS + np.uintp(band) * _TILE
            for lane in range(TILE):
                here, factor = into + np.uintp(lane), base + np.uintp(lane)
                scratch[here] = (
                    scratch[here]
                    - scratch[factor - _ROW + _FIRST] * scratch[here - _ROW]
                    - scratch[factor - _ROW - _ROW + _SECOND] * scratch[here - _ROW - _ROW]
                )
    for step in range(size):
        base = np.uintp(size - 1 - step + MARGIN) * _ROW
        for band in range(len(group)):
            into = base + _BANDS + np.uintp(band) * _TILE
            for lane in range(TILE):
                here, factor = into + np.uintp(lane), base + np.uintp(lane)
                scratch[here] = (
                    scratch[here] * scratch[factor + _INVERSE]
                    - scratch[factor + _FIRST] * scratch[here + _ROW]
                    - scratch[factor + _SECOND] * scratch[here + _ROW + _ROW]
                )


@fused_kernel
def _draw_lines(
    tile: NDArray[np.float32],
    bands: tuple[int, tuple[int, ...]],
    grid: Grid,
    scratch: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Write the answer where the matrix has none, or an ill-conditioned one: a line, a constant, NaN."""
    start, count = bands[0], len(bands[1])
    for lane in range(TILE):
        if counts[lane] > 2:
            continue
        times = np.zeros(2, np.int64)
        found = 0
        for time in range(len(grid.places)):
            if scratch[(grid.places[time] + np.uintp(MARGIN)) * _ROW + np.uintp(lane)] > 0:
                times[found:] = time
                found += 1
        days = grid.places[times].astype(np.float64)
        for band in range(count):
            left, right = tile[lane, times[0], start + band], tile[lane, times[1], start + band]
            slope = (np.float64(right) - left) / (days[1] - days[0]) if found > 1 else 0.0
            for node in range(grid.size):
                value = left + slope * (node - days[0]) if found else np.nan
                into = np.uintp(node + MARGIN) * _ROW + _BANDS + np.uintp(band) * _TILE
                scratch[into + np.uintp(lane)] = value


@fused_kernel
def _hold(scratch: NDArray[np.float64], group: tuple[int, ...], size: int, spans: NDArray[np.int64]) -> None:
    """Write the value at each lane's first and last node to all nodes beyond."""
    for lane in range(TILE):
        first, last = spans[lane, 0] + MARGIN, spans[lane, 1] + MARGIN
        for band in range(len(group)):
            place = _BANDS + np.uintp(band) * _TILE + np.uintp(lane)
            for row in range(MARGIN, first):
                scratch[np.uintp(row) * _ROW + place] = scratch[np.uintp(first) * _ROW + place]
            for row in range(last + 1, size + MARGIN):
                scratch[np.uintp(row) * _ROW + place] = scratch[np.uintp(last) * _ROW + place]


@fused_kernel
def _store(
    made: NDArray[np.floating], bands: tuple[int, tuple[int, ...]], grid: Grid, scratch: NDArray[np.float64]
) -> None:
    """Write some bands of a tile at the nodes wanted."""
    start, count = bands[0], len(bands[1])
    flat = made.reshape(made.size)
    width = np.uintp(made.shape[2])
    stride = np.uintp(made.shape[1]) * width
    for lane in range(TILE):
        pixel = np.uintp(lane) * stride + np.uintp(start)
        for step in range(len(grid.nodes)):
            source = (grid.nodes[step] + np.uintp(MARGIN)) * _ROW + _BANDS + np.uintp(lane)
            into = pixel + np.uintp(step) * width
            for band in range(count):
                flat[into + np.uintp(band)] = scratch[source + np.uintp(band) * _TILE]


@fused_kernel
def _store_between(
    made: NDArray[np.floating], bands: tuple[int, tuple[int, ...]], grid: Grid, scratch: NDArray[np.float64]
) -> None:
    """Write some bands of a tile at the days wanted, linear between nodes."""
    for step in range(len(grid.nodes)):
        base, share = (grid.nodes[step] + np.uintp(MARGIN)) * _ROW + _BANDS, grid.shares[step]
        for band in range(len(bands[1])):
            for lane in range(TILE):
                here = base + np.uintp(band) * _TILE + np.uintp(lane)
                value = scratch[here]
                if share > 0:
                    value += share * (scratch[here + _ROW] - value)
                made[lane, step, bands[0] + band] = value


@fused_kernel
def _misfit(
    tile: NDArray[np.float32],
    band: tuple[int, int],
    grid: Grid,
    scratch: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Fill in each lane's weighted sum of squared residuals; the band is named by its group's first and its place."""
    start, place = band
    sums[:] = 0.0
    for time in range(len(grid.places)):
        base = (grid.places[time] + np.uintp(MARGIN)) * _ROW
        source = base + _BANDS + np.uintp(place) * _TILE
        for lane in range(TILE):
            weight = scratch[base + np.uintp(lane)]
            off = tile[lane, time, start + place] - scratch[source + np.uintp(lane)]
            sums[lane] += weight * off * off if weight > 0 else 0.0


@fused_kernel
def _roughness(scratch: NDArray[np.float64], place: int, size: int, sums: NDArray[np.float64]) -> None:
    """Fill in each lane's sum of squared second differences of the band at that place of its group."""
    sums[:] = 0.0
    for node in range(size - 2):
        base = np.uintp(node + MARGIN) * _ROW + _BANDS + np.uintp(place) * _TILE
        for lane in range(TILE):
            here = base + np.uintp(lane)
            bend = scratch[here] - 2 * scratch[here + _ROW] + scratch[here + _ROW + _ROW]
            sums[lane] += bend * bend
