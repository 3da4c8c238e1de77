import numpy as np
import pytest
import torch

from cropmap.training.feeding import Feed, Resident, class_weights


def samples(columns):
    columns = torch.tensor(columns)
    return Resident(torch.arange(len(columns), dtype=torch.float32)[:, None, None].expand(-1, 3, 2).clone(), columns)


def epoch(feed):
    return [(values.clone(), columns.clone()) for values, columns in feed]


@pytest.mark.parametrize("size", [2, 4, 7, 10, 100])
def test_every_sample_comes_once_an_epoch_with_its_own_class(size):
    feed = Feed(samples([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]), size, seed=0)
    values, columns = (torch.cat(parts) for parts in zip(*epoch(feed), strict=True))
    assert sorted(values[:, 0, 0].tolist()) == list(range(10))
    assert columns.tolist() == [int(value) % 3 for value in values[:, 0, 0]]
    assert (values == values[:, :1, :1]).all()


@pytest.mark.parametrize(
    ("count", "size", "expected"), [(9, 4, [4, 5]), (8, 4, [4, 4]), (10, 4, [4, 4, 2]), (5, 4, [5]), (3, 8, [3])]
)
def test_a_sample_left_over_joins_the_batch_before(count, size, expected):
    assert [len(columns) for _, columns in Feed(samples([0] * count), size, seed=0)] == expected


def test_epochs_have_orders_of_their_own_and_seeds_repeat_them():
    one, other = (Feed(samples([0] * 50), 10, seed=3) for _ in range(2))
    first, second = epoch(one), epoch(one)
    assert not torch.equal(first[0][0], second[0][0])
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, epoch(other), strict=True))


def test_balanced_epochs_show_every_present_class_alike():
    columns = np.random.default_rng(0).permutation([0] * 9000 + [1] * 900 + [3] * 100).tolist()
    feed = Feed(samples(columns), 500, seed=1, balanced=True)
    batches = epoch(feed)
    drawn = torch.cat([found for _, found in batches])
    places = torch.cat([found for found, _ in batches])[:, 0, 0].long()
    assert len(drawn) == 10_000
    assert (torch.tensor(columns)[places] == drawn).all()
    counts = drawn.bincount(minlength=4)
    assert counts[2] == 0
    np.testing.assert_allclose(counts[[0, 1, 3]] / 10_000, 1 / 3, atol=0.02)
    rare = places[drawn == 3].bincount()
    assert (rare > 0).sum() == 100  # each of the rare ones, about 33 times


def test_weights_are_inverse_to_the_counts_and_1_in_the_mean():
    columns = torch.tensor([0] * 6 + [1] * 3 + [3])
    weights = class_weights(columns, 5)
    assert weights.tolist() == pytest.approx([10 / 18, 10 / 9, 0, 10 / 3, 0])
    assert weights[columns].mean().item() == pytest.approx(1)
