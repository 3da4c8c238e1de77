import numpy as np
import pytest

from cropmap.models.base import SeriesShape
from cropmap.models.ms_resnet import MsResNet, MsResNetParams
from tests.core.models.networks import (
    convolved,
    count_parameters,
    dense,
    highest,
    normalised_channels,
    relu,
    series,
    softmax,
    untrained,
    weights,
)

TINY = MsResNetParams(width=2)
SHAPE = SeriesShape(7, 3, 4)


def made(params=TINY, shape=SHAPE):
    return untrained(MsResNet, params, shape)


@pytest.mark.parametrize(("bands", "steps", "count"), [(13, 45, 535_785), (38, 40, 541_385)])
def test_the_published_size_has_the_published_number_of_parameters(bands, steps, count):
    assert count_parameters(MsResNet, MsResNetParams(), SeriesShape(steps, bands, 9)) == count


def by_hand(model, values):
    a, found = weights(model), []
    for one in values.astype(float):
        # Nearest step of 512 places over the series.
        x = one.T[:, [place * one.shape[0] // 512 for place in range(512)]]
        x = highest(relu(normalised_channels(convolved(x, a, "stem.0", 3, 3, 2), a, "stem.1")), 3, 2)
        assert x.shape[1] == 128
        means = []
        for branch, lengths in enumerate([(64, 32, 16), (61, 28, 11), (58, 23, 6)]):
            y = x
            for block, length in enumerate(lengths):
                at = f"branches.{branch}.{block}"
                main = relu(normalised_channels(convolved(y, a, f"{at}.main.0", 1, 1, 2), a, f"{at}.main.1"))
                main = normalised_channels(convolved(main, a, f"{at}.main.3", 1, 1), a, f"{at}.main.4")
                short = normalised_channels(convolved(y, a, f"{at}.shortcut.0", stride=2), a, f"{at}.shortcut.1")
                assert main.shape[1] == length
                y = relu(main + short[:, :length])
            means.append(y.mean(axis=1))
        found.append(softmax(dense(np.concatenate(means), a, "head")))
    return np.array(found)


@pytest.mark.parametrize("steps", [7, 36, 600])
def test_the_forward_pass_is_the_one_written_by_hand(steps):
    shape = SeriesShape(steps, 3, 4)
    model, values = made(shape=shape), series(4, shape)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=5e-6)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_single_row_is_predicted_as_it_is_among_others(steps):
    shape = SeriesShape(steps, 1, 2)
    model, values = made(shape=shape), series(3, shape)
    assert model.encode(values[:1]).shape == (1, 24)
    np.testing.assert_allclose(model.predict_proba(values[:1]), model.predict_proba(values)[:1], atol=1e-6)
