"""From a site with many labels to one with few: one file a strategy, registered in `STRATEGIES`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.registry import Registry

if TYPE_CHECKING:
    from cropmap.data.package import ModelPackage

STRATEGIES: Registry[ModelPackage] = Registry("strategies", "cropmap.transfer")
