"""Runs inside the QGIS desktop: opens every page and window of the plugin, and writes a picture of each.

tools/screenshots.sh starts it under Xvfb. The variable CROPMAP_SHOTS names the folder for the pictures;
CROPMAP_SHOTS_RUN=1 also runs the demo and waits for its map, with the worker of CROPMAP_PYTHON. CROPMAP_SHOTS_DATA
names a folder with the real sets sits_sinop and cbers_w_bahia: they are mapped too.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import subprocess
import traceback
import zipfile
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

from cropmap.cropmap_plugin.house import catalogue
from cropmap.cropmap_plugin.widgets.described import DescribedCombo
from cropmap.cropmap_plugin.widgets.job_dialog import JobDialog

FOLDER = Path(os.environ["CROPMAP_SHOTS"])
DATA = os.environ.get("CROPMAP_SHOTS_DATA", "")
RUNS = ("counted", "demo", "review", "sinop", "cbers")  # steps that end when their run does
WAIT_MS = 600
LIMIT_MS = 240_000
FIGURES = {
    "dates": [f"2021-{month:02d}-{day:02d}" for month in range(4, 10) for day in (3, 19)],
    "bands": ["blue", "green", "red", "nir08", "swir16", "swir22"],
    "grid": {
        "crs": QgsCoordinateReferenceSystem("EPSG:32615").toWkt(),
        "width": 256,
        "height": 256,
        "pixel_width": 30.0,
    },
    "pattern": "LC08_{date:%Y%m%d}_{band}.tif",
    "scale": dict.fromkeys(("blue", "green", "red"), 0.0000275),
    "offset": dict.fromkeys(("blue", "green", "red"), -0.2),
    "nodata": dict.fromkeys(("blue", "green", "red"), 0),
    "masks": {"QA_PIXEL": "bits 1 2 3 4 5", "QA_RADSAT": "clear 0"},
    "scenes": [{"date": "2021-06-03", "bands": ["blue", "green", "red", "nir08"]}],
    "warnings": ["Two files were left out: they have no date in their names."],
}


def shoot(name: str) -> None:
    """Write a picture of the whole screen."""
    QApplication.processEvents()
    QApplication.primaryScreen().grabWindow(0).save(str(FOLDER / f"{name}.png"))


def sample_layer() -> QgsVectorLayer:
    """Return a memory layer with points of four crops."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326&field=id:integer&field=crop:string(20)", "survey_2021", "memory")
    features = []
    for number in range(120):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([number, ("corn", "soybeans", "alfalfa", "other")[number % 7 % 4]])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(-93 + number % 11 / 10, 42 + number // 11 / 10)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


def write_package(path: Path, model: str, accuracy: float, classes: dict[str, tuple[str, int]]) -> None:
    """Write a model package without weights: what the list of models reads of it."""
    record = {
        "samples": {name: count for name, (_colour, count) in classes.items()},
        "cross_validation": {
            "overall_accuracy": accuracy,
            "macro_f1": accuracy - 0.021,
            "kappa": 1.18 * accuracy - 0.2,
        },
    }
    manifest = {
        "cropmap_package": 1,
        "model": model,
        "params": {},
        "recipe": {"name": "weekly_linear", "season": ["2021-04-01", "2021-10-31"], "steps": []},
        "days": list(range(0, 210, 7)),
        "bands": ["blue", "green", "red", "nir08", "swir16", "swir22"][: 4 if "x" in path.stem else 6],
        "legend": [{"code": n, "name": name, "colour": found[0]} for n, (name, found) in enumerate(classes.items())],
        "record": record,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
    written = dt.datetime(2021, 11, 4 + len(path.stem) % 2, 8 + len(classes), 15 + len(model), tzinfo=dt.timezone.utc)
    os.utime(path, (written.timestamp(),) * 2)


REPORT = """<!DOCTYPE html><html><head><title>Crop map</title><style>body { font-family: sans-serif; margin: 24px }
.cards { display: grid } .card { border: 1px solid #ccc; padding: 12px }</style></head><body><h1>Crop map</h1>
<section class="cards"><div class="card"><div class="label">Overall accuracy</div><div class="value">91.3 %</div></div>
<div class="card"><div class="label">Macro F1</div><div class="value">0.887</div></div></section>
<p>What a run's report looks like inside QGIS.</p></body></html>"""


class Tour:
    """The steps, one after another with a pause, so that QGIS can draw in between."""

    def __init__(self) -> None:
        self.plugin = plugins["cropmap"]
        self.dock = self.plugin.show_panel()
        self.dialog = None
        self.steps = [
            self.images,
            self.empty,
            self.listing,
            self.preparation,
            self.own_steps,
            self.samples,
            self.merged,
            self.reference_maps,
            *([self.counted] if os.environ.get("CROPMAP_SHOTS_RUN") else []),
            self.model,
            self.model_open,
            self.model_list,
            self.compared_models,
            self.training,
            self.models_list,
            self.report,
            self.transfer,
            self.shifted,
            self.carried,
            self.map,
            self.wrong,
            self.history,
            self.environment,
            self.about,
            *([self.demo, self.review] if os.environ.get("CROPMAP_SHOTS_RUN") else []),
            *([self.sinop, self.cbers] if DATA else []),
        ]
        self.waited = 0

    def go(self) -> None:
        """Do the next step; leave QGIS after the last."""
        if not self.steps:
            QgsProject.instance().clear()
            QTimer.singleShot(WAIT_MS, iface.actionExit().trigger)
            return
        step = self.steps.pop(0)
        try:
            step()
        except Exception:  # noqa: BLE001 - the desktop must be left in any case
            (FOLDER / "error.txt").write_text(f"{step.__name__}\n{traceback.format_exc()}", encoding="utf-8")
            self.steps.clear()
        if step.__name__ not in RUNS:
            # The worker environment is checked meanwhile.
            pause = 12 * WAIT_MS if step.__name__ == "environment" else WAIT_MS
            QTimer.singleShot(pause, lambda: self.seen(step.__name__))

    def seen(self, name: str) -> None:
        """Take the step's picture and go on."""
        shoot(name)
        if self.dialog is not None:
            self.dialog.close()
            self.dialog = None
        self.go()

    def open(self, name: str) -> None:
        """Show the page of that name."""
        page = getattr(self.dock, name)
        self.dock.open_page(self.dock.pages.index(page) if page in self.dock.pages else len(self.dock.pages))

    def images(self) -> None:
        """The first page as it opens."""

    def empty(self) -> None:
        """The first page after its button without a folder."""
        self.dock.go_on()

    def listing(self) -> None:
        """The first page with what was recognised."""
        self.dock.images.set_values({"images": {"name": "folder", "path": "/data/landsat/2021"}})
        self.dock.images.show_listing(self.dock.images.values(), FIGURES)

    def preparation(self) -> None:
        """The second page."""
        self.open("preparation")

    def own_steps(self) -> None:
        """The second page with steps of the user's own."""
        steps = [
            {"name": "enough_clear", "min_clear": 3},
            {"name": "linear", "step_days": 10},
            {"name": "whittaker", "smoothing": 30.0},
        ]
        self.dock.preparation.set_values({"recipe": {"name": "own", "steps": steps}})
        for group in self.dock.preparation.findChildren(QgsCollapsibleGroupBox)[:1]:
            group.setCollapsed(False)

    def samples(self) -> None:
        """The third page with a layer."""
        self.dock.preparation.set_values({})
        layer = sample_layer()
        QgsProject.instance().addMapLayer(layer)
        self.dock.samples.survey.source.combo.setLayer(layer)
        self.open("samples")

    def merged(self) -> None:
        """The classes after two were made one and another was left out."""
        scheme = self.dock.samples.survey.scheme
        scheme.table.item(scheme.names().index("alfalfa"), 1).setText("other")
        scheme.table.selectRow(scheme.names().index("soybeans"))
        scheme.remove.click()

    def reference_maps(self) -> None:
        """The tab of reference maps."""
        tab = self.dock.samples.trusted
        tab.set_values({"maps": [f"/data/cdl/cdl_{year}.tif" for year in range(2013, 2024)], "legend": "cdl"})
        self.dock.samples.open_tab(tab)

    def counted(self) -> None:
        """What the rules leave of a synthetic history of maps."""
        site = FOLDER / "site"
        code = (
            "import sys; from cropmap.testing.synthetic import SyntheticOptions, write_site; "
            "write_site(sys.argv[1], SyntheticOptions(size=128, images=False))"
        )
        subprocess.run([os.environ["CROPMAP_PYTHON"], "-c", code, str(site)], check=True)
        maps, layers = (sorted(map(str, (site / "labels").glob(f"{name}_*.tif"))) for name in ("labels", "confidence"))
        self.dock.map.folder.setFilePath(str(FOLDER / "runs"))
        tab = self.dock.samples.trusted
        tab.set_values({"maps": maps, "confidence_layers": layers})
        tab.count.click()
        self.waited = 0
        QTimer.singleShot(4 * WAIT_MS, lambda: self.wait("counted"))

    def model(self) -> None:
        """The fourth page."""
        self.dock.notice.hide()
        self.open("model")

    def model_open(self) -> None:
        """The fourth page with everything unfolded."""
        for group in self.dock.model.findChildren(QgsCollapsibleGroupBox):
            group.setCollapsed(False)

    def model_list(self) -> None:
        """The models to choose from, each in a sentence."""
        self.dock.model.findChild(DescribedCombo).showPopup()

    def compared_models(self) -> None:
        """The window that asks which models are compared; of a job that this catalogue may not have."""
        self.dock.model.findChild(DescribedCombo).hidePopup()
        if "compare_models" in catalogue().registries["jobs"]:
            own = self.dock.model.own_names("compare_models")
            self.dialog = JobDialog("compare_models", own, "transformer", self.dock)
            self.dialog.open()

    def training(self) -> None:
        """A network while it trains: its losses and its accuracy."""
        panel = self.dock.run_panel
        panel.begin(FOLDER / "log.txt")
        panel.at(0.62, "Training")
        for curve, epochs in (("Fold 1", 40), ("Fold 2", 34), ("Fold 3", 37), ("Model", 24)):
            for epoch in range(1, epochs + 1):
                shift = len(curve) * epochs % 7 / 40
                wave = 0.03 * math.sin(2.3 * epoch + epochs)
                figures = {
                    "epoch": epoch,
                    "training_loss": 0.12 + 1.6 * math.exp(-epoch / 7) + shift / 2,
                    "validation_loss": 0.3 + 1.4 * math.exp(-epoch / 6) + shift + wave + 0.004 * epoch,
                    "validation_accuracy": 0.91 - 0.6 * math.exp(-epoch / 5) - shift / 4 - wave / 4,
                }
                panel.point(curve, figures)
        self.open("model")

    def models_list(self) -> None:
        """The models of the runs, two of them side by side."""
        self.dock.run_panel.end()
        self.dock.run_panel.hide()
        crops = {"Corn": ("#ffd300", 620), "Soybeans": ("#267000", 540), "Alfalfa": ("#ffa5e2", 120)}
        more = {**crops, "Winter wheat": ("#a57000", 88), "Water": ("#4a6fa3", 60)}
        runs = FOLDER / "model_runs"
        for name, model, accuracy, classes in (
            ("train-20211104-091500", "random_forest", 0.876, crops),
            ("train-20211104-104200", "transformer", 0.913, more),
            ("classify-20211105-160310", "transformer", 0.902, more),
        ):
            write_package(runs / name / "model.cropmap", model, accuracy, classes)
            (runs / name / "report.html").write_text(REPORT, encoding="utf-8")
        write_package(runs / "train-20211103-080000" / "four bands x.cropmap", "random_forest", 0.841, crops)
        (runs / "broken").mkdir(exist_ok=True)
        (runs / "broken" / "copied in half.cropmap").write_bytes(b"PK")
        self.dock.map.folder.setFilePath(str(runs))
        self.dock.show_models()
        window = self.dialog = self.dock.models_window
        names = ("train-20211104-091500", "train-20211104-104200", "train-20211103-080000")
        window.select([path for path in window.paths() if path.parent.name in names])

    def report(self) -> None:
        """A run's report inside QGIS: the demo's, where there is one."""
        runs = FOLDER / "model_runs"
        path = Path(os.environ.get("CROPMAP_SHOTS_REPORT") or runs / "train-20211104-104200" / "report.html")
        self.dock.show_report(str(path))
        self.dialog = self.dock.report_window

    def transfer(self) -> None:
        """The page of transfer: a network and its samples, and the images of another site."""
        self.dock.notice.hide()
        self.dock.map.folder.setFilePath(str(FOLDER / "model_runs"))
        self.dock.images.set_values({"images": {"name": "folder", "path": "/data/landsat/vojvodina_2021"}})
        self.open("transfer")
        self.dock.transfer.package.combo.setCurrentIndex(2)

    def shifted(self) -> None:
        """The page of transfer once the shift is measured: the verdict, and what is advised."""
        reasons = [
            "The series of both sites are somewhat alike: MMD² 0.071 (below 0.05: a low shift; 0 is one site).",
            "The target's season is 12 days later than the source's, not below the 7 days of a low shift.",
            "Class shares differ by 0.14 (total variation, by what the model answers): Corn 31% to 45%.",
        ]
        advice = [
            {
                "strategy": "shifted",
                "expected": [0.66, 0.74, 0.8],
                "reasons": [
                    "It was 1.8 points above the source's model as it is there.",
                    "On no measured pair did it fall more than 1 point below the source's model as it is.",
                ],
            },
            {"strategy": "pooled", "expected": [0.6, 0.71, 0.79], "reasons": ["Both sites' labels are used."]},
            {"strategy": "direct", "expected": [0.5, 0.62, 0.7], "reasons": ["What every other one is judged by."]},
        ]
        figures = {"verdict": "medium", "reasons": reasons, "advice": advice}
        self.dock.transfer.job_done("shift", {"figures": figures, "outputs": {"report": "shift.html"}})
        self.dock.transfer.strategies.row("shifted").box.setChecked(True)

    def carried(self) -> None:
        """The page of transfer with what came of it."""
        folder = FOLDER / "model_runs" / "transfer-20211105-170000"
        found = {"shifted": (0.743, 0.812), "pooled": (0.715, 0.801), "direct": (0.618, 0.744)}
        for name in found:
            write_package(folder / "packages" / f"{name}.cropmap", "tempcnn", 0.8, {"Corn": ("#ffd300", 620)})
        own = {name: {"macro_f1": f1, "overall_accuracy": overall} for name, (f1, overall) in found.items()}
        figures = {"best": "shifted", "strategies": own}
        result = {"run_folder": str(folder), "outputs": {"report": "transfer.html"}, "figures": figures}
        self.dock.transfer.job_done("transfer", result)

    def map(self) -> None:
        """The last page."""
        self.dock.map.folder.setFilePath("/data/maps")
        self.open("map")

    def wrong(self) -> None:
        """All that is wrong, at once."""
        self.dock.images.set_values({})
        self.dock.images.set_values({"images": {"name": "folder", "path": ""}})
        self.dock.samples.survey.source.combo.setLayer(None)
        self.open("map")
        self.dock.go_on()

    def history(self) -> None:
        """The runs so far."""
        self.dock.notice.hide()
        self.open("history")

    def environment(self) -> None:
        """The worker environment."""
        self.plugin.show_environment()
        self.dialog = self.plugin.dialog

    def about(self) -> None:
        """Help."""
        self.plugin.show_about()
        self.dialog = self.plugin.dialog

    def demo(self) -> None:
        """The demo, from its start to the map."""
        self.dock.map.folder.setFilePath(str(FOLDER / "runs"))
        self.plugin.run_demo()
        QTimer.singleShot(4 * WAIT_MS, lambda: shoot("running"))
        # A lambda: PyQt keeps no method of a plain object alive.
        QTimer.singleShot(8 * WAIT_MS, lambda: self.wait("demo"))

    def review(self) -> None:
        """Doubtful labels of the demo's samples."""
        self.open("samples")
        tab = self.dock.samples.review
        self.dock.samples.open_tab(tab)
        self.plugin.toggle_series()
        tab.find.click()
        self.waited = 0
        QTimer.singleShot(4 * WAIT_MS, lambda: self.wait("review"))

    def sinop(self) -> None:
        """Twelve MODIS dates and 1218 labelled series of other years."""
        images = {"path": f"{DATA}/sits_sinop", "scale": 0.0001}
        self.classify("sinop", images, f"{DATA}/sits_sinop/samples_modis_ndvi_1218.npz")

    def cbers(self) -> None:
        """Twenty-three dates of two indices, a CRS without a code, outliers of +-32k, 922 labelled series."""
        images = {"path": f"{DATA}/cbers_w_bahia/cube_500x500", "scale": 0.0001, "valid_range": [-1.0, 1.5]}
        self.classify("cbers", images, f"{DATA}/cbers_w_bahia/cbers_samples_922.npz")

    def classify(self, name: str, images: dict, samples: str) -> None:
        """Go the whole road in a folder of its own."""
        QgsProject.instance().clear()
        params = {"images": {"name": "folder", **images}, "samples": samples}
        self.dock.start("classify", params, FOLDER / "runs" / f"{name}_{os.getpid()}")
        self.waited = 0
        QTimer.singleShot(8 * WAIT_MS, lambda: self.wait(name))

    def wait(self, name: str) -> None:
        """Look whether the run is over."""
        self.waited += WAIT_MS
        if self.dock.runner.busy and self.waited < LIMIT_MS:
            QTimer.singleShot(WAIT_MS, lambda: self.wait(name))
            return
        QTimer.singleShot(4 * WAIT_MS, lambda: self.seen(name))


FOLDER.mkdir(parents=True, exist_ok=True)


def begin() -> None:
    """Start the tour, or leave at once where the plugin did not load."""
    if "cropmap" not in plugins:
        (FOLDER / "error.txt").write_text("QGIS did not load the plugin.", encoding="utf-8")
        shoot("not_loaded")
        iface.actionExit().trigger()
        return
    iface.mainWindow().setGeometry(QApplication.primaryScreen().geometry())
    Tour().go()


QTimer.singleShot(3000, begin)
