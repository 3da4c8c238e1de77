"""McNemar's test and the bootstrap of units against published figures, SciPy, closed forms and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cropmap.assessment.paired import (
    KAPPA,
    MACRO_F1,
    MEASURES,
    OVERALL,
    McNemar,
    adjusted,
    compare_pair,
    exact_p,
    holm,
    resample,
    signed_z,
)
from cropmap.contract.errors import SampleError
from cropmap.data.accuracy import accuracy_of
from cropmap.data.legend import Legend, LegendClass

# Antonijevic et al. 2023 (doi 10.1186/s40537-023-00735-2), table 6: fine-tuned transformer against the plain one,
# by true class: only the second right, only the first right, z, exact p.
TABLE_6 = {
    "maize": (50, 32, 1.9878, 0.060),
    "sugarbeet": (12, 0, 3.4641, 0.0005),
    "sunflower": (34, 17, 2.3805, 0.024),
    "wheat": (23, 11, 2.0580, 0.058),
    "barley": (12, 12, 0.0, 1.0),
}


def legend_of(count):
    return Legend(tuple(LegendClass(k, f"class {k}", f"#0000{k:02x}") for k in range(count)))


# ---------------------------------------------------------------- McNemar


def test_published_z_is_reproduced_and_turns_its_sign_with_the_models():
    assert signed_z(151, 84) == pytest.approx(4.3706, abs=5e-5)
    assert signed_z(84, 151) == pytest.approx(-4.3706, abs=5e-5)
    assert math.isnan(signed_z(0, 0))


@pytest.mark.parametrize("crop", TABLE_6)
def test_published_classes_are_reproduced(crop):
    gained, lost, z, p = TABLE_6[crop]
    assert signed_z(gained, lost) == pytest.approx(z, abs=5e-5)
    assert exact_p(gained, lost) == pytest.approx(p, abs=5e-4)


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_exact_p_is_that_of_the_binomial_test(first, second):
    if first + second:
        expected = stats.binomtest(first, first + second, 0.5).pvalue
        assert exact_p(first, second) == pytest.approx(expected, rel=1e-9)
    else:
        assert math.isnan(exact_p(0, 0))


def test_the_exact_p_is_used_below_25_differing_samples():
    few, many = McNemar("", 16, 8), McNemar("", 16, 9)
    assert few.exact
    assert few.p == exact_p(16, 8)
    assert not many.exact
    assert many.p == pytest.approx(2 * stats.norm.sf(7 / 5))


def test_thousands_of_differing_samples_pass_no_float():
    assert exact_p(6000, 6000) == 1.0
    assert 0 < exact_p(5000, 5600) < 1e-8


def test_the_counts_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    truth, first, second = rng.integers(0, 3, (3, 400))
    legend = legend_of(3)
    found = compare_pair(truth, first, second, legend)
    triples = list(zip(truth.tolist(), first.tolist(), second.tolist(), strict=True))
    assert found.overall.only_second == sum(a != t and b == t for t, a, b in triples)
    assert found.overall.only_first == sum(a == t and b != t for t, a, b in triples)
    for k, (own, rest) in enumerate(zip(found.by_class, found.one_vs_rest, strict=True)):
        assert own.name == rest.name == f"class {k}"
        assert own.only_second == sum(t == k and a != t and b == t for t, a, b in triples)
        assert own.only_first == sum(t == k and a == t and b != t for t, a, b in triples)
        assert rest.only_second == sum((a == k) != (t == k) and (b == k) == (t == k) for t, a, b in triples)
        assert rest.only_first == sum((a == k) == (t == k) and (b == k) != (t == k) for t, a, b in triples)
    swapped = compare_pair(truth, second, first, legend)
    assert swapped.overall.z == -found.overall.z
    assert sum(own.only_second for own in found.by_class) == found.overall.only_second
    assert [own.adjusted for own in found.by_class] == holm([own.p for own in found.by_class])


def test_models_that_say_the_same_are_not_tested():
    codes = np.array([0, 1, 1])
    found = compare_pair(codes, codes, codes, legend_of(3))
    assert math.isnan(found.overall.z)
    assert math.isnan(found.overall.p)
    assert math.isnan(found.overall.adjusted)


def test_holm_by_hand():
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1: .04, .06, .06, .04, and none below the one before it.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_is_undefined_is_no_test():
    found = holm([0.01, math.nan, 0.04])
    assert found[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(found[1])
    assert math.isnan(adjusted([McNemar("", 0, 0)])[0].adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    for level in (0.01, 0.05, 0.2):
        order, rejected = np.argsort(p_values, kind="stable"), set()
        for step, position in enumerate(order.tolist()):
            if p_values[position] * (len(p_values) - step) > level:
                break
            rejected.add(position)
        assert {k for k, own in enumerate(holm(p_values)) if own <= level} == rejected


# ---------------------------------------------------------------- bootstrap


def said(truth, share, rng, classes=3):
    return np.where(rng.random(len(truth)) < share, truth, rng.integers(0, classes, len(truth)))


def plain_scores(truth, found, classes):
    own = accuracy_of(truth, found, legend_of(classes))
    return own.overall, own.macro_f1, own.kappa


def test_the_figures_as_they_are_are_those_of_the_accuracy():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 300)
    models = [said(truth, 0.8, rng, 4), np.stack([said(truth, 0.6, rng, 4), said(truth, 0.7, rng, 4)])]
    found = resample(truth, models, np.arange(300) // 7, repeats=3)
    assert found.units == 43
    np.testing.assert_allclose(found.observed[0], plain_scores(truth, models[0], 4))
    both = np.mean([plain_scores(truth, run, 4) for run in models[1]], axis=0)
    np.testing.assert_allclose(found.observed[1], both)


def test_drawing_blocks_equals_a_plain_loop():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 200)
    # The rare class 2 lies in few blocks, so that some draws lack it altogether.
    truth[(truth == 2) & (np.arange(200) > 40)] = 0
    models = [said(truth, 0.8, rng), said(truth, 0.7, rng)]
    units = rng.integers(0, 12, 200)
    found = resample(truth, models, units, repeats=40, seed=5)
    draws = np.random.default_rng(5)
    for repeat in range(40):
        picked = draws.integers(0, 12, 12)
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in picked])
        for number, model in enumerate(models):
            expected = plain_scores(truth[rows], model[rows], 3)
            np.testing.assert_allclose(found.repeats[repeat, number], expected, atol=1e-12)
    apart = found.repeats[:, 1, 1] - found.repeats[:, 0, 1]
    own = found.difference(0, 1, MACRO_F1)
    assert (own.low, own.high) == pytest.approx(tuple(np.quantile(apart, [0.025, 0.975])))


def test_units_of_one_sample_give_the_ordinary_bootstrap():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 2000)
    first, second = said(truth, 0.7, rng), said(truth, 0.75, rng)
    found = resample(truth, [first, second], rng.permutation(2000), repeats=4000, seed=1)
    assert found.units == 2000
    # The mean of n draws from the samples' own gains and losses has this spread.
    gain = (second == truth).astype(float) - (first == truth)
    apart = found.repeats[:, 1, 0] - found.repeats[:, 0, 0]
    assert apart.mean() == pytest.approx(gain.mean(), abs=4 * gain.std() / math.sqrt(2000 * 4000))
    assert apart.std() == pytest.approx(gain.std() / math.sqrt(2000), rel=0.05)
    # Units of two equal samples say the same, and are drawn in the other way.
    twice = [np.tile(own, 2) for own in (truth, first, second, np.arange(2000))]
    several = resample(twice[0], twice[1:3], twice[3], 4000)
    for measure in MEASURES:
        one, other = (own.difference(0, 1, measure) for own in (found, several))
        assert one.value == pytest.approx(other.value)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.1 * (one.high - one.low))


def test_intervals_hold_the_true_difference_as_often_as_they_say():
    rng = np.random.default_rng(4)
    held = narrow = 0
    for trial in range(200):
        # Forty fields of ten pixels that are right or wrong together: right in .7 and .8 of the fields.
        fields = np.repeat(np.arange(40), 10)
        truth = np.zeros(400, int)
        first, second = ((rng.random(40) >= share).astype(int)[fields] for share in (0.7, 0.8))
        own = resample(truth, [first, second], fields, 300, seed=trial).difference(0, 1, OVERALL)
        held += own.low <= 0.1 <= own.high
        alone = resample(truth, [first, second], np.arange(400), 300, seed=trial).difference(0, 1, OVERALL)
        narrow += alone.low <= 0.1 <= alone.high
    # 95 % within four standard errors of 200 trials, less what the percentile method lacks at forty units.
    assert 0.87 <= held / 200 <= 1.0
    assert narrow / 200 < 0.75


def test_the_same_seed_draws_the_same_and_every_model_is_drawn_alike():
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 3, 100)
    model = said(truth, 0.8, rng)
    first, again = (resample(truth, [model, model], np.arange(100) // 4, 50, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.repeats, again.repeats)
    own = first.difference(0, 1, KAPPA)
    assert (own.value, own.low, own.high) == (0.0, 0.0, 0.0)
    assert not own.certain
    assert not np.array_equal(first.repeats, resample(truth, [model, model], np.arange(100) // 4, 50, seed=3).repeats)


def test_one_unit_tells_no_interval():
    truth = np.array([0, 1, 1])
    found = resample(truth, [truth], np.zeros(3, int), 10)
    assert found.of(0, OVERALL).value == 1.0
    assert math.isnan(found.of(0, OVERALL).low)


def test_arrays_that_disagree_are_refused():
    with pytest.raises(SampleError, match="same samples"):
        resample(np.zeros(3, int), [np.zeros(4, int)], np.zeros(3, int))
    with pytest.raises(SampleError, match="same samples"):
        compare_pair(np.zeros(3, int), np.zeros(2, int), np.zeros(3, int), legend_of(2))
    with pytest.raises(SampleError, match="no sample"):
        resample(np.zeros(0, int), [np.zeros(0, int)], np.zeros(0, int))
