from __future__ import annotations

import argparse
from typing import Any

import pytest

from cropmap.contract.errors import ParameterError
from cropmap.jobs import JOBS
from cropmap.options import add_options, values_of


def parsed(kind: str, *words: str) -> dict[str, Any]:
    declared = JOBS.get(kind).catalogued().schema
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_options(parser, declared, words)
    return values_of(parser.parse_args(words), declared)


def test_a_folder_alone_is_the_folder_source() -> None:
    assert parsed("inspect", "--images", "season") == {"images": {"name": "folder", "path": "season"}}


def test_nested_options_belong_to_the_chosen_entry() -> None:
    values = parsed("inspect", "--images", "season", "--images.bands", "red, nir", "--images.warp")
    assert values["images"] == {"name": "folder", "path": "season", "bands": ["red", "nir"], "warp": True}


def test_only_what_was_given_is_set() -> None:
    assert parsed("train", "--sample-set", "s.npz", "--model.trees", "10") == {
        "sample_set": "s.npz",
        "model": {"name": "random_forest", "trees": 10},
    }


@pytest.mark.parametrize(("text", "value"), [("true", True), ("no", False), ("0", False), ("Yes", True)])
def test_truth_values_are_words(text: str, value: bool) -> None:  # noqa: FBT001
    assert parsed("train", "--sample-set", "s.npz", "--cross-validate", text)["cross_validate"] is value


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        parsed("train", "--sample-set", "s.npz", "--folds", "many", "--model", "oracle", "--cross-validate", "maybe")
    assert {problem.parameter for problem in caught.value.problems} == {"folds", "model", "cross_validate"}


def test_a_parameter_of_another_entry_is_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("train", "--sample-set", "s.npz", "--model", "random_forest", "--model.layers", "2")
    assert parsed("train", "--sample-set", "s.npz", "--model", "transformer", "--model.layers", "2")["model"] == {
        "name": "transformer",
        "layers": 2,
    }
