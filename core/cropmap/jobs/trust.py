"""Select pixels whose class reference maps of many years agree on, and draw points among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from cropmap.assessment.trust_report import TrustReport, YieldStep, write_trust_report
from cropmap.contract.errors import GridError, ParameterError, Problem, SampleError
from cropmap.contract.params import param, to_dict
from cropmap.contract.words import listed
from cropmap.data.legend import NODATA, Legend
from cropmap.data.schemes import ClassScheme, map_scheme, scheme_of
from cropmap.data.site import Window
from cropmap.io.files import atomic_write_text
from cropmap.io.geometries import file_of
from cropmap.io.geopackage import PointLayer, write_points
from cropmap.io.labels_raster import LabelRaster
from cropmap.io.legends import chosen_legend, raster_legend
from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps
from cropmap.io.tables import csv_text
from cropmap.jobs import JOBS
from cropmap.jobs.params import SeedParams
from cropmap.jobs.run import versions
from cropmap.sampling.allocation import METHODS, POWER, Strata, allocate
from cropmap.sampling.draw import SPREADS, DrawnPixels, DrawOptions, draw_pixels, short_notes
from cropmap.sampling.fields import WIDEST_M, connected_fields, field_groups
from cropmap.sampling.pixel_ids import pixel_ids
from cropmap.sampling.trusted import TrustedPixels, TrustOptions, TrustRules, select_trusted
from cropmap.sampling.trusted_counts import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.jobs.run import Run
    from cropmap.sampling.trusted_counts import RuleCounts

_USUAL_ACCURACY = 0.9  # of classes of which nothing else is said
_ROWS = 1024  # of a layer, read at a time
_STRIP_PIXELS = 16_000_000  # of all years together
_ALLOCATION_STREAM = 4
_CULTIVATED = 2  # in a cultivated layer
_LISTED = 8  # names in one message


@dataclass(frozen=True, kw_only=True)
class ReferenceParams:
    """Which maps are agreed with, and what their codes mean."""

    maps: list[str] = param(
        kind="rasters",
        title="Reference maps",
        help='Label rasters, one a year, of one grid; each name holds its year once, or write "2016=path".',
    )
    legend: str = param(
        "",
        help="What the maps' codes mean: cdl for the Cropland Data Layer, or a legend file (JSON); the names in the "
        "newest map itself where empty.",
    )
    scheme: str = param(
        "corn_soybean_other",
        kind="scheme",
        title="Class scheme",
        help="Which of the maps' classes become which classes: a preset, or entries such as: Corn = 1, 12; rest = "
        "Other. Empty: each class of the maps is one.",
    )
    target_year: int = param(
        0,
        help="The year that the classes are for; 0 for that of the newest map. Where it has no map, the years before "
        "foretell the classes.",
        low=0,
        high=2100,
    )
    confidence_layers: list[str] = param(
        [],
        kind="rasters",
        title="Confidence layer",
        help="How sure the target year's map is of each pixel, in percent; of several years, each name holds its year.",
    )
    cultivated_layers: list[str] = param(
        [],
        kind="rasters",
        title="Cultivated layer",
        help="2 where land is cultivated, 1 where it is not; of several years, each name holds its year.",
    )
    resample: bool = param(
        default=False,
        title="Bring to one grid",
        help="Take the nearest pixels of maps and layers of another grid; they are refused otherwise.",
    )


@dataclass(frozen=True, kw_only=True)
class DrawingParams:
    """How many points are drawn, and how."""

    total: int = param(
        3000, title="Points", help="How many points are drawn in all; 0 draws none.", low=0, high=5_000_000
    )
    allocation: str = param(
        "equal",
        choices=METHODS,
        help="How points are shared out to classes: alike; by their pixels; by lot; for the best overall accuracy "
        "(neyman); or between that and the best accuracy of each class (power).",
    )
    minimum: int = param(0, title="Minimum per class", help="Each class gets at least so many.", low=0, high=1_000_000)
    spread: str = param(
        "none",
        choices=SPREADS,
        help="cells: square cells of land that hold a class give one point of it each in turn; none: every pixel of a "
        "class has the same chance.",
    )
    cell_km: float = param(10.0, title="Cell size", help="Edge of these cells.", unit="km", low=0.1, high=500)
    min_distance_m: float = param(
        0.0,
        title="Smallest distance",
        help="No two points, of whatever class, lie nearer to each other; 0 allows neighbours.",
        unit="m",
        low=0,
        high=100_000,
    )
    skip_empty: bool = param(
        default=False,
        title="Leave out empty classes",
        help="Go on without the classes of which the rules leave no pixel; they are refused otherwise.",
        advanced=True,
    )
    accuracies: dict[str, float] = param(
        {},
        kind="table",
        title="Expected accuracy",
        help=f"User's accuracy expected of a class, 0 to 1, for neyman and power; {_USUAL_ACCURACY} where not named.",
        advanced=True,
    )
    power: float = param(
        POWER, help="For power: 0 serves each class's own accuracy, 1 the overall one.", low=0, high=1, advanced=True
    )
    widest_field_m: float = param(
        WIDEST_M,
        title="Widest field",
        help="Connected pixels of one history form a field, whose points no split parts; what is wider is cut into "
        "squares of this edge.",
        unit="m",
        low=100,
        high=100_000,
        advanced=True,
    )
    threads: int = param(
        0, help="Rows computed at a time; 0 takes all cores, at most 8.", low=0, high=256, advanced=True
    )


@dataclass(frozen=True, kw_only=True)
class TrustParams(SeedParams, DrawingParams, TrustRules, ReferenceParams):
    """What `trust` takes."""


@JOBS.register(
    "trust",
    title="Select trusted pixels",
    params=TrustParams,
    citation="Zhang, Di, Lin, Guo 2019, Agro-Geoinformatics; Long et al. 2026",
)
def trust(params: TrustParams, run: Run) -> Mapping[str, Any]:
    """Find pixels whose class many years of maps agree on, tell what each rule leaves of them, and draw points."""
    _check(params)
    run.inputs |= _files(params)
    files = ReferenceFiles(
        params.maps, params.confidence_layers, params.cultivated_layers, params.target_year, params.resample
    )
    with ReferenceMaps(files) as maps:
        _check_place(params, maps)
        legend, scheme = _meaning(params, maps)
        accuracies = _accuracies(params, scheme.legend)
        run.warn(*_unmatched(legend, scheme))
        with run.stage("Selecting", 0.0, 0.6) as progress:
            options = TrustOptions(run.output("trusted", "trusted.tif"), legend, params.threads)
            trusted = select_trusted(maps, scheme, params, options, progress)
        run.warn(*trusted.notes)
        _write_tables(trusted, scheme, run)
        _refuse_empty(trusted, maps, params, run)
        drawn = None
        if params.total:
            with run.stage("Drawing", 0.6, 0.8) as progress:
                drawn = _draw(trusted, params, accuracies, progress)
            run.warn(*_drawing_notes(trusted, drawn, params))
            with run.stage("Finding fields", 0.8, 0.98) as progress:
                columns = _columns(_Context(maps, scheme, legend, params, trusted), drawn, progress)
            with run.stage("Writing points", 0.98, 1.0):
                places = np.column_stack(maps.grid.centres(drawn.rows, drawn.cols))
                layer = PointLayer("trusted_points", maps.grid.crs, places, columns)
                write_points(run.output("points", "trusted_points.gpkg"), layer)
    figures = _figures(trusted, drawn)
    write_trust_report(run.output("report", "report.html"), _report(trusted, drawn, params, run))
    return {"figures": figures}


# ---------------------------------------------------------------- what is asked


def _check(params: TrustParams) -> None:
    """Refuse what no maps can make right."""
    wrong = []
    if params.allocation == "random" and params.minimum:
        fix = "Choose another allocation, or no minimum."
        wrong.append(Problem("minimum", f"a random draw cannot promise {params.minimum} points of each class.", fix))
    wrong += [
        Problem("accuracies", f"{value:g} of {name!r} does not lie between 0 and 1.", "Give a share, e.g. 0.9.")
        for name, value in params.accuracies.items()
        if not 0 < value < 1
    ]
    if wrong:
        raise ParameterError(wrong)


def _check_place(params: TrustParams, maps: ReferenceMaps) -> None:
    if params.total and not maps.grid.crs:
        raise GridError(
            "The maps name no coordinate reference system, so points drawn from them would have no place.",
            where=maps.path(maps.years[-1]),
            fix="Assign the CRS to the maps, or draw no points (total 0).",
        )


def _meaning(params: TrustParams, maps: ReferenceMaps) -> tuple[Legend | None, ClassScheme]:
    """Return the maps' legend, None where nobody tells it, and the scheme."""
    legend = chosen_legend(params.legend) or raster_legend(maps.path(maps.years[-1]))
    if params.scheme.strip():
        return legend, scheme_of(params.scheme)
    if legend is None:
        raise ParameterError(
            [Problem("scheme", "is empty, and the maps tell no names of their codes.", "Give a scheme, or a legend.")]
        )
    counts = sum(maps.counts(year, list(_windows(maps))) for year in maps.years)
    return legend, map_scheme(legend, np.flatnonzero(counts).tolist())


def _windows(maps: ReferenceMaps) -> Iterator[Window]:
    """Yield strips of whole blocks over all of the maps."""
    grid, rows = maps.grid, max(1, _ROWS // maps.block[0]) * maps.block[0]
    for row in range(0, grid.height, rows):
        yield Window(row, 0, min(rows, grid.height - row), grid.width)


def _unmatched(legend: Legend | None, scheme: ClassScheme) -> list[str]:
    """Say which names of the scheme are none of the maps': misspelt ones would leave their class to the rest."""
    names = scheme.unmatched(legend) if legend else ()
    if not names:
        return []
    return [f"The scheme names what the maps' legend does not have: {listed([*map(repr, names)], _LISTED)}."]


def _files(params: TrustParams) -> set[Path]:
    """Return the files that are read; what is none is no input."""
    named = [*params.maps, *params.confidence_layers, *params.cultivated_layers]
    dated = [text.partition("=")[2].strip() for text in named if "=" in text]
    texts = [*named, *dated, params.site, params.legend]
    return {file_of(text) for text in texts if text and file_of(text).is_file()}


def _accuracies(params: TrustParams, legend: Legend) -> NDArray[np.float64]:
    """Return the expected accuracy of each class, (class,), whatever the case of its letters in the parameters."""
    given = {name.strip().casefold(): value for name, value in params.accuracies.items()}
    known = [name.strip().casefold() for name in legend.names]
    strange = sorted(name for name in params.accuracies if name.strip().casefold() not in known)
    if strange:
        what = f"{', '.join(map(repr, strange))} is no class."
        raise ParameterError([Problem("accuracies", what, f"Classes: {', '.join(legend.names)}.")])
    return np.array([given.get(name, _USUAL_ACCURACY) for name in known])


# ---------------------------------------------------------------- tables


def _write_tables(trusted: TrustedPixels, scheme: ClassScheme, run: Run) -> None:
    atomic_write_text(run.output("scheme", "scheme.txt"), scheme.to_text())
    atomic_write_text(run.output("yield", "yield.csv"), csv_text(_yield_rows(trusted.counts)))
    atomic_write_text(run.output("agreement", "agreement.csv"), csv_text(_agreement_rows(trusted)))
    counts = {"target_year": trusted.target_year, "in_season": trusted.in_season, **trusted.counts.to_dict()}
    atomic_write_text(run.output("counts", "counts.json"), json.dumps(counts, ensure_ascii=False) + "\n")


def _steps(counts: RuleCounts) -> list[YieldStep]:
    """Return the rules in effect, in order, with what each leaves of each class; first what there is without rules."""
    first, *after = counts.remaining()
    rows = [YieldStep(first.rule, tuple(first.pixels.tolist()))]
    for left, alone, without in zip(after, counts.alone(), counts.without(), strict=True):
        pixels = (tuple(each.pixels.tolist()) for each in (left, alone, without))
        rows.append(YieldStep(left.rule, *pixels))
    return rows


def _yield_rows(counts: RuleCounts) -> list[tuple[str | int, ...]]:
    header = ("rule", "class", "code", "left_in_order", "left_by_it_alone", "left_without_it")
    rows: list[tuple[str | int, ...]] = [header]
    for step in _steps(counts):
        for place, found in enumerate(counts.legend.classes):
            more = (step.alone[place], step.without[place]) if step.alone else ("", "")
            rows.append((step.rule, found.name, found.code, step.left[place], *more))
    return rows


def _agreement_rows(trusted: TrustedPixels) -> list[tuple[str | int | float, ...]]:
    header = ("pattern", "classes", "year", "pixels", "agreeing", "share", "low_95", "high_95", "held_out", "dropped")
    rows: list[tuple[str | int | float, ...]] = [header]
    for found in trusted.agreement:
        own = (PATTERNS[found.pattern], ", ".join(found.classes), found.year, found.pixels, found.agreeing, found.share)
        rows.append((*own, *found.interval, int(found.held_out), int(found.dropped)))
    return rows


# ---------------------------------------------------------------- drawing


def _refuse_empty(trusted: TrustedPixels, maps: ReferenceMaps, params: TrustParams, run: Run) -> None:
    """Refuse classes of which the rules leave nothing to draw; one that is in no map is only told."""
    counts = trusted.counts
    before = counts.left((), ())
    there = [code for code, pixels in zip(counts.legend.codes, before.tolist(), strict=True) if pixels]
    if not there:
        _refuse_nothing(trusted, maps)
    told = [text for code in there if (text := counts.emptied_by(code))]
    if told:
        told = [*told[:_LISTED], *["So it is with more classes."] * (len(told) > _LISTED), *_doubts(counts, maps)]
    some = bool(counts.left().any())
    if told and params.total and not (params.skip_empty and some):
        ways = "Loosen or switch off the rules named, or leave the class out of the scheme"
        raise SampleError(" ".join(told), fix=f"{ways}; `skip_empty` goes on without it." if some else f"{ways}.")
    run.warn(*told)
    absent = [name for name, pixels in zip(counts.legend.names, before.tolist(), strict=True) if not pixels]
    if absent:
        run.warn(f"The maps hold no pixel of class {listed([*map(repr, absent)], _LISTED)}.")


def _refuse_nothing(trusted: TrustedPixels, maps: ReferenceMaps) -> NoReturn:
    if trusted.in_season:
        years = f"the years before {trusted.target_year}"
        raise SampleError(
            f"No pixel shows a pattern in {years}, so nothing foretells its class.",
            fix="Check the maps and the scheme, take fewer history_years, or give a map of the target year.",
        )
    raise SampleError(
        f"No pixel of the map of {trusted.target_year} has a class of the scheme.",
        where=maps.path(trusted.target_year),
        fix="Check the map, its no-data value, its legend, and the scheme.",
    )


def _doubts(counts: RuleCounts, maps: ReferenceMaps) -> list[str]:
    """Return what looks wrong with a layer or the site where a rule on it takes all pixels of some class, or all."""
    alone = {name: counts.left((name,), ()) for name in counts.switched}
    found = []
    if "min_confidence" in alone and not alone["min_confidence"].any():
        values = np.concatenate([_some_values(maps, "confidence", window) for window in _windows(maps)])
        held = f"from {values.min():g} to {values.max():g} percent" if len(values) else "nothing"
        found.append(f"The confidence layer says {held}.")
    emptied = "cultivated" in alone and bool(((alone["cultivated"] == 0) & (counts.left((), ()) > 0)).any())
    if emptied and not any(_CULTIVATED in _some_values(maps, "cultivated", window) for window in _windows(maps)):
        found.append(f"The cultivated layer holds no {_CULTIVATED}, which stands for cultivated land.")
    if "site" in alone and not alone["site"].any():
        found.append("No pixel with a class lies in the site.")
    return found


def _some_values(maps: ReferenceMaps, kind: str, window: Window) -> NDArray[Any]:
    """Return the different numbers of a window of a layer, without no data."""
    values: NDArray[Any] = np.unique(maps.read_layer(kind, window))
    return np.asarray(values[values != NODATA] if values.dtype == np.uint8 else values[~np.isnan(values)])


def _draw(
    trusted: TrustedPixels, params: TrustParams, accuracies: NDArray[np.float64], progress: Progress
) -> DrawnPixels:
    legend = trusted.legend
    strata = Strata(trusted.counts.left(), accuracies, params.minimum, params.power, legend.names)
    rng = np.random.default_rng([params.seed, _ALLOCATION_STREAM])
    numbers = allocate(params.allocation, params.total, strata, rng)
    wanted = dict(zip(legend.codes, numbers.tolist(), strict=True))
    with LabelRaster(trusted.path) as raster:
        return draw_pixels(raster.blocks, trusted.grid, wanted, _draw_options(params), progress)


def _draw_options(params: TrustParams) -> DrawOptions:
    return DrawOptions(params.seed, params.spread, params.cell_km * 1000, params.min_distance_m)


def _drawing_notes(trusted: TrustedPixels, drawn: DrawnPixels, params: TrustParams) -> list[str]:
    notes = short_notes(drawn, trusted.legend.names_by_code, _draw_options(params))
    left = int(trusted.counts.left().sum())
    if left < params.total:
        notes.append(f"{params.total:,} points are asked for; the rules leave {left:,} pixels.")
    return notes


@dataclass(frozen=True)
class _Context:
    """What the points' attributes are made from."""

    maps: ReferenceMaps
    scheme: ClassScheme
    legend: Legend | None
    params: TrustParams
    trusted: TrustedPixels

    @property
    def years(self) -> list[int]:
        """Years of the pattern and the target year, where it has a map."""
        first = self.maps.target_year - self.params.history_years
        return [year for year in self.maps.years if year >= first]

    def strips(self, progress: Progress) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield first row and classes of all years, (year, row, col), of strips of whole blocks."""
        years, grid, rows = self.years, self.maps.grid, self.maps.block[0]
        tables = [self._table(year) for year in years]
        height = max(1, _STRIP_PIXELS // (len(years) * grid.width * rows)) * rows
        for row in range(0, grid.height, height):
            progress.at(row / grid.height, "Finding fields")
            window = Window(row, 0, min(height, grid.height - row), grid.width)
            classes = np.empty((len(years), window.height, window.width), np.uint8)
            for year, table, codes in zip(years, tables, classes, strict=True):
                self.maps.read(year, window, codes)
                codes[:] = table[codes]
            yield row, classes

    def _table(self, year: int) -> NDArray[np.uint8]:
        table: NDArray[np.uint8] = self.scheme.lookup(self.legend).target.copy()
        table[[self.maps.nodata(year), NODATA]] = NODATA
        return table


def _columns(context: _Context, drawn: DrawnPixels, progress: Progress) -> dict[str, NDArray[Any]]:
    """Return the points' attributes."""
    grid, legend = context.maps.grid, context.trusted.legend
    place = np.searchsorted(legend.codes, drawn.codes)
    fields = connected_fields(context.strips(progress), grid, drawn.rows, drawn.cols)
    with LabelRaster(context.trusted.path, band=2) as raster:
        patterns = raster.read_pixels(drawn.rows, drawn.cols)
    columns: dict[str, NDArray[Any]] = {
        "id": pixel_ids(grid, drawn.rows, drawn.cols),
        "class": np.array(legend.names)[place],
        "colour": np.array([found.colour for found in legend.classes])[place],
        "group": field_groups(fields, grid, drawn.rows, drawn.cols, context.params.widest_field_m),
        "pattern": np.array(PATTERNS)[patterns],
        "year": np.full(len(drawn), context.trusted.target_year, np.int32),
        "draw": _turn(drawn.codes),
    }
    if context.maps.has_layer("confidence"):
        columns["confidence"] = _confidence(context.maps, drawn)
    return columns


def _turn(codes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the place of each point in the draw of its class, from 1."""
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    return (np.arange(len(codes)) - first[which] + 1).astype(np.int32)


def _confidence(maps: ReferenceMaps, drawn: DrawnPixels) -> NDArray[np.float64]:
    """Return the confidence at each point, percent; NaN where the layer has none."""
    found = np.full(len(drawn), np.nan)
    height = max(1, _ROWS // maps.block[0]) * maps.block[0]
    for strip in np.unique(drawn.rows // height).tolist():
        own = np.flatnonzero(drawn.rows // height == strip)
        window = Window(strip * height, 0, min(height, maps.grid.height - strip * height), maps.grid.width)
        values = maps.read_layer("confidence", window)[drawn.rows[own] - window.row, drawn.cols[own]]
        found[own] = np.where(values <= 100, values, np.nan)
    return found


# ---------------------------------------------------------------- what is told


def _figures(trusted: TrustedPixels, drawn: DrawnPixels | None) -> dict[str, Any]:
    left = trusted.counts.left()
    dropped = {found.name for found in trusted.agreement if found.dropped}
    figures: dict[str, Any] = {
        "target_year": trusted.target_year,
        "in_season": trusted.in_season,
        "pixels": dict(zip(trusted.legend.names, left.tolist(), strict=True)),
        "dropped_patterns": sorted(dropped),
        "other_cultivated": trusted.other_cultivated,
    }
    if drawn is not None:
        figures["points"] = _points(trusted, drawn)
    return figures


def _points(trusted: TrustedPixels, drawn: DrawnPixels) -> dict[str, int]:
    return {found.name: int((drawn.codes == found.code).sum()) for found in trusted.legend.classes}


def _report(trusted: TrustedPixels, drawn: DrawnPixels | None, params: TrustParams, run: Run) -> TrustReport:
    return TrustReport(
        raster=trusted.path,
        grid=trusted.grid,
        legend=trusted.legend,
        target_year=trusted.target_year,
        in_season=trusted.in_season,
        steps=tuple(_steps(trusted.counts)),
        agreement=tuple({"name": found.name, **found.to_dict()} for found in trusted.agreement),
        points=None if drawn is None else tuple(_points(trusted, drawn).values()),
        other_cultivated=trusted.other_cultivated,
        settings=to_dict(params),
        versions=versions(),
        warnings=tuple(run.warnings),
    )
