import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.sampling.subsets import nested_by_class, nested_subsets


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.integers(0, 5),
)
def test_subsets_are_nested_and_keep_the_classes_shares(labels, sizes, seed):
    codes = np.array(labels, np.uint8)
    ids = np.array([f"s{k}" for k in range(len(codes))])
    sizes = [min(size, len(codes)) for size in sizes]
    masks = nested_subsets(codes, ids, sizes, seed)
    assert masks.sum(axis=1).tolist() == sizes
    present, there = np.unique(codes, return_counts=True)
    for size, mask in zip(sizes, masks, strict=True):
        for wider, other in zip(sizes, masks, strict=True):
            assert size > wider or not (mask & ~other).any()
        for code, number in zip(present, there, strict=True):
            found = (codes[mask] == code).sum()
            assert abs(found - size * number / len(codes)) < 1 or size < len(present)
            assert found > 0 or size < len(present)


def test_subsets_follow_the_ids_not_the_order():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 200).astype(np.uint8)
    ids = np.array([f"E{k}N7@32615" for k in range(200)])
    order = rng.permutation(200)
    first = nested_subsets(codes, ids, [50], 4)[0]
    other = nested_subsets(codes[order], ids[order], [50], 4)[0]
    assert set(ids[first]) == set(ids[order][other])
    assert set(ids[first]) != set(ids[nested_subsets(codes, ids, [50], 5)[0]])


@pytest.mark.parametrize("size", [0, 11])
def test_a_subset_of_nothing_or_of_too_many_is_refused(size):
    with pytest.raises(SampleError, match=f"{size} of 10"):
        nested_subsets(np.zeros(10, np.uint8), np.arange(10).astype(str), [5, size], 0)


def test_subsets_by_class_hold_so_many_of_each_and_are_nested():
    codes = np.repeat(np.array([1, 5, 9], np.uint8), [40, 25, 3])
    ids = np.array([f"s{k}" for k in range(len(codes))])
    masks = nested_by_class(codes, ids, [2, 10, 30], 1)
    counts = [[int((codes[mask] == code).sum()) for code in (1, 5, 9)] for mask in masks]
    assert counts == [[2, 2, 2], [10, 10, 3], [30, 25, 3]]
    assert not (masks[0] & ~masks[1]).any()
    assert not (masks[1] & ~masks[2]).any()
    order = np.random.default_rng(0).permutation(len(codes))
    other = nested_by_class(codes[order], ids[order], [10], 1)[0]
    assert set(ids[masks[1]]) == set(ids[order][other])
    assert set(ids[masks[1]]) != set(ids[nested_by_class(codes, ids, [10], 2)[0]])


def test_a_subset_of_no_sample_of_a_class_is_refused():
    with pytest.raises(SampleError, match="0 samples of a class"):
        nested_by_class(np.zeros(10, np.uint8), np.arange(10).astype(str), [5, 0], 0)
