"""Draw the land: rivers, woods, roads and towns, and the fields between them.

Coordinates are metres east and north of the site's lower left corner.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cropmap.testing.noise import stream
from cropmap.testing.phenology import BUILT, FOREST, GARDEN, GRASS, WATER

if TYPE_CHECKING:
    from collections.abc import Callable


MILE = 1609.344
# Smaller remains of a field that a river or road cuts off lie idle, under grass.
SLIVER_M2 = 8_000.0
# Rivers and woods are cut along this grid, so that one survey group is a place and not a whole river.
CUT_M = 1_000.0

Shapes = list[Any]


@dataclass(frozen=True)
class Land:
    """All parcels of a site.

    Args:
        geometry: Polygons that do not overlap, (parcel,), object.
        cover: Code of what always stands there; 0 for a field, which follows a rotation, (parcel,), uint8.
        group: Number of the section, block or place that it belongs to, (parcel,), int64.
    """

    geometry: NDArray[np.object_]
    cover: NDArray[np.uint8]
    group: NDArray[np.int64]

    @property
    def area_m2(self) -> NDArray[np.float64]:
        """Area of each parcel, (parcel,)."""
        areas: NDArray[np.float64] = shapely.area(self.geometry)
        return areas


@dataclass(frozen=True)
class _Plan:
    """A site before its layers are cut from each other: layers first to last, then field cells with their groups."""

    layers: Sequence[tuple[int, Shapes]]
    cells: Shapes
    groups: Sequence[int]


def draw_land(site: str, size_m: float, seed: int, field_scale: float = 1.0) -> Land:
    """Draw a site's parcels.

    Args:
        site: "corn_belt" or "vojvodina".
        size_m: Length of the square site's edge.
        seed: Of the world.
        field_scale: Factor on all lengths of the field pattern.
    """
    plan = _PLANS[site](size_m, field_scale, stream(seed, "land", site))
    return _assemble(plan, size_m)


def _assemble(plan: _Plan, size_m: float) -> Land:
    frame = shapely.box(0, 0, size_m, size_m)
    taken: Shapes = []
    geometry: list[NDArray[np.object_]] = []
    cover: list[NDArray[np.uint8]] = []
    group: list[NDArray[np.int64]] = []
    for code, shapes in plan.layers:
        pieces, places = _cut(shapes, size_m)
        pieces, origin = _without(pieces, taken)
        taken.extend(pieces)
        geometry.append(pieces)
        cover.append(np.full(len(pieces), code, dtype=np.uint8))
        group.append(1_000_000 + places[origin])
    fields, origin = _without(_polygons(shapely.intersection(np.array(plan.cells, dtype=object), frame)), taken)
    geometry.append(fields)
    idle = shapely.area(fields) < SLIVER_M2
    narrow = shapely.is_empty(shapely.buffer(fields, -8.0, quad_segs=1))
    cover.append(np.where(idle | narrow, GRASS, 0).astype(np.uint8))
    group.append(np.asarray(plan.groups, dtype=np.int64)[origin])
    land = Land(np.concatenate(geometry), np.concatenate(cover), np.concatenate(group))
    # To the centimetre: corners that nearly touch an edge would cross it once the site's large coordinates are added.
    parts, origin = shapely.get_parts(shapely.set_precision(land.geometry, 0.01), return_index=True)
    keep = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 300)
    return Land(parts[keep], land.cover[origin[keep]], land.group[origin[keep]])


def _polygons(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the shapes, in place, without what is not a polygon."""
    flat = shapely.get_type_id(shapes) == 7
    if flat.any():
        shapes = shapes.copy()
        for at in np.flatnonzero(flat):
            parts = [part for part in shapely.get_parts(shapes[at]) if part.geom_type == "Polygon"]
            shapes[at] = shapely.MultiPolygon(parts)
    return shapes


def _cut(shapes: Shapes, size_m: float) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Unite the shapes of a layer and cut them along the grid of places: pieces and place numbers."""
    if not shapes:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    count = int(np.ceil(size_m / CUT_M))
    edges = np.minimum(np.arange(count + 1) * CUT_M, size_m)
    west, south = np.meshgrid(edges[:-1], edges[:-1])
    east, north = np.meshgrid(edges[1:], edges[1:])
    boxes = shapely.box(west.ravel(), south.ravel(), east.ravel(), north.ravel())
    whole = np.array(shapely.get_parts(shapely.union_all(shapes)), dtype=object)
    pairs = shapely.STRtree(whole).query(boxes, predicate="intersects")
    pieces = _polygons(shapely.intersection(boxes[pairs[0]], whole[pairs[1]]))
    pieces, origin = shapely.get_parts(pieces, return_index=True)
    solid = shapely.get_type_id(pieces) == 3
    return pieces[solid], pairs[0][origin][solid].astype(np.int64)


def _without(shapes: NDArray[np.object_], taken: Shapes) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Cut away what is taken; return the polygons that remain and which shape each comes from."""
    left = shapes.copy()
    if taken and len(left):
        others = np.array(taken, dtype=object)
        hits = shapely.STRtree(others).query(left, predicate="intersects")
        for at in np.unique(hits[0]):
            left[at] = shapely.difference(left[at], shapely.union_all(others[hits[1][hits[0] == at]]))
    parts, origin = shapely.get_parts(left, return_index=True)
    solid = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1)
    return parts[solid], origin[solid].astype(np.int64)


# ---------------------------------------------------------------- shapes that both sites use


def _blob(x: float, y: float, radius: float, rng: np.random.Generator) -> Any:
    """Draw a rounded, irregular patch."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    waves = sum(rng.normal(0, 0.28 / k) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in range(1, 6))
    reach = radius * np.clip(1 + waves, 0.35, 1.9)
    stretch = rng.uniform(0.6, 1.0)
    return shapely.make_valid(shapely.Polygon(np.c_[x + reach * np.cos(angles), y + stretch * reach * np.sin(angles)]))


def _blobs(per_km2: float, radii: tuple[float, float], size_m: float, rng: np.random.Generator) -> Shapes:
    count = rng.poisson(per_km2 * size_m**2 / 1e6)
    found = []
    for x, y in rng.uniform(0, size_m, (count, 2)):
        found.append(_blob(x, y, rng.uniform(*radii), rng))
    return found


def _course(
    size_m: float, rng: np.random.Generator, *, bends: Sequence[tuple[float, float]], heading: float
) -> NDArray[np.float64]:
    """Draw a winding line across the site: points (point, 2).

    Args:
        size_m: The site's edge.
        rng: Source of randomness.
        bends: Wavelength and amplitude of each kind of bend, in metres.
        heading: Its mean direction, in degrees from east.
    """
    along = np.arange(-size_m, size_m, 25.0)
    across = np.zeros_like(along)
    for length, height in bends:
        steps = np.cumsum(rng.normal(1.0, 0.25, len(along)) * 25.0 / length)
        across += height * np.sin(2 * np.pi * (steps + rng.uniform()))
    turn = np.deg2rad(heading)
    centre = size_m * rng.uniform(0.35, 0.65, 2)
    x = centre[0] + along * np.cos(turn) - across * np.sin(turn)
    y = centre[1] + along * np.sin(turn) + across * np.cos(turn)
    return np.column_stack([x, y])


def _beads(points: NDArray[np.float64], every_m: float, radii: tuple[float, float], rng: np.random.Generator) -> Shapes:
    """String patches of different size along a line, as woods and meadows lie along a river."""
    picked = points[:: max(1, round(every_m / 25))]
    aside = rng.normal(0, 0.5 * radii[0], picked.shape)
    return [_blob(x, y, rng.uniform(*radii), rng) for x, y in picked + aside]


Box = tuple[float, float, float, float]  # west, south, width, height


def _turned(boxes: Sequence[Box], turn: _Turn) -> NDArray[np.object_]:
    """Return boxes of a local frame as polygons of the site, (box,)."""
    west, south, width, height = np.array(boxes, dtype=np.float64).reshape(-1, 4).T
    x = np.column_stack([west, west + width, west + width, west])
    y = np.column_stack([south, south, south + height, south + height])
    corners = turn.to_site(np.column_stack([x.ravel(), y.ravel()]))
    polygons: NDArray[np.object_] = shapely.polygons(corners.reshape(-1, 4, 2))
    return polygons


@dataclass(frozen=True)
class _Turn:
    """A local frame: its origin and its angle."""

    x: float
    y: float
    radians: float

    def to_site(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        c, s = np.cos(self.radians), np.sin(self.radians)
        x, y = points.T
        return np.column_stack([self.x + x * c - y * s, self.y + x * s + y * c])

    def from_site(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        c, s = np.cos(self.radians), np.sin(self.radians)
        x, y = (points - (self.x, self.y)).T
        return np.column_stack([x * c + y * s, y * c - x * s])


# ---------------------------------------------------------------- the Corn Belt


def _corn_belt(size_m: float, scale: float, rng: np.random.Generator) -> _Plan:
    """Sections of a square mile between roads, split into halves, quarters and eighths; a river, creeks, groves."""
    river = _course(size_m, rng, bends=((5200, 500), (1500, 190), (620, 60)), heading=rng.uniform(20, 70))
    valley = shapely.LineString(river[::12])
    water = [shapely.LineString(river).buffer(rng.uniform(38, 50))]
    water += _blobs(0.035, (110, 320), size_m, rng)
    forest = [*_beads(river, 170, (40, 210), rng), *_blobs(0.30, (60, 190), size_m, rng)]
    grass = [valley.buffer(110, quad_segs=4), *_beads(river, 300, (110, 330), rng)]
    grass += _blobs(0.10, (120, 300), size_m, rng)
    for _ in range(max(1, round(size_m / 5000))):
        creek = _course(size_m, rng, bends=((3100, 260), (800, 80)), heading=rng.uniform(90, 200))
        grass.append(shapely.LineString(creek[::3]).buffer(rng.uniform(22, 34), quad_segs=2))
    section = MILE * scale
    shift = rng.uniform(0, section, 2)
    built, groves = _farmsteads(size_m, section, shift, rng)
    town, gardens = _towns(size_m, section, shift, rng)
    cells, groups = _sections(size_m, section, shift, rng)
    rails = _course(size_m, rng, bends=((30_000, 200),), heading=rng.uniform(-40, -20))
    built.append(shapely.LineString(rails[::20]).buffer(9))
    layers = (
        (WATER, water),
        (BUILT, built + town),
        (GARDEN, gardens),
        (FOREST, forest + groves),
        (GRASS, grass),
    )
    return _Plan(layers, cells, groups)


# Ways to split a quarter section, as boxes in its unit square, with their frequencies.
_WHOLE = ((0.0, 0.0, 1.0, 1.0),)
_EAST_WEST = ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0))
_NORTH_SOUTH = ((0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0))
_FOUR = ((0.0, 0.0, 0.5, 0.5), (0.5, 0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0))
_THREE = ((0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 0.5, 1.0), (0.5, 0.5, 1.0, 1.0))
_STRIPS = ((0.0, 0.0, 1.0, 0.34), (0.0, 0.34, 1.0, 0.66), (0.0, 0.66, 1.0, 1.0))
_SPLITS = ((_WHOLE, 0.24), (_EAST_WEST, 0.22), (_NORTH_SOUTH, 0.22), (_THREE, 0.16), (_FOUR, 0.10), (_STRIPS, 0.06))


def _sections(
    size_m: float, section: float, shift: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Shapes, list[int]]:
    counts = int(np.ceil(size_m / section)) + 1
    weights = np.array([weight for _, weight in _SPLITS])
    boxes, groups = [], []
    for row in range(counts * 2):
        for col in range(counts * 2):
            south = shift[1] - section + row * section / 2
            west = shift[0] - section + col * section / 2
            split = _SPLITS[rng.choice(len(_SPLITS), p=weights / weights.sum())][0]
            verge = np.array([14.0 if col % 2 == 0 else 2.0, 14.0 if row % 2 == 0 else 2.0])
            verge_end = np.array([2.0 if col % 2 == 0 else 14.0, 2.0 if row % 2 == 0 else 14.0])
            low = np.array([west, south]) + verge
            high = np.array([west, south]) + section / 2 - verge_end
            unit = rng.permutation(len(split))
            for at in unit:
                x0, y0, x1, y1 = split[at]
                span = high - low
                boxes.append((low[0] + x0 * span[0] + 1.5, low[1] + y0 * span[1] + 1.5,
                              low[0] + x1 * span[0] - 1.5, low[1] + y1 * span[1] - 1.5))  # fmt: skip
                groups.append((row // 2) * 10_000 + col // 2)
    edges = np.array(boxes)
    seen = (edges[:, 2] > 0) & (edges[:, 3] > 0) & (edges[:, 0] < size_m) & (edges[:, 1] < size_m)
    cells = shapely.box(*edges[seen].T)
    return list(cells), [group for group, inside in zip(groups, seen, strict=True) if inside]


def _farmsteads(
    size_m: float, section: float, shift: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Shapes, Shapes]:
    """Place about one and a half farms a section along its roads: yards, and groves on their north-west."""
    yards, groves = [], []
    for _ in range(rng.poisson(1.5 * (size_m / section) ** 2)):
        along = rng.uniform(0, size_m)
        road = shift[rng.integers(2)] - section + section * rng.integers(1, int(size_m / section) + 2)
        side = rng.choice([-1.0, 1.0])
        x, y = (along, road + side * 70) if rng.random() < 0.5 else (road + side * 70, along)
        width, height = rng.uniform(35, 55, 2)
        yards.append(shapely.box(x - width, y - height, x + width, y + height))
        groves.append(shapely.box(x - width - 45, y - height, x + width, y + height + 45))
    return yards, groves


def _towns(
    size_m: float, section: float, shift: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Shapes, Shapes]:
    """Place a small town at a crossing, one for about 70 km2: street fronts and gardens."""
    houses, gardens = [], []
    for _ in range(round(size_m**2 / 70e6 + rng.uniform(-0.3, 0.4))):
        columns = int(size_m / section) + 1
        x, y = shift - section + section * rng.integers(1, columns + 1, 2)
        wide, high = rng.uniform(350, 620, 2)
        for row in np.arange(-high, high, 110.0):
            houses.append(shapely.box(x - wide, y + row, x + wide, y + row + 62))
            gardens.append(shapely.box(x - wide, y + row + 62, x + wide, y + row + 110))
    return houses, gardens


# ---------------------------------------------------------------- Vojvodina


def _vojvodina(size_m: float, scale: float, rng: np.random.Generator) -> _Plan:
    """Villages with their own field pattern: blocks between tracks, cut into strips; a river, a canal, woods."""
    river = _course(size_m, rng, bends=((7000, 700), (2600, 480)), heading=rng.uniform(75, 105))
    line = shapely.LineString(river)
    flood = shapely.LineString(river[::30])
    canal = _course(size_m, rng, bends=((60_000, 10),), heading=rng.uniform(5, 25))
    water = [line.buffer(rng.uniform(70, 95)), shapely.LineString(canal[::30]).buffer(17)]
    water += _blobs(0.02, (60, 200), size_m, rng)
    forest = [*_beads(river, 170, (50, 300), rng), *_blobs(0.16, (60, 240), size_m, rng)]
    grass = [flood.buffer(220, quad_segs=4), *_beads(river, 350, (150, 420), rng)]
    grass += _blobs(0.12, (120, 420), size_m, rng)
    seats = _seats(size_m, rng)
    houses, gardens = [], []
    cells: Shapes = []
    groups: list[int] = []
    turns = [_Turn(float(x), float(y), float(rng.uniform(-0.6, 0.6))) for x, y in seats]
    regions = _regions(seats, size_m)
    for number, (turn, region) in enumerate(zip(turns, regions, strict=True)):
        streets = _village(turn, rng)
        houses += streets[0]
        gardens += streets[1]
        strips, blocks = _strips(region, turn, scale, rng)
        cells += strips
        groups += [number * 10_000 + block for block in blocks]
    layers = ((WATER, water), (BUILT, houses), (GARDEN, gardens), (FOREST, forest), (GRASS, grass))
    return _Plan(layers, cells, groups)


def _seats(size_m: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Place villages about 6 km apart, also outside the site, since their fields reach into it."""
    pitch = 6000.0
    steps = np.arange(-1, int(size_m / pitch) + 2)
    x, y = np.meshgrid(steps * pitch, steps * pitch)
    seats = np.column_stack([x.ravel(), y.ravel()]) + size_m / 2 % pitch
    seats += rng.uniform(-1500, 1500, seats.shape)
    return seats


def _regions(seats: NDArray[np.float64], size_m: float) -> Shapes:
    """Return each village's land: what lies nearest to it, cut to the site."""
    frame = shapely.box(0, 0, size_m, size_m)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seats), extend_to=frame))
    tree = shapely.STRtree(cells)
    own = [int(tree.query(shapely.Point(seat), predicate="within")[0]) for seat in seats]
    return [shapely.intersection(cells[at], frame) for at in own]


def _village(turn: _Turn, rng: np.random.Generator) -> tuple[Shapes, Shapes]:
    """Lay out streets of houses with gardens between them."""
    wide, high = rng.uniform(380, 620), rng.uniform(300, 520)
    houses: list[Box] = [(-30, -high - 300, 60, 2 * high + 600)]
    gardens: list[Box] = []
    for south in np.arange(-high, high, 150.0).tolist():
        inset = rng.uniform(0, 160)
        houses.append((-wide + inset, south, 2 * wide - 2 * inset, 66))
        gardens.append((-wide + inset, south + 66, 2 * wide - 2 * inset, 84))
    return list(_turned(houses, turn)), list(_turned(gardens, turn))


def _strips(region: Any, turn: _Turn, scale: float, rng: np.random.Generator) -> tuple[Shapes, list[int]]:
    """Cut a village's land into blocks between tracks, and these into strips: parcels and block numbers."""
    if region.is_empty:
        return [], []
    low_x, low_y = turn.from_site(shapely.get_coordinates(region)).min(axis=0).tolist()
    high_x, high_y = turn.from_site(shapely.get_coordinates(region)).max(axis=0).tolist()
    strips: list[Box] = []
    blocks: list[int] = []
    south = low_y - scale * rng.uniform(0, 380)
    while south < high_y:
        height = scale * rng.uniform(380, 760)
        west = low_x - scale * rng.uniform(0, 450)
        while west < high_x:
            width = scale * rng.uniform(450, 1100)
            inside = _block(width, height, scale, rng)
            blocks += [blocks[-1] + 1 if blocks else 1] * len(inside)
            strips += [(west + x, south + y, wide, high) for x, y, wide, high in inside]
            west += width
        south += height
    shapes = _turned(strips, turn)
    shapely.prepare(region)
    near = np.flatnonzero(shapely.intersects(shapes, region))
    inner = shapely.intersection(shapes[near], shapely.buffer(region, -5, join_style="mitre"))
    return list(inner), [blocks[at] for at in near]


def _block(width: float, height: float, scale: float, rng: np.random.Generator) -> list[Box]:
    """Cut one block into strips; one in five is an estate of few wide fields."""
    track = 4.0
    mean = scale * (300.0 if rng.random() < 0.2 else 80.0)
    along_east = rng.random() < 0.25
    length = (height if along_east else width) - 2 * track
    cuts = [0.0]
    while cuts[-1] < length:
        cuts.append(cuts[-1] + mean * float(np.clip(rng.lognormal(0, 0.45), 0.4, 3.0)))
    cuts[-1] = length
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < 0.4 * mean:
        del cuts[-2]
    across = (width if along_east else height) - 2 * track
    found = []
    for low, high in itertools.pairwise(cuts):
        if along_east:
            found.append((track, track + low, across, high - low - 1.5))
        else:
            found.append((track + low, track, high - low - 1.5, across))
    return found


_PLANS: dict[str, Callable[[float, float, np.random.Generator], _Plan]] = {
    "corn_belt": _corn_belt,
    "vojvodina": _vojvodina,
}
