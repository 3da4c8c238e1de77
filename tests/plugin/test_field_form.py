"""Points to fill in, as the library writes them: their form, colours and labels in QGIS."""

import subprocess
from pathlib import Path

import pytest
from qgis.core import QgsRenderContext, QgsVectorLayer

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"
CLASSES = ["corn", 'soy & "beans" <x>', "maïs"]
WRITE = """
import sys
import numpy as np
from cropmap.data.legend import legend_from_names
from cropmap.io.field_layers import FieldLayer, offered, write_field_layer
from cropmap.io.projection import crs_wkt

facts = {"order": np.array([1, 2], np.int32), "id": np.array(["a", "b"])}
classes = offered(legend_from_names(sys.argv[2:]).classes, ["fallow"])
x, y = np.array([500000.0, 500100.0]), np.array([5000000.0, 5000030.0])
write_field_layer(sys.argv[1], FieldLayer(x, y, crs_wkt("EPSG:32615"), facts, classes, "order"))
"""

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here")


@pytest.fixture
def layer(qgis_app, tmp_path):
    path = tmp_path / "points.gpkg"
    subprocess.run([str(PYTHON), "-c", WRITE, str(path), *CLASSES], check=True, cwd=ROOT / "core")
    found = QgsVectorLayer(f"{path}|layername=points", "points", "ogr")
    assert found.isValid()
    return found


def test_the_form_lists_the_classes_and_locks_the_facts(layer):
    def setup(name):
        return layer.editorWidgetSetup(layer.fields().indexOf(name))

    assert setup("class").type() == "ValueMap"
    listed = [pair for entry in setup("class").config()["map"] for pair in entry.items()]
    assert listed == [(name, name) for name in [*sorted(CLASSES), "fallow"]]
    assert setup("date").type() == "DateTime"
    assert setup("date").config()["field_format"] == "yyyy-MM-dd"
    assert setup("note").config()["IsMultiline"] is True
    locked = {name: layer.editFormConfig().readOnly(layer.fields().indexOf(name)) for name in layer.fields().names()}
    assert {name for name, shut in locked.items() if not shut} == {"class", "date", "observer", "note"}


def test_a_point_takes_its_colour_once_it_has_a_class(layer):
    assert layer.startEditing()
    first = next(layer.getFeatures())
    layer.changeAttributeValue(first.id(), layer.fields().indexOf("class"), "corn")
    layer.changeAttributeValue(first.id(), layer.fields().indexOf("date"), "2024-05-01")
    assert layer.commitChanges()
    context = QgsRenderContext()
    renderer = layer.renderer()
    renderer.startRender(context, layer.fields())
    colours = [renderer.symbolForFeature(feature, context).color().name() for feature in layer.getFeatures()]
    renderer.stopRender(context)
    assert colours == ["#ffd300", "#ffffff"]


def test_the_order_stands_beside_the_points(layer):
    assert layer.labelsEnabled()
    settings = layer.labeling().settings()
    assert settings.fieldName == "order"
    text = settings.format()
    halo = text.buffer()
    assert halo.enabled()
