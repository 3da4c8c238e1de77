"""What the plugin is, its version, and where to read on."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from .house import ROOT, catalogue, icon, tr
from .widgets.look import heading, paragraph

_HOMEPAGE = "https://example.org/cropmap"


class AboutDialog(QDialog):
    """Help in five sentences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About CropMap"))
        self.setMinimumWidth(460)
        picture = QLabel()
        picture.setPixmap(icon().pixmap(QSize(72, 72)))
        column = QVBoxLayout()
        column.addWidget(heading(f"CropMap {catalogue().version}"))
        column.addWidget(paragraph(_text(), secondary=False))
        links = QLabel(f'<a href="{_HOMEPAGE}">{tr("Handbook and source")}</a>')
        links.setOpenExternalLinks(True)
        column.addWidget(links)
        column.addWidget(paragraph(tr("Free software under the GNU General Public License, version 3 or later.")))
        column.addWidget(paragraph(tr("Installed in {folder}").format(folder=ROOT)))
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.addLayout(row)
        whole.addWidget(buttons)


def _text() -> str:
    steps = (
        tr("Make the worker environment once (menu: Worker environment…)."),
        tr("Run the demo, to see what comes out."),
        tr("Choose the folder of your season's images and look at what was recognised."),
        tr("Choose labelled points or polygons and the field of the class."),
        tr("Choose a model, then make the crop map. Read the report before you believe the map."),
    )
    return "<ol style='margin-left: -20px'>" + "".join(f"<li>{step}</li>" for step in steps) + "</ol>"
