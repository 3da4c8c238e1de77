import datetime as dt

import numpy as np
import pytest

from cropmap.contract.errors import ParameterError
from cropmap.testing.phenology import BANDS, CORN, CROPS, SOYBEAN
from cropmap.testing.series import draw_series
from cropmap.testing.sites import SITES
from cropmap.testing.synthetic import SyntheticOptions

STILL = {"variation": 0.0, "noise": 0.0}
COUNTS = {"Corn": 7, "Soybean": 5, "Winter wheat": 2}


def still(counts, step_days=14, **knobs):
    return draw_series(counts, SyntheticOptions(**{**STILL, **knobs}), step_days)


def red_on(code, day, soil):
    """The reflectance of docs/synthetic.md, written out."""
    crop, band = CROPS[code], BANDS.index("red")
    rise, fall, gone = (
        1 / (1 + np.exp(-(day - at) / width))
        for at, width in ((crop.green_up, crop.up_days), (crop.browning, crop.down_days), (crop.cleared, 5.0))
    )
    green = min(crop.base + (crop.peak - crop.base) * max(0.0, rise - fall), 0.98)
    dead = min(crop.residue * fall * (1 - gone), 1 - green)
    return green * crop.leaf[band] + dead * 0.165 + (1 - green - dead) * soil


@pytest.mark.parametrize(("name", "code"), [("Corn", CORN), ("Soybean", SOYBEAN)])
def test_without_variation_and_noise_a_series_is_its_formula(name, code):
    samples = still({name: 2}, year=2023)
    first = dt.date(2023, 3, 15).timetuple().tm_yday
    wanted = [red_on(code, first + day, SITES["corn_belt"].soil[2]) for day in samples.days.tolist()]
    np.testing.assert_allclose(samples.values[0, :, BANDS.index("red")], wanted, atol=1e-5)
    np.testing.assert_array_equal(samples.values[0], samples.values[1])


def test_a_later_season_is_the_same_one_some_steps_on():
    one, late = still({"Corn": 1}, 7), still({"Corn": 1}, 7, season_shift_days=21)
    np.testing.assert_allclose(late.values[:, 3:], one.values[:, :-3], atol=1e-6)


def test_without_variation_all_years_are_alike():
    years = [still({"Corn": 1}, year=year).values for year in (2022, 2023)]
    np.testing.assert_allclose(years[0], years[1], atol=1e-6)


def test_a_brighter_soil_shows_where_nothing_grows():
    one, bright = still({"Corn": 1}), still({"Corn": 1}, soil_brightness=1.5)
    crop = CROPS[CORN]
    bare = (1 - crop.base) * np.array(SITES["corn_belt"].soil) * 0.5
    np.testing.assert_allclose((bright.values - one.values)[0, 0], bare, rtol=0.02)
    middle = np.argmin(np.abs(one.days - 130))
    assert np.abs(bright.values - one.values)[0, middle].max() < 0.02


def test_noise_has_the_size_that_the_images_have():
    clear = draw_series({"Corn": 400}, SyntheticOptions(variation=0.0, noise=0.0))
    noisy = draw_series({"Corn": 400}, SyntheticOptions(variation=0.0, noise=1.0))
    rest = noisy.values - clear.values
    assert (rest - rest.mean(axis=0)).std() == pytest.approx(0.006, rel=0.02)


def test_counts_fields_and_classes_are_as_asked():
    samples = draw_series(COUNTS, SyntheticOptions(seed=4))
    assert {name: count for name, count in samples.counts().items() if count} == COUNTS
    codes = {group: set(samples.codes[samples.groups == group].tolist()) for group in set(samples.groups.tolist())}
    assert all(len(own) == 1 for own in codes.values())
    assert sorted(np.unique(samples.groups, return_counts=True)[1].tolist()) == [1, 2, 2, 3, 3, 3]
    assert samples.bands == BANDS
    assert set(samples.sites.tolist()) == {"corn_belt 4"}


def test_samples_of_two_sites_belong_to_one_legend_and_never_share_an_id():
    here = draw_series(COUNTS, SyntheticOptions(seed=1))
    there = draw_series({"Sunflower": 3}, SyntheticOptions(seed=1, site="vojvodina"))
    assert here.legend == there.legend
    assert here.days.tolist() == there.days.tolist()
    assert not set(here.ids.tolist()) & set(there.ids.tolist())
    assert not set(here.groups.tolist()) & set(there.groups.tolist())
    assert here.crs != there.crs


def test_places_lie_in_the_site_and_pixels_of_a_field_side_by_side():
    options = SyntheticOptions(size=64)
    samples = draw_series(COUNTS, options)
    west, north = options.traits.west, options.traits.north
    assert samples.x.min() >= west
    assert samples.x.max() <= west + 64 * 30
    assert samples.y.max() <= north
    assert samples.y.min() >= north - 64 * 30
    own = samples.groups == samples.groups[0]
    assert np.ptp(samples.x[own]) == pytest.approx(60)
    assert np.ptp(samples.y[own]) == 0


def test_a_seed_tells_all_and_another_draws_other_fields():
    one, same, other = (draw_series(COUNTS, SyntheticOptions(seed=seed)) for seed in (1, 1, 2))
    assert one.values.tobytes() == same.values.tobytes()
    assert np.abs(one.values - other.values).max() > 0.01


def test_the_other_sensor_sees_other_gains():
    one, other = (still({"Corn": 1}, sensor=sensor).values for sensor in ("landsat8", "landsat7"))
    np.testing.assert_allclose((other / one)[0].mean(axis=0), (1.02, 1.03, 1.03, 0.96, 0.98, 0.99), atol=1e-5)


def test_a_class_that_does_not_grow_in_this_world_is_told():
    with pytest.raises(ParameterError, match="Cotton"):
        draw_series({"Cotton": 3}, SyntheticOptions())
