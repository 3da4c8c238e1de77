"""Samples edited in QGIS are what training reads."""

import json
import subprocess
from pathlib import Path

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsVectorLayer

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-core/bin/python"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="the library's environment (.venv-core) is not made here")

WRITE = """
import datetime as dt, sys
import numpy as np
from cropmap.data.legend import legend_from_names
from cropmap.data.recipe import Recipe
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.samples import write_samples
n = 8
write_samples(sys.argv[1], SampleSet(
    values=np.arange(n * 6, dtype=np.float32).reshape(n, 3, 2), codes=(np.arange(n) % 2).astype(np.uint8),
    ids=np.arange(n).astype(str), groups=np.arange(n).astype(str), x=500000.0 + np.arange(n), y=46e5 + np.arange(n),
    days=np.arange(3, dtype=np.int32), bands=("red", "nir"), legend=legend_from_names(["corn", "soy"]),
    recipe=Recipe("raw", Season(dt.date(2023, 4, 1), dt.date(2023, 5, 1)), ()), crs="EPSG:32615",
))
"""
READ = """
import json, sys
from cropmap.io.samples import read_sample_file
found = read_sample_file(sys.argv[1])
own = found.samples
names = [own.legend.names[code] for code in own.codes]
print(json.dumps([own.ids.tolist(), names, own.x.tolist(), own.values[:, 0, 0].tolist(), found.notes]))
"""


def core(code, path):
    command = [str(PYTHON), "-c", code, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "core")})
    return done.stdout


def test_edits_in_qgis_edit_the_samples(qgis_app, tmp_path):
    path = tmp_path / "samples.gpkg"
    core(WRITE, path)
    layer = QgsVectorLayer(str(path), "samples", "ogr")
    assert layer.isValid()
    assert layer.featureCount() == 8
    assert layer.crs().authid() == "EPSG:32615"
    at = layer.fields().indexOf
    features = {feature["id"]: feature.id() for feature in layer.getFeatures()}
    assert layer.startEditing()
    layer.deleteFeature(features["0"])
    layer.changeAttributeValue(features["1"], at("class"), "corn")
    layer.changeAttributeValue(features["2"], at("verdict"), "drop")
    layer.changeAttributeValue(features["4"], at("verdict"), "soy")
    layer.changeGeometry(features["5"], QgsGeometry.fromPointXY(QgsPointXY(500123.5, 4600000)))
    added = QgsFeature(layer.fields())
    added.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(500001, 4600001)))
    added["class"] = "corn"
    layer.addFeature(added)
    assert layer.commitChanges(False), layer.commitErrors()
    ids, names, x, first, notes = json.loads(core(READ, path))  # while QGIS has it open
    assert ids == ["1", "3", "4", "5", "6", "7"]
    assert names == ["corn", "soy", "soy", "soy", "corn", "soy"]
    assert x == [500001, 500003, 500004, 500123.5, 500006, 500007]
    assert first == [6, 18, 24, 30, 36, 42]
    assert notes == [
        "1 row has no series: added by hand, left out. The sample job extracts series for new points.",
        '1 sample left out by the verdict "drop".',
        "1 sample given another class by their verdict: 1 corn -> soy.",
    ]
    layer.rollBack()
