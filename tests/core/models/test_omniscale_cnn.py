import numpy as np
import pytest

from cropmap.models.base import SeriesShape
from cropmap.models.omniscale_cnn import OmniScaleCnn, OmniScaleParams, prime_kernels
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

# As many bands as leave few patterns, so that the reference stays quick.
SHAPE = SeriesShape(13, 3, 4)
MASKED = SeriesShape(13, 3, 4, names=("red", "nir", "clear"))


def made(shape=SHAPE):
    """A network whose scores are small, though many patterns add up: a comparison of zeros and ones tells nothing."""
    model = untrained(OmniScaleCnn, OmniScaleParams(), shape)
    arrays = model.arrays()
    arrays["head.weight"] = arrays["head.weight"] / np.float32(np.abs(model.encode(series(3, shape))).max())
    return OmniScaleCnn.from_arrays(OmniScaleParams(), shape, arrays)


@pytest.mark.parametrize(("bands", "steps", "count"), [(13, 45, 2_738_053), (38, 40, 10_976_568)])
def test_the_published_size_has_the_published_number_of_parameters(bands, steps, count):
    assert count_parameters(OmniScaleCnn, OmniScaleParams(), SeriesShape(steps, bands, 9)) == count


def test_four_patterns_a_kernel_make_a_network_of_many_bands_smaller():
    params, shape = OmniScaleParams(min_channels=4), SeriesShape(40, 38, 9)
    network = OmniScaleCnn.build(params, shape)
    assert [path[1].out_channels for path in network.layers[0].paths] == [4] * 5
    assert count_parameters(OmniScaleCnn, params, shape) < 10_976_568 / 3


@pytest.mark.parametrize(
    ("steps", "kernels"),
    [
        (1, (1,)),
        (7, (1,)),
        (8, (1, 2)),
        (40, (1, 2, 3, 5, 7)),
        (45, (1, 2, 3, 5, 7, 11)),
        (104, (1, 2, 3, 5, 7, 11, 13, 17, 19, 23)),
    ],
)
def test_the_kernels_are_one_and_the_primes_up_to_a_quarter_of_the_steps(steps, kernels):
    assert prime_kernels(steps) == kernels


def test_two_kernels_and_the_even_one_between_make_every_receptive_field():
    kernels = prime_kernels(104)
    fields = {one + other + last - 2 for one in kernels for other in kernels for last in (1, 2)}
    assert fields >= set(range(1, 27))


def by_hand(model, values, *, masked=False):
    a, found = weights(model), []
    for one in values.astype(float):
        x = one.T
        for layer, kernels in enumerate([(1, 2, 3), (1, 2, 3), (1, 2)]):
            parts = []
            for path, kernel in enumerate(kernels):
                at = f"layers.{layer}.paths.{path}"
                part = convolved(x, a, f"{at}.1", (kernel - 1) // 2, kernel // 2)
                parts.append(normalised_channels(part, a, f"{at}.2"))
            x = relu(np.concatenate(parts))
        seen = one[:, 2] == 1 if masked else np.ones(len(one), bool)
        found.append(softmax(dense(x[:, seen].mean(axis=1), a, "head")))
    return np.array(found)


def test_the_forward_pass_is_the_one_written_by_hand():
    model, values = made(), series(3, SHAPE)
    expected = by_hand(model, values)
    assert expected.max() < 0.999
    np.testing.assert_allclose(model.predict_proba(values), expected, atol=2e-5)


def test_the_mean_is_over_the_steps_that_were_seen():
    model, values = made(MASKED), series(3, MASKED)
    values[:, :, 2] = np.random.default_rng(1).random((3, MASKED.steps)) < 0.6
    values *= values[:, :, 2:]
    expected = by_hand(model, values, masked=True)
    assert expected.max() < 0.999
    np.testing.assert_allclose(model.predict_proba(values), expected, atol=2e-5)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_short_series_and_single_rows_are_taken(steps):
    shape = SeriesShape(steps, 1, 2)
    model, values = made(shape), series(3, shape)
    np.testing.assert_allclose(model.predict_proba(values[:1]), model.predict_proba(values)[:1], atol=1e-6)
