"""Spatial blocks: square pieces of land, joined where a group spans them, and dealt evenly to folds."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.words import counted
from cropmap.data.samples import FoldPlan
from cropmap.io.projection import METRES_PER_DEGREE, length_text, metres_per_unit
from cropmap.sampling.near import are_degrees

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK_M = 10_000.0
# Edge of a square field of 16 ha. Nearer samples may stand in one field, and blocks not larger are hardly apart.
FIELD_M = 400.0
# For the balance's sake blocks are halved so often at most: else one lone class would undo the spacing of all others.
_HALVINGS_FOR_BALANCE = 3
# Below three Landsat pixels a block parts no neighbours: such folds are random ones.
_SMALLEST_BLOCK_M = 100.0
_UNITS_OF_A_PART = 5
_LARGEST_SHARE = 2.0  # samples of the largest fold, of an even share


@dataclass(frozen=True)
class Land:
    """What a split looks at.

    Args:
        points: Own coordinates, (sample, 2), in metres or degrees.
        centres: Centre of the sample's group, (sample, 2), in the same unit.
        spread_m: Larger side of the group's bounding box, in metres, (sample,).
        degrees: Whether the coordinates are degrees.
        group: Number of the group, (sample,).
        classes: Position of the class, (sample,).
        codes: Class code, (sample,).
    """

    points: NDArray[np.float64]
    centres: NDArray[np.float64]
    spread_m: NDArray[np.float64]
    degrees: bool
    group: NDArray[np.intp]
    classes: NDArray[np.intp]
    codes: NDArray[np.uint8]


# ---------------------------------------------------------------- units of land


def land_of(
    x: NDArray[np.float64], y: NDArray[np.float64], groups: NDArray[Any], codes: NDArray[np.uint8], crs: str = ""
) -> Land:
    """Return what a split looks at.

    Args:
        x: Easting or longitude, (sample,).
        y: Northing or latitude, (sample,).
        groups: Samples of one group stay together, (sample,).
        codes: Class code, (sample,).
        crs: WKT of the coordinates; where empty, coordinates within +-180 and +-90 are degrees and others metres.

    Raises:
        SampleError: Coordinates that are not finite.
    """
    if not len(codes) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise SampleError("The samples have no coordinates to split by.", fix="Give finite coordinates.")
    degrees = are_degrees(x, y, crs)
    points = np.column_stack([x, y]) * (1.0 if degrees else metres_per_unit(crs))
    _, group = np.unique(groups, return_inverse=True)
    _, classes = np.unique(codes, return_inverse=True)
    low, high = _group_bounds(points, group)
    centres = (low + high) / 2
    sides = high - low
    if degrees:
        narrowing = np.cos(np.radians(centres[:, 1]))
        sides = sides * METRES_PER_DEGREE * np.column_stack([narrowing, np.ones(len(sides))])
    return Land(points, centres[group], sides.max(axis=1)[group], degrees, group, classes, codes)


def _group_bounds(
    points: NDArray[np.float64], group: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.minimum.reduceat(points[order], starts), np.maximum.reduceat(points[order], starts)


def blocks_of(land: Land, edge: float, origin: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the number of each sample's block, (sample,).

    A group no wider than a block lies in the block of its centre. Else parcels side by side, each over the edge
    of two blocks, would join all blocks to one.
    """
    compact = land.spread_m <= edge
    x, y = np.where(compact[:, None], land.centres, land.points).T
    if land.degrees:
        rows = np.floor(y * METRES_PER_DEGREE / edge + origin[1])
        # Every row of blocks measures its degrees of longitude at its own middle latitude.
        middle = np.clip((rows + 0.5 - origin[1]) * edge / METRES_PER_DEGREE, -89.9, 89.9)
        east = x * METRES_PER_DEGREE * np.cos(np.radians(middle))
    else:
        rows, east = np.floor(y / edge + origin[1]), x
    cols = np.floor(east / edge + origin[0])
    key = (rows - rows.min()) * (np.ptp(cols) + 1) + (cols - cols.min())
    _, block = np.unique(key, return_inverse=True)
    return np.asarray(block, dtype=np.intp)


def _units(blocks: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Join blocks that share a group; return the number of each sample's unit, (sample,)."""
    count = int(blocks.max()) + 1
    parent = list(range(count))

    def root(block: int) -> int:
        while parent[block] != block:
            parent[block] = parent[parent[block]]
            block = parent[block]
        return block

    group, block = np.divmod(np.unique(groups.astype(np.int64) * count + blocks), count)
    for position in np.flatnonzero(group[1:] == group[:-1]).tolist():
        parent[root(int(block[position]))] = root(int(block[position + 1]))
    roots = np.array([root(number) for number in range(count)])
    _, units = np.unique(roots[blocks], return_inverse=True)
    return np.asarray(units, dtype=np.intp)


def class_counts(units: NDArray[np.intp], classes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the number of samples of each class in each unit, (unit, class)."""
    counts = np.zeros((int(units.max(initial=-1)) + 1, int(classes.max(initial=-1)) + 1))
    np.add.at(counts, (units, classes), 1)
    return counts


# ---------------------------------------------------------------- units to folds


def block_folds(land: Land, names: Mapping[int, str], folds: int, block_m: float, rng: np.random.Generator) -> FoldPlan:
    """Assign samples to folds by square blocks of land, classes balanced.

    A group no wider than a block lies in the block of its centre; blocks that a wider group spans are joined. The
    resulting units go, the largest first, to the fold that has the smallest shares of their classes. Where the blocks
    are too few for the folds, leave a class in one fold, or give one fold twice its share, they are halved, to 100 m at
    the least; the notes say what was wrong with larger ones.

    Args:
        land: Places, groups and classes.
        names: What to call each class code.
        folds: Number of folds.
        block_m: Edge of the blocks, in metres.
        rng: Draws the blocks' origin and the order of equal units.

    Raises:
        SampleError: With the smallest blocks there are fewer independent pieces of land than folds.

    Source: spatial blocking after Roberts et al. 2017, Ecography 40, 913-929.
    """
    draw = rng.random(2), int(rng.integers(2**63))
    tried = _tried(land, folds, block_m, draw)
    plans = [plan for plan in tried if plan is not None]
    if not plans:
        raise _too_few_units(land, folds, _edges(block_m)[-1], draw[0])
    # Where no halving evens the folds out, blocks stay as large as they may be.
    plan = plans[-1] if _is_even(plans[-1]) else plans[0]
    larger = list(itertools.takewhile(lambda other: other is not plan, tried))
    notes = (*_size_notes(plan, larger, names, (folds, block_m)), *lone_notes(plan, names))
    return dataclasses.replace(plan, notes=notes)


def units_of_parts(
    land: Land, part: NDArray[np.intp], block_m: float, origin: NDArray[np.float64]
) -> tuple[NDArray[np.int32], float]:
    """Cut parts that folds keep whole, such as sites, into blocks, so that validation need not take a whole part.

    Args:
        land: Places, groups and classes; no group lies in two parts.
        part: Which part each sample lies in, (sample,).
        block_m: Edge of the blocks, in metres; halved while there are fewer than five of them a part.
        origin: Of the blocks, as shares of an edge, (2,).

    Returns:
        Each sample's unit, (sample,), none of two parts; and the edge that was used, in metres.
    """
    wanted = min(_UNITS_OF_A_PART * len(np.unique(part)), len(np.unique(land.group)))
    units, edge = np.asarray(part), block_m
    for edge in _edges(block_m):
        _, blocks = np.unique(np.column_stack([part, blocks_of(land, edge, origin)]), axis=0, return_inverse=True)
        units = _units(np.asarray(blocks).ravel(), land.group)
        if units.max() + 1 >= wanted:
            break
    return units.astype(np.int32), edge


def _tried(land: Land, folds: int, block_m: float, draw: tuple[NDArray[np.float64], int]) -> list[FoldPlan | None]:
    """Halve blocks until the folds are even or it does not help; None stands for fewer pieces of land than folds."""
    tried: list[FoldPlan | None] = []
    uneven = 0
    for edge in _edges(block_m):
        plan = _planned(land, edge, folds, draw)
        tried.append(plan)
        uneven += plan is not None
        if plan is not None and (_is_even(plan) or uneven > _HALVINGS_FOR_BALANCE):
            break
    return tried


def _edges(largest: float) -> list[float]:
    """Return the edges of blocks to try, in metres: halves of the largest, down to the smallest."""
    edges = [float(largest)]
    while edges[-1] > _SMALLEST_BLOCK_M:
        edges.append(max(edges[-1] / 2, _SMALLEST_BLOCK_M))
    return edges


def _is_even(plan: FoldPlan) -> bool:
    return not _lone_classes(plan) and _largest_share(plan) <= _LARGEST_SHARE


def _planned(land: Land, edge: float, folds: int, draw: tuple[NDArray[np.float64], int]) -> FoldPlan | None:
    """Return the plan with blocks of that edge, or None where they are too few."""
    units = _units(blocks_of(land, edge, draw[0]), land.group)
    counts = class_counts(units, land.classes)
    if len(counts) < folds:
        return None
    fold = balanced(counts, folds, np.random.default_rng(draw[1]))
    return FoldPlan(fold[units].astype(np.int8), units.astype(np.int32), land.codes, edge)


def balanced(counts: NDArray[np.float64], folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give each unit a fold, (unit,): the largest first, to the fold with the least of its classes."""
    shares = counts / counts.sum(axis=0)
    # A random order first and a stable sort after it: equal units come in random order.
    shuffled = rng.permutation(len(counts))
    order = shuffled[np.argsort(-shares[shuffled].sum(axis=1), kind="stable")]
    held = np.zeros((folds, counts.shape[1]))
    fold = np.zeros(len(counts), dtype=np.intp)
    for unit in order:
        # Growth of the sum of squared shares; among equals the fold that holds least, so that none stays empty.
        growth = held @ shares[unit]
        best = np.lexsort((held.sum(axis=1), growth))[0]
        fold[unit] = best
        held[best] += shares[unit]
    return fold


def _too_few_units(land: Land, folds: int, edge: float, origin: NDArray[np.float64]) -> SampleError:
    units = len(np.unique(_units(blocks_of(land, edge, origin), land.group)))
    pieces = counted(units, "independent piece of land", "independent pieces of land")
    what = f"Even in blocks of {length_text(edge)} the samples form {pieces}, too few for {folds} folds."
    widest = float(land.spread_m.max())
    if widest <= edge:
        return SampleError(what, fix="Ask for fewer folds, or add samples elsewhere.")
    return SampleError(
        f"{what} Groups must not be parted, and the widest spans {length_text(widest)}.",
        fix="Ask for fewer folds, give multipart features as single parts, add samples elsewhere, or check the group "
        'field (group_field "none" leaves every feature alone).',
    )


# ---------------------------------------------------------------- notes


def _lone_classes(plan: FoldPlan) -> list[int]:
    """Return the codes that stand in one fold only."""
    codes = np.unique(plan.codes).tolist()
    return [code for code in codes if len(np.unique(plan.fold[plan.codes == code])) < 2]


def _largest_share(plan: FoldPlan) -> float:
    """Return the size of the largest fold as a multiple of an even share."""
    sizes = np.bincount(plan.fold)
    return float(sizes.max() / sizes.mean())


def _size_notes(
    plan: FoldPlan, larger: list[FoldPlan | None], names: Mapping[int, str], asked: tuple[int, float]
) -> list[str]:
    notes = []
    if larger:
        wanted, used = length_text(asked[1]), length_text(plan.block_m)
        notes.append(f"Blocks of {used} are used in place of {wanted}: {'; '.join(_faults(larger, names, asked[0]))}.")
    if plan.block_m <= FIELD_M:
        notes.append(
            f"Blocks of {length_text(plan.block_m)} are no larger than a field: the folds are hardly apart, and the "
            "measured accuracy is likely too high."
        )
    if _largest_share(plan) > _LARGEST_SHARE:
        sizes = ", ".join(str(size) for size in np.bincount(plan.fold))
        notes.append(f"The samples lie so unevenly that the folds hold {sizes} of them.")
    return notes


def _faults(larger: list[FoldPlan | None], names: Mapping[int, str], folds: int) -> list[str]:
    """Say what was wrong with plans of larger blocks; None stands for one with fewer pieces of land than folds."""
    plans = [plan for plan in larger if plan is not None]
    lone = sorted({names[code] for plan in plans for code in _lone_classes(plan)})
    faults = []
    if len(plans) < len(larger):
        faults.append(f"larger ones part the samples into fewer than {folds} pieces of land")
    if lone:
        faults.append(f"larger ones leave {', '.join(map(repr, lone))} in one fold only")
    if any(_largest_share(plan) > _LARGEST_SHARE for plan in plans):
        faults.append("larger ones give one fold more than twice its share of samples")
    return faults


def lone_notes(plan: FoldPlan, names: Mapping[int, str]) -> list[str]:
    """Name the classes that lie in one fold only."""
    return [
        f"Class {names[code]!r} lies in one fold only: a model tested there has never seen it."
        for code in _lone_classes(plan)
    ]
