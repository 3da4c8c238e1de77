import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.isotonic import isotonic_regression

from cropmap.contract.errors import TransferError
from cropmap.transfer.advice_table import Measures, Pair, Row, Table, Way, read_table, rising, table_text

HERE = Pair("a_b", "A and B", Measures(0.8, 12.0, 0.02, 0.3, 0.1))
THERE = Pair("c_d", "C and D", Measures(0.95, math.nan, 0.2, 0.5, math.nan))
DIRECT, SCRATCH = Way("direct", {}, "random_forest"), Way("scratch", {}, "tempcnn", {"width": 8})


def row(pair, way, labels, macro_f1, runs=3, seconds=4.0):
    return Row(pair, way, labels, 0.9, macro_f1, 0.01, runs, seconds, 2.0)


def test_a_table_comes_back_from_its_text():
    rows = (row(HERE, DIRECT, 0, 0.5), row(HERE, SCRATCH, 50, 0.25), row(THERE, SCRATCH, 50, 0.75))
    found = read_table(table_text(Table(rows)))
    assert [(own.way, own.labels, own.macro_f1, own.runs) for own in found.rows] == [
        (own.way, own.labels, own.macro_f1, own.runs) for own in rows
    ]
    assert found.pairs[0] == HERE
    assert (found.pairs[1].places, found.pairs[1].measures.auc) == ("C and D", 0.95)
    assert math.isnan(found.pairs[1].measures.lag_days)


def test_what_was_not_measured_is_an_empty_cell():
    text = table_text(Table((replace(row(HERE, DIRECT, 0, 0.5), spread=math.nan),)))
    assert "nan" not in text
    assert math.isnan(read_table(text).rows[0].spread)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pair,labels\na,1\n", "lacks the columns"),
        (table_text(Table((row(HERE, DIRECT, 0, 0.5),))) + "x,y\n", "line 3"),
    ],
)
def test_a_damaged_table_is_refused(text, said):
    with pytest.raises(TransferError, match="Write the table anew") as error:
        read_table(text)
    assert said in str(error.value)


def test_scores_lie_on_lines_over_the_logarithm_of_labels():
    table = Table((row(HERE, SCRATCH, 50, 0.4), row(HERE, SCRATCH, 200, 0.6)))
    assert table.scores(100)[0, 0] == pytest.approx(0.5)
    assert table.scores(1000)[0, 0] == pytest.approx(0.6)
    assert table.scores(25)[0, 0] == pytest.approx(0.3)
    assert table.scores(2)[0, 0] == 0.0
    assert math.isnan(table.scores(0)[0, 0])


def test_a_way_without_labels_is_the_same_with_any_number_of_them():
    table = Table((row(HERE, DIRECT, 0, 0.5), row(HERE, SCRATCH, 50, 0.4)))
    assert [table.scores(labels)[0, 0] for labels in (0, 50, 4000)] == [0.5, 0.5, 0.5]
    assert table.reads_labels.tolist() == [False, True]


def test_a_way_that_may_read_labels_has_a_value_of_its_own_without():
    table = Table((row(HERE, DIRECT, 0, 0.5), row(HERE, DIRECT, 50, 0.7)))
    assert [table.scores(labels)[0, 0] for labels in (0, 50)] == [0.5, 0.7]


def test_what_was_not_measured_has_no_score():
    table = Table((row(HERE, DIRECT, 0, 0.5), row(THERE, SCRATCH, 50, 0.4)))
    assert np.isnan(table.scores(50)).tolist() == [[False, True], [True, False]]
    assert table.measured(50).tolist() == [[False, False], [False, True]]


def test_values_are_made_not_to_fall_as_by_isotonic_regression():
    rng = np.random.default_rng(3)
    for _ in range(20):
        values, weights = rng.normal(size=9), rng.uniform(0.5, 4, 9)
        wanted = isotonic_regression(values, sample_weight=weights)
        np.testing.assert_allclose(rising(values, weights), wanted, atol=1e-12)


def test_seconds_are_read_between_numbers_of_labels():
    table = Table((row(HERE, SCRATCH, 50, 0.4, seconds=10.0), row(HERE, SCRATCH, 200, 0.6, seconds=4.0)))
    assert table.seconds(100)[0, 0] == pytest.approx(7.0)
    assert table.seconds(100, "source_seconds")[0, 0] == pytest.approx(2.0)
