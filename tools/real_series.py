"""Draws real series and what the recipes make of them: build/real_series/*.png, and those of docs/real_series.md.

It also prints that page's last table, and the lambdas that docs/preparation/whittaker.md names. All this of four public
sets that are not part of this project; a set that is absent is left out, with a line that says so.

Usage: real_series.py [--data ../shared/data]
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from matplotlib import dates as mdates
from matplotlib.figure import Figure

from cropmap.contract.job import Job
from cropmap.data.scenes import SceneBlock
from cropmap.data.site import Window
from cropmap.io.series import SeriesReader
from cropmap.jobs.run import run_job
from cropmap.prepare.recipe import make_recipe, prepare, settle
from cropmap.sources.folder import FolderParams, folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

HOME = Path(__file__).resolve().parents[1]
OUT, DOCS = HOME / "build" / "real_series", HOME / "docs" / "images" / "prepare"
BANDS = ("red", "nir", "NDVI")
EPOCH = np.datetime64("1990-01-01")
GAPS = {"min_clear": 2, "max_gap_days": 0}
INK, MUTED, LINE, CLOUD = "#1f2937", "#6b7280", "#e5e7eb", "#9ca3af"


@dataclass(frozen=True)
class Drawn:
    """How one recipe is made and drawn."""

    label: str
    name: str
    values: Mapping[str, Any]
    colour: str
    style: str = "-"


def own(*steps: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a recipe of these steps."""
    return {"steps": list(steps)}


LINEAR = Drawn("weekly_linear", "weekly_linear", GAPS, "#2563eb")
BRIDGED = Drawn("weekly_linear_whittaker", "weekly_linear_whittaker", GAPS, "#7e22ce")
CURVE = Drawn("weekly_whittaker", "weekly_whittaker", GAPS, "#d55e00")
BISQUARE = Drawn("weekly_whittaker, bisquare", "weekly_whittaker", {**GAPS, "robust": "bisquare"}, "#009e73")
UPPER = Drawn("weekly_whittaker, upper", "weekly_whittaker", {**GAPS, "robust": "upper"}, "#cc79a7")
HARMONIC = Drawn("harmonic, 2", "own", own({"name": "harmonic", "harmonics": 2, "step_days": 7}), "#b58900")
COMPOSITE = Drawn(
    "medians of 16 days, filled",
    "own",
    own({"name": "composite", "interval_days": 16}, {"name": "linear", "step_days": 0}),
    "#4d4d4d",
)
# What the last table of docs/real_series.md compares: recipes in its rows, images in its columns.
COMPARED: Mapping[str, Mapping[str, Any]] = {
    "weekly_linear": {"name": "weekly_linear"},
    "weekly_linear_whittaker": {"name": "weekly_linear_whittaker"},
    "weekly_whittaker": {"name": "weekly_whittaker"},
    "weekly_whittaker, bisquare": {"name": "weekly_whittaker", "robust": "bisquare"},
    "weekly_whittaker, upper": {"name": "weekly_whittaker", "robust": "upper"},
    "weekly_whittaker, choose: site": {"name": "weekly_whittaker", "choose": "site"},
    "linear_monthly": {"name": "linear_monthly"},
    "medians of 16 days, filled linearly": {
        "name": "own",
        **own({"name": "enough_clear"}, {"name": "composite", "interval_days": 16}, {"name": "linear", "step_days": 0}),
    },
    "harmonic, two waves": {"name": "own", **own({"name": "enough_clear"}, {"name": "harmonic", "step_days": 7})},
}
IMAGES: Mapping[str, Mapping[str, Any]] = {
    "NDVI, Po delta": {"path": "sen2rts_ndvi_scl", "scale": 1e-4},
    "NDVI, Spain": {"path": "fusets_s2_field", "bands": ["NDVI"], "scale": 1.0},
    "red and near infrared, Spain": {"path": "fusets_s2_field", "bands": ["B04", "B08"], "scale": 1e-4},
}
ROWS = ((LINEAR, BRIDGED, CURVE), (CURVE, BISQUARE, UPPER), (HARMONIC, COMPOSITE))


# ---------------------------------------------------------------- the four sets


def sen2rts(data: Path) -> SceneBlock:
    """Fields in the Po delta, 2020: NDVI of 10 m, 60 dates, scene classes of 20 m."""
    params = FolderParams(path=str(data / "sen2rts_ndvi_scl"), scale=1e-4, masks=["SCL clear 4 5 6 7"])
    series = folder(params)
    with SeriesReader(series) as reader:
        return reader.read(Window(0, 0, series.grid.height, series.grid.width))


def fusets(data: Path) -> SceneBlock:
    """One field of winter cereal in Spain, 2019: red and near infrared, 33 dates, scene classes."""
    with h5py.File(data / "fusets_s2_field" / "raw_s2_ndvi_field.nc") as file:
        dates, (red, nir, classes) = dates_of(file), pixels_of(file, "B04", "B08", "SCL")
    clear = np.isin(classes, (4, 5, 6, 7)) & np.isfinite(red) & np.isfinite(nir)
    return block_of(red, nir, clear, dates)


def arkansas(data: Path) -> SceneBlock:
    """Labelled pixels in Arkansas, 2021: medians of ten days, on the fifth of them; snow counts as clear there."""
    with np.load(data / "us_s2_cdl_2021" / "us_arkansas_2021_zone0.npz") as file:
        numbers, missing = file["X"], file["missing"]
        bands, starts = file["bands"].tolist(), file["date_start"].tolist()
    red, nir = (numbers[..., bands.index(band)].astype(np.float32) for band in ("B04", "B08"))
    dates = tuple(dt.date.fromisoformat(start) + dt.timedelta(days=4) for start in starts)
    return block_of(red, nir, ~missing, dates)


def belgium(data: Path) -> SceneBlock:
    """Farmland in Belgium, November 2020 to October 2021: monthly composites, on the 15th; two months are missing."""
    with h5py.File(data / "worldcereal_belgium" / "worldcereal_preprocessed_inputs.nc") as file:
        months, (red, nir) = dates_of(file), pixels_of(file, "S2-L2A-B04", "S2-L2A-B08")
    red, nir = (band.astype(np.int64) & 0xFFFF for band in (red, nir))  # stored as signed
    clear = (red != 0xFFFF) & (nir != 0xFFFF)
    return block_of(red, nir, clear, tuple(date.replace(day=15) for date in months))


def dates_of(file: h5py.File) -> tuple[dt.date, ...]:
    """Return a file's dates, which count days from 1990."""
    return tuple((EPOCH + file["t"][()].astype(int)).astype("datetime64[D]").tolist())


def pixels_of(file: h5py.File, *names: str) -> list[NDArray[Any]]:
    """Return variables as (pixel, time)."""
    return [file[name][()].reshape(len(file["t"]), -1).T for name in names]


def block_of(red: NDArray[Any], nir: NDArray[Any], clear: NDArray[Any], dates: tuple[dt.date, ...]) -> SceneBlock:
    """Return a block of red, near infrared and NDVI; numbers are reflectance times 10,000."""
    red, nir = (np.where(clear | np.isfinite(band), band, 0).astype(np.float32) / 1e4 for band in (red, nir))
    total = red + nir
    ndvi = np.divide(nir - red, total, out=np.zeros_like(total), where=total > 0)
    return SceneBlock(np.stack([red, nir, ndvi], axis=-1), clear & (total > 0), dates, BANDS)


# ---------------------------------------------------------------- drawing


def made(drawn: Drawn, block: SceneBlock, pixel: int, band: str) -> tuple[Sequence[dt.date], NDArray[np.float32]]:
    """Return the days and values that a recipe makes of one pixel and band."""
    recipe = make_recipe(drawn.name, drawn.values, block.dates)
    alone = SceneBlock(block.values[pixel : pixel + 1], block.clear[pixel : pixel + 1], block.dates, block.bands)
    cube = prepare(alone, recipe)
    return [recipe.season.date(day) for day in cube.days.tolist()], cube.values[0, :, cube.bands.index(band)]


def draw(axes: Axes, block: SceneBlock, at: tuple[int, str], shown: Sequence[Drawn]) -> None:
    """Draw one pixel and band: what was seen, and what each recipe makes of it."""
    pixel, band = at
    days = np.array(mdates.date2num(list(block.dates)))
    values, clear = block.values[pixel, :, block.bands.index(band)], block.clear[pixel]
    cloudy = ~clear & np.isfinite(values) & (values != 0)
    if cloudy.any():
        axes.plot(days[cloudy], values[cloudy], "x", color=CLOUD, markersize=5, label="not clear", zorder=2)
    for drawn in shown:
        when, found = made(drawn, block, pixel, band)
        axes.plot(when, found, drawn.style, color=drawn.colour, linewidth=1.7, label=drawn.label, zorder=3)
    axes.plot(days[clear], values[clear], "o", color=INK, markersize=4.5, label="clear", zorder=4)
    axes.set_ylabel(band if band == "NDVI" else f"{band} reflectance", fontsize=9, color=MUTED)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(CLOUD)
    axes.tick_params(labelsize=8, colors=MUTED, length=3)
    axes.xaxis.set_major_locator(mdates.MonthLocator())
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%b"))


def heading(axes: Axes, text: str) -> None:
    """Say what is drawn."""
    axes.set_title(text, loc="left", fontsize=10, color=INK)


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    """Name the lines below the drawings."""
    look = {"fontsize": 8.5, "frameon": False, "labelcolor": MUTED}
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, **look)


def look(name: str, block: SceneBlock, pixels: Sequence[int]) -> None:
    """Draw some pixels with every recipe, to look at."""
    for band in [band for band in ("NDVI", "red") if band in block.bands]:
        figure = Figure(figsize=(5.6 * len(pixels), 9), dpi=80, layout="constrained")
        grid = figure.subplots(len(ROWS), len(pixels), sharex=True, sharey="col", squeeze=False)
        for column, pixel in enumerate(pixels):
            for axes, shown in zip(grid[:, column], ROWS, strict=True):
                draw(axes, block, (pixel, band), shown)
                if column == 0:
                    axes.legend(fontsize=8, frameon=False, labelcolor=MUTED)
            heading(grid[0, column], f"{name}, pixel {pixel}")
        figure.savefig(OUT / f"{name}_{band}.png")


def snow(block: SceneBlock, pixel: int) -> None:
    """Draw what snow does to an index and to a band."""
    figure = Figure(figsize=(10, 4.3), dpi=90, layout="constrained")
    for axes, band in zip(figure.subplots(1, 2), ("NDVI", "red"), strict=True):
        draw(axes, block, (pixel, band), (LINEAR, CURVE, BISQUARE, UPPER))
        axes.set_xlim(*mdates.date2num([dt.date(2021, 1, 1), dt.date(2021, 8, 31)]))
        axes.set_ylim(*((-0.15, 1.0) if band == "NDVI" else (-0.1, 1.1)))
        heading(axes, "snow lowers NDVI" if band == "NDVI" else "and raises red")
    legend(figure, axes, 6)
    figure.savefig(DOCS / "real_snow.png")


def gaps(block: SceneBlock, pixels: Sequence[int]) -> None:
    """Draw two missing months."""
    figure = Figure(figsize=(10, 4), dpi=90, layout="constrained")
    for axes, pixel in zip(figure.subplots(1, len(pixels), sharey=True), pixels, strict=True):
        draw(axes, block, (pixel, "NDVI"), (LINEAR, BRIDGED, CURVE, HARMONIC))
        axes.axvspan(*mdates.date2num([dt.date(2020, 12, 1), dt.date(2021, 1, 31)]), color="#f3f6fa", zorder=0)
        heading(axes, f"pixel {pixel}")
    legend(figure, axes, 6)
    figure.savefig(DOCS / "real_missing_months.png")


def clouds(block: SceneBlock, pixels: Sequence[int]) -> None:
    """Draw clouds that the mask missed."""
    figure = Figure(figsize=(10, 4.3), dpi=90, layout="constrained")
    for axes, pixel in zip(figure.subplots(1, len(pixels), sharey=True), pixels, strict=True):
        draw(axes, block, (pixel, "NDVI"), (LINEAR, CURVE, BISQUARE, UPPER))
        heading(axes, f"pixel {pixel}")
    legend(figure, axes, 6)
    figure.savefig(DOCS / "real_missed_clouds.png")


# ---------------------------------------------------------------- figures


def errors(data: Path) -> None:
    """Print each recipe's relative RMSE on observations that were hidden from it, by the job `compare`."""
    there = {title: images for title, images in IMAGES.items() if (data / images["path"]).is_dir()}
    if not there:
        return
    found = [relative_errors(data, images) for images in there.values()]
    print("| recipe |", " | ".join(there), "|")  # noqa: T201
    print("|---" * (1 + len(there)) + "|")  # noqa: T201
    for label, row in zip(COMPARED, zip(*found, strict=True), strict=False):
        print("|", " | ".join([label, *(f"{100 * error:.2f} %" for error in row)]), "|")  # noqa: T201


def relative_errors(data: Path, images: Mapping[str, Any]) -> list[float]:
    """Return the relative RMSE of each recipe compared."""
    source = {"name": "folder", **images, "path": str(data / images["path"]), "masks": ["SCL clear 4 5 6 7"]}
    names = [recipe["name"] for recipe in COMPARED.values()]
    turns = [names[:place].count(name) for place, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as out:
        job = Job("compare", {"images": source, "recipes": list(COMPARED.values())}, out)
        found = run_job(job).result["figures"]["relative_rmse"]
    return [found[f"{name} {turn + 1}" if turn else name] for name, turn in zip(names, turns, strict=True)]


def lambdas(block: SceneBlock) -> None:
    """Print which lambda the V-curve chooses for a site: on a daily grid, and after weekly linear resampling."""
    for name in ("weekly_whittaker", "weekly_linear_whittaker"):
        settled = settle(make_recipe(name, {"choose": "site"}, block.dates), block)
        print(f"{name}: lambda {settled.steps[-1].params['smoothing']:.4g} by V-curve")  # noqa: T201


def main() -> None:
    """Draw what is there, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HOME / ".." / "shared" / "data")
    data = parser.parse_args().data
    OUT.mkdir(parents=True, exist_ok=True)
    jobs: dict[str, tuple[Callable[[Path], SceneBlock], Sequence[int], Callable[[SceneBlock], object] | None]] = {
        "sen2rts_ndvi_scl": (sen2rts, (131, 27, 160), lambda block: (clouds(block, (131, 27)), lambdas(block))),
        "fusets_s2_field": (fusets, (1500, 1800, 2400), None),
        "us_s2_cdl_2021": (arkansas, (71, 542, 2374), lambda block: snow(block, 542)),
        "worldcereal_belgium": (belgium, (1000, 5050, 9000), lambda block: gaps(block, (1000, 9000))),
    }
    for name, (read, pixels, telling) in jobs.items():
        if (data / name).is_dir():
            block = read(data)
            look(name, block, pixels)
            if telling is not None:
                telling(block)
        print(f"{name}: {'drawn' if (data / name).is_dir() else 'not there'}")  # noqa: T201
    errors(data)


if __name__ == "__main__":
    main()
