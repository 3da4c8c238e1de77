"""Trusted pixels against sequences written by hand, a plain loop over pixels, and counts of real layers."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine
from rasterio.warp import transform
from scipy.ndimage import maximum_filter, minimum_filter

from cropmap.contract.errors import GridError, LegendError, ParameterError, SampleError
from cropmap.contract.progress import Cancelled, Progress
from cropmap.data.schemes import scheme_of
from cropmap.io.maps import read_map
from cropmap.io.reference_maps import ReferenceFiles, ReferenceMaps
from cropmap.sampling.trusted import TrustOptions, TrustRules, select_trusted
from cropmap.sampling.trusted_counts import BIT, PATTERNS, RULES
from cropmap.testing.synthetic import SyntheticOptions, write_site

CDL = Path(__file__).resolve().parents[4] / "shared" / "data" / "usda_cdl_2021_clip"
CORN, SOY, REST, NONE = 1, 5, 61, 255
THREE = "Corn [1] = 1; Soybean [5] = 5; Other [61] = 61; rest = Other"
LOOSE = {"min_agreement": 0.0, "min_confidence": 0.0, "cultivated": "any", "homogeneous": 0}


def write(path, codes, *, nodata=255, step=30.0, epsg=32615, corner=(500_000.0, 5_000_000.0), **options):
    codes = np.asarray(codes)
    profile = {
        "driver": "GTiff",
        "width": codes.shape[1],
        "height": codes.shape[0],
        "count": 1,
        "dtype": codes.dtype,
        "crs": f"EPSG:{epsg}",
        "transform": Affine(step, 0, corner[0], 0, -step, corner[1]),
        "nodata": nodata,
        **options,
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(codes, 1)
    return str(path)


def write_years(folder, years, stack, **options):
    return [
        write(folder / f"map_{year}.tif", codes, **options)
        for year, codes in zip(years, np.asarray(stack, np.uint8), strict=True)
    ]


def select(folder, maps, scheme=THREE, *, files=None, options=None, **rules):
    given = ReferenceFiles(maps, **(files or {}))
    asked = TrustOptions(folder / "trusted.tif", **(options or {}))
    with ReferenceMaps(given) as opened:
        return select_trusted(opened, scheme_of(scheme), TrustRules(**rules), asked)


def bands(found):
    with rasterio.open(found.path) as dataset:
        return dataset.read()


# ---------------------------------------------------------------- sequences written by hand

# Seven years, the oldest first; what they foretell, and the pattern.
SEQUENCES = [
    ([CORN, CORN, CORN, CORN, CORN, CORN, CORN], CORN, 1),
    ([SOY, SOY, SOY, SOY, SOY, SOY, SOY], SOY, 1),
    ([REST, REST, REST, REST, REST, REST, REST], REST, 3),
    ([CORN, SOY, CORN, SOY, CORN, SOY, CORN], SOY, 2),
    ([SOY, CORN, SOY, CORN, SOY, CORN, SOY], CORN, 2),
    ([CORN, REST, CORN, REST, CORN, REST, CORN], NONE, 0),  # the rest class takes no turns
    ([REST, SOY, REST, SOY, REST, SOY, REST], NONE, 0),
    ([CORN, SOY, CORN, SOY, SOY, CORN, SOY], NONE, 0),  # a break
    ([CORN, CORN, CORN, CORN, CORN, CORN, SOY], NONE, 0),
    ([SOY, CORN, CORN, CORN, CORN, CORN, CORN], NONE, 0),
    ([CORN, CORN, SOY, CORN, SOY, CORN, SOY], NONE, 0),
    ([CORN, SOY, CORN, SOY, CORN, SOY, SOY], NONE, 0),
    ([CORN, CORN, CORN, NONE, CORN, CORN, CORN], NONE, 0),  # a year without a class
    ([NONE, CORN, CORN, CORN, CORN, CORN, CORN], NONE, 0),
    ([CORN, SOY, CORN, SOY, CORN, SOY, NONE], NONE, 0),
    ([CORN, SOY, NONE, SOY, CORN, SOY, CORN], NONE, 0),
    ([NONE, SOY, CORN, SOY, CORN, SOY, CORN], NONE, 0),
    ([CORN, SOY, REST, CORN, SOY, REST, CORN], NONE, 0),
    ([NONE] * 7, NONE, 0),
    ([CORN, NONE, CORN, NONE, CORN, NONE, CORN], NONE, 0),
]


def hand_written(folder, target=None):
    stack = [[[sequence[year] for sequence, _, _ in SEQUENCES]] for year in range(7)]
    years = list(range(2014, 2021))
    if target is not None:
        stack.append([target])
        years.append(2021)
    return write_years(folder, years, stack)


def test_in_season_the_patterns_foretell_the_class(tmp_path):
    found = select(tmp_path, hand_written(tmp_path), files={"target_year": 2021}, **LOOSE)
    classes, patterns = bands(found)
    assert found.in_season
    assert found.target_year == 2021
    assert classes[0].tolist() == [foretold for _, foretold, _ in SEQUENCES]
    assert patterns[0].tolist() == [pattern or NONE for _, _, pattern in SEQUENCES]
    assert found.counts.left().tolist() == [2, 2, 1]


@pytest.mark.parametrize(("switch", "number"), [("monocrop", 1), ("rotation", 2), ("stable_other", 3)])
def test_each_pattern_can_be_switched_off(tmp_path, switch, number):
    found = select(tmp_path, hand_written(tmp_path), files={"target_year": 2021}, **LOOSE, **{switch: False})
    wanted = [pattern if pattern not in (0, number) else NONE for _, _, pattern in SEQUENCES]
    assert bands(found)[1][0].tolist() == wanted


def test_with_a_map_of_the_year_agreement_keeps_what_was_foretold(tmp_path):
    right = [foretold if foretold != NONE else CORN for _, foretold, _ in SEQUENCES]
    wrong = [{CORN: SOY, SOY: REST, REST: CORN}[code] for code in right]
    for target, kept in ((right, 5), (wrong, 0)):
        found = select(tmp_path, hand_written(tmp_path, target), **LOOSE)
        assert not found.in_season
        assert int((bands(found)[0] != NONE).sum()) == kept == found.counts.left().sum()
    found = select(tmp_path, hand_written(tmp_path, wrong), **LOOSE, agreement=False)
    classes, patterns = bands(found)
    assert classes[0, :5].tolist() == wrong[:5]
    assert patterns[0, :5].tolist() == [1, 1, 3, 2, 2]
    assert (classes[0, 5:] == NONE).all()
    everything = dict.fromkeys(("monocrop", "rotation", "stable_other", "agreement"), False)
    classes, patterns = bands(select(tmp_path, hand_written(tmp_path, wrong), **LOOSE, **everything))
    assert classes[0].tolist() == wrong
    assert patterns[0].tolist() == [pattern for _, _, pattern in SEQUENCES]


def test_without_a_rest_class_nothing_is_stable_other(tmp_path):
    scheme = "Corn [1] = 1; Soybean [5] = 5; Other [61] = 61"
    found = select(tmp_path, hand_written(tmp_path), scheme, files={"target_year": 2021}, **LOOSE)
    assert bands(found)[1][0].tolist()[:7] == [1, 1, 1, 2, 2, 2, 2]


# ---------------------------------------------------------------- a plain loop over pixels

CLASS_OF = {1: 0, 5: 1, 121: None, 122: None, 123: None, 0: None}
SITE_SCHEME = "Corn [1] = 1; Soybean [5] = 5; Other [61] = 61; left out = 121-123; rest = Other"
SITE_RULES = {
    "history_years": 4,
    "min_agreement": 80.0,
    "min_confidence": 85.0,
    "cultivated": "crops cultivated",
    "homogeneous": 3,
    "edge_m": 61.0,
    "site_buffer_m": 100.0,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    options = SyntheticOptions(size=64, history_years=7, images=False, points=0, field_scale=0.5)
    written = write_site(folder, options)
    stack = []
    for path in written.history.values():
        with rasterio.open(path) as dataset:
            stack.append(dataset.read(1))
    with rasterio.open(written.confidence) as dataset:
        confidence = dataset.read(1)
    cultivated = np.where(np.isin(stack[-2], [1, 5, 24, 36]), 2, 1).astype(np.uint8)
    cultivated[::9, ::7] = 0
    layer = write(folder / "cultivated.tif", cultivated, corner=(304_785.0, 5_040_315.0))
    return written, np.array(stack), confidence, cultivated, layer


def site_files(site, **more):
    written, _, _, _, layer = site
    return {"confidence": (str(written.confidence),), "cultivated": (layer,), **more}


def site_maps(site, leave_out=()):
    return [str(path) for year, path in site[0].history.items() if year not in leave_out]


def pattern_of(sequence):
    """Return kind, classes and foretold class of a history, as the documentation says it."""
    if None in sequence:
        return 0, (), None
    if len(set(sequence)) == 1:
        return (3 if sequence[0] == 2 else 1), (sequence[0],), sequence[0]
    turns = len(set(sequence)) == 2 and all(a != b for a, b in itertools.pairwise(sequence))
    if turns and 2 not in sequence:
        return 2, (sequence[-1], sequence[-2]), sequence[-2]
    return 0, (), None


def too_rare(table):
    sums = {}
    for (kind, names, _), (other, right) in table.items():
        before = sums.get((kind, names), (0, 0))
        sums[kind, names] = before[0] + other, before[1] + right
    return {key for key, (other, right) in sums.items() if right < 0.8 * (other + right)}


def brute(site, *, in_season=False, agreement=True):
    """Count every pixel by class, pattern and rules, one by one; return the raster's bands too.

    Patterns are dropped where no map of the year confirms each pixel.
    """
    _, stack, confidence, cultivated, _ = site
    history, size = SITE_RULES["history_years"], 64
    if in_season:
        stack = stack[:-1]
    classes = [[[CLASS_OF.get(int(code), 2) for code in row] for row in year] for year in stack]
    ends = range(history, len(stack))  # years with a map that the years before foretell
    held_out = [end for end in ends if in_season or end != len(stack) - 1]
    table, target, shown = {}, {}, {}
    for row, col in itertools.product(range(size), range(size)):
        series = [year[row][col] for year in classes]
        for end in held_out:
            kind, names, foretold = pattern_of(series[end - history : end])
            if kind and series[end] is not None:
                table.setdefault((kind, names, end), [0, 0])[foretold == series[end]] += 1
        shown[row, col] = pattern_of(series[-history:] if in_season else series[-history - 1 : -1])
        target[row, col] = shown[row, col][2] if in_season else series[-1]
    dropped = too_rare(table) if in_season or not agreement else set()
    counts = np.zeros((3, 4, 128), np.int64)
    kept = np.full((2, size, size), NONE)
    for (row, col), own in target.items():
        if own is None:
            continue
        kind, names, foretold = shown[row, col]
        around = [
            (math.dist((row, col), (row + dy, col + dx)) * 30, max(abs(dy), abs(dx)), target.get((row + dy, col + dx)))
            for dy, dx in itertools.product(range(-3, 4), range(-3, 4))
        ]
        inside = min(row, col, size - 1 - row, size - 1 - col) * 30 + 15
        passes = {
            "agreement": not kind or foretold == own,
            "min_agreement": (kind, names) not in dropped,
            "min_confidence": confidence[row, col] != 255 and confidence[row, col] >= 85,
            "cultivated": own == 2 or cultivated[row, col] == 2,
            "homogeneous": all(other == own for _, steps, other in around if steps <= 1),
            "edge_m": all(other == own for distance, _, other in around if distance < 61),
            "site": inside >= 100,
        }
        counts[own, kind, sum(BIT[name] for name in RULES if passes[name])] += 1
        if kind and all(passed for name, passed in passes.items() if agreement or name != "agreement"):
            kept[:, row, col] = (1, 5, 61)[own], kind
    return counts, table, kept, dropped


MODES = [
    pytest.param({"in_season": True}, id="in season"),
    pytest.param({}, id="of the year"),
    pytest.param({"agreement": False}, id="of the year without agreement"),
]


@pytest.mark.parametrize("mode", MODES)
def test_every_count_equals_that_of_a_plain_loop(site, tmp_path, mode):
    year = site[0].history and max(site[0].history)
    in_season, agreement = mode.get("in_season", False), mode.get("agreement", True)
    maps = site_maps(site, (year,) if in_season else ())
    files = site_files(site, target_year=year)
    found = select(tmp_path, maps, SITE_SCHEME, files=files, agreement=agreement, **SITE_RULES)
    counts, table, kept, dropped = brute(site, **mode)
    assert np.array_equal(found.counts.counts, counts)
    assert np.array_equal(bands(found), kept)
    assert kept[0].min() < NONE
    names = ("Corn", "Soybean", "Other")
    first = min(site[0].history)
    told = {(a.pattern, a.classes, a.year): (a.pixels, a.agreeing, a.dropped) for a in found.agreement if a.held_out}
    assert told == {
        (kind, tuple(names[c] for c in classes), first + end): (sum(pair), pair[1], (kind, classes) in dropped)
        for (kind, classes, end), pair in table.items()
    }
    drops = in_season or not agreement
    assert (
        bool(dropped) == drops == ("min_agreement" in found.counts.rules) == ("min_agreement" in found.counts.switched)
    )
    own = [row for row in found.agreement if not row.held_out]
    assert bool(own) == (not in_season)
    # What any choice of rules leaves follows by summing.
    for rules in (("site",), ("homogeneous", "min_confidence"), RULES):
        needed = sum(BIT[name] for name in rules)
        wanted = sum(counts[:, 1:, bits].sum(axis=1) for bits in range(128) if bits & needed == needed)
        assert found.counts.left(rules, (1, 2, 3)).tolist() == wanted.tolist()


def test_the_map_of_the_year_confirms_patterns_that_failed_before(site, tmp_path):
    """What the rule of earlier years takes is more where no map confirms; with one, its figure changes nothing."""
    results = []
    for share in (0.0, 80.0, 100.0):
        rules = {**SITE_RULES, "min_agreement": share}
        found = select(tmp_path, site_maps(site), SITE_SCHEME, files=site_files(site), **rules)
        assert not any(row.dropped for row in found.agreement)
        assert {row.held_out for row in found.agreement} == {False, True}
        assert not [note for note in found.notes if "Dropped" in note]
        results.append((bands(found).tobytes(), found.counts.to_dict(), found.agreement))
    assert results[0] == results[1] == results[2]
    assert min(found.counts.left()) > 0
    files = site_files(site, target_year=max(site[0].history))
    in_season = select(tmp_path, site_maps(site)[:-1], SITE_SCHEME, files=files, **rules)
    assert in_season.counts.left().sum() == 0
    assert any("Dropped" in note for note in in_season.notes)


@pytest.mark.parametrize("agreement", [True, False])
def test_the_tables_follow_from_the_counts(site, tmp_path, agreement):
    rules = {**SITE_RULES, "agreement": agreement}
    found = select(tmp_path, site_maps(site), SITE_SCHEME, files=site_files(site), **rules).counts
    counts, _, kept, _ = brute(site, agreement=agreement)
    words = {
        "agreement": "agreement",
        "min_agreement": "min_agreement 80 %",
        "min_confidence": "min_confidence 85 %",
        "cultivated": "cultivated: crops cultivated",
        "homogeneous": "homogeneous 3 x 3",
        "edge_m": "edge_m 61 m",
        "site": "site_buffer_m 100 m",
    }
    switched = [name for name in RULES if name != ("min_agreement" if agreement else "agreement")]
    patterns = "monocrop or rotation or stable_other"
    assert [each.rule for each in found.remaining()] == ["all", patterns, *(words[name] for name in switched)]
    left = counts.copy()
    steps = [left.sum(axis=(1, 2))]
    left[:, 0] = 0
    steps.append(left.sum(axis=(1, 2)))
    for name in switched:
        left[:, :, [bits for bits in range(128) if not bits & BIT[name]]] = 0
        steps.append(left.sum(axis=(1, 2)))
    assert [each.pixels.tolist() for each in found.remaining()] == [each.tolist() for each in steps]
    assert steps[-1].tolist() == [int((kept[0] == code).sum()) for code in (1, 5, 61)]
    needed = sum(BIT[name] for name in switched)
    for name, each in zip(switched, found.without()[1:], strict=True):
        fit = [bits for bits in range(128) if (bits | BIT[name]) & needed == needed]
        assert each.pixels.tolist() == counts[:, 1:][:, :, fit].sum(axis=(1, 2)).tolist()
    for name, each in zip(switched, found.alone()[1:], strict=True):
        fit = [bits for bits in range(128) if bits & BIT[name]]
        assert each.pixels.tolist() == counts[:, :, fit].sum(axis=(1, 2)).tolist()
    told = found.to_dict()
    assert sum(row[3] for row in told["counts"]) == counts.sum()
    assert told["switched"] == switched
    if agreement:
        assert "min_agreement" not in told["rules"]
        assert all(row[2] & BIT["min_agreement"] for row in told["counts"])


def test_rows_and_threads_leave_no_trace(site, tmp_path):
    results = []
    for number, (height, threads) in enumerate(((0, 1), (3, 1), (5, 3), (64, 2))):
        folder = tmp_path / str(number)
        folder.mkdir()
        options = {"height": height, "threads": threads}
        found = select(folder, site_maps(site), SITE_SCHEME, files=site_files(site), options=options, **SITE_RULES)
        results.append((found.path.read_bytes(), found.counts.counts.tobytes(), found.agreement))
        assert sorted(path.name for path in folder.iterdir()) == ["trusted.qml", "trusted.tif", "trusted.tif.aux.xml"]
    assert all(result == results[0] for result in results[1:])


@pytest.mark.parametrize("rule", ["all cultivated", "crops cultivated, other not"])
def test_other_uses_of_the_cultivated_layer(site, tmp_path, rule):
    _, stack, _, cultivated, _ = site
    rules = {**LOOSE, "cultivated": rule, "history_years": 4}
    found = select(tmp_path, site_maps(site), SITE_SCHEME, files=site_files(site), **rules)
    classed = ~np.isin(stack[-1], [0, 121, 122, 123])
    crop = np.isin(stack[-1], [1, 5])
    wanted = cultivated == np.where(crop | (rule == "all cultivated"), 2, 1)
    for place, own in enumerate((stack[-1] == 1, stack[-1] == 5, ~crop & classed)):
        assert found.counts.alone()[2].pixels[place] == (own & wanted).sum()
    _, patterns = bands(found)
    assert found.other_cultivated == int(((patterns == 3) & (cultivated == 2)).sum())


# ---------------------------------------------------------------- real layers


def real(name):
    path = CDL / name
    if not path.exists():
        pytest.skip("needs ../shared/data/usda_cdl_2021_clip")
    return str(path)


def test_counts_of_real_layers(tmp_path):
    label = real("2021_30m_cdls.tif")
    layers = (real("2021_30m_confidence_layer.tif"),), (real("2021_cultivated_layer.tif"),)
    maps = [label, *(f"{year}={label}" for year in range(2014, 2021))]
    scheme = "Corn [1] = 1; Soybean [5] = 5; Other [254] = 61; left out = 26, 225-226, 237-241; rest = Other"
    files = {"confidence": layers[0], "cultivated": layers[1]}
    found = select(tmp_path, maps, scheme, files=files, homogeneous=5)
    with rasterio.open(label) as cdl, rasterio.open(layers[0][0]) as sure, rasterio.open(layers[1][0]) as crops:
        codes, percent, tilled = cdl.read(1), sure.read(1), crops.read(1)
    own = np.where(np.isin(codes, [1, 5]), codes, 254)
    own[np.isin(codes, [0, 26, 225, 226, 237, 238, 239, 240, 241])] = 255
    same = (minimum_filter(own, 5) == own) & (maximum_filter(own, 5) == own)
    same[:2] = same[-2:] = same[:, :2] = same[:, -2:] = False
    kept = (own != 255) & (percent >= 90) & same & ((own == 254) | (tilled == 2))
    assert found.counts.left().tolist() == [int((kept & (own == code)).sum()) for code in (1, 5, 254)]
    assert min(found.counts.left()) > 1000
    assert np.array_equal(bands(found)[0], np.where(kept, own, 255))
    assert found.notes == ()


@pytest.mark.parametrize("crop", ["corn", "soybeans"])
def test_a_map_that_is_no_cropland_data_layer(tmp_path, crop):
    label = real(f"crop_frequency_{crop}_2008-2021.tif")
    with rasterio.open(label) as dataset:
        years = dataset.read(1)
    scheme = "Often [7] = 7-14; Seldom [0] = 0-6; rest = Seldom"
    maps = [f"{year}={label}" for year in (2018, 2019, 2020)]
    found = select(tmp_path, maps, scheme, files={"target_year": 2021}, history_years=3, homogeneous=0)
    assert found.counts.left((), (1,)).tolist() == [0, int(((years >= 7) & (years <= 14)).sum())]
    assert found.counts.left((), (3,)).tolist() == [int((years < 7).sum()), 0]
    assert found.counts.left().sum() > 1000


# ---------------------------------------------------------------- other grids


def test_another_grid_is_refused_or_brought_by_nearest_pixels(tmp_path):
    rng = np.random.default_rng(3)
    stack = np.repeat(np.repeat(rng.choice([CORN, SOY, REST], (4, 8, 9)), 5, 1), 5, 2).astype(np.uint8)
    maps = write_years(tmp_path, range(2018, 2022), stack)
    moved = rng.choice([CORN, SOY, REST], (30, 40)).astype(np.uint8)
    lonlat = {"epsg": 4326, "step": 0.0005, "corner": (-93.0015, 45.1505), "nodata": None}
    maps[1] = write(tmp_path / "other_2019.tif", moved, **lonlat)
    rules = {**LOOSE, "history_years": 3, "agreement": False}
    with pytest.raises(GridError, match=r"EPSG:4326 instead of EPSG:32615.*Turn `resample` on"):
        select(tmp_path, maps, **rules)
    found = select(tmp_path, maps, files={"resample": True}, **rules)
    assert found.notes[0] == "other_2019.tif lies on another grid: brought to that of map_2021.tif by nearest pixels."
    rows, cols = (axis.ravel() for axis in np.mgrid[:40, :45])
    lon, lat = transform("EPSG:32615", "EPSG:4326", 500_015.0 + 30 * cols, 4_999_985.0 - 30 * rows)
    col = np.floor((np.array(lon) + 93.0015) / 0.0005).astype(int)
    row = np.floor((45.1505 - np.array(lat)) / 0.0005).astype(int)
    inside = (row >= 0) & (row < 30) & (col >= 0) & (col < 40)
    seen = np.full(40 * 45, NONE)
    seen[inside] = moved[row[inside], col[inside]]
    assert 0 < inside.sum() < len(inside)
    history = np.stack([stack[0].ravel(), seen, stack[2].ravel()])
    same = (history == history[0]).all(axis=0) & (history[0] != NONE)
    turning = (history[0] == history[2]) & (history[0] != history[1]) & np.isin(history, [CORN, SOY]).all(axis=0)
    wanted = np.where(same, np.where(history[0] == REST, 3, 1), np.where(turning, 2, NONE))
    assert bands(found)[1].ravel().tolist() == wanted.tolist()


def test_site_polygons_in_another_crs(tmp_path):
    stack = np.full((4, 40, 50), CORN)
    maps = write_years(tmp_path, range(2018, 2022), stack)
    ring = [
        (500_100, 4_999_900),
        (501_300, 4_999_800),
        (501_000, 4_998_950),
        (500_700, 4_999_400),
        (500_200, 4_999_000),
    ]
    area = shapely.Polygon(ring, [[(500_500, 4_999_700), (500_700, 4_999_700), (500_600, 4_999_550)]])
    lon, lat = transform("EPSG:32615", "EPSG:4326", *shapely.get_coordinates(area).T.tolist())
    degrees = shapely.set_coordinates(area, np.column_stack([lon, lat]))
    path = tmp_path / "site.geojson"
    path.write_text(
        f'{{"type": "FeatureCollection", "features": [{{"type": "Feature", "properties": {{}}, "geometry": '
        f"{shapely.to_geojson(degrees)}}}]}}",
        encoding="utf-8",
    )
    rules = {**LOOSE, "history_years": 3, "site": str(path)}
    rows, cols = np.mgrid[:40, :50]
    centres = shapely.points(500_015.0 + 30 * cols, 4_999_985.0 - 30 * rows)
    for buffer in (0.0, 70.0):
        found = select(tmp_path, maps, site_buffer_m=buffer, **rules)
        inside = shapely.contains(area, centres) & (shapely.distance(area.boundary, centres) >= buffer)
        assert np.array_equal(bands(found)[0] == CORN, inside)
        assert inside.any()
    with pytest.raises(SampleError, match="Nothing of the site is left 2000 m inside its edge"):
        select(tmp_path, maps, site_buffer_m=2000.0, **rules)


def test_distances_on_a_grid_of_degrees(tmp_path):
    """60 degrees north, a degree of longitude is half as long as one of latitude."""
    codes = np.full((4, 21, 21), CORN)
    codes[:, 10, 10] = SOY
    step = 60 / 111_195.08
    maps = write_years(tmp_path, range(2018, 2022), codes, step=step, epsg=4326, corner=(20, 60 + 10.5 * step))
    found = select(tmp_path, maps, history_years=3, **LOOSE, edge_m=100.0)
    rows, cols = np.mgrid[:21, :21]
    edge = np.minimum(np.minimum(rows + 1, 21 - rows) * 60, np.minimum(cols + 1, 21 - cols) * 30)
    far = np.minimum(np.hypot((rows - 10) * 60, (cols - 10) * 30), edge) >= 100
    far[10, 10] = False
    assert np.array_equal(bands(found)[0] == CORN, far)


# ---------------------------------------------------------------- what is refused and told


def test_codes_that_nobody_names(tmp_path):
    stack = np.full((4, 6, 6), CORN)
    stack[1, 2, 3:5], stack[1, 0, 0] = 77, 99
    maps = write_years(tmp_path, range(2018, 2022), stack)
    scheme = "Corn [1] = 1; Soybean [5] = 5"
    with pytest.raises(LegendError, match=r"77 \(2 pixels\), 99 \(1 pixels\).*map_2019.tif") as told:
        select(tmp_path, maps, scheme, history_years=3, **LOOSE)
    assert told.value.where == maps[1]
    assert not list(tmp_path.glob("*trusted*"))


def test_a_missing_year_is_named(tmp_path):
    maps = write_years(tmp_path, (2014, 2015, 2017, 2019, 2020), np.full((5, 2, 2), CORN))
    with pytest.raises(
        SampleError, match=r"no map of 2016, 2018: the patterns before 2021 need all of 2014 to 2020"
    ) as told:
        select(tmp_path, maps, files={"target_year": 2021})
    assert told.value.what.endswith("The maps given reach back 2 years without a gap.")
    assert told.value.fix == "Give those maps, or another target year."
    with pytest.raises(SampleError, match=r"Give those maps, or set history_years to 4 or fewer\."):
        select(tmp_path, write_years(tmp_path, range(2017, 2022), np.full((5, 2, 2), CORN)))


def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path):
    """Both ways of writing leave hidden files under names of their own while they work; none may stay."""
    maps = write_years(tmp_path, range(2017, 2022), np.full((5, 4, 4), CORN))
    names = set()

    def look(_share, _text):
        names.update(path.name for path in tmp_path.iterdir() if path.name.startswith("."))

    for agreement in (True, False):
        rules = TrustRules(**{**LOOSE, "min_agreement": 50.0}, history_years=3, agreement=agreement)
        with ReferenceMaps(ReferenceFiles(maps)) as opened:
            select_trusted(opened, scheme_of(THREE), rules, TrustOptions(tmp_path / "trusted.tif"), Progress(look))
    assert names == {".trusted.part.tif", ".trusted.part.classes", ".trusted.part.patterns"}
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    found = select(tmp_path, maps, history_years=3, **LOOSE)
    assert bands(found)[0].tolist() == [[CORN] * 4] * 4
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_emptied_class_names_the_rule(tmp_path):
    stack = np.full((4, 9, 9), CORN)
    stack[:, 4, 4] = SOY
    maps = write_years(tmp_path, range(2018, 2022), stack)
    found = select(tmp_path, maps, history_years=3, **{**LOOSE, "homogeneous": 3})
    assert found.counts.emptied_by(1) == ""
    assert found.counts.emptied_by(5) == (
        "No pixel of class 'Soybean' is left: rule 'homogeneous 3 x 3' took the last 1 of 1; without rule "
        "'homogeneous 3 x 3' 1 would be left."
    )
    assert found.counts.emptied_by(61) == "No pixel of class 'Other' is in the maps."


def test_a_pattern_without_agreement_is_dropped_and_told(tmp_path):
    """Two of three corn pixels turn to soybean in the fourth year: that drops it for the fifth."""
    years = np.full((5, 1, 6), CORN)
    years[3, 0, :4] = SOY
    years[4] = SOY
    years[:, 0, 5] = SOY
    maps = write_years(tmp_path, range(2017, 2022), years)
    found = select(tmp_path, maps, **{**LOOSE, "min_agreement": 50.0}, history_years=3, agreement=False)
    rows = {(row.name, row.year): row for row in found.agreement}
    assert (rows["monocrop Corn", 2020].pixels, rows["monocrop Corn", 2020].agreeing) == (5, 1)
    assert rows["monocrop Corn", 2020].dropped
    assert not rows["monocrop Corn", 2021].held_out
    assert rows["monocrop Corn", 2021].share == 0
    low, high = rows["monocrop Corn", 2020].interval
    assert (low, high) == pytest.approx((0.0362, 0.6245), abs=1e-4)  # Wilson, 1 of 5
    assert found.notes[-1] == ("Dropped, because they foretold held-out years less often than 50 %: monocrop Corn.")
    assert bands(found)[0].tolist() == [[NONE] * 5 + [SOY]]


UNJUDGED = (
    "No year before 2021 has 3 maps before it: no pattern can be judged on held-out years, and min_agreement drops "
    "none."
)


@pytest.mark.parametrize("agreement", [True, False])
def test_rules_without_their_layer_are_off_and_told(tmp_path, agreement):
    maps = write_years(tmp_path, range(2018, 2022), np.full((4, 3, 3), CORN))
    found = select(tmp_path, maps, history_years=3, homogeneous=0, agreement=agreement)
    assert found.counts.switched == (("agreement",) if agreement else ())
    assert found.counts.left().tolist() == [9, 0, 0]
    assert found.notes == (
        *(() if agreement else (UNJUDGED,)),
        "No confidence and no cultivated layer is given: the rules min_confidence and cultivated are off.",
    )


def test_one_rule_without_its_layer_is_told_alone(tmp_path):
    maps = write_years(tmp_path, range(2018, 2022), np.full((4, 3, 3), CORN))
    found = select(tmp_path, maps, history_years=3, **{**LOOSE, "cultivated": "crops"})
    assert found.notes == ("No cultivated layer is given: the rule cultivated is off.",)


@pytest.mark.parametrize("rule", ["edge_m", "site_buffer_m"])
def test_metres_on_maps_without_a_crs_name_the_map(tmp_path, rule):
    maps = [write(tmp_path / f"m_{year}.tif", np.full((9, 9), CORN, np.uint8), crs=None) for year in range(2018, 2022)]
    with pytest.raises(GridError, match="nothing can be measured in metres") as told:
        select(tmp_path, maps, history_years=3, **LOOSE, **{rule: 30.0})
    assert told.value.where == maps[-1]


def test_the_raster_says_what_it_holds(site, tmp_path):
    found = select(tmp_path, site_maps(site), SITE_SCHEME, files=site_files(site), **SITE_RULES)
    read = read_map(found.path)
    assert [(c.code, c.name, c.colour) for c in read.legend.classes] == [
        (c.code, c.name, c.colour) for c in found.legend.classes
    ]
    assert list(read.pixels.values()) == found.counts.left().tolist()
    with rasterio.open(found.path) as dataset:
        assert dataset.descriptions == ("class", "pattern")
        assert dataset.nodatavals == (255, 255)
        assert dataset.profile["tiled"]
        assert dataset.profile["compress"] == "deflate"
    aux = (tmp_path / "trusted.tif.aux.xml").read_text(encoding="utf-8")
    assert all(f"<Category>{name}</Category>" in aux for name in PATTERNS)


def test_a_cancelled_run_leaves_the_older_raster(site, tmp_path):
    old = select(tmp_path, site_maps(site), SITE_SCHEME, files=site_files(site), **SITE_RULES).path.read_bytes()
    told = []
    progress = Progress(lambda share, _: told.append(share), cancelled=lambda: len(told) > 2)
    options = TrustOptions(tmp_path / "trusted.tif", height=4)
    with ReferenceMaps(ReferenceFiles(site_maps(site))) as maps, pytest.raises(Cancelled):
        select_trusted(maps, scheme_of(SITE_SCHEME), TrustRules(history_years=4), options, progress)
    assert told == sorted(told)
    assert (tmp_path / "trusted.tif").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 3


def test_an_even_window_is_refused():
    with pytest.raises(ParameterError, match="a window of 4 pixels has no middle"):
        TrustRules(homogeneous=4)
