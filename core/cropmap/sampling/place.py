"""From labelled points and polygons to labelled pixels of a grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cropmap.contract.errors import SampleError
from cropmap.contract.progress import Progress
from cropmap.contract.schemes import LEFT_OUT
from cropmap.contract.words import counted, listed
from cropmap.data.class_names import canonical
from cropmap.data.legend import NODATA, Legend, legend_from_names
from cropmap.data.samples import PlacedSamples
from cropmap.data.schemes import ClassScheme, own_scheme
from cropmap.io.projection import METRES_PER_DEGREE, crs_name, metres_per_unit, reproject
from cropmap.sampling.overlaps import each_once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cropmap.data.samples import LabelFeatures
    from cropmap.data.site import Grid

__all__ = ["PlaceOptions", "PlacedSamples", "place"]

_POLYGONS_A_REPORT = 200
_CENTRES_AT_ONCE = 1 << 20  # 16 MB of coordinates


@dataclass(frozen=True)
class PlaceOptions:
    """How features become pixels.

    Args:
        inner_buffer_m: Pixels whose centres are this near to a polygon's edge are left out, in metres.
        per_polygon: At most so many pixels of a polygon, drawn at random; 0 takes all.
        scheme: Which labels become which classes; each label is a class of its own where None.
    """

    inner_buffer_m: float = 0.0
    per_polygon: int = 0
    scheme: ClassScheme | None = None


@dataclass(frozen=True)
class Pixels:
    """Pixels with the feature that each came from.

    Args:
        rows: (pixel,).
        cols: (pixel,).
        feature: Position of the feature, (pixel,).
        alone: Whether the pixel is all of its feature and bears its id, (pixel,).
        areal: Whether the feature is a polygon, (pixel,).
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    feature: NDArray[np.int64]
    alone: NDArray[np.bool_]
    areal: NDArray[np.bool_]

    def take(self, chosen: NDArray[Any]) -> Pixels:
        """Return some of them, by a mask or by positions."""
        return Pixels(*(getattr(self, field.name)[chosen] for field in dataclasses.fields(Pixels)))


def place(
    features: LabelFeatures,
    grid: Grid,
    options: PlaceOptions | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> PlacedSamples:
    """Find the pixels that labelled features cover.

    A point gives the pixel that it lies in, a polygon those whose centres lie inside it. A polygon that holds no centre
    gives the pixel of a point inside it. A pixel claimed twice is kept once where the labels agree, else dropped.

    Args:
        features: In any CRS; they are moved to the grid's.
        grid: The images' grid.
        options: Inner buffer, pixels per polygon, class scheme.
        rng: Draws the pixels of polygons that have more than `per_polygon`; seeded with 0 where None.
        progress: Told how many polygons are done; it cancels.

    Raises:
        SampleError: Nothing lies inside the grid, labels that the scheme does not name, or too many labels that
            contradict each other.
    """
    found = claims_of(features, grid, options, rng, progress)
    pixels = found.pixels
    return placed_at(found, features, grid, (pixels, ids_of(pixels, features.ids)))


@dataclass(frozen=True)
class Claims:
    """Pixels that features claim, each once, in the order of the features.

    Args:
        pixels: Each with its feature.
        codes: Class code of each feature, (feature,), uint8.
        legend: The classes that the codes mean.
        notes: What was left out, and why.
    """

    pixels: Pixels
    codes: NDArray[np.uint8]
    legend: Legend
    notes: tuple[str, ...]


def claims_of(
    features: LabelFeatures,
    grid: Grid,
    options: PlaceOptions | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> Claims:
    """Find the pixels that features claim; see `place`, whose first half it is."""
    options = options or PlaceOptions()
    if not grid.crs:
        raise SampleError(
            "The images name no coordinate reference system, so labels cannot be laid over them.",
            fix="Assign the CRS to the images.",
        )
    geometries = reproject(features.geometries, features.crs, grid.crs)
    pixels, notes = _pixels(geometries, grid, options, rng or np.random.default_rng(0), progress or Progress())
    if not len(pixels.rows):
        raise _nothing_inside(features, geometries, grid, notes)
    inside = np.bincount(pixels.feature, minlength=len(features)) > 0
    legend, codes, legend_notes = _coded(features, inside, options.scheme)
    pixels = pixels.take(codes[pixels.feature] != NODATA)
    kept, twice_notes = each_once(pixels.rows * grid.width + pixels.cols, pixels.feature, codes, legend, features)
    own = pixels.take(kept)
    notes += [*legend_notes, *twice_notes, *_polygons_lost(pixels, own)]
    return Claims(own, codes, legend, (*features.notes, *notes))


def _polygons_lost(claimed: Pixels, own: Pixels) -> list[str]:
    lost = len(np.unique(claimed.feature[claimed.areal])) - len(np.unique(own.feature[own.areal]))
    has = counted(lost, "polygon has no pixel of its own", "polygons have no pixel of their own")
    return [f"{has} left: left out."] if lost else []


def placed_at(
    found: Claims,
    features: LabelFeatures,
    grid: Grid,
    samples: tuple[Pixels, NDArray[np.str_]],
    notes: tuple[str, ...] = (),
) -> PlacedSamples:
    """Put together samples that stand at some of the claimed pixels.

    Args:
        found: The claims.
        features: What claims.
        grid: The images' grid.
        samples: The pixel at which each stands, and its id, (sample,).
        notes: More of them.
    """
    pixels, ids = samples
    codes = found.codes[pixels.feature]
    x, y = grid.centres(pixels.rows, pixels.cols)
    return PlacedSamples(
        rows=pixels.rows,
        cols=pixels.cols,
        codes=codes,
        ids=ids,
        groups=features.groups[pixels.feature],
        x=x,
        y=y,
        legend=found.legend,
        notes=(*found.notes, *notes, *_lone_classes(codes, found.legend)),
    )


# ---------------------------------------------------------------- geometry to pixels


def _pixels(
    geometries: NDArray[Any], grid: Grid, options: PlaceOptions, rng: np.random.Generator, progress: Progress
) -> tuple[Pixels, list[str]]:
    areal = shapely.get_dimensions(geometries) == 2
    points, point_notes = _of_points(geometries, ~areal, grid)
    where = np.flatnonzero(areal)
    polygons, polygon_notes = _of_polygons((geometries[where], where), grid, options, rng, progress)
    both = [points, polygons]
    joined = Pixels(
        *(np.concatenate([getattr(each, field.name) for each in both]) for field in dataclasses.fields(Pixels))
    )
    # In the order of the features, so that "the first of two" means the first in the file.
    return joined.take(np.argsort(joined.feature, kind="stable")), point_notes + polygon_notes


def _of_points(geometries: NDArray[Any], puntal: NDArray[np.bool_], grid: Grid) -> tuple[Pixels, list[str]]:
    where = np.flatnonzero(puntal)
    coordinates, owner = shapely.get_coordinates(geometries[where], return_index=True)
    nowhere = int(shapely.is_missing(geometries[where]).sum())
    rows, cols = _pixel_of(coordinates, grid)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    single = np.bincount(owner, minlength=len(where)) == 1
    notes = {
        f"{counted(int((~inside).sum()), 'point lies', 'points lie')} outside the images: left out.": not inside.all(),
        f"{counted(nowhere, 'feature has', 'features have')} no place in the images' CRS: left out.": nowhere,
    }
    count = int(inside.sum())
    pixels = Pixels(rows[inside], cols[inside], where[owner[inside]], single[owner[inside]], np.zeros(count, np.bool_))
    return pixels, [note for note, count in notes.items() if count]


def _pixel_of(coordinates: NDArray[np.float64], grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cols = np.floor((coordinates[:, 0] - grid.west) / grid.pixel_width)
    rows = np.floor((grid.north - coordinates[:, 1]) / grid.pixel_height)
    # Far outside is as good as just outside, and fits an integer.
    return (
        np.clip(rows, -1, grid.height).astype(np.int64),
        np.clip(cols, -1, grid.width).astype(np.int64),
    )


def _of_polygons(
    polygons: tuple[NDArray[Any], NDArray[np.intp]],
    grid: Grid,
    options: PlaceOptions,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[Pixels, list[str]]:
    shapes, where = polygons
    if options.inner_buffer_m > 0:
        shapes = _interior(shapes, options.inner_buffer_m, grid.crs)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    outside, narrow, small = 0, 0, 0
    for number, shape in enumerate(shapes):
        if number % _POLYGONS_A_REPORT == 0:
            progress.at(number / len(shapes), "Finding the polygons' pixels")
        rows, cols = _centres_inside(shape, grid)
        if not len(rows) and not shape.is_empty:
            rows, cols = _representative(shape, grid)
            small += len(rows)
            outside += not len(rows)
        narrow += shape.is_empty
        found.append(_drawn(rows, cols, options.per_polygon, rng))
    if len(shapes):
        progress.at(1.0, "Finding the polygons' pixels")
    counts = [len(rows) for rows, _ in found]
    pixels = Pixels(
        np.concatenate([rows for rows, _ in found] or [np.empty(0, np.int64)]),
        np.concatenate([cols for _, cols in found] or [np.empty(0, np.int64)]),
        np.repeat(where, counts).astype(np.int64),
        np.zeros(sum(counts), dtype=bool),
        np.ones(sum(counts), dtype=bool),
    )
    return pixels, _polygon_notes(outside, narrow, small)


def _polygon_notes(outside: int, narrow: int, small: int) -> list[str]:
    notes = {
        f"{counted(outside, 'polygon lies', 'polygons lie')} outside the images: left out.": outside,
        f"{counted(narrow, 'polygon is', 'polygons are')} narrower than twice the inner buffer: left out.": narrow,
        f"{counted(small, 'polygon holds', 'polygons hold')} no pixel centre: one pixel of each is taken.": small,
    }
    return [note for note, count in notes.items() if count]


def _centres_inside(shape: Any, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    if shape.is_empty:
        return nothing
    west, south, east, north = shape.bounds
    first_col = max(0, int(max((west - grid.west) / grid.pixel_width, 0)))
    first_row = max(0, int(max((grid.north - north) / grid.pixel_height, 0)))
    last_col = int(min(np.ceil((east - grid.west) / grid.pixel_width), grid.width))
    last_row = int(min(np.ceil((grid.north - south) / grid.pixel_height), grid.height))
    if first_col >= last_col or first_row >= last_row:
        return nothing
    shapely.prepare(shape)
    cols = np.arange(first_col, last_col, dtype=np.int64)
    step = max(1, _CENTRES_AT_ONCE // len(cols))
    parts = [
        _inside_rows(shape, np.arange(row, min(row + step, last_row), dtype=np.int64), cols, grid)
        for row in range(first_row, last_row, step)
    ]
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([cols for _, cols in parts])


def _inside_rows(
    shape: Any, rows: NDArray[np.int64], cols: NDArray[np.int64], grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    inside = shapely.contains_xy(shape, *np.meshgrid(*grid.centres(rows, cols)))
    hit_rows, hit_cols = np.nonzero(inside)
    return rows[hit_rows], cols[hit_cols]


def _representative(shape: Any, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, cols = _pixel_of(shapely.get_coordinates(shapely.point_on_surface(shape)), grid)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    return rows[inside], cols[inside]


def _drawn(
    rows: NDArray[np.int64], cols: NDArray[np.int64], most: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not 0 < most < len(rows):
        return rows, cols
    chosen = np.sort(rng.choice(len(rows), most, replace=False))
    return rows[chosen], cols[chosen]


def _interior(shapes: NDArray[Any], metres: float, crs: str) -> NDArray[Any]:
    unit = metres_per_unit(crs)
    if unit:
        return np.asarray(shapely.buffer(shapes, -metres / unit))
    # Degrees: stretch each polygon to metres about its own latitude, shrink it, and stretch it back.
    bounds = shapely.bounds(shapes)
    narrowing = np.cos(np.radians((bounds[:, 1] + bounds[:, 3]) / 2))
    flat = _scaled(shapes, METRES_PER_DEGREE * narrowing, np.full(len(shapes), METRES_PER_DEGREE))
    shrunk = shapely.buffer(flat, -metres)
    return _scaled(shrunk, 1 / (METRES_PER_DEGREE * narrowing), np.full(len(shapes), 1 / METRES_PER_DEGREE))


def _scaled(shapes: NDArray[Any], x_factor: NDArray[np.float64], y_factor: NDArray[np.float64]) -> NDArray[Any]:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    stretched = coordinates * np.column_stack([x_factor[owner], y_factor[owner]])
    return np.asarray(shapely.set_coordinates(shapes.copy(), stretched))


# ---------------------------------------------------------------- labels


def _coded(
    features: LabelFeatures, inside: NDArray[np.bool_], scheme: ClassScheme | None
) -> tuple[Legend, NDArray[np.uint8], list[str]]:
    """Return the classes, the code of each feature, 255 where it is left out, and what the scheme did."""
    present = sorted(set(features.labels[inside].tolist()))
    chosen = scheme or own_scheme(_new_legend(present))
    found = chosen.codes_of(present)
    if (found == NODATA).all():
        raise SampleError(
            f"The scheme leaves out all labels: {listed([*map(repr, present)])}.",
            where=features.where,
            fix="Name them under a class of the scheme.",
        )
    # Features outside need no code: the scheme may not even name their labels.
    code_of = dict(zip(present, found.tolist(), strict=True))
    codes = np.array([code_of.get(label, NODATA) for label in features.labels.tolist()], dtype=np.uint8)
    return chosen.legend, codes, scheme_notes(chosen, present) if scheme else alike_notes(present)


def _new_legend(names: list[str]) -> Legend:
    if len(names) > NODATA:
        raise SampleError(
            f"The labels name {len(names)} classes; a map holds at most {NODATA}.",
            where=f"e.g. {', '.join(names[:5])}",
            fix="Choose the field that holds the class, or group the classes.",
        )
    return legend_from_names(names)


def scheme_notes(scheme: ClassScheme, labels: Iterable[str]) -> list[str]:
    """Return what the user should know of what a scheme did to labels: which the rest took, which it left out."""
    present = sorted({str(label) for label in labels})
    rest = [] if scheme.rest == LEFT_OUT else list(scheme.taken_as_rest(present))
    left_out = [label for label, code in zip(present, scheme.codes_of(present), strict=True) if code == NODATA]
    told = {f"Taken as {scheme.rest!r}": rest, "Left out": left_out}
    return [f"{what}: {listed([*map(repr, own)])}." for what, own in told.items() if own]


def alike_notes(labels: Iterable[str]) -> list[str]:
    """Return which labels seem to mean one class, though each is a class of its own without a scheme: Corn and corn."""
    meant: dict[str, list[str]] = {}
    for label in sorted({str(label) for label in labels}):
        meant.setdefault(canonical(label), []).append(label)
    return [
        f"{' and '.join(map(repr, alike))} may mean one class: they stay apart unless a class scheme joins them."
        for alike in meant.values()
        if len(alike) > 1
    ]


def ids_of(pixels: Pixels, ids: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the id of each pixel as a sample: that of its feature, with its place where the feature gives several."""
    parts = zip(ids[pixels.feature], pixels.alone, pixels.rows, pixels.cols, strict=True)
    return np.array([str(own) if alone else f"{own}/{row}_{col}" for own, alone, row, col in parts], dtype=np.str_)


def _lone_classes(codes: NDArray[np.uint8], legend: Legend) -> list[str]:
    lone = [found.name for found in legend.classes if (codes == found.code).sum() == 1]
    return [f"Class {name!r} has one sample only: it cannot be tested." for name in lone]


def _nothing_inside(features: LabelFeatures, moved: NDArray[Any], grid: Grid, notes: list[str]) -> SampleError:
    own = f"labels {_extent(shapely.total_bounds(features.geometries))} in {crs_name(features.crs)}"
    there = f"; in the images' CRS {_extent(shapely.total_bounds(moved))}" if features.crs != grid.crs else ""
    images = f"images {_extent(grid.bounds)} in {crs_name(grid.crs)}"
    fix = "Check the labels' CRS, or choose images of that place."
    if notes and all("inner buffer" in note for note in notes):
        fix = "Make the inner buffer smaller."
    elif _swapped_inside(features, grid):
        fix = "The coordinates look swapped: give longitude (x) first, latitude (y) second."
    return SampleError(
        f"None of the {len(features)} labelled features gives a pixel of the images.",
        where=f"{own}{there}; {images}",
        fix=fix,
    )


def _swapped_inside(features: LabelFeatures, grid: Grid) -> bool:
    swapped = shapely.transform(features.geometries, lambda points: points[:, ::-1])
    west, south, east, north = grid.bounds
    moved = reproject(swapped, features.crs, grid.crs)
    return bool(shapely.intersects(moved, shapely.box(west, south, east, north)).any())


def _extent(bounds: Any) -> str:
    if not np.isfinite(bounds).all():
        return "nowhere"
    west, south, east, north = bounds
    return f"{west:.8g} .. {east:.8g}, {south:.8g} .. {north:.8g}"
