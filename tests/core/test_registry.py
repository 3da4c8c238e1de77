"""The registry: entries by name, modules imported only when they are needed."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from cropmap.contract.errors import JobError, ParameterError
from cropmap.contract.params import param
from cropmap.registry import Registry


@dataclass(frozen=True)
class Params:
    trees: int = param(500, help="Trees.", low=1)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose modules register entries: forest in forest.py, tree in other.py; broken.py cannot be imported."""
    name = f"registry_fixture_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from dataclasses import dataclass\nfrom cropmap.registry import Registry\n"
        "@dataclass\nclass NoParams:\n    pass\n"
        "THINGS = Registry('things', __name__)\n"
    )
    for module, entry in (("forest", "forest"), ("other", "tree")):
        (folder / f"{module}.py").write_text(
            f"from {name} import NoParams, THINGS\n"
            f"@THINGS.register({entry!r}, title='{entry.title()}', params=NoParams)\n"
            f"def make(params):\n    '''Make a {entry}\n    or two.\n\n    More.\n    '''\n    return {entry!r}\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for module in [found for found in sys.modules if found.split(".")[0] == name]:
        del sys.modules[module]


def _things(package):
    import importlib

    return importlib.import_module(package).THINGS


def test_asking_for_an_entry_imports_its_module_only(package):
    assert _things(package).get("forest").make(None) == "forest"
    assert f"{package}.other" not in sys.modules


def test_an_entry_in_a_module_of_another_name_is_found(package):
    assert _things(package).get("tree").make(None) == "tree"


def test_all_entries_come_by_name(package):
    assert [entry.name for entry in _things(package).entries()] == ["forest", "tree"]


def test_an_unknown_name_is_told_with_those_there_are(package):
    with pytest.raises(JobError, match=r"no 'bush' in things\. Known: forest, tree"):
        _things(package).get("bush")


def test_the_first_paragraph_of_the_docstring_is_the_summary(package):
    entry = _things(package).get("forest").catalogued()
    assert entry.summary == "Make a forest or two."
    assert entry.title == "Forest"


def test_a_module_that_cannot_be_imported_is_not_hidden(package, tmp_path):
    (tmp_path / package / "broken.py").write_text("raise ImportError('no such library')\n")
    with pytest.raises(ImportError, match="no such library"):
        _things(package).entries()


def test_two_entries_of_one_name_are_a_mistake():
    registry = Registry("models", "cropmap.data")
    register = registry.register("forest", title="Forest", params=Params)
    register(lambda params: params)
    with pytest.raises(ValueError, match="two entries named 'forest'"):
        register(lambda params: params)


def test_an_entry_parses_its_parameters():
    registry = Registry("models", "cropmap.data")

    @registry.register("forest", title="Forest", params=Params, citation="Breiman 2001", needs=("trees",))
    def forest(params):
        """Grow trees."""
        return params.trees

    entry = registry.get("forest")
    assert entry.make(entry.parse({"trees": 3})) == 3
    with pytest.raises(ParameterError, match="0 is below 1"):
        entry.parse({"trees": 0})
    listed = entry.catalogued()
    assert (listed.citation, listed.needs, listed.defaults) == ("Breiman 2001", ("trees",), {"trees": 500})
