"""Run by tests in a QGIS of its own: loads the plugin as QGIS does, looks, unloads, twice; prints JSON.

Usage: python loads_plugin.py FOLDER_OF_PLUGINS [NAME_OF_THE_PLUGIN'S_FOLDER]
"""

import gc
import json
import os
import sys
import time

import qgis.utils
from qgis.core import QgsApplication
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow, QToolBar

HEAVY = ("torch", "sklearn", "rasterio", "ee", "numba", "numpy", "pandas", "xarray", "scipy", "matplotlib")


class Iface:
    """The part of QGIS's interface that the plugin uses."""

    def __init__(self):
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.menu = []

    def mapCanvas(self):
        return self.canvas

    def mainWindow(self):
        return self.window

    def addToolBar(self, name):
        return self.window.addToolBar(name)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def addPluginToRasterMenu(self, _menu, action):
        self.menu.append(action)

    def removePluginRasterMenu(self, _menu, action):
        self.menu.remove(action)


def state(app, iface):
    app.processEvents()
    app.sendPostedEvents(None, 52)  # deferred deletes
    return {
        "paths": [path for path in sys.path if path.endswith("core")],
        "modules": sorted(name for name in sys.modules if name.startswith("cropmap")),
        "toolbars": len(iface.window.findChildren(QToolBar)),
        "docks": len(iface.window.findChildren(QDockWidget)),
        "menu": len(iface.menu),
        "algorithms": len([a for a in app.processingRegistry().algorithms() if a.provider().id() == "cropmap"]),
        "heavy": [name for name in HEAVY if name in sys.modules],
    }


def wait_for_answer(app, dialog):
    """Return whether the window of the worker environment hears of the check that it started."""
    end = time.monotonic() + 20
    while "Ready" not in dialog.state.text() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.02)
    return "Ready" in dialog.state.text()


def main(folder, name="cropmap"):
    sys.path.insert(0, folder)
    app = QgsApplication([], True)
    app.initQgis()
    iface = Iface()
    qgis.utils.iface = iface
    qgis.utils.plugin_paths = [folder]
    qgis.utils.updateAvailablePlugins()
    before = state(app, iface)
    rounds = []
    answered = False
    for _ in range(2):
        began = time.perf_counter()
        assert qgis.utils.loadPlugin(name)
        assert qgis.utils.startPlugin(name)
        seconds = time.perf_counter() - began
        loaded = state(app, iface)
        if not os.environ.get("LOAD_ONLY"):
            qgis.utils.plugins[name].show_panel()
            qgis.utils.plugins[name].toggle_series()
            qgis.utils.plugins[name].show_environment()
            gc.collect()
            answered = wait_for_answer(app, qgis.utils.plugins[name].dialog)
        opened = state(app, iface)
        assert qgis.utils.unloadPlugin(name)
        rounds.append(
            {"seconds": seconds, "answered": answered, "loaded": loaded, "opened": opened, "after": state(app, iface)}
        )
    print(json.dumps({"before": before, "rounds": rounds}))
    sys.stdout.flush()
    os._exit(0)  # QGIS's own end of life is not what is tested


main(*sys.argv[1:])
