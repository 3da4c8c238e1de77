"""Classes of two sites, matched by what they mean."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import LegendError, SampleError
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, LegendClass

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from cropmap.data.package import ModelPackage
    from cropmap.data.samples import SampleSet


@dataclass(frozen=True)
class ClassMatch:
    """Which classes two sites share; names as the target writes them, else as the source does.

    Args:
        shared: In both.
        source_only: In the source alone.
        target_only: In the target alone.
    """

    shared: tuple[str, ...]
    source_only: tuple[str, ...]
    target_only: tuple[str, ...]


def match_classes(source: Legend, target: Legend) -> ClassMatch:
    """Return which classes two legends share: same canonical name (`data.class_names`), whatever code and colour."""
    here, there = _by_meaning(target), _by_meaning(source)
    return ClassMatch(
        tuple(own.name for name, own in here.items() if name in there),
        tuple(own.name for name, own in there.items() if name not in here),
        tuple(own.name for name, own in here.items() if name not in there),
    )


def joined(target: Legend, source: Legend) -> Legend:
    """Return the target's legend with the source's other classes added, these on the lowest free codes.

    Raises:
        LegendError: No code is left, or a legend has two names of one class.
    """
    here = _by_meaning(target)
    free = (code for code in range(NODATA) if code not in target.codes)
    added = [own for name, own in _by_meaning(source).items() if name not in here]
    classes = [LegendClass(code, own.name, own.colour) for code, own in zip(free, added, strict=False)]
    if len(classes) < len(added):
        raise LegendError(f"{len(here) + len(added)} classes do not fit a legend.", fix="Merge some of them.")
    return Legend((*target.classes, *classes))


def recoded(samples: SampleSet, legend: Legend) -> SampleSet:
    """Return samples whose codes are those of another legend, by the classes' meaning.

    Samples of classes that the legend lacks are left out.

    Raises:
        SampleError: No sample is left.
    """
    there = _by_meaning(legend)
    codes = {own.code: there[name].code for name, own in _by_meaning(samples.legend).items() if name in there}
    kept = np.isin(samples.codes, list(codes))
    if not kept.any():
        raise SampleError(
            f"None of the classes {', '.join(samples.legend.names)} is among {', '.join(legend.names)}.",
            fix="Name shared classes alike, or write a class scheme that does.",
        )
    table = np.full(256, NODATA, np.uint8)
    table[list(codes)] = list(codes.values())
    chosen = samples.subset(kept)
    return dataclasses.replace(chosen, codes=table[chosen.codes], legend=legend)


def masked(package: ModelPackage, names: Collection[str]) -> ModelPackage:
    """Return a package that answers classes of these meanings alone; the others' probability goes to them.

    Raises:
        LegendError: The package knows none of them.
    """
    wanted = {canonical(name) for name in names}
    known = np.array([canonical(name) in wanted for name in package.legend.names])
    if not known.any():
        raise LegendError(
            f"The model knows {', '.join(package.legend.names)}; none of {', '.join(names)}.",
            fix="Name shared classes alike, or label samples of the target.",
        )
    before = np.array(package.class_weights or [1.0] * len(known))
    return dataclasses.replace(package, class_weights=tuple(np.where(known, before, 0.0).tolist()))


def codes_in(package: ModelPackage, legend: Legend) -> NDArray[np.uint8]:
    """Return the code in a legend of each of the package's classes, (class,), uint8; NODATA where it has none."""
    there = _by_meaning(legend)
    found = [there[canonical(name)].code if canonical(name) in there else NODATA for name in package.legend.names]
    return np.array(found, np.uint8)


def weights_in(package: ModelPackage, legend: Legend) -> tuple[float, ...]:
    """Return a package's class weights in the order of another legend; none where it has none.

    A class that the package does not know weighs 1; where nothing else would be left, nothing is weighed.
    """
    known = dict(zip(map(canonical, package.legend.names), package.class_weights, strict=False))
    found = tuple(known.get(canonical(name), 1.0) for name in legend.names)
    return found if known and any(found) else ()


def _by_meaning(legend: Legend) -> dict[str, LegendClass]:
    found: dict[str, LegendClass] = {}
    for own in legend.classes:
        name = canonical(own.name)
        if name in found:
            raise LegendError(
                f"{found[name].name!r} and {own.name!r} mean the same class.",
                where="legend",
                fix="Merge the two, or name them apart.",
            )
        found[name] = own
    return found
