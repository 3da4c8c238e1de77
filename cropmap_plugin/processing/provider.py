"""The Processing provider: one algorithm for each job kind in the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsProcessingProvider

from ..house import catalogue, icon, tr
from .algorithm import JobAlgorithm

if TYPE_CHECKING:
    from qgis.PyQt.QtGui import QIcon


class CropMapProvider(QgsProcessingProvider):
    """CropMap in the Processing toolbox."""

    def id(self) -> str:
        """Return what scripts call the provider."""
        return "cropmap"

    def name(self) -> str:
        """Return what users call it."""
        return "CropMap"

    def longName(self) -> str:  # noqa: N802 - QGIS's name
        """Return the name with a word of explanation."""
        return tr("CropMap: crop maps from image time series")

    def icon(self) -> QIcon:
        """Return the provider's icon."""
        return icon()

    def loadAlgorithms(self) -> None:  # noqa: N802 - QGIS's name
        """Add one algorithm for each job kind."""
        for entry in catalogue().entries("jobs"):
            self.addAlgorithm(JobAlgorithm(entry.name))
