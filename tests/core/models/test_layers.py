import numpy as np
import pytest
import torch

from cropmap.contract.errors import ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.layers import (
    BatchNorm,
    Convolution,
    EncoderLayer,
    band_norm,
    channels_of,
    position_code,
    read_seen,
    steps_of,
)
from cropmap.seeds import torch_seed
from tests.core.models.networks import code, masked_series


def test_batch_normalisation_is_pytorch_s_own():
    theirs, ours = torch.nn.BatchNorm1d(3), BatchNorm(3)
    with torch_seed(0):
        batches = [torch.randn(5, 3), torch.randn(2, 3, 4), torch.randn(1, 3, 2)]
    for values in batches:
        assert torch.equal(ours(values), theirs(values))
    assert torch.equal(ours.eval()(batches[0]), theirs.eval()(batches[0]))


def test_batch_normalisation_of_convolved_series_is_pytorch_s_own():
    theirs, ours = torch.nn.BatchNorm1d(3), BatchNorm(3)
    with torch_seed(0):
        series = torch.randn(5, 4, 3)
    for _ in range(2):  # the running figures, too
        found = steps_of(ours(channels_of(series)))
        assert torch.allclose(found, theirs(series.transpose(1, 2)).transpose(1, 2), atol=1e-6)
    assert torch.allclose(ours.running_var, theirs.running_var)


@pytest.mark.parametrize(
    "sizes", [{}, {"padding": 2}, {"stride": 2, "padding": 1, "bias": False}, {"dilation": 2, "groups": 3}]
)
def test_convolutions_are_pytorch_s_own_forwards_and_backwards(sizes):
    with torch_seed(0):
        theirs, ours = torch.nn.Conv1d(3, 6, 5, **sizes), Convolution(3, 6, 5, **sizes)
        series = torch.randn(4, 9, 3)
    ours.load_state_dict(theirs.state_dict())
    found, expected = steps_of(ours(channels_of(series))), theirs(series.transpose(1, 2)).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-6)
    for result in (found, expected):
        (result**2).sum().backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine.grad, other.grad, rtol=1e-5, atol=1e-5)


def test_series_pass_convolutions_without_being_laid_out_anew():
    series = torch.zeros(4, 9, 3)
    channels = channels_of(series)
    assert channels.data_ptr() == series.data_ptr()
    for layer in (Convolution(3, 6, 5, padding=2), BatchNorm(3), torch.nn.MaxPool2d((1, 3), stride=1, padding=(0, 1))):
        given = layer(channels)
        assert given.is_contiguous(memory_format=torch.channels_last)
        assert steps_of(given).is_contiguous()


def test_a_single_value_is_normalised_by_the_running_figures():
    norm = BatchNorm(3)
    with torch_seed(0):
        norm(torch.randn(50, 3) * 2 + 1)
        value = torch.randn(1, 3)
    before = norm.running_mean.clone()
    found = norm.train()(value)
    assert torch.equal(norm.running_mean, before)
    assert torch.equal(found, norm.eval()(value))


@pytest.mark.parametrize("width", [1, 5, 8])
def test_the_position_code_is_that_of_the_definition(width):
    positions = np.array([0.0, 1.5, 40.0])
    np.testing.assert_allclose(position_code(positions, width), code(positions, width), atol=1e-7)
    np.testing.assert_allclose(position_code(positions, width, base=1000), code(positions, width, 1000), atol=1e-7)


@pytest.mark.parametrize(("kind", "ways"), [("RNN", 1), ("LSTM", 2), ("GRU", 2)])
def test_unseen_steps_are_skipped_in_both_directions(kind, ways):
    values, seen = masked_series(12)
    with torch_seed(0):
        cells = getattr(torch.nn, kind)(4, 3, 2, batch_first=True, bidirectional=ways == 2)
    with torch.no_grad():
        outputs, last = read_seen(cells, torch.from_numpy(values), torch.from_numpy(seen))
        for row in range(12):
            expected, state = cells(torch.from_numpy(values[row][seen[row]])[None])
            state = state[1] if kind == "LSTM" else state
            np.testing.assert_allclose(outputs[row][seen[row]], expected[0], atol=1e-6)
            np.testing.assert_allclose(last[:, row], state[:, 0], atol=1e-6)
    assert (outputs.numpy()[~seen] == 0).all()


def test_bands_are_normalised_from_three_on():
    def normalises(bands, *names):
        return isinstance(band_norm(SeriesShape(2, bands, 2, names=names)), torch.nn.LayerNorm)

    assert [normalises(bands) for bands in (1, 2, 3, 4)] == [False, False, True, True]
    assert not normalises(3, "vv", "vh", "clear")
    assert normalises(4, "red", "nir", "swir1", "clear")


def test_a_layer_whose_width_does_not_divide_is_refused():
    with pytest.raises(ParameterError, match="7 is no multiple of 2 heads"):
        EncoderLayer(7, 2, 4, 0.0)
