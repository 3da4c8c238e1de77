import dataclasses

import numpy as np
import pytest
from scipy.stats import entropy

from cropmap.contract.errors import PackageError, SampleError, TransferError
from cropmap.io.packages import read_package, write_package
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.training.start import package_digest
from cropmap.transfer import STRATEGIES
from cropmap.transfer.base import LABELS, Transfer, run_strategy
from cropmap.transfer.calendar_shift import ShiftParams, find_shift, score_of, source_shares
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
EQUAL = {"corn": 100, "other": 100, "soybean": 100}


@pytest.fixture(scope="module")
def forest(source):
    return fit(source, "random_forest", {"trees": 60}, OPTIONS)


def moved(package, lag, values=None, counts=None):
    """The package that the strategy makes for a site whose season is that much later."""
    series = site(counts or {"corn": 150, "other": 60, "soybean": 90}, seed=5, lag=lag).values
    return run_strategy("shifted", values or {}, Transfer(package=package, series=series, options=OPTIONS))


@pytest.mark.parametrize("lag", [-20, 10, 21, 35])
def test_a_shift_of_the_season_alone_is_found_and_costs_no_accuracy(forest, lag):
    found = moved(forest, lag)
    assert abs(found.shift_days + lag) <= 4
    at_home = accuracy(forest, site(EQUAL, seed=8))
    there = site(EQUAL, seed=9, lag=lag)
    assert accuracy(found, there) > at_home - 0.01
    assert accuracy(forest, there) < at_home - 0.05


def test_where_no_season_is_shifted_the_model_stays_as_it_is(forest):
    found = moved(forest, 0)
    assert found.shift_days == 0
    values = site(EQUAL, seed=9).values
    assert Predictor(found).probabilities(values).tobytes() == Predictor(forest).probabilities(values).tobytes()


def test_a_gain_that_may_be_chance_moves_nothing_but_is_told(forest):
    found = moved(forest, 21, {"least_gain": 10.0})
    assert found.shift_days == 0
    about = found.record["calendar_shift"]
    assert abs(about["best"] + 21) <= 4
    assert about["days"] == 0
    assert len(about["scores"]) == len(about["tried"])


def test_no_more_days_are_tried_than_allowed(forest):
    found = moved(forest, 21, {"longest": 10})
    tried = found.record["calendar_shift"]["tried"]
    assert (min(tried), max(tried)) == (-10, 9)
    assert found.shift_days >= -10


@pytest.mark.parametrize("how", ["entropy", "shares"])
def test_the_other_criteria_find_it_too_where_the_mix_of_crops_is_the_source_s(forest, how):
    assert abs(moved(forest, 21, {"how": how}, EQUAL).shift_days + 21) <= 4


def test_a_package_that_is_moved_already_has_to_be_beaten(forest):
    series = site(EQUAL, seed=5, lag=21).values
    already = dataclasses.replace(forest, shift_days=-20.0)
    found = find_shift(already, series, ShiftParams(), seed=0)
    assert found.days == -20
    assert -20 in found.tried


def test_scores_of_answers_are_those_of_scipy():
    probabilities = np.random.default_rng(0).dirichlet([0.5, 1, 2], 50)
    mean, each = probabilities.mean(axis=0), entropy(probabilities, axis=1).mean()
    shares = np.array([0.2, 0.3, 0.5])
    assert score_of(probabilities, "entropy") == pytest.approx(-each)
    assert score_of(probabilities, "information") == pytest.approx(entropy(mean) - each)
    assert score_of(probabilities, "shares", shares) == pytest.approx(-entropy(shares, mean) - each)


def test_one_sure_class_for_all_tells_nothing_and_all_classes_alike_tell_most():
    sure = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    assert score_of(sure) == pytest.approx(np.log(3))
    assert score_of(np.eye(3)[[1] * 6]) == pytest.approx(0)
    assert score_of(np.full((6, 3), 1 / 3)) == pytest.approx(0)


def test_shares_are_those_of_the_samples_that_the_model_was_made_of(source):
    some = source.subset(np.arange(len(source)) < 300)
    package = fit(some, "random_forest", {"trees": 5}, OPTIONS)
    np.testing.assert_allclose(source_shares(package), [0.4, 0.4, 0.2])
    np.testing.assert_allclose(source_shares(dataclasses.replace(package, record={})), 1 / 3)


def test_many_series_are_drawn_by_the_seed(forest):
    series, params = site({"corn": 300, "soybean": 300}, seed=5, lag=14).values, ShiftParams(most_series=100)
    first, again, other = (find_shift(forest, series, params, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.series == 100
    assert first.scores != other.scores


def test_a_handful_of_series_is_refused(forest):
    with pytest.raises(SampleError, match="9 series"):
        find_shift(forest, np.zeros((9, 12, 3), np.float32), ShiftParams(), seed=0)


def test_no_label_is_asked_for_but_series_are(forest):
    assert LABELS not in STRATEGIES.get("shifted").needs
    with pytest.raises(TransferError, match="needs series of the target"):
        run_strategy("shifted", {}, Transfer(package=forest))


def test_the_shift_travels_in_the_package(forest, tmp_path):
    package = dataclasses.replace(forest, shift_days=-21.0)
    found = read_package(write_package(tmp_path / "model.cropmap", package))
    assert found.shift_days == -21.0
    values = site(EQUAL, seed=9, lag=21).values
    assert Predictor(found).probabilities(values).tobytes() == Predictor(package).probabilities(values).tobytes()
    assert read_package(write_package(tmp_path / "plain.cropmap", forest)).shift_days == 0
    assert package_digest(package) != package_digest(forest)


@pytest.mark.parametrize("wrong", [True, "3", None, 400, 10**400, [1]])
def test_a_shift_that_is_none_is_refused_when_a_package_is_read(forest, tmp_path, monkeypatch, wrong):
    from cropmap.io import packages

    plain = packages.json.dumps
    monkeypatch.setattr(packages.json, "dumps", lambda fields, **how: plain({**fields, "shift_days": wrong}, **how))
    path = write_package(tmp_path / "model.cropmap", forest)
    with pytest.raises(PackageError, match="cannot be moved by"):
        read_package(path)


def test_series_are_moved_before_they_are_scaled_whatever_their_number(forest):
    package = dataclasses.replace(forest, shift_days=-21.0)
    values = site(EQUAL, seed=9, lag=21).values
    values[3, 2, 1] = np.nan
    found = Predictor(package).probabilities(values)
    by_hand = np.stack(
        [[np.interp(forest.days + 21, forest.days, band) for band in series.T] for series in values]
    ).swapaxes(1, 2)
    wanted = Predictor(forest).probabilities(by_hand.astype(np.float32))
    assert np.isnan(found[3]).all()
    assert np.isnan(found).all(axis=1).sum() == 1
    kept = np.arange(len(values)) != 3
    assert (found[kept].argmax(axis=1) == wanted[kept].argmax(axis=1)).mean() > 0.99
