"""Subsets of samples for learning curves, each within the next larger one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.sampling.pixel_ids import text_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def draw_order(codes: NDArray[np.uint8], ids: NDArray[np.str_], seed: int) -> NDArray[np.intp]:
    """Return the order in which samples are taken so that the first so many always are a stratified draw.

    The k-th of the N samples of a class, by lot of its id, k from 0, stands at k / N. So the first n samples, for any n
    from the number of classes on, hold every class, each with its share of n to within one sample.

    Args:
        codes: Class code of each sample, (sample,).
        ids: Persistent identifier of each sample, (sample,).
        seed: Another seed gives another order.

    Returns:
        Positions, (sample,).
    """
    keys = text_keys(ids, seed)
    by_class = np.lexsort((keys, codes))
    _, first, size = np.unique(codes[by_class], return_index=True, return_counts=True)
    place = np.empty(len(codes), np.float64)
    place[by_class] = (np.arange(len(codes)) - np.repeat(first, size)) / np.repeat(size, size)
    return np.lexsort((keys, place))


def nested_subsets(
    codes: NDArray[np.uint8], ids: NDArray[np.str_], sizes: Iterable[int], seed: int
) -> NDArray[np.bool_]:
    """Return subsets of samples for a learning curve, each within the next larger one, stratified by class.

    Args:
        codes: Class code of each sample, (sample,).
        ids: Persistent identifier of each sample, (sample,): the same ids give the same subsets.
        sizes: How many samples each subset holds.
        seed: Another seed gives others.

    Returns:
        True where a sample is in the subset, (size, sample), in the order of `sizes`.

    Raises:
        SampleError: A size below 1, or above the number of samples.
    """
    wanted = np.array(list(sizes), np.int64)
    wrong = wanted[(wanted < 1) | (wanted > len(codes))]
    if len(wrong):
        raise SampleError(f"{wrong[0]} of {len(codes)} samples make no subset.", fix="Ask for 1 up to all of them.")
    rank = np.empty(len(codes), np.int64)
    rank[draw_order(codes, ids, seed)] = np.arange(len(codes))
    return np.asarray(rank < wanted[:, None])


def nested_by_class(
    codes: NDArray[np.uint8], ids: NDArray[np.str_], counts: Iterable[int], seed: int
) -> NDArray[np.bool_]:
    """Return subsets with so many samples of every class, each within the next larger one.

    A class of fewer samples is taken whole.

    Args:
        codes: Class code of each sample, (sample,).
        ids: Persistent identifier of each sample, (sample,): the same ids give the same subsets.
        counts: How many samples of each class a subset holds.
        seed: Another seed gives others.

    Returns:
        True where a sample is in the subset, (count, sample), in the order of `counts`.

    Raises:
        SampleError: A count below 1.
    """
    wanted = np.array(list(counts), np.int64)
    if (wanted < 1).any():
        raise SampleError(f"{wanted.min()} samples of a class make no subset.", fix="Ask for 1 or more.")
    order = draw_order(codes, ids, seed)
    rank = np.empty(len(codes), np.int64)
    for code in np.unique(codes):
        own = order[codes[order] == code]
        rank[own] = np.arange(len(own))
    return np.asarray(rank < wanted[:, None])
