import builtins
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cropmap
from cropmap.contract.errors import ModelError, PackageError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.gradient_boosting import BoostingParams, GradientBoosting
from cropmap.models.trees import shallow

SHAPE = SeriesShape(6, 2, 4)
SMALL = BoostingParams(rounds=12)


def problem(count, shape=SHAPE, seed=0, decimals=3):
    """Classes that overlap, values with few digits (so that values meet thresholds), some samples twice."""
    rng = np.random.default_rng(seed)
    columns = np.arange(count) % shape.classes
    values = rng.normal(columns[:, None, None] * 0.15, 0.4, (count, shape.steps, shape.bands))
    values[1::7] = values[0::7][: len(values[1::7])]
    return np.round(values, decimals).astype(np.float32), columns


def fitted(params=SMALL, seed=3, threads=1, decimals=3, shape=SHAPE):
    samples = problem(400, shape, decimals=decimals)
    return GradientBoosting.fit(params, shape, samples, FitSettings(seed, threads), Progress())


def reference(params, samples=None, decimals=3, shape=SHAPE, weight=None):
    """XGBoost's own model, by its own loop."""
    import xgboost

    values, columns = samples or problem(400, shape, decimals=decimals)
    data = xgboost.QuantileDMatrix(values.reshape(len(values), -1), columns, weight=weight)
    settings = {
        "objective": "multi:softprob",
        "num_class": shape.classes,
        "max_depth": params.depth,
        "learning_rate": params.learning_rate,
        "subsample": params.sample_share,
        "colsample_bynode": params.feature_share,
        "min_child_weight": params.min_weight,
        "reg_lambda": params.shrinkage,
        "seed": 3,
        "nthread": 1,
    }
    return xgboost.train(settings, data, params.rounds)


@pytest.mark.parametrize(
    "params",
    [
        BoostingParams(rounds=60),
        BoostingParams(rounds=1),
        BoostingParams(rounds=40, depth=1, learning_rate=1.0, feature_share=1.0, sample_share=1.0),
        BoostingParams(rounds=30, depth=9, min_weight=0.0, shrinkage=0.0),
        BoostingParams(rounds=5, min_weight=1e5),  # trees of a single leaf
    ],
)
@pytest.mark.parametrize("decimals", [1, 7])
def test_probabilities_and_labels_are_xgboost_s(params, decimals):
    values, _ = problem(3000, seed=8, decimals=decimals)
    found = fitted(params, decimals=decimals).predict_proba(values)
    expected = reference(params, decimals=decimals).inplace_predict(values.reshape(3000, -1))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_two_classes_are_xgboost_s_too():
    shape = SeriesShape(3, 1, 2)
    values, _ = problem(500, shape, seed=8)
    expected = reference(SMALL, shape=shape).inplace_predict(values.reshape(500, -1))
    np.testing.assert_allclose(fitted(shape=shape).predict_proba(values), expected, atol=1e-6)


def test_a_value_at_a_threshold_goes_where_xgboost_sends_it():
    """Every threshold, and its neighbours among float32 numbers, in the feature that it splits."""
    params = BoostingParams(rounds=8, depth=2)
    booster = reference(params, decimals=1)
    arrays = fitted(params, decimals=1).arrays()
    split = arrays["feature"] >= 0
    rows = []
    for feature, at in zip(arrays["feature"][split], arrays["threshold"][split], strict=True):
        for value in (at, np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))):
            row = problem(1)[0].reshape(-1)
            row[feature] = value
            rows.append(row)
    rows = np.array(rows, np.float32)
    found = fitted(params, decimals=1).head(rows)
    np.testing.assert_allclose(found, booster.inplace_predict(rows), atol=1e-6)


def test_the_trees_do_not_depend_on_the_number_of_threads():
    params = BoostingParams(rounds=5, depth=6, balance="weights")
    one = fitted(params).arrays()
    for threads in (2, 3):
        other = fitted(params, threads=threads).arrays()
        assert {name: array.tobytes() for name, array in one.items()} == {
            name: array.tobytes() for name, array in other.items()
        }


def test_weights_are_those_with_which_all_classes_count_the_same():
    values, columns = problem(400)
    kept = (columns > 0) | (np.arange(400) < 40)  # a tenth of class 0 is left: 10, 100, 100, 100 samples
    params = BoostingParams(rounds=12, balance="weights")
    model = GradientBoosting.fit(params, SHAPE, (values[kept], columns[kept]), FitSettings(3, 1), Progress())
    weight = np.where(columns[kept] == 0, 310 / 40, 310 / 400)
    fresh, _ = problem(500, seed=9)
    expected = reference(params, (values[kept], columns[kept]), weight=weight).inplace_predict(fresh.reshape(500, -1))
    np.testing.assert_allclose(model.predict_proba(fresh), expected, atol=1e-6)


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_shallow_trees_filled_up_say_what_the_trees_say(depth):
    model = fitted(BoostingParams(rounds=6, depth=depth, min_weight=0.0))
    filled = shallow(model._trees)
    rows = np.ascontiguousarray(problem(300, seed=5)[0].reshape(300, -1))
    plain, full = np.zeros((300, 4), np.float32), np.zeros((300, 4), np.float32)
    model._trees.add_to(plain, rows, model._columns)
    filled.add_to(full, rows, model._columns)
    assert full.tobytes() == plain.tobytes()
    assert filled.leaves.shape == (24, 2**depth)


def test_deep_trees_are_not_filled_up():
    assert shallow(fitted(BoostingParams(rounds=6, depth=12, min_weight=0.0))._trees) is None


def test_any_number_of_rows_and_blocks_gives_the_same():
    model = fitted()
    values, _ = problem(9000, seed=2)
    whole = model.predict_proba(values)
    assert whole.dtype == np.float32
    for start, end in ((0, 0), (0, 1), (17, 18), (4000, 8200)):
        assert model.predict_proba(values[start:end]).tobytes() == whole[start:end].tobytes()


def test_the_trees_survive_their_arrays():
    model = fitted()
    again = GradientBoosting.from_arrays(model.params, SHAPE, model.arrays())
    values, _ = problem(500, seed=2)
    assert again.predict_proba(values).tobytes() == model.predict_proba(values).tobytes()
    assert sorted(model.arrays()) == ["base", "feature", "leaves", "right", "start", "threshold"]
    for name, array in model.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes()


def test_head_of_encode_is_the_prediction():
    model, (values, _) = fitted(), problem(50, seed=2)
    features = model.encode(values)
    assert features.shape == (50, SHAPE.features)
    assert model.head(features).tobytes() == model.predict_proba(values).tobytes()


@pytest.mark.parametrize(
    ("name", "position", "value"),
    [
        ("right", 0, 0),  # a circle
        ("right", 0, 10**6),  # beyond the tree
        ("right", -1, 10**6),  # a leaf without a row
        ("feature", 0, 12),  # a feature that no series has
        ("feature", -1, 0),  # the last node must be a leaf
        ("start", 1, 0),
        ("start", 2, 10**9),
        ("threshold", 0, np.inf),
        ("leaves", (0, 0), np.nan),
        ("base", 0, np.nan),
    ],
)
def test_damaged_trees_are_refused_before_anything_walks_them(name, position, value):
    arrays = fitted().arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][position] = value
    with pytest.raises(PackageError, match=r"(?i)train the model again"):
        GradientBoosting.from_arrays(SMALL, SHAPE, arrays)


@pytest.mark.parametrize("name", ["base", "feature", "leaves"])
def test_missing_arrays_are_refused(name):
    arrays = fitted().arrays()
    del arrays[name]
    with pytest.raises(PackageError):
        GradientBoosting.from_arrays(SMALL, SHAPE, arrays)


def test_unknown_arrays_trees_for_other_classes_and_lost_trees_are_refused():
    arrays = fitted().arrays()
    with pytest.raises(PackageError):
        GradientBoosting.from_arrays(SMALL, SHAPE, {**arrays, "more": arrays["base"]})
    with pytest.raises(PackageError):
        GradientBoosting.from_arrays(SMALL, SeriesShape(6, 2, 5), arrays)
    with pytest.raises(PackageError, match="one a class"):
        GradientBoosting.from_arrays(SMALL, SeriesShape(6, 2, 5), {**arrays, "base": np.zeros(5, np.float32)})


def test_a_fit_can_be_cancelled_between_rounds():
    heard = []
    asked = itertools.count()
    progress = Progress(lambda fraction, _: heard.append(fraction), cancelled=lambda: next(asked) >= 3)
    with pytest.raises(Cancelled):
        GradientBoosting.fit(BoostingParams(rounds=100), SHAPE, problem(100), FitSettings(0, 1), progress)
    assert heard == [0.0, 0.05, 0.1]


@pytest.mark.parametrize("error", [ImportError("no module"), RuntimeError("libomp.dylib could not be loaded")])
def test_without_a_usable_library_it_is_said_what_to_install(monkeypatch, error):
    load = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "xgboost":
            raise error
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModelError, match=r"(?s)XGBoost.*libomp"):
        fitted()
    with pytest.raises(ModelError, match="random_forest"):
        GradientBoosting.check(SMALL)


def test_predicting_and_loading_need_no_xgboost():
    code = (
        "import sys; from cropmap.models import MODELS; MODELS.get('gradient_boosting'); MODELS.get('random_forest');"
        "import cropmap.training.fit, cropmap.models.predictor;"
        "print([name for name in ('xgboost', 'torch') if name in sys.modules])"
    )
    core = Path(cropmap.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=core)
    assert done.stdout.strip() == "[]"
