"""Splits that say what they keep apart: by blocks of land, groups, sites or years; by chance only on request."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.contract.words import counted
from cropmap.data.samples import SPLITS, FoldPlan
from cropmap.io.projection import length_text
from cropmap.sampling.blocks import BLOCK_M, FIELD_M, block_folds, land_of, lone_notes, units_of_parts
from cropmap.sampling.near import metric_points, nearest_m, too_near
from cropmap.sampling.splits import (
    chance_folds,
    dealt,
    group_folds,
    group_numbers,
    leak_note,
    leakage,
    parts_of,
)
from cropmap.sampling.variogram import resemblance, suggested_block_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.legend import Legend
    from cropmap.data.samples import SampleSet

__all__ = [
    "FoldOptions",
    "FoldPlan",
    "check_classes",
    "check_training",
    "fold_samples",
    "nested_folds",
    "no_sample_file",
    "stored_folds",
]

GAP_M = 100.0
_CHANCE = ("stratified", "random")
# What a model must have seen of a class to tell it.
_LEAST_OF_A_CLASS = 2


@dataclass(frozen=True)
class FoldOptions:
    """How samples are split.

    Args:
        folds: Number of folds, 2 .. 100; one for each site or year where these are left out.
        block_m: Edge of the square blocks, in metres; halved where the site is too small for it, to 100 m at the least.
            0 takes the distance up to which the samples resemble each other.
        crs: WKT of the coordinates; where empty, the samples' own.
        method: One of `cropmap.data.samples.SPLITS`.
        gap_m: Samples nearer than this to a test sample do not train the model that it tests, in metres. Splits by
            chance and by year keep no gap.

    Raises:
        SampleError: A number out of range, or no such method.
    """

    folds: int = 5
    block_m: float = BLOCK_M
    crs: str = ""
    method: str = "blocks"
    gap_m: float = GAP_M

    def __post_init__(self) -> None:
        if not 2 <= self.folds <= 100:
            raise SampleError(f"{self.folds} folds are asked for.", fix="Ask for 2 to 100.")
        if not self.block_m >= 0:
            raise SampleError(f"Blocks of {self.block_m} m are asked for.", fix="Give an edge above 0, or 0 itself.")
        if not self.gap_m >= 0:
            raise SampleError(f"A gap of {self.gap_m} m is asked for.", fix="Give 0 or more.")
        if self.method not in SPLITS:
            raise SampleError(f"There is no split {self.method!r}.", fix=f"Choose one of {', '.join(SPLITS)}.")


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


def check_training(plan: FoldPlan, legend: Legend) -> None:
    """Refuse folds whose models could not learn two classes, before any is trained.

    Args:
        plan: The folds.
        legend: Names the classes.

    Raises:
        SampleError: The training of a fold holds fewer than two classes with two samples or more.
    """
    names = legend.names_by_code
    for number in np.unique(plan.fold[plan.fold >= 0]).tolist():
        codes, counts = np.unique(plan.codes[plan.train_mask(number)], return_counts=True)
        enough = codes[counts >= _LEAST_OF_A_CLASS].tolist()
        if len(enough) < 2:
            told = f"class {names[enough[0]]!r} alone" if enough else "no class"
            raise SampleError(
                f"The training for fold {number + 1} holds two samples or more of {told}; a model needs two classes.",
                fix="Ask for fewer folds, choose another split, or add samples.",
            )


def fold_samples(samples: SampleSet, options: FoldOptions, rng: np.random.Generator) -> FoldPlan:
    """Check a sample set's classes and split it.

    The same samples, options and generator give the same plan. Values and predictions take no part in it, but for the
    edge of the blocks where that is to be found (`block_m` 0).

    Args:
        samples: What is split.
        options: How.
        rng: Draws the blocks' origin, the order of equal units, and who goes where by chance.

    Returns:
        Which fold tests each sample, each in one; the notes warn of what the split does not keep apart.

    Raises:
        SampleError: As `check_classes`; fewer independent pieces than folds; one site or year only where these are to
            be left out; a gap that leaves a fold's training without a class; folds of a file (see `stored_folds`).
    """
    check_classes(samples.codes, samples.legend, 2 if options.method.startswith("leave") else options.folds)
    options, notes = _with_blocks(samples, options, rng)
    plan = _planned(samples, options, rng)
    if options.method in _CHANCE:
        return _told(samples, plan, options, notes)
    return _told(samples, _with_gap(samples, plan, options), options, notes)


def stored_folds(
    samples: SampleSet, fold: NDArray[np.integer], options: FoldOptions, rng: np.random.Generator
) -> FoldPlan:
    """Take folds as a file holds them, so that every model is tested on the same samples.

    Args:
        samples: What is split.
        fold: Number of each sample's fold, (sample,); below 0 where it has none, then it is left out.
        options: `block_m` and `gap_m` are used; the gap is kept as in every other split.
        rng: Draws the origin of the blocks that validation takes.

    Returns:
        The plan; its folds are numbered from 0 in the order of the numbers given.

    Raises:
        SampleError: Fewer than two folds, or a gap that leaves a fold's training without a class.
    """
    numbers, place = np.unique(fold[fold >= 0], return_inverse=True)
    if len(numbers) < 2:
        raise SampleError(
            f"The sample file holds {counted(len(numbers), 'fold', 'folds')}; a test needs two.",
            fix="Choose another split than the file's.",
        )
    renumbered = np.full(len(samples), -1, np.int8)
    renumbered[fold >= 0] = place
    check_classes(samples.codes[fold >= 0], samples.legend)
    options = dataclasses.replace(options, method="file", crs=options.crs or samples.crs)
    plan = _with_gap(samples, _of_parts(samples, renumbered, options, rng), options)
    left = int((fold < 0).sum())
    notes = (
        [f"{left} of {len(samples)} samples have no fold in the file: no fold trains or tests them."] if left else []
    )
    found = leakage(samples, plan)
    if found.group:
        notes.append(leak_note("These folds part groups", found))
    return _told(samples, plan, options, notes)


def nested_folds(plan: FoldPlan, fold: int, samples: SampleSet, folds: int, rng: np.random.Generator) -> FoldPlan:
    """Split the training samples of one fold again, to choose a model's settings without a look at the test.

    What the outer split keeps whole stays whole: units, and sites or years where the outer folds are these and at least
    two are left. The same gap is kept.

    Args:
        plan: The outer split.
        fold: Its fold that is tested; neither its samples nor those too near to it have a fold here.
        samples: What the plan splits, all of it.
        folds: Inner folds wanted; fewer where fewer sites or years are left.
        rng: Draws the order of equal units.

    Returns:
        A plan of all samples, fold -1 where the outer fold may not train on them.

    Raises:
        SampleError: Fewer units than folds, or a gap that leaves an inner fold's training without a class.
    """
    mask = plan.train_mask(fold)
    kept = np.unique(plan.fold[mask])
    whole = plan.method.startswith("leave") and len(kept) > 1
    units = (plan.fold if whole else plan.units)[mask]
    number = np.full(len(plan.fold), -1, np.int8)
    number[mask] = dealt(units, plan.codes[mask], min(folds, len(kept)) if whole else folds, rng)
    inner = dataclasses.replace(plan, fold=number, near=None, nearest_m=math.nan, notes=())
    options = FoldOptions(crs=samples.crs, method=plan.method, gap_m=plan.gap_m)
    return _with_gap(samples, inner, options) if plan.gap_m else inner


# ---------------------------------------------------------------- the ways to split


def _with_blocks(samples: SampleSet, options: FoldOptions, rng: np.random.Generator) -> tuple[FoldOptions, list[str]]:
    """Return the options with the samples' CRS and an edge of blocks above 0, and why that edge was taken."""
    options = dataclasses.replace(options, crs=options.crs or samples.crs)
    if options.block_m:
        return options, []
    found = resemblance(samples, rng)
    edge = suggested_block_m(found)
    return dataclasses.replace(options, block_m=edge), [f"{found.text} Blocks of {length_text(edge)} are taken."]


def _planned(samples: SampleSet, options: FoldOptions, rng: np.random.Generator) -> FoldPlan:
    if options.method == "blocks":
        land = land_of(samples.x, samples.y, samples.groups, samples.codes, options.crs)
        return block_folds(land, samples.legend.names_by_code, options.folds, options.block_m, rng)
    if options.method == "groups":
        return group_folds(samples, options.folds, rng)
    if options.method in _CHANCE:
        return chance_folds(samples, options.folds, rng, stratified=options.method == "stratified")
    if options.method == "file":
        raise no_sample_file()
    fold, notes = parts_of(samples, options.method)
    plan = _of_parts(samples, fold, options, rng)
    return dataclasses.replace(plan, notes=(*notes, *plan.notes))


def no_sample_file() -> SampleError:
    """Return the error of the split "file" where no sample file is."""
    return SampleError(
        "There is no sample file here to take folds from.",
        fix="Choose another split; a training from a sample file may take the file's.",
    )


def _of_parts(samples: SampleSet, fold: NDArray[np.int8], options: FoldOptions, rng: np.random.Generator) -> FoldPlan:
    """Return the plan of folds that are given; its units are blocks within a fold."""
    group = group_numbers(samples.groups, fold)
    land = land_of(samples.x, samples.y, group, samples.codes, options.crs)
    units, edge = units_of_parts(land, fold.astype(np.intp), options.block_m or BLOCK_M, rng.random(2))
    plan = FoldPlan(fold, units, samples.codes, edge, method=options.method)
    return dataclasses.replace(plan, notes=tuple(lone_notes(plan, samples.legend.names_by_code)))


# ---------------------------------------------------------------- the gap, and what is told


def _with_gap(samples: SampleSet, plan: FoldPlan, options: FoldOptions) -> FoldPlan:
    """Keep samples that are too near to a fold from its training, and say how many they are."""
    if not options.gap_m or options.method == "leave_year":
        return plan
    points = metric_points(samples.x, samples.y, options.crs or samples.crs)
    near = too_near(points, plan.fold, options.gap_m)
    apart = dataclasses.replace(plan, near=near, gap_m=options.gap_m)
    _check_left(apart, samples.legend.names_by_code)
    taken = int(near.any(axis=1).sum())
    if not taken:
        return apart
    share = np.mean([near[plan.fold != number, number].mean() for number in range(plan.folds)])
    note = (
        f"{taken} of {len(samples)} samples lie nearer than {length_text(options.gap_m)} to samples of another fold "
        f"and do not train the model that is tested there: {share:.1%} of a fold's training on average."
    )
    return dataclasses.replace(apart, notes=(*apart.notes, note))


def _check_left(plan: FoldPlan, names: dict[int, str]) -> None:
    """Refuse a gap that takes a class from a fold's training."""
    for number in range(plan.folds):
        before, after = (plan.fold != number) & (plan.fold >= 0), plan.train_mask(number)
        for code in np.unique(plan.codes[before]).tolist():
            own = plan.codes == code
            had, left = int((own & before).sum()), int((own & after).sum())
            if had >= _LEAST_OF_A_CLASS > left:
                raise SampleError(
                    f"The gap of {length_text(plan.gap_m)} leaves {left} of {had} samples of class {names[code]!r} to "
                    f"train the model that is tested on fold {number + 1}.",
                    where=f"class {names[code]}",
                    fix="Make the gap smaller (0 keeps none), ask for fewer folds, or add samples elsewhere.",
                )


def _told(samples: SampleSet, plan: FoldPlan, options: FoldOptions, first: list[str]) -> FoldPlan:
    """Add to a plan how near its training and test samples come, and what that may mean."""
    points = metric_points(samples.x, samples.y, options.crs)
    nearest = nearest_m(points, plan.fold, plan.near)
    notes = [*first, *plan.notes]
    if options.method in _CHANCE:
        how = "Folds drawn by chance leak" if options.method == "random" else "Stratified folds drawn by chance leak"
        notes.append(leak_note(how, leakage(samples, plan, options.block_m)))
    elif options.method == "leave_year":
        notes += _same_land_notes(samples, plan)
    elif nearest < FIELD_M:
        notes += _near_notes(nearest, samples.grouped)
    return dataclasses.replace(plan, nearest_m=nearest, notes=tuple(notes), method=options.method)


def _same_land_notes(samples: SampleSet, plan: FoldPlan) -> list[str]:
    share = leakage(samples, plan).near
    if not share:
        return []
    note = (
        f"{share:.0%} of the samples have one of another year nearer than {length_text(FIELD_M)}: the test tells how a "
        "model does in another year on land that it knows, not on other land."
    )
    return [note]


def _near_notes(nearest: float, grouped: NDArray[np.bool_]) -> list[str]:
    if grouped.all():
        return []
    who = "The samples do" if not grouped.any() else f"{int((~grouped).sum())} of {len(grouped)} samples do"
    note = (
        f"{who} not say which field they stand in, and the nearest two of training and test are {length_text(nearest)} "
        "apart: they may stand in one field. Name the group field where there is one."
    )
    return [note]
