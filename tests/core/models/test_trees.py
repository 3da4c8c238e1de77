import numpy as np
import pytest

from cropmap.models.trees import class_weights, joined, narrowed


def test_trees_given_one_by_one_are_joined_with_distinct_leaves():
    one = (np.array([3, -1, -1]), np.array([0.5, 9, 9], np.float32), np.array([2, -1, -1]))
    other = (np.array([-1]), np.array([9.0], np.float32), np.array([-1]))
    leaves = np.array([[0.25, 0.75], [1.0, 0.0], [0.25, 0.75]])
    trees = joined([one, other], leaves)
    assert len(trees) == 2
    assert trees.feature.tolist() == [3, -1, -1, -1]
    assert trees.threshold.tolist() == [0.5, 0, 0, 0]
    assert trees.start.tolist() == [0, 3, 4]
    assert trees.right[0] == 2
    assert len(trees.leaves) == 2
    assert trees.leaves[trees.right[[1, 2, 3]]].tolist() == leaves.tolist()


def test_a_walk_ends_where_thresholds_send_it():
    one = (np.array([1, -1, -1]), np.array([0.5, 0, 0], np.float32), np.array([2, 0, 0]))
    trees = joined([one], np.array([[1.0], [10.0]]))
    rows = np.array([[9, 0.5], [9, 0.6], [0, -1]], np.float32)
    sums = np.zeros((3, 2))
    trees.add_to(sums, rows, np.array([1]))
    assert sums.tolist() == [[0, 1], [0, 10], [0, 1]]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_many_distinct_leaves_are_all_found_again(kind):
    leaves = np.random.default_rng(0).integers(0, 3, (5000, 4)).astype(kind) / 7
    leaf = (np.array([-1]), np.zeros(1, np.float32), np.array([0]))
    trees = joined([leaf] * 5000, leaves)
    assert len(trees.leaves) == 81
    assert trees.leaves.dtype == kind
    assert (trees.leaves[trees.right] == leaves).all()


def test_weights_make_all_classes_count_the_same():
    weights = class_weights(np.array([0, 0, 0, 1, 2, 2]))
    assert weights == pytest.approx({0: 6 / 9, 1: 2.0, 2: 1.0})
    assert sum(weights[column] for column in (0, 0, 0, 1, 2, 2)) == pytest.approx(6)


def test_rounding_to_float32_does_not_change_the_likeliest_class():
    close = np.array([[0.5, 0.5 + 1e-12], [0.5 + 1e-12, 0.5]])
    found = narrowed(close)
    assert found.dtype == np.float32
    assert found.argmax(axis=1).tolist() == [1, 0]
