import numpy as np
import pytest

from cropmap.models.base import SeriesShape
from cropmap.models.ms_resnet import MsResNet, MsResNetNetwork, MsResNetParams
from cropmap.seeds import torch_seed
from tests.core.models.networks_by_hand import (
    convolved,
    dense,
    doubled,
    highest,
    normalised,
    parameters,
    relu,
    series,
    softmax,
    stirred,
)

TINY = MsResNetParams(width=2)
SHAPE = SeriesShape(7, 3, 4)


def made(params=TINY, shape=SHAPE):
    with torch_seed(1):
        model = MsResNet.untrained(params, shape)
    return MsResNet.from_arrays(params, shape, stirred(model.arrays()))


@pytest.mark.parametrize(("bands", "steps", "count"), [(13, 45, 535_785), (38, 40, 541_385)])
def test_the_published_size_has_the_published_number_of_parameters(bands, steps, count):
    assert parameters(MsResNetNetwork(MsResNetParams(), SeriesShape(steps, bands, 9))) == count


def by_hand(arrays, values):
    a, found = doubled(arrays), []
    for one in values.astype(float):
        # Nearest step of 512 places over the series.
        x = one.T[:, [place * one.shape[0] // 512 for place in range(512)]]
        x = highest(relu(normalised(a, "stem.1", convolved(a, "stem.0", x, 3, 3, 2))), 3, 2)
        assert x.shape[1] == 128
        means = []
        for branch, lengths in enumerate([(64, 32, 16), (61, 28, 11), (58, 23, 6)]):
            y = x
            for block, length in enumerate(lengths):
                at = f"branches.{branch}.{block}"
                main = relu(normalised(a, f"{at}.main.1", convolved(a, f"{at}.main.0", y, 1, 1, 2)))
                main = normalised(a, f"{at}.main.4", convolved(a, f"{at}.main.3", main, 1, 1))
                short = normalised(a, f"{at}.shortcut.1", convolved(a, f"{at}.shortcut.0", y, stride=2))
                assert main.shape[1] == length
                y = relu(main + short[:, :length])
            means.append(y.mean(axis=1))
        found.append(softmax(dense(a, "head", np.concatenate(means))))
    return np.array(found)


@pytest.mark.parametrize("steps", [7, 36, 600])
def test_the_forward_pass_is_the_one_written_by_hand(steps):
    shape = SeriesShape(steps, 3, 4)
    model, values = made(shape=shape), series(4, shape)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model.arrays(), values), atol=5e-6)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_single_row_is_predicted_as_it_is_among_others(steps):
    shape = SeriesShape(steps, 1, 2)
    model, values = made(shape=shape), series(3, shape)
    assert model.encode(values[:1]).shape == (1, 24)
    np.testing.assert_allclose(model.predict_proba(values[:1]), model.predict_proba(values)[:1], atol=1e-6)
