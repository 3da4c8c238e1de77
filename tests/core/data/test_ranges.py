from __future__ import annotations

import numpy as np
import pytest

from cropmap.contract.errors import SourceError
from cropmap.data.ranges import band_ranges, check_units

REFLECTANCE = {"red": (0.02, 0.3)}


def test_a_range_is_the_first_and_last_percentile_of_what_is_finite() -> None:
    values = np.full((1, 202, 2), np.nan, np.float32)
    values[0, :101, 0] = np.arange(101)
    assert band_ranges(values, ("red", "nir")) == {"red": (1.0, 99.0)}


@pytest.mark.parametrize("found", [(0.0, 0.5), (0.3, 0.9), (0.02, 0.02), (-0.2, 1.2), (0.01, 5.0)])
def test_another_landscape_and_clouds_in_the_same_units_pass(found: tuple[float, float]) -> None:
    check_units(REFLECTANCE, {"red": found}, what="The samples hold")


@pytest.mark.parametrize("factor", [1e4, 255.0, 1 / 255, 1e-4])
def test_stored_numbers_instead_of_reflectance_are_refused(factor: float) -> None:
    with pytest.raises(SourceError, match="scale"):
        check_units(REFLECTANCE, {"red": (0.02 * factor, 0.3 * factor)}, what="The samples hold")


def test_bands_that_only_one_side_has_are_not_compared() -> None:
    check_units(REFLECTANCE, {"nir": (1e6, 2e6)}, what="The samples hold")


def test_constant_bands_are_compared_too() -> None:
    check_units({"red": (0.2, 0.2)}, {"red": (0.2, 0.2)}, what="The samples hold")


def test_a_band_that_is_zero_throughout_says_nothing_of_units() -> None:
    check_units({"red": (0.0, 0.0)}, {"red": (0.02, 0.3)}, what="The samples hold")
