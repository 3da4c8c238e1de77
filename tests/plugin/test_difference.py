"""Where two class maps differ, read by GDAL from both."""

import pytest
from osgeo import gdal
from qgis.core import QgsProject, QgsRasterLayer

from cropmap.contract.errors import LegendError
from cropmap_plugin.layers.difference import class_codes, difference_layer
from cropmap_plugin.widgets.map_difference import MapDifference

gdal.UseExceptions()

STYLE = (
    "<!DOCTYPE qgis><qgis><pipe><rasterrenderer type='paletted' band='1' opacity='1'><colorPalette>{}</colorPalette>"
    "</rasterrenderer></pipe></qgis>"
)
ENTRY = "<paletteEntry value='{}' label='{}' color='#ffd300' alpha='255'/>"


def class_map(folder, codes, names, width=4):
    """Write a map of two rows; 255 is no class."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "class_map.tif"
    raster = gdal.GetDriverByName("GTiff").Create(str(path), width, 2, 1, gdal.GDT_Byte)
    raster.SetGeoTransform((500000, 30, 0, 4600000, 0, -30))
    raster.GetRasterBand(1).SetNoDataValue(255)
    raster.GetRasterBand(1).WriteRaster(0, 0, width, 2, bytes(codes))
    raster = None
    entries = "".join(ENTRY.format(code, name) for code, name in names.items())
    (folder / "class_map.qml").write_text(STYLE.format(entries))
    return QgsRasterLayer(str(path), folder.name)


def red_of(layer):
    """Return whether each pixel is drawn, row by row."""
    block = layer.renderer().block(1, layer.extent(), layer.width(), layer.height())
    return [[block.color(row, column) >> 24 > 0 for column in range(layer.width())] for row in range(layer.height())]


def test_pixels_of_different_classes_are_red_whatever_the_codes_are(qgis_app, tmp_path):
    first = class_map(tmp_path / "a", [0, 0, 1, 1, 2, 255, 0, 255], {0: "corn", 1: "soy", 2: "oats"})
    second = class_map(tmp_path / "b", [7, 3, 3, 7, 254, 3, 255, 255], {3: "soy", 7: "corn", 254: "oats"})
    layer = difference_layer(first, second)
    assert layer.isValid()
    assert red_of(layer) == [[False, True, False, True], [False, False, False, False]]
    assert layer.extent() == first.extent()
    assert layer.source().endswith("class_map_differs_from_b_class_map.vrt")


def test_classes_of_one_map_alone_differ_from_all_of_the_other(qgis_app, tmp_path):
    first = class_map(tmp_path / "a", [0] * 8, {0: "corn"})
    second = class_map(tmp_path / "b", [0] * 4 + [1] * 4, {0: "rye", 1: "corn"})
    assert red_of(difference_layer(first, second)) == [[True] * 4, [False] * 4]


def test_maps_of_other_pixels_or_without_classes_are_refused(qgis_app, tmp_path):
    first = class_map(tmp_path / "a", [0] * 8, {0: "corn"})
    other = class_map(tmp_path / "b", [0] * 10, {0: "corn"}, width=5)
    with pytest.raises(LegendError, match="same pixels"):
        difference_layer(first, other)
    (tmp_path / "a" / "class_map.qml").unlink()
    with pytest.raises(LegendError, match="names no classes"):
        class_codes(QgsRasterLayer(str(tmp_path / "a" / "class_map.tif"), "plain"))


def test_two_maps_that_are_chosen_give_a_layer_and_what_is_wrong_is_said(qgis_app, tmp_path):
    maps = [class_map(tmp_path / name, [0] * 8, {0: "corn"}) for name in ("a", "b")]
    chooser, added = MapDifference(), []
    chooser.shown.connect(added.append)
    chooser.show_difference.click()
    assert "Choose two maps" in chooser.notice.text()
    QgsProject.instance().addMapLayer(maps[0])
    chooser.maps[0].combo.setLayer(maps[0])
    chooser.maps[1].set_path(maps[1].source())
    chooser.show_difference.click()
    assert chooser.notice.isHidden()
    assert [layer.name() for layer in added] == ["Where two maps differ"]
    assert added[0].id() in QgsProject.instance().mapLayers()
    chooser.deleteLater()
