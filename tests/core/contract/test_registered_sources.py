"""Every registered source passes the same checks; a new one needs no edit here."""

from __future__ import annotations

import importlib
import inspect

import pytest

from cropmap.sources import SOURCES

sources = pytest.mark.parametrize("entry", SOURCES.entries(), ids=lambda entry: entry.name)


@sources
def test_a_source_lists_what_it_finds_beside_its_maker(entry):
    # The job `inspect` looks for the listing in the maker's module and hands it the source's parameters alone.
    listing = importlib.import_module(entry.make.__module__).listing
    assert callable(listing)
    (taken,) = inspect.signature(listing).parameters.values()
    assert taken.annotation == entry.params.__name__


@sources
def test_a_source_says_what_it_is(entry):
    assert entry.title
    assert entry.summary.endswith(".")
    assert all(prop["description"] for prop in entry.catalogued().schema["properties"].values())
