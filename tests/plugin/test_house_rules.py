"""Translations in step with the texts, and the catalogue readable and complete."""

import subprocess
import sys
from pathlib import Path

import pytest

from cropmap_plugin.house import catalogue
from cropmap_plugin.pages.page import names_by_page
from cropmap_plugin.widgets.editors import _MAKERS

ROOT = Path(__file__).resolve().parents[2]


def test_the_translation_holds_every_text():
    script = ROOT / "tools" / "translations.py"
    ended = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert ended.stdout == ""
    assert ended.returncode == 0


def test_every_text_of_the_interface_is_translated_and_keeps_its_fields():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import translations
    finally:
        sys.path.pop(0)
    import string

    known = translations.known()
    for text in translations.texts_of_code():
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field and "{key}" not in text}
        assert known[text], text
        assert all("{" + field + "}" in known[text] for field in fields), text


def test_every_kind_of_parameter_has_an_editor():
    from cropmap.contract.params import KINDS

    assert set(_MAKERS) | {"entry", "entries"} == set(KINDS)


@pytest.mark.parametrize("kind", ["inspect", "prepare", "sample", "train", "map", "assess", "classify", "demo"])
def test_the_catalogue_has_every_job_kind_that_the_panel_starts(kind):
    assert kind in catalogue().registries["jobs"]


def test_the_pages_find_their_parameters_in_the_catalogue():
    pages = names_by_page()
    assert pages["images"] == ["images"]
    assert pages["preparation"] == ["recipe"]
    assert pages["model"][0] == "model"
    assert {"samples", "class_field"} <= set(pages["samples"])
    assert "confidence" in pages["map"]
