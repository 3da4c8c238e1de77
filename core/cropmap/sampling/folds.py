"""Splits that do not leak: whole blocks of land and whole groups go to one fold."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.data.samples import FoldPlan
from cropmap.io.projection import METRES_PER_DEGREE, length_text, metres_per_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cropmap.data.legend import Legend
    from cropmap.data.samples import SampleSet

__all__ = ["FoldOptions", "FoldPlan", "check_classes", "fold_samples", "spatial_folds", "split_validation"]

BLOCK_M = 10_000.0
# For the balance's sake blocks are halved so often at most: else one lone class would undo the spacing of all others.
_HALVINGS_FOR_BALANCE = 3
# Below three Landsat pixels a block parts no neighbours: such folds are random ones.
_SMALLEST_BLOCK_M = 100.0
# Edge of a square field of 16 ha. Nearer samples may stand in one field, and blocks not larger are hardly apart.
_FIELD_M = 400.0
_RADIUS_M = METRES_PER_DEGREE * 180 / math.pi
_LARGEST_SHARE = 2.0  # samples of the largest fold, of an even share


@dataclass(frozen=True)
class FoldOptions:
    """How samples are split.

    Args:
        folds: Number of folds, 2 .. 100.
        block_m: Edge of the square blocks, in metres; halved where the site is too small for it, to 100 m at the least.
        crs: WKT of the coordinates; where empty, coordinates within +-180 and +-90 are degrees and others metres.

    Raises:
        SampleError: A number out of range.
    """

    folds: int = 5
    block_m: float = BLOCK_M
    crs: str = ""

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= 100:
            raise SampleError(f"{self.folds} folds are asked for.", fix="Ask for 2 to 100.")
        if not self.block_m > 0:
            raise SampleError(f"Blocks of {self.block_m} m are asked for.", fix="Give an edge above 0.")


@dataclass(frozen=True)
class _Samples:
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


def check_classes(codes: NDArray[np.uint8], legend: Legend, folds: int = 2) -> None:
    """Refuse samples that cannot be trained and tested on.

    Args:
        codes: Class code of each sample, (sample,).
        legend: Names the classes; one without samples is no problem.
        folds: Number of folds asked for.

    Raises:
        SampleError: Fewer samples than folds, one class only, or a class with one sample.
    """
    counts = {found.name: int((codes == found.code).sum()) for found in legend.classes}
    present = {name: count for name, count in counts.items() if count}
    if len(present) < 2:
        raise SampleError(
            f"All {len(codes)} samples are of class {', '.join(present)!r}.",
            fix="Give samples of at least two classes, or check the class field.",
        )
    for name, count in present.items():
        if count < 2:
            raise SampleError(
                f"Class {name!r} has {count} sample; it cannot be both trained and tested.",
                where=f"class {name}",
                fix="Add samples of it, merge it with another class, or leave it out.",
            )
    if len(codes) < folds:
        raise SampleError(f"{len(codes)} samples cannot fill {folds} folds.", fix="Ask for fewer folds.")


def fold_samples(samples: SampleSet, options: FoldOptions, rng: np.random.Generator) -> FoldPlan:
    """Check a sample set's classes and split it; the coordinates' CRS is the samples'.

    Raises:
        SampleError: As `check_classes` and `spatial_folds`.
    """
    check_classes(samples.codes, samples.legend, options.folds)
    options = dataclasses.replace(options, crs=options.crs or samples.crs)
    names = {found.code: found.name for found in samples.legend.classes}
    table = _table(samples.x, samples.y, samples.groups, samples.codes, options)
    plan = _split(table, names, options, rng)
    return dataclasses.replace(plan, notes=(*plan.notes, *_near_notes(plan, samples.grouped)))


def spatial_folds(  # noqa: PLR0913 - the arrays are one table's columns; FoldOptions is for callers that have a SampleSet
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    groups: NDArray[np.str_],
    codes: NDArray[np.uint8],
    *,
    folds: int = 5,
    block_m: float = BLOCK_M,
    rng: np.random.Generator,
    crs: str = "",
) -> FoldPlan:
    """Assign samples to folds by square blocks of land, classes balanced.

    A group no wider than a block lies in the block of its centre; blocks that a wider group spans are joined. The
    resulting units go, the largest first, to the fold that has the smallest shares of their classes. Where the blocks
    are too few for the folds, leave a class in one fold, or give one fold twice its share, they are halved, to 100 m at
    the least.

    Args:
        x: Easting or longitude, (sample,).
        y: Northing or latitude, (sample,).
        groups: Samples of one group stay together, (sample,).
        codes: Class code, (sample,).
        folds: Number of folds.
        block_m: Edge of the blocks, in metres.
        rng: Draws the blocks' origin and the order of equal units.
        crs: WKT of the coordinates, see `FoldOptions`.

    Raises:
        SampleError: A class with one sample, coordinates that are not finite, or, with the smallest blocks, fewer
            independent pieces of land than folds.

    Source: spatial blocking after Roberts et al. 2017, Ecography 40, 913-929.
    """
    options = FoldOptions(folds, block_m, crs)
    samples = _table(x, y, groups, codes, options)
    _check_counts(codes)
    return _split(samples, {code: f"code {code}" for code in np.unique(codes).tolist()}, options, rng)


def split_validation(
    plan: FoldPlan, train_mask: NDArray[np.bool_], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose whole units of the training samples for validation, so that each class gives about its share.

    Args:
        plan: The folds.
        train_mask: True for the samples to split, (sample,).
        share: Part of the samples wanted for validation, 0 .. 1 (both excluded).
        rng: Draws the order of the units.

    Returns:
        True for validation samples, (sample,); a subset of `train_mask`, never all of a class. All False where every
        unit holds the whole of a class.

    Raises:
        SampleError: A share outside 0 .. 1.
    """
    if not 0 < share < 1:
        raise SampleError(f"A validation share of {share} is asked for.", fix="Give one between 0 and 1, e.g. 0.2.")
    members = np.flatnonzero(train_mask)
    _, classes = np.unique(plan.codes[members], return_inverse=True)
    _, units = np.unique(plan.units[members], return_inverse=True)
    counts = _counts(units, classes)
    total = counts.sum(axis=0)
    wanted, taken = share * total, np.zeros(len(total))
    chosen = np.zeros(len(counts), dtype=bool)
    for unit in rng.permutation(len(counts)):
        after = taken + counts[unit]
        nearer = (np.abs(after - wanted) / total).sum() < (np.abs(taken - wanted) / total).sum()
        if nearer and (after < total).all():
            chosen[unit] = True
            taken = after
    if not chosen.any():
        # Every unit is larger than the share: the smallest is nearest to it.
        splittable = np.flatnonzero((counts < total).all(axis=1))
        sizes = (counts[splittable] / total).sum(axis=1)
        chosen[splittable[np.argsort(sizes)[:1]]] = True
    validation = np.zeros(len(train_mask), dtype=bool)
    validation[members] = chosen[units]
    return validation


# ---------------------------------------------------------------- units of land


def _table(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    groups: NDArray[np.str_],
    codes: NDArray[np.uint8],
    options: FoldOptions,
) -> _Samples:
    if not len(codes) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise SampleError("The samples have no coordinates to split by.", fix="Give finite coordinates.")
    unit = metres_per_unit(options.crs)
    degrees = unit == 0 or (not options.crs and bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all()))
    scale = 1.0 if degrees else unit
    points = np.column_stack([x, y]) * scale
    _, group = np.unique(groups, return_inverse=True)
    _, classes = np.unique(codes, return_inverse=True)
    low, high = _group_bounds(points, group)
    centres = (low + high) / 2
    sides = high - low
    if degrees:
        narrowing = np.cos(np.radians(centres[:, 1]))
        sides = sides * METRES_PER_DEGREE * np.column_stack([narrowing, np.ones(len(sides))])
    return _Samples(points, centres[group], sides.max(axis=1)[group], degrees, group, classes, codes)


def _group_bounds(
    points: NDArray[np.float64], group: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.minimum.reduceat(points[order], starts), np.maximum.reduceat(points[order], starts)


def _check_counts(codes: NDArray[np.uint8]) -> None:
    found, counts = np.unique(codes, return_counts=True)
    if counts.min() < 2:
        raise SampleError(
            f"Class code {found[counts.argmin()]} has 1 sample; it cannot be both trained and tested.",
            where=f"class code {found[counts.argmin()]}",
            fix="Add samples of it, merge it with another class, or leave it out.",
        )


def _blocks(samples: _Samples, edge: float, origin: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the number of each sample's block, (sample,).

    A group no wider than a block lies in the block of its centre. Else parcels side by side, each over the edge
    of two blocks, would join all blocks to one.
    """
    compact = samples.spread_m <= edge
    x, y = np.where(compact[:, None], samples.centres, samples.points).T
    if samples.degrees:
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


def _counts(units: NDArray[np.intp], classes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the number of samples of each class in each unit, (unit, class)."""
    counts = np.zeros((int(units.max(initial=-1)) + 1, int(classes.max(initial=-1)) + 1))
    np.add.at(counts, (units, classes), 1)
    return counts


# ---------------------------------------------------------------- units to folds


def _split(samples: _Samples, names: Mapping[int, str], options: FoldOptions, rng: np.random.Generator) -> FoldPlan:
    """Split with blocks as large as may be, and say what was wrong with larger ones."""
    draw = rng.random(2), int(rng.integers(2**63))
    tried = _tried(samples, options, draw)
    plans = [plan for plan in tried if plan is not None]
    if not plans:
        raise _too_few_units(samples, options.folds, _edges(options.block_m)[-1], draw[0])
    # Where no halving evens the folds out, blocks stay as large as they may be.
    plan = plans[-1] if _is_even(plans[-1]) else plans[0]
    larger = list(itertools.takewhile(lambda other: other is not plan, tried))
    notes = (*_size_notes(plan, larger, names, options), *_lone_notes(plan, names))
    return dataclasses.replace(plan, notes=notes, nearest_m=_nearest_m(samples, plan.fold))


def _tried(samples: _Samples, options: FoldOptions, draw: tuple[NDArray[np.float64], int]) -> list[FoldPlan | None]:
    """Halve blocks until the folds are even or it does not help; None stands for fewer pieces of land than folds."""
    tried: list[FoldPlan | None] = []
    uneven = 0
    for edge in _edges(options.block_m):
        plan = _planned(samples, edge, options.folds, draw)
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


def _nearest_m(samples: _Samples, fold: NDArray[np.int8]) -> float:
    """Return the smallest distance between samples of different folds, in metres; degrees are taken on a sphere."""
    from scipy.spatial import KDTree

    points = _on_sphere(samples.points) if samples.degrees else samples.points
    nearest = math.inf
    numbers = np.unique(fold)
    for number in numbers[:-1]:
        tree = KDTree(points[fold == number])
        found, _ = tree.query(points[fold > number], distance_upper_bound=nearest)
        nearest = min(nearest, float(found.min()))
    return 2 * _RADIUS_M * math.asin(min(nearest / 2 / _RADIUS_M, 1.0)) if samples.degrees else nearest


def _on_sphere(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the sphere, (point, 3), in metres, of longitudes and latitudes, (point, 2)."""
    lon, lat = np.radians(degrees).T
    return _RADIUS_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _planned(samples: _Samples, edge: float, folds: int, draw: tuple[NDArray[np.float64], int]) -> FoldPlan | None:
    """Return the plan with blocks of that edge, or None where they are too few."""
    units = _units(_blocks(samples, edge, draw[0]), samples.group)
    counts = _counts(units, samples.classes)
    if len(counts) < folds:
        return None
    fold = _balanced(counts, folds, np.random.default_rng(draw[1]))
    return FoldPlan(fold[units].astype(np.int8), units.astype(np.int32), samples.codes, edge)


def _balanced(counts: NDArray[np.float64], folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
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


def _too_few_units(samples: _Samples, folds: int, edge: float, origin: NDArray[np.float64]) -> SampleError:
    units = len(np.unique(_units(_blocks(samples, edge, origin), samples.group)))
    pieces = f"{units} independent {'piece' if units == 1 else 'pieces'} of land"
    what = f"Even in blocks of {length_text(edge)} the samples form {pieces}, too few for {folds} folds."
    widest = float(samples.spread_m.max())
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
    plan: FoldPlan, larger: list[FoldPlan | None], names: Mapping[int, str], options: FoldOptions
) -> list[str]:
    notes = []
    if larger:
        wanted, used = length_text(options.block_m), length_text(plan.block_m)
        notes.append(
            f"Blocks of {used} are used in place of {wanted}: {'; '.join(_faults(larger, names, options.folds))}."
        )
    if plan.block_m <= _FIELD_M:
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


def _near_notes(plan: FoldPlan, grouped: NDArray[np.bool_]) -> list[str]:
    if grouped.all() or not plan.nearest_m < _FIELD_M:
        return []
    who = "The samples do" if not grouped.any() else f"{int((~grouped).sum())} of {len(grouped)} samples do"
    note = (
        f"{who} not say which field they stand in, and the nearest two of different folds are "
        f"{length_text(plan.nearest_m)} apart: they may stand in one field. Name the group field where there is one."
    )
    return [note]


def _lone_notes(plan: FoldPlan, names: Mapping[int, str]) -> list[str]:
    return [
        f"Class {names[code]!r} lies in one fold only: a model tested there has never seen it."
        for code in _lone_classes(plan)
    ]
