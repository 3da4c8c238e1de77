import dataclasses

import numpy as np
import pytest

from cropmap.contract.errors import ModelError, PackageError
from cropmap.data.legend import Legend, LegendClass, legend_from_names
from cropmap.data.package import Scaling
from cropmap.io.packages import read_package
from cropmap.models import MODELS
from cropmap.models.base import load_model, model_class, shape_of
from cropmap.seeds import torch_seed
from cropmap.training.adaptation import Adaptation
from cropmap.training.fit import FitOptions, fit
from cropmap.training.start import Start, head_rows, package_digest, started

CPU = FitOptions(seed=3, device="cpu", threads=1)
TEMPCNN = {"width": 4, "dense": 8, "epochs": 2, "batch_size": 16, "schedule": "constant", "learning_rate": 0.01}


def going_on(**start):
    return dataclasses.replace(CPU, start=Start(**start))


@pytest.fixture
def package(make_samples):
    return fit(make_samples(), "tempcnn", TEMPCNN, CPU)


def made(package, legend=None, **start):
    """A network that begins so, for a legend, before it has learnt anything."""
    kind, params = model_class(package.model), MODELS.get(package.model).parse(package.params)
    legend = legend or package.legend
    shape = dataclasses.replace(shape_of(package), classes=len(legend))
    with torch_seed(5):
        return started(kind, params, shape, legend, Start(package, **start))


def test_a_network_begins_with_the_package_s_weights_and_statistics(package):
    arrays = made(package, keep_head=True).arrays()
    assert {name: array.tobytes() for name, array in arrays.items()} == {
        name: array.tobytes() for name, array in package.arrays.items()
    }


def test_its_head_is_drawn_anew_where_nothing_else_is_asked(package):
    arrays = made(package).arrays()
    for name, array in arrays.items():
        assert (array.tobytes() == package.arrays[name].tobytes()) != name.startswith("head."), name


def test_rows_of_the_head_are_taken_over_by_the_classes_meaning(package):
    """The package's classes are maize and soybean; here soya comes first, wheat is new and corn is maize."""
    legend = Legend(
        (
            LegendClass(2, "soya", "#267000"),
            LegendClass(3, "wheat", "#112233"),
            LegendClass(9, "corn", "#ffd300"),
        )
    )
    assert head_rows(legend, package.legend) == [(0, 1), (2, 0)]
    warm, cold = made(package, legend, keep_head=True).arrays(), made(package, legend).arrays()
    for name in ("head.weight", "head.bias"):
        assert (warm[name][[0, 2]] == package.arrays[name][[1, 0]]).all()
        assert (warm[name][1] == cold[name][1]).all()
        assert (warm[name][[0, 2]] != cold[name][[0, 2]]).all()


def test_no_class_in_common_leaves_the_whole_head_new(package):
    legend = legend_from_names(["rice", "wheat"])
    assert made(package, legend, keep_head=True).arrays()["head.bias"].shape == (2,)
    assert head_rows(legend, package.legend) == []


def test_the_package_s_scaling_is_applied_whatever_the_samples(make_samples, package):
    other = make_samples(seed=4)
    other = dataclasses.replace(other, values=other.values * 3 + 1)
    found = fit(other, "tempcnn", TEMPCNN, going_on(package=package))
    assert found.scaling.mean.tobytes() == package.scaling.mean.tobytes()
    assert found.scaling.deviation.tobytes() == package.scaling.deviation.tobytes()


def test_a_scaling_that_is_named_goes_before_the_package_s(make_samples, package):
    own = Scaling(np.full(2, 0.5, np.float32), np.full(2, 2.0, np.float32))
    assert fit(make_samples(seed=4), "tempcnn", TEMPCNN, going_on(package=package, scaling=own)).scaling is own


def test_step_sizes_are_those_asked_for_and_moments_are_not_carried_over(make_samples, package):
    """One update of Adam from no moments moves every weight by at most the step size, and most of them by just it."""
    values = {**TEMPCNN, "epochs": 1, "batch_size": 1000, "learning_rate": 1e-4, "optimizer": "adam"}
    values["weight_decay"] = 0.0
    found = fit(make_samples(seed=4), "tempcnn", values, going_on(package=package, keep_head=True))
    assert [epoch["learning_rate"] for epoch in found.record["epochs"]] == [1e-4]
    moved = np.abs(found.arrays["head.weight"] - package.arrays["head.weight"])
    assert moved.max() <= 1.01e-4
    assert np.median(moved) == pytest.approx(1e-4, rel=0.05)


def test_the_step_size_of_the_package_s_own_training_does_not_matter(make_samples):
    packages = [fit(make_samples(), "tempcnn", {**TEMPCNN, "learning_rate": rate}, CPU) for rate in (0.01, 0.001)]
    for package in packages:
        found = fit(make_samples(seed=4), "tempcnn", {**TEMPCNN, "learning_rate": 3e-4}, going_on(package=package))
        assert {epoch["learning_rate"] for epoch in found.record["epochs"]} == {3e-4}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "ltae"}, "whose model ltae is not"),
        ({"bands": ("red", "nir")}, r"whose bands \('red', 'nir'\) are not"),
        ({"days": np.arange(5, dtype=np.int32)}, r"whose days \[0, 1, 2, 3, 4\] are not"),
    ],
)
def test_a_package_of_something_else_is_refused(make_samples, package, change, said):
    with pytest.raises(ModelError, match=said):
        fit(make_samples(), "tempcnn", TEMPCNN, going_on(package=dataclasses.replace(package, **change)))


def test_sizes_other_than_the_package_s_are_refused(make_samples, package):
    with pytest.raises(ModelError, match="Ask for the sizes that the package was trained with"):
        fit(make_samples(), "tempcnn", {**TEMPCNN, "width": 8}, going_on(package=package))


@pytest.mark.parametrize("name", ["convolutions.0.weight", "head.weight"])
def test_a_package_that_lacks_weights_is_refused(make_samples, package, name):
    arrays = {key: array for key, array in package.arrays.items() if key != name}
    with pytest.raises(ModelError, match=name):
        fit(
            make_samples(),
            "tempcnn",
            TEMPCNN,
            going_on(package=dataclasses.replace(package, arrays=arrays), keep_head=True),
        )


def test_a_missing_package_is_told_and_nothing_is_trained(tmp_path):
    with pytest.raises(PackageError, match="no such model package"):
        Start(read_package(tmp_path / "missing.cropmap"))


def test_a_forest_neither_goes_on_from_weights_nor_keeps_parts(make_samples, package):
    for start in (Start(package), Start(frozen=("trees",)), Start(keep_head=True)):
        with pytest.raises(ModelError, match="Choose a network"):
            fit(make_samples(), "random_forest", {}, dataclasses.replace(CPU, start=start))


def test_what_a_training_begins_with_is_part_of_what_its_result_depends_on(package):
    arrays = {**package.arrays, "head.bias": package.arrays["head.bias"] + 1}
    other = dataclasses.replace(package, arrays=arrays)
    starts = [
        Start(),
        Start(package),
        Start(other),
        Start(dataclasses.replace(package, temperature=2.0)),
        Start(dataclasses.replace(package, class_weights=(1.0, 2.0))),
        Start(package, keep_head=True),
        Start(package, frozen=("dense",)),
        Start(package, factors={"head": 0.1}),
        Start(package, adaptation=Adaptation()),
        Start(package, labels_count=False),
        Start(package, scaling=Scaling(np.zeros(2, np.float32), np.ones(2, np.float32))),
    ]
    assert len({str(start.describe()) for start in starts}) == len(starts)
    assert package_digest(package) == package_digest(dataclasses.replace(package, record={"seed": 9}))


def test_a_training_that_begins_so_can_be_repeated_to_the_byte(make_samples, package):
    one, other = (fit(make_samples(seed=4), "tempcnn", TEMPCNN, going_on(package=package)) for _ in range(2))
    assert all(one.arrays[name].tobytes() == other.arrays[name].tobytes() for name in one.arrays)
    assert load_model(one).shape.classes == 2
