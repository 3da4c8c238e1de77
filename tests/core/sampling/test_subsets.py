import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.sampling.subsets import nested_subsets


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
