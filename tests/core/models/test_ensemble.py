import numpy as np
import pytest

from cropmap.contract.errors import JobError, ModelError, PackageError, ParameterError
from cropmap.contract.params import parse
from cropmap.contract.progress import Progress
from cropmap.data.package import NO_SCALING, Scaling
from cropmap.models.base import FitSettings, SeriesShape
from cropmap.models.ensemble import Ensemble, EnsembleParams, Member, members_of
from cropmap.models.neural import NeuralClassifier
from cropmap.models.random_forest import ForestParams, RandomForest
from cropmap.models.transformer import Transformer, TransformerParams
from cropmap.seeds import torch_seed

SHAPE = SeriesShape(5, 2, 3)
FOREST = {"name": "random_forest", "trees": 7}
NETWORK = {"name": "transformer", "width": 8, "heads": 2, "layers": 1}


def problem(count=200, seed=0):
    rng = np.random.default_rng(seed)
    columns = np.arange(count) % 3
    return rng.normal(columns[:, None, None] * 0.3, 0.4, (count, 5, 2)).astype(np.float32), columns


def scaling():
    values, _ = problem()
    return Scaling(values.mean(axis=(0, 1)), values.std(axis=(0, 1)))


def forest(seed):
    return RandomForest.fit(ForestParams(trees=7), SHAPE, problem(), FitSettings(seed, 1), Progress())


def network(seed):
    with torch_seed(seed):
        return Transformer.untrained(TransformerParams(width=8, heads=2, layers=1), SHAPE)


def mixed():
    members = [Member(forest(1), NO_SCALING), Member(forest(2), NO_SCALING), Member(network(3), scaling())]
    return Ensemble(EnsembleParams([FOREST, FOREST, NETWORK]), SHAPE, members)


def test_probabilities_are_the_mean_of_the_members_each_with_its_own_scaling():
    values, _ = problem(50, seed=1)
    ensemble = mixed()
    scaled = (values - scaling().mean) / scaling().deviation
    own = [forest(1).predict_proba(values), forest(2).predict_proba(values), network(3).predict_proba(scaled)]
    found = ensemble.predict_proba(values)
    np.testing.assert_allclose(found, np.mean(own, axis=0), atol=1e-7)
    assert found.dtype == np.float32


def test_features_stand_side_by_side_and_the_head_decides_on_them():
    values, _ = problem(50, seed=1)
    ensemble = mixed()
    features = ensemble.encode(values)
    assert features.shape == (50, 10 + 10 + 8)  # two series of 5 steps x 2 bands, one network of width 8
    np.testing.assert_array_equal(features[:, :10], values.reshape(50, 10))
    np.testing.assert_allclose(ensemble.head(features), ensemble.predict_proba(values), atol=1e-6)


def test_it_survives_its_arrays():
    ensemble = mixed()
    arrays = ensemble.arrays()
    assert {name.split(".")[0] for name in arrays} == {"0", "1", "2"}
    again = Ensemble.from_arrays(ensemble.params, SHAPE, arrays)
    values, _ = problem(50, seed=1)
    assert again.predict_proba(values).tobytes() == ensemble.predict_proba(values).tobytes()
    assert {name: array.tobytes() for name, array in again.arrays().items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }


def test_a_scaling_by_step_and_one_with_a_mask_are_made_again():
    shape = SeriesShape(5, 2, 3, names=("b0", "clear"))
    values, _ = problem()
    values[:, :, 1] = values[:, :, 1] > 0
    by_step = Scaling(values.mean(axis=0), values.std(axis=0) + 1, 1)
    member = Member(RandomForest.fit(ForestParams(trees=3), shape, problem(), FitSettings(0, 1), Progress()), by_step)
    ensemble = Ensemble(EnsembleParams([{"name": "random_forest", "trees": 3}]), shape, [member])
    again = Ensemble.from_arrays(ensemble.params, shape, ensemble.arrays())
    assert again.members[0].scaling.mask == 1
    assert again.predict_proba(values).tobytes() == ensemble.predict_proba(values).tobytes()


def test_members_move_to_a_device():
    moved = mixed().to("cpu")
    values, _ = problem(5, seed=1)
    assert moved.predict_proba(values).tobytes() == mixed().predict_proba(values).tobytes()
    assert sum(isinstance(member.model, NeuralClassifier) for member in moved.members) == 1


def test_copies_follow_one_another():
    params = EnsembleParams(["random_forest", NETWORK], copies=2)
    assert [name for name, _ in members_of(params)] == ["random_forest"] * 2 + ["transformer"] * 2
    assert members_of(params)[3][1] == {"width": 8, "heads": 2, "layers": 1}


@pytest.mark.parametrize(
    ("member", "error", "said"),
    [
        ("ensemble", ModelError, "inside an ensemble"),
        ({"name": "ensemble", "copies": 2}, ModelError, "inside an ensemble"),
        ("oracle", JobError, "oracle"),
        ({"name": "random_forest", "trees": 0}, ParameterError, "trees"),
    ],
)
def test_members_that_cannot_be_are_refused_before_any_fit(member, error, said):
    params = parse(EnsembleParams, {"members": ["random_forest", member]})
    with pytest.raises(error, match=said):
        Ensemble.check(params)


def test_no_member_is_refused():
    with pytest.raises(ParameterError, match="members"):
        parse(EnsembleParams, {"members": []})


def changed(name, array):
    arrays = mixed().arrays()
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    return arrays


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("3.model.feature", np.zeros(1, np.int16)),  # a member too many
        ("more", np.zeros(1, np.float32)),
        ("0.model.start", None),
        ("1.model.start", np.array([5])),
        ("2.model.head.weight", np.zeros((3, 9), np.float32)),
        ("2.scaling.mean", None),
        ("2.scaling.more", np.zeros(2, np.float32)),
        ("2.scaling.mean", np.zeros(3, np.float32)),
        ("2.scaling.mean", np.zeros(2)),
        ("2.scaling.deviation", np.zeros(2, np.float32)),
        ("2.scaling.deviation", np.full(2, np.inf, np.float32)),
    ],
)
def test_damaged_members_are_refused(name, array):
    with pytest.raises(PackageError, match=r"(?i)train the model again"):
        Ensemble.from_arrays(mixed().params, SHAPE, changed(name, array))
