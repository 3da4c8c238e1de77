from __future__ import annotations

from pathlib import Path

from cropmap.contract.catalogue import read_catalogue
from cropmap.jobs.listing import catalogue

COPY = Path(__file__).parents[2] / "cropmap_plugin" / "catalogue.json"


def test_the_plugins_copy_of_the_catalogue_is_in_step() -> None:
    assert COPY.read_text(encoding="utf-8") == catalogue().to_json(), "run: make catalogue"


def test_a_catalogue_reads_back_as_it_was_written() -> None:
    assert read_catalogue(COPY).to_json() == COPY.read_text(encoding="utf-8")


def test_every_entry_tells_users_what_it_is() -> None:
    listed = catalogue()
    for registry in listed.registries:
        for entry in listed.entries(registry):
            assert entry.title, entry.name
            assert entry.summary.endswith("."), entry.name
            for prop in entry.schema["properties"].values():
                assert prop["description"], (entry.name, prop)
