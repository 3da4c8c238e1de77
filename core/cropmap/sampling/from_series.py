"""Samples from labelled series that bring their own dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.data.legend import Legend, legend_from_names
from cropmap.data.samples import LabelledSeries, SampleSet
from cropmap.data.scenes import SceneBlock
from cropmap.prepare.recipe import prepare
from cropmap.sampling.extract import dropped_notes, reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cropmap.data.cube import RegularCube
    from cropmap.data.recipe import Recipe


def samples_from_series(
    table: LabelledSeries,
    recipe: Recipe,
    bands: Sequence[str] = (),
    *,
    legend: Legend | None = None,
    progress: Progress | None = None,
) -> SampleSet:
    """Prepare labelled series of any years as samples of one season.

    The recipe's season is moved to the year in which it holds most of a sample's dates, so that a crop year of 2007 and
    one of 2014 become the same days of season. Every finite value counts as clear.

    Args:
        table: The series.
        recipe: How they are prepared.
        bands: Which bands, in this order; all where empty.
        legend: The classes; made from the labels where None.
        progress: Told of dropped samples as warnings.

    Raises:
        SampleError: A band is missing, a label is not in the legend, or no series is usable.
    """
    progress = progress or Progress()
    chosen = _band_positions(table, bands)
    legend = legend or legend_from_names(table.labels.tolist())
    codes = _codes(table, legend)
    cubes, order = _prepared(table, chosen, recipe, progress)
    back = np.argsort(order)
    why = np.concatenate([reasons(cube) for cube in cubes])[back]
    notes = (*table.notes, *dropped_notes(codes, why, legend))
    for note in notes:
        progress.warn(note)
    kept = why == ""
    if not kept.any():
        raise SampleError(
            "None of the labelled series can be prepared.",
            where="; ".join(notes),
            fix="Check the recipe's season against the series' dates, or accept fewer clear dates.",
        )
    return SampleSet(
        values=np.ascontiguousarray(np.concatenate([cube.values for cube in cubes])[back][kept]),
        codes=codes[kept],
        ids=table.ids[kept],
        x=table.x[kept],
        y=table.y[kept],
        groups=table.groups[kept],
        days=cubes[0].days,
        bands=cubes[0].bands,
        legend=legend,
        recipe=recipe,
        crs=table.crs,
    )


def _band_positions(table: LabelledSeries, bands: Sequence[str]) -> list[int]:
    missing = [band for band in bands if band not in table.bands]
    if missing:
        raise SampleError(
            f"The series have no band {missing[0]!r}.", where=table.where, fix=f"Bands: {', '.join(table.bands)}."
        )
    return [table.bands.index(band) for band in bands or table.bands]


def _codes(table: LabelledSeries, legend: Legend) -> NDArray[np.uint8]:
    code_of = {found.name: found.code for found in legend.classes}
    strange = sorted(set(table.labels.tolist()) - set(code_of))
    if strange:
        raise SampleError(
            f"The legend lacks {', '.join(map(repr, strange[:20]))}.",
            where=table.where,
            fix="Add the classes to the legend.",
        )
    return np.array([code_of[label] for label in table.labels.tolist()], dtype=np.uint8)


def _prepared(
    table: LabelledSeries, bands: list[int], recipe: Recipe, progress: Progress
) -> tuple[list[RegularCube], NDArray[np.intp]]:
    """Prepare all samples that share their dates together; return the cubes and the samples' order in them."""
    calendars, owner = np.unique(table.dates, axis=0, return_inverse=True)
    names = tuple(table.bands[band] for band in bands)
    cubes, order = [], []
    for number in progress.over(range(len(calendars)), "Preparing labelled series"):
        members = np.flatnonzero(owner.ravel() == number)
        times = np.argsort(calendars[number], kind="stable")
        dates = tuple(calendars[number][times].tolist())
        values = np.ascontiguousarray(table.values[members][:, times][:, :, bands])
        block = SceneBlock(values, np.asarray(np.isfinite(values).all(axis=2)), dates, names)
        cubes.append(prepare(block, recipe, recipe.season.nearest(dates)))
        order.append(members)
    return cubes, np.concatenate(order)
