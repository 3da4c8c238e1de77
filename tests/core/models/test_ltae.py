import numpy as np
import pytest

from cropmap.contract.errors import ParameterError
from cropmap.models.base import SeriesShape
from cropmap.models.ltae import LTAE, LTAEParams
from tests.core.models.networks import (
    MASKED,
    SHAPE,
    batch_normalised,
    check_batches,
    check_full_mask,
    check_skipped,
    check_unseen_steps,
    code,
    count_parameters,
    dense,
    masked_series,
    normalised,
    series,
    softmax,
    untrained,
    weights,
)

DAYS = (4, 9, 30, 31, 90)
DATED = SeriesShape(5, 4, 3, days=DAYS)


def made(shape=SHAPE, width=6, heads=2):
    return untrained(LTAE, LTAEParams(width=width, heads=heads, keys=5, summary=4), shape)


@pytest.mark.parametrize(("steps", "bands", "classes"), [(1, 1, 2), (23, 6, 3), (45, 13, 9)])
def test_its_size_does_not_depend_on_the_steps(steps, bands, classes):
    # Published: 16 heads with queries and keys of 8, width 256, a summary of 128.
    expected = (bands + 1) * 256 + 2 * 256 + 16 * 8 + 256 * 16 * 8 + (256 + 1) * 128 + 4 * 128 + (128 + 1) * classes
    assert count_parameters(LTAE, LTAEParams(), SeriesShape(steps, bands, classes)) == expected


def by_hand(model, values, days):
    a, params = weights(model), model.params
    size = params.width // params.heads
    found = []
    for one in values.astype(float):
        x = normalised(dense(one, a, "embed"), a, "norm") + np.tile(code(days, size, 1000), (1, params.heads))
        answers = []
        for head in range(params.heads):
            keys = x @ a["keys.weight"][head * params.keys : (head + 1) * params.keys].T
            share = softmax(keys @ a["queries"][head] / np.sqrt(params.keys))
            answers.append(share @ x[:, head * size : (head + 1) * size])
        summary = batch_normalised(dense(np.concatenate(answers), a, "sum_up"), a, "norm_batch")
        features = normalised(np.maximum(summary, 0), a, "norm_summary")
        found.append(softmax(dense(features, a, "head")))
    return np.array(found)


@pytest.mark.parametrize(("width", "heads"), [(6, 2), (8, 2), (5, 5), (6, 1)])
def test_the_forward_pass_is_the_one_written_by_hand(width, heads):
    model, values = made(DATED, width, heads), series(7)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values, DAYS), atol=3e-6)


def test_steps_without_days_are_a_week_apart():
    model, values = made(), series(7)
    np.testing.assert_allclose(model.predict_proba(values), by_hand(model, values, range(0, 35, 7)), atol=3e-6)


def test_the_order_of_the_dates_is_nothing_but_their_days():
    order = np.random.default_rng(1).permutation(5)
    model, values = made(DATED), series(20)
    other = LTAE.from_arrays(
        model.params, SeriesShape(5, 4, 3, days=tuple(np.array(DAYS)[order].tolist())), model.arrays()
    )
    np.testing.assert_allclose(other.predict_proba(values[:, order]), model.predict_proba(values), atol=1e-6)


def test_steps_that_were_not_seen_do_not_count():
    shape = SeriesShape(5, 4, 3, names=MASKED.names, days=DAYS)
    model = made(shape)
    check_unseen_steps(model)
    check_full_mask(model)
    check_skipped(model)
    for row, known in zip(*masked_series(10), strict=True):
        alone = by_hand(model, row[known][None], np.array(DAYS)[known])
        np.testing.assert_allclose(model.predict_proba(row[None]), alone, atol=3e-6)


def test_no_answer_depends_on_the_other_rows():
    check_batches(made())


def test_a_width_that_does_not_divide_is_refused():
    with pytest.raises(ParameterError, match="no multiple of 4 heads"):
        LTAE.build(LTAEParams(width=6, heads=4), SHAPE)
