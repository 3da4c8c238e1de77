import numpy as np
import pytest
import torch

from cropmap.data.cube import CLEAR_BAND
from cropmap.models.base import SeriesShape
from cropmap.models.neural import NeuralParams
from cropmap.training.augment import Augmentation, hidden, moved, shifted

# Steps that are not evenly apart.
DAYS = torch.tensor([0.0, 5.0, 20.0, 31.0, 40.0, 66.0])
SHAPE = SeriesShape(6, 3, 2, days=tuple(DAYS.int().tolist()))
MASKED = SeriesShape(6, 3, 2, names=("red", CLEAR_BAND, "nir"), days=tuple(DAYS.int().tolist()))


def series(count=200, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 6, 3)).astype(np.float32))


def masked(count=200, seed=0, share=0.6):
    """Values of 0 where the mask, band 1, is 0."""
    values = series(count, seed)
    clear = torch.from_numpy(np.random.default_rng(seed + 1).random((count, 6)) < share)
    clear[:, 2] = True
    values[..., 1] = 1
    return values * clear[..., None], clear


def augmented(values, shape=SHAPE, seed=1, **asked):
    return Augmentation(NeuralParams(**asked), shape, seed, "cpu")(values)


# ---------------------------------------------------------------- shift


@pytest.mark.parametrize("by", [-70.0, -12.5, -1.0, 0.0, 3.25, 11.0, 70.0])
def test_a_shifted_series_is_the_old_one_read_at_earlier_days(by):
    values = series(7)
    found = shifted(values, DAYS, torch.full((7,), by)).numpy()
    for row in range(7):
        for band in range(3):
            expected = np.interp(DAYS.numpy() - by, DAYS.numpy(), values[row, :, band].numpy())
            np.testing.assert_allclose(found[row, :, band], expected, atol=1e-5)


def test_a_straight_line_is_offset_exactly_and_held_at_the_edge():
    line = (2 * DAYS)[None, :, None]
    found = shifted(line, DAYS, torch.tensor([4.0]))[0, :, 0]
    torch.testing.assert_close(found[1:], 2 * DAYS[1:] - 8)
    assert found[0] == 0


def test_constant_series_and_shifts_of_nothing_change_nothing():
    constant = torch.full((5, 6, 3), 0.7)
    torch.testing.assert_close(shifted(constant, DAYS, torch.linspace(-60, 60, 5)), constant)
    assert torch.equal(shifted(series(), DAYS, torch.zeros(200)), series())


def test_each_series_has_a_shift_of_its_own_within_the_limit_the_same_in_all_bands():
    line = DAYS[None, :, None].expand(500, 6, 3)
    by = (line - augmented(line, shift_days=4.0))[:, 2:5]  # steps at which no edge is met
    assert by.abs().max() <= 4.0001
    assert by.amax(dim=(1, 2)).std() > 1
    torch.testing.assert_close(by, by[:, :1, :1].expand_as(by), atol=1e-4, rtol=0)


def test_under_a_mask_only_seen_steps_are_interpolated_and_nothing_is_invented():
    values, clear = masked()
    by = torch.linspace(-9, 9, 200)
    found = shifted(values, DAYS, by, 1)
    days = DAYS.numpy()
    for row in range(200):
        asked = np.clip(days - by[row].item(), days[0], days[-1])
        left = np.clip(np.searchsorted(days, asked, side="right") - 1, 0, 4)
        share = (asked - days[left]) / (days[left + 1] - days[left])
        for step in range(6):
            pair = [(1 - share[step], left[step]), (share[step], left[step] + 1)]
            weight = sum(w for w, at in pair if clear[row, at])
            if abs(weight - 0.5) < 1e-4:
                continue
            expected = sum(w * values[row, at].numpy() for w, at in pair if clear[row, at]) / max(weight, 0.5)
            np.testing.assert_allclose(found[row, step], expected if weight > 0.5 else 0, atol=1e-5)
    assert set(found[..., 1].unique().tolist()) == {0.0, 1.0}


def test_a_series_that_would_lose_its_only_step_stays():
    values = torch.zeros(1, 6, 3)
    values[0, 0] = 1
    torch.testing.assert_close(shifted(values, DAYS, torch.tensor([-60.0]), 1), values)


def test_a_single_step_cannot_be_moved():
    one = torch.ones(3, 1, 2)
    assert torch.equal(shifted(one, torch.zeros(1), torch.ones(3)), one)


# ---------------------------------------------------------------- missing


def test_hidden_steps_lie_on_the_line_between_their_seen_neighbours():
    values = series(300)
    steps = torch.from_numpy(np.random.default_rng(5).random((300, 6)) < 0.5)
    steps[:, 3] = False
    found = hidden(values, DAYS, steps).numpy()
    for row in range(300):
        left = ~steps[row].numpy()
        for band in range(3):
            expected = np.interp(DAYS.numpy(), DAYS.numpy()[left], values[row, left, band].numpy())
            np.testing.assert_allclose(found[row, :, band], expected, atol=1e-5)


def test_under_a_mask_hidden_steps_become_0_and_others_stay():
    values, _ = masked()
    steps = torch.zeros(200, 6, dtype=torch.bool)
    steps[:, [0, 4]] = True
    found = hidden(values, DAYS, steps, 1)
    assert not found[:, [0, 4]].any()
    assert torch.equal(found[:, [1, 2, 3, 5]], values[:, [1, 2, 3, 5]])
    steps[:] = True
    assert torch.equal(hidden(values, DAYS, steps, 1), values)  # a series keeps what it has rather than nothing


def test_any_number_of_steps_up_to_the_share_is_hidden():
    values = torch.ones(4000, 6, 3)
    found = augmented(values, MASKED, missing=0.55)
    counts = (found[..., 1] == 0).sum(dim=1)
    assert counts.max() == 3  # of 6 steps, at most 3.3
    np.testing.assert_allclose(counts.bincount() / 4000, [0.25] * 4, atol=0.03)
    every = (found[..., 1] == 0).float().mean(dim=0)
    np.testing.assert_allclose(every, 0.25, atol=0.03)  # each step alike


# ---------------------------------------------------------------- jitter


def test_jitter_moves_each_band_of_each_series_by_one_normal_offset():
    values = series(4000)
    by = augmented(values, jitter=0.3) - values
    torch.testing.assert_close(by, by[:, :1].expand_as(by), atol=1e-5, rtol=0)
    offsets = by[:, 0].numpy()
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(offsets.T), 0.09 * np.eye(3), atol=0.01)


def test_jitter_leaves_the_mask_and_what_was_not_seen():
    values, clear = masked()
    found = moved(values, torch.full((200, 1, 3), 5.0), 1)
    assert torch.equal(found[..., 1], values[..., 1])
    assert not found[~clear].any()
    torch.testing.assert_close(found[clear][:, [0, 2]], values[clear][:, [0, 2]] + 5)


# ---------------------------------------------------------------- all


def test_nothing_asked_for_changes_nothing():
    values = series()
    assert augmented(values) is values


def test_the_same_seed_draws_the_same_and_batches_given_stay():
    asked = {"shift_days": 10.0, "missing": 0.5, "jitter": 0.2}
    values = series()
    one = augmented(values, **asked)
    assert torch.equal(values, series())
    assert torch.equal(one, augmented(values, **asked))
    assert not torch.equal(one, augmented(values, seed=2, **asked))


def test_it_draws_from_no_global_generator():
    before = torch.get_rng_state()
    augmented(series(), shift_days=10.0, missing=0.5, jitter=0.2)
    assert torch.equal(before, torch.get_rng_state())
