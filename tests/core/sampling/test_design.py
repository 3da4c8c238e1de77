from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.maps import ClassMap
from cropmap.data.site import Grid
from cropmap.sampling.design import (
    METHODS,
    DesignWishes,
    MapStrata,
    expected_errors,
    make_design,
    sample_size,
    share_sizes,
    strata_of,
)

NAMES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
LEGEND = Legend(tuple(LegendClass(code, name, "#112233") for code, name in enumerate(NAMES)))
# The worked example of Olofsson et al. 2014, section 5.
EXAMPLE = MapStrata(
    LEGEND.classes, np.array([200_000, 150_000, 3_200_000, 6_450_000]), np.array([0.70, 0.60, 0.90, 0.95])
)


def strata(sizes: list[int], users: list[float]) -> MapStrata:
    classes = tuple(LegendClass(k, f"class {k}", "#112233") for k in range(len(sizes)))
    return MapStrata(classes, np.array(sizes), np.array(users))


def test_the_published_example_takes_641_pixels_and_its_proportional_shares() -> None:
    assert sample_size(EXAMPLE, 0.01) == 641
    found = make_design(EXAMPLE, DesignWishes(0.01, "proportional"))
    assert found.counts.tolist() == [13, 10, 205, 413]


def test_rare_classes_get_the_minimum_and_the_rest_goes_by_area() -> None:
    counts = make_design(EXAMPLE, DesignWishes(0.01, "olofsson", minimum=75)).counts
    assert counts[:2].tolist() == [75, 75]
    assert counts.sum() == 641
    assert counts[2] / counts[3] == pytest.approx(3.2 / 6.45, rel=0.005)


def test_errors_of_the_published_sample_follow_from_the_same_formulas() -> None:
    # Table 8 of the paper: rows mapped, columns reference. The estimated variances divide by n - 1, those to expect by
    # n; a map without end has no finite correction.
    table = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
    mapped = table.sum(axis=1)
    shares = np.diag(table) / mapped
    endless = MapStrata(LEGEND.classes, EXAMPLE.sizes * 10**9, shares)
    overall, users, _ = expected_errors(endless, mapped - 1)
    assert 1.96 * overall == pytest.approx(0.0185, abs=5e-5)  # published: 0.95 +- 0.02
    # Published: 0.88 +- 0.07, 0.73 +- 0.10, 0.93 +- 0.04, 0.96 +- 0.02.
    assert np.round(1.96 * users, 2).tolist() == [0.07, 0.10, 0.04, 0.02]


def test_neyman_reaches_the_wanted_error_with_the_computed_number() -> None:
    found = make_design(EXAMPLE, DesignWishes(0.01, "neyman"))
    assert found.overall_error == pytest.approx(0.01, rel=1e-3)
    assert not found.notes


def test_another_allocation_says_how_many_points_it_takes() -> None:
    wishes = DesignWishes(0.01, "equal")
    found = make_design(EXAMPLE, wishes)
    assert found.overall_error > 0.013
    number = int(found.notes[0].split()[-1].rstrip("."))
    assert make_design(EXAMPLE, DesignWishes(0.01, "equal", total=number)).overall_error <= 0.01
    assert make_design(EXAMPLE, DesignWishes(0.01, "equal", total=number - 5)).overall_error > 0.01


def test_cochrans_island() -> None:
    # Cochran 1977, section 4.4: blood group O to 5 points with t = 2 and p = 0.5: 400, and 356 of 3,200 people.
    half = np.array([0.5])
    assert share_sizes(half, 0.05, np.array([10**12]), z=2.0).tolist() == [400]
    assert share_sizes(half, 0.05, np.array([3200]), z=2.0).tolist() == [356]


def test_the_margin_gives_each_class_enough() -> None:
    found = make_design(EXAMPLE, DesignWishes(0.01, "proportional", margin=0.05))
    assert (1.96 * found.users_error <= 0.05 + 1e-4).all()
    assert any("margin" in note for note in found.notes)


@pytest.mark.parametrize("method", METHODS)
def test_the_errors_to_expect_are_those_of_many_draws(method: str) -> None:
    """Draws without replacement from a small map whose truth is exactly as expected, counted by hypergeometric laws."""
    small = strata([300, 900, 2800], [0.6, 0.8, 0.9])
    found = make_design(small, DesignWishes(0.02, method, minimum=40))
    weights, sizes, counts = small.shares, small.sizes, found.counts
    right = np.round(sizes * small.users).astype(int)
    rng = np.random.default_rng(3)
    users = np.empty((60_000, 3))
    area = np.zeros((60_000, 3))
    for i in range(3):
        others = [k for k in range(3) if k != i]
        wrong = (sizes[i] - right[i]) * weights[others] / weights[others].sum()
        truth = np.zeros(3, int)
        truth[i], truth[others[0]] = right[i], round(wrong[0])
        truth[others[1]] = sizes[i] - truth.sum()
        drawn = rng.multivariate_hypergeometric(truth, counts[i], size=60_000)
        users[:, i] = drawn[:, i] / counts[i]
        area += weights[i] * drawn / counts[i]
    # The standard deviation of 60,000 draws is itself known to 0.3 %; rounding of the truth adds a little.
    assert (users @ weights).std() == pytest.approx(found.overall_error, rel=0.015)
    assert users.std(axis=0) == pytest.approx(found.users_error, rel=0.015)
    assert area.std(axis=0) == pytest.approx(found.area_error, rel=0.02)


def test_a_class_with_fewer_pixels_gives_all_and_has_no_error() -> None:
    found = make_design(strata([20, 100_000], [0.7, 0.9]), DesignWishes(0.01, "olofsson", minimum=50))
    assert found.counts[0] == 20
    assert found.users_error[0] == 0
    assert found.notes[0].endswith("(20).")
    assert found.chances[0] == 1


def test_a_map_smaller_than_the_design_is_looked_at_whole() -> None:
    found = make_design(strata([30, 40], [0.7, 0.9]), DesignWishes(0.001))
    assert found.counts.tolist() == [30, 40]
    assert found.overall_error == 0


def test_one_class_alone() -> None:
    found = make_design(strata([10_000], [0.9]), DesignWishes(0.01))
    assert found.overall_error == found.users_error[0] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5])
def test_an_impossible_accuracy_is_refused(share: float) -> None:
    with pytest.raises(SampleError, match="between 0 and 1"):
        strata([10, 10], [0.5, share])


def test_minima_beyond_the_number_needed_raise_it() -> None:
    found = make_design(EXAMPLE, DesignWishes(0.1, minimum=50))
    assert found.needed == 7
    assert found.counts.tolist() == [50, 50, 50, 50]
    assert "200 points instead of 7" in found.notes[0]


def test_minima_beyond_the_total_are_refused() -> None:
    with pytest.raises(SampleError, match="50"):
        make_design(EXAMPLE, DesignWishes(total=100))


def class_map(pixels: dict[int, int]) -> ClassMap:
    return ClassMap(Path("map.tif"), None, Grid("", 0, 0, 1, 1, 10, 10), LEGEND, pixels, 0)


def test_strata_are_the_classes_that_have_pixels_with_accuracies_by_name() -> None:
    found = strata_of(class_map({0: 5, 1: 0, 2: 7, 3: 1}), {"Stable Forest": 0.9}, 0.8)
    assert [each.name for each in found.classes] == ["deforestation", "stable forest", "stable non-forest"]
    assert found.sizes.tolist() == [5, 7, 1]
    assert found.users.tolist() == [0.8, 0.9, 0.8]


def test_an_accuracy_of_a_class_that_the_map_lacks_is_refused() -> None:
    with pytest.raises(SampleError, match="'corn'"):
        strata_of(class_map({0: 5}), {"corn": 0.9}, 0.8)


def test_a_map_without_classed_pixels_is_refused() -> None:
    with pytest.raises(SampleError, match="no pixel"):
        strata_of(class_map({}), {}, 0.8)
