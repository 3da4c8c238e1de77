"""Whittaker's smoother, order 2, for many pixels at once: a band matrix a pixel, 32 of them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from cropmap.kernels import fused_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NumberT = TypeVar("NumberT", np.float32, np.float64, np.int64)

# Pixels that are worked on side by side: LLVM makes vectors of them. All loops over lanes have this fixed length, so
# a pixel meets the same instructions wherever it stands.
LANES = 32
# Bands that share a pass over the factors, and the room they need.
GROUP = 6
# The same where all pixels share their factors; there a lane is one band of a pixel.
EVEN_LANES = 64
_LANES, _EVEN_LANES = np.uintp(LANES), np.uintp(EVEN_LANES)
# One row of scratch a grid node: the weight, the factor's four parts, the bands; then an odd number of cache lines, so
# that neighbouring rows never meet in the same cache set. All in one array: the compiler sees that nothing overlaps.
_WEIGHT, _PIVOT, _INVERSE = np.uintp(0), np.uintp(LANES), np.uintp(2 * LANES)
_FIRST, _SECOND, _BANDS = np.uintp(3 * LANES), np.uintp(4 * LANES), np.uintp(5 * LANES)
_ROW = np.uintp((5 + GROUP) * LANES + 8)
# Two rows of zeros before the first node and after the last one spare the loops their edges.
_MARGIN = 2


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
    whole = len(values) // LANES * LANES
    rest = np.empty((LANES, *made.shape[1:]), dtype)
    ends = _tile(values[whole:])
    spans = _spans(hold, grid)
    for column, first, group in _groups(weights.shape[2], values.shape[2]):
        held = np.ascontiguousarray(spans[:, min(column, spans.shape[1] - 1)])
        own, price = np.ascontiguousarray(weights[..., column]), np.ascontiguousarray(smoothing[:, column])
        _smooth(values[:whole], own[:whole], price[:whole], (grid, held[:whole]), (first, group), made[:whole])
        if whole < len(values):
            _smooth(ends, _tile(own[whole:]), _tile(price[whole:]), (grid, _tile(held[whole:])), (first, group), rest)
    made[whole:] = rest[: len(values) - whole]
    return made


def smooth_even(values: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Return what `smooth` does where every weight is 1 and the dates are the nodes, at twice its speed.

    Args:
        values: (pixel, node, band), float32, C-contiguous, finite; three nodes at least.
        smoothing: lambda, the same for all.
    """
    made = np.empty_like(values)
    factors = _even_factors(values.shape[1], smoothing)
    whole = len(values) // EVEN_LANES * EVEN_LANES
    _smooth_even(_records(values[:whole]), factors, _records(made[:whole]), *_scratch(values))
    if whole < len(values):
        rest = np.empty((EVEN_LANES, *values.shape[1:]), np.float32)
        _smooth_even(_records(_tile(values[whole:], EVEN_LANES)), factors, _records(rest), *_scratch(values))
        made[whole:] = rest[: len(values) - whole]
    return made


def _records(values: NDArray[np.float32]) -> NDArray[np.void]:
    """Return a view, (pixel, node), in which all bands of a node are one thing that moves at once."""
    pixels, nodes, bands = values.shape
    return values.reshape(pixels, nodes * bands).view(np.dtype([("bands", np.uint8, (4 * bands,))]))


def _scratch(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.void]]:
    """Return room for one tile, node by node, as numbers and as records."""
    _, nodes, bands = values.shape
    numbers = np.empty((nodes, EVEN_LANES * bands), np.float32)
    return numbers, _records(numbers.reshape(nodes * EVEN_LANES, 1, bands)).reshape(nodes, EVEN_LANES)


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
    made = np.empty((-(-len(values) // LANES) * LANES, values.shape[2], len(tried), 2))
    whole = len(values) // LANES * LANES
    ends = _tile(values[whole:])
    for column, first, group in _groups(weights.shape[2], values.shape[2]):
        own = np.ascontiguousarray(weights[..., column])
        _try_each(values[:whole], own[:whole], tried, grid, (first, group), made[:whole])
        if whole < len(values):
            _try_each(ends, _tile(own[whole:]), tried, grid, (first, group), made[whole:])
    return made[: len(values), ..., 0], made[: len(values), ..., 1]


def _groups(columns: int, bands: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """List the column of the weights, the first band, and a tuple as long as the group, for bands solved together.

    The length of a tuple is a constant to the compiler, so it unrolls the loops over bands: twice as fast.
    """
    for column in range(columns):
        first, stop = (0, bands) if columns == 1 else (column, column + 1)
        for band in range(first, stop, GROUP):
            yield column, band, (0,) * min(GROUP, stop - band)


def _tile(array: NDArray[NumberT], lanes: int = LANES) -> NDArray[NumberT]:
    """Return a whole tile: the pixels given, fewer than it holds, and the last of them again and again."""
    return np.take(array, np.minimum(np.arange(lanes), len(array) - 1), axis=0) if len(array) else array


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
    scratch = np.zeros((grid.size + 2 * _MARGIN) * _ROW)
    counts = np.empty(LANES, np.int64)
    for start in range(0, len(values), LANES):
        tile = values[start : start + LANES]
        few = _load_weights(weights[start : start + LANES], grid, scratch, counts)
        _factor(scratch, smoothing[start : start + LANES], grid.size)
        _load(tile, bands, grid, scratch)
        _substitute(scratch, bands[1], grid.size)
        if few:
            _draw_lines(tile, bands, grid, scratch, counts)
        if len(spans):
            _hold(scratch, bands[1], grid.size, spans[start : start + LANES])
        if grid.between:
            _store_between(made[start : start + LANES], bands, grid, scratch)
        else:
            _store(made[start : start + LANES], bands, grid, scratch)


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
    scratch = np.zeros((grid.size + 2 * _MARGIN) * _ROW)
    smoothing, sums = np.empty(LANES), np.empty(LANES)
    counts = np.empty(LANES, np.int64)
    for start in range(0, len(values), LANES):
        tile = values[start : start + LANES]
        _load_weights(weights[start : start + LANES], grid, scratch, counts)
        for number in range(len(tried)):
            smoothing[:] = tried[number]
            _factor(scratch, smoothing, grid.size)
            _load(tile, bands, grid, scratch)
            _substitute(scratch, bands[1], grid.size)
            for place in range(len(bands[1])):
                _misfit(tile, (bands[0], place), grid, scratch, sums)
                made[start : start + LANES, bands[0] + place, number, 0] = sums
                _roughness(scratch, place, grid.size, sums)
                made[start : start + LANES, bands[0] + place, number, 1] = sums


@fused_kernel
def _even_factors(size: int, smoothing: float) -> NDArray[np.float64]:
    """Return 1 / pivot and the two diagonals below L's own for weights of 1, (node and margin, 3)."""
    scratch = np.zeros((size + 2 * _MARGIN) * _ROW)
    factors = np.zeros((size + 2 * _MARGIN + 1, 3))
    for row in range(_MARGIN, size + _MARGIN):
        scratch[np.uintp(row) * _ROW : np.uintp(row) * _ROW + _LANES] = 1.0
    _factor(scratch, np.full(LANES, smoothing), size)
    for row in range(_MARGIN, size + _MARGIN):
        base = np.uintp(row) * _ROW
        factors[row, 0], factors[row, 1] = scratch[base + _INVERSE], scratch[base + _FIRST]
        factors[row, 2] = scratch[base + _SECOND]
    return factors


@fused_kernel
def _smooth_even(
    values: NDArray[np.void],
    factors: NDArray[np.float64],
    made: NDArray[np.void],
    tile: NDArray[np.float32],
    records: NDArray[np.void],
) -> None:
    """Fill in whole tiles; `tile` and `records` are the same room, (node, pixel and band) and (node, pixel)."""
    pixels, size = values.shape
    flat, made_flat, room = values.reshape(values.size), made.reshape(made.size), records.reshape(records.size)
    stride = np.uintp(size)
    solved = np.zeros(np.uintp(len(factors)) * _EVEN_LANES)
    for start in range(0, pixels, EVEN_LANES):
        for node in range(size):
            source, into = np.uintp(start * size + node), np.uintp(node * EVEN_LANES)
            for lane in range(EVEN_LANES):
                room[into + np.uintp(lane)] = flat[source + np.uintp(lane) * stride]
        for column in range(0, tile.shape[1], EVEN_LANES):
            _eliminate_even(tile, column, factors, solved)
            _substitute_even(tile, column, factors, solved)
        for lane in range(EVEN_LANES):
            into = np.uintp(start + lane) * stride
            for node in range(size):
                made_flat[into + np.uintp(node)] = room[np.uintp(node * EVEN_LANES) + np.uintp(lane)]


@fused_kernel
def _eliminate_even(
    tile: NDArray[np.float32], column: int, factors: NDArray[np.float64], solved: NDArray[np.float64]
) -> None:
    """Go forwards through the nodes of some columns of a tile: all lanes share their factors."""
    flat = tile.reshape(tile.size)
    for node in range(len(tile)):
        first, second = factors[node + 1, 1], factors[node, 2]
        source = np.uintp(node * tile.shape[1] + column)
        base = np.uintp(node + _MARGIN) * _EVEN_LANES
        for lane in range(EVEN_LANES):
            here = base + np.uintp(lane)
            solved[here] = (
                flat[source + np.uintp(lane)]
                - first * solved[here - _EVEN_LANES]
                - second * solved[here - _EVEN_LANES - _EVEN_LANES]
            )


@fused_kernel
def _substitute_even(
    tile: NDArray[np.float32], column: int, factors: NDArray[np.float64], solved: NDArray[np.float64]
) -> None:
    """Go back through the nodes, two at a time, and write the columns."""
    # Above an odd number of nodes lies one of the margin: zeros, and factors of zero.
    for row in range(len(tile) + _MARGIN - 1 + len(tile) % 2, _MARGIN, -2):
        inverse, first, second = factors[row, 0], factors[row, 1], factors[row, 2]
        next_inverse, next_first, next_second = factors[row - 1, 0], factors[row - 1, 1], factors[row - 1, 2]
        base = np.uintp(row) * _EVEN_LANES
        for lane in range(EVEN_LANES):
            here = base + np.uintp(lane)
            after = solved[here + _EVEN_LANES]
            value = solved[here] * inverse - first * after - second * solved[here + _EVEN_LANES + _EVEN_LANES]
            solved[here] = value
            solved[here - _EVEN_LANES] = (
                solved[here - _EVEN_LANES] * next_inverse - next_first * value - next_second * after
            )
    flat = tile.reshape(tile.size)
    for node in range(len(tile)):
        into = np.uintp(node * tile.shape[1] + column)
        base = np.uintp(node + _MARGIN) * _EVEN_LANES
        for lane in range(EVEN_LANES):
            flat[into + np.uintp(lane)] = solved[base + np.uintp(lane)]


@fused_kernel
def _load_weights(
    weights: NDArray[np.float64],
    grid: Grid,
    scratch: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> bool:
    """Put a tile's weights on the grid, count each lane's, and say whether one has fewer than three."""
    if len(grid.places) < grid.size:
        for row in range(_MARGIN, grid.size + _MARGIN):
            base = np.uintp(row) * _ROW
            for lane in range(LANES):
                scratch[base + np.uintp(lane)] = 0.0
    counts[:] = 0
    for time in range(len(grid.places)):
        base = (grid.places[time] + np.uintp(_MARGIN)) * _ROW
        for lane in range(LANES):
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
        base = np.uintp(node + _MARGIN) * _ROW
        for lane in range(LANES):
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
        for row in range(_MARGIN, grid.size + _MARGIN):
            base = np.uintp(row) * _ROW + _BANDS
            for place in range(count * LANES):
                scratch[base + np.uintp(place)] = 0.0
    flat = tile.reshape(tile.size)
    width = np.uintp(tile.shape[2])
    stride = np.uintp(tile.shape[1]) * width
    for time in range(len(grid.places)):
        base = (grid.places[time] + np.uintp(_MARGIN)) * _ROW
        for band in range(count):
            into = base + _BANDS + np.uintp(band) * _LANES
            source = np.uintp(time) * width + np.uintp(start + band)
            for lane in range(LANES):
                weight = scratch[base + np.uintp(lane)]
                value = flat[np.uintp(lane) * stride + source]
                scratch[into + np.uintp(lane)] = weight * value if weight > 0 else 0.0


@fused_kernel
def _substitute(scratch: NDArray[np.float64], group: tuple[int, ...], size: int) -> None:
    """Solve for a group of bands of a tile in place, forwards and back."""
    for node in range(size):
        base = np.uintp(node + _MARGIN) * _ROW
        for band in range(len(group)):
            into = base + _BANDS + np.uintp(band) * _LANES
            for lane in range(LANES):
                here, factor = into + np.uintp(lane), base + np.uintp(lane)
                scratch[here] = (
                    scratch[here]
                    - scratch[factor - _ROW + _FIRST] * scratch[here - _ROW]
                    - scratch[factor - _ROW - _ROW + _SECOND] * scratch[here - _ROW - _ROW]
                )
    for step in range(size):
        base = np.uintp(size - 1 - step + _MARGIN) * _ROW
        for band in range(len(group)):
            into = base + _BANDS + np.uintp(band) * _LANES
            for lane in range(LANES):
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
    for lane in range(LANES):
        if counts[lane] > 2:
            continue
        times = np.zeros(2, np.int64)
        found = 0
        for time in range(len(grid.places)):
            if scratch[(grid.places[time] + np.uintp(_MARGIN)) * _ROW + np.uintp(lane)] > 0:
                times[found:] = time
                found += 1
        days = grid.places[times].astype(np.float64)
        for band in range(count):
            left, right = tile[lane, times[0], start + band], tile[lane, times[1], start + band]
            slope = (np.float64(right) - left) / (days[1] - days[0]) if found > 1 else 0.0
            for node in range(grid.size):
                value = left + slope * (node - days[0]) if found else np.nan
                into = np.uintp(node + _MARGIN) * _ROW + _BANDS + np.uintp(band) * _LANES
                scratch[into + np.uintp(lane)] = value


@fused_kernel
def _hold(scratch: NDArray[np.float64], group: tuple[int, ...], size: int, spans: NDArray[np.int64]) -> None:
    """Write the value at each lane's first and last node to all nodes beyond."""
    for lane in range(LANES):
        first, last = spans[lane, 0] + _MARGIN, spans[lane, 1] + _MARGIN
        for band in range(len(group)):
            place = _BANDS + np.uintp(band) * _LANES + np.uintp(lane)
            for row in range(_MARGIN, first):
                scratch[np.uintp(row) * _ROW + place] = scratch[np.uintp(first) * _ROW + place]
            for row in range(last + 1, size + _MARGIN):
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
    for lane in range(LANES):
        pixel = np.uintp(lane) * stride + np.uintp(start)
        for step in range(len(grid.nodes)):
            source = (grid.nodes[step] + np.uintp(_MARGIN)) * _ROW + _BANDS + np.uintp(lane)
            into = pixel + np.uintp(step) * width
            for band in range(count):
                flat[into + np.uintp(band)] = scratch[source + np.uintp(band) * _LANES]


@fused_kernel
def _store_between(
    made: NDArray[np.floating], bands: tuple[int, tuple[int, ...]], grid: Grid, scratch: NDArray[np.float64]
) -> None:
    """Write some bands of a tile at the days wanted, linear between nodes."""
    for step in range(len(grid.nodes)):
        base, share = (grid.nodes[step] + np.uintp(_MARGIN)) * _ROW + _BANDS, grid.shares[step]
        for band in range(len(bands[1])):
            for lane in range(LANES):
                here = base + np.uintp(band) * _LANES + np.uintp(lane)
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
        base = (grid.places[time] + np.uintp(_MARGIN)) * _ROW
        source = base + _BANDS + np.uintp(place) * _LANES
        for lane in range(LANES):
            weight = scratch[base + np.uintp(lane)]
            off = tile[lane, time, start + place] - scratch[source + np.uintp(lane)]
            sums[lane] += weight * off * off if weight > 0 else 0.0


@fused_kernel
def _roughness(scratch: NDArray[np.float64], place: int, size: int, sums: NDArray[np.float64]) -> None:
    """Fill in each lane's sum of squared second differences of the band at that place of its group."""
    sums[:] = 0.0
    for node in range(size - 2):
        base = np.uintp(node + _MARGIN) * _ROW + _BANDS + np.uintp(place) * _LANES
        for lane in range(LANES):
            here = base + np.uintp(lane)
            bend = scratch[here] - 2 * scratch[here + _ROW] + scratch[here + _ROW + _ROW]
            sums[lane] += bend * bend
