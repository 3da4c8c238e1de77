"""What mask numbers mean, and how far a cloud reaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from cropmap.data.scenes import MaskRule
from cropmap.io.masking import mask_is_clear, mask_is_cloud, widened

NONE = float("nan")


def test_a_mask_without_a_number_is_not_clear_and_no_cloud():
    rule = MaskRule(bad_bits=(1,))
    numbers = np.array([0, np.nan, 255, 2], np.float32)
    assert mask_is_clear(rule, numbers, 255.0).tolist() == [True, False, False, False]
    assert mask_is_cloud(rule, numbers, 255.0).tolist() == [False, False, False, True]


def test_a_number_beyond_every_flag_is_not_clear_and_no_cloud():
    numbers = np.array([1e30, -1e30, np.inf, 2.0**40], np.float32)
    assert mask_is_clear(MaskRule(bad_bits=(1,)), numbers, NONE).tolist() == [False, False, False, True]
    assert not mask_is_cloud(MaskRule(bad_bits=(1,)), numbers, NONE).any()


def test_a_no_data_number_that_the_rule_calls_clear_is_clear():
    assert mask_is_clear(MaskRule(clear_values=(0,)), np.array([0, 1], np.uint8), 0.0).tolist() == [True, False]


RULES = [
    (MaskRule(clear_values=(4, 5)), lambda n: n in (4, 5)),
    (MaskRule(bad_values=(3, 7)), lambda n: n not in (3, 7)),
    (MaskRule(bad_bits=(1, 3)), lambda n: not n >> 1 & 1 and not n >> 3 & 1),
    (MaskRule(bad_bits=(0,), bad_together=((6, 7),)), lambda n: not n & 1 and (n >> 6 & 3) != 3),
    (MaskRule(most=102), lambda n: n <= 102),
    (MaskRule(fill_bits=(0,), fill_values=(4,)), lambda n: not n & 1 and n != 4),
    (MaskRule(clear_values=(0, 4), fill_values=(0,), most=3), lambda n: n == 0),
]


@pytest.mark.parametrize(("rule", "is_clear"), RULES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_a_rule_means_the_same_for_every_number_type(rule, is_clear, dtype):
    numbers = np.arange(256).astype(dtype).reshape(16, 16)
    truth = np.array([is_clear(number) for number in range(256)]).reshape(16, 16)
    np.testing.assert_array_equal(mask_is_clear(rule, numbers, NONE), truth)


def test_negative_numbers_are_what_they_are():
    rule = MaskRule(clear_values=(0, 1), fill_values=(-1,))
    numbers = np.array([-1, 0, 1, 2, -128], np.int8)
    assert mask_is_clear(rule, numbers, NONE).tolist() == [False, True, True, False, False]
    assert mask_is_cloud(rule, numbers, NONE).tolist() == [False, False, False, True, True]


@settings(max_examples=60, deadline=None)
@given(
    cloud=arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=30), elements=st.booleans()),
    far=st.integers(0, 40),
    thin=st.integers(1, 40),
)
def test_widening_equals_a_dilation_by_a_disc(cloud, far, thin):
    cloud = cloud & (np.arange(cloud.size).reshape(cloud.shape) % thin == 0)
    down, right = np.mgrid[-far : far + 1, -far : far + 1]
    truth = ndimage.binary_dilation(cloud, down**2 + right**2 <= far**2)
    np.testing.assert_array_equal(widened(cloud, far), truth)


def test_a_cloud_reaches_as_far_as_the_largest_radius_and_no_farther():
    cloud = np.zeros((1, 600), bool)
    cloud[0, 300] = True
    np.testing.assert_array_equal(np.flatnonzero(widened(cloud, 254)), np.arange(46, 555))
