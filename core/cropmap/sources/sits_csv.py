"""Training series in CSV as sits and its kin write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.sources import TABLES
from cropmap.sources.csv_series import read_csv_series
from cropmap.sources.csv_tables import CsvParams, options_of, tables_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import LabelledSeries


@TABLES.register(
    "sits_csv",
    title="Series in CSV (sits)",
    params=CsvParams,
    citation="Simoes et al. 2021, Remote Sensing 13, 2428",
)
def sits_csv(
    params: CsvParams,
    progress: Progress | None = None,
    opened: Callable[[Path], object] = lambda _path: None,
) -> LabelledSeries:
    """Take training series from CSV: a row a point and date (Index or date), or a column a band and date.

    longitude, latitude and label stand in the same rows, or in a table of points that is joined by its id. start_date
    and end_date are not needed. A table of points alone holds no series: it is a file of labels, which the sample job
    takes as its samples.

    Args:
        params: What is taken.
        progress: Told of the tables read.
        opened: Told of each table read.

    Returns:
        The series, (sample, time, band), NaN where there is no value.

    Raises:
        SampleError: No table with series, or tables that contradict each other or tell no class, place or date.
    """
    return read_csv_series(tables_in(params), options_of(params), progress, opened)
