"""Sample files and cubes for tests, written without the library."""

import json
from array import array

from osgeo import gdal, ogr, osr

gdal.UseExceptions()
ogr.UseExceptions()

X, Y = 500_000.0, 4_600_000.0  # UTM 15N; sample number k stands at X + 300 k, Y
BANDS = ("red", "nir", "clear")
DAYS = (0, 30, 60)
COLOURS = {"corn": "#ffd300", "soy": "#267000", "water": "#4970a3"}
# (id, class, suspect, suggested, why), as the rows lie in the file.
ROWS = (
    ("a", "corn", 3, "soy", "third"),
    ("b", "soy", 0, "", ""),
    ("c", "corn", 1, "soy", "first"),
    ("d", "soy", 4, "", "fourth"),
    ("e", "soy", 2, "corn", "second"),
    ("f", "corn", 0, "", ""),
)


def series_of(number):
    """Return the values of a sample, step by step: red, nir, clear; the middle step of sample 2 is hidden."""
    return [v for step in range(3) for v in (number / 10, number / 10 + step, 0 if (number, step) == (2, 1) else 1)]


def write_sample_file(path, version=2, *, metadata=True):
    """Write a sample file as the library does."""
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32615)
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = source.CreateLayer("samples", utm, ogr.wkbPoint)
    kinds = {"year": ogr.OFTInteger, "fold": ogr.OFTInteger, "suspect": ogr.OFTInteger, "series": ogr.OFTBinary}
    names = ("id", "class", "colour", "group", "site", "year", "fold", "suspect", "suggested", "why", "verdict")
    for name in (*names, "series"):
        layer.CreateField(ogr.FieldDefn(name, kinds.get(name, ogr.OFTString)))
    for number, (ident, label, rank, suggested, why) in enumerate(ROWS):
        feature = ogr.Feature(layer.GetLayerDefn())
        told = {"id": ident, "class": label, "suspect": rank, "suggested": suggested, "why": why, "verdict": ""}
        for name, value in told.items():
            feature.SetField(name, value)
        feature.SetField("colour", COLOURS[label])
        feature.SetFieldBinaryFromHexString("series", array("f", series_of(number)).tobytes().hex())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({X + 300 * number} {Y})"))
        layer.CreateFeature(feature)
    if metadata:
        legend = [{"code": code, "name": name, "colour": colour} for code, (name, colour) in enumerate(COLOURS.items())]
        header = {"format": "cropmap samples", "version": version, "days": DAYS, "bands": BANDS, "legend": legend}
        header["recipe"] = {"name": "raw", "season": ["2023-04-01", "2023-07-01"], "steps": []}
        source.ExecuteSQL("CREATE TABLE gpkg_metadata (id INTEGER PRIMARY KEY, md_standard_uri TEXT, metadata TEXT)")
        row = f"(1, 'urn:cropmap:samples', '{json.dumps(header)}')"
        source.ExecuteSQL(f"INSERT INTO gpkg_metadata VALUES {row}")  # noqa: S608 - our own words
    source = layer = None
    return str(path)


def write_profiles(path):
    """Write courses: of nir the medians are 4 apart, of red 0.1; the middle halves are 1 and 0.1 wide."""
    classes = {}
    for name, red, nir in (("corn", 0.2, 1.0), ("soy", 0.3, 5.0)):
        spread = {"5": -2, "25": -0.5, "50": 0, "75": 0.5, "95": 2}
        quantiles = {level: [[red + 0.1 * by, nir + by], [red, None], [red, nir + by]] for level, by in spread.items()}
        classes[name] = {"colour": COLOURS[name], "samples": 3, "quantiles": quantiles}
    content = {"dates": ["2023-04-01", "2023-05-01", "2023-05-31"], "bands": ["red", "nir"], "classes": classes}
    path.write_text(json.dumps(content), encoding="utf-8")


def verdicts(path):
    """Return the verdicts that the file holds, by id, as another program reads them."""
    source = ogr.Open(str(path))
    found = {feature["id"]: feature["verdict"] for feature in source.GetLayer(0)}
    source = None
    return found


def write_cube(path):
    """Write a cube of 8 x 4 pixels of 300 m: red is 10 row + column + step / 10, nir is 1 more."""
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32615)
    raster = gdal.GetDriverByName("GTiff").Create(str(path), 8, 4, 7, gdal.GDT_Float32)
    raster.SetGeoTransform((X - 150, 300, 0, Y + 150, 0, -300))
    raster.SetProjection(utm.ExportToWkt())
    names = [f"{date} {band}" for date in ("2023-04-01", "2023-05-01", "2023-05-31") for band in ("red", "nir")]
    for number, name in enumerate([*names, "clear dates"]):
        band = raster.GetRasterBand(number + 1)
        band.SetDescription(name)
        band.SetNoDataValue(float("nan"))
        step, more = divmod(number, 2)
        values = [10 * row + column + step / 10 + more for row in range(4) for column in range(8)]
        values[-1] = float("nan")
        band.WriteRaster(0, 0, 8, 4, array("f", values).tobytes())
    raster = None
    return str(path)
