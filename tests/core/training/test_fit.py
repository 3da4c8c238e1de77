import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from cropmap.contract.errors import JobError, ModelError, ParameterError, SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.data.samples import FoldPlan
from cropmap.io.packages import write_package
from cropmap.models.base import model_class
from cropmap.models.predictor import Predictor
from cropmap.training import fit as fit_module
from cropmap.training.fit import FitOptions, check_fit, cross_validate, fingerprint, fit, fit_once
from cropmap.training.scaling import fit_scaling

FOREST = ("random_forest", {"trees": 8})
NET = (
    "transformer",
    {"width": 8, "layers": 1, "heads": 2, "feed_forward": 8, "epochs": 3, "batch_size": 16, "learning_rate": 0.01},
)
MODELS = pytest.mark.parametrize(("model", "values"), [FOREST, NET], ids=["forest", "transformer"])
OPTIONS = FitOptions(seed=1, device="cpu", threads=1)


def folds(samples, count=4):
    return (np.arange(len(samples)) // 5 % count).astype(np.int8)


def planned(samples, fold):
    _, units = np.unique(samples.groups, return_inverse=True)
    return FoldPlan(fold, units.astype(np.int32), samples.codes, 1000.0)


def replaced(samples, chosen, seed=99):
    values = samples.values.copy()
    values[chosen] = np.random.default_rng(seed).normal(0, 5, values[chosen].shape).astype(np.float32)
    return dataclasses.replace(samples, values=values)


@MODELS
def test_the_same_seed_gives_the_same_package(make_samples, model, values):
    one, other = (fit(make_samples(), model, values, OPTIONS, Progress()) for _ in range(2))
    assert one.record == other.record
    assert one.fingerprint == other.fingerprint
    for name, array in one.arrays.items():
        assert array.tobytes() == other.arrays[name].tobytes()


@MODELS
def test_the_package_tells_only_the_classes_that_occur(make_samples, model, values):
    package = fit(make_samples(), model, values, OPTIONS, Progress())
    assert package.legend.codes == (1, 5)
    assert package.record["samples"] == {"maize": 30, "soybean": 30}
    assert package.bands == ("b0", "b1")
    assert package.days.tolist() == [0, 7, 14, 21, 28]
    assert set(package.record["versions"]) >= {"cropmap", "numpy", "torch", "scikit-learn"}


def test_a_forest_is_not_scaled_and_learns_from_every_sample(make_samples):
    package = fit(make_samples(), *FOREST, OPTIONS, Progress())
    assert package.scaling.mean.size == 0
    assert package.record["training_samples"] == 60
    assert package.record["validation_samples"] == 0


def test_scaling_is_fitted_on_training_samples_only(make_samples):
    samples = make_samples()
    held = np.arange(60) >= 50
    package = fit(samples, *NET, OPTIONS, Progress(), held)
    expected = fit_scaling(samples.values[~held])
    assert package.scaling.mean.tobytes() == expected.mean.tobytes()
    changed = fit(replaced(samples, held), *NET, OPTIONS, Progress(), held)
    assert changed.scaling.mean.tobytes() == expected.mean.tobytes()
    assert changed.scaling.deviation.tobytes() == expected.deviation.tobytes()


def test_drawn_validation_samples_are_whole_groups_near_the_share(make_samples):
    package = fit(make_samples(), *NET, OPTIONS, Progress())
    assert package.record["validation_samples"] == 10  # two groups of five are the most within a fifth of 60
    assert package.record["training_samples"] == 50


def test_single_samples_validate_where_there_is_one_group_and_the_user_is_told(make_samples):
    samples = make_samples()
    told = []
    one_group = dataclasses.replace(samples, groups=np.full(60, "all"))
    package = fit(one_group, *NET, OPTIONS, Progress(warn=told.append))
    assert package.record["validation_samples"] == 12
    assert "single samples" in told[0]


def test_the_record_keeps_every_epoch_and_which_was_best(make_samples):
    record = fit(make_samples(), *NET, OPTIONS, Progress()).record
    losses = [epoch["validation_loss"] for epoch in record["epochs"]]
    assert len(losses) == 3
    assert record["best_epoch"] == 1 + int(np.argmin(losses))
    assert record["device"] == "cpu"


def test_samples_of_one_class_are_refused(make_samples):
    samples = make_samples()
    with pytest.raises(SampleError, match="at least two classes"):
        fit(samples.subset(samples.codes == 1), *FOREST, OPTIONS, Progress())


@pytest.mark.parametrize("keep", [1])
def test_a_class_with_one_training_sample_is_refused(make_samples, keep):
    samples = make_samples()
    chosen = (samples.codes == 1) | (np.cumsum(samples.codes == 5) <= keep)
    with pytest.raises(SampleError, match="'soybean' has 1 training sample;"):
        fit(samples.subset(chosen), *FOREST, OPTIONS, Progress())


def test_a_mask_that_leaves_a_class_without_training_samples_is_refused(make_samples):
    samples = make_samples()
    with pytest.raises(SampleError, match="'maize' has 0 training samples"):
        fit(samples, *NET, OPTIONS, Progress(), samples.codes == 1)


@pytest.mark.parametrize("mask", [np.zeros(60, bool), np.zeros(3, bool), np.zeros(60, int)])
def test_a_wrong_validation_mask_is_refused(make_samples, mask):
    with pytest.raises(SampleError):
        fit(make_samples(), *NET, OPTIONS, Progress(), mask)


def test_unknown_models_and_parameters_are_told(make_samples):
    with pytest.raises(JobError, match="random_forest"):
        fit(make_samples(), "oracle", {}, OPTIONS, Progress())
    with pytest.raises(ParameterError, match="is below"):
        fit(make_samples(), "random_forest", {"trees": 0}, OPTIONS, Progress())


def test_a_forest_can_be_cancelled_between_trees(make_samples):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        fit(make_samples(), "random_forest", {"trees": 100}, OPTIONS, Progress(cancelled=cancelled))


def test_the_fingerprint_sees_ids_codes_and_values(make_samples):
    samples = make_samples()
    swapped = samples.ids.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    nudged = samples.values.copy()
    nudged[3, 2, 1] = np.nextafter(nudged[3, 2, 1], np.float32(1))
    recoded = samples.codes.copy()
    recoded[0] = 9
    others = [
        dataclasses.replace(samples, ids=swapped),
        dataclasses.replace(samples, values=nudged),
        dataclasses.replace(samples, codes=recoded),
    ]
    prints = {fingerprint(found) for found in (samples, *others)}
    assert len(prints) == 4
    assert fingerprint(make_samples()) == fingerprint(samples)
    assert all(len(found) == 64 for found in prints)


@MODELS
def test_no_pixel_of_a_fold_touches_the_model_that_predicts_it(make_samples, model, values):
    """The fold's model judges the same probe alike, whatever the fold's own values and labels are."""
    samples = make_samples()
    fold = folds(samples)
    tested = fold == 2
    kept = tested & (np.arange(60) % 2 == 0)  # class 1 of fold 2: the probe
    changed = replaced(samples, tested & ~kept)
    one = cross_validate(samples, planned(samples, fold), model, values, OPTIONS, Progress())
    other = cross_validate(changed, planned(samples, fold), model, values, OPTIONS, Progress())
    assert one.probabilities[kept].tobytes() == other.probabilities[kept].tobytes()
    assert one.records[2] == other.records[2]
    assert one.probabilities[fold == 0].tobytes() != other.probabilities[fold == 0].tobytes()


@MODELS
def test_an_out_of_fold_prediction_is_that_of_a_model_fitted_on_the_other_folds(make_samples, model, values):
    samples = make_samples()
    fold = folds(samples)
    found = cross_validate(samples, planned(samples, fold), model, values, OPTIONS, Progress())
    others = fold != 1
    held = (fold == 0)[others]  # the first other fold decides when a network stops
    package = fit(samples.subset(others), model, values, OPTIONS, Progress(), held)
    expected = Predictor(package)
    assert found.probabilities[fold == 1].tobytes() == expected.probabilities(samples.values[fold == 1]).tobytes()
    assert found.codes[fold == 1].tolist() == expected.codes(samples.values[fold == 1]).tolist()


def test_separable_classes_are_told_apart_out_of_fold(make_samples):
    samples = make_samples()
    found = cross_validate(samples, planned(samples, folds(samples)), *FOREST, OPTIONS, Progress())
    assert (found.codes == samples.codes).mean() >= 0.95
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-6)
    assert sorted(found.records) == [0, 1, 2, 3]
    assert found.notes == ()


def test_samples_of_no_fold_are_not_predicted(make_samples):
    samples = make_samples()
    fold = folds(samples)
    fold[:5] = -1
    found = cross_validate(samples, planned(samples, fold), *FOREST, OPTIONS, Progress())
    assert (found.codes[:5] == NODATA).all()
    assert np.isnan(found.probabilities[:5]).all()
    assert (found.codes[5:] != NODATA).all()
    assert found.records[0]["training_samples"] == 55 - int((fold == 0).sum())


def test_a_class_of_one_fold_only_is_noted_and_never_predicted_there(make_samples):
    samples = make_samples()
    codes = samples.codes.copy()
    fold = folds(samples)
    codes[np.flatnonzero(fold == 3)[:4]] = 9
    found = cross_validate(
        dataclasses.replace(samples, codes=codes), planned(samples, fold), *FOREST, OPTIONS, Progress()
    )
    assert len(found.notes) == 1
    assert "other" in found.notes[0]
    assert found.legend.codes == (1, 5, 9)
    assert (found.probabilities[fold == 3][:, 2] == 0).all()
    assert (found.probabilities[fold == 0].sum(axis=1) > 0.999).all()


def test_a_single_fold_is_refused(make_samples):
    samples = make_samples()
    with pytest.raises(SampleError, match="two folds"):
        cross_validate(samples, planned(samples, np.zeros(60, np.int8)), *FOREST, OPTIONS, Progress())
    with pytest.raises(SampleError, match="Give a plan of these samples"):
        cross_validate(samples, planned(samples, np.zeros(3, np.int8)), *FOREST, OPTIONS, Progress())


def test_a_network_is_cross_validated_with_two_folds(make_samples):
    samples = make_samples()
    found = cross_validate(samples, planned(samples, folds(samples, 2)), *NET, OPTIONS, Progress())
    assert (found.codes != NODATA).all()
    assert found.records[0]["validation_samples"] == 5  # of 30 training samples, one group of five is within a fifth


# ---------------------------------------------------------------- before any sample


@pytest.mark.parametrize(
    ("model", "values", "device", "error", "message"),
    [
        ("forrest", {}, "auto", JobError, "Known: .*random_forest, .*transformer"),
        ("random_forest", {"trees": 0}, "auto", ParameterError, "trees: 0 is below 1"),
        ("random_forest", {"heads": 2}, "auto", ParameterError, "heads: is not a parameter here"),
        ("transformer", {"width": 10, "heads": 8}, "auto", ParameterError, "no multiple of 8 heads. Change either"),
        ("transformer", {"width": 7, "heads": 7}, "cpu", ParameterError, "7 is odd"),
        ("transformer", {}, "tpu", ModelError, "There is no device 'tpu'"),
    ],
)
def test_what_a_fit_would_refuse_is_refused_before_it(model, values, device, error, message):
    with pytest.raises(error, match=message):
        check_fit(model, values, device)


def test_a_missing_gpu_is_refused_before_a_fit(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ModelError, match=r"PyTorch sees none.*Choose device"):
        check_fit("transformer", {}, "cuda")
    check_fit("random_forest", {}, "cuda")


@MODELS
def test_what_a_fit_takes_passes_and_draws_no_random_number(model, values):
    import torch

    before = torch.random.get_rng_state()
    check_fit(model, values, "cpu")
    check_fit(model)
    assert torch.equal(before, torch.random.get_rng_state())


def test_checking_a_forest_does_not_import_pytorch():
    code = "import sys; from cropmap.training.fit import check_fit; check_fit('random_forest'); "
    command = [sys.executable, "-c", code + "print('torch' in sys.modules)"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


# ---------------------------------------------------------------- what a plan keeps apart


def near_of(samples, fold):
    """Some samples that lie too near to a fold, (sample, fold)."""
    near = np.zeros((len(samples), int(fold.max()) + 1), bool)
    near[[3, 7, 27], [2, 2, 0]] = fold[[3, 7, 27]] != [2, 2, 0]
    return near


@MODELS
def test_what_lies_near_a_fold_touches_neither_the_model_tested_there_nor_its_stopping(make_samples, model, values):
    samples = make_samples()
    fold = folds(samples)
    near = near_of(samples, fold)
    plan = dataclasses.replace(planned(samples, fold), near=near)
    changed = replaced(samples, near[:, 2])
    one = cross_validate(samples, plan, model, values, OPTIONS, Progress())
    other = cross_validate(changed, plan, model, values, OPTIONS, Progress())
    assert near[:, 2].sum() == 2
    assert one.probabilities[fold == 2].tobytes() == other.probabilities[fold == 2].tobytes()
    assert one.records[2] == other.records[2]
    rest = fold == 3  # its model learns from both
    assert one.probabilities[rest].tobytes() != other.probabilities[rest].tobytes()


def test_a_forest_sees_the_whole_training_of_its_fold_and_nothing_else(make_samples):
    samples = make_samples()
    fold = folds(samples)
    plan = dataclasses.replace(planned(samples, fold), near=near_of(samples, fold))
    found = cross_validate(samples, plan, *FOREST, OPTIONS, Progress())
    for number in range(4):
        package = fit(samples.subset(plan.train_mask(number)), *FOREST, OPTIONS, Progress())
        own = fold == number
        assert found.probabilities[own].tobytes() == Predictor(package).probabilities(samples.values[own]).tobytes()


def test_what_lies_near_the_fold_that_stops_a_network_does_not_train_it(make_samples):
    samples = make_samples()
    fold = folds(samples)
    plan = dataclasses.replace(planned(samples, fold), near=near_of(samples, fold))
    found = cross_validate(samples, plan, *NET, OPTIONS, Progress())
    # Fold 0 stops the network that is tested on fold 1; sample 27 lies near to fold 0.
    assert fold[27] == 1
    assert found.records[2]["validation_samples"] == (plan.train_mask(2) & (fold == 0)).sum()
    used = plan.train_mask(2) & plan.train_mask(0)
    assert found.records[2]["training_samples"] == used.sum()
    assert not used[27]


@pytest.mark.parametrize("model", ["random_forest", "transformer"])
def test_a_fold_that_everything_lies_too_near_to_is_refused_in_words(make_samples, model):
    samples = make_samples()
    fold = folds(samples)
    plan = dataclasses.replace(planned(samples, fold), near=np.ones((len(samples), 4), np.bool_))
    with pytest.raises(SampleError, match=r"too near to it.*less far"):
        cross_validate(samples, plan, model, {}, OPTIONS)


def test_with_two_folds_whole_units_stop_a_network(make_samples):
    samples = make_samples()
    fold = folds(samples, 2)
    # Units of ten: two groups each, so that a drawn unit is ten samples where groups would be five.
    units = (np.arange(60) // 20).astype(np.int32) * 2 + fold
    plan = FoldPlan(fold, units.astype(np.int32), samples.codes, 1000.0)
    options = dataclasses.replace(OPTIONS, validation_share=0.4)
    found = cross_validate(samples, plan, *NET, options, Progress())
    assert {record["validation_samples"] for record in found.records.values()} == {10}


# ---------------------------------------------------------------- interrupted and gone on


LONG = (NET[0], {**NET[1], "epochs": 6, "dropout": 0.2, "jitter": 0.1})


def interrupted(work, points):
    """Run some work that is cancelled after so many points of curves; return the names of these curves."""
    curves = []
    progress = Progress(point=lambda curve, _: curves.append(curve), cancelled=lambda: len(curves) >= points)
    with pytest.raises(Cancelled):
        work(progress)
    return curves


def test_an_interrupted_fit_ends_with_the_same_package(make_samples, tmp_path):
    samples, folder = make_samples(), tmp_path / "checkpoints"
    options = dataclasses.replace(OPTIONS, checkpoints=folder)
    curves = interrupted(lambda progress: fit(samples, *LONG, options, progress), 3)
    assert curves == ["Model"] * 3
    assert len(list(folder.iterdir())) == 1
    again, whole = fit(samples, *LONG, options), fit(samples, *LONG, OPTIONS)
    assert again.record == whole.record
    assert all(again.arrays[name].tobytes() == array.tobytes() for name, array in whole.arrays.items())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("other", ["values", "seed", "params", "validation"])
def test_what_was_interrupted_of_another_task_is_not_gone_on_from(make_samples, tmp_path, other):
    samples, told = make_samples(), []
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    held = np.arange(60) >= 50
    interrupted(lambda progress: fit(samples, *LONG, options, progress, held), 2)
    asked = {"samples": samples, "values": LONG[1], "options": options, "validation": held}
    asked |= {
        "values": {"samples": make_samples(seed=1)},
        "seed": {"options": dataclasses.replace(options, seed=2)},
        "params": {"values": {**LONG[1], "dropout": 0.1}},
        "validation": {"validation": np.arange(60) < 10},
    }[other]
    found = fit(model=LONG[0], progress=Progress(warn=told.append), **asked)
    plain = dataclasses.replace(asked["options"], checkpoints=None)
    expected = fit(model=LONG[0], **{**asked, "options": plain})
    assert "is that of another training" in told[0]
    assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in expected.arrays.items())


def test_a_cancelled_fit_hands_on_the_best_package_so_far(make_samples):
    samples, kept = make_samples(), []
    options = dataclasses.replace(OPTIONS, keep=kept.append)
    interrupted(lambda progress: fit(samples, *LONG, options, progress), 4)
    (package,) = kept
    whole = fit(samples, *LONG, OPTIONS)
    assert package.record["cancelled_after_epoch"] == 4
    assert package.record["epochs"] == whole.record["epochs"][:4]
    assert Predictor(package).probabilities(samples.values).shape == (60, 2)
    interrupted(lambda progress: fit(samples, *LONG, options, progress), 0)
    assert len(kept) == 1


@MODELS
def test_finished_folds_are_not_fitted_again(make_samples, tmp_path, monkeypatch, model, values):
    samples = make_samples()
    plan = planned(samples, folds(samples))
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    whole = cross_validate(samples, plan, model, values, OPTIONS)
    stopped = []

    def stop(number, *_):
        stopped.append(number)
        if number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        cross_validate(samples, plan, model, values, options, each=stop)
    assert stopped == [0, 1, 2]
    fitted = []
    plain = fit_module.fit
    monkeypatch.setattr(fit_module, "fit", lambda *given: fitted.append(given[0]) or plain(*given))
    found = cross_validate(samples, plan, model, values, options)
    assert len(fitted) == 1
    assert found.probabilities.tobytes() == whole.probabilities.tobytes()
    assert found.records == whole.records


def test_a_damaged_fold_is_told_and_fitted_anew(make_samples, tmp_path):
    samples, told = make_samples(), []
    plan = planned(samples, folds(samples, 2))
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    whole = cross_validate(samples, plan, *FOREST, options)
    (path,) = (tmp_path / "fold_2").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    found = cross_validate(samples, plan, *FOREST, options, Progress(warn=told.append))
    assert found.probabilities.tobytes() == whole.probabilities.tobytes()
    assert len(told) == 1


def test_cancelling_a_cross_validation_hands_on_no_fold_s_model(make_samples):
    samples, kept = make_samples(), []
    options = dataclasses.replace(OPTIONS, keep=kept.append)
    plan = planned(samples, folds(samples))
    curves = interrupted(lambda progress: cross_validate(samples, plan, *LONG, options, progress), 8)
    assert curves == ["Fold 1"] * 6 + ["Fold 2"] * 2
    assert kept == []


def test_each_fold_is_told_with_its_package_and_test_samples(make_samples):
    samples = make_samples()
    fold = folds(samples)
    told = []
    found = cross_validate(samples, planned(samples, fold), *FOREST, OPTIONS, each=lambda *given: told.append(given))
    assert [number for number, _, _ in told] == [0, 1, 2, 3]
    for number, package, tested in told:
        assert (tested == (fold == number)).all()
        expected = Predictor(package).probabilities(samples.values[tested])
        assert found.probabilities[tested].tobytes() == expected.tobytes()


# ---------------------------------------------------------------- classes that are rare


def test_a_class_that_some_folds_lack_is_noted(make_samples):
    samples = make_samples()
    codes, fold = samples.codes.copy(), folds(samples)
    for number in (0, 3):
        codes[np.flatnonzero(fold == number)[:4]] = 9
    found = cross_validate(
        dataclasses.replace(samples, codes=codes), planned(samples, fold), *FOREST, OPTIONS, Progress()
    )
    assert found.notes == ("Class 'other' is tested in folds 1, 4 only; the others have no sample of it.",)


def test_a_finished_fit_is_that_of_its_groups(make_samples, tmp_path):
    """Groups say which samples validate: with others it is another training."""
    samples = make_samples()
    options = FitOptions(seed=3, device="cpu", threads=1, checkpoints=tmp_path)
    quick = {"width": 4, "dense": 8, "epochs": 1, "batch_size": 16}
    fit_once(samples, "tempcnn", quick, options)
    other = dataclasses.replace(samples, groups=np.char.add("#", (np.arange(len(samples)) // 2 % 7).astype(str)))
    found = fit_once(other, "tempcnn", quick, options)
    expected = fit(other, "tempcnn", quick, dataclasses.replace(options, checkpoints=None))
    assert found.record["validation_samples"] == expected.record["validation_samples"]
    assert all(found.arrays[name].tobytes() == array.tobytes() for name, array in expected.arrays.items())


def test_a_finished_fit_is_that_of_the_package_that_it_was_made_from(make_samples, tmp_path):
    samples, path = make_samples(), tmp_path / "own.cropmap"
    quick = {"width": 4, "dense": 8, "epochs": 1, "batch_size": 16}
    options = FitOptions(seed=3, device="cpu", threads=1, checkpoints=tmp_path / "kept")
    weights = []
    for seed in (1, 2):
        network = fit(samples, "tempcnn", quick, FitOptions(seed=seed, device="cpu", threads=1))
        write_package(path, network)
        found = fit_once(samples, "feature_forest", {"package": str(path), "trees": 3}, options)
        weights.append((found.arrays["network.model.head.weight"], network.arrays["head.weight"]))
    np.testing.assert_array_equal(*weights[0])
    np.testing.assert_array_equal(*weights[1])


def test_many_rare_classes_are_told_at_once(make_samples):
    samples = make_samples()
    legend = Legend(tuple(LegendClass(code, f"crop {code}", "#112233") for code in range(1, 61)))
    codes = np.arange(1, 61).astype(np.uint8)
    with pytest.raises(SampleError, match=r"60 of 60 classes have fewer than 2 training samples: 'crop 1', .*, \.\.\."):
        fit(dataclasses.replace(samples, codes=codes, legend=legend), *FOREST, OPTIONS)


def test_the_scaling_asked_for_is_in_the_package(make_samples):
    samples, held = make_samples(), np.arange(60) >= 50
    for how in ("per_band", "per_band_and_step", "none"):
        package = fit(samples, NET[0], {**NET[1], "scaling": how}, OPTIONS, Progress(), held)
        expected = fit_scaling(samples.values[~held], samples.bands, how)
        assert package.scaling.mean.tobytes() == expected.mean.tobytes()
        assert Predictor(package).codes(samples.values).shape == (60,)


def test_a_model_may_refuse_parameters_before_any_sample(monkeypatch):
    def check(params):
        message = f"no file for {params.trees} trees"
        raise ModelError(message)

    monkeypatch.setattr(model_class("random_forest"), "check", check)
    with pytest.raises(ModelError, match="no file for 8 trees"):
        check_fit(*FOREST)


def test_an_ensemble_s_members_are_checked_too():
    with pytest.raises(ParameterError, match="no multiple of 8 heads"):
        check_fit("ensemble", {"members": [{"name": "transformer", "width": 10}]})


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"threads": -3}, "threads"),
        ({"validation_share": 1.0}, "share"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong, word):
    with pytest.raises(ModelError, match=word):
        FitOptions(**wrong)
