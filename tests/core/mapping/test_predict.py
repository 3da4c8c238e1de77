import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from scipy.spatial.distance import cdist

from cropmap.contract.errors import OutputError, PackageError, RecipeError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.applicability import Applicability
from cropmap.data.legend import NODATA, Legend, LegendClass
from cropmap.data.package import NO_SCALING, ModelPackage, Scaling
from cropmap.data.recipe import StepUse
from cropmap.data.samples import SampleSet
from cropmap.data.scenes import Asset, Scene, SceneSeries
from cropmap.data.season import Season
from cropmap.data.site import Grid, Window
from cropmap.io.series import SeriesReader
from cropmap.mapping import predict
from cropmap.mapping.fingerprint import map_fingerprint
from cropmap.mapping.predict import MapOptions, map_series, percent
from cropmap.models.predictor import Predictor
from cropmap.prepare.recipe import make_recipe, prepare, recipe_nodes
from cropmap.training.fit import FitOptions, fit

SIZE, TILE, NO_VALUE = 600, 256, -9999
BANDS = ("B04", "B08")
LEGEND = Legend(
    (LegendClass(3, "Corn", "#ffd300"), LegendClass(7, "Soybean", "#267000"), LegendClass(9, "Rye", "#a57000"))
)
DATES = tuple(dt.date(2023, 4, 1) + dt.timedelta(days=10 * k) for k in range(8))
CLOUD = (slice(40, 300), slice(250, 270))


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(5)
    return rng.choice(np.array([3, 7, 9], np.uint8), (SIZE, SIZE + 50))


@pytest.fixture(scope="module")
def series(truth, tmp_path_factory):
    """Each class has its own red and infrared, with noise; one strip has no value on any date."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(6)
    grid = Grid(CRS.from_epsg(32634).to_wkt(), 400_000.0, 5_000_000.0, 10.0, 10.0, truth.shape[1], truth.shape[0])
    level = {"B04": {3: 500, 7: 1500, 9: 2500}, "B08": {3: 4000, 7: 3000, 9: 3500}}
    scenes = []
    for date in DATES:
        assets = {}
        for band in BANDS:
            numbers = np.select([truth == code for code in (3, 7, 9)], [level[band][code] for code in (3, 7, 9)])
            numbers = (numbers + rng.normal(0, 300, truth.shape)).astype(np.int16)
            numbers[CLOUD] = NO_VALUE
            path = folder / f"{date:%Y%m%d}_{band}.tif"
            _write(path, numbers, grid)
            assets[band] = Asset(str(path), 1, 1e-4, 0.0, NO_VALUE)
        scenes.append(Scene(date, assets))
    return SceneSeries(grid, BANDS, tuple(scenes))


def _write(path, numbers, grid):
    profile = {"driver": "GTiff", "count": 1, "dtype": "int16", "tiled": True, "blockxsize": TILE, "blockysize": TILE}
    size = {"width": grid.width, "height": grid.height, "nodata": NO_VALUE}
    with rasterio.open(
        path, "w", **profile, **size, crs=CRS.from_wkt(grid.crs), transform=rasterio.Affine(*grid.transform)
    ) as dataset:
        dataset.write(numbers, 1)


@pytest.fixture(scope="module")
def package(truth, series):
    recipe = make_recipe("weekly_linear", {}, DATES)
    rng = np.random.default_rng(7)
    rows, cols = rng.integers(300, SIZE, 90), rng.integers(0, SIZE, 90)
    with SeriesReader(series) as reader:
        cube = prepare(reader.read_pixels(rows, cols), recipe)
    names = np.array([str(k) for k in range(90)])
    place = np.zeros(90)
    codes = truth[rows, cols]
    samples = SampleSet(cube.values, codes, names, place, place, names, recipe_nodes(recipe), BANDS, LEGEND, recipe, "")
    return fit(samples, "random_forest", {"trees": 7}, FitOptions(seed=1, threads=1), Progress())


@pytest.fixture(scope="module")
def whole(package, series):
    """The map computed at once, without blocks, threads or files."""
    with SeriesReader(series) as reader:
        cube = prepare(reader.read(Window(0, 0, series.grid.height, series.grid.width)), package.recipe)
    probabilities = Predictor(package).probabilities(cube.values)
    shape = (series.grid.height, series.grid.width)
    codes = np.where(cube.valid, np.array([3, 7, 9])[np.nan_to_num(probabilities).argmax(axis=1)], NODATA)
    confidence = np.where(cube.valid, np.round(100 * np.nan_to_num(probabilities).max(axis=1)), NODATA)
    return codes.reshape(shape), confidence.reshape(shape)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def run(package, series, folder, progress=None, **options):
    return map_series(package, series, MapOptions(folder, **options), progress or Progress())


def test_the_map_is_the_prediction_of_the_whole_array(package, series, whole, tmp_path):
    found = run(package, series, tmp_path)
    np.testing.assert_array_equal(read(found.path), whole[0])
    np.testing.assert_array_equal(read(found.confidence_path), whole[1])


def test_classes_that_differ_clearly_are_mapped_right(package, series, truth, tmp_path):
    codes = read(run(package, series, tmp_path).path)
    assert (codes == truth)[codes != NODATA].mean() > 0.97


def test_a_pixel_without_a_clear_date_has_no_class_and_no_confidence(package, series, tmp_path):
    found = run(package, series, tmp_path)
    for path in (found.path, found.confidence_path):
        layer = read(path)
        assert (layer[CLOUD] == NODATA).all()
        assert (layer == NODATA).sum() == 260 * 20
    assert found.unmapped == 260 * 20
    assert sum(found.pixels.values()) == SIZE * (SIZE + 50) - 260 * 20


@pytest.mark.parametrize(
    ("block", "threads", "checkpoint_s"), [(0, 1, 20.0), (0, 4, 0.0), (100, 2, 20.0), (251, 3, 0.0), (4096, 1, 20.0)]
)
def test_block_size_threads_and_checkpoints_change_no_byte(package, series, tmp_path, block, threads, checkpoint_s):
    first = run(package, series, tmp_path / "a")
    other = run(package, series, tmp_path / "b", block=block, threads=threads, checkpoint_s=checkpoint_s)
    assert first.path.read_bytes() == other.path.read_bytes()
    assert first.confidence_path.read_bytes() == other.confidence_path.read_bytes()


def test_bands_in_another_order_give_the_same_map(package, series, whole, tmp_path):
    turned = replace(series, bands=("B08", "B04"))
    np.testing.assert_array_equal(read(run(package, turned, tmp_path).path), whole[0])


def test_codes_are_the_legends_whatever_the_order_of_columns(package, series, tmp_path):
    legend = Legend(tuple(replace(found, code=found.code + 100) for found in LEGEND.classes))
    found = run(replace(package, legend=legend), series, tmp_path)
    assert set(np.unique(read(found.path))) == {103, 107, 109, NODATA}


def test_progress_rises_to_the_end(package, series, tmp_path):
    told = []
    run(package, series, tmp_path, Progress(lambda fraction, message: told.append((fraction, message))))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert "4 of 4 blocks" in [message for _, message in told]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, 0), (0.004, 0), (0.006, 1), (0.995, 100), (1.0, 100), (1.0001, 100), (np.nan, NODATA)]
)
def test_confidence_is_the_highest_probability_in_whole_percent(value, expected):
    assert percent(np.array([[value, value / 2]], np.float32)).tolist() == [expected]


def test_a_map_of_next_to_nothing_is_told_with_its_counts_and_what_to_check(package, series, tmp_path):
    warnings = []
    found = run(package, replace(series, valid_range=(5.0, 6.0)), tmp_path, Progress(warn=warnings.append))
    assert sum(found.pixels.values()) == 0
    assert len(warnings) == 1
    assert warnings[0].startswith("Only 0 of 390,000 pixels were mapped")
    assert all(word in warnings[0] for word in ("season", "cloud mask", "valid range", "min_clear"))


def test_a_map_of_most_pixels_warns_of_nothing(package, series, tmp_path):
    warnings = []
    run(package, series, tmp_path, Progress(warn=warnings.append))
    assert warnings == []


@pytest.mark.torch
def test_a_network_in_several_threads_gives_the_same_bytes(package, series, tmp_path):
    from cropmap.models.base import SeriesShape
    from cropmap.models.transformer import Transformer, TransformerParams
    from cropmap.seeds import torch_seed

    tiny = {"width": 8, "layers": 2, "heads": 2, "feed_forward": 6, "dropout": 0.5}
    with torch_seed(1):
        model = Transformer.untrained(TransformerParams(**tiny), SeriesShape(len(package.days), len(BANDS), 3))
    scaling = Scaling(np.full(len(BANDS), 0.25, np.float32), np.full(len(BANDS), 0.05, np.float32))
    network = replace(package, model="transformer", params=tiny, arrays=model.arrays(), scaling=scaling)
    one, two = (run(network, series, tmp_path / str(threads), threads=threads, device="cpu") for threads in (1, 2))
    assert len([count for count in one.pixels.values() if count]) > 1
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.confidence_path.read_bytes() == two.confidence_path.read_bytes()


def test_the_recipe_is_settled_for_the_images_and_season_that_are_mapped(package, series, tmp_path, monkeypatch):
    asked = []

    def settle(recipe, images, season):
        asked.append((recipe, images, season))
        strict = StepUse("enough_clear", {"min_clear": 9})
        return replace(recipe, steps=(strict, *recipe.steps[1:]))

    monkeypatch.setattr(predict, "settled_for", settle)
    found = run(package, series, tmp_path)
    assert asked == [(package.recipe, series, package.recipe.season)]
    # The images have eight dates: the settled recipe accepts no pixel.
    assert sum(found.pixels.values()) == 0


# ------------------------------------------------------------------------------------------------ area of applicability


@pytest.fixture(scope="module")
def with_area(package, series):
    """The package knows the series that it was mapped with: of rye and soybean alone."""
    rng = np.random.default_rng(8)
    rows, cols = rng.integers(300, SIZE, 300), rng.integers(0, SIZE, 300)
    with SeriesReader(series) as reader:
        cube = prepare(reader.read_pixels(rows, cols), package.recipe)
    known = cube.values[cube.values[:, :, 0].mean(axis=1) > 0.1]  # red of corn is 0.05
    known = known.reshape(len(known), -1)
    deviation = known.std(axis=0)
    reference = ((known - known.mean(axis=0)) / deviation).astype(np.float32)
    threshold = np.quantile(np.sort(cdist(reference, reference), axis=1)[:, 1], 0.99)
    area = Applicability("inputs", known.mean(axis=0), 1 / deviation, reference, 1.0, float(threshold), 0.01)
    return replace(package, applicability=area)


def test_what_nobody_taught_is_outside_and_the_rest_is_not(with_area, series, truth, tmp_path):
    warnings = []
    found = run(with_area, series, tmp_path, Progress(warn=warnings.append))
    layer, codes = read(found.outside_path), read(found.path)
    np.testing.assert_array_equal(layer == NODATA, codes == NODATA)
    known = codes != NODATA
    assert (layer[known & (truth == 3)] > 100).mean() > 0.9
    assert (layer[known & (truth != 3)] > 100).mean() < 0.05
    assert found.outside == (layer[known] > 100).sum()
    assert len(warnings) == 1
    assert f"{found.outside_share:.0%} of the mapped pixels are not like the samples" in warnings[0]
    assert str(found.outside_path) in warnings[0]


def test_what_is_outside_is_the_same_whatever_the_blocks(with_area, series, tmp_path):
    first = run(with_area, series, tmp_path / "a", threads=1)
    other = run(with_area, series, tmp_path / "b", block=251, threads=3)
    assert first.outside_path.read_bytes() == other.outside_path.read_bytes()
    assert first.path.read_bytes() == other.path.read_bytes()


def test_the_layer_of_the_whole_array_is_the_maps(with_area, series, tmp_path):
    found = run(with_area, series, tmp_path)
    with SeriesReader(series) as reader:
        cube = prepare(reader.read(Window(400, 0, 40, series.grid.width)), with_area.recipe)
    expected = np.where(cube.valid, Predictor(with_area).outside(cube.values), NODATA)
    np.testing.assert_array_equal(read(found.outside_path)[400:440].ravel(), expected)


def test_a_map_without_the_layer_is_not_searched_for_neighbours(with_area, package, series, tmp_path):
    assert run(with_area, series, tmp_path / "a", outside=False).outside_path is None
    assert run(package, series, tmp_path / "b").outside_path is None


def test_the_fingerprint_changes_with_the_area_of_applicability(with_area, package, series):
    season, area = package.recipe.season, with_area.applicability
    changed = [
        package,
        with_area,
        replace(with_area, applicability=replace(area, threshold=1.0)),
        replace(with_area, applicability=replace(area, reference=area.reference + 1)),
        replace(with_area, applicability=replace(area, space="features")),
    ]
    found = {map_fingerprint(each, series, season) for each in changed}
    assert len(found) == len(changed)


# ------------------------------------------------------------------------------------------------ stopping and resuming


def cancel_after(blocks):
    """A progress that is cancelled when so many blocks are written."""
    reports = []
    return Progress(lambda *report: reports.append(report), cancelled=lambda: len(reports) >= blocks)


def count_reads(monkeypatch):
    seen = []
    original = SeriesReader.read_parts

    def counted(self, window, parts):
        seen.append(window)
        return original(self, window, parts)

    monkeypatch.setattr(SeriesReader, "read_parts", counted)
    return seen


def test_a_cancelled_map_is_continued_with_the_missing_blocks_only(package, series, whole, tmp_path, monkeypatch):
    with pytest.raises(Cancelled):
        run(package, series, tmp_path, cancel_after(4), block=200, threads=1)
    assert not (tmp_path / "map.tif").exists()
    seen = count_reads(monkeypatch)
    warnings = []
    found = run(package, series, tmp_path, Progress(warn=warnings.append), block=200)
    assert warnings == []
    assert len(seen) == 12 - 4
    np.testing.assert_array_equal(read(found.path), whole[0])
    np.testing.assert_array_equal(read(found.confidence_path), whole[1])


def test_the_same_map_finished_already_is_returned_without_reading_an_image(package, series, tmp_path, monkeypatch):
    expected = run(package, series, tmp_path, threads=1)
    nothing_was_read(monkeypatch)
    told = []
    found = run(package, series, tmp_path, Progress(lambda *report: told.append(report)), block=100, threads=3)
    assert found == expected
    assert told[-1][0] == 1.0


def test_of_two_runs_into_one_folder_the_second_is_refused_and_the_first_ends_well(package, series, whole, tmp_path):
    refusals = []

    def start_another(_fraction, message):
        if message.startswith("2 of"):
            with pytest.raises(OutputError, match="Another run is writing here") as caught:
                run(package, series, tmp_path)
            refusals.append(caught.value)

    found = run(package, series, tmp_path, Progress(start_another), threads=1)
    assert len(refusals) == 1
    np.testing.assert_array_equal(read(found.path), whole[0])
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name or path.suffix == ".lock"]


def test_another_model_starts_the_map_over(package, series, tmp_path, monkeypatch):
    with pytest.raises(Cancelled):
        run(package, series, tmp_path, cancel_after(4), block=200)
    seen = count_reads(monkeypatch)
    warnings = []
    arrays = {name: np.roll(array, 1, axis=0) for name, array in package.arrays.items() if name == "thresholds"}
    other = replace(package, arrays={**package.arrays, **arrays}, params={**package.params, "min_leaf": 2})
    run(other, series, tmp_path, Progress(warn=warnings.append), block=200)
    assert len(seen) == 12
    assert "started over: it was made with another model" in warnings[0]


def test_the_fingerprint_changes_with_all_that_the_pixels_depend_on(package, series, tmp_path):
    season = package.recipe.season
    scene = series.scenes[0]
    moved = tmp_path / "copy.tif"
    moved.write_bytes(b"x")
    other = replace(scene, bands={**scene.bands, "B04": replace(scene.bands["B04"], path=str(moved))})
    changed_file = replace(series, scenes=(other, *series.scenes[1:]))
    found = [
        map_fingerprint(package, series, season),
        map_fingerprint(package, series, season.moved(1)),
        map_fingerprint(package, replace(series, valid_range=(0.0, 1.0)), season),
        map_fingerprint(package, changed_file, season),
        map_fingerprint(replace(package, days=package.days + 1), series, season),
        map_fingerprint(replace(package, shift_days=-7.0), series, season),
        map_fingerprint(replace(package, recipe=replace(package.recipe, steps=())), series, season),
        map_fingerprint(package, series, season, replace(package.recipe, steps=())),
        map_fingerprint(replace(package, temperature=1.5), series, season),
        map_fingerprint(replace(package, class_weights=(1.0,) * len(package.legend)), series, season),
        map_fingerprint(replace(package, class_weights=(1.0,) + (0.5,) * (len(package.legend) - 1)), series, season),
    ]
    moved.write_bytes(b"xy")
    found.append(map_fingerprint(package, changed_file, season))
    assert len(set(found)) == len(found)
    assert found[0] == map_fingerprint(package, replace(series, notes=("a file was left out",)), season)


# ------------------------------------------------------------------------------------------------ refusals


def nothing_was_read(monkeypatch):
    def refuse(*_args):
        raise AssertionError("an image was read")

    for reader in ("read", "read_parts", "read_pixels"):
        monkeypatch.setattr(SeriesReader, reader, refuse)


def test_images_without_a_band_of_the_model_are_refused_before_any_is_read(package, series, tmp_path, monkeypatch):
    nothing_was_read(monkeypatch)
    with pytest.raises(PackageError, match=r"missing: B04.*Rename the bands"):
        run(package, replace(series, bands=("B08",)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_season_with_one_date_is_refused(package, series, tmp_path, monkeypatch):
    nothing_was_read(monkeypatch)
    season = Season(DATES[-1], DATES[-1] + dt.timedelta(days=package.recipe.season.length_days))
    with pytest.raises(RecipeError, match=r"1 of the 8 image dates .*another season start"):
        run(package, series, tmp_path, season=season)


def test_a_season_of_another_length_is_refused(package, series, tmp_path, monkeypatch):
    nothing_was_read(monkeypatch)
    with pytest.raises(RecipeError, match=r"makes 4 time steps; the model was trained on 11.*season of 70 days"):
        run(package, series, tmp_path, season=Season(DATES[0], DATES[2] + dt.timedelta(days=1)))


def test_another_finished_map_is_refused_before_any_image_is_read(package, series, tmp_path, monkeypatch):
    run(package, series, tmp_path)
    nothing_was_read(monkeypatch)
    with pytest.raises(OutputError, match="There is a finished map already"):
        run(package, replace(series, valid_range=(0.0, 1.0)), tmp_path)


def test_an_image_that_is_cut_short_keeps_the_finished_blocks(package, series, tmp_path):
    broken = tmp_path / "broken.tif"
    asset = series.scenes[3].bands["B04"]
    with open(asset.path, "rb") as file:  # noqa: PTH123 - a path in text
        broken.write_bytes(file.read()[:-300_000])
    scene = replace(series.scenes[3], bands={**series.scenes[3].bands, "B04": replace(asset, path=str(broken))})
    damaged = replace(series, scenes=(*series.scenes[:3], scene, *series.scenes[4:]))
    with pytest.raises(Exception, match=r"broken\.tif"):
        run(package, damaged, tmp_path / "out", threads=1)
    assert (tmp_path / "out" / "map.partial.json").exists()
    assert not (tmp_path / "out" / "map.tif").exists()


def test_a_model_of_last_year_maps_this_years_images(package, series, whole, tmp_path):
    earlier = replace(package, recipe=replace(package.recipe, season=package.recipe.season.moved(-1)))
    np.testing.assert_array_equal(read(run(earlier, series, tmp_path).path), whole[0])


def test_a_package_whose_model_does_not_load_is_refused_before_any_file_is_made(package, series, tmp_path):
    damaged = ModelPackage(
        package.model, package.params, {}, package.recipe, package.days, BANDS, LEGEND, NO_SCALING, "f"
    )
    with pytest.raises(PackageError):
        run(damaged, series, tmp_path)
    assert list(tmp_path.iterdir()) == []
