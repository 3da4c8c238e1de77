import numpy as np
import pytest
import torch

from cropmap.contract.errors import ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.inception_time import InceptionTime, InceptionTimeNetwork, InceptionTimeParams
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

TINY = InceptionTimeParams(width=8, layers=7, kernel=9)
SHAPE = SeriesShape(6, 3, 4)
MASKED = SeriesShape(6, 3, 4, names=("red", "nir", "clear"))


def made(params=TINY, shape=SHAPE):
    return untrained(InceptionTime, params, shape)


def masked_series(count):
    """Series with steps that were not seen, of which every band is 0; nothing was seen of the last."""
    values = series(count, MASKED)
    values[:, :, 2] = np.random.default_rng(1).random((count, MASKED.steps)) < 0.6
    values[-1, :, 2] = 0
    return values * values[:, :, 2:]


def test_every_module_is_registered_and_the_third_shortcut_of_the_benchmark_is_not_there():
    assert count_parameters(InceptionTime, InceptionTimeParams(), SeriesShape(45, 13, 9)) == 511_561


def test_every_batch_norm_goes_to_evaluation():
    norms = [module for module in made().network.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    assert len(norms) == 7 + 2
    assert not any(norm.training for norm in norms)


def by_hand(model, values, *, masked=False):
    a, found = weights(model), []
    for one in values.astype(float):
        x = block = one.T
        for layer in range(7):
            at = f"inception.{layer}"
            narrow = convolved(x, a, f"{at}.narrow")
            # Kernels of 9, 5 and 3 steps.
            paths = [convolved(narrow, a, f"{at}.paths.{path}", pad, pad) for path, pad in enumerate((4, 2, 1))]
            x = np.concatenate([*paths, convolved(highest(x), a, f"{at}.pooled.1")])
            x = relu(normalised_channels(x, a, f"{at}.norm"))
            if layer in (2, 5):
                at = f"shortcuts.{layer // 3}"
                x = block = relu(x + normalised_channels(convolved(block, a, f"{at}.0"), a, f"{at}.1"))
        seen = one[:, 2] == 1 if masked else np.ones(len(one), bool)
        found.append(softmax(dense(x[:, seen if seen.any() else ~seen].mean(axis=1), a, "head")))
    return np.array(found)


def test_the_forward_pass_is_the_one_written_by_hand():
    model, values = made(), series(5, SHAPE)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values), atol=5e-6)


def test_the_mean_is_over_the_steps_that_were_seen():
    model, values = made(shape=MASKED), masked_series(6)
    expected = by_hand(model, values, masked=True)
    np.testing.assert_allclose(model.predict_proba(values), expected, atol=5e-6)
    assert not np.allclose(expected, by_hand(model, values), atol=1e-4)


@pytest.mark.parametrize("kernel", [41, 21, 1])
def test_the_kernels_are_the_longest_and_about_its_half_and_quarter(kernel):
    lengths = {41: [41, 21, 11], 21: [21, 11, 5], 1: [1, 1, 1]}[kernel]
    network = InceptionTimeNetwork(InceptionTimeParams(width=8, layers=1, kernel=kernel), SHAPE)
    assert [path.kernel_size[0] for path in network.inception[0].paths] == lengths


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_series_and_single_rows_are_taken(steps):
    shape = SeriesShape(steps, 1, 2)
    model, values = made(InceptionTimeParams(width=4, layers=3), shape), series(3, shape)
    np.testing.assert_allclose(model.predict_proba(values[:1]), model.predict_proba(values)[:1], atol=1e-6)


@pytest.mark.parametrize(("values", "what"), [({"width": 6}, "6 is no multiple"), ({"kernel": 8}, "8 is even")])
def test_sizes_that_do_not_divide_are_refused(values, what):
    with pytest.raises(ParameterError, match=what):
        InceptionTimeNetwork(InceptionTimeParams(**values), SHAPE)
