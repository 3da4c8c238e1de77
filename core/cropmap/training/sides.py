"""Which samples a model learns from, which decide when it stops, and which it is tested on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import FoldPlan, SampleSet

# What a fold's model must at least have seen of a class, and a split must leave of it for training.
MIN_SAMPLES = 2


def occurring(samples: SampleSet) -> Legend:
    """Return the classes that occur in the samples."""
    present = set(np.unique(samples.codes).tolist())
    return Legend(tuple(found for found in samples.legend.classes if found.code in present))


def check_counts(columns: NDArray[np.intp], legend: Legend) -> None:
    """Refuse training samples of which nothing can be learnt.

    Raises:
        SampleError: A single class, or classes with too few samples.
    """
    if len(legend) < 2:
        raise SampleError(
            f"All samples are of class {legend.names[0]!r}.",
            fix="Give samples of at least two classes, e.g. also of land without that crop.",
        )
    counts = np.bincount(columns, minlength=len(legend))
    rare = np.flatnonzero(counts < MIN_SAMPLES)
    rarest = int(counts.argmin())
    if len(rare) > 1:
        raise SampleError(
            f"{len(rare)} of {len(legend)} classes have fewer than {MIN_SAMPLES} training samples: "
            f"{_some([legend.names[column] for column in rare])}.",
            where=f"{len(columns)} training samples",
            fix="Add samples of them, drop these classes, or merge them with others.",
        )
    if counts[rarest] < MIN_SAMPLES:
        raise SampleError(
            f"Class {legend.names[rarest]!r} has {counts[rarest]} training "
            f"{'sample' if counts[rarest] == 1 else 'samples'}; it needs {MIN_SAMPLES}.",
            where=f"class {legend.codes[rarest]}",
            fix="Add samples of it, drop the class, or merge it with another.",
        )


def check_split(held: NDArray[np.bool_], columns: NDArray[np.intp], legend: Legend) -> None:
    """Refuse a mask of validation samples that does not fit, or leaves a class too few training samples.

    Raises:
        SampleError: So.
    """
    if held.dtype != np.bool_ or held.shape != columns.shape:
        raise SampleError(
            f"The validation mask has shape {held.shape} and type {held.dtype}, not ({len(columns)},) bool.",
            fix="Give True or False for every sample.",
        )
    if not held.any():
        raise SampleError(
            "No sample is left for validation, which decides when a network stops.",
            where=f"{len(columns)} training samples",
            fix="Add samples, or choose a model that does not need any, such as random_forest.",
        )
    check_counts(columns[~held], legend)


def drawn_validation(
    samples: SampleSet, columns: NDArray[np.intp], share: float, seed: int, progress: Progress
) -> NDArray[np.bool_]:
    """Return which samples validate: whole groups at random, up to the share, no class left without training."""
    rng = np.random.default_rng(seed)
    held = _draw(samples.groups, columns, share, rng)
    if not held.any():
        progress.warn("Too few groups to hold whole ones back: single samples decide when the training stops.")
        held = _draw(samples.ids, columns, share, rng)
    return held


def _draw(names: NDArray[Any], columns: NDArray[np.intp], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    _, group = np.unique(names, return_inverse=True)
    counts = np.zeros((group.max() + 1, columns.max() + 1), np.int64)
    np.add.at(counts, (group, columns), 1)
    left, room = counts.sum(axis=0), share * len(columns)
    # A class too rare to part stays whole in the training, and must not stop the others from being held back.
    least = np.minimum(left, MIN_SAMPLES)
    taken = np.zeros(len(counts), np.bool_)
    for candidate in rng.permutation(len(counts)):
        size, after = counts[candidate].sum(), left - counts[candidate]
        # The first may be larger than the share: half a large group is no honest test of the other half.
        if (size <= room or (not taken.any() and size <= len(columns) / 2)) and (after >= least).all():
            taken[candidate], left, room = True, after, room - size
    found: NDArray[np.bool_] = taken[group]
    return found


def _some(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")


# ---------------------------------------------------------------- folds


def tested_notes(codes: NDArray[np.uint8], plan: FoldPlan, legend: Legend) -> list[str]:
    """Return what to say of classes that several folds test, but not all; of those in one fold `seen` tells."""
    numbers = np.unique(plan.fold[plan.fold >= 0])
    notes = []
    for found in legend.classes:
        within = np.unique(plan.fold[(codes == found.code) & (plan.fold >= 0)])
        if 1 < len(within) < len(numbers):
            folds = ", ".join(str(number + 1) for number in within)
            notes.append(f"Class {found.name!r} is tested in folds {folds} only; the others have no sample of it.")
    return notes


def fold_numbers(samples: SampleSet, plan: FoldPlan) -> list[int]:
    """Return the plan's folds, ascending.

    Raises:
        SampleError: The plan is not of these samples, or they lie in one fold.
    """
    if plan.fold.shape != (len(samples),):
        raise SampleError(
            f"{len(samples)} samples have folds of shape {plan.fold.shape}.", fix="Give a plan of these samples."
        )
    numbers: list[int] = np.unique(plan.fold[plan.fold >= 0]).tolist()
    if len(numbers) < 2:
        raise SampleError(
            f"Cross-validation needs two folds; the samples lie in {len(numbers)}.",
            fix="Use smaller blocks or more samples, or train without cross-validation.",
        )
    return numbers


def seen(codes: NDArray[np.uint8], legend: Legend, training: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], list[str]]:
    """Return the training samples without the classes that are too rare among them, and these classes' names.

    Raises:
        SampleError: None is left.
    """
    rare = [found for found in legend.classes if (codes[training] == found.code).sum() < MIN_SAMPLES]
    left = training & ~np.isin(codes, [found.code for found in rare])
    if not left.any():
        raise SampleError(
            "Of no class are enough samples left to train the model of a fold: all lie in that fold or too near to it.",
            fix="Keep training samples less far from test samples, or use smaller blocks.",
        )
    return left, [found.name for found in rare]


def fold_validation(
    codes: NDArray[np.uint8], plan: FoldPlan, chosen: NDArray[np.bool_], share: float, seed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Return which of the chosen samples are used, and which of those used decide when a network stops.

    The first whole fold without which every class can still be learnt, else whole units; None where no unit may be held
    back, then the fit draws.
    """
    others = np.unique(plan.fold[chosen]).tolist()
    for number in others if len(others) > 1 else []:
        held = chosen & (plan.fold == number)
        trained = chosen & plan.train_mask(number)
        if _enough(codes, chosen, trained):
            used = held | trained
            return used, held[used]
    columns = np.searchsorted(np.unique(codes[chosen]), codes[chosen])
    drawn = _draw(plan.units[chosen], columns, share, np.random.default_rng(seed))
    return chosen, drawn if drawn.any() else None


def _enough(codes: NDArray[np.uint8], chosen: NDArray[np.bool_], trained: NDArray[np.bool_]) -> bool:
    return all((codes[trained] == code).sum() >= MIN_SAMPLES for code in np.unique(codes[chosen]))
