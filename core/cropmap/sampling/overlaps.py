"""Pixels that several features claim: once where their labels agree, dropped where they contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.contract.words import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.legend import Legend
    from cropmap.data.samples import LabelFeatures

_PAIRS_NAMED = 3
_NO_SURVEY = (
    "Check the class field and the layer: probably another field holds the class, or the layer holds several years one "
    "upon the other. Else correct or remove the features that overlap."
)


def each_once(
    places: NDArray[np.int64],
    feature: NDArray[np.int64],
    codes: NDArray[np.uint8],
    legend: Legend,
    features: LabelFeatures,
) -> tuple[NDArray[np.intp], list[str]]:
    """Keep each claimed pixel once, and drop those whose labels contradict each other.

    Args:
        places: Number of the pixel that each claim is about, (claim,).
        feature: Position of the feature that claims it, (claim,), ascending.
        codes: Class code of each feature, (feature,).
        legend: Names the classes.
        features: What claims, for messages.

    Returns:
        Positions of the claims kept, ascending: the first of each pixel. Notes on the others, which name the features
        that contradict each other in most pixels.

    Raises:
        SampleError: More than half of the pixels, or all of a class, have labels that contradict each other.
    """
    _, first, owner = np.unique(places, return_index=True, return_inverse=True)
    code = codes[feature]
    contested = np.zeros(len(first), dtype=bool)
    np.logical_or.at(contested, owner, code != code[first][owner])
    notes = []
    if contested.any():
        disputed = np.flatnonzero(contested[owner])
        worst = _worst(owner[disputed], feature[disputed], codes, features)
        _check(contested, code, owner, legend, f"{features.where}: {worst}" if features.where else worst)
        clashing = int(contested.sum())
        has = counted(clashing, "pixel has", "pixels have")
        notes.append(f"{has} labels that contradict each other: left out. Most: {worst}.")
    kept = np.sort(first[~contested])
    repeated = int((~contested[owner]).sum()) - len(kept)
    if repeated:
        notes.append(f"{counted(repeated, 'label repeats', 'labels repeat')} one in the same pixel: left out.")
    return kept, notes


def _check(
    contested: NDArray[np.bool_], code: NDArray[np.uint8], owner: NDArray[np.intp], legend: Legend, where: str
) -> None:
    clashing, pixels = int(contested.sum()), len(contested)
    if 2 * clashing > pixels:
        raise SampleError(
            f"{clashing} of {pixels} labelled pixels have labels that contradict each other.",
            where=where,
            fix=_NO_SURVEY,
        )
    left = set(np.unique(code[~contested[owner]]).tolist())
    lost = [found.name for found in legend.classes if found.code in set(np.unique(code).tolist()) - left]
    if lost:
        own = np.unique(owner[code == legend.code_of(lost[0])])
        raise SampleError(
            f"Class {lost[0]!r} would be lost: another class claims {_all_of(len(own))}.", where=where, fix=_NO_SURVEY
        )


def _all_of(pixels: int) -> str:
    return "its only pixel" if pixels == 1 else f"all of its {pixels} pixels"


def _worst(
    place: NDArray[np.intp], feature: NDArray[np.int64], codes: NDArray[np.uint8], features: LabelFeatures
) -> str:
    """Name the pairs of features that disagree in most pixels; of the features of a pixel those next to each other."""
    order = np.lexsort((feature, place))
    place, feature = place[order], feature[order]
    pair = (place[1:] == place[:-1]) & (codes[feature[1:]] != codes[feature[:-1]])
    pairs, counts = np.unique(np.column_stack([feature[:-1], feature[1:]])[pair], axis=0, return_counts=True)
    named = np.argsort(-counts, kind="stable")[:_PAIRS_NAMED]
    texts = [
        f"{_feature(one, features)} and {_feature(other, features)} in {counted(count, 'pixel', 'pixels')}"
        for (one, other), count in zip(pairs[named].tolist(), counts[named].tolist(), strict=True)
    ]
    more = len(pairs) - len(texts)
    return "; ".join(texts) + (f"; {counted(more, 'more pair', 'more pairs')}" if more else "")


def _feature(position: int, features: LabelFeatures) -> str:
    return f"{str(features.ids[position])!r} ({features.labels[position]})"
