import numpy as np
import pytest
import torch

from cropmap.contract.errors import ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.tempcnn import TempCnn, TempCnnNetwork, TempCnnParams
from cropmap.seeds import torch_seed
from tests.core.models.networks import (
    convolved,
    count_parameters,
    dense,
    normalised_channels,
    relu,
    series,
    softmax,
    untrained,
    weights,
)

TINY = TempCnnParams(width=6, kernel=5, dense=7)
SHAPE = SeriesShape(8, 3, 4)


def made(params=TINY, shape=SHAPE):
    return untrained(TempCnn, params, shape)


@pytest.mark.parametrize(("bands", "steps", "count"), [(13, 45, 3_197_449), (38, 40, 2_892_169)])
def test_the_published_size_has_the_published_number_of_parameters(bands, steps, count):
    assert count_parameters(TempCnn, TempCnnParams(), SeriesShape(steps, bands, 9)) == count


def by_hand(model, values):
    a, found = weights(model), []
    for one in values.astype(float):
        x = one.T
        for layer in range(3):
            x = convolved(x, a, f"convolutions.{4 * layer}", 2, 2)
            x = relu(normalised_channels(x, a, f"convolutions.{4 * layer + 1}"))
        # Channel by channel, as the published network lays them side by side.
        x = relu(normalised_channels(dense(x.reshape(-1), a, "dense.0"), a, "dense.1"))
        found.append(softmax(dense(x, a, "head")))
    return np.array(found)


def test_the_forward_pass_is_the_one_written_by_hand():
    model, values = made(), series(5, SHAPE)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=3e-6)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_series_and_single_rows_are_taken(steps):
    shape = SeriesShape(steps, 1, 2)
    model, values = made(TempCnnParams(width=4, dense=4), shape), series(3, shape)
    np.testing.assert_allclose(model.predict_proba(values[:1]), model.predict_proba(values)[:1], atol=1e-6)


def test_dropout_and_batch_statistics_are_off_in_prediction():
    model, values = made(), torch.from_numpy(series(4, SHAPE))
    assert not any(module.training for module in model.network.modules())
    with torch_seed(0), torch.no_grad():
        assert torch.equal(model.network(values), model.network(values))
        model.network.train()
        assert not torch.equal(model.network(values), model.network(values))


def test_an_even_kernel_is_refused():
    with pytest.raises(ParameterError, match="4 is even"):
        TempCnnNetwork(TempCnnParams(kernel=4), SHAPE)
