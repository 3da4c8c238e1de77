"""Indices of the Awesome Spectral Indices catalogue are what spyndex makes of the same bands."""

from __future__ import annotations

import datetime as dt
import importlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from cropmap.contract.errors import RecipeError
from cropmap.data.bands import ROLES
from cropmap.data.cube import PixelSeries, Quality
from cropmap.data.season import Season
from cropmap.prepare import STEPS
from cropmap.prepare.index_formulas import FORMULAS
from cropmap.prepare.spyndex_indices import CODES

spyndex = pytest.importorskip("spyndex", reason="spyndex (cropmap[indices]) is not installed")

SEASON = Season(dt.date(2021, 1, 1), dt.date(2021, 12, 31))
DEFAULTS = {name: constant.default for name, constant in spyndex.constants.items() if constant.default is not None}
# The catalogue's indices that optical bands and constants of known value make, and that cropmap does not define.
POSSIBLE = sorted(
    name
    for name, index in spyndex.indices.items()
    if name not in FORMULAS and set(index.bands) <= {*CODES.values(), *DEFAULTS}
)
CHOSEN = np.random.default_rng(20).choice(POSSIBLE, 20, replace=False).tolist()
# Names of both, with the same formula on both sides.
SAME = ("NDVI", "EVI", "NGRDI", "GNDVI", "IRECI", "NDWI", "MNDWI", "PSRI", "NDBI", "STI", "NDCI", "SeLI")


def noise(pixels, dates):
    return np.random.default_rng(3).uniform(0.02, 0.6, (pixels, dates, len(ROLES))).astype(np.float32)


def computed(values, names, bands=ROLES):
    entry = STEPS.get("indices")
    step = entry.make(entry.parse({"features": "listed", "names": list(names), "keep_bands": False}))
    support = np.zeros(len(values), np.uint16)
    days = np.arange(values.shape[1], dtype=np.int32)
    clear = np.ones(values.shape[:2], bool)
    series = PixelSeries(values, clear, days, bands, Quality(support, support), np.ones(len(values), bool))
    made = step.apply(series, SEASON)
    assert made.bands == tuple(names) == step.bands(bands)
    assert made.values.dtype == np.float32
    return made


def by_spyndex(name, values, **constants):
    columns = {CODES[role]: values[..., place].astype(np.float64) for place, role in enumerate(ROLES)}
    with np.errstate(all="ignore"):
        return np.asarray(spyndex.computeIndex(name, {**DEFAULTS, **columns, **constants}))


@pytest.mark.parametrize("name", CHOSEN)
def test_an_index_of_the_catalogue_is_what_spyndex_makes(name):
    values = noise(4, 6)
    expected = by_spyndex(name, values)
    expected = np.where(np.isfinite(expected), expected, np.nan)
    np.testing.assert_allclose(computed(values, [name]).values[..., 0], expected, rtol=1e-6)


@pytest.mark.parametrize("name", SAME)
def test_our_own_formula_agrees_with_the_catalogues_of_the_same_name(name):
    values = noise(4, 6)
    expected = np.clip(by_spyndex(name, values), -10, 10)
    np.testing.assert_allclose(computed(values, [name]).values[..., 0], expected, rtol=1e-5, atol=1e-6)


def test_savi_is_the_catalogues_at_half_a_soil_adjustment():
    values = noise(4, 6)
    np.testing.assert_allclose(computed(values, ["SAVI"]).values[..., 0], by_spyndex("SAVI", values, L=0.5), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "ours"), [("NDTI", "NDTI_TURBIDITY"), ("LSWI", "LSWI_NIR"), ("CIG", "GCVI"), ("RENDVI", ""), ("MBI", "")]
)
def test_a_name_that_means_another_formula_there_is_ours_here(name, ours):
    values = noise(4, 6)
    theirs = by_spyndex(name, values)
    assert not np.allclose(computed(values, [name]).values[..., 0], theirs, atol=1e-3)
    if ours:
        limits = FORMULAS[ours].clip
        np.testing.assert_allclose(
            computed(values, [ours]).values[..., 0], np.clip(theirs, *limits), rtol=1e-5, atol=1e-6
        )


def test_the_docs_list_of_differing_names_is_complete():
    values = noise(4, 6)
    shared = [name for name in FORMULAS if name in spyndex.indices]
    agree = [
        name
        for name in shared
        if np.allclose(computed(values, [name]).values[..., 0], np.clip(by_spyndex(name, values), -10, 10), atol=1e-4)
    ]
    assert set(shared) - set(agree) == {"SAVI", "NDTI", "LSWI", "CIG", "RENDVI", "MBI"}


def test_every_possible_index_of_the_catalogue_can_be_made():
    made = computed(noise(2, 3), POSSIBLE)
    assert len(POSSIBLE) > 200
    assert not np.isinf(made.values).any()


def test_own_and_catalogued_indices_keep_their_order():
    values = noise(3, 4)
    made = computed(values, ["NDDI", "NDVI", "kEVI" if "kEVI" in POSSIBLE else "ARVI", "SAVI"])
    alone = [computed(values, [name]).values[..., 0] for name in made.bands]
    np.testing.assert_array_equal(made.values, np.stack(alone, axis=2))


def test_where_the_formula_has_no_finite_value_there_is_none():
    values = noise(1, 2)
    values[0, 1] = 0
    made = computed(values, ["GEMI", "ARVI"])
    assert np.isnan(made.values[0, 1, 1])
    assert np.isfinite(made.values[0, 0]).all()
    assert made.holes


def test_a_block_longer_than_a_chunk_is_whole_and_a_pixel_alone_gives_the_same_bytes():
    values = noise(700, 100)  # 70,000 dates
    made = computed(values, ["ARVI", "GDVI"]).values  # GDVI takes powers
    for pixel in (0, 653, 655, 656, 699):
        assert computed(values[[pixel]], ["ARVI", "GDVI"]).values.tobytes() == made[[pixel]].tobytes()


def test_no_network_is_asked(monkeypatch):
    def refuse(*_args, **_kwargs):
        pytest.fail("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert np.isfinite(computed(noise(2, 2), ["ARVI"]).values).all()


def test_spyndex_is_loaded_only_for_an_index_of_the_catalogue():
    code = (
        "import sys; from cropmap.prepare import STEPS; entry = STEPS.get('indices');"
        "entry.make(entry.parse({'features': 'listed', 'names': ['NDVI']})).bands(('red', 'nir'));"
        "sys.exit('spyndex' in sys.modules)"
    )
    root = importlib.import_module("cropmap").__path__[0]
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": f"{root}/.."}, check=False)
    assert done.returncode == 0


# -------------------------------------------------------------------------------- what is refused


def test_an_unknown_index_is_refused_with_the_closest_names():
    with pytest.raises(RecipeError, match="no index 'NDIV'") as caught:
        computed(noise(1, 1), ["NDIV"])
    assert "NDVI" in caught.value.fix


def test_the_wrong_case_is_refused_with_the_right_one():
    with pytest.raises(RecipeError) as caught:
        computed(noise(1, 1), ["selI"])
    assert "SeLI" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "needs"),
    [("NDISIb", "Thermal"), ("DpRVIVV", "radar band V"), ("kNDVI", "kernel k"), ("NIRvP", "constant PAR")],
)
def test_what_no_optical_band_gives_is_refused(name, needs):
    with pytest.raises(RecipeError, match=needs):
        computed(noise(1, 1), [name])


def test_a_band_that_this_series_lacks_is_named():
    with pytest.raises(RecipeError, match="No band is known to be blue") as caught:
        computed(noise(1, 1)[..., [3, 7]], ["ARVI"], ("red", "nir"))
    assert "ARVI" in caught.value.what


def test_without_spyndex_its_indices_are_refused_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spyndex", None)
    with pytest.raises(RecipeError, match="not installed") as caught:
        computed(noise(1, 1), ["NDMI"])
    assert 'pip install "cropmap[indices]"' in caught.value.fix
    assert "NDVI" in caught.value.fix
    assert np.isfinite(computed(noise(1, 1), ["NDVI"]).values).all()
