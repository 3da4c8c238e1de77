"""What every model asks of the arrays that a package holds."""

from __future__ import annotations

import numpy as np
import pytest

from cropmap.contract.errors import PackageError
from cropmap.models.base import SeriesShape, check_arrays
from cropmap.models.tempcnn import TempCnn, TempCnnParams

SHAPE = SeriesShape(4, 2, 3)
PARAMS = TempCnnParams(width=4, dense=4)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([0.0, np.nan]), "not finite"),
        (np.array([0.0, -np.inf], np.float32), "not finite"),
        (np.array([0.0, 1e300]), "not finite"),  # as a weight, in float32, it is infinite
        (np.array([0.0, 1j]), "complex128"),
        (np.array([True, False]), "bool"),
        (np.array(["1", "2"]), "<U1"),
    ],
)
def test_what_is_no_number_of_float32_is_refused(array, said):
    with pytest.raises(PackageError, match=said):
        check_arrays({"weight": array}, {"weight": (2,)})


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int8, np.uint64])
def test_numbers_of_any_width_are_taken(kind):
    check_arrays({"weight": np.array([0, 1], kind)}, {"weight": (None,)})


def test_variances_below_0_are_refused_before_they_turn_a_map_into_no_data():
    arrays = TempCnn.untrained(PARAMS, SHAPE).arrays()
    name = "convolutions.1.running_var"
    with pytest.raises(PackageError, match=r"running_var holds variances below 0.*train the model again"):
        TempCnn.from_arrays(PARAMS, SHAPE, {**arrays, name: arrays[name] - 2})
    TempCnn.from_arrays(PARAMS, SHAPE, {**arrays, name: arrays[name] * 0})
