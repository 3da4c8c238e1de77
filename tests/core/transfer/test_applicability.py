from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from cropmap.contract.errors import ModelError, PackageError, SampleError, TransferError
from cropmap.data.applicability import FEATURES, INPUTS
from cropmap.data.legend import NODATA
from cropmap.data.samples import FoldPlan
from cropmap.io.packages import read_package, write_package
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.applicability import AreaOptions, fit_area, mean_distance, whisker, with_area
from tests.core.transfer.conftest import site

OPTIONS = FitOptions(seed=0, device="cpu", threads=1)
SHARE = {"corn": 120, "other": 120, "soybean": 120}


def folds_of(samples, folds=4, seed=0):
    fold = np.random.default_rng(seed).integers(0, folds, len(samples)).astype(np.int8)
    return FoldPlan(fold, np.arange(len(samples), dtype=np.int32), samples.codes, float("nan"))


@pytest.fixture(scope="module")
def forest(source):
    return fit(source, "random_forest", {"trees": 20}, OPTIONS)


@pytest.fixture(scope="module")
def known(forest, source):
    return with_area(forest, source, folds_of(source))


def written_out(samples, fold, values):
    """The published definition, one formula after the other: index of values, threshold, and its training indexes."""
    rows = samples.values.reshape(len(samples), -1).astype(np.float64)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    trained, asked = (rows - mean) / deviation, (values.reshape(len(values), -1) - mean) / deviation
    scale = pdist(trained).mean()
    between = cdist(trained, trained)
    between[fold[:, None] == fold[None, :]] = np.inf
    indexes = between.min(axis=1) / scale
    low, high = np.percentile(indexes, [25, 75])
    threshold = indexes[indexes <= high + 1.5 * (high - low)].max()
    return cdist(asked, trained).min(axis=1) / scale, threshold, indexes


def test_index_and_threshold_are_the_papers_written_out(known, source):
    plan, asked = folds_of(source), site(SHARE, seed=4, lag=10).values
    truth, threshold, indexes = written_out(source, plan.fold, asked)
    area = known.applicability
    found = area.index(Predictor(known).inputs(asked))
    np.testing.assert_allclose(found, truth, rtol=1e-4)
    assert area.threshold == pytest.approx(threshold, rel=1e-4)
    assert area.beyond == pytest.approx((indexes > threshold).mean(), abs=1e-9)


def test_training_series_are_not_moved_as_those_of_another_site_are(forest, source):
    moving = with_area(replace(forest, shift_days=-28.0), source, folds_of(source))
    still = with_area(forest, source, folds_of(source))
    np.testing.assert_array_equal(moving.applicability.reference, still.applicability.reference)
    assert moving.shift_days == -28.0


def test_a_crop_that_nobody_taught_is_outside_and_the_training_site_is_not(known):
    """The legend of the model has no rice; its curve peaks a month after that of soybean."""
    found = Predictor(known).outside(site({"rice": 200}, seed=5).values)
    assert (found > 100).mean() > 0.95
    fresh = Predictor(known).outside(site({"corn": 700, "other": 700, "soybean": 700}, seed=6).values)
    # As often as the threshold promised, give and take chance.
    assert (fresh > 100).mean() < known.applicability.beyond + 0.02


def test_fewer_kept_series_promise_no_more_false_alarms(forest, source):
    fresh = site({"corn": 700, "other": 700, "soybean": 700}, seed=6).values
    for rows in (30, 100):
        package = with_area(forest, source, folds_of(source), AreaOptions(rows=rows))
        assert len(package.applicability.reference) == rows
        assert (Predictor(package).outside(fresh) > 100).mean() < package.applicability.beyond + 0.03


def test_kept_series_are_of_each_class_about_the_same_number(forest):
    samples = site({"corn": 300, "other": 40, "soybean": 10}, seed=3)
    found = fit_area(forest, samples, folds_of(samples), AreaOptions(rows=70))
    rows = samples.values.reshape(len(samples), -1)
    standardised = ((rows - found.centre) * found.factors).astype(np.float32)
    kept = samples.codes[[int(np.abs(standardised - row).sum(axis=1).argmin()) for row in found.reference]]
    assert np.bincount(kept).max() == 30
    assert sorted(np.unique(kept, return_counts=True)[1].tolist()) == [10, 30, 30]


def test_the_threshold_grows_where_folds_lie_apart(forest, source):
    """Each fold one crop: what the model was tested on was farther than chance folds make it look."""
    apart = replace(folds_of(source), fold=np.searchsorted(np.unique(source.codes), source.codes).astype(np.int8))
    chance, strict = (fit_area(forest, source, plan) for plan in (folds_of(source), apart))
    assert strict.threshold > 1.5 * chance.threshold


def test_samples_too_near_to_a_fold_are_not_compared_with_its_samples(forest, source):
    plan = folds_of(source, folds=2)
    double = replace(source, values=np.concatenate([source.values[:180]] * 2))
    plan = replace(plan, fold=np.repeat(np.array([0, 1], np.int8), 180))
    with pytest.raises(SampleError, match="Take each only once"):
        fit_area(forest, double, plan)
    near = np.zeros((360, 2), bool)
    near[180:, 0] = near[:180, 1] = True
    near[200:, 0] = near[20:180, 1] = False
    near[180:200, 0] = True
    assert fit_area(forest, source, replace(plan, near=near)).threshold > 0


def test_an_input_without_importance_does_not_count(forest, source):
    importance = np.ones((3, 12))
    importance[2] = 0  # the band swir1
    importance[0] = -0.5  # below 0 is chance
    package = with_area(forest, source, folds_of(source), AreaOptions(importance=importance))
    strange = source.values.copy()
    strange[:, :, [0, 2]] += 5
    plain = Predictor(package).outside(source.values)
    np.testing.assert_array_equal(Predictor(package).outside(strange), plain)
    assert (plain <= 100).all()
    strange[:, :, 1] += 5
    assert (Predictor(package).outside(strange) == 254).all()


def test_an_input_that_is_the_same_in_all_training_series_does_not_count(forest, source):
    flat = replace(source, values=np.where(np.arange(3) == 1, np.float32(0.25), source.values))
    area = fit_area(forest, flat, folds_of(flat))
    assert (area.factors.reshape(12, 3)[:, 1] == 0).all()
    assert np.isfinite(area.reference).all()


def test_the_kept_series_themselves_have_distance_0(known, source):
    found = Predictor(known)
    indexes = known.applicability.index(found.inputs(source.values))
    assert (indexes == 0).mean() > 0.99  # all of the samples are kept
    assert (found.outside(source.values) <= 100).all()


def test_a_row_is_as_far_whatever_stands_beside_it(known):
    values = site(SHARE, seed=7, lag=9).values
    found = Predictor(known)
    together = known.applicability.index(found.inputs(values))
    alone = [known.applicability.index(found.inputs(values[row : row + 1]))[0] for row in range(0, 360, 7)]
    assert alone == together[::7].tolist()


def test_rows_without_values_are_told_and_far_rows_are_far(known, source):
    values = source.values[:4].copy()
    values[0, 3, 1] = np.nan
    values[1, 3, 1] = 3e38
    values[2] = 1e6
    found = Predictor(known).outside(values)
    assert found[0] == NODATA
    assert found[1:3].tolist() == [254, 254]
    assert found[3] <= 100


def test_the_package_keeps_its_area_on_disk_and_the_same_bytes(known, tmp_path):
    path = write_package(tmp_path / "a.cropmap", known)
    found = read_package(path)
    values = site(SHARE, seed=4, lag=10).values
    np.testing.assert_array_equal(Predictor(found).outside(values), Predictor(known).outside(values))
    assert write_package(tmp_path / "b.cropmap", found).read_bytes() == path.read_bytes()


def test_a_package_without_an_area_does_not_pretend_to_know(forest, source):
    with pytest.raises(ModelError, match="Train it again with the area of applicability"):
        Predictor(forest).outside(source.values)


def test_the_area_sees_what_the_model_is_given_also_with_a_shifted_calendar(known):
    late = site(SHARE, seed=8, lag=28)
    before = (Predictor(known).outside(late.values) > 100).mean()
    after = (Predictor(replace(known, shift_days=-28.0)).outside(late.values) > 100).mean()
    assert after < before - 0.1


@pytest.mark.torch
@pytest.mark.parametrize("space", [INPUTS, FEATURES])
def test_a_networks_area_may_compare_inputs_or_features(source, space):
    network = fit(source, "tempcnn", {"width": 8, "dense": 16, "epochs": 8, "batch_size": 32}, OPTIONS)
    package = with_area(network, source, folds_of(source), AreaOptions(space=space))
    found = Predictor(package)
    width = found.features(source.values[:1]).shape[1] if space == FEATURES else 36
    assert package.applicability.reference.shape == (360, width)
    fresh = found.outside(site({"corn": 300, "other": 300, "soybean": 300}, seed=6).values)
    assert (fresh > 100).mean() < package.applicability.beyond + 0.04
    assert (found.outside(source.values + 3) > 100).all()


def test_the_whisker_leaves_outliers_out():
    assert whisker(np.array([1.0, 2, 3, 4, 5, 100])) == 5
    assert whisker(np.array([1.0, 2, 3, 4, 5, 6])) == 6


def test_the_mean_distance_is_scipys():
    rows = np.random.default_rng(0).normal(size=(700, 5)).astype(np.float32)
    assert mean_distance(rows) == pytest.approx(pdist(rows.astype(np.float64)).mean(), rel=1e-9)


def test_the_seed_decides_which_series_are_kept(forest, source):
    plan = folds_of(source)
    one, same, other = (fit_area(forest, source, plan, AreaOptions(rows=50, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.reference, same.reference)
    assert one.threshold == same.threshold
    assert not np.array_equal(one.reference, other.reference)


def test_one_fold_tells_no_threshold(forest, source):
    plan = replace(folds_of(source), fold=np.zeros(len(source), np.int8))
    with pytest.raises(SampleError, match="Split them into two folds"):
        fit_area(forest, source, plan)


def test_samples_of_other_days_are_refused(forest, source):
    with pytest.raises(PackageError, match="recipe"):
        fit_area(forest, replace(source, days=source.days + 1), folds_of(source))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"space": "pixels"}, "Choose one of inputs, features"), ({"rows": 1}, "Keep at least two"),
     ({"space": FEATURES, "importance": np.ones((3, 12))}, "Compare inputs")],
)  # fmt: skip
def test_wrong_options_are_refused(wrong, said):
    with pytest.raises(TransferError, match=said):
        AreaOptions(**wrong)


def test_an_importance_of_another_shape_is_refused(forest, source):
    with pytest.raises(SampleError, match="Give a finite number for each band and step"):
        fit_area(forest, source, folds_of(source), AreaOptions(importance=np.ones((3, 11))))
