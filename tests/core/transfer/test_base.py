import numpy as np
import pytest

from cropmap.contract.errors import TransferError
from cropmap.training.fit import FitOptions
from cropmap.transfer.base import Transfer, run_strategy
from tests.core.transfer.conftest import accuracy, site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)


def test_direct_transfer_is_the_sources_model_and_its_scaling(source):
    task = Transfer(source=source, model="random_forest", options=OPTIONS)
    package = task.source_package()
    found = run_strategy("direct", {}, Transfer(package=package))
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in package.arrays.items()
    }
    assert found.record["strategy"] == "direct"
    assert found.record["source_fingerprint"] == package.fingerprint


def test_a_late_season_costs_a_direct_transfer_dearly_and_its_own_labels_do_not(source, late):
    direct = run_strategy("direct", {}, Transfer(source=source, model="random_forest", options=OPTIONS))
    scratch = run_strategy("scratch", {}, Transfer(target=late, model="random_forest", options=OPTIONS))
    tested = site({"corn": 100, "other": 100, "soybean": 100}, seed=9, lag=21)
    assert accuracy(direct, site({"corn": 100, "other": 100, "soybean": 100}, seed=8)) > 0.95
    assert accuracy(direct, tested) < 0.75
    assert accuracy(scratch, tested) > 0.95


@pytest.mark.parametrize(("strategy", "said"), [("direct", "a model of the source"), ("scratch", "labelled samples")])
def test_a_strategy_says_what_is_missing_before_any_work(strategy, said):
    with pytest.raises(TransferError, match=said):
        run_strategy(strategy, {}, Transfer(model="random_forest"))


def test_sites_that_are_not_prepared_alike_are_refused(source):
    other = Transfer(source=source, series=np.zeros((3, 12, 2), np.float32), model="random_forest")
    with pytest.raises(TransferError, match="Prepare them with the source"):
        run_strategy("direct", {}, other)
