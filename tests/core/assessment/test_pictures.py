"""Map pictures, decoded by another library."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cropmap.assessment.pictures import class_png, confidence_png
from cropmap.data.legend import Legend, LegendClass

LEGEND = Legend((LegendClass(0, "maize", "#ffd300"), LegendClass(200, "wheat", "#a57001")))


def _decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_every_pixel_has_its_class_colour():
    codes = np.random.default_rng(0).choice([0, 200], (31, 17))
    expected = np.where((codes == 0)[..., None], (255, 211, 0, 255), (165, 112, 1, 255))
    assert (_decoded(class_png(codes, LEGEND)) == expected).all()


def test_pixels_without_a_class_are_transparent():
    found = _decoded(class_png(np.array([[255, 7, 0], [-3, 999, 200]]), LEGEND))
    assert found[..., 3].tolist() == [[0, 0, 255], [0, 0, 255]]


def test_confidence_runs_along_viridis():
    found = _decoded(confidence_png(np.array([[0, 25, 50, 75, 100, 255]])))[0]
    stops = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]
    assert ["#{:02x}{:02x}{:02x}".format(*pixel[:3]) for pixel in found[:5]] == stops
    assert found[:, 3].tolist() == [255] * 5 + [0]
