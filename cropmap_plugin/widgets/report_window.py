"""Reports inside QGIS: QtWebKit where there is one, else a plainer rendering. No script runs, nothing is fetched."""

from __future__ import annotations

import base64
import importlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QImage, QKeySequence
from qgis.PyQt.QtNetwork import QNetworkAccessManager, QNetworkRequest
from qgis.PyQt.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from ..house import icon, tr
from ..layers.results import open_file
from .look import paragraph
from .report_text import plain_page

_ZOOM, _SMALLEST, _LARGEST = 1.15, 0.4, 4.0
_NARROWEST, _WIDEST = 480, 900  # pixels of a picture in the plain rendering
_LOCAL = {"data", "file", "about"}
_PAGES = {"http", "https"}
_STYLE_HEAD = "data:text/css;charset=utf-8;base64,"  # QtWebKit takes no other one
# The page lies on a grid, which QtWebKit does not know; its flexible boxes come close.
_STYLE = """
.cards { display: -webkit-flex !important; -webkit-flex-wrap: wrap; }
.cards .card { -webkit-flex: 1 1 150px; margin: 0 10px 10px 0; }
.facts span { margin-right: 24px; }
.map { display: -webkit-flex !important; }
.map > * { -webkit-flex: 1 1 0; min-width: 0; margin-right: 24px !important; }
.two { display: block !important; }
.two > table { margin-bottom: 24px; }
.pair, .panels { display: -webkit-flex !important; -webkit-flex-wrap: wrap; }
.pair > *, .panels > * { -webkit-flex: 1 1 320px; min-width: 0; margin-right: 24px !important; }
.swatch { margin-right: 6px; }
.lines, .marks { display: block !important; }
.lines label, .marks span { display: inline-block !important; margin-right: 18px; }
.lines input { display: none; }
.lines i, .marks svg, .marks i { display: inline-block !important; margin-right: 6px; vertical-align: middle; }
.lines small { display: inline !important; margin-left: 5px; }
"""


class ReportWindow(QDialog):
    """Shows one report at a time; it may stay open beside the map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CropMapReport")
        self.setWindowIcon(icon())
        self.setWindowFlags(
            Qt.WindowType.Window | Qt.WindowType.WindowMinMaxButtonsHint | Qt.WindowType.WindowCloseButtonHint
        )
        self._path = Path()
        self.view = make_view()
        self.where = paragraph("")
        self.smaller, self.larger = QToolButton(), QToolButton()
        for button, sign, tip, keys in (
            (self.smaller, "\N{MINUS SIGN}", tr("Smaller"), QKeySequence.StandardKey.ZoomOut),
            (self.larger, "+", tr("Larger"), QKeySequence.StandardKey.ZoomIn),
        ):
            button.setText(sign)
            button.setToolTip(tip)
            button.setAutoRaise(True)
            button.setShortcut(QKeySequence(keys))
        self.folder = QPushButton(tr("Open the folder"))
        self.browser = QPushButton(tr("Open in the browser"))
        self.smaller.clicked.connect(lambda _on=False: self.view.zoom_by(1 / _ZOOM))
        self.larger.clicked.connect(lambda _on=False: self.view.zoom_by(_ZOOM))
        self.folder.clicked.connect(lambda _on=False: open_file(str(self._path.parent)))
        self.browser.clicked.connect(lambda _on=False: open_file(str(self._path)))
        for button in (self.folder, self.browser):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 0)
        row.addWidget(self.where, 1)
        for button in (self.smaller, self.larger, self.folder, self.browser):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        self.resize(1000, 820)
        QgsGui.enableAutoGeometryRestore(self)

    def show_report(self, path: str) -> bool:
        """Show a report's file, and bring the window to the front.

        Returns:
            Whether the file is there.
        """
        self._path = Path(path)
        if not self._path.is_file():
            return False
        self.setWindowTitle(tr("Report: {run}").format(run=self._path.parent.name))
        self.where.setText(str(self._path.parent))
        self.view.open(self._path)
        self.show()
        self.raise_()
        self.activateWindow()
        return True


def make_view() -> Any:
    """Return the widget that shows pages: `open(path)`, `zoom_by(factor)` and `text()`."""
    try:
        widgets = importlib.import_module("qgis.PyQt.QtWebKitWidgets")
        settings = importlib.import_module("qgis.PyQt.QtWebKit").QWebSettings
        return _web_view(widgets, settings)
    except (ImportError, AttributeError):  # QGIS 4 has none, and some systems leave it out
        return PlainView()


class NoNetwork(QNetworkAccessManager):
    """Lets a page have its own file and what is written in it, and nothing else."""

    def createRequest(self, operation: Any, request: QNetworkRequest, data: Any = None) -> Any:  # noqa: N802 - Qt's name
        """Answer a request of the page; called by Qt."""
        if str(request.url().scheme()) in _LOCAL:
            return super().createRequest(operation, request, data)
        return super().createRequest(operation, QNetworkRequest(QUrl("data:,")), data)


def _web_view(widgets: Any, settings: Any) -> Any:
    """Return a view of QtWebKit, whose modules not every QGIS has."""

    class WebView(widgets.QWebView):
        def open(self, path: Path) -> None:
            self.load(QUrl.fromLocalFile(str(path)))

        def zoom_by(self, factor: float) -> None:
            self.setZoomFactor(min(max(self.zoomFactor() * factor, _SMALLEST), _LARGEST))

        def text(self) -> str:
            return str(self.page().mainFrame().toPlainText())

    view = WebView()
    view.loadFinished.connect(lambda _ok: _leave_out(view.page().mainFrame()))
    page, chosen, names = view.page(), view.page().settings(), settings.WebAttribute
    for name in (names.JavascriptEnabled, names.JavaEnabled, names.PluginsEnabled):
        chosen.setAttribute(name, False)
    for name in (names.LocalContentCanAccessRemoteUrls, names.LocalContentCanAccessFileUrls, names.LocalStorageEnabled):
        chosen.setAttribute(name, False)
    chosen.setAttribute(names.PrivateBrowsingEnabled, True)
    chosen.setDefaultTextEncoding("utf-8")
    chosen.setUserStyleSheetUrl(QUrl(_STYLE_HEAD + base64.b64encode(_STYLE.encode()).decode()))
    page.setNetworkAccessManager(NoNetwork(view))
    page.setLinkDelegationPolicy(widgets.QWebPage.LinkDelegationPolicy.DelegateExternalLinks)
    page.linkClicked.connect(follow)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
    return view


def _leave_out(frame: Any) -> None:
    """Take away what a browser hides until it is ticked: QtWebKit would show it, and ticking does nothing there."""
    switch = frame.findFirstElement("#show-wide")
    if switch.isNull() or switch.hasAttribute("checked"):
        return
    switch.parent().removeFromDocument()
    for ribbon in frame.findAllElements(".wide").toList():
        ribbon.removeFromDocument()


class PlainView(QTextBrowser):
    """A report in the small HTML that Qt itself knows."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._clicked)
        # The page's colours are those of paper, whatever the user's palette.
        self.setStyleSheet("QTextBrowser { background: #f3f4f6; color: #1f2937; }")
        self.document().setDefaultStyleSheet(
            "body, td, th, p, h1, h2, h3 { color: #1f2937; } h2 { font-size: large; } h3 { font-size: medium; }"
            " a { color: #1f6f54; }"
        )
        self.document().setDocumentMargin(16)

    def open(self, path: Path) -> None:
        """Show a report's file."""
        try:
            drawing = tr("A drawing stands here in the browser.")
            self.setHtml(plain_page(path.read_text(encoding="utf-8", errors="replace"), drawing))
        except OSError as error:
            self.setPlainText(str(error))

    def zoom_by(self, factor: float) -> None:
        """Make the text larger, or smaller."""
        steps = 1 if factor > 1 else -1
        self.zoomIn(steps)

    def text(self) -> str:
        """Return the words that are shown."""
        return str(self.toPlainText())

    def loadResource(self, _kind: int, address: QUrl) -> Any:  # noqa: N802 - Qt's name
        """Return a picture that is written in the page, and nothing of the disk or the network; called by Qt."""
        if str(address.scheme()) != "data":
            return None
        picture = QImage.fromData(data_of(str(address.toString(QUrl.ComponentFormattingOption.FullyEncoded))))
        if picture.width() > _WIDEST:
            return picture.scaledToWidth(_WIDEST, Qt.TransformationMode.SmoothTransformation)
        times = _NARROWEST // max(picture.width(), 1)
        # A small site's map has few pixels: each of them is shown larger.
        return picture.scaledToWidth(picture.width() * times) if times > 1 and not picture.isNull() else picture

    def _clicked(self, address: QUrl) -> None:
        if address.hasFragment() and not address.scheme():
            self.scrollToAnchor(address.fragment())
        else:
            follow(address)


def data_of(address: str) -> bytes:
    """Return what a data: address holds; nothing where it is damaged."""
    head, comma, body = address.partition(",")
    if not comma:
        return b""
    content = unquote_to_bytes(body)
    if not head.endswith(";base64"):
        return content
    try:
        return base64.b64decode(content)
    except ValueError:
        return b""


def follow(address: QUrl) -> None:
    """Open a link of a report in the user's browser: pages of the web, nothing else."""
    if str(address.scheme()) in _PAGES:
        QDesktopServices.openUrl(address)
