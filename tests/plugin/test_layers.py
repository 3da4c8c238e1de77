"""Results as layers: grouped, styled, zoomed to."""

import json

import pytest
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsVectorLayer,
)

from cropmap.contract.errors import OutputError, SampleError
from cropmap_plugin.layers.results import class_colours_of, load_results
from cropmap_plugin.widgets.layers import (
    VECTOR,
    LayerOrFile,
    file_of,
    needs_export,
    reference_of,
    title_of_reference,
    with_copies,
)

gdal.UseExceptions()
ogr.UseExceptions()


@pytest.fixture
def outputs(tmp_path):
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32615)
    paths = {}
    for name in ("class_map", "confidence", "outside"):
        path = tmp_path / f"{name}.tif"
        raster = gdal.GetDriverByName("GTiff").Create(str(path), 4, 3, 1, gdal.GDT_Byte)
        raster.SetGeoTransform((500000, 30, 0, 4600000, 0, -30))
        raster.SetProjection(utm.ExportToWkt())
        band = raster.GetRasterBand(1)
        band.Fill(1)
        if name == "class_map":
            colours = gdal.ColorTable()
            colours.SetColorEntry(0, (255, 211, 0, 255))
            colours.SetColorEntry(1, (38, 112, 0, 255))
            band.SetColorTable(colours)
        raster = band = None
        paths[name] = str(path)
    (tmp_path / "class_map.qml").write_text(
        "<!DOCTYPE qgis><qgis><pipe><rasterrenderer type='paletted' band='1' opacity='1'><colorPalette>"
        "<paletteEntry value='0' label='corn' color='#ffd300' alpha='255'/>"
        "<paletteEntry value='1' label='soy' color='#267000' alpha='255'/>"
        "</colorPalette></rasterrenderer></pipe></qgis>"
    )
    points = tmp_path / "samples.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"class": name, "colour": "#123456"},
            "geometry": {"type": "Point", "coordinates": [-93, 41.5]},
        }
        for name in ("corn", "soy", "oats")
    ]
    points.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return {**paths, "samples": str(points), "report": "/r.html"}


def test_points_to_go_to_keep_their_own_style_and_trusted_ones_show_their_class(outputs, tmp_path):
    (tmp_path / "samples.qml").unlink(missing_ok=True)
    given = {"points": outputs["samples"], "next_points": outputs["samples"], "trusted": outputs["class_map"]}
    loaded = load_results({"outputs": given}, "Run 2")
    names = [node.layer().name() for node in loaded.group.findLayers()]
    assert names == ["Where to sample next", "Trusted points", "Trusted pixels"]
    assert isinstance(loaded.layers["points"].renderer(), QgsCategorizedSymbolRenderer)
    assert not isinstance(loaded.layers["next_points"].renderer(), QgsCategorizedSymbolRenderer)
    assert isinstance(loaded.layers["trusted"].renderer(), QgsPalettedRasterRenderer)


def test_the_layers_come_in_a_group_the_samples_on_top_and_the_confidence_hidden(outputs):
    loaded = load_results({"outputs": outputs}, "Run 1")
    nodes = loaded.group.findLayers()
    assert loaded.group.name() == "Run 1"
    assert [node.layer().name() for node in nodes] == [
        "Samples",
        "Crop map",
        "Confidence (%)",
        "Unlike the training samples above 100 %",
    ]
    assert [node.itemVisibilityChecked() for node in nodes] == [True, True, False, False]
    assert QgsProject.instance().layerTreeRoot().children()[0] == loaded.group


def test_the_map_shows_the_names_and_colours_of_its_style(outputs):
    layer = load_results({"outputs": outputs}, "Run").layers["class_map"]
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    assert class_colours_of(layer) == {"corn": "#ffd300", "soy": "#267000"}


def test_without_a_style_file_the_map_takes_its_colour_table(outputs, tmp_path):
    (tmp_path / "class_map.qml").unlink()
    layer = load_results({"outputs": outputs}, "Run").layers["class_map"]
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    assert {"#ffd300", "#267000"} <= {entry.color.name() for entry in layer.renderer().classes()}


def test_the_samples_take_the_map_s_colours(outputs):
    renderer = load_results({"outputs": outputs}, "Run").layers["samples"].renderer()
    assert isinstance(renderer, QgsCategorizedSymbolRenderer)
    colours = {str(category.value()): category.symbol().color().name() for category in renderer.categories()}
    # What the map does not show takes the colour that its samples bear.
    assert colours == {"corn": "#ffd300", "soy": "#267000", "oats": "#123456"}


def test_a_run_without_layers_adds_nothing(qgis_app):
    assert load_results({"outputs": {"report": "/r.html"}}, "Run") is None
    assert load_results({"outputs": {"class_map": "/gone.tif"}}, "Run") is None
    assert QgsProject.instance().layerTreeRoot().children() == []


def test_a_layer_of_the_project_is_found_again_by_its_file(outputs):
    layer = load_results({"outputs": outputs}, "Run").layers["samples"]
    chooser = LayerOrFile(VECTOR, "")
    chooser.set_path(outputs["samples"])
    assert chooser.layer() == layer
    assert chooser.path() == outputs["samples"]
    chooser.set_path("/other.gpkg")
    assert (chooser.layer(), chooser.path()) == (None, "/other.gpkg")


def test_a_filter_or_unsaved_edits_ask_for_a_copy(outputs):
    layer = load_results({"outputs": outputs}, "Run").layers["samples"]
    assert file_of(layer)[0] == outputs["samples"]
    assert not needs_export(layer)
    layer.setSubsetString("\"class\" = 'corn'")
    assert needs_export(layer)


def test_a_layer_that_is_no_plain_file_is_copied_for_the_worker_as_the_user_sees_it(outputs, tmp_path):
    samples = load_results({"outputs": outputs}, "Run").layers["samples"]
    drawn = QgsVectorLayer("Polygon?crs=EPSG:32615", "my site", "memory")
    QgsProject.instance().addMapLayer(drawn)
    chooser = LayerOrFile(VECTOR, "")
    chooser.set_path(outputs["samples"])
    assert with_copies({"site": chooser.reference()}, tmp_path)["site"].startswith(outputs["samples"])
    samples.setSubsetString("\"class\" = 'corn'")
    count = samples.featureCount()
    given = {"site": reference_of(drawn), "roads": chooser.reference(), "total": 3, "maps": ["/m.tif"]}
    assert [title_of_reference(given["site"]), title_of_reference("/a/b.gpkg|layername=c")] == ["my site", "c"]
    found = with_copies(given, tmp_path / "run")
    assert found == {**given, "site": str(tmp_path / "run/site.gpkg"), "roads": str(tmp_path / "run/roads.gpkg")}
    assert 0 < QgsVectorLayer(found["roads"], "", "ogr").featureCount() == count < 4
    chooser.set_path(given["site"])
    assert chooser.layer() == drawn
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be copied"):
        with_copies(given, tmp_path / "file")
    QgsProject.instance().clear()
    with pytest.raises(SampleError, match="no longer in the project"):
        with_copies(given, tmp_path / "run")


def test_the_map_is_the_first_layer_that_a_project_gets(outputs, qgis_new_project):
    added = []
    QgsProject.instance().layersAdded.connect(lambda layers: added.extend(layer.name() for layer in layers))
    load_results({"outputs": outputs}, "Run 1")
    assert added[0] == "Crop map"  # an empty project takes its coordinate system
    assert sorted(added) == ["Confidence (%)", "Crop map", "Samples", "Unlike the training samples above 100 %"]


@pytest.mark.parametrize(("last", "colours"), [("nir", (6, 5, 4)), ("swir1", None)])
def test_prepared_images_show_the_middle_date_in_false_colours(tmp_path, qgis_app, last, colours):
    path = tmp_path / "cube.tif"
    raster = gdal.GetDriverByName("GTiff").Create(str(path), 4, 3, 9, gdal.GDT_Float32)
    names = [f"2023-{month:02d}-01 {band}" for month in (5, 6, 7) for band in ("green", "red", last)]
    for number, name in enumerate(names, start=1):
        raster.GetRasterBand(number).SetDescription(name)
        raster.GetRasterBand(number).Fill(number / 10)
    raster = None
    layer = load_results({"outputs": {"cube": str(path)}}, "Run 1").layers["cube"]
    renderer = layer.renderer()
    if colours:
        assert isinstance(renderer, QgsMultiBandColorRenderer)
        assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == colours
    assert layer.bandCount() == 9
