import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import PackageError, TransferError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.calendar import shifted
from cropmap.data.samples import SampleSet
from cropmap.models.base import load_model
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.training.sides import drawn_validation
from cropmap.training.start import head_rows
from cropmap.transfer import fine_tune
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
TEMPCNN = {"width": 8, "dense": 16, "epochs": 12, "batch_size": 32, "learning_rate": 0.01}
QUICK = {"epochs": 4, "learning_rate": 0.002}


@pytest.fixture(scope="module")
def package():
    return fit(site({"corn": 120, "other": 120, "soybean": 120}, seed=1), "tempcnn", TEMPCNN, OPTIONS)


@pytest.fixture(scope="module")
def few():
    """Labels of a site three weeks later, corn the commonest."""
    return site({"corn": 60, "other": 20, "soybean": 30}, seed=2, lag=21, name="B")


@pytest.fixture(scope="module")
def tested():
    return site({"corn": 150, "other": 150, "soybean": 150}, seed=9, lag=21, name="B")


def tuned(package, target, values=None, **options):
    task = Transfer(package=package, target=target, options=dataclasses.replace(OPTIONS, **options))
    return run_strategy("fine_tune", {**QUICK, **(values or {})}, task)


def changed(before, after):
    return {name for name in before.arrays if before.arrays[name].tobytes() != after.arrays[name].tobytes()}


def under(package, *parts):
    return {name for name in package.arrays if name.startswith(parts)}


@pytest.mark.parametrize("preset", ["full", "balanced", "head", "partial", "two_stage"])
def test_a_few_labels_of_a_late_season_are_worth_much(package, few, tested, preset):
    direct = run_strategy("direct", {}, Transfer(package=package))
    found = tuned(package, few, {"preset": preset, "epochs": 30, "learning_rate": 0.01})
    assert accuracy(found, tested) > accuracy(direct, tested) + 0.05


@pytest.mark.parametrize(
    ("preset", "parts"),
    [
        ("full", ("convolutions", "dense", "head")),
        ("balanced", ("convolutions", "dense", "head")),
        ("head", ("head",)),
        ("partial", (*(f"convolutions.{number}." for number in range(4, 12)), "dense", "head")),
    ],
)
def test_what_a_preset_leaves_stays_bit_for_bit_and_all_else_changes(package, few, preset, parts):
    """Statistics of batch norms too: what stays is in evaluation mode."""
    assert changed(package, tuned(package, few, {"preset": preset})) == under(package, *parts)


def test_in_two_stages_the_last_block_learns_with_the_head_at_a_tenth_of_the_step_size(package, few):
    found = tuned(package, few, {"preset": "two_stage", "epochs": 8})
    first, second = found.record["fine_tuning"]
    assert [first["learnt"], second["learnt"]] == ["head", "head and last block"]
    assert second["learning_rate"] == pytest.approx(first["learning_rate"] / 10)
    assert len(found.record["epochs"]) == 4
    assert [first["balance"], second["balance"]] == ["sampling", "root_weights"]
    assert changed(package, found) == under(package, "dense", "head")


@pytest.mark.parametrize(("good", "kept"), [((True, False), 0), ((False, True), 1), ((True, True), 1)])
def test_of_two_stages_the_one_with_the_higher_macro_f1_is_kept(monkeypatch, package, good, kept):
    """A network that was turned to know nothing against one that knows the classes; of equal ones the second."""
    blind = dataclasses.replace(package, arrays={name: 0 * own for name, own in package.arrays.items()})
    record = {"best_epoch": 1, "validation_loss": 0.5, "validation_accuracy": 0.5}
    left = [
        dataclasses.replace(package if own else blind, record={**record, "stage": number})
        for number, own in enumerate(good)
    ]
    monkeypatch.setattr(fine_tune, "_stage", lambda *_: left.pop(0))
    home = site({"corn": 60, "other": 20, "soybean": 30}, seed=2)
    assert tuned(package, home, {"preset": "two_stage"}).record["stage"] == kept


@pytest.mark.parametrize(("balance", "power"), [("weights", 1.0), ("root_weights", 0.5)])
def test_errors_count_by_the_rarity_of_their_class(package, few, balance, power):
    """The loss that chooses an epoch, by hand from the answers to the validation samples."""
    found = tuned(package, few, {"preset": "head", "balance": balance, "epochs": 6})
    columns = np.searchsorted(found.legend.codes, few.codes)
    held = drawn_validation(few, columns, OPTIONS.validation_share, OPTIONS.seed, Progress())
    counts = np.bincount(columns[~held])
    weights = counts**-power * counts.sum() / (counts ** (1 - power)).sum()
    chosen = Predictor(found).probabilities(few.values[held])[np.arange(held.sum()), columns[held]]
    assert found.record["validation_loss"] == pytest.approx((weights[columns[held]] * -np.log(chosen)).mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("preset", "balance"),
    [("full", "none"), ("balanced", "weights"), ("head", "sampling"), ("partial", "none")],
)
def test_classes_are_balanced_in_one_way_at_most(package, few, preset, balance):
    found = tuned(package, few, {"preset": preset, "epochs": 2})
    assert found.params["balance"] == balance
    other = tuned(package, few, {"preset": preset, "epochs": 2, "balance": "none"})
    assert other.params["balance"] == "none"


def test_the_source_s_scaling_travels_with_the_weights(package, few, tmp_path):
    """Trained and applied with one scaling, that of the source, whatever the target's brightness."""
    from cropmap.io.packages import read_package, write_package

    bright = dataclasses.replace(few, values=few.values + np.float32(0.2))
    found = read_package(write_package(tmp_path / "model.cropmap", tuned(package, bright)))
    assert found.scaling.mean.tobytes() == package.scaling.mean.tobytes()
    assert found.scaling.deviation.tobytes() == package.scaling.deviation.tobytes()


@pytest.mark.parametrize(("preset", "size"), [("full", 1e-4), ("head", 1e-3)])
def test_the_first_step_is_as_large_as_asked_and_not_as_the_source_s_last(package, few, preset, size):
    """One update of Adam from no moments moves the head's weights by the step size, and none by more."""
    source = dataclasses.replace(package, params={**package.params, "schedule": "constant", "weight_decay": 0.0})
    values = {"preset": preset, "epochs": 1, "learning_rate": 1e-4, "batch_size": 1000}
    found = tuned(source, few, values)
    assert [epoch["learning_rate"] for epoch in found.record["epochs"]] == [size]
    moved = np.abs(found.arrays["head.weight"] - package.arrays["head.weight"])
    assert moved.max() <= 1.01 * size
    assert np.median(moved[moved > 0]) == pytest.approx(size, rel=0.05)


def test_a_head_that_keeps_what_is_known_of_classes_matches_them_by_name(package):
    """The target knows corn as maize and has wheat in place of other."""
    few = site({"corn": 40, "soybean": 40, "wheat": 40}, seed=2, name="B")
    own = tuple(
        dataclasses.replace(found, name="maize" if found.name == "corn" else found.name) for found in few.legend.classes
    )
    few = dataclasses.replace(few, legend=dataclasses.replace(few.legend, classes=own))
    found = tuned(package, few, {"preset": "head", "learning_rate": 1e-8, "epochs": 1})
    assert found.legend.names == ("maize", "soybean", "wheat")
    rows = head_rows(found.legend, package.legend)
    assert [(found.legend.names[row], package.legend.names[source]) for row, source in rows] == [
        ("maize", "corn"),
        ("soybean", "soybean"),
    ]
    for row, source in rows:
        np.testing.assert_allclose(found.arrays["head.weight"][row], package.arrays["head.weight"][source], atol=1e-6)
    anew = tuned(package, few, {"preset": "head", "learning_rate": 1e-8, "epochs": 1, "keep_head": False})
    for row, source in rows:
        assert np.abs(anew.arrays["head.weight"][row] - package.arrays["head.weight"][source]).max() > 1e-3


def test_the_source_s_balance_of_classes_and_its_temperature_stay_behind(package, few):
    source = dataclasses.replace(package, class_weights=(1.0, 0.0, 2.0), temperature=3.0)
    found = tuned(source, few)
    assert found.class_weights == ()
    assert found.temperature == 1.0


@pytest.mark.parametrize("preset", ["full", "head", "two_stage"])
def test_labels_are_moved_as_the_source_s_package_moves_series(package, few, preset):
    """So the network goes on from what it knows of the season, and the package moves what it will see."""
    moved = dataclasses.replace(few, values=shifted(few.values, few.days, -21.0))
    found = tuned(dataclasses.replace(package, shift_days=-21.0), few, {"preset": preset})
    expected = tuned(package, moved, {"preset": preset})
    assert found.shift_days == -21.0
    assert not changed(found, expected)


def test_the_best_so_far_moves_series_too(package, few):
    done, kept = [], []
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= 2)
    options = dataclasses.replace(OPTIONS, keep=kept.append)
    source = dataclasses.replace(package, shift_days=-21.0)
    with pytest.raises(Cancelled):
        run_strategy("fine_tune", QUICK, Transfer(package=source, target=few, options=options, progress=progress))
    assert kept[0].shift_days == -21.0


@pytest.mark.parametrize("model", ["recurrent", "deep_lstm"])
def test_a_network_of_one_block_is_refused_where_its_first_block_is_to_stay(few, model):
    values = {"hidden": 4, "epochs": 1}
    task = Transfer(source=few, target=few, model=model, values=values, options=OPTIONS)
    with pytest.raises(TransferError, match="Choose head or full"):
        run_strategy("fine_tune", {"preset": "partial", "epochs": 1}, task)


def test_a_forest_is_refused_before_any_work(few):
    with pytest.raises(TransferError, match="Choose a network"):
        run_strategy("fine_tune", {}, Transfer(source=few, target=few, model="random_forest", options=OPTIONS))


def test_a_damaged_source_is_told_and_no_new_network_takes_its_place(package, few):
    arrays = {name: array for name, array in package.arrays.items() if name != "dense.0.weight"}
    with pytest.raises(PackageError, match=r"dense\.0\.weight"):
        tuned(dataclasses.replace(package, arrays=arrays), few)


def test_a_source_that_is_given_as_samples_is_trained_first(few, tested):
    source = site({"corn": 60, "other": 60, "soybean": 60}, seed=1)
    task = Transfer(source=source, target=few, model="tempcnn", values=TEMPCNN, options=OPTIONS)
    shares = []
    progress = Progress(lambda fraction, _: shares.append(fraction))
    found = run_strategy(
        "fine_tune", {"epochs": 20, "learning_rate": 0.01}, dataclasses.replace(task, progress=progress)
    )
    assert accuracy(found, tested) > 0.8
    assert shares == sorted(shares)
    assert found.record["strategy_params"]["preset"] == "full"


def test_no_sample_but_the_labelled_ones_is_looked_at(package, few):
    """Unlabelled series of the target change nothing."""
    task = Transfer(package=package, target=few, options=OPTIONS)
    more = dataclasses.replace(task, series=np.full((50, 12, 3), 9, np.float32))
    one, other = (run_strategy("fine_tune", QUICK, own) for own in (task, more))
    assert changed(one, other) == set()


@pytest.mark.parametrize(("preset", "after"), [("full", 2), ("head", 3), ("two_stage", 1), ("two_stage", 6)])
def test_a_fine_tuning_that_was_interrupted_goes_on_with_the_same_bytes(tmp_path, package, few, preset, after):
    values = {"preset": preset, "epochs": 8}
    whole = tuned(package, few, values)
    done = []
    progress = Progress(point=lambda *_: done.append(1), cancelled=lambda: len(done) >= after)
    options = dataclasses.replace(OPTIONS, checkpoints=tmp_path)
    task = Transfer(package=package, target=few, options=options, progress=progress)
    with pytest.raises(Cancelled):
        run_strategy("fine_tune", {**QUICK, **values}, task)
    assert (tmp_path / "training.checkpoint").exists()
    found = tuned(package, few, values, checkpoints=tmp_path)
    assert changed(whole, found) == set()
    assert found.record == whole.record


def test_groups_of_the_target_decide_when_it_stops_and_are_not_parted(package, few):
    groups = np.array([f"field {number // 4}" for number in range(len(few))])
    found = tuned(package, dataclasses.replace(few, groups=groups))
    assert isinstance(few, SampleSet)
    assert found.record["validation_samples"] % 2 == 0
    assert 0 < found.record["validation_samples"] <= 0.2 * len(few)
    assert load_model(found).shape.classes == 3
