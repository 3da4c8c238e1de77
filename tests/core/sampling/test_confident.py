"""Confident learning: against the definition counted sample by sample, and against cleanlab."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropmap.contract.errors import SampleError
from cropmap.data.legend import Legend, LegendClass
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.sampling.confident import (
    ConfidentOptions,
    calibrated,
    confident_joint,
    find_label_errors,
    normalised_margin,
    selected,
    self_confidence,
    whole_rows,
)
from cropmap.training.fit import OutOfFold


def noisy(seed=0, count=200, classes=4, wrong=0.15, sure=2.0):
    """Labels, a share of them wrong, and probabilities that lean to the true class."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, count)
    columns = truth.copy()
    changed = rng.random(count) < wrong
    columns[changed] = (columns[changed] + rng.integers(1, classes, changed.sum())) % classes
    score = rng.normal(size=(count, classes))
    score[np.arange(count), truth] += sure
    probabilities = np.exp(score)
    return columns, probabilities / probabilities.sum(axis=1, keepdims=True), truth


def waves():
    """Labels and probabilities by formula, of which the figures of another program are known."""
    count, classes = 120, 4
    order = np.arange(count)
    truth = (order * 7 // 3) % classes
    columns = np.where(order % 9 == 3, (truth + 1 + order % 3) % classes, truth)
    wave = np.array([[math.sin(12.9898 * a + 78.233 * b) for b in range(classes)] for a in range(count)])
    score = np.exp(1.45 * wave + 1.75 * (truth[:, None] == np.arange(classes)) + 0.4 * np.arange(classes))
    return columns, np.round(score / score.sum(axis=1, keepdims=True), 6)


def test_the_numbers_are_cleanlab_s():
    """Of cleanlab 2.9.0: get_confident_thresholds, compute_confident_joint, find_label_issues (1 example a class)."""
    columns, probabilities = waves()
    thresholds, joint = confident_joint(columns, probabilities)
    np.testing.assert_allclose(thresholds, [0.352604, 0.461399, 0.565994, 0.65443], atol=1e-6)
    assert joint.tolist() == [[14, 0, 0, 2], [1, 15, 3, 0], [0, 1, 16, 0], [0, 0, 1, 17]]
    counts = whole_rows(calibrated(joint, columns))
    assert counts.tolist() == [[27, 0, 0, 4], [1, 24, 5, 0], [0, 2, 28, 0], [0, 0, 2, 27]]
    both = selected(columns, probabilities, counts, "both")
    assert both.tolist() == [4, 33, 35, 39, 48, 57, 64, 65, 66, 72, 75]
    by_rate = selected(columns, probabilities, counts, "noise_rate")
    assert by_rate.tolist() == [4, 33, 35, 39, 43, 48, 57, 64, 65, 66, 72, 75, 95, 116]
    ranked = both[np.argsort(normalised_margin(columns, probabilities)[both])]
    assert ranked.tolist() == [66, 75, 39, 48, 57, 72, 35, 64, 4, 65, 33]
    ranked = both[np.argsort(self_confidence(columns, probabilities)[both])]
    assert ranked.tolist() == [57, 48, 39, 66, 75, 72, 64, 4, 35, 33, 65]


@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(2, 5))
@settings(max_examples=40)
def test_the_joint_is_the_definition_s_counted_one_by_one(seed, count, classes):
    columns, probabilities, _ = noisy(seed, count, classes)
    thresholds, joint = confident_joint(columns, probabilities)
    expected = np.zeros((classes, classes))
    means = [
        np.mean([probabilities[k, c] for k in range(count) if columns[k] == c]) if (columns == c).any() else math.inf
        for c in range(classes)
    ]
    for k in range(count):
        reached = [c for c in range(classes) if probabilities[k, c] >= means[c] - 1e-6]
        if reached:
            expected[columns[k], max(reached, key=lambda c, k=k: probabilities[k, c])] += 1
    np.testing.assert_allclose(np.where(np.isnan(thresholds), math.inf, thresholds), means)
    np.testing.assert_array_equal(joint, expected)


@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(2, 5))
@settings(max_examples=40)
def test_estimates_keep_the_number_of_each_label(seed, count, classes):
    columns, probabilities, _ = noisy(seed, count, classes)
    counts = calibrated(confident_joint(columns, probabilities)[1], columns)
    labelled = np.bincount(columns, minlength=classes)
    np.testing.assert_allclose(counts.sum(axis=1), labelled)
    whole = whole_rows(counts)
    np.testing.assert_array_equal(whole.sum(axis=1), labelled)
    assert (np.abs(whole - counts) < 1).all()


def test_selection_is_prune_by_noise_rate_counted_one_by_one():
    columns, probabilities, _ = noisy(3)
    counts = whole_rows(calibrated(confident_joint(columns, probabilities)[1], columns))
    by_rate, by_class = set(), set()
    for label in range(4):
        own = [k for k in range(200) if columns[k] == label]
        by_class |= set(sorted(own, key=lambda k: probabilities[k, columns[k]])[: len(own) - counts[label, label]])
        for other in range(4):
            if other != label:
                leaning = sorted(own, key=lambda k: probabilities[k, columns[k]] - probabilities[k, other])
                by_rate |= set(leaning[: counts[label, other]])
    wrong = {k for k in range(200) if probabilities[k].argmax() != columns[k]}
    assert set(selected(columns, probabilities, counts, "noise_rate").tolist()) == by_rate & wrong
    assert set(selected(columns, probabilities, counts, "both").tolist()) == by_rate & by_class & wrong
    assert by_rate & wrong


def test_models_that_know_the_truth_give_the_true_noise():
    """Of 1,000 samples with a known confusion of labels, probabilities of 1 give back exactly that confusion."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 1000)
    columns = np.where(rng.random(1000) < 0.2, rng.integers(0, 3, 1000), truth)
    probabilities = 0.98 * np.eye(3)[truth] + 0.02 / 3
    expected = np.zeros((3, 3))
    np.add.at(expected, (columns, truth), 1)
    counts = calibrated(confident_joint(columns, probabilities)[1], columns)
    np.testing.assert_allclose(counts, expected)
    found = selected(columns, probabilities, whole_rows(counts))
    np.testing.assert_array_equal(found, np.flatnonzero(columns != truth))


# ---------------------------------------------------------------- samples


LEGEND = Legend(tuple(LegendClass(code, name, "#ffd300") for code, name in ((1, "Corn"), (5, "Soy"), (24, "Wheat"))))


def samples_of(codes):
    count = len(codes)
    return SampleSet(
        values=np.zeros((count, 2, 1), np.float32),
        codes=np.asarray(codes, np.uint8),
        ids=np.array([f"P{k:04d}" for k in range(count)]),
        x=np.arange(count, dtype=float),
        y=np.zeros(count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.array([0, 7], np.int32),
        bands=("NDVI",),
        legend=LEGEND,
        recipe=Recipe("weekly", Season(dt.date(2023, 4, 1), dt.date(2023, 9, 30)), ()),
        crs="",
    )


def out_of_fold(samples, probabilities, fold=None, unseen=()):
    fold = np.arange(len(samples)) % 3 if fold is None else fold
    named = {own.name: 9 for own in LEGEND.classes}
    records = {
        number: {"samples": {name: n for name, n in named.items() if (number, name) not in unseen}}
        for number in np.unique(fold[fold >= 0]).tolist()
    }
    codes = np.array(LEGEND.codes, np.uint8)[np.nan_to_num(probabilities).argmax(axis=1)]
    return OutOfFold(codes, probabilities.astype(np.float32), fold.astype(np.int8), LEGEND, records, ())


def test_likely_errors_are_named_with_their_suggestion_worst_first():
    columns, probabilities, truth = noisy(1, 300, 3, sure=4.0)
    samples = samples_of(np.array(LEGEND.codes)[columns])
    found = find_label_errors(samples, out_of_fold(samples, probabilities))
    positions = found.doubts.positions
    assert (columns != truth)[positions].mean() > 0.9
    assert (np.diff(found.confidence[positions]) >= 0).all()
    np.testing.assert_allclose(found.confidence, probabilities[np.arange(300), columns], rtol=1e-6)
    first = positions[0]
    best = np.argsort(probabilities[first])[-1]
    assert found.doubts.suggested[0] == LEGEND.names[best]
    assert found.doubts.why[0] == (
        f"a model that had not seen it says {LEGEND.names[best]} ({probabilities[first, best]:.2f}); its label "
        f"{LEGEND.names[columns[first]]} gets {probabilities[first, columns[first]]:.2f}"
    )
    assert found.noise.labelled.tolist() == np.bincount(columns).tolist()


def test_a_class_that_a_model_never_saw_is_no_error_there():
    columns, probabilities, _ = noisy(2, 90, 3, wrong=0.0, sure=6.0)
    fold = np.where(columns == 2, 0, np.arange(90) % 3)  # all wheat lies in fold 0
    probabilities[columns == 2, 2] = 0.0
    samples = samples_of(np.array(LEGEND.codes)[columns])
    found = find_label_errors(samples, out_of_fold(samples, probabilities, fold, {(0, "Wheat")}))
    assert np.isnan(found.confidence[columns == 2]).all()
    assert not np.isin(found.doubts.positions, np.flatnonzero(columns == 2)).any()
    assert found.doubts.notes == (
        f"{(columns == 2).sum()} of 90 labels are not judged: no model had learnt their class without their fold.",
    )


def test_samples_without_a_fold_are_not_judged():
    columns, probabilities, _ = noisy(4, 60, 3)
    fold = np.where(np.arange(60) < 10, -1, np.arange(60) % 2)
    probabilities[:10] = np.nan
    samples = samples_of(np.array(LEGEND.codes)[columns])
    found = find_label_errors(samples, out_of_fold(samples, probabilities, fold))
    assert np.isnan(found.confidence[:10]).all()
    assert np.isfinite(found.confidence[10:]).all()
    assert found.noise.labelled.sum() == 50


def test_intervals_hold_the_noise_of_most_draws():
    """Of models without mistakes the interval is the binomial's: it holds the true share in about 95 of 100 draws."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 400)
        columns = np.where(rng.random(400) < 0.1, 1 - truth, truth)
        samples = samples_of(np.array([1, 5])[columns])
        probabilities = np.column_stack([np.where(truth == 0, 0.9, 0.1), np.where(truth == 1, 0.9, 0.1), np.zeros(400)])
        low, high = find_label_errors(samples, out_of_fold(samples, probabilities)).noise.wrong_interval
        held += low <= 40 <= high
    assert 51 <= held <= 60


def test_units_drawn_together_widen_the_interval():
    columns, probabilities, _ = noisy(7, 400, 3)
    columns, probabilities = np.repeat(columns[:40], 10), np.repeat(probabilities[:40], 10, axis=0)
    samples = samples_of(np.array(LEGEND.codes)[columns])
    judged = out_of_fold(samples, probabilities)
    alone = find_label_errors(samples, judged).noise.wrong_interval
    together = find_label_errors(samples, judged, units=np.repeat(np.arange(40), 10).astype(np.int32)).noise
    low, high = together.wrong_interval
    assert high - low > 2 * (alone[1] - alone[0])


def test_what_does_not_fit_is_refused():
    samples = samples_of([1, 5, 24])
    with pytest.raises(SampleError, match="3 samples have probabilities of 2"):
        find_label_errors(samples, out_of_fold(samples_of([1, 5]), np.full((2, 3), 1 / 3)))
    with pytest.raises(SampleError, match="No sample was judged"):
        find_label_errors(samples, out_of_fold(samples, np.full((3, 3), np.nan)))
    with pytest.raises(SampleError, match="no selection 'all'"):
        ConfidentOptions("all")
    with pytest.raises(SampleError, match="0 resamples"):
        ConfidentOptions(resamples=0)
