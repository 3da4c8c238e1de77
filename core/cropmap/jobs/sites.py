"""What the jobs of transfer share: the source as it is given, and series of the target that are like it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropmap.contract.errors import SourceError, TransferError
from cropmap.contract.params import param
from cropmap.contract.words import counted
from cropmap.data.package import ModelPackage
from cropmap.data.ranges import band_ranges, check_units
from cropmap.data.samples import SampleSet
from cropmap.data.season import Season
from cropmap.io.packages import read_package
from cropmap.io.samples import read_sample_file
from cropmap.jobs.images import open_images, ranges_in
from cropmap.prepare.blocks import recipe_differences
from cropmap.sampling.unlabelled import Wanted, draw_unlabelled
from cropmap.training.sides import occurring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cropmap.contract.progress import Progress
    from cropmap.data.legend import Legend
    from cropmap.data.prepared import PreparedSeries
    from cropmap.data.recipe import Recipe
    from cropmap.data.scenes import SceneSeries
    from cropmap.io.samples import SampleFile
    from cropmap.jobs.run import Run

TARGET_SERIES = "target_series.gpkg"


@dataclass(frozen=True, kw_only=True)
class DrawParams:
    """How many series of the target are drawn, and of which season."""

    pixels: int = param(
        5000,
        help="How many pixels are drawn at random from the target's images, whatever grows there.",
        low=50,
        high=200_000,
    )
    season_start: str = param(
        "",
        kind="date",
        title="Target's season start",
        help="First day of the target's season; the year that holds most of the images where empty.",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class TargetImagesParams:
    """Images of the target."""

    images: Any = param(
        "",
        kind="entry",
        registry="sources",
        title="Target's images",
        help="The target's season of images, or a cube that was prepared of them by the source's recipe; none where "
        "empty.",
    )


@dataclass(frozen=True, kw_only=True)
class SourcePackageParams:
    """The source's model."""

    package: str = param(
        "",
        kind="package",
        title="Source's model",
        help="Model package (.cropmap) of the source site; none where empty.",
    )


@dataclass(frozen=True, eq=False)
class Source:
    """What is given of the source: samples, a package, or both, which are prepared alike.

    Args:
        samples: Labelled series.
        package: The model.
    """

    samples: SampleSet | None
    package: ModelPackage | None

    @property
    def like(self) -> SampleSet | ModelPackage:
        """What tells how series must be prepared: the package, else the samples."""
        found = self.package if self.package is not None else self.samples
        if found is None:
            raise TransferError(
                "There is nothing to transfer from.",
                where="sample_set, package",
                fix="Give the source's samples (samples.gpkg), its model (.cropmap), or both.",
            )
        return found

    @property
    def recipe(self) -> Recipe:
        """How series must be prepared."""
        return self.like.recipe

    @property
    def masked(self) -> bool:
        """Whether a cloud mask cleaned the source's images."""
        if self.samples is not None:
            return self.samples.masked
        return bool(self.package is not None and self.package.record.get("masked"))

    def ranges(self) -> Mapping[str, tuple[float, float]]:
        """Return the span of each band's values; empty where nothing tells."""
        if self.samples is not None:
            return band_ranges(self.samples.values, self.samples.bands)
        found = self.package.record.get("ranges", {}) if self.package is not None else {}
        return {band: (float(low), float(high)) for band, (low, high) in found.items()}

    def legends(self) -> tuple[Legend, ...]:
        """Return the classes that samples and package have, as far as they are given."""
        found = [] if self.samples is None else [occurring(self.samples)]
        return tuple(found if self.package is None else [*found, self.package.legend])


def read_source(sample_set: str, package: str, run: Run) -> Source:
    """Read what is given of the source; samples come in the package's bands and order.

    Raises:
        TransferError: Nothing is given, or samples and package are not prepared alike.
        SampleError: The sample file cannot be read.
        PackageError: The package cannot be read.
    """
    model = None
    if package:
        run.inputs.add(Path(package))
        model = read_package(Path(package))
    source = Source(None, model)
    if sample_set:
        source = Source(read_sample_set(sample_set, run).samples, model)
    if source.samples is not None and model is not None:
        samples = like(source.samples, Source(None, model), "source's samples", sample_set)
        source = Source(samples, model)
    _ = source.like
    return source


def read_sample_set(path: str, run: Run) -> SampleFile:
    """Read a sample file as an input of the run; notes on it go to the user."""
    held = read_sample_file(Path(path))
    run.inputs.add(Path(path))
    run.warn(*held.notes)
    return held


def read_like(path: str, source: Source, said: str, run: Run, *, strict: bool = True) -> tuple[SampleSet, NDArray[Any]]:
    """Read samples of the target that are prepared like the source, and their folds in the file, (sample,).

    Args:
        path: The sample file.
        source: What they must be like.
        said: What messages call them: "target's samples".
        run: Told notes on the file.
        strict: Refuse other steps and settings of the recipe too.

    Raises:
        TransferError: They are not prepared alike.
        SampleError: The file cannot be read.
    """
    held = read_sample_set(path, run)
    return like(held.samples, source, said, path, strict=strict), held.fold


def like(samples: SampleSet, source: Source, said: str, where: str, *, strict: bool = True) -> SampleSet:
    """Return samples with the source's bands in the source's order.

    Raises:
        TransferError: A band is missing, time steps are others, or (where strict) the recipe is; values are of other
            units.
    """
    wanted = source.like
    wrong = [f"the band {band} is missing" for band in wanted.bands if band not in samples.bands]
    if not np.array_equal(samples.days, wanted.days):
        steps = counted(len(samples.days), "time step", "time steps")
        wrong.append(
            f"they have {steps} on the days {_span(samples.days)}, not {len(wanted.days)} on {_span(wanted.days)}"
        )
    elif strict:
        wrong += recipe_differences(samples.recipe, wanted.recipe)
    if wrong:
        season = wanted.recipe.season
        other = "the source" if source.samples is not None else "the source's model"
        raise TransferError(
            f"The {said} were not prepared like {other}: {'; '.join(wrong)}.",
            where=where,
            fix=f"Sample them again with the recipe {wanted.recipe.name!r} and its settings, the bands "
            f"{', '.join(wanted.bands)}, and a season of {season.length_days + 1} days from {season.start:%d %B} on.",
        )
    _check_samples(samples, source, said, where)
    if samples.bands == wanted.bands:
        return samples
    order = [samples.bands.index(band) for band in wanted.bands]
    return dataclasses.replace(samples, values=np.ascontiguousarray(samples.values[:, :, order]), bands=wanted.bands)


def draw_target(images: Any, params: DrawParams, seed: int, source: Source, told: tuple[Run, Progress]) -> SampleSet:
    """Draw series of the target from its images, prepared like the source; notes go to the user.

    Raises:
        SourceError: The images cannot be read, or a band lies far outside the source's values.
        CropMapError: As `draw_unlabelled`.
    """
    run, progress = told
    series = open_images(images, run)
    _check_values(source, series, run)
    wanted = Wanted(source.recipe, _season(params, source.recipe, series), source.like.bands, source.like.days)
    found, notes = draw_unlabelled(series, wanted, params.pixels, seed, progress)
    run.warn(*notes)
    return found


def _span(days: NDArray[np.int32]) -> str:
    return f"{days[0]} to {days[-1]}"


def _season(params: DrawParams, recipe: Recipe, series: SceneSeries | PreparedSeries) -> Season:
    if not params.season_start:
        return recipe.season.nearest(series.dates)
    start = dt.date.fromisoformat(params.season_start)
    return Season(start, start + dt.timedelta(days=recipe.season.length_days))


def _check_samples(samples: SampleSet, source: Source, said: str, where: str) -> None:
    try:
        check_units(source.ranges(), band_ranges(samples.values, samples.bands), what="The source holds")
    except SourceError as error:
        raise TransferError(
            f"The {said} are of other units: " + error.what.replace("the images hold", "these hold"),
            where=f"{where}, {error.where}",
            fix="Sample them again with the images' scale and offset.",
        ) from error


def _check_values(source: Source, series: SceneSeries | PreparedSeries, run: Run) -> None:
    if source.masked and not series.masked:
        run.warn(
            "The source's images had a cloud mask, and the target's have none: clouds will be taken for crops. Name "
            "the mask band."
        )
    shared = {band: span for band, span in source.ranges().items() if band in series.bands}
    if shared:
        check_units(shared, ranges_in(series), what="The source's samples hold")
