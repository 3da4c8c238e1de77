"""Samples that stand twice: the same series, or the same place in the same season."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from cropmap.data.doubts import Doubts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from cropmap.data.samples import SampleSet


def find_duplicates(samples: SampleSet) -> tuple[Doubts, Doubts]:
    """Return the samples that another one contradicts, and those that merely repeat another one.

    Two samples are the same where their series agree to the last bit, or where they have the same coordinates, site and
    year. Where such samples have different labels, those are doubtful whose label is not the commonest of them, and all
    where none is the commonest; the commonest is suggested. Where they share one label, all but the first repeat it.

    Returns:
        Contradicted samples, and repeating ones; in the samples' order.
    """
    contradicted: dict[int, tuple[str, str]] = {}
    repeating: dict[int, str] = {}
    names = samples.legend.names_by_code
    kinds = ((_same_series(samples), "the same series as"), (_same_place(samples), "at the same place as"))
    for members, text in kinds:
        for found in members:
            labels = [names[int(samples.codes[position])] for position in found]
            if len(set(labels)) == 1:
                _repeat(samples, found, text, repeating)
            else:
                _contradict(samples, (found, labels), text, contradicted)
    for position in contradicted:
        repeating.pop(position, None)
    order = sorted(contradicted)
    return (
        _doubts(order, [contradicted[position] for position in order]),
        _doubts(sorted(repeating), [("", repeating[position]) for position in sorted(repeating)]),
    )


def _same_series(samples: SampleSet) -> list[list[int]]:
    rows = np.ascontiguousarray(samples.values, np.float32)
    return _alike(hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows)


def _same_place(samples: SampleSet) -> list[list[int]]:
    columns = (samples.x, samples.y, samples.sites, samples.years)
    return _alike(zip(*(column.tolist() for column in columns), strict=True))


def _alike(keys: Iterable[object]) -> list[list[int]]:
    """Return the positions that share a key, where two or more do."""
    seen: dict[object, list[int]] = {}
    for position, key in enumerate(keys):
        seen.setdefault(key, []).append(position)
    return [members for members in seen.values() if len(members) > 1]


def _repeat(samples: SampleSet, found: Sequence[int], text: str, repeating: dict[int, str]) -> None:
    for position in found[1:]:
        repeating.setdefault(position, f"{text} {samples.ids[found[0]]}, with the same label")


def _contradict(
    samples: SampleSet, members: tuple[list[int], list[str]], text: str, contradicted: dict[int, tuple[str, str]]
) -> None:
    found, labels = members
    kinds = sorted(set(labels), key=lambda name: (-labels.count(name), labels.index(name)))
    clear = labels.count(kinds[0]) > labels.count(kinds[1])
    for position, label in zip(found, labels, strict=True):
        if label == kinds[0] and clear:
            continue
        other = kinds[1] if label == kinds[0] else kinds[0]
        twin = found[labels.index(other)]
        why = f"{text} {samples.ids[twin]}, which is labelled {other}"
        contradicted.setdefault(position, (other, why))


def _doubts(positions: list[int], told: Sequence[tuple[str, str]]) -> Doubts:
    suggested: NDArray[np.str_] = np.array([other for other, _ in told], np.str_)
    return Doubts(np.array(positions, np.int64), suggested, np.array([why for _, why in told], np.str_))
