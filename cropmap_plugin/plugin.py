"""The plugin's life: what it adds to QGIS, and takes away again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QObject, Qt, QTranslator
from qgis.PyQt.QtWidgets import QAction, QDialog

from .house import CORE, icon, tr, translation_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dock import CropMapDock
    from .processing.provider import CropMapProvider
    from .widgets.series_dock import SeriesDock

_MENU = "&CropMap"


class CropMapPlugin(QObject):
    """What QGIS loads.

    Args:
        iface: QGIS's interface; None in qgis_process.
    """

    def __init__(self, iface: Any) -> None:
        super().__init__()
        self._iface = iface
        self.actions: list[QAction] = []
        self.dock: CropMapDock | None = None
        self.series: SeriesDock | None = None
        self.provider: CropMapProvider | None = None
        self.dialog: QDialog | None = None
        self._toolbar: Any = None
        self._translator = _translator()

    def initGui(self) -> None:
        """Add the toolbar button, the menu and the Processing provider."""
        self.initProcessing()
        self._toolbar = self._iface.addToolBar("CropMap")
        self._toolbar.setObjectName("CropMapToolBar")
        panel = self._add(tr("CropMap panel"), self.toggle_panel, "icon")
        panel.setCheckable(True)
        self._toolbar.addAction(panel)
        self._series_action = self._add(tr("Series under the cursor"), self.toggle_series, "series")
        self._series_action.setCheckable(True)
        self._toolbar.addAction(self._series_action)
        self._add(tr("Run the demo"), self.run_demo, "demo")
        self._add(tr("Worker environment…"), self.show_environment, "worker")
        self._add(tr("Help and about"), self.show_about, "help")

    def initProcessing(self) -> None:  # noqa: N802 - QGIS's name
        """Add the Processing provider; all that qgis_process asks for."""
        from .processing.provider import CropMapProvider  # noqa: PLC0415 - after the translator is there

        self.provider = CropMapProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def unload(self) -> None:
        """Take everything away, so that the plugin can be loaded anew."""
        self._close_dialog()
        for dock in (self.dock, self.series):
            if dock is not None:
                dock.leave()
                self._iface.removeDockWidget(dock)
                dock.deleteLater()
        self.dock = self.series = None
        for action in self.actions:
            self._iface.removePluginRasterMenu(_MENU, action)
            action.deleteLater()
        self.actions.clear()
        if self._toolbar is not None:
            self._iface.mainWindow().removeToolBar(self._toolbar)
            self._toolbar.deleteLater()
            self._toolbar = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
        _forget_library()

    def toggle_panel(self) -> None:
        """Show or hide the panel."""
        shown = self.dock is not None and self.dock.isVisible()
        if shown and self.dock is not None:
            self.dock.hide()
        else:
            self.show_panel()

    def show_panel(self) -> CropMapDock:
        """Show the panel, which is made the first time."""
        if self.dock is None:
            from .dock import CropMapDock  # noqa: PLC0415 - QGIS starts without it

            self.dock = CropMapDock(self._iface)
            self.dock.environment_asked.connect(self.show_environment)
            self.dock.samples.review.series_asked.connect(self.toggle_series)
            self.dock.visibilityChanged.connect(self.actions[0].setChecked)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.show()
        self.dock.raise_()
        return self.dock

    def toggle_series(self) -> None:
        """Show or hide the window that draws the series under the mouse pointer."""
        if self.series is None:
            from .widgets.series_dock import SeriesDock  # noqa: PLC0415 - QGIS starts without it

            self.series = SeriesDock(self._iface)
            self.series.visibilityChanged.connect(self._series_action.setChecked)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.series)
        elif self.series.isVisible():
            self.series.hide()
        else:
            self.series.show()
            self.series.raise_()

    def run_demo(self) -> None:
        """Open the panel and start the demonstration."""
        self.show_panel().run_demo()

    def show_environment(self) -> None:
        """Open the window of the worker environment."""
        from .worker.dialog import EnvironmentDialog  # noqa: PLC0415

        self._open(EnvironmentDialog(self._iface.mainWindow()))

    def show_about(self) -> None:
        """Open the window that tells what this is and where to read on."""
        from .about import AboutDialog  # noqa: PLC0415

        self._open(AboutDialog(self._iface.mainWindow()))

    def _open(self, dialog: QDialog) -> None:
        self._close_dialog()
        # Kept here: the parent's Python half may go at any time, and would take this one's with it.
        self.dialog = dialog
        dialog.open()

    def _close_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None

    def _add(self, text: str, slot: Callable[[], object], picture: str) -> QAction:
        action = QAction(icon(picture), text, self._iface.mainWindow())
        action.triggered.connect(lambda _checked=False: slot())
        self._iface.addPluginToRasterMenu(_MENU, action)
        self.actions.append(action)
        return action


def _translator() -> QTranslator | None:
    """Install the translation for QGIS's language, where there is one."""
    locale = str(QgsSettings().value("locale/userLocale", "") or QLocale.system().name())
    path = translation_file(locale)
    translator = QTranslator()
    if not path.is_file() or not translator.load(str(path)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def _forget_library() -> None:
    """Drop the library from the interpreter, else an upgrade runs old code: QGIS forgets only the plugin package."""
    if str(CORE) in sys.path:
        sys.path.remove(str(CORE))
    own = __name__.rpartition(".")[0]
    for name in list(sys.modules):
        if name.partition(".")[0] == "cropmap" or name == own or name.startswith(f"{own}."):
            del sys.modules[name]
