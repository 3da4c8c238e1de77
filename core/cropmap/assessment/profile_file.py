"""Class profiles as a file: the quantiles of every band, for programs that draw a series over its class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.assessment.profiles import class_profiles, step_dates
from cropmap.assessment.review_drawings import LEVELS
from cropmap.data.measured import measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.samples import SampleSet

_DIGITS = 6  # significant ones; float32 holds about seven


def profiles_json(samples: SampleSet) -> str:
    """Return the classes' profiles of every band that holds values of the land, as JSON.

    It holds `dates` (ISO, one a step), `bands`, and `classes` by name: `colour`, `samples` (how many it has),
    `quantiles` by percent ("5", "25", "50", "75", "95"), each (step, band); null where no sample has a value.
    """
    bands = measured(samples)[0]
    profiles = [class_profiles(samples, band, LEVELS) for band in bands]
    classes = {}
    for number, course in enumerate(profiles[0].classes):
        # (band, level, step) -> (level, step, band)
        table = np.stack([own.classes[number].quantiles for own in profiles]).transpose(1, 2, 0)
        classes[course.found.name] = {
            "colour": course.found.colour,
            "samples": course.samples,
            "quantiles": {f"{100 * level:g}": _plain(rows) for level, rows in zip(LEVELS, table, strict=True)},
        }
    dates = [date.isoformat() for date in step_dates(samples)]
    return json.dumps({"dates": dates, "bands": list(bands), "classes": classes}, ensure_ascii=False)


def _plain(rows: NDArray[np.float64]) -> list[list[Any]]:
    return [[float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in row] for row in rows.tolist()]
