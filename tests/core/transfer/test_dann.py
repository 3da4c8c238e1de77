import dataclasses

import numpy as np
import pytest
import torch

from cropmap.models import MODELS
from cropmap.models.base import SeriesShape
from cropmap.training import loop
from cropmap.training.adaptation import Batch
from cropmap.training.fit import FitOptions
from cropmap.transfer.adversarial import discriminator
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.dann import Dann, DannParams
from cropmap.transfer.domains import Other
from tests.core.transfer.conftest import site

OPTIONS = FitOptions(seed=3, device="cpu", threads=1)
SMALL = {"width": 8, "dense": 16, "epochs": 3, "batch_size": 32}


@pytest.fixture(scope="module")
def there():
    return site({"corn": 40, "other": 40, "soybean": 40}, seed=2, bright=0.1, name="B")


def begun(**asked):
    """A discriminator of 16 features of a new network, and the network."""
    entry = MODELS.get("tempcnn")
    model = entry.make.untrained(entry.parse(SMALL), SeriesShape(12, 3, 3))
    found = Dann(np.zeros((20, 12, 3), np.float32), DannParams(**asked))
    found.begin(model.network, model.params, "cpu", seed=0)
    return found, model.network


def batches(count=8, features=16):
    ours, theirs = (torch.randn(count, features, requires_grad=True) for _ in range(2))
    scores = torch.zeros(count, 3)
    return Batch(torch.zeros(count, 12, 3), torch.zeros(count, dtype=torch.int64), ours, scores, 0.0), Other(
        theirs, scores
    )


def by_hand(layers, ours, theirs):
    """The mean of the two sites' cross-entropies, step by step in NumPy."""
    values = np.concatenate([ours, theirs]).astype(np.float64)
    for number in (0, 3):
        weight, bias = (layers[f"{number}.{name}"].numpy().astype(np.float64) for name in ("weight", "bias"))
        values = values @ weight.T + bias
        values = (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + 1e-5)
        values = np.maximum(values * layers[f"{number + 1}.weight"].numpy() + layers[f"{number + 1}.bias"].numpy(), 0)
    scores = values @ layers["6.weight"].numpy().T.astype(np.float64) + layers["6.bias"].numpy()
    probabilities = 1 / (1 + np.exp(-scores[:, 0]))
    return -(np.log(probabilities[: len(ours)]).mean() + np.log(1 - probabilities[len(ours) :]).mean()) / 2


def test_the_gap_is_the_discriminators_error_with_both_sites_in_one_batch():
    adaptation, _ = begun(hidden=6)
    batch, other = batches()
    found = adaptation.gap(batch, other, strength=1.0)
    expected = by_hand(
        adaptation.discriminator.state_dict(), batch.features.detach().numpy(), other.features.detach().numpy()
    )
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)


def test_the_network_is_pushed_against_the_discriminator_and_as_hard_as_asked():
    adaptation, _ = begun(hidden=6)
    batch, other = batches()

    def gradients(strength):
        leaves = [batch.features, other.features, *adaptation.parameters()]
        return torch.autograd.grad(adaptation.gap(batch, other, strength), leaves)

    forward, backward, twice = gradients(-1.0), gradients(1.0), gradients(2.0)
    for with_it, against, doubled in zip(forward[:2], backward[:2], twice[:2], strict=True):
        torch.testing.assert_close(against, -with_it)
        torch.testing.assert_close(doubled, -2 * with_it)
        assert float(with_it.abs().max()) > 0
    for plain, same in zip(forward[2:], twice[2:], strict=True):  # it learns at its full step, whatever the strength
        torch.testing.assert_close(plain, same)


def test_a_discriminator_of_the_published_size_has_the_published_number_of_weights():
    assert sum(weight.numel() for weight in discriminator(512, 1024).parameters()) == 1_580_033


def watched(monkeypatch):
    """The optimizers that trainings make, and the step sizes of their groups at each update."""
    made, steps = [], []
    original = loop.optimizer_of

    def make(*given, **named):
        optimizer = original(*given, **named)
        optimizer.register_step_pre_hook(lambda own, *_: steps.append([group["lr"] for group in own.param_groups]))
        made.append(optimizer)
        return optimizer

    monkeypatch.setattr(loop, "optimizer_of", make)
    return made, steps


@pytest.mark.parametrize(
    ("asked", "factor"), [({}, 1.0), ({"discriminator_factor": 0.25}, 0.25), ({"legacy": True}, 100)]
)
def test_the_discriminators_step_size_is_the_networks_times_its_factor(asked, factor, monkeypatch, source, there):
    made, steps = watched(monkeypatch)
    task = Transfer(source=source, series=there.values, model="tempcnn", values=SMALL, options=OPTIONS)
    record = run_strategy("dann", asked, task).record
    factors = [group["factor"] for group in made[0].param_groups]
    assert sorted(factors) == sorted({1.0, factor})
    sizes = np.array(steps)
    np.testing.assert_allclose(sizes, sizes[:, :1] * np.array(factors) / factors[0])
    first = sizes[:: len(sizes) // len(record["epochs"])] / np.array(factors)
    np.testing.assert_allclose(first[:, 0], [epoch["learning_rate"] for epoch in record["epochs"]])


def test_the_legacy_form_has_the_published_settings(source, there, monkeypatch):
    made, _ = watched(monkeypatch)
    task = Transfer(source=source, series=there.values, model="tempcnn", values=SMALL, options=OPTIONS)
    package = run_strategy("dann", {"legacy": True}, task)
    assert len(package.record["epochs"]) == package.record["best_epoch"] == 10
    assert (package.params["batch_size"], package.params["schedule"]) == (32, "constant")
    widest = max(weight.numel() for group in made[0].param_groups for weight in group["params"])
    assert widest == 1024 * 1024
    assert all(epoch["adaptation_score"] == 0 for epoch in package.record["epochs"])


def test_the_legacy_pull_counts_batches_and_goes_on_from_its_state():
    adaptation, network = begun(legacy=True, weight=1.0, hidden=4)
    for _ in range(5):
        adaptation.after_step(network, 0.9)
    assert adaptation.strength(0.9) == pytest.approx(np.tanh(5 / 2000))
    other, _ = begun(legacy=True, weight=1.0, hidden=4)
    other.restore(adaptation.state())
    assert other.strength(0.1) == adaptation.strength(0.9)
    for name, weight in adaptation.discriminator.state_dict().items():
        assert torch.equal(other.discriminator.state_dict()[name], weight)


def test_what_a_result_depends_on_is_described():
    series = np.zeros((4, 12, 3), np.float32)
    base = Dann(series, DannParams()).describe()
    assert Dann(series.copy(), DannParams()).describe() == base
    assert Dann(series + 1, DannParams()).describe() != base
    assert Dann(series, dataclasses.replace(DannParams(), weight=0.5)).describe() != base
