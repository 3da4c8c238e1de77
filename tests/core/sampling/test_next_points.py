from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import legend_from_names
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling
from cropmap.data.recipe import Recipe
from cropmap.data.season import Season
from cropmap.sampling.next_points import MEASURES, Spots, Wishes, choose, nearest, route, series_space, uncertainty


def spots(rng: np.random.Generator, count: int, dimensions: int = 3) -> Spots:
    return Spots(rng.uniform(0, 1000, (count, 2)), rng.normal(size=(count, dimensions)))


NONE = Spots(np.empty((0, 2)), np.empty((0, 3)))


def test_uncertainty_has_its_closed_forms() -> None:
    rows = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    # Entropy of the first: 1.5 bits of log2(3).
    assert uncertainty(rows, "entropy") == pytest.approx([1.5 / np.log2(3), 0, 1])
    assert uncertainty(rows, "margin") == pytest.approx([0.75, 0, 1])
    assert uncertainty(rows, "least_confidence") == pytest.approx([0.75, 0, 1])


@given(
    st.lists(st.lists(st.floats(1e-6, 1), min_size=4, max_size=4), min_size=1, max_size=20), st.sampled_from(MEASURES)
)
def test_uncertainty_lies_between_0_and_1_and_heeds_no_order_of_classes(rows: list[list[float]], measure: str) -> None:
    values = np.array(rows)
    values /= values.sum(axis=1, keepdims=True)
    found = uncertainty(values, measure)
    assert ((found >= 0) & (found <= 1)).all()
    assert uncertainty(values[:, [2, 0, 3, 1]], measure) == pytest.approx(found)


@pytest.mark.parametrize(
    "wrong", [np.ones((3, 1)), np.array([[0.5, 0.6]]), np.array([[np.nan, 0.5]]), np.array([[-0.5, 1.5]])]
)
def test_what_is_no_distribution_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(SampleError):
        uncertainty(wrong, "entropy")


def by_the_book(places: Spots, doubt: np.ndarray, appeal: np.ndarray, old: Spots, wishes: Wishes) -> list[int]:
    """Choose by the definition, with plain loops."""
    chosen: list[int] = []
    while len(chosen) < wishes.count:
        best, most = None, -1.0
        for k in range(len(doubt)):
            ground = [*old.ground, *places.ground[chosen]]
            series = [*old.series, *places.series[chosen]]
            near = any(np.hypot(*(places.ground[k] - other)) < wishes.min_distance_m for other in ground)
            if k in chosen or near or appeal[k] == 0:
                continue
            novelty = min((np.linalg.norm(places.series[k] - other) for other in series), default=1.0)
            score = doubt[k] ** wishes.weight_uncertainty * novelty**wishes.weight_diversity * appeal[k]
            if score > most:
                best, most = k, score
        if best is None:
            break
        chosen.append(best)
    return chosen


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("existing", [0, 7])
def test_the_greedy_choice_is_that_of_its_definition(seed: int, existing: int) -> None:
    rng = np.random.default_rng(seed)
    places, old = spots(rng, 60), spots(rng, existing)
    doubt, appeal = rng.uniform(size=60), rng.uniform(size=60) * (rng.uniform(size=60) > 0.2)
    wishes = Wishes(25, *rng.uniform(0, 2, 2), min_distance_m=120.0)
    assert choose(places, doubt, appeal, old, wishes).tolist() == by_the_book(places, doubt, appeal, old, wishes)


def test_without_uncertainty_it_is_at_most_twice_the_best_cover() -> None:
    # Gonzalez 1985: the farthest-first traversal's radius is at most twice that of the best centres.
    rng = np.random.default_rng(4)
    for _ in range(10):
        places = spots(rng, 14, 2)
        found = choose(places, np.ones(14), np.ones(14), NONE, Wishes(4, weight_uncertainty=0))
        radius = nearest(places.series, places.series[found]).max()
        best = min(
            nearest(places.series, places.series[list(centres)]).max()
            for centres in itertools.combinations(range(14), 4)
        )
        assert radius <= 2 * best + 1e-12


def test_without_diversity_the_most_uncertain_come_in_order() -> None:
    rng = np.random.default_rng(1)
    doubt = rng.uniform(size=50)
    found = choose(spots(rng, 50), doubt, np.ones(50), NONE, Wishes(9, weight_diversity=0))
    assert found.tolist() == np.argsort(-doubt)[:9].tolist()


def test_points_keep_their_distance_on_the_ground_from_each_other_and_from_old_ones() -> None:
    rng = np.random.default_rng(2)
    places, old = spots(rng, 300), spots(rng, 4)
    found = choose(places, rng.uniform(size=300), np.ones(300), old, Wishes(300, min_distance_m=100.0))
    all_points = np.concatenate([old.ground, places.ground[found]])
    apart = np.linalg.norm(all_points[:, None] - all_points[None], axis=2)
    apart[:4, :4] = np.inf
    np.fill_diagonal(apart, np.inf)
    assert 10 < len(found) < 300
    assert apart.min() >= 100.0
    # No other candidate would have fitted in.
    left = np.setdiff1d(np.arange(300), found)
    assert (nearest(places.ground[left], all_points) < 100.0).all()


def test_more_points_than_candidates_are_refused() -> None:
    with pytest.raises(SampleError, match="11 points are wanted of 10"):
        choose(spots(np.random.default_rng(0), 10), np.ones(10), np.ones(10), NONE, Wishes(11))


def test_choosing_can_be_cancelled() -> None:
    seen: list[float] = []
    progress = Progress(lambda fraction, _: seen.append(fraction), cancelled=lambda: len(seen) > 2)
    with pytest.raises(Cancelled):
        choose(spots(np.random.default_rng(0), 10), np.ones(10), np.ones(10), NONE, Wishes(8), progress)


def test_nearest_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(5)
    points, others = rng.normal(size=(3000, 4)), rng.normal(size=(2500, 4))
    expected = [np.linalg.norm(others - point, axis=1).min() for point in points]
    assert nearest(points, others) == pytest.approx(expected, rel=1e-12)
    assert np.isinf(nearest(points, np.empty((0, 4)))).all()


def package_of(bands: tuple[str, ...], scaling: Scaling) -> ModelPackage:
    return ModelPackage(
        model="random_forest",
        params={},
        arrays={},
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        days=np.arange(4, dtype=np.int32) * 7,
        bands=bands,
        legend=legend_from_names(["a", "b"]),
        scaling=scaling,
        fingerprint="",
    )


def pairs(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def test_the_space_of_series_keeps_the_distances_of_scaled_series() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(50, 4, 2)).astype(np.float32) * np.float32([1, 100])
    mean, deviation = np.float32([0.5, 20]), np.float32([2, 50])
    places, old = series_space(values, values[:5], package_of(("red", "nir"), Scaling(mean, deviation)))
    scaled = ((values - mean) / deviation).reshape(50, -1)
    assert pairs(places) == pytest.approx(pairs(scaled), abs=1e-5)
    assert old == pytest.approx(places[:5])


def test_without_a_scaling_each_band_counts_alike_whatever_its_unit() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(50, 4, 2)).astype(np.float32)
    nothing = np.empty((0, 4, 2), np.float32)
    places, _ = series_space(values, nothing, package_of(("red", "nir"), NO_SCALING))
    others, old = series_space(values * np.float32([1, 1000]), nothing, package_of(("red", "nir"), NO_SCALING))
    assert pairs(others) == pytest.approx(pairs(places), rel=1e-4)
    assert old.shape == (0, 8)


def test_the_space_of_long_series_has_the_axes_of_their_largest_variance() -> None:
    rng = np.random.default_rng(6)
    values = (rng.normal(size=(400, 4, 9)) * np.linspace(0.1, 3, 36).reshape(4, 9)).astype(np.float32)
    bands = tuple(f"b{k}" for k in range(9))
    scaling = Scaling(np.zeros(9, np.float32), np.ones(9, np.float32))
    places, _ = series_space(values, values[:0], package_of(bands, scaling))
    singular = np.linalg.svd(values.reshape(400, -1) - values.reshape(400, -1).mean(axis=0), compute_uv=False)
    assert np.linalg.norm(places, axis=0) == pytest.approx(singular[:20], rel=1e-4)


def way(ground: np.ndarray, order: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(ground[order], axis=0), axis=1).sum())


def test_a_route_visits_all_and_no_exchange_of_two_edges_shortens_it() -> None:
    rng = np.random.default_rng(7)
    ground = rng.uniform(0, 5000, (40, 2))
    order = route(ground)
    assert sorted(order.tolist()) == list(range(40))
    length = way(ground, order)
    for first, last in itertools.combinations(range(40), 2):
        turned = np.concatenate([order[:first], order[first : last + 1][::-1], order[last + 1 :]])
        assert way(ground, turned) >= length * (1 - 1e-9)


def test_routes_of_few_points_are_near_the_best_of_all_orders() -> None:
    rng = np.random.default_rng(8)
    ratios = []
    for _ in range(12):
        ground = rng.uniform(0, 1000, (7, 2))
        best = min(way(ground, np.array(order)) for order in itertools.permutations(range(7)))
        ratios.append(way(ground, route(ground)) / best)
    assert np.median(ratios) < 1.05
    assert max(ratios) < 1.4


def test_points_on_a_line_are_walked_from_end_to_end() -> None:
    ground = np.column_stack([np.random.default_rng(9).permutation(30) * 10.0, np.zeros(30)])
    assert np.abs(np.diff(ground[route(ground), 0])).tolist() == [10.0] * 29


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_routes_of_hardly_any_points(count: int) -> None:
    ground = np.arange(count * 2, dtype=float).reshape(count, 2)
    assert sorted(route(ground).tolist()) == list(range(count))
