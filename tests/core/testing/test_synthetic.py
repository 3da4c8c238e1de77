import csv
import hashlib
import itertools
import re
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.warp import transform

from cropmap.contract.errors import OutputError, ParameterError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.testing.history import year_cover
from cropmap.testing.images import OFFSET, SCALE, acquisition_dates, day_of_year, stored
from cropmap.testing.phenology import BANDS, CORN, FOREST, SOYBEAN, WHEAT
from cropmap.testing.sites import SITES
from cropmap.testing.synthetic import (
    SyntheticOptions,
    acquisitions,
    draw_world,
    season_crops,
    site_legend,
    write_site,
)

SMALL = {"size": 64, "revisit_days": 32, "points": 60, "history_years": 2, "field_scale": 0.4}
SMOOTH = {"variation": 0.0, "noise": 0.0, "cloud_share": 0.0}


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def sums(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def ndvi(taken):
    values = taken.numbers.astype(np.float64) * SCALE + OFFSET
    red, nir = values[BANDS.index("red")], values[BANDS.index("nir")]
    return ((nir - red) / (nir + red)).ravel()


@pytest.fixture(scope="module", params=sorted(SITES))
def written(request, tmp_path_factory):
    options = SyntheticOptions(site=request.param, **SMALL)
    return options, write_site(tmp_path_factory.mktemp(request.param), options)


def test_the_same_seed_writes_the_same_bytes(written, tmp_path):
    options, site = written
    write_site(tmp_path, options)
    assert sums(tmp_path) == sums(site.folder)


def test_another_seed_writes_another_site(written, tmp_path):
    options, site = written
    other = write_site(tmp_path, SyntheticOptions(site=options.site, **{**SMALL, "seed": 2}))
    assert (read(other.truth) != read(site.truth)).mean() > 0.2


def test_images_are_named_and_stored_as_landsat_stores_them(written):
    options, site = written
    names = sorted(path.name for path in site.images.glob("*.tif"))
    pattern = r"LC0[89]_\d{6}_(\d{8})_(SR_B[2-7]|QA_PIXEL)\.tif"
    found = [re.fullmatch(pattern, name) for name in names]
    assert all(found)
    assert len(names) == 7 * len(site.dates)
    assert sorted({match[1] for match in found}) == [f"{date:%Y%m%d}" for date in site.dates]
    with rasterio.open(site.images / next(name for name in names if "SR_B4" in name)) as dataset:
        assert dataset.crs.to_epsg() == SITES[options.site].epsg
        assert (dataset.scales, dataset.offsets) == ((0.0000275,), (-0.2,))
        assert (dataset.dtypes[0], dataset.nodata, dataset.shape) == ("uint16", 0, (64, 64))
        assert dataset.res == (30.0, 30.0)
        # The corners of Landsat's pixels lie on odd multiples of 15 m.
        assert dataset.bounds.left % 30 == 15
        assert dataset.bounds.top % 30 == 15


def test_truth_has_names_colours_and_only_the_sites_classes(written):
    options, site = written
    with rasterio.open(site.truth) as dataset:
        codes = dataset.read(1)
        assert dataset.nodata == 255
        assert dataset.colormap(1)[1] == (255, 211, 0, 255)
    assert site.legend == site_legend(options.site)
    assert set(np.unique(codes).tolist()) <= {*site.legend.codes, 255}
    beside = Path(f"{site.truth}.aux.xml").read_text(encoding="utf-8")
    assert "<Category>Winter wheat</Category>" in beside


def test_the_two_sites_name_their_classes_alike():
    us, eu = site_legend("corn_belt"), site_legend("vojvodina")
    assert set(us.names) < set(eu.names)
    assert {eu.code_of(name) for name in us.names} == set(us.codes)
    assert set(eu.names) - set(us.names) == {"Sunflower", "Sugar beet"}
    assert len({found.colour for found in eu.classes}) == len(eu)


def test_points_lie_in_their_class(written):
    _options, site = written
    with site.points_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    lon, lat = ([float(row[key]) for row in rows] for key in ("lon", "lat"))
    with rasterio.open(site.truth) as dataset:
        codes = dataset.read(1)
        x, y = transform("EPSG:4326", dataset.crs, lon, lat)
        at = [dataset.index(*place) for place in zip(x, y, strict=True)]
    assert [site.legend.code_of(row["class"]) for row in rows] == [codes[row, col] for row, col in at]
    meta, _, shapes, columns = pyogrio.raw.read(site.points)
    assert meta["crs"] == "EPSG:4326"
    np.testing.assert_allclose(shapely.get_x(shapely.from_wkb(shapes)), lon, atol=1e-7)
    names = dict(zip(meta["fields"], columns, strict=True))
    assert names["class"].tolist() == [row["class"] for row in rows]


def test_a_points_group_is_the_field_that_it_stands_in(written):
    options, site = written
    meta, _, shapes, columns = pyogrio.raw.read(site.fields)
    fields = dict(zip(meta["fields"], columns, strict=True))
    assert meta["crs"] == f"EPSG:{SITES[options.site].epsg}"
    polygons = dict(zip(fields["field_id"], shapely.from_wkb(shapes), strict=True))
    classes = dict(zip(fields["field_id"], fields["class"], strict=True))
    with site.points_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    x, y = transform("EPSG:4326", meta["crs"], [float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    for row, place in zip(rows, shapely.points(x, y), strict=True):
        assert polygons[row["group"]].contains(place)
        assert classes[row["group"]] == row["class"]


@pytest.mark.parametrize("site", sorted(SITES))
def test_fields_are_valid_polygons_with_a_class(site, tmp_path):
    written = write_site(tmp_path, SyntheticOptions(site=site, images=False, history=False))
    meta, _, shapes, columns = pyogrio.raw.read(written.fields)
    fields = dict(zip(meta["fields"], columns, strict=True))
    polygons = shapely.from_wkb(shapes)
    assert shapely.is_valid(polygons).all()
    assert (shapely.get_type_id(polygons) == 3).all()
    assert set(fields["class"]) == set(written.legend.names)
    assert len(set(fields["field_id"])) == len(polygons)
    np.testing.assert_allclose(fields["area_ha"], shapely.area(polygons) / 1e4, atol=0.006)


def test_the_years_truth_is_that_of_the_history(written):
    options, site = written
    assert sorted(site.history) == sorted(site.truths) == [2021, 2022, 2023]
    np.testing.assert_array_equal(read(site.truth), read(site.truths[2023]))
    labels, truth = read(site.history[2023]), read(site.truth)
    classed = truth != 255
    assert (labels != truth)[classed].mean() == pytest.approx(options.label_error, abs=0.03)
    confidence = read(site.confidence)
    wrong = classed & (labels != truth)
    assert confidence[wrong].mean() + 15 < confidence[classed & ~wrong].mean()


def test_last_years_images_show_the_same_land(written):
    options, site = written
    before = draw_world(SyntheticOptions(site=options.site, **{**SMALL, "year": 2022}))
    np.testing.assert_array_equal(before.cover.truth.reshape(64, 64), read(site.truths[2022]))


def test_quality_bits_say_what_stood_in_the_way():
    world = draw_world(SyntheticOptions(size=48, revisit_days=40, field_scale=0.4, cloud_share=0.5, seed=3))
    for taken in acquisitions(world):
        sky = taken.sky
        for row in range(48):
            for col in range(48):
                bits = int(taken.quality[row, col])
                here = (row, col)
                assert bool(bits >> 1 & 1) == sky.dilated[here]
                assert bool(bits >> 2 & 1) == sky.cirrus[here]
                assert bool(bits >> 3 & 1) == sky.cloud[here]
                assert bool(bits >> 4 & 1) == sky.shadow[here]
                assert bool(bits >> 5 & 1) == sky.snow[here]
                assert bool(bits >> 6 & 1) == (not sky.cloud[here] and not sky.dilated[here])
                assert (bits >> 8 & 3) == (3 if sky.cloud[here] else 1)


def test_clouds_brighten_and_shadows_darken():
    options = SyntheticOptions(size=96, revisit_days=8, cloud_share=0.4, noise=0.0, seed=2)
    fair = SyntheticOptions(**{**options.__dict__, "cloud_share": 0.0})
    blue, nir = BANDS.index("blue"), BANDS.index("nir")
    compared = 0
    for clouded, clear in zip(acquisitions(draw_world(options)), acquisitions(draw_world(fair)), strict=True):
        cloud = clouded.sky.opacity > 0.8
        shadow = clouded.sky.shadow & (clouded.sky.shade > 0.8) & (clouded.sky.opacity == 0)
        shadow &= ~clouded.sky.snow & ~clouded.sky.cirrus
        if cloud.any() and shadow.any():
            compared += 1
            assert clouded.numbers[blue][cloud].mean() > clear.numbers[blue][cloud].mean() + 10_000
            assert (clouded.numbers[nir][shadow] < clear.numbers[nir][shadow]).all()
    assert compared > 3


@pytest.mark.parametrize("site", sorted(SITES))
@pytest.mark.parametrize("code", [CORN, SOYBEAN, WHEAT, FOREST])
def test_ndvi_peaks_when_the_phenology_says(site, code):
    options = SyntheticOptions(site=site, size=128, revisit_days=4, **SMOOTH)
    world = draw_world(options)
    pixels = np.flatnonzero((world.cover.majority == code) & (world.cover.purity == 1))
    assert len(pixels) > 0
    taken = list(acquisitions(world))
    series = np.array([ndvi(image)[pixels].mean() for image in taken])
    days = np.array([day_of_year(image.date) for image in taken])
    crop = season_crops(options)[code]
    fine = np.arange(60, 330, 0.1)
    rise = 1 / (1 + np.exp(-(fine - crop.green_up) / crop.up_days))
    fall = 1 / (1 + np.exp(-(fine - crop.browning) / crop.down_days))
    canopy = rise - fall
    # Forest is flat for weeks: the peak may be anywhere where the canopy is full to a thousandth.
    top = fine[canopy > canopy.max() - 0.002]
    assert top.min() - 4 <= days[series.argmax()] <= top.max() + 4


def test_without_variation_and_noise_all_fields_of_a_class_look_alike():
    world = draw_world(SyntheticOptions(size=64, revisit_days=60, field_scale=0.4, **SMOOTH))
    corn = (world.cover.majority == CORN) & (world.cover.purity == 1)
    parts = np.diff(world.mixtures.first) == 1
    for taken in acquisitions(world):
        seen = taken.numbers.reshape(6, -1)[:, corn & parts]
        assert (seen.max(axis=1).astype(int) - seen.min(axis=1)).max() <= 1


def test_edge_pixels_are_mixtures_of_their_covers():
    world = draw_world(SyntheticOptions(size=64, revisit_days=40, field_scale=0.4, **SMOOTH))
    codes, shares = world.mixtures.class_shares(np.concatenate([[121], world.covers]).astype(np.uint8))
    taken = list(acquisitions(world))[3]
    seen = taken.numbers.reshape(6, -1) * SCALE + OFFSET
    pure = {code: seen[:, shares[:, at] > 0.999] for at, code in enumerate(codes.tolist())}
    whole = [at for at, code in enumerate(codes.tolist()) if pure[code].size]
    ends = np.array([pure[int(codes[at])].mean(axis=1) for at in whole])
    mixed = (shares.max(axis=1) < 0.999) & (shares[:, whole].sum(axis=1) > 0.999)
    assert mixed.sum() > 100
    np.testing.assert_allclose(seen[:, mixed], (shares[mixed][:, whole] @ ends).T, atol=1e-4)


def test_the_season_comes_later_by_the_days_asked_for():
    early, late = (SyntheticOptions(season_shift_days=days, variation=0.0) for days in (0.0, 12.0))
    assert season_crops(late)[CORN].green_up - season_crops(early)[CORN].green_up == 12


def test_vojvodina_is_earlier_and_brighter():
    us, eu = SITES["corn_belt"], SITES["vojvodina"]
    assert eu.crops[CORN].green_up < us.crops[CORN].green_up - 10
    assert all(bright > dark * 1.3 for bright, dark in zip(eu.soil, us.soil, strict=True))


def test_soil_brightness_scales_bare_fields():
    dark, bright = (
        SyntheticOptions(size=64, field_scale=0.4, soil_brightness=factor, revisit_days=64, **SMOOTH)
        for factor in (1.0, 1.5)
    )
    world = draw_world(dark)
    corn = (world.cover.majority == CORN) & (world.cover.purity == 1)
    first = [next(iter(acquisitions(draw_world(options)))).numbers[2].ravel()[corn] for options in (dark, bright)]
    red = [numbers.mean() * SCALE + OFFSET for numbers in first]
    assert red[1] / red[0] == pytest.approx(1.5, abs=0.05)


def test_landsat_7_has_gaps_its_own_names_and_no_cirrus(tmp_path):
    options = SyntheticOptions(sensor="landsat7", year=2012, history=False, **{**SMALL, "size": 128})
    site = write_site(tmp_path, options)
    names = {path.name for path in site.images.glob("*.tif")}
    day = f"{site.dates[0]:%Y%m%d}"
    ours = {f"LE07_028029_{day}_SR_B{band}.tif" for band in (1, 2, 3, 4, 5, 7)}
    assert {name for name in names if day in name} == ours | {f"LE07_028029_{day}_QA_PIXEL.tif"}
    quality = read(site.images / f"LE07_028029_{day}_QA_PIXEL.tif")
    fill = quality == 1
    assert fill.mean() == pytest.approx(0.22, abs=0.04)
    for name in ours:
        numbers = read(site.images / name)
        assert ((numbers == 0) == fill).all()
    assert (quality[~fill] >> 14 == 0).all()
    assert site.confidence is None
    assert site.history == {}


def test_dates_run_from_march_to_october_every_eight_days():
    dates = acquisition_dates(2023, 8, "028029")
    assert 28 <= len(dates) <= 29
    assert {(later - date).days for date, later in itertools.pairwise(dates)} == {8}
    assert dates[0].month == 3
    assert dates[-1].month == 10


def test_zero_is_never_stored_for_a_value():
    numbers = stored(np.array([-5.0, -0.2, 0.0, 0.3, 9.0], dtype=np.float32))
    assert numbers.tolist() == [1, 1, 7273, 18182, 65455]


def test_shares_of_the_fields_are_near_those_asked():
    world = draw_world(SyntheticOptions(site="vojvodina", size=256, rotation_breaks=0.0))
    area = world.land.area_m2
    fields = world.land.cover == 0
    for code, share in SITES["vojvodina"].shares.items():
        found = area[fields & (world.covers == code)].sum() / area[fields].sum()
        assert found == pytest.approx(share, abs=0.02)


def test_the_season_has_the_cloud_share_asked_for():
    world = draw_world(SyntheticOptions(size=64, field_scale=0.4))
    shares = [taken.sky.cloud.mean() for taken in acquisitions(world)]
    assert np.mean(shares) == pytest.approx(0.35, abs=0.03)


def test_truth_is_the_majority_of_the_year():
    world = draw_world(SyntheticOptions(size=48, field_scale=0.4))
    again = year_cover(world.mixtures, world.plan.covers(2023))
    np.testing.assert_array_equal(again.truth, world.cover.truth)


def test_only_what_is_asked_for_is_written(tmp_path):
    site = write_site(tmp_path, SyntheticOptions(images=False, history=False, **SMALL))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "fields.gpkg",
        "points.csv",
        "points.gpkg",
        "site.json",
        "truth.qml",
        "truth.tif",
        "truth.tif.aux.xml",
    ]
    assert site.dates == ()


def test_writing_again_replaces_what_was_there(tmp_path):
    options = SyntheticOptions(images=False, history=False, **SMALL)
    write_site(tmp_path, options)
    before = sums(tmp_path)
    write_site(tmp_path, options)
    assert sums(tmp_path) == before


def test_images_of_another_year_are_not_mixed_in(tmp_path):
    options = SyntheticOptions(history=False, **SMALL)
    write_site(tmp_path, options)
    with pytest.raises(OutputError, match="Choose another folder"):
        write_site(tmp_path, SyntheticOptions(history=False, year=2022, **SMALL))


def test_wrong_options_are_all_told_at_once():
    with pytest.raises(ParameterError) as caught:
        SyntheticOptions(site="pampa", size=2, cloud_share=2.0)
    assert {problem.parameter for problem in caught.value.problems} == {"site", "size", "cloud_share"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="Choose a folder"):
        write_site(blocked, SyntheticOptions(images=False, history=False, **SMALL))


def test_it_tells_its_progress_and_can_be_stopped(tmp_path):
    told = []
    stop = Progress(lambda fraction, _: told.append(fraction), cancelled=lambda: bool(told) and told[-1] > 0.5)
    with pytest.raises(Cancelled):
        write_site(tmp_path, SyntheticOptions(**SMALL), stop)
    assert told == sorted(told)
    assert told[-1] < 1
