"""The catalogue: what can be chosen, as plain JSON, and checks without an import of what declared it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cropmap.contract.catalogue import Catalogue, CatalogueEntry, named_entries, put_entry, read_catalogue
from cropmap.contract.errors import JobError
from cropmap.contract.params import param, schema


@dataclass(frozen=True)
class ForestParams:
    trees: int = param(500, help="Trees.", low=1)


@dataclass(frozen=True)
class TrainParams:
    samples: str = param(kind="file", help="Samples.")
    model: Any = param("forest", kind="entry", registry="models", help="Model.")


def _entry(name, params):
    return CatalogueEntry(name, name.title(), "What it does.", "Somebody 2001", schema(params), ("gradients",))


CATALOGUE = Catalogue(
    "1.2", {"models": {"forest": _entry("forest", ForestParams)}, "jobs": {"train": _entry("train", TrainParams)}}
)


def _problems(**values):
    return [str(problem) for problem in CATALOGUE.problems("jobs", "train", {"samples": "a.npz", **values})]


def test_the_catalogue_survives_its_file(tmp_path):
    path = tmp_path / "catalogue.json"
    path.write_text(CATALOGUE.to_json(), encoding="utf-8")
    assert read_catalogue(path) == CATALOGUE


def test_the_file_is_the_same_every_time():
    assert CATALOGUE.to_json() == CATALOGUE.to_json()
    assert json.loads(CATALOGUE.to_json())["version"] == "1.2"


def test_defaults_leave_out_what_must_be_given():
    assert CATALOGUE.entry("jobs", "train").defaults == {"model": "forest"}


def test_an_unknown_entry_is_told_with_those_there_are():
    with pytest.raises(JobError, match=r"no 'tree' in models\. Known: forest"):
        CATALOGUE.entry("models", "tree")


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, []),
        ({"model": "forest"}, []),
        ({"model": {"name": "forest", "trees": 3}}, []),
        ({"model": {"name": "forest", "trees": 0}}, ["model.trees: 0 is below 1."]),
        ({"model": {"name": "forest", "leaves": 3}}, ["model.leaves: is not a parameter here. Known: trees."]),
        ({"model": "tree"}, ["model: There is no 'tree' in models. Known: forest."]),
        ({"model": 3}, ["model: 3 names no entry of models."]),
        ({"model": None}, ["model: None names no entry of models."]),
        ({"samples": ""}, ["samples: is empty. Samples."]),
    ],
)
def test_problems_of_nested_entries_carry_the_path_to_them(values, problems):
    assert _problems(**values) == problems


def test_entries_keep_their_order():
    assert [entry.name for entry in CATALOGUE.entries("models")] == ["forest"]


@dataclass(frozen=True)
class ChainParams:
    links: list[Any] = param(["forest"], kind="entries", registry="models", help="Models, one after another.")


CHAIN = schema(ChainParams)


def test_the_entries_of_a_list_are_named_by_their_place():
    values = {"links": ["forest", {"name": "forest", "trees": 7}]}
    found = named_entries(CHAIN, values)
    assert found == {"links[0]": ("models", "forest", {}), "links[1]": ("models", "forest", {"trees": 7})}
    assert named_entries(CHAIN, {}) == {"links[0]": ("models", "forest", {})}


def test_an_entry_is_put_back_where_it_was_found_and_the_given_list_stays_as_it_was():
    values = {"links": ["forest", "forest"], "model": "forest"}
    changed = dict(values)
    put_entry(changed, "links[1]", {"name": "forest", "trees": 9})
    put_entry(changed, "model", {"name": "forest", "trees": 3})
    assert changed == {"links": ["forest", {"name": "forest", "trees": 9}], "model": {"name": "forest", "trees": 3}}
    assert values == {"links": ["forest", "forest"], "model": "forest"}


def test_problems_of_listed_entries_say_which_one():
    jobs = {"chain": _entry("chain", ChainParams)}
    chain = Catalogue("1", {"models": CATALOGUE.registries["models"], "jobs": jobs})

    def said(links):
        return [problem.parameter for problem in chain.problems("jobs", "chain", {"links": links})]

    assert said(["forest", {"name": "forest", "trees": 0}]) == ["links[1].trees"]
    assert said(["forest", "oak"]) == ["links[1]"]
    for broken in ([], [3], "forest", [{"trees": 4}]):
        assert said(broken) == ["links"]


@dataclass(frozen=True)
class MaybeParams:
    model: Any = param("", kind="entry", registry="models", help="Model, if any.")
    links: list[Any] = param([], kind="entries", registry="models", help="Models, if any.")


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, []),
        ({"model": "", "links": []}, []),
        ({"model": "forest", "links": ["forest"]}, []),
        ({"model": "oak"}, ["model"]),
        ({"model": []}, ["model"]),
        ({"model": None}, ["model"]),
        ({"links": ""}, ["links"]),
        ({"links": ["oak"]}, ["links[0]"]),
        ({"links": [""]}, ["links[0]"]),
    ],
)
def test_entries_whose_default_is_none_need_not_be_named(values, wrong):
    jobs = {"maybe": _entry("maybe", MaybeParams)}
    catalogue = Catalogue("1", {"models": CATALOGUE.registries["models"], "jobs": jobs})
    assert [problem.parameter for problem in catalogue.problems("jobs", "maybe", values)] == wrong
    assert "model" not in named_entries(schema(MaybeParams), {})


def test_an_entry_with_a_default_must_not_be_empty():
    assert _problems(model="") == ["model: There is no '' in models. Known: forest."]
