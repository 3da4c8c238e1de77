import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropmap.contract.errors import LegendError, SampleError, TransferError
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.models.predictor import Predictor
from cropmap.training.fit import FitOptions, fit
from cropmap.transfer.base import Transfer, run_strategy
from cropmap.transfer.classes import codes_in, joined, masked, match_classes, recoded
from tests.core.transfer.conftest import accuracy, site

WORDS = {
    "corn": ["corn", "Maize", "kukuruz", "Mais"],
    "soybean": ["Soybeans", "soja", "SOY"],
    "wheat": ["wheat", "pšenica", "Weizen"],
    "winter wheat": ["winter wheat", "Winterweizen"],
    "rice": ["rice", "Riz"],
    "other": ["other", "ostalo", "Autres"],
}


@st.composite
def legends(draw):
    """A legend of some crops, in any language, on any codes."""
    crops = draw(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, unique=True))
    codes = draw(st.lists(st.integers(0, NODATA - 1), min_size=len(crops), max_size=len(crops), unique=True))
    names = [draw(st.sampled_from(WORDS[crop])) for crop in crops]
    return Legend(tuple(LegendClass(code, name, "#112233") for code, name in zip(codes, names, strict=True)))


def meanings(legend):
    return {canonical(name) for name in legend.names}


@given(legends(), legends())
def test_every_class_is_shared_or_of_one_side_alone(source, target):
    found = match_classes(source, target)
    here, there = meanings(target), meanings(source)
    assert set(map(canonical, found.shared)) == here & there
    assert set(map(canonical, found.source_only)) == there - here
    assert set(map(canonical, found.target_only)) == here - there
    assert set(found.shared) | set(found.target_only) == set(target.names)


@given(legends(), legends())
def test_joined_legends_keep_the_targets_and_add_each_other_class_once(source, target):
    found = joined(target, source)
    assert meanings(found) == meanings(source) | meanings(target)
    assert len(found) == len(meanings(found))
    assert set(target.classes) <= set(found.classes)
    assert joined(found, source) == found


@given(legends(), legends(), st.data())
def test_recoded_samples_mean_what_they_meant(source, target, data):
    codes = data.draw(st.lists(st.sampled_from(source.codes), min_size=1, max_size=20))
    samples = dataclasses.replace(site({"corn": len(codes)}, seed=0), codes=np.array(codes, np.uint8), legend=source)
    names = np.array([canonical(source.names_by_code[code]) for code in codes])
    kept = np.isin(names, sorted(meanings(target)))
    if not kept.any():
        with pytest.raises(SampleError, match="Name shared classes alike"):
            recoded(samples, target)
        return
    found = recoded(samples, target)
    assert [canonical(target.names_by_code[code]) for code in found.codes.tolist()] == names[kept].tolist()
    assert found.ids.tolist() == samples.ids[kept].tolist()
    assert found.legend == target


def test_a_class_that_the_target_lacks_moves_no_other_classs_code(source):
    # Encoded one by one, soybean would be 1 at a target without "other", and a model of the source would mean "other".
    lesser = site({"corn": 40, "soybean": 40}, seed=4)
    target = Legend((LegendClass(0, "kukuruz", "#ffd300"), LegendClass(1, "soja", "#267000")))
    labels = dataclasses.replace(lesser, codes=(lesser.codes > 0).astype(np.uint8), legend=target)
    both = joined(target, source.legend)
    here, there = recoded(labels, both), recoded(source, both)
    package = fit(there, "random_forest", {"trees": 30}, FitOptions(seed=1, threads=1))
    assert (Predictor(package).codes(here.values) == here.codes).mean() > 0.95
    own = fit(here, "random_forest", {"trees": 30}, FitOptions(seed=1, threads=1))
    assert own.legend.names_by_code == {0: "kukuruz", 1: "soja"}
    assert (Predictor(own).codes(there.values[there.codes < 2]) == there.codes[there.codes < 2]).mean() > 0.95


def test_samples_of_unlike_legends_are_not_taken_together(source):
    other = site({"corn": 9, "soybean": 9, "wheat": 9}, seed=4)
    with pytest.raises(TransferError, match="Join them"):
        run_strategy("direct", {}, Transfer(source=source, target=other, model="random_forest"))


def test_a_masked_package_answers_the_classes_named_alone(source):
    package = fit(source, "random_forest", {"trees": 30}, FitOptions(seed=1, threads=1))
    found = masked(package, ["Kukuruz", "soja", "wheat"])
    assert found.class_weights == (1.0, 0.0, 1.0)
    probabilities = Predictor(found).probabilities(source.values)
    assert (probabilities[:, 1] == 0).all()
    before = Predictor(package).probabilities(source.values).astype(np.float64)[:, [0, 2]]
    sure = before.sum(axis=1) > 0
    expected = before[sure] / before[sure].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities[sure][:, [0, 2]], expected, atol=1e-6)
    assert accuracy(found, source.subset(source.codes != source.legend.code_of("other"))) > 0.95
    assert masked(found, ["corn", "other"]).class_weights == (1.0, 0.0, 0.0)
    with pytest.raises(LegendError, match="none of rice"):
        masked(package, ["rice"])


def test_columns_of_a_package_are_codes_of_another_legend(source):
    package = fit(source, "random_forest", {"trees": 3}, FitOptions(seed=1, threads=1))
    legend = Legend((LegendClass(7, "soja", "#267000"), LegendClass(9, "Mais", "#ffd300")))
    assert codes_in(package, legend).tolist() == [9, NODATA, 7]


def test_two_names_of_one_class_are_refused():
    twice = Legend((LegendClass(0, "corn", "#ffd300"), LegendClass(1, "maize", "#267000")))
    with pytest.raises(LegendError, match="Merge the two"):
        match_classes(twice, twice)


def test_a_legend_that_is_full_takes_no_more():
    full = Legend(tuple(LegendClass(code, f"class {code}", "#112233") for code in range(NODATA)))
    with pytest.raises(LegendError, match="Merge some of them"):
        joined(full, Legend((LegendClass(0, "rice", "#112233"),)))
