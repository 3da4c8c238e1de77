"""Accuracy against published matrices, scikit-learn and closed forms."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from cropmap.contract.errors import LegendError, SampleError
from cropmap.data.accuracy import Accuracy, accuracy_of, wilson_interval
from cropmap.data.legend import Legend, LegendClass, legend_from_names

CROPS = ("barley", "maize", "rapeseed", "soya", "sugarbeet", "sunflower", "wheat")

# Antonijevic et al. 2023 (doi 10.1186/s40537-023-00735-2), figure 7 and table 4: rows are the reference.
VOJVODINA = {
    "BMP": (
        (
            "158 4 0 0 0 4 21|3 2003 6 16 0 61 19|1 2 57 0 0 3 0|0 26 0 192 0 13 3|0 3 3 6 0 2 0|8 65 2 7 0 947 4|"
            "12 23 2 3 0 11 712"
        ),
        (0.9244, 0.7672, 0.9228, 0.7638, 0.8885),
    ),
    "FE": (
        (
            "157 4 0 0 0 4 22|7 2005 4 18 0 49 25|0 3 59 0 0 1 0|0 17 0 207 1 8 1|0 0 0 0 11 2 1|9 46 3 11 1 957 6|"
            "13 16 0 1 0 9 724"
        ),
        (0.9359, 0.8961, 0.9360, 0.8960, 0.9061),
    ),
    "PFT": (
        (
            "158 5 0 1 0 4 19|1 2021 4 17 0 45 20|0 0 61 0 0 1 1|1 22 0 196 1 12 2|0 0 0 1 12 0 1|9 43 3 8 0 964 6|"
            "8 22 1 1 1 6 724"
        ),
        (0.9396, 0.9070, 0.9394, 0.9056, 0.9111),
    ),
    "FFT": (
        (
            "161 9 0 1 0 4 12|2 2027 2 18 0 42 17|0 1 60 0 0 1 1|0 24 0 197 1 11 1|0 2 0 0 11 1 0|6 48 4 9 0 960 6|"
            "13 21 0 3 0 7 719"
        ),
        (0.9393, 0.8963, 0.9392, 0.9053, 0.9107),
    ),
    "FE+RF": (
        (
            "85 21 1 0 0 3 77|1 1985 4 1 0 67 50|0 5 41 0 0 5 12|0 124 0 84 0 16 10|0 3 0 0 1 9 1|3 256 1 4 0 744 25|"
            "7 68 1 0 0 2 685"
        ),
        (0.8235, 0.5851, 0.8123, 0.6425, 0.7289),
    ),
}
# Its table 5: F1 and recall of each class.
CLASSES_OF_TABLE_5 = {
    "BMP": (
        (0.8564, 0.9462, 0.8571, 0.8384, 0.0, 0.9132, 0.9356),
        (0.845, 0.950, 0.905, 0.821, 0.0, 0.917, 0.933),
    ),
    "FE": (
        (0.8418, 0.9550, 0.9147, 0.8790, 0.8148, 0.9278, 0.9390),
        (0.840, 0.951, 0.937, 0.885, 0.786, 0.926, 0.949),
    ),
    "PFT": (
        (0.8681, 0.9576, 0.9242, 0.8559, 0.8571, 0.9337, 0.9427),
        (0.845, 0.959, 0.968, 0.838, 0.857, 0.933, 0.949),
    ),
    "FFT": (
        (0.8726, 0.9561, 0.9302, 0.8528, 0.8462, 0.9325, 0.9467),
        (0.861, 0.962, 0.952, 0.842, 0.786, 0.929, 0.942),
    ),
}
# The same paper's France matrix: 608,489 parcels, two classes that are never predicted.
FRANCE = (
    "35617 504 39 187 0 5 0 90 480|614 87819 56 242 0 12 0 169 705|36 43 14389 64 0 1 0 38 175|"
    "124 247 54 151353 0 16 0 364 1837|0 0 1 10 0 0 0 0 8|12 16 2 40 0 790 0 1116 1078|0 0 0 12 0 2 0 25 10|"
    "107 229 31 533 0 356 0 79046 47533|391 594 117 1704 0 345 0 42718 136383"
)


def _legend(count):
    return Legend(tuple(LegendClass(k, f"class {k}", f"#0000{k:02x}") for k in range(count)))


def _matrix(text):
    return np.array([[int(cell) for cell in row.split()] for row in text.split("|")])


def _spread(confusion):
    """Every pixel of a confusion matrix: its reference and its mapped code."""
    reference, predicted = np.indices(confusion.shape)
    counts = confusion.ravel()
    return np.repeat(reference.ravel(), counts), np.repeat(predicted.ravel(), counts)


@pytest.mark.parametrize("model", VOJVODINA)
def test_published_matrices_give_the_published_figures(model):
    text, expected = VOJVODINA[model]
    found = Accuracy(_matrix(text), legend_from_names(CROPS))
    figures = (found.overall, found.balanced, found.weighted_f1, found.macro_f1, found.kappa)
    assert [round(value, 4) for value in figures] == list(expected)


def test_published_matrix_with_classes_never_predicted_gives_the_published_figures():
    found = Accuracy(_matrix(FRANCE), _legend(9))
    assert found.total == 608_489
    assert round(found.overall, 4) == 0.8306
    assert round(found.balanced, 4) == 0.6143
    assert round(found.weighted_f1, 4) == 0.8297
    assert round(found.macro_f1, 4) == 0.6240
    assert round(found.kappa, 4) == 0.7813
    assert found.f1.round(4).tolist() == [0.9649, 0.9808, 0.9777, 0.9824, 0, 0.3449, 0, 0.6288, 0.7363]
    assert found.producers.round(4).tolist() == [0.9647, 0.9799, 0.9758, 0.9828, 0, 0.2587, 0, 0.6183, 0.7483]


@pytest.mark.parametrize("model", CLASSES_OF_TABLE_5)
def test_published_f1_and_recall_of_each_class_are_reproduced(model):
    found = Accuracy(_matrix(VOJVODINA[model][0]), legend_from_names(CROPS))
    f1, recall = CLASSES_OF_TABLE_5[model]
    assert found.f1.round(4).tolist() == list(f1)
    assert found.producers.round(3).tolist() == list(recall)
    assert found.support.tolist() == [187, 2108, 63, 234, 14, 1033, 763]


@pytest.mark.parametrize("text", [FRANCE, *(matrix for matrix, _ in VOJVODINA.values())])
def test_intersection_over_union_is_that_of_scikit_learn(text):
    matrix = _matrix(text)
    reference, predicted = _spread(matrix)
    found = Accuracy(matrix, _legend(len(matrix)))
    expected = metrics.jaccard_score(reference, predicted, average=None)
    np.testing.assert_allclose(found.iou, expected)
    np.testing.assert_allclose(found.iou, found.f1 / (2 - found.f1))
    for row in found.by_class():
        assert row.union == row.support + row.mapped - matrix[row.code, row.code]
        assert row.iou_interval == wilson_interval(int(matrix[row.code, row.code]), row.union)


def test_intersection_over_union_by_hand():
    found = Accuracy(np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]]), _legend(3))
    assert found.iou[:2].tolist() == [6 / 9, 3 / 6]
    assert math.isnan(found.iou[2])
    assert math.isnan(found.by_class()[2].iou_interval[0])
    # Wilson's interval of 3 in 6, by its closed form.
    z = 1.959963984540054
    half = z * math.sqrt(1 / 24 + z * z / 144) / (1 + z * z / 6)
    assert found.by_class()[1].iou_interval == pytest.approx((0.5 - half, 0.5 + half))


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.int64,
        st.integers(2, 6).map(lambda n: (n, n)),
        elements=st.one_of(st.just(0), st.integers(0, 30)),
    ).filter(lambda matrix: matrix.sum() > 0)
)
def test_random_matrices_agree_with_scikit_learn(confusion):
    count = len(confusion)
    reference, predicted = _spread(confusion)
    found = accuracy_of(reference, predicted, _legend(count))
    labels = list(range(count))
    assert found.confusion.tolist() == metrics.confusion_matrix(reference, predicted, labels=labels).tolist()
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        reference, predicted, labels=labels, zero_division=np.nan
    )
    assert found.overall == pytest.approx(metrics.accuracy_score(reference, predicted))
    np.testing.assert_allclose(found.users, precision)
    np.testing.assert_allclose(found.producers, recall)
    np.testing.assert_allclose(found.f1, f1)
    assert found.support.tolist() == support.tolist()
    # Without `labels`, scikit-learn averages over the classes that occur on either side, as we do.
    assert found.macro_f1 == pytest.approx(metrics.f1_score(reference, predicted, average="macro"))
    assert found.weighted_f1 == pytest.approx(metrics.f1_score(reference, predicted, average="weighted"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn divides by zero where kappa is undefined
        kappa = metrics.cohen_kappa_score(reference, predicted, labels=labels)
        balanced = metrics.balanced_accuracy_score(reference, predicted)
    assert found.balanced == pytest.approx(balanced)
    if len(set(reference) | set(predicted)) > 1:
        assert found.kappa == pytest.approx(kappa, abs=1e-12)


@pytest.mark.parametrize(
    ("confusion", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),  # Cohen's textbook case: (0.7 - 0.5) / (1 - 0.5)
        ([[7, 0], [0, 3]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[1, 1], [1, 1]], 0.0),
        ([[45, 15], [25, 15]], (0.60 - 0.54) / (1 - 0.54)),
    ],
)
def test_kappa_has_its_closed_form(confusion, kappa):
    assert Accuracy(np.array(confusion), _legend(2)).kappa == pytest.approx(kappa, abs=1e-12)


def test_kappa_of_a_national_map_does_not_overflow():
    huge = 6_000_000_000
    found = Accuracy(np.array([[huge, 0], [0, huge]], dtype=np.int64), _legend(2))
    assert found.kappa == 1.0


def test_kappa_is_undefined_where_all_is_one_class():
    assert math.isnan(Accuracy(np.array([[9, 0], [0, 0]]), _legend(2)).kappa)


def test_a_class_never_predicted_has_f1_zero_and_no_users_accuracy():
    found = Accuracy(np.array([[8, 0], [2, 0]]), _legend(2))
    assert found.f1.tolist() == [pytest.approx(16 / 18), 0.0]
    assert found.producers.tolist() == [1.0, 0.0]
    assert math.isnan(found.users[1])
    assert found.macro_f1 == pytest.approx(8 / 18)


def test_a_class_without_reference_has_no_producers_accuracy():
    found = Accuracy(np.array([[8, 2], [0, 0]]), _legend(2))
    assert math.isnan(found.producers[1])
    assert found.users[1] == 0.0
    assert found.f1[1] == 0.0


def test_a_class_that_occurs_nowhere_stays_out_of_the_macro_f1():
    found = Accuracy(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]]), _legend(3))
    assert math.isnan(found.f1[2])
    assert found.macro_f1 == pytest.approx((16 / 19 + 18 / 21) / 2)


def test_without_any_pixel_everything_is_undefined():
    found = accuracy_of([], [], _legend(2))
    figures = (found.overall, found.kappa, found.macro_f1, found.weighted_f1, found.balanced, *found.overall_interval)
    assert all(math.isnan(value) for value in figures)
    assert found.total == 0


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (12, 14, 0.6006, 0.9599),  # sugar beet of the paper above
        (0, 10, 0.0, 0.2775),  # z**2 / (n + z**2)
        (10, 10, 0.7225, 1.0),
        (
            81,
            263,
            0.2553,
            0.3662,
        ),  # Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_match_published_ones(successes, trials, low, high):
    assert wilson_interval(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_solve_the_score_equation(counts):
    successes, trials = counts
    share = successes / trials
    for bound in wilson_interval(successes, trials):
        if 0 < bound < 1:
            score = (share - bound) / math.sqrt(bound * (1 - bound) / trials)
            assert abs(score) == pytest.approx(1.959964, rel=1e-4)


def test_reference_pixels_without_a_mapped_class_are_counted_apart():
    legend = Legend((LegendClass(3, "maize", "#ffd300"), LegendClass(7, "wheat", "#a57000")))
    found = accuracy_of([[3, 3, 7], [7, 255, 255]], [[3, 255, 3], [255, 3, 255]], legend)
    assert found.confusion.tolist() == [[1, 0], [1, 0]]
    assert found.unmapped.tolist() == [1, 1]
    assert found.total == 2
    assert found.overall == 0.5


@pytest.mark.parametrize(("reference", "predicted", "side"), [([1, 9], [1, 1], "reference"), ([1, 1], [1, 9], "map")])
def test_a_code_without_a_class_is_refused(reference, predicted, side):
    with pytest.raises(LegendError, match=rf"Code 9 of the {side} .*Add the class to the legend"):
        accuracy_of(reference, predicted, _legend(2))


def test_arrays_of_different_shape_are_refused():
    with pytest.raises(SampleError, match="one mapped code for each reference code"):
        accuracy_of([0, 1], [0, 1, 1], _legend(2))


@pytest.mark.parametrize(
    ("confusion", "fix"),
    [
        (np.zeros((2, 3), int), "one row and one column"),
        (np.array([[1, 0], [0, -1]]), "whole numbers"),
        (np.array([[1.0, 0.0], [0.0, 0.5]]), "whole numbers"),
    ],
)
def test_a_matrix_that_is_no_confusion_matrix_is_refused(confusion, fix):
    with pytest.raises(SampleError, match=fix):
        Accuracy(confusion, _legend(2))


def test_plain_values_are_strict_json_with_none_for_undefined():
    plain = Accuracy(np.array([[8, 0], [2, 0]]), _legend(2), notes=("3 pixels left out.",)).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["classes"][1]["users"] is None
    assert plain["classes"][1]["users_interval"] == [None, None]
    assert plain["overall"] == 0.8
    assert plain["confusion"] == [[8, 0], [2, 0]]
    assert plain["notes"] == ["3 pixels left out."]


def test_rows_by_class_carry_names_and_codes_of_the_legend():
    legend = Legend((LegendClass(7, "wheat", "#a57000"), LegendClass(3, "maize", "#ffd300")))
    rows = accuracy_of([3, 3, 7, 7], [3, 7, 7, 255], legend).by_class()
    assert [(row.code, row.name, row.support, row.mapped, row.unmapped) for row in rows] == [
        (3, "maize", 2, 1, 0),
        (7, "wheat", 1, 2, 1),
    ]
    assert rows[1].users == 0.5
