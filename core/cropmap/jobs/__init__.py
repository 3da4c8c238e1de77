"""One file a job kind: the only code that strings rooms together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cropmap.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

JOBS: Registry[Mapping[str, Any]] = Registry("jobs", "cropmap.jobs")
