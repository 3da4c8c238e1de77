"""Models of pixel series: one file a model, registered in `MODELS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.registry import Registry

if TYPE_CHECKING:
    from cropmap.models.base import SeriesClassifier

MODELS: Registry[SeriesClassifier] = Registry("models", "cropmap.models")
