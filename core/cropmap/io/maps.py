"""Class maps on disk: written block by block, resumable, whole or not there; and read again."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.shutil import copy as gdal_copy

from cropmap.contract.errors import LegendError, OutputError
from cropmap.contract.progress import Progress
from cropmap.data.legend import NODATA, Legend
from cropmap.data.maps import ClassMap
from cropmap.data.site import Grid, Window
from cropmap.io.files import (
    FileLock,
    atomic_write_text,
    check_space,
    check_writable,
    safe_name,
    sync_file,
    sync_folder,
    write_error,
)
from cropmap.io.legends import LEGEND_TAG, legend_in
from cropmap.io.map_styles import (
    Histogram,
    class_aux,
    class_style,
    confidence_style,
    numbers_aux,
    outside_style,
    rgb,
)
from cropmap.io.partial_map import (
    TILE,
    WRITE_ERRORS,
    Layer,
    PartialMap,
    PartialPlan,
    crc_of,
    remove_partial,
    stored_bytes,
)
from cropmap.io.rasters import grid_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray


# Layers that may stand beside a map, by the end of their names: what their band is called, and their style.
_LAYERS = {
    "confidence": ("confidence, percent", confidence_style),
    "outside": ("distance from the training, percent of the threshold", outside_style),
}
_INSIDE = 100
_FINGERPRINT_TAG = "CROPMAP_FINGERPRINT"
# Of the uncompressed size, for pixels that do not compress: overviews add 1/4 + 1/16 + ... = 1/3.
_FINAL_SHARE = 4 / 3


@dataclass(frozen=True)
class MapPlan:
    """Which map is written where.

    Args:
        folder: It is made if need be.
        grid: Of the map.
        legend: Its classes.
        windows: The blocks that will be written; they cover each pixel once.
        fingerprint: Of all that the pixels depend on (model, images, options): decides whether an unfinished map is
            continued.
        name: Of the files: NAME.tif, NAME_confidence.tif, NAME_outside.tif.
        confidence: Whether there is a confidence layer.
        outside: Whether there is a layer that says how far each pixel is from what the model learnt from.
        checkpoint_s: Seconds between two checkpoints.
    """

    folder: Path
    grid: Grid
    legend: Legend
    windows: tuple[Window, ...]
    fingerprint: str
    name: str = "map"
    confidence: bool = True
    outside: bool = False
    checkpoint_s: float = 20.0

    @property
    def path(self) -> Path:
        """The finished map."""
        return self.folder / f"{safe_name(self.name)}.tif"

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers beside the map that are asked for, by the end of their names."""
        return tuple(name for name, asked in (("confidence", self.confidence), ("outside", self.outside)) if asked)

    @property
    def lock_path(self) -> Path:
        """What keeps a second writer away while one is at work."""
        return self.path.with_suffix(".lock")

    @property
    def finals(self) -> tuple[Path, ...]:
        """The finished GeoTIFFs, the map first."""
        return (self.path, *(_beside(self.path, name) for name in self.layers))

    def check(self) -> None:
        """Refuse what cannot be written, before any work.

        Raises:
            OutputError: Another map is finished there, or the disk is too full.
        """
        if self.path.exists():
            raise OutputError(
                "There is a finished map already, and it is not this one: its model, images, season or version of "
                "cropmap differ, or a part of it is missing.",
                where=str(self.path),
                fix="Choose another folder, or delete that map.",
            )
        stored = stored_bytes(self.grid) * len(self.finals)
        present = sum(path.stat().st_size for path in map(_partial, self.finals) if path.exists())
        needed = round(stored * (1 + _FINAL_SHARE)) - min(present, stored)
        check_space(self.folder, needed, what="The map, while it is written,")


class MapWriter:
    """Writes a class map, and the layers beside it, block by block.

    Use it as a context manager, from one thread. Until `finish`, the map lives in NAME.partial.tif beside a journal,
    NAME.partial.json; a cancelled, crashed or killed run leaves both, and the next one with the same plan continues.
    Where the plan's map is finished already, nothing remains to write, and `finish` returns it. As long as a writer
    lives, no other can write that map (NAME.lock).

    Args:
        plan: What is written where.
        progress: Told why an unfinished map is started over.

    Raises:
        OutputError: It cannot be written, another map is finished there, or another run is writing there.
    """

    def __init__(self, plan: MapPlan, progress: Progress | None = None) -> None:
        self.plan = plan
        check_writable(plan.folder)
        with contextlib.ExitStack() as undo:
            self._lock = FileLock(plan.lock_path)
            undo.callback(self._lock.release)
            self._map = _finished_map(plan) or _begun_map(plan, progress or Progress())
            undo.pop_all()

    def __enter__(self) -> MapWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(self._map, PartialMap):
                self._map.close()
        finally:
            self._lock.release()

    @property
    def remaining(self) -> tuple[Window, ...]:
        """The blocks that are not finished yet, in the plan's order."""
        if isinstance(self._map, ClassMap):
            return ()
        finished = self._map.checks
        return tuple(window for window in self.plan.windows if window not in finished)

    def write(
        self,
        window: Window,
        codes: NDArray[np.uint8],
        confidence: NDArray[np.uint8] | None = None,
        outside: NDArray[np.uint8] | None = None,
    ) -> None:
        """Write a block.

        Args:
            window: One of the plan's.
            codes: Class codes, (row, col), uint8; 255 where there is none.
            confidence: Percent, (row, col), uint8; 255 where there is none. Needed where the plan has such a layer.
            outside: Percent of the threshold, (row, col), uint8; 255 where there is none. Needed likewise.

        Raises:
            OutputError: It cannot be written.
        """
        given = {"confidence": confidence, "outside": outside}
        beside = (given[name] for name in self.plan.layers)
        arrays = (codes, *(layer for layer in beside if layer is not None))
        if isinstance(self._map, ClassMap):
            raise OutputError("The map is finished already.", where=str(self.plan.path), fix="Write only what remains.")
        self._map.write(window, arrays)

    def finish(self, progress: Progress | None = None) -> ClassMap:
        """Compress, add overviews, names, colours, counts and styles, check all pixels, and give the map its name.

        Raises:
            OutputError: It cannot be written; the unfinished map is kept.
        """
        told = progress or Progress()
        if isinstance(self._map, PartialMap):
            self._map = self._completed(self._map, told)
        told.at(1.0, "Map written")
        return self._map

    def _completed(self, partial: PartialMap, told: Progress) -> ClassMap:
        partial.checkpoint()
        if self.remaining:
            raise OutputError(f"{len(self.remaining)} blocks are missing.", where=str(self.plan.path), fix="Run again.")
        try:
            histograms = [self._finishing(index, partial, told) for index in range(len(self.plan.finals))]
            self._publish(histograms)
        finally:
            for path in self.plan.finals:
                _remove_leftovers(path)
        partial.remove()
        return _class_map(self.plan.path, self.plan.layers, self.plan.grid, self.plan.legend, histograms)

    def _finishing(self, index: int, partial: PartialMap, progress: Progress) -> Histogram:
        """Write a layer's compressed copy, and return its histogram once every block of it reads back right."""
        final = self.plan.finals[index]
        share = progress.part(index / len(self.plan.finals), (index + 1) / len(self.plan.finals))
        share.at(0.0, f"Compressing {final.name}")
        try:
            _compress(_partial(final), _finishing(final))
            sync_file(_finishing(final))
        except WRITE_ERRORS as error:
            raise self._failure(final, error) from error
        # What GDAL could not put into the file itself, it puts here; it would not move with the file.
        _aux_of(_finishing(final)).unlink(missing_ok=True)
        share.at(0.7, f"Checking {final.name}")
        # GDAL does not report every failed write: what counts is what reads back.
        for window, checks in partial.checks.items():
            if crc_of(_finishing(final), window) != checks[index]:
                raise self._failure(final, OSError("pixels did not reach the disk"))
        return histogram_of(_finishing(final))

    def _publish(self, histograms: list[Histogram]) -> None:
        """Give everything its name: sidecars first, the map itself last, so that where it is all is."""
        kept_crs = [_lost_crs(_finishing(path), self.plan.grid.crs) for path in self.plan.finals]
        for index, name in enumerate(self.plan.layers, start=1):
            aux = numbers_aux(histograms[index], kept_crs[index])
            _write_beside(self.plan.finals[index], aux, _LAYERS[name][1]())
        _write_beside(
            self.plan.path, class_aux(self.plan.legend, histograms[0], kept_crs[0]), class_style(self.plan.legend)
        )
        try:
            for name in _LAYERS:
                if name not in self.plan.layers:
                    _remove_with_sidecars(_beside(self.plan.path, name))  # of an earlier map that was deleted
            for final in reversed(self.plan.finals):
                _finishing(final).replace(final)
            sync_folder(self.plan.folder)
        except OSError as error:
            raise self._failure(self.plan.path, error) from error

    def _failure(self, path: Path, error: Exception) -> OutputError:
        needed = round(stored_bytes(self.plan.grid) * _FINAL_SHARE)
        kept = "All blocks are kept in the unfinished map; the same job run again only has to finish it."
        return write_error(path, error, needed_bytes=needed, kept=kept)


def read_map(path: Path | str, legend: Legend | None = None) -> ClassMap:
    """Open a class map: any Byte raster that carries category names, or whose legend is given. All pixels are counted.

    Args:
        path: What GDAL opens.
        legend: What its codes mean; None for the names and colours that `legends.raster_legend` finds in it.

    Raises:
        LegendError: The raster is not Byte, or has no class names.
        GridError: It has no north-up grid.
    """
    path = Path(path)
    grid = grid_of(str(path))
    with rasterio.open(path) as dataset:
        if dataset.dtypes[0] != "uint8":
            raise LegendError(
                f"A class map is Byte; this raster is {dataset.dtypes[0]}.",
                where=str(path),
                fix="Choose a class map, or convert its codes to Byte, e.g. with gdal_translate -ot Byte.",
            )
        legend = legend or legend_in(dataset)
    if legend is None:
        raise LegendError(
            "The raster has no class names.", where=str(path), fix="Give a map with category names, or a legend file."
        )
    layers = tuple(name for name in _LAYERS if _beside(path, name).exists())
    return _class_map(path, layers, grid, legend, [histogram_of(path), *_histograms(path, layers)])


def histogram_of(path: Path | str) -> Histogram:
    """Count the pixels of each number of a Byte raster's first band; its nodata counts as 255."""
    counts = np.zeros(256, np.int64)
    with rasterio.open(path) as dataset:
        nodata = dataset.nodata
        for window in _strips(dataset):
            counts += np.bincount(dataset.read(1, window=window).ravel(), minlength=256)
    if nodata is not None and nodata != NODATA and float(nodata).is_integer() and 0 <= nodata < NODATA:
        counts[NODATA] += counts[int(nodata)]
        counts[int(nodata)] = 0
    return Histogram(counts)


def _finished_map(plan: MapPlan) -> ClassMap | None:
    """Return the plan's map where all of it is there, and clear up after it; None where it is not."""
    if not all(path.exists() for path in plan.finals):
        return None
    try:
        if any(_fingerprint_in(path) != plan.fingerprint for path in plan.finals):
            return None
        histograms = [histogram_of(plan.path), *_histograms(plan.path, plan.layers)]
    except WRITE_ERRORS:  # a damaged one
        return None
    # Of a run that was killed between giving the map its name and this.
    remove_partial(_partial_plan(plan))
    for path in plan.finals:
        _remove_leftovers(path)
    return _class_map(plan.path, plan.layers, plan.grid, plan.legend, histograms)


def _begun_map(plan: MapPlan, progress: Progress) -> PartialMap:
    plan.check()
    return PartialMap(_partial_plan(plan), progress.warn)


def _fingerprint_in(path: Path) -> str:
    with rasterio.open(path) as dataset:
        return str(dataset.tags().get(_FINGERPRINT_TAG, ""))


def _strips(dataset: Any) -> Iterator[Any]:
    for row in range(0, dataset.height, TILE):
        yield rasterio.windows.Window(0, row, dataset.width, min(TILE, dataset.height - row))


def _histograms(path: Path, layers: tuple[str, ...]) -> list[Histogram]:
    """Return the histograms of the layers beside a map; only that of the outside layer is asked for, and counted."""
    nothing = Histogram(np.zeros(256, np.int64))
    return [histogram_of(_beside(path, name)) if name == "outside" else nothing for name in layers]


def _class_map(
    path: Path, layers: tuple[str, ...], grid: Grid, legend: Legend, histograms: list[Histogram]
) -> ClassMap:
    """Return the map, given the histograms of its codes and of the layers beside it."""
    counts = histograms[0].counts
    beside = {name: _beside(path, name) for name in layers}
    outside = histograms[1 + layers.index("outside")].counts[_INSIDE + 1 : NODATA] if "outside" in layers else 0
    return ClassMap(
        path=path,
        confidence_path=beside.get("confidence"),
        grid=grid,
        legend=legend,
        pixels={code: int(counts[code]) for code in legend.codes},
        unmapped=int(counts[NODATA]),
        outside_path=beside.get("outside"),
        outside=int(np.sum(outside)),
    )


def _partial_plan(plan: MapPlan) -> PartialPlan:
    tags = {_FINGERPRINT_TAG: plan.fingerprint}
    legend = json.dumps(plan.legend.to_list(), ensure_ascii=False)
    colours = {found.code: rgb(found.colour) for found in plan.legend.classes}
    layers = [Layer(_partial(plan.path), "class", colours, {**tags, LEGEND_TAG: legend})]
    for name, path in zip(plan.layers, plan.finals[1:], strict=True):
        layers.append(Layer(_partial(path), _LAYERS[name][0], {}, tags))
    journal = plan.path.with_suffix(".partial.json")
    return PartialPlan(tuple(layers), journal, plan.grid, plan.windows, plan.fingerprint, plan.checkpoint_s)


def _beside(path: Path, layer: str) -> Path:
    return path.with_name(f"{path.stem}_{layer}.tif")


def _aux_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.aux.xml")


def _partial(final: Path) -> Path:
    return final.with_suffix(".partial.tif")


def _finishing(final: Path) -> Path:
    return final.with_suffix(".finishing.tif")


def _remove_leftovers(final: Path) -> None:
    for path in final.parent.glob(f"{_finishing(final).name}*"):
        path.unlink()


def _remove_with_sidecars(path: Path) -> None:
    for present in (path, _aux_of(path), path.with_suffix(".qml")):
        present.unlink(missing_ok=True)


def _compress(source: Path, target: Path) -> None:
    # Deflate: the one good compression that every GDAL build reads. Codes must not be averaged: nearest neighbour.
    gdal_copy(
        str(source),
        str(target),
        driver="COG",
        compress="DEFLATE",
        level=6,
        blocksize=TILE,
        overviews="IGNORE_EXISTING",
        overview_resampling="NEAREST",
        bigtiff="IF_SAFER",
    )


def _lost_crs(path: Path, wanted: str) -> str:
    """Return the CRS (WKT) where the GeoTIFF's own keys cannot express it; empty where they can."""
    if not wanted:
        return ""
    with rasterio.open(path) as dataset:
        return "" if dataset.crs is not None and dataset.crs == CRS.from_wkt(wanted) else wanted


def _write_beside(path: Path, aux: str, style: str) -> None:
    atomic_write_text(_aux_of(path), aux)
    atomic_write_text(path.with_suffix(".qml"), style)
