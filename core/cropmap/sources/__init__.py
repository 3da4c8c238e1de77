"""Where series come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.registry import Registry

if TYPE_CHECKING:
    from cropmap.data.samples import LabelledSeries
    from cropmap.data.scenes import SceneSeries

SOURCES: Registry[SceneSeries] = Registry("sources", "cropmap.sources")
# Labelled series that bring their own dates: made of (params, progress, opened), `opened` told of each file read.
TABLES: Registry[LabelledSeries] = Registry("tables", "cropmap.sources")
