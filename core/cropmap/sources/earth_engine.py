"""Samples exported from Earth Engine: CSV tables of points with their series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cropmap.contract.params import param
from cropmap.sources import TABLES
from cropmap.sources.csv_series import read_csv_series
from cropmap.sources.csv_tables import CsvParams, options_of, tables_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cropmap.contract.progress import Progress
    from cropmap.data.samples import LabelledSeries


@dataclass(frozen=True, kw_only=True)
class EarthEngineParams(CsvParams):
    """Where the tables are and how they are read."""

    scale: float = param(1e-4, help="Stored numbers are multiplied by this; 0.0001 for reflectance.", low=1e-12)
    nodata: list[float] = param(
        [0.0], kind="numbers", help="Stored numbers that stand for no value, as unmask(0) writes; none where empty."
    )


@TABLES.register("earth_engine", title="Earth Engine samples (CSV)", params=EarthEngineParams)
def earth_engine(
    params: EarthEngineParams,
    progress: Progress | None = None,
    opened: Callable[[Path], object] = lambda _path: None,
) -> LabelledSeries:
    """Take points sampled in Earth Engine and exported as CSV: a table a date, a row a date, or a column a date.

    Which of the three is recognised. Points are joined by system:index, places come from .geo. Of several sets of
    tables (AR_T01.csv ..., CA_T01.csv ...) each is a site, named by the first part of its files.

    Args:
        params: What is taken.
        progress: Told of the tables read.
        opened: Told of each table read.

    Returns:
        The series, (sample, time, band), NaN where there is no value; ids are those of the points, after the set's name
        where there are several.

    Raises:
        SampleError: No table, or tables that contradict each other or tell no class, place or date.
    """
    return read_csv_series(tables_in(params), options_of(params), progress, opened)
