"""Runs inside the QGIS desktop: the installed plugin runs the demo, is unloaded and loaded, and runs it again.

tools/try_zip.sh starts it under Xvfb. The variable CROPMAP_TRY names the folder for its log, pictures and runs.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from qgis import utils
from qgis.core import Qgis, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication

FOLDER = Path(os.environ["CROPMAP_TRY"])
ROUNDS = 2
LIMIT_S = 200


class Trial:
    """The rounds, each from an empty project to the demo's map."""

    def __init__(self) -> None:
        self.log = (FOLDER / "log.txt").open("w", encoding="utf-8")
        self.round = self.waited = 0
        self.dock = None

    def say(self, *words: object) -> None:
        """Write a line of the log."""
        self.log.write(" ".join(str(word) for word in words) + "\n")
        self.log.flush()

    def step(self, work: object) -> None:
        """Do something; QGIS is left in any case."""
        try:
            work()
        except Exception:  # noqa: BLE001 - the desktop must be left
            self.say("failed", traceback.format_exc())
            self.leave()

    def begin(self) -> None:
        """Start the demo."""
        plugin = utils.plugins["cropmap"]
        self.say("QGIS", Qgis.QGIS_VERSION, "runs", sys.modules["cropmap"].__file__)
        self.dock = plugin.show_panel()
        self.dock.map.folder.setFilePath(str(FOLDER / "runs"))
        plugin.run_demo()
        self.waited = 0
        QTimer.singleShot(3000, lambda: self.step(self.wait))

    def wait(self) -> None:
        """Look whether the demo is over."""
        self.waited += 1
        if self.dock.runner.busy and self.waited < LIMIT_S:
            QTimer.singleShot(1000, lambda: self.step(self.wait))
            return
        QTimer.singleShot(3000, lambda: self.step(self.shown))

    def shown(self) -> None:
        """Note what the user sees; unload and load the plugin, or end."""
        QApplication.primaryScreen().grabWindow(0).save(str(FOLDER / f"round{self.round}.png"))
        layers = sorted(layer.name() for layer in QgsProject.instance().mapLayers().values())
        self.say("round", self.round, "layers", layers)
        if layers != ["Confidence (%)", "Crop map", "Samples"]:
            message = f"the demo gave {layers}: {self.dock.notice.text()}"
            raise RuntimeError(message)
        QgsProject.instance().clear()
        self.round += 1
        if self.round == ROUNDS:
            self.say("good")
            self.leave()
            return
        utils.unloadPlugin("cropmap")
        left = [name for name in sys.modules if name.split(".")[0] == "cropmap"]
        if left:
            message = f"unloading left {left}"
            raise RuntimeError(message)
        utils.loadPlugin("cropmap")
        utils.startPlugin("cropmap")
        QTimer.singleShot(1500, lambda: self.step(self.begin))

    def leave(self) -> None:
        """Close QGIS without its questions."""
        QgsProject.instance().clear()
        QTimer.singleShot(800, utils.iface.actionExit().trigger)


TRIAL = Trial()
QTimer.singleShot(4000, lambda: TRIAL.step(TRIAL.begin))
