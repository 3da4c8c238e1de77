import numpy as np
import pytest

from cropmap.data.greenness import greenness


def test_greenness_is_ndvi_of_two_bands_or_a_band_or_the_first():
    values = np.array([[0.1, 0.3], [0.0, 0.0]], np.float32)
    name, found = greenness(("red", "nir"), values)
    assert name == "NDVI"
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])
    assert greenness(("VV", "NDVI"), values)[1].tolist() == pytest.approx([0.3, 0.0])
    assert greenness(("VV", "VH"), values)[0] == "VV"
