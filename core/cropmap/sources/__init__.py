"""Where series come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.registry import Registry

if TYPE_CHECKING:
    from cropmap.data.scenes import SceneSeries

SOURCES: Registry[SceneSeries] = Registry("sources", "cropmap.sources")
