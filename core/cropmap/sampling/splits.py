"""Other ways to split than by land: groups, sites, years, chance, and units for validation; and what a split leaks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.contract.words import counted
from cropmap.data.samples import FoldPlan
from cropmap.io.projection import length_text
from cropmap.sampling.blocks import BLOCK_M, FIELD_M, balanced, blocks_of, class_counts, land_of
from cropmap.sampling.near import chord, metric_points, to_nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.samples import SampleSet

MOST_PARTS = 100


@dataclass(frozen=True)
class Leakage:
    """How much of a test is no test, as shares of the tested samples, 0 .. 1.

    Args:
        group: The model that it tests was trained on another sample of the same group.
        near: ... on one nearer than the edge of a field, 400 m.
        block: ... on one of the same square block of land.
        block_m: Edge of that block, in metres.
    """

    group: float
    near: float
    block: float
    block_m: float


def leakage(samples: SampleSet, plan: FoldPlan, block_m: float = BLOCK_M) -> Leakage:
    """Measure what a split leaks: how many test samples have a companion in their model's training.

    Args:
        samples: What is split.
        plan: How.
        block_m: Edge of the blocks to count by, in metres.
    """
    land = land_of(samples.x, samples.y, samples.ids, samples.codes, samples.crs)
    blocks = blocks_of(land, block_m, np.zeros(2))
    _, groups = np.unique(samples.groups, return_inverse=True)
    points = metric_points(samples.x, samples.y, samples.crs)
    limit = chord(points, FIELD_M)
    found = np.zeros(3)
    for number in np.unique(plan.fold[plan.fold >= 0]).tolist():
        tested, trained = plan.fold == number, plan.train_mask(number)
        if not trained.any():
            continue
        distance = to_nearest(points[tested], points[trained], limit)
        found += [
            np.isin(groups[tested], groups[trained]).sum(),
            (distance < limit).sum(),
            np.isin(blocks[tested], blocks[trained]).sum(),
        ]
    group, near, block = (found / max(int((plan.fold >= 0).sum()), 1)).tolist()
    return Leakage(group, near, block, block_m)


def leak_note(how: str, found: Leakage) -> str:
    """Say in words what a split leaks."""
    return (
        f"{how}: {found.group:.0%} of the test samples have one of their own group in training, {found.near:.0%} one "
        f"nearer than {length_text(FIELD_M)}, {found.block:.0%} one of the same block of {length_text(found.block_m)}. "
        "The accuracy will look better than it is on land that the model has not seen: use it to compare only."
    )


def group_folds(samples: SampleSet, folds: int, rng: np.random.Generator) -> FoldPlan:
    """Deal whole groups to folds, wherever they lie.

    Raises:
        SampleError: Fewer groups than folds.
    """
    _, units = np.unique(samples.groups, return_inverse=True)
    count = int(units.max()) + 1
    if count < folds:
        raise SampleError(
            f"The samples form {counted(count, 'group', 'groups')}, too few for {folds} folds.",
            fix="Ask for fewer folds, or check the group field.",
        )
    fold = dealt(units, samples.codes, folds, rng)
    lone = int((~samples.grouped).sum())
    note = (
        f"{lone} of {len(samples)} samples do not say which field they stand in: each is a group of its own, and they "
        "are dealt by chance. Name the group field, or split by blocks."
    )
    return FoldPlan(fold, units.astype(np.int32), samples.codes, math.nan, (note,) * bool(lone), method="groups")


def chance_folds(samples: SampleSet, folds: int, rng: np.random.Generator, *, stratified: bool) -> FoldPlan:
    """Deal single samples to folds of equal size by chance, `stratified` with equal shares of every class."""
    order = rng.permutation(len(samples))
    if stratified:
        order = order[np.argsort(samples.codes[order], kind="stable")]
    fold = np.empty(len(samples), np.int8)
    fold[order] = np.arange(len(samples)) % folds
    method = "stratified" if stratified else "random"
    return FoldPlan(fold, np.arange(len(samples), dtype=np.int32), samples.codes, math.nan, method=method)


def parts_of(samples: SampleSet, method: str) -> tuple[NDArray[np.int8], list[str]]:
    """Give each site or each year a fold of its own.

    Args:
        samples: What is split.
        method: "leave_site" or "leave_year".

    Returns:
        Fold of each sample, (sample,); and notes that say which fold is what.

    Raises:
        SampleError: One site or year only, or over 100.
    """
    what, values = ("site", samples.sites) if method == "leave_site" else ("year", samples.years)
    names, fold = np.unique(values, return_inverse=True)
    if len(names) < 2:
        own = f" ({names[0]})" if str(names[0]) else ""
        raise SampleError(
            f"All {len(samples)} samples are of one {what}{own}: there is no other to test on.",
            fix=f"Join sample sets of several {what}s first, or choose another split.",
        )
    if len(names) > MOST_PARTS:
        raise SampleError(
            f"The samples come from {len(names)} {what}s; at most {MOST_PARTS} can be left out in turn.",
            fix="Split by blocks or groups.",
        )
    sizes = np.bincount(fold)
    listed = ", ".join(
        f"{number} {what} {str(name) or '(unnamed)'} ({size})"
        for number, (name, size) in enumerate(zip(names.tolist(), sizes.tolist(), strict=True), start=1)
    )
    return fold.astype(np.int8), [f"Each fold tests one {what} (samples): {listed}."]


def dealt(units: NDArray[Any], codes: NDArray[np.uint8], folds: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Deal whole units to folds, each to the one with the smallest shares of its classes.

    Args:
        units: Number of each sample's unit, (sample,).
        codes: Class code of each sample, (sample,).
        folds: Number of folds.
        rng: Draws the order of equal units.

    Raises:
        SampleError: Fewer units than folds.
    """
    _, unit = np.unique(units, return_inverse=True)
    _, classes = np.unique(codes, return_inverse=True)
    counts = class_counts(unit, classes)
    if len(counts) < folds:
        raise SampleError(
            f"The samples form {counted(len(counts), 'independent unit', 'independent units')}, too few for {folds} "
            "folds.",
            fix="Ask for fewer folds, use smaller blocks, or add samples elsewhere.",
        )
    return balanced(counts, folds, rng)[unit].astype(np.int8)


def group_numbers(groups: NDArray[np.str_], part: NDArray[np.integer]) -> NDArray[np.intp]:
    """Number the groups of each part: a name means another group in another part, (sample,)."""
    _, group = np.unique(groups, return_inverse=True)
    _, number = np.unique(np.column_stack([part, group]), axis=0, return_inverse=True)
    return np.asarray(number, dtype=np.intp).ravel()


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
    counts = class_counts(units, classes)
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
