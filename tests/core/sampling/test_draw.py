from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import cKDTree

from cropmap.contract.errors import SampleError
from cropmap.data.legend import NODATA, legend_from_names
from cropmap.data.samples import PlacedSamples
from cropmap.data.site import Grid, Window
from cropmap.io.projection import crs_wkt
from cropmap.sampling.cells import Cells
from cropmap.sampling.draw import DrawOptions, draw_pixels, draw_placed, short_notes
from cropmap.sampling.pixel_ids import pixel_ids, pixel_keys

GRID = Grid(crs_wkt("EPSG:32615"), 304_785.0, 5_040_315.0, 30.0, 30.0, 120, 90)
DEGREES = Grid(crs_wkt("EPSG:4326"), 19.5, 45.3, 0.0003, 0.0003, 120, 90)


def classes(grid: Grid = GRID, seed: int = 0):
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([1, 5, 9, NODATA], np.uint8), (grid.height, grid.width), p=[0.5, 0.3, 0.02, 0.18])
    codes[:, 100:] = NODATA
    return codes


def by_blocks(codes, edge=64):
    def read():
        for row in range(0, codes.shape[0], edge):
            for col in range(0, codes.shape[1], edge):
                yield row, col, codes[row : row + edge, col : col + edge]

    return read


def places(drawn):
    return list(zip(drawn.rows.tolist(), drawn.cols.tolist(), strict=True))


WANTED = {1: 200, 5: 100, 9: 30}
WAYS = {
    "plain": DrawOptions(seed=3),
    "cells": DrawOptions(seed=3, spread="cells", cell_m=700.0),
    "apart": DrawOptions(seed=3, min_distance_m=95.0),
    "both": DrawOptions(seed=3, spread="cells", cell_m=700.0, min_distance_m=95.0),
}


def test_the_smallest_keys_of_each_class_are_drawn():
    codes = classes()
    drawn = draw_pixels(by_blocks(codes), GRID, WANTED, WAYS["plain"])
    for code, number in WANTED.items():
        rows, cols = np.nonzero(codes == code)
        order = np.argsort(pixel_keys(GRID, rows, cols, 3))[:number]
        own = drawn.codes == code
        assert (drawn.rows[own] == rows[order]).all()
        assert (drawn.cols[own] == cols[order]).all()
    assert (np.diff(drawn.codes.astype(int)) >= 0).all()
    assert not drawn.short


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("grid", [GRID, DEGREES], ids=["metres", "degrees"])
def test_a_draw_is_the_same_however_the_raster_is_cut(way, grid):
    codes = classes(grid)
    found = [places(draw_pixels(by_blocks(codes, edge), grid, WANTED, WAYS[way])) for edge in (7, 64, 500)]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 330


def test_a_draw_does_not_depend_on_when_losers_are_dropped(monkeypatch):
    codes = classes()
    whole = [places(draw_pixels(by_blocks(codes), GRID, WANTED, way)) for way in WAYS.values()]
    monkeypatch.setattr("cropmap.sampling.draw._ROOM", 50)
    assert [places(draw_pixels(by_blocks(codes, 16), GRID, WANTED, way)) for way in WAYS.values()] == whole


def test_a_draw_does_not_depend_on_the_limit_that_it_begins_with(monkeypatch):
    codes = classes()
    whole = [places(draw_pixels(by_blocks(codes), GRID, WANTED, way)) for way in WAYS.values()]
    limits = "cropmap.sampling.draw._Asked.limits"
    monkeypatch.setattr(limits, lambda asked: np.full(asked.there.shape, 2**56, np.uint64))  # too low
    assert [places(draw_pixels(by_blocks(codes, 16), GRID, WANTED, way)) for way in WAYS.values()] == whole


@pytest.mark.parametrize("way", ["plain", "cells"])
def test_the_first_n_of_more_are_what_a_draw_of_n_gives(way):
    codes = classes()
    fewer = draw_pixels(by_blocks(codes), GRID, WANTED, WAYS[way])
    more = draw_pixels(by_blocks(codes), GRID, {code: 3 * number for code, number in WANTED.items()}, WAYS[way])
    for code, number in WANTED.items():
        of_more = [place for place, own in zip(places(more), more.codes, strict=True) if own == code]
        of_fewer = [place for place, own in zip(places(fewer), fewer.codes, strict=True) if own == code]
        assert of_more[:number] == of_fewer


def test_a_clip_gives_those_of_the_whole_that_lie_in_it():
    # All pixels of a clip are drawn from in one order: what the whole drew there comes first in the clip.
    codes = classes()
    window = Window(20, 10, 50, 60)
    clip = codes[20:70, 10:70]
    ids = {}
    for grid, own in ((GRID, codes), (GRID.subset(window), clip)):
        drawn = draw_pixels(by_blocks(own), grid, {1: 300}, WAYS["plain"])
        ids[own is clip] = pixel_ids(grid, drawn.rows, drawn.cols).tolist()
    inside = set(pixel_ids(GRID.subset(window), *np.nonzero(clip == 1)).tolist())
    shared = [name for name in ids[False] if name in inside]
    assert len(shared) > 50
    assert ids[True][: len(shared)] == shared


def test_every_pixel_of_a_class_is_drawn_equally_often():
    codes = np.full((12, 15), 1, np.uint8)
    codes[3:6] = 5
    grid = dataclasses.replace(GRID, width=15, height=12)
    hits = np.zeros(codes.shape)
    for seed in range(600):
        drawn = draw_pixels(by_blocks(codes), grid, {1: 27}, DrawOptions(seed=seed))
        hits[drawn.rows, drawn.cols] += 1
    assert hits[codes == 5].sum() == 0
    # Draws without replacement vary less than the multinomial that the test of fit takes.
    fit = stats.chisquare(hits[codes == 1])
    assert fit.statistic * 134 / (135 - 27) < stats.chi2.ppf(0.999, 134)


def test_cells_get_their_turns():
    codes = np.full((90, 120), 1, np.uint8)
    codes[:, 60:] = NODATA
    codes[:4, 60:64] = 1  # a cell with a few pixels only
    options = DrawOptions(seed=1, spread="cells", cell_m=900.0)
    drawn = draw_pixels(by_blocks(codes), GRID, {1: 120}, options)

    def cell(rows, cols):
        x, y = GRID.west + (cols + 0.5) * 30, GRID.north - (rows + 0.5) * 30
        return np.floor(x / 900).astype(int) * 10_000 + np.floor(y / 900).astype(int)

    there, counts = np.unique(cell(*np.nonzero(codes == 1)), return_counts=True)
    found = np.array([(cell(drawn.rows, drawn.cols) == one).sum() for one in there])
    # Each cell has its even part, or all it holds; the last round is not complete.
    rounds = found.max()
    assert ((found == np.minimum(counts, rounds)) | (found == np.minimum(counts, rounds - 1))).all()
    assert found.sum() == 120


def test_cells_in_degrees_are_square_on_the_ground():
    codes = np.ones((400, 400), np.uint8)
    grid = Grid(DEGREES.crs, 19.5, 60.3, 0.0025, 0.0025, 400, 400)  # 1 degree, 111 km high and 55 km wide
    drawn = draw_pixels(by_blocks(codes), grid, {1: 1}, DrawOptions(spread="cells", cell_m=20_000.0))
    assert len(drawn) == 1
    cells = Cells.of(grid, 20_000.0)
    rows, cols = np.divmod(np.arange(160_000), 400)
    _, size = np.unique(cells.of_pixels(rows, cols), return_counts=True)
    pixel = (0.0025 * 111_195.08) ** 2 * np.cos(np.radians(59.8))
    assert np.sqrt(size.max() * pixel) == pytest.approx(20_000, rel=0.02)


@pytest.mark.parametrize("way", ["apart", "both"])
@pytest.mark.parametrize("grid", [GRID, DEGREES], ids=["metres", "degrees"])
def test_no_two_samples_are_nearer_than_asked(way, grid):
    drawn = draw_pixels(by_blocks(classes(grid)), grid, WANTED, WAYS[way])
    across, down = (30.0, 30.0) if grid is GRID else (0.0003 * 111_195.08 * np.cos(np.radians(45.2865)), 33.3585)
    points = np.column_stack([drawn.cols * across, drawn.rows * down])
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    assert nearest.min() >= 94.9
    # Without the distance some are neighbours.
    close = draw_pixels(by_blocks(classes(grid)), grid, WANTED, WAYS["plain"])
    points = np.column_stack([close.cols * across, close.rows * down])
    assert cKDTree(points).query(points, k=2)[0][:, 1].min() < 50


@given(st.integers(0, 10**6), st.sampled_from([31.0, 60.0, 100.0, 400.0]), st.sampled_from([1, 20, 400]))
def test_the_greedy_choice_is_that_of_a_plain_loop(seed, metres, number):
    codes = np.random.default_rng(seed).choice(np.array([1, 5, NODATA], np.uint8), (14, 17), p=[0.6, 0.2, 0.2])
    grid = dataclasses.replace(GRID, width=17, height=14)
    wanted = {1: number, 5: 10}
    drawn = draw_pixels(by_blocks(codes, 5), grid, wanted, DrawOptions(seed=seed, min_distance_m=metres))
    rows, cols = np.nonzero(codes != NODATA)
    own, keys = codes[rows, cols], pixel_keys(grid, rows, cols, seed)
    turn = [int(((own == own[k]) & (keys < keys[k])).sum()) for k in range(len(keys))]
    left, taken = dict(wanted), []
    for k in np.lexsort((keys, turn)):
        code = int(codes[rows[k], cols[k]])
        apart = all(np.hypot(rows[k] - r, cols[k] - c) * 30 >= metres for r, c in taken)
        if apart and left[code]:
            taken.append((int(rows[k]), int(cols[k])))
            left[code] -= 1
    assert sorted(places(drawn)) == sorted(taken)
    assert drawn.short == {code: (wanted[code], wanted[code] - miss) for code, miss in left.items() if miss}


def test_candidates_are_not_gathered_without_end(monkeypatch):
    monkeypatch.setattr("cropmap.sampling.draw._CANDIDATES", 900)
    codes, options = classes(), DrawOptions(seed=3, min_distance_m=400.0)
    found = [draw_pixels(by_blocks(codes, edge), GRID, WANTED, options) for edge in (7, 64)]
    assert places(found[0]) == places(found[1])
    assert set(found[0].short) == {1, 5, 9}
    monkeypatch.undo()
    more = draw_pixels(by_blocks(codes), GRID, WANTED, options)
    assert len(found[0]) <= len(more) <= 1.2 * len(found[0])


def test_a_class_with_too_few_is_told():
    codes = classes()
    there = int((codes == 9).sum())
    drawn = draw_pixels(by_blocks(codes), GRID, {9: there + 5, 7: 2}, WAYS["plain"])
    assert len(drawn) == there
    assert drawn.short == {7: (2, 0), 9: (there + 5, there)}
    notes = short_notes(drawn, {7: "Rye", 9: "Beet"}, DrawOptions(min_distance_m=60))
    told = f"There are fewer pixels that are 60 m apart than wanted: 0 of 2 of 'Rye', {there} of {there + 5} of 'Beet'."
    assert notes == [told]
    assert short_notes(draw_pixels(by_blocks(codes), GRID, {7: 0}), {}, DrawOptions()) == []


def test_nothing_wanted_is_nothing_drawn():
    assert len(draw_pixels(by_blocks(classes()), GRID, {1: 0, 5: 0}, WAYS["both"])) == 0


def test_cells_without_number_are_refused():
    with pytest.raises(SampleError, match="too many"):
        draw_pixels(by_blocks(classes()), GRID, {1: 5}, DrawOptions(spread="cells", cell_m=1.0))


def test_a_distance_needs_a_crs():
    nowhere = dataclasses.replace(GRID, crs="")
    with pytest.raises(SampleError, match="no distance is known"):
        draw_pixels(by_blocks(classes()), nowhere, {1: 5}, DrawOptions(min_distance_m=50))


# ---------------------------------------------------------------- among placed pixels


def placed(codes):
    rows, cols = (found[::3] for found in np.nonzero(codes != NODATA))
    own = np.searchsorted([1, 5, 9], codes[rows, cols]).astype(np.uint8)
    names = np.array([f"p{k}" for k in range(len(rows))])
    x, y = GRID.west + (cols + 0.5) * 30.0, GRID.north - (rows + 0.5) * 30.0
    groups = np.char.add("g", (rows // 10).astype(str))
    return PlacedSamples(rows, cols, own, names, groups, x, y, legend_from_names(["a", "b", "c"]), ("read",))


def test_placed_pixels_are_drawn_as_a_raster_is():
    codes = classes()
    given_pixels = placed(codes)
    among = np.full(codes.shape, NODATA, np.uint8)
    among[given_pixels.rows, given_pixels.cols] = given_pixels.codes
    for way in WAYS.values():
        drawn = draw_placed(given_pixels, GRID, 120, "equal", way)
        expected = draw_pixels(by_blocks(among), GRID, {0: 40, 1: 40, 2: 40}, way)
        assert sorted(places(drawn)) == sorted(places(expected))
        kept = np.isin(given_pixels.ids, drawn.ids)
        assert (given_pixels.ids[kept] == drawn.ids).all()
        assert (given_pixels.groups[kept] == drawn.groups).all()
        assert (given_pixels.codes[kept] == drawn.codes).all()
        assert drawn.notes == ("read", f"120 of {len(given_pixels)} labelled pixels are drawn.")


def test_all_placed_pixels_may_be_thinned():
    given_pixels = placed(classes())
    every = draw_placed(given_pixels, GRID, 0, "equal", DrawOptions())
    assert (every.ids == given_pixels.ids).all()
    assert every.notes == ("read",)
    thin = draw_placed(given_pixels, GRID, 0, "equal", DrawOptions(min_distance_m=100))
    points = np.column_stack([thin.x, thin.y])
    assert cKDTree(points).query(points, k=2)[0][:, 1].min() >= 100
    assert any("100 m apart" in note for note in thin.notes)
