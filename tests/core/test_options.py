from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import pytest

from cropmap.contract.errors import ParameterError
from cropmap.contract.params import chosen
from cropmap.jobs import JOBS
from cropmap.jobs.listing import REGISTRIES, problems
from cropmap.options import add_options, values_of

if TYPE_CHECKING:
    from pathlib import Path


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


STEPS = [{"name": "enough_clear", "min_clear": 3}, {"name": "linear"}]


def steps_of(text: str) -> Any:
    words = ("--images", "season", "--samples", "s.gpkg", "--recipe", "own", "--recipe.steps", text)
    return parsed("sample", *words)["recipe"]["steps"]


@pytest.mark.parametrize("content", [STEPS, {"steps": STEPS}, {"name": "mine", "season": [], "steps": STEPS}])
def test_steps_are_read_from_a_file_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(content), encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    assert steps_of("mine.json") == STEPS
    assert steps_of(str(tmp_path / "mine.json")) == STEPS


def test_steps_may_be_written_out() -> None:
    assert steps_of(json.dumps(STEPS)) == STEPS
    assert steps_of(" " + json.dumps({"steps": STEPS})) == STEPS


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read: No such file"),
        (b'[{"name": "linear"},]', "is not JSON: "),
        (b"", "is not JSON: "),
        (b"[" * 100_000, "is not JSON: "),
        (b"\xff\xfe\x00", "is no text file: "),
        (b'{"name": "own"}', 'holds no list of steps, but a table without "steps"'),
        (b'{"steps": "linear"}', "holds no list of steps, but 'linear'"),
        (b'{"steps": {"name": "linear"}}', "holds no list of steps, but {'name': 'linear'}"),
        (b"7", "holds no list of steps, but 7"),
    ],
)
def test_a_file_of_steps_that_cannot_be_used_is_told_apart(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError) as caught:
        steps_of(str(path))
    (problem,) = caught.value.problems
    assert problem.parameter == "recipe.steps"
    assert what in problem.what
    assert "mine.json" in problem.what
    assert 'such as [{"name": "linear"' in problem.fix


def test_steps_written_out_that_are_no_json_are_told() -> None:
    with pytest.raises(ParameterError, match=r"recipe\.steps: The text is not JSON: "):
        steps_of("[linear]")


@pytest.mark.parametrize(
    ("kind", "option", "registry"),
    [
        ("transfer", "strategies", "strategies"),
        ("compare_models", "models", "models"),
        ("compare", "recipes", "recipes"),
    ],
)
@pytest.mark.parametrize(
    ("text", "what"), [("[direct", "is not JSON"), ("{}", "holds no list of"), ("no file", "read")]
)
def test_a_list_that_is_none_is_told_in_words_about_what_it_should_list(
    kind: str, option: str, registry: str, text: str, what: str
) -> None:
    words = {"transfer": (), "compare_models": ("--sample-set", "s.gpkg"), "compare": ("--images", "season")}[kind]
    with pytest.raises(ParameterError) as caught:
        parsed(kind, *words, f"--{option}", text)
    (problem,) = caught.value.problems
    assert problem.parameter == option
    assert what in problem.what
    assert "steps" not in problem.what
    example = json.loads(problem.fix.removeprefix("Give a JSON list such as ").partition(", or a JSON file")[0])
    assert problems("jobs", kind, parsed(kind, *words, f"--{option}", json.dumps(example))) == []
    assert all(REGISTRIES[registry].get(chosen(entry)[0]) for entry in example)


# ---------------------------------------------------------------- schemes and lists of rasters


def scheme(text: str) -> Any:
    return parsed("sample", "--images", "season", "--samples", "s.gpkg", "--scheme", text)["scheme"]


@pytest.mark.parametrize("text", ["", "corn_soybean_other", "Corn = 1; Other = 2", "Corn =\n1" + ", 2" * 9999])
def test_a_scheme_is_a_preset_or_written_out(text: str) -> None:
    assert scheme(text) == text


def test_a_schemes_file_is_taken_as_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "Кукуруз #ffd300 = 1, 12\nother = 5\n"
    (tmp_path / "my scheme.txt").write_text(content, encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    assert scheme("my scheme.txt") == content
    assert scheme(str(tmp_path / "my scheme.txt")) == content


@pytest.mark.parametrize("text", ["my_scheme.txt", "corn", "c" * 5000, "a\0b"])
def test_what_is_neither_preset_nor_file_nor_scheme_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match=r"scheme: .*(is no preset|cannot be read)") as caught:
        scheme(text)
    assert "corn_soybean_other" in caught.value.problems[0].fix


def test_a_scheme_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\x00\xff\xfe")
    with pytest.raises(ParameterError, match=r"scheme: .*a\.tif' cannot be read"):
        scheme(str(tmp_path / "a.tif"))


def test_several_rasters_follow_one_option() -> None:
    prop = {"type": "array", "title": "Maps", "description": "Maps.", "x-kind": "rasters", "default": []}
    declared = {"properties": {"maps": prop}, "required": []}
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_options(parser, declared)
    assert values_of(parser.parse_args(["--maps", "a 1.tif", "b,c.tif"]), declared) == {"maps": ["a 1.tif", "b,c.tif"]}
    assert values_of(parser.parse_args([]), declared) == {}


@pytest.mark.parametrize("words", [("a 1.cropmap", "b,c.cropmap"), ('["a 1.cropmap", "b,c.cropmap"]',)])
def test_several_packages_follow_one_option_or_stand_in_a_json_list(words: tuple[str, ...]) -> None:
    assert parsed("ensemble", "--packages", *words) == {"packages": ["a 1.cropmap", "b,c.cropmap"]}


def test_packages_that_are_no_list_are_told() -> None:
    with pytest.raises(ParameterError, match=r"packages: .* is not a JSON list of model packages"):
        parsed("ensemble", "--packages", "[a.cropmap")


# ---------------------------------------------------------------- tables of numbers


def accuracies(text: str) -> Any:
    return parsed("design", "--class-map", "map.tif", "--accuracies", text)["accuracies"]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Corn=0.9,Flax=.6", {"Corn": 0.9, "Flax": 0.6}),
        ("winter wheat = 1e-1", {"winter wheat": 0.1}),
        ("a=b=0.5", {"a=b": 0.5}),
        ('{"Corn, sweet": 0.9}', {"Corn, sweet": 0.9}),
    ],
)
def test_a_table_is_written_as_names_and_numbers(text: str, table: dict[str, float]) -> None:
    assert accuracies(text) == table


@pytest.mark.parametrize("text", ["Corn", "Corn=high", "=0.9", "{Corn: 0.9}", "{[1]}"])
def test_what_is_no_table_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match=r"accuracies: .* is not a table such as corn=0\.9"):
        accuracies(text)


def test_an_entry_that_need_not_be_named_may_be_named_or_left_out() -> None:
    assert parsed("transfer", "--package", "m.cropmap") == {"package": "m.cropmap"}
    assert parsed("transfer", "--images", "season") == {"images": {"name": "folder", "path": "season"}}
    assert parsed("transfer", "--images.path", "season")["images"] == {"name": "folder", "path": "season"}
    values = parsed("transfer", "--model", "random_forest", "--model.trees", "9", "--strategies", '["direct"]')
    assert values == {"model": {"name": "random_forest", "trees": 9}, "strategies": ["direct"]}
