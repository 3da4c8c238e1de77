import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from cropmap.contract.errors import PackageError
from cropmap.contract.progress import Progress
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.random_forest import ForestParams, RandomForest, floor32

SHAPE = SeriesShape(6, 2, 4)


def problem(count, shape=SHAPE, seed=0, decimals=3):
    """Classes that overlap, values with few digits (so that values meet thresholds), some samples twice."""
    rng = np.random.default_rng(seed)
    columns = np.arange(count) % (shape.classes + 1) % shape.classes  # the first twice as often
    values = rng.normal(columns[:, None, None] * 0.15, 0.4, (count, shape.steps, shape.bands))
    values[1::7] = values[0::7][: len(values[1::7])]
    return np.round(values, decimals).astype(np.float32), columns


def fitted(params, count=400, seed=3, decimals=3):
    values, columns = problem(count, decimals=decimals)
    return RandomForest.fit(params, SHAPE, (values, columns), FitSettings(seed, 1), Progress())


def reference(params, count=400, seed=3, decimals=3):
    values, columns = problem(count, decimals=decimals)
    random = params.splits == "random"
    forest = (ExtraTreesClassifier if random else RandomForestClassifier)(
        params.trees,
        max_features=params.features_per_split or "sqrt",
        min_samples_leaf=params.min_leaf,
        max_samples=params.max_samples or None,
        bootstrap=not random or params.max_samples > 0,
        class_weight="balanced" if params.balance == "weights" else None,
        random_state=seed,
    )
    return forest.fit(values.reshape(count, -1), columns)


@pytest.mark.parametrize(
    "params",
    [
        ForestParams(trees=45),
        ForestParams(trees=1),
        ForestParams(trees=20, min_leaf=5),
        ForestParams(trees=21, features_per_split=0, max_samples=50),
        ForestParams(trees=10, features_per_split=3, min_leaf=300),  # trees of a single leaf
        ForestParams(trees=25, splits="random"),
        ForestParams(trees=25, splits="random", max_samples=100),
        ForestParams(trees=20, balance="weights"),
    ],
)
@pytest.mark.parametrize("decimals", [1, 7])
def test_probabilities_and_labels_are_scikit_learn_s(params, decimals):
    forest = reference(params, decimals=decimals)
    values, _ = problem(5000, seed=8, decimals=decimals)
    found = fitted(params, decimals=decimals).predict_proba(values)
    rows = values.reshape(len(values), -1)
    np.testing.assert_allclose(found, forest.predict_proba(rows), atol=1e-6)
    assert (found.argmax(axis=1) == forest.predict(rows)).all()


def test_growing_in_parts_gives_the_trees_of_growing_at_once():
    params = ForestParams(trees=45)
    trees = [estimator.tree_ for estimator in reference(params).estimators_]
    arrays = fitted(params).arrays()
    assert np.diff(arrays["start"]).tolist() == [tree.node_count for tree in trees[:-1]]
    assert (arrays["feature"] < 0).sum() == sum(tree.n_leaves for tree in trees)


@given(st.floats(-3e38, 3e38), st.lists(st.floats(width=32, allow_nan=False), max_size=5))
def test_a_rounded_threshold_says_the_same_of_every_float32(threshold, others):
    rounded = floor32(np.array([threshold]))
    near = np.float32(threshold)
    candidates = [near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf)), *others]
    for value in np.array(candidates, np.float32):
        assert (value <= rounded[0]) == (float(value) <= threshold)


def test_any_number_of_rows_and_blocks_gives_the_same():
    model = fitted(ForestParams(trees=10))
    values, _ = problem(9000, seed=2)
    whole = model.predict_proba(values)
    assert whole.dtype == np.float32
    for start, end in ((0, 0), (0, 1), (17, 18), (4000, 8200)):
        assert model.predict_proba(values[start:end]).tobytes() == whole[start:end].tobytes()
    assert model.predict_proba(values[::3]).tobytes() == whole[::3].tobytes()


def test_the_trees_survive_their_arrays():
    model = fitted(ForestParams(trees=10))
    again = RandomForest.from_arrays(model.params, SHAPE, model.arrays())
    values, _ = problem(500, seed=2)
    assert again.predict_proba(values).tobytes() == model.predict_proba(values).tobytes()
    for name, array in model.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes()
        assert array.dtype == again.arrays()[name].dtype


def test_features_are_kept_in_two_bytes():
    assert fitted(ForestParams(trees=2)).arrays()["feature"].dtype == np.int16


def damaged(name, position, value):
    arrays = fitted(ForestParams(trees=3)).arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][position] = value
    return arrays


@pytest.mark.parametrize(
    ("name", "position", "value"),
    [
        ("right", 0, 0),  # a circle
        ("right", 0, -4),  # before the tree
        ("right", 0, 10**6),  # beyond it
        ("right", -1, 10**6),  # a leaf without a row
        ("right", -1, -1),
        ("feature", 0, 12),  # a feature that no series has
        ("feature", 0, -2),
        ("feature", -1, 0),  # the last node must be a leaf
        ("start", 0, 1),
        ("start", 1, 0),
        ("start", 2, 10**9),
        ("threshold", 0, np.inf),
        ("leaves", (0, 0), np.nan),
        ("leaves", (0, slice(None)), (-1.0, 1.0, 1.0, 0.0)),  # no probabilities, though they sum to 1
        ("leaves", (0, 0), 1.5),
    ],
)
def test_damaged_trees_are_refused_before_anything_walks_them(name, position, value):
    with pytest.raises(PackageError, match=r"(?i)train the model again"):
        RandomForest.from_arrays(ForestParams(), SHAPE, damaged(name, position, value))


def test_trees_for_other_classes_are_refused():
    arrays = fitted(ForestParams(trees=2)).arrays()
    with pytest.raises(PackageError, match="leaves"):
        RandomForest.from_arrays(ForestParams(), SeriesShape(6, 2, 5), arrays)


def test_thresholds_of_another_kind_are_refused():
    arrays = fitted(ForestParams(trees=2)).arrays()
    with pytest.raises(PackageError):
        RandomForest.from_arrays(ForestParams(), SHAPE, {**arrays, "right": arrays["right"].astype(float)})
    with pytest.raises(PackageError):
        RandomForest.from_arrays(ForestParams(), SHAPE, {**arrays, "feature": arrays["feature"][:, None]})
    with pytest.raises(PackageError):
        RandomForest.from_arrays(ForestParams(), SHAPE, {})
