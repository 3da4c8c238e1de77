"""The report: what it says, that it is one safe file, and that it holds for odd input."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import io
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.crs import CRS

from cropmap.assessment.page import flattened
from cropmap.assessment.report import (
    CROSS_VALIDATION,
    ClearDate,
    Measured,
    Report,
    render_report,
    write_report,
)
from cropmap.contract.errors import OutputError
from cropmap.data.accuracy import Accuracy, accuracy_of
from cropmap.data.legend import Legend, LegendClass, legend_from_names
from cropmap.data.maps import ClassMap
from cropmap.data.recipe import Recipe
from cropmap.data.samples import FoldPlan, SampleSet
from cropmap.data.season import Season
from cropmap.io.rasters import grid_of

SEASON = Season(dt.date(2021, 3, 1), dt.date(2021, 10, 31))
UTM = CRS.from_epsg(32634).to_wkt()
VOID = {"meta", "img", "br", "hr", "input", "link"}


class _Page(HTMLParser):
    """Collects a page's text and images, and checks that its tags close in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.images, self.tags, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if "style" not in self.stack:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def _picture(image):
    head, data = image["src"].split(",", 1)
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def _legend(*names):
    return Legend(tuple(LegendClass(k, name, f"#{40 * k + 20:02x}8040") for k, name in enumerate(names)))


def _map(folder, codes, legend, *, crs="EPSG:32634", confidence=None):
    paths = []
    for name, array in (("map", codes), ("map_confidence", confidence)):
        path = folder / f"{name}.tif"
        transform = Affine(10, 0, 500_000, 0, -10, 5_000_000)
        profile = {"driver": "GTiff", "width": codes.shape[1], "height": codes.shape[0], "count": 1, "dtype": "uint8"}
        if array is not None:
            with rasterio.open(path, "w", **profile, crs=crs, transform=transform, nodata=255) as file:
                file.write(array.astype(np.uint8), 1)
        paths.append(path if array is not None else None)
    pixels = {code: int((codes == code).sum()) for code in legend.codes}
    return ClassMap(paths[0], paths[1], grid_of(str(paths[0])), legend, pixels, int((codes == 255).sum()))


def _samples(legend, count=40, bands=("B04", "B08"), crs=UTM):
    rng = np.random.default_rng(0)
    return SampleSet(
        values=rng.uniform(0.05, 0.5, (count, 12, len(bands))).astype(np.float32),
        codes=rng.choice(legend.codes, count).astype(np.uint8),
        ids=np.array([f"s{k}" for k in range(count)]),
        x=rng.uniform(500_000, 500_900, count),
        y=rng.uniform(4_999_000, 5_000_000, count),
        groups=np.array([f"g{k}" for k in range(count)]),
        days=np.arange(0, 84, 7, dtype=np.int32),
        bands=bands,
        legend=legend,
        recipe=Recipe("weekly_linear", SEASON, ()),
        crs=crs,
    )


def _folds(samples):
    units = (samples.x // 300).astype(np.int32)
    _, units = np.unique(units, return_inverse=True)
    return FoldPlan((units % 3).astype(np.int8), units.astype(np.int32), samples.codes, 300.0)


def _full(folder, names=("maize", "wheat", "rye"), **changes):
    legend = _legend(*names)
    rng = np.random.default_rng(1)
    codes = rng.choice(legend.codes, (30, 40)).astype(np.uint8)
    codes[:3] = 255
    samples = _samples(legend)
    accuracy = accuracy_of(samples.codes, rng.permutation(samples.codes), legend)
    fields = {
        "title": "Crop map",
        "site": "Srem",
        "season": SEASON,
        "class_map": _map(folder, codes, legend, confidence=np.where(codes == 255, 255, 80)),
        "measured": (Measured("Spatial cross-validation", CROSS_VALIDATION, accuracy, (accuracy, accuracy)),),
        "samples": samples,
        "folds": _folds(samples),
        "clear": (ClearDate(dt.date(2021, 4, 1), 0.25), ClearDate(dt.date(2021, 5, 1), 1.0)),
        "settings": {"model": {"name": "random_forest", "trees": 500}, "seed": 7},
        "versions": {"cropmap": "0.1.0"},
        "notes": ("3 samples of maize were dropped: too few clear dates.",),
        "warnings": ("Class 'rye' has 5 samples.",),
        "made": "2021-11-05",
    }
    return Report(**{**fields, **changes})


def test_the_page_is_one_file_that_asks_nothing_of_a_network(tmp_path):
    write_report(tmp_path / "report.html", _full(tmp_path))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "<script" not in text
    assert "url(" not in text
    assert not [tag for tag, _ in page.tags if tag in {"link", "script", "iframe", "object"}]
    policy = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_every_picture_is_embedded_and_described(tmp_path):
    page = _Page(render_report(_full(tmp_path)))
    assert len(page.images) == 7  # map, confidence, matrix, profiles, classes, folds, clear dates
    for image in page.images:
        assert len(image["alt"]) > 20
        assert min(_picture(image).size) >= 27


def test_every_table_has_header_cells_with_a_scope(tmp_path):
    page = _Page(render_report(_full(tmp_path)))
    heads = [attrs for tag, attrs in page.tags if tag == "th"]
    assert heads
    assert all(attrs.get("scope") in {"row", "col"} for attrs in heads)


def test_all_sections_of_a_full_report_are_there(tmp_path):
    text = _Page(render_report(_full(tmp_path))).text
    for words in (
        "Site Srem",
        "Season 2021-03-01 to 2021-10-31",
        "spatial-block cross-validation on the training samples",
        "not an area estimate",
        "Class 'rye' has 5 samples.",
        "3 samples of maize were dropped: too few clear dates.",
        "model.trees 500",
        "seed 7",
        "cropmap 0.1.0",
        "NDVI of the training samples",
        "2 acquisitions; on 1 of them at least half of the pixels are clear.",
        "blocks of 300 m",
    ):
        assert words in text


def test_a_title_alone_makes_a_page_without_empty_sections():
    page = _Page(render_report(Report("Nothing yet")))
    assert "Nothing yet" in page.text
    assert not page.images
    assert not [tag for tag, _ in page.tags if tag in {"section", "table"}]


def test_the_headline_gives_the_figures_of_the_first_accuracy():
    # Counts after Antonijevic et al. 2023, table 4: overall accuracy .9396, kappa .9111, macro F1 .9056.
    rows = "158 5 0 1 0 4 19|1 2021 4 17 0 45 20|0 0 61 0 0 1 1|1 22 0 196 1 12 2|0 0 0 1 12 0 1|9 43 3 8 0 964 6|"
    rows += "8 22 1 1 1 6 724"
    matrix = np.array([[int(cell) for cell in row.split()] for row in rows.split("|")])
    legend = legend_from_names(["barley", "maize", "rapeseed", "soya", "sugarbeet", "sunflower", "wheat"])
    page = _Page(render_report(Report("x", measured=(Measured("Reference", "Compared.", Accuracy(matrix, legend)),))))
    assert "Overall accuracy 94.0 %" in page.text
    assert "Macro F1 0.906" in page.text
    assert "Kappa 0.911" in page.text
    # Sugar beet, 12 of 14: Wilson's interval is 60.1 to 96.0 %.
    assert "85.7 % 60.1 % to 96.0 %" in page.text
    assert "sunflower shown as maize (43, 4.2 % of sunflower)" in page.text


def test_areas_are_pixels_times_their_size(tmp_path):
    legend = _legend("maize", "wheat")
    codes = np.zeros((30, 40), np.uint8)
    codes[:, 30:] = 1
    codes[0] = 255
    text = _Page(render_report(Report("x", class_map=_map(tmp_path, codes, legend)))).text
    assert "maize 870 75.0 % 8.70 ha" in text  # 29 rows x 30 columns of 10 x 10 m
    assert "wheat 290 25.0 % 2.90 ha" in text
    assert "40 pixels ( 3.3 % of the grid) have no class" in text.replace("(3.3", "( 3.3")


def test_without_a_crs_there_are_no_areas_and_no_scale_bar(tmp_path):
    codes = np.zeros((30, 40), np.uint8)
    page = _Page(render_report(Report("x", class_map=_map(tmp_path, codes, _legend("maize"), crs=None))))
    assert " ha" not in page.text
    assert not [attrs for _, attrs in page.tags if attrs.get("class") == "scale"]


def test_the_scale_bar_is_as_long_as_it_says(tmp_path):
    page = _Page(render_report(Report("x", class_map=_map(tmp_path, np.zeros((30, 40), np.uint8), _legend("maize")))))
    (bar,) = [attrs for _, attrs in page.tags if attrs.get("class") == "scale"]
    assert bar["style"] == "width:25.000%"  # 100 m of 400 m
    assert "100 m" in page.text


def test_the_map_picture_shows_the_legend_colours(tmp_path):
    report = _full(tmp_path)
    image = np.asarray(_picture(_Page(render_report(report)).images[0]).convert("RGBA"))
    with rasterio.open(report.class_map.path) as file:
        codes = file.read(1)
    for found in report.class_map.legend.classes:
        assert {"#{:02x}{:02x}{:02x}".format(*pixel[:3]) for pixel in image[codes == found.code]} == {found.colour}
    assert not image[codes == 255][:, 3].any()


def test_a_large_map_is_thinned_out_for_its_picture(tmp_path):
    codes = np.zeros((100, 3000), np.uint8)
    page = _Page(render_report(Report("x", class_map=_map(tmp_path, codes, _legend("maize")))))
    assert _picture(page.images[0]).size == (1200, 40)
    assert "thinned out" in page.text


def test_what_is_outside_is_told_where_the_map_tells_it(tmp_path):
    found = _map(tmp_path, np.zeros((30, 40), np.uint8), _legend("maize"))
    assert "unlike all samples" not in _Page(render_report(Report("x", class_map=found))).text
    told = dataclasses.replace(found, outside_path=tmp_path / "map_outside.tif", outside=300)
    assert (
        "25.0 % of the mapped pixels are unlike all samples" in _Page(render_report(Report("x", class_map=told))).text
    )


def test_mean_confidence_is_that_of_the_class(tmp_path):
    legend = _legend("maize", "wheat")
    codes = np.zeros((10, 10), np.uint8)
    codes[:, 5:] = 1
    confidence = np.where(codes == 0, 90, 40)
    confidence[:5, 5:] = 60
    text = _Page(render_report(Report("x", class_map=_map(tmp_path, codes, legend, confidence=confidence)))).text
    assert re.search(r"maize 50 50\.0 % \S+ ha 90\.0 %", text)
    assert re.search(r"wheat 50 50\.0 % \S+ ha 50\.0 %", text)


@pytest.mark.parametrize(
    ("name", "other"),
    [("<script>alert(1)</script>", "$x_1^2$"), ('"><img src=x>', "a & b"), ("{{ 7*7 }}", "小麦")],
)
def test_names_of_users_stay_text(tmp_path, name, other):
    report = _full(tmp_path, (name, other), title=name, site=name, notes=(name,), settings={name: other})
    text = render_report(report)
    page = _Page(text)
    assert "<script>" not in text
    assert page.text.count(name) >= 8
    assert page.text.count(other) >= 5
    assert len(page.images) == 7


def test_undefined_figures_are_dashes_not_nan():
    accuracy = Accuracy(np.array([[5, 0, 0], [0, 0, 0], [2, 0, 0]]), _legend("maize", "wheat", "rye"))
    text = _Page(render_report(Report("x", measured=(Measured("Reference", "How.", accuracy),)))).text
    assert not re.search(r"\bnan\b", text)
    assert "\N{EN DASH}" in text


def test_an_accuracy_without_pixels_still_makes_a_page():
    accuracy = Accuracy(np.zeros((2, 2), int), _legend("maize", "wheat"), np.array([3, 0]))
    page = _Page(render_report(Report("x", measured=(Measured("Reference", "How.", accuracy),))))
    assert "3 more have no class in the map" in page.text


@pytest.mark.parametrize("count", [1, 15, 30])
def test_any_number_of_classes_makes_a_page(count):
    legend = (
        _legend(*(f"class {k:02}" for k in range(count))) if count < 6 else legend_from_names(map(str, range(count)))
    )
    matrix = np.random.default_rng(0).integers(0, 900, (count, count))
    report = Report("x", samples=_samples(legend), measured=(Measured("a", "b", Accuracy(matrix, legend)),))
    assert len(_Page(render_report(report)).images) == 3


def test_one_sample_in_degrees_makes_a_page():
    wkt = CRS.from_epsg(4326).to_wkt()
    samples = _samples(_legend("maize"), count=1, crs=wkt)
    plan = FoldPlan(np.zeros(1, np.int8), np.zeros(1, np.int32), samples.codes, 10_000.0)
    page = _Page(render_report(Report("x", samples=samples, folds=plan)))
    assert "blocks of 10 km" in page.text


def test_samples_count_by_fold_of_the_cross_validation(tmp_path):
    report = _full(tmp_path)
    text = _Page(render_report(report)).text
    own = report.samples.codes == 0
    counts = [int((own & (report.folds.fold == number)).sum()) for number in range(3)]
    assert f"maize {own.sum()} {' '.join(map(str, counts))}" in text
    assert "Samples Fold 1 Fold 2 Fold 3" in text
    assert " part " not in text.casefold().replace("no part", "")


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (
            ["s{}", "s{}"],
            "The samples do not say which field they stand in: neighbouring points of different folds may",
        ),
        (["s{}", "#s{}"], "The samples do not say which field they stand in"),
        (["s{}", "f{}"], "samples do not say which field they stand in"),
        (["f{}", "f{}"], "no sample is judged by a model that has seen the rest of its group"),
    ],
)
def test_independence_is_claimed_of_groups_only(tmp_path, groups, told):
    report = _full(tmp_path)
    named = np.array([groups[k % 2].format(k) for k in range(len(report.samples))])
    samples = dataclasses.replace(report.samples, groups=named)
    folds = dataclasses.replace(report.folds, nearest_m=30.0, block_m=156.25)
    text = _Page(render_report(dataclasses.replace(report, samples=samples, folds=folds))).text
    assert told in text
    assert ("has seen the rest of its group" in text) == (groups[0] == groups[1] == "f{}")
    assert text.count("The nearest two samples of training and test are 30 m apart.") == 2
    assert "from blocks of 156 m" in text


def test_the_same_report_gives_the_same_bytes(tmp_path):
    assert render_report(_full(tmp_path)) == render_report(_full(tmp_path))


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match="Writing failed"):
        write_report(tmp_path / "none" / "report.html", Report("x"))


def test_nested_settings_become_dotted_rows():
    values = {"a": {"b": {"c": 1}, "d": []}, "e": None, "f": "", "g": True, "h": [1, "x"], "i": {}}
    assert flattened(values) == [
        ("a.b.c", "1"),
        ("a.d", "none"),
        ("e", "not set"),
        ("f", "not set"),
        ("g", "yes"),
        ("h", "1, x"),
        ("i", "not set"),
    ]


def test_drawing_touches_no_global_state_of_the_library():
    code = (
        "import sys, cropmap.assessment.report as r\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import datetime as d\n"
        "r.render_report(r.Report('x', clear=(r.ClearDate(d.date(2021, 1, 1), 0.5),)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
