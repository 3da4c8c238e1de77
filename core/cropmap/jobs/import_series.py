"""Bring a published data set of labelled series into the form that the other jobs take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.params import chosen, param
from cropmap.io.files import atomic_write_text
from cropmap.io.series_table import write_series_table
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.sources import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cropmap.data.samples import LabelledSeries
    from cropmap.jobs.run import Run

LISTING_HEADER = ("id", "class", "group", "longitude", "latitude", "clear_dates", "first", "last")


@dataclass(frozen=True, kw_only=True)
class ImportSeriesParams:
    """What `import_series` takes."""

    table: Any = param(kind="entry", registry="tables", help="The published labelled series.")


@JOBS.register("import_series", title="Import labelled series", params=ImportSeriesParams)
def import_series(params: ImportSeriesParams, run: Run) -> Mapping[str, Any]:
    """Turn a published data set of labelled series into one table (.npz) that other jobs take as samples."""
    name, values = chosen(params.table)
    entry = TABLES.get(name)
    with run.stage("Reading", 0.0, 0.9) as progress:
        table = entry.make(entry.parse(values), progress, run.inputs.add)
    run.warn(*table.notes)
    with run.stage("Writing", 0.9, 1.0):
        write_series_table(run.output("series", "series.npz"), table)
        atomic_write_text(run.output("listing", "series.csv"), csv_text([LISTING_HEADER, *_listed(table)]))
    classes = dict(sorted(Counter(table.labels.tolist()).items()))
    span = [str(table.dates.min()), str(table.dates.max())]
    return {"figures": {"series": len(table), "classes": classes, "bands": list(table.bands), "dates": span}}


def _listed(table: LabelledSeries) -> Iterator[tuple[str | int | float, ...]]:
    """Yield a row for each series: what it is, how many of its dates have a value in every band, the first and last."""
    clear = np.asarray(np.isfinite(table.values).all(axis=2))
    for position, name in enumerate(table.ids.tolist()):
        days = np.sort(table.dates[position, clear[position]])
        yield (
            name,
            str(table.labels[position]),
            str(table.groups[position]),
            float(table.x[position]),
            float(table.y[position]),
            len(days),
            *((str(days[0]), str(days[-1])) if len(days) else ("", "")),
        )
