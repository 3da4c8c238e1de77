"""Advice on synthetic tables whose rule is known."""

import dataclasses
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cropmap
from cropmap.contract.errors import TransferError
from cropmap.transfer.advice import Situation, advise, judge_advice, scratch_wins_from
from cropmap.transfer.advice_table import Measures, Pair, Row, Table, Way, shipped_table

DIRECT, SHIFTED, POOLED, SCRATCH = (
    Way(name, {}, "random_forest") for name in ("direct", "shifted", "pooled", "scratch")
)
NETWORK, TUNED = Way("direct", {}, "tempcnn"), Way("fine_tune", {"preset": "head"}, "tempcnn")
COUNTS = (50, 100, 250, 500, 1000)
NAMES = ("corn", "other", "soybean")


def truth(way, auc, lag, labels):
    """Macro F1 by a rule: shift costs what the source knows, a lag costs all but `shifted`, labels teach `scratch`."""
    far = 2 * (auc - 0.5)
    alone = 0.9 - 2.0 / math.sqrt(labels) if labels else math.nan
    direct = 0.9 - 0.4 * far - 0.01 * lag
    return {
        "direct": direct,
        "shifted": 0.898 - 0.4 * far,
        "scratch": alone,
        "pooled": max(alone, 0.88 - 0.4 * far) if labels else math.nan,
        "fine_tune": max(alone, direct) + 0.03 if labels else math.nan,
    }[way.strategy]


def made(ways=(DIRECT, SHIFTED, SCRATCH), places=10, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(places):
        auc, lag = 0.5 + 0.5 * number / (places - 1), 20.0 * (number % 2)
        pair = Pair(f"pair {number}", f"place {number}", Measures(auc, lag, 0.1 * auc, auc / 2, 0.1))
        for way in ways:
            for labels in COUNTS if way.strategy in ("scratch", "pooled", "fine_tune") else (0,):
                score = truth(way, auc, lag, labels) + rng.normal(0, noise)
                rows.append(Row(pair, way, labels, score, score, 0.01, 3, 5.0, 2.0))
    return Table(tuple(rows))


def site(auc=0.6, lag=0.0, labels=0, **besides):
    each = dict.fromkeys(NAMES, labels // 3) if labels else {}
    known = {"samples": True, "series": True, "source_classes": NAMES, **besides}
    return Situation(labels=each, measures=Measures(auc, lag, 0.1 * auc, auc / 2, 0.1), **known)


def test_a_lag_makes_the_moved_calendar_the_first_advice_and_none_the_model_as_it_is():
    table = made(noise=0.002)
    assert advise(site(0.7, 20.0), table)[0].strategy == "shifted"
    assert {advice.strategy for advice in advise(site(0.7, 0.0), table)[:2]} == {"direct", "shifted"}


def test_without_labels_what_ever_fell_below_the_model_as_it_is_comes_last():
    """`shifted` gains 20 points on nine pairs and loses 2 on one: nobody would notice that at the target."""
    table = made()
    rows = [
        dataclasses.replace(row, macro_f1=truth(DIRECT, row.pair.measures.auc, row.pair.measures.lag_days, 0) + gain)
        for row in table.rows
        if row.way in (DIRECT, SHIFTED)
        for gain in [0.0 if row.way is DIRECT else -0.02 if row.pair.name == "pair 3" else 0.2]
    ]
    first, second = advise(site(), Table(tuple(rows)))
    assert (first.strategy, second.strategy) == ("direct", "shifted")
    assert second.expected.mid > first.expected.mid
    assert any("On pair 3 it fell 2.0 points below the source's model" in reason for reason in second.reasons)
    safe = Table(tuple(row for row in rows if row.pair.name != "pair 3"))
    (first, _) = advise(site(), safe)
    assert first.strategy == "shifted"
    assert any("On no measured pair did it fall more than 1 point" in reason for reason in first.reasons)


def test_labels_alone_are_advised_where_they_win():
    table = made(noise=0.002)
    assert advise(site(0.95, 20.0, labels=990), table)[0].strategy == "scratch"
    assert advise(site(0.55, 0.0, labels=51), table)[0].strategy != "scratch"


def test_the_expected_value_is_near_the_truth_and_inside_its_interval():
    table = made(noise=0.005)
    for auc, labels in ((0.6, 0), (0.8, 0), (0.8, 240)):
        for advice in advise(site(auc, 20.0, labels), table):
            own = truth(advice.way, auc, 20.0, labels)
            assert advice.expected.low <= own <= advice.expected.high
            assert advice.expected.mid == pytest.approx(own, abs=0.08)


def test_where_nothing_is_known_of_the_shift_the_mean_of_all_pairs_is_expected():
    table = made(noise=0.02)
    asked = dataclasses.replace(site(labels=300), measures=Measures())
    for advice in advise(asked, table):
        wanted = table.scores(300)[:, table.ways.index(advice.way)].mean()
        assert advice.expected.mid == pytest.approx(wanted, abs=1e-9)


def test_what_reads_no_labels_is_expected_to_reach_the_same_with_any_number_of_them():
    table = made(noise=0.02)
    found = [
        {advice.strategy: advice.expected.mid for advice in advise(site(0.8, 20.0, labels), table)}["direct"]
        for labels in (0, 60, 900)
    ]
    assert found[1:] == pytest.approx(found[:1] * 2, abs=1e-12)


def test_advice_says_what_it_was_taken_from():
    first = advise(site(0.7, 20.0, labels=240), made())[0]
    said = " ".join(first.reasons)
    assert "At 240 labels it was within 2 points of macro F1 of the best on" in said
    assert "the source's model as it is there" in said
    assert "At 240 labels strategies that learn from the target's labels alone were best on 2 of 2" in said
    assert first.seconds == pytest.approx(7.0)


def test_more_labels_never_lower_what_scratch_is_expected_to_reach():
    table = made((DIRECT, SHIFTED, SCRATCH, POOLED), noise=0.03)
    for auc in (0.55, 0.75, 0.95):
        mids = []
        for labels in (12, 51, 99, 180, 501, 1500, 6000):
            found = {advice.strategy: advice.expected.mid for advice in advise(site(auc, 0.0, labels), table)}
            mids.append(found["scratch"])
        assert (np.diff(mids) >= -1e-9).all()


def test_the_number_of_labels_from_which_scratch_wins_follows_the_rule():
    table = made()
    # 0.9 - 2 / sqrt(n) passes 0.89 - 0.8 (auc - 0.5), that of the moved calendar, at n = (2 / (0.8 auc - 0.39))^2.
    wanted = [next(count for count in COUNTS if count >= (2 / (0.8 * auc - 0.39)) ** 2) for auc in (0.8, 1.0)]
    assert [scratch_wins_from(site(auc, 20.0), table) for auc in (0.8, 1.0)] == wanted
    assert scratch_wins_from(site(0.5, 0.0), table) is None


def test_only_ways_without_labels_are_compared_where_it_is_asked():
    table = made((DIRECT, SHIFTED, SCRATCH, TUNED, NETWORK))
    asked = site(0.8, 20.0)
    assert scratch_wins_from(asked, table) is None
    assert scratch_wins_from(asked, table, label_free=True) == 100


def test_labels_of_half_the_classes_halve_what_they_alone_may_reach():
    table = made((DIRECT, SCRATCH))
    whole = dataclasses.replace(site(0.9), labels={"corn": 500, "Soja": 500}, source_classes=("corn", "soybean"))
    half = dataclasses.replace(whole, target_classes=("corn", "soybean", "rice", "other"))
    mids = [
        {advice.strategy: advice.expected.mid for advice in advise(asked, table)}["scratch"] for asked in (whole, half)
    ]
    assert mids[1] == pytest.approx(mids[0] / 2)
    assert "would not know other, rice" in " ".join(advise(half, table)[0].reasons)


@pytest.mark.parametrize(
    ("besides", "strategies"),
    [
        ({}, {"direct", "shifted"}),
        ({"series": False}, {"direct"}),
        ({"samples": False, "package": "random_forest"}, {"direct", "shifted"}),
        ({"samples": False, "labels": dict.fromkeys(NAMES, 9)}, {"scratch"}),
        ({"labels": dict.fromkeys(NAMES, 9)}, {"direct", "shifted", "scratch", "pooled", "fine_tune"}),
        ({"labels": dict.fromkeys(NAMES, 9), "models": ("random_forest",)}, {"direct", "shifted", "scratch", "pooled"}),
        ({"labels": dict.fromkeys(NAMES, 1)}, {"direct", "shifted"}),
    ],
)
def test_only_what_can_be_done_is_advised(besides, strategies):
    table = made((DIRECT, SHIFTED, SCRATCH, POOLED, TUNED))
    asked = dataclasses.replace(site(), **besides)
    assert {advice.strategy for advice in advise(asked, table)} == strategies


def test_a_package_of_another_network_takes_the_place_of_the_measured_one():
    table = made((DIRECT, NETWORK, SCRATCH, TUNED))
    found = advise(site(labels=240, package="ltae", samples=False), table)
    carried = {advice.strategy: advice for advice in found if advice.strategy != "scratch"}
    assert {advice.model for advice in carried.values()} == {"ltae"}
    assert any("tempcnn, of the kind of ltae" in reason for reason in carried["fine_tune"].reasons)
    # Its training is done.
    assert carried["fine_tune"].seconds == pytest.approx(5.0)


def test_a_model_that_was_not_measured_takes_the_place_of_one_of_its_kind():
    table = made((DIRECT, NETWORK, SCRATCH, TUNED))
    found = advise(dataclasses.replace(site(labels=240), models=("ltae",)), table)
    assert {(advice.strategy, advice.model) for advice in found} == {("direct", "ltae"), ("fine_tune", "ltae")}
    assert all("of the kind of ltae" in " ".join(advice.reasons) for advice in found)


def test_what_takes_too_long_is_left_out_unless_all_does():
    table = made((DIRECT, SHIFTED))
    rows = tuple(dataclasses.replace(row, seconds=500.0) if row.way is SHIFTED else row for row in table.rows)
    asked = site(0.9, 20.0)
    assert advise(asked, Table(rows))[0].strategy == "shifted"
    assert advise(dataclasses.replace(asked, seconds=60), Table(rows))[0].strategy == "direct"
    (only,) = advise(dataclasses.replace(asked, seconds=1), Table(rows))
    assert only.strategy == "direct"
    assert any("more than the 1 s" in reason for reason in only.reasons)


def test_scores_without_labels_decide_between_ways_that_are_expected_alike():
    table = made((DIRECT, SHIFTED))
    asked = site(0.6, 0.0)
    for better in ("direct, random_forest", "shifted, random_forest"):
        told = {name: 0.9 if name == better else 0.5 for name in ("direct, random_forest", "shifted, random_forest")}
        # Both are within a point of each other where no season is late.
        near = Table(tuple(row for row in table.rows if not row.pair.measures.lag_days))
        assert advise(dataclasses.replace(asked, information=told), near)[0].name == better


def test_where_the_table_knows_little_it_says_so():
    first = advise(dataclasses.replace(site(labels=12000), measures=Measures()), made())[0]
    said = " ".join(first.reasons)
    assert "the figures are a guess" in said
    assert "The shift was not measured" in said
    far = advise(Situation(measures=Measures(0.9, 170.0), samples=True, series=True), made())[0]
    assert any("No measured pair has a shift like this one" in reason for reason in far.reasons)


def test_advice_is_judged_on_places_that_it_does_not_know():
    found = judge_advice(made(noise=0.002, places=12))
    assert len(found.judged) == 12 * 6
    assert all(own.best_reached >= max(own.reached, own.fixed) for own in found.judged)
    assert found.within >= 0.85
    assert found.within >= found.fixed
    assert found.loss < 0.02
    assert 0.7 <= found.covered <= 1.0
    assert set(found.by_labels) == {0, *COUNTS}


def test_places_of_one_land_are_left_out_together():
    table = made(places=6)
    pairs = {
        pair.name: dataclasses.replace(pair, places=f"land {number // 2}") for number, pair in enumerate(table.pairs)
    }
    rows = tuple(dataclasses.replace(row, pair=pairs[row.pair.name]) for row in table.rows)
    with pytest.raises(TransferError, match="pairs of 4 places"):
        judge_advice(Table(rows))


def test_noise_makes_intervals_wider():
    widths = [
        (first := advise(site(0.7, 20.0), made(noise=noise))[0]).expected.high - first.expected.low
        for noise in (0.0, 0.2)
    ]
    assert widths[1] > 1.5 * widths[0]


def test_nothing_to_make_a_model_of_is_refused():
    with pytest.raises(TransferError, match="Give the source's package or samples"):
        advise(Situation(series=True, labels={"corn": 1}), made())
    with pytest.raises(TransferError, match="suits no strategy"):
        advise(Situation(package="tempcnn"), made((SCRATCH, POOLED)))


def test_the_table_that_is_shipped_advises_well():
    table = shipped_table()
    assert judge_advice(table).within > 0.5
    for labels in (0, 51, 501):
        assert advise(site(0.9, 10.0, labels), table)


def test_the_advisor_does_not_wait_for_a_network_library():
    code = "import sys, cropmap.transfer.advice; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code],
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(cropmap.__file__).parents[1])},
        ).returncode
        == 0
    )
